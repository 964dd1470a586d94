/* padded_copy.c -- the image with its border is copied first, so that no loop asks where the edge is; the gradients are
 * made of forward convolutions. */
#include <math.h>
#include <stdlib.h>
#include "convolution.h"

static int out_of(int size, int window, int stride, int pad, int dilation)
{
    int count = 0;
    for (int first = -pad; first + (window - 1) * dilation < size + pad; first += stride) count++;
    return count;
}

int convolution_height(const Convolution *c)
{
    return out_of(c->H, c->KH, c->stride[0], c->pad[0], c->dilation[0]);
}

int convolution_width(const Convolution *c) { return out_of(c->W, c->KW, c->stride[1], c->pad[1], c->dilation[1]); }

/* (high,wide) zeros with the values (rows,cols) put at top + i down, left + j right. */
static float *spread(const float *from, int rows, int cols, int high, int wide, int top, int left, int down, int right)
{
    float *to = calloc((size_t)high * wide + 1, sizeof *to);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) {
            int row = top + i * down, col = left + j * right;
            if (row >= 0 && row < high && col >= 0 && col < wide) to[row * wide + col] = from[i * cols + j];
        }
    return to;
}

/* y (OH,OW) += x (.,wide) slid over by w (KH,KW): strides P, gaps D. */
static void slide(double *y, int OH, int OW, const float *x, int wide, const float *w, int KH, int KW, const int *P,
                  const int *D)
{
    for (int i = 0; i < OH; i++)
        for (int j = 0; j < OW; j++)
            for (int k = KH - 1; k >= 0; k--)
                for (int l = KW - 1; l >= 0; l--)
                    y[i * OW + j] += (double)x[(i * P[0] + k * D[0]) * wide + j * P[1] + l * D[1]] * w[k * KW + l];
}

void convolution_direct(float *y, const float *x, const float *w, const float *b, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    int high = c->H + 2 * c->pad[0], wide = c->W + 2 * c->pad[1];
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->OC; o++, y += OH * OW) {
            double *sum = calloc((size_t)OH * OW, sizeof *sum);
            for (int ch = 0; ch < CG; ch++) {
                float *image = spread(x + (n * c->C + o / OG * CG + ch) * c->H * c->W, c->H, c->W, high, wide,
                                      c->pad[0], c->pad[1], 1, 1);
                slide(sum, OH, OW, image, wide, w + (o * CG + ch) * c->KH * c->KW, c->KH, c->KW, c->stride,
                      c->dilation);
                free(image);
            }
            for (int i = 0; i < OH * OW; i++) y[i] = sum[i] + (b ? b[o] : 0);
            free(sum);
        }
}

/* dy spread out by the stride, bordered, and slid over by the flipped window. */
void convolution_data(float *dx, const float *w, const float *dy, const Convolution *c)
{
    static const int one[] = { 1, 1 };
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    int top = (c->KH - 1) * c->dilation[0] - c->pad[0], left = (c->KW - 1) * c->dilation[1] - c->pad[1];
    int high = c->H + (c->KH - 1) * c->dilation[0], wide = c->W + (c->KW - 1) * c->dilation[1];
    float *flipped = malloc((size_t)c->KH * c->KW * sizeof *flipped);
    for (int n = 0; n < c->N; n++)
        for (int ch = 0; ch < c->C; ch++, dx += c->H * c->W) {
            double *sum = calloc((size_t)c->H * c->W, sizeof *sum);
            for (int o = ch / CG * OG; o < (ch / CG + 1) * OG; o++) {
                const float *window = w + (o * CG + ch % CG) * c->KH * c->KW;
                for (int t = 0; t < c->KH * c->KW; t++) flipped[t] = window[c->KH * c->KW - 1 - t];
                float *from = spread(dy + (n * c->OC + o) * OH * OW, OH, OW, high, wide, top, left, c->stride[0],
                                     c->stride[1]);
                slide(sum, c->H, c->W, from, wide, flipped, c->KH, c->KW, one, c->dilation);
                free(from);
            }
            for (int i = 0; i < c->H * c->W; i++) dx[i] = sum[i];
            free(sum);
        }
    free(flipped);
}

/* The image slid over by dy, stride and dilation having changed places. */
void convolution_weights(float *dw, float *db, const float *x, const float *dy, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    int window = c->KH * c->KW;
    double *sum = malloc((size_t)window * sizeof *sum);
    for (int o = 0; o < c->OC; o++) {
        double bias = 0;
        for (int ch = 0; ch < CG; ch++) {
            for (int t = 0; t < window; t++) sum[t] = dw[(o * CG + ch) * window + t];
            for (int n = 0; n < c->N; n++) {
                float *image = spread(x + (n * c->C + o / OG * CG + ch) * c->H * c->W, c->H, c->W,
                                      c->H + 2 * c->pad[0], c->W + 2 * c->pad[1], c->pad[0], c->pad[1], 1, 1);
                slide(sum, c->KH, c->KW, image, c->W + 2 * c->pad[1], dy + (n * c->OC + o) * OH * OW, OH, OW,
                      c->dilation, c->stride);
                free(image);
            }
            for (int t = 0; t < window; t++) dw[(o * CG + ch) * window + t] = sum[t];
        }
        for (int n = 0; n < c->N; n++)
            for (int p = 0; p < OH * OW; p++) bias += dy[(n * c->OC + o) * OH * OW + p];
        if (db) db[o] += bias;
    }
    free(sum);
}

/* A pixel's row in the padded copy: what a weight meets is a window of it as large as the output. */
void convolution_by_columns(float *y, float *col, const float *x, const float *w, const float *b, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), P = OH * OW, OG = c->OC / c->groups;
    int K = c->C / c->groups * c->KH * c->KW, wide = c->W + 2 * c->pad[1];
    for (int n = 0; n < c->N; n++) {
        float *to = col;
        for (int ch = 0; ch < c->C; ch++) {
            float *image = spread(x + (n * c->C + ch) * c->H * c->W, c->H, c->W, c->H + 2 * c->pad[0], wide, c->pad[0],
                                  c->pad[1], 1, 1);
            for (int t = 0; t < c->KH * c->KW; t++)
                for (int p = 0; p < P; p++)
                    *to++ = image[(p / OW * c->stride[0] + t / c->KW * c->dilation[0]) * wide +
                                  p % OW * c->stride[1] + t % c->KW * c->dilation[1]];
            free(image);
        }
        for (int o = 0; o < c->OC; o++)
            for (int p = 0; p < P; p++) {
                double sum = 0;
                for (int q = K - 1; q >= 0; q--) sum += (double)w[o * K + q] * col[(o / OG * K + q) * P + p];
                y[(n * c->OC + o) * P + p] = sum + (b ? b[o] : 0);
            }
    }
}

int convolution_winograd_room(const Convolution *c) { return 16 * (c->OC * (c->C / c->groups) + c->C); }

/* One dimension at a time: F(2,3) along each row of the window, three rows added up. 24 products for four outputs. */
void convolution_by_winograd(float *y, float *work, const float *x, const float *w, const float *b,
                             const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    int high = c->H + 2 * c->pad[0], wide = c->W + 2 * c->pad[1] + 1;   /* a column more: the tile that hangs over */
    (void)work;
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->OC; o++, y += OH * OW) {
            for (int i = 0; i < OH * OW; i++) y[i] = b ? b[o] : 0;
            for (int ch = 0; ch < CG; ch++) {
                float *image = spread(x + (n * c->C + o / OG * CG + ch) * c->H * c->W, c->H, c->W, high, wide,
                                      c->pad[0], c->pad[1], 1, 1);
                for (int i = 0; i < OH; i++)
                    for (int j = 0; j < OW; j += 2)
                        for (int k = 0; k < 3; k++) {
                            const float *g = w + ((o * CG + ch) * 3 + k) * 3, *d = image + (i + k) * wide + j;
                            float m0 = (d[0] - d[2]) * g[0], m1 = (d[1] + d[2]) * (g[0] + g[1] + g[2]) / 2;
                            float m2 = (d[2] - d[1]) * (g[0] - g[1] + g[2]) / 2, m3 = (d[1] - d[3]) * g[2];
                            y[i * OW + j] += m0 + m1 + m2;
                            if (j + 1 < OW) y[i * OW + j + 1] += m1 - m2 - m3;
                        }
                free(image);
            }
        }
}

int convolution_fft_room(const Convolution *c)
{
    int R = 1, S = 1;
    while (R < c->H + 2 * c->pad[0]) R *= 2;
    while (S < c->W + 2 * c->pad[1]) S *= 2;
    return 2 * R * S * (c->OC * (c->C / c->groups) + c->C + 1);
}

/* Plane (R,S) of complex numbers, transformed by the definition, rows and then columns; line: room for one. */
static void transform(double *z, int R, int S, int sign, double *line)
{
    for (int way = 0; way < 2; way++) {
        int lines = way ? S : R, n = way ? R : S, step = way ? S : 1, next = way ? 1 : S;
        for (int at = 0; at < lines; at++) {
            double *from = z + 2 * at * next;
            for (int k = 0; k < n; k++) {
                line[2 * k] = line[2 * k + 1] = 0;
                for (int j = 0; j < n; j++) {
                    double angle = 2 * sign * acos(-1) * (j * k % n) / n, *v = from + 2 * j * step;
                    line[2 * k] += v[0] * cos(angle) - v[1] * sin(angle);
                    line[2 * k + 1] += v[0] * sin(angle) + v[1] * cos(angle);
                }
            }
            for (int k = 0; k < n; k++)
                from[2 * k * step] = line[2 * k], from[2 * k * step + 1] = line[2 * k + 1];
        }
    }
}

static double *spectrum(const float *from, int rows, int cols, int R, int S, const int *first, const int *step,
                        double *line)
{
    double *z = calloc(2 * (size_t)R * S, sizeof *z);
    for (int i = 0; i < rows * cols; i++)
        z[2 * ((first[0] + i / cols * step[0]) * S + first[1] + i % cols * step[1])] = from[i];
    transform(z, R, S, -1, line);
    return z;
}

/* Planes exactly as large as the padded image: any size will do for a transform by its definition. */
void convolution_by_fft(float *y, double *work, const float *x, const float *w, const float *b, const Convolution *c)
{
    static const int one[] = { 1, 1 }, zero[] = { 0, 0 };
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    int R = c->H + 2 * c->pad[0], S = c->W + 2 * c->pad[1];
    double *line = malloc(2 * sizeof *line * (R + S));
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->OC; o++) {
            for (int i = 0; i < 2 * R * S; i++) work[i] = 0;
            for (int ch = 0; ch < CG; ch++) {
                double *f = spectrum(x + (n * c->C + o / OG * CG + ch) * c->H * c->W, c->H, c->W, R, S, c->pad, one,
                                     line);
                double *g = spectrum(w + (o * CG + ch) * c->KH * c->KW, c->KH, c->KW, R, S, zero, c->dilation, line);
                for (int i = 0; i < R * S; i++) {
                    work[2 * i] += f[2 * i] * g[2 * i] + f[2 * i + 1] * g[2 * i + 1];
                    work[2 * i + 1] += f[2 * i + 1] * g[2 * i] - f[2 * i] * g[2 * i + 1];
                }
                free(f), free(g);
            }
            transform(work, R, S, 1, line);
            for (int i = 0; i < OH * OW; i++)
                *y++ = work[2 * (i / OW * c->stride[0] * S + i % OW * c->stride[1])] / (R * S) + (b ? b[o] : 0);
        }
    free(line);
}

int convolution_tune(double *best, ConvolutionClock *clock, void *ctx, int ways, int rounds)
{
    int first = -1;
    for (int way = 0; way < ways; way++) {
        double time = clock(ctx, way);
        best[way] = time < 0 ? INFINITY : time;
    }
    for (int round = 1; round < rounds; round++)
        for (int way = 0; way < ways; way++)
            if (best[way] != INFINITY) best[way] = fmin(best[way], clock(ctx, way));
    for (int way = 0; way < ways; way++)
        if (best[way] != INFINITY && (first < 0 || best[way] < best[first])) first = way;
    return first;
}

/* Sizes by counting from the top: how many outputs of each layer below one output of layer l needs. */
void convolution_field(int *size, int *jump, int *start, const int *layer, int L)
{
    for (int l = 0; l <= L; l++) {
        size[l] = 1, jump[l] = 1, start[l] = 0;
        for (int below = l - 1; below >= 0; below--) {
            const int *a = layer + 4 * below;
            size[l] = (size[l] - 1) * a[1] + (a[0] - 1) * a[3] + 1;
            jump[l] *= a[1];
            start[l] = start[l] * a[1] - a[2];
        }
    }
}
