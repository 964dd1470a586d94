/* test_tensor_clinic.c -- the probes that grade tensor_clinic.c, and the oracles that prove it right. */
#include <math.h>
#include "probe.h"
#include "tensor_clinic.h"

/* ---- step tensor_clinic_shape ------------------------------------------------------------------------------------ */

static void emit_shape(const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    float *y = probe_output(N * OUT);
    double most = 0;
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            double size = fabs((double)b[o]);
            for (int i = 0; i < IN; i++) size += fabs((double)x[n * IN + i] * w[o * IN + i]);
            most = fmax(most, size);
        }
    probe_freeze();
    tensor_clinic_shape(y, x, w, b, N, IN, OUT);
    probe_terms(IN + 1), probe_scale(most);
    emit("y", y, N, OUT);
}

PROBE(tensor_clinic_shape, by_pencil)
{
    emit_shape(probe_given(1, 2, 3), probe_given(1, 0, 0, 0, 1, 1), probe_given(10, 20), 1, 3, 2);
}

PROBE(tensor_clinic_shape, squares_too)                 /* where a mistake of shape has no wrong shape */
{
    int N = probe_pick(1, 5), C = probe_pick(2, 7, 3);
    emit_shape(probe_normal(N * C, 0, 1), probe_normal(C * C, 0, 1), probe_normal(C, 0, 1), N, C, C);
}

PROBE(tensor_clinic_shape, awkward_sizes)
{
    int N = probe_pick(1, 3, 9), IN = probe_pick(2, 1, 33), OUT = probe_pick(5, 3, 1, 4);
    emit_shape(probe_normal(N * IN, 0, 1), probe_normal(OUT * IN, 0, 1), probe_normal(OUT, 0, 1), N, IN, OUT);
}

/* ---- step tensor_clinic_dtype ------------------------------------------------------------------------------------ */

static void emit_dtype(const float *x, const int *label, int N, int C)
{
    float *dx = probe_output(N * C);
    double most = log(C);
    for (int i = 0; i < N * C; i++) most = fmax(most, fabs((double)x[i]) + log(C));
    probe_freeze();
    float loss = tensor_clinic_dtype(dx, x, label, N, C);
    probe_terms(N + C), probe_scale(most);
    emit("loss", &loss, 1);
    probe_scale(1.0 / N);
    emit("dx", dx, N, C);
}

PROBE(tensor_clinic_dtype, by_pencil) { emit_dtype(probe_given(0, 0, 0, 0), probe_given_ints(0, 1), 2, 2); }

PROBE(tensor_clinic_dtype, awkward_sizes)
{
    int N = probe_pick(2, 1, 7, 33), C = probe_pick(10, 2, 5);
    emit_dtype(probe_normal(N * C, 0, 2), probe_ints(N, 0, C - 1), N, C);
}

/* ---- step tensor_clinic_device ----------------------------------------------------------------------------------- */

static void emit_device(const float *x, const float *scale, int N, int C)
{
    float *y = probe_output(N * C);
    probe_freeze();
    tensor_clinic_device(y, x, scale, N, C);
    emit("y", y, N, C);
}

PROBE(tensor_clinic_device, by_pencil) { emit_device(probe_given(1, 2, 3, 4), probe_given(10, -1), 2, 2); }

PROBE(tensor_clinic_device, awkward_sizes)
{
    int N = probe_pick(3, 1, 7), C = probe_pick(5, 2, 33);
    emit_device(probe_normal(N * C, 0, 1), probe_normal(C, 0, 1), N, C);
}

/* ---- step tensor_clinic_stride ----------------------------------------------------------------------------------- */

static void emit_stride(const float *x, int N, int C)
{
    float *y = probe_output(N * C);
    probe_freeze();
    tensor_clinic_stride(y, x, N, C);
    emit("y", y, C, N);
}

PROBE(tensor_clinic_stride, by_pencil) { emit_stride(probe_given(0, 1, 2, 3, 4, 5), 2, 3); }

PROBE(tensor_clinic_stride, awkward_sizes)
{
    int N = probe_pick(3, 2, 7), C = probe_pick(5, 2, 33, 3);
    emit_stride(probe_normal(N * C, 0, 1), N, C);
}

/* ---- step tensor_clinic_alias ------------------------------------------------------------------------------------ */

static void emit_alias(const float *x, int N)
{
    float *y = probe_output(N), *dx = probe_output(N);
    probe_freeze();
    tensor_clinic_alias(y, dx, x, N);
    probe_terms(4);
    emit("y", y, N);
    probe_terms(4), probe_scale(2);
    emit("dx", dx, N);
}

PROBE(tensor_clinic_alias, by_pencil) { emit_alias(probe_given(0, 1), 2); }
PROBE(tensor_clinic_alias, awkward_sizes)
{
    int N = probe_pick(1, 7, 129);
    emit_alias(probe_normal(N, 0, 1), N);
}

/* ---- step tensor_clinic_lifetime --------------------------------------------------------------------------------- */

static void emit_lifetime(const float *x, int N)
{
    float *dx = probe_output(N);
    probe_freeze();
    float mean = tensor_clinic_lifetime(dx, x, N);
    probe_terms(N);
    emit("mean", &mean, 1);
    probe_terms(4), probe_scale(2.0 / N);               /* 1 - h rounds as h does, however small it is */
    emit("dx", dx, N);
}

PROBE(tensor_clinic_lifetime, by_pencil) { emit_lifetime(probe_given(0, 0), 2); }
PROBE(tensor_clinic_lifetime, awkward_sizes)
{
    int N = probe_pick(1, 7, 129);
    emit_lifetime(probe_normal(N, 0, 2), N);
}

/* ---- step tensor_clinic_axis ------------------------------------------------------------------------------------- */

static void emit_axis(const float *x, int N, int C)
{
    float *y = probe_output(N * C);
    double most = 0;
    for (int i = 0; i < N * C; i++) most = fmax(most, fabs((double)x[i]));
    probe_freeze();
    tensor_clinic_axis(y, x, N, C);
    probe_scale(2 * most);
    emit("y", y, N, C);
}

PROBE(tensor_clinic_axis, by_pencil) { emit_axis(probe_given(1, 2, 3, 4, 6, 8), 2, 3); }
PROBE(tensor_clinic_axis, squares)                      /* (N,C) minus (N) has a meaning there, and a wrong one */
{
    int C = probe_pick(2, 3, 7);
    emit_axis(probe_normal(C * C, 1, 2), C, C);
}
PROBE(tensor_clinic_axis, awkward_sizes)
{
    int N = probe_pick(3, 1, 7), C = probe_pick(5, 2, 33);
    emit_axis(probe_normal(N * C, 1, 2), N, C);
}

/* ---- step tensor_clinic_reset ------------------------------------------------------------------------------------ */

/* What is rounded: terms of the slope, however much of them cancels, and squares of what is off, before it falls. */
static void emit_reset(const float *x, const float *y, float rate, int steps, int N, int D)
{
    float *w = probe_output(D), *loss = probe_output(steps);
    double most = 0, square = 0;
    for (int n = 0; n < N; n++) square += (double)y[n] * y[n] / N;
    for (int d = 0; d < D; d++) {
        double slope = 0;
        for (int n = 0; n < N; n++) slope += 2 * fabs((double)x[n * D + d] * y[n]) / N;
        most = fmax(most, rate * steps * slope);
    }
    probe_freeze();
    tensor_clinic_reset(w, loss, x, y, rate, steps, N, D);
    probe_terms(N * D * steps), probe_scale(most);
    emit("w", w, D);
    probe_terms(N * D * steps), probe_scale(square);
    emit("loss", loss, steps);
}

PROBE(tensor_clinic_reset, by_pencil) { emit_reset(probe_given(1, 2), probe_given(1, 2), .1f, 2, 2, 1); }

PROBE(tensor_clinic_reset, three_steps)
{
    int N = probe_pick(3, 1, 9), D = probe_pick(1, 2, 4);
    emit_reset(probe_normal(N * D, 0, 1), probe_normal(N, 0, 1), .05f, 3, N, D);
}

PROBE(tensor_clinic_reset, one_step_and_many)
{
    int N = probe_pick(5, 9), D = probe_pick(3, 2);
    emit_reset(probe_uniform(N * D, -1, 1), probe_normal(N, 0, 1), .05f, probe_pick(1, 12), N, D);
}

/* ---- oracles: plain loops in double ------------------------------------------------------------------------------ */

static void close_to(const char *what, int i, double got, double want, double within)
{
    expect(fabs(got - want) <= within, "%s[%d]: got %.8g, want %.8g", what, i, got, want);
}

ORACLE(tensor_clinic_shape, in_double)
{
    int    N = probe_pick(1, 3, 9), IN = probe_pick(2, 1, 33), OUT = probe_pick(5, 2, 1);
    float *x = probe_normal(N * IN, 0, 1), *w = probe_normal(OUT * IN, 0, 1), *b = probe_normal(OUT, 0, 1);
    float *y = probe_output(N * OUT);
    tensor_clinic_shape(y, x, w, b, N, IN, OUT);
    for (int i = 0; i < N * OUT; i++) {
        double sum = b[i % OUT];
        for (int k = 0; k < IN; k++) sum += (double)x[i / OUT * IN + k] * w[i % OUT * IN + k];
        close_to("y", i, y[i], sum, 3e-5);
    }
}

ORACLE(tensor_clinic_dtype, in_double)
{
    int    N = probe_pick(1, 7), C = probe_pick(2, 10), *label = probe_ints(N, 0, C - 1);
    float *x = probe_normal(N * C, 0, 2), *dx = probe_output(N * C);
    double want = 0;
    float  loss = tensor_clinic_dtype(dx, x, label, N, C);
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += exp((double)x[n * C + c]);
        want += (log(sum) - x[n * C + label[n]]) / N;
        for (int c = 0; c < C; c++)
            close_to("dx", n * C + c, dx[n * C + c], (exp((double)x[n * C + c]) / sum - (c == label[n])) / N, 1e-6);
    }
    close_to("loss", 0, loss, want, 1e-5);
}

ORACLE(tensor_clinic_device, product)
{
    int    N = probe_pick(1, 7), C = probe_pick(2, 10);
    float *x = probe_normal(N * C, 0, 2), *scale = probe_normal(C, 0, 1), *y = probe_output(N * C);
    tensor_clinic_device(y, x, scale, N, C);
    for (int i = 0; i < N * C; i++) close_to("y", i, y[i], x[i] * scale[i % C], 0);
}

ORACLE(tensor_clinic_stride, index_by_index)
{
    int    N = probe_pick(1, 7), C = probe_pick(2, 10);
    float *x = probe_normal(N * C, 0, 1), *y = probe_output(N * C);
    tensor_clinic_stride(y, x, N, C);
    for (int i = 0; i < N * C; i++) close_to("y", i % C * N + i / C, y[i % C * N + i / C], exp((double)x[i]), 1e-4);
}

ORACLE(tensor_clinic_alias, formula)
{
    int    N = probe_pick(1, 9);
    float *x = probe_normal(N, 0, 1), *y = probe_output(N), *dx = probe_output(N);
    tensor_clinic_alias(y, dx, x, N);
    for (int i = 0; i < N; i++) {
        double h = tanh((double)x[i]);
        close_to("y", i, y[i], h + x[i], 1e-6), close_to("dx", i, dx[i], 2 - h * h, 1e-6);
    }
}

ORACLE(tensor_clinic_lifetime, formula)
{
    int    N = probe_pick(1, 9);
    float *x = probe_normal(N, 0, 1), *dx = probe_output(N), mean = tensor_clinic_lifetime(dx, x, N);
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double h = 1 / (1 + exp(-(double)x[i]));
        sum += h / N;
        close_to("dx", i, dx[i], 2 * h * h * (1 - h) / N, 1e-6);
    }
    close_to("mean", 0, mean, sum, 1e-6);
}

ORACLE(tensor_clinic_axis, rows_sum_to_nothing)
{
    int    N = probe_pick(1, 7), C = probe_pick(2, 10);
    float *x = probe_normal(N * C, 0, 2), *y = probe_output(N * C);
    tensor_clinic_axis(y, x, N, C);
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int c = 0; c < C; c++) {
            sum += y[n * C + c];
            close_to("y", c, y[n * C + c] - y[n * C], x[n * C + c] - x[n * C], 2e-6);
        }
        close_to("row", n, sum, 0, 1e-5);
    }
}

ORACLE(tensor_clinic_reset, in_double)
{
    int    N = probe_pick(5, 9), D = probe_pick(3, 2), steps = 7;
    float *x = probe_normal(N * D, 0, 1), *y = probe_normal(N, 0, 1), w[3], loss[7];
    double v[3] = { 0 };
    tensor_clinic_reset(w, loss, x, y, .05f, steps, N, D);
    for (int s = 0; s < steps; s++) {
        double g[3] = { 0 }, sum = 0;
        for (int n = 0; n < N; n++) {
            double off = -y[n];
            for (int d = 0; d < D; d++) off += x[n * D + d] * v[d];
            sum += off * off / N;
            for (int d = 0; d < D; d++) g[d] += 2 * off * x[n * D + d] / N;
        }
        close_to("loss", s, loss[s], sum, 1e-4 * (1 + sum));
        for (int d = 0; d < D; d++) v[d] -= .05 * g[d];
    }
    for (int d = 0; d < D; d++) close_to("w", d, w[d], v[d], 1e-4);
}
