/* transpose.c -- two dimensions exchanged, as a view. */
#include "ops.h"

static const char *shape(Node *n)
{
    const TransposeArg *a = n->arg;
    Tensor *x = n->in[0], *y = n->out[0];
    if (a->d0 < 0 || a->d1 < 0 || a->d0 >= x->ndim || a->d1 >= x->ndim)
        return sentence("no dimension %d", a->d0 < 0 || a->d0 >= x->ndim ? a->d0 : a->d1);
    *y = *x;
    y->shape[a->d0] = x->shape[a->d1], y->stride[a->d0] = x->stride[a->d1];
    y->shape[a->d1] = x->shape[a->d0], y->stride[a->d1] = x->stride[a->d0];
    y->base = tensor_root(x);
    return NULL;
}

static const Op op = { .name = "transpose", .dtypes = ~0u, .strided = true, .shape = shape };

Tensor *op_transpose(Tape *t, Tensor *x, int d0, int d1)
{
    return tape_run(t, (Node){ .op = &op, IN(x), ARG(TransposeArg, d0, d1) });
}
