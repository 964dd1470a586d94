/* skipgram.c -- a window at a time: its rows side by side, three small products, and back. */
#include "skipgram.h"
#include <math.h>
#include <string.h>
#include "arena.h"
#include "check.h"
#include "fused.h"
#include "rng.h"
#include "vmath.h"

#ifdef __AVX512F__
enum { BYTES = 64 };
#else
enum { BYTES = 32 };
#endif
typedef float Vec __attribute__((vector_size(BYTES)));
enum { LANES = BYTES / 4, MAX_WINDOW = 64, MAX_NEGATIVES = 64, DRAWS = 4 };

typedef struct Trainer {
    SkipgramArg    arg;
    int64_t        N;
    int            P;                   /* vectors a row, the last filled up with 0 */
    Vec           *in, *out;            /* (N,P) */
    Vec           *x, *y;               /* (2 window,P), (1 + negatives,P): the rows of a window, as they were */
    float         *g;                   /* (2 window,T): scores, then how far each pair moves */
    const uint32_t *share;              /* (N) of the alias table: below it the token itself, else its other */
    const int32_t *other;
} Trainer;

/* ---- Drawing tokens: Walker's alias table ------------------------------------------------------------------------ */

/* Each token has a share of 1/N: fill up those that want less from those that want more. */
static void alias(uint32_t *share, int32_t *other, double *want, int32_t *stack, int64_t N)
{
    int64_t small = 0, large = N;       /* a stack from either end */
    for (int64_t n = 0; n < N; n++) stack[want[n] < 1 ? small++ : --large] = (int32_t)n;
    for (int64_t n = 0; n < N; n++) share[n] = UINT32_MAX, other[n] = (int32_t)n;
    while (small > 0 && large < N) {
        int32_t s = stack[--small], l = stack[large];
        share[s] = (uint32_t)(want[s] * 0x1p32), other[s] = l;
        want[l] -= 1 - want[s];
        if (want[l] < 1) stack[small++] = l, large++;
    }
}

static const char *count(const int32_t *token, const int64_t *first, int64_t lines, int64_t N, double *want)
{
    memset(want, 0, (size_t)N * sizeof *want);
    for (int64_t i = first[0]; i < first[lines]; i++) {
        if (token[i] < 0 || token[i] >= N)
            return sentence("skipgram: token %lld is %d, not from 0 to %lld", (long long)i, token[i], (long long)N - 1);
        want[token[i]]++;
    }
    double sum = 0;
    for (int64_t n = 0; n < N; n++) sum += want[n] = pow(want[n], 0.75);
    for (int64_t n = 0; n < N; n++) want[n] *= N / sum;
    return NULL;
}

/* The part before the point says whose share, the part behind it on which side. */
static int32_t draw(const Trainer *t, uint32_t u)
{
    uint64_t place = (uint64_t)u * (uint64_t)t->N;
    int32_t  n = (int32_t)(place >> 32);
    return (uint32_t)place < t->share[n] ? n : t->other[n];
}

/* ---- A window ---------------------------------------------------------------------------------------------------- */

FUSED static inline float sum_of(Vec v)
{
    float part[LANES], four[4] = { 0 };
    memcpy(part, &v, sizeof v);
    for (int k = 0; k < LANES; k++) four[k % 4] += part[k];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* z[t] = x . y[t], six at a time: as many sums as hide the time a multiply-add takes. */
FUSED static void scores(float *z, const Vec *x, const Vec *y, int T, int P)
{
    int t = 0;
    for (; t + 6 <= T; t += 6, y += 6 * P) {
        Vec s0 = { 0 }, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
        for (int p = 0; p < P; p++) {
            s0 += x[p] * y[p], s1 += x[p] * y[P + p], s2 += x[p] * y[2 * P + p];
            s3 += x[p] * y[3 * P + p], s4 += x[p] * y[4 * P + p], s5 += x[p] * y[5 * P + p];
        }
        z[t] = sum_of(s0), z[t + 1] = sum_of(s1), z[t + 2] = sum_of(s2);
        z[t + 3] = sum_of(s3), z[t + 4] = sum_of(s4), z[t + 5] = sum_of(s5);
    }
    for (; t < T; t++, y += P) {
        Vec s = { 0 };
        for (int p = 0; p < P; p++) s += x[p] * y[p];
        z[t] = sum_of(s);
    }
}

/* row += sum over k of g[k step] from[k], k < n */
FUSED static void move(Vec *row, const Vec *from, const float *g, int step, int n, int P)
{
    int k = 0;
    for (; k + 5 <= n; k += 5, from += 5 * P, g += 5 * step) {
        float a = g[0], b = g[step], c = g[2 * step], d = g[3 * step], e = g[4 * step];
        for (int p = 0; p < P; p++)
            row[p] += (a * from[p] + b * from[P + p]) + (c * from[2 * P + p] + d * from[3 * P + p])
                      + e * from[4 * P + p];
    }
    for (; k < n; k++, from += P, g += step)
        for (int p = 0; p < P; p++) row[p] += *g * from[p];
}

/* company[m] in the window, target[T]: the token here, then the others. */
static void window(Trainer *t, const int32_t *company, int m, const int32_t *target, int T, float rate)
{
    int P = t->P;
    size_t row = (size_t)P * sizeof(Vec);
    for (int i = 0; i < m; i++) memcpy(t->x + i * P, t->in + (int64_t)company[i] * P, row);
    for (int k = 0; k < T; k++) memcpy(t->y + k * P, t->out + (int64_t)target[k] * P, row);
    for (int i = 0; i < m; i++) scores(t->g + i * T, t->x + i * P, t->y, T, P);
#pragma omp simd
    for (int k = 0; k < m * T; k++) t->g[k] = -rate * vsigmoidf(t->g[k]);
    for (int i = 0; i < m; i++) t->g[i * T] += rate;    /* the real one's label is 1 */
    for (int i = 0; i < m; i++) move(t->in + (int64_t)company[i] * P, t->y, t->g + i * T, 1, T, P);
    for (int k = 0; k < T; k++) move(t->out + (int64_t)target[k] * P, t->x, t->g + k, T, m, P);
}

/* What place i of a line meets: numbers by counter, so that nothing depends on what was drawn before. */
static void place(Trainer *t, const int32_t *line, int64_t length, int64_t i, uint64_t number, float rate)
{
    const SkipgramArg *a = &t->arg;
    uint32_t u[DRAWS * (MAX_NEGATIVES / DRAWS + 1)], key[2] = { (uint32_t)a->seed, (uint32_t)(a->seed >> 32) };
    int32_t  company[2 * MAX_WINDOW], target[1 + MAX_NEGATIVES];
    int      m = 0, T = 1;
    for (uint32_t k = 0; k <= (uint32_t)a->negatives / DRAWS; k++)
        rng_philox(u + DRAWS * k, (uint32_t[]){ (uint32_t)number, (uint32_t)(number >> 32), k, 0x736b6970 }, key);
    int reach = a->whole ? a->window : 1 + (int)((uint64_t)u[0] * (uint32_t)a->window >> 32);
    for (int64_t j = i - reach < 0 ? 0 : i - reach; j <= i + reach && j < length; j++)
        if (j != i) company[m++] = line[j];
    target[0] = line[i];
    for (int k = 1; k <= a->negatives; k++) {
        target[T] = draw(t, u[k]);
        T += target[T] != line[i];
    }
    if (m) window(t, company, m, target, T, rate);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

static void start(Trainer *t)
{
    Rng rng = rng_new(t->arg.seed);
    memset(t->in, 0, (size_t)(t->N * t->P) * sizeof(Vec));
    memset(t->out, 0, (size_t)(t->N * t->P) * sizeof(Vec));
    for (int64_t n = 0; n < t->N; n++)
        for (int d = 0; d < t->arg.D; d++)
            ((float *)(t->in + n * t->P))[d] = (float)((rng_uniform(&rng) - 0.5) / t->arg.D);
}

static void give(float *to, const Vec *from, const Trainer *t)
{
    for (int64_t n = 0; n < t->N; n++) memcpy(to + n * t->arg.D, from + n * t->P, (size_t)t->arg.D * sizeof *to);
}

static const char *refuse(const SkipgramArg *a, int64_t N)
{
    if (N < 1 || N > INT32_MAX || a->D < 1 || a->D > 1 << 16)
        return sentence("skipgram: %lld tokens, vectors of %d", (long long)N, a->D);
    if (a->window < 1 || a->window > MAX_WINDOW)
        return sentence("skipgram: window %d, from 1 to %d", a->window, MAX_WINDOW);
    if (a->negatives < 0 || a->negatives > MAX_NEGATIVES)
        return sentence("skipgram: %d negatives, from 0 to %d", a->negatives, MAX_NEGATIVES);
    if (a->epochs < 0 || !(a->rate >= 0) || !(a->least >= 0))
        return sentence("skipgram: %d epochs, rate %g to %g", a->epochs, a->rate, a->least);
    return NULL;
}

const char *skipgram_train(float *in, float *out, const int32_t *token, const int64_t *first, int64_t lines, int64_t N,
                           SkipgramArg arg)
{
    const char *wrong = refuse(&arg, N);
    if (wrong) return wrong;
    Arena    *a = arena_new("skipgram");
    Trainer   t = { .arg = arg, .N = N, .P = (arg.D + LANES - 1) / LANES };
    size_t    row = (size_t)t.P * sizeof(Vec), of_int = sizeof(int32_t);
    uint32_t *share = arena_alloc(a, DEV_CPU, (size_t)N * of_int, "alias");
    int32_t  *other = arena_alloc(a, DEV_CPU, (size_t)N * of_int, "alias");
    double   *want = arena_alloc(a, DEV_CPU, (size_t)N * sizeof *want, "counts");
    t.in = arena_alloc(a, DEV_CPU, (size_t)N * row, "in"), t.out = arena_alloc(a, DEV_CPU, (size_t)N * row, "out");
    t.x = arena_alloc(a, DEV_CPU, 2 * MAX_WINDOW * row, "window");
    t.y = arena_alloc(a, DEV_CPU, (1 + MAX_NEGATIVES) * row, "window");
    t.g = arena_alloc(a, DEV_CPU, 2 * MAX_WINDOW * (1 + MAX_NEGATIVES) * sizeof *t.g, "window");
    wrong = count(token, first, lines, N, want);
    if (!wrong) {
        alias(share, other, want, arena_alloc(a, DEV_CPU, (size_t)N * of_int, "stack"), N);
        t.share = share, t.other = other;
        start(&t);
        int64_t tokens = first[lines] - first[0], all = tokens * arg.epochs, done = 0;
        for (int epoch = 0; epoch < arg.epochs; epoch++)
            for (int64_t l = 0; l < lines; l++)
                for (int64_t i = 0, length = first[l + 1] - first[l]; i < length; i++, done++) {
                    double gone = (double)done / (double)all, rate = arg.rate + (arg.least - arg.rate) * gone;
                    place(&t, token + first[l], length, i, (uint64_t)done, (float)rate);
                }
        give(in, t.in, &t);
        give(out, t.out, &t);
    }
    arena_free(a);
    return wrong;
}
