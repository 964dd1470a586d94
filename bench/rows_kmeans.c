/* rows_kmeans.c -- who else runs Lloyd's loop: the library (scikit-learn is in peers/). */
#include <string.h>
#include "bench.h"
#include "cluster.h"
#include "data.h"
#include "rng.h"

enum { MOVES = 20, MNIST_ROWS = 60000, PIXELS = 784 };

/* MNIST and the digits where the size is theirs; else heaps that overlap. The first centres are rows of X. */
static void inputs(Bench *b, const int *size)
{
    int     N = size[0], K = size[1], D = size[2];
    float  *X = bench_given(b, "X", (int64_t)N * D), *start = bench_given(b, "start", (int64_t)K * D);
    Arena  *arena = arena_new("k-means");
    Dataset set;
    Rng     rng = rng_new(6);
    const char *name = N == MNIST_ROWS && D == PIXELS ? "mnist" : N == 1797 && D == 64 ? "digits" : NULL;
    if (name && data_here(name) && !data_load(arena, name, F32, &set))
        memcpy(X, set.x->data, (size_t)N * (size_t)D * sizeof *X);
    else
        for (int64_t n = 0; n < N; n++)
            for (int d = 0; d < D; d++)
                X[n * D + d] = (float)(rng_normal(&rng) + (n % K == d % K ? 2 : 0));
    for (int k = 0; k < K; k++)
        memcpy(start + (int64_t)k * D, X + rng_below(&rng, N) * D, (size_t)D * sizeof *X);
    arena_free(arena);
}

static void library(Bench *b, const int *size)
{
    int64_t      N = size[0], K = size[1], D = size[2];
    const float *X = bench_in(b, "X", N * D), *start = bench_in(b, "start", K * D);
    double      *inertia = bench_out_doubles(b, "inertia", 1);
    float       *C = bench_scratch(b, "library's C", K * D * 4);
    int32_t     *label = bench_scratch(b, "library's label", N * 4);
    memcpy(C, start, (size_t)(K * D) * sizeof *C);
    cluster_kmeans(C, label, inertia, X, MOVES, N, K, D);
}

/* bench_kmeans.c, the room's own file, has the sizes and costs. */
BENCH_OF(kmeans_others, kmeans) = {
    { "kmeans_lloyd", library, .contestant = "library", .inputs = inputs },
    { 0 }
};
