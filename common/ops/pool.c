/* pool.c -- the largest, or the mean, of the pixels in a window; or the mean of a whole image. */
#include <string.h>
#include "loops.h"

static const char *shape(Node *n)
{
    const PoolArg *a = n->arg;
    const Tensor *x = n->in[0];
    if (x->ndim != 4) return "needs images (N,C,H,W)";
    int64_t y[4] = { x->shape[0], x->shape[1] };
    for (int d = 0; d < 2; d++) {
        if (a->kernel[d] < 1 || a->stride[d] < 1 || a->pad[d] < 0)
            return "the kernel must have a pixel, strides and padding no less than 0";
        if (2 * a->pad[d] > a->kernel[d]) return "padding must be at most half the kernel";
        if (x->shape[2 + d] + 2 * a->pad[d] < a->kernel[d]) return "the kernel reaches beyond the image";
        y[2 + d] = (x->shape[2 + d] + 2 * a->pad[d] - a->kernel[d]) / a->stride[d] + 1;
    }
    tensor_set_shape(n->out[0], 4, y);
    return NULL;
}

/* The window of output i along dimension d, cut at the borders of N pixels. */
typedef struct Window { int64_t from, to; } Window;
static Window window(const PoolArg *a, int d, int64_t i, int64_t N)
{
    int64_t from = i * a->stride[d] - a->pad[d], to = from + a->kernel[d];
    return (Window){ from < 0 ? 0 : from, to > N ? N : to };
}

static double flops(const Node *n)
{
    const PoolArg *a = n->arg;
    return (double)tensor_count(n->out[0]) * a->kernel[0] * a->kernel[1];
}

/* ---- max: the second output says where each maximum is in its image: the first of equals, or a NaN ---- */

static const char *max_shape(Node *n)
{
    const char *wrong = shape(n);
    if (wrong) return wrong;
    if (n->in[0]->shape[2] * n->in[0]->shape[3] > INT32_MAX) return "images too large";
    tensor_set_shape(n->out[1], 4, n->out[0]->shape);
    n->out[1]->dtype = I32;
    n->out[1]->needs_grad = false;
    return NULL;
}

static void max_any(real *y, int32_t *which, const real *x, const PoolArg *a, int64_t H, int64_t W, int64_t OH,
                    int64_t OW)
{
    for (int64_t i = 0; i < OH; i++)
        for (int64_t j = 0; j < OW; j++) {
            const Window r = window(a, 0, i, H), c = window(a, 1, j, W);
            int64_t best = r.from * W + c.from;
            for (int64_t k = r.from; k < r.to; k++)
                for (int64_t l = c.from; l < c.to; l++) {
                    const real v = x[k * W + l];
                    if (v > x[best] || (v != v && x[best] == x[best])) best = k * W + l;
                }
            y[i * OW + j] = x[best];
            which[i * OW + j] = (int32_t)best;
        }
}

/* Two by two, as nearly always: four numbers and no loop. Always so many results, however few are left of a row: all is
 * known when compiling, and no branch depends on what the pixels are. */
enum { TOGETHER = 16 };

/* -1 or 0: with a bool gcc 12 makes no vector code. A NaN is better than all but a NaN before it. */
static inline int32_t better(real a, real b) { return (a <= b ? 0 : -1) & (b == b ? -1 : 0); }

static void max_2x2_row(real *restrict y, int32_t *restrict which, const real *above, const real *below, int32_t at,
                        int32_t down)
{
#pragma omp simd
    for (int32_t j = 0; j < TOGETHER; j++) {
        const real b = above[2 * j + 1], c = below[2 * j], d = below[2 * j + 1];
        real best = above[2 * j];
        int32_t from = 0, more = better(b, best);
        from = more ? 1 : from, best = more ? b : best;
        more = better(c, best);
        from = more ? down : from, best = more ? c : best;
        more = better(d, best);
        from = more ? down + 1 : from, best = more ? d : best;
        y[j] = best;
        which[j] = at + 2 * j + from;
    }
}

/* end: of all images. Further than the row, but not beyond it, may be read. */
static void max_2x2(real *y, int32_t *which, const real *x, int64_t W, int64_t OH, int64_t OW, const real *end)
{
    for (int64_t i = 0; i < OH; i++)
        for (int64_t j = 0, n; j < OW; j += n, y += n, which += n) {
            const int64_t at = 2 * (i * W + j);
            const real *above = x + at, *below = above + W;
            real row[2][2 * TOGETHER] = { { 0 } }, best[TOGETHER];
            int32_t where[TOGETHER];
            n = OW - j < TOGETHER ? OW - j : TOGETHER;
            if (end - below < 2 * TOGETHER) {
                memcpy(row[0], above, (size_t)(2 * n) * sizeof *x);
                memcpy(row[1], below, (size_t)(2 * n) * sizeof *x);
                above = row[0], below = row[1];
            }
            max_2x2_row(best, where, above, below, (int32_t)at, (int32_t)W);
            for (int64_t k = 0; k < n; k++) y[k] = best[k], which[k] = where[k];
        }
}

static void max_forward(Tape *t, Node *n)
{
    (void)t;
    const PoolArg *a = n->arg;
    const int64_t *x = n->in[0]->shape, *y = n->out[0]->shape, images = x[0] * x[1], S = x[2] * x[3], P = y[2] * y[3];
    const bool plain = a->kernel[0] == 2 && a->kernel[1] == 2 && a->stride[0] == 2 && a->stride[1] == 2 &&
                       a->pad[0] == 0 && a->pad[1] == 0;
    const real *in = n->in[0]->data;
    real *out = n->out[0]->data;
    int32_t *which = n->out[1]->data;
#pragma omp parallel for if (images * S > PARALLEL / 2)
    for (int64_t i = 0; i < images; i++) {
        if (plain) max_2x2(out + i * P, which + i * P, in + i * S, x[3], y[2], y[3], in + images * S);
        else max_any(out + i * P, which + i * P, in + i * S, a, x[2], x[3], y[2], y[3]);
    }
}

/* In: dy, which. The argument is the input's shape. */
static const char *max_backward_shape(Node *n)
{
    const ShapeArg *to = n->arg;
    tensor_set_shape(n->out[0], to->ndim, to->shape);
    return NULL;
}

static void max_forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    const int64_t *x = n->out[0]->shape, *y = n->in[0]->shape, images = x[0] * x[1], S = x[2] * x[3], P = y[2] * y[3];
    const real *dy = n->in[0]->data;
    const int32_t *which = n->in[1]->data;
    real *dx = n->out[0]->data;
#pragma omp parallel for if (images * S > PARALLEL / 2)
    for (int64_t i = 0; i < images; i++) {
        for (int64_t s = 0; s < S; s++) dx[i * S + s] = 0;
        for (int64_t p = 0; p < P; p++) dx[i * S + which[i * P + p]] += dy[i * P + p];
    }
}

static const Op op_of_max_backward = { .name = "max_pool2d_backward", .dtypes = 1u << REAL | 1u << I32,
                                    .shape = max_backward_shape,
                                    .forward = { [DEV_CPU] = max_forward_of_backward } };

static ShapeArg shape_of(const Tensor *x)
{
    return (ShapeArg){ .ndim = 4, .shape = { x->shape[0], x->shape[1], x->shape[2], x->shape[3] } };
}

static void max_backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *dy = n->out[0]->grad, *which = n->out[1];
    ShapeArg to = shape_of(x);
    tape_add_grad(t, x,
                  tape_run(t, (Node){ .op = &op_of_max_backward, IN(dy, which), .arg = &to, .arg_size = sizeof to }));
}

static const Op op_of_max = { .name = "max_pool2d", .dtypes = 1u << REAL, .shape = max_shape, .backward = max_backward,
                           .forward = { [DEV_CPU] = max_forward }, .flops = flops };

/* ---- mean: the padding counts ---- */

static void avg_forward(Tape *t, Node *n)
{
    (void)t;
    const PoolArg *a = n->arg;
    const int64_t *x = n->in[0]->shape, *y = n->out[0]->shape, images = x[0] * x[1], S = x[2] * x[3], P = y[2] * y[3];
    const real share = 1 / (real)(a->kernel[0] * a->kernel[1]), *in = n->in[0]->data;
    real *out = n->out[0]->data;
#pragma omp parallel for if (images * S > PARALLEL / 2)
    for (int64_t i = 0; i < images; i++)
        for (int64_t p = 0; p < P; p++) {
            const Window r = window(a, 0, p / y[3], x[2]), c = window(a, 1, p % y[3], x[3]);
            real sum = 0;
            for (int64_t k = r.from; k < r.to; k++)
                for (int64_t l = c.from; l < c.to; l++) sum += in[i * S + k * x[3] + l];
            out[i * P + p] = sum * share;
        }
}

static const char *avg_backward_shape(Node *n)
{
    const AvgPoolBackwardArg *a = n->arg;
    tensor_set_shape(n->out[0], 4, a->to.shape);
    return NULL;
}

static void avg_forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    const PoolArg *a = &((const AvgPoolBackwardArg *)n->arg)->pool;
    const int64_t *x = n->out[0]->shape, *y = n->in[0]->shape, images = x[0] * x[1], S = x[2] * x[3], P = y[2] * y[3];
    const real share = 1 / (real)(a->kernel[0] * a->kernel[1]), *dy = n->in[0]->data;
    real *dx = n->out[0]->data;
#pragma omp parallel for if (images * S > PARALLEL / 2)
    for (int64_t i = 0; i < images; i++) {
        for (int64_t s = 0; s < S; s++) dx[i * S + s] = 0;
        for (int64_t p = 0; p < P; p++) {
            const Window r = window(a, 0, p / y[3], x[2]), c = window(a, 1, p % y[3], x[3]);
            for (int64_t k = r.from; k < r.to; k++)
                for (int64_t l = c.from; l < c.to; l++) dx[i * S + k * x[3] + l] += dy[i * P + p] * share;
        }
    }
}

static const Op op_of_avg_backward = { .name = "avg_pool2d_backward", .dtypes = 1u << REAL, .shape = avg_backward_shape,
                                    .forward = { [DEV_CPU] = avg_forward_of_backward } };

static void avg_backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *dy = n->out[0]->grad;
    AvgPoolBackwardArg a = { shape_of(x), *(const PoolArg *)n->arg };
    tape_add_grad(t, x, tape_run(t, (Node){ .op = &op_of_avg_backward, IN(dy), .arg = &a, .arg_size = sizeof a }));
}

static const Op op_of_avg = { .name = "avg_pool2d", .dtypes = 1u << REAL, .shape = shape, .backward = avg_backward,
                           .forward = { [DEV_CPU] = avg_forward }, .flops = flops };

static PoolArg with_strides(PoolArg a)
{
    for (int d = 0; d < 2; d++)
        if (a.stride[d] == 0) a.stride[d] = a.kernel[d];
    return a;
}

Tensor *op_max_pool2d(Tape *t, Tensor *x, PoolArg a)
{
    a = with_strides(a);
    return tape_run(t, (Node){ .op = &op_of_max, .n_out = 2, IN(x), .arg = &a, .arg_size = sizeof a });
}

Tensor *op_avg_pool2d(Tape *t, Tensor *x, PoolArg a)
{
    a = with_strides(a);
    return tape_run(t, (Node){ .op = &op_of_avg, IN(x), .arg = &a, .arg_size = sizeof a });
}

Tensor *op_global_avg_pool2d(Tape *t, Tensor *x)
{
    CHECK(x->ndim == 4, "global_avg_pool2d: needs images (N,C,H,W): %s", tensor_text(x).s);
    return op_mean(t, x, 1u << 2 | 1u << 3);
}
