/* bench_modules.c -- what modules.c costs: rows for bench/, which times them. */
#include <stdlib.h>
#include "bench.h"
#include "modules.h"

static const int sizes[][2] = { { 64, 64 }, { 1023, 257 }, { 1024, 1024 } };

static void forward(Bench *b, const int *s)
{
    int64_t    n = (int64_t)s[0] * s[1];
    PreluLayer p = { .layer = { .in = s[1], .out = s[1] }, .slope = (float *)bench_in(b, "slope", s[1]) };
    float     *y = bench_out(b, "y", n);
    modules_prelu_forward(&p.layer, y, bench_in(b, "x", n), s[0]);
}

static void backward(Bench *b, const int *s)
{
    int64_t    n = (int64_t)s[0] * s[1];
    PreluLayer p = { .layer = { .in = s[1], .out = s[1] }, .slope = (float *)bench_in(b, "slope", s[1]) };
    float     *dx = bench_out(b, "dx", n);
    p.x = bench_in(b, "x", n), p.dslope = bench_inout(b, "dslope", s[1]);
    modules_prelu_backward(&p.layer, dx, bench_in(b, "dy", n), s[0]);
}

BENCH(modules) = {
    { "modules_prelu", forward, .flops = "N*C", .bytes = "8*N*C + 4*C", .dims = "NC", SIZES(sizes) },
    { "modules_prelu_backward", backward, .flops = "3*N*C", .bytes = "12*N*C + 12*C", .dims = "NC", .terms = "N",
      SIZES(sizes) },
    { 0 },
};
