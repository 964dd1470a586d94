/* bench_softmax.c -- what softmax.c costs: rows for bench/, which times them. */
#include <math.h>
#include "bench.h"
#include "softmax.h"

/* N, C: the ten classes of a batch, an awkward one, small vocabularies. With a fast exp memory is the limit. */
static const int sizes[][2] = { { 512, 10 }, { 1023, 257 }, { 1024, 1024 }, { 8192, 1024 } };
static const int fewer[][2] = { { 512, 10 }, { 1023, 257 } };
static const int squares[][2] = { { 64, 17 }, { 16, 128 } };             /* B, T of attention's scores (B,T,T) */

static int64_t count(const int *size) { return (int64_t)size[0] * size[1]; }

static void forward(Bench *b, const int *size)
{
    softmax(bench_out(b, "y", count(size)), bench_in(b, "x", count(size)), size[0], size[1]);
}

static void backward(Bench *b, const int *size)
{
    softmax_backward(bench_out(b, "dx", count(size)), bench_in(b, "y", count(size)), bench_in(b, "dy", count(size)),
                     size[0], size[1]);
}

static void log_forward(Bench *b, const int *size)
{
    softmax_log(bench_out(b, "y", count(size)), bench_in(b, "x", count(size)), size[0], size[1]);
}

static void log_inputs(Bench *b, const int *size)           /* y: logarithms of probabilities */
{
    float *y = bench_given(b, "y", count(size));
    for (int n = 0; n < size[0]; n++, y += size[1]) {
        double sum = 0;
        for (int c = 0; c < size[1]; c++) sum += exp(y[c]);
        for (int c = 0; c < size[1]; c++) y[c] -= (float)log(sum);
    }
}

static void log_backward(Bench *b, const int *size)
{
    softmax_log_backward(bench_out(b, "dx", count(size)), bench_in(b, "y", count(size)),
                         bench_in(b, "dy", count(size)), size[0], size[1]);
}

static void cross_entropy(Bench *b, const int *size)
{
    softmax_cross_entropy(bench_out(b, "loss", 1), bench_out(b, "lse", size[0]), bench_in(b, "x", count(size)),
                          bench_in_ints(b, "target", size[0], 0, size[1] - 1), size[0], size[1]);
}

static void cross_entropy_backward(Bench *b, const int *size)
{
    softmax_cross_entropy_backward(bench_out(b, "dx", count(size)), bench_in(b, "x", count(size)),
                                   bench_in_ints(b, "target", size[0], 0, size[1] - 1), bench_in(b, "lse", size[0]),
                                   bench_in(b, "dloss", 1), size[0], size[1]);
}

/* Loss and gradient in one, as a step of training has them: lse stays in a buffer of its own. */
static void cross_entropy_step(Bench *b, const int *size)
{
    static const float one = 1;
    int          N = size[0], C = size[1];
    float       *loss = bench_out(b, "loss", 1), *dx = bench_out(b, "dx", count(size));
    const float *x = bench_in(b, "x", count(size));
    const int   *target = bench_in_ints(b, "target", N, 0, C - 1);
    float       *lse = bench_scratch(b, "lse", N * (int64_t)sizeof *lse);
    softmax_cross_entropy(loss, lse, x, target, N, C);
    softmax_cross_entropy_backward(dx, x, target, lse, &one, N, C);
}

static void masked(Bench *b, const int *size)
{
    softmax_masked(bench_out(b, "y", count(size)), bench_in(b, "x", count(size)),
                   bench_in_ints(b, "mask", count(size), 0, 1), size[0], size[1]);
}

static void causal(Bench *b, const int *size)
{
    int     B = size[0], T = size[1];
    int64_t n = count(size) * T;
    softmax_sequences(bench_out(b, "y", n), bench_in(b, "x", n), bench_in_ints(b, "length", B, T, T), 1, B, T);
}

/* Flops: an exp, a comparison, an addition are one each. Bytes: a row is read from memory once, however often the code
 * walks over it. A sum of C positive floats may err by C roundings, hence the terms. */
BENCH(softmax) = {
    { "softmax", forward, .flops = "5*N*C", .bytes = "8*N*C", .dims = "NC", .terms = "C*C", SIZES(sizes) },
    { "softmax_backward", backward, .flops = "4*N*C", .bytes = "12*N*C", .dims = "NC", .scale = "10", SIZES(sizes) },
    { "softmax_log", log_forward, .flops = "6*N*C", .bytes = "8*N*C", .dims = "NC", .terms = "C*C", SIZES(sizes) },
    { "softmax_log_backward", log_backward, .flops = "4*N*C", .bytes = "12*N*C", .dims = "NC", .scale = "10",
      .inputs = log_inputs, SIZES(fewer) },
    { "softmax_cross_entropy", cross_entropy, .flops = "4*N*C", .bytes = "4*N*C + 8*N", .dims = "NC", .terms = "C*C",
      SIZES(sizes) },
    { "softmax_cross_entropy_backward", cross_entropy_backward, .flops = "5*N*C", .bytes = "8*N*C + 8*N", .dims = "NC",
      SIZES(sizes) },
    { .name = "cross_entropy_step", .function = cross_entropy_step },   /* sizes and costs: bench/rows_softmax.c */
    { "softmax_masked", masked, .flops = "5*N*C", .bytes = "12*N*C", .dims = "NC", .terms = "C*C", SIZES(fewer) },
    { "softmax_sequences", causal, .flops = "5*B*T*(T + 1)/2", .bytes = "8*B*T*T", .dims = "BT", .terms = "T*T",
      SIZES(squares) },
    { 0 }
};
