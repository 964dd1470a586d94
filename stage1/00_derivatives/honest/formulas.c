/* formulas.c -- honest: other formulas for the same numbers; transposed loops; a gradient that is gathered. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "derivatives.h"

/* By the derivative of each function at a and b: value, and its slopes by both. */
Dual derivatives_dual(DualOp op, Dual a, Dual b)
{
    double v = NAN, by_a = NAN, by_b = 0;
    if (op == DUAL_ADD) v = a.v + b.v, by_a = 1, by_b = 1;
    if (op == DUAL_SUB) v = a.v - b.v, by_a = 1, by_b = -1;
    if (op == DUAL_MUL) v = a.v * b.v, by_a = b.v, by_b = a.v;
    if (op == DUAL_DIV) v = a.v / b.v, by_a = 1 / b.v, by_b = -a.v / (b.v * b.v);
    if (op == DUAL_POWER) v = pow(a.v, b.v), by_a = v * b.v / a.v;
    if (op == DUAL_EXP) v = by_a = exp(a.v);
    if (op == DUAL_LOG) v = log(a.v), by_a = 1 / a.v;
    if (op == DUAL_SQRT) v = sqrt(a.v), by_a = 0.5 / v;
    if (op == DUAL_SIN) v = sin(a.v), by_a = cos(a.v);
    if (op == DUAL_TANH) v = tanh(a.v), by_a = 1 / (cosh(a.v) * cosh(a.v));
    if (op == DUAL_ABS) v = fabs(a.v), by_a = (a.v > 0) - (a.v < 0);
    if (op == DUAL_RELU) v = a.v > 0 ? a.v : 0, by_a = a.v > 0;
    return (Dual){ v, by_a * a.d + (by_b != 0 ? by_b * b.d : 0) };
}

void derivatives_central(double *g, double *x, Function *f, const void *of, int N, double step)
{
    for (double *one = x; one < x + N; one++) {
        double was = *one, size = fabs(was) > 1 ? fabs(was) : 1, place[2] = { was - step * size, was + step * size };
        double value[2];
        for (int side = 0; side < 2; side++) {
            *one = place[side];
            value[side] = f(x, N, of);
        }
        *one = was;
        *g++ = (value[1] - value[0]) / (place[1] - place[0]);
    }
}

void derivatives_layer(double *J, double *dx, double *dW, const double *dy, const double *W, const double *x, int M,
                       int N)
{
    for (int m = 0; m < M; m++) {
        double z = 0, c;
        for (int n = N - 1; n >= 0; n--)
            z += W[m * N + n] * x[n];
        c = cosh(z);
        for (int n = 0; n < N; n++) {
            J[m * N + n] = W[m * N + n] / c / c;
            dW[m * N + n] = dy[m] / c / c * x[n];
        }
    }
    for (int n = 0; n < N; n++) {
        dx[n] = 0;
        for (int m = 0; m < M; m++)
            dx[n] += dy[m] * J[m * N + n];
    }
}

/* Four indices at once, straight from Y[m][n] = sum over k, l of A[m][k] X[k][l] B[l][n]. */
void derivatives_axb(double *dA, double *dX, double *dB, double *room, const double *dY, const double *A,
                     const double *X, const double *B, int M, int K, int L, int N)
{
    (void)room;
    memset(dA, 0, (size_t)(M * K) * sizeof *dA);
    memset(dX, 0, (size_t)(K * L) * sizeof *dX);
    memset(dB, 0, (size_t)(L * N) * sizeof *dB);
    for (int m = 0; m < M; m++)
        for (int k = 0; k < K; k++)
            for (int l = 0; l < L; l++)
                for (int n = 0; n < N; n++) {
                    double d = dY[m * N + n], a = A[m * K + k], x = X[k * L + l], b = B[l * N + n];
                    dA[m * K + k] += d * x * b;
                    dX[k * L + l] += d * a * b;
                    dB[l * N + n] += d * a * x;
                }
}

/* The slope is the residual, cut to +-delta; the loss is its slope's area. */
double derivatives_huber(double *dp, const double *p, const double *y, double delta, int N)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        double r = p[n] - y[n], cut = fmin(fmax(r, -delta), delta);
        loss += cut * (r - cut / 2);
        dp[n] = cut / N;
    }
    return loss / N;
}

double derivatives_margin(double *dz, Margin kind, const double *z, const int *y, int N)
{
    double sum = 0;
    for (int n = 0; n < N; n++) {
        double m = y[n] * z[n];
        switch (kind) {
        case MARGIN_LOG:
            sum += m > 0 ? log1p(exp(-m)) : log1p(exp(m)) - m;
            dz[n] = -y[n] / (1 + exp(m)) / N;           /* exp may be infinite here: 1/infinity is 0 */
            break;
        case MARGIN_HINGE:
            sum += m < 1 ? 1 - m : 0;
            dz[n] = m < 1 ? -(double)y[n] / N : 0;
            break;
        case MARGIN_SQUARED:
            sum += m < 1 ? (1 - m) * (1 - m) : 0;
            dz[n] = m < 1 ? 2 * (m - 1) * y[n] / N : 0;
        }
    }
    return sum / N;
}

/* log sum exp with the terms other than the largest alone: log1p keeps what they add. */
double derivatives_softmax(double *dz, const double *z, const int *target, int N, int C)
{
    double loss = 0;
    for (int n = 0; n < N; n++, z += C, dz += C) {
        int    top = 0;
        double rest = 0;
        for (int c = 1; c < C; c++)
            top = z[c] > z[top] ? c : top;
        for (int c = 0; c < C; c++)
            rest += c != top ? exp(z[c] - z[top]) : 0;
        loss += (z[top] - z[target[n]] + log1p(rest)) / N;
        for (int c = 0; c < C; c++)
            dz[c] = exp(z[c] - z[top]) / (1 + rest) / N;
        dz[target[n]] -= 1.0 / N;
    }
    return loss;
}

double derivatives_gaussian(double *dmu, double *ds, const double *mu, const double *s, const double *y, int N)
{
    double loss = 0.5 * log(8 * atan(1));
    for (int n = 0; n < N; n++) {
        double u = (mu[n] - y[n]) / exp(s[n] / 2);      /* in standard deviations */
        loss += (0.5 * s[n] + 0.5 * u * u) / N;
        dmu[n] = u / exp(s[n] / 2) / N;
        ds[n] = (0.5 - 0.5 * u * u) / N;
    }
    return loss;
}
