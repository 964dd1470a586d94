/* main.c -- boosted trees on tumours, diabetes, houses, incomes: how fast to learn, when to stop, what is missing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "gradient_boosting.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int rounds, bins; } Options;

static const Flag flags[] = {
    { "rounds", FLAG_INT, offsetof(Options, rounds), "400", "100", "1000", "trees at most, of tumours and diabetes" },
    { "bins", FLAG_INT, offsetof(Options, bins), "64", NULL, "255", "of each column" },
    { 0 },
};

/* ---- Samples, and rounds ----------------------------------------------------------------------------------------- */

typedef struct Set {
    double        *X, *y;               /* (D,N), (N) */
    unsigned char *code;                /* (D,N), of what is learnt from */
    double        *edge;                /* (D,B-1) */
    int            D, N, B, kind;
} Set;

static void *space(Arena *a, int64_t bytes) { return arena_alloc(a, DEV_CPU, (size_t)(bytes ? bytes : 1), "boosting"); }

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void put_in_bins(Arena *a, Set *s, int B)
{
    double *sorted = space(a, (int64_t)s->N * 8);
    s->B = B, s->code = space(a, (int64_t)s->D * s->N), s->edge = space(a, (int64_t)s->D * (B - 1) * 8);
    for (int64_t d = 0; d < s->D; d++) {
        int M = 0;
        for (int i = 0; i < s->N; i++)
            if (!isnan(s->X[d * s->N + i])) sorted[M++] = s->X[d * s->N + i];
        qsort(sorted, (size_t)M, sizeof *sorted, ascending);
        gradient_boosting_bins(s->code + d * s->N, s->edge + d * (B - 1), s->X + d * s->N, sorted, B, M, s->N);
    }
}

static Set rows(Arena *a, const Dataset *d, int64_t from, int64_t to)
{
    Set s = { .D = (int)d->x->shape[1], .N = (int)(to - from), .kind = GRADIENT_BOOSTING_SQUARED };
    if (d->classes) s.kind = GRADIENT_BOOSTING_LOGISTIC;
    s.X = space(a, (int64_t)s.D * s.N * 8), s.y = space(a, (int64_t)s.N * 8);
    for (int i = 0; i < s.N; i++) {
        for (int64_t k = 0; k < s.D; k++) s.X[k * s.N + i] = ((double *)d->x->data)[(from + i) * s.D + k];
        s.y[i] = d->classes ? ((int32_t *)d->y->data)[from + i] : ((double *)d->y->data)[from + i];
    }
    return s;
}

static void load(Program *program, Arena *a, const char *name, int B, Set *seen, Set *unseen)
{
    Dataset d;
    program_try(program, data_load(a, name, F64, &d));
    *seen = rows(a, &d, 0, d.train), *unseen = rows(a, &d, d.train, d.x->shape[0]);
    put_in_bins(a, seen, B);
}

typedef struct Run {
    GradientBoostingArg arg;
    int                 rounds;
    double              row_share, column_share;        /* drawn for each tree */
    double              base;                           /* what is foretold before the first tree */
} Run;

/* Loss after each round, (rounds) each. */
static void boost(Program *program, const Set *s, const Set *t, const Run *run, double *seen, double *unseen)
{
    Arena  *a = arena_new("rounds");
    Rng     rng = rng_new(program->seed);
    double *f = space(a, (int64_t)s->N * 8), *F = space(a, (int64_t)t->N * 8), *g = space(a, (int64_t)s->N * 8),
           *h = space(a, (int64_t)s->N * 8), *hist = space(a, (int64_t)s->D * (s->B + 1) * 16);
    int    *sample = space(a, (int64_t)s->N * 4), *spare = space(a, (int64_t)s->N * 4);
    char   *use = space(a, s->D);
    GradientBoostingNode *node = space(a, ((int64_t)2 << run->arg.max_depth) * (int64_t)sizeof *node);
    for (int i = 0; i < s->N; i++) f[i] = run->base;
    for (int i = 0; i < t->N; i++) F[i] = run->base;
    for (int r = 0; r < run->rounds && !program->stopped; r++) {
        int n = 0, used = 0;
        for (int i = 0; i < s->N; i++)
            if (run->row_share >= 1 || rng_uniform(&rng) < run->row_share) sample[n++] = i;
        for (int d = 0; d < s->D; d++) used += use[d] = run->column_share >= 1 || rng_uniform(&rng) < run->column_share;
        if (n == 0) sample[n++] = 0;
        if (used == 0) use[0] = 1;
        gradient_boosting_gradients(g, h, f, s->y, s->kind, s->N);
        gradient_boosting_grow(node, sample, hist, spare, s->code, s->edge, g, h, use, &run->arg, n, s->B, s->D, s->N);
        gradient_boosting_add(f, node, s->X, s->N);
        gradient_boosting_add(F, node, t->X, t->N);
        seen[r] = gradient_boosting_loss(f, s->y, s->kind, s->N);
        unseen[r] = gradient_boosting_loss(F, t->y, t->kind, t->N);
    }
    arena_free(a);
}

static double mean(const Set *s)
{
    double sum = 0;
    for (int i = 0; i < s->N; i++) sum += s->y[i] / s->N;
    return sum;
}

static double variance(const Set *s)
{
    double m = mean(s), sum = 0;
    for (int i = 0; i < s->N; i++) sum += (s->y[i] - m) * (s->y[i] - m) / s->N;
    return sum;
}

/* ---- By pencil --------------------------------------------------------------------------------------------------- */

static void six(void)
{
    double        X[] = { 1, 2, 3, 4, 5, 6 }, y[] = { 0, 0, 1, 0, 1, 1 }, f[6] = { 0 }, g[6], h[6], edge[5], hist[14];
    int           sample[] = { 0, 1, 2, 3, 4, 5 }, spare[6];
    unsigned char code[6];
    char          use[] = { 1 };
    GradientBoostingArg  arg = { 1, 1, 0, 0.1, 1 };
    GradientBoostingNode node[3];
    gradient_boosting_bins(code, edge, X, X, 6, 6, 6);
    gradient_boosting_gradients(g, h, f, y, GRADIENT_BOOSTING_LOGISTIC, 6);
    int nodes = gradient_boosting_grow(node, sample, hist, spare, code, edge, g, h, use, &arg, 6, 6, 1, 6);
    printf("1 .. 6 are 0 0 1 0 1 1: x <= %g gains %.4f, leaves %.4f and %.4f;", node[0].threshold, node[0].gain,
           nodes > 1 ? node[1].value : 0, nodes > 1 ? node[2].value : 0);
    printf(" loss %.4f,", gradient_boosting_loss(f, y, GRADIENT_BOOSTING_LOGISTIC, 6));
    gradient_boosting_add(f, node, X, 6);
    printf(" then %.4f\n\n", gradient_boosting_loss(f, y, GRADIENT_BOOSTING_LOGISTIC, 6));
}

/* ---- How fast, how long, of what --------------------------------------------------------------------------------- */

enum { RATES = 4, PATIENCE = 50 };

typedef struct Figures { double rise, slow, fast, whole, missing, filled, r2, half; } Figures;

/* The largest rise of the loss from a round to the next. */
static double largest_rise(const double *loss, int rounds)
{
    double most = -INFINITY;
    for (int r = 1; r < rounds; r++) most = fmax(most, loss[r] - loss[r - 1]);
    return rounds > 1 ? most : 0;
}

static void rates(Program *program, const Options *o, Figures *figures)
{
    static const double rate[RATES] = { 1, 0.3, 0.1, 0.03 };
    Arena *a = arena_new("rates");
    Set    s, t;
    double *seen = space(a, o->rounds * 8), *unseen = space(a, o->rounds * 8);
    Plot *plot = program_plot(program, "rates",
                              (PlotArg){ .title = "diabetes: how well the unseen are foretold, by rate",
                                         .kind = PLOT_LINES,
                                         .x = "trees",
                                         .y = "share of the variance explained",
                                         .log_x = true,
                                         .caption = "Large steps are soon at their best, and then learn by heart. "
                                                    "Small ones need more trees, end higher and fall later." });
    load(program, a, "diabetes", o->bins, &s, &t);
    printf("diabetes, %d seen, %d unseen, depth 3: R^2\n%8s %12s %12s %8s %12s\n", s.N, t.N, "rate", "seen, last",
           "unseen, last", "best at", "unseen there");
    for (int k = 0; k < RATES; k++) {
        Run run = { { rate[k], 1, 0, 1, 3 }, o->rounds, 1, 1, mean(&s) };
        int best, last = o->rounds - 1;
        double scale = 2 / variance(&t);
        boost(program, &s, &t, &run, seen, unseen);
        gradient_boosting_stop(&best, unseen, o->rounds, o->rounds);
        for (int r = 0; r < o->rounds; r = r < 20 ? r + 1 : r * 21 / 20)
            plot_point(plot, sentence("rate %g", rate[k]), r + 1, 1 - scale * unseen[r]);
        printf("%8g %12.4f %12.4f %8d %12.4f\n", rate[k], 1 - 2 * seen[last] / variance(&s), 1 - scale * unseen[last],
               best, 1 - scale * unseen[best - 1]);
        figures->rise = fmax(figures->rise, largest_rise(seen, o->rounds) / variance(&s));
        if (k == 0) figures->fast = 1 - scale * unseen[last];
        if (rate[k] != 0.1) continue;
        int run_to = gradient_boosting_stop(&best, unseen, PATIENCE, o->rounds);
        figures->slow = 1 - scale * unseen[best - 1];
        printf("%8s patience %d: stopped after %d trees, %d kept\n", "", PATIENCE, run_to, best);
    }
    printf("\n");
    program_try(program, plot_done(plot));
    arena_free(a);
}

/* Numbers are lost, large ones far more often: left out, or replaced by the mean of what is left of their column. */
static void missing(Program *program, const Options *o, Figures *figures)
{
    Arena  *a = arena_new("missing");
    Set     s, t;
    Rng     rng = rng_new(program->seed + 1);
    double *seen = space(a, o->rounds * 8), *unseen = space(a, o->rounds * 8), lost = 0;
    Run     run = { { 0.1, 1, 0, 0.1, 3 }, o->rounds, 1, 1, 0 };
    int     best;
    load(program, a, "breast_cancer", o->bins, &s, &t);
    for (int way = 0; way < 3; way++) {
        for (int64_t d = 0; d < s.D && way; d++) {
            double m = 0, n = 0;
            for (int i = 0; i < s.N; i++)
                if (!isnan(s.X[d * s.N + i])) m += s.X[d * s.N + i], n++;
            m /= n;
            for (int k = 0; k < 2; k++) {
                Set *one = k ? &t : &s;
                for (int i = 0; i < one->N; i++) {
                    double *x = &one->X[d * one->N + i];
                    if (way == 2 && isnan(*x)) *x = m;
                    else if (way == 1 && rng_uniform(&rng) < (*x > m ? 0.8 : 0.1)) *x = NAN, lost++;
                }
            }
        }
        put_in_bins(a, &s, o->bins);
        boost(program, &s, &t, &run, seen, unseen);
        gradient_boosting_stop(&best, unseen, o->rounds, o->rounds);
        *(way == 0 ? &figures->whole : way == 1 ? &figures->missing : &figures->filled) = unseen[best - 1];
    }
    printf("breast cancer, %d seen, %d unseen, depth 3, rate 0.1: log loss %.4f; with %.0f %% of the numbers lost, "
           "large ones\nmost: %.4f, and %.4f with means in their place\n\n",
           s.N, t.N, figures->whole, 100 * lost / s.D / (s.N + t.N), figures->missing, figures->filled);
    arena_free(a);
}

static void diabetes(Program *program, const Options *o, Figures *figures)
{
    Arena  *a = arena_new("diabetes");
    Set     s, t;
    double *seen = space(a, o->rounds * 8), *unseen = space(a, o->rounds * 8);
    int     best;
    load(program, a, "diabetes", o->bins, &s, &t);
    printf("diabetes, rate 0.05, depth 2, R^2 of the unseen at best:");
    for (int half = 0; half < 2; half++) {
        Run run = { { 0.05, 1, 0, 5, 2 }, o->rounds, half ? 0.5 : 1, half ? 0.5 : 1, mean(&s) };
        boost(program, &s, &t, &run, seen, unseen);
        gradient_boosting_stop(&best, unseen, o->rounds, o->rounds);
        double r2 = 1 - 2 * unseen[best - 1] / variance(&t);
        printf(" %.4f after %d trees%s", r2, best, half ? ",\n  of half the rows and columns each\n\n" : ";");
        *(half ? &figures->half : &figures->r2) = r2;
    }
    arena_free(a);
}

/* ---- Known figures ----------------------------------------------------------------------------------------------- */

/* Dollars off, the root of the mean square; exact splits, depth 3, rate 0.1, no lambda: computed once elsewhere. */
static void california(Program *program)
{
    static const int    after[] = { 1, 10, 50, 100 };
    static const double known[] = { 109519.2, 79871.6, 61482.0, 55543.1 };
    Arena *a = arena_new("california");
    Set    s, t;
    double seen[300], unseen[300], off = 0;
    load(program, a, "california", 255, &s, &t);
    double scale = mean(&s) > 1000 ? 1 : 1e5;
    Run    run = { { 0.1, 0, 0, 1, 3 }, 100, 1, 1, mean(&s) };
    boost(program, &s, &t, &run, seen, unseen);
    printf("california, %d seen, %d unseen, depth 3: dollars off, and those of exact splits\n ", s.N, t.N);
    for (int k = 0; k < 4; k++) {
        double rmse = sqrt(2 * unseen[after[k] - 1]) * scale;
        printf(" %d trees %.0f (%.0f)", after[k], rmse, known[k]);
        off = fmax(off, fabs(rmse / known[k] - 1));
    }
    printf("\n");
    program_promise(program, "california: off the known figures by", off, "<=", 0.01);
    if (program->full) {
        run.arg.max_depth = 6, run.arg.lambda = 1, run.rounds = 300, run.arg.rate = 0.1;
        boost(program, &s, &t, &run, seen, unseen);
        program_promise(program, "california: dollars off after 300 trees of depth 6", sqrt(2 * unseen[299]) * scale,
                        "<=", 48500);
    }
    printf("\n");
    arena_free(a);
}

/* XGBoost 1.7.4, exact, lambda 1, min_child_weight 1, base_score 0.5: log loss, seen and unseen. */
static void a9a(Program *program)
{
    static const struct { int depth, rounds; double rate, seen, unseen; bool full; } known[] = {
        { 2, 2, 1, 0.3962559, 0.3918508, false }, { 3, 2, 1, 0.3782626, 0.3740515, false },
        { 6, 10, 0.3, 0.3295363, 0.3364172, false }, { 6, 200, 0.1, 0.2853460, 0.3227169, true } };
    Arena *a = arena_new("a9a");
    Set    s, t;
    double seen[200], unseen[200], off = 0;
    load(program, a, "a9a", 16, &s, &t);
    printf("a9a, %d seen, %d unseen: log loss, and XGBoost's\n", s.N, t.N);
    for (int k = 0; k < 4 && !program->stopped; k++) {
        if (known[k].full && !program->full) continue;
        Run run = { { known[k].rate, 1, 0, 1, known[k].depth }, known[k].rounds, 1, 1, 0 };
        boost(program, &s, &t, &run, seen, unseen);
        double got = seen[run.rounds - 1], got_unseen = unseen[run.rounds - 1];
        printf("  %3d trees of depth %d, rate %g: seen %.7f (%.7f), unseen %.7f (%.7f)\n", run.rounds,
               run.arg.max_depth, run.arg.rate, got, known[k].seen, got_unseen, known[k].unseen);
        off = fmax(off, fmax(fabs(got / known[k].seen - 1), fabs(got_unseen / known[k].unseen - 1)));
    }
    program_promise(program, "a9a: off XGBoost's log loss by", off, "<=", 0.01);
    printf("\n");
    arena_free(a);
}

int main(int argc, char **argv)
{
    Options  o;
    Figures  f = { 0 };
    Program *program = program_start(argc, argv, "gradient_boosting", "many small trees, each for what is still wrong",
                                     flags, &o);
    if (o.rounds < 2 || o.rounds > 100000 || o.bins < 2 || o.bins > 255)
        program_try(program, "--rounds is 2 to 100000, --bins 2 to 255");
    six();
    rates(program, &o, &f);
    missing(program, &o, &f);
    diabetes(program, &o, &f);
    if (!program->quick) {
        if (data_here("california")) california(program);
        else printf("california is not here: make data\n\n");
        if (data_here("a9a")) a9a(program);
        else printf("a9a is not here: make data\n\n");
    }
    program_promise(program, "largest rise of the seen loss from tree to tree", f.rise, "<=", 1e-12);
    program_promise(program, "diabetes, unseen: R^2 at rate 0.1, stopped in time", f.slow, ">=", 0.35);
    program_promise(program, "diabetes, unseen: R^2 at rate 1, to the end", f.fast, "<=", 0.1);
    program_promise(program, "diabetes, unseen: R^2 from halves", f.half, ">=", 0.35);
    program_promise(program, "breast cancer, unseen: log loss", f.whole, "<=", 0.12);
    program_promise(program, "breast cancer, unseen: log loss with numbers missing", f.missing, "<=", 0.25);
    return program_end(program);
}
