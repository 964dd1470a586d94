/* softmax_cuda.h -- the functions of softmax.h on a GPU. Every pointer is the device's; the rest as softmax.h says. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

void softmax_cuda(float *y, const float *x, int N, int C);                              /* (N,C) -> (N,C) */
void softmax_backward_cuda(float *dx, const float *y, const float *dy, int N, int C);
void softmax_log_cuda(float *y, const float *x, int N, int C);
void softmax_log_backward_cuda(float *dx, const float *y, const float *dy, int N, int C);
void softmax_cross_entropy_cuda(float *loss, float *losses, float *lse,                 /* (1), (N) each row's, (N) */
                                const float *x, const int *target, int N, int C);
void softmax_cross_entropy_backward_cuda(float *dx, const float *x, const int *target, const float *lse,
                                         const float *dloss, int N, int C);
void softmax_masked_cuda(float *y, const float *x, const int *mask, int N, int C);
void softmax_sequences_cuda(float *y, const float *x, const int *length, int causal, int B, int T);

#ifdef __cplusplus
}
#endif
