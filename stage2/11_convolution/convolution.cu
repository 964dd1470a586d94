/* convolution.cu -- convolution.c on a GPU: a ladder of three for the definition, and every other way. */
#include <cuda_runtime.h>
#include "convolution_cuda.h"

enum { TILE = 16, THREADS = 256 };
static unsigned parts(long long n, int size) { return (unsigned)((n + size - 1) / size); }
static unsigned blocks(long long n) { return parts(n, THREADS); }
__device__ static long long thread() { return (long long)blockIdx.x * blockDim.x + threadIdx.x; }

/* A shape, and what follows from it. CG, OG: channels an output sees, outputs that see the same; K: products a y. */
struct Shape : Convolution {
    int OH, OW, P, CG, OG, K;
    explicit Shape(const Convolution *c) : Convolution(*c)
    {
        OH = (H + 2 * pad[0] - dilation[0] * (KH - 1) - 1) / stride[0] + 1;
        OW = (W + 2 * pad[1] - dilation[1] * (KW - 1) - 1) / stride[1] + 1;
        P = OH * OW, CG = C / groups, OG = OC / groups, K = CG * KH * KW;
    }
    /* Where weight k lies when the window stands at place i, down (0) or across (1); outside the image, perhaps. */
    __device__ int at(int d, int i, int k) const { return i * stride[d] + k * dilation[d] - pad[d]; }
    /* A pixel, 0 outside: channel ch of image n. */
    __device__ float pixel(const float *x, int n, int ch, int row, int col) const
    {
        return row < 0 || row >= H || col < 0 || col >= W ? 0 : x[(((long long)n * C + ch) * H + row) * W + col];
    }
    /* What weight q of output o meets at place p of image n: an element of the matrix of columns. */
    __device__ float met(const float *x, int n, int group, int q, int p) const
    {
        return pixel(x, n, group * CG + q / (KH * KW), at(0, p / OW, q / KW % KH), at(1, p % OW, q % KW));
    }
};

/* ---- The definition: three rungs --------------------------------------------------------------------------------- */

/* v1: a thread a number of y. Neighbours read neighbouring pixels, but each pixel again for every weight and output. */
__global__ void direct(float *y, const float *x, const float *w, const float *b, Shape s)
{
    long long i = thread();
    if (i >= (long long)s.N * s.OC * s.P) return;
    int   p = i % s.P, o = i / s.P % s.OC, n = i / s.P / s.OC;
    float sum = b ? b[o] : 0;
    for (int q = 0; q < s.K; q++) {
        int row = s.at(0, p / s.OW, q / s.KW % s.KH), col = s.at(1, p % s.OW, q % s.KW);
        if (row < 0 || row >= s.H || col < 0 || col >= s.W) continue;   /* not times 0: the weight may be infinite */
        sum += w[(long long)o * s.K + q] * s.pixel(x, n, o / s.OG * s.CG + q / (s.KH * s.KW), row, col);
    }
    y[i] = sum;
}

/* v2: a block a square of 16 x 16 places. What they see of a channel is fetched once, into shared memory; what was
 * outside is not asked for. blockIdx.x: squares, output, image, all in one, for y and z end at 65535. */
__global__ void tiled(float *y, const float *x, const float *w, const float *b, Shape s, int high, int wide)
{
    extern __shared__ float seen[];                     /* (high,wide) */
    int across = (s.OW + TILE - 1) / TILE, squares = (s.OH + TILE - 1) / TILE * across, at = blockIdx.x % squares;
    int map = blockIdx.x / squares, o = map % s.OC, n = map / s.OC;
    int i0 = at / across * TILE, j0 = at % across * TILE, i = i0 + threadIdx.y, j = j0 + threadIdx.x;
    int row0 = s.at(0, i0, 0), col0 = s.at(1, j0, 0);
    float sum = b ? b[o] : 0;
    for (int ch = 0; ch < s.CG; ch++) {
        for (int t = threadIdx.y * TILE + threadIdx.x; t < high * wide; t += TILE * TILE)
            seen[t] = s.pixel(x, n, o / s.OG * s.CG + ch, row0 + t / wide, col0 + t % wide);
        __syncthreads();
        for (int q = 0; q < s.KH * s.KW && i < s.OH && j < s.OW; q++) {
            int k = q / s.KW, l = q % s.KW, row = s.at(0, i, k), col = s.at(1, j, l);
            if (row >= 0 && row < s.H && col >= 0 && col < s.W)
                sum += w[(long long)o * s.K + ch * s.KH * s.KW + q] * seen[(row - row0) * wide + col - col0];
        }
        __syncthreads();
    }
    if (i < s.OH && j < s.OW) y[((long long)map * s.OH + i) * s.OW + j] = sum;
}

/* v3: the product of matrices, its second factor never written down: a tile of it is gathered from x when it is needed.
 * A pixel fetched serves 16 outputs, a weight 16 places. blockIdx.x: places, group, image. `col`: the factor, where
 * there is one. */
__global__ void product(float *y, const float *x, const float *col, const float *w, const float *b, Shape s)
{
    __shared__ float a[TILE][TILE], m[TILE][TILE];
    int across = (s.P + TILE - 1) / TILE, group = blockIdx.x / across % s.groups, n = blockIdx.x / across / s.groups;
    int p = blockIdx.x % across * TILE + threadIdx.x;
    int o = blockIdx.y * TILE + threadIdx.y;            /* counts within the group */
    float sum = 0;
    for (int q0 = 0; q0 < s.K; q0 += TILE) {
        int qa = q0 + threadIdx.x, qm = q0 + threadIdx.y;
        a[threadIdx.y][threadIdx.x] = o < s.OG && qa < s.K ? w[(long long)(group * s.OG + o) * s.K + qa] : 0;
        m[threadIdx.y][threadIdx.x] = qm >= s.K || p >= s.P ? 0
                                      : col ? col[((long long)group * s.K + qm) * s.P + p]
                                            : s.met(x, n, group, qm, p);
        __syncthreads();
        for (int q = 0; q < TILE && q0 + q < s.K; q++) sum += a[threadIdx.y][q] * m[q][threadIdx.x];
        __syncthreads();
    }
    if (o >= s.OG || p >= s.P) return;
    o += group * s.OG;
    y[((long long)n * s.OC + o) * s.P + p] = sum + (b ? b[o] : 0);
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

/* The place at which weight k met pixel `at`, -1 if at none. */
__device__ static int place(int at, int k, int d, int places, const Shape &s)
{
    int from = at + s.pad[d] - k * s.dilation[d];
    return from < 0 || from % s.stride[d] || from / s.stride[d] >= places ? -1 : from / s.stride[d];
}

/* A thread a pixel: it gathers from all that saw it, so nobody needs an atomic. */
__global__ void data(float *dx, const float *w, const float *dy, Shape s)
{
    long long at = thread();
    if (at >= (long long)s.N * s.C * s.H * s.W) return;
    int   col = at % s.W, row = at / s.W % s.H, ch = at / s.W / s.H % s.C, n = at / s.W / s.H / s.C;
    float sum = 0;
    for (int o = ch / s.CG * s.OG; o < (ch / s.CG + 1) * s.OG; o++)
        for (int t = 0; t < s.KH * s.KW; t++) {
            int i = place(row, t / s.KW, 0, s.OH, s), j = place(col, t % s.KW, 1, s.OW, s);
            if (i >= 0 && j >= 0)
                sum += w[((long long)o * s.CG + ch % s.CG) * s.KH * s.KW + t] *
                       dy[(((long long)n * s.OC + o) * s.OH + i) * s.OW + j];
        }
    dx[at] = sum;
}

/* The sum of what the threads of a block bring, in thread 0. */
__device__ static float block_sum(float own)
{
    __shared__ float part[THREADS];
    part[threadIdx.x] = own;
    for (int half = THREADS / 2; half; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    return part[0];
}

/* A block a weight; its threads share out the places of all images. Block OC K + o: the bias of o. */
__global__ void weights(float *dw, float *db, const float *x, const float *dy, Shape s)
{
    bool  bias = blockIdx.x >= s.OC * s.K;
    int   o = bias ? blockIdx.x - s.OC * s.K : blockIdx.x / s.K, q = blockIdx.x % s.K;
    float sum = 0;
    for (int i = threadIdx.x; i < s.N * s.P; i += THREADS) {
        int   n = i / s.P, p = i % s.P, row = s.at(0, p / s.OW, q / s.KW % s.KH), col = s.at(1, p % s.OW, q % s.KW);
        float g = dy[((long long)n * s.OC + o) * s.P + p];
        if (bias) sum += g;
        else if (row >= 0 && row < s.H && col >= 0 && col < s.W) sum += g * s.met(x, n, o / s.OG, q, p);
    }
    sum = block_sum(sum);
    if (!threadIdx.x) *(bias ? db + o : dw + blockIdx.x) += sum;
}

/* ---- Columns, Winograd ------------------------------------------------------------------------------------------- */

__global__ void columns(float *col, const float *x, int n, Shape s)
{
    long long i = thread();
    if (i >= (long long)s.groups * s.K * s.P) return;
    int q = i / s.P;
    col[i] = s.met(x, n, q / s.K, q % s.K, i % s.P);
}

/* F(2,3) in one dimension, numbers s apart: of a window, of a tile, and back. */
__device__ static void of_window(float *u, const float *g, int from, int to)
{
    float even = (g[0] + g[2 * from]) / 2, odd = g[from] / 2;
    u[0] = g[0], u[to] = even + odd, u[2 * to] = even - odd, u[3 * to] = g[2 * from];
}

__device__ static void of_tile(float *d, int s)
{
    float d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s];
    d[0] = d0 - d2, d[s] = d1 + d2, d[2 * s] = d2 - d1, d[3 * s] = d1 - d3;
}

__global__ void windows(float *u, const float *w, int n)
{
    int i = thread();
    if (i >= n) return;
    float half[12], all[16];
    for (int r = 0; r < 3; r++) of_window(half + 4 * r, w + 9 * i + 3 * r, 1, 1);
    for (int l = 0; l < 4; l++) of_window(all + l, half + l, 4, 4);
    for (int t = 0; t < 16; t++) u[16 * i + t] = all[t];
}

/* A thread a channel and tile of image n. */
__global__ void tiles(float *v, const float *x, int n, int across, int count, Shape s)
{
    int i = thread();
    if (i >= s.C * count) return;
    float d[16];
    for (int t = 0; t < 16; t++)
        d[t] = s.pixel(x, n, i / count, s.at(0, i % count / across * 2, t / 4), s.at(1, i % count % across * 2, t % 4));
    for (int r = 0; r < 4; r++) of_tile(d + 4 * r, 1);
    for (int l = 0; l < 4; l++) of_tile(d + l, 4);
    for (int t = 0; t < 16; t++) v[16 * i + t] = d[t];
}

/* A thread an output and tile: 16 products a channel, and four numbers of y. */
__global__ void from_tiles(float *y, const float *u, const float *v, const float *b, int n, int across, int count,
                           Shape s)
{
    int at = thread();
    if (at >= s.OC * count) return;
    int   o = at / count, i = at % count / across * 2, j = at % count % across * 2;
    float m[16] = { 0 }, half[8];
    for (int ch = 0; ch < s.CG; ch++)
        for (int t = 0; t < 16; t++)
            m[t] += u[16 * (o * s.CG + ch) + t] * v[16 * ((o / s.OG * s.CG + ch) * count + at % count) + t];
    for (int l = 0; l < 4; l++) {
        half[l] = m[l] + m[4 + l] + m[8 + l];
        half[4 + l] = m[4 + l] - m[8 + l] - m[12 + l];
    }
    for (int t = 0; t < 4; t++) {
        const float *h = half + t / 2 * 4;
        if (i + t / 2 < s.OH && j + t % 2 < s.OW)
            y[(((long long)n * s.OC + o) * s.OH + i + t / 2) * s.OW + j + t % 2] =
                (t % 2 ? h[1] - h[2] - h[3] : h[0] + h[1] + h[2]) + (b ? b[o] : 0);
    }
}

/* ---- Fourier ----------------------------------------------------------------------------------------------------- */

/* Planes of zeros in which value (i,j) of each picture (rows,cols) stands at first + i step, and so on. */
struct Grid { int first[2], step[2], rows, cols; };
__global__ void spread(double *z, const float *value, long long n, int R, int S, Grid g)
{
    long long i = thread();
    if (i >= n) return;
    int down = i / S % R - g.first[0], right = i % S - g.first[1], row = down / g.step[0], col = right / g.step[1];
    bool there = down >= 0 && right >= 0 && down % g.step[0] == 0 && right % g.step[1] == 0 && row < g.rows &&
                 col < g.cols;
    z[2 * i] = there ? value[i / S / R * g.rows * g.cols + row * g.cols + col] : 0;
    z[2 * i + 1] = 0;
}

/* A thread a line of n complex numbers, `step` apart; line l begins at l / per * far + l % per * near. */
__global__ void fft_lines(double *z, int lines, int n, int step, int per, long long far, int near, int sign)
{
    int l = thread();
    if (l >= lines) return;
    z += 2 * (l / per * far + l % per * near);
    for (int i = 1, j = 0; i < n; i++) {
        int bit = n / 2;
        for (; j & bit; bit /= 2) j ^= bit;
        j ^= bit;
        for (int part = 0; part < 2 && i < j; part++) {
            double swap = z[2 * i * step + part];
            z[2 * i * step + part] = z[2 * j * step + part], z[2 * j * step + part] = swap;
        }
    }
    for (int half = 1; half < n; half *= 2)
        for (int k = 0; k < half; k++) {
            double angle = sign * 3.14159265358979323846 * k / half, re = cos(angle), im = sin(angle);
            for (int i = k; i < n; i += 2 * half) {
                double *a = z + 2 * i * step, *b = a + 2 * half * step;
                double  r = b[0] * re - b[1] * im, t = b[0] * im + b[1] * re;
                b[0] = a[0] - r, b[1] = a[1] - t, a[0] += r, a[1] += t;
            }
        }
}

static void fft_planes(double *z, int count, int R, int S, int sign)
{
    fft_lines<<<blocks(count * R), THREADS>>>(z, count * R, S, 1, count * R, 0, S, sign);
    fft_lines<<<blocks(count * S), THREADS>>>(z, count * S, R, S, S, (long long)R * S, 1, sign);
}

/* sum[o] = sum over channels of x conj(w), a thread a number of a plane. */
__global__ void multiply(double *sum, const double *xf, const double *wf, int plane, Shape s)
{
    long long i = thread();
    if (i >= (long long)s.OC * plane) return;
    int    o = i / plane, at = i % plane;
    double re = 0, im = 0;
    for (int ch = 0; ch < s.CG; ch++) {
        const double *x = xf + 2 * ((long long)(o / s.OG * s.CG + ch) * plane + at);
        const double *w = wf + 2 * ((long long)(o * s.CG + ch) * plane + at);
        re += x[0] * w[0] + x[1] * w[1], im += x[1] * w[0] - x[0] * w[1];
    }
    sum[2 * i] = re, sum[2 * i + 1] = im;
}

__global__ void read_out(float *y, const double *sum, const float *b, int R, int S, Shape s)
{
    long long i = thread();
    if (i >= (long long)s.OC * s.P) return;
    int o = i / s.P, p = i % s.P;
    y[i] = (float)(sum[2 * (((long long)o * R + p / s.OW * s.stride[0]) * S + p % s.OW * s.stride[1])] / (R * S) +
                   (b ? b[o] : 0));
}

/* ---- What the host calls ----------------------------------------------------------------------------------------- */

void convolution_direct_cuda(float *y, const float *x, const float *w, const float *b, const Convolution *c)
{
    Shape s(c);
    if (s.N) direct<<<blocks((long long)s.N * s.OC * s.P), THREADS>>>(y, x, w, b, s);
}

void convolution_tiled_cuda(float *y, const float *x, const float *w, const float *b, const Convolution *c)
{
    Shape s(c);
    int   high = (TILE - 1) * s.stride[0] + (s.KH - 1) * s.dilation[0] + 1;
    int   wide = (TILE - 1) * s.stride[1] + (s.KW - 1) * s.dilation[1] + 1;
    if (s.N)
        tiled<<<parts(s.OH, TILE) * parts(s.OW, TILE) * s.N * s.OC, dim3(TILE, TILE),
                (size_t)high * wide * sizeof(float)>>>(y, x, w, b, s, high, wide);
}

static void products(float *y, const float *x, const float *col, const float *w, const float *b, int N, const Shape &s)
{
    product<<<dim3(parts(s.P, TILE) * N * s.groups, parts(s.OG, TILE)), dim3(TILE, TILE)>>>(y, x, col, w, b, s);
}

void convolution_implicit_cuda(float *y, const float *x, const float *w, const float *b, const Convolution *c)
{
    Shape s(c);
    if (s.N) products(y, x, nullptr, w, b, s.N, s);
}

void convolution_data_cuda(float *dx, const float *w, const float *dy, const Convolution *c)
{
    Shape s(c);
    if (s.N) data<<<blocks((long long)s.N * s.C * s.H * s.W), THREADS>>>(dx, w, dy, s);
}

void convolution_weights_cuda(float *dw, float *db, const float *x, const float *dy, const Convolution *c)
{
    Shape s(c);
    if (s.N) weights<<<s.OC * s.K + (db ? s.OC : 0), THREADS>>>(dw, db, x, dy, s);
}

void convolution_by_columns_cuda(float *y, float *col, const float *x, const float *w, const float *b,
                                 const Convolution *c)
{
    Shape s(c);
    for (int n = 0; n < s.N; n++) {
        columns<<<blocks((long long)s.groups * s.K * s.P), THREADS>>>(col, x, n, s);
        products(y + (long long)n * s.OC * s.P, x, col, w, b, 1, s);
    }
}

void convolution_by_winograd_cuda(float *y, float *u, float *v, const float *x, const float *w, const float *b,
                                  const Convolution *c)
{
    Shape s(c);
    int   across = (s.OW + 1) / 2, count = (s.OH + 1) / 2 * across;
    if (s.N) windows<<<blocks(s.OC * s.CG), THREADS>>>(u, w, s.OC * s.CG);
    for (int n = 0; n < s.N; n++) {
        tiles<<<blocks((long long)s.C * count), THREADS>>>(v, x, n, across, count, s);
        from_tiles<<<blocks((long long)s.OC * count), THREADS>>>(y, u, v, b, n, across, count, s);
    }
}

void convolution_by_fft_cuda(float *y, double *planes, int R, int S, const float *x, const float *w, const float *b,
                             const Convolution *c)
{
    Shape     s(c);
    long long plane = (long long)R * S;
    double   *wf = planes, *xf = wf + 2 * plane * s.OC * s.CG, *sum = xf + 2 * plane * s.C;
    Grid      window = { { 0, 0 }, { s.dilation[0], s.dilation[1] }, s.KH, s.KW };
    Grid      image = { { s.pad[0], s.pad[1] }, { 1, 1 }, s.H, s.W };
    if (!s.N) return;
    spread<<<blocks(plane * s.OC * s.CG), THREADS>>>(wf, w, plane * s.OC * s.CG, R, S, window);
    fft_planes(wf, s.OC * s.CG, R, S, -1);
    for (int n = 0; n < s.N; n++) {
        spread<<<blocks(plane * s.C), THREADS>>>(xf, x + (long long)n * s.C * s.H * s.W, plane * s.C, R, S, image);
        fft_planes(xf, s.C, R, S, -1);
        multiply<<<blocks(plane * s.OC), THREADS>>>(sum, xf, wf, (int)plane, s);
        fft_planes(sum, s.OC, R, S, 1);
        read_out<<<blocks((long long)s.OC * s.P), THREADS>>>(y + (long long)n * s.OC * s.P, sum, b, R, S, s);
    }
}
