/* accumulate.c -- dst += src, in place: how gradients meet, and how a branch joins what flows past it. */
#include "loops.h"

static const char *shape(Node *n)
{
    if (!tensor_same_shape(n->in[0], n->in[1])) return "shapes must match";
    n->out[0] = n->in[0];
    return NULL;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    Loops l = loops_new(2, (const Tensor *[]){ n->in[0], n->in[1] });
    real *dst = n->in[0]->data;
    const real *src = n->in[1]->data;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[3], N = loops_piece(&l, i, at);
        real *y = dst + at[0];
        const real *x = src + at[1];
        if (l.step[0] == 1 && l.step[1] == 1)
            for (int64_t k = 0; k < N; k++) y[k] += x[k];
        else
            for (int64_t k = 0; k < N; k++) y[k * l.step[0]] += x[k * l.step[1]];
    }
}

/* dst before and dst after share a gradient: it stays as it is, and is src's too. */
static void backward(Tape *t, Node *n) { tape_add_grad(t, n->in[1], n->out[0]->grad); }

static const Op op = { .name = "accumulate", .dtypes = 1u << REAL, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_accumulate(Tape *t, Tensor *dst, Tensor *src) { return tape_run(t, (Node){ .op = &op, IN(dst, src) }); }
