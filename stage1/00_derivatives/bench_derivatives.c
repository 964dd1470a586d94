/* bench_derivatives.c -- what derivatives.c costs: rows for bench/, which times them. */
#include "bench.h"
#include "derivatives.h"

static const int rows_classes[][2] = { { 33, 7 }, { 1023, 257 }, { 1024, 1000 } };
static const int logits[][1] = { { 1023 }, { 1000000 } };
static const int shapes[][1] = { { 33 }, { 128 } };

static void softmax(Bench *b, const int *size)
{
    int     N = size[0], C = size[1];
    double *loss = bench_out_doubles(b, "loss", 1);
    *loss = derivatives_softmax(bench_out_doubles(b, "dz", (int64_t)N * C), bench_in_doubles(b, "z", (int64_t)N * C),
                                bench_in_ints(b, "target", N, 0, C - 1), N, C);
}

static void margin(Bench *b, const int *size)
{
    int     N = size[0];
    double *loss = bench_out_doubles(b, "loss", 1);
    *loss = derivatives_margin(bench_out_doubles(b, "dz", N), MARGIN_LOG, bench_in_doubles(b, "z", N),
                               bench_in_ints(b, "y", N, -1, 1), N);
}

static void either(Bench *b, const int *size)
{
    double *z = bench_given_doubles(b, "z", size[0]);
    int    *y = bench_given_ints(b, "y", size[0]);
    for (int n = 0; n < size[0]; n++) z[n] = n * 7919LL % 16001 / 1000.0 - 8, y[n] = n * 104729LL % 7 < 3 ? 1 : -1;
}

static void axb(Bench *b, const int *size)
{
    int64_t N = size[0], NN = N * N;
    derivatives_axb(bench_out_doubles(b, "dA", NN), bench_out_doubles(b, "dX", NN), bench_out_doubles(b, "dB", NN),
                    bench_scratch(b, "room", 2 * NN * 8), bench_in_doubles(b, "dY", NN), bench_in_doubles(b, "A", NN),
                    bench_in_doubles(b, "X", NN), bench_in_doubles(b, "B", NN), size[0], size[0], size[0], size[0]);
}

BENCH(derivatives) = {
    { "derivatives_softmax", softmax, .flops = "6*N*C", .bytes = "16*N*C", .dims = "NC", .tolerance = 1e-12,
      SIZES(rows_classes), .note = "mean loss and its gradient, in double" },
    { "derivatives_margin", margin, .flops = "6*N", .bytes = "20*N", .dims = "N", .tolerance = 1e-12, .inputs = either,
      SIZES(logits), .note = "log loss of logits and its gradient, in double" },
    { "derivatives_axb", axb, .flops = "12*N*N*N", .bytes = "72*N*N", .dims = "N", .terms = "N*N", .scale = "N",
      SIZES(shapes), .note = "three gradients of A X B; the textbook's product is the naive one" },
    { 0 }
};
