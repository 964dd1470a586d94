/* test_nn.c -- modules: names, initial values, forward. Built with and without REAL64. */
#define _GNU_SOURCE /* mkstemp */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "checkpoint.h"
#include "data.h"
#include "gradcheck.h"
#include "optim.h"

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

/* ---- Norms ---- */

Test(nn, norms_start_as_they_are_said_to)
{
    LayerNorm l = nn_layernorm(model, 3);
    RmsNorm r = nn_rmsnorm(model, 3);
    GroupNorm g = nn_groupnorm(model, 3, 3);
    BatchNorm b = nn_batchnorm(model, 3);
    Tensor *ones[] = { l.w, r.w, g.w, b.w, b.var }, *zeros[] = { l.b, g.b, b.b, b.mean };
    for (int i = 0; i < 5; i++) EXPECT_VALUES(ones[i], 1, 1, 1);
    for (int i = 0; i < 4; i++) EXPECT_VALUES(zeros[i], 0, 0, 0);
    cr_assert(l.w->needs_grad && r.w->needs_grad && g.b->needs_grad && b.w->needs_grad);
    cr_assert(!b.mean->needs_grad && !b.var->needs_grad);
    cr_assert(l.eps == 1e-5 && r.eps == 1e-6 && g.eps == 1e-5 && b.eps == 1e-5 && b.momentum == .1 && g.groups == 3);
}

/* While training the batch's statistics, which the running ones follow; else the running ones, which stay. */
Test(nn, batchnorm_has_two_lives)
{
    BatchNorm l = nn_batchnorm(model, 2);
    Tensor *x = op_reshape(tape, NUMBERS(1, 10, /**/ 3, 30, /**/ 5, 20, /**/ 7, 20), SHAPE(4, 2));
    Tensor *y = nn_batchnorm_forward(tape, &l, x);
    const double mean[] = { 4, 20 }, var[] = { 5, 50 };
    for (int c = 0; c < 2; c++) {
        for (int n = 0; n < 4; n++)
            expect("of the batch", 2 * n + c, tensor_get(y, 2 * n + c),
                   (tensor_get(x, 2 * n + c) - mean[c]) / sqrt(var[c] + 1e-5), 8 * epsilon());
        expect("running mean", c, tensor_get(l.mean, c), .1 * mean[c], 4 * epsilon());
        expect("running var, of N - 1", c, tensor_get(l.var, c), .9 + .1 * var[c] * 4 / 3, 16 * epsilon());
    }
    double before[2] = { tensor_get(l.mean, 0), tensor_get(l.var, 0) };
    cr_assert(tape_train(tape, false));
    y = nn_batchnorm_forward(tape, &l, x);
    tape_train(tape, true);
    for (int n = 0; n < 4; n++)
        expect("in use", n, tensor_get(y, 2 * n), (tensor_get(x, 2 * n) - before[0]) / sqrt(before[1] + 1e-5),
               16 * epsilon());
    cr_assert(tensor_get(l.mean, 0) == before[0] && tensor_get(l.var, 0) == before[1],
              "use has changed the statistics");
}

/* ---- Convolution, embedding, dropout ---- */

Test(nn, conv_starts_as_he_says)
{
    Rng rng = rng_new(3);
    Conv2d l = nn_conv2d(model, &rng, 32, 64, 5, (ConvArg){ .groups = 2 });
    expect_shape(l.w, SHAPE(64, 16, 5, 5));
    double sum = 0, squares = 0, N = (double)tensor_count(l.w), variance = 2.0 / (16 * 25);
    for (int64_t i = 0; i < tensor_count(l.w); i++) sum += tensor_get(l.w, i), squares += pow(tensor_get(l.w, i), 2);
    cr_assert_lt(fabs(sum / N), 4 * sqrt(variance / N));
    cr_assert_lt(fabs(squares / N - variance), 4 * variance * sqrt(2.0 / N));
    for (int i = 0; i < 64; i++) cr_assert_eq(tensor_get(l.b, i), 0);
}

Test(nn, dropout_only_while_training)
{
    enum { N = 20000 };
    const Rng rng = rng_new(5);
    Dropout a = nn_dropout(&rng, 1, .25), b = nn_dropout(&rng, 2, .25);
    Tensor *x = op_fill(tape, constant(SHAPE(N)), 3), *y = nn_dropout_forward(tape, &a, x);
    Tensor *z = nn_dropout_forward(tape, &b, x);
    int dropped = 0, both = 0;
    for (int i = 0; i < N; i++) {
        double v = tensor_get(y, i);
        cr_assert(v == 0 || fabs(v - 4) < 1e-5, "3 became %g", v);
        dropped += v == 0, both += v == 0 && tensor_get(z, i) == 0;
    }
    cr_assert_lt(abs(dropped - N / 4), 4 * 62, "%d dropped", dropped);
    cr_assert_lt(abs(both - N / 16), 4 * 35, "two streams dropped %d alike", both);
    tape_train(tape, false);
    cr_assert_eq(nn_dropout_forward(tape, &a, x), x);
    tape_train(tape, true);
}

Test(nn, embedding_picks_rows)
{
    Rng rng = rng_new(6);
    Embedding l = nn_embedding(model, &rng, 5, 3);
    Tensor *index = targets(4, 5), *y = nn_embedding_forward(tape, &l, index);
    expect_shape(y, SHAPE(4, 3));
    for (int i = 0; i < 12; i++)
        expect("embedding", i, tensor_get(y, i), tensor_get(l.w, (int64_t)tensor_get(index, i / 3) * 3 + i % 3), 0);
}

/* ---- Sequential ---- */

/* 8 x 8 pixels: two convolutions with batch norm and pooling, dropout, one linear layer. */
typedef struct Cnn {
    Conv2d     conv[2];
    BatchNorm  norm[2];
    PoolArg    pool;
    Dropout    dropout;
    Linear     out;
    Sequential all;
    Rng        rng;
} Cnn;

static Cnn *cnn(uint64_t seed)
{
    Cnn *m = arena_alloc(model, DEV_CPU, sizeof *m, "net");
    *m = (Cnn){ .rng = rng_new(seed), .pool = { .kernel = { 2, 2 } } };
    for (int i = 0; i < 2; i++) {
        m->conv[i] = nn_conv2d(model, &m->rng, i ? 8 : 1, i ? 16 : 8, 3, (ConvArg){ .pad = { 1, 1 } });
        m->norm[i] = nn_batchnorm(model, i ? 16 : 8);
        nn_add(&m->all, &nn_conv2d_row, &m->conv[i]);
        nn_add(&m->all, &nn_batchnorm_row, &m->norm[i]);
        nn_add(&m->all, &nn_relu_row, NULL);
        nn_add(&m->all, &nn_max_pool_row, &m->pool);
    }
    m->dropout = nn_dropout(&m->rng, 1, .1);
    m->out = nn_linear(model, &m->rng, 64, 10);
    nn_add(&m->all, &nn_flatten_row, NULL);
    nn_add(&m->all, &nn_dropout_row, &m->dropout);
    nn_add(&m->all, &nn_linear_row, &m->out);
    return m;
}

static NnParams state(Cnn *m)
{
    NnParams p = nn_params(model);
    nn_sequential_visit(&m->all, "", nn_params_add, &p);
    return p;
}

Test(nn, sequential_names_its_layers)
{
    const char *const want[] = { "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
                                 "4.weight", "4.bias", "5.weight", "5.bias", "5.running_mean", "5.running_var",
                                 "10.weight", "10.bias" };
    NnParams p = state(cnn(1));
    cr_assert_eq(p.n, 14);
    for (int i = 0; i < 14; i++) cr_assert_str_eq(p.item[i].name, want[i]);
}

/* Every row does what its module does. */
Test(nn, rows_are_their_modules)
{
    Rng rng = rng_new(2);
    Tensor *x = constant(SHAPE(3, 4, 6, 6)), *rows = constant(SHAPE(5, 4));
    PoolArg pool = { .kernel = { 2, 3 } };
    Linear linear = nn_linear(model, &rng, 4, 3);
    LayerNorm layer = nn_layernorm(model, 4);
    RmsNorm rms = nn_rmsnorm(model, 4);
    GroupNorm group = nn_groupnorm(model, 2, 4);
    Embedding table = nn_embedding(model, &rng, 7, 3);
    Tensor *index = targets(5, 7);
    const struct { const ModuleRow *row; void *self; Tensor *in, *want; } all[] = {
        { &nn_linear_row, &linear, rows, nn_linear_forward(tape, &linear, rows) },
        { &nn_layernorm_row, &layer, rows, nn_layernorm_forward(tape, &layer, rows) },
        { &nn_rmsnorm_row, &rms, rows, nn_rmsnorm_forward(tape, &rms, rows) },
        { &nn_groupnorm_row, &group, x, nn_groupnorm_forward(tape, &group, x) },
        { &nn_embedding_row, &table, index, nn_embedding_forward(tape, &table, index) },
        { &nn_relu_row, NULL, x, op_relu(tape, x) },
        { &nn_gelu_row, NULL, x, op_gelu(tape, x) },
        { &nn_tanh_row, NULL, x, op_tanh(tape, x) },
        { &nn_flatten_row, NULL, x, op_reshape(tape, x, SHAPE(3, 144)) },
        { &nn_max_pool_row, &pool, x, op_max_pool2d(tape, x, pool) },
        { &nn_avg_pool_row, &pool, x, op_avg_pool2d(tape, x, pool) },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Tensor *y = all[i].row->forward(tape, all[i].self, all[i].in);
        cr_assert(tensor_same_shape(y, all[i].want), "%s", all[i].row->name);
        cr_assert_arr_eq(y->data, all[i].want->data, tensor_bytes(y), "%s", all[i].row->name);
    }
}

/* Images from .. to-1 of the digits, in the order given. */
static Tensor *images(const Dataset *d, const int32_t *order, int64_t from, int64_t to, Tensor **target)
{
    Tensor *x = tensor_new(tape_arena(tape), DEV_CPU, REAL, SHAPE(to - from, 1, 8, 8));
    *target = tensor_new(tape_arena(tape), DEV_CPU, I32, SHAPE(to - from));
    for (int64_t i = from; i < to; i++) {
        int64_t row = order ? order[i] : i;
        memcpy((real *)x->data + (i - from) * 64, (const real *)d->x->data + row * 64, 64 * sizeof(real));
        tensor_set(*target, i - from, tensor_get(d->y, row));
    }
    return x;
}

static double accuracy(Cnn *m, const Dataset *d)
{
    Tensor *target, *x = images(d, NULL, d->train, d->x->shape[0], &target);
    bool trained = tape_train(tape, false), recorded = tape_record(tape, false);
    double right = (double)nn_correct(tape, nn_sequential_forward(tape, &m->all, x), target);
    tape_train(tape, trained), tape_record(tape, recorded);
    return right / (double)target->shape[0];
}

/* A convolutional net learns handwritten digits in a few epochs, and a file brings all of it back, running statistics
 * too. */
Test(nn, cnn_learns_digits_and_is_saved, .timeout = 60)
{
    enum { BATCH = 32, EPOCHS = 4 };
    Dataset d;
    const char *wrong = data_load(model, "digits", REAL, &d);
    cr_assert(!wrong, "%s", wrong);
    Cnn *m = cnn(1), *other = cnn(2);
    NnParams p = state(m), q = state(other);
    Optim *o = optim_adam(model, &p, (AdamArg){ .rate = 1e-2 });
    int32_t *order = malloc((size_t)d.train * sizeof *order);
    for (int e = 0; e < EPOCHS; e++) {
        for (int32_t i = 0; i < d.train; i++) order[i] = i;
        rng_shuffle(&m->rng, order, d.train);
        for (int64_t at = 0; at + BATCH <= d.train; at += BATCH) {
            Tensor *target, *x = images(&d, order, at, at + BATCH, &target);
            tape_backward(tape, op_cross_entropy(tape, nn_sequential_forward(tape, &m->all, x), target));
            optim_step(o, tape);
            tape_reset(tape);
        }
    }
    free(order);
    double learned = accuracy(m, &d), chance = accuracy(other, &d);
    cr_assert_gt(learned, .93, "accuracy %g", learned);
    cr_assert_lt(chance, .5, "untrained: %g", chance);

    char path[] = "/tmp/test_nn_XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    wrong = checkpoint_save(path, &p, NULL);
    cr_assert(!wrong, "%s", wrong);
    wrong = checkpoint_load(model, path, &q, NULL);
    unlink(path);
    cr_assert(!wrong, "%s", wrong);
    for (int i = 0; i < p.n; i++)
        cr_assert_arr_eq(p.item[i].tensor->data, q.item[i].tensor->data, tensor_bytes(p.item[i].tensor), "%s",
                         p.item[i].name);
    cr_assert_eq(accuracy(other, &d), learned);
}

static void too_many_layers(void)
{
    Sequential s = { 0 };
    for (int i = 0; i <= NN_MAX_LAYERS; i++) nn_add(&s, &nn_relu_row, NULL);
}
static void odd_groups(void) { nn_groupnorm(model, 3, 4); }
static void odd_conv_groups(void)
{
    Rng rng = rng_new(1);
    nn_conv2d(model, &rng, 3, 4, 3, (ConvArg){ .groups = 2 });
}
static void no_layers(void) { an_mlp(0, (int[]){ 3 }); }
static void long_name(void) { nn_name("a.very.long.prefix.that.goes.on.and.on.and.on.until", "nobody.can.read"); }
static void wrong_targets(void) { nn_correct(tape, param(SHAPE(3, 2)), targets(2, 2)); }

Test(nn, refusals)
{
    expect_refusal(no_layers, "nn_mlp: 0 layers, from 1 to 32");
    expect_refusal(long_name, "is longer than 63 letters");
    expect_refusal(too_many_layers, "nn_add: a sequential of more than 32 layers");
    expect_refusal(odd_groups, "nn_groupnorm: 4 channels do not make 3 groups");
    expect_refusal(odd_conv_groups, "nn_conv2d: 3 and 4 channels do not make 2 groups");
    expect_refusal(wrong_targets, "nn_correct: needs one i32 target per row of scores: f");
}
