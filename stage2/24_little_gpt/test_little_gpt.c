/* test_little_gpt.c -- probes that grade little_gpt.c, and oracles that prove the reference right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "little_gpt.h"

static const float ln2 = 0.6931471806f;

static double largest(const float *x, int n)                    /* of the finite ones, without sign */
{
    double max = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i]) && fabsf(x[i]) > max) max = fabsf(x[i]);
    return max;
}

/* ---- step little_gpt_embed ------------------------------------------------------------------------------------- */

static void embed(const int *token, const float *wte, const float *wpe, int B, int T, int C)
{
    float *x = probe_output(B * T * C);
    probe_freeze();
    little_gpt_embed(x, token, wte, wpe, B, T, C);
    emit("x", x, B, T, C);
}

PROBE(little_gpt_embed, by_pencil)                  /* token 1, then 0: 10 + 1, 20 + 2; 1 + 3, 2 + 4 */
{
    embed(probe_given_ints(1, 0), probe_given(1, 2, 10, 20), probe_given(1, 2, 3, 4), 1, 2, 2);
}

PROBE(little_gpt_embed, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 5), C = probe_pick(1, 3, 7, 33), V = probe_pick(1, 2, 9);
    embed(probe_ints(B * T, 0, V - 1), probe_floats(V * C), probe_floats(T * C), B, T, C);
}

PROBE(little_gpt_embed, places_begin_again)         /* in every text; the same token everywhere */
{
    int C = probe_pick(1, 4);
    embed(probe_ints(3 * 2, 1, 1), probe_normal(2 * C, 0, 1), probe_normal(2 * C, 0, 1), 3, 2, C);
}

/* ---- step little_gpt_embed_backward ---------------------------------------------------------------------------- */

static void embed_backward(const int *token, const float *dx, int B, int T, int C, int V)
{
    float *dwte = probe_inout(V * C), *dwpe = probe_inout(T * C);
    probe_freeze();
    little_gpt_embed_backward(dwte, dwpe, token, dx, B, T, C);
    probe_terms(B * T);
    probe_scale(1 + largest(dx, B * T * C));
    emit("dwte", dwte, V, C);
    emit("dwpe", dwpe, T, C);
}

PROBE(little_gpt_embed_backward, by_pencil)         /* token 1 twice: both gradients meet in its row */
{
    embed_backward(probe_given_ints(1, 1), probe_given(1, 2, 10, 20), 1, 2, 2, 2);
}

PROBE(little_gpt_embed_backward, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 5), C = probe_pick(1, 3, 7, 33), V = probe_pick(9, 1, 2);
    embed_backward(probe_ints(B * T, 0, V - 1), probe_normal(B * T * C, 0, 1), B, T, C, V);
}

PROBE(little_gpt_embed_backward, places_gather_over_texts)
{
    int C = probe_pick(1, 4);
    embed_backward(probe_permutation(6), probe_normal(6 * C, 0, 1), 3, 2, C, 6);
}

/* ---- the two steps of a block ---------------------------------------------------------------------------------- */

typedef struct Case { int B, T, C, H; float *x, *dy; LittleGptBlock w; } Case;

static float *matrix(int in, int out) { return probe_normal(in * out, 0, 1 / sqrt(in)); }
static float *near_one(int n) { return probe_uniform(n, 0.5, 1.5); }

static Case case_of(int B, int T, int C, int H)
{
    return (Case){ B, T, C, H, probe_normal(B * T * C, 0, 1), probe_normal(B * T * C, 0, 1),
                   { near_one(C), probe_normal(C, 0, 1), matrix(C, 3 * C), probe_normal(3 * C, 0, 1), matrix(C, C),
                     probe_normal(C, 0, 1), near_one(C), probe_normal(C, 0, 1), matrix(C, 4 * C),
                     probe_normal(4 * C, 0, 1), matrix(4 * C, C), probe_normal(C, 0, 1) } };
}

static LittleGptKept room(const Case *c)
{
    int N = c->B * c->T, C = c->C, all = N * C;
    return (LittleGptKept){ probe_output(all), probe_output(2 * N), probe_output(3 * all), probe_output(all),
                            probe_output(all), probe_output(all), probe_output(all), probe_output(N * c->H),
                            probe_output(all), probe_output(all), probe_output(all), probe_output(2 * N),
                            probe_output(4 * all), probe_output(4 * all), probe_output_ints(N * c->H) };
}

/* Errors of a norm grow where a row hardly varies, those of a score where scores are large: bounds from the inputs. */
static double size_of_row(const float *x, int N, int C)
{
    double most = 1;
    for (int n = 0; n < N; n++) {
        double mean = 0, var = 0;
        for (int c = 0; c < C; c++) mean += x[n * C + c] / (double)C;
        for (int c = 0; c < C; c++) var += pow(x[n * C + c] - mean, 2) / C;
        most = fmax(most, (1 + largest(x + n * C, C)) / sqrt(var + 1e-5));
    }
    return most;
}

static void block(const Case *c)
{
    LittleGptKept kept = room(c);
    int   N = c->B * c->T, C = c->C;
    float *y = probe_output(N * C);
    double row = size_of_row(c->x, N, C), score = 1 + pow(3 * sqrt(C), 2);
    probe_freeze();
    little_gpt_block(y, &kept, c->x, &c->w, c->B, c->T, C, c->H);
    probe_terms(C + c->T);
    probe_scale(row * largest(c->w.qkv, 3 * C * C) * sqrt(C));
    emit("qkv", kept.qkv, N, 3 * C);
    probe_scale(row * score);
    emit("middle", kept.middle, N, C);
    probe_scale(row * score * size_of_row(kept.middle, N, C));
    emit("y", y, N, C);
}

PROBE(little_gpt_block, by_pencil)                  /* branches end in 0: what is left is x, and their last biases */
{
    Case c = case_of(1, 2, 2, 1);
    c.w.out = probe_given(0, 0, 0, 0), c.w.bout = probe_given(1, 2);
    c.w.back = probe_uniform(16, 0, 0), c.w.bback = probe_given(10, 20);
    c.x = probe_given(1, 3, 5, 9);
    block(&c);
}

PROBE(little_gpt_block, awkward_sizes)
{
    int H = probe_pick(1, 2, 3);
    Case c = case_of(probe_pick(1, 2), probe_pick(1, 2, 5), H * probe_pick(3, 2, 5), H);
    block(&c);
}

PROBE(little_gpt_block, only_the_last_token_changes)    /* nobody before sees it */
{
    Case c = case_of(1, probe_pick(2, 3, 6), 4, 2);
    LittleGptKept kept = room(&c), again = room(&c);
    int    n = c.T * c.C, last = n - c.C;
    float *other = probe_copy(n, c.x), *y = probe_output(n), *after = probe_output(n);
    int    changed[1] = { 0 };
    for (int i = last; i < n; i++) other[i] += (float)(1 + i % 3);
    probe_freeze();
    little_gpt_block(y, &kept, c.x, &c.w, 1, c.T, c.C, c.H);
    little_gpt_block(after, &again, other, &c.w, 1, c.T, c.C, c.H);
    for (int i = 0; i < last; i++) changed[0] |= after[i] != y[i];
    emit_exact("numbers before it changed", changed, 1);
}

PROBE(little_gpt_block, texts_do_not_meet)
{
    Case c = case_of(3, probe_pick(1, 3), 4, probe_pick(1, 2));
    c.x[c.T * c.C] = NAN;
    block(&c);
}

/* A way there by the course's own norm, for what the way back needs: no step waits for another. */
static LittleGptKept some_kept(const Case *c)
{
    LittleGptKept kept = room(c);
    int N = c->B * c->T, C = c->C, D = C / c->H;
    kept.qkv = probe_normal(N * 3 * C, 0, 1), kept.joined = probe_normal(N * C, 0, 1);
    kept.middle = probe_normal(N * C, 0, 1), kept.wide = probe_normal(N * 4 * C, 0, 1);
    kept.bent = probe_normal(N * 4 * C, 0, 1), kept.q = probe_normal(N * C, 0, 1), kept.k = probe_normal(N * C, 0, 1);
    kept.v = probe_normal(N * C, 0, 1);
    little_gpt_norm(kept.n1, kept.s1, c->x, c->w.norm1, c->w.bias1, N, C);
    little_gpt_norm(kept.n2, kept.s2, kept.middle, c->w.norm2, c->w.bias2, N, C);
    attention_seen(kept.seen, NULL, 1, c->B * c->H, c->T, c->T);
    attention_tiled(kept.o, kept.lse, kept.q, kept.k, kept.v, kept.seen, c->B * c->H, c->T, c->T, D, D);
    return kept;
}

/* How far `to` may be off, made by products of what is off by so much: as much, beside the largest. */
static double carried(double off, const float *from, int n, const float *to, int count)
{
    return off > 0 ? off / fmax(largest(from, n), 1e-30) * largest(to, count) : 0;
}

static void block_backward(const Case *c)
{
    LittleGptKept kept = some_kept(c), d = room(c);
    int N = c->B * c->T, C = c->C;
    float *dx = probe_output(N * C);
    LittleGptBlock dw = { probe_inout(C), probe_inout(C), probe_inout(3 * C * C), probe_inout(3 * C),
                          probe_inout(C * C), probe_inout(C), probe_inout(C), probe_inout(C), probe_inout(4 * C * C),
                          probe_inout(4 * C), probe_inout(4 * C * C), probe_inout(C) };
    probe_freeze();
    little_gpt_block_backward(dx, &dw, &d, c->x, &c->w, &kept, c->dy, c->B, c->T, C, c->H);
    /* The reference's own numbers on the way; norms lose by rows that hardly vary, softmax by the scores' size. */
    double dy = largest(c->dy, N * C), rows = sqrt(N), bent = dy * largest(c->w.back, 4 * C * C) * sqrt(C);
    double n2 = bent * largest(c->w.wide, 4 * C * C) * 2 * sqrt(C), row2 = size_of_row(kept.middle, N, C);
    double middle = largest(d.middle, N * C) + largest(d.n2, N * C) * row2;
    double o = carried(middle, d.middle, N * C, d.joined, N * C), score = 1 + largest(kept.lse, N * c->H);
    double qkv = o * score * (1 + largest(kept.v, N * C) * sqrt(C / c->H))
                 * fmax(largest(kept.q, N * C), largest(kept.k, N * C));
    double n1 = carried(qkv, d.qkv, 3 * N * C, d.n1, N * C), row1 = size_of_row(c->x, N, C);
    struct { const char *name; float *x; int n; double size; } out[] = {
        { "dback", dw.back, 4 * C * C, dy * largest(kept.bent, 4 * N * C) * rows },
        { "dbback", dw.bback, C, dy * rows },
        { "dwide", dw.wide, 4 * C * C, bent * row2 * rows }, { "dbwide", dw.bwide, 4 * C, bent * rows },
        { "dnorm2", dw.norm2, C, n2 * row2 * rows }, { "dbias2", dw.bias2, C, n2 * rows },
        { "dout", dw.out, C * C, middle * largest(kept.joined, N * C) * rows }, { "dbout", dw.bout, C, middle * rows },
        { "dqkv", dw.qkv, 3 * C * C, qkv * row1 * rows }, { "dbqkv", dw.bqkv, 3 * C, qkv * rows },
        { "dnorm1", dw.norm1, C, n1 * row1 * rows }, { "dbias1", dw.bias1, C, n1 * rows },
        { "dx", dx, N * C, middle + n1 * row1 },
    };
    probe_terms(4 * C + c->T + N);
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        probe_scale(1 + out[i].size);
        emit(out[i].name, out[i].x, out[i].n);
    }
}

PROBE(little_gpt_block_backward, by_pencil)         /* both branches end in 0: dx is dy, twice passed on */
{
    Case c = case_of(1, 2, 2, 1);
    c.w.out = probe_given(0, 0, 0, 0), c.w.back = probe_uniform(16, 0, 0), c.dy = probe_given(1, 2, 3, 4);
    block_backward(&c);
}

PROBE(little_gpt_block_backward, awkward_sizes)
{
    int H = probe_pick(1, 2, 3);
    Case c = case_of(probe_pick(1, 2), probe_pick(1, 2, 5), H * probe_pick(3, 2, 5), H);
    block_backward(&c);
}

PROBE(little_gpt_block_backward, only_the_last_row)     /* its gradient reaches all rows before it */
{
    Case c = case_of(1, probe_pick(2, 4), 4, 2);
    for (int i = 0; i < (c.T - 1) * c.C; i++) c.dy[i] = 0;
    block_backward(&c);
}

/* ---- step little_gpt_head -------------------------------------------------------------------------------------- */

static void head(const float *h, const float *wte, const int *target, int N, int C, int V, bool way_back)
{
    float *dh = way_back ? probe_output(N * C) : NULL, *dwte = probe_inout(V * C), *score = probe_output(V);
    double loss[1], size = 1 + largest(h, N * C) * largest(wte, V * C) * C;
    probe_freeze();
    loss[0] = little_gpt_head(dh, dwte, score, h, wte, target, N, C, V);
    float rounded[1] = { (float)loss[0] };
    probe_terms(C + V);
    probe_scale(size);
    emit("loss", rounded, 1);
    probe_scale(size * (1 + largest(wte, V * C)) / N);
    if (dh) emit("dh", dh, N, C);
    probe_terms(C + V + N);
    probe_scale(1 + size * largest(h, N * C));
    emit("dwte", dwte, V, C);
}

PROBE(little_gpt_head, by_pencil)                   /* scores 0, ln 2; target 1: loss ln 1.5; dscore 1/3, -1/3 */
{
    head(probe_given(ln2), probe_given(0, 1), probe_given_ints(1), 1, 1, 2, true);
}

PROBE(little_gpt_head, awkward_sizes)
{
    int N = probe_pick(1, 2, 5), C = probe_pick(1, 3, 7, 17), V = probe_pick(2, 1, 9, 33);
    head(probe_normal(N * C, 0, 1), probe_normal(V * C, 0, 1), probe_ints(N, 0, V - 1), N, C, V, true);
}

PROBE(little_gpt_head, loss_alone)                  /* dh NULL: dwte stays as it was */
{
    int N = probe_pick(1, 4), C = 3, V = probe_pick(2, 7);
    head(probe_normal(N * C, 0, 1), probe_normal(V * C, 0, 1), probe_ints(N, 0, V - 1), N, C, V, false);
}

PROBE(little_gpt_head, scores_of_hundreds)
{
    int N = 2, C = 2, V = probe_pick(2, 5);
    head(probe_normal(N * C, 0, 30), probe_normal(V * C, 0, 10), probe_ints(N, 0, V - 1), N, C, V, true);
}

/* ---- step little_gpt_pick -------------------------------------------------------------------------------------- */

static void pick(const float *score, int V, double temperature, int top, double share)
{
    int drawn[16];
    for (int i = 0; i < 16; i++) {
        int *order = probe_output_ints(V);
        double u = (i + probe_real(0.01, 0.99)) / 16;
        probe_freeze();
        drawn[i] = little_gpt_pick(order, score, V, temperature, top, share, u);
    }
    emit_exact("token", drawn, 16);
}

PROBE(little_gpt_pick, by_pencil)                   /* 1/7, 4/7, 2/7: of the 16 nine or ten are token 1 */
{
    pick(probe_given(0, 2 * ln2, ln2), 3, 1, 0, 1);
}

PROBE(little_gpt_pick, the_best)
{
    int V = probe_pick(1, 2, 9);
    float *score = probe_normal(V, 0, 1);
    if (probe_pick(0, 1)) score[V - 1] = score[0] = 5;
    pick(score, V, 0, probe_pick(0, 3), probe_pick(1, 0) ? 1 : 0.5);
}

PROBE(little_gpt_pick, temperatures)
{
    int V = probe_pick(3, 9, 40);
    pick(probe_normal(V, 0, 1), V, probe_real(0.3, 3), 0, 1);
}

PROBE(little_gpt_pick, the_top_few)
{
    int V = probe_pick(3, 9, 40);
    pick(probe_normal(V, 0, 1), V, probe_real(0.5, 2), probe_pick(1, 2, 5, 50), 1);
}

PROBE(little_gpt_pick, a_share)
{
    int V = probe_pick(3, 9, 40);
    pick(probe_normal(V, 0, 1), V, probe_real(0.5, 2), 0, probe_real(0.05, 0.95));
}

PROBE(little_gpt_pick, the_top_few_and_a_share)     /* the share is one of what top has left */
{
    int V = probe_pick(9, 40);
    pick(probe_normal(V, 0, 1), V, probe_real(0.5, 2), probe_pick(3, 6), probe_real(0.3, 0.95));
}

PROBE(little_gpt_pick, scores_of_hundreds)
{
    pick(probe_normal(9, probe_pick(800, -800), 1), 9, 1, 0, 1);
}

/* ---- step little_gpt_start ------------------------------------------------------------------------------------- */

static void start(int L)
{
    double *sd = probe_output_doubles(12);
    little_gpt_start(sd, L);
    emit("sd", sd, 12);
}

PROBE(little_gpt_start, by_pencil) { start(2); }    /* 0.02, and 0.01 where a branch ends */
PROBE(little_gpt_start, any_depth) { start(probe_int(1, 100)); }

/* ---- step little_gpt_costs ------------------------------------------------------------------------------------- */

static void costs(LittleGptShape s)
{
    double *cost = probe_output_doubles(LITTLE_GPT_COSTS);
    little_gpt_costs(cost, &s);
    emit("cost", cost, LITTLE_GPT_COSTS);
}

PROBE(little_gpt_costs, by_pencil)                  /* 2 tokens, 2 numbers, 1 block: 88 parameters */
{
    costs((LittleGptShape){ 2, 3, 2, 1, 1, 1, 8, 0, 1, 1, 1 });
}

PROBE(little_gpt_costs, gpt2) { costs((LittleGptShape){ 50257, 1024, 768, 12, 12, 12, 3072, 0, 1, 1, 1 }); }
PROBE(little_gpt_costs, llama) { costs((LittleGptShape){ 32000, 2048, 4096, 32, 32, 32, 11008, 1, 0, 0, 0 }); }
PROBE(little_gpt_costs, keys_that_are_shared)
{
    costs((LittleGptShape){ 32000, 4096, 8192, 80, 64, 8, 28672, 1, 0, 0, 0 });
}

PROBE(little_gpt_costs, any_shape)
{
    int HK = probe_pick(1, 2), H = HK * probe_pick(1, 2, 4), C = H * probe_int(1, 9);
    costs((LittleGptShape){ probe_int(1, 99), probe_int(1, 99), C, probe_int(1, 9), H, HK, probe_int(1, 99),
                            probe_pick(0, 1), probe_pick(0, 1, 1), probe_pick(0, 0, 1), probe_pick(1, 0) });
}

/* ---- oracles: is the reference itself right? ------------------------------------------------------------------- */

enum { MOST = 4096 };

/* A row of x w + b, in double. */
static void rows(double *y, const double *x, const float *w, const float *b, int N, int IN, int OUT)
{
    for (int i = 0; i < N * OUT; i++) {
        y[i] = b[i % OUT];
        for (int k = 0; k < IN; k++) y[i] += x[i / OUT * IN + k] * w[k * OUT + i % OUT];
    }
}

static void normal_rows(double *y, const double *x, const float *w, const float *b, int N, int C)
{
    for (int n = 0; n < N; n++) {
        double mean = 0, square = 0;
        for (int c = 0; c < C; c++) mean += x[n * C + c] / C;
        for (int c = 0; c < C; c++) square += pow(x[n * C + c] - mean, 2);
        for (int c = 0; c < C; c++) y[n * C + c] = (x[n * C + c] - mean) / sqrt(square / C + 1e-5) * w[c] + b[c];
    }
}

/* The block by its definition, in double: every weight of every head, no tiles. */
static void brute(double *y, const Case *c)
{
    static double x[MOST], n[MOST], qkv[MOST], o[MOST], m[MOST], wide[MOST];
    int C = c->C, N = c->B * c->T, D = C / c->H;
    for (int i = 0; i < N * C; i++) x[i] = c->x[i];
    normal_rows(n, x, c->w.norm1, c->w.bias1, N, C);
    rows(qkv, n, c->w.qkv, c->w.bqkv, N, C, 3 * C);
    for (int i = 0; i < N * C; i++) {
        int row = i / C, h = i % C / D, first = row / c->T * c->T;
        double sum = 0;
        o[i] = 0;
        for (int s = first; s <= row; s++) {
            double score = 0;
            for (int d = 0; d < D; d++) score += qkv[row * 3 * C + h * D + d] * qkv[s * 3 * C + C + h * D + d];
            score = exp(score / sqrt(D));
            sum += score, o[i] += score * qkv[s * 3 * C + 2 * C + i % C];
        }
        o[i] /= sum;
    }
    rows(m, o, c->w.out, c->w.bout, N, C, C);
    for (int i = 0; i < N * C; i++) m[i] += x[i];
    normal_rows(n, m, c->w.norm2, c->w.bias2, N, C);
    rows(wide, n, c->w.wide, c->w.bwide, N, C, 4 * C);
    for (int i = 0; i < N * 4 * C; i++)
        wide[i] = wide[i] / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (wide[i] + 0.044715 * pow(wide[i], 3))));
    rows(y, wide, c->w.back, c->w.bback, N, 4 * C, C);
    for (int i = 0; i < N * C; i++) y[i] += m[i];
}

static Case small_case(void)
{
    int H = probe_int(1, 2);
    return case_of(probe_int(1, 2), probe_int(1, 4), H * probe_int(2, 3), H);
}

ORACLE(little_gpt_block, brute_force_in_double)
{
    static double want[MOST];
    Case c = small_case();
    LittleGptKept kept = room(&c);
    float *y = probe_output(c.B * c.T * c.C);
    little_gpt_block(y, &kept, c.x, &c.w, c.B, c.T, c.C, c.H);
    brute(want, &c);
    double size = 2e-6 * size_of_row(c.x, c.B * c.T, c.C) * size_of_row(kept.middle, c.B * c.T, c.C) * 2;
    for (int i = 0; i < c.B * c.T * c.C; i++)
        expect(fabs(y[i] - want[i]) <= size, "y[%d]: got %.9g, want %.9g", i, y[i], want[i]);
}

static double weighted(const Case *c)                   /* sum of dy y */
{
    static double y[MOST];
    double sum = 0;
    brute(y, c);
    for (int i = 0; i < c->B * c->T * c->C; i++) sum += c->dy[i] * y[i];
    return sum;
}

ORACLE(little_gpt_block_backward, central_differences)
{
    Case c = small_case();
    LittleGptKept kept = room(&c), d = room(&c);
    int N = c.B * c.T, C = c.C;
    int size[] = { C, C, 3 * C * C, 3 * C, C * C, C, C, C, 4 * C * C, 4 * C, 4 * C * C, C };
    LittleGptBlock dw = { 0 };
    float **gradient = (float **)&dw, **weight = (float **)&c.w, *y = probe_output(N * C), *dx = probe_output(N * C);
    for (int k = 0; k < 12; k++) gradient[k] = calloc(size[k], sizeof(float));
    little_gpt_block(y, &kept, c.x, &c.w, c.B, c.T, C, c.H);
    little_gpt_block_backward(dx, &dw, &d, c.x, &c.w, &kept, c.dy, c.B, c.T, C, c.H);
    double scale = size_of_row(c.x, N, C) * size_of_row(kept.middle, N, C);
    for (int k = 0; k < 13; k++) {
        float *x = k < 12 ? weight[k] : c.x, *dk = k < 12 ? gradient[k] : dx;
        int i = probe_int(0, (k < 12 ? size[k] : N * C) - 1);
        float at = x[i], h = 0.001f / (float)sqrt(scale);
        x[i] = at + h;
        double above = weighted(&c), from = x[i];
        x[i] = at - h;
        double want = (above - weighted(&c)) / (from - x[i]);
        x[i] = at;
        expect(fabs(dk[i] - want) <= 1e-5 * scale * (1 + fabs(want)), "array %d, number %d: got %.9g, central "
               "differences %.9g", k, i, dk[i], want);
    }
    for (int k = 0; k < 12; k++) free(gradient[k]);
}

static double loss_of(const float *h, const float *wte, const int *target, int N, int C, int V)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        double sum = 0, right = 0;
        for (int v = 0; v < V; v++) {
            double score = 0;
            for (int c = 0; c < C; c++) score += (double)h[n * C + c] * wte[v * C + c];
            sum += exp(score);
            if (v == target[n]) right = score;
        }
        loss += (log(sum) - right) / N;
    }
    return loss;
}

ORACLE(little_gpt_head, central_differences)
{
    int N = probe_int(1, 4), C = probe_int(1, 5), V = probe_int(2, 7), *target = probe_ints(N, 0, V - 1);
    float *h = probe_normal(N * C, 0, 1), *wte = probe_normal(V * C, 0, 1), *dh = probe_output(N * C);
    float *dwte = calloc(V * C, sizeof *dwte), *score = probe_output(V);
    double loss = little_gpt_head(dh, dwte, score, h, wte, target, N, C, V), want = loss_of(h, wte, target, N, C, V);
    expect(fabs(loss - want) <= 1e-5 * (1 + fabs(want)), "loss: got %.9g, want %.9g", loss, want);
    for (int k = 0; k < 2; k++) {
        float *x = k ? wte : h, *dk = k ? dwte : dh;
        int i = probe_int(0, (k ? V : N) * C - 1);
        float at = x[i];
        x[i] = at + 0.01f;
        double above = loss_of(h, wte, target, N, C, V), from = x[i];
        x[i] = at - 0.01f;
        double slope = (above - loss_of(h, wte, target, N, C, V)) / (from - x[i]);
        x[i] = at;
        expect(fabs(dk[i] - slope) <= 1e-3 * (1 + fabs(slope)), "gradient %d of %d: got %.9g, want %.9g", i, k, dk[i],
               slope);
    }
    free(dwte);
}

ORACLE(little_gpt_pick, shares_are_probabilities)       /* 1/7, 4/7, 2/7, and cut */
{
    const float score[] = { 0, 2 * ln2, ln2 };
    int order[3], count[3] = { 0 }, two[3] = { 0 };
    for (int i = 0; i < 70; i++) {
        count[little_gpt_pick(order, score, 3, 1, 0, 1, (i + 0.5) / 70)]++;
        two[little_gpt_pick(order, score, 3, 1, 0, 0.8, (i + 0.5) / 70)]++;
    }
    expect(count[0] == 10 && count[1] == 40 && count[2] == 20, "%d %d %d", count[0], count[1], count[2]);
    expect(two[0] == 0 && abs(two[1] - 47) <= 1, "%d %d %d", two[0], two[1], two[2]);
}

ORACLE(little_gpt_costs, what_is_published)             /* numbers of parameters */
{
    static const struct { LittleGptShape s; double parameters; } known[] = {
        { { 50257, 1024, 768, 12, 12, 12, 3072, 0, 1, 1, 1 }, 124439808 },
        { { 50257, 1024, 1024, 24, 16, 16, 4096, 0, 1, 1, 1 }, 354823168 },
        { { 50257, 1024, 1280, 36, 20, 20, 5120, 0, 1, 1, 1 }, 774030080 },
        { { 50257, 1024, 1600, 48, 25, 25, 6400, 0, 1, 1, 1 }, 1557611200 },
        { { 32000, 2048, 4096, 32, 32, 32, 11008, 1, 0, 0, 0 }, 6738415616 },
        { { 32000, 2048, 5120, 40, 40, 40, 13824, 1, 0, 0, 0 }, 13015864320 },
        { { 32000, 2048, 6656, 60, 52, 52, 17920, 1, 0, 0, 0 }, 32528943616 },
        { { 32000, 2048, 8192, 80, 64, 64, 22016, 1, 0, 0, 0 }, 65285660672 },
        { { 32000, 4096, 8192, 80, 64, 8, 28672, 1, 0, 0, 0 }, 68976648192 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double cost[LITTLE_GPT_COSTS];
        little_gpt_costs(cost, &known[i].s);
        expect(cost[LITTLE_GPT_PARAMETERS] == known[i].parameters, "model %zu: got %.0f, published %.0f", i,
               cost[LITTLE_GPT_PARAMETERS], known[i].parameters);
    }
}
