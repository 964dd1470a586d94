/* main.c -- soft look-ups and scales in numbers; then attention learns to read digits, a row of pixels a token. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "attention.h"
#include "checkpoint.h"
#include "loader.h"
#include "optim.h"
#include "plug.h"
#include "program.h"

typedef struct Options {
    const char *data;
    int    epochs, batch, seeds, draws;
    double rate;
} Options;

static const Flag flags[] = {
    { "data", FLAG_TEXT, offsetof(Options, data), "digits", NULL, "mnist", "digits or mnist" },
    { "epochs", FLAG_INT, offsetof(Options, epochs), "40", "8", "2", "times that every image is seen" },
    { "batch", FLAG_INT, offsetof(Options, batch), "32", NULL, "100", "images a step" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.003", NULL, NULL, "of the first step; it falls to 0 in a line" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "3", "1", NULL, "runs; the median counts" },
    { "draws", FLAG_INT, offsetof(Options, draws), "32", "8", NULL, "64 x 64 scores each, for the table of scales" },
    { 0 }
};

static float *floats(Arena *a, int64_t n)
{
    float *x = arena_alloc(a, DEV_CPU, (size_t)n * sizeof *x, "numbers");
    return memset(x, 0, (size_t)n * sizeof *x);
}

static float *normal(Arena *a, Rng *rng, int64_t n, double sd)
{
    float *x = floats(a, n);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(sd * rng_normal(rng));
    return x;
}

static int *all_of(Arena *a, int N, int S)              /* N queries that see S keys each */
{
    int *seen = arena_alloc(a, DEV_CPU, (size_t)N * sizeof *seen, "numbers");
    for (int n = 0; n < N; n++) seen[n] = S;
    return seen;
}

/* ---- A look-up that shares ------------------------------------------------------------------------------------ */

/* "funny cat videos", compared with four videos. Returns how far the weights are from the published ones. */
static double lookup_part(void)
{
    static const char *const video[] = { "cat dancing", "dog", "cat asleep", "news" };
    static const float alike[] = { .95f, .30f, .88f, .02f }, published[] = { .351f, .183f, .327f, .138f };
    double off = 0;
    int four = 4;
    printf("\n\"funny cat videos\": how alike, and the weights at three temperatures\n  %-12s", "");
    for (int s = 0; s < 4; s++) printf("%13s", video[s]);
    printf("\n  alike       ");
    for (int s = 0; s < 4; s++) printf("%13.2f", alike[s]);
    for (double temperature = 1; temperature > 0.005; temperature /= 10) {
        float score[4], p[4];
        for (int s = 0; s < 4; s++) score[s] = (float)(alike[s] / temperature);
        attention_weights(p, score, &four, 1, 1, 4);
        printf("\n  at %-9g", temperature);
        for (int s = 0; s < 4; s++) printf("%13.3f", p[s]);
        for (int s = 0; s < 4 && temperature == 1; s++) off = fmax(off, fabs(p[s] - published[s]));
    }
    printf("\n");
    return off;
}

/* ---- Every tensor on the way, with its shape ------------------------------------------------------------------ */

typedef struct Shown { const char *name; int rows, cols; const float *x; } Shown;

static void show(const Shown *m, int n)                 /* matrices side by side */
{
    for (int k = 0; k < n; k++) {
        char title[40];
        snprintf(title, sizeof title, "%s (%d,%d)", m[k].name, m[k].rows, m[k].cols);
        printf("  %-*s", 8 * m[k].cols, title);
    }
    for (int r = 0; r < m[0].rows; r++) {
        printf("\n");
        for (int k = 0; k < n; k++) {
            printf("  ");
            for (int c = 0; c < m[k].cols; c++) printf("%8.4f", m[k].x[r * m[k].cols + c]);
        }
    }
    printf("\n");
}

enum { WORDS = 3, WIDE = 4 };
typedef struct Walk { float q[12], k[12], v[12], score[9], p[9], y[12]; } Walk;

static void times(float *y, const float *x, const float *w)     /* (3,4), (4,4) -> (3,4) */
{
    for (int i = 0; i < WORDS * WIDE; i++) {
        double sum = 0;
        for (int j = 0; j < WIDE; j++) sum += x[i / WIDE * WIDE + j] * w[j * WIDE + i % WIDE];
        y[i] = (float)sum;
    }
}

static Walk walk(const float *x, const float *wq, const float *wk, const float *wv)
{
    static const int seen[] = { WORDS, WORDS, WORDS };
    Walk w;
    times(w.q, x, wq), times(w.k, x, wk), times(w.v, x, wv);
    attention_scores(w.score, w.q, w.k, 1, WORDS, WORDS, WIDE);
    attention_weights(w.p, w.score, seen, 1, WORDS, WORDS);
    attention_values(w.y, w.p, w.v, 1, WORDS, WORDS, WIDE);
    return w;
}

static void show_walk(const char *title, const float *x, const Walk *w)
{
    printf("\n%s\n", title);
    show((Shown[]){ { "X", 3, 4, x }, { "Q = X Wq", 3, 4, w->q }, { "K = X Wk", 3, 4, w->k } }, 3);
    show((Shown[]){ { "V = X Wv", 3, 4, w->v }, { "Q K^T / sqrt(4)", 3, 3, w->score }, { "weights", 3, 3, w->p },
                    { "Y", 3, 4, w->y } }, 4);
}

/* "2024", "Olympics", "gold medal": is a year, is an event, is a prize, is a word. The year asks for an event, the
 * event for a prize, the prize for an event; a key is what a word is. Returns the least weight of what was wanted. */
static double search_part(void)
{
    static const float x[] = { 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1 };
    static const float asks[] = { 0, 4, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0, 0, 0, 0, 0 };
    static const float is[] = { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 };
    Walk w = walk(x, asks, is, is);
    show_walk("the search \"2024 | Olympics | gold medal\": word by word, Y would be V; together, words meet", x, &w);
    return fmin(w.p[1], fmin(w.p[5], w.p[7]));
}

/* Projections as they are before anything was learnt: normal, standard deviation 0.01. Returns the largest distance
 * of a weight from 1/3 in so many draws. */
static double untrained_part(Program *p)
{
    enum { DRAWS = 3000 };
    static const float x[] = { .1f, .2f, .3f, .4f, .5f, .6f, .7f, .8f, .9f, 1, 1.1f, 1.2f };
    Rng rng = rng_new(p->seed);
    double off = 0;
    for (int n = 0; n < DRAWS; n++) {
        float m[3][16];
        for (int i = 0; i < 48; i++) m[i / 16][i % 16] = (float)(0.01 * rng_normal(&rng));
        Walk w = walk(x, m[0], m[1], m[2]);
        if (n == 0) show_walk("three tokens, nothing learnt yet: weights of standard deviation 0.01", x, &w);
        for (int i = 0; i < 9; i++) off = fmax(off, fabs(w.p[i] - 1 / 3.));
    }
    printf("in %d draws no weight was further than %.1e from 1/3: whoever looks at itself here has not been trained\n",
           DRAWS, off);
    return off;
}

/* Which of these can be a row of weights? Returns how many verdicts were right. */
static int rows_part(void)
{
    enum { S = 9 };
    static const char *const word[S] = { "The", "animal", "didn't", "cross", "street", "because", "was", "too",
                                         "tired" };
    static const float told[S] = { .02f, .87f, .01f, .03f, .15f, .05f, .08f, .04f, .45f };
    static const char *const name[] = { "as often printed", "softmax of these numbers", "half hidden afterwards" };
    float row[3][S];
    int   seen = S, possible[3], right = 0;
    float entropy[3], jacobian[3];
    memcpy(row[0], told, sizeof told);
    attention_weights(row[1], told, &seen, 1, 1, S);
    for (int s = 0; s < S; s++) row[2][s] = s % 2 ? row[1][s] : 0;
    attention_statistics(possible, entropy, jacobian, row[0], 3, S);
    printf("\nwhat \"it\" looks at in \"The animal didn't cross the street because it was too tired\"\n"
           "  %-26s%7s%9s  %s\n", "", "sum", "largest", "a row of weights?");
    for (int r = 0; r < 3; r++) {
        double sum = 0;
        int best = 0;
        for (int s = 0; s < S; s++) {
            sum += row[r][s];
            if (row[r][s] > row[r][best]) best = s;
        }
        printf("  %-26s%7.2f%9s  %s\n", name[r], sum, word[best], possible[r] ? "yes" : "no");
        right += possible[r] == (r == 1);
    }
    return right;
}

/* ---- Why the root of d ---------------------------------------------------------------------------------------- */

enum { N = 64 };
typedef struct Spread { double mean, var, entropy[4], jacobian[4]; } Spread;    /* of the Jacobian's norm: the median */

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Scores of N queries and N keys, all numbers normal, in so many draws. */
static Spread spread(Program *p, int d, int draws)
{
    const double scale[] = { 1, 1 / sqrt(d), 1. / d, 1. / d / d };
    Arena *a = arena_new("scales");
    Rng    rng = rng_new(p->seed + (uint64_t)d);
    float *score = floats(a, N * N), *x = floats(a, N * N), *w = floats(a, N * N), *h = floats(a, N);
    float *j = floats(a, (int64_t)4 * draws * N);           /* (4,draws,N) */
    int   *seen = all_of(a, N, N), possible[N];
    Spread s = { 0 };
    double squares = 0, all = (double)draws * N * N;
    for (int draw = 0; draw < draws && !p->stopped; draw++) {
        float *q = normal(a, &rng, N * d, 1), *k = normal(a, &rng, N * d, 1);
        attention_scores(score, q, k, 1, N, N, d);
        for (int i = 0; i < N * N; i++) {
            double product = score[i] * sqrt(d);            /* q . k, as it is */
            s.mean += product / all, squares += product * product / all;
        }
        for (int c = 0; c < 4; c++) {
            for (int i = 0; i < N * N; i++) x[i] = (float)(score[i] * sqrt(d) * scale[c]);
            attention_weights(w, x, seen, 1, N, N);
            attention_statistics(possible, h, j + (c * draws + draw) * N, w, N, N);
            for (int n = 0; n < N; n++) s.entropy[c] += h[n] / draws / N;
        }
        arena_give_back(a, DEV_CPU, q, (size_t)(N * d) * sizeof *q, "numbers");
        arena_give_back(a, DEV_CPU, k, (size_t)(N * d) * sizeof *k, "numbers");
    }
    s.var = squares - s.mean * s.mean;
    for (int c = 0; c < 4; c++) {
        qsort(j + c * draws * N, (size_t)draws * N, sizeof *j, by_size);
        s.jacobian[c] = j[c * draws * N + draws * N / 2];
    }
    arena_free(a);
    return s;
}

/* What of a change of q . k half of all rows let through at least: the Jacobian's norm, times the scale. */
static void scale_part(Program *p, const Options *o, double *variance, double *kept, double *lost)
{
    static const char *const name[] = { "1", "1/sqrt(d)", "1/d", "1/d^2" };
    static const int dims[] = { 4, 16, 64, 256, 1024 };
    Plot *entropy = program_plot(p, "entropy", (PlotArg){ .title = "How widely a query looks", .x = "d",
        .y = "entropy, nats", .log_x = true, .kind = PLOT_LINESPOINTS,
        .caption = "Over 64 keys; log 64 is everywhere alike. Only the root of d looks the same at every d." });
    Plot *gradient = program_plot(p, "gradient", (PlotArg){ .title = "What learns", .x = "d",
        .y = "gradient at q . k, over that at the weights", .log_x = true, .log_y = true, .kind = PLOT_LINESPOINTS,
        .caption = "The median row. Not scaled, softmax saturates; scaled too much, the scale itself shrinks it." });
    Spread s[5];
    *variance = 0;
    printf("\nq . k of normal numbers, %d x 64 x 64 of them\n      d     mean      variance   divided by the root\n",
           o->draws);
    for (int i = 0; i < 5; i++) {
        int d = dims[i];
        s[i] = spread(p, d, o->draws);
        printf("  %5d  %7.3f  %12.2f  %20.4f\n", d, s[i].mean, s[i].var, s[i].var / d);
        *variance = fmax(*variance, fabs(s[i].var / d - 1));
    }
    printf("          entropy over 64 keys, log 64 = 4.159         gradient that reaches q . k\n      d");
    for (int c = 0; c < 8; c++) printf("%11s", name[c % 4]);
    for (int i = 0; i < 5; i++) {
        printf("\n  %5d", dims[i]);
        for (int c = 0; c < 4; c++) printf("%11.3f", s[i].entropy[c]);
        for (int c = 0; c < 4; c++) {
            double through = s[i].jacobian[c] * pow(dims[i], -c / 2. - (c == 3 ? 0.5 : 0));
            printf("%11.2g", through);
            plot_point(entropy, name[c], dims[i], s[i].entropy[c]);
            plot_point(gradient, name[c], dims[i], through);
        }
    }
    printf("\n");
    *kept = s[4].entropy[1] / log(64), *lost = s[4].entropy[0] / log(64);
    plot_line(entropy, -INFINITY, log(64), INFINITY, log(64), "log 64");
    program_try(p, plot_done(entropy));
    program_try(p, plot_done(gradient));
}

/* ---- One product, one op, and no matrix ----------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Tensor *random_tensor(Tape *t, Rng *rng, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(tape_arena(t), DEV_CPU, F32, ndim, shape);
    rng_fill_normal(rng, x, 0, 1);
    return x;
}

/* All scores of n tokens: n x n dot products, or one product of matrices. Returns the largest difference. */
static double product_part(Program *p)
{
    enum { TOKENS = 512, D = 64 };
    Tape *t = tape_new("product");
    Rng rng = rng_new(p->seed);
    Tensor *q = random_tensor(t, &rng, SHAPE(TOKENS, D)), *k = random_tensor(t, &rng, SHAPE(TOKENS, D)), *y = NULL;
    float *score = floats(tape_arena(t), TOKENS * TOKENS);
    double loop = INFINITY, whole = INFINITY, apart = 0;
    for (int round = 0; round < 5; round++) {
        double start = seconds();
        attention_scores(score, q->data, k->data, 1, TOKENS, TOKENS, D);
        double middle = seconds();
        y = op_scale(t, op_matmul(t, q, op_transpose(t, k, 0, 1)), 1 / sqrt(D));
        loop = fmin(loop, middle - start), whole = fmin(whole, seconds() - middle);
    }
    for (int i = 0; i < TOKENS * TOKENS; i++) apart = fmax(apart, fabs(score[i] - ((float *)y->data)[i]));
    printf("\nthe %d x %d scores of %d tokens: %.2f ms one by one, %.2f ms as one product (%.0f times), %.0e apart\n",
           TOKENS, TOKENS, TOKENS, 1e3 * loop, 1e3 * whole, loop / whole, apart);
    tape_free(t);
    return apart;
}

/* Most bytes at a time, for forward and backward of T tokens in 4 heads of 64: with the matrix, and in tiles. */
static double memory_part(Program *p)
{
    enum { T = 1024, H = 4, D = 64 };
    size_t peak[2];
    for (int tiles = 0; tiles < 2; tiles++) {
        Tape *t = tape_new("memory");
        Rng rng = rng_new(p->seed);
        Tensor *in[3], *y;
        for (int i = 0; i < 3; i++) {
            in[i] = tiles ? random_tensor(t, &rng, SHAPE(1, T, H, D)) : random_tensor(t, &rng, SHAPE(1, H, T, D));
            in[i]->needs_grad = true;
        }
        if (tiles) y = op_attention(t, in[0], in[1], in[2], NULL, NULL, (AttentionArg){ 0 });
        else {
            Tensor *score = op_scale(t, op_matmul(t, in[0], op_transpose(t, in[1], 2, 3)), 1 / sqrt(D));
            y = op_matmul(t, op_softmax(t, score), in[2]);
        }
        y->grad = random_tensor(t, &rng, y->ndim, y->shape);
        tape_backward(t, y);
        peak[tiles] = arena_peak(tape_arena(t));
        tape_free(t);
    }
    double less = (double)peak[0] / (double)peak[1];
    printf("memory of %d tokens, %d heads, forward and backward: %.1f MB with the matrix, %.1f MB in tiles\n", T, H,
           1e-6 * (double)peak[0], 1e-6 * (double)peak[1]);
    return less;
}

/* This folder's functions and the library's, by the same call: y, three gradients. Returns the largest difference. */
static double same_part(Program *p)
{
    static const struct { int B, T, S, H, HK, D, DV; bool causal, lengths, slopes; } c[] = {
        { 2, 5, 5, 1, 1, 4, 4, false, false, false }, { 2, 33, 33, 2, 2, 7, 5, true, false, false },
        { 3, 9, 70, 2, 1, 8, 8, true, true, false },  { 2, 70, 70, 4, 2, 3, 6, true, true, true },
        { 3, 1, 40, 2, 2, 16, 16, false, true, false },
    };
    double apart = 0;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        Tape *t[2] = { tape_new("these"), tape_new("library") };
        Tensor *in[2][3], *y[2];
        plug_all(t[0]);
        for (int k = 0; k < 2; k++) {
            Rng rng = rng_new(p->seed + i);
            Tensor *lengths = NULL, *slopes = NULL;
            in[k][0] = random_tensor(t[k], &rng, SHAPE(c[i].B, c[i].T, c[i].H, c[i].D));
            in[k][1] = random_tensor(t[k], &rng, SHAPE(c[i].B, c[i].S, c[i].HK, c[i].D));
            in[k][2] = random_tensor(t[k], &rng, SHAPE(c[i].B, c[i].S, c[i].HK, c[i].DV));
            for (int j = 0; j < 3; j++) in[k][j]->needs_grad = true;
            if (c[i].lengths) {
                lengths = tensor_new(tape_arena(t[k]), DEV_CPU, I32, SHAPE(c[i].B));
                for (int b = 0; b < c[i].B; b++) tensor_set(lengths, b, c[i].S * b / (c[i].B - 1));    /* from 0 */
            }
            if (c[i].slopes) {
                slopes = tensor_new(tape_arena(t[k]), DEV_CPU, F32, SHAPE(c[i].H));
                for (int h = 0; h < c[i].H; h++) tensor_set(slopes, h, ldexp(1, -2 * h - 2));
            }
            y[k] = op_attention(t[k], in[k][0], in[k][1], in[k][2], lengths, slopes,
                                (AttentionArg){ .causal = c[i].causal });
            y[k]->grad = random_tensor(t[k], &rng, y[k]->ndim, y[k]->shape);
            tape_backward(t[k], y[k]);
        }
        for (int j = -1; j < 3; j++) {
            const Tensor *a = j < 0 ? y[0] : in[0][j]->grad, *b = j < 0 ? y[1] : in[1][j]->grad;
            for (int64_t e = 0; e < tensor_count(a); e++) {
                double d = fabs(tensor_get(a, e) - tensor_get(b, e));
                apart = isnan(d) || isnan(apart) ? NAN : fmax(apart, d);
            }
        }
        for (int k = 0; k < 2; k++) tape_free(t[k]);
    }
    return apart;
}

/* ---- Reading digits: a token is a row of pixels ---------------------------------------------------------------- */

enum { C = 32, HEADS = 2, HEAD = C / HEADS, MAX_ROWS = 28 };

typedef struct Net {
    Arena   *arena;
    Tape    *tape;
    int      T, W;                          /* tokens, and numbers in each */
    Linear   in, qkv, out, kv, up, read;    /* (W,C), (C,3C), (C,C), (C,2C), (C,2C), (2C,classes) */
    Tensor  *place, *ask;                   /* (T,C): which row it is; (HEADS,HEAD): what the reader asks all rows */
    NnParams params, state;
    Optim   *optim;
    Loader   loader;
    Rng      rng;
    int64_t *clock;                         /* (5): epoch, rows of it done, seed, epochs, batch */
} Net;

static Tensor *parameter(Arena *a, Rng *rng, double sd, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(a, DEV_CPU, F32, ndim, shape);
    rng_fill_normal(rng, x, 0, sd);
    x->needs_grad = true;
    return x;
}

static Net net_new(Tape *t, const Dataset *set, const Options *o, uint64_t seed)
{
    Net n = { .arena = arena_new("net"), .tape = t, .T = set->height, .W = set->width, .rng = rng_new(seed) };
    Arena *a = n.arena;
    Rng weights = rng_stream(&n.rng, 1), order = rng_stream(&n.rng, 2);
    n.in = nn_linear(a, &weights, n.W, C), n.qkv = nn_linear(a, &weights, C, 3 * C);
    n.out = nn_linear(a, &weights, C, C), n.kv = nn_linear(a, &weights, C, 2 * C);
    n.up = nn_linear(a, &weights, C, 2 * C), n.read = nn_linear(a, &weights, 2 * C, set->classes);
    n.place = parameter(a, &weights, 0.5, SHAPE(n.T, C)), n.ask = parameter(a, &weights, 1, SHAPE(HEADS, HEAD));
    n.params = nn_params(a), n.state = nn_params(a);
    Linear *layer[] = { &n.in, &n.qkv, &n.out, &n.kv, &n.up, &n.read };
    static const char *const name[] = { "in", "qkv", "out", "kv", "up", "read" };
    for (int i = 0; i < 6; i++) nn_linear_visit(layer[i], name[i], nn_params_add, &n.params);
    nn_params_add(&n.params, "place", n.place), nn_params_add(&n.params, "ask", n.ask);
    n.optim = optim_adamw(a, &n.params, (AdamwArg){ .rate = o->rate, .weight_decay = 0.01 });
    n.loader = loader_new(a, set->x, set->y, 0, set->train, o->batch, true, &order);
    Tensor *clock = tensor_new(a, DEV_CPU, I64, SHAPE(5));
    n.clock = clock->data;
    memcpy(n.clock, (int64_t[]){ 0, 0, (int64_t)seed, o->epochs, o->batch }, 5 * sizeof *n.clock);
    for (int i = 0; i < n.params.n; i++) nn_params_add(&n.state, n.params.item[i].name, n.params.item[i].tensor);
    nn_params_add(&n.state, "clock", clock);
    optim_visit(n.optim, "optim", nn_params_add, &n.state);
    return n;
}

/* Heads from..to of (N,T,heads C): (N,T,HEADS,HEAD), a view. */
static Tensor *part(Tape *t, Tensor *x, int i)
{
    int64_t N = x->shape[0], T = x->shape[1];
    Tensor *heads = op_reshape(t, x, SHAPE(N, T, x->shape[2] / HEAD, HEAD));
    return op_slice(t, heads, 2, (int64_t)i * HEADS, (int64_t)(i + 1) * HEADS);
}

typedef struct Read { Tensor *scores, *q, *k, *ask, *keys; } Read;      /* and what its maps are drawn from */

/* x (N,T*W), lengths (N): only so many rows of each image are seen. Rows look at each other, then a reader looks at
 * them all: attention with one query. */
static Read net_read(Net *n, Tensor *x, Tensor *lengths)
{
    Tape *t = n->tape;
    int64_t N = x->shape[0], T = n->T;
    Tensor *tokens = op_reshape(t, x, SHAPE(N, T, n->W));
    Tensor *h = op_relu(t, op_add(t, nn_linear_forward(t, &n->in, tokens), n->place));
    Tensor *qkv = nn_linear_forward(t, &n->qkv, h);
    Read r = { .q = part(t, qkv, 0), .k = part(t, qkv, 1) };
    Tensor *mixed = op_attention(t, r.q, r.k, part(t, qkv, 2), lengths, NULL, (AttentionArg){ 0 });
    h = op_add(t, h, nn_linear_forward(t, &n->out, op_reshape(t, mixed, SHAPE(N, T, C))));
    Tensor *kv = nn_linear_forward(t, &n->kv, h), *nothing = tensor_new(tape_arena(t), DEV_CPU, F32,
                                                                        SHAPE(N, 1, HEADS, HEAD));
    memset(nothing->data, 0, tensor_bytes(nothing));
    r.keys = part(t, kv, 0), r.ask = op_add(t, nothing, n->ask);        /* the same question for every image */
    Tensor *found = op_attention(t, r.ask, r.keys, part(t, kv, 1), lengths, NULL, (AttentionArg){ 0 });
    Tensor *wide = op_relu(t, nn_linear_forward(t, &n->up, op_reshape(t, found, SHAPE(N, C))));
    r.scores = nn_linear_forward(t, &n->read, wide);
    return r;
}

static Tensor *lengths_of(Tape *t, int64_t N, int rows)
{
    Tensor *x = tensor_new(tape_arena(t), DEV_CPU, I32, SHAPE(N));
    for (int64_t i = 0; i < N; i++) ((int32_t *)x->data)[i] = rows;
    return x;
}

/* Half of the images are cut off below, anywhere: the padding of a batch of sentences. */
static float train_step(Net *n, Tensor *x, Tensor *y, Rng *rng)
{
    Tensor *lengths = lengths_of(n->tape, x->shape[0], n->T);
    for (int64_t i = 0; i < x->shape[0]; i += 2) ((int32_t *)lengths->data)[i] = 1 + (int32_t)rng_below(rng, n->T);
    Tensor *loss = op_cross_entropy(n->tape, net_read(n, x, lengths).scores, y);
    tape_backward(n->tape, loss);
    float value = *(float *)loss->data;
    optim_step(n->optim, n->tape);
    tape_reset(n->tape);
    return value;
}

static double train(Program *p, Net *n, const Options *o, Plot *plot)
{
    int64_t a_round = loader_batches(&n->loader), all = a_round * o->epochs, count = 0;
    double first = NAN, sum = 0;
    for (Tensor *x, *y; n->loader.epoch < o->epochs && !p->stopped;) {
        int64_t done = n->loader.epoch * a_round + n->loader.at / o->batch;
        if (!loader_next(&n->loader, n->tape, &x, &y)) {
            if (plot && count) plot_point(plot, "images it learns from", (double)n->loader.epoch, sum / (double)count);
            sum = 0, count = 0;
            continue;
        }
        Rng cut = rng_stream(&n->rng, 1000 + (uint64_t)done);           /* a resumed run cuts the same rows off */
        optim_set_rate(n->optim, o->rate * (1 - (double)done / (double)all));
        double loss = train_step(n, x, y, &cut);
        if (isnan(first)) first = loss;
        sum += loss, count++;
        program_progress(p, done + 1, all, "batches");
    }
    return first;
}

/* Share of unseen images read right from their first rows. */
static double accuracy(Net *n, const Dataset *set, int rows)
{
    enum { AT_ONCE = 500 };
    int64_t right = 0, to = set->x->shape[0];
    bool was = tape_record(n->tape, false);
    for (int64_t at = set->train; at < to; at += AT_ONCE) {
        int64_t end = at + AT_ONCE < to ? at + AT_ONCE : to;
        Tensor *x = op_slice(n->tape, set->x, 0, at, end), *y = op_slice(n->tape, set->y, 0, at, end);
        right += nn_correct(n->tape, net_read(n, x, lengths_of(n->tape, end - at, rows)).scores, y);
        tape_reset(n->tape);
    }
    tape_record(n->tape, was);
    return (double)right / (double)(to - set->train);
}

/* What the scores of the first unseen images change when the pixels that are hidden from them turn NaN. */
static double hidden_part(Net *n, const Dataset *set)
{
    enum { IMAGES = 16 };
    double change = 0;
    bool was = tape_record(n->tape, false);
    for (int rows = 1; rows < n->T; rows++) {
        Tensor *x = op_slice(n->tape, set->x, 0, set->train, set->train + IMAGES);
        Tensor *cut = lengths_of(n->tape, IMAGES, rows);
        Tensor *poisoned = tensor_new(tape_arena(n->tape), DEV_CPU, F32, x->ndim, x->shape);
        for (int64_t i = 0; i < IMAGES * n->T * n->W; i++)
            tensor_set(poisoned, i, i / n->W % n->T < rows ? tensor_get(x, i) : NAN);
        Tensor *a = net_read(n, x, cut).scores, *b = net_read(n, poisoned, cut).scores;
        for (int64_t i = 0; i < tensor_count(a); i++) {
            double d = fabs(tensor_get(a, i) - tensor_get(b, i));
            change = isnan(d) || isnan(change) ? NAN : fmax(change, d);
        }
        tape_reset(n->tape);
    }
    tape_record(n->tape, was);
    return change;
}

/* The weights of head h of image i, (T,S), from (N,T,HEADS,HEAD) and (N,S,HEADS,HEAD). */
static void weights_of(float *p, const Tensor *q, const Tensor *k, int64_t i, int h)
{
    enum { MOST = MAX_ROWS };
    float a[MOST * HEAD], b[MOST * HEAD], score[MOST * MOST];
    int   T = (int)q->shape[1], S = (int)k->shape[1], seen[MOST];
    for (int r = 0; r < T; r++)
        for (int c = 0; c < HEAD; c++) a[r * HEAD + c] = (float)tensor_get(q, ((i * T + r) * HEADS + h) * HEAD + c);
    for (int r = 0; r < S; r++)
        for (int c = 0; c < HEAD; c++) b[r * HEAD + c] = (float)tensor_get(k, ((i * S + r) * HEADS + h) * HEAD + c);
    attention_seen(seen, NULL, 0, 1, T, S);
    attention_scores(score, a, b, 1, T, S, HEAD);
    attention_weights(p, score, seen, 1, T, S);
}

/* Two pictures: where the reader looks, digit by digit; and where each row of an image looks, on average. */
static void maps_part(Program *p, Net *n, const Dataset *set)
{
    enum { AT_ONCE = 300 };
    static double reader[10][MAX_ROWS], rows[MAX_ROWS][MAX_ROWS];
    int64_t end = set->train + AT_ONCE, of[10] = { 0 };
    bool was = tape_record(n->tape, false);
    Tensor *x = op_slice(n->tape, set->x, 0, set->train, end);
    Read r = net_read(n, x, lengths_of(n->tape, AT_ONCE, n->T));
    memset(reader, 0, sizeof reader), memset(rows, 0, sizeof rows);
    for (int64_t i = 0; i < AT_ONCE; i++) {
        int digit = ((int *)set->y->data)[set->train + i];
        float w[MAX_ROWS * MAX_ROWS];
        of[digit]++;
        for (int h = 0; h < HEADS; h++) {
            weights_of(w, r.ask, r.keys, i, h);
            for (int s = 0; s < n->T; s++) reader[digit][s] += w[s] / HEADS;
        }
        weights_of(w, r.q, r.k, i, 0);
        for (int a = 0; a < n->T * n->T; a++) rows[a / n->T][a % n->T] += w[a] / (double)AT_ONCE;
    }
    Plot *look = program_plot(p, "look", (PlotArg){ .title = "Where the reader looks", .x = "row of the image",
        .y = "digit", .kind = PLOT_IMAGE,
        .caption = "Mean weight of each row of pixels, for the ten digits. Each line sums to 1." });
    Plot *self = program_plot(p, "rows", (PlotArg){ .title = "Where rows look: the first head", .x = "row looked at",
        .y = "row that looks", .kind = PLOT_IMAGE,
        .caption = "Mean weights over unseen images. Each line sums to 1." });
    for (int d = 0; d < 10; d++)
        for (int s = 0; s < n->T; s++) plot_cell(look, d, s, of[d] ? reader[d][s] / (double)of[d] : 0);
    for (int a = 0; a < n->T; a++)
        for (int s = 0; s < n->T; s++) plot_cell(self, a, s, rows[a][s]);
    program_try(p, plot_done(look));
    program_try(p, plot_done(self));
    tape_reset(n->tape);
    tape_record(n->tape, was);
}

static void resume(Program *p, Net *n)
{
    int64_t now[5];
    if (!p->resume) return;
    memcpy(now, n->clock, sizeof now);
    program_try(p, checkpoint_load(n->arena, p->resume, &n->state, NULL));
    if (memcmp(now + 2, n->clock + 2, 3 * sizeof *now))
        program_try(p, sentence("%s was saved with --seed=%lld --epochs=%lld --batch=%lld: give the same", p->resume,
                                (long long)n->clock[2], (long long)n->clock[3], (long long)n->clock[4]));
    if (n->clock[0] < 0 || n->clock[1] < 0) program_try(p, sentence("%s: its clock is before the start", p->resume));
    n->loader.epoch = n->clock[0], n->loader.at = n->clock[1];
}

static void save(Program *p, Net *n)
{
    if (!p->save) return;
    n->clock[0] = n->loader.epoch, n->clock[1] = n->loader.at;
    program_try(p, checkpoint_save(p->save, &n->state, "attention over rows"));
}

/* One run. Its accuracy on unseen images; the first one is drawn, and shows what padding does. */
static double one_seed(Program *p, Tape *t, const Options *o, const Dataset *set, int index, double *change)
{
    Net n = net_new(t, set, o, p->seed + (uint64_t)index);
    if (index == 0) resume(p, &n);
    Plot *plot = index || n.loader.epoch >= o->epochs ? NULL : program_plot(p, "loss", (PlotArg){
        .title = "attention over rows of pixels", .x = "epoch", .y = "mean loss", .kind = PLOT_LINES, .log_y = true,
        .caption = "Half of the images are cut off below, so it never reaches 0." });
    double first = train(p, &n, o, plot);
    if (index == 0) save(p, &n);
    if (plot) program_try(p, plot_done(plot));
    double result = accuracy(&n, set, n.T);
    printf("  seed %lld: ", (long long)p->seed + index);
    if (!isnan(first)) printf("first loss %.3f, ", first);
    printf("%.4f of the unseen images read right\n", result);
    if (index == 0) {
        Plot *cut = program_plot(p, "cut", (PlotArg){ .title = "Reading the first rows only", .x = "rows seen",
            .y = "accuracy", .kind = PLOT_LINESPOINTS, .caption = "One net, one mask: the rest is padding." });
        printf("  rows seen");
        for (int rows = 1; rows <= n.T; rows += (n.T + 7) / 8) printf("%8d", rows);
        printf("\n  accuracy ");
        for (int rows = 1; rows <= n.T; rows += (n.T + 7) / 8) {
            double got = rows == n.T ? result : accuracy(&n, set, rows);
            printf("%8.3f", got);
            plot_point(cut, "accuracy on unseen images", rows, got);
        }
        printf("\n");
        program_try(p, plot_done(cut));
        *change = hidden_part(&n, set);
        maps_part(p, &n, set);
    }
    arena_free(n.arena);
    return result;
}

enum { MAX_SEEDS = 16 };

static double digits_part(Program *p, Tape *t, const Options *o, const Dataset *set, double *change)
{
    float result[MAX_SEEDS] = { 0 };
    int   done = 0, runs = p->save || p->resume ? 1 : o->seeds;           /* a checkpoint holds one net */
    printf("\n%s: %lld images to learn from, %lld unseen; a token is a row of %d pixels\n", set->from,
           (long long)set->train, (long long)(set->x->shape[0] - set->train), set->width);
    for (; done < runs && !p->stopped; done++) result[done] = (float)one_seed(p, t, o, set, done, change);
    qsort(result, (size_t)done, sizeof *result, by_size);
    return result[done / 2];
}

static void check_options(Program *p, const Options *o)
{
    if (o->epochs < 1 || o->batch < 1 || o->draws < 1)
        program_try(p, sentence("--epochs=%d --batch=%d --draws=%d: at least 1 each", o->epochs, o->batch, o->draws));
    if (o->seeds < 1 || o->seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o->seeds, MAX_SEEDS));
    if (strcmp(o->data, "digits") && strcmp(o->data, "mnist"))
        program_try(p, sentence("--data=%s: digits or mnist is expected", o->data));
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "attention",
        "Shows soft look-ups and what the root of d is for; then attention learns to read digits.", flags, &o);
    check_options(p, &o);
    Arena *a = arena_new("data");
    Tape *t = tape_new("step");
    program_tape(p, t);
    Dataset set;
    program_try(p, data_load(a, o.data, F32, &set));
    plug_all(t);                            /* attention and its gradient are this folder's */
    double variance, kept, lost, change = NAN;
    double look = lookup_part(), asked = search_part(), off = untrained_part(p);
    int right = rows_part();
    scale_part(p, &o, &variance, &kept, &lost);
    double product = product_part(p), less = memory_part(p), apart = same_part(p);
    double read = digits_part(p, t, &o, &set, &change);
    printf("\n");
    tape_replaced(t, stdout);
    printf("\n");
    if (!p->stopped) {
        program_promise(p, "look-up, distance from the published weights", look, "<=", 6e-4);
        program_promise(p, "search, least weight of what was asked for", asked, ">=", 0.7);
        program_promise(p, "untrained, largest distance from 1/3", off, "<=", 1e-3);
        program_promise(p, "rows of weights told from others, of 3", right, ">=", 3);
        program_promise(p, "variance of q . k over d, distance from 1", variance, "<=", 0.15);
        program_promise(p, "d = 1024, scale 1/sqrt(d): entropy over log 64", kept, ">=", 0.8);
        program_promise(p, "d = 1024, scale 1: entropy over log 64", lost, "<=", 0.1);
        program_promise(p, "one product or a loop, largest difference", product, "<=", 1e-4);
        program_promise(p, "memory with the matrix over that in tiles", less, ">=", 3);
        program_promise(p, "these functions and the library's, largest difference", apart, "<=", 2e-5);
        program_promise(p, "change of scores when hidden rows turn NaN", change, "<=", 0);
        double bound = !strcmp(o.data, "mnist") ? 0.92 : p->quick ? 0.8 : 0.93;
        program_promise(p, "accuracy on unseen images", read, ">=", bound);
    }
    tape_free(t);
    arena_free(a);
    return program_end(p);
}
