/* test_evaluation.c -- the probes that grade evaluation.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "evaluation.h"

/* ---- Made here: no step waits for another ------------------------------------------------------------------------ */

/* Scores from 0 to 1: all different, or on a grid so coarse that many are equal. */
static double *some_scores(int N)
{
    double *score = probe_doubles(N);
    int     grid = probe_pick(0, 3, 20, 1, 0);
    for (int n = 0; n < N; n++) score[n] = grid ? probe_int(0, grid) / (double)grid : probe_real(0, 1);
    return score;
}

/* A list from the highest score down, equal ones in a random order. */
static int *ranked(const double *score, int N)
{
    int *order = probe_permutation(N);
    for (int i = 1; i < N; i++) {
        int one = order[i], j = i;
        for (; j > 0 && score[order[j - 1]] < score[one]; j--) order[j] = order[j - 1];
        order[j] = one;
    }
    return order;
}

/* Zeros and ones, the ones as rare or as common as may be. */
static int *truth(int N)
{
    int *target = probe_ints(N, 0, 1), rare = probe_pick(0, 1, 5);
    for (int n = 0; n < N; n++) target[n] = rare == 0 ? target[n] : (probe_int(0, 9) < 1) == (rare == 1);
    return target;
}

static const double PENCIL[] = { 0.9, 0.6, 0.6, 0.3, 0.1 };     /* the lesson's five mails */

/* ---- step evaluation_classes ------------------------------------------------------------------------------------- */

static void classes(const int *target, const int *predicted, int N, int C)
{
    double *prf = probe_output_doubles((C + 1) * 3);
    int    *count = probe_output_ints(C * C);
    probe_freeze();
    evaluation_classes(prf, count, target, predicted, N, C);
    emit_exact("count", count, C, C);
    probe_terms(C);
    probe_scale(1);
    emit("prf", prf, C + 1, 3);
}

PROBE(evaluation_classes, by_pencil)
{
    classes(probe_given_ints(0, 0, 0, 0, 1, 1, 1, 2), probe_given_ints(0, 0, 0, 1, 1, 1, 2, 1), 8, 3);
}

PROBE(evaluation_classes, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 300), C = probe_pick(2, 3, 5, 10, 2, 4);
    classes(probe_ints(N, 0, C - 1), probe_ints(N, 0, C - 1), N, C);
}

PROBE(evaluation_classes, absent_classes)               /* some only called, some only there, some neither */
{
    int N = probe_pick(5, 40), C = 7, shift = probe_pick(0, 1, 2);
    int *target = probe_ints(N, 0, 3), *predicted = probe_ints(N, 1 + shift, 4 + shift);
    classes(target, predicted, N, C);
}

PROBE(evaluation_classes, one_class_and_no_rows)
{
    int N = probe_pick(0, 1, 20), c = probe_pick(0, 1);
    classes(probe_ints(N, c, c), probe_ints(N, c, c), N, 2);
}

/* ---- step evaluation_auc ----------------------------------------------------------------------------------------- */

static void auc(const double *score, const int *target, int N)
{
    const int *order = ranked(score, N);
    probe_freeze();
    double area = evaluation_auc(order, score, target, N);
    probe_terms(N);
    probe_scale(1);
    emit("auc", &area, 1);
}

PROBE(evaluation_auc, by_pencil) { auc(probe_copy_doubles(5, PENCIL), probe_given_ints(1, 0, 1, 1, 0), 5); }

PROBE(evaluation_auc, awkward_sizes)
{
    int N = probe_pick(2, 3, 7, 33, 300);
    auc(some_scores(N), truth(N), N);
}

PROBE(evaluation_auc, all_the_same)                     /* a model that says nothing */
{
    int     N = probe_pick(4, 9, 50);
    double *score = probe_doubles(N);
    int    *target = probe_ints(N, 0, 1);
    for (int n = 0; n < N; n++) score[n] = 0.5;
    target[0] = 0, target[1] = 1;
    auc(score, target, N);
}

PROBE(evaluation_auc, one_class)
{
    int N = probe_pick(0, 1, 6), c = probe_pick(0, 1);
    auc(some_scores(N), probe_ints(N, c, c), N);
}

PROBE(evaluation_auc, scores_of_any_size)               /* logits, not probabilities */
{
    int     N = probe_pick(20, 150);
    double *score = probe_normal_doubles(N, 0, 1e3);
    for (int n = 0; n < N; n += 3) score[n] = score[n / 2];
    auc(score, truth(N), N);
}

/* ---- step evaluation_gauc ---------------------------------------------------------------------------------------- */

/* users of 0 to most rows each; the rows of each in order of score. */
static void gauc(int users, int most)
{
    int *first = probe_ints(users + 1, 0, 0), rows = 0;
    for (int u = 0; u < users; u++) first[u] = rows, rows += probe_int(0, most);
    first[users] = rows;
    double *score = some_scores(rows);
    int    *target = truth(rows), *order = probe_permutation(rows), *user = probe_ints(rows, 0, 0);
    for (int i = 0, u = 0; i < rows; i++) {
        while (i >= first[u + 1]) u++;
        user[order[i]] = u;                             /* whose rows lie anywhere */
    }
    for (int i = 1; i < rows; i++) {
        int one = order[i], j = i;
        for (; j > 0 && user[order[j - 1]] == user[one] && score[order[j - 1]] < score[one]; j--)
            order[j] = order[j - 1];
        order[j] = one;
    }
    probe_freeze();
    double area = evaluation_gauc(first, order, score, target, users);
    probe_terms(rows);
    probe_scale(1);
    emit("gauc", &area, 1);
}

PROBE(evaluation_gauc, by_pencil)                       /* three users: 2 rows right, 3 with a half, 2 of one class */
{
    double *score = probe_given_doubles(0.9, 0.2, 0.8, 0.8, 0.4, 0.7, 0.6);
    int    *target = probe_given_ints(1, 0, 1, 0, 1, 1, 1), *first = probe_given_ints(0, 2, 5, 7);
    int    *order = probe_given_ints(0, 1, 2, 3, 4, 5, 6);
    probe_freeze();
    double area = evaluation_gauc(first, order, score, target, 3);
    emit("gauc", &area, 1);
}

PROBE(evaluation_gauc, awkward_sizes) { gauc(probe_pick(1, 2, 7, 30), probe_pick(3, 10, 1, 25)); }

PROBE(evaluation_gauc, nobody) { gauc(probe_pick(0, 3), 0); }

/* ---- step evaluation_average_precision --------------------------------------------------------------------------- */

static void average_precision(const double *score, const int *target, int N)
{
    const int *order = ranked(score, N);
    probe_freeze();
    double mean = evaluation_average_precision(order, score, target, N);
    probe_terms(N * N);                                 /* like terms round alike: by N, not by its root */
    probe_scale(1);
    emit("average precision", &mean, 1);
}

PROBE(evaluation_average_precision, by_pencil)
{
    average_precision(probe_copy_doubles(5, PENCIL), probe_given_ints(1, 0, 1, 1, 0), 5);
}

PROBE(evaluation_average_precision, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 300);
    average_precision(some_scores(N), truth(N), N);
}

PROBE(evaluation_average_precision, none_or_all)
{
    int N = probe_pick(0, 1, 6), c = probe_pick(0, 1);
    average_precision(some_scores(N), probe_ints(N, c, c), N);
}

/* ---- step evaluation_calibration --------------------------------------------------------------------------------- */

static void calibration(const double *p, const int *target, int N, int bins)
{
    double *table = probe_output_doubles(bins * 3);
    probe_freeze();
    double error = evaluation_calibration(table, p, target, N, bins);
    probe_terms(N);
    probe_scale(1);
    emit("error", &error, 1);
    emit("table", table, bins, 3);
}

PROBE(evaluation_calibration, by_pencil)
{
    calibration(probe_copy_doubles(5, PENCIL), probe_given_ints(1, 0, 1, 1, 0), 5, 2);
}

PROBE(evaluation_calibration, awkward_sizes)
{
    int     N = probe_pick(1, 2, 7, 33, 300), bins = probe_pick(1, 3, 10, 15);
    double *p = probe_doubles(N);
    for (int n = 0; n < N; n++) p[n] = (probe_int(0, bins - 1) + probe_real(0.01, 0.99)) / bins;
    calibration(p, truth(N), N, bins);
}

PROBE(evaluation_calibration, on_the_edges)             /* 0, 1 and what lies between two bins */
{
    int     N = probe_pick(9, 40), bins = probe_pick(2, 4, 8);
    double *p = probe_doubles(N);
    for (int n = 0; n < N; n++) p[n] = probe_int(0, 8) / 8.0;
    p[0] = 0, p[1] = 1;
    calibration(p, truth(N), N, bins);
}

/* ---- step evaluation_ndcg ---------------------------------------------------------------------------------------- */

static void ndcg(const double *score, const double *gain, int N, int k)
{
    const int *order = ranked(score, N), *ideal = ranked(gain, N);
    probe_freeze();
    double got = evaluation_ndcg(order, ideal, score, gain, N, k);
    probe_terms(N);
    probe_scale(3);                                     /* a logarithm and two divisions, above and below the line */
    emit("ndcg", &got, 1);
}

PROBE(evaluation_ndcg, by_pencil)
{
    ndcg(probe_copy_doubles(5, PENCIL), probe_given_doubles(1, 0, 2, 3, 0), 5, 3);
}

PROBE(evaluation_ndcg, awkward_sizes)
{
    int     N = probe_pick(1, 2, 7, 33, 300), k = probe_pick(1, 3, 10, 400);
    double *score = some_scores(N), *gain = probe_doubles(N);
    for (int n = 0; n < N; n++) gain[n] = probe_int(-4, 4) > 0 ? probe_int(1, 5) : 0;
    ndcg(score, gain, N, k);
}

PROBE(evaluation_ndcg, ties_across_the_cut)
{
    int     N = probe_pick(4, 12), k = probe_pick(1, 2, 3);
    double *score = probe_doubles(N), *gain = probe_doubles(N);
    for (int n = 0; n < N; n++) score[n] = n == 0, gain[n] = probe_real(0, 3);
    ndcg(score, gain, N, k);
}

PROBE(evaluation_ndcg, nothing_gained)
{
    int     N = probe_pick(0, 1, 8);
    double *gain = probe_doubles(N);
    for (int n = 0; n < N; n++) gain[n] = 0;
    ndcg(some_scores(N), gain, N, 5);
}

/* ---- step evaluation_folds --------------------------------------------------------------------------------------- */

static void folds(const int *shuffled, const int *target, int N, int C, int k)
{
    int *fold = probe_output_ints(N);
    probe_freeze();
    evaluation_folds(fold, shuffled, target, N, C, k);
    emit_exact("fold", fold, N);
}

PROBE(evaluation_folds, by_pencil)
{
    folds(probe_given_ints(4, 2, 0, 6, 1, 3, 5), probe_given_ints(0, 0, 0, 0, 0, 1, 1), 7, 2, 3);
}

PROBE(evaluation_folds, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 300), C = probe_pick(1, 2, 3, 10), k = probe_pick(2, 3, 5, 10, 40);
    folds(probe_permutation(N), probe_ints(N, 0, C - 1), N, C, k);
}

PROBE(evaluation_folds, rare_classes)                   /* each has fewer rows than there are folds */
{
    int N = 12, *target = probe_ints(N, 0, 5);
    folds(probe_permutation(N), target, N, 6, 5);
}

/* ---- step evaluation_bootstrap ----------------------------------------------------------------------------------- */

static double mean_of(const int *rows, int N, const void *of)
{
    double sum = 0;
    for (int i = 0; i < N; i++) sum += ((const double *)of)[rows[i]];
    return sum / N;
}

static double largest_of(const int *rows, int N, const void *of)
{
    double most = -INFINITY;
    for (int i = 0; i < N; i++) most = fmax(most, ((const double *)of)[rows[i]]);
    return most;
}

static void bootstrap(const int *pick, Statistic *statistic, const double *x, int N, int B, double level)
{
    double *interval = probe_output_doubles(2), *value = probe_output_doubles(B);
    probe_freeze();
    evaluation_bootstrap(interval, value, pick, statistic, x, N, B, level);
    probe_terms(N);
    probe_scale(8);                                     /* values up to 4, and the weights on the line beside 1 */
    emit("value", value, B);
    emit("interval", interval, 2);
}

PROBE(evaluation_bootstrap, by_pencil)
{
    int *pick = probe_given_ints(0, 1, 1, 1, 2, 2, 0, 2, 0, 0);
    bootstrap(pick, mean_of, probe_given_doubles(0, 2, 4), 2, 5, 0.9);
}

PROBE(evaluation_bootstrap, awkward_sizes)
{
    int     N = probe_pick(1, 2, 7, 40), B = probe_pick(1, 2, 3, 10, 41, 100);
    double *x = probe_doubles(N), level = probe_pick(95, 90, 50, 68) / 100.0;
    for (int n = 0; n < N; n++) x[n] = probe_real(-4, 4);
    bootstrap(probe_ints(N * B, 0, N - 1), mean_of, x, N, B, level);
}

PROBE(evaluation_bootstrap, no_mean)                    /* any statistic: here the largest */
{
    int     N = probe_pick(3, 10), B = probe_pick(20, 77);
    double *x = probe_doubles(N);
    for (int n = 0; n < N; n++) x[n] = probe_real(-4, 4);
    bootstrap(probe_ints(N * B, 0, N - 1), largest_of, x, N, B, 0.8);
}

/* ---- What scikit-learn 1.9.1 says of 200 rows made by whole numbers ---------------------------------------------- */

enum { ROWS = 200, USERS = 13 };
typedef struct Rows {
    double score[ROWS], gain[ROWS];
    int    target[ROWS], user[ROWS], order[ROWS], room[ROWS];
} Rows;

/* s, t, u and g: i = arange(200), t = (i*i*31 + 17*i) % 7 < 3, u = i % 13, g = i*37 % 5,
 * s = round(((7919*i) % 101 / 100 + .3*t) / 1.3 * 100) / 100. */
static Rows rows_made(void)
{
    Rows r;
    for (int i = 0; i < ROWS; i++) {
        r.target[i] = (i * i * 31 + 17 * i) % 7 < 3, r.user[i] = i % USERS, r.gain[i] = i * 37 % 5;
        r.score[i] = nearbyint((7919 * i % 101 / 100.0 + 0.3 * r.target[i]) / 1.3 * 100) / 100;
    }
    evaluation_order(r.order, r.room, r.score, NULL, ROWS);
    return r;
}

#define SAME(got, want) expect(fabs((got) - (want)) <= 1e-12, "got %.17g, scikit-learn %.17g", got, want)

ORACLE(evaluation_auc, as_scikit_learn)                 /* roc_auc_score(t, s) */
{
    Rows r = rows_made();
    SAME(evaluation_auc(r.order, r.score, r.target, ROWS), 0.74449204406364744);
}

ORACLE(evaluation_gauc, as_scikit_learn)                /* the same by user, average(.., weights=rows) */
{
    Rows r = rows_made();
    int  first[USERS + 1], rows[ROWS], order[ROWS], n = 0;
    for (int u = 0; u < USERS; u++) {
        first[u] = n;
        for (int i = 0; i < ROWS; i++)
            if (r.user[i] == u) rows[n++] = i;
        evaluation_order(order + first[u], r.room, r.score, rows + first[u], n - first[u]);
    }
    first[USERS] = n;
    SAME(evaluation_gauc(first, order, r.score, r.target, USERS), 0.64306944444444436);
}

ORACLE(evaluation_average_precision, as_scikit_learn)   /* average_precision_score(t, s) */
{
    Rows r = rows_made();
    SAME(evaluation_average_precision(r.order, r.score, r.target, ROWS), 0.72571813035874599);
}

ORACLE(evaluation_ndcg, as_scikit_learn)                /* ndcg_score(g[None], s[None], k=k), and its manual */
{
    static const double gain[] = { 10, 0, 0, 1, 5 }, score[][5] = { { .1, .2, .3, 4, 70 }, { .05, 1.1, 1, .5, 0 },
                                                                    { 1, 0, 0, 0, 1 } };
    static const struct { int list, k; double want; } manual[] = {
        { 0, 5, 0.6956940443813076 }, { 1, 5, 0.493680191377376 }, { 1, 4, 0.3520241100634488 }, { 2, 1, 0.75 },
    };
    static const struct { int k; double want; } cut[] = {
        { 1, 0.25 }, { 5, 0.51554829386700574 }, { 10, 0.55836165671980298 }, { 200, 0.86193862239774577 },
    };
    Rows r = rows_made();
    int  ideal[ROWS], room[ROWS];
    evaluation_order(ideal, room, r.gain, NULL, ROWS);
    for (int i = 0; i < 4; i++) SAME(evaluation_ndcg(r.order, ideal, r.score, r.gain, ROWS, cut[i].k), cut[i].want);
    evaluation_order(ideal, room, gain, NULL, 5);
    for (int i = 0; i < 4; i++) {
        const double *s = score[manual[i].list];
        evaluation_order(r.order, room, s, NULL, 5);
        SAME(evaluation_ndcg(r.order, ideal, s, gain, 5, manual[i].k), manual[i].want);
    }
}

ORACLE(evaluation_calibration, as_scikit_learn)         /* calibration_curve(t, s, n_bins=8), log_loss, brier */
{
    static const double share[] = { 0, 1 / 7.0, 0.4375, 14 / 33.0, 13 / 31.0, 7 / 17.0, 0.8125, 1 };
    static const double mean[] = { 0.061666666666666675, 0.19619047619047619, 0.31062499999999993, 0.43272727272727285,
                                   0.55806451612903218, 0.68735294117647072, 0.80125000000000002, 0.93266666666666675 };
    Rows   r = rows_made();
    double table[8][3], error = evaluation_calibration(table[0], r.score, r.target, ROWS, 8);
    SAME(error, 0.10715);
    for (int b = 0; b < 8; b++) {
        SAME(table[b][0], mean[b]);
        SAME(table[b][1], share[b]);
    }
    SAME(evaluation_log_loss(r.score, r.target, ROWS), 0.57190688805517154);
    SAME(evaluation_brier(r.score, r.target, ROWS), 0.2023925);
}

ORACLE(evaluation_classes, as_scikit_learn)             /* c = (i*i+3*i) % 4; called (c+i) % 4 where i*5 % 3 == 0 */
{
    static const double want[] = { 84 / 101.0, 0.84, 0.83582089552238803, 0, 0, 0, 1, 0.66, 0.79518072289156627,
                                   0, 0, 0, 0.61056105610561051, 0.5, 0.54366720613798469 };
    int    is[ROWS], called[ROWS], count[16];
    double prf[15];
    for (int i = 0; i < ROWS; i++) is[i] = (i * i + 3 * i) % 4, called[i] = i * 5 % 3 ? is[i] : (is[i] + i) % 4;
    evaluation_classes(prf, count, is, called, ROWS, 4);
    for (int i = 0; i < 15; i++) SAME(prf[i], want[i]);
    expect(count[0] == 84 && count[1] == 16 && count[8] == 17 && count[9] == 17 && count[10] == 66, "other counts");
}

/* ---- And from the definitions ------------------------------------------------------------------------------------ */

ORACLE(evaluation_auc, pair_by_pair)
{
    int     N = probe_pick(2, 7, 60), *target = truth(N);
    double *score = some_scores(N), won = 0, pairs = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            if (target[i] && !target[j]) pairs++, won += (score[i] > score[j]) + 0.5 * (score[i] == score[j]);
    double got = evaluation_auc(ranked(score, N), score, target, N);
    expect(pairs > 0 ? fabs(got - won / pairs) < 1e-14 : isnan(got), "%g of %g pairs, but %g", won, pairs, got);
}

/* Whatever order the ties stand in: the mean DCG over orders drawn at random comes near. */
ORACLE(evaluation_ndcg, mean_over_orders)
{
    enum { N = 6, DRAWS = 4000 };
    double score[N] = { 2, 1, 1, 1, 0, 0 }, gain[N], sum = 0, best = 0;
    int    k = probe_pick(1, 2, 3, 5, 6);
    for (int n = 0; n < N; n++) gain[n] = probe_real(0, 3);
    int *ideal = ranked(gain, N), *order = ranked(score, N);
    for (int d = 0; d < DRAWS; d++) {
        for (int i = 3; i > 1; i--) {                   /* places 1 to 3, and 4 to 5 */
            int j = probe_int(1, i), kept = order[i];
            order[i] = order[j], order[j] = kept;
        }
        if (probe_int(0, 1)) { int kept = order[4]; order[4] = order[5], order[5] = kept; }
        for (int i = 0; i < k; i++) sum += gain[order[i]] / log2(i + 2) / DRAWS;
    }
    for (int i = 0; i < k; i++) best += gain[ideal[i]] / log2(i + 2);
    double got = evaluation_ndcg(order, ideal, score, gain, N, k);
    expect(fabs(got - sum / best) < 0.05, "mean %g, got %g", sum / best, got);
}

ORACLE(evaluation_folds, sizes_and_shares)
{
    int N = probe_pick(10, 57, 200), C = probe_pick(2, 3, 5), k = probe_pick(2, 5, 7);
    int *fold = probe_output_ints(N), *target = probe_ints(N, 0, C - 1), size[7] = { 0 };
    evaluation_folds(fold, probe_permutation(N), target, N, C, k);
    for (int n = 0; n < N; n++) size[fold[n]]++;
    for (int f = 0; f < k; f++) expect(size[f] == N / k || size[f] == N / k + 1, "fold %d has %d of %d", f, size[f], N);
    for (int c = 0; c < C; c++) {
        int has[7] = { 0 }, all = 0;
        for (int n = 0; n < N; n++)
            if (target[n] == c) has[fold[n]]++, all++;
        for (int f = 0; f < k; f++) expect(abs(has[f] * k - all) < k, "class %d: %d of %d in fold %d", c, has[f], all,
                                           f);
    }
}

/* Of 95-percent intervals for a mean, samples of 20 from a normal: most hold it, and they are as wide as in theory. */
ORACLE(evaluation_bootstrap, covers)
{
    enum { N = 20, B = 100, SAMPLES = 50 };
    int    held = 0, pick[N * B];
    double interval[2], value[B], width = 0;
    for (int s = 0; s < SAMPLES; s++) {
        const double *x = probe_normal_doubles(N, 3, 2);
        for (int i = 0; i < N * B; i++) pick[i] = probe_int(0, N - 1);
        evaluation_bootstrap(interval, value, pick, mean_of, x, N, B, 0.95);
        held += interval[0] <= 3 && 3 <= interval[1];
        width += (interval[1] - interval[0]) / (2 * 1.96 * 2 / sqrt(N)) / SAMPLES;
    }
    expect(held >= 32, "%d of 50 hold the mean", held);
    expect(width > 0.75 && width < 1.1, "%g times as wide", width);
}

ORACLE(evaluation_bootstrap, quantiles_as_numpy)        /* quantile((7919*i) % 101 / 100, [.025, .975, .25, .75]) */
{
    double x[ROWS], value[ROWS], interval[2];
    int    pick[ROWS];
    for (int i = 0; i < ROWS; i++) x[i] = 7919 * i % 101 / 100.0, pick[i] = i;
    evaluation_bootstrap(interval, value, pick, mean_of, x, 1, ROWS, 0.95);
    SAME(interval[0], 0.02);
    SAME(interval[1], 0.98);
    evaluation_bootstrap(interval, value, pick, mean_of, x, 1, ROWS, 0.5);
    SAME(interval[0], 0.25);
    SAME(interval[1], 0.7525);
}
