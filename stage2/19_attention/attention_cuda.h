/* attention_cuda.h -- the functions of attention.h on a GPU. Every pointer is the device's; the rest as attention.h
 * says. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

void attention_scores_cuda(float *score, const float *q, const float *k, int B, int T, int S, int D);
void attention_seen_cuda(int *seen, const int *length, int causal, int B, int T, int S);
void attention_weights_cuda(float *p, const float *score, const int *seen, int B, int T, int S);
void attention_values_cuda(float *y, const float *p, const float *v, int B, int T, int S, int DV);
void attention_backward_cuda(float *dq, float *dk, float *dv, float *dscore, const float *q, const float *k,
                             const float *v, const float *p, const float *dy, int B, int T, int S, int D, int DV);
void attention_tiled_cuda(float *y, float *lse, const float *q, const float *k, const float *v, const int *seen, int B,
                          int T, int S, int D, int DV);
void attention_tiled_backward_cuda(float *dq, float *dk, float *dv, const float *q, const float *k, const float *v,
                                   const float *y, const float *lse, const float *dy, const int *seen, int B, int T,
                                   int S, int D, int DV);
void attention_statistics_cuda(int *possible, float *entropy, float *jacobian, const float *p, int N, int S);

#ifdef __cplusplus
}
#endif
