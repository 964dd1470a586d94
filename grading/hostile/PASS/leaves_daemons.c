/* needs L1; profile: processes */
/* leaves_daemons.c -- leaves processes behind, in sessions of their own, two generations away, one of another program;
 * they must be gone. Every step: PASS. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "start.h"

static void daemonise(int kind)
{
    if (fork()) { wait(NULL); return; }
    setsid();
    if (fork()) _exit(0);
    for (int s = 1; s < 32; s++) signal(s, SIG_IGN);
    for (int fd = 0; fd < 100; fd++) close(fd);
    if (kind == 0) for (;;) pause();
    if (kind == 1) execl("/bin/sleep", "sleep", "1000", (char *)NULL);
    for (;;) if (fork()) _exit(0);                      /* never the same process twice */
}

static void attack(void)
{
    static int once;
    if (once++) return;
    for (int kind = 0; kind < 3; kind++) daemonise(kind);
}

/* frame.c follows: attack(), then the honest work */
