/* gpu_memory.cu -- memory on a GPU: what a warp asks for at once, transposes that pay for it, and vectors of four. */
#include <cuda_runtime.h>
#include <cstdint>
#include "gpu_memory.h"

enum {
    TILE = 32,          /* a warp is a row of the tile: threadIdx.x is the lane */
    ROWS = 8,           /* warps of a block: each takes TILE / ROWS rows of the tile */
    MANY = 1024,        /* blocks that keep any GPU busy */
    THREADS = 256       /* of a block in one dimension */
};

static int parts(int N, int size) { return N / size + (N % size != 0); }
static __host__ __device__ int least(int a, int b) { return a < b ? a : b; }

/* ---- Copy: 32 lanes, 32 numbers side by side, 4 sectors ---------------------------------------------------------- */

static __global__ void copy(float *y, const float *x, int N)
{
    /* exercise: begin at this thread's number and go on by the number of threads of the grid */
    int stride = gridDim.x * blockDim.x;
    for (int n = blockIdx.x * blockDim.x + threadIdx.x; n < N; n += stride)
        y[n] = x[n];
    /* end */
}

void gpu_memory_copy(float *y, const float *x, int N, int blocks)
{
    /* exercise: launch copy() with blocks of THREADS threads, as many as N needs but at most `blocks` */
    if (N > 0) copy<<<least(parts(N, THREADS), blocks), THREADS>>>(y, x, N);
    /* end */
}

/* ---- v1: a thread a number. Rows are read; columns are written, a sector for each number ------------------------- */

static __global__ void transpose_naive(float *y, const float *x, int R, int C)
{
    /* exercise: this thread's row and column, a warp along a row of x; y[c][r] = x[r][c] where both are there */
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    int r = blockIdx.y * blockDim.y + threadIdx.y;
    if (r < R && c < C) y[c * R + r] = x[r * C + c];
    /* end */
}

void gpu_memory_transpose_naive(float *y, const float *x, int R, int C)
{
    /* exercise: blocks of TILE columns and ROWS rows, as many of both as x needs; none where it is empty */
    dim3 grid(parts(C, TILE), parts(R, ROWS));
    if (R > 0 && C > 0) transpose_naive<<<grid, dim3(TILE, ROWS)>>>(y, x, R, C);
    /* end */
}

/* ---- v2: a tile in shared memory. Rows are read and written; v1 wrote columns ------------------------------------ */

static __global__ void transpose_tile(float *y, const float *x, int R, int C)
{
    __shared__ float tile[TILE][TILE];
    int lane = threadIdx.x, r0 = blockIdx.y * TILE, c0 = blockIdx.x * TILE;     /* the tile's corner in x */
    /* exercise: rows of x into rows of the tile; wait for all; columns of the tile into rows of y */
    for (int i = threadIdx.y; i < TILE; i += ROWS)
        if (r0 + i < R && c0 + lane < C) tile[i][lane] = x[(r0 + i) * C + c0 + lane];
    __syncthreads();
    for (int i = threadIdx.y; i < TILE; i += ROWS)
        if (c0 + i < C && r0 + lane < R) y[(c0 + i) * R + r0 + lane] = tile[lane][i];
    /* end */
}

void gpu_memory_transpose_tile(float *y, const float *x, int R, int C)
{
    dim3 grid(parts(C, TILE), parts(R, TILE));
    if (R > 0 && C > 0) transpose_tile<<<grid, dim3(TILE, ROWS)>>>(y, x, R, C);
}

/* ---- v3: a word more in each row of the tile. A column goes over all banks; v2 found it in one ------------------- */

static __global__ void transpose_padded(float *y, const float *x, int R, int C)
{
    int lane = threadIdx.x, r0 = blockIdx.y * TILE, c0 = blockIdx.x * TILE;
    /* exercise: a tile with padded rows; then as before, for the matrix that blockIdx.z counts */
    __shared__ float tile[TILE][TILE + 1];
    int matrix = blockIdx.z * R * C;
    for (int i = threadIdx.y; i < TILE; i += ROWS)
        if (r0 + i < R && c0 + lane < C) tile[i][lane] = x[matrix + (r0 + i) * C + c0 + lane];
    __syncthreads();
    for (int i = threadIdx.y; i < TILE; i += ROWS)
        if (c0 + i < C && r0 + lane < R) y[matrix + (c0 + i) * R + r0 + lane] = tile[lane][i];
    /* end */
}

void gpu_memory_transpose_padded(float *y, const float *x, int B, int R, int C)
{
    dim3 grid(parts(C, TILE), parts(R, TILE), B);
    if (B > 0 && R > 0 && C > 0) transpose_padded<<<grid, dim3(TILE, ROWS)>>>(y, x, R, C);
}

/* ---- v4: each row of the tile is mixed in its own way. No bank twice, and no word wasted as in v3 ---------------- */

static __global__ void transpose_swizzled(float *y, const float *x, int R, int C)
{
    __shared__ float tile[TILE][TILE];
    int lane = threadIdx.x, r0 = blockIdx.y * TILE, c0 = blockIdx.x * TILE;
    /* exercise: as transpose_tile(), but what belongs to row i, column j of the tile is kept at tile[i][j ^ i] */
    for (int i = threadIdx.y; i < TILE; i += ROWS)
        if (r0 + i < R && c0 + lane < C) tile[i][lane ^ i] = x[(r0 + i) * C + c0 + lane];
    __syncthreads();
    for (int i = threadIdx.y; i < TILE; i += ROWS)
        if (c0 + i < C && r0 + lane < R) y[(c0 + i) * R + r0 + lane] = tile[lane][i ^ lane];
    /* end */
}

void gpu_memory_transpose_swizzled(float *y, const float *x, int R, int C)
{
    dim3 grid(parts(C, TILE), parts(R, TILE));
    if (R > 0 && C > 0) transpose_swizzled<<<grid, dim3(TILE, ROWS)>>>(y, x, R, C);
}

/* ---- Points: every third number is wanted. Read them all side by side, pick in shared memory --------------------- */

static __global__ void unzip(float *x, float *y, float *z, const float *points, int N)
{
    __shared__ float room[3 * THREADS];
    int t = threadIdx.x, first = blockIdx.x * THREADS, there = least(THREADS, N - first);   /* points of this block */
    /* exercise: the block's numbers into room, side by side; wait for all; each thread picks its point's three */
    for (int i = t; i < 3 * there; i += THREADS) room[i] = points[3 * first + i];
    __syncthreads();
    if (t >= there) return;
    x[first + t] = room[3 * t];
    y[first + t] = room[3 * t + 1];
    z[first + t] = room[3 * t + 2];
    /* end */
}

void gpu_memory_unzip(float *x, float *y, float *z, const float *points, int N)
{
    if (N > 0) unzip<<<parts(N, THREADS), THREADS>>>(x, y, z, points, N);
}

/* ---- Vectors: one instruction moves 16 bytes a lane; copy() needed four ------------------------------------------ */

static __global__ void copy4(float *y, const float *x, int N)
{
    /* exercise: a float4 a thread, and the last N % 4 numbers one by one */
    int n = blockIdx.x * blockDim.x + threadIdx.x, rest = N % 4;
    if (n < N / 4) ((float4 *)y)[n] = ((const float4 *)x)[n];
    if (n < rest) y[N - rest + n] = x[N - rest + n];
    /* end */
}

void gpu_memory_copy4(float *y, const float *x, int N)
{
    /* exercise: copy4() with threads for N / 4 where both addresses are multiples of 16; else gpu_memory_copy() */
    bool aligned = ((uintptr_t)y | (uintptr_t)x) % sizeof(float4) == 0;
    if (!aligned) return gpu_memory_copy(y, x, N, MANY);
    if (N > 0) copy4<<<parts(N, 4 * THREADS), THREADS>>>(y, x, N);
    /* end */
}

/* ---- For programs ------------------------------------------------------------------------------------------------ */

static void launch(int rung, float *y, const float *x, int R, int C)
{
    switch (rung) {
    case GPU_MEMORY_COPY: return gpu_memory_copy(y, x, R * C, MANY);
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
