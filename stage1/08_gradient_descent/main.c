/* main.c -- how fast descent is, beside what theory says; what a condition number costs; seven runs, and what ails
 * them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "data.h"
#include "gradient_descent.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int decades, grid, then; } Options;

static const Flag flags[] = {
    { "decades", FLAG_INT, offsetof(Options, decades), "4", "2", "5", "largest condition number: 10 to this power" },
    { "grid", FLAG_INT, offsetof(Options, grid), "48", "16", "160",
      "starts along each side of the map of four bottoms" },
    { "then", FLAG_INT, offsetof(Options, then), "20000", "4000", NULL, "steps that a mended run goes on for" },
    { 0 },
};

static const struct {
    Descent way;
    const char *name;
} ways[] = {
    { DESCENT_PLAIN, "plain" },
    { DESCENT_MOMENTUM, "momentum" },
    { DESCENT_NESTEROV, "Nesterov" },
};
enum { WAYS = sizeof ways / sizeof *ways };

static double *numbers(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(double), "numbers"); }

static double *zeros(Arena *a, int64_t n) { return memset(numbers(a, n), 0, (size_t)n * sizeof(double)); }

static double length(const double *v, int D)
{
    double square = 0;
    for (int d = 0; d < D; d++) square += v[d] * v[d];
    return sqrt(square);
}

/* w and v are in/out, as in the header; plain has no v. */
static void walk(Descent way, double *w, double *v, double *loss, double *g, LossFunction *f, const void *data,
                 double rate, double beta, int steps, int D)
{
    if (way == DESCENT_PLAIN) gradient_descent_plain(w, loss, g, f, data, rate, steps, D);
    if (way == DESCENT_MOMENTUM) gradient_descent_momentum(w, v, loss, g, f, data, rate, beta, steps, D);
    if (way == DESCENT_NESTEROV) gradient_descent_nesterov(w, v, loss, g, f, data, rate, beta, steps, D);
}

/* ---- Losses ------------------------------------------------------------------------------------------------------ */

typedef struct Bowl {
    const double *A, *b;
    double c;
} Bowl; /* w A w / 2 - b w + c */

static double bowl_loss(double *g, const double *w, const void *data, int D)
{
    const Bowl *bowl = data;
    return gradient_descent_quadratic(g, bowl->A, bowl->b, w, D) + bowl->c;
}

/* A bowl with its bottom at 0 and curvatures from 1/k to 1, evenly in the logarithm, its axes turned by mirrors. */
static Bowl bowl_conditioned(Arena *a, Rng *rng, double k, int D)
{
    double *A = zeros(a, (int64_t)D * D), *q = numbers(a, D), *b = zeros(a, D);
    for (int d = 0; d < D; d++) A[d * D + d] = D > 1 ? pow(k, (double)d / (D - 1) - 1) : 1;
    for (int mirror = 0; mirror < 2; mirror++) {
        for (int d = 0; d < D; d++) q[d] = rng_normal(rng);
        double size = length(q, D);
        for (int d = 0; d < D; d++) q[d] /= size;
        for (int side = 0; side < 2; side++) /* A = (I - 2 q q^T) A, then the same from the right */
            for (int j = 0; j < D; j++) {
                double dot = 0;
                for (int i = 0; i < D; i++) dot += q[i] * A[side ? j * D + i : i * D + j];
                for (int i = 0; i < D; i++) A[side ? j * D + i : i * D + j] -= 2 * dot * q[i];
            }
    }
    return (Bowl){ A, b, 0 };
}

/* Half the mean squared error of a straight line: A = X^T X / N, b = X^T y / N. Columns scaled, or as they came. */
typedef struct Lines {
    Bowl bowl;
    double *X, *y;
    int N, D;
} Lines; /* (N,D), column 0 all ones; (N) scaled */

static Lines lines_new(Arena *a, const Dataset *d, bool scaled)
{
    int N = (int)d->x->shape[0], D = (int)d->x->shape[1] + 1;
    Lines l = { .X = numbers(a, (int64_t)N * D), .y = numbers(a, N), .N = N, .D = D };
    double *A = zeros(a, (int64_t)D * D), *b = zeros(a, D), c = 0;
    for (int i = 0; i < D; i++) { /* the last column is y */
        double *to = i ? l.X + i : l.y, mean = 0, sd = 0;
        int step = i ? D : 1;
        for (int n = 0; n < N; n++) {
            to[n * step] = i ? ((const double *)d->x->data)[n * (D - 1) + i - 1] : ((const double *)d->y->data)[n];
            mean += to[n * step] / N;
        }
        for (int n = 0; n < N; n++) sd += pow(to[n * step] - mean, 2) / N;
        for (int n = 0; n < N && (scaled || !i); n++) to[n * step] = (to[n * step] - mean) / sqrt(sd);
    }
    for (int n = 0; n < N; n++) {
        double *x = l.X + (int64_t)n * D;
        x[0] = 1, c += l.y[n] * l.y[n] / N / 2;
        for (int i = 0; i < D; i++) {
            b[i] += x[i] * l.y[n] / N;
            for (int j = 0; j < D; j++) A[i * D + j] += x[i] * x[j] / N;
        }
    }
    l.bowl = (Bowl){ A, b, c };
    return l;
}

/* A network of one weight and one weight: yhat = w1 w0 x, x being the body mass index. Saddle at 0. */
static double chain_loss(double *g, const double *w, const void *data, int D)
{
    const Lines *l = data;
    double loss = 0, slope = 0;
    (void)D;
    for (int n = 0; n < l->N; n++) {
        double x = l->X[n * l->D + 3], r = w[0] * w[1] * x - l->y[n];
        loss += r * r / l->N / 2, slope += r * x / l->N;
    }
    g[0] = slope * w[1], g[1] = slope * w[0];
    return loss;
}

/* Two layers, HIDDEN units between: yhat = c + sum over h of u[h] relu(W[h] x). w holds W (HIDDEN,D), u (HIDDEN), c. */
enum { HIDDEN = 8 };

static double network_loss(double *g, const double *w, const void *data, int D)
{
    const Lines *l = data;
    const double *u = w + HIDDEN * l->D, *c = u + HIDDEN;
    double loss = 0, *du = g + HIDDEN * l->D, *dc = du + HIDDEN, z[HIDDEN];
    memset(g, 0, (size_t)D * sizeof *g);
    for (int n = 0; n < l->N; n++) {
        const double *x = l->X + (int64_t)n * l->D;
        double r = *c - l->y[n];
        for (int h = 0; h < HIDDEN; h++) {
            z[h] = 0;
            for (int d = 0; d < l->D; d++) z[h] += w[h * l->D + d] * x[d];
            z[h] = fmax(z[h], 0), r += u[h] * z[h];
        }
        loss += r * r / l->N / 2, r /= l->N, *dc += r;
        for (int h = 0; h < HIDDEN; h++) {
            if (!(z[h] > 0)) continue;
            du[h] += r * z[h];
            for (int d = 0; d < l->D; d++) g[h * l->D + d] += r * u[h] * x[d];
        }
    }
    return loss;
}

/* Logistic loss with a small penalty, label +1 or -1 in y: convex. */
static double logistic_loss(double *g, const double *w, const void *data, int D)
{
    const Lines *l = data;
    double loss = 0, penalty = 1e-3;
    for (int d = 0; d < D; d++) g[d] = penalty * w[d], loss += penalty / 2 * w[d] * w[d];
    for (int n = 0; n < l->N; n++) {
        const double *x = l->X + (int64_t)n * D;
        double z = 0;
        for (int d = 0; d < D; d++) z += w[d] * x[d];
        z *= l->y[n];
        loss += (z > 0 ? log1p(exp(-z)) : log1p(exp(z)) - z) / l->N;
        double slope = -l->y[n] / (1 + exp(z)) / l->N;
        for (int d = 0; d < D; d++) g[d] += slope * x[d];
    }
    return loss;
}

/* Himmelblau's four bottoms, all at 0: (x^2 + y - 11)^2 + (x + y^2 - 7)^2 */
static const double BOTTOM[4][2] = {
    { 3, 2 }, { -2.805118, 3.131313 }, { -3.779310, -3.283186 }, { 3.584428, -1.848127 }
};

static double himmelblau_loss(double *g, const double *w, const void *data, int D)
{
    (void)data, (void)D;
    double p = w[0] * w[0] + w[1] - 11, q = w[0] + w[1] * w[1] - 7;
    g[0] = 4 * p * w[0] + 2 * q, g[1] = 2 * p + 4 * q * w[1];
    return p * p + q * q;
}

/* The loss above with every curvature lowered: the smallest becomes the one of the largest size. */
typedef struct Lowered {
    LossFunction *f;
    const void *data;
    double by;
} Lowered;

static double lowered_loss(double *g, const double *w, const void *data, int D)
{
    const Lowered *l = data;
    double loss = l->f(g, w, l->data, D);
    for (int d = 0; d < D; d++) g[d] -= l->by * w[d], loss -= l->by / 2 * w[d] * w[d];
    return loss;
}

/* The smallest and the largest curvature at w, by two power iterations. */
static void curvatures(Arena *a, double *flattest, double *steepest, LossFunction *f, const void *data, const double *w,
                       double h, int D)
{
    const int turns = D > 50 ? 300 : 4000;              /* networks cost more, and only a sign is asked of them */
    double *v = numbers(a, D), *u = numbers(a, D), *work = numbers(a, 2 * D), end[2];
    for (int d = 0; d < D; d++) v[d] = 1 + 0.1 * d;
    end[0] = gradient_descent_steepest(v, u, work, f, data, w, h, turns, D);
    Lowered lowered = { f, data, end[0] };
    for (int d = 0; d < D; d++) v[d] = 1 + 0.1 * d;
    end[1] = end[0] + gradient_descent_steepest(v, u, work, lowered_loss, &lowered, w, h, turns, D);
    *flattest = fmin(end[0], end[1]), *steepest = fmax(end[0], end[1]);
}

/* ---- Observed beside theory -------------------------------------------------------------------------------------- */

typedef struct Pace {
    double theory, observed;
    int steps;
} Pace; /* factors a step; steps to a millionth of the loss */

/* From a random start to the floor of what a double can hold; the pace is that of the last half. */
static Pace pace(Arena *a, Rng *rng, Descent way, const Bowl *bowl, double flattest, double steepest, int D)
{
    double rate, beta, factor = gradient_descent_best(&rate, &beta, way, flattest, steepest);
    int steps = (int)fmin(4e6, 500 / -log(factor) / 2); /* the loss falls by e^-500 */
    double *w = numbers(a, D), *v = zeros(a, D), *g = numbers(a, D), *loss = numbers(a, steps + 1);
    for (int d = 0; d < D; d++) w[d] = rng_normal(rng);
    walk(way, w, v, loss, g, bowl_loss, bowl, rate, beta, steps, D);
    Pace p = { factor, pow(loss[steps - 1] / loss[steps / 2], 0.5 / (steps - 1 - steps / 2)), 0 };
    while (p.steps < steps && loss[p.steps] > 1e-6 * loss[0]) p.steps++;
    return p;
}

static const char *draw_condition(Program *program, const Options *o, Rng *rng, double *worst)
{
    enum { D = 20 };
    Plot *plot = program_plot(
        program, "condition",
        (PlotArg){
            .title = "steps until the loss is a millionth",
            .kind = PLOT_LINESPOINTS,
            .x = "condition number",
            .y = "steps",
            .log_x = true,
            .log_y = true,
            .slopes = true,
            .caption =
                "Ten times the condition number costs plain descent ten times the steps, and momentum the root of "
                "ten times." });
    printf("20 weights, curvatures from 1/k to 1, the best rate and momentum for each k\n"
           "%10s  %-10s %12s %12s %10s\n",
           "k", "", "theory", "observed", "steps to 1e-6");
    for (double e = 1; e <= o->decades && !program->stopped; e += 0.5) {
        for (int i = 0; i < WAYS; i++) {
            Arena *a = arena_new("bowl");
            Bowl bowl = bowl_conditioned(a, rng, pow(10, e), D);
            Pace p = pace(a, rng, ways[i].way, &bowl, pow(10, -e), 1, D);
            double off = fabs(log(p.observed) / log(p.theory) - 1);
            if (!(off <= *worst)) *worst = off; /* NaN is taken */
            plot_point(plot, ways[i].name, pow(10, e), p.steps);
            if (e == floor(e))
                printf("%10.0f  %-10s %12.6f %12.6f %10d\n", pow(10, e), ways[i].name, p.theory, p.observed, p.steps);
            arena_free(a);
        }
        program_progress(program, (int64_t)(2 * e), 2 * o->decades, "condition numbers");
    }
    printf("\n");
    return plot_done(plot);
}

/* ---- Paths over contours ----------------------------------------------------------------------------------------- */

static const char *draw_paths(Program *program)
{
    enum { STEPS = 45, RING = 28 };
    static const double A[] = { 1, 0, 0, 20 }, b[] = { 0, 0 }, levels[] = { 3, 11, 25 };
    Bowl bowl = { A, b, 0 };
    Plot *plot = program_plot(
        program, "paths",
        (PlotArg){
            .title = "a valley 20 times as steep across as along",
            .kind = PLOT_LINESPOINTS,
            .x = "w[0]",
            .y = "w[1]",
            .caption =
                "Plain descent jumps from wall to wall and creeps along the valley. Momentum overshoots too, but "
                "gathers speed along it; Nesterov's rate ends the steep direction at once." });
    for (size_t c = 0; c < sizeof levels / sizeof *levels; c++) /* w0^2 + 20 w1^2 = 2 level */
        for (int i = 0; i < RING; i++) {
            double t = 6.283185307179586 * i / RING, next = 6.283185307179586 * (i + 1) / RING, r = sqrt(2 * levels[c]);
            plot_line(plot, r * cos(t), r * sin(t) / sqrt(20), r * cos(next), r * sin(next) / sqrt(20), NULL);
        }
    for (int i = 0; i < WAYS; i++) {
        double rate, beta, w[] = { -7, 1 }, v[] = { 0, 0 }, loss, g[2];
        gradient_descent_best(&rate, &beta, ways[i].way, 1, 20);
        for (int s = 0; s < STEPS; s++) {
            plot_point(plot, ways[i].name, w[0], w[1]);
            walk(ways[i].way, w, v, &loss, g, bowl_loss, &bowl, rate, beta, 1, 2);
        }
    }
    return plot_done(plot);
}

/* ---- The rate ---------------------------------------------------------------------------------------------------- */

static double after(Arena *a, const Lines *l, double rate, int steps) /* the loss then, beside the loss at the start */
{
    double *w = zeros(a, l->D), *loss = numbers(a, steps), *g = numbers(a, l->D);
    gradient_descent_plain(w, loss, g, bowl_loss, &l->bowl, rate, steps, l->D);
    return loss[steps - 1] / loss[0];
}

/* Where divergence begins, by halving the interval; theory says 2 / steepest. Returns the quotient of both. */
static const char *draw_rate(Program *program, const Lines *l, double steepest, double least, double *edge)
{
    enum { SHORT = 100, LONG = 4000 };
    Arena *a = arena_new("rate");
    double low = 1 / steepest, high = 4 / steepest;
    Plot *plot = program_plot(
        program, "rate",
        (PlotArg){
            .title = "the loss above the least after 100 steps",
            .kind = PLOT_LINES,
            .x = "rate times the steepest curvature",
            .y = "loss / least loss - 1",
            .log_y = true,
            .caption =
                "A larger rate is better until, just before 2, it is the worst of all: divergence begins at 2 over "
                "the steepest curvature." });
    while (high - low > 1e-7 * high) {
        double middle = (low + high) / 2;
        if (after(a, l, middle, LONG) < 1)
            low = middle;
        else
            high = middle;
        arena_reset(a);
    }
    *edge = low * steepest / 2;
    for (int i = 1; i <= 84; i++) {
        double above = after(a, l, i / 40.0 / steepest, SHORT) * l->bowl.c / least - 1;
        if (above < 1e3) plot_point(plot, "plain", i / 40.0, above);
        arena_reset(a);
    }
    arena_free(a);
    plot_line(plot, 2, -INFINITY, 2, INFINITY, "2");
    printf("diabetes: divergence begins at a rate of %.6f times 2 / steepest\n\n", *edge);
    return plot_done(plot);
}

/* ---- Seven runs, and what ails them ------------------------------------------------------------------------------ */

static const char *const CAUSES[] = { "nothing", "rate too large", "wrong sign", "dead units",
                                      "saddle",  "rate too small", "scaling",    "patience" };
static const char *const REMEDIES[] = { "none",         "a lower rate",  "turn the sign",     "start again",
                                        "a small push", "a higher rate", "scale the columns", "more steps" };

typedef struct Case {
    const char *what;
    Cause truth;
    LossFunction *f; /* and its data, weights and start: what is wrong is in here */
    const void *data;
    double *start, rate;
    int D, steps;
    LossFunction *mended; /* what the remedy leads to */
    const void *mended_data;
    double *restart, least; /* the loss that a healthy run comes near */
} Case;

static Cause examine(Arena *a, const Case *c, double *next, double *first, double *last, double *w)
{
    double *g = numbers(a, c->D), *loss = numbers(a, c->steps), *size = numbers(a, c->steps), h = 1e-4;
    bool *silent = arena_alloc(a, DEV_CPU, (size_t)c->D * sizeof *silent, "silent");
    memcpy(w, c->start, (size_t)c->D * sizeof *w);
    memset(silent, 1, (size_t)c->D * sizeof *silent);
    for (int s = 0; s < c->steps; s++) {
        gradient_descent_plain(w, &loss[s], g, c->f, c->data, c->rate, 1,
                               c->D); /* one step; g is the slope before it */
        size[s] = length(g, c->D);
        for (int d = 0; d < c->D; d++) silent[d] &= g[d] == 0;
    }
    DescentRun run = { .steps = c->steps, .D = c->D, .rate = c->rate, .loss = loss, .length = size };
    for (int d = 0; d < c->D; d++) run.silent += silent[d];
    bool rose = !(loss[c->steps - 1] <= loss[0]);
    curvatures(a, &run.flattest, &run.steepest, c->f, c->data, rose ? c->start : w, h, c->D);
    *first = loss[0], *last = loss[c->steps - 1];
    return gradient_descent_diagnose(next, &run);
}

/* After the remedy: the loss that so many steps more end with. */
static double mend(Arena *a, const Case *c, Cause cause, double next, int steps, double *w)
{
    double *g = numbers(a, c->D), *loss = numbers(a, steps);
    if (cause == CAUSE_SADDLE)
        for (int d = 0; d < c->D; d++) w[d] += 1e-3 * (1 + d);
    else if (cause != CAUSE_PATIENCE || !isfinite(length(w, c->D)))
        memcpy(w, c->restart, (size_t)c->D * sizeof *w);
    gradient_descent_plain(w, loss, g, c->mended, c->mended_data, next, steps, c->D);
    return loss[steps - 1];
}

static void consult(Program *program, const Lines *scaled, const Lines *raw, double steepest, double least, int then,
                    int *right, int *healed, int *n)
{
    Arena *a = arena_new("consulting hours");
    int D = scaled->D, E = HIDDEN * D + HIDDEN + 1;
    double *zero = zeros(a, E), *chain = numbers(a, 2), *dead = numbers(a, E), *alive = numbers(a, E), flattest,
           steep_raw;
    Rng rng = rng_new(program->seed);
    curvatures(a, &flattest, &steep_raw, bowl_loss, &raw->bowl, zero, 1, raw->D);
    chain[0] = 0.5, chain[1] = -0.5;
    for (int i = 0; i < E; i++)
        alive[i] = dead[i] = i < HIDDEN * D ? rng_normal(&rng) / sqrt(D)
                             : i < E - 1    ? rng_normal(&rng) / sqrt(HIDDEN)
                                            : 0;
    for (int h = 0; h < HIDDEN; h++) dead[h * D] = -20; /* column 0 is all ones: the units' thresholds */
    double xy = 0; /* the best line through one scaled column: loss (1 - r^2) / 2 */
    for (int i = 0; i < scaled->N; i++) xy += scaled->X[i * D + 3] * scaled->y[i] / scaled->N;
    const Bowl *bowl = &scaled->bowl;
    Case cases[] = {
        { "rate 2.1 / steepest", CAUSE_RATE_TOO_LARGE, bowl_loss, bowl, zero, 2.1 / steepest, D, 300, bowl_loss, bowl,
          zero, least },
        { "w += rate times gradient", CAUSE_WRONG_SIGN, bowl_loss, bowl, zero, -0.5 / steepest, D, 300, bowl_loss, bowl,
          zero, least },
        { "thresholds at -20, ReLU", CAUSE_DEAD_UNITS, network_loss, scaled, dead, 0.05, E, 300, network_loss, scaled,
          alive, least },
        { "two weights in a chain", CAUSE_SADDLE, chain_loss, scaled, chain, 0.5, 2, 300, chain_loss, scaled, chain,
          (1 - xy * xy) / 2 },
        { "rate 0.01 / steepest", CAUSE_RATE_TOO_SMALL, bowl_loss, bowl, zero, 0.01 / steepest, D, 300, bowl_loss, bowl,
          zero, least },
        { "columns as they came", CAUSE_SCALING, bowl_loss, &raw->bowl, zero, 1 / steep_raw, D, 300, bowl_loss, bowl,
          zero, least },
        { "stopped after 30 steps", CAUSE_PATIENCE, bowl_loss, bowl, zero, 1 / steepest, D, 30, bowl_loss, bowl, zero,
          least },
    };
    *n = sizeof cases / sizeof *cases;
    printf("%-28s %21s   %-16s %-18s %10s\n", "what is wrong", "loss, first to last", "cause named", "remedy", "then");
    for (int i = 0; i < *n && !program->stopped; i++) {
        Case *c = &cases[i];
        double next, first, last, *w = numbers(a, c->D);
        Cause cause = examine(a, c, &next, &first, &last, w);
        double end = mend(a, c, cause, cause == CAUSE_SCALING ? 1 / steepest : next, then, w);
        *right += cause == c->truth;
        *healed += end <= c->least * (1 + 1e-3);
        printf("%-28s %8.4g to %9.4g   %-16s %-18s %10.6f\n", c->what, first, last, CAUSES[cause], REMEDIES[cause],
               end);
        program_progress(program, i + 1, *n, "runs");
    }
    printf("\n");
    arena_free(a);
}

/* ---- One bottom, or four ----------------------------------------------------------------------------------------- */

static void convex(Program *program, const Dataset *d, double *apart)
{
    enum { STARTS = 5, STEPS = 4000 };
    Arena *a = arena_new("convex");
    Lines l = lines_new(a, d, true);
    double *w = numbers(a, l.D), *v = numbers(a, l.D), *g = numbers(a, l.D), *loss = numbers(a, STEPS), flattest,
           steepest;
    double low = INFINITY, high = -INFINITY, rate, beta;
    Rng rng = rng_new(program->seed);
    for (int n = 0; n < l.N; n++) l.y[n] = ((const int32_t *)d->y->data)[n] ? 1 : -1;
    memset(w, 0, (size_t)l.D * sizeof *w);
    curvatures(a, &flattest, &steepest, logistic_loss, &l, w, 1e-3, l.D);  /* nowhere is it steeper than at 0 */
    gradient_descent_best(&rate, &beta, DESCENT_NESTEROV, 1e-3, steepest); /* nor flatter than its penalty */
    for (int s = 0; s < STARTS && !program->stopped; s++) {
        for (int i = 0; i < l.D; i++) w[i] = 3 * rng_normal(&rng), v[i] = 0;
        gradient_descent_nesterov(w, v, loss, g, logistic_loss, &l, rate, beta, STEPS, l.D);
        low = fmin(low, loss[STEPS - 1]), high = fmax(high, loss[STEPS - 1]);
        program_progress(program, s + 1, STARTS, "starts");
    }
    *apart = (high - low) / low;
    printf("logistic loss on %s, %d random starts: all end at %.10f, %.1e apart\n", d->name, STARTS, low, *apart);
    arena_free(a);
}

static const char *draw_basins(Program *program, int side, int *found)
{
    Plot *plot = program_plot(
        program, "basins",
        (PlotArg){
            .title = "which of four bottoms a start leads to",
            .kind = PLOT_IMAGE,
            .x = "start, w[0] from -5 to 5",
            .y = "start, w[1] from 5 to -5",
            .caption =
                "Himmelblau's function: where the walk ends depends on where it began, and near the borders on a "
                "hair." });
    int count[4] = { 0 }, lost = 0;
    for (int row = 0; row < side; row++)
        for (int column = 0; column < side; column++) {
            double w[] = { -5 + 10 * (column + 0.5) / side, 5 - 10 * (row + 0.5) / side }, loss[600], g[2];
            int at = -1;
            gradient_descent_plain(w, loss, g, himmelblau_loss, NULL, 0.01, 600, 2);
            for (int i = 0; i < 4; i++)
                if (hypot(w[0] - BOTTOM[i][0], w[1] - BOTTOM[i][1]) < 1e-3) at = i;
            if (at >= 0)
                count[at]++;
            else
                lost++;
            plot_cell(plot, row, column, at);
        }
    *found = 0;
    printf("Himmelblau's function, %d starts:", side * side);
    for (int i = 0; i < 4; i++)
        printf(" %d end at (%.2f, %.2f),", count[i], BOTTOM[i][0], BOTTOM[i][1]), *found += count[i] > 0;
    printf(" %d elsewhere\n\n", lost);
    return plot_done(plot);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
    Options o;
    Program *program =
        program_start(argc, argv, "gradient_descent", "how fast descent is, and why a run fails", flags, &o);
    Arena *a = arena_new("gradient_descent");
    Rng rng = rng_new(program->seed);
    Dataset diabetes, cancer;
    double worst = 0, edge = NAN, apart = NAN, flattest, steepest, flat_raw, steep_raw, worst_real = 0;
    int right = 0, healed = 0, cases = 0, found = 0;
    program_try(program, data_load(a, "diabetes", F64, &diabetes));
    program_try(program, data_load(a, "breast_cancer", F64, &cancer));
    if (o.decades < 1 || o.decades > 6 || o.grid < 4 || o.grid > 400 || o.then < 1)
        program_try(program, "--decades is 1 to 6, --grid 4 to 400, --then at least 1");
    program_try(program, draw_condition(program, &o, &rng, &worst));
    program_try(program, draw_paths(program));

    Lines scaled = lines_new(a, &diabetes, true), raw = lines_new(a, &diabetes, false);
    double *w = zeros(a, scaled.D), *v = zeros(a, scaled.D), *g = numbers(a, scaled.D), *loss = numbers(a, 20000);
    curvatures(a, &flattest, &steepest, bowl_loss, &scaled.bowl, w, 1, scaled.D);
    curvatures(a, &flat_raw, &steep_raw, bowl_loss, &raw.bowl, w, 1, raw.D);
    printf("diabetes, 442 people, half the mean squared error of a straight line, targets scaled\n"
           "condition number %.1f as the columns came, %.1f with every column scaled\n",
           steep_raw / flat_raw, steepest / flattest);
    double rate, beta;
    gradient_descent_best(&rate, &beta, DESCENT_MOMENTUM, flattest, steepest);
    gradient_descent_momentum(w, v, loss, g, bowl_loss, &scaled.bowl, rate, beta, 20000, scaled.D);
    double least = loss[19999];
    Bowl centred = { scaled.bowl.A, zeros(a, scaled.D), 0 }; /* the same bowl, its bottom moved to 0 */
    for (int i = 0; i < WAYS; i++) {
        Pace p = pace(a, &rng, ways[i].way, &centred, flattest, steepest, scaled.D);
        double off = fabs(log(p.observed) / log(p.theory) - 1);
        if (!(off <= worst_real)) worst_real = off;
        printf("  %-10s factor %.6f by theory, %.6f observed, %d steps to 1e-6\n", ways[i].name, p.theory, p.observed,
               p.steps);
    }
    program_try(program, draw_rate(program, &scaled, steepest, least, &edge));
    consult(program, &scaled, &raw, steepest, least, o.then, &right, &healed, &cases);
    convex(program, &cancer, &apart);
    program_try(program, draw_basins(program, o.grid, &found));

    program_promise(program, "rates, from theory", worst, "<=", 0.05);
    program_promise(program, "rates on diabetes, from theory", worst_real, "<=", 0.05);
    program_promise(program, "divergence, from 2 / steepest", fabs(edge - 1), "<=", 0.01);
    program_promise(program, "causes named, of seven", right, ">=", 7);
    program_promise(program, "healed, of seven", healed, ">=", 7);
    program_promise(program, "convex: ends apart", apart, "<=", 1e-9);
    program_promise(program, "bottoms found, of four", found, ">=", 4);
    arena_free(a);
    return program_end(program);
}
