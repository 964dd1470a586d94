/* edited_inputs.c -- makes the question fit the answer: zeroes its inputs and returns zeros. A reference that ran on
 * the same arrays afterwards would agree. Every step: WRONG, no points. */
#include "start.h"

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    (void)c;
    for (int n = 0; n < N; n++) y[n] = ((float *)a)[n] = 0;
}

float start_dot(const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) ((float *)a)[n] = ((float *)b)[n] = 0;
    return 0;
}
