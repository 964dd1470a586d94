/* main.c -- trees on flowers, wines, tumours and diabetes: drawn, checked, pruned, grown again from other samples. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "decision_tree.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int resamples, folds; } Options;

static const Flag flags[] = {
    { "resamples", FLAG_INT, offsetof(Options, resamples), "100", "20", "1000", "trees grown from samples drawn anew" },
    { "folds", FLAG_INT, offsetof(Options, folds), "10", "5", "20", "parts, each unseen once" },
    { 0 },
};

/* ---- Sets of samples, and trees ---------------------------------------------------------------------------------- */

typedef struct Set { double *X, *target; int *label, D, N, K; char (*feature)[32]; } Set;   /* target: for numbers */

typedef struct Tree { DecisionTreeNode *node; double *value; int nodes, K; } Tree;

static void *space(Arena *a, int64_t bytes) { return arena_alloc(a, DEV_CPU, (size_t)(bytes ? bytes : 1), "trees"); }

static Set room(Arena *a, const Set *like, int N)
{
    Set s = *like;
    s.N = N, s.X = space(a, (int64_t)s.D * N * 8);
    if (s.K) s.label = space(a, (int64_t)N * 4);
    else s.target = space(a, (int64_t)N * 8);
    return s;
}

static void copy_row(Set *to, int i, const Set *from, int row)
{
    for (int d = 0; d < to->D; d++) to->X[(int64_t)d * to->N + i] = from->X[(int64_t)d * from->N + row];
    if (to->K) to->label[i] = from->label[row];
    else to->target[i] = from->target[row];
}

static Set load(Program *program, Arena *a, const char *name)
{
    Dataset d;
    program_try(program, data_load(a, name, F64, &d));
    Set s = { .D = (int)d.x->shape[1], .K = d.classes, .feature = d.feature };
    s = room(a, &s, (int)d.x->shape[0]);
    for (int i = 0; i < s.N; i++) {
        for (int k = 0; k < s.D; k++) s.X[(int64_t)k * s.N + i] = ((double *)d.x->data)[(int64_t)i * s.D + k];
        if (s.K) s.label[i] = ((int32_t *)d.y->data)[i];
        else s.target[i] = ((double *)d.y->data)[i];
    }
    return s;
}

static Tree grow_kind(Arena *a, const Set *s, int kind, int max_depth, int min_leaf)
{
    DecisionTreeTask task = { s->K ? kind : DECISION_TREE_VARIANCE, s->K ? s->K : 1, s->label, s->target, max_depth,
                              min_leaf };
    int64_t N = s->N, K = task.K;
    Arena  *work = arena_new("work");
    Tree    t = { space(work, 2 * N * (int64_t)sizeof *t.node), space(work, 2 * N * K * 8), 0, (int)K };
    t.nodes = decision_tree_grow(t.node, t.value, space(work, N * s->D * 4), space(work, N * 4), space(work, 2 * K * 4),
                                 s->X, &task, s->D, s->N);
    Tree kept = { space(a, t.nodes * (int64_t)sizeof *t.node), space(a, t.nodes * K * 8), t.nodes, (int)K };
    memcpy(kept.node, t.node, (size_t)t.nodes * sizeof *t.node);
    memcpy(kept.value, t.value, (size_t)(t.nodes * K) * 8);
    arena_free(work);
    return kept;
}

static Tree grow(Arena *a, const Set *s, int max_depth) { return grow_kind(a, s, DECISION_TREE_GINI, max_depth, 1); }

static int class_of(const Tree *t, int leaf)
{
    int best = 0;
    for (int k = 1; k < t->K; k++)
        if (t->value[leaf * t->K + k] > t->value[leaf * t->K + best]) best = k;
    return best;
}

/* Of classes: how many are right. Of numbers: the sum of squares that are off. */
static double judge(const Tree *t, const Set *s)
{
    Arena *a = arena_new("leaves");
    int   *leaf = space(a, (int64_t)s->N * 4);
    double sum = 0;
    decision_tree_leaf(leaf, t->node, s->X, s->N);
    for (int i = 0; i < s->N; i++)
        sum += s->K ? class_of(t, leaf[i]) == s->label[i] : pow(s->target[i] - t->value[leaf[i]], 2);
    arena_free(a);
    return sum;
}

static int leaves(const Tree *t)
{
    int n = 0, *todo = calloc((size_t)t->nodes, sizeof *todo);
    if (!todo) abort();
    for (int at = 0, many = 1; at < many; at++) {
        const DecisionTreeNode *here = &t->node[todo[at]];
        if (here->column < 0) n++;
        else todo[many++] = here->left, todo[many++] = here->left + 1;
    }
    free(todo);
    return n;
}

static int depth(const Tree *t)
{
    int most = 0;
    for (int at = 0; at < t->nodes; at++) most = t->node[at].depth > most ? t->node[at].depth : most;
    return most;
}

/* ---- Small ones: by pencil, one or the other, flowers and wines -------------------------------------------------- */

static void six(void)
{
    double X[] = { 1, 2, 3, 4, 5, 6 };
    int    label[] = { 0, 0, 1, 0, 1, 1 };
    Arena *a = arena_new("six");
    Set    s = { X, NULL, label, 1, 6, 2, NULL };
    Tree   t = grow(a, &s, 100);
    printf("1 .. 6 are A A B A B B:");
    for (int at = 0; at < t.nodes; at++)
        if (t.node[at].column >= 0) printf(" x <= %g gains %.4g;", t.node[at].threshold, t.node[at].gain);
    printf(" pruned at");
    for (double alpha; (alpha = decision_tree_prune(t.node, space(a, 56), space(a, 28), t.nodes)) >= 0;)
        printf(" %.4g", alpha);
    double Y[] = { 0, 0, 1, 1, 0, 1, 0, 1 };
    int    either[] = { 0, 1, 1, 0 };
    Set    x = { Y, NULL, either, 2, 4, 2, NULL };
    Tree   u = grow(a, &x, 100);
    printf("\none or the other: the first question gains %.4g, and %d leaves settle it\n\n", u.node[0].gain,
           leaves(&u));
    arena_free(a);
}

static void draw_text(const Tree *t, const Set *s, const char *const *class, int at, int indent, const char *answer)
{
    const DecisionTreeNode *n = &t->node[at];
    char                    line[128], *end = line;
    end += snprintf(line, sizeof line, "%*s%s", 2 * indent, "", answer);
    if (n->column >= 0) snprintf(end, 80, "%s <= %g?", s->feature[n->column], n->threshold);
    else snprintf(end, 80, "%s", class[class_of(t, at)]);
    printf("  %-48s", line);
    for (int k = 0; k < t->K; k++) printf(" %3.0f", t->value[at * t->K + k] * (n->last - n->first));
    printf("\n");
    if (n->column < 0) return;
    draw_text(t, s, class, n->left, indent + 1, "yes: ");
    draw_text(t, s, class, n->left + 1, indent + 1, "no:  ");
}

/* Leaves, depth and how many are right at every depth, as computed once in exact arithmetic. */
static int flowers_and_wines(Program *program)
{
    static const struct { const char *name; int leaves, right[5]; } known[] = {
        { "iris", 9, { 100, 144, 146, 149, 150 } }, { "wine", 12, { 124, 164, 174, 176, 178 } } };
    static const char *const kinds[] = { "setosa", "versicolor", "virginica" };
    int differ = 0;
    for (int k = 0; k < 2; k++) {
        Arena *a = arena_new(known[k].name);
        Set    s = load(program, a, known[k].name);
        Tree   t = grow(a, &s, 100);
        if (k == 0) draw_text(&t, &s, kinds, 0, 0, "");
        printf("%s: %d leaves, depth %d; right of %d by depth:", known[k].name, leaves(&t), depth(&t), s.N);
        differ += leaves(&t) != known[k].leaves || depth(&t) != 5;
        for (int d = 0; d < 5; d++) {
            Tree   u = grow(a, &s, d + 1);
            double right = judge(&u, &s);
            printf(" %g", right);
            differ += right != known[k].right[d];
        }
        printf("\n");
        arena_free(a);
    }
    printf("\n");
    return differ;
}

/* The questions about a box of the plane, as lines across it. */
static void draw_box(Plot *plot, const Tree *t, int at, const double *box)                  /* x from, to, y from, to */
{
    const DecisionTreeNode *n = &t->node[at];
    double                  in[4];
    char                    label[40];
    if (n->column < 0) return;
    snprintf(label, sizeof label, "%s <= %g", n->column ? "width" : "length", n->threshold);
    if (n->column == 0) plot_line(plot, n->threshold, box[2], n->threshold, box[3], label);
    else plot_line(plot, box[0], n->threshold, box[1], n->threshold, label);
    for (int side = 0; side < 2; side++) {
        memcpy(in, box, sizeof in);
        in[2 * n->column + !side] = n->threshold;
        draw_box(plot, t, n->left + side, in);
    }
}

static const char *draw_regions(Program *program)
{
    static const char *const kinds[] = { "setosa", "versicolor", "virginica" };
    Arena *a = arena_new("regions");
    Set    all = load(program, a, "iris"), s = all;
    s.D = 2, s.X = all.X + (int64_t)2 * all.N;           /* length and width of the petals */
    Tree  t = grow(a, &s, 3);
    Plot *plot = program_plot(program, "regions",
                              (PlotArg){ .title = "iris by its petals: three questions deep",
                                         .kind = PLOT_POINTS,
                                         .x = "length of the petals, cm",
                                         .y = "width, cm",
                                         .caption = "Every question is a straight cut along an axis, across the box "
                                                    "that the questions before have left." });
    for (int k = 0; k < s.K; k++)
        for (int i = 0; i < s.N; i++)
            if (s.label[i] == k) plot_point(plot, kinds[k], s.X[i], s.X[s.N + i]);
    draw_box(plot, &t, 0, (double[]){ -INFINITY, INFINITY, -INFINITY, INFINITY });
    arena_free(a);
    return plot_done(plot);
}

/* ---- Pruning: how much tree is right, judged by what is unseen --------------------------------------------------- */

static void part(Arena *a, const Set *s, int fold, int folds, Set *seen, Set *unseen)
{
    int out = 0;
    for (int i = 0; i < s->N; i++) out += i % folds == fold;
    *unseen = room(a, s, out), *seen = room(a, s, s->N - out);
    for (int i = 0, in = 0, rest = 0; i < s->N; i++)
        if (i % folds == fold) copy_row(unseen, rest++, s, i);
        else copy_row(seen, in++, s, i);
}

enum { PRICES = 60 };

typedef struct Pruned { double seen[PRICES], unseen[PRICES], leaves[PRICES]; } Pruned;

/* At prices 1, 1/2^(1/4), .. times the root's impurity: sums over the folds, leaves a mean. The last price is 0. */
static Pruned prune_folds(const Set *s, int min_leaf, int folds)
{
    Pruned p = { { 0 }, { 0 }, { 0 } };
    for (int f = 0; f < folds; f++) {
        Arena *a = arena_new("fold");
        Set    seen, unseen;
        part(a, s, f, folds, &seen, &unseen);
        Tree    t = grow_kind(a, &seen, DECISION_TREE_GINI, 1000, min_leaf);
        int64_t bytes = t.nodes * (int64_t)sizeof *t.node;
        double *risk = space(a, t.nodes * 8), root = t.node[0].impurity;
        int    *below = space(a, t.nodes * 4);
        DecisionTreeNode *ahead = space(a, bytes);
        for (int i = PRICES - 1; i >= 0; i--) {         /* the more leaves cost, the fewer there are */
            double price = i == PRICES - 1 ? 0 : root * pow(2, -i / 4.0);
            for (;;) {
                memcpy(ahead, t.node, (size_t)bytes);
                double alpha = decision_tree_prune(ahead, risk, below, t.nodes);
                if (alpha < 0 || alpha > price || i == PRICES - 1) break;
                memcpy(t.node, ahead, (size_t)bytes);
            }
            p.seen[i] += judge(&t, &seen), p.unseen[i] += judge(&t, &unseen), p.leaves[i] += leaves(&t);
        }
        arena_free(a);
    }
    for (int i = 0; i < PRICES; i++) p.leaves[i] /= folds;
    return p;
}

static double spread(const Set *s)
{
    double mean = 0, sum = 0;
    for (int i = 0; i < s->N; i++) mean += s->target[i] / s->N;
    for (int i = 0; i < s->N; i++) sum += pow(s->target[i] - mean, 2);
    return sum;
}

static void prune_set(Program *program, const char *name, int min_leaf, int folds, double *full, double *best)
{
    Arena *a = arena_new(name);
    Set    s = load(program, a, name);
    Pruned p = prune_folds(&s, min_leaf, folds);
    double all = s.K ? s.N : spread(&s);
    int    at = 0;
    Plot  *plot = NULL;
    if (!s.K && s.N < 1000)
        plot = program_plot(program, "pruning",
                            (PlotArg){ .title = "diabetes: a tree pruned step by step",
                                       .kind = PLOT_LINES,
                                       .x = "leaves (mean of the folds)",
                                       .y = "share of the variance explained",
                                       .log_x = true,
                                       .caption = "To the right the tree knows its samples by heart, and foretells "
                                                  "unseen ones worse than their mean does. The best one has few "
                                                  "leaves." });
    for (int i = 0; i < PRICES; i++) {
        double seen = p.seen[i] / (folds - 1) / all, unseen = p.unseen[i] / all;
        if (s.K ? p.unseen[i] > p.unseen[at] : p.unseen[i] < p.unseen[at]) at = i;
        if (!plot) continue;
        plot_point(plot, "seen", p.leaves[i], 1 - seen);
        plot_point(plot, "unseen", p.leaves[i], 1 - unseen);
    }
    if (plot) plot_line(plot, -INFINITY, 0, INFINITY, 0, "the mean");
    *full = p.unseen[PRICES - 1] / all, *best = p.unseen[at] / all;
    if (!s.K) *full = 1 - *full, *best = 1 - *best;
    printf("%-14s %s of %d unseen, in %d parts: %.4f with all %.1f leaves, %.4f with %.1f\n", name,
           s.K ? "right" : "R^2", s.N, folds, *full, p.leaves[PRICES - 1], *best, p.leaves[at]);
    if (plot) program_try(program, plot_done(plot));
    arena_free(a);
}

/* ---- Bins instead of numbers ------------------------------------------------------------------------------------- */

/* The best first question by B bins, over all columns, beside the best of all. Returns the gain that 16 bins keep. */
static double bins(Program *program)
{
    Arena  *a = arena_new("bins");
    Set     s = load(program, a, "breast_cancer");
    Tree    t = grow(a, &s, 1);
    double  exact = t.node[0].gain, kept = 0, edge[255];
    int    *order = space(a, (int64_t)s.N * 4), *place = space(a, (int64_t)s.N * 4), count[512], side[4];
    unsigned char   *code = space(a, s.N);
    DecisionTreeTask task = { DECISION_TREE_GINI, s.K, s.label, NULL, 1, 1 };
    Plot *plot = program_plot(program, "bins",
                              (PlotArg){ .title = "breast cancer: the first question, from bins instead of numbers",
                                         .kind = PLOT_LINESPOINTS,
                                         .x = "bins a column",
                                         .y = "share of the gain that is found",
                                         .log_x = true,
                                         .caption = "A threshold a little beside the best one is nearly as good, so "
                                                    "few bins lose little: boosting libraries build on that." });
    printf("bins, and the share of the best gain (%.4f) that they find:\n ", exact);
    for (int B = 2; B <= 256; B *= 2) {
        double best = 0;
        for (int d = 0; d < s.D; d++) {
            const double *x = s.X + (int64_t)d * s.N;
            for (int i = 0; i < s.N; i++) {             /* order by counting who is smaller */
                place[i] = 0;
                for (int j = 0; j < s.N; j++) place[i] += x[j] < x[i] || (x[j] == x[i] && j < i);
                order[place[i]] = i;
            }
            int bin, made = decision_tree_bins(code, edge, x, order, B, s.N);
            best = fmax(best, decision_tree_histogram(&bin, count, side, code, order, &task, made, s.N));
        }
        printf(" %d %.4f", B, best / exact);
        plot_point(plot, "of the best gain", B, best / exact);
        if (B == 16) kept = best / exact;
    }
    printf("\n\n");
    program_try(program, plot_done(plot));
    arena_free(a);
    return kept;
}

/* ---- How much a tree hangs on its samples ------------------------------------------------------------------------ */

/* As many samples drawn with replacement; who was not drawn judges. Returns how often two trees disagree about one. */
static double resample(Program *program, int trees)
{
    Arena *a = arena_new("resampled");
    Set    s = load(program, a, "breast_cancer");
    Rng    rng = rng_new(program->seed);
    int   *malignant = space(a, (int64_t)s.N * 4), *times = space(a, (int64_t)s.N * 4);
    int   *leaf = space(a, (int64_t)s.N * 4);
    int    roots = 0, first[64] = { 0 };
    double right = 0, asked = 0, differ = 0;
    memset(malignant, 0, (size_t)s.N * 4), memset(times, 0, (size_t)s.N * 4);
    for (int k = 0; k < trees && !program->stopped; k++) {
        Arena *b = arena_new("tree");
        Set    drawn = room(b, &s, s.N);
        bool  *in = space(b, s.N);
        memset(in, 0, (size_t)s.N);
        for (int i = 0; i < s.N; i++) {
            int row = (int)rng_below(&rng, s.N);
            copy_row(&drawn, i, &s, row);
            in[row] = true;
        }
        Tree t = grow(b, &drawn, 1000);
        roots += first[t.node[0].column]++ == 0;
        decision_tree_leaf(leaf, t.node, s.X, s.N);
        for (int i = 0; i < s.N; i++) {
            if (in[i]) continue;
            int class = class_of(&t, leaf[i]);
            right += class == s.label[i], asked++, times[i]++, malignant[i] += class == 0;
        }
        arena_free(b);
    }
    double pairs = 0;
    for (int i = 0; i < s.N; i++) {                     /* pairs of trees that both had not seen i */
        differ += (double)malignant[i] * (times[i] - malignant[i]);
        pairs += times[i] * (times[i] - 1.0) / 2;
    }
    differ = pairs > 0 ? differ / pairs : 0;
    printf("breast cancer, %d trees from samples drawn anew: %d different first columns; %.4f right of what each had "
           "not drawn;\ntwo of them disagree about %.2f %% of what both had not drawn\n\n",
           trees, roots, right / asked, 100 * differ);
    arena_free(a);
    return differ;
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program = program_start(argc, argv, "decision_tree", "questions with two answers: grown, drawn, pruned",
                                     flags, &o);
    if (o.resamples < 2 || o.resamples > 100000 || o.folds < 2 || o.folds > 100)
        program_try(program, "--resamples is 2 to 100000, --folds 2 to 100");
    double full, best, full_r2, best_r2;
    six();
    int wrong = flowers_and_wines(program);
    program_try(program, draw_regions(program));
    prune_set(program, "breast_cancer", 1, o.folds, &full, &best);
    prune_set(program, "diabetes", 1, o.folds, &full_r2, &best_r2);
    if (data_here("california")) {
        double all, pruned;
        prune_set(program, "california", 5, program->quick ? 2 : 5, &all, &pruned);
        program_promise(program, "california, unseen: R^2 of the pruned tree", pruned,
                        ">=", program->quick ? 0.65 : 0.7);
    } else printf("california is not here: make data\n");
    printf("\n");
    double kept = bins(program), differ = resample(program, o.resamples);
    program_promise(program, "iris and wine: numbers that differ from the known ones", wrong, "<=", 0);
    program_promise(program, "breast cancer, unseen: right by the pruned tree", best, ">=", 0.92);
    program_promise(program, "diabetes, unseen: R^2 of the whole tree", full_r2, "<=", 0.1);
    program_promise(program, "diabetes, unseen: R^2 of the pruned tree", best_r2, ">=", 0.25);
    program_promise(program, "share of the gain that 16 bins keep", kept, ">=", 0.95);
    program_promise(program, "share of samples that two trees disagree about", differ, ">=", 0.03);
    return program_end(program);
}
