/* macro_bomb.c -- doubles a macro until the compiler is out of memory or time. Every step: BUILD, no points. */
#define _GNU_SOURCE
#include "start.h"

#define A x x x x x x x x x x
#define B A A A A A A A A A A
#define C B B B B B B B B B B
#define D C C C C C C C C C C
#define E D D D D D D D D D D
#define G E E E E E E E E E E
#define H G G G G G G G G G G
#define I H H H H H H H H H H
I I I I I

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
