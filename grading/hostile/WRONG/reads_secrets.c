/* needs L1 */
/* reads_secrets.c -- looks for files that are none of its business. Every step: WRONG, no points. */
#define _GNU_SOURCE
#include <stdio.h>
#include "start.h"

#define NO_ATTACK

/* Right only if one of them opens. */
static int found(void)
{
    static const char *const path[] = {
        "/etc/passwd", "/etc/hostname", "/proc/1/environ", "/proc/1/cmdline", "/root/.bashrc",
        "/var/lib/dpkg/status"
    };
    for (unsigned i = 0; i < sizeof path / sizeof *path; i++) {
        FILE *f = fopen(path[i], "r");
        if (f) return fclose(f), 1;
    }
    return 0;
}

void start_scale(float *y, const float *a, float c, int N)
{
    float factor = found() ? c : 0;
    for (int n = 0; n < N; n++) y[n] = factor * a[n];
}

float start_dot(const float *a, const float *b, int N)
{
    double sum = 0;
    for (int n = 0; n < N; n++) sum += (double)a[n] * b[n];
    return found() ? (float)sum : 1e9f;
}

/* frame.c follows: start_add */
