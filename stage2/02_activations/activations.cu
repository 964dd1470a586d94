/* activations.cu -- activations.c on a GPU: a thread a number, neighbours side by side; a thread a unit to count. */
#include <cuda_runtime.h>
#include "activations_cuda.h"

enum { THREADS = 256, TILE = 16 };
static unsigned parts(long long n, int size) { return (unsigned)((n + size - 1) / size); }

/* ---- Number by number. The kind is the same for all threads: no warp parts on it --------------------------------- */

struct Squash {
    ActivationsKind kind;
    __device__ float operator()(float x) const
    {
        if (kind == ACTIVATIONS_TANH) return tanhf(x);
        float e = expf(-fabsf(x));                      /* 0 to 1: on neither side anything overflows */
        return (x < 0 ? e : 1) / (1 + e);
    }
};

struct SquashSlope {                                    /* from y */
    ActivationsKind kind;
    __device__ float operator()(float y) const { return kind == ACTIVATIONS_TANH ? (1 - y) * (1 + y) : y * (1 - y); }
};

struct Rectify {
    ActivationsKind kind;
    float           alpha;
    __device__ float operator()(float x) const
    {
        if (kind == ACTIVATIONS_SOFTPLUS) return (x < 0 ? 0 : x) + log1pf(expf(-fabsf(x)));
        float left = kind == ACTIVATIONS_RELU ? 0 : kind == ACTIVATIONS_ELU ? alpha * expm1f(x) : alpha * x;
        return x < 0 ? left : x;                        /* this way round NaN stays NaN */
    }
};

struct RectifySlope {
    ActivationsKind kind;
    float           alpha;
    __device__ float operator()(float x) const
    {
        if (kind == ACTIVATIONS_SOFTPLUS) return Squash{ ACTIVATIONS_SIGMOID }(x);
        float left = kind == ACTIVATIONS_RELU ? 0 : kind == ACTIVATIONS_ELU ? alpha * expf(x) : alpha;
        return x <= 0 ? left : 1;
    }
};

/* A gate and its slope, in float: x Phi(x), and x sigmoid(z) with z = x or z = 2u. */
struct Gate {
    ActivationsKind kind;
    __device__ void operator()(float x, float *gate, float *slope) const
    {
        if (kind == ACTIVATIONS_GELU) {
            *gate = 0.5f * erfcf(-0.70710678f * x);
            *slope = 0.39894228f * expf(-0.5f * x * x);
            return;
        }
        bool  cubic = kind == ACTIVATIONS_GELU_TANH;
        float times = cubic ? 1.5957691f : 1, cube = cubic ? 0.044715f : 0;
        float c = cubic ? fminf(fmaxf(x, -100), 100) : x; /* nothing changes outside: a square of 1e20 is not needed */
        float e = expf(-fabsf(times * (c + cube * c * c * c))), s = 1 / (1 + e);
        *gate = x < 0 ? e * s : s;                      /* s is the larger of gate and 1 - gate */
        *slope = e * s * s * times * (1 + 3 * cube * c * c);
    }
};

struct Gated {
    Gate gate;
    __device__ float operator()(float x) const
    {
        float open, slope;
        gate(x, &open, &slope);
        return x * open;
    }
};

struct GatedSlope {
    Gate gate;
    __device__ float operator()(float x) const
    {
        float open, slope;
        gate(x, &open, &slope);
        return open + x * slope;
    }
};

template <class F> __global__ void apply(float *y, const float *x, int N, F f)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N) y[n] = f(x[n]);
}

template <class F> __global__ void apply_backward(float *dx, const float *saved, const float *dy, int N, F slope)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N) dx[n] = dy[n] * slope(saved[n]);
}

template <class F> static void forward(float *y, const float *x, int N, F f)
{
    if (N) apply<<<parts(N, THREADS), THREADS>>>(y, x, N, f);
}

template <class F> static void backward(float *dx, const float *saved, const float *dy, int N, F slope)
{
    if (N) apply_backward<<<parts(N, THREADS), THREADS>>>(dx, saved, dy, N, slope);
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

/* A thread a unit: at each sample neighbours read neighbouring slopes. Whole numbers: no order changes the sum. */
__global__ void count_saturated(float *share, int *dead, const float *slope, float small, int N, int C)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x, count = 0;
    if (c >= C) return;
    for (int n = 0; n < N; n++) count += fabsf(slope[(long long)n * C + c]) < small;
    share[c] = (float)count / N;
    if (count == N) atomicAdd(dead, 1);
}

/* ---- Layers ------------------------------------------------------------------------------------------------------ */

/* The first table [w b] (H,IN+1), from w (H,IN) and b (H); and back. */
__global__ void to_table(float *table, const float *w, const float *b, int IN)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, h = blockIdx.y;
    if (i <= IN) table[h * (IN + 1) + i] = i < IN ? w[h * IN + i] : b[h];
}

__global__ void from_table(float *w, float *b, const float *table, int IN)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, h = blockIdx.y;
    if (i < IN) w[h * IN + i] = table[h * (IN + 1) + i];
    if (i == IN) b[h] = table[h * (IN + 1) + i];
}

/* next (OUT,ROW) = w (OUT,H) now (H,ROW), and b in the last column. Tiles of both pass through shared memory. */
__global__ void next_table(float *next, const float *w, const float *b, const float *now, int OUT, int H, int ROW)
{
    __shared__ float left[TILE][TILE], right[TILE][TILE];
    int    o = blockIdx.y * TILE + threadIdx.y, i = blockIdx.x * TILE + threadIdx.x;
    double sum = o < OUT && i == ROW - 1 ? b[o] : 0;
    for (int h0 = 0; h0 < H; h0 += TILE) {
        int hl = h0 + threadIdx.x, hr = h0 + threadIdx.y;
        left[threadIdx.y][threadIdx.x] = o < OUT && hl < H ? w[o * H + hl] : 0;
        right[threadIdx.y][threadIdx.x] = hr < H && i < ROW ? now[hr * ROW + i] : 0;
        __syncthreads();
        for (int h = 0; h < TILE; h++) sum += (double)left[threadIdx.y][h] * right[h][threadIdx.x];
        __syncthreads();
    }
    if (o < OUT && i < ROW) next[o * ROW + i] = (float)sum;
}

/* ---- What the host calls ----------------------------------------------------------------------------------------- */

void activations_squash_cuda(float *y, const float *x, ActivationsKind kind, int N)
{
    forward(y, x, N, Squash{ kind });
}

void activations_squash_backward_cuda(float *dx, const float *y, const float *dy, ActivationsKind kind, int N)
{
    backward(dx, y, dy, N, SquashSlope{ kind });
}

void activations_rectify_cuda(float *y, const float *x, ActivationsKind kind, float alpha, int N)
{
    forward(y, x, N, Rectify{ kind, alpha });
}

void activations_rectify_backward_cuda(float *dx, const float *x, const float *dy, ActivationsKind kind, float alpha,
                                       int N)
{
    backward(dx, x, dy, N, RectifySlope{ kind, alpha });
}

void activations_gate_cuda(float *y, const float *x, ActivationsKind kind, int N)
{
    forward(y, x, N, Gated{ Gate{ kind } });
}

void activations_gate_backward_cuda(float *dx, const float *x, const float *dy, ActivationsKind kind, int N)
{
    backward(dx, x, dy, N, GatedSlope{ Gate{ kind } });
}

void activations_saturated_cuda(float *share, int *dead, const float *slope, float small, int N, int C)
{
    cudaMemset(dead, 0, sizeof *dead);
    count_saturated<<<parts(C, THREADS), THREADS>>>(share, dead, slope, small, N, C);
}

void activations_collapse_cuda(float *w, float *b, float *work, const float *p, int L, const int *size)
{
    int    IN = size[0], ROW = IN + 1, H = size[1];
    float *now = work;
    to_table<<<dim3(parts(ROW, THREADS), H), THREADS>>>(now, p, p + H * IN, IN);
    p += ROW * H;
    for (int l = 1; l < L; l++, H = size[l]) {
        int    OUT = size[l + 1];
        float *next = now + H * ROW;
        dim3   grid(parts(ROW, TILE), parts(OUT, TILE));
        next_table<<<grid, dim3(TILE, TILE)>>>(next, p, p + OUT * H, now, OUT, H, ROW);
        now = next, p += (H + 1) * OUT;
    }
    from_table<<<dim3(parts(ROW, THREADS), H), THREADS>>>(w, b, now, IN);
}
