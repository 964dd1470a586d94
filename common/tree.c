/* tree.c -- decision trees from columns that are sorted once: exact questions, at the speed of a few reads. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "check.h"
#include "tree.h"

/*
 * Each column is a row of entries, number and sample together, sorted at the start. A node owns the same range in all
 * rows. Level by level: all columns are scanned for their best questions, the best of all is chosen, and each row is
 * parted in two, which keeps both halves sorted. Scanning reads from front to back; all that is looked up by sample is
 * a byte.
 */
typedef struct Entry { float x; uint32_t sample; } Entry;
typedef struct Question { double score; int64_t place; } Question;      /* so many go left; place 0: there is none */

typedef struct Growing {
    Entry         *row;                 /* (D,N) */
    const float   *target;
    uint8_t       *class, *left;        /* (N): by sample, the class; whether it goes left */
    Question      *best;                /* (nodes of this level,D) */
    TreeArg        arg;
    int64_t        D, N;
    Tree           tree;
    double        *count, *mean;        /* (nodes,K) samples of each class; (nodes) */
    int64_t        room;
} Growing;

enum { BLOCK = 256, DIGIT = 11, DIGITS = 1 << DIGIT };
static const double EQUAL = 1e-10;

static void *memory(int64_t n, size_t size)
{
    void *p = malloc((size_t)(n ? n : 1) * size);
    CHECK(p, "tree: no memory for %lld things", (long long)n);
    return p;
}

/* ---- Sorting ----------------------------------------------------------------------------------------------------- */

/* Floats as whole numbers in the same order: the sign bit turned round, and for those below 0 all others, too. */
static uint32_t key_of(float x)
{
    uint32_t bits;
    x += 0.0f;                          /* -0 is 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits ^ ((bits >> 31) * 0x7FFFFFFFu | 0x80000000u);
}

/* By digits of 11 bits, the lowest first; equal numbers stay in the order of their samples. */
static void sort_row(Entry *row, Entry *spare, const float *x, int64_t N)
{
    static const int shift[] = { 0, DIGIT, 2 * DIGIT };
    int64_t count[3][DIGITS];
    memset(count, 0, sizeof count);
    for (int64_t i = 0; i < N; i++) {
        uint32_t key = key_of(x[i]);
        for (int p = 0; p < 3; p++) count[p][key >> shift[p] & (DIGITS - 1)]++;
        spare[i] = (Entry){ x[i] + 0.0f, (uint32_t)i };
    }
    Entry *from = spare, *to = row;
    for (int p = 0; p < 3; p++) {       /* three times: the last one ends in row */
        int64_t at = 0;
        for (int k = 0; k < DIGITS; k++) {
            int64_t n = count[p][k];
            count[p][k] = at;
            at += n;
        }
        for (int64_t i = 0; i < N; i++) to[count[p][key_of(from[i].x) >> shift[p] & (DIGITS - 1)]++] = from[i];
        Entry *t = from;
        from = to, to = t;
    }
}

/* ---- The best question of a node and a column -------------------------------------------------------------------- */

/*
 * Gini's gain is (sum l_k^2 / n_left + sum r_k^2 / n_right - sum c_k^2 / n) / n, and that of the variance, s being the
 * left sum of target - mean, (s^2 / n_left + s^2 / n_right) / n. So the score is a / n_left + b / n_right, and the
 * last term and the last division wait until the end. a and b of a block are collected first, the scores are vectors.
 */
typedef struct Sums {
    double c[2 * 256], a, b, one, all;  /* K left and K right; one: of class 1 on the left, where K is 2; all: of it */
    double mean;
} Sums;

static void collect(double *a, double *b, Sums *s, const Growing *g, const Entry *row, int64_t done, int64_t n,
                    int many)
{
    int K = g->arg.classes;
    if (K == 2) {
        double ones[BLOCK];
        for (int i = 0; i < many; i++) ones[i] = s->one += g->class[row[i].sample];
        for (int i = 0; i < many; i++) {
            double l = (double)(done + i + 1), r = (double)n - l, q = s->all - ones[i];
            a[i] = ones[i] * ones[i] + (l - ones[i]) * (l - ones[i]);
            b[i] = q * q + (r - q) * (r - q);
        }
    } else if (K)
        for (int i = 0; i < many; i++) {
            int k = g->class[row[i].sample];
            a[i] = s->a += 2 * s->c[k]++ + 1;
            b[i] = s->b -= 2 * s->c[K + k]-- - 1;
        }
    else
        for (int i = 0; i < many; i++) {
            s->one += g->target[row[i].sample] - s->mean;
            a[i] = b[i] = s->one * s->one;
        }
}

static Question scan(const Growing *g, const TreeNode *t, int64_t at, const Entry *row)
{
    int64_t  n = t->last - t->first, low = g->arg.min_leaf, high = n - g->arg.min_leaf;
    int      K = g->arg.classes;
    double   a[BLOCK], b[BLOCK], score[BLOCK], equal = EQUAL * t->impurity * (double)n;
    Question best = { -INFINITY, 0 };
    Sums     s = { .mean = g->mean[at] };
    row += t->first;
    for (int k = 0; k < K; k++) {
        s.c[K + k] = g->count[at * K + k];
        s.b += s.c[K + k] * s.c[K + k];
    }
    if (K == 2) s.all = s.c[K + 1];
    if (row[0].x == row[n - 1].x) return best;
    for (int64_t done = 0; done < high; done += BLOCK) {
        int    many = high - done < BLOCK ? (int)(high - done) : BLOCK;
        double most = -INFINITY;
        collect(a, b, &s, g, row + done, done, n, many);
#pragma omp simd reduction(max : most)
        for (int i = 0; i < many; i++) {
            double l = (double)(done + i + 1), r = (double)n - l, v = (a[i] * r + b[i] * l) / (l * r);
            v = row[done + i].x == row[done + i + 1].x ? -INFINITY : v;
            score[i] = v;
            most = v > most ? v : most;
        }
        if (!(most > best.score + equal)) continue;
        for (int i = 0; i < many; i++)
            if (done + i + 1 >= low && score[i] > best.score + equal) best = (Question){ score[i], done + i + 1 };
    }
    return best;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

static int64_t node_new(Growing *g, int64_t first, int64_t last, int depth)
{
    Tree *t = &g->tree;
    if (t->nodes == g->room) {
        g->room = 2 * g->room + 64;
        t->node = realloc(t->node, (size_t)g->room * sizeof *t->node);
        t->value = realloc(t->value, (size_t)(g->room * t->K) * sizeof *t->value);
        g->count = realloc(g->count, (size_t)(g->room * t->K) * sizeof *g->count);
        g->mean = realloc(g->mean, (size_t)g->room * sizeof *g->mean);
        CHECK(t->node && t->value && g->count && g->mean, "tree: no memory for %lld nodes", (long long)g->room);
    }
    t->node[t->nodes] = (TreeNode){ -1, -1, (int32_t)first, (int32_t)last, depth, 0, 0, 0 };
    return t->nodes++;
}

/* What a node's samples, as they stand in a row, have in common. True if there is something to ask. */
static bool describe(Growing *g, int64_t at, const Entry *row)
{
    TreeNode *t = &g->tree.node[at];
    int64_t   n = t->last - t->first, K = g->tree.K;
    double   *count = g->count + at * K, mean = 0, squares = 0;
    bool      mixed = false;
    row += t->first;
    memset(count, 0, (size_t)K * sizeof *count);
    g->mean[at] = 0;
    if (g->arg.classes) {
        for (int64_t i = 0; i < n; i++) count[g->class[row[i].sample]]++;
        for (int64_t k = 0; k < K; k++) {
            double p = count[k] / (double)n;
            squares += p * p;
            mixed = mixed || (count[k] > 0 && count[k] < (double)n);
            g->tree.value[at * K + k] = (float)p;
        }
        t->impurity = 1 - squares;
    } else {
        float first = g->target[row[0].sample];
        for (int64_t i = 0; i < n; i++) {
            mean += g->target[row[i].sample] / (double)n;
            mixed = mixed || g->target[row[i].sample] != first;
        }
        for (int64_t i = 0; i < n; i++) {
            double off = g->target[row[i].sample] - mean;
            squares += off * off;
        }
        t->impurity = squares / (double)n;
        g->mean[at] = mean;
        g->tree.value[at] = (float)mean;
    }
    return mixed && t->depth < g->arg.max_depth && n >= 2 * (int64_t)g->arg.min_leaf;
}

/* Of all columns' questions about node at the best: fills it, marks who goes left, appends the children. */
static bool choose(Growing *g, int64_t at, const Question *best)
{
    TreeNode *t = &g->tree.node[at];
    int64_t   n = t->last - t->first, column = -1, K = g->tree.K;
    double    equal = EQUAL * t->impurity * (double)n, squares = 0;
    for (int64_t d = 0; d < g->D; d++)
        if (best[d].place && (column < 0 || best[d].score > best[column].score + equal)) column = d;
    if (column < 0) return false;
    for (int64_t k = 0; k < K; k++) squares += g->count[at * K + k] * g->count[at * K + k];
    const Entry *row = g->row + column * g->N + t->first;
    int64_t      place = best[column].place;
    float        low = row[place - 1].x, high = row[place].x, middle = low / 2 + high / 2;
    t->column = (int32_t)column;
    t->threshold = low <= middle && middle < high ? middle : low;
    t->gain = fmax((best[column].score - squares / (double)n) / (double)n, 0);
    for (int64_t i = 0; i < n; i++) g->left[row[i].sample] = i < place;
    int64_t first = t->first, last = t->last;
    int     depth = t->depth + 1;
    int64_t left = node_new(g, first, first + place, depth);            /* t may have moved */
    node_new(g, first + place, last, depth);
    g->tree.node[at].left = (int32_t)left;
    return true;
}

static void part_row(Entry *row, Entry *spare, const uint8_t *left, int64_t n)
{
    int64_t l = 0, r = 0;
    for (int64_t i = 0; i < n; i++) {   /* both are written, one counts: no branch to guess */
        Entry   e = row[i];
        uint8_t go = left[e.sample];
        row[l] = e, spare[r] = e;
        l += go, r += !go;
    }
    memcpy(row + l, spare, (size_t)r * sizeof *row);
}

Tree tree_grow(const float *X, const int32_t *label, const float *target, TreeArg arg, int64_t D, int64_t N)
{
    CHECK(N >= 1 && N <= INT32_MAX && D >= 1, "tree_grow: %lld samples of %lld columns", (long long)N, (long long)D);
    CHECK(arg.classes >= 0 && arg.classes <= 256 && (arg.classes ? (const void *)label : (const void *)target),
          "tree_grow: %d classes", arg.classes);
    CHECK(arg.min_leaf >= 1 && arg.max_depth >= 0, "tree_grow: min_leaf %d, max_depth %d", arg.min_leaf, arg.max_depth);
    Growing g = { .row = memory(D * N, sizeof(Entry)), .target = target, .class = memory(N, 1),
                  .left = memory(N, 1), .arg = arg, .D = D, .N = N, .tree.K = arg.classes ? arg.classes : 1 };
    for (int64_t i = 0; i < N && arg.classes; i++) {
        CHECK(label[i] >= 0 && label[i] < arg.classes, "tree_grow: sample %lld has label %d", (long long)i,
              (int)label[i]);
        g.class[i] = (uint8_t)label[i];
    }
    int threads = 1;
#ifdef _OPENMP
    threads = omp_get_max_threads();
#endif
    Entry *spare = memory(threads * N, sizeof *spare);
    int64_t *ask = NULL, n_ask = 0;
#pragma omp parallel for schedule(dynamic) if (D * N > 10000)
    for (int64_t d = 0; d < D; d++) {
        int id = 0;
#ifdef _OPENMP
        id = omp_get_thread_num();
#endif
        sort_row(g.row + d * N, spare + id * N, X + d * N, N);
    }
    node_new(&g, 0, N, 0);
    if (describe(&g, 0, g.row)) {
        ask = memory(1, sizeof *ask);
        ask[n_ask++] = 0;
    }
    while (n_ask) {                     /* a level */
        g.best = memory(n_ask * D, sizeof *g.best);
        int64_t samples = 0;
        for (int64_t k = 0; k < n_ask; k++) samples += g.tree.node[ask[k]].last - g.tree.node[ask[k]].first;
#pragma omp parallel for schedule(dynamic) if (D * samples > 10000)
        for (int64_t d = 0; d < D; d++)
            for (int64_t k = 0; k < n_ask; k++)
                g.best[k * D + d] = scan(&g, &g.tree.node[ask[k]], ask[k], g.row + d * N);
        int64_t *next = memory(2 * n_ask, sizeof *next), n_next = 0, *parts = memory(n_ask, sizeof *parts), n_parts = 0;
        for (int64_t k = 0; k < n_ask; k++) {
            if (!choose(&g, ask[k], g.best + k * D)) continue;
            const Entry *row = g.row + g.tree.node[ask[k]].column * N;
            int64_t      left = g.tree.node[ask[k]].left, before = n_next;
            for (int64_t child = left; child <= left + 1; child++)
                if (describe(&g, child, row)) next[n_next++] = child;
            if (n_next > before) parts[n_parts++] = ask[k];             /* two leaves: nobody will look at their rows */
        }
#pragma omp parallel for schedule(dynamic) if (D * samples > 10000)
        for (int64_t d = 0; d < D; d++) {
            int id = 0;
#ifdef _OPENMP
            id = omp_get_thread_num();
#endif
            for (int64_t k = 0; k < n_parts; k++) {
                const TreeNode *t = &g.tree.node[parts[k]];
                if (t->column != d)
                    part_row(g.row + d * N + t->first, spare + id * N, g.left, t->last - t->first);
            }
        }
        free(g.best), free(ask), free(parts);
        ask = next, n_ask = n_next;
    }
    free(ask), free(spare), free(g.row), free(g.class), free(g.left), free(g.count), free(g.mean);
    return g.tree;
}

void tree_leaf(int32_t *leaf, const Tree *tree, const float *X, int64_t N)
{
#pragma omp parallel for if (N > 10000)
    for (int64_t i = 0; i < N; i++) {
        int32_t at = 0;
        for (const TreeNode *t; (t = &tree->node[at])->column >= 0;)
            at = t->left + (X[t->column * N + i] > t->threshold);
        leaf[i] = at;
    }
}

void tree_free(Tree *tree)
{
    free(tree->node), free(tree->value);
    *tree = (Tree){ 0 };
}
