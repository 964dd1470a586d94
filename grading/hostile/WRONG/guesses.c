/* guesses.c -- sends values of its own making before the probe does. Every step: WRONG, no points. */
#define _GNU_SOURCE
#include <unistd.h>
#include "start.h"

#define NO_ATTACK

static void emit_guess(void)
{
    unsigned char record[88] = { 0x52, 0x45, 0x43, 0x31, 2, 0, 1, 1 };
    if (write(4, record, sizeof record) < 0) _exit(1);
}

void start_scale(float *y, const float *a, float c, int N)
{
    emit_guess();
    for (int n = 0; n < N; n++) y[n] = 0;
    (void)a, (void)c;
}

float start_dot(const float *a, const float *b, int N)
{
    emit_guess();
    (void)a, (void)b, (void)N;
    return 0;
}

/* frame.c follows: start_add */
