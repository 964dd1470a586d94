/* conv.h -- the three products that convolution consists of, and the ways they are computed. */
#pragma once
#include "ops.h"

/* x (N,C,H,W), w (OC,C/groups,KH,KW), y (N,OC,OH,OW), and P = stride, D = dilation:
 *     y[n,o,i,j] = sum_{c,k,l} w[o,c,k,l] x[n,c, i P + k D - pad, j P + l D - pad],  x being 0 outside
 * A transposed convolution is the same three with the roles of x and y exchanged. */
typedef struct Conv {
    int64_t N, C, H, W, OC, OH, OW, KH, KW;
    int64_t stride[2], pad[2], dilation[2], groups;
    bool    relu;                       /* forward alone: what would be negative becomes 0 */
} Conv;

const char *conv_defaults(ConvArg *);   /* 0 becomes 1; NULL, or a sentence */

/* y = conv(x, w) + b, or max(0, that), b may be NULL;  dx = what flows back to x;  dw = what flows back to w. */
typedef enum { CONV_FORWARD, CONV_DATA, CONV_WEIGHTS } ConvProduct;
size_t conv_scratch(const Conv *, ConvProduct);         /* bytes */
void   conv_forward(const Conv *, real *y, const real *x, const real *w, const real *b, void *scratch);
void   conv_data(const Conv *, real *dx, const real *dy, const real *w, void *scratch);
void   conv_weights(const Conv *, real *dw, const real *x, const real *dy, void *scratch);
void   conv_bias(real *db, const real *dy, int64_t N, int64_t C, int64_t S);    /* the sum over all but C */
double conv_flops(const Conv *);                        /* of each of the three */
void   conv_relu(real *y, int64_t n);                   /* where a way has no better place for it; NaN goes through */

/* One way of computing them. A way that is not for this build, or this machine, is all NULL. */
typedef struct ConvWay {
    bool   (*takes)(const Conv *, ConvProduct);
    size_t (*scratch)(const Conv *, ConvProduct);
    void   (*forward)(const Conv *, real *y, const real *x, const real *w, const real *b, void *scratch);
    void   (*data)(const Conv *, real *dx, const real *dy, const real *w, void *scratch);
    void   (*weights)(const Conv *, real *dw, const real *x, const real *dy, void *scratch);
} ConvWay;
extern const ConvWay conv_by_lanes;     /* conv_lanes.c: many images at once, one in each lane of a vector */
extern const ConvWay conv_by_onednn;    /* conv_dnnl.c: few images, or many channels */
