/* waits_for_pipe.c -- includes a pipe into which nobody writes. Every step: BUILD, no points. */
#include "pipe.h"                       /* hostile.sh makes it */
#include "start.h"

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
