/* twin.cu -- attention.h by way of the device: inputs there, attention.cu, outputs back. So its probes are
 * attention.c's. */
#include "simt/twin.h"
#include "attention_cuda.h"
extern "C" {
#include "attention.h"
}

typedef In<float>  Float;
typedef Out<float> Result;

void attention_scores(float *score, const float *q, const float *k, int B, int T, int S, int D)
{
    attention_scores_cuda(Result(score, B * T * S), Float(q, B * T * D), Float(k, B * S * D), B, T, S, D);
}

void attention_seen(int *seen, const int *length, int causal, int B, int T, int S)
{
    In<int> lengths(length, length ? B : 0);
    attention_seen_cuda(Out<int>(seen, B * T), length ? lengths.device : nullptr, causal, B, T, S);
}

void attention_weights(float *p, const float *score, const int *seen, int B, int T, int S)
{
    attention_weights_cuda(Result(p, B * T * S), Float(score, B * T * S), In<int>(seen, B * T), B, T, S);
}

void attention_values(float *y, const float *p, const float *v, int B, int T, int S, int DV)
{
    attention_values_cuda(Result(y, B * T * DV), Float(p, B * T * S), Float(v, B * S * DV), B, T, S, DV);
}

void attention_backward(float *dq, float *dk, float *dv, float *dscore, const float *q, const float *k, const float *v,
                        const float *p, const float *dy, int B, int T, int S, int D, int DV)
{
    attention_backward_cuda(Result(dq, B * T * D), Result(dk, B * S * D), Result(dv, B * S * DV),
                            Result(dscore, B * T * S), Float(q, B * T * D), Float(k, B * S * D), Float(v, B * S * DV),
                            Float(p, B * T * S), Float(dy, B * T * DV), B, T, S, D, DV);
}

void attention_tiled(float *y, float *lse, const float *q, const float *k, const float *v, const int *seen, int B,
                     int T, int S, int D, int DV)
{
    attention_tiled_cuda(Result(y, B * T * DV), Result(lse, B * T), Float(q, B * T * D), Float(k, B * S * D),
                         Float(v, B * S * DV), In<int>(seen, B * T), B, T, S, D, DV);
}

void attention_tiled_backward(float *dq, float *dk, float *dv, const float *q, const float *k, const float *v,
                              const float *y, const float *lse, const float *dy, const int *seen, int B, int T, int S,
                              int D, int DV)
{
    attention_tiled_backward_cuda(Result(dq, B * T * D), Result(dk, B * S * D), Result(dv, B * S * DV),
                                  Float(q, B * T * D), Float(k, B * S * D), Float(v, B * S * DV), Float(y, B * T * DV),
                                  Float(lse, B * T), Float(dy, B * T * DV), In<int>(seen, B * T), B, T, S, D, DV);
}

void attention_statistics(int *possible, float *entropy, float *jacobian, const float *p, int N, int S)
{
    attention_statistics_cuda(Out<int>(possible, N), Result(entropy, N), Result(jacobian, N), Float(p, N * S), N, S);
}
