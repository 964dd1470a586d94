/* calls_library.c -- calls a function of the grader's own. Every step: BUILD, no points. */
#define _GNU_SOURCE
#include "start.h"

void probe_start(unsigned long, const char *, int);
__attribute__((constructor)) static void again(void) { probe_begin_again(); }

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
