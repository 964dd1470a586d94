/* test_logistic_regression.c -- the probes that grade logistic_regression.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include "probe.h"
#include "logistic_regression.h"

enum { MAX_N = 65, MAX_D = 9, MAX_C = 7, STEPS = 30 };

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

/* Columns within -2 .. 2; the first is all ones where it is not penalised. weights: of classes, or none. */
static LogisticData some_data(int N, int D, int C, double lambda)
{
    double *X = probe_uniform_doubles(N * D, -2, 2);
    bool    ones = probe_int(0, 1);
    for (int n = 0; n < N && ones; n++) X[n * D] = 1;
    return (LogisticData){ .X = X, .y = probe_ints(N, 0, C - 1), .lambda = lambda, .free = ones, .N = N, .D = D,
                           .weight = probe_int(0, 1) ? probe_uniform_doubles(C, 0.2, 3) : NULL };
}

static LogisticData any_data(int C)
{
    int N = probe_pick(1, 2, 7, 33, 65), D = probe_pick(1, 2, 5, 9);
    return some_data(N, D, C, probe_pick(0, 1, 2) * 0.3);
}

/* The lesson's four samples: x = 0, 1, 2, 3 behind a column of ones, classes 0 1 0 1. */
static LogisticData pencil(int a, int b, int c, int d)
{
    return (LogisticData){ .X = probe_given_doubles(1, 0, 1, 1, 1, 2, 1, 3), .y = probe_given_ints(a, b, c, d),
                           .free = 1, .N = 4, .D = 2 };
}

/* ---- step logistic_regression_point ------------------------------------------------------------------------------ */

static void emit_points(const double *z, int n)
{
    double *p = probe_output_doubles(n), loss[16];
    int     y[16];
    for (int i = 0; i < n; i++) y[i] = i % 2;
    probe_freeze();
    for (int i = 0; i < n; i++) loss[i] = logistic_regression_point(p + i, z[i], y[i]);
    emit("p", p, n);
    emit("loss", loss, n);
}

PROBE(logistic_regression_point, by_pencil) { emit_points(probe_given_doubles(0, 0, 1, 1, -1, -1), 6); }

PROBE(logistic_regression_point, any_score) { emit_points(probe_uniform_doubles(16, -30, 30), 16); }

/* Each by itself: beside a large loss a tiny one says nothing. */
PROBE(logistic_regression_point, scores_of_any_size)
{
    double z = probe_pick(40, 100, 700, 800, 10000), p;
    double loss = logistic_regression_point(&p, z, 1);
    emit("loss_right", &loss, 1);
    loss = logistic_regression_point(&p, -z, 1);
    emit("loss_wrong", &loss, 1);
    emit("p_small", &p, 1);
    loss = logistic_regression_point(&p, z, 0);
    emit("loss_of_0", &loss, 1);
    emit("p_large", &p, 1);
    loss = logistic_regression_point(&p, -INFINITY, 0);
    emit("loss_at_infinity", &loss, 1);
    emit("p_at_infinity", &p, 1);
}

/* ---- step logistic_regression_loss ------------------------------------------------------------------------------- */

static void emit_loss_of(const LogisticData *data, const double *w)
{
    double *dw = probe_output_doubles(data->D), size = 4 * data->D * (1 + probe_largest(w, data->D));
    probe_freeze();
    double loss = logistic_regression_loss(dw, data, w);
    probe_terms(data->N * data->D);
    probe_scale(data->weight ? 3 * size : size);
    emit("loss", &loss, 1);
    emit("dw", dw, data->D);
}

PROBE(logistic_regression_loss, by_pencil)
{
    LogisticData data = pencil(0, 1, 0, 1);
    emit_loss_of(&data, probe_given_doubles(0, 0));
}

PROBE(logistic_regression_loss, penalised)              /* one sample that is all 0: only the penalty moves */
{
    LogisticData data = { .X = probe_given_doubles(0, 0, 0), .y = probe_given_ints(1), .lambda = 0.5,
                          .free = probe_pick(0, 1), .N = 1, .D = 3 };
    emit_loss_of(&data, probe_given_doubles(2, 4, -2));
}

PROBE(logistic_regression_loss, awkward_sizes)
{
    LogisticData data = any_data(2);
    emit_loss_of(&data, probe_uniform_doubles(data.D, -1, 1));
}

PROBE(logistic_regression_loss, scores_of_any_size)
{
    LogisticData data = any_data(2);
    emit_loss_of(&data, probe_uniform_doubles(data.D, -1000, 1000));
}

/* ---- step logistic_regression_hessian ---------------------------------------------------------------------------- */

static void emit_hessian(const LogisticData *data, const double *w)
{
    int     D = data->D;
    double *H = probe_output_doubles(D * D);
    probe_freeze();
    logistic_regression_hessian(H, data, w);
    probe_terms(data->N + D);
    probe_scale(3 + 4 * D * probe_largest(w, D));
    emit("H", H, D, D);
}

PROBE(logistic_regression_hessian, by_pencil)
{
    LogisticData data = pencil(0, 1, 0, 1);
    emit_hessian(&data, probe_given_doubles(0, 0));
}

PROBE(logistic_regression_hessian, awkward_sizes)
{
    LogisticData data = any_data(2);
    emit_hessian(&data, probe_uniform_doubles(data.D, -1, 1));
}

/* ---- step logistic_regression_newton ----------------------------------------------------------------------------- */

/* At a tolerance of 1e-6 what is left of the way is far above what rounding could turn round: steps are countable. */
static void emit_newton(const LogisticData *data, const double *from, double tolerance, int most)
{
    int     D = data->D;
    double *w = probe_inout_copy(D, from);
    double *loss = probe_output_doubles(STEPS), *work = probe_output_doubles((D + 3) * D);
    double  size = 1 + probe_largest(w, D);
    probe_freeze();
    int steps = logistic_regression_newton(w, loss, work, data, tolerance, most);
    emit_exact("steps", &steps, 1);
    probe_terms(data->N * D);
    probe_scale(100 * size * D);
    emit("loss", loss, steps < most ? steps + 1 : steps);
    probe_scale(1000 * size * D / fmax(data->lambda, 0.1));
    emit("w", w, D);
}

PROBE(logistic_regression_newton, by_pencil)            /* one whole step */
{
    LogisticData data = pencil(0, 1, 0, 1);
    emit_newton(&data, (double[]){ 0, 0 }, 1e-6, 1);
}

PROBE(logistic_regression_newton, to_the_end)
{
    LogisticData data = some_data(probe_pick(7, 33, 65), probe_pick(1, 2, 5, 9), 2, probe_pick(1, 3, 10) * 0.1);
    data.free = 0;
    emit_newton(&data, probe_uniform_doubles(data.D, -0.5, 0.5), 1e-6, STEPS);
}

/* One column; from far out a whole step leaps over the bottom, and must be halved, several times. */
PROBE(logistic_regression_newton, from_far_out)
{
    int     N = probe_pick(4, 7, 12);
    double *X = probe_uniform_doubles(N, 0.5, 1);
    int    *y = probe_ints(N, 0, 1);
    LogisticData data = { .X = X, .y = y, .lambda = 0.01, .N = N, .D = 1 };
    double      *w = probe_inout_copy(1, (double[]){ probe_pick(4, 5, 6) * (probe_int(0, 1) ? 1 : -1) });
    double      *loss = probe_output_doubles(2), *work = probe_output_doubles(4);
    probe_freeze();
    int steps = logistic_regression_newton(w, loss, work, &data, 1e-6, probe_pick(1, 2));
    emit_exact("steps", &steps, 1);
    probe_scale(1e5);                                   /* each leap makes what was rounded before it larger */
    emit("loss", loss, steps);
    emit("w", w, 1);
}

/* Classes apart, no penalty: w grows, step after step, and only the number of steps ends it. */
PROBE(logistic_regression_newton, separated)
{
    LogisticData data = pencil(0, 0, 1, 1);
    emit_newton(&data, (double[]){ 0, 0 }, 0, probe_pick(1, 3, 6));
}

/* ---- step logistic_regression_sgd -------------------------------------------------------------------------------- */

static void emit_sgd(const LogisticData *data, const int *order, const double *from, int batch, double rate)
{
    int     D = data->D;
    double *w = probe_inout_copy(D, from);
    double *dw = probe_output_doubles(D), size = 1 + probe_largest(w, D);
    probe_freeze();
    logistic_regression_sgd(w, dw, data, order, batch, rate);
    probe_terms(data->N * D);
    probe_scale(100 * size * data->N);
    emit("w", w, D);
}

PROBE(logistic_regression_sgd, by_pencil)               /* two batches of two, rate 1 */
{
    LogisticData data = pencil(0, 1, 0, 1);
    emit_sgd(&data, probe_given_ints(0, 1, 2, 3), (double[]){ 0, 0 }, 2, 1);
}

PROBE(logistic_regression_sgd, awkward_sizes)
{
    LogisticData data = any_data(2);
    int          batch = probe_int(1, data.N);
    emit_sgd(&data, probe_permutation(data.N), probe_uniform_doubles(data.D, -1, 1), batch, probe_real(0.01, 0.2));
}

PROBE(logistic_regression_sgd, one_by_one)
{
    LogisticData data = some_data(probe_pick(3, 9, 20), probe_pick(1, 2, 5), 2, 0.1);
    emit_sgd(&data, probe_permutation(data.N), probe_uniform_doubles(data.D, -1, 1), 1, 0.1);
}

/* ---- step logistic_regression_margin ----------------------------------------------------------------------------- */

static void emit_margin(const LogisticData *data, const double *w)
{
    probe_freeze();
    double margin = logistic_regression_margin(data, w);
    probe_terms(data->D);
    probe_scale(2 * data->D * probe_largest(w, data->D));
    emit("margin", &margin, 1);
}

PROBE(logistic_regression_margin, by_pencil)            /* apart */
{
    LogisticData data = pencil(0, 0, 1, 1);
    emit_margin(&data, probe_given_doubles(-3, 2));
}

PROBE(logistic_regression_margin, awkward_sizes)
{
    LogisticData data = any_data(2);
    emit_margin(&data, probe_uniform_doubles(data.D, -2, 2));
}

/* ---- step logistic_regression_softmax_loss ----------------------------------------------------------------------- */

static void emit_softmax(const LogisticData *data, const double *W, int C)
{
    int     N = data->N, D = data->D;
    double *dW = probe_output_doubles(C * D), *P = probe_output_doubles(N * C);
    double  size = (data->weight ? 12.0 : 4.0) * D * (1 + probe_largest(W, C * D));
    probe_freeze();
    double loss = logistic_regression_softmax_loss(dW, P, data, W, C);
    probe_terms(N * D + C);
    probe_scale(size);
    emit("loss", &loss, 1);
    emit("P", P, N, C);
    emit("dW", dW, C, D);
}

PROBE(logistic_regression_softmax_loss, by_pencil)      /* scores 0, log 2, 0: probabilities 1/4, 1/2, 1/4 */
{
    LogisticData data = { .X = probe_given_doubles(1), .y = probe_given_ints(1), .N = 1, .D = 1 };
    emit_softmax(&data, probe_given_doubles(0, 0.69314718055994531, 0), 3);
}

PROBE(logistic_regression_softmax_loss, awkward_sizes)
{
    int          C = probe_pick(1, 2, 3, 7);
    LogisticData data = any_data(C);
    emit_softmax(&data, probe_uniform_doubles(C * data.D, -1, 1), C);
}

PROBE(logistic_regression_softmax_loss, scores_of_any_size)
{
    int          C = probe_pick(2, 3, 7);
    LogisticData data = any_data(C);
    emit_softmax(&data, probe_uniform_doubles(C * data.D, -1000, 1000), C);
}

/* ---- step logistic_regression_softmax_product -------------------------------------------------------------------- */

/* Probabilities made here: rows that add up to 1. */
static double *some_shares(int N, int C)
{
    double *P = probe_uniform_doubles(N * C, 0.01, 1);
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += P[n * C + c];
        for (int c = 0; c < C; c++) P[n * C + c] /= sum;
    }
    return P;
}

static void emit_product(const LogisticData *data, const double *P, const double *V, int C)
{
    double *HV = probe_output_doubles(C * data->D);
    probe_freeze();
    logistic_regression_softmax_product(HV, data, P, V, C);
    probe_terms(data->N * data->D + C);
    probe_scale((data->weight ? 12.0 : 4.0) * data->D * probe_largest(V, C * data->D));
    emit("HV", HV, C, data->D);
}

PROBE(logistic_regression_softmax_product, by_pencil)
{
    LogisticData data = { .X = probe_given_doubles(1), .y = probe_given_ints(1), .N = 1, .D = 1 };
    emit_product(&data, probe_given_doubles(0.25, 0.5, 0.25), probe_given_doubles(1, 0, 0), 3);
}

PROBE(logistic_regression_softmax_product, awkward_sizes)
{
    int          C = probe_pick(1, 2, 3, 7);
    LogisticData data = any_data(C);
    emit_product(&data, some_shares(data.N, C), probe_uniform_doubles(C * data.D, -1, 1), C);
}

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

static void near(const char *what, double got, double want, double within)
{
    expect(fabs(got - want) <= within, "%s: got %.17g, want %.17g", what, got, want);
}

/* The pencil's samples, where oracles keep them. */
static const double PENCIL_X[] = { 1, 0, 1, 1, 1, 2, 1, 3 };
static const int    MIXED[] = { 0, 1, 0, 1 }, APART[] = { 0, 0, 1, 1 };
static LogisticData pencil_data(const int *y)
{
    return (LogisticData){ .X = PENCIL_X, .y = y, .free = 1, .N = 4, .D = 2 };
}

ORACLE(logistic_regression_balance, each_class_alike)
{
    static const int y[] = { 0, 2, 2, 2, 0, 2 };
    double           weight[3];
    logistic_regression_balance(weight, y, 6, 3);
    expect(weight[0] == 1 && weight[1] == 0 && weight[2] == 0.5, "%g %g %g", weight[0], weight[1], weight[2]);
}

ORACLE(logistic_regression_point, in_long_double)
{
    double      z = probe_real(-1, 1) * probe_pick(1, 30, 700, 11000), p;
    int         y = probe_int(0, 1);
    double      loss = logistic_regression_point(&p, z, y);
    long double want = 1 / (1 + expl(-(long double)z)), cost = log1pl(expl(y ? -(long double)z : z));
    expect(fabsl(p - want) <= 4e-16L * want + 1e-310L, "p(%g): got %.17g, want %.17Lg", z, p, want);
    expect(fabsl(loss - cost) <= 4e-16L * cost + 1e-310L, "loss(%g): got %.17g, want %.17Lg", z, loss, cost);
}

ORACLE(logistic_regression_loss, pencil)
{
    LogisticData data = pencil_data(MIXED);
    double       dw[2], w[] = { 0, 0 };
    near("loss", logistic_regression_loss(dw, &data, w), log(2), 1e-15);
    expect(dw[0] == 0 && dw[1] == -0.25, "gradient %g %g", dw[0], dw[1]);
}

ORACLE(logistic_regression_loss, brute_force_in_long_double)
{
    LogisticData data = any_data(2);
    int          D = data.D;
    double      *w = probe_uniform_doubles(D, -2, 2), dw[MAX_D], loss = logistic_regression_loss(dw, &data, w);
    long double  want = 0, slope[MAX_D] = { 0 };
    for (int n = 0; n < data.N; n++) {
        long double z = 0, weight = data.weight ? data.weight[data.y[n]] : 1;
        for (int d = 0; d < D; d++) z += (long double)data.X[n * D + d] * w[d];
        want -= weight * (data.y[n] ? -logl(1 + expl(-z)) : -logl(1 + expl(z))) / data.N;
        for (int d = 0; d < D; d++)
            slope[d] += weight * (1 / (1 + expl(-z)) - data.y[n]) * data.X[n * D + d] / data.N;
    }
    for (int d = data.free; d < D; d++)
        want += (long double)data.lambda / 2 * w[d] * w[d], slope[d] += (long double)data.lambda * w[d];
    near("loss", loss, (double)want, 1e-13 * (1 + fabs((double)want)));
    for (int d = 0; d < D; d++) near("slope", dw[d], (double)slope[d], 1e-13);
}

/* The gradient is the slope of the loss, the Hessian that of the gradient. */
ORACLE(logistic_regression_hessian, central_differences)
{
    LogisticData data = any_data(2);
    int          D = data.D;
    double      *w = probe_uniform_doubles(D, -1, 1), H[MAX_D * MAX_D], dw[MAX_D], up[MAX_D], down[MAX_D], h = 1e-4;
    logistic_regression_loss(dw, &data, w);
    logistic_regression_hessian(H, &data, w);
    for (int d = 0; d < D; d++) {
        double at = w[d], high, low;
        w[d] = at + h, high = logistic_regression_loss(up, &data, w);
        w[d] = at - h, low = logistic_regression_loss(down, &data, w);
        w[d] = at;
        near("dw", dw[d], (high - low) / (2 * h), 1e-6);
        for (int i = 0; i < D; i++) {
            near("H", H[i * D + d], (up[i] - down[i]) / (2 * h), 1e-6);
            expect(H[i * D + d] == H[d * D + i] || fabs(H[i * D + d] - H[d * D + i]) <= 1e-14, "not symmetric");
        }
    }
}

ORACLE(logistic_regression_newton, pencil)
{
    LogisticData data = pencil_data(MIXED);
    double       w[] = { 0, 0 }, loss[1], work[10];
    expect(logistic_regression_newton(w, loss, work, &data, 0, 1) == 1, "one step");
    near("w[0]", w[0], -1.2, 1e-14);
    near("w[1]", w[1], 0.8, 1e-14);
}

/* Where it ends there is no slope; no step has made the loss larger; and a look around finds nothing lower. */
ORACLE(logistic_regression_newton, ends_at_the_bottom)
{
    LogisticData data = some_data(probe_pick(7, 33, 65), probe_pick(1, 2, 5, 9), 2, probe_pick(1, 3, 10) * 0.1);
    int          D = data.D;
    data.free = 0;
    double *w = probe_uniform_doubles(D, -2, 2), loss[200], work[(MAX_D + 3) * MAX_D], dw[MAX_D];
    int     steps = logistic_regression_newton(w, loss, work, &data, 1e-9, 200);
    double  f = logistic_regression_loss(dw, &data, w);
    expect(steps < 200 && probe_largest(dw, D) <= 1e-9, "after %d steps the slope is %g", steps, probe_largest(dw, D));
    for (int i = 1; i <= steps; i++) expect(loss[i] <= loss[i - 1] * (1 + 1e-13), "step %d rose", i);
    for (int d = 0; d < D; d++) {
        double at = w[d];
        for (int side = -1; side <= 1; side += 2) {
            w[d] = at + side * 0.01;
            expect(logistic_regression_loss(dw, &data, w) > f, "lower beside w[%d]", d);
        }
        w[d] = at;
    }
}

/* With all N rows in one batch, an epoch is a step of gradient descent. */
ORACLE(logistic_regression_sgd, one_batch)
{
    LogisticData data = any_data(2);
    int          D = data.D;
    double      *w = probe_uniform_doubles(D, -1, 1), dw[MAX_D], want[MAX_D], work[MAX_D];
    logistic_regression_loss(dw, &data, w);
    for (int d = 0; d < D; d++) want[d] = w[d] - 0.3 * dw[d];
    logistic_regression_sgd(w, work, &data, probe_permutation(data.N), data.N, 0.3);
    for (int d = 0; d < D; d++) near("w", w[d], want[d], 1e-13);
}

/* Separable: twice the w halves what exp(-margin) bounds, for ever; with a penalty there is a bottom. */
ORACLE(logistic_regression_margin, without_a_bottom)
{
    LogisticData data = pencil_data(APART);
    double       w[] = { 0, 0 }, loss[STEPS], work[10], dw[2];
    expect(logistic_regression_newton(w, loss, work, &data, 0, 12) == 12, "it ended");
    double margin = logistic_regression_margin(&data, w), last = logistic_regression_loss(dw, &data, w);
    expect(margin > 8 && last < exp(-margin), "margin %g, loss %g", margin, last);
    for (int i = 1; i < 12; i++) expect(loss[i] < loss[i - 1], "step %d: the loss did not fall", i);
    data.lambda = 0.1, w[0] = w[1] = 0;
    expect(logistic_regression_newton(w, loss, work, &data, 1e-9, STEPS) < 12 && fabs(w[1]) < 3, "w[1] = %g", w[1]);
}

/* Two classes by softmax, with 0 for the first: the same loss. */
ORACLE(logistic_regression_softmax_loss, two_classes)
{
    LogisticData data = any_data(2);
    int          N = data.N, D = data.D;
    double      *W = probe_uniform_doubles(2 * D, -1, 1), dW[2 * MAX_D], P[2 * MAX_N], dw[MAX_D];
    for (int d = 0; d < D; d++) W[d] = 0;
    double got = logistic_regression_softmax_loss(dW, P, &data, W, 2),
           want = logistic_regression_loss(dw, &data, W + D);
    near("loss", got, want, 1e-13 * (1 + want));
    for (int d = 0; d < D; d++) near("slope", dW[D + d], dw[d], 1e-13);
    for (int n = 0; n < N; n++) near("sum", P[2 * n] + P[2 * n + 1], 1, 1e-15);
}

ORACLE(logistic_regression_softmax_product, central_differences)
{
    int          C = probe_pick(1, 2, 3, 7);
    LogisticData data = any_data(C);
    int          n = C * data.D;
    double *W = probe_uniform_doubles(n, -1, 1), *V = probe_uniform_doubles(n, -1, 1), HV[MAX_C * MAX_D],
           P[MAX_N * MAX_C], h = 1e-4;
    double       up[MAX_C * MAX_D], down[MAX_C * MAX_D], dW[MAX_C * MAX_D], high, low, along = 0;
    for (int i = 0; i < n; i++) W[i] += h * V[i];
    high = logistic_regression_softmax_loss(up, P, &data, W, C);
    for (int i = 0; i < n; i++) W[i] -= 2 * h * V[i];
    low = logistic_regression_softmax_loss(down, P, &data, W, C);
    for (int i = 0; i < n; i++) W[i] += h * V[i];
    logistic_regression_softmax_loss(dW, P, &data, W, C);
    logistic_regression_softmax_product(HV, &data, P, V, C);
    for (int i = 0; i < n; i++) along += dW[i] * V[i];
    near("slope along V", along, (high - low) / (2 * h), 1e-5);
    for (int i = 0; i < n; i++) near("HV", HV[i], (up[i] - down[i]) / (2 * h), 1e-5);
}

ORACLE(logistic_regression_softmax_fit, no_slope_is_left)
{
    int          C = probe_pick(2, 3, 7), N = probe_pick(9, 33, 65);
    LogisticData data = some_data(N, probe_pick(1, 2, 5), C, 0.1);
    int          n = C * data.D;
    double *W = probe_uniform_doubles(n, -1, 1), work[5 * MAX_C * MAX_D + MAX_N * MAX_C], dW[MAX_C * MAX_D],
           P[MAX_N * MAX_C];
    int          steps = logistic_regression_softmax_fit(W, work, &data, 1e-8, 50, C);
    logistic_regression_softmax_loss(dW, P, &data, W, C);
    expect(steps < 50 && probe_largest(dW, n) <= 1e-8, "after %d steps the slope is %g", steps, probe_largest(dW, n));
}
