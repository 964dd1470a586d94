/* concat.c -- tensors one behind the other along one dimension. */
#include "loops.h"

static const char *shape(Node *n)
{
    int dim = ((const DimArg *)n->arg)->dim;
    const Tensor *x = n->in[0];
    if (dim < 0 || dim >= x->ndim) return sentence("no dimension %d", dim);
    Tensor whole = *x;
    whole.shape[dim] = 0;
    for (int i = 0; i < n->n_in; i++) {
        const Tensor *part = n->in[i];
        if (!part || part->ndim != x->ndim || part->dtype != x->dtype) return "needs tensors of one kind";
        for (int d = 0; d < x->ndim; d++)
            if (d != dim && part->shape[d] != x->shape[d])
                return sentence("shapes may differ in dimension %d only", dim);
        whole.shape[dim] += part->shape[dim];
    }
    tensor_set_shape(n->out[0], x->ndim, whole.shape);
    return NULL;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    int dim = ((const DimArg *)n->arg)->dim;
    Tensor slot = *n->out[0]; /* the place of one part */
    for (int i = 0; i < n->n_in; i++) {
        slot.shape[dim] = n->in[i]->shape[dim];
        loops_copy(&slot, n->in[i]);
        slot.data = (char *)slot.data + slot.shape[dim] * slot.stride[dim] * (int64_t)tensor_size(slot.dtype);
    }
}

/* each part's gradient is a slice of dy */
static void backward(Tape *t, Node *n)
{
    int dim = ((const DimArg *)n->arg)->dim;
    int64_t from = 0;
    for (int i = 0; i < n->n_in; i++) {
        int64_t to = from + n->in[i]->shape[dim];
        if (tensor_wants_grad(n->in[i])) tape_add_grad(t, n->in[i], op_slice(t, n->out[0]->grad, dim, from, to));
        from = to;
    }
}

static const Op op = { .name = "concat", .dtypes = ~0u, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_concat(Tape *t, Tensor **x, int n, int dim)
{
    return tape_run(t, (Node){ .op = &op, .n_in = n, .in = x, ARG(DimArg, dim) });
}
