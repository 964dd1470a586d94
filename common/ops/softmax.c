/* softmax.c -- y_c = exp(x_c) / sum_k exp(x_k), a row at a time. */
#include "rows.h"

static void softmax_row(real *y, const real *x, int64_t C)
{
    real shift = rows_shift(x, C), sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < C; c++) {
        y[c] = vexp(x[c] - shift);
        sum += y[c];
    }
    real scale = sum > 0 ? 1 / sum : sum; /* nothing but masked scores: zeros. NaN stays NaN */
#pragma omp simd
    for (int64_t c = 0; c < C; c++) y[c] *= scale;
}

/* Rows shorter than a few vectors would leave those half empty. So many rows at once, in the innermost cache: exp, the
 * dear part, goes through all of them in one run. */
static void short_rows(real *restrict y, const real *restrict x, int64_t N, int64_t C)
{
    for (int64_t i = 0; i < N; i++) {
        const real *in = x + i * C;
        real *out = y + i * C, max = -(real)INFINITY;
        for (int64_t c = 0; c < C; c++) max = in[c] > max ? in[c] : max;
        max = max == -(real)INFINITY ? 0 : max;
        for (int64_t c = 0; c < C; c++) out[c] = in[c] - max;
    }
    for (int64_t c = 0; c < N * C; c++) y[c] = vexp(y[c]);
    for (int64_t i = 0; i < N; i++) {
        real *out = y + i * C, sum = 0;
        for (int64_t c = 0; c < C; c++) sum += out[c];
        real scale = sum > 0 ? 1 / sum : sum;
        for (int64_t c = 0; c < C; c++) out[c] *= scale;
    }
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]), tile = rows_tile(C);
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i += tile)
        if (tile > 1) short_rows(y + i * C, x + i * C, N - i < tile ? N - i : tile, C);
        else softmax_row(y + i * C, x + i * C, C);
}

/* dx_c = y_c (dy_c - sum_k y_k dy_k) */
static void backward_row(real *dx, const real *y, const real *dy, int64_t C)
{
    real dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t c = 0; c < C; c++) dot += y[c] * dy[c];
#pragma omp simd
    for (int64_t c = 0; c < C; c++) dx[c] = y[c] * (dy[c] - dot);
}

/* dx_c = y_c dy_c - y_c dot: the products of all rows first */
static void short_rows_back(real *restrict dx, const real *restrict y, const real *restrict dy, int64_t N,
                            int64_t C)
{
    for (int64_t c = 0; c < N * C; c++) dx[c] = y[c] * dy[c];
    for (int64_t i = 0; i < N; i++, dx += C, y += C) {
        real even = 0, odd = 0; /* two sums, so that one need not wait for the other */
        for (int64_t c = 0; c < C - 1; c += 2) even += dx[c], odd += dx[c + 1];
        real dot = even + odd + (C % 2 ? dx[C - 1] : 0);
        for (int64_t c = 0; c < C; c++) dx[c] -= y[c] * dot;
    }
}

static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]), tile = rows_tile(C);
    const real *y = n->in[0]->data, *dy = n->in[1]->data;
    real *dx = n->out[0]->data;
#pragma omp parallel for if (N * C > PARALLEL)
    for (int64_t i = 0; i < N; i += tile)
        if (tile > 1) short_rows_back(dx + i * C, y + i * C, dy + i * C, N - i < tile ? N - i : tile, C);
        else backward_row(dx + i * C, y + i * C, dy + i * C, C);
}

static const Op op_backward = { .name = "softmax_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *y = n->out[0];
    tape_add_grad(t, n->in[0], tape_run(t, (Node){ .op = &op_backward, IN(y, y->grad) }));
}

static const Op op = { .name = "softmax", .dtypes = 1u << REAL, .shape = rows_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_softmax(Tape *t, Tensor *x) { return tape_run(t, (Node){ .op = &op, IN(x) }); }
