/* frees_stack.c -- gives memory back that was never asked for. Every step: CRASH, no points. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "start.h"

static void attack(void)
{
    volatile double here[4] = { 0 };
    void *volatile p = (void *)&here[1];
    free(p);
}

/* frame.c follows: attack(), then the honest work */
