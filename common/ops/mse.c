/* mse.c -- the mean of (x - target)^2 */
#include "losses.h"

static double piece(const real *x, const real *target, int64_t N)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < N; i++) {
        real d = x[i] - target[i];
        sum += (double)d * (double)d;
    }
    return sum;
}

/* dx = 2 (x - target) dloss / N */
static void backward_piece(real *dx, const real *x, const real *target, int64_t N, real factor)
{
#pragma omp simd
    for (int64_t i = 0; i < N; i++) dx[i] = 2 * (x[i] - target[i]) * factor;
}

static void forward(Tape *t, Node *n) { losses(t, n, piece); }
static void forward_of_backward(Tape *t, Node *n) { (void)t, losses_backward(n, backward_piece); }

static const Op op_backward = { .name = "mse_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *target = n->in[1];
    Tensor *dx = tape_run(t, (Node){ .op = &op_backward, IN(x, target, n->out[0]->grad) });
    if (tensor_wants_grad(target)) tape_add_grad(t, target, op_scale(t, dx, -1));
    tape_add_grad(t, x, dx);
}

static const Op op = { .name = "mse", .dtypes = 1u << REAL, .shape = losses_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward, .flops = flops_of_inputs };

Tensor *op_mse(Tape *t, Tensor *x, Tensor *target) { return tape_run(t, (Node){ .op = &op, IN(x, target) }); }
