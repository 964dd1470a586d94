/* gpu_memory.h -- memory on a GPU: what a warp asks for at once, transposes that pay for it, and vectors of four. */
/* kind: gpu; needs: nothing */
#pragma once
#include "todo.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The functions are the host's; their pointers are addresses on the device, but for gpu_memory_run()'s. Sizes are >= 0;
 * where there is nothing to do no kernel is launched. Counts of numbers fit an int, with the threads of a grid added;
 * R, C and B are at most 65535, as many blocks as a grid has along y and z. Outputs overlap no input. What a function
 * launches may still run when it returns.
 *
 * A warp's access is one request. It moves whole sectors: 32 bytes that begin at a multiple of 32. Shared memory has
 * 32 banks, word w (of 4 bytes) in bank w % 32; each bank hands out one word a wave. Source: CUDA C++ Best Practices
 * Guide, "Coalesced Access to Global Memory", "Shared Memory and Memory Banks".
 */

/* y = x, N numbers, by a grid of at most that many blocks (>= 1): a thread takes every so-many-th number, so that
 * neighbours in a warp take neighbours in memory. */
void gpu_memory_copy(float *y, const float *x, int N, int blocks);

/* y = x^T, (R,C) -> (C,R): y[c][r] = x[r][c]. A thread a number; a warp reads a row. Left: it writes a column, and each
 * of its 32 numbers is alone in a sector. */
void gpu_memory_transpose_naive(float *y, const float *x, int R, int C);

/* The same by way of a tile of 32 x 32 in shared memory: rows are read, rows are written. Left: in shared memory the
 * warp reads a column, and all of it lies in one bank. */
void gpu_memory_transpose_tile(float *y, const float *x, int R, int C);

/* B matrices, (B,R,C) -> (B,C,R). Rows of the tile are one word longer, so that a column goes over all banks. Left: the
 * words that nobody uses. */
void gpu_memory_transpose_padded(float *y, const float *x, int B, int R, int C);

/* (R,C) -> (C,R) once more. No word is wasted: tile row i keeps the number of column j at place j ^ i. */
void gpu_memory_transpose_swizzled(float *y, const float *x, int R, int C);

/* (N,3) -> x, y, z of N each: points that lie number beside number become three arrays. All of global memory is read
 * and written by rows; what is picked out every third, is picked out in shared memory. */
void gpu_memory_unzip(float *x, float *y, float *z, const float *points, int N);

/* y = x, N numbers, 16 bytes a thread where both addresses are multiples of 16: a quarter of the requests. The last
 * N % 4 go one by one. Where an address is no such multiple, they all do. */
void gpu_memory_copy4(float *y, const float *x, int N);

/* The ladder for programs, on host arrays: copies them to the device and back, and says how many milliseconds the
 * kernel took (of this CPU's time where there is no GPU). y and x have R C numbers. NULL, or CUDA's words. */
enum {
    GPU_MEMORY_COPY, GPU_MEMORY_NAIVE, GPU_MEMORY_TILE, GPU_MEMORY_PADDED, GPU_MEMORY_SWIZZLED, GPU_MEMORY_COPY4,
    GPU_MEMORY_RUNGS
};
const char *gpu_memory_run(int rung, float *y, const float *x, int R, int C, float *ms);

#ifdef __cplusplus
}
#endif
