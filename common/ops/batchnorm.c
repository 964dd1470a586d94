/* batchnorm.c -- y = (x - mean_c) / sqrt(var_c + eps) w_c + b_c, mean and var of a channel over all images: of this
 * batch, or fixed ones. Ioffe, Szegedy 2015, arXiv:1502.03167. */
#include "norm.h"

/* A channel's numbers lie S together. In a matrix S is 1, and they stand in columns: then it is better to go along the
 * rows, so many channels at a time. */
enum { COLUMNS = 64 };

static const char *check(const Node *n)
{
    const Tensor *x = n->in[0];
    return x->ndim < 2 ? "needs (N,C,...)" : norm_weights(n, 1, n->n_in, x->shape[1]);
}

/* Outputs: y, mean, var. */
static const char *shape(Node *n)
{
    const char *wrong = check(n);
    if (wrong) return wrong;
    const Planes s = planes(n->in[0]);
    if (s.N * s.S < 1) return "needs at least one number a channel";
    for (int i = 1; i < 3; i++) {
        tensor_set_shape(n->out[i], SHAPE(s.C));
        n->out[i]->needs_grad = false;
    }
    tensor_set_shape(n->out[0], n->in[0]->ndim, n->in[0]->shape);
    return NULL;
}

static const char *fixed_shape(Node *n)
{
    const char *wrong = check(n);
    return wrong ? wrong : same_shape(n);
}

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* sum[k] of channels c .. c + width - 1: of x, or of (x - mean)^2 */
static void add_up(double *sum, const real *x, const real *mean, Planes s, int64_t c, int64_t width)
{
    for (int64_t k = 0; k < width; k++) sum[k] = 0;
    for (int64_t i = 0; i < s.N; i++) {
        const real *in = x + (i * s.C + c) * s.S;
        if (s.S == 1 && mean)
            for (int64_t k = 0; k < width; k++) sum[k] += (double)(in[k] - mean[k]) * (double)(in[k] - mean[k]);
        else if (s.S == 1)
            for (int64_t k = 0; k < width; k++) sum[k] += (double)in[k];
        else
            for (int64_t k = 0; k < width; k++)
                sum[k] += mean ? norm_squares(in + k * s.S, mean[k], s.S) : norm_sum(in + k * s.S, s.S);
    }
}

static void statistics(real *mean, real *var, const real *x, Planes s)
{
    const double M = (double)(s.N * s.S);
    const int64_t step = s.S == 1 ? COLUMNS : 1;
#pragma omp parallel for if (s.N * s.C * s.S > PARALLEL)
    for (int64_t c = 0; c < s.C; c += step) {
        const int64_t width = least(step, s.C - c);
        double sum[COLUMNS];
        add_up(sum, x, NULL, s, c, width);
        for (int64_t k = 0; k < width; k++) mean[c + k] = (real)(sum[k] / M);
        add_up(sum, x, mean + c, s, c, width);
        for (int64_t k = 0; k < width; k++) var[c + k] = (real)(sum[k] / M);
    }
}

/* scale_c = w_c / sqrt(var_c + eps) */
static real scale_of(const real *var, double eps, const real *w, int64_t c)
{
    double root = 1 / sqrt((double)var[c] + eps);
    return (real)(w ? root * (double)w[c] : root);
}

static void normalise(Tape *t, const Node *n, const real *mean, const real *var)
{
    const Planes s = planes(n->in[0]);
    const real *x = n->in[0]->data, *w = norm_data(n->in[1]), *b = norm_data(n->in[2]);
    const double eps = ((const NormArg *)n->arg)->eps;
    real *y = n->out[0]->data, *scale = tape_scratch(t, (size_t)s.C * sizeof *scale);
    for (int64_t c = 0; c < s.C; c++) scale[c] = scale_of(var, eps, w, c);
#pragma omp parallel for if (s.N * s.C * s.S > PARALLEL)
    for (int64_t i = 0; i < s.N; i++) {
        const int64_t at = i * s.C * s.S;
        if (s.S == 1)
            for (int64_t c = 0; c < s.C; c++) y[at + c] = (x[at + c] - mean[c]) * scale[c] + (b ? b[c] : 0);
        else
            for (int64_t c = 0; c < s.C; c++)
                norm_apply(y + at + c * s.S, x + at + c * s.S, mean[c], scale[c], b ? b[c] : 0, s.S);
    }
}

static void forward(Tape *t, Node *n)
{
    real *mean = n->out[1]->data, *var = n->out[2]->data;
    statistics(mean, var, n->in[0]->data, planes(n->in[0]));
    normalise(t, n, mean, var);
}

static void fixed_forward(Tape *t, Node *n) { normalise(t, n, n->in[3]->data, n->in[4]->data); }

/* ---- Backward. Inputs x, w, dy, mean, var; outputs dx, dw, db ---- */

static const char *backward_shape(Node *n) { return norm_backward_shapes(n, planes(n->in[0]).C); }

/* Of channels c .. c + width - 1: A = sum dy,  B = sum dy (x - mean). */
static void add_up_back(double *A, double *B, const real *dy, const real *x, const real *mean, Planes s, int64_t c,
                        int64_t width)
{
    for (int64_t k = 0; k < width; k++) A[k] = B[k] = 0;
    for (int64_t i = 0; i < s.N; i++) {
        const real *in = x + (i * s.C + c) * s.S, *d = dy + (i * s.C + c) * s.S;
        if (s.S == 1)
            for (int64_t k = 0; k < width; k++) {
                A[k] += (double)d[k];
                B[k] += (double)d[k] * (double)(in[k] - mean[k]);
            }
        else
            for (int64_t k = 0; k < width; k++) norm_dots(&A[k], &B[k], d + k * s.S, in + k * s.S, mean[k], s.S);
    }
}

/* With h = (x - mean) r, r = 1 / sqrt(var + eps), M numbers a channel, A = sum dy, B = sum dy h:
 *     dw = B,  db = A,  dx = r w (dy - A / M - h B / M).   Fixed statistics: dx = r w dy */
static void gradients(Tape *t, const Node *n, bool fixed)
{
    const Planes s = planes(n->in[0]);
    const real *x = n->in[0]->data, *w = norm_data(n->in[1]), *dy = n->in[2]->data, *mean = n->in[3]->data;
    const real *var = n->in[4]->data;
    const double eps = ((const NormArg *)n->arg)->eps, M = (double)(s.N * s.S);
    const int64_t step = s.S == 1 ? COLUMNS : 1;
    const real *of_h = fixed ? dy : x; /* times 0, which must not meet an infinite x */
    real *dx = n->out[0]->data, *dw = n->out[1]->data, *db = n->out[2]->data;
    real *scale = tape_scratch(t, (size_t)(3 * s.C) * sizeof *scale), *slope = scale + s.C, *shift = slope + s.C;
#pragma omp parallel for if (s.N * s.C * s.S > PARALLEL)
    for (int64_t from = 0; from < s.C; from += step) {
        const int64_t width = least(step, s.C - from);
        double A[COLUMNS], B[COLUMNS];
        add_up_back(A, B, dy, x, mean + from, s, from, width);
        for (int64_t k = 0; k < width; k++) {
            const int64_t c = from + k;
            const double r = 1 / sqrt((double)var[c] + eps), rw = w ? r * (double)w[c] : r;
            db[c] = (real)A[k];
            dw[c] = (real)(B[k] * r);
            scale[c] = (real)rw;
            slope[c] = fixed ? 0 : (real)(rw * r * r * B[k] / M);
            shift[c] = fixed ? 0 : (real)(rw * A[k] / M);
        }
    }
#pragma omp parallel for if (s.N * s.C * s.S > PARALLEL)
    for (int64_t i = 0; i < s.N; i++) {
        const int64_t at = i * s.C * s.S;
        if (s.S == 1)
            for (int64_t c = 0; c < s.C; c++)
                dx[at + c] = dy[at + c] * scale[c] - (of_h[at + c] - mean[c]) * slope[c] - shift[c];
        else
            for (int64_t c = 0; c < s.C; c++)
                norm_apply_back(dx + at + c * s.S, dy + at + c * s.S, of_h + at + c * s.S, mean[c], scale[c],
                                slope[c], shift[c], s.S);
    }
}

static void forward_of_backward(Tape *t, Node *n) { gradients(t, n, false); }
static void fixed_forward_of_backward(Tape *t, Node *n) { gradients(t, n, true); }

static const Op op_backward = { .name = "batchnorm_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                .forward = { [DEV_CPU] = forward_of_backward }, .flops = norm_backward_flops };
static const Op op_fixed_backward = { .name = "batchnorm_fixed_backward", .dtypes = 1u << REAL,
                                      .shape = backward_shape, .forward = { [DEV_CPU] = fixed_forward_of_backward },
                                      .flops = norm_backward_flops };

static void play(Tape *t, Node *n, const Op *op, Tensor *mean, Tensor *var)
{
    Tensor *x = n->in[0], *w = n->in[1], *dy = n->out[0]->grad, *d[3];
    tape_run_all(t, (Node){ .op = op, .n_out = 3, IN(x, w, dy, mean, var), .arg = n->arg, .arg_size = n->arg_size },
                 d);
    for (int i = 0; i < 3; i++) tape_add_grad(t, n->in[i], d[i]);
}

static void backward(Tape *t, Node *n) { play(t, n, &op_backward, n->out[1], n->out[2]); }
static void fixed_backward(Tape *t, Node *n) { play(t, n, &op_fixed_backward, n->in[3], n->in[4]); }

static const Op op = { .name = "batchnorm", .dtypes = 1u << REAL, .shape = shape, .backward = backward,
                       .forward = { [DEV_CPU] = forward }, .flops = norm_flops };
static const Op op_fixed = { .name = "batchnorm_fixed", .dtypes = 1u << REAL, .shape = fixed_shape,
                             .backward = fixed_backward, .forward = { [DEV_CPU] = fixed_forward },
                             .flops = norm_flops };

Tensor *op_batchnorm(Tape *t, Tensor *x, Tensor *w, Tensor *b, double eps, Tensor *stat[2])
{
    Tensor *out[3];
    tape_run_all(t, (Node){ .op = &op, .n_out = 3, IN(x, w, b), ARG(NormArg, .eps = eps) }, out);
    for (int i = 0; stat && i < 2; i++) stat[i] = out[1 + i];
    return out[0];
}

Tensor *op_batchnorm_fixed(Tape *t, Tensor *x, Tensor *w, Tensor *b, Tensor *mean, Tensor *var, double eps)
{
    return tape_run(t, (Node){ .op = &op_fixed, IN(x, w, b, mean, var), ARG(NormArg, .eps = eps) });
}
