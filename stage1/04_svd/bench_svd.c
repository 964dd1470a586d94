/* bench_svd.c -- what svd.c costs: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "svd.h"

static const int sizes[][2] = { { 64, 64 }, { 257, 33 }, { 1438, 64 }, { 256, 256 } };          /* M, N */

/* Jacobi uses up what it is given: the copy is a part of its price, as it is for the peers. */
static void jacobi(Bench *b, const int *size)
{
    int     M = size[0], N = size[1];
    int64_t n = (int64_t)N * M;
    double *U = bench_scratch(b, "U", n * 8), *V = bench_scratch(b, "V", (int64_t)N * N * 8);
    memcpy(U, bench_in_doubles(b, "A", n), (size_t)n * sizeof *U);
    svd_jacobi(U, bench_out_doubles(b, "sigma", N), V, M, N);
}

/* flops: of the usual way through a bidiagonal matrix, vectors included; Jacobi does a multiple of it. */
BENCH(svd) = {
    { "svd_jacobi", jacobi, .flops = "6*M*N*N + 8*N*N*N", .bytes = "8*N*(2*M + N)", .dims = "MN", .tolerance = 1e-12,
      SIZES(sizes) },
    { 0 }
};
