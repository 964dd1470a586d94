/* main.c -- how exact each way to a derivative is, what losses pay for a margin, and one gradient found three ways. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "derivatives.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int points, steps; } Options;

static const Flag flags[] = {
    { "points", FLAG_INT, offsetof(Options, points), "40", "10", "200", "places where a derivative is taken" },
    { "steps", FLAG_INT, offsetof(Options, steps), "400", "100", "2000", "of the descent on real data" },
    { 0 },
};

static Dual constant(double v) { return (Dual){ v, 0 }; }

/* ---- Error against h --------------------------------------------------------------------------------------------- */

/* exp(sin 3x) / (1 + x^2), by numbers and by pairs of numbers. */
static double curve(const double *x, int N, const void *of)
{
    (void)N, (void)of;
    return exp(sin(3 * *x)) / (1 + *x * *x);
}

static double curve_slope(double x)
{
    return curve(&x, 1, NULL) * (3 * cos(3 * x) - 2 * x / (1 + x * x));
}

static Dual curve_dual(Dual x)
{
    Dual zero = { 0, 0 }, s = derivatives_dual(DUAL_SIN, derivatives_dual(DUAL_MUL, constant(3), x), zero);
    return derivatives_dual(DUAL_DIV, derivatives_dual(DUAL_EXP, s, zero),
                            derivatives_dual(DUAL_ADD, constant(1), derivatives_dual(DUAL_MUL, x, x)));
}

typedef struct Errors { double forward, central, dual, best_h[2], slope[2]; } Errors;

static double fitted_slope(const double *h, const double *error, int n)     /* of log error over log h */
{
    double x = 0, y = 0, xy = 0, xx = 0;
    for (int i = 0; i < n; i++) x += log(h[i]) / n, y += log(error[i]) / n;
    for (int i = 0; i < n; i++) xy += (log(h[i]) - x) * (log(error[i]) - y), xx += pow(log(h[i]) - x, 2);
    return xy / xx;
}

static const char *errors_by_step(Program *program, Rng *rng, int points, Errors *e)
{
    enum { STEPS = 29, FIT = 5 };
    Plot *plot = program_plot(program, "steps",
                              (PlotArg){ .title = "how wrong a difference is",
                                         .kind = PLOT_LINESPOINTS,
                                         .x = "step h",
                                         .y = "relative error, geometric mean",
                                         .log_x = true,
                                         .log_y = true,
                                         .caption = "To the right the curve bends between the two places; to the left "
                                                    "their difference is made of rounding." });
    double h[STEPS], error[2][STEPS], *x = malloc((size_t)points * sizeof *x), worst = 0;
    if (!x) abort();
    for (int p = 0; p < points; p++) {
        do x[p] = 2 * rng_uniform(rng) - 1;
        while (fabs(curve_slope(x[p])) < 0.5);
        worst = fmax(worst, fabs(curve_dual((Dual){ x[p], 1 }).d / curve_slope(x[p]) - 1));
    }
    *e = (Errors){ .forward = INFINITY, .central = INFINITY, .dual = worst };
    for (int s = 0; s < STEPS; s++) {
        double sum[2] = { 0 };
        h[s] = pow(10, -14 + s * 0.5);
        for (int p = 0; p < points; p++) {
            double g, at = x[p], ahead = at + h[s], want = curve_slope(at);
            derivatives_central(&g, &at, curve, NULL, 1, h[s]);
            double one = (curve(&ahead, 1, NULL) - curve(&at, 1, NULL)) / (ahead - at);
            sum[0] += log(fmax(fabs(one / want - 1), 1e-17)) / points;
            sum[1] += log(fmax(fabs(g / want - 1), 1e-17)) / points;
        }
        error[0][s] = exp(sum[0]), error[1][s] = exp(sum[1]);
        plot_point(plot, "forward difference", h[s], error[0][s]);
        plot_point(plot, "central difference", h[s], error[1][s]);
        if (error[0][s] < e->forward) e->forward = error[0][s], e->best_h[0] = h[s];
        if (error[1][s] < e->central) e->central = error[1][s], e->best_h[1] = h[s];
    }
    e->slope[0] = fitted_slope(h + 16, error[0] + 16, FIT); /* where the bend decides: h from 1e-6, and from 1e-4 on */
    e->slope[1] = fitted_slope(h + 20, error[1] + 20, FIT);
    plot_line(plot, 1e-14, fmax(worst, DBL_EPSILON), 1, fmax(worst, DBL_EPSILON), "dual numbers, worst");
    printf("exp(sin 3x)/(1 + x^2) at %d places\n", points);
    printf("  forward difference: error %.1e at best, h = %.0e; falls with h to the power %.2f\n", e->forward,
           e->best_h[0], e->slope[0]);
    printf("  central difference: error %.1e at best, h = %.0e; falls with h to the power %.2f\n", e->central,
           e->best_h[1], e->slope[1]);
    printf("  dual numbers: %.1e at worst, no h\n\n", worst);
    free(x);
    return plot_done(plot);
}

/* ---- Losses and margins ------------------------------------------------------------------------------------------ */

static const char *losses(Program *program)
{
    static const struct { const char *name; int kind; } all[] = {
        { "log loss", MARGIN_LOG }, { "hinge", MARGIN_HINGE },
        { "squared hinge", MARGIN_SQUARED }, { "squared error", -1 },
    };
    Plot *value = program_plot(program, "losses",
                               (PlotArg){ .title = "what a margin costs",
                                          .kind = PLOT_LINES,
                                          .x = "margin y z",
                                          .y = "loss",
                                          .caption = "Squared error punishes those that are right by far. The other "
                                                     "three let them go." });
    Plot *slope = program_plot(program, "slopes",
                               (PlotArg){ .title = "how hard each loss pulls",
                                          .kind = PLOT_LINES,
                                          .x = "margin y z",
                                          .y = "slope by the margin",
                                          .caption = "Log loss and hinge pull a lost case with force 1 however far it "
                                                     "is; the squared ones ever harder." });
    int plus = 1;
    for (int l = 0; l < 4; l++)
        for (double m = -3; m <= 3; m += 0.05) {
            double d, want = 1, v = all[l].kind < 0 ? derivatives_huber(&d, &m, &want, INFINITY, 1)
                                                    : derivatives_margin(&d, (Margin)all[l].kind, &m, &plus, 1);
            plot_point(value, all[l].name, m, v);
            plot_point(slope, all[l].name, m, d);
        }
    const char *wrong = plot_done(value), *also = plot_done(slope);
    return wrong ? wrong : also;
}

/* Logits of +-1e4, as the formula stands and as it is written here. Returns how many numbers of ours are not finite. */
static int extremes(void)
{
    int bad = 0;
    printf("%10s %4s %26s %26s\n", "logit", "y", "as the formula stands", "here");
    for (int i = 0; i < 4; i++) {
        double z = i % 2 ? -1e4 : 1e4, d;
        int    y = i / 2 ? -1 : 1;
        double loss = derivatives_margin(&d, MARGIN_LOG, &z, &y, 1);
        printf("%10g %4d %12g, slope %6g %12g, slope %6g\n", z, y, log(1 + exp(-y * z)),
               -y * exp(-y * z) / (1 + exp(-y * z)), loss, d);
        bad += !isfinite(loss) + !isfinite(d);
    }
    double z[3] = { 1e4, 0, -1e4 }, d[3];
    int    last = 2;
    double loss = derivatives_softmax(d, z, &last, 1, 3);
    printf("softmax of 1e4, 0, -1e4, the last is right: loss %g, gradient %g %g %g\n\n", loss, d[0], d[1], d[2]);
    return bad + !isfinite(loss + d[0] + d[1] + d[2]);
}

/* ---- One gradient, three ways ------------------------------------------------------------------------------------ */

typedef struct Cells { const double *X; const int *y; int N, D; } Cells;    /* scaled, a column of ones first; +-1 */

static double *space(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(double), "numbers"); }

static Cells cells_new(Arena *a, const Dataset *d, int from, int to)
{
    int     F = (int)d->x->shape[1], N = to - from, D = F + 1;
    double *X = space(a, (int64_t)N * D);
    int    *y = arena_alloc(a, DEV_CPU, (size_t)N * sizeof *y, "classes");
    const double *x = d->x->data;
    for (int f = 0; f < F; f++) {                       /* scaled by the rows to learn from */
        double mean = 0, square = 0;
        for (int n = 0; n < d->train; n++) mean += x[n * F + f] / (double)d->train;
        for (int n = 0; n < d->train; n++) square += pow(x[n * F + f] - mean, 2) / (double)d->train;
        for (int n = 0; n < N; n++) X[n * D + f + 1] = (x[(from + n) * F + f] - mean) / sqrt(square);
    }
    for (int n = 0; n < N; n++) X[n * D] = 1, y[n] = ((const int *)d->y->data)[from + n] ? 1 : -1;
    return (Cells){ X, y, N, D };
}

static void logits(double *z, const double *w, const Cells *c)
{
    for (int n = 0; n < c->N; n++) {
        z[n] = 0;
        for (int d = 0; d < c->D; d++) z[n] += w[d] * c->X[n * c->D + d];
    }
}

static double cells_loss(const double *w, int D, const void *of)
{
    static double z[1000], dz[1000];
    const Cells  *c = of;
    (void)D;
    logits(z, w, c);
    return derivatives_margin(dz, MARGIN_LOG, z, c->y, c->N);
}

/* By hand: dz from the loss, then back through z = X w. One pass forward, one back, whatever D is. */
static double cells_gradient(double *g, const double *w, const Cells *c)
{
    static double z[1000], dz[1000];
    logits(z, w, c);
    double loss = derivatives_margin(dz, MARGIN_LOG, z, c->y, c->N);
    memset(g, 0, (size_t)c->D * sizeof *g);
    for (int n = 0; n < c->N; n++)
        for (int d = 0; d < c->D; d++) g[d] += dz[n] * c->X[n * c->D + d];
    return loss;
}

/* The derivative by w[which], carried along: log(1 + exp(-m)) from pairs. One pass for each of the D weights. */
static double cells_dual(const double *w, int which, const Cells *c)
{
    Dual sum = { 0, 0 }, zero = { 0, 0 };
    for (int n = 0; n < c->N; n++) {
        Dual z = { 0, 0 };
        for (int d = 0; d < c->D; d++)
            z = derivatives_dual(DUAL_ADD, z, derivatives_dual(DUAL_MUL, (Dual){ w[d], d == which },
                                                              constant(-c->y[n] * c->X[n * c->D + d])));
        Dual e = derivatives_dual(DUAL_ADD, constant(1), derivatives_dual(DUAL_EXP, z, zero));
        sum = derivatives_dual(DUAL_ADD, sum, derivatives_dual(DUAL_LOG, e, zero));
    }
    return sum.d / c->N;
}

typedef struct Three { double dual_off, central_off, accuracy; } Three;

static Three three_ways(Program *program, Rng *rng, int steps)
{
    Arena  *a = arena_new("cells");
    Dataset data;
    Three   t = { 0 };
    program_try(program, data_load(a, "breast_cancer", F64, &data));
    int    train = (int)data.train;
    Cells  c = cells_new(a, &data, 0, train), unseen = cells_new(a, &data, train, (int)data.x->shape[0]);
    double *w = space(a, c.D), *g = space(a, c.D), *by_differences = space(a, c.D), *z = space(a, unseen.N), most = 0;
    for (int d = 0; d < c.D; d++) w[d] = 0.3 * rng_normal(rng);
    cells_gradient(g, w, &c);
    derivatives_central(by_differences, w, cells_loss, &c, c.D, 1e-5);
    for (int d = 0; d < c.D; d++) {
        most = fmax(most, fabs(g[d]));
        t.dual_off = fmax(t.dual_off, fabs(cells_dual(w, d, &c) - g[d]));
        t.central_off = fmax(t.central_off, fabs(by_differences[d] - g[d]));
    }
    t.dual_off /= most, t.central_off /= most;
    printf("%s: %d cells, %d weights; the log loss's gradient\n", data.from, c.N, c.D);
    printf("  by hand: 1 pass forward and 1 back\n");
    printf("  dual numbers: %d passes, off by %.1e\n  central differences: %d passes, off by %.1e\n", c.D, t.dual_off,
           2 * c.D, t.central_off);
    memset(w, 0, (size_t)c.D * sizeof *w);
    double first = 0, last = 0;
    for (int s = 0; s < steps; s++) {
        last = cells_gradient(g, w, &c);
        if (!s) first = last;
        for (int d = 0; d < c.D; d++) w[d] -= 0.5 * g[d];
    }
    logits(z, w, &unseen);
    for (int n = 0; n < unseen.N; n++) t.accuracy += (z[n] > 0) == (unseen.y[n] > 0);
    t.accuracy /= unseen.N;
    printf("  %d steps down it: loss %.4f to %.4f; of %d unseen cells %.4f right\n\n", steps, first, last, unseen.N,
           t.accuracy);
    arena_free(a);
    return t;
}

/* ---- Back through A X B and a layer ------------------------------------------------------------------------------ */

typedef struct Net { int M, K, L, N; double *numbers; } Net;                /* A, X, B, one after the other */

static double net_loss(const double *x, int count, const void *of)          /* half the squares of tanh's input A X B */
{
    const Net *n = of;
    const double *A = x, *X = A + n->M * n->K, *B = X + n->K * n->L;
    double sum = 0;
    (void)count;
    for (int i = 0; i < n->M; i++)
        for (int j = 0; j < n->N; j++) {
            double y = 0;
            for (int k = 0; k < n->K; k++)
                for (int l = 0; l < n->L; l++) y += A[i * n->K + k] * X[k * n->L + l] * B[l * n->N + j];
            sum += log(cosh(y));                        /* its slope is tanh(y) */
        }
    return sum;
}

static double products_off(Rng *rng)
{
    Net    n = { 4, 5, 3, 6, NULL };
    int    a = n.M * n.K, x = n.K * n.L, b = n.L * n.N, count = a + x + b;
    double v[128], g[128], want[128], room[64], dY[32], off = 0;
    for (int i = 0; i < count; i++) v[i] = rng_normal(rng) / 2;
    for (int i = 0; i < n.M; i++)
        for (int j = 0; j < n.N; j++) {
            double y = 0;
            for (int k = 0; k < n.K; k++)
                for (int l = 0; l < n.L; l++) y += v[i * n.K + k] * v[a + k * n.L + l] * v[a + x + l * n.N + j];
            dY[i * n.N + j] = tanh(y);
        }
    derivatives_axb(g, g + a, g + a + x, room, dY, v, v + a, v + a + x, n.M, n.K, n.L, n.N);
    derivatives_central(want, v, net_loss, &n, count, 1e-5);
    for (int i = 0; i < count; i++) off = fmax(off, fabs(g[i] - want[i]));
    printf("sum of log cosh(A X B), A (%d,%d), X (%d,%d), B (%d,%d): gradient off differences by %.1e\n\n", n.M, n.K,
           n.K, n.L, n.L, n.N, off);
    return off;
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program =
        program_start(argc, argv, "derivatives", "derivatives by pairs, by differences, by hand", flags, &o);
    Rng      rng = rng_new(program->seed);
    Errors   e;
    if (o.points < 1 || o.points > 1000000 || o.steps < 1)
        program_try(program, "--points is 1 to 1000000, --steps from 1 on");
    program_try(program, errors_by_step(program, &rng, o.points, &e));
    program_try(program, losses(program));
    int    bad = extremes();
    double products = products_off(&rng);
    Three  t = three_ways(program, &rng, o.steps);
    program_promise(program, "forward difference: power of h, off 1 by", fabs(e.slope[0] - 1), "<=", 0.05);
    program_promise(program, "central difference: power of h, off 2 by", fabs(e.slope[1] - 2), "<=", 0.1);
    program_promise(program, "best central difference, decades from the cube root of epsilon",
                    fabs(log10(e.best_h[1] / cbrt(DBL_EPSILON))), "<=", 1);
    program_promise(program, "dual numbers, relative error", e.dual, "<=", 1e-13);
    program_promise(program, "losses and slopes at +-1e4 that are not finite", bad, "<=", 0);
    program_promise(program, "A X B: off by", products, "<=", 1e-8);
    program_promise(program, "real data: dual numbers off the gradient by hand by", t.dual_off, "<=", 1e-12);
    program_promise(program, "real data: differences off the gradient by hand by", t.central_off, "<=", 1e-8);
    program_promise(program, "unseen cells right", t.accuracy, ">=", 0.94);
    return program_end(program);
}
