/* feature_atomics.cu -- atomic operations: every one, on every type that has it, from several blocks at once. */
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include "feature.cuh"

enum { BLOCKS = 5, THREADS = 40, N = BLOCKS * THREADS };

template <class T> __global__ void arithmetic(T *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    atomicAdd(&y[0], (T)i);
    atomicMax(&y[1], (T)i);
    atomicMin(&y[2], (T)i);
    atomicExch(&y[3], (T)7);
    if (atomicCAS(&y[4], (T)0, (T)(i + 1)) == 0) y[5] = (T)(i + 1);        /* one of them all */
}

template <class T> __global__ void bits(T *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    atomicOr(&y[0], (T)1 << i % 20);
    atomicAnd(&y[1], ~((T)1 << i % 20));
    atomicXor(&y[2], (T)1 << i % 20);
}

template <class T> static void check_type()
{
    Numbers<T> y(6);
    y.host[2] = 100;
    y.put();
    arithmetic<<<BLOCKS, THREADS>>>(y.device);
    y.get();
    expect(y[0] == (T)(N * (N - 1) / 2) && y[1] == (T)(N - 1) && y[2] == 0 && y[3] == 7, "%g %g %g %g", (double)y[0],
           (double)y[1], (double)y[2], (double)y[3]);
    expect(y[4] != 0 && y[4] == y[5], "%g %g", (double)y[4], (double)y[5]);
    y.host[0] = 0, y.host[1] = (T)0xfffff, y.host[2] = 0;
    y.put();
    bits<<<BLOCKS, THREADS>>>(y.device);
    y.get();
    expect(y[0] == (T)0xfffff && y[1] == 0 && y[2] == 0, "%g %g %g", (double)y[0], (double)y[1], (double)y[2]);
}

template <class T> __global__ void sums(T *y, T each) { atomicAdd(y, each); }

template <class T> static void check_sum(T each, double want)
{
    Numbers<T> y(2);
    sums<<<BLOCKS, THREADS>>>(y.device, each);
    y.get();
    expect((double)(float)y[0] == want, "%g, not %g", (double)(float)y[0], want);
}

__global__ void counters(unsigned *y, int *z)
{
    atomicInc(&y[0], 6);                            /* 0 .. 6, and 0 again */
    atomicDec(&y[1], 6);                            /* 0: then 6, 5 .. */
    atomicSub(&z[0], 3);
    atomicAdd_block(&z[1], 1);
    atomicAdd_system(&z[2], 1);
    if (atomicAdd(&z[3], 1) == N - 1) z[4] = 1;     /* the last of all */
}

__global__ void pairs(half2 *y) { atomicAdd(y, __floats2half2_rn(1, 2)); }

int main()
{
    check_type<int>();
    check_type<unsigned>();
    check_type<unsigned long long>();
    check_sum<float>(0.5f, 0.5 * N);
    check_sum<double>(0.25, 0.25 * N);
    check_sum<half>(__float2half(1), N);
    check_sum<__nv_bfloat16>(__float2bfloat16(1), N);
    check_sum<unsigned long long>(3, 3 * N);
    Numbers<unsigned> y(2);
    Numbers<int>      z(5);
    counters<<<BLOCKS, THREADS>>>(y, z);
    y.get();
    z.get();
    expect(y[0] == N % 7 && y[1] == (7 - N % 7) % 7, "%u %u", y[0], y[1]);
    expect(z[0] == -3 * N && z[1] == N && z[2] == N && z[3] == N && z[4] == 1, "%d %d %d %d %d", z[0], z[1], z[2], z[3],
           z[4]);
    Numbers<half2> h(1);
    pairs<<<BLOCKS, THREADS>>>(h);
    h.get();
    expect(__low2float(h[0]) == N && __high2float(h[0]) == 2 * N, "%g", __low2float(h[0]));
    return features_end();
}
