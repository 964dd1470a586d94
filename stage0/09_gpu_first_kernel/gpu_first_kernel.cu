/* gpu_first_kernel.cu -- a sum of vectors on a GPU: threads, blocks, launches, errors, and what the copies cost. */
#include <cuda_runtime.h>
#include "gpu_first_kernel.h"

enum { THREADS = 256 };                     /* of a block: a multiple of 32, for threads run in warps of 32 */

int gpu_first_kernel_blocks(int N, int threads)
{
    /* exercise: N over threads, rounded up, without a sum that an int cannot hold */
    return N / threads + (N % threads != 0);
    /* end */
}

/* ---- A thread a number ------------------------------------------------------------------------------------------- */

static __global__ void add(float *y, const float *a, const float *b, int N)
{
    /* exercise: which n is this thread's? Add there, if there is such an element */
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N) y[n] = a[n] + b[n];
    /* end */
}

void gpu_first_kernel_add(float *y, const float *a, const float *b, int N)
{
    /* exercise: launch add() with blocks of THREADS threads, as many as N needs; none where N is 0 */
    if (N == 0) return;
    add<<<gpu_first_kernel_blocks(N, THREADS), THREADS>>>(y, a, b, N);
    /* end */
}

/* ---- A grid of any size: who is done takes the next one a grid further ------------------------------------------- */

static __global__ void axpy(float *y, float a, const float *x, int N)
{
    /* exercise: begin at this thread's number, go on by the number of threads of the grid, add a x[n] to y[n] */
    int stride = gridDim.x * blockDim.x;
    for (int n = blockIdx.x * blockDim.x + threadIdx.x; n < N; n += stride)
        y[n] += a * x[n];
    /* end */
}

void gpu_first_kernel_axpy(float *y, float a, const float *x, int N, int blocks, int threads)
{
    if (N == 0) return;
    axpy<<<blocks, threads>>>(y, a, x, N);
}

/* ---- Two dimensions ---------------------------------------------------------------------------------------------- */

static __global__ void mirror(float *y, const float *x, int H, int W)
{
    /* exercise: this thread's row and column; read from the mirrored column */
    int w = blockIdx.x * blockDim.x + threadIdx.x;
    int h = blockIdx.y * blockDim.y + threadIdx.y;
    if (h < H && w < W) y[h * W + w] = x[h * W + W - 1 - w];
    /* end */
}

void gpu_first_kernel_mirror(float *y, const float *x, int H, int W)
{
    /* exercise: blocks of 32 columns and 8 rows, as many of both as the picture needs; none where it is empty */
    dim3 block(32, 8);
    dim3 grid(gpu_first_kernel_blocks(W, block.x), gpu_first_kernel_blocks(H, block.y));
    if (H > 0 && W > 0) mirror<<<grid, block>>>(y, x, H, W);
    /* end */
}

/* ---- A launch returns nothing: ask ------------------------------------------------------------------------------- */

static __global__ void twice(float *y, const float *x, int N)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N) y[n] = 2 * x[n];
}

int gpu_first_kernel_try(float *y, const float *x, int N, int threads)
{
    if (N == 0) return cudaSuccess;
    /* exercise: launch twice() with blocks of `threads` threads, and return what became of the launch */
    twice<<<gpu_first_kernel_blocks(N, threads), threads>>>(y, x, N);
    return cudaGetLastError();
    /* end */
}

/* ---- From the host and back -------------------------------------------------------------------------------------- */

/* Three copies and a kernel with an event before, between and behind them; when all is done, what lies between. */
static cudaError_t copy_add_copy(float *y, float *device[3], const float *a, const float *b, int N, float *ms)
{
    cudaError_t e = cudaSuccess;
    cudaEvent_t at[4];
    size_t      size = N * sizeof *y;
    for (int i = 0; i < 4; i++) cudaEventCreate(&at[i]);
    /* exercise: an event, two copies, an event, add(), an event, the copy back, an event; the first error counts */
    cudaEventRecord(at[0]);
    e = cudaMemcpy(device[1], a, size, cudaMemcpyHostToDevice);
    if (!e) e = cudaMemcpy(device[2], b, size, cudaMemcpyHostToDevice);
    cudaEventRecord(at[1]);
    if (!e) gpu_first_kernel_add(device[0], device[1], device[2], N);
    if (!e) e = cudaGetLastError();
    cudaEventRecord(at[2]);
    if (!e) e = cudaMemcpy(y, device[0], size, cudaMemcpyDeviceToHost);
    cudaEventRecord(at[3]);
    /* end */
    cudaEventSynchronize(at[3]);
    for (int i = 0; i < 3; i++) cudaEventElapsedTime(&ms[i], at[i], at[i + 1]);
    for (int i = 0; i < 4; i++) cudaEventDestroy(at[i]);
    return e;
}

int gpu_first_kernel_run(float *y, const float *a, const float *b, int N, float *ms)
{
    float      *device[3] = { nullptr, nullptr, nullptr };      /* y, a, b */
    cudaError_t e = cudaSuccess;
    ms[0] = ms[1] = ms[2] = 0;
    if (N == 0) return e;
    /* exercise: memory for three vectors, copy_add_copy() if there is that much, and give back whatever there was */
    for (int i = 0; i < 3 && !e; i++) e = cudaMalloc(&device[i], N * sizeof *y);
    if (!e) e = copy_add_copy(y, device, a, b, N, ms);
    for (int i = 0; i < 3; i++) cudaFree(device[i]);            /* cudaFree(NULL) does nothing */
    if (e) cudaGetLastError();                                  /* who asks next is not told of it again */
    return e;
    /* end */
}

const char *gpu_first_kernel_device(void)
{
    static cudaDeviceProp p;
    if (cudaGetDeviceProperties(&p, 0)) return "none";
    return p.name;
}
