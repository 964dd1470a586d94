/* centre_by_centre.c -- an honest variant: the loops turned over, long double, some of them backwards. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kmeans.h"

static long double between(const float *a, const float *b, int D)
{
    long double sum = 0;
    for (int d = 0; d < D; d++) {
        long double t = (long double)b[d] - a[d];
        sum += t * t;
    }
    return sum;
}

double kmeans_assign(int *label, double *distance, const float *X, const float *C, int N, int K, int D)
{
    long double inertia = 0;
    for (int k = K - 1; k >= 0; k--)                    /* backwards: then the last one to be as near is the first */
        for (int n = 0; n < N; n++) {
            double d2 = (double)between(X + n * D, C + k * D, D);
            if (k == K - 1 || d2 <= distance[n]) distance[n] = d2, label[n] = k;
        }
    for (int n = N - 1; n >= 0; n--) inertia += distance[n];
    return (double)inertia;
}

void kmeans_update(float *C, int *count, double *distance, double *sum, const float *X, const int *label, int N, int K,
                   int D)
{
    (void)sum;
    for (int k = 0; k < K; k++) {
        count[k] = 0;
        for (int n = 0; n < N; n++) count[k] += label[n] == k;
        for (int d = 0; d < D && count[k] > 0; d++) {
            long double s = 0;
            for (int n = N - 1; n >= 0; n--)
                if (label[n] == k) s += X[n * D + d];
            C[k * D + d] = (float)(s / count[k]);
        }
    }
    for (int k = 0; k < K; k++) {
        int far = N - 1;
        if (count[k] > 0) continue;
        for (int n = N - 2; n >= 0; n--)
            if (distance[n] >= distance[far]) far = n;
        if (!(distance[far] > 0)) return;
        memmove(C + k * D, X + far * D, (size_t)D * sizeof *C);
        distance[far] = 0;
    }
}

/* Prints what it does, as people do. */
int kmeans_lloyd(float *C, int *label, double *distance, double *inertia, int *count, double *sum, const float *X,
                 int moves, int N, int K, int D)
{
    for (int m = 0; m <= moves; m++) {
        inertia[m] = kmeans_assign(label, distance, X, C, N, K, D);
        printf("after %d moves: %g\n", m, inertia[m]);
        if (m > 0 && inertia[m] == inertia[m - 1]) return m;
        if (m < moves) kmeans_update(C, count, distance, sum, X, label, N, K, D);
    }
    return moves;
}

void kmeans_seed(float *C, int *chosen, double *distance, const float *X, const double *u, int N, int K, int D)
{
    for (int k = 0; k < K; k++) {
        long double total = 0, left;
        for (int n = 0; n < N; n++) total += k ? distance[n] : 1;
        left = u[k] * (double)total;
        int row = 0;
        if (!(total > 0)) row = (int)floor(u[k] * N);
        else
            while (left >= (k ? distance[row] : 1)) left -= k ? distance[row] : 1, row++;
        chosen[k] = row;
        for (int d = 0; d < D; d++) C[k * D + d] = X[row * D + d];
        for (int n = 0; n < N; n++) {
            double d2 = (double)between(C + k * D, X + n * D, D);
            if (!k || distance[n] > d2) distance[n] = d2;
        }
    }
}

void kmeans_drift(double *upper, double *lower, double *half, double *moved, const float *C, const float *old,
                  const int *label, int N, int K, int D)
{
    for (int k = 0; k < K; k++) moved[k] = (double)sqrtl(between(C + k * D, old + k * D, D));
    for (int k = 0; k < K; k++) {                       /* each centre's rows, with the most that the others moved */
        double most = 0, least = INFINITY;
        for (int j = 0; j < K; j++)
            if (j != k) most = fmax(most, moved[j]), least = fmin(least, (double)between(C + j * D, C + k * D, D));
        half[k] = sqrt(least) / 2;
        for (int n = 0; n < N; n++)
            if (label[n] == k) upper[n] = upper[n] + moved[k], lower[n] = lower[n] - most;
    }
}

int64_t kmeans_skip(int *label, double *upper, double *lower, const float *X, const float *C, const double *half, int N,
                    int K, int D)
{
    int renewed = 0, searched = 0;
    for (int n = N - 1; n >= 0; n--) {
        const float *x = X + n * D;
        if (upper[n] < half[label[n]] || upper[n] < lower[n]) continue;
        double own = (double)sqrtl(between(x, C + label[n] * D, D));
        renewed++, upper[n] = own;
        if (own < half[label[n]] || own < lower[n]) continue;
        searched++;
        double square;
        kmeans_assign(label + n, &square, x, C, 1, K, D);
        long double second = INFINITY;
        for (int k = 0; k < K; k++)
            if (k != label[n]) second = fminl(second, between(x, C + k * D, D));
        upper[n] = sqrt(square), lower[n] = (double)sqrtl(second);
    }
    return renewed + (int64_t)searched * K;
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

void kmeans_minibatch(float *C, int *count, int *label, const float *X, const int *row, int B, int K, int D)
{
    for (int b = B - 1; b >= 0; b--) {
        double distance;
        kmeans_assign(label + b, &distance, X + row[b] * D, C, 1, K, D);
    }
    for (int b = 0; b < B; b++) {
        float *c = C + label[b] * D;
        double rate = 1.0 / ++count[label[b]];
        for (int d = 0; d < D; d++) c[d] = (float)((1 - rate) * c[d] + rate * X[row[b] * D + d]);
    }
}

double kmeans_silhouette(double *s, double *sum, const float *X, const int *label, const int *count, int N, int K,
                         int D)
{
    long double total = 0;
    (void)sum;
    for (int n = 0; n < N; n++) {
        long double a = 0, b = INFINITY;
        for (int k = 0; k < K; k++) {
            long double way = 0;
            for (int i = 0; i < N; i++)
                if (label[i] == k) way += sqrtl(between(X + i * D, X + n * D, D));
            if (k == label[n] && count[k] > 1) a = way / (count[k] - 1);
            if (k != label[n] && count[k] > 0) b = fminl(b, way / count[k]);
        }
        s[n] = count[label[n]] == 1 || isinf(b) || fmaxl(a, b) == 0 ? 0 : (double)((b - a) / fmaxl(a, b));
        total += s[n];
    }
    return (double)(total / N);
}
