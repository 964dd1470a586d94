/* conv_lanes.c -- convolution of many images at once: each has a lane of the vectors to itself. Whatever the kernel's
 * size, the stride or the image's width, no lane is wasted, and no matrix of pixels is made.
 *
 * Images are turned into packs: pack p holds images p LANES .. p LANES + LANES - 1 as (C, rows, columns, LANES), with
 * the padding around. A kernel then is three loads and 3 TILE multiply-adds at a time:
 *     y[o][j] += w[o] x[j],  TILE channels o, three pixels j, all in registers. */
#include "conv.h"
#ifndef REAL64
#include <string.h>
#include "lanes.h"
#include "loops.h"

#if defined __AVX512F__ || defined __aarch64__
enum { TILE = 8, PIXELS = 3 };          /* 24 vectors of sums, 3 of pixels, 1 weight: of 32 there are */
#else
enum { TILE = 4, PIXELS = 3 };          /* 12, 3 and 1: of 16 */
#endif

static int64_t packs(int64_t N) { return (N + LANES - 1) / LANES; }
static int64_t up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- Packs ---- */

typedef struct Pack {                   /* rows of zeros, and columns of zeros, stand before and after */
    int64_t N, C, H, W, before[2], rows, columns;
} Pack;

static Pack pack_of(int64_t N, int64_t C, int64_t H, int64_t W, const int64_t *before, const int64_t *after)
{
    return (Pack){ N, C, H, W, { before[0], before[1] }, before[0] + H + after[0], before[1] + W + after[1] };
}

static int64_t pack_size(const Pack *p) { return p->C * p->rows * p->columns; } /* vectors of one pack */

static void zero(Lanes *v, int64_t n) { memset(v, 0, (size_t)n * sizeof *v); }

/* A line of W pixels of `images` images, S floats apart. Whole vectors are read as long as they end before `end`: what
 * they hold of the next line is not used. */
static void turn_in(Lanes *to, const float *x, int64_t images, int64_t S, int64_t W, const float *end)
{
    for (int64_t j = 0; j < W; j += LANES) {
        const int64_t width = least(LANES, W - j);
        const bool whole = x + (images - 1) * S + j + LANES <= end;
        Lanes v[LANES];
        for (int n = 0; n < LANES; n++) {
            v[n] = (Lanes){ 0 };
            if (n < images && whole) memcpy(&v[n], x + n * S + j, sizeof v[n]);
            else if (n < images) memcpy(&v[n], x + n * S + j, (size_t)width * sizeof *x);
        }
        lanes_turn(v);
        for (int k = 0; k < LANES; k++)
            if (k < width) to[j + k] = v[k];
    }
}

static void turn_out(float *y, const Lanes *from, int64_t images, int64_t S, int64_t W)
{
    for (int64_t j = 0; j < W; j += LANES) {
        if (W >= LANES && W - j < LANES) j = W - LANES; /* some once more */
        const int64_t width = least(LANES, W - j);
        Lanes v[LANES];
        for (int k = 0; k < LANES; k++) v[k] = k < width ? from[j + k] : (Lanes){ 0 };
        lanes_turn(v);
        for (int n = 0; n < LANES; n++) {
            if (n < images && width == LANES) memcpy(y + n * S + j, &v[n], sizeof v[n]);
            else if (n < images) memcpy(y + n * S + j, &v[n], (size_t)width * sizeof *y);
        }
    }
}

/* One channel of one pack. Without padding a channel is one long line. */
static void pack_channel(const Pack *p, Lanes *to, const float *x, int64_t pack, int64_t c)
{
    const int64_t images = least(LANES, p->N - pack * LANES), S = p->C * p->H * p->W;
    const float *in = x + pack * LANES * S + c * p->H * p->W, *end = x + p->N * S;
    if (p->rows == p->H && p->columns == p->W) {
        turn_in(to, in, images, S, p->H * p->W, end);
        return;
    }
    zero(to, p->before[0] * p->columns);
    for (int64_t i = 0; i < p->H; i++) {
        Lanes *line = to + (p->before[0] + i) * p->columns;
        zero(line, p->before[1]);
        turn_in(line + p->before[1], in + i * p->W, images, S, p->W, end);
        zero(line + p->before[1] + p->W, p->columns - p->before[1] - p->W);
    }
    zero(to + (p->before[0] + p->H) * p->columns, (p->rows - p->before[0] - p->H) * p->columns);
}

static void pack_all(const Pack *p, Lanes *to, const float *x)
{
    const int64_t channels = packs(p->N) * p->C, size = p->rows * p->columns;
#pragma omp parallel for if (channels * size > PARALLEL / LANES)
    for (int64_t i = 0; i < channels; i++) pack_channel(p, to + i * size, x, i / p->C, i % p->C);
}

/* ---- Places: some lines of an image, or a piece of a long one, so that what they read stays in the cache over all
 * channels ---- */

enum { AT_ONCE = 64, SEGMENT = 48, LITTLE = 32 };       /* pixels */
typedef struct Places { int64_t H, W, lines, across, count; } Places;
typedef struct Place { int64_t i, lines, j, columns; } Place;

static Places places(int64_t H, int64_t W, int64_t little)
{
    Places p = { H, W, 1, (W + SEGMENT - 1) / SEGMENT, 0 };
    if (p.across == 1) p.lines = least(H, (little + W - 1) / W); /* AT_ONCE pixels at most */
    p.count = (H + p.lines - 1) / p.lines * p.across;
    return p;
}

static Place place(const Places *p, int64_t n)
{
    Place at = { .i = n / p->across * p->lines, .j = n % p->across * SEGMENT };
    at.lines = least(p->lines, p->H - at.i);
    at.columns = p->across == 1 ? p->W : least(SEGMENT, p->W - at.j);
    return at;
}

/* Channels are done TILE at a time, then what is left in as few tiles as may be. */
enum { MOST_OF_TILE = TILE * 3 / 4, HALF_TILE = TILE / 2, QUARTER_TILE = TILE / 4 };
static int64_t tile_rows(int64_t left)
{
    const int64_t rows[] = { TILE, MOST_OF_TILE, HALF_TILE, QUARTER_TILE, 1 };
    int i = 0;
    while (rows[i] > left) i++;
    return rows[i];
}

/* ---- y = conv(x, w) + b, from packs to images ---- */

typedef struct Pass {
    Pack    in;                         /* with the padding */
    int64_t N, G, C, OC, OH, OW, KH, KW;        /* C, OC: of one group */
    int64_t stride[2], dilation[2];
    bool    relu;
} Pass;

/* So many channels at a time: what they read of x, and their weights, stay in the cache for all pixels of a place. */
typedef struct Some { int64_t from, to; } Some;
enum { CHANNELS = 16 };

/* out[o][j] = b[o], or what is there, + sum over some channels, and the window, of w[o] x[j]. R and P are known when
 * compiling. */
__attribute__((always_inline)) static inline void tile(const Pass *p, Lanes *out, const Lanes *x, const float *w,
                                                       const float *b, Some some, int R, int P)
{
    Lanes s[TILE][PIXELS];
    const int64_t next = p->stride[1];
    w += some.from * p->KH * p->KW * R;
    for (int o = 0; o < R; o++)
        for (int j = 0; j < P; j++) s[o][j] = some.from ? out[o * AT_ONCE + j] : lanes_of(b ? b[o] : 0);
    for (int64_t c = some.from; c < some.to; c++)
        for (int64_t k = 0; k < p->KH; k++) {
            const Lanes *line = x + (c * p->in.rows + k * p->dilation[0]) * p->in.columns;
            for (int64_t l = 0; l < p->KW; l++, w += R, line += p->dilation[1]) {
                Lanes in[PIXELS];
                for (int j = 0; j < P; j++) in[j] = line[j * next];
                for (int o = 0; o < R; o++)
                    for (int j = 0; j < P; j++) s[o][j] = lanes_fma(lanes_of(w[o]), in[j], s[o][j]);
            }
        }
    for (int o = 0; o < R; o++)
        for (int j = 0; j < P; j++) out[o * AT_ONCE + j] = s[o][j];
}

__attribute__((always_inline)) static inline void tile_of(const Pass *p, Lanes *out, const Lanes *x, const float *w,
                                                          const float *b, Some c, int R, int64_t P)
{
    if (P == 3) tile(p, out, x, w, b, c, R, 3);
    else if (P == 2) tile(p, out, x, w, b, c, R, 2);
    else tile(p, out, x, w, b, c, R, 1);
}

static void any_tile(const Pass *p, Lanes *out, const Lanes *x, const float *w, const float *b, Some c, int64_t R,
                     int64_t P)
{
    switch (R) {
    case TILE: tile_of(p, out, x, w, b, c, TILE, P); break;
    case MOST_OF_TILE: tile_of(p, out, x, w, b, c, MOST_OF_TILE, P); break;
    case HALF_TILE: tile_of(p, out, x, w, b, c, HALF_TILE, P); break;
    case QUARTER_TILE: tile_of(p, out, x, w, b, c, QUARTER_TILE, P); break;
    default: tile_of(p, out, x, w, b, c, 1, P); break;
    }
}

/* w: (G, tiles, C KH KW, R). A task is a place in the images of one pack and group: no sum is shared out. */
static void pass(const Pass *p, float *y, const Lanes *x, const float *w, const float *b)
{
    const Places where = places(p->OH, p->OW, LITTLE);
    const int64_t K = p->C * p->KH * p->KW, S = p->OH * p->OW, image = p->G * p->OC * S;
#pragma omp parallel for schedule(dynamic) if (p->N * image * K > PARALLEL * 16)
    for (int64_t task = 0; task < packs(p->N) * p->G * where.count; task++) {
        const Place at = place(&where, task % where.count);
        const int64_t g = task / where.count % p->G, pack = task / where.count / p->G;
        const int64_t images = least(LANES, p->N - pack * LANES), pixels = at.lines * at.columns;
        const Lanes *in = x + pack * pack_size(&p->in) + g * p->C * p->in.rows * p->in.columns +
                          at.i * p->stride[0] * p->in.columns + at.j * p->stride[1];
        Lanes out[TILE][AT_ONCE];
        for (int64_t o = g * p->OC, R; o < (g + 1) * p->OC; o += R) {
            R = tile_rows((g + 1) * p->OC - o);
            for (Some c = { 0, 0 }; c.to < p->C; c.from = c.to) {
                c.to = least(c.from + CHANNELS, p->C);
                for (int64_t i = 0; i < at.lines; i++)
                    for (int64_t j = 0; j < at.columns; j += PIXELS)
                        any_tile(p, &out[0][i * at.columns + j],
                                 in + i * p->stride[0] * p->in.columns + j * p->stride[1], w + o * K, b ? b + o : NULL,
                                 c, R, least(PIXELS, at.columns - j));
            }
            for (int64_t r = 0; r < R && p->relu; r++)
                for (int64_t j = 0; j < pixels; j++) out[r][j] = lanes_relu(out[r][j]);
            for (int64_t r = 0; r < R; r++)
                turn_out(y + pack * LANES * image + (o + r) * S + at.i * p->OW + at.j, out[r], images, image, pixels);
        }
    }
}

/* ---- dw[o][q] = sum over images and pixels of dy[o] x[q], q = (c, k, l) ---- */

/* Where the pixel under q lies, from the first one's place. */
static int64_t under(const Conv *c, const Pack *x, int64_t q)
{
    int64_t l = q % c->KW, k = q / c->KW % c->KH, channel = q / (c->KW * c->KH);
    return (channel * x->rows + k * c->dilation[0]) * x->columns + l * c->dilation[1];
}

typedef struct Step { int64_t line, next; } Step;       /* of x, in vectors */

/* sum[q][o] += dy[o] x[q] over a place, TILE channels and three q at a time. dy: the channels of a pixel together. */
__attribute__((always_inline)) static inline void dot(Lanes *sum, const Lanes *const x[PIXELS], const Lanes *dy,
                                                      const Place *at, const Step *step, int R, int Q)
{
    Lanes s[PIXELS][TILE];
    for (int q = 0; q < Q; q++)
        for (int o = 0; o < R; o++) s[q][o] = sum[q * R + o];
    for (int64_t i = 0; i < at->lines; i++)
        for (int64_t j = 0; j < at->columns; j++, dy += R) {
            Lanes in[PIXELS];
            for (int q = 0; q < Q; q++) in[q] = x[q][i * step->line + j * step->next];
            for (int o = 0; o < R; o++) {
                const Lanes d = lanes_load(&dy[o]);
                for (int q = 0; q < Q; q++) s[q][o] = lanes_fma(d, in[q], s[q][o]);
            }
        }
    for (int q = 0; q < Q; q++)
        for (int o = 0; o < R; o++) sum[q * R + o] = s[q][o];
}

__attribute__((always_inline)) static inline void dot_of(Lanes *sum, const Lanes *const x[PIXELS], const Lanes *dy,
                                                         const Place *at, const Step *step, int R, int64_t Q)
{
    if (Q == 3) dot(sum, x, dy, at, step, R, 3);
    else if (Q == 2) dot(sum, x, dy, at, step, R, 2);
    else dot(sum, x, dy, at, step, R, 1);
}

static void any_dot(Lanes *sum, const Lanes *const x[PIXELS], const Lanes *dy, const Place *at, const Step *step,
                    int64_t R, int64_t Q)
{
    switch (R) {
    case TILE: dot_of(sum, x, dy, at, step, TILE, Q); break;
    case MOST_OF_TILE: dot_of(sum, x, dy, at, step, MOST_OF_TILE, Q); break;
    case HALF_TILE: dot_of(sum, x, dy, at, step, HALF_TILE, Q); break;
    case QUARTER_TILE: dot_of(sum, x, dy, at, step, QUARTER_TILE, Q); break;
    default: dot_of(sum, x, dy, at, step, 1, Q); break;
    }
}

/* One tile of channels over some packs: into dw (R,K). */
static void weights_of(const Conv *c, float *dw, Lanes *sum, const Pack *px, const Lanes *x, const Lanes *dy,
                       int64_t from, int64_t to, int64_t o, int64_t R)
{
    const Places where = places(c->OH, c->OW, LITTLE / 2);
    const int64_t C = c->C / c->groups, K = C * c->KH * c->KW, g = o / (c->OC / c->groups), S = c->OH * c->OW;
    const Step step = { c->stride[0] * px->columns, c->stride[1] };
    Lanes out[AT_ONCE * TILE];
    zero(sum, R * K);
    for (int64_t pack = from; pack < to; pack++)
        for (int64_t n = 0; n < where.count; n++) {
            const Place at = place(&where, n);
            const Lanes *from_dy = dy + (pack * c->OC + o) * S + at.i * c->OW + at.j;
            for (int64_t j = 0; j < at.lines * at.columns; j++) /* one line, or whole lines */
                for (int64_t r = 0; r < R; r++) out[j * R + r] = from_dy[r * S + j];
            const Lanes *in = x + pack * pack_size(px) + g * C * px->rows * px->columns + at.i * step.line +
                              at.j * step.next;
            for (int64_t q = 0; q < K; q += PIXELS) {
                const int64_t Q = least(PIXELS, K - q);
                const Lanes *at_q[PIXELS];
                for (int64_t k = 0; k < PIXELS; k++) at_q[k] = in + under(c, px, least(q + k, K - 1));
                any_dot(sum + q * R, at_q, out, &at, &step, R, Q);
            }
        }
    for (int64_t r = 0; r < R; r++)
        for (int64_t q = 0; q < K; q++) {
            float total = 0;
            for (int k = 0; k < LANES; k++) total += sum[q * R + r][k];
            dw[r * K + q] = total;
        }
}

/* ---- The three products ---- */

/* Packs are summed in so many parts, whatever the number of threads. */
enum { PARTS = 8 };
static int64_t parts(int64_t N) { return least(packs(N), PARTS); }

static int64_t tile_count(int64_t OC)
{
    int64_t n = 0;
    for (int64_t o = 0; o < OC; o += tile_rows(OC - o)) n++;
    return n;
}

static Pack x_pack(const Conv *c)
{
    int64_t after[2] = { (c->OH - 1) * c->stride[0] + (c->KH - 1) * c->dilation[0] + 1 - c->H - c->pad[0],
                         (c->OW - 1) * c->stride[1] + (c->KW - 1) * c->dilation[1] + 1 - c->W - c->pad[1] };
    for (int d = 0; d < 2; d++) after[d] = after[d] > 0 ? after[d] : 0; /* or the last lines are not read */
    return pack_of(c->N, c->C, c->H, c->W, c->pad, after);
}

/* For dx, with stride 1: dy is convolved with the kernel turned round. */
static Pack dy_pack(const Conv *c)
{
    int64_t K[2] = { c->KH, c->KW }, x[2] = { c->H, c->W }, y[2] = { c->OH, c->OW }, before[2], after[2];
    for (int d = 0; d < 2; d++) {
        before[d] = (K[d] - 1) * c->dilation[d] - c->pad[d];
        after[d] = x[d] + (K[d] - 1) * c->dilation[d] - y[d] - before[d];
    }
    return pack_of(c->N, c->OC, c->OH, c->OW, before, after);
}

static bool takes(const Conv *c, ConvProduct what)
{
    const double busy = (double)c->N / (double)(packs(c->N) * LANES); /* of the lanes */
#ifdef HAVE_DNNL
    /* oneDNN computes channels by sixteens, but three and fewer as they are. With nearly all of what it computes used
     * it is the faster one, copies and all. */
    const int64_t IN = c->C / c->groups, OUT = c->OC / c->groups, block = c->C <= 3 && what != CONV_DATA ? IN : 16;
    const double used = (double)(IN * OUT) / (double)(up(IN, block) * up(OUT, 16));
    if (used >= .75 * busy) return false;
#endif
    if (busy < .5 || c->OH < 1 || c->OW < 1 || c->C < 1 || c->OC < 1) return false;
    return what != CONV_DATA || (c->stride[0] == 1 && c->stride[1] == 1 && c->pad[0] <= (c->KH - 1) * c->dilation[0] &&
                                 c->pad[1] <= (c->KW - 1) * c->dilation[1]);
}

static int64_t weight_count(const Conv *c) { return c->OC * (c->C / c->groups) * c->KH * c->KW; }

/* In vectors: the packs first, then what is in floats, then each task's sums. */
static size_t scratch(const Conv *c, ConvProduct what)
{
    const Pack x = x_pack(c), dy = what == CONV_DATA ? dy_pack(c) : (Pack){ 0 };
    const int64_t n = packs(c->N), w = up(weight_count(c), LANES) / LANES, OC = c->OC / c->groups;
    int64_t size = n * pack_size(what == CONV_DATA ? &dy : &x) + w;
    if (what == CONV_WEIGHTS)
        size += n * c->OC * c->OH * c->OW +
                parts(c->N) * (w + c->groups * tile_count(OC) * TILE * (weight_count(c) / c->OC));
    return (size_t)size * sizeof(Lanes);
}

static void forward(const Conv *c, float *y, const float *x, const float *w, const float *b, void *scratch)
{
    const int64_t OC = c->OC / c->groups, K = weight_count(c) / c->OC;
    const Pass p = { x_pack(c), c->N, c->groups, c->C / c->groups, OC, c->OH, c->OW, c->KH, c->KW,
                     { c->stride[0], c->stride[1] }, { c->dilation[0], c->dilation[1] }, c->relu };
    Lanes *in = scratch;
    float *weights = (float *)(in + packs(c->N) * pack_size(&p.in));
    for (int64_t g = 0; g < c->groups; g++)
        for (int64_t o = 0, R; o < OC; o += R) {
            R = tile_rows(OC - o);
            const int64_t first = (g * OC + o) * K;
            for (int64_t q = 0; q < K; q++)
                for (int64_t r = 0; r < R; r++) weights[first + q * R + r] = w[first + r * K + q];
        }
    pack_all(&p.in, in, x);
    pass(&p, y, in, weights, b);
}

static void data(const Conv *c, float *dx, const float *dy, const float *w, void *scratch)
{
    const int64_t OC = c->OC / c->groups, C = c->C / c->groups, window = c->KH * c->KW;
    const Pass p = { dy_pack(c), c->N, c->groups, OC, C, c->H, c->W, c->KH, c->KW, { 1, 1 },
                     { c->dilation[0], c->dilation[1] }, false };
    Lanes *in = scratch;
    float *weights = (float *)(in + packs(c->N) * pack_size(&p.in)), *to = weights;
    for (int64_t g = 0; g < c->groups; g++)
        for (int64_t i = 0, R; i < C; i += R) {
            R = tile_rows(C - i);
            for (int64_t o = g * OC; o < (g + 1) * OC; o++)
                for (int64_t k = window - 1; k >= 0; k--)
                    for (int64_t r = 0; r < R; r++) *to++ = w[(o * C + i + r) * window + k];
        }
    pack_all(&p.in, in, dy);
    pass(&p, dx, in, weights, NULL);
}

static void weights(const Conv *c, float *dw, const float *x, const float *dy, void *scratch)
{
    const Pack px = x_pack(c), py = pack_of(c->N, c->OC, c->OH, c->OW, (int64_t[]){ 0, 0 }, (int64_t[]){ 0, 0 });
    const int64_t n = packs(c->N), P = parts(c->N), count = weight_count(c), K = count / c->OC;
    const int64_t OC = c->OC / c->groups, tiles = tile_count(OC), all = c->groups * tiles;
    Lanes *in = scratch, *out = in + n * pack_size(&px), *sums = out + n * pack_size(&py);
    float *part = (float *)(sums + P * all * TILE * K);
    pack_all(&px, in, x);
    pack_all(&py, out, dy);
#pragma omp parallel for schedule(dynamic) if (conv_flops(c) > PARALLEL * 16)
    for (int64_t task = 0; task < P * all; task++) {
        const int64_t p = task / all, g = task % all / tiles;
        int64_t o = g * OC;
        for (int64_t k = task % tiles; k > 0; k--) o += tile_rows((g + 1) * OC - o);
        weights_of(c, part + p * count + o * K, sums + task * TILE * K, &px, in, out, n * p / P, n * (p + 1) / P, o,
                   tile_rows((g + 1) * OC - o));
    }
    for (int64_t i = 0; i < count; i++) {
        double sum = 0;
        for (int64_t p = 0; p < P; p++) sum += (double)part[p * count + i];
        dw[i] = (float)sum;
    }
}

const ConvWay conv_by_lanes = { takes, scratch, forward, data, weights };
#else
const ConvWay conv_by_lanes = { 0 };
#endif
