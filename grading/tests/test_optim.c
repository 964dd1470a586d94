/* test_optim.c -- ten steps of each optimizer against the plain rule in double. Built with and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include "gradcheck.h"
#include "optim.h"

TestSuite(optim, .init = gradcheck_begin, .fini = gradcheck_end);

enum { STEPS = 10, N = 13 };

typedef struct Plainly { double w, m, v; } Plainly;

/* As torch.optim.SGD's documentation has it, dampening 0. */
static void plain_sgd(Plainly *p, double g, int t, const void *arg)
{
    const SgdArg *a = arg;
    g += a->weight_decay * p->w;
    if (a->momentum > 0) {
        p->v = t > 1 ? a->momentum * p->v + g : g;
        g = a->nesterov ? g + a->momentum * p->v : p->v;
    }
    p->w -= a->rate * g;
}

/* As torch.optim.AdamW's documentation has it. */
static void plain_adamw(Plainly *p, double g, int t, const void *arg)
{
    const AdamwArg *a = arg;
    p->w -= a->rate * a->weight_decay * p->w;
    p->m = a->beta1 * p->m + (1 - a->beta1) * g;
    p->v = a->beta2 * p->v + (1 - a->beta2) * g * g;
    double m = p->m / (1 - pow(a->beta1, t)), v = p->v / (1 - pow(a->beta2, t));
    p->w -= a->rate * m / (sqrt(v) + a->eps);
}

/* As torch.optim.Adam's documentation has it: the decay goes into the gradient. */
static void plain_adam(Plainly *p, double g, int t, const void *arg)
{
    AdamArg a = *(const AdamArg *)arg;
    g += a.weight_decay * p->w;
    a.weight_decay = 0;
    plain_adamw(p, g, t, &a);
}

/* As torch.optim.RMSprop's documentation has it, not centred. */
static void plain_rmsprop(Plainly *p, double g, int t, const void *arg)
{
    const RmspropArg *a = arg;
    (void)t;
    g += a->weight_decay * p->w;
    p->v = a->alpha * p->v + (1 - a->alpha) * g * g;
    p->m = a->momentum * p->m + g / (sqrt(p->v) + a->eps);
    p->w -= a->rate * p->m;
}

/* Algorithm 2 of arXiv:2302.06675. */
static void plain_lion(Plainly *p, double g, int t, const void *arg)
{
    const LionArg *a = arg;
    (void)t;
    double u = a->beta1 * p->m + (1 - a->beta1) * g;
    p->w -= a->rate * ((u > 0) - (u < 0) + a->weight_decay * p->w);
    p->m = a->beta2 * p->m + (1 - a->beta2) * g;
}

/* loss = sum w^2 / 2 + sum c w: a gradient w + c that changes from step to step. */
static void step(Optim *o, Tensor *w, Tensor *c)
{
    Tensor *half = op_add(tape, op_scale(tape, w, 0.5), c);
    tape_backward(tape, op_sum(tape, op_mul(tape, half, w), 1));
    optim_step(o, tape);
    tape_reset(tape);
}

static void follow(Optim *o, Tensor *w, void (*plain)(Plainly *, double g, int t, const void *), const void *arg)
{
    Tensor *c = constant(SHAPE(N));
    Plainly p[N] = { 0 };
    for (int i = 0; i < N; i++) p[i].w = tensor_get(w, i);
    for (int t = 1; t <= STEPS; t++) {
        step(o, w, c);
        cr_assert_null(w->grad, "optim_step drops the gradients");
        for (int i = 0; i < N; i++) {
            plain(&p[i], p[i].w + tensor_get(c, i), t, arg);
            expect("w", i, tensor_get(w, i), p[i].w, 4 * sqrt(t) * 4 * epsilon()); /* some four roundings a step */
        }
    }
}

static NnParams just(Tensor *w)
{
    NnParams p = nn_params(model);
    nn_params_add(&p, "w", w);
    return p;
}

/* The gradient of sum w g is g, and it is where the library puts gradients. */
static void give_grad(Tensor *w, Tensor *g)
{
    tensor_drop_grad(w);
    tape_backward(tape, op_sum(tape, op_mul(tape, w, g), 1));
}

Test(optim, sgd)
{
    const SgdArg args[] = { { .rate = .1 },
                            { .rate = .1, .weight_decay = .3 },
                            { .rate = .05, .momentum = .9 },
                            { .rate = .05, .momentum = .9, .weight_decay = .1 },
                            { .rate = .05, .momentum = .9, .nesterov = true },
                            { .rate = .05, .momentum = .8, .nesterov = true, .weight_decay = .1 } };
    for (int i = 0; i < 6; i++) {
        Tensor *w = param(SHAPE(N));
        NnParams p = just(w);
        follow(optim_sgd(model, &p, args[i]), w, plain_sgd, &args[i]);
    }
}

Test(optim, adamw)
{
    const AdamwArg args[] = { { .rate = .01, .beta1 = .9, .beta2 = .999, .eps = 1e-8 },
                              { .rate = .1, .beta1 = .9, .beta2 = .999, .eps = 1e-8, .weight_decay = .1 },
                              { .rate = .03, .beta1 = .5, .beta2 = .7, .eps = 1e-2 } };
    for (int i = 0; i < 3; i++) {
        Tensor *w = param(SHAPE(N));
        NnParams p = just(w);
        follow(optim_adamw(model, &p, args[i]), w, plain_adamw, &args[i]);
    }
    Tensor *w = param(SHAPE(N));
    NnParams p = just(w);
    follow(optim_adamw(model, &p, (AdamwArg){ .rate = .01 }), w, plain_adamw, &args[0]); /* the defaults */
}

Test(optim, adam)
{
    const AdamArg args[] = { { .rate = .01, .beta1 = .9, .beta2 = .999, .eps = 1e-8 },
                             { .rate = .1, .beta1 = .9, .beta2 = .999, .eps = 1e-8, .weight_decay = .1 },
                             { .rate = .03, .beta1 = .5, .beta2 = .7, .eps = 1e-2, .weight_decay = .3 } };
    for (int i = 0; i < 3; i++) {
        Tensor *w = param(SHAPE(N));
        NnParams p = just(w);
        follow(optim_adam(model, &p, args[i]), w, plain_adam, &args[i]);
    }
}

Test(optim, rmsprop)
{
    const RmspropArg args[] = { { .rate = .01, .alpha = .99, .eps = 1e-8 },
                                { .rate = .01, .alpha = .9, .eps = 1e-3, .weight_decay = .2 },
                                { .rate = .01, .alpha = .9, .eps = 1e-8, .momentum = .8 },
                                { .rate = .01, .alpha = .9, .eps = 1e-8, .momentum = .5, .weight_decay = .2 } };
    for (int i = 0; i < 4; i++) {
        Tensor *w = param(SHAPE(N));
        NnParams p = just(w);
        follow(optim_rmsprop(model, &p, args[i]), w, plain_rmsprop, &args[i]);
    }
    Tensor *w = param(SHAPE(N));
    NnParams p = just(w);
    follow(optim_rmsprop(model, &p, (RmspropArg){ .rate = .01 }), w, plain_rmsprop, &args[0]); /* the defaults */
}

Test(optim, lion)
{
    const LionArg args[] = { { .rate = .01, .beta1 = .9, .beta2 = .99 },
                             { .rate = .03, .beta1 = .9, .beta2 = .99, .weight_decay = .5 },
                             { .rate = .02, .beta1 = .5, .beta2 = .7 } };
    for (int i = 0; i < 3; i++) {
        Tensor *w = param(SHAPE(N));
        NnParams p = just(w);
        follow(optim_lion(model, &p, args[i]), w, plain_lion, &args[i]);
    }
    Tensor *w = param(SHAPE(N));
    NnParams p = just(w);
    follow(optim_lion(model, &p, (LionArg){ .rate = .01 }), w, plain_lion, &args[0]); /* the defaults */
}

/* PyTorch 2.15 in float64, ten steps of loss = sum w^2 / 2 + sum c w from w = (1, -1/2, 1/4), c = (-3/4, 1/8, 1/2):
 *   for _ in range(10): o.zero_grad(); (w * w / 2 + c * w).sum().backward(); o.step() */
Test(optim, ten_steps_of_pytorch)
{
    const struct { const char *name; double want[3]; } CASE[] = {
        { "SGD(lr=.05, momentum=.9, weight_decay=.1, nesterov=True)",
          { 0.585411786359507, 0.003428545134884385, -0.6680167587753774 } },
        { "AdamW(lr=.1, weight_decay=.1)", { 0.7225907963502214, 0.02146801004315814, -0.5996280653066813 } },
        { "Adam(lr=.03, betas=(.8, .95), weight_decay=.1)",
          { 0.7279998770969585, -0.2203357607419608, -0.0414086137544159 } },
        { "RMSprop(lr=.01, alpha=.9, weight_decay=.1)",
          { 0.8458271044466393, -0.3419550384798655, 0.0844993882374057 } },
        { "RMSprop(lr=.01, momentum=.7)", { 0.7928029402633234, -0.12009700421583953, -0.603658026004182 } },
    };
    for (int i = 0; i < 5; i++) {
        Tensor *w = NUMBERS(1, -.5, .25), *c = NUMBERS(-.75, .125, .5);
        w->needs_grad = true;
        NnParams p = just(w);
        Optim *o =
            i == 0 ? optim_sgd(model, &p, (SgdArg){ .rate = .05, .momentum = .9, .weight_decay = .1, .nesterov = true })
            : i == 1 ? optim_adamw(model, &p, (AdamwArg){ .rate = .1, .weight_decay = .1 })
            : i == 2 ? optim_adam(model, &p, (AdamArg){ .rate = .03, .beta1 = .8, .beta2 = .95, .weight_decay = .1 })
            : i == 3 ? optim_rmsprop(model, &p, (RmspropArg){ .rate = .01, .alpha = .9, .weight_decay = .1 })
                     : optim_rmsprop(model, &p, (RmspropArg){ .rate = .01, .momentum = .7 });
        for (int t = 0; t < STEPS; t++) step(o, w, c);
        for (int k = 0; k < 3; k++) expect(CASE[i].name, k, tensor_get(w, k), CASE[i].want[k], 40 * epsilon());
    }
}

/* NaN in one gradient spoils that weight, and no other. */
Test(optim, nan_is_seen)
{
    for (int kind = 0; kind < 5; kind++) {
        Tensor *w = NUMBERS(1, 1, 1);
        w->needs_grad = true;
        NnParams p = just(w);
        Optim *o = kind == 0   ? optim_sgd(model, &p, (SgdArg){ .rate = .1, .momentum = .9 })
                   : kind == 1 ? optim_adam(model, &p, (AdamArg){ .rate = .1 })
                   : kind == 2 ? optim_adamw(model, &p, (AdamwArg){ .rate = .1 })
                   : kind == 3 ? optim_rmsprop(model, &p, (RmspropArg){ .rate = .1 })
                               : optim_lion(model, &p, (LionArg){ .rate = .1 });
        give_grad(w, NUMBERS(1, NAN, 1));
        optim_step(o, tape);
        cr_assert(tensor_get(w, 1) != tensor_get(w, 1), "rule %d", kind);
        cr_assert(tensor_get(w, 0) < 1 && tensor_get(w, 0) == tensor_get(w, 2), "rule %d", kind);
    }
}

/* ---- Clipping ---- */

/* Sizes around tiles and threads, against a sum in order. */
Test(optim, clip_by_the_norm_of_all)
{
    const int64_t sizes[] = { 1, 7, 16384, 16385, 100003 };
    NnParams p = nn_params(model);
    double plain = 0;
    for (int i = 0; i < 5; i++) {
        Tensor *w = param(SHAPE(sizes[i]));
        nn_params_add(&p, "w", w);
        if (i == 1) continue;           /* one without a gradient */
        give_grad(w, constant(SHAPE(sizes[i])));
        for (int64_t k = 0; k < sizes[i]; k++) plain += tensor_get(w->grad, k) * tensor_get(w->grad, k);
    }
    plain = sqrt(plain);
    double was = tensor_get(p.item[4].tensor->grad, 100002);
    expect("norm", 0, optim_clip(tape, &p, 2 * plain), plain, 1e-12 * plain);
    cr_assert_eq(tensor_get(p.item[4].tensor->grad, 100002), was, "clipped below the limit");
    double norm = optim_clip(tape, &p, 2.5);
    expect("norm", 1, norm, plain, 1e-12 * plain);
    cr_assert_eq(tensor_get(p.item[4].tensor->grad, 100002), (double)((real)was * (real)(2.5 / norm)));
    expect("norm", 2, optim_clip(tape, &p, 1e9), 2.5, 10 * epsilon());
}

Test(optim, clip_as_pytorch)
{
    Tensor *w = param(SHAPE(3));
    NnParams p = just(w);
    give_grad(w, NUMBERS(3, 4, 12));
    cr_assert_eq(optim_clip(tape, &p, 6.5), 13);
    EXPECT_VALUES(w->grad, 1.5, 2, 6);
}

Test(optim, clip_leaves_what_is_not_finite)
{
    const double bad[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++) {
        Tensor *w = param(SHAPE(3));
        NnParams p = just(w);
        give_grad(w, NUMBERS(3, bad[i], 4));
        double norm = optim_clip(tape, &p, 1);
        cr_assert(norm != norm || norm == (double)INFINITY);
        EXPECT_VALUES(w->grad, 3, bad[i], 4);
    }
    NnParams none = just(param(SHAPE(3)));
    cr_assert_eq(optim_clip(tape, &none, 1), 0);
    if (REAL == F32) { /* squares that overflow a float */
        Tensor *w = param(SHAPE(2));
        NnParams p = just(w);
        give_grad(w, NUMBERS(3e30, 4e30));
        expect("norm", 0, optim_clip(tape, &p, 1), 5e30, 1e24);
        expect("clipped", 0, tensor_get(w->grad, 0), .6, 1e-6);
    }
}

/* ---- Loss scaling ---- */

Test(optim, unscale)
{
    Tensor *w = param(SHAPE(3)), *v = param(SHAPE(2));
    NnParams p = just(w);
    nn_params_add(&p, "v", v);
    OptimScaler s = { .scale = 1024, .patience = 2 };
    give_grad(w, NUMBERS(1024, -2048, 0)), give_grad(v, NUMBERS(512, 1));
    cr_assert(optim_unscale(tape, &s, &p));
    EXPECT_VALUES(w->grad, 1, -2, 0);
    EXPECT_VALUES(v->grad, .5, 1. / 1024);
    cr_assert(s.scale == 1024 && s.good == 1);
    cr_assert(optim_unscale(tape, &s, &p));
    cr_assert(s.scale == 2048 && s.good == 0, "doubles after two good steps");
    cr_assert(optim_unscale(tape, &s, &p) && s.good == 1);
    const double bad[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++) {
        give_grad(w, constant(SHAPE(3))), give_grad(v, NUMBERS(1, bad[i]));
        cr_assert(!optim_unscale(tape, &s, &p));
        cr_assert(!w->grad && !v->grad, "the gradients are dropped");
        cr_assert(s.scale == 1024 >> i && s.good == 0);
    }
    s.scale = 1;
    give_grad(w, NUMBERS(NAN, 0, 0));
    cr_assert(!optim_unscale(tape, &s, &p) && s.scale == 1, "below 1 it would shrink");
}

/* ---- Rates ---- */

static void rates(const char *what, const Schedule *s, int n, const double *want)
{
    for (int i = 0; i < n; i++) expect(what, i, optim_schedule(s, i), want[i], 1e-15);
}
#define RATES(s, ...) \
    rates(#s, &s, (int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), (double[]){ __VA_ARGS__ })

/* PyTorch 2.15's schedulers at a rate of 2: CosineAnnealingLR(o, 8, eta_min=.2), LinearLR(o, 1, .25, 8),
 * StepLR(o, 3, .5), ExponentialLR(o, .75), OneCycleLR(o, 2., total_steps=10, pct_start=.3, final_div_factor=100). */
Test(optim, schedules_of_pytorch)
{
    const Schedule cosine = { RATE_COSINE, .rate = 2, .least = .1, .steps = 8 },
                   linear = { RATE_LINEAR, .rate = 2, .least = .25, .steps = 8 },
                   steps = { RATE_STEP, .rate = 2, .every = 3, .factor = .5 },
                   exponential = { RATE_EXPONENTIAL, .rate = 2, .factor = .75 },
                   one_cycle = { RATE_ONE_CYCLE, .rate = 2, .least = .0004, .warm = 3, .steps = 10 };
    RATES(cosine, 2.0, 1.9314915792601581, 1.7363961030678927, 1.444415089128581, 1.1, 0.7555849108714194,
          0.4636038969321074, 0.268508420739842, 0.2, 0.2);
    RATES(linear, 2.0, 1.8125, 1.625, 1.4375, 1.25, 1.0625, 0.875, 0.6875, 0.5, 0.5);
    RATES(steps, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 0.5, 0.5);
    RATES(exponential, 2.0, 1.5, 1.125, 0.84375, 0.6328125, 0.474609375);
    RATES(one_cycle, 0.08, 1.04, 2.0, 1.901008480355258, 1.62364040593799, 1.2228319255827318, 0.7779680744172682,
          0.37715959406201005, 0.09979151964474194, 0.0008, 0.0008);
}

Test(optim, schedules_warm_up)
{
    const Schedule constant_ = { RATE_CONSTANT, .rate = 2, .warm = 3 },
                   linear = { RATE_LINEAR, .rate = 2, .warm = 3, .steps = 7 },
                   decays = { RATE_EXPONENTIAL, .rate = 2, .warm = 1, .factor = .5, .least = .2 },
                   noam = { RATE_NOAM, .rate = 2, .warm = 4 }, cold = { RATE_NOAM, .rate = 1 };
    RATES(constant_, .5, 1, 1.5, 2, 2, 2);
    RATES(linear, .5, 1, 1.5, 2, 1.5, 1, .5, 0, 0);
    RATES(decays, 1, 2, 1, .5, .4, .4);
    RATES(noam, .5, 1, 1.5, 2, 2 * 2 / sqrt(5), 2 * 2 / sqrt(6), 2 * 2 / sqrt(7));
    RATES(cold, 1, 1 / sqrt(2), 1 / sqrt(3));
}

static void no_rest(void) { optim_schedule(&(Schedule){ RATE_COSINE, .rate = 1, .warm = 5, .steps = 5 }, 0); }
static void before(void) { optim_schedule(&(Schedule){ RATE_CONSTANT, .rate = 1 }, -1); }
static void never(void) { optim_schedule(&(Schedule){ RATE_STEP, .rate = 1, .factor = .5 }, 1); }

Test(optim, schedules_that_make_no_sense)
{
    expect_refusal(no_rest, "5 steps do not go beyond its 5 warm ones");
    expect_refusal(before, "step -1");
    expect_refusal(never, "every 0 steps");
}

Test(optim, the_rate_can_change)
{
    Tensor *w = NUMBERS(1);
    NnParams p = just(w);
    w->needs_grad = true;
    Optim *o = optim_sgd(model, &p, (SgdArg){ .rate = .25 });
    cr_assert_eq(optim_rate(o), .25);
    optim_set_rate(o, .125);
    cr_assert_eq(optim_rate(o), .125);
    tape_backward(tape, op_sum(tape, w, 1));
    optim_step(o, tape);
    cr_assert_eq(tensor_get(w, 0), .875);
}

Test(optim, what_has_no_gradient_stays)
{
    Tensor *w = param(SHAPE(3)), *other = param(SHAPE(3));
    NnParams p = just(w);
    nn_params_add(&p, "other", other);
    double was = tensor_get(other, 1);
    Optim *o = optim_adamw(model, &p, (AdamwArg){ .rate = .1, .weight_decay = .1 });
    tape_backward(tape, op_sum(tape, w, 1));
    optim_step(o, tape);
    cr_assert_eq(tensor_get(other, 1), was);
}

Test(optim, state_has_names_and_brings_a_run_back)
{
    const char *const want[] = { "optim.step", "optim.m.w", "optim.v.w" };
    Tensor *w = param(SHAPE(N)), *c = constant(SHAPE(N)), *again = param(SHAPE(N));
    NnParams p = just(w), q = just(again), from = nn_params(model), to = nn_params(model);
    Optim *o = optim_adamw(model, &p, (AdamwArg){ .rate = .1 }), *o2 = optim_adamw(model, &q, (AdamwArg){ .rate = .1 });
    for (int i = 0; i < 5; i++) step(o, w, c);
    optim_visit(o, "optim", nn_params_add, &from);
    optim_visit(o2, "", nn_params_add, &to);
    cr_assert_eq(from.n, 3);
    for (int i = 0; i < 3; i++) cr_assert_str_eq(from.item[i].name, want[i]);
    cr_assert_str_eq(to.item[2].name, "v.w");
    cr_assert_eq(from.item[0].tensor->dtype, I64);
    EXPECT_VALUES(from.item[0].tensor, 5);
    for (int i = 0; i < 3; i++)
        memcpy(to.item[i].tensor->data, from.item[i].tensor->data, tensor_bytes(from.item[i].tensor));
    memcpy(again->data, w->data, tensor_bytes(w));
    for (int i = 0; i < 5; i++) step(o, w, c), step(o2, again, c);
    cr_assert_arr_eq(w->data, again->data, tensor_bytes(w));
}

Test(optim, plain_sgd_keeps_nothing_but_the_step)
{
    NnParams p = just(param(SHAPE(N))), state = nn_params(model);
    optim_visit(optim_sgd(model, &p, (SgdArg){ .rate = .1 }), "", nn_params_add, &state);
    cr_assert_eq(state.n, 1);
    state.n = 0;
    optim_visit(optim_sgd(model, &p, (SgdArg){ .rate = .1, .momentum = .9 }), "", nn_params_add, &state);
    cr_assert_eq(state.n, 2);
    cr_assert_str_eq(state.item[1].name, "v.w");
}

Test(optim, each_rule_keeps_what_it_needs)
{
    static const char *const want[5][3] = {
        { "step", "m.w", "v.w" }, { "step", "m.w", "v.w" }, { "step", "v.w" }, { "step", "m.w", "v.w" },
        { "step", "m.w" },
    };
    NnParams p = just(param(SHAPE(N)));
    Optim *o[] = { optim_adam(model, &p, (AdamArg){ .rate = .1 }), optim_adamw(model, &p, (AdamwArg){ .rate = .1 }),
                   optim_rmsprop(model, &p, (RmspropArg){ .rate = .1 }),
                   optim_rmsprop(model, &p, (RmspropArg){ .rate = .1, .momentum = .9 }),
                   optim_lion(model, &p, (LionArg){ .rate = .1 }) };
    for (int i = 0; i < 5; i++) {
        NnParams state = nn_params(model);
        optim_visit(o[i], "", nn_params_add, &state);
        for (int k = 0; k < 3; k++) {
            cr_assert_eq(k < state.n, want[i][k] != NULL, "rule %d keeps %d tensors", i, state.n);
            if (k < state.n) cr_assert_str_eq(state.item[k].name, want[i][k]);
        }
    }
}

Test(optim, an_mlp_learns_xor)
{
    Rng rng = rng_new(3);
    Mlp m = nn_mlp(model, &rng, 2, (int[]){ 2, 16, 2 });
    NnParams p = nn_params(model);
    nn_mlp_visit(&m, "", nn_params_add, &p);
    Optim *o = optim_adamw(model, &p, (AdamwArg){ .rate = .05 });
    Tensor *x = op_reshape(tape, NUMBERS(0, 0, 0, 1, 1, 0, 1, 1), SHAPE(4, 2))->base, *y = targets(4, 2);
    memcpy(y->data, (int32_t[]){ 0, 1, 1, 0 }, 4 * sizeof(int32_t));
    tape_reset(tape);
    size_t reserved = 0, in_use = 0;
    double loss = 0;
    for (int s = 0; s < 300; s++, tape_reset(tape)) {
        Tensor *l = op_cross_entropy(tape, nn_mlp_forward(tape, &m, op_reshape(tape, x, SHAPE(4, 2))), y);
        tape_backward(tape, l);
        optim_step(o, tape);
        loss = tensor_get(l, 0);
        size_t now = arena_reserved(tape_arena(tape)) + arena_reserved(model);
        cr_assert(s == 0 || (now == reserved && arena_in_use(model) == in_use), "step %d needed more memory", s);
        reserved = now, in_use = arena_in_use(model);
    }
    cr_assert_lt(loss, 0.01);
}

static void nesterov_alone(void)
{
    NnParams p = just(param(SHAPE(2)));
    optim_sgd(model, &p, (SgdArg){ .rate = .1, .nesterov = true });
}

Test(optim, refusals) { expect_refusal(nesterov_alone, "optim_sgd: Nesterov needs momentum"); }
