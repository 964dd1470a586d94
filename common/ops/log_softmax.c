/* log_softmax.c -- y_c = x_c - log sum_k exp(x_k), a row at a time. */
#include "rows.h"

static void log_row(real *y, const real *x, int64_t C)
{
    real shift = rows_shift(x, C), log_sum = (real)log((double)rows_sum_exp(x, shift, C));
    if (log_sum == -(real)INFINITY) log_sum = 0; /* all masked: -inf - 0, not -inf - -inf */
#pragma omp simd
    for (int64_t c = 0; c < C; c++) y[c] = x[c] - shift - log_sum;
}

/* Many short rows at once, as softmax does it. */
static void short_rows(real *restrict y, const real *restrict x, int64_t N, int64_t C)
{
    real e[ROWS_TILE];
    for (int64_t i = 0; i < N; i++) {
        const real *in = x + i * C;
        real *out = y + i * C, max = -(real)INFINITY;
        for (int64_t c = 0; c < C; c++) max = in[c] > max ? in[c] : max;
        max = max == -(real)INFINITY ? 0 : max;
        for (int64_t c = 0; c < C; c++) out[c] = in[c] - max;
    }
    for (int64_t c = 0; c < N * C; c++) e[c] = vexp(y[c]);
    for (int64_t i = 0; i < N; i++) {
        real *out = y + i * C, sum = 0;
        for (int64_t c = 0; c < C; c++) sum += e[i * C + c];
        real log_sum = sum == 0 ? 0 : (real)log((double)sum);
        for (int64_t c = 0; c < C; c++) out[c] -= log_sum;
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
        else log_row(y + i * C, x + i * C, C);
}

/* dx_c = dy_c - exp(y_c) sum_k dy_k */
static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]);
    const real *y = n->in[0]->data, *dy = n->in[1]->data;
    real *dx = n->out[0]->data;
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i++) {
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t c = i * C; c < (i + 1) * C; c++) sum += dy[c];
#pragma omp simd
        for (int64_t c = i * C; c < (i + 1) * C; c++) dx[c] = dy[c] - vexp(y[c]) * sum;
    }
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
