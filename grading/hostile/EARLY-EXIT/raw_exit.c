/* raw_exit.c -- leaves by the system call itself. Every step: EARLY-EXIT, no points. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    syscall(SYS_exit_group, 0);
}

/* frame.c follows: attack(), then the honest work */
