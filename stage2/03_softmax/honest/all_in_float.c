/* all_in_float.c -- the same formulas, every sum in float, as most people write them first. */
#include <math.h>
#include "softmax.h"

static float row_max(const float *x, int C)
{
    float max = x[0];
    for (int c = 1; c < C; c++) max = fmaxf(max, x[c]);
    return max == -INFINITY ? 0 : max;
}

static float row_sum(const float *x, float max, int C)
{
    float sum = 0;
    for (int c = 0; c < C; c++) sum += expf(x[c] - max);
    return sum;
}

static void row(float *y, const float *x, int C)
{
    float max = row_max(x, C), sum = row_sum(x, max, C);
    float scale = sum == 0 ? 0 : 1 / sum;           /* a product instead of a division: one rounding more */
    for (int c = 0; c < C; c++) y[c] = expf(x[c] - max) * scale;
}

void softmax(float *y, const float *x, int N, int C)
{
    for (int n = 0; n < N; n++) row(y + n * C, x + n * C, C);
}

void softmax_backward(float *dx, const float *y, const float *dy, int N, int C)
{
    for (int n = 0; n < N; n++, y += C, dy += C, dx += C) {
        float dot = 0;
        for (int c = 0; c < C; c++) dot += y[c] * dy[c];
        for (int c = 0; c < C; c++) dx[c] = y[c] * dy[c] - y[c] * dot;
    }
}

void softmax_log(float *y, const float *x, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C) {
        float max = row_max(x, C), sum = row_sum(x, max, C), log_sum = sum == 0 ? 0 : logf(sum);
        for (int c = 0; c < C; c++) y[c] = x[c] - max - log_sum;
    }
}

void softmax_log_backward(float *dx, const float *y, const float *dy, int N, int C)
{
    for (int n = 0; n < N; n++, y += C, dy += C, dx += C) {
        float total = 0;
        for (int c = 0; c < C; c++) total += dy[c];
        for (int c = 0; c < C; c++) dx[c] = dy[c] - expf(y[c]) * total;
    }
}

void softmax_cross_entropy(float *loss, float *lse, const float *x, const int *target, int N, int C)
{
    float total = 0;
    for (int n = 0; n < N; n++, x += C) {
        float max = row_max(x, C), sum = row_sum(x, max, C);
        lse[n] = max + logf(sum);
        total += sum == 0 ? INFINITY : logf(sum) - (x[target[n]] - max);
    }
    *loss = total / N;
}

void softmax_cross_entropy_backward(float *dx, const float *x, const int *target, const float *lse, const float *dloss,
                                    int N, int C)
{
    float share = *dloss / N;
    for (int n = 0; n < N; n++, x += C, dx += C) {
        for (int c = 0; c < C; c++) dx[c] = expf(x[c] - lse[n]) * share;
        dx[target[n]] -= share;
    }
}

void softmax_masked(float *y, const float *x, const int *mask, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C, mask += C) {
        for (int c = 0; c < C; c++) y[c] = mask[c] ? x[c] : -INFINITY;     /* the usual way: -inf, then plain softmax */
        row(y, y, C);
    }
}

void softmax_sequences(float *y, const float *x, const int *length, int causal, int B, int T)
{
    for (int i = 0; i < B * T; i++, x += T, y += T) {
        for (int s = 0; s < T; s++) y[s] = s < length[i / T] && (!causal || s <= i % T) ? x[s] : -INFINITY;
        row(y, y, T);
    }
}
