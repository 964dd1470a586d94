/* backwards.c -- honest: from the last to the first. Every step: PASS. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    for (int n = N - 1; n >= 0; n--) y[n] = c * a[n];
}

float start_dot(const float *a, const float *b, int N)
{
    double sum = 0;
    for (int n = N - 1; n >= 0; n--) sum += (double)a[n] * b[n];
    return (float)sum;
}

/* frame.c follows: start_add */
