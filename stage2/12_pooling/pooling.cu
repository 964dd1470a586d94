/* pooling.cu -- pooling.c on a GPU: every output gathers, forward and back, so that no thread needs an atomic. */
#include <cuda_runtime.h>
#include "pooling_cuda.h"

enum { THREADS = 128, WARP = 32 };
static unsigned blocks(long long n) { return (unsigned)((n + THREADS - 1) / THREADS); }
__device__ static long long thread() { return (long long)blockIdx.x * blockDim.x + threadIdx.x; }

/* A shape, and what follows from it. Neighbouring threads take neighbouring places: their loads coalesce, as far as the
 * stride lets them. */
struct Shape : Pooling {
    int       OH, OW, S, P;
    long long images;
    explicit Shape(const Pooling *p) : Pooling(*p)
    {
        OH = (H + 2 * pad[0] - window[0]) / stride[0] + 1, OW = (W + 2 * pad[1] - window[1]) / stride[1] + 1;
        S = H * W, P = OH * OW, images = (long long)N * C;
    }
    /* Rows (0) or columns (1) from .. to - 1 under place i of the window. */
    __device__ int from(int d, int i) const { return max(i * stride[d] - pad[d], 0); }
    __device__ int to(int d, int i) const { return min(i * stride[d] - pad[d] + window[d], d ? W : H); }
    /* Places first .. last whose window stands on row or column `at`. */
    __device__ int first(int d, int at) const
    {
        int past = at + pad[d] - window[d];             /* a window that begins here ends just before the pixel */
        return past < 0 ? 0 : past / stride[d] + 1;
    }
    __device__ int last(int d, int at) const { return min((at + pad[d]) / stride[d], (d ? OW : OH) - 1); }
    __device__ int divisor(int i, int j, int counted) const
    {
        return counted ? window[0] * window[1] : (to(0, i) - from(0, i)) * (to(1, j) - from(1, j));
    }
};

/* ---- Windows: a thread an output --------------------------------------------------------------------------------- */

__global__ void largest(float *y, int *which, const float *x, Shape s)
{
    long long o = thread();
    if (o >= s.images * s.P) return;
    int i = o % s.P / s.OW, j = o % s.OW, best = s.from(0, i) * s.W + s.from(1, j);
    x += o / s.P * s.S;
    float most = x[best];
    for (int r = s.from(0, i); r < s.to(0, i); r++)
        for (int c = s.from(1, j); c < s.to(1, j); c++) {
            float v = x[r * s.W + c];
            if (v > most || (isnan(v) && !isnan(most))) most = v, best = r * s.W + c;
        }
    y[o] = most, which[o] = best;
}

__global__ void average(float *y, const float *x, int counted, Shape s)
{
    long long o = thread();
    if (o >= s.images * s.P) return;
    int   i = o % s.P / s.OW, j = o % s.OW;
    float sum = 0;
    x += o / s.P * s.S;
    for (int r = s.from(0, i); r < s.to(0, i); r++)
        for (int c = s.from(1, j); c < s.to(1, j); c++) sum += x[r * s.W + c];
    y[o] = sum / s.divisor(i, j, counted);
}

/* ---- The way back: a thread a pixel, which asks the windows that stand on it ------------------------------------- */

__global__ void to_winners(float *dx, const float *dy, const int *which, Shape s)
{
    long long at = thread();
    if (at >= s.images * s.S) return;
    int   pixel = at % s.S, row = pixel / s.W, col = pixel % s.W;
    float sum = 0;
    dy += at / s.S * s.P, which += at / s.S * s.P;
    for (int i = s.first(0, row); i <= s.last(0, row); i++)
        for (int j = s.first(1, col); j <= s.last(1, col); j++)
            if (which[i * s.OW + j] == pixel) sum += dy[i * s.OW + j];
    dx[at] = sum;
}

__global__ void to_all(float *dx, const float *dy, int counted, Shape s)
{
    long long at = thread();
    if (at >= s.images * s.S) return;
    int   row = at % s.S / s.W, col = at % s.W;
    float sum = 0;
    dy += at / s.S * s.P;
    for (int i = s.first(0, row); i <= s.last(0, row); i++)
        for (int j = s.first(1, col); j <= s.last(1, col); j++)
            sum += dy[i * s.OW + j] / s.divisor(i, j, counted);
    dx[at] = sum;
}

/* ---- Whole images: a warp a channel ------------------------------------------------------------------------------ */

__global__ void global(float *mean, float *most, const float *x, long long images, int S)
{
    long long n = thread() / WARP;
    int       lane = threadIdx.x % WARP;
    if (n >= images) return;                            /* a whole warp leaves, or none of it */
    x += n * S;
    float sum = 0, top = x[0];
    for (int i = lane; i < S; i += WARP) {
        sum += x[i];
        if (x[i] > top || isnan(x[i])) top = x[i];
    }
    for (int by = WARP / 2; by; by /= 2) {
        float other = __shfl_xor_sync(0xffffffff, top, by);
        sum += __shfl_xor_sync(0xffffffff, sum, by);
        if (other > top || isnan(other)) top = other;
    }
    if (!lane) mean[n] = sum / S, most[n] = top;
}

/* ---- Shifts ------------------------------------------------------------------------------------------------------ */

__global__ void shift(float *y, const float *x, long long n, int H, int W, int down, int right)
{
    long long i = thread();
    if (i >= n) return;
    int row = i / W % H - down, col = i % W - right;
    y[i] = row >= 0 && row < H && col >= 0 && col < W ? x[i - (long long)down * W - right] : 0;
}

/* One block: each thread keeps its largest difference and largest number, then a tree. */
__global__ void unlike(double *result, const float *a, const float *b, long long n, int H, int W, int margin)
{
    __shared__ double apart[THREADS], top[THREADS];
    double            mine = 0, size = 0;
    for (long long i = threadIdx.x; i < n; i += THREADS) {
        int row = i / W % H, col = i % W;
        if (row < margin || row >= H - margin || col < margin || col >= W - margin) continue;
        mine = fmax(mine, fabs((double)a[i] - b[i])), size = fmax(size, fabs((double)b[i]));
    }
    apart[threadIdx.x] = mine, top[threadIdx.x] = size;
    for (int half = THREADS / 2; half; half /= 2) {
        __syncthreads();
        if (threadIdx.x >= half) continue;
        apart[threadIdx.x] = fmax(apart[threadIdx.x], apart[threadIdx.x + half]);
        top[threadIdx.x] = fmax(top[threadIdx.x], top[threadIdx.x + half]);
    }
    if (!threadIdx.x) *result = apart[0] > 0 ? apart[0] / top[0] : 0;
}

/* ---- What the host calls ----------------------------------------------------------------------------------------- */

void pooling_max_cuda(float *y, int *which, const float *x, const Pooling *p)
{
    Shape s(p);
    if (s.N) largest<<<blocks(s.images * s.P), THREADS>>>(y, which, x, s);
}

void pooling_max_backward_cuda(float *dx, const float *dy, const int *which, const Pooling *p)
{
    Shape s(p);
    if (s.N) to_winners<<<blocks(s.images * s.S), THREADS>>>(dx, dy, which, s);
}

void pooling_average_cuda(float *y, const float *x, int counted, const Pooling *p)
{
    Shape s(p);
    if (s.N) average<<<blocks(s.images * s.P), THREADS>>>(y, x, counted, s);
}

void pooling_average_backward_cuda(float *dx, const float *dy, int counted, const Pooling *p)
{
    Shape s(p);
    if (s.N) to_all<<<blocks(s.images * s.S), THREADS>>>(dx, dy, counted, s);
}

void pooling_global_cuda(float *mean, float *max, const float *x, int N, int C, int S)
{
    if (N) global<<<blocks((long long)N * C * WARP), THREADS>>>(mean, max, x, (long long)N * C, S);
}

void pooling_shift_cuda(float *y, const float *x, int N, int H, int W, int down, int right)
{
    long long n = (long long)N * H * W;
    if (N) shift<<<blocks(n), THREADS>>>(y, x, n, H, W, down, right);
}

void pooling_unlike_cuda(double *apart, const float *a, const float *b, int N, int H, int W, int margin)
{
    unlike<<<1, THREADS>>>(apart, a, b, (long long)N * H * W, H, W, margin);
}
