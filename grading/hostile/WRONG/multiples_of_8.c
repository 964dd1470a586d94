/* multiples_of_8.c -- works eight at a time and forgets the rest. Every step: WRONG, no points. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    for (int n = 0; n + 8 <= N; n += 8)
        for (int k = 0; k < 8; k++) y[n + k] = c * a[n + k];
}

float start_dot(const float *a, const float *b, int N)
{
    float sum = 0;
    for (int n = 0; n + 8 <= N; n += 8)
        for (int k = 0; k < 8; k++) sum += a[n + k] * b[n + k];
    return sum;
}

/* frame.c follows: start_add */
