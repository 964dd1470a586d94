/* twin.cu -- mlp.h by way of the device: inputs there, mlp.cu, outputs back. So its probes are mlp.c's. */
#include "simt/twin.h"
#include "mlp_cuda.h"
extern "C" {
#include "mlp.h"
}

int mlp_count_params(int L, const int *size)
{
    int count = 0;
    for (int l = 0; l < L; l++) count += (size[l] + 1) * size[l + 1];
    return count;
}

int mlp_count_acts(int N, int L, const int *size)
{
    int count = 0;
    for (int l = 0; l < L; l++) count += N * size[l + 1];
    return count;
}

void mlp_neuron(float *y, const float *x, const float *w, float b, int N, int IN)
{
    mlp_neuron_cuda(Out<float>(y, N), In<float>(x, N * IN), In<float>(w, IN), In<float>(&b, 1), N, IN);
}

int mlp_neuron_learn(float *w, float *b, const float *x, const float *target, int N, int IN, float rate)
{
    int wrong;
    mlp_neuron_learn_cuda(InOut<float>(w, IN), InOut<float>(b, 1), Out<int>(&wrong, 1), In<float>(x, N * IN),
                          In<float>(target, N), N, IN, rate);
    return wrong;
}

void mlp_linear(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    In<float> bias(b, b ? OUT : 0);
    mlp_linear_cuda(Out<float>(y, N * OUT), In<float>(x, N * IN), In<float>(w, OUT * IN), b ? bias.device : nullptr, N,
                    IN, OUT);
}

void mlp_linear_backward(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy, int N,
                         int IN, int OUT)
{
    Out<float>   in(dx, dx ? N * IN : 0);
    InOut<float> bias(db, db ? OUT : 0);
    mlp_linear_backward_cuda(dx ? in.device : nullptr, InOut<float>(dw, OUT * IN), db ? bias.device : nullptr,
                             In<float>(x, N * IN), In<float>(w, OUT * IN), In<float>(dy, N * OUT), N, IN, OUT);
}

void mlp_relu(float *y, const float *x, int N) { mlp_relu_cuda(Out<float>(y, N), In<float>(x, N), N); }

void mlp_relu_backward(float *dx, const float *x, const float *dy, int N)
{
    mlp_relu_backward_cuda(Out<float>(dx, N), In<float>(x, N), In<float>(dy, N), N);
}

void mlp_loss(float *loss, float *dy, const float *y, const int *target, int N, int C)
{
    mlp_loss_cuda(Out<float>(loss, 1), Room<float>(N), Out<float>(dy, N * C), In<float>(y, N * C), In<int>(target, N),
                  N, C);
}

void mlp_forward(float *act, const float *x, const float *p, int N, int L, const int *size)
{
    mlp_forward_cuda(Out<float>(act, mlp_count_acts(N, L, size)), In<float>(x, N * size[0]),
                     In<float>(p, mlp_count_params(L, size)), N, L, size);
}

void mlp_backward(float *dp, float *dact, const float *x, const float *act, const float *p, int N, int L,
                  const int *size)
{
    int P = mlp_count_params(L, size), A = mlp_count_acts(N, L, size);
    mlp_backward_cuda(InOut<float>(dp, P), InOut<float>(dact, A), In<float>(x, N * size[0]), In<float>(act, A),
                      In<float>(p, P), N, L, size);
}

void mlp_update(float *p, float *v, const float *dp, int P, float rate, float momentum)
{
    mlp_update_cuda(InOut<float>(p, P), InOut<float>(v, P), In<float>(dp, P), P, rate, momentum);
}
