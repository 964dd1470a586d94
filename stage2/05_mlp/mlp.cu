/* mlp.cu -- mlp.c on a GPU: one tiled product serves the way forward and both halves of the way back. */
#include <cuda_runtime.h>
#include "mlp_cuda.h"

enum { TILE = 16, THREADS = 256 };
static unsigned parts(long long n, int size) { return (unsigned)((n + size - 1) / size); }

/* ---- The product ------------------------------------------------------------------------------------------------- */

/* An operand by its strides: element (i,j) is data[i row + j column]. A transposed one costs no copy. */
struct Matrix {
    const float *data;
    int          row, column;
    __device__ float operator()(int i, int j) const { return data[(long long)i * row + (long long)j * column]; }
};

/*
 * C (M,N) = A (M,K) B (K,N) + bias, or added to C. A block makes a tile of C: its threads fetch a tile of A and of B
 * into shared memory, each number once for 16 that use it. What lies outside is 0 there, and is not written back.
 */
__global__ void product(float *C, Matrix A, Matrix B, const float *bias, bool add, int M, int N, int K)
{
    __shared__ float a[TILE][TILE], b[TILE][TILE + 1];  /* + 1: a transposed B would meet one bank 16 times */
    int   i = blockIdx.y * TILE + threadIdx.y, j = blockIdx.x * TILE + threadIdx.x;
    float sum = 0;
    for (int k0 = 0; k0 < K; k0 += TILE) {
        int ka = k0 + threadIdx.x, kb = k0 + threadIdx.y;
        a[threadIdx.y][threadIdx.x] = i < M && ka < K ? A(i, ka) : 0;
        b[threadIdx.y][threadIdx.x] = kb < K && j < N ? B(kb, j) : 0;
        __syncthreads();
        for (int k = 0; k < TILE && k0 + k < K; k++) sum += a[threadIdx.y][k] * b[k][threadIdx.x];
        __syncthreads();
    }
    if (i >= M || j >= N) return;
    float *c = C + (long long)i * N + j;
    *c = add ? *c + sum : sum + (bias ? bias[j] : 0);
}

static void multiply(float *C, Matrix A, Matrix B, const float *bias, bool add, int M, int N, int K)
{
    if (M && N) product<<<dim3(parts(N, TILE), parts(M, TILE)), dim3(TILE, TILE)>>>(C, A, B, bias, add, M, N, K);
}

/* db += the sum of dy's rows: a thread a column, neighbours side by side. */
__global__ void add_columns(float *db, const float *dy, int N, int OUT)
{
    int o = blockIdx.x * blockDim.x + threadIdx.x;
    if (o >= OUT) return;
    float sum = 0;
    for (int n = 0; n < N; n++) sum += dy[(long long)n * OUT + o];
    db[o] += sum;
}

/* ---- A neuron ---------------------------------------------------------------------------------------------------- */

/* The sum of what the threads of the one block bring; all get it. In double: the threshold must not see roundings. */
__device__ static double block_sum(double own, double *part)
{
    part[threadIdx.x] = own;
    for (int half = THREADS / 2; half; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    __syncthreads();
    double sum = part[0];
    __syncthreads();                                    /* all have it: the next sum may begin */
    return sum;
}

__device__ static double weighted(const float *x, const float *w, int IN, double *part)
{
    double own = 0;
    for (int i = threadIdx.x; i < IN; i += THREADS) own += (double)w[i] * x[i];
    return block_sum(own, part);
}

/* A block a row. */
__global__ void neuron(float *y, const float *x, const float *w, const float *b, int IN)
{
    __shared__ double part[THREADS];
    double sum = weighted(x + (long long)blockIdx.x * IN, w, IN, part) + *b;
    if (!threadIdx.x) y[blockIdx.x] = sum > 0;
}

/* One block, row after row: the next row meets the weights that this one has changed. */
__global__ void learn(float *w, float *b, int *wrong, const float *x, const float *target, int N, int IN, float rate)
{
    __shared__ double part[THREADS];
    int mistakes = 0;
    for (int n = 0; n < N; n++) {
        const float *row = x + (long long)n * IN;
        float        error = target[n] - (weighted(row, w, IN, part) + *b > 0);
        __syncthreads();                                /* all have read b */
        for (int i = threadIdx.x; i < IN; i += THREADS) w[i] += rate * error * row[i];
        if (!threadIdx.x) *b += rate * error;
        mistakes += error != 0;
        __syncthreads();
    }
    if (!threadIdx.x) *wrong = mistakes;
}

/* ---- Element by element ------------------------------------------------------------------------------------------ */

__global__ void relu(float *y, const float *x, int N)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N) y[n] = x[n] < 0 ? 0 : x[n];              /* this way round NaN stays NaN */
}

__global__ void relu_backward(float *dx, const float *x, const float *dy, int N)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N) dx[n] = x[n] > 0 ? dy[n] : 0;
}

__global__ void update(float *p, float *v, const float *dp, int P, float rate, float momentum)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= P) return;
    v[i] = momentum * v[i] + dp[i];
    p[i] -= rate * v[i];
}

/* ---- Loss: a thread a row; then one thread adds them up in order ------------------------------------------------- */

__global__ void loss_rows(float *losses, float *dy, const float *y, const int *target, int N, int C)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n >= N) return;
    y += (long long)n * C, dy += (long long)n * C;
    double max = -INFINITY, sum = 0;
    for (int c = 0; c < C; c++) max = fmax(max, (double)y[c]);
    for (int c = 0; c < C; c++) sum += exp(y[c] - max);
    losses[n] = (float)(log(sum) + max - y[target[n]]);
    for (int c = 0; c < C; c++) dy[c] = (float)((exp(y[c] - max) / sum - (c == target[n])) / N);
}

__global__ void mean_of(float *mean, const float *x, int N)
{
    double sum = 0;
    for (int n = 0; n < N; n++) sum += x[n];
    *mean = N ? (float)(sum / N) : 0;
}

/* ---- What the host calls ----------------------------------------------------------------------------------------- */

void mlp_neuron_cuda(float *y, const float *x, const float *w, const float *b, int N, int IN)
{
    if (N) neuron<<<N, THREADS>>>(y, x, w, b, IN);
}

void mlp_neuron_learn_cuda(float *w, float *b, int *wrong, const float *x, const float *target, int N, int IN,
                           float rate)
{
    learn<<<1, THREADS>>>(w, b, wrong, x, target, N, IN, rate);
}

/* y (N,OUT) = x (N,IN) w^T */
void mlp_linear_cuda(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    multiply(y, Matrix{ x, IN, 1 }, Matrix{ w, 1, IN }, b, false, N, OUT, IN);
}

/* dx (N,IN) = dy (N,OUT) w,  dw (OUT,IN) += dy^T (OUT,N) x */
void mlp_linear_backward_cuda(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy, int N,
                              int IN, int OUT)
{
    if (!N) return;
    if (dx) multiply(dx, Matrix{ dy, OUT, 1 }, Matrix{ w, IN, 1 }, nullptr, false, N, IN, OUT);
    multiply(dw, Matrix{ dy, 1, OUT }, Matrix{ x, IN, 1 }, nullptr, true, OUT, IN, N);
    if (db) add_columns<<<parts(OUT, THREADS), THREADS>>>(db, dy, N, OUT);
}

void mlp_relu_cuda(float *y, const float *x, int N)
{
    if (N) relu<<<parts(N, THREADS), THREADS>>>(y, x, N);
}

void mlp_relu_backward_cuda(float *dx, const float *x, const float *dy, int N)
{
    if (N) relu_backward<<<parts(N, THREADS), THREADS>>>(dx, x, dy, N);
}

void mlp_loss_cuda(float *loss, float *losses, float *dy, const float *y, const int *target, int N, int C)
{
    if (N) loss_rows<<<parts(N, THREADS), THREADS>>>(losses, dy, y, target, N, C);
    mean_of<<<1, 1>>>(loss, losses, N);
}

void mlp_forward_cuda(float *act, const float *x, const float *p, int N, int L, const int *size)
{
    for (int l = 0; l < L; l++) {
        int IN = size[l], OUT = size[l + 1];
        mlp_linear_cuda(act, x, p, p + IN * OUT, N, IN, OUT);
        if (l < L - 1) mlp_relu_cuda(act, act, N * OUT);
        x = act, act += N * OUT, p += (IN + 1) * OUT;
    }
}

void mlp_backward_cuda(float *dp, float *dact, const float *x, const float *act, const float *p, int N, int L,
                       const int *size)
{
    int P = 0, A = 0;                                   /* where the last layer's parameters and inputs end */
    for (int l = 0; l < L; l++) P += (size[l] + 1) * size[l + 1], A += l < L - 1 ? N * size[l + 1] : 0;
    for (int l = L - 1; l >= 0; l--) {
        int          IN = size[l], OUT = size[l + 1], from = A - (l ? N * IN : 0);
        const float *in = l ? act + from : x;
        float       *din = l ? dact + from : nullptr;   /* no gradient for the data */
        P -= (IN + 1) * OUT;
        mlp_linear_backward_cuda(din, dp + P, dp + P + IN * OUT, in, p + P, dact + A, N, IN, OUT);
        if (l) mlp_relu_backward_cuda(din, in, din, N * IN);
        A = from;
    }
}

void mlp_update_cuda(float *p, float *v, const float *dp, int P, float rate, float momentum)
{
    if (P) update<<<parts(P, THREADS), THREADS>>>(p, v, dp, P, rate, momentum);
}
