/* softplus.c -- y = log(1 + exp(x)). */
#include "unary.h"

static inline real value(real x, NumbersArg p) { return (void)p, vsoftplus(x); }

/* dx = dy sigmoid(x) */
static inline real gradient(real x, real dy, NumbersArg p) { return (void)p, dy * vsigmoid(x); }

static void piece(real *y, const real *x, int64_t N, NumbersArg p) { unary_loop(y, x, N, p, value); }

static void backward_piece(real *dx, const real *x, const real *dy, int64_t N, NumbersArg p)
{
    unary_backward_loop(dx, x, dy, N, p, gradient);
}

static void forward(Tape *t, Node *n) { (void)t, unary(n, piece); }
static void forward_of_backward(Tape *t, Node *n) { (void)t, unary_backward(n, backward_piece); }

static const Op op_backward = { .name = "softplus_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n) { unary_add_grad(t, n, &op_backward, n->in[0]); }

static const Op op = { .name = "softplus", .dtypes = 1u << REAL, .shape = same_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_softplus(Tape *t, Tensor *x) { return tape_run(t, (Node){ .op = &op, IN(x) }); }
