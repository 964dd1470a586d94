/* waits_for_input.c -- reads from a pipe that it made itself. Every step: TIME, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    int p[2];
    char c;
    if (pipe(p) || read(p[0], &c, 1) < 0) _exit(1);
}

/* frame.c follows: attack(), then the honest work */
