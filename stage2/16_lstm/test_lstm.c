/* test_lstm.c -- probes that grade lstm.c, and oracles that prove the reference right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "lstm.h"

static const float ln3 = 1.0986122887f;             /* sigmoid(ln 3) = 3/4, tanh(ln 3 / 2) = 1/2 */

static double largest(const float *x, int n)        /* of the finite ones, without sign */
{
    double max = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i]) && fabsf(x[i]) > max) max = fabsf(x[i]);
    return max;
}

/* A layer and what goes in. Weights as nets have them: nothing grows from step to step. */
typedef struct Case {
    int T, B, IN, H;
    float *x, *h0, *c0, *w_ih, *w_hh, *b;
} Case;

static Case case_of(int T, int B, int IN, int H)
{
    double sd = 0.5 / sqrt(H);
    return (Case){ T, B, IN, H, probe_normal(T * B * IN, 0, 1), probe_normal(B * H, 0, 0.5), probe_normal(B * H, 0, 1),
                   probe_normal(4 * H * IN, 0, 0.7 / sqrt(IN + 1)), probe_normal(4 * H * H, 0, sd),
                   probe_normal(4 * H, 0, 0.5) };
}

/* Gates from no cell: no step waits for another. N rows of i f g o. */
static float *gates(int N, int H)
{
    float *gate = probe_uniform(N * 4 * H, 0.02, 0.98), *sign = probe_uniform(N * H, -1, 1);
    for (int n = 0; n < N; n++)
        for (int k = 0; k < H; k++) gate[n * 4 * H + 2 * H + k] = sign[n * H + k];
    return gate;
}

/* ---- step lstm_sums ---------------------------------------------------------------------------------------------- */

static void sums(const float *x, const float *before, const float *w_ih, const float *w_hh, const float *b, int B,
                 int IN, int H)
{
    float *z = probe_output(B * 4 * H);
    probe_freeze();
    lstm_sums(z, x, before, w_ih, w_hh, b, B, IN, H);
    probe_terms(IN + H + 1);
    probe_scale(largest(b, 4 * H) + largest(x, B * IN) * largest(w_ih, 4 * H * IN) +
                (before ? largest(before, B * H) * largest(w_hh, 4 * H * H) : 0));
    emit("z", z, B, 4, H);
}

PROBE(lstm_sums, by_pencil)                         /* 3, 2, 10, 3 */
{
    sums(probe_given(2), probe_given(3), probe_given(1, 2, 3, 4), probe_given(0, -1, 1, -2), probe_given(1, 1, 1, 1),
         1, 1, 1);
}

PROBE(lstm_sums, awkward_sizes)
{
    int B = probe_pick(1, 2, 3, 5), IN = probe_pick(1, 3, 2, 7, 33), H = probe_pick(2, 1, 3, 5, 17);
    sums(probe_floats(B * IN), probe_floats(B * H), probe_floats(4 * H * IN), probe_floats(4 * H * H),
         probe_floats(4 * H), B, IN, H);
}

PROBE(lstm_sums, nothing_before)
{
    int B = probe_pick(1, 3), IN = probe_pick(1, 4), H = probe_pick(1, 2, 5);
    sums(probe_floats(B * IN), NULL, probe_floats(4 * H * IN), probe_floats(4 * H * H), probe_floats(4 * H), B, IN, H);
}

PROBE(lstm_sums, nothing_comes_in)                  /* IN = 0 */
{
    int B = probe_pick(1, 3), H = probe_pick(1, 2, 5);
    sums(probe_floats(0), probe_floats(B * H), probe_floats(0), probe_floats(4 * H * H), probe_floats(4 * H), B, 0, H);
}

PROBE(lstm_sums, sequences_do_not_meet)             /* a NaN in one; and no sequence at all */
{
    int B = probe_pick(3, 0, 2), IN = probe_pick(2, 3), H = probe_pick(2, 3);
    float *x = probe_floats(B * IN), *before = probe_floats(B * H);
    if (B) x[IN] = NAN;
    if (B > 2) before[2 * H] = NAN;
    sums(x, before, probe_floats(4 * H * IN), probe_floats(4 * H * H), probe_floats(4 * H), B, IN, H);
}

/* ---- step lstm_cell ---------------------------------------------------------------------------------------------- */

static void cell(const float *z, const float *before, int B, int H)
{
    float *h = probe_output(B * H), *c = probe_output(B * H), *gate = probe_output(B * 4 * H);
    probe_freeze();
    lstm_cell(h, c, gate, z, before, B, H);
    probe_terms(4);
    probe_scale(1);
    emit("gate", gate, B, 4, H);
    probe_scale(1 + (before ? largest(before, B * H) : 0));
    emit("c", c, B, H);
    emit("h", h, B, H);
}

PROBE(lstm_cell, by_pencil)                         /* gates 3/4, 1/2, 0, 3/4; c = ln 3 / 2, h = 3/8 */
{
    cell(probe_given(ln3, 0, 0, ln3), probe_given(ln3), 1, 1);
}

PROBE(lstm_cell, awkward_sizes)
{
    int B = probe_pick(1, 2, 3, 0, 7), H = probe_pick(2, 1, 3, 5, 33);
    cell(probe_normal(B * 4 * H, 0, 2), probe_normal(B * H, 0, 2), B, H);
}

PROBE(lstm_cell, nothing_before)
{
    int B = probe_pick(1, 3), H = probe_pick(1, 2, 5);
    cell(probe_normal(B * 4 * H, 0, 2), NULL, B, H);
}

PROBE(lstm_cell, wide_open_and_shut)                /* exp(1000) is infinite, and the gate is 0 or 1 */
{
    int H = 4;
    float *z = probe_normal(2 * 4 * H, 0, 1);
    for (int k = 0; k < 2 * 4 * H; k++) z[k] *= ldexpf(1, probe_pick(7, 10, 100));
    cell(z, probe_normal(2 * H, 0, 1), 2, H);
}

PROBE(lstm_cell, keeps_to_the_bit)                  /* f = 1, i = 0: c is what it was */
{
    int H = probe_pick(1, 3);
    float *z = probe_uniform(4 * H, 100, 200), *before = probe_floats(H);
    float *h = probe_output(H), *c = probe_output(H), *gate = probe_output(4 * H);
    for (int k = 0; k < H; k++) z[k] = -z[k];
    probe_freeze();
    lstm_cell(h, c, gate, z, before, 1, H);
    emit_exact("c", c, H);
}

PROBE(lstm_cell, in_place)                          /* gate is z */
{
    int B = probe_pick(1, 2), H = probe_pick(1, 3);
    float *z = probe_inout(B * 4 * H), *before = probe_normal(B * H, 0, 1);
    float *h = probe_output(B * H), *c = probe_output(B * H);
    probe_freeze();
    lstm_cell(h, c, z, z, before, B, H);
    probe_terms(4);
    probe_scale(1 + largest(before, B * H));
    emit("gate", z, B, 4, H);
    emit("c", c, B, H);
    emit("h", h, B, H);
}

/* ---- step lstm_forward ------------------------------------------------------------------------------------------- */

static void forward(const Case *c, const float *h0, const float *c0)
{
    int N = c->T * c->B, H = c->H;
    float *y = probe_output(N * H), *cell = probe_output(N * H), *gate = probe_output(N * 4 * H);
    probe_freeze();
    lstm_forward(y, cell, gate, c->x, h0, c0, c->w_ih, c->w_hh, c->b, c->T, c->B, c->IN, H);
    probe_terms(c->T * (c->IN + H + 1));
    probe_scale(1);
    emit("y", y, c->T, c->B, H);
    probe_scale(1 + c->T + (c0 ? largest(c0, c->B * H) : 0));
    emit("c", cell, c->T, c->B, H);
    probe_scale(1);
    emit("gate", gate, c->T, c->B, 4, H);
}

PROBE(lstm_forward, by_pencil)                      /* written once, 1/2, and kept: h is tanh(1/2) at every step */
{
    Case c = { 3, 1, 1, 1, probe_given(1, 0, 0), NULL, NULL, probe_given(200, 0, ln3 / 2, 0), probe_given(0, 0, 0, 0),
               probe_given(-100, 100, 0, 100) };
    forward(&c, NULL, NULL);
}

PROBE(lstm_forward, awkward_sizes)
{
    Case c = case_of(probe_pick(2, 1, 3, 7, 17), probe_pick(1, 2, 3), probe_pick(1, 2, 5, 9), probe_pick(2, 1, 3, 7));
    forward(&c, c.h0, c.c0);
}

PROBE(lstm_forward, from_nothing)
{
    Case c = case_of(probe_pick(1, 2, 5), probe_pick(1, 3), probe_pick(1, 4), probe_pick(1, 3));
    int some = probe_pick(0, 1, 2);
    forward(&c, some == 1 ? c.h0 : NULL, some == 2 ? c.c0 : NULL);
}

PROBE(lstm_forward, no_step)                        /* T = 0 writes nothing; then nobody is there */
{
    Case c = case_of(2, 2, 2, 2);
    float *y = probe_inout(8), *cell = probe_inout(8), *gate = probe_inout(32);
    probe_freeze();
    lstm_forward(y, cell, gate, c.x, c.h0, c.c0, c.w_ih, c.w_hh, c.b, 0, 2, 2, 2);
    lstm_forward(y, cell, gate, c.x, c.h0, c.c0, c.w_ih, c.w_hh, c.b, 2, 0, 2, 2);
    emit_exact("y", y, 8);
    emit_exact("c", cell, 8);
    emit_exact("gate", gate, 32);
    c.T = 1;
    forward(&c, c.h0, c.c0);
}

PROBE(lstm_forward, sequences_do_not_meet)          /* a NaN in one, from step 1 on */
{
    Case c = case_of(3, 3, 2, probe_pick(2, 3));
    c.x[(1 * 3 + 1) * 2] = NAN;
    forward(&c, c.h0, c.c0);
}

PROBE(lstm_forward, a_long_time)                    /* f open, i shut: c0 is there after 60 steps */
{
    int T = 60, H = 3;
    Case c = { T, 1, 1, H, probe_normal(T, 0, 1), NULL, probe_normal(H, 0, 1), probe_normal(4 * H, 0, 1),
               probe_normal(4 * H * H, 0, 0.3), probe_uniform(4 * H, 50, 60) };
    for (int k = 0; k < H; k++) c.b[k] = -c.b[k], c.b[2 * H + k] = c.b[3 * H + k] = 0;
    forward(&c, NULL, c.c0);
}

/* ---- step lstm_cell_backward ------------------------------------------------------------------------------------- */

static void cell_backward(float *dc, const float *dh, const float *gate, const float *c, const float *before, int B,
                          int H)
{
    float *dz = probe_output(B * 4 * H);
    double scale = (largest(dc, B * H) + largest(dh, B * H)) * (1 + (before ? largest(before, B * H) : 0));
    probe_freeze();
    lstm_cell_backward(dz, dc, dh, gate, c, before, B, H);
    probe_terms(8);
    probe_scale(scale);
    emit("dz", dz, B, 4, H);
    emit("dc", dc, B, H);
}

static float *changed(int n, const float *from)     /* such as may change */
{
    float *x = probe_inout(n);
    memcpy(x, from, (size_t)n * sizeof *x);
    return x;
}

PROBE(lstm_cell_backward, by_pencil)                /* e = 9/16: 0, 9/64 ln 3, 27/64, 3/32; dc = 9/32 */
{
    cell_backward(changed(1, (float[]){ 0 }), probe_given(1), probe_given(0.75f, 0.5f, 0, 0.75f), probe_given(ln3 / 2),
                  probe_given(ln3), 1, 1);
}

PROBE(lstm_cell_backward, awkward_sizes)
{
    int B = probe_pick(1, 2, 3, 0, 7), H = probe_pick(2, 1, 3, 5, 33);
    cell_backward(probe_inout(B * H), probe_floats(B * H), gates(B, H), probe_normal(B * H, 0, 1),
                  probe_normal(B * H, 0, 1), B, H);
}

PROBE(lstm_cell_backward, nothing_before)
{
    int B = probe_pick(1, 3), H = probe_pick(1, 2, 5);
    cell_backward(probe_inout(B * H), probe_normal(B * H, 0, 1), gates(B, H), probe_normal(B * H, 0, 1), NULL, B, H);
}

PROBE(lstm_cell_backward, only_from_later)          /* dh = 0: what comes along the cell alone */
{
    int H = probe_pick(1, 3);
    cell_backward(probe_inout(H), probe_uniform(H, 0, 0), gates(1, H), probe_normal(H, 0, 1), probe_normal(H, 0, 1), 1,
                  H);
}

PROBE(lstm_cell_backward, open_gates)               /* f = 1 lets dc through to the bit; the slopes of 0 and 1 are 0 */
{
    int H = 3;
    float *gate = gates(1, H), *dc = probe_inout(H), *dz = probe_output(4 * H);
    float *dh = probe_uniform(H, 0, 0), *c = probe_normal(H, 0, 1), *before = probe_normal(H, 0, 1);
    for (int k = 0; k < H; k++) gate[k] = 0, gate[H + k] = 1, gate[3 * H + k] = 1;
    probe_freeze();
    lstm_cell_backward(dz, dc, dh, gate, c, before, 1, H);
    emit_exact("dc", dc, H);
    emit("dz", dz, 4, H);
}

/* ---- step lstm_backward ------------------------------------------------------------------------------------------ */

static void backward(float *dh, float *dc, const float *dy, const float *gate, const float *c, const float *c0,
                     const float *w_hh, int T, int B, int H)
{
    float *dz = probe_output(T * B * 4 * H);
    double came = largest(dh, B * H) + largest(dc, B * H) + (dy ? T * largest(dy, T * B * H) : 0);
    double cells = 1 + largest(c, T * B * H) + (c0 ? largest(c0, B * H) : 0);
    probe_freeze();
    lstm_backward(dz, dh, dc, dy, gate, c, c0, w_hh, T, B, H);
    probe_terms(T * 4 * H);
    probe_scale(came * cells);
    emit("dz", dz, T, B, 4, H);
    emit("dh", dh, B, H);
    emit("dc", dc, B, H);
}

/* 8 leaves as 1: three forget gates of 1/2, and no other way back. */
PROBE(lstm_backward, by_pencil)
{
    static const float step[] = { 0.5f, 0.5f, 0, 0.5f };
    float *gate = probe_uniform(12, 0.5, 0.5);
    for (int k = 0; k < 12; k++) gate[k] = step[k % 4];
    backward(changed(1, (float[]){ 0 }), changed(1, (float[]){ 8 }), NULL, gate, probe_given(1, 0, -1), probe_given(2),
             probe_given(0, 0, 0, 0), 3, 1, 1);
}

static float *weights_back(int H) { return probe_normal(4 * H * H, 0, 0.5 / sqrt(H)); }

PROBE(lstm_backward, awkward_sizes)
{
    int T = probe_pick(2, 1, 3, 7, 17), B = probe_pick(1, 2, 3), H = probe_pick(2, 1, 3, 7);
    backward(probe_inout(B * H), probe_inout(B * H), probe_normal(T * B * H, 0, 1), gates(T * B, H),
             probe_normal(T * B * H, 0, 1), probe_normal(B * H, 0, 1), weights_back(H), T, B, H);
}

PROBE(lstm_backward, only_the_last)                 /* dy is NULL: as where a sequence gets one label */
{
    int T = probe_pick(2, 5), B = probe_pick(1, 3), H = probe_pick(1, 3);
    backward(probe_inout(B * H), probe_inout(B * H), NULL, gates(T * B, H), probe_normal(T * B * H, 0, 1),
             probe_normal(B * H, 0, 1), weights_back(H), T, B, H);
}

PROBE(lstm_backward, from_nothing)                  /* c0 is NULL */
{
    int T = probe_pick(1, 2, 4), B = probe_pick(1, 3), H = probe_pick(1, 3);
    backward(probe_inout(B * H), probe_inout(B * H), probe_normal(T * B * H, 0, 1), gates(T * B, H),
             probe_normal(T * B * H, 0, 1), NULL, weights_back(H), T, B, H);
}

PROBE(lstm_backward, one_step_tells)                /* dy at one step: later steps get nothing, exactly */
{
    int T = 5, B = 2, H = 2, at = probe_int(0, T - 1);
    float zero[4] = { 0 }, *dz = probe_output(T * B * 4 * H), *dh = changed(4, zero), *dc = changed(4, zero);
    float *dy = probe_uniform(T * B * H, 0, 0), *one = probe_normal(B * H, 0, 1), *gate = gates(T * B, H);
    memcpy(dy + at * B * H, one, (size_t)(B * H) * sizeof *one);
    float *c = probe_normal(T * B * H, 0, 1), *c0 = probe_normal(B * H, 0, 1), *w_hh = weights_back(H);
    probe_freeze();
    lstm_backward(dz, dh, dc, dy, gate, c, c0, w_hh, T, B, H);
    probe_terms(T * 4 * H);
    probe_scale(2 * largest(one, B * H) * (1 + largest(c, T * B * H)));
    emit("dz", dz, T, B, 4, H);
    int reached = 0;
    for (int k = (at + 1) * B * 4 * H; k < T * B * 4 * H; k++) reached += dz[k] != 0;
    emit_exact("numbers of later steps that are not 0", &reached, 1);
}

PROBE(lstm_backward, no_step)                       /* T = 0: dh and dc go on as they came */
{
    float *dh = probe_inout(4), *dc = probe_inout(4), *none = probe_floats(0), *w_hh = weights_back(2);
    float *gate = gates(2, 2), *c = probe_normal(4, 0, 1), *dz = probe_output(16);
    probe_freeze();
    lstm_backward(none, dh, dc, NULL, none, none, NULL, w_hh, 0, 2, 2);
    emit_exact("dh", dh, 2, 2);
    emit_exact("dc", dc, 2, 2);
    lstm_backward(dz, dh, dc, NULL, gate, c, NULL, w_hh, 1, 2, 2);
    probe_scale(2 * (1 + largest(dh, 4) + largest(dc, 4)) * (1 + largest(c, 4)));
    emit("dz", dz, 2, 8);
}

/* ---- step lstm_weights_backward ---------------------------------------------------------------------------------- */

static void weights_backward(float *dx, const float *dz, const float *x, const float *h0, const float *y,
                             const float *w_ih, int T, int B, int IN, int H)
{
    float *dw_ih = probe_inout(4 * H * IN), *dw_hh = probe_inout(4 * H * H), *db = probe_inout(4 * H);
    double each = largest(dz, T * B * 4 * H), was = largest(dw_ih, 4 * H * IN) + largest(dw_hh, 4 * H * H) +
                  largest(db, 4 * H);
    double met = 1 + largest(x, T * B * IN) + largest(y, T * B * H) + (h0 ? largest(h0, B * H) : 0);
    probe_freeze();
    lstm_weights_backward(dx, dw_ih, dw_hh, db, dz, x, h0, y, w_ih, T, B, IN, H);
    probe_terms(4 * H);
    probe_scale(4 * each * largest(w_ih, 4 * H * IN));
    if (dx) emit("dx", dx, T, B, IN);
    probe_terms(T * B);
    probe_scale(was + 4 * each * met);
    emit("dw_ih", dw_ih, 4, H, IN);
    emit("dw_hh", dw_hh, 4, H, H);
    emit("db", db, 4, H);
}

PROBE(lstm_weights_backward, by_pencil)             /* dx = 1 0 + 2 1 + 3 0 + 4 (-1) = -2 */
{
    weights_backward(probe_output(1), probe_given(1, 2, 3, 4), probe_given(2), probe_given(3), probe_given(9),
                     probe_given(0, 1, 0, -1), 1, 1, 1, 1);
}

PROBE(lstm_weights_backward, awkward_sizes)
{
    int T = probe_pick(2, 1, 3, 7), B = probe_pick(1, 2, 3), IN = probe_pick(1, 2, 5, 9), H = probe_pick(2, 1, 3, 7);
    weights_backward(probe_output(T * B * IN), probe_normal(T * B * 4 * H, 0, 1), probe_normal(T * B * IN, 0, 1),
                     probe_normal(B * H, 0, 1), probe_normal(T * B * H, 0, 1), probe_normal(4 * H * IN, 0, 1), T, B,
                     IN, H);
}

PROBE(lstm_weights_backward, from_nothing)          /* h0 is NULL */
{
    int T = probe_pick(2, 1, 4), B = probe_pick(2, 1), IN = probe_pick(1, 3), H = probe_pick(1, 3);
    weights_backward(probe_output(T * B * IN), probe_normal(T * B * 4 * H, 0, 1), probe_normal(T * B * IN, 0, 1), NULL,
                     probe_normal(T * B * H, 0, 1), probe_normal(4 * H * IN, 0, 1), T, B, IN, H);
}

PROBE(lstm_weights_backward, nobody_wants_dx)
{
    int T = probe_pick(1, 3), B = probe_pick(2, 1), IN = probe_pick(1, 3), H = probe_pick(1, 3);
    weights_backward(NULL, probe_normal(T * B * 4 * H, 0, 1), probe_normal(T * B * IN, 0, 1),
                     probe_normal(B * H, 0, 1), probe_normal(T * B * H, 0, 1), probe_normal(4 * H * IN, 0, 1), T, B,
                     IN, H);
}

PROBE(lstm_weights_backward, nothing_comes_in)      /* IN = 0; and no step: nothing is added */
{
    int T = probe_pick(2, 0), B = probe_pick(2, 1), H = probe_pick(1, 3);
    weights_backward(probe_floats(0), probe_normal(T * B * 4 * H, 0, 1), probe_floats(0), probe_normal(B * H, 0, 1),
                     probe_normal(T * B * H, 0, 1), probe_floats(0), T, B, 0, H);
}

/* ---- step lstm_chrono -------------------------------------------------------------------------------------------- */

static void chrono(const float *u, int T, int H)
{
    float *b = probe_output(4 * H);
    probe_freeze();
    lstm_chrono(b, u, T, H);
    probe_terms(4);
    probe_scale(log(T));
    emit("b", b, 4, H);
    emit_exact("b of g and o", b + 2 * H, 2, H);
}

PROBE(lstm_chrono, by_pencil) { chrono(probe_given(0, 0.5f, 1), 12, 3); }       /* log 1, log 6, log 11 */

PROBE(lstm_chrono, lengths)
{
    int H = probe_pick(1, 2, 7, 33);
    chrono(probe_uniform(H, 0, 1), probe_pick(100, 3, 4, 28, 1000, 1000000), H);
}

/* ---- step lstm_kept ---------------------------------------------------------------------------------------------- */

static void kept(const float *gate, int T, int B, int H)
{
    float *share = probe_output(T * B * H);
    probe_freeze();
    lstm_kept(share, gate, T, B, H);
    probe_terms(T);
    emit("kept", share, T, B, H);
}

PROBE(lstm_kept, by_pencil)                         /* 1/8, 1/2, 1: the first f is not looked at */
{
    kept(probe_given(0.9f, 0.9f, 0, 0.9f, 0.1f, 0.25f, 0, 0.3f, 0.2f, 0.5f, 0, 0.4f), 3, 1, 1);
}

PROBE(lstm_kept, awkward_sizes)
{
    int T = probe_pick(2, 1, 3, 7, 17), B = probe_pick(1, 2, 3), H = probe_pick(2, 1, 3, 7);
    kept(gates(T * B, H), T, B, H);
}

PROBE(lstm_kept, open_and_shut)                     /* all open: 1 throughout; one shut: 0 before it */
{
    int T = 9, H = 2;
    float *gate = gates(T, H);
    for (int t = 0; t < T; t++) gate[t * 4 * H + H] = 1, gate[t * 4 * H + H + 1] = t != 4;
    kept(gate, T, 1, H);
}

PROBE(lstm_kept, a_long_time)                       /* 0.999 and nearer: a thousand steps multiply */
{
    int T = 1000;
    float *gate = probe_uniform(T * 4, 0.999, 1);
    kept(gate, T, 1, 1);
}

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

enum { MOST = 4096 };
typedef struct Doubles { double x[MOST], h0[64], c0[64], w_ih[MOST], w_hh[MOST], b[64], y[MOST], c[MOST]; } Doubles;

static double squash(double z) { return 0.5 + 0.5 * tanh(z / 2); }

/* In double, a number at a time. */
static void brute(Doubles *d, int T, int B, int IN, int H)
{
    for (int t = 0; t < T; t++)
        for (int n = 0; n < B; n++)
            for (int k = 0; k < H; k++) {
                double z[4], was = t ? d->c[((t - 1) * B + n) * H + k] : d->c0[n * H + k];
                for (int s = 0; s < 4; s++) {
                    z[s] = d->b[s * H + k];
                    for (int i = 0; i < IN; i++) z[s] += d->x[(t * B + n) * IN + i] * d->w_ih[(s * H + k) * IN + i];
                    for (int i = 0; i < H; i++)
                        z[s] += (t ? d->y[((t - 1) * B + n) * H + i] : d->h0[n * H + i]) * d->w_hh[(s * H + k) * H + i];
                }
                double now = squash(z[1]) * was + squash(z[0]) * tanh(z[2]);
                d->c[(t * B + n) * H + k] = now;
                d->y[(t * B + n) * H + k] = squash(z[3]) * tanh(now);
            }
}

static void in_double(double *d, const float *x, int n)
{
    for (int i = 0; i < n; i++) d[i] = x[i];
}

static Case small_case(Doubles *d)
{
    Case c = case_of(probe_int(1, 5), probe_int(1, 3), probe_int(0, 4), probe_int(1, 4));
    in_double(d->x, c.x, c.T * c.B * c.IN), in_double(d->h0, c.h0, c.B * c.H), in_double(d->c0, c.c0, c.B * c.H);
    in_double(d->w_ih, c.w_ih, 4 * c.H * c.IN), in_double(d->w_hh, c.w_hh, 4 * c.H * c.H);
    in_double(d->b, c.b, 4 * c.H);
    return c;
}

static void close(const char *name, const float *got, const double *want, int n, double size)
{
    for (int i = 0; i < n; i++)
        expect(fabs(got[i] - want[i]) <= size * (1 + fabs(want[i])), "%s[%d]: got %.9g, want %.9g", name, i, got[i],
               want[i]);
}

ORACLE(lstm_forward, brute_force_in_double)
{
    Doubles d;
    Case c = small_case(&d);
    int n = c.T * c.B * c.H;
    float *y = probe_output(n), *cell = probe_output(n), *gate = probe_output(4 * n);
    brute(&d, c.T, c.B, c.IN, c.H);
    lstm_forward(y, cell, gate, c.x, c.h0, c.c0, c.w_ih, c.w_hh, c.b, c.T, c.B, c.IN, c.H);
    close("y", y, d.y, n, 2e-6);
    close("c", cell, d.c, n, 2e-6);
}

/* PyTorch 2.15, in double: nn.LSTM(2, 2), three steps, all weights on a line. */
static const float torch_x[] = { 1, -1, .5f, 2, -2, .25f }, torch_h0[] = { .5f, -.5f }, torch_c0[] = { 1, -2 };
static const float torch_dy[] = { 1, 2, -1, 3, .5f, -2 };

static void torch_weights(float w_ih[16], float w_hh[16], float b[8])
{
    for (int k = 0; k < 16; k++) w_ih[k] = (float)(k * 0.125 - 1), w_hh[k] = (float)(0.75 - k * 0.125);
    for (int k = 0; k < 8; k++) b[k] = (float)(k * 0.25 - 0.5);
}

ORACLE(lstm_forward, as_pytorch_has_it)
{
    static const double want_y[] = { 0.40287338376, -0.52614163199, 0.19808323762, -0.26776292810, 0.28564864675,
                                     0.05168050396 };
    static const double want_c[] = { 0.56259913408, 0.10010870252 };
    float w_ih[16], w_hh[16], b[8], y[6], c[6], gate[24];
    torch_weights(w_ih, w_hh, b);
    lstm_forward(y, c, gate, torch_x, torch_h0, torch_c0, w_ih, w_hh, b, 3, 1, 2, 2);
    close("y", y, want_y, 6, 2e-7);
    close("c", c + 4, want_c, 2, 2e-7);
}

ORACLE(lstm_weights_backward, as_pytorch_has_it)
{
    static const double want_dx[] = { -0.061259567, -0.064712384, -0.031273697, -0.072486150, -0.151269559,
                                      -0.214434200 };
    static const double want_dh0[] = { 0.068165201, 0.071618018 }, want_dc0[] = { 0.199464141, 1.088764445 };
    static const double want_w_ih[] = { -0.007608573, -0.072272011, 0.565831325, 0.193461262, 0.053259262, -0.226285000,
        -1.355502217, 0.033631907, -0.117809504, -0.125398393, 1.861690103, -0.635184791, -0.004052146, -0.129298465,
        -0.177646337, 0.203239502 };
    static const double want_w_hh[] = { 0.015688973, -0.014663599, 0.231105391, -0.256803664, 0.027900486, -0.020785359,
        -0.676213447, 0.731547639, 0.079130962, -0.085412524, 0.156138987, -0.115069139, 0.071797723, -0.075019492,
        -0.152282398, 0.158791296 };
    static const double want_b[] = { 0.038990071, 0.465519811, 0.049074701, -1.408445828, 0.226042195, -0.074088524,
                                     0.179704343, -0.339436055 };
    float w_ih[16], w_hh[16], b[8], y[6], c[6], gate[24], dz[24], dh[2] = { 0 }, dc[2] = { 0 }, dx[6];
    float dw_ih[16] = { 0 }, dw_hh[16] = { 0 }, db[8] = { 0 };
    torch_weights(w_ih, w_hh, b);
    lstm_forward(y, c, gate, torch_x, torch_h0, torch_c0, w_ih, w_hh, b, 3, 1, 2, 2);
    lstm_backward(dz, dh, dc, torch_dy, gate, c, torch_c0, w_hh, 3, 1, 2);
    lstm_weights_backward(dx, dw_ih, dw_hh, db, dz, torch_x, torch_h0, y, w_ih, 3, 1, 2, 2);
    close("dx", dx, want_dx, 6, 3e-7), close("dh0", dh, want_dh0, 2, 3e-7), close("dc0", dc, want_dc0, 2, 3e-7);
    close("dw_ih", dw_ih, want_w_ih, 16, 5e-7), close("dw_hh", dw_hh, want_w_hh, 16, 5e-7);
    close("db", db, want_b, 8, 5e-7);
}

/* What y, h_T and c_T count: sum dy y + dh h_T + dc c_T. */
static double counted(Doubles *d, const Case *c, const float *dy, const float *dh, const float *dc)
{
    double sum = 0;
    int row = c->B * c->H, last = (c->T - 1) * row;
    brute(d, c->T, c->B, c->IN, c->H);
    for (int i = 0; i < c->T * row; i++) sum += dy[i] * d->y[i];
    for (int i = 0; i < row; i++) sum += dh[i] * d->y[last + i] + dc[i] * d->c[last + i];
    return sum;
}

ORACLE(lstm_backward, central_differences)          /* of everything that goes in */
{
    Doubles d;
    Case c = small_case(&d);
    int n = c.T * c.B, H = c.H, IN = c.IN, row = c.B * H;
    float *y = probe_output(n * H), *cell = probe_output(n * H), *gate = probe_output(n * 4 * H);
    float *dy = probe_normal(n * H, 0, 1), *dh = probe_normal(row, 0, 1), *dc = probe_normal(row, 0, 1);
    float *dz = probe_output(n * 4 * H), *dx = probe_output(n * IN), *dh0 = changed(row, dh), *dc0 = changed(row, dc);
    float *dw_ih = probe_uniform(4 * H * IN, 0, 0), *dw_hh = probe_uniform(4 * H * H, 0, 0);
    float *db = probe_uniform(4 * H, 0, 0);
    lstm_forward(y, cell, gate, c.x, c.h0, c.c0, c.w_ih, c.w_hh, c.b, c.T, c.B, IN, H);
    lstm_backward(dz, dh0, dc0, dy, gate, cell, c.c0, c.w_hh, c.T, c.B, H);
    lstm_weights_backward(dx, dw_ih, dw_hh, db, dz, c.x, c.h0, y, c.w_ih, c.T, c.B, IN, H);
    struct { const char *name; double *at; const float *got; int n; } part[] = {
        { "dx", d.x, dx, n * IN }, { "dh0", d.h0, dh0, row }, { "dc0", d.c0, dc0, row },
        { "dw_ih", d.w_ih, dw_ih, 4 * H * IN }, { "dw_hh", d.w_hh, dw_hh, 4 * H * H }, { "db", d.b, db, 4 * H },
    };
    double h = 1e-5;
    for (int k = 0; k < 6; k++)
        for (int i = 0; i < part[k].n; i++) {
            double at = part[k].at[i], up, down;
            part[k].at[i] = at + h, up = counted(&d, &c, dy, dh, dc);
            part[k].at[i] = at - h, down = counted(&d, &c, dy, dh, dc);
            part[k].at[i] = at;
            double want = (up - down) / (2 * h);
            expect(fabs(part[k].got[i] - want) <= 2e-5 * (1 + fabs(want)), "%s[%d]: got %.9g, want %.9g", part[k].name,
                   i, part[k].got[i], want);
        }
}

ORACLE(lstm_cell, the_lessons_pencil)
{
    float z[] = { ln3, 0, 0, ln3 }, before[] = { ln3 }, h, c, gate[4], dz[4], dc = 0, dh = 1, forward[3], cells[3];
    float dh0 = 0, dc0 = 8, dzs[12], gates3[12];
    lstm_sums(dz, (float[]){ 2 }, (float[]){ 3 }, (float[]){ 1, 2, 3, 4 }, (float[]){ 0, -1, 1, -2 },
              (float[]){ 1, 1, 1, 1 }, 1, 1, 1);
    close("z", dz, (double[]){ 3, 2, 10, 3 }, 4, 0);
    lstm_cell(&h, &c, gate, z, before, 1, 1);
    close("gate", gate, (double[]){ 0.75, 0.5, 0, 0.75 }, 4, 1e-7);
    expect(fabs(c - log(3) / 2) < 1e-7 && fabs(h - 0.375) < 1e-7, "c %.9g, h %.9g", c, h);
    lstm_cell_backward(dz, &dc, &dh, gate, &c, before, 1, 1);
    close("dz", dz, (double[]){ 0, 9 / 64. * log(3), 27 / 64., 3 / 32. }, 4, 2e-7);
    expect(fabs(dc - 9 / 32.) < 1e-7, "dc %.9g, want 9/32", dc);
    lstm_forward(forward, cells, gates3, (float[]){ 1, 0, 0 }, NULL, NULL, (float[]){ 200, 0, ln3 / 2, 0 },
                 (float[]){ 0, 0, 0, 0 }, (float[]){ -100, 100, 0, 100 }, 3, 1, 1, 1);
    for (int t = 0; t < 3; t++)
        expect(fabs(cells[t] - 0.5) < 1e-7 && fabs(forward[t] - tanh(0.5)) < 1e-7, "step %d: c %.9g, h %.9g", t,
               cells[t], forward[t]);
    for (int k = 0; k < 12; k++) gates3[k] = k % 4 == 2 ? 0 : 0.5f;
    lstm_backward(dzs, &dh0, &dc0, NULL, gates3, (float[]){ 1, 0, -1 }, (float[]){ 2 }, (float[]){ 0, 0, 0, 0 }, 3, 1,
                  1);
    expect(dc0 == 1 && dh0 == 0, "dc0 %.9g, want 1; dh0 %.9g", dc0, dh0);
}

ORACLE(lstm_cell, a_thousand_steps)                 /* f = 1, i = 0: every bit of c is there at the end */
{
    enum { T = 1000, H = 3 };
    float x[T] = { 0 }, w_ih[4 * H] = { 0 }, w_hh[4 * H * H] = { 0 }, b[4 * H] = { 0 }, *c0 = probe_floats(H);
    static float y[T * H], c[T * H], gate[T * 4 * H];
    for (int k = 0; k < H; k++) b[k] = -100, b[H + k] = 100, b[2 * H + k] = 1;
    lstm_forward(y, c, gate, x, NULL, c0, w_ih, w_hh, b, T, 1, 1, H);
    for (int k = 0; k < H; k++) expect(c[(T - 1) * H + k] == c0[k], "%d: %.9g, was %.9g", k, c[(T - 1) * H + k], c0[k]);
}

ORACLE(lstm_cell, softmax_on_the_cell_forgets)      /* why there is none: ten steps on, nobody knows what c was */
{
    float c[2][3] = { { 2, -1, 0.5f }, { -3, 4, 0 } };
    for (int which = 0; which < 2; which++)
        for (int t = 0; t < 10; t++) {
            float sum = 0;
            for (int k = 0; k < 3; k++) sum += c[which][k] = expf(c[which][k]);
            for (int k = 0; k < 3; k++) c[which][k] /= sum;
        }
    for (int k = 0; k < 3; k++) expect(fabs(c[0][k] - c[1][k]) < 1e-3, "%d: %g and %g", k, c[0][k], c[1][k]);
}

ORACLE(lstm_chrono, forgets_as_it_says)
{
    enum { H = 5 };
    int T = probe_pick(3, 100, 1000);
    float *u = probe_uniform(H, 0, 1), b[4 * H], h[H], c[H], gate[4 * H];
    lstm_chrono(b, u, T, H);
    lstm_cell(h, c, gate, b, NULL, 1, H);
    for (int k = 0; k < H; k++) {
        double steps = 2 + u[k] * (T - 2.);
        expect(fabs(gate[H + k] - (1 - 1 / steps)) < 3e-7, "f %.9g, over %g steps", gate[H + k], steps);
        expect(fabs(gate[k] + gate[H + k] - 1) < 3e-7, "i %.9g, f %.9g", gate[k], gate[H + k]);
    }
}

ORACLE(lstm_kept, is_the_slope_along_the_cell)      /* dc_T/dc_0, where h is not fed back: by central differences */
{
    Doubles d;
    Case c = small_case(&d);
    int H = c.H, row = c.B * H, last = (c.T - 1) * row;
    float *y = probe_output(c.T * row), *cell = probe_output(c.T * row), *gate = probe_output(c.T * 4 * row);
    float *share = probe_output(c.T * row), *none = probe_uniform(4 * H * H, 0, 0);
    for (int k = 0; k < 4 * H * H; k++) d.w_hh[k] = 0;
    lstm_forward(y, cell, gate, c.x, c.h0, c.c0, c.w_ih, none, c.b, c.T, c.B, c.IN, H);
    lstm_kept(share, gate, c.T, c.B, H);
    for (int i = 0; i < row; i++) {
        double h = 1e-4, at = d.c0[i], up, down;
        d.c0[i] = at + h, brute(&d, c.T, c.B, c.IN, H), up = d.c[last + i];
        d.c0[i] = at - h, brute(&d, c.T, c.B, c.IN, H), down = d.c[last + i];
        d.c0[i] = at;
        double want = (up - down) / (2 * h), got = share[i] * gate[i / H * 4 * H + H + i % H];
        expect(fabs(got - want) <= 2e-6, "%d: f_1 ... f_T %.9g, dc_T/dc_0 %.9g", i, got, want);
    }
}
