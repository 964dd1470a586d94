/* softmax.h -- scores to probabilities, and the loss that trains them: softmax, log-softmax, cross-entropy, masks. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * x is N rows of C scores, row-major. What counts as a row is the caller's choice: the ten classes of an image, the
 * vocabulary after a token, the keys of a query. No row is ever looked at to compute another.
 *
 * No finite score overflows: 1e4, -1e4 and 3e38 are scores like any other. A score may be -inf: that place cannot be,
 * and its probability is exactly 0. Where every score is -inf nothing can be: every probability is 0, not NaN.
 * A NaN or +inf makes its own row NaN and no other.
 *
 * N >= 0; N = 0 writes nothing (the mean of cross-entropy apart). C >= 1. Every output is written, none is added to.
 * Outputs overlap neither inputs nor each other.
 */

/*
 *   y = exp(x - max) / sum exp(x - max)              max and sum over the C scores of the row
 *
 * The maximum cancels: adding one number to all scores of a row leaves y as it is. A row of y sums to 1, or is all 0.
 * Bridle: Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990.
 */
void softmax(float *y, const float *x, int N, int C);                               /* (N,C) -> (N,C) */

/*
 *   dx = y * (dy - sum y dy)                         sum over the C places of the row
 *
 * y is what softmax() gave, dy is what flows back to it. Serves every masked softmax too: where y is 0, dx is 0.
 */
void softmax_backward(float *dx, const float *y, const float *dy, int N, int C);    /* (N,C), (N,C) -> (N,C) */

/*
 *   y = (x - max) - log sum exp(x - max)
 *
 * The logarithm of softmax, finite wherever x is: where softmax itself has run down to 0, this still says -1000.
 * The maximum leaves x before anything else happens, so a row near 1e4 loses no digit of its differences.
 * -inf where x is -inf; all of a row where the whole row is.
 */
void softmax_log(float *y, const float *x, int N, int C);                           /* (N,C) -> (N,C) */

/*
 *   dx = dy - exp(y) * sum dy
 *
 * y is what softmax_log() gave: exp(y) are the probabilities.
 */
void softmax_log_backward(float *dx, const float *y, const float *dy, int N, int C);    /* (N,C), (N,C) -> (N,C) */

/*
 *   lse[n] = max + log sum exp(x - max)              of row n
 *   loss[0] = sum (lse[n] - x[n][target[n]]) / N
 *
 * The mean of -log softmax at the target. A row's loss is computed with its maximum taken off first, as in softmax_log,
 * and not from lse, which is rounded to a float: near 1e4 that would cost 1e-3. lse is kept for the backward pass.
 * target[n] is in 0 .. C-1; the caller has checked. No row is left out. A target whose score is -inf costs +inf, also
 * where the whole row is -inf (lse = -inf). N = 0: the mean of nothing is NaN, as 0 / 0 is.
 */
void softmax_cross_entropy(float *loss, float *lse,                                 /* (1), (N) */
                           const float *x, const int *target, int N, int C);        /* (N,C), (N) */

/*
 *   dx = (exp(x - lse) - [c = target]) * dloss / N   [c = target] is 1 there and 0 elsewhere
 *
 * lse is what softmax_cross_entropy() saved for this x; it is not -inf. Each row of dx sums to 0.
 */
void softmax_cross_entropy_backward(float *dx,                                      /* (N,C) */
                                    const float *x, const int *target,              /* (N,C), (N) */
                                    const float *lse, const float *dloss,           /* (N), (1) */
                                    int N, int C);

/*
 * Softmax over the places whose mask is 1. The others (mask 0) get exactly 0, whatever x holds there, NaN and infinity
 * too: changing a masked score changes no bit of y. A row with nothing to see (all masked, or -inf) is all 0, not NaN.
 * A NaN that is seen makes all that is seen NaN.
 */
void softmax_masked(float *y, const float *x, const int *mask, int N, int C);       /* (N,C), (N,C) -> (N,C) */

/*
 * The masks of attention without a mask in memory. x[b][t][s] is how much position t of sequence b wants to see
 * position s. Sequence b has length[b] tokens (0 .. T), the rest is padding. Seen are
 *   s < length[b]                    causal = 0: padding is hidden
 *   s < length[b] and s <= t         causal = 1: the future is hidden too
 * so what row t sees is always the beginning of the row. Masked places as in softmax_masked. A padded query (t >=
 * length[b]) is a row like any other: padding hides keys, and what a padded query finds nobody reads.
 */
void softmax_sequences(float *y, const float *x,                                    /* (B,T,T), (B,T,T) */
                       const int *length, int causal, int B, int T);                /* (B) */
