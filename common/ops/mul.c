/* mul.c -- y = a b, element by element */
#include "broadcast.h"

static inline real mul(real a, real b) { return a * b; }

static void piece(real *y, const real *a, int64_t sa, const real *b, int64_t sb, int64_t N)
{
    broadcast_loops(y, a, sa, b, sb, N, mul);
}

static void forward(Tape *t, Node *n) { (void)t, broadcast(n, piece); }

/* da = b dy,  db = a dy */
static void backward(Tape *t, Node *n)
{
    Tensor *a = n->in[0], *b = n->in[1], *dy = n->out[0]->grad;
    if (tensor_wants_grad(a)) broadcast_add_grad(t, a, op_mul(t, dy, b));
    if (tensor_wants_grad(b)) broadcast_add_grad(t, b, op_mul(t, dy, a));
}

static const Op op = { .name = "mul", .dtypes = 1u << REAL, .strided = true, .shape = broadcast_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_mul(Tape *t, Tensor *a, Tensor *b) { return tape_run(t, (Node){ .op = &op, IN(a, b) }); }
