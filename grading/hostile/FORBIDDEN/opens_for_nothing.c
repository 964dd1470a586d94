/* needs L1 */
/* opens_for_nothing.c -- opens a file neither to read nor to write, which Landlock does not look at. Every step:
 * FORBIDDEN, no points. */
#define _GNU_SOURCE
#include <fcntl.h>
#include "start.h"

static void attack(void) { open("/etc/passwd", O_ACCMODE); }

/* frame.c follows: attack(), then the honest work */
