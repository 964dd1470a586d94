/* rows_mlp.c -- a layer by the library, and a whole epoch: 784-512-256-10 on MNIST, batches of 128, Adam. */
#include "epoch.h"

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

enum { LAYERS = 3 };
static const int     widths[LAYERS + 1] = { EPOCH_PIXELS, 512, 256, EPOCH_CLASSES };
static const int64_t weights[LAYERS] = { 784 * 512, 512 * 256, 256 * 10 }, biases[LAYERS] = { 512, 256, 10 };

static void make(void *net, Arena *a, NnParams *params)
{
    Rng  rng = rng_new(0);
    Mlp *m = net;
    *m = nn_mlp(a, &rng, LAYERS, widths);
    nn_mlp_visit(m, "", nn_params_add, params);
}

static Tensor *forward(Tape *t, void *net, Tensor *x) { return nn_mlp_forward(t, net, x); }

static const EpochNet mlp = { LAYERS, weights, biases, sizeof(Mlp), make, forward };
static void inputs(Bench *b, const int *size) { epoch_inputs(b, size, &mlp); }
static void setup(Bench *b, const int *size) { epoch_setup(b, size, &mlp); }

/* Flops: forward, the gradient of every weight, and of every input but the images. */
BENCH_OF(mlp_others, mlp) = {
    { "mlp_linear", linear, .contestant = "library", .setup = linear_setup, .teardown = library_free },
    { "mlp_linear_backward", linear_backward, .contestant = "library" },
    { "mlp_epoch", EPOCH_ROW, .flops = "2*N*(3*(784*512 + 512*256 + 256*10) - 784*512)", .inputs = inputs,
      .setup = setup },
    { 0 }
};
