/* main.c -- one neuron meets AND, OR and XOR; a hidden layer solves XOR; a net written by hand reads digits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "loader.h"
#include "mlp.h"
#include "optim.h"
#include "plug.h"
#include "program.h"

typedef struct Options {
    const char *data, *hidden, *with;
    int    epochs, batch, seeds, starts;
    double rate, momentum, shift;
} Options;

static const Flag flags[] = {
    { "data", FLAG_TEXT, offsetof(Options, data), "digits", NULL, "mnist", "digits or mnist" },
    { "with", FLAG_TEXT, offsetof(Options, with), "own", NULL, "library", "whose functions train: own or library" },
    { "hidden", FLAG_TEXT, offsetof(Options, hidden), "128", "64", "512,256",
      "sizes of the hidden layers; none: no hidden layer" },
    { "epochs", FLAG_INT, offsetof(Options, epochs), "40", "12", "10", "times that every row is seen" },
    { "batch", FLAG_INT, offsetof(Options, batch), "32", NULL, "64", "rows a step" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.1", NULL, "0.05",
      "of the first step; it falls to 0 in a straight line" },
    { "momentum", FLAG_FLOAT, offsetof(Options, momentum), "0.9", NULL, NULL, "how much of the velocity a step keeps" },
    { "shift", FLAG_FLOAT, offsetof(Options, shift), "0.5", NULL, "0",
      "share of the rows that are moved by one pixel" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "5", "1", "3",
      "nets, each from a seed of its own; the median counts" },
    { "starts", FLAG_INT, offsetof(Options, starts), "100", "25", NULL, "random starts of each net on XOR" },
    { 0 }
};

/* ---- XOR --------------------------------------------------------------------------------------------------------- */

static const float corner[] = { 0, 0, 0, 1, 1, 0, 1, 1 };      /* (4,2) */
static const float wanted[3][4] = { { 0, 0, 0, 1 }, { 0, 1, 1, 1 }, { 0, 1, 1, 0 } };
static const char *const task[] = { "AND", "OR", "XOR" };

/* The perceptron's rule until all rows are right. Returns the most that were right at once, and their line. */
static int teach_neuron(float line[3], const float *target, int passes, Rng *rng, int *used)
{
    float now[3], y[4];
    int best = 0;
    for (int i = 0; i < 3; i++) now[i] = (float)rng_normal(rng);
    for (*used = 0; *used < passes && best < 4; ++*used) {
        int right = 0;
        mlp_neuron_learn(now, &now[2], corner, target, 4, 2, 1);
        mlp_neuron(y, corner, now, now[2], 4, 2);
        for (int n = 0; n < 4; n++) right += y[n] == target[n];
        if (right > best) best = right, memcpy(line, now, sizeof now);
    }
    return best;
}

/* Returns the share of XOR that one neuron had right at its best, and the line it drew then. */
static double one_neuron(const Options *o, const Rng *rng, float line[3])
{
    enum { PASSES = 200 };
    int best = 0;
    printf("\none neuron, %d random starts, the perceptron's rule\n"
           "  task   starts that end   passes at most   rows right at best\n", o->starts);
    for (int k = 0; k < 3; k++) {
        int solved = 0, longest = 0;
        best = 0;
        for (int s = 0; s < o->starts; s++) {
            float found[3];
            int used;
            Rng start = rng_stream(rng, (uint64_t)(10000 * k + s));
            int right = teach_neuron(found, wanted[k], PASSES, &start, &used);
            solved += right == 4;
            if (used > longest) longest = used;
            if (right > best) best = right, memcpy(line, found, sizeof found);
        }
        printf("  %-4s %17d %16d %15d of 4\n", task[k], solved, longest, best);
    }
    return best / 4.0;
}

enum { XOR_HIDDEN = 16, XOR_P = 5 * XOR_HIDDEN + 2, XOR_A = 4 * (XOR_HIDDEN + 2), XOR_STEPS = 1000 };

typedef enum { LEARNT, FAILED, FAILED_WITH_A_DEAD_UNIT } Outcome;

/* How training ended: act (4,H), then the scores (4,2). A unit is dead that is off in every row. */
static Outcome outcome(const float *act, const int *target, int H)
{
    int right = 0;
    for (int n = 0; n < 4; n++) right += (act[4 * H + 2 * n + 1] > act[4 * H + 2 * n]) == target[n];
    for (int h = 0; h < H && right < 4; h++)
        if (!(act[h] > 0 || act[H + h] > 0 || act[2 * H + h] > 0 || act[3 * H + h] > 0)) return FAILED_WITH_A_DEAD_UNIT;
    return right == 4 ? LEARNT : FAILED;
}

/* Train 2-H-2 on the four corners, 2-2 where H is 0; p keeps the weights. */
static Outcome solve_xor(float *p, int H, Rng *rng)
{
    static const int target[] = { 0, 1, 1, 0 };
    const int size[] = { 2, H ? H : 2, 2 }, L = H ? 2 : 1, P = mlp_count_params(L, size), h = 4 * H;
    float v[XOR_P] = { 0 }, dp[XOR_P], act[XOR_A], dact[XOR_A], loss = INFINITY;
    for (int l = 0, at = 0; l < L; at += (size[l] + 1) * size[l + 1], l++) {    /* He: w ~ N(0, 2/IN), b = 0 */
        for (int i = 0; i < size[l] * size[l + 1]; i++) p[at + i] = (float)(rng_normal(rng) * sqrt(2.0 / size[l]));
        for (int o = 0; o < size[l + 1]; o++) p[at + size[l] * size[l + 1] + o] = 0;
    }
    for (int step = 0; step < XOR_STEPS && loss > 0.01; step++) {
        memset(dp, 0, sizeof dp);
        mlp_forward(act, corner, p, 4, L, size);
        mlp_loss(&loss, dact + h, act + h, target, 4, 2);
        mlp_backward(dp, dact, corner, act, p, 4, L, size);
        mlp_update(p, v, dp, P, 0.1f, 0.9f);
    }
    return outcome(act, target, H);
}

/* By how much a point is a 1: for one neuron its weighted sum, for the net the difference of its two scores. */
static double leaning(const float *line, const float *net, double x1, double x2)
{
    static const int size[] = { 2, XOR_HIDDEN, 2 };
    float x[] = { (float)x1, (float)x2 }, act[XOR_HIDDEN + 2];
    if (line) return line[0] * x1 + line[1] * x2 + line[2];
    mlp_forward(act, x, net, 1, 2, size);
    return act[XOR_HIDDEN + 1] - act[XOR_HIDDEN];
}

/* Where the answer changes, along 40 columns and 40 rows of the square from -0.5 to 1.5. */
static void plot_boundary(Plot *plot, const char *series, const float *line, const float *net)
{
    enum { SIDE = 40 };
    for (int upright = 0; upright < 2; upright++)
        for (int k = 0; k <= SIDE; k++) {
            double at = -0.5 + 2.0 * k / SIDE, before = 0;
            for (int j = 0; j <= SIDE; j++) {
                double along = -0.5 + 2.0 * j / SIDE;
                double now = upright ? leaning(line, net, at, along) : leaning(line, net, along, at);
                double cut = along - 2.0 / SIDE * now / (now - before);
                if (j && (now > 0) != (before > 0)) plot_point(plot, series, upright ? at : cut, upright ? cut : at);
                before = now;
            }
        }
}

static void plot_xor(Program *p, const float line[3], const float *net)
{
    Plot *plot = program_plot(p, "xor", (PlotArg){
        .title = "XOR: one cut is not enough", .x = "x1", .y = "x2", .kind = PLOT_POINTS,
        .caption = "One neuron draws a line and is wrong at one corner; a hidden layer of 16 cuts twice.",
    });
    plot_boundary(plot, "one neuron's cut", line, NULL);
    plot_boundary(plot, "the hidden layer's cuts", NULL, net);
    for (int n = 0; n < 4; n++)
        plot_point(plot, wanted[2][n] == 1 ? "wanted: 1" : "wanted: 0", corner[2 * n], corner[2 * n + 1]);
    program_try(p, plot_done(plot));
}

/* The same on the terminal. */
static void print_xor(const float line[3], const float *net)
{
    enum { ROWS = 9, COLUMNS = 18 };    /* x2 is 1 in row 2 and 0 in row 6; x1 is 0 in column 4 and 1 in column 13 */
    static const char *const note[ROWS] = { [1] = "   # answers 1, . answers 0", [2] = "   corners: what is wanted" };
    printf("\n  one neuron           16 hidden units\n");
    for (int r = 0; r < ROWS; r++) {
        char text[2][COLUMNS + 1] = { "", "" };
        for (int c = 0; c < COLUMNS; c++) {
            double x1 = -0.5 + 2 * (c + 0.5) / COLUMNS, x2 = 1.5 - 2.0 * r / (ROWS - 1);
            text[0][c] = leaning(line, NULL, x1, x2) > 0 ? '#' : '.';
            text[1][c] = leaning(NULL, net, x1, x2) > 0 ? '#' : '.';
        }
        for (int k = 0; k < 2 && (r == 2 || r == 6); k++) {
            text[k][4] = r == 2 ? '1' : '0';
            text[k][13] = r == 2 ? '0' : '1';
        }
        printf("  %s   %s%s\n", text[0], text[1], note[r] ? note[r] : "");
    }
}

/* Returns the share of starts on which the widest layer learnt XOR. */
static double hidden_layer(Program *p, const Options *o, const Rng *rng, const float line[3])
{
    static const int width[] = { 0, 2, 3, 4, 8, XOR_HIDDEN };
    enum { WIDTHS = sizeof width / sizeof width[0] };
    Plot *plot = program_plot(p, "xor_starts", (PlotArg){
        .title = "XOR: random starts that end with all four right", .x = "hidden units", .y = "share of the starts",
        .kind = PLOT_BARS, .caption = "Two units can solve XOR and mostly fail to learn it. 0: no hidden layer.",
    });
    float trial[XOR_P], net[XOR_P] = { 0 };         /* net: the last of the widest that learnt it */
    int dead[WIDTHS];
    double share = 0;
    printf("\na hidden layer of ReLUs, %d random starts, %d steps\n  units  ", o->starts, XOR_STEPS);
    for (int k = 0; k < WIDTHS; k++) printf("%6d", width[k]);
    printf("\n  learnt ");
    for (int k = 0; k < WIDTHS; k++) {
        char label[16];
        int ended[3] = { 0 };
        for (int s = 0; s < o->starts; s++) {
            Rng start = rng_stream(rng, (uint64_t)(100000 + 10000 * k + s));
            Outcome end = solve_xor(trial, width[k], &start);
            ended[end]++;
            if (end == LEARNT && width[k] == XOR_HIDDEN) memcpy(net, trial, sizeof net);
        }
        share = (double)ended[LEARNT] / o->starts;
        dead[k] = ended[FAILED_WITH_A_DEAD_UNIT];
        printf("%6d", ended[LEARNT]);
        snprintf(label, sizeof label, "%d", width[k]);
        plot_bar(plot, label, "learnt", share);
    }
    printf("\n  failed, with a unit dead for good\n         ");
    for (int k = 0; k < WIDTHS; k++) printf("%6d", dead[k]);
    printf("\n");
    program_try(p, plot_done(plot));
    plot_xor(p, line, net);
    print_xor(line, net);
    return share;
}

/* y = (x w1^T) w2^T = x (w2 w1)^T: without ReLU between them two layers are one. Returns how far apart the two are. */
static double collapse(const Rng *rng)
{
    enum { N = 100, IN = 64, H = 128, OUT = 10 };
    static float x[N * IN], w1[H * IN], w1t[IN * H], w2[OUT * H], w[OUT * IN], h[N * H], two[N * OUT], one[N * OUT];
    Rng r = rng_stream(rng, 3);
    double apart = 0, largest = 0;
    for (int k = 0; k < N * IN; k++) x[k] = (float)rng_normal(&r);
    for (int k = 0; k < H * IN; k++) w1[k] = w1t[k % IN * H + k / IN] = (float)(rng_normal(&r) / 8);
    for (int k = 0; k < OUT * H; k++) w2[k] = (float)(rng_normal(&r) / 11);
    mlp_linear(h, x, w1, NULL, N, IN, H);
    mlp_linear(two, h, w2, NULL, N, H, OUT);
    mlp_linear(w, w2, w1t, NULL, OUT, H, IN);       /* w2 w1: a product of matrices is a linear layer too */
    mlp_linear(one, x, w, NULL, N, IN, OUT);
    for (int k = 0; k < N * OUT; k++) {
        apart = fmax(apart, fabs(one[k] - two[k]));
        largest = fmax(largest, fabs(two[k]));
    }
    printf("\nno ReLU: 64-128-10 (%d weights) and its one matrix (%d): scores up to %.1f, at most %.1e apart\n",
           H * IN + OUT * H, OUT * IN, largest, apart);
    return apart / largest;
}

static void xor_part(Program *p, const Options *o)
{
    float line[3] = { 0 };
    Rng rng = rng_new(p->seed);
    double alone = one_neuron(o, &rng, line), hidden = hidden_layer(p, o, &rng, line), apart = collapse(&rng);
    program_promise(p, "XOR, rows right by one neuron", alone, "<=", 0.75);
    program_promise(p, "XOR, starts solved by 16 hidden units", hidden, ">=", p->quick ? 0.8 : 0.9);
    program_promise(p, "two linear layers and one, relative difference", apart, "<=", 1e-5);
}

/* ---- Digits: one net, trained by the functions of this folder or by the library's -------------------------------- */

enum { ROWS_AT_ONCE = 500, MAX_SEEDS = 100 };

typedef struct Trainer {
    const Options *o;
    const Dataset *set;
    int       L, size[NN_MAX_LAYERS + 1];
    bool      own;
    Arena    *arena;
    Tape     *tape;
    Mlp       mlp;                          /* the library's net */
    NnParams  params, state;                /* its parameters in the order of p; what a checkpoint holds */
    Optim    *optim;
    float    *p, *v, *dp, *act, *dact;      /* ours: mlp.h has the layout */
    int       P;
    Loader    loader;
    Rng       rng;
    int64_t  *clock;                        /* (5): epoch, rows of it done, seed, epochs, batch */
} Trainer;

/* "512,256" between the inputs and the classes. NULL, or what is wrong with it. */
static const char *read_sizes(Trainer *t)
{
    const char *at = t->o->hidden;
    t->size[t->L = 0] = (int)t->set->x->shape[1];
    while (strcmp(at, "none") && *at) {
        char *end;
        long size = strtol(at, &end, 10);
        if (end == at || size < 1 || size > 65536 || (*end && *end != ',') || t->L + 2 > NN_MAX_LAYERS)
            return sentence("--hidden=%s: sizes such as 512,256 are expected, or none", t->o->hidden);
        t->size[++t->L] = (int)size;
        at = *end ? end + 1 : end;
    }
    t->size[++t->L] = t->set->classes;
    int64_t params = 0;
    for (int l = 0; l < t->L; l++) params += (t->size[l] + (int64_t)1) * t->size[l + 1];
    return params <= 100000000 ? NULL : sentence("--hidden=%s: %lld parameters, 100 million at most", t->o->hidden,
                                                 (long long)params);
}

static float *floats(Arena *a, int64_t n)
{
    float *f = arena_alloc(a, DEV_CPU, (size_t)n * sizeof *f, "net");
    return memset(f, 0, (size_t)n * sizeof *f);
}

/* Our arrays, with the weights that the library drew (He). */
static void own_arrays(Trainer *t)
{
    int rows = t->o->batch > ROWS_AT_ONCE ? t->o->batch : ROWS_AT_ONCE, acts = mlp_count_acts(rows, t->L, t->size);
    Tensor *p = tensor_new(t->arena, DEV_CPU, F32, SHAPE(t->P)), *v = tensor_new(t->arena, DEV_CPU, F32, SHAPE(t->P));
    nn_params_add(&t->state, "p", p);
    nn_params_add(&t->state, "v", v);
    t->p = p->data;
    t->v = memset(v->data, 0, tensor_bytes(v));
    t->dp = floats(t->arena, t->P);
    t->act = floats(t->arena, acts);
    t->dact = floats(t->arena, acts);
    for (int i = 0, at = 0; i < t->params.n; at += (int)tensor_count(t->params.item[i++].tensor))
        memcpy(t->p + at, t->params.item[i].tensor->data, tensor_bytes(t->params.item[i].tensor));
}

static Trainer trainer_new(Program *p, const Options *o, const Dataset *set, uint64_t seed)
{
    Trainer t = { .o = o, .set = set, .own = !strcmp(o->with, "own"), .rng = rng_new(seed) };
    t.arena = arena_new("net"), t.tape = tape_new("step");
    program_tape(p, t.tape);
    program_try(p, read_sizes(&t));
    Rng weights = rng_stream(&t.rng, 1), order = rng_stream(&t.rng, 2);
    t.mlp = nn_mlp(t.arena, &weights, t.L, t.size);
    t.params = nn_params(t.arena), t.state = nn_params(t.arena);
    nn_mlp_visit(&t.mlp, "", nn_params_add, &t.params);
    t.P = mlp_count_params(t.L, t.size);
    t.loader = loader_new(t.arena, set->x, set->y, 0, set->train, o->batch, true, &order);
    Tensor *clock = tensor_new(t.arena, DEV_CPU, I64, SHAPE(5));
    t.clock = clock->data;
    memcpy(t.clock, (int64_t[]){ 0, 0, (int64_t)seed, o->epochs, o->batch }, 5 * sizeof *t.clock);
    nn_params_add(&t.state, "clock", clock);
    if (t.own) own_arrays(&t);
    else {
        t.optim = optim_sgd(t.arena, &t.params, (SgdArg){ .rate = o->rate, .momentum = o->momentum });
        nn_mlp_visit(&t.mlp, "", nn_params_add, &t.state);
        optim_visit(t.optim, "optim", nn_params_add, &t.state);
    }
    return t;
}

static void trainer_free(Trainer *t)
{
    tape_free(t->tape);
    arena_free(t->arena);
}

/* The whole of training, by hand. */
static float step_own(Trainer *t, const float *x, const int *target, int N, float rate)
{
    int scores = mlp_count_acts(N, t->L - 1, t->size);
    float loss;
    memset(t->dp, 0, (size_t)t->P * sizeof *t->dp);
    mlp_forward(t->act, x, t->p, N, t->L, t->size);
    mlp_loss(&loss, t->dact + scores, t->act + scores, target, N, t->size[t->L]);
    mlp_backward(t->dp, t->dact, x, t->act, t->p, N, t->L, t->size);
    mlp_update(t->p, t->v, t->dp, t->P, rate, (float)t->o->momentum);
    return loss;
}

/* The same on the tape. */
static float step_library(Trainer *t, Tensor *x, Tensor *target, double rate)
{
    Tensor *loss = op_cross_entropy(t->tape, nn_mlp_forward(t->tape, &t->mlp, x), target);
    tape_backward(t->tape, loss);
    optim_set_rate(t->optim, rate);
    optim_step(t->optim, t->tape);
    return *(float *)loss->data;
}

/* Some rows move by a pixel, up, down, left or right: for us still the same digit, for a matrix quite other numbers. */
static void shift_rows(Tensor *x, int height, int width, double share, Rng *rng)
{
    float moved[1024];
    int D = height * width;
    for (int64_t n = 0; n < x->shape[0] && D && D <= 1024; n++) {
        static const int down[] = { 1, -1, 0, 0 }, right[] = { 0, 0, 1, -1 };
        float *row = (float *)x->data + n * D;
        bool move = rng_uniform(rng) < share;
        int64_t way = rng_below(rng, 4);
        for (int k = 0; k < D && move; k++) {
            int r = k / width - down[way], c = k % width - right[way];
            moved[k] = r < 0 || r >= height || c < 0 || c >= width ? 0 : row[r * width + c];
        }
        if (move) memcpy(row, moved, (size_t)D * sizeof *row);
    }
}

static int64_t count_right(Trainer *t, int64_t from, int64_t to)
{
    int64_t right = 0;
    int D = t->size[0], C = t->size[t->L];
    bool was = tape_record(t->tape, false);
    for (int64_t at = from; at < to; at += ROWS_AT_ONCE) {
        int64_t end = at + ROWS_AT_ONCE < to ? at + ROWS_AT_ONCE : to, N = end - at;
        if (t->own) {
            const float *y = t->act + mlp_count_acts((int)N, t->L - 1, t->size);
            mlp_forward(t->act, (float *)t->set->x->data + at * D, t->p, (int)N, t->L, t->size);
            for (int64_t n = 0; n < N; n++, y += C) {
                int best = 0;
                for (int c = 1; c < C; c++) if (y[c] > y[best]) best = c;
                right += best == ((int *)t->set->y->data)[at + n];
            }
        } else {
            Tensor *x = op_slice(t->tape, t->set->x, 0, at, end), *y = op_slice(t->tape, t->set->y, 0, at, end);
            right += nn_correct(t->tape, nn_mlp_forward(t->tape, &t->mlp, x), y);
            tape_reset(t->tape);
        }
    }
    tape_record(t->tape, was);
    return right;
}

static double accuracy(Trainer *t, bool unseen)
{
    int64_t from = unseen ? t->set->train : 0, to = unseen ? t->set->x->shape[0] : t->set->train;
    return (double)count_right(t, from, to) / (double)(to - from);
}

static void save(Program *p, Trainer *t)
{
    if (!p->save) return;
    t->clock[0] = t->loader.epoch, t->clock[1] = t->loader.at;
    program_try(p, checkpoint_save(p->save, &t->state, NULL));
    program_say(p, "%s: saved after %lld epochs and %lld rows", p->save, (long long)t->loader.epoch,
                (long long)t->loader.at);
}

static void resume(Program *p, Trainer *t)
{
    if (!p->resume) return;
    int64_t now[5];
    memcpy(now, t->clock, sizeof now);
    program_try(p, checkpoint_load(t->arena, p->resume, &t->state, NULL));
    if (memcmp(now + 2, t->clock + 2, 3 * sizeof *now))
        program_try(p, sentence("%s was saved with --seed=%lld --epochs=%lld --batch=%lld: give the same, or rows and "
                                "rates would not go on where they stopped", p->resume, (long long)t->clock[2],
                                (long long)t->clock[3], (long long)t->clock[4]));
    t->loader.epoch = t->clock[0], t->loader.at = t->clock[1];
}

/* One epoch, or what a resumed one has left. Returns its mean loss, NaN if nothing was left. */
static double train_epoch(Program *p, Trainer *t)
{
    int64_t steps = loader_batches(&t->loader), rows = 0, epoch = t->loader.epoch;
    double sum = 0;
    for (Tensor *x, *y; !p->stopped; tape_reset(t->tape)) {
        int64_t step = epoch * steps + t->loader.at / t->o->batch;
        if (!loader_next(&t->loader, t->tape, &x, &y)) break;
        Rng moves = rng_stream(&t->rng, 1000 + (uint64_t)step); /* a resumed run moves the same rows */
        double rate = t->o->rate * (1 - (double)step / (double)(steps * t->o->epochs));
        shift_rows(x, t->set->height, t->set->width, t->o->shift, &moves);
        int64_t N = x->shape[0];
        sum += (double)N * (t->own ? step_own(t, x->data, y->data, (int)N, (float)rate) : step_library(t, x, y, rate));
        rows += N;
    }
    return sum / (double)rows;
}

typedef struct Curves { Plot *accuracy, *loss; } Curves;

static Curves curves_new(Program *p)
{
    return (Curves){
        program_plot(p, "accuracy", (PlotArg){
            .title = "A net written by hand learns to read", .x = "epoch", .y = "accuracy", .kind = PLOT_LINES,
            .caption = "The gap between the two curves is what was learnt by heart.",
        }),
        program_plot(p, "loss", (PlotArg){
            .title = "The loss that the steps go down", .x = "epoch", .y = "mean cross-entropy", .kind = PLOT_LINES,
            .log_y = true, .caption = "The loss of the rows as they were trained on, moved pixels and all.",
        }),
    };
}

static void show_epoch(Program *p, const Options *o, Trainer *t, Curves *c, double loss)
{
    if (!c->loss) *c = curves_new(p);
    int epoch = (int)t->loader.epoch, every = o->epochs < 10 ? 1 : o->epochs / 8;
    double seen = accuracy(t, false), unseen = accuracy(t, true);
    if (epoch % every == 0 || epoch == 1 || epoch == o->epochs)
        printf("  %5d %8.4f  %.4f  %.4f\n", epoch, loss, seen, unseen);
    plot_point(c->accuracy, "seen", epoch, seen);
    plot_point(c->accuracy, "unseen", epoch, unseen);
    plot_point(c->loss, "loss", epoch, loss);
}

/* Train one net; returns its accuracy on the rows it has not seen. The first one is shown epoch by epoch. */
static double train(Program *p, const Options *o, const Dataset *set, uint64_t seed, bool first)
{
    Trainer t = trainer_new(p, o, set, seed);
    Curves curves = { 0 };
    resume(p, &t);
    if (first) {
        printf("\n%s, ", set->from);
        for (int l = 0; l <= t.L; l++) printf("%d%s", t.size[l], l < t.L ? "-" : "");
        printf(", %d parameters, trained by %s functions\n", t.P, t.own ? "these" : "the library's");
        printf("  epoch     loss    seen  unseen\n");
    }
    while (t.loader.epoch < o->epochs && !p->stopped) {
        double loss = train_epoch(p, &t);
        if (p->stopped) break;
        program_progress(p, t.loader.epoch, o->epochs, "epochs");
        if (first && !isnan(loss)) show_epoch(p, o, &t, &curves, loss);
    }
    if (curves.loss) {
        program_try(p, plot_done(curves.loss));
        program_try(p, plot_done(curves.accuracy));
    }
    save(p, &t);
    double result = accuracy(&t, true);
    trainer_free(&t);
    return result;
}

/* The first steps of the loop above, of the tape with this folder's functions plugged in, and of the tape alone. */
static void same_on_the_tape(Program *p, const Options *o, const Dataset *set)
{
    enum { STEPS = 20 };
    double apart[2] = { 0 };
    Options own = *o, library = *o;
    own.with = "own", library.with = "library";
    Trainer t[3] = { trainer_new(p, &own, set, p->seed), trainer_new(p, &library, set, p->seed),
                     trainer_new(p, &library, set, p->seed) };
    plug_all(t[1].tape);
    for (int step = 0; step < STEPS; step++) {
        float loss[3];
        for (int k = 0; k < 3; k++) {
            Tensor *x, *y;
            Loader *l = &t[k].loader;
            if (!loader_next(l, t[k].tape, &x, &y)) loader_next(l, t[k].tape, &x, &y);  /* the next epoch's first */
            loss[k] = t[k].own ? step_own(&t[k], x->data, y->data, (int)x->shape[0], (float)o->rate)
                               : step_library(&t[k], x, y, o->rate);
            tape_reset(t[k].tape);
        }
        for (int k = 0; k < 2; k++) apart[k] = fmax(apart[k], fabs(loss[0] - loss[k + 1]));
    }
    printf("\nthe first %d losses by hand and on the library's tape\n", STEPS);
    tape_replaced(t[1].tape, stdout);
    program_promise(p, "largest difference, tape with these functions", apart[0], "<=", 1e-4);
    program_promise(p, "largest difference, tape with the library's own", apart[1], "<=", 1e-4);
    for (int k = 0; k < 3; k++) trainer_free(&t[k]);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void digits(Program *p, const Options *o)
{
    Arena *a = arena_new("data");
    Dataset set;
    double result[MAX_SEEDS];
    int nets = p->save || p->resume ? 1 : o->seeds, done = 0;       /* a checkpoint holds one net */
    program_try(p, data_load(a, o->data, F32, &set));
    if (!p->full && !p->resume) same_on_the_tape(p, o, &set);
    for (; done < nets && !p->stopped; done++) result[done] = train(p, o, &set, p->seed + (uint64_t)done, done == 0);
    if (!p->stopped) {
        for (int k = 0; k < nets && nets > 1; k++) printf("%s%.4f", k ? "  " : "  unseen, by seed:  ", result[k]);
        if (nets > 1) printf("\n");
        qsort(result, (size_t)nets, sizeof *result, by_size);
        double median = nets % 2 ? result[nets / 2] : (result[nets / 2 - 1] + result[nets / 2]) / 2;
        double bound = p->quick ? 0.94 : !strcmp(o->data, "mnist") ? 0.98 : 0.97;
        program_promise(p, nets > 1 ? "median accuracy on unseen rows" : "accuracy on unseen rows", median,
                        ">=", bound);
    }
    arena_free(a);
}

static void check_options(Program *p, const Options *o)
{
    bool own = !strcmp(o->with, "own"), here = !strcmp(o->data, "digits") || !strcmp(o->data, "mnist");
    if (!own && strcmp(o->with, "library")) program_try(p, sentence("--with=%s: own or library", o->with));
    if (!here) program_try(p, sentence("--data=%s: digits or mnist", o->data));
    if (o->epochs < 1) program_try(p, sentence("--epochs=%d: 1 or more", o->epochs));
    if (o->batch < 1) program_try(p, sentence("--batch=%d: 1 or more", o->batch));
    if (o->seeds < 1 || o->seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o->seeds, MAX_SEEDS));
    if (o->starts < 1 || o->starts > 10000) program_try(p, sentence("--starts=%d: from 1 to 10000", o->starts));
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "mlp", "One neuron on XOR; a net written by hand on digits.", flags, &o);
    check_options(p, &o);
    if (!p->resume) xor_part(p, &o);
    digits(p, &o);
    return program_end(p);
}
