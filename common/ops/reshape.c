/* reshape.c -- the same elements in the same order under another shape, as a view. */
#include "ops.h"

/* Fills the one -1 in; the product of the others must divide the count. */
static const char *complete(int64_t *shape, int ndim, int64_t count)
{
    int hole = -1;
    int64_t n = 1;
    for (int d = 0; d < ndim; d++) {
        if (shape[d] < -1) return "a dimension is negative";
        if (shape[d] == -1 && hole >= 0) return "two dimensions of -1";
        if (shape[d] == -1) hole = d;
        else if (__builtin_mul_overflow(n, shape[d], &n)) return "the new shape holds another number of elements";
    }
    if (hole >= 0 && n == 0) return "-1 beside a dimension of 0 may be anything";
    if (hole >= 0) shape[hole] = count / n, n *= shape[hole];
    return n == count ? NULL : "the new shape holds another number of elements";
}

static const char *shape(Node *n)
{
    ShapeArg to = *(const ShapeArg *)n->arg;
    Tensor  *x = n->in[0], *y = n->out[0];
    const char *wrong = complete(to.shape, to.ndim, tensor_count(x));
    if (wrong) return wrong;
    *y = *x;
    tensor_set_shape(y, to.ndim, to.shape);
    y->base = tensor_root(x);
    return NULL;
}

static const Op op = { .name = "reshape", .dtypes = ~0u, .shape = shape };

Tensor *op_reshape(Tape *t, Tensor *x, int ndim, const int64_t *shape)
{
    ShapeArg arg = { .ndim = ndim };
    CHECK(ndim >= 0 && ndim <= MAX_DIMS, "reshape: %d dimensions, at most %d", ndim, MAX_DIMS);
    for (int d = 0; d < ndim; d++) arg.shape[d] = shape[d];
    return tape_run(t, (Node){ .op = &op, IN(x), .arg = &arg, .arg_size = sizeof arg });
}
