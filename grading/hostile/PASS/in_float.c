/* in_float.c -- honest: sums in float, four at a time. Every step: PASS. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] * c;
}

float start_dot(const float *a, const float *b, int N)
{
    float s[4] = { 0 }, rest = 0;
    int   n = 0;
    for (; n + 4 <= N; n += 4)
        for (int k = 0; k < 4; k++) s[k] += a[n + k] * b[n + k];
    for (; n < N; n++) rest += a[n] * b[n];
    return s[0] + s[1] + s[2] + s[3] + rest;
}

/* frame.c follows: start_add */
