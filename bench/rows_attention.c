/* rows_attention.c -- causal self-attention of several heads by the library: what a text's model asks for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "library.h"

typedef struct Size { int64_t B, H, T, D, all; } Size;

/* From GPT's training (T 256) to long texts; one odd in every number. */
static const int sizes[][4] = { { 3, 5, 333, 40 }, { 4, 6, 256, 64 }, { 4, 6, 512, 64 }, { 4, 6, 1024, 64 },
                                { 1, 6, 2048, 64 } };

static Size size_of(const int *s)
{
    Size x = { s[0], s[1], s[2], s[3], 0 };
    x.all = x.B * x.H * x.T * x.D;
    return x;
}

/* ---- The right values, in double: whole rows of scores. Memory is (B,T,H,D), as a projection leaves it ----------- */

static const float *at(const float *x, const Size *s, int64_t b, int64_t t, int64_t h)
{
    return x + ((b * s->T + t) * s->H + h) * s->D;
}

static double dot(const float *a, const float *b, int64_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static void add(double *y, double a, const float *x, int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] += a * (double)x[i];
}

/* p: softmax of row (b, t, h)'s scores */
static void probabilities(double *p, const float *q, const float *k, const Size *s, int64_t b, int64_t t, int64_t h)
{
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j <= t; j++) {
        p[j] = dot(at(q, s, b, t, h), at(k, s, b, j, h), s->D) / sqrt((double)s->D);
        max = p[j] > max ? p[j] : max;
    }
    for (int64_t j = 0; j <= t; j++) sum += p[j] = exp(p[j] - max);
    for (int64_t j = 0; j <= t; j++) p[j] /= sum;
}

static double *zeros(double *x, int64_t n) { return memset(x, 0, (size_t)n * sizeof *x); }

static void forward_row(double *y, double *p, const float *q, const float *k, const float *v, const Size *s, int64_t b,
                        int64_t t, int64_t h)
{
    probabilities(p, q, k, s, b, t, h);
    zeros(y, s->D);
    for (int64_t j = 0; j <= t; j++) add(y, p[j], at(v, s, b, j, h), s->D);
}

static void forward_truth(Bench *b, const int *size)
{
    Size         s = size_of(size);
    const float *q = bench_in(b, "q", s.all), *k = bench_in(b, "k", s.all), *v = bench_in(b, "v", s.all);
    double      *y = bench_want(b, "y", s.all), *p = malloc((size_t)s.T * sizeof *p);
    CHECK(p, "bench: no memory");
    for (int64_t i = 0; i < s.all; i += s.D)
        forward_row(y + i, p, q, k, v, &s, i / (s.T * s.H * s.D), i / (s.H * s.D) % s.T, i / s.D % s.H);
    free(p);
}

static void step_truth(Bench *b, const int *size)
{
    Size         s = size_of(size);
    const float *q = bench_in(b, "q", s.all), *k = bench_in(b, "k", s.all), *v = bench_in(b, "v", s.all);
    const float *dy = bench_in(b, "dy", s.all);
    double      *y = bench_want(b, "y", s.all), *dq = bench_want(b, "dq", s.all), *dk = bench_want(b, "dk", s.all);
    double      *dv = bench_want(b, "dv", s.all), *p = malloc(2 * (size_t)s.T * sizeof *p), *dp = p + s.T;
    CHECK(p, "bench: no memory");
    zeros(dq, s.all), zeros(dk, s.all), zeros(dv, s.all);
    for (int64_t i = 0; i < s.all; i += s.D) {
        int64_t n = i / (s.T * s.H * s.D), t = i / (s.H * s.D) % s.T, h = i / s.D % s.H;
        double  e = 0;
        forward_row(y + i, p, q, k, v, &s, n, t, h);
        for (int64_t j = 0; j <= t; j++) e += p[j] * (dp[j] = dot(dy + i, at(v, &s, n, j, h), s.D));
        for (int64_t j = 0; j <= t; j++) {
            int64_t key = at(k, &s, n, j, h) - k;
            double  ds = p[j] * (dp[j] - e) / sqrt((double)s.D);
            add(dv + key, p[j], dy + i, s.D);
            add(dk + key, ds, q + i, s.D);
            add(dq + i, ds, k + key, s.D);
        }
    }
    free(p);
}

/* ---- The library ------------------------------------------------------------------------------------------------- */

static Library *setup(Bench *b, const int *size, bool step)
{
    static const char *const names[] = { "q", "k", "v", "dy" };
    Size     s = size_of(size);
    Library *l = library_new(b, step);
    bench_out(b, "y", s.all);
    for (int i = 0; i < 3 + step; i++)
        library_in(l, F32, SHAPE(s.B, s.T, s.H, s.D), bench_in(b, names[i], s.all));
    return l;
}

static void forward_setup(Bench *b, const int *size) { setup(b, size, false); }

static void step_setup(Bench *b, const int *size)
{
    Size s = size_of(size);
    setup(b, size, true);
    bench_out(b, "dq", s.all), bench_out(b, "dk", s.all), bench_out(b, "dv", s.all);
}

static Tensor *attend(Library *l, Tensor **in)
{
    return op_attention(l->tape, in[0], in[1], in[2], NULL, NULL, (AttentionArg){ .causal = true });
}

static void forward(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", attend(l, l->in)->data, size_of(size).all);
}

/* The inputs belong to the step, as a projection's output does: their gradients are stored, not copied elsewhere. */
static void step(Bench *b, const int *size)
{
    static const char *const names[] = { "dq", "dk", "dv" };
    Library *l = bench_kept(b);
    Tensor  *in[3];
    tape_reset(l->tape);
    for (int i = 0; i < 3; i++) {
        in[i] = arena_alloc(tape_arena(l->tape), DEV_CPU, sizeof *in[i], "headers");
        *in[i] = *l->in[i];
        in[i]->arena = tape_arena(l->tape);
        in[i]->needs_grad = true;
    }
    Tensor *y = attend(l, in);
    y->grad = l->in[3];
    tape_backward(l->tape, y);
    bench_wrote(b, "y", y->data, size_of(size).all);
    for (int i = 0; i < 3; i++) bench_wrote(b, names[i], in[i]->grad->data, size_of(size).all);
}

/* Flops: half of the square, for that is what the mask leaves. Two products forward, five backward. */
BENCH_OF(attention_others, attention) = {
    { "attention_causal", forward, .flops = "2*B*H*T*(T + 1)*D", .bytes = "16*B*H*T*D", .dims = "BHTD", SIZES(sizes),
      .terms = "T", .contestant = "library", .truth = forward_truth, .setup = forward_setup, .teardown = library_free,
      .memory = true },
    { "attention_causal_step", step, .flops = "7*B*H*T*(T + 1)*D", .bytes = "40*B*H*T*D", .dims = "BHTD", SIZES(sizes),
      .terms = "T", .contestant = "library", .truth = step_truth, .setup = step_setup, .teardown = library_free,
      .memory = true, .note = "forward and backward, as a training step asks for them" },
    { 0 }
};
