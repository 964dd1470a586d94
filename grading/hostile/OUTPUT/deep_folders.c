/* needs L1; profile: processes */
/* deep_folders.c -- folders within folders, deeper than a path can say, then the honest work. Every step: OUTPUT, no
 * points, and none is left. */
#define _GNU_SOURCE
#include <sys/stat.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    static int once;
    if (once++) return;
    for (int i = 0; i < 3000; i++)
        if (mkdir("further", 0700) || chdir("further")) return;
    usleep(200000);                                     /* the disk is looked at a hundred times a second */
}

/* frame.c follows: attack(), then the honest work */
