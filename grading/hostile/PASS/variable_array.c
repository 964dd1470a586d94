/* variable_array.c -- honest: products in an array on the stack, then their sum. Every step: PASS. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    for (int n = 0; n < N; n++) y[n] = c * a[n];
}

float start_dot(const float *a, const float *b, int N)
{
    double product[N + 1], sum = 0;
    for (int n = 0; n < N; n++) product[n] = (double)a[n] * b[n];
    for (int n = 0; n < N; n++) sum += product[n];
    return (float)sum;
}

/* frame.c follows: start_add */
