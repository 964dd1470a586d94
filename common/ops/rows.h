/* rows.h -- a tensor as rows of its last dimension, and what softmax and its relatives ask of a row. */
#pragma once
#include <float.h>
#include "loops.h"
#include "wide.h"

static inline int64_t rows_length(const Tensor *x) { return x->shape[x->ndim - 1]; }
static inline int64_t rows_count(const Tensor *x)
{
    int64_t C = rows_length(x);
    return C > 0 ? tensor_count(x) / C : 0;
}
static inline const char *rows_shape(Node *n) /* for shape: as in[0], which must have rows */
{
    return n->in[0]->ndim > 0 ? same_shape(n) : "needs rows: at least one dimension";
}

/* Rows so short that vectors along them would be half empty, and the sums at their ends dear, are worked on many at
 * once, turned: v[c] holds number c of WIDE rows. */
enum { ROWS_SHORT = 32 };
static inline int64_t rows_at_once(int64_t C) { return C > 0 && C < ROWS_SHORT ? WIDE : 1; }

static inline void rows_turned(Wide *v, const real *x, int64_t rows, int64_t C)
{
    for (int64_t c = 0; c < C; c += WIDE, v += WIDE) {
        for (int64_t i = 0; i < WIDE; i++) v[i] = i < rows ? wide_get(x + i * C + c, C - c, 0) : wide_of(0);
        wide_turn(v);
    }
}

static inline void rows_turned_back(real *y, Wide *v, int64_t rows, int64_t C)
{
    for (int64_t c = 0; c < C; c += WIDE, v += WIDE) {
        wide_turn(v);
        for (int64_t i = 0; i < rows; i++) wide_put(y + i * C + c, v[i], C - c);
    }
}

/* What to subtract from each, as rows_shift: where all are masked, some number. */
static inline Wide rows_turned_shift(const Wide *v, int64_t C)
{
    Wide most = wide_of(sizeof(real) == 8 ? (real)-DBL_MAX : (real)-FLT_MAX);
    for (int64_t c = 0; c < C; c++) most = wide_max(v[c], most);
    return most;
}

static inline Wide rows_turned_sum_exp(const Wide *v, Wide shift, int64_t C)
{
    Wide sum = wide_of(0);
    for (int64_t c = 0; c < C; c++) sum += wide_exp(v[c] - shift);
    return sum;
}

/* The largest, NaN ignored. */
static inline real rows_max(const real *x, int64_t C)
{
    const Wide none = wide_of(-(real)INFINITY);
    Wide    most[4] = { none, none, none, none };
    int64_t c = 0;
    for (; c + 4 * WIDE <= C; c += 4 * WIDE)
        for (int k = 0; k < 4; k++) most[k] = wide_max(wide_get(x + c + k * WIDE, WIDE, 0), most[k]);
    for (; c < C; c += WIDE) most[0] = wide_max(wide_get(x + c, C - c, -(real)INFINITY), most[0]);
    return wide_most(wide_max(wide_max(most[0], most[1]), wide_max(most[2], most[3])));
}

/* What to subtract before exp, or it overflows: the largest; 0 where all are masked, because -inf - -inf is NaN. */
static inline real rows_shift(const real *x, int64_t C)
{
    real max = rows_max(x, C);
    return max == -(real)INFINITY ? 0 : max;
}

static inline real rows_sum_exp(const real *x, real shift, int64_t C)
{
    Wide sum = wide_of(0);
    for (int64_t c = 0; c < C; c += WIDE) sum += wide_exp(wide_get(x + c, C - c, -(real)INFINITY) - shift);
    return wide_sum(sum);
}

/* log sum exp, -inf where all are masked: log 0. */
static inline real rows_lse(const real *x, int64_t C)
{
    real shift = rows_shift(x, C);
    return shift + (real)log((double)rows_sum_exp(x, shift, C));
}
