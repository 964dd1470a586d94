/* maximum.c -- y = the larger of a and b. NaN wins, from either side. */
#include "broadcast.h"

static inline real larger(real a, real b) { return a > b || a != a ? a : b; }

static void piece(real *y, const real *a, int64_t sa, const real *b, int64_t sb, int64_t N)
{
    broadcast_loops(y, a, sa, b, sb, N, larger);
}

static void forward(Tape *t, Node *n) { (void)t, broadcast(n, piece); }

/* Of equals each has half a share in y. */
static inline real share(real a, real b) { return a == b ? (real)0.5 : larger(a, b) == a || a != a; }

static void share_piece(real *y, const real *a, int64_t sa, const real *b, int64_t sb, int64_t N)
{
    broadcast_loops(y, a, sa, b, sb, N, share);
}

static void share_forward(Tape *t, Node *n) { (void)t, broadcast(n, share_piece); }

static const Op op_share = { .name = "maximum_share", .dtypes = 1u << REAL, .strided = true, .shape = broadcast_shape,
                             .forward = { [DEV_CPU] = share_forward } };

/* da = share(a, b) dy,  db = share(b, a) dy */
static void backward(Tape *t, Node *n)
{
    Tensor *dy = n->out[0]->grad;
    for (int i = 0; i < 2; i++)
        if (tensor_wants_grad(n->in[i]))
            broadcast_add_grad(t, n->in[i],
                               op_mul(t, dy, tape_run(t, (Node){ .op = &op_share, IN(n->in[i], n->in[1 - i]) })));
}

static const Op op = { .name = "maximum", .dtypes = 1u << REAL, .strided = true, .shape = broadcast_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_maximum(Tape *t, Tensor *a, Tensor *b) { return tape_run(t, (Node){ .op = &op, IN(a, b) }); }
