/* feature_machine.cu -- what a program may count on: memory that ends, late streams, hand-overs that are right. */
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

static int passed, failed;
#define EXPECT(x) ((x) ? (void)passed++ : (void)(failed++, printf("FAIL line %d: %s\n", __LINE__, #x)))

__global__ void set(int *a, int v) { a[blockIdx.x * blockDim.x + threadIdx.x] = v; }
__global__ void add(int *a, int v) { a[threadIdx.x] += v; }

static void memory(void)
{
    size_t left, all, after;
    int *a, *b, *none = (int *)1;
    EXPECT(cudaMemGetInfo(&left, &all) == cudaSuccess && left == all);
    EXPECT(cudaMalloc(&a, all / 2) == cudaSuccess);
    EXPECT(cudaMalloc(&none, all) == cudaErrorMemoryAllocation && !none);
    EXPECT(cudaGetLastError() == cudaErrorMemoryAllocation);
    EXPECT(cudaGetLastError() == cudaSuccess);
    EXPECT(cudaMemGetInfo(&after, &all) == cudaSuccess && after == left - all / 2);
    EXPECT(cudaFree(a) == cudaSuccess && cudaFree(nullptr) == cudaSuccess);
    for (int i = 0; i < 300; i++) {                     /* more than there is, one after the other */
        if (cudaMalloc(&b, all / 4) != cudaSuccess || cudaFree(b) != cudaSuccess) break;
        if (i == 299) passed++;
    }
    EXPECT(cudaMemGetInfo(&after, &all) == cudaSuccess && after == all);
    EXPECT((size_t)b % 256 == 0);
}

static void streams(void)
{
    cudaStream_t s, t;
    cudaEvent_t e;
    int *a, *pinned, *copy, host[32] = { 0 };
    cudaMalloc(&a, sizeof host);
    cudaMallocHost((void **)&pinned, sizeof host);
    copy = (int *)malloc(sizeof host);
    cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&t, cudaStreamNonBlocking);
    cudaEventCreate(&e);
    set<<<1, 32, 0, s>>>(a, 1);
    cudaEventRecord(e, s);
    cudaStreamWaitEvent(t, e, 0);
    add<<<1, 32, 0, t>>>(a, 2);                         /* after s, whoever is waited for first */
    memset(pinned, 0, sizeof host);
    cudaMemcpyAsync(pinned, a, sizeof host, cudaMemcpyDeviceToHost, t);
#ifdef SIMT_CHECK
    EXPECT(pinned[5] == 0);                             /* nobody has waited: on a busy GPU this is what stands there */
#endif
    EXPECT(cudaStreamSynchronize(t) == cudaSuccess && pinned[5] == 3);
    for (int i = 0; i < 32; i++) copy[i] = i;
    cudaMemcpyAsync(a, copy, sizeof host, cudaMemcpyHostToDevice, s);
    memset(copy, 0, sizeof host);                       /* pageable memory was read before the call returned */
    cudaMemcpyAsync(host, a, sizeof host, cudaMemcpyDeviceToHost, s);
    EXPECT(host[31] == 31);
    cudaEventRecord(e, s);
    cudaEventSynchronize(e);
    EXPECT(cudaEventQuery(e) == cudaSuccess && cudaStreamQuery(s) == cudaSuccess);
    EXPECT(cudaStreamDestroy(s) == cudaSuccess && cudaStreamDestroy(t) == cudaSuccess);
    EXPECT(cudaStreamDestroy(s) != cudaSuccess && cudaGetLastError() == cudaErrorInvalidResourceHandle);

    cudaStreamCreate(&s);                               /* takes turns with the default stream */
    set<<<1, 32, 0, s>>>(a, 4);
    add<<<1, 32>>>(a, 3);
    add<<<1, 32, 0, s>>>(a, 2);
    cudaMemcpy(host, a, sizeof host, cudaMemcpyDeviceToHost);
    EXPECT(host[0] == 9 && host[31] == 9);
    cudaStreamDestroy(s);
    cudaEventDestroy(e);
    cudaFreeHost(pinned);
    cudaFree(a);
    free(copy);
}

/* ---- Hand-overs that are right: nobody may call them races ------------------------------------------------------- */

__global__ void last_block(int *part, int *out, unsigned *done)     /* barriers carry what the fence publishes */
{
    __shared__ bool last;
    part[blockIdx.x * blockDim.x + threadIdx.x] = 1;
    __syncthreads();
    if (threadIdx.x == 0) {
        __threadfence();
        last = atomicAdd(done, 1u) == gridDim.x - 1;
    }
    __syncthreads();
    if (!last || threadIdx.x != 33) return;
    int s = 0;
    for (unsigned i = 0; i < gridDim.x * blockDim.x; i++) s += part[i];
    *out = s;
}
__global__ void locked(int *sum, int *lock)
{
    for (bool done = false; !done;)
        if (atomicCAS(lock, 0, 1) == 0) {
            *sum += 1;
            __threadfence();
            atomicExch(lock, 0);
            done = true;
        }
}
__global__ void relay(int *data, volatile int *flag)    /* block i waits for i - 1: right where blocks begin in order */
{
    if (threadIdx.x) return;
    if (blockIdx.x)
        while (flag[blockIdx.x - 1] == 0) __threadfence();
    data[blockIdx.x] = blockIdx.x ? data[blockIdx.x - 1] + 1 : 1;
    __threadfence();
    flag[blockIdx.x] = 1;
}
__global__ void through_a_warp(int *data, int *flag, int *out)      /* lanes write, lane 0 publishes for them */
{
    int t = threadIdx.x;
    if (t < 32) {
        data[t] = t;
        __syncwarp();
        if (t == 0) {
            __threadfence();
            atomicExch(flag, 1);
        }
    } else {
        if (t == 32)
            while (atomicAdd(flag, 0) == 0) {}
        __syncwarp();
        out[t - 32] = data[t - 32];
    }
}
__global__ void same_value(int *a) { a[0] = 7; }

static void hand_overs(void)
{
    int *a, host[256];
    cudaMalloc(&a, 4096 * sizeof(int));
    cudaMemset(a, 0, 4096 * sizeof(int));
    last_block<<<8, 64>>>(a, a + 1000, (unsigned *)a + 1001);
    cudaMemcpy(host, a + 1000, sizeof(int), cudaMemcpyDeviceToHost);
    EXPECT(host[0] == 512);
    cudaMemset(a, 0, 4096 * sizeof(int));
    locked<<<4, 64>>>(a, a + 100);
    cudaMemcpy(host, a, sizeof(int), cudaMemcpyDeviceToHost);
    EXPECT(host[0] == 256);
    const char *order = getenv("SIMT_ORDER");
    if (!order || !strncmp(order, "forward", 7)) {
        cudaMemset(a, 0, 4096 * sizeof(int));
        relay<<<8, 32>>>(a, a + 100);
        cudaMemcpy(host, a, 8 * sizeof(int), cudaMemcpyDeviceToHost);
        EXPECT(host[7] == 8);
    }
    cudaMemset(a, 0, 4096 * sizeof(int));
    through_a_warp<<<1, 64>>>(a, a + 100, a + 200);
    cudaMemcpy(host, a + 200, 32 * sizeof(int), cudaMemcpyDeviceToHost);
    EXPECT(host[31] == 31);
    same_value<<<4, 64>>>(a);
    cudaMemcpy(host, a, sizeof(int), cudaMemcpyDeviceToHost);
    EXPECT(host[0] == 7);
    cudaFree(a);
}

int main()
{
    setenv("SIMT_MEMORY", "32M", 1);
    memory();
    streams();
    hand_overs();
    EXPECT(cudaDeviceSynchronize() == cudaSuccess && cudaGetLastError() == cudaSuccess);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
