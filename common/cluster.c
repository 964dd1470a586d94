/* cluster.c -- k-means at the speed of a matrix product: which centre is nearest, and Lloyd's loop around that. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "arena.h"
#include "check.h"
#include "cluster.h"
#include "fused.h"

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
typedef int32_t Words __attribute__((vector_size(BYTES)));

/* Huge pages for what is big: rows that lie here and there are then found without walking the page tables. */
static void *memory(Arena *a, int64_t n, size_t size) { return arena_alloc(a, DEV_CPU, (size_t)n * size, "k-means"); }

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static double square_distance(const float *a, const float *b, int64_t D)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t d = 0; d < D; d++) sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sum;
}

/* ---- Dot products in tiles --------------------------------------------------------------------------------------- */

/* Rows in bytes: X[n] - zero is unit * byte, and a rest of length lost[n]. Loops over rows that lie here and there wait
 * for memory, and a row is a quarter as long in bytes. Where the numbers were bytes once nothing is lost. Four vectors
 * lie in one vector of words, the first in the lowest bytes: so two shifts take one out. */
typedef struct Bytes { Words *row; float *lost; float *zero, *unit; int64_t wide; } Bytes; /* (N,wide), (N), (D), (D) */

/* Every step is taken with bytes first; what they leave open, with floats. */
typedef enum { IN_BYTES, IN_FLOATS, KINDS } Kind;

/* The centres as the tiles read them: group after group, in each the vectors of its GROUP centres side by side. What
 * they have in common, middle, is taken off: |C - m|^2 / 2 + m.(C - m) - X.(C - m) has its least at the same k, and
 * does not cancel where all is far from zero. In bytes m - zero stands for m, and row.(unit * (C - m)) for X.(C - m).
 * Behind the last centre and the last feature stand zeros. */
typedef struct Panel {
    Vec  *c[KINDS];
    float *offset[KINDS];
    int64_t vectors, groups;
    const float *C;
    const double *middle;
    const Bytes *bytes;
    int64_t K, D;
} Panel;

static void panel_fill_one(Vec *panel, float *offset, const Panel *p, Kind kind)
{
    memset(panel, 0, (size_t)(p->groups * p->vectors * GROUP) * sizeof *panel);
    for (int64_t k = 0; k < p->groups * GROUP; k++) {
        double square = 0, common = 0;
        for (int64_t d = 0; d < p->D && k < p->K; d++) {
            double m = p->middle[d], c = p->C[k * p->D + d] - m;
            square += c * c, common += (kind == IN_BYTES ? m - p->bytes->zero[d] : m) * c;
            float *vector = (float *)(panel + (k / GROUP * p->vectors + d / LANES) * GROUP + k % GROUP);
            vector[d % LANES] = (float)(kind == IN_BYTES ? p->bytes->unit[d] * c : c);
        }
        offset[k] = k < p->K ? (float)(square / 2 + common) : INFINITY;
    }
}

static void panel_fill(Panel *p)
{
    for (Kind kind = p->bytes ? IN_BYTES : IN_FLOATS; kind < KINDS; kind++)
        panel_fill_one(p->c[kind], p->offset[kind], p, kind);
}

static Panel panel_new(Arena *a, const float *C, const double *middle, const Bytes *bytes, int64_t K, int64_t D)
{
    Panel p = { .C = C, .middle = middle, .bytes = bytes, .K = K, .D = D };
    p.vectors = (D + LANES - 1) / LANES, p.groups = (K + GROUP - 1) / GROUP;
    for (Kind kind = bytes ? IN_BYTES : IN_FLOATS; kind < KINDS; kind++) {
        p.c[kind] = memory(a, p.groups * p.vectors * GROUP, sizeof *p.c[kind]);
        p.offset[kind] = memory(a, p.groups * GROUP, sizeof *p.offset[kind]);
    }
    return p;
}

static double *middle_of(Arena *a, const float *C, int64_t K, int64_t D)
{
    double *m = memory(a, D, sizeof *m);
    for (int64_t d = 0; d < D; d++) m[d] = 0;
    for (int64_t k = 0; k < K; k++)
        for (int64_t d = 0; d < D; d++) m[d] += C[k * D + d] / (double)K;
    return m;
}

static void bytes_range(Bytes *b, const float *X, int64_t N, int64_t D)
{
    float *low = b->zero, *high = b->unit;
    for (int64_t d = 0; d < D; d++) low[d] = FLT_MAX, high[d] = -FLT_MAX;
    for (int64_t n = 0; n < N; n++)
        for (int64_t d = 0; d < D; d++) {
            float x = X[n * D + d];
            low[d] = x < low[d] && x >= -FLT_MAX ? x : low[d];      /* no infinity, no NaN */
            high[d] = x > high[d] && x <= FLT_MAX ? x : high[d];
        }
    for (int64_t d = 0; d < D; d++) {
        float unit = high[d] / 255 - low[d] / 255;
        b->zero[d] = low[d] <= high[d] ? low[d] + 128 * unit : 0;
        b->unit[d] = unit > 0 ? unit : 1;
    }
}

/* The numbers X[0 .. count) become the bytes at shift of the words; lost[i] += the square of what is lost. */
static void bytes_fill(uint32_t *word, float *lost, int shift, const float *X, const float *zero, const float *unit,
                       int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        float x = X[i] - zero[i], at = rintf(x / unit[i]);
        float byte = at < -128 ? -128 : at > 127 ? 127 : at == at ? at : 0;
        word[i] |= ((uint32_t)(int32_t)byte & 255) << shift;
        lost[i] += (x - unit[i] * byte) * (x - unit[i] * byte);
    }
}

static Bytes bytes_new(Arena *a, const float *X, int64_t N, int64_t D)
{
    Bytes b = { .wide = (D + 4 * LANES - 1) / (4 * LANES) };
    b.row = memory(a, N * b.wide, sizeof *b.row), b.lost = memory(a, N, sizeof *b.lost);
    b.zero = memory(a, D, sizeof *b.zero), b.unit = memory(a, D, sizeof *b.unit);
    bytes_range(&b, X, N, D);
#pragma omp parallel for schedule(static) if (N * D > 1 << 16)
    for (int64_t n = 0; n < N; n++) {
        uint32_t *word = memset(b.row + n * b.wide, 0, (size_t)b.wide * sizeof *b.row);
        float lost[LANES] = { 0 };
        double sum = 0;
        for (int64_t d = 0; d < D; d += LANES)
            bytes_fill(word + d / LANES / 4 * LANES, lost, (int)(d / LANES % 4 * 8), X + n * D + d, b.zero + d,
                       b.unit + d, least(LANES, D - d));
        for (int i = 0; i < LANES; i++) sum += lost[i];
        b.lost[n] = (float)(sqrt(sum) * (1 + 1e-5));
    }
    return b;
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

static inline Vec vector_at(const void *x, int64_t v, Kind kind)
{
    if (kind == IN_FLOATS) return *(const Loose *)((const float *)x + v * LANES);
    return __builtin_convertvector(((const Words *)x)[v / 4] << (24 - v % 4 * 8) >> 24, Vec);
}

/* ROWS rows: where they begin, whole vectors in each, the last D % LANES numbers with zeros behind them. */
typedef struct Few { const void *x[ROWS]; Vec tail[ROWS]; int64_t whole; bool rest; } Few;

/* dot[r * GROUP + g] = x[r] . centre g. */
FUSED static void tile(float *dot, const Few *few, const Vec *c, Kind kind)
{
    Vec sum[TILE] = { { 0 } };
    for (int64_t v = 0; v < few->whole; v++, c += GROUP) {
        Vec row[ROWS];
        for (int r = 0; r < ROWS; r++) row[r] = vector_at(few->x[r], v, kind);
        for (int g = 0; g < GROUP; g++)
            for (int r = 0; r < ROWS; r++) sum[r * GROUP + g] += row[r] * c[g];
    }
    for (int g = 0; g < GROUP && few->rest; g++)
        for (int r = 0; r < ROWS; r++) sum[r * GROUP + g] += few->tail[r] * c[g];
    for (int i = 0; i < TILE; i += 4) {
        Four s = sums_of(fold(sum[i]), fold(sum[i + 1]), fold(sum[i + 2]), fold(sum[i + 3]));
        memcpy(dot + i, &s, sizeof s);
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
    float   slack, far[KINDS], size;    /* far: |middle - zero| and |middle|; size: the largest |C - middle| */
} Bounds;

enum {
    BLOCKS = 32,
    PART = 32 * ROWS,                   /* rows at a time: as many as the second cache holds */
    BIG = 1 << 20,                      /* what is smaller lies in a cache as it is, and needs no bytes */
};

static Bounds bounds_new(Arena *a, const float *X, const Panel *p, int64_t N)
{
    const double *middle = p->middle;
    int64_t K = p->K, D = p->D;
    int64_t per = (p->groups + BLOCKS - 1) / BLOCKS, blocks = (p->groups + per - 1) / per;
    Bounds b = { .per = per, .blocks = blocks, .slack = 2 * (float)(p->vectors + LANES) * FLT_EPSILON };
    b.upper = memory(a, N, sizeof(float)), b.square = memory(a, N, sizeof(float));
    b.lower = memory(a, N * blocks, sizeof(float));
    b.moved = memory(a, K, sizeof(float)), b.most = memory(a, blocks, sizeof(float));
    double far[KINDS] = { 0 };
    for (int64_t d = 0; d < D; d++) {
        double off = p->bytes ? middle[d] - p->bytes->zero[d] : 0;
        far[IN_BYTES] += off * off, far[IN_FLOATS] += middle[d] * middle[d];
    }
    for (Kind kind = 0; kind < KINDS; kind++) b.far[kind] = (float)sqrt(far[kind]);
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

/* Do bytes pay? Not where they lose more than some hundredth of a row: too much would stay open. */
static bool bytes_pay(const Bytes *bytes, const Bounds *b, int64_t N)
{
    double lost = 0, square = 0;
    for (int64_t n = 0; n < N; n++) lost += (double)bytes->lost[n] * bytes->lost[n], square += b->square[n];
    return lost <= 4e-4 * square;
}

/* How far each centre went. Rounded up, as all that is taken off a bound. */
static void bounds_move(Bounds *b, const Panel *p, const float *old)
{
    const double *middle = p->middle;
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

/* What is known of a row while its blocks pass: the best centre so far, its block and the second
 * best of that block, the best of all others. A score is half of |x - c|^2 - |x - middle|^2; error is the most that
 * twice a score can be wrong by. */
typedef struct Found { float score, second, rival, error; int32_t label, block; } Found;

typedef struct Part {
    const float *X;
    const Words *byte;
    int64_t rows;
    int32_t *label;
    float *upper, *lower, *square, *lost;
} Part;

static float error_of(const Bounds *b, const Part *part, int n, Kind kind)
{
    float square = part->square[n], lost = kind == IN_BYTES ? part->lost[n] : 0;
    return b->slack * ((sqrtf(square) + b->far[kind]) * b->size + square + b->size * b->size) + 2 * lost * b->size;
}

static float bound_below(float square, float score, float error) { return sqrtf(fmaxf(square + 2 * score - error, 0)); }
static float bound_above(float square, float score, float error) { return sqrtf(fmaxf(square + 2 * score + error, 0)); }

/* The rows at list[0 .. ROWS-1]; where the list ends before, its last one again. */
static void few_at(Few *few, const int *list, int listed, const Part *part, const Panel *p, Kind kind)
{
    int64_t D = p->D;
    few->whole = kind == IN_BYTES ? p->vectors : D / LANES;
    few->rest = kind == IN_FLOATS && D % LANES > 0;
    for (int r = 0; r < ROWS; r++) {
        int n = list[r < listed ? r : listed - 1];
        const float *x = part->X + n * D;
        few->x[r] = kind == IN_BYTES ? (const void *)(part->byte + n * p->bytes->wide) : x;
        if (!few->rest) continue;
        few->tail[r] = (Vec){ 0 };
        memcpy(few->tail + r, x + few->whole * LANES, (size_t)(D % LANES) * sizeof *x);
    }
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
        open[n_open] = n;
        n_open += !(part->upper[n] < nearest);          /* no branch: it would be guessed wrong every other time */
    }
    return n_open;
}

/* Block i for the rows of list: the nearest of its centres, and the second, which bounds the others from below. */
static void search(Found *found, const int *list, int listed, int64_t i, const Part *part, const Bounds *b,
                   const Panel *p, Kind kind)
{
    float dot[TILE];
    Few few;
    for (int at = 0; at < listed; at += ROWS) {
        float best[ROWS], second[ROWS];
        int32_t nearest[ROWS];
        few_at(&few, list + at, listed - at, part, p, kind);
        for (int r = 0; r < ROWS; r++) best[r] = second[r] = INFINITY, nearest[r] = INT32_MAX;
        for (int64_t g = i * b->per; g < least((i + 1) * b->per, p->groups); g++) {
            tile(dot, &few, p->c[kind] + g * p->vectors * GROUP, kind);
            for (int r = 0; r < ROWS; r++)
                for (int j = 0; j < GROUP; j++) {
                    float score = p->offset[kind][g * GROUP + j] - dot[r * GROUP + j];
                    float worse = score < best[r] ? best[r] : score;
                    second[r] = worse < second[r] ? worse : second[r];
                    nearest[r] = score < best[r] ? (int32_t)(g * GROUP + j) : nearest[r];
                    best[r] = score < best[r] ? score : best[r];
                }
        }
        for (int r = 0; r < ROWS && at + r < listed; r++) {
            int n = list[at + r];
            Found *f = found + n;
            part->lower[n * b->blocks + i] = bound_below(part->square[n], best[r], f->error);
            if (best[r] < f->score) {
                *f = (Found){ best[r], second[r], fminf(f->score, second[r]), f->error, nearest[r], (int32_t)i };
                part->upper[n] = bound_above(part->square[n], best[r], f->error);
            } else
                f->rival = fminf(f->rival, best[r]);
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

/* Finds the nearest centre of the open rows. Returns how many it could not tell: they are open still. */
static int look(int *open, int n_open, const Part *part, const Bounds *b, const Panel *p, Kind kind)
{
    int list[PART], home[PART], n_close = 0;
    Found found[PART];
    for (int j = 0; j < n_open; j++) {
        int n = open[j], own = part->label[n] / GROUP / (int)b->per;
        found[n] = (Found){ INFINITY, INFINITY, INFINITY, error_of(b, part, n, kind), part->label[n], own };
        home[n] = own;
    }
    for (int others = 0; others < 2; others++)          /* each row's own first: there most remain */
        for (int32_t i = 0; i < b->blocks; i++) {
            int listed = 0;
            for (int j = 0; j < n_open; j++) {
                int n = open[j];
                bool own = home[n] == i, near = part->lower[n * b->blocks + i] < part->upper[n];
                list[listed] = n;
                listed += others ? near & !own : own;
            }
            search(found, list, listed, i, part, b, p, kind);
        }
    for (int j = 0; j < n_open; j++) {
        int n = open[j];
        Found *f = found + n;
        float *lower = part->lower + n * b->blocks + f->block, square = part->square[n];
        bool close = f->rival - f->score <= f->error;
        if (close) open[n_close++] = n;
        if (close && kind == IN_BYTES) continue;
        *lower = bound_below(square, close ? f->score : f->second, f->error);
        if (close) {
            decide(f, part->X + n * p->D, p);
            part->upper[n] = bound_above(square, f->score, 3 * f->error);
        }
        part->label[n] = f->label;
    }
    return n_close;
}

static void nearest_of_part(const Part *part, const Bounds *b, const Panel *p)
{
    int open[PART], n_open = loosen(open, part, b);
    if (part->byte) n_open = look(open, n_open, part, b, p, IN_BYTES);
    look(open, n_open, part, b, p, IN_FLOATS);
}

static void nearest(int32_t *label, const float *X, const Bounds *b, const Panel *p, int64_t N)
{
    int64_t D = p->D;
#pragma omp parallel for schedule(dynamic) if (N * D > 1 << 16)
    for (int64_t n = 0; n < N; n += PART) {
        Part part = { .X = X + n * D, .rows = least(PART, N - n), .label = label + n, .upper = b->upper + n,
                      .lower = b->lower + n * b->blocks, .square = b->square + n };
        if (p->bytes) part.byte = p->bytes->row + n * p->bytes->wide, part.lost = p->bytes->lost + n;
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
    Arena *a = arena_new("k-means");
    double *middle = middle_of(a, C, K, D);
    Panel p = panel_new(a, C, middle, NULL, K, D);
    Bounds b = bounds_new(a, X, &p, N);
    memset(label, 0, (size_t)N * sizeof *label);
    panel_fill(&p);
    bounds_move(&b, &p, C);
    nearest(label, X, &b, &p, N);
    arena_free(a);
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
            double *restrict in = s->sum + label[row[i]] * D;
            double *restrict out = before[row[i]] < 0 ? NULL : s->sum + before[row[i]] * D;
            if (out)
                for (int64_t d = from; d < to; d++) in[d] += x[d], out[d] -= x[d];
            else
                for (int64_t d = from; d < to; d++) in[d] += x[d];
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
    Arena *a = arena_new("k-means");
    double *middle = middle_of(a, C, K, D), *distance = memory(a, N, sizeof *distance);
    float *old = memory(a, K * D, sizeof *old);
    int32_t *before = memory(a, N, sizeof *before);
    int64_t *changed = memory(a, N, sizeof *changed), made = 0;
    Sums s = { memory(a, K * D, sizeof *s.sum), memory(a, K, sizeof *s.count) };
    Bytes bytes = { 0 };
    if (N * D >= BIG) bytes = bytes_new(a, X, N, D);
    Panel p = panel_new(a, C, middle, N * D >= BIG ? &bytes : NULL, K, D);
    Bounds b = bounds_new(a, X, &p, N);
    if (p.bytes && !bytes_pay(&bytes, &b, N)) p.bytes = NULL;
    for (int64_t i = 0; i < K * D; i++) s.sum[i] = 0;
    for (int64_t k = 0; k < K; k++) s.count[k] = 0;
    for (int64_t n = 0; n < N; n++) label[n] = 0, before[n] = -1;
    memcpy(old, C, (size_t)(K * D) * sizeof *old);
    for (;;) {
        int64_t changes = 0;
        panel_fill(&p);
        bounds_move(&b, &p, old);
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
    arena_free(a);
    return made;
}
