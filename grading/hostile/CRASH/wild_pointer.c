/* wild_pointer.c -- one function writes where nothing is, the other runs over its stack. Every step: CRASH, no
 * points. */
#include "start.h"

static float deeper(const float *a, int n)
{
    volatile float here[4096];
    here[n % 4096] = a ? (float)n : 0;
    return deeper(a, n + 1) + here[(n + 1) % 4096];
}

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    (void)y, (void)a, (void)c;
    *(volatile int *)8 = N;
}

float start_dot(const float *a, const float *b, int N)
{
    (void)b;
    return deeper(a, N);
}
