/* recursive.c -- honest: halves of the longest side until all is small; dot products; C11's threads. */
#include <stddef.h>
#include <threads.h>
#include "cpu_matmul.h"

enum { ROWS = CPU_MATMUL_ROWS, COLS = CPU_MATMUL_COLS };

int cpu_matmul_room(int threads) { return CPU_MATMUL_SLAB * (CPU_MATMUL_BLOCK + threads * ROWS); }

static void zero(float *C, long n)
{
    while (n-- > 0)
        *C++ = 0;
}

/* C += A B, each a part of a larger matrix. */
static void halves(float *C, const float *A, const float *B, int M, int N, int K, int ldc, int lda, int ldb, int small)
{
    if (M > small && M >= N && M >= K) {
        int h = M / 2;
        halves(C, A, B, h, N, K, ldc, lda, ldb, small);
        halves(C + h * ldc, A + h * lda, B, M - h, N, K, ldc, lda, ldb, small);
    } else if (N > small && N >= K) {
        int h = N / 2;
        halves(C, A, B, M, h, K, ldc, lda, ldb, small);
        halves(C + h, A, B + h, M, N - h, K, ldc, lda, ldb, small);
    } else if (K > small) {
        int h = K / 2;
        halves(C, A, B, M, N, h, ldc, lda, ldb, small);
        halves(C, A + h, B + (ptrdiff_t)h * ldb, M, N, K - h, ldc, lda, ldb, small);
    } else
        for (int m = 0; m < M; m++)
            for (int k = 0; k < K; k++)
                for (int n = 0; n < N; n++)
                    C[m * ldc + n] += A[m * lda + k] * B[k * ldb + n];
}

void cpu_matmul_naive(float *C, const float *A, const float *B, int M, int N, int K)
{
    for (int i = 0; i < M * N; i++) {
        int m = i / N, n = i % N;
        C[i] = A[m * K] * B[n];
        for (int k = 1; k < K; k++)
            C[i] += A[m * K + k] * B[k * N + n];
    }
}

void cpu_matmul_order(float *C, const float *A, const float *B, int M, int N, int K)
{
    for (int m = 0; m < M; m++)
        for (int k = 0; k < K; k++) {
            float a = A[m * K + k];
            for (int n = 0; n < N; n++)
                C[m * N + n] = (k ? C[m * N + n] : 0) + a * B[k * N + n];
        }
}

void cpu_matmul_blocked(float *C, const float *A, const float *B, int M, int N, int K, int block)
{
    zero(C, (long)M * N);
    halves(C, A, B, M, N, K, N, K, N, block);
}

void cpu_matmul_pack_a(float *packed, const float *A, int rows, int K, int lda)
{
    for (int i = 0; i < K * ROWS; i++)
        packed[i] = i % ROWS >= rows ? 0 : A[i % ROWS * lda + i / ROWS];
}

void cpu_matmul_pack_b(float *packed, const float *B, int cols, int K, int ldb)
{
    for (int i = 0; i < K * COLS; i++)
        packed[i] = i % COLS >= cols ? 0 : B[i / COLS * ldb + i % COLS];
}

void cpu_matmul_tile(float *C, const float *a, const float *b, int K, int ldc, int rows, int cols)
{
    for (int i = 0; i < rows; i++)                      /* a dot product for each number */
        for (int j = 0; j < cols; j++) {
            float sum = 0;
            for (int k = 0; k < K; k++)
                sum += a[k * ROWS + i] * b[k * COLS + j];
            C[i * ldc + j] += sum;
        }
}

void cpu_matmul_packed(float *C, const float *A, const float *B, float *room, int M, int N, int K)
{
    (void)room;
    zero(C, (long)M * N);
    halves(C, A, B, M, N, K, N, K, N, 48);
}

typedef struct Band { float *C; const float *A, *B; int M, N, K; } Band;

static int work(void *of)
{
    const Band *b = of;
    cpu_matmul_packed(b->C, b->A, b->B, NULL, b->M, b->N, b->K);
    return 0;
}

void cpu_matmul_threads(float *C, const float *A, const float *B, float *room, int M, int N, int K, int threads)
{
    enum { MOST = 64 };
    Band  band[MOST];
    thrd_t thread[MOST];
    int   n = threads < MOST ? threads : MOST, started = 0;
    (void)room;
    for (int t = 0; t < n; t++) {
        int from = M / n * t + (t < M % n ? t : M % n), rows = M / n + (t < M % n);
        band[t] = (Band){ C + (ptrdiff_t)from * N, A + (ptrdiff_t)from * K, B, rows, N, K };
    }
    while (started < n - 1 && thrd_create(&thread[started], work, &band[started]) == thrd_success)
        started++;
    for (int t = started; t < n; t++)
        work(&band[t]);
    while (started > 0)
        thrd_join(thread[--started], NULL);
}
