/* needs L1 */
/* new_namespace.c -- asks for a world of its own, where it would be root. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sched.h>
#include "start.h"

static void attack(void)
{
    unshare(CLONE_NEWUSER);
}

/* frame.c follows: attack(), then the honest work */
