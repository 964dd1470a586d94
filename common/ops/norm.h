/* norm.h -- what the normalisations share: sums over what lies one behind the other. */
#pragma once
#include <math.h>
#include "loops.h"

/* Sums go by lanes, so that additions need not wait for each other; blocks are added in double, because a channel may
 * have millions of numbers. */
enum { NORM_LANES = 64, NORM_BLOCK = 16 * NORM_LANES };

static inline double norm_lanes(const real *lane)
{
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < NORM_LANES; k++) sum += lane[k];
    return (double)sum;
}

static inline double norm_sum(const real *x, int64_t N)
{
    double  sum = 0;
    int64_t i = 0;
    while (N - i >= NORM_LANES) {
        real    lane[NORM_LANES] = { 0 };
        int64_t to = N - i < NORM_BLOCK ? N - NORM_LANES : i + NORM_BLOCK - NORM_LANES;
        for (; i <= to; i += NORM_LANES)
#pragma omp simd
            for (int k = 0; k < NORM_LANES; k++) lane[k] += x[i + k];
        sum += norm_lanes(lane);
    }
    real rest = 0;
#pragma omp simd reduction(+ : rest)
    for (int64_t k = i; k < N; k++) rest += x[k];
    return sum + (double)rest;
}

/* sum (x - mean)^2 */
static inline double norm_squares(const real *x, real mean, int64_t N)
{
    double  sum = 0;
    int64_t i = 0;
    while (N - i >= NORM_LANES) {
        real    lane[NORM_LANES] = { 0 };
        int64_t to = N - i < NORM_BLOCK ? N - NORM_LANES : i + NORM_BLOCK - NORM_LANES;
        for (; i <= to; i += NORM_LANES)
#pragma omp simd
            for (int k = 0; k < NORM_LANES; k++) lane[k] += (x[i + k] - mean) * (x[i + k] - mean);
        sum += norm_lanes(lane);
    }
    real rest = 0;
#pragma omp simd reduction(+ : rest)
    for (int64_t k = i; k < N; k++) rest += (x[k] - mean) * (x[k] - mean);
    return sum + (double)rest;
}

/* *dy1 += sum dy,  *dyx += sum dy (x - mean) */
static inline void norm_dots(double *dy1, double *dyx, const real *dy, const real *x, real mean, int64_t N)
{
    int64_t i = 0;
    while (N - i >= NORM_LANES) {
        real    one[NORM_LANES] = { 0 }, other[NORM_LANES] = { 0 };
        int64_t to = N - i < NORM_BLOCK ? N - NORM_LANES : i + NORM_BLOCK - NORM_LANES;
        for (; i <= to; i += NORM_LANES)
#pragma omp simd
            for (int k = 0; k < NORM_LANES; k++) {
                one[k] += dy[i + k];
                other[k] += dy[i + k] * (x[i + k] - mean);
            }
        *dy1 += norm_lanes(one);
        *dyx += norm_lanes(other);
    }
    real one = 0, other = 0;
#pragma omp simd reduction(+ : one, other)
    for (int64_t k = i; k < N; k++) {
        one += dy[k];
        other += dy[k] * (x[k] - mean);
    }
    *dy1 += (double)one;
    *dyx += (double)other;
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
