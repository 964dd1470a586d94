/* kahan.c -- honest: compensated summation. Every step: PASS. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    for (int n = 0; n < N; n++) y[n] = c * a[n];
}

float start_dot(const float *a, const float *b, int N)
{
    float sum = 0, lost = 0;
    for (int n = 0; n < N; n++) {
        float term = a[n] * b[n] - lost, next = sum + term;
        lost = next - sum - term;
        sum = next;
    }
    return sum;
}

/* frame.c follows: start_add */
