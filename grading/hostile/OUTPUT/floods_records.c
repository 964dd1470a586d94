/* floods_records.c -- sends zeros where values are expected, without end. Every step: OUTPUT, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    static const char zeros[1 << 16];
    while (write(4, zeros, sizeof zeros) > 0) {}
}

/* frame.c follows: attack(), then the honest work */
