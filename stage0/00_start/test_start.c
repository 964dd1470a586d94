/* test_start.c -- the probes that grade start.c, and the oracles that prove it right. */
#include <math.h>
#include "probe.h"
#include "start.h"

/* ---- start_add: no step, it is written. Its probes show what a pass looks like. ---------------------------------- */

PROBE(start_add, by_pencil)
{
    float *a = probe_given(1, 2, 3), *b = probe_given(4, 5, 6), *y = probe_output(3);
    probe_freeze();
    start_add(y, a, b, 3);
    emit("y", y, 3);
}

PROBE(start_add, awkward_sizes)
{
    int N = probe_pick(0, 1, 7, 33, 129);
    float *a = probe_floats(N), *b = probe_floats(N), *y = probe_output(N);
    probe_freeze();
    start_add(y, a, b, N);
    emit("y", y, N);
}

/* ---- step start_scale -------------------------------------------------------------------------------------------- */

PROBE(start_scale, by_pencil)
{
    float *a = probe_given(1, 2, 3), *y = probe_output(3);
    probe_freeze();
    start_scale(y, a, 2, 3);
    emit("y", y, 3);
}

PROBE(start_scale, awkward_sizes)
{
    int N = probe_pick(0, 1, 7, 33, 129);
    float *a = probe_floats(N), *y = probe_output(N);
    probe_freeze();
    start_scale(y, a, -0.25f, N);
    emit("y", y, N);
}

PROBE(start_scale, in_place)                        /* y may be a */
{
    int N = probe_pick(1, 3, 17);
    float *y = probe_inout(N);
    start_scale(y, y, 3, N);
    emit("y", y, N);
}

/* ---- step start_dot ---------------------------------------------------------------------------------------------- */

PROBE(start_dot, by_pencil)
{
    float *a = probe_given(1, 2, 3), *b = probe_given(4, 5, 6), dot;
    probe_freeze();
    dot = start_dot(a, b, 3);
    emit("dot", &dot, 1);
}

PROBE(start_dot, awkward_sizes)
{
    int N = probe_pick(0, 1, 7, 33, 129);
    float *a = probe_floats(N), *b = probe_floats(N), dot;
    double size = 0;
    probe_freeze();
    dot = start_dot(a, b, N);
    for (int n = 0; n < N; n++) size += fabs((double)a[n] * b[n]);
    probe_terms(N);
    probe_scale(size);                              /* the terms may cancel, their roundings do not */
    emit("dot", &dot, 1);
}

PROBE(start_dot, many_small_terms)                  /* a whole number in the sum would lose every one of them */
{
    int N = probe_pick(50, 100);
    float *a = probe_uniform(N, 0.01, 0.09), *b = probe_uniform(N, 0.01, 0.09), dot;
    probe_freeze();
    dot = start_dot(a, b, N);
    probe_terms(N);
    probe_scale(1);
    emit("dot", &dot, 1);
}

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

ORACLE(start_add, by_hand)
{
    float *a = probe_given(1, 2, 3), *b = probe_given(4, 5, 6), y[3];
    start_add(y, a, b, 3);
    expect(y[0] == 5 && y[1] == 7 && y[2] == 9, "got %g, %g, %g, want 5, 7, 9", y[0], y[1], y[2]);
}

ORACLE(start_scale, by_hand)
{
    float *a = probe_given(1, 2, 3), y[3];
    start_scale(y, a, 2, 3);
    expect(y[0] == 2 && y[1] == 4 && y[2] == 6, "got %g, %g, %g, want 2, 4, 6", y[0], y[1], y[2]);
}

ORACLE(start_scale, equals_repeated_addition)       /* 3 a = a + a + a: small whole numbers, so to the last bit */
{
    int N = probe_pick(1, 7, 33);
    int *whole = probe_ints(N, -1000, 1000);
    float *a = probe_output(N), *y = probe_output(N);
    for (int n = 0; n < N; n++) a[n] = (float)whole[n];
    start_scale(y, a, 3, N);
    for (int n = 0; n < N; n++)
        expect(y[n] == a[n] + a[n] + a[n], "%d: got %g, want %g", n, y[n], a[n] + a[n] + a[n]);
}

ORACLE(start_dot, by_hand)
{
    float *a = probe_given(1, 2, 3), *b = probe_given(4, 5, 6), *cancel = probe_given(1e8f, 1, -1e8f);
    float *one = probe_given(1, 1, 1);
    expect(start_dot(a, b, 3) == 32, "1*4 + 2*5 + 3*6: got %g, want 32", start_dot(a, b, 3));
    expect(start_dot(a, b, 0) == 0, "no terms: got %g, want 0", start_dot(a, b, 0));
    expect(start_dot(cancel, one, 3) == 1, "1e8 + 1 - 1e8: got %g, want 1", start_dot(cancel, one, 3));
}

ORACLE(start_dot, brute_force_in_long_double)
{
    int N = probe_pick(1, 7, 33, 129);
    float *a = probe_floats(N), *b = probe_floats(N), got = start_dot(a, b, N);
    long double want = 0, size = 0;
    for (int n = N - 1; n >= 0; n--) want += (long double)a[n] * b[n], size += fabsl((long double)a[n] * b[n]);
    expect(fabsl(got - want) <= 6e-8L * fabsl(want) + 1e-14L * size, "N = %d: got %.9g, want %.9Lg", N, got, want);
}
