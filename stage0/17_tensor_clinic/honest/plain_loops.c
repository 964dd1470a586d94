/* plain_loops.c -- an honest variant: no library at all, the formulas in loops. */
#include <math.h>
#include "tensor_clinic.h"

void tensor_clinic_shape(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            float sum = b[o];
            for (int i = 0; i < IN; i++) sum += w[o * IN + i] * x[n * IN + i];
            y[n * OUT + o] = sum;
        }
}

float tensor_clinic_dtype(float *dx, const float *x, const int *label, int N, int C)
{
    double loss = 0;
    for (int n = 0; n < N; n++) {
        const float *row = x + n * C;
        float        max = row[0];
        double       sum = 0;
        for (int c = 1; c < C; c++) max = fmaxf(max, row[c]);
        for (int c = 0; c < C; c++) sum += exp((double)row[c] - max);
        for (int c = 0; c < C; c++) dx[n * C + c] = (float)((exp((double)row[c] - max) / sum - (c == label[n])) / N);
        loss += log(sum) + max - row[label[n]];
    }
    return (float)(loss / N);
}

void tensor_clinic_device(float *y, const float *x, const float *scale, int N, int C)
{
    for (int i = 0; i < N * C; i++) y[i] = scale[i % C] * x[i];
}

void tensor_clinic_stride(float *y, const float *x, int N, int C)
{
    for (int c = 0; c < C; c++)
        for (int n = 0; n < N; n++) *y++ = expf(x[n * C + c]);
}

void tensor_clinic_alias(float *y, float *dx, const float *x, int N)
{
    for (int i = 0; i < N; i++) {
        float h = tanhf(x[i]);
        y[i] = x[i] + h, dx[i] = 1 + (1 - h) * (1 + h);
    }
}

float tensor_clinic_lifetime(float *dx, const float *x, int N)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double h = 1 / (1 + exp(-(double)x[i]));
        sum += h, dx[i] = (float)(2 * h * h * (1 - h) / N);
    }
    return (float)(sum / N);
}

void tensor_clinic_axis(float *y, const float *x, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += x[c];
        for (int c = 0; c < C; c++) y[c] = (float)(x[c] - sum / C);
    }
}

void tensor_clinic_reset(float *w, float *loss, const float *x, const float *y, float rate, int steps, int N, int D)
{
    for (int d = 0; d < D; d++) w[d] = 0;
    for (int s = 0; s < steps; s++) {
        double g[64] = { 0 }, sum = 0;
        for (int n = 0; n < N; n++) {
            double off = -y[n];
            for (int d = 0; d < D; d++) off += (double)x[n * D + d] * w[d];
            for (int d = 0; d < D && d < 64; d++) g[d] += 2 * off * x[n * D + d] / N;
            sum += off * off;
        }
        for (int d = 0; d < D && d < 64; d++) w[d] -= (float)(rate * g[d]);
        loss[s] = (float)(sum / N);
    }
}
