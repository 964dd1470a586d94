/* one_dimension.cu -- blocks and grids of one dimension, all worked out from a number; the tile in dynamic shared
 * memory. */
#include <cuda_runtime.h>
#include <cstdint>
#include "gpu_memory.h"

struct Tiles { int R, C, across; };         /* of a matrix: across tiles in a row of them */
static Tiles tiles(int R, int C) { return { R, C, (C + 31) / 32 }; }
static int count(Tiles t) { return (t.R + 31) / 32 * t.across; }

static __global__ void each(float *y, const float *x, int N)
{
    for (size_t n = blockIdx.x * (size_t)blockDim.x + threadIdx.x; n < (size_t)N; n += (size_t)blockDim.x * gridDim.x)
        y[n] = x[n];
}

void gpu_memory_copy(float *y, const float *x, int N, int blocks)
{
    if (N > 0) each<<<N / 256 >= blocks ? blocks : N / 256 + 1, 256>>>(y, x, N);
}

/* Thread n has number n of x, tile by tile of 1 x 32. */
static __global__ void scatter(float *y, const float *x, Tiles t)
{
    int warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32, r = warp / t.across;
    int c = warp % t.across * 32 + threadIdx.x % 32;
    if (r < t.R && c < t.C) y[(size_t)c * t.R + r] = x[(size_t)r * t.C + c];
}

void gpu_memory_transpose_naive(float *y, const float *x, int R, int C)
{
    Tiles t = tiles(R, C);
    if (R && C) scatter<<<(R * t.across + 7) / 8, 256>>>(y, x, t);
}

/* PITCH words a row. MIX: row i has column j at j ^ i. */
template <int PITCH, bool MIX> static __global__ void by_tiles(float *y, const float *x, Tiles t)
{
    extern __shared__ float tile[];
    int of_matrix = (t.R + 31) / 32 * t.across, matrix = blockIdx.x / of_matrix, mine = blockIdx.x % of_matrix;
    int r0 = mine / t.across * 32, c0 = mine % t.across * 32, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    y += (size_t)matrix * t.R * t.C, x += (size_t)matrix * t.R * t.C;
    for (int i = warp; i < 32; i += 8)
        if (r0 + i < t.R && c0 + lane < t.C)
            tile[i * PITCH + (MIX ? lane ^ i : lane)] = x[(r0 + i) * t.C + c0 + lane];
    __syncthreads();
    for (int i = warp; i < 32; i += 8)
        if (c0 + i < t.C && r0 + lane < t.R)
            y[(c0 + i) * t.R + r0 + lane] = tile[lane * PITCH + (MIX ? lane ^ i : i)];
}

void gpu_memory_transpose_tile(float *y, const float *x, int R, int C)
{
    Tiles t = tiles(R, C);
    if (R && C) by_tiles<32, false><<<count(t), 256, 32 * 32 * 4>>>(y, x, t);
}

void gpu_memory_transpose_padded(float *y, const float *x, int B, int R, int C)
{
    Tiles t = tiles(R, C);
    if (B && R && C) by_tiles<33, false><<<B * count(t), 256, 32 * 33 * 4>>>(y, x, t);
}

void gpu_memory_transpose_swizzled(float *y, const float *x, int R, int C)
{
    Tiles t = tiles(R, C);
    if (R && C) by_tiles<32, true><<<count(t), 256, 32 * 32 * 4>>>(y, x, t);
}

/* 32 points a warp: three rows of 32 numbers, and no other warp's are needed. */
static __global__ void by_warps(float *x, float *y, float *z, const float *points, int N)
{
    __shared__ float row[8][96];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first = (blockIdx.x * 8 + warp) * 32, n = first + lane;
    for (int i = lane; i < 96; i += 32)
        if (3 * first + i < 3 * N) row[warp][i] = points[3 * first + i];
    __syncwarp();
    if (n >= N) return;
    x[n] = row[warp][3 * lane];
    y[n] = row[warp][3 * lane + 1];
    z[n] = row[warp][3 * lane + 2];
}

void gpu_memory_unzip(float *x, float *y, float *z, const float *points, int N)
{
    if (N > 0) by_warps<<<(N + 255) / 256, 256>>>(x, y, z, points, N);
}

static __global__ void wide(float *y, const float *x, int N)
{
    for (int n = 4 * (blockIdx.x * blockDim.x + threadIdx.x); n < N; n += 4 * blockDim.x * gridDim.x)
        if (n + 4 <= N)
            *(float4 *)(y + n) = *(const float4 *)(x + n);
        else
            for (int k = n; k < N; k++) y[k] = x[k];
}

void gpu_memory_copy4(float *y, const float *x, int N)
{
    bool aligned = (uintptr_t)y % 16 == 0 && (uintptr_t)x % 16 == 0;
    if (!aligned)
        gpu_memory_copy(y, x, N, 100);
    else if (N > 0)
        wide<<<(N + 1023) / 1024, 256>>>(y, x, N);
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
