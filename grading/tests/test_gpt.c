/* test_gpt.c -- GPT-2: against a plain one in double, whole against piece by piece, and does it learn? With and without
 * REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gpt.h"
#include "gradcheck.h"
#include "optim.h"

TestSuite(gpt, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

static const GptSize tiny = { .V = 7, .T = 6, .C = 8, .layers = 2, .heads = 2 };

/* All weights random and large enough to matter: biases and norms too. */
static void stir(void *ctx, const char *name, Tensor *x)
{
    (void)ctx, (void)name;
    for (int64_t i = 0; i < tensor_count(x); i++) tensor_set(x, i, uniform(-1, 1));
}

static Gpt *made(GptSize s, double dropout)
{
    Rng  rng = rng_new(3);
    Gpt *m = gpt_new(model, &rng, s, dropout);
    gpt_visit(m, "", stir, NULL);
    return m;
}

static Tensor *tokens(int64_t B, int64_t T, int V)
{
    Tensor *x = tensor_new(model, DEV_CPU, I32, SHAPE(B, T));
    for (int64_t i = 0; i < B * T; i++) tensor_set(x, i, floor(uniform(0, V)));
    return x;
}

/* ---- The plain version: one text, a token at a time, all in double ---- */

enum { C = 8, HEADS = 2, D = C / HEADS, T = 6, MOST = 4 * C };

static void apply(double *y, const Linear *l, const double *x)
{
    int64_t OUT = l->w->shape[0], IN = l->w->shape[1];
    for (int64_t o = 0; o < OUT; o++) {
        y[o] = l->b ? tensor_get(l->b, o) : 0;
        for (int64_t i = 0; i < IN; i++) y[o] += tensor_get(l->w, o * IN + i) * x[i];
    }
}

static void norm(double *y, const LayerNorm *l, const double *x)
{
    double mean = 0, var = 0;
    for (int c = 0; c < C; c++) mean += x[c] / C;
    for (int c = 0; c < C; c++) var += (x[c] - mean) * (x[c] - mean) / C;
    for (int c = 0; c < C; c++) y[c] = (x[c] - mean) / sqrt(var + 1e-5) * tensor_get(l->w, c) + tensor_get(l->b, c);
}

static double gelu(double x) { return x / 2 * (1 + tanh(0.79788456080286536 * (x + 0.044715 * x * x * x))); }

static void plain_block(double x[T][C], const GptBlock *b)
{
    double qkv[T][3 * C], h[C], wide[MOST], add[C];
    for (int t = 0; t < T; t++) norm(h, &b->ln_1, x[t]), apply(qkv[t], &b->attn.qkv, h);
    for (int t = 0; t < T; t++) {
        memset(h, 0, sizeof h);
        for (int head = 0; head < HEADS; head++) {
            double p[T], sum = 0;
            for (int j = 0; j <= t; j++) {
                double dot = 0;
                for (int d = 0; d < D; d++) dot += qkv[t][head * D + d] * qkv[j][C + head * D + d];
                sum += p[j] = exp(dot / sqrt(D));
            }
            for (int j = 0; j <= t; j++)
                for (int d = 0; d < D; d++) h[head * D + d] += p[j] / sum * qkv[j][2 * C + head * D + d];
        }
        apply(add, &b->attn.out, h);
        for (int c = 0; c < C; c++) x[t][c] += add[c];
    }
    for (int t = 0; t < T; t++) {
        norm(h, &b->ln_2, x[t]);
        apply(wide, &b->fc, h);
        for (int i = 0; i < MOST; i++) wide[i] = gelu(wide[i]);
        apply(add, &b->proj, wide);
        for (int c = 0; c < C; c++) x[t][c] += add[c];
    }
}

static void plain_scores(double *scores, Gpt *m, const Tensor *text, int64_t b)
{
    double x[T][C], h[C];
    for (int t = 0; t < T; t++)
        for (int c = 0; c < C; c++)
            x[t][c] = tensor_get(m->wte.w, (int64_t)tensor_get(text, b * T + t) * C + c) +
                      tensor_get(m->wpe.w, (int64_t)t * C + c);
    for (int i = 0; i < m->size.layers; i++) plain_block(x, &m->block[i]);
    for (int t = 0; t < T; t++) {
        norm(h, &m->ln_f, x[t]);
        apply(scores + t * m->size.V, &(Linear){ m->wte.w, NULL }, h);
    }
}

Test(gpt, scores_and_loss_equal_a_plain_version)
{
    enum { B = 3 };
    Gpt    *m = made(tiny, 0);
    Tensor *text = tokens(B, T, tiny.V), *target = tokens(B, T, tiny.V), *y = gpt_scores(tape, m, text);
    double  loss = 0, want[T * 7];
    expect_shape(y, SHAPE(B, T, tiny.V));
    for (int64_t b = 0; b < B; b++) {
        plain_scores(want, m, text, b);
        for (int64_t t = 0; t < T; t++) {
            double sum = 0, *row = want + t * tiny.V;
            for (int v = 0; v < tiny.V; v++) {
                expect("score", v, tensor_get(y, (b * T + t) * tiny.V + v), row[v], 1000 * epsilon());
                sum += exp(row[v]);
            }
            loss += (log(sum) - row[(int)tensor_get(target, b * T + t)]) / (B * T);
        }
    }
    expect("loss", 0, tensor_get(gpt_loss(tape, m, text, target), 0), loss, 1000 * epsilon());
}

/* ---- Gradients ---- */

typedef struct Lesson { Gpt *m; Tensor *tokens, *targets; } Lesson;

static Tensor *loss_of(Tape *t, Tensor **in, void *ctx)
{
    Lesson *x = ctx;
    (void)in; /* the model's own */
    return gpt_loss(t, x->m, x->tokens, x->targets);
}

Test(gpt, gradients)
{
    GptSize  s = { .V = 5, .T = 4, .C = 4, .layers = 1, .heads = 2 };
    Lesson   x = { made(s, 0), tokens(2, 3, s.V), tokens(2, 3, s.V) };
    NnParams p = nn_params(model);
    Tensor  *in[32];
    gpt_visit(x.m, "", nn_params_add, &p);
    for (int i = 0; i < p.n; i++) in[i] = p.item[i].tensor;
    gradcheck(loss_of, in, p.n, &x);
}

/* ---- Names ---- */

Test(gpt, names_and_number_of_the_published_weights)
{
    static const char *const first[] = {
        "wte.weight", "wpe.weight", "h.0.ln_1.weight", "h.0.ln_1.bias", "h.0.attn.c_attn.weight",
        "h.0.attn.c_attn.bias", "h.0.attn.c_proj.weight", "h.0.attn.c_proj.bias", "h.0.ln_2.weight",
        "h.0.ln_2.bias", "h.0.mlp.c_fc.weight", "h.0.mlp.c_fc.bias", "h.0.mlp.c_proj.weight", "h.0.mlp.c_proj.bias",
        "h.1.ln_1.weight",
    };
    NnParams p = nn_params(model);
    gpt_visit(gpt_new(model, NULL, gpt2_small, 0.1), "", nn_params_add, &p);
    cr_assert_eq(p.n, 148);
    cr_assert_eq(nn_params_count(&p), 124439808);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) cr_assert_str_eq(p.item[i].name, first[i]);
    cr_assert_str_eq(p.item[147].name, "ln_f.bias");
}

Test(gpt, starts_undecided)
{
    GptSize s = { .V = 50, .T = 16, .C = 32, .layers = 3, .heads = 4 };
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Rng     rng = rng_new(seed);
        Gpt    *m = gpt_new(model, &rng, s, 0);
        double  loss = tensor_get(gpt_loss(tape, m, tokens(4, 16, s.V), tokens(4, 16, s.V)), 0), sum = 0;
        Tensor *w = m->block[2].proj.w;
        for (int64_t i = 0; i < tensor_count(w); i++) sum += pow(tensor_get(w, i), 2);
        expect("loss", 0, loss, log(s.V), 0.05);
        expect("deviation", 0, sqrt(sum / (double)tensor_count(w)), 0.02 / sqrt(6), 0.001);
        cr_assert_eq(rng.counter, rng_new(seed).counter, "the caller's own generator is not drawn from");
    }
}

/* ---- Piece by piece ---- */

static void expect_row(const Tensor *got, int64_t b, const Tensor *all, int64_t t, int V)
{
    for (int v = 0; v < V; v++)
        expect("score", v, tensor_get(got, b * V + v), tensor_get(all, (b * all->shape[1] + t) * V + v),
               300 * epsilon());
}

Test(gpt, a_text_in_pieces_is_the_same_text)
{
    static const int cuts[][7] = { { 6, 0 }, { 1, 1, 1, 1, 1, 1, 0 }, { 3, 1, 2, 0 }, { 1, 4, 1, 0 } };
    Gpt    *m = made(tiny, 0.3);
    Tensor *text = tokens(2, T, tiny.V);
    tape_train(tape, false);
    Tensor *all = gpt_scores(tape, m, text);
    tape_train(tape, true); /* generation does without dropout by itself */
    for (int i = 0; i < 4; i++) {
        GptCache *c = gpt_cache(model, m, 2, T + i);
        for (const int *piece = cuts[i]; *piece; piece++) {
            Tensor *part = op_contiguous(tape, op_slice(tape, text, 1, c->n, c->n + *piece));
            Tensor *y = gpt_continue(tape, m, c, part);
            expect_shape(y, SHAPE(2, tiny.V));
            for (int64_t b = 0; b < 2; b++) expect_row(y, b, all, c->n - 1, tiny.V);
        }
        cr_assert_eq(c->n, T);
    }
    cr_assert(tape_training(tape));
}

Test(gpt, dropout_is_for_training)
{
    Gpt    *m = made(tiny, 0.5);
    Tensor *x = tokens(2, T, tiny.V), *y = tokens(2, T, tiny.V);
    double  a = tensor_get(gpt_loss(tape, m, x, y), 0), b = tensor_get(gpt_loss(tape, m, x, y), 0);
    cr_assert(a != b, "two steps with the same mask: %g", a);
    tape_train(tape, false);
    a = tensor_get(gpt_loss(tape, m, x, y), 0), b = tensor_get(gpt_loss(tape, m, x, y), 0);
    cr_assert_eq(a, b);
}

/* ---- Learning ---- */

enum { SONG = 12 };
static const int32_t song[SONG] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8 };

static void song_at(Tensor *x, int64_t shift) /* row b begins at b */
{
    for (int64_t i = 0; i < tensor_count(x); i++)
        tensor_set(x, i, song[(i / x->shape[1] + i % x->shape[1] + shift) % SONG]);
}

Test(gpt, learns_a_song_by_heart_and_allocates_nothing_meanwhile)
{
    GptSize  s = { .V = 10, .T = 48, .C = 32, .layers = 2, .heads = 4 };
    Rng      rng = rng_new(1);
    Gpt     *m = gpt_new(model, &rng, s, 0.05);
    Tensor  *x = tensor_new(model, DEV_CPU, I32, SHAPE(4, 24)), *y = tensor_new(model, DEV_CPU, I32, SHAPE(4, 24));
    NnParams p = nn_params(model);
    gpt_visit(m, "", nn_params_add, &p);
    Optim *o = optim_adamw(model, &p, (AdamwArg){ .rate = 3e-3, .weight_decay = 0.01 });
    song_at(x, 0), song_at(y, 1);
    double first = 0, last = 0;
    size_t reserved = 0, in_use = 0;
    for (int step = 0; step < 80; step++) {
        tape_reset(tape);
        Tensor *loss = gpt_loss(tape, m, x, y);
        last = tensor_get(loss, 0);
        tape_backward(tape, loss);
        optim_step(o, tape);
        if (step == 0) first = last;
        if (step != 1) continue;
        reserved = arena_reserved(tape_arena(tape)) + arena_reserved(model);
        in_use = arena_in_use(model);
    }
    cr_assert_eq(arena_reserved(tape_arena(tape)) + arena_reserved(model), reserved);
    cr_assert_eq(arena_in_use(model), in_use);
    cr_assert(last < 0.2 * first, "loss %g at first, %g at last", first, last);

    /* What it learned, it sings on: eight notes are enough to know the place. */
    int32_t   sung[40];
    GptCache *c = gpt_cache(model, m, 1, 40);
    for (int i = 0; i < 8; i++) sung[i] = song[i];
    gpt_generate(tape, m, c, sung, 8, 10, (GptPick){ 0 }, NULL);
    reserved = arena_reserved(tape_arena(tape)), in_use = arena_in_use(model);
    c->n = 0;
    gpt_generate(tape, m, c, sung, 8, 24, (GptPick){ 0 }, NULL);
    for (int i = 8; i < 24; i++) cr_assert_eq(sung[i], song[i % SONG], "note %d is %d", i, sung[i]);
    cr_assert_eq(arena_reserved(tape_arena(tape)), reserved);
    cr_assert_eq(arena_in_use(model), in_use);
    cr_assert_eq(c->n, 23, "the last token was picked, not read");
}

/* ---- Picking ---- */

Test(gpt, picks)
{
    enum { DRAWS = 4000, V = 6 };
    Tensor *x = NUMBERS(9, 9, 9, 9, 9, 9, 0.5, 2, -1, 1.5, 2, -INFINITY);
    tensor_set_shape(x, SHAPE(2, V));
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Rng rng = rng_new(seed);
        cr_assert_eq(gpt_pick(x, 1, (GptPick){ 0 }, &rng), 1, "the first of equals");
        for (int top = 0; top <= V; top++) {
            const double temperature = 0.7;
            int          seen[V] = { 0 };
            double       want[V], sum = 0, least = top == 0 || top > 4 ? -INFINITY : top > 3 ? 0.5 : top > 2 ? 1.5 : 2;
            for (int v = 0; v < V; v++) {
                double s = tensor_get(x, V + v);
                sum += want[v] = s >= least ? exp(s / temperature) : 0;
            }
            for (int i = 0; i < DRAWS; i++) seen[gpt_pick(x, 1, (GptPick){ temperature, top }, &rng)]++;
            for (int v = 0; v < V; v++) {
                double q = want[v] / sum;
                expect("share", v, (double)seen[v] / DRAWS, q, 5 * sqrt(q * (1 - q) / DRAWS));
            }
        }
    }
}

/* ---- Refusals ---- */

static void refuse_long(void) { gpt_scores(tape, made(tiny, 0), tokens(1, T + 1, tiny.V)); }
static void refuse_shape(void) { gpt_scores(tape, made(tiny, 0), targets(3, tiny.V)); }
static void refuse_full(void)
{
    Gpt      *m = made(tiny, 0);
    GptCache *c = gpt_cache(model, m, 1, 3);
    gpt_continue(tape, m, c, tokens(1, 2, tiny.V));
    gpt_continue(tape, m, c, tokens(1, 2, tiny.V));
}
static void refuse_width(void)
{
    gpt_new(model, NULL, (GptSize){ .V = 5, .T = 4, .C = 6, .layers = 1, .heads = 4 }, 0);
}
static void refuse_nothing(void)
{
    Gpt *m = made(tiny, 0);
    gpt_generate(tape, m, gpt_cache(model, m, 1, 3), (int32_t[1]){ 0 }, 0, 1, (GptPick){ 0 }, NULL);
}

Test(gpt, refusals)
{
    expect_refusal(refuse_long, "T at most 6, not i32(1,7)");
    expect_refusal(refuse_shape, "needs tokens (B,T)");
    expect_refusal(refuse_full, "2 tokens after 2, room for 3");
    expect_refusal(refuse_width, "6 numbers cannot be shared by 4 heads");
    expect_refusal(refuse_nothing, "needs a first token");
}
