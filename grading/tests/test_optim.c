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
