/* softmax_fit.c -- softmax regression by L-BFGS: many classes by straight lines, for rows with many zeros. */
#include "softmax_fit.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "fused.h"
#include "vmath.h"

/* Sums are made in so many parts, whatever the number of threads, and added in order; within a part, of so many rows at
 * a time in float. Classes are padded to whole vectors. */
enum { PARTS = 8, BLOCK = 512, WIDE = 16, PAIRS = 10 };
static const double ROUNDING = 2e-7;    /* of the mean of losses whose scores are floats */

typedef struct Softmax {
    int64_t         N, D, C, wide;
    int64_t        *row;                /* (N + 1) */
    unsigned short *index;              /* of what is not 0 */
    float          *value, *W;          /* W (D,wide): a column's weights side by side */
    float          *G;                  /* (PARTS,D,wide) a block's slopes */
    double         *slopes;             /* (PARTS,D,wide) */
    const int      *y;
    double          lambda;
} Softmax;

static void *zeros(int64_t n, size_t size)
{
    size_t bytes = ((size_t)n * size + 127) / 64 * 64;
    void  *p = aligned_alloc(64, bytes);
    CHECK(p, "softmax_fit: no memory for %lld numbers", (long long)n);
    return memset(p, 0, bytes);
}

static double dot(const double *a, const double *b, int64_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* z += x W, for one row. Two sums: one would wait for each multiply-add. */
FUSED static inline void scores(float *z, const Softmax *s, int64_t n, int64_t wide)
{
    int64_t k = s->row[n], last = s->row[n + 1];
    for (int64_t from = 0; from < wide; from += WIDE) {
        float a[WIDE] = { 0 }, b[WIDE] = { 0 };
        for (k = s->row[n]; k + 2 <= last; k += 2) {
            const float *V = s->W + s->index[k] * wide + from, *W = s->W + s->index[k + 1] * wide + from;
            for (int c = 0; c < WIDE; c++) a[c] += s->value[k] * V[c], b[c] += s->value[k + 1] * W[c];
        }
        for (; k < last; k++)
            for (int c = 0; c < WIDE; c++) a[c] += s->value[k] * s->W[s->index[k] * wide + from + c];
        for (int c = 0; c < WIDE; c++) z[from + c] = a[c] + b[c];
    }
}

/* p - (c == y) for z, in its place; returns -log p[y]. Scores are floats, and so is their top: what is left out is not
 * seen. */
static double probabilities(float *z, int y, int64_t C, int64_t wide)
{
    float top = -INFINITY, right = z[y];
    double sum = 0;
    for (int64_t c = 0; c < C; c++) top = z[c] > top ? z[c] : top;
#pragma omp simd
    for (int64_t c = 0; c < wide; c++) z[c] = vexpf(z[c] - top);
    for (int64_t c = 0; c < C; c++) sum += (double)z[c];
    float share = (float)(1 / sum);
    for (int64_t c = 0; c < wide; c++) z[c] = c < C ? z[c] * share : 0;
    z[y] -= 1;
    return log(sum) - ((double)right - (double)top);
}

/* The loss of some rows, at most BLOCK of them, whose slopes are added to G. */
FUSED static inline double block(const Softmax *s, float *G, int64_t from, int64_t to, int64_t wide)
{
    float  room[WIDE * 16], *z = wide <= WIDE * 16 ? room : zeros(wide, sizeof *z);
    double loss = 0;
    for (int64_t n = from; n < to; n++) {
        scores(z, s, n, wide);
        loss += probabilities(z, s->y[n], s->C, wide);
        for (int64_t k = s->row[n]; k < s->row[n + 1]; k++) {
            float *g = G + s->index[k] * wide, x = s->value[k];
#pragma omp simd
            for (int64_t c = 0; c < wide; c++) g[c] += x * z[c];
        }
    }
    if (z != room) free(z);
    return loss;
}

/* f at w (D,wide), and its slopes. */
static double evaluate(Softmax *s, double *slope, const double *w)
{
    int64_t n = s->D * s->wide;
    double  loss[PARTS], f = 0;
    for (int64_t i = 0; i < n; i++) s->W[i] = (float)w[i];
#pragma omp parallel for schedule(static, 1) if (s->row[s->N] > 1 << 14)
    for (int p = 0; p < PARTS; p++) {
        double *sum = s->slopes + p * n;
        float  *G = s->G + p * n;
        memset(sum, 0, (size_t)n * sizeof *sum);
        loss[p] = 0;
        for (int64_t from = s->N * p / PARTS, last = s->N * (p + 1) / PARTS; from < last; from += BLOCK) {
            int64_t to = last - from < BLOCK ? last : from + BLOCK;
            memset(G, 0, (size_t)n * sizeof *G);
            loss[p] += s->wide == WIDE ? block(s, G, from, to, WIDE) : block(s, G, from, to, s->wide);
            for (int64_t i = 0; i < n; i++) sum[i] += (double)G[i];
        }
    }
    for (int64_t i = 0; i < n; i++) {
        slope[i] = 0;
        for (int p = 0; p < PARTS; p++) slope[i] += s->slopes[p * n + i];
        slope[i] = slope[i] / (double)s->N + s->lambda * w[i];
    }
    for (int p = 0; p < PARTS; p++) f += loss[p];
    return f / (double)s->N + s->lambda / 2 * dot(w, w, n);
}

/* ---- L-BFGS ------------------------------------------------------------------------------------------------------ */

/* The last PAIRS moves s and changes of slope r, from the oldest, number `oldest`, on. */
typedef struct Pairs { double *s, *r, per[PAIRS], *at; int oldest, count; int64_t n; } Pairs;

/* d = -H g, H what the pairs say of the inverse of the curvature: Nocedal's two loops. */
static void direction(Pairs *p, double *d, const double *g)
{
    double share[PAIRS];
    int64_t n = p->n;
    for (int64_t i = 0; i < n; i++) d[i] = -g[i];
    for (int k = p->count - 1; k >= 0; k--) {
        int at = (p->oldest + k) % PAIRS;
        share[at] = p->per[at] * dot(p->s + at * n, d, n);
        for (int64_t i = 0; i < n; i++) d[i] -= share[at] * p->r[at * n + i];
    }
    int last = (p->oldest + p->count - 1) % PAIRS;
    const double *r = p->r + last * n;
    double scale = p->count ? 1 / (p->per[last] * dot(r, r, n)) : 1 / sqrt(dot(g, g, n));
    for (int64_t i = 0; i < n; i++) d[i] *= scale;
    for (int k = 0; k < p->count; k++) {
        int    at = (p->oldest + k) % PAIRS;
        double more = share[at] - p->per[at] * dot(p->r + at * n, d, n);
        for (int64_t i = 0; i < n; i++) d[i] += more * p->s[at * n + i];
    }
}

/* Room for one more pair, in place of the oldest where there are PAIRS. */
static void remember(Pairs *p, const double *w, const double *before, const double *g, const double *was)
{
    int     at = (p->oldest + p->count) % PAIRS;
    double *s = p->s + at * p->n, *r = p->r + at * p->n;
    for (int64_t i = 0; i < p->n; i++) s[i] = w[i] - before[i], r[i] = g[i] - was[i];
    double along = dot(s, r, p->n);
    if (!(along > 0)) return;
    p->per[at] = 1 / along;
    if (p->count < PAIRS) p->count++;
    else p->oldest = (p->oldest + 1) % PAIRS;
}

/* A step t along d that lowers f enough and flattens its slope enough (Wolfe), by halving and doubling; w, g and *f are
 * there then. False: none within 30 tries. */
static bool search(Softmax *s, double *w, double *g, double *f, const double *before, const double *d, double slope)
{
    int64_t n = s->D * s->wide;
    double  low = 0, high = INFINITY, t = 1, was = *f;
    for (int tries = 0; tries < 30; tries++) {
        for (int64_t i = 0; i < n; i++) w[i] = before[i] + t * d[i];
        *f = evaluate(s, g, w);
        if (!(*f <= was + 1e-4 * t * slope + ROUNDING)) high = t;
        else if (dot(g, d, n) < 0.9 * slope) low = t;
        else return true;
        t = high < INFINITY ? (low + high) / 2 : 2 * t;
    }
    return false;
}

static bool prepare(Softmax *s, const float *X, const int *y)
{
    int64_t entries = 0;
    for (int64_t n = 0; n < s->N; n++)
        if (y[n] < 0 || y[n] >= s->C) return false;
    for (int64_t i = 0; i < s->N * s->D; i++) {
        if (X[i] - X[i] != 0) return false;
        entries += X[i] != 0;
    }
    s->row = zeros(s->N + 1, sizeof *s->row);
    s->index = zeros(entries + 1, sizeof *s->index), s->value = zeros(entries + 1, sizeof *s->value);
    entries = 0;
    for (int64_t n = 0; n < s->N; n++) {
        for (int64_t d = 0; d < s->D; d++) {
            float x = X[n * s->D + d];
            s->index[entries] = (unsigned short)d, s->value[entries] = x;
            entries += x != 0;
        }
        s->row[n + 1] = entries;
    }
    return true;
}

int softmax_fit(float *W, double *f, const float *X, const int *y, double lambda, double tolerance, int most, int64_t N,
                int64_t D, int64_t C)
{
    CHECK(N >= 1 && D >= 1 && D < 65536 && C >= 1 && lambda >= 0, "softmax_fit: %lld rows, %lld columns, %lld classes",
          (long long)N, (long long)D, (long long)C);
    Softmax s = { .N = N, .D = D, .C = C, .wide = (C + WIDE - 1) / WIDE * WIDE, .y = y, .lambda = lambda };
    if (!prepare(&s, X, y)) return -1;
    int64_t n = D * s.wide;
    double *room = zeros((5 + 2 * PAIRS) * n, sizeof *room), *w = room, *g = w + n, *before = g + n, *was = before + n,
           *d = was + n;
    Pairs   pairs = { .s = d + n, .r = d + n + PAIRS * n, .n = n };
    int     step = 0;
    s.W = zeros(n, sizeof *s.W), s.G = zeros(PARTS * n, sizeof *s.G), s.slopes = zeros(PARTS * n, sizeof *s.slopes);
    for (f[0] = evaluate(&s, g, w); step < most; step++) {
        double largest = 0;
        for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(g[i]));
        if (largest <= tolerance) break;
        direction(&pairs, d, g);
        memcpy(before, w, (size_t)n * sizeof *w), memcpy(was, g, (size_t)n * sizeof *g);
        f[step + 1] = f[step];
        if (!search(&s, w, g, &f[step + 1], before, d, dot(g, d, n))) {
            memcpy(w, before, (size_t)n * sizeof *w);
            break;
        }
        remember(&pairs, w, before, g, was);
    }
    for (int64_t c = 0; c < C; c++)
        for (int64_t k = 0; k < D; k++) W[c * D + k] = (float)w[k * s.wide + c];
    free(room), free(s.row), free(s.index), free(s.value), free(s.W), free(s.G), free(s.slopes);
    return step;
}
