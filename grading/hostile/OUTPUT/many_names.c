/* needs L1; profile: processes */
/* many_names.c -- files of no size, without end: names fill a disk too. Every step: OUTPUT, no points, none is left. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    mkdir("below", 0700);
    for (int i = 0; i < 10000000; i++) {
        char name[40];
        snprintf(name, sizeof name, "below/%d", i);
        int fd = open(name, O_WRONLY | O_CREAT, 0600);
        if (fd < 0) return;
        close(fd);
    }
}

/* frame.c follows: attack(), then the honest work */
