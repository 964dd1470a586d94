/* cluster.c -- k-means at the speed of a matrix product: which centre is nearest, and Lloyd's loop around that. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "check.h"
#include "cluster.h"

/* A tile of dot products, ROWS samples by GROUP centres, stays in registers while both run along D in vectors of LANES
 * numbers: for each vector of a centre that is read, ROWS multiply-adds. */
#if defined __AVX512F__
enum { LANES = 16, ROWS = 5 };          /* 25 sums, 5 rows, 1 centre: 31 of 32 registers */
#elif defined __AVX__
enum { LANES = 8, ROWS = 2 };           /* 10, 2, 1: 13 of 16 */
#else
enum { LANES = 4, ROWS = 4 };           /* 20, 4, 1: 25 of 32 */
#endif
enum { GROUP = 5, TILE = (ROWS * GROUP + 3) / 4 * 4, CHUNK = 8 * ROWS, BYTES = 4 * LANES };

typedef float Vec __attribute__((vector_size(BYTES)));
typedef float Loose __attribute__((vector_size(BYTES), aligned(4), may_alias));         /* X has no alignment */
typedef float Four __attribute__((vector_size(16)));

#ifdef __clang__
#pragma clang fp contract(fast)
#define FUSED
#else
#define FUSED __attribute__((optimize("fp-contract=fast")))     /* -std=c17 forbids a * b + c in one step */
#endif

static void *memory(int64_t n, size_t size)
{
    void *p = aligned_alloc(64, ((size_t)n * size + 63) / 64 * 64);
    CHECK(p, "k-means: no memory for %lld numbers", (long long)n);
    return p;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- Which centre is nearest? ------------------------------------------------------------------------------------ */

/* The centres as the tiles read them: group after group, in each the vectors of its GROUP centres side by side. What
 * they have in common, middle, is taken off: |C - m|^2 / 2 + m.(C - m) - X.(C - m) has its least at the same k, and
 * does not cancel where all is far from zero. Behind the last centre and the last feature stand zeros. */
typedef struct Panel { Vec *c; float *offset; int64_t vectors, groups; } Panel;

static void panel_fill(Panel *p, const float *C, const double *middle, int64_t K, int64_t D)
{
    memset(p->c, 0, (size_t)(p->groups * p->vectors * GROUP) * sizeof *p->c);
    for (int64_t k = 0; k < p->groups * GROUP; k++) {
        double square = 0, common = 0;
        for (int64_t d = 0; d < D && k < K; d++) {
            double c = C[k * D + d] - middle[d];
            square += c * c, common += middle[d] * c;
            float *vector = (float *)(p->c + (k / GROUP * p->vectors + d / LANES) * GROUP + k % GROUP);
            vector[d % LANES] = (float)c;
        }
        p->offset[k] = k < K ? (float)(square / 2 + common) : INFINITY;
    }
}

static Panel panel_new(int64_t K, int64_t D)
{
    Panel p = { .vectors = (D + LANES - 1) / LANES, .groups = (K + GROUP - 1) / GROUP };
    p.c = memory(p.groups * p.vectors * GROUP, sizeof *p.c);
    p.offset = memory(p.groups * GROUP, sizeof *p.offset);
    return p;
}

static void panel_free(Panel *p)
{
    free(p->c);
    free(p->offset);
}

static double *middle_of(const float *C, int64_t K, int64_t D)
{
    double *m = memory(D, sizeof *m);
    for (int64_t d = 0; d < D; d++) m[d] = 0;
    for (int64_t k = 0; k < K; k++)
        for (int64_t d = 0; d < D; d++) m[d] += C[k * D + d] / (double)K;
    return m;
}

/* The sum of a vector's halves, down to four. */
static inline Four fold(Vec v)
{
    Four part[LANES / 4], sum;
    memcpy(part, &v, sizeof v);
    sum = part[0];
    for (int i = 1; i < LANES / 4; i++) sum += part[i];
    return sum;
}

/* { sum of a, sum of b, sum of c, sum of d } */
static inline Four sums_of(Four a, Four b, Four c, Four d)
{
    Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
    Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

/* dot[r * GROUP + g] = x[r] . centre g. tail: the last D % LANES numbers of each row, zeros behind them. */
FUSED static void tile(float *dot, const float *const *x, const Vec *tail, const Vec *c, int64_t whole, bool rest)
{
    Vec sum[TILE] = { { 0 } };
    for (int64_t v = 0; v < whole; v++, c += GROUP) {
        Vec row[ROWS];
        for (int r = 0; r < ROWS; r++) row[r] = *(const Loose *)(x[r] + v * LANES);
        for (int g = 0; g < GROUP; g++)
            for (int r = 0; r < ROWS; r++) sum[r * GROUP + g] += row[r] * c[g];
    }
    for (int g = 0; g < GROUP && rest; g++)
        for (int r = 0; r < ROWS; r++) sum[r * GROUP + g] += tail[r] * c[g];
    for (int i = 0; i < TILE; i += 4) {
        Four s = sums_of(fold(sum[i]), fold(sum[i + 1]), fold(sum[i + 2]), fold(sum[i + 3]));
        memcpy(dot + i, &s, sizeof s);
    }
}

/* The labels of at most CHUNK rows: they stay in the second cache while one group of centres after the other passes. */
static void nearest_of_chunk(int32_t *label, const float *X, int64_t rows, const Panel *p, int64_t D)
{
    int64_t whole = D / LANES, rest = D % LANES;
    float best[CHUNK], dot[TILE];
    Vec tail[CHUNK];
    memset(tail, 0, sizeof tail);
    for (int64_t n = 0; n < CHUNK; n++) {
        best[n] = INFINITY;
        if (n < rows) label[n] = 0, memcpy(tail + n, X + n * D + whole * LANES, (size_t)rest * sizeof(float));
    }
    for (int64_t g = 0; g < p->groups; g++)
        for (int64_t n = 0; n < rows; n += ROWS) {
            const float *x[ROWS];
            for (int r = 0; r < ROWS; r++) x[r] = X + least(n + r, rows - 1) * D;   /* past the end: the last again */
            tile(dot, x, tail + n, p->c + g * p->vectors * GROUP, whole, rest > 0);
            for (int r = 0; r < least(ROWS, rows - n); r++)
                for (int i = 0; i < GROUP; i++) {
                    float score = p->offset[g * GROUP + i] - dot[r * GROUP + i];
                    if (score < best[n + r]) best[n + r] = score, label[n + r] = (int32_t)(g * GROUP + i);
                }
        }
}

static void nearest(int32_t *label, const float *X, const Panel *p, int64_t N, int64_t D)
{
    enum { WORTH_IT = 1 << 16 };
#pragma omp parallel for schedule(static) if (N * D > WORTH_IT)
    for (int64_t n = 0; n < N; n += CHUNK) nearest_of_chunk(label + n, X + n * D, least(CHUNK, N - n), p, D);
}

static void sane(int64_t N, int64_t K, int64_t D)
{
    CHECK(N >= 1 && K >= 1 && D >= 1 && K <= INT32_MAX, "k-means: %lld rows, %lld centres, %lld features", (long long)N,
          (long long)K, (long long)D);
}

void cluster_nearest(int32_t *label, const float *X, const float *C, int64_t N, int64_t K, int64_t D)
{
    sane(N, K, D);
    double *middle = middle_of(C, K, D);
    Panel p = panel_new(K, D);
    panel_fill(&p, C, middle, K, D);
    nearest(label, X, &p, N, D);
    panel_free(&p);
    free(middle);
}

/* ---- Lloyd's loop ------------------------------------------------------------------------------------------------ */

/* The sums of each cluster's rows, kept from move to move: a row that changes sides is added here, taken off there. */
typedef struct Sums { double *sum; int64_t *count; } Sums;      /* (K,D), (K) */

static void change_sides(Sums *s, const float *X, const int32_t *label, const int32_t *before, const int64_t *row,
                         int64_t rows, int64_t D)
{
    enum { WIDE = 64, WORTH_IT = 1 << 15 };
    for (int64_t i = 0; i < rows; i++) {
        s->count[label[row[i]]]++;
        if (before[row[i]] >= 0) s->count[before[row[i]]]--;
    }
    /* Threads share the features, so that each sum is added up in the order of the rows. */
    int parts = 1;
#ifdef _OPENMP
    if (rows * D > WORTH_IT) parts = (int)least(omp_get_max_threads(), (D + WIDE - 1) / WIDE);
#endif
#pragma omp parallel for schedule(static) if (parts > 1)
    for (int part = 0; part < parts; part++) {
        int64_t from = D * part / parts, to = D * (part + 1) / parts;
        for (int64_t i = 0; i < rows; i++) {
            const float *x = X + row[i] * D;
            double *in = s->sum + label[row[i]] * D, *out = before[row[i]] < 0 ? NULL : s->sum + before[row[i]] * D;
            for (int64_t d = from; d < to; d++) in[d] += x[d];
            for (int64_t d = from; d < to && out; d++) out[d] -= x[d];
        }
    }
}

static double square_distance(const float *a, const float *b, int64_t D)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t d = 0; d < D; d++) sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sum;
}

static void measure(double *distance, const float *X, const float *C, const int32_t *label, int64_t N, int64_t D)
{
#pragma omp parallel for schedule(static) if (N * D > 1 << 16)
    for (int64_t n = 0; n < N; n++) distance[n] = square_distance(X + n * D, C + label[n] * D, D);
}

/* The means; a centre without rows goes where the row is that is farthest from its own centre. */
static void move(float *C, double *distance, const Sums *s, const float *X, const int32_t *label, int64_t N, int64_t K,
                 int64_t D)
{
    bool empty = false;
    for (int64_t k = 0; k < K; k++) empty = empty || s->count[k] == 0;
    if (empty) measure(distance, X, C, label, N, D);        /* to the centres before they move */
    for (int64_t k = 0; k < K; k++) {
        int64_t far = 0;
        for (int64_t d = 0; d < D && s->count[k]; d++) C[k * D + d] = (float)(s->sum[k * D + d] / (double)s->count[k]);
        if (s->count[k]) continue;
        for (int64_t n = 1; n < N; n++)
            if (distance[n] > distance[far]) far = n;
        if (distance[far] > 0) memcpy(C + k * D, X + far * D, (size_t)D * sizeof *C);
        distance[far] = 0;
    }
}

int64_t cluster_kmeans(float *C, int32_t *label, double *inertia, const float *X, int64_t moves, int64_t N, int64_t K,
                       int64_t D)
{
    sane(N, K, D);
    double *middle = middle_of(C, K, D), *distance = memory(N, sizeof *distance);
    int32_t *before = memory(N, sizeof *before);
    int64_t *changed = memory(N, sizeof *changed), made = 0;
    Sums s = { memory(K * D, sizeof *s.sum), memory(K, sizeof *s.count) };
    Panel p = panel_new(K, D);
    for (int64_t i = 0; i < K * D; i++) s.sum[i] = 0;
    for (int64_t k = 0; k < K; k++) s.count[k] = 0;
    for (int64_t n = 0; n < N; n++) before[n] = -1;
    for (;;) {
        int64_t changes = 0;
        panel_fill(&p, C, middle, K, D);
        nearest(label, X, &p, N, D);
        for (int64_t n = 0; n < N; n++)
            if (label[n] != before[n]) changed[changes++] = n;
        if (made == moves || changes == 0) break;
        change_sides(&s, X, label, before, changed, changes, D);
        memcpy(before, label, (size_t)N * sizeof *before);
        move(C, distance, &s, X, label, N, K, D);
        made++;
    }
    measure(distance, X, C, label, N, D);
    *inertia = 0;
    for (int64_t n = 0; n < N; n++) *inertia += distance[n];
    panel_free(&p);
    free(s.sum), free(s.count), free(changed), free(before), free(distance), free(middle);
    return made;
}
