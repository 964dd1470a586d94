/* one_too_far.c -- touches the element behind the last: each array ends at a page that may not be touched. Every step:
 * CRASH, no points. */
#include "start.h"

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    for (int n = 0; n <= N; n++) y[n] = c * a[n];
}

float start_dot(const float *a, const float *b, int N)
{
    double sum = 0;
    for (int n = 0; n <= N; n++) sum += (double)a[n] * b[n];
    return (float)sum;
}
