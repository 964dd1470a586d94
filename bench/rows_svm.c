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

/* The rows of X from .. to-1, whose classes are y's. */
static Libsvm part(Bench *b, Arena *a, const int *size, int from, int to)
{
    int           all = size[0] + size[1], D = size[2];
    const double *X = bench_in_doubles(b, "X", (int64_t)all * D);
    return sparse_rows(a, X + (int64_t)from * D, bench_in_ints(b, "y", all, -1, 1) + from, to - from, D);
}

static void told_inputs(Bench *b, const int *size)
{
    int      N = size[0], all = N + size[1], D = size[2];
    double  *X = bench_given_doubles(b, "X", (int64_t)all * D), *alpha = bench_given_doubles(b, "alpha", N);
    int     *y = bench_given_ints(b, "y", all);
    Arena   *a = arena_new("rows to learn from");
    SmoModel model;
    sparse_inputs(X, y, -1, all, D);
    Libsvm      m = sparse_rows(a, X, y, N, D);
    const char *wrong = smo_fit(alpha, &model, &m, 1, 1. / D, 1e-3, 100 << 20);
    CHECK(!wrong, "bench: %s", wrong);
    *bench_given_doubles(b, "rho", 1) = model.rho;
    arena_free(a);
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

/* Rows told and rows learnt from. */
typedef struct Told { Arena *arena; Libsvm seen, unseen; } Told;

static void told_setup(Bench *b, const int *size)
{
    Told *t = malloc(sizeof *t);
    CHECK(t, "bench: no memory");
    t->arena = arena_new("sparse rows");
    t->seen = part(b, t->arena, size, 0, size[0]), t->unseen = part(b, t->arena, size, size[0], size[0] + size[1]);
    bench_keep(b, t);
}

static void told_teardown(Bench *b, const int *size)
{
    Told *t = bench_kept(b);
    (void)size;
    arena_free(t->arena);
    free(t);
}

static double *ask_told(Bench *b, const int *size, const double **alpha, double *rho)
{
    int all = size[0] + size[1];
    bench_in_doubles(b, "X", (int64_t)all * size[2]);
    *alpha = bench_in_doubles(b, "alpha", size[0]), *rho = *bench_in_doubles(b, "rho", 1);
    bench_in_ints(b, "y", all, -1, 1);
    return bench_out_doubles(b, "score", size[1]);
}

static void tell(Bench *b, const int *size)
{
    Told         *t = bench_kept(b);
    const double *alpha;
    double        rho, *score = ask_told(b, size, &alpha, &rho);
    smo_scores(score, &t->unseen, &t->seen, alpha, rho, 1. / size[2]);
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

/* Rows as it wants them. */
static Theirs *theirs_new(const Libsvm *m)
{
    const int64_t *row = m->row->data;
    Theirs        *t = calloc(1, sizeof *t);
    CHECK(t, "bench: no memory");
    t->problem = (struct svm_problem){ .l = (int)m->rows, .y = malloc((size_t)m->rows * sizeof(double)),
                                       .x = malloc((size_t)m->rows * sizeof *t->problem.x) };
    t->nodes = malloc((size_t)(row[m->rows] + m->rows) * sizeof *t->nodes);
    CHECK(t->problem.y && t->problem.x && t->nodes, "bench: no memory for LIBSVM");
    struct svm_node *to = t->nodes;
    for (int64_t n = 0; n < m->rows; n++) {
        t->problem.y[n] = ((double *)m->y->data)[n], t->problem.x[n] = to;
        for (int64_t k = row[n]; k < row[n + 1]; k++)
            *to++ = (struct svm_node){ ((int32_t *)m->index->data)[k] + 1, ((double *)m->value->data)[k] };
        *to++ = (struct svm_node){ -1, 0 };
    }
    return t;
}

static void theirs_free(Theirs *t) { free(t->problem.y), free(t->problem.x), free(t->nodes), free(t); }

static void libsvm_setup(Bench *b, const int *size)
{
    Arena  *a = arena_new("nodes");
    Libsvm  m = given(b, a, size);
    Theirs *t = theirs_new(&m);
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
    theirs_free(t);
}

/* The model that it would read from a file: vectors, their weights, rho. */
typedef struct Model {
    Theirs           *seen, *unseen;
    struct svm_model  model;
    struct svm_node **vector;
    double           *pull, rho;
    int               label[2], count[2];
} Model;

static void libsvm_told_setup(Bench *b, const int *size)
{
    Arena        *a = arena_new("nodes");
    const double *alpha;
    Model        *m = calloc(1, sizeof *m);
    CHECK(m, "bench: no memory");
    ask_told(b, size, &alpha, &m->rho);
    Libsvm seen = part(b, a, size, 0, size[0]), unseen = part(b, a, size, size[0], size[0] + size[1]);
    m->seen = theirs_new(&seen), m->unseen = theirs_new(&unseen);
    m->vector = malloc((size_t)size[0] * sizeof *m->vector), m->pull = malloc((size_t)size[0] * sizeof *m->pull);
    CHECK(m->vector && m->pull, "bench: no memory for LIBSVM");
    m->label[0] = 1, m->label[1] = -1;
    m->model = (struct svm_model){ .param = { .svm_type = C_SVC, .kernel_type = RBF, .gamma = 1. / size[2] },
                                   .nr_class = 2, .SV = m->vector, .sv_coef = &m->pull, .rho = &m->rho,
                                   .label = m->label, .nSV = m->count };
    for (int side = 0; side < 2; side++)        /* those of the first label first */
        for (int n = 0; n < size[0]; n++) {
            if (!(alpha[n] > 0) || (m->seen->problem.y[n] > 0) != (side == 0)) continue;
            m->pull[m->model.l] = alpha[n] * m->seen->problem.y[n];
            m->vector[m->model.l++] = m->seen->problem.x[n];
            m->count[side]++;
        }
    arena_free(a);
    bench_keep(b, m);
}

static void libsvm_tell(Bench *b, const int *size)
{
    const Model  *m = bench_kept(b);
    const double *alpha;
    double        rho, *score = ask_told(b, size, &alpha, &rho);
    for (int t = 0; t < size[1]; t++) svm_predict_values(&m->model, m->unseen->problem.x[t], score + t);
}

static void libsvm_told_teardown(Bench *b, const int *size)
{
    Model *m = bench_kept(b);
    (void)size;
    theirs_free(m->seen), theirs_free(m->unseen);
    free(m->vector), free(m->pull), free(m);
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
    { "svm_score", tell, .contestant = "library", .inputs = told_inputs, .setup = told_setup,
      .teardown = told_teardown },
#ifdef HAVE_LIBSVM
    { "svm_score", libsvm_tell, .contestant = "LIBSVM", .version = version_libsvm, .setup = libsvm_told_setup,
      .teardown = libsvm_told_teardown },
#endif
    { 0 }
};
