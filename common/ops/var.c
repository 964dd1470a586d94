/* var.c -- over dimensions, the sum of (x - mean)^2 over count - less. In two passes, in double: no digits are lost. */
#include <string.h>
#include "reduce.h"

static const char *shape(Node *n)
{
    const char *wrong = reduce_shape(n);
    n->out[1]->needs_grad = false; /* the mean, saved for backward */
    return wrong;
}

static void square_part(const Tensor *x, const Tensor *mean, const Tensor *sum)
{
    Loops l = loops_new(3, (const Tensor *[]){ x, mean, sum });
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[3], N = loops_piece(&l, i, at), sx = l.step[0], sm = l.step[1];
        const real *in = (const real *)x->data + at[0];
        const double *m = (const double *)mean->data + at[1];
        double *out = (double *)sum->data + at[2], total = 0;
        if (sm == 0) {
#pragma omp simd reduction(+ : total)
            for (int64_t k = 0; k < N; k++) total += ((double)in[k * sx] - *m) * ((double)in[k * sx] - *m);
            *out += total;
        } else
            for (int64_t k = 0; k < N; k++)
                out[k * sm] += ((double)in[k * sx] - m[k * sm]) * ((double)in[k * sx] - m[k * sm]);
    }
}

static void forward(Tape *t, Node *n)
{
    const ReduceArg *a = n->arg;
    const Tensor *x = n->in[0];
    int64_t M = tensor_count(n->out[0]);
    double  count = reduce_count(x, a->axes), *mean = tape_scratch(t, (size_t)M * 2 * sizeof *mean), *sum = mean + M;
    memset(mean, 0, (size_t)M * 2 * sizeof *mean);
    Tensor to_mean = reduce_stretched(x, a->axes, F64, mean), to_sum = reduce_stretched(x, a->axes, F64, sum);
    reduce_sum(x, &to_mean);
    for (int64_t i = 0; i < M; i++) mean[i] /= count;
    reduce_parts(x, &to_mean, &to_sum, square_part);
    for (int64_t i = 0; i < M; i++) {
        ((real *)n->out[0]->data)[i] = (real)(sum[i] / (count - a->less));
        ((real *)n->out[1]->data)[i] = (real)mean[i];
    }
}

/* dx = 2 (x - mean) dy / (count - less) */
static void backward(Tape *t, Node *n)
{
    const ReduceArg *a = n->arg;
    Tensor *x = n->in[0], *dy = n->out[0]->grad;
    int64_t ones[MAX_DIMS];
    reduce_ones(x, a->axes, ones);
    Tensor *each = op_scale(t, op_reshape(t, dy, x->ndim, ones), 2 / (reduce_count(x, a->axes) - a->less));
    tape_add_grad(t, x, op_mul(t, op_sub(t, x, op_reshape(t, n->out[1], x->ndim, ones)), each));
}

static const Op op = { .name = "var", .dtypes = 1u << REAL, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward, .flops = flops_of_inputs };

Tensor *op_var(Tape *t, Tensor *x, unsigned axes, int less)
{
    return tape_run(t, (Node){ .op = &op, .n_out = 2, IN(x), ARG(ReduceArg, axes, less) });
}
