/* bench_least_squares.c -- what least_squares.c costs: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "least_squares.h"

static const int sizes[][2] = { { 442, 11 }, { 1023, 7 }, { 5003, 41 }, { 1023, 129 } };        /* N, D */

/* Factors use up what they are given: the copies are a part of the price, as they are for the peers. */
static void solve(Bench *b, const int *size)
{
    int     N = size[0], D = size[1];
    int64_t n = (int64_t)N * D;
    double *X = bench_scratch(b, "copy of X", n * 8), *y = bench_scratch(b, "copy of y", (int64_t)N * 8);
    double *tau = bench_scratch(b, "tau", (int64_t)D * 8);
    memcpy(X, bench_in_doubles(b, "X", n), (size_t)n * sizeof *X);
    memcpy(y, bench_in_doubles(b, "y", N), (size_t)N * sizeof *y);
    least_squares_qr(X, tau, N, D);
    least_squares_solve(bench_out_doubles(b, "w", D), y, X, tau, NULL, D, N, D);
}

static void pivoted(Bench *b, const int *size)
{
    int     N = size[0], D = size[1];
    int64_t n = (int64_t)N * D;
    double *X = bench_scratch(b, "copy of X", n * 8), *y = bench_scratch(b, "copy of y", (int64_t)N * 8);
    double *tau = bench_scratch(b, "tau", (int64_t)D * 8);
    int    *pivot = bench_scratch(b, "pivot", (int64_t)D * 4);
    memcpy(X, bench_in_doubles(b, "X", n), (size_t)n * sizeof *X);
    memcpy(y, bench_in_doubles(b, "y", N), (size_t)N * sizeof *y);
    int rank = least_squares_pivoted(X, tau, pivot, 1e-13, N, D);
    least_squares_solve(bench_out_doubles(b, "w", D), y, X, tau, pivot, rank, N, D);
}

static void normal(Bench *b, const int *size)
{
    int     N = size[0], D = size[1];
    double *A = bench_scratch(b, "A", (int64_t)D * D * 8);
    least_squares_normal(bench_out_doubles(b, "w", D), A, bench_in_doubles(b, "X", (int64_t)N * D),
                         bench_in_doubles(b, "y", N), N, D);
}

BENCH(least_squares) = {
    { "least_squares_solve", solve, .flops = "2*N*D*D", .bytes = "8*N*(D + 1)", .dims = "ND", .tolerance = 1e-8,
      SIZES(sizes) },
    { "least_squares_pivoted", pivoted, .flops = "2*N*D*D", .bytes = "8*N*(D + 1)", .dims = "ND", .tolerance = 1e-8,
      SIZES(sizes) },
    { "least_squares_normal", normal, .flops = "N*D*(D + 3)", .bytes = "8*N*(D + 1)", .dims = "ND", .tolerance = 1e-8,
      SIZES(sizes) },
    { 0 }
};
