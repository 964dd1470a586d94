/* convolution_cuda.h -- the functions of convolution.h on a GPU. Every pointer is the device's, but for the shape,
 * which is the host's; the rest as convolution.h says. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif
#include "convolution.h"

/* Three rungs, one result. */
void convolution_direct_cuda(float *y, const float *x, const float *w, const float *b, const Convolution *);
void convolution_tiled_cuda(float *y, const float *x, const float *w, const float *b, const Convolution *);
void convolution_implicit_cuda(float *y, const float *x, const float *w, const float *b, const Convolution *);

void convolution_data_cuda(float *dx, const float *w, const float *dy, const Convolution *);
void convolution_weights_cuda(float *dw, float *db, const float *x, const float *dy, const Convolution *);
void convolution_by_columns_cuda(float *y, float *col, const float *x, const float *w, const float *b,
                                 const Convolution *);
/* u (OC,CG,16), v (C,tiles,16): ceil(OH/2) ceil(OW/2) tiles. */
void convolution_by_winograd_cuda(float *y, float *u, float *v, const float *x, const float *w, const float *b,
                                  const Convolution *);
/* planes: convolution_fft_room(c) + (OC - 1) planes: every output has a sum of its own. R, S: a plane. */
void convolution_by_fft_cuda(float *y, double *planes, int R, int S, const float *x, const float *w, const float *b,
                             const Convolution *);

#ifdef __cplusplus
}
#endif
