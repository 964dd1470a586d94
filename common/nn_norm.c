/* nn_norm.c -- modules: layernorm, rmsnorm, groupnorm, batchnorm. */
#include "nn.h"

static Tensor *filled(Arena *a, int64_t C, double value, bool needs_grad)
{
    Tensor *x = tensor_new(a, DEV_CPU, REAL, SHAPE(C));
    for (int64_t c = 0; c < C; c++) ((real *)x->data)[c] = (real)value;
    x->needs_grad = needs_grad;
    return x;
}

static void visit_both(Tensor *w, Tensor *b, const char *prefix, NnVisit *visit, void *ctx)
{
    if (w) visit(ctx, nn_name(prefix, "weight").s, w);
    if (b) visit(ctx, nn_name(prefix, "bias").s, b);
}

/* ---- LayerNorm ---- */

LayerNorm nn_layernorm(Arena *a, int C)
{
    return (LayerNorm){ filled(a, C, 1, true), filled(a, C, 0, true), 1e-5 };
}

Tensor *nn_layernorm_forward(Tape *t, const LayerNorm *l, Tensor *x) { return op_layernorm(t, x, l->w, l->b, l->eps); }

void nn_layernorm_visit(LayerNorm *l, const char *prefix, NnVisit *visit, void *ctx)
{
    visit_both(l->w, l->b, prefix, visit, ctx);
}

/* ---- RmsNorm ---- */

RmsNorm nn_rmsnorm(Arena *a, int C) { return (RmsNorm){ filled(a, C, 1, true), 1e-6 }; }

Tensor *nn_rmsnorm_forward(Tape *t, const RmsNorm *l, Tensor *x) { return op_rmsnorm(t, x, l->w, l->eps); }

void nn_rmsnorm_visit(RmsNorm *l, const char *prefix, NnVisit *visit, void *ctx)
{
    visit_both(l->w, NULL, prefix, visit, ctx);
}

/* ---- GroupNorm ---- */

GroupNorm nn_groupnorm(Arena *a, int groups, int C)
{
    CHECK(groups >= 1 && C % groups == 0, "nn_groupnorm: %d channels do not make %d groups", C, groups);
    return (GroupNorm){ filled(a, C, 1, true), filled(a, C, 0, true), groups, 1e-5 };
}

Tensor *nn_groupnorm_forward(Tape *t, const GroupNorm *l, Tensor *x)
{
    return op_groupnorm(t, x, l->w, l->b, l->groups, l->eps);
}

void nn_groupnorm_visit(GroupNorm *l, const char *prefix, NnVisit *visit, void *ctx)
{
    visit_both(l->w, l->b, prefix, visit, ctx);
}

/* ---- BatchNorm ---- */

BatchNorm nn_batchnorm(Arena *a, int C)
{
    return (BatchNorm){ filled(a, C, 1, true), filled(a, C, 0, true), filled(a, C, 0, false), filled(a, C, 1, false),
                        1e-5, .1 };
}

/* running += momentum (batch - running). Not for tape_recompute, which would run it twice. */
Tensor *nn_batchnorm_forward(Tape *t, const BatchNorm *l, Tensor *x)
{
    if (!tape_training(t)) return op_batchnorm_fixed(t, x, l->w, l->b, l->mean, l->var, l->eps);
    Tensor *stat[2], *y = op_batchnorm(t, x, l->w, l->b, l->eps, stat);
    double  M = (double)(tensor_count(x) / x->shape[1]);
    if (M > 1) stat[1] = op_scale(t, stat[1], M / (M - 1));
    op_lerp_into(t, l->mean, stat[0], l->momentum);
    op_lerp_into(t, l->var, stat[1], l->momentum);
    return y;
}

void nn_batchnorm_visit(BatchNorm *l, const char *prefix, NnVisit *visit, void *ctx)
{
    visit_both(l->w, l->b, prefix, visit, ctx);
    visit(ctx, nn_name(prefix, "running_mean").s, l->mean);
    visit(ctx, nn_name(prefix, "running_var").s, l->var);
}
