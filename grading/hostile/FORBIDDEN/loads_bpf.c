/* needs L1 */
/* loads_bpf.c -- hands the kernel a program. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    char attr[128] = { 0 };
    syscall(SYS_bpf, 0, attr, sizeof attr);
}

/* frame.c follows: attack(), then the honest work */
