/* feature.cuh -- a feature is there and means what it means: expect() counts, and prints what is not so. */
#pragma once
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cuda_runtime.h>

static int features_passed, features_failed;

#define expect(ok, ...)                                                                                                \
    do {                                                                                                               \
        if (ok) features_passed++;                                                                                     \
        else features_failed++, printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #ok), printf("" __VA_ARGS__), puts(""); \
    } while (0)
#define must(call) expect((call) == cudaSuccess, "%s", cudaGetErrorString(cudaPeekAtLastError()))

static inline int features_end(void)
{
    printf("%d passed, %d failed\n", features_passed, features_failed);
    return features_failed > 0;
}

/* n numbers of the device's that the host looks at after a kernel. */
template <class T> struct Numbers {
    T  *device, *host;
    int n;

    explicit Numbers(int n) : host((T *)calloc(n, sizeof(T))), n(n)
    {
        must(cudaMalloc(&device, n * sizeof(T)));
        must(cudaMemset(device, 0, n * sizeof(T)));
    }
    Numbers(const Numbers &) = delete;
    ~Numbers()
    {
        must(cudaFree(device));
        free(host);
    }
    operator T *() { return device; }
    T operator[](int i) const { return host[i]; }
    void put() { must(cudaMemcpy(device, host, n * sizeof(T), cudaMemcpyHostToDevice)); }
    void get()
    {
        must(cudaGetLastError());
        must(cudaMemcpy(host, device, n * sizeof(T), cudaMemcpyDeviceToHost));
    }
};

/* A launch in a header: local headers are rewritten as the file is. */
template <class F> __global__ void apply(F f, int *y) { y[threadIdx.x] = f((int)threadIdx.x); }
template <class F> void launch_apply(F f, int *y, int n) { apply<<<1, n>>>(f, y); }
