/* linear.c -- Y = X W^T + b. X is rows of IN, whatever number of dimensions they stand in; W is (OUT, IN). */
#include <string.h>
#include "loops.h"

typedef struct { int64_t N, IN, OUT; } Sizes;

static Sizes sizes(const Tensor *x, const Tensor *w)
{
    Sizes s = { .N = 1, .IN = w->shape[1], .OUT = w->shape[0] };
    for (int d = 0; d < x->ndim - 1; d++) s.N *= x->shape[d];
    return s;
}

static const char *shape(Node *n)
{
    const Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
    if (w->ndim != 2) return "the weight must be a matrix (OUT,IN)";
    if (x->ndim < 1 || x->shape[x->ndim - 1] != w->shape[1])
        return "the input's last dimension must be the weight's IN";
    if (b && (b->ndim != 1 || b->shape[0] != w->shape[0])) return "the bias must be (OUT)";
    int64_t y[MAX_DIMS];
    memcpy(y, x->shape, sizeof y);
    y[x->ndim - 1] = w->shape[0];
    tensor_set_shape(n->out[0], x->ndim, y);
    return NULL;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    Sizes s = sizes(n->in[0], n->in[1]);
    const real *x = n->in[0]->data, *w = n->in[1]->data, *b = n->in[2] ? n->in[2]->data : NULL;
    const int64_t rows_of_in[] = { s.IN, 1 }, columns_of_in[] = { 1, s.IN };
    real *y = n->out[0]->data;
    for (int64_t i = 0; b && i < s.N; i++) memcpy(y + i * s.OUT, b, (size_t)s.OUT * sizeof *y);
    gemm(y, s.N, s.OUT, s.IN, x, rows_of_in, w, columns_of_in, b ? 1 : 0);
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
    Sizes s = sizes(n->in[0], n->in[1]);
    const real *x = n->in[0]->data, *w = n->in[1]->data, *dy = n->in[2]->data;
    const int64_t rows_of_in[] = { s.IN, 1 };
    if (wanted->dx) gemm(n->out[0]->data, s.N, s.IN, s.OUT, dy, (int64_t[]){ s.OUT, 1 }, w, rows_of_in, 0);
    if (wanted->dw) gemm(n->out[1]->data, s.OUT, s.IN, s.N, dy, (int64_t[]){ 1, s.OUT }, x, rows_of_in, 0);
    if (wanted->db) sum_rows(n->out[2]->data, dy, s.N, s.OUT);
}

static const Op op_backward = { .name = "linear_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *w = n->in[1], *b = n->in[2], *dy = n->out[0]->grad, *d[3];
    LinearBackwardArg wanted = { tensor_wants_grad(x), tensor_wants_grad(w), tensor_wants_grad(b) };
    tape_run_all(t, (Node){ .op = &op_backward, .n_out = 3, IN(x, w, dy), .arg = &wanted, .arg_size = sizeof wanted },
                 d);
    for (int i = 0; i < 3; i++) tape_add_grad(t, n->in[i], d[i]);
}

static const Op op = { .name = "linear", .dtypes = 1u << REAL, .shape = shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

Tensor *op_linear(Tape *t, Tensor *x, Tensor *w, Tensor *b) { return tape_run(t, (Node){ .op = &op, IN(x, w, b) }); }
