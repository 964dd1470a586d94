/* main.c -- how a disease goes on, or what a house costs, by a straight line: three ways to the same weights. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "data.h"
#include "linear_regression.h"
#include "program.h"

typedef struct Options { const char *data; int descent, curve; } Options;

static const Flag flags[] = {
    { "data", FLAG_TEXT, offsetof(Options, data), "diabetes", NULL, "california",
      "diabetes, or california after make data" },
    { "descent", FLAG_INT, offsetof(Options, descent), "12000", NULL, NULL, "steps of the descent that is to agree" },
    { "curve", FLAG_INT, offsetof(Options, curve), "200000", "4000", NULL,
      "steps of the learning curves at most, fewer where there are many rows" },
    { 0 },
};

/* What others found. Diabetes: all 442 rows, then the split. California: the split, 12 features (see features_used). */
typedef struct Published { const char *data; const double *w; double rss, ridge, unseen, unseen_within; } Published;

static const double DIABETES_W[] = { 152.1334841629, -10.0121978175, -239.8190893657, 519.8397867901, 324.3904276894,
                                     -792.1841616283, 476.7458378237, 101.0445703213, 177.0641762323, 751.2793210874,
                                     67.625386391 };
static const Published PUBLISHED[] = {
    { "diabetes", DIABETES_W, 1263983.15625549, 1341503.14631525, 57.26401016, 1e-7 },
    { "california", NULL, 0, 0, 70969.34, 0.1 },
    { 0 },
};

typedef struct Problem { double *X, *y; int N, D; } Problem;            /* (N,D), column 0 all ones; (N) */

static double *numbers(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(double), "numbers"); }

static double *copy(Arena *a, const double *v, int64_t n) { return memcpy(numbers(a, n), v, (size_t)n * sizeof *v); }

/* Rows from .. to-1 of a data set, its first features columns, and a column of ones before them. */
static Problem problem_new(Arena *a, const Dataset *d, int64_t from, int64_t to, int features)
{
    Problem p = { .N = (int)(to - from), .D = features + 1 };
    int64_t columns = d->x->shape[1];
    p.X = numbers(a, (int64_t)p.N * p.D), p.y = numbers(a, p.N);
    for (int n = 0; n < p.N; n++) {
        const double *x = (const double *)d->x->data + (from + n) * columns;
        p.X[n * p.D] = 1;
        memcpy(p.X + n * p.D + 1, x, (size_t)features * sizeof *x);
        p.y[n] = ((const double *)d->y->data)[from + n];
    }
    return p;
}

/* Every feature minus its mean, divided by its standard deviation; both are kept, to go back. */
static Problem problem_scaled(Arena *a, const Problem *p, double *mean, double *sd)     /* (D), (D) */
{
    Problem z = { .X = numbers(a, (int64_t)p->N * p->D), .y = p->y, .N = p->N, .D = p->D };
    for (int d = 0; d < p->D; d++) {
        mean[d] = 0, sd[d] = 0;
        for (int n = 0; n < p->N; n++) mean[d] += p->X[n * p->D + d] / p->N;
        for (int n = 0; n < p->N; n++) sd[d] += pow(p->X[n * p->D + d] - mean[d], 2) / p->N;
        sd[d] = sqrt(sd[d]);
        if (d == 0) mean[d] = 0, sd[d] = 1;             /* the ones stay */
        for (int n = 0; n < p->N; n++) z.X[n * p->D + d] = (p->X[n * p->D + d] - mean[d]) / sd[d];
    }
    return z;
}

static double root_mean_square(Arena *a, const Problem *p, const double *w)
{
    double *yhat = numbers(a, p->N), sum = 0;
    linear_regression_predict(yhat, p->X, w, p->N, p->D);
    for (int n = 0; n < p->N; n++) sum += pow(yhat[n] - p->y[n], 2);
    return sqrt(sum / p->N);
}

/* ---- The three ways ---------------------------------------------------------------------------------------------- */

/* R (D,D) is kept in *R for the standard errors. */
static bool by_qr(Arena *a, const Problem *p, double *w, double *rss, double **R)
{
    *R = copy(a, p->X, (int64_t)p->N * p->D);
    return linear_regression_qr(w, rss, *R, copy(a, p->y, p->N), p->N, p->D);
}

static bool by_ridge(Arena *a, const Problem *p, double lambda, double *w)
{
    return linear_regression_ridge(w, numbers(a, (int64_t)p->D * p->D), p->X, p->y, lambda, p->N, p->D);
}

/* The largest eigenvalue of 2/N X^T X, the steepest curvature of the loss: with y = 0 the gradient at v is that matrix
 * times v, so gradients alone find it (power iteration). Descent diverges above 2 / steepest. */
static double steepest(Arena *a, const Problem *p)
{
    double *zero = numbers(a, p->N), *v = numbers(a, p->D), *Hv = numbers(a, p->D), length = 0;
    memset(zero, 0, (size_t)p->N * sizeof *zero);
    for (int d = 0; d < p->D; d++) v[d] = 1 + 0.1 * d;
    for (int i = 0; i < 300; i++) {
        linear_regression_loss(Hv, p->X, zero, v, p->N, p->D);
        length = 0;
        for (int d = 0; d < p->D; d++) length = hypot(length, Hv[d]);
        for (int d = 0; d < p->D; d++) v[d] = Hv[d] / length;
    }
    return length;
}

/* On scaled columns, then back: w[d] / sd[d], and the intercept pays for the means. */
static void by_descent(Arena *a, Program *program, const Problem *p, int steps, double *w)
{
    double *mean = numbers(a, p->D), *sd = numbers(a, p->D), *dw = numbers(a, p->D), *loss = numbers(a, steps);
    Problem z = problem_scaled(a, p, mean, sd);
    double rate = 1.8 / steepest(a, &z);
    memset(w, 0, (size_t)p->D * sizeof *w);
    for (int done = 0; done < steps && !program->stopped; done += 1000) {
        linear_regression_descend(w, loss, dw, z.X, z.y, rate, steps - done < 1000 ? steps - done : 1000, z.N, z.D);
        program_progress(program, done, steps, "steps of descent");
    }
    program_progress(program, steps, steps, "steps of descent");
    for (int d = 1; d < p->D; d++) w[d] /= sd[d], w[0] -= w[d] * mean[d];
}

/* Largest difference, as a part of the largest value. */
static double apart(const double *a, const double *b, int n)
{
    double most = 0, size = 0;
    for (int i = 0; i < n; i++) {
        if (!(fabs(a[i] - b[i]) <= most)) most = fabs(a[i] - b[i]);     /* NaN is taken */
        size = fmax(size, fabs(b[i]));
    }
    return most / size;
}

static void print_table(const Dataset *d, const Problem *p, const double *w, const double *se, const double *t)
{
    printf("%-22s %16s %14s %8s\n", "", "weight", "std. error", "t");
    for (int i = 0; i < p->D; i++)
        printf("%-22s %16.6f %14.6f %8.2f%s\n", i ? d->feature[i - 1] : "intercept", w[i], se[i], t[i],
               fabs(t[i]) > 2 ? "  *" : "");
    printf("* more than two standard errors away from zero\n\n");
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

/* The loss above the least, drawn over the steps. Returns how many it took to come within a thousandth, or 0. */
static int draw_curve(Arena *a, Program *program, Plot *plot, const char *series, const Problem *p, double rate,
                      double least, int limit)
{
    double *w = numbers(a, p->D), *dw = numbers(a, p->D), *loss = numbers(a, limit), next = 1;
    int there = 0, done = 0;
    memset(w, 0, (size_t)p->D * sizeof *w);
    while (done < limit && !there && !program->stopped) {
        int steps = limit - done < 1000 ? limit - done : 1000;
        linear_regression_descend(w, loss + done, dw, p->X, p->y, rate, steps, p->N, p->D);
        for (int s = done; s < done + steps && !there; s++) {
            double above = loss[s] / least - 1;
            if (!(above < 1e4)) return 0;
            if (above <= 1e-3) there = s + 1;
            if (s + 1 < next && !there) continue;
            plot_point(plot, series, s + 1, above);
            next *= 1.12;
        }
        done += steps;
        program_progress(program, done, limit, "steps of a curve");
    }
    program_progress(program, limit, limit, "steps of a curve");
    return there;
}

static const char *draw_curves(Arena *a, Program *program, const Problem *p, double least, int limit)
{
    double *mean = numbers(a, p->D), *sd = numbers(a, p->D);
    Problem z = problem_scaled(a, p, mean, sd);
    double steep = steepest(a, p), steep_scaled = steepest(a, &z);
    struct { const char *name; const Problem *p; double rate; } run[] = {
        { "as they came, 1.8/L", p, 1.8 / steep },
        { "scaled, 0.18/L", &z, 0.18 / steep_scaled },
        { "scaled, 1.8/L", &z, 1.8 / steep_scaled },
        { "scaled, 2.1/L", &z, 2.1 / steep_scaled },
    };
    Plot *plot = program_plot(program, "descent", (PlotArg){ .title = "gradient descent: loss above the least",
        .kind = PLOT_LINES, .x = "step", .y = "loss / least loss - 1", .log_x = true, .log_y = true,
        .caption = "L is the steepest curvature: rates above 2/L diverge. With every column on one scale the same "
                   "method needs far fewer steps." });
    printf("%-22s %12s   steps until the loss is within 0.1 %% of the least\n", "columns, rate", "rate");
    for (size_t i = 0; i < sizeof run / sizeof *run && !program->stopped; i++) {
        int steps = draw_curve(a, program, plot, run[i].name, run[i].p, run[i].rate, least, limit);
        printf("%-22s %12.4g   ", run[i].name, run[i].rate);
        if (steps) printf("%d\n", steps);
        else printf("%s\n", i == 3 ? "never: it diverges" : "more than were allowed");
    }
    printf("\n");
    return plot_done(plot);
}

/* The features with the largest weights, largest first: a picture with more lines than eight cannot be read. */
static int largest_weights(const double *w, int D, int *chosen)         /* up to 8 */
{
    int n = 0;
    for (int d = 1; d < D; d++) {
        int at = n < 8 ? n++ : 8;
        for (; at > 0 && fabs(w[d]) > fabs(w[chosen[at - 1]]); at--)
            if (at < 8) chosen[at] = chosen[at - 1];
        if (at < 8) chosen[at] = d;
    }
    return n;
}

/* The weights of the scaled features over lambda, and the error on rows seen and unseen. */
static const char *draw_ridge(Arena *a, Program *program, const Dataset *d, const Problem *seen, const Problem *unseen)
{
    double *mean = numbers(a, seen->D), *sd = numbers(a, seen->D), *w = numbers(a, seen->D), best, at = 0;
    Problem z = problem_scaled(a, seen, mean, sd), u = *unseen;
    int line[8], lines;
    Plot *path = program_plot(program, "ridge_path", (PlotArg){ .title = "ridge: the weights over lambda",
        .kind = PLOT_LINES, .x = "lambda / rows", .y = "weight of the scaled feature", .log_x = true,
        .caption = "A larger penalty draws the weights towards zero. Features that say the same thing first lose their "
                   "large opposite weights." });
    Plot *error = program_plot(program, "ridge_error", (PlotArg){ .title = "ridge: the error over lambda",
        .kind = PLOT_LINES, .x = "lambda / rows", .y = "root mean squared error", .log_x = true,
        .caption = "On the rows it was fitted to, every penalty hurts. The unseen rows are the ones that decide." });
    u.X = copy(a, unseen->X, (int64_t)u.N * u.D);
    for (int n = 0; n < u.N; n++)                       /* the unseen are scaled by what was learned from the seen */
        for (int i = 0; i < u.D; i++) u.X[n * u.D + i] = (u.X[n * u.D + i] - mean[i]) / sd[i];
    if (!by_ridge(a, &z, 0, w)) return "linear_regression_ridge refuses the scaled columns";
    double without = best = root_mean_square(a, &u, w);
    lines = largest_weights(w, z.D, line);
    for (int step = -25; step <= 10; step++) {
        double lambda = pow(10, step / 5.0);
        if (!by_ridge(a, &z, lambda * z.N, w)) continue;
        double off = root_mean_square(a, &u, w);
        for (int i = 0; i < lines; i++) plot_point(path, d->feature[line[i] - 1], lambda, w[line[i]]);
        plot_point(error, "seen", lambda, root_mean_square(a, &z, w));
        plot_point(error, "unseen", lambda, off);
        if (off < best) best = off, at = lambda;
    }
    printf("ridge: error on the unseen rows %.6g without a penalty, at best %.6g, with lambda / rows = %.3g\n", without,
           best, at);
    const char *wrong = plot_done(path), *wrong_too = plot_done(error);
    return wrong ? wrong : wrong_too;
}

/* Polynomials 1 + x + .. + x^degree at x = 0 .. 20: all weights are 1. How many digits of the worst one are right? */
static const char *draw_digits(Arena *a, Program *program, double *by_qr_at_5)
{
    enum { ROWS = 21, MOST = 12 };
    Plot *plot = program_plot(program, "digits", (PlotArg){ .title = "right digits of the worst weight",
        .kind = PLOT_LINESPOINTS, .x = "degree of the polynomial", .y = "digits",
        .caption = "The normal equations square the condition number and lose digits up to twice as fast. At 0 nothing "
                   "is right any more, and nobody said so." });
    printf("polynomial at x = 0 .. 20, right digits of the worst weight\n%-18s", "degree");
    for (int degree = 1; degree <= MOST; degree++) printf("%6d", degree);
    for (int way = 0; way < 2; way++) {
        printf("\n%-18s", way ? "normal equations" : "QR");
        for (int degree = 1; degree <= MOST; degree++) {
            Problem p = { .X = numbers(a, ROWS * (degree + 1)), .y = numbers(a, ROWS), .N = ROWS, .D = degree + 1 };
            double w[MOST + 1], rss, *R, worst = 0;
            for (int n = 0; n < ROWS; n++) {
                p.y[n] = 0;
                for (int d = 0; d <= degree; d++) p.X[n * p.D + d] = pow(n, d), p.y[n] += pow(n, d);
            }
            if (!(way ? by_ridge(a, &p, 0, w) : by_qr(a, &p, w, &rss, &R))) {
                printf("%6s", "-");
                continue;
            }
            for (int d = 0; d <= degree; d++) worst = fmax(worst, fabs(w[d] - 1));
            double digits = worst > 0 ? fmax(0, -log10(worst)) : 16;
            if (way == 0 && degree == 5) *by_qr_at_5 = digits;
            plot_point(plot, way ? "normal equations" : "QR", degree, digits);
            printf("%6.1f", digits);
        }
    }
    printf("\n\n");
    return plot_done(plot);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

/* How many of the features to use. One column for each value of a category adds up to the column of ones: such a set is
 * refused as singular, and goes without its last column. */
static int features_used(Arena *a, const Dataset *d)
{
    int all = (int)d->x->shape[1];
    Problem p = problem_new(a, d, 0, d->train, all);
    double *w = numbers(a, p.D), rss, *R;
    if (by_qr(a, &p, w, &rss, &R)) return all;
    printf("with all %d features X^T X is singular: %s goes, for the others of its category and the ones say the same\n"
           "\n", all, d->feature[all - 1]);
    return all - 1;
}

/* The three ways, the table, the agreement. Returns the residual sum of squares. */
static double three_ways(Arena *a, Program *program, const Dataset *d, const Problem *p, int steps, double *w)
{
    double *R, rss, *se = numbers(a, p->D), *t = numbers(a, p->D), *normal = numbers(a, p->D);
    double *descent = numbers(a, p->D);
    if (!by_qr(a, p, w, &rss, &R)) program_try(program, "linear_regression_qr calls the columns of X dependent");
    if (!by_ridge(a, p, 0, normal))
        program_try(program, "linear_regression_ridge refuses what linear_regression_qr solves");
    if (!linear_regression_errors(se, t, R, w, rss, p->N, p->D))
        program_try(program, "linear_regression_errors finds no degree of freedom left");
    by_descent(a, program, p, steps, descent);
    print_table(d, p, w, se, t);
    printf("largest difference to QR, beside the largest weight: normal equations %.1e, descent %.1e (%d steps)\n",
           apart(normal, w, p->D), apart(descent, w, p->D), steps);
    program_promise(program, "three ways agree to", fmax(apart(normal, w, p->D), apart(descent, w, p->D)), "<=", 1e-8);
    return rss;
}

static double ridge_objective(Arena *a, const Problem *p, double lambda)
{
    double *w = numbers(a, p->D), sum = 0;
    if (!by_ridge(a, p, lambda, w)) return NAN;
    for (int d = 1; d < p->D; d++) sum += lambda * w[d] * w[d];
    return p->N * pow(root_mean_square(a, p, w), 2) + sum;
}

static void keep_promises(Arena *a, Program *program, const Published *known, const Problem *p, const double *w,
                          double rss, double unseen)
{
    if (known->w) {
        program_promise(program, "from the published weights", apart(w, known->w, p->D), "<=", 1e-8);
        program_promise(program, "residual sum of squares, from the published", fabs(rss / known->rss - 1), "<=", 1e-8);
        program_promise(program, "ridge objective at lambda 0.1, from the published",
                        fabs(ridge_objective(a, p, 0.1) / known->ridge - 1), "<=", 1e-8);
    }
    program_promise(program, "error on unseen rows, from the published", fabs(unseen - known->unseen), "<=",
                    known->unseen_within);
}

int main(int argc, char **argv)
{
    Options o;
    Program *program = program_start(argc, argv, "linear_regression",
                                     "least squares three ways, with standard errors and ridge", flags, &o);
    Arena *a = arena_new("linear_regression");
    Dataset d;
    double digits = NAN;
    program_try(program, data_load(a, o.data, F64, &d));
    if (d.classes) program_try(program, sentence("--data=%s has classes, not numbers to predict", o.data));
    if (o.descent < 1 || o.curve < 1) program_try(program, "--descent and --curve are at least 1");

    int rows = (int)d.x->shape[0], features = features_used(a, &d);
    const Published *known = PUBLISHED;
    while (known->data && strcmp(known->data, o.data)) known++;
    bool whole = !known->data || known->w;              /* the table is of all rows, or of those to learn from */
    Problem seen = problem_new(a, &d, 0, d.train, features), unseen = problem_new(a, &d, d.train, rows, features);
    Problem all = whole ? problem_new(a, &d, 0, rows, features) : seen;
    double *w = numbers(a, all.D), *w_seen = numbers(a, all.D), rss_seen, *R;

    printf("%s: %d rows, %d features, from %s; every fifth row is unseen\n\n", d.name, rows, features, d.from);
    printf("least squares on %s\n", whole ? "all rows" : "the rows to learn from");
    double rss = three_ways(a, program, &d, &all, o.descent, w), mean = 0, spread = 0;
    for (int n = 0; n < all.N; n++) mean += all.y[n] / all.N;
    for (int n = 0; n < all.N; n++) spread += pow(all.y[n] - mean, 2);
    if (!by_qr(a, &seen, w_seen, &rss_seen, &R)) program_try(program, "the rows to learn from are too few");
    double off = root_mean_square(a, &unseen, w_seen);
    printf("\nresidual sum of squares %.15g, R^2 %.8f\n", rss, 1 - rss / spread);
    printf("fitted to %d rows: error %.8g on them, %.8g on the %d unseen\n\n", seen.N,
           root_mean_square(a, &seen, w_seen), off, unseen.N);

    program_try(program, draw_curves(a, program, &all, rss / all.N, (int)fmin(o.curve, 1e9 / ((double)all.N * all.D))));
    program_try(program, draw_digits(a, program, &digits));
    program_try(program, draw_ridge(a, program, &d, &seen, &unseen));
    printf("\n");
    if (known->data) keep_promises(a, program, known, &all, w, rss, off);
    program_promise(program, "right digits by QR at degree 5", digits, ">=", 8.5);
    arena_free(a);
    return program_end(program);
}
