/* needs L1 */
/* takes_filter_off.c -- asks for a filter of its own choice. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include "start.h"

static void attack(void)
{
    prctl(PR_SET_SECCOMP, 0);
}

/* frame.c follows: attack(), then the honest work */
