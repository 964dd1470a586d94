/* leaky_relu.c -- y = x, or slope x where x < 0. Maas, Hannun, Ng, ICML 2013. */
#include "unary.h"

static inline real value(real x, NumbersArg p) { return x < 0 ? (real)p.a * x : x; }

/* dx = dy, or slope dy. At 0 the left side's slope, as for relu. */
static inline real gradient(real x, real dy, NumbersArg p) { return x <= 0 ? (real)p.a * dy : dy; }

static void piece(real *y, const real *x, int64_t N, NumbersArg p) { unary_loop(y, x, N, p, value); }

static void backward_piece(real *dx, const real *x, const real *dy, int64_t N, NumbersArg p)
{
    unary_backward_loop(dx, x, dy, N, p, gradient);
}

static void forward(Tape *t, Node *n) { (void)t, unary(n, piece); }
static void forward_of_backward(Tape *t, Node *n) { (void)t, unary_backward(n, backward_piece); }

static const Op op_backward = { .name = "leaky_relu_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n) { unary_add_grad(t, n, &op_backward, n->in[0]); }

static const Op op = { .name = "leaky_relu", .dtypes = 1u << REAL, .shape = same_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_leaky_relu(Tape *t, Tensor *x, double slope)
{
    return tape_run(t, (Node){ .op = &op, IN(x), ARG(NumbersArg, .a = slope) });
}
