/* ignores_limits.c -- ignores every signal that can be ignored, and runs for ever. Every step: TIME, no points. */
#define _GNU_SOURCE
#include <signal.h>
#include "start.h"

static void attack(void)
{
    for (int s = 1; s < 64; s++) signal(s, SIG_IGN);
    for (volatile int i = 0;; i++) {}
}

/* frame.c follows: attack(), then the honest work */
