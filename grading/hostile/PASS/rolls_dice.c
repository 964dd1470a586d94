/* rolls_dice.c -- honest: random numbers of several kinds. Every step: PASS. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    unsigned seed = 0;
    if (getentropy(&seed, sizeof seed)) seed = 1;
    srand(seed);
    printf("%d\n", rand());
}

/* frame.c follows: attack(), then the honest work */
