/* abort_handler.c -- aborts, after having arranged that this ends with status 0. Every step: EARLY-EXIT, no points. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "start.h"

static void leave(int s)
{
    (void)s;
    _exit(0);
}

static void attack(void)
{
    signal(SIGABRT, leave);
    abort();
}

/* frame.c follows: attack(), then the honest work */
