/* quick_exit.c -- leaves without the handlers. Every step: EARLY-EXIT, no points. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "start.h"

static void attack(void)
{
    quick_exit(0);
}

/* frame.c follows: attack(), then the honest work */
