/* test_thin_svd.c -- the parts are upright, in order, give the matrix again, and agree with Jacobi's rotations. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../stage1/04_svd/svd.c"
#include "rng.h"
#include "thin_svd.h"

typedef struct Parts { float *U, *sigma, *V; int64_t rank; } Parts;

static void *space(int64_t n, size_t size)
{
    void *p = calloc((size_t)n, size);
    cr_assert(p);
    return p;
}

static Parts take_apart(const float *A, int64_t M, int64_t N)
{
    Parts p = { space(M * N, 4), space(N, 4), space(N * N, 4), -1 };
    memset(p.U, 0xff, (size_t)(M * N) * 4);             /* NaN */
    const char *why = thin_svd(p.U, p.sigma, p.V, &p.rank, A, M, N);
    cr_assert_null(why, "%s", why);
    return p;
}

static void drop(Parts p)
{
    free(p.U);
    free(p.sigma);
    free(p.V);
}

/* Off upright, over the first `count` of u (M,N by columns) and v. */
static void check(const float *A, const Parts *p, int64_t M, int64_t N, double upright)
{
    double most = 0, size = 0;
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j <= i; j++) {
            double uu = 0, vv = 0;
            for (int64_t m = 0; m < M; m++) uu += (double)p->U[m * N + i] * p->U[m * N + j];
            for (int64_t d = 0; d < N; d++) vv += (double)p->V[i * N + d] * p->V[j * N + d];
            cr_assert(fabs(uu - (i == j && i < p->rank)) <= upright, "%ld x %ld: u%ld u%ld is %g", M, N, i, j, uu);
            cr_assert(fabs(vv - (i == j)) <= 1e-6, "%ld x %ld: v%ld v%ld is %g", M, N, i, j, vv);
            cr_assert(p->sigma[j] >= p->sigma[i]);
        }
    for (int64_t m = 0; m < M; m++)
        for (int64_t d = 0; d < N; d++) {
            double sum = 0;
            for (int64_t i = 0; i < N; i++) sum += (double)p->U[m * N + i] * p->sigma[i] * p->V[i * N + d];
            most = fmax(most, fabs(sum - A[m * N + d])), size = fmax(size, p->sigma[0]);
        }
    cr_assert(most <= 4 * FLT_EPSILON * size, "%ld x %ld: A is off by %g of %g", M, N, most, size);
}

Test(thin_svd, parts)
{
    static const int sizes[][2] = { { 1, 1 }, { 5, 1 }, { 7, 7 }, { 513, 33 }, { 1100, 64 } };
    Rng rng = rng_new(5);
    for (int s = 0; s < 5; s++) {
        int64_t M = sizes[s][0], N = sizes[s][1];
        float  *A = space(M * N, 4);
        for (int64_t i = 0; i < M * N; i++) A[i] = (float)(rng_normal(&rng) * (1 + i % N));
        Parts p = take_apart(A, M, N);
        cr_assert_eq(p.rank, N);
        check(A, &p, M, N, 2e-5);
        drop(p);
        free(A);
    }
}

/* The course's own rotations, in double, are the measure. */
Test(thin_svd, agrees_with_jacobi)
{
    enum { M = 300, N = 40 };
    Rng     rng = rng_new(6);
    float  *A = space(M * N, 4);
    double *U = space(M * N, 8), *V = space(N * N, 8), sigma[N];
    for (int i = 0; i < M * N; i++) A[i] = (float)(rng_normal(&rng) * pow(0.8, i % N));
    for (int d = 0; d < N; d++)
        for (int m = 0; m < M; m++) U[d * M + m] = A[m * N + d];
    svd_jacobi(U, sigma, V, M, N);
    Parts p = take_apart(A, M, N);
    for (int i = 0; i < N; i++)
        cr_expect(fabs(p.sigma[i] - sigma[i]) <= 1e-7 * sigma[0], "sigma[%d]: got %.9g, want %.9g", i, p.sigma[i],
                  sigma[i]);
    drop(p);
    free(A), free(U), free(V);
}

/* Columns of zeros, columns twice, a matrix of zeros; singular values over five decades. */
Test(thin_svd, less_than_full_rank)
{
    enum { M = 200, N = 12 };
    Rng   rng = rng_new(7);
    float A[M * N];
    for (int i = 0; i < M * N; i++) A[i] = i % N == 3 ? 0 : (float)(rng_normal(&rng) * pow(10, -(i % N) / 2.2));
    for (int m = 0; m < M; m++) A[m * N + 7] = A[m * N + 1];
    Parts p = take_apart(A, M, N);
    cr_assert_eq(p.rank, N - 2, "rank %ld", p.rank);
    check(A, &p, M, N, 1e-3);
    drop(p);
    memset(A, 0, sizeof A);
    p = take_apart(A, M, N);
    cr_assert_eq(p.rank, 0);
    check(A, &p, M, N, 0);
    drop(p);
}

Test(thin_svd, refuses)
{
    float A[6] = { 1, 2, 3, 4, 5, 6 }, U[6] = { 9 }, sigma[3] = { 9 }, V[9];
    cr_assert_not_null(thin_svd(U, sigma, V, NULL, A, 2, 3));
    A[3] = NAN;
    const char *why = thin_svd(U, sigma, V, NULL, A, 3, 2);
    cr_assert_str_eq(why, "thin_svd: column 1 holds a NaN or an infinity");
    cr_assert(U[0] == 9 && sigma[0] == 9);
    A[3] = INFINITY;
    cr_assert_not_null(thin_svd(U, sigma, V, NULL, A, 3, 2));
}
