/* by_tanh.c -- an honest variant, all in float: sigmoid by tanh on the right, gates by erff; a table instead of a
 * switch; the layers collapsed from the last to the first. */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "activations.h"

static float sigmoid(float x)
{
    if (x < 0) {
        float e = expf(x);
        return e / (e + 1);
    }
    return 0.5f * (tanhf(0.5f * x) + 1);
}

void activations_squash(float *y, const float *x, ActivationsKind kind, int N)
{
    float (*f)(float) = kind == ACTIVATIONS_TANH ? tanhf : sigmoid;
    while (N-- > 0) *y++ = f(*x++);
}

void activations_squash_backward(float *dx, const float *y, const float *dy, ActivationsKind kind, int N)
{
    bool tanhs = kind == ACTIVATIONS_TANH;
    for (int n = N - 1; n >= 0; n--) dx[n] = dy[n] * fmaf(-y[n], y[n], tanhs ? 1 : y[n]);
}

static float relu(float x, float alpha) { return (void)alpha, x <= 0 ? 0 : x; }
static float leaky(float x, float alpha) { return x <= 0 ? x * alpha : x; }
static float elu(float x, float alpha) { return x <= 0 ? alpha * expm1f(x) : x; }
static float softplus(float x, float alpha)
{
    (void)alpha;
    return x > 20 ? x : x < -20 ? expf(x) : log1pf(expf(x));
}

static float relu_slope(float x, float alpha) { return (void)alpha, x <= 0 ? 0 : 1; }
static float leaky_slope(float x, float alpha) { return x <= 0 ? alpha : 1; }
static float elu_slope(float x, float alpha) { return x <= 0 ? alpha * expm1f(x) + alpha : 1; }
static float softplus_slope(float x, float alpha) { return (void)alpha, sigmoid(x); }

static const struct Row { float (*value)(float, float), (*slope)(float, float); } rows[] = {
    [ACTIVATIONS_RELU] = { relu, relu_slope },
    [ACTIVATIONS_LEAKY_RELU] = { leaky, leaky_slope },
    [ACTIVATIONS_ELU] = { elu, elu_slope },
    [ACTIVATIONS_SOFTPLUS] = { softplus, softplus_slope },
};

void activations_rectify(float *y, const float *x, ActivationsKind kind, float alpha, int N)
{
    for (int n = 0; n < N; n++) y[n] = rows[kind].value(x[n], alpha);
}

void activations_rectify_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, float alpha, int N)
{
    for (int n = 0; n < N; n++) dx[n] = dy[n] * rows[kind].slope(x[n], alpha);
}

static float opened(float x, ActivationsKind kind)
{
    if (kind == ACTIVATIONS_SILU) return sigmoid(x);
    if (kind == ACTIVATIONS_GELU) return 0.5f * (1 + erff(x * 0.70710678f));
    return 0.5f + 0.5f * tanhf(0.79788456f * (x + 0.044715f * x * x * x));
}

void activations_gate(float *y, const float *x, ActivationsKind kind, int N)
{
    for (int n = N - 1; n >= 0; n--) y[n] = x[n] * opened(x[n], kind);
}

void activations_gate_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, int N)
{
    for (int n = 0; n < N; n++) {
        float v = fminf(fmaxf(x[n], -200), 200);            /* nothing happens outside */
        float g = opened(v, kind), bell = g * (1 - g);
        if (isnan(x[n])) v = x[n], g = x[n];
        if (kind == ACTIVATIONS_GELU) bell = 0.39894228f * expf(v * v / -2);
        if (kind == ACTIVATIONS_GELU_TANH) bell *= 1.5957691f * (1 + 0.134145f * v * v);
        dx[n] = dy[n] * fmaf(v, bell, g);
    }
}

int activations_saturated(float *share, const float *slope, float small, int N, int C)
{
    int dead = 0;
    memset(share, 0, (size_t)C * sizeof *share);
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++, slope++)
            if (-small < *slope && *slope < small) share[c]++;
    for (int c = 0; c < C; c++) {
        if (share[c] > N - 0.5f) dead++;
        share[c] /= N;
    }
    return dead;
}

/* Row after row of the last layer walks back to the input: a row vector times each matrix. */
void activations_collapse(float *w, float *b, float *work, const float *p, int L, const int *size)
{
    const float *layer[64];
    for (int l = 0; l < L; p += (size[l] + 1) * size[l + 1], l++) layer[l] = p;
    (void)work;
    for (int o = 0; o < size[L]; o++) {
        float row[512], next[512];
        int   H = size[L - 1];
        memcpy(row, layer[L - 1] + o * H, (size_t)H * sizeof *row);
        b[o] = layer[L - 1][size[L] * H + o];
        for (int l = L - 2; l >= 0; l--) {
            const float *bias = layer[l] + size[l] * size[l + 1];
            for (int i = 0; i < size[l]; i++) next[i] = 0;
            for (int h = 0; h < size[l + 1]; h++) {
                b[o] += row[h] * bias[h];
                for (int i = 0; i < size[l]; i++) next[i] += row[h] * layer[l][h * size[l] + i];
            }
            memcpy(row, next, (size_t)size[l] * sizeof *row);
        }
        memcpy(w + o * size[0], row, (size_t)size[0] * sizeof *w);
    }
}
