/* derivatives.c -- derivatives three ways: by pairs, by differences, by hand; losses that stand large logits. */
#include <math.h>
#include "derivatives.h"

Dual derivatives_dual(DualOp op, Dual a, Dual b)
{
    if (op == DUAL_ADD)
        return (Dual){ a.v + b.v, a.d + b.d };
    /* exercise: a case for each other op: the value, and the derivative by the chain rule */
    switch (op) {
    case DUAL_SUB: return (Dual){ a.v - b.v, a.d - b.d };
    case DUAL_MUL: return (Dual){ a.v * b.v, a.d * b.v + a.v * b.d };
    case DUAL_DIV: return (Dual){ a.v / b.v, (a.d - a.v / b.v * b.d) / b.v };
    case DUAL_POWER: return (Dual){ pow(a.v, b.v), b.v * pow(a.v, b.v - 1) * a.d };
    case DUAL_EXP: return (Dual){ exp(a.v), exp(a.v) * a.d };
    case DUAL_LOG: return (Dual){ log(a.v), a.d / a.v };
    case DUAL_SQRT: return (Dual){ sqrt(a.v), a.d / (2 * sqrt(a.v)) };
    case DUAL_SIN: return (Dual){ sin(a.v), cos(a.v) * a.d };
    case DUAL_TANH: return (Dual){ tanh(a.v), (1 - tanh(a.v) * tanh(a.v)) * a.d };
    case DUAL_ABS: return (Dual){ fabs(a.v), a.v > 0 ? a.d : a.v < 0 ? -a.d : 0 };
    case DUAL_RELU: return (Dual){ fmax(a.v, 0), a.v > 0 ? a.d : 0 };
    default: break;
    }
    /* end */
    return (Dual){ NAN, NAN };
}

void derivatives_central(double *g, double *x, Function *f, const void *of, int N, double step)
{
    for (int n = 0; n < N; n++) {
        /* exercise: f above and below x[n], the places as they are stored; x[n] put back */
        double kept = x[n], h = step * fmax(1, fabs(kept)), high = kept + h, low = kept - h;
        x[n] = high;
        double above = f(x, N, of);
        x[n] = low;
        double below = f(x, N, of);
        x[n] = kept;
        g[n] = (above - below) / (high - low);
        /* end */
    }
}

void derivatives_layer(double *J, double *dx, double *dW, const double *dy, const double *W, const double *x, int M,
                       int N)
{
    for (int n = 0; n < N; n++)
        dx[n] = 0;
    for (int m = 0; m < M; m++) {
        double z = 0;
        for (int n = 0; n < N; n++)
            z += W[m * N + n] * x[n];
        /* exercise: slope = dy[m]/dz; row m of J, what it adds to dx, row m of dW */
        double y = tanh(z), slope = 1 - y * y, dz = dy[m] * slope;
        for (int n = 0; n < N; n++) {
            J[m * N + n] = slope * W[m * N + n];
            dx[n] += dz * W[m * N + n];
            dW[m * N + n] = dz * x[n];
        }
        /* end */
    }
}

/* C = A B; with ta, A is stored transposed, with tb B is. C (M,N), inner K. */
static void product(double *C, const double *A, const double *B, int M, int K, int N, int ta, int tb)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            double sum = 0;
            for (int k = 0; k < K; k++)
                sum += (ta ? A[k * M + m] : A[m * K + k]) * (tb ? B[n * K + k] : B[k * N + n]);
            C[m * N + n] = sum;
        }
}

void derivatives_axb(double *dA, double *dX, double *dB, double *room, const double *dY, const double *A,
                     const double *X, const double *B, int M, int K, int L, int N)
{
    double *XB = room, *AX = room + K * N;              /* (K,N), (M,L) */
    /* exercise: XB and AX by product(); then dA, dB, and dX by way of dY B^T in AX's place */
    product(XB, X, B, K, L, N, 0, 0);
    product(dA, dY, XB, M, N, K, 0, 1);                 /* dY (X B)^T */
    product(AX, A, X, M, K, L, 0, 0);
    product(dB, AX, dY, L, M, N, 1, 0);                 /* (A X)^T dY */
    product(AX, dY, B, M, N, L, 0, 1);                  /* dY B^T */
    product(dX, A, AX, K, M, L, 1, 0);                  /* A^T (dY B^T) */
    /* end */
}

double derivatives_huber(double *dp, const double *p, const double *y, double delta, int N)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        /* exercise: the loss of residual r, added up; dp[n], the slope of the mean */
        double r = p[n] - y[n];
        int    far = fabs(r) > delta;
        loss += far ? delta * (fabs(r) - delta / 2) : r * r / 2;
        dp[n] = (far ? copysign(delta, r) : r) / N;
        /* end */
    }
    return loss / N;
}

double derivatives_margin(double *dz, Margin kind, const double *z, const int *y, int N)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        /* exercise: the loss of margin m and its slope dm; MARGIN_LOG by exp(-|m|), which never overflows */
        double m = y[n] * z[n], dm, short_of = fmax(1 - m, 0), e = exp(-fabs(m));
        if (kind == MARGIN_LOG) {
            loss += log1p(e) + fmax(-m, 0);
            dm = m > 0 ? -e / (1 + e) : -1 / (1 + e);
        } else if (kind == MARGIN_HINGE) {
            loss += short_of;
            dm = short_of > 0 ? -1 : 0;
        } else {
            loss += short_of * short_of;
            dm = -2 * short_of;
        }
        dz[n] = dm * y[n] / N;
        /* end */
    }
    return loss / N;
}

double derivatives_softmax(double *dz, const double *z, const int *target, int N, int C)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        const double *row = z + (long)n * C;
        double       *d = dz + (long)n * C;
        /* exercise: the largest logit taken off first; the sum of exp; the loss; the gradient */
        double most = row[0], sum = 0;
        for (int c = 1; c < C; c++)
            most = fmax(most, row[c]);
        for (int c = 0; c < C; c++)
            sum += d[c] = exp(row[c] - most);
        loss += log(sum) - (row[target[n]] - most);
        for (int c = 0; c < C; c++)
            d[c] = (d[c] / sum - (c == target[n])) / N;
        /* end */
    }
    return loss / N;
}

double derivatives_gaussian(double *dmu, double *ds, const double *mu, const double *s, const double *y, int N)
{
    static const double LOG_2PI = 1.83787706640934548356;
    double loss = 0;
    for (int n = 0; n < N; n++) {
        /* exercise: the squared distance in variances; the loss; its slopes by mu and s */
        double r = y[n] - mu[n], precision = exp(-s[n]), square = r * r * precision;
        loss += (s[n] + square + LOG_2PI) / 2;
        dmu[n] = -r * precision / N;
        ds[n] = (1 - square) / 2 / N;
        /* end */
    }
    return loss / N;
}
