/* asserts.c -- honest: checks itself. Every step: PASS. */
#define _GNU_SOURCE
#include <assert.h>
#include <stdlib.h>
#include "start.h"

static void attack(void)
{
    assert(sizeof(float) == 4);
    assert(getenv("HOME") == NULL || 1);
}

/* frame.c follows: attack(), then the honest work */
