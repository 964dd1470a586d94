/* matmul.c -- C = A B, for each pair of matrices that the leading dimensions, broadcast, bring together. */
#include <string.h>
#include "broadcast.h"

static int64_t lead_from_right(const Tensor *x, int d) { return d + 2 < x->ndim ? x->shape[x->ndim - 3 - d] : 1; }

static const char *shape(Node *n)
{
    const Tensor *a = n->in[0], *b = n->in[1];
    if (a->ndim < 2 || b->ndim < 2) return "needs two matrices";
    if (a->shape[a->ndim - 1] != b->shape[b->ndim - 2])
        return "the columns of the first must be the rows of the second";
    int     ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    int64_t s[MAX_DIMS];
    for (int d = 0; d < ndim - 2; d++) {
        int64_t p = lead_from_right(a, d), q = lead_from_right(b, d);
        if (p != q && p != 1 && q != 1) return "the leading dimensions do not broadcast";
        s[ndim - 3 - d] = p == 1 ? q : p;
    }
    s[ndim - 2] = a->shape[a->ndim - 2], s[ndim - 1] = b->shape[b->ndim - 1];
    tensor_set_shape(n->out[0], ndim, s);
    return NULL;
}

static double flops(const Node *n)
{
    return 2 * (double)tensor_count(n->out[0]) * (double)n->in[0]->shape[n->in[0]->ndim - 1];
}

/* x under y's leading dimensions: strides of 0 where it is stretched. */
static Tensor under(const Tensor *x, const Tensor *y)
{
    int64_t s[MAX_DIMS];
    memcpy(s, y->shape, sizeof s);
    s[y->ndim - 2] = x->shape[x->ndim - 2], s[y->ndim - 1] = x->shape[x->ndim - 1];
    return tensor_expanded(x, y->ndim, s);
}

/* One B for all, and A's matrices lie one below the other: they are one tall matrix. */
static bool tall(const Tensor *a, const Tensor *b)
{
    for (int d = 0; d < a->ndim - 2; d++)
        if (b->stride[d] != 0 || a->stride[d] != a->stride[d + 1] * a->shape[d + 1]) return false;
    return true;
}

static const real *matrix(const Tensor *x, int64_t i) /* the i-th */
{
    const real *at = x->data;
    for (int d = x->ndim - 3; d >= 0; d--) {
        at += i % x->shape[d] * x->stride[d];
        i /= x->shape[d];
    }
    return at;
}

static void forward(Tape *t, Node *n)
{
    enum { SHARED_OUT = 1 << 21 }; /* products larger than this share their own work out */
    (void)t;
    const Tensor *y = n->out[0];
    Tensor a = under(n->in[0], y), b = under(n->in[1], y);
    const int64_t *sa = a.stride + y->ndim - 2, *sb = b.stride + y->ndim - 2;
    int64_t M = y->shape[y->ndim - 2], N = y->shape[y->ndim - 1], K = a.shape[y->ndim - 1], pairs = 1;
    for (int d = 0; d < y->ndim - 2; d++) pairs *= y->shape[d];
    real *c = y->data;
    if (pairs > 1 && tall(&a, &b)) M *= pairs, pairs = 1;
    bool threads = pairs > 1 && M * N * K <= SHARED_OUT && pairs * M * N * K > SHARED_OUT;
#pragma omp parallel for if (threads)
    for (int64_t i = 0; i < pairs; i++) gemm(c + i * M * N, M, N, K, matrix(&a, i), sa, matrix(&b, i), sb, 0);
}

static Tensor *turned(Tape *t, Tensor *x) { return op_transpose(t, x, x->ndim - 2, x->ndim - 1); }
static Tensor *flat(Tape *t, Tensor *x) { return op_reshape(t, x, SHAPE(-1, x->shape[x->ndim - 1])); }

/* dA = dC B^T,  dB = A^T dC, summed over what was broadcast: of one B for all A, by one product of tall matrices. */
static void backward(Tape *t, Node *n)
{
    Tensor *a = n->in[0], *b = n->in[1], *dc = n->out[0]->grad;
    if (tensor_wants_grad(a)) broadcast_add_grad(t, a, op_matmul(t, dc, turned(t, b)));
    if (!tensor_wants_grad(b)) return;
    bool one = b->ndim == 2 && a->ndim > 2 && tensor_count(dc) > 0 && tensor_count(a) > 0;
    if (one) tape_add_grad(t, b, op_matmul(t, turned(t, flat(t, a)), flat(t, dc)));
    else broadcast_add_grad(t, b, op_matmul(t, turned(t, a), dc));
}

static const Op op = { .name = "matmul", .dtypes = 1u << REAL, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward, .flops = flops };

Tensor *op_matmul(Tape *t, Tensor *a, Tensor *b) { return tape_run(t, (Node){ .op = &op, IN(a, b) }); }
