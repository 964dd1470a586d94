/* pow.c -- y = x^p for one number p. The usual ones need no logarithm. */
#include "unary.h"

static inline real one(real x, NumbersArg p) { return (void)x, (void)p, 1; }
static inline real itself(real x, NumbersArg p) { return (void)p, x; }
static inline real square(real x, NumbersArg p) { return (void)p, x * x; }
static inline real cube(real x, NumbersArg p) { return (void)p, x * x * x; }
static inline real inverse(real x, NumbersArg p) { return (void)p, 1 / x; }
static inline real inverse_square(real x, NumbersArg p) { return (void)p, 1 / (x * x); }

static void piece(real *y, const real *x, int64_t N, NumbersArg p)
{
    if (p.a == 0) unary_loop(y, x, N, p, one);
    else if (p.a == 1) unary_loop(y, x, N, p, itself);
    else if (p.a == 2) unary_loop(y, x, N, p, square);
    else if (p.a == 3) unary_loop(y, x, N, p, cube);
    else if (p.a == -1) unary_loop(y, x, N, p, inverse);
    else if (p.a == -2) unary_loop(y, x, N, p, inverse_square);
    else
        for (int64_t i = 0; i < N; i++) y[i] = (real)pow((double)x[i], p.a);
}

/* dx = p x^(p - 1) dy;  nothing for p = 0, also at x = 0 */
static void backward_piece(real *dx, const real *x, const real *dy, int64_t N, NumbersArg p)
{
    piece(dx, x, N, (NumbersArg){ p.a == 0 ? 0 : p.a - 1, 0 });
    for (int64_t i = 0; i < N; i++) dx[i] *= (real)p.a * dy[i];
}

static void forward(Tape *t, Node *n) { (void)t, unary(n, piece); }
static void forward_of_backward(Tape *t, Node *n) { (void)t, unary_backward(n, backward_piece); }

static const Op op_backward = { .name = "pow_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n) { unary_add_grad(t, n, &op_backward, n->in[0]); }

static const Op op = { .name = "pow", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_pow(Tape *t, Tensor *x, double p)
{
    return tape_run(t, (Node){ .op = &op, IN(x), ARG(NumbersArg, .a = p) });
}
