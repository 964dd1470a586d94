/* rows_lenet.c -- a whole epoch of LeNet-5 on MNIST: two 5 x 5 convolutions, two pools, three layers; Adam. */
#include "epoch.h"

enum { LAYERS = 5 };
static const int64_t weights[LAYERS] = { 6 * 25, 16 * 6 * 25, 120 * 400, 84 * 120, 10 * 84 };
static const int64_t biases[LAYERS] = { 6, 16, 120, 84, 10 };

typedef struct Net {
    Conv2d     conv[2];
    Linear     linear[3];
    PoolArg    pool;
    Sequential all;
} Net;

static void make(void *net, Arena *a, NnParams *params)
{
    Rng  rng = rng_new(0);
    Net *m = net;
    *m = (Net){ .pool = { .kernel = { 2, 2 } } };
    m->conv[0] = nn_conv2d(a, &rng, 1, 6, 5, (ConvArg){ .pad = { 2, 2 } });
    m->conv[1] = nn_conv2d(a, &rng, 6, 16, 5, (ConvArg){ 0 });
    for (int i = 0; i < 3; i++) m->linear[i] = nn_linear(a, &rng, i ? (int)biases[i + 1] : 400, (int)biases[i + 2]);
    for (int i = 0; i < 2; i++) {
        nn_add(&m->all, &nn_conv2d_relu_row, &m->conv[i]);
        nn_add(&m->all, &nn_max_pool_row, &m->pool);
    }
    nn_add(&m->all, &nn_flatten_row, NULL);
    for (int i = 0; i < 3; i++) {
        nn_add(&m->all, &nn_linear_row, &m->linear[i]);
        if (i < 2) nn_add(&m->all, &nn_relu_row, NULL);
    }
    nn_sequential_visit(&m->all, "", nn_params_add, params);
}

static Tensor *forward(Tape *t, void *net, Tensor *x)
{
    return nn_sequential_forward(t, &((Net *)net)->all, op_reshape(t, x, SHAPE(-1, 1, 28, 28)));
}

static const EpochNet lenet = { LAYERS, weights, biases, sizeof(Net), make, forward };
static void inputs(Bench *b, const int *size) { epoch_inputs(b, size, &lenet); }
static void setup(Bench *b, const int *size) { epoch_setup(b, size, &lenet); }

/* Flops: forward, the gradient of every weight, and of every input but the images. */
BENCH_OF(lenet, lenet) = {
    { "lenet_epoch", EPOCH_ROW, .flops = "2*N*(3*(784*150 + 100*2400 + 120*400 + 84*120 + 840) - 784*150)",
      .inputs = inputs, .setup = setup },
    { 0 }
};
