/* norm.h -- what the normalisations share: sums over what lies one behind the other. */
#pragma once
#include <math.h>
#include "loops.h"
#include "wide.h"

/* Sums go by vectors, four of them, so that additions need not wait for each other; blocks are added in double, because
 * a channel may have millions of numbers. */
enum { NORM_BLOCK = 1024, NORM_STEP = 4 * WIDE };

static inline double norm_total(const Wide *sum) { return (double)wide_sum(sum[0] + sum[1] + (sum[2] + sum[3])); }

static inline double norm_sum_block(const real *x, int64_t N)
{
    Wide    sum[4] = { { 0 } };
    int64_t i = 0;
    for (; i + NORM_STEP <= N; i += NORM_STEP)
        for (int k = 0; k < 4; k++) sum[k] += wide_get(x + i + k * WIDE, WIDE, 0);
    for (; i < N; i += WIDE) sum[0] += wide_get(x + i, N - i, 0);
    return norm_total(sum);
}

/* sum (x - mean)^2 */
static inline double norm_squares_block(const real *x, real mean, int64_t N)
{
    Wide    sum[4] = { { 0 } };
    int64_t i = 0;
    for (; i + NORM_STEP <= N; i += NORM_STEP)
        for (int k = 0; k < 4; k++) {
            Wide d = wide_get(x + i + k * WIDE, WIDE, mean) - mean;
            sum[k] = wide_fma(d, d, sum[k]);
        }
    for (; i < N; i += WIDE) {
        Wide d = wide_get(x + i, N - i, mean) - mean;
        sum[0] = wide_fma(d, d, sum[0]);
    }
    return norm_total(sum);
}

/* *dy1 += sum dy,  *dyx += sum dy (x - mean) */
static inline void norm_dots_block(double *dy1, double *dyx, const real *dy, const real *x, real mean, int64_t N)
{
    Wide    one[4] = { { 0 } }, other[4] = { { 0 } };
    int64_t i = 0;
    for (; i + NORM_STEP <= N; i += NORM_STEP)
        for (int k = 0; k < 4; k++) {
            Wide d = wide_get(dy + i + k * WIDE, WIDE, 0);
            one[k] += d;
            other[k] = wide_fma(d, wide_get(x + i + k * WIDE, WIDE, mean) - mean, other[k]);
        }
    for (; i < N; i += WIDE) {
        Wide d = wide_get(dy + i, N - i, 0);
        one[0] += d;
        other[0] = wide_fma(d, wide_get(x + i, N - i, mean) - mean, other[0]);
    }
    *dy1 += norm_total(one);
    *dyx += norm_total(other);
}

static inline int64_t norm_block(int64_t left) { return left < NORM_BLOCK ? left : NORM_BLOCK; }

static inline double norm_sum(const real *x, int64_t N)
{
    double sum = 0;
    for (int64_t i = 0; i < N; i += NORM_BLOCK) sum += norm_sum_block(x + i, norm_block(N - i));
    return sum;
}

static inline double norm_squares(const real *x, real mean, int64_t N)
{
    double sum = 0;
    for (int64_t i = 0; i < N; i += NORM_BLOCK) sum += norm_squares_block(x + i, mean, norm_block(N - i));
    return sum;
}

static inline void norm_dots(double *dy1, double *dyx, const real *dy, const real *x, real mean, int64_t N)
{
    for (int64_t i = 0; i < N; i += NORM_BLOCK) norm_dots_block(dy1, dyx, dy + i, x + i, mean, norm_block(N - i));
}

/* y = (x - mean) scale + shift */
static inline void norm_apply(real *y, const real *x, real mean, real scale, real shift, int64_t N)
{
#pragma omp simd
    for (int64_t i = 0; i < N; i++) y[i] = (x[i] - mean) * scale + shift;
}

/* dx = dy scale - (x - mean) slope - shift */
static inline void norm_apply_back(real *dx, const real *dy, const real *x, real mean, real scale, real slope,
                                   real shift, int64_t N)
{
#pragma omp simd
    for (int64_t i = 0; i < N; i++) dx[i] = dy[i] * scale - (x[i] - mean) * slope - shift;
}

/* Weight and bias are there or not; if there, (C). */
static inline const char *norm_weights(const Node *n, int from, int to, int64_t C)
{
    for (int i = from; i < to; i++)
        if (n->in[i] && (n->in[i]->ndim != 1 || n->in[i]->shape[0] != C))
            return "weight, bias and statistics must have one number a channel";
    return NULL;
}

static inline const real *norm_data(const Tensor *x) { return x ? x->data : NULL; }

/* Images, or anything (N,C,...): S numbers of a channel lie together. */
typedef struct Planes { int64_t N, C, S; } Planes;
static inline Planes planes(const Tensor *x)
{
    Planes p = { x->shape[0], x->shape[1], 1 };
    for (int d = 2; d < x->ndim; d++) p.S *= x->shape[d];
    return p;
}

/* Backward nodes: in[0] x and in[1] w or NULL -> dx, dw (C), db (C). Parameters' gradients are to be taken over. */
static inline const char *norm_backward_shapes(Node *n, int64_t C)
{
    tensor_set_shape(n->out[0], n->in[0]->ndim, n->in[0]->shape);
    for (int i = 1; i < n->n_out; i++) {
        tensor_set_shape(n->out[i], SHAPE(C));
        if (n->in[1]) n->out[i]->arena = n->in[1]->arena;
    }
    return NULL;
}

static inline double norm_flops(const Node *n) { return 8 * (double)tensor_count(n->in[0]); }
static inline double norm_backward_flops(const Node *n) { return 14 * (double)tensor_count(n->in[0]); }
