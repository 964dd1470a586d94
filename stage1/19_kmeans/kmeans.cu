/* kmeans.cu -- kmeans.c on a GPU: a row or a centre a thread, and sums in an order that no grid changes. */
#include <cuda_runtime.h>
#include "kmeans_cuda.h"

enum { THREADS = 256 };
static unsigned blocks(long long n) { return (unsigned)((n + THREADS - 1) / THREADS); }

__device__ static int index_of_thread() { return blockIdx.x * blockDim.x + threadIdx.x; }

__device__ static double square_distance(const float *a, const float *b, int D)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sum;
}

/* One block: each thread adds up every 256th, then halves are added to halves. scale is multiplied in at the end. */
__global__ void sum_of(double *sum, const double *x, int N, double scale)
{
    __shared__ double part[THREADS];
    double own = 0;
    for (int n = threadIdx.x; n < N; n += THREADS) own += x[n];
    part[threadIdx.x] = own;
    for (int half = THREADS / 2; half; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    if (!threadIdx.x) *sum = part[0] * scale;
}

/* ---- Assign ------------------------------------------------------------------------------------------------------ */

/* The nearest of K centres, the first of equals; and how far the second is, for the bounds. */
__device__ static int nearest(double *best, double *second, const float *x, const float *C, int K, int D)
{
    int label = 0;
    *best = *second = INFINITY;
    for (int k = 0; k < K; k++) {
        double d2 = square_distance(x, C + k * D, D);
        if (d2 < *best) *second = *best, *best = d2, label = k;
        else if (d2 < *second) *second = d2;
    }
    return label;
}

/* row NULL: all rows, in order. distance NULL: nobody asks. */
__global__ void assign_rows(int *label, double *distance, const float *X, const int *row, const float *C, int N, int K,
                            int D)
{
    int n = index_of_thread();
    if (n >= N) return;
    double best, second;
    label[n] = nearest(&best, &second, X + (row ? row[n] : n) * D, C, K, D);
    if (distance) distance[n] = best;
}

/* ---- Update ------------------------------------------------------------------------------------------------------ */

/* A block a centre, a thread a column: each sum in the order of the rows, so the same for any grid. */
__global__ void sum_members(double *sum, int *count, const float *X, const int *label, int N, int D)
{
    int k = blockIdx.x, members = 0;
    for (int d = threadIdx.x; d < D; d += blockDim.x) {
        double own = 0;
        for (int n = 0; n < N; n++)
            if (label[n] == k) own += X[n * D + d];
        sum[k * D + d] = own;
    }
    if (threadIdx.x) return;
    for (int n = 0; n < N; n++) members += label[n] == k;
    count[k] = members;
}

/* The row with the largest distance, the first of equals; all threads of the one block get it. */
__device__ static int farthest(const double *distance, int N, double *value, int *place)
{
    int t = threadIdx.x, own = 0;
    for (int n = t; n < N; n += THREADS)
        if (distance[n] > distance[own] || (distance[n] == distance[own] && n < own)) own = n;
    value[t] = distance[own], place[t] = own;
    for (int half = THREADS / 2; half; half /= 2) {
        __syncthreads();
        if (t < half && (value[t + half] > value[t] || (value[t + half] == value[t] && place[t + half] < place[t])))
            value[t] = value[t + half], place[t] = place[t + half];
    }
    __syncthreads();
    return place[0];
}

/* One block: empty centres are served one after the other, since each takes a row away from the next. */
__global__ void move_centres(float *C, double *distance, const double *sum, const int *count, const float *X, int N,
                             int K, int D)
{
    __shared__ double value[THREADS];
    __shared__ int    place[THREADS];
    for (int k = 0; k < K; k++) {
        int    far = count[k] ? 0 : farthest(distance, N, value, place);
        double worst = distance[far];
        for (int d = threadIdx.x; d < D; d += THREADS)
            if (count[k]) C[k * D + d] = (float)(sum[k * D + d] / count[k]);
            else if (worst > 0) C[k * D + d] = X[far * D + d];
        __syncthreads();                                /* all have read what one now takes */
        if (!count[k] && !threadIdx.x) distance[far] = 0;
        __syncthreads();
    }
}

/* ---- Seed -------------------------------------------------------------------------------------------------------- */

/* One thread walks along the rows: sums in their order decide, and those of a tree differ by a last digit. */
__global__ void choose_row(int *chosen, const double *distance, const double *u, int k, int N)
{
    double total = 0, below = 0;
    for (int n = 0; n < N && k > 0; n++) total += distance[n];
    int row = (int)(u[k] * N);
    if (total > 0)
        for (row = 0; !(below + distance[row] > u[k] * total); row++) below += distance[row];
    chosen[k] = row;
}

__global__ void take_row(float *C, double *distance, const float *X, const int *chosen, int k, int N, int D)
{
    int          n = index_of_thread();
    const float *centre = X + chosen[k] * D;
    for (int d = n; d < D; d += gridDim.x * blockDim.x) C[k * D + d] = centre[d];
    if (n >= N) return;
    double d2 = square_distance(X + n * D, centre, D);
    if (k == 0 || d2 < distance[n]) distance[n] = d2;
}

/* ---- Bounds ------------------------------------------------------------------------------------------------------ */

__global__ void centres_moved(double *moved, double *half, const float *C, const float *old, int K, int D)
{
    int k = index_of_thread();
    if (k >= K) return;
    moved[k] = sqrt(square_distance(C + k * D, old + k * D, D));
    half[k] = INFINITY;
    for (int j = 0; j < K; j++)
        if (j != k) half[k] = fmin(half[k], sqrt(square_distance(C + j * D, C + k * D, D)) / 2);
}

__global__ void two_fastest(double *two, int *fastest, const double *moved, int K)
{
    two[0] = two[1] = 0, *fastest = 0;
    for (int k = 0; k < K; k++)
        if (moved[k] > two[0]) two[1] = two[0], two[0] = moved[k], *fastest = k;
        else if (moved[k] > two[1]) two[1] = moved[k];
}

__global__ void move_bounds(double *upper, double *lower, const double *moved, const double *two, const int *fastest,
                            const int *label, int N)
{
    int n = index_of_thread();
    if (n >= N) return;
    upper[n] += moved[label[n]];
    lower[n] -= two[label[n] == *fastest];
}

__global__ void renew_rows(int *label, double *upper, double *lower, unsigned long long *computed, const float *X,
                           const float *C, const double *half, int N, int K, int D)
{
    int n = index_of_thread();
    if (n >= N) return;
    double bound = fmax(half[label[n]], lower[n]), best, second;
    if (upper[n] < bound) return;
    upper[n] = sqrt(square_distance(X + n * D, C + label[n] * D, D));
    if (upper[n] < bound) {
        atomicAdd(computed, 1ull);
        return;
    }
    label[n] = nearest(&best, &second, X + n * D, C, K, D);
    upper[n] = sqrt(best), lower[n] = sqrt(second);
    atomicAdd(computed, 1ull + K);
}

/* ---- Mini-batches, silhouette ------------------------------------------------------------------------------------ */

/* A block a centre, a thread a column: rows draw it in the order of the batch. */
__global__ void draw_centres(float *C, int *count, const int *label, const float *X, const int *row, int B, int D)
{
    int k = blockIdx.x, seen = count[k], start = seen;
    for (int d = threadIdx.x; d < D; d += blockDim.x) {
        float c = C[k * D + d];
        seen = start;
        for (int b = 0; b < B; b++)
            if (label[b] == k) c += (float)(((double)X[row[b] * D + d] - c) / ++seen);
        C[k * D + d] = c;
    }
    __syncthreads();                                    /* all have read how many there were */
    if (!threadIdx.x) count[k] = seen;                  /* thread 0 has a column: D is 1 at least */
}

/* A thread a row and a cluster: the sum of the distances to that cluster's rows. */
__global__ void cluster_distances(double *sums, const float *X, const int *label, int N, int K, int D)
{
    int i = index_of_thread(), n = i / K, k = i % K;
    if (i >= N * K) return;
    double sum = 0;
    for (int m = 0; m < N; m++)
        if (label[m] == k) sum += sqrt(square_distance(X + n * D, X + m * D, D));
    sums[i] = sum;
}

__global__ void silhouettes(double *s, const double *sums, const int *label, const int *count, int N, int K)
{
    int n = index_of_thread();
    if (n >= N) return;
    int    own = label[n];
    double a = sums[n * K + own] / (count[own] - 1), b = INFINITY;
    for (int k = 0; k < K; k++)
        if (k != own && count[k] > 0) b = fmin(b, sums[n * K + k] / count[k]);
    s[n] = count[own] > 1 && b < INFINITY && fmax(a, b) > 0 ? (b - a) / fmax(a, b) : 0;
}

/* ---- What the host calls ----------------------------------------------------------------------------------------- */

void kmeans_assign_cuda(int *label, double *distance, double *inertia, const float *X, const float *C, int N, int K,
                        int D)
{
    assign_rows<<<blocks(N), THREADS>>>(label, distance, X, nullptr, C, N, K, D);
    sum_of<<<1, THREADS>>>(inertia, distance, N, 1);
}

void kmeans_update_cuda(float *C, int *count, double *distance, double *sum, const float *X, const int *label, int N,
                        int K, int D)
{
    sum_members<<<K, 64>>>(sum, count, X, label, N, D);
    move_centres<<<1, THREADS>>>(C, distance, sum, count, X, N, K, D);
}

int kmeans_lloyd_cuda(float *C, int *label, double *distance, double *inertia, int *count, double *sum, double *one,
                      const float *X, int moves, int N, int K, int D)
{
    for (int m = 0;; m++) {
        kmeans_assign_cuda(label, distance, one, X, C, N, K, D);
        if (cudaMemcpy(&inertia[m], one, sizeof *one, cudaMemcpyDeviceToHost) != cudaSuccess) return m;
        if (m == moves || (m > 0 && !(inertia[m] < inertia[m - 1]))) return m;
        kmeans_update_cuda(C, count, distance, sum, X, label, N, K, D);
    }
}

void kmeans_seed_cuda(float *C, int *chosen, double *distance, const float *X, const double *u, int N, int K, int D)
{
    for (int k = 0; k < K; k++) {
        choose_row<<<1, 1>>>(chosen, distance, u, k, N);
        take_row<<<blocks(N), THREADS>>>(C, distance, X, chosen, k, N, D);
    }
}

void kmeans_drift_cuda(double *upper, double *lower, double *half, double *moved, double *two, int *fastest,
                       const float *C, const float *old, const int *label, int N, int K, int D)
{
    centres_moved<<<blocks(K), THREADS>>>(moved, half, C, old, K, D);
    two_fastest<<<1, 1>>>(two, fastest, moved, K);
    move_bounds<<<blocks(N), THREADS>>>(upper, lower, moved, two, fastest, label, N);
}

void kmeans_skip_cuda(int *label, double *upper, double *lower, unsigned long long *computed, const float *X,
                      const float *C, const double *half, int N, int K, int D)
{
    cudaMemset(computed, 0, sizeof *computed);
    renew_rows<<<blocks(N), THREADS>>>(label, upper, lower, computed, X, C, half, N, K, D);
}

void kmeans_minibatch_cuda(float *C, int *count, int *label, const float *X, const int *row, int B, int K, int D)
{
    if (!B) return;
    assign_rows<<<blocks(B), THREADS>>>(label, nullptr, X, row, C, B, K, D);
    draw_centres<<<K, 64>>>(C, count, label, X, row, B, D);
}

void kmeans_silhouette_cuda(double *s, double *mean, double *sums, const float *X, const int *label, const int *count,
                            int N, int K, int D)
{
    cluster_distances<<<blocks((long long)N * K), THREADS>>>(sums, X, label, N, K, D);
    silhouettes<<<blocks(N), THREADS>>>(s, sums, label, count, N, K);
    sum_of<<<1, THREADS>>>(mean, s, N, 1.0 / N);
}
