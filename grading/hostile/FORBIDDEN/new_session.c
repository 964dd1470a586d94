/* needs L1 */
/* new_session.c -- leaves a process behind in a session of its own. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    if (fork() == 0) {
        setsid();
        for (;;) pause();
    }
}

/* frame.c follows: attack(), then the honest work */
