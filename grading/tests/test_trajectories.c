/* test_trajectories.c -- ten training steps of an MLP, a LeNet, an LSTM and a GPT against PyTorch's. With and without
 * REAL64. What PyTorch got stands in trajectories.h, which trajectories.py writes. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include "gpt.h"
#include "gradcheck.h"
#include "optim.h"

TestSuite(trajectories, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

/* A parameter in the end: its sum, and its sum with random signs. */
typedef struct Recorded { const char *name; double sum, signed_sum; } Recorded;

#include "trajectories.h"

enum { STEPS = 10 };

/* ---- The formula for weights and data ---- */

static double formula(uint64_t stream, uint64_t i) /* -1 .. 1 */
{
    uint64_t z = ((stream << 32) + i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 40) * 0x1p-23 - 1;
}

static Tensor *reals(uint64_t stream, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(model, DEV_CPU, REAL, ndim, shape);
    for (int64_t i = 0; i < tensor_count(x); i++) tensor_set(x, i, formula(stream, (uint64_t)i));
    return x;
}

static Tensor *integers(uint64_t stream, int n, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(model, DEV_CPU, I32, ndim, shape);
    for (int64_t i = 0; i < tensor_count(x); i++) tensor_set(x, i, floor((formula(stream, (uint64_t)i) + 1) / 2 * n));
    return x;
}

static bool ends(const char *name, const char *with)
{
    return strlen(name) >= strlen(with) && !strcmp(name + strlen(name) - strlen(with), with);
}

/* Rounded to float in either build, so that both start where PyTorch did. */
static void fill(const NnParams *params)
{
    for (int p = 0; p < params->n; p++) {
        const NnParam *item = &params->item[p];
        Tensor *w = item->tensor;
        double  one = strstr(item->name, "ln_") && ends(item->name, "weight") ? 1 : 0, most = 0.1;
        if (w->ndim > 1) most = sqrt(3.0 / (double)(tensor_count(w) / w->shape[0]));
        for (int64_t i = 0; i < tensor_count(w); i++)
            tensor_set(w, i, (double)(float)(one + most * formula(100 + (uint64_t)p, (uint64_t)i)));
    }
}

/* ---- Ten steps ---- */

typedef Tensor *Loss(void *net);

/* Relative to 1 at the least: a sum of many weights may be near 0 by chance, and then its rounding is not. */
static void agree(const char *what, int64_t i, double got, double want)
{
    expect(what, i, got, want, (sizeof(real) == 8 ? 1e-11 : 1e-5) * fmax(1, fabs(want)));
}

static void replay(const NnParams *params, Optim *optim, Loss *loss, void *net, const double *losses,
                   const Recorded *end, size_t n_end)
{
    cr_assert_eq((size_t)params->n, n_end);
    for (int step = 0; step <= STEPS; step++) {
        Tensor *y = loss(net);
        agree("loss before step", step, tensor_get(y, 0), losses[step]);
        tape_backward(tape, y);
        if (step < STEPS) optim_step(optim, tape);
        tape_reset(tape);
    }
    for (int p = 0; p < params->n; p++) {
        const NnParam *item = &params->item[p];
        cr_assert_str_eq(item->name, end[p].name);
        double sum = 0, signed_sum = 0;
        for (int64_t i = 0; i < tensor_count(item->tensor); i++) {
            double w = tensor_get(item->tensor, i);
            sum += w;
            signed_sum += formula(200 + (uint64_t)p, (uint64_t)i) < 0 ? -w : w;
        }
        agree(item->name, 0, sum, end[p].sum);
        agree(item->name, 1, signed_sum, end[p].signed_sum);
    }
}

#define REPLAY(name, params, optim, loss, net) \
    replay(params, optim, loss, net, name##_losses, name##_end, sizeof name##_end / sizeof *name##_end)

/* ---- The models ---- */

static Tensor *mlp_loss(void *net)
{
    return op_cross_entropy(tape, nn_mlp_forward(tape, net, reals(1, SHAPE(10, 12))), integers(2, 4, SHAPE(10)));
}

Test(trajectories, mlp)
{
    Rng rng = rng_new(1);
    Mlp net = nn_mlp(model, &rng, 3, (int[]){ 12, 16, 8, 4 });
    NnParams params = nn_params(model);
    nn_mlp_visit(&net, "", nn_params_add, &params);
    fill(&params);
    REPLAY(mlp, &params, optim_adam(model, &params, (AdamArg){ .rate = 1e-2, .eps = 1e-5 }), mlp_loss, &net);
}

typedef struct LeNet { Conv2d conv1, conv2; Linear fc1, fc2; } LeNet;

static Tensor *lenet_loss(void *net)
{
    const LeNet *m = net;
    const PoolArg halves = { .kernel = { 2, 2 } };
    Tensor *x = op_relu(tape, nn_conv2d_forward(tape, &m->conv1, reals(1, SHAPE(6, 1, 12, 12))));
    x = op_relu(tape, nn_conv2d_forward(tape, &m->conv2, op_max_pool2d(tape, x, halves)));
    x = op_reshape(tape, op_max_pool2d(tape, x, halves), SHAPE(6, 24));
    x = nn_linear_forward(tape, &m->fc2, op_relu(tape, nn_linear_forward(tape, &m->fc1, x)));
    return op_cross_entropy(tape, x, integers(2, 5, SHAPE(6)));
}

Test(trajectories, lenet)
{
    Rng   rng = rng_new(1);
    LeNet net = { .conv1 = nn_conv2d(model, &rng, 1, 4, 5, (ConvArg){ .pad = { 2, 2 } }),
                  .conv2 = nn_conv2d(model, &rng, 4, 6, 3, (ConvArg){ .groups = 1 }),
                  .fc1 = nn_linear(model, &rng, 24, 16),
                  .fc2 = nn_linear(model, &rng, 16, 5) };
    NnParams params = nn_params(model);
    nn_conv2d_visit(&net.conv1, "conv1", nn_params_add, &params);
    nn_conv2d_visit(&net.conv2, "conv2", nn_params_add, &params);
    nn_linear_visit(&net.fc1, "fc1", nn_params_add, &params);
    nn_linear_visit(&net.fc2, "fc2", nn_params_add, &params);
    fill(&params);
    SgdArg arg = { .rate = 5e-2, .momentum = 0.9, .weight_decay = 1e-3 };
    REPLAY(lenet, &params, optim_sgd(model, &params, arg), lenet_loss, &net);
}

typedef struct Characters { Embedding embedding; Lstm lstm; Linear out; } Characters;

static Tensor *lstm_loss(void *net)
{
    const Characters *m = net;
    Tensor *x = nn_embedding_forward(tape, &m->embedding, integers(1, 11, SHAPE(7, 3)));
    x = nn_linear_forward(tape, &m->out, nn_lstm_forward(tape, &m->lstm, x, NULL, NULL));
    return op_cross_entropy(tape, op_reshape(tape, x, SHAPE(21, 11)), integers(2, 11, SHAPE(21)));
}

Test(trajectories, lstm)
{
    Rng        rng = rng_new(1);
    Characters net = { nn_embedding(model, &rng, 11, 8), nn_lstm(model, &rng, 8, 8, 2), nn_linear(model, &rng, 8, 11) };
    NnParams   params = nn_params(model);
    nn_embedding_visit(&net.embedding, "embedding", nn_params_add, &params);
    nn_lstm_visit(&net.lstm, "lstm", nn_params_add, &params);
    nn_linear_visit(&net.out, "out", nn_params_add, &params);
    fill(&params);
    REPLAY(lstm, &params, optim_adam(model, &params, (AdamArg){ .rate = 1e-2, .eps = 1e-5 }), lstm_loss, &net);
}

static Tensor *loss_of_gpt(void *net)
{
    return gpt_loss(tape, net, integers(1, 13, SHAPE(2, 8)), integers(2, 13, SHAPE(2, 8)));
}

Test(trajectories, gpt)
{
    Rng  rng = rng_new(1);
    Gpt *net = gpt_new(model, &rng, (GptSize){ .V = 13, .T = 8, .C = 12, .layers = 2, .heads = 3 }, 0);
    NnParams params = nn_params(model);
    gpt_visit(net, "", nn_params_add, &params);
    fill(&params);
    AdamwArg arg = { .rate = 1e-2, .eps = 1e-3, .weight_decay = 0.1 };
    REPLAY(gpt, &params, optim_adamw(model, &params, arg), loss_of_gpt, net);
}
