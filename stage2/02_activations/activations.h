/* activations.h -- the functions between two layers, and their slopes; units that stopped learning; layers without. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * N numbers each, N >= 0; N = 0 writes nothing. y may be x and dx may be dy; outputs overlap nothing else. NaN gives
 * NaN (what comes back through a rectifier there is left open). No x up to 1e9 in size overflows on the way. Small
 * results keep their digits: sigmoid(-80) is 1.8e-35 and not 0, tanh(1e-6) is 1e-6.
 */
typedef enum ActivationsKind {
    ACTIVATIONS_SIGMOID,                /* 1 / (1 + exp(-x)) */
    ACTIVATIONS_TANH,

    ACTIVATIONS_RELU,                   /* max(0, x) */
    ACTIVATIONS_LEAKY_RELU,             /* x < 0: alpha x.  Maas, Hannun, Ng, ICML 2013 */
    ACTIVATIONS_ELU,                    /* x < 0: alpha (exp(x) - 1).  Clevert, Unterthiner, Hochreiter, 2015 */
    ACTIVATIONS_SOFTPLUS,               /* log(1 + exp(x)) */

    ACTIVATIONS_SILU,                   /* x sigmoid(x).  Also called Swish */
    ACTIVATIONS_GELU,                   /* x Phi(x), Phi the normal distribution's: (1 + erf(x / sqrt 2)) / 2 */
    ACTIVATIONS_GELU_TANH,              /* x/2 (1 + tanh u), u = sqrt(2 / pi) (x + 0.044715 x^3).  Both: Hendrycks,
                                         * Gimpel, 2016 */
} ActivationsKind;

/* Squash: everything between two bounds. SIGMOID or TANH. */
void activations_squash(float *y, const float *x, ActivationsKind kind, int N);

/* dx = dy times the slope at the place where y came out. y is all that it needs. */
void activations_squash_backward(float *dx, const float *y, const float *dy, ActivationsKind kind, int N);

/* Rectify: x where it is large, little where it is negative. RELU, LEAKY_RELU, ELU, SOFTPLUS; alpha is of LEAKY_RELU
 * and ELU alone. */
void activations_rectify(float *y, const float *x, ActivationsKind kind, float alpha, int N);

/* dx = dy times the slope at x. At exactly 0 the left side's: 0 of RELU, alpha of LEAKY_RELU and ELU. */
void activations_rectify_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, float alpha, int N);

/* Gate: x times how far it is let through. SILU, GELU, GELU_TANH. */
void activations_gate(float *y, const float *x, ActivationsKind kind, int N);

/* dx = dy times the slope at x. */
void activations_gate_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, int N);

/*
 * slope (N,C): of C units at N samples, as the backward functions give it for dy = 1. share[c]: in which part of the
 * samples unit c is saturated, its slope being smaller in size than `small`. Returns how many units are dead: saturated
 * at every sample, so that no gradient comes through. NaN is not small. N >= 1.
 */
int activations_saturated(float *share, const float *slope, float small, int N, int C);     /* (C), (N,C) */

/*
 * L linear layers with nothing between them are one: w x + b = w[L-1] (... w[1] (w[0] x + b[0]) + b[1] ...) + b[L-1].
 * p holds the layers one after the other, w[l] (size[l+1],size[l]) and then b[l] (size[l+1]). L >= 1. Sums are rounded
 * to float once a layer. work has room for a table [w b] of each layer: (size[1] + ... + size[L], size[0] + 1).
 */
void activations_collapse(float *w, float *b, float *work,              /* (size[L],size[0]), (size[L]) */
                          const float *p, int L, const int *size);      /* (L+1) */
