/* tells_time.c -- honest: measures itself. Every step: PASS. */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>
#include "start.h"

static void attack(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    printf("%ld\n", (long)time(NULL) - (long)(clock() / CLOCKS_PER_SEC) + t.tv_sec);
}

/* frame.c follows: attack(), then the honest work */
