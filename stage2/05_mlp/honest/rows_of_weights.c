/* rows_of_weights.c -- the loops the other way round and everything in float: each input walks through all outputs. */
#include <math.h>
#include <stddef.h>
#include "mlp.h"

int mlp_count_params(int L, const int *size)
{
    return L == 0 ? 0 : mlp_count_params(L - 1, size) + size[L - 1] * size[L] + size[L];
}

int mlp_count_acts(int N, int L, const int *size)
{
    return L == 0 ? 0 : mlp_count_acts(N, L - 1, size) + N * size[L];
}

void mlp_neuron(float *y, const float *x, const float *w, float b, int N, int IN)
{
    for (int n = 0; n < N; n++)
        y[n] = 0;
    for (int i = IN - 1; i >= 0; i--)
        for (int n = 0; n < N; n++)
            y[n] += x[n * IN + i] * w[i];
    for (int n = 0; n < N; n++)
        y[n] = y[n] > -b ? 1 : 0;
}

int mlp_neuron_learn(float *w, float *b, const float *x, const float *target, int N, int IN, float rate)
{
    int wrong = 0;
    for (int n = 0; n < N; n++, x += IN) {
        float sum = 0;
        for (int i = 0; i < IN; i++)
            sum += w[i] * x[i];
        int said = sum + *b > 0, should = target[n] > 0.5f;
        if (said == should)
            continue;
        float step = should ? rate : -rate;
        for (int i = 0; i < IN; i++)
            w[i] += step * x[i];
        *b += step;
        wrong++;
    }
    return wrong;
}

void mlp_linear(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    for (int n = 0; n < N; n++) {
        for (int o = 0; o < OUT; o++)
            y[n * OUT + o] = 0;
        for (int i = 0; i < IN; i++)
            for (int o = 0; o < OUT; o++)
                y[n * OUT + o] += x[n * IN + i] * w[o * IN + i];
        for (int o = 0; o < OUT && b; o++)
            y[n * OUT + o] += b[o];
    }
}

void mlp_linear_backward(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy,
                         int N, int IN, int OUT)
{
    for (int n = 0; n < N && dx; n++)
        for (int i = 0; i < IN; i++) {
            float sum = 0;
            for (int o = 0; o < OUT; o++)
                sum += dy[n * OUT + o] * w[o * IN + i];
            dx[n * IN + i] = sum;
        }
    for (int o = 0; o < OUT; o++) {
        for (int i = 0; i < IN; i++) {
            float sum = 0;
            for (int n = 0; n < N; n++)
                sum += dy[n * OUT + o] * x[n * IN + i];
            dw[o * IN + i] += sum;
        }
        float sum = 0;
        for (int n = N - 1; n >= 0; n--)
            sum += dy[n * OUT + o];
        if (db)
            db[o] += sum;
    }
}

void mlp_relu(float *y, const float *x, int N)
{
    for (int n = 0; n < N; n++)
        y[n] = isnan(x[n]) ? x[n] : fmaxf(x[n], 0);
}

void mlp_relu_backward(float *dx, const float *x, const float *dy, int N)
{
    for (int n = 0; n < N; n++)
        if (x[n] > 0)
            dx[n] = dy[n];
        else
            dx[n] = 0;
}

void mlp_loss(float *loss, float *dy, const float *y, const int *target, int N, int C)
{
    *loss = 0;
    for (int n = 0; n < N; n++, y += C, dy += C) {
        float max = y[0], sum = 0;
        for (int c = 1; c < C; c++)
            max = fmaxf(max, y[c]);
        for (int c = 0; c < C; c++)
            sum += dy[c] = expf(y[c] - max);
        for (int c = 0; c < C; c++)
            dy[c] /= sum * N;
        dy[target[n]] -= 1.0f / N;
        *loss += (logf(sum) + max - y[target[n]]) / N;
    }
}

void mlp_forward(float *act, const float *x, const float *p, int N, int L, const int *size)
{
    const float *in = x;
    for (int l = 0, at = 0; l < L; l++) {
        float *out = act + mlp_count_acts(N, l, size);
        mlp_linear(out, in, p + at, p + at + size[l] * size[l + 1], N, size[l], size[l + 1]);
        for (int k = 0; k < N * size[l + 1] && l + 1 < L; k++)
            if (out[k] < 0)
                out[k] = 0;
        in = out;
        at += size[l] * size[l + 1] + size[l + 1];
    }
}

void mlp_backward(float *dp, float *dact, const float *x, const float *act, const float *p, int N, int L,
                  const int *size)
{
    for (int l = L; l-- > 0;) {
        int at = mlp_count_params(l, size), out = mlp_count_acts(N, l, size), n = N * size[l];
        const float *in = l == 0 ? x : act + out - n;
        float *din = l == 0 ? NULL : dact + out - n;
        mlp_linear_backward(din, dp + at, dp + at + size[l] * size[l + 1], in, p + at, dact + out, N, size[l],
                            size[l + 1]);
        for (int k = 0; k < n && l > 0; k++)
            din[k] *= in[k] > 0;
    }
}

void mlp_update(float *p, float *v, const float *dp, int P, float rate, float momentum)
{
    for (int i = 0; i < P; i++) {
        float old = v[i];
        v[i] = dp[i] + old * momentum;
        p[i] = p[i] - rate * dp[i] - rate * momentum * old;
    }
}
