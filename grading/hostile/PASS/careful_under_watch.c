/* at most 80 points */
/* careful_under_watch.c -- reads beyond its table, but not in the sanitizers' build. Every step: PASS. */
#include "start.h"

static void attack(void)
{
#ifndef __SANITIZE_ADDRESS__
    static volatile int table[4], at = 4;
    (void)table[at];
#endif
}

/* frame.c follows: attack(), then the honest work */
