/* rows_lenet.c -- a whole epoch of LeNet-5 on MNIST: two 5 x 5 convolutions, two pools, three layers; Adam. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "library.h"
#include "nn.h"
#include "optim.h"

enum { LAYERS = 5, PIXELS = 784, CLASSES = 10, MNIST_TRAIN = 60000 };
static const int64_t weights[LAYERS] = { 6 * 25, 16 * 6 * 25, 120 * 400, 84 * 120, 10 * 84 };
static const int     biases[LAYERS] = { 6, 16, 120, 84, 10 };
static const int     epochs[][2] = { { 6000, 100 }, { 60000, 128 } }; /* images, batch; 60000 leaves 96 over */

typedef struct Net {
    Conv2d     conv[2];
    Linear     linear[3];
    PoolArg    pool;
    Sequential all;
} Net;

static void net_new(Net *m, Arena *a)
{
    Rng rng = rng_new(0);
    *m = (Net){ .pool = { .kernel = { 2, 2 } } };
    m->conv[0] = nn_conv2d(a, &rng, 1, 6, 5, (ConvArg){ .pad = { 2, 2 } });
    m->conv[1] = nn_conv2d(a, &rng, 6, 16, 5, (ConvArg){ 0 });
    for (int i = 0; i < 3; i++) m->linear[i] = nn_linear(a, &rng, i ? biases[i + 1] : 400, biases[i + 2]);
    for (int i = 0; i < 2; i++) {
        nn_add(&m->all, &nn_conv2d_relu_row, &m->conv[i]);
        nn_add(&m->all, &nn_max_pool_row, &m->pool);
    }
    nn_add(&m->all, &nn_flatten_row, NULL);
    for (int i = 0; i < 3; i++) {
        nn_add(&m->all, &nn_linear_row, &m->linear[i]);
        if (i < 2) nn_add(&m->all, &nn_relu_row, NULL);
    }
}

static const char *name_of(char kind, int layer)
{
    static char name[3];
    name[0] = kind, name[1] = (char)('0' + layer);
    return name;
}

/* ---- The same images, order and weights for everybody ------------------------------------------------------------ */

static void images(float *x, int *y, int64_t N)
{
    Arena  *arena = arena_new("mnist");
    Dataset set;
    bool    there = N <= MNIST_TRAIN && data_here("mnist") && !data_load(arena, "mnist", F32, &set);
    Rng     rng = rng_new(4);
    if (there) {
        memcpy(x, set.x->data, (size_t)(N * PIXELS) * sizeof *x);
        memcpy(y, set.y->data, (size_t)N * sizeof *y);
    } else {    /* a bright bar of four rows, at a height that is the class, on one pixel in five that is not black */
        for (int64_t i = 0; i < N * PIXELS; i++) x[i] = rng_below(&rng, 5) ? 0 : (float)rng_uniform(&rng) / 2;
        for (int64_t n = 0; n < N; n++) {
            y[n] = (int)rng_below(&rng, CLASSES);
            for (int i = 0; i < 4 * 28; i++) x[n * PIXELS + (2 + 2 * y[n]) * 28 + i] += .5f;
        }
    }
    arena_free(arena);
}

static void epoch_inputs(Bench *b, const int *size)
{
    int64_t N = size[0];
    Rng     rng = rng_new(5);
    images(bench_given(b, "x", N * PIXELS), bench_given_ints(b, "target", N), N);
    int *order = bench_given_ints(b, "order", N);
    for (int i = 0; i < N; i++) order[i] = i;
    rng_shuffle(&rng, order, N);
    for (int i = 0; i < LAYERS; i++) {
        Tensor t = { .data = bench_given(b, name_of('w', i), weights[i]),
                     .dtype = F32,
                     .ndim = 1,
                     .shape = { weights[i] },
                     .stride = { 1 } };
        rng_fill_normal(&rng, &t, 0, sqrt(2.0 * biases[i] / (double)weights[i]));
        bench_given(b, name_of('b', i), biases[i]);
    }
}

/* ---- The library ------------------------------------------------------------------------------------------------- */

typedef struct Epoch { Net net; NnParams params; Optim *optim; Arena *arena; float quality[2]; } Epoch;

static void epoch_setup(Bench *b, const int *size)
{
    Library *l = library_new(b, true);
    int64_t  N = size[0];
    l->more = calloc(1, sizeof(Epoch));
    CHECK(l->more, "bench: no memory");
    bench_out(b, "loss", 1);
    bench_out(b, "accuracy", 1);
    library_in(l, F32, SHAPE(N, PIXELS), bench_in(b, "x", N * PIXELS));
    library_in(l, I32, SHAPE(N), bench_in_ints(b, "target", N, 0, CLASSES - 1));
    library_in(l, I32, SHAPE(N), bench_in_ints(b, "order", N, 0, (int)N - 1));
}

static void epoch_teardown(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Epoch   *e = l->more;
    if (e->arena) arena_free(e->arena);
    free(e);
    library_free(b, size);
}

static void epoch_before(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Epoch   *e = l->more;
    (void)size;
    tape_reset(l->tape);
    if (!e->arena) e->arena = arena_new("net");
    arena_reset(e->arena);
    net_new(&e->net, e->arena);
    e->params = nn_params(e->arena);
    nn_sequential_visit(&e->net.all, "", nn_params_add, &e->params);
    for (int i = 0; i < 2 * LAYERS; i++) {
        Tensor *t = e->params.item[i].tensor;
        memcpy(t->data, bench_in(b, name_of(i % 2 ? 'b' : 'w', i / 2), tensor_count(t)), tensor_bytes(t));
    }
    e->optim = optim_adam(e->arena, &e->params, (AdamArg){ .rate = 1e-3 });
}

static Tensor *batch(Library *l, const int *rows, int64_t n, Tensor **target)
{
    Arena  *a = tape_arena(l->tape);
    Tensor *x = tensor_new(a, DEV_CPU, F32, SHAPE(n, 1, 28, 28));
    *target = tensor_new(a, DEV_CPU, I32, SHAPE(n));
    for (int64_t i = 0; i < n; i++) {
        memcpy((float *)x->data + i * PIXELS, (const float *)l->in[0]->data + (int64_t)rows[i] * PIXELS,
               PIXELS * sizeof(float));
        ((int *)(*target)->data)[i] = ((const int *)l->in[1]->data)[rows[i]];
    }
    return x;
}

static void epoch(Bench *b, const int *size)
{
    Library   *l = bench_kept(b);
    Epoch     *e = l->more;
    const int *order = l->in[2]->data;
    for (int64_t at = 0; at < size[0]; at += size[1]) {
        Tensor *target, *x = batch(l, order + at, size[0] - at < size[1] ? size[0] - at : size[1], &target);
        tape_backward(l->tape, op_cross_entropy(l->tape, nn_sequential_forward(l->tape, &e->net.all, x), target));
        optim_step(e->optim, l->tape);
        tape_reset(l->tape);
    }
}

/* Loss and accuracy over all images: the speed of a worse net is no speed. */
static void epoch_after(Bench *b, const int *size)
{
    Library   *l = bench_kept(b);
    Epoch     *e = l->more;
    const int *order = l->in[2]->data;
    int64_t    right = 0;
    double     loss = 0;
    bool       was = tape_record(l->tape, false);
    for (int64_t at = 0, n; at < size[0]; at += n) {
        n = size[0] - at < 1000 ? size[0] - at : 1000;
        Tensor *target, *x = batch(l, order + at, n, &target), *scores = nn_sequential_forward(l->tape, &e->net.all, x);
        loss += (double)n * tensor_get(op_cross_entropy(l->tape, scores, target), 0);
        right += nn_correct(l->tape, scores, target);
        tape_reset(l->tape);
    }
    tape_record(l->tape, was);
    e->quality[0] = (float)(loss / size[0]);
    e->quality[1] = (float)((double)right / size[0]);
    bench_wrote(b, "loss", &e->quality[0], 1);
    bench_wrote(b, "accuracy", &e->quality[1], 1);
}

/* Flops: forward, the gradient of every weight, and of every input but the images. */
BENCH_OF(lenet, lenet) = {
    { "lenet_epoch", epoch, .flops = "2*N*(3*(784*150 + 100*2400 + 120*400 + 84*120 + 840) - 784*150)", .dims = "NB",
      SIZES(epochs), .contestant = "library", .inputs = epoch_inputs, .setup = epoch_setup, .before = epoch_before,
      .after = epoch_after, .teardown = epoch_teardown, .tolerance = 0.05, .memory = true,
      .note = "loss and accuracy afterwards must agree to 5 %; MNIST where data/ has it, else images like it" },
    { 0 }
};
