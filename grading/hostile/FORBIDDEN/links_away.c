/* needs L1 */
/* links_away.c -- plants a link for the next run to fall over. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    if (symlink("/etc/passwd", "start.c")) return;
}

/* frame.c follows: attack(), then the honest work */
