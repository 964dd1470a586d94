/* kernels_maps.cu -- correct kernels: an element of the result each. */
#include "device.cuh"
#include "kernels.h"

__global__ void add(float *y, const float *a, const float *b, int N)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < N) y[i] = a[i] + b[i];
}

void vector_add(float *y, const float *a, const float *b, int N)
{
    Device<float> da(a, N), db(b, N), dy(N);
    add<<<parts(N, 128), 128>>>(dy.p, da.p, db.p, N);
    dy.get(y);
}

__global__ void add_strides(float *__restrict__ y, const float *__restrict__ a, const float *__restrict__ b, int N)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < N; i += gridDim.x * blockDim.x) y[i] = a[i] + b[i];
}

void vector_add_strides(float *y, const float *a, const float *b, int N)
{
    Device<float> da(a, N), db(b, N), dy(N);
    add_strides<<<3, 64>>>(dy.p, da.p, db.p, N);
    dy.get(y);
}

__global__ void add_float4(float4 *y, const float4 *a, const float4 *b, int N)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N) return;
    float4 p = a[i], q = b[i];
    y[i] = make_float4(p.x + q.x, p.y + q.y, p.z + q.z, p.w + q.w);
}

void vector_add_float4(float *y, const float *a, const float *b, int N)
{
    Device<float> da(a, N), db(b, N), dy(N);
    add_float4<<<parts(N / 4, 96), 96>>>((float4 *)dy.p, (const float4 *)da.p, (const float4 *)db.p, N / 4);
    dy.get(y);
}

__device__ float gelu_of(float x) { return 0.5f * x * (1 + tanhf(0.7978845608f * (x + 0.044715f * x * x * x))); }

template <class F> __global__ void map(float *y, const float *x, int N, F f)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < N) y[i] = f(x[i]);
}

struct Gelu { __device__ float operator()(float x) const { return gelu_of(x); } };

void gelu(float *y, const float *x, int N)
{
    Device<float> dx(x, N), dy(N);
    map<<<parts(N, 256), 256>>>(dy.p, dx.p, N, Gelu());
    dy.get(y);
}

__global__ void adam_step(float *p, float *m, float *v, const float *g, float rate, float c1, float c2, int N)
{
    const float b1 = 0.9f, b2 = 0.999f;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N) return;
    m[i] = b1 * m[i] + (1 - b1) * g[i];
    v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
    p[i] -= rate * (m[i] / c1) / (sqrtf(v[i] / c2) + 1e-8f);
}

void adam(float *p, float *m, float *v, const float *g, float rate, int step, int N)
{
    Device<float> dp(p, N), dm(m, N), dv(v, N), dg(g, N);
    adam_step<<<parts(N, 64), 64>>>(dp.p, dm.p, dv.p, dg.p, rate, 1 - powf(0.9f, step), 1 - powf(0.999f, step), N);
    dp.get(p);
    dm.get(m);
    dv.get(v);
}

__global__ void look_up(float *y, const float *table, const int *id, int C)
{
    for (int c = threadIdx.x; c < C; c += blockDim.x) y[blockIdx.x * C + c] = table[id[blockIdx.x] * C + c];
}

void embedding(float *y, const float *table, const int *id, int N, int C)
{
    int V = 0;
    for (int n = 0; n < N; n++) V = id[n] >= V ? id[n] + 1 : V;
    Device<float> dtable(table, V * C), dy(N * C);
    Device<int>   did(id, N);
    look_up<<<N, 32>>>(dy.p, dtable.p, did.p, C);
    dy.get(y);
}

__global__ void scatter(float *dtable, const float *dy, const int *id, int C)      /* ids repeat: hence atomic */
{
    for (int c = threadIdx.x; c < C; c += blockDim.x)
        atomicAdd(&dtable[id[blockIdx.x] * C + c], dy[blockIdx.x * C + c]);
}

void embedding_backward(float *dtable, const float *dy, const int *id, int N, int V, int C)
{
    Device<float> ddtable(V * C), ddy(dy, N * C);
    Device<int>   did(id, N);
    ddtable.zero();
    scatter<<<N, 32>>>(ddtable.p, ddy.p, did.p, C);
    ddtable.get(dtable);
}

__global__ void transpose1(float *y, const float *x, int M, int N)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x, m = blockIdx.y * blockDim.y + threadIdx.y;
    if (m < M && n < N) y[n * M + m] = x[m * N + n];
}

void transpose_naive(float *y, const float *x, int M, int N)
{
    Device<float> dx(x, M * N), dy(M * N);
    dim3          block(16, 8), grid(parts(N, block.x), parts(M, block.y));
    transpose1<<<grid, block>>>(dy.p, dx.p, M, N);
    dy.get(y);
}

template <int SIDE> __global__ void transpose2(float *y, const float *x, int M, int N)
{
    __shared__ float tile[SIDE][SIDE + 1];          /* a column more: its elements lie in different banks */
    int n = blockIdx.x * SIDE + threadIdx.x, m = blockIdx.y * SIDE + threadIdx.y;
    if (m < M && n < N) tile[threadIdx.y][threadIdx.x] = x[m * N + n];
    __syncthreads();
    m = blockIdx.y * SIDE + threadIdx.x, n = blockIdx.x * SIDE + threadIdx.y;
    if (m < M && n < N) y[n * M + m] = tile[threadIdx.x][threadIdx.y];
}

void transpose_tiled(float *y, const float *x, int M, int N)
{
    Device<float> dx(x, M * N), dy(M * N);
    transpose2<16><<<dim3(parts(N, 16), parts(M, 16)), dim3(16, 16)>>>(dy.p, dx.p, M, N);
    dy.get(y);
}

__global__ void transpose3(float *y, const float *x, int M, int N)
{
    __shared__ float tile[32 * 33];
    int n = blockIdx.x * 32 + threadIdx.x, m = blockIdx.y * 32;
#pragma unroll
    for (int r = threadIdx.y; r < 32; r += 8)
        if (m + r < M && n < N) tile[r * 33 + threadIdx.x] = x[(m + r) * N + n];
    __syncthreads();
    m += threadIdx.x, n = blockIdx.x * 32;
#pragma unroll
    for (int r = threadIdx.y; r < 32; r += 8)
        if (m < M && n + r < N) y[(n + r) * M + m] = tile[threadIdx.x * 33 + r];
}

void transpose_tall(float *y, const float *x, int M, int N)
{
    Device<float> dx(x, M * N), dy(M * N);
    transpose3<<<dim3(parts(N, 32), parts(M, 32)), dim3(32, 8)>>>(dy.p, dx.p, M, N);
    dy.get(y);
}

__global__ void columns(float *y, const float *x, int H, int W, int K)
{
    int OH = H - K + 1, OW = W - K + 1, i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= K * K * OH * OW) return;
    int w = i % OW, h = i / OW % OH, k = i / (OW * OH);
    y[i] = x[(h + k / K) * W + w + k % K];
}

void im2col(float *y, const float *x, int H, int W, int K)
{
    int           n = K * K * (H - K + 1) * (W - K + 1);
    Device<float> dx(x, H * W), dy(n);
    columns<<<parts(n, 100), 100>>>(dy.p, dx.p, H, W, K);
    dy.get(y);
}

__global__ void number(int *y, dim3 size)
{
    unsigned x = blockIdx.x * blockDim.x + threadIdx.x, j = blockIdx.y * blockDim.y + threadIdx.y,
             z = blockIdx.z * blockDim.z + threadIdx.z;
    if (x < size.x && j < size.y && z < size.z) y[(z * size.y + j) * size.x + x] = (int)(x + 100 * j + 10000 * z);
}

void volume(int *y, int X, int Y, int Z)
{
    Device<int> dy(X * Y * Z);
    dim3        block(4, 2, 3);
    number<<<dim3(parts(X, 4), parts(Y, 2), parts(Z, 3)), block>>>(dy.p, dim3(X, Y, Z));
    dy.get(y);
}

__global__ void pool(float *y, const float2 *x, int H, int W)          /* of x: rows of W / 2 pairs */
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, half = W / 2;
    if (i >= H / 2 * half) return;
    float2 a = x[i / half * 2 * half + i % half], b = x[(i / half * 2 + 1) * half + i % half];
    y[i] = fmaxf(fmaxf(a.x, a.y), fmaxf(b.x, b.y));
}

void max_pool(float *y, const float *x, int H, int W)
{
    Device<float> dx(x, H * W), dy(H * W / 4);
    pool<<<parts(H * W / 4, 64), 64>>>(dy.p, (const float2 *)dx.p, H, W);
    dy.get(y);
}

__global__ void nearest(int *label, const float *x, const float *centre, int N, int K, int D)
{
    extern __shared__ float c[];                    /* all centres: every thread reads each of them */
    for (int i = threadIdx.x; i < K * D; i += blockDim.x) c[i] = centre[i];
    __syncthreads();
    int   n = blockIdx.x * blockDim.x + threadIdx.x, best = 0;
    float least = INFINITY;
    if (n >= N) return;
    for (int k = 0; k < K; k++) {
        float d2 = 0;
        for (int d = 0; d < D; d++) d2 += (x[n * D + d] - c[k * D + d]) * (x[n * D + d] - c[k * D + d]);
        if (d2 < least) least = d2, best = k;
    }
    label[n] = best;
}

void nearest_centre(int *label, const float *x, const float *centre, int N, int K, int D)
{
    Device<float> dx(x, N * D), dc(centre, K * D);
    Device<int>   dl(N);
    nearest<<<parts(N, 64), 64, K * D * sizeof(float)>>>(dl.p, dx.p, dc.p, N, K, D);
    dl.get(label);
}

__global__ void sparse_rows(float *y, const int *row, const int *column, const float *value, const float *x, int N)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n >= N) return;
    float sum = 0;
    for (int i = row[n]; i < row[n + 1]; i++) sum += value[i] * x[column[i]];
    y[n] = sum;
}

void sparse_times_vector(float *y, const int *row, const int *column, const float *value, const float *x, int N)
{
    Device<int>   drow(row, N + 1), dcolumn(column, row[N]);
    Device<float> dvalue(value, row[N]), dx(x, N), dy(N);
    sparse_rows<<<parts(N, 32), 32>>>(dy.p, drow.p, dcolumn.p, dvalue.p, dx.p, N);
    dy.get(y);
}

__constant__ float taps[25];

__global__ void convolve(float *y, const float *x, int H, int W)
{
    __shared__ float tile[12][12];                  /* 8x8 results need two more on each side */
    int h0 = blockIdx.y * 8 - 2, w0 = blockIdx.x * 8 - 2;
    for (int i = threadIdx.y * 8 + threadIdx.x; i < 144; i += 64) {
        int h = h0 + i / 12, w = w0 + i % 12;
        tile[i / 12][i % 12] = h >= 0 && h < H && w >= 0 && w < W ? x[h * W + w] : 0;
    }
    __syncthreads();
    int h = blockIdx.y * 8 + threadIdx.y, w = blockIdx.x * 8 + threadIdx.x;
    if (h >= H || w >= W) return;
    float sum = 0;
    for (int i = 0; i < 25; i++) sum += taps[i] * tile[threadIdx.y + i / 5][threadIdx.x + i % 5];
    y[h * W + w] = sum;
}

void convolve_halo(float *y, const float *x, const float *k, int H, int W)
{
    Device<float> dx(x, H * W), dy(H * W);
    must(cudaMemcpyToSymbol(taps, k, sizeof taps));
    convolve<<<dim3(parts(W, 8), parts(H, 8)), dim3(8, 8)>>>(dy.p, dx.p, H, W);
    dy.get(y);
}

__global__ void smooth(float *y, const float *x, int N)
{
    __shared__ float s[66];
    int i = blockIdx.x * 64 + threadIdx.x;
    if (i < N) s[threadIdx.x + 1] = x[i];
    if (threadIdx.x == 0 && i > 0) s[0] = x[i - 1];
    if (threadIdx.x == 63 && i + 1 < N) s[65] = x[i + 1];
    __syncthreads();
    if (i >= N) return;
    y[i] = i == 0 || i == N - 1 ? s[threadIdx.x + 1]
                                : 0.25f * s[threadIdx.x] + 0.5f * s[threadIdx.x + 1] + 0.25f * s[threadIdx.x + 2];
}

void stencil(float *y, const float *x, int N)
{
    Device<float> dx(x, N), dy(N);
    smooth<<<parts(N, 64), 64>>>(dy.p, dx.p, N);
    dy.get(y);
}
