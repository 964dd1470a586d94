/* boost.c -- gradient boosting over bins: one byte a number, sums of whole numbers, the larger child by subtraction. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "boost.h"
#include "check.h"
#include "vmath.h"

enum { EDGES = 255, AHEAD = 24, PARALLEL = 20000 };

struct BoostBins {
    uint8_t *row;                       /* (N,D): histograms read a row at a time */
    uint8_t *column;                    /* (D,N): samples are parted by one column */
    float   *edge;                      /* (D,255): the threshold behind each bin; infinity behind the last */
    int64_t  N, D, width;               /* width: cells a column, the last one for the missing */

    /* Where most numbers of a column are alike, as in tables of 0 and 1, only the others are added up. */
    int64_t  *first;                    /* (N + 1), or NULL: row i's cells are cell[first[i]] .. */
    uint32_t *cell;
    uint8_t  *usual;                    /* (D): the bin that is left out */
};

static void *memory(int64_t n, size_t size)
{
    void *p = aligned_alloc(64, ((size_t)(n ? n : 1) * size + 63) / 64 * 64);
    CHECK(p, "boost: no memory for %lld things", (long long)n);
    return p;
}

/* ---- Bins -------------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Cuts of one column, sorted being its M numbers: all changes if they fit, else those next behind the quantiles. */
static int cut(float *edge, const float *sorted, int64_t B, int64_t M)
{
    int64_t changes = 0, k = 1;
    int     cuts = 0;
    for (int64_t i = 1; i < M; i++) changes += sorted[i - 1] < sorted[i];
    for (int64_t i = 1; i < M && cuts < B - 1; i++) {
        if (!(sorted[i - 1] < sorted[i]) || (changes >= B && i * B < k * M)) continue;
        float middle = sorted[i - 1] / 2 + sorted[i] / 2;
        edge[cuts++] = sorted[i - 1] <= middle && middle < sorted[i] ? middle : sorted[i - 1];
        k = i * B / M + 1;
    }
    return cuts;
}

/* The rows again without what is usual, if that leaves out three of four numbers or more. */
static void leave_out(BoostBins *b)
{
    int64_t others = 0, at = 0;
    b->usual = memory(b->D, 1);
    for (int64_t d = 0; d < b->D; d++) {
        int64_t count[256] = { 0 }, best = 0;
        for (int64_t i = 0; i < b->N; i++) count[b->column[d * b->N + i]]++;
        for (int64_t k = 1; k < 256; k++) best = count[k] > count[best] ? k : best;
        b->usual[d] = (uint8_t)best;
        others += b->N - count[best];
    }
    if (others * 4 > b->N * b->D) return;
    b->first = memory(b->N + 1, sizeof *b->first), b->cell = memory(others, sizeof *b->cell);
    for (int64_t i = 0; i < b->N; i++) {
        b->first[i] = at;
        for (int64_t d = 0; d < b->D; d++)
            if (b->row[i * b->D + d] != b->usual[d]) b->cell[at++] = (uint32_t)(d * b->width + b->row[i * b->D + d]);
    }
    b->first[b->N] = at;
}

BoostBins *boost_bins(const float *X, int bins, int64_t N, int64_t D)
{
    CHECK(N >= 1 && N <= 1 << 21 && D >= 1 && D <= 65535 && bins >= 2 && bins <= 255,
          "boost_bins: %lld samples of %lld columns, %d bins", (long long)N, (long long)D, bins);
    BoostBins *b = memory(1, sizeof *b);
    *b = (BoostBins){ .row = memory(N * D, 1), .column = memory(N * D, 1), .edge = memory(D * EDGES, sizeof(float)),
                      .N = N, .D = D };
    int64_t most = 0;
#pragma omp parallel for schedule(dynamic) reduction(max : most) if (N * D > PARALLEL)
    for (int64_t d = 0; d < D; d++) {
        float  *sorted = memory(N, sizeof *sorted), *edge = b->edge + d * EDGES;
        int64_t M = 0;
        for (int64_t i = 0; i < N; i++)
            if (!isnan(X[i * D + d])) sorted[M++] = X[i * D + d];
        qsort(sorted, (size_t)M, sizeof *sorted, ascending);
        int cuts = cut(edge, sorted, bins, M);
        for (int k = cuts; k < EDGES; k++) edge[k] = INFINITY;
        most = cuts > most ? cuts : most;
        free(sorted);
    }
    b->width = most + 2;
#pragma omp parallel for schedule(dynamic) if (N * D > PARALLEL)
    for (int64_t d = 0; d < D; d++)
        for (int64_t i = 0; i < N; i++) {
            const float *edge = b->edge + d * EDGES;
            float        x = X[i * D + d];
            int          low = 0, high = (int)most;
            while (low < high)
                if (edge[(low + high) / 2] < x) low = (low + high) / 2 + 1;
                else high = (low + high) / 2;
            b->row[i * D + d] = b->column[d * N + i] = (uint8_t)(isnan(x) ? b->width - 1 : low);
        }
    leave_out(b);
    return b;
}

void boost_bins_free(BoostBins *b)
{
    if (b) free(b->row), free(b->column), free(b->edge), free(b->first), free(b->cell), free(b->usual), free(b);
}

/* ---- Histograms: g in the upper 32 bits, h in the lower, one addition for both ----------------------------------- */

typedef struct Split { double gain; int32_t column, bin, missing_left; int64_t left; } Split;     /* left: its sums */
typedef struct Leaf { int64_t first, last, sum; int32_t node, hist; } Leaf;

typedef struct Training {
    const BoostBins *b;
    BoostArg         arg;
    double           to_g, to_h;        /* what one of the whole numbers is worth */
    uint32_t        *sample, *spare;    /* (N), node after node */
    int64_t         *pair, *spare_pair; /* (N), in the same order */
    int64_t         *hist, *own;        /* (2^depth,D,width); (threads,D,width) */
    int              threads;
} Training;

/* A sum's lower half is never negative: so it is taken off, and what is left is the upper half. */
static double low(int64_t sum) { return (double)(uint32_t)sum; }
static double high(int64_t sum) { return (double)((sum - (int64_t)(uint32_t)sum) >> 32); }

static void count(int64_t *hist, const BoostBins *b, const uint32_t *sample, const int64_t *pair, int64_t n)
{
    int64_t D = b->D, W = b->width, all = 0;
    memset(hist, 0, (size_t)(D * W) * sizeof *hist);
    for (int64_t i = 0; i < n && b->first; i++) {
        const int64_t *first = b->first + sample[i];
        all += pair[i];
        for (int64_t k = first[0]; k < first[1]; k++) hist[b->cell[k]] += pair[i];
    }
    for (int64_t d = 0; d < D && b->first; d++) {       /* the usual bin: what the others leave of all */
        int64_t *at = hist + d * W, rest = all;
        for (int64_t k = 0; k < W; k++) rest -= at[k];
        at[b->usual[d]] = rest;
    }
    for (int64_t i = 0; i < n && !b->first; i++) {
        const uint8_t *row = b->row + (int64_t)sample[i] * D;
        int64_t        p = pair[i], d = 0, *at = hist;
        if (i + AHEAD < n) __builtin_prefetch(b->row + (int64_t)sample[i + AHEAD] * D);
        for (; d + 4 <= D; d += 4, at += 4 * W) {
            at[row[d]] += p;
            at[W + row[d + 1]] += p;
            at[2 * W + row[d + 2]] += p;
            at[3 * W + row[d + 3]] += p;
        }
        for (; d < D; d++, at += W) at[row[d]] += p;
    }
}

static void count_node(Training *t, int64_t *hist, int64_t first, int64_t n)
{
    int64_t cells = t->b->D * t->b->width;
    if (n < PARALLEL || t->threads == 1) {
        count(hist, t->b, t->sample + first, t->pair + first, n);
        return;
    }
#pragma omp parallel num_threads(t->threads)
    {
        int id = 0, all = 1;
#ifdef _OPENMP
        id = omp_get_thread_num(), all = omp_get_num_threads();
#endif
        int64_t from = n * id / all, to = n * (id + 1) / all;
        count(t->own + id * cells, t->b, t->sample + first + from, t->pair + first + from, to - from);
#pragma omp barrier
#pragma omp for
        for (int64_t k = 0; k < cells; k++) {           /* whole numbers: in any order the same */
            int64_t sum = 0;
            for (int o = 0; o < all; o++) sum += t->own[o * cells + k];
            hist[k] = sum;
        }
    }
}

/* ---- The best split of a column ---------------------------------------------------------------------------------- */

static Split best_of(const Training *t, const int64_t *hist, int64_t sum, int32_t column)
{
    const BoostArg *a = &t->arg;
    double          G = high(sum) * t->to_g, H = low(sum) * t->to_h, least = a->min_weight;
    double          parent = G * G / (H + a->lambda), gl[EDGES], hl[EDGES], gain[EDGES];
    int             last = (int)t->b->width - 1;
    int64_t         prefix[EDGES], running = 0, missing = hist[last];
    Split           best = { .column = -1 };
    for (int b = 0; b < last; b++) prefix[b] = running += hist[b];
    for (int left = 0; left <= (missing != 0); left++) {
        double most = 0;
        for (int b = 0; b < last; b++) {
            int64_t s = prefix[b] + (left ? missing : 0);
            hl[b] = low(s) * t->to_h;
            gl[b] = high(s) * t->to_g;
        }
#pragma omp simd reduction(max : most)
        for (int b = 0; b < last; b++) {
            double gr = G - gl[b], hr = H - hl[b], l = hl[b] + a->lambda, r = hr + a->lambda;
            double v = (gl[b] * gl[b] * r + gr * gr * l) / (l * r) - parent;
            v = hl[b] >= least && hr >= least ? v : 0;
            gain[b] = v;
            most = v > most ? v : most;
        }
        most = most / 2 - a->gamma;
        if (!(most > best.gain)) continue;
        int b = 0;
        while (gain[b] / 2 - a->gamma < most) b++;
        best = (Split){ most, column, b, left, prefix[b] + (left ? missing : 0) };
    }
    return best;
}

/* ---- Rounds ------------------------------------------------------------------------------------------------------ */

/* This round's derivatives as whole numbers: as many bits as N of them leave room for. */
static int64_t derive(Training *t, const double *f, const float *y, float *g, float *h)
{
    int64_t N = t->b->N, sum = 0;
    float   most_g = 0, most_h = 0;
    double  room = 1;
    while (room * 4 * (double)N < 4294967296.0 && room < 16384) room *= 2;
#pragma omp parallel for simd reduction(max : most_g, most_h) if (N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        float p = t->arg.squared ? (float)f[i] : 1 / (1 + vexpf(-(float)f[i]));
        g[i] = t->arg.squared ? (float)(f[i] - y[i]) : p - y[i];
        h[i] = t->arg.squared ? 1 : p * (1 - p);
        most_g = fmaxf(most_g, fabsf(g[i])), most_h = fmaxf(most_h, h[i]);
    }
    t->to_g = most_g > 0 ? most_g / room : 1, t->to_h = most_h > 0 ? most_h / room : 1;
    float by_g = (float)(1 / t->to_g), by_h = (float)(1 / t->to_h);
#pragma omp parallel for simd reduction(+ : sum) if (N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        int64_t whole_g = (int64_t)rintf(g[i] * by_g), whole_h = (int64_t)rintf(h[i] * by_h);
        t->pair[i] = whole_g * 4294967296 + whole_h;
        t->sample[i] = (uint32_t)i;
        sum += t->pair[i];
    }
    return sum;
}

/* Who goes left moves up, who goes right waits and follows; returns how many go left. */
static int64_t part(Training *t, const Leaf *leaf, const Split *s)
{
    const uint8_t *code = t->b->column + s->column * t->b->N;
    uint32_t      *sample = t->sample + leaf->first, *spare = t->spare + leaf->first;
    int64_t       *pair = t->pair + leaf->first, *spare_pair = t->spare_pair + leaf->first, l = 0, r = 0;
    bool           goes[256];
    for (int b = 0; b < 256; b++) goes[b] = b == t->b->width - 1 ? s->missing_left : b <= s->bin;
    for (int64_t i = 0, n = leaf->last - leaf->first; i < n; i++) {
        bool left = goes[code[sample[i]]];
        uint32_t one = sample[i];
        int64_t  p = pair[i];
        sample[l] = spare[r] = one, pair[l] = spare_pair[r] = p;
        l += left, r += !left;
    }
    memcpy(sample + l, spare, (size_t)r * sizeof *sample), memcpy(pair + l, spare_pair, (size_t)r * sizeof *pair);
    return l;
}

static double value_of(const Training *t, int64_t sum)
{
    return -t->arg.rate * high(sum) * t->to_g / (low(sum) * t->to_h + t->arg.lambda);
}

/* One tree into node[]; f moves. level, next: room for 2^depth leaves each; split: that times D. */
static int32_t grow(Training *t, BoostNode *node, double *f, int64_t sum, Leaf *level, Leaf *next, Split *split)
{
    int64_t D = t->b->D, cells = D * t->b->width, N = t->b->N;
    int32_t nodes = 1, n = 1;
    level[0] = (Leaf){ 0, N, sum, 0, 0 };
    count_node(t, t->hist, 0, N);
    for (int depth = 0; n; depth++) {
        bool deeper = depth < t->arg.max_depth;
#pragma omp parallel for if (n * D > 64) num_threads(t->threads)
        for (int64_t k = 0; k < n * D; k++)
            if (deeper)
                split[k] = best_of(t, t->hist + level[k / D].hist * cells + k % D * t->b->width, level[k / D].sum,
                                   (int32_t)(k % D));
        int32_t m = 0, free_hist = n;
        for (int32_t k = 0; k < n; k++) {
            Leaf  *leaf = &level[k];
            Split  best = { .column = -1 };
            for (int64_t d = 0; d < D && deeper; d++)
                if (split[k * D + d].gain > best.gain) best = split[k * D + d];
            if (best.column < 0) {
                float v = (float)value_of(t, leaf->sum);
                node[leaf->node] = (BoostNode){ -1, -1, 0, v, 0 };
                for (int64_t i = leaf->first; i < leaf->last; i++) f[t->sample[i]] += v;
                continue;
            }
            int64_t middle = leaf->first + part(t, leaf, &best);
            node[leaf->node] = (BoostNode){ best.column, nodes, t->b->edge[best.column * EDGES + best.bin], 0,
                                            best.missing_left };
            Leaf left = { leaf->first, middle, best.left, nodes, 0 };
            Leaf right = { middle, leaf->last, leaf->sum - best.left, nodes + 1, 0 };
            nodes += 2;
            if (depth + 1 < t->arg.max_depth) {         /* the smaller is counted, the parent's becomes the other's */
                Leaf *small = middle - leaf->first <= leaf->last - middle ? &left : &right;
                Leaf *large = small == &left ? &right : &left;
                large->hist = leaf->hist, small->hist = free_hist++;
                int64_t *of = t->hist + large->hist * cells, *one = t->hist + small->hist * cells;
                count_node(t, one, small->first, small->last - small->first);
                for (int64_t c = 0; c < cells; c++) of[c] -= one[c];
            }
            next[m++] = left, next[m++] = right;
        }
        memcpy(level, next, (size_t)m * sizeof *level);
        n = m;
    }
    return nodes;
}

Boost boost_train(const BoostBins *b, const float *y, BoostArg arg)
{
    CHECK(arg.max_depth >= 1 && arg.max_depth <= 12 && arg.rounds >= 0 && arg.min_weight > 0 && arg.lambda >= 0,
          "boost_train: depth %d, %d rounds, min_weight %g, lambda %g", arg.max_depth, arg.rounds, arg.min_weight,
          arg.lambda);
    int64_t  N = b->N, leaves = (int64_t)1 << arg.max_depth, cells = b->D * b->width;
    Training t = { .b = b, .arg = arg, .threads = 1 };
#ifdef _OPENMP
    t.threads = omp_get_max_threads();
#endif
    t.sample = memory(N, sizeof *t.sample), t.spare = memory(N, sizeof *t.spare);
    t.pair = memory(N, sizeof *t.pair), t.spare_pair = memory(N, sizeof *t.spare_pair);
    t.hist = memory(leaves / 2 * cells, sizeof *t.hist), t.own = memory(t.threads * cells, sizeof *t.own);
    double *f = memory(N, sizeof *f);
    float  *g = memory(N, sizeof *g), *h = memory(N, sizeof *h);
    Leaf   *level = memory(leaves, sizeof *level), *next = memory(leaves, sizeof *next);
    Split  *split = memory(leaves * b->D, sizeof *split);
    Boost   out = { memory(arg.rounds * 2 * leaves, sizeof(BoostNode)), memory(arg.rounds + 1, sizeof(int64_t)),
                    arg.rounds, arg.base };
    for (int64_t i = 0; i < N; i++) f[i] = arg.base;
    out.first[0] = 0;
    for (int r = 0; r < arg.rounds; r++) {
        int64_t sum = derive(&t, f, y, g, h);
        out.first[r + 1] = out.first[r] + grow(&t, out.node + out.first[r], f, sum, level, next, split);
    }
    free(t.sample), free(t.spare), free(t.pair), free(t.spare_pair), free(t.hist), free(t.own);
    free(f), free(g), free(h), free(level), free(next), free(split);
    return out;
}

void boost_predict(float *f, const Boost *boost, const float *X, int64_t N, int64_t D)
{
#pragma omp parallel for if (N * boost->rounds > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        double sum = boost->base;
        for (int64_t r = 0; r < boost->rounds; r++) {
            const BoostNode *tree = boost->node + boost->first[r], *t = tree;
            while (t->column >= 0) {
                float x = X[i * D + t->column];
                t = tree + t->left + !(isnan(x) ? t->missing_left : x <= t->threshold);
            }
            sum += t->value;
        }
        f[i] = (float)sum;
    }
}

void boost_free(Boost *b)
{
    free(b->node), free(b->first);
    *b = (Boost){ 0 };
}
