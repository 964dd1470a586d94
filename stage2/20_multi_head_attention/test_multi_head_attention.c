/* test_multi_head_attention.c -- probes that grade multi_head_attention.c, and oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include "probe.h"
#include "multi_head_attention.h"

static const float ln2 = 0.6931471806f;                         /* the lesson's query */

static double largest(const float *x, int n)                    /* of the finite ones, without sign */
{
    double max = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i]) && fabsf(x[i]) > max) max = fabsf(x[i]);
    return max;
}

static float *matrix(int in, int out) { return probe_normal(in * out, 0, 1 / sqrt(in)); }

/* ---- step multi_head_attention_heads --------------------------------------------------------------------------- */

static void heads(const float *x, const float *w, int B, int T, int C, int H, int D, float *head)
{
    probe_freeze();
    multi_head_attention_heads(head, x, w, B, T, C, H, D);
    probe_terms(C);
    probe_scale(largest(x, B * T * C) * largest(w, C * H * D));
    emit("head", head, B, H, T, D);
}

PROBE(multi_head_attention_heads, by_pencil)        /* both heads read the second number: 6, 12; 6, 12 */
{
    heads(probe_given(0, 6, 1, 12), probe_given(0, 0, 1, 1), 1, 2, 2, 2, 1, probe_output(4));
}

PROBE(multi_head_attention_heads, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 5), C = probe_pick(1, 3, 7, 33), H = probe_pick(1, 2, 3, 5);
    int D = probe_pick(3, 1, 2, 7);
    heads(probe_floats(B * T * C), matrix(C, H * D), B, T, C, H, D, probe_output(B * H * T * D));
}

PROBE(multi_head_attention_heads, what_lies_in_another_slice)   /* one number of x is not 0: every head sees it */
{
    int C = probe_pick(4, 6, 8), H = 2, D = C / 2, T = 2;
    float *x = probe_uniform(T * C, 0, 0), *w = matrix(C, C), *head = probe_output(T * C);
    x[probe_int(0, C - 1)] = 1, x[C + probe_int(0, C - 1)] = 1;
    heads(x, w, 1, T, C, H, D, head);
}

PROBE(multi_head_attention_heads, one_head)         /* a plain product */
{
    int C = probe_pick(1, 5), D = probe_pick(2, 5);
    heads(probe_normal(2 * 3 * C, 0, 1), matrix(C, D), 2, 3, C, 1, D, probe_output(2 * 3 * D));
}

PROBE(multi_head_attention_heads, written_not_added)
{
    heads(probe_normal(2 * 3 * 4, 0, 1), matrix(4, 6), 2, 3, 4, 2, 3, probe_inout(36));
}

PROBE(multi_head_attention_heads, rows_do_not_meet) /* a NaN in one row */
{
    int T = 3, C = probe_pick(2, 5);
    float *x = probe_floats(2 * T * C), *w = matrix(C, 4), *head = probe_output(2 * T * 4);
    x[probe_int(0, 2 * T - 1) * C] = NAN;
    heads(x, w, 2, T, C, 2, 2, head);
}

/* ---- step multi_head_attention_heads_backward ------------------------------------------------------------------ */

static void heads_backward(const float *x, const float *w, const float *dhead, int B, int T, int C, int H, int D)
{
    float *dx = probe_inout(B * T * C), *dw = probe_inout(C * H * D);
    probe_freeze();
    multi_head_attention_heads_backward(dx, dw, x, w, dhead, B, T, C, H, D);
    double g = largest(dhead, B * H * T * D);
    probe_terms(H * D);
    probe_scale(1 + g * largest(w, C * H * D));
    emit("dx", dx, B, T, C);
    probe_terms(B * T);
    probe_scale(1 + g * largest(x, B * T * C));
    emit("dw", dw, C, H, D);
}

PROBE(multi_head_attention_heads_backward, by_pencil)   /* dx += 0, 4/3; dw += 4/3 ln 2, 0 */
{
    heads_backward(probe_given(ln2, 0), probe_given(1, 0, 0, 1), probe_given(0, 4 / 3.f), 1, 1, 2, 2, 1);
}

PROBE(multi_head_attention_heads_backward, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 5), C = probe_pick(1, 3, 7, 17), H = probe_pick(1, 2, 3);
    int D = probe_pick(3, 1, 2, 7);
    heads_backward(probe_floats(B * T * C), matrix(C, H * D), probe_normal(B * H * T * D, 0, 1), B, T, C, H, D);
}

PROBE(multi_head_attention_heads_backward, only_one_head_counts)    /* the others' gradients are 0 */
{
    int C = probe_pick(2, 5), H = 3, D = 2, T = 2, one = probe_int(0, 2);
    float *x = probe_normal(T * C, 0, 1), *w = matrix(C, H * D), *dhead = probe_normal(H * T * D, 0, 1);
    for (int i = 0; i < H * T * D; i++)
        if (i / (T * D) != one) dhead[i] = 0;
    heads_backward(x, w, dhead, 1, T, C, H, D);
}

/* ---- step multi_head_attention_join ---------------------------------------------------------------------------- */

static void join(const float *o, const float *wo, const int *keep, int B, int T, int C, int H, int D, float *y)
{
    probe_freeze();
    multi_head_attention_join(y, o, wo, keep, B, T, C, H, D);
    probe_terms(H * D);
    probe_scale(largest(o, B * H * T * D) * largest(wo, H * D * C));
    emit("y", y, B, T, C);
}

PROBE(multi_head_attention_join, by_pencil)         /* 10 from one head, 9 from the other */
{
    join(probe_given(10, 9), probe_given(1, 0, 0, 1), NULL, 1, 1, 2, 2, 1, probe_output(2));
}

PROBE(multi_head_attention_join, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 5), C = probe_pick(1, 3, 7, 33), H = probe_pick(1, 2, 3, 5);
    int D = probe_pick(3, 1, 2, 7);
    join(probe_floats(B * H * T * D), matrix(H * D, C), NULL, B, T, C, H, D, probe_output(B * T * C));
}

PROBE(multi_head_attention_join, some_heads_left_out)
{
    int H = probe_pick(2, 3, 5), D = probe_pick(1, 2), C = probe_pick(2, 5);
    join(probe_normal(2 * H * 3 * D, 0, 1), matrix(H * D, C), probe_ints(H, 0, 1), 2, 3, C, H, D, probe_output(6 * C));
}

PROBE(multi_head_attention_join, a_head_of_nan_left_out)    /* 0 * NaN would be NaN */
{
    int H = 3, D = 2, T = 2, C = 4, out = probe_int(0, 2);
    float *o = probe_normal(H * T * D, 0, 1), *wo = matrix(H * D, C), *y = probe_output(T * C);
    int *keep = probe_ints(H, 1, 1);
    keep[out] = 0;
    for (int i = 0; i < T * D; i++) o[out * T * D + i] = probe_pick(0, 1) ? NAN : INFINITY;
    join(o, wo, keep, 1, T, C, H, D, y);
}

PROBE(multi_head_attention_join, nothing_kept)      /* zeros */
{
    join(probe_normal(12, 0, 1), matrix(4, 3), probe_ints(2, 0, 0), 1, 3, 3, 2, 2, probe_inout(9));
}

/* ---- step multi_head_attention_join_backward ------------------------------------------------------------------- */

static void join_backward(const float *o, const float *wo, const float *dy, int B, int T, int C, int H, int D)
{
    float *d_o = probe_output(B * H * T * D), *dwo = probe_inout(H * D * C);
    probe_freeze();
    multi_head_attention_join_backward(d_o, dwo, o, wo, dy, B, T, C, H, D);
    double g = largest(dy, B * T * C);
    probe_terms(C);
    probe_scale(g * largest(wo, H * D * C));
    emit("do", d_o, B, H, T, D);
    probe_terms(B * T);
    probe_scale(1 + g * largest(o, B * H * T * D));
    emit("dwo", dwo, H, D, C);
}

PROBE(multi_head_attention_join_backward, by_pencil)    /* do: 1, 0; dwo += 10, 0; 9, 0 */
{
    join_backward(probe_given(10, 9), probe_given(1, 0, 0, 1), probe_given(1, 0), 1, 1, 2, 2, 1);
}

PROBE(multi_head_attention_join_backward, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 5), C = probe_pick(1, 3, 7, 17), H = probe_pick(1, 2, 3);
    int D = probe_pick(3, 1, 2, 7);
    join_backward(probe_floats(B * H * T * D), matrix(H * D, C), probe_normal(B * T * C, 0, 1), B, T, C, H, D);
}

/* ---- the two whole steps --------------------------------------------------------------------------------------- */

typedef struct Case {
    MultiHeadSize    n;
    float           *x, *z, *dy;
    int             *seen;                          /* (B,H,T) */
    MultiHeadWeights w;
} Case;

static MultiHeadWeights weights(const MultiHeadSize *n)
{
    int C = n->C, HD = n->H * n->D, KD = n->HK * n->D;
    return (MultiHeadWeights){ matrix(C, HD), matrix(C, KD), matrix(C, KD), matrix(HD, C) };
}

/* causal: query t sees its first t + 1 keys; else a random number of them, from 1. z NULL: self-attention. */
static Case case_of(MultiHeadSize n, bool self, bool causal)
{
    Case c = { .n = n, .x = probe_normal(n.B * n.T * n.C, 0, 1), .dy = probe_normal(n.B * n.T * n.C, 0, 1),
               .w = weights(&n), .seen = probe_ints(n.B * n.H * n.T, 1, n.S) };
    c.z = self ? c.x : probe_normal(n.B * n.S * n.C, 0, 1);
    for (int i = 0; i < n.B * n.H * n.T && causal; i++) c.seen[i] = i % n.T + 1;
    return c;
}

static Case pencil(void)
{
    return (Case){ { 1, 1, 2, 2, 2, 2, 1 }, probe_given(ln2, 0), probe_given(0, 6, 1, 12), probe_given(1, 0),
                   probe_given_ints(2, 2),
                   { probe_given(1, 0, 0, 1), probe_given(1, 1, 0, 0), probe_given(0, 0, 1, 1),
                     probe_given(1, 0, 0, 1) } };
}

/* Room for what is kept; or, from `make`, for its gradients. */
static MultiHeadKept room(const MultiHeadSize *n, float *(*make)(int))
{
    int q = n->B * n->H * n->T * n->D, k = n->B * n->HK * n->S * n->D, p = n->B * n->H * n->T * n->S;
    return (MultiHeadKept){ make(q), make(k), make(k), make(p), make(p), make(q) };
}

/* A bound of the scores: an error of a score is one of its weight, relative. */
static double size_of_score(const Case *c)
{
    const MultiHeadSize *n = &c->n;
    double q = largest(c->x, n->B * n->T * n->C) * largest(c->w.wq, n->C * n->H * n->D) * sqrt(n->C);
    double k = largest(c->z, n->B * n->S * n->C) * largest(c->w.wk, n->C * n->HK * n->D) * sqrt(n->C);
    return q * k;                                   /* D of them, over the root of D, of either sign */
}

static double size_of_value(const Case *c)
{
    return largest(c->z, c->n.B * c->n.S * c->n.C) * largest(c->w.wv, c->n.C * c->n.HK * c->n.D) * sqrt(c->n.C);
}

static void forward(const Case *c)
{
    const MultiHeadSize *n = &c->n;
    MultiHeadKept kept = room(n, probe_output);
    float *y = probe_output(n->B * n->T * n->C);
    double score = 1 + size_of_score(c), v = size_of_value(c), wo = largest(c->w.wo, n->H * n->D * n->C);
    probe_freeze();
    multi_head_attention_forward(y, &kept, c->x, c->z, &c->w, c->seen, n);
    probe_terms(n->C + n->D);
    probe_scale(score);
    emit("p", kept.p, n->B, n->H, n->T, n->S);
    probe_terms(n->C + n->D + n->S);
    probe_scale(v * score);
    emit("o", kept.o, n->B, n->H, n->T, n->D);
    probe_terms(n->C + n->D + n->S + n->H * n->D);
    probe_scale(v * score * wo * sqrt(n->H * n->D));
    emit("y", y, n->B, n->T, n->C);
}

PROBE(multi_head_attention_forward, by_pencil)      /* p: 1/3, 2/3; 1/2, 1/2. y: 10, 9 */
{
    Case c = pencil();
    forward(&c);
}

PROBE(multi_head_attention_forward, self)
{
    int T = probe_pick(1, 2, 5), H = probe_pick(1, 2, 3);
    Case c = case_of((MultiHeadSize){ probe_pick(1, 2), T, T, probe_pick(3, 1, 7), H, H, probe_pick(2, 1, 5) }, true,
                     false);
    forward(&c);
}

PROBE(multi_head_attention_forward, cross)          /* as many keys as there are, whatever the queries */
{
    int H = probe_pick(1, 2, 3);
    Case c = case_of((MultiHeadSize){ probe_pick(1, 2), probe_pick(1, 2, 5), probe_pick(3, 7, 1), probe_pick(3, 1, 7),
                                      H, H, probe_pick(2, 1, 5) }, false, false);
    forward(&c);
}

PROBE(multi_head_attention_forward, causal)
{
    int T = probe_pick(2, 3, 7), H = probe_pick(1, 2);
    Case c = case_of((MultiHeadSize){ 2, T, T, 5, H, H, 3 }, true, true);
    forward(&c);
}

PROBE(multi_head_attention_forward, heads_that_share_keys)  /* two, or all, ask one head of keys */
{
    int HK = probe_pick(1, 2), T = probe_pick(1, 2, 3);
    Case c = case_of((MultiHeadSize){ probe_pick(1, 2), T, probe_pick(4, 2, 7), 5, HK * probe_pick(2, 3), HK, 3 },
                     false, false);
    forward(&c);
}

PROBE(multi_head_attention_forward, wider_inside)   /* H D need not be C */
{
    Case c = case_of((MultiHeadSize){ 1, 3, 3, 2, 3, 3, probe_pick(4, 7) }, true, false);
    forward(&c);
}

/* Any numbers that a way there might have kept: no step waits for another. */
static MultiHeadKept some_kept(const MultiHeadSize *n)
{
    MultiHeadKept kept = room(n, probe_output);
    int q = n->B * n->H * n->T * n->D, k = n->B * n->HK * n->S * n->D, rows = n->B * n->H * n->T, S = n->S;
    kept.q = probe_normal(q, 0, 1), kept.k = probe_normal(k, 0, 1), kept.v = probe_normal(k, 0, 1);
    kept.o = probe_normal(q, 0, 1), kept.p = probe_uniform(rows * S, 0.1, 1);
    for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (int s = 0; s < S; s++) sum += kept.p[r * S + s];
        for (int s = 0; s < S; s++) kept.p[r * S + s] /= sum;
    }
    return kept;
}

static void backward(const Case *c, MultiHeadKept kept)
{
    const MultiHeadSize *n = &c->n;
    int x = n->B * n->T * n->C, z = n->B * n->S * n->C, HD = n->H * n->D, KD = n->HK * n->D, k = n->B * KD * n->S;
    MultiHeadKept d = room(n, probe_output);
    float *dx = probe_inout(x), *dz = c->z == c->x ? dx : probe_inout(z);
    MultiHeadWeights dw = { probe_inout(n->C * HD), probe_inout(n->C * KD), probe_inout(n->C * KD),
                            probe_inout(HD * n->C) };
    d.p = NULL;
    probe_freeze();
    multi_head_attention_backward(dx, dz, &dw, &d, c->x, c->z, &c->w, &kept, c->dy, n);
    double d_o = largest(c->dy, x) * largest(c->w.wo, HD * n->C) * sqrt(n->C);
    double score = 2 * d_o * largest(kept.v, k), many = sqrt(n->H / n->HK * n->T);  /* queries that a key has */
    double dq = score * largest(kept.k, k), dk = score * largest(kept.q, n->B * HD * n->T) * many, dv = d_o * many;
    double to_x = dq * largest(c->w.wq, n->C * HD);
    double to_z = dk * largest(c->w.wk, n->C * KD) + dv * largest(c->w.wv, n->C * KD);
    probe_terms(n->C + n->D + n->S + n->T + HD);
    probe_scale(1 + (to_x + (dz == dx) * to_z) * sqrt(HD));
    emit("dx", dx, n->B, n->T, n->C);
    if (dz != dx) {
        probe_scale(1 + to_z * sqrt(KD));
        emit("dz", dz, n->B, n->S, n->C);
    }
    probe_scale(1 + dq * largest(c->x, x) * sqrt(n->B * n->T));
    emit("dwq", dw.wq, n->C, HD);
    probe_scale(1 + dk * largest(c->z, z) * sqrt(n->B * n->S));
    emit("dwk", dw.wk, n->C, KD);
    probe_scale(1 + dv * largest(c->z, z) * sqrt(n->B * n->S));
    emit("dwv", dw.wv, n->C, KD);
    probe_scale(1 + largest(kept.o, n->B * HD * n->T) * largest(c->dy, x) * sqrt(n->B * n->T));
    emit("dwo", dw.wo, HD, n->C);
}

PROBE(multi_head_attention_backward, by_pencil)     /* dx += 4/3, 0 */
{
    Case c = pencil();
    MultiHeadKept kept = room(&c.n, probe_output);
    kept.q = probe_given(ln2, 0), kept.k = probe_given(0, 1, 0, 1), kept.v = probe_given(6, 12, 6, 12);
    kept.p = probe_given(1 / 3.f, 2 / 3.f, 0.5f, 0.5f), kept.o = probe_given(10, 9);
    backward(&c, kept);
}

PROBE(multi_head_attention_backward, self)          /* dz is dx: three readers add up in it */
{
    int T = probe_pick(1, 2, 5), H = probe_pick(1, 2, 3);
    Case c = case_of((MultiHeadSize){ probe_pick(1, 2), T, T, probe_pick(3, 1, 7), H, H, probe_pick(2, 1, 5) }, true,
                     false);
    backward(&c, some_kept(&c.n));
}

PROBE(multi_head_attention_backward, cross)
{
    int H = probe_pick(1, 2, 3);
    Case c = case_of((MultiHeadSize){ probe_pick(1, 2), probe_pick(1, 2, 5), probe_pick(3, 7, 1), probe_pick(3, 1, 7),
                                      H, H, probe_pick(2, 1, 5) }, false, false);
    backward(&c, some_kept(&c.n));
}

PROBE(multi_head_attention_backward, heads_that_share_keys) /* what they send to it adds up */
{
    int HK = probe_pick(1, 2), T = probe_pick(1, 2, 3);
    Case c = case_of((MultiHeadSize){ probe_pick(1, 2), T, probe_pick(4, 2, 7), 5, HK * probe_pick(2, 3), HK, 3 },
                     false, false);
    backward(&c, some_kept(&c.n));
}

/* ---- step multi_head_attention_prune --------------------------------------------------------------------------- */

static void prune(int h, int C, int H, int D)
{
    MultiHeadWeights w = weights(&(MultiHeadSize){ .C = C, .H = H, .HK = H, .D = D });
    int less = (H - 1) * D;
    MultiHeadWeights out = { probe_output(C * less), probe_output(C * less), probe_output(C * less),
                             probe_output(less * C) };
    probe_freeze();
    multi_head_attention_prune(&out, &w, h, C, H, D);
    emit_exact("wq", out.wq, C, less);
    emit_exact("wk", out.wk, C, less);
    emit_exact("wv", out.wv, C, less);
    emit_exact("wo", out.wo, less, C);
}

PROBE(multi_head_attention_prune, by_pencil) { prune(0, 2, 2, 1); }     /* the second head alone is left */

PROBE(multi_head_attention_prune, any_head)
{
    int H = probe_pick(2, 3, 5);
    prune(probe_int(0, H - 1), probe_pick(1, 3, 7), H, probe_pick(1, 2, 5));
}

PROBE(multi_head_attention_prune, the_last) { prune(2, probe_pick(1, 4), 3, probe_pick(1, 3)); }

/* ---- step multi_head_attention_costs --------------------------------------------------------------------------- */

static void costs(MultiHeadSize n)
{
    double *cost = probe_output_doubles(MULTI_HEAD_COSTS);
    multi_head_attention_costs(cost, &n);
    emit_exact("cost", cost, MULTI_HEAD_COSTS);
}

PROBE(multi_head_attention_costs, by_pencil) { costs((MultiHeadSize){ 1, 1, 2, 2, 2, 2, 1 }); }

PROBE(multi_head_attention_costs, the_paper)        /* 786432, 98304, 262144 */
{
    costs((MultiHeadSize){ 1, 100, 100, 512, 8, 8, 64 });
}

PROBE(multi_head_attention_costs, awkward_sizes)
{
    int HK = probe_pick(1, 2), H = HK * probe_pick(2, 1, 3), T = probe_int(1, 9);
    costs((MultiHeadSize){ probe_int(1, 5), T, T + probe_int(1, 9), H * probe_int(1, 5), H, HK, probe_int(1, 7) });
}

PROBE(multi_head_attention_costs, large)            /* more than an int holds */
{
    costs((MultiHeadSize){ 64, 4096, 4096, 8192, 64, 8, 128 });
}

/* ---- oracles: is the reference itself right? ------------------------------------------------------------------- */

/* In double, by the definition: for every head, softmax of all products that are seen. */
static void brute(double *y, const Case *c)
{
    const MultiHeadSize *n = &c->n;
    int HD = n->H * n->D, KD = n->HK * n->D;
    for (int i = 0; i < n->B * n->T * n->C; i++) y[i] = 0;
    for (int i = 0; i < n->B * n->H * n->T; i++) {
        int b = i / n->T / n->H, h = i / n->T % n->H, g = h / (n->H / n->HK);
        const float *x = c->x + (b * n->T + i % n->T) * n->C;
        double e[16], sum = 0;
        for (int s = 0; s < c->seen[i]; s++) {
            const float *z = c->z + (b * n->S + s) * n->C;
            double score = 0;
            for (int d = 0; d < n->D; d++) {
                double q = 0, k = 0;
                for (int m = 0; m < n->C; m++)
                    q += (double)x[m] * c->w.wq[m * HD + h * n->D + d],
                    k += (double)z[m] * c->w.wk[m * KD + g * n->D + d];
                score += q * k;
            }
            sum += e[s] = exp(score / sqrt(n->D));
        }
        for (int s = 0; s < c->seen[i]; s++)
            for (int d = 0; d < n->D; d++) {
                const float *z = c->z + (b * n->S + s) * n->C;
                double v = 0;
                for (int m = 0; m < n->C; m++) v += (double)z[m] * c->w.wv[m * KD + g * n->D + d];
                for (int m = 0; m < n->C; m++)
                    y[(b * n->T + i % n->T) * n->C + m] += e[s] / sum * v * c->w.wo[(h * n->D + d) * n->C + m];
            }
    }
}

static Case small_case(bool self)
{
    int HK = probe_int(1, 2), T = probe_int(1, 4);
    return case_of((MultiHeadSize){ probe_int(1, 2), T, self ? T : probe_int(1, 5), probe_int(1, 5),
                                    HK * probe_int(1, 2), HK, probe_int(1, 3) }, self, false);
}

ORACLE(multi_head_attention_forward, brute_force_in_double)
{
    Case c = small_case(probe_int(0, 1));
    int count = c.n.B * c.n.T * c.n.C;
    MultiHeadKept kept = room(&c.n, probe_output);
    float *y = probe_output(count);
    double *want = malloc(count * sizeof *want);
    multi_head_attention_forward(y, &kept, c.x, c.z, &c.w, c.seen, &c.n);
    brute(want, &c);
    double size = 1 + size_of_value(&c) * (1 + size_of_score(&c)) * largest(c.w.wo, c.n.H * c.n.D * c.n.C);
    for (int i = 0; i < count; i++)
        expect(fabs(y[i] - want[i]) <= 2e-6 * size, "y[%d]: got %.9g, want %.9g", i, y[i], want[i]);
    free(want);
}

static double weighted(const Case *c)                   /* sum of dy y */
{
    int count = c->n.B * c->n.T * c->n.C;
    double *y = malloc(count * sizeof *y), sum = 0;
    brute(y, c);
    for (int i = 0; i < count; i++) sum += c->dy[i] * y[i];
    free(y);
    return sum;
}

/* (f(x + h) - f(x - h)) / 2 h, where x can be set. */
static double slope(float *x, float h, const Case *c)
{
    float at = *x;
    *x = at + h;
    double above = weighted(c), from = *x;
    *x = at - h;
    double found = (above - weighted(c)) / (from - *x);
    *x = at;
    return found;
}

/* A few numbers of a gradient against differences in double, of two widths: what is left goes with the fourth power. */
static void differences(const char *name, float *x, const float *dx, int count, const Case *c)
{
    for (int trial = 0; trial < 6; trial++) {
        int    i = probe_int(0, count - 1);
        double wide = slope(&x[i], 0x1p-6f, c), narrow = slope(&x[i], 0x1p-7f, c), want = (4 * narrow - wide) / 3;
        expect(fabs(dx[i] - want) <= 1e-4 * (1 + fabs(want)), "d%s[%d]: got %.9g, differences %.9g", name, i, dx[i],
               want);
    }
}

ORACLE(multi_head_attention_backward, central_differences)
{
    Case c = small_case(probe_int(0, 1));
    const MultiHeadSize *n = &c.n;
    int x = n->B * n->T * n->C, z = n->B * n->S * n->C, HD = n->H * n->D, KD = n->HK * n->D;
    MultiHeadKept kept = room(n, probe_output), d = room(n, probe_output);
    float *y = probe_output(x), *dx = calloc(x, sizeof *dx), *dz = c.z == c.x ? dx : calloc(z, sizeof *dz);
    MultiHeadWeights dw = { calloc(n->C * HD, 4), calloc(n->C * KD, 4), calloc(n->C * KD, 4), calloc(HD * n->C, 4) };
    multi_head_attention_forward(y, &kept, c.x, c.z, &c.w, c.seen, n);
    multi_head_attention_backward(dx, dz, &dw, &d, c.x, c.z, &c.w, &kept, c.dy, n);
    differences("x", c.x, dx, x, &c);
    if (dz != dx) differences("z", c.z, dz, z, &c);
    differences("wq", c.w.wq, dw.wq, n->C * HD, &c);
    differences("wk", c.w.wk, dw.wk, n->C * KD, &c);
    differences("wv", c.w.wv, dw.wv, n->C * KD, &c);
    differences("wo", c.w.wo, dw.wo, HD * n->C, &c);
    if (dz != dx) free(dz);
    free(dx), free(dw.wq), free(dw.wk), free(dw.wv), free(dw.wo);
}

ORACLE(multi_head_attention_prune, is_leaving_the_head_out)     /* y of the smaller layer, and y with keep[h] = 0 */
{
    int H = probe_int(2, 4), T = probe_int(1, 4), S = probe_int(1, 5), C = probe_int(1, 6), D = probe_int(1, 4);
    Case c = case_of((MultiHeadSize){ 2, T, S, C, H, H, D }, false, false), less = c;
    int h = probe_int(0, H - 1), keep[4] = { 1, 1, 1, 1 }, count = 2 * T * C, small = (H - 1) * D;
    MultiHeadKept kept = room(&c.n, probe_output);
    float *y = probe_output(count), *pruned = probe_output(count);
    multi_head_attention_forward(y, &kept, c.x, c.z, &c.w, c.seen, &c.n);
    keep[h] = 0;
    multi_head_attention_join(y, kept.o, c.w.wo, keep, 2, T, C, H, D);
    less.n.H = less.n.HK = H - 1;
    less.w = (MultiHeadWeights){ probe_output(C * small), probe_output(C * small), probe_output(C * small),
                                 probe_output(small * C) };
    less.seen = probe_ints(2 * (H - 1) * T, 1, S);
    for (int b = 0, to = 0; b < 2; b++)
        for (int i = 0; i < H * T; i++)
            if (i / T != h) less.seen[to++] = c.seen[b * H * T + i];
    multi_head_attention_prune(&less.w, &c.w, h, C, H, D);
    MultiHeadKept few = room(&less.n, probe_output);
    multi_head_attention_forward(pruned, &few, c.x, c.z, &less.w, less.seen, &less.n);
    for (int i = 0; i < count; i++)
        expect(y[i] == pruned[i], "y[%d]: %.9g without the head, %.9g of the pruned layer", i, y[i], pruned[i]);
}

ORACLE(multi_head_attention_costs, what_is_published)           /* 512 numbers, 8 heads */
{
    double cost[MULTI_HEAD_COSTS];
    multi_head_attention_costs(cost, &(MultiHeadSize){ 1, 1, 1, 512, 8, 8, 64 });
    expect(cost[MULTI_HEAD_PROJECTIONS] == 786432, "projections: %g", cost[MULTI_HEAD_PROJECTIONS]);
    expect(cost[MULTI_HEAD_SLICED] == 98304, "sliced: %g", cost[MULTI_HEAD_SLICED]);
    expect(cost[MULTI_HEAD_OUTPUT] == 262144, "output: %g", cost[MULTI_HEAD_OUTPUT]);
    expect(cost[MULTI_HEAD_CACHE] == 4096, "cache: %g", cost[MULTI_HEAD_CACHE]);
}
