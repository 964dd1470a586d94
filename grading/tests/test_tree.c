/* test_tree.c -- the fast tree against one that tries every question in double; the same for any number of threads. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#else
static void omp_set_num_threads(int n) { (void)n; }
#endif
#include "rng.h"
#include "tree.h"

typedef struct Case {
    int64_t D, N;
    float   *X, *target;
    int32_t *label;
    TreeArg  arg;
} Case;

/* Columns of many values, of few, of one, copies of each other, with numbers around 0 and both its signs. */
static Case make(Rng *rng, int64_t D, int64_t N, int classes, int depth, int least)
{
    Case c = { D, N, malloc((size_t)(D * N) * 4), malloc((size_t)N * 4), malloc((size_t)N * 4),
               { classes, depth, least } };
    for (int64_t d = 0; d < D; d++) {
        int kind = (int)rng_below(rng, 6);
        for (int64_t i = 0; i < N; i++) {
            float *x = &c.X[d * N + i];
            *x = kind == 0 && d   ? x[-N]
                 : kind == 1      ? 7
                 : kind == 2      ? (float)((int64_t)rng_below(rng, 5) - 2)
                 : kind == 3      ? (rng_below(rng, 2) ? -0.0f : 0.0f) + (float)(rng_below(rng, 3) == 0)
                                  : (float)rng_normal(rng);
        }
    }
    for (int64_t i = 0; i < N; i++) {
        double x = c.X[i] + 0.7 * c.X[(D - 1) * N + i] + 0.5 * rng_normal(rng);
        c.label[i] = classes ? (int32_t)(fabs(x) * 3) % classes : -1;
        c.target[i] = rng_below(rng, 3) ? (float)(x + 100) : 100;
    }
    return c;
}

static void drop(Case *c) { free(c->X), free(c->target), free(c->label); }

/* n times the impurity of those samples in who that are on a side of a question; side -1: of all. */
static double mixed(const Case *c, const int64_t *who, int64_t n, int64_t d, double threshold, int side, int64_t *many)
{
    double count[256] = { 0 }, mean = 0, sum = 0;
    *many = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < n; i++) {
            if (side >= 0 && (c->X[d * c->N + who[i]] > threshold) != side) continue;
            if (pass == 0) *many += 1, mean += c->target[who[i]];
            else if (c->arg.classes) count[c->label[who[i]]]++;
            else sum += pow(c->target[who[i]] - mean / (double)*many, 2);
        }
    if (!c->arg.classes) return sum;
    for (int k = 0; k < c->arg.classes; k++) sum += count[k] * count[k];
    return *many ? (double)*many - sum / (double)*many : 0;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Walks the samples down the tree, and tries at every node all there is to ask. */
static void check(const Case *c, const Tree *t)
{
    int64_t *who = malloc((size_t)c->N * sizeof *who), leaves = 0;
    int32_t *leaf = malloc((size_t)c->N * sizeof *leaf), *at_node = calloc((size_t)c->N, sizeof *at_node);
    float   *x = malloc((size_t)c->N * sizeof *x);
    for (int64_t at = 0; at < t->nodes; at++) {
        const TreeNode *node = &t->node[at];
        int64_t         n = 0, many, right;
        for (int64_t i = 0; i < c->N; i++)
            if (at_node[i] == at) who[n++] = i;
        cr_assert(n == node->last - node->first, "node %d: %d samples, not %d", (int)at, node->last - node->first,
                  (int)n);
        double all = mixed(c, who, n, 0, 0, -1, &many) / (double)n, best = -1, at_best = 0;
        int64_t column = -1;
        cr_assert(fabs(all - node->impurity) <= 1e-9 * (1 + all), "node %d: impurity %g, not %g", (int)at,
                  node->impurity, all);
        for (int64_t d = 0; d < c->D && node->depth < c->arg.max_depth && all > 1e-9; d++) {
            for (int64_t i = 0; i < n; i++) x[i] = c->X[d * c->N + who[i]];
            qsort(x, (size_t)n, sizeof *x, ascending);
            for (int64_t i = 0; i + 1 < n; i++) {
                if (x[i] == x[i + 1]) continue;
                double threshold = (float)(x[i] / 2 + x[i + 1] / 2);
                double gain = all - (mixed(c, who, n, d, threshold, 0, &many) +
                                     mixed(c, who, n, d, threshold, 1, &right)) / (double)n;
                if (many < c->arg.min_leaf || right < c->arg.min_leaf || gain < best + 1e-9 * all) continue;
                best = gain, column = d, at_best = threshold;
            }
        }
        cr_assert(column == node->column, "node %d of %d: column %d, not %d (gain %g, not %g)", (int)at, (int)t->nodes,
                  node->column, (int)column, node->gain, best);
        if (column < 0) {
            leaves++;
            continue;
        }
        cr_assert(node->threshold == (float)at_best && fabs(node->gain - best) <= 1e-8 * (1 + all),
                  "node %d: threshold %.9g, not %.9g; gain %g, not %g", (int)at, node->threshold, at_best, node->gain,
                  best);
        for (int64_t i = 0; i < n; i++) at_node[who[i]] = node->left + (c->X[column * c->N + who[i]] > node->threshold);
    }
    tree_leaf(leaf, t, c->X, c->N);
    for (int64_t i = 0; i < c->N; i++)
        cr_assert(leaf[i] == at_node[i], "sample %d: leaf %d, not %d", (int)i, leaf[i], at_node[i]);
    cr_assert(2 * leaves == t->nodes + 1);
    free(who), free(leaf), free(at_node), free(x);
}

Test(tree, every_question_is_the_best_one)
{
    static const int64_t sizes[][2] = { { 1, 1 }, { 1, 2 }, { 3, 7 }, { 2, 33 }, { 5, 130 }, { 1, 300 } };
    static const int     classes[] = { 0, 1, 2, 3, 7 };
    Rng                  rng = rng_new(4);
    for (int s = 0; s < 6; s++)
        for (int k = 0; k < 5; k++)
            for (int least = 1; least <= 4; least += 3) {
                Case c = make(&rng, sizes[s][0], sizes[s][1], classes[k], least == 1 ? 100 : 3, least);
                Tree t = tree_grow(c.X, c.label, c.target, c.arg, c.D, c.N);
                check(&c, &t);
                tree_free(&t), drop(&c);
            }
}

Test(tree, no_depth_is_a_leaf)
{
    Rng  rng = rng_new(5);
    Case c = make(&rng, 2, 50, 2, 0, 1);
    Tree t = tree_grow(c.X, c.label, c.target, c.arg, c.D, c.N);
    cr_assert(t.nodes == 1 && t.K == 2 && fabs(t.value[0] + t.value[1] - 1) < 1e-6);
    tree_free(&t), drop(&c);
}

/* Blocks of columns longer than one, and many samples: all threads find the same. */
Test(tree, the_same_for_any_number_of_threads)
{
    Rng rng = rng_new(6);
    for (int classes = 0; classes <= 3; classes++) {
        Case c = make(&rng, 9, 5000, classes, 8, 2);
        Tree want = { 0 };
        for (int threads = 1; threads <= 5; threads += 2) {
            omp_set_num_threads(threads);
            Tree t = tree_grow(c.X, c.label, c.target, c.arg, c.D, c.N);
            if (threads == 1) {
                want = t;
                continue;
            }
            cr_assert(t.nodes == want.nodes && !memcmp(t.node, want.node, (size_t)t.nodes * sizeof *t.node));
            cr_assert(!memcmp(t.value, want.value, (size_t)(t.nodes * t.K) * sizeof *t.value));
            tree_free(&t);
        }
        tree_free(&want), drop(&c);
    }
}
