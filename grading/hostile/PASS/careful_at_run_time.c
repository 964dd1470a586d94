/* at most 80 points */
/* careful_at_run_time.c -- reads beyond its table unless the sanitizers are there. Every step: PASS. */
#include "start.h"

extern void __asan_init(void) __attribute__((weak));

static void attack(void)
{
    static volatile int table[4], at = 4;
    if (!__asan_init) (void)table[at];
}

/* frame.c follows: attack(), then the honest work */
