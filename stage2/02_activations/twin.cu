/* twin.cu -- activations.h by way of the device: inputs there, activations.cu, outputs back. So its probes are
 * activations.c's. */
#include "simt/twin.h"
#include "activations_cuda.h"

void activations_squash(float *y, const float *x, ActivationsKind kind, int N)
{
    activations_squash_cuda(Out<float>(y, N), In<float>(x, N), kind, N);
}

void activations_squash_backward(float *dx, const float *y, const float *dy, ActivationsKind kind, int N)
{
    activations_squash_backward_cuda(Out<float>(dx, N), In<float>(y, N), In<float>(dy, N), kind, N);
}

void activations_rectify(float *y, const float *x, ActivationsKind kind, float alpha, int N)
{
    activations_rectify_cuda(Out<float>(y, N), In<float>(x, N), kind, alpha, N);
}

void activations_rectify_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, float alpha, int N)
{
    activations_rectify_backward_cuda(Out<float>(dx, N), In<float>(x, N), In<float>(dy, N), kind, alpha, N);
}

void activations_gate(float *y, const float *x, ActivationsKind kind, int N)
{
    activations_gate_cuda(Out<float>(y, N), In<float>(x, N), kind, N);
}

void activations_gate_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, int N)
{
    activations_gate_backward_cuda(Out<float>(dx, N), In<float>(x, N), In<float>(dy, N), kind, N);
}

int activations_saturated(float *share, const float *slope, float small, int N, int C)
{
    int dead;
    activations_saturated_cuda(Out<float>(share, C), Out<int>(&dead, 1), In<float>(slope, N * C), small, N, C);
    return dead;
}

void activations_collapse(float *w, float *b, float *, const float *p, int L, const int *size)
{
    int params = 0, units = 0;
    for (int l = 0; l < L; l++) params += (size[l] + 1) * size[l + 1], units += size[l + 1];
    activations_collapse_cuda(Out<float>(w, size[L] * size[0]), Out<float>(b, size[L]),
                              Room<float>(units * (size[0] + 1)), In<float>(p, params), L, size);
}
