/* test_linear_regression.c -- the probes that grade linear_regression.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "linear_regression.h"

enum { MAX_N = 129, MAX_D = 16 };

/*
 * How wrong may a solution be? Rounding in X and y of size epsilon moves w by up to cond(X)^2 epsilon |w|, whatever the
 * algorithm, and the normal equations really do that. So the inputs here have a condition number that is known by
 * construction, and CONDITION^2 enters the scale that the tolerance is made of.
 *
 * Columns cos(pi d (n + 1/2) / N), d = 0 .. D-1, are orthogonal: lengths sqrt(N) for d = 0, the column of ones, and
 * sqrt(N/2) for the others. Noise E with |E| <= 0.3 sqrt(N/2) keeps the singular values between 0.7 sqrt(N/2) and
 * 1.22 sqrt(N). Adding half of the column before to each mixes them, and costs a factor of 3 at most:
 * 3 * 1.22 * sqrt(2) / 0.7 < 7.5.
 */
static const double CONDITION = 7.5;

static double *fill(double *X, int N, int D)                            /* N >= D for the condition to hold */
{
    double h = D > 1 ? 0.3 / sqrt(2.0 * (D - 1)) : 0;
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) {
            double wave = cos(3.14159265358979 * d * (n + 0.5) / N);
            X[n * D + d] = d == 0 ? 1 : wave + probe_real(-h, h) + X[n * D + d - 1] / 2;
        }
    return X;
}

static double *design(int N, int D) { return fill(probe_normal_doubles(N * D, 0, 1), N, D); }

static double length(const double *v, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++) s += v[i] * v[i];
    return sqrt(s);
}

/* |w| <= |y| / smallest singular value, the latter at least 0.7 sqrt(N/2) / 1.5 */
static double solution_scale(const double *y, int N) { return CONDITION * CONDITION * length(y, N) / (0.33 * sqrt(N)); }

static void emit_truth(const char *name, bool ok)
{
    int value = ok;
    emit_exact(name, &value, 1);
}

/* ---- step linear_regression_predict ------------------------------------------------------------------------------ */

PROBE(linear_regression_predict, by_pencil)             /* 1, 3, 5, 7 */
{
    double *X = probe_given_doubles(1, 0, 1, 1, 1, 2, 1, 3), *w = probe_given_doubles(1, 2);
    double *yhat = probe_output_doubles(4);
    probe_freeze();
    linear_regression_predict(yhat, X, w, 4, 2);
    emit("yhat", yhat, 4);
}

PROBE(linear_regression_predict, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 129), D = probe_pick(1, 2, 3, 7, 16);
    double *X = probe_doubles(N * D), *w = probe_doubles(D), *yhat = probe_output_doubles(N);
    probe_freeze();
    linear_regression_predict(yhat, X, w, N, D);
    probe_terms(D);
    probe_scale(probe_largest(X, N * D) * probe_largest(w, D) * D);
    emit("yhat", yhat, N);
}

PROBE(linear_regression_predict, only_its_own_row)      /* a NaN in one row stays in that row */
{
    int D = probe_pick(2, 5);
    double *X = probe_doubles(3 * D), *w = probe_doubles(D), *yhat = probe_output_doubles(3);
    X[D + 1] = NAN;
    probe_freeze();
    linear_regression_predict(yhat, X, w, 3, D);
    probe_terms(D);
    probe_scale(probe_largest(X, D) * probe_largest(w, D) * D + probe_largest(X + 2 * D, D) * probe_largest(w, D) * D);
    emit("yhat", yhat, 3);
}

/* ---- step linear_regression_loss --------------------------------------------------------------------------------- */

static void loss(const double *X, const double *y, const double *w, int N, int D)
{
    double *dw = probe_output_doubles(D), value;
    probe_freeze();
    value = linear_regression_loss(dw, X, y, w, N, D);
    double residual =
        probe_largest(y, N) + probe_largest(X, N * D) * probe_largest(w, D) * D; /* what may cancel in X w - y */
    probe_terms(N + D);
    probe_scale(2 * residual * residual);
    emit("loss", &value, 1);
    probe_scale(4 * residual * probe_largest(X, N * D));
    emit("dw", dw, D);
}

PROBE(linear_regression_loss, by_pencil)                /* 22; -8, -17 */
{
    double *X = probe_given_doubles(1, 0, 1, 1, 1, 2, 1, 3), *y = probe_given_doubles(2, 2, 4, 8);
    loss(X, y, probe_given_doubles(0, 0), 4, 2);
}

PROBE(linear_regression_loss, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 129), D = probe_pick(1, 2, 3, 7, 16);
    double *X = probe_doubles(N * D), *y = probe_doubles(N);
    loss(X, y, probe_doubles(D), N, D);
}

PROBE(linear_regression_loss, at_the_best_weights)      /* the gradient is what cancellation leaves: nearly nothing */
{
    int N = probe_pick(5, 40), D = probe_pick(1, 3);
    double *X = design(N, D), *w = probe_normal_doubles(D, 0, 1), *y = probe_normal_doubles(N, 0, 1);
    for (int n = 0; n < N; n++) {
        y[n] = 0;
        for (int d = 0; d < D; d++) y[n] += X[n * D + d] * w[d];
    }
    loss(X, y, w, N, D);
}

/* ---- step linear_regression_descend ------------------------------------------------------------------------------ */

static void descend(const double *X, const double *y, double *w, double rate, int steps, int N, int D)
{
    double *seen = probe_output_doubles(steps), *dw = probe_output_doubles(D), start = probe_largest(w, D);
    probe_freeze();
    linear_regression_descend(w, seen, dw, X, y, rate, steps, N, D);
    double weights = start + probe_largest(y, N),
           residual = probe_largest(y, N) + probe_largest(X, N * D) * weights * D;
    probe_terms((N + D) * (steps + 1));
    probe_scale(residual * residual);
    emit("loss", seen, steps);
    probe_scale(weights + rate * steps * 2 * residual * probe_largest(X, N * D));
    emit("w", w, D);
}

PROBE(linear_regression_descend, by_pencil)             /* from 0, 0 with rate 0.1: loss 22, then w = 0.8, 1.7 */
{
    double *X = probe_given_doubles(1, 0, 1, 1, 1, 2, 1, 3), *y = probe_given_doubles(2, 2, 4, 8);
    double *w = probe_inout_doubles(2);
    w[0] = w[1] = 0;
    descend(X, y, w, 0.1, 1, 4, 2);
}

PROBE(linear_regression_descend, several_steps)         /* D <= 2: no eigenvalue of 2/N X^T X above 4.9 */
{
    int N = probe_pick(2, 9, 33), D = probe_pick(1, 2), steps = probe_pick(1, 2, 3, 10);
    descend(design(N, D), probe_normal_doubles(N, 0, 1), probe_inout_doubles(D), probe_real(0.05, 0.25), steps, N, D);
}

PROBE(linear_regression_descend, no_steps)
{
    double *X = probe_doubles(6), *y = probe_doubles(3), *w = probe_inout_doubles(2);
    descend(X, y, w, 0.1, 0, 3, 2);
}

/* 2/N X^T X has no eigenvalue above 7.5 here: a step multiplies w, and every rounding in it, by up to 14. */
PROBE(linear_regression_descend, rate_too_large)
{
    int N = probe_pick(7, 33), steps = 4;
    double *X = design(N, 3), *y = probe_normal_doubles(N, 0, 1), *w = probe_inout_doubles(3);
    double *seen = probe_output_doubles(steps), *dw = probe_output_doubles(3);
    double weights = pow(14, steps) * (probe_largest(w, 3) + probe_largest(y, N)),
           residual = 3 * probe_largest(X, 3 * N) * weights;
    probe_freeze();
    linear_regression_descend(w, seen, dw, X, y, 2, steps, N, 3);
    probe_terms(N);
    probe_scale(weights);
    emit("w", w, 3);
    probe_scale(residual * residual / 196);             /* of the loss before the last step */
    emit("loss", seen, steps);
}

/* ---- step linear_regression_cholesky ----------------------------------------------------------------------------- */

static void factor(double *A, int D)                    /* emits L; what stands above the diagonal is not looked at */
{
    double *L = calloc((size_t)D * D, sizeof *L), scale = 0;
    for (int i = 0; i < D; i++) scale = fmax(scale, sqrt(fabs(A[i * D + i])));
    bool ok = linear_regression_cholesky(A, D);
    emit_truth("returned", ok);
    for (int i = 0; ok && i < D; i++)
        for (int j = 0; j <= i; j++) L[i * D + j] = A[i * D + j];
    probe_terms(D);
    probe_scale(CONDITION * CONDITION * scale);
    emit("L", L, D, D);
    free(L);
}

/* The lower triangle of X^T X / N times a unit; above it stays whatever the buffer held. */
static double *gram(const double *X, double unit, int N, int D)
{
    double *A = probe_inout_doubles(D * D);
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++) {
            A[i * D + j] = 0;
            for (int n = 0; n < N; n++) A[i * D + j] += unit * X[n * D + i] * X[n * D + j] / N;
        }
    return A;
}

PROBE(linear_regression_cholesky, by_pencil)            /* L = 2; 3, sqrt 5 */
{
    double *A = probe_inout_doubles(4);
    A[0] = 4, A[1] = 6, A[2] = 6, A[3] = 14;
    factor(A, 2);
}

PROBE(linear_regression_cholesky, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16);
    factor(gram(design(33, D), 1, 33, D), D);
}

PROBE(linear_regression_cholesky, any_unit)             /* metres or nanometres: what is singular stays so */
{
    int D = probe_pick(2, 5), power = probe_pick(-30, -12, 30);
    factor(gram(design(33, D), pow(10, power), 33, D), D);
}

PROBE(linear_regression_cholesky, not_positive_definite)
{
    int D = probe_pick(3, 4), kind = probe_pick(0, 1, 2, 3);
    double *A = gram(design(33, D), 1, 33, D);
    if (kind == 0) A[(D - 1) * D + D - 1] = -1;
    if (kind == 1) A[0] = 0;
    if (kind == 2) A[(D - 1) * D + 1] = NAN;
    double *last = A + (D - 1) * D, *before = last - D;
    for (int j = 0; j < D && kind == 3; j++) last[j] = before[j < D - 1 ? j : D - 2];  /* X's last column twice */
    emit_truth("returned", linear_regression_cholesky(A, D));
}

/* ---- step linear_regression_solve -------------------------------------------------------------------------------- */

static double *triangle(int D)                          /* condition at most 6; above the diagonal stands nonsense */
{
    double *L = probe_normal_doubles(D * D, 0, 1000);
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++) L[i * D + j] = i == j ? probe_real(1, 2) : probe_real(-1, 1) / D;
    return L;
}

PROBE(linear_regression_solve, by_pencil)               /* x = 1, 2 */
{
    double *L = probe_given_doubles(2, 99, 3, sqrt(5)), *b = probe_given_doubles(16, 34), *x = probe_output_doubles(2);
    probe_freeze();
    linear_regression_solve(x, L, b, 2);
    probe_scale(36);
    emit("x", x, 2);
}

PROBE(linear_regression_solve, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16);
    double *L = triangle(D), *b = probe_doubles(D), *x = probe_output_doubles(D);
    probe_freeze();
    linear_regression_solve(x, L, b, D);
    probe_scale(36 * probe_largest(b, D));
    emit("x", x, D);
}

PROBE(linear_regression_solve, in_place)
{
    int D = probe_pick(1, 3, 9);
    double *L = triangle(D), *x = probe_inout_doubles(D), scale = 36 * probe_largest(x, D);
    linear_regression_solve(x, L, x, D);
    probe_scale(scale);
    emit("x", x, D);
}

/* ---- step linear_regression_ridge -------------------------------------------------------------------------------- */

static void ridge(const double *X, const double *y, double lambda, double scale, int N, int D)
{
    double *w = probe_inout_doubles(D), *A = probe_inout_doubles(D * D);
    probe_freeze();
    emit_truth("returned", linear_regression_ridge(w, A, X, y, lambda, N, D));
    probe_terms(N);
    probe_scale(scale);
    emit("w", w, D);
}

PROBE(linear_regression_ridge, by_pencil)               /* lambda 0: 1, 2. lambda 5: 2.5, 1 */
{
    double *X = probe_given_doubles(1, 0, 1, 1, 1, 2, 1, 3), *y = probe_given_doubles(2, 2, 4, 8);
    ridge(X, y, probe_pick(0, 5), 36, 4, 2);
}

PROBE(linear_regression_ridge, least_squares)           /* lambda 0 */
{
    int D = probe_pick(1, 2, 3, 7, 16), N = D + probe_pick(0, 1, 5, 90);
    double *X = design(N, D), *y = probe_normal_doubles(N, 1, 1);
    ridge(X, y, 0, solution_scale(y, N), N, D);
}

PROBE(linear_regression_ridge, some_penalty)
{
    int D = probe_pick(2, 3, 7, 16), N = D + probe_pick(0, 3, 40);
    double *X = design(N, D), *y = probe_normal_doubles(N, 5, 1);
    ridge(X, y, probe_pick(1, 3, 100) * 0.5, solution_scale(y, N), N, D);
}

PROBE(linear_regression_ridge, more_features_than_rows) /* the penalty makes it solvable: condition at most about N D */
{
    int D = probe_pick(4, 7), N = probe_pick(2, 3);
    double *X = design(N, D), *y = probe_normal_doubles(N, 0, 1);
    ridge(X, y, 1, N * D * CONDITION * length(y, N), N, D);
}

PROBE(linear_regression_ridge, singular)                /* a column twice, or a NaN: false, and w is what it was */
{
    int D = probe_pick(2, 3, 5), N = 20, kind = probe_pick(0, 1);
    double *X = design(N, D), *y = probe_normal_doubles(N, 0, 1);
    double *w = probe_inout_doubles(D), *A = probe_inout_doubles(D * D), *before = probe_copy_doubles(D, w);
    for (int n = 0; n < N && kind == 0; n++) X[n * D + D - 1] = X[n * D + D - 2];
    if (kind == 1) X[3 * D + D - 1] = NAN;
    probe_freeze();
    emit_truth("returned", linear_regression_ridge(w, A, X, y, 0, N, D));
    emit_truth("w left alone", !memcmp(w, before, D * sizeof *w));
}

/* ---- step linear_regression_qr ----------------------------------------------------------------------------------- */

/* Emits w, the rss and R. X and y are in/out. */
static void qr(double *X, double *y, double scale, int N, int D)
{
    double *w = probe_inout_doubles(D), *rss = probe_inout_doubles(1), *R = calloc((size_t)D * D, sizeof *R);
    double columns = 0, square = length(y, N);
    for (int d = 0; d < D; d++) {
        double s = 0;
        for (int n = 0; n < N; n++) s += X[n * D + d] * X[n * D + d];
        columns = fmax(columns, sqrt(s));
    }
    bool ok = linear_regression_qr(w, rss, X, y, N, D);
    emit_truth("returned", ok);
    for (int i = 0; ok && i < D; i++)
        for (int j = i; j < D; j++) R[i * D + j] = X[i * D + j];
    probe_terms(N);
    probe_scale(scale);
    emit("w", w, D);
    probe_scale(CONDITION * square * square);
    emit("rss", rss, 1);
    probe_scale(CONDITION * columns);
    emit_up_to_sign("R", R, D, D);
    free(R);
}

PROBE(linear_regression_qr, by_pencil)                  /* w = 1, 2; rss 4; R = 2, 3; 0, sqrt 5, each row's sign free */
{
    static const double rows[] = { 1, 0, 1, 1, 1, 2, 1, 3 }, target[] = { 2, 2, 4, 8 };
    double *X = probe_inout_doubles(8), *y = probe_inout_doubles(4);
    for (int i = 0; i < 8; i++) X[i] = rows[i];
    for (int i = 0; i < 4; i++) y[i] = target[i];
    qr(X, y, 36, 4, 2);
}

PROBE(linear_regression_qr, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16), N = D + probe_pick(0, 1, 5, 90);
    double *X = fill(probe_inout_doubles(N * D), N, D), *y = probe_inout_doubles(N);
    qr(X, y, solution_scale(y, N), N, D);
}

PROBE(linear_regression_qr, triangular_already)         /* columns that lie where the reflection would bring them */
{
    int D = probe_pick(1, 2, 4), N = D + probe_pick(0, 3);
    double *X = probe_inout_doubles(N * D), *y = probe_inout_doubles(N), sign = probe_pick(-1, 1);
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) X[n * D + d] = n == d ? sign * probe_real(1, 2) : n < d ? probe_real(-1, 1) / D : 0;
    qr(X, y, 36 * length(y, N), N, D);
}

PROBE(linear_regression_qr, every_column_its_own_unit)  /* w[d] times its unit is what a column without unit gives */
{
    int D = probe_pick(2, 3, 5), N = 3 * D;
    double *X = fill(probe_inout_doubles(N * D), N, D), *y = probe_inout_doubles(N), *w = probe_inout_doubles(D);
    double scale = solution_scale(y, N), unit[5], rss;
    for (int d = 0; d < D; d++) unit[d] = pow(10, probe_pick(-9, 0, 4));
    for (int i = 0; i < N * D; i++) X[i] *= unit[i % D];
    emit_truth("returned", linear_regression_qr(w, &rss, X, y, N, D));
    for (int d = 0; d < D; d++) w[d] *= unit[d];
    probe_terms(N);
    probe_scale(scale);
    emit("w times unit", w, D);
}

PROBE(linear_regression_qr, singular)                   /* too few rows, a column twice, zero, or NaN: false */
{
    int D = probe_pick(2, 3, 5), kind = probe_pick(0, 1, 2, 3), N = kind ? 20 : D - 1;
    double *X = fill(probe_inout_doubles(N * D), N, D), *y = probe_inout_doubles(N);
    double *w = probe_inout_doubles(D), *rss = probe_inout_doubles(1);
    for (int n = 0; n < N && kind == 1; n++) X[n * D + D - 1] = X[n * D + D - 2];
    for (int n = 0; n < N && kind == 2; n++) X[n * D + 1] = 0;
    if (kind == 3) X[D + 1] = NAN;
    double *before = probe_copy_doubles(D, w), rss_before = *rss;
    emit_truth("returned", linear_regression_qr(w, rss, X, y, N, D));
    emit_truth("w left alone", !memcmp(w, before, D * sizeof *w));
    emit_truth("rss left alone", *rss == rss_before);
}

/* ---- step linear_regression_errors ------------------------------------------------------------------------------- */

static void errors(const double *R, const double *w, double rss, int N, int D)
{
    double *se = probe_output_doubles(D), *t = probe_output_doubles(D);
    probe_freeze();
    emit_truth("returned", linear_regression_errors(se, t, R, w, rss, N, D));
    probe_terms(D);
    probe_scale(36 * sqrt(rss));
    emit("se", se, D);
    probe_scale(36 * 6 * probe_largest(w, D) / (sqrt(rss / N) / 3));     /* |u| >= 1 / |R| >= 1/3 */
    emit("t", t, D);
}

static double *upper(int D)                             /* condition at most 6; below the diagonal stands nonsense */
{
    double *R = probe_normal_doubles(D * D, 0, 1000);
    for (int i = 0; i < D; i++)
        for (int j = i; j < D; j++)
            R[i * D + j] = i == j ? (probe_int(0, 1) ? 1 : -1) * probe_real(1, 2) : probe_real(-1, 1) / D;
    return R;
}

PROBE(linear_regression_errors, by_pencil)              /* se = sqrt 1.4, sqrt 0.4; t = 1 / sqrt 1.4, 2 / sqrt 0.4 */
{
    errors(probe_given_doubles(2, 3, 99, sqrt(5)), probe_given_doubles(1, 2), 4, 4, 2);
}

PROBE(linear_regression_errors, awkward_sizes)
{
    int D = probe_pick(1, 2, 3, 7, 16), N = D + probe_pick(1, 2, 30);
    errors(upper(D), probe_doubles(D), probe_real(0.5, 5), N, D);
}

PROBE(linear_regression_errors, no_degree_of_freedom)   /* false, and nothing is written */
{
    int D = probe_pick(1, 3, 5), N = D - probe_pick(0, 1);
    double *se = probe_output_doubles(D), *t = probe_output_doubles(D), *R = upper(D), *w = probe_doubles(D);
    probe_freeze();
    emit_truth("returned", linear_regression_errors(se, t, R, w, 1, N, D));
    emit_exact("se", se, D);
    emit_exact("t", t, D);
}

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

static const double PENCIL_X[] = { 1, 0, 1, 1, 1, 2, 1, 3 }, PENCIL_Y[] = { 2, 2, 4, 8 };

static bool near(double got, double want) { return fabs(got - want) <= 1e-12 * (1 + fabs(want)); }

ORACLE(linear_regression_predict, pencil)
{
    double yhat[4], w[] = { 1, 2 };
    linear_regression_predict(yhat, PENCIL_X, w, 4, 2);
    for (int n = 0; n < 4; n++) expect(yhat[n] == 2 * n + 1, "row %d: got %g, want %d", n, yhat[n], 2 * n + 1);
}

ORACLE(linear_regression_predict, brute_force_in_long_double)
{
    int N = probe_pick(1, 7, 33), D = probe_pick(1, 2, 16);
    double *X = probe_doubles(N * D), *w = probe_doubles(D), *yhat = probe_output_doubles(N);
    linear_regression_predict(yhat, X, w, N, D);
    for (int n = 0; n < N; n++) {
        long double want = 0, size = 0;
        for (int d = D - 1; d >= 0; d--)
            want += (long double)w[d] * X[n * D + d], size += fabsl((long double)w[d] * X[n * D + d]);
        expect(fabsl(yhat[n] - want) <= D * 2.3e-16L * size, "row %d: got %.17g, want %.17Lg", n, yhat[n], want);
    }
}

ORACLE(linear_regression_loss, pencil)
{
    double dw[2], w[] = { 0, 0 }, best[] = { 1, 2 };
    double loss = linear_regression_loss(dw, PENCIL_X, PENCIL_Y, w, 4, 2);
    expect(loss == 22 && dw[0] == -8 && dw[1] == -17, "at 0, 0: loss %g, gradient %g, %g", loss, dw[0], dw[1]);
    loss = linear_regression_loss(dw, PENCIL_X, PENCIL_Y, best, 4, 2);
    expect(loss == 1 && dw[0] == 0 && dw[1] == 0, "at 1, 2: loss %g, gradient %g, %g", loss, dw[0], dw[1]);
}

ORACLE(linear_regression_loss, central_differences)     /* exact for a square, whatever h: only rounding is left */
{
    int N = probe_pick(1, 3, 17), D = probe_pick(1, 2, 7);
    double *X = probe_normal_doubles(N * D, 0, 1), *y = probe_normal_doubles(N, 0, 1), *w = probe_inout_doubles(D);
    double dw[MAX_D], other[MAX_D],
        h = 0.5, size = probe_largest(y, N) + D * probe_largest(X, N * D) * (probe_largest(w, D) + h);
    linear_regression_loss(dw, X, y, w, N, D);
    for (int d = 0; d < D; d++) {
        double at = w[d], up, down, want;
        w[d] = at + h, up = linear_regression_loss(other, X, y, w, N, D);
        w[d] = at - h, down = linear_regression_loss(other, X, y, w, N, D);
        w[d] = at, want = (up - down) / (2 * h);
        expect(fabs(dw[d] - want) <= 1e-14 * size * size, "dw[%d] of (%d,%d): got %.17g, want %.17g", d, N, D, dw[d],
               want);
    }
}

ORACLE(linear_regression_loss, brute_force_in_long_double)
{
    int N = probe_pick(1, 7, 33), D = probe_pick(1, 2, 16);
    double *X = probe_doubles(N * D), *y = probe_doubles(N), *w = probe_doubles(D), dw[MAX_D];
    double got = linear_regression_loss(dw, X, y, w, N, D);
    double residual = probe_largest(y, N) + probe_largest(X, N * D) * probe_largest(w, D) * D;
    long double want = 0, gradient[MAX_D] = { 0 };
    for (int n = 0; n < N; n++) {
        long double r = 0;
        for (int d = 0; d < D; d++) r += (long double)X[n * D + d] * w[d];
        r -= y[n], want += r * r / N;
        for (int d = 0; d < D; d++) gradient[d] += 2 * r * X[n * D + d] / N;
    }
    expect(fabsl(got - want) <= 1e-14L * residual * residual, "loss: got %.17g, want %.17Lg", got, want);
    for (int d = 0; d < D; d++)
        expect(fabsl(dw[d] - gradient[d]) <= 1e-14L * residual * probe_largest(X, N * D),
               "dw[%d]: got %.17g, want %.17Lg", d, dw[d], gradient[d]);
}

ORACLE(linear_regression_descend, pencil)
{
    double w[] = { 0, 0 }, loss[2], dw[2];
    linear_regression_descend(w, loss, dw, PENCIL_X, PENCIL_Y, 0.1, 2, 4, 2);
    expect(loss[0] == 22 && near(loss[1], 1.535), "loss %.17g, %.17g", loss[0], loss[1]);
    linear_regression_descend(w, loss, dw, PENCIL_X, PENCIL_Y, 0.1, 0, 4, 2);
    expect(loss[0] == 22, "no steps, but a loss: %g", loss[0]);
}

/* With one column, the distance to the best weight shrinks by 1 - rate 2/N |x|^2 in each step. */
ORACLE(linear_regression_descend, geometric_with_one_column)
{
    int N = probe_pick(1, 5, 20), steps = probe_pick(1, 4, 9);
    double *x = probe_normal_doubles(N, 1, 1), *y = probe_normal_doubles(N, 0, 1), w = probe_real(-1, 1);
    double xx = 0, xy = 0, start = w, rate, loss[9], dw;
    for (int n = 0; n < N; n++) xx += x[n] * x[n], xy += x[n] * y[n];
    rate = probe_real(0.1, 0.9) * N / xx;
    linear_regression_descend(&w, loss, &dw, x, y, rate, steps, N, 1);
    double want = xy / xx + pow(1 - rate * 2 / N * xx, steps) * (start - xy / xx);
    expect(fabs(w - want) <= 1e-12 * (1 + fabs(xy / xx)), "after %d steps: got %.17g, want %.17g", steps, w, want);
}

ORACLE(linear_regression_descend, arrives_where_qr_does)
{
    int N = 20, D = probe_pick(1, 2, 3), steps = 3000;
    double *X = design(N, D), *y = probe_normal_doubles(N, 0, 1), *w = probe_inout_doubles(D), want[3], rss, dw[3];
    double *loss = probe_output_doubles(steps);
    linear_regression_descend(w, loss, dw, X, y, 0.15, steps, N, D);
    expect(linear_regression_qr(want, &rss, X, y, N, D), "qr returned false");
    for (int d = 0; d < D; d++)
        expect(fabs(w[d] - want[d]) <= 1e-12 * (1 + length(want, D)), "w[%d]: got %.17g, want %.17g", d, w[d], want[d]);
    expect(fabs(loss[steps - 1] - rss / N) <= 1e-12 * (1 + rss), "loss %.17g, rss/N %.17g", loss[steps - 1], rss / N);
}

ORACLE(linear_regression_cholesky, pencil)
{
    double A[] = { 4, 99, 6, 14 };
    expect(linear_regression_cholesky(A, 2), "returned false");
    expect(A[0] == 2 && A[2] == 3 && near(A[3], sqrt(5)), "L = %g; %g, %g", A[0], A[2], A[3]);
}

ORACLE(linear_regression_cholesky, product_is_the_matrix)
{
    int D = probe_pick(1, 2, 7, 16);
    double *A = gram(design(33, D), 1, 33, D), *before = probe_copy_doubles(D * D, A);
    expect(linear_regression_cholesky(A, D), "returned false");
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++) {
            long double sum = 0;
            for (int k = 0; k <= j; k++) sum += (long double)A[i * D + k] * A[j * D + k];
            double size = sqrt(before[i * D + i] * before[j * D + j]);
            expect(fabsl(sum - before[i * D + j]) <= 2 * D * 2.3e-16L * size,
                   "L L^T at %d, %d: got %.17Lg, want %.17g", i, j, sum, before[i * D + j]);
        }
}

ORACLE(linear_regression_cholesky, refuses)
{
    double indefinite[] = { 1, 0, 2, 1 }, zero[] = { 0 }, nan[] = { 1, 0, NAN, 1 }, infinite[] = { INFINITY };
    double twice[] = { 3, 0, 0, 3, 3, 0, 1, 1, 2 }, negative[] = { -1 };
    expect(!linear_regression_cholesky(indefinite, 2), "1, 2; 2, 1 is not positive definite");
    expect(!linear_regression_cholesky(zero, 1), "0 is not positive");
    expect(!linear_regression_cholesky(negative, 1), "-1 is not positive");
    expect(!linear_regression_cholesky(nan, 2), "NaN got through");
    expect(!linear_regression_cholesky(infinite, 1), "infinity got through");
    expect(!linear_regression_cholesky(twice, 3), "column 1 is column 0");
}

ORACLE(linear_regression_solve, times_the_matrix_is_b)
{
    int D = probe_pick(1, 2, 7, 16);
    double *L = triangle(D), *b = probe_doubles(D), x[MAX_D];
    linear_regression_solve(x, L, b, D);
    for (int i = 0; i < D; i++) {
        long double sum = 0, size = 0;
        for (int j = 0; j < D; j++)
            for (int k = 0; k <= (i < j ? i : j); k++) {
                long double term = (long double)L[i * D + k] * L[j * D + k] * x[j];
                sum += term, size += fabsl(term);
            }
        expect(fabsl(sum - b[i]) <= 4 * D * 2.3e-16L * size, "row %d of L L^T x: got %.17Lg, want %.17g", i, sum, b[i]);
    }
}

/* The penalty as data: rows sqrt(lambda) e[j] with target 0, solved by QR, which shares no line with the other way. */
ORACLE(linear_regression_ridge, equals_qr_with_extra_rows)
{
    int D = probe_pick(1, 2, 3, 7), N = D + probe_pick(0, 3, 20);
    double lambda = probe_pick(0, 1, 10), *X = design(N, D), *y = probe_normal_doubles(N, 2, 1);
    double w[MAX_D], A[MAX_D * MAX_D], want[MAX_D], rss, *more = calloc((size_t)(N + D) * D, sizeof *more);
    double target[MAX_N + MAX_D] = { 0 };
    expect(linear_regression_ridge(w, A, X, y, lambda, N, D), "ridge returned false");
    for (int i = 0; i < N * D; i++) more[i] = X[i];
    for (int n = 0; n < N; n++) target[n] = y[n];
    for (int d = 1; d < D; d++) more[(N + d) * D + d] = sqrt(lambda);
    expect(linear_regression_qr(want, &rss, more, target, N + D, D), "qr returned false");
    for (int d = 0; d < D; d++)
        expect(fabs(w[d] - want[d]) <= 1e-13 * solution_scale(y, N), "w[%d], lambda %g: got %.17g, want %.17g", d,
               lambda, w[d], want[d]);
    free(more);
}

ORACLE(linear_regression_ridge, pencil)
{
    double w[2] = { 7, 7 }, A[4];
    bool ok = linear_regression_ridge(w, A, PENCIL_X, PENCIL_Y, 0, 4, 2);
    expect(ok && near(w[0], 1) && near(w[1], 2), "lambda 0: w = %g, %g", w[0], w[1]);
    ok = linear_regression_ridge(w, A, PENCIL_X, PENCIL_Y, 5, 4, 2);
    expect(ok && near(w[0], 2.5) && near(w[1], 1), "lambda 5: w = %g, %g", w[0], w[1]);
    double twice[] = { 1, 1, 1, 1, 1, 1 };
    w[0] = 7;
    expect(!linear_regression_ridge(w, A, twice, PENCIL_Y, 0, 3, 2) && w[0] == 7, "a column twice: w[0] = %g", w[0]);
    expect(linear_regression_ridge(w, A, twice, PENCIL_Y, 1, 3, 2), "the penalty makes it solvable");
}

ORACLE(linear_regression_qr, pencil)
{
    double X[8], y[4], w[2], rss;
    for (int i = 0; i < 8; i++) X[i] = PENCIL_X[i];
    for (int i = 0; i < 4; i++) y[i] = PENCIL_Y[i];
    expect(linear_regression_qr(w, &rss, X, y, 4, 2), "returned false");
    expect(near(w[0], 1) && near(w[1], 2) && near(rss, 4), "w = %.17g, %.17g, rss %.17g", w[0], w[1], rss);
    expect(near(fabs(X[0]), 2) && near(X[1] / X[0], 1.5), "row 0 of R = %g, %g", X[0], X[1]);
    expect(near(fabs(X[3]), sqrt(5)), "row 1 of R = %g", X[3]);
}

ORACLE(linear_regression_qr, r_is_a_square_root_of_the_gram_matrix)
{
    int D = probe_pick(1, 2, 7, 16), N = D + probe_pick(0, 1, 90);
    double *X = fill(probe_inout_doubles(N * D), N, D), *y = probe_inout_doubles(N), w[MAX_D], rss;
    double *before = probe_copy_doubles(N * D, X);
    expect(linear_regression_qr(w, &rss, X, y, N, D), "returned false");
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            long double want = 0, got = 0;
            for (int n = 0; n < N; n++) want += (long double)before[n * D + i] * before[n * D + j];
            for (int k = 0; k <= (i < j ? i : j); k++) got += (long double)X[k * D + i] * X[k * D + j];
            expect(fabsl(got - want) <= 1e-14L * N * 6, "R^T R at %d, %d of (%d,%d): got %.17Lg, want %.17Lg", i, j, N,
                   D, got, want);
        }
}

/* ---- NIST's Statistical Reference Datasets, linear regression: certified weights, standard errors, residuals ----- */

enum { LONGLEY_N = 16, LONGLEY_D = 7, NORRIS_N = 36 };

static const double LONGLEY[LONGLEY_N][LONGLEY_D] = { /* employed; deflator, GNP, unemployed, forces, people, year */
    { 60323,  83.0, 234289, 2356, 1590, 107608, 1947 }, { 61122,  88.5, 259426, 2325, 1456, 108632, 1948 },
    { 60171,  88.2, 258054, 3682, 1616, 109773, 1949 }, { 61187,  89.5, 284599, 3351, 1650, 110929, 1950 },
    { 63221,  96.2, 328975, 2099, 3099, 112075, 1951 }, { 63639,  98.1, 346999, 1932, 3594, 113270, 1952 },
    { 64989,  99.0, 365385, 1870, 3547, 115094, 1953 }, { 63761, 100.0, 363112, 3578, 3350, 116219, 1954 },
    { 66019, 101.2, 397469, 2904, 3048, 117388, 1955 }, { 67857, 104.6, 419180, 2822, 2857, 118734, 1956 },
    { 68169, 108.4, 442769, 2936, 2798, 120445, 1957 }, { 66513, 110.8, 444546, 4681, 2637, 121950, 1958 },
    { 68655, 112.6, 482704, 3813, 2552, 123366, 1959 }, { 69564, 114.2, 502601, 3931, 2514, 125368, 1960 },
    { 69331, 115.7, 518173, 4806, 2572, 127852, 1961 }, { 70551, 116.9, 554894, 4007, 2827, 130081, 1962 },
};
static const double LONGLEY_W[] = { -3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683,
                                    -1.03322686717359, -0.0511041056535807, 1829.15146461355 };
static const double LONGLEY_SE[] = { 890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699,
                                     0.214274163161675, 0.226073200069370, 455.478499142212 };
static const double LONGLEY_RSS = 836424.055505915;

static const double NORRIS[NORRIS_N][2] = {                 /* y, x */
    { 0.1, 0.2 },     { 338.8, 337.4 }, { 118.1, 118.2 }, { 888.0, 884.6 }, { 9.2, 10.1 },    { 228.1, 226.5 },
    { 668.5, 666.3 }, { 998.5, 996.3 }, { 449.1, 448.6 }, { 778.9, 777.0 }, { 559.2, 558.2 }, { 0.3, 0.4 },
    { 0.1, 0.6 },     { 778.1, 775.5 }, { 668.8, 666.9 }, { 339.3, 338.0 }, { 448.9, 447.5 }, { 10.8, 11.6 },
    { 557.7, 556.0 }, { 228.3, 228.1 }, { 998.0, 995.8 }, { 888.8, 887.6 }, { 119.6, 120.2 }, { 0.3, 0.3 },
    { 0.6, 0.3 },     { 557.6, 556.8 }, { 339.3, 339.1 }, { 888.0, 887.2 }, { 998.5, 999.0 }, { 778.9, 779.0 },
    { 10.2, 11.1 },   { 117.6, 118.3 }, { 228.9, 229.2 }, { 668.4, 669.1 }, { 449.2, 448.9 }, { 0.2, 0.5 },
};
static const double NORRIS_W[] = { -0.262323073774029, 1.00211681802045 };
static const double NORRIS_SE[] = { 0.232818234301152, 0.429796848199937e-3 };
static const double NORRIS_RSS = 26.6173985294224;

/* How many digits of the worst value are right. */
static double digits(const double *got, const double *want, int n)
{
    double worst = 16;
    for (int i = 0; i < n; i++)
        if (got[i] != want[i]) worst = fmin(worst, -log10(fabs(got[i] - want[i]) / fabs(want[i])));
    return worst;
}

static void certified(const double *rows, int N, int D, const double *w_want, const double *se_want, double rss_want,
                      double by_qr, double by_cholesky)     /* digits demanded of each way */
{
    double X[NORRIS_N * LONGLEY_D], y[NORRIS_N], again[NORRIS_N * LONGLEY_D];
    double w[LONGLEY_D], A[LONGLEY_D * LONGLEY_D], rss, se[LONGLEY_D], t[LONGLEY_D], right;
    for (int n = 0; n < N; n++) {
        y[n] = rows[n * D];
        for (int d = 0; d < D; d++) X[n * D + d] = again[n * D + d] = d ? rows[n * D + d] : 1;
    }
    expect(linear_regression_ridge(w, A, X, y, 0, N, D), "cholesky gave up");
    right = digits(w, w_want, D);
    expect(right >= by_cholesky, "normal equations: %.1f digits, want %.1f", right, by_cholesky);
    expect(linear_regression_qr(w, &rss, again, y, N, D), "qr gave up");
    right = digits(w, w_want, D);
    expect(right >= by_qr, "QR: %.1f digits, want %.1f", right, by_qr);
    expect(digits(&rss, &rss_want, 1) >= by_qr - 1, "rss: %.15g, want %.15g", rss, rss_want);
    expect(linear_regression_errors(se, t, again, w, rss, N, D), "errors returned false");
    right = digits(se, se_want, D);
    expect(right >= by_qr - 1, "standard errors: %.1f digits, want %.1f", right, by_qr - 1);
    for (int d = 0; d < D; d++) expect(t[d] == w[d] / se[d], "t[%d] = %g, w / se = %g", d, t[d], w[d] / se[d]);
}

ORACLE(linear_regression_qr, nist_norris)
{
    certified(&NORRIS[0][0], NORRIS_N, 2, NORRIS_W, NORRIS_SE, NORRIS_RSS, 11, 11);
}

ORACLE(linear_regression_qr, nist_longley)
{
    certified(&LONGLEY[0][0], LONGLEY_N, LONGLEY_D, LONGLEY_W, LONGLEY_SE, LONGLEY_RSS, 9.5, 6);
}

ORACLE(linear_regression_qr, nist_wampler1)             /* y = 1 + x + ... + x^5 at x = 0 .. 20: all weights are 1 */
{
    double X[21 * 6], y[21], w[6], rss, ones[] = { 1, 1, 1, 1, 1, 1 };
    for (int n = 0; n < 21; n++) {
        y[n] = 0;
        for (int d = 0; d < 6; d++) X[n * 6 + d] = pow(n, d), y[n] += pow(n, d);
    }
    expect(linear_regression_qr(w, &rss, X, y, 21, 6), "qr gave up");
    expect(digits(w, ones, 6) >= 8.5, "%.1f digits, want 8.5", digits(w, ones, 6));
}

/* R^T R inverted by Gauss and Jordan in long double: the diagonal, without a row of R^-1. */
ORACLE(linear_regression_errors, brute_force_in_long_double)
{
    int D = probe_pick(1, 2, 3, 7), N = D + probe_pick(1, 2, 30);
    double *R = upper(D), *w = probe_doubles(D), rss = probe_real(0.5, 5), se[MAX_D], t[MAX_D];
    long double G[MAX_D][2 * MAX_D] = { { 0 } };
    expect(linear_regression_errors(se, t, R, w, rss, N, D), "returned false");
    for (int i = 0; i < D; i++) {
        G[i][D + i] = 1;
        for (int j = 0; j < D; j++)
            for (int k = 0; k <= (i < j ? i : j); k++) G[i][j] += (long double)R[k * D + i] * R[k * D + j];
    }
    for (int p = 0; p < D; p++) {                       /* positive definite: no pivot search is needed */
        for (int j = 2 * D - 1; j >= p; j--) G[p][j] /= G[p][p];
        for (int i = 0; i < D; i++)
            for (int j = 2 * D - 1; j >= p; j--)
                if (i != p) G[i][j] -= G[i][p] * G[p][j];
    }
    for (int d = 0; d < D; d++) {
        long double want = sqrtl((long double)rss / (N - D) * G[d][D + d]);
        expect(fabsl(se[d] - want) <= 1e-13L * want, "se[%d] of %d: got %.17g, want %.17Lg", d, D, se[d], want);
        want = w[d] / want;
        expect(fabsl(t[d] - want) <= 1e-13L * fabsl(want), "t[%d]: got %.17g, want %.17Lg", d, t[d], want);
    }
}

ORACLE(linear_regression_errors, pencil)
{
    double R[] = { -2, -3, 99, sqrt(5) }, w[] = { 1, 2 }, se[] = { 7, 7 }, t[] = { 7, 7 };
    bool ok = linear_regression_errors(se, t, R, w, 4, 2, 2);
    expect(!ok && se[0] == 7 && t[1] == 7, "2 rows, 2 weights: nothing is left to measure the noise by");
    expect(linear_regression_errors(se, t, R, w, 4, 4, 2), "returned false");
    expect(near(se[0], sqrt(1.4)) && near(se[1], sqrt(0.4)), "se = %.17g, %.17g", se[0], se[1]);
    expect(near(t[0], 1 / sqrt(1.4)) && near(t[1], 2 / sqrt(0.4)), "t = %.17g, %.17g", t[0], t[1]);
}
