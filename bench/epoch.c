/* epoch.c -- an epoch of any net over the digits of MNIST. */
#include "epoch.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "optim.h"

enum { MNIST_TRAIN = 60000 };
const int epoch_sizes[2][2] = { { 6000, 100 }, { 60000, 128 } };

typedef struct Epoch {
    const EpochNet *kind;
    void     *net;
    NnParams  params;
    Optim    *optim;
    Arena    *arena;
    float     loss, accuracy;
} Epoch;

typedef struct Name { char s[16]; } Name;

static Name name_of(char kind, int layer)
{
    Name n;
    snprintf(n.s, sizeof n.s, "%c%d", kind, layer);
    return n;
}

/* ---- What everybody gets ---- */

static void images(float *x, int *y, int64_t N)
{
    Arena  *arena = arena_new("mnist");
    Dataset set;
    bool    there = N <= MNIST_TRAIN && data_here("mnist") && !data_load(arena, "mnist", F32, &set);
    Rng     rng = rng_new(4);
    if (there) {
        memcpy(x, set.x->data, (size_t)(N * EPOCH_PIXELS) * sizeof *x);
        memcpy(y, set.y->data, (size_t)N * sizeof *y);
    } else {    /* a bright bar of four rows, at a height that is the class, on one pixel in five that is not black */
        for (int64_t i = 0; i < N * EPOCH_PIXELS; i++) x[i] = rng_below(&rng, 5) ? 0 : (float)rng_uniform(&rng) / 2;
        for (int64_t n = 0; n < N; n++) {
            y[n] = (int)rng_below(&rng, EPOCH_CLASSES);
            for (int i = 0; i < 4 * 28; i++) x[n * EPOCH_PIXELS + (2 + 2 * y[n]) * 28 + i] += .5f;
        }
    }
    arena_free(arena);
}

void epoch_inputs(Bench *b, const int *size, const EpochNet *net)
{
    int64_t N = size[0];
    Rng     rng = rng_new(5);
    images(bench_given(b, "x", N * EPOCH_PIXELS), bench_given_ints(b, "target", N), N);
    int *order = bench_given_ints(b, "order", N);
    for (int i = 0; i < N; i++) order[i] = i;
    rng_shuffle(&rng, order, N);
    for (int i = 0; i < net->layers; i++) {
        int64_t count = net->weights[i];
        Tensor  w = { .data = bench_given(b, name_of('w', i).s, count), .dtype = F32, .ndim = 1, .shape = { count },
                      .stride = { 1 } };
        rng_fill_normal(&rng, &w, 0, sqrt(2.0 * (double)net->biases[i] / (double)count));
        bench_given(b, name_of('b', i).s, net->biases[i]);
    }
}

/* ---- The library ---- */

void epoch_setup(Bench *b, const int *size, const EpochNet *net)
{
    Library *l = library_new(b, true);
    int64_t  N = size[0];
    Epoch   *e = l->more = calloc(1, sizeof *e);
    CHECK(e, "bench: no memory");
    e->kind = net;
    bench_out(b, "loss", 1);
    bench_out(b, "accuracy", 1);
    library_in(l, F32, SHAPE(N, EPOCH_PIXELS), bench_in(b, "x", N * EPOCH_PIXELS));
    library_in(l, I32, SHAPE(N), bench_in_ints(b, "target", N, 0, EPOCH_CLASSES - 1));
    library_in(l, I32, SHAPE(N), bench_in_ints(b, "order", N, 0, (int)N - 1));
}

void epoch_teardown(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Epoch   *e = l->more;
    if (e->arena) arena_free(e->arena);
    free(e);
    library_free(b, size);
}

/* A new net and optimizer at the common start. */
void epoch_before(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Epoch   *e = l->more;
    (void)size;
    tape_reset(l->tape);
    if (!e->arena) e->arena = arena_new("net");
    arena_reset(e->arena);
    e->net = arena_alloc(e->arena, DEV_CPU, e->kind->size, "net");
    e->params = nn_params(e->arena);
    e->kind->make(e->net, e->arena, &e->params);
    CHECK(e->params.n == 2 * e->kind->layers, "bench: %d parameters of %d layers", e->params.n, e->kind->layers);
    for (int i = 0; i < e->params.n; i++) {
        Tensor *p = e->params.item[i].tensor;
        memcpy(p->data, bench_in(b, name_of(i % 2 ? 'b' : 'w', i / 2).s, tensor_count(p)), tensor_bytes(p));
    }
    e->optim = optim_adam(e->arena, &e->params, (AdamArg){ .rate = 1e-3 });
}

static Tensor *batch(Library *l, const int *rows, int64_t n, Tensor **target)
{
    Arena       *a = tape_arena(l->tape);
    Tensor      *x = tensor_new(a, DEV_CPU, F32, SHAPE(n, EPOCH_PIXELS));
    float       *to = x->data;
    const float *all = l->in[0]->data;
    *target = tensor_new(a, DEV_CPU, I32, SHAPE(n));
    for (int64_t i = 0; i < n; i++) {
        memcpy(to + i * EPOCH_PIXELS, all + (int64_t)rows[i] * EPOCH_PIXELS, EPOCH_PIXELS * sizeof *to);
        ((int *)(*target)->data)[i] = ((const int *)l->in[1]->data)[rows[i]];
    }
    return x;
}

void epoch_call(Bench *b, const int *size)
{
    Library   *l = bench_kept(b);
    Epoch     *e = l->more;
    const int *order = l->in[2]->data;
    for (int64_t at = 0; at < size[0]; at += size[1]) {
        Tensor *target, *x = batch(l, order + at, size[0] - at < size[1] ? size[0] - at : size[1], &target);
        tape_backward(l->tape, op_cross_entropy(l->tape, e->kind->forward(l->tape, e->net, x), target));
        optim_step(e->optim, l->tape);
        tape_reset(l->tape);
    }
}

/* Loss and accuracy over all images: the speed of a worse net is no speed. */
void epoch_after(Bench *b, const int *size)
{
    Library   *l = bench_kept(b);
    Epoch     *e = l->more;
    const int *order = l->in[2]->data;
    int64_t    right = 0;
    double     loss = 0;
    bool       was = tape_record(l->tape, false);
    for (int64_t at = 0, n; at < size[0]; at += n) {
        n = size[0] - at < 1000 ? size[0] - at : 1000;
        Tensor *target, *x = batch(l, order + at, n, &target), *scores = e->kind->forward(l->tape, e->net, x);
        loss += (double)n * tensor_get(op_cross_entropy(l->tape, scores, target), 0);
        right += nn_correct(l->tape, scores, target);
        tape_reset(l->tape);
    }
    tape_record(l->tape, was);
    e->loss = (float)(loss / size[0]);
    e->accuracy = (float)((double)right / size[0]);
    bench_wrote(b, "loss", &e->loss, 1);
    bench_wrote(b, "accuracy", &e->accuracy, 1);
}
