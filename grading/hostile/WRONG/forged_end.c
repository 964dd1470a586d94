/* forged_end.c -- sends the record that closes a run itself, and leaves. Every step: WRONG, no points: values are
 * missing. */
#include <string.h>
#include <unistd.h>
#include "start.h"

static void forge(void)
{
    unsigned char record[88] = { 0x52, 0x45, 0x43, 0x31, 9 };
    if (write(4, record, sizeof record) < 0) _exit(1);
    _exit(0);
}

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    (void)y, (void)a, (void)c, (void)N;
    forge();
}

float start_dot(const float *a, const float *b, int N)
{
    (void)a, (void)b, (void)N;
    forge();
    return 0;
}
