/* matmul.c -- C = A B */
#include "ops.h"

static const char *shape(Node *n)
{
    const Tensor *a = n->in[0], *b = n->in[1];
    if (a->ndim != 2 || b->ndim != 2) return "needs two matrices";
    if (a->shape[1] != b->shape[0]) return "the columns of the first must be the rows of the second";
    tensor_set_shape(n->out[0], SHAPE(a->shape[0], b->shape[1]));
    return NULL;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    const Tensor *a = n->in[0], *b = n->in[1];
    gemm(n->out[0]->data, a->shape[0], b->shape[1], a->shape[1], a->data, a->stride, b->data, b->stride, 0);
}

/* dA = dC B^T,  dB = A^T dC */
static void backward(Tape *t, Node *n)
{
    Tensor *a = n->in[0], *b = n->in[1], *dc = n->out[0]->grad;
    if (tensor_wants_grad(a)) tape_add_grad(t, a, op_matmul(t, dc, op_transpose(t, b, 0, 1)));
    if (tensor_wants_grad(b)) tape_add_grad(t, b, op_matmul(t, op_transpose(t, a, 0, 1), dc));
}

static const Op op = { .name = "matmul", .dtypes = 1u << REAL, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_matmul(Tape *t, Tensor *a, Tensor *b) { return tape_run(t, (Node){ .op = &op, IN(a, b) }); }
