/* attention.cu -- attention.c on a GPU: a warp a query, its lanes the keys of a tile, then the columns of a value. */
#include <cuda_runtime.h>
#include "attention_cuda.h"

enum { LANES = 32, WARPS = 4, THREADS = LANES * WARPS, TILE = LANES };
static unsigned parts(long long n, int size) { return (unsigned)((n + size - 1) / size); }
static dim3     block() { return dim3(LANES, WARPS); }

__device__ static int row_of_warp() { return blockIdx.x * WARPS + threadIdx.y; }

template <class T> __device__ static T warp_sum(T v)    /* every lane gets it */
{
    for (int by = LANES / 2; by; by /= 2) v += __shfl_xor_sync(0xffffffff, v, by);
    return v;
}

__device__ static float warp_max(float v)               /* NaN loses */
{
    for (int by = LANES / 2; by; by /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffff, v, by));
    return v;
}

/* One thread's dot product: in double, as attention.c has it. */
__device__ static double dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return sum;
}

/* A warp's: neighbouring lanes read neighbouring numbers. */
__device__ static double warp_dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = threadIdx.x; i < n; i += LANES) sum += (double)a[i] * b[i];
    return warp_sum(sum);
}

/* ---- With the matrix --------------------------------------------------------------------------------------------- */

/* A thread a score. */
__global__ void scores(float *score, const float *q, const float *k, int B, int T, int S, int D)
{
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= (long long)B * T * S) return;
    int n = (int)(i / S), s = (int)(i % S);
    score[i] = (float)(dot(q + (long long)n * D, k + ((long long)(n / T) * S + s) * D, D) / sqrt((double)D));
}

__global__ void seen_keys(int *seen, const int *length, int causal, int B, int T, int S)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n >= B * T) return;
    int keys = length ? length[n / T] : S, past = n % T + S - T + 1;
    if (causal && past < keys) keys = past > 0 ? past : 0;
    seen[n] = keys;
}

/* A warp a row. A lane reads again only what it wrote itself. */
__global__ void weights(float *p, const float *score, const int *seen, int N, int S)
{
    int n = row_of_warp();
    if (n >= N) return;
    p += (long long)n * S, score += (long long)n * S;
    float  max = -INFINITY;
    double sum = 0;
    for (int s = threadIdx.x; s < seen[n]; s += LANES) max = fmaxf(max, score[s]);
    max = warp_max(max);
    if (max == -INFINITY) max = 0;                      /* -inf - -inf would be NaN */
    for (int s = threadIdx.x; s < S; s += LANES) sum += p[s] = s < seen[n] ? expf(score[s] - max) : 0;
    sum = warp_sum(sum);
    for (int s = threadIdx.x; s < seen[n] && sum != 0; s += LANES) p[s] = (float)(p[s] / sum);
}

/* A thread a number of y: those of a row read the same weight, and neighbours in v. */
__global__ void values(float *y, const float *p, const float *v, int B, int T, int S, int DV)
{
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= (long long)B * T * DV) return;
    int          n = (int)(i / DV), d = (int)(i % DV);
    const float *row = p + (long long)n * S, *column = v + (long long)(n / T) * S * DV + d;
    float        sum = 0;
    for (int s = 0; s < S; s++)
        if (row[s] != 0) sum += row[s] * column[(long long)s * DV];     /* 0 * NaN would be NaN */
    y[i] = sum;
}

/* A warp a row: dscore = p (dp - sum p dp). */
__global__ void score_gradients(float *dscore, const float *p, const float *dy, const float *v, int N, int T, int S,
                                int DV)
{
    int n = row_of_warp();
    if (n >= N) return;
    p += (long long)n * S, dscore += (long long)n * S, dy += (long long)n * DV, v += (long long)(n / T) * S * DV;
    double mean = 0;
    for (int s = threadIdx.x; s < S; s += LANES) {
        dscore[s] = p[s] != 0 ? (float)dot(dy, v + (long long)s * DV, DV) : 0;
        mean += (double)p[s] * dscore[s];
    }
    mean = warp_sum(mean);
    for (int s = threadIdx.x; s < S; s += LANES) dscore[s] = p[s] != 0 ? (float)(p[s] * (dscore[s] - mean)) : 0;
}

/* A thread a number of dq: a sum over the keys of its row. */
__global__ void query_gradients(float *dq, const float *dscore, const float *p, const float *k, int B, int T, int S,
                                int D)
{
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= (long long)B * T * D) return;
    long long    n = i / D * S, key = i / D / T * S * D + i % D;
    float        sum = 0;
    double       root = sqrt((double)D);
    for (int s = 0; s < S; s++)
        if (p[n + s] != 0) sum += (float)(dscore[n + s] / root) * k[key + (long long)s * D];
    dq[i] = sum;
}

/* A thread a number of dk or dv: a sum over the queries, by = dscore / root with q, or p with dy. */
__global__ void key_gradients(float *dk, const float *by, const float *p, double root, const float *q, int B, int T,
                              int S, int D)
{
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= (long long)B * S * D) return;
    long long b = i / D / S, s = i / D % S;
    float     sum = 0;
    for (int t = 0; t < T; t++) {
        long long n = b * T + t;
        if (p[n * S + s] != 0) sum += (float)(by[n * S + s] / root) * q[n * D + i % D];
    }
    dk[i] = sum;
}

/* ---- Without it -------------------------------------------------------------------------------------------------- */

/*
 * Four queries of one problem a block. Tile after tile of keys and values comes to shared memory, once for all four; in
 * a warp first each lane scores a key of the tile, then each adds up columns of y. max and sum go from tile to tile;
 * where max grows, sum and y shrink by exp(old - max).
 */
__global__ void tiled(float *y, float *lse, const float *q, const float *k, const float *v, const int *seen, int T,
                      int S, int D, int DV, int tile)
{
    extern __shared__ float near[];                     /* keys (tile,D + 1), values (tile,DV) */
    float *keys = near, *rows = near + tile * (D + 1);  /* + 1: lanes read down a column, each from a bank of its own */
    int    b = blockIdx.y, t = row_of_warp(), lane = threadIdx.x, own = threadIdx.y * LANES + lane;
    long long n = (long long)b * T + t;
    int    mine = t < T ? seen[n] : 0;
    float  max = -INFINITY;
    double sum = 0, root = sqrt((double)D);
    k += (long long)b * S * D, v += (long long)b * S * DV, q += n * D, y += n * DV;
    for (int d = lane; d < DV && t < T; d += LANES) y[d] = 0;
    for (int from = 0; from < S; from += tile) {        /* the same tiles for all warps: they meet at the barriers */
        int there = S - from < tile ? S - from : tile, count = mine - from < there ? mine - from : there;
        for (int i = own; i < there * D; i += THREADS) keys[i / D * (D + 1) + i % D] = k[(long long)from * D + i];
        for (int i = own; i < there * DV; i += THREADS) rows[i] = v[(long long)from * DV + i];
        __syncthreads();
        if (count > 0) {                                /* the whole warp goes this way, or none of it */
            float score = lane < count ? (float)(dot(q, keys + lane * (D + 1), D) / root) : -INFINITY, old = max;
            max = fmaxf(max, warp_max(score));
            float shrink = old == max ? 1 : expf(old - max), e = lane < count ? expf(score - max) : 0;
            sum = sum * shrink + warp_sum((double)e);
            for (int d = lane; d < (DV + LANES - 1) / LANES * LANES; d += LANES) {  /* all lanes lend their weight */
                float add = 0;
                for (int s = 0; s < count; s++) {
                    float weight = __shfl_sync(0xffffffff, e, s);
                    if (d < DV) add += weight * rows[s * DV + d];
                }
                if (d < DV) y[d] = y[d] * shrink + add;
            }
        }
        __syncthreads();                                /* before the next tile overwrites this one */
    }
    if (t >= T) return;
    for (int d = lane; d < DV && mine; d += LANES) y[d] = (float)(y[d] / sum);
    if (!lane) lse[n] = (float)(max + log(sum));        /* -inf where nothing is seen */
}

/* A warp a query: dq. The weight of each key again from its score and lse; its row's mean from y. */
__global__ void tiled_query_gradients(float *dq, const float *q, const float *k, const float *v, const float *y,
                                      const float *lse, const float *dy, const int *seen, int N, int T, int S, int D,
                                      int DV)
{
    int n = row_of_warp(), lane = threadIdx.x;
    if (n >= N) return;
    k += (long long)(n / T) * S * D, v += (long long)(n / T) * S * DV;
    q += (long long)n * D, dq += (long long)n * D, dy += (long long)n * DV, y += (long long)n * DV;
    double root = sqrt((double)D), mean = seen[n] ? warp_dot(dy, y, DV) : 0;
    for (int d = lane; d < D; d += LANES) dq[d] = 0;
    for (int s = 0; s < seen[n]; s++) {
        double p = exp(warp_dot(q, k + (long long)s * D, D) / root - lse[n]);
        double dscore = p * (warp_dot(dy, v + (long long)s * DV, DV) - mean);
        for (int d = lane; d < D; d += LANES) dq[d] += (float)(dscore / root) * k[(long long)s * D + d];
    }
}

/* A warp a key: dk and dv, from all queries that see it. No two warps write to one place, so nothing is atomic. */
__global__ void tiled_key_gradients(float *dk, float *dv, const float *q, const float *k, const float *v,
                                    const float *y, const float *lse, const float *dy, const int *seen, int keys,
                                    int T, int S, int D, int DV)
{
    int key = row_of_warp(), lane = threadIdx.x;
    if (key >= keys) return;
    int b = key / S, s = key % S;
    k += (long long)key * D, v += (long long)key * DV, dk += (long long)key * D, dv += (long long)key * DV;
    double root = sqrt((double)D);
    for (int d = lane; d < D; d += LANES) dk[d] = 0;
    for (int d = lane; d < DV; d += LANES) dv[d] = 0;
    for (int n = b * T; n < b * T + T; n++) {
        if (s >= seen[n]) continue;
        const float *qn = q + (long long)n * D, *dyn = dy + (long long)n * DV;
        double p = exp(warp_dot(qn, k, D) / root - lse[n]);
        double dscore = p * (warp_dot(dyn, v, DV) - warp_dot(dyn, y + (long long)n * DV, DV));
        for (int d = lane; d < D; d += LANES) dk[d] += (float)(dscore / root) * qn[d];
        for (int d = lane; d < DV; d += LANES) dv[d] += (float)p * dyn[d];
    }
}

/* ---- What a row of weights is like: a warp a row ----------------------------------------------------------------- */

__global__ void statistics(int *possible, float *entropy, float *jacobian, const float *p, int N, int S)
{
    int n = row_of_warp();
    if (n >= N) return;
    p += (long long)n * S;
    double sum = 0, h = 0, a = 0, c = 0;
    int    negative = 0;
    for (int s = threadIdx.x; s < S; s += LANES) {
        negative |= p[s] < 0;
        sum += p[s];
        if (p[s] > 0) h -= p[s] * log((double)p[s]);
        a += (double)p[s] * p[s];
        c += (double)p[s] * p[s] * p[s];
    }
    sum = warp_sum(sum), h = warp_sum(h), a = warp_sum(a), c = warp_sum(c);
    bool good = !__any_sync(0xffffffff, negative) && fabs(sum - 1) <= 0.001;
    if (threadIdx.x) return;
    possible[n] = good;
    entropy[n] = good ? (float)h : NAN;
    jacobian[n] = good ? (float)sqrt(fmax(0.0, a - 2 * c + a * a)) : NAN;
}

/* ---- What the host calls. A grid of no blocks cannot be launched ------------------------------------------------- */

void attention_scores_cuda(float *score, const float *q, const float *k, int B, int T, int S, int D)
{
    if (B) scores<<<parts((long long)B * T * S, THREADS), THREADS>>>(score, q, k, B, T, S, D);
}

void attention_seen_cuda(int *seen, const int *length, int causal, int B, int T, int S)
{
    if (B) seen_keys<<<parts(B * T, THREADS), THREADS>>>(seen, length, causal, B, T, S);
}

void attention_weights_cuda(float *p, const float *score, const int *seen, int B, int T, int S)
{
    if (B) weights<<<parts(B * T, WARPS), block()>>>(p, score, seen, B * T, S);
}

void attention_values_cuda(float *y, const float *p, const float *v, int B, int T, int S, int DV)
{
    if (B) values<<<parts((long long)B * T * DV, THREADS), THREADS>>>(y, p, v, B, T, S, DV);
}

void attention_backward_cuda(float *dq, float *dk, float *dv, float *dscore, const float *q, const float *k,
                             const float *v, const float *p, const float *dy, int B, int T, int S, int D, int DV)
{
    if (!B) return;
    score_gradients<<<parts(B * T, WARPS), block()>>>(dscore, p, dy, v, B * T, T, S, DV);
    query_gradients<<<parts((long long)B * T * D, THREADS), THREADS>>>(dq, dscore, p, k, B, T, S, D);
    key_gradients<<<parts((long long)B * S * D, THREADS), THREADS>>>(dk, dscore, p, sqrt((double)D), q, B, T, S, D);
    key_gradients<<<parts((long long)B * S * DV, THREADS), THREADS>>>(dv, p, p, 1, dy, B, T, S, DV);
}

void attention_tiled_cuda(float *y, float *lse, const float *q, const float *k, const float *v, const int *seen, int B,
                          int T, int S, int D, int DV)
{
    enum { ROOM = (48 << 10) / sizeof(float) };         /* of shared memory, for which nobody need be asked */
    int most = ROOM / (D + 1 + DV), tile = most < 1 ? 1 : most < TILE ? most : TILE;
    if (B)
        tiled<<<dim3(parts(T, WARPS), B), block(), tile * (D + 1 + DV) * sizeof(float)>>>(y, lse, q, k, v, seen, T, S,
                                                                                          D, DV, tile);
}

void attention_tiled_backward_cuda(float *dq, float *dk, float *dv, const float *q, const float *k, const float *v,
                                   const float *y, const float *lse, const float *dy, const int *seen, int B, int T,
                                   int S, int D, int DV)
{
    if (!B) return;
    tiled_query_gradients<<<parts(B * T, WARPS), block()>>>(dq, q, k, v, y, lse, dy, seen, B * T, T, S, D, DV);
    tiled_key_gradients<<<parts(B * S, WARPS), block()>>>(dk, dv, q, k, v, y, lse, dy, seen, B * S, T, S, D, DV);
}

void attention_statistics_cuda(int *possible, float *entropy, float *jacobian, const float *p, int N, int S)
{
    if (N) statistics<<<parts(N, WARPS), block()>>>(possible, entropy, jacobian, p, N, S);
}
