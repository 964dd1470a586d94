/* convolution.h -- a window slid over images: four ways of doing it, its gradients, and what an output sees. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * One window of weights slides over an image and leaves a number at each place:
 *
 *   y[n,o,i,j] = b[o] + sum over c, k, l of  w[o,c,k,l] x[n, g CG + c, i P + k D - pad, j P + l D - pad]
 *
 * P is the stride, D the dilation, each with one number for down and one for across; x is 0 outside. Channels fall
 * into `groups` equal parts: output o belongs to part g = o / (OC/groups) and sees that part's CG = C/groups channels.
 * The window is not flipped: mathematics calls this cross-correlation, everybody here convolution.
 *
 * Every size, stride and dilation >= 1, pad >= 0; groups divides C and OC; the window with its gaps fits into the
 * padded image. N >= 0, and N = 0 writes nothing and adds nothing. No array has 2^31 elements. Outputs overlap neither
 * inputs nor each other. NaN and infinity are computed with, not trapped: by definition and by columns a NaN of x
 * reaches the outputs that saw it, by Winograd its tiles, by Fourier all outputs of its image that see its channel.
 */
typedef struct Convolution {
    int N, C, H, W;                         /* x: (N,C,H,W) */
    int OC, KH, KW;                         /* w: (OC,C/groups,KH,KW); b: (OC) */
    int stride[2], pad[2], dilation[2];     /* down, across */
    int groups;
} Convolution;

/* y and dy: (N,OC,OH,OW), OH = (H + 2 pad - D (KH - 1) - 1) / P + 1 rounded down, OW likewise. Given. */
int convolution_height(const Convolution *);
int convolution_width(const Convolution *);

/* y by its definition. b may be NULL: no bias.
 * LeCun et al.: Backpropagation applied to handwritten zip code recognition, Neural Computation 1, 1989. */
void convolution_direct(float *y, const float *x, const float *w, const float *b, const Convolution *);

/* dx of a pixel = the sum of w dy over all outputs that saw it, w being the weight that they saw it with. Written. */
void convolution_data(float *dx, const float *w, const float *dy, const Convolution *);

/* dw += the sum of x dy over all places of the window;  db += the sum of dy. db may be NULL. Both are ADDED TO. */
void convolution_weights(float *dw, float *db, const float *x, const float *dy, const Convolution *);

/*
 * y as a product of matrices. For one image, row (c,k,l) of col is what weight (c,k,l) meets at each place, (i,j) =
 * (0,0), (0,1), ...; 0 where that is outside. Then y = w col + b, for each group its own rows.
 * col is work space, (C KH KW, OH OW): it holds the last image's columns in the end.
 * Chellapilla, Puri, Simard: High performance convolutional neural networks for document processing, 2006.
 */
void convolution_by_columns(float *y, float *col, const float *x, const float *w, const float *b, const Convolution *);

/*
 * y by Winograd's F(2x2, 3x3): four outputs from 16 products instead of 36, for windows of 3 x 3 with stride and
 * dilation 1 alone. With the matrices of convolution.c, for each tile d (4,4) of x and window g (3,3):
 *
 *   y (2,2) = A^T [ sum over c of (G g G^T) * (B^T d B) ] A        * element by element
 *
 * Tiles begin at every second row and column; where one hangs over the edge, what is outside is not written.
 * work: convolution_winograd_room numbers, for the windows' transforms and for those of one place's tiles.
 * Lavin, Gray: Fast algorithms for convolutional neural networks, 2016, arXiv:1509.09308.
 */
int  convolution_winograd_room(const Convolution *);    /* 16 (OC C/groups + C). Given */
void convolution_by_winograd(float *y, float *work, const float *x, const float *w, const float *b,
                             const Convolution *);

/*
 * y by Fourier's transform: sum over c of X[c] conj(W[o,c]), transformed back, read at every P-th place. The planes
 * are as large as the padded image, rounded up to powers of two; the window's weights stand D apart.
 * work: convolution_fft_room numbers: a plane for each window, for each channel of one image, and one for the sum.
 * Mathieu, Henaff, LeCun: Fast training of convolutional networks through FFTs, 2013, arXiv:1312.5851.
 */
int  convolution_fft_room(const Convolution *);         /* 2 R S (OC C/groups + C + 1), planes (R,S). Given */
void convolution_by_fft(float *y, double *work, const float *x, const float *w, const float *b, const Convolution *);

/*
 * Which of several ways is the fastest here? The clock runs way 0 .. ways-1 once and says how long that took, or
 * something negative: that way cannot. Every way runs once in each of `rounds` rounds, in order, round after round, so
 * that a disturbance hits all alike; one that cannot is not asked again. best gets each way's shortest time, INFINITY
 * for one that cannot. Returns the fastest, the first of equals; -1 where none can. ways >= 0, rounds >= 1.
 */
typedef double ConvolutionClock(void *ctx, int way);
int convolution_tune(double *best, ConvolutionClock *clock, void *ctx, int ways, int rounds);   /* (ways) */

/*
 * The receptive field, along one axis. After l layers, output i depends on pixels
 *   start[l] + i jump[l]  ..  start[l] + i jump[l] + size[l] - 1
 * and on no others; those outside the image are padding. Layer 0 is the image: size 1, jump 1, start 0. A layer is four
 * numbers: window, stride, pad, dilation.
 */
void convolution_field(int *size, int *jump, int *start,        /* (L+1) */
                       const int *layer, int L);                /* (L,4) */
