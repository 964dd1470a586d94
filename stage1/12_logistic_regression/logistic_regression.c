/* logistic_regression.c -- probabilities from a straight line: loss, Newton, SGD, separable data, many classes. */
#include <math.h>
#include <stdbool.h>
#include "logistic_regression.h"

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static double largest(const double *v, int n)
{
    double max = 0;
    for (int i = 0; i < n; i++)
        max = fmax(max, fabs(v[i]));
    return max;
}

void logistic_regression_balance(double *weight, const int *y, int N, int C)
{
    for (int c = 0; c < C; c++) {
        int count = 0;
        for (int n = 0; n < N; n++)
            count += y[n] == c;
        weight[c] = count ? (double)N / ((double)C * count) : 0;
    }
}

/* loss = log(1 + exp(-z)) where y is 1, log(1 + exp(z)) where it is 0; with m = max(0, -z) or max(0, z) before it
 * log(1 + exp(-|z|)) is left, and that exp is at most 1 */
double logistic_regression_point(double *p, double z, int y)
{
    /* exercise: write p and return the loss, through exp(-|z|) alone, so that nothing overflows */
    double e = exp(-fabs(z));
    *p = (z < 0 ? e : 1) / (1 + e);
    return fmax(0, y ? -z : z) + log1p(e);
    /* end */
}

/* f = 1/N sum weight loss + lambda/2 |w|^2,   dw = 1/N sum weight (p - y) x + lambda w */
double logistic_regression_loss(double *dw, const LogisticData *data, const double *w)
{
    /* exercise: return the weighted mean loss plus the penalty, write the gradient of both to dw */
    int    D = data->D;
    double sum = 0, square = 0;
    for (int d = 0; d < D; d++)
        dw[d] = 0;
    for (int n = 0; n < data->N; n++) {
        const double *x = data->X + n * D;
        double weight = data->weight ? data->weight[data->y[n]] : 1, p;
        sum += weight * logistic_regression_point(&p, dot(x, w, D), data->y[n]);
        for (int d = 0; d < D; d++)
            dw[d] += weight * (p - data->y[n]) * x[d];
    }
    for (int d = 0; d < D; d++) {
        bool held = d >= data->free;                /* the intercept may be as large as it likes */
        square += held ? w[d] * w[d] : 0;
        dw[d] = dw[d] / data->N + (held ? data->lambda * w[d] : 0);
    }
    return sum / data->N + data->lambda / 2 * square;
    /* end */
}

/* H = 1/N sum weight p (1 - p) x x^T + lambda I */
void logistic_regression_hessian(double *H, const LogisticData *data, const double *w)
{
    /* exercise: add up p (1 - p) x x^T over the samples, weighted, as a mean; then the penalty's diagonal */
    int D = data->D;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            H[i * D + j] = i == j && i >= data->free ? data->lambda : 0;
    for (int n = 0; n < data->N; n++) {
        const double *x = data->X + n * D;
        double weight = data->weight ? data->weight[data->y[n]] : 1, p;
        logistic_regression_point(&p, dot(x, w, D), data->y[n]);
        for (int i = 0; i < D; i++) {
            double xi = weight * p * (1 - p) * x[i] / data->N;
            for (int j = 0; j < D; j++)
                H[i * D + j] += xi * x[j];
        }
    }
    /* end */
}

/* H x = b by Cholesky: L L^T = H in H's lower triangle, then L z = b, L^T x = z. False: not positive definite. */
static bool solve(double *x, double *H, const double *b, int D)
{
    for (int j = 0; j < D; j++) {
        double left = H[j * D + j] - dot(H + j * D, H + j * D, j);
        if (!(left > 1e-14 * H[j * D + j]))
            return false;
        H[j * D + j] = sqrt(left);
        for (int i = j + 1; i < D; i++)
            H[i * D + j] = (H[i * D + j] - dot(H + i * D, H + j * D, j)) / H[j * D + j];
    }
    for (int i = 0; i < D; i++)
        x[i] = (b[i] - dot(H + i * D, x, i)) / H[i * D + i];
    for (int i = D - 1; i >= 0; i--) {
        for (int k = i + 1; k < D; k++)
            x[i] -= H[k * D + i] * x[k];
        x[i] /= H[i * D + i];
    }
    return true;
}

/* H s = dw,   w = w - t s */
int logistic_regression_newton(double *w, double *loss, double *work, const LogisticData *data, double tolerance,
                               int steps)
{
    int     D = data->D;
    double *dw = work, *s = dw + D, *next = s + D, *H = next + D;
    for (int i = 0; i < steps; i++) {
        loss[i] = logistic_regression_loss(dw, data, w);
        if (largest(dw, D) <= tolerance)
            return i;
        logistic_regression_hessian(H, data, w);
        if (!solve(s, H, dw, D))
            return i;
        /* exercise: halve t from 1 until the loss of next = w - t s has fallen enough, at 2^-40 return i; w = next */
        double slope = dot(dw, s, D), t = 1;
        for (;; t /= 2) {
            for (int d = 0; d < D; d++)
                next[d] = w[d] - t * s[d];
            if (logistic_regression_loss(H, data, next) <= loss[i] * (1 + 1e-14) - t * slope / 10000)
                break;                              /* H is used up: its first row serves as a gradient nobody wants */
            if (t < 1e-12)
                return i;
        }
        for (int d = 0; d < D; d++)
            w[d] = next[d];
        /* end */
    }
    return steps;
}

/* For each batch: w = w - rate (1/batch sum weight (p - y) x + lambda w) */
void logistic_regression_sgd(double *w, double *dw, const LogisticData *data, const int *order, int batch, double rate)
{
    /* exercise: for each batch add up the gradients of its rows, divide, add the penalty's; then move w */
    int D = data->D;
    for (int from = 0; from < data->N; from += batch) {
        int rows = data->N - from < batch ? data->N - from : batch;
        for (int d = 0; d < D; d++)
            dw[d] = d < data->free ? 0 : data->lambda * w[d];
        for (int b = 0; b < rows; b++) {
            int n = order[from + b];
            const double *x = data->X + n * D;
            double weight = data->weight ? data->weight[data->y[n]] : 1, p;
            logistic_regression_point(&p, dot(x, w, D), data->y[n]);
            for (int d = 0; d < D; d++)
                dw[d] += weight * (p - data->y[n]) * x[d] / rows;
        }
        for (int d = 0; d < D; d++)                 /* only now: all rows of a batch see the same w */
            w[d] -= rate * dw[d];
    }
    /* end */
}

double logistic_regression_margin(const LogisticData *data, const double *w)
{
    /* exercise: the smallest of x w for class 1 and -x w for class 0 */
    double least = INFINITY;
    for (int n = 0; n < data->N; n++) {
        double z = dot(data->X + n * data->D, w, data->D);
        least = fmin(least, data->y[n] ? z : -z);
    }
    return least;
    /* end */
}

/* ---- Many classes ------------------------------------------------------------------------------------------------ */

/* p = exp(z - max) / sum,   -log p[y] = log sum - (z[y] - max) */
double logistic_regression_softmax_loss(double *dW, double *P, const LogisticData *data, const double *W, int C)
{
    int    D = data->D;
    double loss = 0, square = 0;
    for (int i = 0; i < C * D; i++)
        dW[i] = 0;
    for (int n = 0; n < data->N; n++) {
        const double *x = data->X + n * D;
        double *p = P + n * C, weight = data->weight ? data->weight[data->y[n]] : 1;
        /* exercise: p from the scores W x; add weight times -log p[y] to loss, weight (p[c] - (y == c)) x / N to dW */
        double max = -INFINITY, sum = 0;
        for (int c = 0; c < C; c++) {
            p[c] = dot(W + c * D, x, D);
            max = fmax(max, p[c]);
        }
        double behind = max - p[data->y[n]];        /* now: exp underflows where this is large */
        for (int c = 0; c < C; c++) {
            p[c] = exp(p[c] - max);
            sum += p[c];
        }
        loss += weight * (log(sum) + behind);
        for (int c = 0; c < C; c++) {
            p[c] /= sum;
            double off = weight * (p[c] - (data->y[n] == c)) / data->N;
            for (int d = 0; d < D; d++)
                dW[c * D + d] += off * x[d];
        }
        /* end */
    }
    for (int i = 0; i < C * D; i++)
        if (i % D >= data->free) {
            square += W[i] * W[i];
            dW[i] += data->lambda * W[i];
        }
    return loss / data->N + data->lambda / 2 * square;
}

/* HV[c] = 1/N sum weight p[c] (u[c] - p u) x + lambda V[c],   u = V x */
void logistic_regression_softmax_product(double *HV, const LogisticData *data, const double *P, const double *V, int C)
{
    /* exercise: lambda V first; then for each row the mean of u under p, and what each class adds to HV */
    int D = data->D;
    for (int i = 0; i < C * D; i++)
        HV[i] = i % D < data->free ? 0 : data->lambda * V[i];
    for (int n = 0; n < data->N; n++) {
        const double *x = data->X + n * D, *p = P + n * C;
        double weight = data->weight ? data->weight[data->y[n]] : 1, mean = 0;
        for (int c = 0; c < C; c++)
            mean += p[c] * dot(V + c * D, x, D);
        for (int c = 0; c < C; c++) {
            double r = weight * p[c] * (dot(V + c * D, x, D) - mean) / data->N;
            for (int d = 0; d < D; d++)
                HV[c * D + d] += r * x[d];
        }
    }
    /* end */
}

/* H s = dW by conjugate gradients, to a tenth of |dW|, and closer as |dW| falls: few products while far off */
static void conjugate(double *s, double *r, double *q, double *Hq, const double *dW, const double *P,
                      const LogisticData *data, int C)
{
    int    n = C * data->D;
    double whole = dot(dW, dW, n), square = whole, enough = whole * fmin(0.01, sqrt(whole));
    for (int i = 0; i < n; i++)
        s[i] = 0, r[i] = q[i] = dW[i];
    for (int k = 0; k < n && square > enough; k++) {
        logistic_regression_softmax_product(Hq, data, P, q, C);
        double curve = dot(q, Hq, n), before = square;
        if (!(curve > 0))
            return;                                 /* flat: the penalty leaves the intercepts' common part alone */
        for (int i = 0; i < n; i++) {
            s[i] += before / curve * q[i];
            r[i] -= before / curve * Hq[i];
        }
        square = dot(r, r, n);
        for (int i = 0; i < n; i++)
            q[i] = r[i] + square / before * q[i];
    }
}

int logistic_regression_softmax_fit(double *W, double *work, const LogisticData *data, double tolerance, int steps,
                                    int C)
{
    int     n = C * data->D;
    double *dW = work, *s = dW + n, *r = s + n, *q = r + n, *next = q + n, *P = next + n;
    for (int k = 0; k < steps; k++) {
        double loss = logistic_regression_softmax_loss(dW, P, data, W, C), t = 1;
        if (largest(dW, n) <= tolerance)
            return k;
        conjugate(s, r, q, next, dW, P, data, C);
        for (double slope = dot(dW, s, n);; t /= 2) {
            for (int i = 0; i < n; i++)
                next[i] = W[i] - t * s[i];
            if (logistic_regression_softmax_loss(r, P, data, next, C) <= loss * (1 + 1e-14) - t * slope / 10000)
                break;
            if (t < 1e-12)
                return k;
        }
        for (int i = 0; i < n; i++)
            W[i] = next[i];
    }
    return steps;
}
