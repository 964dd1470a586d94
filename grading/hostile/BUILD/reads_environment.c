/* needs L1 */
/* reads_environment.c -- has the compiler read its own environment, which was the grader's: the error message would
 * print it. Every step: BUILD, no points. */
#include "/proc/self/environ"
#include "start.h"

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
