/* recursive.c -- honest: halves the work until one is left. Every step: PASS. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    if (N > 1) {
        start_scale(y, a, c, N / 2);
        start_scale(y + N / 2, a + N / 2, c, N - N / 2);
    } else if (N == 1) y[0] = c * a[0];
}

float start_dot(const float *a, const float *b, int N)
{
    if (N > 1) return start_dot(a, b, N / 2) + start_dot(a + N / 2, b + N / 2, N - N / 2);
    return N == 1 ? a[0] * b[0] : 0;
}

/* frame.c follows: start_add */
