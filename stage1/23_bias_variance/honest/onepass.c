/* onepass.c -- honest: running means, a column at a time, differences of pairs, one walk from the end. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "bias_variance.h"

void bias_variance_features(double *X, const double *x, int N, int D)
{
    for (int d = 0; d < D; d++)
        for (int n = 0; n < N; n++) {
            double *at = X + (ptrdiff_t)n * D + d, bare1 = d > 0 ? at[-1] / sqrt(2 * d - 1) : 0,
                   bare2 = d > 1 ? at[-2] / sqrt(2 * d - 3) : 0;
            double bare = d == 0 ? 1 : ((2 - 1.0 / d) * x[n] * bare1 - (1 - 1.0 / d) * bare2);
            *at = bare * sqrt(2 * d + 1);
        }
}

/* Welford: mean and sum of squares grow with each number. */
typedef struct Running { double mean, squares; int n; } Running;

static void add(Running *r, double value)
{
    double before = value - r->mean;
    r->mean += before / ++r->n;
    r->squares += before * (value - r->mean);
}

static int add_parts(double parts[2], const Running *r, double truth)
{
    if (r->n < 2)
        return 0;
    double variance = r->squares / (r->n - 1), off = r->mean - truth;
    parts[0] += off * off - variance / r->n;
    parts[1] += variance;
    return 1;
}

void bias_variance_decompose(double parts[2], const double *predicted, const double *truth, int R, int N)
{
    memset(parts, 0, 2 * sizeof *parts);
    for (int n = 0; n < N; n++) {
        Running one = { 0 };
        for (const double *p = predicted + n; p < predicted + R * N; p += N)
            add(&one, *p);
        add_parts(parts, &one, truth[n]);
    }
    parts[0] /= N;
    parts[1] /= N;
}

int bias_variance_out_of_bag(double parts[2], const double *predicted, const int *times, const double *y, int R, int N)
{
    int rows = 0;
    memset(parts, 0, 2 * sizeof *parts);
    for (int n = N - 1; n >= 0; n--) {
        Running one = { 0 };
        for (int i = n; i < R * N; i += N)
            if (!times[i])
                add(&one, predicted[i]);
        rows += add_parts(parts, &one, y[n]);
    }
    parts[0] = rows > 0 ? parts[0] / rows : NAN;
    parts[1] = rows > 0 ? parts[1] / rows : NAN;
    return rows;
}

/* The slope as a mean over all pairs, each weighed by the square of its distance. */
void bias_variance_extrapolate(double fit[2], const double *error, const int *size, int K)
{
    double up = 0, down = 0, limit = 0;
    for (int i = 0; i < K; i++)
        for (int j = i + 1; j < K; j++) {
            double apart = (double)(size[j] - size[i]) / size[i] / size[j];
            up += apart * (error[i] - error[j]);
            down += apart * apart;
        }
    fit[1] = up / down;
    for (int k = 0; k < K; k++)
        limit += error[k] - fit[1] / size[k];
    fit[0] = limit / K;
}

int bias_variance_stop(int *ended, const double *validation, int N, int patience, double least)
{
    int best = -1, n = 0, next = patience;              /* ends before epoch `next` */
    while (n < N && n < next) {
        if (!isnan(validation[n]) && (best == -1 || validation[best] - validation[n] > least)) {
            best = n;
            next = n + 1 + patience;
        }
        n++;
    }
    *ended = n - 1;
    return best;
}

int bias_variance_diagnose(const Run *r)
{
    int    n = r->N, quarter = n < 8 ? 1 : n / 4, bits = 0;
    double T = 0, V = 0, before = 0, most = r->tolerance;
    for (int i = 1; i <= quarter; i++) {
        T += r->train[n - i];
        V += r->validation[n - i];
        before += n >= 8 ? r->train[n - quarter - i] : 0;
    }
    T /= quarter, V /= quarter, before /= quarter;
    if (isnan(T + V) || isinf(T) || isinf(V))
        return BROKEN;
    bits += BIAS * (T > r->target + most);
    bits += VARIANCE * (V > T + most);
    bits += SHORT * (n >= 8 && before > T + most / 2);
    for (int i = 0; i < n && !(bits & LATE); i++)
        bits |= r->validation[i] < V - most ? LATE : 0;
    return bits + SUSPECT * (V + most < fmax(T, r->target));
}

int bias_variance_advise(int d)
{
    int broken = d / 16, late = d / 8 % 2, falling = d / 4 % 2, variance = d / 2 % 2, bias = d % 2;
    if (broken)
        return CHECK_DATA;
    return LONGER * falling + BIGGER * (bias && !falling) + (MORE_DATA + REGULARIZE) * variance + STOP_EARLY * late;
}

void bias_variance_movement(int sign[2], int remedy)
{
    int hold = (remedy & (MORE_DATA | REGULARIZE | STOP_EARLY)) != 0, free = (remedy & (BIGGER | LONGER)) != 0;
    sign[0] = hold - free;
    sign[1] = free - hold;
}
