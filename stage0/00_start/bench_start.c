/* bench_start.c -- what start.c costs: rows for bench/, which times them. */
#include "bench.h"
#include "start.h"

/* From a cache to memory; one no multiple of anything. Almost nothing is computed here: these rows measure memory. */
static const int sizes[][1] = { { 1000 }, { 33333 }, { 1000000 }, { 16777216 } };               /* N */

static void add(Bench *b, const int *size)
{
    int N = size[0];
    start_add(bench_out(b, "y", N), bench_in(b, "a", N), bench_in(b, "b", N), N);
}

static void scale(Bench *b, const int *size)
{
    int N = size[0];
    start_scale(bench_out(b, "y", N), bench_in(b, "a", N), -0.25f, N);
}

static void dot(Bench *b, const int *size)
{
    int N = size[0];
    *bench_out(b, "dot", 1) = start_dot(bench_in(b, "a", N), bench_in(b, "b", N), N);
}

BENCH(start) = {
    { "start_add", add, .flops = "N", .bytes = "12*N", .dims = "N", .terms = "1", SIZES(sizes) },
    { "start_scale", scale, .flops = "N", .bytes = "8*N", .dims = "N", .terms = "1", SIZES(sizes) },
    { "start_dot", dot, .flops = "2*N", .bytes = "8*N", .dims = "N", .terms = "N", .scale = "N", SIZES(sizes) },
    { 0 }
};
