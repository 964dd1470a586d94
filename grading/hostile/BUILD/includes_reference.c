/* needs L1 */
/* includes_reference.c -- includes the answers. Every step: BUILD, no points. */
#define _GNU_SOURCE
#include "start.h"

#include "../../../stage0/00_start/start.c"

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
