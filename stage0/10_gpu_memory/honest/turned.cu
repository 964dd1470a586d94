/* turned.cu -- everything the other way round: columns are read and rows written, rows of the tile are rotated instead
 * of mixed, grids are smaller and threads go on. */
#include <cuda_runtime.h>
#include <cstdint>
#include "gpu_memory.h"

static int blocks(long long N, int size) { return (int)((N + size - 1) / size); }

static __global__ void copy(float *y, const float *x, int N)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    while (n < N) {
        y[n] = x[n];
        n += blockDim.x * gridDim.x;
    }
}

void gpu_memory_copy(float *y, const float *x, int N, int most)
{
    if (!N) return;
    int grid = blocks(N, 128);
    copy<<<grid > most ? most : grid, 128>>>(y, x, N);
}

/* A warp along a row of y. */
static __global__ void columns_read(float *y, const float *x, int R, int C)
{
    int r = blockIdx.x * 32 + threadIdx.x, c = blockIdx.y * 8 + threadIdx.y;
    if (r >= R || c >= C) return;
    y[c * R + r] = x[r * C + c];
}

void gpu_memory_transpose_naive(float *y, const float *x, int R, int C)
{
    if (R && C) columns_read<<<dim3(blocks(R, 32), blocks(C, 8)), dim3(32, 8)>>>(y, x, R, C);
}

/* The tile is turned when it is written: LONGER 1 moves the conflict away, 0 leaves it. Blocks are 32 x 16 threads. */
template <int LONGER> __device__ static void turn(float *y, const float *x, int R, int C)
{
    __shared__ float tile[32][32 + LONGER];
    const int lane = threadIdx.x, down = blockIdx.y * 32, right = blockIdx.x * 32;
    for (int k = 0; k < 2; k++) {
        int i = threadIdx.y + 16 * k;
        if (down + i < R && right + lane < C) tile[lane][i] = x[(down + i) * C + right + lane];
    }
    __syncthreads();
    for (int k = 0; k < 2; k++) {
        int i = threadIdx.y + 16 * k;
        if (right + i < C && down + lane < R) y[(right + i) * R + down + lane] = tile[i][lane];
    }
}
static __global__ void turn_one(float *y, const float *x, int R, int C) { turn<0>(y, x, R, C); }
static __global__ void turn_many(float *y, const float *x, int R, int C)
{
    size_t from = (size_t)blockIdx.z * R * C;
    turn<1>(y + from, x + from, R, C);
}

void gpu_memory_transpose_tile(float *y, const float *x, int R, int C)
{
    if (R && C) turn_one<<<dim3(blocks(C, 32), blocks(R, 32)), dim3(32, 16)>>>(y, x, R, C);
}

void gpu_memory_transpose_padded(float *y, const float *x, int B, int R, int C)
{
    if (B && R && C) turn_many<<<dim3(blocks(C, 32), blocks(R, 32), B), dim3(32, 16)>>>(y, x, R, C);
}

/* Row i is rotated by i. */
static __global__ void rotated(float *y, const float *x, int R, int C)
{
    __shared__ float tile[32 * 32];
    int lane = threadIdx.x, r0 = blockIdx.y * 32, c0 = blockIdx.x * 32;
    for (int i = threadIdx.y; i < 32 && r0 + i < R; i += blockDim.y)
        if (c0 + lane < C) tile[32 * i + (lane + i) % 32] = x[(r0 + i) * C + c0 + lane];
    __syncthreads();
    for (int i = threadIdx.y; i < 32 && c0 + i < C; i += blockDim.y)
        if (r0 + lane < R) y[(c0 + i) * R + r0 + lane] = tile[32 * lane + (i + lane) % 32];
}

void gpu_memory_transpose_swizzled(float *y, const float *x, int R, int C)
{
    if (R && C) rotated<<<dim3(blocks(C, 32), blocks(R, 32)), dim3(32, 8)>>>(y, x, R, C);
}

/* Three loads a thread, each of all the block's threads side by side. */
static __global__ void unzip(float *x, float *y, float *z, const float *points, int N)
{
    __shared__ float three[3][128];
    int t = threadIdx.x, n = blockIdx.x * 128 + t;
    for (int k = 0; k < 3; k++) {
        int i = k * 128 + t, from = blockIdx.x * 384 + i;
        if (from < 3 * N) three[i % 3][i / 3] = points[from];
    }
    __syncthreads();
    if (n < N) x[n] = three[0][t], y[n] = three[1][t], z[n] = three[2][t];
}

void gpu_memory_unzip(float *x, float *y, float *z, const float *points, int N)
{
    if (N) unzip<<<blocks(N, 128), 128>>>(x, y, z, points, N);
}

static __global__ void quads(float4 *y, const float4 *x, int N)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N) y[n] = x[n];
}

/* Two launches: the float4, and what is left. */
void gpu_memory_copy4(float *y, const float *x, int N)
{
    int whole = N / 4 * 4;
    if ((uintptr_t)y % 16 || (uintptr_t)x % 16) whole = 0;
    if (whole) quads<<<blocks(whole / 4, 128), 128>>>((float4 *)y, (const float4 *)x, whole / 4);
    if (N > whole) gpu_memory_copy(y + whole, x + whole, N - whole, 64);
}

/* ---- For programs ------------------------------------------------------------------------------------------------ */

static void launch(int rung, float *y, const float *x, int R, int C)
{
    switch (rung) {
    case GPU_MEMORY_COPY: return gpu_memory_copy(y, x, R * C, 1024);
    case GPU_MEMORY_NAIVE: return gpu_memory_transpose_naive(y, x, R, C);
    case GPU_MEMORY_TILE: return gpu_memory_transpose_tile(y, x, R, C);
    case GPU_MEMORY_PADDED: return gpu_memory_transpose_padded(y, x, 1, R, C);
    case GPU_MEMORY_SWIZZLED: return gpu_memory_transpose_swizzled(y, x, R, C);
    default: return gpu_memory_copy4(y, x, R * C);
    }
}

const char *gpu_memory_run(int rung, float *y, const float *x, int R, int C, float *ms)
{
    size_t      size = sizeof *y * R * C;
    float      *to = nullptr, *from = nullptr;
    cudaEvent_t begin, end;
    cudaEventCreate(&begin), cudaEventCreate(&end);
    cudaError_t e = cudaMalloc(&to, size);
    if (!e) e = cudaMalloc(&from, size);
    if (!e) e = cudaMemcpy(from, x, size, cudaMemcpyHostToDevice);
    cudaEventRecord(begin);
    if (!e) launch(rung, to, from, R, C), e = cudaGetLastError();
    cudaEventRecord(end);
    if (!e) e = cudaMemcpy(y, to, size, cudaMemcpyDeviceToHost);
    cudaEventElapsedTime(ms, begin, end);
    cudaEventDestroy(begin), cudaEventDestroy(end);
    cudaFree(from), cudaFree(to);
    return e ? cudaGetErrorString(e) : nullptr;
}
