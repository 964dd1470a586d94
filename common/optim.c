/* optim.c -- optimizers: in-place ops without backward, through the tape's one door. */
#include "optim.h"
#include <math.h>
#include <string.h>
#include "ops/loops.h"

/* What changes from step to step lies in memory, not in a kernel's arguments: a recorded CUDA graph reads it there */
typedef struct Now { int64_t step; double rate; } Now;

typedef struct Slot {                   /* a parameter and what is remembered of it */
    NnParam param;
    Tensor *m, *v;                      /* m: a mean of gradients. v: of their squares; SGD's velocity. Or NULL */
} Slot;

struct Optim {
    const Op *op;
    union { SgdArg sgd; AdamwArg adam; RmspropArg rmsprop; LionArg lion; } arg;
    size_t    arg_size;
    Tensor   *now;                      /* Now, as U8 */
    Tensor    step;                     /* its first field, as I64 (1): for checkpoints */
    int       n;
    Slot     *slot;
};

static Now *now_of(const Tensor *x) { return x->data; }

static inline real root(real x)
{
#ifdef REAL64
    return sqrt(x);
#else
    return sqrtf(x);
#endif
}

/* ---- tick: another step has begun ---- */

static const char *tick_shape(Node *n) { return n->out[0] = n->in[0], NULL; }
static void tick_forward(Tape *t, Node *n) { (void)t, now_of(n->in[0])->step++; }

static const Op op_tick = { .name = "tick", .dtypes = 1u << U8, .shape = tick_shape,
                            .forward = { [DEV_CPU] = tick_forward } };

/* ---- The rules: in w, g, now, v or NULL, m or NULL; out w, and what there is of v, m. Each is one pass over its
 * arrays: it is memory that takes the time ---- */

enum { W, G, NOW, V, M };

static const char *rule_shape(Node *n)
{
    if (!tensor_same_shape(n->in[W], n->in[G])) return "parameter and gradient must have one shape";
    n->out[0] = n->in[W];
    for (int i = V, out = 1; i <= M; i++)
        if (n->in[i]) n->out[out++] = n->in[i];
    return NULL;
}

static real *in_data(const Node *n, int i) { return n->in[i] ? n->in[i]->data : NULL; }

#define RULE(rule) { .name = #rule, .dtypes = 1u << REAL | 1u << U8, .shape = rule_shape, \
                     .forward = { [DEV_CPU] = rule##_forward } }

/* v = momentum v + g,  w -= rate v,  or with Nesterov  w -= rate (g + momentum v) */
static void sgd_forward(Tape *t, Node *n)
{
    (void)t;
    const SgdArg *a = n->arg;
    real *w = in_data(n, W), *v = in_data(n, V);
    const real *g = in_data(n, G);
    const real rate = (real)now_of(n->in[NOW])->rate, momentum = (real)a->momentum, decay = (real)a->weight_decay;
    int64_t N = tensor_count(n->in[W]);
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

static const Op op_sgd = RULE(sgd);

/* m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
 * w = (1 - rate decay) w - rate m^ / (sqrt v^ + eps),   m^ = m / (1 - beta1^t), v^ = v / (1 - beta2^t)
 * Adam adds decay w to g instead, which then goes through the division: Loshchilov and Hutter's point. */
static inline void adam_step(Node *n, bool decoupled)
{
    const AdamwArg *a = n->arg;
    const Now *now = now_of(n->in[NOW]);
    real *w = in_data(n, W), *v = in_data(n, V), *m = in_data(n, M);
    const real *g = in_data(n, G);
    const double c1 = 1 - pow(a->beta1, (double)now->step), c2 = 1 - pow(a->beta2, (double)now->step);
    const real decay = (real)a->weight_decay, keep = decoupled ? (real)(1 - now->rate * a->weight_decay) : 1;
    const real beta1 = (real)a->beta1, one_beta1 = (real)(1 - a->beta1), rate = (real)(now->rate / c1);
    const real beta2 = (real)a->beta2, one_beta2 = (real)(1 - a->beta2), inv_root_c2 = (real)(1 / sqrt(c2));
    const real eps = (real)a->eps;
    int64_t N = tensor_count(n->in[W]);
#pragma omp parallel for simd if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        real d = decoupled ? g[i] : g[i] + decay * w[i];
        m[i] = beta1 * m[i] + one_beta1 * d;
        v[i] = beta2 * v[i] + one_beta2 * d * d;
        w[i] = keep * w[i] - rate * m[i] / (root(v[i]) * inv_root_c2 + eps);
    }
}

static void adam_forward(Tape *t, Node *n) { (void)t, adam_step(n, false); }
static void adamw_forward(Tape *t, Node *n) { (void)t, adam_step(n, true); }

static const Op op_adam = RULE(adam), op_adamw = RULE(adamw);

/* v = alpha v + (1 - alpha) g^2,  w -= rate g / (sqrt v + eps); with momentum  m = momentum m + g / (...), w -= rate m.
 * Tieleman and Hinton 2012, lecture 6e of Neural Networks for Machine Learning. */
static void rmsprop_forward(Tape *t, Node *n)
{
    (void)t;
    const RmspropArg *a = n->arg;
    real *w = in_data(n, W), *v = in_data(n, V), *m = in_data(n, M);
    const real *g = in_data(n, G);
    const real rate = (real)now_of(n->in[NOW])->rate, momentum = (real)a->momentum, decay = (real)a->weight_decay;
    const real alpha = (real)a->alpha, one_alpha = (real)(1 - a->alpha), eps = (real)a->eps;
    int64_t N = tensor_count(n->in[W]);
    if (!m) {
#pragma omp parallel for simd if (parallel : N > PARALLEL)
        for (int64_t i = 0; i < N; i++) {
            real d = g[i] + decay * w[i];
            v[i] = alpha * v[i] + one_alpha * d * d;
            w[i] -= rate * d / (root(v[i]) + eps);
        }
        return;
    }
#pragma omp parallel for simd if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        real d = g[i] + decay * w[i];
        v[i] = alpha * v[i] + one_alpha * d * d;
        m[i] = momentum * m[i] + d / (root(v[i]) + eps);
        w[i] -= rate * m[i];
    }
}

static const Op op_rmsprop = RULE(rmsprop);

/* w = (1 - rate decay) w - rate sign(beta1 m + (1 - beta1) g),  m = beta2 m + (1 - beta2) g.  sign(NaN) is NaN. */
static void lion_forward(Tape *t, Node *n)
{
    (void)t;
    const LionArg *a = n->arg;
    const double now_rate = now_of(n->in[NOW])->rate;
    real *w = in_data(n, W), *m = in_data(n, M);
    const real *g = in_data(n, G);
    const real keep = (real)(1 - now_rate * a->weight_decay), rate = (real)now_rate;
    const real beta1 = (real)a->beta1, one_beta1 = (real)(1 - a->beta1);
    const real beta2 = (real)a->beta2, one_beta2 = (real)(1 - a->beta2);
    int64_t N = tensor_count(n->in[W]);
#pragma omp parallel for simd if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        real u = beta1 * m[i] + one_beta1 * g[i], sign = u > 0 ? 1 : u < 0 ? -1 : u;
        w[i] = keep * w[i] - rate * sign;
        m[i] = beta2 * m[i] + one_beta2 * g[i];
    }
}

static const Op op_lion = RULE(lion);

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

static double or_else(double x, double usual) { return x == 0 ? usual : x; }

static Optim *adam_new(Arena *a, const NnParams *params, const Op *op, AdamwArg arg)
{
    arg.beta1 = or_else(arg.beta1, .9), arg.beta2 = or_else(arg.beta2, .999), arg.eps = or_else(arg.eps, 1e-8);
    Optim *o = optim_new(a, params, op, arg.rate, true, true);
    o->arg.adam = arg, o->arg_size = sizeof arg;
    return o;
}

Optim *optim_adamw(Arena *a, const NnParams *params, AdamwArg arg) { return adam_new(a, params, &op_adamw, arg); }
Optim *optim_adam(Arena *a, const NnParams *params, AdamArg arg) { return adam_new(a, params, &op_adam, arg); }

Optim *optim_rmsprop(Arena *a, const NnParams *params, RmspropArg arg)
{
    arg.alpha = or_else(arg.alpha, .99), arg.eps = or_else(arg.eps, 1e-8);
    Optim *o = optim_new(a, params, &op_rmsprop, arg.rate, arg.momentum > 0, true);
    o->arg.rmsprop = arg, o->arg_size = sizeof arg;
    return o;
}

Optim *optim_lion(Arena *a, const NnParams *params, LionArg arg)
{
    arg.beta1 = or_else(arg.beta1, .9), arg.beta2 = or_else(arg.beta2, .99);
    Optim *o = optim_new(a, params, &op_lion, arg.rate, true, false);
    o->arg.lion = arg, o->arg_size = sizeof arg;
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

/* ---- Gradients between backward and step ---- */

/* All gradients there are, in a list of the step's; how many. */
static int gradients(Tape *t, const NnParams *p, Tensor ***g)
{
    int n = 0;
    *g = arena_alloc(tape_arena(t), DEV_CPU, (size_t)p->n * sizeof **g, "optimizer");
    for (int i = 0; i < p->n; i++)
        if (p->item[i].tensor->grad) (*g)[n++] = p->item[i].tensor->grad;
    return n;
}

enum { TILE = 1 << 14 };                /* a sum never depends on the threads: tiles are fixed, and added in order */

static int64_t tiles(const Tensor *x) { return (tensor_count(x) + TILE - 1) / TILE; }

static double sum_squares(const real *x, int64_t N)
{
    double sum = 0; /* a float's square fits a double's range: no overflow, no scaling */
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < N; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static const char *norm_shape(Node *n)
{
    n->out[0]->dtype = F64;
    tensor_set_shape(n->out[0], SHAPE(1));
    return NULL;
}

/* The L2 norm of all inputs together. */
static void norm_forward(Tape *t, Node *n)
{
    int64_t all = 0;
    double sum = 0;
    for (int i = 0; i < n->n_in; i++) all += tiles(n->in[i]);
    double *tile = tape_scratch(t, (size_t)all * sizeof *tile);
    for (int i = 0; i < n->n_in; i++) {
        const real *x = n->in[i]->data;
        int64_t N = tensor_count(n->in[i]), T = tiles(n->in[i]);
#pragma omp parallel for if (N > PARALLEL)
        for (int64_t k = 0; k < T; k++) tile[k] = sum_squares(x + k * TILE, N - k * TILE < TILE ? N - k * TILE : TILE);
        for (int64_t k = 0; k < T; k++) sum += tile[k];
    }
    *(double *)n->out[0]->data = sqrt(sum);
}

static const Op op_norm = { .name = "grad_norm", .dtypes = 1u << REAL, .shape = norm_shape,
                            .forward = { [DEV_CPU] = norm_forward } };

/* in g, found (1); out the same: g *= factor, found |= something in g is not finite. */
static const char *grad_scale_shape(Node *n) { return n->out[0] = n->in[0], n->out[1] = n->in[1], NULL; }

static void grad_scale_forward(Tape *t, Node *n)
{
    (void)t;
    real *g = n->in[0]->data;
    const real factor = (real)((const ScaleArg *)n->arg)->factor;
    int64_t N = tensor_count(n->in[0]);
    int bad = 0;
#pragma omp parallel for simd reduction(| : bad) if (parallel : N > PARALLEL)
    for (int64_t i = 0; i < N; i++) {
        g[i] *= factor;
        bad |= !(g[i] - g[i] == 0);
    }
    *(uint8_t *)n->in[1]->data |= (uint8_t)bad;
}

static const Op op_grad_scale = { .name = "grad_scale", .dtypes = 1u << REAL | 1u << U8, .shape = grad_scale_shape,
                                  .forward = { [DEV_CPU] = grad_scale_forward } };

/* All of them times factor; false when one is not finite then. */
static bool scale_all(Tape *t, Tensor **g, int n, double factor)
{
    Tensor *found = tensor_new(tape_arena(t), DEV_CPU, U8, SHAPE(1)), *out[MAX_OUT];
    *(uint8_t *)found->data = 0;
    for (int i = 0; i < n; i++)
        tape_run_all(t, (Node){ .op = &op_grad_scale, .n_out = 2, IN(g[i], found), ARG(ScaleArg, factor) }, out);
    return !*(uint8_t *)found->data;
}

double optim_clip(Tape *t, const NnParams *params, double most)
{
    Tensor **g;
    int n = gradients(t, params, &g);
    if (n == 0) return 0;
    double norm = *(double *)tape_run(t, (Node){ .op = &op_norm, .n_in = n, .in = g })->data;
    if (norm > most && norm - norm == 0) scale_all(t, g, n, most / norm);
    return norm;
}

bool optim_unscale(Tape *t, OptimScaler *s, const NnParams *params)
{
    Tensor **g;
    int n = gradients(t, params, &g);
    if (scale_all(t, g, n, 1 / s->scale)) {
        if (++s->good < s->patience) return true;
        s->scale *= 2;
        s->good = 0;
        return true;
    }
    for (int i = 0; i < params->n; i++) tensor_drop_grad(params->item[i].tensor);
    s->scale = fmax(1, s->scale / 2);
    s->good = 0;
    return false;
}

/* ---- Rates ---- */

/* From a to b, t from 0 to 1, along half a wave of the cosine. */
static double half_wave(double a, double b, double t) { return b + (a - b) * (1 + cos(3.141592653589793 * t)) / 2; }

static double one_cycle(const Schedule *s, double step)
{
    double top = (double)s->warm - 1, end = (double)s->steps - 1;
    if (step <= top) return half_wave(or_else(s->factor, 1. / 25), 1, top > 0 ? step / top : 1);
    return half_wave(1, s->least, fmin(1, (step - top) / (end - top)));
}

/* Relative to the full rate, behind the warm-up. */
static double rate_after(const Schedule *s, double step)
{
    double rest = (double)(s->steps - s->warm), t = rest > 0 ? fmin(1, (step - (double)s->warm) / rest) : 1;
    switch (s->kind) {
    case RATE_LINEAR: return 1 + (s->least - 1) * t;
    case RATE_COSINE: return half_wave(1, s->least, t);
    case RATE_STEP: return fmax(s->least, pow(s->factor, floor(step / (double)s->every)));
    case RATE_EXPONENTIAL: return fmax(s->least, pow(s->factor, step - (double)s->warm));
    default: return 1;
    }
}

double optim_schedule(const Schedule *s, int64_t step)
{
    bool ends = s->kind == RATE_LINEAR || s->kind == RATE_COSINE || s->kind == RATE_ONE_CYCLE;
    CHECK(step >= 0 && s->warm >= 0, "optim_schedule: step %lld, warm %lld", (long long)step, (long long)s->warm);
    CHECK(!ends || s->steps > s->warm, "optim_schedule: %lld steps do not go beyond its %lld warm ones",
          (long long)s->steps, (long long)s->warm);
    CHECK(s->kind != RATE_STEP || s->every >= 1, "optim_schedule: every %lld steps", (long long)s->every);
    double n = (double)step + 1, warm = (double)(s->warm > 1 ? s->warm : 1);
    if (s->kind == RATE_NOAM) return s->rate * sqrt(warm) * fmin(1 / sqrt(n), n / (warm * sqrt(warm)));
    if (s->kind == RATE_ONE_CYCLE) return s->rate * one_cycle(s, (double)step);
    if (step < s->warm) return s->rate * n / ((double)s->warm + 1);
    return s->rate * rate_after(s, (double)step);
}
