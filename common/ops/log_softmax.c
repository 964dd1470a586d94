/* log_softmax.c -- y_c = x_c - log sum_k exp(x_k), a row at a time. */
#include "rows.h"

static void log_row(real *y, const real *x, int64_t C)
{
    real shift = rows_shift(x, C), log_sum = (real)log((double)rows_sum_exp(x, shift, C));
    if (log_sum == -(real)INFINITY) log_sum = 0; /* all masked: -inf - 0, not -inf - -inf */
    for (int64_t c = 0; c < C; c += WIDE) wide_put(y + c, wide_get(x + c, C - c, 0) - shift - log_sum, C - c);
}

static void short_rows(real *y, const real *x, int64_t rows, int64_t C)
{
    Wide v[ROWS_SHORT];
    rows_turned(v, x, rows, C);
    const Wide shift = rows_turned_shift(v, C), sum = rows_turned_sum_exp(v, shift, C);
    const Wide log_sum = wide_log(wide_max(wide_of(1), sum)); /* the largest adds 1, unless all are masked */
    for (int64_t c = 0; c < C; c++) v[c] = v[c] - shift - log_sum;
    rows_turned_back(y, v, rows, C);
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]), step = rows_at_once(C);
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i += step)
        if (step > 1) short_rows(y + i * C, x + i * C, N - i < step ? N - i : step, C);
        else log_row(y + i * C, x + i * C, C);
}

/* dx_c = dy_c - exp(y_c) sum_k dy_k */
static void backward_row(real *dx, const real *y, const real *dy, int64_t C)
{
    Wide sums = wide_of(0);
    for (int64_t c = 0; c < C; c += WIDE) sums += wide_get(dy + c, C - c, 0);
    const real sum = wide_sum(sums);
    for (int64_t c = 0; c < C; c += WIDE)
        wide_put(dx + c, wide_get(dy + c, C - c, 0) - wide_exp(wide_get(y + c, C - c, 0)) * sum, C - c);
}

static void short_rows_back(real *dx, const real *y, const real *dy, int64_t rows, int64_t C)
{
    Wide v[ROWS_SHORT], w[ROWS_SHORT], sum = wide_of(0);
    rows_turned(v, y, rows, C);
    rows_turned(w, dy, rows, C);
    for (int64_t c = 0; c < C; c++) sum += w[c];
    for (int64_t c = 0; c < C; c++) v[c] = w[c] - wide_exp(v[c]) * sum;
    rows_turned_back(dx, v, rows, C);
}

static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]), step = rows_at_once(C);
    const real *y = n->in[0]->data, *dy = n->in[1]->data;
    real *dx = n->out[0]->data;
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i += step)
        if (step > 1) short_rows_back(dx + i * C, y + i * C, dy + i * C, N - i < step ? N - i : step, C);
        else backward_row(dx + i * C, y + i * C, dy + i * C, C);
}

static const Op op_backward = { .name = "log_softmax_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *y = n->out[0];
    tape_add_grad(t, n->in[0], tape_run(t, (Node){ .op = &op_backward, IN(y, y->grad) }));
}

static const Op op = { .name = "log_softmax", .dtypes = 1u << REAL, .shape = rows_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_log_softmax(Tape *t, Tensor *x) { return tape_run(t, (Node){ .op = &op, IN(x) }); }
