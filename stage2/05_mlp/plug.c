/* plug.c -- lets the tape run on this folder's functions. */
#include <string.h>
#include "mlp.h"
#include "plug.h"

/* Shapes, and which op computes whose gradient, are the library's: a slot left NULL keeps the row's own. */

void plug_mlp(Tape *);

static int features(const Tensor *x) { return (int)x->shape[x->ndim - 1]; }
static int count(const Tensor *x) { return (int)tensor_count(x); }

static void linear(Tape *t, Node *n) /* x (...,IN), w (OUT,IN), b (OUT) or NULL -> y (...,OUT) */
{
    const Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
    (void)t;
    mlp_linear(n->out[0]->data, x->data, w->data, b ? b->data : NULL, count(x) / features(w), features(w),
               (int)w->shape[0]);
}

static void linear_backward(Tape *t, Node *n) /* x, w, dy -> dx (...,IN), dw (OUT,IN), db (OUT) */
{
    const LinearBackwardArg *wanted = n->arg;
    const Tensor *x = n->in[0], *w = n->in[1], *dy = n->in[2];
    float *dx = n->out[0]->data, *dw = n->out[1]->data, *db = n->out[2]->data;
    (void)t;
    memset(dw, 0, tensor_bytes(n->out[1])); /* the kernel adds; an op's output is new */
    memset(db, 0, tensor_bytes(n->out[2]));
    mlp_linear_backward(wanted->dx ? dx : NULL, dw, wanted->db ? db : NULL, x->data, w->data, dy->data,
                        count(x) / features(w), features(w), (int)w->shape[0]);
}

static void relu(Tape *t, Node *n)
{
    (void)t;
    mlp_relu(n->out[0]->data, n->in[0]->data, count(n->in[0]));
}

static void relu_backward(Tape *t, Node *n) /* x, dy -> dx */
{
    (void)t;
    mlp_relu_backward(n->out[0]->data, n->in[0]->data, n->in[1]->data, count(n->in[0]));
}

static const Op row[] = {
    { .name = "linear", .dtypes = 1u << F32, .forward = { [DEV_CPU] = linear } },
    { .name = "linear_backward", .dtypes = 1u << F32, .forward = { [DEV_CPU] = linear_backward } },
    { .name = "relu", .dtypes = 1u << F32, .forward = { [DEV_CPU] = relu } },
    { .name = "relu_backward", .dtypes = 1u << F32, .forward = { [DEV_CPU] = relu_backward } },
};

void plug_mlp(Tape *tape)
{
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        tape_replace(tape, row[i].name, &row[i]);
}
