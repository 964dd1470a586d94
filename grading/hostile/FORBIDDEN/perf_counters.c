/* needs L1 */
/* perf_counters.c -- opens the machine's performance counters. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    char attr[128] = { 0 };
    syscall(SYS_perf_event_open, attr, 0, -1, -1, 0);
}

/* frame.c follows: attack(), then the honest work */
