/* lstm_cuda.h -- the functions of lstm.h on a GPU. Every pointer is the device's; the rest as lstm.h says. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

void lstm_sums_cuda(float *z, const float *x, const float *before, const float *w_ih, const float *w_hh, const float *b,
                    int B, int IN, int H);
void lstm_cell_cuda(float *h, float *c, float *gate, const float *z, const float *before, int B, int H);
void lstm_forward_cuda(float *y, float *c, float *gate, const float *x, const float *h0, const float *c0,
                       const float *w_ih, const float *w_hh, const float *b, int T, int B, int IN, int H);
void lstm_cell_backward_cuda(float *dz, float *dc, const float *dh, const float *gate, const float *c,
                             const float *before, int B, int H);
void lstm_backward_cuda(float *dz, float *dh, float *dc, const float *dy, const float *gate, const float *c,
                        const float *c0, const float *w_hh, int T, int B, int H);
void lstm_weights_backward_cuda(float *dx, float *dw_ih, float *dw_hh, float *db, const float *dz, const float *x,
                                const float *h0, const float *y, const float *w_ih, int T, int B, int IN, int H);
void lstm_chrono_cuda(float *b, const float *u, int T, int H);
void lstm_kept_cuda(float *kept, const float *gate, int T, int B, int H);

#ifdef __cplusplus
}
#endif
