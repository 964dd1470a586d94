/* needs L1 */
/* traces_parent.c -- takes the grader over as a debugger would. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/ptrace.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

/* frame.c follows: attack(), then the honest work */
