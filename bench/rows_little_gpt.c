/* rows_little_gpt.c -- a block of GPT-2 by the library: norm, attention, norm, MLP, added to what flows through. */
#include <math.h>
#include <string.h>
#include "library.h"
#include "nn.h"

enum { ARRAYS = 12 };
static const int sizes[][4] = { { 3, 17, 60, 3 }, { 12, 64, 128, 4 }, { 4, 256, 384, 6 } };     /* B, T, C, H */
static const struct { const char *name; int in, out; } array[ARRAYS] = {                        /* times C; 0: a row */
    { "norm1", 0, 1 }, { "bias1", 0, 1 }, { "qkv", 1, 3 }, { "bqkv", 0, 3 }, { "out", 1, 1 }, { "bout", 0, 1 },
    { "norm2", 0, 1 }, { "bias2", 0, 1 }, { "wide", 1, 4 }, { "bwide", 0, 4 }, { "back", 4, 1 }, { "bback", 0, 1 },
};

static int64_t rows(const int *size) { return (int64_t)size[0] * size[1] * size[2]; }
static int64_t count(int k, int64_t C) { return (array[k].in ? array[k].in * C : 1) * array[k].out * C; }

static void inputs(Bench *b, const int *size)
{
    Rng rng = rng_new(12);
    for (int k = 0; k < ARRAYS; k++) {
        int64_t n = count(k, size[2]);
        Tensor  w = { .data = bench_given(b, array[k].name, n), .dtype = F32, .ndim = 1, .shape = { n },
                      .stride = { 1 } };
        rng_fill_normal(&rng, &w, strstr(array[k].name, "norm") ? 1 : 0,
                        array[k].in ? 1 / sqrt((double)array[k].in * size[2]) : 0.1);
    }
}

typedef struct Block { Tensor *x, *dy, *w[ARRAYS]; } Block;

/* The library's matrices are (OUT,IN): turned once, off the clock. */
static void setup_for(Bench *b, const int *size, bool step)
{
    int64_t  B = size[0], T = size[1], C = size[2];
    Library *l = library_new(b, step);
    Block   *m = l->more = arena_alloc(l->arena, DEV_CPU, sizeof *m, "bench");
    m->x = library_in(l, F32, SHAPE(B, T, C), bench_in(b, "x", rows(size)));
    for (int k = 0; k < ARRAYS; k++) {
        const float *from = bench_in(b, array[k].name, count(k, C));
        int64_t IN = array[k].in * C, OUT = array[k].out * C;
        m->w[k] = tensor_new(l->arena, DEV_CPU, F32, IN ? 2 : 1, (int64_t[]){ OUT, IN });
        for (int64_t i = 0; i < count(k, C); i++)
            ((float *)m->w[k]->data)[i] = IN ? from[i % IN * OUT + i / IN] : from[i];
    }
    if (step) m->dy = library_in(l, F32, SHAPE(B, T, C), bench_in(b, "dy", rows(size)));
    bench_out(b, "y", rows(size));
    if (step) bench_out(b, "dx", rows(size)), bench_out(b, "dqkv", 3 * C * C), bench_out(b, "dback", 4 * C * C);
}

static void forward_setup(Bench *b, const int *size) { setup_for(b, size, false); }
static void step_setup(Bench *b, const int *size) { setup_for(b, size, true); }

static Tensor *block(Tape *t, const int *size, Tensor *x, Tensor **w)
{
    Attention a = { .qkv = { w[2], w[3] }, .out = { w[4], w[5] }, .heads = size[3], .kv_heads = size[3],
                    .arg = { .causal = true } };
    Tensor *m = op_add(t, nn_attention_forward(t, &a, op_layernorm(t, x, w[0], w[1], 1e-5), NULL), x);
    Tensor *h = op_gelu_tanh(t, op_linear(t, op_layernorm(t, m, w[6], w[7], 1e-5), w[8], w[9]));
    return op_add(t, op_linear(t, h, w[10], w[11]), m);
}

static void forward(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Block   *m = l->more;
    tape_reset(l->tape);
    bench_wrote(b, "y", block(l->tape, size, m->x, m->w)->data, rows(size));
}

static Tensor *of_this_step(Tape *t, const Tensor *x)   /* its gradient is of this call alone */
{
    Tensor *y = arena_alloc(tape_arena(t), DEV_CPU, sizeof *y, "headers");
    *y = *x;
    y->arena = tape_arena(t), y->needs_grad = true;
    return y;
}

static const float *turned(Tape *t, Tensor *x) { return op_contiguous(t, op_transpose(t, x, 0, 1))->data; }

static void step(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Block   *m = l->more;
    Tape    *t = l->tape;
    tape_reset(t);
    Tensor *x = of_this_step(t, m->x), *w[ARRAYS];
    for (int k = 0; k < ARRAYS; k++) w[k] = of_this_step(t, m->w[k]);
    Tensor *y = block(t, size, x, w);
    y->grad = m->dy;
    tape_backward(t, y);
    int64_t C = size[2];
    bench_wrote(b, "y", y->data, rows(size)), bench_wrote(b, "dx", x->grad->data, rows(size));
    bench_wrote(b, "dqkv", turned(t, w[2]->grad), 3 * C * C);
    bench_wrote(b, "dback", turned(t, w[10]->grad), 4 * C * C);
}

BENCH_OF(little_gpt_others, little_gpt) = {
    { "little_gpt_block", forward, .flops = "2*B*T*C*(12*C + T)", .bytes = "4*(2*B*T*C + 12*C*C)", .dims = "BTCH",
      SIZES(sizes), .contestant = "library", .inputs = inputs, .setup = forward_setup, .teardown = library_free,
      .tolerance = 1e-4, .memory = true },
    { "little_gpt_block_step", step, .flops = "2*B*T*C*(36*C + 3.5*T)", .bytes = "4*(4*B*T*C + 24*C*C)", .dims = "BTCH",
      SIZES(sizes), .contestant = "library", .inputs = inputs, .setup = step_setup, .teardown = library_free,
      .tolerance = 1e-4, .memory = true, .note = "a block there and back, gradients of its input and all its weights" },
    { 0 }
};
