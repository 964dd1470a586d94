/* cpu_matmul.h -- the matrix product six times: from three loops to what a library does, each rung mending one flaw. */
/* kind: kernel; needs: nothing; profile: threads */
#pragma once
#include "todo.h"

/*
 * C = A B: C (M,N), A (M,K), B (K,N), row-major floats, no two of them overlap; M, N, K >= 1. C need not be set before.
 * 2 M N K operations, whatever the rung; what differs is how often a number comes from far away.
 */

/* C[m][n] = sum over k of A[m][k] B[k][n], one after the other, as it is written. Flaw: B is read down its columns, a
 * cache line for each number. */
void cpu_matmul_naive(float *C, const float *A, const float *B, int M, int N, int K);

/* The loops in the order m, k, n: the innermost walks along rows of B and C. Flaw: all of B passes by for each row. */
void cpu_matmul_order(float *C, const float *A, const float *B, int M, int N, int K);

/* The same within blocks of block rows of B and block columns, which stay in a cache for all rows of A. block >= 1.
 * Flaw: C is read and written for each k. Lam, Rothberg, Wolf: The Cache Performance and Optimizations of Blocked
 * Algorithms, ASPLOS 1991. */
void cpu_matmul_blocked(float *C, const float *A, const float *B, int M, int N, int K, int block);

/* ---- A tile of C in registers ------------------------------------------------------------------------------------ */

enum {
    CPU_MATMUL_ROWS = 6, CPU_MATMUL_COLS = 16,              /* of a tile: 96 numbers, in 12 registers of AVX2 */
    CPU_MATMUL_SLAB = 256, CPU_MATMUL_BLOCK = 512,          /* k and columns packed at a time: 512 KB of B, for L2 */
};

/* Rows 0 .. rows-1 of A, columns 0 to K-1, one k after the other: packed[k ROWS + i] = A[i lda + k]; 0 for i from rows
 * on. rows <= CPU_MATMUL_ROWS. */
void cpu_matmul_pack_a(float *packed, const float *A, int rows, int K, int lda);        /* (K,ROWS) */

/* Columns 0 .. cols-1 of B, one k after the other: packed[k COLS + j] = B[k ldb + j]; 0 for j from cols on.
 * cols <= CPU_MATMUL_COLS. */
void cpu_matmul_pack_b(float *packed, const float *B, int cols, int K, int ldb);        /* (K,COLS) */

/* C[i ldc + j] += sum over k of a[k ROWS + i] b[k COLS + j] for i < rows, j < cols: all ROWS x COLS sums in registers,
 * one multiply-add for each k and each vector; of C no more than rows x cols is touched. */
void cpu_matmul_tile(float *C, const float *a, const float *b, int K, int ldc, int rows, int cols);

/*
 * All of it: columns in blocks of CPU_MATMUL_BLOCK, k in slabs of CPU_MATMUL_SLAB; a block of B is packed once, panel
 * after panel, and each panel of ROWS rows of A meets all its panels. Goto, van de Geijn: Anatomy of High-Performance
 * Matrix Multiplication, ACM TOMS 34(3), 2008. room: cpu_matmul_room(1) floats.
 */
void cpu_matmul_packed(float *C, const float *A, const float *B, float *room, int M, int N, int K);

/* The same by so many threads, which share the panels of B, and then the rows of A; the same numbers for any number of
 * threads. room: cpu_matmul_room(threads) floats. */
void cpu_matmul_threads(float *C, const float *A, const float *B, float *room, int M, int N, int K, int threads);

int cpu_matmul_room(int threads);                                                       /* given */
