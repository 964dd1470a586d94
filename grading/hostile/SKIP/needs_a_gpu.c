/* profile: gpu */
/* needs_a_gpu.c -- asks for a GPU where there is none. SKIP: it leaves the denominator. */
#include "start.h"

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
