/* needs L1; profile: processes */
/* shared_out.c -- none of its processes takes too much memory, all together do. Every step: MEMORY, no points. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "start.h"

enum { PART = 128 << 20 };

static void attack(void)
{
    for (int i = 0; i < 24; i++) {
        char *p = fork() ? NULL : malloc(PART);
        if (!p) continue;
        for (size_t k = 0; k < PART; k += 4096) p[k] = 1;
        for (;;) pause();
    }
    while (wait(NULL) > 0) continue;
}

/* frame.c follows: attack(), then the honest work */
