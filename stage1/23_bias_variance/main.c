/* main.c -- errors taken apart: on a curve whose truth is known, on patients, and past the point where all fits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bias_variance.h"
#include "data.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int sets, repeats, wide; } Options;

static const Flag flags[] = {
    { "sets", FLAG_INT, offsetof(Options, sets), "400", "100", "2000", "training sets that a variance is taken over" },
    { "repeats", FLAG_INT, offsetof(Options, repeats), "60", "16", "300", "pairs of runs, before and after a remedy" },
    { "wide", FLAG_INT, offsetof(Options, wide), "20", "4", "100", "training sets of the double descent" },
    { 0 },
};

enum { MOST = 400, POINTS = 200 };      /* columns or rows at most; test points */
static const double NOISE = 0.3;        /* its standard deviation */

static double *numbers(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(double), "numbers"); }

static double truth(double x) { return sin(4 * x) + 0.5 * x; }

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double error_of(const double *w, const double *X, const double *y, int N, int D)
{
    double sum = 0;
    for (int n = 0; n < N; n++) sum += pow(dot(w, X + (int64_t)n * D, D) - y[n], 2) / N;
    return sum;
}

/* ---- The curve: rows with noise, features by Legendre ------------------------------------------------------------ */

typedef struct Curve { double *X, *y; int N, D; } Curve;

static Curve curve_new(Arena *a, Rng *rng, int N, int D)
{
    Curve   c = { numbers(a, (int64_t)N * D), numbers(a, N), N, D };
    double *x = numbers(a, N);
    for (int n = 0; n < N; n++) x[n] = 2 * rng_uniform(rng) - 1, c.y[n] = truth(x[n]) + NOISE * rng_normal(rng);
    bias_variance_features(c.X, x, N, D);
    return c;
}

/* Descent on the mean squared error, from 0; the errors after each step, where they are asked for. */
static void descend(double *w, const Curve *c, const Curve *unseen, int steps, double *train, double *validation)
{
    double slope[MOST];
    memset(w, 0, (size_t)c->D * sizeof *w);
    for (int s = 0; s < steps; s++) {
        memset(slope, 0, sizeof slope);
        for (int n = 0; n < c->N; n++) {
            double r = dot(w, c->X + n * c->D, c->D) - c->y[n];
            for (int d = 0; d < c->D; d++) slope[d] += r * c->X[n * c->D + d] / c->N;
        }
        for (int d = 0; d < c->D; d++) w[d] -= 0.1 * slope[d];
        if (train) train[s] = error_of(w, c->X, c->y, c->N, c->D);
        if (validation) validation[s] = error_of(w, unseen->X, unseen->y, unseen->N, unseen->D);
    }
}

typedef struct Shape { double sum_off, left, right, lowest; int best; } Shape;

/* Squared bias, variance and noise by the number of columns; their sum beside the error measured on new rows. */
static const char *shape_of(Program *program, Rng *rng, int sets, Shape *u)
{
    enum { N = 30, DEGREES = 15 };
    Plot *plot = program_plot(program, "parts",
                              (PlotArg){ .title = "what an error is made of",
                                         .kind = PLOT_LINESPOINTS,
                                         .x = "columns",
                                         .y = "mean squared error",
                                         .caption = "Too few columns cannot bend, too many follow the noise. Below the "
                                                    "noise nobody gets." });
    Arena  *all = arena_new("test points");
    double *x = numbers(all, POINTS), *f = numbers(all, POINTS), *X = numbers(all, POINTS * DEGREES);
    *u = (Shape){ .lowest = INFINITY };
    for (int i = 0; i < POINTS; i++) x[i] = -1 + (2 * i + 1.0) / POINTS, f[i] = truth(x[i]);
    printf("sin(4x) + x/2 with noise %.2g, %d rows, %d training sets\n", NOISE, N, sets);
    printf("%8s %10s %10s %10s %10s %10s\n", "columns", "bias^2", "variance", "noise", "sum", "measured");
    for (int D = 1; D <= DEGREES; D++) {
        Arena  *a = arena_new("models");
        double *predicted = numbers(a, (int64_t)sets * POINTS), *w = numbers(a, D), *room = numbers(a, D * D + D),
               measured = 0, parts[2];
        bias_variance_features(X, x, POINTS, D);
        for (int r = 0; r < sets; r++) {
            Curve c = curve_new(a, rng, N, D);
            bias_variance_fit(w, room, c.X, c.y, 1e-3, N, D);
            for (int i = 0; i < POINTS; i++) {
                predicted[r * POINTS + i] = dot(w, X + i * D, D);
                measured += pow(predicted[r * POINTS + i] - f[i] - NOISE * rng_normal(rng), 2) / POINTS / sets;
            }
        }
        bias_variance_decompose(parts, predicted, f, sets, POINTS);
        double sum = parts[0] + parts[1] + NOISE * NOISE;
        printf("%8d %10.4f %10.4f %10.4f %10.4f %10.4f\n", D, parts[0], parts[1], NOISE * NOISE, sum, measured);
        plot_point(plot, "squared bias", D, parts[0]);
        plot_point(plot, "variance", D, parts[1]);
        plot_point(plot, "measured on new rows", D, measured);
        u->sum_off = fmax(u->sum_off, fabs(measured / sum - 1));
        if (measured < u->lowest) u->lowest = measured, u->best = D;
        if (D == 1) u->left = measured;
        u->right = measured;
        arena_free(a);
    }
    plot_line(plot, 1, NOISE * NOISE, DEGREES, NOISE * NOISE, "noise");
    printf("\n");
    arena_free(all);
    return plot_done(plot);
}

/* ---- Five runs, and what ails them ------------------------------------------------------------------------------- */

/* draws: the curves are means over so many training sets, because one of ten rows is a matter of luck. */
static const struct { const char *name; int rows, columns, steps, draws, want; bool seen; } RUNS[] = {
    { "2 columns", 3000, 2, 200, 1, BIAS, false },
    { "14 columns, 18 rows", 18, 14, 3000, 1, VARIANCE, false },
    { "2 columns, 10 rows", 10, 2, 200, 60, BIAS | VARIANCE, false },
    { "8 columns, 12 steps", 3000, 8, 12, 1, BIAS | SHORT, false },
    { "validated on the same rows", 18, 14, 3000, 1, SUSPECT, true },
    { "8 columns", 3000, 8, 200, 1, 0, false },
};
enum { N_RUNS = sizeof RUNS / sizeof *RUNS };

static void say(int bits, const char *const *name, int n)
{
    for (int i = 0, more = 0; i < n; i++)
        if (bits & 1 << i) printf("%s%s", more++ ? ", " : "", name[i]);
    printf(bits ? "\n" : "nothing\n");
}

static int five_runs(Rng *rng)
{
    static const char *const found[] = { "BIAS", "VARIANCE", "SHORT", "LATE", "SUSPECT", "BROKEN" };
    static const char *const todo[] = { "BIGGER", "LONGER", "MORE_DATA", "REGULARIZE", "STOP_EARLY", "CHECK_DATA" };
    Arena *a = arena_new("runs");
    int    right = 0;
    printf("six runs; errors beside the noise, %.2g\n", NOISE * NOISE);
    for (int i = 0; i < N_RUNS; i++) {
        Rng     own = rng_stream(rng, (uint64_t)i);
        int     steps = RUNS[i].steps;
        double *train = numbers(a, steps), *validation = numbers(a, steps), *t = numbers(a, steps),
               *v = numbers(a, steps), w[MOST];
        memset(train, 0, (size_t)steps * sizeof *train);
        memset(validation, 0, (size_t)steps * sizeof *validation);
        for (int r = 0; r < RUNS[i].draws; r++) {
            Curve c = curve_new(a, &own, RUNS[i].rows, RUNS[i].columns);
            Curve unseen = curve_new(a, &own, RUNS[i].rows > 1000 ? 3000 : 200, RUNS[i].columns);
            descend(w, &c, RUNS[i].seen ? &c : &unseen, steps, t, v);
            for (int n = 0; n < steps; n++) train[n] += t[n] / RUNS[i].draws, validation[n] += v[n] / RUNS[i].draws;
        }
        Run run = { train, validation, steps, NOISE * NOISE, 0.035 };
        int got = bias_variance_diagnose(&run);
        printf("  %-27s train %7.4f  validation %7.4f   ", RUNS[i].name, train[steps - 1], validation[steps - 1]);
        say(got, found, 6);
        printf("  %-27s   do: ", "");
        say(bias_variance_advise(got), todo, 6);
        right += (got & ~LATE) == RUNS[i].want;         /* whether it is late, too, the draw decides */
    }
    printf("\n");
    arena_free(a);
    return right;
}

/* ---- Remedies, one at a time ------------------------------------------------------------------------------------- */

typedef struct Setting { int rows, columns, steps; double lambda; } Setting;   /* steps 0: solved, not descended */

static const struct { const char *name; int remedy; Setting before, after; } REMEDIES[] = {
    { "bigger: 4 columns to 9", BIGGER, { 40, 4, 0, 0 }, { 40, 9, 0, 0 } },
    { "longer: 10 steps to 2000", LONGER, { 25, 10, 10, 0 }, { 25, 10, 2000, 0 } },
    { "more data: 15 rows to 150", MORE_DATA, { 15, 8, 0, 0 }, { 150, 8, 0, 0 } },
    { "regularise: 0 to 0.05", REGULARIZE, { 20, 12, 0, 0 }, { 20, 12, 0, 0.05 } },
    { "stop early: 5000 steps to 100", STOP_EARLY, { 20, 12, 5000, 0 }, { 20, 12, 100, 0 } },
};
enum { N_REMEDIES = sizeof REMEDIES / sizeof *REMEDIES };

static void measure(Rng rng, const Setting *s, double *train, double *gap)
{
    Arena  *a = arena_new("setting");
    int     M = s->rows < s->columns ? s->rows : s->columns;
    Curve   c = curve_new(a, &rng, s->rows, s->columns), unseen = curve_new(a, &rng, POINTS, s->columns);
    double *w = numbers(a, s->columns);
    if (s->steps) descend(w, &c, &unseen, s->steps, NULL, NULL);
    else bias_variance_fit(w, numbers(a, M * M + M), c.X, c.y, s->lambda, s->rows, s->columns);
    *train = error_of(w, c.X, c.y, c.N, c.D), *gap = error_of(w, unseen.X, unseen.y, unseen.N, unseen.D) - *train;
    arena_free(a);
}

static int by_value(const void *p, const void *q)
{
    double x = *(const double *)p, y = *(const double *)q;
    return (x > y) - (x < y);
}

/* How often the sign came out as said, of 2 for each remedy: by the median of the differences. */
static int remedies(Rng *rng, int repeats)
{
    Arena *a = arena_new("remedies");
    int    right = 0;
    printf("%-32s %20s %24s   (said; medians of %d)\n", "remedy", "training error", "gap to validation", repeats);
    for (int i = 0; i < N_REMEDIES; i++) {
        double *d[2] = { numbers(a, repeats), numbers(a, repeats) };
        int     sign[2];
        for (int r = 0; r < repeats; r++) {
            Rng    own = rng_stream(rng, (uint64_t)r);
            double t[2], g[2];
            measure(own, &REMEDIES[i].before, &t[0], &g[0]);
            measure(own, &REMEDIES[i].after, &t[1], &g[1]);
            d[0][r] = t[1] - t[0], d[1][r] = g[1] - g[0];
        }
        bias_variance_movement(sign, REMEDIES[i].remedy);
        for (int k = 0; k < 2; k++) qsort(d[k], (size_t)repeats, sizeof(double), by_value);
        printf("%-32s %14.4f (%+d) %18.4f (%+d)\n", REMEDIES[i].name, d[0][repeats / 2], sign[0], d[1][repeats / 2],
               sign[1]);
        for (int k = 0; k < 2; k++) right += d[k][repeats / 2] * sign[k] > 0;
    }
    printf("\n");
    arena_free(a);
    return right;
}

/* ---- Patients: nobody knows the truth ---------------------------------------------------------------------------- */

/* A column of ones, the features, and, if asked for, all their products; scaled to mean 0 and deviation 1. */
static double *columns_of(Arena *a, const Dataset *d, bool products, int *D)
{
    int     N = (int)d->x->shape[0], F = (int)d->x->shape[1];
    double *X = numbers(a, (int64_t)N * (1 + F + F * (F + 1) / 2));
    *D = 1 + F + (products ? F * (F + 1) / 2 : 0);
    for (int n = 0; n < N; n++) {
        const double *x = (const double *)d->x->data + n * F;
        double       *row = X + n * *D;
        int           k = 1 + F;
        row[0] = 1;
        memcpy(row + 1, x, (size_t)F * sizeof *x);
        for (int i = 0; i < F && products; i++)
            for (int j = 0; j <= i; j++) row[k++] = x[i] * x[j];
    }
    for (int k = 1; k < *D; k++) {
        double mean = 0, square = 0;
        for (int n = 0; n < N; n++) mean += X[n * *D + k] / N;
        for (int n = 0; n < N; n++) square += pow(X[n * *D + k] - mean, 2) / N;
        for (int n = 0; n < N; n++) X[n * *D + k] = (X[n * *D + k] - mean) / sqrt(square);
    }
    return X;
}

typedef struct Patients { double parts[2][2], predicted, measured; } Patients;

static void out_of_bag(Rng *rng, const double *X, const double *y, int N, int D, int R, double parts[2])
{
    Arena  *a = arena_new("bags");
    double *predicted = numbers(a, (int64_t)R * N), *B = numbers(a, (int64_t)N * D), *t = numbers(a, N),
           *w = numbers(a, D), *room = numbers(a, (int64_t)D * D + D);
    int    *times = arena_alloc(a, DEV_CPU, (size_t)R * (size_t)N * sizeof(int), "bags");
    memset(times, 0, (size_t)R * (size_t)N * sizeof(int));
    for (int r = 0; r < R; r++) {
        for (int n = 0; n < N; n++) {
            int row = (int)rng_below(rng, N);
            times[r * N + row]++;
            memcpy(B + (int64_t)n * D, X + (int64_t)row * D, (size_t)D * sizeof *B);
            t[n] = y[row];
        }
        bias_variance_fit(w, room, B, t, 1e-4, N, D);
        for (int n = 0; n < N; n++) predicted[r * N + n] = dot(w, X + (int64_t)n * D, D);
    }
    bias_variance_out_of_bag(parts, predicted, times, y, R, N);
    arena_free(a);
}

static const char *patients(Program *program, Rng *rng, int sets, Patients *p)
{
    static const int size[] = { 48, 64, 80, 96, 112, 128, 192, 256, 353 };
    enum { SIZES = sizeof size / sizeof *size, KNOWN = 6 };
    Arena  *a = arena_new("patients");
    Dataset d;
    program_try(program, data_load(a, "diabetes", F64, &d));
    int N = (int)d.x->shape[0], learn = (int)d.train, D, rows[MOST];
    const double *y = d.y->data;
    static const char *const model[] = { "the ten features", "and all their products" };
    printf("%s: %d patients; %d bootstrap samples of %d, each row judged by the models that have not seen it\n", d.from,
           N, sets / 4, learn);
    for (int m = 0; m < 2; m++) {
        double *X = columns_of(a, &d, m == 1, &D);
        out_of_bag(rng, X, y, learn, D, sets / 4, p->parts[m]);
        printf("  %-24s %3d columns: bias^2 with noise %7.1f, variance %7.1f\n", model[m], D, p->parts[m][0],
               p->parts[m][1]);
    }
    double *X = columns_of(a, &d, false, &D), error[SIZES], fit[2], w[16], room[16 * 17];
    double *B = numbers(a, (int64_t)learn * D), *t = numbers(a, learn);
    Plot   *plot = program_plot(program, "learning",
                                (PlotArg){ .title = "what more patients would bring",
                                           .kind = PLOT_LINESPOINTS,
                                           .x = "patients to learn from",
                                           .y = "mean squared error",
                                           .log_x = true,
                                           .caption = "The curve through the first six sizes says where the others "
                                                      "will lie." });
    for (int k = 0; k < SIZES; k++) {
        double train = 0;
        error[k] = 0;
        for (int r = 0; r < sets; r++) {
            for (int n = 0; n < learn; n++) rows[n] = n;
            rng_shuffle(rng, rows, learn);
            for (int n = 0; n < size[k]; n++)
                memcpy(B + (int64_t)n * D, X + (int64_t)rows[n] * D, (size_t)D * sizeof *B), t[n] = y[rows[n]];
            bias_variance_fit(w, room, B, t, 0, size[k], D);
            error[k] += error_of(w, X + (int64_t)learn * D, y + learn, N - learn, D) / sets;
            train += error_of(w, B, t, size[k], D) / sets;
        }
        plot_point(plot, "unseen patients", size[k], error[k]);
        plot_point(plot, "patients learnt from", size[k], train);
    }
    bias_variance_extrapolate(fit, error, size, KNOWN);
    for (int k = 0; k < SIZES; k++) plot_point(plot, "limit + slope / size", size[k], fit[0] + fit[1] / size[k]);
    p->predicted = fit[0] + fit[1] / size[SIZES - 1], p->measured = error[SIZES - 1];
    printf("  learning curve to %d patients: %.0f + %.0f / size; so for %d patients %.0f. Measured: %.0f\n\n",
           size[KNOWN - 1], fit[0], fit[1], size[SIZES - 1], p->predicted, p->measured);
    arena_free(a);
    return plot_done(plot);
}

/* ---- Past the point where all fits ------------------------------------------------------------------------------- */

typedef struct Descent { double peak, wide, narrow; } Descent;

static const char *double_descent(Program *program, Rng *rng, int sets, Descent *got)
{
    enum { N = 60, F = 10, TEST = 300, MOST_COLUMNS = 1200 };
    static const int columns[] = { 5, 10, 15, 20, 30, 40, 50, 55, 60, 65, 75, 90, 120, 180, 300, 600, MOST_COLUMNS };
    enum { STEPS = sizeof columns / sizeof *columns };
    Arena  *a = arena_new("double descent");
    double *in = numbers(a, (N + TEST) * F), *hidden = numbers(a, MOST_COLUMNS * F), *truth_w = numbers(a, F),
           *X = numbers(a, (int64_t)(N + TEST) * MOST_COLUMNS), *y = numbers(a, N + TEST),
           *w = numbers(a, MOST_COLUMNS), *room = numbers(a, N * N + N), *error = numbers(a, sets);
    Plot   *plot = program_plot(program, "descent",
                                (PlotArg){ .title = "more columns than rows: the second descent",
                                           .kind = PLOT_LINESPOINTS,
                                           .x = "columns (random units)",
                                           .y = "error on new rows, median",
                                           .log_x = true,
                                           .log_y = true,
                                           .caption = "At 60 rows and 60 columns one model fits, and it is wild. With "
                                                      "more there are many, and the shortest is tame." });
    printf("random units, %d rows, the shortest weights that fit; median error of %d sets\n ", N, sets);
    *got = (Descent){ .narrow = INFINITY };
    for (int k = 0; k < STEPS; k++) {
        int D = columns[k];
        for (int r = 0; r < sets; r++) {
            Rng own = rng_stream(rng, (uint64_t)r);
            for (int i = 0; i < F; i++) truth_w[i] = rng_normal(&own) / sqrt(F);
            for (int i = 0; i < (N + TEST) * F; i++) in[i] = rng_normal(&own);
            for (int n = 0; n < N + TEST; n++) y[n] = dot(in + n * F, truth_w, F) + NOISE * rng_normal(&own);
            for (int i = 0; i < D * F; i++) hidden[i] = rng_normal(&own) / sqrt(F);
            for (int n = 0; n < N + TEST; n++)
                for (int c = 0; c < D; c++)
                    X[(int64_t)n * D + c] = fmax(dot(in + n * F, hidden + c * F, F), 0) / sqrt(D);
            bias_variance_fit(w, room, X, y, 0, N, D);
            error[r] = error_of(w, X + (int64_t)N * D, y + N, TEST, D);
        }
        qsort(error, (size_t)sets, sizeof *error, by_value);
        double median = error[sets / 2];
        printf(" %d:%.3g", D, median);
        plot_point(plot, "shortest weights", D, median);
        if (D == N) got->peak = median;
        if (D < N) got->narrow = fmin(got->narrow, median);
        got->wide = median;
    }
    plot_line(plot, N, 0.1, N, got->peak, "as many columns as rows");
    printf("\n\n");
    arena_free(a);
    return plot_done(plot);
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program = program_start(argc, argv, "bias_variance", "errors taken apart, and what to do", flags, &o);
    Rng      rng = rng_new(program->seed);
    Shape    u;
    Patients p;
    Descent  d;
    if (o.sets < 8 || o.sets > 100000 || o.repeats < 1 || o.wide < 1)
        program_try(program, "--sets is 8 to 100000, --repeats and --wide from 1 on");
    program_try(program, shape_of(program, &rng, o.sets, &u));
    int runs = five_runs(&rng), moved = remedies(&rng, o.repeats);
    program_try(program, patients(program, &rng, o.sets, &p));
    program_try(program, double_descent(program, &rng, o.wide, &d));
    program_promise(program, "bias^2 + variance + noise, off the measured error by", u.sum_off, "<=", 0.1);
    program_promise(program, "columns with the least error, from the ends of 1 to 15", fmin(u.best - 1, 15 - u.best),
                    ">=", 2);
    program_promise(program, "error at the better end, beside the least", fmin(u.left, u.right) / u.lowest, ">=", 1.5);
    program_promise(program, "runs diagnosed, of 6", runs, ">=", 6);
    program_promise(program, "movements as said, of 10", moved, ">=", 10);
    program_promise(program, "patients: products multiply the variance by", p.parts[1][1] / p.parts[0][1], ">=", 3);
    program_promise(program, "patients: error with 353 predicted, off by", fabs(p.predicted / p.measured - 1), "<=",
                    0.1);
    program_promise(program, "60 columns for 60 rows, beside 1200", d.peak / d.wide, ">=", 10);
    program_promise(program, "1200 columns beside the best below 60", d.wide / d.narrow, "<=", 1.5);
    return program_end(program);
}
