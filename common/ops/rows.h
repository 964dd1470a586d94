/* rows.h -- a tensor as rows of its last dimension, and what softmax and its relatives ask of a row. */
#pragma once
#include "loops.h"
#include "vmath.h"

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

/* How many rows to work on together: many short ones, which fit the innermost cache; of longer ones each by itself. */
enum { ROWS_SHORT = 32, ROWS_TILE = 1024 };
static inline int64_t rows_tile(int64_t C) { return C > 0 && C < ROWS_SHORT ? ROWS_TILE / C : 1; }

/* The largest, NaN ignored. In lanes by hand: not every compiler makes vector code of a maximum that may meet NaN. */
static inline real rows_max(const real *x, int64_t C)
{
    enum { LANES = 32 };
    real    lane[LANES], max = -INFINITY;
    int64_t c = 0;
    if (C >= LANES) {
        for (int k = 0; k < LANES; k++) lane[k] = -INFINITY;
        for (; c + LANES <= C; c += LANES)
#pragma omp simd
            for (int k = 0; k < LANES; k++) lane[k] = x[c + k] > lane[k] ? x[c + k] : lane[k];
        for (int half = LANES / 2; half > 0; half /= 2)
            for (int k = 0; k < half; k++) lane[k] = lane[k + half] > lane[k] ? lane[k + half] : lane[k];
        max = lane[0];
    }
    for (; c < C; c++) max = x[c] > max ? x[c] : max;
    return max;
}

/* What to subtract before exp, or it overflows: the largest; 0 where all are masked, because -inf - -inf is NaN. */
static inline real rows_shift(const real *x, int64_t C)
{
    real max = rows_max(x, C);
    return max == -(real)INFINITY ? 0 : max;
}

static inline real rows_sum_exp(const real *x, real shift, int64_t C)
{
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < C; c++) sum += vexp(x[c] - shift);
    return sum;
}

/* log sum exp, -inf where all are masked: log 0. */
static inline real rows_lse(const real *x, int64_t C)
{
    real shift = rows_shift(x, C);
    return shift + (real)log((double)rows_sum_exp(x, shift, C));
}
