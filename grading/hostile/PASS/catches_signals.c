/* catches_signals.c -- honest: handles a signal that it raises. Every step: PASS. */
#define _GNU_SOURCE
#include <signal.h>
#include "start.h"

static volatile sig_atomic_t raised;
static void count(int s) { raised += s; }

static void attack(void)
{
    signal(SIGUSR1, count);
    raise(SIGUSR1);
}

/* frame.c follows: attack(), then the honest work */
