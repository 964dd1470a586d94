/* main.c -- the eight programs of the clinic on real data, beside plain loops; and what a forgotten reset does. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "data.h"
#include "program.h"
#include "tensor_clinic.h"

typedef struct Options { int steps; double rate; } Options;

static const Flag flags[] = {
    { "steps", FLAG_INT, offsetof(Options, steps), "200", NULL, NULL, "of gradient descent" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.01", NULL, NULL, "of gradient descent" },
    { 0 },
};

enum { ROWS = 100, OUT = 3 };

/* ---- Data -------------------------------------------------------------------------------------------------------- */

static float *numbers(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(float), "numbers"); }

/* Columns with mean 0 and variance 1. */
static void scale_columns(float *x, int N, int C)
{
    for (int c = 0; c < C; c++) {
        double mean = 0, square = 0;
        for (int n = 0; n < N; n++) mean += x[n * C + c] / (double)N;
        for (int n = 0; n < N; n++) square += pow(x[n * C + c] - mean, 2) / N;
        for (int n = 0; n < N; n++) x[n * C + c] = (float)((x[n * C + c] - mean) / sqrt(square));
    }
}

/* ---- The programs beside loops ----------------------------------------------------------------------------------- */

static double worst;

static void tell(const char *what, double off)
{
    printf("  %-18s off by %.1e\n", what, off);
    worst = !(off <= worst) ? off : worst;
}

static double off_by(const float *y, const double *want, int n)
{
    double off = 0, size = 1;
    for (int i = 0; i < n; i++) size = fmax(size, fabs(want[i]));
    for (int i = 0; i < n; i++) off = !(fabs(y[i] - want[i]) <= off) ? fabs(y[i] - want[i]) : off;
    return off / size;
}

/* Wine: x (N,C), its classes, and weights that are simply more of its numbers. */
static void seven(const float *x, const int *label, int N, int C, Arena *a)
{
    float  *y = numbers(a, N * C), *dx = numbers(a, N * C);
    double *want = arena_alloc(a, DEV_CPU, (size_t)(N * C + 1) * sizeof *want, "right values");
    double  sum, loss = 0;

    tensor_clinic_shape(y, x, x + C, x, N, C, OUT);
    for (int i = 0; i < N * OUT; i++) {
        want[i] = x[i % OUT];
        for (int k = 0; k < C; k++) want[i] += (double)x[i / OUT * C + k] * x[(i % OUT + 1) * C + k];
    }
    tell("shape", off_by(y, want, N * OUT));

    float got = tensor_clinic_dtype(dx, x, label, N, C);
    for (int n = 0; n < N; n++) {
        sum = 0;
        for (int c = 0; c < C; c++) sum += exp((double)x[n * C + c]);
        loss += (log(sum) - x[n * C + label[n]]) / N;
        for (int c = 0; c < C; c++) want[n * C + c] = (exp((double)x[n * C + c]) / sum - (c == label[n])) / N;
    }
    tell("dtype", fmax(off_by(dx, want, N * C), fabs(got - loss)));

    tensor_clinic_device(y, x, x + C, N, C);
    for (int i = 0; i < N * C; i++) want[i] = (double)x[i] * x[C + i % C];
    tell("device", off_by(y, want, N * C));

    tensor_clinic_stride(y, x, N, C);
    for (int i = 0; i < N * C; i++) want[i % C * N + i / C] = exp((double)x[i]);
    tell("stride", off_by(y, want, N * C));

    tensor_clinic_alias(y, dx, x, N * C);
    for (int i = 0; i < N * C; i++) want[i] = tanh((double)x[i]) + x[i];
    sum = off_by(y, want, N * C);
    for (int i = 0; i < N * C; i++) want[i] = 2 - pow(tanh((double)x[i]), 2);
    tell("aliasing", fmax(sum, off_by(dx, want, N * C)));

    got = tensor_clinic_lifetime(dx, x, N * C);
    sum = 0;
    for (int i = 0; i < N * C; i++) {
        double h = 1 / (1 + exp(-(double)x[i]));
        sum += h / (N * C), want[i] = 2 * h * h * (1 - h) / (N * C);
    }
    tell("lifetime", fmax(off_by(dx, want, N * C), fabs(got - sum)));

    tensor_clinic_axis(y, x, N, C);
    for (int n = 0; n < N; n++) {
        sum = 0;
        for (int c = 0; c < C; c++) sum += (double)x[n * C + c] / C;
        for (int c = 0; c < C; c++) want[n * C + c] = x[n * C + c] - sum;
    }
    tell("wrong axis", off_by(y, want, N * C));
}

/* Gradient descent in loops: loss (steps). keep 0: each step's own gradient; 1: they add up. */
static void descend(double *loss, const float *x, const float *y, double rate, int steps, int N, int D, double keep)
{
    double w[32] = { 0 }, g[32] = { 0 };
    for (int s = 0; s < steps; s++) {
        loss[s] = 0;
        for (int d = 0; d < D; d++) g[d] *= keep;
        for (int n = 0; n < N; n++) {
            double off = -y[n];
            for (int d = 0; d < D; d++) off += x[n * D + d] * w[d];
            loss[s] += off * off / N;
            for (int d = 0; d < D; d++) g[d] += 2 * off * x[n * D + d] / N;
        }
        for (int d = 0; d < D; d++) w[d] -= rate * g[d];
    }
}

static const char *draw(Program *program, const float *loss, const double *added, int steps)
{
    Plot *plot = program_plot(program, "reset",
                              (PlotArg){ .title = "gradient descent on the diabetes data, and with a reset forgotten",
                                         .x = "step",
                                         .y = "loss",
                                         .log_y = true,
                                         .caption = "Gradients that are never dropped add up: the walk overshoots, "
                                                    "comes back, and overshoots again." });
    for (int s = 0; s < steps; s++) {
        plot_point(plot, "mended", s, loss[s]);
        plot_point(plot, "forgotten", s, added[s]);
    }
    return plot_done(plot);
}

int main(int argc, char **argv)
{
    Options  o;
    Dataset  wine, people;
    Program *program = program_start(argc, argv, "tensor_clinic", "eight mended programs on real data", flags, &o);
    Arena   *a = arena_new("tensor clinic");
    if (o.steps < 1 || o.steps > 100000) program_try(program, "--steps is 1 to 100000");
    program_try(program, data_load(a, "wine", F32, &wine));
    program_try(program, data_load(a, "diabetes", F32, &people));
    int N = (int)wine.x->shape[0], C = (int)wine.x->shape[1], M = (int)people.x->shape[0], D = (int)people.x->shape[1];
    CHECK(D <= 32 && N >= OUT + 1, "diabetes with %d columns, wine with %d rows", D, N);
    float *x = wine.x->data, *z = people.x->data, *y = people.y->data;
    scale_columns(x, N, C), scale_columns(z, M, D), scale_columns(y, M, 1);
    printf("%s: %d rows, %d columns, scaled; the programs beside plain loops in double\n", wine.from, N, C);
    seven(x, wine.y->data, N, C, a);

    float  *w = numbers(a, D), *loss = numbers(a, o.steps);
    double *want = arena_alloc(a, DEV_CPU, (size_t)o.steps * sizeof *want, "losses");
    double *added = arena_alloc(a, DEV_CPU, (size_t)o.steps * sizeof *added, "losses");
    tensor_clinic_reset(w, loss, z, y, (float)o.rate, o.steps, M, D);
    descend(want, z, y, (float)o.rate, o.steps, M, D, 0);
    descend(added, z, y, (float)o.rate, o.steps, M, D, 1);
    tell("forgotten reset", off_by(loss, want, o.steps));
    double top = 0;
    for (int s = 0; s < o.steps; s++) top = fmax(top, added[s]);
    printf("%s: loss after %d steps %.4f; with gradients that add up it was %.4f at worst, and is %.4f\n\n",
           people.from, o.steps, loss[o.steps - 1], top, added[o.steps - 1]);
    program_try(program, draw(program, loss, added, o.steps));
    program_promise(program, "largest difference from the loops", worst, "<=", 2e-5);
    arena_free(a);
    return program_end(program);
}
