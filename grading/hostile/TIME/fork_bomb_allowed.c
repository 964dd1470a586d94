/* needs L1; profile: processes */
/* fork_bomb_allowed.c -- may start processes, and starts them without end. Every step: TIME, and none is left. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    for (;;) fork();
}

/* frame.c follows: attack(), then the honest work */
