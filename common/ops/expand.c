/* expand.c -- broadcasting as a view: what is stretched has stride 0. tape_add_grad sums such a view's gradient. */
#include "ops.h"

static const char *shape(Node *n)
{
    const ShapeArg *to = n->arg;
    Tensor *x = n->in[0], *y = n->out[0];
    if (to->ndim < x->ndim) return "cannot expand to fewer dimensions";
    for (int d = 1; d <= to->ndim; d++) {
        if (to->shape[to->ndim - d] < 0) return "a dimension is negative";
        if (d <= x->ndim && x->shape[x->ndim - d] != 1 && x->shape[x->ndim - d] != to->shape[to->ndim - d])
            return "the shape does not broadcast to the new one";
    }
    *y = tensor_expanded(x, to->ndim, to->shape);
    y->base = tensor_root(x);
    return NULL;
}

static const Op op = { .name = "expand", .dtypes = ~0u, .strided = true, .shape = shape };

Tensor *op_expand(Tape *t, Tensor *x, int ndim, const int64_t *shape)
{
    ShapeArg arg = { .ndim = ndim };
    CHECK(ndim >= 0 && ndim <= MAX_DIMS, "expand: %d dimensions, at most %d", ndim, MAX_DIMS);
    for (int d = 0; d < ndim; d++) arg.shape[d] = shape[d];
    return tape_run(t, (Node){ .op = &op, IN(x), .arg = &arg, .arg_size = sizeof arg });
}
