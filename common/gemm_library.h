/* gemm_library.h -- where a library's matrix product is the better one, gemm.c asks it. */
#pragma once
#include "ops.h"

/* False: not its kind of shape or strides, nothing has been done. Else all of it, and f after each part of C. */
bool gemm_library(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
                  const int64_t *sb, real beta, GemmThen *f, const void *ctx);

/* gemm for a tile, within a parallel region, on this thread alone. oneDNN is the quickest where all sides are short. */
void gemm_tile(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
               const int64_t *sb, real beta);
