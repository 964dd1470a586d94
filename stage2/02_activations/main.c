/* main.c -- values and slopes of nine functions; layers that collapse; units that saturate, and units that die. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "activations.h"
#include "data.h"
#include "loader.h"
#include "optim.h"
#include "plug.h"
#include "program.h"

typedef struct Options {
    const char *data, *with;
    int         epochs, seeds, starts;
    double      rate;
} Options;

static const Flag flags[] = {
    { "data", FLAG_TEXT, offsetof(Options, data), "digits", NULL, NULL, "digits or mnist" },
    { "with", FLAG_TEXT, offsetof(Options, with), "own", NULL, "library", "whose functions train: own or library" },
    { "epochs", FLAG_INT, offsetof(Options, epochs), "12", "2", "40", "times that every row is seen" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.1", NULL, NULL, "of the nets that shall learn" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "3", "1", "5", "nets a function, a seed each; the median counts" },
    { "starts", FLAG_INT, offsetof(Options, starts), "20", "2", NULL, "random starts of each net on XOR" },
    { 0 },
};

enum { KINDS = 9, LAYERS = 4, MAX_SEEDS = 100 };
static const char *const names[KINDS] = { "sigmoid", "tanh", "relu", "leaky", "elu", "softplus", "silu", "gelu",
                                          "gelu tanh" };
static double alpha_of(int kind) { return kind == ACTIVATIONS_LEAKY_RELU ? 0.01 : 1; }

/* One number through this folder's functions. */
static double value(int kind, double at)
{
    float x = (float)at, y = 0;
    if (kind <= ACTIVATIONS_TANH) activations_squash(&y, &x, (ActivationsKind)kind, 1);
    else if (kind <= ACTIVATIONS_SOFTPLUS)
        activations_rectify(&y, &x, (ActivationsKind)kind, (float)alpha_of(kind), 1);
    else activations_gate(&y, &x, (ActivationsKind)kind, 1);
    return y;
}

/* dx of N numbers; saved as the header wants it: y of the squashing ones, x of all others. */
static void slopes(float *dx, const float *saved, const float *dy, int kind, int N)
{
    if (kind <= ACTIVATIONS_TANH) activations_squash_backward(dx, saved, dy, (ActivationsKind)kind, N);
    else if (kind <= ACTIVATIONS_SOFTPLUS)
        activations_rectify_backward(dx, saved, dy, (ActivationsKind)kind, (float)alpha_of(kind), N);
    else activations_gate_backward(dx, saved, dy, (ActivationsKind)kind, N);
}

static double slope(int kind, double at)
{
    float saved = kind <= ACTIVATIONS_TANH ? (float)value(kind, at) : (float)at, one = 1, dx;
    slopes(&dx, &saved, &one, kind, 1);
    return dx;
}

/* ---- Tables and curves ------------------------------------------------------------------------------------------- */

static void tables(Program *p)
{
    double apart = 0, where = 0;
    printf("\nvalue, and slope below it\n%9s", "x");
    for (int k = 0; k < KINDS; k++) printf("%10s", names[k]);
    for (int x = -3; x <= 3; x++) {
        printf("\n%9d", x);
        for (int k = 0; k < KINDS; k++) printf("%10.4f", value(k, x));
        printf("\n%9s", "");
        for (int k = 0; k < KINDS; k++) printf("%10.4f", slope(k, x));
    }
    printf("\n\nsigmoid saturates\n%9s%12s%12s\n", "x", "sigmoid", "slope");
    for (int x = -10; x <= 10; x += 2) printf("%9d%12.3g%12.3g\n", x, value(0, x), slope(0, x));
    for (double x = -8; x <= 8; x += 1.0 / 128) {
        double gap = fabs(value(ACTIVATIONS_GELU, x) - value(ACTIVATIONS_GELU_TANH, x));
        if (gap > apart || isnan(gap)) apart = gap, where = fabs(x);
        if (isnan(gap)) break;
    }
    printf("\n");
    program_promise(p, "gelu and its neighbour, apart at most", apart, "<=", 5e-4);
    printf("(at x = %.2f and -%.2f)\n", where, where);
}

static const char *draw_curves(Program *p, const char *name, const char *title, double (*f)(int, double))
{
    Plot *plot = program_plot(p, name, (PlotArg){
        .title = title, .kind = PLOT_LINES, .x = "x", .y = f == value ? "value" : "slope",
        .caption = f == value ? "Two are squeezed between bounds; the others let large numbers through as they are."
                              : "Sigmoid's slope is at most 1/4; both that squash lose it on either side." });
    static const int shown[] = { ACTIVATIONS_SIGMOID, ACTIVATIONS_TANH, ACTIVATIONS_RELU, ACTIVATIONS_ELU,
                                 ACTIVATIONS_GELU };
    for (size_t k = 0; k < sizeof shown / sizeof *shown; k++)
        for (int i = -50; i <= 50; i++)
            plot_point(plot, names[shown[k]], i / 10.0, round(1e4 * f(shown[k], i / 10.0)) / 1e4);
    return plot_done(plot);
}

/* ---- Layers with nothing between them ---------------------------------------------------------------------------- */

static void layers_collapse(Program *p, Arena *a, Rng *rng)
{
    enum { L = 3, ROWS = 100 };
    static const int size[L + 1] = { 64, 128, 128, 10 };
    int    P = 0, units = 0, one = (size[0] + 1) * size[L];
    double apart = 0;
    for (int l = 0; l < L; l++) P += (size[l] + 1) * size[l + 1], units += size[l + 1];
    float *param = arena_alloc(a, DEV_CPU, (size_t)P * sizeof(float), "layers"), *at = param;
    float *w = arena_alloc(a, DEV_CPU, (size_t)(one + units * (size[0] + 1)) * sizeof(float), "one layer");
    float *b = w + size[0] * size[L];
    for (int l = 0; l < L; l++) {
        for (int i = 0; i < size[l] * size[l + 1]; i++) *at++ = (float)(rng_normal(rng) / sqrt(size[l]));
        for (int o = 0; o < size[l + 1]; o++) *at++ = (float)rng_normal(rng);
    }
    activations_collapse(w, b, w + one, param, L, size);
    for (int n = 0; n < ROWS; n++) {
        double in[128], out[128], x[64];
        for (int i = 0; i < size[0]; i++) x[i] = in[i] = rng_normal(rng);
        at = param;
        for (int l = 0; l < L; at += (size[l] + 1) * size[l + 1], l++) {
            for (int o = 0; o < size[l + 1]; o++) {
                out[o] = at[size[l] * size[l + 1] + o];
                for (int i = 0; i < size[l]; i++) out[o] += at[o * size[l] + i] * in[i];
            }
            memcpy(in, out, sizeof in);
        }
        for (int o = 0; o < size[L]; o++) {
            double y = b[o];
            for (int i = 0; i < size[0]; i++) y += (double)w[o * size[0] + i] * x[i];
            y = fabs(y - in[o]), apart = isnan(y) || isnan(apart) ? NAN : fmax(apart, y);
        }
    }
    printf("\n%d linear layers, %d parameters, are one of %d\n", L, P, one);
    program_promise(p, "answers to 100 rows, apart at most", apart, "<=", 1e-4);
}

/* ---- Nets -------------------------------------------------------------------------------------------------------- */

static Tensor *activate(Tape *t, Tensor *x, int kind)   /* kind < 0: nothing */
{
    switch (kind) {
    case ACTIVATIONS_SIGMOID: return op_sigmoid(t, x);
    case ACTIVATIONS_TANH: return op_tanh(t, x);
    case ACTIVATIONS_RELU: return op_relu(t, x);
    case ACTIVATIONS_LEAKY_RELU: return op_leaky_relu(t, x, alpha_of(kind));
    case ACTIVATIONS_ELU: return op_elu(t, x, alpha_of(kind));
    case ACTIVATIONS_SOFTPLUS: return op_softplus(t, x);
    case ACTIVATIONS_SILU: return op_silu(t, x);
    case ACTIVATIONS_GELU: return op_gelu(t, x);
    case ACTIVATIONS_GELU_TANH: return op_gelu_tanh(t, x);
    default: return x;
    }
}

typedef struct Net {
    Arena   *arena;
    Tape    *tape;
    NnParams params;
    Linear   layer[LAYERS];
    int      layers, size[LAYERS + 1], kind;
    Tensor  *before[LAYERS], *after[LAYERS];    /* of the last forward pass: the sums, and what became of them */
} Net;

/* He's weights times `scale`. */
static Net net_new(const Options *o, int layers, const int *size, int kind, double scale, Rng rng)
{
    Net n = { .arena = arena_new("net"), .tape = tape_new("step"), .layers = layers, .kind = kind };
    memcpy(n.size, size, ((size_t)layers + 1) * sizeof *size);
    if (!strcmp(o->with, "own")) plug_all(n.tape);
    n.params = nn_params(n.arena);
    for (int l = 0; l < layers; l++) {
        n.layer[l] = nn_linear(n.arena, &rng, size[l], size[l + 1]);
        float *w = n.layer[l].w->data;
        for (int64_t i = 0; i < tensor_count(n.layer[l].w); i++) w[i] *= (float)scale;
        nn_linear_visit(&n.layer[l], nn_name("", "layer").s, nn_params_add, &n.params);
    }
    return n;
}

static void net_free(Net *n)
{
    tape_free(n->tape);
    arena_free(n->arena);
}

static Tensor *net_forward(Net *n, Tensor *x)
{
    for (int l = 0; l < n->layers; l++) {
        n->before[l] = x = nn_linear_forward(n->tape, &n->layer[l], x);
        if (l < n->layers - 1) n->after[l] = x = activate(n->tape, x, n->kind);
    }
    return x;
}

/* XOR: which share of the starts gets all four right? */
static void xor_table(const Options *o, const Rng *rng)
{
    enum { STEPS = 1000 };
    static const float corner[] = { 0, 0, 0, 1, 1, 0, 1, 1 };
    static const int   target[] = { 0, 1, 1, 0 }, size[] = { 2, 8, 2 };
    printf("\nXOR, 2 - 8 - 2, %d starts: how many end with all four right; right rows at best\n", o->starts);
    for (int kind = -1; kind < KINDS; kind++) {
        int solved = 0, best = 0;
        for (int s = 0; s < o->starts; s++) {
            Net     n = net_new(o, 2, size, kind, 1, rng_stream(rng, 500 + (uint64_t)s));
            Tensor *x = tensor_new(n.arena, DEV_CPU, F32, SHAPE(4, 2));
            Tensor *y = tensor_new(n.arena, DEV_CPU, I32, SHAPE(4));
            Optim  *optim = optim_sgd(n.arena, &n.params, (SgdArg){ .rate = 0.3, .momentum = 0.9 });
            memcpy(x->data, corner, sizeof corner), memcpy(y->data, target, sizeof target);
            for (int step = 0; step < STEPS; step++) {
                tape_backward(n.tape, op_cross_entropy(n.tape, net_forward(&n, x), y));
                optim_step(optim, n.tape);
                tape_reset(n.tape);
            }
            tape_record(n.tape, false);
            int right = (int)nn_correct(n.tape, net_forward(&n, x), y);
            solved += right == 4, best = right > best ? right : best;
            net_free(&n);
        }
        printf("  %-10s %4d   %d of 4\n", kind < 0 ? "none" : names[kind], solved, best);
    }
}

/* The slopes at the units of hidden layer l, over the rows of the last forward pass. */
static double saturated_share(const Net *n, int l, double small, int *dead)
{
    int    N = (int)n->before[l]->shape[0], C = n->size[l + 1];
    float *one = malloc((size_t)N * C * sizeof *one), *dx = malloc((size_t)N * C * sizeof *dx);
    float *share = malloc((size_t)C * sizeof *share);
    double mean = 0;
    CHECK(one && dx && share, "no memory");
    for (int i = 0; i < N * C; i++) one[i] = 1;
    slopes(dx, n->kind <= ACTIVATIONS_TANH ? n->after[l]->data : n->before[l]->data, one, n->kind, N * C);
    *dead = activations_saturated(share, dx, (float)small, N, C);
    for (int c = 0; c < C; c++) mean += share[c] / C;
    free(one), free(dx), free(share);
    return mean;
}

#define NO_SLOPE 1e-12          /* as good as none */

typedef struct Outcome { double accuracy, dead; } Outcome;      /* on unseen rows; share of all hidden units */

static double unseen_accuracy(Net *n, const Dataset *set, double *dead)
{
    int64_t right = 0, rows = set->x->shape[0] - set->train, units = 0, off = 0;
    tape_record(n->tape, false);
    for (int64_t at = set->train; at < set->x->shape[0]; at += 1000) {
        int64_t end = at + 1000 < set->x->shape[0] ? at + 1000 : set->x->shape[0];
        Tensor *x = op_slice(n->tape, set->x, 0, at, end), *y = op_slice(n->tape, set->y, 0, at, end);
        right += nn_correct(n->tape, net_forward(n, x), y);
        for (int l = 0; l < n->layers - 1 && at == set->train; l++) {
            int silent;
            saturated_share(n, l, NO_SLOPE, &silent);
            off += silent, units += n->size[l + 1];
        }
        tape_reset(n->tape);
    }
    tape_record(n->tape, true);
    *dead = (double)off / (double)units;
    return (double)right / (double)rows;
}

/* For so many steps, or as many epochs as asked for. */
static Outcome train(Program *p, const Options *o, const Dataset *set, int kind, double rate, uint64_t seed, int steps)
{
    int     width = set->train > 10000 ? 256 : 64, batch = set->train > 10000 ? 128 : 32;
    int     size[] = { (int)set->x->shape[1], width, width, width, set->classes };
    Rng     rng = rng_new(seed), order = rng_stream(&rng, 2);
    Net     n = net_new(o, LAYERS, size, kind, 1, rng_stream(&rng, 1));
    Optim  *optim = optim_sgd(n.arena, &n.params, (SgdArg){ .rate = rate });
    Loader  loader = loader_new(n.arena, set->x, set->y, 0, set->train, batch, true, &order);
    Outcome end;
    program_tape(p, n.tape);
    while (loader.epoch < o->epochs && steps && !p->stopped)
        for (Tensor *x, *y; steps && !p->stopped && loader_next(&loader, n.tape, &x, &y); tape_reset(n.tape), steps--) {
            tape_backward(n.tape, op_cross_entropy(n.tape, net_forward(&n, x), y));
            optim_step(optim, n.tape);
        }
    tape_reset(n.tape);
    end.accuracy = unseen_accuracy(&n, set, &end.dead);
    net_free(&n);
    return end;
}

/* ---- What saturates before a first step, and what dies while learning -------------------------------------------- */

static const char *draw_saturation(Program *p, const Options *o, const Dataset *set, const Rng *rng)
{
    static const int shown[] = { ACTIVATIONS_SIGMOID, ACTIVATIONS_TANH, ACTIVATIONS_RELU, ACTIVATIONS_GELU };
    Plot *plot = program_plot(p, "saturation", (PlotArg){
        .title = "units of the third layer whose slope has shrunk to a tenth of the largest", .kind = PLOT_LINESPOINTS,
        .x = "weights, times He's", .y = "share of units and rows", .log_x = true,
        .caption = "Larger weights push what squashes into its flat ends. ReLU is off at nearly half at any scale." });
    int size[] = { (int)set->x->shape[1], 64, 64, 64, 10 }, dead;
    printf("\nthird hidden layer before the first step: share with a slope below a tenth of the largest\n%14s",
           "weights");
    for (int k = 0; k < 4; k++) printf("%10s", names[shown[k]]);
    for (double scale = 0.25; scale <= 16; scale *= 2) {
        printf("\n%13.2fx", scale);
        for (int k = 0; k < 4; k++) {
            Net    n = net_new(o, LAYERS, size, shown[k], scale, rng_stream(rng, 900));
            double most = shown[k] == ACTIVATIONS_SIGMOID ? 0.25 : 1;
            tape_record(n.tape, false);
            net_forward(&n, op_slice(n.tape, set->x, 0, 0, 500));
            double share = saturated_share(&n, 2, most / 10, &dead);
            printf("%10.3f", share);
            plot_point(plot, names[shown[k]], scale, round(1e4 * share) / 1e4);
            net_free(&n);
        }
    }
    printf("\n");
    return plot_done(plot);
}

/* most: of ReLU, and of leaky ReLU, at the rate that kills most. */
static const char *draw_dead(Program *p, const Options *o, const Dataset *set, double most[2])
{
    static const int    shown[] = { ACTIVATIONS_RELU, ACTIVATIONS_LEAKY_RELU, ACTIVATIONS_ELU, ACTIVATIONS_GELU };
    static const double rates[] = { 0.03, 0.1, 0.3, 1, 3 };
    enum { RATES = sizeof rates / sizeof *rates, STEPS = 5 };
    Plot *plot = program_plot(p, "dead", (PlotArg){
        .title = "units without a slope for any unseen row, after 5 steps", .kind = PLOT_LINESPOINTS, .x = "rate",
        .y = "share of all hidden units", .log_x = true,
        .caption = "A step too long pushes a ReLU's sum below 0 for every row: no gradient brings it back." });
    printf("\nafter %d steps at this rate: dead units, their slope below %g at every unseen row\n%8s", STEPS, NO_SLOPE,
           "rate");
    for (int k = 0; k < 4; k++) printf("%10s", names[shown[k]]);
    for (int r = 0; r < RATES && !p->stopped; r++) {
        printf("\n%8.2f", rates[r]);
        for (int k = 0; k < 4; k++) {
            double dead = 0;
            for (int s = 0; s < o->seeds; s++)
                dead += train(p, o, set, shown[k], rates[r], p->seed + (uint64_t)s, STEPS).dead / o->seeds;
            printf("%8.1f %%", 100 * dead);
            plot_point(plot, names[shown[k]], rates[r], round(1e4 * dead) / 1e4);
            if (k < 2) most[k] = fmax(most[k], dead);
        }
        program_progress(p, r + 1, RATES, "rates");
    }
    printf("\n");
    return plot_done(plot);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void all_kinds(Program *p, const Options *o, const Dataset *set)
{
    double best = 0;
    printf("\n%s, three hidden layers, %d epochs, rate %g: median accuracy on unseen rows, dead units\n", set->from,
           o->epochs, o->rate);
    for (int kind = 0; kind < KINDS && !p->stopped; kind++) {
        double accuracy[MAX_SEEDS], dead = 0;
        for (int s = 0; s < o->seeds; s++) {
            Outcome end = train(p, o, set, kind, o->rate, p->seed + (uint64_t)s, -1);
            accuracy[s] = end.accuracy, dead += end.dead / o->seeds;
        }
        qsort(accuracy, (size_t)o->seeds, sizeof *accuracy, by_size);
        printf("  %-10s %.4f  %5.1f %%\n", names[kind], accuracy[o->seeds / 2], 100 * dead);
        best = fmax(best, accuracy[o->seeds / 2]);
        program_progress(p, kind + 1, KINDS, "functions");
    }
    if (p->stopped) return;
    program_promise(p, "accuracy of the best", best, ">=", p->quick ? 0.85 : !strcmp(o->data, "mnist") ? 0.9 : 0.95);
}

static void check_options(Program *p, const Options *o)
{
    if (strcmp(o->with, "own") && strcmp(o->with, "library"))
        program_try(p, sentence("--with=%s: own or library", o->with));
    if (strcmp(o->data, "digits") && strcmp(o->data, "mnist"))
        program_try(p, sentence("--data=%s: digits or mnist", o->data));
    if (o->epochs < 1) program_try(p, sentence("--epochs=%d: 1 or more", o->epochs));
    if (o->starts < 1) program_try(p, sentence("--starts=%d: 1 or more", o->starts));
    if (o->seeds < 1 || o->seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o->seeds, MAX_SEEDS));
}

int main(int argc, char **argv)
{
    Options  o;
    Program *p = program_start(argc, argv, "activations", "Values, slopes, saturated and dead units.", flags, &o);
    Arena   *a = arena_new("data");
    Rng      rng = rng_new(p->seed);
    Dataset  set;
    double   dead[2] = { 0, 0 };
    check_options(p, &o);
    tables(p);
    program_try(p, draw_curves(p, "values", "five of the nine functions", value));
    program_try(p, draw_curves(p, "slopes", "slopes of five of the nine functions", slope));
    layers_collapse(p, a, &rng);
    xor_table(&o, &rng);
    program_try(p, data_load(a, o.data, F32, &set));
    program_try(p, draw_saturation(p, &o, &set, &rng));
    program_try(p, draw_dead(p, &o, &set, dead));
    if (!strcmp(o.data, "digits") && !p->stopped)
        program_promise(p, "share of ReLUs that are dead, at the worst rate", dead[0], ">=", 0.5);
    program_promise(p, "share of leaky units that are dead", dead[1], "<=", 0);
    all_kinds(p, &o, &set);
    arena_free(a);
    return program_end(p);
}
