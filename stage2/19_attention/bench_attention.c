/* bench_attention.c -- what attention.c costs: with the matrix, and in tiles; rows for bench/, which times them. */
#include <stddef.h>
#include "bench.h"
#include "attention.h"

/* B sentences, H heads, T tokens, D numbers a head: (B,T,H,D), as a projection leaves them. This folder's problems are
 * heads, (T,D), so each is copied out and back: T D numbers beside T^2 D operations. bench/rows_attention.c has the
 * sizes and costs of the two whole ones. */
enum { LONG = 512 };                        /* tokens: beyond them the textbook's turns would take minutes */
typedef struct Head { float *q, *k, *v, *y, *dy, *dq, *dk, *dv, *score, *p, *lse; int *seen; } Head;

static float *floats(Bench *b, const char *name, int64_t n)
{
    return bench_scratch(b, name, n * (int64_t)sizeof(float));
}

static Head head_new(Bench *b, const int *size)
{
    int  T = size[2], D = size[3], n = T * D;
    bool matrix = T <= LONG;
    return (Head){
        floats(b, "a head's q", n),  floats(b, "a head's k", n),  floats(b, "a head's v", n),
        floats(b, "a head's y", n),  floats(b, "a head's dy", n), floats(b, "a head's dq", n),
        floats(b, "a head's dk", n), floats(b, "a head's dv", n),
        floats(b, "scores", matrix ? (int64_t)T * T : 1), floats(b, "weights", matrix ? (int64_t)T * T : 1),
        floats(b, "lse", T), bench_scratch(b, "seen", T * (int64_t)sizeof(int)),
    };
}

static void copy(float *to, const float *from, int rows, int D, int line_to, int line_from)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < D; c++) to[(int64_t)r * line_to + c] = from[(int64_t)r * line_from + c];
}

static void attend(Bench *b, const int *size, bool tiled, bool step)
{
    int          B = size[0], H = size[1], T = size[2], D = size[3], line = H * D;
    int64_t      all = (int64_t)B * T * line;
    const float *q = bench_in(b, "q", all), *k = bench_in(b, "k", all), *v = bench_in(b, "v", all);
    const float *dy = step ? bench_in(b, "dy", all) : NULL;
    float       *y = bench_out(b, "y", all), *dq = step ? bench_out(b, "dq", all) : NULL;
    float       *dk = step ? bench_out(b, "dk", all) : NULL, *dv = step ? bench_out(b, "dv", all) : NULL;
    Head         h = head_new(b, size);
    attention_seen(h.seen, NULL, 1, 1, T, T);
    for (int i = 0; i < B * H; i++) {
        int64_t at = (int64_t)(i / H) * T * line + (int64_t)(i % H) * D;
        copy(h.q, q + at, T, D, D, line), copy(h.k, k + at, T, D, D, line), copy(h.v, v + at, T, D, D, line);
        if (step) copy(h.dy, dy + at, T, D, D, line);
        if (tiled) attention_tiled(h.y, h.lse, h.q, h.k, h.v, h.seen, 1, T, T, D, D);
        else {
            attention_scores(h.score, h.q, h.k, 1, T, T, D);
            attention_weights(h.p, h.score, h.seen, 1, T, T);
            attention_values(h.y, h.p, h.v, 1, T, T, D);
        }
        if (step && tiled)
            attention_tiled_backward(h.dq, h.dk, h.dv, h.q, h.k, h.v, h.y, h.lse, h.dy, h.seen, 1, T, T, D, D);
        else if (step)
            attention_backward(h.dq, h.dk, h.dv, h.score, h.q, h.k, h.v, h.p, h.dy, 1, T, T, D, D);
        copy(y + at, h.y, T, D, line, D);
        if (!step) continue;
        copy(dq + at, h.dq, T, D, line, D), copy(dk + at, h.dk, T, D, line, D), copy(dv + at, h.dv, T, D, line, D);
    }
}

static void forward(Bench *b, const int *size) { attend(b, size, false, false); }
static void forward_tiled(Bench *b, const int *size) { attend(b, size, true, false); }
static void step(Bench *b, const int *size) { attend(b, size, false, true); }
static void step_tiled(Bench *b, const int *size) { attend(b, size, true, true); }

static void not_too_long(Bench *b, const int *size)
{
    if (size[2] > LONG) bench_absent(b, "seconds a call beyond %d tokens", LONG);
}

BENCH(attention) = {
    { .name = "attention_causal", .function = forward, .setup = not_too_long },
    { .name = "attention_causal", .function = forward_tiled, .contestant = "textbook in tiles", .setup = not_too_long },
    { .name = "attention_causal_step", .function = step, .setup = not_too_long },
    { .name = "attention_causal_step", .function = step_tiled, .contestant = "textbook in tiles",
      .setup = not_too_long },
    { 0 }
};
