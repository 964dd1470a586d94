/* aligned_memory.c -- honest: memory that vectors like. Every step: PASS. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "start.h"

static void attack(void)
{
    float *p = aligned_alloc(64, 4096);
    if (p) p[0] = 1;
    free(p);
}

/* frame.c follows: attack(), then the honest work */
