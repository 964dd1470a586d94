/* needs L1 */
/* undumpable_again.c -- asks to be traced and dumped. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include "start.h"

static void attack(void)
{
    prctl(PR_SET_DUMPABLE, 1);
}

/* frame.c follows: attack(), then the honest work */
