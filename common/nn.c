/* nn.c -- modules: structs whose parameters one visitor names. */
#include "nn.h"
#include <math.h>
#include <string.h>

/* ---- The list that visitors fill ---- */

NnParams nn_params(Arena *a) { return (NnParams){ .arena = a }; }

void nn_params_add(void *params, const char *name, Tensor *x)
{
    NnParams *p = params;
    enum { FIRST = 16 };
    if (p->n == 0 || (p->n >= FIRST && (p->n & (p->n - 1)) == 0)) { /* full: at a power of two */
        size_t   room = p->n ? 2 * (size_t)p->n : FIRST;
        NnParam *item = arena_alloc(p->arena, DEV_CPU, room * sizeof *item, "parameter names");
        if (p->n) memcpy(item, p->item, (size_t)p->n * sizeof *item);
        if (p->n) arena_give_back(p->arena, DEV_CPU, p->item, (size_t)p->n * sizeof *item, "parameter names");
        p->item = item;
    }
    NnParam *item = &p->item[p->n++];
    CHECK(strlen(name) < sizeof item->name, "nn_params_add: '%s' is longer than %zu letters", name,
          sizeof item->name - 1);
    *item = (NnParam){ .tensor = x };
    strcpy(item->name, name);
}

int64_t nn_params_count(const NnParams *p)
{
    int64_t n = 0;
    for (int i = 0; i < p->n; i++) n += tensor_count(p->item[i].tensor);
    return n;
}

NnName nn_name(const char *prefix, const char *name)
{
    NnName x;
    int n = snprintf(x.s, sizeof x.s, "%s%s%s", prefix, *prefix ? "." : "", name);
    CHECK(n < (int)sizeof x.s, "nn_name: '%s.%s' is longer than %zu letters", prefix, name, sizeof x.s - 1);
    return x;
}

/* ---- Linear ---- */

Linear nn_linear(Arena *a, Rng *rng, int in, int out)
{
    Linear l = { .w = tensor_new(a, DEV_CPU, REAL, SHAPE(out, in)), .b = tensor_new(a, DEV_CPU, REAL, SHAPE(out)) };
    rng_fill_normal(rng, l.w, 0, sqrt(2.0 / in));
    memset(l.b->data, 0, tensor_bytes(l.b));
    l.w->needs_grad = l.b->needs_grad = true;
    return l;
}

Tensor *nn_linear_forward(Tape *t, const Linear *l, Tensor *x) { return op_linear(t, x, l->w, l->b); }

void nn_linear_visit(Linear *l, const char *prefix, NnVisit *visit, void *ctx)
{
    visit(ctx, nn_name(prefix, "weight").s, l->w);
    if (l->b) visit(ctx, nn_name(prefix, "bias").s, l->b);
}

/* ---- Mlp ---- */

Mlp nn_mlp(Arena *a, Rng *rng, int layers, const int *sizes)
{
    Mlp m = { .layers = layers };
    CHECK(layers >= 1 && layers <= NN_MAX_LAYERS, "nn_mlp: %d layers, from 1 to %d", layers, NN_MAX_LAYERS);
    for (int i = 0; i < layers; i++) m.layer[i] = nn_linear(a, rng, sizes[i], sizes[i + 1]);
    return m;
}

Tensor *nn_mlp_forward(Tape *t, const Mlp *m, Tensor *x)
{
    for (int i = 0; i < m->layers; i++) {
        x = nn_linear_forward(t, &m->layer[i], x);
        if (i < m->layers - 1) x = op_relu(t, x);
    }
    return x;
}

void nn_mlp_visit(Mlp *m, const char *prefix, NnVisit *visit, void *ctx)
{
    for (int i = 0; i < m->layers; i++) {
        char number[12];
        snprintf(number, sizeof number, "%d", i);
        nn_linear_visit(&m->layer[i], nn_name(prefix, number).s, visit, ctx);
    }
}

int64_t nn_correct(Tape *t, Tensor *scores, Tensor *target)
{
    CHECK(scores->ndim == 2 && target->dtype == I32 && target->ndim == 1 && target->shape[0] == scores->shape[0],
          "nn_correct: needs one i32 target per row of scores: %s %s", tensor_text(scores).s, tensor_text(target).s);
    Tensor *best = op_argmax(t, scores);
    int64_t n = 0;
    for (int64_t i = 0; i < target->shape[0]; i++)
        n += ((const int32_t *)best->data)[i] == ((const int32_t *)target->data)[tensor_at(target, i)];
    return n;
}
