/* kernels_sums.cu -- correct kernels: many elements to few, in the ways threads can work together. */
#include <climits>
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include "device.cuh"
#include "kernels.h"
namespace cg = cooperative_groups;

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

__global__ void tree(float *part, const float *x, int N)
{
    __shared__ float s[128];
    int t = threadIdx.x, i = blockIdx.x * 128 + t;
    s[t] = i < N ? x[i] : 0;
    __syncthreads();
    for (int by = 64; by; by /= 2) {
        if (t < by) s[t] += s[t + by];
        __syncthreads();
    }
    if (!t) part[blockIdx.x] = s[0];
}

float sum_tree(const float *x, int N)
{
    Device<float> a(x, N), b(parts(N, 128) + 1);
    float        *from = a.p, *to = b.p;
    for (; N > 1; N = parts(N, 128)) {
        tree<<<parts(N, 128), 128>>>(to, from, N);
        float *swap = from;
        from = to, to = swap;
    }
    float sum;
    must(cudaMemcpy(&sum, from, sizeof sum, cudaMemcpyDeviceToHost));
    return sum;
}

__device__ float warp_sum(float v)
{
    for (int by = 16; by; by /= 2) v += __shfl_down_sync(0xffffffff, v, by);
    return v;                                       /* lane 0 has it */
}

__device__ float block_sum(float v)                 /* thread 0 has it; the block has whole warps */
{
    __shared__ float warps[32];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    v = warp_sum(v);
    if (!lane) warps[warp] = v;
    __syncthreads();
    v = threadIdx.x < blockDim.x / 32 ? warps[lane] : 0;
    return warp ? 0 : warp_sum(v);
}

__global__ void one_block(float *sum, const float *x, int N)
{
    float v = 0;
    for (int i = threadIdx.x; i < N; i += blockDim.x) v += x[i];
    v = block_sum(v);
    if (!threadIdx.x) *sum = v;
}

float sum_warps(const float *x, int N)
{
    Device<float> dx(x, N), sum(1);
    one_block<<<1, 192>>>(sum.p, dx.p, N);
    return sum.one();
}

__global__ void add_atomically(float *sum, const float *x, int N)
{
    float v = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < N; i += gridDim.x * blockDim.x) v += x[i];
    v = warp_sum(v);
    if (threadIdx.x % 32 == 0) atomicAdd(sum, v);
}

float sum_atomic(const float *x, int N)
{
    Device<float> dx(x, N), sum(1);
    sum.zero();
    add_atomically<<<4, 64>>>(sum.p, dx.p, N);
    return sum.one();
}

__device__ unsigned blocks_done;

/* The block that comes last adds what the others left: a fence before its ticket is what makes their sums visible. */
__global__ void last_block(float *sum, volatile float *part, const float *x, int N)
{
    __shared__ bool last;
    float v = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < N; i += gridDim.x * blockDim.x) v += x[i];
    v = block_sum(v);
    if (!threadIdx.x) {
        part[blockIdx.x] = v;
        __threadfence();
        last = atomicInc(&blocks_done, gridDim.x - 1) == gridDim.x - 1;    /* and it is 0 again */
    }
    __syncthreads();
    if (!last) return;
    v = 0;
    for (int i = threadIdx.x; i < gridDim.x; i += blockDim.x) v += part[i];
    v = block_sum(v);
    if (!threadIdx.x) *sum = v;
}

float sum_last_block(const float *x, int N)
{
    Device<float> dx(x, N), part(7), sum(1);
    last_block<<<7, 64>>>(sum.p, part.p, dx.p, N);
    return sum.one();
}

__global__ void groups(float *sum, const float *x, int N)
{
    auto  block = cg::this_thread_block();
    auto  tile = cg::tiled_partition<16>(block);
    float v = 0;
    for (int i = block.thread_rank(); i < N; i += block.size()) v += x[i];
    v = cg::reduce(tile, v, cg::plus<float>());
    if (tile.thread_rank() == 0) atomicAdd(sum, v);
}

float sum_groups(const float *x, int N)
{
    Device<float> dx(x, N), sum(1);
    sum.zero();
    groups<<<1, dim3(16, 4)>>>(sum.p, dx.p, N);
    return sum.one();
}

__global__ void products(float *sum, const float *a, const float *b, int N)
{
    extern __shared__ float s[];
    float v = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < N; i += gridDim.x * blockDim.x) v = fmaf(a[i], b[i], v);
    s[threadIdx.x] = v;
    for (int by = blockDim.x / 2; by; by /= 2) {
        __syncthreads();
        if (threadIdx.x < by) s[threadIdx.x] += s[threadIdx.x + by];
    }
    if (!threadIdx.x) atomicAdd(sum, s[0]);
}

float dot(const float *a, const float *b, int N)
{
    Device<float> da(a, N), db(b, N), sum(1);
    sum.zero();
    products<<<3, 64, 64 * sizeof(float)>>>(sum.p, da.p, db.p, N);
    return sum.one();
}

__global__ void maximum(int *max, const int *x, int N)
{
    __shared__ int mine;
    if (!threadIdx.x) mine = INT_MIN;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < N; i += gridDim.x * blockDim.x) atomicMax(&mine, x[i]);
    __syncthreads();
    if (!threadIdx.x) atomicMax(max, mine);
}

int largest(const int *x, int N)
{
    Device<int> dx(x, N), max(x, 1);
    maximum<<<3, 96>>>(max.p, dx.p, N);
    return max.one();
}

/* ---- Counts ------------------------------------------------------------------------------------------------------ */

__global__ void count_global(int *count, const unsigned char *x, int N)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < N) atomicAdd(&count[x[i]], 1);
}

void histogram_global(int *count, const unsigned char *x, int N)
{
    Device<unsigned char> dx(x, N);
    Device<int>           dcount(256);
    dcount.zero();
    count_global<<<parts(N, 64), 64>>>(dcount.p, dx.p, N);
    dcount.get(count);
}

__global__ void count_shared(int *count, const unsigned char *x, int N)
{
    __shared__ int mine[256];
    for (int i = threadIdx.x; i < 256; i += blockDim.x) mine[i] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < N; i += gridDim.x * blockDim.x) atomicAdd(&mine[x[i]], 1);
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += blockDim.x)
        if (mine[i]) atomicAdd(&count[i], mine[i]);
}

void histogram_shared(int *count, const unsigned char *x, int N)
{
    Device<unsigned char> dx(x, N);
    Device<int>           dcount(256);
    dcount.zero();
    count_shared<<<3, 96>>>(dcount.p, dx.p, N);
    dcount.get(count);
}

/* ---- Running totals ---------------------------------------------------------------------------------------------- */

__global__ void doubling(int *y, const int *x, int N)
{
    __shared__ int s[2][1024];                      /* one is read while the other is written */
    int now = 0, t = threadIdx.x;
    s[0][t] = x[t];
    for (int by = 1; by < N; by *= 2, now = !now) {
        __syncthreads();
        s[!now][t] = s[now][t] + (t >= by ? s[now][t - by] : 0);
    }
    y[t] = s[now][t];
}

void scan_doubling(int *y, const int *x, int N)
{
    Device<int> dx(x, N), dy(N);
    doubling<<<1, N>>>(dy.p, dx.p, N);
    dy.get(y);
}

__global__ void up_and_down(int *y, const int *x)   /* Blelloch: sums up a tree, then down again */
{
    __shared__ int s[512];
    int t = threadIdx.x, apart = 1;
    s[2 * t] = x[2 * t], s[2 * t + 1] = x[2 * t + 1];
    for (int pairs = 256; pairs; pairs /= 2, apart *= 2) {
        __syncthreads();
        if (t < pairs) s[apart * (2 * t + 2) - 1] += s[apart * (2 * t + 1) - 1];
    }
    if (!t) s[511] = 0;
    for (int pairs = 1; pairs <= 256; pairs *= 2) {
        apart /= 2;
        __syncthreads();
        if (t >= pairs) continue;
        int left = apart * (2 * t + 1) - 1, right = apart * (2 * t + 2) - 1, was = s[left];
        s[left] = s[right];
        s[right] += was;
    }
    __syncthreads();
    y[2 * t] = s[2 * t], y[2 * t + 1] = s[2 * t + 1];
}

void scan_tree(int *y, const int *x, int N)
{
    Device<int> dx(x, N), dy(N);
    up_and_down<<<1, 256>>>(dy.p, dx.p);
    dy.get(y);
}

__device__ int warp_scan(int v)
{
    for (int by = 1; by < 32; by *= 2) {
        int left = __shfl_up_sync(0xffffffff, v, by);
        if (threadIdx.x % 32 >= by) v += left;
    }
    return v;
}

__device__ int block_scan(int v)                    /* 128 threads */
{
    __shared__ int warps[4];
    int warp = threadIdx.x / 32;
    v = warp_scan(v);
    __syncthreads();                                /* whoever called before has read what lies there */
    if (threadIdx.x % 32 == 31) warps[warp] = v;
    __syncthreads();
    for (int w = 0; w < warp; w++) v += warps[w];
    return v;
}

__global__ void scan_each(int *y, int *total, const int *x, int N)
{
    int i = blockIdx.x * 128 + threadIdx.x, v = block_scan(i < N ? x[i] : 0);
    if (i < N) y[i] = v;
    if (total && threadIdx.x == 127) total[blockIdx.x] = v;
}

__global__ void add_before(int *y, const int *before, int N)
{
    int i = blockIdx.x * 128 + threadIdx.x;
    if (blockIdx.x && i < N) y[i] += before[blockIdx.x - 1];
}

void scan_blocks(int *y, const int *x, int N)       /* at most 128 blocks */
{
    int         blocks = parts(N, 128);
    Device<int> dx(x, N), dy(N), total(blocks);
    scan_each<<<blocks, 128>>>(dy.p, total.p, dx.p, N);
    scan_each<<<1, 128>>>(total.p, NULL, total.p, blocks);
    add_before<<<blocks, 128>>>(dy.p, total.p, N);
    dy.get(y);
}

/* A block waits for the one before. Which is before is decided by a ticket: a block that waits began later. */
__global__ void chained(int *y, const int *x, int N, int *ticket, int *ready, volatile int *total)
{
    __shared__ int block, before;
    if (!threadIdx.x) block = atomicAdd(ticket, 1);
    __syncthreads();
    int i = block * 128 + threadIdx.x, v = block_scan(i < N ? x[i] : 0);
    if (threadIdx.x == 127) {
        before = 0;
        if (block) {
            while (!atomicAdd(&ready[block - 1], 0)) __nanosleep(20);
            __threadfence();
            before = total[block - 1];
        }
        total[block] = before + v;
        __threadfence();
        atomicExch(&ready[block], 1);
    }
    __syncthreads();
    if (i < N) y[i] = before + v;
}

void scan_chained(int *y, const int *x, int N)
{
    int         blocks = parts(N, 128);
    Device<int> dx(x, N), dy(N), ticket(1), ready(blocks), total(blocks);
    ticket.zero();
    ready.zero();
    chained<<<blocks, 128>>>(dy.p, dx.p, N, ticket.p, ready.p, total.p);
    dy.get(y);
}

/* ---- Picking, sorting, waiting ----------------------------------------------------------------------------------- */

__global__ void compact(int *y, int *count, const int *x, int N)
{
    int      i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x % 32, first = 0;
    bool     keep = i < N && x[i] > 0;
    unsigned kept = __ballot_sync(0xffffffff, keep);
    if (!lane && kept) first = atomicAdd(count, __popc(kept));      /* one atomic a warp */
    first = __shfl_sync(0xffffffff, first, 0);
    if (keep) y[first + __popc(kept & ((1u << lane) - 1))] = x[i];
}

int compact_positive(int *y, const int *x, int N)
{
    Device<int> dx(x, N), dy(N), count(1);
    count.zero();
    dy.zero();
    compact<<<parts(N, 64), 64>>>(dy.p, count.p, dx.p, N);
    dy.get(y);
    return count.one();
}

__global__ void bitonic(float *x, int N)
{
    extern __shared__ float s[];
    int t = threadIdx.x;
    s[t] = x[t];
    for (int size = 2; size <= N; size *= 2)
        for (int by = size / 2; by; by /= 2) {
            __syncthreads();
            int with = t ^ by;
            if (with > t && (s[t] > s[with]) == !(t & size)) {
                float swap = s[t];
                s[t] = s[with], s[with] = swap;
            }
        }
    __syncthreads();
    x[t] = s[t];
}

void sort_bitonic(float *x, int N)
{
    Device<float> dx(x, N);
    bitonic<<<1, N, N * sizeof(float)>>>(dx.p, N);
    dx.get(x);
}

__global__ void count_locked(volatile int *count, int *lock)
{
    for (bool done = false; !done;)
        if (atomicCAS(lock, 0, 1) == 0) {
            __threadfence();
            *count = *count + 1;
            __threadfence();
            atomicExch(lock, 0);
            done = true;
        }
}

int locked_counter(int blocks, int threads)
{
    Device<int> count(1), lock(1);
    count.zero();
    lock.zero();
    count_locked<<<blocks, threads>>>(count.p, lock.p);
    return count.one();
}

__global__ void hand_over(int *out, volatile int *box, int *flag, int *ticket, int message)
{
    if (atomicAdd(ticket, 1) == 0) {                /* whoever comes first sends */
        *box = message;
        __threadfence();
        atomicExch(flag, 1);
    } else {
        while (!atomicAdd(flag, 0)) continue;
        __threadfence();
        *out = *box;
    }
}

int flag_between_blocks(int message)
{
    Device<int> out(1), box(1), flag(1), ticket(1);
    flag.zero();
    ticket.zero();
    hand_over<<<2, 1>>>(out.p, box.p, flag.p, ticket.p, message);
    return out.one();
}
