/* rows_then_columns.c -- windows are rectangles: first along the rows, then along the columns. */
#include <math.h>
#include <stdlib.h>
#include "pooling.h"

static int places(const Pooling *p, int d)
{
    return ((d ? p->W : p->H) - p->window[d] + 2 * p->pad[d] + p->stride[d]) / p->stride[d];
}

int pooling_height(const Pooling *p) { return places(p, 0); }
int pooling_width(const Pooling *p) { return places(p, 1); }

static int first(const Pooling *p, int d, int i)
{
    int begin = i * p->stride[d] - p->pad[d];
    return begin > 0 ? begin : 0;
}

static int last(const Pooling *p, int d, int i)
{
    int end = i * p->stride[d] - p->pad[d] + p->window[d] - 1, size = d ? p->W : p->H;
    return end < size ? end : size - 1;
}

/* Is a better than b, which comes before it? */
static int better(float a, float b) { return isnan(b) ? 0 : isnan(a) ? 1 : a > b; }

void pooling_max(float *y, int *which, const float *x, const Pooling *p)
{
    int OH = places(p, 0), OW = places(p, 1), *row = malloc((size_t)p->H * OW * sizeof *row);
    for (int n = 0; n < p->N * p->C; n++, x += p->H * p->W) {
        for (int r = 0; r < p->H; r++)              /* the winner of each stretch of a row */
            for (int j = 0; j < OW; j++) {
                int best = r * p->W + first(p, 1, j);
                for (int at = best + 1; at <= r * p->W + last(p, 1, j); at++)
                    if (better(x[at], x[best])) best = at;
                row[r * OW + j] = best;
            }
        for (int i = 0; i < OH; i++)                /* of these the winner, down the window */
            for (int j = 0; j < OW; j++) {
                int best = row[first(p, 0, i) * OW + j];
                for (int r = first(p, 0, i) + 1; r <= last(p, 0, i); r++)
                    if (better(x[row[r * OW + j]], x[best])) best = row[r * OW + j];
                *y++ = x[best], *which++ = best;
            }
    }
    free(row);
}

void pooling_max_backward(float *dx, const float *dy, const int *which, const Pooling *p)
{
    int S = p->H * p->W, P = places(p, 0) * places(p, 1);
    double *sum = calloc((size_t)S, sizeof *sum);
    for (int n = 0; n < p->N * p->C; n++) {
        for (int o = P - 1; o >= 0; o--) sum[which[n * P + o]] += dy[n * P + o];
        for (int s = 0; s < S; s++) dx[n * S + s] = sum[s], sum[s] = 0;
    }
    free(sum);
}

static double weight(const Pooling *p, int d, int i, int counted)
{
    return 1.0 / (counted ? p->window[d] : last(p, d, i) - first(p, d, i) + 1);
}

void pooling_average(float *y, const float *x, int counted, const Pooling *p)
{
    int OH = places(p, 0), OW = places(p, 1);
    double *row = malloc((size_t)p->H * OW * sizeof *row);
    for (int n = 0; n < p->N * p->C; n++, x += p->H * p->W) {
        for (int r = 0; r < p->H; r++)
            for (int j = 0; j < OW; j++) {
                double sum = 0;
                for (int c = first(p, 1, j); c <= last(p, 1, j); c++) sum += x[r * p->W + c];
                row[r * OW + j] = sum * weight(p, 1, j, counted);
            }
        for (int i = 0; i < OH; i++)
            for (int j = 0; j < OW; j++) {
                double sum = 0;
                for (int r = first(p, 0, i); r <= last(p, 0, i); r++) sum += row[r * OW + j];
                *y++ = sum * weight(p, 0, i, counted);
            }
    }
    free(row);
}

/* The other way round: columns hand down to rows, rows to pixels. */
void pooling_average_backward(float *dx, const float *dy, int counted, const Pooling *p)
{
    int OH = places(p, 0), OW = places(p, 1);
    double *row = malloc((size_t)p->H * OW * sizeof *row), *line = malloc((size_t)p->W * sizeof *line);
    for (int n = 0; n < p->N * p->C; n++, dy += OH * OW) {
        for (int i = 0; i < p->H * OW; i++) row[i] = 0;
        for (int i = 0; i < OH; i++)
            for (int r = first(p, 0, i); r <= last(p, 0, i); r++)
                for (int j = 0; j < OW; j++) row[r * OW + j] += dy[i * OW + j] * weight(p, 0, i, counted);
        for (int r = 0; r < p->H; r++) {
            for (int c = 0; c < p->W; c++) line[c] = 0;
            for (int j = 0; j < OW; j++)
                for (int c = first(p, 1, j); c <= last(p, 1, j); c++)
                    line[c] += row[r * OW + j] * weight(p, 1, j, counted);
            for (int c = 0; c < p->W; c++) *dx++ = line[c];
        }
    }
    free(row), free(line);
}

void pooling_global(float *mean, float *max, const float *x, int N, int C, int S)
{
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++) {
            const float *of = x + (n * C + c) * S;
            double sum = 0;
            int best = 0;
            for (int s = 0; s < S; s++) {
                sum += of[s];
                if (better(of[s], of[best])) best = s;
            }
            mean[n * C + c] = sum * (1.0 / S), max[n * C + c] = of[best];
        }
}

/* Rows move, then columns. */
void pooling_shift(float *y, const float *x, int N, int H, int W, int down, int right)
{
    for (int line = 0; line < N * H; line++) {
        int from = line % H - down;
        const float *row = from >= 0 && from < H ? x + (line / H * H + from) * W : NULL;
        for (int j = 0; j < W; j++) y[line * W + j] = row && j >= right && j - right < W ? row[j - right] : 0;
    }
}

double pooling_unlike(const float *a, const float *b, int N, int H, int W, int margin)
{
    double worst = 0, largest = 0;
    int high = H - 2 * margin, wide = W - 2 * margin;
    for (int k = 0; high > 0 && wide > 0 && k < N * high * wide; k++) {
        int at = (k / (high * wide) * H + k / wide % high + margin) * W + k % wide + margin;
        largest = fmax(largest, fabs((double)b[at]));
        worst = fmax(worst, fabs((double)b[at] - a[at]));
    }
    return worst > 0 ? worst / largest : 0;
}
