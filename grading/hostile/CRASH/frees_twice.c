/* frees_twice.c -- gives the same memory back twice. Every step: CRASH, no points. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "start.h"

static void attack(void)
{
    char *volatile p = malloc(100);
    free(p);
    free(p);
}

/* frame.c follows: attack(), then the honest work */
