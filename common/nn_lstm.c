/* nn_lstm.c -- LSTM and GRU of several layers, with PyTorch's names. */
#include <math.h>
#include "nn.h"

/* Uniform in +-1/sqrt(hidden), biases too, as PyTorch begins. */
static Tensor *drawn(Arena *a, Rng *rng, int hidden, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(a, DEV_CPU, REAL, ndim, shape);
    double  most = 1 / sqrt((double)hidden);
    rng_fill_uniform(rng, x, -most, most);
    x->needs_grad = true;
    return x;
}

static Lstm recurrent(Arena *a, Rng *rng, int gates, int in, int hidden, int layers)
{
    Lstm m = { .layers = layers };
    CHECK(layers >= 1 && layers <= NN_MAX_LAYERS, "nn_lstm: %d layers, from 1 to %d", layers, NN_MAX_LAYERS);
    for (int l = 0; l < layers; l++) {
        int64_t G = (int64_t)gates * hidden;
        m.w_ih[l] = drawn(a, rng, hidden, SHAPE(G, l ? hidden : in));
        m.w_hh[l] = drawn(a, rng, hidden, SHAPE(G, hidden));
        m.b_ih[l] = drawn(a, rng, hidden, SHAPE(G));
        m.b_hh[l] = drawn(a, rng, hidden, SHAPE(G));
    }
    return m;
}

Lstm nn_lstm(Arena *a, Rng *rng, int in, int hidden, int layers) { return recurrent(a, rng, 4, in, hidden, layers); }
Gru  nn_gru(Arena *a, Rng *rng, int in, int hidden, int layers) { return recurrent(a, rng, 3, in, hidden, layers); }

/* w: the first layer's, or NULL where x has been multiplied by it. */
static Tensor *layers(Tape *t, const Lstm *m, Tensor *x, Tensor *w, Tensor **h, Tensor **c)
{
    for (int l = 0; l < m->layers; l++) {
        Recurrent r = op_lstm(t, x, h ? h[l] : NULL, c ? c[l] : NULL, l ? m->w_ih[l] : w, m->w_hh[l], m->b_ih[l],
                              m->b_hh[l]);
        if (h) h[l] = r.h;
        if (c) c[l] = r.c;
        x = r.y;
    }
    return x;
}

Tensor *nn_lstm_forward(Tape *t, const Lstm *m, Tensor *x, Tensor **h, Tensor **c)
{
    return layers(t, m, x, m->w_ih[0], h, c);
}

Tensor *nn_lstm_read(Tape *t, const Lstm *m, Embedding *e, Tensor *tokens, Tensor **h, Tensor **c)
{
    if (tensor_count(tokens) <= e->w->shape[0])
        return nn_lstm_forward(t, m, nn_embedding_forward(t, e, tokens), h, c);
    Tensor *x = op_embedding(t, op_linear(t, e->w, m->w_ih[0], NULL), tokens), *y = layers(t, m, x, NULL, h, c);
    tape_forget(t, x);
    return y;
}

Tensor *nn_gru_forward(Tape *t, const Gru *m, Tensor *x, Tensor **h)
{
    for (int l = 0; l < m->layers; l++) {
        Recurrent r = op_gru(t, x, h ? h[l] : NULL, m->w_ih[l], m->w_hh[l], m->b_ih[l], m->b_hh[l]);
        if (h) h[l] = r.h;
        x = r.y;
    }
    return x;
}

static void visit_one(const char *prefix, const char *what, int l, Tensor *x, NnVisit *visit, void *ctx)
{
    char name[32];
    snprintf(name, sizeof name, "%s_l%d", what, l);
    if (x) visit(ctx, nn_name(prefix, name).s, x);
}

void nn_lstm_visit(Lstm *m, const char *prefix, NnVisit *visit, void *ctx)
{
    for (int l = 0; l < m->layers; l++) {
        visit_one(prefix, "weight_ih", l, m->w_ih[l], visit, ctx);
        visit_one(prefix, "weight_hh", l, m->w_hh[l], visit, ctx);
        visit_one(prefix, "bias_ih", l, m->b_ih[l], visit, ctx);
        visit_one(prefix, "bias_hh", l, m->b_hh[l], visit, ctx);
    }
}

void nn_gru_visit(Gru *m, const char *prefix, NnVisit *visit, void *ctx) { nn_lstm_visit(m, prefix, visit, ctx); }
