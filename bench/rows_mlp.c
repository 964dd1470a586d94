/* rows_mlp.c -- a layer by the library, and a whole epoch: 784-512-256-10 on MNIST, batches of 128, Adam. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "library.h"
#include "nn.h"
#include "optim.h"

/* ---- One layer --------------------------------------------------------------------------------------------------- */

static void linear_setup(Bench *b, const int *size)
{
    int64_t  N = size[0], IN = size[1], OUT = size[2];
    Library *l = library_new(b, false);
    bench_out(b, "y", N * OUT);
    library_in(l, F32, SHAPE(N, IN), bench_in(b, "x", N * IN));
    library_in(l, F32, SHAPE(OUT, IN), bench_in(b, "w", OUT * IN));
    library_in(l, F32, SHAPE(OUT), bench_in(b, "b", OUT));
}

static void linear(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", op_linear(l->tape, l->in[0], l->in[1], l->in[2])->data, (int64_t)size[0] * size[2]);
}

/* dx = dy w,  dw += dy^T x,  db += the sum of dy's rows */
static void linear_backward(Bench *b, const int *size)
{
    int64_t N = size[0], IN = size[1], OUT = size[2];
    float       *dx = bench_out(b, "dx", N * IN), *dw = bench_inout(b, "dw", OUT * IN), *db = bench_inout(b, "db", OUT);
    const float *x = bench_in(b, "x", N * IN), *w = bench_in(b, "w", OUT * IN), *dy = bench_in(b, "dy", N * OUT);
    gemm(dx, N, IN, OUT, dy, (int64_t[]){ OUT, 1 }, w, (int64_t[]){ IN, 1 }, 0);
    gemm(dw, OUT, IN, N, dy, (int64_t[]){ 1, OUT }, x, (int64_t[]){ IN, 1 }, 1);
    for (int64_t n = 0; n < N; n++)
        for (int64_t o = 0; o < OUT; o++) db[o] += dy[n * OUT + o];
}

/* ---- An epoch ---------------------------------------------------------------------------------------------------- */

enum { LAYERS = 3, PARTS = 2 * LAYERS, PIXELS = 784, CLASSES = 10, MNIST_TRAIN = 60000 };
static const int widths[LAYERS + 1] = { PIXELS, 512, 256, CLASSES };
static const char *const parts[PARTS] = { "w0", "b0", "w1", "b1", "w2", "b2" };
static const int epochs[][2] = { { 6000, 100 }, { 60000, 128 } }; /* images, batch; 60000 leaves a batch of 96 over */

static int64_t part_count(int p) { return p % 2 ? widths[p / 2 + 1] : (int64_t)widths[p / 2] * widths[p / 2 + 1]; }

static void images(float *x, int *y, int64_t N)
{
    Arena  *arena = arena_new("mnist");
    Dataset set;
    bool    there = N <= MNIST_TRAIN && data_here("mnist") && !data_load(arena, "mnist", F32, &set);
    Rng     rng = rng_new(4);
    if (there) {
        memcpy(x, set.x->data, (size_t)(N * PIXELS) * sizeof *x);
        memcpy(y, set.y->data, (size_t)N * sizeof *y);
    } else {    /* as dark as digits are: one pixel in five is not black; the class is the brightest of ten columns */
        for (int64_t i = 0; i < N * PIXELS; i++) x[i] = rng_below(&rng, 5) ? 0 : (float)rng_uniform(&rng);
        for (int64_t n = 0; n < N; n++) {
            double sum[CLASSES] = { 0 };
            for (int i = 0; i < PIXELS; i++) sum[i % CLASSES] += (double)x[n * PIXELS + i];
            for (int c = y[n] = 0; c < CLASSES; c++) y[n] = sum[c] > sum[y[n]] ? c : y[n];
        }
    }
    arena_free(arena);
}

/* Everybody gets the same images in the same order and starts at the same weights (He's). */
static void epoch_inputs(Bench *b, const int *size)
{
    int64_t N = size[0];
    Rng     rng = rng_new(5);
    images(bench_given(b, "x", N * PIXELS), bench_given_ints(b, "target", N), N);
    int *order = bench_given_ints(b, "order", N);
    for (int i = 0; i < N; i++) order[i] = i;
    rng_shuffle(&rng, order, N);
    for (int p = 0; p < PARTS; p++) {
        Tensor t = { .data = bench_given(b, parts[p], part_count(p)),
                     .dtype = F32,
                     .ndim = 1,
                     .shape = { part_count(p) },
                     .stride = { 1 } };
        if (p % 2 == 0) rng_fill_normal(&rng, &t, 0, sqrt(2.0 / widths[p / 2]));
    }
}

typedef struct Epoch { Mlp net; NnParams params; Optim *optim; Arena *arena; float quality[2]; } Epoch;

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

/* A new net and optimizer at the common start. */
static void epoch_before(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Epoch   *e = l->more;
    Rng      rng = rng_new(0);
    (void)size;
    tape_reset(l->tape);
    if (!e->arena) e->arena = arena_new("net");
    arena_reset(e->arena);
    e->net = nn_mlp(e->arena, &rng, LAYERS, widths);
    e->params = nn_params(e->arena);
    nn_mlp_visit(&e->net, "", nn_params_add, &e->params);
    for (int p = 0; p < PARTS; p++) {
        Tensor *t = p % 2 ? e->net.layer[p / 2].b : e->net.layer[p / 2].w;
        memcpy(t->data, bench_in(b, parts[p], part_count(p)), tensor_bytes(t));
    }
    e->optim = optim_adamw(e->arena, &e->params, (AdamwArg){ .rate = 1e-3 });
}

static void batch(Library *l, const int *rows, int64_t n, Tensor **x, Tensor **target)
{
    Arena *a = tape_arena(l->tape);
    *x = tensor_new(a, DEV_CPU, F32, SHAPE(n, PIXELS));
    *target = tensor_new(a, DEV_CPU, I32, SHAPE(n));
    for (int64_t i = 0; i < n; i++) {
        memcpy((float *)(*x)->data + i * PIXELS, (const float *)l->in[0]->data + (int64_t)rows[i] * PIXELS,
               PIXELS * sizeof(float));
        ((int *)(*target)->data)[i] = ((const int *)l->in[1]->data)[rows[i]];
    }
}

static void epoch(Bench *b, const int *size)
{
    Library   *l = bench_kept(b);
    Epoch     *e = l->more;
    const int *order = l->in[2]->data;
    for (int64_t at = 0; at < size[0]; at += size[1]) {
        Tensor *x, *target;
        batch(l, order + at, size[0] - at < size[1] ? size[0] - at : size[1], &x, &target);
        tape_backward(l->tape, op_cross_entropy(l->tape, nn_mlp_forward(l->tape, &e->net, x), target));
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
        Tensor *x, *target;
        n = size[0] - at < 1000 ? size[0] - at : 1000;
        batch(l, order + at, n, &x, &target);
        Tensor *scores = nn_mlp_forward(l->tape, &e->net, x);
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
BENCH_OF(mlp_others, mlp) = {
    { "mlp_linear", linear, .contestant = "library", .setup = linear_setup, .teardown = library_free },
    { "mlp_linear_backward", linear_backward, .contestant = "library" },
    { "mlp_epoch", epoch, .flops = "2*N*(3*(784*512 + 512*256 + 256*10) - 784*512)", .dims = "NB", SIZES(epochs),
      .contestant = "library", .inputs = epoch_inputs, .setup = epoch_setup, .before = epoch_before,
      .after = epoch_after, .teardown = epoch_teardown, .tolerance = 0.05, .memory = true,
      .note = "loss and accuracy afterwards must agree to 5 %; MNIST where data/ has it, else images like it" },
    { 0 }
};
