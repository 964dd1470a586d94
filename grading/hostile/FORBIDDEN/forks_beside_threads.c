/* needs L1; profile: threads */
/* forks_beside_threads.c -- may start threads, and starts a process. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    if (!fork()) _exit(0);
    wait(NULL);
}

/* frame.c follows: attack(), then the honest work */
