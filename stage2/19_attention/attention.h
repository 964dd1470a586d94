/* attention.h -- scaled dot-product attention: scores, masks, weights, gradients; then the same without its matrix. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * B problems, none of which knows of another: the heads of all sentences of a batch. In each, T queries q look into S
 * keys k; key s holds the value v. All arrays are row-major, the letters in the margin are their shapes.
 *
 *   y = softmax(q k^T / sqrt(D)) v                   Vaswani et al.: Attention Is All You Need, arXiv:1706.03762
 *
 * Query t of problem b sees its first seen[b][t] keys (0 .. S), and no others: that is the whole mask. What a hidden
 * place holds does not matter, NaN and infinity neither: changing it changes no bit of any output. A query that sees
 * nothing gets zeros, not NaN. A NaN that is seen makes the rows that see it NaN, and no others.
 *
 * B >= 0, and B = 0 writes nothing. T, S, D, DV >= 1. Every output is written, none is added to. Outputs overlap
 * neither inputs nor each other. No array has 2^31 elements.
 */

/* score = q . k / sqrt(D), for every pair: no mask yet. */
void attention_scores(float *score,                                                 /* (B,T,S) */
                      const float *q, const float *k,                               /* (B,T,D), (B,S,D) */
                      int B, int T, int S, int D);

/*
 * How many keys each query sees. The first length[b] keys of a problem are real (0 .. S), the rest is padding; length
 * may be NULL: all are. The last query stands beside the last key, so query t stands beside key t + S - T (S > T: the
 * first keys are a cache of what came before; S = T: a sentence that looks at itself). Seen are
 *   s < length[b]                                    causal = 0: padding is hidden
 *   s < length[b] and s <= t + S - T                 causal = 1: the future is hidden too
 */
void attention_seen(int *seen,                                                      /* (B,T) */
                    const int *length, int causal, int B, int T, int S);            /* (B) or NULL */

/*
 *   p = exp(score - max) / sum exp(score - max)      max and sum over the keys that the query sees; else exactly 0
 *
 * No finite score overflows. A score of -inf is a place that cannot be: weight 0; where all that is seen is -inf, all
 * weights are 0.
 */
void attention_weights(float *p,                                                    /* (B,T,S) */
                       const float *score, const int *seen, int B, int T, int S);   /* (B,T,S), (B,T) */

/* y = sum over s of p v: each row of y is a mean of values. Where p is 0, v is not looked at. */
void attention_values(float *y,                                                     /* (B,T,DV) */
                      const float *p, const float *v, int B, int T, int S, int DV); /* (B,T,S), (B,S,DV) */

/*
 *   dp = dy . v                      dscore = p (dp - sum p dp)                     sum over the keys of the row
 *   dq = sum over s of dscore k / sqrt(D)            dk = sum over t of dscore q / sqrt(D)
 *   dv = sum over t of p dy
 *
 * dscore is the gradient of what attention_scores() wrote, a quarter of the way back. Where p is 0, dscore is 0, and
 * neither k nor v is looked at: backward needs no mask.
 */
void attention_backward(float *dq, float *dk, float *dv, float *dscore,             /* as q, k, v; (B,T,S) */
                        const float *q, const float *k, const float *v,             /* (B,T,D), (B,S,D), (B,S,DV) */
                        const float *p, const float *dy,                            /* (B,T,S), (B,T,DV) */
                        int B, int T, int S, int D, int DV);

/*
 * The same y with no (T,S) matrix anywhere: ATTENTION_TILE keys at a time, and what was summed so far is shrunk
 * whenever a larger score comes. The tile's size is a hint: only y and lse count. Scores are finite where q and k are.
 *   lse = log sum exp(score)                         over the keys that the query sees; -inf where it sees none
 * Milakov, Gimelshein: Online Normalizer Calculation for Softmax, arXiv:1805.02867; Rabe, Staats, arXiv:2112.05682;
 * Dao et al.: FlashAttention, arXiv:2205.14135.
 */
enum { ATTENTION_TILE = 32 };
void attention_tiled(float *y, float *lse,                                          /* (B,T,DV), (B,T) */
                     const float *q, const float *k, const float *v,                /* (B,T,D), (B,S,D), (B,S,DV) */
                     const int *seen, int B, int T, int S, int D, int DV);          /* (B,T) */

/*
 * The gradients of attention_backward() from y and lse alone: p = exp(score - lse) is worked out again, and
 * sum p dp = dy . y, so that no row of p need be kept. Dao: FlashAttention-2, arXiv:2307.08691.
 */
void attention_tiled_backward(float *dq, float *dk, float *dv,                      /* as q, k, v */
                              const float *q, const float *k, const float *v,       /* (B,T,D), (B,S,D), (B,S,DV) */
                              const float *y, const float *lse, const float *dy,    /* (B,T,DV), (B,T), (B,T,DV) */
                              const int *seen, int B, int T, int S, int D, int DV); /* (B,T) */

/*
 * What a row of weights is like. N rows of S numbers.
 *   possible = 1                     no number is negative, and they sum to 1, give or take 0.001; else 0. NaN: 0
 *   entropy = -sum p log p           in nats, 0 log 0 = 0: from 0 (one key has all) to log S (all alike)
 *   jacobian = |dp/dscore|           Frobenius: the root of the sum of squares of all p_i ([i = j] - p_j)
 * The last two are NaN where possible is 0. No (S,S) matrix is needed: with a = sum p^2 and c = sum p^3 the sum of
 * squares is a - 2 c + a^2. In double: where one weight is near 1 they cancel.
 */
void attention_statistics(int *possible, float *entropy, float *jacobian,           /* (N), (N), (N) */
                          const float *p, int N, int S);                            /* (N,S) */
