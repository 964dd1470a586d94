/* layernorm.c -- y = (x - mean) / sqrt(var + eps) w + b over each row; rmsnorm: y = x / sqrt(mean x^2 + eps) w.
 * Ba, Kiros, Hinton 2016, arXiv:1607.06450; Zhang, Sennrich 2019, arXiv:1910.07467. */
#include <string.h>
#include "norm.h"
#include "rows.h"
#include "stream.h"

/* rmsnorm is layernorm that takes the mean for 0. Inlined with `centred` known, so that each is the shorter code. */
#define EITHER __attribute__((always_inline)) static inline

/* ---- Forward. Inputs x, w, b; outputs y, and of each row 1 / sqrt(var + eps) and the mean, for backward ---- */

static const char *shape(Node *n)
{
    const Tensor *x = n->in[0];
    if (x->ndim < 1) return "needs rows: at least one dimension";
    for (int i = 1; i < n->n_out; i++) {
        tensor_set_shape(n->out[i], x->ndim - 1, x->shape);
        n->out[i]->needs_grad = false;
    }
    tensor_set_shape(n->out[0], x->ndim, x->shape);
    return norm_weights(n, 1, n->n_in, rows_length(x));
}

/* y = (x - mean) scale w + b */
EITHER void apply_row(real *y, const real *x, const real *w, const real *b, real mean, real scale, int64_t C)
{
    for (int64_t c = 0; c < C; c += WIDE) {
        const Wide h = (wide_get(x + c, C - c, mean) - mean) * scale;
        const Wide shift = b ? wide_get(b + c, C - c, 0) : wide_of(0);
        wide_put(y + c, w ? wide_fma(h, wide_get(w + c, C - c, 0), shift) : h + shift, C - c);
    }
}

/* A large output goes past the caches, by way of a piece that stays in the nearest. */
static void write_row(real *y, const real *x, const real *w, const real *b, real mean, real scale, int64_t C, bool past)
{
    real piece[STREAM_PIECE];
    if (!past) apply_row(y, x, w, b, mean, scale, C);
    else
        for (int64_t c = 0; c < C; c += STREAM_PIECE) {
            int64_t width = C - c < STREAM_PIECE ? C - c : STREAM_PIECE;
            apply_row(piece, x + c, w ? w + c : NULL, b ? b + c : NULL, mean, scale, width);
            stream(y + c, piece, width);
        }
}

/* A few rows side by side, as many as leave room in the nearest cache: none waits for another's sum. */
enum { TOGETHER = 4, ROWS_FIT = 2048 };

EITHER void forward_rows(const Node *n, bool centred)
{
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]);
    const real *x = n->in[0]->data, *w = norm_data(n->in[1]), *b = centred ? norm_data(n->in[2]) : NULL;
    const double eps = ((const NormArg *)n->arg)->eps;
    const int64_t together = C > ROWS_FIT ? 1 : C > ROWS_FIT / TOGETHER ? ROWS_FIT / C : TOGETHER;
    const bool past = stream_pays(n->out[0], C);
    real *y = n->out[0]->data, *scale = n->out[1]->data, *mean = centred ? n->out[2]->data : NULL;
#pragma omp parallel if (N * C > PARALLEL)
    {
#pragma omp for nowait
        for (int64_t i = 0; i < N; i += together) {
            const int64_t to = N - i < together ? N : i + together;
            real m[TOGETHER] = { 0 };
            for (int64_t k = i; k < to && centred; k++) mean[k] = m[k - i] = (real)(norm_sum(x + k * C, C) / (double)C);
            for (int64_t k = i; k < to; k++)
                scale[k] = (real)(1 / sqrt(norm_squares(x + k * C, m[k - i], C) / (double)C + eps));
            for (int64_t k = i; k < to; k++) write_row(y + k * C, x + k * C, w, b, m[k - i], scale[k], C, past);
        }
        stream_end();
    }
}

static void layer_forward(Tape *t, Node *n) { (void)t, forward_rows(n, true); }
static void rms_forward(Tape *t, Node *n) { (void)t, forward_rows(n, false); }

/* ---- Backward. Inputs x, w, dy, scale, mean; outputs dx, dw, db ---- */

static const char *backward_shape(Node *n) { return norm_backward_shapes(n, rows_length(n->in[0])); }

typedef struct Gradients { real *dx, *dw, *db; } Gradients;

/* With h = (x - mean) scale and g = dy w:
 *     dx = scale (g - mean(g) - h mean(g h)),  dw += dy h,  db += dy
 * rms: without the mean, mean(g) and db. Short rows go a few side by side: dw and db are read and written once for all
 * of them. Long ones one by one: more would drive each other out of the nearest cache. */
enum { ROWS_BACK = 4, SHORT_BACK = 512 };

EITHER void backward_some(Gradients to, const real *x, const real *w, const real *dy, const real *mean,
                          const real *scale, int rows, int64_t C)
{
    Wide sum[ROWS_BACK] = { { 0 } }, dot[ROWS_BACK] = { { 0 } };
    for (int64_t c = 0; c < C; c += WIDE) {
        const Wide weight = w ? wide_get(w + c, C - c, 0) : wide_of(1);
        Wide dw = wide_get(to.dw + c, C - c, 0), db = mean ? wide_get(to.db + c, C - c, 0) : dw;
        for (int r = 0; r < rows; r++) {
            const real m = mean ? mean[r] : 0;
            const Wide d = wide_get(dy + r * C + c, C - c, 0), g = w ? d * weight : d;
            const Wide h = (wide_get(x + r * C + c, C - c, m) - m) * scale[r];
            if (mean) sum[r] += g, db += d;
            dot[r] = wide_fma(g, h, dot[r]);
            dw = wide_fma(d, h, dw);
        }
        wide_put(to.dw + c, dw, C - c);
        if (mean) wide_put(to.db + c, db, C - c);
    }
    for (int r = 0; r < rows; r++) {
        const real m = mean ? mean[r] : 0, less = mean ? scale[r] * (wide_sum(sum[r]) / (real)C) : 0;
        const real of_h = scale[r] * scale[r] * (wide_sum(dot[r]) / (real)C);
        for (int64_t c = 0; c < C; c += WIDE) {
            const Wide d = wide_get(dy + r * C + c, C - c, 0), g = w ? d * wide_get(w + c, C - c, 0) : d;
            const Wide off = wide_get(x + r * C + c, C - c, 0) - m;
            wide_put(to.dx + r * C + c, g * scale[r] - off * of_h - less, C - c);
        }
    }
}

/* y_c = sum over parts p of sum[p step + c] */
static void add_parts(real *y, const real *sum, int64_t parts, int64_t step, int64_t C)
{
    enum { BLOCK = 256 };
    for (int64_t c = 0; c < C; c += BLOCK) {
        int64_t width = C - c < BLOCK ? C - c : BLOCK;
        double total[BLOCK] = { 0 };
        for (int64_t p = 0; p < parts; p++)
            for (int64_t k = 0; k < width; k++) total[k] += (double)sum[p * step + c + k];
        for (int64_t k = 0; k < width; k++) y[c + k] = (real)total[k];
    }
}

/* Parameters' gradients are summed a part of the rows at a time, and the parts one after the other: the number of
 * threads changes nothing. */
EITHER void backward_rows(Tape *t, const Node *n, bool centred)
{
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]), rows = N / 64 > 64 ? N / 64 : 64;
    int64_t parts = (N + rows - 1) / rows;
    const real *x = n->in[0]->data, *w = norm_data(n->in[1]), *dy = n->in[2]->data, *scale = n->in[3]->data;
    const real *mean = centred ? n->in[4]->data : NULL;
    const int together = C <= SHORT_BACK ? ROWS_BACK : 1;
    real *sums = tape_scratch(t, (size_t)(2 * parts * C) * sizeof *sums);
#pragma omp parallel for if (N * C > PARALLEL)
    for (int64_t p = 0; p < parts; p++) {
        real *dw = sums + 2 * p * C, *db = dw + C;
        const int64_t end = N < (p + 1) * rows ? N : (p + 1) * rows;
        memset(dw, 0, (size_t)(2 * C) * sizeof *dw);
        for (int64_t i = p * rows; i < end; i += together) {
            const Gradients to = { (real *)n->out[0]->data + i * C, dw, db };
            const real *in = x + i * C, *d = dy + i * C, *m = centred ? mean + i : NULL;
            const int some = end - i < together ? (int)(end - i) : together;
            if (some == ROWS_BACK && w) backward_some(to, in, w, d, m, scale + i, ROWS_BACK, C);
            else if (some == 1 && w) backward_some(to, in, w, d, m, scale + i, 1, C);
            else backward_some(to, in, w, d, m, scale + i, some, C);
        }
    }
    for (int k = 0; k < (centred ? 2 : 1); k++) add_parts(n->out[1 + k]->data, sums + k * C, parts, 2 * C, C);
}

static void layer_forward_of_backward(Tape *t, Node *n) { backward_rows(t, n, true); }
static void rms_forward_of_backward(Tape *t, Node *n) { backward_rows(t, n, false); }

static const Op layer_backward_op = { .name = "layernorm_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                      .forward = { [DEV_CPU] = layer_forward_of_backward },
                                      .flops = norm_backward_flops };
static const Op rms_backward_op = { .name = "rmsnorm_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                    .forward = { [DEV_CPU] = rms_forward_of_backward }, .flops = norm_backward_flops };

static void layer_backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *dy = n->out[0]->grad, *scale = n->out[1], *mean = n->out[2], *d[3];
    tape_run_all(t, (Node){ .op = &layer_backward_op, .n_out = 3, IN(x, w, dy, scale, mean) }, d);
    for (int i = 0; i < 3; i++) tape_add_grad(t, n->in[i], d[i]);
}

static void rms_backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *dy = n->out[0]->grad, *scale = n->out[1], *d[2];
    tape_run_all(t, (Node){ .op = &rms_backward_op, .n_out = 2, IN(x, w, dy, scale) }, d);
    for (int i = 0; i < 2; i++) tape_add_grad(t, n->in[i], d[i]);
}

static const Op layernorm = { .name = "layernorm", .dtypes = 1u << REAL, .shape = shape, .backward = layer_backward,
                              .forward = { [DEV_CPU] = layer_forward }, .flops = norm_flops };
static const Op rmsnorm = { .name = "rmsnorm", .dtypes = 1u << REAL, .shape = shape, .backward = rms_backward,
                            .forward = { [DEV_CPU] = rms_forward }, .flops = norm_flops };

Tensor *op_layernorm(Tape *t, Tensor *x, Tensor *w, Tensor *b, double eps)
{
    return tape_run(t, (Node){ .op = &layernorm, .n_out = 3, IN(x, w, b), ARG(NormArg, .eps = eps) });
}

Tensor *op_rmsnorm(Tape *t, Tensor *x, Tensor *w, double eps)
{
    return tape_run(t, (Node){ .op = &rmsnorm, .n_out = 2, IN(x, w), ARG(NormArg, .eps = eps) });
}
