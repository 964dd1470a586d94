/* bench_multi_head_attention.c -- what a layer of heads costs: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "multi_head_attention.h"

/* B sentences, T tokens, C numbers, H heads, all looking at all. bench/rows_multi_head_attention.c has sizes, costs and
 * the library's way. */
static MultiHeadKept kept_new(Bench *b, const char *name, const MultiHeadSize *n)
{
    int64_t wide = (int64_t)n->B * n->T * n->C, square = (int64_t)n->B * n->H * n->T * n->T;
    float  *x = bench_scratch(b, name, 4 * (4 * wide + 2 * square));
    return (MultiHeadKept){ x, x + wide, x + 2 * wide, x + 3 * wide, x + 3 * wide + square, x + 3 * wide + 2 * square };
}

static float *zeros(float *x, int64_t n) { return memset(x, 0, (size_t)n * sizeof *x); }

static void layer(Bench *b, const int *size, int step)
{
    int           C = size[2], H = size[3], T = size[1];
    MultiHeadSize n = { size[0], T, T, C, H, H, C / H };
    int64_t       all = (int64_t)n.B * T * C, w = (int64_t)C * C;
    const float  *x = bench_in(b, "x", all);
    MultiHeadWeights in = { (float *)bench_in(b, "wq", w), (float *)bench_in(b, "wk", w), (float *)bench_in(b, "wv", w),
                            (float *)bench_in(b, "wo", w) };
    const float  *dy = step ? bench_in(b, "dy", all) : NULL;
    float        *y = bench_out(b, "y", all);
    MultiHeadKept kept = kept_new(b, "kept", &n);
    int          *seen = bench_scratch(b, "seen", (int64_t)n.B * H * T * 4);
    for (int i = 0; i < n.B * H * T; i++) seen[i] = T;
    multi_head_attention_forward(y, &kept, x, x, &in, seen, &n);
    if (!step) return;
    float *dx = zeros(bench_out(b, "dx", all), all);
    MultiHeadWeights dw = { zeros(bench_out(b, "dwq", w), w), zeros(bench_out(b, "dwk", w), w),
                            zeros(bench_out(b, "dwv", w), w), zeros(bench_out(b, "dwo", w), w) };
    MultiHeadKept d = kept_new(b, "back", &n);
    multi_head_attention_backward(dx, dx, &dw, &d, x, x, &in, &kept, dy, &n);
}

static void forward(Bench *b, const int *size) { layer(b, size, 0); }
static void step(Bench *b, const int *size) { layer(b, size, 1); }

BENCH(multi_head_attention) = {
    { .name = "multi_head_attention", .function = forward },
    { .name = "multi_head_attention_step", .function = step },
    { 0 }
};
