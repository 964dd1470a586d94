/* asks_for_everything.c -- wants 100 GB and does not look whether it got them. Every step: MEMORY, no points. */
#include <stdlib.h>
#include "start.h"

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

static volatile float *huge(void)
{
    volatile float *p = malloc((size_t)100 << 30);
    for (size_t i = 0; i < (size_t)25 << 30; i += 1024) p[i] = 1;
    return p;
}

void start_scale(float *y, const float *a, float c, int N)
{
    volatile float *copy = huge();
    for (int n = 0; n < N; n++) y[n] = copy[n] = c * a[n];
}

float start_dot(const float *a, const float *b, int N)
{
    volatile float *copy = huge();
    float sum = 0;
    for (int n = 0; n < N; n++) sum += copy[n] = a[n] * b[n];
    return sum;
}
