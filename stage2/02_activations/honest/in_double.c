/* in_double.c -- an honest variant: all in double by the textbook's formulas, one value and slope for all kinds; the
 * collapsed layer found by asking all layers for the answers to 0 and to each unit vector. */
#include <math.h>
#include <stdlib.h>
#include "activations.h"

typedef struct Point { double value, slope; } Point;

static Point at(double x, ActivationsKind kind, double alpha)
{
    double s = x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)), root = sqrt(2 / acos(-1)), u, t;
    switch (kind) {
    case ACTIVATIONS_SIGMOID: return (Point){ s, s * (1 - s) };
    case ACTIVATIONS_TANH: return (Point){ tanh(x), 1 - tanh(x) * tanh(x) };
    case ACTIVATIONS_RELU: return (Point){ x > 0 ? x : x * 0, x > 0 };
    case ACTIVATIONS_LEAKY_RELU: return (Point){ x > 0 ? x : alpha * x, x > 0 ? 1 : alpha };
    case ACTIVATIONS_ELU: return (Point){ x > 0 ? x : alpha * expm1(x), x > 0 ? 1 : alpha * exp(x) };
    case ACTIVATIONS_SOFTPLUS: return (Point){ x > 40 ? x : log1p(exp(x)), s };
    case ACTIVATIONS_SILU: return (Point){ x * s, s * (1 + x * (1 - s)) };
    case ACTIVATIONS_GELU:
        s = 0.5 * erfc(-x / sqrt(2));
        return (Point){ x * s, s + x * root / 2 * exp(-x * x / 2) };
    default:
        u = root * (x + 0.044715 * pow(x, 3)), t = tanh(u);
        return (Point){ u < -15 ? 0 * x : 0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root *
                                                             (1 + 0.134145 * x * x) };
    }
}

void activations_squash(float *y, const float *x, ActivationsKind kind, int N)
{
    for (int n = 0; n < N; n++) y[n] = (float)at(x[n], kind, 0).value;
}

void activations_squash_backward(float *dx, const float *y, const float *dy, ActivationsKind kind, int N)
{
    for (int n = 0; n < N; n++) {
        double v = y[n], slope = kind == ACTIVATIONS_SIGMOID ? v - v * v : 1 - v * v;
        dx[n] = (float)(slope * dy[n]);
    }
}

void activations_rectify(float *y, const float *x, ActivationsKind kind, float alpha, int N)
{
    for (int n = 0; n < N; n++) y[n] = (float)at(x[n], kind, alpha).value;
}

static void back(float *dx, const float *x, const float *dy, ActivationsKind kind, float alpha, int N)
{
    for (int n = 0; n < N; n++) {
        Point p = at(x[n], kind, alpha);
        dx[n] = (float)(dy[n] * p.slope);
    }
}

void activations_rectify_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, float alpha, int N)
{
    back(dx, x, dy, kind, alpha, N);
}

void activations_gate(float *y, const float *x, ActivationsKind kind, int N)
{
    for (int n = 0; n < N; n++) y[n] = (float)at(x[n], kind, 0).value;
}

void activations_gate_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, int N)
{
    back(dx, x, dy, kind, 0, N);
}

int activations_saturated(float *share, const float *slope, float small, int N, int C)
{
    int dead = 0;
    for (int c = 0; c < C; c++) {
        int alive = 0;
        for (const float *s = slope + c; s < slope + N * C; s += C) alive += !(fabs(*s) < small);
        share[c] = 1 - (float)alive / (float)N;
        if (!alive) dead++;
    }
    return dead;
}

static void answer(double *y, const double *x, const float *p, int L, const int *size)
{
    double in[512], out[512];
    for (int i = 0; i < size[0]; i++) in[i] = x[i];
    for (int l = 0; l < L; l++) {
        const float *bias = p + size[l] * size[l + 1];
        for (int o = 0; o < size[l + 1]; o++) {
            out[o] = bias[o];
            for (int i = 0; i < size[l]; i++) out[o] += p[o * size[l] + i] * in[i];
        }
        for (int o = 0; o < size[l + 1]; o++) in[o] = out[o];
        p = bias + size[l + 1];
    }
    for (int o = 0; o < size[L]; o++) y[o] = in[o];
}

void activations_collapse(float *w, float *b, float *work, const float *p, int L, const int *size)
{
    double x[512] = { 0 }, at_zero[512], y[512];
    (void)work;
    answer(at_zero, x, p, L, size);
    for (int o = 0; o < size[L]; o++) b[o] = (float)at_zero[o];
    for (int i = 0; i < size[0]; i++) {
        x[i] = 1;
        answer(y, x, p, L, size);
        for (int o = 0; o < size[L]; o++) w[o * size[0] + i] = (float)(y[o] - at_zero[o]);
        x[i] = 0;
    }
}
