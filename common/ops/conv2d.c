/* conv2d.c -- y[n,o,i,j] = b[o] + sum_{c,k,l} w[o,c,k,l] x[n,c, i P + k D - pad, j P + l D - pad], and its transpose.
 * (Cross-correlation, as everybody calls convolution since LeCun et al. 1989.) */
#include "conv.h"
#include "unary.h"

/* ---- Shapes ---- */

static int64_t reach(const ConvArg *a, int d, int64_t K) { return a->dilation[d] * (K - 1) + 1; }

static Conv sizes(const ConvArg *a, const Tensor *x, const Tensor *w)
{
    Conv c = { .N = x->shape[0], .C = x->shape[1], .H = x->shape[2], .W = x->shape[3], .OC = w->shape[0],
               .KH = w->shape[2], .KW = w->shape[3], .groups = a->groups };
    for (int d = 0; d < 2; d++) c.stride[d] = a->stride[d], c.pad[d] = a->pad[d], c.dilation[d] = a->dilation[d];
    c.OH = (c.H + 2 * c.pad[0] - reach(a, 0, c.KH)) / c.stride[0] + 1;
    c.OW = (c.W + 2 * c.pad[1] - reach(a, 1, c.KW)) / c.stride[1] + 1;
    return c;
}

/* Of a transposed one: x and y change places. */
static Conv transposed_sizes(const ConvArg *a, const Tensor *x, const Tensor *w)
{
    Conv c = { .N = x->shape[0], .C = w->shape[1] * a->groups, .OC = x->shape[1], .OH = x->shape[2],
               .OW = x->shape[3], .KH = w->shape[2], .KW = w->shape[3], .groups = a->groups };
    for (int d = 0; d < 2; d++) c.stride[d] = a->stride[d], c.pad[d] = a->pad[d], c.dilation[d] = a->dilation[d];
    c.H = (c.OH - 1) * c.stride[0] - 2 * c.pad[0] + reach(a, 0, c.KH) + a->more[0];
    c.W = (c.OW - 1) * c.stride[1] - 2 * c.pad[1] + reach(a, 1, c.KW) + a->more[1];
    return c;
}

static const char *check(const Node *n, int in_of_w, int64_t OC)
{
    const Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
    const ConvArg *a = n->arg;
    if (x->shape[1] != w->shape[in_of_w] * (in_of_w == 1 ? a->groups : 1) || w->shape[0] % a->groups)
        return sentence("%lld channels in %d groups do not go with the weight", (long long)x->shape[1], a->groups);
    if (w->shape[2] < 1 || w->shape[3] < 1) return "the kernel must have a pixel";
    return b && (b->ndim != 1 || b->shape[0] != OC) ? "the bias must have one number a channel of the output" : NULL;
}

static const char *shape(Node *n)
{
    const Tensor *x = n->in[0], *w = n->in[1];
    const ConvArg *a = n->arg;
    if (x->ndim != 4 || w->ndim != 4) return "needs images (N,C,H,W) and a weight (OC,C/groups,KH,KW)";
    const char *wrong = check(n, 1, w->shape[0]);
    if (wrong) return wrong;
    Conv c = sizes(a, x, w);
    if (c.H + 2 * c.pad[0] < reach(a, 0, c.KH) || c.W + 2 * c.pad[1] < reach(a, 1, c.KW))
        return "the kernel reaches beyond the image";
    tensor_set_shape(n->out[0], SHAPE(c.N, c.OC, c.OH, c.OW));
    return NULL;
}

static const char *transposed_shape(Node *n)
{
    const Tensor *x = n->in[0], *w = n->in[1];
    const ConvArg *a = n->arg;
    if (x->ndim != 4 || w->ndim != 4) return "needs images (N,C,H,W) and a weight (C,OC/groups,KH,KW)";
    const char *wrong = check(n, 0, w->shape[1] * a->groups);
    if (wrong) return wrong;
    Conv c = transposed_sizes(a, x, w);
    for (int d = 0; d < 2; d++)
        if (a->more[d] >= a->stride[d] && a->more[d] >= a->dilation[d])
            return "`more` must be less than the stride or the dilation";
    if (c.H < 1 || c.W < 1 || c.OH < 1 || c.OW < 1) return "nothing is left of the image";
    tensor_set_shape(n->out[0], SHAPE(c.N, c.C, c.H, c.W));
    return NULL;
}

static double flops(const Node *n)
{
    Conv c = sizes(n->arg, n->in[0], n->in[1]);
    return conv_flops(&c);
}

static double transposed_flops(const Node *n)
{
    Conv c = transposed_sizes(n->arg, n->in[0], n->in[1]);
    return conv_flops(&c);
}

/* ---- Forward ---- */

static const real *data_of(const Tensor *x) { return x ? x->data : NULL; }

static void any_forward(Tape *t, Node *n, bool relu)
{
    Conv c = sizes(n->arg, n->in[0], n->in[1]);
    c.relu = relu;
    conv_forward(&c, n->out[0]->data, n->in[0]->data, n->in[1]->data, data_of(n->in[2]),
                 tape_scratch(t, conv_scratch(&c, CONV_FORWARD)));
}

static void forward(Tape *t, Node *n) { any_forward(t, n, false); }
static void relu_forward(Tape *t, Node *n) { any_forward(t, n, true); }

static void transposed_forward(Tape *t, Node *n)
{
    Conv c = transposed_sizes(n->arg, n->in[0], n->in[1]);
    const real *b = data_of(n->in[2]);
    real *y = n->out[0]->data;
    conv_data(&c, y, n->in[0]->data, n->in[1]->data, tape_scratch(t, conv_scratch(&c, CONV_DATA)));
    const int64_t S = c.H * c.W;
    for (int64_t i = 0; b && i < c.N * c.C; i++)
        for (int64_t s = 0; s < S; s++) y[i * S + s] += b[i % c.C];
}

/* ---- Backward. Inputs x, w, dy; outputs dx, dw, db ---- */

static const char *backward_shapes(Node *n, int64_t channels)
{
    const Tensor *x = n->in[0], *w = n->in[1];
    tensor_set_shape(n->out[0], 4, x->shape);
    tensor_set_shape(n->out[1], 4, w->shape);
    tensor_set_shape(n->out[2], SHAPE(channels));
    n->out[1]->arena = n->out[2]->arena = w->arena; /* parameters' gradients, to be taken over */
    return NULL;
}

static const char *backward_shape(Node *n) { return backward_shapes(n, n->in[2]->shape[1]); }

/* Room for the product that makes dx, and for the weights', one after the other. */
static size_t larger(const Conv *c, const ConvBackwardArg *wanted, ConvProduct of_dx)
{
    size_t dx = wanted->dx ? conv_scratch(c, of_dx) : 0, dw = wanted->dw ? conv_scratch(c, CONV_WEIGHTS) : 0;
    return dx > dw ? dx : dw;
}

static void forward_of_backward(Tape *t, Node *n)
{
    const ConvBackwardArg *wanted = n->arg;
    Conv c = sizes(n->arg, n->in[0], n->in[1]);
    const real *x = n->in[0]->data, *w = n->in[1]->data, *dy = n->in[2]->data;
    void *scratch = tape_scratch(t, larger(&c, wanted, CONV_DATA));
    if (wanted->dx) conv_data(&c, n->out[0]->data, dy, w, scratch);
    if (wanted->dw) conv_weights(&c, n->out[1]->data, x, dy, scratch);
    if (wanted->db) conv_bias(n->out[2]->data, dy, c.N, c.OC, c.OH * c.OW);
}

static void transposed_forward_of_backward(Tape *t, Node *n)
{
    const ConvBackwardArg *wanted = n->arg;
    Conv c = transposed_sizes(n->arg, n->in[0], n->in[1]);
    const real *x = n->in[0]->data, *w = n->in[1]->data, *dy = n->in[2]->data;
    void *scratch = tape_scratch(t, larger(&c, wanted, CONV_FORWARD));
    if (wanted->dx) conv_forward(&c, n->out[0]->data, dy, w, NULL, scratch);
    if (wanted->dw) conv_weights(&c, n->out[1]->data, dy, x, scratch);
    if (wanted->db) conv_bias(n->out[2]->data, dy, c.N, c.C, c.H * c.W);
}

static double backward_flops(const Node *n)
{
    const ConvBackwardArg *wanted = n->arg;
    return (wanted->dx + wanted->dw) * flops(n);
}

static double transposed_backward_flops(const Node *n)
{
    const ConvBackwardArg *wanted = n->arg;
    return (wanted->dx + wanted->dw) * transposed_flops(n);
}

static const Op op_backward = { .name = "conv2d_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                .forward = { [DEV_CPU] = forward_of_backward }, .flops = backward_flops };
static const Op op_transposed_backward = { .name = "conv2d_transpose_backward", .dtypes = 1u << REAL,
                                           .shape = backward_shape,
                                           .forward = { [DEV_CPU] = transposed_forward_of_backward },
                                           .flops = transposed_backward_flops };

static void play(Tape *t, Node *n, const Op *op, Tensor *dy)
{
    Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2], *d[3];
    ConvBackwardArg wanted = { *(const ConvArg *)n->arg, tensor_wants_grad(x), tensor_wants_grad(w),
                         tensor_wants_grad(b) };
    tape_run_all(t, (Node){ .op = op, .n_out = 3, IN(x, w, dy), .arg = &wanted, .arg_size = sizeof wanted }, d);
    for (int i = 0; i < 3; i++) tape_add_grad(t, n->in[i], d[i]);
}

static void backward(Tape *t, Node *n) { play(t, n, &op_backward, n->out[0]->grad); }
static void relu_then_backward(Tape *t, Node *n)
{
    play(t, n, &op_backward, relu_backward(t, n->out[0], n->out[0]->grad));
}
static void transposed_backward(Tape *t, Node *n) { play(t, n, &op_transposed_backward, n->out[0]->grad); }

static const Op op = { .name = "conv2d", .dtypes = 1u << REAL, .shape = shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward, .flops = flops };
static const Op op_relu_too = { .name = "conv2d_relu", .dtypes = 1u << REAL, .shape = shape,
                                .forward = { [DEV_CPU] = relu_forward }, .backward = relu_then_backward,
                                .flops = flops };
static const Op op_transposed = { .name = "conv2d_transpose", .dtypes = 1u << REAL, .shape = transposed_shape,
                                  .forward = { [DEV_CPU] = transposed_forward }, .backward = transposed_backward,
                                  .flops = transposed_flops };

static Tensor *run(Tape *t, const Op *which, Tensor *x, Tensor *w, Tensor *b, ConvArg a)
{
    const char *wrong = conv_defaults(&a);
    CHECK(!wrong, "%s: %s", which->name, wrong);
    return tape_run(t, (Node){ .op = which, IN(x, w, b), .arg = &a, .arg_size = sizeof a });
}

Tensor *op_conv2d(Tape *t, Tensor *x, Tensor *w, Tensor *b, ConvArg a) { return run(t, &op, x, w, b, a); }
Tensor *op_conv2d_relu(Tape *t, Tensor *x, Tensor *w, Tensor *b, ConvArg a) { return run(t, &op_relu_too, x, w, b, a); }
Tensor *op_conv2d_transpose(Tape *t, Tensor *x, Tensor *w, Tensor *b, ConvArg a)
{
    return run(t, &op_transposed, x, w, b, a);
}
