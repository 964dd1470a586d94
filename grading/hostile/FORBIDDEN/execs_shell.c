/* needs L1 */
/* execs_shell.c -- becomes a shell. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    execl("/bin/sh", "sh", "-c", "cat ../../stage0/00_start/start.c", (char *)NULL);
}

/* frame.c follows: attack(), then the honest work */
