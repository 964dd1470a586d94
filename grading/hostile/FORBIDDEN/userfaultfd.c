/* needs L1 */
/* userfaultfd.c -- asks to handle page faults, the beginning of many an exploit. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    syscall(SYS_userfaultfd, 0);
}

/* frame.c follows: attack(), then the honest work */
