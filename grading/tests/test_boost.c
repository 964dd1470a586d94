/* test_boost.c -- boosting on bins against sums in double, sample by sample; the same for any number of threads. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#else
static void omp_set_num_threads(int n) { (void)n; }
#endif
#include "boost.h"
#include "rng.h"

typedef struct Case { int64_t N, D; float *X, *y; } Case;

/* Columns of many values, of few, and with missing numbers, which say something. */
static Case make(Rng *rng, int64_t N, int64_t D, bool squared)
{
    Case c = { N, D, malloc((size_t)(N * D) * 4), malloc((size_t)N * 4) };
    for (int64_t i = 0; i < N; i++) {
        for (int64_t d = 0; d < D; d++)
            c.X[i * D + d] = d % 3 == 1 ? (float)rng_below(rng, 4) : (float)rng_normal(rng);
        double z = c.X[i * D] + (D > 1 ? c.X[i * D + 1] * c.X[i * D + D - 1] : 0) + 0.3 * rng_normal(rng);
        if (rng_below(rng, 3) == 0) c.X[i * D + D - 1] = NAN, z += 1;
        c.y[i] = squared ? (float)z : (float)(z > 0.5);
    }
    return c;
}

static void drop(Case *c) { free(c->X), free(c->y); }

static double loss_of(const float *f, const float *y, bool squared, int64_t N)
{
    double sum = 0;
    for (int64_t i = 0; i < N; i++)
        sum += squared ? (f[i] - y[i]) * (f[i] - y[i]) / 2 : fmax(f[i], 0) + log1p(exp(-fabs(f[i]))) - y[i] * f[i];
    return sum / (double)N;
}

/* The tree's loss, bin by bin: every split of every column tried for the samples of one node. */
static double largest_gain(const Case *c, const double *g, const double *h, const int *in, int node, BoostArg a)
{
    double most = 0;
    for (int64_t d = 0; d < c->D; d++)
        for (int64_t k = 0; k < c->N; k++)
            for (int left = 0; left <= 1; left++) {     /* each sample's number as a threshold */
                double G[2] = { 0 }, H[2] = { 0 }, t = c->X[k * c->D + d];
                if (isnan(t)) continue;
                for (int64_t i = 0; i < c->N; i++) {
                    double x = c->X[i * c->D + d];
                    int    side = isnan(x) ? !left : x > t;
                    if (in[i] == node) G[side] += g[i], H[side] += h[i];
                }
                if (H[0] < a.min_weight || H[1] < a.min_weight) continue;
                double all = (G[0] + G[1]) * (G[0] + G[1]) / (H[0] + H[1] + a.lambda);
                double sides = G[0] * G[0] / (H[0] + a.lambda) + G[1] * G[1] / (H[1] + a.lambda);
                most = fmax(most, (sides - all) / 2 - a.gamma);
            }
    return most;
}

/* Walks the samples down each tree; every split gains what the best one does, every leaf has its value. */
static void check(const Case *c, const Boost *b, BoostArg a)
{
    double *f = malloc((size_t)c->N * sizeof *f), *g = malloc((size_t)c->N * sizeof *g), *h = malloc((size_t)c->N * 8);
    int    *in = malloc((size_t)c->N * sizeof *in);
    float  *got = malloc((size_t)c->N * sizeof *got);
    for (int64_t i = 0; i < c->N; i++) f[i] = a.base;
    for (int64_t r = 0; r < b->rounds; r++) {
        const BoostNode *tree = b->node + b->first[r];
        for (int64_t i = 0; i < c->N; i++) {
            double p = a.squared ? f[i] : 1 / (1 + exp(-f[i]));
            g[i] = p - c->y[i], h[i] = a.squared ? 1 : p * (1 - p), in[i] = 0;
        }
        for (int at = 0; at < b->first[r + 1] - b->first[r]; at++) {
            double G[2] = { 0 }, H[2] = { 0 };
            for (int64_t i = 0; i < c->N; i++) {
                if (in[i] != at) continue;
                double x = tree[at].column < 0 ? 0 : c->X[i * c->D + tree[at].column];
                int    side = isnan(x) ? !tree[at].missing_left : x > tree[at].threshold;
                G[side] += g[i], H[side] += h[i];
            }
            if (tree[at].column < 0) {
                double want = -a.rate * G[0] / (H[0] + a.lambda);
                cr_assert(fabs(tree[at].value - want) <= 2e-3, "round %d, leaf %d: %g, not %g", (int)r, at,
                          tree[at].value, want);
                continue;
            }
            double all = (G[0] + G[1]) * (G[0] + G[1]) / (H[0] + H[1] + a.lambda);
            double gain = (G[0] * G[0] / (H[0] + a.lambda) + G[1] * G[1] / (H[1] + a.lambda) - all) / 2 - a.gamma;
            double best = largest_gain(c, g, h, in, at, a);
            cr_assert(gain >= best - 2e-3 * (best + all + 1), "round %d, node %d: gains %g, not %g", (int)r, at, gain,
                      best);
            for (int64_t i = 0; i < c->N; i++) {
                if (in[i] != at) continue;
                double x = c->X[i * c->D + tree[at].column];
                in[i] = tree[at].left + (isnan(x) ? !tree[at].missing_left : x > tree[at].threshold);
            }
        }
        for (int64_t i = 0; i < c->N; i++) f[i] += tree[in[i]].value;
    }
    boost_predict(got, b, c->X, c->N, c->D);
    for (int64_t i = 0; i < c->N; i++)
        cr_assert(fabs(got[i] - f[i]) <= 1e-5 * (1 + fabs(f[i])), "sample %d: %g, not %g", (int)i, got[i], f[i]);
    free(f), free(g), free(h), free(in), free(got);
}

Test(boost, every_split_is_the_best_one)
{
    static const int64_t sizes[][2] = { { 1, 1 }, { 2, 1 }, { 30, 2 }, { 120, 5 }, { 200, 3 } };
    Rng                  rng = rng_new(9);
    for (int s = 0; s < 5; s++)
        for (int way = 0; way < 4; way++) {             /* 2, 3: nearly all numbers are 0 */
            bool squared = way % 2;
            Case c = make(&rng, sizes[s][0], sizes[s][1], squared);
            for (int64_t i = 0; i < c.N * c.D && way >= 2; i++)
                if (i % 6) c.X[i] = 0;
            BoostArg   a = { squared, 3, 1 + s % 4, 255, 0.5, 1, squared ? 0.1 : 0, squared ? 1 : 0.02, 0.25 };
            BoostBins *bins = boost_bins(c.X, a.bins, c.N, c.D);
            Boost      b = boost_train(bins, c.y, a);
            check(&c, &b, a);
            boost_free(&b), boost_bins_free(bins), drop(&c);
        }
}

Test(boost, learns_and_is_the_same_for_any_number_of_threads)
{
    Rng  rng = rng_new(10);
    Case c = make(&rng, 30000, 5, false);
    Boost want = { 0 };
    float *f = malloc((size_t)c.N * sizeof *f);
    for (int threads = 1; threads <= 5; threads += 2) {
        omp_set_num_threads(threads);
        BoostArg   a = { 0, 8, 6, 64, 0.3, 1, 0, 1, 0 };
        BoostBins *bins = boost_bins(c.X, a.bins, c.N, c.D);
        Boost      b = boost_train(bins, c.y, a);
        boost_bins_free(bins);
        boost_predict(f, &b, c.X, c.N, c.D);
        cr_assert(loss_of(f, c.y, false, c.N) < 0.35, "loss %g", loss_of(f, c.y, false, c.N));
        if (threads == 1) {
            want = b;
            continue;
        }
        cr_assert(!memcmp(b.first, want.first, 9 * sizeof *b.first));
        cr_assert(!memcmp(b.node, want.node, (size_t)b.first[8] * sizeof *b.node));
        boost_free(&b);
    }
    boost_free(&want), drop(&c), free(f);
}
