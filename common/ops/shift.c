/* shift.c -- y = x + by */
#include "unary.h"

static inline real value(real x, NumbersArg p) { return x + (real)p.a; }

static void piece(real *y, const real *x, int64_t N, NumbersArg p) { unary_loop(y, x, N, p, value); }

static void forward(Tape *t, Node *n) { (void)t, unary(n, piece); }
static void backward(Tape *t, Node *n) { tape_add_grad(t, n->in[0], n->out[0]->grad); }

static const Op op = { .name = "shift", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_shift(Tape *t, Tensor *x, double by)
{
    return tape_run(t, (Node){ .op = &op, IN(x), ARG(NumbersArg, .a = by) });
}
