/* pairs.c -- honest: straight from the definitions, pair by pair and row by row; slow, and with no use for an order. */
#include <math.h>
#include "evaluation.h"

void evaluation_classes(double *prf, int *count, const int *target, const int *predicted, int N, int C)
{
    int there = 0;
    for (int t = 0; t < C; t++)
        for (int p = 0; p < C; p++) {
            int times = 0;
            for (int n = 0; n < N; n++)
                times += target[n] == t && predicted[n] == p;
            count[t * C + p] = times;
        }
    for (int i = 0; i < 3; i++)
        prf[C * 3 + i] = 0;
    for (int c = 0; c < C; c++) {
        int tp = 0, fp = 0, fn = 0;
        for (int n = 0; n < N; n++) {
            tp += target[n] == c && predicted[n] == c;
            fp += target[n] != c && predicted[n] == c;
            fn += target[n] == c && predicted[n] != c;
        }
        double precision = tp + fp ? (double)tp / (tp + fp) : 0, recall = tp + fn ? (double)tp / (tp + fn) : 0;
        prf[c * 3] = precision;
        prf[c * 3 + 1] = recall;
        prf[c * 3 + 2] = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
        there += tp + fp + fn > 0;
    }
    for (int i = 0; i < 3 && there; i++) {
        for (int c = 0; c < C; c++)
            prf[C * 3 + i] += prf[c * 3 + i];
        prf[C * 3 + i] /= there;
    }
}

double evaluation_auc(const int *order, const double *score, const int *target, int N)
{
    double half_points = 0, pairs = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            int one = order[i], zero = order[j];
            if (target[one] != 1 || target[zero] != 0)
                continue;
            pairs++;
            half_points += score[one] > score[zero] ? 2 : score[one] == score[zero];
        }
    return pairs > 0 ? half_points / 2 / pairs : NAN;
}

double evaluation_gauc(const int *first, const int *order, const double *score, const int *target, int users)
{
    double sum = 0;
    int    rows = 0;
    for (int u = 0; u < users; u++) {
        int n = first[u + 1] - first[u], ones = 0;
        for (int i = first[u]; i < first[u + 1]; i++)
            ones += target[order[i]];
        if (ones > 0 && ones < n)
            sum += n * evaluation_auc(&order[first[u]], score, target, n), rows += n;
    }
    return rows ? sum / rows : NAN;
}

/* The mean, over the ones, of the precision among all that score at least as high. */
double evaluation_average_precision(const int *order, const double *score, const int *target, int N)
{
    double sum = 0;
    int    ones = 0;
    for (int i = 0; i < N; i++) {
        int rows = 0, right = 0;
        if (!target[order[i]])
            continue;
        for (int j = 0; j < N; j++)
            if (score[order[j]] >= score[order[i]])
                rows++, right += target[order[j]];
        sum += (double)right / rows;
        ones++;
    }
    return ones ? sum / ones : NAN;
}

double evaluation_calibration(double *table, const double *p, const int *target, int N, int bins)
{
    double error = 0;
    for (int b = 0; b < bins; b++) {
        double low = (double)b / bins, high = (double)(b + 1) / bins, sure = 0;
        int    rows = 0, ones = 0;
        for (int n = 0; n < N; n++)
            if ((p[n] > low || b == 0) && (p[n] <= high || b == bins - 1))
                rows++, ones += target[n], sure += p[n];
        table[b * 3] = rows ? sure / rows : 0;
        table[b * 3 + 1] = rows ? (double)ones / rows : 0;
        table[b * 3 + 2] = rows;
        error += fabs(ones - sure);
    }
    return N ? error / N : 0;
}

/* A row in a group of so many below so many has each of the group's ranks equally often. */
static double dcg(const int *order, const double *score, const double *gain, int N, int k)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        int    above = 0, beside = 0;
        double discount = 0;
        for (int j = 0; j < N; j++) {
            above += score[order[j]] > score[order[i]];
            beside += score[order[j]] == score[order[i]];
        }
        for (int r = above + 1; r <= above + beside && r <= k; r++)
            discount += log(2) / log(r + 1);
        sum += gain[order[i]] * discount / beside;
    }
    return sum;
}

double evaluation_ndcg(const int *order, const int *ideal, const double *score, const double *gain, int N, int k)
{
    double best = dcg(ideal, gain, gain, N, k);         /* equal gains may share: the sum is the same */
    return best > 0 ? dcg(order, score, gain, N, k) / best : 0;
}

/* A row's number in the deal: how many come before it, by class and then by place. */
void evaluation_folds(int *fold, const int *shuffled, const int *target, int N, int C, int folds)
{
    (void)C;
    for (int i = 0; i < N; i++) {
        int before = 0, mine = target[shuffled[i]];
        for (int j = 0; j < N; j++)
            before += target[shuffled[j]] < mine || (target[shuffled[j]] == mine && j < i);
        fold[shuffled[i]] = before % folds;
    }
}

static double at(const double *sorted, int B, double place)
{
    int below = (int)floor(place);
    if (below >= B - 1)
        return sorted[B - 1];
    double part = place - below;
    return (1 - part) * sorted[below] + part * sorted[below + 1];
}

void evaluation_bootstrap(double *interval, double *value, const int *pick, Statistic *statistic, const void *of, int N,
                          int B, double level)
{
    for (int b = 0; b < B; b++) {
        double one = statistic(&pick[b * N], N, of);
        int    j = b;
        for (; j > 0 && value[j - 1] > one; j--)
            value[j] = value[j - 1];
        value[j] = one;
    }
    double out = (1 - level) / 2;
    interval[0] = at(value, B, out * (B - 1));
    interval[1] = at(value, B, (1 - out) * (B - 1));
}
