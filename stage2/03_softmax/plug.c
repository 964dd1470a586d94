/* plug.c -- lets the tape run on this folder's functions. */
#include "plug.h"
#include "softmax.h"

/* Shapes, dtypes, and which op computes whose gradient, are the library's: what is left out keeps the row's own. */

static int classes(const Tensor *x) { return (int)x->shape[x->ndim - 1]; }
static int rows(const Tensor *x) { return classes(x) ? (int)(tensor_count(x) / classes(x)) : 0; }

static void forward(Tape *t, Node *n)                   /* x (...,C) -> y (...,C) */
{
    (void)t;
    softmax(n->out[0]->data, n->in[0]->data, rows(n->in[0]), classes(n->in[0]));
}

static void backward(Tape *t, Node *n)                  /* y, dy (...,C) -> dx (...,C) */
{
    (void)t;
    softmax_backward(n->out[0]->data, n->in[0]->data, n->in[1]->data, rows(n->in[0]), classes(n->in[0]));
}

static void log_forward(Tape *t, Node *n)               /* x (...,C) -> y (...,C) */
{
    (void)t;
    softmax_log(n->out[0]->data, n->in[0]->data, rows(n->in[0]), classes(n->in[0]));
}

static void log_backward(Tape *t, Node *n)              /* y, dy (...,C) -> dx (...,C) */
{
    (void)t;
    softmax_log_backward(n->out[0]->data, n->in[0]->data, n->in[1]->data, rows(n->in[0]), classes(n->in[0]));
}

static void cross_entropy(Tape *t, Node *n)             /* x (N,C), target (N) -> loss (1), lse (N) */
{
    (void)t;
    softmax_cross_entropy(n->out[0]->data, n->out[1]->data, n->in[0]->data, n->in[1]->data,
                          rows(n->in[0]), classes(n->in[0]));
}

static void cross_entropy_backward(Tape *t, Node *n)    /* x (N,C), target (N), lse (N), dloss (1) -> dx (N,C) */
{
    (void)t;
    softmax_cross_entropy_backward(n->out[0]->data, n->in[0]->data, n->in[1]->data, n->in[2]->data, n->in[3]->data,
                                   rows(n->in[0]), classes(n->in[0]));
}

static const Op row[] = {
    { .name = "softmax",                 .forward = { [DEV_CPU] = forward } },
    { .name = "softmax_backward",        .forward = { [DEV_CPU] = backward } },
    { .name = "log_softmax",             .forward = { [DEV_CPU] = log_forward } },
    { .name = "log_softmax_backward",    .forward = { [DEV_CPU] = log_backward } },
    { .name = "cross_entropy",           .forward = { [DEV_CPU] = cross_entropy } },
    { .name = "cross_entropy_backward",  .forward = { [DEV_CPU] = cross_entropy_backward } },
};

void plug_softmax(Tape *);
void plug_softmax(Tape *tape)
{
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) tape_replace(tape, row[i].name, &row[i]);
}
