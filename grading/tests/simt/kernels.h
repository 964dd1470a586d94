/* kernels.h -- correct kernels, each with a host function: copies in, launches, copies out. kernels.c checks them. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* kernels_maps.cu: an element each */
void vector_add(float *y, const float *a, const float *b, int N);
void vector_add_strides(float *y, const float *a, const float *b, int N);       /* few threads, a grid's stride */
void vector_add_float4(float *y, const float *a, const float *b, int N);        /* N is a multiple of 4 */
void gelu(float *y, const float *x, int N);
void adam(float *p, float *m, float *v, const float *g, float rate, int step, int N);
void embedding(float *y, const float *table, const int *id, int N, int C);
void embedding_backward(float *dtable, const float *dy, const int *id, int N, int V, int C);
void transpose_naive(float *y, const float *x, int M, int N);
void transpose_tiled(float *y, const float *x, int M, int N);
void transpose_tall(float *y, const float *x, int M, int N);                    /* four rows a thread */
void im2col(float *y, const float *x, int H, int W, int K);                     /* (H,W) -> (K*K, H-K+1, W-K+1) */
void volume(int *y, int X, int Y, int Z);                                       /* three dimensions of everything */
void max_pool(float *y, const float *x, int H, int W);                          /* 2x2; H and W are even */
void nearest_centre(int *label, const float *x, const float *centre, int N, int K, int D);
void sparse_times_vector(float *y, const int *row, const int *column, const float *value, const float *x, int N);
void convolve_halo(float *y, const float *x, const float *k, int H, int W);     /* 5x5, zeros outside */
void stencil(float *y, const float *x, int N);                                  /* 1/4, 1/2, 1/4; ends as they are */

/* kernels_sums.cu: many elements to few */
float sum_tree(const float *x, int N);
float sum_warps(const float *x, int N);
float sum_atomic(const float *x, int N);
float sum_last_block(const float *x, int N);
float sum_groups(const float *x, int N);
float dot(const float *a, const float *b, int N);
int   largest(const int *x, int N);
void  histogram_global(int *count, const unsigned char *x, int N);
void  histogram_shared(int *count, const unsigned char *x, int N);
void  scan_doubling(int *y, const int *x, int N);                               /* N <= 1024; inclusive */
void  scan_tree(int *y, const int *x, int N);                                   /* N = 512; exclusive */
void  scan_blocks(int *y, const int *x, int N);                                 /* inclusive, three kernels */
void  scan_chained(int *y, const int *x, int N);                                /* inclusive, one kernel, blocks wait */
int   compact_positive(int *y, const int *x, int N);                            /* in order within a warp only */
void  sort_bitonic(float *x, int N);                                            /* N is a power of two <= 1024 */
int   locked_counter(int blocks, int threads);
int   flag_between_blocks(int message);

/* kernels_rows.cu: rows, and products of matrices */
void softmax_warps(float *y, const float *x, int N, int C);
void layernorm_blocks(float *y, const float *x, const float *w, const float *b, int N, int C);
void rmsnorm_warps(float *y, const float *x, const float *w, int N, int C);
void cross_entropy(float *loss, const float *x, const int *target, int N, int C);
void matmul_naive(float *c, const float *a, const float *b, int M, int N, int K);
void matmul_tiled(float *c, const float *a, const float *b, int M, int N, int K);
void matmul_registers(float *c, const float *a, const float *b, int M, int N, int K);
void matmul_half_tiles(float *c, const float *a, const float *b, int M, int N, int K);  /* multiples of 16 */
void matmul_bfloat16_tiles(float *c, const float *a, const float *b, int M, int N, int K);
void matrix_vector(float *y, const float *a, const float *x, int M, int N);
void flash_attention(float *y, const float *q, const float *k, const float *v, int T, int causal);      /* d = 32 */

#ifdef __cplusplus
}
#endif
