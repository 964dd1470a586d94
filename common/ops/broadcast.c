/* broadcast.c -- what add, sub, mul, div, maximum, minimum and where share. */
#include "broadcast.h"

static int64_t from_right(const Tensor *x, int d) { return d < x->ndim ? x->shape[x->ndim - 1 - d] : 1; }

const char *broadcast_shape(Node *n)
{
    int     ndim = 0;
    int64_t s[MAX_DIMS];
    for (int i = 0; i < n->n_in; i++) ndim = n->in[i]->ndim > ndim ? n->in[i]->ndim : ndim;
    for (int d = 0; d < ndim; d++) {
        int64_t *q = &s[ndim - 1 - d];
        *q = 1;
        for (int i = 0; i < n->n_in; i++) {
            int64_t p = from_right(n->in[i], d);
            if (p != *q && p != 1 && *q != 1) return "shapes do not broadcast";
            if (p != 1) *q = p;
        }
    }
    tensor_set_shape(n->out[0], ndim, s);
    return NULL;
}

void broadcast(Node *n, BroadcastPiece *piece)
{
    const Tensor *y = n->out[0];
    Tensor a = tensor_expanded(n->in[0], y->ndim, y->shape), b = tensor_expanded(n->in[1], y->ndim, y->shape);
    Loops l = loops_new(3, (const Tensor *[]){ y, &a, &b });
    real *out = y->data;
    const real *p = a.data, *q = b.data;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[3], N = loops_piece(&l, i, at);
        piece(out + at[0], p + at[1], l.step[1], q + at[2], l.step[2], N);
    }
}

void broadcast_add_grad(Tape *t, Tensor *x, Tensor *g)
{
    tape_add_grad(t, x, tensor_same_shape(x, g) ? g : op_sum_to(t, g, x->ndim, x->shape));
}
