/* bench_ndarray.c -- what ndarray.c costs: rows for bench/, which times them. */
#include "bench.h"
#include "ndarray.h"

static const int sizes[][2] = { { 64, 64 }, { 1023, 257 }, { 4096, 1024 } };
static const int squares[][3] = { { 33, 65, 129 }, { 128, 128, 128 }, { 255, 257, 511 } };

static Ndarray matrix(const float *data, int rows, int columns)
{
    return (Ndarray){ .data = (float *)data, .ndim = 2, .shape = { rows, columns }, .stride = { columns, 1 } };
}

static Ndarray turned(Ndarray a)
{
    return (Ndarray){ .data = a.data, .ndim = 2, .shape = { a.shape[1], a.shape[0] },
                      .stride = { a.stride[1], a.stride[0] } };
}

static float  plus(float a, float b) { return a + b; }
static double sum(double s, double x) { return s + x; }

/* (N,C) + (C) */
static void add_row(Bench *b, const int *s)
{
    int64_t n = (int64_t)s[0] * s[1];
    Ndarray y = matrix(bench_out(b, "y", n), s[0], s[1]), x = matrix(bench_in(b, "x", n), s[0], s[1]);
    Ndarray row = { .data = (float *)bench_in(b, "row", s[1]), .ndim = 1, .shape = { s[1] }, .stride = { 1 } }, v, w;
    ndarray_broadcast(&v, &w, &x, &row);
    ndarray_apply(&y, &v, &w, plus);
}

/* y (C,N) = x^T + z, one of them against its grain */
static void add_turned(Bench *b, const int *s)
{
    int64_t n = (int64_t)s[0] * s[1];
    Ndarray y = matrix(bench_out(b, "y", n), s[1], s[0]), x = turned(matrix(bench_in(b, "x", n), s[0], s[1]));
    Ndarray z = matrix(bench_in(b, "z", n), s[1], s[0]);
    ndarray_apply(&y, &x, &z, plus);
}

static void sum_first(Bench *b, const int *s)
{
    Ndarray x = matrix(bench_in(b, "x", (int64_t)s[0] * s[1]), s[0], s[1]);
    Ndarray y = { .data = bench_out(b, "y", s[1]), .ndim = 1, .shape = { s[1] }, .stride = { 1 } };
    ndarray_reduce(&y, &x, 0, sum, 0);
}

/* C = A^T B: A (K,M) is read down its columns */
static void matmul_turned(Bench *b, const int *s)
{
    int     M = s[0], N = s[1], K = s[2];
    Ndarray C = matrix(bench_out(b, "C", (int64_t)M * N), M, N);
    Ndarray A = turned(matrix(bench_in(b, "A", (int64_t)M * K), K, M));
    Ndarray B = matrix(bench_in(b, "B", (int64_t)K * N), K, N);
    ndarray_matmul(&C, &A, &B);
}

BENCH(ndarray) = {
    { "ndarray_add_row", add_row, .flops = "N*C", .bytes = "8*N*C + 4*C", .dims = "NC", SIZES(sizes),
      .note = "a row added to each row, by broadcasting" },
    { "ndarray_add_turned", add_turned, .flops = "N*C", .bytes = "12*N*C", .dims = "NC", SIZES(sizes),
      .note = "a transposed view plus an array: one of them is read against its grain" },
    { "ndarray_sum_first", sum_first, .flops = "N*C", .bytes = "4*N*C + 4*C", .terms = "N", .dims = "NC", SIZES(sizes),
      .note = "sums over the first axis. NumPy adds whole rows in float, here each column in double" },
    { "ndarray_matmul", matmul_turned, .flops = "2*M*N*K", .bytes = "4*(M*N + M*K + K*N)", .dims = "MNK",
      SIZES(squares), .note = "A is a transposed view" },
    { 0 },
};
