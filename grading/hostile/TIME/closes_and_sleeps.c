/* closes_and_sleeps.c -- closes every file, so that nothing is left to read from, and sleeps. Every step: TIME, no
 * points. */
#include <unistd.h>
#include "start.h"

static void sleep_well(void)
{
    for (int fd = 0; fd < 100; fd++) close(fd);
    for (;;) pause();
}

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    (void)y, (void)a, (void)c, (void)N;
    sleep_well();
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b, (void)N;
    sleep_well();
    return 0;
}
