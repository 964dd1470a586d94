/* needs L1 */
/* io_uring.c -- asks for a queue that makes calls past the filter. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    char params[128] = { 0 };
    syscall(425, 4, params);      /* io_uring_setup */
}

/* frame.c follows: attack(), then the honest work */
