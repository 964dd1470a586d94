/* needs L1 */
/* signals_by_pipe.c -- has a pipe of its own send the grader a signal that nobody stands. Every step: FORBIDDEN, no
 * points. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    int p[2];
    if (pipe(p)) return;
    fcntl(p[0], F_SETSIG, SIGKILL);
    fcntl(p[0], F_SETOWN, getppid());
    fcntl(p[0], F_SETFL, O_ASYNC);
    (void)!write(p[1], "x", 1);
    close(p[0]), close(p[1]);
}

/* frame.c follows: attack(), then the honest work */
