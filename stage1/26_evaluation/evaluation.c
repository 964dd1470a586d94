/* evaluation.c -- how good is a model, and how sure is that: scores of classes, of order and of probabilities. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include "evaluation.h"

static double ratio(double over, double under) { return under > 0 ? over / under : 0; }

void evaluation_classes(double *prf, int *count, const int *target, const int *predicted, int N, int C)
{
    /* exercise: count how often each class was called what */
    for (int i = 0; i < C * C; i++)
        count[i] = 0;
    for (int n = 0; n < N; n++)
        count[target[n] * C + predicted[n]]++;
    /* end */
    int     there = 0;
    double *mean = prf + C * 3;
    mean[0] = mean[1] = mean[2] = 0;
    for (int c = 0; c < C; c++) {
        /* exercise: precision, recall and F1 of class c by ratio(); the means add up those that occur */
        int hit = count[c * C + c], is = 0, called = 0;
        for (int k = 0; k < C; k++)
            is += count[c * C + k], called += count[k * C + c];
        prf[c * 3 + 0] = ratio(hit, called);
        prf[c * 3 + 1] = ratio(hit, is);
        prf[c * 3 + 2] = ratio(2 * hit, is + called);
        there += is + called > 0;
        for (int i = 0; i < 3; i++)
            mean[i] += prf[c * 3 + i];
        /* end */
    }
    for (int i = 0; i < 3; i++)
        mean[i] = ratio(mean[i], there);
}

/* pairs won = sum over groups of equal scores of zeros * (ones above + ones beside / 2) */
double evaluation_auc(const int *order, const double *score, const int *target, int N)
{
    /* exercise: go by groups of equal scores; each 0 loses to the ones above, and half to those beside it */
    double above = 0, zeros = 0, won = 0;
    for (int i = 0, end; i < N; i = end) {
        double ones = 0;
        for (end = i; end < N && score[order[end]] == score[order[i]]; end++)
            ones += target[order[end]];
        won += (end - i - ones) * (above + ones / 2);
        above += ones;
        zeros += end - i - ones;
    }
    return above > 0 && zeros > 0 ? won / (above * zeros) : NAN;
    /* end */
}

double evaluation_gauc(const int *first, const int *order, const double *score, const int *target, int users)
{
    /* exercise: the mean of the users' AUCs, each weighed by his rows; who has none is left out of both sums */
    double sum = 0, rows = 0;
    for (int u = 0; u < users; u++) {
        int    n = first[u + 1] - first[u];
        double auc = evaluation_auc(order + first[u], score, target, n);
        if (isnan(auc))
            continue;
        sum += n * auc;
        rows += n;
    }
    return rows > 0 ? sum / rows : NAN;
    /* end */
}

double evaluation_average_precision(const int *order, const double *score, const int *target, int N)
{
    /* exercise: after each group of equal scores: precision so far, times the ones that the group brought */
    double ones = 0, sum = 0;
    for (int i = 0, end; i < N; i = end) {
        double gained = 0;
        for (end = i; end < N && score[order[end]] == score[order[i]]; end++)
            gained += target[order[end]];
        ones += gained;
        sum += ones / end * gained;
    }
    return ones > 0 ? sum / ones : NAN;
    /* end */
}

double evaluation_calibration(double *table, const double *p, const int *target, int N, int bins)
{
    /* exercise: sums of p, of ones and of rows by bin; then the means, and the gaps weighed by rows */
    for (int i = 0; i < bins * 3; i++)
        table[i] = 0;
    for (int n = 0; n < N; n++) {
        int b = 0;
        while (b < bins - 1 && p[n] > (double)(b + 1) / bins)
            b++;
        table[b * 3 + 0] += p[n];
        table[b * 3 + 1] += target[n];
        table[b * 3 + 2]++;
    }
    double error = 0;
    for (int b = 0; b < bins; b++) {
        double *row = table + b * 3;
        row[0] = ratio(row[0], row[2]);
        row[1] = ratio(row[1], row[2]);
        error += ratio(row[2], N) * fabs(row[1] - row[0]);
    }
    return error;
    /* end */
}

double evaluation_ndcg(const int *order, const int *ideal, const double *score, const double *gain, int N, int k)
{
    /* exercise: the list's DCG, by groups of equal scores: mean gain times the discounts of its ranks up to k */
    double dcg = 0, best = 0;
    for (int i = 0, end; i < N && i < k; i = end) {
        double sum = 0, discount = 0;
        for (end = i; end < N && score[order[end]] == score[order[i]]; end++) {
            sum += gain[order[end]];
            if (end < k)
                discount += 1 / log2(end + 2);
        }
        dcg += sum / (end - i) * discount;
    }
    /* end */
    /* exercise: the best one, and their ratio */
    for (int i = 0; i < N && i < k; i++)
        best += gain[ideal[i]] / log2(i + 2);
    return ratio(dcg, best);
    /* end */
}

void evaluation_folds(int *fold, const int *shuffled, const int *target, int N, int C, int folds)
{
    /* exercise: class after class, deal its rows to fold 0, 1, .. and go on where the last class ended */
    int dealt = 0;
    for (int c = 0; c < C; c++)
        for (int i = 0; i < N; i++)
            if (target[shuffled[i]] == c)
                fold[shuffled[i]] = dealt++ % folds;
    /* end */
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The quantile q of B sorted values: at place q (B-1), on the line between the two beside it. */
static double quantile(const double *sorted, int B, double q)
{
    /* exercise: the value at that place */
    double place = q * (B - 1);
    int    below = (int)place < B - 1 ? (int)place : B - 1, above = below < B - 1 ? below + 1 : below;
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    /* end */
}

void evaluation_bootstrap(double *interval, double *value, const int *pick, Statistic *statistic, const void *of, int N,
                          int B, double level)
{
    /* exercise: the statistic of each draw, sorted by qsort and rising(); then the two quantiles */
    for (int b = 0; b < B; b++)
        value[b] = statistic(pick + (size_t)b * (size_t)N, N, of);
    qsort(value, (size_t)B, sizeof *value, rising);
    interval[0] = quantile(value, B, (1 - level) / 2);
    interval[1] = quantile(value, B, (1 + level) / 2);
    /* end */
}

/* ---- Given ------------------------------------------------------------------------------------------------------- */

double evaluation_log_loss(const double *p, const int *target, int N)
{
    double sum = 0;
    for (int n = 0; n < N; n++) {
        double happened = target[n] ? p[n] : 1 - p[n];
        sum -= log(fmin(fmax(happened, DBL_EPSILON), 1 - DBL_EPSILON));
    }
    return N > 0 ? sum / N : NAN;
}

double evaluation_brier(const double *p, const int *target, int N)
{
    double sum = 0;
    for (int n = 0; n < N; n++)
        sum += (p[n] - target[n]) * (p[n] - target[n]);
    return N > 0 ? sum / N : NAN;
}

void evaluation_order(int *order, int *room, const double *score, const int *rows, int n)
{
    for (int i = 0; i < n; i++)
        order[i] = rows ? rows[i] : i;
    for (int run = 1; run < n; run *= 2)            /* runs of so many are in order: merge two and two */
        for (int from = 0; from < n; from += 2 * run) {
            int middle = from + run < n ? from + run : n, end = middle + run < n ? middle + run : n;
            for (int at = from, a = from, b = middle; at < end; at++)
                room[at] = b >= end || (a < middle && score[order[a]] >= score[order[b]]) ? order[a++] : order[b++];
            for (int at = from; at < end; at++)
                order[at] = room[at];
        }
}
