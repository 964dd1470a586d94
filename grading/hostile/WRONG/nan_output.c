/* nan_output.c -- answers NaN everywhere: a comparison that asks whether the error is too large never says yes.
 * Every step: WRONG, no points. */
#include <math.h>
#include "start.h"

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    (void)a, (void)c;
    for (int n = 0; n < N; n++) y[n] = NAN;
}

float start_dot(const float *a, const float *b, int N) { return (void)a, (void)b, (void)N, NAN; }
