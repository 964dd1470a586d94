/* bias_variance.c -- why a model errs: too stiff, too nervous, or the world's own noise; and what to do about it. */
#include <math.h>
#include "bias_variance.h"

void bias_variance_features(double *X, const double *x, int N, int D)
{
    for (int n = 0; n < N; n++) {
        double *row = X + (long)n * D;
        /* exercise: P_0 .. P_{D-1} by the recurrence; times sqrt(2d + 1) when no later one needs them bare */
        row[0] = 1;
        if (D > 1)
            row[1] = x[n];
        for (int d = 1; d + 1 < D; d++)
            row[d + 1] = ((2 * d + 1) * x[n] * row[d] - d * row[d - 1]) / (d + 1);
        for (int d = 0; d < D; d++)
            row[d] *= sqrt(2 * d + 1);
        /* end */
    }
}

void bias_variance_decompose(double parts[2], const double *predicted, const double *truth, int R, int N)
{
    parts[0] = parts[1] = 0;
    for (int n = 0; n < N; n++) {
        /* exercise: mean and variance of the R predictions for point n; the variance's share taken off the bias */
        double mean = 0, variance = 0;
        for (int r = 0; r < R; r++)
            mean += predicted[(long)r * N + n] / R;
        for (int r = 0; r < R; r++) {
            double d = predicted[(long)r * N + n] - mean;
            variance += d * d / (R - 1);
        }
        parts[0] += ((mean - truth[n]) * (mean - truth[n]) - variance / R) / N;
        parts[1] += variance / N;
        /* end */
    }
}

int bias_variance_out_of_bag(double parts[2], const double *predicted, const int *times, const double *y, int R, int N)
{
    int rows = 0;
    parts[0] = parts[1] = 0;
    for (int n = 0; n < N; n++) {
        /* exercise: the same over the models that have not seen row n; skip it if fewer than two */
        int    models = 0;
        double mean = 0, variance = 0;
        for (int r = 0; r < R; r++)
            if (times[(long)r * N + n] == 0)
                mean += predicted[(long)r * N + n], models++;
        if (models < 2)
            continue;
        mean /= models;
        for (int r = 0; r < R; r++)
            if (times[(long)r * N + n] == 0) {
                double d = predicted[(long)r * N + n] - mean;
                variance += d * d / (models - 1);
            }
        parts[0] += (mean - y[n]) * (mean - y[n]) - variance / models;
        parts[1] += variance;
        rows++;
        /* end */
    }
    for (int i = 0; i < 2; i++)
        parts[i] = rows ? parts[i] / rows : NAN;
    return rows;
}

/* A straight line in u = 1/size:  slope = sum (u - mean u)(e - mean e) / sum (u - mean u)^2 */
void bias_variance_extrapolate(double fit[2], const double *error, const int *size, int K)
{
    /* exercise: the means of 1/size and of error; the slope; the limit, where 1/size is 0 */
    double u = 0, e = 0, ue = 0, uu = 0;
    for (int k = 0; k < K; k++)
        u += 1.0 / size[k] / K, e += error[k] / K;
    for (int k = 0; k < K; k++) {
        double d = 1.0 / size[k] - u;
        ue += d * (error[k] - e);
        uu += d * d;
    }
    fit[1] = ue / uu;
    fit[0] = e - fit[1] * u;
    /* end */
}

int bias_variance_stop(int *ended, const double *validation, int N, int patience, double least)
{
    /* exercise: walk through the epochs; remember the best one and how long ago it was */
    int best = -1;
    *ended = N - 1;
    for (int n = 0; n < N; n++) {
        if (best < 0 ? !isnan(validation[n]) : validation[n] < validation[best] - least)
            best = n;
        if (n - best >= patience) {                     /* before the first good one: since the epoch before 0 */
            *ended = n;
            break;
        }
    }
    return best;
    /* end */
}

static double mean_of(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i];
    return sum / n;
}

int bias_variance_diagnose(const Run *run)
{
    /* exercise: T and V by mean_of(); the lowest validation error; then one if for each of the six findings */
    int    quarter = run->N < 8 ? 1 : run->N / 4, found = 0, from = run->N - quarter;
    double T = mean_of(run->train + from, quarter), V = mean_of(run->validation + from, quarter), lowest = INFINITY;
    for (int n = 0; n < run->N; n++)
        lowest = fmin(lowest, run->validation[n]);
    if (!isfinite(T) || !isfinite(V))
        return BROKEN;
    if (T - run->target > run->tolerance)
        found |= BIAS;
    if (V - T > run->tolerance)
        found |= VARIANCE;
    if (run->N >= 8 && mean_of(run->train + from - quarter, quarter) - T > run->tolerance / 2)
        found |= SHORT;
    if (V - lowest > run->tolerance)
        found |= LATE;
    if (T - V > run->tolerance || run->target - V > run->tolerance)
        found |= SUSPECT;
    return found;
    /* end */
}

int bias_variance_advise(int diagnosis)
{
    /* exercise: CHECK_DATA first, and alone; then what each finding asks for */
    int todo = 0;
    if (diagnosis & (SUSPECT | BROKEN))
        return CHECK_DATA;
    if (diagnosis & SHORT)
        todo |= LONGER;
    else if (diagnosis & BIAS)
        todo |= BIGGER;
    if (diagnosis & VARIANCE)
        todo |= MORE_DATA | REGULARIZE;
    if (diagnosis & LATE)
        todo |= STOP_EARLY;
    return todo;
    /* end */
}

void bias_variance_movement(int sign[2], int remedy)
{
    /* exercise: two groups of remedies, and CHECK_DATA */
    int freer = remedy == BIGGER || remedy == LONGER;
    sign[0] = freer ? -1 : remedy == CHECK_DATA ? 0 : 1;
    sign[1] = -sign[0];
    /* end */
}

/* ---- Given ------------------------------------------------------------------------------------------------------- */

/* A = L L^T in place (lower half), then A b = b. A (M,M) */
static void solve(double *A, double *b, int M)
{
    for (int j = 0; j < M; j++)
        for (int i = j; i < M; i++) {
            double s = A[i * M + j];
            for (int k = 0; k < j; k++)
                s -= A[i * M + k] * A[j * M + k];
            A[i * M + j] = i == j ? sqrt(s) : s / A[j * M + j];
        }
    for (int i = 0; i < M; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= A[i * M + k] * b[k];
        b[i] /= A[i * M + i];
    }
    for (int i = M - 1; i >= 0; i--) {
        for (int k = i + 1; k < M; k++)
            b[i] -= A[k * M + i] * b[k];
        b[i] /= A[i * M + i];
    }
}

void bias_variance_fit(double *w, double *room, const double *X, const double *y, double lambda, int N, int D)
{
    int     wide = N < D, M = wide ? N : D, other = wide ? D : N, along = wide ? 1 : D, across = wide ? D : 1;
    double *A = room, *b = room + (long)M * M, trace = 0;
    for (int i = 0; i < M; i++) {
        for (int j = 0; j <= i; j++) {
            A[i * M + j] = 0;
            for (int k = 0; k < other; k++)
                A[i * M + j] += X[(long)i * across + (long)k * along] * X[(long)j * across + (long)k * along];
        }
        trace += A[i * M + i];
        b[i] = wide ? y[i] : 0;
        for (int n = 0; n < N && !wide; n++)
            b[i] += X[(long)n * D + i] * y[n];
    }
    for (int i = 0; i < M; i++)
        A[i * M + i] += lambda * N + 1e-12 * trace;
    solve(A, b, M);
    for (int d = 0; d < D; d++) {
        w[d] = wide ? 0 : b[d];
        for (int n = 0; n < N && wide; n++)
            w[d] += X[(long)n * D + d] * b[n];
    }
}
