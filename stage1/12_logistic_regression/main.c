/* main.c -- tumours, digits, flowers, incomes by logistic regression: what a penalty does, what happens without. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "logistic_regression.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int passes, batch; double rate; } Options;

static const Flag flags[] = {
    { "passes", FLAG_INT, offsetof(Options, passes), "300", "60", "1000", "passes over the data in the race" },
    { "batch", FLAG_INT, offsetof(Options, batch), "16", NULL, NULL, "rows a step of SGD sees" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "1", NULL, NULL, "learning rate of SGD" },
    { 0 },
};

enum { MOST = 60 };                     /* steps of Newton's method: none of these needs half as many */

static double *numbers(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(double), "numbers"); }

/* Rows from .. to-1 behind a column of ones, their classes as they are. */
static LogisticData rows_of(Arena *a, const Dataset *d, int64_t from, int64_t to, double lambda)
{
    int64_t      D = d->x->shape[1];
    double      *X = numbers(a, (to - from) * (D + 1));
    const double *x = d->x->data;
    for (int64_t n = from; n < to; n++) {
        X[(n - from) * (D + 1)] = 1;
        memcpy(X + (n - from) * (D + 1) + 1, x + n * D, (size_t)D * sizeof *x);
    }
    return (LogisticData){ .X = X, .y = (const int *)d->y->data + from, .lambda = lambda, .free = 1,
                           .N = (int)(to - from), .D = (int)D + 1 };
}

/* Each column but the ones: minus its mean, divided by its deviation, both taken from some rows. */
static void scale(const LogisticData *by, LogisticData *other)
{
    for (int d = 1; d < by->D; d++) {
        double mean = 0, square = 0;
        for (int n = 0; n < by->N; n++) mean += by->X[n * by->D + d] / by->N;
        for (int n = 0; n < by->N; n++) square += pow(by->X[n * by->D + d] - mean, 2) / by->N;
        LogisticData both[] = { *by, other ? *other : *by };
        for (int k = 0; k < (other ? 2 : 1); k++)
            for (int n = 0; n < both[k].N; n++) {
                double *x = (double *)both[k].X + n * by->D + d;        /* made by rows_of: ours to change */
                *x = square > 0 ? (*x - mean) / sqrt(square) : 0;
            }
    }
}

static double length(const double *w, int D)
{
    double square = 0;
    for (int d = 0; d < D; d++) square += w[d] * w[d];
    return sqrt(square);
}

static double score(const LogisticData *data, const double *w, int n)
{
    double z = 0;
    for (int d = 0; d < data->D; d++) z += data->X[n * data->D + d] * w[d];
    return z;
}

static int right(const LogisticData *data, const double *w)
{
    int hits = 0;
    for (int n = 0; n < data->N; n++) hits += (score(data, w, n) > 0) == data->y[n];
    return hits;
}

/* To the bottom from 0; returns f there. */
static double fit(Arena *a, const LogisticData *data, double *w, int *steps, double tolerance)
{
    int     D = data->D;
    double  loss[MOST], *work = numbers(a, (int64_t)(D + 3) * D), *dw = work;
    memset(w, 0, (size_t)D * sizeof *w);
    *steps = logistic_regression_newton(w, loss, work, data, tolerance, MOST);
    return logistic_regression_loss(dw, data, w);
}

/* ---- Tumours ----------------------------------------------------------------------------------------------------- */

/* All 569 rows, scaled; class 1 is benign. As found once by Newton's method in another language. */
typedef struct Known { double lambda, f, length, intercept; int right; } Known;
static const Known TUMOURS[] = {
    { 1, .384510672454, .4421454876, .6061107497, 535 },
    { .1, .196747777781, 1.1030399209, .6144663873, 552 },
    { .01, .099591375485, 2.3133563911, .4952696911, 561 },
    { 1. / 569, .066360186225, 3.8416087888, .2145027174, 562 },
    { .001, .059827937271, 4.5471085857, .0593783695, 562 },
    { .0001, .042619373031, 10.8017887024, -.8719954720, 564 },
};
enum { N_KNOWN = sizeof TUMOURS / sizeof *TUMOURS };

static double tumours(Arena *a, const Dataset *set, int *differ)
{
    LogisticData all = rows_of(a, set, 0, set->x->shape[0], 0);
    double      *w = numbers(a, all.D), off = 0;
    scale(&all, NULL);
    printf("tumours: %d rows, %d features, from %s\n", all.N, all.D - 1, set->from);
    printf("    lambda           loss   length of w  intercept  right of %d  steps\n", all.N);
    for (int k = 0; k < N_KNOWN; k++) {
        int steps;
        all.lambda = TUMOURS[k].lambda;
        double f = fit(a, &all, w, &steps, 1e-12), size = length(w + 1, all.D - 1);
        int    hits = right(&all, w);
        printf("  %8.6f %.12f  %12.9f %10.7f  %12d  %5d\n", all.lambda, f, size, w[0], hits, steps);
        off = fmax(off, fmax(fabs(f - TUMOURS[k].f), 1e-2 * fabs(size - TUMOURS[k].length)));
        off = fmax(off, 1e-2 * fabs(w[0] - TUMOURS[k].intercept));
        *differ += hits != TUMOURS[k].right;
    }
    printf("\n");
    return off;
}

/* Rows to learn from and unseen ones, over the penalty. */
static const char *over_lambda(Arena *a, Program *program, const Dataset *set, double *unseen_right)
{
    LogisticData seen = rows_of(a, set, 0, set->train, 0), unseen = rows_of(a, set, set->train, set->x->shape[0], 0);
    double      *w = numbers(a, seen.D), *dw = numbers(a, seen.D), least = INFINITY, at = 0;
    Plot        *p = program_plot(program, "lambda", (PlotArg){ .title = "Tumours: how strong a penalty?",
                     .x = "lambda", .y = "mean log loss", .log_x = true, .log_y = true, .kind = PLOT_LINESPOINTS,
                     .caption = "Weaker to the left: seen rows fit ever better, unseen ones first too, then worse." });
    *unseen_right = 0;
    scale(&seen, &unseen);
    for (double power = 0.5; power >= -7; power -= 0.5) {
        int steps;
        seen.lambda = pow(10, power);
        fit(a, &seen, w, &steps, 1e-9);
        seen.lambda = 0;
        double on = logistic_regression_loss(dw, &seen, w), off = logistic_regression_loss(dw, &unseen, w);
        plot_point(p, "seen", pow(10, power), on);
        plot_point(p, "unseen", pow(10, power), off);
        if (off < least) least = off, at = pow(10, power);
        if (power == -3) *unseen_right = (double)right(&unseen, w) / unseen.N;
    }
    printf("unseen fifth: at lambda 0.001 %.1f %% right; the loss is least, %.4f, at %.2g\n\n", 100 * *unseen_right,
           least, at);
    return plot_done(p);
}

/* Without a penalty there is no bottom: the same steps with and without. */
static const char *separable(Arena *a, Program *program, const Dataset *set, double *margin, double *grown)
{
    static const double lambdas[] = { 0, 1e-6, 1e-4, 1e-2 };
    LogisticData all = rows_of(a, set, 0, set->x->shape[0], 0);
    int          D = all.D;
    double      *w = numbers(a, D), *work = numbers(a, (int64_t)(D + 3) * D), loss, at[4][2];
    Plot        *p = program_plot(program, "separable", (PlotArg){ .title = "Tumours: classes that a plane parts",
                     .x = "steps of Newton's method", .y = "length of w", .log_y = true, .kind = PLOT_LINESPOINTS,
                     .caption = "Without a penalty w grows for ever; with one, however small, it comes to rest." });
    scale(&all, NULL);
    *margin = *grown = 0;
    printf("tumours by Newton's method: %14s %12s %12s\n", "after 10 steps", "after 30", "margin then");
    for (int k = 0; k < 4; k++) {
        char name[32];
        all.lambda = lambdas[k];
        snprintf(name, sizeof name, lambdas[k] > 0 ? "lambda %g" : "no penalty", lambdas[k]);
        memset(w, 0, (size_t)D * sizeof *w);
        for (int s = 1; s <= 30; s++) {
            logistic_regression_newton(w, &loss, work, &all, 1e-12, 1);
            plot_point(p, name, s, length(w + 1, D - 1));
            if (s == 10 || s == 30) at[k][s == 30] = length(w + 1, D - 1);
        }
        double m = logistic_regression_margin(&all, w);
        printf("  %-13s length of w %14.4g %12.4g %12.4g\n", name, at[k][0], at[k][1], m);
        if (k == 0) *margin = m, *grown = at[0][1] / at[0][0];
    }
    printf("\n");
    return plot_done(p);
}

/* ---- The race: who comes how near in how many passes ------------------------------------------------------------- */

static const char *race(Arena *a, Program *program, const Dataset *set, const Options *o, double gap[3])
{
    LogisticData all = rows_of(a, set, 0, set->x->shape[0], 0.001);
    int          D = all.D, N = all.N, steps;
    double      *w = numbers(a, D), *dw = numbers(a, D), *work = numbers(a, (int64_t)(D + 3) * D), loss[MOST];
    int         *order = arena_alloc(a, DEV_CPU, (size_t)N * sizeof *order, "order");
    Rng          rng = rng_new(program->seed);
    Plot        *p = program_plot(program, "race", (PlotArg){ .title = "Tumours, lambda 0.001: who comes how near?",
                     .x = "passes over the data", .y = "loss above the least", .log_x = true, .log_y = true,
                     .kind = PLOT_LINES,
                     .caption = "Newton doubles its digits with each step. SGD is first at the start, and then stalls "
                                "unless its rate falls." });
    static const char *const names[] = { "gradient descent", "SGD", "SGD, falling rate" };
    scale(&all, NULL);
    double least = fit(a, &all, w, &steps, 1e-13);
    for (int n = 0; n < N; n++) order[n] = n;
    for (int way = 0; way < 3; way++) {
        memset(w, 0, (size_t)D * sizeof *w);
        for (int pass = 1; pass <= o->passes; pass++) {
            if (way > 0) rng_shuffle(&rng, order, N);
            double rate = way == 0 ? 0.5 : way == 1 ? o->rate : o->rate / (1 + pass / 20.);
            logistic_regression_sgd(w, dw, &all, order, way == 0 ? N : o->batch, rate);
            gap[way] = logistic_regression_loss(dw, &all, w) - least;
            if (pass < 40 || pass % (o->passes / 60 + 1) == 0) plot_point(p, names[way], pass, gap[way]);
        }
    }
    memset(w, 0, (size_t)D * sizeof *w);
    steps = logistic_regression_newton(w, loss, work, &all, 1e-12, MOST);
    for (int s = 1; s < steps; s++) plot_point(p, "Newton", s, loss[s] - least);
    printf("the race, lambda 0.001: above the least loss, after %d passes\n", o->passes);
    for (int way = 0; way < 3; way++) printf("  %-18s %.2e\n", names[way], gap[way]);
    printf("  %-18s %.2e, after %d steps\n\n", "Newton", fmax(loss[steps - 1] - least, 0), steps - 1);
    return plot_done(p);
}

/* ---- Eights among digits: class weights -------------------------------------------------------------------------- */

static void eights(Arena *a, const Dataset *digits, double recall[2])
{
    int64_t rows = digits->x->shape[0];
    int    *is8 = arena_alloc(a, DEV_CPU, (size_t)rows * sizeof *is8, "classes");
    for (int64_t n = 0; n < rows; n++) is8[n] = ((const int32_t *)digits->y->data)[n] == 8;
    printf("one digit in ten is an 8: is it one?\n");
    for (int k = 0; k < 2; k++) {
        LogisticData seen = rows_of(a, digits, 0, digits->train, 0.01),
                     unseen = rows_of(a, digits, digits->train, rows, 0);
        double weight[2], *w = numbers(a, seen.D);
        int    steps, found = 0, there = 0, named = 0;
        seen.y = is8, unseen.y = is8 + digits->train;
        logistic_regression_balance(weight, seen.y, seen.N, 2);
        seen.weight = k ? weight : NULL;
        fit(a, &seen, w, &steps, 1e-9);
        for (int n = 0; n < unseen.N; n++) {
            int says = score(&unseen, w, n) > 0;
            there += unseen.y[n], named += says, found += says && unseen.y[n];
        }
        recall[k] = (double)found / there;
        printf("  %-18s %d of %d unseen eights found, %d of %d named are none; %.1f %% right\n",
               k ? "balanced classes" : "samples alike", found, there, named - found, named,
               100. * right(&unseen, w) / unseen.N);
    }
    printf("\n");
}

/* ---- Many classes ------------------------------------------------------------------------------------------------ */

static double fit_classes(Arena *a, const LogisticData *data, double *W, int C)
{
    int     n = C * data->D;
    double *work = numbers(a, 5 * (int64_t)n + (int64_t)data->N * C), *P = work + n;
    memset(W, 0, (size_t)n * sizeof *W);
    logistic_regression_softmax_fit(W, work, data, 1e-7, 50, C);
    return logistic_regression_softmax_loss(work, P, data, W, C);
}

static int right_class(const LogisticData *data, const double *W, int C)
{
    int hits = 0;
    for (int n = 0; n < data->N; n++) {
        int best = 0;
        for (int c = 1; c < C; c++)
            if (score(data, W + c * data->D, n) > score(data, W + best * data->D, n)) best = c;
        hits += best == data->y[n];
    }
    return hits;
}

typedef struct Classes { const char *set; double f; int right; } Classes;
static const Classes FLOWERS[] = { { "iris", .2436772273, 144 }, { "wine", .0918197306, 178 } };    /* lambda 0.01 */

static const char *many_classes(Arena *a, const Dataset *digits, double *off, int *differ, double *unseen_right)
{
    printf("many classes at once, by softmax\n");
    for (int k = 0; k < 2; k++) {
        Dataset     d;
        const char *wrong = data_load(a, FLOWERS[k].set, F64, &d);
        if (wrong) return wrong;
        LogisticData all = rows_of(a, &d, 0, d.x->shape[0], 0.01);
        double      *W = numbers(a, 3 * all.D);
        scale(&all, NULL);
        double f = fit_classes(a, &all, W, 3);
        int    hits = right_class(&all, W, 3);
        printf("  %-6s lambda 0.01: loss %.10f, %d of %d right\n", d.name, f, hits, all.N);
        *off = fmax(*off, fabs(f - FLOWERS[k].f)), *differ += hits != FLOWERS[k].right;
    }
    LogisticData seen = rows_of(a, digits, 0, digits->train, 0.001),
                 unseen = rows_of(a, digits, digits->train, digits->x->shape[0], 0);
    double      *W = numbers(a, 10 * (int64_t)seen.D), f = fit_classes(a, &seen, W, 10);
    int          hits = right_class(&unseen, W, 10);
    *unseen_right = (double)hits / unseen.N;
    printf("  digits lambda 0.001: loss %.10f, %d of %d unseen right\n\n", f, hits, unseen.N);
    return NULL;
}

/* ---- Incomes: a9a, as LIBLINEAR is asked with -s 0 -c 1: no intercept, |w|^2/2 + sum of losses ------------------- */

static const char *incomes(Program *program)
{
    static const double OBJECTIVE = .323379582465;      /* divided by 32561 */
    Arena      *a = arena_new("a9a");
    Dataset     set;
    const char *wrong = data_load(a, "a9a", F64, &set);
    if (!wrong) {
        int          N = (int)set.train, D = (int)set.x->shape[1], rows = (int)set.x->shape[0], steps;
        const double *x = set.x->data;
        const int   *y = set.y->data;
        LogisticData seen = { .X = x, .y = y, .lambda = 1. / N, .N = N, .D = D };
        LogisticData unseen = { .X = x + (int64_t)N * D, .y = y + N, .N = rows - N, .D = D };
        double      *w = numbers(a, D);
        double       f = fit(a, &seen, w, &steps, 1e-9);
        int          hits = right(&unseen, w);
        printf("incomes (a9a), %d rows, %d features: objective %.6f after %d steps; %d of %d unseen right\n\n", N, D,
               f * N, steps, hits, unseen.N);
        program_promise(program, "a9a: objective, off the published one by", fabs(f - OBJECTIVE) / OBJECTIVE, "<=",
                        1e-9);
        program_promise(program, "a9a: unseen rows right, off 13837 by", abs(hits - 13837), "<=", 1);
    }
    arena_free(a);
    return wrong;
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program = program_start(argc, argv, "logistic_regression",
                                     "tumours, digits, flowers and incomes by logistic regression", flags, &o);
    Arena   *a = arena_new("logistic regression");
    Dataset  tumour, digits;
    int      differ = 0;
    double   tumours_right, margin, grown, gap[3], recall[2], classes = 0, unseen = 0;
    if (o.passes < 1 || o.passes > 100000 || o.batch < 1 || o.batch > 569)
        program_try(program, "--passes is 1 to 100000, --batch 1 to 569");
    program_try(program, data_load(a, "breast_cancer", F64, &tumour));
    program_try(program, data_load(a, "digits", F64, &digits));
    double off = tumours(a, &tumour, &differ);
    program_try(program, over_lambda(a, program, &tumour, &tumours_right));
    program_try(program, separable(a, program, &tumour, &margin, &grown));
    program_try(program, race(a, program, &tumour, &o, gap));
    eights(a, &digits, recall);
    program_try(program, many_classes(a, &digits, &classes, &differ, &unseen));
    if (!program->quick && data_here("a9a")) program_try(program, incomes(program));
    else if (!program->quick) printf("a9a is not here: make data\n\n");
    program_promise(program, "tumours: losses, off the published ones by", off, "<=", 1e-9);
    program_promise(program, "iris and wine: losses, off the published ones by", classes, "<=", 1e-7);
    program_promise(program, "counts of right rows that differ from the published", differ, "<=", 0);
    program_promise(program, "tumours, no penalty: margin after 30 steps", margin, ">=", 1);
    program_promise(program, "tumours, no penalty: w after 30 steps beside 10", grown, ">=", 2);
    program_promise(program, "eights found more by balancing", recall[1] - recall[0], ">=", 0.05);
    program_promise(program, "tumours: unseen right, lambda 0.001", tumours_right, ">=", 0.95);
    program_promise(program, "digits: unseen right", unseen, ">=", 0.94);
    arena_free(a);
    return program_end(program);
}
