/* twin.cu -- pooling.h by way of the device: inputs there, pooling.cu, outputs back. So its probes are pooling.c's. */
#include "simt/twin.h"
#include "pooling_cuda.h"

int pooling_height(const Pooling *p) { return (p->H + 2 * p->pad[0] - p->window[0]) / p->stride[0] + 1; }
int pooling_width(const Pooling *p) { return (p->W + 2 * p->pad[1] - p->window[1]) / p->stride[1] + 1; }

static int pixels(const Pooling *p) { return p->N * p->C * p->H * p->W; }
static int outputs(const Pooling *p) { return p->N * p->C * pooling_height(p) * pooling_width(p); }

void pooling_max(float *y, int *which, const float *x, const Pooling *p)
{
    pooling_max_cuda(Out<float>(y, outputs(p)), Out<int>(which, outputs(p)), In<float>(x, pixels(p)), p);
}

void pooling_max_backward(float *dx, const float *dy, const int *which, const Pooling *p)
{
    pooling_max_backward_cuda(Out<float>(dx, pixels(p)), In<float>(dy, outputs(p)), In<int>(which, outputs(p)), p);
}

void pooling_average(float *y, const float *x, int counted, const Pooling *p)
{
    pooling_average_cuda(Out<float>(y, outputs(p)), In<float>(x, pixels(p)), counted, p);
}

void pooling_average_backward(float *dx, const float *dy, int counted, const Pooling *p)
{
    pooling_average_backward_cuda(Out<float>(dx, pixels(p)), In<float>(dy, outputs(p)), counted, p);
}

void pooling_global(float *mean, float *max, const float *x, int N, int C, int S)
{
    pooling_global_cuda(Out<float>(mean, N * C), Out<float>(max, N * C), In<float>(x, N * C * S), N, C, S);
}

void pooling_shift(float *y, const float *x, int N, int H, int W, int down, int right)
{
    pooling_shift_cuda(Out<float>(y, N * H * W), In<float>(x, N * H * W), N, H, W, down, right);
}

double pooling_unlike(const float *a, const float *b, int N, int H, int W, int margin)
{
    double apart = 0;
    pooling_unlike_cuda(Out<double>(&apart, 1), In<float>(a, N * H * W), In<float>(b, N * H * W), N, H, W, margin);
    return apart;
}
