/* conv.c -- convolution as a matrix product: the pixels under the kernel become the columns of a matrix. Which of the
 * ways is taken is decided here. */
#include <string.h>
#include "conv.h"
#include "norm.h"

const char *conv_defaults(ConvArg *a)
{
    for (int d = 0; d < 2; d++) {
        if (a->stride[d] == 0) a->stride[d] = 1;
        if (a->dilation[d] == 0) a->dilation[d] = 1;
        if (a->stride[d] < 1 || a->dilation[d] < 1 || a->pad[d] < 0 || a->more[d] < 0)
            return "stride and dilation must be 1 or more, padding 0 or more";
    }
    if (a->groups == 0) a->groups = 1;
    return a->groups < 1 ? "groups must be 1 or more" : NULL;
}

/* ---- im2col: col (K,P) of one image and group; K = C/groups KH KW, P = OH OW ---- */

static int64_t terms(const Conv *c) { return c->C / c->groups * c->KH * c->KW; }

/* Output columns from .. to-1 read inside the row; the others read the padding. */
static void inside(const Conv *c, int64_t l, int64_t *from, int64_t *to)
{
    int64_t shift = l * c->dilation[1] - c->pad[1], P = c->stride[1];
    *from = shift < 0 ? (-shift + P - 1) / P : 0;
    *to = shift < c->W ? (c->W - 1 - shift) / P + 1 : 0;
    if (*to > c->OW) *to = c->OW;
    if (*from > *to) *from = *to;
}

/* Row q of the columns, (channel, k, l), is an image as large as the output; line i of it reads line `at` of x. */
typedef struct Line { int64_t channel, l, shift; } Line;

static Line line_of(const Conv *c, int64_t q)
{
    return (Line){ q / (c->KH * c->KW), q % c->KW, q / c->KW % c->KH * c->dilation[0] - c->pad[0] };
}

static void im2col(const Conv *c, real *col, const real *x)
{
    const int64_t K = terms(c), P = c->OH * c->OW;
#pragma omp parallel for if (K * P > PARALLEL)
    for (int64_t q = 0; q < K; q++) {
        const Line n = line_of(c, q);
        int64_t from, to;
        inside(c, n.l, &from, &to);
        for (int64_t i = 0; i < c->OH; i++) {
            const int64_t at = i * c->stride[0] + n.shift;
            real *out = col + q * P + i * c->OW;
            if (at < 0 || at >= c->H || from == to) {
                memset(out, 0, (size_t)c->OW * sizeof *out);
                continue;
            }
            const real *in = x + (n.channel * c->H + at) * c->W + n.l * c->dilation[1] - c->pad[1];
            for (int64_t j = 0; j < from; j++) out[j] = 0;
            if (c->stride[1] == 1) memcpy(out + from, in + from, (size_t)(to - from) * sizeof *out);
            else
                for (int64_t j = from; j < to; j++) out[j] = in[j * c->stride[1]];
            for (int64_t j = to; j < c->OW; j++) out[j] = 0;
        }
    }
}

/* The way back adds. Every channel has rows of its own, so threads share channels out. */
static void col2im(const Conv *c, real *dx, const real *col)
{
    const int64_t K = terms(c), P = c->OH * c->OW, window = c->KH * c->KW;
    memset(dx, 0, (size_t)(c->C / c->groups * c->H * c->W) * sizeof *dx);
#pragma omp parallel for if (K * P > PARALLEL)
    for (int64_t channel = 0; channel < c->C / c->groups; channel++)
        for (int64_t q = channel * window; q < (channel + 1) * window; q++) {
            const Line n = line_of(c, q);
            int64_t from, to;
            inside(c, n.l, &from, &to);
            for (int64_t i = 0; i < c->OH; i++) {
                const int64_t at = i * c->stride[0] + n.shift;
                if (at < 0 || at >= c->H) continue;
                const real *in = col + q * P + i * c->OW;
                real *out = dx + (channel * c->H + at) * c->W + n.l * c->dilation[1] - c->pad[1];
                for (int64_t j = from; j < to; j++) out[j * c->stride[1]] += in[j];
            }
        }
}

/* Where image n's share of group g begins in x and in y. */
static int64_t x_at(const Conv *c, int64_t n, int64_t g) { return (n * c->C + g * (c->C / c->groups)) * c->H * c->W; }
static int64_t y_at(const Conv *c, int64_t n, int64_t g)
{
    return (n * c->OC + g * (c->OC / c->groups)) * c->OH * c->OW;
}

void conv_relu(real *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
}

/* Y (OC,P) = W (OC,K) col + b */
static void plain_forward(const Conv *c, real *y, const real *x, const real *w, const real *b, void *scratch)
{
    real *col = scratch;
    const int64_t K = terms(c), P = c->OH * c->OW, OC = c->OC / c->groups;
    for (int64_t n = 0; n < c->N; n++)
        for (int64_t g = 0; g < c->groups; g++) {
            real *out = y + y_at(c, n, g);
            im2col(c, col, x + x_at(c, n, g));
            for (int64_t o = 0; b && o < OC; o++)
                for (int64_t p = 0; p < P; p++) out[o * P + p] = b[g * OC + o];
            gemm(out, OC, P, K, w + g * OC * K, (int64_t[]){ K, 1 }, col, (int64_t[]){ P, 1 }, b ? 1 : 0);
            if (c->relu) conv_relu(out, OC * P);
        }
}

/* dcol = W^T dY */
static void plain_data(const Conv *c, real *dx, const real *dy, const real *w, void *scratch)
{
    real *col = scratch;
    const int64_t K = terms(c), P = c->OH * c->OW, OC = c->OC / c->groups;
    for (int64_t n = 0; n < c->N; n++)
        for (int64_t g = 0; g < c->groups; g++) {
            gemm(col, K, P, OC, w + g * OC * K, (int64_t[]){ 1, K }, dy + y_at(c, n, g), (int64_t[]){ P, 1 }, 0);
            col2im(c, dx + x_at(c, n, g), col);
        }
}

/* dW = sum over images of dY col^T */
static void plain_weights(const Conv *c, real *dw, const real *x, const real *dy, void *scratch)
{
    real *col = scratch;
    const int64_t K = terms(c), P = c->OH * c->OW, OC = c->OC / c->groups;
    if (c->N * P == 0) memset(dw, 0, (size_t)(c->OC * K) * sizeof *dw);
    for (int64_t n = 0; n < c->N; n++)
        for (int64_t g = 0; g < c->groups; g++) {
            im2col(c, col, x + x_at(c, n, g));
            gemm(dw + g * OC * K, OC, K, P, dy + y_at(c, n, g), (int64_t[]){ P, 1 }, col, (int64_t[]){ 1, P }, n > 0);
        }
}

static bool plain_takes(const Conv *c, ConvProduct what) { return (void)c, (void)what, true; }

static size_t plain_scratch(const Conv *c, ConvProduct what)
{
    return (void)what, (size_t)(terms(c) * c->OH * c->OW) * sizeof(real);
}

static const ConvWay conv_by_columns = { plain_takes, plain_scratch, plain_forward, plain_data, plain_weights };

/* ---- The choice ---- */

static const ConvWay *way(const Conv *c, ConvProduct what)
{
    static const ConvWay *const ways[] = { &conv_by_lanes, &conv_by_onednn, &conv_by_columns };
    int i = 0;
    while (!ways[i]->takes || !ways[i]->takes(c, what)) i++;
    return ways[i];
}

size_t conv_scratch(const Conv *c, ConvProduct what) { return way(c, what)->scratch(c, what); }

void conv_forward(const Conv *c, real *y, const real *x, const real *w, const real *b, void *scratch)
{
    way(c, CONV_FORWARD)->forward(c, y, x, w, b, scratch);
}

void conv_data(const Conv *c, real *dx, const real *dy, const real *w, void *scratch)
{
    way(c, CONV_DATA)->data(c, dx, dy, w, scratch);
}

void conv_weights(const Conv *c, real *dw, const real *x, const real *dy, void *scratch)
{
    way(c, CONV_WEIGHTS)->weights(c, dw, x, dy, scratch);
}

double conv_flops(const Conv *c)
{
    return 2.0 * (double)(c->N * c->OC * c->OH * c->OW) * (double)(c->C / c->groups * c->KH * c->KW);
}

/* So many channels at a time: what is read of an image lies together. */
void conv_bias(real *db, const real *dy, int64_t N, int64_t C, int64_t S)
{
    enum { CHANNELS = 16 };
#pragma omp parallel for if (N * C * S > PARALLEL)
    for (int64_t from = 0; from < C; from += CHANNELS) {
        const int64_t width = C - from < CHANNELS ? C - from : CHANNELS;
        double sum[CHANNELS] = { 0 };
        for (int64_t n = 0; n < N; n++)
            for (int64_t k = 0; k < width; k++) sum[k] += norm_sum(dy + (n * C + from + k) * S, S);
        for (int64_t k = 0; k < width; k++) db[from + k] = (real)sum[k];
    }
}
