/* needs L1 */
/* mounts.c -- lays another file system over this one. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <stddef.h>
#include "start.h"

static void attack(void)
{
    mount("none", "/tmp", "tmpfs", 0, NULL);
}

/* frame.c follows: attack(), then the honest work */
