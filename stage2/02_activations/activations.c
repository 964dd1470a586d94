/* activations.c -- the functions between two layers, and their slopes; units that stopped learning; layers without. */
#include <math.h>
#include <string.h>
#include "activations.h"

/* sigmoid = 1 / (1 + exp(-x)),  tanh */
void activations_squash(float *y, const float *x, ActivationsKind kind, int N)
{
    /* exercise: number by number; exp only of what is not positive */
    for (int n = 0; n < N; n++) {
        if (kind == ACTIVATIONS_TANH)
            y[n] = tanhf(x[n]);
        else {
            float e = expf(-fabsf(x[n]));                   /* 0 to 1: on neither side anything overflows */
            y[n] = (x[n] < 0 ? e : 1) / (1 + e);
        }
    }
    /* end */
}

/* sigmoid' = y (1 - y),  tanh' = 1 - y^2 */
void activations_squash_backward(float *dx, const float *y, const float *dy, ActivationsKind kind, int N)
{
    /* exercise: the slope from y, times dy */
    for (int n = 0; n < N; n++)
        dx[n] = dy[n] * (kind == ACTIVATIONS_TANH ? (1 - y[n]) * (1 + y[n]) : y[n] * (1 - y[n]));
    /* end */
}

/* x, or on the left: 0, alpha x, alpha (exp(x) - 1);  softplus = log(1 + exp(x)) */
void activations_rectify(float *y, const float *x, ActivationsKind kind, float alpha, int N)
{
    /* exercise: number by number, a line a kind; expm1f and log1pf keep the digits of what is small */
    for (int n = 0; n < N; n++) {
        float v = x[n];
        switch (kind) {
        case ACTIVATIONS_RELU: y[n] = v < 0 ? 0 : v; break; /* this way round NaN stays NaN */
        case ACTIVATIONS_LEAKY_RELU: y[n] = v < 0 ? alpha * v : v; break;
        case ACTIVATIONS_ELU: y[n] = v < 0 ? alpha * expm1f(v) : v; break;
        default: y[n] = (v < 0 ? 0 : v) + log1pf(expf(-fabsf(v))); break;
        }
    }
    /* end */
}

/* The slope of x is 1; on the left: 0, alpha, alpha exp(x);  softplus' = sigmoid(x) */
void activations_rectify_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, float alpha, int N)
{
    /* exercise: the slope at x, times dy; at exactly 0 the left side's */
    for (int n = 0; n < N; n++) {
        float v = x[n], slope = 1;
        if (kind == ACTIVATIONS_RELU && v <= 0)
            slope = 0;
        if (kind == ACTIVATIONS_LEAKY_RELU && v <= 0)
            slope = alpha;
        if (kind == ACTIVATIONS_ELU && v <= 0)
            slope = alpha * expf(v);
        if (kind == ACTIVATIONS_SOFTPLUS)
            activations_squash(&slope, &v, ACTIVATIONS_SIGMOID, 1);
        dx[n] = slope * dy[n];
    }
    /* end */
}

#define ROOT_HALF 0.70710678118654752440                    /* 1 / sqrt 2 */
#define TWO_ROOT 1.5957691216057307117                      /* 2 sqrt(2 / pi) */
#define CUBE 0.044715

/* x sigmoid(x),  x Phi(x),  x sigmoid(2u) = x/2 (1 + tanh u) */
void activations_gate(float *y, const float *x, ActivationsKind kind, int N)
{
    /* exercise: how far the gate is open at x, times x; Phi(x) = erfc(-x / sqrt 2) / 2 keeps its digits on the left */
    for (int n = 0; n < N; n++) {
        double v = x[n], gate;
        if (kind == ACTIVATIONS_GELU)
            gate = 0.5 * erfc(-v * ROOT_HALF);
        else {
            double z = kind == ACTIVATIONS_SILU ? v : TWO_ROOT * (v + CUBE * v * v * v), e = exp(-fabs(z));
            gate = (z < 0 ? e : 1) / (1 + e);
        }
        y[n] = v * gate;
    }
    /* end */
}

/* (x g)' = g + x g',  g' = s (1 - s) for silu, phi(x) for gelu, s (1 - s) (2u)' for its neighbour */
void activations_gate_backward(float *dx, const float *x, const float *dy, ActivationsKind kind, int N)
{
    /* exercise: gate and slope of the gate at x; their product rule, times dy */
    for (int n = 0; n < N; n++) {
        double v = x[n], gate, slope;
        if (kind == ACTIVATIONS_GELU) {
            gate = 0.5 * erfc(-v * ROOT_HALF);
            slope = TWO_ROOT / 4 * exp(-0.5 * v * v);       /* 1 / sqrt(2 pi) is a quarter of 2 sqrt(2 / pi) */
        } else {
            double cube = kind == ACTIVATIONS_SILU ? 0 : CUBE, times = kind == ACTIVATIONS_SILU ? 1 : TWO_ROOT;
            double e = exp(-fabs(times * (v + cube * v * v * v))), s = 1 / (1 + e);
            gate = v < 0 ? e * s : s;                       /* s is the larger of gate and 1 - gate */
            slope = e * s * s * times * (1 + 3 * cube * v * v);
        }
        dx[n] = (gate + v * slope) * dy[n];
    }
    /* end */
}

/* share[c] = how many of slope[0..N-1][c] are smaller than small / N */
int activations_saturated(float *share, const float *slope, float small, int N, int C)
{
    /* exercise: count down each column; a unit whose every slope is small is dead */
    int dead = 0;
    for (int c = 0; c < C; c++) {
        int count = 0;
        for (int n = 0; n < N; n++)
            count += fabsf(slope[n * C + c]) < small;
        share[c] = (float)count / N;
        dead += count == N;
    }
    return dead;
    /* end */
}

/* [w b] = [w[0] b[0]];  then for each layer  [w b] = w[l] [w b] + [0 b[l]] */
void activations_collapse(float *w, float *b, float *work, const float *p, int L, const int *size)
{
    /* exercise: a table [w b] of the first layer; each further layer makes the next from it; the last is the answer */
    int    IN = size[0], H = size[1], ROW = IN + 1;
    float *now = work;                                      /* (H,ROW) */
    for (int h = 0; h < H; h++) {
        memcpy(now + h * ROW, p + h * IN, (size_t)IN * sizeof *now);
        now[h * ROW + IN] = p[H * IN + h];
    }
    p += (IN + 1) * H;
    for (int l = 1; l < L; l++, H = size[l]) {
        int    OUT = size[l + 1];
        float *next = now + H * ROW;                        /* (OUT,ROW) */
        for (int o = 0; o < OUT; o++)
            for (int i = 0; i < ROW; i++) {
                double sum = i == IN ? p[OUT * H + o] : 0;  /* the last column is the bias */
                for (int h = 0; h < H; h++)
                    sum += (double)p[o * H + h] * now[h * ROW + i];
                next[o * ROW + i] = sum;
            }
        now = next, p += (H + 1) * OUT;
    }
    for (int o = 0; o < H; o++) {
        memcpy(w + o * IN, now + o * ROW, (size_t)IN * sizeof *w);
        b[o] = now[o * ROW + IN];
    }
    /* end */
}
