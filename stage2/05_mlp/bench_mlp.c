/* bench_mlp.c -- what mlp.c costs: a layer forward and backward, and one step of training. */
#include <string.h>
#include "bench.h"
#include "mlp.h"

/* N, IN, OUT: the digits' first layer, one of awkward sizes, MNIST's. */
static const int layers[][3] = { { 32, 64, 128 }, { 33, 257, 65 }, { 64, 784, 128 }, { 64, 784, 512 } };

static void linear(Bench *b, const int *size)
{
    int N = size[0], IN = size[1], OUT = size[2];
    mlp_linear(bench_out(b, "y", (int64_t)N * OUT), bench_in(b, "x", (int64_t)N * IN),
               bench_in(b, "w", (int64_t)OUT * IN), bench_in(b, "b", OUT), N, IN, OUT);
}

static void linear_backward(Bench *b, const int *size)
{
    int N = size[0], IN = size[1], OUT = size[2];
    mlp_linear_backward(bench_out(b, "dx", (int64_t)N * IN), bench_inout(b, "dw", (int64_t)OUT * IN),
                        bench_inout(b, "db", OUT), bench_in(b, "x", (int64_t)N * IN),
                        bench_in(b, "w", (int64_t)OUT * IN), bench_in(b, "dy", (int64_t)N * OUT), N, IN, OUT);
}

/* N rows through I-H-O, back, and an update: rate 0.1, momentum 0.9. */
static const int steps[][4] = { { 32, 64, 128, 10 }, { 33, 65, 129, 7 }, { 64, 784, 128, 10 } };

/* Weights as a net has them: scores of thousands would make every probability 0 or 1. */
static void step_inputs(Bench *b, const int *s)
{
    int P = mlp_count_params(2, s + 1);
    float *start = bench_given(b, "start", P);
    for (int i = 0; i < P; i++) start[i] *= 0.05f;
}

static void step(Bench *b, const int *s)
{
    int N = s[0], P = mlp_count_params(2, s + 1), A = mlp_count_acts(N, 2, s + 1), scores = N * s[2];
    const float *x = bench_in(b, "x", (int64_t)N * s[1]), *start = bench_in(b, "start", P);
    const int *target = bench_in_ints(b, "target", N, 0, s[3] - 1);
    float *loss = bench_out(b, "loss", 1), *p = bench_out(b, "p", P), *v = bench_out(b, "v", P);
    float *dp = bench_scratch(b, "dp", P * (int64_t)sizeof *dp);
    float *act = bench_scratch(b, "act", A * (int64_t)sizeof *act);
    float *dact = bench_scratch(b, "dact", A * (int64_t)sizeof *dact);
    memcpy(p, start, (size_t)P * sizeof *p);
    memset(v, 0, (size_t)P * sizeof *v);
    memset(dp, 0, (size_t)P * sizeof *dp);
    mlp_forward(act, x, p, N, 2, s + 1);
    mlp_loss(loss, dact + scores, act + scores, target, N, s[3]);
    mlp_backward(dp, dact, x, act, p, N, 2, s + 1);
    mlp_update(p, v, dp, P, 0.1f, 0.9f);
}

BENCH(mlp) = {
    { "mlp_linear", linear, .flops = "2*N*I*O", .bytes = "4*(N*I + O*I + O + N*O)", .dims = "NIO", SIZES(layers),
      .terms = "I", .scale = "I" },
    { "mlp_linear_backward", linear_backward, .flops = "4*N*I*O + N*O", .bytes = "4*(2*N*I + 3*O*I + 2*O + N*O)",
      .dims = "NIO", SIZES(layers), .terms = "N + O", .scale = "N + O" },
    { "mlp_step", step, .flops = "4*N*I*H + 6*N*H*O + 4*(I*H + H*O)", .bytes = "4*(N*I + 8*(I*H + H*O))",
      .dims = "NIHO", SIZES(steps), .inputs = step_inputs, .tolerance = 1e-4,
      .note = "mlp_step: forward, loss, backward and update of one batch." },
    { 0 }
};
