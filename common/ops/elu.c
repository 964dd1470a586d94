/* elu.c -- y = x, or alpha (exp(x) - 1) where x < 0. Clevert, Unterthiner, Hochreiter, arXiv:1511.07289. */
#include "unary.h"

static inline real value(real x, NumbersArg p) { return x < 0 ? (real)p.a * vexpm1(x) : x; }

/* dx = dy, or alpha exp(x) dy. At 0 the left side's slope. */
static inline real gradient(real x, real dy, NumbersArg p) { return x <= 0 ? (real)p.a * vexp(x) * dy : dy; }

static void piece(real *y, const real *x, int64_t N, NumbersArg p) { unary_loop(y, x, N, p, value); }

static void backward_piece(real *dx, const real *x, const real *dy, int64_t N, NumbersArg p)
{
    unary_backward_loop(dx, x, dy, N, p, gradient);
}

static void forward(Tape *t, Node *n) { (void)t, unary(n, piece); }
static void forward_of_backward(Tape *t, Node *n) { (void)t, unary_backward(n, backward_piece); }

static const Op op_backward = { .name = "elu_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n) { unary_add_grad(t, n, &op_backward, n->in[0]); }

static const Op op = { .name = "elu", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_elu(Tape *t, Tensor *x, double alpha)
{
    return tape_run(t, (Node){ .op = &op, IN(x), ARG(NumbersArg, .a = alpha) });
}
