/* recursion.c -- calls itself until the stack runs over. Every step: CRASH, no points. */
#define _GNU_SOURCE
#include "start.h"

static volatile int attack_done;
static int deeper(int n)
{
    volatile char room[4096];
    room[0] = (char)n;
    return deeper(n + 1) + room[0];
}

static void attack(void)
{
    if (deeper(1) == 42) attack_done = 1;
}

/* frame.c follows: attack(), then the honest work */
