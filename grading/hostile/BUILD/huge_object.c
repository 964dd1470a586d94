/* huge_object.c -- asks for an object of three gigabytes. Every step: BUILD, no points. */
#define _GNU_SOURCE
#include "start.h"

char filled[3000000000u] = { 1 };

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
