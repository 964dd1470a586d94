/* softmax.cu -- softmax.c on a GPU: a warp a row, its lanes side by side, so that loads coalesce. */
#include <cuda_runtime.h>
#include "softmax_cuda.h"

/* A block is WARPS rows: threadIdx.y says which, threadIdx.x is the lane. A row needs no other thread than its warp's:
 * shuffles do what barriers would, and a warp without a row may leave at once. */
enum { LANES = 32, WARPS = 4 };
static dim3 block() { return dim3(LANES, WARPS); }
static int  blocks(int N) { return (N + WARPS - 1) / WARPS; }

__device__ static int row() { return blockIdx.x * WARPS + threadIdx.y; }

__device__ static float warp_sum(float v)           /* every lane gets it */
{
    for (int by = LANES / 2; by; by /= 2) v += __shfl_xor_sync(0xffffffff, v, by);
    return v;
}

__device__ static float warp_max(float v)           /* NaN loses */
{
    for (int by = LANES / 2; by; by /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffff, v, by));
    return v;
}

/* Which places of a row may be seen. */
struct All { __device__ bool operator()(int, int) const { return true; } };
struct Masked {
    const int *mask;
    int        C;
    __device__ bool operator()(int n, int c) const { return mask[(long long)n * C + c]; }
};
struct Beginning {
    const int *length;
    int        causal, T;
    __device__ bool operator()(int n, int c) const { return c < length[n / T] && (!causal || c <= n % T); }
};

/* The largest score of a row, or 0 where nothing can be: -inf - -inf would be NaN. */
template <class Seen> __device__ static float largest(const float *x, int C, int n, Seen seen)
{
    float max = -INFINITY;
    for (int c = threadIdx.x; c < C; c += LANES)
        if (seen(n, c)) max = fmaxf(max, x[c]);
    max = warp_max(max);
    return max == -INFINITY ? 0 : max;
}

/* y = exp(x - max) / sum exp(x - max). A lane reads again only what it wrote itself. */
template <class Seen> __global__ void softmax_rows(float *y, const float *x, int N, int C, Seen seen)
{
    int n = row();
    if (n >= N) return;
    x += (long long)n * C, y += (long long)n * C;
    float max = largest(x, C, n, seen), sum = 0;
    for (int c = threadIdx.x; c < C; c += LANES) sum += y[c] = seen(n, c) ? expf(x[c] - max) : 0;
    sum = warp_sum(sum);
    if (sum == 0) return;
    for (int c = threadIdx.x; c < C; c += LANES) y[c] = seen(n, c) ? y[c] / sum : 0;
}

/* dx = y * (dy - sum y dy) */
__global__ void backward_rows(float *dx, const float *y, const float *dy, int N, int C)
{
    int n = row();
    if (n >= N) return;
    dx += (long long)n * C, y += (long long)n * C, dy += (long long)n * C;
    float mean = 0;
    for (int c = threadIdx.x; c < C; c += LANES) mean += y[c] * dy[c];
    mean = warp_sum(mean);
    for (int c = threadIdx.x; c < C; c += LANES) dx[c] = y[c] * (dy[c] - mean);
}

/* The sum of exp(x - max) over a row. */
__device__ static float exponentials(const float *x, int C, float max)
{
    float sum = 0;
    for (int c = threadIdx.x; c < C; c += LANES) sum += expf(x[c] - max);
    return warp_sum(sum);
}

/* y = (x - max) - log sum exp(x - max) */
__global__ void log_rows(float *y, const float *x, int N, int C)
{
    int n = row();
    if (n >= N) return;
    x += (long long)n * C, y += (long long)n * C;
    float max = largest(x, C, n, All()), sum = exponentials(x, C, max), log_sum = sum == 0 ? 0 : logf(sum);
    for (int c = threadIdx.x; c < C; c += LANES) y[c] = (x[c] - max) - log_sum;
}

/* dx = dy - exp(y) * sum dy */
__global__ void log_backward_rows(float *dx, const float *y, const float *dy, int N, int C)
{
    int n = row();
    if (n >= N) return;
    dx += (long long)n * C, y += (long long)n * C, dy += (long long)n * C;
    float total = 0;
    for (int c = threadIdx.x; c < C; c += LANES) total += dy[c];
    total = warp_sum(total);
    for (int c = threadIdx.x; c < C; c += LANES) dx[c] = dy[c] - expf(y[c]) * total;
}

/* lse = max + log sum exp(x - max),  losses = (max - x[target]) + log sum exp(x - max) */
__global__ void loss_rows(float *losses, float *lse, const float *x, const int *target, int N, int C)
{
    int n = row();
    if (n >= N) return;
    x += (long long)n * C;
    float max = largest(x, C, n, All()), sum = exponentials(x, C, max);
    if (threadIdx.x) return;
    lse[n] = max + logf(sum);
    losses[n] = (max - x[target[n]]) + (sum == 0 ? 0 : logf(sum));
}

/* One warp, in double and in one order: the same mean whatever the grid was. */
__global__ void mean_of(float *mean, const float *x, int N)
{
    double sum = 0;
    for (int n = threadIdx.x; n < N; n += LANES) sum += x[n];
    for (int by = LANES / 2; by; by /= 2) sum += __shfl_xor_sync(0xffffffff, sum, by);
    if (!threadIdx.x) *mean = (float)(sum / N);
}

/* dx = (exp(x - lse) - [c = target]) * dloss / N. An element a thread: no row is looked at whole. */
__global__ void loss_backward(float *dx, const float *x, const int *target, const float *lse, const float *dloss, int N,
                              int C)
{
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= (long long)N * C) return;
    int n = (int)(i / C), c = (int)(i % C);
    dx[i] = (expf(x[i] - lse[n]) - (c == target[n])) * dloss[0] / N;
}

/* ---- What the host calls. A grid of no blocks cannot be launched ------------------------------------------------- */

void softmax_cuda(float *y, const float *x, int N, int C)
{
    if (N) softmax_rows<<<blocks(N), block()>>>(y, x, N, C, All());
}

void softmax_backward_cuda(float *dx, const float *y, const float *dy, int N, int C)
{
    if (N) backward_rows<<<blocks(N), block()>>>(dx, y, dy, N, C);
}

void softmax_log_cuda(float *y, const float *x, int N, int C)
{
    if (N) log_rows<<<blocks(N), block()>>>(y, x, N, C);
}

void softmax_log_backward_cuda(float *dx, const float *y, const float *dy, int N, int C)
{
    if (N) log_backward_rows<<<blocks(N), block()>>>(dx, y, dy, N, C);
}

void softmax_cross_entropy_cuda(float *loss, float *losses, float *lse, const float *x, const int *target, int N, int C)
{
    if (N) loss_rows<<<blocks(N), block()>>>(losses, lse, x, target, N, C);
    mean_of<<<1, LANES>>>(loss, losses, N);
}

void softmax_cross_entropy_backward_cuda(float *dx, const float *x, const int *target, const float *lse,
                                         const float *dloss, int N, int C)
{
    enum { THREADS = 256 };
    long long parts = ((long long)N * C + THREADS - 1) / THREADS;
    if (parts) loss_backward<<<(unsigned)parts, THREADS>>>(dx, x, target, lse, dloss, N, C);
}

void softmax_masked_cuda(float *y, const float *x, const int *mask, int N, int C)
{
    if (N) softmax_rows<<<blocks(N), block()>>>(y, x, N, C, Masked{ mask, C });
}

void softmax_sequences_cuda(float *y, const float *x, const int *length, int causal, int B, int T)
{
    if (B && T) softmax_rows<<<blocks(B * T), block()>>>(y, x, B * T, T, Beginning{ length, causal, T });
}
