/* rows_logistic.c -- who else fits a straight line between two classes, by log loss, hinge or squared hinge: the
 * library, LIBLINEAR (scikit-learn is in peers/). */
#include <math.h>
#include <stdlib.h>
#ifdef HAVE_LIBLINEAR
#include <linear.h>
#endif
#include "bench.h"
#include "check.h"
#include "hinge.h"
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

typedef const char *Fitter(double *w, double *objective, int *steps, const Libsvm *, double C, double tolerance);

/* How far above the bottom, as a share of it. LIBLINEAR's -s 3 ends after 1000 passes, of which most come no nearer
 * than the second. */
static const double NEAR = 1e-6, NEAR_HINGE = 5e-5;

static void run(Bench *b, const int *size, Fitter *fit, double near)
{
    const int *y;
    Ours      *o = bench_kept(b);
    given(b, size, &y);
    const char *wrong = fit(bench_scratch(b, "library's w", 8 * (int64_t)size[1]), bench_out_doubles(b, "objective", 1),
                            NULL, &o->m, 1, near);
    CHECK(!wrong, "bench: %s", wrong);
}

static void log_loss(Bench *b, const int *size) { run(b, size, logistic_fit, NEAR); }
static void hinge(Bench *b, const int *size) { run(b, size, hinge_fit, 0.9 * NEAR_HINGE); }
static void squared_hinge(Bench *b, const int *size) { run(b, size, logistic_squared_hinge, NEAR); }

/* The bottom, to ten digits, or a fiftieth of what is near: that the library keeps its word is under test. */
static double bottom(Bench *b, const int *size, Fitter *fit)
{
    const int    *y;
    const double *X = given(b, size, &y);
    Arena        *a = arena_new("bottom");
    Libsvm        m = sparse_rows(a, X, y, size[0], size[1]);
    double        f, *w = arena_alloc(a, DEV_CPU, 8 * (size_t)size[1], "w");
    const char   *wrong = fit(w, &f, NULL, &m, 1, fit == hinge_fit ? NEAR_HINGE / 50 : 1e-10);
    CHECK(!wrong, "bench: %s", wrong);
    arena_free(a);
    return f;
}

static void truth(Bench *b, const int *size)
{
    *bench_want(b, "objective", 1) = bottom(b, size, logistic_squared_hinge);
}

static void truth_hinge(Bench *b, const int *size) { *bench_want(b, "objective", 1) = bottom(b, size, hinge_fit); }

/* ---- LIBLINEAR --------------------------------------------------------------------------------------------------- */

#ifdef HAVE_LIBLINEAR
typedef struct Theirs {
    struct problem       problem;
    struct parameter     parameter;
    struct feature_node *nodes;
    struct model        *model;
} Theirs;

static void silent(const char *text) { (void)text; }

/* |w|^2 / 2 + sum of losses; w scores the label that came first. */
static double objective(const Theirs *t)
{
    const double *w = t->model->w;
    double        f = 0, sign = t->model->label[0];
    for (int d = 0; d < t->problem.n; d++) f += w[d] * w[d] / 2;
    for (int n = 0; n < t->problem.l; n++) {
        double z = 0;
        for (const struct feature_node *x = t->problem.x[n]; x->index > 0; x++) z += w[x->index - 1] * x->value;
        z *= sign * t->problem.y[n];
        if (t->parameter.solver_type == L2R_LR) f += log1p(exp(-fabs(z))) + (z < 0 ? -z : 0);
        else if (t->parameter.solver_type == L2R_L1LOSS_SVC_DUAL) f += z < 1 ? 1 - z : 0;
        else f += z < 1 ? (1 - z) * (1 - z) : 0;
    }
    return f;
}

static void train_once(Theirs *t)
{
    if (t->model) free_and_destroy_model(&t->model);
    t->model = train(&t->problem, &t->parameter);
}

/* Its own default stops far too early: here, the loosest power of ten that comes near enough to the bottom. */
static void start(Bench *b, const int *size, int solver, Fitter *fit, double near)
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
    t->parameter = (struct parameter){ .solver_type = solver, .C = 1 };
    set_print_string_function(silent);
    double best = bottom(b, size, fit);
    bool   there = false;
    for (t->parameter.eps = 0.1; t->parameter.eps > 1e-8 && !there; t->parameter.eps /= there ? 1 : 10) {
        train_once(t);
        there = objective(t) - best <= 0.9 * near * best;
    }
    if (!there) bench_absent(b, "its last pass ends further from the bottom");
    if (solver == L2R_L2LOSS_SVC_DUAL) t->parameter.eps /= 10;  /* its passes are by chance: the next may do worse */
    bench_keep(b, t);
}

static void start_log(Bench *b, const int *size) { start(b, size, L2R_LR, logistic_fit, NEAR); }
static void start_hinge(Bench *b, const int *size) { start(b, size, L2R_L1LOSS_SVC_DUAL, hinge_fit, NEAR_HINGE); }
static void start_primal(Bench *b, const int *size) { start(b, size, L2R_L2LOSS_SVC, logistic_squared_hinge, NEAR); }
static void start_dual(Bench *b, const int *size) { start(b, size, L2R_L2LOSS_SVC_DUAL, logistic_squared_hinge, NEAR); }

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
    { "logistic_regression_newton", log_loss, .contestant = "library", .inputs = inputs, .setup = library_setup,
      .teardown = library_teardown },
#ifdef HAVE_LIBLINEAR
    { "logistic_regression_newton", liblinear, .contestant = "LIBLINEAR -s 0", .version = version_liblinear,
      .setup = start_log, .after = liblinear_after, .teardown = liblinear_teardown },
#endif
    { 0 }
};

/* A linear support vector machine, without an offset. The room's own way to it, svm_coordinate, would take minutes. */
static const int sizes[][2] = { { 270, 13 }, { 5003, 41 }, { 32561, 123 } },                        /* N, D */
                 hinge_sizes[][2] = { { 270, 13 }, { 2000, 123 }, { 8000, 123 }, { 32561, 123 } };

BENCH_OF(svm_linear, svm) = {
    { "svm_squared_hinge", squared_hinge, .flops = "28*N*D", .bytes = "8*N*(D + 1)", .dims = "ND", .tolerance = 1e-6,
      .contestant = "library", .inputs = inputs, .truth = truth, .setup = library_setup, .teardown = library_teardown,
      SIZES(sizes), .memory = true,
      .note = "C = 1, objective within a millionth; the rate counts seven gradients of full rows. 32561x123 is a9a "
              "where data/ has it" },
#ifdef HAVE_LIBLINEAR
    { "svm_squared_hinge", liblinear, .contestant = "LIBLINEAR -s 2", .version = version_liblinear,
      .setup = start_primal, .after = liblinear_after, .teardown = liblinear_teardown },
    { "svm_squared_hinge", liblinear, .contestant = "LIBLINEAR -s 1", .version = version_liblinear,
      .setup = start_dual, .after = liblinear_after, .teardown = liblinear_teardown },
#endif
    { "svm_linear_hinge", hinge, .flops = "28*N*D", .bytes = "8*N*(D + 1)", .dims = "ND", .tolerance = 5e-5,
      .memory = true, .contestant = "library", .inputs = inputs, .truth = truth_hinge, .setup = library_setup,
      .teardown = library_teardown, SIZES(hinge_sizes),
      .note = "C = 1, objective within 5e-5, as near as LIBLINEAR's 1000 passes come; the rate counts seven gradients "
              "of full rows. 32561x123 is a9a where data/ has it" },
#ifdef HAVE_LIBLINEAR
    { "svm_linear_hinge", liblinear, .contestant = "LIBLINEAR -s 3", .version = version_liblinear,
      .setup = start_hinge, .after = liblinear_after, .teardown = liblinear_teardown },
#endif
    { 0 }
};
