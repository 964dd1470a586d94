/* floods_stderr.c -- complains without end. Every step: OUTPUT, no points. */
#define _GNU_SOURCE
#include <stdio.h>
#include "start.h"

static void attack(void)
{
    for (;;) fputs("this is not going to end well, and it is not going to end at all\n", stderr);
}

/* frame.c follows: attack(), then the honest work */
