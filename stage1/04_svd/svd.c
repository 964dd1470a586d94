/* svd.c -- singular values by one-sided Jacobi rotations; low rank, its error; pseudo-inverse, smallest solution. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include "svd.h"

/* cs (aa - bb) + (c^2 - s^2) ab = 0, divided by c^2 ab:  t^2 + 2 zeta t - 1 = 0, of whose roots the smaller is taken */
void svd_rotation(double *c, double *s, double aa, double bb, double ab)
{
    /* exercise: c and s from zeta and t as the header has them; 1 and 0 where ab is 0 */
    *c = 1, *s = 0;
    if (ab == 0)
        return;
    double zeta = (bb - aa) / (2 * ab);
    double t = (zeta < 0 ? -1 : 1) / (fabs(zeta) + hypot(1, zeta));
    *c = 1 / sqrt(1 + t * t);
    *s = t * *c;
    /* end */
}

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* a, b = c a - s b, s a + c b */
static void rotate(double *a, double *b, double c, double s, int n)
{
    /* exercise: both at once, for b' needs the old a */
    for (int i = 0; i < n; i++) {
        double old = a[i];
        a[i] = c * old - s * b[i];
        b[i] = s * old + c * b[i];
    }
    /* end */
}

int svd_sweep(double *A, double *V, double tiny, double least, int M, int N)
{
    int rotated = 0;
    /* exercise: for every pair of rows of A that is not upright yet, rotate it, and the same rows of V */
    for (int p = 0; p < N - 1; p++)
        for (int q = p + 1; q < N; q++) {
            double *a = A + p * M, *b = A + q * M, c, s;
            double  aa = dot(a, a, M), bb = dot(b, b, M), ab = dot(a, b, M);
            if (fabs(ab) <= tiny * sqrt(aa) * sqrt(bb) || sqrt(fmin(aa, bb)) <= least)
                continue;
            svd_rotation(&c, &s, aa, bb, ab);
            rotate(a, b, c, s, M);
            rotate(V + p * N, V + q * N, c, s, N);
            rotated++;
        }
    /* end */
    return rotated;
}

static void swap(double *a, double *b, int n)
{
    for (int i = 0; i < n; i++) {
        double old = a[i];
        a[i] = b[i], b[i] = old;
    }
}

void svd_finish(double *U, double *sigma, double *V, int M, int N)
{
    /* exercise: lengths to sigma, rows of U divided by them, then all three in order, the largest sigma first */
    for (int i = 0; i < N; i++) {
        sigma[i] = sqrt(dot(U + i * M, U + i * M, M));
        for (int m = 0; m < M && sigma[i] > 0; m++)
            U[i * M + m] /= sigma[i];
    }
    for (int i = 1; i < N; i++)                     /* by insertion: equal ones do not pass each other */
        for (int j = i; j > 0 && sigma[j] > sigma[j - 1]; j--) {
            swap(&sigma[j], &sigma[j - 1], 1);
            swap(U + j * M, U + (j - 1) * M, M);
            swap(V + j * N, V + (j - 1) * N, N);
        }
    /* end */
}

/* A V = U Sigma: rotating columns multiplies by V from the right, until those of A V are upright. */
int svd_jacobi(double *U, double *sigma, double *V, int M, int N)
{
    int sweeps = 0;
    /* exercise: V starts as I; sweep until nothing was rotated; rows that are noise become 0; finish */
    double tiny = M * DBL_EPSILON, least = 0;
    for (int i = 0; i < N; i++)
        least = fmax(least, tiny * sqrt(dot(U + i * M, U + i * M, M)));
    for (int i = 0; i < N * N; i++)
        V[i] = i % (N + 1) == 0;
    for (int rotated = 1; rotated && sweeps < SVD_SWEEPS; sweeps++)
        rotated = svd_sweep(U, V, tiny, least, M, N);
    for (int i = 0; i < N; i++) {
        bool noise = sqrt(dot(U + i * M, U + i * M, M)) <= least;
        for (int m = 0; m < M && noise; m++)
            U[i * M + m] = 0;
    }
    svd_finish(U, sigma, V, M, N);
    /* end */
    return sweeps;
}

/* Column j of the matrix: the sum of sigma[i] v_i[j] u_i. */
void svd_low_rank(double *B, const double *U, const double *sigma, const double *V, int k, int M, int N)
{
    /* exercise: row j of B is the sum of the first k rows of U, each times its sigma and its v at j */
    for (int j = 0; j < N; j++) {
        for (int m = 0; m < M; m++)
            B[j * M + m] = 0;
        for (int i = 0; i < k; i++)
            for (int m = 0; m < M; m++)
                B[j * M + m] += sigma[i] * V[i * N + j] * U[i * M + m];
    }
    /* end */
}

void svd_tail(double *error, const double *sigma, int N)
{
    /* exercise: add squares from the smallest on, noting the root of each sum; then divide by the root of all */
    double sum = 0;
    error[N] = 0;
    for (int k = N - 1; k >= 0; k--) {
        sum += sigma[k] * sigma[k];
        error[k] = sqrt(sum);
    }
    for (int k = 0; k < N && sum > 0; k++)
        error[k] /= sqrt(sum);
    /* end */
}

int svd_pseudo_inverse(double *P, const double *U, const double *sigma, const double *V, double tiny, int M, int N)
{
    int rank = 0;
    /* exercise: count the sigma that are large enough; row m of P is the sum of v_i u_i[m] / sigma[i] over these */
    while (rank < N && sigma[rank] > tiny * sigma[0])
        rank++;
    for (int m = 0; m < M; m++)
        for (int j = 0; j < N; j++) {
            P[m * N + j] = 0;
            for (int i = 0; i < rank; i++)
                P[m * N + j] += V[i * N + j] * U[i * M + m] / sigma[i];
        }
    /* end */
    return rank;
}

int svd_solve(double *w, const double *U, const double *sigma, const double *V, const double *y, double lambda,
              double tiny, int M, int N)
{
    int rank = 0;
    /* exercise: w = 0; for each sigma that is large enough add its v, as long as the header says */
    for (int j = 0; j < N; j++)
        w[j] = 0;
    for (; rank < N && sigma[rank] > tiny * sigma[0]; rank++) {
        double along = sigma[rank] / (sigma[rank] * sigma[rank] + lambda) * dot(U + rank * M, y, M);
        for (int j = 0; j < N; j++)
            w[j] += along * V[rank * N + j];
    }
    /* end */
    return rank;
}
