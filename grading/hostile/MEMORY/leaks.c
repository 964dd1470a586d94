/* leaks.c -- asks for memory in a loop, uses it and never gives it back. Every step: MEMORY, no points. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "start.h"

static void attack(void)
{
    for (;;) *(volatile char *)malloc(1 << 26) = 1;
}

/* frame.c follows: attack(), then the honest work */
