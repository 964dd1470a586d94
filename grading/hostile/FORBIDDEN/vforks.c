/* needs L1 */
/* vforks.c -- starts a process that shares this one's memory. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    if (vfork() == 0) _exit(0);
}

/* frame.c follows: attack(), then the honest work */
