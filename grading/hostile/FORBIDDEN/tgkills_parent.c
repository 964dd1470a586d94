/* needs L1 */
/* tgkills_parent.c -- ends the grader, by the call that raise() needs for itself. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    syscall(SYS_tgkill, getppid(), getppid(), SIGKILL);
}

/* frame.c follows: attack(), then the honest work */
