/* pooling_cuda.h -- the functions of pooling.h on a GPU. Every pointer is the device's, but for the shape, which is the
 * host's; the rest as pooling.h says. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif
#include "pooling.h"

void pooling_max_cuda(float *y, int *which, const float *x, const Pooling *);
void pooling_max_backward_cuda(float *dx, const float *dy, const int *which, const Pooling *);
void pooling_average_cuda(float *y, const float *x, int counted, const Pooling *);
void pooling_average_backward_cuda(float *dx, const float *dy, int counted, const Pooling *);
void pooling_global_cuda(float *mean, float *max, const float *x, int N, int C, int S);
void pooling_shift_cuda(float *y, const float *x, int N, int H, int W, int down, int right);
void pooling_unlike_cuda(double *apart, const float *a, const float *b, int N, int H, int W, int margin);  /* (1) */

#ifdef __cplusplus
}
#endif
