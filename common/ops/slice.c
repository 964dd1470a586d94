/* slice.c -- the elements from .. to-1 along one dimension, as a view. */
#include "ops.h"

static const char *shape(Node *n)
{
    const SliceArg *s = n->arg;
    Tensor *x = n->in[0], *y = n->out[0];
    if (s->dim < 0 || s->dim >= x->ndim) return sentence("no dimension %d", s->dim);
    if (s->from < 0 || s->from > s->to || s->to > x->shape[s->dim])
        return sentence("%lld .. %lld reaches outside dimension %d", (long long)s->from, (long long)s->to, s->dim);
    *y = *x;
    y->shape[s->dim] = s->to - s->from;
    y->data = (char *)x->data + s->from * x->stride[s->dim] * (int64_t)tensor_size(x->dtype);
    y->base = tensor_root(x);
    return NULL;
}

static const Op op = { .name = "slice", .dtypes = ~0u, .strided = true, .shape = shape };

Tensor *op_slice(Tape *t, Tensor *x, int dim, int64_t from, int64_t to)
{
    return tape_run(t, (Node){ .op = &op, IN(x), ARG(SliceArg, dim, from, to) });
}
