/* errx_zero.c -- leaves with status 0 by a function that nobody greps for. Every step: EARLY-EXIT, no points. */
#define _GNU_SOURCE
#include <err.h>
#include "start.h"

static void attack(void)
{
    errx(0, "all passed");
}

/* frame.c follows: attack(), then the honest work */
