/* prints.c -- honest: looks at what it does. Every step: PASS. */
#define _GNU_SOURCE
#include <stdio.h>
#include "start.h"

static void attack(void)
{
    printf("called once more\n");
    fflush(stdout);
}

/* frame.c follows: attack(), then the honest work */
