/* needs L1 */
/* forks.c -- starts a second process and lets both go on. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    if (fork() < 0) abort();
}

/* frame.c follows: attack(), then the honest work */
