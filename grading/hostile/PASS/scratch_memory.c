/* scratch_memory.c -- honest: fifty megabytes to work in. Every step: PASS. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "start.h"

static void attack(void)
{
    char *p = malloc(50 << 20);
    if (p) memset(p, 1, 50 << 20);
    free(p);
}

/* frame.c follows: attack(), then the honest work */
