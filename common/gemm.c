/* gemm.c -- C = A B + beta C for any strides, and the same numbers whatever the number of threads.
 *
 * The kernel keeps a tile of C in registers and adds, for each k, a column of A times a row of B to it: TILE_ROWS x
 * TILE_COLS multiply-adds for TILE_ROWS + TILE_COLS numbers read. What is around it sees to it that these come from a
 * near cache: k is cut into slabs; within a slab, TILE_ROWS rows of A stay in L1 while a block of B comes from L2, both
 * packed so that they are read in order. Every number of C is one sum in the order of k, so nothing else matters to it.
 * Goto, van de Geijn: Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008. */
#include <stdlib.h>
#include <string.h>
#include "gemm_library.h"
#ifdef _OPENMP
#include <omp.h>
#endif

/* Multiply and add in one instruction, which -std=c17 forbids unless it is asked for. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("fp-contract=fast")
#endif

/* The tile takes most of the vector registers: 24 of 32 with AVX-512 and on ARM, 12 of 16 with less. */
#if defined __AVX512F__
enum { VECTOR = 64, TILE_ROWS = 8 };
#elif defined __AVX__
enum { VECTOR = 32, TILE_ROWS = 4 };
#elif defined __aarch64__
enum { VECTOR = 16, TILE_ROWS = 8 };
#else
enum { VECTOR = 16, TILE_ROWS = 4 };
#endif
typedef real Vec __attribute__((vector_size(VECTOR), aligned(sizeof(real)), may_alias));
enum {
    LANES = VECTOR / (int)sizeof(real),
    WIDE = 3,                           /* vectors in a row of the tile */
    TILE_COLS = WIDE * LANES,
    SLAB = 384,                         /* of k: 8 rows of A are 12 KB in L1 */
    COLS = 8 * TILE_COLS,               /* a block of B with so many columns: 590 KB in L2 */
    MOST = 4096,                        /* rows and columns packed at a time: 6 MB each */
    SMALL = 64,                         /* so many rows do not pay for packing the other side */
    AHEAD = 24,                         /* rows of B to fetch ahead where they do not lie in order */
    LINE = 64 / (int)sizeof(real),
    LARGE = 1 << 20                     /* multiply-adds from which threads pay */
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }

/* ---- The kernel ---- */

/* c (TILE_ROWS, wide LANES) += A B. A's element (i,k) is at ra i + ka k, B's rows are rb apart. Inlined with constants
 * for wide and strides, so that s becomes registers. */
__attribute__((always_inline)) static inline void kernel(int wide, bool fetch, int64_t K, const real *a, int64_t ra,
                                                         int64_t ka, const real *b, int64_t rb, real *c, int64_t ldc,
                                                         bool add)
{
    Vec s[TILE_ROWS][WIDE], v[WIDE];
    for (int i = 0; i < TILE_ROWS; i++)
        for (int j = 0; j < wide; j++) {
            s[i][j] = (Vec){ 0 };
            __builtin_prefetch(c + i * ldc + j * LANES, 1);
        }
    for (int64_t k = 0; k < K; k++, b += rb) {
        for (int j = 0; j < wide; j++) {
            v[j] = *(const Vec *)(b + j * LANES);
            if (fetch) __builtin_prefetch(b + AHEAD * rb + j * LANES, 0, 2);
        }
        for (int i = 0; i < TILE_ROWS; i++)
            for (int j = 0; j < wide; j++) s[i][j] += a[i * ra + k * ka] * v[j];
    }
    for (int i = 0; i < TILE_ROWS; i++)
        for (int j = 0; j < wide; j++) {
            Vec *at = (Vec *)(c + i * ldc + j * LANES);
            if (add) *at += s[i][j];
            else *at = s[i][j];
        }
}

/* A's rows as they lie (ra apart, k one apart) or packed; B packed, or as it lies (rb apart, n one apart). */
typedef struct Factors { const real *a, *b; int64_t ra, rb, K; } Factors;       /* ra, rb 0: packed */

__attribute__((always_inline)) static inline void any_strides(int wide, Factors f, real *c, int64_t ldc, bool add)
{
    if (f.ra && f.rb) kernel(wide, true, f.K, f.a, f.ra, 1, f.b, f.rb, c, ldc, add);
    else if (f.rb) kernel(wide, true, f.K, f.a, 1, TILE_ROWS, f.b, f.rb, c, ldc, add);
    else if (f.ra) kernel(wide, false, f.K, f.a, f.ra, 1, f.b, wide * LANES, c, ldc, add);
    else kernel(wide, false, f.K, f.a, 1, TILE_ROWS, f.b, wide * LANES, c, ldc, add);
}

static void any_width(int wide, Factors f, real *c, int64_t ldc, bool add)
{
    if (wide == 3) any_strides(3, f, c, ldc, add);
    else if (wide == 2) any_strides(2, f, c, ldc, add);
    else any_strides(1, f, c, ldc, add);
}

/* ---- A product, of which one slab after the other is worked on ---- */

typedef struct Side { const real *data; int64_t out, k; } Side; /* strides: along m or n, and along k */

typedef struct Product {
    real    *C;
    int64_t  M, N, K, row, col;         /* C's strides. One of them is 1 */
    Side     a, b;
    real     beta;
    bool     a_lies, b_lies;            /* is read where it lies, not packed */
    GemmThen *f; const void *ctx;
} Product;

/* rows x cols of C, at most a tile. One that is cut off, or lies the other way, is made beside it and copied. */
static void tile(const Product *p, Factors f, int64_t m, int64_t n, int64_t rows, int64_t cols, real beta)
{
    real *c = p->C + m * p->row + n * p->col;
    int   wide = (int)parts(cols, LANES);
    if (p->col == 1 && rows == TILE_ROWS && cols == wide * LANES && (beta == 0 || beta == 1)) {
        any_width(wide, f, c, p->row, beta != 0);
        return;
    }
    real t[TILE_ROWS * TILE_COLS];
    any_width(wide, f, t, TILE_COLS, false);
    if (p->col == 1)
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < cols; j++)
                c[i * p->row + j] = t[i * TILE_COLS + j] + (beta == 0 ? 0 : beta * c[i * p->row + j]);
    else
        for (int64_t j = 0; j < cols; j++)
            for (int64_t i = 0; i < rows; i++)
                c[i * p->row + j * p->col] =
                    t[i * TILE_COLS + j] + (beta == 0 ? 0 : beta * c[i * p->row + j * p->col]);
}

/* Inlined with a constant width. The rows of a large matrix lie on pages of their own: they are fetched ahead. */
__attribute__((always_inline)) static inline void copy_rows(real *to, int64_t width, const real *x, int64_t step,
                                                            int64_t K)
{
    for (int64_t k = 0; k < K; k++, x += step, to += width) {
        for (int64_t i = 0; i < width; i += LINE) __builtin_prefetch(x + AHEAD * step + i, 0, 2);
        memcpy(to, x, (size_t)width * sizeof *to);
    }
}

/* `count` lines of a side, one beside the other: to[k width + i], zeros where there are none. */
static void pack(real *to, int64_t width, Side s, int64_t from, int64_t count, int64_t k0, int64_t K)
{
    enum { BLOCK = 16 };                /* a line of the cache either way */
    const real *x = s.data + from * s.out + k0 * s.k;
    if (count < width) memset(to, 0, (size_t)(K * width) * sizeof *to);
    if (s.out == 1 && count == width) {
        if (width == 3 * LANES) copy_rows(to, 3 * LANES, x, s.k, K);
        else if (width == 2 * LANES) copy_rows(to, 2 * LANES, x, s.k, K);
        else if (width == LANES) copy_rows(to, LANES, x, s.k, K);
        else copy_rows(to, TILE_ROWS, x, s.k, K);
    }
    else
        for (int64_t at = 0; at < K; at += BLOCK)
            for (int64_t i = 0; i < count; i++)
                for (int64_t k = at; k < at + BLOCK && k < K; k++) to[k * width + i] = x[i * s.out + k * s.k];
}

static int64_t panel(int64_t cols) { return parts(cols, LANES) * LANES; }       /* as wide as it is packed */

typedef struct Slab { int64_t m, M, n, N, k, K; real *a, *b; } Slab;    /* what of the product; where it is packed */

static void pack_panel_a(const Product *p, const Slab *s, int64_t i)
{
    int64_t m = i * TILE_ROWS, rows = least(TILE_ROWS, s->M - m);
    if (p->a_lies && rows == TILE_ROWS) return;
    pack(s->a + m * s->K, TILE_ROWS, p->a, s->m + m, rows, s->k, s->K);
}

static void pack_panel_b(const Product *p, const Slab *s, int64_t i)
{
    int64_t n = i * TILE_COLS, cols = least(TILE_COLS, s->N - n);
    if (p->b_lies && cols % LANES == 0) return;
    pack(s->b + n * s->K, panel(cols), p->b, s->n + n, cols, s->k, s->K);
}

/* Rows m .. of A are next: one of them to the cache with each tile. */
static void fetch_row(const Product *p, const Slab *s, int64_t m)
{
    if (m >= s->M) return;
    const real *row = p->a_lies ? p->a.data + (s->m + m) * p->a.out + s->k : s->a + m * s->K;
    for (int64_t k = 0; k < s->K; k += LINE) __builtin_prefetch(row + k, 0, 3);
}

static void block(const Product *p, const Slab *s, int64_t m0, int64_t n0, int64_t rows, int64_t cols)
{
    real beta = s->k > 0 ? 1 : p->beta;
    for (int64_t m = m0; m < m0 + rows; m += TILE_ROWS)
        for (int64_t n = n0; n < n0 + cols; n += TILE_COLS) {
            int64_t height = least(TILE_ROWS, s->M - m), width = least(TILE_COLS, s->N - n);
            Factors f = { .a = s->a + m * s->K, .b = s->b + n * s->K, .K = s->K };
            if (p->a_lies && height == TILE_ROWS)
                f.a = p->a.data + (s->m + m) * p->a.out + s->k, f.ra = p->a.out;
            if (p->b_lies && width % LANES == 0)
                f.b = p->b.data + s->n + n + s->k * p->b.k, f.rb = p->b.k;
            fetch_row(p, s, m + TILE_ROWS + (n - n0) / TILE_COLS);
            tile(p, f, s->m + m, s->n + n, height, width, beta);
        }
    if (!p->f || s->k + s->K < p->K) return;
    if (p->col == 1) p->f(p->ctx, s->m + m0, s->n + n0, rows, cols);
    else p->f(p->ctx, s->n + n0, s->m + m0, cols, rows);
}

/* Called by every thread of a team: they pack together, then take blocks of C. */
static void work(const Product *p, const Slab *s, int64_t rows, int64_t cols)
{
    int64_t across = parts(s->N, cols), blocks = parts(s->M, rows) * across;
#pragma omp for nowait
    for (int64_t i = 0; i < parts(s->M, TILE_ROWS); i++) pack_panel_a(p, s, i);
#pragma omp for
    for (int64_t i = 0; i < parts(s->N, TILE_COLS); i++) pack_panel_b(p, s, i);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < blocks; i++) {
        int64_t m = i / across * rows, n = i % across * cols;
        block(p, s, m, n, least(rows, s->M - m), least(cols, s->N - n));
    }
}

/* Of the calling thread, kept for the next product. */
static real *room(int64_t n)
{
    static _Thread_local real *data;
    static _Thread_local int64_t size;
    if (n <= size) return data;
    free(data);
    data = aligned_alloc(64, ((size_t)n * sizeof *data + 63) / 64 * 64);
    CHECK(data, "gemm: no memory for %lld numbers", (long long)n);
    size = n;
    return data;
}

static void product(const Product *p)
{
    int64_t K = most(1, parts(p->K, most(1, (p->K + SLAB / 2) / SLAB))); /* slabs of like size: no thin one remains */
    int64_t M = least(MOST, p->M), N = least(MOST, p->N);
    int     threads = 1;
#ifdef _OPENMP
    if (p->M * p->N * p->K > LARGE && !omp_in_parallel()) threads = omp_get_max_threads();
#endif
    real *a = room((parts(M, TILE_ROWS) * TILE_ROWS + parts(N, TILE_COLS) * TILE_COLS) * K);
    real *b = a + parts(M, TILE_ROWS) * TILE_ROWS * K;
    /* With threads, enough blocks that none waits long for the last. */
    int64_t rows = threads > 1 ? least(M, 16 * TILE_ROWS) : M, cols = COLS;
    if (threads > 1 && parts(M, rows) * parts(N, cols) < 4 * threads)
        cols = most(TILE_COLS, parts(parts(N, parts(4 * threads, parts(M, rows))), TILE_COLS) * TILE_COLS);
#pragma omp parallel num_threads(threads) if (threads > 1)
    for (int64_t n = 0; n < p->N; n += N)
        for (int64_t m = 0; m < p->M; m += M)
            for (int64_t k = 0; k == 0 || k < p->K; k += K) {
                Slab s = { m, least(M, p->M - m), n, least(N, p->N - n), k, least(K, p->K - k), a, b };
                work(p, &s, rows, cols);
            }
}

/* ---- A few rows. Reading B takes the time, so it is read once, as it lies ---- */

enum { STRIP = 8 * LANES, STREAM = 1 << 17 };

static inline real total(Vec v)
{
    real t[LANES], sum = 0;
    memcpy(t, &v, sizeof t);
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < LANES; i++) sum += t[i];
    return sum;
}

/* y (rows, cols) = rows of A times columns of B, all one apart along k: dot products in lanes. Inlined with constants
 * for rows and cols: several at once hide that an addition takes four cycles. */
__attribute__((always_inline)) static inline void dots_of(int rows, int cols, real *y, int64_t ldy, int64_t K,
                                                          const real *A, int64_t ra, const real *B, int64_t cb,
                                                          real beta)
{
    Vec s[TILE_ROWS][4], v[4];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) s[i][j] = (Vec){ 0 };
    int64_t k = 0;
    for (; k + LANES <= K; k += LANES) {
        for (int j = 0; j < cols; j++) v[j] = *(const Vec *)(B + j * cb + k);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < cols; j++) s[i][j] += *(const Vec *)(A + i * ra + k) * v[j];
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) {
            real sum = total(s[i][j]);
            for (int64_t rest = k; rest < K; rest++) sum += A[i * ra + rest] * B[j * cb + rest];
            y[i * ldy + j] = sum + (beta == 0 ? 0 : beta * y[i * ldy + j]);
        }
}

/* One row, one column. Where B comes from memory, one column after the other is the way: several at once are as many
 * streams, and the processor fetches ahead of one nearly twice as fast. */
static real dot(const real *a, const real *b, int64_t K)
{
    enum { SUMS = 4 };
    Vec     s[SUMS] = { 0 };
    int64_t k = 0;
    for (; k + SUMS * LANES <= K; k += SUMS * LANES)
        for (int i = 0; i < SUMS; i++) s[i] += *(const Vec *)(a + k + i * LANES) * *(const Vec *)(b + k + i * LANES);
    real sum = total((s[0] + s[1]) + (s[2] + s[3]));
    for (; k < K; k++) sum += a[k] * b[k];
    return sum;
}

/* B's columns lie one after the other, and A's rows. */
static void dots(real *C, int64_t M, int64_t N, int64_t K, const real *A, int64_t ra, const real *B, int64_t cb,
                 real beta)
{
    enum { AT_ONCE = WIDE, LONG = 256 };
#pragma omp parallel for if (M * N * K > STREAM)
    for (int64_t n = 0; n < N; n += AT_ONCE) {
        int64_t m = 0, cols = least(AT_ONCE, N - n);
        if (M == 1 && K >= LONG) {
            for (int64_t j = n; j < n + cols; j++) C[j] = dot(A, B + j * cb, K) + (beta == 0 ? 0 : beta * C[j]);
            continue;
        }
        for (; cols == AT_ONCE && m + TILE_ROWS <= M; m += TILE_ROWS)
            dots_of(TILE_ROWS, AT_ONCE, C + m * N + n, N, K, A + m * ra, ra, B + n * cb, cb, beta);
        for (; cols == AT_ONCE && m + 2 <= M; m += 2)
            dots_of(2, AT_ONCE, C + m * N + n, N, K, A + m * ra, ra, B + n * cb, cb, beta);
        for (; cols == AT_ONCE && m < M; m++)
            dots_of(1, AT_ONCE, C + m * N + n, N, K, A + m * ra, ra, B + n * cb, cb, beta);
        for (; m < M; m++)
            for (int64_t j = n; j < N; j++) dots_of(1, 1, C + m * N + j, N, K, A + m * ra, ra, B + j * cb, cb, beta);
    }
}

/* B's rows lie one after the other: add x_k times row k, a strip of columns at a time, which stays in registers. */
static void sums(real *y, int64_t N, int64_t K, const real *B, int64_t row, const real *x, real beta)
{
#pragma omp parallel for if (N * K > STREAM)
    for (int64_t from = 0; from < N; from += STRIP) {
        int64_t width = least(STRIP, N - from);
        real sum[STRIP] = { 0 };
        if (width == STRIP)
            for (int64_t k = 0; k < K; k++)
                for (int64_t n = 0; n < STRIP; n++) sum[n] += x[k] * B[k * row + from + n];
        else
            for (int64_t k = 0; k < K; k++)
                for (int64_t n = 0; n < width; n++) sum[n] += x[k] * B[k * row + from + n];
        for (int64_t n = 0; n < width; n++) y[from + n] = sum[n] + (beta == 0 ? 0 : beta * y[from + n]);
    }
}

/* ---- Which way round ---- */

static bool few_rows(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
                     const int64_t *sb, real beta)
{
    if (sa[1] != 1 && K > 1) return false;
    if (sb[0] == 1 && M <= TILE_ROWS) dots(C, M, N, K, A, sa[0], B, sb[1], beta);
    else if (sb[1] == 1 && M == 1) sums(C, N, K, B, sb[0], A, beta);
    else return false;
    return true;
}

void gemm_then(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
               const int64_t *sb, real beta, GemmThen *f, const void *ctx)
{
    if (M == 0 || N == 0 || gemm_library(C, M, N, K, A, sa, B, sb, beta, f, ctx)) return;
    if (few_rows(C, M, N, K, A, sa, B, sb, beta) ||
        (N == 1 && few_rows(C, 1, M, K, B, (int64_t[]){ sb[1], sb[0] }, A, (int64_t[]){ sa[1], sa[0] }, beta))) {
        if (f) f(ctx, 0, 0, M, N);
        return;
    }
    Product p = { C, M, N, K, .row = N, .col = 1, .a = { A, sa[0], sa[1] }, .b = { B, sb[1], sb[0] }, .beta = beta,
                  .f = f, .ctx = ctx };
    /* C^T = B^T A^T, where that has the larger side read as it lies and the smaller one packed. */
    if (p.b.k == 1 && M < N && (p.a.k == 1 || M <= SMALL))
        p = (Product){ C, N, M, K, .row = 1, .col = N, .a = p.b, .b = p.a, .beta = beta, .f = f, .ctx = ctx };
    p.a_lies = p.a.k == 1;
    p.b_lies = p.b.out == 1 && p.M <= SMALL;
    product(&p);
}

void gemm(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B, const int64_t *sb,
          real beta)
{
    gemm_then(C, M, N, K, A, sa, B, sb, beta, NULL, NULL);
}
