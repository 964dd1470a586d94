/* fake_protocols.c -- prints the closing lines of every test framework it has heard of. Every step: WRONG, no
 * points. */
#define _GNU_SOURCE
#include <stdio.h>
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    (void)a, (void)c;
    puts("[====] Synthesis: Tested: 9 | Passing: 9 | Failing: 0 | Crashing: 0\nok 1\n1..1\n"
         "{\"verdict\": \"PASS\"}\n9 passed, 0 failed");
    for (int n = 0; n < N; n++) y[n] = 0;
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b, (void)N;
    puts("OK");
    return 0;
}

/* frame.c follows: start_add */
