/* needs L1 */
/* kills_everyone.c -- ends every process that it may. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <signal.h>
#include "start.h"

static void attack(void)
{
    kill(-1, SIGKILL);
}

/* frame.c follows: attack(), then the honest work */
