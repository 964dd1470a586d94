/* cluster.c -- k-means at the speed of a matrix product: which centre is nearest, and Lloyd's loop around that. */
#include <float.h>
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
enum { GROUP = 5, TILE = (ROWS * GROUP + 3) / 4 * 4, BYTES = 4 * LANES };

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

static double square_distance(const float *a, const float *b, int64_t D)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t d = 0; d < D; d++) sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sum;
}

/* ---- Dot products in tiles --------------------------------------------------------------------------------------- */

/* The centres as the tiles read them: group after group, in each the vectors of its GROUP centres side by side. What
 * they have in common, middle, is taken off: |C - m|^2 / 2 + m.(C - m) - X.(C - m) has its least at the same k, and
 * does not cancel where all is far from zero. Behind the last centre and the last feature stand zeros. */
typedef struct Panel { Vec *c; float *offset; int64_t vectors, groups; const float *C; int64_t K, D; } Panel;

static void panel_fill(Panel *p, const double *middle)
{
    memset(p->c, 0, (size_t)(p->groups * p->vectors * GROUP) * sizeof *p->c);
    for (int64_t k = 0; k < p->groups * GROUP; k++) {
        double square = 0, common = 0;
        for (int64_t d = 0; d < p->D && k < p->K; d++) {
            double c = p->C[k * p->D + d] - middle[d];
            square += c * c, common += middle[d] * c;
            float *vector = (float *)(p->c + (k / GROUP * p->vectors + d / LANES) * GROUP + k % GROUP);
            vector[d % LANES] = (float)c;
        }
        p->offset[k] = k < p->K ? (float)(square / 2 + common) : INFINITY;
    }
}

static Panel panel_new(const float *C, int64_t K, int64_t D)
{
    Panel p = { .C = C, .K = K, .D = D, .vectors = (D + LANES - 1) / LANES, .groups = (K + GROUP - 1) / GROUP };
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

/* dot[r] = x[r] . centre[r], added up in the same order as in a tile: the same bits. */
FUSED static void own_dots(float *dot, const float *const *x, const Vec *const *tail, const Vec *const *c,
                           int64_t whole, bool rest)
{
    Vec sum[(ROWS + 3) / 4 * 4] = { { 0 } };
    for (int64_t v = 0; v < whole; v++)
        for (int r = 0; r < ROWS; r++) sum[r] += *(const Loose *)(x[r] + v * LANES) * c[r][v * GROUP];
    for (int r = 0; r < ROWS && rest; r++) sum[r] += *tail[r] * c[r][whole * GROUP];
    for (int r = 0; r < (ROWS + 3) / 4 * 4; r += 4) {
        Four s = sums_of(fold(sum[r]), fold(sum[r + 1]), fold(sum[r + 2]), fold(sum[r + 3]));
        memcpy(dot + r, &s, sizeof s);
    }
}

/* ---- Which centre is nearest? Bounds, so that most need not be looked at ----------------------------------------- */

/* upper[n] is at least the distance of row n to its centre, lower[n][b] at most that to any other centre of block b.
 * Blocks are groups of the panel, or several, so that a row has at most BLOCKS. A centre that moved by m takes at most
 * m off a bound. Only blocks whose lower bound is below the row's distance are looked at: Ding and others, Yinyang
 * K-Means, ICML 2015. Rounding makes no bound false: each is set off by slack, the worst that a dot product can err. */
typedef struct Bounds {
    float  *upper, *lower, *square;     /* (N), (N, blocks), (N): |X - middle|^2 */
    float  *moved, *most;               /* (K); (blocks): the largest move in it */
    int64_t blocks, per;                /* per: groups in a block */
    float   slack, far, size;           /* far: |middle|; size: the largest |C - middle| */
} Bounds;

enum { BLOCKS = 32, PART = 32 * ROWS };             /* PART rows at a time: as many as the second cache holds */

static Bounds bounds_new(const float *X, const double *middle, const Panel *p, int64_t N)
{
    int64_t K = p->K, D = p->D;
    int64_t per = (p->groups + BLOCKS - 1) / BLOCKS, blocks = (p->groups + per - 1) / per;
    Bounds b = { .per = per, .blocks = blocks, .slack = 2 * (float)(p->vectors + LANES) * FLT_EPSILON };
    b.upper = memory(N, sizeof(float)), b.square = memory(N, sizeof(float));
    b.lower = memory(N * blocks, sizeof(float));
    b.moved = memory(K, sizeof(float)), b.most = memory(blocks, sizeof(float));
    double far = 0;
    for (int64_t d = 0; d < D; d++) far += middle[d] * middle[d];
    b.far = (float)sqrt(far);
    memset(b.moved, 0, (size_t)K * sizeof(float));
    memset(b.most, 0, (size_t)blocks * sizeof(float));
    memset(b.lower, 0, (size_t)(N * blocks) * sizeof(float));
#pragma omp parallel for schedule(static) if (N * D > 1 << 16)
    for (int64_t n = 0; n < N; n++) {
        double square = 0;
#pragma omp simd reduction(+ : square)
        for (int64_t d = 0; d < D; d++) square += (X[n * D + d] - middle[d]) * (X[n * D + d] - middle[d]);
        b.square[n] = (float)square;
        b.upper[n] = INFINITY;
    }
    return b;
}

static void bounds_free(Bounds *b)
{
    free(b->upper), free(b->lower), free(b->square), free(b->moved), free(b->most);
}

/* How far each centre went. Rounded up, as all that is taken off a bound. */
static void bounds_move(Bounds *b, const Panel *p, const float *old, const double *middle)
{
    const float *C = p->C;
    int64_t D = p->D;
    double size = 0;
    memset(b->most, 0, (size_t)b->blocks * sizeof(float));
    for (int64_t k = 0; k < p->K; k++) {
        double square = 0, way = 0;
        for (int64_t d = 0; d < D; d++) {
            square += (C[k * D + d] - middle[d]) * (C[k * D + d] - middle[d]);
            way += ((double)C[k * D + d] - old[k * D + d]) * ((double)C[k * D + d] - old[k * D + d]);
        }
        float *most = b->most + k / GROUP / b->per;
        b->moved[k] = (float)(sqrt(way) * (1 + 1e-6));
        *most = fmaxf(*most, b->moved[k]);
        size = fmax(size, square);
    }
    b->size = (float)sqrt(size);
}

/* What is known of a row while its blocks pass: the best centre so far, its block (-1: not looked at) and the second
 * best of that block, the best of all others. A score is half of |x - c|^2 - |x - middle|^2. */
typedef struct Found { float score, second, rival, own; int32_t label; int64_t block; } Found;
typedef struct Part { const float *X; int64_t rows; int32_t *label; float *upper, *lower, *square; } Part;

static float error_of(const Bounds *b, float square)
{
    return b->slack * ((sqrtf(square) + b->far) * b->size + square + b->size * b->size);
}

static float bound_below(const Bounds *b, float square, float score)
{
    return sqrtf(fmaxf(square + 2 * score - error_of(b, square), 0));
}

/* The bounds after a move; which rows they leave open. */
static int loosen(int *open, const Part *part, const Bounds *b)
{
    const float up = 1 + 1e-6F, down = 1 - 1e-6F;
    int n_open = 0;
    for (int n = 0; n < part->rows; n++) {
        float *lower = part->lower + n * b->blocks, nearest = INFINITY;
        part->upper[n] = (part->upper[n] + b->moved[part->label[n]]) * up;
        for (int64_t i = 0; i < b->blocks; i++) {
            lower[i] = lower[i] * down - b->most[i];
            nearest = lower[i] < nearest ? lower[i] : nearest;
        }
        if (!(part->upper[n] < nearest)) open[n_open++] = n;
    }
    return n_open;
}

/* The distance of each open row to its own centre. */
static void measure_own(Found *found, const int *open, int n_open, const Vec *tail, const Part *part, const Bounds *b,
                        const Panel *p)
{
    float dot[(ROWS + 3) / 4 * 4];
    int64_t D = p->D;
    for (int i = 0; i < n_open; i += ROWS) {
        const float *x[ROWS];
        const Vec *c[ROWS], *end[ROWS];
        for (int r = 0; r < ROWS; r++) {
            int n = open[i + r < n_open ? i + r : n_open - 1];
            int32_t k = part->label[n];
            x[r] = part->X + n * D, end[r] = tail + n;
            c[r] = p->c + k / GROUP * p->vectors * GROUP + k % GROUP;
        }
        own_dots(dot, x, end, c, D / LANES, D % LANES > 0);
        for (int r = 0; r < ROWS && i + r < n_open; r++) {
            int n = open[i + r];
            float score = p->offset[part->label[n]] - dot[r], square = part->square[n];
            found[n] = (Found){ .score = score, .own = score, .rival = INFINITY, .label = part->label[n], .block = -1 };
            part->upper[n] = sqrtf(fmaxf(square + 2 * score + error_of(b, square), 0));
        }
    }
}

/* Block i for the rows of list: the nearest of its centres, and the second, which bounds the others from below. */
static void search(Found *found, const int *list, int listed, int64_t i, const Vec *tail, const Part *part,
                   const Bounds *b, const Panel *p)
{
    float dot[TILE];
    int64_t D = p->D;
    for (int at = 0; at < listed; at += ROWS) {
        const float *x[ROWS];
        Vec end[ROWS];
        float best[ROWS], second[ROWS];
        int32_t nearest[ROWS];
        for (int r = 0; r < ROWS; r++) {
            int n = list[at + r < listed ? at + r : listed - 1];
            x[r] = part->X + n * D, end[r] = tail[n], best[r] = second[r] = INFINITY, nearest[r] = INT32_MAX;
        }
        for (int64_t g = i * b->per; g < least((i + 1) * b->per, p->groups); g++) {
            tile(dot, x, end, p->c + g * p->vectors * GROUP, D / LANES, D % LANES > 0);
            for (int r = 0; r < ROWS; r++)
                for (int j = 0; j < GROUP; j++) {
                    float score = p->offset[g * GROUP + j] - dot[r * GROUP + j];
                    if (score < best[r]) second[r] = best[r], best[r] = score, nearest[r] = (int32_t)(g * GROUP + j);
                    else if (score < second[r]) second[r] = score;
                }
        }
        for (int r = 0; r < ROWS && at + r < listed; r++) {
            int n = list[at + r];
            Found *f = found + n;
            part->lower[n * b->blocks + i] = bound_below(b, part->square[n], best[r]);
            bool same = nearest[r] == f->label, better = same || best[r] < f->score;
            f->rival = fminf(f->rival, same ? second[r] : better ? fminf(f->score, second[r]) : best[r]);
            if (better) f->score = best[r], f->second = second[r], f->label = nearest[r], f->block = i;
        }
    }
}

/* Float cannot tell the two nearest apart: in double it can, and of equals the first is taken. */
static void decide(Found *f, const float *x, const Panel *p)
{
    double best = INFINITY;
    for (int64_t k = 0; k < p->K; k++) {
        double d2 = square_distance(x, p->C + k * p->D, p->D);
        if (d2 < best) best = d2, f->label = (int32_t)k;
    }
}

static void nearest_of_part(const Part *part, const Bounds *b, const Panel *p)
{
    int64_t D = p->D;
    int open[PART], list[PART], n_open = loosen(open, part, b);
    Found found[PART];
    Vec tail[PART];
    for (int i = 0; i < n_open && D % LANES > 0; i++) {
        tail[open[i]] = (Vec){ 0 };
        memcpy(tail + open[i], part->X + open[i] * D + D / LANES * LANES, (size_t)(D % LANES) * sizeof(float));
    }
    measure_own(found, open, n_open, tail, part, b, p);
    for (int64_t i = 0; i < b->blocks; i++) {
        int listed = 0;
        for (int j = 0; j < n_open; j++)
            if (part->lower[open[j] * b->blocks + i] < part->upper[open[j]]) list[listed++] = open[j];
        search(found, list, listed, i, tail, part, b, p);
    }
    for (int j = 0; j < n_open; j++) {
        int n = open[j];
        Found *f = found + n;
        float *lower = part->lower + n * b->blocks, square = part->square[n], error = error_of(b, square);
        int32_t before = part->label[n];
        bool close = f->rival - f->score <= error;
        if (f->block >= 0) lower[f->block] = bound_below(b, square, close ? f->score : f->second);
        if (close) decide(f, part->X + n * D, p);
        if (f->label == before) continue;
        float *old = lower + before / GROUP / b->per;
        *old = fminf(*old, bound_below(b, square, f->own));
        part->upper[n] = sqrtf(fmaxf(square + 2 * f->score + (close ? 3 : 1) * error, 0));
        part->label[n] = f->label;
    }
}

static void nearest(int32_t *label, const float *X, const Bounds *b, const Panel *p, int64_t N)
{
    int64_t D = p->D;
#pragma omp parallel for schedule(dynamic) if (N * D > 1 << 16)
    for (int64_t n = 0; n < N; n += PART) {
        Part part = { X + n * D, least(PART, N - n), label + n, b->upper + n, b->lower + n * b->blocks, b->square + n };
        nearest_of_part(&part, b, p);
    }
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
    Panel p = panel_new(C, K, D);
    Bounds b = bounds_new(X, middle, &p, N);
    memset(label, 0, (size_t)N * sizeof *label);
    panel_fill(&p, middle);
    bounds_move(&b, &p, C, middle);
    nearest(label, X, &b, &p, N);
    panel_free(&p), bounds_free(&b);
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
    float *old = memory(K * D, sizeof *old);
    int32_t *before = memory(N, sizeof *before);
    int64_t *changed = memory(N, sizeof *changed), made = 0;
    Sums s = { memory(K * D, sizeof *s.sum), memory(K, sizeof *s.count) };
    Panel p = panel_new(C, K, D);
    Bounds b = bounds_new(X, middle, &p, N);
    for (int64_t i = 0; i < K * D; i++) s.sum[i] = 0;
    for (int64_t k = 0; k < K; k++) s.count[k] = 0;
    for (int64_t n = 0; n < N; n++) label[n] = 0, before[n] = -1;
    memcpy(old, C, (size_t)(K * D) * sizeof *old);
    for (;;) {
        int64_t changes = 0;
        panel_fill(&p, middle);
        bounds_move(&b, &p, old, middle);
        nearest(label, X, &b, &p, N);
        for (int64_t n = 0; n < N; n++)
            if (label[n] != before[n]) changed[changes++] = n;
        if (made == moves || changes == 0) break;
        change_sides(&s, X, label, before, changed, changes, D);
        memcpy(before, label, (size_t)N * sizeof *before);
        memcpy(old, C, (size_t)(K * D) * sizeof *old);
        move(C, distance, &s, X, label, N, K, D);
        made++;
    }
    measure(distance, X, C, label, N, D);
    *inertia = 0;
    for (int64_t n = 0; n < N; n++) *inertia += distance[n];
    panel_free(&p), bounds_free(&b);
    free(s.sum), free(s.count), free(changed), free(before), free(old), free(distance), free(middle);
    return made;
}
