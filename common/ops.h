/* ops.h -- every operation. Shapes are in the margin; a leading ... is any number of dimensions. */
#pragma once
#include "rng.h"
#include "tape.h"

/* Compiled with -DREAL64 the same kernels check gradients in double precision. */
#ifdef REAL64
typedef double real;
#define REAL F64
#else
typedef float real;
#define REAL F32
#endif

/* ---- Matrix products. linear is x w^T + b: a weight is (OUT, IN), as in PyTorch, so that files can be read ---- */

Tensor *op_matmul(Tape *, Tensor *a, Tensor *b);   /* (...,M,K), (...,K,N) -> (...,M,N): leading dimensions broadcast;
                                                    * transposed views cost nothing */
Tensor *op_linear(Tape *, Tensor *x, Tensor *w, Tensor *b);   /* (...,IN), (OUT,IN), (OUT) or NULL -> (...,OUT) */
typedef enum { ACT_NONE, ACT_RELU, ACT_GELU, ACT_GELU_TANH, ACT_SILU, ACT_TANH, ACT_SIGMOID } Activation;
Tensor *op_linear_act(Tape *, Tensor *x, Tensor *w, Tensor *b, Activation); /* act(x w^T + b), in one go */

/* ---- Elementwise, with NumPy's broadcasting where there are two ---- */

Tensor *op_add(Tape *, Tensor *a, Tensor *b);
Tensor *op_sub(Tape *, Tensor *a, Tensor *b);
Tensor *op_mul(Tape *, Tensor *a, Tensor *b);
Tensor *op_div(Tape *, Tensor *a, Tensor *b);
Tensor *op_maximum(Tape *, Tensor *a, Tensor *b);             /* of equals the gradient goes half and half; NaN wins */
Tensor *op_minimum(Tape *, Tensor *a, Tensor *b);
Tensor *op_where(Tape *, Tensor *cond, Tensor *a, Tensor *b); /* u8, all three broadcast: a where it is not 0, else b */
Tensor *op_mask_fill(Tape *, Tensor *x, Tensor *mask, double value); /* u8, broadcast to x: value where it is not 0 */

Tensor *op_scale(Tape *, Tensor *x, double factor);           /* factor x */
Tensor *op_shift(Tape *, Tensor *x, double by);               /* x + by */
Tensor *op_exp(Tape *, Tensor *x);
Tensor *op_log(Tape *, Tensor *x);
Tensor *op_sqrt(Tape *, Tensor *x);
Tensor *op_square(Tape *, Tensor *x);
Tensor *op_abs(Tape *, Tensor *x);                            /* the slope at 0 is 0 */
Tensor *op_pow(Tape *, Tensor *x, double p);
Tensor *op_clamp(Tape *, Tensor *x, double low, double high); /* no slope outside; NaN stays NaN */
Tensor *op_relu(Tape *, Tensor *x);                           /* max(0, x); the slope at 0 is 0; NaN stays NaN */
Tensor *op_leaky_relu(Tape *, Tensor *x, double slope);       /* x < 0: slope x */
Tensor *op_elu(Tape *, Tensor *x, double alpha);              /* x < 0: alpha (exp x - 1) */
Tensor *op_gelu(Tape *, Tensor *x);                           /* x Phi(x), Phi the normal distribution function: erf */
Tensor *op_gelu_tanh(Tape *, Tensor *x);                      /* GPT-2's: x/2 (1 + tanh(.79788 (x + .044715 x^3))) */
Tensor *op_silu(Tape *, Tensor *x);                           /* x sigmoid(x) */
Tensor *op_tanh(Tape *, Tensor *x);
Tensor *op_sigmoid(Tape *, Tensor *x);
Tensor *op_softplus(Tape *, Tensor *x);                       /* log(1 + exp x) */

/* Zeroes each element with probability p, divides the others by 1 - p. The mask is drawn again in backward from the
 * counter, so it is not stored; rng moves by one an element. p 0 returns x itself. */
Tensor *op_dropout(Tape *, Tensor *x, double p, Rng *);
Tensor *op_cast(Tape *, Tensor *x, Dtype to);                 /* between REAL, F16, BF16: to nearest, ties to even */

typedef struct { double factor; } ScaleArg;
typedef struct { double a, b; } NumbersArg;                   /* shift, pow, leaky_relu, elu: a. clamp: a and b */
typedef struct { double value; } MaskArg;
typedef struct { double p; Rng rng; } DropoutArg;             /* rng as it was before the first element */
typedef struct { Dtype to; } CastArg;

/* ---- Rows: the last dimension. A row of scores may hold -inf (masked); all masked gives zeros, not NaN ---- */

Tensor *op_softmax(Tape *, Tensor *x);                        /* (...,C) -> (...,C) */
Tensor *op_log_softmax(Tape *, Tensor *x);                    /* (...,C) -> (...,C); all masked: -inf */
Tensor *op_cross_entropy(Tape *, Tensor *x, Tensor *target);  /* (N,C), i32 (N) -> (1): mean -log softmax */

/* Rows whose target is `ignore` count neither in the sum nor in the mean (none left: 0). Smoothing s: the target is
 * 1 - s of what it was, and s / C for each class (Szegedy et al., arXiv:1512.00567, as PyTorch does it). */
typedef struct { double smoothing; int32_t ignore; bool ignores; } CrossEntropyArg;
Tensor *op_cross_entropy_with(Tape *, Tensor *x, Tensor *target, CrossEntropyArg);
Tensor *op_bce_logits(Tape *, Tensor *x, Tensor *target);     /* like shapes, targets 0 .. 1 -> (1): the mean */
Tensor *op_mse(Tape *, Tensor *x, Tensor *target);            /* like shapes -> (1): mean (x - target)^2 */

/* ---- Normalisation: (x - mean) / sqrt(var + eps) w + b, var over N (not N - 1). w, b may be NULL ---- */

typedef struct { double eps; int groups; } NormArg;
Tensor *op_layernorm(Tape *, Tensor *x, Tensor *w, Tensor *b, double eps);   /* (...,C), (C), (C): over the row */
Tensor *op_rmsnorm(Tape *, Tensor *x, Tensor *w, double eps);                /* x / sqrt(mean x^2 + eps) w */
Tensor *op_groupnorm(Tape *, Tensor *x, Tensor *w, Tensor *b, int groups, double eps);  /* (N,C,...), (C), (C) */
/* (N,C,...), (C), (C): over all but C. stat, if not NULL: the batch's mean and var (N, not N - 1), (C) each. */
Tensor *op_batchnorm(Tape *, Tensor *x, Tensor *w, Tensor *b, double eps, Tensor *stat[2]);
Tensor *op_batchnorm_fixed(Tape *, Tensor *x, Tensor *w, Tensor *b, Tensor *mean, Tensor *var, double eps);

/* ---- Images: (N,C,H,W) ---- */

typedef struct { int stride[2], pad[2], dilation[2], groups, more[2]; } ConvArg;    /* stride .. groups: 0 is 1 */
Tensor *op_conv2d(Tape *, Tensor *x, Tensor *w, Tensor *b, ConvArg);    /* w (OC,C/groups,KH,KW), b (OC) or NULL */
Tensor *op_conv2d_relu(Tape *, Tensor *x, Tensor *w, Tensor *b, ConvArg);       /* max(0, that), in one go */
/* Its transpose: w (C,OC/groups,KH,KW); `more` is added to the output's lower right (PyTorch's output_padding). */
Tensor *op_conv2d_transpose(Tape *, Tensor *x, Tensor *w, Tensor *b, ConvArg);
typedef struct { int kernel[2], stride[2], pad[2]; } PoolArg;           /* stride 0: the kernel's size */
Tensor *op_max_pool2d(Tape *, Tensor *x, PoolArg);                      /* padding counts as -inf */
Tensor *op_avg_pool2d(Tape *, Tensor *x, PoolArg);                      /* padding counts as 0, and is counted */
Tensor *op_global_avg_pool2d(Tape *, Tensor *x);                        /* (N,C,H,W) -> (N,C) */

/* ---- Sequences ---- */

/* softmax(scale Q K^T + mask) V for each head, a tile at a time: never a T x S matrix in memory (Dao et al.,
 * arXiv:2205.14135, arXiv:2307.08691). q (B,T,H,D), k (B,S,HK,D), v (B,S,HK,DV) -> (B,T,H,DV), as projections leave
 * them: views whose last stride is 1 cost nothing. H is a multiple of HK: query head h reads head h / (H / HK).
 * The last query stands beside the last key, so causal with S > T continues a cache. lengths, i32 (B) or NULL:
 * only the first so many keys count. slopes (H) or NULL: ALiBi, -slope (i - j) is added to the scores
 * (Press et al., arXiv:2108.12409). A query with no key left gives zeros. */
typedef struct { double scale; bool causal; } AttentionArg;             /* scale 0: 1 / sqrt(D) */
Tensor *op_attention(Tape *, Tensor *q, Tensor *k, Tensor *v, Tensor *lengths, Tensor *slopes, AttentionArg);

/* One layer over a whole sequence, PyTorch's gate order and weights: x (T,B,IN), h0, c0 (B,H) or NULL for zeros,
 * w_ih (4H,IN), w_hh (4H,H), b_ih, b_hh (4H) or NULL; gates i f g o. -> y (T,B,H), out[1] h_T, out[2] c_T (B,H).
 * w_ih NULL: x (T,B,4H) is the product with it already. Hochreiter, Schmidhuber 1997; Gers et al. 2000. */
typedef struct { Tensor *y, *h, *c; } Recurrent;
Recurrent op_lstm(Tape *, Tensor *x, Tensor *h0, Tensor *c0, Tensor *w_ih, Tensor *w_hh, Tensor *b_ih, Tensor *b_hh);
/* w (3H,...), gates r z n, n = tanh(W x + b + r (U h + b')). Cho et al., arXiv:1406.1078. c is NULL. */
Recurrent op_gru(Tape *, Tensor *x, Tensor *h0, Tensor *w_ih, Tensor *w_hh, Tensor *b_ih, Tensor *b_hh);

/* ---- Reductions. axes: a set of bits, 1u << d; the reduced axes are left out ---- */

Tensor *op_sum(Tape *, Tensor *x, unsigned axes);
Tensor *op_mean(Tape *, Tensor *x, unsigned axes);
Tensor *op_max(Tape *, Tensor *x, unsigned axes);             /* equals share the gradient; NaN wins */
Tensor *op_min(Tape *, Tensor *x, unsigned axes);
Tensor *op_var(Tape *, Tensor *x, unsigned axes, int less);   /* the sum of squares over count - less */
Tensor *op_sum_to(Tape *, Tensor *x, int ndim, const int64_t *shape); /* broadcasting undone */
Tensor *op_argmax(Tape *, Tensor *x);                         /* (...,C) -> i32 (...): first of equals; no gradient */

typedef struct { unsigned axes; int less; } ReduceArg;

/* ---- Picking and joining ---- */

Tensor *op_embedding(Tape *, Tensor *table, Tensor *index);   /* (V,C), i32 (...) -> (...,C): rows of the table */
Tensor *op_gather(Tape *, Tensor *x, int dim, Tensor *index); /* i32, as torch.gather */
Tensor *op_scatter_add(Tape *, Tensor *x, int dim, Tensor *index, Tensor *src); /* a new tensor, as torch.scatter_add */
Tensor *op_concat(Tape *, Tensor **x, int n, int dim);

typedef struct { int dim; } DimArg;

/* ---- Views: no copy, unless reshape is given a strided one ---- */

Tensor *op_reshape(Tape *, Tensor *x, int ndim, const int64_t *shape);  /* one -1 is filled in */
Tensor *op_slice(Tape *, Tensor *x, int dim, int64_t from, int64_t to); /* elements from .. to-1 of that dimension */
void    op_split(Tape *, Tensor *x, int dim, int n, Tensor **out);      /* n equal slices */
Tensor *op_transpose(Tape *, Tensor *x, int d0, int d1);
Tensor *op_expand(Tape *, Tensor *x, int ndim, const int64_t *shape);   /* broadcast: strides of 0 */

Tensor *op_contiguous(Tape *, Tensor *x);                     /* a copy, row-major */

typedef struct { int ndim; int64_t shape[MAX_DIMS]; } ShapeArg;
typedef struct { int dim; int64_t from, to; } SliceArg;
typedef struct { int d0, d1; } TransposeArg;

/* ---- In place: they return their first argument ---- */

Tensor *op_copy_into(Tape *, Tensor *dst, Tensor *src);       /* dst = src, with a backward */
Tensor *op_accumulate(Tape *, Tensor *dst, Tensor *src);      /* dst += src, with a backward */
Tensor *op_lerp_into(Tape *, Tensor *dst, Tensor *src, double weight);  /* dst += weight (src - dst); no backward */
Tensor *op_fill(Tape *, Tensor *dst, double value);

/* ---- Rows whose gradient is a kernel of its own, to be replaced by name. Inputs -> outputs:
 *   linear_backward            x (...,IN), w (OUT,IN), dy (...,OUT) -> dx (...,IN), dw (OUT,IN), db (OUT)
 *   linear_act_backward        saved, dy (...,OUT) -> dz (...,OUT), which then goes to linear_backward
 *   NAME_backward              x, dy -> dx    of log, square, abs, pow, clamp, relu, leaky_relu, elu, gelu, gelu_tanh,
 *                                             silu, softplus
 *   NAME_backward              y, dy -> dx    of exp, sqrt, tanh, sigmoid
 *   maximum_share, minimum_share   a, b -> a's share in y: 1, 0, or 1/2 of equals
 *   where_backward             cond, dy -> da, db
 *   max_backward               x, y, dy -> dx; of min too
 *   mse_backward, bce_logits_backward   x, target, dloss (1) -> dx
 *   embedding_backward         table (V,C), index, dy -> dtable (V,C)
 *   lstm_backward              w_hh, saved, c0, dy, dh_T, dc_T -> dZ (T,B,4H), dh0, dc0
 *   gru_backward               w_hh, saved, y, h0, dy, dh_T -> of the sums of x, and of h (T,B,3H), dh0
 *   softmax_backward           y, dy -> dx                log_softmax_backward   y, dy -> dx
 *   cross_entropy_backward     x (N,C), target (N), lse (N), dloss (1) -> dx (N,C)
 *   attention_backward         q, k, v, y, lse (B,T,H,1), dy, lengths, slopes -> dq, dk, dv; or one output, shaped like
 *                              the base of q, k, v, where these are the parts of one projection
 *   layernorm_backward         x, w or NULL, dy, scale, mean -> dx, dw (C), db (C)     rmsnorm_backward: no mean, no db
 *   groupnorm_backward         x, w or NULL, dy, scale (N,groups), mean (N,groups) -> dx, dw (C), db (C)
 *   batchnorm_backward         x, w or NULL, dy, mean (C), var (C) -> dx, dw (C), db (C)   batchnorm_fixed_backward too
 *   conv2d_backward            x, w, dy -> dx, dw, db          conv2d_transpose_backward too
 *   max_pool2d_backward        dy, which -> dx                 avg_pool2d_backward   dy -> dx
 * attention has two outputs: y, and lse, +inf where a query has no key.
 * cross_entropy has two outputs: the loss (1), and lse (N), each row's log of the sum of exponentials.
 * layernorm, rmsnorm and groupnorm have further outputs: scale = 1 / sqrt(var + eps) of each row or group, and the mean
 * (rmsnorm: none); batchnorm the mean and var; max_pool2d, `which`: where in its image each maximum is, i32.
 * linear_act of gelu, gelu_tanh and silu has a second output while a gradient is wanted: z = x w^T + b, which is what
 * linear_act_backward gets as saved; of relu, tanh and sigmoid it gets y. The saved of lstm and gru (their last output)
 * is what ops/lstm.c and ops/gru.c say. ---- */

typedef struct { Activation act; } LinearActArg;               /* of linear_act_backward too */
typedef struct { ConvArg conv; bool dx, dw, db; } ConvBackwardArg;
typedef struct { ShapeArg to; PoolArg pool; } AvgPoolBackwardArg;       /* to: the shape of x */
typedef struct { bool dx, dw, db; } LinearBackwardArg;        /* which are wanted: the others may be left unwritten */

/* C (M,N) = A B + beta C, row-major C; A's element (m,k) is at sa[0] m + sa[1] k, B's at sb[0] k + sb[1] n:
 * any strides. Fastest where one of a factor's is 1. beta 0 never reads C. */
void gemm(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B, const int64_t *sb,
          real beta);
/* The same, and f learns of each part of C (from row m, column n on) as soon as it is done: while it is in the cache.
 * Every element is in one part; several threads may be in f at once. */
typedef void GemmThen(const void *ctx, int64_t m, int64_t n, int64_t rows, int64_t cols);
void gemm_then(real *C, int64_t M, int64_t N, int64_t K, const real *A, const int64_t *sa, const real *B,
               const int64_t *sb, real beta, GemmThen *f, const void *ctx);
const char *same_shape(Node *); /* for shape: every out is shaped like in[0] */
