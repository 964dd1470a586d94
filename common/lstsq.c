/* lstsq.c -- the w that makes |X w - y|^2 smallest, with or without a penalty, in one pass over X. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cblas.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "check.h"
#include "fused.h"
#include "lstsq.h"

static int threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static const char *refuse(int64_t N, int64_t D)
{
    if (D < 1) return sentence("least squares: %lld columns", (long long)D);
    if (N < D) return sentence("least squares: %lld rows do not determine %lld weights", (long long)N, (long long)D);
    return NULL;
}

static const char *dependent(int64_t column)
{
    return sentence(
        "least squares: column %lld of X is a combination of the columns before it, or holds a NaN or an infinity",
        (long long)column);
}

/* Of memory that only lives within a call; 64 bytes aligned, so that vectors do not straddle lines. */
static double *doubles_new(int64_t n)
{
    double *p = aligned_alloc(64, ((size_t)n * sizeof *p + 63) / 64 * 64);
    CHECK(p, "least squares: no memory for %lld numbers", (long long)n);
    return p;
}

/* R w = z from the bottom up; R (D,D) upper triangular with lines of `line` numbers, z its column D. */
static void back_substitute(double *w, const double *R, int64_t line, int64_t D)
{
    for (int64_t j = D - 1; j >= 0; j--) {
        double sum = R[j * line + D];
        for (int64_t c = j + 1; c < D; c++) sum -= R[j * line + c] * w[c];
        w[j] = sum / R[j * line + j];
    }
}

/* ---- Normal equations -------------------------------------------------------------------------------------------- */

/* G = [X y]^T [X y]. A tile of G, 8 lines by 16 columns, stays in registers while a block of rows goes by: each row
 * gives 8 numbers to multiply 16 with. The block is copied first, y behind its row and zeros behind y, so that no tile
 * has an edge. */
enum { TILE = 8, WIDE = 2 * TILE, BLOCK_BYTES = 24 << 10, MIN_BLOCK = 32, FEW_COLUMNS = 96 };

typedef double Vec __attribute__((vector_size(64)));

FUSED static void add_tile(double *G, int64_t line, const double *P, int64_t rows, int64_t i0, int64_t j0)
{
    Vec g[TILE][2] = { { { 0 } } };
    for (int64_t n = 0; n < rows; n++) {
        const double *p = P + n * line;
        const Vec    *x = (const Vec *)(p + j0);
        for (int i = 0; i < TILE; i++) {
            g[i][0] += p[i0 + i] * x[0];
            g[i][1] += p[i0 + i] * x[1];
        }
    }
    for (int i = 0; i < TILE; i++) {
        Vec *out = (Vec *)(G + (i0 + i) * line + j0);
        out[0] += g[i][0];
        out[1] += g[i][1];
    }
}

static void pack(double *P, int64_t line, const double *X, const double *y, int64_t rows, int64_t D)
{
    for (int64_t n = 0; n < rows; n++) {
        memcpy(P + n * line, X + n * D, (size_t)D * sizeof *P);
        P[n * line + D] = y[n];
    }
}

static void gram_of_few(double *G, int64_t line, const double *X, const double *y, int64_t N, int64_t D)
{
    int64_t block = BLOCK_BYTES / 8 / line > MIN_BLOCK ? BLOCK_BYTES / 8 / line : MIN_BLOCK,
            last = (D / TILE + 1) * TILE;
    double *P = doubles_new(block * line);
    memset(P, 0, (size_t)(block * line) * sizeof *P);
    for (int64_t n = 0; n < N; n += block) {
        int64_t rows = N - n < block ? N - n : block;
        pack(P, line, X + n * D, y + n, rows, D);
        for (int64_t i = 0; i < last; i += TILE)
            for (int64_t j = i / WIDE * WIDE; j < line; j += WIDE) add_tile(G, line, P, rows, i, j);
    }
    free(P);
}

/* With many columns BLAS is as fast as the machine. */
static void gram_of_many(double *G, int64_t line, const double *X, const double *y, int64_t N, int64_t D)
{
    enum { MOST = 1 << 30 };
    for (int64_t n = 0; n < N; n += MOST / D) {
        int rows = (int)(N - n < MOST / D ? N - n : MOST / D);
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, (int)D, rows, 1, X + n * D, (int)D, 1, G, (int)line);
        cblas_dgemv(CblasRowMajor, CblasTrans, rows, (int)D, 1, X + n * D, (int)D, y + n, 1, 1, G + D, (int)line);
        G[D * line + D] += cblas_ddot(rows, y + n, 1, y + n, 1);
    }
}

/* Each thread sums its own rows, then the sums are added in their order. */
static void gram(double *G, int64_t line, const double *X, const double *y, int64_t N, int64_t D)
{
    int64_t size = line * line, parts = N * D < 1 << 15 ? 1 : threads();
    memset(G, 0, (size_t)size * sizeof *G);
    if (D > FEW_COLUMNS) {
        gram_of_many(G, line, X, y, N, D);
        return;
    }
    if (parts == 1) {
        gram_of_few(G, line, X, y, N, D);
        return;
    }
    double *part = doubles_new(parts * size);
    memset(part, 0, (size_t)(parts * size) * sizeof *part);
#pragma omp parallel for schedule(static, 1)
    for (int64_t p = 0; p < parts; p++) {
        int64_t from = N * p / parts, to = N * (p + 1) / parts;
        gram_of_few(part + p * size, line, X + from * D, y + from, to - from, D);
    }
    for (int64_t p = 0; p < parts; p++)
        for (int64_t i = 0; i < size; i++) G[i] += part[p * size + i];
    free(part);
}

/* G = R^T R in place, in the upper triangle; the last column, X^T y, becomes what R w must be. -1, or the column that
 * fails: of its squared length less than rounding errors can make is left. */
static int64_t cholesky(double *G, int64_t line, int64_t D)
{
    for (int64_t j = 0; j < D; j++) {
        double *row = G + j * line, whole = row[j];
        for (int64_t k = 0; k < j; k++) {
            const double *above = G + k * line;
            double        f = above[j];
            for (int64_t c = j; c <= D; c++) row[c] -= f * above[c];
        }
        if (!(row[j] > (double)(D + 1) * 8 * DBL_EPSILON * whole) || !(row[j] < INFINITY)) return j;
        double scale = 1 / sqrt(row[j]);
        for (int64_t c = j; c <= D; c++) row[c] *= scale;
    }
    return -1;
}

static double residual(const double *X, const double *y, const double *w, int64_t N, int64_t D)
{
    double rss = 0;
    for (int64_t n = 0; n < N; n++, X += D) {
        double r = -y[n];
        for (int64_t d = 0; d < D; d++) r += X[d] * w[d];
        rss += r * r;
    }
    return rss;
}

const char *lstsq_normal(double *w, double *rss, const double *X, const double *y, double lambda,
                                 int64_t free_ones, int64_t N, int64_t D)
{
    const char *why =
        lambda > 0 && free_ones == 0 ? NULL : refuse(N, D); /* a penalty on all determines any number of weights */
    if (why) return why;
    CHECK(lambda >= 0 && free_ones >= 0 && free_ones <= D && N >= 0 && D >= 1,
          "lstsq_normal: lambda %g, %lld of %lld columns free", lambda, (long long)free_ones, (long long)D);
    int64_t line = (D + 1 + WIDE - 1) / WIDE * WIDE;
    double *G = doubles_new(line * line);
    gram(G, line, X, y, N, D);
    for (int64_t d = free_ones; d < D; d++) G[d * line + d] += lambda;
    int64_t bad = cholesky(G, line, D);
    if (bad >= 0) why = dependent(bad);
    else if (!isfinite(G[D * line + D])) why = "least squares: y holds a NaN or an infinity";
    else back_substitute(w, G, line, D);
    free(G);
    if (!why && rss) *rss = residual(X, y, w, N, D);    /* from G it would be a small difference of large numbers */
    return why;
}

/* ---- QR ---------------------------------------------------------------------------------------------------------- */

/* R (K,K), K = D + 1, is the triangle of all rows of [X y] so far. A block of rows B (column after column, `rows`
 * numbers each) is eliminated into it: reflection j maps (R[j][j], column j of B) onto (alpha, 0), and touches line j
 * of R and B alone. */
static void eliminate(double *R, double *B, int64_t rows, int64_t line, int64_t K)
{
    for (int64_t j = 0; j < K; j++) {
        double *v = B + j * line, *r = R + j * K, left = 0;
#pragma omp simd reduction(+ : left)
        for (int64_t n = 0; n < rows; n++) left += v[n] * v[n];
        if (left == 0) continue;
        double alpha = sqrt(r[j] * r[j] + left);
        if (r[j] > 0) alpha = -alpha;                   /* to the far side: r - alpha cannot cancel */
        double top = r[j] - alpha, beta = -1 / (alpha * top);   /* = 2 / |(top, v)|^2 */
        for (int64_t c = j + 1; c < K; c++) {
            double *b = B + c * line, dot = top * r[c];
#pragma omp simd reduction(+ : dot)
            for (int64_t n = 0; n < rows; n++) dot += v[n] * b[n];
            double f = beta * dot;
            r[c] -= f * top;
#pragma omp simd
            for (int64_t n = 0; n < rows; n++) b[n] -= f * v[n];
        }
        r[j] = alpha;
    }
}

static void triangle_of_rows(double *R, const double *X, const double *y, int64_t N, int64_t D)
{
    int64_t K = D + 1, block = BLOCK_BYTES / 8 / K / 8 * 8;
    if (block < 4 * TILE) block = 4 * TILE;
    double *B = doubles_new(block * K);
    memset(R, 0, (size_t)(K * K) * sizeof *R);
    for (int64_t at = 0; at < N; at += block) {
        int64_t rows = N - at < block ? N - at : block;
        for (int64_t n = 0; n < rows; n++) {
            const double *x = X + (at + n) * D;
            for (int64_t d = 0; d < D; d++) B[d * block + n] = x[d];
            B[D * block + n] = y[at + n];
        }
        eliminate(R, B, rows, block, K);
    }
    free(B);
}

#ifndef NO_LAPACK               /* grading/dist/cblas.h says so, where there is no BLAS */
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork,
             int *info);

/* With many columns LAPACK's blocks of reflections, products of matrices, are faster. It wants columns. N > D */
static void triangle_of_many(double *R, const double *X, const double *y, int64_t N, int64_t D)
{
    enum { SIDE = 32 };
    int     rows = (int)N, K = (int)D + 1, ask = -1, room, info;
    double *A = doubles_new(N * K), *tau = doubles_new(K), best;
    for (int64_t from = 0; from < N; from += SIDE)
        for (int64_t d = 0; d < K; d++)
            for (int64_t n = from; n < from + SIDE && n < N; n++) A[d * N + n] = d < D ? X[n * D + d] : y[n];
    dgeqrf_(&rows, &K, A, &rows, tau, &best, &ask, &info);
    room = (int)best;
    double *work = doubles_new(room);
    dgeqrf_(&rows, &K, A, &rows, tau, work, &room, &info);
    for (int64_t j = 0; j < K; j++)
        for (int64_t c = 0; c < K; c++) R[j * K + c] = c >= j ? A[c * N + j] : 0;
    free(A), free(tau), free(work);
}
#endif

static void triangle(double *R, const double *X, const double *y, int64_t N, int64_t D)
{
    int64_t K = D + 1, parts = N * D < 1 << 15 ? 1 : threads();
#ifndef NO_LAPACK
    if (D > FEW_COLUMNS && N > D && N < INT_MAX) {
        triangle_of_many(R, X, y, N, D);
        return;
    }
#endif
    if (parts == 1) {
        triangle_of_rows(R, X, y, N, D);
        return;
    }
    double *part = doubles_new(parts * K * K), *B = doubles_new(K * K);
#pragma omp parallel for schedule(static, 1)
    for (int64_t p = 0; p < parts; p++) {
        int64_t from = N * p / parts, to = N * (p + 1) / parts;
        triangle_of_rows(part + p * K * K, X + from * D, y + from, to - from, D);
    }
    memcpy(R, part, (size_t)(K * K) * sizeof *R);
    for (int64_t p = 1; p < parts; p++) {               /* the other triangles are rows like any others */
        for (int64_t j = 0; j < K; j++)
            for (int64_t c = 0; c < K; c++) B[c * K + j] = part[p * K * K + j * K + c];
        eliminate(R, B, K, K, K);
    }
    free(B);
    free(part);
}

/* What a column keeps below all others' shadow, beside its whole length. */
static int64_t dependent_column(const double *R, int64_t K)
{
    for (int64_t j = 0; j < K - 1; j++) {
        double whole = 0;
        for (int64_t i = 0; i <= j; i++) whole += R[i * K + j] * R[i * K + j];
        if (!(fabs(R[j * K + j]) > (double)K * 8 * DBL_EPSILON * sqrt(whole)) || !(whole < INFINITY)) return j;
    }
    return -1;
}

const char *lstsq_qr(double *w, double *rss, const double *X, const double *y, int64_t N, int64_t D)
{
    const char *why = refuse(N, D);
    if (why) return why;
    int64_t K = D + 1;
    double *R = doubles_new(K * K);
    triangle(R, X, y, N, D);
    int64_t bad = dependent_column(R, K);
    if (bad >= 0) why = dependent(bad);
    else if (!isfinite(R[D * K + D])) why = "least squares: y holds a NaN or an infinity";
    else {
        back_substitute(w, R, K, D);
        if (rss) *rss = R[D * K + D] * R[D * K + D];
    }
    free(R);
    return why;
}
