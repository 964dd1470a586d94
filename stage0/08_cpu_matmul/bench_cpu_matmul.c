/* bench_cpu_matmul.c -- what cpu_matmul.c costs: rows for bench/, contestants of the library's own case, gemm. */
#include "bench.h"
#include "cpu_matmul.h"

static void packed(Bench *b, const int *size)
{
    int    M = size[0], N = size[1], K = size[2];
    float *C = bench_out(b, "C", (int64_t)M * N);
    const float *A = bench_in(b, "A", (int64_t)M * K), *B = bench_in(b, "B", (int64_t)K * N);
    int    threads = bench_threads(b);
    float *room = bench_scratch(b, "room", (int64_t)cpu_matmul_room(threads) * 4);
    if (threads == 1) cpu_matmul_packed(C, A, B, room, M, N, K);
    else cpu_matmul_threads(C, A, B, room, M, N, K, threads);
}

static void order(Bench *b, const int *size)
{
    int    M = size[0], N = size[1], K = size[2];
    float *C = bench_out(b, "C", (int64_t)M * N);
    cpu_matmul_order(C, bench_in(b, "A", (int64_t)M * K), bench_in(b, "B", (int64_t)K * N), M, N, K);
}

static void small_only(Bench *b, const int *size)
{
    if ((double)size[0] * size[1] * size[2] > 3e8) bench_absent(b, "three loops take too long at this size");
}

BENCH(cpu_matmul) = {
    { "gemm", packed, .dims = "MNK", .contestant = "ladder, last rung" },
    { "gemm", order, .dims = "MNK", .contestant = "ladder, second rung", .setup = small_only },
    { 0 }
};
