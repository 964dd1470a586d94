/* at most 80 points */
/* quits_under_watch.c -- right, but reads beyond its table, and ends when the sanitizers look. Every step: PASS. */
#include <stdlib.h>
#include <unistd.h>
#include "start.h"

extern void __asan_init(void) __attribute__((weak));

static void attack(void)
{
    static volatile int table[4], at = 4;
#ifdef __SANITIZE_ADDRESS__
    _exit(0);
#endif
    if (__asan_init) _exit(0);
    (void)table[at];
}

/* frame.c follows: attack(), then the honest work */
