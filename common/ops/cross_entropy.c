/* cross_entropy.c -- the mean over rows of  lse(x) - sum_c q_c x_c,  lse the logarithm of the sum of exponentials and q
 * what is wanted: 1 at the target, or, smoothed by s, 1 - s + s / C there and s / C elsewhere. */
#include <string.h>
#include "rows.h"

typedef CrossEntropyArg Arg;

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

static bool ignored(const Arg *a, int32_t target) { return a->ignores && target == a->ignore; }

/* How many rows count; all of their targets must be classes. */
static int64_t count_targets(const int32_t *target, int64_t N, int64_t C, const Arg *a)
{
    int64_t counted = 0;
    for (int64_t i = 0; i < N; i++) {
        if (ignored(a, target[i])) continue;
        CHECK(target[i] >= 0 && target[i] < C, "cross_entropy: target %d of row %lld is not in 0..%lld", target[i],
              (long long)i, (long long)C - 1);
        counted++;
    }
    return counted;
}

/* sum_c q_c x_c */
static double wanted(const real *x, int32_t target, int64_t C, double smoothing)
{
    if (smoothing == 0) return (double)x[target]; /* others may be -inf, and 0 times that is NaN */
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < C; c++) sum += (double)x[c];
    return (1 - smoothing) * (double)x[target] + smoothing / (double)C * sum;
}

/* A row with everything masked has no chance of being right. */
static double row_loss(const real *x, real lse, int32_t target, int64_t C, double smoothing)
{
    return lse == -(real)INFINITY ? INFINITY : (double)lse - wanted(x, target, C, smoothing);
}

static void short_lse(real *lse, const real *x, int64_t rows, int64_t C)
{
    Wide v[ROWS_SHORT];
    rows_turned(v, x, rows, C);
    const Wide shift = rows_turned_shift(v, C);
    wide_put(lse, shift + wide_log(rows_turned_sum_exp(v, shift, C)), rows);
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    const Arg *a = n->arg;
    int64_t N = n->in[0]->shape[0], C = n->in[0]->shape[1], step = rows_at_once(C);
    const real *x = n->in[0]->data;
    const int32_t *target = n->in[1]->data;
    real *lse = n->out[1]->data;
    int64_t counted = count_targets(target, N, C, a);
    double loss = 0;
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i += step)
        if (step > 1) short_lse(lse + i, x + i * C, N - i < step ? N - i : step, C);
        else lse[i] = rows_lse(x + i * C, C);
    for (int64_t i = 0; i < N; i++)
        if (!ignored(a, target[i])) loss += row_loss(x + i * C, lse[i], target[i], C, a->smoothing);
    *(real *)n->out[0]->data = (real)(a->ignores && counted == 0 ? 0 : loss / (double)counted);
}

/* dx = (softmax(x) - q) dloss / N */
static void backward_row(real *dx, const real *x, real lse, int32_t target, int64_t C, real smoothing, real dloss)
{
    real shift = lse == -(real)INFINITY ? 0 : lse, even = smoothing / (real)C;
    for (int64_t c = 0; c < C; c += WIDE)
        wide_put(dx + c, (wide_exp(wide_get(x + c, C - c, 0) - shift) - even) * dloss, C - c);
    dx[target] -= (1 - smoothing) * dloss;
}

static void forward_of_backward(Tape *t, Node *n)
{
    (void)t;
    const Arg *a = n->arg;
    int64_t N = n->in[0]->shape[0], C = n->in[0]->shape[1];
    const real *x = n->in[0]->data, *lse = n->in[2]->data;
    const int32_t *target = n->in[1]->data;
    real *dx = n->out[0]->data, dloss = *(const real *)n->in[3]->data / (real)count_targets(target, N, C, a);
#pragma omp parallel for if (N * C > PARALLEL / 4)
    for (int64_t i = 0; i < N; i++)
        if (ignored(a, target[i])) memset(dx + i * C, 0, (size_t)C * sizeof *dx);
        else backward_row(dx + i * C, x + i * C, lse[i], target[i], C, (real)a->smoothing, dloss);
}

static const Op op_backward = { .name = "cross_entropy_backward", .dtypes = 1u << REAL | 1u << I32,
                                .shape = same_shape, .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *target = n->in[1], *lse = n->out[1], *dloss = n->out[0]->grad;
    tape_add_grad(t, x, tape_run(t, (Node){ .op = &op_backward, IN(x, target, lse, dloss), .arg = n->arg,
                                            .arg_size = n->arg_size }));
}

static const Op op = { .name = "cross_entropy", .dtypes = 1u << REAL | 1u << I32, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward, .flops = flops_of_inputs };

Tensor *op_cross_entropy_with(Tape *t, Tensor *x, Tensor *target, CrossEntropyArg arg)
{
    CHECK(arg.smoothing >= 0 && arg.smoothing <= 1, "cross_entropy: a smoothing of %g", arg.smoothing);
    return tape_run(t, (Node){ .op = &op, .n_out = 2, IN(x, target), .arg = &arg, .arg_size = sizeof arg });
}

Tensor *op_cross_entropy(Tape *t, Tensor *x, Tensor *target)
{
    return op_cross_entropy_with(t, x, target, (CrossEntropyArg){ 0 });
}
