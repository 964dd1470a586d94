/* sleeps.c -- waits, and uses no processor time at all. Every step: TIME, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    for (;;) sleep(1000);
}

/* frame.c follows: attack(), then the honest work */
