/* gemm_library.c -- matrix products that oneDNN (or OpenBLAS) does better than gemm.c: small squares, and a few rows by
 * weights that lie as (N,K). Large ones it does as well on its own, but there our promise, the same numbers for any
 * number of threads, would cut them into tiles that are packed anew each time: 4 to 19 % of its speed. */
#include <cblas.h>
#include <limits.h>
#include "gemm_library.h"
#ifdef HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

/* An operand as BLAS wants it: rows or columns lie one apart, and the other stride is no shorter than a line. */
typedef struct Side { const real *data; bool fits, turned; int64_t line; } Side;

static Side side(const real *data, const int64_t *s, int64_t rows, int64_t cols)
{
    Side x = { .data = data };
    if (s[1] == 1 && s[0] >= cols) x.fits = true, x.line = s[0];
    else if (s[0] == 1 && s[1] >= rows) x.fits = x.turned = true, x.line = s[1];
    return x;
}

/* On one thread: libraries share work out by the number of threads, and then sums come out differently. What is set
 * here is forgotten at the end of the parallel region that this is called from. */
static void library(real *C, int64_t ldc, int64_t M, int64_t N, int64_t K, Side a, Side b, real beta)
{
#ifdef _OPENMP
    omp_set_num_threads(1);
#endif
#if defined HAVE_DNNL && !defined REAL64
    dnnl_sgemm(a.turned ? 'T' : 'N', b.turned ? 'T' : 'N', M, N, K, 1, a.data, a.line, b.data, b.line, beta, C, ldc);
#else
    CBLAS_TRANSPOSE ta = a.turned ? CblasTrans : CblasNoTrans, tb = b.turned ? CblasTrans : CblasNoTrans;
    const int m = (int)M, n = (int)N, k = (int)K, lda = (int)a.line, ldb = (int)b.line;
#ifdef REAL64
    cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a.data, lda, b.data, ldb, beta, C, (int)ldc);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a.data, lda, b.data, ldb, beta, C, (int)ldc);
#endif
#endif
}

/* Measured on Zen 4 with oneDNN 2.6: `make bench EX=gemm` draws it. OpenBLAS has no path for a few rows. */
static bool better(int64_t M, int64_t N, int64_t K, Side b)
{
    enum { FEW = 8, BATCH = 64, DEEP = 64, SMALL = 1 << 21 };
#ifdef HAVE_DNNL
    if (M > 1 && M <= FEW) return b.turned && N > BATCH && K >= DEEP;
#endif
    return M > BATCH && N > BATCH && K >= DEEP && M * N * K <= SMALL;
}

/* C's columns in parts that do not depend on the number of threads: few rows by a large matrix are a lot of reading. */
static void by_columns(real *C, int64_t M, int64_t N, int64_t K, Side a, Side b, real beta)
{
    enum { WIDTH = 768 };
    int64_t parts = (N + WIDTH - 1) / WIDTH;
#pragma omp parallel for if (parts > 1)
    for (int64_t i = 0; i < parts; i++) {
        int64_t n = i * WIDTH, width = N - n < WIDTH ? N - n : WIDTH;
        Side part = b;
        part.data += n * (b.turned ? b.line : 1);
        library(C + n, N, M, width, K, a, part, beta);
    }
}

bool gemm_library(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
                  const int64_t *sb, real beta, GemmThen *f, const void *ctx)
{
    Side a = side(A, sa, M, K), b = side(B, sb, K, N);
    bool counts = M <= INT_MAX && N <= INT_MAX && K <= INT_MAX && a.line <= INT_MAX && b.line <= INT_MAX;
    if (!counts || !a.fits || !b.fits || !better(M, N, K, b)) return false;
    by_columns(C, M, N, K, a, b, beta);
    if (f) f(ctx, 0, 0, M, N);
    return true;
}

void gemm_tile(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
               const int64_t *sb, real beta)
{
#if defined HAVE_DNNL && !defined REAL64
    Side a = side(A, sa, M, K), b = side(B, sb, K, N);
    if (M > 1 && N > 1 && K > 1 && a.fits && b.fits) {
        library(C, N, M, N, K, a, b, beta);
        return;
    }
#endif
    gemm(C, M, N, K, A, sa, B, sb, beta);
}
