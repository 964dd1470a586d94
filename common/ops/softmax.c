/* softmax.c -- y_c = exp(x_c) / sum_k exp(x_k), a row at a time. */
#include "rows.h"
#include "stream.h"

static void softmax_row(real *y, const real *x, int64_t C)
{
    real shift = rows_shift(x, C);
    Wide sums = wide_of(0);
    for (int64_t c = 0; c < C; c += WIDE) {
        Wide e = wide_exp(wide_get(x + c, C - c, -(real)INFINITY) - shift);
        wide_put(y + c, e, C - c);
        sums += e;
    }
    real sum = wide_sum(sums), scale = sum > 0 ? 1 / sum : sum; /* nothing but masked scores: zeros. NaN stays NaN */
    for (int64_t c = 0; c < C; c += WIDE) wide_put(y + c, wide_get(y + c, C - c, 0) * scale, C - c);
}

/* A large output goes past the caches, by way of a piece that stays in the nearest. */
static void write_row(real *y, const real *x, int64_t C)
{
    real piece[STREAM_PIECE];
    softmax_row(piece, x, C);
    stream(y, piece, C);
}

static void short_rows(real *y, const real *x, int64_t rows, int64_t C)
{
    Wide v[ROWS_SHORT], sum = wide_of(0);
    rows_turned(v, x, rows, C);
    const Wide shift = rows_turned_shift(v, C);
    for (int64_t c = 0; c < C; c++) sum += v[c] = wide_exp(v[c] - shift);
    const Wide scale = 1 / wide_max(wide_of(1), sum); /* the largest has added 1, or there is nothing to scale */
    for (int64_t c = 0; c < C; c++) v[c] *= scale;
    rows_turned_back(y, v, rows, C);
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]), step = rows_at_once(C);
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
    const bool past = stream_pays(n->out[0], C) && C <= STREAM_PIECE;
#pragma omp parallel if (N * C > PARALLEL / 4)
    {
#pragma omp for nowait
        for (int64_t i = 0; i < N; i += step)
            if (step > 1) short_rows(y + i * C, x + i * C, N - i < step ? N - i : step, C);
            else if (past) write_row(y + i * C, x + i * C, C);
            else softmax_row(y + i * C, x + i * C, C);
        stream_end();
    }
}

/* dx_c = y_c (dy_c - sum_k y_k dy_k) */
static void apply_row(real *dx, const real *y, const real *dy, real dot, int64_t C)
{
    for (int64_t c = 0; c < C; c += WIDE)
        wide_put(dx + c, wide_get(y + c, C - c, 0) * (wide_get(dy + c, C - c, 0) - dot), C - c);
}

static void backward_row(real *dx, const real *y, const real *dy, int64_t C, bool past)
{
    real piece[STREAM_PIECE];
    Wide dots[4] = { { 0 } };
    int64_t c = 0;
    for (; c + 4 * WIDE <= C; c += 4 * WIDE)
        for (int k = 0; k < 4; k++)
            dots[k] += wide_get(y + c + k * WIDE, WIDE, 0) * wide_get(dy + c + k * WIDE, WIDE, 0);
    for (; c < C; c += WIDE) dots[0] += wide_get(y + c, C - c, 0) * wide_get(dy + c, C - c, 0);
    const real dot = wide_sum(dots[0] + dots[1] + (dots[2] + dots[3]));
    if (!past) apply_row(dx, y, dy, dot, C);
    else
        for (c = 0; c < C; c += STREAM_PIECE) {
            int64_t width = C - c < STREAM_PIECE ? C - c : STREAM_PIECE;
            apply_row(piece, y + c, dy + c, dot, width);
            stream(dx + c, piece, width);
        }
}

static void short_rows_back(real *dx, const real *y, const real *dy, int64_t rows, int64_t C)
{
    Wide v[ROWS_SHORT], w[ROWS_SHORT], dot = wide_of(0);
    rows_turned(v, y, rows, C);
    rows_turned(w, dy, rows, C);
    for (int64_t c = 0; c < C; c++) dot += v[c] * w[c];
    for (int64_t c = 0; c < C; c++) v[c] *= w[c] - dot;
    rows_turned_back(dx, v, rows, C);
}

static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]), step = rows_at_once(C);
    const real *y = n->in[0]->data, *dy = n->in[1]->data;
    const bool past = stream_pays(n->out[0], C);
    real *dx = n->out[0]->data;
#pragma omp parallel if (N * C > PARALLEL)
    {
#pragma omp for nowait
        for (int64_t i = 0; i < N; i += step)
            if (step > 1) short_rows_back(dx + i * C, y + i * C, dy + i * C, N - i < step ? N - i : step, C);
            else backward_row(dx + i * C, y + i * C, dy + i * C, C, past);
        stream_end();
    }
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
