/* nn.h -- modules: structs whose parameters one visitor names. */
#pragma once
#include "ops.h"
#include "rng.h"

/* State dict, optimizer, parameter count and device move all come from the visitor. Names join with dots:
 * "hidden.0.weight". */
typedef void NnVisit(void *ctx, const char *name, Tensor *);

typedef struct NnParam { char name[64]; Tensor *tensor; } NnParam;
typedef struct NnParams { NnParam *item; int n; Arena *arena; } NnParams;  /* the list that visitors fill */
NnParams nn_params(Arena *);
void     nn_params_add(void *params, const char *name, Tensor *);   /* an NnVisit: its ctx is an NnParams */
int64_t  nn_params_count(const NnParams *);                         /* of numbers */

typedef struct NnName { char s[64]; } NnName;
NnName   nn_name(const char *prefix, const char *name);             /* "hidden", "0" -> "hidden.0"; "", "0" -> "0" */

typedef struct Linear { Tensor *w, *b; } Linear;                /* (OUT,IN), (OUT) or NULL */
/* He's normal initialisation, w ~ N(0, 2/IN), b = 0: for ReLU. He et al. 2015, arXiv:1502.01852. */
Linear  nn_linear(Arena *, Rng *, int in, int out);
Tensor *nn_linear_forward(Tape *, const Linear *, Tensor *x);   /* (...,IN) -> (...,OUT) */
void    nn_linear_visit(Linear *, const char *prefix, NnVisit *, void *ctx); /* "weight", "bias" */

/* ---- Norms, embedding, convolution. Each has make, forward and visit; names and layouts are PyTorch's ---- */

typedef struct LayerNorm { Tensor *w, *b; double eps; } LayerNorm;      /* (C), (C): 1 and 0 */
LayerNorm nn_layernorm(Arena *, int C);                         /* eps 1e-5 */
Tensor   *nn_layernorm_forward(Tape *, const LayerNorm *, Tensor *x);
void      nn_layernorm_visit(LayerNorm *, const char *prefix, NnVisit *, void *ctx); /* "weight", "bias" */

typedef struct RmsNorm { Tensor *w; double eps; } RmsNorm;
RmsNorm nn_rmsnorm(Arena *, int C);                             /* eps 1e-6 */
Tensor *nn_rmsnorm_forward(Tape *, const RmsNorm *, Tensor *x);
void    nn_rmsnorm_visit(RmsNorm *, const char *prefix, NnVisit *, void *ctx);       /* "weight" */

typedef struct GroupNorm { Tensor *w, *b; int groups; double eps; } GroupNorm;
GroupNorm nn_groupnorm(Arena *, int groups, int C);
Tensor   *nn_groupnorm_forward(Tape *, const GroupNorm *, Tensor *x);
void      nn_groupnorm_visit(GroupNorm *, const char *prefix, NnVisit *, void *ctx);

/* While tape_training: the batch's statistics, and running = (1 - momentum) running + momentum batch (the variance over
 * N - 1). Else the running ones. */
typedef struct BatchNorm { Tensor *w, *b, *mean, *var; double eps, momentum; } BatchNorm;
BatchNorm nn_batchnorm(Arena *, int C);                         /* eps 1e-5, momentum .1 */
Tensor   *nn_batchnorm_forward(Tape *, const BatchNorm *, Tensor *x);   /* (N,C,...) */
void      nn_batchnorm_visit(BatchNorm *, const char *prefix, NnVisit *, void *ctx); /* "running_mean", ... too */

typedef struct Embedding { Tensor *w; } Embedding;              /* (V,C) ~ N(0, 1) */
Embedding nn_embedding(Arena *, Rng *, int V, int C);
Tensor   *nn_embedding_forward(Tape *, const Embedding *, Tensor *index);
void      nn_embedding_visit(Embedding *, const char *prefix, NnVisit *, void *ctx); /* "weight" */

typedef struct Conv2d { Tensor *w, *b; ConvArg arg; } Conv2d;   /* (OC,C/groups,KH,KW), (OC) */
Conv2d  nn_conv2d(Arena *, Rng *, int C, int OC, int K, ConvArg);       /* He's normal initialisation, K x K */
Tensor *nn_conv2d_forward(Tape *, const Conv2d *, Tensor *x);
Tensor *nn_conv2d_relu_forward(Tape *, const Conv2d *, Tensor *x);      /* and ReLU, in one go */
void    nn_conv2d_visit(Conv2d *, const char *prefix, NnVisit *, void *ctx);         /* "weight", "bias" */

typedef struct Dropout { double p; Rng rng; } Dropout;          /* does nothing unless tape_training */
Dropout nn_dropout(const Rng *, uint64_t id, double p);         /* a stream of its own */
Tensor *nn_dropout_forward(Tape *, Dropout *, Tensor *x);

/* ---- Sequences ---- */

/* Multi-head self-attention as GPT-2 writes it: one projection to q, k, v, one back. kv_heads 0: as many as heads.
 * w ~ N(0, 1/IN), b = 0. split and join are the steps before and after attention, for who keeps a cache between. */
typedef struct Attention { Linear qkv, out; int heads, kv_heads; AttentionArg arg; } Attention;
Attention nn_attention(Arena *, Rng *, int C, int heads, int kv_heads, bool causal);
Tensor   *nn_attention_forward(Tape *, const Attention *, Tensor *x, Tensor *lengths);  /* (B,T,C) -> (B,T,C) */
void      nn_attention_split(Tape *, const Attention *, Tensor *x, Tensor *part[3]);   /* q (B,T,H,D), k, v */
Tensor   *nn_attention_join(Tape *, const Attention *, Tensor *y);                      /* (B,T,H,D) -> (B,T,C) */
void      nn_attention_visit(Attention *, const char *prefix, NnVisit *, void *ctx);    /* "c_attn.*", "c_proj.*" */

enum { NN_MAX_LAYERS = 32 };
typedef struct Lstm { int layers; Tensor *w_ih[NN_MAX_LAYERS], *w_hh[NN_MAX_LAYERS], *b_ih[NN_MAX_LAYERS],
                      *b_hh[NN_MAX_LAYERS]; } Lstm;
Lstm      nn_lstm(Arena *, Rng *, int in, int hidden, int layers);      /* uniform in +-1/sqrt(hidden) */
/* h, c: (B,H) a layer, in and out; NULL for zeros and not wanted. */
Tensor   *nn_lstm_forward(Tape *, const Lstm *, Tensor *x, Tensor **h, Tensor **c);     /* (T,B,IN) -> (T,B,H) */
/* The same for rows of a table, i32 (T,B) -> (T,B,H). Where there are more tokens than rows, each row is multiplied by
 * the first layer's weight once, not each time that it is read: that was half the work of one layer over characters. */
Tensor   *nn_lstm_read(Tape *, const Lstm *, Embedding *, Tensor *tokens, Tensor **h, Tensor **c);
void      nn_lstm_visit(Lstm *, const char *prefix, NnVisit *, void *ctx);              /* "weight_ih_l0", ... */
typedef Lstm Gru;                                               /* three gates instead of four; no c */
Gru       nn_gru(Arena *, Rng *, int in, int hidden, int layers);
Tensor   *nn_gru_forward(Tape *, const Gru *, Tensor *x, Tensor **h);
void      nn_gru_visit(Gru *, const char *prefix, NnVisit *, void *ctx);

/* ---- Composition ---- */

/* Any struct with a forward of one tensor: the row is its type, self its instance. */
typedef struct ModuleRow {
    const char *name;
    Tensor *(*forward)(Tape *, void *self, Tensor *x);
    void    (*visit)(void *self, const char *prefix, NnVisit *, void *ctx);     /* NULL: no parameters */
} ModuleRow;
typedef struct Module { const ModuleRow *row; void *self; } Module;
/* Pools: self is a PoolArg; activations: self is NULL. */
extern const ModuleRow nn_linear_row, nn_conv2d_row, nn_conv2d_relu_row, nn_layernorm_row, nn_rmsnorm_row,
    nn_groupnorm_row, nn_batchnorm_row, nn_embedding_row, nn_dropout_row, nn_relu_row, nn_gelu_row,
    nn_tanh_row, nn_flatten_row, nn_max_pool_row, nn_avg_pool_row;
typedef struct Sequential { int n; Module layer[NN_MAX_LAYERS]; } Sequential;
void    nn_add(Sequential *, const ModuleRow *, void *self);
Tensor *nn_sequential_forward(Tape *, const Sequential *, Tensor *x);
void    nn_sequential_visit(Sequential *, const char *prefix, NnVisit *, void *ctx);    /* "0.weight", ... */

typedef struct Mlp { int layers; Linear layer[NN_MAX_LAYERS]; } Mlp;        /* linear, ReLU, ..., linear */
Mlp     nn_mlp(Arena *, Rng *, int layers, const int *sizes);   /* sizes: layers + 1 of them, input first */
Tensor *nn_mlp_forward(Tape *, const Mlp *, Tensor *x);
void    nn_mlp_visit(Mlp *, const char *prefix, NnVisit *, void *ctx);      /* "0.weight", "0.bias", "1.weight", ... */

/* How many rows of scores (N,C) have their largest at target (N). */
int64_t nn_correct(Tape *, Tensor *scores, Tensor *target);
