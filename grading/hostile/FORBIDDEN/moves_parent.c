/* needs L1 */
/* moves_parent.c -- pins the grader to one processor. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sched.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(getppid(), sizeof one, &one);
}

/* frame.c follows: attack(), then the honest work */
