/* host.cpp -- the device's properties, host memory, copies by rows. */
#include "include/host_functions.h"
#include "inside.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace simt;

/* ---- The device -------------------------------------------------------------------------------------------------- */

static cudaError_t only_device(int device) { return device ? fail(cudaErrorInvalidDevice) : sticky(); }

cudaError_t cudaGetDeviceCount(int *count) { return *count = 1, sticky(); }
cudaError_t cudaGetDevice(int *device) { return *device = 0, sticky(); }
cudaError_t cudaSetDevice(int device) { return only_device(device); }
cudaError_t cudaDriverGetVersion(int *version) { return *version = 13000, sticky(); }
cudaError_t cudaRuntimeGetVersion(int *version) { return *version = 13000, sticky(); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device)
{
    if (device) return fail(cudaErrorInvalidDevice);
    size_t free_bytes;
    *p = {};
    snprintf(p->name, sizeof p->name, "CPU that emulates compute capability 8.0");
    cudaMemGetInfo(&free_bytes, &p->totalGlobalMem);
    p->sharedMemPerBlock = limits.shared_per_block;
    p->sharedMemPerBlockOptin = limits.shared_per_block_optin;
    p->sharedMemPerMultiprocessor = limits.shared_per_multiprocessor;
    p->totalConstMem = 64 << 10;
    p->major = 8;
    p->warpSize = 32;
    p->regsPerBlock = p->regsPerMultiprocessor = limits.registers;
    p->multiProcessorCount = limits.multiprocessors;
    p->l2CacheSize = 40 << 20;
    p->maxThreadsPerBlock = limits.threads_per_block;
    p->maxThreadsPerMultiProcessor = limits.threads_per_multiprocessor;
    p->maxBlocksPerMultiProcessor = limits.blocks_per_multiprocessor;
    std::copy_n(std::begin({ 1024, 1024, 64 }), 3, p->maxThreadsDim);
    std::copy_n(std::begin({ 0x7fffffff, 65535, 65535 }), 3, p->maxGridSize);
    p->concurrentKernels = p->unifiedAddressing = p->managedMemory = 1;
    p->memoryBusWidth = 5120;
    return sticky();
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr what, int device)
{
    cudaDeviceProp p;
    if (cudaError_t e = cudaGetDeviceProperties(&p, device)) return e;
    switch (what) {
    case cudaDevAttrMaxThreadsPerBlock:                 *value = p.maxThreadsPerBlock; break;
    case cudaDevAttrMaxBlockDimX:                       *value = p.maxThreadsDim[0]; break;
    case cudaDevAttrMaxBlockDimY:                       *value = p.maxThreadsDim[1]; break;
    case cudaDevAttrMaxBlockDimZ:                       *value = p.maxThreadsDim[2]; break;
    case cudaDevAttrMaxGridDimX:                        *value = p.maxGridSize[0]; break;
    case cudaDevAttrMaxGridDimY:                        *value = p.maxGridSize[1]; break;
    case cudaDevAttrMaxGridDimZ:                        *value = p.maxGridSize[2]; break;
    case cudaDevAttrMaxSharedMemoryPerBlock:            *value = (int)p.sharedMemPerBlock; break;
    case cudaDevAttrTotalConstantMemory:                *value = (int)p.totalConstMem; break;
    case cudaDevAttrWarpSize:                           *value = p.warpSize; break;
    case cudaDevAttrMaxRegistersPerBlock:               *value = p.regsPerBlock; break;
    case cudaDevAttrMultiProcessorCount:                *value = p.multiProcessorCount; break;
    case cudaDevAttrConcurrentKernels:                  *value = p.concurrentKernels; break;
    case cudaDevAttrL2CacheSize:                        *value = p.l2CacheSize; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:        *value = p.maxThreadsPerMultiProcessor; break;
    case cudaDevAttrUnifiedAddressing:                  *value = p.unifiedAddressing; break;
    case cudaDevAttrComputeCapabilityMajor:             *value = p.major; break;
    case cudaDevAttrComputeCapabilityMinor:             *value = p.minor; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:   *value = (int)p.sharedMemPerMultiprocessor; break;
    case cudaDevAttrMaxRegistersPerMultiprocessor:      *value = p.regsPerMultiprocessor; break;
    case cudaDevAttrManagedMemory:                      *value = p.managedMemory; break;
    case cudaDevAttrCooperativeLaunch:                  *value = p.cooperativeLaunch; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:       *value = (int)p.sharedMemPerBlockOptin; break;
    case cudaDevAttrMaxBlocksPerMultiprocessor:         *value = p.maxBlocksPerMultiProcessor; break;
    case cudaDevAttrMemoryPoolsSupported:               *value = 1; break;
    default:                                            return fail(cudaErrorInvalidValue);
    }
    return sticky();
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

cudaError_t simt_malloc_host(void **p, size_t size)
{
    if (cudaError_t e = sticky()) return e;
    if (posix_memalign(p, 4096, size ? size : 1)) return fail(cudaErrorMemoryAllocation);
    pinned(*p, size);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *p)
{
    if (is_device(p)) return fail(cudaErrorInvalidValue);
    wait_all();                             /* a copy may still want to read it */
    pinned(p, 0);
    free(p);
    return sticky();
}

cudaError_t simt_malloc_pitch(void **p, size_t *pitch, size_t width, size_t height, size_t element, Place at)
{
    *pitch = (width + 511) / 512 * 512;
    return simt_malloc(p, *pitch * height, element, false, "", at);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream)
{
    if (width > to_pitch || width > from_pitch) return fail(cudaErrorInvalidValue);
    for (size_t i = 0; i < height; i++)
        if (cudaError_t e = cudaMemcpyAsync((char *)to + i * to_pitch, (const char *)from + i * from_pitch, width, kind,
                                            stream))
            return e;
    return sticky();
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                         cudaMemcpyKind kind)
{
    cudaError_t e = cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, width, height, kind, nullptr);
    return e ? e : wait(nullptr);
}

cudaError_t cudaMemset2D(void *p, size_t pitch, int byte, size_t width, size_t height)
{
    for (size_t i = 0; i < height; i++)
        if (cudaError_t e = cudaMemset((char *)p + i * pitch, byte, width)) return e;
    return sticky();
}

cudaError_t cudaFreeAsync(void *p, cudaStream_t stream)
{
    submit(stream, [=] { cudaFree(p); });
    return sticky();
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, void (*function)(void *), void *context)
{
    submit(stream, [=] { function(context); });
    return sticky();
}
