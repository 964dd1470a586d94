/* gemm.c -- C = A B + beta C, over the fastest library there is; the same numbers whatever the number of threads. */
#include <cblas.h>
#include <limits.h>
#include "ops.h"
#ifdef HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

/* ---- The library, on one thread ---- */

/* An operand as BLAS wants it: rows or columns lie one apart, and the other stride is no shorter than a line. */
typedef struct Side { const real *data; bool fits, turned; int64_t line, row, col; } Side;

static Side side(const real *data, const int64_t *s, int64_t rows, int64_t cols)
{
    Side x = { .data = data, .row = s[0], .col = s[1] };
    if (s[1] == 1 && s[0] >= cols) x.fits = true, x.line = s[0];
    else if (s[0] == 1 && s[1] >= rows) x.fits = x.turned = true, x.line = s[1];
    return x;
}

/* The libraries share work out by the number of threads, and then sums come out differently. */
static void one_thread(void)
{
#ifdef _OPENMP
    omp_set_num_threads(1); /* of the libraries called from here: forgotten at the end of the parallel region */
#endif
}

static void library(real *C, int64_t ldc, int64_t M, int64_t N, int64_t K, Side a, Side b, real beta)
{
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

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Threads take tiles of C. A tile is large enough that packing its operands costs a few per cent at most. */
static void tiles(real *C, int64_t M, int64_t N, int64_t K, Side a, Side b, real beta, GemmThen *f, const void *ctx)
{
    enum { ROWS = 256, COLS = 128, WORTH_IT = 1 << 21 };
    bool    cut = M * N * K > WORTH_IT;
    int64_t rows = cut ? ROWS : M, cols = cut ? (N / 2 > COLS ? N / 2 : COLS) : N;
    int64_t across = (N + cols - 1) / cols, all = (M + rows - 1) / rows * across;
#pragma omp parallel for if (all > 1) schedule(dynamic)
    for (int64_t i = 0; i < all; i++) {
        int64_t m = i / across * rows, n = i % across * cols;
        Side part_a = a, part_b = b;
        part_a.data += m * a.row;
        part_b.data += n * b.col;
        int64_t height = least(rows, M - m), width = least(cols, N - n);
        one_thread();
        library(C + m * N + n, N, height, width, K, part_a, part_b, beta);
        if (f) f(ctx, m, n, height, width);
    }
}

/* ---- One row or one column: y (N) = B^T x + beta y. Reading B takes the time, so it is read once, as it lies ---- */

enum { BLOCK = 256, LARGE = 1 << 17 };

/* B's columns lie one after the other: dot products, four at a time, which hides that an addition takes four cycles. */
static void dots(real *y, int64_t N, int64_t K, const real *B, int64_t col, const real *x, real beta)
{
#pragma omp parallel for if (N * K > LARGE)
    for (int64_t n = 0; n < N; n += 4) {
        const real *b[4];
        real s[4] = { 0 }, s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int i = 0; i < 4; i++) b[i] = B + least(n + i, N - 1) * col; /* past the end: the last one again */
        const real *b0 = b[0], *b1 = b[1], *b2 = b[2], *b3 = b[3];
#pragma omp simd reduction(+ : s0, s1, s2, s3)
        for (int64_t k = 0; k < K; k++) s0 += b0[k] * x[k], s1 += b1[k] * x[k], s2 += b2[k] * x[k], s3 += b3[k] * x[k];
        s[0] = s0, s[1] = s1, s[2] = s2, s[3] = s3;
        for (int64_t i = 0; i < 4 && n + i < N; i++) y[n + i] = s[i] + (beta == 0 ? 0 : beta * y[n + i]);
    }
}

/* B's rows lie one after the other: add x_k times row k, a block of columns at a time, which stays in the cache. */
static void sums(real *y, int64_t N, int64_t K, const real *B, int64_t row, const real *x, real beta)
{
#pragma omp parallel for if (N * K > LARGE)
    for (int64_t from = 0; from < N; from += BLOCK) {
        int64_t width = least(BLOCK, N - from);
        real sum[BLOCK] = { 0 };
        for (int64_t k = 0; k < K; k++)
            for (int64_t n = 0; n < width; n++) sum[n] += x[k] * B[k * row + from + n];
        for (int64_t n = 0; n < width; n++) y[from + n] = sum[n] + (beta == 0 ? 0 : beta * y[from + n]);
    }
}

static bool gemv(real *y, int64_t N, int64_t K, const real *B, const int64_t *sb, const real *x, int64_t step,
                 real beta)
{
    if (step != 1 && K > 1) return false;
    if (sb[0] == 1) dots(y, N, K, B, sb[1], x, beta);
    else if (sb[1] == 1) sums(y, N, K, B, sb[0], x, beta);
    else return false;
    return true;
}

/* ---- Any strides ---- */

static void loops(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
                  const int64_t *sb, real beta)
{
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++) {
            double sum = beta == 0 ? 0 : (double)beta * (double)C[m * N + n];
            for (int64_t k = 0; k < K; k++) sum += (double)A[m * sa[0] + k * sa[1]] * (double)B[k * sb[0] + n * sb[1]];
            C[m * N + n] = (real)sum;
        }
}

void gemm_then(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
               const int64_t *sb, real beta, GemmThen *f, const void *ctx)
{
    if (M == 0 || N == 0) return;
    Side a = side(A, sa, M, K), b = side(B, sb, K, N);
    bool counts = M <= INT_MAX && N <= INT_MAX && K <= INT_MAX && a.line <= INT_MAX && b.line <= INT_MAX;
    bool done = (M == 1 && gemv(C, N, K, B, sb, A, sa[1], beta)) ||
                (N == 1 && gemv(C, M, K, A, (int64_t[]){ sa[1], sa[0] }, B, sb[0], beta));
    if (!done && K > 0 && counts && a.fits && b.fits) {
        tiles(C, M, N, K, a, b, beta, f, ctx);
        return;
    }
    if (!done) loops(C, M, N, K, A, sa, B, sb, beta);
    if (f) f(ctx, 0, 0, M, N);
}

void gemm(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B, const int64_t *sb,
          real beta)
{
    gemm_then(C, M, N, K, A, sa, B, sb, beta, NULL, NULL);
}
