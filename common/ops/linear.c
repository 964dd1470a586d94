/* linear.c -- Y = X W^T + b. X is rows of IN, whatever number of dimensions they stand in; W is (OUT, IN). */
#include <string.h>
#include "linear.h"

LinearSizes linear_sizes(const Tensor *x, const Tensor *w)
{
    LinearSizes s = { .N = 1, .IN = w->shape[1], .OUT = w->shape[0] };
    for (int d = 0; d < x->ndim - 1; d++) s.N *= x->shape[d];
    return s;
}

const char *linear_shape(Node *n)
{
    const Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
    if (w->ndim != 2) return "the weight must be a matrix (OUT,IN)";
    if (x->ndim < 1 || x->shape[x->ndim - 1] != w->shape[1])
        return "the input's last dimension must be the weight's IN";
    if (b && (b->ndim != 1 || b->shape[0] != w->shape[0])) return "the bias must be (OUT)";
    int64_t y[MAX_DIMS];
    memcpy(y, x->shape, sizeof y);
    y[x->ndim - 1] = w->shape[0];
    for (int i = 0; i < n->n_out; i++) tensor_set_shape(n->out[i], x->ndim, y);
    return NULL;
}

double linear_flops(const Node *n)
{
    LinearSizes s = linear_sizes(n->in[0], n->in[1]);
    return 2 * (double)s.N * (double)s.IN * (double)s.OUT;
}

typedef struct { real *y; const real *b; int64_t OUT; } Bias;

static void add_bias(const void *ctx, int64_t m, int64_t n, int64_t rows, int64_t cols)
{
    const Bias *c = ctx;
    for (int64_t i = m; i < m + rows; i++)
        for (int64_t o = n; o < n + cols; o++) c->y[i * c->OUT + o] += c->b[o];
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    LinearSizes s = linear_sizes(n->in[0], n->in[1]);
    const real *x = n->in[0]->data, *w = n->in[1]->data, *b = n->in[2] ? n->in[2]->data : NULL;
    const int64_t rows_of_in[] = { s.IN, 1 }, columns_of_in[] = { 1, s.IN };
    Bias bias = { n->out[0]->data, b, s.OUT };
    gemm_then(bias.y, s.N, s.OUT, s.IN, x, rows_of_in, w, columns_of_in, 0, b ? add_bias : NULL, &bias);
}

static const char *backward_shape(Node *n)
{
    const Tensor *x = n->in[0], *w = n->in[1];
    tensor_set_shape(n->out[0], x->ndim, x->shape);
    tensor_set_shape(n->out[1], 2, w->shape);
    tensor_set_shape(n->out[2], 1, w->shape);
    n->out[1]->arena = n->out[2]->arena = w->arena; /* parameters' gradients, to be taken over */
    return NULL;
}

/* Every thread sums columns of its own, so the order of the additions is always the same. */
static void sum_rows(real *db, const real *dy, int64_t N, int64_t OUT)
{
    enum { BLOCK = 256 };
#pragma omp parallel for if (N * OUT > PARALLEL)
    for (int64_t from = 0; from < OUT; from += BLOCK) {
        int64_t width = OUT - from < BLOCK ? OUT - from : BLOCK;
        double sum[BLOCK] = { 0 }; /* in double: N may be millions */
        for (int64_t i = 0; i < N; i++)
            for (int64_t o = 0; o < width; o++) sum[o] += (double)dy[i * OUT + from + o];
        for (int64_t o = 0; o < width; o++) db[from + o] = (real)sum[o];
    }
}

/* dX = dY W,  dW = dY^T X,  db = the sum of dY's rows */
static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    const LinearBackwardArg *wanted = n->arg;
    LinearSizes s = linear_sizes(n->in[0], n->in[1]);
    const real *x = n->in[0]->data, *w = n->in[1]->data, *dy = n->in[2]->data;
    const int64_t rows_of_in[] = { s.IN, 1 };
    if (wanted->dx) gemm(n->out[0]->data, s.N, s.IN, s.OUT, dy, (int64_t[]){ s.OUT, 1 }, w, rows_of_in, 0);
    if (wanted->dw) gemm(n->out[1]->data, s.OUT, s.IN, s.N, dy, (int64_t[]){ 1, s.OUT }, x, rows_of_in, 0);
    if (wanted->db) sum_rows(n->out[2]->data, dy, s.N, s.OUT);
}

static double flops_of_backward(const Node *n)
{
    const LinearBackwardArg *wanted = n->arg;
    return (wanted->dx + wanted->dw) * linear_flops(n);
}

static const Op op_backward = { .name = "linear_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                .forward = { [DEV_CPU] = forward_of_backward }, .flops = flops_of_backward };

void linear_backward(Tape *t, Tensor *x, Tensor *w, Tensor *dy, LinearBackwardArg wanted, Tensor *d[3])
{
    Node n = { .op = &op_backward, .n_out = 3, IN(x, w, dy), .arg = &wanted, .arg_size = sizeof wanted };
    tape_run_all(t, n, d);
}

void linear_add_grads(Tape *t, Tensor **in, Tensor *dy)
{
    Tensor *d[3];
    LinearBackwardArg wanted = { tensor_wants_grad(in[0]), tensor_wants_grad(in[1]), tensor_wants_grad(in[2]) };
    linear_backward(t, in[0], in[1], dy, wanted, d);
    for (int i = 0; i < 3; i++) tape_add_grad(t, in[i], d[i]);
}

static void backward(Tape *t, Node *n) { linear_add_grads(t, n->in, n->out[0]->grad); }

static const Op op = { .name = "linear", .dtypes = 1u << REAL, .shape = linear_shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward, .flops = linear_flops };

Tensor *op_linear(Tape *t, Tensor *x, Tensor *w, Tensor *b) { return tape_run(t, (Node){ .op = &op, IN(x, w, b) }); }
