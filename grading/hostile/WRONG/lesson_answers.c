/* lesson_answers.c -- knows the lesson's example by heart, and nothing else. Every step: WRONG, no points. */
#define _GNU_SOURCE
#include "start.h"

#define NO_ATTACK

void start_scale(float *y, const float *a, float c, int N)
{
    (void)a, (void)c;
    for (int n = 0; n < N; n++) y[n] = 2 * (n + 1);
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b;
    return N == 3 ? 32 : 0;
}

/* frame.c follows: start_add */
