/* twin.h -- arguments of a function on the device, made of host arrays for as long as a call lasts. With any CUDA. */
#pragma once
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>

static inline void twin_must(cudaError_t e, const char *what)
{
    if (e == cudaSuccess) return;
    fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(e));
    abort();
}

template <class T> struct Room {            /* n elements that only the device looks at */
    T     *device = nullptr;
    size_t size;
    explicit Room(size_t n) : size(n * sizeof(T)) { twin_must(cudaMalloc(&device, size ? size : 1), "cudaMalloc"); }
    Room(const Room &) = delete;
    ~Room() { twin_must(cudaFree(device), "cudaFree"); }
    operator T *() const { return device; }
};

template <class T> struct In : Room<T> {
    In(const T *host, size_t n) : Room<T>(n)
    {
        twin_must(cudaMemcpy(this->device, host, this->size, cudaMemcpyHostToDevice), "copy to the device");
    }
};

template <class T> struct Out : Room<T> {   /* all of it was written */
    T *host;
    Out(T *host, size_t n) : Room<T>(n), host(host) {}
    ~Out()
    {
        twin_must(cudaGetLastError(), "launch");
        twin_must(cudaMemcpy(host, this->device, this->size, cudaMemcpyDeviceToHost), "copy from the device");
    }
};

template <class T> struct InOut : Out<T> {
    InOut(T *host, size_t n) : Out<T>(host, n)
    {
        twin_must(cudaMemcpy(this->device, host, this->size, cudaMemcpyHostToDevice), "copy to the device");
    }
};
