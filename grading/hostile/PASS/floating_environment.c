/* floating_environment.c -- honest: asks how numbers are rounded. Every step: PASS. */
#define _GNU_SOURCE
#include <fenv.h>
#include "start.h"

static void attack(void)
{
    if (fegetround() != FE_TONEAREST) fesetround(FE_TONEAREST);
}

/* frame.c follows: attack(), then the honest work */
