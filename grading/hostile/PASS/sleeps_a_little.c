/* sleeps_a_little.c -- honest: takes a short rest. Every step: PASS. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    usleep(100);
}

/* frame.c follows: attack(), then the honest work */
