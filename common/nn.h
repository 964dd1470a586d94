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

enum { NN_MAX_LAYERS = 32 };
typedef struct Mlp { int layers; Linear layer[NN_MAX_LAYERS]; } Mlp;        /* linear, ReLU, ..., linear */
Mlp     nn_mlp(Arena *, Rng *, int layers, const int *sizes);   /* sizes: layers + 1 of them, input first */
Tensor *nn_mlp_forward(Tape *, const Mlp *, Tensor *x);
void    nn_mlp_visit(Mlp *, const char *prefix, NnVisit *, void *ctx);      /* "0.weight", "0.bias", "1.weight", ... */

/* How many rows of scores (N,C) have their largest at target (N). */
int64_t nn_correct(Tape *, Tensor *scores, Tensor *target);
