/* cblas.h -- the few routines of BLAS that common/ asks for besides its own gemm, written out: the library that `make
 * dist` hands out must link on a machine that has a compiler and no BLAS. Row-major, no strides but those in use. */
#pragma once
#define NO_LAPACK

enum { CblasRowMajor = 101, CblasNoTrans = 111, CblasTrans = 112, CblasUpper = 121 };

static inline double cblas_ddot(int N, const double *x, int dx, const double *y, int dy)
{
    double sum = 0;
    for (int n = 0; n < N; n++) sum += x[n * dx] * y[n * dy];
    return sum;
}

/* y = alpha A^T x + beta y, A (M,N) */
static inline void cblas_dgemv(int order, int transposed, int M, int N, double alpha, const double *A, int line,
                               const double *x, int dx, double beta, double *y, int dy)
{
    (void)order, (void)transposed;
    for (int n = 0; n < N; n++) y[n * dy] *= beta;
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) y[n * dy] += alpha * x[m * dx] * A[(long)m * line + n];
}

/* C = alpha A^T A + beta C, the upper triangle, A (K,N) */
static inline void cblas_dsyrk(int order, int upper, int transposed, int N, int K, double alpha, const double *A,
                               int line, double beta, double *C, int ldc)
{
    (void)order, (void)upper, (void)transposed;
    for (int i = 0; i < N; i++)
        for (int j = i; j < N; j++) C[(long)i * ldc + j] *= beta;
    for (int k = 0; k < K; k++)
        for (int i = 0; i < N; i++) {
            double a = alpha * A[(long)k * line + i];
            for (int j = i; j < N; j++) C[(long)i * ldc + j] += a * A[(long)k * line + j];
        }
}

/* C = alpha A B^T + beta C, A (M,K), B (N,K): rows of both, which lie in order. */
#define PRODUCT(name, real)                                                                                          \
    static inline void name(int order, int ta, int tb, int M, int N, int K, real alpha, const real *A, int lda,     \
                            const real *B, int ldb, real beta, real *C, int ldc)                                     \
    {                                                                                                                \
        (void)order, (void)ta, (void)tb;                                                                             \
        for (int m = 0; m < M; m++)                                                                                  \
            for (int n = 0; n < N; n++) {                                                                            \
                double sum = 0;                                                                                      \
                for (int k = 0; k < K; k++) sum += (double)A[(long)m * lda + k] * B[(long)n * ldb + k];             \
                C[(long)m * ldc + n] = (real)(alpha * sum + (beta == 0 ? 0 : beta * C[(long)m * ldc + n]));          \
            }                                                                                                        \
    }
PRODUCT(cblas_sgemm, float)
PRODUCT(cblas_dgemm, double)
#undef PRODUCT
