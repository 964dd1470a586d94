/* lstm.cu -- lstm.c on a GPU: a warp a sum, a launch a step: steps wait for each other, cells do not. */
#include <cuda_runtime.h>
#include "lstm_cuda.h"

enum { LANES = 32, GATES = 4, THREADS = 128 };          /* a block of the step kernel: four warps, one a gate */
static unsigned parts(long long n, int size) { return (unsigned)((n + size - 1) / size); }

__device__ static float sigmoid(float z) { return 1 / (1 + expf(-z)); }
__device__ static float squash(float z, int s) { return s == 2 ? tanhf(z) : sigmoid(z); }

/* A warp's dot product, in double as lstm.c has it: neighbouring lanes read neighbouring numbers. Lane 0 gets it. */
__device__ static double warp_dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = threadIdx.x; i < n; i += LANES) sum += (double)a[i] * b[i];
    for (int by = LANES / 2; by; by /= 2) sum += __shfl_down_sync(0xffffffff, sum, by);
    return sum;
}

/* Sum s of cell k of sequence n; lane 0's is right. */
__device__ static float sum_of(const float *x, const float *before, const float *w_ih, const float *w_hh,
                               const float *b, int n, int s, int k, int IN, int H)
{
    long long row = (long long)s * H + k;
    double    sum = warp_dot(x + (long long)n * IN, w_ih + row * IN, IN);
    if (before) sum += warp_dot(before + (long long)n * H, w_hh + row * H, H);
    return (float)(sum + b[row]);
}

/* ---- Forward: a block a cell of a sequence, (k,n) = (blockIdx.x, blockIdx.y) ------------------------------------- */

__global__ void sums(float *z, const float *x, const float *before, const float *w_ih, const float *w_hh,
                     const float *b, int IN, int H)
{
    int   k = blockIdx.x, n = blockIdx.y, s = threadIdx.y;
    float sum = sum_of(x, before, w_ih, w_hh, b, n, s, k, IN, H);
    if (!threadIdx.x) z[((long long)n * GATES + s) * H + k] = sum;
}

/* A thread a cell. */
__global__ void cells(float *h, float *c, float *gate, const float *z, const float *before, int B, int H)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= B * H) return;
    long long at = (long long)(j / H) * GATES * H + j % H;
    float     four[GATES];
    for (int s = 0; s < GATES; s++) four[s] = squash(z[at + s * H], s);
    c[j] = (before ? four[1] * before[j] : 0) + four[0] * four[2];
    h[j] = four[3] * tanhf(c[j]);
    for (int s = 0; s < GATES; s++) gate[at + s * H] = four[s];
}

/* Both at once: the four warps of a block have the four sums of a cell, and z never leaves the chip. */
__global__ void step(float *h, float *c, float *gate, const float *x, const float *before_h, const float *before_c,
                     const float *w_ih, const float *w_hh, const float *b, int IN, int H)
{
    __shared__ float four[GATES];
    int   k = blockIdx.x, n = blockIdx.y, s = threadIdx.y, j = n * H + k;
    float sum = sum_of(x, before_h, w_ih, w_hh, b, n, s, k, IN, H);
    if (!threadIdx.x) gate[((long long)n * GATES + s) * H + k] = four[s] = squash(sum, s);
    __syncthreads();
    if (threadIdx.x || s) return;
    float now = (before_c ? four[1] * before_c[j] : 0) + four[0] * four[2];
    c[j] = now, h[j] = four[3] * tanhf(now);
}

/* ---- Back: a thread a number ------------------------------------------------------------------------------------- */

__global__ void cells_back(float *dz, float *dc, const float *dh, const float *gate, const float *c,
                           const float *before, int B, int H)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= B * H) return;
    long long at = (long long)(j / H) * GATES * H + j % H;
    float     i = gate[at], f = gate[at + H], g = gate[at + 2 * H], o = gate[at + 3 * H], shown = tanhf(c[j]);
    float     e = dc[j] + dh[j] * o * (1 - shown * shown);
    dz[at] = e * g * i * (1 - i);
    dz[at + H] = before ? e * before[j] * f * (1 - f) : 0;
    dz[at + 2 * H] = e * i * (1 - g * g);
    dz[at + 3 * H] = dh[j] * shown * o * (1 - o);
    dc[j] = e * f;
}

/* y (N,M) = dz (N,4H) w (4H,M), neighbours in a row of w: dh of the step before, and dx of all steps. */
__global__ void times_weight(float *y, const float *dz, const float *w, int N, int H, int M)
{
    long long j = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= (long long)N * M) return;
    const float *row = dz + j / M * GATES * H;
    float        sum = 0;
    for (int k = 0; k < GATES * H; k++) sum += row[k] * w[(long long)k * M + j % M];
    y[j] = sum;
}

__global__ void add(float *y, const float *x, int n)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j < n) y[j] += x[j];
}

/* dw (4H,M) += dz^T met, a thread a weight: no two add to the same one, so nothing is atomic and the order is fixed.
 * met NULL: a column of ones, M = 1. */
__global__ void outer(float *dw, const float *dz, const float *met, int N, int H, int M)
{
    long long j = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= (long long)GATES * H * M) return;
    float sum = 0;
    for (int n = 0; n < N; n++)
        sum += dz[(long long)n * GATES * H + j / M] * (met ? met[(long long)n * M + j % M] : 1);
    dw[j] += sum;
}

/* ---- Biases to start with, and what is kept ---------------------------------------------------------------------- */

__global__ void chrono(float *b, const float *u, int T, int H)
{
    int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= H) return;
    float span = (float)log1p(u[k] * (T - 2.0));
    b[k] = -span, b[H + k] = span, b[2 * H + k] = b[3 * H + k] = 0;
}

/* A thread a cell of a sequence: the walk over steps is its own. */
__global__ void kept_of(float *kept, const float *gate, int T, int B, int H)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= B * H) return;
    float share = 1;
    for (int t = T - 1; t >= 0; t--) {
        kept[(long long)t * B * H + j] = share;
        share *= gate[((long long)t * B + j / H) * GATES * H + H + j % H];
    }
}

/* ---- What the host calls ----------------------------------------------------------------------------------------- */

void lstm_sums_cuda(float *z, const float *x, const float *before, const float *w_ih, const float *w_hh, const float *b,
                    int B, int IN, int H)
{
    if (B) sums<<<dim3(H, B), dim3(LANES, GATES)>>>(z, x, before, w_ih, w_hh, b, IN, H);
}

void lstm_cell_cuda(float *h, float *c, float *gate, const float *z, const float *before, int B, int H)
{
    if (B) cells<<<parts(B * H, THREADS), THREADS>>>(h, c, gate, z, before, B, H);
}

void lstm_forward_cuda(float *y, float *c, float *gate, const float *x, const float *h0, const float *c0,
                       const float *w_ih, const float *w_hh, const float *b, int T, int B, int IN, int H)
{
    for (int t = 0; t < T && B; t++) {                  /* the end of a launch is what the next step waits for */
        step<<<dim3(H, B), dim3(LANES, GATES)>>>(y, c, gate, x, h0, c0, w_ih, w_hh, b, IN, H);
        h0 = y, c0 = c;
        x += B * IN, y += B * H, c += B * H, gate += GATES * B * H;
    }
}

void lstm_cell_backward_cuda(float *dz, float *dc, const float *dh, const float *gate, const float *c,
                             const float *before, int B, int H)
{
    if (B) cells_back<<<parts(B * H, THREADS), THREADS>>>(dz, dc, dh, gate, c, before, B, H);
}

void lstm_backward_cuda(float *dz, float *dh, float *dc, const float *dy, const float *gate, const float *c,
                        const float *c0, const float *w_hh, int T, int B, int H)
{
    int all = B * H;
    for (int t = T - 1; t >= 0 && B; t--) {
        float *now = dz + t * GATES * all;
        if (dy) add<<<parts(all, THREADS), THREADS>>>(dh, dy + t * all, all);
        lstm_cell_backward_cuda(now, dc, dh, gate + t * GATES * all, c + t * all, t ? c + (t - 1) * all : c0, B, H);
        times_weight<<<parts(all, THREADS), THREADS>>>(dh, now, w_hh, B, H, H);
    }
}

static void add_outer(float *dw, const float *dz, const float *met, int N, int H, int M)
{
    if (N && M) outer<<<parts((long long)GATES * H * M, THREADS), THREADS>>>(dw, dz, met, N, H, M);
}

void lstm_weights_backward_cuda(float *dx, float *dw_ih, float *dw_hh, float *db, const float *dz, const float *x,
                                const float *h0, const float *y, const float *w_ih, int T, int B, int IN, int H)
{
    int N = T * B;
    if (dx && N && IN) times_weight<<<parts((long long)N * IN, THREADS), THREADS>>>(dx, dz, w_ih, N, H, IN);
    add_outer(dw_ih, dz, x, N, H, IN);
    if (h0 && T) add_outer(dw_hh, dz, h0, B, H, H);
    if (T > 1) add_outer(dw_hh, dz + GATES * B * H, y, N - B, H, H);
    add_outer(db, dz, nullptr, N, H, 1);
}

void lstm_chrono_cuda(float *b, const float *u, int T, int H) { chrono<<<parts(H, THREADS), THREADS>>>(b, u, T, H); }

void lstm_kept_cuda(float *kept, const float *gate, int T, int B, int H)
{
    if (B) kept_of<<<parts(B * H, THREADS), THREADS>>>(kept, gate, T, B, H);
}
