/* test_softmax.c -- probes that grade softmax.c, and oracles that prove the reference right. */
#include <math.h>
#include <stdlib.h>
#include "probe.h"
#include "softmax.h"

static const float ln2 = 0.6931471806f, ln5 = 1.6094379124f;    /* the lesson's scores: 0, ln 2, ln 5 */

static float largest(const float *x, int n)                     /* of the finite ones, without sign */
{
    float max = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i]) && fabsf(x[i]) > max) max = fabsf(x[i]);
    return max;
}

static float *constant(int n, double value) { return probe_uniform(n, value, value); }

static void move(float *x, int n, float by)
{
    for (int i = 0; i < n; i++) x[i] += by;
}

/* A sum of C positive floats may err by C roundings, not sqrt C: terms that are alike round the same way each time. */
static void terms_alike(int C) { probe_terms(C * C); }

/* Rows of probabilities from no softmax: the backward steps must not wait for the forward ones, nor hold one.
 * `out`: a place that gets 0, or -1. */
static float *distributions(int out, int N, int C)
{
    float *p = probe_uniform(N * C, 0.1, 1);
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int c = 0; c < C; c++) p[n * C + c] = c == out ? 0 : powf(p[n * C + c], 3);   /* some have a favourite */
        for (int c = 0; c < C; c++) sum += p[n * C + c];
        for (int c = 0; c < C; c++) p[n * C + c] /= sum;
    }
    return p;
}

/* Where 0 was asked for, 1e-9 will not do: emit those places alone, and to the bit. */
static void emit_hidden(const float *y, const int *mask, int n)
{
    float *hidden = calloc(n + 1, sizeof *hidden);
    for (int i = 0; i < n; i++) hidden[i] = mask[i] ? 0 : y[i];
    emit_exact("y where masked", hidden, n);
    free(hidden);
}

/* Two results that must be the same to the bit: emit what changed. */
static void emit_change(const char *name, const float *before, const float *after, int n)
{
    float *change = calloc(n + 1, sizeof *change);
    for (int i = 0; i < n; i++) change[i] = after[i] - before[i];
    emit_exact(name, change, n);
    free(change);
}

/* ---- step softmax -------------------------------------------------------------------------------------------- */

static void forward(const float *x, int N, int C)
{
    float *y = probe_output(N * C);
    probe_freeze();
    softmax(y, x, N, C);
    terms_alike(C);
    emit("y", y, N, C);
}

PROBE(softmax, by_pencil) { forward(probe_given(0, ln2, ln5), 1, 3); }          /* 1/8, 1/4, 5/8 */

PROBE(softmax, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), C = probe_pick(1, 2, 3, 7, 33, 129, 1025);
    forward(probe_floats(N * C), N, C);
}

PROBE(softmax, all_equal)                           /* 1/C, wherever the scores lie */
{
    int C = probe_pick(1, 2, 10, 33);
    forward(constant(2 * C, probe_pick(0, -3, 7)), 2, C);
}

PROBE(softmax, near_ten_thousand)                   /* and near minus ten thousand: expf is inf or 0 there */
{
    int C = probe_pick(1, 3, 10, 33), offset = probe_pick(10000, -10000);
    forward(probe_normal(2 * C, offset, 1), 2, C);
}

PROBE(softmax, apart_by_thousands)
{
    int N = probe_int(1, 3), C = probe_pick(2, 3, 33);
    forward(probe_normal(N * C, 0, 1e4), N, C);
}

PROBE(softmax, largest_floats) { forward(probe_given(3e38f, -3e38f, 3e38f, 1, -3e38f, -3e38f, -3e38f, -3e38f), 2, 4); }

PROBE(softmax, rows_far_apart)                      /* a maximum serves its own row */
{
    int N = 3, C = probe_pick(2, 5, 33);
    float *x = probe_normal(N * C, 0, 1);
    for (int n = 0; n < N; n++) move(x + n * C, C, 300 * (n - 1));
    forward(x, N, C);
}

PROBE(softmax, minus_infinity)                      /* exactly 0 there, and the others share */
{
    int N = 3, C = probe_pick(2, 7, 33);
    float *x = probe_floats(N * C);
    int *mask = probe_ints(N * C, 0, 1);
    for (int n = 0; n < N; n++) mask[n * C + probe_int(0, C - 1)] = 1;
    for (int i = 0; i < N * C; i++) if (!mask[i]) x[i] = -INFINITY;
    float *y = probe_output(N * C);
    probe_freeze();
    softmax(y, x, N, C);
    terms_alike(C);
    emit("y", y, N, C);
    emit_hidden(y, mask, N * C);
}

PROBE(softmax, nothing_can_be)                      /* a row of -inf gives zeros, its neighbours do not notice */
{
    int C = probe_pick(1, 3, 10);
    float *x = probe_floats(3 * C);
    for (int c = 0; c < C; c++) x[C + c] = -INFINITY;
    forward(x, 3, C);
}

PROBE(softmax, rows_do_not_meet)                    /* one turns NaN, whole; the others stay what they were */
{
    int C = probe_pick(2, 7, 33);
    float *x = probe_floats(3 * C);
    x[C + probe_int(0, C - 1)] = probe_pick(0, 1) ? NAN : INFINITY;
    forward(x, 3, C);
}

PROBE(softmax, long_rows)
{
    int C = probe_pick(2053, 4099);
    forward(probe_normal(2 * C, 0, 1), 2, C);
}

PROBE(softmax, no_rows)                             /* N = 0: what y held stays */
{
    float *x = probe_floats(6), *y = probe_inout(6);
    probe_freeze();
    softmax(y, x, 0, 3);
    emit_exact("y", y, 6);
    softmax(y, x, 1, 3);
    emit("y of one row", y, 2, 3);
}

/* ---- step softmax_backward ----------------------------------------------------------------------------------- */

static void backward(const float *y, const float *dy, int N, int C)
{
    float *dx = probe_output(N * C);
    probe_freeze();
    softmax_backward(dx, y, dy, N, C);
    probe_scale(largest(y, N * C) * 2 * largest(dy, N * C));    /* dy - mean is up to twice dy, or next to nothing */
    emit("dx", dx, N, C);
}

PROBE(softmax_backward, by_pencil)                  /* 7/8, -1/4, -5/8 */
{
    backward(probe_given(0.125f, 0.25f, 0.625f), probe_given(8, 0, 0), 1, 3);
}

PROBE(softmax_backward, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), C = probe_pick(1, 2, 3, 7, 33, 129, 1025);
    backward(distributions(-1, N, C), probe_floats(N * C), N, C);
}

PROBE(softmax_backward, all_pushed_alike)           /* the same dy everywhere: nothing moves */
{
    int C = probe_pick(2, 7, 33);
    backward(distributions(-1, 2, C), constant(2 * C, probe_pick(1, -8, 64)), 2, C);
}

PROBE(softmax_backward, zeros_stay)                 /* masked places, and a row with nothing else */
{
    int C = probe_pick(3, 7, 33);
    float *y = distributions(-1, 3, C);
    for (int c = 0; c < C; c++) y[C + c] = 0, y[2 * C + c] = c == C / 2;
    backward(y, probe_floats(3 * C), 3, C);
}

PROBE(softmax_backward, written_not_added)
{
    int C = probe_pick(3, 7);
    float *y = distributions(-1, 2, C), *dy = probe_floats(2 * C), *dx = probe_inout(2 * C);
    probe_freeze();
    softmax_backward(dx, y, dy, 2, C);
    probe_scale(2 * largest(dy, 2 * C));
    emit("dx", dx, 2, C);
}

PROBE(softmax_backward, rows_do_not_meet)
{
    int C = probe_pick(2, 7, 33);
    float *dy = probe_floats(3 * C);
    dy[C + probe_int(0, C - 1)] = NAN;
    backward(distributions(-1, 3, C), dy, 3, C);
}

/* ---- step softmax_log ---------------------------------------------------------------------------------------- */

static void log_forward(const float *x, int N, int C)
{
    float *y = probe_output(N * C);
    probe_freeze();
    softmax_log(y, x, N, C);
    terms_alike(C);
    probe_scale(1);                                 /* log C and the like pass through */
    emit("y", y, N, C);
}

PROBE(softmax_log, by_pencil) { log_forward(probe_given(0, ln2, ln5), 1, 3); }  /* -ln 8, -ln 4, -ln 1.6 */

PROBE(softmax_log, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), C = probe_pick(1, 2, 3, 7, 33, 129, 1025);
    log_forward(probe_floats(N * C), N, C);
}

PROBE(softmax_log, all_equal)                       /* -log C: -2.302585 for ten classes */
{
    int C = probe_pick(1, 2, 10, 33);
    log_forward(constant(2 * C, probe_pick(0, -3, 7)), 2, C);
}

PROBE(softmax_log, near_ten_thousand)               /* the digits of the differences must survive */
{
    int C = probe_pick(1, 3, 10, 33), offset = probe_pick(10000, -10000);
    log_forward(probe_normal(2 * C, offset, 1), 2, C);
}

PROBE(softmax_log, apart_by_thousands)              /* softmax is 0 there, its logarithm is not -inf */
{
    int N = probe_int(1, 3), C = probe_pick(2, 3, 33);
    log_forward(probe_normal(N * C, 0, 1e4), N, C);
}

PROBE(softmax_log, rows_far_apart)
{
    int N = 3, C = probe_pick(2, 5, 33);
    float *x = probe_normal(N * C, 0, 1);
    for (int n = 0; n < N; n++) move(x + n * C, C, 300 * (n - 1));
    log_forward(x, N, C);
}

PROBE(softmax_log, minus_infinity)                  /* -inf stays -inf: one of a row, and all of another */
{
    int C = probe_pick(2, 7, 33);
    float *x = probe_floats(3 * C);
    x[probe_int(0, C - 1)] = -INFINITY;
    for (int c = 0; c < C; c++) x[C + c] = -INFINITY;
    log_forward(x, 3, C);
}

PROBE(softmax_log, rows_do_not_meet)
{
    int C = probe_pick(2, 7, 33);
    float *x = probe_floats(3 * C);
    x[C + probe_int(0, C - 1)] = probe_pick(0, 1) ? NAN : INFINITY;
    log_forward(x, 3, C);
}

/* ---- step softmax_log_backward ------------------------------------------------------------------------------- */

static void log_backward(const float *y, const float *dy, int N, int C, float *dx)
{
    double size = 0, most = 0;
    for (int n = 0; n < N; n++, size = 0) {
        for (int c = 0; c < C; c++) size += isfinite(dy[n * C + c]) ? fabs(dy[n * C + c]) : 0;
        most = fmax(most, size);
    }
    probe_freeze();
    softmax_log_backward(dx, y, dy, N, C);
    probe_scale(most);                              /* of the sum's terms */
    emit("dx", dx, N, C);
}

static float *logarithms(int N, int C)
{
    float *y = distributions(-1, N, C);
    for (int i = 0; i < N * C; i++) y[i] = logf(y[i]);
    return y;
}

PROBE(softmax_log_backward, by_pencil)              /* 1/8, -3/4, 5/8: what cross-entropy sends back */
{
    log_backward(probe_given(-3 * ln2, -2 * ln2, ln5 - 3 * ln2), probe_given(0, -1, 0), 1, 3, probe_output(3));
}

PROBE(softmax_log_backward, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), C = probe_pick(1, 2, 3, 7, 33, 129);
    log_backward(logarithms(N, C), probe_floats(N * C), N, C, probe_output(N * C));
}

PROBE(softmax_log_backward, out_of_reach)           /* y = -1000 and -inf: probability 0, and dx = dy */
{
    int C = probe_pick(3, 7);
    float *y = logarithms(3, C);
    for (int c = 0; c < C; c++) y[C + c] = c ? -1000 : 0, y[2 * C + c] = c ? -INFINITY : 0;
    log_backward(y, probe_floats(3 * C), 3, C, probe_output(3 * C));
}

PROBE(softmax_log_backward, written_not_added)
{
    int C = probe_pick(3, 7);
    log_backward(logarithms(2, C), probe_floats(2 * C), 2, C, probe_inout(2 * C));
}

PROBE(softmax_log_backward, rows_do_not_meet)
{
    int C = probe_pick(2, 7, 33);
    float *dy = probe_floats(3 * C);
    dy[C + probe_int(0, C - 1)] = NAN;
    log_backward(logarithms(3, C), dy, 3, C, probe_output(3 * C));
}

/* ---- step softmax_cross_entropy ------------------------------------------------------------------------------ */

static void cross_entropy(const float *x, const int *target, int N, int C)
{
    float *loss = probe_output(1), *lse = probe_output(N);
    probe_freeze();
    softmax_cross_entropy(loss, lse, x, target, N, C);
    terms_alike(N + C);
    probe_scale(1);
    emit("loss", loss, 1);
    probe_scale(1 + largest(x, N * C));             /* lse itself may be rounded, the loss may not feel it */
    emit("lse", lse, N);
}

PROBE(softmax_cross_entropy, by_pencil)             /* class 1 has 1/4: the loss is ln 4, lse ln 8 */
{
    cross_entropy(probe_given(0, ln2, ln5), probe_given_ints(1), 1, 3);
}

PROBE(softmax_cross_entropy, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), C = probe_pick(1, 2, 3, 7, 33, 129, 1025);
    cross_entropy(probe_floats(N * C), probe_ints(N, 0, C - 1), N, C);
}

PROBE(softmax_cross_entropy, knows_nothing)         /* log C: what an untrained net pays */
{
    int N = probe_pick(1, 3, 4), C = probe_pick(1, 2, 10, 33);
    cross_entropy(constant(N * C, probe_pick(0, 5)), probe_ints(N, 0, C - 1), N, C);
}

PROBE(softmax_cross_entropy, near_ten_thousand)
{
    int C = probe_pick(2, 3, 10, 33), offset = probe_pick(10000, -10000);
    cross_entropy(probe_normal(2 * C, offset, 1), probe_ints(2, 0, C - 1), 2, C);
}

PROBE(softmax_cross_entropy, apart_by_thousands)    /* a sure and wrong net pays thousands, not inf */
{
    int N = probe_int(1, 3), C = probe_pick(2, 3, 33);
    cross_entropy(probe_normal(N * C, 0, 1e4), probe_ints(N, 0, C - 1), N, C);
}

PROBE(softmax_cross_entropy, rows_far_apart)
{
    int N = 3, C = probe_pick(2, 5, 33);
    float *x = probe_normal(N * C, 0, 1);
    for (int n = 0; n < N; n++) move(x + n * C, C, 300 * (n - 1));
    cross_entropy(x, probe_ints(N, 0, C - 1), N, C);
}

PROBE(softmax_cross_entropy, minus_infinity)        /* a class that cannot be: inf if it is the target */
{
    int C = probe_pick(2, 7, 33), way = probe_pick(0, 1, 2);
    float *x = probe_floats(2 * C);
    int *target = probe_ints(2, 0, C - 2);
    for (int c = 0; c < C; c++)
        if (way == 2 || c == (way ? target[0] : C - 1)) x[c] = -INFINITY;
    cross_entropy(x, target, 2, C);
}

PROBE(softmax_cross_entropy, many_rows)
{
    int N = probe_pick(257, 1000), C = 10;
    cross_entropy(probe_normal(N * C, 0, 3), probe_ints(N, 0, C - 1), N, C);
}

PROBE(softmax_cross_entropy, rows_do_not_meet)      /* the mean turns NaN, the lse of the others does not */
{
    int C = probe_pick(2, 7, 33);
    float *x = probe_floats(3 * C);
    x[C + probe_int(0, C - 1)] = NAN;
    cross_entropy(x, probe_ints(3, 0, C - 1), 3, C);
}

/* ---- step softmax_cross_entropy_backward --------------------------------------------------------------------- */

static void cross_entropy_backward(const float *x, const int *target, const float *lse, float dloss, int N, int C,
                                   float *dx)
{
    float *up = probe_given(dloss);
    probe_freeze();
    softmax_cross_entropy_backward(dx, x, target, lse, up, N, C);
    probe_scale(fabsf(dloss) / N * (1 + largest(lse, N)));  /* taking lse from x again errs by its rounding */
    emit("dx", dx, N, C);
}

/* Scores whose lse is known without a softmax: log p plus the lse that is wanted. `out`: a place that cannot be. */
static float *scores(const float *lse, int out, int N, int C)
{
    float *x = distributions(out, N, C);
    for (int i = 0; i < N * C; i++) x[i] = logf(x[i]) + lse[i / C];
    return x;
}

PROBE(softmax_cross_entropy_backward, by_pencil)    /* p - onehot: 1/8, -3/4, 5/8 */
{
    cross_entropy_backward(probe_given(0, ln2, ln5), probe_given_ints(1), probe_given(3 * ln2), 1, 1, 3,
                           probe_output(3));
}

PROBE(softmax_cross_entropy_backward, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), C = probe_pick(1, 2, 3, 7, 33, 129);
    float *lse = probe_uniform(N, -5, 5), *x = scores(lse, -1, N, C);
    cross_entropy_backward(x, probe_ints(N, 0, C - 1), lse, 1, N, C, probe_output(N * C));
}

PROBE(softmax_cross_entropy_backward, scaled_loss)  /* dloss is what the rest of the graph makes of the loss */
{
    int N = 2, C = probe_pick(3, 7);
    float *lse = probe_uniform(N, -1, 1), *x = scores(lse, -1, N, C);
    cross_entropy_backward(x, probe_ints(N, 0, C - 1), lse, probe_pick(-3, 0, 1024), N, C, probe_output(N * C));
}

PROBE(softmax_cross_entropy_backward, near_ten_thousand)
{
    int N = 3, C = probe_pick(2, 7, 33), offset = probe_pick(10000, -10000);
    float *lse = probe_uniform(N, offset - 1, offset + 1), *x = scores(lse, -1, N, C);
    cross_entropy_backward(x, probe_ints(N, 0, C - 1), lse, 1, N, C, probe_output(N * C));
}

PROBE(softmax_cross_entropy_backward, first_and_last_class)
{
    int C = probe_pick(2, 7, 33);
    float *lse = probe_uniform(2, -1, 1), *x = scores(lse, -1, 2, C);
    cross_entropy_backward(x, probe_given_ints(0, C - 1), lse, 1, 2, C, probe_output(2 * C));
}

PROBE(softmax_cross_entropy_backward, minus_infinity)   /* what cannot be gets no gradient, unless it is the target */
{
    int C = probe_pick(3, 7);
    float *lse = probe_uniform(2, -1, 1), *x = scores(lse, 1, 2, C);
    cross_entropy_backward(x, probe_given_ints(1, 0), lse, 1, 2, C, probe_output(2 * C));
}

PROBE(softmax_cross_entropy_backward, written_not_added)
{
    int C = probe_pick(3, 7);
    float *lse = probe_uniform(2, -1, 1), *x = scores(lse, -1, 2, C);
    cross_entropy_backward(x, probe_ints(2, 0, C - 1), lse, 1, 2, C, probe_inout(2 * C));
}

/* ---- step softmax_masked ------------------------------------------------------------------------------------- */

static void masked(const float *x, const int *mask, int N, int C)
{
    float *y = probe_output(N * C);
    probe_freeze();
    softmax_masked(y, x, mask, N, C);
    terms_alike(C);
    emit("y", y, N, C);
    emit_hidden(y, mask, N * C);
}

PROBE(softmax_masked, by_pencil)                    /* 1/3, 2/3, 0 and a row with nothing to see: 0, 0, 0 */
{
    masked(probe_given(0, ln2, ln5, 0, ln2, ln5), probe_given_ints(1, 1, 0, 0, 0, 0), 2, 3);
}

PROBE(softmax_masked, awkward_sizes)                /* random masks: short rows are often masked whole */
{
    int N = probe_pick(1, 2, 3, 9), C = probe_pick(1, 2, 3, 7, 33, 129);
    masked(probe_floats(N * C), probe_ints(N * C, 0, 1), N, C);
}

PROBE(softmax_masked, nothing_masked)
{
    int N = probe_int(1, 3), C = probe_pick(2, 7, 33);
    masked(probe_floats(N * C), probe_ints(N * C, 1, 1), N, C);
}

PROBE(softmax_masked, all_masked)
{
    int C = probe_pick(1, 3, 10);
    int *mask = probe_ints(3 * C, 1, 1);
    for (int c = 0; c < C; c++) mask[C + c] = 0;
    masked(probe_floats(3 * C), mask, 3, C);
}

PROBE(softmax_masked, one_left)                     /* it gets 1, however small its score */
{
    int C = probe_pick(2, 7, 33);
    float *x = probe_normal(2 * C, 0, 1);
    int *mask = probe_ints(2 * C, 0, 0), at = probe_int(0, C - 1);
    mask[at] = mask[C + at] = 1;
    x[at] = -200, x[C + at] = -1e10f;
    masked(x, mask, 2, C);
}

PROBE(softmax_masked, masked_score_is_the_largest)  /* the maximum is taken over what is seen */
{
    int C = probe_pick(3, 7, 33);
    float *x = probe_normal(2 * C, 0, 1);
    int *mask = probe_ints(2 * C, 0, 1);
    mask[0] = mask[C] = 0, mask[1] = mask[C + 1] = 1;
    x[0] = 300, x[C] = 1e4f;
    masked(x, mask, 2, C);
}

PROBE(softmax_masked, changing_a_masked_score_changes_nothing)
{
    int N = 3, C = probe_pick(3, 7, 33), n = N * C, way = probe_pick(0, 1, 2, 3);
    float *x = probe_normal(n, 0, 1), *other = probe_copy(n, x);
    int *mask = probe_ints(n, 0, 1);
    float *before = probe_output(n), *after = probe_output(n);
    mask[0] = 0, mask[1] = 1;
    for (int i = 0; i < n; i++)
        if (!mask[i]) other[i] = way == 0 ? NAN : way == 1 ? INFINITY : way == 2 ? 1e30f : -x[i];
    probe_freeze();
    softmax_masked(before, x, mask, N, C);
    softmax_masked(after, other, mask, N, C);
    terms_alike(C);
    emit("y", after, N, C);
    emit_change("change of y", before, after, n);
}

PROBE(softmax_masked, only_minus_infinity_to_see)
{
    int C = probe_pick(2, 3, 10);
    float *x = probe_floats(2 * C);
    int *mask = probe_ints(2 * C, 1, 1);
    for (int c = 1; c < C; c++) x[c] = -INFINITY;
    mask[0] = 0;
    masked(x, mask, 2, C);
}

/* ---- step softmax_sequences ---------------------------------------------------------------------------------- */

static void sequences(const float *x, const int *length, int causal, int B, int T)
{
    int n = B * T * T, *mask = calloc(n + 1, sizeof *mask);
    float *y = probe_output(n);
    for (int i = 0; i < n; i++)
        mask[i] = i % T < length[i / (T * T)] && (!causal || i % T <= i / T % T);
    probe_freeze();
    softmax_sequences(y, x, length, causal, B, T);
    terms_alike(T);
    emit("y", y, B, T, T);
    emit_hidden(y, mask, n);
    free(mask);
}

PROBE(softmax_sequences, by_pencil)                 /* (1), (1/3, 2/3), (1/3, 2/3): the third key is padding */
{
    sequences(probe_given(0, ln2, ln5, 0, ln2, ln5, 0, ln2, ln5), probe_given_ints(2), 1, 1, 3);
}

PROBE(softmax_sequences, causal)
{
    int B = probe_int(1, 3), T = probe_pick(1, 2, 3, 7, 17);
    sequences(probe_floats(B * T * T), probe_ints(B, T, T), 1, B, T);
}

PROBE(softmax_sequences, padding)
{
    int B = probe_int(1, 3), T = probe_pick(1, 2, 3, 7, 17);
    sequences(probe_floats(B * T * T), probe_ints(B, 1, T), 0, B, T);
}

PROBE(softmax_sequences, causal_and_padding)
{
    int B = probe_int(2, 4), T = probe_pick(2, 3, 7, 17);
    sequences(probe_floats(B * T * T), probe_ints(B, 1, T), 1, B, T);
}

PROBE(softmax_sequences, an_empty_sequence)         /* nothing to see for any of its rows: zeros, not NaN */
{
    int T = probe_pick(1, 3, 7);
    int *length = probe_ints(3, 1, T);
    length[1] = 0;
    sequences(probe_floats(3 * T * T), length, probe_pick(0, 1), 3, T);
}

PROBE(softmax_sequences, hidden_scores_change_nothing)  /* NaN and 1e30 in the future and in the padding */
{
    int B = 2, T = probe_pick(3, 7), n = B * T * T, causal = probe_pick(0, 1), way = probe_pick(0, 1, 2);
    float *x = probe_normal(n, 0, 1), *other = probe_copy(n, x), *before = probe_output(n), *after = probe_output(n);
    int *length = probe_ints(B, 1, T - 1);
    for (int i = 0; i < n; i++)
        if (i % T >= length[i / (T * T)] || (causal && i % T > i / T % T))
            other[i] = way == 0 ? NAN : way == 1 ? INFINITY : 1e30f;
    probe_freeze();
    softmax_sequences(before, x, length, causal, B, T);
    softmax_sequences(after, other, length, causal, B, T);
    terms_alike(T);
    emit("y", after, B, T, T);
    emit_change("change of y", before, after, n);
}

PROBE(softmax_sequences, near_ten_thousand)
{
    int B = 2, T = probe_pick(2, 7), offset = probe_pick(10000, -10000);
    sequences(probe_normal(B * T * T, offset, 1), probe_ints(B, 1, T), probe_pick(0, 1), B, T);
}

/* ---- oracles: is the reference itself right? ----------------------------------------------------------------- */

/* p_i = 1 / sum_j exp(x_j - x_i): no maximum, no division of two sums, so it shares no mistake with ours. A sum that
 * overflows is a probability of 0. */
static double probability(const double *x, int i, int C)
{
    double sum = 0;
    for (int j = 0; j < C; j++) sum += exp(x[j] - x[i]);
    return 1 / sum;
}

/* log(e^a + e^b), folded over the row: no maximum of the row either. */
static double log_sum_exp(const double *x, int C)
{
    double lse = x[0];
    for (int c = 1; c < C; c++)
        lse = lse > x[c] ? lse + log1p(exp(x[c] - lse)) : x[c] + log1p(exp(lse - x[c]));
    return lse;
}

/* x - max is rounded to a float, and exp makes a relative error of that, the larger the further x is behind. */
static double error_allowed(double p) { return p * (3e-7 - 1e-7 * log(fmax(p, 1e-38))) + 1e-37; }

static double *in_double(const float *x, int n)
{
    double *d = malloc((n + 1) * sizeof *d);
    for (int i = 0; i < n; i++) d[i] = x[i];
    return d;
}

static float *oracle_scores(int n)                  /* around 0, at both ends, and far apart */
{
    int way = probe_pick(0, 1, 2, 3);
    return way == 0 ? probe_floats(n) : probe_normal(n, way == 1 ? 1e4 : way == 2 ? -1e4 : 0, way == 3 ? 1e4 : 1);
}

ORACLE(softmax, brute_force_in_double)
{
    int N = probe_int(1, 4), C = probe_pick(1, 2, 7, 33, 129);
    float *x = oracle_scores(N * C), *y = probe_output(N * C);
    double *d = in_double(x, N * C);
    softmax(y, x, N, C);
    for (int i = 0; i < N * C; i++) {
        double want = probability(d + i / C * C, i % C, C);
        expect(fabs(y[i] - want) <= error_allowed(want), "(%d,%d) of (%d,%d): got %.9g, want %.9g", i / C, i % C, N, C,
               y[i], want);
    }
    free(d);
}

ORACLE(softmax, published_values)                   /* e, e^2, e^3 over their sum */
{
    static const double want[] = { 0.09003057317, 0.24472847105, 0.66524095577 };
    float *x = probe_given(1, 2, 3), y[3];
    softmax(y, x, 1, 3);
    for (int c = 0; c < 3; c++) expect(fabs(y[c] - want[c]) < 6e-8, "%d: got %.9g, want %.9g", c, y[c], want[c]);
}

ORACLE(softmax, the_lessons_pencil)
{
    float *x = probe_given(0, ln2, ln5), *down = probe_given(8, 0, 0), *back = probe_given(0, -1, 0), y[3], dx[3];
    static const double p[] = { 1 / 8., 1 / 4., 5 / 8. }, want_dx[] = { 7 / 8., -1 / 4., -5 / 8. };
    static const double minus_onehot[] = { 1 / 8., -3 / 4., 5 / 8. };
    float loss, lse, one = 1;
    int target = 1;
    softmax(y, x, 1, 3);
    softmax_backward(dx, y, down, 1, 3);
    for (int c = 0; c < 3; c++)
        expect(fabs(y[c] - p[c]) < 1e-7 && fabs(dx[c] - want_dx[c]) < 1e-6, "%d: y %g, dx %g", c, y[c], dx[c]);
    softmax_log(y, x, 1, 3);
    softmax_log_backward(dx, y, back, 1, 3);
    for (int c = 0; c < 3; c++)
        expect(fabs(y[c] - log(p[c])) < 3e-7 && fabs(dx[c] - minus_onehot[c]) < 1e-7,
               "%d: log %g, dx %g", c, y[c], dx[c]);
    softmax_cross_entropy(&loss, &lse, x, &target, 1, 3);
    softmax_cross_entropy_backward(dx, x, &target, &lse, &one, 1, 3);
    expect(fabs(loss - log(4)) < 2e-7 && fabs(lse - log(8)) < 3e-7, "loss %.9g, lse %.9g", loss, lse);
    for (int c = 0; c < 3; c++) expect(fabs(dx[c] - minus_onehot[c]) < 3e-7, "%d: dx %g", c, dx[c]);
}

/* Softmax of what a sequence may see, by the definition of the two masks. */
ORACLE(softmax_sequences, equals_masked_and_masked_equals_minus_infinity)
{
    int B = probe_int(1, 3), T = probe_pick(1, 2, 5, 9), n = B * T * T, causal = probe_pick(0, 1);
    float *x = oracle_scores(n), *a = probe_output(n), *b = probe_output(n), *c = probe_output(n);
    int *length = probe_ints(B, 0, T), *mask = probe_ints(n, 0, 0);
    float *infinite = probe_copy(n, x);
    for (int i = 0; i < n; i++) {
        mask[i] = i % T < length[i / (T * T)] && (!causal || i % T <= i / T % T);
        if (!mask[i]) infinite[i] = -INFINITY;
    }
    softmax_sequences(a, x, length, causal, B, T);
    softmax_masked(b, x, mask, B * T, T);
    softmax(c, infinite, B * T, T);
    for (int i = 0; i < n; i++) expect(a[i] == b[i] && b[i] == c[i], "%d: %g, %g, %g", i, a[i], b[i], c[i]);
}

ORACLE(softmax_masked, brute_force_in_double)       /* the row without the masked places, which is what masking means */
{
    int N = probe_int(1, 4), C = probe_pick(1, 2, 7, 33);
    float *x = oracle_scores(N * C), *y = probe_output(N * C);
    int *mask = probe_ints(N * C, 0, 1);
    double *row = malloc(C * sizeof *row);
    softmax_masked(y, x, mask, N, C);
    for (int n = 0; n < N; n++) {
        int seen = 0, at = 0;
        double sum = 0;
        for (int c = 0; c < C; c++)
            if (mask[n * C + c]) row[seen++] = x[n * C + c];
        for (int c = 0; c < C; c++) {
            double got = y[n * C + c], want = mask[n * C + c] ? probability(row, at++, seen) : 0;
            expect(fabs(got - want) <= error_allowed(want), "(%d,%d): got %.9g, want %.9g", n, c, got, want);
            sum += got;
        }
        expect(fabs(sum - (seen > 0)) < 1e-6, "row %d sums to %g with %d places seen", n, sum, seen);
    }
    free(row);
}

ORACLE(softmax_log, brute_force_in_double)
{
    int N = probe_int(1, 4), C = probe_pick(1, 2, 7, 33, 129);
    float *x = oracle_scores(N * C), *y = probe_output(N * C);
    double *d = in_double(x, N * C);
    softmax_log(y, x, N, C);
    for (int i = 0; i < N * C; i++) {
        double want = d[i] - log_sum_exp(d + i / C * C, C), got = y[i];
        expect(fabs(got - want) <= 2e-7 * (1 + fabs(want)), "(%d,%d) of (%d,%d): got %.9g, want %.9g", i / C, i % C, N,
               C, got, want);
    }
    free(d);
}

ORACLE(softmax_cross_entropy, brute_force_in_double)
{
    int N = probe_int(1, 9), C = probe_pick(1, 2, 7, 33, 129), *target = probe_ints(N, 0, C - 1);
    float *x = oracle_scores(N * C), *lse = probe_output(N), loss;
    double *d = in_double(x, N * C), mean = 0;
    softmax_cross_entropy(&loss, lse, x, target, N, C);
    for (int n = 0; n < N; n++) {
        double want = log_sum_exp(d + n * C, C);
        expect(fabs(lse[n] - want) <= 1e-7 * (1 + fabs(want)), "lse %d: got %.9g, want %.9g", n, lse[n], want);
        mean += (want - d[n * C + target[n]]) / N;
    }
    expect(fabs(loss - mean) <= 2e-7 * (1 + fabs(mean)), "(%d,%d): loss %.9g, want %.9g", N, C, loss, mean);
    free(d);
}

ORACLE(softmax_cross_entropy, published_values)
{
    float x[30] = { 0 }, *row = probe_given(1, 2, 3), loss, lse[3];
    softmax_cross_entropy(&loss, lse, x, (int[]){ 0, 4, 9 }, 3, 10);
    expect(fabs(loss - 2.302585092994) < 2e-7, "ten classes alike: %.9g, ln 10 is 2.302585", loss);
    softmax_cross_entropy(&loss, lse, row, (int[]){ 2 }, 1, 3);
    expect(fabs(loss - 0.4076059644) < 1e-7, "scores 1 2 3, class 2: %.9g, 0.4076059644 is published", loss);
    softmax_cross_entropy(&loss, lse, x, (int[]){ 0 }, 0, 10);
    expect(isnan(loss), "the mean of no rows is %g", loss);
}

/* Each gradient against central differences of the double functions above. */
static double weighted(const double *x, const float *dy, int C, int logarithm)      /* sum dy y of one row */
{
    double sum = 0, lse = log_sum_exp(x, C);
    for (int c = 0; c < C; c++) sum += dy[c] * (logarithm ? x[c] - lse : probability(x, c, C));
    return sum;
}

static void check_backward(int logarithm)
{
    int N = probe_int(1, 3), C = probe_pick(1, 2, 3, 7, 33);
    float *x = probe_normal(N * C, 0, 2), *dy = probe_floats(N * C);
    float *y = probe_output(N * C), *dx = probe_output(N * C);
    double *d = in_double(x, N * C), h = 1e-4;
    if (logarithm) softmax_log(y, x, N, C), softmax_log_backward(dx, y, dy, N, C);
    else softmax(y, x, N, C), softmax_backward(dx, y, dy, N, C);
    for (int n = 0; n < N; n++) {
        double size = 0, sum = 0;
        for (int c = 0; c < C; c++) size += fabs(dy[n * C + c]);
        for (int c = 0; c < C; c++) {
            double *row = d + n * C, at = row[c], up, down;
            row[c] = at + h, up = weighted(row, dy + n * C, C, logarithm);
            row[c] = at - h, down = weighted(row, dy + n * C, C, logarithm);
            row[c] = at;
            double want = (up - down) / (2 * h), got = dx[n * C + c];
            expect(fabs(got - want) <= 1e-6 * size, "dx(%d,%d) of (%d,%d): got %.9g, want %.9g", n, c, N, C, got, want);
            sum += got;
        }
        expect(fabs(sum) <= 1e-6 * size, "row %d: dx sums to %g, a shift cannot change y", n, sum);
    }
    free(d);
}

ORACLE(softmax_backward, central_differences) { check_backward(0); }
ORACLE(softmax_log_backward, central_differences) { check_backward(1); }

ORACLE(softmax_cross_entropy_backward, central_differences)
{
    int N = probe_int(1, 3), C = probe_pick(1, 2, 3, 7, 33), *target = probe_ints(N, 0, C - 1);
    float *x = probe_normal(N * C, 0, 2), *dx = probe_output(N * C), *lse = probe_output(N), loss;
    float dloss = probe_real(-2, 2);
    double *d = in_double(x, N * C), h = 1e-4;
    softmax_cross_entropy(&loss, lse, x, target, N, C);
    softmax_cross_entropy_backward(dx, x, target, lse, &dloss, N, C);
    for (int n = 0; n < N; n++) {
        double sum = 0, *row = d + n * C;
        for (int c = 0; c < C; c++) {
            double at = row[c], up, down;
            row[c] = at + h, up = log_sum_exp(row, C) - row[target[n]];
            row[c] = at - h, down = log_sum_exp(row, C) - row[target[n]];
            row[c] = at;
            double want = (up - down) / (2 * h) * dloss / N, got = dx[n * C + c];
            expect(fabs(got - want) <= 1e-6, "dx(%d,%d) of (%d,%d): got %.9g, want %.9g", n, c, N, C, got, want);
            sum += got;
        }
        expect(fabs(sum) <= 2e-6, "row %d: dx sums to %g, a shift cannot change the loss", n, sum);
    }
    free(d);
}

ORACLE(softmax_cross_entropy_backward, is_log_softmax_backward_of_the_one_hot)
{
    int N = probe_int(1, 5), C = probe_pick(2, 7, 33), *target = probe_ints(N, 0, C - 1);
    float *x = probe_normal(N * C, 0, 3), *y = probe_output(N * C), *lse = probe_output(N);
    float *fused = probe_output(N * C);
    float *two_steps = probe_output(N * C), *dy = constant(N * C, 0), loss, one = 1;
    for (int n = 0; n < N; n++) dy[n * C + target[n]] = -1.f / N;
    softmax_log(y, x, N, C);
    softmax_log_backward(two_steps, y, dy, N, C);
    softmax_cross_entropy(&loss, lse, x, target, N, C);
    softmax_cross_entropy_backward(fused, x, target, lse, &one, N, C);
    for (int i = 0; i < N * C; i++)
        expect(fabs(fused[i] - two_steps[i]) < 2e-6, "%d: fused %.9g, in two steps %.9g", i, fused[i], two_steps[i]);
}
