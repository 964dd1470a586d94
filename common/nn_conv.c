/* nn_conv.c -- modules: convolution, embedding, dropout. */
#include "nn.h"
#include <math.h>
#include <string.h>

/* ---- Conv2d ---- */

Conv2d nn_conv2d(Arena *a, Rng *rng, int C, int OC, int K, ConvArg arg)
{
    const int groups = arg.groups ? arg.groups : 1;
    CHECK(groups >= 1 && C % groups == 0 && OC % groups == 0, "nn_conv2d: %d and %d channels do not make %d groups", C,
          OC, groups);
    Conv2d l = { tensor_new(a, DEV_CPU, REAL, SHAPE(OC, C / groups, K, K)), tensor_new(a, DEV_CPU, REAL, SHAPE(OC)),
                 arg };
    rng_fill_normal(rng, l.w, 0, sqrt(2.0 / (C / groups * K * K)));
    memset(l.b->data, 0, tensor_bytes(l.b));
    l.w->needs_grad = l.b->needs_grad = true;
    return l;
}

Tensor *nn_conv2d_forward(Tape *t, const Conv2d *l, Tensor *x) { return op_conv2d(t, x, l->w, l->b, l->arg); }
Tensor *nn_conv2d_relu_forward(Tape *t, const Conv2d *l, Tensor *x)
{
    return op_conv2d_relu(t, x, l->w, l->b, l->arg);
}

void nn_conv2d_visit(Conv2d *l, const char *prefix, NnVisit *visit, void *ctx)
{
    visit(ctx, nn_name(prefix, "weight").s, l->w);
    if (l->b) visit(ctx, nn_name(prefix, "bias").s, l->b);
}

/* ---- Embedding ---- */

Embedding nn_embedding(Arena *a, Rng *rng, int V, int C)
{
    Embedding l = { tensor_new(a, DEV_CPU, REAL, SHAPE(V, C)) };
    rng_fill_normal(rng, l.w, 0, 1);
    l.w->needs_grad = true;
    return l;
}

Tensor *nn_embedding_forward(Tape *t, const Embedding *l, Tensor *index) { return op_embedding(t, l->w, index); }

void nn_embedding_visit(Embedding *l, const char *prefix, NnVisit *visit, void *ctx)
{
    visit(ctx, nn_name(prefix, "weight").s, l->w);
}

/* ---- Dropout ---- */

Dropout nn_dropout(const Rng *rng, uint64_t id, double p) { return (Dropout){ p, rng_stream(rng, id) }; }

Tensor *nn_dropout_forward(Tape *t, Dropout *l, Tensor *x)
{
    return tape_training(t) ? op_dropout(t, x, l->p, &l->rng) : x;
}
