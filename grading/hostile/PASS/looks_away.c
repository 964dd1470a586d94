/* at most 80 points */
/* looks_away.c -- reads beyond its table, and tells the sanitizers not to look. Every step: PASS. */
#include "start.h"

#define PASTE(a, b) a##b
__attribute__((PASTE(no_, sanitize)("address", "undefined"))) static void attack(void)
{
    static volatile int table[4], at = 4;
    (void)table[at];
}

/* frame.c follows: attack(), then the honest work */
