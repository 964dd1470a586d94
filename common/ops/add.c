/* add.c -- y = a + b */
#include "broadcast.h"

static inline real add(real a, real b) { return a + b; }

static void piece(real *y, const real *a, int64_t sa, const real *b, int64_t sb, int64_t N)
{
    broadcast_loops(y, a, sa, b, sb, N, add);
}

static void forward(Tape *t, Node *n) { (void)t, broadcast(n, piece); }

static void backward(Tape *t, Node *n)
{
    Tensor *dy = n->out[0]->grad;
    for (int i = 0; i < 2; i++)
        if (tensor_wants_grad(n->in[i])) broadcast_add_grad(t, n->in[i], dy);
}

static const Op op = { .name = "add", .dtypes = 1u << REAL, .strided = true, .shape = broadcast_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_add(Tape *t, Tensor *a, Tensor *b) { return tape_run(t, (Node){ .op = &op, IN(a, b) }); }
