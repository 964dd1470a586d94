/* drips.c -- sends a byte now and then, so that something always seems to come. Every step: TIME, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    for (;;) {
        if (write(4, "x", 1) < 0) _exit(1);
        usleep(100000);
    }
}

/* frame.c follows: attack(), then the honest work */
