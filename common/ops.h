/* ops.h -- every operation. Shapes are in the margin; a leading ... is any number of dimensions. */
#pragma once
#include "tape.h"

/* Compiled with -DREAL64 the same kernels check gradients in double precision. */
#ifdef REAL64
typedef double real;
#define REAL F64
#else
typedef float real;
#define REAL F32
#endif

/* Matrix products. linear is x w^T + b: a weight is (OUT, IN), as in PyTorch, so that its files can be read. */
Tensor *op_matmul(Tape *, Tensor *a, Tensor *b);              /* (M,K), (K,N) -> (M,N); transposed views cost nothing */
Tensor *op_linear(Tape *, Tensor *x, Tensor *w, Tensor *b);   /* (...,IN), (OUT,IN), (OUT) or NULL -> (...,OUT) */

/* Elementwise, with NumPy's broadcasting where there are two. */
Tensor *op_add(Tape *, Tensor *a, Tensor *b);
Tensor *op_sub(Tape *, Tensor *a, Tensor *b);
Tensor *op_mul(Tape *, Tensor *a, Tensor *b);
Tensor *op_div(Tape *, Tensor *a, Tensor *b);
Tensor *op_scale(Tape *, Tensor *x, double factor);           /* factor x */
Tensor *op_relu(Tape *, Tensor *x);                           /* max(0, x); the slope at 0 is 0; NaN stays NaN */
Tensor *op_gelu(Tape *, Tensor *x);                           /* x Phi(x), Phi the normal distribution function: erf */

/* Rows: the last dimension. A row of scores may hold -inf (masked); all of them masked gives zeros, not NaN. */
Tensor *op_softmax(Tape *, Tensor *x);                        /* (...,C) -> (...,C) */
Tensor *op_log_softmax(Tape *, Tensor *x);                    /* (...,C) -> (...,C); all masked: -inf */
Tensor *op_cross_entropy(Tape *, Tensor *x, Tensor *target);  /* (N,C), i32 (N) -> (1): mean -log softmax */

/* Reductions. axes: a set of bits, 1u << d; the reduced axes are left out. */
Tensor *op_sum(Tape *, Tensor *x, unsigned axes);
Tensor *op_mean(Tape *, Tensor *x, unsigned axes);
Tensor *op_sum_to(Tape *, Tensor *x, int ndim, const int64_t *shape); /* broadcasting undone */
Tensor *op_argmax(Tape *, Tensor *x);                         /* (...,C) -> i32 (...): first of equals; no gradient */

/* Views: no copy, unless reshape is given a strided one. */
Tensor *op_reshape(Tape *, Tensor *x, int ndim, const int64_t *shape);  /* one -1 is filled in */
Tensor *op_slice(Tape *, Tensor *x, int dim, int64_t from, int64_t to); /* elements from .. to-1 of that dimension */
Tensor *op_transpose(Tape *, Tensor *x, int d0, int d1);

Tensor *op_contiguous(Tape *, Tensor *x);                     /* a copy, row-major */

/* In place: they return their first argument. */
Tensor *op_copy_into(Tape *, Tensor *dst, Tensor *src);       /* dst = src, with a backward */
Tensor *op_accumulate(Tape *, Tensor *dst, Tensor *src);      /* dst += src */
Tensor *op_fill(Tape *, Tensor *dst, double value);

/* Arguments, for those who replace an op. */
typedef struct { double factor; } ScaleArg;
typedef struct { unsigned axes; } ReduceArg;
typedef struct { int ndim; int64_t shape[MAX_DIMS]; } ShapeArg;
typedef struct { int dim; int64_t from, to; } SliceArg;
typedef struct { int d0, d1; } TransposeArg;
typedef struct { bool dx, dw, db; } LinearBackwardArg;      /* which are wanted: the others may be left unwritten */

/* Rows whose gradient is a kernel of its own, to be replaced by name. Inputs -> outputs:
 *   linear_backward            x (...,IN), w (OUT,IN), dy (...,OUT) -> dx (...,IN), dw (OUT,IN), db (OUT)
 *   relu_backward              x, dy -> dx                gelu_backward   x, dy -> dx
 *   softmax_backward           y, dy -> dx                log_softmax_backward   y, dy -> dx
 *   cross_entropy_backward     x (N,C), target (N), lse (N), dloss (1) -> dx (N,C)
 * cross_entropy has two outputs: the loss (1), and lse (N), each row's log of the sum of exponentials. */

/* C (M,N) = A B + beta C, row-major C; A's element (m,k) is at sa[0] m + sa[1] k, B's at sb[0] k + sb[1] n. oneDNN's
 * sgemm or OpenBLAS where the strides allow, else a plain loop. beta 0 never reads C. */
void gemm(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B, const int64_t *sb,
          real beta);
const char *same_shape(Node *); /* for shape: every out is shaped like in[0] */
