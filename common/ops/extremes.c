/* extremes.c -- the largest or smallest over dimensions; equals share its gradient. NaN wins. */
#include <math.h>
#include <string.h>
#include "reduce.h"

static const char *shape(Node *n)
{
    const char *wrong = reduce_shape(n);
    if (wrong) return wrong;
    bool nothing = tensor_count(n->in[0]) == 0 && tensor_count(n->out[0]) > 0;
    return nothing ? "needs at least one element to choose from" : NULL;
}

/* NaN, of which no comparison is true, comes in from a, and stays in b. */
static inline real larger(real a, real b) { return a > b || a != a ? a : b; }
static inline real smaller(real a, real b) { return a < b || a != a ? a : b; }

__attribute__((always_inline)) static inline real row(const real *x, int64_t step, int64_t N, real y,
                                                      real (*f)(real, real))
{
    enum { LANES = 32 };
    int64_t k = 0;
    if (step == 1 && N >= LANES) {
        real lane[LANES];
        for (int i = 0; i < LANES; i++) lane[i] = y;
        for (; k + LANES <= N; k += LANES)
            for (int i = 0; i < LANES; i++) lane[i] = f(x[k + i], lane[i]);
        for (int i = 0; i < LANES; i++) y = f(lane[i], y);
    }
    for (; k < N; k++) y = f(x[k * step], y);
    return y;
}

/* y has stride 0 along what is reduced: a piece of x meets one y, or each of its elements meets one. */
__attribute__((always_inline)) static inline void pieces(const Tensor *x, const Tensor *y, real (*f)(real, real))
{
    Loops l = loops_new(2, (const Tensor *[]){ x, y });
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[2], N = loops_piece(&l, i, at), sx = l.step[0], sy = l.step[1];
        const real *in = (const real *)x->data + at[0];
        real *out = (real *)y->data + at[1];
        if (sy == 0) *out = row(in, sx, N, *out, f);
        else if (sx == 1 && sy == 1)
            for (int64_t k = 0; k < N; k++) out[k] = f(in[k], out[k]);
        else
            for (int64_t k = 0; k < N; k++) out[k * sy] = f(in[k * sx], out[k * sy]);
    }
}

static void max_part(const Tensor *x, const Tensor *y, const Tensor *none) { (void)none, pieces(x, y, larger); }
static void min_part(const Tensor *x, const Tensor *y, const Tensor *none) { (void)none, pieces(x, y, smaller); }

static void extreme(Node *n, real worst, ReducePart *part)
{
    Tensor y = reduce_stretched(n->in[0], ((const ReduceArg *)n->arg)->axes, REAL, n->out[0]->data);
    for (int64_t i = 0; i < tensor_count(n->out[0]); i++) ((real *)y.data)[i] = worst;
    reduce_parts(n->in[0], &y, NULL, part);
}

static void max_forward(Tape *t, Node *n) { (void)t, extreme(n, -(real)INFINITY, max_part); }
static void min_forward(Tape *t, Node *n) { (void)t, extreme(n, (real)INFINITY, min_part); }

/* dx = dy / (how many equal y) where x equals y, else 0. In: x, y, dy. */
static inline bool equal(real x, real y) { return x == y || (x != x && y != y); }

static void count_part(const Tensor *x, const Tensor *y, const Tensor *count)
{
    Loops l = loops_new(3, (const Tensor *[]){ x, y, count });
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[3], N = loops_piece(&l, i, at);
        const real *in = (const real *)x->data + at[0], *out = (const real *)y->data + at[1];
        double *c = (double *)count->data + at[2];
        for (int64_t k = 0; k < N; k++) c[k * l.step[2]] += equal(in[k * l.step[0]], out[k * l.step[1]]);
    }
}

static void forward_of_backward(Tape *t, Node *n)
{
    unsigned axes = ((const ReduceArg *)n->arg)->axes;
    const Tensor *x = n->in[0];
    int64_t M = tensor_count(n->in[1]);
    double *count = tape_scratch(t, (size_t)M * sizeof *count);
    memset(count, 0, (size_t)M * sizeof *count);
    Tensor y = reduce_stretched(x, axes, REAL, n->in[1]->data), share = reduce_stretched(x, axes, F64, count);
    reduce_parts(x, &y, &share, count_part);
    for (int64_t i = 0; i < M; i++) count[i] = (double)((const real *)n->in[2]->data)[i] / count[i];

    Loops l = loops_new(4, (const Tensor *[]){ n->out[0], x, &y, &share });
    real *dx = n->out[0]->data;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[4], N = loops_piece(&l, i, at);
        const real *in = (const real *)x->data + at[1], *out = (const real *)y.data + at[2];
        for (int64_t k = 0; k < N; k++)
            dx[at[0] + k * l.step[0]] =
                equal(in[k * l.step[1]], out[k * l.step[2]]) ? (real)count[at[3] + k * l.step[3]] : 0;
    }
}

static const Op op_backward = { .name = "max_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    Tensor *x = n->in[0], *y = n->out[0];
    tape_add_grad(t, x, tape_run(t, (Node){ .op = &op_backward, IN(x, y, y->grad), .arg = n->arg,
                                            .arg_size = n->arg_size }));
}

static const Op op_of_max = { .name = "max", .dtypes = 1u << REAL, .strided = true, .shape = shape,
                              .forward = { [DEV_CPU] = max_forward }, .backward = backward, .flops = flops_of_inputs };
static const Op op_of_min = { .name = "min", .dtypes = 1u << REAL, .strided = true, .shape = shape,
                              .forward = { [DEV_CPU] = min_forward }, .backward = backward, .flops = flops_of_inputs };

Tensor *op_max(Tape *t, Tensor *x, unsigned axes)
{
    return tape_run(t, (Node){ .op = &op_of_max, IN(x), ARG(ReduceArg, .axes = axes) });
}

Tensor *op_min(Tape *t, Tensor *x, unsigned axes)
{
    return tape_run(t, (Node){ .op = &op_of_min, IN(x), ARG(ReduceArg, .axes = axes) });
}
