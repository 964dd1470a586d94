/* plug.c -- lets the tape run on this folder's functions. */
#include <string.h>
#include "convolution.h"
#include "plug.h"

/* Shapes, and which op computes whose gradient, are the library's. Forward goes by columns: of the ways that take every
 * shape it is the fastest. */

void plug_convolution(Tape *);

static Convolution shape_of(const ConvArg *a, const Tensor *x, const Tensor *w)
{
    Convolution c = { (int)x->shape[0], (int)x->shape[1], (int)x->shape[2], (int)x->shape[3], (int)w->shape[0],
                      (int)w->shape[2], (int)w->shape[3], { 0 }, { 0 }, { 0 }, a->groups };
    for (int d = 0; d < 2; d++) c.stride[d] = a->stride[d], c.pad[d] = a->pad[d], c.dilation[d] = a->dilation[d];
    return c;
}

static void forward(Tape *t, Node *n) /* x (N,C,H,W), w (OC,C/groups,KH,KW), b (OC) or NULL -> y (N,OC,OH,OW) */
{
    const Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2], *y = n->out[0];
    Convolution c = shape_of(n->arg, x, w);
    size_t columns = (size_t)c.C * (size_t)c.KH * (size_t)c.KW * (size_t)(y->shape[2] * y->shape[3]);
    convolution_by_columns(y->data, tape_scratch(t, columns * sizeof(float)), x->data, w->data, b ? b->data : NULL,
                           &c);
}

static void relu_forward(Tape *t, Node *n)
{
    float *y = n->out[0]->data;
    forward(t, n);
    for (int64_t i = 0; i < tensor_count(n->out[0]); i++) y[i] = y[i] < 0 ? 0 : y[i];
}

static void backward(Tape *t, Node *n) /* x, w, dy -> dx, dw, db (OC) */
{
    const ConvBackwardArg *wanted = n->arg;
    const Tensor *x = n->in[0], *w = n->in[1], *dy = n->in[2];
    float *dx = n->out[0]->data, *dw = n->out[1]->data, *db = n->out[2]->data;
    Convolution c = shape_of(&wanted->conv, x, w);
    (void)t;
    if (wanted->dx) convolution_data(dx, w->data, dy->data, &c);
    if (!wanted->dw && !wanted->db) return;
    memset(dw, 0, tensor_bytes(n->out[1])); /* the kernel adds; an op's output is new */
    memset(db, 0, tensor_bytes(n->out[2]));
    convolution_weights(dw, wanted->db ? db : NULL, x->data, dy->data, &c);
}

static const Op row[] = {
    { .name = "conv2d", .dtypes = 1u << F32, .forward = { [DEV_CPU] = forward } },
    { .name = "conv2d_relu", .dtypes = 1u << F32, .forward = { [DEV_CPU] = relu_forward } },
    { .name = "conv2d_backward", .dtypes = 1u << F32, .forward = { [DEV_CPU] = backward } },
};

void plug_convolution(Tape *tape)
{
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) tape_replace(tape, row[i].name, &row[i]);
}
