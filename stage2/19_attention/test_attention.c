/* test_attention.c -- probes that grade attention.c, and oracles that prove the reference right. */
#include <math.h>
#include <stdlib.h>
#include "probe.h"
#include "attention.h"

static const float ln2 = 0.6931471806f;                         /* the lesson's scores: 0, ln 2, 2 ln 2 */

static float largest(const float *x, int n)                     /* of the finite ones, without sign; never 0 */
{
    float max = 1e-9f;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i]) && fabsf(x[i]) > max) max = fabsf(x[i]);
    return max;
}

static float *constant(int n, double value) { return probe_uniform(n, value, value); }

/* Rows of weights from no softmax: no step waits for another. Only the first seen[n] keys have any. */
static float *distributions(const int *seen, int N, int S)
{
    float *p = probe_uniform(N * S, 0.1, 1);
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int s = 0; s < S; s++) p[n * S + s] = seen && s >= seen[n] ? 0 : powf(p[n * S + s], 3);
        for (int s = 0; s < S; s++) sum += p[n * S + s];
        for (int s = 0; s < S && sum > 0; s++) p[n * S + s] /= sum;
    }
    return p;
}

/* Two results that must be the same to the bit: emit what changed. */
static void emit_change(const char *name, const float *before, const float *after, int n)
{
    float *change = calloc(n + 1, sizeof *change);
    for (int i = 0; i < n; i++) change[i] = after[i] - before[i];
    emit_exact(name, change, n);
    free(change);
}

/* Where 0 was asked for, 1e-9 will not do: emit those places alone, and to the bit. */
static void emit_zeros(const char *name, const float *x, const float *p, int n)
{
    float *hidden = calloc(n + 1, sizeof *hidden);
    for (int i = 0; i < n; i++) hidden[i] = p[i] != 0 ? 0 : x[i];
    emit_exact(name, hidden, n);
    free(hidden);
}

/* ---- step attention_scores ----------------------------------------------------------------------------------- */

static void scores(const float *q, const float *k, int B, int T, int S, int D)
{
    float *score = probe_output(B * T * S);
    probe_freeze();
    attention_scores(score, q, k, B, T, S, D);
    probe_terms(D);
    probe_scale((double)largest(q, B * T * D) * largest(k, B * S * D));     /* of one product of the sum */
    emit("score", score, B, T, S);
}

PROBE(attention_scores, by_pencil)                  /* 0, ln 2, 2 ln 2 */
{
    scores(probe_given(2 * ln2, 0, 0, 0), probe_given(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0), 1, 1, 3, 4);
}

PROBE(attention_scores, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 3, 7, 17), S = probe_pick(3, 1, 5, 7, 2, 33);
    int D = probe_pick(1, 2, 3, 4, 7, 33, 65);
    scores(probe_floats(B * T * D), probe_floats(B * S * D), B, T, S, D);
}

PROBE(attention_scores, alike_in_every_dimension)   /* D ones times D ones are D, and the root of D is left */
{
    int D = probe_pick(1, 4, 9, 16, 64, 256);
    scores(constant(2 * D, 1), constant(3 * D, 1), 1, 2, 3, D);
}

PROBE(attention_scores, more_keys_than_queries)
{
    int D = probe_pick(2, 5, 8);
    scores(probe_normal(2 * 2 * D, 0, 1), probe_normal(2 * 9 * D, 0, 1), 2, 2, 9, D);
}

PROBE(attention_scores, problems_do_not_meet)       /* a NaN in one query, in one key */
{
    int B = 3, T = 2, S = 3, D = probe_pick(1, 4, 7);
    float *q = probe_floats(B * T * D), *k = probe_floats(B * S * D);
    if (probe_pick(0, 1)) q[T * D] = NAN;
    else k[S * D + D] = NAN;
    scores(q, k, B, T, S, D);
}

PROBE(attention_scores, no_problem)                 /* B = 0: what score held stays */
{
    float *q = probe_floats(6), *k = probe_floats(6), *score = probe_inout(4);
    probe_freeze();
    attention_scores(score, q, k, 0, 2, 2, 3);
    emit_exact("score", score, 4);
    attention_scores(score, q, k, 1, 2, 2, 3);
    probe_scale((double)largest(q, 6) * largest(k, 6));
    emit("score of one problem", score, 2, 2);
}

/* ---- step attention_seen ------------------------------------------------------------------------------------- */

static void seen_of(const int *length, int causal, int B, int T, int S)
{
    int *seen = probe_output_ints(B * T);
    probe_freeze();
    attention_seen(seen, length, causal, B, T, S);
    emit_exact("seen", seen, B, T);
}

PROBE(attention_seen, by_pencil) { seen_of(probe_given_ints(2), 1, 1, 3, 3); }  /* 1, 2, 2: the third is padding */

PROBE(attention_seen, causal)
{
    int B = probe_int(1, 3), T = probe_pick(1, 2, 3, 7, 17);
    seen_of(probe_pick(0, 1) ? NULL : probe_ints(B, T, T), 1, B, T, T);
}

PROBE(attention_seen, padding)
{
    int B = probe_int(1, 4), T = probe_pick(1, 2, 3, 7), S = probe_pick(3, 5, 1, 7);
    seen_of(probe_ints(B, 1, S), 0, B, T, S);
}

PROBE(attention_seen, causal_and_padding)
{
    int B = probe_int(2, 4), T = probe_pick(2, 3, 7, 17);
    seen_of(probe_ints(B, 1, T), 1, B, T, T);
}

PROBE(attention_seen, no_mask)
{
    int B = probe_int(1, 3), T = probe_pick(1, 3, 4), S = probe_pick(1, 7, 2);
    seen_of(NULL, 0, B, T, S);
}

PROBE(attention_seen, behind_a_cache)               /* the new tokens are the last ones */
{
    int B = probe_int(1, 3), T = probe_pick(1, 2, 5), S = T + probe_pick(1, 3, 10);
    seen_of(probe_pick(0, 1) ? NULL : probe_ints(B, 1, S), 1, B, T, S);
}

PROBE(attention_seen, before_the_first_key)         /* more queries than keys: the first ones see nothing */
{
    int S = probe_pick(1, 2, 5), T = S + probe_pick(1, 3);
    seen_of(probe_pick(0, 1) ? NULL : probe_ints(2, 1, S), 1, 2, T, S);
}

PROBE(attention_seen, an_empty_sequence)
{
    int T = probe_pick(1, 3, 7), *length = probe_ints(3, 1, T);
    length[1] = 0;
    seen_of(length, probe_pick(0, 1), 3, T, T);
}

/* ---- step attention_weights ---------------------------------------------------------------------------------- */

static void weights(const float *score, const int *seen, int B, int T, int S)
{
    float *p = probe_output(B * T * S), *is_seen = calloc(B * T * S + 1, sizeof *is_seen);
    probe_freeze();
    attention_weights(p, score, seen, B, T, S);
    probe_terms(S * S);                             /* of S terms that may round the same way */
    emit("p", p, B, T, S);
    for (int i = 0; i < B * T * S; i++) is_seen[i] = i % S < seen[i / S];
    emit_zeros("p where hidden", p, is_seen, B * T * S);
    free(is_seen);
}

PROBE(attention_weights, by_pencil)                 /* 1/7, 2/7, 4/7; seeing two: 1/3, 2/3 */
{
    weights(probe_given(0, ln2, 2 * ln2, 0, ln2, 2 * ln2), probe_given_ints(3, 2), 1, 2, 3);
}

PROBE(attention_weights, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 7), S = probe_pick(1, 2, 3, 7, 33, 129);
    weights(probe_floats(B * T * S), probe_ints(B * T, 1, S), B, T, S);
}

PROBE(attention_weights, all_seen)
{
    int B = probe_pick(1, 2), T = probe_pick(1, 3), S = probe_pick(1, 2, 5, 17);
    weights(probe_normal(B * T * S, 0, 3), probe_ints(B * T, S, S), B, T, S);
}

PROBE(attention_weights, near_ten_thousand)
{
    int S = probe_pick(1, 3, 10), offset = probe_pick(10000, -10000);
    weights(probe_normal(2 * 2 * S, offset, 1), probe_ints(2 * 2, 1, S), 2, 2, S);
}

PROBE(attention_weights, one_seen_gets_all)         /* however small its score, however large the hidden ones */
{
    int S = probe_pick(2, 7, 33);
    float *score = probe_normal(2 * S, 300, 1);
    score[0] = -200, score[S] = -1e10f;
    weights(score, probe_ints(2, 1, 1), 1, 2, S);
}

PROBE(attention_weights, nothing_seen)              /* zeros, not NaN */
{
    int S = probe_pick(1, 3, 10), *seen = probe_ints(3, 1, S);
    seen[1] = 0;
    weights(probe_floats(3 * S), seen, 3, 1, S);
}

PROBE(attention_weights, what_is_hidden_changes_nothing)    /* NaN, infinity, 1e30 there */
{
    int T = 3, S = probe_pick(3, 7, 33), n = T * S, way = probe_pick(0, 1, 2), *seen = probe_ints(T, 1, S - 1);
    float *score = probe_normal(n, 0, 1), *other = probe_copy(n, score);
    float *before = probe_output(n), *after = probe_output(n);
    for (int i = 0; i < n; i++)
        if (i % S >= seen[i / S]) other[i] = way == 0 ? NAN : way == 1 ? INFINITY : 1e30f;
    probe_freeze();
    attention_weights(before, score, seen, 1, T, S);
    attention_weights(after, other, seen, 1, T, S);
    probe_terms(S * S);
    emit("p", after, T, S);
    emit_change("change of p", before, after, n);
}

PROBE(attention_weights, minus_infinity)            /* cannot be: 0; nothing else to see: zeros */
{
    int S = probe_pick(2, 3, 10);
    float *score = probe_floats(2 * S);
    score[probe_int(0, S - 1)] = -INFINITY;
    for (int s = 0; s < S; s++) score[S + s] = s == S - 1 ? 1 : -INFINITY;
    weights(score, probe_given_ints(S, S - 1), 2, 1, S);
}

PROBE(attention_weights, rows_do_not_meet)
{
    int S = probe_pick(2, 7, 33), *seen = probe_ints(3, S, S);
    float *score = probe_floats(3 * S);
    score[S + probe_int(0, S - 1)] = NAN;
    weights(score, seen, 1, 3, S);
}

/* ---- step attention_values ----------------------------------------------------------------------------------- */

static void values(const float *p, const float *v, int B, int T, int S, int DV, float *y)
{
    probe_freeze();
    attention_values(y, p, v, B, T, S, DV);
    probe_terms(S);
    probe_scale(largest(v, B * S * DV));
    emit("y", y, B, T, DV);
}

PROBE(attention_values, by_pencil)                  /* 9 */
{
    values(probe_given(1 / 7.f, 2 / 7.f, 4 / 7.f), probe_given(7, 0, 14), 1, 1, 3, 1, probe_output(1));
}

PROBE(attention_values, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 3, 7), S = probe_pick(3, 1, 5, 7, 2, 33);
    int DV = probe_pick(1, 2, 3, 4, 7, 33);
    values(distributions(NULL, B * T, S), probe_floats(B * S * DV), B, T, S, DV, probe_output(B * T * DV));
}

PROBE(attention_values, hard_look_up)               /* a weight of 1: y is that value, to the bit */
{
    int T = 3, S = probe_pick(2, 5), DV = probe_pick(1, 3, 8), *at = probe_ints(T, 0, S - 1);
    float *p = constant(T * S, 0), *v = probe_floats(S * DV), *y = probe_output(T * DV);
    for (int t = 0; t < T; t++) p[t * S + at[t]] = 1;
    probe_freeze();
    attention_values(y, p, v, 1, T, S, DV);
    emit_exact("y", y, T, DV);
}

PROBE(attention_values, same_value_everywhere)      /* any mean of it is itself */
{
    int S = probe_pick(1, 4, 9);
    values(distributions(NULL, 4, S), constant(2 * S * 3, probe_pick(2, -5)), 2, 2, S, 3, probe_output(12));
}

PROBE(attention_values, what_is_hidden_changes_nothing)
{
    int B = 2, T = 3, S = probe_pick(3, 7), DV = probe_pick(1, 4), way = probe_pick(0, 1, 2), least = S - 1;
    int *seen = probe_ints(B * T, 1, least);
    float *v = probe_floats(B * S * DV);
    for (int b = 0; b < B; b++)
        for (int i = 0; i < DV; i++)
            v[(b * S + S - 1) * DV + i] = way == 0 ? NAN : way == 1 ? INFINITY : -INFINITY;
    values(distributions(seen, B * T, S), v, B, T, S, DV, probe_output(B * T * DV));
}

PROBE(attention_values, nothing_seen)
{
    int S = probe_pick(1, 3), *seen = probe_ints(3, 1, S);
    seen[1] = 0;
    values(distributions(seen, 3, S), probe_floats(S * 2), 1, 3, S, 2, probe_output(6));
}

PROBE(attention_values, written_not_added)
{
    int S = probe_pick(2, 5);
    values(distributions(NULL, 4, S), probe_floats(2 * S * 3), 2, 2, S, 3, probe_inout(12));
}

/* ---- the two backward steps ---------------------------------------------------------------------------------- */

typedef struct Case { int B, T, S, D, DV; float *q, *k, *v, *dy; int *seen; } Case;

/* sd: of q and k; scores then have about sd^2. */
static Case case_of(int B, int T, int S, int D, int DV, double sd, int *seen)
{
    return (Case){ B, T, S, D, DV, probe_normal(B * T * D, 0, sd), probe_normal(B * S * D, 0, sd),
                   probe_normal(B * S * DV, 0, 1), probe_normal(B * T * DV, 0, 1), seen };
}

/* What a score may be, and what of it is rounded: weights carry that error on. */
static double size_of_score(const Case *c)
{
    return largest(c->q, c->B * c->T * c->D) * largest(c->k, c->B * c->S * c->D) * sqrt(c->D);
}

static void emit_gradients(const Case *c, const float *dq, const float *dk, const float *dv, double score)
{
    double dp = 2. * c->DV * largest(c->dy, c->B * c->T * c->DV) * largest(c->v, c->B * c->S * c->DV);
    double root = sqrt(c->D);
    probe_terms(c->S + c->DV);
    probe_scale(dp * (1 + score) * largest(c->k, c->B * c->S * c->D) / root);
    emit("dq", dq, c->B, c->T, c->D);
    probe_terms(c->T + c->DV);
    probe_scale(dp * (1 + score) * largest(c->q, c->B * c->T * c->D) / root);
    emit("dk", dk, c->B, c->S, c->D);
    probe_scale(largest(c->dy, c->B * c->T * c->DV) * (1 + score));
    emit("dv", dv, c->B, c->S, c->DV);
}

static void emit_exact_keys(const char *name, const float *dk, const int *seen, int B, int T, int S, int D)
{
    float *hidden = calloc(B * S * D + 1, sizeof *hidden);
    for (int b = 0; b < B; b++)
        for (int i = 0; i < S * D; i++) {
            int somebody = 0;
            for (int t = 0; t < T; t++) somebody |= i / D < seen[b * T + t];
            hidden[b * S * D + i] = somebody ? 0 : dk[b * S * D + i];
        }
    emit_exact(name, hidden, B * S * D);
    free(hidden);
}

static void backward(const Case *c, const float *p, bool added)
{
    int B = c->B, T = c->T, S = c->S, D = c->D, DV = c->DV;
    float *(*out)(int) = added ? probe_inout : probe_output;
    float *dq = out(B * T * D), *dk = out(B * S * D), *dv = out(B * S * DV), *dscore = out(B * T * S);
    probe_freeze();
    attention_backward(dq, dk, dv, dscore, c->q, c->k, c->v, p, c->dy, B, T, S, D, DV);
    probe_terms(S + DV);
    probe_scale(2. * DV * largest(c->dy, B * T * DV) * largest(c->v, B * S * DV));
    emit("dscore", dscore, B, T, S);
    emit_zeros("dscore where p is 0", dscore, p, B * T * S);
    emit_gradients(c, dq, dk, dv, 0);
    if (c->seen) emit_exact_keys("dk where hidden", dk, c->seen, B, T, S, D);
}

PROBE(attention_backward, by_pencil)                /* dscore: -2/7, -18/7, 20/7; dq: 11/7; dv: the weights */
{
    Case c = { 1, 1, 3, 4, 1, probe_given(2 * ln2, 0, 0, 0), probe_given(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0),
               probe_given(7, 0, 14), probe_given(1), NULL };
    backward(&c, probe_given(1 / 7.f, 2 / 7.f, 4 / 7.f), false);
}

PROBE(attention_backward, awkward_sizes)
{
    int B = probe_pick(1, 2, 3), T = probe_pick(1, 2, 3, 7), S = probe_pick(3, 1, 5, 7, 2, 17);
    Case c = case_of(B, T, S, probe_pick(1, 2, 3, 4, 7, 33), probe_pick(2, 1, 5, 3, 8), 1, NULL);
    backward(&c, distributions(NULL, B * T, S), false);
}

PROBE(attention_backward, one_key)                  /* its weight is 1, whatever the score: dscore, dq, dk are 0 */
{
    Case c = case_of(2, probe_pick(1, 3), 1, probe_pick(1, 4), probe_pick(1, 3), 1, NULL);
    backward(&c, constant(c.B * c.T, 1), false);
}

PROBE(attention_backward, same_value_everywhere)    /* no weight matters then: dscore is 0 */
{
    Case c = case_of(1, 2, probe_pick(2, 5), 3, probe_pick(1, 4), 1, NULL);
    for (int i = 0; i < c.S * c.DV; i++) c.v[i] = c.v[i % c.DV];
    backward(&c, distributions(NULL, c.T, c.S), false);
}

PROBE(attention_backward, what_is_hidden_changes_nothing)   /* NaN in the keys and values of the last place */
{
    int B = 2, T = 3, S = probe_pick(3, 7), *seen = probe_ints(B * T, 1, S - 1);
    Case c = case_of(B, T, S, probe_pick(1, 4), probe_pick(1, 3), 1, seen);
    float poison = probe_pick(0, 1) ? NAN : INFINITY;
    for (int b = 0; b < B; b++) {
        for (int i = 0; i < c.D; i++) c.k[(b * S + S - 1) * c.D + i] = poison;
        for (int i = 0; i < c.DV; i++) c.v[(b * S + S - 1) * c.DV + i] = poison;
    }
    backward(&c, distributions(seen, B * T, S), false);
}

PROBE(attention_backward, nothing_seen)
{
    int S = probe_pick(1, 3), *seen = probe_ints(3, 1, S);
    seen[probe_int(0, 2)] = 0;
    Case c = case_of(1, 3, S, 2, 2, 1, seen);
    backward(&c, distributions(seen, 3, S), false);
}

PROBE(attention_backward, written_not_added)
{
    Case c = case_of(2, probe_pick(1, 3), probe_pick(2, 5), 3, 2, 1, NULL);
    backward(&c, distributions(NULL, c.B * c.T, c.S), true);
}

PROBE(attention_backward, problems_do_not_meet)
{
    Case c = case_of(3, 2, probe_pick(2, 5), 3, 2, 1, NULL);
    c.dy[c.T * c.DV] = NAN;
    backward(&c, distributions(NULL, c.B * c.T, c.S), false);
}

/* ---- step attention_tiled ------------------------------------------------------------------------------------ */

static void tiled(const Case *c)
{
    int B = c->B, T = c->T, S = c->S;
    float *y = probe_output(B * T * c->DV), *lse = probe_output(B * T);
    probe_freeze();
    attention_tiled(y, lse, c->q, c->k, c->v, c->seen, B, T, S, c->D, c->DV);
    double score = size_of_score(c);
    probe_terms(S * S);
    probe_scale(largest(c->v, B * S * c->DV) * (1 + score));
    emit("y", y, B, T, c->DV);
    probe_scale(1 + score);
    emit("lse", lse, B, T);
}

PROBE(attention_tiled, by_pencil)                   /* 9, and ln 7 */
{
    Case c = { 1, 1, 3, 4, 1, probe_given(2 * ln2, 0, 0, 0), probe_given(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0),
               probe_given(7, 0, 14), NULL, probe_given_ints(3) };
    tiled(&c);
}

PROBE(attention_tiled, awkward_sizes)               /* fewer keys than a tile, as many, one more */
{
    int B = probe_pick(1, 2), T = probe_pick(1, 2, 5), S = probe_pick(1, 3, 31, 32, 33, 65, 100);
    Case c = case_of(B, T, S, probe_pick(1, 2, 3, 4, 7, 33), probe_pick(2, 1, 5, 3, 8), 1, probe_ints(B * T, 1, S));
    tiled(&c);
}

PROBE(attention_tiled, all_seen)
{
    int T = probe_pick(1, 3), S = probe_pick(2, 32, 64, 70);
    Case c = case_of(2, T, S, 4, 3, 1, probe_ints(2 * T, S, S));
    tiled(&c);
}

/* A chain of keys whose scores are what we want: D = 1, q = 1. */
static Case chain(int S, double first, double step)
{
    Case c = case_of(1, 1, S, 1, 2, 1, probe_ints(1, S, S));
    c.q[0] = 1;
    for (int s = 0; s < S; s++) c.k[s] = (float)(first + step * s);
    return c;
}

PROBE(attention_tiled, largest_comes_last)          /* each tile's maximum is above all before: everything shrinks */
{
    Case c = chain(probe_pick(33, 65, 100), -1, 0.05);
    tiled(&c);
}

PROBE(attention_tiled, largest_comes_first)
{
    Case c = chain(probe_pick(33, 65, 100), 1, -0.05);
    tiled(&c);
}

PROBE(attention_tiled, scores_of_hundreds)          /* expf overflows above 88.7, and is 0 below -104 */
{
    Case c = chain(probe_pick(3, 40, 70), probe_pick(200, -400), probe_pick(0, 2));
    tiled(&c);
}

PROBE(attention_tiled, nothing_seen)                /* zeros, and an lse of -inf */
{
    int S = probe_pick(1, 3, 40), *seen = probe_ints(4, 1, S);
    seen[probe_int(0, 3)] = 0;
    Case c = case_of(2, 2, S, 3, 2, 1, seen);
    tiled(&c);
}

PROBE(attention_tiled, what_is_hidden_changes_nothing)
{
    int T = 3, S = probe_pick(3, 33, 40), D = 3, DV = 2, *seen = probe_ints(T, 1, S - 1);
    Case c = case_of(1, T, S, D, DV, 1, seen);
    float *k = probe_copy(S * D, c.k), *v = probe_copy(S * DV, c.v), poison = probe_pick(0, 1) ? NAN : INFINITY;
    float *before = probe_output(T * DV), *after = probe_output(T * DV), *lse = probe_output(T);
    int most = 0;
    for (int t = 0; t < T; t++) if (seen[t] > most) most = seen[t];
    for (int i = most * D; i < S * D; i++) k[i] = poison;
    for (int i = most * DV; i < S * DV; i++) v[i] = poison;
    probe_freeze();
    attention_tiled(before, lse, c.q, c.k, c.v, seen, 1, T, S, D, DV);
    attention_tiled(after, lse, c.q, k, v, seen, 1, T, S, D, DV);
    probe_terms(S * S);
    probe_scale(largest(c.v, S * DV) * (1 + size_of_score(&c)));
    emit("y", after, T, DV);
    emit_change("change of y", before, after, T * DV);
}

PROBE(attention_tiled, rows_do_not_meet)
{
    int S = probe_pick(2, 33);
    Case c = case_of(2, 2, S, 3, 2, 1, probe_ints(4, 1, S));
    c.q[3 * probe_int(0, 3)] = NAN;
    tiled(&c);
}

/* ---- step attention_tiled_backward --------------------------------------------------------------------------- */

static double score_of(const Case *c, int n, int s)             /* of query n (of all problems) and key s of its own */
{
    double sum = 0;
    for (int i = 0; i < c->D; i++) sum += (double)c->q[n * c->D + i] * c->k[(n / c->T * c->S + s) * c->D + i];
    return sum / sqrt(c->D);
}

/* log sum exp, folded: no maximum of the row. -inf where nothing is seen. */
static double lse_of(const Case *c, int n)
{
    double lse = -INFINITY;
    for (int s = 0; s < c->seen[n]; s++) {
        double x = score_of(c, n, s);
        lse = s == 0 ? x : lse > x ? lse + log1p(exp(x - lse)) : x + log1p(exp(lse - x));
    }
    return lse;
}

/* What a forward pass has left; dy of a query that sees nothing is a number like any other. */
static void tiled_backward(const Case *c, bool added)
{
    int B = c->B, T = c->T, S = c->S, D = c->D, DV = c->DV;
    float *y = constant(B * T * DV, 0), *lse = constant(B * T, 0);
    for (int n = 0; n < B * T; n++) {
        double whole = lse_of(c, n);
        lse[n] = (float)whole;
        for (int i = 0; i < DV; i++) {
            double sum = 0;
            for (int s = 0; s < c->seen[n]; s++)
                sum += exp(score_of(c, n, s) - whole) * c->v[(n / T * S + s) * DV + i];
            y[n * DV + i] = (float)sum;
        }
    }
    float *(*out)(int) = added ? probe_inout : probe_output;
    float *dq = out(B * T * D), *dk = out(B * S * D), *dv = out(B * S * DV);
    probe_freeze();
    attention_tiled_backward(dq, dk, dv, c->q, c->k, c->v, y, lse, c->dy, c->seen, B, T, S, D, DV);
    emit_gradients(c, dq, dk, dv, size_of_score(c));
    emit_exact_keys("dk where hidden", dk, c->seen, B, T, S, D);
}

PROBE(attention_tiled_backward, by_pencil)
{
    Case c = { 1, 1, 3, 4, 1, probe_given(2 * ln2, 0, 0, 0), probe_given(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0),
               probe_given(7, 0, 14), probe_given(1), probe_given_ints(3) };
    tiled_backward(&c, false);
}

PROBE(attention_tiled_backward, awkward_sizes)
{
    int B = probe_pick(1, 2), T = probe_pick(1, 2, 5), S = probe_pick(1, 3, 31, 32, 33, 65);
    Case c = case_of(B, T, S, probe_pick(1, 2, 3, 4, 7), probe_pick(2, 1, 5, 3, 8), 1, probe_ints(B * T, 1, S));
    tiled_backward(&c, false);
}

PROBE(attention_tiled_backward, all_seen)
{
    int T = probe_pick(1, 3), S = probe_pick(2, 5, 40);
    Case c = case_of(2, T, S, 4, 3, 1, probe_ints(2 * T, S, S));
    tiled_backward(&c, false);
}

PROBE(attention_tiled_backward, scores_of_hundreds)
{
    Case c = chain(probe_pick(2, 3, 40), probe_pick(200, -300), 0.5);
    tiled_backward(&c, false);
}

PROBE(attention_tiled_backward, nothing_seen)       /* its dy goes nowhere */
{
    int S = probe_pick(1, 3, 40), *seen = probe_ints(4, 1, S);
    seen[probe_int(0, 3)] = 0;
    Case c = case_of(2, 2, S, 3, 2, 1, seen);
    tiled_backward(&c, false);
}

PROBE(attention_tiled_backward, what_is_hidden_changes_nothing)
{
    int B = 2, T = 3, S = probe_pick(3, 33), *seen = probe_ints(B * T, 1, S - 1);
    Case c = case_of(B, T, S, probe_pick(1, 4), probe_pick(1, 3), 1, seen);
    float poison = probe_pick(0, 1) ? NAN : INFINITY;
    for (int b = 0; b < B; b++) {
        for (int i = 0; i < c.D; i++) c.k[(b * S + S - 1) * c.D + i] = poison;
        for (int i = 0; i < c.DV; i++) c.v[(b * S + S - 1) * c.DV + i] = poison;
    }
    tiled_backward(&c, false);
}

PROBE(attention_tiled_backward, written_not_added)
{
    int T = probe_pick(1, 3), S = probe_pick(2, 5);
    Case c = case_of(2, T, S, 3, 2, 1, probe_ints(2 * T, 1, S));
    tiled_backward(&c, true);
}

PROBE(attention_tiled_backward, problems_do_not_meet)
{
    int S = probe_pick(2, 5);
    Case c = case_of(3, 2, S, 3, 2, 1, probe_ints(6, 1, S));
    c.dy[c.T * c.DV] = NAN;
    tiled_backward(&c, false);
}

/* ---- step attention_statistics ------------------------------------------------------------------------------- */

static void statistics(const float *p, int N, int S)
{
    int *possible = probe_output_ints(N);
    float *entropy = probe_output(N), *jacobian = probe_output(N);
    probe_freeze();
    attention_statistics(possible, entropy, jacobian, p, N, S);
    probe_terms(S);
    probe_scale(1 + log(S));
    emit_exact("possible", possible, N);
    emit("entropy", entropy, N);
    probe_scale(1);
    emit("jacobian", jacobian, N);
}

PROBE(attention_statistics, by_pencil) { statistics(probe_given(1 / 7.f, 2 / 7.f, 4 / 7.f), 1, 3); }

PROBE(attention_statistics, which_rows_can_be)      /* "it", as it is often printed: its numbers sum to 1.70 */
{
    statistics(probe_given(.02f, .87f, .01f, .03f, .15f, .05f, .08f, .04f, .45f,
                           .02f, .80f, .01f, .03f, .05f, .02f, .02f, .02f, .03f,
                           .02f, .80f, .01f, .03f, .15f, .02f, .02f, -.08f, .03f), 3, 9);
}

PROBE(attention_statistics, awkward_sizes)
{
    int N = probe_pick(1, 2, 5), S = probe_pick(1, 2, 3, 7, 33, 129);
    statistics(distributions(NULL, N, S), N, S);
}

PROBE(attention_statistics, all_alike)              /* entropy log S; the Jacobian's norm is sqrt(S - 1) / S */
{
    int S = probe_pick(1, 2, 3, 10, 64);
    statistics(constant(2 * S, 1. / S), 2, S);
}

PROBE(attention_statistics, one_has_all)            /* 0 and 0: 0 log 0 is 0 */
{
    int S = probe_pick(1, 2, 5);
    float *p = constant(2 * S, 0);
    p[probe_int(0, S - 1)] = 1, p[S + probe_int(0, S - 1)] = 1;
    statistics(p, 2, S);
}

PROBE(attention_statistics, nearly_all)             /* one key has nearly all: the sums nearly cancel */
{
    int S = probe_pick(2, 3, 9);
    float rest = ldexpf(1, -probe_pick(6, 10, 14)), *p = constant(S, rest / (float)(S - 1));
    p[0] = 1 - rest;
    statistics(p, 1, S);
}

PROBE(attention_statistics, nothing_seen)           /* zeros sum to 0: no row of weights */
{
    int S = probe_pick(1, 4);
    float *p = distributions(NULL, 3, S);
    for (int s = 0; s < S; s++) p[S + s] = 0;
    statistics(p, 3, S);
}

PROBE(attention_statistics, nearly_one)             /* a thousandth is forgiven */
{
    int S = probe_pick(2, 7);
    float *p = distributions(NULL, 4, S);
    p[0] += 0.0005f, p[S] += 0.002f, p[2 * S] += 0.5f;
    p[3 * S + 1] = 1.0f - 0.0015f;
    for (int s = 0; s < S; s++) if (s != 1) p[3 * S + s] = 0;
    statistics(p, 4, S);
}

PROBE(attention_statistics, a_nan_is_no_weight)
{
    int S = probe_pick(2, 7);
    float *p = distributions(NULL, 3, S);
    p[S + probe_int(0, S - 1)] = NAN;
    statistics(p, 3, S);
}

/* ---- oracles: is the reference itself right? ----------------------------------------------------------------- */

/* In double, by the definition: for one problem, any mask, with the whole matrix. */
static void brute(double *y, double *p, const double *q, const double *k, const double *v, const int *seen,
                  int T, int S, int D, int DV)
{
    for (int t = 0; t < T; t++) {
        double x[256];
        for (int s = 0; s < S; s++) {
            x[s] = 0;
            for (int i = 0; i < D; i++) x[s] += q[t * D + i] * k[s * D + i];
            x[s] /= sqrt(D);
        }
        for (int s = 0; s < S; s++) {               /* 1 / sum exp(x_j - x_s): no maximum, no division of two sums */
            double sum = 0;
            for (int j = 0; j < seen[t]; j++) sum += exp(x[j] - x[s]);
            p[t * S + s] = s < seen[t] ? 1 / sum : 0;
        }
        for (int i = 0; i < DV; i++) {
            y[t * DV + i] = 0;
            for (int s = 0; s < S; s++) y[t * DV + i] += p[t * S + s] * v[s * DV + i];
        }
    }
}

typedef struct Doubles { double q[256], k[256], v[256], y[256], p[256], dy[256]; } Doubles;

static void in_double(double *d, const float *x, int n)
{
    for (int i = 0; i < n; i++) d[i] = x[i];
}

static double weighted(Doubles *d, const Case *c)               /* sum dy y */
{
    double sum = 0;
    brute(d->y, d->p, d->q, d->k, d->v, c->seen, c->T, c->S, c->D, c->DV);
    for (int i = 0; i < c->T * c->DV; i++) sum += d->dy[i] * d->y[i];
    return sum;
}

static Case small_case(Doubles *d)
{
    int T = probe_int(1, 4), S = probe_int(1, 7);
    Case c = case_of(1, T, S, probe_int(1, 5), probe_int(1, 5), 1, probe_ints(T, 0, S));
    in_double(d->q, c.q, T * c.D), in_double(d->k, c.k, S * c.D), in_double(d->v, c.v, S * c.DV);
    in_double(d->dy, c.dy, T * c.DV);
    return c;
}

static void close(const char *name, const float *got, const double *want, int n, double size)
{
    for (int i = 0; i < n; i++)
        expect(fabs(got[i] - want[i]) <= size, "%s[%d]: got %.9g, want %.9g", name, i, got[i], want[i]);
}

ORACLE(attention_values, scores_weights_values_by_brute_force)
{
    Doubles d;
    Case c = small_case(&d);
    float *score = probe_output(c.T * c.S), *p = probe_output(c.T * c.S), *y = probe_output(c.T * c.DV);
    brute(d.y, d.p, d.q, d.k, d.v, c.seen, c.T, c.S, c.D, c.DV);
    attention_scores(score, c.q, c.k, 1, c.T, c.S, c.D);
    attention_weights(p, score, c.seen, 1, c.T, c.S);
    attention_values(y, p, c.v, 1, c.T, c.S, c.DV);
    for (int t = 0; t < c.T; t++)
        for (int s = 0; s < c.S; s++) {
            double want = score_of(&c, t, s);
            expect(fabs(score[t * c.S + s] - want) <= 1e-7 * (1 + fabs(want)), "score (%d,%d): %.9g, want %.9g", t, s,
                   score[t * c.S + s], want);
        }
    close("p", p, d.p, c.T * c.S, 4e-6);
    close("y", y, d.y, c.T * c.DV, 2e-5);
}

ORACLE(attention_tiled, brute_force_in_double)
{
    Doubles d;
    Case c = small_case(&d);
    float *y = probe_output(c.T * c.DV), *lse = probe_output(c.T);
    brute(d.y, d.p, d.q, d.k, d.v, c.seen, c.T, c.S, c.D, c.DV);
    attention_tiled(y, lse, c.q, c.k, c.v, c.seen, 1, c.T, c.S, c.D, c.DV);
    close("y", y, d.y, c.T * c.DV, 2e-5);
    for (int t = 0; t < c.T; t++) {
        double want = lse_of(&c, t);
        expect(lse[t] == want || fabs(lse[t] - want) <= 2e-6 * (1 + fabs(want)), "lse %d: %.9g, want %.9g", t, lse[t],
               want);
    }
}

ORACLE(attention_tiled, is_scores_weights_and_values)           /* over many tiles, with whatever mask */
{
    int B = 2, T = probe_int(1, 5), S = probe_pick(1, 33, 64, 100), D = probe_int(1, 9), DV = probe_int(1, 9);
    Case c = case_of(B, T, S, D, DV, probe_pick(1, 3), probe_ints(B * T, 0, S));
    float *score = probe_output(B * T * S), *p = probe_output(B * T * S), *y = probe_output(B * T * DV);
    float *again = probe_output(B * T * DV), *lse = probe_output(B * T);
    attention_scores(score, c.q, c.k, B, T, S, D);
    attention_weights(p, score, c.seen, B, T, S);
    attention_values(y, p, c.v, B, T, S, DV);
    attention_tiled(again, lse, c.q, c.k, c.v, c.seen, B, T, S, D, DV);
    double size = 1e-6 * (1 + 0.1 * size_of_score(&c)) * largest(c.v, B * S * DV);
    for (int i = 0; i < B * T * DV; i++)
        expect(fabs(again[i] - y[i]) <= size, "%d: %.9g in tiles, %.9g with the matrix", i, again[i], y[i]);
}

/* Every number of x is moved: want = d(sum dy y) / dx. */
static void central(const char *name, const float *got, double *x, int n, Doubles *d, const Case *c)
{
    double h = 1e-5;
    for (int i = 0; i < n; i++) {
        double at = x[i], up, down;
        x[i] = at + h, up = weighted(d, c);
        x[i] = at - h, down = weighted(d, c);
        x[i] = at;
        double want = (up - down) / (2 * h);
        expect(fabs(got[i] - want) <= 1e-4 * (0.1 + fabs(want)), "%s[%d]: got %.9g, want %.9g", name, i, got[i], want);
    }
}

ORACLE(attention_backward, central_differences)
{
    Doubles d;
    Case c = small_case(&d);
    int T = c.T, S = c.S, D = c.D, DV = c.DV;
    float *p = probe_output(T * S), *dscore = probe_output(T * S);
    float *dq = probe_output(T * D), *dk = probe_output(S * D), *dv = probe_output(S * DV);
    weighted(&d, &c);
    for (int i = 0; i < T * S; i++) p[i] = (float)d.p[i];
    attention_backward(dq, dk, dv, dscore, c.q, c.k, c.v, p, c.dy, 1, T, S, D, DV);
    central("dq", dq, d.q, T * D, &d, &c);
    central("dk", dk, d.k, S * D, &d, &c);
    central("dv", dv, d.v, S * DV, &d, &c);
    for (int t = 0; t < T; t++) {
        double sum = 0, size = 0;
        for (int s = 0; s < S; s++) sum += dscore[t * S + s], size += fabs(dscore[t * S + s]);
        expect(fabs(sum) <= 1e-6 * (1 + size), "row %d: dscore sums to %g, a shift cannot change y", t, sum);
    }
}

ORACLE(attention_tiled_backward, central_differences)
{
    Doubles d;
    Case c = small_case(&d);
    int T = c.T, S = c.S, D = c.D, DV = c.DV;
    float *y = probe_output(T * DV), *lse = probe_output(T);
    float *dq = probe_output(T * D), *dk = probe_output(S * D), *dv = probe_output(S * DV);
    attention_tiled(y, lse, c.q, c.k, c.v, c.seen, 1, T, S, D, DV);
    attention_tiled_backward(dq, dk, dv, c.q, c.k, c.v, y, lse, c.dy, c.seen, 1, T, S, D, DV);
    central("dq", dq, d.q, T * D, &d, &c);
    central("dk", dk, d.k, S * D, &d, &c);
    central("dv", dv, d.v, S * DV, &d, &c);
}

ORACLE(attention_tiled_backward, is_attention_backward)
{
    int B = 2, T = probe_int(1, 5), S = probe_pick(1, 33, 64, 70), D = probe_int(1, 9), DV = probe_int(1, 9);
    Case c = case_of(B, T, S, D, DV, 1, probe_ints(B * T, 0, S));
    float *score = probe_output(B * T * S), *p = probe_output(B * T * S), *y = probe_output(B * T * DV);
    float *lse = probe_output(B * T), *a[3], *b[3];
    int n[] = { B * T * D, B * S * D, B * S * DV };
    for (int i = 0; i < 3; i++) a[i] = probe_output(n[i]), b[i] = probe_output(n[i]);
    attention_scores(score, c.q, c.k, B, T, S, D);
    attention_weights(p, score, c.seen, B, T, S);
    attention_backward(a[0], a[1], a[2], score, c.q, c.k, c.v, p, c.dy, B, T, S, D, DV);
    attention_tiled(y, lse, c.q, c.k, c.v, c.seen, B, T, S, D, DV);
    attention_tiled_backward(b[0], b[1], b[2], c.q, c.k, c.v, y, lse, c.dy, c.seen, B, T, S, D, DV);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < n[k]; i++)
            expect(fabs(a[k][i] - b[k][i]) <= 2e-5 * (1 + fabs(a[k][i])), "gradient %d[%d]: %.9g in tiles, %.9g with "
                   "the matrix", k, i, b[k][i], a[k][i]);
}

ORACLE(attention_seen, counts_what_the_masks_allow)
{
    int B = probe_int(1, 3), T = probe_int(1, 6), S = probe_int(1, 6), causal = probe_int(0, 1);
    int *length = probe_ints(B, 0, S), *seen = probe_output_ints(B * T);
    attention_seen(seen, length, causal, B, T, S);
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++) {
            int n = 0;
            for (int s = 0; s < S; s++) n += s < length[b] && (!causal || s <= t + S - T);
            expect(seen[b * T + t] == n, "(%d,%d) of T %d, S %d: %d, want %d", b, t, T, S, seen[b * T + t], n);
        }
}

ORACLE(attention_weights, published_values)         /* the look-up of videos, and a low temperature */
{
    static const double want[] = { 0.351, 0.183, 0.327, 0.138 };
    float p[4];
    int seen = 4;
    attention_weights(p, probe_given(.95f, .30f, .88f, .02f), &seen, 1, 1, 4);
    for (int s = 0; s < 4; s++) expect(fabs(p[s] - want[s]) < 6e-4, "%d: %g, %g is published", s, p[s], want[s]);
    attention_weights(p, probe_given(950, 300, 880, 20), &seen, 1, 1, 4);
    expect(p[0] == 1 && p[1] == 0 && p[2] < 1e-29f && p[3] == 0, "a low temperature finds %g %g %g %g", p[0], p[1],
           p[2], p[3]);
}

/* Three rows of four numbers, projections of standard deviation 0.01: nothing has been learnt, and it shows. */
ORACLE(attention_weights, untrained_weights_look_everywhere)
{
    static const float x[] = { .1f, .2f, .3f, .4f, .5f, .6f, .7f, .8f, .9f, 1, 1.1f, 1.2f };
    float *wq = probe_normal(16, 0, 0.01), *wk = probe_normal(16, 0, 0.01), q[12], k[12], score[9], p[9];
    int seen[] = { 3, 3, 3 };
    for (int i = 0; i < 12; i++) {
        q[i] = k[i] = 0;
        for (int j = 0; j < 4; j++)
            q[i] += x[i / 4 * 4 + j] * wq[j * 4 + i % 4], k[i] += x[i / 4 * 4 + j] * wk[j * 4 + i % 4];
    }
    attention_scores(score, q, k, 1, 3, 3, 4);
    attention_weights(p, score, seen, 1, 3, 3);
    for (int i = 0; i < 9; i++) expect(fabs(p[i] - 1 / 3.) < 1e-3, "%d: %g", i, p[i]);
}

ORACLE(attention_values, the_lessons_pencil)
{
    float q[] = { 2 * ln2, 0, 0, 0 }, k[] = { 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 }, v[] = { 7, 0, 14 }, dy[] = { 1 };
    static const double want_score[] = { 0, 0.69314718056, 1.38629436112 }, want_p[] = { 1 / 7., 2 / 7., 4 / 7. };
    static const double want_dscore[] = { -2 / 7., -18 / 7., 20 / 7. };
    float score[3], p[3], y[1], lse[1], dq[4], dk[12], dv[3], dscore[3], entropy, jacobian;
    int seen[] = { 3 }, possible;
    attention_scores(score, q, k, 1, 1, 3, 4);
    attention_weights(p, score, seen, 1, 1, 3);
    attention_values(y, p, v, 1, 1, 3, 1);
    close("score", score, want_score, 3, 2e-7);
    close("p", p, want_p, 3, 2e-7);
    expect(fabs(y[0] - 9) < 2e-6, "y %.9g, want 9", y[0]);
    attention_backward(dq, dk, dv, dscore, q, k, v, p, dy, 1, 1, 3, 4, 1);
    close("dscore", dscore, want_dscore, 3, 2e-6);
    close("dv", dv, want_p, 3, 2e-7);
    expect(fabs(dq[0] - 11 / 7.) < 2e-6, "dq[0] %.9g, want 11/7", dq[0]);
    expect(fabs(dk[8] - 20 / 7. * ln2) < 2e-6, "dk[2][0] %.9g, want 20/7 ln 2", dk[8]);
    attention_tiled(y, lse, q, k, v, seen, 1, 1, 3, 4, 1);
    expect(fabs(y[0] - 9) < 2e-6 && fabs(lse[0] - log(7)) < 3e-7, "in tiles: y %.9g, lse %.9g", y[0], lse[0]);
    attention_statistics(&possible, &entropy, &jacobian, p, 1, 3);
    expect(possible && fabs(entropy - (log(7) - 10 / 7. * log(2))) < 3e-7 && fabs(jacobian - 0.431960) < 2e-6,
           "possible %d, entropy %.9g, jacobian %.9g", possible, entropy, jacobian);
}

ORACLE(attention_statistics, the_whole_matrix_in_double)
{
    int S = probe_pick(1, 2, 3, 9), possible;
    float *p = distributions(NULL, 1, S), entropy, jacobian;
    double h = 0, squares = 0;
    for (int i = 0; i < S; i++) {
        h -= p[i] * log(p[i]);
        for (int j = 0; j < S; j++) {
            double slope = p[i] * ((i == j) - (double)p[j]);
            squares += slope * slope;
        }
    }
    attention_statistics(&possible, &entropy, &jacobian, p, 1, S);
    expect(possible && fabs(entropy - h) < 2e-7 * (1 + h), "entropy %.9g, want %.9g", entropy, h);
    expect(fabs(jacobian - sqrt(squares)) < 2e-7, "jacobian %.9g, want %.9g", jacobian, sqrt(squares));
}

ORACLE(attention_statistics, jacobian_by_central_differences)   /* of softmax itself */
{
    int S = probe_int(2, 6), possible;
    float *x = probe_normal(S, 0, 2), *p = probe_output(S), entropy, jacobian;
    double squares = 0, h = 1e-5;
    for (int i = 0; i < S; i++)
        for (int j = 0; j < S; j++) {
            double up = 0, down = 0;
            for (int k = 0; k < S; k++)
                up += exp((double)x[k] + h * (k == j) - x[i] - h * (i == j)),
                down += exp((double)x[k] - h * (k == j) - x[i] + h * (i == j));
            squares += pow((1 / up - 1 / down) / (2 * h), 2);
        }
    attention_weights(p, x, &S, 1, 1, S);
    attention_statistics(&possible, &entropy, &jacobian, p, 1, S);
    expect(possible && fabs(jacobian - sqrt(squares)) < 1e-6, "jacobian %.9g, want %.9g", jacobian, sqrt(squares));
}
