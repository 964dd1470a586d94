/* mlp_cuda.h -- the functions of mlp.h on a GPU. Every pointer is the device's, but for size, which is the host's; the
 * rest as mlp.h says. What is returned there is written to the device here. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

void mlp_neuron_cuda(float *y, const float *x, const float *w, const float *b, int N, int IN);  /* b (1) */
void mlp_neuron_learn_cuda(float *w, float *b, int *wrong, const float *x, const float *target, int N, int IN,
                           float rate);                                         /* wrong (1) */
void mlp_linear_cuda(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT);
void mlp_linear_backward_cuda(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy, int N,
                              int IN, int OUT);
void mlp_relu_cuda(float *y, const float *x, int N);
void mlp_relu_backward_cuda(float *dx, const float *x, const float *dy, int N);
void mlp_loss_cuda(float *loss, float *losses, float *dy, const float *y, const int *target, int N, int C);
                                                                                /* losses (N): each row's */
void mlp_forward_cuda(float *act, const float *x, const float *p, int N, int L, const int *size);
void mlp_backward_cuda(float *dp, float *dact, const float *x, const float *act, const float *p, int N, int L,
                       const int *size);
void mlp_update_cuda(float *p, float *v, const float *dp, int P, float rate, float momentum);

#ifdef __cplusplus
}
#endif
