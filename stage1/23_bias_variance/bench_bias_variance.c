/* bench_bias_variance.c -- what bias_variance.c costs: rows for bench/, which times them. */
#include "bench.h"
#include "bias_variance.h"

static const int sizes[][2] = { { 30, 1023 }, { 200, 10000 } };         /* models, points */
static const int columns[][2] = { { 1023, 7 }, { 100000, 16 } };        /* points, columns */

static void decompose(Bench *b, const int *size)
{
    int R = size[0], N = size[1];
    bias_variance_decompose(bench_out_doubles(b, "parts", 2), bench_in_doubles(b, "predicted", (int64_t)R * N),
                            bench_in_doubles(b, "truth", N), R, N);
}

static void features(Bench *b, const int *size)
{
    int N = size[0], D = size[1];
    bias_variance_features(bench_out_doubles(b, "X", (int64_t)N * D), bench_in_doubles(b, "x", N), N, D);
}

static void between(Bench *b, const int *size)
{
    double *x = bench_given_doubles(b, "x", size[0]);
    for (int n = 0; n < size[0]; n++) x[n] = (n * 7919LL % 2001) / 1000.0 - 1;
}

BENCH(bias_variance) = {
    { "bias_variance_decompose", decompose, .flops = "4*R*N", .bytes = "8*R*N", .dims = "RN", .tolerance = 1e-10,
      SIZES(sizes), .note = "models x points; np.mean and np.var over axis 0, and their means" },
    { "bias_variance_features", features, .flops = "6*N*D", .bytes = "8*N*D", .dims = "ND", .tolerance = 1e-11,
      .inputs = between, SIZES(columns), .note = "points x columns; legvander times the scale" },
    { 0 }
};
