/* needs L1 */
/* many_files.c -- no file is too large, but together they fill the disk. Every step: OUTPUT, no points, and no file is
 * left. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "start.h"

static char block[1 << 20];

static void attack(void)
{
    for (int i = 0; i < 1000000; i++) {
        char name[20];
        snprintf(name, sizeof name, "%d", i);
        int fd = open(name, O_WRONLY | O_CREAT, 0600);
        if (fd < 0) return;
        (void)!write(fd, block, sizeof block);
        close(fd);
    }
}

/* frame.c follows: attack(), then the honest work */
