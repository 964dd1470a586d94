/* floods_stdout.c -- prints without end. Every step: OUTPUT, no points. */
#define _GNU_SOURCE
#include <stdio.h>
#include "start.h"

static void attack(void)
{
    for (;;) puts("0123456789012345678901234567890123456789012345678901234567890123456789");
}

/* frame.c follows: attack(), then the honest work */
