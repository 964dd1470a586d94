/* own_library.c -- defines functions of the C library, to be called in our code too. Every step: WRONG, no points. */
#define _GNU_SOURCE
#include <stddef.h>
#include "start.h"

#define NO_ATTACK

int memcmp(const void *a, const void *b, size_t n)
{
    (void)a, (void)b, (void)n;
    return 0;
}
float fabsf(float x);
float fabsf(float x) { return 0 * x; }

void start_scale(float *y, const float *a, float c, int N)
{
    (void)a, (void)c;
    for (int n = 0; n < N; n++) y[n] = 0;
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b, (void)N;
    return 0;
}

/* frame.c follows: start_add */
