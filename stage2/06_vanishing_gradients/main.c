/* main.c -- stacks that shrink, blow up or overflow, each with its diagnosis; one that does not learn, and what each
 * remedy alone makes of it. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "program.h"
#include "rng.h"
#include "vanishing_gradients.h"

typedef struct Options { int depth, epochs, seeds, draws; } Options;

static const Flag flags[] = {
    { "depth", FLAG_INT, offsetof(Options, depth), "20", NULL, NULL, "layers of the nets that are trained" },
    { "epochs", FLAG_INT, offsetof(Options, epochs), "10", "2", "30", "times that every digit is seen" },
    { "seeds", FLAG_INT, offsetof(Options, seeds), "1", NULL, "3", "nets of each kind; the median counts" },
    { "draws", FLAG_INT, offsetof(Options, draws), "20", "5", "100", "stacks of each kind, driven to overflow" },
    { 0 }
};

enum { D = 32, ROWS = 64 };     /* width; rows of what is only measured */

static float *numbers(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(float), "numbers"); }

static void normal(Rng *rng, float *v, int n, double sd)
{
    for (int i = 0; i < n; i++) v[i] = (float)(sd * rng_normal(rng));
}

static double rms(const float *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)v[i] * v[i];
    return sqrt(sum / n);
}

/* ---- A stack: its weights, and what a step leaves in it ---------------------------------------------------------- */

typedef struct Net {
    int    L, N;                        /* N: rows at most */
    Layer  layer;
    float *W, *dW;                      /* (L,D,D) */
    float *h, *u, *z, *dh;              /* (L+1,N,D), (L,N,D), (L,N,D), (L+1,N,D) */
    double *forward, *backward, *slope, *dead;
} Net;

static Net net_new(Arena *a, int L, int N, Layer layer)
{
    double *seen = arena_alloc(a, DEV_CPU, (size_t)(4 * L + 4) * sizeof(double), "signs");
    int     one = N * D;
    return (Net){ L, N, layer, numbers(a, (int64_t)L * D * D), numbers(a, (int64_t)L * D * D),
                  numbers(a, (int64_t)(L + 1) * one), numbers(a, (int64_t)L * one), numbers(a, (int64_t)L * one),
                  numbers(a, (int64_t)(L + 1) * one), seen, seen + L + 1, seen + 2 * L + 2, seen + 3 * L + 3 };
}

static void forward(Net *net, int N)
{
    float room[2 * D];
    for (int l = 0; l < net->L; l++)
        vanishing_gradients_layer(net->h + (l + 1) * N * D, net->u + l * N * D, net->z + l * N * D, room,
                                  net->h + l * N * D, net->W + l * D * D, N, D, &net->layer);
}

static void backward(Net *net, int N)
{
    float room[3 * D];
    memset(net->dW, 0, (size_t)net->L * D * D * sizeof(float));
    for (int l = net->L; l-- > 0;)
        vanishing_gradients_layer_backward(net->dh + l * N * D, net->dW + l * D * D, room, net->dh + (l + 1) * N * D,
                                           net->h + l * N * D, net->u + l * N * D, net->z + l * N * D,
                                           net->W + l * D * D, N, D, &net->layer);
}

/* Random rows go up, a random gradient of size 1 comes down. */
static void run(Net *net, Rng *rng)
{
    normal(rng, net->h, ROWS * D, 1);
    normal(rng, net->dh + net->L * ROWS * D, ROWS * D, 1);
    forward(net, ROWS);
    backward(net, ROWS);
}

static Signs signs_of(Net *net, int N)
{
    float *y = malloc(2 * (size_t)N * D * sizeof *y), *slope = y + N * D;
    for (int l = 0; l <= net->L; l++) {
        net->forward[l] = rms(net->h + l * N * D, N * D), net->backward[l] = rms(net->dh + l * N * D, N * D);
        if (l == net->L) break;
        vanishing_gradients_activate(y, slope, net->z + l * N * D, N * D, net->layer.f);
        net->slope[l] = rms(slope, N * D), net->dead[l] = 0;
        for (int i = 0; i < D; i++) {
            bool alive = false;
            for (int n = 0; n < N; n++) alive |= slope[n * D + i] != 0;
            net->dead[l] += alive ? 0 : 1.0 / D;
        }
    }
    free(y);
    return (Signs){ net->L, net->layer.f, net->forward, net->backward, net->slope, net->dead };
}

/* ---- Eight stacks, and what ails them ---------------------------------------------------------------------------- */

/* Weights: normal with deviation sd / sqrt(D), or even between low and high. */
static const struct Case {
    const char *name;
    Activation  f;
    double      sd, low, high;
    int         want;
} CASES[] = {
    { "sigmoid, sd 1/sqrt(D)", SIGMOID, 1, 0, 0, VANISHING | FLAT },
    { "tanh, sd 1/sqrt(D)", TANH, 1, 0, 0, 0 },
    { "tanh, sd 0.3/sqrt(D)", TANH, 0.3, 0, 0, VANISHING | WEIGHTS },
    { "tanh, from 0 to 0.2", TANH, 0, 0, 0.2, VANISHING | SATURATED },
    { "ReLU, sd 1/sqrt(D)", RELU, 1, 0, 0, VANISHING | WEIGHTS },
    { "ReLU, sd sqrt(2/D): He", RELU, 1.41421356, 0, 0, 0 },
    { "ReLU, sd 3/sqrt(D)", RELU, 3, 0, 0, EXPLODING | WEIGHTS },
    { "ReLU, from -1 to 0", RELU, 0, -1, 0, VANISHING | SATURATED | DEAD },
};
enum { N_CASES = sizeof CASES / sizeof *CASES, DEEP = 30 };

static void weigh(Net *net, Rng *rng, const struct Case *c)
{
    if (c->sd > 0) normal(rng, net->W, net->L * D * D, c->sd / sqrt(D));
    else for (int i = 0; i < net->L * D * D; i++) net->W[i] = (float)(c->low + (c->high - c->low) * rng_uniform(rng));
}

static void say(int bits, const char *const *name, int n)
{
    for (int i = 0, more = 0; i < n; i++)
        if (bits & 1 << i) printf("%s%s", more++ ? ", " : "", name[i]);
    printf(bits ? "\n" : "nothing\n");
}

typedef struct Found { int right; double slack; } Found;     /* log of the bound over what came, at the least */

static const char *stacks(Program *program, Rng *rng, Found *got)
{
    static const char *const found[] = { "BROKEN", "VANISHING", "EXPLODING", "FLAT", "SATURATED", "WEIGHTS", "DEAD" };
    static const char *const todo[] = { "REINITIALIZE", "OTHER_ACTIVATION", "NORMALIZE", "SKIP", "CLIP", "SLOWER" };
    Plot *plot = program_plot(program, "stacks",
                              (PlotArg){ .title = "the gradient on its way down",
                                         .kind = PLOT_LINES, .log_y = true,
                                         .x = "layer", .y = "gradient, root mean square",
                                         .caption = "It enters at layer 30 with size 1. A straight line: each layer "
                                                    "multiplies it by the same number." });
    *got = (Found){ .slack = INFINITY };
    printf("stacks of %d layers, %d wide; a gradient of size 1 comes in at the top\n", DEEP, D);
    printf("%-24s %8s %10s %9s %9s %9s\n", "", "forward", "backward", "a layer", "slope", "weights");
    for (int i = 0; i < N_CASES; i++) {
        Arena *a = arena_new("stack");
        Net    net = net_new(a, DEEP, ROWS, (Layer){ CASES[i].f, false, false, 1 });
        double spectral[DEEP], v[D], room[D], most = 0, t = 0;
        weigh(&net, rng, &CASES[i]);
        run(&net, rng);
        Signs  s = signs_of(&net, ROWS);
        double g = 1 / vanishing_gradients_factor(s.backward, DEEP);
        for (int l = 0; l < DEEP; l++) {
            for (int k = 0; k < D; k++) v[k] = rng_normal(rng);
            spectral[l] = vanishing_gradients_spectral_norm(v, room, net.W + l * D * D, D, 100);
            t += log(s.slope[l]) / DEEP;
        }
        double bound = vanishing_gradients_bound(spectral, DEEP, &net.layer);
        for (int n = 0; n < ROWS; n++)
            most = fmax(most, rms(net.dh + n * D, D) / rms(net.dh + (DEEP * ROWS + n) * D, D));
        if (most > 0) got->slack = fmin(got->slack, bound - log(most));
        int diagnosis = vanishing_gradients_diagnose(&s);
        printf("%-24s %8.2g %10.2g %9.3g %9.3g %9.3g   ", CASES[i].name, s.forward[DEEP], s.backward[0], g, exp(t),
               g / exp(t));
        say(diagnosis, found, 7);
        printf("%-24s at most %.2g; do: ", "", exp(bound));
        say(vanishing_gradients_remedy(diagnosis), todo, 6);
        for (int l = 0; l <= DEEP; l++)
            if (s.backward[l] > 1e-30) plot_point(plot, CASES[i].name, l, s.backward[l]);
        got->right += diagnosis == CASES[i].want;
        arena_free(a);
    }
    printf("\n");
    return plot_done(plot);
}

/* ---- Where float ends -------------------------------------------------------------------------------------------- */

/* The first layer whose outputs are no numbers any more, or are all 0; negative for the latter. */
static int first_broken(Rng *rng, Activation f, double sd, int most)
{
    static const Layer plain[] = { { LINEAR, false, false, 1 }, { .f = RELU, .branch = 1 } };
    float *all = malloc((size_t)(4 * ROWS * D + D * D + 2 * D) * sizeof *all), *h = all, *out = h + ROWS * D,
          *u = out + ROWS * D, *z = u + ROWS * D, *W = z + ROWS * D, *room = W + D * D;
    int    found = 0;
    normal(rng, h, ROWS * D, 1);
    for (int l = 1; l <= most && !found; l++) {
        normal(rng, W, D * D, sd);
        vanishing_gradients_layer(out, u, z, room, h, W, ROWS, D, &plain[f == RELU]);
        double size = rms(out, ROWS * D);
        if (!isfinite(size)) found = l;
        else if (size < FLT_TRUE_MIN) found = -l;
        memcpy(h, out, ROWS * D * sizeof *h);
    }
    free(all);
    return found;
}

/* Returns by what part of the layers the prediction was off, at most, beside the median of the draws. */
static double overflow(Rng *rng, int draws)
{
    static const double factor[] = { 100, 10, 4, 2, 0.25, 0.01 };      /* a layer, of the root mean square */
    enum { MOST = 200 };
    double worst = 0;
    int   *at = malloc((size_t)draws * sizeof *at);
    printf("where float ends: each layer multiplies the root mean square by a factor; median of %d stacks\n"
           "%24s %22s %22s\n", draws, "factor", "ReLU", "no activation");
    for (size_t i = 0; i < sizeof factor / sizeof *factor; i++) {
        printf("%24g", factor[i]);
        for (int k = 0; k < 2; k++) {
            Activation f = k ? LINEAR : RELU;
            double     sd = factor[i] * sqrt((k ? 1.0 : 2.0) / D);
            int        said = vanishing_gradients_overflow(1, sd, D, MOST, f), below = 0, median = 0;
            for (int r = 0; r < draws; r++) at[r] = first_broken(rng, f, sd, MOST);
            for (int r = 0; r < draws; r++) {           /* the middle one */
                below = 0;
                for (int q = 0; q < draws; q++) below += at[q] < at[r] || (at[q] == at[r] && q < r);
                if (below == draws / 2) median = at[r];
            }
            printf("   layer %4d, said %4d", abs(median), abs(said));
            worst = fmax(worst, fabs((double)median / said - 1));
        }
        printf("%s\n", factor[i] > 1 ? "   too large" : "   0");
    }
    printf("\n");
    free(at);
    return worst;
}

/* ---- Skips, over depth ------------------------------------------------------------------------------------------- */

enum { PLAIN, WITH_SKIP, NORMED, SCALED, SCALED_TANH, KINDS, DEPTHS = 7 };

static const char *depths(Program *program, Rng *rng, double at[KINDS])
{
    static const char *const name[] = { "plain", "skip", "skip and norm", "skip, branch / sqrt(L)",
                                        "the same, tanh" };
    enum { REPEATS = 8 };
    Plot *plot = program_plot(program, "depths",
                              (PlotArg){ .title = "what a skip does to the gradient",
                                         .kind = PLOT_LINESPOINTS,
                                         .log_x = true,
                                         .log_y = true,
                                         .x = "layers",
                                         .y = "gradient at the bottom over that at the top",
                                         .caption = "ReLU with He's weights. A skip alone makes it grow by a factor a "
                                                    "layer; a norm, or a small branch, tames it." });
    printf("gradient at the bottom over that at the top; ReLU with He's weights; means of %d\n", REPEATS);
    printf("%-24s", "layers");
    for (int d = 0; d < DEPTHS; d++) printf(" %9d", 2 << d);
    for (int k = 0; k < KINDS; k++) {
        printf("\n%-24s", name[k]);
        for (int d = 0; d < DEPTHS; d++) {
            int    L = 2 << d;
            Layer  layer = { k == SCALED_TANH ? TANH : RELU, k == NORMED, k != PLAIN, 1 };
            double sum = 0;
            if (k >= SCALED) layer.branch = (float)(1 / sqrt(L));
            for (int r = 0; r < REPEATS; r++) {
                Arena *a = arena_new("stack");
                Net    net = net_new(a, L, ROWS, layer);
                normal(rng, net.W, L * D * D, sqrt((layer.f == TANH ? 1.0 : 2.0) / D));
                run(&net, rng);
                sum += log(rms(net.dh, ROWS * D) / rms(net.dh + L * ROWS * D, ROWS * D)) / REPEATS;
                arena_free(a);
            }
            at[k] = exp(sum);
            printf(" %9.3g", at[k]);
            plot_point(plot, name[k], L, at[k]);
        }
    }
    printf("\n\n");
    return plot_done(plot);
}

/* ---- A net that does not learn, and one remedy at a time --------------------------------------------------------- */

static const struct Remedy {
    const char *name;
    Layer       layer;
    double      sd, rate[2];            /* of the weights, times 1/sqrt(D); two rates, of which the better counts */
    bool        clip, adam;
} REMEDIES[] = {
    { "nothing", { SIGMOID, false, false, 1 }, 1, { 0.05, 0.2 }, false, false },
    { "clipping to norm 1", { SIGMOID, false, false, 1 }, 1, { 0.05, 0.2 }, true, false },
    { "Adam", { SIGMOID, false, false, 1 }, 1, { 0.001, 0.01 }, false, true },
    { "weights four times as large", { SIGMOID, false, false, 1 }, 4, { 0.05, 0.2 }, false, false },
    { "ReLU", { RELU, false, false, 1 }, 1, { 0.05, 0.2 }, false, false },
    { "ReLU and He's weights", { RELU, false, false, 1 }, 1.41421356, { 0.05, 0.2 }, false, false },
    { "tanh", { TANH, false, false, 1 }, 1, { 0.05, 0.2 }, false, false },
    { "layer norm", { SIGMOID, true, false, 1 }, 1, { 0.05, 0.2 }, false, false },
    { "skip", { SIGMOID, false, true, 1 }, 1, { 0.05, 0.2 }, false, false },
    { "skip and layer norm", { SIGMOID, true, true, 1 }, 1, { 0.05, 0.2 }, false, false },
};
enum { N_REMEDIES = sizeof REMEDIES / sizeof *REMEDIES, CLASSES = 10, BATCH = 32, PIXELS = 64 };

typedef struct Head { float W[CLASSES * D], b[CLASSES], dW[CLASSES * D], db[CLASSES]; } Head;

/* Softmax on the head's scores: the gradient of what left the stack, and of the head. Returns how many are right. */
static int head_step(Head *head, const float *h, float *dh, const int *target, int N)
{
    int right = 0;
    memset(head->dW, 0, sizeof head->dW), memset(head->db, 0, sizeof head->db);
    for (int n = 0; n < N; n++) {
        double score[CLASSES], sum = 0, most = -INFINITY;
        int    best = 0;
        for (int c = 0; c < CLASSES; c++) {
            score[c] = head->b[c];
            for (int i = 0; i < D; i++) score[c] += head->W[c * D + i] * h[n * D + i];
            if (score[c] > most) most = score[c], best = c;
        }
        right += best == target[n];
        for (int c = 0; c < CLASSES; c++) sum += exp(score[c] - most);
        for (int i = 0; dh && i < D; i++) dh[n * D + i] = 0;
        for (int c = 0; dh && c < CLASSES; c++) {
            float ds = (float)((exp(score[c] - most) / sum - (c == target[n])) / N);
            head->db[c] += ds;
            for (int i = 0; i < D; i++) {
                head->dW[c * D + i] += ds * h[n * D + i];
                dh[n * D + i] += ds * head->W[c * D + i];
            }
        }
    }
    return right;
}

typedef struct Moments { float *m, *v; int t; } Moments;

static void update(float *w, const float *dw, int n, double rate, Moments *adam)
{
    for (int i = 0; i < n && !adam->m; i++) w[i] -= (float)(rate * dw[i]);
    if (!adam->m) return;
    double c1 = 1 - pow(0.9, ++adam->t), c2 = 1 - pow(0.999, adam->t);
    for (int i = 0; i < n; i++) {
        adam->m[i] += 0.1f * (dw[i] - adam->m[i]), adam->v[i] += 0.001f * (dw[i] * dw[i] - adam->v[i]);
        w[i] -= (float)(rate * (adam->m[i] / c1) / (sqrt(adam->v[i] / c2) + 1e-8));
    }
}

/* Digits as (N,D): a fixed random rotation of the pixels, its first D coordinates, each of mean 0 and deviation 1. */
static float *digits_of(Arena *a, Rng *rng, const Dataset *d)
{
    int    N = (int)d->x->shape[0];
    float *x = numbers(a, (int64_t)N * D), *mix = numbers(a, PIXELS * D);
    normal(rng, mix, PIXELS * D, 1 / sqrt(PIXELS));
    for (int k = 0; k < D; k++) {
        double mean = 0, square = 0;
        for (int n = 0; n < N; n++) {
            double sum = 0;
            for (int p = 0; p < PIXELS; p++) sum += ((const float *)d->x->data)[n * PIXELS + p] * mix[k * PIXELS + p];
            x[n * D + k] = (float)sum, mean += sum / N;
        }
        for (int n = 0; n < N; n++) square += pow(x[n * D + k] - mean, 2) / N;
        for (int n = 0; n < N; n++) x[n * D + k] = (float)((x[n * D + k] - mean) / sqrt(square));
    }
    return x;
}

/* Rows to learn from come first. */
typedef struct Digits { const float *x; const int *y; int learn, N; } Digits;
typedef struct Trained { double accuracy, ratio; } Trained;     /* ratio: |dh_0| / |dh_L| of the first step */

typedef struct Learner {
    Net     net;
    Head    head;
    Moments adam, adam_W, adam_b;
    int     P;                          /* weights in the stack */
} Learner;

static Moments moments(Arena *a, int n, bool wanted)
{
    Moments m = { NULL, NULL, 0 };
    if (!wanted) return m;
    m.m = numbers(a, n), m.v = numbers(a, n);
    memset(m.m, 0, (size_t)n * sizeof(float)), memset(m.v, 0, (size_t)n * sizeof(float));
    return m;
}

static void learn_batch(Learner *l, const struct Remedy *r, const Digits *d, const int *rows, double rate)
{
    Net   *net = &l->net;
    float *top = net->h + net->L * BATCH * D, *dtop = net->dh + net->L * BATCH * D;
    int    target[BATCH];
    double norm = 0;
    for (int n = 0; n < BATCH; n++) {
        memcpy(net->h + n * D, d->x + rows[n] * D, D * sizeof(float));
        target[n] = d->y[rows[n]];
    }
    forward(net, BATCH);
    head_step(&l->head, top, dtop, target, BATCH);
    backward(net, BATCH);
    for (int i = 0; i < l->P; i++) norm += (double)net->dW[i] * net->dW[i];
    for (int i = 0; i < CLASSES * D; i++) norm += l->head.dW[i] * l->head.dW[i];
    if (r->clip && norm > 1) rate /= sqrt(norm);
    update(net->W, net->dW, l->P, rate, &l->adam);
    update(l->head.W, l->head.dW, CLASSES * D, rate, &l->adam_W);
    update(l->head.b, l->head.db, CLASSES, rate, &l->adam_b);
}

static Trained train(const struct Remedy *r, const Options *o, const Digits *d, Rng rng, double rate)
{
    Arena  *a = arena_new("net");
    int     unseen = d->N - d->learn, *order = arena_alloc(a, DEV_CPU, (size_t)d->learn * sizeof(int), "order");
    int     P = o->depth * D * D;
    Learner l = { net_new(a, o->depth, unseen > BATCH ? unseen : BATCH, r->layer), { .b = { 0 } },
                  moments(a, P, r->adam), moments(a, CLASSES * D, r->adam), moments(a, CLASSES, r->adam), P };
    Trained t = { 0 };
    normal(&rng, l.net.W, P, r->sd / sqrt(D));
    normal(&rng, l.head.W, CLASSES * D, 1 / sqrt(D));
    for (int n = 0; n < d->learn; n++) order[n] = n;
    for (int e = 0; e < o->epochs; e++) {
        rng_shuffle(&rng, order, d->learn);
        for (int s = 0; s < d->learn / BATCH; s++) {
            learn_batch(&l, r, d, order + s * BATCH, rate);
            if (e + s == 0) t.ratio = rms(l.net.dh, BATCH * D) / rms(l.net.dh + o->depth * BATCH * D, BATCH * D);
        }
    }
    memcpy(l.net.h, d->x + d->learn * D, (size_t)unseen * D * sizeof(float));
    forward(&l.net, unseen);
    t.accuracy = (double)head_step(&l.head, l.net.h + o->depth * unseen * D, NULL, d->y + d->learn, unseen) / unseen;
    arena_free(a);
    return t;
}

static int by_value(const void *p, const void *q)
{
    double x = *(const double *)p, y = *(const double *)q;
    return (x > y) - (x < y);
}

/* The median over the seeds, each at the better of its two rates. Two nets at a time. */
static void remedies(const Options *o, const Digits *d, const Rng *rng, double accuracy[N_REMEDIES], double *ratio)
{
    int      each = o->seeds * 2;
    Trained *t = malloc((size_t)(N_REMEDIES * each) * sizeof *t);
    double  *best = malloc((size_t)o->seeds * sizeof *best);
    #pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < N_REMEDIES * each; i++) {
        const struct Remedy *r = &REMEDIES[i / each];
        t[i] = train(r, o, d, rng_stream(rng, (uint64_t)(i % each / 2)), r->rate[i % 2]);
    }
    printf("%d digits, %d layers of sigmoid, %d epochs; one remedy or a pair of them, at the better of two rates\n",
           d->learn, o->depth, o->epochs);
    printf("%-30s %18s %20s\n", "", "right of unseen", "bottom over top");
    for (int i = 0; i < N_REMEDIES; i++) {
        for (int s = 0; s < o->seeds; s++) {
            const Trained *two = t + i * each + 2 * s;
            best[s] = fmax(two[0].accuracy, two[1].accuracy);
        }
        qsort(best, (size_t)o->seeds, sizeof *best, by_value);
        accuracy[i] = best[o->seeds / 2];
        printf("%-30s %17.1f%% %20.1e\n", REMEDIES[i].name, 100 * accuracy[i], t[i * each].ratio);
    }
    *ratio = t[0].ratio;
    printf("of a gradient of 1 at the top, layer 1 of sigmoid gets 10 to the %.1f; skip alone: %.1f %%\n\n",
           log10(*ratio), 100 * accuracy[8]);
    free(t), free(best);
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program = program_start(argc, argv, "vanishing_gradients", "deep stacks that do not learn, and why", flags,
                                     &o);
    Rng      rng = rng_new(program->seed);
    Found    found;
    Dataset  set;
    double   at[KINDS], right[N_REMEDIES], ratio;
    Arena   *a = arena_new("digits");
    if (o.depth < 2 || o.depth > 1000 || o.epochs < 1 || o.seeds < 1 || o.draws < 1)
        program_try(program, "--depth is 2 to 1000, --epochs, --seeds and --draws from 1 on");
    program_try(program, stacks(program, &rng, &found));
    double off = overflow(&rng, o.draws);
    program_try(program, depths(program, &rng, at));
    program_try(program, data_load(a, "digits", F32, &set));
    remedies(&o, &(Digits){ digits_of(a, &rng, &set), set.y->data, (int)set.train, (int)set.x->shape[0] }, &rng, right,
             &ratio);
    arena_free(a);
    program_promise(program, "stacks diagnosed, of 8", found.right, ">=", 8);
    program_promise(program, "bound over gradient, least logarithm", found.slack, ">=", 0);
    program_promise(program, "layer where float ends, off by", off, "<=", 0.1);
    program_promise(program, "skip, 128 layers: growth", at[WITH_SKIP], ">=", 1e10);
    program_promise(program, "skip and norm, 128 layers: growth", at[NORMED], "<=", 100);
    program_promise(program, "branch of mean 0 / sqrt(L), 128 layers: growth", at[SCALED_TANH], "<=", 2.8);
    program_promise(program, "sigmoid: bottom over top", ratio, "<=", pow(0.25, o.depth - 1));
    program_promise(program, "as it is: right of unseen", right[0], "<=", 0.2);
    program_promise(program, "clipped: right of unseen", right[1], "<=", 0.2);
    program_promise(program, "tanh: right of unseen", right[6], ">=", o.epochs < 10 ? 0.4 : 0.7);
    program_promise(program, "layer norm: right of unseen", right[7], ">=", o.epochs < 10 ? 0.4 : 0.8);
    program_promise(program, "skip: right of unseen", right[8], ">=", o.epochs < 10 ? 0.8 : 0.9);
    return program_end(program);
}
