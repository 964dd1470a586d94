/* test_nn.c -- modules: names, initial values, forward. Built with and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include "gradcheck.h"
#include "nn.h"

TestSuite(nn, .init = gradcheck_begin, .fini = gradcheck_end);

static Mlp an_mlp(int layers, const int *sizes)
{
    Rng rng = rng_new(7);
    return nn_mlp(model, &rng, layers, sizes);
}

Test(nn, the_visitor_names_every_parameter)
{
    const char *const want[] = { "hidden.0.weight", "hidden.0.bias", "hidden.1.weight", "hidden.1.bias",
                                 "0.weight", "0.bias", "1.weight", "1.bias" };
    Mlp m = an_mlp(2, (int[]){ 3, 5, 2 });
    NnParams p = nn_params(model);
    nn_mlp_visit(&m, "hidden", nn_params_add, &p);
    nn_mlp_visit(&m, "", nn_params_add, &p);
    cr_assert_eq(p.n, 8);
    for (int i = 0; i < 8; i++) cr_assert_str_eq(p.item[i].name, want[i]);
    cr_assert_eq(p.item[2].tensor, m.layer[1].w);
    cr_assert_eq(nn_params_count(&p), 2 * (3 * 5 + 5 + 5 * 2 + 2));
    expect_shape(m.layer[0].w, SHAPE(5, 3));
    expect_shape(m.layer[0].b, SHAPE(5));
}

Test(nn, any_number_of_parameters)
{
    NnParams p = nn_params(model);
    Tensor *x = param(SHAPE(1));
    char name[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "p%d", i);
        nn_params_add(&p, name, x);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "p%d", i);
        cr_assert_str_eq(p.item[i].name, name);
    }
    cr_assert_eq(nn_params_count(&p), 1000);
}

/* Mean 0 and variance 2 / IN within four standard errors; the biases 0. */
Test(nn, weights_start_as_he_says)
{
    enum { IN = 300, OUT = 400, N = IN * OUT };
    Mlp m = an_mlp(1, (int[]){ IN, OUT });
    double sum = 0, squares = 0, variance = 2.0 / IN;
    for (int i = 0; i < N; i++) sum += tensor_get(m.layer[0].w, i), squares += pow(tensor_get(m.layer[0].w, i), 2);
    cr_assert_lt(fabs(sum / N), 4 * sqrt(variance / N));
    cr_assert_lt(fabs(squares / N - variance), 4 * variance * sqrt(2.0 / N));
    for (int i = 0; i < OUT; i++) cr_assert_eq(tensor_get(m.layer[0].b, i), 0);
    cr_assert(m.layer[0].w->needs_grad && m.layer[0].b->needs_grad);
}

static Tensor *mlp(Tape *t, Tensor **in, void *ctx) { return nn_mlp_forward(t, ctx, in[0]); }

Test(nn, mlp_is_linear_relu_linear)
{
    Mlp m = an_mlp(3, (int[]){ 4, 6, 5, 3 });
    for (int l = 0; l < 3; l++)
        for (int i = 0; i < m.layer[l].b->shape[0]; i++) tensor_set(m.layer[l].b, i, uniform(-1, 1));
    Tensor *x = param(SHAPE(7, 4)), *y = nn_mlp_forward(tape, &m, x);
    for (int n = 0; n < 7; n++) {
        double h[3][8] = { { 0 } };
        for (int i = 0; i < 4; i++) h[0][i] = tensor_get(x, n * 4 + i);
        for (int l = 0; l < 3; l++) {
            double *from = h[l % 2], *to = h[1 - l % 2];
            int64_t OUT = m.layer[l].w->shape[0], IN = m.layer[l].w->shape[1];
            for (int o = 0; o < OUT; o++) {
                to[o] = tensor_get(m.layer[l].b, o);
                for (int i = 0; i < IN; i++) to[o] += tensor_get(m.layer[l].w, o * IN + i) * from[i];
                if (l < 2) to[o] = fmax(to[o], 0);
            }
        }
        for (int o = 0; o < 3; o++) expect("mlp", n * 3 + o, tensor_get(y, n * 3 + o), h[1][o], 100 * epsilon());
    }
    if (REAL == F64) GRADCHECK(mlp, &m, x); /* in F32 the step is so wide that it crosses a ReLU's kink */
}

Test(nn, correct_counts_rows)
{
    Tensor *scores = op_reshape(tape, NUMBERS(1, 2, /**/ 2, 1, /**/ 3, 3, /**/ -1, -2), SHAPE(4, 2));
    Tensor *target = targets(4, 2);
    const int32_t want[] = { 1, 1, 0, 0 };
    memcpy(target->data, want, sizeof want);
    cr_assert_eq(nn_correct(tape, scores, target), 3);
    cr_assert_eq(nn_correct(tape, param(SHAPE(0, 2)), targets(0, 2)), 0);
}

static void no_layers(void) { an_mlp(0, (int[]){ 3 }); }
static void long_name(void) { nn_name("a.very.long.prefix.that.goes.on.and.on.and.on.until", "nobody.can.read"); }
static void wrong_targets(void) { nn_correct(tape, param(SHAPE(3, 2)), targets(2, 2)); }

Test(nn, refusals)
{
    expect_refusal(no_layers, "nn_mlp: 0 layers, from 1 to 32");
    expect_refusal(long_name, "is longer than 63 letters");
    expect_refusal(wrong_targets, "nn_correct: needs one i32 target per row of scores: f");
}
