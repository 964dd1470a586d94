/* each_pixel.c -- pixels go to their windows instead of windows to their pixels; everything in float. */
#include <math.h>
#include <string.h>
#include "pooling.h"

static int count(int size, int window, int stride, int pad)
{
    int n = 0;
    for (int first = -pad; first + window <= size + pad; first += stride) n++;
    return n;
}

int pooling_height(const Pooling *p) { return count(p->H, p->window[0], p->stride[0], p->pad[0]); }
int pooling_width(const Pooling *p) { return count(p->W, p->window[1], p->stride[1], p->pad[1]); }

/* Does place i of the window stand on pixel at, down (0) or across (1)? */
static int stands(const Pooling *p, int d, int i, int at)
{
    int k = at + p->pad[d] - i * p->stride[d];
    return k >= 0 && k < p->window[d];
}

void pooling_max(float *y, int *which, const float *x, const Pooling *p)
{
    int OH = pooling_height(p), OW = pooling_width(p), S = p->H * p->W, P = OH * OW;
    for (int o = 0; o < p->N * p->C * P; o++) which[o] = -1;
    for (int at = 0; at < p->N * p->C * S; at++)
        for (int i = 0; i < OH; i++)
            for (int j = 0; j < OW; j++) {
                if (!stands(p, 0, i, at % S / p->W) || !stands(p, 1, j, at % p->W)) continue;
                int o = at / S * P + i * OW + j;
                if (which[o] >= 0 && (x[at] <= y[o] || isnan(y[o]))) continue;
                y[o] = x[at], which[o] = at % S;
            }
}

void pooling_max_backward(float *dx, const float *dy, const int *which, const Pooling *p)
{
    int S = p->H * p->W, P = pooling_height(p) * pooling_width(p);
    for (int at = 0; at < p->N * p->C * S; at++) {
        float sum = 0;
        for (int o = at / S * P; o < (at / S + 1) * P; o++)
            if (which[o] == at % S) sum += dy[o];
        dx[at] = sum;
    }
}

static int inside(const Pooling *p, int d, int i)
{
    int n = 0;
    for (int at = 0; at < (d ? p->W : p->H); at++) n += stands(p, d, i, at);
    return n;
}

static float share(const Pooling *p, int counted, int i, int j)
{
    return 1.0f / (counted ? p->window[0] * p->window[1] : inside(p, 0, i) * inside(p, 1, j));
}

void pooling_average(float *y, const float *x, int counted, const Pooling *p)
{
    int OH = pooling_height(p), OW = pooling_width(p), S = p->H * p->W, P = OH * OW;
    for (int o = 0; o < p->N * p->C * P; o++) {
        float sum = 0;
        for (int at = 0; at < S; at++)
            if (stands(p, 0, o % P / OW, at / p->W) && stands(p, 1, o % OW, at % p->W)) sum += x[o / P * S + at];
        y[o] = sum * share(p, counted, o % P / OW, o % OW);
    }
}

void pooling_average_backward(float *dx, const float *dy, int counted, const Pooling *p)
{
    int OH = pooling_height(p), OW = pooling_width(p), S = p->H * p->W, P = OH * OW;
    for (int at = 0; at < p->N * p->C * S; at++) {
        dx[at] = 0;
        for (int o = 0; o < P; o++)
            if (stands(p, 0, o / OW, at % S / p->W) && stands(p, 1, o % OW, at % p->W))
                dx[at] += dy[at / S * P + o] * share(p, counted, o / OW, o % OW);
    }
}

void pooling_global(float *mean, float *max, const float *x, int N, int C, int S)
{
    for (int n = 0; n < N * C; n++) {
        mean[n] = 0, max[n] = -INFINITY;
        for (int s = S - 1; s >= 0; s--) mean[n] += x[n * S + s] / S;
        for (int s = 0; s < S; s++) max[n] = x[n * S + s] <= max[n] || isnan(max[n]) ? max[n] : x[n * S + s];
    }
}

void pooling_shift(float *y, const float *x, int N, int H, int W, int down, int right)
{
    memset(y, 0, (size_t)N * H * W * sizeof *y);
    for (int at = 0; at < N * H * W; at++) {
        int row = at / W % H + down, col = at % W + right;
        if (row >= 0 && row < H && col >= 0 && col < W) y[at + down * W + right] = x[at];
    }
}

double pooling_unlike(const float *a, const float *b, int N, int H, int W, int margin)
{
    double apart = 0, largest = 0;
    for (int at = 0; at < N * H * W; at++) {
        int row = at / W % H, col = at % W;
        if (row < margin || col < margin || H - 1 - row < margin || W - 1 - col < margin) continue;
        if (fabs((double)b[at] - a[at]) > apart) apart = fabs((double)b[at] - a[at]);
        if (fabs(b[at]) > largest) largest = fabs(b[at]);
    }
    return apart == 0 ? 0 : largest == 0 ? INFINITY : apart / largest;
}
