/* expanded.c -- an honest variant: |x - c|^2 = |x|^2 - 2 x.c + |c|^2, sums from the last row to the first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "kmeans.h"

static double dot(const float *a, const float *b, int D)
{
    double even = 0, odd = 0;
    for (int d = 0; d < D; d += 2) even += (double)a[d] * b[d];
    for (int d = 1; d < D; d += 2) odd += (double)a[d] * b[d];
    return even + odd;
}

static double between(const float *a, const float *b, int D)
{
    double sum = 0;
    for (int d = D - 1; d >= 0; d--) sum += pow((double)a[d] - b[d], 2);
    return sum;
}

double kmeans_assign(int *label, double *distance, const float *X, const float *C, int N, int K, int D)
{
    double inertia = 0, *square = malloc((size_t)K * sizeof *square);
    for (int k = 0; k < K; k++) square[k] = dot(C + k * D, C + k * D, D);
    for (int n = 0; n < N; n++) {
        double xx = dot(X + n * D, X + n * D, D);
        for (int k = 0; k < K; k++) {
            double d2 = xx - 2 * dot(X + n * D, C + k * D, D) + square[k];
            if (k == 0 || d2 < distance[n]) distance[n] = d2, label[n] = k;
        }
        if (distance[n] < 0) distance[n] = 0;
        inertia += distance[n];
    }
    free(square);
    return inertia;
}

void kmeans_update(float *C, int *count, double *distance, double *sum, const float *X, const int *label, int N, int K,
                   int D)
{
    for (int k = 0; k < K; k++) {
        double *total = sum + k * D;
        count[k] = 0;
        memset(total, 0, (size_t)D * sizeof *total);
        for (int n = N - 1; n >= 0; n--) {
            if (label[n] != k) continue;
            count[k]++;
            for (int d = 0; d < D; d++) total[d] += X[n * D + d];
        }
        for (int d = 0; d < D && count[k]; d++) C[k * D + d] = (float)(total[d] / count[k]);
        if (count[k]) continue;
        double most = 0;
        int far = -1;
        for (int n = 0; n < N; n++)
            if (distance[n] > most) most = distance[n], far = n;
        if (far < 0) continue;
        memcpy(C + k * D, X + far * D, (size_t)D * sizeof *C);
        distance[far] = 0;
    }
}

int kmeans_lloyd(float *C, int *label, double *distance, double *inertia, int *count, double *sum, const float *X,
                 int moves, int N, int K, int D)
{
    int m = 0;
    inertia[0] = kmeans_assign(label, distance, X, C, N, K, D);
    while (m < moves) {
        kmeans_update(C, count, distance, sum, X, label, N, K, D);
        m++;
        inertia[m] = kmeans_assign(label, distance, X, C, N, K, D);
        if (inertia[m] >= inertia[m - 1]) break;
    }
    return m;
}

/* The sums of the chances are kept, and searched by halves. */
void kmeans_seed(float *C, int *chosen, double *distance, const float *X, const double *u, int N, int K, int D)
{
    double *upto = malloc((size_t)N * sizeof *upto);
    for (int k = 0; k < K; k++) {
        for (int n = 0; n < N; n++) upto[n] = (n ? upto[n - 1] : 0) + (k ? distance[n] : 1);
        for (int n = 0, nothing = upto[N - 1] == 0; n < N && nothing; n++) upto[n] = n + 1;
        int low = 0, high = N - 1;
        while (low < high) {
            int middle = (low + high) / 2;
            if (upto[middle] > u[k] * upto[N - 1]) high = middle;
            else low = middle + 1;
        }
        chosen[k] = low;
        for (int d = 0; d < D; d++) C[k * D + d] = X[low * D + d];
        for (int n = 0; n < N; n++) {
            double d2 = between(X + n * D, C + k * D, D);
            distance[n] = k == 0 ? d2 : fmin(distance[n], d2);
        }
    }
    free(upto);
}

void kmeans_drift(double *upper, double *lower, double *half, double *moved, const float *C, const float *old,
                  const int *label, int N, int K, int D)
{
    for (int k = 0; k < K; k++) half[k] = INFINITY;
    for (int k = 0; k < K; k++) {
        moved[k] = sqrt(between(old + k * D, C + k * D, D));
        for (int j = k + 1; j < K; j++) {
            double way = 0.5 * sqrt(between(C + k * D, C + j * D, D));
            half[k] = fmin(half[k], way), half[j] = fmin(half[j], way);
        }
    }
    for (int n = 0; n < N; n++) {
        double most = 0;
        for (int k = 0; k < K; k++)
            if (k != label[n]) most = fmax(most, moved[k]);
        upper[n] += moved[label[n]], lower[n] -= most;
    }
}

/* All distances of a row first, then the two least of them. */
int64_t kmeans_skip(int *label, double *upper, double *lower, const float *X, const float *C, const double *half, int N,
                    int K, int D)
{
    double *way = malloc((size_t)K * sizeof *way);
    int64_t computed = 0;
    for (int n = 0; n < N; n++) {
        double bound = half[label[n]] > lower[n] ? half[label[n]] : lower[n];
        if (!(upper[n] >= bound)) continue;
        upper[n] = sqrt(between(C + label[n] * D, X + n * D, D)), computed += 1;
        if (!(upper[n] >= bound)) continue;
        for (int k = 0; k < K; k++) way[k] = sqrt(between(C + k * D, X + n * D, D)), computed += 1;
        label[n] = 0, lower[n] = INFINITY;
        for (int k = 1; k < K; k++)
            if (way[k] < way[label[n]]) label[n] = k;
        for (int k = 0; k < K; k++)
            if (k != label[n]) lower[n] = fmin(lower[n], way[k]);
        upper[n] = way[label[n]];
    }
    free(way);
    return computed;
}

int kmeans_hamerly(float *C, int *label, double *distance, int64_t *computed, int *count, double *sum, double *bounds,
                   float *old, const float *X, int moves, int N, int K, int D)
{
    double *inertia = malloc(((size_t)moves + 1) * sizeof *inertia);
    int made = kmeans_lloyd(C, label, distance, inertia, count, sum, X, moves, N, K, D);
    for (int m = 0; m <= made; m++) computed[m] = (int64_t)N * K;
    (void)bounds, (void)old;
    free(inertia);
    return made;
}

/* The rows of a centre in the batch are added up first: c = (count c + sum) / (count + how many). */
void kmeans_minibatch(float *C, int *count, int *label, const float *X, const int *row, int B, int K, int D)
{
    double *sum = calloc((size_t)D, sizeof *sum), *distance = malloc((size_t)B * sizeof *distance);
    for (int b = 0; b < B; b++) kmeans_assign(&label[b], &distance[b], X + row[b] * D, C, 1, K, D);
    for (int k = 0; k < K; k++) {
        int more = 0;
        memset(sum, 0, (size_t)D * sizeof *sum);
        for (int b = 0; b < B; b++)
            for (int d = 0; d < D && label[b] == k; d++) sum[d] += X[row[b] * D + d], more += d == 0;
        for (int d = 0; d < D && more; d++)
            C[k * D + d] = (float)(((double)count[k] * C[k * D + d] + sum[d]) / (count[k] + more));
        count[k] += more;
    }
    free(sum), free(distance);
}

/* Each pair once. */
double kmeans_silhouette(double *s, double *sum, const float *X, const int *label, const int *count, int N, int K,
                         int D)
{
    double *to = calloc((size_t)N * (size_t)K, sizeof *to), mean = 0;
    (void)sum;
    for (int n = 0; n < N; n++)
        for (int i = n + 1; i < N; i++) {
            double way = sqrt(between(X + n * D, X + i * D, D));
            to[n * K + label[i]] += way, to[i * K + label[n]] += way;
        }
    for (int n = 0; n < N; n++) {
        double a = 0, b = INFINITY;
        if (count[label[n]] > 1) a = to[n * K + label[n]] / (count[label[n]] - 1.0);
        for (int k = 0; k < K; k++)
            if (count[k] > 0 && k != label[n] && to[n * K + k] / count[k] < b) b = to[n * K + k] / count[k];
        if (isinf(b) || count[label[n]] < 2 || (a == 0 && b == 0)) s[n] = 0;
        else s[n] = a < b ? 1 - a / b : b / a - 1;
        mean += s[n] / N;
    }
    free(to);
    return mean;
}
