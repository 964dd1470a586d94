/* sorts.c -- honest: sorts a copy of something. Every step: PASS. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "start.h"

static int upwards(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void attack(void)
{
    int v[64];
    for (int i = 0; i < 64; i++) v[i] = i * 37 % 64;
    qsort(v, 64, sizeof *v, upwards);
}

/* frame.c follows: attack(), then the honest work */
