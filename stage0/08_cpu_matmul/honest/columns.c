/* columns.c -- honest: columns of C, dot products from both ends, panels as pointers, a tile without vectors. */
#include <stddef.h>
#include <string.h>
#include "cpu_matmul.h"

enum { ROWS = CPU_MATMUL_ROWS, COLS = CPU_MATMUL_COLS, SLAB = CPU_MATMUL_SLAB };

int cpu_matmul_room(int threads) { return SLAB * (CPU_MATMUL_BLOCK + threads * ROWS); }

void cpu_matmul_naive(float *C, const float *A, const float *B, int M, int N, int K)
{
    for (int n = 0; n < N; n++)
        for (int m = 0; m < M; m++) {
            const float *a = A + m * K, *b = B + n;
            double sum = 0;
            for (int k = K; k-- > 0;)
                sum += (double)a[k] * b[k * N];
            C[m * N + n] = (float)sum;
        }
}

void cpu_matmul_order(float *C, const float *A, const float *B, int M, int N, int K)
{
    memset(C, 0, (size_t)M * (size_t)N * sizeof *C);
    for (int k = 0; k < K; k++)                         /* a sum of outer products */
        for (int m = 0; m < M; m++)
            for (int n = 0; n < N; n++)
                C[m * N + n] += A[m * K + k] * B[k * N + n];
}

void cpu_matmul_blocked(float *C, const float *A, const float *B, int M, int N, int K, int block)
{
    for (int m0 = 0; m0 < M; m0 += block)
        for (int n0 = 0; n0 < N; n0 += block)
            for (int k0 = 0; k0 < K; k0 += block)
                for (int m = m0; m < M && m < m0 + block; m++)
                    for (int n = n0; n < N && n < n0 + block; n++) {
                        float sum = k0 ? C[m * N + n] : 0;
                        for (int k = k0; k < K && k < k0 + block; k++)
                            sum += A[m * K + k] * B[k * N + n];
                        C[m * N + n] = sum;
                    }
}

void cpu_matmul_pack_a(float *packed, const float *A, int rows, int K, int lda)
{
    memset(packed, 0, (size_t)K * ROWS * sizeof *packed);
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < K; k++)
            packed[k * ROWS + i] = A[i * lda + k];
}

void cpu_matmul_pack_b(float *packed, const float *B, int cols, int K, int ldb)
{
    for (; K-- > 0; packed += COLS, B += ldb) {
        memcpy(packed, B, (size_t)cols * sizeof *B);
        memset(packed + cols, 0, (size_t)(COLS - cols) * sizeof *packed);
    }
}

void cpu_matmul_tile(float *C, const float *a, const float *b, int K, int ldc, int rows, int cols)
{
    float sum[ROWS][COLS] = { { 0 } };
    for (; K-- > 0; a += ROWS, b += COLS)
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLS; j++)
                sum[i][j] += a[i] * b[j];
    for (int i = 0; i < rows; i++, C += ldc)
        for (int j = 0; j < cols; j++)
            C[j] += sum[i][j];
}

/* A slab at a time, whole columns: the block of B is a panel. */
void cpu_matmul_packed(float *C, const float *A, const float *B, float *room, int M, int N, int K)
{
    float *a = room, *b = room + SLAB * ROWS;
    memset(C, 0, (size_t)M * (size_t)N * sizeof *C);
    for (int n = 0; n < N; n += COLS)
        for (int k = 0; k < K; k += SLAB) {
            int deep = K - k < SLAB ? K - k : SLAB, cols = N - n < COLS ? N - n : COLS;
            cpu_matmul_pack_b(b, B + (ptrdiff_t)k * N + n, cols, deep, N);
            for (int m = 0; m < M; m += ROWS) {
                int rows = M - m < ROWS ? M - m : ROWS;
                cpu_matmul_pack_a(a, A + (ptrdiff_t)m * K + k, rows, deep, K);
                cpu_matmul_tile(C + (ptrdiff_t)m * N + n, a, b, deep, N, rows, cols);
            }
        }
}

/* Each thread a band of rows, with a block of B of its own on its stack. */
void cpu_matmul_threads(float *C, const float *A, const float *B, float *room, int M, int N, int K, int threads)
{
    (void)room;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++) {
        int   from = (int)((long)M * t / threads), to = (int)((long)M * (t + 1) / threads);
        float own[SLAB * (ROWS + COLS)];
        cpu_matmul_packed(C + (ptrdiff_t)from * N, A + (ptrdiff_t)from * K, B, own, to - from, N, K);
    }
}
