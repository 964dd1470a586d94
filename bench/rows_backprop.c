/* rows_backprop.c -- the library's tape on what the textbook's does: a net's gradients, a chain of single numbers. */
#include <string.h>
#include "library.h"

static Tensor *weight(Library *l, int64_t R, int64_t C, const float *w)
{
    Tensor *t = library_in(l, F32, SHAPE(R, C), w);
    t->needs_grad = true;
    return t;
}

static void net_setup(Bench *b, const int *s)
{
    int64_t      N = s[0], IN = s[1], H = s[2];
    Library     *l = library_new(b, true);
    const float *x = bench_in(b, "x", N * IN), *w = bench_in(b, "w", (IN + H + 1) * H);
    bench_out(b, "loss", 1), bench_out(b, "dw", (IN + H + 1) * H);
    library_in(l, F32, SHAPE(N, IN), x);
    weight(l, IN, H, w), weight(l, H, H, w + IN * H), weight(l, H, 1, w + (IN + H) * H);
}

static void net(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    float   *dw = bench_out(b, "dw", (int64_t)(s[1] + s[2] + 1) * s[2]);
    tape_reset(l->tape);
    for (int i = 1; i < l->n; i++) tensor_drop_grad(l->in[i]);
    Tensor *y = op_tanh(l->tape, op_matmul(l->tape, l->in[0], l->in[1]));
    y = op_matmul(l->tape, op_tanh(l->tape, op_matmul(l->tape, y, l->in[2])), l->in[3]);
    Tensor *loss = op_scale(l->tape, op_sum(l->tape, op_square(l->tape, y), 1u << 0 | 1u << 1), 0.5 / s[0]);
    tape_backward(l->tape, loss);
    *bench_out(b, "loss", 1) = *(float *)loss->data;
    for (int i = 1; i < l->n; dw += tensor_count(l->in[i++])) memcpy(dw, l->in[i]->grad->data, tensor_bytes(l->in[i]));
}

static void chain_setup(Bench *b, const int *s)
{
    Library *l = library_new(b, true);
    (void)s;
    const float *x = bench_in(b, "x", 1);
    bench_out(b, "y", 1), bench_out(b, "dx", 1);
    weight(l, 1, 1, x);
}

static void chain(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    Tensor  *x = l->in[0], *y = x;
    tape_reset(l->tape);
    tensor_drop_grad(x);
    for (int i = 0; i < s[0]; i++) y = op_mul(l->tape, op_tanh(l->tape, y), x);
    tape_backward(l->tape, y);
    *bench_out(b, "y", 1) = *(float *)y->data;
    *bench_out(b, "dx", 1) = *(float *)x->grad->data;
}

BENCH_OF(backprop_library, backprop) = {
    { "backprop_sweep", net, .contestant = "library", .setup = net_setup, .teardown = library_free },
    { "backprop_backward", chain, .contestant = "library", .setup = chain_setup, .teardown = library_free },
    { 0 }
};
