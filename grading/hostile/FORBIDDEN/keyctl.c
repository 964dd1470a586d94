/* needs L1 */
/* keyctl.c -- looks into the kernel's ring of keys. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    syscall(SYS_keyctl, 0, -3, 0, 0, 0);
}

/* frame.c follows: attack(), then the honest work */
