/* rows_tree.c -- who else grows a decision tree: the library (scikit-learn is in peers/). */
#include <stddef.h>
#include "bench.h"
#include "tree.h"

static void library(Bench *b, const int *size)
{
    int64_t      N = size[0], D = size[1];
    const float *X = bench_in(b, "X", N * D);
    double      *first = bench_out_doubles(b, "first", 1), *gini = bench_out_doubles(b, "gini", 1);
    Tree         t = tree_grow(X, bench_in_ints(b, "y", N, 0, 1), NULL, (TreeArg){ 2, size[2], 1 }, D, N);
    *first = t.node[0].gain, *gini = 0;
    for (int64_t at = 0; at < t.nodes; at++)
        if (t.node[at].column < 0) *gini += t.node[at].impurity * (t.node[at].last - t.node[at].first) / (double)N;
    tree_free(&t);
}

/* bench_decision_tree.c, the room's own file, has the sizes and costs. */
BENCH_OF(tree_others, decision_tree) = {
    { "decision_tree_grow", library, .contestant = "library" },
    { 0 }
};
