/* own_names.c -- honest: functions of its own, one called as one of ours. Every step: PASS. */
#define _GNU_SOURCE
#include "start.h"

int helper(void);
int helper(void) { return 1; }
int main_loop;

static void attack(void)
{
    helper();
}

/* frame.c follows: attack(), then the honest work */
