/* start.c -- your first functions: one is written, one has a mistake in it, one is yours. */
#include "start.h"

/* This one is right: `make grade EX=start` says so. */
void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++)
        y[n] = a[n] + b[n];
}

/* This one has a mistake in it. `make grade EX=start` names it. */
void start_scale(float *y, const float *a, float c, int N)
{
    /* exercise: y[n] is c times a[n], for every n */
    for (int n = 0; n < N; n++)
        y[n] = c * a[n];
    /* given:
    for (int n = 0; n < N - 1; n++)
        y[n] = c * a[n];
    */
    /* end */
}

/* This one is yours: three lines. */
float start_dot(const float *a, const float *b, int N)
{
    /* exercise: add up a[n] times b[n] in a double, and return it */
    double sum = 0;
    for (int n = 0; n < N; n++) sum += (double)a[n] * b[n];
    return (float)sum;
    /* end */
}
