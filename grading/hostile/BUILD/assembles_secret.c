/* needs L1 */
/* assembles_secret.c -- has the assembler read a file aloud. Every step: BUILD, no points. */
#define _GNU_SOURCE
#include "start.h"

__asm__(".include \"/etc/passwd\"");

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
