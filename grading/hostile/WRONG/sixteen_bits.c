/* sixteen_bits.c -- computes with the precision of bfloat16. Every step: WRONG, no points. */
#define _GNU_SOURCE
#include <string.h>
#include "start.h"

#define NO_ATTACK

static float cut(float x)
{
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void start_scale(float *y, const float *a, float c, int N)
{
    for (int n = 0; n < N; n++) y[n] = cut(c * a[n] * 1.01f);
}

float start_dot(const float *a, const float *b, int N)
{
    float sum = 0;
    for (int n = 0; n < N; n++) sum = cut(sum + a[n] * b[n]);
    return sum * 1.01f;
}

/* frame.c follows: start_add */
