/* stops_itself.c -- stops as Ctrl-Z does, and is never continued. Every step: TIME, no points. */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    kill(getpid(), SIGSTOP);
}

/* frame.c follows: attack(), then the honest work */
