/* first_call_only.c -- computes once, and gives the same answer ever after. Every step: WRONG, no points. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    static float kept[1000];
    static int   n_kept = -1;
    for (int n = 0; n_kept < 0 && n < N && n < 1000; n++) kept[n] = c * a[n];
    if (n_kept < 0) n_kept = N;
    for (int n = 0; n < N; n++) y[n] = n < n_kept ? kept[n] : 0;
}

float start_dot(const float *a, const float *b, int N)
{
    static float kept;
    static int   called;
    for (int n = 0; !called && n < N; n++) kept += a[n] * b[n];
    called = 1;
    return kept;
}

/* frame.c follows: start_add */
