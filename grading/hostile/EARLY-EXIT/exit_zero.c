/* exit_zero.c -- ends the process with status 0 before any value is sent. A test framework in the same process would
 * call that a pass. Every step: EARLY-EXIT, no points. */
#include <stdlib.h>
#include "start.h"

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    (void)y, (void)a, (void)c, (void)N;
    exit(0);
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b, (void)N;
    _Exit(0);
}
