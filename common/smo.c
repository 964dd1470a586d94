/* smo.c -- two classes by a support vector machine with the RBF kernel, over sparse rows. */
#include "smo.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "vmath.h"

/* Loops run over blocks of rows; what they find is compared block after block, whatever the number of threads. */
enum { BLOCK = 512, WORTH_IT = 1 << 14 };

static void *memory(int64_t n, size_t size)
{
    void *p = aligned_alloc(64, ((size_t)(n > 0 ? n : 1) * size + 63) / 64 * 64);
    CHECK(p, "smo: no memory for %lld numbers", (long long)n);
    return p;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- Kernels of one row with all --------------------------------------------------------------------------------- */

typedef struct Rows {
    int64_t        N, D;
    const int64_t *row;             /* as in Libsvm */
    const int32_t *index;
    const double  *value;
    double         gamma;
    double        *square, *x;      /* (N) |row|^2; (D) the one row, spread out */
    uint64_t      *bits;            /* (words,N), or NULL where there are other values than 0 and 1 */
    int64_t        words;
    float         *bell;            /* exp(-gamma d) for d = 0 .. 64 words */
} Rows;

static bool binary(const Libsvm *m)
{
    const double *value = m->value->data;
    for (int64_t k = 0; k < tensor_count(m->value); k++)
        if (value[k] != 0 && value[k] != 1) return false;
    return true;
}

static Rows rows_new(const Libsvm *m, double gamma, bool as_bits)
{
    Rows r = { .N = m->rows, .D = m->columns, .row = m->row->data, .index = m->index->data, .value = m->value->data,
               .gamma = gamma, .square = memory(m->rows, sizeof(double)), .x = memory(m->columns, sizeof(double)) };
    for (int64_t n = 0; n < r.N; n++) {
        r.square[n] = 0;
        for (int64_t k = r.row[n]; k < r.row[n + 1]; k++) r.square[n] += r.value[k] * r.value[k];
    }
    memset(r.x, 0, (size_t)r.D * sizeof *r.x);
    if (!as_bits) return r;
    r.words = (r.D + 63) / 64;
    r.bits = memory(r.words * r.N, sizeof *r.bits);
    r.bell = memory(64 * r.words + 1, sizeof *r.bell);
    memset(r.bits, 0, (size_t)(r.words * r.N) * sizeof *r.bits);
    for (int64_t n = 0; n < r.N; n++)
        for (int64_t k = r.row[n]; k < r.row[n + 1]; k++)
            if (r.value[k] != 0) r.bits[r.index[k] / 64 * r.N + n] |= (uint64_t)1 << r.index[k] % 64;
    for (int64_t d = 0; d <= 64 * r.words; d++) r.bell[d] = (float)exp(-gamma * (double)d);
    return r;
}

static void rows_free(Rows *r) { free(r->square), free(r->x), free(r->bits), free(r->bell); }

/* |a - b|^2 of two rows of bits: how many differ */
static void by_bits(const Rows *r, float *k, const uint64_t *x, int64_t from, int64_t to)
{
    int64_t apart[BLOCK];
    memset(apart, 0, sizeof apart);
    for (int64_t w = 0; w < r->words; w++) {
        const uint64_t *bits = r->bits + w * r->N + from, one = x[w];
        for (int64_t i = 0; i < to - from; i++) apart[i] += __builtin_popcountll(bits[i] ^ one);
    }
    for (int64_t i = 0; i < to - from; i++) k[from + i] = r->bell[apart[i]];
}

static void by_products(const Rows *r, float *k, double square, int64_t from, int64_t to)
{
    for (int64_t n = from; n < to; n++) {
        double sum = 0;
        for (int64_t e = r->row[n]; e < r->row[n + 1]; e++) sum += r->value[e] * r->x[r->index[e]];
        double d = square + r->square[n] - 2 * sum;
        k[n] = (float)(-r->gamma * (d > 0 ? d : 0));
    }
#pragma omp simd
    for (int64_t n = from; n < to; n++) k[n] = vexpf(k[n]);
}

/* k[n] = k(x, row n), x given by its entries */
static void kernels(Rows *r, float *k, const int32_t *index, const double *value, int64_t entries)
{
    double   square = 0;
    uint64_t x[64], *spread = r->words > 64 ? memory(r->words, sizeof *spread) : x;
    if (r->bits) memset(spread, 0, (size_t)r->words * sizeof *spread);
    for (int64_t e = 0; e < entries; e++) {
        square += value[e] * value[e];
        if (!r->bits) r->x[index[e]] = value[e];
        else if (value[e] != 0) spread[index[e] / 64] |= (uint64_t)1 << index[e] % 64;
    }
#pragma omp parallel for schedule(static) if (r->N > WORTH_IT)
    for (int64_t from = 0; from < r->N; from += BLOCK) {
        if (r->bits) by_bits(r, k, spread, from, least(from + BLOCK, r->N));
        else by_products(r, k, square, from, least(from + BLOCK, r->N));
    }
    for (int64_t e = 0; e < entries && !r->bits; e++) r->x[index[e]] = 0;
    if (spread != x) free(spread);
}

/* ---- The cache: the row used longest ago gives way --------------------------------------------------------------- */

typedef struct Cache { Rows *rows; float *k; int64_t slots, now, *used; int32_t *holds, *slot; } Cache;

static Cache cache_new(Rows *r, size_t bytes)
{
    int64_t slots = (int64_t)(bytes / ((size_t)r->N * sizeof(float)));
    slots = least(slots < 2 ? 2 : slots, r->N < 2 ? 2 : r->N);
    Cache c = { .rows = r, .slots = slots, .k = memory(slots * r->N, sizeof(float)),
                .used = memory(slots, sizeof(int64_t)), .holds = memory(slots, 4), .slot = memory(r->N, 4) };
    for (int64_t s = 0; s < slots; s++) c.used[s] = 0, c.holds[s] = -1;
    for (int64_t n = 0; n < r->N; n++) c.slot[n] = -1;
    return c;
}

static void cache_free(Cache *c) { free(c->k), free(c->used), free(c->holds), free(c->slot); }

static const float *cached(Cache *c, int64_t i)
{
    int64_t s = c->slot[i];
    if (s < 0) {
        s = 0;
        for (int64_t other = 1; other < c->slots; other++) s = c->used[other] < c->used[s] ? other : s;
        if (c->holds[s] >= 0) c->slot[c->holds[s]] = -1;
        c->holds[s] = (int32_t)i, c->slot[i] = (int32_t)s;
        const Rows *r = c->rows;
        kernels(c->rows, c->k + s * r->N, r->index + r->row[i], r->value + r->row[i], r->row[i + 1] - r->row[i]);
    }
    c->used[s] = ++c->now;
    return c->k + s * c->rows->N;
}

/* ---- Sequential minimal optimization ----------------------------------------------------------------------------- */

/* v = -y G. Who may rise has 0 in rise, the others -infinity; who may fall has 0 in fall, the others infinity. */
typedef struct Smo {
    int64_t       N, blocks;
    double        C, *alpha, *v, *rise, *fall;      /* (N) */
    double       *top, *low;        /* (blocks) of each block the best of move and of partner */
    float        *gain;
    const double *y;
} Smo;

static void set_ends(Smo *s, int64_t n)
{
    bool up = s->alpha[n] < s->C, down = s->alpha[n] > 0, positive = s->y[n] > 0;
    s->rise[n] = (positive ? up : down) ? 0 : -INFINITY;
    s->fall[n] = (positive ? down : up) ? 0 : INFINITY;
}

/* v -= t (Ki - Kj), and the largest v of who may rise: returns who that is, -1 if nobody may. */
static int64_t move(Smo *s, double t, const float *Ki, const float *Kj)
{
#pragma omp parallel for schedule(static) if (s->N > WORTH_IT)
    for (int64_t b = 0; b < s->blocks; b++) {
        double *v = s->v, *rise = s->rise, top = -INFINITY;
        int64_t to = least((b + 1) * BLOCK, s->N);
#pragma omp simd reduction(max : top)
        for (int64_t n = b * BLOCK; n < to; n++) {
            v[n] -= t * ((double)Ki[n] - (double)Kj[n]);
            double here = v[n] + rise[n];
            top = here > top ? here : top;
        }
        s->top[b] = top;
    }
    int64_t best = 0;
    for (int64_t b = 1; b < s->blocks; b++) best = s->top[b] > s->top[best] ? b : best;
    if (s->top[best] == -INFINITY) return -1;
    int64_t n = best * BLOCK;
    while (s->v[n] + s->rise[n] != s->top[best]) n++;
    return n;
}

/* difference^2 / a, a = 2 - 2 k; 0 for who may not fall, and who does not lie below i */
static inline float gain_of(double difference, float k)
{
    float b = (float)difference, a = 2 - 2 * k;
    b = b > 0 ? b : 0;
    return b * b / (a > 1e-12f ? a : 1e-12f);
}

/* Who gains most together with i; -1: nobody. *gap: m less the least v of who may fall. */
static int64_t partner(Smo *s, double *gap, double m, const float *Ki)
{
#pragma omp parallel for schedule(static) if (s->N > WORTH_IT)
    for (int64_t b = 0; b < s->blocks; b++) {
        const double *v = s->v, *fall = s->fall;
        double low = INFINITY;
        float gain = 0;
        int64_t to = least((b + 1) * BLOCK, s->N);
#pragma omp simd reduction(min : low)
        for (int64_t n = b * BLOCK; n < to; n++) low = v[n] + fall[n] < low ? v[n] + fall[n] : low;
        if (low < m) /* else nobody here lies below i */
#pragma omp simd reduction(max : gain)
            for (int64_t n = b * BLOCK; n < to; n++) {
                float mine = gain_of(m - (v[n] + fall[n]), Ki[n]);
                gain = mine > gain ? mine : gain;
            }
        s->low[b] = low, s->gain[b] = gain;
    }
    int64_t best = 0;
    double low = s->low[0];
    for (int64_t b = 1; b < s->blocks; b++) {
        best = s->gain[b] > s->gain[best] ? b : best;
        low = s->low[b] < low ? s->low[b] : low;
    }
    *gap = m - low;
    if (!(s->gain[best] > 0)) return -1;
    int64_t n = best * BLOCK;
    while (gain_of(m - (s->v[n] + s->fall[n]), Ki[n]) != s->gain[best]) n++;
    return n;
}

static void run(Smo *s, Cache *c, SmoModel *model, double tolerance)
{
    const float *Ki = c->k, *Kj = c->k;         /* any row: the first move is by 0, from a row to itself */
    double t = 0, gap = 0, m = 0;
    memset(c->k, 0, (size_t)s->N * sizeof *c->k);
    for (model->steps = 0;; model->steps++) {
        int64_t i = move(s, t, Ki, Kj), j;
        if (i < 0) break;
        m = s->v[i];
        Ki = cached(c, i);
        j = partner(s, &gap, m, Ki);
        if (!(gap > tolerance) || j < 0) break;
        Kj = cached(c, j);
        double a = 2 - 2 * (double)Ki[j], *alpha = s->alpha;
        double room_i = s->y[i] > 0 ? s->C - alpha[i] : alpha[i], room_j = s->y[j] > 0 ? alpha[j] : s->C - alpha[j];
        t = fmin((m - s->v[j]) / (a > 1e-12 ? a : 1e-12), fmin(room_i, room_j));
        alpha[i] = t < room_i ? alpha[i] + s->y[i] * t : s->y[i] > 0 ? s->C : 0;
        alpha[j] = t < room_j ? alpha[j] - s->y[j] * t : s->y[j] > 0 ? 0 : s->C;
        set_ends(s, i), set_ends(s, j);
    }
    double sum = 0;
    int64_t free_vectors = 0;
    for (int64_t n = 0; n < s->N; n++) {
        model->vectors += s->alpha[n] > 0, model->bounded += s->alpha[n] >= s->C;
        model->objective -= s->alpha[n] * (s->y[n] * s->v[n] + 1) / 2;      /* alpha (G - 1) / 2 */
        if (s->alpha[n] > 0 && s->alpha[n] < s->C) sum -= s->v[n], free_vectors++;
    }
    model->rho = free_vectors ? sum / (double)free_vectors : gap / 2 - m;
}

static const char *check(const Libsvm *m)
{
    const char   *wrong = libsvm_signed(m);
    const double *y = m->y->data;
    int64_t       positive = 0;
    for (int64_t n = 0; n < m->rows && !wrong; n++) positive += y[n] > 0;
    return wrong || (positive && positive < m->rows) ? wrong : "all rows are of one class";
}

const char *smo_fit(double *alpha, SmoModel *model, const Libsvm *m, double C, double gamma, double tolerance,
                    size_t cache)
{
    CHECK(m->value->dtype == F64 && C > 0 && gamma > 0, "smo_fit: %s, C %g, gamma %g; f64, C > 0, gamma > 0 expected",
          tensor_dtype_name(m->value->dtype), C, gamma);
    const char *wrong = check(m);
    if (wrong) return wrong;
    int64_t N = m->rows, blocks = (N + BLOCK - 1) / BLOCK;
    Rows    rows = rows_new(m, gamma, binary(m));
    Cache   c = cache_new(&rows, cache);
    Smo     s = { .N = N, .blocks = blocks, .C = C, .alpha = alpha, .y = m->y->data, .v = memory(3 * N, sizeof(double)),
                  .top = memory(2 * blocks, sizeof(double)), .gain = memory(blocks, sizeof(float)) };
    s.rise = s.v + N, s.fall = s.rise + N, s.low = s.top + blocks;
    for (int64_t n = 0; n < N; n++) alpha[n] = 0, s.v[n] = s.y[n], set_ends(&s, n);
    *model = (SmoModel){ 0 };
    run(&s, &c, model, tolerance);
    free(s.v), free(s.top), free(s.gain);
    cache_free(&c);
    rows_free(&rows);
    return NULL;
}

/* The rows with alpha > 0; y: alpha y. */
static Libsvm vectors_of(Arena *a, const Libsvm *m, const double *alpha)
{
    const int64_t *row = m->row->data;
    int64_t N = 0, entries = 0;
    for (int64_t n = 0; n < m->rows; n++)
        if (alpha[n] > 0) N++, entries += row[n + 1] - row[n];
    Libsvm v = { .rows = N, .columns = m->columns, .y = tensor_new(a, DEV_CPU, F64, SHAPE(N)),
                 .row = tensor_new(a, DEV_CPU, I64, SHAPE(N + 1)), .index = tensor_new(a, DEV_CPU, I32, SHAPE(entries)),
                 .value = tensor_new(a, DEV_CPU, F64, SHAPE(entries)) };
    int64_t *to = v.row->data, k = to[0] = 0;
    for (int64_t n = 0, at = 0; n < m->rows; n++) {
        if (!(alpha[n] > 0)) continue;
        size_t count = (size_t)(row[n + 1] - row[n]);
        memcpy((int32_t *)v.index->data + k, (int32_t *)m->index->data + row[n], count * sizeof(int32_t));
        memcpy((double *)v.value->data + k, (double *)m->value->data + row[n], count * sizeof(double));
        ((double *)v.y->data)[at] = alpha[n] * ((double *)m->y->data)[n];
        to[++at] = k += (int64_t)count;
    }
    return v;
}

void smo_scores(double *score, const Libsvm *x, const Libsvm *m, const double *alpha, double rho, double gamma)
{
    CHECK(x->columns <= m->columns, "smo_scores: %lld columns, %lld were learnt", (long long)x->columns,
          (long long)m->columns);
    Arena         *a = arena_new("smo_scores");
    Libsvm         v = vectors_of(a, m, alpha);
    Rows           rows = rows_new(&v, gamma, binary(&v) && binary(x));
    const int64_t *row = x->row->data;
    const int32_t *index = x->index->data;
    const double  *value = x->value->data, *pull = v.y->data;
    float         *k = memory(v.rows, sizeof *k);
    for (int64_t n = 0; n < x->rows; n++) {
        kernels(&rows, k, index + row[n], value + row[n], row[n + 1] - row[n]);
        double sum = -rho;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < v.rows; i++) sum += pull[i] * (double)k[i];
        score[n] = sum;
    }
    free(k);
    rows_free(&rows);
    arena_free(a);
}
