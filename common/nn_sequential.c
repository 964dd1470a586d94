/* nn_sequential.c -- layers one after the other, whatever they are. */
#include "nn.h"

void nn_add(Sequential *s, const ModuleRow *row, void *self)
{
    CHECK(s->n < NN_MAX_LAYERS, "nn_add: a sequential of more than %d layers", NN_MAX_LAYERS);
    s->layer[s->n++] = (Module){ row, self };
}

Tensor *nn_sequential_forward(Tape *t, const Sequential *s, Tensor *x)
{
    for (int i = 0; i < s->n; i++) x = s->layer[i].row->forward(t, s->layer[i].self, x);
    return x;
}

void nn_sequential_visit(Sequential *s, const char *prefix, NnVisit *visit, void *ctx)
{
    for (int i = 0; i < s->n; i++) {
        char number[12];
        snprintf(number, sizeof number, "%d", i);
        if (s->layer[i].row->visit) s->layer[i].row->visit(s->layer[i].self, nn_name(prefix, number).s, visit, ctx);
    }
}

/* ---- The rows: what each module's own functions are, by way of void * ---- */

#define ROW(name, Type)                                                                                             \
    static Tensor *name##_forward(Tape *t, void *self, Tensor *x) { return nn_##name##_forward(t, (Type *)self, x); } \
    static void name##_visit(void *self, const char *prefix, NnVisit *visit, void *ctx)                              \
    {                                                                                                                \
        nn_##name##_visit(self, prefix, visit, ctx);                                                                 \
    }                                                                                                                \
    const ModuleRow nn_##name##_row = { #name, name##_forward, name##_visit }
ROW(linear, Linear);
ROW(conv2d, Conv2d);
ROW(layernorm, LayerNorm);
ROW(rmsnorm, RmsNorm);
ROW(groupnorm, GroupNorm);
ROW(batchnorm, BatchNorm);
ROW(embedding, Embedding);
#undef ROW

/* conv2d and relu in one: the parameters are conv2d's. */
static Tensor *conv2d_relu(Tape *t, void *self, Tensor *x) { return nn_conv2d_relu_forward(t, self, x); }
const ModuleRow nn_conv2d_relu_row = { "conv2d_relu", conv2d_relu, conv2d_visit };

/* ---- Rows without parameters ---- */

static Tensor *dropout(Tape *t, void *self, Tensor *x) { return nn_dropout_forward(t, self, x); }
static Tensor *relu(Tape *t, void *self, Tensor *x) { return (void)self, op_relu(t, x); }
static Tensor *gelu(Tape *t, void *self, Tensor *x) { return (void)self, op_gelu(t, x); }
static Tensor *hyperbolic(Tape *t, void *self, Tensor *x) { return (void)self, op_tanh(t, x); }
static Tensor *max_pool(Tape *t, void *self, Tensor *x) { return op_max_pool2d(t, x, *(PoolArg *)self); }
static Tensor *avg_pool(Tape *t, void *self, Tensor *x) { return op_avg_pool2d(t, x, *(PoolArg *)self); }

/* (N,...) -> (N,-1) */
static Tensor *flatten(Tape *t, void *self, Tensor *x)
{
    int64_t row = 1;
    (void)self;
    CHECK(x->ndim >= 1, "nn_flatten: needs (N,...): %s", tensor_text(x).s);
    for (int d = 1; d < x->ndim; d++) row *= x->shape[d];
    return op_reshape(t, x, SHAPE(x->shape[0], row));
}

const ModuleRow nn_dropout_row = { "dropout", dropout, NULL };
const ModuleRow nn_relu_row = { "relu", relu, NULL };
const ModuleRow nn_gelu_row = { "gelu", gelu, NULL };
const ModuleRow nn_tanh_row = { "tanh", hyperbolic, NULL };
const ModuleRow nn_flatten_row = { "flatten", flatten, NULL };
const ModuleRow nn_max_pool_row = { "max_pool", max_pool, NULL };
const ModuleRow nn_avg_pool_row = { "avg_pool", avg_pool, NULL };
