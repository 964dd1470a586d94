/* bench_svm.c -- what svm.c costs: rows for bench/, which times them. */
#include <stdlib.h>
#include "bench.h"
#include "svm.h"

/* heart_scale's size, an awkward one, rows of a9a in growing numbers, which draw the cost curve (rows_svm.c brings both
 * where data/ has them). */
static const int sizes[][2] = { { 270, 13 }, { 2003, 17 }, { 1000, 123 }, { 2000, 123 }, { 4000, 123 }, { 8000, 123 } };

/* N to learn from, T to be told, D: of heart_scale, an awkward one, of a9a. */
static const int told[][3] = { { 200, 70, 13 }, { 1003, 101, 17 }, { 8000, 1000, 123 } };

typedef struct Room { double *G, *diagonal; SvmCache cache; } Room;

static void *space(size_t n, size_t size)
{
    void *p = malloc(n * size);
    if (!p) abort();
    return p;
}

/* A cache of 100 MB, as LIBSVM has it. */
static void setup(Bench *b, const int *size)
{
    int N = size[0], slots = (int)(100e6 / (8. * N));
    if (N > 10000) {
        bench_absent(b, "it would take minutes");
        return;
    }
    Room *r = space(1, sizeof *r);
    slots = slots < 2 ? 2 : slots > N ? N : slots;
    r->G = space((size_t)N, 8), r->diagonal = space((size_t)N, 8);
    r->cache = (SvmCache){ .N = N, .slots = slots, .rows = space((size_t)slots * (size_t)N, 8),
                           .holds = space((size_t)slots, 4), .slot = space((size_t)N, 4),
                           .used = space((size_t)slots, 4) };
    bench_keep(b, r);
}

static void teardown(Bench *b, const int *size)
{
    Room *r = bench_kept(b);
    (void)size;
    if (!r) return;
    free(r->G), free(r->diagonal), free(r->cache.rows), free(r->cache.holds), free(r->cache.slot), free(r->cache.used);
    free(r);
}

/* RBF, gamma 1 / D, C = 1, until no pair is off by more than 0.001: LIBSVM's own defaults. */
static void solve(Bench *b, const int *size)
{
    int        N = size[0], D = size[1];
    Room      *r = bench_kept(b);
    SvmProblem p = { { SVM_RBF, 1. / D, 1 }, bench_in_doubles(b, "X", (int64_t)N * D),
                     bench_in_ints(b, "y", N, -1, 1), 1, N, D };
    double    *alpha = bench_scratch(b, "textbook's alpha", 8 * (int64_t)N),
              *objective = bench_out_doubles(b, "objective", 1);
    for (int s = 0; s < r->cache.slots; s++) r->cache.holds[s] = -1, r->cache.used[s] = 0;
    for (int n = 0; n < N; n++) r->cache.slot[n] = -1;
    r->cache.now = 0;
    svm_solve(alpha, r->G, r->diagonal, &r->cache, &p, 1e-3, 100 * N);
    *objective = 0;
    for (int n = 0; n < N; n++) *objective += alpha[n] * (r->G[n] - 1) / 2;
}

/* rows_svm.c trains, and gives alpha and rho to all. */
static void score(Bench *b, const int *size)
{
    int           N = size[0], T = size[1], D = size[2];
    SvmKernel     k = { SVM_RBF, 1. / D, 1 };
    const double *X = bench_in_doubles(b, "X", (int64_t)(N + T) * D), *alpha = bench_in_doubles(b, "alpha", N),
                 *rho = bench_in_doubles(b, "rho", 1);
    const int *y = bench_in_ints(b, "y", N + T, -1, 1);
    double    *score = bench_out_doubles(b, "score", T);
    for (int t = 0; t < T; t++) score[t] = svm_score(&k, X, y, alpha, *rho, X + (int64_t)(N + t) * D, N, D);
}

BENCH(svm) = {
    { "svm_solve", solve, .flops = "N*N*(3*D + 1)/4", .bytes = "8*N*(D + 1)", .dims = "ND", .tolerance = 1e-6,
      .memory = true, .setup = setup, .teardown = teardown, SIZES(sizes),
      .note = "RBF kernel, C = 1, tolerance 0.001, a cache of 100 MB; the objective within a millionth. The rate "
              "counts a kernel with every row for a quarter of the rows. SIZES=32561x123: all of a9a" },
    { "svm_score", score, .flops = "N*T*(3*D + 1)/2", .bytes = "8*(N + T)*D", .dims = "NTD", .tolerance = 1e-5,
      SIZES(told),
      .note = "RBF kernel: T rows' scores by what N taught, the same alpha for all. The rate counts half of the N as "
              "support vectors. SIZES=32561x16281x123: a9a.t by a9a" },
    { 0 }
};
