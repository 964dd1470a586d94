/* floods.c -- prints without end, and sends records without end. Every step: OUTPUT, no points, and no disk is
 * filled. */
#include <string.h>
#include <unistd.h>
#include "start.h"

static void flood(int fd)
{
    static char block[65536];
    memset(block, 'A', sizeof block);
    while (write(fd, block, sizeof block) > 0) continue;
}

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    (void)y, (void)a, (void)c, (void)N;
    flood(1);
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b, (void)N;
    flood(4);
    return 0;
}
