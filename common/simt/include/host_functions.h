/* host_functions.h -- what else the host calls: properties, pinned and pitched memory, occupancy, graphs. */
#pragma once
#include "cuda_runtime_api.h"

/* ---- The device. There is one, number 0 -------------------------------------------------------------------------- */

enum cudaDeviceAttr {
    cudaDevAttrMaxThreadsPerBlock = 1,
    cudaDevAttrMaxBlockDimX = 2,
    cudaDevAttrMaxBlockDimY = 3,
    cudaDevAttrMaxBlockDimZ = 4,
    cudaDevAttrMaxGridDimX = 5,
    cudaDevAttrMaxGridDimY = 6,
    cudaDevAttrMaxGridDimZ = 7,
    cudaDevAttrMaxSharedMemoryPerBlock = 8,
    cudaDevAttrTotalConstantMemory = 9,
    cudaDevAttrWarpSize = 10,
    cudaDevAttrMaxRegistersPerBlock = 12,
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrConcurrentKernels = 31,
    cudaDevAttrL2CacheSize = 38,
    cudaDevAttrMaxThreadsPerMultiProcessor = 39,
    cudaDevAttrUnifiedAddressing = 41,
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
    cudaDevAttrMaxRegistersPerMultiprocessor = 82,
    cudaDevAttrManagedMemory = 83,
    cudaDevAttrCooperativeLaunch = 95,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
    cudaDevAttrMaxBlocksPerMultiprocessor = 106,
    cudaDevAttrMemoryPoolsSupported = 115,
};

cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *, int device);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr, int device);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaRuntimeGetVersion(int *version);

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* A kernel that touches host memory, pinned or not, is told of a host pointer. Pinned memory is copied late. */
cudaError_t simt_malloc_host(void **p, size_t size);
template <class T> SIMT_INLINE cudaError_t cudaMallocHost(T **p, size_t size, unsigned = cudaHostAllocDefault)
{
    return simt_malloc_host((void **)p, size);
}
template <class T> SIMT_INLINE cudaError_t cudaHostAlloc(T **p, size_t size, unsigned = cudaHostAllocDefault)
{
    return simt_malloc_host((void **)p, size);
}
cudaError_t cudaFreeHost(void *p);
SIMT_INLINE cudaError_t cudaHostRegister(void *p, size_t n, unsigned) { return simt::pinned(p, n), simt::sticky(); }
SIMT_INLINE cudaError_t cudaHostUnregister(void *p) { return simt::wait_all(), simt::pinned(p, 0), simt::sticky(); }

/* Rows of `width` bytes, each beginning at a multiple of *pitch, 512. */
cudaError_t simt_malloc_pitch(void **p, size_t *pitch, size_t width, size_t height, size_t element, simt::Place at);
template <class T>
SIMT_INLINE cudaError_t cudaMallocPitch(T **p, size_t *pitch, size_t width, size_t height,
                                        simt::Place at = simt::Place::here())
{
    return simt_malloc_pitch((void **)p, pitch, width, height, SimtElement<T>::size, at);
}
cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind, cudaStream_t = nullptr);
cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                         cudaMemcpyKind);
cudaError_t cudaMemset2D(void *p, size_t pitch, int byte, size_t width, size_t height);

/* Memory in a stream's order: there at once, gone when the stream comes to it. */
template <class T>
SIMT_INLINE cudaError_t cudaMallocAsync(T **p, size_t size, cudaStream_t, simt::Place at = simt::Place::here())
{
    return simt_malloc((void **)p, size, SimtElement<T>::size, false, "", at);
}
cudaError_t cudaFreeAsync(void *p, cudaStream_t);

template <class T> SIMT_INLINE cudaError_t cudaGetSymbolSize(size_t *size, const T &symbol)
{
    return *size = sizeof symbol, simt::sticky();
}
template <class T>
SIMT_INLINE cudaError_t cudaMemcpyToSymbolAsync(T &s, const void *from, size_t n, size_t offset, cudaMemcpyKind,
                                                cudaStream_t stream = nullptr)
{
    return simt_to_symbol((void *)&s, sizeof s, from, n, offset, stream);
}

/* ---- Kernels: what they take of a multiprocessor, and launches without <<< >>> ----------------------------------- */

struct cudaFuncAttributes {
    size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
    int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, maxDynamicSharedSizeBytes;
};
template <class Kernel> SIMT_INLINE cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *a, Kernel *)
{
    *a = { 0, 0, 0, simt::limits.threads_per_block, 0, 80, 80, (int)simt::limits.shared_per_block };
    return simt::sticky();
}
template <class Kernel> SIMT_INLINE cudaError_t cudaFuncSetAttribute(Kernel *, cudaFuncAttribute what, int value)
{
    bool fits = what != cudaFuncAttributeMaxDynamicSharedMemorySize ||
                (value >= 0 && (size_t)value <= simt::limits.shared_per_block_optin);
    return fits ? simt::sticky() : simt::fail(cudaErrorInvalidValue);
}

/* By threads, blocks and dynamic shared memory; a CPU has no registers to count. */
template <class Kernel>
SIMT_INLINE cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, Kernel *, int threads, size_t shared)
{
    return *blocks = simt::blocks_per_multiprocessor(threads, shared), simt::sticky();
}
template <class Kernel>
SIMT_INLINE cudaError_t cudaOccupancyMaxPotentialBlockSize(int *grid, int *block, Kernel *, size_t shared = 0,
                                                           int most = 0)
{
    int best = 0;
    *block = 32;
    for (int n = most ? most / 32 * 32 : simt::limits.threads_per_block; n > 0; n -= 32) {
        int threads = n * simt::blocks_per_multiprocessor(n, shared);
        if (threads > best) best = threads, *block = n;
    }
    *grid = simt::limits.multiprocessors * simt::blocks_per_multiprocessor(*block, shared);
    return simt::sticky();
}

/* The kernel by its name, not cast to void *: its parameters' types are what tells how to read `args`. */
namespace simt {
template <class... P, size_t... I>
void launch_with(void (*kernel)(P...), Configuration how, void **args, std::index_sequence<I...>, Place at)
{
    launcher([=](auto &...a) SIMT_NO_HOOKS { kernel(a...); }, how, "a kernel", at)(*(P *)args[I]...);
    (void)args;
}
} // namespace simt
template <class... P>
SIMT_INLINE cudaError_t cudaLaunchKernel(void (*kernel)(P...), dim3 grid, dim3 block, void **args, size_t shared = 0,
                                         cudaStream_t stream = nullptr, simt::Place at = simt::Place::here())
{
    simt::launch_with(kernel, { grid, block, shared, stream }, args, std::index_sequence_for<P...>(), at);
    return cudaPeekAtLastError();
}
cudaError_t cudaLaunchHostFunc(cudaStream_t, void (*function)(void *), void *context);

/* ---- Graphs: what is put into a stream, kept and done again ------------------------------------------------------ */

typedef struct SimtGraph *cudaGraph_t;
typedef struct SimtGraphExec *cudaGraphExec_t;
typedef struct SimtGraphNode *cudaGraphNode_t;
enum cudaStreamCaptureMode {
    cudaStreamCaptureModeGlobal,
    cudaStreamCaptureModeThreadLocal,
    cudaStreamCaptureModeRelaxed,
};
enum cudaStreamCaptureStatus {
    cudaStreamCaptureStatusNone,
    cudaStreamCaptureStatusActive,
    cudaStreamCaptureStatusInvalidated,
};
cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode);     /* one stream; not the default one */
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *);
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus *);
cudaError_t cudaGraphGetNodes(cudaGraph_t, cudaGraphNode_t *nodes, size_t *count);       /* nodes NULL: how many */
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *, cudaGraph_t, unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t);
cudaError_t cudaGraphDestroy(cudaGraph_t);
