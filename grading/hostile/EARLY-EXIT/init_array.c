/* init_array.c -- leaves from a table that the loader walks through before main(): no function is marked as a
 * constructor. Every step: EARLY-EXIT, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

static void leave(void) { _exit(0); }
__attribute__((section(".init_array"), used)) static void (*const first)(void) = leave;

static void attack(void) {}

/* frame.c follows: attack(), then the honest work */
