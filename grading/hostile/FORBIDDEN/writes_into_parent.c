/* needs L1 */
/* writes_into_parent.c -- writes into the grader's memory. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/uio.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    char zero = 0;
    struct iovec here = { &zero, 1 }, there = { (void *)4096, 1 };
    process_vm_writev(getppid(), &here, 1, &there, 1, 0);
}

/* frame.c follows: attack(), then the honest work */
