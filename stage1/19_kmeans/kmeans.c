/* kmeans.c -- k-means: Lloyd's loop, k-means++, Hamerly's bounds, mini-batches; the silhouette that judges it. */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "kmeans.h"

/* |a - b|^2 */
static double square_distance(const float *a, const float *b, int D)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)                 /* in any order: then eight terms are added at once */
    for (int d = 0; d < D; d++) {
        double difference = (double)a[d] - b[d];
        sum += difference * difference;
    }
    return sum;
}

/* label[n] = argmin over k of |X[n] - C[k]|^2 */
double kmeans_assign(int *label, double *distance, const float *X, const float *C, int N, int K, int D)
{
    /* exercise: give each row the nearest centre and the squared distance to it; return the sum of these */
    double inertia = 0;
    for (int n = 0; n < N; n++) {
        label[n] = 0, distance[n] = INFINITY;
        for (int k = 0; k < K; k++) {
            double d2 = square_distance(X + n * D, C + k * D, D);
            if (d2 < distance[n])                   /* equally near: the first stays */
                distance[n] = d2, label[n] = k;
        }
        inertia += distance[n];
    }
    return inertia;
    /* end */
}

/* C[k] = mean of the rows with label k; an empty centre takes the row that is worst off */
void kmeans_update(float *C, int *count, double *distance, double *sum, const float *X, const int *label, int N, int K,
                   int D)
{
    /* exercise: move each centre to the mean of its rows, and one without rows to the row with the largest distance */
    memset(count, 0, (size_t)K * sizeof *count);
    for (int i = 0; i < K * D; i++)
        sum[i] = 0;
    for (int n = 0; n < N; n++) {
        count[label[n]]++;
        for (int d = 0; d < D; d++)
            sum[label[n] * D + d] += X[n * D + d];
    }
    for (int k = 0; k < K; k++) {
        int far = 0;
        for (int n = 0; n < N && count[k] == 0; n++)
            if (distance[n] > distance[far])
                far = n;
        for (int d = 0; d < D; d++)
            if (count[k] > 0)
                C[k * D + d] = (float)(sum[k * D + d] / count[k]);
            else if (distance[far] > 0)
                C[k * D + d] = X[far * D + d];
        if (count[k] == 0)
            distance[far] = 0;                      /* taken: not for the next empty one */
    }
    /* end */
}

/* assign, update, until the inertia falls no more */
int kmeans_lloyd(float *C, int *label, double *distance, double *inertia, int *count, double *sum, const float *X,
                 int moves, int N, int K, int D)
{
    /* exercise: assign and note the inertia; stop, or move the centres and go on */
    for (int m = 0;; m++) {
        inertia[m] = kmeans_assign(label, distance, X, C, N, K, D);
        if (m == moves || (m > 0 && !(inertia[m] < inertia[m - 1])))
            return m;
        kmeans_update(C, count, distance, sum, X, label, N, K, D);
    }
    /* end */
}

/* P(row n) = distance[n] / sum of distance */
void kmeans_seed(float *C, int *chosen, double *distance, const float *X, const double *u, int N, int K, int D)
{
    /* exercise: draw each centre among the rows, with a chance in proportion to the squared distance */
    for (int k = 0; k < K; k++) {
        double total = 0, below = 0;
        for (int n = 0; n < N && k > 0; n++)
            total += distance[n];
        int row = (int)(u[k] * N);                  /* all alike: the first centre, or nothing left to choose by */
        if (total > 0)
            for (row = 0; !(below + distance[row] > u[k] * total); row++)
                below += distance[row];
        chosen[k] = row;
        memcpy(C + k * D, X + row * D, (size_t)D * sizeof *C);
        for (int n = 0; n < N; n++) {
            double d2 = square_distance(X + n * D, C + k * D, D);
            if (k == 0 || d2 < distance[n])
                distance[n] = d2;
        }
    }
    /* end */
}

/* upper grows by what the own centre moved, lower shrinks by the most that another one did */
void kmeans_drift(double *upper, double *lower, double *half, double *moved, const float *C, const float *old,
                  const int *label, int N, int K, int D)
{
    /* exercise: how far the centres moved, what that does to both bounds, and half the way to the nearest centre */
    double most = 0, second = 0;
    int fastest = 0;
    for (int k = 0; k < K; k++) {
        moved[k] = sqrt(square_distance(C + k * D, old + k * D, D));
        if (moved[k] > most)
            second = most, most = moved[k], fastest = k;
        else if (moved[k] > second)
            second = moved[k];
    }
    for (int n = 0; n < N; n++) {
        upper[n] += moved[label[n]];
        lower[n] -= label[n] == fastest ? second : most;
    }
    for (int k = 0; k < K; k++) {
        half[k] = INFINITY;
        for (int j = 0; j < K; j++)
            if (j != k)
                half[k] = fmin(half[k], sqrt(square_distance(C + j * D, C + k * D, D)) / 2);
    }
    /* end */
}

/* upper < max(half, lower): no other centre can be nearer */
int64_t kmeans_skip(int *label, double *upper, double *lower, const float *X, const float *C, const double *half, int N,
                    int K, int D)
{
    /* exercise: renew the label where the bounds do not already prove it; count the distances */
    int64_t computed = 0;
    for (int n = 0; n < N; n++) {
        double bound = fmax(half[label[n]], lower[n]);
        if (upper[n] < bound)
            continue;
        upper[n] = sqrt(square_distance(X + n * D, C + label[n] * D, D));
        computed++;
        if (upper[n] < bound)
            continue;
        double best = INFINITY, second = INFINITY;
        for (int k = 0; k < K; k++) {
            double d2 = square_distance(X + n * D, C + k * D, D);
            if (d2 < best)
                second = best, best = d2, label[n] = k;
            else if (d2 < second)
                second = d2;
        }
        computed += K;
        upper[n] = sqrt(best), lower[n] = sqrt(second);
    }
    return computed;
    /* end */
}

/* Only an empty centre asks how far the rows are. */
static void measure(double *distance, const float *X, const float *C, const int *label, int *count, int N, int K, int D)
{
    int empty = K;
    memset(count, 0, (size_t)K * sizeof *count);
    for (int n = 0; n < N; n++)
        empty -= count[label[n]]++ == 0;
    for (int n = 0; n < N && empty > 0; n++)
        distance[n] = square_distance(X + n * D, C + label[n] * D, D);
}

int kmeans_hamerly(float *C, int *label, double *distance, int64_t *computed, int *count, double *sum, double *bounds,
                   float *old, const float *X, int moves, int N, int K, int D)
{
    double *upper = bounds, *lower = upper + N, *half = lower + N, *moved = half + K;
    for (int n = 0; n < N; n++)
        label[n] = 0, upper[n] = INFINITY, lower[n] = 0;
    memcpy(old, C, (size_t)(K * D) * sizeof *old);
    for (int m = 0;; m++) {
        kmeans_drift(upper, lower, half, moved, C, old, label, N, K, D);
        bool still = m > 0;
        for (int k = 0; k < K; k++)
            still = still && moved[k] == 0;
        computed[m] = kmeans_skip(label, upper, lower, X, C, half, N, K, D);
        if (m == moves || still)
            return m;
        memcpy(old, C, (size_t)(K * D) * sizeof *old);
        measure(distance, X, C, label, count, N, K, D);
        kmeans_update(C, count, distance, sum, X, label, N, K, D);
    }
}

/* all labels first; then each row draws its centre, by a rate that is 1 / rows seen */
void kmeans_minibatch(float *C, int *count, int *label, const float *X, const int *row, int B, int K, int D)
{
    /* exercise: find the nearest centre of every row of the batch, then move the centres, row by row */
    for (int b = 0; b < B; b++) {
        double distance;
        kmeans_assign(label + b, &distance, X + row[b] * D, C, 1, K, D);
    }
    for (int b = 0; b < B; b++) {
        const float *x = X + row[b] * D;
        float *c = C + label[b] * D;
        count[label[b]]++;
        for (int d = 0; d < D; d++)
            c[d] += (float)(((double)x[d] - c[d]) / count[label[b]]);
    }
    /* end */
}

/* s = (b - a) / max(a, b) */
double kmeans_silhouette(double *s, double *sum, const float *X, const int *label, const int *count, int N, int K,
                         int D)
{
    /* exercise: each row's mean distance to its own cluster beside that to the nearest other one; return the mean */
    double total = 0;
    for (int n = 0; n < N; n++) {
        int own = label[n];
        for (int k = 0; k < K; k++)
            sum[k] = 0;
        for (int i = 0; i < N; i++)
            sum[label[i]] += sqrt(square_distance(X + n * D, X + i * D, D));
        double a = sum[own] / (count[own] - 1), b = INFINITY;   /* itself, at distance 0, is not counted */
        for (int k = 0; k < K; k++)
            if (k != own && count[k] > 0)
                b = fmin(b, sum[k] / count[k]);
        bool sensible = count[own] > 1 && b < INFINITY && fmax(a, b) > 0;
        s[n] = sensible ? (b - a) / fmax(a, b) : 0;
        total += s[n];
    }
    return total / N;
    /* end */
}
