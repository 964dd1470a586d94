/* needs L1 */
/* opens_socket.c -- asks for a way out into the network. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include "start.h"

static void attack(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

/* frame.c follows: attack(), then the honest work */
