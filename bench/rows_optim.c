/* rows_optim.c -- one step of each optimizer over N weights: how fast memory goes by. */
#include <math.h>
#include <string.h>
#include "library.h"
#include "optim.h"

static const int sizes[][1] = { { 10007 }, { 131072 }, { 1000003 }, { 10000000 } };
#define RATE 0.01
#define DECAY 0.1

enum { WEIGHTS, GRADIENT };

static void setup(Bench *b, const int *size, Optim *(*make)(Arena *, const NnParams *))
{
    Library *l = library_new(b, true);
    int64_t  N = size[0];
    bench_out(b, "new", N);
    library_in(l, F32, SHAPE(N), bench_in(b, "w", N))->needs_grad = true;
    library_in(l, F32, SHAPE(N), bench_in(b, "g", N));
    NnParams p = nn_params(l->arena);
    nn_params_add(&p, "w", l->in[WEIGHTS]);
    l->more = make(l->arena, &p);
}

static void to_zero(void *ctx, const char *name, Tensor *x)
{
    (void)ctx, (void)name;
    memset(x->data, 0, tensor_bytes(x));
}

/* The first step, from the same weights and zeros: the gradient of sum w g is g. */
static void before(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Tensor  *w = l->in[WEIGHTS];
    tape_reset(l->tape);
    tensor_drop_grad(w);
    memcpy(w->data, bench_in(b, "w", size[0]), tensor_bytes(w));
    optim_visit(l->more, "", to_zero, NULL);
    tape_backward(l->tape, op_sum(l->tape, op_mul(l->tape, w, l->in[GRADIENT]), 1));
}

static void step(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    optim_step(l->more, l->tape);
    bench_wrote(b, "new", l->in[WEIGHTS]->data, size[0]);
}

/* ---- Each, and what its first step comes to ---------------------------------------------------------------------- */

static Optim *sgd(Arena *a, const NnParams *p)
{
    return optim_sgd(a, p, (SgdArg){ .rate = RATE, .momentum = .9, .weight_decay = DECAY });
}
static Optim *adam(Arena *a, const NnParams *p) { return optim_adam(a, p, (AdamArg){ .rate = RATE }); }
static Optim *adamw(Arena *a, const NnParams *p)
{
    return optim_adamw(a, p, (AdamwArg){ .rate = RATE, .weight_decay = DECAY });
}
static Optim *rmsprop(Arena *a, const NnParams *p) { return optim_rmsprop(a, p, (RmspropArg){ .rate = RATE }); }
static Optim *lion(Arena *a, const NnParams *p)
{
    return optim_lion(a, p, (LionArg){ .rate = RATE, .weight_decay = DECAY });
}

static void sgd_setup(Bench *b, const int *size) { setup(b, size, sgd); }
static void adam_setup(Bench *b, const int *size) { setup(b, size, adam); }
static void adamw_setup(Bench *b, const int *size) { setup(b, size, adamw); }
static void rmsprop_setup(Bench *b, const int *size) { setup(b, size, rmsprop); }
static void lion_setup(Bench *b, const int *size) { setup(b, size, lion); }

static void truth(Bench *b, const int *size, double (*rule)(double w, double g))
{
    const float *w = bench_in(b, "w", size[0]), *g = bench_in(b, "g", size[0]);
    double      *new = bench_want(b, "new", size[0]);
    for (int64_t i = 0; i < size[0]; i++) new[i] = rule(w[i], g[i]);
}

static double sign(double g) { return (g > 0) - (g < 0); }
static double sgd_rule(double w, double g) { return w - RATE * (g + DECAY * w); }
static double adam_rule(double w, double g) { return w - RATE * g / (fabs(g) + 1e-8); }
static double adamw_rule(double w, double g) { return (1 - RATE * DECAY) * w - RATE * g / (fabs(g) + 1e-8); }
static double rmsprop_rule(double w, double g) { return w - RATE * g / (.1 * fabs(g) + 1e-8); }
static double lion_rule(double w, double g) { return (1 - RATE * DECAY) * w - RATE * sign(g); }

static void sgd_truth(Bench *b, const int *size) { truth(b, size, sgd_rule); }
static void adam_truth(Bench *b, const int *size) { truth(b, size, adam_rule); }
static void adamw_truth(Bench *b, const int *size) { truth(b, size, adamw_rule); }
static void rmsprop_truth(Bench *b, const int *size) { truth(b, size, rmsprop_rule); }
static void lion_truth(Bench *b, const int *size) { truth(b, size, lion_rule); }

/* Bytes: w, g and what is remembered, each read, and all but g written. */
#define CASE(rule, F, B) \
    { "optim_" #rule, step, .flops = F, .bytes = B, .dims = "N", SIZES(sizes), .terms = "1", .truth = rule##_truth, \
      .setup = rule##_setup, .before = before, .teardown = library_free, .contestant = "library" }

BENCH_OF(rows_optim, optim) = {
    CASE(sgd, "6*N", "20*N"),
    CASE(adam, "13*N", "28*N"),
    CASE(adamw, "14*N", "28*N"),
    CASE(rmsprop, "9*N", "20*N"),
    CASE(lion, "10*N", "20*N"),
    { 0 },
};
