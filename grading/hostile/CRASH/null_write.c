/* null_write.c -- writes where nothing is. Every step: CRASH, no points. */
#define _GNU_SOURCE
#include "start.h"

static void attack(void)
{
    *(volatile int *)0 = 1;
}

/* frame.c follows: attack(), then the honest work */
