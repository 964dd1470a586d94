/* cross_entropy.c -- the mean over rows of  lse(x) - x[target],  lse the logarithm of the sum of exponentials. */
#include "rows.h"

static const char *shape(Node *n)
{
    const Tensor *x = n->in[0], *target = n->in[1];
    if (x->ndim != 2 || x->shape[1] < 1) return "needs a matrix of scores, a row an example";
    if (target->dtype != I32 || target->ndim != 1 || target->shape[0] != x->shape[0])
        return "needs one i32 target per row";
    tensor_set_shape(n->out[0], SHAPE(1));
    tensor_set_shape(n->out[1], 1, x->shape); /* lse: (N), saved for backward */
    n->out[1]->needs_grad = false;
    return NULL;
}

static void check_targets(const int32_t *target, int64_t N, int64_t C)
{
    for (int64_t i = 0; i < N; i++)
        CHECK(target[i] >= 0 && target[i] < C, "cross_entropy: target %d of row %lld is not in 0..%lld", target[i],
              (long long)i, (long long)C - 1);
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = n->in[0]->shape[0], C = n->in[0]->shape[1];
    const real *x = n->in[0]->data;
    const int32_t *target = n->in[1]->data;
    real *lse = n->out[1]->data;
    double loss = 0;
    check_targets(target, N, C);
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i++) lse[i] = rows_lse(x + i * C, C);
    for (int64_t i = 0; i < N; i++) /* a row with everything masked has no chance of being right */
        loss += lse[i] == -(real)INFINITY ? INFINITY : (double)lse[i] - (double)x[i * C + target[i]];
    *(real *)n->out[0]->data = (real)(loss / (double)N);
}

/* dx = (softmax(x) - onehot(target)) dloss / N */
static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    int64_t N = n->in[0]->shape[0], C = n->in[0]->shape[1];
    const real *x = n->in[0]->data, *lse = n->in[2]->data;
    const int32_t *target = n->in[1]->data;
    real *dx = n->out[0]->data, dloss = *(const real *)n->in[3]->data / (real)N;
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i++) {
        const real *in = x + i * C, shift = lse[i] == -(real)INFINITY ? 0 : lse[i];
        real *out = dx + i * C;
#pragma omp simd
        for (int64_t c = 0; c < C; c++) out[c] = vexp(in[c] - shift) * dloss;
        out[target[i]] -= dloss;
    }
}

static const Op op_backward = { .name = "cross_entropy_backward", .dtypes = 1u << REAL | 1u << I32,
                                .shape = same_shape, .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *target = n->in[1], *lse = n->out[1], *dloss = n->out[0]->grad;
    tape_add_grad(t, x, tape_run(t, (Node){ .op = &op_backward, IN(x, target, lse, dloss) }));
}

static const Op op = { .name = "cross_entropy", .dtypes = 1u << REAL | 1u << I32, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_cross_entropy(Tape *t, Tensor *x, Tensor *target)
{
    return tape_run(t, (Node){ .op = &op, .n_out = 2, IN(x, target) });
}
