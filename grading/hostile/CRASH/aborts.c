/* aborts.c -- gives up. Every step: CRASH, no points. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "start.h"

static void attack(void)
{
    abort();
}

/* frame.c follows: attack(), then the honest work */
