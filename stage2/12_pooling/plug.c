/* plug.c -- lets the tape run on this folder's functions. */
#include "pooling.h"
#include "plug.h"

/* Shapes, and which op computes whose gradient, are the library's. */

void plug_pooling(Tape *);

static Pooling shape_of(const PoolArg *a, const Tensor *x)
{
    Pooling p = { (int)x->shape[0], (int)x->shape[1], (int)x->shape[2], (int)x->shape[3], { 0 }, { 0 }, { 0 } };
    for (int d = 0; d < 2; d++) p.window[d] = a->kernel[d], p.stride[d] = a->stride[d], p.pad[d] = a->pad[d];
    return p;
}

static void max(Tape *t, Node *n) /* x (N,C,H,W) -> y (N,C,OH,OW), which */
{
    Pooling p = shape_of(n->arg, n->in[0]);
    (void)t;
    pooling_max(n->out[0]->data, n->out[1]->data, n->in[0]->data, &p);
}

/* dy, which -> dx. The row is not told the windows; any that give as many places will do, for the winners are known. */
static void max_backward(Tape *t, Node *n)
{
    const Tensor *dy = n->in[0], *dx = n->out[0];
    PoolArg a = { .stride = { 1, 1 } };
    (void)t;
    for (int d = 0; d < 2; d++) a.kernel[d] = (int)(dx->shape[2 + d] - dy->shape[2 + d] + 1);
    for (int d = 0; d < 2; d++) if (a.kernel[d] < 1) a.pad[d] = 1 - a.kernel[d], a.kernel[d] += 2 * a.pad[d];
    Pooling p = shape_of(&a, dx);
    pooling_max_backward(dx->data, dy->data, n->in[1]->data, &p);
}

static void average(Tape *t, Node *n)
{
    Pooling p = shape_of(n->arg, n->in[0]);
    (void)t;
    pooling_average(n->out[0]->data, n->in[0]->data, 1, &p);
}

static void average_backward(Tape *t, Node *n) /* dy -> dx */
{
    const AvgPoolBackwardArg *a = n->arg;
    Pooling p = shape_of(&a->pool, n->out[0]);
    (void)t;
    pooling_average_backward(n->out[0]->data, n->in[0]->data, 1, &p);
}

static const Op row[] = {
    { .name = "max_pool2d", .dtypes = 1u << F32, .forward = { [DEV_CPU] = max } },
    { .name = "max_pool2d_backward", .dtypes = 1u << F32 | 1u << I32, .forward = { [DEV_CPU] = max_backward } },
    { .name = "avg_pool2d", .dtypes = 1u << F32, .forward = { [DEV_CPU] = average } },
    { .name = "avg_pool2d_backward", .dtypes = 1u << F32, .forward = { [DEV_CPU] = average_backward } },
};

void plug_pooling(Tape *tape)
{
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) tape_replace(tape, row[i].name, &row[i]);
}
