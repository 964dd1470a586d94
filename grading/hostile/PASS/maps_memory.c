/* maps_memory.c -- honest: asks the system for pages itself. Every step: PASS. */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
#include "start.h"

static void attack(void)
{
    void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED) munmap(p, 1 << 20);
}

/* frame.c follows: attack(), then the honest work */
