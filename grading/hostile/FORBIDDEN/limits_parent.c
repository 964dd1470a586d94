/* needs L1 */
/* limits_parent.c -- takes the grader's memory away, by the call that the C library needs for itself. Every step:
 * FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <unistd.h>
#include "start.h"

static void attack(void)
{
    struct rlimit none = { 0, 0 };
    prlimit(getppid(), RLIMIT_AS, &none, NULL);
}

/* frame.c follows: attack(), then the honest work */
