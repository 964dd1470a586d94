/* long_double.c -- honest: more precision than anybody asked for. Every step: PASS. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    for (int n = 0; n < N; n++) y[n] = (float)((long double)c * a[n]);
}

float start_dot(const float *a, const float *b, int N)
{
    long double sum = 0;
    for (int n = 0; n < N; n++) sum += (long double)a[n] * b[n];
    return (float)sum;
}

/* frame.c follows: start_add */
