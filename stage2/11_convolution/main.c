/* main.c -- four ways to the same numbers, and a tuner that picks; what an output sees; a net that reads digits. */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "checkpoint.h"
#include "convolution.h"
#include "loader.h"
#include "optim.h"
#include "plug.h"
#include "program.h"

typedef struct Options {
    const char *data, *with;
    int    epochs, batch, seeds, rounds, images;
    double rate;
} Options;

static const Flag flags[] = {
    { "data", FLAG_TEXT, offsetof(Options, data), "digits", NULL, "mnist", "digits or mnist" },
    { "with", FLAG_TEXT, offsetof(Options, with), "own", NULL, "library", "whose convolutions train: own or library" },
    { "epochs", FLAG_INT, offsetof(Options, epochs), "20", "4", "5", "times that every image is seen" },
    { "batch", FLAG_INT, offsetof(Options, batch), "32", NULL, "64", "images a step" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.05", NULL, NULL, "of the first step; it falls to 0 in a line" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "3", "1", NULL,
      "nets, each from a seed of its own; the median counts" },
    { "rounds", FLAG_INT, offsetof(Options, rounds), "3", "1", "7", "times that the tuner runs each way" },
    { "images", FLAG_INT, offsetof(Options, images), "1", NULL, "8", "images that the tuner times" },
    { 0 }
};

static float *floats(Arena *a, int64_t n)
{
    float *x = arena_alloc(a, DEV_CPU, (size_t)n * sizeof *x, "numbers");
    return memset(x, 0, (size_t)n * sizeof *x);
}

static float *normal(Arena *a, Rng *rng, int64_t n)
{
    float *x = floats(a, n);
    for (int64_t i = 0; i < n; i++) x[i] = (float)rng_normal(rng);
    return x;
}

/* ---- Four ways, and the tuner ------------------------------------------------------------------------------------ */

static const char *const way_name[] = { "definition", "columns", "Winograd", "Fourier" };
enum { WAYS = sizeof way_name / sizeof *way_name };

typedef struct Problem {
    Convolution c;
    float  *y[WAYS], *x, *w, *b, *col, *tiles;
    double *planes;
} Problem;

static int64_t outputs(const Convolution *c)
{
    return (int64_t)c->N * c->OC * convolution_height(c) * convolution_width(c);
}

static bool takes(const Convolution *c, int way)
{
    return way != 2 || (c->KH == 3 && c->KW == 3 &&
                        c->stride[0] * c->stride[1] * c->dilation[0] * c->dilation[1] == 1);
}

static void problem_run(Problem *p, int way)
{
    if (way == 0) convolution_direct(p->y[way], p->x, p->w, p->b, &p->c);
    if (way == 1) convolution_by_columns(p->y[way], p->col, p->x, p->w, p->b, &p->c);
    if (way == 2) convolution_by_winograd(p->y[way], p->tiles, p->x, p->w, p->b, &p->c);
    if (way == 3) convolution_by_fft(p->y[way], p->planes, p->x, p->w, p->b, &p->c);
}

static Problem problem_new(Arena *a, Rng *rng, Convolution c)
{
    int64_t P = (int64_t)convolution_height(&c) * convolution_width(&c), K = (int64_t)c.KH * c.KW;
    Problem p = { .c = c };
    p.x = normal(a, rng, (int64_t)c.N * c.C * c.H * c.W), p.w = normal(a, rng, c.OC * (c.C / c.groups) * K);
    p.b = normal(a, rng, c.OC), p.col = floats(a, c.C * K * P), p.tiles = floats(a, convolution_winograd_room(&c));
    p.planes = arena_alloc(a, DEV_CPU, (size_t)convolution_fft_room(&c) * sizeof(double), "planes");
    for (int way = 0; way < WAYS; way++) p.y[way] = floats(a, outputs(&c));
    return p;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double problem_clock(void *ctx, int way)         /* what the learner's tuner asks */
{
    Problem *p = ctx;
    if (!takes(&p->c, way)) return -1;
    double from = seconds();
    problem_run(p, way);
    return seconds() - from;
}

/* Real multiplications of each way, in millions; of Fourier those of the spectra, 4 a complex product, and of the
 * butterflies, 4 for each half of a plane's numbers and each of its log2 rounds. */
static double products(const Convolution *c, int way)
{
    double y = (double)outputs(c), CG = c->C / c->groups, pairs = (double)c->OC * CG;
    if (way < 2) return y * CG * c->KH * c->KW / 1e6;
    if (way == 2) {
        double tiles = (double)((convolution_height(c) + 1) / 2) * ((convolution_width(c) + 1) / 2);
        return 16 * tiles * c->N * pairs / 1e6;
    }
    double plane = convolution_fft_room(c) / (pairs + c->C + 1) / 2, rounds = log2(plane);
    return plane * (4 * c->N * pairs + 2 * rounds * (pairs + c->N * (c->C + c->OC))) / 1e6;
}

static double worse(double a, double b) { return a >= b || isnan(a) ? a : b; }      /* fmax would lose a NaN */

/* Returns by how much the ways differ, relative to the largest output. */
static double tune(const Options *o, Arena *a, Rng *rng, const char *what, Convolution c)
{
    double best[WAYS], apart = 0, largest = 0;
    c.N = o->images;
    Problem p = problem_new(a, rng, c);
    int pick = convolution_tune(best, problem_clock, &p, WAYS, o->rounds);
    printf("  %-26s", what);
    for (int way = 0; way < WAYS; way++) {
        if (takes(&c, way)) printf("%9.1f%8.2f", products(&c, way), 1e3 * best[way]);
        else printf("%9s%8s", "-", "-");
        for (int64_t i = 0; i < outputs(&c) && takes(&c, way); i++) {
            apart = worse(apart, fabs(p.y[way][i] - p.y[0][i]));
            largest = fmax(largest, fabs(p.y[0][i]));
        }
    }
    printf("   %s\n", way_name[pick]);
    return apart / largest;
}

static Convolution square(int C, int side, int OC, int K)
{
    return (Convolution){ 1, C, side, side, OC, K, K, { 1, 1 }, { K / 2, K / 2 }, { 1, 1 }, 1 };
}

static double ways_part(Program *p, const Options *o)
{
    Arena *a = arena_new("ways");
    Rng rng = rng_new(p->seed);
    double apart = 0;
    printf("\nfour ways, %d image%s: million multiplications, and milliseconds here\n  %-26s", o->images,
           o->images > 1 ? "s" : "", "channels, pixels, window");
    for (int way = 0; way < WAYS; way++) printf("%17s", way_name[way]);
    printf("   picked\n");
    Convolution strided = square(16, 32, 32, 3), dilated = square(16, 32, 16, 3), depthwise = square(32, 32, 32, 3);
    strided.stride[0] = strided.stride[1] = 2;
    dilated.dilation[0] = dilated.dilation[1] = dilated.pad[0] = dilated.pad[1] = 4;
    depthwise.groups = 32;
    struct { const char *what; Convolution c; } shape[] = {
        { "1 to 6, 28x28, 5x5", square(1, 28, 6, 5) },       { "16 to 16, 48x48, 1x1", square(16, 48, 16, 1) },
        { "16 to 16, 32x32, 3x3", square(16, 32, 16, 3) },   { "64 to 64, 14x14, 3x3", square(64, 14, 64, 3) },
        { "16 to 16, 48x48, 7x7", square(16, 48, 16, 7) },   { "16 to 16, 48x48, 15x15", square(16, 48, 16, 15) },
        { "16 to 32, 3x3, stride 2", strided },              { "16 to 16, 3x3, dilation 4", dilated },
        { "32 alone, 32x32, 3x3", depthwise },
    };
    int n = sizeof shape / sizeof *shape;
    for (int i = 0; i < (p->quick ? 3 : n); i++) apart = worse(apart, tune(o, a, &rng, shape[i].what, shape[i].c));
    arena_free(a);
    return apart;
}

/* Multiplications by the window's side: no clock, so everybody's picture is the same. */
static void plot_products(Program *p)
{
    Plot *plot = program_plot(p, "products", (PlotArg){
        .title = "16 to 16 channels, 48 x 48 pixels, one image", .x = "side of the window", .log_y = true,
        .y = "million multiplications", .kind = PLOT_LINESPOINTS,
        .caption = "By definition and by columns the window counts squared; a transform is as large as the image.",
    });
    for (int K = 1; K <= 15; K += 2) {
        Convolution c = square(16, 48, 16, K);
        plot_point(plot, "definition, columns", K, products(&c, 0));
        if (K == 3) plot_point(plot, "Winograd", K, products(&c, 2));
        plot_point(plot, "Fourier", K, products(&c, 3));
    }
    program_try(p, plot_done(plot));
}

/* ---- What an output sees ----------------------------------------------------------------------------------------- */

enum { MOST_LAYERS = 7, FIELD_SIDE = 64 };
typedef struct Stack { const char *name; int L, layer[4 * MOST_LAYERS]; } Stack;

/* |d output / d pixel| of the output in the middle of a stack of windows of equal weights: (side,side), cleared. */
static void gradient_of(Arena *a, const Stack *s, float *image)
{
    Convolution c[MOST_LAYERS];
    int side = FIELD_SIDE;
    for (int l = 0; l < s->L; l++) {
        const int *at = s->layer + 4 * l;
        c[l] = (Convolution){ .N = 1, .C = 1, .H = side, .W = side, .OC = 1, .KH = at[0], .KW = at[0], .groups = 1 };
        for (int d = 0; d < 2; d++) c[l].stride[d] = at[1], c[l].pad[d] = at[2], c[l].dilation[d] = at[3];
        side = convolution_height(&c[l]);
    }
    float *g = floats(a, (int64_t)side * side);
    g[side / 2 * side + side / 2] = 1;
    for (int l = s->L - 1; l >= 0; l--) {
        float *below = l ? floats(a, (int64_t)c[l].H * c[l].W) : image, w[49];
        for (int i = 0; i < c[l].KH * c[l].KW; i++) w[i] = 1.0f / (float)(c[l].KH * c[l].KW);
        convolution_data(below, w, g, &c[l]);
        g = below;
    }
}

/* How many rows the gradient reaches, and the side of the square around its middle that holds half of it. */
static void measure(const float *image, int *support, int *half)
{
    double sum = 0, inner = 0;
    int first = FIELD_SIDE, last = -1;
    for (int i = 0; i < FIELD_SIDE * FIELD_SIDE; i++) {
        sum += image[i];
        if (image[i] > 0) first = i / FIELD_SIDE < first ? i / FIELD_SIDE : first, last = i / FIELD_SIDE;
    }
    *support = last - first + 1;
    for (*half = *support % 2; inner < 0.5 * sum; *half += 2) {
        inner = 0;
        int from = (first + last + 1) / 2 - *half / 2, to = from + *half;
        for (int i = from; i < to; i++)
            for (int j = from; j < to; j++) inner += image[i * FIELD_SIDE + j];
    }
    *half -= 2;
}

/* Returns in how many stacks the gradient reaches exactly as far as the learner's function says. */
static int field_part(Program *p, int *of)
{
    static const Stack stack[] = {
        { "one 7x7", 1, { 7, 1, 3, 1 } },
        { "three 3x3", 3, { 3, 1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1 } },
        { "seven 3x3", 7, { 3, 1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1 } },
        { "3x3, pool 2, 3x3, pool 2", 4, { 3, 1, 1, 1, 2, 2, 0, 1, 3, 1, 1, 1, 2, 2, 0, 1 } },
        { "3x3, dilation 1, 2, 4, 8", 4, { 3, 1, 1, 1, 3, 1, 2, 2, 3, 1, 4, 4, 3, 1, 8, 8 } },
    };
    int right = 0;
    *of = sizeof stack / sizeof *stack;
    printf("\nwhat one output sees       weights  field  jump  gradient reaches  half of it within\n");
    for (int k = 0; k < *of; k++) {
        const Stack *s = &stack[k];
        Arena *a = arena_new("field");
        int size[MOST_LAYERS + 1], jump[MOST_LAYERS + 1], start[MOST_LAYERS + 1], weights = 0, support, half;
        float *image = floats(a, FIELD_SIDE * FIELD_SIDE);
        convolution_field(size, jump, start, s->layer, s->L);
        gradient_of(a, s, image);
        measure(image, &support, &half);
        for (int l = 0; l < s->L; l++) weights += s->layer[4 * l + 1] == 1 ? s->layer[4 * l] * s->layer[4 * l] : 0;
        printf("  %-25s%7d%7d%6d%18d%20d\n", s->name, weights, size[s->L], jump[s->L], support, half);
        right += support == size[s->L];
        if (k == 2) {
            Plot *plot = program_plot(p, "field", (PlotArg){
                .title = "Seven layers of 3 x 3: what the output in the middle sees", .kind = PLOT_IMAGE,
                .x = "column", .y = "row",
                .caption = "All 15 x 15 pixels count; half of the gradient comes from the 5 x 5 in the middle.",
            });
            for (int i = 0; i < 15 * 15; i++)
                plot_cell(plot, i / 15, i % 15, image[(i / 15 + 25) * FIELD_SIDE + i % 15 + 25]);
            program_try(p, plot_done(plot));
        }
        arena_free(a);
    }
    return right;
}

/* ---- Digits ------------------------------------------------------------------------------------------------------ */

enum { FIRST = 8, SECOND = 16, ROWS_AT_ONCE = 250, MAX_SEEDS = 100 };

/* 3x3 to 8 channels, ReLU, pool; 3x3 to 16, ReLU, pool; one layer to the classes. */
typedef struct Net {
    const Options *o;
    const Dataset *set;
    Arena    *arena;
    Tape     *tape;
    Conv2d    conv[2];
    Linear    out;
    NnParams  params, state;
    Optim    *optim;
    Loader    loader;
    int64_t  *clock;                        /* (5): epoch, rows of it done, seed, epochs, batch */
} Net;

static Net net_new(Program *p, const Options *o, const Dataset *set, uint64_t seed, bool own)
{
    Net n = { .o = o, .set = set, .arena = arena_new("net"), .tape = tape_new("step") };
    Rng rng = rng_new(seed), weights = rng_stream(&rng, 1), order = rng_stream(&rng, 2);
    int side = set->height / 4;
    ConvArg same = { .pad = { 1, 1 } };
    program_tape(p, n.tape);
    if (own) plug_all(n.tape);
    n.conv[0] = nn_conv2d(n.arena, &weights, 1, FIRST, 3, same);
    n.conv[1] = nn_conv2d(n.arena, &weights, FIRST, SECOND, 3, same);
    n.out = nn_linear(n.arena, &weights, SECOND * side * side, set->classes);
    n.params = nn_params(n.arena), n.state = nn_params(n.arena);
    for (int of_state = 0; of_state < 2; of_state++) {
        NnParams *to = of_state ? &n.state : &n.params;
        nn_conv2d_visit(&n.conv[0], "0", nn_params_add, to);
        nn_conv2d_visit(&n.conv[1], "1", nn_params_add, to);
        nn_linear_visit(&n.out, "out", nn_params_add, to);
    }
    n.optim = optim_sgd(n.arena, &n.params, (SgdArg){ .rate = o->rate, .momentum = 0.9 });
    optim_visit(n.optim, "optim", nn_params_add, &n.state);
    n.loader = loader_new(n.arena, set->x, set->y, 0, set->train, o->batch, true, &order);
    Tensor *clock = tensor_new(n.arena, DEV_CPU, I64, SHAPE(5));
    n.clock = clock->data;
    memcpy(n.clock, (int64_t[]){ 0, 0, (int64_t)seed, o->epochs, o->batch }, 5 * sizeof *n.clock);
    nn_params_add(&n.state, "clock", clock);
    return n;
}

static void net_free(Net *n)
{
    tape_free(n->tape);
    arena_free(n->arena);
}

static Tensor *net_forward(Net *n, Tensor *x)           /* (N,H W) -> (N,classes) */
{
    const PoolArg two = { .kernel = { 2, 2 } };
    int64_t N = x->shape[0];
    Tensor *h = op_reshape(n->tape, x, SHAPE(N, 1, n->set->height, n->set->width));
    for (int l = 0; l < 2; l++) h = op_max_pool2d(n->tape, nn_conv2d_relu_forward(n->tape, &n->conv[l], h), two);
    h = op_reshape(n->tape, h, SHAPE(N, h->shape[1] * h->shape[2] * h->shape[3]));
    return nn_linear_forward(n->tape, &n->out, h);
}

static float step(Net *n, Tensor *x, Tensor *y, double rate)
{
    Tensor *loss = op_cross_entropy(n->tape, net_forward(n, x), y);
    tape_backward(n->tape, loss);
    optim_set_rate(n->optim, rate);
    optim_step(n->optim, n->tape);
    return *(float *)loss->data;
}

static double accuracy(Net *n, bool unseen)
{
    int64_t from = unseen ? n->set->train : 0, to = unseen ? n->set->x->shape[0] : n->set->train, right = 0;
    bool was = tape_record(n->tape, false);
    for (int64_t at = from; at < to; at += ROWS_AT_ONCE) {
        int64_t end = at + ROWS_AT_ONCE < to ? at + ROWS_AT_ONCE : to;
        Tensor *x = op_slice(n->tape, n->set->x, 0, at, end), *y = op_slice(n->tape, n->set->y, 0, at, end);
        right += nn_correct(n->tape, net_forward(n, x), y);
        tape_reset(n->tape);
    }
    tape_record(n->tape, was);
    return (double)right / (double)(to - from);
}

static void save(Program *p, Net *n)
{
    if (!p->save) return;
    n->clock[0] = n->loader.epoch, n->clock[1] = n->loader.at;
    program_try(p, checkpoint_save(p->save, &n->state, NULL));
    program_say(p, "%s: saved after %lld epochs and %lld images", p->save, (long long)n->loader.epoch,
                (long long)n->loader.at);
}

static void resume(Program *p, Net *n)
{
    if (!p->resume) return;
    int64_t now[5];
    memcpy(now, n->clock, sizeof now);
    program_try(p, checkpoint_load(n->arena, p->resume, &n->state, NULL));
    if (memcmp(now + 2, n->clock + 2, 3 * sizeof *now))
        program_try(p, sentence("%s was saved with --seed=%lld --epochs=%lld --batch=%lld: give the same", p->resume,
                                (long long)n->clock[2], (long long)n->clock[3], (long long)n->clock[4]));
    if (n->clock[0] < 0 || n->clock[1] < 0) program_try(p, sentence("%s: its clock is before the start", p->resume));
    n->loader.epoch = n->clock[0], n->loader.at = n->clock[1];
}

/* One epoch, or what a resumed one has left. */
static void train_epoch(Program *p, Net *n)
{
    int64_t steps = loader_batches(&n->loader), epoch = n->loader.epoch;
    for (Tensor *x, *y; !p->stopped; tape_reset(n->tape)) {
        int64_t at = epoch * steps + n->loader.at / n->o->batch;
        if (!loader_next(&n->loader, n->tape, &x, &y)) break;
        step(n, x, y, n->o->rate * (1 - (double)at / (double)(steps * n->o->epochs)));
    }
}

/* Returns the accuracy on unseen images. The first net is shown epoch by epoch. */
static double train(Program *p, const Options *o, const Dataset *set, uint64_t seed, bool first)
{
    Net n = net_new(p, o, set, seed, !strcmp(o->with, "own"));
    Plot *plot = first ? program_plot(p, "accuracy", (PlotArg){
        .title = "Two convolutions read digits", .x = "epoch", .y = "accuracy", .kind = PLOT_LINES,
        .caption = sentence("%lld parameters. The gap between the curves is what was learnt by heart.",
                            (long long)nn_params_count(&n.params)),
    }) : NULL;
    resume(p, &n);
    if (first) {
        printf("\n%s: 3x3 to %d channels, pool, 3x3 to %d, pool, %d classes\n", set->from, FIRST, SECOND, set->classes);
        printf("%lld parameters, trained by %s convolutions\n", (long long)nn_params_count(&n.params),
               !strcmp(o->with, "own") ? "these" : "the library's");
        printf("(the first layer has %d weights; joining every pixel to each of its outputs would take %lld)\n",
               9 * FIRST, (long long)set->height * set->width * set->height * set->width * FIRST);
        printf("  epoch    seen  unseen\n");
    }
    while (n.loader.epoch < o->epochs && !p->stopped) {
        train_epoch(p, &n);
        if (p->stopped) break;
        program_progress(p, n.loader.epoch, o->epochs, "epochs");
        if (!first) continue;
        double seen = accuracy(&n, false), unseen = accuracy(&n, true);
        int epoch = (int)n.loader.epoch, every = o->epochs < 10 ? 1 : o->epochs / 5;
        if (epoch % every == 0 || epoch == 1) printf("  %5d  %.4f  %.4f\n", epoch, seen, unseen);
        plot_point(plot, "seen", epoch, seen);
        plot_point(plot, "unseen", epoch, unseen);
    }
    if (plot) program_try(p, plot_done(plot));
    save(p, &n);
    double result = accuracy(&n, true);
    net_free(&n);
    return result;
}

/* The first losses of a net on these functions, and of its twin on the library's. */
static void same_on_the_tape(Program *p, const Options *o, const Dataset *set)
{
    enum { STEPS = 10 };
    double apart = 0;
    Net n[2] = { net_new(p, o, set, p->seed, true), net_new(p, o, set, p->seed, false) };
    for (int s = 0; s < STEPS; s++) {
        float loss[2];
        for (int k = 0; k < 2; k++) {
            Tensor *x, *y;
            if (!loader_next(&n[k].loader, n[k].tape, &x, &y)) loader_next(&n[k].loader, n[k].tape, &x, &y);
            loss[k] = step(&n[k], x, y, o->rate);
            tape_reset(n[k].tape);
        }
        apart = worse(apart, fabs(loss[0] - loss[1]));
    }
    printf("\nthe first %d losses, by these functions and by the library's\n", STEPS);
    tape_replaced(n[0].tape, stdout);
    program_promise(p, "largest difference of losses", apart, "<=", 1e-4);
    for (int k = 0; k < 2; k++) net_free(&n[k]);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void digits_part(Program *p, const Options *o)
{
    Arena *a = arena_new("data");
    Dataset set;
    double result[MAX_SEEDS];
    int nets = p->save || p->resume ? 1 : o->seeds, done = 0;       /* a checkpoint holds one net */
    program_try(p, data_load(a, o->data, F32, &set));
    if (!p->resume) same_on_the_tape(p, o, &set);
    for (; done < nets && !p->stopped; done++) result[done] = train(p, o, &set, p->seed + (uint64_t)done, done == 0);
    if (!p->stopped) {
        for (int k = 0; k < nets && nets > 1; k++) printf("%s%.4f", k ? "  " : "  unseen, by seed:  ", result[k]);
        if (nets > 1) printf("\n");
        qsort(result, (size_t)nets, sizeof *result, by_size);
        double median = nets % 2 ? result[nets / 2] : (result[nets / 2 - 1] + result[nets / 2]) / 2;
        double bound = p->quick ? 0.9 : !strcmp(o->data, "mnist") ? 0.985 : 0.97;
        program_promise(p, nets > 1 ? "median accuracy on unseen images" : "accuracy on unseen images", median, ">=",
                        bound);
    }
    arena_free(a);
}

static void check_options(Program *p, const Options *o)
{
    if (strcmp(o->with, "own") && strcmp(o->with, "library"))
        program_try(p, sentence("--with=%s: own or library", o->with));
    if (strcmp(o->data, "digits") && strcmp(o->data, "mnist"))
        program_try(p, sentence("--data=%s: digits or mnist", o->data));
    if (o->epochs < 1) program_try(p, sentence("--epochs=%d: 1 or more", o->epochs));
    if (o->batch < 1) program_try(p, sentence("--batch=%d: 1 or more", o->batch));
    if (o->seeds < 1 || o->seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o->seeds, MAX_SEEDS));
    if (o->rounds < 1) program_try(p, sentence("--rounds=%d: 1 or more", o->rounds));
    if (o->images < 1 || o->images > 64) program_try(p, sentence("--images=%d: from 1 to 64", o->images));
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "convolution", "Four ways to convolve; what an output sees; digits.", flags,
                               &o);
    check_options(p, &o);
    if (!p->resume) {
        int stacks;
        double apart = ways_part(p, &o);
        plot_products(p);
        int right = field_part(p, &stacks);
        printf("\n");
        program_promise(p, "the ways differ by, relative to the largest output", apart, "<=", 1e-5);
        program_promise(p, "fields that the gradient confirms", right, ">=", stacks);
    }
    digits_part(p, &o);
    return program_end(p);
}
