/* talks_and_allocates.c -- honest: prints while it works, takes scratch memory, keeps a log, has a function called
 * like ours. Every step: PASS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "start.h"

void emit_values(void);
void emit_values(void) { puts("a name that happens to be taken"); }

void start_add(float *y, const float *a, const float *b, int N)
{
    for (int n = 0; n < N; n++) y[n] = a[n] + b[n];
}

void start_scale(float *y, const float *a, float c, int N)
{
    float *copy = malloc(((size_t)N + 1) * sizeof *copy);
    FILE  *log = fopen("scale.log", "w");
    if (!copy) return;
    if (N) memcpy(copy, a, (size_t)N * sizeof *copy);
    for (int n = 0; n < N; n++) y[n] = c * copy[n];
    printf("scaled %d values by %g\n", N, c);
    if (log) fprintf(log, "%d\n", N), fclose(log);
    free(copy);
    emit_values();
}

float start_dot(const float *a, const float *b, int N)
{
    double sum = 0;
    for (int n = 0; n < N; n++) {
        sum += (double)a[n] * b[n];
        fprintf(stderr, "after %d: %g\n", n, sum);
    }
    return (float)sum;
}
