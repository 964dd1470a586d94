/* scale.c -- y = factor x */
#include "loops.h"

static void forward(Tape *t, Node *n)
{
    (void)t;
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data, factor = (real)((const ScaleArg *)n->arg)->factor;
    int64_t N = tensor_count(n->in[0]);
#pragma omp parallel for simd if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) y[i] = factor * x[i];
}

static void backward(Tape *t, Node *n)
{
    tape_add_grad(t, n->in[0], op_scale(t, n->out[0]->grad, ((const ScaleArg *)n->arg)->factor));
}

static const Op op = { .name = "scale", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_scale(Tape *t, Tensor *x, double factor)
{
    return tape_run(t, (Node){ .op = &op, IN(x), ARG(ScaleArg, factor) });
}
