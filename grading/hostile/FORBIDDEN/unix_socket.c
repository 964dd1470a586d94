/* needs L1 */
/* unix_socket.c -- asks for a way to other processes of the machine. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include "start.h"

static void attack(void)
{
    socket(AF_UNIX, SOCK_STREAM, 0);
}

/* frame.c follows: attack(), then the honest work */
