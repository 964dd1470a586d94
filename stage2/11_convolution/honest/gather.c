/* gather.c -- every number asks who sends to it: dx gathers, y is made of shifted images, all in float; planes twice as
 * large as need be; times kept in a table; fields by their first and last pixel. */
#include <math.h>
#include <stdlib.h>
#include "convolution.h"

int convolution_height(const Convolution *c)
{
    return (c->H + 2 * c->pad[0] - (c->KH - 1) * c->dilation[0] + c->stride[0] - 1) / c->stride[0];
}

int convolution_width(const Convolution *c)
{
    return (c->W + 2 * c->pad[1] - (c->KW - 1) * c->dilation[1] + c->stride[1] - 1) / c->stride[1];
}

/* A weight at a time: its part of the whole output is the image, moved and scaled. */
void convolution_direct(float *y, const float *x, const float *w, const float *b, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    for (int i = 0; i < c->N * c->OC * OH * OW; i++) y[i] = b ? b[i / (OH * OW) % c->OC] : 0;
    for (int q = 0; q < c->OC * CG * c->KH * c->KW; q++) {
        int l = q % c->KW, k = q / c->KW % c->KH, ch = q / (c->KW * c->KH) % CG, o = q / (c->KW * c->KH * CG);
        for (int n = 0; n < c->N; n++)
            for (int i = 0; i < OH; i++)
                for (int j = 0; j < OW; j++) {
                    int row = i * c->stride[0] + k * c->dilation[0], col = j * c->stride[1] + l * c->dilation[1];
                    row -= c->pad[0], col -= c->pad[1];
                    if (row < 0 || row >= c->H || col < 0 || col >= c->W) continue;
                    y[((n * c->OC + o) * OH + i) * OW + j] +=
                        w[q] * x[((n * c->C + o / OG * CG + ch) * c->H + row) * c->W + col];
                }
    }
}

/* The place where weight k met pixel at, or -1. */
static int place(int at, int k, int d, int places, const Convolution *c)
{
    int from = at + c->pad[d] - k * c->dilation[d];
    return from < 0 || from % c->stride[d] || from / c->stride[d] >= places ? -1 : from / c->stride[d];
}

void convolution_data(float *dx, const float *w, const float *dy, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    for (int at = 0; at < c->N * c->C * c->H * c->W; at++) {
        int col = at % c->W, row = at / c->W % c->H, ch = at / (c->W * c->H) % c->C, n = at / (c->W * c->H * c->C);
        float sum = 0;
        for (int o = ch / CG * OG; o < (ch / CG + 1) * OG; o++)
            for (int k = 0; k < c->KH; k++)
                for (int l = 0; l < c->KW; l++) {
                    int i = place(row, k, 0, OH, c), j = place(col, l, 1, OW, c);
                    if (i >= 0 && j >= 0)
                        sum += w[((o * CG + ch % CG) * c->KH + k) * c->KW + l] *
                               dy[((n * c->OC + o) * OH + i) * OW + j];
                }
        dx[at] = sum;
    }
}

/* Each dy teaches all the weights that made it. */
void convolution_weights(float *dw, float *db, const float *x, const float *dy, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    for (int at = 0; at < c->N * c->OC * OH * OW; at++) {
        int j = at % OW, i = at / OW % OH, o = at / (OW * OH) % c->OC, n = at / (OW * OH * c->OC);
        if (db) db[o] += dy[at];
        for (int ch = 0; ch < CG; ch++)
            for (int k = 0; k < c->KH; k++)
                for (int l = 0; l < c->KW; l++) {
                    int row = i * c->stride[0] + k * c->dilation[0] - c->pad[0];
                    int col = j * c->stride[1] + l * c->dilation[1] - c->pad[1];
                    if (row < 0 || row >= c->H || col < 0 || col >= c->W) continue;
                    dw[((o * CG + ch) * c->KH + k) * c->KW + l] +=
                        dy[at] * x[((n * c->C + o / OG * CG + ch) * c->H + row) * c->W + col];
                }
    }
}

/* Each row of the columns begins as zeros and takes the pixels that there are; the product is made of dots. */
void convolution_by_columns(float *y, float *col, const float *x, const float *w, const float *b, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), P = OH * OW, OG = c->OC / c->groups;
    int K = c->C / c->groups * c->KH * c->KW;
    for (int n = 0; n < c->N; n++) {
        for (int i = 0; i < c->C * c->KH * c->KW * P; i++) col[i] = 0;
        for (int at = 0; at < c->C * c->H * c->W; at++)
            for (int t = 0; t < c->KH * c->KW; t++) {
                int i = place(at / c->W % c->H, t / c->KW, 0, OH, c), j = place(at % c->W, t % c->KW, 1, OW, c);
                if (i >= 0 && j >= 0)
                    col[((at / (c->H * c->W) * c->KH * c->KW + t) * OH + i) * OW + j] = x[n * c->C * c->H * c->W + at];
            }
        for (int o = 0; o < c->OC; o++)
            for (int p = 0; p < P; p++) {
                float sum = 0;
                for (int q = 0; q < K; q++) sum += col[(o / OG * K + q) * P + p] * w[o * K + q];
                y[(n * c->OC + o) * P + p] = b ? sum + b[o] : sum;
            }
    }
}

int convolution_winograd_room(const Convolution *c) { return 16 * (c->OC * (c->C / c->groups) + c->C); }

/* The same transforms in one dimension, written out; s: how far apart the numbers are. */
static void of_window(float *u, const float *g, int s, int t)
{
    float even = (g[0] + g[2 * s]) / 2, odd = g[s] / 2;
    u[0] = g[0], u[t] = even + odd, u[2 * t] = even - odd, u[3 * t] = g[2 * s];
}

static void of_tile(float *d, int s)
{
    float a = d[0] - d[2 * s], b = d[s] + d[2 * s], e = d[2 * s] - d[s], f = d[s] - d[3 * s];
    d[0] = a, d[s] = b, d[2 * s] = e, d[3 * s] = f;
}

static void back(float *y, const float *m, int s, int t)
{
    y[0] = m[0] + m[s] + m[2 * s], y[t] = m[s] - m[2 * s] - m[3 * s];
}

void convolution_by_winograd(float *y, float *work, const float *x, const float *w, const float *b,
                             const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    for (int q = 0; q < c->OC * CG; q++) {
        float half[12];
        for (int r = 0; r < 3; r++) of_window(half + 4 * r, w + 9 * q + 3 * r, 1, 1);
        for (int l = 0; l < 4; l++) of_window(work + 16 * q + l, half + l, 4, 4);
    }
    for (int at = 0; at < c->N * c->OC * OH * OW; at++) {
        int j = at % OW, i = at / OW % OH, o = at / (OW * OH) % c->OC, n = at / (OW * OH * c->OC);
        float m[16] = { 0 }, d[16], half[8], out[4];
        if (i % 2 || j % 2) continue;
        for (int ch = 0; ch < CG; ch++) {
            const float *image = x + (n * c->C + o / OG * CG + ch) * c->H * c->W;
            for (int t = 0; t < 16; t++) {
                int row = i + t / 4 - c->pad[0], col = j + t % 4 - c->pad[1];
                d[t] = row < 0 || col < 0 || row >= c->H || col >= c->W ? 0 : image[row * c->W + col];
            }
            for (int r = 0; r < 4; r++) of_tile(d + 4 * r, 1);
            for (int l = 0; l < 4; l++) of_tile(d + l, 4);
            for (int t = 0; t < 16; t++) m[t] += d[t] * work[16 * (o * CG + ch) + t];
        }
        for (int l = 0; l < 4; l++) back(half + l, m + l, 4, 4);
        for (int r = 0; r < 2; r++) back(out + 2 * r, half + 4 * r, 1, 1);
        for (int t = 0; t < 4; t++)
            if (i + t / 2 < OH && j + t % 2 < OW) y[at + t / 2 * OW + t % 2] = b ? out[t] + b[o] : out[t];
    }
}

int convolution_fft_room(const Convolution *c)
{
    int R = 1, S = 1;
    while (R < c->H + 2 * c->pad[0]) R *= 2;
    while (S < c->W + 2 * c->pad[1]) S *= 2;
    return 2 * R * S * (c->OC * (c->C / c->groups) + c->C + 1);
}

/* The product by its meaning: polynomials in two unknowns, multiplied term by term, the window's exponents negative. */
void convolution_by_fft(float *y, double *work, const float *x, const float *w, const float *b, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    int high = c->H + 2 * c->pad[0], wide = c->W + 2 * c->pad[1];
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->OC; o++) {
            for (int i = 0; i < high * wide; i++) work[i] = b ? b[o] : 0;
            for (int q = 0; q < CG * c->KH * c->KW; q++) {
                int up = q / c->KW % c->KH * c->dilation[0], left = q % c->KW * c->dilation[1];
                const float *image = x + (n * c->C + o / OG * CG + q / (c->KH * c->KW)) * c->H * c->W;
                for (int i = 0; i < c->H * c->W; i++) {
                    int row = i / c->W + c->pad[0] - up, col = i % c->W + c->pad[1] - left;
                    if (row >= 0 && col >= 0)
                        work[row * wide + col] += (double)image[i] * w[o * CG * c->KH * c->KW + q];
                }
            }
            for (int i = 0; i < OH * OW; i++)
                *y++ = work[i / OW * c->stride[0] * wide + i % OW * c->stride[1]];
        }
}

int convolution_tune(double *best, ConvolutionClock *clock, void *ctx, int ways, int rounds)
{
    int winner = 0;
    char *out = calloc(ways + 1, 1);
    for (int turn = 0; turn < ways * rounds; turn++) {
        int way = turn % ways;
        double time = out[way] ? -1 : clock(ctx, way);
        if (time < 0) out[way] = 1;
        best[way] = turn < ways ? (time < 0 ? INFINITY : time) : fmin(best[way], time < 0 ? INFINITY : time);
    }
    for (int way = ways - 1; way >= 0; way--)
        if (best[way] <= best[winner]) winner = way;
    int none = !ways || out[winner];
    free(out);
    return none ? -1 : winner;
}

/* Output i of the last layer sees what its first and last input see. */
static void ends(int *first, int *last, int i, const int *layer, int l)
{
    *first = *last = i;
    for (layer += 4 * l; l > 0; l--) {
        layer -= 4;
        *first = *first * layer[1] - layer[2];
        *last = *last * layer[1] - layer[2] + (layer[0] - 1) * layer[3];
    }
}

void convolution_field(int *size, int *jump, int *start, const int *layer, int L)
{
    for (int l = 0; l <= L; l++) {
        int first, last, next, unused;
        ends(&first, &last, 0, layer, l);
        ends(&next, &unused, 1, layer, l);
        size[l] = last - first + 1, jump[l] = next - first, start[l] = first;
    }
}
