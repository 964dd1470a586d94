/* test_least_squares.c -- the probes that grade least_squares.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "least_squares.h"

enum { MAX_N = 129, MAX_D = 16 };

/*
 * A triangle with a diagonal of size 1 to 2 and at most 1/D right of it has singular values between 0.29 and 2.71. All
 * inputs are such a triangle, with or without reflections around it: what is rounded comes back at most CONDITION times
 * as large.
 */
static const double CONDITION = 9.4, LONGEST = 2.8;

static double upper(int i, int j, int D)
{
    return i == j ? (probe_int(0, 1) ? 1 : -1) * probe_real(1, 2) : i < j ? probe_real(-1, 1) / D : 0;
}

static double size_of(const double *v, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++) s += v[i] * v[i];
    return sqrt(s);
}

/* A column of X, mirrored at the plane upright to u. */
static void mirror(double *column, const double *u, int N, int D)
{
    double dot = 0, square = 0;
    for (int n = 0; n < N; n++) dot += u[n] * column[n * D], square += u[n] * u[n];
    for (int n = 0; n < N; n++) column[n * D] -= 2 * dot / square * u[n];
}

/* A triangle, mirrored at random, once a column: with fewer, what is left after some reflections would be a triangle
 * again, and the sign of its diagonal a matter of rounding. X may change. */
static double *design(int N, int D)
{
    double *X = probe_inout_doubles(N * D);
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) X[n * D + d] = n < D ? upper(n, d, D) : 0;
    for (int i = 0; i < D; i++) {
        double *u = probe_normal_doubles(N, 0, 1);
        for (int d = 0; d < D; d++) mirror(X + d, u, N, D);
    }
    return X;
}

/* Factors as the header describes them, made without factoring: any v will do, if tau = 2 / |v|^2. */
static double *factored(double *tau, int N, int D)
{
    double *X = probe_doubles(N * D);
    for (int d = 0; d < D; d++) {
        double square = 1;
        for (int n = 0; n < N; n++) X[n * D + d] = n <= d ? upper(n, d, D) : probe_real(-1, 1);
        for (int n = d + 1; n < N; n++) square += X[n * D + d] * X[n * D + d];
        tau[d] = 2 / square;
    }
    return X;
}

/* What the header says is there: `count` rows of R and as many columns of v. */
static void emit_factors(const double *X, const double *tau, int count, int N, int D)
{
    double *R = calloc((size_t)(count * D) + 1, sizeof *R), *v = calloc((size_t)(N * count) + 1, sizeof *v);
    for (int i = 0; i < count; i++)
        for (int j = i; j < D; j++) R[i * D + j] = X[i * D + j];
    for (int n = 0; n < N; n++)
        for (int j = 0; j < count && j < n; j++) v[n * count + j] = X[n * D + j];
    probe_terms(N * D);
    probe_scale(CONDITION * LONGEST);
    emit("R", R, count, D);
    probe_scale(CONDITION * CONDITION);
    emit("v", v, N, count);
    emit("tau", tau, D);
    free(R);
    free(v);
}

static void emit_number(const char *name, int value) { emit_exact(name, &value, 1); }

/* ---- step least_squares_reflector -------------------------------------------------------------------------------- */

static void reflector(double *x, int step, int n, double unit)
{
    double tau = NAN, *v = calloc((size_t)n, sizeof *v), beta;
    least_squares_reflector(x, &tau, step, n);
    beta = x[0] / unit;
    for (int i = 1; i < n; i++) v[i - 1] = x[i * step];
    probe_terms(n);
    emit("beta", &beta, 1);
    probe_scale(1);
    emit("v", v, n);
    emit("tau", &tau, 1);
    free(v);
}

PROBE(least_squares_reflector, by_pencil)               /* 3, 4: beta -5, v = 1, 1/2, tau 8/5 */
{
    reflector(probe_inout_copy(2, (double[]){ 3, 4 }), 1, 2, 1);
}

PROBE(least_squares_reflector, awkward_lengths)
{
    int n = probe_pick(1, 2, 3, 7, 33, 129);
    reflector(probe_inout_doubles(n), 1, n, 1);
}

PROBE(least_squares_reflector, down_a_column)           /* what lies between belongs to other columns */
{
    int n = probe_pick(2, 5, 17), step = probe_pick(2, 3);
    double *x = probe_inout_doubles(n * step), *others = probe_output_doubles(n * step);
    double *before = probe_copy_doubles(n * step, x);
    reflector(x, step, n, 1);
    for (int i = 0; i < n * step; i++) others[i] = i % step ? x[i] - before[i] : 0;
    emit_exact("others", others, n * step);
}

PROBE(least_squares_reflector, nothing_to_do)           /* zeros behind x[0]: tau 0, and all stays */
{
    int n = probe_pick(1, 2, 4);
    double *x = probe_inout_doubles(n);
    for (int i = 0; i < n; i++) x[i] = i ? 0 : probe_pick(2, -3, 0);
    reflector(x, 1, n, 1);
}

PROBE(least_squares_reflector, starts_with_zero)        /* the sign of 0 is + */
{
    int n = probe_pick(2, 3, 6);
    double *x = probe_inout_doubles(n);
    x[0] = 0;
    reflector(x, 1, n, 1);
}

PROBE(least_squares_reflector, huge_and_tiny)           /* the squares of these are no numbers, or 0 */
{
    int n = probe_pick(2, 5);
    double *x = probe_inout_doubles(n), unit = probe_pick(0, 1) ? 1e200 : 1e-200;
    for (int i = 0; i < n; i++) x[i] *= unit;
    reflector(x, 1, n, unit);
}

/* Cancellation: x[0] is nearly |x|, and x[0] - |x| would keep no digit. */
PROBE(least_squares_reflector, nearly_there)
{
    int n = probe_pick(2, 4);
    double *x = probe_inout_doubles(n), small = probe_pick(0, 1) ? 1e-6 : 1e-9;
    x[0] = probe_pick(1, -1);
    for (int i = 1; i < n; i++) x[i] *= small;
    double tau, *scaled = probe_output_doubles(n - 1);
    least_squares_reflector(x, &tau, 1, n);
    for (int i = 1; i < n; i++) scaled[i - 1] = x[i] / small;
    probe_scale(4);
    emit("v / small", scaled, n - 1);
    emit("tau", &tau, 1);
}

/* ---- step least_squares_qr --------------------------------------------------------------------------------------- */

static void qr(double *X, int N, int D)
{
    double *tau = probe_output_doubles(D);
    least_squares_qr(X, tau, N, D);
    emit_factors(X, tau, D, N, D);
}

PROBE(least_squares_qr, by_pencil)                      /* R = -5 -1; 0 7, v = 1/2 */
{
    qr(probe_inout_copy(4, (double[]){ 3, -5, 4, 5 }), 2, 2);
}

PROBE(least_squares_qr, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16), N = D + probe_pick(0, 1, 5, 90);
    qr(design(N, D), N, D);
}

PROBE(least_squares_qr, upper_already)                  /* tau is 0 throughout, X stays */
{
    int D = probe_pick(1, 3, 5), N = D + probe_pick(0, 2);
    double *X = probe_inout_doubles(N * D);
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) X[n * D + d] = n < D ? upper(n, d, D) : 0;
    qr(X, N, D);
}

/* ---- step least_squares_multiply --------------------------------------------------------------------------------- */

static void multiply(const double *X, const double *tau, double *y, bool transposed, int count, int N, int D)
{
    double scale = size_of(y, N);
    probe_freeze();
    least_squares_multiply(y, X, tau, transposed, count, N, D);
    probe_terms(N * D);
    probe_scale(scale);
    emit("y", y, N);
}

PROBE(least_squares_multiply, by_pencil)                /* H (1, 2) = (-2.2, 0.4) */
{
    multiply(probe_given_doubles(-5, 0.5), probe_given_doubles(1.6), probe_inout_copy(2, (double[]){ 1, 2 }), true, 1,
             2, 1);
}

PROBE(least_squares_multiply, both_ways)
{
    int D = probe_pick(1, 2, 3, 7, 16), N = D + probe_pick(0, 1, 5, 90);
    double *tau = probe_doubles(D), *X = factored(tau, N, D);
    multiply(X, tau, probe_inout_doubles(N), probe_pick(0, 1), D, N, D);
}

PROBE(least_squares_multiply, some_of_them)             /* count < D */
{
    int D = probe_pick(2, 3, 5), N = D + probe_pick(0, 4);
    double *tau = probe_doubles(D), *X = factored(tau, N, D);
    multiply(X, tau, probe_inout_doubles(N), probe_pick(0, 1), probe_pick(0, 1) ? D - 1 : 0, N, D);
}

/* ---- step least_squares_back ------------------------------------------------------------------------------------- */

static double *triangle(int D)                          /* below the diagonal stands nonsense */
{
    double *R = probe_normal_doubles(D * D, 0, 1000);
    for (int i = 0; i < D; i++)
        for (int j = i; j < D; j++) R[i * D + j] = upper(i, j, D);
    return R;
}

static void back(double *w, const double *R, const double *z, int count, int D)
{
    double scale = CONDITION * CONDITION * probe_largest(z, count);
    probe_freeze();
    least_squares_back(w, R, z, count, D);
    probe_scale(scale);
    emit("w", w, count);
}

PROBE(least_squares_back, by_pencil)                    /* -5 -1; 0 7, z = -3, 14: w = 0.2, 2 */
{
    back(probe_output_doubles(2), probe_given_doubles(-5, -1, 99, 7), probe_given_doubles(-3, 14), 2, 2);
}

PROBE(least_squares_back, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16);
    back(probe_output_doubles(D), triangle(D), probe_doubles(D), D, D);
}

PROBE(least_squares_back, corner)                       /* the first rows and columns of a larger one */
{
    int D = probe_pick(3, 5, 9), count = D - probe_pick(1, 2);
    double *R = triangle(D);
    for (int i = 0; i < D; i++)
        for (int j = count; j < D; j++) R[i * D + j] = NAN;
    back(probe_output_doubles(count), R, probe_doubles(count), count, D);
}

PROBE(least_squares_back, in_place)
{
    int D = probe_pick(1, 3, 8);
    double *w = probe_inout_doubles(D);
    back(w, triangle(D), w, D, D);
}

/* ---- step least_squares_solve ------------------------------------------------------------------------------------ */

static void solve(const double *X, const double *tau, const int *pivot, double *y, int rank, int N, int D)
{
    double *w = probe_inout_doubles(D), scale = CONDITION * size_of(y, N);
    probe_freeze();
    least_squares_solve(w, y, X, tau, pivot, rank, N, D);
    probe_terms(N * D);
    probe_scale(CONDITION * scale);
    emit("w", w, D);
    probe_scale(scale);
    emit("y", y, N);
}

PROBE(least_squares_solve, by_pencil)                   /* column 3, 4 and y = 7, 1: w = 1, what remains is 4, -3 */
{
    solve(probe_given_doubles(-5, 0.5), probe_given_doubles(1.6), NULL, probe_inout_copy(2, (double[]){ 7, 1 }), 1, 2,
          1);
}

PROBE(least_squares_solve, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16), N = D + probe_pick(0, 1, 5, 90);
    double *tau = probe_doubles(D), *X = factored(tau, N, D);
    solve(X, tau, NULL, probe_inout_doubles(N), D, N, D);
}

PROBE(least_squares_solve, columns_in_another_order)
{
    int D = probe_pick(3, 4, 9), N = D + probe_pick(0, 3);
    double *tau = probe_doubles(D), *X = factored(tau, N, D);
    solve(X, tau, probe_permutation(D), probe_inout_doubles(N), D, N, D);
}

PROBE(least_squares_solve, less_than_all)               /* what is behind the rank is neither used nor missed */
{
    int D = probe_pick(3, 4, 9), N = D + probe_pick(0, 3), rank = D - probe_pick(1, 2);
    double *tau = probe_doubles(D), *X = factored(tau, N, D);
    for (int n = rank; n < N; n++)
        for (int d = rank; d < D; d++) X[n * D + d] = 1e-20;
    for (int d = rank; d < D; d++) tau[d] = 0;
    solve(X, tau, probe_pick(0, 1) ? probe_permutation(D) : NULL, probe_inout_doubles(N), rank, N, D);
}

/* ---- step least_squares_pivoted ---------------------------------------------------------------------------------- */

static void pivoted(double *X, double unit, int N, int D)
{
    double *tau = probe_output_doubles(D);
    int    *pivot = probe_output_ints(D), rank = least_squares_pivoted(X, tau, pivot, 1e-10, N, D);
    emit_number("returned", rank);
    emit_exact("pivot", pivot, D);
    for (int i = 0; i < rank && i < D; i++)
        for (int j = i; j < D; j++) X[i * D + j] /= unit;
    emit_factors(X, tau, rank < 0 || rank > D ? 0 : rank, N, D);
}

PROBE(least_squares_pivoted, by_pencil)                 /* the second column is longer: pivot 1, 0 */
{
    pivoted(probe_inout_copy(4, (double[]){ 1, 3, 2, 4 }), 1, 2, 2);
}

PROBE(least_squares_pivoted, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16), N = D + probe_pick(0, 1, 5, 90);
    pivoted(design(N, D), 1, N, D);
}

/* Column 1 is the longest, column 0 nearly along it, column 2 shorter but upright on both. */
PROBE(least_squares_pivoted, what_remains_counts)
{
    double *u = probe_normal_doubles(15, 0, 1), *X = probe_inout_doubles(15), bit = probe_real(0.01, 0.1);
    for (int i = 0; i < 15; i++) X[i] = 0;
    X[0] = 1.8, X[3] = bit, X[1] = 2, X[8] = 0.5;
    for (int d = 0; d < 9; d++) mirror(X + d % 3, u + d / 3 * 5, 5, 3);
    pivoted(X, 1, 5, 3);
}

PROBE(least_squares_pivoted, equally_long)              /* the first of them, exactly */
{
    int D = probe_pick(2, 3, 4), *order = probe_permutation(D);
    double *X = probe_inout_doubles(D * D);
    for (int i = 0; i < D * D; i++) X[i] = order[i / D] == i % D ? probe_pick(2, -2) : 0;
    pivoted(X, 1, D, D);
}

PROBE(least_squares_pivoted, columns_that_depend)       /* rank 0 too. Behind the rank there is nothing but rounding */
{
    int D = probe_pick(2, 3, 5, 8), rank = probe_pick(0, 1, 2), N = D + probe_pick(0, 4);
    double *X = probe_inout_doubles(N * D), *B = design(N, 2);
    int    *order = probe_permutation(D);
    if (rank > D) rank = D;
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) {
            double *b = B + n * 2, f = 0.5 / (d + 1);
            X[n * D + order[d]] = rank == 0   ? 0
                                  : rank == 1 ? (d ? f : 1) * b[0]
                                  : d < 2     ? b[d]
                                              : f * b[0] + f / 2 * b[1];
        }
    double *tau = probe_output_doubles(D);
    int    *pivot = probe_output_ints(D), got = least_squares_pivoted(X, tau, pivot, 1e-10, N, D), zeros = 0;
    emit_number("returned", got);
    emit_exact("pivot", pivot, rank);
    for (int d = rank; d < D; d++) zeros += tau[d] == 0;
    if (got == rank) emit_number("tau that are 0", zeros);
}

PROBE(least_squares_pivoted, any_unit)                  /* metres or nanometres: the rank is the same */
{
    int D = probe_pick(2, 4), N = D + 3;
    double unit = probe_pick(0, 1) ? 1e-30 : 1e30, *X = design(N, D);
    for (int i = 0; i < N * D; i++) X[i] *= unit;
    pivoted(X, unit, N, D);
}

/* ---- step least_squares_normal ----------------------------------------------------------------------------------- */

static void normal(const double *X, const double *y, double unit, int N, int D)
{
    double *w = probe_inout_doubles(D), *A = probe_inout_doubles(D * D);
    probe_freeze();
    emit_number("returned", least_squares_normal(w, A, X, y, N, D));
    for (int d = 0; d < D; d++) w[d] *= unit;
    probe_terms(N * D);
    probe_scale(CONDITION * CONDITION * CONDITION * size_of(y, N));
    emit("w", w, D);
}

PROBE(least_squares_normal, by_pencil)                  /* 1 0, 1 1, 1 2 and 0, 2, 1: w = 0.5, 0.5 */
{
    normal(probe_given_doubles(1, 0, 1, 1, 1, 2), probe_given_doubles(0, 2, 1), 1, 3, 2);
}

PROBE(least_squares_normal, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16), N = D + probe_pick(0, 1, 5, 90);
    normal(design(N, D), probe_doubles(N), 1, N, D);
}

PROBE(least_squares_normal, any_unit)
{
    int D = probe_pick(2, 5), N = D + 3;
    double *X = design(N, D), unit = probe_pick(0, 1) ? 1e-20 : 1e20;
    for (int i = 0; i < N * D; i++) X[i] *= unit;
    normal(X, probe_doubles(N), unit, N, D);
}

PROBE(least_squares_normal, cannot_be_told_from_singular)   /* a column twice, or nearly; a NaN: false, w as it was */
{
    int D = probe_pick(2, 3, 5), N = D + 12, kind = probe_pick(0, 1, 2);
    double *X = design(N, D), *y = probe_doubles(N), *w = probe_inout_doubles(D), *A = probe_inout_doubles(D * D);
    double *before = probe_copy_doubles(D, w);
    for (int n = 0; n < N && kind < 2; n++) X[n * D + D - 1] = X[n * D + D - 2] * (1 + 1e-9 * kind * (n % 2));
    if (kind == 2) X[D + D - 1] = NAN;
    probe_freeze();
    emit_number("returned", least_squares_normal(w, A, X, y, N, D));
    emit_number("w left alone", !memcmp(w, before, (size_t)D * sizeof *w));
}

/* ---- step least_squares_condition -------------------------------------------------------------------------------- */

static void condition(const double *R, int D)
{
    double *z = probe_inout_doubles(D), got;
    probe_freeze();
    got = least_squares_condition(R, z, D);
    probe_terms(D * D);
    probe_scale(CONDITION * D);
    emit("condition", &got, 1);
}

PROBE(least_squares_condition, by_pencil)               /* 5 3; 0 4: S = 1 0.6; 0 0.8, S^-1 = 1 -0.75; 0 1.25: 2.8 */
{
    condition(probe_given_doubles(5, 3, 99, 4), 2);
}

PROBE(least_squares_condition, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16);
    condition(triangle(D), D);
}

PROBE(least_squares_condition, any_units)               /* of each column: the same number */
{
    int D = probe_pick(2, 4, 7);
    double *R = triangle(D);
    for (int j = 0; j < D; j++) {
        double unit = pow(10, probe_pick(-150, 0, 9, 150));
        for (int i = 0; i <= j; i++) R[i * D + j] *= unit;
    }
    condition(R, D);
}

PROBE(least_squares_condition, a_zero)                  /* INFINITY, wherever on the diagonal it is */
{
    int D = probe_pick(1, 3, 4), at = probe_pick(0, 1, 2) % D;
    double *R = triangle(D);
    R[at * D + at] = 0;
    condition(R, D);
}

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

/* Column c of Q, out of the factors. */
static void column_of_q(double *q, const double *X, const double *tau, int c, int N, int D)
{
    for (int n = 0; n < N; n++) q[n] = n == c;
    least_squares_multiply(q, X, tau, false, D, N, D);
}

ORACLE(least_squares_reflector, pencil)
{
    double x[] = { 3, 4 }, tau, y[] = { 1, 2 };
    least_squares_reflector(x, &tau, 1, 2);
    expect(fabs(x[0] + 5) < 1e-15 && fabs(x[1] - 0.5) < 1e-15 && fabs(tau - 1.6) < 1e-15,
           "beta %.17g, v %.17g, tau %.17g", x[0], x[1], tau);
    least_squares_multiply(y, x, &tau, true, 1, 2, 1);
    expect(fabs(y[0] + 2.2) < 1e-15 && fabs(y[1] - 0.4) < 1e-15, "H (1, 2) is %g, %g", y[0], y[1]);
}

ORACLE(least_squares_reflector, in_long_double)         /* H x = (beta, 0, ...), |H a| = |a| */
{
    int n = probe_pick(1, 2, 7, 33, 129);
    double *x = probe_doubles(n), *v = probe_copy_doubles(n, x), tau;
    least_squares_reflector(v, &tau, 1, n);
    long double dot = x[0], whole = 0, square = 1;
    for (int i = 0; i < n; i++) whole += (long double)x[i] * x[i];
    for (int i = 1; i < n; i++) dot += (long double)v[i] * x[i], square += (long double)v[i] * v[i];
    whole = sqrtl(whole);
    expect(fabsl(x[0] - tau * dot - v[0]) <= n * 1e-15L * whole, "first: %.17Lg, beta %.17g", x[0] - tau * dot, v[0]);
    for (int i = 1; i < n; i++)
        expect(fabsl(x[i] - tau * dot * v[i]) <= n * 1e-15L * whole, "x[%d] becomes %.3Lg", i, x[i] - tau * dot * v[i]);
    expect(tau == 0 || fabsl(tau * square - 2) <= 1e-14L, "tau |v|^2 is %.17Lg", tau * square);
    expect(tau == 0 || (x[0] < 0) == (v[0] > 0), "beta has the sign of x[0]");
}

/* |X - Q R| and |Q^T Q - I|, in long double. */
ORACLE(least_squares_qr, is_q_times_r)
{
    int D = probe_pick(1, 2, 5, 16), N = D + probe_pick(0, 1, 30);
    double *A = design(N, D), *X = probe_copy_doubles(N * D, A), tau[MAX_D], *Q = malloc(sizeof(double) * N * D);
    least_squares_qr(X, tau, N, D);
    for (int c = 0; c < D; c++) column_of_q(Q + c * N, X, tau, c, N, D);
    for (int a = 0; a < D; a++)
        for (int b = 0; b < D; b++) {
            long double dot = 0;
            for (int n = 0; n < N; n++) dot += (long double)Q[a * N + n] * Q[b * N + n];
            expect(fabsl(dot - (a == b)) <= 1e-14L, "q%d q%d is %.3Lg", a, b, dot);
        }
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) {
            long double sum = 0;
            for (int i = 0; i <= d; i++) sum += (long double)Q[i * N + n] * X[i * D + d];
            expect(fabsl(sum - A[n * D + d]) <= 2e-14L, "X[%d][%d]: got %.17Lg, want %.17g", n, d, sum, A[n * D + d]);
        }
    free(Q);
}

/* A matrix from a generator that anybody can write, and its R as LAPACK finds it. */
ORACLE(least_squares_qr, published)
{
    static const double want[] = { 1.421688389377682, 1.377819734994888, 1.219339320034622, 0.904212239617008 };
    double   X[64], tau[8];
    uint64_t s = 1;
    for (int i = 0; i < 64; i++) {
        s = s * 6364136223846793005u + 1442695040888963407u;
        X[i] = 2 * ((double)(s >> 11) * 0x1p-53) - 1;
    }
    least_squares_qr(X, tau, 8, 8);
    for (int j = 0; j < 4; j++)
        expect(fabs(fabs(X[j * 9]) - want[j]) <= 1e-12, "|R[%d][%d]|: got %.15g, want %.15g", j, j,
               fabs(X[j * 9]), want[j]);
}

ORACLE(least_squares_multiply, there_and_back)
{
    int D = probe_pick(1, 3, 16), N = D + probe_pick(0, 5, 90), count = probe_pick(0, 1) ? D : D / 2;
    double *tau = probe_doubles(D), *X = factored(tau, N, D), *y = probe_doubles(N), *z = probe_copy_doubles(N, y);
    least_squares_multiply(z, X, tau, true, count, N, D);
    expect(fabs(size_of(z, N) - size_of(y, N)) <= 1e-13 * size_of(y, N), "|Q^T y| is %.17g, |y| %.17g", size_of(z, N),
           size_of(y, N));
    least_squares_multiply(z, X, tau, false, count, N, D);
    for (int n = 0; n < N; n++)
        expect(fabs(z[n] - y[n]) <= 1e-13 * size_of(y, N), "Q Q^T y at %d: got %.17g, want %.17g", n, z[n], y[n]);
}

ORACLE(least_squares_back, in_long_double)
{
    int D = probe_pick(1, 2, 7, 16), count = (D + probe_pick(0, 1) * D) / 2;
    double *R = triangle(D), *z = probe_doubles(D), w[MAX_D];
    if (count < 1) count = 1;
    least_squares_back(w, R, z, count, D);
    for (int i = 0; i < count; i++) {
        long double sum = 0;
        for (int j = i; j < count; j++) sum += (long double)R[i * D + j] * w[j];
        expect(fabsl(sum - z[i]) <= 1e-14L * CONDITION * CONDITION * probe_largest(z, count),
               "row %d: got %.17Lg, want %.17g", i, sum, z[i]);
    }
}

/* What remains stands upright on every column; w explains the rest; and a projection done twice is done. */
ORACLE(least_squares_solve, projects)
{
    int D = probe_pick(1, 2, 5, 16), N = D + probe_pick(0, 1, 30);
    double *A = design(N, D), *X = probe_copy_doubles(N * D, A), *y = probe_doubles(N), *r = probe_copy_doubles(N, y);
    double tau[MAX_D], w[MAX_D], again[MAX_D], small = 1e-13 * CONDITION * CONDITION * size_of(y, N);
    least_squares_qr(X, tau, N, D);
    least_squares_solve(w, r, X, tau, NULL, D, N, D);
    for (int d = 0; d < D; d++) {
        double dot = 0;
        for (int n = 0; n < N; n++) dot += A[n * D + d] * r[n];
        expect(fabs(dot) <= small, "column %d and what remains: %g", d, dot);
    }
    for (int n = 0; n < N; n++) {
        double sum = r[n];
        for (int d = 0; d < D; d++) sum += A[n * D + d] * w[d];
        expect(fabs(sum - y[n]) <= small, "row %d: X w + r is %.17g, y %.17g", n, sum, y[n]);
    }
    double *p = probe_copy_doubles(N, y);
    for (int n = 0; n < N; n++) p[n] -= r[n];
    least_squares_solve(again, p, X, tau, NULL, D, N, D);
    for (int n = 0; n < N; n++) expect(fabs(p[n]) <= small, "P P y - P y at %d is %g", n, p[n]);
    for (int d = 0; d < D; d++)
        expect(fabs(again[d] - w[d]) <= small, "w[%d] again: %.17g, was %.17g", d, again[d], w[d]);
}

/* NIST's Wampler 1 and 2: a polynomial of degree 5 at 0 .. 20, all weights 1, or 10^-k. Condition number 6.4e6. */
static double wampler(double *X, double *y, double *want, int which)
{
    for (int n = 0; n <= 20; n++) {
        double power = 1;
        y[n] = 0;
        for (int k = 0; k < 6; k++, power *= n) {
            want[k] = which == 1 ? 1 : pow(10, -k);
            X[n * 6 + k] = power;
            if (which == 1) y[n] += power;
        }
        if (which == 2) {                               /* as printed: five digits behind the point are exact */
            double p[] = { 1e5, 1e4, 1e3, 1e2, 10, 1 }, sum = 0;
            for (int k = 5; k >= 0; k--) sum = sum * n + p[k];
            y[n] = sum / 1e5;
        }
    }
    return which == 1 ? 8.5 : 11;
}

ORACLE(least_squares_solve, certified_by_nist)
{
    int which = probe_pick(1, 2), pivot[6];
    double X[126], P[126], y[21], z[21], want[6], tau[6], w[6], v[6], digits = wampler(X, y, want, which);
    memcpy(P, X, sizeof P), memcpy(z, y, sizeof z);
    least_squares_qr(X, tau, 21, 6);
    least_squares_solve(w, y, X, tau, NULL, 6, 21, 6);
    int rank = least_squares_pivoted(P, tau, pivot, 1e-12, 21, 6);
    expect(rank == 6, "rank %d of 6", rank);
    least_squares_solve(v, z, P, tau, pivot, rank, 21, 6);
    for (int k = 0; k < 6; k++) {
        expect(fabs(w[k] / want[k] - 1) <= pow(10, -digits), "Wampler %d, w[%d]: got %.15g", which, k, w[k]);
        expect(fabs(v[k] / want[k] - 1) <= pow(10, -digits), "Wampler %d, pivoted, w[%d]: got %.15g", which, k, v[k]);
    }
}

/* The columns in their new order are Q R, and no remainder is longer than the diagonal: |R[i][i]| >= |R[i..j][j]|. */
ORACLE(least_squares_pivoted, reveals_the_rank)
{
    int D = probe_pick(2, 3, 8), N = D + probe_pick(0, 7), rank = 1 + probe_int(0, D - 1), pivot[MAX_D];
    double *A = design(N, D), tau[MAX_D], *q = probe_doubles(N);
    for (int n = 0; n < N; n++)
        for (int d = rank; d < D; d++) A[n * D + d] = A[n * D] / 2 - A[n * D + (d % rank)] / 3;
    double *X = probe_copy_doubles(N * D, A);
    int got = least_squares_pivoted(X, tau, pivot, 1e-12, N, D);
    expect(got == rank, "rank %d, want %d", got, rank);
    for (int c = 0; c < D; c++) {
        for (int n = 0; n < N; n++) q[n] = n <= c && n < rank ? X[n * D + c] : 0;
        least_squares_multiply(q, X, tau, false, rank, N, D);
        for (int n = 0; n < N; n++)
            expect(fabs(q[n] - A[n * D + pivot[c]]) <= 1e-13, "column %d, row %d: got %.17g, want %.17g", pivot[c], n,
                   q[n], A[n * D + pivot[c]]);
        for (int i = 0; i < rank && i < c; i++) {
            double square = 0;
            for (int k = i; k <= c && k < rank; k++) square += X[k * D + c] * X[k * D + c];
            expect(sqrt(square) <= fabs(X[i * D + i]) * (1 + 1e-12), "column %d was longer than column %d", c, i);
        }
    }
}

ORACLE(least_squares_normal, solves_the_normal_equations)
{
    int D = probe_pick(1, 2, 5, 16), N = D + probe_pick(0, 1, 30);
    double *X = design(N, D), *y = probe_doubles(N), w[MAX_D], A[MAX_D * MAX_D];
    expect(least_squares_normal(w, A, X, y, N, D), "refused");
    for (int d = 0; d < D; d++) {
        long double dot = 0;
        for (int n = 0; n < N; n++) {
            long double r = y[n];
            for (int k = 0; k < D; k++) r -= (long double)X[n * D + k] * w[k];
            dot += X[n * D + d] * r;
        }
        expect(fabsl(dot) <= 1e-14L * CONDITION * CONDITION * N * size_of(y, N), "column %d and what remains: %.3Lg", d,
               dot);
    }
}

/* By the inverse, made by elimination in long double. */
ORACLE(least_squares_condition, by_the_inverse)
{
    int D = probe_pick(1, 2, 5, 16);
    double *R = triangle(D), z[MAX_D], got = least_squares_condition(R, z, D);
    long double S[MAX_D][MAX_D] = { { 0 } }, T[MAX_D][MAX_D] = { { 0 } }, most = 0, inverse = 0;
    for (int j = 0; j < D; j++) {
        long double square = 0, sum = 0;
        for (int i = 0; i <= j; i++) square += (long double)R[i * D + j] * R[i * D + j];
        for (int i = 0; i <= j; i++) S[i][j] = R[i * D + j] / sqrtl(square), sum += fabsl(S[i][j]);
        most = fmaxl(most, sum);
    }
    for (int j = 0; j < D; j++) {
        long double sum = 0;
        for (int i = j; i >= 0; i--) {
            T[i][j] = i == j;
            for (int k = i + 1; k <= j; k++) T[i][j] -= S[i][k] * T[k][j];
            T[i][j] /= S[i][i], sum += fabsl(T[i][j]);
        }
        inverse = fmaxl(inverse, sum);
    }
    expect(fabsl(got - most * inverse) <= 1e-12L * got, "got %.17g, want %.17Lg", got, most * inverse);
}
