/* rows_logistic.c -- who else fits a logistic regression: the library, LIBLINEAR (scikit-learn is in peers/). */
#include <math.h>
#include <stdlib.h>
#ifdef HAVE_LIBLINEAR
#include <linear.h>
#endif
#include "bench.h"
#include "check.h"
#include "logistic.h"
#include "sparse.h"
#include "versions.h"

static void inputs(Bench *b, const int *size)
{
    double *X = bench_given_doubles(b, "X", (int64_t)size[0] * size[1]);
    sparse_inputs(X, bench_given_ints(b, "y", size[0]), 0, size[0], size[1]);
}

static const double *given(Bench *b, const int *size, const int **y)
{
    const double *X = bench_in_doubles(b, "X", (int64_t)size[0] * size[1]);
    *y = bench_in_ints(b, "y", size[0], 0, 1);
    return X;
}

/* ---- Ours: sparse rows, made off the clock, as LIBLINEAR's are --------------------------------------------------- */

typedef struct Ours { Arena *arena; Libsvm m; } Ours;

static void library_setup(Bench *b, const int *size)
{
    const int    *y;
    const double *X = given(b, size, &y);
    Ours         *o = malloc(sizeof *o);
    CHECK(o, "bench: no memory");
    o->arena = arena_new("sparse rows");
    o->m = sparse_rows(o->arena, X, y, size[0], size[1]);
    bench_keep(b, o);
}

static void library_teardown(Bench *b, const int *size)
{
    Ours *o = bench_kept(b);
    (void)size;
    arena_free(o->arena);
    free(o);
}

static void library(Bench *b, const int *size)
{
    const int *y;
    Ours      *o = bench_kept(b);
    given(b, size, &y);
    const char *wrong = logistic_fit(bench_scratch(b, "library's w", 8 * (int64_t)size[1]),
                                     bench_out_doubles(b, "objective", 1), NULL, &o->m, 1, 1e-6);
    CHECK(!wrong, "bench: %s", wrong);
}

/* ---- LIBLINEAR --------------------------------------------------------------------------------------------------- */

#ifdef HAVE_LIBLINEAR
typedef struct Theirs {
    struct problem       problem;
    struct parameter     parameter;
    struct feature_node *nodes;
    struct model        *model;
} Theirs;

static void silent(const char *text) { (void)text; }

/* |w|^2 / 2 + sum log(1 + exp(-y x w)); w scores the label that came first. */
static double objective(const Theirs *t)
{
    const double *w = t->model->w;
    double        f = 0, sign = t->model->label[0];
    for (int d = 0; d < t->problem.n; d++) f += w[d] * w[d] / 2;
    for (int n = 0; n < t->problem.l; n++) {
        double z = 0;
        for (const struct feature_node *x = t->problem.x[n]; x->index > 0; x++) z += w[x->index - 1] * x->value;
        z *= sign * t->problem.y[n];
        f += log1p(exp(-fabs(z))) + (z < 0 ? -z : 0);
    }
    return f;
}

static void train_once(Theirs *t)
{
    if (t->model) free_and_destroy_model(&t->model);
    t->model = train(&t->problem, &t->parameter);
}

/* Its own default stops far too early: here, the loosest power of ten that comes within a millionth of the bottom. */
static void liblinear_setup(Bench *b, const int *size)
{
    const int    *y;
    const double *X = given(b, size, &y);
    int64_t       N = size[0], D = size[1];
    Theirs       *t = calloc(1, sizeof *t);
    CHECK(t, "bench: no memory");
    t->problem = (struct problem){ .l = (int)N, .n = (int)D, .y = malloc((size_t)N * sizeof(double)),
                                   .x = malloc((size_t)N * sizeof *t->problem.x), .bias = -1 };
    t->nodes = malloc((size_t)(N * (D + 1)) * sizeof *t->nodes);
    CHECK(t->problem.y && t->problem.x && t->nodes, "bench: no memory for LIBLINEAR");
    struct feature_node *to = t->nodes;
    for (int64_t n = 0; n < N; n++) {
        t->problem.y[n] = y[n] ? 1 : -1, t->problem.x[n] = to;
        for (int64_t d = 0; d < D; d++)
            if (X[n * D + d] != 0) *to++ = (struct feature_node){ (int)d + 1, X[n * D + d] };
        *to++ = (struct feature_node){ -1, 0 };
    }
    t->parameter = (struct parameter){ .solver_type = L2R_LR, .C = 1, .eps = 1e-8 };
    set_print_string_function(silent);
    train_once(t);
    double best = objective(t);
    for (t->parameter.eps = 0.1; t->parameter.eps > 1e-8; t->parameter.eps /= 10) {
        train_once(t);
        if (objective(t) - best <= 0.9e-6 * best) break;
    }
    bench_keep(b, t);
}

static void liblinear(Bench *b, const int *size)
{
    const int *y;
    Theirs    *t = bench_kept(b);
    given(b, size, &y);
    bench_out_doubles(b, "objective", 1);
    train_once(t);
}

static void liblinear_after(Bench *b, const int *size)
{
    (void)size;
    *bench_out_doubles(b, "objective", 1) = objective(bench_kept(b));
}

static void liblinear_teardown(Bench *b, const int *size)
{
    Theirs *t = bench_kept(b);
    (void)size;
    free_and_destroy_model(&t->model);
    free(t->problem.y), free(t->problem.x), free(t->nodes), free(t);
}
#endif

/* bench_logistic_regression.c, the room's own file, has the sizes and costs. */
BENCH_OF(logistic_regression_others, logistic_regression) = {
    { "logistic_regression_newton", library, .contestant = "library", .inputs = inputs, .setup = library_setup,
      .teardown = library_teardown },
#ifdef HAVE_LIBLINEAR
    { "logistic_regression_newton", liblinear, .contestant = "LIBLINEAR -s 0", .version = version_liblinear,
      .setup = liblinear_setup, .after = liblinear_after, .teardown = liblinear_teardown },
#endif
    { 0 }
};
