/* halves.c -- an honest variant: a sum is the sum of its two halves, in float. */
#include "start.h"

void start_add(float *y, const float *a, const float *b, int N)
{
    for (float *end = y + N; y < end; y++, a++, b++) *y = *a + *b;
}

void start_scale(float *y, const float *a, float c, int N)
{
    for (float *end = y + N; y < end; y++, a++) *y = *a * c;
}

float start_dot(const float *a, const float *b, int N)
{
    if (N <= 1) return N == 1 ? a[0] * b[0] : 0;
    return start_dot(a, b, N / 2) + start_dot(a + N / 2, b + N / 2, N - N / 2);
}
