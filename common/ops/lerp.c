/* lerp.c -- dst += weight (src - dst), in place: running averages. */
#include "loops.h"

static const char *shape(Node *n)
{
    if (!tensor_same_shape(n->in[0], n->in[1])) return "shapes must match";
    n->out[0] = n->in[0];
    return NULL;
}

/* Equal numbers stay what they are; a weight of 1 gives src itself. */
static inline real lerp(real a, real b, real w) { return w == 1 ? b : a + w * (b - a); }

static void forward(Tape *t, Node *n)
{
    (void)t;
    Loops l = loops_new(2, (const Tensor *[]){ n->in[0], n->in[1] });
    real *dst = n->in[0]->data, w = (real)((const NumbersArg *)n->arg)->a;
    const real *src = n->in[1]->data;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[2], N = loops_piece(&l, i, at), sy = l.step[0], sx = l.step[1];
        real *y = dst + at[0];
        const real *x = src + at[1];
        if (sy == 1 && sx == 1)
            for (int64_t k = 0; k < N; k++) y[k] = lerp(y[k], x[k], w);
        else
            for (int64_t k = 0; k < N; k++) y[k * sy] = lerp(y[k * sy], x[k * sx], w);
    }
}

static const Op op = { .name = "lerp_into", .dtypes = 1u << REAL, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward } };

Tensor *op_lerp_into(Tape *t, Tensor *dst, Tensor *src, double weight)
{
    return tape_run(t, (Node){ .op = &op, IN(dst, src), ARG(NumbersArg, .a = weight) });
}
