/* activations_cuda.h -- the functions of activations.h on a GPU. Every pointer is the device's, but for size, which is
 * the host's; the rest as activations.h says. What is returned there is written to the device here. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif
#include "activations.h"

void activations_squash_cuda(float *y, const float *x, ActivationsKind kind, int N);
void activations_squash_backward_cuda(float *dx, const float *y, const float *dy, ActivationsKind kind, int N);
void activations_rectify_cuda(float *y, const float *x, ActivationsKind kind, float alpha, int N);
void activations_rectify_backward_cuda(float *dx, const float *x, const float *dy, ActivationsKind kind, float alpha,
                                       int N);
void activations_gate_cuda(float *y, const float *x, ActivationsKind kind, int N);
void activations_gate_backward_cuda(float *dx, const float *x, const float *dy, ActivationsKind kind, int N);
void activations_saturated_cuda(float *share, int *dead, const float *slope, float small, int N, int C); /* dead (1) */
void activations_collapse_cuda(float *w, float *b, float *work, const float *p, int L, const int *size);

#ifdef __cplusplus
}
#endif
