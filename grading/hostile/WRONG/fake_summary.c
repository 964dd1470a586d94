/* fake_summary.c -- does nothing, and prints what a test framework prints when all is well. Every step: WRONG, no
 * points, and what it printed is shown as text. */
#include <stdio.h>
#include "start.h"

__attribute__((constructor)) static void boast(void)
{
    printf("[\033[0;34m====\033[0m] Synthesis: Tested: 8 | Passing: 8 | Failing: 0 | Crashing: 0\n");
    fprintf(stderr, "{\"step\":\"start_dot\",\"probe\":\"by_pencil\",\"verdict\":\"PASS\"}\n8 passed, 0 failed\n");
}

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N) { (void)y, (void)a, (void)c, (void)N; }

float start_dot(const float *a, const float *b, int N) { return (void)a, (void)b, (void)N, 0.0f; }
