/* cuda_runtime_api.h -- what the host calls. Where CUDA's return code says little, check mode says more on stderr. */
#pragma once
#include "../simt.h"

/* The name and the line of a cudaMalloc are told with every fault in what it gave. */
cudaError_t simt_malloc(void **p, size_t size, size_t element, bool managed, const char *name, simt::Place at);
template <class T> struct SimtElement { static constexpr size_t size = sizeof(T); };
template <> struct SimtElement<void> { static constexpr size_t size = 1; };
template <class T>
SIMT_INLINE cudaError_t cudaMalloc(T **p, size_t size, const char *name = "", simt::Place at = simt::Place::here())
{
    return simt_malloc((void **)p, size, SimtElement<T>::size, false, name, at);
}
template <class T>
SIMT_INLINE cudaError_t cudaMallocManaged(T **p, size_t size, unsigned = cudaMemAttachGlobal, const char *name = "",
                                          simt::Place at = simt::Place::here())
{
    return simt_malloc((void **)p, size, SimtElement<T>::size, true, name, at);
}
#define cudaMalloc(pointer, ...) cudaMalloc(pointer, __VA_ARGS__, #pointer)

cudaError_t cudaFree(void *p, simt::Place = simt::Place::here());
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *all_bytes);
cudaError_t cudaMemcpy(void *to, const void *from, size_t size, cudaMemcpyKind, simt::Place = simt::Place::here());
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, cudaMemcpyKind, cudaStream_t = nullptr,
                            simt::Place = simt::Place::here());
cudaError_t cudaMemset(void *p, int byte, size_t size, simt::Place = simt::Place::here());
cudaError_t cudaMemsetAsync(void *p, int byte, size_t size, cudaStream_t = nullptr,
                            simt::Place = simt::Place::here());

/* __device__ and __constant__ variables: told by reference, as nvcc's templates are. */
cudaError_t simt_to_symbol(void *symbol, size_t room, const void *from, size_t size, size_t offset, cudaStream_t);
cudaError_t simt_from_symbol(void *to, const void *symbol, size_t room, size_t size, size_t offset, cudaStream_t);
template <class T>
cudaError_t cudaMemcpyToSymbol(T &s, const void *from, size_t n, size_t offset = 0,
                               cudaMemcpyKind = cudaMemcpyHostToDevice)
{
    return simt_to_symbol((void *)&s, sizeof s, from, n, offset, nullptr);
}
template <class T>
cudaError_t cudaMemcpyFromSymbol(void *to, const T &s, size_t n, size_t offset = 0,
                                 cudaMemcpyKind = cudaMemcpyDeviceToHost)
{
    return simt_from_symbol(to, (const void *)&s, sizeof s, n, offset, nullptr);
}

cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
const char *cudaGetErrorName(cudaError_t);
const char *cudaGetErrorString(cudaError_t);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaDeviceReset();

cudaError_t cudaStreamCreate(cudaStream_t *);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t);
cudaError_t cudaStreamSynchronize(cudaStream_t);
cudaError_t cudaStreamQuery(cudaStream_t);
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned flags = 0);

cudaError_t cudaEventCreate(cudaEvent_t *);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t);
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t = nullptr);
cudaError_t cudaEventSynchronize(cudaEvent_t);
cudaError_t cudaEventQuery(cudaEvent_t);
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t from, cudaEvent_t to);    /* of this CPU's time */
