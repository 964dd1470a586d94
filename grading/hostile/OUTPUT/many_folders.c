/* needs L1; profile: processes */
/* many_folders.c -- fills the disk by files in folders, from several processes. Every step: OUTPUT, no points, and no
 * file is left. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "start.h"

static char block[1 << 20];

static void attack(void)
{
    for (int i = 0; i < 3; i++) fork();
    for (int i = 0; i < 1000000; i++) {
        char name[60];
        snprintf(name, sizeof name, "%d-%d", (int)getpid(), i);
        if (mkdir(name, 0700)) return;
        snprintf(name, sizeof name, "%d-%d/x", (int)getpid(), i);
        int fd = open(name, O_WRONLY | O_CREAT, 0600);
        if (fd < 0) return;
        (void)!write(fd, block, sizeof block);
        close(fd);
    }
}

/* frame.c follows: attack(), then the honest work */
