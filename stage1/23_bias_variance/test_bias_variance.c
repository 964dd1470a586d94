/* test_bias_variance.c -- the probes that grade bias_variance.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "bias_variance.h"

/* ---- step bias_variance_features --------------------------------------------------------------------------------- */

static void features(const double *x, int N, int D)
{
    double *X = probe_output_doubles(N * D);
    probe_freeze();
    bias_variance_features(X, x, N, D);
    probe_terms(16 * D * D);                            /* each step of the recurrence rounds about four times */
    probe_scale(sqrt(2 * D));
    emit("X", X, N, D);
}

PROBE(bias_variance_features, by_pencil) { features(probe_given_doubles(-1, 0, 0.5), 3, 4); }

PROBE(bias_variance_features, awkward_sizes)
{
    int     N = probe_pick(1, 2, 7, 40), D = probe_pick(1, 2, 3, 5, 20);
    double *x = probe_doubles(N);
    for (int n = 0; n < N; n++) x[n] = probe_real(-1, 1);
    features(x, N, D);
}

/* ---- step bias_variance_decompose -------------------------------------------------------------------------------- */

/* R models: each near a mean that lies off the truth, by how much changes from trial to trial. */
static void decompose(int R, int N)
{
    double *predicted = probe_doubles(R * N), *truth = probe_doubles(N), *parts = probe_output_doubles(2);
    double  off = probe_pick(0, 1, 3), spread = probe_pick(1, 0, 2);
    for (int n = 0; n < N; n++) {
        truth[n] = probe_real(-2, 2);
        double mean = truth[n] + off * probe_real(-1, 1);
        for (int r = 0; r < R; r++) predicted[r * N + n] = mean + spread * probe_real(-1, 1);
    }
    probe_freeze();
    bias_variance_decompose(parts, predicted, truth, R, N);
    probe_terms(R * R * N);                             /* like terms round alike: by R, not by its root */
    probe_scale(25);                                    /* squares of numbers up to 5 */
    emit("bias and variance", parts, 2);
}

PROBE(bias_variance_decompose, by_pencil)               /* two points, three models */
{
    double *predicted = probe_given_doubles(1, 5, 2, 5, 3, 5), *truth = probe_given_doubles(3, 4);
    double *parts = probe_output_doubles(2);
    probe_freeze();
    bias_variance_decompose(parts, predicted, truth, 3, 2);
    emit("bias and variance", parts, 2);
}

PROBE(bias_variance_decompose, awkward_sizes) { decompose(probe_pick(2, 3, 7, 40), probe_pick(1, 2, 9, 30)); }

/* ---- step bias_variance_out_of_bag ------------------------------------------------------------------------------- */

PROBE(bias_variance_out_of_bag, by_pencil)              /* row 0: models 1 and 2; row 1: one model alone */
{
    double *predicted = probe_given_doubles(9, 9, 1, 2, 3, 9), *y = probe_given_doubles(4, 4);
    int    *times = probe_given_ints(2, 1, 0, 0, 0, 1);
    double *parts = probe_output_doubles(2);
    probe_freeze();
    int rows = bias_variance_out_of_bag(parts, predicted, times, y, 3, 2);
    emit_exact("rows", &rows, 1);
    emit("bias with noise, and variance", parts, 2);
}

PROBE(bias_variance_out_of_bag, awkward_sizes)
{
    int     R = probe_pick(1, 2, 3, 10, 30), N = probe_pick(1, 2, 9, 30), most = probe_pick(1, 3);
    double *predicted = probe_doubles(R * N), *y = probe_doubles(N), *parts = probe_output_doubles(2);
    int    *times = probe_ints(R * N, 0, most);
    for (int i = 0; i < R * N; i++) predicted[i] = probe_real(-2, 2);
    for (int n = 0; n < N; n++) y[n] = probe_real(-3, 3);
    probe_freeze();
    int rows = bias_variance_out_of_bag(parts, predicted, times, y, R, N);
    probe_terms(R * R * N);
    probe_scale(25);
    emit_exact("rows", &rows, 1);
    emit("bias with noise, and variance", parts, 2);
}

PROBE(bias_variance_out_of_bag, all_seen)
{
    double *predicted = probe_given_doubles(1, 2, 3, 4), *y = probe_given_doubles(1, 1);
    double *parts = probe_output_doubles(2);
    int    *times = probe_given_ints(1, 2, 1, 1);
    probe_freeze();
    int rows = bias_variance_out_of_bag(parts, predicted, times, y, 2, 2);
    emit_exact("rows", &rows, 1);
    emit("bias with noise, and variance", parts, 2);
}

/* ---- step bias_variance_extrapolate ------------------------------------------------------------------------------ */

static void extrapolate(const double *error, const int *size, int K)
{
    double *fit = probe_output_doubles(2);
    int     least = size[0];
    for (int k = 0; k < K; k++) least = size[k] < least ? size[k] : least;
    probe_freeze();
    bias_variance_extrapolate(fit, error, size, K);
    probe_terms(K * K);
    probe_scale(32);                                    /* errors up to 4; sizes differ by twice at least */
    emit("limit", fit, 1);
    probe_scale(32.0 * least);
    emit("slope", fit + 1, 1);
}

PROBE(bias_variance_extrapolate, by_pencil)
{
    extrapolate(probe_given_doubles(3, 2, 1.5), probe_given_ints(10, 20, 40), 3);
}

PROBE(bias_variance_extrapolate, awkward_sizes)
{
    int     K = probe_pick(2, 3, 7, 20), *size = probe_ints(K, 0, 0);
    double *error = probe_doubles(K);
    for (int k = 0, s = probe_int(3, 50); k < K; k++) {
        size[k] = s, s += k < 4 ? s + probe_int(0, 30) : probe_int(1, 30);
        error[k] = probe_real(0.5, 4);
    }
    extrapolate(error, size, K);
}

/* ---- step bias_variance_stop ------------------------------------------------------------------------------------- */

static void stop(const double *validation, int N, int patience, double least)
{
    int ended = -9, best;
    probe_freeze();
    best = bias_variance_stop(&ended, validation, N, patience, least);
    emit_exact("best", &best, 1);
    emit_exact("ended", &ended, 1);
}

PROBE(bias_variance_stop, by_pencil)
{
    stop(probe_given_doubles(9, 7, 6, 6.5, 5.9, 6.1, 6.2, 6.3, 5), 9, 3, 0.2);
}

PROBE(bias_variance_stop, any_curve)                    /* down, with noise, and up again or not */
{
    int     N = probe_pick(1, 2, 10, 60), turn = probe_int(0, N), patience = probe_pick(1, 2, 5, 100);
    double *v = probe_doubles(N), least = probe_pick(0, 1, 20) / 100.0;
    for (int n = 0; n < N; n++) v[n] = 1 + 4 * abs(n - turn) / N + probe_real(-0.5, 0.5);
    stop(v, N, patience, least);
}

PROBE(bias_variance_stop, not_a_number)
{
    int     N = 12, patience = probe_pick(1, 2, 4, 20), from = probe_pick(0, 3, 6), to = probe_pick(6, 9, 12);
    double *v = probe_doubles(N);
    for (int n = 0; n < N; n++) v[n] = n >= from && n < to ? NAN : 5 - 0.25 * n;
    stop(v, N, patience, 0);
}

/* ---- step bias_variance_diagnose --------------------------------------------------------------------------------- */

static void diagnose(const double *train, const double *validation, int N, double target, double tolerance)
{
    Run run = { train, validation, N, target, tolerance };
    probe_freeze();
    int found = bias_variance_diagnose(&run);
    emit_exact("diagnosis", &found, 1);
}

/* A run that ends at train and validation, having come down from 8, or still on its way. */
static void run_that(double train, double validation, double slope, double rise, int N)
{
    double *t = probe_doubles(N), *v = probe_doubles(N), noise = 0.01;
    for (int n = 0; n < N; n++) {
        double left = exp(-20.0 * n / N), still = slope * (N - 1 - n) / N;
        double up = rise * fmax(0, 2.0 * n / N - 1);
        t[n] = train + (8 - train) * left + still + probe_real(-noise, noise);
        v[n] = validation - rise + (8 - validation) * left + still + up + probe_real(-noise, noise);
    }
    diagnose(t, v, N, 1, 0.2);
}

PROBE(bias_variance_diagnose, by_pencil)
{
    diagnose(probe_given_doubles(5, 3, 2, 1, 1, 1, 1, 1), probe_given_doubles(6, 4, 2.5, 2, 2, 2.5, 3, 3), 8, 1, 0.5);
}

PROBE(bias_variance_diagnose, four_cases)               /* with what a run says, and N of all sizes */
{
    int    N = probe_pick(8, 9, 31, 100);
    double bias = probe_pick(0, 1, 0, 1), gap = probe_pick(0, 0, 1, 1);
    run_that(1 + bias, 1 + bias + gap, 0, 0, N);
}

PROBE(bias_variance_diagnose, not_at_its_end)
{
    run_that(1 + probe_pick(0, 1), 2, probe_pick(0, 2, 4), 0, probe_pick(20, 64, 99));
}

PROBE(bias_variance_diagnose, one_curve_alone_still_falls)
{
    int     N = probe_pick(16, 40), which = probe_pick(0, 1);
    double *t = probe_doubles(N), *v = probe_doubles(N);
    for (int n = 0; n < N; n++) {
        double falls = 4.0 * (N - n) / N, flat = probe_real(-0.01, 0.01);
        t[n] = 1 + (which ? flat : falls), v[n] = 2 + (which ? falls : flat);
    }
    diagnose(t, v, N, 1, 0.2);
}

PROBE(bias_variance_diagnose, too_late) { run_that(1, 2.2, 0, probe_pick(0, 1), probe_pick(16, 40)); }

PROBE(bias_variance_diagnose, too_good) { run_that(probe_pick(1, 2), probe_pick(0, 1, 0), 0, 0, probe_pick(16, 40)); }

PROBE(bias_variance_diagnose, below_the_noise)          /* training error alone may be: that is variance */
{
    run_that(0, probe_pick(0, 1, 2), 0, 0, probe_pick(12, 40));
}

PROBE(bias_variance_diagnose, short_runs)               /* one epoch is a quarter; SHORT cannot be said */
{
    int     N = probe_pick(1, 2, 3, 5, 7);
    double *t = probe_doubles(N), *v = probe_doubles(N);
    for (int n = 0; n < N; n++) t[n] = probe_real(0, 3), v[n] = probe_real(0, 3);
    diagnose(t, v, N, 1, 0.2);
}

PROBE(bias_variance_diagnose, broken)
{
    int     N = 20, at = probe_pick(3, 16, 19), which = probe_pick(0, 1, 2);
    double *t = probe_doubles(N), *v = probe_doubles(N), bad = probe_pick(0, 1) ? NAN : INFINITY;
    for (int n = 0; n < N; n++) t[n] = 1 + probe_real(-0.01, 0.01), v[n] = 1.1 + probe_real(-0.01, 0.01);
    if (which != 1) t[at] = bad;
    if (which != 0) v[at] = bad;
    diagnose(t, v, N, 1, 0.2);
}

/* ---- steps bias_variance_advise, bias_variance_movement ---------------------------------------------------------- */

PROBE(bias_variance_advise, by_pencil)
{
    int todo[] = { bias_variance_advise(BIAS), bias_variance_advise(VARIANCE), bias_variance_advise(BIAS | VARIANCE),
                   bias_variance_advise(0) };
    emit_exact("advice", todo, 4);
}

PROBE(bias_variance_advise, each_of_64)
{
    int todo[64];
    for (int d = 0; d < 64; d++) todo[d] = bias_variance_advise(d);
    emit_exact("advice", todo, 64);
}

PROBE(bias_variance_movement, by_pencil)
{
    int sign[2] = { 9, 9 };
    bias_variance_movement(sign, BIGGER);
    emit_exact("BIGGER", sign, 2);
}

PROBE(bias_variance_movement, each)
{
    int sign[6][2];
    for (int i = 0; i < 6; i++) sign[i][0] = sign[i][1] = 9, bias_variance_movement(sign[i], 1 << i);
    emit_exact("sign", sign[0], 6, 2);
}

/* ---- Oracles ----------------------------------------------------------------------------------------------------- */

ORACLE(bias_variance_features, orthonormal)             /* by Simpson's rule over [-1, 1] */
{
    enum { N = 2001, D = 8 };
    static double x[N], X[N][D];
    for (int n = 0; n < N; n++) x[n] = -1 + 2.0 * n / (N - 1);
    bias_variance_features(X[0], x, N, D);
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int n = 0; n < N; n++)
                sum += X[n][i] * X[n][j] * (n == 0 || n == N - 1 ? 1 : n % 2 ? 4 : 2) / (3.0 * (N - 1));
            expect(fabs(sum - (i == j)) < 1e-6, "mean of %d times %d: %g", i, j, sum);
        }
}

ORACLE(bias_variance_features, known_values)            /* P_2(x) = (3x^2 - 1)/2, P_5 = (63x^5 - 70x^3 + 15x)/8 */
{
    double x = probe_real(-1, 1), X[6];
    bias_variance_features(X, &x, 1, 6);
    expect(fabs(X[2] - sqrt(5) * (3 * x * x - 1) / 2) < 1e-14, "P_2(%g): %g", x, X[2]);
    expect(fabs(X[5] - sqrt(11) * (63 * pow(x, 5) - 70 * pow(x, 3) + 15 * x) / 8) < 1e-13, "P_5(%g): %g", x, X[5]);
}

/* Normal predictions of known mean and variance: over many sets both parts come out right, whatever R. */
ORACLE(bias_variance_decompose, without_bias)
{
    enum { N = 40, SETS = 30 };
    int    R = probe_pick(2, 3, 8);
    double truth[N] = { 0 }, mean[2] = { 0 }, parts[2];
    for (int s = 0; s < SETS; s++) {
        const double *predicted = probe_normal_doubles(R * N, 1, 2);
        bias_variance_decompose(parts, predicted, truth, R, N);
        mean[0] += parts[0] / SETS, mean[1] += parts[1] / SETS;
    }
    expect(fabs(mean[0] - 1) < 0.8, "squared bias 1, got %g with %d models", mean[0], R);
    expect(fabs(mean[1] - 4) < 0.9, "variance 4, got %g with %d models", mean[1], R);
}

/* All models out of every bag: the same as with the truth. */
ORACLE(bias_variance_out_of_bag, unseen_by_all)
{
    int     R = probe_pick(2, 5), N = probe_pick(1, 8);
    double *predicted = probe_normal_doubles(R * N, 0, 1), *y = probe_normal_doubles(N, 0, 1), a[2], b[2];
    int     rows = bias_variance_out_of_bag(a, predicted, probe_ints(R * N, 0, 0), y, R, N);
    bias_variance_decompose(b, predicted, y, R, N);
    expect(rows == N && fabs(a[0] - b[0]) < 1e-13 && fabs(a[1] - b[1]) < 1e-13, "%g %g, and %g %g", a[0], a[1], b[0],
           b[1]);
}

ORACLE(bias_variance_extrapolate, what_it_was_made_of)
{
    int    size[5] = { 10, 25, 40, 100, 1000 };
    double limit = probe_real(0, 2), slope = probe_real(-5, 50), error[5], fit[2];
    for (int k = 0; k < 5; k++) error[k] = limit + slope / size[k];
    bias_variance_extrapolate(fit, error, size, 5);
    expect(fabs(fit[0] - limit) < 1e-12 && fabs(fit[1] - slope) < 1e-10, "%g + %g / n, got %g + %g / n", limit, slope,
           fit[0], fit[1]);
}

ORACLE(bias_variance_stop, by_hand)
{
    static const double v[] = { 9, 7, 6, 6.5, 5.9, 6.1, 6.2, 6.3, 5 };
    int ended, best = bias_variance_stop(&ended, v, 9, 3, 0.2);
    expect(best == 2 && ended == 5, "5.9 is no better than 6 by more than 0.2: best %d, ended %d", best, ended);
    best = bias_variance_stop(&ended, v, 9, 3, 0);
    expect(best == 4 && ended == 7, "best %d, ended %d", best, ended);
    best = bias_variance_stop(&ended, v, 9, 4, 0);
    expect(best == 8 && ended == 8, "best %d, ended %d", best, ended);
}

/* The header's table, as numbers. */
ORACLE(bias_variance_diagnose, the_four_cases)
{
    double low[16], middle[16], high[16], nan[16];
    for (int n = 0; n < 16; n++) low[n] = 1, middle[n] = 2, high[n] = 3, nan[n] = n == 15 ? NAN : 1;
    const struct { const double *t, *v; int want; } all[] = {
        { low, low, 0 }, { low, middle, VARIANCE }, { middle, middle, BIAS }, { middle, high, BIAS | VARIANCE },
        { middle, low, BIAS | SUSPECT }, { nan, low, BROKEN }, { low, nan, BROKEN },
    };
    for (int i = 0; i < 7; i++) {
        int got = bias_variance_diagnose(&(Run){ all[i].t, all[i].v, 16, 1, 0.1 });
        expect(got == all[i].want, "case %d: %d, want %d", i, got, all[i].want);
    }
}

/* The fit: no other w near it is better, and with more columns than rows it goes through every point. */
ORACLE(bias_variance_advise, the_fit_that_is_given)
{
    int     N = probe_pick(4, 10, 25), D = probe_pick(2, 6, 40), M = N < D ? N : D;
    double *X = probe_normal_doubles(N * D, 0, 1), *y = probe_normal_doubles(N, 0, 1), lambda = probe_pick(0, 1) * 0.1;
    double *w = probe_output_doubles(D), *room = probe_output_doubles(M * M + M), most = 0;
    bias_variance_fit(w, room, X, y, lambda, N, D);
    for (int d = 0; d < D; d++) {                       /* the gradient */
        double g = lambda * w[d];
        for (int n = 0; n < N; n++) {
            double r = -y[n];
            for (int k = 0; k < D; k++) r += X[n * D + k] * w[k];
            g += X[n * D + d] * r / N;
        }
        most = fmax(most, fabs(g));
    }
    expect(most < 1e-6, "gradient %g", most);
}
