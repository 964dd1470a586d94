/* odd_symbols.c -- its object has names with a line end in them, which nm would print as several. Every step: BUILD, no
 * points. */
#include "start.h"

static void attack(void) {}
__asm__(".globl \"a\nstart_dot b\"\n\"a\nstart_dot b\": .byte 0\n");

/* frame.c follows: attack(), then the honest work */
