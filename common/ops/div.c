/* div.c -- y = a / b, element by element */
#include "broadcast.h"

static inline real quotient(real a, real b) { return a / b; }

static void piece(real *y, const real *a, int64_t sa, const real *b, int64_t sb, int64_t N)
{
    broadcast_loops(y, a, sa, b, sb, N, quotient);
}

static void forward(Tape *t, Node *n) { (void)t, broadcast(n, piece); }

/* da = dy / b,  db = -y dy / b */
static void backward(Tape *t, Node *n)
{
    Tensor *a = n->in[0], *b = n->in[1], *y = n->out[0], *da = op_div(t, y->grad, b);
    if (tensor_wants_grad(b)) broadcast_add_grad(t, b, op_scale(t, op_mul(t, da, y), -1));
    if (tensor_wants_grad(a)) broadcast_add_grad(t, a, da);
}

static const Op op = { .name = "div", .dtypes = 1u << REAL, .strided = true, .shape = broadcast_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_div(Tape *t, Tensor *a, Tensor *b) { return tape_run(t, (Node){ .op = &op, IN(a, b) }); }
