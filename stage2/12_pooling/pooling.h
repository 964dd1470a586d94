/* pooling.h -- many pixels become one: the largest or the mean of a window, or of a whole image; and what shifts do. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * x (N,C,H,W) -> y (N,C,OH,OW). Every channel by itself; no parameters. Place i of a window stands on rows
 * i P - pad .. i P - pad + KH - 1, P being the stride, and likewise across. Windows are full or hang over the border;
 * none lies wholly outside: pad <= half the window, and the window fits into the padded image.
 * N >= 0, and N = 0 writes nothing. Sizes and strides >= 1. No array has 2^31 elements. Outputs overlap neither inputs
 * nor each other. NaN is computed with, not trapped.
 */
typedef struct Pooling {
    int N, C, H, W;
    int window[2], stride[2], pad[2];       /* down, across */
} Pooling;

/* OH = (H + 2 pad - window) / stride + 1 rounded down; OW likewise. Given. */
int pooling_height(const Pooling *);
int pooling_width(const Pooling *);

/*
 * The largest of each window; pixels outside do not take part. which: its place in its image, row W + column. Of equals
 * the first, row by row; a NaN is larger than everything, and the first NaN counts.
 */
void pooling_max(float *y, int *which, const float *x, const Pooling *);       /* (N,C,OH,OW) twice */

/* dx: each dy goes to the pixel that won, where windows overlap they add up; all other pixels get 0. Written. */
void pooling_max_backward(float *dx, const float *dy, const int *which, const Pooling *);

/* The mean of each window. counted: pixels outside count as zeros; else the sum is divided by those inside alone. */
void pooling_average(float *y, const float *x, int counted, const Pooling *);

/* dx: each dy is shared out evenly among the pixels that made the mean. Written. */
void pooling_average_backward(float *dx, const float *dy, int counted, const Pooling *);

/*
 * Whole images, S = H W pixels: mean and largest of each channel, (N,C) both. Whatever the size of an image, C numbers
 * come out. NaN as above. Lin, Chen, Yan: Network in network, 2013, arXiv:1312.4400.
 */
void pooling_global(float *mean, float *max, const float *x, int N, int C, int S);

/* y is x moved `down` and `right` (up and left where negative); zeros enter, what leaves is lost. (N,H,W) both. */
void pooling_shift(float *y, const float *x, int N, int H, int W, int down, int right);

/*
 * How far f(shift x) is from shift f(x): the largest |a - b| of the pixels at least `margin` from every border, divided
 * by the largest |b| of them. a, b: (N,H,W). 0 where no pixel is left, or where both are 0 throughout; INFINITY where
 * only b is. All numbers finite; margin >= 0.
 */
double pooling_unlike(const float *a, const float *b, int N, int H, int W, int margin);
