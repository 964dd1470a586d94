/* null_function.c -- calls a function that is none. Every step: CRASH, no points. */
#define _GNU_SOURCE
#include "start.h"

static void attack(void)
{
    void (*volatile f)(void) = 0;
    f();
}

/* frame.c follows: attack(), then the honest work */
