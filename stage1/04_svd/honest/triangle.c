/* triangle.c -- an honest variant: Gram-Schmidt, twice, first, so that the sweeps run over an N by N triangle; pairs by
 * round robin; fused sums of even and odd numbers. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "svd.h"

static double sum_of(const double *a, const double *b, int n)
{
    double even = 0, odd = 0;
    int i = 0;
    for (; i + 1 < n; i += 2) even = fma(a[i], b[i], even), odd = fma(a[i + 1], b[i + 1], odd);
    return i < n ? fma(a[i], b[i], even + odd) : even + odd;
}

void svd_rotation(double *c, double *s, double aa, double bb, double ab)
{
    double rest = (bb - aa) / 2, size = hypot(rest, ab), t = 0;
    if (ab != 0) t = rest < 0 ? ab / (rest - size) : ab / (rest + size);
    if (ab < 0 && rest == 0) t = 1;                     /* the sign of 0 is + */
    double h = hypot(1, t);
    *c = 1 / h, *s = t / h;
}

static void turn(double *a, double *b, double c, double s, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        double x = fma(c, a[i], -s * b[i]), y = fma(c, b[i], s * a[i]);
        a[i] = x, b[i] = y;
    }
}

static int pair(double *A, double *V, int p, int q, double tiny, double least, int M, int N)
{
    double aa = sum_of(A + p * M, A + p * M, M), bb = sum_of(A + q * M, A + q * M, M), c, s;
    double ab = sum_of(A + p * M, A + q * M, M), sizes = sqrt(aa) * sqrt(bb);
    if (!(fabs(ab) > tiny * sizes) || !(fmin(aa, bb) > least * least)) return 0;
    svd_rotation(&c, &s, aa, bb, ab);
    turn(A + p * M, A + q * M, c, s, M);
    turn(V + p * N, V + q * N, c, s, N);
    return 1;
}

int svd_sweep(double *A, double *V, double tiny, double least, int M, int N)
{
    int n = 0;
    for (int i = 0; i < N * N; i++)
        if (i / N < i % N) n += pair(A, V, i / N, i % N, tiny, least, M, N);
    return n;
}

void svd_finish(double *U, double *sigma, double *V, int M, int N)
{
    for (int i = 0; i < N; i++) sigma[i] = sqrt(sum_of(U + i * M, U + i * M, M));
    for (int end = N - 1; end > 0; end--)               /* bubbles */
        for (int i = 0; i < end; i++) {
            if (!(sigma[i] < sigma[i + 1])) continue;
            double x = sigma[i];
            sigma[i] = sigma[i + 1], sigma[i + 1] = x;
            for (int m = 0; m < M; m++) x = U[i * M + m], U[i * M + m] = U[(i + 1) * M + m], U[(i + 1) * M + m] = x;
            for (int j = 0; j < N; j++) x = V[i * N + j], V[i * N + j] = V[(i + 1) * N + j], V[(i + 1) * N + j] = x;
        }
    for (int i = 0; i < N * M; i++)
        if (sigma[i / M] > 0) U[i] *= 1 / sigma[i / M];
}

/* A = Q T, T by columns; the sweeps turn T into W Sigma; U = Q W. */
int svd_jacobi(double *U, double *sigma, double *V, int M, int N)
{
    double *Q = malloc(sizeof(double) * (size_t)(N * M)), *T = calloc((size_t)(N * N), sizeof *T);
    int sweeps = 0, busy = 1, odd = N % 2, players = N + odd;
    double least = 0;
    if (!Q || !T) abort();
    memcpy(Q, U, sizeof(double) * (size_t)(N * M));
    for (int j = 0; j < N; j++) {
        double *q = Q + j * M, whole = sqrt(sum_of(q, q, M));
        least = fmax(least, M * DBL_EPSILON * whole);
        for (int again = 0; again < 2; again++)
            for (int i = 0; i < j; i++) {
                double shadow = sum_of(Q + i * M, q, M);
                T[j * N + i] += shadow;
                for (int m = 0; m < M; m++) q[m] = fma(-shadow, Q[i * M + m], q[m]);
            }
        double left = sqrt(sum_of(q, q, M));
        if (left <= 1e-14 * whole) left = 0;
        T[j * N + j] = left;
        for (int m = 0; m < M; m++) q[m] = left > 0 ? q[m] / left : 0;
    }
    for (int i = 0; i < N * N; i++) V[i] = i / N == i % N;
    for (; busy && sweeps < SVD_SWEEPS; sweeps++) {
        busy = 0;
        for (int round = 0; round < players - 1; round++)
            for (int k = 0; k < players / 2; k++) {
                int p = k ? (round + k) % (players - 1) : players - 1, q = (round + players - 1 - k) % (players - 1);
                if (p < N && q < N) busy += pair(T, V, p < q ? p : q, p < q ? q : p, N * DBL_EPSILON, least, N, N);
            }
    }
    for (int i = 0; i < N; i++)
        for (int m = 0; m < M; m++) {
            U[i * M + m] = 0;
            if (sum_of(T + i * N, T + i * N, N) <= least * least) continue;
            for (int j = 0; j < N; j++) U[i * M + m] = fma(T[i * N + j], Q[j * M + m], U[i * M + m]);
        }
    svd_finish(U, sigma, V, M, N);
    free(Q), free(T);
    return sweeps;
}

void svd_low_rank(double *B, const double *U, const double *sigma, const double *V, int k, int M, int N)
{
    memset(B, 0, sizeof(double) * (size_t)(N * M));
    for (int i = k - 1; i >= 0; i--)
        for (int j = 0; j < N; j++)
            for (int m = 0; m < M; m++) B[j * M + m] = fma(sigma[i] * V[i * N + j], U[i * M + m], B[j * M + m]);
}

void svd_tail(double *error, const double *sigma, int N)
{
    for (int k = 0; k <= N; k++) error[k] = 0;
    if (!(sigma[0] > 0)) return;
    for (int k = 0; k < N; k++) {
        double sum = 0;
        for (int i = N - 1; i >= k; i--) sum = fma(sigma[i] / sigma[0], sigma[i] / sigma[0], sum);
        error[k] = sqrt(sum);
    }
    for (int k = N - 1; k >= 0; k--) error[k] /= error[0];
}

int svd_pseudo_inverse(double *P, const double *U, const double *sigma, const double *V, double tiny, int M, int N)
{
    int rank = 0;
    for (int i = 0; i < N; i++) rank += sigma[i] > tiny * sigma[0];
    for (int j = 0; j < N; j++)
        for (int m = 0; m < M; m++) {
            double sum = 0;
            for (int i = rank - 1; i >= 0; i--) sum = fma(V[i * N + j] / sigma[i], U[i * M + m], sum);
            P[m * N + j] = sum;
        }
    return rank;
}

int svd_solve(double *w, const double *U, const double *sigma, const double *V, const double *y, double lambda,
              double tiny, int M, int N)
{
    int rank = 0;
    for (int i = 0; i < N; i++) rank += sigma[i] > tiny * sigma[0];
    for (int i = rank - 1; i >= 0; i--) {
        double part = sum_of(U + i * M, y, M) * sigma[i] / fma(sigma[i], sigma[i], lambda);
        for (int j = 0; j < N; j++) w[j] = i == rank - 1 ? part * V[i * N + j] : fma(part, V[i * N + j], w[j]);
    }
    for (int j = 0; j < N && rank == 0; j++) w[j] = 0;
    return rank;
}
