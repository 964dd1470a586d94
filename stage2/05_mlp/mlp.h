/* mlp.h -- a multilayer perceptron by hand: a neuron, a layer, the way forward, the way back, the step downhill. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * N rows, one below the other. N >= 0, and N = 0 writes nothing and adds nothing. IN, OUT, C, L and every size >= 1.
 * Outputs overlap neither inputs nor each other, except where a line below allows it. No array has 2^31 elements.
 * Weights are (OUT,IN): row o belongs to output o. NaN and infinity are computed with, not trapped.
 *
 * A net of L layers has sizes size[0] (its inputs), size[1], ..., size[L] (its scores): L + 1 numbers. Between two
 * layers stands ReLU; after the last there is nothing. Everything lies in arrays of two layouts:
 *
 *   p, dp, v    mlp_count_params numbers: w0 (size[1],size[0]), b0 (size[1]), w1 (size[2],size[1]), b1 (size[2]), ...
 *   act         mlp_count_acts numbers: what left layer 0 after ReLU (N,size[1]), layer 1 (N,size[2]), ..., the scores
 *               (N,size[L])
 *   dact        their gradients, in the same layout
 */
int mlp_count_params(int L, const int *size);
int mlp_count_acts(int N, int L, const int *size);

/*
 * One neuron: y = 1 where w . x + b > 0, else 0. Exactly 0 is not positive.
 * Rosenblatt: The Perceptron, Psychological Review 65, 1958.
 */
void mlp_neuron(float *y,                                       /* (N) */
                const float *x, const float *w, float b,        /* (N,IN), (IN) */
                int N, int IN);

/*
 * One pass of the perceptron's rule over the rows, in order: with y from the weights as they are now,
 *   w += rate (target - y) x      b += rate (target - y)
 * so that a right answer changes nothing, and the next row meets the changed weights. target is 0 or 1.
 * Returns how many rows were answered wrongly.
 */
int mlp_neuron_learn(float *w, float *b,                        /* (IN), (1): changed */
                     const float *x, const float *target,       /* (N,IN), (N) */
                     int N, int IN, float rate);

/* y = x w^T + b: OUT neurons without their threshold. b may be NULL: no bias. */
void mlp_linear(float *y,                                       /* (N,OUT) */
                const float *x, const float *w, const float *b, /* (N,IN), (OUT,IN), (OUT) or NULL */
                int N, int IN, int OUT);

/*
 *   dx = dy w      dw += dy^T x      db += sum of dy's rows
 * dx is written; dw and db are ADDED TO. Nothing is divided by N: the loss did that. dx may be NULL (nobody wants the
 * gradient of the data), and db (there was no bias).
 */
void mlp_linear_backward(float *dx, float *dw, float *db,                 /* (N,IN) or NULL, (OUT,IN), (OUT) or NULL */
                         const float *x, const float *w, const float *dy, /* (N,IN), (OUT,IN), (N,OUT) */
                         int N, int IN, int OUT);

/* y = max(0, x) of N numbers; NaN stays NaN. y may be x. Given. */
void mlp_relu(float *y, const float *x, int N);                 /* (N), (N) */

/*
 * dx = dy where x > 0, else 0. The slope at exactly 0 is 0, as in every library. x may be what went into ReLU or what
 * came out: both are positive at the same places. dx may be dy.
 */
void mlp_relu_backward(float *dx, const float *x, const float *dy, int N);  /* (N), (N), (N) */

/* The mean of -log softmax(y)[target] over the rows, and its gradient (softmax(y) - one-hot) / N. Loss 0 for N = 0.
 * Given: the exercise softmax writes it. */
void mlp_loss(float *loss, float *dy,                           /* (1), (N,C) */
              const float *y, const int *target,                /* (N,C), (N) in 0 .. C-1 */
              int N, int C);

/* act from x: linear, ReLU, linear, ReLU, ..., linear. */
void mlp_forward(float *act,                                    /* mlp_count_acts */
                 const float *x, const float *p,                /* (N,size[0]), mlp_count_params */
                 int N, int L, const int *size);                /* (L+1) */

/*
 * The chain rule from the scores to the first weight. The last block of dact, the gradient of the scores, is there and
 * stays; the blocks before it are written: the gradient of what LEFT the layer's linear part, ReLU's slope already
 * multiplied in. dp is ADDED TO.
 * Rumelhart, Hinton, Williams: Learning representations by back-propagating errors, Nature 323, 1986.
 */
void mlp_backward(float *dp, float *dact,                       /* mlp_count_params, mlp_count_acts */
                  const float *x, const float *act, const float *p, /* as mlp_forward had and left them */
                  int N, int L, const int *size);

/*
 *   v = momentum v + dp      p -= rate v
 * PyTorch's SGD: the rate stands outside v, and no factor 1 - momentum. Clearing dp is the caller's affair.
 */
void mlp_update(float *p, float *v,                             /* (P), (P): changed */
                const float *dp,                                /* (P) */
                int P, float rate, float momentum);
