/* bench_vanishing_gradients.c -- what a layer of a stack costs, forward and back: rows for bench/, which times them. */
#include "bench.h"
#include "vanishing_gradients.h"

/* Rows, width. */
static const int sizes[][2] = { { 32, 32 }, { 33, 127 }, { 64, 256 } };
static const Layer normed_with_skip = { RELU, true, true, 1 };

static void layer(Bench *b, const int *size)
{
    int N = size[0], D = size[1];
    int64_t n = (int64_t)N * D;
    vanishing_gradients_layer(bench_out(b, "out", n), bench_scratch(b, "u", n * 4), bench_scratch(b, "z", n * 4),
                              bench_scratch(b, "room", 8 * (int64_t)D), bench_in(b, "h", n),
                              bench_in(b, "W", (int64_t)D * D), N, D, &normed_with_skip);
}

static void spectral_norm(Bench *b, const int *size)
{
    int     D = size[1];
    double *v = bench_scratch(b, "v", 8 * (int64_t)D);
    for (int i = 0; i < D; i++) v[i] = 1;
    *bench_out_doubles(b, "norm", 1) = vanishing_gradients_spectral_norm(v, bench_scratch(b, "room", 8 * (int64_t)D),
                                                                         bench_in(b, "W", (int64_t)D * D), D, 300);
}

BENCH(vanishing_gradients) = {
    { "vanishing_gradients_layer", layer, .flops = "2*N*D*D+10*N*D", .bytes = "4*(4*N*D+D*D)", .dims = "ND",
      .tolerance = 1e-4, SIZES(sizes), .note = "rows x width: h + ReLU(layernorm(h) W^T)" },
    { "vanishing_gradients_spectral_norm", spectral_norm, .flops = "1200*D*D", .bytes = "4*D*D", .dims = "ND",
      .tolerance = 1e-2, SIZES(sizes), .note = "power iteration, 300 steps; the peers' is exact" },
    { 0 }
};
