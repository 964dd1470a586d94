/* gelu.c -- y = x Phi(x), Phi the standard normal's distribution function. */
#include "activation.h"
#include "loops.h"

static void forward(Tape *t, Node *n)
{
    (void)t;
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
    int64_t N = tensor_count(n->in[0]);
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < N; i++) y[i] = gelu(x[i]);
}

static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    const real *x = n->in[0]->data, *dy = n->in[1]->data;
    real *dx = n->out[0]->data;
    int64_t N = tensor_count(n->in[0]);
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < N; i++) dx[i] = dy[i] * gelu_slope(x[i]);
}

static const Op op_backward = { .name = "gelu_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *dy = n->out[0]->grad;
    tape_add_grad(t, x, tape_run(t, (Node){ .op = &op_backward, IN(x, dy) }));
}

static const Op op = { .name = "gelu", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_gelu(Tape *t, Tensor *x) { return tape_run(t, (Node){ .op = &op, IN(x) }); }
