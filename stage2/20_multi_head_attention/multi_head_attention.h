/* multi_head_attention.h -- several attentions side by side: what each sees, what it adds, and what it is worth. */
/* kind: kernel; needs: attention */
#pragma once
#include "todo.h"

/*
 * x (B,T,C) asks, z (B,S,C) is looked into. z = x is self-attention; another sequence, of another length, is
 * cross-attention. H heads ask, HK heads of keys and values answer, each of D numbers; head h of q reads head
 * h / (H / HK) of k and v: HK = H is the usual layer, HK = 1 one set of keys for all (Shazeer, arXiv:1911.02150;
 * in between: Ainslie et al., arXiv:2305.13245).
 *
 *   q = x Wq     k = z Wk     v = z Wv               head h has D columns of each product, and every head sees all of x
 *   p = softmax(q k^T / sqrt(D))     o = p v         head by head: attention.h
 *   y = sum over h of o_h Wo_h                       Wo_h: D rows of Wo. That is [o_0 o_1 ...] Wo, written out
 *                                                    Vaswani et al.: Attention Is All You Need, arXiv:1706.03762
 *
 * Weights stand as x meets them, (IN,OUT), and there are no biases. B >= 0; T, S, C, H, HK, D >= 1; HK divides H.
 * Arrays are row-major, outputs overlap neither inputs nor each other, none has 2^31 elements. NaN is computed with,
 * not trapped.
 */
typedef struct MultiHeadSize { int B, T, S, C, H, HK, D; } MultiHeadSize;
typedef struct MultiHeadWeights {
    float *wq, *wk, *wv;                    /* (C,H D), (C,HK D), (C,HK D) */
    float *wo;                              /* (H D,C) */
} MultiHeadWeights;
typedef struct MultiHeadKept {              /* what the way back needs of the way there; or the gradients of all that */
    float *q, *k, *v;                       /* (B,H,T,D), (B,HK,S,D), (B,HK,S,D) */
    float *score, *p;                       /* (B,H,T,S) */
    float *o;                               /* (B,H,T,D) */
} MultiHeadKept;

/*
 * From the folder attention, whose functions are linked with these: N problems, each of T queries (T,D), S keys (S,D)
 * and values (S,DV); query t of problem n sees its first seen[n][t] keys. Outputs are written.
 */
void attention_scores(float *score, const float *q, const float *k, int N, int T, int S, int D);       /* (N,T,S) */
void attention_weights(float *p, const float *score, const int *seen, int N, int T, int S);            /* (N,T,S) */
void attention_values(float *y, const float *p, const float *v, int N, int T, int S, int DV);          /* (N,T,DV) */
void attention_backward(float *dq, float *dk, float *dv, float *dscore, const float *q, const float *k, const float *v,
                        const float *p, const float *dy, int N, int T, int S, int D, int DV);

/* head (B,H,T,D) = x (B,T,C) w (C,H D), and head h gets columns h D .. h D + D - 1. Written. */
void multi_head_attention_heads(float *head,                                    /* (B,H,T,D) */
                                const float *x, const float *w,                 /* (B,T,C), (C,H D) */
                                int B, int T, int C, int H, int D);

/* dx += dhead w^T      dw += x^T dhead             both are ADDED TO: x has three readers, w is a parameter */
void multi_head_attention_heads_backward(float *dx, float *dw,                  /* (B,T,C), (C,H D) */
                                         const float *x, const float *w, const float *dhead,    /* ..., (B,H,T,D) */
                                         int B, int T, int C, int H, int D);

/*
 * y = sum over h of o_h Wo_h. Written. keep (H) or NULL: heads whose keep is 0 are left out, whatever o holds there,
 * NaN too.
 */
void multi_head_attention_join(float *y,                                        /* (B,T,C) */
                               const float *o, const float *wo, const int *keep,    /* (B,H,T,D), (H D,C), (H) */
                               int B, int T, int C, int H, int D);

/* do_h = dy Wo_h^T is written; dwo += o^T dy is ADDED TO. No head is left out. */
void multi_head_attention_join_backward(float *d_o, float *dwo,                 /* (B,H,T,D), (H D,C) */
                                        const float *o, const float *wo, const float *dy,   /* ..., (B,T,C) */
                                        int B, int T, int C, int H, int D);

/*
 * The whole layer. seen (B,H,T): query t of head h sees the first so many keys, as attention_seen() counts them for B H
 * problems. All of kept is written. Queries that share a head of keys are, for attention.h, queries of one problem:
 * (B,H,T,D) is (B HK, (H/HK) T, D), and nothing is copied.
 */
void multi_head_attention_forward(float *y, const MultiHeadKept *kept,          /* (B,T,C) */
                                  const float *x, const float *z,               /* (B,T,C), (B,S,C) */
                                  const MultiHeadWeights *w, const int *seen,   /* (B,H,T) */
                                  const MultiHeadSize *n);

/*
 * Gradients of x, z and all weights, ADDED TO: where z is x, dz may be dx. kept is as the way there left it; gradients
 * of q, k, v, o and score go to d, which is written (its p is not used, and may be NULL).
 */
void multi_head_attention_backward(float *dx, float *dz, const MultiHeadWeights *dw, const MultiHeadKept *d,
                                   const float *x, const float *z, const MultiHeadWeights *w,
                                   const MultiHeadKept *kept, const float *dy, const MultiHeadSize *n);

/*
 * The weights of a layer without head h, for good: less to store, less to compute, the same y as with keep[h] = 0.
 * H = HK >= 2. out has (C,(H-1) D) three times, and ((H-1) D,C). Michel et al., arXiv:1905.10650.
 */
void multi_head_attention_prune(const MultiHeadWeights *out, const MultiHeadWeights *w, int h, int C, int H, int D);

/*
 * What a layer costs, as exact numbers.
 *   projections      numbers in Wq, Wk and Wv
 *   sliced           and if each head saw but its own C / H columns of x: three matrices (C/H,C/H) a head. H divides C
 *   output           numbers in Wo
 *   cache            bytes that a token leaves behind for those after it, its keys and values: 4 a number
 *   flops            of multi_head_attention_forward(), softmax not counted: two for each product and its sum
 */
enum { MULTI_HEAD_PROJECTIONS, MULTI_HEAD_SLICED, MULTI_HEAD_OUTPUT, MULTI_HEAD_CACHE, MULTI_HEAD_FLOPS,
       MULTI_HEAD_COSTS };
void multi_head_attention_costs(double *cost, const MultiHeadSize *n);          /* (MULTI_HEAD_COSTS) */
