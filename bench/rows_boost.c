/* rows_boost.c -- who else boosts trees: the library (XGBoost and LightGBM are in peers/). */
#include <math.h>
#include <stdlib.h>
#include "bench.h"
#include "boost.h"
#include "check.h"

typedef struct Kept { BoostBins *bins; Boost boost; } Kept;

static int squared(const int *size) { return size[0] == 16512; }

static void setup(Bench *b, const int *size)
{
    int64_t all = (int64_t)size[0] + size[1];
    Kept   *k = calloc(1, sizeof *k);
    CHECK(k, "no memory for %lld samples", (long long)all);
    k->bins = boost_bins(bench_in(b, "X", all * size[2]), 255, size[0], size[2]);
    bench_keep(b, k);
}

static void teardown(Bench *b, const int *size)
{
    Kept *k = bench_kept(b);
    (void)size;
    boost_bins_free(k->bins), boost_free(&k->boost), free(k);
}

static void library(Bench *b, const int *size)
{
    Kept        *k = bench_kept(b);
    int64_t      all = (int64_t)size[0] + size[1];
    double       mean = 0;
    bench_in(b, "X", all * size[2]);
    const float *y = bench_in(b, "y", all);
    bench_out_doubles(b, "loss", 1);
    for (int i = 0; i < size[0] && squared(size); i++) mean += y[i] / (double)size[0];
    boost_free(&k->boost);
    k->boost = boost_train(k->bins, y, (BoostArg){ squared(size), size[3], 6, 255, 0.1, 1, 0, 1, mean });
}

static void after(Bench *b, const int *size)
{
    Kept        *k = bench_kept(b);
    int64_t      N = size[0], U = size[1], D = size[2];
    const float *X = bench_in(b, "X", (N + U) * D), *y = bench_in(b, "y", N + U) + N;
    double      *loss = bench_out_doubles(b, "loss", 1);
    float       *f = malloc((size_t)U * sizeof *f);
    CHECK(f, "no memory for %lld samples", (long long)U);
    boost_predict(f, &k->boost, X + N * D, U, D);
    *loss = 0;
    for (int64_t i = 0; i < U; i++) {
        double off = f[i] - y[i];
        *loss += squared(size) ? off * off / 2 : fmax(f[i], 0) + log1p(exp(-fabs(f[i]))) - y[i] * f[i];
    }
    *loss /= (double)U;
    free(f);
}

/* bench_gradient_boosting.c, the room's own file, has the sizes and costs. */
BENCH_OF(boost_others, gradient_boosting) = {
    { "gradient_boosting", library, .contestant = "library", .setup = setup, .after = after, .teardown = teardown },
    { 0 }
};
