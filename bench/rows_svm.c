/* rows_svm.c -- who else trains a support vector machine: the library, LIBSVM (scikit-learn calls LIBSVM). */
#include <stdio.h>
#include <stdlib.h>
#ifdef HAVE_LIBSVM
#if __has_include(<libsvm/svm.h>)
#include <libsvm/svm.h>
#else
#include <svm.h>
#endif
#endif
#include "bench.h"
#include "check.h"
#include "smo.h"
#include "sparse.h"
#include "versions.h"

static void inputs(Bench *b, const int *size)
{
    double *X = bench_given_doubles(b, "X", (int64_t)size[0] * size[1]);
    sparse_inputs(X, bench_given_ints(b, "y", size[0]), -1, size[0], size[1]);
}

static Libsvm given(Bench *b, Arena *a, const int *size)
{
    const double *X = bench_in_doubles(b, "X", (int64_t)size[0] * size[1]);
    return sparse_rows(a, X, bench_in_ints(b, "y", size[0], -1, 1), size[0], size[1]);
}

/* As every contestant must, in its turn. */
static double *ask(Bench *b, const int *size)
{
    bench_in_doubles(b, "X", (int64_t)size[0] * size[1]);
    bench_in_ints(b, "y", size[0], -1, 1);
    return bench_out_doubles(b, "objective", 1);
}

/* ---- Ours: sparse rows, made off the clock, as LIBSVM's are ------------------------------------------------------ */

typedef struct Ours { Arena *arena; Libsvm m; } Ours;

static void library_setup(Bench *b, const int *size)
{
    Ours *o = malloc(sizeof *o);
    CHECK(o, "bench: no memory");
    o->arena = arena_new("sparse rows");
    o->m = given(b, o->arena, size);
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
    Ours       *o = bench_kept(b);
    SmoModel    model;
    double     *objective = ask(b, size);
    const char *wrong = smo_fit(bench_scratch(b, "library's alpha", 8 * (int64_t)size[0]), &model, &o->m, 1,
                                1. / size[1], 1e-3, 100 << 20);
    CHECK(!wrong, "bench: %s", wrong);
    *objective = model.objective;
}

/* ---- LIBSVM ------------------------------------------------------------------------------------------------------ */

#ifdef HAVE_LIBSVM
typedef struct Theirs {
    struct svm_problem problem;
    struct svm_parameter parameter;
    struct svm_node *nodes;
    double objective;
} Theirs;

/* It only prints what it came to: "obj = -100.877286, rho = 0.424462". */
static Theirs *now;

static void listen(const char *text)
{
    double value;
    if (now && sscanf(text, "obj = %lf", &value) == 1) now->objective = value;
}

static void libsvm_setup(Bench *b, const int *size)
{
    Arena  *a = arena_new("nodes");
    Libsvm  m = given(b, a, size);
    Theirs *t = calloc(1, sizeof *t);
    CHECK(t, "bench: no memory");
    const int64_t *row = m.row->data;
    t->problem = (struct svm_problem){ .l = size[0], .y = malloc((size_t)size[0] * sizeof(double)),
                                       .x = malloc((size_t)size[0] * sizeof *t->problem.x) };
    t->nodes = malloc((size_t)(row[m.rows] + m.rows) * sizeof *t->nodes);
    CHECK(t->problem.y && t->problem.x && t->nodes, "bench: no memory for LIBSVM");
    struct svm_node *to = t->nodes;
    for (int64_t n = 0; n < m.rows; n++) {
        t->problem.y[n] = ((double *)m.y->data)[n], t->problem.x[n] = to;
        for (int64_t k = row[n]; k < row[n + 1]; k++)
            *to++ = (struct svm_node){ ((int32_t *)m.index->data)[k] + 1, ((double *)m.value->data)[k] };
        *to++ = (struct svm_node){ -1, 0 };
    }
    t->parameter = (struct svm_parameter){ .svm_type = C_SVC, .kernel_type = RBF, .gamma = 1. / size[1], .C = 1,
                                           .eps = 1e-3, .cache_size = 100, .shrinking = 1 };
    svm_set_print_string_function(listen);
    arena_free(a);
    bench_keep(b, t);
}

static void libsvm(Bench *b, const int *size)
{
    ask(b, size);
    now = bench_kept(b);
    struct svm_model *model = svm_train(&now->problem, &now->parameter);
    svm_free_and_destroy_model(&model);
}

static void libsvm_after(Bench *b, const int *size)
{
    (void)size;
    *bench_out_doubles(b, "objective", 1) = now->objective;
}

static void libsvm_teardown(Bench *b, const int *size)
{
    Theirs *t = bench_kept(b);
    (void)size;
    now = NULL;
    free(t->problem.y), free(t->problem.x), free(t->nodes), free(t);
}
#endif

/* bench_svm.c, the room's own file, has the sizes and costs. */
BENCH_OF(svm_others, svm) = {
    { "svm_solve", library, .contestant = "library", .inputs = inputs, .setup = library_setup,
      .teardown = library_teardown },
#ifdef HAVE_LIBSVM
    { "svm_solve", libsvm, .contestant = "LIBSVM", .version = version_libsvm, .setup = libsvm_setup,
      .after = libsvm_after, .teardown = libsvm_teardown },
#endif
    { 0 }
};
