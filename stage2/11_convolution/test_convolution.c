/* test_convolution.c -- probes that grade convolution.c, and oracles that prove the reference right. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "convolution.h"

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

typedef struct Counts { int x, w, y, K, P; } Counts;        /* numbers in x, w, y; products a y; places of the window */

static int reach(const Convolution *c, int d) { return c->dilation[d] * ((d ? c->KW : c->KH) - 1) + 1; }

static int places(const Convolution *c, int d)              /* not asked of the code that is judged */
{
    return ((d ? c->W : c->H) + 2 * c->pad[d] - reach(c, d)) / c->stride[d] + 1;
}

static Counts count(const Convolution *c)
{
    int K = c->C / c->groups * c->KH * c->KW, P = places(c, 0) * places(c, 1);
    return (Counts){ c->N * c->C * c->H * c->W, c->OC * K, c->N * c->OC * P, K, P };
}

/* One image, one channel, one output, as the lesson draws them. */
static Convolution small(int H, int W, int KH, int KW)
{
    return (Convolution){ 1, 1, H, W, 1, KH, KW, { 1, 1 }, { 0, 0 }, { 1, 1 }, 1 };
}

/* Down and across differ in everything, and nothing is a power of two for long. */
static Convolution awkward(void)
{
    Convolution c = { .N = probe_pick(1, 2), .groups = probe_pick(1, 1, 2, 3) };
    c.C = c.groups * probe_pick(1, 2, 3), c.OC = c.groups * probe_pick(2, 1, 3, 1);
    c.KH = probe_pick(3, 1, 2, 5), c.KW = probe_pick(2, 3, 1);
    for (int d = 0; d < 2; d++) {
        c.stride[d] = probe_int(1, 3), c.pad[d] = probe_int(0, 3), c.dilation[d] = probe_int(1, 2);
        int size = reach(&c, d) - 2 * c.pad[d];
        *(d ? &c.W : &c.H) = (size < 1 ? 1 : size) + probe_int(0, 7);
    }
    return c;
}

/* Windows of 3 x 3 that keep to neighbours: what Winograd takes. */
static Convolution three_by_three(void)
{
    Convolution c = { .N = probe_pick(1, 2), .groups = probe_pick(1, 1, 2, 3), .KH = 3, .KW = 3, .stride = { 1, 1 },
                      .dilation = { 1, 1 }, .pad = { probe_pick(1, 0, 2), probe_pick(1, 0, 0, 3) } };
    c.C = c.groups * probe_pick(1, 2, 3), c.OC = c.groups * probe_pick(2, 1, 3, 1);
    c.H = 3 + probe_pick(0, 1, 2, 5, 8), c.W = 3 + probe_pick(3, 0, 1, 2);
    return c;
}

static double largest(const float *v, int n)
{
    double max = 0;
    for (int i = 0; i < n; i++) max = fmax(max, fabs((double)v[i]));
    return max;
}

/* No sum of K products in any order exceeds K times the largest product. */
static double bound(const float *a, int na, const float *b, int nb, int K)
{
    return K * largest(a, na) * largest(b, nb);
}

static float *zeroed(int n) { return memset(probe_output(n), 0, (size_t)n * sizeof(float)); }

/* ---- Ways forward ------------------------------------------------------------------------------------------------ */

typedef enum { DIRECT, COLUMNS, WINOGRAD, FFT } Way;

static void emit_y(const float *y, double scale, const Convolution *c)
{
    probe_terms(count(c).K + 1);
    probe_scale(scale);
    emit("y", y, c->N * c->OC, places(c, 0), places(c, 1));
}

static void forward(Way way, const float *x, const float *w, const float *b, const Convolution *c)
{
    Counts n = count(c);
    float *y = probe_output(n.y), *col = way == COLUMNS ? probe_output(c->C * c->KH * c->KW * n.P) : NULL;
    float *work = way == WINOGRAD ? probe_output(convolution_winograd_room(c)) : NULL;
    double *planes = way == FFT ? probe_output_doubles(convolution_fft_room(c)) : NULL;
    probe_freeze();
    if (way == DIRECT) convolution_direct(y, x, w, b, c);
    if (way == COLUMNS) convolution_by_columns(y, col, x, w, b, c);
    if (way == WINOGRAD) convolution_by_winograd(y, work, x, w, b, c);
    if (way == FFT) convolution_by_fft(y, planes, x, w, b, c);
    if (col && c->N) emit_exact("col", col, c->C * c->KH * c->KW, n.P);
    emit_y(y, bound(x, n.x, w, n.w, n.K) + (b ? largest(b, c->OC) : 0), c);
}

static void random_forward(Way way, const Convolution *c, bool bias)
{
    Counts n = count(c);
    float *x = probe_normal(n.x, 0, 1), *w = probe_normal(n.w, 0, 1), *b = bias ? probe_normal(c->OC, 0, 1) : NULL;
    forward(way, x, w, b, c);
}

/* The lesson's: an edge between columns 2 and 3; the window answers where it stands on it. */
#define PENCIL_X 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1
#define PENCIL_W 1, 0, -1, 2, 0, -2, 1, 0, -1

static void pencil(Way way, int pad)
{
    Convolution c = small(4, 4, 3, 3);
    c.pad[0] = c.pad[1] = pad;
    forward(way, probe_given(PENCIL_X), probe_given(PENCIL_W), probe_given(1), &c);
}

/* Every pixel and weight a number of its own: which met which is in plain sight. */
static void in_plain_sight(Way way, int stride, int pad, int dilation)
{
    Convolution c = small(5, 6, 2, 3);
    float x[30];
    c.stride[0] = stride, c.pad[1] = pad, c.dilation[0] = dilation;
    for (int i = 0; i < 30; i++) x[i] = i + 1;
    forward(way, probe_copy(30, x), probe_given(1, 10, 100, 1000, 10000, 100000), NULL, &c);
}

/* Outputs 0, 1 see channels 0, 1; outputs 2, 3 see channels 2, 3. */
static void grouped(Way way)
{
    Convolution c = { 1, 4, 4, 5, 4, 3, 3, { 1, 1 }, { 1, 1 }, { 1, 1 }, 2 };
    random_forward(way, &c, true);
}

static void each_channel_alone(Way way)             /* depthwise: as many groups as channels, two outputs each */
{
    Convolution c = { 1, 3, 5, 4, 6, 3, 3, { 1, 1 }, { 1, 1 }, { 1, 1 }, 3 };
    random_forward(way, &c, true);
}

static void nothing(Way way)
{
    Convolution c = small(4, 4, 3, 3);
    c.N = 0;
    random_forward(way, &c, true);
}

/* ---- step convolution_direct ------------------------------------------------------------------------------------- */

PROBE(convolution_direct, by_pencil) { pencil(DIRECT, 0); }
PROBE(convolution_direct, padded) { pencil(DIRECT, 1); }
PROBE(convolution_direct, each_weight_in_its_place) { in_plain_sight(DIRECT, 1, 0, 1); }
PROBE(convolution_direct, stride_two_down) { in_plain_sight(DIRECT, 2, 0, 1); }
PROBE(convolution_direct, dilated_down) { in_plain_sight(DIRECT, 1, 0, 2); }
PROBE(convolution_direct, padded_across) { in_plain_sight(DIRECT, 1, 2, 1); }
PROBE(convolution_direct, groups) { grouped(DIRECT); }
PROBE(convolution_direct, depthwise) { each_channel_alone(DIRECT); }

PROBE(convolution_direct, awkward_sizes)
{
    Convolution c = awkward();
    Counts n = count(&c);
    float *x = probe_floats(n.x), *w = probe_floats(n.w), *b = probe_floats(c.OC);
    forward(DIRECT, x, w, b, &c);
}

PROBE(convolution_direct, no_bias)
{
    Convolution c = awkward();
    random_forward(DIRECT, &c, false);
}

PROBE(convolution_direct, nan_reaches_only_what_saw_it)
{
    Convolution c = small(6, 7, 2, 3);
    float *x = probe_normal(42, 0, 1), *w = probe_normal(6, 0, 1), *y = probe_output(25);
    x[probe_int(0, 41)] = NAN;
    probe_freeze();
    convolution_direct(y, x, w, NULL, &c);
    emit_y(y, 30, &c);
}

PROBE(convolution_direct, no_images) { nothing(DIRECT); }

/* ---- step convolution_data --------------------------------------------------------------------------------------- */

static void data(const float *w, const float *dy, const Convolution *c)
{
    Counts n = count(c);
    float *dx = probe_output(n.x);
    probe_freeze();
    convolution_data(dx, w, dy, c);
    int K = c->OC / c->groups * c->KH * c->KW;
    probe_terms(K + 1);
    probe_scale(bound(w, n.w, dy, n.y, K));
    emit("dx", dx, c->N * c->C, c->H, c->W);
}

static void random_data(const Convolution *c)
{
    Counts n = count(c);
    float *w = probe_normal(n.w, 0, 1), *dy = probe_normal(n.y, 0, 1);
    data(w, dy, c);
}

PROBE(convolution_data, by_pencil)                  /* one dy of 1: the window's own picture, where it stood */
{
    Convolution c = small(4, 4, 3, 3);
    data(probe_given(PENCIL_W), probe_given(0, 1, 0, 0), &c);
}

PROBE(convolution_data, overlapping_windows_add_up)
{
    Convolution c = small(1, 5, 1, 3);
    data(probe_given(1, 10, 100), probe_given(1, 2, 3), &c);
}

PROBE(convolution_data, stride_leaves_holes)        /* pixels that no window met get exactly 0 */
{
    Convolution c = small(7, 6, 1, 2);
    c.stride[0] = 3, c.stride[1] = 4;
    random_data(&c);
}

PROBE(convolution_data, what_fell_on_padding_is_lost)
{
    Convolution c = small(3, 4, 3, 3);
    c.pad[0] = 1, c.pad[1] = 2;
    random_data(&c);
}

PROBE(convolution_data, groups)
{
    Convolution c = { 2, 4, 3, 4, 6, 2, 2, { 1, 1 }, { 0, 0 }, { 1, 1 }, 2 };
    random_data(&c);
}

PROBE(convolution_data, dilated)
{
    Convolution c = { 1, 1, 6, 7, 2, 2, 3, { 1, 1 }, { 1, 0 }, { 3, 2 }, 1 };
    random_data(&c);
}

PROBE(convolution_data, awkward_sizes)
{
    Convolution c = awkward();
    Counts n = count(&c);
    float *w = probe_floats(n.w), *dy = probe_floats(n.y);
    data(w, dy, &c);
}

PROBE(convolution_data, no_images)
{
    Convolution c = small(4, 4, 3, 3);
    c.N = 0;
    random_data(&c);
}

/* ---- step convolution_weights ------------------------------------------------------------------------------------ */

static void weights(const float *x, const float *dy, bool bias, bool from_zero, const Convolution *c)
{
    Counts n = count(c);
    float *dw = from_zero ? zeroed(n.w) : probe_inout(n.w), *db = from_zero ? zeroed(c->OC) : probe_inout(c->OC);
    double before = fmax(largest(dw, n.w), largest(db, c->OC));
    probe_freeze();
    convolution_weights(dw, bias ? db : NULL, x, dy, c);
    probe_terms(c->N * n.P + 1);
    probe_scale(before + bound(x, n.x, dy, n.y, c->N * n.P));
    emit("dw", dw, c->OC, n.K);
    probe_scale(before + c->N * n.P * largest(dy, n.y));
    emit("db", db, c->OC);
}

static void random_weights(bool bias, const Convolution *c)
{
    Counts n = count(c);
    float *x = probe_normal(n.x, 0, 1), *dy = probe_normal(n.y, 0, 1);
    weights(x, dy, bias, false, c);
}

PROBE(convolution_weights, by_pencil)               /* one dy of 1: the pixels that were under the window then */
{
    Convolution c = small(4, 4, 3, 3);
    weights(probe_given(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), probe_given(0, 0, 1, 0), true, true,
            &c);
}

PROBE(convolution_weights, images_add_up)
{
    Convolution c = { 3, 1, 3, 3, 2, 2, 2, { 1, 1 }, { 0, 0 }, { 1, 1 }, 1 };
    random_weights(true, &c);
}

PROBE(convolution_weights, no_bias)
{
    Convolution c = awkward();
    random_weights(false, &c);
}

PROBE(convolution_weights, groups)
{
    Convolution c = { 2, 4, 3, 4, 6, 2, 2, { 1, 1 }, { 0, 0 }, { 1, 1 }, 2 };
    random_weights(true, &c);
}

PROBE(convolution_weights, padded)
{
    Convolution c = small(3, 4, 3, 3);
    c.pad[0] = 1, c.pad[1] = 2;
    random_weights(true, &c);
}

PROBE(convolution_weights, stride_and_dilation)
{
    Convolution c = { 1, 1, 8, 9, 1, 2, 3, { 3, 2 }, { 0, 1 }, { 2, 2 }, 1 };
    random_weights(true, &c);
}

PROBE(convolution_weights, awkward_sizes)
{
    Convolution c = awkward();
    Counts n = count(&c);
    float *x = probe_floats(n.x), *dy = probe_floats(n.y);
    weights(x, dy, true, false, &c);
}

PROBE(convolution_weights, no_images)
{
    Convolution c = small(4, 4, 3, 3);
    c.N = 0;
    random_weights(true, &c);
}

/* ---- step convolution_by_columns --------------------------------------------------------------------------------- */

PROBE(convolution_by_columns, by_pencil) { pencil(COLUMNS, 0); }
PROBE(convolution_by_columns, padded) { pencil(COLUMNS, 1); }
PROBE(convolution_by_columns, each_weight_in_its_place) { in_plain_sight(COLUMNS, 1, 0, 1); }
PROBE(convolution_by_columns, stride_two_down) { in_plain_sight(COLUMNS, 2, 1, 2); }
PROBE(convolution_by_columns, groups) { grouped(COLUMNS); }
PROBE(convolution_by_columns, depthwise) { each_channel_alone(COLUMNS); }

PROBE(convolution_by_columns, awkward_sizes)
{
    Convolution c = awkward();
    random_forward(COLUMNS, &c, true);
}

PROBE(convolution_by_columns, no_bias)
{
    Convolution c = awkward();
    random_forward(COLUMNS, &c, false);
}

PROBE(convolution_by_columns, no_images) { nothing(COLUMNS); }

/* ---- step convolution_by_winograd -------------------------------------------------------------------------------- */

PROBE(convolution_by_winograd, by_pencil) { pencil(WINOGRAD, 0); }
PROBE(convolution_by_winograd, padded) { pencil(WINOGRAD, 1); }
PROBE(convolution_by_winograd, groups) { grouped(WINOGRAD); }
PROBE(convolution_by_winograd, depthwise) { each_channel_alone(WINOGRAD); }

PROBE(convolution_by_winograd, tiles_hang_over)     /* 3 x 5 outputs: the last tiles have a row, a column too many */
{
    Convolution c = small(5, 7, 3, 3);
    random_forward(WINOGRAD, &c, true);
}

PROBE(convolution_by_winograd, awkward_sizes)
{
    Convolution c = three_by_three();
    random_forward(WINOGRAD, &c, true);
}

PROBE(convolution_by_winograd, no_bias)
{
    Convolution c = three_by_three();
    random_forward(WINOGRAD, &c, false);
}

PROBE(convolution_by_winograd, no_images) { nothing(WINOGRAD); }

/* ---- step convolution_by_fft ------------------------------------------------------------------------------------- */

PROBE(convolution_by_fft, by_pencil) { pencil(FFT, 0); }
PROBE(convolution_by_fft, padded) { pencil(FFT, 1); }
PROBE(convolution_by_fft, each_weight_in_its_place) { in_plain_sight(FFT, 1, 0, 1); }
PROBE(convolution_by_fft, stride_and_dilation) { in_plain_sight(FFT, 2, 1, 2); }
PROBE(convolution_by_fft, groups) { grouped(FFT); }

PROBE(convolution_by_fft, awkward_sizes)
{
    Convolution c = awkward();
    random_forward(FFT, &c, true);
}

PROBE(convolution_by_fft, no_bias)
{
    Convolution c = awkward();
    random_forward(FFT, &c, false);
}

PROBE(convolution_by_fft, no_images) { nothing(FFT); }

/* ---- step convolution_tune --------------------------------------------------------------------------------------- */

/* A clock that reads its times from a table, (rounds,ways), and writes down who was asked. */
enum { MOST_WAYS = 5, MOST_ROUNDS = 4 };
typedef struct Table {
    const double *time;
    int ways, asked, order[MOST_WAYS * MOST_ROUNDS + 1], seen[MOST_WAYS];
} Table;

static double from_table(void *ctx, int way)
{
    Table *t = ctx;
    if (way < 0 || way >= t->ways || t->seen[way] >= MOST_ROUNDS) abort();
    t->order[t->asked++] = way;
    return t->time[t->seen[way]++ * t->ways + way];
}

static void tune(const double *time, int ways, int rounds)
{
    Table t = { .time = time, .ways = ways };
    double *best = probe_output_doubles(ways);
    probe_freeze();
    int fastest = convolution_tune(best, from_table, &t, ways, rounds);
    emit_exact("fastest", &fastest, 1);
    emit_exact("best", best, ways);
    emit_exact("asked", t.order, t.asked);
}

PROBE(convolution_tune, by_pencil) /* the second way is disturbed in round one, and wins */
{
    tune(probe_given_doubles(3, 9, 4, 3.5, 2, 4), 3, 2);
}

PROBE(convolution_tune, one_cannot)
{
    tune(probe_given_doubles(5, -1, 4, 5, -1, 3), 3, 2);
}

PROBE(convolution_tune, none_can)
{
    tune(probe_given_doubles(-1, -1, -1, -1), 2, 2);
}

PROBE(convolution_tune, first_of_equals)
{
    tune(probe_given_doubles(2, 1, 1), 3, 1);
}

PROBE(convolution_tune, no_time_at_all) /* 0 is a time */
{
    tune(probe_given_doubles(2, 0, 1, 2, 1, 1), 3, 2);
}

PROBE(convolution_tune, random_times)
{
    int ways = probe_pick(1, 3, 5), rounds = probe_pick(1, 4, 2);
    double time[MOST_WAYS * MOST_ROUNDS];
    for (int i = 0; i < ways * rounds; i++) time[i] = probe_real(1, 2);
    int cannot = probe_int(0, 2 * ways);
    for (int r = 0; r < rounds && cannot < ways; r++) time[r * ways + cannot] = -1;
    tune(probe_copy_doubles(ways * rounds, time), ways, rounds);
}

PROBE(convolution_tune, no_ways)
{
    tune(probe_output_doubles(0), 0, 1);
}

/* ---- step convolution_field -------------------------------------------------------------------------------------- */

static void field(const int *layer, int L)
{
    int *size = probe_output_ints(L + 1), *jump = probe_output_ints(L + 1), *start = probe_output_ints(L + 1);
    probe_freeze();
    convolution_field(size, jump, start, layer, L);
    emit_exact("size", size, L + 1);
    emit_exact("jump", jump, L + 1);
    emit_exact("start", start, L + 1);
}

PROBE(convolution_field, by_pencil)                 /* the lesson: 3, pool 2, 3 */
{
    field(probe_given_ints(3, 1, 1, 1, 2, 2, 0, 1, 3, 1, 1, 1), 3);
}

PROBE(convolution_field, windows_alone)             /* 3 x 3 again and again: 3, 5, 7, 9 */
{
    field(probe_given_ints(3, 1, 0, 1, 3, 1, 0, 1, 3, 1, 0, 1, 3, 1, 0, 1), 4);
}

PROBE(convolution_field, dilations_double)          /* 1, 2, 4, 8: the field grows as fast */
{
    field(probe_given_ints(3, 1, 1, 1, 3, 1, 2, 2, 3, 1, 4, 4, 3, 1, 8, 8), 4);
}

PROBE(convolution_field, strides)
{
    field(probe_given_ints(7, 2, 3, 1, 3, 2, 1, 1, 1, 3, 0, 1, 5, 1, 2, 2), 4);
}

PROBE(convolution_field, random_stacks)
{
    int L = probe_pick(1, 2, 6), layer[24];
    for (int l = 0; l < L; l++) {
        layer[4 * l] = probe_int(1, 7), layer[4 * l + 1] = probe_int(1, 3);
        layer[4 * l + 2] = probe_int(0, 4), layer[4 * l + 3] = probe_int(1, 3);
    }
    field(probe_copy_ints(4 * L, layer), L);
}

PROBE(convolution_field, no_layers)
{
    field(probe_output_ints(0), 0);
}

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

/* Every pair of a pixel and a weight is asked which output they meet in: the sum from the other end. */
typedef struct Sums { double *y, *dx, *dw; } Sums;

static void meet(Sums s, const float *x, const float *w, const float *dy, const Convolution *c)
{
    int K = count(c).K, P = count(c).P, window = c->KH * c->KW, CG = c->C / c->groups, OG = c->OC / c->groups;
    for (int q = 0; q < count(c).w; q++) {
        int o = q / K, l = q % c->KW, k = q % window / c->KW, channel = o / OG * CG + q % K / window;
        for (int i = 0; i < c->N * c->H * c->W; i++) {
            int column = i % c->W, row = i / c->W % c->H, n = i / (c->W * c->H);
            int down = row + c->pad[0] - k * c->dilation[0], right = column + c->pad[1] - l * c->dilation[1];
            if (down < 0 || right < 0 || down % c->stride[0] || right % c->stride[1]) continue;
            down /= c->stride[0], right /= c->stride[1];
            if (down >= places(c, 0) || right >= places(c, 1)) continue;
            int at = (n * c->OC + o) * P + down * places(c, 1) + right;
            int pixel = ((n * c->C + channel) * c->H + row) * c->W + column;
            s.y[at] += (double)w[q] * x[pixel];
            s.dx[pixel] += (double)w[q] * dy[at];
            s.dw[q] += (double)x[pixel] * dy[at];
        }
    }
}

static void same(const char *what, const float *got, const double *want, int n, double scale)
{
    for (int i = 0; i < n; i++)
        expect(fabs(got[i] - want[i]) <= 8 * FLT_EPSILON * scale, "%s %d: got %.9g, want %.9g", what, i, got[i],
               want[i]);
}

static double *none(int n) { return memset(probe_output_doubles(n), 0, (size_t)n * sizeof(double)); }

static void all_agree(const Convolution *c)
{
    Counts n = count(c);
    float *x = probe_normal(n.x, 0, 1), *w = probe_normal(n.w, 0, 1), *dy = probe_normal(n.y, 0, 1);
    Sums want = { none(n.y), none(n.x), none(n.w) };
    meet(want, x, w, dy, c);
    float *y = probe_output(n.y), *dx = probe_output(n.x), *dw = zeroed(n.w), *db = zeroed(c->OC);
    double scale = bound(x, n.x, w, n.w, n.K);
    convolution_direct(y, x, w, NULL, c);
    same("direct", y, want.y, n.y, scale);
    convolution_by_columns(y, probe_output(c->C * c->KH * c->KW * n.P), x, w, NULL, c);
    same("by columns", y, want.y, n.y, scale);
    convolution_by_fft(y, probe_output_doubles(convolution_fft_room(c)), x, w, NULL, c);
    same("by fft", y, want.y, n.y, scale);
    if (c->KH == 3 && c->KW == 3 && c->stride[0] * c->stride[1] * c->dilation[0] * c->dilation[1] == 1) {
        convolution_by_winograd(y, probe_output(convolution_winograd_room(c)), x, w, NULL, c);
        same("by Winograd", y, want.y, n.y, scale);
    }
    convolution_data(dx, w, dy, c);
    same("dx", dx, want.dx, n.x, bound(w, n.w, dy, n.y, n.K));
    convolution_weights(dw, db, x, dy, c);
    same("dw", dw, want.dw, n.w, bound(x, n.x, dy, n.y, c->N * n.P));
    for (int o = 0; o < c->OC; o++) {
        double sum = 0;
        for (int i = 0; i < n.y; i++) sum += i / n.P % c->OC == o ? dy[i] : 0;
        expect(fabs(db[o] - sum) <= 1e-5 * (1 + fabs(sum)), "db %d: got %g, want %g", o, db[o], sum);
    }
}

ORACLE(convolution_direct, pixels_and_weights_find_their_output)
{
    Convolution c = awkward();
    all_agree(&c);
}

ORACLE(convolution_by_winograd, agrees_with_the_definition)
{
    Convolution c = three_by_three();
    all_agree(&c);
}

ORACLE(convolution_direct, worked_by_hand)          /* the lesson's edge, and its answer with a border of zeros */
{
    static const float x[] = { PENCIL_X }, w[] = { PENCIL_W };
    static const float want[] = { 0, -3, -3, 3, 0, -4, -4, 4, 0, -4, -4, 4, 0, -3, -3, 3 };
    Convolution c = small(4, 4, 3, 3);
    float y[16];
    convolution_direct(y, x, w, NULL, &c);
    for (int i = 0; i < 4; i++) expect(y[i] == -4, "%d: got %g, want -4", i, y[i]);
    c.pad[0] = c.pad[1] = 1;
    convolution_direct(y, x, w, NULL, &c);
    for (int i = 0; i < 16; i++) expect(y[i] == want[i], "padded, %d: got %g, want %g", i, y[i], want[i]);
}

ORACLE(convolution_height, pytorchs_sizes)          /* torch.nn.Conv2d of the same numbers says these */
{
    static const int size[][6] = { { 28, 5, 1, 2, 1, 28 }, { 28, 5, 1, 0, 1, 24 }, { 224, 7, 2, 3, 1, 112 },
                                   { 224, 11, 4, 2, 1, 55 }, { 56, 3, 2, 1, 1, 28 }, { 32, 3, 1, 2, 2, 32 } };
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        const int *s = size[i];
        Convolution c = { 1, 1, s[0], 1, 1, s[1], 1, { s[2], 1 }, { s[3], 0 }, { s[4], 1 }, 1 };
        expect(convolution_height(&c) == s[5], "case %d: got %d, want %d", (int)i, convolution_height(&c), s[5]);
        expect(convolution_width(&c) == 1, "case %d: width %d", (int)i, convolution_width(&c));
    }
}

/* <dy, conv(x)> = <x, data(dy)> = <w, weights(x, dy)>: the gradients are the transposes of a map linear in each. */
ORACLE(convolution_data, transposes)
{
    Convolution c = awkward();
    Counts n = count(&c);
    float *x = probe_normal(n.x, 0, 1), *w = probe_normal(n.w, 0, 1), *dy = probe_normal(n.y, 0, 1);
    float *y = probe_output(n.y), *dx = probe_output(n.x), *dw = zeroed(n.w);
    double through_y = 0, through_x = 0, through_w = 0, size = 1;
    convolution_direct(y, x, w, NULL, &c);
    convolution_data(dx, w, dy, &c);
    convolution_weights(dw, NULL, x, dy, &c);
    for (int i = 0; i < n.y; i++) through_y += (double)dy[i] * y[i], size += fabs((double)dy[i] * y[i]);
    for (int i = 0; i < n.x; i++) through_x += (double)dx[i] * x[i];
    for (int i = 0; i < n.w; i++) through_w += (double)dw[i] * w[i];
    expect(fabs(through_x - through_y) < 1e-5 * size && fabs(through_w - through_y) < 1e-5 * size,
           "by y %g, by x %g, by w %g", through_y, through_x, through_w);
}

/* The field of a stack is where the gradient of one output is not 0, all weights being positive. */
ORACLE(convolution_field, is_the_gradients_support)
{
    enum { LAYERS = 3, N = 90, MOST = N + 4 * LAYERS };    /* padding may make a layer wider than the one below */
    int layer[4 * LAYERS], size[LAYERS + 1], jump[LAYERS + 1], start[LAYERS + 1], width[LAYERS + 1] = { N };
    Convolution c[LAYERS];
    float ones[] = { 1, 1, 1, 1, 1 }, g[MOST] = { 0 }, below[MOST];
    for (int l = 0; l < LAYERS; l++) {
        int *a = layer + 4 * l;
        a[0] = probe_int(1, 5), a[1] = probe_int(1, 2), a[2] = probe_int(0, 2), a[3] = probe_int(1, 2);
        c[l] = (Convolution){ 1, 1, 1, width[l], 1, 1, a[0], { 1, a[1] }, { 0, a[2] }, { 1, a[3] }, 1 };
        width[l + 1] = places(&c[l], 1);
    }
    int output = probe_int(0, width[LAYERS] - 1), first = N, last = -1;
    g[output] = 1;
    for (int l = LAYERS - 1; l >= 0; l--) {
        convolution_data(below, ones, g, &c[l]);
        memcpy(g, below, (size_t)width[l] * sizeof *g);
    }
    for (int i = 0; i < N; i++)
        if (g[i] > 0) first = i < first ? i : first, last = i;
    convolution_field(size, jump, start, layer, LAYERS);
    int from = start[LAYERS] + output * jump[LAYERS], to = from + size[LAYERS] - 1;
    expect(last < 0 || (first >= from && last <= to), "output %d sees %d..%d, its field is %d..%d", output, first,
           last, from, to);
    bool strided = false, inside = true;            /* a stride may jump over pixels, padding eat the ends */
    for (int l = 0; l < LAYERS; l++) strided |= layer[4 * l + 1] > 1, inside &= layer[4 * l + 2] == 0;
    if (inside && !strided)
        expect(first == from && last == to, "output %d sees %d..%d, not all of %d..%d", output, first, last, from, to);
}

ORACLE(convolution_field, published)                /* VGG-16's last pool, ResNet-50's last layer: Araujo 2019 */
{
    int vgg[18 * 4], resnet[4 * 18], size[19], jump[19], start[19], L = 0;
    static const int blocks[] = { 2, 2, 3, 3, 3 };
    for (int b = 0; b < 5; b++) {
        for (int k = 0; k < blocks[b]; k++) memcpy(vgg + 4 * L++, (int[]){ 3, 1, 1, 1 }, 4 * sizeof(int));
        memcpy(vgg + 4 * L++, (int[]){ 2, 2, 0, 1 }, 4 * sizeof(int));
    }
    convolution_field(size, jump, start, vgg, L);
    expect(size[L] == 212 && jump[L] == 32, "VGG-16: %d every %d, published 212 every 32", size[L], jump[L]);
    static const int depth[] = { 3, 4, 6, 3 };
    memcpy(resnet, (int[]){ 7, 2, 3, 1, 3, 2, 1, 1 }, 8 * sizeof(int));
    L = 2;
    for (int b = 0; b < 4; b++)                     /* 1 x 1 sees nothing more; a block's last 3 x 3 has the stride */
        for (int k = 0; k < depth[b]; k++)
            memcpy(resnet + 4 * L++, (int[]){ 3, b < 3 && k == depth[b] - 1 ? 2 : 1, 1, 1 }, 4 * sizeof(int));
    convolution_field(size, jump, start, resnet, L);
    expect(size[L] == 483 && jump[L] == 32, "ResNet-50: %d every %d, published 483 every 32", size[L], jump[L]);
}
