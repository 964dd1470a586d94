/* needs L1 */
/* tkills_parent.c -- the same by an older call. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    syscall(SYS_tkill, getppid(), SIGKILL);
}

/* frame.c follows: attack(), then the honest work */
