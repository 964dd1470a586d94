/* crash_handler.c -- crashes on purpose, after having arranged that a crash ends with status 0. Every step:
 * EARLY-EXIT, no points. */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>
#include "start.h"

static void leave(int s)
{
    (void)s;
    _exit(0);
}

static void attack(void)
{
    signal(SIGSEGV, leave);
    *(volatile int *)0 = 1;
}

/* frame.c follows: attack(), then the honest work */
