/* twin.cu -- softmax.h by way of the device: inputs there, softmax.cu, outputs back. So its probes are softmax.c's. */
#include "simt/twin.h"
#include "softmax_cuda.h"
extern "C" {
#include "softmax.h"
}

void softmax(float *y, const float *x, int N, int C) { softmax_cuda(Out<float>(y, N * C), In<float>(x, N * C), N, C); }

void softmax_backward(float *dx, const float *y, const float *dy, int N, int C)
{
    softmax_backward_cuda(Out<float>(dx, N * C), In<float>(y, N * C), In<float>(dy, N * C), N, C);
}

void softmax_log(float *y, const float *x, int N, int C)
{
    softmax_log_cuda(Out<float>(y, N * C), In<float>(x, N * C), N, C);
}

void softmax_log_backward(float *dx, const float *y, const float *dy, int N, int C)
{
    softmax_log_backward_cuda(Out<float>(dx, N * C), In<float>(y, N * C), In<float>(dy, N * C), N, C);
}

void softmax_cross_entropy(float *loss, float *lse, const float *x, const int *target, int N, int C)
{
    softmax_cross_entropy_cuda(Out<float>(loss, 1), Room<float>(N), Out<float>(lse, N), In<float>(x, N * C),
                               In<int>(target, N), N, C);
}

void softmax_cross_entropy_backward(float *dx, const float *x, const int *target, const float *lse, const float *dloss,
                                    int N, int C)
{
    softmax_cross_entropy_backward_cuda(Out<float>(dx, N * C), In<float>(x, N * C), In<int>(target, N),
                                        In<float>(lse, N), In<float>(dloss, 1), N, C);
}

void softmax_masked(float *y, const float *x, const int *mask, int N, int C)
{
    softmax_masked_cuda(Out<float>(y, N * C), In<float>(x, N * C), In<int>(mask, N * C), N, C);
}

void softmax_sequences(float *y, const float *x, const int *length, int causal, int B, int T)
{
    softmax_sequences_cuda(Out<float>(y, B * T * T), In<float>(x, B * T * T), In<int>(length, B), causal, B, T);
}
