/* includes_device.c -- includes a file that never ends. Every step: BUILD, no points. */
#define _GNU_SOURCE
#include "start.h"

#include "/dev/zero"

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
