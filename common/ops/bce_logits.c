/* bce_logits.c -- the mean of  -t log s - (1 - t) log(1 - s),  s = sigmoid(x), t the target: written as
 * max(0, x) - x t + log(1 + exp(-|x|)),  nothing overflows and no digits are lost. */
#include "losses.h"
#include "vmath.h"

static double piece(const real *x, const real *target, int64_t N)
{
    enum { BLOCK = 256 };
    double sum = 0;
    real loss[BLOCK];
    for (int64_t from = 0; from < N; from += BLOCK, x += BLOCK, target += BLOCK) {
        int64_t width = N - from < BLOCK ? N - from : BLOCK;
        for (int64_t i = 0; i < width; i++)
            loss[i] = (x[i] > 0 ? x[i] * (1 - target[i]) : -x[i] * target[i]) + vsoftplus(-vabs(x[i]));
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; i++) sum += (double)loss[i];
    }
    return sum;
}

/* dx = (s - t) dloss / N */
static void backward_piece(real *dx, const real *x, const real *target, int64_t N, real factor)
{
    for (int64_t i = 0; i < N; i++) dx[i] = (vsigmoid(x[i]) - target[i]) * factor;
}

static void forward(Tape *t, Node *n) { losses(t, n, piece); }
static void forward_of_backward(Tape *t, Node *n) { (void)t, losses_backward(n, backward_piece); }

static const Op op_backward = { .name = "bce_logits_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

/* ... and dt = -x dloss / N */
static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *target = n->in[1], *dloss = n->out[0]->grad;
    if (tensor_wants_grad(target)) {
        Tensor *share = op_reshape(t, op_scale(t, dloss, -1 / (double)tensor_count(x)), 0, NULL);
        tape_add_grad(t, target, op_mul(t, x, share));
    }
    if (tensor_wants_grad(x)) tape_add_grad(t, x, tape_run(t, (Node){ .op = &op_backward, IN(x, target, dloss) }));
}

static const Op op = { .name = "bce_logits", .dtypes = 1u << REAL, .shape = losses_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward, .flops = flops_of_inputs };

Tensor *op_bce_logits(Tape *t, Tensor *x, Tensor *target) { return tape_run(t, (Node){ .op = &op, IN(x, target) }); }
