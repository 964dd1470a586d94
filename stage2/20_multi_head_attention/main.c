/* main.c -- look-ups that need heads; then layers of heads read digits, and lose one at a time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "checkpoint.h"
#include "loader.h"
#include "multi_head_attention.h"
#include "optim.h"
#include "plug.h"
#include "program.h"

typedef struct Options {
    const char *data;
    int    epochs, batch, seeds, steps, heads, keys;
    double rate;
} Options;

static const Flag flags[] = {
    { "data", FLAG_TEXT, offsetof(Options, data), "digits", NULL, "mnist", "digits or mnist" },
    { "epochs", FLAG_INT, offsetof(Options, epochs), "20", "5", "1", "times that every image is seen" },
    { "batch", FLAG_INT, offsetof(Options, batch), "32", NULL, NULL, "images a step" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.004", NULL, NULL, "of the first step; it falls to 0 in a line" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "3", "1", NULL, "runs; the median counts" },
    { "steps", FLAG_INT, offsetof(Options, steps), "600", "250", NULL, "of 32 x 4 look-ups each" },
    { "heads", FLAG_INT, offsetof(Options, heads), "4", NULL, NULL, "of both layers that read digits; divides 32" },
    { "keys", FLAG_INT, offsetof(Options, keys), "4", NULL, NULL, "heads of keys and values; divides heads" },
    { 0 }
};

/* ---- The layer as an operation: this folder's functions on a tape ---------------------------------------------- */

typedef struct LayerArg { int H, HK, D; } LayerArg;
typedef struct Layer { Tensor *w; LayerArg arg; } Layer;        /* w: Wq, Wk, Wv and Wo, one behind the other */

static MultiHeadSize size_of(Tensor **in, const LayerArg *arg)  /* x (B,T,C), z (B,S,C) */
{
    return (MultiHeadSize){ (int)in[0]->shape[0], (int)in[0]->shape[1], (int)in[1]->shape[1], (int)in[0]->shape[2],
                            arg->H, arg->HK, arg->D };
}

static int64_t weights_count(int C, const LayerArg *arg) { return 2ll * C * (arg->H + arg->HK) * arg->D; }

static MultiHeadWeights weights_of(void *at, const MultiHeadSize *n)
{
    float *w = at;
    int asks = n->C * n->H * n->D, answers = n->C * n->HK * n->D;
    return (MultiHeadWeights){ w, w + asks, w + asks + answers, w + asks + 2 * answers };
}

static int64_t kept_count(const MultiHeadSize *n)
{
    return 2ll * n->B * n->D * (n->H * n->T + n->HK * n->S) + 2ll * n->B * n->H * n->T * n->S;
}

static MultiHeadKept kept_of(void *at, const MultiHeadSize *n)
{
    float *x = at;
    int64_t q = (int64_t)n->B * n->H * n->T * n->D, k = (int64_t)n->B * n->HK * n->S * n->D;
    int64_t p = (int64_t)n->B * n->H * n->T * n->S;
    return (MultiHeadKept){ x, x + q, x + q + k, x + q + 2 * k, x + q + 2 * k + p, x + q + 2 * k + 2 * p };
}

static const char *layer_shape(Node *node)              /* x, z, w -> y (B,T,C), kept */
{
    MultiHeadSize n = size_of(node->in, node->arg);
    tensor_set_shape(node->out[0], 3, node->in[0]->shape);
    tensor_set_shape(node->out[1], SHAPE(kept_count(&n)));
    node->out[1]->needs_grad = false;
    return NULL;
}

static void layer_forward(Tape *t, Node *node)
{
    MultiHeadSize    n = size_of(node->in, node->arg);
    MultiHeadKept    kept = kept_of(node->out[1]->data, &n);
    MultiHeadWeights w = weights_of(node->in[2]->data, &n);
    int queries = n.B * n.H * n.T, *seen = tape_scratch(t, (size_t)(queries + 1) * sizeof *seen);
    for (int i = 0; i < queries; i++) seen[i] = n.S;
    multi_head_attention_forward(node->out[0]->data, &kept, node->in[0]->data, node->in[1]->data, &w, seen, &n);
}

static const char *gradient_shape(Node *node)           /* x, z, w, kept, dy -> dx, dz, dw */
{
    for (int i = 0; i < 3; i++) tensor_set_shape(node->out[i], node->in[i]->ndim, node->in[i]->shape);
    return NULL;
}

static void layer_gradient(Tape *t, Node *node)
{
    MultiHeadSize    n = size_of(node->in, node->arg);
    MultiHeadKept    kept = kept_of(node->in[3]->data, &n);
    MultiHeadKept    d = kept_of(tape_scratch(t, (size_t)kept_count(&n) * sizeof(float)), &n);
    MultiHeadWeights w = weights_of(node->in[2]->data, &n), dw = weights_of(node->out[2]->data, &n);
    for (int i = 0; i < 3; i++) memset(node->out[i]->data, 0, tensor_bytes(node->out[i]));
    multi_head_attention_backward(node->out[0]->data, node->out[1]->data, &dw, &d, node->in[0]->data, node->in[1]->data,
                                  &w, &kept, node->in[4]->data, &n);
}

static const Op gradient_row = { .name = "multi_head_attention_backward", .dtypes = 1u << F32, .shape = gradient_shape,
                                 .forward = { [DEV_CPU] = layer_gradient } };

static void layer_backward(Tape *t, Node *node)
{
    Tensor *d[3];
    tape_run_all(t, (Node){ .op = &gradient_row, .n_out = 3, .arg = node->arg, .arg_size = node->arg_size,
                            IN(node->in[0], node->in[1], node->in[2], node->out[1], node->out[0]->grad) }, d);
    for (int i = 0; i < 3; i++) tape_add_grad(t, node->in[i], d[i]);    /* x and z may be one tensor */
}

static const Op layer_row = { .name = "multi_head_attention", .dtypes = 1u << F32, .shape = layer_shape,
                              .forward = { [DEV_CPU] = layer_forward }, .backward = layer_backward };

static Tensor *layer(Tape *t, const Layer *m, Tensor *x, Tensor *z, Tensor **kept)      /* kept: wanted, or NULL */
{
    Tensor *out[2];
    tape_run_all(t, (Node){ .op = &layer_row, .n_out = 2, .arg = &m->arg, .arg_size = sizeof m->arg, IN(x, z, m->w) },
                 out);
    if (kept) *kept = out[1];
    return out[0];
}

static Layer layer_new(Arena *a, Rng *rng, int C, LayerArg arg)
{
    Layer m = { tensor_new(a, DEV_CPU, F32, SHAPE(weights_count(C, &arg))), arg };
    rng_fill_normal(rng, m.w, 0, 1 / sqrt(C));
    m.w->needs_grad = true;
    return m;
}

/* ---- What is counted, and what is the same ---------------------------------------------------------------------- */

static void counts_part(double cost[MULTI_HEAD_COSTS])
{
    multi_head_attention_costs(cost, &(MultiHeadSize){ 1, 1024, 1024, 512, 8, 8, 64 });
    printf("\n512 numbers, 8 heads: %.0f in Wq, Wk and Wv; %.0f if each head saw its own 64 of x only; %.0f in Wo\n",
           cost[MULTI_HEAD_PROJECTIONS], cost[MULTI_HEAD_SLICED], cost[MULTI_HEAD_OUTPUT]);
}

/* Two heads set by hand: which word looks at which. One finds its translation, one the word behind it. */
static double words_part(Program *p)
{
    enum { N = 3 };
    static const char *const from[N] = { "I", "love", "you" }, *const to[N] = { "我", "愛", "你" };
    static const MultiHeadSize n = { 1, N, N, N, 2, 2, N };
    const float a = (float)(log(8) * sqrt(N));          /* e^(log 8) of 8 + 1 + 1: 0.8 */
    float one[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, wq[18] = { 0 }, wk[18] = { 0 }, wv[18] = { 0 }, wo[18] = { 0 };
    float q[18], k[18], v[18], score[18], weight[18], o[18], y[9];
    for (int i = 0; i < N; i++) {
        wq[i * 6 + i] = wq[i * 6 + N + i] = a;
        wk[i * 6 + i] = 1, wk[(i + 1) % N * 6 + N + i] = 1;             /* head 1: key i is the word behind word i */
    }
    int seen[6] = { N, N, N, N, N, N };
    multi_head_attention_forward(y, &(MultiHeadKept){ q, k, v, score, weight, o }, one, one,
                                 &(MultiHeadWeights){ wq, wk, wv, wo }, seen, &n);
    Plot *map = program_plot(p, "words", (PlotArg){ .title = "Two heads, set by hand", .kind = PLOT_IMAGE,
        .caption = "Each line sums to 1. Left: a word looks at its translation; right: at the word behind it." });
    printf("\ntwo heads set by hand: where each word looks\n");
    for (int r = 0; r < N; r++) {
        printf("  %s", to[r]);
        for (int h = 0; h < 2; h++) {
            for (int c = 0; c < N; c++) {
                plot_cell(map, r, h * (N + 1) + c, weight[(h * N + r) * N + c]);
                plot_name(map, 'x', h * (N + 1) + c, from[c]);
                printf("  %s %.2f", from[c], weight[(h * N + r) * N + c]);
            }
            printf(h ? "\n" : "   |");
        }
        plot_name(map, 'y', r, to[r]);
    }
    program_try(p, plot_done(map));
    return weight[0];
}

static Tensor *random_tensor(Tape *t, Rng *rng, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(tape_arena(t), DEV_CPU, F32, ndim, shape);
    rng_fill_normal(rng, x, 0, 1);
    x->needs_grad = true;
    return x;
}

/* The same layer out of the library's products and its attention, which never holds the weights. */
static Tensor *by_library(Tape *t, Tensor *x, Tensor *z, Tensor *w, const MultiHeadSize *n)
{
    int64_t C = n->C, asks = (int64_t)n->H * n->D, answers = (int64_t)n->HK * n->D, at = 0;
    const int64_t wide[] = { asks, answers, answers };
    Tensor *part[3];
    for (int i = 0; i < 3; i++) {
        Tensor *of = i ? z : x, *m = op_reshape(t, op_slice(t, w, 0, at, at + C * wide[i]), SHAPE(C, wide[i]));
        part[i] = op_reshape(t, op_matmul(t, of, m), SHAPE(n->B, of->shape[1], wide[i] / n->D, n->D));
        at += C * wide[i];
    }
    Tensor *o = op_attention(t, part[0], part[1], part[2], NULL, NULL, (AttentionArg){ 0 });
    Tensor *wo = op_reshape(t, op_slice(t, w, 0, at, at + asks * C), SHAPE(asks, C));
    return op_matmul(t, op_reshape(t, o, SHAPE(n->B, n->T, asks)), wo);
}

/* y and all gradients, by this folder's functions and by the library's. Returns the largest difference. */
static double same_part(Program *p)
{
    static const MultiHeadSize c[] = { { 2, 5, 5, 8, 2, 2, 4 }, { 1, 3, 9, 7, 3, 3, 5 }, { 3, 7, 4, 12, 4, 2, 3 },
                                       { 2, 1, 33, 16, 6, 1, 8 } };
    double apart = 0;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        Tape *t[2] = { tape_new("these"), tape_new("library") };
        Tensor *in[2][3], *y[2];
        LayerArg arg = { c[i].H, c[i].HK, c[i].D };
        for (int k = 0; k < 2; k++) {
            Rng rng = rng_new(p->seed + i);
            in[k][0] = random_tensor(t[k], &rng, SHAPE(c[i].B, c[i].T, c[i].C));
            in[k][1] = random_tensor(t[k], &rng, SHAPE(c[i].B, c[i].S, c[i].C));
            in[k][2] = random_tensor(t[k], &rng, SHAPE(weights_count(c[i].C, &arg)));
            for (int64_t e = 0; e < tensor_count(in[k][2]); e++) ((float *)in[k][2]->data)[e] /= sqrtf((float)c[i].C);
            y[k] = k ? by_library(t[k], in[k][0], in[k][1], in[k][2], &c[i])
                     : layer(t[k], &(Layer){ in[k][2], arg }, in[k][0], in[k][1], NULL);
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

/* ---- What shared keys save: memory of what has been said, and the time to read it ------------------------------- */

static double seconds(void)
{
    struct timespec s;
    timespec_get(&s, TIME_UTC);
    return (double)s.tv_sec + 1e-9 * (double)s.tv_nsec;
}

/* One more token after 4096, 8 heads of 64. Returns the cache of 8 heads of keys over that of one, as measured. */
static double cache_part(Program *p)
{
    enum { S = 4096, H = 8, D = 64, ROUNDS = 9 };
    double peak[4];
    printf("\none more token after %d, %d heads of %d\n", S, H, D);
    printf("  heads of keys    a token leaves   peak memory      time\n");
    for (int i = 0, HK = H; HK >= 1; HK /= 2, i++) {
        double cost[MULTI_HEAD_COSTS], best = INFINITY;
        Tape *t = tape_new("cache");
        Rng rng = rng_new(p->seed);
        multi_head_attention_costs(cost, &(MultiHeadSize){ 1, 1, S, H * D, H, HK, D });
        Tensor *k = random_tensor(t, &rng, SHAPE(1, S, HK, D)), *v = random_tensor(t, &rng, SHAPE(1, S, HK, D));
        Tensor *q = random_tensor(t, &rng, SHAPE(1, 1, H, D));
        tape_record(t, false);
        for (int round = 0; round < ROUNDS; round++) {
            double start = seconds();
            op_attention(t, q, k, v, NULL, NULL, (AttentionArg){ .causal = true });
            best = fmin(best, seconds() - start);
        }
        peak[i] = (double)arena_peak(tape_arena(t));
        printf("  %13d  %10.0f bytes  %8.2f MB  %6.3f ms\n", HK, cost[MULTI_HEAD_CACHE], 1e-6 * peak[i], 1e3 * best);
        tape_free(t);
    }
    return peak[0] / peak[3];
}

/* ---- Look-ups: two keys asked for at once ----------------------------------------------------------------------- */

/* An item is a key (its first 8 numbers) and a value (its last 8); there is one for each of 8 keys, in any order. A
 * query is a first key and a second key. Wanted are their two values, in this order. */
enum { KINDS = 8, LOOK = 2 * KINDS, QUERIES = 4, LOOKUPS = 32 };
typedef struct LookUp { const char *name; int H; bool cross, sliced; } LookUp;

typedef struct Asked { Tensor *x, *z, *wanted; } Asked;     /* (B,QUERIES,LOOK), (B,KINDS,LOOK), (B QUERIES 2) */
static Asked ask(Tape *t, Rng *rng, int B)
{
    Asked a = { tensor_new(tape_arena(t), DEV_CPU, F32, SHAPE(B, QUERIES, LOOK)),
                tensor_new(tape_arena(t), DEV_CPU, F32, SHAPE(B, KINDS, LOOK)),
                tensor_new(tape_arena(t), DEV_CPU, I32, SHAPE(B * QUERIES * 2)) };
    memset(a.x->data, 0, tensor_bytes(a.x)), memset(a.z->data, 0, tensor_bytes(a.z));
    float *x = a.x->data, *z = a.z->data;
    int   *wanted = a.wanted->data;
    for (int b = 0; b < B; b++, z += KINDS * LOOK) {
        int order[KINDS], value[KINDS];
        for (int i = 0; i < KINDS; i++) {
            int j = (int)rng_below(rng, i + 1);
            order[i] = order[j], order[j] = i;
        }
        for (int s = 0; s < KINDS; s++) {
            value[order[s]] = (int)rng_below(rng, KINDS);
            z[s * LOOK + order[s]] = z[s * LOOK + KINDS + value[order[s]]] = 1;
        }
        for (int i = 0; i < QUERIES; i++, x += LOOK) {
            int first = (int)rng_below(rng, KINDS), second = (first + 1 + (int)rng_below(rng, KINDS - 1)) % KINDS;
            x[first] = x[KINDS + second] = 1;
            *wanted++ = value[first], *wanted++ = value[second];
        }
    }
    return a;
}

/* Heads that see only their slice of x: all of Wq, Wk and Wv that lies outside is 0, and stays it. */
static void cut_slices(const Layer *m)
{
    int wide = m->arg.H * m->arg.D, slice = LOOK / m->arg.H;
    float *w = m->w->data;
    for (int i = 0; i < 3 * LOOK * wide; i++)
        if (i / wide % LOOK / slice != i % wide / m->arg.D) w[i] = 0;
}

/* Share of answers that are right after so many steps, on look-ups never seen. */
static double look_up(Program *p, const LookUp *how, int steps)
{
    Arena   *a = arena_new("look-up");
    Tape    *t = tape_new("look-up");
    Rng      rng = rng_new(p->seed + 77), weights = rng_stream(&rng, 1);
    Layer    m = layer_new(a, &weights, LOOK, (LayerArg){ how->H, how->H, LOOK / how->H });
    Linear   read = nn_linear(a, &weights, LOOK, 2 * KINDS);
    NnParams params = nn_params(a);
    nn_params_add(&params, "w", m.w);
    nn_linear_visit(&read, "read", nn_params_add, &params);
    Optim   *optim = optim_adam(a, &params, (AdamArg){ .rate = 0.02 });
    int64_t  right = 0, B = LOOKUPS;
    for (int step = 0; step <= steps && !p->stopped; step++) {
        bool test = step == steps;
        if (how->sliced) cut_slices(&m);
        if (test) tape_record(t, false), B = 512;
        Asked q = ask(t, &rng, (int)B);
        Tensor *y = nn_linear_forward(t, &read, layer(t, &m, q.x, how->cross ? q.z : q.x, NULL));
        y = op_reshape(t, y, SHAPE(B * QUERIES * 2, KINDS));
        if (test) right = nn_correct(t, y, q.wanted);
        else {
            optim_set_rate(optim, 0.02 * (1 - (double)step / steps));
            tape_backward(t, op_cross_entropy(t, y, q.wanted));
            optim_step(optim, t);
        }
        tape_reset(t);
    }
    tape_free(t);
    arena_free(a);
    return (double)right / (double)(B * QUERIES * 2);
}

/* And who sees all values, but not which belongs to which key: the share of the most frequent one. */
static double most_frequent(Program *p)
{
    enum { ITEMS = 4000 };
    Rng    rng = rng_new(p->seed + 78);
    double sum = 0;
    for (int n = 0; n < ITEMS; n++) {
        int count[KINDS] = { 0 }, best = 0;
        for (int s = 0; s < KINDS; s++) count[rng_below(&rng, KINDS)]++;
        for (int s = 0; s < KINDS; s++)
            if (count[s] > best) best = count[s];
        sum += best;
    }
    return sum / ITEMS / KINDS;
}

enum { WAYS = 4 };
static void look_up_part(Program *p, const Options *o, double share[WAYS])
{
    static const LookUp how[WAYS] = { { "2 heads, cross-attention", 2, true, false },
                                      { "1 head, as wide", 1, true, false },
                                      { "2 heads, each sees its slice", 2, true, true },
                                      { "2 heads, self-attention", 2, false, false } };
    Plot *bars = program_plot(p, "lookups", (PlotArg){ .title = "Two things asked for at once", .kind = PLOT_BARS,
        .y = "answers that are right",
        .caption = "Keys lie in one half of each item, values in the other: who sees one half finds no value." });
    printf("\ntwo keys asked for at once, among %d items; %d steps; answers that are right\n", KINDS, o->steps);
    for (int i = 0; i < WAYS; i++) {
        share[i] = look_up(p, &how[i], o->steps);
        printf("  %-30s %.3f\n", how[i].name, share[i]);
        plot_bar(bars, how[i].name, "right", share[i]);
    }
    double frequent = most_frequent(p);
    printf("  %-30s %.3f\n  %-30s %.3f\n", "always the most frequent value", frequent, "guessed", 1. / KINDS);
    plot_line(bars, -INFINITY, frequent, INFINITY, frequent, "always the most frequent value");
    plot_line(bars, -INFINITY, 1. / KINDS, INFINITY, 1. / KINDS, "guessed");
    program_try(p, plot_done(bars));
}

/* ---- Reading digits: a token is a row of pixels ----------------------------------------------------------------- */

enum { C = 32, MAX_ROWS = 28, MAX_HEADS = 32, MAX_SEEDS = 16 };

typedef struct Net {
    Arena   *arena;
    Tape    *tape;
    int      T, W;                          /* tokens, and numbers in each */
    Linear   in, up, read;                  /* (W,C), (C,2C), (2C,classes) */
    Layer    self, cross;                   /* rows look at each other; a reader looks at them all */
    Tensor  *place, *ask;                   /* (T,C): which row it is; (1,C): what the reader asks */
    NnParams params, state;
    Optim   *optim;
    Loader   loader;
    int64_t *clock;                         /* (6): epoch, rows of it done, seed, epochs, batch, heads of keys */
} Net;

static Tensor *parameter(Arena *a, Rng *rng, double sd, int ndim, const int64_t *shape)
{
    Tensor *x = tensor_new(a, DEV_CPU, F32, ndim, shape);
    rng_fill_normal(rng, x, 0, sd);
    x->needs_grad = true;
    return x;
}

static Net net_new(Tape *t, const Dataset *set, const Options *o, uint64_t seed, int keys)
{
    Net n = { .arena = arena_new("net"), .tape = t, .T = set->height, .W = set->width };
    Arena *a = n.arena;
    Rng rng = rng_new(seed), weights = rng_stream(&rng, 1), order = rng_stream(&rng, 2);
    LayerArg arg = { o->heads, keys, C / o->heads };
    n.in = nn_linear(a, &weights, n.W, C), n.up = nn_linear(a, &weights, C, 2 * C);
    n.read = nn_linear(a, &weights, 2 * C, set->classes);
    n.self = layer_new(a, &weights, C, arg), n.cross = layer_new(a, &weights, C, arg);
    n.place = parameter(a, &weights, 0.5, SHAPE(n.T, C)), n.ask = parameter(a, &weights, 1, SHAPE(1, C));
    n.params = nn_params(a), n.state = nn_params(a);
    nn_linear_visit(&n.in, "in", nn_params_add, &n.params);
    nn_linear_visit(&n.up, "up", nn_params_add, &n.params);
    nn_linear_visit(&n.read, "read", nn_params_add, &n.params);
    nn_params_add(&n.params, "self", n.self.w), nn_params_add(&n.params, "cross", n.cross.w);
    nn_params_add(&n.params, "place", n.place), nn_params_add(&n.params, "ask", n.ask);
    n.optim = optim_adamw(a, &n.params, (AdamwArg){ .rate = o->rate, .weight_decay = 0.01 });
    n.loader = loader_new(a, set->x, set->y, 0, set->train, o->batch, true, &order);
    Tensor *clock = tensor_new(a, DEV_CPU, I64, SHAPE(6));
    n.clock = clock->data;
    memcpy(n.clock, (int64_t[]){ 0, 0, (int64_t)seed, o->epochs, o->batch, keys }, 6 * sizeof *n.clock);
    for (int i = 0; i < n.params.n; i++) nn_params_add(&n.state, n.params.item[i].name, n.params.item[i].tensor);
    nn_params_add(&n.state, "clock", clock);
    optim_visit(n.optim, "optim", nn_params_add, &n.state);
    return n;
}

/* x (N,T*W) -> (N,classes). maps, if wanted: what the two layers kept. */
static Tensor *net_read(const Net *n, Tensor *x, Tensor *maps[2])
{
    Tape *t = n->tape;
    int64_t N = x->shape[0];
    Tensor *tokens = op_reshape(t, x, SHAPE(N, n->T, n->W));
    Tensor *h = op_relu(t, op_add(t, nn_linear_forward(t, &n->in, tokens), n->place));
    h = op_add(t, h, layer(t, &n->self, h, h, maps ? &maps[0] : NULL));
    Tensor *nothing = tensor_new(tape_arena(t), DEV_CPU, F32, SHAPE(N, 1, C));
    memset(nothing->data, 0, tensor_bytes(nothing));
    Tensor *found = layer(t, &n->cross, op_add(t, nothing, n->ask), h, maps ? &maps[1] : NULL);
    Tensor *wide = op_relu(t, nn_linear_forward(t, &n->up, op_reshape(t, found, SHAPE(N, C))));
    return nn_linear_forward(t, &n->read, wide);
}

static void train(Program *p, Net *n, const Options *o, Plot *plot)
{
    int64_t a_round = loader_batches(&n->loader), all = a_round * o->epochs, count = 0;
    double sum = 0;
    for (Tensor *x, *y; n->loader.epoch < o->epochs && !p->stopped;) {
        int64_t done = n->loader.epoch * a_round + n->loader.at / o->batch;
        if (!loader_next(&n->loader, n->tape, &x, &y)) {
            if (plot && count) plot_point(plot, "images it learns from", (double)n->loader.epoch, sum / (double)count);
            sum = 0, count = 0;
            continue;
        }
        Tensor *loss = op_cross_entropy(n->tape, net_read(n, x, NULL), y);
        tape_backward(n->tape, loss);
        sum += *(float *)loss->data, count++;
        optim_set_rate(n->optim, o->rate * (1 - (double)done / (double)all));
        optim_step(n->optim, n->tape);
        tape_reset(n->tape);
        program_progress(p, done + 1, all, "batches");
    }
}

static double accuracy(const Net *n, const Dataset *set)
{
    enum { AT_ONCE = 500 };
    int64_t right = 0, to = set->x->shape[0];
    bool was = tape_record(n->tape, false);
    for (int64_t at = set->train; at < to; at += AT_ONCE) {
        int64_t end = at + AT_ONCE < to ? at + AT_ONCE : to;
        Tensor *x = op_slice(n->tape, set->x, 0, at, end), *y = op_slice(n->tape, set->y, 0, at, end);
        right += nn_correct(n->tape, net_read(n, x, NULL), y);
        tape_reset(n->tape);
    }
    tape_record(n->tape, was);
    return (double)right / (double)(to - set->train);
}

/* The layer without head h: smaller weights, in an arena of the caller's. */
static Layer without(Arena *a, const Layer *m, int h)
{
    LayerArg less = { m->arg.H - 1, m->arg.H - 1, m->arg.D };
    MultiHeadSize was = { .C = C, .H = m->arg.H, .HK = m->arg.H, .D = less.D }, is = was;
    Layer out = { tensor_new(a, DEV_CPU, F32, SHAPE(weights_count(C, &less))), less };
    is.H = is.HK = less.H;
    MultiHeadWeights from = weights_of(m->w->data, &was), to = weights_of(out.w->data, &is);
    multi_head_attention_prune(&to, &from, h, C, m->arg.H, less.D);
    return out;
}

/* One head at a time is taken out of the trained net. Returns the smallest loss of accuracy. */
static double prune_part(Program *p, const Net *n, const Dataset *set, double whole)
{
    Plot *bars = program_plot(p, "pruned", (PlotArg){ .title = "One head less", .kind = PLOT_BARS, .x = "head",
        .y = "accuracy on unseen images",
        .caption = "Nothing is trained again. The line is the whole net: some heads are hardly missed." });
    Arena *a = arena_new("pruned");
    double least = 1;
    for (int side = 0; side < 2; side++) {
        static const char *const name[] = { "rows look at rows", "the reader looks at rows" };
        printf("  one head less where %-25s", name[side]);
        for (int h = 0; h < n->self.arg.H; h++) {
            Net less = *n;
            char label[16];
            *(side ? &less.cross : &less.self) = without(a, side ? &n->cross : &n->self, h);
            double got = accuracy(&less, set);
            least = fmin(least, whole - got);
            snprintf(label, sizeof label, "%d", h);
            plot_bar(bars, label, name[side], got);
            printf("  %.4f", got);
        }
        printf("\n");
    }
    plot_line(bars, -INFINITY, whole, INFINITY, whole, "all heads");
    program_try(p, plot_done(bars));
    arena_free(a);
    return least;
}

/* Where each head of the first layer looks, on average, side by side; and the reader's heads, a line each. */
static void maps_part(Program *p, const Net *n, const Dataset *set)
{
    enum { IMAGES = 300 };
    bool was = tape_record(n->tape, false);
    Tensor *maps[2];
    net_read(n, op_slice(n->tape, set->x, 0, set->train, set->train + IMAGES), maps);
    int T = n->T, H = n->self.arg.H;
    MultiHeadSize self = { IMAGES, T, T, C, H, n->self.arg.HK, n->self.arg.D }, reader = self;
    reader.T = 1;
    const float *rows = kept_of(maps[0]->data, &self).p, *looks = kept_of(maps[1]->data, &reader).p;
    Plot *map = program_plot(p, "maps", (PlotArg){ .title = "Where rows of pixels look: one head beside the other",
        .x = "head, and row that is looked at", .y = "row that looks", .kind = PLOT_IMAGE,
        .caption = "Mean weights over 300 unseen images. Each line of each head sums to 1." });
    Plot *read = program_plot(p, "reader", (PlotArg){ .title = "Where the reader's heads look",
        .x = "row of the image", .y = "head", .kind = PLOT_IMAGE,
        .caption = "Mean weights over 300 unseen images. Each line sums to 1." });
    for (int h = 0; h < H; h++)
        for (int a = 0; a < T * T; a++) {
            double sum = 0, look = 0;
            for (int i = 0; i < IMAGES; i++)
                sum += rows[((int64_t)i * H + h) * T * T + a], look += looks[((int64_t)i * H + h) * T + a % T];
            plot_cell(map, a / T, h * (T + 1) + a % T, sum / IMAGES);
            if (a < T) plot_cell(read, h, a, look / IMAGES);
        }
    for (int h = 0; h < H * (T + 1) - 1; h++) {
        char name[16] = "";
        if (h % (T + 1) < T && (T <= 8 || h % (T + 1) % 8 == 0)) snprintf(name, sizeof name, "%d", h % (T + 1));
        plot_name(map, 'x', h, name);
    }
    program_try(p, plot_done(map));
    program_try(p, plot_done(read));
    tape_reset(n->tape);
    tape_record(n->tape, was);
}

static void resume(Program *p, Net *n)
{
    int64_t now[6];
    if (!p->resume) return;
    memcpy(now, n->clock, sizeof now);
    program_try(p, checkpoint_load(n->arena, p->resume, &n->state, NULL));
    if (memcmp(now + 2, n->clock + 2, 4 * sizeof *now))
        program_try(p, sentence("%s was saved with --seed=%lld --epochs=%lld --batch=%lld --keys=%lld: give the same",
                                p->resume, (long long)n->clock[2], (long long)n->clock[3], (long long)n->clock[4],
                                (long long)n->clock[5]));
    if (n->clock[0] < 0 || n->clock[1] < 0) program_try(p, sentence("%s: its clock is before the start", p->resume));
    n->loader.epoch = n->clock[0], n->loader.at = n->clock[1];
}

static void save(Program *p, Net *n)
{
    if (!p->save) return;
    n->clock[0] = n->loader.epoch, n->clock[1] = n->loader.at;
    program_try(p, checkpoint_save(p->save, &n->state, "heads over rows"));
}

/* One run: its accuracy on unseen images. The first one is drawn, and loses heads. */
static double one_seed(Program *p, Tape *t, const Options *o, const Dataset *set, int index, int keys, double *missed)
{
    bool shown = index == 0 && keys == o->keys;
    Net n = net_new(t, set, o, p->seed + (uint64_t)index, keys);
    if (shown) resume(p, &n);
    Plot *plot = !shown || n.loader.epoch >= o->epochs ? NULL : program_plot(p, "loss", (PlotArg){
        .title = "heads over rows of pixels", .x = "epoch", .y = "mean loss", .kind = PLOT_LINES, .log_y = true,
        .caption = "Mean loss of each epoch, of the first run." });
    train(p, &n, o, plot);
    if (shown) save(p, &n);
    if (plot) program_try(p, plot_done(plot));
    double result = accuracy(&n, set);
    if (shown && !p->stopped) {
        printf("  the first run: %.4f with all heads\n", result);
        if (keys == o->heads && o->heads > 1) *missed = prune_part(p, &n, set, result);
        maps_part(p, &n, set);
    }
    arena_free(n.arena);
    return result;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median accuracy of all seeds; then the same with fewer heads of keys. */
static double digits_part(Program *p, Tape *t, const Options *o, const Dataset *set, double *missed)
{
    double result[MAX_SEEDS] = { 0 }, median = 0;
    int    runs = p->save || p->resume ? 1 : o->seeds;          /* a checkpoint holds one net */
    printf("\n%s: %lld images to learn from, %lld unseen; a token is a row of %d pixels, %d heads of %d\n", set->from,
           (long long)set->train, (long long)(set->x->shape[0] - set->train), set->width, o->heads, C / o->heads);
    for (int keys = o->keys; keys >= 1 && !p->stopped; keys = keys > 1 && !p->quick && !p->full && runs > 1 ? 1 : 0) {
        int done = 0;
        for (; done < runs && !p->stopped; done++) result[done] = one_seed(p, t, o, set, done, keys, missed);
        qsort(result, (size_t)done, sizeof *result, by_size);
        printf("  %d head%s of keys: %.4f of the unseen images read right, median of %d run%s\n", keys,
               keys > 1 ? "s" : "", result[done / 2], done, done > 1 ? "s" : "");
        if (keys == o->keys) median = result[done / 2];
    }
    return median;
}

static void check_options(Program *p, const Options *o)
{
    if (o->epochs < 1 || o->batch < 1 || o->steps < 1)
        program_try(p, sentence("--epochs=%d --batch=%d --steps=%d: at least 1 each", o->epochs, o->batch, o->steps));
    if (o->seeds < 1 || o->seeds > MAX_SEEDS) program_try(p, sentence("--seeds=%d: from 1 to %d", o->seeds, MAX_SEEDS));
    if (o->heads < 1 || C % o->heads || o->keys < 1 || o->heads % o->keys)
        program_try(p, sentence("--heads=%d --keys=%d: heads divides %d, keys divides heads", o->heads, o->keys, C));
    if (strcmp(o->data, "digits") && strcmp(o->data, "mnist"))
        program_try(p, sentence("--data=%s: digits or mnist is expected", o->data));
}

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "multi_head_attention",
        "Shows what heads are for; then layers of heads learn to read digits and lose one head at a time.", flags, &o);
    check_options(p, &o);
    Arena *a = arena_new("data");
    Tape *t = tape_new("step");
    program_tape(p, t);
    Dataset set;
    program_try(p, data_load(a, o.data, F32, &set));
    double cost[MULTI_HEAD_COSTS], share[WAYS], missed = NAN;
    counts_part(cost);
    double word = words_part(p), apart = same_part(p), less = cache_part(p);
    look_up_part(p, &o, share);
    double read = digits_part(p, t, &o, &set, &missed);
    printf("\n");
    if (!p->stopped) {
        program_promise(p, "projections over those of slices", cost[MULTI_HEAD_PROJECTIONS] / cost[MULTI_HEAD_SLICED],
                        ">=", 8);
        program_promise(p, "set by hand: weight of its translation", word, ">=", 0.799);
        program_promise(p, "these functions and the library's, largest difference", apart, "<=", 2e-5);
        program_promise(p, "cache of 8 heads of keys over that of 1", less, ">=", 7);
        program_promise(p, "look-ups right, 2 heads", share[0], ">=", p->quick ? 0.9 : 0.98);
        program_promise(p, "look-ups right, 1 head as wide", share[1], "<=", 0.8);
        program_promise(p, "look-ups right, heads that see a slice", share[2], "<=", 0.4);
        program_promise(p, "look-ups right, self-attention", share[3], "<=", 0.3);
        double bound = !strcmp(o.data, "mnist") ? 0.92 : p->quick ? 0.8 : 0.93;
        program_promise(p, "accuracy on unseen images", read, ">=", bound);
        if (!isnan(missed)) program_promise(p, "accuracy lost with the head that is missed least", missed, "<=", 0.1);
    }
    tape_free(t);
    arena_free(a);
    return program_end(p);
}
