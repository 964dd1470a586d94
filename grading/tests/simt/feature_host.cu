/* feature_host.cu -- what the host calls: errors, memory, streams, events, occupancy, graphs. */
#include "feature.cuh"

__global__ void add(int *y, int by) { y[threadIdx.x] += by; }
__device__ int device_numbers[4];

/* ---- Errors: remembered until asked for, by CUDA's numbers ------------------------------------------------------- */

static void errors()
{
    int *p = NULL, host[4] = { 0 };
    expect(cudaGetLastError() == cudaSuccess, "clean at first");
    expect(cudaMalloc(&p, (size_t)1 << 60) == cudaErrorMemoryAllocation && !p, "%p", (void *)p);
    expect(cudaPeekAtLastError() == cudaErrorMemoryAllocation, "a look leaves it");
    expect(cudaGetLastError() == cudaErrorMemoryAllocation && cudaGetLastError() == cudaSuccess, "asking takes it");
    expect(!strcmp(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation"), "%s",
           cudaGetErrorName(cudaErrorMemoryAllocation));
    expect(!strcmp(cudaGetErrorString(cudaErrorInvalidValue), "invalid argument"), "%s",
           cudaGetErrorString(cudaErrorInvalidValue));
    expect((int)cudaErrorInvalidConfiguration == 9 && (int)cudaErrorIllegalAddress == 700, "numbers");
    expect(cudaSetDevice(99) == cudaErrorInvalidDevice, "device 99");
    cudaGetLastError();
    must(cudaMalloc(&p, sizeof host));
    must(cudaMemcpy(p, host, sizeof host, cudaMemcpyHostToDevice));
    must(cudaFree(p));
    must(cudaFree(NULL));
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static void memory()
{
    size_t before, after, all, pitch, size;
    int   *p, *pinned, back[3][5], device;
    must(cudaMemGetInfo(&before, &all));
    must(cudaMalloc(&p, 1 << 20));
    must(cudaMemGetInfo(&after, &all));
    expect(before - after >= 1 << 20 && all >= before, "%zu, %zu, %zu", before, after, all);
    must(cudaFree(p));
    must(cudaMallocHost(&pinned, 60 * sizeof(int)));
    for (int i = 0; i < 60; i++) pinned[i] = i;
    must(cudaMallocPitch(&p, &pitch, 5 * sizeof(int), 3));
    expect(pitch >= 5 * sizeof(int) && pitch % 32 == 0, "%zu", pitch);
    must(cudaMemcpy2D(p, pitch, pinned, 20 * sizeof(int), 5 * sizeof(int), 3, cudaMemcpyHostToDevice));
    must(cudaMemcpy2D(back, sizeof back[0], p, pitch, sizeof back[0], 3, cudaMemcpyDeviceToHost));
    for (int i = 0; i < 15; i++) expect(back[i / 5][i % 5] == i / 5 * 20 + i % 5, "%d", back[i / 5][i % 5]);
    must(cudaMemset2D(p, pitch, 0xff, 5 * sizeof(int), 2));
    must(cudaMemcpy2D(back, sizeof back[0], p, pitch, sizeof back[0], 3, cudaMemcpyDeviceToHost));
    expect(back[0][0] == -1 && back[1][4] == -1 && back[2][0] == 40, "%d %d %d", back[0][0], back[1][4], back[2][0]);
    must(cudaFree(p));
    must(cudaFreeHost(pinned));
    must(cudaGetSymbolSize(&size, device_numbers));
    must(cudaGetDevice(&device));
    expect(size == 16 && device == 0, "%zu, %d", size, device);
    must(cudaMallocManaged(&p, 4 * sizeof(int)));
    for (int i = 0; i < 4; i++) p[i] = i;
    add<<<1, 4>>>(p, 10);
    must(cudaDeviceSynchronize());
    for (int i = 0; i < 4; i++) expect(p[i] == i + 10, "%d", p[i]);
    must(cudaFree(p));
}

/* ---- Streams and events ------------------------------------------------------------------------------------------ */

static void count(void *n) { ++*(int *)n; }

static void streams()
{
    cudaStream_t one, two;
    cudaEvent_t  first, last;
    Numbers<int> y(4), z(4);
    int         *temporary, calls = 0;
    float        ms = -1;
    must(cudaStreamCreate(&one));
    must(cudaStreamCreateWithFlags(&two, cudaStreamNonBlocking));
    must(cudaEventCreate(&first));
    must(cudaEventCreateWithFlags(&last, cudaEventDefault));
    must(cudaEventRecord(first, one));
    for (int i = 0; i < 3; i++) add<<<1, 4, 0, one>>>(y, 1);
    must(cudaEventRecord(last, one));
    must(cudaStreamWaitEvent(two, last, 0));
    must(cudaMemcpyAsync(z.device, y.device, 4 * sizeof(int), cudaMemcpyDeviceToDevice, two));
    add<<<1, 4, 0, two>>>(z, 10);
    must(cudaMallocAsync(&temporary, 4 * sizeof(int), two));
    must(cudaMemsetAsync(temporary, 0, 4 * sizeof(int), two));
    add<<<1, 4, 0, two>>>(temporary, 1);
    must(cudaFreeAsync(temporary, two));
    must(cudaLaunchHostFunc(two, count, &calls));
    must(cudaStreamSynchronize(two));
    must(cudaStreamSynchronize(one));
    expect(cudaStreamQuery(one) == cudaSuccess && cudaEventQuery(last) == cudaSuccess, "all is done");
    must(cudaEventSynchronize(last));
    must(cudaEventElapsedTime(&ms, first, last));
    y.get();
    z.get();
    expect(y[0] == 3 && z[3] == 13 && calls == 1 && ms >= 0, "%d %d %d %g", y[0], z[3], calls, ms);
    must(cudaEventDestroy(first));
    must(cudaEventDestroy(last));
    must(cudaStreamDestroy(one));
    must(cudaStreamDestroy(two));
}

/* ---- The device, occupancy, launches without <<< >>> ------------------------------------------------------------- */

static void properties()
{
    cudaDeviceProp     p;
    cudaFuncAttributes a;
    Numbers<int>       y(4);
    int                devices, value, blocks, grid, block, version, by = 5;
    must(cudaGetDeviceCount(&devices));
    must(cudaGetDeviceProperties(&p, 0));
    must(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0));
    expect(devices >= 1 && p.warpSize == 32 && p.maxThreadsPerBlock == 1024, "%d %d", devices, p.warpSize);
    expect(value == p.multiProcessorCount, "%d", value);
    must(cudaDeviceGetAttribute(&value, cudaDevAttrComputeCapabilityMajor, 0));
    expect(value == p.major && value >= 7, "%d", value);
    must(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 256, 0));
    expect(blocks >= 1 && blocks * 256 <= p.maxThreadsPerMultiProcessor, "%d", blocks);
    must(cudaOccupancyMaxPotentialBlockSize(&grid, &block, add, 0, 0));
    expect(block >= 32 && block <= 1024 && grid >= 1, "%d %d", grid, block);
    must(cudaFuncGetAttributes(&a, add));
    must(cudaFuncSetAttribute(add, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10));
    must(cudaRuntimeGetVersion(&version));
    expect(a.maxThreadsPerBlock >= 32 && version >= 11000, "%d %d", a.maxThreadsPerBlock, version);
    void *arguments[] = { &y.device, &by };
    must(cudaLaunchKernel(add, dim3(1), dim3(4), arguments, 0, 0));
    y.get();
    expect(y[3] == 5, "%d", y[3]);
}

/* ---- Graphs ------------------------------------------------------------------------------------------------------ */

static void graphs()
{
    cudaStream_t            stream;
    cudaGraph_t             graph;
    cudaGraphExec_t         exec;
    cudaStreamCaptureStatus status;
    Numbers<int>            y(4), z(4);
    size_t                  nodes = 0;
    int                     by = 2;
    must(cudaStreamCreate(&stream));
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    add<<<1, 4, 0, stream>>>(y, by);
    by = 100;                                       /* arguments are those of the capture */
    add<<<1, 4, 0, stream>>>(y, 1);
    must(cudaMemcpyAsync(z.device, y.device, 4 * sizeof(int), cudaMemcpyDeviceToDevice, stream));
    must(cudaStreamIsCapturing(stream, &status));
    expect(status == cudaStreamCaptureStatusActive, "%d", (int)status);
    must(cudaStreamEndCapture(stream, &graph));
    must(cudaGraphGetNodes(graph, NULL, &nodes));
    expect(nodes == 3, "%zu", nodes);
    y.get();
    expect(y[0] == 0, "capturing does nothing, and y is %d", y[0]);
    must(cudaGraphInstantiate(&exec, graph, 0));
    must(cudaGraphDestroy(graph));
    for (int i = 0; i < 5; i++) must(cudaGraphLaunch(exec, stream));
    must(cudaStreamSynchronize(stream));
    y.get();
    z.get();
    expect(y[0] == 15 && z[3] == 15, "%d %d", y[0], z[3]);
    must(cudaGraphExecDestroy(exec));
    must(cudaStreamDestroy(stream));
}

int main()
{
    errors();
    memory();
    streams();
    properties();
    graphs();
    return features_end();
}
