/* vanishing_gradients.h -- why a deep stack of layers does not learn: gradients that shrink or grow, and remedies. */
/* kind: kernel; needs: nothing */
#pragma once
#include <stdbool.h>
#include "todo.h"

/*
 * A stack of L layers, all D wide, over N rows. Layer l = 1 .. L makes h_l from h_{l-1}:
 *
 *   u = n(h_{l-1})      z = u W_l^T      h_l = s h_{l-1} + b f(z)
 *
 *   f  sigmoid, tanh, ReLU, or nothing (LINEAR)
 *   n  layer norm without gain and shift, or nothing
 *   s  1 with a skip (He, Zhang, Ren, Sun: Deep Residual Learning, 2015), else 0;    b  the branch's weight
 *
 * Matrices are (N,D), weights (D,D), row o for output o; L and D >= 1, N >= 0. Outputs overlap nothing. NaN and
 * infinity are computed with, not trapped.
 */
typedef enum { LINEAR, SIGMOID, TANH, RELU } Activation;
typedef struct Layer { Activation f; bool norm, skip; float branch; } Layer;

/* One layer forward. u and z are kept for the way back. room: 2*D numbers, nobody reads them afterwards. */
void vanishing_gradients_layer(float *out, float *u, float *z, float *room,         /* (N,D), (N,D), (N,D), (2*D) */
                               const float *h, const float *W, int N, int D, const Layer *);    /* (N,D), (D,D) */

/*
 * And back: from dout, the gradient of h_l, that of h_{l-1} and of W_l.
 *   dz = b dout f'(z)      dW += dz^T u      dh = n's way back of (dz W) + s dout
 * dh is written, dW ADDED TO. room: 3*D numbers.
 */
void vanishing_gradients_layer_backward(float *dh, float *dW, float *room,          /* (N,D), (D,D), (3*D) */
                                        const float *dout, const float *h, const float *u, const float *z,
                                        const float *W, int N, int D, const Layer *);

/* By what factor size[0], size[1], ..., size[L] grows a layer: e to the slope of the line that least squares draw
 * through (l, log size[l]). Sizes that are 0, negative, NaN or infinite are left out; fewer than two others: NaN. */
double vanishing_gradients_factor(const double *size, int L);                       /* (L+1) */

/*
 * The largest singular value of W: how much it can lengthen a vector. steps times: v = W^T W v / |W^T W v|; then |W v|.
 * v holds any start; afterwards the last v, of length 1. room: D numbers. Once W v = 0 the result is 0, and v stays.
 * Golub, Van Loan: Matrix Computations, 7.3.
 */
double vanishing_gradients_spectral_norm(double *v, double *room, const float *W, int D, int steps);    /* (D), (D) */

/*
 * log of a bound that no gradient passes, |dh_0| <= bound |dh_L| for each row, in layers without norm: the product of
 *   s + |b| c |W_l|     c: the steepest f gets, 1/4 for sigmoid, 1 for the others
 * spectral[l-1] is |W_l|. A logarithm, because the product leaves every number format; -INFINITY if it is 0.
 */
double vanishing_gradients_bound(const double *spectral, int L, const Layer *);     /* (L) */

/*
 * In which layer of a plain stack (no skip, norm or branch) does float end? Weights are drawn with mean 0 and deviation
 * sd, the input's root mean square is rms. Each layer multiplies the mean square by D sd^2, ReLU by half of that.
 * Returns the first l >= 1 whose expected root mean square is above FLT_MAX, or -l if it is below FLT_TRUE_MIN; 0 if
 * neither comes within L layers. f is LINEAR or RELU. He, Zhang, Ren, Sun: Delving Deep into Rectifiers, 2015, eq. 10.
 */
int vanishing_gradients_overflow(double rms, double sd, int D, int L, Activation f);

/*
 * What ails a stack, added up, from what a step of training shows. With
 *   g = (backward[0] / backward[L])^(1/L)      the factor a layer on the way back
 *   t = the geometric mean of slope[]          what the activations give to it
 *   w = g / t                                  what the weights give (without skip and norm)
 * and c the steepest that f gets (above):
 *   BROKEN      alone: a number of forward or backward is NaN or infinite
 *   VANISHING   backward[0] < backward[L] / 1000
 *   EXPLODING   backward[0] > backward[L] * 1000
 *   FLAT        vanishing, and c < 1/2: the best place of this activation is too flat
 *   SATURATED   vanishing, and t < c/2: the units sit where it is flat
 *   WEIGHTS     exploding; or vanishing, and w < 1/2 or neither FLAT nor SATURATED
 *   DEAD        dead[l] > 9/10 in some layer
 * backward[L] = 0: nothing came in; neither vanishing nor exploding.
 */
enum { BROKEN = 1, VANISHING = 2, EXPLODING = 4, FLAT = 8, SATURATED = 16, WEIGHTS = 32, DEAD = 64 };
typedef struct Signs {
    int L;
    Activation f;
    const double *forward, *backward;   /* (L+1): root mean square of h_0 .. h_L, of dh_0 .. dh_L */
    const double *slope;                /* (L): of f'(z) in each layer, the root mean square over rows and units */
    const double *dead;                 /* (L): share of units whose slope is 0 in every row */
} Signs;
int vanishing_gradients_diagnose(const Signs *);

/*
 * What to try, added up.
 *   BROKEN      REINITIALIZE, NORMALIZE
 *   EXPLODING   REINITIALIZE, NORMALIZE, CLIP
 *   VANISHING   NORMALIZE, SKIP;  FLAT: OTHER_ACTIVATION;  SATURATED: OTHER_ACTIVATION, REINITIALIZE;
 *               WEIGHTS: REINITIALIZE
 *   DEAD        OTHER_ACTIVATION, SLOWER
 * CLIP shortens gradients that are too long: it is no remedy for short ones. SKIP keeps a gradient alive; it makes an
 * exploding one no smaller.
 */
enum { REINITIALIZE = 1, OTHER_ACTIVATION = 2, NORMALIZE = 4, SKIP = 8, CLIP = 16, SLOWER = 32 };
int vanishing_gradients_remedy(int diagnosis);

/* ---- Given ------------------------------------------------------------------------------------------------------- */

/* y = f(z) and its slope f'(z), n numbers. Sigmoid overflows nowhere: not at z = -1000, nor at 1000. ReLU's slope at 0
 * is 0. The exercise activations writes it. */
void vanishing_gradients_activate(float *y, float *slope, const float *z, int n, Activation f);     /* (n), (n), (n) */

/* out = (h - mean) / sqrt(variance + 1e-5) of each row, and its gradient (ADDED to dh). The exercise layernorm writes
 * them. */
void vanishing_gradients_norm(float *out, const float *h, int N, int D);            /* (N,D), (N,D) */
void vanishing_gradients_norm_backward(float *dh, const float *dout, const float *h, int N, int D);
