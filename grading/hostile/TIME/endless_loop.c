/* endless_loop.c -- never returns, and ignores the signal that says its processor time is up. Every step: TIME, no
 * points, and no process is left. */
#include <signal.h>
#include "start.h"

static volatile int forever = 1;

static void loop(void)
{
    signal(SIGXCPU, SIG_IGN);
    while (forever) continue;
}

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    (void)y, (void)a, (void)c, (void)N;
    loop();
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b, (void)N;
    loop();
    return 0;
}
