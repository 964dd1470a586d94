/* tables.c -- honest: closed forms, pairs of models, answers from tables. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include "bias_variance.h"

/* Normalised all along: a p_{d+1} = x p_d - b p_{d-1}, with a = (d+1)/sqrt((2d+1)(2d+3)). */
void bias_variance_features(double *X, const double *x, int N, int D)
{
    for (int n = 0; n < N; n++) {
        double one = 1, before = 0, b = 0;
        for (int d = 0; d < D; d++) {
            X[n * D + d] = one;
            double a = (d + 1) / sqrt((2 * d + 1.0) * (2 * d + 3.0)), next = (x[n] * one - b * before) / a;
            before = one, one = next, b = a;
        }
    }
}

/* Two different models: the product of their distances from the truth has the squared bias as its mean, and half the
 * square of what lies between them the variance. */
static int pairs(double parts[2], const double *predicted, const int *times, double truth, int n, int R, int N)
{
    double bias = 0, variance = 0;
    int    found = 0, models = 0;
    for (int r = 0; r < R; r++) {
        if (times && times[r * N + n])
            continue;
        models++;
        for (int s = 0; s < r; s++) {
            if (times && times[s * N + n])
                continue;
            double p = predicted[r * N + n], q = predicted[s * N + n];
            bias += (p - truth) * (q - truth);
            variance += (p - q) * (p - q) / 2;
            found++;
        }
    }
    if (!found)
        return 0;
    parts[0] += bias / found;
    parts[1] += variance / found;
    return models;
}

void bias_variance_decompose(double parts[2], const double *predicted, const double *truth, int R, int N)
{
    parts[0] = 0, parts[1] = 0;
    for (int n = 0; n < N; n++)
        pairs(parts, predicted, NULL, truth[n], n, R, N);
    parts[0] /= N, parts[1] /= N;
}

int bias_variance_out_of_bag(double parts[2], const double *predicted, const int *times, const double *y, int R, int N)
{
    int rows = 0;
    parts[0] = 0, parts[1] = 0;
    for (int n = 0; n < N; n++)
        rows += pairs(parts, predicted, times, y[n], n, R, N) > 0;
    parts[0] /= rows, parts[1] /= rows;                 /* 0/0: the NaN that is asked for */
    return rows;
}

/* The normal equations of a line, by Cramer's rule; 1/size measured from its mean. */
void bias_variance_extrapolate(double fit[2], const double *error, const int *size, int K)
{
    double middle = 0, s1 = 0, su = 0, suu = 0, se = 0, sue = 0;
    for (int k = 0; k < K; k++)
        middle += 1.0 / size[k];
    middle /= K;
    for (int k = 0; k < K; k++) {
        double u = 1.0 / size[k] - middle;
        s1 += 1, su += u, suu += u * u, se += error[k], sue += u * error[k];
    }
    double det = s1 * suu - su * su;
    fit[1] = (s1 * sue - su * se) / det;
    fit[0] = (suu * se - su * sue) / det - fit[1] * middle;
}

int bias_variance_stop(int *ended, const double *validation, int N, int patience, double least)
{
    int    best = -1, waited = 0;
    double lowest = 0;
    for (*ended = 0; *ended < N; ++*ended) {
        double v = validation[*ended];
        bool   better = best < 0 ? v == v : v < lowest - least;
        waited = better ? 0 : waited + 1;
        if (better)
            best = *ended, lowest = v;
        if (waited == patience)
            return best;
    }
    --*ended;
    return best;
}

static double tail(const double *v, int N, int quarter, int back)
{
    double mean = 0;
    for (int i = 1; i <= quarter; i++)
        mean += (v[N - back * quarter - i] - mean) / i;
    return mean;
}

int bias_variance_diagnose(const Run *r)
{
    int    quarter = r->N / 4 > 0 && r->N >= 8 ? r->N / 4 : 1;
    double T = tail(r->train, r->N, quarter, 0), V = tail(r->validation, r->N, quarter, 0), gap = r->tolerance;
    bool   above = false;
    if (!(fabs(T) < INFINITY && fabs(V) < INFINITY))
        return BROKEN;
    for (int n = 0; n < r->N; n++)
        above = above || V - r->validation[n] > gap;
    return (T > r->target + gap ? BIAS : 0) + (V > T + gap ? VARIANCE : 0) +
           (r->N >= 8 && tail(r->train, r->N, quarter, 1) > T + gap / 2 ? SHORT : 0) + (above ? LATE : 0) +
           (V < T - gap || V < r->target - gap ? SUSPECT : 0);
}

int bias_variance_advise(int diagnosis)
{
    static const int by_four_bits[16] = {
        0, BIGGER, MORE_DATA | REGULARIZE, BIGGER | MORE_DATA | REGULARIZE,
        LONGER, LONGER, LONGER | MORE_DATA | REGULARIZE, LONGER | MORE_DATA | REGULARIZE,
        STOP_EARLY, BIGGER | STOP_EARLY, MORE_DATA | REGULARIZE | STOP_EARLY,
        BIGGER | MORE_DATA | REGULARIZE | STOP_EARLY, LONGER | STOP_EARLY, LONGER | STOP_EARLY,
        LONGER | MORE_DATA | REGULARIZE | STOP_EARLY, LONGER | MORE_DATA | REGULARIZE | STOP_EARLY,
    };
    return diagnosis >= SUSPECT ? CHECK_DATA : by_four_bits[diagnosis];
}

void bias_variance_movement(int sign[2], int remedy)
{
    switch (remedy) {
    case BIGGER:
    case LONGER: sign[0] = -1, sign[1] = 1; break;
    case CHECK_DATA: sign[0] = sign[1] = 0; break;
    default: sign[0] = 1, sign[1] = -1;
    }
}
