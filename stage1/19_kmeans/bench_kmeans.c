/* bench_kmeans.c -- what kmeans.c costs: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "kmeans.h"

/* N, K, D: the digits, an awkward one, MNIST with few and with many centres. */
static const int sizes[][3] = { { 1797, 10, 64 }, { 3001, 7, 33 }, { 60000, 10, 784 }, { 60000, 100, 784 } };

enum { MOVES = 20 };            /* at most; the same first centres for all */

static void setup(Bench *b, const int *size)
{
    if ((double)size[0] * size[1] * size[2] > 1e8) bench_absent(b, "seconds a call, where the others take tenths");
}

typedef struct Work {
    const float *X;
    float *C, *old;
    int *label, *count;
    double *distance, *sum, *inertia;
} Work;

static Work work(Bench *b, int N, int K, int D)
{
    int64_t KD = (int64_t)K * D;
    Work w = { .X = bench_in(b, "X", (int64_t)N * D) };
    const float *start = bench_in(b, "start", KD);
    w.inertia = bench_out_doubles(b, "inertia", 1);
    w.C = bench_scratch(b, "C", KD * 4), w.old = bench_scratch(b, "old", KD * 4);
    w.label = bench_scratch(b, "label", (int64_t)N * 4), w.count = bench_scratch(b, "count", (int64_t)K * 4);
    w.distance = bench_scratch(b, "distance", (int64_t)N * 8), w.sum = bench_scratch(b, "sum", KD * 8);
    memcpy(w.C, start, (size_t)KD * sizeof *start);
    return w;
}

static void lloyd(Bench *b, const int *size)
{
    int N = size[0], K = size[1], D = size[2];
    Work w = work(b, N, K, D);
    double inertia[MOVES + 1];
    int made = kmeans_lloyd(w.C, w.label, w.distance, inertia, w.count, w.sum, w.X, MOVES, N, K, D);
    *w.inertia = inertia[made];
}

static void hamerly(Bench *b, const int *size)
{
    int N = size[0], K = size[1], D = size[2];
    Work w = work(b, N, K, D);
    int64_t computed[MOVES + 1];
    double *bounds = bench_scratch(b, "bounds", ((int64_t)N + K) * 16);
    kmeans_hamerly(w.C, w.label, w.distance, computed, w.count, w.sum, bounds, w.old, w.X, MOVES, N, K, D);
    *w.inertia = kmeans_assign(w.label, w.distance, w.X, w.C, N, K, D);
}

/* One near-tie that float decides otherwise than double leads elsewhere within 20 moves: the inertia is the same to
 * some 1e-5. The library decides those in double; scikit-learn does not. */
BENCH(kmeans) = {
    { "kmeans_lloyd", lloyd, .flops = "42*N*K*D", .bytes = "84*N*D", .dims = "NKD", .tolerance = 1e-4, .setup = setup,
      SIZES(sizes), .note = "20 moves at most from the same centres; the rate counts all N K D distances a move, also "
                            "those that bounds save" },
    { "kmeans_lloyd", hamerly, .contestant = "textbook, Hamerly", .setup = setup },
    { 0 }
};
