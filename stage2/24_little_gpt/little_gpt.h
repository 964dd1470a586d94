/* little_gpt.h -- a GPT by hand: what goes in, a block there and back, a head that is the embedding, what comes out. */
/* kind: kernel; needs: attention */
#pragma once
#include "todo.h"

/*
 * The model of Radford et al., Language Models are Unsupervised Multitask Learners, 2019 (GPT-2):
 *
 *   x = wte[token] + wpe[place]                            embed
 *   L times: x += attention(norm(x)), x += mlp(norm(x))    block
 *   scores of the next token = norm(x) wte^T               head: the embedding once more
 *
 * B texts of T tokens, one below the other: N = B T rows. C numbers a row, H heads of D = C / H, V tokens there are.
 * B >= 0; T, C, H, V >= 1; H divides C. Weights stand as GPT-2's file has them: (IN,OUT), y = x w + b. Arrays are row-
 * major, outputs overlap neither inputs nor each other. Gradients of weights are ADDED TO, all else is written.
 */

/* x = wte[token] + wpe[t]: a row of each table. t counts from 0 in every text. */
void little_gpt_embed(float *x,                                                 /* (B,T,C) */
                      const int *token, const float *wte, const float *wpe,     /* (B,T), (V,C), (T,C) */
                      int B, int T, int C);

/* dwte[token] += dx, dwpe[t] += dx: rows that several have read gather from all of them. */
void little_gpt_embed_backward(float *dwte, float *dwpe, const int *token, const float *dx, int B, int T, int C);

typedef struct LittleGptBlock {                 /* weights of a block, or their gradients */
    float *norm1, *bias1;                       /* (C), (C) */
    float *qkv, *bqkv;                          /* (C,3C), (3C): columns of q, then of k, then of v */
    float *out, *bout;                          /* (C,C), (C) */
    float *norm2, *bias2;                       /* (C), (C) */
    float *wide, *bwide;                        /* (C,4C), (4C) */
    float *back, *bback;                        /* (4C,C), (C) */
} LittleGptBlock;
typedef struct LittleGptKept {                  /* what a block leaves for the way back, or the gradients of that */
    float *n1, *s1;                             /* (N,C), (N,2): normalised; mean and 1 / deviation of each row */
    float *qkv, *q, *k, *v, *o, *lse;           /* (N,3C), (B,H,T,D) four times, (B,H,T) */
    float *joined, *middle, *n2, *s2;           /* (N,C), (N,C), (N,C), (N,2) */
    float *wide, *bent;                         /* (N,4C), (N,4C) */
    int   *seen;                                /* (B,H,T) */
} LittleGptKept;

/*
 *   middle = x + join(attention(norm1(x) qkv)) out         each token sees itself and what came before
 *   y = middle + gelu(norm2(middle) wide) back
 * Normalised is what goes into a branch, never what flows through (pre-norm). All of kept is written.
 */
void little_gpt_block(float *y, const LittleGptKept *kept,                      /* (N,C) */
                      const float *x, const LittleGptBlock *w, int B, int T, int C, int H);

/* dx written, dw added to. d takes gradients of what was kept; its s1, s2, lse and seen are not used. */
void little_gpt_block_backward(float *dx, const LittleGptBlock *dw, const LittleGptKept *d,
                               const float *x, const LittleGptBlock *w, const LittleGptKept *kept, const float *dy,
                               int B, int T, int C, int H);

/*
 *   score = h wte^T      loss = mean of log sum exp(score) - score[target]      h: rows that are normalised already
 * Returns the loss, in nats a token: exp of it is the perplexity. dh is written and dwte added to; with dh NULL both
 * are left alone. score is room for one row. N >= 1; no finite score overflows.
 */
double little_gpt_head(float *dh, float *dwte, float *score,                    /* (N,C) or NULL, (V,C), (V) */
                       const float *h, const float *wte, const int *target,     /* (N,C), (V,C), (N) */
                       int N, int C, int V);

/*
 * The next token: softmax(score / temperature) over the tokens that may come, drawn by u in [0, 1).
 *   temperature >= 0       0: the best, whatever u is; of equals the first
 *   top > 0                only the top best may come (0: all)                   Fan et al., arXiv:1805.04833
 *   share < 1              of these only the fewest best that have at least this share of their probabilities
 *                          (0 < share <= 1)                                      Holtzman et al., arXiv:1904.09751
 * Tokens are taken in the order of their scores, the best first, equals by their number; the answer is the first whose
 * sum so far exceeds u times the whole. order (V) is work space.
 */
int little_gpt_pick(int *order, const float *score, int V, double temperature, int top, double share, double u);

/*
 * Standard deviations of a block's twelve arrays at the start, in LittleGptBlock's order: 0.02; what ends a branch, out
 * and back, 0.02 / sqrt(2 L), for 2 L branches add up in what flows through; biases 0. The norms' weights, which begin
 * as 1, are given as -1.
 */
void little_gpt_start(double *sd, int L);                                       /* (12) */

/*
 * What is published of a model: H heads of queries, HK of keys and values, F numbers between the two (gated:
 * three) matrices of the MLP; biases also in norms; places: a learnt table of T rows; tied: the head is the embedding.
 */
typedef struct LittleGptShape { int V, T, C, L, H, HK, F; int gated, biases, places, tied; } LittleGptShape;
enum { LITTLE_GPT_PARAMETERS, LITTLE_GPT_TRAINING_BYTES, LITTLE_GPT_TRAINING_FLOPS, LITTLE_GPT_CACHE_BYTES,
       LITTLE_GPT_COSTS };
/*
 * Exact numbers.
 *   parameters        all of them: attention has C C (2 + 2 HK / H), the MLP 2 (gated: 3) C F; biases are as wide as
 *                     what each matrix gives; 2 L + 1 norms of C numbers, twice that with biases
 *   training bytes    weights, gradients and two moments of AdamW, 4 bytes each
 *   training flops    a token: 6 a parameter that is multiplied (all but places, and an embedding that is no head),
 *                     and 12 L C T / 2 for scores and values, half of which a mask leaves out
 *   cache bytes       a token, keys and values of all layers, 4 bytes a number
 * "6 N D" is the third without its second half. Kaplan et al., arXiv:2001.08361.
 */
void little_gpt_costs(double *cost, const LittleGptShape *s);                   /* (LITTLE_GPT_COSTS) */

/* ---- Given ---------------------------------------------------------------------------------------------------- */

/* y = (x - mean) scale w + b, scale = 1 / sqrt(var + 1e-5), a row at a time; stat: mean and scale. */
void little_gpt_norm(float *y, float *stat, const float *x, const float *w, const float *b, int N, int C);
void little_gpt_norm_backward(float *dx, float *dw, float *db, const float *x, const float *stat, const float *w,
                              const float *dy, int N, int C);

/* From the folder attention, whose functions are linked with these: M problems of T queries and S keys. */
void attention_seen(int *seen, const int *length, int causal, int M, int T, int S);
void attention_tiled(float *y, float *lse, const float *q, const float *k, const float *v, const int *seen, int M,
                     int T, int S, int D, int DV);
void attention_tiled_backward(float *dq, float *dk, float *dv, const float *q, const float *k, const float *v,
                              const float *y, const float *lse, const float *dy, const int *seen, int M, int T, int S,
                              int D, int DV);
