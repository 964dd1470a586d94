/* bench_linear_regression.c -- what linear_regression.c costs: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "linear_regression.h"

/* The diabetes data, two awkward ones, the rows of California to learn from. Column 0 is all ones in every case. */
static const int sizes[][2] = { { 442, 11 }, { 1023, 7 }, { 5003, 41 }, { 16512, 13 } };        /* N, D */

static void loss(Bench *b, const int *size)
{
    int N = size[0], D = size[1];
    *bench_out_doubles(b, "loss", 1) =
        linear_regression_loss(bench_out_doubles(b, "dw", D), bench_in_doubles(b, "X", (int64_t)N * D),
                               bench_in_doubles(b, "y", N), bench_in_doubles(b, "w", D), N, D);
}

/* lambda = 0: least squares by the normal equations. */
static void ridge(Bench *b, const int *size)
{
    int N = size[0], D = size[1];
    double *A = bench_scratch(b, "A", (int64_t)D * D * 8);
    linear_regression_ridge(bench_out_doubles(b, "w", D), A, bench_in_doubles(b, "X", (int64_t)N * D),
                            bench_in_doubles(b, "y", N), 0, N, D);
}

/* QR uses up what it is given: the copies are a part of its price, as they are for its peers. */
static void qr(Bench *b, const int *size)
{
    int N = size[0], D = size[1];
    double *X = bench_scratch(b, "copy of X", (int64_t)N * D * 8), *y = bench_scratch(b, "copy of y", (int64_t)N * 8);
    double rss;
    memcpy(X, bench_in_doubles(b, "X", (int64_t)N * D), (size_t)N * D * sizeof *X);
    memcpy(y, bench_in_doubles(b, "y", N), (size_t)N * sizeof *y);
    linear_regression_qr(bench_out_doubles(b, "w", D), &rss, X, y, N, D);
}

BENCH(linear_regression) = {
    { "linear_regression_loss", loss, .flops = "4*N*D", .bytes = "8*N*(D + 1)", .dims = "ND", .terms = "N",
      .scale = "D", SIZES(sizes) },
    { "linear_regression_ridge", ridge, .flops = "N*D*(D + 3)", .bytes = "8*N*(D + 1)", .dims = "ND", .tolerance = 1e-8,
      SIZES(sizes) },
    { "linear_regression_qr", qr, .flops = "2*N*D*(D + 1)", .bytes = "8*N*(D + 1)", .dims = "ND", .tolerance = 1e-8,
      SIZES(sizes) },
    { 0 }
};
