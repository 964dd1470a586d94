/* argmax.c -- where the largest of each row stands: the first of equals. NaN counts as the largest, so it shows. */
#include "rows.h"

static const char *shape(Node *n)
{
    const Tensor *x = n->in[0];
    if (x->ndim < 1 || rows_length(x) < 1) return "needs rows with at least one element";
    tensor_set_shape(n->out[0], x->ndim - 1, x->shape);
    n->out[0]->dtype = I32;
    return NULL;
}

static int32_t argmax(const real *x, int64_t C)
{
    int32_t best = 0;
    for (int32_t c = 0; c < C && x[best] == x[best]; c++)
        if (!(x[c] <= x[best])) best = c;
    return best;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = rows_count(n->in[0]), C = rows_length(n->in[0]);
    const real *x = n->in[0]->data;
    int32_t *y = n->out[0]->data;
#pragma omp parallel for if (N * C > PARALLEL)
    for (int64_t i = 0; i < N; i++) y[i] = argmax(x + i * C, C);
}

static const Op op = { .name = "argmax", .dtypes = 1u << REAL, .shape = shape, .forward = { [DEV_CPU] = forward } };

Tensor *op_argmax(Tape *t, Tensor *x) { return tape_run(t, (Node){ .op = &op, IN(x) }); }
