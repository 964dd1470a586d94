/* loops.c -- walk over tensors of one shape and any strides, a run of elements at a time. */
#include "loops.h"

enum { PIECE = 1 << 14 };

static bool mergeable(int n, const Tensor *const x[], int d) /* d with d + 1 */
{
    for (int i = 0; i < n; i++)
        if (x[i]->stride[d] != x[i]->stride[d + 1] * x[i]->shape[d + 1]) return false;
    return true;
}

Loops loops_new(int n, const Tensor *const x[])
{
    Loops l = { .n = n, .count = tensor_count(x[0]), .row = 1 };
    for (int d = 0; d < x[0]->ndim; d++) {
        if (x[0]->shape[d] == 1) continue;
        bool merge = d > 0 && l.ndim > 0 && x[0]->shape[d - 1] != 1 && mergeable(n, x, d - 1);
        int  to = merge ? l.ndim - 1 : l.ndim++;
        l.shape[to] = merge ? l.shape[to] * x[0]->shape[d] : x[0]->shape[d];
        for (int i = 0; i < n; i++) l.stride[i][to] = x[i]->stride[d];
    }
    if (l.ndim > 0) {
        l.row = l.shape[--l.ndim];
        for (int i = 0; i < n; i++) l.step[i] = l.stride[i][l.ndim];
    }
    l.cuts = (l.row + PIECE - 1) / PIECE;
    l.pieces = l.count > 0 ? l.count / l.row * l.cuts : 0;
    return l;
}

int64_t loops_piece(const Loops *l, int64_t i, int64_t *at)
{
    int64_t from = i % l->cuts * PIECE, row = i / l->cuts;
    for (int k = 0; k < l->n; k++) at[k] = from * l->step[k];
    for (int d = l->ndim - 1; d >= 0; d--) {
        for (int k = 0; k < l->n; k++) at[k] += row % l->shape[d] * l->stride[k][d];
        row /= l->shape[d];
    }
    return l->row - from < PIECE ? l->row - from : PIECE;
}

double flops_of_inputs(const Node *n) { return (double)tensor_count(n->in[0]); }
