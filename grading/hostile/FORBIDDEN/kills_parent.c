/* needs L1 */
/* kills_parent.c -- ends the grader. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    kill(getppid(), SIGKILL);
}

/* frame.c follows: attack(), then the honest work */
