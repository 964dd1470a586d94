/* bench_pooling.c -- what pooling.c costs: rows for bench/, which times them. */
#include "bench.h"
#include "pooling.h"

/* N images, C channels, S pixels a side; windows of 2 x 2 side by side. bench/rows_pool.c has the sizes and costs of
 * the maximum. */
static const int sizes[][3] = { { 64, 32, 28 }, { 32, 128, 14 }, { 33, 7, 17 } };

static Pooling shape_of(const int *s)
{
    return (Pooling){ s[0], s[1], s[2], s[2], { 2, 2 }, { 2, 2 }, { 0, 0 } };
}

static int64_t pixels(const int *s) { return (int64_t)s[0] * s[1] * s[2] * s[2]; }
static int64_t outputs(const int *s) { return (int64_t)s[0] * s[1] * (s[2] / 2) * (s[2] / 2); }

static void max(Bench *b, const int *s)
{
    Pooling p = shape_of(s);
    float *y = bench_out(b, "y", outputs(s));
    pooling_max(y, bench_scratch(b, "which", outputs(s) * (int64_t)sizeof(int)), bench_in(b, "x", pixels(s)), &p);
}

static void average(Bench *b, const int *s)
{
    Pooling p = shape_of(s);
    pooling_average(bench_out(b, "y", outputs(s)), bench_in(b, "x", pixels(s)), 1, &p);
}

static void average_backward(Bench *b, const int *s)
{
    Pooling p = shape_of(s);
    pooling_average_backward(bench_out(b, "dx", pixels(s)), bench_in(b, "dy", outputs(s)), 1, &p);
}

static void global(Bench *b, const int *s)
{
    pooling_global(bench_out(b, "mean", (int64_t)s[0] * s[1]), bench_out(b, "max", (int64_t)s[0] * s[1]),
                   bench_in(b, "x", pixels(s)), s[0], s[1], s[2] * s[2]);
}

BENCH(pooling) = {
    { .name = "max_pool2d", .function = max },
    { "pooling_average", average, .flops = "N*C*S*S", .bytes = "5*N*C*S*S", .dims = "NCS", SIZES(sizes), .terms = "4" },
    { "pooling_average_backward", average_backward, .flops = "N*C*S*S/4", .bytes = "5*N*C*S*S", .dims = "NCS",
      SIZES(sizes), .terms = "1" },
    { "pooling_global", global, .flops = "2*N*C*S*S", .bytes = "4*N*C*S*S", .dims = "NCS", SIZES(sizes),
      .terms = "S*S", .scale = "4" },
    { 0 }
};
