/* test_pooling.c -- probes that grade pooling.c, and oracles that prove the reference right. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "pooling.h"

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

static int places(const Pooling *p, int d)                  /* not asked of the code that is judged */
{
    return ((d ? p->W : p->H) + 2 * p->pad[d] - p->window[d]) / p->stride[d] + 1;
}

static int pixels(const Pooling *p) { return p->N * p->C * p->H * p->W; }
static int outputs(const Pooling *p) { return p->N * p->C * places(p, 0) * places(p, 1); }

static Pooling small(int H, int W, int window, int stride)
{
    return (Pooling){ 1, 1, H, W, { window, window }, { stride, stride }, { 0, 0 } };
}

/* Down and across differ in everything. */
static Pooling awkward(void)
{
    Pooling p = { .N = probe_pick(1, 2), .C = probe_pick(1, 3, 2) };
    for (int d = 0; d < 2; d++) {
        p.window[d] = probe_int(1, 4), p.stride[d] = probe_int(1, 3), p.pad[d] = probe_int(0, p.window[d] / 2);
        int size = p.window[d] - 2 * p.pad[d];
        *(d ? &p.W : &p.H) = (size < 1 ? 1 : size) + probe_int(0, 7);
    }
    return p;
}

static double largest(const float *v, int n)
{
    double max = 0;
    for (int i = 0; i < n; i++) max = fmax(max, fabs((double)v[i]));
    return max;
}

static bool under(const Pooling *p, int at, int place)      /* does the window of a place stand on a pixel? */
{
    int i = place / places(p, 1), j = place % places(p, 1), row = at / p->W, col = at % p->W;
    int down = row - i * p->stride[0] + p->pad[0], right = col - j * p->stride[1] + p->pad[1];
    return down >= 0 && down < p->window[0] && right >= 0 && right < p->window[1];
}

/* Somebody's winners: any pixel under each window, so that the way back need not wait for the learner's way there. */
static int *winners(const Pooling *p)
{
    int *which = malloc((outputs(p) + 1) * sizeof *which);
    for (int o = 0; o < outputs(p); o++) {
        int place = o % (places(p, 0) * places(p, 1)), at = probe_int(0, p->H * p->W - 1);
        while (!under(p, at, place)) at = (at + 1) % (p->H * p->W);
        which[o] = at;
    }
    int *given = probe_copy_ints(outputs(p), which);
    free(which);
    return given;
}

/* The lesson's images: one block of 2 x 2, and four of them. */
#define BLOCK 1, 3, 2, 4
#define PENCIL 1, 3, 0, 2, 2, 4, 2, 1, 5, 5, 7, 0, 5, 5, 0, 6

/* ---- step pooling_max -------------------------------------------------------------------------------------------- */

static void max(const float *x, const Pooling *p)
{
    float *y = probe_output(outputs(p));
    int *which = probe_output_ints(outputs(p));
    probe_freeze();
    pooling_max(y, which, x, p);
    emit_exact("y", y, p->N * p->C, places(p, 0), places(p, 1));
    emit_exact("which", which, p->N * p->C, places(p, 0), places(p, 1));
}

PROBE(pooling_max, by_pencil)
{
    Pooling p = small(4, 4, 2, 2);
    max(probe_given(PENCIL), &p);
}

PROBE(pooling_max, one_block)                       /* [[1,3],[2,4]] */
{
    Pooling p = small(2, 2, 2, 2);
    max(probe_given(BLOCK), &p);
}

PROBE(pooling_max, nothing_above_zero)              /* padding is no zero: it does not take part */
{
    Pooling p = small(3, 3, 3, 1);
    p.pad[0] = p.pad[1] = 1;
    max(probe_uniform(9, -5, -1), &p);
}

PROBE(pooling_max, first_of_equals)
{
    Pooling p = awkward();
    float value[2 * 3 * 11 * 11];
    for (int i = 0; i < pixels(&p); i++) value[i] = probe_int(0, 2);
    max(probe_copy(pixels(&p), value), &p);
}

PROBE(pooling_max, awkward_sizes)
{
    Pooling p = awkward();
    max(probe_floats(pixels(&p)), &p);
}

PROBE(pooling_max, windows_overlap)
{
    Pooling p = small(7, 6, 3, 2);
    max(probe_normal(42, 0, 1), &p);
}

PROBE(pooling_max, nan_wins)
{
    Pooling p = small(6, 7, 2, 1);
    float *x = probe_normal(42, 0, 1);
    x[probe_int(0, 41)] = NAN, x[probe_int(0, 41)] = INFINITY, x[probe_int(0, 41)] = NAN;
    max(x, &p);
}

PROBE(pooling_max, minus_infinity_only)             /* an index is due where nothing is larger than -inf, too */
{
    Pooling p = small(4, 4, 2, 2);
    float *x = probe_normal(16, 0, 1);
    for (int i = 0; i < 8; i++) x[i] = -INFINITY;
    max(x, &p);
}

PROBE(pooling_max, no_images)
{
    Pooling p = small(4, 4, 2, 2);
    p.N = 0;
    max(probe_output(0), &p);
}

/* ---- step pooling_max_backward ----------------------------------------------------------------------------------- */

static void max_backward(const float *dy, const int *which, const Pooling *p)
{
    float *dx = probe_output(pixels(p));
    probe_freeze();
    pooling_max_backward(dx, dy, which, p);
    probe_terms(p->window[0] * p->window[1]);
    probe_scale(p->window[0] * p->window[1] * largest(dy, outputs(p)));
    emit("dx", dx, p->N * p->C, p->H, p->W);
}

PROBE(pooling_max_backward, by_pencil)              /* the pencil's winners: 4, 2, the first 5, 7 */
{
    Pooling p = small(4, 4, 2, 2);
    max_backward(probe_given(1, 2, 3, 4), probe_given_ints(5, 3, 8, 10), &p);
}

PROBE(pooling_max_backward, two_windows_one_winner)
{
    Pooling p = small(1, 5, 1, 1);
    p.window[1] = 3;
    max_backward(probe_given(1, 10, 100), probe_given_ints(2, 2, 2), &p);
}

PROBE(pooling_max_backward, awkward_sizes)
{
    Pooling p = awkward();
    float *dy = probe_floats(outputs(&p));
    max_backward(dy, winners(&p), &p);
}

PROBE(pooling_max_backward, many_images)            /* each index counts within its own image */
{
    Pooling p = small(4, 4, 2, 2);
    p.N = 2, p.C = 3;
    float *dy = probe_normal(24, 0, 1);
    max_backward(dy, winners(&p), &p);
}

PROBE(pooling_max_backward, no_images)
{
    Pooling p = small(4, 4, 2, 2);
    p.N = 0;
    max_backward(probe_output(0), probe_output_ints(0), &p);
}

/* ---- step pooling_average ---------------------------------------------------------------------------------------- */

static void average(const float *x, int counted, const Pooling *p)
{
    float *y = probe_output(outputs(p));
    probe_freeze();
    pooling_average(y, x, counted, p);
    probe_terms(p->window[0] * p->window[1]);
    probe_scale(largest(x, pixels(p)));
    emit("y", y, p->N * p->C, places(p, 0), places(p, 1));
}

PROBE(pooling_average, one_block)                   /* [[1,3],[2,4]]: 2.5 */
{
    Pooling p = small(2, 2, 2, 2);
    average(probe_given(BLOCK), 1, &p);
}

PROBE(pooling_average, by_pencil)
{
    Pooling p = small(4, 4, 2, 2);
    average(probe_given(PENCIL), 1, &p);
}

PROBE(pooling_average, ones_with_a_border)          /* counted: less than 1 at the border; else 1 everywhere */
{
    Pooling p = small(3, 4, 3, 1);
    float one[12];
    p.pad[0] = p.pad[1] = 1;
    for (int i = 0; i < 12; i++) one[i] = 1;
    average(probe_copy(12, one), probe_pick(1, 0), &p);
}

PROBE(pooling_average, windows_overlap)
{
    Pooling p = small(7, 6, 3, 2);
    average(probe_normal(42, 0, 1), 1, &p);
}

PROBE(pooling_average, awkward_sizes)
{
    Pooling p = awkward();
    average(probe_floats(pixels(&p)), 1, &p);
}

PROBE(pooling_average, awkward_sizes_inside_alone)
{
    Pooling p = awkward();
    average(probe_normal(pixels(&p), 1, 1), 0, &p);
}

PROBE(pooling_average, no_images)
{
    Pooling p = small(4, 4, 2, 2);
    p.N = 0;
    average(probe_output(0), 1, &p);
}

/* ---- step pooling_average_backward ------------------------------------------------------------------------------- */

static void average_backward(const float *dy, int counted, const Pooling *p)
{
    float *dx = probe_output(pixels(p));
    probe_freeze();
    pooling_average_backward(dx, dy, counted, p);
    probe_terms(p->window[0] * p->window[1]);
    probe_scale(4 * largest(dy, outputs(p)));       /* at worst a corner: a quarter of each window is inside */
    emit("dx", dx, p->N * p->C, p->H, p->W);
}

PROBE(pooling_average_backward, by_pencil)
{
    Pooling p = small(4, 4, 2, 2);
    average_backward(probe_given(4, 8, 12, 16), 1, &p);
}

PROBE(pooling_average_backward, overlapping_shares_add_up)
{
    Pooling p = small(1, 5, 1, 1);
    p.window[1] = 3;
    average_backward(probe_given(3, 30, 300), 1, &p);
}

PROBE(pooling_average_backward, stride_leaves_holes) /* pixels that no window saw get exactly 0 */
{
    Pooling p = small(7, 8, 2, 3);
    average_backward(probe_normal(6, 0, 1), 1, &p);
}

PROBE(pooling_average_backward, awkward_sizes)
{
    Pooling p = awkward();
    average_backward(probe_floats(outputs(&p)), 1, &p);
}

PROBE(pooling_average_backward, awkward_sizes_inside_alone)
{
    Pooling p = awkward();
    average_backward(probe_normal(outputs(&p), 1, 1), 0, &p);
}

PROBE(pooling_average_backward, no_images)
{
    Pooling p = small(4, 4, 2, 2);
    p.N = 0;
    average_backward(probe_output(0), 1, &p);
}

/* ---- step pooling_global ----------------------------------------------------------------------------------------- */

static void global(const float *x, int N, int C, int S)
{
    float *mean = probe_output(N * C), *most = probe_output(N * C);
    probe_freeze();
    pooling_global(mean, most, x, N, C, S);
    probe_terms(S);
    probe_scale(largest(x, N * C * S));
    emit("mean", mean, N, C);
    emit_exact("max", most, N, C);
}

PROBE(pooling_global, by_pencil) { global(probe_given(PENCIL), 1, 1, 16); }
PROBE(pooling_global, channels_apart) { global(probe_given(BLOCK, -1, -3, -2, -4), 1, 2, 4); }

PROBE(pooling_global, awkward_sizes)
{
    int N = probe_pick(1, 2, 3), C = probe_pick(1, 3, 2), S = probe_pick(1, 2, 7, 49, 129);
    global(probe_floats(N * C * S), N, C, S);
}

PROBE(pooling_global, all_negative)
{
    global(probe_uniform(2 * 3 * 5, -9, -1), 2, 3, 5);
}

PROBE(pooling_global, nan_in_one_channel)
{
    float *x = probe_normal(3 * 7, 0, 1);
    x[7 + probe_int(0, 6)] = NAN;
    float *mean = probe_output(3), *most = probe_output(3);
    probe_freeze();
    pooling_global(mean, most, x, 1, 3, 7);
    probe_terms(7);
    probe_scale(5);
    emit("mean", mean, 3);
    emit_exact("max", most, 3);
}

PROBE(pooling_global, no_images) { global(probe_output(0), 0, 3, 4); }

/* ---- step pooling_shift ------------------------------------------------------------------------------------------ */

static void shift(const float *x, int N, int H, int W, int down, int right)
{
    float *y = probe_output(N * H * W);
    probe_freeze();
    pooling_shift(y, x, N, H, W, down, right);
    emit_exact("y", y, N, H, W);
}

PROBE(pooling_shift, by_pencil) { shift(probe_given(PENCIL), 1, 4, 4, 1, 0); }
PROBE(pooling_shift, to_the_right) { shift(probe_given(PENCIL), 1, 4, 4, 0, 2); }
PROBE(pooling_shift, up_and_left) { shift(probe_given(PENCIL), 1, 4, 4, -1, -1); }
PROBE(pooling_shift, not_at_all) { shift(probe_given(PENCIL), 1, 4, 4, 0, 0); }

PROBE(pooling_shift, awkward_sizes)
{
    int N = probe_pick(1, 3), H = probe_pick(1, 3, 6), W = probe_pick(5, 1, 4);
    shift(probe_normal(N * H * W, 0, 1), N, H, W, probe_int(-3, 3), probe_int(-3, 3));
}

PROBE(pooling_shift, out_of_the_image)
{
    shift(probe_normal(12, 1, 1), 1, 3, 4, probe_pick(3, -5, 0), probe_pick(0, 1, 7));
}
PROBE(pooling_shift, no_images) { shift(probe_output(0), 0, 3, 4, 1, 1); }

/* ---- step pooling_unlike ----------------------------------------------------------------------------------------- */

static void unlike(const float *a, const float *b, int N, int H, int W, int margin)
{
    probe_freeze();
    double apart = pooling_unlike(a, b, N, H, W, margin);
    emit("apart", &apart, 1);
}

PROBE(pooling_unlike, by_pencil) /* 6 - 5 of at most 7 */
{
    unlike(probe_given(PENCIL), probe_given(1, 3, 0, 2, 2, 4, 2, 1, 5, 5, 7, 0, 5, 5, 0, 5), 1, 4, 4, 0);
}

PROBE(pooling_unlike, border_does_not_count) /* what differs most, and what is largest, stand at the border */
{
    float *a = probe_normal(2 * 5 * 6, 0, 1), *b = probe_normal(2 * 5 * 6, 0, 1);
    a[probe_pick(0, 5, 30)] = 100, b[probe_pick(29, 59, 24)] = -50;
    unlike(a, b, 2, 5, 6, 1);
}

PROBE(pooling_unlike, largest_is_negative)
{
    unlike(probe_given(1, -2, 3, 0), probe_given(1, -8, 3, 1), 1, 2, 2, 0);
}

PROBE(pooling_unlike, second_is_the_measure) /* not symmetric: what should be is in b */
{
    unlike(probe_given(10, 0, 0, 0), probe_given(2, 0, 0, 0), 1, 2, 2, 0);
}

PROBE(pooling_unlike, awkward_sizes)
{
    int N = probe_pick(1, 3), H = probe_pick(1, 3, 6, 9), W = probe_pick(5, 4, 8), margin = probe_pick(0, 1, 2);
    float *a = probe_normal(N * H * W, 0, 1), *b = probe_normal(N * H * W, 0, 1);
    unlike(a, b, N, H, W, margin);
}

PROBE(pooling_unlike, all_alike)
{
    float *a = probe_normal(12, 0, 1);
    unlike(a, a, 1, 3, 4, 0);
}

PROBE(pooling_unlike, zeros) { unlike(probe_given(0, 0, 0, 0), probe_given(0, 0, 0, 0), 1, 2, 2, 0); }
PROBE(pooling_unlike, out_of_nothing) { unlike(probe_given(0, 1, 0, 0), probe_given(0, 0, 0, 0), 1, 2, 2, 0); }
PROBE(pooling_unlike, no_pixel_left) { unlike(probe_given(1, 2, 3, 4), probe_given(4, 3, 2, 1), 1, 2, 2, 1); }

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

ORACLE(pooling_max, every_pixel_asks_every_window)
{
    Pooling p = awkward();
    int P = places(&p, 0) * places(&p, 1), S = p.H * p.W, *which = probe_output_ints(outputs(&p));
    float *x = probe_floats(pixels(&p)), *y = probe_output(outputs(&p));
    pooling_max(y, which, x, &p);
    expect(pooling_height(&p) == places(&p, 0) && pooling_width(&p) == places(&p, 1), "size");
    for (int o = 0; o < outputs(&p); o++) {
        int first = -1;
        for (int at = 0; at < S; at++)
            if (under(&p, at, o % P) && (first < 0 || x[o / P * S + at] > x[o / P * S + first])) first = at;
        expect(which[o] == first && y[o] == x[o / P * S + first], "%d: got %g at %d, want %g at %d", o, y[o], which[o],
               x[o / P * S + first], first);
    }
}

ORACLE(pooling_average, every_pixel_asks_every_window)
{
    Pooling p = awkward();
    int P = places(&p, 0) * places(&p, 1), S = p.H * p.W;
    float *x = probe_normal(pixels(&p), 0, 1), *y = probe_output(outputs(&p));
    for (int counted = 0; counted < 2; counted++) {
        pooling_average(y, x, counted, &p);
        for (int o = 0; o < outputs(&p); o++) {
            double sum = 0, inside = 0;
            for (int at = 0; at < S; at++)
                if (under(&p, at, o % P)) sum += x[o / P * S + at], inside++;
            double want = sum / (counted ? p.window[0] * p.window[1] : inside);
            expect(fabs(y[o] - want) <= 4 * FLT_EPSILON * (1 + fabs(want)), "%d: got %g, want %g", o, y[o], want);
        }
    }
}

ORACLE(pooling_max, the_checklists_block)           /* [[1,3],[2,4]]: 4 and 2.5 */
{
    static const float x[] = { BLOCK };
    Pooling p = small(2, 2, 2, 2);
    float most, mean;
    int which;
    pooling_max(&most, &which, x, &p);
    pooling_average(&mean, x, 1, &p);
    expect(most == 4 && which == 3 && mean == 2.5f, "max %g at %d, mean %g", most, which, mean);
}

/* L = sum dy pool(x): a difference of x in one pixel, by a step that changes no winner. */
ORACLE(pooling_max_backward, differences)
{
    enum { S = 30 };
    Pooling p = small(5, 6, 3, 2);
    int which[4], unused[4], *order = probe_permutation(S);
    float x[S], y[4], up[4], dx[S], *dy = probe_normal(4, 0, 1);
    for (int i = 0; i < S; i++) x[i] = order[i];    /* all different, one apart: a step of 1/4 changes no winner */
    pooling_max(y, which, x, &p);
    pooling_max_backward(dx, dy, which, &p);
    for (int i = 0; i < S; i++) {
        double slope = 0;
        x[i] += 0.25f;
        pooling_max(up, unused, x, &p);
        x[i] -= 0.25f;
        for (int o = 0; o < 4; o++) slope += dy[o] * (up[o] - y[o]) / 0.25;
        expect(fabs(slope - dx[i]) < 1e-5, "pixel %d: got %g, want %g", i, dx[i], slope);
    }
}

/* <dy, mean(x)> = <x, back(dy)>: the mean is linear, and its gradient the transposed map. */
ORACLE(pooling_average_backward, transposed)
{
    Pooling p = awkward();
    float *x = probe_normal(pixels(&p), 0, 1), *dy = probe_normal(outputs(&p), 0, 1);
    float *y = probe_output(outputs(&p)), *dx = probe_output(pixels(&p));
    for (int counted = 0; counted < 2; counted++) {
        double there = 0, back = 0, size = 1;
        pooling_average(y, x, counted, &p);
        pooling_average_backward(dx, dy, counted, &p);
        for (int o = 0; o < outputs(&p); o++) there += (double)dy[o] * y[o], size += fabs((double)dy[o] * y[o]);
        for (int i = 0; i < pixels(&p); i++) back += (double)x[i] * dx[i];
        expect(fabs(there - back) < 1e-5 * size, "there %g, back %g", there, back);
    }
}

/* Averages of a sum are sums of averages; maxima are not. */
ORACLE(pooling_average, linear_and_the_maximum_is_not)
{
    Pooling p = small(8, 8, 2, 2);
    int which[16], broken = 0;
    float *a = probe_normal(64, 0, 1), *b = probe_normal(64, 0, 1), sum[64], of_a[16], of_b[16], of_sum[16];
    for (int i = 0; i < 64; i++) sum[i] = a[i] + b[i];
    pooling_average(of_a, a, 1, &p), pooling_average(of_b, b, 1, &p), pooling_average(of_sum, sum, 1, &p);
    for (int i = 0; i < 16; i++)
        expect(fabsf(of_sum[i] - of_a[i] - of_b[i]) < 1e-5f, "mean %d: %g + %g is not %g", i, of_a[i], of_b[i],
               of_sum[i]);
    pooling_max(of_a, which, a, &p), pooling_max(of_b, which, b, &p), pooling_max(of_sum, which, sum, &p);
    for (int i = 0; i < 16; i++) broken += fabsf(of_sum[i] - of_a[i] - of_b[i]) > 1e-3f;
    expect(broken > 0, "the maximum of a sum was the sum of the maxima in all of 16 windows");
}

/* Pooling by a stride commutes with shifts by multiples of the stride, and with no others. */
ORACLE(pooling_shift, strides_commute_with_their_multiples)
{
    enum { H = 16, W = 16 };
    Pooling p = small(H, W, 2, 2);
    int which[64];
    float *x = probe_normal(H * W, 0, 1), moved[H * W], y[64], of_moved[64], moved_y[64];
    pooling_max(y, which, x, &p);
    for (int by = 0; by <= 4; by += 2) {
        pooling_shift(moved, x, 1, H, W, by, -by);
        pooling_max(of_moved, which, moved, &p);
        pooling_shift(moved_y, y, 1, H / 2, W / 2, by / 2, -by / 2);
        double apart = pooling_unlike(of_moved, moved_y, 1, H / 2, W / 2, 2);
        expect(apart == 0, "shift by %d: %g apart", by, apart);
    }
    pooling_shift(moved, x, 1, H, W, 1, 0);
    pooling_max(of_moved, which, moved, &p);
    expect(pooling_unlike(of_moved, y, 1, H / 2, W / 2, 1) > 0, "a shift by 1 left the pooled image as it was");
    pooling_shift(moved, moved, 0, H, W, 1, 0);     /* no images: nothing is touched */
}

ORACLE(pooling_global, windows_as_large_as_the_image)
{
    int H = probe_pick(1, 3, 7), W = probe_pick(4, 1, 5), which[6];
    Pooling p = { 2, 3, H, W, { H, W }, { 1, 1 }, { 0, 0 } };
    float *x = probe_floats(6 * H * W), mean[6], most[6], y[6];
    pooling_global(mean, most, x, 2, 3, H * W);
    pooling_average(y, x, 1, &p);
    for (int i = 0; i < 6; i++) expect(mean[i] == y[i], "mean %d: %g, by windows %g", i, mean[i], y[i]);
    pooling_max(y, which, x, &p);
    for (int i = 0; i < 6; i++) expect(most[i] == y[i], "max %d: %g, by windows %g", i, most[i], y[i]);
}
