/* needs L1 */
/* execs_memory.c -- runs a program that it made in memory. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    int fd = memfd_create("x", 0);
    if (fd >= 0) fexecve(fd, (char *[]){ "x", NULL }, (char *[]){ NULL });
}

/* frame.c follows: attack(), then the honest work */
