/* needs L1 */
/* digs_deep.c -- folders in folders, deeper than a path is long, so that nobody can clear them away. Every step:
 * FORBIDDEN, no points, and no file is left. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    char name[201] = { 0 };
    int  at = open(".", O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 200; i++) name[i] = 'a';
    for (int i = 0; i < 100 && at >= 0; i++) {
        int next = mkdirat(at, name, 0700) ? -1 : openat(at, name, O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
    }
    close(at);
}

/* frame.c follows: attack(), then the honest work */
