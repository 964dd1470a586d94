/* relu.c -- y = max(0, x). Written so that NaN, of which no comparison is true, goes through. */
#include "loops.h"

static void forward(Tape *t, Node *n)
{
    (void)t;
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
    int64_t N = tensor_count(n->in[0]);
#pragma omp parallel for simd if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

/* dx = dy where x > 0. At 0 any slope from 0 to 1 is a subgradient; 0 it is. */
static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    const real *x = n->in[0]->data, *dy = n->in[1]->data;
    real *dx = n->out[0]->data;
    int64_t N = tensor_count(n->in[0]);
#pragma omp parallel for simd if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) dx[i] = x[i] <= 0 ? 0 : dy[i];
}

static const Op op_backward = { .name = "relu_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *dy = n->out[0]->grad;
    tape_add_grad(t, x, tape_run(t, (Node){ .op = &op_backward, IN(x, dy) }));
}

static const Op op = { .name = "relu", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_relu(Tape *t, Tensor *x) { return tape_run(t, (Node){ .op = &op, IN(x) }); }
