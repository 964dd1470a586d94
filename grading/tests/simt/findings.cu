/* findings.cu -- one wrong program for each thing that check mode finds. findings NAME runs it, findings lists all;
 * findings.expected holds what each has to say, to the letter. A comment names the mistake. */
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

/* ---- Addresses --------------------------------------------------------------------------------------------------- */

__global__ void set(float *a, int n)                    /* no `if (i < n)` */
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    a[i] = (float)n;
}
__global__ void left(float *a) { a[threadIdx.x] = a[(int)threadIdx.x - 1] + 1; }    /* nobody is left of thread 0 */
__global__ void next_of_shared(float *a)                /* s[32] would be z[0] */
{
    __shared__ float s[32], z[32];
    s[threadIdx.x] = z[threadIdx.x] = 1;
    __syncthreads();
    a[threadIdx.x] = s[threadIdx.x + 1];
}
__global__ void rows_of_shared(float *a)                /* 8 rows, a block of 16 */
{
    __shared__ float tile[8][33];
    tile[threadIdx.y][threadIdx.x] = 1;
    __syncthreads();
    a[threadIdx.x] = tile[0][threadIdx.x];
}
__global__ void dynamic(float *a)                       /* launched with 128 bytes, needs 256 */
{
    extern __shared__ float d[];
    d[threadIdx.x] = 1;
    __syncthreads();
    a[threadIdx.x] = d[threadIdx.x];
}
__global__ void local(float *a, int n)
{
    float l[4] = { 1, 2, 3, 4 };
    for (int i = 0; i <= n; i++) l[i] += 1;
    a[threadIdx.x] = l[1];
}
__device__ float table[4];
__global__ void device_array(float *a, int i) { a[threadIdx.x] = table[i]; }
__global__ void unaligned(float *a) { *(float4 *)a = *(const float4 *)(a + 5); }
__global__ void deep(float *a)
{
    volatile float big[30000];
    big[threadIdx.x] = 1;
    a[0] = big[threadIdx.x];
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

__global__ void last_is_missing(float *a)
{
    __shared__ float s[64];
    if (threadIdx.x < 63) s[threadIdx.x] = a[threadIdx.x];
    __syncthreads();
    a[threadIdx.x] = s[63 - threadIdx.x];
}
__global__ void accumulate(float *a) { a[threadIdx.x] += 1; }

/* ---- Races ------------------------------------------------------------------------------------------------------- */

__global__ void reverse(float *a)                       /* no barrier between the write and the read */
{
    __shared__ float s[256];
    s[threadIdx.x] = a[threadIdx.x];
    a[threadIdx.x] = s[255 - threadIdx.x];
}
__global__ void tiles(float *a)                         /* the second barrier of the loop is missing */
{
    __shared__ float s[64];
    for (int k = 0; k < 2; k++) {
        s[threadIdx.x] = a[threadIdx.x + 64 * k];
        __syncthreads();
        a[threadIdx.x] = s[63 - threadIdx.x];
    }
}
__global__ void warp_sum(float *a)                      /* as before Volta: no __syncwarp() */
{
    __shared__ float s[64];
    int t = threadIdx.x;
    s[t] = a[t], s[t + 32] = a[t + 32];
    __syncwarp();
    for (int o = 32; o > 0; o >>= 1)
        if (t < o) s[t] += s[t + o];
    if (t == 0) a[0] = s[0];
}
__global__ void sum(float *total, const float *x) { *total += x[blockIdx.x]; }
__global__ void neighbours(float *a)                    /* block 1 reads what block 0 writes */
{
    if (blockIdx.x == 0)
        a[0] = 1;
    else
        a[blockIdx.x] = a[0];
}
__global__ void last_block(float *part, float *out, unsigned *done)     /* no __threadfence() before the atomic */
{
    part[blockIdx.x] = 1;
    if (atomicAdd(done, 1u) != gridDim.x - 1) return;
    float s = 0;
    for (unsigned i = 0; i < gridDim.x; i++) s += part[i];
    *out = s;
}
__global__ void count(int *out)                         /* reads the counter before all have counted */
{
    __shared__ int n;
    if (threadIdx.x == 0) n = 0;
    __syncthreads();
    atomicAdd(&n, 1);
    out[threadIdx.x] = n;
}
__global__ void bytes(unsigned char *p) { p[0] = (unsigned char)(p[0] + 1); }

/* ---- Barriers and warps ------------------------------------------------------------------------------------------ */

__global__ void two_barriers(float *a)
{
    if (threadIdx.x < 32) {
        a[threadIdx.x] = 1;
        __syncthreads();
    } else {
        a[threadIdx.x] = 2;
        __syncthreads();
    }
}
__global__ void early(float *a, int n)
{
    if ((int)threadIdx.x >= n) return;
    a[threadIdx.x] = 1;
    __syncthreads();
}
__global__ void stuck(int *a)
{
    if (threadIdx.x < 48)
        __syncthreads();
    else
        a[0] = __shfl_sync(0xffffffffu, (int)threadIdx.x, 0);
    __syncthreads();
}
__global__ void outside_the_mask(int *a)
{
    int v = threadIdx.x;
    if (threadIdx.x < 16) a[threadIdx.x] = __shfl_down_sync(0x0000ffffu, v, 8);
}
__global__ void gone(int *a)
{
    if (threadIdx.x >= 16) return;
    a[threadIdx.x] = __shfl_down_sync(0xffffffffu, (int)threadIdx.x, 1);
}
__global__ void not_named(int *a) { a[threadIdx.x] = __shfl_sync(0x0000ffffu, (int)threadIdx.x, 0); }
__global__ void endless(volatile int *flag)
{
    while (*flag == 0) {}
}
__global__ void large(float *a)
{
    __shared__ float s[16384];
    s[threadIdx.x] = a[threadIdx.x];
    __syncthreads();
    a[threadIdx.x] = s[63 - threadIdx.x];
}

int main(int argc, char **argv)
{
    float *a, *b;
    const char *name = argc > 1 ? argv[1] : "";
    bool known = false;
    float host[64] = { 0 };
    if (*name) {
        cudaMalloc(&a, 1000 * sizeof(float));
        cudaMalloc(&b, 64 * sizeof(float));
        cudaMemset(a, 0, 1000 * sizeof(float));
    }
    int *i = (int *)a;
    auto run = [&](const char *called) {
        if (!*name) puts(called);
        return !strcmp(name, called) && (known = true);
    };
    if (run("out-of-bounds")) set<<<4, 256>>>(a, 1000);
    if (run("before-the-buffer")) left<<<1, 32>>>(a);
    if (run("shared-index")) next_of_shared<<<1, 32>>>(a);
    if (run("shared-row")) rows_of_shared<<<1, dim3(32, 16)>>>(a);
    if (run("dynamic-shared")) dynamic<<<1, 64, 128>>>(a);
    if (run("local-array")) local<<<1, 1>>>(a, 4);
    if (run("device-array")) device_array<<<1, 1>>>(a, 6);
    if (run("misaligned")) unaligned<<<1, 1>>>(a);
    if (run("stack-overflow")) deep<<<1, 32>>>(a);
    if (run("use-after-free")) cudaFree(b), set<<<1, 64>>>(b, 64);
    if (run("host-pointer")) set<<<1, 64>>>(host, 64);
    if (run("null-pointer")) set<<<1, 64>>>(nullptr, 64);
    if (run("device-pointer-on-host")) a[3] = 1;
    if (run("uninitialised-shared")) last_is_missing<<<1, 64>>>(a);
    if (run("uninitialised-global")) accumulate<<<1, 64>>>(b);
    if (run("uninitialised-copy")) cudaMemcpy(host, b, sizeof host, cudaMemcpyDeviceToHost);
    if (run("race-missing-barrier")) reverse<<<1, 256>>>(a);
    if (run("race-second-barrier")) tiles<<<1, 64>>>(a);
    if (run("race-in-a-warp")) warp_sum<<<1, 32>>>(a);
    if (run("race-sum")) sum<<<1, 64>>>(a, a + 1);
    if (run("race-sum-of-blocks")) sum<<<4, 1>>>(a, a + 1);
    if (run("race-between-blocks")) neighbours<<<4, 1>>>(a);
    if (run("race-without-fence")) last_block<<<8, 1>>>(a, a + 100, (unsigned *)a + 200);
    if (run("race-with-atomic")) count<<<1, 64>>>(i);
    if (run("race-on-a-byte")) bytes<<<1, 32>>>((unsigned char *)a);
    if (run("barrier-divergence")) two_barriers<<<1, 64>>>(a);
    if (run("barrier-skipped")) early<<<1, 256>>>(a, 200);
    if (run("deadlock")) stuck<<<1, 64>>>(i);
    if (run("inactive-lane")) outside_the_mask<<<1, 32>>>(i);
    if (run("returned-lane")) gone<<<1, 32>>>(i);
    if (run("lane-not-in-mask")) not_named<<<1, 32>>>(i);
    if (run("endless")) endless<<<1, 1>>>(i);
    if (run("block-too-large")) set<<<1, 2048>>>(a, 1000);
    if (run("no-blocks")) set<<<0, 256>>>(a, 1000);
    if (run("shared-too-large")) dynamic<<<1, 64, 200000>>>(a);
    if (run("static-shared-too-large")) large<<<1, 64>>>(a);
    if (run("copy-direction")) cudaMemcpy(host, a, sizeof host, cudaMemcpyHostToDevice);
    if (run("copy-too-much")) cudaMemcpy(b, a, 1000 * sizeof(float), cudaMemcpyDeviceToDevice);
    if (run("set-too-much")) cudaMemset(b, 0, 65 * sizeof(float));
    if (run("double-free")) cudaFree(b), cudaFree(b), cudaMalloc(&b, 4);
    if (run("free-of-the-middle")) cudaFree(b + 1);
    if (run("leak")) cudaMalloc(&b, 12);
    if (!*name) return 0;
    if (!known) return printf("no case %s\n", name), 1;
    cudaError_t at_launch = cudaGetLastError(), after = cudaDeviceSynchronize();
    printf("launch: %s; then: %s\n", cudaGetErrorName(at_launch), cudaGetErrorName(after));
    fflush(stdout);
    cudaFree(a);
    if (strcmp(name, "use-after-free")) cudaFree(b);
    return 0;
}
