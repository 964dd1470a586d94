/* convolution.c -- a window slid over images: four ways of doing it, its gradients, and what an output sees. */
#include <math.h>
#include "convolution.h"

/* In all that follows CG is the number of channels that an output sees, and OG how many outputs see the same ones. */

static int places(const Convolution *c, int d, int size, int window)
{
    return (size + 2 * c->pad[d] - c->dilation[d] * (window - 1) - 1) / c->stride[d] + 1;
}

int convolution_height(const Convolution *c) { return places(c, 0, c->H, c->KH); }
int convolution_width(const Convolution *c) { return places(c, 1, c->W, c->KW); }

/* ---- By definition ----------------------------------------------------------------------------------------------- */

/* The row (d = 0) or column (d = 1) that weight k meets at place i: i P + k D - pad; -1 where that is outside. */
static int met(const Convolution *c, int d, int i, int k)
{
    /* exercise: where weight k of the window lies when the window stands at place i; -1 if outside the image */
    int at = i * c->stride[d] + k * c->dilation[d] - c->pad[d];
    return at >= 0 && at < (d ? c->W : c->H) ? at : -1;
    /* end */
}

/* y[n,o,i,j] = b[o] + sum w[o,c,k,l] x[n,c,row,col] */
void convolution_direct(float *y, const float *x, const float *w, const float *b, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    /* exercise: for each image, output, row and column the bias plus the sum of weights times the pixels they meet */
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->OC; o++)
            for (int i = 0; i < OH; i++)
                for (int j = 0; j < OW; j++) {
                    double sum = b ? b[o] : 0;
                    for (int ch = 0; ch < CG; ch++) {
                        const float *image = x + (n * c->C + o / OG * CG + ch) * c->H * c->W;
                        const float *window = w + (o * CG + ch) * c->KH * c->KW;
                        for (int k = 0; k < c->KH; k++)
                            for (int l = 0; l < c->KW; l++) {
                                int row = met(c, 0, i, k), col = met(c, 1, j, l);
                                if (row >= 0 && col >= 0)
                                    sum += (double)window[k * c->KW + l] * image[row * c->W + col];
                            }
                    }
                    y[((n * c->OC + o) * OH + i) * OW + j] = sum;
                }
    /* end */
}

/* Each product w x of y sends dy back to x with w, and to w with x. */
void convolution_data(float *dx, const float *w, const float *dy, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    /* exercise: clear dx; then the loops of forward, each dy adding to the pixels that its window met */
    for (int i = 0; i < c->N * c->C * c->H * c->W; i++)
        dx[i] = 0;
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->OC; o++)
            for (int ch = 0; ch < CG; ch++) {
                float *image = dx + (n * c->C + o / OG * CG + ch) * c->H * c->W;
                const float *window = w + (o * CG + ch) * c->KH * c->KW, *g = dy + (n * c->OC + o) * OH * OW;
                for (int i = 0; i < OH; i++)
                    for (int j = 0; j < OW; j++)
                        for (int k = 0; k < c->KH; k++)
                            for (int l = 0; l < c->KW; l++) {
                                int row = met(c, 0, i, k), col = met(c, 1, j, l);
                                if (row >= 0 && col >= 0)
                                    image[row * c->W + col] += window[k * c->KW + l] * g[i * OW + j];
                            }
            }
    /* end */
}

/* One weight's gradient from one image: what it met, times what came of it. */
static double weight(const float *image, const float *g, int k, int l, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c);
    /* exercise: the sum over all places of the pixel that weight (k,l) met there, times dy there */
    double sum = 0;
    for (int i = 0; i < OH; i++)
        for (int j = 0; j < OW; j++) {
            int row = met(c, 0, i, k), col = met(c, 1, j, l);
            if (row >= 0 && col >= 0)
                sum += (double)image[row * c->W + col] * g[i * OW + j];
        }
    return sum;
    /* end */
}

/* dw += x dy,  db += dy, over all images and places: a weight serves all of them */
void convolution_weights(float *dw, float *db, const float *x, const float *dy, const Convolution *c)
{
    int P = convolution_height(c) * convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    int window = c->KH * c->KW;
    /* exercise: add to each weight what all images give it, and to each bias, where there are any, the sum of its dy */
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->OC; o++) {
            const float *g = dy + (n * c->OC + o) * P;
            for (int ch = 0; ch < CG; ch++) {
                const float *image = x + (n * c->C + o / OG * CG + ch) * c->H * c->W;
                for (int t = 0; t < window; t++)
                    dw[(o * CG + ch) * window + t] += weight(image, g, t / c->KW, t % c->KW, c);
            }
            for (int p = 0; p < P && db; p++)
                db[o] += g[p];
        }
    /* end */
}

/* ---- As a matrix product ----------------------------------------------------------------------------------------- */

/* What each weight meets at each place of one image: (C KH KW, OH OW). */
static void columns(float *col, const float *image, const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c);
    /* exercise: row after row, (channel, k, l), the pixel at every place (i,j); 0 where it is outside */
    for (int ch = 0; ch < c->C; ch++, image += c->H * c->W)
        for (int k = 0; k < c->KH; k++)
            for (int l = 0; l < c->KW; l++)
                for (int i = 0; i < OH; i++)
                    for (int j = 0; j < OW; j++) {
                        int row = met(c, 0, i, k), column = met(c, 1, j, l);
                        *col++ = row >= 0 && column >= 0 ? image[row * c->W + column] : 0;
                    }
    /* end */
}

/* Y (OG,P) = W (OG,K) col (K,P) + b, a group at a time */
void convolution_by_columns(float *y, float *col, const float *x, const float *w, const float *b, const Convolution *c)
{
    int P = convolution_height(c) * convolution_width(c), OG = c->OC / c->groups;
    int K = c->C / c->groups * c->KH * c->KW;
    /* exercise: for each image its columns; then for each output its bias, plus weight after weight times its row */
    for (int n = 0; n < c->N; n++) {
        columns(col, x + n * c->C * c->H * c->W, c);
        for (int o = 0; o < c->OC; o++, y += P) {
            for (int p = 0; p < P; p++)
                y[p] = b ? b[o] : 0;
            for (int q = 0; q < K; q++) {
                const float *row = col + (o / OG * K + q) * P, weight = w[o * K + q];
                for (int p = 0; p < P; p++)                 /* neighbours in memory: the compiler makes vectors of it */
                    y[p] += weight * row[p];
            }
        }
    }
    /* end */
}

/* ---- Winograd ---------------------------------------------------------------------------------------------------- */

static const float G[] = { 1, 0, 0, .5f, .5f, .5f, .5f, -.5f, .5f, 0, 0, 1 };          /* (4,3) */
static const float BT[] = { 1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1 };       /* (4,4) */
static const float AT[] = { 1, 1, 1, 0, 0, 1, -1, -1 };                                /* (2,4) */

/* out (R,R) = T (R,n) in (n,n) T^T, n <= 4 */
static void sandwich(float *out, const float *T, const float *in, int R, int n)
{
    float half[16];
    for (int r = 0; r < R; r++)
        for (int j = 0; j < n; j++) {
            half[r * n + j] = 0;
            for (int i = 0; i < n; i++) half[r * n + j] += T[r * n + i] * in[i * n + j];
        }
    for (int r = 0; r < R; r++)
        for (int s = 0; s < R; s++) {
            out[r * R + s] = 0;
            for (int j = 0; j < n; j++) out[r * R + s] += half[r * n + j] * T[s * n + j];
        }
}

int convolution_winograd_room(const Convolution *c) { return 16 * (c->OC * (c->C / c->groups) + c->C); }

/* v (C,16): the tiles at rows i .., columns j .. of all channels, transformed. */
static void tiles(float *v, const float *image, int i, int j, const Convolution *c)
{
    /* exercise: for each channel fetch 4 x 4 pixels, 0 outside; what it meets at (i,j) comes first; B^T d B into v */
    for (int ch = 0; ch < c->C; ch++, image += c->H * c->W) {
        float d[16];
        for (int t = 0; t < 16; t++) {
            int row = met(c, 0, i, t / 4), col = met(c, 1, j, t % 4);
            d[t] = row >= 0 && col >= 0 ? image[row * c->W + col] : 0;
        }
        sandwich(v + 16 * ch, BT, d, 4, 4);
    }
    /* end */
}

void convolution_by_winograd(float *y, float *work, const float *x, const float *w, const float *b,
                             const Convolution *c)
{
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    float *u = work, *v = work + 16 * c->OC * CG;           /* (OC,CG,16), (C,16) */
    /* exercise: transform all windows once; at every second place the tiles; products summed over channels, and back */
    for (int i = 0; i < c->OC * CG; i++)
        sandwich(u + 16 * i, G, w + 9 * i, 4, 3);
    for (int n = 0; n < c->N; n++)
        for (int at = 0; at < (OH + 1) / 2 * ((OW + 1) / 2); at++) {
            int i = at / ((OW + 1) / 2) * 2, j = at % ((OW + 1) / 2) * 2;
            tiles(v, x + n * c->C * c->H * c->W, i, j, c);
            for (int o = 0; o < c->OC; o++) {
                float m[16] = { 0 }, out[4];
                for (int ch = 0; ch < CG; ch++)
                    for (int t = 0; t < 16; t++)
                        m[t] += u[(o * CG + ch) * 16 + t] * v[(o / OG * CG + ch) * 16 + t];
                sandwich(out, AT, m, 2, 4);
                for (int t = 0; t < 4; t++)
                    if (i + t / 2 < OH && j + t % 2 < OW)
                        y[((n * c->OC + o) * OH + i + t / 2) * OW + j + t % 2] = out[t] + (b ? b[o] : 0);
            }
        }
    /* end */
}

/* ---- Fourier ----------------------------------------------------------------------------------------------------- */

/* z[k] = sum over j of z[j] exp(sign 2 pi i j k / n), n a power of two, of many lines at once: complex numbers, those
 * of a line `step` apart, lines `next` apart. */
static void fft(double *z, int n, int step, int lines, int next, int sign)
{
    for (int i = 1, j = 0; i < n; i++) {                    /* j: i with its bits from right to left */
        int bit = n / 2;
        for (; j & bit; bit /= 2) j ^= bit;
        j ^= bit;
        for (int part = 0; part < 2 * lines && i < j; part++) {
            double *a = z + 2 * (i * step + part / 2 * next) + part % 2, *b = a + 2 * (j - i) * step, swap = *a;
            *a = *b, *b = swap;
        }
    }
    for (int half = 1; half < n; half *= 2)
        for (int k = 0; k < half; k++) {
            double angle = sign * acos(-1) * k / half, re = cos(angle), im = sin(angle);
            for (int i = k; i < n; i += 2 * half)
                for (int line = 0; line < lines; line++) {
                    double *a = z + 2 * (i * step + line * next), *b = a + 2 * half * step;
                    double r = b[0] * re - b[1] * im, s = b[0] * im + b[1] * re;
                    b[0] = a[0] - r, b[1] = a[1] - s, a[0] += r, a[1] += s;
                }
        }
}

static void fft_plane(double *z, int R, int S, int sign)    /* (R,S): along the rows, then along the columns */
{
    fft(z, S, 1, R, S, sign);
    fft(z, R, S, S, 1, sign);
}

static int power_of_two(int n)
{
    int p = 1;
    while (p < n) p *= 2;
    return p;
}

/* The transform of a plane (R,S) of zeros in which value (i,j) of (rows,cols) stands at first + i step, and so on. */
static void spectrum(double *z, int R, int S, const float *value, int rows, int cols, const int *first,
                     const int *step)
{
    for (int i = 0; i < 2 * R * S; i++) z[i] = 0;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            z[2 * ((first[0] + i * step[0]) * S + first[1] + j * step[1])] = value[i * cols + j];
    fft_plane(z, R, S, -1);
}

static int plane_rows(const Convolution *c) { return power_of_two(c->H + 2 * c->pad[0]); }
static int plane_columns(const Convolution *c) { return power_of_two(c->W + 2 * c->pad[1]); }

int convolution_fft_room(const Convolution *c)
{
    return 2 * plane_rows(c) * plane_columns(c) * (c->OC * (c->C / c->groups) + c->C + 1);
}

/* sum += x conj(w), number by number */
static void add_product(double *sum, const double *x, const double *w, int n)
{
    /* exercise: complex numbers, real part first: add x times w with w's imaginary part negated */
    for (int i = 0; i < n; i++, sum += 2, x += 2, w += 2) {
        sum[0] += x[0] * w[0] + x[1] * w[1];
        sum[1] += x[1] * w[0] - x[0] * w[1];
    }
    /* end */
}

void convolution_by_fft(float *y, double *work, const float *x, const float *w, const float *b, const Convolution *c)
{
    static const int zero[] = { 0, 0 }, one[] = { 1, 1 };
    int OH = convolution_height(c), OW = convolution_width(c), CG = c->C / c->groups, OG = c->OC / c->groups;
    int R = plane_rows(c), S = plane_columns(c), plane = 2 * R * S;
    double *wf = work, *xf = wf + plane * c->OC * CG, *sum = xf + plane * c->C;     /* (OC,CG,R,S), (C,R,S), (R,S) */
    /* exercise: spectra of all windows; for each image those of its channels; for each output the sum, back, and y */
    for (int i = 0; i < c->OC * CG; i++)
        spectrum(wf + plane * i, R, S, w + c->KH * c->KW * i, c->KH, c->KW, zero, c->dilation);
    for (int n = 0; n < c->N; n++, x += c->C * c->H * c->W) {
        for (int ch = 0; ch < c->C; ch++)
            spectrum(xf + plane * ch, R, S, x + c->H * c->W * ch, c->H, c->W, c->pad, one);
        for (int o = 0; o < c->OC; o++) {
            for (int i = 0; i < plane; i++)
                sum[i] = 0;
            for (int ch = 0; ch < CG; ch++)
                add_product(sum, xf + plane * (o / OG * CG + ch), wf + plane * (o * CG + ch), R * S);
            fft_plane(sum, R, S, 1);
            for (int i = 0; i < OH; i++)
                for (int j = 0; j < OW; j++)
                    *y++ = sum[2 * (i * c->stride[0] * S + j * c->stride[1])] / (R * S) + (b ? b[o] : 0);
        }
    }
    /* end */
}

/* ---- Which one, and how far it sees ------------------------------------------------------------------------------ */

int convolution_tune(double *best, ConvolutionClock *clock, void *ctx, int ways, int rounds)
{
    /* exercise: round by round run every way that can; keep each way's shortest time; return the fastest */
    int fastest = -1;
    for (int way = 0; way < ways; way++)
        best[way] = INFINITY;
    for (int round = 0; round < rounds; round++)
        for (int way = 0; way < ways; way++) {
            if (round && best[way] == INFINITY)
                continue;                                   /* it could not the first time */
            double time = clock(ctx, way);
            if (time >= 0 && time < best[way])
                best[way] = time;
        }
    for (int way = 0; way < ways; way++)
        if (best[way] < (fastest < 0 ? INFINITY : best[fastest]))
            fastest = way;
    return fastest;
    /* end */
}

void convolution_field(int *size, int *jump, int *start, const int *layer, int L)
{
    /* exercise: from a pixel, layer by layer: how wide, how far apart neighbours are, where output 0 begins */
    size[0] = jump[0] = 1, start[0] = 0;
    for (int l = 0; l < L; l++, layer += 4) {
        int window = layer[0], stride = layer[1], pad = layer[2], dilation = layer[3];
        size[l + 1] = size[l] + (window - 1) * dilation * jump[l];
        jump[l + 1] = jump[l] * stride;
        start[l + 1] = start[l] - pad * jump[l];
    }
    /* end */
}
