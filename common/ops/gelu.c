/* gelu.c -- y = x Phi(x), Phi the standard normal's distribution function. */
#include "loops.h"
#include "vmath.h"

/* With a = |x| and the small side alone, tail = Phi(-a), no digits are lost: x Phi(x) = max(0, x) - a tail. */
typedef struct { real a, e, tail; } Bell;

static inline Bell bell(real x)
{
    Bell b = { .a = x < 0 ? -x : x };
    b.a = b.a > 40 ? 40 : b.a; /* the tail is 0 from there on, and infinity times 0 must not occur. NaN passes */
    b.e = vexp(b.a * b.a * (real)-0.5);
    b.tail = vtail(b.a, b.e);
    return b;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
    int64_t N = tensor_count(n->in[0]);
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        Bell b = bell(x[i]);
        y[i] = (x[i] < 0 ? 0 : x[i]) - b.a * b.tail;
    }
}

/* y' = Phi(x) + x phi(x),  phi(x) = exp(-x^2 / 2) / sqrt(2 pi);  what it is at -a, it lacks at a to 1. */
static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    const real inv_sqrt_2pi = (real)0.39894228040143267794;
    const real *x = n->in[0]->data, *dy = n->in[1]->data;
    real *dx = n->out[0]->data;
    int64_t N = tensor_count(n->in[0]);
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        Bell b = bell(x[i]);
        real slope = b.tail - b.a * b.e * inv_sqrt_2pi;
        dx[i] = dy[i] * (x[i] < 0 ? slope : 1 - slope);
    }
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
