/* needs L1 */
/* old_calls.c -- asks the kernel by another door, where numbers mean other calls. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");  /* getpid of 32-bit programs */
#else
    syscall(SYS_setsid);
#endif
}

/* frame.c follows: attack(), then the honest work */
