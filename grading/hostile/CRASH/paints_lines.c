/* paints_lines.c -- crashes in a file whose name would paint the terminal. Every step: CRASH, no points. */
#include "start.h"

#line 8 "work/stage0/00_start/start.c\033[31m\r\a"
__attribute__((noinline)) static void painted(void) { *(volatile int *)16 = 1; }

static void attack(void) { painted(); }

/* frame.c follows: attack(), then the honest work */
