/* rows_gemm.c -- the matrix product: common/gemm.c beside the libraries, and beside three loops. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>
#endif
#include "bench.h"
#include "ops.h"
#include "versions.h"

/* Squares from 128 to 2048; a GPT's block and its MLP; few rows, and one, as in generating text; awkward ones. */
static const int sizes[][3] = { { 1, 768, 768 },      { 8, 3072, 768 },    { 128, 128, 128 },   { 129, 67, 255 },
                                { 256, 256, 256 },    { 512, 512, 512 },   { 1000, 333, 777 },  { 3072, 384, 384 },
                                { 1024, 1024, 1024 }, { 3072, 1536, 384 }, { 2048, 2048, 2048 } }; /* M, N, K */

typedef struct Operands { float *C; const float *A, *B; } Operands;

static Operands operands(Bench *b, const int *size)
{
    int64_t M = size[0], N = size[1], K = size[2];
    return (Operands){ bench_out(b, "C", M * N), bench_in(b, "A", M * K), bench_in(b, "B", K * N) };
}

static void library(Bench *b, const int *size)
{
    int64_t  M = size[0], N = size[1], K = size[2];
    Operands o = operands(b, size);
    gemm(o.C, M, N, K, o.A, (int64_t[]){ K, 1 }, o.B, (int64_t[]){ N, 1 }, 0);
}

/* The middle loop runs over k, so that the innermost walks along rows of B and C. */
static void three_loops(Bench *b, const int *size)
{
    int      M = size[0], N = size[1], K = size[2];
    Operands o = operands(b, size);
    for (int m = 0; m < M; m++) {
        float *c = o.C + (int64_t)m * N;
        for (int n = 0; n < N; n++) c[n] = 0;
        for (int k = 0; k < K; k++)
            for (int n = 0; n < N; n++) c[n] += o.A[(int64_t)m * K + k] * o.B[(int64_t)k * N + n];
    }
}

static void small_only(Bench *b, const int *size)
{
    if ((double)size[0] * size[1] * size[2] > 3e8) bench_absent(b, "three loops take too long at this size");
}

static void openblas(Bench *b, const int *size)
{
    Operands o = operands(b, size);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size[0], size[1], size[2], 1, o.A, size[2], o.B, size[1], 0,
                o.C, size[1]);
}

#ifdef HAVE_DNNL
static void onednn(Bench *b, const int *size)
{
    Operands o = operands(b, size);
    dnnl_sgemm('N', 'N', size[0], size[1], size[2], 1, o.A, size[2], o.B, size[1], 0, o.C, size[1]);
}
#endif

static double *doubles_of(const float *x, int64_t n)
{
    double *y = malloc((size_t)n * sizeof *y);
    CHECK(y, "bench gemm: no memory for the product in double");
    for (int64_t i = 0; i < n; i++) y[i] = x[i];
    return y;
}

static void truth(Bench *b, const int *size)
{
    int     M = size[0], N = size[1], K = size[2];
    double *A = doubles_of(bench_in(b, "A", (int64_t)M * K), (int64_t)M * K);
    double *B = doubles_of(bench_in(b, "B", (int64_t)K * N), (int64_t)K * N);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, M, N, K, 1, A, K, B, N, 0,
                bench_want(b, "C", (int64_t)M * N), N);
    free(A);
    free(B);
}

BENCH_OF(gemm, gemm) = {
    { "gemm", library, .flops = "2*M*N*K", .bytes = "4*(M*K + K*N + M*N)", .dims = "MNK", SIZES(sizes), .terms = "K",
      .truth = truth, .contestant = "library" },
    { "gemm", three_loops, .contestant = "three loops", .setup = small_only },
    { "gemm", openblas, .contestant = "OpenBLAS", .version = version_openblas },
#ifdef HAVE_DNNL
    { "gemm", onednn, .contestant = "oneDNN", .version = version_onednn },
#endif
    { 0 }
};
