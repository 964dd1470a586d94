/* bench_little_gpt.c -- what a block by hand costs: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "little_gpt.h"

enum { ARRAYS = 12 };
static const char *const weight[ARRAYS] = { "norm1", "bias1", "qkv", "bqkv", "out", "bout", "norm2", "bias2", "wide",
                                            "bwide", "back", "bback" };

/* bench/rows_little_gpt.c has sizes, costs and the library's block. What is kept is one piece of memory. */
static LittleGptKept kept_new(Bench *b, const char *name, int64_t N, int64_t C, int64_t H)
{
    int64_t all = N * C;
    float  *x = bench_scratch(b, name, 4 * (19 * all + 4 * N + 2 * N * H));
    LittleGptKept m;
    m.n1 = x, m.qkv = m.n1 + all, m.q = m.qkv + 3 * all, m.k = m.q + all, m.v = m.k + all, m.o = m.v + all;
    m.joined = m.o + all, m.middle = m.joined + all, m.n2 = m.middle + all, m.wide = m.n2 + all;
    m.bent = m.wide + 4 * all, m.s1 = m.bent + 4 * all, m.s2 = m.s1 + 2 * N, m.lse = m.s2 + 2 * N;
    m.seen = (int *)(m.lse + N * H);
    return m;
}

static float *zeros(float *x, int64_t n) { return memset(x, 0, (size_t)n * sizeof *x); }

static void block(Bench *b, const int *size, int step)
{
    int           B = size[0], T = size[1], C = size[2], H = size[3];
    int64_t       all = (int64_t)B * T * C, wide = (int64_t)C * C;
    const int64_t count[ARRAYS] = { C, C, 3 * wide, 3 * C, wide, C, C, C, 4 * wide, 4 * C, 4 * wide, C };
    const float  *x = bench_in(b, "x", all);
    LittleGptBlock w, dw;
    for (int k = 0; k < ARRAYS; k++) ((float **)&w)[k] = (float *)bench_in(b, weight[k], count[k]);
    const float  *dy = step ? bench_in(b, "dy", all) : NULL;
    float        *y = bench_out(b, "y", all);
    LittleGptKept kept = kept_new(b, "kept", (int64_t)B * T, C, H);
    little_gpt_block(y, &kept, x, &w, B, T, C, H);
    if (!step) return;
    float *dx = bench_out(b, "dx", all), *rest = bench_scratch(b, "other gradients", 4 * 20 * wide);
    for (int k = 0; k < ARRAYS; k++) {
        ((float **)&dw)[k] = zeros(rest, count[k]);
        rest += count[k];
    }
    dw.qkv = zeros(bench_out(b, "dqkv", 3 * wide), 3 * wide);
    dw.back = zeros(bench_out(b, "dback", 4 * wide), 4 * wide);
    LittleGptKept d = kept_new(b, "back through it", (int64_t)B * T, C, H);
    little_gpt_block_backward(dx, &dw, &d, x, &w, &kept, dy, B, T, C, H);
}

static void forward(Bench *b, const int *size) { block(b, size, 0); }
static void step(Bench *b, const int *size) { block(b, size, 1); }

BENCH(little_gpt) = {
    { .name = "little_gpt_block", .function = forward },
    { .name = "little_gpt_block_step", .function = step },
    { 0 }
};
