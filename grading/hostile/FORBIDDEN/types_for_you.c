/* needs L1 */
/* types_for_you.c -- writes into the terminal's input, as if you had typed it. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include "start.h"

static void attack(void)
{
    ioctl(0, TIOCSTI, "x");
}

/* frame.c follows: attack(), then the honest work */
