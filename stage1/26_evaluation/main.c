/* main.c -- one model seen through every score; what a score hides, and a test that has seen the answers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "evaluation.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int folds, draws, repeats, steps; } Options;

static const Flag flags[] = {
    { "folds", FLAG_INT, offsetof(Options, folds), "10", NULL, NULL, "of the cross-validation" },
    { "draws", FLAG_INT, offsetof(Options, draws), "2000", "200", "10000", "of the bootstrap" },
    { "repeats", FLAG_INT, offsetof(Options, repeats), "20", "4", "100", "of the test that has seen the answers" },
    { "steps", FLAG_INT, offsetof(Options, steps), "1000", "300", "4000", "of the descent that fits a model" },
    { 0 },
};

static void *space(Arena *a, int64_t bytes) { return arena_alloc(a, DEV_CPU, (size_t)(bytes ? bytes : 1), "rows"); }

static double *numbers(Arena *a, int64_t n) { return space(a, n * (int64_t)sizeof(double)); }

static int *wholes(Arena *a, int64_t n) { return space(a, n * (int64_t)sizeof(int)); }

/* ---- Scores of any rows: what the bootstrap draws ---------------------------------------------------------------- */

typedef struct Scored {
    const double *score;
    const int    *target;
    double       *s;                    /* (N) working memory: the rows drawn */
    int          *t, *order, *room;     /* (N) each */
} Scored;

static Scored scored(Arena *a, const double *score, const int *target, int N)
{
    return (Scored){ score, target, numbers(a, N), wholes(a, N), wholes(a, N), wholes(a, N) };
}

/* The rows drawn, copied to s and t; ranked into order. */
static void draw(const Scored *of, const int *rows, int N)
{
    for (int i = 0; i < N; i++) of->s[i] = of->score[rows[i]], of->t[i] = of->target[rows[i]];
    evaluation_order(of->order, of->room, of->s, NULL, N);
}

static double auc(const int *rows, int N, const void *of)
{
    const Scored *x = of;
    draw(x, rows, N);
    return evaluation_auc(x->order, x->s, x->t, N);
}

static double average_precision(const int *rows, int N, const void *of)
{
    const Scored *x = of;
    draw(x, rows, N);
    return evaluation_average_precision(x->order, x->s, x->t, N);
}

static double log_loss(const int *rows, int N, const void *of)
{
    const Scored *x = of;
    draw(x, rows, N);
    return evaluation_log_loss(x->s, x->t, N);
}

static double calibration(const int *rows, int N, const void *of)
{
    const Scored *x = of;
    double table[30];
    draw(x, rows, N);
    return evaluation_calibration(table, x->s, x->t, N, 10);
}

/* Accuracy, precision, recall and F1 of class 1, called at a half. */
static double called(const int *rows, int N, const void *of, int which)
{
    const Scored *x = of;
    double prf[9], right = 0;
    int    count[4];
    for (int i = 0; i < N; i++) {
        x->t[i] = x->target[rows[i]], x->order[i] = x->score[rows[i]] >= 0.5;
        right += x->t[i] == x->order[i];
    }
    if (which < 0) return right / N;
    evaluation_classes(prf, count, x->t, x->order, N, 2);
    return prf[3 + which];
}

static double accuracy(const int *rows, int N, const void *of) { return called(rows, N, of, -1); }
static double precision(const int *rows, int N, const void *of) { return called(rows, N, of, 0); }
static double recall(const int *rows, int N, const void *of) { return called(rows, N, of, 1); }
static double f1(const int *rows, int N, const void *of) { return called(rows, N, of, 2); }

static const struct { const char *name; Statistic *of; } SCORES[] = {
    { "accuracy", accuracy }, { "precision", precision }, { "recall", recall }, { "F1", f1 }, { "AUC", auc },
    { "average precision", average_precision }, { "log loss", log_loss }, { "calibration error", calibration },
};
enum { N_SCORES = sizeof SCORES / sizeof *SCORES, AUC = 4, LOG_LOSS = 6 };

/* ---- A model: the logistic one, fitted by descent ---------------------------------------------------------------- */

static double chance(double logit) { return 1 / (1 + exp(-logit)); }

/* w (D+1), the intercept last, from the rows whose fold is not out; features are scaled by what those rows say. */
static void fit(double *w, double *mean, double *sd, const double *X, const int *y, const int *fold, int out, int N,
                int D, int steps)
{
    double slope[64], v[64] = { 0 }, rows = 0;
    memset(w, 0, ((size_t)D + 1) * sizeof *w);
    for (int n = 0; n < N; n++) rows += fold[n] != out;
    for (int d = 0; d < D; d++) {
        mean[d] = sd[d] = 0;
        for (int n = 0; n < N; n++)
            if (fold[n] != out) mean[d] += X[n * D + d] / rows;
        for (int n = 0; n < N; n++)
            if (fold[n] != out) sd[d] += pow(X[n * D + d] - mean[d], 2) / rows;
        sd[d] = sqrt(sd[d]);
    }
    for (int step = 0; step < steps; step++) {
        memset(slope, 0, sizeof slope);
        for (int n = 0; n < N; n++) {
            if (fold[n] == out) continue;
            double logit = w[D];
            for (int d = 0; d < D; d++) logit += w[d] * (X[n * D + d] - mean[d]) / sd[d];
            double r = (chance(logit) - y[n]) / rows;
            for (int d = 0; d < D; d++) slope[d] += r * (X[n * D + d] - mean[d]) / sd[d];
            slope[D] += r;
        }
        for (int d = 0; d <= D; d++) {
            v[d] = 0.9 * v[d] - 0.05 * (slope[d] + (d < D ? 1e-3 * w[d] : 0));
            w[d] += v[d];
        }
    }
}

/* logit[n], from the model that has not seen the fold of row n. */
static void cross_validate(double *logit, const double *X, const int *y, const int *fold, int N, int D, int folds,
                           int steps)
{
    double w[64], mean[64], sd[64];
    for (int out = 0; out < folds; out++) {
        fit(w, mean, sd, X, y, fold, out, N, D, steps);
        for (int n = 0; n < N; n++) {
            if (fold[n] != out) continue;
            logit[n] = w[D];
            for (int d = 0; d < D; d++) logit[n] += w[d] * (X[n * D + d] - mean[d]) / sd[d];
        }
    }
}

/* ---- One model, every score -------------------------------------------------------------------------------------- */

static void pencil(void)
{
    static const double score[] = { 0.9, 0.6, 0.6, 0.3, 0.1 }, gain[] = { 1, 0, 2, 3, 0 };
    static const int    spam[] = { 1, 0, 1, 1, 0 };
    int    order[5], ideal[5], room[5];
    double table[6];
    evaluation_order(order, room, score, NULL, 5);
    evaluation_order(ideal, room, gain, NULL, 5);
    printf("five mails: AUC %.4f, average precision %.4f, calibration error by two bins %.4f, NDCG at 3 %.4f\n\n",
           evaluation_auc(order, score, spam, 5), evaluation_average_precision(order, score, spam, 5),
           evaluation_calibration(table, score, spam, 5, 2), evaluation_ndcg(order, ideal, score, gain, 5, 3));
}

typedef struct Cancer { double alone[2], interval[2], value[N_SCORES], sharp[N_SCORES]; } Cancer;

/* The same logits, times so much: the order stays, the probabilities do not. */
static void reliability(Plot *plot, const char *series, const double *p, const int *y, int N)
{
    double table[30];
    evaluation_calibration(table, p, y, N, 10);
    for (int b = 0; b < 10; b++)
        if (table[b * 3 + 2] > 0) plot_point(plot, series, table[b * 3], table[b * 3 + 1]);
}

static Cancer cancer(Program *program, Rng *rng, const Options *o)
{
    Arena  *a = arena_new("cancer");
    Dataset d;
    Cancer  c;
    program_try(program, data_load(a, "breast_cancer", F64, &d));
    int N = (int)d.x->shape[0], D = (int)d.x->shape[1], B = o->draws;
    int *y = wholes(a, N), *shuffled = wholes(a, N), *fold = wholes(a, N), *pick = wholes(a, (int64_t)N * B);
    double *logit = numbers(a, N), *p = numbers(a, N), *sharp = numbers(a, N), *radius = numbers(a, N),
           *value = numbers(a, B);
    const double *X = d.x->data;
    for (int n = 0; n < N; n++) {
        y[n] = ((const int *)d.y->data)[n] == 0, shuffled[n] = n, radius[n] = X[n * D]; /* 1: malignant */
        pick[n] = n;
    }
    Scored alone = scored(a, radius, y, N);
    c.alone[0] = auc(pick, N, &alone), c.alone[1] = average_precision(pick, N, &alone);
    printf("%s: %d cells, %d features; is it malignant? %d-fold cross-validation, 95 %% intervals by %d draws\n",
           d.from, N, D, o->folds, B);
    printf("by the mean radius alone: AUC %.16f, average precision %.16f\n", c.alone[0], c.alone[1]);
    rng_shuffle(rng, shuffled, N);
    evaluation_folds(fold, shuffled, y, N, 2, o->folds);
    cross_validate(logit, X, y, fold, N, D, o->folds, o->steps);
    for (int n = 0; n < N; n++) p[n] = chance(logit[n]), sharp[n] = chance(4 * logit[n]);
    Scored plain = scored(a, p, y, N), loud = scored(a, sharp, y, N);
    printf("%-18s %8s   %-18s %14s\n", "logistic model", "", "interval", "logits times 4");
    for (int s = 0; s < N_SCORES; s++) {
        double interval[2];
        for (int n = 0; n < N; n++) pick[n] = n;
        c.value[s] = SCORES[s].of(pick, N, &plain), c.sharp[s] = SCORES[s].of(pick, N, &loud);
        Rng own = rng_stream(rng, (uint64_t)s);
        for (int64_t i = 0; i < (int64_t)N * B; i++) pick[i] = (int)rng_below(&own, N);
        evaluation_bootstrap(interval, value, pick, SCORES[s].of, &plain, N, B, 0.95);
        printf("%-18s %8.4f   %.4f to %.4f %14.4f\n", SCORES[s].name, c.value[s], interval[0], interval[1],
               c.sharp[s]);
        if (s == AUC) memcpy(c.interval, interval, sizeof interval);
    }
    printf("\n");
    Plot *plot = program_plot(program, "reliability",
                              (PlotArg){ .title = "what a probability is worth",
                                         .kind = PLOT_LINESPOINTS,
                                         .x = "mean of what the model said",
                                         .y = "share that was malignant",
                                         .caption = "A point below the line says too much, above it too little. All "
                                                    "three rank the cells alike." });
    reliability(plot, "logistic model", p, y, N);
    reliability(plot, "logits times 4", sharp, y, N);
    for (int n = 0; n < N; n++) p[n] = chance(logit[n] / 4);
    reliability(plot, "logits by 4", p, y, N);
    plot_line(plot, 0, 0, 1, 1, "as said");
    program_try(program, plot_done(plot));
    arena_free(a);
    return c;
}

/* ---- Rare ones, and users ---------------------------------------------------------------------------------------- */

/* Ones score from a normal one and a half above the zeros': the same model, whatever the share of ones. */
static const char *rare(Program *program, Rng *rng, double area[3], double mean[3])
{
    static const struct { const char *name; int share; } ones[] = { { "50 % ones", 2 }, { "10 % ones", 10 },
                                                                   { "1 % ones", 100 } };
    enum { N = 40000 };
    Arena  *a = arena_new("rare");
    double *score = numbers(a, N);
    int    *target = wholes(a, N), *order = wholes(a, N), *room = wholes(a, N);
    Plot   *plot = program_plot(program, "rare",
                                (PlotArg){ .title = "the same model, rarer and rarer ones",
                                           .kind = PLOT_LINES,
                                           .x = "recall",
                                           .y = "precision",
                                           .caption = "The ROC area is the same for all three. What the user sees, how "
                                                      "many alarms are true, is not." });
    printf("%-12s %8s %18s\n", "", "AUC", "average precision");
    for (int i = 0; i < 3; i++) {
        int above = 0;
        for (int n = 0; n < N; n++) target[n] = n % ones[i].share == 0, score[n] = rng_normal(rng) + 1.5 * target[n];
        evaluation_order(order, room, score, NULL, N);
        area[i] = evaluation_auc(order, score, target, N);
        mean[i] = evaluation_average_precision(order, score, target, N);
        printf("%-12s %8.4f %18.4f\n", ones[i].name, area[i], mean[i]);
        for (int n = 0; n < N; n++) {
            above += target[order[n]];
            if (target[order[n]] && (above % (N / ones[i].share / 100) == 0))
                plot_point(plot, ones[i].name, (double)above * ones[i].share / N, (double)above / (n + 1));
        }
    }
    printf("\n");
    arena_free(a);
    return plot_done(plot);
}

/* Users click at rates of their own. A score that knows the user and nothing of the item; one that knows the item. */
static void users(Rng *rng, double area[2], double grouped[2])
{
    enum { USERS = 400, MOST = 60 };
    Arena  *a = arena_new("users");
    int     first[USERS + 1], n = 0;
    int    *target = wholes(a, USERS * MOST), *rows = wholes(a, USERS * MOST), *order = wholes(a, USERS * MOST),
        *room = wholes(a, USERS * MOST);
    double *score[2] = { numbers(a, USERS * MOST), numbers(a, USERS * MOST) };
    for (int u = 0; u < USERS; u++) {
        double rate = 1.5 * rng_normal(rng);
        first[u] = n;
        for (int i = (int)rng_below(rng, MOST); i >= 0; i--, n++) {
            double item = rng_normal(rng);
            target[n] = rng_uniform(rng) < chance(rate + item - 1);
            rows[n] = n, score[0][n] = rate, score[1][n] = item;
        }
    }
    first[USERS] = n;
    static const char *const name[] = { "knows the user", "knows the item" };
    printf("%-16s %8s %8s   (%d users, %d rows)\n", "score", "AUC", "GAUC", USERS, n);
    for (int s = 0; s < 2; s++) {
        evaluation_order(order, room, score[s], NULL, n);
        area[s] = evaluation_auc(order, score[s], target, n);
        for (int u = 0; u < USERS; u++)
            evaluation_order(order + first[u], room, score[s], rows + first[u], first[u + 1] - first[u]);
        grouped[s] = evaluation_gauc(first, order, score[s], target, USERS);
        printf("%-16s %8.4f %8.4f\n", name[s], area[s], grouped[s]);
    }
    printf("\n");
    arena_free(a);
}

/* ---- A test that has seen the answers ---------------------------------------------------------------------------- */

enum { PATIENTS = 50, CHOSEN = 20, FOLDS = 5, MOST_GENES = 5000 };

/* The CHOSEN columns whose means differ most between the classes, by the rows whose fold is not out. */
static void choose(int *chosen, const double *X, const int *y, const int *fold, int out, int D)
{
    double best[CHOSEN];
    for (int d = 0; d < D; d++) {
        double mean[2] = { 0 }, rows[2] = { 0 };
        for (int n = 0; n < PATIENTS; n++)
            if (fold[n] != out) mean[y[n]] += X[n * MOST_GENES + d], rows[y[n]]++;
        double gap = fabs(mean[1] / rows[1] - mean[0] / rows[0]);
        int    i = d < CHOSEN ? d : CHOSEN;             /* best first: those with less move down, the last one out */
        for (; i > 0 && best[i - 1] < gap; i--)
            if (i < CHOSEN) best[i] = best[i - 1], chosen[i] = chosen[i - 1];
        if (i < CHOSEN) best[i] = gap, chosen[i] = d;
    }
}

/* The nearer of the two means, learnt without the fold that is out; how many rows it calls right. Columns are noise:
 * one half is all that is to be had. early: columns are chosen once, by all rows. */
static double accuracy_on_noise(const double *X, const int *y, const int *fold, int D, bool early)
{
    int chosen[CHOSEN], right = 0;
    if (early) choose(chosen, X, y, fold, -1, D);
    for (int out = 0; out < FOLDS; out++) {
        double mean[2][CHOSEN] = { { 0 } }, rows[2] = { 0 };
        if (!early) choose(chosen, X, y, fold, out, D);
        for (int n = 0; n < PATIENTS; n++) {
            if (fold[n] == out) continue;
            rows[y[n]]++;
            for (int i = 0; i < CHOSEN; i++) mean[y[n]][i] += X[n * MOST_GENES + chosen[i]];
        }
        for (int n = 0; n < PATIENTS; n++) {
            double far[2] = { 0 };
            if (fold[n] != out) continue;
            for (int c = 0; c < 2; c++)
                for (int i = 0; i < CHOSEN; i++) far[c] += pow(X[n * MOST_GENES + chosen[i]] - mean[c][i] / rows[c], 2);
            right += (far[1] < far[0]) == y[n];
        }
    }
    return (double)right / PATIENTS;
}

static const char *leak(Program *program, Rng *rng, int repeats, double got[2])
{
    static const int genes[] = { 20, 50, 200, 1000, MOST_GENES };
    Arena  *a = arena_new("noise");
    double *X = numbers(a, PATIENTS * MOST_GENES);
    int     y[PATIENTS], fold[PATIENTS], shuffled[PATIENTS];
    Plot   *plot = program_plot(program, "leak",
                                (PlotArg){ .title = "noise, judged by a test that has seen the answers",
                                           .kind = PLOT_LINESPOINTS,
                                           .x = "columns of noise to choose 20 from",
                                           .y = "accuracy by cross-validation",
                                           .log_x = true,
                                           .caption = "There is nothing to learn. Chosen before the folds are made, "
                                                      "the columns know the answers of the rows held out." });
    printf("%d rows of noise, labels by lot, %d columns chosen of so many; accuracy by %d folds, mean of %d\n",
           PATIENTS, CHOSEN, FOLDS, repeats);
    printf("%10s %22s %22s\n", "columns", "chosen before folds", "chosen in each fold");
    for (int g = 0; g < 5; g++) {
        got[0] = got[1] = 0;
        for (int r = 0; r < repeats; r++) {
            for (int i = 0; i < PATIENTS * MOST_GENES; i++) X[i] = rng_normal(rng);
            for (int n = 0; n < PATIENTS; n++) y[n] = n % 2, shuffled[n] = n;
            rng_shuffle(rng, shuffled, PATIENTS);
            evaluation_folds(fold, shuffled, y, PATIENTS, 2, FOLDS);
            for (int early = 0; early < 2; early++)
                got[early] += accuracy_on_noise(X, y, fold, genes[g], early) / repeats;
        }
        printf("%10d %22.3f %22.3f\n", genes[g], got[1], got[0]);
        plot_point(plot, "chosen before the folds", genes[g], got[1]);
        plot_point(plot, "chosen in each fold", genes[g], got[0]);
    }
    printf("\n");
    plot_line(plot, -INFINITY, 0.5, INFINITY, 0.5, "all there is");
    arena_free(a);
    return plot_done(plot);
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program = program_start(argc, argv, "evaluation", "one model seen through every score", flags, &o);
    Rng      rng = rng_new(program->seed);
    double   area[3], mean[3], all[2], grouped[2], noise[2];
    if (o.folds < 2 || o.folds > 100 || o.draws < 2 || o.draws > 100000 || o.repeats < 1 || o.steps < 1)
        program_try(program, "--folds is 2 to 100, --draws 2 to 100000, --repeats and --steps from 1 on");
    pencil();
    Cancer c = cancer(program, &rng, &o);
    program_try(program, rare(program, &rng, area, mean));
    users(&rng, all, grouped);
    program_try(program, leak(program, &rng, o.repeats, noise));
    program_promise(program, "mean radius: AUC and average precision off scikit-learn's by",
                    fmax(fabs(c.alone[0] - 0.93751651604037844), fabs(c.alone[1] - 0.9229245946968343)), "<=", 1e-12);
    program_promise(program, "AUC of the model", c.value[AUC], ">=", 0.985);
    program_promise(program, "the AUC's interval, its width", c.interval[1] - c.interval[0], "<=", 0.02);
    program_promise(program, "log loss, logits times 4 beside plain", c.sharp[LOG_LOSS] / c.value[LOG_LOSS], ">=", 1.4);
    program_promise(program, "AUC moves by, from 50 % ones to 1 %", fabs(area[0] - area[2]), "<=", 0.03);
    program_promise(program, "average precision falls by", mean[0] - mean[2], ">=", 0.5);
    program_promise(program, "the user's rate: AUC", all[0], ">=", 0.7);
    program_promise(program, "the user's rate: GAUC off a half by", fabs(grouped[0] - 0.5), "<=", 1e-12);
    program_promise(program, "noise, chosen before the folds", noise[1], ">=", 0.9);
    program_promise(program, "noise, chosen in each fold, off a half by", fabs(noise[0] - 0.5), "<=",
                    0.35 / sqrt(o.repeats));
    return program_end(program);
}
