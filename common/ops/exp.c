/* exp.c -- y = exp(x) */
#include "unary.h"
#include "wide.h"

/* dx = dy y */
static inline real gradient(real y, real dy, NumbersArg p) { return (void)p, dy * y; }

static void piece(real *y, const real *x, int64_t N, NumbersArg p) { (void)p, wide_exp_all(y, x, N); }

static void backward_piece(real *dx, const real *y, const real *dy, int64_t N, NumbersArg p)
{
    unary_backward_loop(dx, y, dy, N, p, gradient);
}

static void forward(Tape *t, Node *n) { (void)t, unary(n, piece); }
static void forward_of_backward(Tape *t, Node *n) { (void)t, unary_backward(n, backward_piece); }

static const Op op_backward = { .name = "exp_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n) { unary_add_grad(t, n, &op_backward, n->out[0]); }

static const Op op = { .name = "exp", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_exp(Tape *t, Tensor *x) { return tape_run(t, (Node){ .op = &op, IN(x) }); }
