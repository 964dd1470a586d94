/* main.c -- what commutes with a shift and what does not; then three nets meet digits that moved. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loader.h"
#include "optim.h"
#include "plug.h"
#include "pooling.h"
#include "program.h"

typedef struct Options {
    int    epochs, batch, seeds, rows;
    double rate;
} Options;

static const Flag flags[] = {
    { "epochs", FLAG_INT, offsetof(Options, epochs), "12", "5", "30", "times that every image is seen" },
    { "rows", FLAG_INT, offsetof(Options, rows), "100000", "320", NULL, "images to learn from, at most" },
    { "batch", FLAG_INT, offsetof(Options, batch), "32", NULL, NULL, "images a step" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.05", NULL, NULL, "of the first step; it falls to 0 in a line" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "3", "1", "5", "nets of each kind; medians count" },
    { 0 }
};

/* ---- f(shift x) beside shift f(x) -------------------------------------------------------------------------------- */

enum { SIDE = 24, CHANNELS = 4, MARGIN = 4 };
typedef enum { CONV, CONV_STRIDED, MAX, AVERAGE, MAX_DENSE, MAPS } Map;
static const struct { const char *name; int stride; } maps[MAPS] = {
    { "convolution 3x3", 1 }, { "convolution 3x3, stride 2", 2 }, { "max 2x2, stride 2", 2 },
    { "average 2x2, stride 2", 2 }, { "max 3x3, stride 1", 1 },
};

typedef struct Lab { Tape *tape; Tensor *x, *moved, *w; } Lab;

/* y = f(x); returns its side. Convolutions are the library's, pools this folder's. */
static int apply(Lab *l, Map f, const Tensor *x, float *y)
{
    int which[CHANNELS * SIDE * SIDE], stride = maps[f].stride, window = f == MAX_DENSE ? 3 : 2;
    Pooling p = { 1, CHANNELS, SIDE, SIDE, { window, window }, { stride, stride }, { window / 3, window / 3 } };
    if (f == MAX || f == MAX_DENSE) pooling_max(y, which, x->data, &p);
    else if (f == AVERAGE) pooling_average(y, x->data, 1, &p);
    else {
        ConvArg a = { .stride = { stride, stride }, .pad = { 1, 1 } };
        Tensor *of = op_conv2d(l->tape, (Tensor *)x, l->w, NULL, a);
        memcpy(y, of->data, tensor_bytes(of));
        tape_reset(l->tape);
    }
    return SIDE / stride;
}

/* How unlike f(shift x) and shift f(x) are: a shift by `by` pixels is one by `by / stride` of the outputs. */
static double commutes(Lab *l, Map f, int by, int margin)
{
    float y[CHANNELS * SIDE * SIDE], of_moved[CHANNELS * SIDE * SIDE], moved_y[CHANNELS * SIDE * SIDE];
    pooling_shift(l->moved->data, l->x->data, CHANNELS, SIDE, SIDE, by, by);
    int side = apply(l, f, l->x, y);
    apply(l, f, l->moved, of_moved);
    pooling_shift(moved_y, y, CHANNELS, side, side, by / maps[f].stride, by / maps[f].stride);
    return pooling_unlike(of_moved, moved_y, CHANNELS, side, side, margin / maps[f].stride);
}

static void shifts_part(Program *p, Lab *l)
{
    double kept = 0, broken = INFINITY;
    printf("\nf(shift x) beside shift f(x), relative, by shifts of 1 to 4 pixels, away from borders\n%-31s", "");
    for (int by = 1; by <= 4; by++) printf("%9d", by);
    printf("  -4, borders too\n");
    for (Map f = 0; f < MAPS; f++) {
        printf("  %-29s", maps[f].name);
        for (int by = 1; by <= 4; by++) {
            double apart = commutes(l, f, by, by + MARGIN);
            printf("%9.1g", apart);
            if (by % maps[f].stride == 0) kept = fmax(kept, apart);
            else broken = fmin(broken, apart);
        }
        printf("%17.1g\n", commutes(l, f, -4, 0));
    }
    program_promise(p, "largest difference where the stride divides the shift", kept, "<=", 1e-6);
    program_promise(p, "least where it does not", broken, ">=", 0.1);
}

static double worse(double a, double b) { return a >= b || isnan(a) ? a : b; }      /* fmax would lose a NaN */

/* A picture in the middle and moved: what global pooling makes of a convolution does not notice. */
static void invariance_part(Program *p, Lab *l)
{
    static float glyph[CHANNELS * SIDE * SIDE], y[CHANNELS * SIDE * SIDE];
    float mean[2][CHANNELS], most[2][CHANNELS];
    double apart = 0, edge = 0;
    memset(glyph, 0, sizeof glyph);
    for (int c = 0; c < CHANNELS; c++)
        for (int i = 0; i < 64; i++)
            glyph[(c * SIDE + 8 + i / 8) * SIDE + 8 + i % 8] = ((float *)l->x->data)[c * 64 + i];
    memcpy(l->moved->data, glyph, sizeof glyph);
    apply(l, CONV, l->moved, y);
    pooling_global(mean[0], most[0], y, 1, CHANNELS, SIDE * SIDE);
    for (int by = -8; by <= 8; by++) {
        pooling_shift(l->moved->data, glyph, CHANNELS, SIDE, SIDE, by, -by);
        apply(l, CONV, l->moved, y);
        pooling_global(mean[1], most[1], y, 1, CHANNELS, SIDE * SIDE);
        double *worst = abs(by) < 8 ? &apart : &edge;       /* by 8 the picture's own border leaves the field of view */
        for (int c = 0; c < CHANNELS; c++)
            *worst = worse(*worst, worse(fabs(mean[1][c] - mean[0][c]), fabs(most[1][c] - most[0][c])));
    }
    printf("\nglobal pools of a convolution, an 8x8 picture in 24x24, by how much they differ\n"
           "  moved by up to 7 pixels: %.1e; by 8, to the border: %.1e\n", apart, edge);
    program_promise(p, "global pools, picture moved", apart, "<=", 1e-5);
}

/* ---- The mean is a convolution, the maximum is not --------------------------------------------------------------- */

static void linear_part(Program *p, Lab *l)
{
    enum { HALF = CHANNELS * SIDE * SIDE / 4 };
    float average[HALF], quarter[CHANNELS * 4], of_sum[HALF], of_x[HALF], of_moved[HALF];
    double apart = 0, mean_off = 0, max_off = 0;
    int stride = maps[AVERAGE].stride;
    Tensor *w = tensor_new(l->x->arena, DEV_CPU, F32, SHAPE(CHANNELS, 1, 2, 2));
    Tensor *sum = tensor_new(l->x->arena, DEV_CPU, F32, SHAPE(1, CHANNELS, SIDE, SIDE));
    for (int i = 0; i < CHANNELS * 4; i++) quarter[i] = 0.25f;
    memcpy(w->data, quarter, sizeof quarter);
    apply(l, AVERAGE, l->x, average);
    ConvArg a = { .stride = { stride, stride }, .groups = CHANNELS };
    Tensor *depthwise = op_conv2d(l->tape, l->x, w, NULL, a);
    for (int i = 0; i < tensor_count(depthwise); i++)
        apart = worse(apart, fabsf(((float *)depthwise->data)[i] - average[i]));
    tape_reset(l->tape);
    pooling_shift(l->moved->data, l->x->data, CHANNELS, SIDE, SIDE, 3, -5);
    for (int i = 0; i < 4 * HALF; i++)
        ((float *)sum->data)[i] = ((float *)l->x->data)[i] + ((float *)l->moved->data)[i];
    for (int k = 0; k < 2; k++) {
        Map f = k ? MAX : AVERAGE;
        double *off = k ? &max_off : &mean_off;
        int side = apply(l, f, l->x, of_x);
        apply(l, f, l->moved, of_moved), apply(l, f, sum, of_sum);
        for (int i = 0; i < CHANNELS * side * side; i++) *off = worse(*off, fabsf(of_sum[i] - of_x[i] - of_moved[i]));
    }
    printf("\naverage 2x2 and a depthwise convolution by quarters: %.1e apart\n"
           "pool(a + b) beside pool(a) + pool(b): average %.1e, maximum %.1e\n", apart, mean_off, max_off);
    program_promise(p, "average pooling and its convolution", apart, "<=", 1e-6);
    program_promise(p, "average of a sum beside the sum of averages", mean_off, "<=", 1e-5);
    program_promise(p, "maximum of a sum beside the sum of maxima", max_off, ">=", 0.5);
}

static void lab_part(Program *p)
{
    Arena *a = arena_new("lab");
    Rng rng = rng_new(p->seed);
    Lab l = { .tape = tape_new("lab") };
    l.x = tensor_new(a, DEV_CPU, F32, SHAPE(1, CHANNELS, SIDE, SIDE));
    l.moved = tensor_new(a, DEV_CPU, F32, SHAPE(1, CHANNELS, SIDE, SIDE));
    l.w = tensor_new(a, DEV_CPU, F32, SHAPE(CHANNELS, CHANNELS, 3, 3));
    rng_fill_normal(&rng, l.x, 0, 1);
    rng_fill_normal(&rng, l.w, 0, 1.0 / 6);
    tape_record(l.tape, false);
    shifts_part(p, &l);
    invariance_part(p, &l);
    linear_part(p, &l);
    tape_free(l.tape);
    arena_free(a);
}

/* ---- Digits that moved ------------------------------------------------------------------------------------------- */

enum { FIELD = 24, EDGE = 8, ROWS_AT_ONCE = 250, MOST = 4, MAX_SEEDS = 20 };
typedef enum { MLP, FLAT, GLOBAL, KINDS } Kind;
static const char *const kind_name[KINDS] = { "no convolution", "convolution, flattened", "convolution, global pool" };

/* 8x8 digits in the middle of 24x24. MLP: 576-64-10. FLAT: 3x3 to 8, pool, 3x3 to 16, pool, 576-10. GLOBAL: 3x3 to 8,
 * pool, 3x3 to 16, pool, 3x3 to 32, the largest of the whole 6x6 map, 32-10. ReLU behind each layer but the last. */
typedef struct Net {
    Kind     kind;
    Arena   *arena;
    Tape    *tape;
    Conv2d   conv[3];
    Linear   hidden, out;
    NnParams params;
} Net;

static Net net_new(Program *p, Kind kind, const Rng *rng)
{
    Net n = { .kind = kind, .arena = arena_new("net"), .tape = tape_new("step") };
    ConvArg same = { .pad = { 1, 1 } };
    Rng weights = rng_stream(rng, 1);
    static const int channels[] = { 1, 8, 16, 32 };
    program_tape(p, n.tape);
    plug_all(n.tape);
    n.params = nn_params(n.arena);
    for (int l = 0; l < (int)kind + 1 && kind != MLP; l++) {
        n.conv[l] = nn_conv2d(n.arena, &weights, channels[l], channels[l + 1], 3, same);
        nn_conv2d_visit(&n.conv[l], "conv", nn_params_add, &n.params);
    }
    if (kind == MLP) {
        n.hidden = nn_linear(n.arena, &weights, FIELD * FIELD, 64);
        nn_linear_visit(&n.hidden, "hidden", nn_params_add, &n.params);
    }
    n.out = nn_linear(n.arena, &weights, kind == MLP ? 64 : kind == FLAT ? 16 * FIELD * FIELD / 16 : 32, 10);
    nn_linear_visit(&n.out, "out", nn_params_add, &n.params);
    return n;
}

static void net_free(Net *n)
{
    tape_free(n->tape);
    arena_free(n->arena);
}

static Tensor *net_forward(Net *n, Tensor *x)               /* (N,576) -> (N,10) */
{
    const PoolArg two = { .kernel = { 2, 2 } }, all = { .kernel = { FIELD / 4, FIELD / 4 } };
    int64_t N = x->shape[0];
    Tape *t = n->tape;
    if (n->kind == MLP) return nn_linear_forward(t, &n->out, op_relu(t, nn_linear_forward(t, &n->hidden, x)));
    Tensor *h = op_reshape(t, x, SHAPE(N, 1, FIELD, FIELD));
    for (int l = 0; l < 2; l++) h = op_max_pool2d(t, nn_conv2d_relu_forward(t, &n->conv[l], h), two);
    if (n->kind == GLOBAL) h = op_max_pool2d(t, nn_conv2d_relu_forward(t, &n->conv[2], h), all);
    return nn_linear_forward(t, &n->out, op_reshape(t, h, SHAPE(N, h->shape[1] * h->shape[2] * h->shape[3])));
}

/* Every 8x8 image in the middle of a 24x24 one. */
static Tensor *framed(Arena *a, const Dataset *d)
{
    int64_t N = d->x->shape[0];
    Tensor *x = tensor_new(a, DEV_CPU, F32, SHAPE(N, FIELD * FIELD));
    float *to = memset(x->data, 0, tensor_bytes(x));
    for (int64_t i = 0; i < N * 64; i++)
        to[(i / 64 * FIELD + EDGE + i % 64 / 8) * FIELD + EDGE + i % 8] = ((float *)d->x->data)[i];
    return x;
}

static void train(Program *p, const Options *o, Net *n, const Tensor *x, const Dataset *d, const Rng *rng)
{
    Rng order = rng_stream(rng, 2);
    Loader loader = loader_new(n->arena, x, d->y, 0, d->train < o->rows ? d->train : o->rows, o->batch, true, &order);
    Optim *optim = optim_sgd(n->arena, &n->params, (SgdArg){ .rate = o->rate, .momentum = 0.9 });
    int64_t steps = loader_batches(&loader) * o->epochs, step = 0;
    while (loader.epoch < o->epochs && !p->stopped)
        for (Tensor *rows, *y; !p->stopped && loader_next(&loader, n->tape, &rows, &y); tape_reset(n->tape)) {
            tape_backward(n->tape, op_cross_entropy(n->tape, net_forward(n, rows), y));
            optim_set_rate(optim, o->rate * (1 - (double)step++ / (double)steps));
            optim_step(optim, n->tape);
        }
}

/* The accuracy on unseen digits, all moved down and right. */
static double moved_accuracy(Net *n, Tensor *x, const Dataset *d, int down, int right)
{
    int64_t right_ones = 0, N = x->shape[0];
    bool was = tape_record(n->tape, false);
    for (int64_t at = d->train; at < N; at += ROWS_AT_ONCE) {
        int64_t end = at + ROWS_AT_ONCE < N ? at + ROWS_AT_ONCE : N;
        Tensor *moved = tensor_new(n->arena, DEV_CPU, F32, SHAPE(end - at, FIELD * FIELD));
        pooling_shift(moved->data, (float *)x->data + at * FIELD * FIELD, (int)(end - at), FIELD, FIELD, down, right);
        right_ones += nn_correct(n->tape, net_forward(n, moved), op_slice(n->tape, d->y, 0, at, end));
        tape_reset(n->tape);
    }
    tape_record(n->tape, was);
    return (double)right_ones / (double)(N - d->train);
}

/* One unseen digit in three places: its class by this net, and the score of that class. Returns whether all agree. */
static bool three_places(Net *n, const float *digit, int label)
{
    static const int place[3] = { -MOST, 0, MOST };
    int class[3];
    bool was = tape_record(n->tape, false);
    printf("  %-26s", kind_name[n->kind]);
    for (int k = 0; k < 3; k++) {
        Tensor *x = tensor_new(n->arena, DEV_CPU, F32, SHAPE(1, FIELD * FIELD));
        pooling_shift(x->data, digit, 1, FIELD, FIELD, place[k], place[k]);
        const float *score = op_softmax(n->tape, net_forward(n, x))->data;
        class[k] = 0;
        for (int c = 1; c < 10; c++) if (score[c] > score[class[k]]) class[k] = c;
        printf("%12d %.3f", class[k], score[label]);
        tape_reset(n->tape);
    }
    printf("\n");
    tape_record(n->tape, was);
    return class[0] == label && class[1] == label && class[2] == label;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct Results { double accuracy[KINDS][MOST + 1][MAX_SEEDS]; int64_t parameters[KINDS]; } Results;

static void run(Program *p, const Options *o, Tensor *x, const Dataset *d, int s, Results *r, bool *same)
{
    const float *digit = (float *)x->data + d->train * FIELD * FIELD;
    int label = ((int *)d->y->data)[d->train];
    Rng rng = rng_new(p->seed + (uint64_t)s);
    for (Kind k = 0; k < KINDS && !p->stopped; k++) {
        Net n = net_new(p, k, &rng);
        train(p, o, &n, x, d, &rng);
        r->parameters[k] = nn_params_count(&n.params);
        for (int by = 0; by <= MOST; by++) r->accuracy[k][by][s] = moved_accuracy(&n, x, d, by, by);
        if (s == 0 && k == 0)
            printf("\none unseen %d, %d pixels up and left, in the middle, %d down and right: class, p(%d)\n", label,
                   MOST, MOST, label);
        if (s == 0) same[k] = three_places(&n, digit, label);
        net_free(&n);
        program_progress(p, s * KINDS + (int)k + 1, o->seeds * KINDS, "nets");
    }
}

static void digits_part(Program *p, const Options *o)
{
    Arena *a = arena_new("data");
    Dataset d;
    static Results r;
    bool same[KINDS] = { false };
    program_try(p, data_load(a, "digits", F32, &d));
    Tensor *x = framed(a, &d);
    for (int s = 0; s < o->seeds && !p->stopped; s++) run(p, o, x, &d, s, &r, same);
    if (!p->stopped) {
        Plot *plot = program_plot(p, "moved", (PlotArg){
            .title = "Trained on centred digits, asked about moved ones", .x = "pixels down and right",
            .y = "accuracy on unseen digits", .kind = PLOT_LINESPOINTS,
            .caption = "Where a layer's weights belong to places, a digit that moved is another digit.",
        });
        printf("\n%s in 24x24, seeds: %d\naccuracy on unseen digits, all moved; the median\n%-28s  parameters", d.from,
               o->seeds, "  pixels down and right");
        for (int by = 0; by <= MOST; by++) printf("%9d", by);
        for (Kind k = 0; k < KINDS; k++) {
            printf("\n  %-26s%12lld", kind_name[k], (long long)r.parameters[k]);
            for (int by = 0; by <= MOST; by++) {
                double *of = r.accuracy[k][by];
                qsort(of, (size_t)o->seeds, sizeof *of, by_size);
                printf("%9.4f", of[o->seeds / 2]);
                plot_point(plot, kind_name[k], by, of[o->seeds / 2]);
            }
        }
        printf("\n");
        program_try(p, plot_done(plot));
        program_promise(p, "global pool, digits in the middle", r.accuracy[GLOBAL][0][o->seeds / 2], ">=",
                        p->quick ? 0.7 : 0.95);
        program_promise(p, "global pool, moved by 4", r.accuracy[GLOBAL][4][o->seeds / 2], ">=", p->quick ? 0.5 : 0.9);
        program_promise(p, "no convolution, moved by 4", r.accuracy[MLP][4][o->seeds / 2], "<=", 0.5);
        if (!p->quick) program_promise(p, "one digit, three places, one class, by global pool", same[GLOBAL], ">=", 1);
    }
    arena_free(a);
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "pooling", "What shifts do to convolutions, pools and nets.", flags, &o);
    if (o.epochs < 1) program_try(p, sentence("--epochs=%d: 1 or more", o.epochs));
    if (o.rows < 1) program_try(p, sentence("--rows=%d: 1 or more", o.rows));
    if (o.batch < 1) program_try(p, sentence("--batch=%d: 1 or more", o.batch));
    if (o.seeds < 1 || o.seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o.seeds, MAX_SEEDS));
    lab_part(p);
    digits_part(p, &o);
    return program_end(p);
}
