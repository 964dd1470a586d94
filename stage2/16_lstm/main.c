/* main.c -- what a cell keeps and what each gate is for; then numbers far apart are added, and characters foretold. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "data.h"
#include "lstm.h"
#include "optim.h"
#include "plug.h"
#include "program.h"

typedef struct Options {
    const char *with, *text;
    int    latch, length, hidden, steps, seeds, width, read, batch;
} Options;

static const Flag flags[] = {
    { "with", FLAG_TEXT, offsetof(Options, with), "library", NULL, NULL,
      "whose LSTM adds and reads: library, or own, which takes minutes" },
    { "latch", FLAG_INT, offsetof(Options, latch), "300", "60", NULL, "steps for each net that has a gate fixed" },
    { "length", FLAG_INT, offsetof(Options, length), "100", "20", NULL, "adding: how many numbers" },
    { "hidden", FLAG_INT, offsetof(Options, hidden), "32", "16", "64", "adding: cells" },
    { "steps", FLAG_INT, offsetof(Options, steps), "800", "60", "1000", "adding: steps of 32 sequences" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "1", NULL, "3", "runs of adding and reading; the median counts" },
    { "text", FLAG_TEXT, offsetof(Options, text), "lessons", NULL, "tinyshakespeare", "lessons or tinyshakespeare" },
    { "width", FLAG_INT, offsetof(Options, width), "96", "32", "128", "reading: cells; characters are half as wide" },
    { "read", FLAG_INT, offsetof(Options, read), "400", "60", "1000", "reading: steps of 64 characters" },
    { "batch", FLAG_INT, offsetof(Options, batch), "32", "16", NULL, "reading: texts a step" },
    { 0 }
};

enum { MAX_SEEDS = 16 };
enum { I, F, G, O };                            /* the order of the sums */
#define OPEN 100.0f                             /* a sum at which a gate is 1 to the bit */
#define SHUT -100.0f                            /* and 0 */

static double median(double *x, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && x[k] < x[k - 1]; k--) {
            double least = x[k];
            x[k] = x[k - 1], x[k - 1] = least;
        }
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* ---- What a cell keeps ----------------------------------------------------------------------------------------- */

static double worse(double a, double b) { return a >= b || isnan(a) ? a : b; }      /* fmax would lose a NaN */

static void softmax3(float c[3])
{
    float sum = 0;
    for (int k = 0; k < 3; k++) sum += c[k] = expf(c[k]);
    for (int k = 0; k < 3; k++) c[k] /= sum;
}

/* Three cells, nothing coming in: f open and i shut; f at 0.99; and, as some notes have it, a softmax over the cells at
 * every step. Returns by how much the open ones changed. */
static double keep_part(void)
{
    enum { H = 3, T = 1000 };
    static const float c0[H] = { 2, -1, 0.5f };
    static const char *const name[] = { "f = 1, i = 0", "f = 0.99, i = 0", "f = 1, i = 0, and softmax on c" };
    double changed = 0;
    printf("\nthree cells that begin at 2, -1, 0.5; the h of before is not looked at\n  %-32s%26s%26s%26s\n", "",
           "after 1 step", "after 10", "after 1000");
    for (int kind = 0; kind < 3; kind++) {
        float z[4 * H], c[H], h[H], gate[4 * H];
        for (int k = 0; k < H; k++)
            z[k] = SHUT, z[H + k] = kind == 1 ? logf(99) : OPEN, z[2 * H + k] = 1, z[3 * H + k] = OPEN;
        memcpy(c, c0, sizeof c);
        printf("  %-32s", name[kind]);
        for (int t = 1; t <= T; t++) {
            float before[H];
            memcpy(before, c, sizeof c);
            lstm_cell(h, c, gate, z, before, 1, H);
            if (kind == 2) softmax3(c);
            if (t == 1 || t == 10 || t == T) printf("  %8.4f%8.4f%8.4f", c[0], c[1], c[2]);
        }
        printf("\n");
        for (int k = 0; k < H && kind == 0; k++) changed = worse(changed, fabs(c[k] - c0[k]));
    }
    return changed;
}

/* dc_T/dc_0 of 20 steps with gates of all kinds: by moving c0, and as the product of f. Where h is fed back there are
 * more ways from c0 to c_T than the cell's own. Returns the relative difference where it is not. */
static double slope_part(uint64_t seed)
{
    enum { T = 20, IN = 2, H = 1 };
    float x[T * IN], w_ih[4 * H * IN], w_hh[4 * H], b[4] = { 0, 3, 0, 0 }, y[T], c[T], gate[4 * T], kept[T];
    double off = NAN, product = NAN, moved = NAN;
    Rng rng = rng_new(seed);
    for (int k = 0; k < T * IN; k++) x[k] = (float)rng_normal(&rng);
    for (int k = 0; k < 4 * H * IN; k++) w_ih[k] = (float)(0.5 * rng_normal(&rng));
    printf("\ndc_20/dc_0: the product of 20 forget gates, and what moving c_0 a little shows\n");
    for (int fed = 0; fed < 2; fed++) {
        float end[2];
        for (int k = 0; k < 4; k++) w_hh[k] = fed ? (float)rng_normal(&rng) : 0;
        for (int side = 0; side < 2; side++) {
            float c0 = side ? 0.55f : 0.45f;
            lstm_forward(y, c, gate, x, NULL, &c0, w_ih, w_hh, b, T, 1, IN, H);
            end[side] = c[T - 1];
        }
        lstm_kept(kept, gate, T, 1, H);
        product = kept[0] * gate[F], moved = (end[1] - end[0]) / 0.1;
        if (!fed) off = fabs(moved / product - 1);
        printf("  %-28s%10.6f%12.6f\n", fed ? "h fed back: other ways too" : "h not fed back: the same", product,
               moved);
    }
    return off;
}

/* "+" writes, "-" takes back, "." says nothing: gates open, weight 1 to the candidate. *left: the last c with tanh,
 * what is left of the signs. Returns whether one with a sigmoid ever fell. */
static bool cancel_part(double *left)
{
    static const char sign[] = "++-.-+";
    float c[2] = { 0, 0 }, h, gate[4];
    bool fell = false;
    printf("\na cell whose gates are open; + writes, - takes back\n  %-28s", "");
    for (int t = 0; sign[t]; t++) printf("%8c", sign[t]);
    for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
        printf("\n  %-28s", sigmoid ? "c, candidate sigmoid(x)" : "c, candidate tanh(x)");
        for (int t = 0; sign[t]; t++) {
            float x = sign[t] == '+' ? 1 : sign[t] == '-' ? -1 : 0, before = c[sigmoid];
            float z = sigmoid ? atanhf(1 / (1 + expf(-x))) : x;     /* the cell's own tanh makes the sigmoid of it */
            lstm_cell(&h, &c[sigmoid], gate, (float[]){ OPEN, OPEN, z, OPEN }, &before, 1, 1);
            if (sigmoid) fell |= !(c[1] >= before);
            printf("%8.3f", c[sigmoid]);
        }
    }
    printf("\n");
    *left = c[0];
    return fell;
}

/* ---- A net of one layer, on a tape ------------------------------------------------------------------------------ */

typedef struct Net {
    Arena   *arena;
    Tape    *tape;
    Lstm     lstm;
    Linear   out;
    Embedding table;                        /* (V,IN), of a net that reads characters */
    NnParams params, state;                 /* what learns; what a checkpoint holds */
    Optim   *optim;
} Net;

static Net net_new(Tape *t, Rng *rng, int V, int IN, int H, int OUT, double rate)
{
    Net n = { .arena = arena_new("net"), .tape = t };
    n.params = nn_params(n.arena), n.state = nn_params(n.arena);
    if (V) n.table = nn_embedding(n.arena, rng, V, IN), nn_embedding_visit(&n.table, "table", nn_params_add, &n.params);
    n.lstm = nn_lstm(n.arena, rng, IN, H, 1);
    n.out = nn_linear(n.arena, rng, H, OUT);
    nn_lstm_visit(&n.lstm, "lstm", nn_params_add, &n.params);
    nn_linear_visit(&n.out, "out", nn_params_add, &n.params);
    n.optim = optim_adam(n.arena, &n.params, (AdamArg){ .rate = rate });
    for (int k = 0; k < n.params.n; k++) nn_params_add(&n.state, n.params.item[k].name, n.params.item[k].tensor);
    optim_visit(n.optim, "optim", nn_params_add, &n.state);
    return n;
}

/* x (T,B,IN) -> (B,OUT): what the last h says. */
static Tensor *net_last(const Net *n, Tensor *x)
{
    Recurrent r = op_lstm(n->tape, x, NULL, NULL, n->lstm.w_ih[0], n->lstm.w_hh[0], n->lstm.b_ih[0], n->lstm.b_hh[0]);
    return nn_linear_forward(n->tape, &n->out, r.h);
}

/* A step downhill. Returns the loss. */
static double net_learn(const Net *n, Tensor *loss)
{
    double value = *(float *)loss->data;
    tape_backward(n->tape, loss);
    optim_clip(n->tape, &n->params, 1);
    optim_step(n->optim, n->tape);
    tape_reset(n->tape);
    return value;
}

static float *numbers(Tape *t, Tensor **x, int ndim, const int64_t *shape)
{
    *x = tensor_new(tape_arena(t), DEV_CPU, F32, ndim, shape);
    return (*x)->data;
}

/* ---- Each gate fixed in turn: remember the last number that was marked ------------------------------------------- */

enum { LATCH = 20, LATCH_LONG = 200, LATCH_H = 8 };

/* x (T,B,2): 1 or -1, and a mark: always on the first, and, up to LATCH steps, on one of ten others; target (B,1). */
static Tensor *latch_batch(Tape *t, Rng *rng, int T, int B, Tensor **target)
{
    Tensor *x;
    float *at = numbers(t, &x, SHAPE(T, B, 2)), *y = numbers(t, target, SHAPE(B, 1));
    for (int s = 0; s < T; s++)
        for (int n = 0; n < B; n++, at += 2) {
            at[0] = rng_below(rng, 2) ? 1 : -1;
            at[1] = s == 0 || (T <= LATCH && rng_below(rng, 10) == 0);
            if (at[1] == 1) y[n] = at[0];
        }
    return x;
}

/* Its weights 0 and its bias far out: the gate is 1 or 0 to the bit, its slope is 0, and so it never learns. */
static void fix_gate(Net *n, int gate, float at)
{
    int H = LATCH_H, IN = 2;
    float *w_ih = n->lstm.w_ih[0]->data, *w_hh = n->lstm.w_hh[0]->data;
    memset(w_ih + gate * H * IN, 0, (size_t)(H * IN) * sizeof *w_ih);
    memset(w_hh + gate * H * H, 0, (size_t)(H * H) * sizeof *w_hh);
    for (int k = 0; k < H; k++) tensor_set(n->lstm.b_ih[0], gate * H + k, at);
}

/* Share of 500 fresh sequences whose sign is right. */
static double latch_right(const Net *n, Rng *rng, int T)
{
    enum { TESTS = 500 };
    Tensor *target, *x = latch_batch(n->tape, rng, T, TESTS, &target);
    bool was = tape_record(n->tape, false);
    Tensor *y = net_last(n, x);
    int right = 0;
    for (int k = 0; k < TESTS; k++) right += tensor_get(y, k) * tensor_get(target, k) > 0;
    tape_reset(n->tape);
    tape_record(n->tape, was);
    return (double)right / TESTS;
}

typedef struct Fixed { const char *name; int gate; float at; } Fixed;
static const Fixed FIXED[] = {
    { "all free", -1, 0 },              { "i = 1", I, OPEN }, { "i = 0", I, SHUT }, { "f = 1", F, OPEN },
    { "f = 0", F, SHUT },               { "o = 1", O, OPEN }, { "o = 0", O, SHUT },
};
enum { FIXES = sizeof FIXED / sizeof *FIXED };

static void latch_learn(Program *p, const Options *o, const Net *n, Rng *draws)
{
    for (int s = 0; s < o->latch && !p->stopped; s++) {
        Tensor *y, *x = latch_batch(n->tape, draws, LATCH, 32, &y);
        net_learn(n, op_mse(n->tape, net_last(n, x), y));
    }
}

/* right[k][0]: of as many steps as were learnt; right[k][1]: ten times as many, where only the first is marked. */
static void latch_part(Program *p, const Options *o, Tape *t, double right[FIXES][2])
{
    Plot *plot = program_plot(p, "fixed", (PlotArg){ .title = "Each gate fixed in turn", .x = "gate fixed",
        .y = "share right", .kind = PLOT_BARS, .caption = "Which sign was marked last? 0.5 is chance." });
    printf("\nwhich sign was marked last? %d cells, %d steps of training, a gate fixed; share right\n  %-12s%12s%12s\n",
           LATCH_H, o->latch, "", "of 20", "of 200");
    for (int k = 0; k < FIXES && !p->stopped; k++) {
        Rng rng = rng_new(p->seed), weights = rng_stream(&rng, 1), draws = rng_stream(&rng, 2);
        Net n = net_new(t, &weights, 0, 2, LATCH_H, 1, 0.02);
        if (FIXED[k].gate >= 0) fix_gate(&n, FIXED[k].gate, FIXED[k].at);
        latch_learn(p, o, &n, &draws);
        right[k][0] = latch_right(&n, &draws, LATCH), right[k][1] = latch_right(&n, &draws, LATCH_LONG);
        printf("  %-12s%12.3f%12.3f\n", FIXED[k].name, right[k][0], right[k][1]);
        plot_bar(plot, FIXED[k].name, "of 20", right[k][0]);
        plot_bar(plot, FIXED[k].name, "of 200, none marked but the first", right[k][1]);
        arena_free(n.arena);
    }
    program_try(p, plot_done(plot));
}

/* ---- The same by the library ------------------------------------------------------------------------------------ */

static Tensor *random_tensor(Tape *t, Rng *rng, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(tape_arena(t), DEV_CPU, F32, ndim, shape);
    rng_fill_normal(rng, x, 0, 0.5);
    x->needs_grad = true;
    return x;
}

/* Outputs and gradients by this folder's functions and by the library's. Returns the largest difference. */
static double same_part(Program *p)
{
    static const struct { int T, B, IN, H; bool states, biases, product; } c[] = {
        { 1, 1, 1, 1, false, false, false }, { 7, 3, 5, 4, true, true, false }, { 17, 2, 9, 33, false, true, false },
        { 5, 4, 3, 6, true, false, true },
    };
    double apart = 0;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        Tape *t[2] = { tape_new("these"), tape_new("library") };
        Tensor *in[2][7] = { { 0 } }, *y[2];
        int H = c[i].H;
        plug_all(t[0]);
        for (int k = 0; k < 2; k++) {
            Rng rng = rng_new(p->seed + i);
            in[k][0] = random_tensor(t[k], &rng, SHAPE(c[i].T, c[i].B, c[i].product ? 4 * H : c[i].IN));
            for (int j = 1; j < 3 && c[i].states; j++) in[k][j] = random_tensor(t[k], &rng, SHAPE(c[i].B, H));
            if (!c[i].product) in[k][3] = random_tensor(t[k], &rng, SHAPE(4 * H, c[i].IN));
            in[k][4] = random_tensor(t[k], &rng, SHAPE(4 * H, H));
            for (int j = 5; j < 7 && c[i].biases; j++) in[k][j] = random_tensor(t[k], &rng, SHAPE(4 * H));
            Recurrent r = op_lstm(t[k], in[k][0], in[k][1], in[k][2], in[k][3], in[k][4], in[k][5], in[k][6]);
            Tensor *ends = op_mul(t[k], op_add(t[k], r.h, r.c), random_tensor(t[k], &rng, SHAPE(c[i].B, H)));
            Tensor *all = op_mul(t[k], r.y, random_tensor(t[k], &rng, SHAPE(c[i].T, c[i].B, H)));
            y[k] = op_add(t[k], op_sum(t[k], ends, 3), op_sum(t[k], all, 7));
            if (k) apart = worse(apart, fabs(tensor_get(y[1], 0) - tensor_get(y[0], 0)));
            tape_backward(t[k], y[k]);
        }
        for (int j = 0; j < 7; j++)
            for (int64_t e = 0; in[0][j] && e < tensor_count(in[0][j]); e++)
                apart = worse(apart, fabs(tensor_get(in[0][j]->grad, e) - tensor_get(in[1][j]->grad, e)));
        for (int k = 0; k < 2; k++) tape_free(t[k]);
    }
    return apart;
}

/* ---- The adding problem: two of T numbers are marked, what is their sum? ---------------------------------------- */

typedef enum { DEFAULT, FORGET_ONE, CHRONO, STARTS } Start;
static const char *const start_name[] = { "as PyTorch starts", "forget bias 1", "chrono" };

static void set_biases(Net *n, Start start, int T, int H, Rng *rng)
{
    float *b = n->lstm.b_ih[0]->data, u[1024];
    if (start == DEFAULT) return;
    memset(n->lstm.b_hh[0]->data, 0, tensor_bytes(n->lstm.b_hh[0]));
    for (int k = 0; k < H; k++) u[k] = (float)rng_uniform(rng);
    if (start == CHRONO) lstm_chrono(b, u, T, H);
    else for (int k = 0; k < 4 * H; k++) b[k] = k / H == F;
}

/* x (T,B,2): a number from 0 to 1, and a mark: one in each half. */
static Tensor *adding_batch(Tape *t, Rng *rng, int T, int B, Tensor **target)
{
    Tensor *x;
    float *at = numbers(t, &x, SHAPE(T, B, 2)), *y = numbers(t, target, SHAPE(B, 1));
    for (int k = 0; k < T * B; k++) at[2 * k] = (float)rng_uniform(rng), at[2 * k + 1] = 0;
    for (int n = 0; n < B; n++) {
        int64_t first = rng_below(rng, T / 2), second = T / 2 + rng_below(rng, T - T / 2);
        float *a = at + 2 * (first * B + n), *b = at + 2 * (second * B + n);
        a[1] = b[1] = 1;
        y[n] = a[0] + b[0];
    }
    return x;
}

/* Mean squared error on 2000 sequences that nobody has seen. Who always says 1 has 1/6. */
static double adding_error(const Net *n, int T, Rng rng)
{
    enum { CHUNKS = 10, AT_ONCE = 200 };
    double sum = 0;
    bool was = tape_record(n->tape, false);
    for (int k = 0; k < CHUNKS; k++) {
        Tensor *y, *x = adding_batch(n->tape, &rng, T, AT_ONCE, &y);
        sum += *(float *)op_mse(n->tape, net_last(n, x), y)->data / CHUNKS;
        tape_reset(n->tape);
    }
    tape_record(n->tape, was);
    return sum;
}

static double adding_run(Program *p, const Options *o, Tape *t, Start start, uint64_t seed, Plot *plot)
{
    Rng rng = rng_new(seed), weights = rng_stream(&rng, 1), draws = rng_stream(&rng, 2), test = rng_stream(&rng, 3);
    Net n = net_new(t, &weights, 0, 2, o->hidden, 1, 5e-3);
    set_biases(&n, start, o->length, o->hidden, &weights);
    double sum = 0;
    for (int s = 1; s <= o->steps && !p->stopped; s++) {
        enum { MEAN = 20 };
        Tensor *y, *x = adding_batch(t, &draws, o->length, 32, &y);
        sum += net_learn(&n, op_mse(t, net_last(&n, x), y)) / MEAN;
        if (s % MEAN == 0) {
            if (plot) plot_point(plot, start_name[start], s, sum);
            sum = 0;
            program_progress(p, s, o->steps, "steps");
        }
    }
    double error = adding_error(&n, o->length, test);
    arena_free(n.arena);
    return error;
}

static void adding_part(Program *p, const Options *o, Tape *t, double error[STARTS])
{
    Plot *plot = program_plot(p, "adding", (PlotArg){ .x = "step", .y = "mean squared error",
        .title = sentence("Adding two of %d numbers", o->length), .log_y = true, .kind = PLOT_LINES,
        .caption = "The same net three times. Only the biases that it starts from differ." });
    printf("\nadding two marked numbers of %d, %d cells, %d steps; always to say 1 has an error of 0.1667\n", o->length,
           o->hidden, o->steps);
    for (int start = 0; start < STARTS; start++) {
        double run[MAX_SEEDS] = { 0 };
        printf("  %-20s", start_name[start]);
        for (int k = 0; k < o->seeds && !p->stopped; k++) {
            run[k] = adding_run(p, o, t, (Start)start, p->seed + (uint64_t)k, k ? NULL : plot);
            printf("%10.5f", run[k]);
            fflush(stdout);
        }
        printf("\n");
        error[start] = median(run, o->seeds);
    }
    plot_line(plot, -INFINITY, 1 / 6., INFINITY, 1 / 6., "always 1");
    program_try(p, plot_done(plot));
}

/* ---- Characters: what comes next? ------------------------------------------------------------------------------- */

enum { LONG = 64 };                             /* characters in a text that is learnt from */

typedef struct Prose {
    int32_t *code;                              /* (n): 0 .. V - 1, in the order of their bytes */
    int64_t  n, train;                          /* the first nine tenths are learnt from */
    int      V;
    uint8_t  of[256];                           /* the byte of a code */
} Prose;

static Prose text_load(Program *p, Arena *a, const char *name)
{
    Tensor *bytes;
    Prose x = { 0 };
    int code[256];
    program_try(p, data_text(a, name, &bytes));
    const uint8_t *c = bytes->data;
    x.n = bytes->shape[0], x.train = x.n * 9 / 10;
    for (int b = 0; b < 256; b++) {
        code[b] = memchr(c, b, (size_t)x.n) ? x.V : -1;
        if (code[b] >= 0) x.of[x.V++] = (uint8_t)b;
    }
    x.code = arena_alloc(a, DEV_CPU, (size_t)x.n * sizeof *x.code, "text");
    for (int64_t i = 0; i < x.n; i++) x.code[i] = code[c[i]];
    return x;
}

/*
 * The bits that a character takes, when the k characters before it foretell it, k = 0, 1, 2; with counts of what was
 * learnt from. seen: of those themselves, p = count / all. unseen: of the rest, where what has never been counted must
 * not be impossible: Witten and Bell's p = (count + d p') / (all + d), d: how many different ones followed, p': the
 * same with a character less to look at.
 */
typedef struct Ladder { double seen[3], unseen[3]; } Ladder;

static int place(const Prose *x, int64_t i, int k)      /* which of V^k contexts stands before character i */
{
    int at = 0;
    for (int64_t j = i - k; j < i; j++) at = at * x->V + x->code[j];
    return at;
}

static Ladder ladder(Arena *a, const Prose *x)
{
    Ladder l = { { 0 }, { 0 } };
    int *count[3], *all[3], *different[3], contexts = 1;
    for (int k = 0; k < 3; k++, contexts *= x->V) {
        size_t bytes = (size_t)contexts * sizeof(int), rows = bytes * (size_t)x->V;
        count[k] = memset(arena_alloc(a, DEV_CPU, rows, "counts"), 0, rows);
        all[k] = memset(arena_alloc(a, DEV_CPU, bytes, "counts"), 0, bytes);
        different[k] = memset(arena_alloc(a, DEV_CPU, bytes, "counts"), 0, bytes);
        for (int64_t i = k; i < x->train; i++) {
            int at = place(x, i, k);
            all[k][at]++;
            different[k][at] += count[k][at * x->V + x->code[i]]++ == 0;
        }
    }
    for (int64_t i = 2; i < x->n; i++) {
        double p = 1. / x->V;
        for (int k = 0; k < 3; k++) {
            int at = place(x, i, k), c = count[k][at * x->V + x->code[i]], d = different[k][at];
            if (all[k][at]) p = (c + d * p) / (all[k][at] + d);
            if (i < x->train) l.seen[k] -= log2((double)c / all[k][at]) / (double)(x->train - 2);
            else l.unseen[k] -= log2(p) / (double)(x->n - x->train);
        }
    }
    return l;
}

/* The mean loss of B texts of LONG characters each, from[b] on. */
static Tensor *reading_loss(const Net *n, const Prose *x, const int64_t *from, int B)
{
    Tape *t = n->tape;
    Tensor *in = tensor_new(tape_arena(t), DEV_CPU, I32, SHAPE(LONG, B));
    Tensor *target = tensor_new(tape_arena(t), DEV_CPU, I32, SHAPE(LONG * B));
    for (int s = 0; s < LONG; s++)
        for (int b = 0; b < B; b++) {
            ((int32_t *)in->data)[s * B + b] = x->code[from[b] + s];
            ((int32_t *)target->data)[s * B + b] = x->code[from[b] + s + 1];
        }
    Embedding table = n->table;
    Tensor *h = nn_lstm_read(t, &n->lstm, &table, in, NULL, NULL);
    return op_cross_entropy(t, op_reshape(t, nn_linear_forward(t, &n->out, h), SHAPE(LONG * B, x->V)), target);
}

/* Bits a character of the unseen tenth, in texts of LONG, each from an empty memory. */
static double reading_bits(const Net *n, const Prose *x)
{
    enum { AT_ONCE = 50 };
    int64_t texts = (x->n - 1 - x->train) / LONG, from[AT_ONCE];
    double bits = 0;
    bool was = tape_record(n->tape, false);
    for (int64_t done = 0; done < texts; done += AT_ONCE) {
        int B = texts - done < AT_ONCE ? (int)(texts - done) : AT_ONCE;
        for (int b = 0; b < B; b++) from[b] = x->train + (done + b) * LONG;
        bits += *(float *)reading_loss(n, x, from, B)->data / log(2) * B / (double)texts;
        tape_reset(n->tape);
    }
    tape_record(n->tape, was);
    return bits;
}

typedef struct Clock { int64_t *step; int64_t is[5]; } Clock;      /* where it is, and of what run: with a checkpoint */

static Clock clock_new(Net *n, const Options *o, const Prose *x, uint64_t seed)
{
    Tensor *clock = tensor_new(n->arena, DEV_CPU, I64, SHAPE(6));
    Clock c = { clock->data, { (int64_t)seed, o->read, o->batch, o->width, x->n } };
    c.step[0] = 0;
    memcpy(c.step + 1, c.is, sizeof c.is);
    nn_params_add(&n->state, "clock", clock);
    return c;
}

static void resume(Program *p, Net *n, const Clock *c)
{
    if (!p->resume) return;
    program_try(p, checkpoint_load(n->arena, p->resume, &n->state, NULL));
    if (memcmp(c->step + 1, c->is, sizeof c->is) || c->step[0] < 0 || c->step[0] > c->is[1])
        program_try(p, sentence("%s was saved with --seed=%lld --read=%lld --batch=%lld --width=%lld, of %lld "
                                "characters: give the same", p->resume, (long long)c->step[1], (long long)c->step[2],
                                (long long)c->step[3], (long long)c->step[4], (long long)c->step[5]));
}

/* Which cell's forget gate tells blanks and stops from letters best. */
static int best_cell(const float *gate, const uint8_t *c, int T, int H)
{
    int best = 0;
    double most = -1;
    for (int k = 0; k < H; k++) {
        double sum[2] = { 0 }, count[2] = { 1e-9, 1e-9 };
        for (int t = 0; t < T; t++) {
            int letter = (c[t] >= 'a' && c[t] <= 'z') || (c[t] >= 'A' && c[t] <= 'Z');
            sum[letter] += gate[t * 4 * H + F * H + k], count[letter]++;
        }
        double apart = fabs(sum[0] / count[0] - sum[1] / count[1]);
        if (apart > most) most = apart, best = k;
    }
    return best;
}

static int line_length(const Prose *x, int64_t from)
{
    int n = 0;
    while (from + n < x->n && x->of[x->code[from + n]] != '\n') n++;
    return n;
}

/* A sentence of the unseen tenth, step by step: the gates of one cell, as digits and as a picture. */
static void gates_part(Program *p, const Net *n, const Prose *x, int H)
{
    enum { T = 36, ROWS = 5 };
    static const char *const name[ROWS] = { "input gate", "forget gate", "candidate", "output gate", "cell c" };
    Arena *a = n->arena;
    int IN = (int)n->table.w->shape[1];
    int64_t from = x->train;
    for (int clear = 0; clear < T && from + T < x->n; from++)       /* a line that is long enough, and no title */
        clear = x->of[x->code[from - 1]] == '\n' && x->of[x->code[from]] != '#' ? line_length(x, from) : 0;
    from--;
    float *in = arena_alloc(a, DEV_CPU, (size_t)(T * (IN + 6 * H) + 4 * H) * sizeof *in, "sentence");
    float *y = in + T * IN, *c = y + T * H, *gate = c + T * H, *b = gate + T * 4 * H;
    uint8_t said[T + 1] = { 0 };
    for (int t = 0; t < T; t++) {
        memcpy(in + t * IN, (float *)n->table.w->data + x->code[from + t] * IN, (size_t)IN * sizeof *in);
        said[t] = x->of[x->code[from + t]];
        if (said[t] == '\n') said[t] = ' ';
    }
    for (int k = 0; k < 4 * H; k++) b[k] = (float)(tensor_get(n->lstm.b_ih[0], k) + tensor_get(n->lstm.b_hh[0], k));
    lstm_forward(y, c, gate, in, NULL, NULL, n->lstm.w_ih[0]->data, n->lstm.w_hh[0]->data, b, T, 1, IN, H);
    int best = best_cell(gate, said, T, H);
    printf("\ncell %d while it reads: gates from 0 (shut) to 9 (open), candidate and c by their sign\n  %-12s%s\n",
           best, "", (char *)said);
    double most = 1e-9;
    for (int t = 0; t < T; t++) most = fmax(most, fabs(c[t * H + best]));
    Plot *plot = program_plot(p, "gates", (PlotArg){ .kind = PLOT_IMAGE, .title = "One cell reads a line",
        .x = "character", .y = "",
        .caption = "Gates from 0 to 1, cell c over its largest. Where the forget gate is shut, the cell is cleared." });
    for (int t = 0; t < T; t++) plot_name(plot, 'x', t, said[t] == ' ' ? "_" : (char[]){ (char)said[t], 0 });
    for (int r = 0; r < ROWS; r++) {
        printf("  %-12s", name[r]);
        plot_name(plot, 'y', r, name[r]);
        for (int t = 0; t < T; t++) {
            double v = r < 4 ? gate[(t * 4 + r) * H + best] : c[t * H + best];
            bool is_gate = r < 4 && r != G;
            printf("%c", is_gate ? '0' + (int)fmin(9, 10 * v) : v > 0.1 ? '+' : v < -0.1 ? '-' : '.');
            plot_cell(plot, r, t, r == 4 ? v / most : v);
        }
        printf("\n");
    }
    program_try(p, plot_done(plot));
}

/* One run. Returns its bits a character of the unseen tenth. */
static double reading_run(Program *p, const Options *o, Tape *t, const Prose *x, int index)
{
    Rng rng = rng_new(p->seed + (uint64_t)index), weights = rng_stream(&rng, 1);
    Net n = net_new(t, &weights, x->V, o->width / 2, o->width, x->V, 3e-3);
    Clock clock = clock_new(&n, o, x, p->seed + (uint64_t)index);
    if (index == 0) resume(p, &n, &clock);
    Plot *plot = index || *clock.step >= o->read ? NULL : program_plot(p, "reading", (PlotArg){ .x = "step",
        .title = "Foretelling characters", .y = "bits a character", .kind = PLOT_LINES,
        .caption = "Of what it is learning from, 20 steps at a time." });
    double sum = 0;
    while (*clock.step < o->read && !p->stopped) {
        enum { MEAN = 20 };
        int64_t *from = arena_alloc(tape_arena(t), DEV_CPU, (size_t)o->batch * sizeof *from, "places");
        Rng draw = rng_stream(&rng, 1000 + (uint64_t)*clock.step);      /* a resumed run draws the same texts */
        for (int b = 0; b < o->batch; b++) from[b] = rng_below(&draw, x->train - LONG);
        sum += net_learn(&n, reading_loss(&n, x, from, o->batch)) / log(2) / MEAN;
        if (++*clock.step % MEAN == 0) {
            if (plot) plot_point(plot, "LSTM", (double)*clock.step, sum);
            sum = 0;
            program_progress(p, *clock.step, o->read, "steps");
        }
    }
    if (plot) program_try(p, plot_done(plot));
    if (index == 0 && p->save) program_try(p, checkpoint_save(p->save, &n.state, "lstm over characters"));
    double bits = reading_bits(&n, x);
    printf("  LSTM, %d cells, seed %lld%*s%10.4f\n", o->width, (long long)p->seed + index, 15, "", bits);
    if (index == 0 && !p->stopped) gates_part(p, &n, x, o->width);
    arena_free(n.arena);
    return bits;
}

/* Returns the bits of the LSTM, the median; those of the ladder are in *l. */
static double reading_part(Program *p, const Options *o, Tape *t, Ladder *l)
{
    static const char *const name[] = { "how common it is", "after the one before", "after the two before" };
    Arena *a = arena_new("text");
    Prose x = text_load(p, a, o->text);
    double run[MAX_SEEDS] = { 0 };
    int runs = p->save || p->resume ? 1 : o->seeds;             /* a checkpoint holds one net */
    *l = ladder(a, &x);
    printf("\n%s: %lld characters, %d different ones; bits a character\n  %-24s%10s%10s\n", o->text, (long long)x.n,
           x.V, "", "seen", "unseen");
    for (int k = 0; k < 3; k++) printf("  %-24s%10.4f%10.4f\n", name[k], l->seen[k], l->unseen[k]);
    for (int k = 0; k < runs && !p->stopped; k++) run[k] = reading_run(p, o, t, &x, k);
    arena_free(a);
    return median(run, runs);
}

/* ---- All ------------------------------------------------------------------------------------------------------- */

static void check_options(Program *p, const Options *o)
{
    bool own = !strcmp(o->with, "own");
    if (!own && strcmp(o->with, "library")) program_try(p, sentence("--with=%s: own or library", o->with));
    if (o->latch < 1 || o->steps < 1 || o->read < 1 || o->batch < 1)
        program_try(p, sentence("--latch=%d --steps=%d --read=%d --batch=%d: at least 1 each", o->latch, o->steps,
                                o->read, o->batch));
    if (o->length < 3 || o->length > 10000) program_try(p, sentence("--length=%d: from 3 to 10000", o->length));
    if (o->hidden < 1 || o->hidden > 1024 || o->width < 2 || o->width > 1024)
        program_try(p, sentence("--hidden=%d --width=%d: up to 1024, from 1 and 2 on", o->hidden, o->width));
    if (o->seeds < 1 || o->seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o->seeds, MAX_SEEDS));
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "lstm",
        "What a cell keeps and what each gate is for; then numbers are added and characters foretold.", flags, &o);
    check_options(p, &o);
    Tape *t = tape_new("step"), *own = tape_new("own");
    program_tape(p, t);
    plug_all(own);
    if (!strcmp(o.with, "own")) plug_all(t);
    double left = NAN, latched[FIXES][2] = { { 0 } }, error[STARTS] = { NAN, NAN, NAN };
    double kept = keep_part(), slope = slope_part(p->seed);
    bool fell = cancel_part(&left);
    double apart = same_part(p);
    latch_part(p, &o, own, latched);
    if (!p->resume) adding_part(p, &o, t, error);
    Ladder l;
    double bits = reading_part(p, &o, t, &l);
    printf("\n");
    tape_replaced(own, stdout);
    printf("\n");
    if (!p->stopped) {
        program_promise(p, "f = 1, i = 0: change of c in 1000 steps", kept, "<=", 0);
        program_promise(p, "dc_20/dc_0 by the gates and by moving c_0, relative difference", slope, "<=", 1e-3);
        program_promise(p, "+ and - taken back: what c is off tanh 1", fabs(left - tanh(1)), "<=", 1e-6);
        program_promise(p, "times that c fell with a sigmoid for a candidate", fell, "<=", 0);
        program_promise(p, "these functions and the library's, largest difference", apart, "<=", 1e-4);
        program_promise(p, "latch, gates free: share right", latched[0][0], ">=", p->quick ? 0.6 : 0.97);
        program_promise(p, "latch, i shut, o shut: share right", fmax(latched[2][0], latched[6][0]), "<=", 0.58);
    }
    if (!p->stopped && !p->quick && !p->resume) {
        program_promise(p, "adding, chrono: error", error[CHRONO], "<=", 0.02);
        program_promise(p, "adding, as PyTorch starts: error", error[DEFAULT], ">=", 0.1);
    }
    if (!p->stopped) {
        double bound = p->quick ? l.unseen[0] : p->full ? 2.62 : l.unseen[2];
        program_promise(p, "characters: bits unseen", bits, "<=", bound);
    }
    if (!strcmp(o.text, "tinyshakespeare"))
        program_promise(p, "bits after the one before, off the 3.538 of others", fabs(l.seen[1] - 3.538), "<=", 1e-3);
    tape_free(t);
    tape_free(own);
    return program_end(p);
}
