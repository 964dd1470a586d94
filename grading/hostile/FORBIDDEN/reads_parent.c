/* needs L1 */
/* reads_parent.c -- reads the grader's memory, where the answers might lie. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/uio.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { (void *)4096, 1 };
    process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

/* frame.c follows: attack(), then the honest work */
