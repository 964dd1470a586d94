/* optim.c -- optimizers: in-place ops without backward, through the tape's one door. */
#include "optim.h"
#include <math.h>
#include <string.h>
#include "ops/loops.h"

/* What changes from step to step lies in memory, not in a kernel's arguments: a recorded CUDA graph reads it there */
typedef struct Now { int64_t step; double rate; } Now;

typedef struct Slot {                   /* a parameter and what is remembered of it */
    NnParam param;
    Tensor *m, *v;                      /* AdamW: both moments. SGD: v, the velocity. Or NULL */
} Slot;

struct Optim {
    const Op *op;
    union { SgdArg sgd; AdamwArg adamw; } arg;
    size_t    arg_size;
    Tensor   *now;                      /* Now, as U8 */
    Tensor    step;                     /* its first field, as I64 (1): for checkpoints */
    int       n;
    Slot     *slot;
};

static Now *now_of(const Tensor *x) { return x->data; }

/* ---- tick: another step has begun ---- */

static const char *tick_shape(Node *n) { return n->out[0] = n->in[0], NULL; }
static void tick_forward(Tape *t, Node *n) { (void)t, now_of(n->in[0])->step++; }

static const Op op_tick = { .name = "tick", .dtypes = 1u << U8, .shape = tick_shape,
                            .forward = { [DEV_CPU] = tick_forward } };

/* ---- sgd: in w, g, now, v or NULL; out w, v ---- */

static const char *sgd_shape(Node *n)
{
    if (!tensor_same_shape(n->in[0], n->in[1])) return "parameter and gradient must have one shape";
    n->out[0] = n->in[0];
    if (n->in[3]) n->out[1] = n->in[3];
    return NULL;
}

/* v = momentum v + g,  w -= rate v,  or with Nesterov  w -= rate (g + momentum v) */
static void sgd_forward(Tape *t, Node *n)
{
    (void)t;
    const SgdArg *a = n->arg;
    real *w = n->in[0]->data, *v = n->in[3] ? n->in[3]->data : NULL;
    const real *g = n->in[1]->data;
    const real rate = (real)now_of(n->in[2])->rate, momentum = (real)a->momentum, decay = (real)a->weight_decay;
    int64_t N = tensor_count(n->in[0]);
    if (!v) {
#pragma omp parallel for simd if (parallel : N > PARALLEL)
        for (int64_t i = 0; i < N; i++) w[i] -= rate * (g[i] + decay * w[i]);
        return;
    }
    const real of_g = a->nesterov ? 1 : 0, of_v = a->nesterov ? momentum : 1;
#pragma omp parallel for simd if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        real d = g[i] + decay * w[i];
        v[i] = momentum * v[i] + d;
        w[i] -= rate * (of_g * d + of_v * v[i]);
    }
}

static const Op op_sgd = { .name = "sgd", .dtypes = 1u << REAL | 1u << U8, .shape = sgd_shape,
                           .forward = { [DEV_CPU] = sgd_forward } };

/* ---- adamw: in w, g, now, v, m; out w, v, m ---- */

static const char *adamw_shape(Node *n)
{
    if (!tensor_same_shape(n->in[0], n->in[1])) return "parameter and gradient must have one shape";
    n->out[0] = n->in[0], n->out[1] = n->in[3], n->out[2] = n->in[4];
    return NULL;
}

/* m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
 * w = (1 - rate decay) w - rate m^ / (sqrt v^ + eps),   m^ = m / (1 - beta1^t), v^ = v / (1 - beta2^t)
 * One pass over the four arrays: it is memory that takes the time. */
static void adamw_forward(Tape *t, Node *n)
{
    (void)t;
    const AdamwArg *a = n->arg;
    const Now *now = now_of(n->in[2]);
    real *w = n->in[0]->data, *v = n->in[3]->data, *m = n->in[4]->data;
    const real *g = n->in[1]->data;
    const double c1 = 1 - pow(a->beta1, (double)now->step), c2 = 1 - pow(a->beta2, (double)now->step);
    const real keep = (real)(1 - now->rate * a->weight_decay), rate = (real)(now->rate / c1);
    const real beta1 = (real)a->beta1, one_beta1 = (real)(1 - a->beta1), eps = (real)a->eps;
    const real beta2 = (real)a->beta2, one_beta2 = (real)(1 - a->beta2), inv_root_c2 = (real)(1 / sqrt(c2));
    int64_t N = tensor_count(n->in[0]);
#pragma omp parallel for simd if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        m[i] = beta1 * m[i] + one_beta1 * g[i];
        v[i] = beta2 * v[i] + one_beta2 * g[i] * g[i];
#ifdef REAL64
        real root = sqrt(v[i]);
#else
        real root = sqrtf(v[i]);
#endif
        w[i] = keep * w[i] - rate * m[i] / (root * inv_root_c2 + eps);
    }
}

static const Op op_adamw = { .name = "adamw", .dtypes = 1u << REAL | 1u << U8, .shape = adamw_shape,
                             .forward = { [DEV_CPU] = adamw_forward } };

/* ---- The optimizer ---- */

static Tensor *zeros_like(Arena *a, const Tensor *w)
{
    Tensor *x = tensor_new(a, w->device, w->dtype, w->ndim, w->shape);
    memset(x->data, 0, tensor_bytes(x));
    return x;
}

static Optim *optim_new(Arena *a, const NnParams *params, const Op *op, double rate, bool m, bool v)
{
    Optim *o = arena_alloc(a, DEV_CPU, sizeof *o, "optimizer");
    *o = (Optim){ .op = op, .n = params->n, .now = tensor_new(a, DEV_CPU, U8, SHAPE(sizeof(Now))) };
    o->slot = arena_alloc(a, DEV_CPU, (size_t)o->n * sizeof *o->slot, "optimizer");
    *now_of(o->now) = (Now){ .rate = rate };
    o->step = (Tensor){ .data = &now_of(o->now)->step, .dtype = I64, .arena = a };
    tensor_set_shape(&o->step, SHAPE(1));
    for (int i = 0; i < o->n; i++) {
        const Tensor *w = params->item[i].tensor;
        o->slot[i] = (Slot){ .param = params->item[i] };
        if (m) o->slot[i].m = zeros_like(a, w);
        if (v) o->slot[i].v = zeros_like(a, w);
    }
    return o;
}

Optim *optim_sgd(Arena *a, const NnParams *params, SgdArg arg)
{
    CHECK(!arg.nesterov || arg.momentum > 0, "optim_sgd: Nesterov needs momentum");
    Optim *o = optim_new(a, params, &op_sgd, arg.rate, false, arg.momentum > 0);
    o->arg.sgd = arg, o->arg_size = sizeof arg;
    return o;
}

Optim *optim_adamw(Arena *a, const NnParams *params, AdamwArg arg)
{
    if (arg.beta1 == 0) arg.beta1 = .9;
    if (arg.beta2 == 0) arg.beta2 = .999;
    if (arg.eps == 0) arg.eps = 1e-8;
    Optim *o = optim_new(a, params, &op_adamw, arg.rate, true, true);
    o->arg.adamw = arg, o->arg_size = sizeof arg;
    return o;
}

void optim_step(Optim *o, Tape *t)
{
    tape_run(t, (Node){ .op = &op_tick, IN(o->now) });
    for (int i = 0; i < o->n; i++) {
        Slot   *s = &o->slot[i];
        Tensor *w = s->param.tensor, *g = w->grad, *out[MAX_OUT];
        if (!g) continue;
        Node n = { .op = o->op, IN(w, g, o->now, s->v, s->m), .arg = &o->arg, .arg_size = o->arg_size };
        n.n_out = 1 + (s->v != NULL) + (s->m != NULL);
        tape_run_all(t, n, out);
        tensor_drop_grad(w);
    }
}

void optim_set_rate(Optim *o, double rate) { now_of(o->now)->rate = rate; }
double optim_rate(const Optim *o) { return now_of(o->now)->rate; }

void optim_visit(Optim *o, const char *prefix, NnVisit *visit, void *ctx)
{
    visit(ctx, nn_name(prefix, "step").s, &o->step);
    for (int i = 0; i < o->n; i++) {
        const char *name = o->slot[i].param.name;
        if (o->slot[i].m) visit(ctx, nn_name(nn_name(prefix, "m").s, name).s, o->slot[i].m);
        if (o->slot[i].v) visit(ctx, nn_name(nn_name(prefix, "v").s, name).s, o->slot[i].v);
    }
}
