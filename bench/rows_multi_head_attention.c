/* rows_multi_head_attention.c -- a layer of heads by the library: three products, its attention, one product. */
#include <math.h>
#include "library.h"

/* B, T, C, H: an odd one, a sentence's batch, a GPT's layer. */
static const int sizes[][4] = { { 3, 37, 65, 5 }, { 32, 32, 128, 4 }, { 4, 256, 384, 6 } };
static const char *const weight[] = { "wq", "wk", "wv", "wo" }, *const gradient[] = { "dwq", "dwk", "dwv", "dwo" };

static int64_t count(const int *size) { return (int64_t)size[0] * size[1] * size[2]; }

static void inputs(Bench *b, const int *size)
{
    int64_t C = size[2];
    Rng     rng = rng_new(11);
    for (int i = 0; i < 4; i++) {
        Tensor w = { .data = bench_given(b, weight[i], C * C), .dtype = F32, .ndim = 1, .shape = { C * C },
                     .stride = { 1 } };
        rng_fill_normal(&rng, &w, 0, 1 / sqrt((double)C));
    }
}

static void setup_for(Bench *b, const int *size, bool step)
{
    int64_t  C = size[2];
    Library *l = library_new(b, step);
    library_in(l, F32, SHAPE(size[0], size[1], C), bench_in(b, "x", count(size)));
    for (int i = 0; i < 4; i++) library_in(l, F32, SHAPE(C, C), bench_in(b, weight[i], C * C));
    if (step) library_in(l, F32, SHAPE(size[0], size[1], C), bench_in(b, "dy", count(size)));
    bench_out(b, "y", count(size));
    if (!step) return;
    bench_out(b, "dx", count(size));
    for (int i = 0; i < 4; i++) bench_out(b, gradient[i], C * C);
}

static void forward_setup(Bench *b, const int *size) { setup_for(b, size, false); }
static void step_setup(Bench *b, const int *size) { setup_for(b, size, true); }

static Tensor *layer(Library *l, const int *size, Tensor **in)
{
    int64_t B = size[0], T = size[1], C = size[2], H = size[3];
    Tensor *part[3];
    for (int i = 0; i < 3; i++)
        part[i] = op_reshape(l->tape, op_matmul(l->tape, in[0], in[1 + i]), SHAPE(B, T, H, C / H));
    Tensor *o = op_attention(l->tape, part[0], part[1], part[2], NULL, NULL, (AttentionArg){ 0 });
    return op_matmul(l->tape, op_reshape(l->tape, o, SHAPE(B, T, C)), in[4]);
}

static void forward(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", layer(l, size, l->in)->data, count(size));
}

/* All inputs belong to the step, so that their gradients are of this call alone. */
static void step(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Tensor  *in[5];
    tape_reset(l->tape);
    for (int i = 0; i < 5; i++) {
        in[i] = arena_alloc(tape_arena(l->tape), DEV_CPU, sizeof *in[i], "headers");
        *in[i] = *l->in[i];
        in[i]->arena = tape_arena(l->tape);
        in[i]->needs_grad = true;
    }
    Tensor *y = layer(l, size, in);
    y->grad = l->in[5];
    tape_backward(l->tape, y);
    bench_wrote(b, "y", y->data, count(size));
    bench_wrote(b, "dx", in[0]->grad->data, count(size));
    for (int i = 0; i < 4; i++) bench_wrote(b, gradient[i], in[1 + i]->grad->data, (int64_t)size[2] * size[2]);
}

BENCH_OF(multi_head_attention_others, multi_head_attention) = {
    { "multi_head_attention", forward, .flops = "2*B*T*C*(4*C + 2*T)", .bytes = "4*(2*B*T*C + 4*C*C)", .dims = "BTCH",
      SIZES(sizes), .contestant = "library", .inputs = inputs, .setup = forward_setup, .teardown = library_free,
      .tolerance = 1e-4, .memory = true },
    { "multi_head_attention_step", step, .flops = "2*B*T*C*(12*C + 7*T)", .bytes = "4*(4*B*T*C + 8*C*C)",
      .dims = "BTCH", SIZES(sizes), .contestant = "library", .inputs = inputs, .setup = step_setup,
      .teardown = library_free, .tolerance = 1e-4, .memory = true,
      .note = "forward and backward, gradients of the input and of all weights" },
    { 0 }
};
