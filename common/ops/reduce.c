/* reduce.c -- sums over dimensions: sum, mean, and sum_to, which undoes broadcasting. */
#include <string.h>
#include "norm.h"
#include "reduce.h"

/* Of a short row vectors of reals make the sum: there are too few of them for rounding to add up. */
static double sum_row(const real *x, int64_t N)
{
    double sum = 0;
    if (N <= NORM_BLOCK) return norm_sum_block(x, N);
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < N; k++) sum += (double)x[k];
    return sum;
}

static double sum_strided(const real *x, int64_t step, int64_t N)
{
    double sum = 0;
    for (int64_t k = 0; k < N; k++) sum += (double)x[k * step];
    return sum;
}

/* All three are one thing. Stretched to x's shape, sum has stride 0 along what is summed: add every x to where sum
 * points. In double, because a bias's gradient may be a sum of millions. */
static void add_part(const Tensor *x, const Tensor *sum, const Tensor *none)
{
    (void)none;
    Loops l = loops_new(2, (const Tensor *[]){ x, sum });
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[2], N = loops_piece(&l, i, at), step = l.step[0];
        const real *in = (const real *)x->data + at[0];
        double *out = (double *)sum->data + at[1];
        if (l.step[1] == 0) *out += step == 1 ? sum_row(in, N) : sum_strided(in, step, N);
        else if (l.step[1] == 1 && step == 1)
            for (int64_t k = 0; k < N; k++) out[k] += (double)in[k];
        else
            for (int64_t k = 0; k < N; k++) out[k * l.step[1]] += (double)in[k * step];
    }
}

static Tensor part_of(const Tensor *x, int64_t i, int64_t n)
{
    Tensor part = *x;
    part.shape[0] = n;
    part.data = (char *)x->data + i * x->stride[0] * (int64_t)tensor_size(x->dtype);
    return part;
}

void reduce_parts(const Tensor *x, const Tensor *y, const Tensor *z, ReducePart *f)
{
    enum { PARTS = 64 };                /* each is looked at once, however many rows it has */
    if (tensor_count(x) <= PARALLEL || y->stride[0] == 0) {
        f(x, y, z);
        return;
    }
    const int64_t parts = x->shape[0] < PARTS ? x->shape[0] : PARTS;
#pragma omp parallel for
    for (int64_t i = 0; i < parts; i++) {
        const int64_t from = x->shape[0] * i / parts, n = x->shape[0] * (i + 1) / parts - from;
        Tensor xi = part_of(x, from, n), yi = part_of(y, from, n), zi = part_of(z ? z : y, from, n);
        f(&xi, &yi, z ? &zi : NULL);
    }
}

void reduce_sum(const Tensor *x, const Tensor *sum) { reduce_parts(x, sum, NULL, add_part); }

static void reduce(Tape *t, const Tensor *x, const Tensor *y, Tensor to, double factor)
{
    int64_t M = tensor_count(y);
    double *sum = tape_scratch(t, (size_t)M * sizeof *sum);
    memset(sum, 0, (size_t)M * sizeof *sum);
    to.data = sum, to.dtype = F64;
    reduce_sum(x, &to);
    real *out = y->data;
    for (int64_t i = 0; i < M; i++) out[i] = (real)(sum[i] * factor);
}

/* ---- sum_to ---- */

static const char *to_shape(Node *n)
{
    const ShapeArg *to = n->arg;
    const Tensor *x = n->in[0];
    if (to->ndim > x->ndim) return "cannot sum to more dimensions";
    for (int d = 1; d <= to->ndim; d++)
        if (to->shape[to->ndim - d] != 1 && to->shape[to->ndim - d] != x->shape[x->ndim - d])
            return "the shape to sum to does not broadcast to the input's";
    tensor_set_shape(n->out[0], to->ndim, to->shape);
    return NULL;
}

static void to_forward(Tape *t, Node *n)
{
    const Tensor *x = n->in[0], *y = n->out[0];
    reduce(t, x, y, tensor_expanded(y, x->ndim, x->shape), 1);
}

static void to_backward(Tape *t, Node *n)
{
    tape_add_grad(t, n->in[0], op_expand(t, n->out[0]->grad, n->in[0]->ndim, n->in[0]->shape));
}

static const Op op_to = { .name = "sum_to", .dtypes = 1u << REAL, .strided = true, .shape = to_shape,
                          .forward = { [DEV_CPU] = to_forward }, .backward = to_backward, .flops = flops_of_inputs };

Tensor *op_sum_to(Tape *t, Tensor *x, int ndim, const int64_t *shape)
{
    ShapeArg arg = { .ndim = ndim };
    CHECK(ndim >= 0 && ndim <= MAX_DIMS, "sum_to: %d dimensions, at most %d", ndim, MAX_DIMS);
    for (int d = 0; d < ndim; d++) arg.shape[d] = shape[d];
    return tape_run(t, (Node){ .op = &op_to, IN(x), .arg = &arg, .arg_size = sizeof arg });
}

/* ---- sum and mean ---- */

const char *reduce_shape(Node *n)
{
    unsigned axes = ((const ReduceArg *)n->arg)->axes;
    const Tensor *x = n->in[0];
    int64_t shape[MAX_DIMS];
    int ndim = 0;
    if (axes >> x->ndim) return sentence("axes %#x name a dimension that is not there", axes);
    for (int d = 0; d < x->ndim; d++)
        if (!(axes >> d & 1)) shape[ndim++] = x->shape[d];
    for (int i = 0; i < n->n_out; i++) tensor_set_shape(n->out[i], ndim, shape);
    return NULL;
}

void reduce_ones(const Tensor *x, unsigned axes, int64_t *shape)
{
    for (int d = 0; d < x->ndim; d++) shape[d] = axes >> d & 1 ? 1 : x->shape[d];
}

double reduce_count(const Tensor *x, unsigned axes)
{
    double n = 1;
    for (int d = 0; d < x->ndim; d++)
        if (axes >> d & 1) n *= (double)x->shape[d];
    return n;
}

Tensor reduce_stretched(const Tensor *x, unsigned axes, Dtype dtype, void *data)
{
    Tensor  y = { .dtype = dtype, .data = data };
    int64_t shape[MAX_DIMS];
    reduce_ones(x, axes, shape);
    tensor_set_shape(&y, x->ndim, shape);
    return tensor_expanded(&y, x->ndim, x->shape);
}

static void axes_forward(Tape *t, Node *n, bool mean)
{
    unsigned axes = ((const ReduceArg *)n->arg)->axes;
    const Tensor *x = n->in[0];
    reduce(t, x, n->out[0], reduce_stretched(x, axes, F64, NULL), mean ? 1 / reduce_count(x, axes) : 1);
}

static void axes_backward(Tape *t, Node *n, bool mean)
{
    unsigned axes = ((const ReduceArg *)n->arg)->axes;
    Tensor *x = n->in[0], *dy = n->out[0]->grad;
    int64_t shape[MAX_DIMS];
    reduce_ones(x, axes, shape);
    if (mean) dy = op_scale(t, dy, 1 / reduce_count(x, axes));
    tape_add_grad(t, x, op_expand(t, op_reshape(t, dy, x->ndim, shape), x->ndim, x->shape));
}

static void sum_forward(Tape *t, Node *n) { axes_forward(t, n, false); }
static void sum_backward(Tape *t, Node *n) { axes_backward(t, n, false); }
static void mean_forward(Tape *t, Node *n) { axes_forward(t, n, true); }
static void mean_backward(Tape *t, Node *n) { axes_backward(t, n, true); }

static const Op op_of_sum = { .name = "sum", .dtypes = 1u << REAL, .strided = true, .shape = reduce_shape,
                              .forward = { [DEV_CPU] = sum_forward }, .backward = sum_backward,
                              .flops = flops_of_inputs };
static const Op op_of_mean = { .name = "mean", .dtypes = 1u << REAL, .strided = true, .shape = reduce_shape,
                               .forward = { [DEV_CPU] = mean_forward }, .backward = mean_backward,
                               .flops = flops_of_inputs };

Tensor *op_sum(Tape *t, Tensor *x, unsigned axes)
{
    return tape_run(t, (Node){ .op = &op_of_sum, IN(x), ARG(ReduceArg, .axes = axes) });
}

Tensor *op_mean(Tape *t, Tensor *x, unsigned axes)
{
    return tape_run(t, (Node){ .op = &op_of_mean, IN(x), ARG(ReduceArg, .axes = axes) });
}
