/* An honest variant: every kernel is a grid-stride loop, and the picture goes a row a block. */
#include <cuda_runtime.h>
#include "gpu_first_kernel.h"

int gpu_first_kernel_blocks(int N, int threads)
{
    int blocks = N / threads;
    return blocks * threads < N ? blocks + 1 : blocks;
}

static __device__ int first() { return blockIdx.x * blockDim.x + threadIdx.x; }
static __device__ int step() { return gridDim.x * blockDim.x; }

static __global__ void sum(float *__restrict__ y, const float *__restrict__ a, const float *__restrict__ b, int N)
{
    for (int n = first(); n < N; n += step()) y[n] = a[n] + b[n];
}

void gpu_first_kernel_add(float *y, const float *a, const float *b, int N)
{
    int blocks = gpu_first_kernel_blocks(N, 512);
    if (blocks) sum<<<blocks, 512>>>(y, a, b, N);
}

static __global__ void plus(float *y, float a, const float *x, int N)
{
    int n = first();
    while (n < N) {
        y[n] = y[n] + a * x[n];
        n += step();
    }
}

void gpu_first_kernel_axpy(float *y, float a, const float *x, int N, int blocks, int threads)
{
    if (N == 0) return;
    plus<<<dim3(blocks), dim3(threads), 0, nullptr>>>(y, a, x, N);
}

static __global__ void turn(float *y, const float *x, int W)
{
    for (int w = threadIdx.x; w < W; w += blockDim.x) y[blockIdx.x * W + w] = x[(blockIdx.x + 1) * W - 1 - w];
}

void gpu_first_kernel_mirror(float *y, const float *x, int H, int W)
{
    if (H * W > 0) turn<<<H, 64>>>(y, x, W);
}

static __global__ void twice(float *y, const float *x, int N)
{
    for (int n = first(); n < N; n += step()) y[n] = 2 * x[n];
}

int gpu_first_kernel_try(float *y, const float *x, int N, int threads)
{
    if (N) twice<<<gpu_first_kernel_blocks(N, threads), threads>>>(y, x, N);
    return N ? cudaGetLastError() : cudaSuccess;
}

namespace {
struct Vector {                             /* gives itself back */
    float      *at = nullptr;
    cudaError_t e;
    explicit Vector(size_t size) : e(cudaMalloc(&at, size)) {}
    ~Vector() { cudaFree(at); }
};
struct Event {
    cudaEvent_t at;
    Event() { cudaEventCreate(&at), cudaEventRecord(at); }
    ~Event() { cudaEventDestroy(at); }
    float until(const Event &later) const
    {
        float ms = 0;
        cudaEventSynchronize(later.at);
        cudaEventElapsedTime(&ms, at, later.at);
        return ms;
    }
};
} // namespace

int gpu_first_kernel_run(float *y, const float *a, const float *b, int N, float *ms)
{
    size_t size = N * sizeof *y;
    ms[0] = ms[1] = ms[2] = 0;
    if (N == 0) return cudaSuccess;
    Vector sum(size), one(size), two(size);
    if (sum.e || one.e || two.e) return cudaGetLastError();
    Event begun;
    cudaMemcpy(one.at, a, size, cudaMemcpyHostToDevice);
    cudaMemcpy(two.at, b, size, cudaMemcpyHostToDevice);
    Event there;
    gpu_first_kernel_add(sum.at, one.at, two.at, N);
    Event added;
    cudaMemcpy(y, sum.at, size, cudaMemcpyDeviceToHost);
    Event back;
    ms[0] = begun.until(there), ms[1] = there.until(added), ms[2] = added.until(back);
    return cudaGetLastError();
}

const char *gpu_first_kernel_device(void) { return "a device"; }
