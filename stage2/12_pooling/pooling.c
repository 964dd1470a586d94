/* pooling.c -- many pixels become one: the largest or the mean of a window, or of a whole image; and what shifts do. */
#include <math.h>
#include "pooling.h"

int pooling_height(const Pooling *p) { return (p->H + 2 * p->pad[0] - p->window[0]) / p->stride[0] + 1; }
int pooling_width(const Pooling *p) { return (p->W + 2 * p->pad[1] - p->window[1]) / p->stride[1] + 1; }

/* Rows (d = 0) or columns (d = 1) from .. to - 1 of the image that place i of the window stands on. */
typedef struct Range { int from, to; } Range;

static Range under(const Pooling *p, int d, int i)
{
    int size = d ? p->W : p->H, from = i * p->stride[d] - p->pad[d], to = from + p->window[d];
    return (Range){ from < 0 ? 0 : from, to > size ? size : to };
}

/* y = max x */
void pooling_max(float *y, int *which, const float *x, const Pooling *p)
{
    int OH = pooling_height(p), OW = pooling_width(p);
    /* exercise: for each place the first largest pixel under the window, and where in its image it is */
    for (int n = 0; n < p->N * p->C; n++, x += p->H * p->W)
        for (int i = 0; i < OH; i++)
            for (int j = 0; j < OW; j++) {
                Range rows = under(p, 0, i), cols = under(p, 1, j);
                int best = rows.from * p->W + cols.from;
                for (int r = rows.from; r < rows.to; r++)
                    for (int c = cols.from; c < cols.to; c++) {
                        int at = r * p->W + c;
                        if (x[at] > x[best] || (isnan(x[at]) && !isnan(x[best])))
                            best = at;
                    }
                *y++ = x[best];
                *which++ = best;
            }
    /* end */
}

/* dx[which] += dy: the winner takes it all */
void pooling_max_backward(float *dx, const float *dy, const int *which, const Pooling *p)
{
    int S = p->H * p->W, P = pooling_height(p) * pooling_width(p);
    /* exercise: clear dx; then each dy is added to the pixel of its own image that won */
    for (int i = 0; i < p->N * p->C * S; i++)
        dx[i] = 0;
    for (int i = 0; i < p->N * p->C * P; i++)
        dx[i / P * S + which[i]] += dy[i];
    /* end */
}

/* What the sum of a window is divided by. */
static int divisor(const Pooling *p, Range rows, Range cols, int counted)
{
    /* exercise: the pixels of the whole window where the padding is counted, else those inside the image */
    return counted ? p->window[0] * p->window[1] : (rows.to - rows.from) * (cols.to - cols.from);
    /* end */
}

/* y = sum x / divisor */
void pooling_average(float *y, const float *x, int counted, const Pooling *p)
{
    int OH = pooling_height(p), OW = pooling_width(p);
    /* exercise: for each place the sum of the pixels under the window, divided */
    for (int n = 0; n < p->N * p->C; n++, x += p->H * p->W)
        for (int i = 0; i < OH; i++)
            for (int j = 0; j < OW; j++) {
                Range rows = under(p, 0, i), cols = under(p, 1, j);
                double sum = 0;
                for (int r = rows.from; r < rows.to; r++)
                    for (int c = cols.from; c < cols.to; c++)
                        sum += x[r * p->W + c];
                *y++ = sum / divisor(p, rows, cols, counted);
            }
    /* end */
}

/* dx += dy / divisor, for each pixel under the window */
void pooling_average_backward(float *dx, const float *dy, int counted, const Pooling *p)
{
    int OH = pooling_height(p), OW = pooling_width(p), S = p->H * p->W;
    /* exercise: clear dx; then each dy, divided as its mean was, is added to every pixel under its window */
    for (int i = 0; i < p->N * p->C * S; i++)
        dx[i] = 0;
    for (int n = 0; n < p->N * p->C; n++, dx += S)
        for (int i = 0; i < OH; i++)
            for (int j = 0; j < OW; j++) {
                Range rows = under(p, 0, i), cols = under(p, 1, j);
                float share = *dy++ / divisor(p, rows, cols, counted);
                for (int r = rows.from; r < rows.to; r++)
                    for (int c = cols.from; c < cols.to; c++)
                        dx[r * p->W + c] += share;
            }
    /* end */
}

void pooling_global(float *mean, float *max, const float *x, int N, int C, int S)
{
    /* exercise: for each image and channel the mean and the largest of its S pixels */
    for (int n = 0; n < N * C; n++, x += S) {
        double sum = 0;
        float most = x[0];
        for (int s = 0; s < S; s++) {
            sum += x[s];
            if (x[s] > most || isnan(x[s]))
                most = x[s];
        }
        mean[n] = sum / S;
        max[n] = most;
    }
    /* end */
}

/* y[i,j] = x[i - down, j - right] */
void pooling_shift(float *y, const float *x, int N, int H, int W, int down, int right)
{
    /* exercise: every pixel of y asks where it came from; 0 if that is outside */
    for (int n = 0; n < N; n++, x += H * W)
        for (int i = 0; i < H; i++)
            for (int j = 0; j < W; j++) {
                int row = i - down, col = j - right;
                *y++ = row >= 0 && row < H && col >= 0 && col < W ? x[row * W + col] : 0;
            }
    /* end */
}

/* max |a - b| / max |b|, inside the margin */
double pooling_unlike(const float *a, const float *b, int N, int H, int W, int margin)
{
    /* exercise: the largest difference and the largest number of b away from the borders; their quotient */
    double apart = 0, largest = 0;
    for (int n = 0; n < N; n++)
        for (int i = margin; i < H - margin; i++)
            for (int j = margin; j < W - margin; j++) {
                int at = (n * H + i) * W + j;
                apart = fmax(apart, fabs((double)a[at] - b[at]));
                largest = fmax(largest, fabs((double)b[at]));
            }
    return apart > 0 ? apart / largest : 0;
    /* end */
}
