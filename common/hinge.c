/* hinge.c -- a linear support vector machine over sparse rows, by coordinate descent in its dual problem.
 *
 *   minimises   |v|^2 / 2 - sum alpha,   0 <= alpha <= C,   v = sum alpha y x
 *
 * Whatever the alphas, f(w) >= sum alpha - |v|^2 / 2 for any w: so f(v) - f* is at most f(v) less that.
 */
#include "hinge.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

enum { MOST_PASSES = 10000, A_LOOK = 4 };       /* a look at f costs a visit of every row: after so many it may */

typedef struct Hinge {
    int64_t        N, D;
    const int64_t *row;
    const int32_t *index;
    const double  *value, *y;
    bool           ones;                        /* all values are 1, and need not be read */
    double         C, *v, *alpha, *per;         /* (D), (N), (N) 1 / |x|^2 */
    int32_t       *open;                        /* rows in the order of this pass; shut ones, which stay, behind them */
    int64_t        opened;
    double         least, most, was_least, was_most;    /* slopes of this pass, and of the one before */
    uint64_t       dice;
} Hinge;

/* 0 .. n-1, by a linear congruential generator: the order of rows needs no better, and is asked for at every visit. */
static int64_t roll(Hinge *h, int64_t n)
{
    h->dice = h->dice * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((h->dice >> 32) * (uint64_t)n >> 32);
}

/* Four sums: one would wait for each addition. */
static inline double score(const Hinge *h, const double *w, int64_t n, bool ones)
{
    const int32_t *index = h->index + h->row[n];
    const double  *value = h->value + h->row[n];
    int64_t        k = 0, entries = h->row[n + 1] - h->row[n];
    double         z[4] = { 0 };
    for (; k + 4 <= entries; k += 4)
        for (int i = 0; i < 4; i++) z[i] += ones ? w[index[k + i]] : value[k + i] * w[index[k + i]];
    for (; k < entries; k++) z[0] += ones ? w[index[k]] : value[k] * w[index[k]];
    return (z[0] + z[1]) + (z[2] + z[3]);
}

/* The slope g along alpha[n]; alpha goes to the bottom of its parabola, or to an end. False: shut. It lies at an end,
 * and leans on it more than any row was off in the pass before. */
static inline bool visit(Hinge *h, int64_t n, bool ones)
{
    double old = h->alpha[n], g = h->y[n] * score(h, h->v, n, ones) - 1, off = g;
    if (old == 0) {
        if (g > h->was_most) return false;
        off = g < 0 ? g : 0;
    } else if (old == h->C) {
        if (g < h->was_least) return false;
        off = g > 0 ? g : 0;
    }
    h->least = fmin(h->least, off), h->most = fmax(h->most, off);
    if (off == 0) return true;
    double new = old - g * h->per[n];
    new = new > 0 ? new : 0, new = new < h->C ? new : h->C;
    double step = (new - old) * h->y[n];
    h->alpha[n] = new;
    for (int64_t k = h->row[n]; k < h->row[n + 1]; k++) h->v[h->index[k]] += ones ? step : step * h->value[k];
    return true;
}

static inline void pass(Hinge *h, bool ones)
{
    h->least = INFINITY, h->most = -INFINITY;
    for (int64_t i = 0; i < h->opened; i++) {
        int64_t other = i + roll(h, h->opened - i);
        int32_t n = h->open[other];
        h->open[other] = h->open[i], h->open[i] = n;
        if (visit(h, n, ones)) continue;
        h->open[i--] = h->open[--h->opened], h->open[h->opened] = n;
    }
}

/* f at v, and what no w comes below. */
static double look(const Hinge *h, double *below)
{
    double fines = 0, sum = 0, square = 0;
    for (int64_t n = 0; n < h->N; n++) {
        fines += fmax(0, 1 - h->y[n] * score(h, h->v, n, h->ones));
        sum += h->alpha[n];
    }
    for (int64_t d = 0; d < h->D; d++) square += h->v[d] * h->v[d];
    *below = sum - square / 2;
    return square / 2 + h->C * fines;
}

/* Passes over the open rows; all are open again once these are off by little. f goes up and down: the best v counts. */
static double run(Hinge *h, double *w, int *passes, double tolerance)
{
    double  below, f = look(h, &below), little = 0.1;
    int64_t visits = 0;
    h->was_least = -INFINITY, h->was_most = INFINITY;
    for (*passes = 0; *passes < MOST_PASSES && f - below > tolerance * f; ++*passes) {
        visits += h->opened;
        if (h->ones) pass(h, true);
        else pass(h, false);
        bool reopen = h->opened == 0 || h->most - h->least <= little;
        h->was_least = h->least < 0 ? h->least : -INFINITY, h->was_most = h->most > 0 ? h->most : INFINITY;
        if (reopen) {
            if (h->opened == h->N) little /= 10;
            h->opened = h->N, h->was_least = -INFINITY, h->was_most = INFINITY;
        }
        if (visits < A_LOOK * h->N && *passes + 1 < MOST_PASSES) continue;
        double least, here = look(h, &least);
        below = fmax(below, least), visits = 0;
        if (here <= f) f = here, memcpy(w, h->v, (size_t)h->D * sizeof *w);
    }
    return f;
}

const char *hinge_fit(double *w, double *objective, int *passes, const Libsvm *m, double C, double tolerance)
{
    CHECK(m->value->dtype == F64 && C > 0, "hinge_fit: %s, C %g; f64 and C > 0 expected",
          tensor_dtype_name(m->value->dtype), C);
    const char *wrong = libsvm_signed(m);
    if (wrong) return wrong;
    int64_t N = m->rows, D = m->columns;
    int     made;
    Hinge   h = { .N = N, .D = D, .row = m->row->data, .index = m->index->data, .value = m->value->data,
                  .y = m->y->data, .ones = true, .C = C, .v = calloc((size_t)(D + 2 * N + 1), sizeof *h.v),
                  .open = malloc((size_t)(N + 1) * sizeof *h.open), .opened = N };
    CHECK(h.v && h.open, "hinge_fit: no memory for %lld rows", (long long)N);
    h.alpha = h.v + D, h.per = h.alpha + N;
    for (int64_t n = 0; n < N; n++) {
        double square = 0;
        for (int64_t k = h.row[n]; k < h.row[n + 1]; k++)
            square += h.value[k] * h.value[k], h.ones &= h.value[k] == 1;
        h.per[n] = 1 / square, h.open[n] = (int32_t)n;  /* a row of zeros: infinite, and alpha goes to C at once */
    }
    memset(w, 0, (size_t)D * sizeof *w);
    double f = run(&h, w, &made, tolerance);
    if (objective) *objective = f;
    if (passes) *passes = made;
    free(h.v), free(h.open);
    return NULL;
}
