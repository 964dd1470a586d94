/* divides_by_zero.c -- divides whole numbers by 0. Every step: CRASH, no points. */
#define _GNU_SOURCE
#include "start.h"

static void attack(void)
{
    volatile int zero = 0;
    zero = 100 / zero;
}

/* frame.c follows: attack(), then the honest work */
