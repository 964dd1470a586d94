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

static void forward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]);
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i++) softmax_row(y + i * C, x + i * C, C);
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

static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]);
    const real *y = n->in[0]->data, *dy = n->in[1]->data;
    real *dx = n->out[0]->data;
#pragma omp parallel for if (N * C > PARALLEL)
    for (int64_t i = 0; i < N; i++) backward_row(dx + i * C, y + i * C, dy + i * C, C);
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
