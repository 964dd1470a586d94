/* gather.c -- y[..i..] = x[..index[..i..]..] along one dimension, and scatter_add, which is its way back. */
#include <string.h>
#include "loops.h"

/* Along dim, x and index are lines of A and B elements, `inner` apart; the other dimensions are counted off. index may
 * be smaller than x in them: then x's further lines are left alone. */
typedef struct Lines {
    int64_t outer, inner;       /* index's dimensions before and after dim */
    int64_t A, B;
    Tensor  x;                  /* x, cut to what index covers, with dim of length 1 */
} Lines;

static Lines lines(const Tensor *x, const Tensor *index, int dim)
{
    Lines l = { .outer = 1, .inner = 1, .A = x->shape[dim], .B = index->shape[dim], .x = *x };
    for (int d = 0; d < index->ndim; d++) {
        if (d < dim) l.outer *= index->shape[d];
        if (d > dim) l.inner *= index->shape[d];
        l.x.shape[d] = d == dim ? 1 : index->shape[d];
    }
    return l;
}

/* Where line number i of `inner` begins in x. */
static int64_t line_at(const Lines *l, int64_t outer, int64_t inner)
{
    return tensor_at(&l->x, outer * l->inner + inner);
}

static const char *check_index(const Tensor *x, const Tensor *index, int dim)
{
    if (dim < 0 || dim >= x->ndim) return sentence("no dimension %d", dim);
    if (index->dtype != I32) return "the index must be i32";
    if (index->ndim != x->ndim) return "the index must have as many dimensions";
    for (int d = 0; d < x->ndim; d++)
        if (d != dim && index->shape[d] > x->shape[d]) return sentence("the index is longer in dimension %d", d);
    return NULL;
}

static void check_values(const char *op, const Tensor *index, int64_t A)
{
    const int32_t *at = index->data;
    for (int64_t i = 0; i < tensor_count(index); i++)
        CHECK(at[i] >= 0 && at[i] < A, "%s: index %d, number %lld of them, is not in 0..%lld", op, at[i], (long long)i,
              (long long)A - 1);
}

/* ---- gather ---- */

static const char *shape(Node *n)
{
    const char *wrong = check_index(n->in[0], n->in[1], ((const DimArg *)n->arg)->dim);
    if (!wrong) tensor_set_shape(n->out[0], n->in[1]->ndim, n->in[1]->shape);
    return wrong;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    int dim = ((const DimArg *)n->arg)->dim;
    Lines l = lines(n->in[0], n->in[1], dim);
    int64_t step = n->in[0]->stride[dim];
    const real *x = n->in[0]->data;
    const int32_t *index = n->in[1]->data;
    real *y = n->out[0]->data;
    check_values("gather", n->in[1], l.A);
#pragma omp parallel for collapse(2) if (l.outer * l.inner * l.B > PARALLEL)
    for (int64_t o = 0; o < l.outer; o++)
        for (int64_t i = 0; i < l.inner; i++) {
            const real *line = x + line_at(&l, o, i);
            for (int64_t b = 0, at = o * l.B * l.inner + i; b < l.B; b++, at += l.inner) y[at] = line[index[at] * step];
        }
}

/* ---- scatter_add: x copied, and src's elements added. A line belongs to one thread, which adds in order ---- */

static const char *scatter_shape(Node *n)
{
    const Tensor *x = n->in[0], *index = n->in[1], *src = n->in[2];
    const char *wrong = check_index(x, index, ((const DimArg *)n->arg)->dim);
    if (wrong) return wrong;
    if (src->ndim != index->ndim) return "the source must have as many dimensions as the index";
    for (int d = 0; d < x->ndim; d++)
        if (src->shape[d] < index->shape[d]) return "the source is smaller than the index";
    return same_shape(n);
}

static void scatter_forward(Tape *t, Node *n)
{
    (void)t;
    int dim = ((const DimArg *)n->arg)->dim;
    Tensor *y = n->out[0];
    const Tensor *src = n->in[2];
    memcpy(y->data, n->in[0]->data, tensor_bytes(y));
    Lines to = lines(y, n->in[1], dim), from = lines(src, n->in[1], dim);
    int64_t step = y->stride[dim], src_step = src->stride[dim];
    const int32_t *index = n->in[1]->data;
    check_values("scatter_add", n->in[1], to.A);
#pragma omp parallel for collapse(2) if (to.outer * to.inner * to.B > PARALLEL)
    for (int64_t o = 0; o < to.outer; o++)
        for (int64_t i = 0; i < to.inner; i++) {
            real *line = (real *)y->data + line_at(&to, o, i);
            const real *add = (const real *)src->data + line_at(&from, o, i);
            for (int64_t b = 0, at = o * to.B * to.inner + i; b < to.B; b++, at += to.inner)
                line[index[at] * step] += add[b * src_step];
        }
}

/* dx = dy,  dsrc = gather(dy, index); where src is larger, the rest of it was not used */
static void scatter_backward(Tape *t, Node *n)
{
    int dim = ((const DimArg *)n->arg)->dim;
    Tensor *index = n->in[1], *src = n->in[2], *dy = n->out[0]->grad;
    for (int d = 0; tensor_wants_grad(src) && d < index->ndim; d++)
        src = op_slice(t, src, d, 0, index->shape[d]);
    if (tensor_wants_grad(src)) tape_add_grad(t, src, op_gather(t, dy, dim, index));
    tape_add_grad(t, n->in[0], dy);
}

static const Op op_of_scatter = { .name = "scatter_add", .dtypes = 1u << REAL | 1u << I32, .shape = scatter_shape,
                                  .forward = { [DEV_CPU] = scatter_forward }, .backward = scatter_backward };

Tensor *op_scatter_add(Tape *t, Tensor *x, int dim, Tensor *index, Tensor *src)
{
    return tape_run(t, (Node){ .op = &op_of_scatter, IN(x, index, src), ARG(DimArg, dim) });
}

/* dx = zeros, and dy scattered over them */
static void backward(Tape *t, Node *n)
{
    Tensor *zeros = op_fill(t, op_contiguous(t, n->in[0]), 0);
    tape_add_grad(t, n->in[0],
                  op_scatter_add(t, zeros, ((const DimArg *)n->arg)->dim, n->in[1], n->out[0]->grad));
}

static const Op op = { .name = "gather", .dtypes = 1u << REAL | 1u << I32, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_gather(Tape *t, Tensor *x, int dim, Tensor *index)
{
    return tape_run(t, (Node){ .op = &op, IN(x, index), ARG(DimArg, dim) });
}
