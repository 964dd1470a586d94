/* groupnorm.c -- y = (x - mean) / sqrt(var + eps) w_c + b_c, mean and var over a group of an image's channels.
 * Wu, He 2018, arXiv:1803.08494. */
#include "norm.h"

static int groups(const Node *n) { return ((const NormArg *)n->arg)->groups; }

/* Outputs: y, and of each group 1 / sqrt(var + eps) and the mean, for backward: (N,groups). */
static const char *shape(Node *n)
{
    const Tensor *x = n->in[0];
    if (x->ndim < 2) return "needs (N,C,...)";
    if (groups(n) < 1 || x->shape[1] % groups(n))
        return sentence("%lld channels do not make %d groups", (long long)x->shape[1], groups(n));
    for (int i = 1; i < 3; i++) {
        tensor_set_shape(n->out[i], SHAPE(x->shape[0], groups(n)));
        n->out[i]->needs_grad = false;
    }
    tensor_set_shape(n->out[0], x->ndim, x->shape);
    return norm_weights(n, 1, 3, x->shape[1]);
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    const Planes s = planes(n->in[0]);
    const int64_t G = groups(n), channels = s.C / G, M = channels * s.S; /* M numbers a group */
    const real *x = n->in[0]->data, *w = norm_data(n->in[1]), *b = norm_data(n->in[2]);
    const double eps = ((const NormArg *)n->arg)->eps;
    real *y = n->out[0]->data, *scale = n->out[1]->data, *mean = n->out[2]->data;
#pragma omp parallel for if (s.N * s.C * s.S > PARALLEL)
    for (int64_t i = 0; i < s.N * G; i++) {
        const real *in = x + i * M;
        mean[i] = (real)(norm_sum(in, M) / (double)M);
        scale[i] = (real)(1 / sqrt(norm_squares(in, mean[i], M) / (double)M + eps));
        for (int64_t k = 0; k < channels; k++) {
            int64_t c = i % G * channels + k, at = i * M + k * s.S;
            norm_apply(y + at, x + at, mean[i], w ? scale[i] * w[c] : scale[i], b ? b[c] : 0, s.S);
        }
    }
}

static const char *backward_shape(Node *n) { return norm_backward_shapes(n, planes(n->in[0]).C); }

/* Inputs x, w, dy, scale, mean; outputs dx, dw, db. With h = (x - mean) scale, and sums over a channel of one image,
 *     A = sum dy,  B = sum dy h:   dw_c = sum_n B,  db_c = sum_n A,
 *     dx = scale (dy w - (sum_c w A) / M - h (sum_c w B) / M),   c over the group */
static void forward_of_backward(Tape *t, Node *n)
{
    const Planes s = planes(n->in[0]);
    const int64_t G = n->in[3]->shape[1], channels = s.C / G, M = channels * s.S;
    const real *x = n->in[0]->data, *w = norm_data(n->in[1]), *dy = n->in[2]->data;
    const real *scale = n->in[3]->data, *mean = n->in[4]->data;
    real *dx = n->out[0]->data, *dw = n->out[1]->data, *db = n->out[2]->data;
    double *A = tape_scratch(t, (size_t)(2 * s.N * s.C) * sizeof *A), *B = A + s.N * s.C;
#pragma omp parallel for if (s.N * s.C * s.S > PARALLEL)
    for (int64_t i = 0; i < s.N * G; i++) {
        double a = 0, b = 0;
        for (int64_t k = i * channels; k < (i + 1) * channels; k++) {
            real of_c = w ? w[k % s.C] : 1;
            A[k] = B[k] = 0;
            norm_dots(&A[k], &B[k], dy + k * s.S, x + k * s.S, mean[i], s.S);
            B[k] *= (double)scale[i];
            a += (double)of_c * A[k];
            b += (double)of_c * B[k];
        }
        const real slope = (real)((double)scale[i] * (double)scale[i] * b / (double)M);
        const real shift = (real)((double)scale[i] * a / (double)M);
        for (int64_t k = i * channels; k < (i + 1) * channels; k++)
            norm_apply_back(dx + k * s.S, dy + k * s.S, x + k * s.S, mean[i], w ? scale[i] * w[k % s.C] : scale[i],
                            slope, shift, s.S);
    }
    for (int64_t c = 0; c < s.C; c++) {
        double a = 0, b = 0;
        for (int64_t i = 0; i < s.N; i++) a += A[i * s.C + c], b += B[i * s.C + c];
        db[c] = (real)a;
        dw[c] = (real)b;
    }
}

static const Op op_backward = { .name = "groupnorm_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                .forward = { [DEV_CPU] = forward_of_backward }, .flops = norm_backward_flops };

static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *dy = n->out[0]->grad, *scale = n->out[1], *mean = n->out[2], *d[3];
    tape_run_all(t, (Node){ .op = &op_backward, .n_out = 3, IN(x, w, dy, scale, mean) }, d);
    for (int i = 0; i < 3; i++) tape_add_grad(t, n->in[i], d[i]);
}

static const Op op = { .name = "groupnorm", .dtypes = 1u << REAL, .shape = shape, .backward = backward,
                       .forward = { [DEV_CPU] = forward }, .flops = norm_flops };

Tensor *op_groupnorm(Tape *t, Tensor *x, Tensor *w, Tensor *b, int groups, double eps)
{
    return tape_run(t, (Node){ .op = &op, .n_out = 3, IN(x, w, b), ARG(NormArg, .eps = eps, .groups = groups) });
}
