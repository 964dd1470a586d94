/* cpu_matmul.c -- the matrix product six times: from three loops to what a library does, each rung mending one flaw. */
#include "cpu_matmul.h"
#ifdef _OPENMP
#include <omp.h>
#endif

/* Multiply and add in one instruction, which -std=c17 forbids unless it is asked for. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("fp-contract=fast")
#endif

enum { ROWS = CPU_MATMUL_ROWS, COLS = CPU_MATMUL_COLS, SLAB = CPU_MATMUL_SLAB, BLOCK = CPU_MATMUL_BLOCK };

/* COLS floats at once: + and * work on all of them, a float times a Vec too. The compiler makes registers of it. */
typedef float Vec __attribute__((vector_size(COLS * sizeof(float)), aligned(sizeof(float)), may_alias));

static int least(int a, int b) { return a < b ? a : b; }

/* Whose turn it is, where threads share a loop. */
static int thread(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

int cpu_matmul_room(int threads) { return SLAB * (BLOCK + threads * ROWS); }

void cpu_matmul_naive(float *C, const float *A, const float *B, int M, int N, int K)
{
    /* exercise: three loops, m, n, k; the sum in a variable */
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            float sum = 0;
            for (int k = 0; k < K; k++)
                sum += A[m * K + k] * B[k * N + n];
            C[m * N + n] = sum;
        }
    /* end */
}

void cpu_matmul_order(float *C, const float *A, const float *B, int M, int N, int K)
{
    /* exercise: rows of C set to 0; then for each k add A[m][k] times row k of B */
    for (int m = 0; m < M; m++) {
        float *c = C + (long)m * N;
        for (int n = 0; n < N; n++)
            c[n] = 0;
        for (int k = 0; k < K; k++) {
            const float *b = B + (long)k * N;
            float        a = A[m * K + k];
            for (int n = 0; n < N; n++)
                c[n] += a * b[n];
        }
    }
    /* end */
}

void cpu_matmul_blocked(float *C, const float *A, const float *B, int M, int N, int K, int block)
{
    for (long i = 0; i < (long)M * N; i++)
        C[i] = 0;
    /* exercise: blocks of columns, blocks of k; in each the loops m, k, n; the last blocks may be smaller */
    for (int n0 = 0; n0 < N; n0 += block)
        for (int k0 = 0; k0 < K; k0 += block) {
            int n1 = least(n0 + block, N), k1 = least(k0 + block, K);
            for (int m = 0; m < M; m++)
                for (int k = k0; k < k1; k++) {
                    float a = A[m * K + k];
                    for (int n = n0; n < n1; n++)
                        C[m * N + n] += a * B[k * N + n];
                }
        }
    /* end */
}

void cpu_matmul_pack_a(float *packed, const float *A, int rows, int K, int lda)
{
    /* exercise: for each k the numbers of ROWS rows beside each other, 0 for rows that are not there */
    for (int k = 0; k < K; k++)
        for (int i = 0; i < ROWS; i++)
            packed[k * ROWS + i] = i < rows ? A[(long)i * lda + k] : 0;
    /* end */
}

void cpu_matmul_pack_b(float *packed, const float *B, int cols, int K, int ldb)
{
    /* exercise: COLS numbers of each row of B, 0 for columns that are not there */
    for (int k = 0; k < K; k++)
        for (int j = 0; j < COLS; j++)
            packed[k * COLS + j] = j < cols ? B[(long)k * ldb + j] : 0;
    /* end */
}

void cpu_matmul_tile(float *C, const float *a, const float *b, int K, int ldc, int rows, int cols)
{
    Vec sum[ROWS] = { 0 };
    /* exercise: for each k the row of b as one Vec; a[k][i] times it, added to sum[i] */
    for (int k = 0; k < K; k++) {
        Vec row = *(const Vec *)(b + k * COLS);
        for (int i = 0; i < ROWS; i++)
            sum[i] += a[k * ROWS + i] * row;
    }
    /* end */
    /* exercise: what of the sums belongs to C, added to it; sum[i][j] is one number */
    for (int i = 0; i < rows; i++) {
        if (cols == COLS) {
            *(Vec *)(C + (long)i * ldc) += sum[i];
            continue;
        }
        for (int j = 0; j < cols; j++)
            C[(long)i * ldc + j] += sum[i][j];
    }
    /* end */
}

void cpu_matmul_packed(float *C, const float *A, const float *B, float *room, int M, int N, int K)
{
    float *b = room, *a = room + SLAB * BLOCK;          /* panels of B, one after the other; a panel of A */
    for (long i = 0; i < (long)M * N; i++)
        C[i] = 0;
    for (int n0 = 0; n0 < N; n0 += BLOCK)
        for (int k0 = 0; k0 < K; k0 += SLAB) {
            int deep = least(SLAB, K - k0), wide = least(BLOCK, N - n0);
            /* exercise: pack the block's panels of B; then each panel of A, and its tiles beside all of them */
            for (int n = 0; n < wide; n += COLS)
                cpu_matmul_pack_b(b + n * deep, B + (long)k0 * N + n0 + n, least(COLS, wide - n), deep, N);
            for (int m = 0; m < M; m += ROWS) {
                int rows = least(ROWS, M - m);
                cpu_matmul_pack_a(a, A + (long)m * K + k0, rows, deep, K);
                for (int n = 0; n < wide; n += COLS)
                    cpu_matmul_tile(C + (long)m * N + n0 + n, a, b + n * deep, deep, N, rows, least(COLS, wide - n));
            }
            /* end */
        }
}

void cpu_matmul_threads(float *C, const float *A, const float *B, float *room, int M, int N, int K, int threads)
{
    float *b = room;
    for (long i = 0; i < (long)M * N; i++)
        C[i] = 0;
#pragma omp parallel num_threads(threads)
    {
        float *a = room + SLAB * (BLOCK + thread() * ROWS);     /* each its own panel of A */
        for (int n0 = 0; n0 < N; n0 += BLOCK)
            for (int k0 = 0; k0 < K; k0 += SLAB) {
                int deep = least(SLAB, K - k0), wide = least(BLOCK, N - n0);
                /* exercise: both loops of cpu_matmul_packed, each shared out by a line #pragma omp for before it */
#pragma omp for
                for (int n = 0; n < wide; n += COLS)
                    cpu_matmul_pack_b(b + n * deep, B + (long)k0 * N + n0 + n, least(COLS, wide - n), deep, N);
#pragma omp for
                for (int m = 0; m < M; m += ROWS) {
                    int rows = least(ROWS, M - m);
                    cpu_matmul_pack_a(a, A + (long)m * K + k0, rows, deep, K);
                    for (int n = 0; n < wide; n += COLS)
                        cpu_matmul_tile(C + (long)m * N + n0 + n, a, b + n * deep, deep, N, rows,
                                        least(COLS, wide - n));
                }
                /* end */
            }
    }
}
