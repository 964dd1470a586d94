/* needs L1 */
/* x32_calls.c -- the same calls under the numbers of a third kind of program. Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "start.h"

static void attack(void) { syscall(0x40000000 | SYS_getpid); }

/* frame.c follows: attack(), then the honest work */
