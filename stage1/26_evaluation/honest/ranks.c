/* ranks.c -- honest: ranks from the bottom up, curves by their points, bins by rounding up. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "evaluation.h"

void evaluation_classes(double *prf, int *count, const int *target, const int *predicted, int N, int C)
{
    memset(count, 0, (size_t)C * (size_t)C * sizeof *count);
    for (const int *t = target, *p = predicted; t < target + N; t++, p++)
        ++count[*t * C + *p];
    double total[3] = { 0 };
    int    seen = 0;
    for (int c = 0; c < C; c++) {
        double right = count[c * C + c], wrong_here = -right, wrong_there = -right;
        for (int k = 0; k < C; k++) {
            wrong_here += count[c * C + k];
            wrong_there += count[k * C + c];
        }
        double *row = &prf[c * 3];
        row[0] = right + wrong_there == 0 ? 0 : right / (right + wrong_there);
        row[1] = right + wrong_here == 0 ? 0 : right / (right + wrong_here);
        row[2] = right == 0 ? 0 : 1 / ((1 / row[0] + 1 / row[1]) / 2);
        if (right + wrong_here + wrong_there == 0)
            continue;
        seen++;
        for (int i = 0; i < 3; i++)
            total[i] += row[i];
    }
    for (int i = 0; i < 3; i++)
        prf[C * 3 + i] = seen ? total[i] / seen : 0;
}

/* Mann and Whitney: the ones' ranks from the bottom, equals sharing the mean rank, less what they must have. */
double evaluation_auc(const int *order, const double *score, const int *target, int N)
{
    double ranks = 0, ones = 0;
    for (int i = N - 1; i >= 0;) {
        int group = 0;
        double mine = 0;
        while (i - group >= 0 && score[order[i - group]] == score[order[i]])
            mine += target[order[i - group++]];
        ranks += mine * (N - i + (group - 1) / 2.0);
        ones += mine;
        i -= group;
    }
    double pairs = ones * (N - ones);
    return pairs == 0 ? NAN : (ranks - ones * (ones + 1) / 2) / pairs;
}

double evaluation_gauc(const int *first, const int *order, const double *score, const int *target, int users)
{
    double weighed = 0, weights = 0;
    while (users-- > 0) {
        int from = first[users], n = first[users + 1] - from;
        double area = n > 0 ? evaluation_auc(order + from, score, target, n) : NAN;
        if (area == area)
            weighed += area * n, weights += n;
    }
    return weighed / weights;                           /* 0/0 is the NaN that is asked for */
}

double evaluation_average_precision(const int *order, const double *score, const int *target, int N)
{
    int    all = 0, right = 0;
    double recall = 0, area = 0;
    for (int n = 0; n < N; n++)
        all += target[n];
    for (int i = 0; i < N; i++) {
        right += target[order[i]];
        if (i + 1 < N && score[order[i + 1]] == score[order[i]])
            continue;                                   /* no threshold cuts here */
        double now = (double)right / all;
        area += (now - recall) * right / (i + 1);
        recall = now;
    }
    return all ? area : NAN;
}

double evaluation_calibration(double *table, const double *p, const int *target, int N, int bins)
{
    memset(table, 0, (size_t)bins * 3 * sizeof *table);
    for (int n = 0; n < N; n++) {
        int b = (int)ceil(p[n] * bins) - 1;
        double *row = table + 3 * (b < 0 ? 0 : b >= bins ? bins - 1 : b), rows = ++row[2];
        row[0] += (p[n] - row[0]) / rows;               /* running means */
        row[1] += (target[n] - row[1]) / rows;
    }
    double error = 0;
    for (const double *row = table; row < table + bins * 3; row += 3)
        error += row[2] > 0 ? row[2] / N * fabs(row[0] - row[1]) : 0;
    return error;
}

double evaluation_ndcg(const int *order, const int *ideal, const double *score, const double *gain, int N, int k)
{
    int    cut = k < N ? k : N;
    double best = 0, dcg = 0, group = 0, discounts = 0;
    for (int r = cut; r > 0; r--)
        best += gain[ideal[r - 1]] / log2(r + 1.0);
    for (int i = 0, size = 0; i < N; i++) {
        size++;
        group += gain[order[i]];
        discounts += i < cut ? 1 / log2(i + 2.0) : 0;
        if (i + 1 < N && score[order[i + 1]] == score[order[i]])
            continue;
        dcg += group * discounts / size;
        group = discounts = 0, size = 0;
    }
    return best == 0 ? 0 : dcg / best;
}

/* Where the deal of each class begins is known before the first card. */
void evaluation_folds(int *fold, const int *shuffled, const int *target, int N, int C, int folds)
{
    int *next = calloc((size_t)C + 1, sizeof *next);
    if (!next)
        return;
    for (int n = 0; n < N; n++)
        next[target[n] + 1]++;
    for (int c = 0; c < C; c++)
        next[c + 1] += next[c];
    for (int i = 0; i < N; i++)
        fold[shuffled[i]] = next[target[shuffled[i]]]++ % folds;
    free(next);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

void evaluation_bootstrap(double *interval, double *value, const int *pick, Statistic *statistic, const void *of, int N,
                          int B, double level)
{
    for (int b = B - 1; b >= 0; b--)
        value[b] = statistic(pick + b * N, N, of);
    qsort(value, (size_t)B, sizeof(double), by_size);
    for (int side = 0; side < 2; side++) {
        double place = (B - 1) * (0.5 + (side ? level : -level) / 2), whole, part = modf(place, &whole);
        int    i = (int)whole;
        interval[side] = part > 0 && i + 1 < B ? value[i] + part * (value[i + 1] - value[i]) : value[i];
    }
}
