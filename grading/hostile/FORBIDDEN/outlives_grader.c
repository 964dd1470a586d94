/* needs L1 */
/* outlives_grader.c -- asks not to be ended together with the grader. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include "start.h"

static void attack(void)
{
    prctl(PR_SET_PDEATHSIG, 0);
}

/* frame.c follows: attack(), then the honest work */
