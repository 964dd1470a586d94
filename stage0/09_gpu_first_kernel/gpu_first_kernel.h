/* gpu_first_kernel.h -- a sum of vectors on a GPU: threads, blocks, launches, errors, and what the copies cost. */
/* kind: gpu; needs: nothing */
#pragma once
#include "todo.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The functions are the host's; y, a, b and x are addresses on the device, but for gpu_first_kernel_run(). N >= 0;
 * where there is nothing to do no kernel is launched, for a grid without blocks is an error. Outputs overlap no input.
 * What a function launches may still run when it returns. Source: CUDA C++ Programming Guide, chapters 2, 3.2 and 5.
 */

/* How many blocks of that many threads have at least N threads: the fewest. threads >= 1. N may be as large as an int
 * can be. */
int gpu_first_kernel_blocks(int N, int threads);

/* y[n] = a[n] + b[n], a thread each. */
void gpu_first_kernel_add(float *y, const float *a, const float *b, int N);             /* (N), (N), (N) */

/* y[n] += a x[n] by blocks x threads threads, however many that are: each takes n = its number, then the next one that
 * nobody has, a grid further. blocks, threads >= 1; neither is changed. N + blocks threads fits an int. */
void gpu_first_kernel_axpy(float *y, float a, const float *x, int N, int blocks, int threads);      /* (N), (N) */

/* A picture of H rows and W columns mirrored, left for right: y[h][w] = x[h][W-1-w]. A grid of two dimensions: x runs
 * along the columns. H <= 65535, as many blocks as a grid has along y. */
void gpu_first_kernel_mirror(float *y, const float *x, int H, int W);                   /* (H,W), (H,W) */

/* y[n] = 2 x[n] by blocks of that many threads; returns what CUDA says of the launch: cudaSuccess, which is 0, or the
 * error. An error is told once: the next to ask hears nothing of it. */
int gpu_first_kernel_try(float *y, const float *x, int N, int threads);                 /* (N), (N) */

/* y = a + b, all three on the host: memory on the device, copies, gpu_first_kernel_add(), the copy back. Nothing is
 * left on the device. Returns 0, or the first error, and then y is untouched. ms[0], ms[1], ms[2]: milliseconds of the
 * copies to the device, of the kernel and of the copy back, by events; 0 where N is 0. */
int gpu_first_kernel_run(float *y, const float *a, const float *b, int N, float *ms);   /* (N), (N), (N), (3) */

/* Given: the device's name. */
const char *gpu_first_kernel_device(void);

#ifdef __cplusplus
}
#endif
