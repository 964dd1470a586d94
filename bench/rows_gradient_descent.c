/* rows_gradient_descent.c -- who else walks down a bowl: OpenBLAS, driven from C (PyTorch is in peers/). */
#include <cblas.h>
#include <math.h>
#include <string.h>
#include "bench.h"
#include "rng.h"
#include "versions.h"

enum { STEPS = 50 };

/* Symmetric, curvatures between 1/4 and 3/4: I / 2, and a random matrix whose norm is about 1/8 twice. */
static void inputs(Bench *b, const int *size)
{
    int     D = size[0];
    double *A = bench_given_doubles(b, "A", (int64_t)D * D), *B = bench_given_doubles(b, "b", D);
    Rng     rng = rng_new(5);
    for (int i = 0; i < D; i++) {
        B[i] = rng_normal(&rng);
        for (int j = 0; j <= i; j++)
            A[(int64_t)i * D + j] = A[(int64_t)j * D + i] = (i == j) / 2.0 + rng_normal(&rng) / (8 * sqrt(D));
    }
}

static void momentum(Bench *b, const int *size)
{
    int           D = size[0];
    const double *A = bench_in_doubles(b, "A", (int64_t)D * D), *B = bench_in_doubles(b, "b", D);
    double       *w = bench_out_doubles(b, "w", D), *note = bench_out_doubles(b, "loss", STEPS);
    double       *v = bench_scratch(b, "v", (int64_t)D * 8), *g = bench_scratch(b, "g", (int64_t)D * 8);
    memset(w, 0, (size_t)D * sizeof *w);
    memset(v, 0, (size_t)D * sizeof *v);
    for (int s = 0; s < STEPS; s++) {
        memcpy(g, B, (size_t)D * sizeof *g);
        cblas_dgemv(CblasRowMajor, CblasNoTrans, D, D, 1, A, D, w, 1, -1, g, 1);
        note[s] = (cblas_ddot(D, w, 1, g, 1) - cblas_ddot(D, w, 1, B, 1)) / 2;
        cblas_dscal(D, 0.8, v, 1);
        cblas_daxpy(D, -0.5, g, 1, v, 1);
        cblas_daxpy(D, 1, v, 1, w, 1);
    }
}

BENCH_OF(gradient_descent_others, gradient_descent) = {
    { "gradient_descent_momentum", momentum, .contestant = "OpenBLAS", .version = version_openblas, .inputs = inputs,
      .note = "50 steps from 0; A is symmetric with curvatures between 1/4 and 3/4" },
    { 0 }
};
