/* needs L1 */
/* truncates_by_reading.c -- opens a file to read and cuts it short, for which older kernels ask no right to write.
 * Every step: FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <fcntl.h>
#include "start.h"

static void attack(void) { open("/proc/self/maps", O_RDONLY | O_TRUNC); }

/* frame.c follows: attack(), then the honest work */
