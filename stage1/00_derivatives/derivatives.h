/* derivatives.h -- derivatives three ways: by pairs, by differences, by hand; losses that stand large logits. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * Forward mode: a number and its derivative by one variable, carried along. v + d e with e^2 = 0, so that
 * f(v + d e) = f(v) + f'(v) d e. A constant has d = 0, the variable itself d = 1. Clifford 1873; Griewank, Walther:
 * Evaluating Derivatives, 2008.
 *
 * op applied to a, and b where it takes two. DUAL_RELU has derivative 0 at 0, DUAL_ABS too. POWER is a to the constant
 * b.v (b.d is not looked at), a.v > 0. What has no value (log of -1) is what C's function gives.
 */
typedef struct Dual { double v, d; } Dual;
typedef enum {
    DUAL_ADD, DUAL_SUB, DUAL_MUL, DUAL_DIV,                                 /* of two */
    DUAL_POWER, DUAL_EXP, DUAL_LOG, DUAL_SQRT, DUAL_SIN, DUAL_TANH, DUAL_ABS, DUAL_RELU,
} DualOp;
Dual derivatives_dual(DualOp op, Dual a, Dual b);

/*
 *   g[n] = (f(.., x[n] + h, ..) - f(.., x[n] - h, ..)) / 2h        with the h that x[n] + h really makes
 *
 * h = step max(1, |x[n]|). x is changed on the way, and is at the end what it was, bit by bit. The divisor is the
 * difference of the two places as stored, not 2h: h is rounded away otherwise. step > 0.
 */
typedef double Function(const double *x, int N, const void *of);
void derivatives_central(double *g, double *x, Function *f, const void *of, int N, double step);    /* (N), (N) */

/*
 * y = tanh(W x): its Jacobian, J[m][n] = dy[m]/dx[n], and what flows back from dy, a row vector times Jacobian:
 *   dx = dy J          without making J
 *   dW[m][n] = dy[m] dy[m]/dW[m][n]
 */
void derivatives_layer(double *J, double *dx, double *dW,                   /* (M,N), (N), (M,N) */
                       const double *dy, const double *W, const double *x, int M, int N);   /* (M), (M,N), (N) */

/* Y = A X B, A (M,K), X (K,L), B (L,N): what flows back from dY (M,N). room: K*N + M*L doubles. Petersen, Pedersen: The
 * Matrix Cookbook, 2.4. */
void derivatives_axb(double *dA, double *dX, double *dB, double *room,      /* (M,K), (K,L), (L,N) */
                     const double *dY, const double *A, const double *X, const double *B, int M, int K, int L, int N);

/* ---- Losses: each returns its mean over N and writes the gradient of that mean ----------------------------------- */

/* r = p - y:  r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2). delta INFINITY: half the squared error. N >= 1.
 * Huber, Annals of Mathematical Statistics 1964. */
double derivatives_huber(double *dp, const double *p, const double *y, double delta, int N);

/*
 * Two classes, y = +1 or -1, z a logit; m = y z is the margin, above 0 where the sign is right.
 *   MARGIN_LOG       log(1 + exp(-m)): right to the last digits for any z, +-1e4 too, where exp is infinite or 0
 *   MARGIN_HINGE     max(0, 1 - m); slope 0 at m = 1
 *   MARGIN_SQUARED   max(0, 1 - m)^2
 */
typedef enum { MARGIN_LOG, MARGIN_HINGE, MARGIN_SQUARED } Margin;
double derivatives_margin(double *dz, Margin kind, const double *z, const int *y, int N);

/* -log softmax(row)[target]: log sum_c exp(z[c]) - z[target], for logits of any size; dz = (softmax - one-hot) / N.
 * z, dz (N,C). */
double derivatives_softmax(double *dz, const double *z, const int *target, int N, int C);

/* -log of a normal density, mean mu, variance exp(s):  (s + (y - mu)^2 exp(-s) + log 2 pi) / 2. The variance is given
 * by its logarithm, so no step can make it negative. Gradients by mu and s. */
double derivatives_gaussian(double *dmu, double *ds, const double *mu, const double *s, const double *y, int N);
