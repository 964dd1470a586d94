/* rows_softmax_fit.c -- who fits softmax regression by L-BFGS: the library (scikit-learn is in peers/). */
#include <string.h>
#include "bench.h"
#include "check.h"
#include "data.h"
#include "rng.h"
#include "softmax_fit.h"

enum { STEPS = 50 };

/* N, D, C: an awkward one, one as wide as digits, MNIST where data/ has it. */
static const int sizes[][3] = { { 1001, 17, 3 }, { 5003, 64, 10 }, { 60000, 784, 10 } };

static bool mnist(float *X, int *y, int64_t N, int64_t D)
{
    Arena  *arena = arena_new("mnist");
    Dataset set;
    bool    there = data_here("mnist") && !data_load(arena, "mnist", F32, &set) && set.train >= N;
    if (there) {
        memcpy(X, set.x->data, (size_t)(N * D) * sizeof *X);
        memcpy(y, set.y->data, (size_t)N * sizeof *y);
    }
    arena_free(arena);
    return there;
}

static void inputs(Bench *b, const int *size)
{
    int64_t N = size[0], D = size[1];
    float  *X = bench_given(b, "X", N * D);
    int    *y = bench_given_ints(b, "y", N);
    Rng     rng = rng_new(14);
    if (D == 784 && size[2] == 10 && mnist(X, y, N, D)) return;
    for (int64_t n = 0; n < N; n++) {
        y[n] = (int)rng_below(&rng, size[2]);
        for (int64_t d = 0; d < D; d++)
            X[n * D + d] = rng_below(&rng, 5) ? 0 : (float)(rng_normal(&rng) + (d % size[2] == y[n]));
    }
}

static double fit(Bench *b, const int *size, const char *where)
{
    int    N = size[0], D = size[1], C = size[2];
    double f[STEPS + 1];
    int    steps = softmax_fit(bench_scratch(b, where, (int64_t)C * D * 4), f, bench_in(b, "X", (int64_t)N * D),
                               bench_in_ints(b, "y", N, 0, C - 1), 1. / N, 0, STEPS, N, D, C);
    CHECK(steps >= 0, "bench: no numbers");
    return f[steps];
}

static void library(Bench *b, const int *size) { *bench_out_doubles(b, "loss", 1) = fit(b, size, "library's W"); }
static void truth(Bench *b, const int *size) { *bench_want(b, "loss", 1) = fit(b, size, "W"); }

BENCH_OF(logistic_regression_many, logistic_regression) = {
    { "logistic_regression_50_steps", library, .flops = "4*N*D*C*55", .bytes = "4*N*D*55", .dims = "NDC",
      .tolerance = 0.01, .memory = true, .contestant = "library", .inputs = inputs, .truth = truth, SIZES(sizes),
      .note = "softmax, lambda 1/N, 50 steps of L-BFGS from 0; the loss is checked to 1 %, as two ways of trying step "
              "lengths part. The rate counts 55 full gradients. 60000x784 is MNIST where data/ has it" },
    { 0 }
};
