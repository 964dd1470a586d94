/* float_backwards.c -- an honest variant: everything in float, from the last value to the first. */
#include "start.h"

void start_add(float *y, const float *a, const float *b, int N)
{
    while (N-- > 0) y[N] = b[N] + a[N];
}

void start_scale(float *y, const float *a, float c, int N)
{
    while (N-- > 0) y[N] = a[N] * c;
}

float start_dot(const float *a, const float *b, int N)
{
    float sum = 0;
    while (N-- > 0) sum += a[N] * b[N];
    return sum;
}
