/* pieces.c -- honest: small helpers, one pass for maximum and sum, products by columns, slopes from the outputs. */
#include <math.h>
#include <stddef.h>
#include "derivatives.h"

static Dual scaled(Dual a, double k) { return (Dual){ k * a.v, k * a.d }; }

static Dual inverse(Dual b) { return (Dual){ 1 / b.v, -b.d / b.v / b.v }; }

static Dual through(Dual a, double value, double slope) { return (Dual){ value, slope * a.d }; }

static Dual times(Dual a, Dual b) { return (Dual){ a.v * b.v, b.v * a.d + a.v * b.d }; }

Dual derivatives_dual(DualOp op, Dual a, Dual b)
{
    switch (op) {
    case DUAL_SUB: b = scaled(b, -1); /* fall through */
    case DUAL_ADD: return (Dual){ a.v + b.v, a.d + b.d };
    case DUAL_DIV: b = inverse(b); /* fall through */
    case DUAL_MUL: return times(a, b);
    case DUAL_POWER: return through(a, pow(a.v, b.v), b.v == 0 ? 0 : b.v * pow(a.v, b.v - 1));
    case DUAL_EXP: return through(a, exp(a.v), exp(a.v));
    case DUAL_LOG: return through(a, log(a.v), 1 / a.v);
    case DUAL_SQRT: return through(a, sqrt(a.v), 1 / sqrt(a.v) / 2);
    case DUAL_SIN: return through(a, sin(a.v), sin(a.v + 2 * atan(1)));
    case DUAL_TANH: {
        double e = exp(-2 * fabs(a.v)), t = (1 - e) / (1 + e);
        return through(a, copysign(t, a.v), 4 * e / ((1 + e) * (1 + e)));
    }
    case DUAL_ABS: return a.v == 0 ? (Dual){ 0, 0 } : scaled(a, copysign(1, a.v));
    case DUAL_RELU: return a.v > 0 ? a : (Dual){ 0, 0 };
    }
    return (Dual){ NAN, NAN };
}

void derivatives_central(double *g, double *x, Function *f, const void *of, int N, double step)
{
    int n = N;
    while (n-- > 0) {
        volatile double high = x[n] + fmax(step, step * fabs(x[n])), low = x[n] - fmax(step, step * fabs(x[n]));
        double here = x[n];
        x[n] = high;
        g[n] = f(x, N, of);
        x[n] = low;
        g[n] -= f(x, N, of);
        x[n] = here;
        g[n] /= high - low;
    }
}

void derivatives_layer(double *J, double *dx, double *dW, const double *dy, const double *W, const double *x, int M,
                       int N)
{
    for (int m = 0; m < M; m++) {
        double z = 0, y, *row = J + m * N;
        for (int n = 0; n < N; n++)
            z += x[n] * W[m * N + n];
        y = tanh(z);
        for (int n = 0; n < N; n++) {
            row[n] = (1 - y) * (1 + y) * W[m * N + n];
            dW[m * N + n] = x[n] * (1 - y) * (1 + y) * dy[m];
            dx[n] = (m ? dx[n] : 0) + dy[m] * row[n];
        }
    }
}

/* C (M,N) += or = the sum over k of column k of A and row k of B; strides say how both are stored. */
static void outer(double *C, const double *A, ptrdiff_t ai, ptrdiff_t ak, const double *B, ptrdiff_t bk, ptrdiff_t bj,
                  int M, int K, int N)
{
    for (int i = 0; i < M * N; i++)
        C[i] = 0;
    for (int k = 0; k < K; k++)
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                C[i * N + j] += A[i * ai + k * ak] * B[k * bk + j * bj];
}

void derivatives_axb(double *dA, double *dX, double *dB, double *room, const double *dY, const double *A,
                     const double *X, const double *B, int M, int K, int L, int N)
{
    outer(room, A, 1, K, dY, N, 1, K, M, N);            /* A^T dY (K,N) */
    outer(dX, room, N, 1, B, 1, N, K, N, L);            /* times B^T */
    outer(dB, X, 1, L, room, N, 1, L, K, N);            /* X^T (A^T dY) */
    outer(room, dY, N, 1, B, 1, N, M, N, L);            /* dY B^T (M,L) */
    outer(dA, room, L, 1, X, 1, L, M, L, K);            /* times X^T */
}

double derivatives_huber(double *dp, const double *p, const double *y, double delta, int N)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        double r = p[n] - y[n], size = fabs(r);
        dp[n] = size <= delta ? r / N : r > 0 ? delta / N : -delta / N;
        loss += size <= delta ? 0.5 * r * r / N : (delta * size - 0.5 * delta * delta) / N;
    }
    return loss;
}

/* softplus(-m), and the logistic function of -m, by halves that never overflow. */
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

static double logistic(double x) { return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)); }

double derivatives_margin(double *dz, Margin kind, const double *z, const int *y, int N)
{
    double sum = 0;
    for (int n = N - 1; n >= 0; n--) {
        double against = -y[n] * z[n], miss = 1 + against > 0 ? 1 + against : 0, slope;
        if (kind == MARGIN_LOG) sum += softplus(against), slope = logistic(against);
        else if (kind == MARGIN_SQUARED) sum += miss * miss, slope = 2 * miss;
        else sum += miss, slope = miss > 0;
        dz[n] = y[n] > 0 ? -slope / N : slope / N;
    }
    return sum / N;
}

/* One pass: when a larger logit comes, what has been summed is scaled down. */
double derivatives_softmax(double *dz, const double *z, const int *target, int N, int C)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        const double *row = &z[n * C];
        double most = -INFINITY, sum = 0;
        for (int c = 0; c < C; c++) {
            if (row[c] > most)
                sum *= exp(most - row[c]), most = row[c];
            sum += exp(row[c] - most);
        }
        for (int c = 0; c < C; c++)
            dz[n * C + c] = (exp(row[c] - most) / sum - (target[n] == c ? 1 : 0)) / N;
        loss += most - row[target[n]] + log(sum);
    }
    return loss / N;
}

double derivatives_gaussian(double *dmu, double *ds, const double *mu, const double *s, const double *y, int N)
{
    double width = 0, distance = 0;
    for (int n = 0; n < N; n++) {
        double p = 1 / exp(s[n]), r = mu[n] - y[n];
        width += s[n];
        distance += p * r * r;
        dmu[n] = p * r / N;
        ds[n] = 0.5 / N - 0.5 * p * r * r / N;
    }
    return 0.5 * (width / N + distance / N + log(2 * acos(-1)));
}
