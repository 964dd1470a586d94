/* fill.c -- every element one value, in place. */
#include "loops.h"

typedef struct { double value; } FillArg;

static const char *shape(Node *n)
{
    n->out[0] = n->in[0];
    return NULL;
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    const Tensor *x = n->in[0];
    Loops l = loops_new(1, (const Tensor *[]){ x });
    real *data = x->data, value = (real)((const FillArg *)n->arg)->value;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[3], N = loops_piece(&l, i, at);
        for (int64_t k = 0; k < N; k++) data[at[0] + k * l.step[0]] = value;
    }
}

static const Op op = { .name = "fill", .dtypes = 1u << REAL, .strided = true, .shape = shape,
                       .forward = { [DEV_CPU] = forward } };

Tensor *op_fill(Tape *t, Tensor *dst, double value)
{
    return tape_run(t, (Node){ .op = &op, IN(dst), ARG(FillArg, value) });
}
