/* two_sided.c -- an honest variant: eigenvectors of A^T A in long double, rotated on both sides; U = A V / sigma. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include "svd.h"

typedef long double Long;

void svd_rotation(double *c, double *s, double aa, double bb, double ab)
{
    double angle = ab == 0 ? 0 : atan2(2 * ab, bb - aa) / 2;    /* tan(2 angle) = 1 / zeta */
    if (ab != 0 && bb < aa) angle -= copysign(2 * atan(1), ab);
    *c = cos(angle), *s = sin(angle);
    if (ab != 0 && bb == aa) *s = fabs(*s), *c = fabs(*c);
}

static Long inner(const double *a, const double *b, int n)
{
    Long sum = 0;
    for (int i = n - 1; i >= 0; i--) sum += (Long)a[i] * b[i];
    return sum;
}

int svd_sweep(double *A, double *V, double tiny, double least, int M, int N)
{
    int left = N * (N - 1) / 2;
    for (int pair = 0, p = 0, q = 1; pair < N * (N - 1) / 2; pair++, q = q + 1 < N ? q + 1 : ++p + 1) {
        double *a = A + p * M, *b = A + q * M;
        Long aa = inner(a, a, M), bb = inner(b, b, M), ab = inner(a, b, M);
        if (ab * ab <= (Long)tiny * tiny * aa * bb || sqrtl(aa) <= least || sqrtl(bb) <= least) {
            left--;
            continue;
        }
        Long zeta = (bb - aa) / (2 * ab), t = (zeta < 0 ? -1 : 1) / (fabsl(zeta) + sqrtl(1 + zeta * zeta));
        Long c = 1 / sqrtl(1 + t * t), s = t * c;
        for (int i = 0; i < M + N; i++) {
            double *x = i < M ? &a[i] : &V[p * N + i - M], *y = i < M ? &b[i] : &V[q * N + i - M];
            double  turned = (double)(c * *x - s * *y);
            *y = (double)(s * *x + c * *y), *x = turned;
        }
    }
    return left;
}

/* By selection into copies. */
void svd_finish(double *U, double *sigma, double *V, int M, int N)
{
    double *u = malloc(sizeof(double) * (size_t)(N * M)), *v = malloc(sizeof(double) * (size_t)(N * N));
    double *size = malloc(sizeof(double) * (size_t)N);
    if (!u || !v || !size) abort();
    for (int i = 0; i < N * M; i++) u[i] = U[i];
    for (int i = 0; i < N * N; i++) v[i] = V[i];
    for (int i = 0; i < N; i++) size[i] = (double)sqrtl(inner(u + i * M, u + i * M, M));
    for (int i = 0; i < N; i++) {
        int best = -1;
        for (int j = 0; j < N; j++)
            if (size[j] >= 0 && (best < 0 || size[j] > size[best])) best = j;
        sigma[i] = size[best];
        for (int m = 0; m < M; m++) U[i * M + m] = sigma[i] > 0 ? u[best * M + m] / sigma[i] : 0;
        for (int j = 0; j < N; j++) V[i * N + j] = v[best * N + j];
        size[best] = -1;
    }
    free(u), free(v), free(size);
}

int svd_jacobi(double *U, double *sigma, double *V, int M, int N)
{
    Long *G = malloc(sizeof(Long) * (size_t)(N * N)), *W = malloc(sizeof(Long) * (size_t)(N * N));
    double *A = malloc(sizeof(double) * (size_t)(N * M));
    Long longest = 0;
    int sweeps = 0, busy = 1;
    if (!G || !W || !A) abort();
    for (int i = 0; i < N * M; i++) A[i] = U[i];
    for (int i = 0; i < N * N; i++) G[i] = inner(A + i / N * M, A + i % N * M, M), W[i] = i / N == i % N;
    for (int i = 0; i < N; i++) longest = fmaxl(longest, sqrtl(G[i * N + i]));
    for (; busy && sweeps < 40; sweeps++) {
        busy = 0;
        for (int p = 0; p < N; p++)
            for (int q = p + 1; q < N; q++) {
                Long g = G[p * N + q];
                if (fabsl(g) <= 1e-19L * sqrtl(fabsl(G[p * N + p] * G[q * N + q])) || g == 0) continue;
                Long zeta = (G[q * N + q] - G[p * N + p]) / (2 * g);
                Long t = (zeta < 0 ? -1 : 1) / (fabsl(zeta) + sqrtl(1 + zeta * zeta)), c = 1 / sqrtl(1 + t * t);
                busy = 1;
                for (int k = 0; k < N; k++) {
                    Long x = G[k * N + p], y = G[k * N + q];
                    G[k * N + p] = c * x - t * c * y, G[k * N + q] = t * c * x + c * y;
                }
                for (int k = 0; k < N; k++) {
                    Long x = G[p * N + k], y = G[q * N + k];
                    G[p * N + k] = c * x - t * c * y, G[q * N + k] = t * c * x + c * y;
                    x = W[p * N + k], y = W[q * N + k];
                    W[p * N + k] = c * x - t * c * y, W[q * N + k] = t * c * x + c * y;
                }
            }
    }
    for (int i = 0; i < N; i++)
        for (int m = 0; m < M; m++) {
            Long sum = 0;
            for (int j = 0; j < N; j++) sum += W[i * N + j] * A[j * M + m];
            U[i * M + m] = (double)sum;
        }
    for (int i = 0; i < N; i++)
        if (sqrtl(inner(U + i * M, U + i * M, M)) <= M * DBL_EPSILON * longest)
            for (int m = 0; m < M; m++) U[i * M + m] = 0;
    for (int i = 0; i < N * N; i++) V[i] = (double)W[i];
    svd_finish(U, sigma, V, M, N);
    free(G), free(W), free(A);
    return sweeps;
}

void svd_low_rank(double *B, const double *U, const double *sigma, const double *V, int k, int M, int N)
{
    for (int i = 0; i < N * M; i++) {
        Long sum = 0;
        for (int t = k - 1; t >= 0; t--) sum += (Long)U[t * M + i % M] * (sigma[t] * V[t * N + i / M]);
        B[i] = (double)sum;
    }
}

void svd_tail(double *error, const double *sigma, int N)
{
    double tail = 0;
    for (int k = N; k >= 0; k--) error[k] = tail = k < N ? hypot(tail, sigma[k]) : 0;
    for (int k = N; k >= 0; k--) error[k] = tail > 0 ? error[k] / tail : 0;
}

int svd_pseudo_inverse(double *P, const double *U, const double *sigma, const double *V, double tiny, int M, int N)
{
    int rank = 0;
    for (int i = 0; i < M * N; i++) P[i] = 0;
    for (int i = 0; i < N; i++) {
        if (!(sigma[i] > tiny * sigma[0])) break;
        rank++;
        for (int m = 0; m < M; m++)
            for (int j = 0; j < N; j++) P[m * N + j] += U[i * M + m] * (V[i * N + j] / sigma[i]);
    }
    return rank;
}

int svd_solve(double *w, const double *U, const double *sigma, const double *V, const double *y, double lambda,
              double tiny, int M, int N)
{
    int rank = N;
    while (rank > 0 && !(sigma[rank - 1] > tiny * sigma[0])) rank--;
    for (int j = 0; j < N; j++) {
        Long sum = 0;
        for (int i = 0; i < rank; i++)
            sum += (Long)V[i * N + j] * inner(U + i * M, y, M) / (sigma[i] + lambda / sigma[i]);
        w[j] = (double)sum;
    }
    return rank;
}
