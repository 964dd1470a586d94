/* bench_decision_tree.c -- what decision_tree.c costs: rows for bench/, which times them. */
#include <math.h>
#include <stdlib.h>
#include "bench.h"
#include "decision_tree.h"
#include "rng.h"

/* N, D, depth: an awkward one, then one kind of data in growing numbers, which draws the cost curve. */
static const int sizes[][3] = { { 1001, 7, 5 }, { 10000, 28, 10 }, { 45000, 28, 10 }, { 180000, 28, 10 } };

/* Like collisions of particles: normal numbers, and a class that hangs on products, squares, sums of ten of them. */
static void inputs(Bench *b, const int *size)
{
    int    N = size[0], D = size[1];
    float *X = bench_given(b, "X", (int64_t)N * D), *x = malloc((size_t)D * sizeof *x);
    int   *y = bench_given_ints(b, "y", N);
    Rng    rng = rng_new(16);
    if (!x) abort();
    for (int i = 0; i < N; i++) {
        for (int d = 0; d < D; d++) X[(int64_t)d * N + i] = x[d] = (float)rng_normal(&rng);
        double z = (double)x[0] * x[1] + sin(2.0 * x[2]) + 0.5 * x[3] * x[3] - 0.5;
        for (int d = 4; d < 10 && d < D; d++) z += 0.3 * x[d];
        y[i] = z + rng_normal(&rng) > 0;
    }
    free(x);
}

typedef struct Work {
    double           *X, *value;
    DecisionTreeNode *node;
    int              *order, *spare, nodes;
} Work;

static void setup(Bench *b, const int *size)
{
    if (size[0] > 50000) {
        bench_absent(b, "seconds a call, where the others take tenths");
        return;
    }
    int64_t      N = size[0], D = size[1];
    const float *X = bench_in(b, "X", N * D);
    Work        *w = malloc(sizeof *w);
    if (!w) abort();
    *w = (Work){ malloc((size_t)(N * D) * 8), malloc((size_t)N * 32), malloc((size_t)N * 2 * sizeof *w->node),
                 malloc((size_t)(N * D) * 4), malloc((size_t)N * 4), 0 };
    if (!w->X || !w->value || !w->node || !w->order || !w->spare) abort();
    for (int64_t i = 0; i < N * D; i++) w->X[i] = X[i];
    bench_keep(b, w);
}

static void teardown(Bench *b, const int *size)
{
    Work *w = bench_kept(b);
    (void)size;
    if (!w) return;
    free(w->X), free(w->value), free(w->node), free(w->order), free(w->spare), free(w);
}

static void grow(Bench *b, const int *size)
{
    Work            *w = bench_kept(b);
    int              count[4];
    DecisionTreeTask task = { DECISION_TREE_GINI, 2, bench_in_ints(b, "y", size[0], 0, 1), NULL, size[2], 1 };
    bench_in(b, "X", (int64_t)size[0] * size[1]);
    bench_out_doubles(b, "first", 1);
    bench_out_doubles(b, "gini", 1);
    w->nodes = decision_tree_grow(w->node, w->value, w->order, w->spare, count, w->X, &task, size[1], size[0]);
}

/* What is compared: what the first question gains, and how mixed the leaves are. */
static void after(Bench *b, const int *size)
{
    Work   *w = bench_kept(b);
    double *first = bench_out_doubles(b, "first", 1), *gini = bench_out_doubles(b, "gini", 1);
    *first = w->node[0].gain, *gini = 0;
    for (int at = 0; at < w->nodes; at++) {
        const DecisionTreeNode *t = &w->node[at];
        if (t->column < 0) *gini += t->impurity * (t->last - t->first) / size[0];
    }
}

BENCH(decision_tree) = {
    { "decision_tree_grow", grow, .flops = "20*N*D*T", .bytes = "8*N*D*T", .dims = "NDT", .inputs = inputs,
      .memory = true, .setup = setup, .after = after, .teardown = teardown, .tolerance = 0.003, SIZES(sizes),
      .note = "a tree of depth T by gini, sorting counted in; the rate counts 8 bytes a number and level. Textbook and "
              "library ask the same questions; scikit-learn draws lots among equal gains" },
    { 0 }
};
