/* device.cuh -- memory on the device for as long as a function runs, and calls that must not fail. */
#pragma once
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

static inline void must_at(cudaError_t e, const char *file, int line)
{
    if (e == cudaSuccess) return;
    printf("FAIL %s:%d: %s\n", file, line, cudaGetErrorString(e));
    exit(1);
}
#define must(call) must_at(call, __FILE__, __LINE__)

template <class T> struct Device {
    T  *p;
    int n;

    explicit Device(int n) : n(n) { must(cudaMalloc(&p, (n ? n : 1) * sizeof(T))); }
    Device(const T *host, int n) : Device(n) { must(cudaMemcpy(p, host, n * sizeof(T), cudaMemcpyHostToDevice)); }
    Device(const Device &) = delete;
    ~Device() { must(cudaFree(p)); }
    operator T *() const { return p; }
    void zero() { must(cudaMemset(p, 0, n * sizeof(T))); }
    void get(T *host) const
    {
        must(cudaGetLastError());
        must(cudaMemcpy(host, p, n * sizeof(T), cudaMemcpyDeviceToHost));
    }
    T one() const
    {
        T x;
        must(cudaGetLastError());
        must(cudaMemcpy(&x, p, sizeof x, cudaMemcpyDeviceToHost));
        return x;
    }
};

static inline int parts(int n, int size) { return (n + size - 1) / size; }
