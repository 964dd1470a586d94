/* kernels_rows.cu -- correct kernels: rows, products of matrices, attention. */
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>
#include "device.cuh"
#include "kernels.h"

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

__device__ float all_sum(float v)
{
    for (int by = 16; by; by /= 2) v += __shfl_xor_sync(0xffffffff, v, by);
    return v;                                       /* every lane has it */
}

__device__ float all_max(float v)
{
    for (int by = 16; by; by /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffff, v, by));
    return v;
}

/* A warp a row; maximum and sum in one pass: the sum so far shrinks when the maximum grows. */
__global__ void softmax_rows(float *y, const float *x, int N, int C)
{
    int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= N) return;
    float max = -INFINITY, sum = 0;
    x += row * C, y += row * C;
    for (int c = lane; c < C; c += 32) {
        float before = max;
        max = fmaxf(max, x[c]);
        sum = sum * expf(before - max) + expf(x[c] - max);
    }
    float whole = all_max(max);
    sum = all_sum(max == -INFINITY ? 0 : sum * expf(max - whole));
    for (int c = lane; c < C; c += 32) y[c] = expf(x[c] - whole) / sum;
}

void softmax_warps(float *y, const float *x, int N, int C)
{
    Device<float> dx(x, N * C), dy(N * C);
    softmax_rows<<<parts(N, 2), 64>>>(dy.p, dx.p, N, C);
    dy.get(y);
}

__device__ float block_total(float v, float *warps)         /* every thread has it */
{
    v = all_sum(v);
    __syncthreads();
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = v;
    __syncthreads();
    v = 0;
    for (int w = 0; w < blockDim.x / 32; w++) v += warps[w];
    return v;
}

__global__ void layernorm_rows(float *y, const float *x, const float *w, const float *b, int C)
{
    __shared__ float warps[32];
    const float *row = x + blockIdx.x * C;
    float v = 0;
    for (int c = threadIdx.x; c < C; c += blockDim.x) v += row[c];
    float mean = block_total(v, warps) / C;
    v = 0;
    for (int c = threadIdx.x; c < C; c += blockDim.x) v += (row[c] - mean) * (row[c] - mean);
    float scale = rsqrtf(block_total(v, warps) / C + 1e-5f);
    for (int c = threadIdx.x; c < C; c += blockDim.x) y[blockIdx.x * C + c] = (row[c] - mean) * scale * w[c] + b[c];
}

void layernorm_blocks(float *y, const float *x, const float *w, const float *b, int N, int C)
{
    Device<float> dx(x, N * C), dw(w, C), db(b, C), dy(N * C);
    layernorm_rows<<<N, 96>>>(dy.p, dx.p, dw.p, db.p, C);
    dy.get(y);
}

__global__ void rmsnorm_rows(float *y, const float *x, const float *w, int N, int C)
{
    int row = blockIdx.x * blockDim.y + threadIdx.y;        /* a warp is a row of the block */
    if (row >= N) return;
    float v = 0;
    for (int c = threadIdx.x; c < C; c += 32) v += x[row * C + c] * x[row * C + c];
    float scale = rsqrtf(all_sum(v) / C + 1e-5f);
    for (int c = threadIdx.x; c < C; c += 32) y[row * C + c] = x[row * C + c] * scale * w[c];
}

void rmsnorm_warps(float *y, const float *x, const float *w, int N, int C)
{
    Device<float> dx(x, N * C), dw(w, C), dy(N * C);
    rmsnorm_rows<<<parts(N, 4), dim3(32, 4)>>>(dy.p, dx.p, dw.p, N, C);
    dy.get(y);
}

__global__ void losses(float *loss, const float *x, const int *target, int C)
{
    const float *row = x + blockIdx.x * C;
    float max = -INFINITY, sum = 0;
    for (int c = threadIdx.x; c < C; c += 32) max = fmaxf(max, row[c]);
    max = all_max(max);
    for (int c = threadIdx.x; c < C; c += 32) sum += expf(row[c] - max);
    sum = all_sum(sum);
    if (!threadIdx.x) loss[blockIdx.x] = max - row[target[blockIdx.x]] + logf(sum);
}

void cross_entropy(float *loss, const float *x, const int *target, int N, int C)
{
    Device<float> dx(x, N * C), dloss(N);
    Device<int>   dtarget(target, N);
    losses<<<N, 32>>>(dloss.p, dx.p, dtarget.p, C);
    dloss.get(loss);
}

/* ---- Products: (M,K), (K,N) -> (M,N) ----------------------------------------------------------------------------- */

typedef void Matmul(float *, const float *, const float *, int, int, int);

static void multiply(Matmul *kernel, dim3 grid, dim3 block, float *c, const float *a, const float *b, int M, int N,
                     int K)
{
    Device<float> da(a, M * K), db(b, K * N), dc(M * N);
    kernel<<<grid, block>>>(dc.p, da.p, db.p, M, N, K);
    dc.get(c);
}

__global__ void product1(float *c, const float *a, const float *b, int M, int N, int K)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x, m = blockIdx.y * blockDim.y + threadIdx.y;
    if (m >= M || n >= N) return;
    float sum = 0;
    for (int k = 0; k < K; k++) sum += a[m * K + k] * b[k * N + n];
    c[m * N + n] = sum;
}

void matmul_naive(float *c, const float *a, const float *b, int M, int N, int K)
{
    multiply(product1, dim3(parts(N, 16), parts(M, 4)), dim3(16, 4), c, a, b, M, N, K);
}

template <int S> __global__ void product2(float *c, const float *a, const float *b, int M, int N, int K)
{
    __shared__ float as[S][S], bs[S][S];
    int   m = blockIdx.y * S + threadIdx.y, n = blockIdx.x * S + threadIdx.x;
    float sum = 0;
    for (int k0 = 0; k0 < K; k0 += S) {
        int ka = k0 + threadIdx.x, kb = k0 + threadIdx.y;
        as[threadIdx.y][threadIdx.x] = m < M && ka < K ? a[m * K + ka] : 0;
        bs[threadIdx.y][threadIdx.x] = kb < K && n < N ? b[kb * N + n] : 0;
        __syncthreads();
        for (int k = 0; k < S; k++) sum += as[threadIdx.y][k] * bs[k][threadIdx.x];
        __syncthreads();                            /* all have read before anyone overwrites */
    }
    if (m < M && n < N) c[m * N + n] = sum;
}

void matmul_tiled(float *c, const float *a, const float *b, int M, int N, int K)
{
    multiply(product2<16>, dim3(parts(N, 16), parts(M, 16)), dim3(16, 16), c, a, b, M, N, K);
}

/* 32x32 results a block of 64 threads, 4x4 each, in registers. */
__global__ void product3(float *c, const float *a, const float *b, int M, int N, int K)
{
    __shared__ float as[8][32], bs[8][32];
    int   m0 = blockIdx.y * 32, n0 = blockIdx.x * 32, tm = threadIdx.x / 8 * 4, tn = threadIdx.x % 8 * 4;
    float sum[4][4] = {};
    for (int k0 = 0; k0 < K; k0 += 8) {
        for (int i = threadIdx.x; i < 256; i += 64) {
            int k = i % 8, m = i / 8, n = i % 32, l = i / 32;
            as[k][m] = m0 + m < M && k0 + k < K ? a[(m0 + m) * K + k0 + k] : 0;
            bs[l][n] = n0 + n < N && k0 + l < K ? b[(k0 + l) * N + n0 + n] : 0;
        }
        __syncthreads();
        for (int k = 0; k < 8; k++)
#pragma unroll
            for (int i = 0; i < 4; i++)
#pragma unroll
                for (int j = 0; j < 4; j++) sum[i][j] += as[k][tm + i] * bs[k][tn + j];
        __syncthreads();
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            if (m0 + tm + i < M && n0 + tn + j < N) c[(m0 + tm + i) * N + n0 + tn + j] = sum[i][j];
}

void matmul_registers(float *c, const float *a, const float *b, int M, int N, int K)
{
    multiply(product3, dim3(parts(N, 32), parts(M, 32)), dim3(64), c, a, b, M, N, K);
}

template <class T> __global__ void narrow(T *y, const float *x, int N)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < N) y[i] = T(x[i]);
}

/* A warp makes 16x16 results on tensor cores. */
template <class T> __global__ void product4(float *c, const T *a, const T *b, int N, int K)
{
    using namespace nvcuda;
    wmma::fragment<wmma::matrix_a, 16, 16, 16, T, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, T, wmma::row_major> fb;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
    int m = blockIdx.y * 16, n = blockIdx.x * 16;
    wmma::fill_fragment(fc, 0.0f);
    for (int k = 0; k < K; k += 16) {
        wmma::load_matrix_sync(fa, a + m * K + k, K);
        wmma::load_matrix_sync(fb, b + k * N + n, N);
        wmma::mma_sync(fc, fa, fb, fc);
    }
    for (int i = 0; i < fc.num_elements; i++) fc.x[i] *= 1.0f;     /* any element, whichever it is */
    wmma::store_matrix_sync(c + m * N + n, fc, N, wmma::mem_row_major);
}

template <class T> static void multiply_tiles(float *c, const float *a, const float *b, int M, int N, int K)
{
    Device<float> da(a, M * K), db(b, K * N), dc(M * N);
    Device<T>     ta(M * K), tb(K * N);
    narrow<<<parts(M * K, 64), 64>>>(ta.p, da.p, M * K);
    narrow<<<parts(K * N, 64), 64>>>(tb.p, db.p, K * N);
    product4<T><<<dim3(N / 16, M / 16), 32>>>(dc.p, ta.p, tb.p, N, K);
    dc.get(c);
}

void matmul_half_tiles(float *c, const float *a, const float *b, int M, int N, int K)
{
    multiply_tiles<half>(c, a, b, M, N, K);
}

void matmul_bfloat16_tiles(float *c, const float *a, const float *b, int M, int N, int K)
{
    multiply_tiles<__nv_bfloat16>(c, a, b, M, N, K);
}

__global__ void row_products(float *y, const float *a, const float *x, int N)
{
    float v = 0;
    for (int n = threadIdx.x; n < N; n += 32) v += a[blockIdx.x * N + n] * __ldg(&x[n]);
    v = all_sum(v);
    if (!threadIdx.x) y[blockIdx.x] = v;
}

void matrix_vector(float *y, const float *a, const float *x, int M, int N)
{
    Device<float> da(a, M * N), dx(x, N), dy(M);
    row_products<<<M, 32>>>(dy.p, da.p, dx.p, N);
    dy.get(y);
}

/* ---- Attention: a thread a query, keys and values by tiles, the softmax as it goes ------------------------------- */

enum { HEAD = 32, KEYS = 16 };

__global__ void attend(float *y, const float *q, const float *k, const float *v, int T, int causal)
{
    __shared__ float ks[KEYS][HEAD], vs[KEYS][HEAD];
    int   t = blockIdx.x * blockDim.x + threadIdx.x;
    float mine[HEAD], sum[HEAD] = {}, max = -INFINITY, weight = 0;
    for (int d = 0; d < HEAD; d++) mine[d] = t < T ? q[t * HEAD + d] : 0;
    for (int s0 = 0; s0 < T; s0 += KEYS) {
        for (int i = threadIdx.x; i < KEYS * HEAD; i += blockDim.x) {
            int s = s0 + i / HEAD;
            ks[i / HEAD][i % HEAD] = s < T ? k[s * HEAD + i % HEAD] : 0;
            vs[i / HEAD][i % HEAD] = s < T ? v[s * HEAD + i % HEAD] : 0;
        }
        __syncthreads();
        for (int s = 0; s < KEYS && s0 + s < T && (!causal || s0 + s <= t); s++) {
            float score = 0, before = max;
            for (int d = 0; d < HEAD; d++) score += mine[d] * ks[s][d];
            score *= rsqrtf(HEAD);
            max = fmaxf(max, score);
            float shrink = expf(before - max), p = expf(score - max);
            weight = weight * shrink + p;
            for (int d = 0; d < HEAD; d++) sum[d] = sum[d] * shrink + p * vs[s][d];
        }
        __syncthreads();
    }
    if (t < T)
        for (int d = 0; d < HEAD; d++) y[t * HEAD + d] = sum[d] / weight;
}

void flash_attention(float *y, const float *q, const float *k, const float *v, int T, int causal)
{
    Device<float> dq(q, T * HEAD), dk(k, T * HEAD), dv(v, T * HEAD), dy(T * HEAD);
    attend<<<parts(T, 32), 32>>>(dy.p, dq.p, dk.p, dv.p, T, causal);
    dy.get(y);
}
