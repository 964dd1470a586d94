/* counters.cu -- kernels of the textbook, and what a profiler counts for them, worked out by hand beside each. */
#include <cuda_runtime.h>
#include <cstdio>
#include <cstring>

extern "C" double simt_counter(const char *kernel, const char *name);
namespace simt { void counters_reset(); }

static int passed, failed;
static void expect(const char *kernel, const char *name, double want)
{
    double got = simt_counter(kernel, name);
    if (got == want) {
        passed++;
        return;
    }
    failed++;
    printf("FAIL %s: %s is %g, by hand %g\n", kernel, name, got, want);
}

__global__ void copy(float *y, const float *x)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    y[i] = x[i];
}
__global__ void copy_strided(float *y, const float *x, int stride)
{
    int i = threadIdx.x;
    y[i] = x[i * stride];
}
__global__ void copy_shifted(float *y, const float *x) { y[threadIdx.x] = x[threadIdx.x + 1]; }
__global__ void copy_float4(float4 *y, const float4 *x) { y[threadIdx.x] = x[threadIdx.x]; }
__global__ void copy_double(double *y, const double *x) { y[threadIdx.x] = x[threadIdx.x]; }
__global__ void broadcast(float *y, const float *x) { y[threadIdx.x] = x[0]; }

__global__ void transpose_naive(float *y, const float *x, int n)
{
    int r = blockIdx.y * 32 + threadIdx.y, c = blockIdx.x * 32 + threadIdx.x;
    y[c * n + r] = x[r * n + c];
}
template <int PAD> __device__ void transpose_tile(float *y, const float *x, int n)
{
    __shared__ float tile[32][32 + PAD];
    int r = blockIdx.y * 32 + threadIdx.y, c = blockIdx.x * 32 + threadIdx.x;
    tile[threadIdx.y][threadIdx.x] = x[r * n + c];
    __syncthreads();
    y[(blockIdx.x * 32 + threadIdx.y) * n + blockIdx.y * 32 + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}
__global__ void transpose_shared(float *y, const float *x, int n) { transpose_tile<0>(y, x, n); }
__global__ void transpose_padded(float *y, const float *x, int n) { transpose_tile<1>(y, x, n); }

__global__ void stride_of_shared(float *y, int stride)
{
    __shared__ float s[32 * 32];
    s[threadIdx.x * stride] = 1;
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x * stride];
}
__global__ void wide_shared(float4 *y)                  /* 512 bytes are four waves, whatever the banks do */
{
    __shared__ float4 s[32];
    s[threadIdx.x] = make_float4(1, 2, 3, 4);
    __syncthreads();
    y[threadIdx.x] = s[31 - threadIdx.x];
}
__global__ void one_bin(int *bins) { atomicAdd(&bins[0], 1); }
__global__ void own_bins(int *bins) { atomicAdd(&bins[threadIdx.x], 1); }
__global__ void half_of_them(float *y)
{
    if (threadIdx.x % 2 == 0) y[threadIdx.x] = 1;
}
__global__ void sum_interleaved(float *y)               /* 8 warps; i = 2 k t, k = 1, 2, .. 128 */
{
    __shared__ float s[256];
    int t = threadIdx.x;
    s[t] = 1;
    __syncthreads();
    for (int k = 1; k < 256; k *= 2) {
        int i = 2 * k * t;
        if (i < 256) s[i] += s[i + k];
        __syncthreads();
    }
    if (t == 0) *y = s[0];
}
__global__ void sum_sequential(float *y)
{
    __shared__ float s[256];
    int t = threadIdx.x;
    s[t] = 1;
    __syncthreads();
    for (int k = 128; k; k /= 2) {
        if (t < k) s[t] += s[t + k];
        __syncthreads();
    }
    if (t == 0) *y = s[0];
}

int main()
{
    float *x, *y;
    int n = 64;
    cudaMalloc(&x, 4 * 4096 * sizeof(float));
    cudaMalloc(&y, 4 * 4096 * sizeof(float));
    cudaMemset(x, 0, 4 * 4096 * sizeof(float));
    cudaMemset(y, 0, 4 * 4096 * sizeof(float));
    simt::counters_reset();

    copy<<<4, 256>>>(y, x);             /* 32 warps, 128 bytes each: 4 sectors of 32 */
    expect("copy", "global_load_requests", 32);
    expect("copy", "global_load_sectors", 128);
    expect("copy", "global_store_sectors_per_request", 4);
    expect("copy", "global_load_bytes", 4096);
    expect("copy", "global_load_efficiency", 1);
    expect("copy", "threads", 1024);
    expect("copy", "warps", 32);
    expect("copy", "active_lanes", 32);
    expect("copy", "occupancy", 1);     /* 8 blocks of 256 are the 2048 threads of a multiprocessor */
    for (int stride = 2; stride <= 32; stride *= 2) {   /* a sector holds 8 floats */
        simt::counters_reset();
        copy_strided<<<1, 32>>>(y, x, stride);
        expect("copy_strided", "global_load_sectors_per_request", stride < 8 ? 4 * stride : 32);
    }
    copy_shifted<<<1, 32>>>(y, x);      /* 128 bytes from byte 4 on: one sector more */
    expect("copy_shifted", "global_load_sectors_per_request", 5);
    copy_float4<<<1, 32>>>((float4 *)y, (const float4 *)x);
    expect("copy_float4", "global_load_requests", 1);
    expect("copy_float4", "global_load_sectors_per_request", 16);
    copy_double<<<1, 32>>>((double *)y, (const double *)x);
    expect("copy_double", "global_store_sectors_per_request", 8);
    broadcast<<<1, 32>>>(y, x);
    expect("broadcast", "global_load_sectors_per_request", 1);

    dim3 grid(2, 2), block(32, 32);
    transpose_naive<<<grid, block>>>(y, x, n);
    expect("transpose_naive", "global_load_sectors_per_request", 4);
    expect("transpose_naive", "global_store_sectors_per_request", 32);
    expect("transpose_naive", "global_store_efficiency", 0.125);
    transpose_shared<<<grid, block>>>(y, x, n);
    expect("transpose_shared", "global_store_sectors_per_request", 4);
    expect("transpose_shared", "shared_store_waves_per_request", 1);
    expect("transpose_shared", "shared_load_waves_per_request", 32);    /* a column of 32: one bank */
    expect("transpose_shared", "shared_load_conflicts", 4 * 32 * 31);   /* 4 blocks, 32 warps, 31 waves too many */
    transpose_padded<<<grid, block>>>(y, x, n);
    expect("transpose_padded", "shared_load_waves_per_request", 1);
    expect("transpose_padded", "shared_load_conflicts", 0);
    expect("transpose_padded", "barriers", 4);
    for (int stride = 1; stride <= 32; stride++) {      /* gcd(stride, 32) lanes share a bank */
        int same = 1;
        while (stride % (2 * same) == 0 && 2 * same <= 32) same *= 2;
        simt::counters_reset();
        stride_of_shared<<<1, 32>>>(y, stride);
        expect("stride_of_shared", "shared_load_waves_per_request", same);
    }
    wide_shared<<<1, 32>>>((float4 *)y);
    expect("wide_shared", "shared_load_waves_per_request", 4);
    expect("wide_shared", "shared_load_conflicts", 0);
    one_bin<<<1, 64>>>((int *)y);
    expect("one_bin", "global_atomic_requests", 2);
    expect("one_bin", "global_atomic_same_address", 32);
    own_bins<<<1, 64>>>((int *)y);
    expect("own_bins", "global_atomic_same_address", 1);
    half_of_them<<<1, 32>>>(y);         /* 16 floats, every second one of 128 bytes */
    expect("half_of_them", "global_store_requests", 1);
    expect("half_of_them", "global_store_bytes", 64);
    expect("half_of_them", "global_store_sectors", 4);
    /* Loads of s[i]: 8, 4 + .. + 1 warps take part with stride 2, 4, .. : waves min(stride, lanes) each.
     * k = 1: 4 warps of 32 lanes, 2 waves; k = 2: 2, 4 waves; k = 4: 1, 8; k = 8: 16 lanes, 16 apart: 8 lanes a bank;
     * k = 16: 8 lanes, all in one bank; k = 32: 4; k = 64: 2; k = 128: 1. */
    sum_interleaved<<<1, 256>>>(y);
    expect("sum_interleaved", "barriers", 9);
    expect("sum_interleaved", "shared_store_requests", 8 + 4 + 2 + 1 + 5);
    expect("sum_interleaved", "shared_store_waves", 8 + 4 * 2 + 2 * 4 + 1 * 8 + 8 + 8 + 4 + 2 + 1);
    sum_sequential<<<1, 256>>>(y);
    expect("sum_sequential", "shared_store_requests", 8 + 4 + 2 + 1 + 5);
    expect("sum_sequential", "shared_store_waves", 8 + 4 + 2 + 1 + 5);
    expect("sum_sequential", "shared_load_conflicts", 0);
    expect("nobody", "launches", 0);
    expect("copy", "no_such_counter", -1);

    cudaFree(x);
    cudaFree(y);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
