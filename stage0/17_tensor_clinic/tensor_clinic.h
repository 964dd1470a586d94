/* tensor_clinic.h -- eight small programs that use the tensor library, each with one mistake to be found and mended. */
/* kind: clinic; needs: common */
#pragma once
#include "todo.h"

/*
 * What each program is to compute stands here, and is right. Arrays are row-major; sizes are 1 or more. What the
 * library says of a mistake is a sentence, with the operation and the shapes it was given; some it cannot see.
 */

/* Shape. A layer: y = x w^T + b. */
void tensor_clinic_shape(float *y,                                              /* (N,OUT) */
                         const float *x, const float *w, const float *b,        /* (N,IN), (OUT,IN), (OUT) */
                         int N, int IN, int OUT);

/* Dtype. The mean cross-entropy of scores x, and its gradient dx. label[n] is 0 .. C-1. */
float tensor_clinic_dtype(float *dx,                                            /* (N,C) */
                          const float *x, const int *label, int N, int C);      /* (N,C), (N) */

/*
 * Device. y = x times scale, column by column. scale comes from a loader that has put it on the GPU, x is on the CPU,
 * and y is wanted there. So that everybody can try it, the GPU is played here: its memory is the CPU's with another
 * label, which the library believes.
 */
void tensor_clinic_device(float *y,                                             /* (N,C) */
                          const float *x, const float *scale, int N, int C);    /* (N,C), (C) */

/* Stride. y = exp(x) transposed, in a row: y[c N + n] = exp(x[n C + c]). */
void tensor_clinic_stride(float *y,                                             /* (C,N) */
                          const float *x, int N, int C);                        /* (N,C) */

/* Aliasing. A residual, y = tanh(x) + x, and dx, the gradient of y's sum: 2 - tanh(x)^2. */
void tensor_clinic_alias(float *y, float *dx,                                   /* (N), (N) */
                         const float *x, int N);                                /* (N) */

/* Lifetime. dx, the gradient of the mean of sigmoid(x)^2; returns the mean of sigmoid(x), for the log. */
float tensor_clinic_lifetime(float *dx,                                         /* (N) */
                             const float *x, int N);                            /* (N) */

/* Wrong axis. Each row without its mean: y[n][c] = x[n][c] - mean of row n. */
void tensor_clinic_axis(float *y,                                               /* (N,C) */
                        const float *x, int N, int C);                          /* (N,C) */

/*
 * Forgotten reset. Gradient descent on the mean of (x w - y)^2 from w = 0:
 *   steps times:   w = w - rate gradient(w)
 * Writes w after the last step, and loss[s], what step s found before it moved.
 */
void tensor_clinic_reset(float *w, float *loss,                                 /* (D), (steps) */
                         const float *x, const float *y,                        /* (N,D), (N) */
                         float rate, int steps, int N, int D);
