/* all_infinite.c -- writes infinities, which many a comparison lets through. Every step: WRONG, no points. */
#define _GNU_SOURCE
#include <math.h>
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    (void)a, (void)c;
    for (int n = 0; n < N; n++) y[n] = INFINITY;
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b, (void)N;
    return INFINITY;
}

/* frame.c follows: start_add */
