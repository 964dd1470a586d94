/* main.c -- what taking off the maximum is worth, what a mask does, and a softmax regression that reads digits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "loader.h"
#include "optim.h"
#include "plug.h"
#include "program.h"
#include "softmax.h"

typedef struct Options {
    const char *data;
    int    epochs, batch, seeds, steps;
    double rate, decay;
} Options;

static const Flag flags[] = {
    { "data", FLAG_TEXT, offsetof(Options, data), "digits", NULL, "mnist", "digits or mnist" },
    { "epochs", FLAG_INT, offsetof(Options, epochs), "100", "25", "15", "times that every row is seen" },
    { "batch", FLAG_INT, offsetof(Options, batch), "32", NULL, "100", "rows a step" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.2", NULL, NULL, "of the first step; it falls to 0 in a line" },
    { "decay", FLAG_FLOAT, offsetof(Options, decay), "0.0001", NULL, NULL, "lambda of lambda/2 w^2, on the weights" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "3", "1", "3", "runs, each in its own order; the median counts" },
    { "steps", FLAG_INT, offsetof(Options, steps), "3000", "1000", NULL, "steps on iris, all rows each" },
    { 0 }
};

/* ---- Without the maximum ------------------------------------------------------------------------------------- */

/* The formula as it stands in the books: right on paper, and in a float between about -90 and 85. */
static void naive_softmax(float *y, const float *x, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C) {
        float sum = 0;
        for (int c = 0; c < C; c++) sum += y[c] = expf(x[c]);
        for (int c = 0; c < C; c++) y[c] /= sum;
    }
}

/* The largest relative error of softmax(1 + by, 2 + by, 3 + by); NaN if one value is. */
static double error_at(void (*f)(float *, const float *, int, int), float by)
{
    const float x[] = { 1 + by, 2 + by, 3 + by };
    float y[3];
    double worst = 0;
    f(y, x, 1, 3);
    for (int c = 0; c < 3; c++) {
        double sum = 0;
        for (int k = 0; k < 3; k++) sum += exp((double)x[k] - x[c]);
        double error = fabs(y[c] * sum - 1);
        if (isnan(error)) return NAN;
        worst = fmax(worst, error);
    }
    return worst;
}

/* Scores are moved by up to 120 either way. Returns the largest error of softmax() itself. */
static double range_part(Program *p)
{
    Plot *plot = program_plot(p, "range", (PlotArg){ .title = "softmax of 1, 2, 3, all moved by the same number",
        .x = "moved by", .y = "largest relative error", .log_y = true, .kind = PLOT_LINES,
        .caption = "With the maximum off nothing changes. Without, digits fade below -90 and the ends are lost." });
    double worst = 0, low = 0, high = 0, fading = 0, naive_worst = 0, ours_worst = 0;
    for (int k = -480; k <= 480; k++) {     /* quarters are exact in a float; eight make a point of the plot */
        float by = 0.25f * (float)k;
        double naive = error_at(naive_softmax, by), ours = error_at(softmax, by);
        worst = isnan(worst) || isnan(ours) ? NAN : fmax(worst, ours);
        bool broken = !(naive < 0.5);       /* NaN too; a sum of inf makes zeros first */
        if (broken && by > 0 && high == 0) high = by;
        if (isnan(naive) && by < 0) low = by;
        if (by < 0 && naive > 1e-5) fading = by;
        naive_worst = isnan(naive) || (broken && by > 0) ? NAN : fmax(naive_worst, naive);
        ours_worst = fmax(ours_worst, ours);
        if (k % 8) continue;
        if (!isnan(naive_worst)) plot_point(plot, "exp(x) / sum exp(x)", by, fmax(naive_worst, 1e-8));
        plot_point(plot, "the maximum taken off first", by, fmax(ours_worst, 1e-8));
        naive_worst = ours_worst = 0;
    }
    plot_line(plot, low, 1e-8, low, 1, "0 / 0");
    plot_line(plot, high, 1e-8, high, 1, "the sum is inf");
    program_try(p, plot_done(plot));
    printf("\nsoftmax of 1, 2, 3, all moved by the same number\n"
           "  exp(x) / sum exp(x)          the sum is inf from %g up; digits fade from %g down, 0 / 0 from %g down\n"
           "  the maximum taken off first  largest relative error %.1e anywhere in between\n",
           high, fading, low, worst);
    return worst;
}

/* ---- Masks --------------------------------------------------------------------------------------------------- */

/* The lesson's scores in each of three rows, a sequence of two tokens and one of padding. Returns how much a NaN in the
 * hidden places changes what is seen. */
static double mask_part(void)
{
    static const char *const name[] = { "causal", "padding", "both", "mask after softmax" };
    const float a = 0, b = logf(2), c = logf(5), x[] = { a, b, c, a, b, c, a, b, c };
    const float poisoned[] = { a, NAN, NAN, a, b, NAN, a, b, NAN };
    float y[4][9], again[9];
    double change = 0;
    softmax_sequences(y[0], x, (int[]){ 3 }, 1, 1, 3);
    softmax_sequences(y[1], x, (int[]){ 2 }, 0, 1, 3);
    softmax_sequences(y[2], x, (int[]){ 2 }, 1, 1, 3);
    softmax_sequences(again, poisoned, (int[]){ 2 }, 1, 1, 3);
    softmax(y[3], x, 3, 3);
    for (int i = 0; i < 9; i++)
        if (i % 3 == 2 || i % 3 > i / 3) y[3][i] = 0;
    for (int i = 0; i < 9; i++) change = isnan(again[i]) ? NAN : fmax(change, fabs(again[i] - y[2][i]));
    printf("\nscores 0, ln 2, ln 5 in every row; two tokens and one of padding\n");
    for (int k = 0; k < 4; k++) printf("  %-17s", name[k]);
    for (int t = 0; t < 3; t++) {
        printf("\n");
        for (int k = 0; k < 4; k++) printf("  %.3f %.3f %.3f", y[k][3 * t], y[k][3 * t + 1], y[k][3 * t + 2]);
    }
    printf("\n");
    return change;
}

/* ---- Three losses -------------------------------------------------------------------------------------------- */

/* Two classes, the wrong one ahead by `lead`. How hard does the loss pull the right score up: minus its gradient. */
static double pull_of(Tape *t, int loss, double lead)
{
    Arena *a = tape_arena(t);
    Tensor *x = tensor_new(a, DEV_CPU, F32, SHAPE(1, 2)), *one = tensor_new(a, DEV_CPU, F32, SHAPE(1, 2)), *y;
    Tensor *target = tensor_new(a, DEV_CPU, I32, SHAPE(1));
    tensor_set(x, 0, 0), tensor_set(x, 1, lead);
    tensor_set(one, 0, 1), tensor_set(one, 1, 0), tensor_set(target, 0, 0);
    x->needs_grad = true;
    if (loss == 0) {                        /* fused: p - onehot */
        y = op_cross_entropy(t, x, target);
    } else if (loss == 1) {                 /* the same in two steps: minus the logarithm at the target */
        y = op_scale(t, op_sum(t, op_mul(t, op_log_softmax(t, x), one), 3), -1);
    } else {                                /* (p - onehot)^2 */
        Tensor *d = op_sub(t, op_softmax(t, x), one);
        y = op_sum(t, op_mul(t, d, d), 3);
    }
    tape_backward(t, y);
    double pull = -tensor_get(tape_grad(t, x), 0);
    tape_reset(t);
    return pull;
}

/* Returns the pull of cross-entropy where the net is most wrong. */
static double pull_part(Program *p, Tape *t)
{
    static const char *const name[] = { "cross-entropy", "log-softmax at the target", "squared error of softmax" };
    static const float shown[] = { -5, 0, 5, 10, 20, 100 };
    Plot *plot = program_plot(p, "pull", (PlotArg){ .title = "how hard a loss pulls the right score up",
        .x = "lead of the wrong class", .y = "pull: minus the gradient", .kind = PLOT_LINES,
        .caption = "Cross-entropy pulls harder the more wrong the net is. Squared error lets go just there." });
    for (int k = 0; k < 3; k++)
        for (double lead = -10; lead <= 20; lead += 0.25)
            if (k != 1) plot_point(plot, name[k], lead, pull_of(t, k, lead));
    program_try(p, plot_done(plot));
    printf("\npull on the right score, the wrong one ahead by\n %-25s", "");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) printf("%8g", shown[i]);
    for (int k = 0; k < 3; k++) {
        printf("\n  %-25s", name[k]);
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) printf("%8.4f", pull_of(t, k, shown[i]));
    }
    printf("\n");
    return pull_of(t, 0, 100);
}

/* ---- Softmax regression: scores = x w^T + b ------------------------------------------------------------------ */

typedef struct Model {
    Arena   *arena;
    Tape    *tape;
    Tensor  *w, *b;                         /* (C,D), (C): zeros, for the loss has one valley */
    NnParams params, state;                 /* what is learnt; what a checkpoint holds */
    Optim   *optim;
    Loader   loader;
    int64_t *clock;                         /* (5): epoch, rows of it done, seed, epochs, batch */
    Rng      rng;
} Model;

static Tensor *zeros(Arena *a, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(a, DEV_CPU, F32, ndim, shape);
    memset(x->data, 0, tensor_bytes(x));
    return x;
}

static Model model_new(Tape *t, const Dataset *set, uint64_t seed, int epochs, int batch, SgdArg how)
{
    Model m = { .arena = arena_new("model"), .tape = t, .rng = rng_new(seed) };
    m.w = zeros(m.arena, SHAPE(set->classes, set->x->shape[1]));
    m.b = zeros(m.arena, SHAPE(set->classes));
    m.w->needs_grad = m.b->needs_grad = true;
    m.params = nn_params(m.arena);
    nn_params_add(&m.params, "weight", m.w), nn_params_add(&m.params, "bias", m.b);
    m.optim = optim_sgd(m.arena, &m.params, how);
    m.loader = loader_new(m.arena, set->x, set->y, 0, set->train, batch, true, &m.rng);
    Tensor *clock = tensor_new(m.arena, DEV_CPU, I64, SHAPE(5));
    m.clock = clock->data;
    memcpy(m.clock, (int64_t[]){ 0, 0, (int64_t)seed, epochs, batch }, 5 * sizeof *m.clock);
    m.state = nn_params(m.arena);
    nn_params_add(&m.state, "weight", m.w), nn_params_add(&m.state, "bias", m.b);
    nn_params_add(&m.state, "clock", clock);
    optim_visit(m.optim, "optim", nn_params_add, &m.state);
    return m;
}

static Tensor *scores(Model *m, Tensor *x) { return op_linear(m->tape, x, m->w, m->b); }

/* Mean cross-entropy + decay/2 times the sum of w^2. The bias is free. */
static Tensor *objective(Model *m, Tensor *x, Tensor *target, double decay)
{
    Tensor *loss = op_cross_entropy(m->tape, scores(m, x), target);
    if (decay == 0) return loss;
    Tensor *square = op_sum(m->tape, op_mul(m->tape, m->w, m->w), 3);
    return op_add(m->tape, loss, op_scale(m->tape, square, decay / 2));
}

static float step(Model *m, Tensor *x, Tensor *target, double decay)
{
    Tensor *loss = objective(m, x, target, decay);
    tape_backward(m->tape, loss);
    float value = *(float *)loss->data;
    optim_step(m->optim, m->tape);
    tape_reset(m->tape);
    return value;
}

/* ---- Iris: an optimum that is known to ten digits ------------------------------------------------------------ */

static void standardise(Tensor *x)          /* each column to mean 0, variance 1, as the published optimum has it */
{
    int64_t N = x->shape[0], D = x->shape[1];
    float *value = x->data;
    for (int64_t d = 0; d < D; d++) {
        double mean = 0, var = 0;
        for (int64_t n = 0; n < N; n++) mean += value[n * D + d] / (double)N;
        for (int64_t n = 0; n < N; n++) var += (value[n * D + d] - mean) * (value[n * D + d] - mean) / (double)N;
        for (int64_t n = 0; n < N; n++) value[n * D + d] = (float)((value[n * D + d] - mean) / sqrt(var));
    }
}

static double iris_part(Program *p, Tape *t, const Options *o)
{
    static const double lambda = 0.01, optimum = 0.2436772273;
    Arena *a = arena_new("iris");
    Dataset iris;
    program_try(p, data_load(a, "iris", F32, &iris));
    standardise(iris.x);
    iris.train = iris.x->shape[0];
    Model m = model_new(t, &iris, p->seed, 0, 1, (SgdArg){ .rate = 0.5, .momentum = 0.9, .nesterov = true });
    float f = 0;
    for (int s = 0; s < o->steps && !p->stopped; s++) f = step(&m, iris.x, iris.y, lambda);
    bool was = tape_record(m.tape, false);
    int64_t right = nn_correct(m.tape, scores(&m, iris.x), iris.y);
    tape_record(m.tape, was);
    printf("\niris, all 150 rows, columns standardised, lambda 0.01: objective %.9f after %d steps\n"
           "  the optimum is %.9f; %lld rows right, 144 are at the optimum\n", f, o->steps, optimum, (long long)right);
    arena_free(m.arena);
    arena_free(a);
    return fabs(f - optimum);
}

/* ---- Digits -------------------------------------------------------------------------------------------------- */

/* On unseen rows, with the scores divided by a temperature. */
typedef struct Score { int64_t right, rows; double loss, top; } Score;  /* top: mean of the largest probability */

static Score evaluate(Model *m, const Dataset *set, double temperature)
{
    enum { AT_ONCE = 1000 };
    bool was = tape_record(m->tape, false);
    int64_t from = set->train, to = set->x->shape[0], C = set->classes;
    Score s = { .rows = to - from };
    for (int64_t at = from; at < to; at += AT_ONCE) {
        int64_t end = at + AT_ONCE < to ? at + AT_ONCE : to;
        Tensor *x = op_slice(m->tape, set->x, 0, at, end), *y = op_slice(m->tape, set->y, 0, at, end);
        Tensor *z = op_scale(m->tape, scores(m, x), 1 / temperature), *prob = op_softmax(m->tape, z);
        s.right += nn_correct(m->tape, z, y);
        s.loss += *(float *)op_cross_entropy(m->tape, z, y)->data * (double)(end - at) / (double)s.rows;
        for (int64_t n = 0; n < end - at; n++) {
            const float *row = (float *)prob->data + n * C, *most = row;
            for (int64_t c = 1; c < C; c++) if (row[c] > *most) most = row + c;
            s.top += *most / (double)s.rows;
        }
        tape_reset(m->tape);
    }
    tape_record(m->tape, was);
    return s;
}

static void resume(Program *p, const Options *o, Model *m)
{
    int64_t seed = m->clock[2];
    if (!p->resume) return;
    program_try(p, checkpoint_load(m->arena, p->resume, &m->state, NULL));
    if (m->clock[2] != seed || m->clock[4] != o->batch)
        program_try(p, sentence("%s was trained with --seed %lld --batch %lld: resume with the same", p->resume,
                                (long long)m->clock[2], (long long)m->clock[4]));
    if (m->clock[0] < 0 || m->clock[1] < 0) program_try(p, sentence("%s: its clock is before the start", p->resume));
    m->loader.epoch = m->clock[0], m->loader.at = m->clock[1];
}

static void save(Program *p, Model *m)
{
    if (!p->save) return;
    m->clock[0] = m->loader.epoch, m->clock[1] = m->loader.at;
    program_try(p, checkpoint_save(p->save, &m->state, "softmax regression"));
}

/* Returns the first step's loss, which for zeros is log C. */
static double train(Program *p, const Options *o, const Dataset *set, Model *m, Plot *plot)
{
    int64_t a_round = loader_batches(&m->loader), all = a_round * o->epochs;
    double first = NAN, sum = 0;
    int batches = 0;
    while (m->loader.epoch < o->epochs && !p->stopped) {
        Tensor *x, *y;
        int64_t done = m->loader.epoch * a_round + m->loader.at / o->batch;
        if (!loader_next(&m->loader, m->tape, &x, &y)) {
            if (plot && batches) plot_point(plot, "rows it learns from", (double)m->loader.epoch, sum / batches);
            if (plot) plot_point(plot, "unseen rows", (double)m->loader.epoch, evaluate(m, set, 1).loss);
            sum = 0, batches = 0;
            continue;
        }
        optim_set_rate(m->optim, o->rate * (1 - (double)done / (double)all));
        double loss = step(m, x, y, o->decay);
        if (isnan(first)) first = loss;
        if (plot && done == 0) plot_point(plot, "rows it learns from", 0, loss);
        sum += loss, batches++;
        program_progress(p, done + 1, all, "batches");
    }
    return first;
}

static void temperature_part(Program *p, Model *m, const Dataset *set)
{
    Plot *plot = program_plot(p, "temperature", (PlotArg){ .title = "scores divided by a temperature",
        .x = "temperature", .y = "on unseen rows", .log_x = true, .kind = PLOT_LINESPOINTS,
        .caption = "Which class comes first never changes. How sure the net says it is, and what that costs, do." });
    printf("  temperature   mean of the largest probability   loss   correct\n");
    for (double t = 0.125; t <= 8; t *= 2) {
        Score s = evaluate(m, set, t);
        plot_point(plot, "loss", t, s.loss);
        plot_point(plot, "mean of the largest probability", t, s.top);
        printf("  %11g %33.3f %6.3f %9lld\n", t, s.top, s.loss, (long long)s.right);
    }
    program_try(p, plot_done(plot));
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One run. Returns its accuracy on unseen rows. */
static double one_seed(Program *p, Tape *t, const Options *o, const Dataset *set, int index, bool last)
{
    long long seed = (long long)p->seed + index;
    Model m = model_new(t, set, (uint64_t)seed, o->epochs, o->batch, (SgdArg){ .rate = o->rate, .momentum = 0.9 });
    if (index == 0) resume(p, o, &m);
    bool resumed = m.loader.epoch > 0 || m.loader.at > 0;
    Plot *plot = index || m.loader.epoch >= o->epochs ? NULL : program_plot(p, "loss", (PlotArg){
        .title = "softmax regression", .x = "epoch", .y = "mean loss", .kind = PLOT_LINES, .log_y = true,
        .caption = "It begins at log 10 = 2.303, which is what ten equal guesses cost." });
    double first = train(p, o, set, &m, plot);
    if (index == 0) save(p, &m);
    if (plot) program_try(p, plot_done(plot));
    Score s = evaluate(&m, set, 1);
    printf("  seed %lld: ", seed);
    if (!resumed) printf("first loss %.6f, ", first);
    printf("on unseen rows loss %.4f, %lld of %lld correct\n", s.loss, (long long)s.right, (long long)s.rows);
    if (last) temperature_part(p, &m, set);
    arena_free(m.arena);
    return (double)s.right / (double)s.rows;
}

/* Returns the median accuracy. */
static double digits_part(Program *p, Tape *t, const Options *o, const Dataset *set)
{
    enum { MAX_SEEDS = 16 };
    double accuracy[MAX_SEEDS] = { 0 };
    int done = 0;
    printf("\n%s: %lld rows to learn from, %lld unseen\n", set->from, (long long)set->train,
           (long long)(set->x->shape[0] - set->train));
    for (int s = 0; s < o->seeds && !p->stopped; s++)
        accuracy[done++] = one_seed(p, t, o, set, s, s == o->seeds - 1);
    qsort(accuracy, (size_t)done, sizeof *accuracy, by_value);
    return accuracy[done / 2];
}

static void load(Program *p, const Options *o, Arena *a, Dataset *set)
{
    if (o->epochs < 1 || o->batch < 1 || o->steps < 1)
        program_try(p, sentence("--epochs=%d --batch=%d --steps=%d: at least 1 each", o->epochs, o->batch, o->steps));
    if (o->seeds < 1 || o->seeds > 16) program_try(p, sentence("--seeds=%d: from 1 to 16", o->seeds));
    if (strcmp(o->data, "digits") && strcmp(o->data, "mnist"))
        program_try(p, sentence("--data=%s: digits or mnist is expected", o->data));
    program_try(p, data_load(a, o->data, F32, set));
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "softmax",
        "Shows what the maximum and the masks are for, then trains a softmax regression.", flags, &o);
    Arena *a = arena_new("data");
    Tape *t = tape_new("step");
    program_tape(p, t);
    Dataset set;
    load(p, &o, a, &set);
    plug_all(t);                            /* softmax, cross-entropy and their gradients are this folder's */
    bool   mnist = !strcmp(o.data, "mnist");
    double range = range_part(p), change = mask_part(), pull = pull_part(p, t);
    double far = iris_part(p, t, &o), accuracy = digits_part(p, t, &o, &set);
    printf("\n");
    tape_replaced(t, stdout);
    printf("\n");
    if (!p->stopped) {
        program_promise(p, "largest relative error, scores moved by up to 120", range, "<=", 1e-6);
        program_promise(p, "change of what is seen when hidden scores turn NaN", change, "<=", 0);
        program_promise(p, "pull of cross-entropy on a score that is wrong by 100", pull, ">=", 0.999);
        program_promise(p, "iris, distance to the known optimum", far, "<=", 1e-6);
        program_promise(p, "accuracy on unseen rows", accuracy, ">=", mnist ? 0.915 : p->quick ? 0.93 : 0.94);
    }
    tape_free(t);
    arena_free(a);
    return program_end(p);
}
