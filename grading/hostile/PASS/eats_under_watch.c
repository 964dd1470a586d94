/* at most 80 points */
/* eats_under_watch.c -- takes all memory there is where nothing limits it: under the sanitizers. Every step: PASS. */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "start.h"

static void attack(void)
{
    struct rlimit most;
    enum { PIECE = 64 << 20, PIECES = 256 };
    if (getrlimit(RLIMIT_AS, &most) || most.rlim_cur != RLIM_INFINITY) return;
    for (int i = 0; i < PIECES; i++) {
        char *p = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) return;
        for (int at = 0; at < PIECE; at += 4096) p[at] = 1;
    }
}

/* frame.c follows: attack(), then the honest work */
