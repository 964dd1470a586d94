/* thin_svd.c -- singular values and vectors of a tall matrix of floats, by way of A^T A in double. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cblas.h>
#include "check.h"
#include "thin_svd.h"

/* LAPACK's: eigenvalues, growing, and eigenvectors of a symmetric matrix, by divide and conquer. */
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);

enum { BLOCK = 512 };                   /* rows at a time: their doubles stay in the cache while they are multiplied */
static const double FLOAT_IS_ENOUGH = 4e-3; /* of the largest singular value */

static double *doubles_new(int64_t n)
{
    double *p = malloc((size_t)n * sizeof *p);
    CHECK(p, "thin_svd: no memory for %lld numbers", (long long)n);
    return p;
}

static int rows_of(int64_t at, int64_t M) { return (int)(M - at < BLOCK ? M - at : BLOCK); }

static void widen(double *to, const float *from, int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) to[i] = from[i];
}

/* The upper triangle of G = A^T A, row by row. */
static void gram(double *G, double *block, const float *A, int64_t M, int64_t N)
{
    memset(G, 0, (size_t)(N * N) * sizeof *G);
    for (int64_t at = 0; at < M; at += BLOCK) {
        int rows = rows_of(at, M);
        widen(block, A + at * N, rows * N);
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, (int)N, rows, 1, block, (int)N, 1, G, (int)N);
    }
}

/* G becomes its eigenvectors, a row each, in growing order of w. */
static int eigen(double *G, double *w, int N)
{
    int    ask = -1, ints, info;
    double best;
    dsyevd_("V", "L", &N, G, &N, w, &best, &ask, &ints, &ask, &info);     /* our upper triangle is its lower one */
    int     lwork = (int)best;
    double *work = doubles_new(lwork);
    int    *iwork = malloc((size_t)ints * sizeof *iwork);
    CHECK(iwork, "thin_svd: no memory for %d numbers", ints);
    dsyevd_("V", "L", &N, G, &N, w, work, &lwork, iwork, &ints, &info);
    free(work);
    free(iwork);
    return info;
}

/* u_i = A (v_i / sigma_i), the first `rank` of them; W holds v_i / sigma_i in its rows. Rounding in v_i comes back
 * along u_0 times sigma_0 / sigma_i: where that is little, for the first `few`, floats are enough, and fast. */
static void left(float *U, double *block, const double *W, const float *A, int64_t few, int64_t rank, int64_t M,
                 int64_t N)
{
    int64_t rest = rank - few;
    float  *w = malloc((size_t)(few * N + 1) * sizeof *w);
    double *product = doubles_new(BLOCK * rest + 1);
    CHECK(w, "thin_svd: no memory for %lld numbers", (long long)(few * N));
    for (int64_t i = 0; i < few * N; i++) w[i] = (float)W[i];
    if (few)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)M, (int)few, (int)N, 1, A, (int)N, w, (int)N, 0, U,
                    (int)N);
    for (int64_t at = 0; at < M; at += BLOCK) {
        int rows = rows_of(at, M);
        if (rest) {
            widen(block, A + at * N, rows * N);
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, (int)rest, (int)N, 1, block, (int)N, W + few * N,
                        (int)N, 0, product, (int)rest);
        }
        for (int n = 0; n < rows; n++) {
            float *u = U + (at + n) * N;
            for (int64_t i = 0; i < rest; i++) u[few + i] = (float)product[n * rest + i];
            for (int64_t i = rank; i < N; i++) u[i] = 0;
        }
    }
    free(w);
    free(product);
}

const char *thin_svd(float *U, float *sigma, float *V, int64_t *rank, const float *A, int64_t M, int64_t N)
{
    if (N < 1 || M < N) return sentence("thin_svd: %lld rows, %lld columns", (long long)M, (long long)N);
    double *G = doubles_new(N * N), *w = doubles_new(N), *block = doubles_new(BLOCK * N);
    const char *why = NULL;
    gram(G, block, A, M, N);
    for (int64_t d = 0; d < N && !why; d++)             /* a NaN or infinity shows in its column's own square */
        if (!isfinite(G[d * N + d])) why = sentence("thin_svd: column %lld holds a NaN or an infinity", (long long)d);
    if (!why && eigen(G, w, (int)N)) why = "thin_svd: LAPACK's dsyevd does not converge";
    if (!why) {
        int64_t kept = 0, few = 0;
        double  most = sqrt(fmax(w[N - 1], 0));
        for (int64_t i = 0; i < N / 2; i++)             /* the largest first */
            for (int64_t d = 0; d < N; d++) {
                double v = G[i * N + d];
                G[i * N + d] = G[(N - 1 - i) * N + d], G[(N - 1 - i) * N + d] = v;
            }
        for (int64_t i = 0; i < N; i++) {
            double s = sqrt(fmax(w[N - 1 - i], 0));
            sigma[i] = (float)s;
            if (s > FLT_EPSILON * most) kept = i + 1;
            if (s > FLOAT_IS_ENOUGH * most) few = i + 1;
            for (int64_t d = 0; d < N; d++) {
                V[i * N + d] = (float)G[i * N + d];
                if (kept == i + 1) G[i * N + d] /= s;
            }
        }
        left(U, block, G, A, few, kept, M, N);
        if (rank) *rank = kept;
    }
    free(G);
    free(w);
    free(block);
    return why;
}
