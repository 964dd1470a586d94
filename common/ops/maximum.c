/* maximum.c -- y = the larger of a and b; minimum: the smaller. NaN wins, from either side. */
#include "broadcast.h"

static inline real larger(real a, real b) { return a > b || a != a ? a : b; }
static inline real smaller(real a, real b) { return a < b || a != a ? a : b; }

/* a's share in the gradient: of equals each has half. */
static inline real share_of(real a, real b, real y) { return a == b ? (real)0.5 : y == a || a != a; }
static inline real share_larger(real a, real b) { return share_of(a, b, larger(a, b)); }
static inline real share_smaller(real a, real b) { return share_of(a, b, smaller(a, b)); }

/* What an op is made of: the loop over a piece with f known, and the walk over all pieces. */
#define FORWARD(f)                                                                                        \
    static void f##_piece(real *y, const real *a, int64_t sa, const real *b, int64_t sb, int64_t N)      \
    {                                                                                                     \
        broadcast_loops(y, a, sa, b, sb, N, f);                                                           \
    }                                                                                                     \
    static void f##_forward(Tape *t, Node *n) { (void)t, broadcast(n, f##_piece); }
FORWARD(larger)
FORWARD(smaller)
FORWARD(share_larger)
FORWARD(share_smaller)

#define ROW(op_name, f, way_back)                                                                         \
    { .name = op_name, .dtypes = 1u << REAL, .strided = true, .shape = broadcast_shape,                   \
      .forward = { [DEV_CPU] = f##_forward }, .backward = way_back }
static const Op maximum_share = ROW("maximum_share", share_larger, NULL);
static const Op minimum_share = ROW("minimum_share", share_smaller, NULL);

/* da = share(a, b) dy,  db = share(b, a) dy */
static void share_out(Tape *t, Node *n, const Op *share)
{
    Tensor *dy = n->out[0]->grad;
    for (int i = 0; i < 2; i++)
        if (tensor_wants_grad(n->in[i]))
            broadcast_add_grad(t, n->in[i],
                               op_mul(t, dy, tape_run(t, (Node){ .op = share, IN(n->in[i], n->in[1 - i]) })));
}

static void maximum_backward(Tape *t, Node *n) { share_out(t, n, &maximum_share); }
static void minimum_backward(Tape *t, Node *n) { share_out(t, n, &minimum_share); }

static const Op maximum = ROW("maximum", larger, maximum_backward);
static const Op minimum = ROW("minimum", smaller, minimum_backward);

Tensor *op_maximum(Tape *t, Tensor *a, Tensor *b) { return tape_run(t, (Node){ .op = &maximum, IN(a, b) }); }
Tensor *op_minimum(Tape *t, Tensor *a, Tensor *b) { return tape_run(t, (Node){ .op = &minimum, IN(a, b) }); }
