/* test_vanishing_gradients.c -- the probes that grade vanishing_gradients.c, and the oracles that prove it right. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "vanishing_gradients.h"

static const Activation each[] = { LINEAR, SIGMOID, TANH, RELU };

/* ---- step vanishing_gradients_layer ------------------------------------------------------------------------------ */

static void layer(const float *h, const float *W, int N, int D, Layer l)
{
    float *out = probe_output(N * D), *u = probe_output(N * D), *z = probe_output(N * D), *room = probe_output(2 * D);
    probe_freeze();
    vanishing_gradients_layer(out, u, z, room, h, W, N, D, &l);
    probe_terms(D);
    probe_scale(8);
    emit("u", u, N, D);
    emit("z", z, N, D);
    emit("h", out, N, D);
}

/* Rows and weights of a usual size: sums stay near 1. */
static void any_layer(int N, int D, Layer l)
{
    const float *h = probe_normal(N * D, 0, 1);
    layer(h, probe_normal(D * D, 0, 1 / sqrt(D)), N, D, l);
}

PROBE(vanishing_gradients_layer, by_pencil)             /* the lesson's example */
{
    layer(probe_given(1, 2), probe_given(1, -1, 2, 0), 1, 2, (Layer){ RELU, false, true, 0.5f });
}

PROBE(vanishing_gradients_layer, plain)
{
    any_layer(probe_pick(0, 1, 3, 8), probe_pick(1, 2, 17, 33),
              (Layer){ each[probe_pick(0, 1, 2, 3)], false, false, 1 });
}

PROBE(vanishing_gradients_layer, skip_and_branch)
{
    float branch = (float)probe_pick(1, -1, 3) / 4;
    any_layer(probe_pick(1, 2, 7), probe_pick(1, 5, 16, 31),
              (Layer){ each[probe_pick(0, 1, 2, 3)], false, probe_pick(1, 0), branch });
}

PROBE(vanishing_gradients_layer, norm)
{
    any_layer(probe_pick(1, 2, 7), probe_pick(5, 16, 31),
              (Layer){ each[probe_pick(0, 1, 2, 3)], true, probe_pick(1, 0), 1 });
}

/* ---- step vanishing_gradients_layer_backward --------------------------------------------------------------------- */

static void backward(const float *dout, const float *h, const float *u, const float *z, const float *W, int N, int D,
                     Layer l)
{
    float *dh = probe_output(N * D), *dW = probe_inout(D * D), *room = probe_output(3 * D);
    for (int i = 0; i < D * D; i++) dW[i] = (float)probe_real(-1, 1);
    probe_freeze();
    vanishing_gradients_layer_backward(dh, dW, room, dout, h, u, z, W, N, D, &l);
    probe_scale(16);
    probe_terms(N);
    emit("dW", dW, D, D);
    probe_terms(4 * D);
    emit("dh", dh, N, D);
}

static void any_backward(int N, int D, Layer l)
{
    const float *dout = probe_normal(N * D, 0, 1), *h = probe_normal(N * D, 0, 1), *z = probe_normal(N * D, 0, 1);
    const float *W = probe_normal(D * D, 0, 1 / sqrt(D)), *u;
    float *n = malloc((size_t)(N * D + 1) * sizeof *n);
    if (N > 0) memcpy(n, h, (size_t)(N * D) * sizeof *n);
    for (int r = 0; r < N && l.norm; r++) {
        double mean = 0, square = 0;
        for (int i = 0; i < D; i++) mean += h[r * D + i] / (double)D;
        for (int i = 0; i < D; i++) square += (h[r * D + i] - mean) * (h[r * D + i] - mean) / D;
        for (int i = 0; i < D; i++) n[r * D + i] = (float)((h[r * D + i] - mean) / sqrt(square + 1e-5));
    }
    u = probe_copy(N * D, n);
    free(n);
    backward(dout, h, u, z, W, N, D, l);
}

PROBE(vanishing_gradients_layer_backward, by_pencil)
{
    const float *h = probe_given(1, 2);
    backward(probe_given(1, 1), h, probe_given(1, 2), probe_given(-1, 2), probe_given(1, -1, 2, 0), 1, 2,
             (Layer){ RELU, false, true, 0.5f });
}

PROBE(vanishing_gradients_layer_backward, plain)
{
    any_backward(probe_pick(0, 1, 3, 8), probe_pick(1, 2, 17, 33),
                 (Layer){ each[probe_pick(0, 1, 2, 3)], false, false, 1 });
}

PROBE(vanishing_gradients_layer_backward, skip_and_branch)
{
    float branch = (float)probe_pick(1, -1, 3) / 4;
    any_backward(probe_pick(1, 2, 7), probe_pick(1, 5, 16, 31),
                 (Layer){ each[probe_pick(0, 1, 2, 3)], false, probe_pick(1, 0), branch });
}

PROBE(vanishing_gradients_layer_backward, norm)
{
    any_backward(probe_pick(1, 2, 7), probe_pick(8, 16, 31),
                 (Layer){ each[probe_pick(0, 1, 2, 3)], true, probe_pick(1, 0), 1 });
}

/* ---- step vanishing_gradients_factor ----------------------------------------------------------------------------- */

static void factor(const double *size, int L)
{
    probe_freeze();
    double got = vanishing_gradients_factor(size, L);
    probe_terms(10000 * (L + 1));                       /* logarithms up to 100 cancel in the sums */
    emit("factor", &got, 1);
}

PROBE(vanishing_gradients_factor, by_pencil) { factor(probe_given_doubles(3, 6, 12, 24), 3); }

PROBE(vanishing_gradients_factor, with_noise)
{
    int     L = probe_pick(1, 2, 9, 40);
    double *size = probe_doubles(L + 1), start = probe_real(0.1, 10), by = probe_real(0.3, 2);
    for (int l = 0; l <= L; l++) size[l] = start * pow(by, l) * probe_real(0.7, 1.4);
    factor(size, L);
}

PROBE(vanishing_gradients_factor, some_left_out)
{
    int     L = probe_pick(6, 12, 30), zeros = probe_pick(1, 3, 0), broken = probe_pick(0, 2, 4);
    double *size = probe_doubles(L + 1), by = probe_real(0.01, 3);
    static const double bad[] = { NAN, INFINITY, -1, -INFINITY };
    for (int l = 0; l <= L; l++) size[l] = l < zeros ? 0 : pow(by, l) * probe_real(0.7, 1.4);
    for (int k = 0; k < broken; k++) size[k ? L - k : L / 2] = bad[k];
    factor(size, L);
}

PROBE(vanishing_gradients_factor, too_few)
{
    double *size = probe_doubles(5);
    int     there = probe_pick(0, 1);
    for (int l = 0; l < 5; l++) size[l] = l < there ? probe_real(1, 2) : 0;
    factor(size, 4);
}

/* ---- step vanishing_gradients_spectral_norm ---------------------------------------------------------------------- */

static void spectral(double *v, const float *W, int D, int steps)
{
    double *room = probe_output_doubles(D);
    probe_freeze();
    double got = vanishing_gradients_spectral_norm(v, room, W, D, steps);
    probe_terms(10000 * D);                             /* what rounds early is carried along */
    emit("norm", &got, 1);
    emit("v", v, D);
}

PROBE(vanishing_gradients_spectral_norm, by_pencil)
{
    const float *W = probe_given(3, 0, 0, 1);
    double *v = probe_inout_copy(2, (double[]){ 1, 1 });
    spectral(v, W, 2, 1);
}

PROBE(vanishing_gradients_spectral_norm, awkward_sizes)
{
    int     D = probe_pick(1, 2, 7, 20), steps = probe_pick(1, 2, 5, 30);
    double *v = probe_inout_doubles(D);
    for (int i = 0; i < D; i++) v[i] = probe_real(0.1, 2) * (probe_pick(1, 0) ? 1 : -1);
    spectral(v, probe_normal(D * D, 0, 1), D, steps);
}

PROBE(vanishing_gradients_spectral_norm, nothing_to_lengthen)
{
    int D = probe_pick(1, 4);
    spectral(probe_inout_doubles(D), probe_uniform(D * D, 0, 0), D, 3);
}

/* ---- step vanishing_gradients_bound ------------------------------------------------------------------------------ */

static void bound(const double *spectral, int L, Layer l)
{
    probe_freeze();
    double got = vanishing_gradients_bound(spectral, L, &l);
    probe_terms(L * L);                                 /* like terms round alike: by L, not by its root */
    probe_scale(10 * L);
    emit("log bound", &got, 1);
}

PROBE(vanishing_gradients_bound, by_pencil)
{
    bound(probe_given_doubles(2, 4, 1), 3, (Layer){ SIGMOID, false, false, 1 });
}

PROBE(vanishing_gradients_bound, any_stack)
{
    int   L = probe_pick(1, 2, 10, 100);
    float branch = (float)probe_pick(4, -1, 2, 1) / 4;
    bound(probe_uniform_doubles(L, 0.01, 5), L,
          (Layer){ each[probe_pick(0, 1, 2, 3)], false, probe_pick(0, 1), branch });
}

PROBE(vanishing_gradients_bound, beyond_every_format)
{
    int    L = 1000;
    double size = probe_pick(0, 100);
    bound(probe_uniform_doubles(L, size, size), L, (Layer){ TANH, false, false, 1 });
}

/* ---- step vanishing_gradients_overflow --------------------------------------------------------------------------- */

static void overflow(double rms, double sd, int D, int L, Activation f)
{
    int got = vanishing_gradients_overflow(rms, sd, D, L, f);
    emit_exact("layer", &got, 1);
}

PROBE(vanishing_gradients_overflow, by_pencil) { overflow(1, 5, 4, 100, LINEAR); }

PROBE(vanishing_gradients_overflow, up_and_down)
{
    int D = probe_pick(1, 32, 1000);
    Activation f = probe_pick(0, 1) ? RELU : LINEAR;
    double by = pow(2, probe_real(-8, 8));
    overflow(probe_real(0.01, 100), by / sqrt(D), D, probe_pick(30, 100, 1000), f);
}

PROBE(vanishing_gradients_overflow, nowhere)
{
    overflow(probe_real(0.1, 10), sqrt(2.0 / 64), 64, 1000, RELU);
}

PROBE(vanishing_gradients_overflow, at_once) { overflow(probe_pick(0, 1) ? 1e300 : 1e-300, 0.1, 100, 5, LINEAR); }

/* ---- step vanishing_gradients_diagnose --------------------------------------------------------------------------- */

/* L layers that multiply by up on the way up, by down on the way down; slopes and dead units as said. */
static void diagnose(int L, Activation f, double up, double down, double slope, double dead)
{
    double *forward = probe_doubles(L + 1), *backward = probe_doubles(L + 1), *slopes = probe_doubles(L),
           *deads = probe_doubles(L), top = pow(10, probe_real(-3, 3));
    for (int l = 0; l <= L; l++) forward[l] = pow(up, l), backward[l] = top * pow(down, L - l);
    for (int l = 0; l < L; l++) slopes[l] = slope * probe_real(0.98, 1.02), deads[l] = l == L / 2 ? dead : 0;
    probe_freeze();
    int got = vanishing_gradients_diagnose(&(Signs){ L, f, forward, backward, slopes, deads });
    emit_exact("diagnosis", &got, 1);
}

PROBE(vanishing_gradients_diagnose, by_pencil)          /* 0.1 a layer: slope 0.25, weights 0.4 */
{
    const double *forward = probe_given_doubles(1, 1, 1, 1, 1), *slope = probe_given_doubles(0.25, 0.25, 0.25, 0.25);
    const double *backward = probe_given_doubles(0.0001, 0.001, 0.01, 0.1, 1), *dead = probe_given_doubles(0, 0, 0, 0);
    probe_freeze();
    int got = vanishing_gradients_diagnose(&(Signs){ 4, SIGMOID, forward, backward, slope, dead });
    emit_exact("diagnosis", &got, 1);
}

PROBE(vanishing_gradients_diagnose, sound)
{
    diagnose(probe_pick(1, 5, 30), each[probe_pick(0, 1, 2, 3)], 1, 1 + 0.2 * probe_real(-1, 1), 0.2, 0);
}

PROBE(vanishing_gradients_diagnose, slope_or_weights)   /* each activation, steep and flat, with weights of all sizes */
{
    Activation f = each[probe_pick(1, 2, 3, 0)];
    double c = f == SIGMOID ? 0.25 : 1, slope = c * (probe_pick(0, 1) ? 0.9 : 0.3);
    double weights = probe_pick(1, 3, 10, 6) / 10.0;
    diagnose(probe_pick(8, 20, 60), f, 1, slope * weights, slope, 0);
}

PROBE(vanishing_gradients_diagnose, exploding)
{
    diagnose(probe_pick(4, 12, 40), each[probe_pick(1, 2, 3, 0)], 2, 10, probe_real(0.1, 1), probe_pick(0, 1));
}

PROBE(vanishing_gradients_diagnose, deep_but_near_a_thousand)
{
    double total = probe_pick(900, 1100);
    int    L = probe_pick(1, 10, 50), up = probe_pick(0, 1);
    diagnose(L, TANH, 1, pow(total, (up ? 1.0 : -1.0) / L), 0.9, 0);
}

PROBE(vanishing_gradients_diagnose, dead_units)
{
    diagnose(10, RELU, 1, 1, 0.7, probe_pick(40, 60, 95, 100) / 100.0);
}

PROBE(vanishing_gradients_diagnose, all_dead) { diagnose(probe_pick(5, 20), RELU, 1, 0, 0, 1); }

PROBE(vanishing_gradients_diagnose, nothing_came_in)
{
    double *zero = probe_uniform_doubles(6, 0, 0);
    const double *one = probe_uniform_doubles(6, 1, 1);
    probe_freeze();
    int got = vanishing_gradients_diagnose(&(Signs){ 5, TANH, one, zero, one, zero });
    emit_exact("diagnosis", &got, 1);
}

PROBE(vanishing_gradients_diagnose, broken)
{
    int     L = 6, at = probe_pick(0, 3, 6), which = probe_pick(0, 1);
    double *v[2] = { probe_uniform_doubles(L + 1, 1, 2), probe_uniform_doubles(L + 1, 1, 2) };
    const double *slope = probe_uniform_doubles(L, 0.5, 1), *dead = probe_uniform_doubles(L, 0.95, 1);
    v[which][at] = probe_pick(0, 1) ? NAN : INFINITY;
    probe_freeze();
    int got = vanishing_gradients_diagnose(&(Signs){ L, RELU, v[0], v[1], slope, dead });
    emit_exact("diagnosis", &got, 1);
}

/* ---- step vanishing_gradients_remedy ----------------------------------------------------------------------------- */

PROBE(vanishing_gradients_remedy, by_pencil)
{
    int todo[] = { vanishing_gradients_remedy(VANISHING | FLAT), vanishing_gradients_remedy(EXPLODING | WEIGHTS) };
    emit_exact("what to try", todo, 2);
}

PROBE(vanishing_gradients_remedy, every_diagnosis)
{
    int todo[24], n = 0;
    for (int dead = 0; dead <= DEAD; dead += DEAD) {
        todo[n++] = vanishing_gradients_remedy(dead);
        todo[n++] = vanishing_gradients_remedy(EXPLODING | WEIGHTS | dead);
        for (int why = 1; why < 8; why++) todo[n++] = vanishing_gradients_remedy(VANISHING | why * FLAT | dead);
    }
    todo[n++] = vanishing_gradients_remedy(BROKEN);
    emit_exact("what to try", todo, n);
}

/* ---- Oracles ----------------------------------------------------------------------------------------------------- */

static double value(Activation f, double z)
{
    return f == SIGMOID ? 1 / (1 + exp(-z)) : f == TANH ? tanh(z) : f == RELU && z < 0 ? 0 : z;
}

ORACLE(vanishing_gradients_layer, activation_that_is_given)
{
    for (int k = 0; k < 4; k++) {
        float z = (float)probe_real(0.1, 4) * (probe_pick(0, 1) ? 1 : -1), y, slope;
        vanishing_gradients_activate(&y, &slope, &z, 1, each[k]);
        double d = (value(each[k], z + 1e-5) - value(each[k], z - 1e-5)) / 2e-5;
        expect(fabs(y - value(each[k], z)) < 1e-6, "f %d at %g: %g", k, z, y);
        expect(fabs(slope - d) < 1e-6, "slope %d at %g: %g, want %g", k, z, slope, d);
    }
}

/* One layer in double, from the header's formulas. */
static void plainly(double *out, const double *h, const double *W, int N, int D, const Layer *l)
{
    for (int n = 0; n < N; n++) {
        double mean = 0, square = 0;
        for (int i = 0; i < D; i++) mean += h[n * D + i] / D;
        for (int i = 0; i < D; i++) square += pow(h[n * D + i] - mean, 2) / D;
        for (int o = 0; o < D; o++) {
            double z = 0;
            for (int i = 0; i < D; i++)
                z += W[o * D + i] * (l->norm ? (h[n * D + i] - mean) / sqrt(square + 1e-5) : h[n * D + i]);
            out[n * D + o] = (l->skip ? h[n * D + o] : 0) + (double)l->branch * value(l->f, z);
        }
    }
}

enum { MOST = 64 };

ORACLE(vanishing_gradients_layer, plain_version)
{
    int    N = probe_pick(1, 3), D = probe_pick(2, 5, 8);
    Layer  l = { each[probe_pick(0, 1, 2, 3)], probe_pick(0, 1), probe_pick(0, 1), 0.75f };
    float *h = probe_normal(N * D, 0, 1), *W = probe_normal(D * D, 0, 1), out[MOST], u[MOST], z[MOST], room[MOST];
    double hd[MOST] = { 0 }, Wd[MOST] = { 0 }, want[MOST];
    for (int i = 0; i < N * D; i++) hd[i] = h[i];
    for (int i = 0; i < D * D; i++) Wd[i] = W[i];
    vanishing_gradients_layer(out, u, z, room, h, W, N, D, &l);
    plainly(want, hd, Wd, N, D, &l);
    for (int i = 0; i < N * D; i++) expect(fabs(out[i] - want[i]) < 2e-4, "h[%d] %g, want %g", i, out[i], want[i]);
}

static double along(const double *h, const double *W, const float *dout, int N, int D, const Layer *l)
{
    double out[MOST], sum = 0;
    plainly(out, h, W, N, D, l);
    for (int i = 0; i < N * D; i++) sum += out[i] * dout[i];
    return sum;
}

ORACLE(vanishing_gradients_layer_backward, central_differences)
{
    int    N = probe_pick(1, 3), D = probe_pick(4, 5, 8);
    Layer  l = { each[probe_pick(0, 1, 2, 3)], probe_pick(0, 1), probe_pick(0, 1), 0.75f };
    float *h = probe_normal(N * D, 0, 1), *W = probe_normal(D * D, 0, 1), *dout = probe_normal(N * D, 0, 1);
    float  out[MOST], u[MOST], z[MOST], room[MOST], dh[MOST], dW[MOST] = { 0 };
    double hd[MOST] = { 0 }, Wd[MOST] = { 0 }, most = 0, *at;
    for (int i = 0; i < N * D; i++) hd[i] = h[i];
    for (int i = 0; i < D * D; i++) Wd[i] = W[i];
    vanishing_gradients_layer(out, u, z, room, h, W, N, D, &l);
    vanishing_gradients_layer_backward(dh, dW, room, dout, h, u, z, W, N, D, &l);
    for (int i = 0; i < N * D; i++) if (l.f == RELU && fabs(z[i]) < 1e-3) return;      /* no slope at a corner */
    for (int k = 0; k < N * D + D * D; k++) {
        at = k < N * D ? hd + k : Wd + k - N * D;
        double was = *at, step = 1e-5;
        *at = was + step;
        double up = along(hd, Wd, dout, N, D, &l);
        *at = was - step;
        double slope = (up - along(hd, Wd, dout, N, D, &l)) / (2 * step);
        *at = was;
        most = fmax(most, fabs(slope - (k < N * D ? dh[k] : dW[k - N * D])) / (1 + fabs(slope)));
    }
    expect(most < 1e-3, "off by %g", most);
}

ORACLE(vanishing_gradients_layer_backward, norm_that_is_given)
{
    int    D = probe_pick(3, 9);
    float *h = probe_normal(D, 5, 2), u[MOST];
    double mean = 0, square = 0, of_h = 0, variance = 0;
    vanishing_gradients_norm(u, h, 1, D);
    for (int i = 0; i < D; i++) mean += u[i] / D, square += (double)u[i] * u[i] / D, of_h += h[i] / (double)D;
    for (int i = 0; i < D; i++) variance += (h[i] - of_h) * (h[i] - of_h) / D;
    expect(fabs(mean) < 1e-5, "mean %g", mean);
    expect(fabs(square - variance / (variance + 1e-5)) < 1e-5, "mean square %g, variance was %g", square, variance);
}

ORACLE(vanishing_gradients_factor, what_it_was_made_of)
{
    double size[50], by = probe_real(0.05, 20), got;
    for (int l = 0; l < 50; l++) size[l] = 7 * pow(by, l);
    got = vanishing_gradients_factor(size, 49);
    expect(fabs(got / by - 1) < 1e-12, "%g, want %g", got, by);
    size[3] = NAN, size[10] = 0, size[49] = INFINITY;
    got = vanishing_gradients_factor(size, 49);
    expect(fabs(got / by - 1) < 1e-12, "with holes: %g, want %g", got, by);
}

/* 2 by 2: the root of the larger root of s^2 - |W|^2 s + det^2. */
ORACLE(vanishing_gradients_spectral_norm, two_by_two)
{
    float *W = probe_normal(4, 0, 1);
    double v[2] = { 1, 0.3 }, room[2], F = 0, det = (double)W[0] * W[3] - (double)W[1] * W[2];
    for (int i = 0; i < 4; i++) F += (double)W[i] * W[i];
    double want = sqrt((F + sqrt(F * F - 4 * det * det)) / 2);
    double got = vanishing_gradients_spectral_norm(v, room, W, 2, 5000);
    expect(fabs(got - want) < 1e-3 * want, "%g, want %g", got, want);
    expect(fabs(v[0] * v[0] + v[1] * v[1] - 1) < 1e-12, "length of v: %g", v[0] * v[0] + v[1] * v[1]);
}

/* No gradient passes it, whatever the stack. */
ORACLE(vanishing_gradients_bound, holds)
{
    enum { L = 6, D = 5 };
    Layer  l = { each[probe_pick(0, 1, 2, 3)], false, probe_pick(0, 1), (float)probe_real(-1, 1) };
    float  h[L + 1][D], u[L][D], z[L][D], dh[L + 1][D], dW[D * D], room[3 * D], *W[L];
    double spectral[L], v[D], space[D], top = 0, bottom = 0;
    for (int i = 0; i < D; i++) h[0][i] = (float)probe_real(-1, 1), dh[L][i] = (float)probe_real(-1, 1);
    for (int k = 0; k < L; k++) {
        W[k] = probe_normal(D * D, 0, 1);
        for (int i = 0; i < D; i++) v[i] = probe_real(-1, 1);
        spectral[k] = vanishing_gradients_spectral_norm(v, space, W[k], D, 1000);
        vanishing_gradients_layer(h[k + 1], u[k], z[k], room, h[k], W[k], 1, D, &l);
    }
    for (int k = L; k-- > 0;)
        vanishing_gradients_layer_backward(dh[k], dW, room, dh[k + 1], h[k], u[k], z[k], W[k], 1, D, &l);
    for (int i = 0; i < D; i++) top += dh[L][i] * dh[L][i], bottom += dh[0][i] * dh[0][i];
    double limit = vanishing_gradients_bound(spectral, L, &l);
    expect(bottom == 0 || log(bottom / top) / 2 <= limit + 1e-3, "log %g passes %g", log(bottom / top) / 2, limit);
}

ORACLE(vanishing_gradients_overflow, by_multiplying)
{
    int    D = 50, want = 0;
    double by = pow(2, probe_real(-5, 5)), size = 1;
    for (int l = 1; l <= 300 && !want; l++) {
        size *= by;
        want = size > FLT_MAX ? l : size < FLT_TRUE_MIN ? -l : 0;
    }
    int got = vanishing_gradients_overflow(1, by * sqrt(2.0 / D), D, 300, RELU);
    expect(got == want, "factor %g: layer %d, want %d", by, got, want);
}

/* The header's list, as numbers. */
ORACLE(vanishing_gradients_diagnose, by_hand)
{
    static const struct { Activation f; double down, slope, dead; int want; } all[] = {
        { TANH, 1, 1, 0, 0 }, { SIGMOID, 0.24, 0.24, 0, VANISHING | FLAT },
        { SIGMOID, 0.1, 0.05, 0, VANISHING | FLAT | SATURATED }, { TANH, 0.1, 1, 0, VANISHING | WEIGHTS },
        { TANH, 0.1, 0.1, 0, VANISHING | SATURATED }, { RELU, 0.5, 0.7, 0, VANISHING | WEIGHTS },
        { RELU, 3, 0.7, 0, EXPLODING | WEIGHTS }, { RELU, 1, 0.7, 0.95, DEAD },
    };
    for (int i = 0; i < 8; i++) {
        double forward[21], backward[21], slope[20], dead[20];
        for (int l = 0; l <= 20; l++) forward[l] = 1, backward[l] = pow(all[i].down, 20 - l);
        for (int l = 0; l < 20; l++) slope[l] = all[i].slope, dead[l] = all[i].dead;
        int got = vanishing_gradients_diagnose(&(Signs){ 20, all[i].f, forward, backward, slope, dead });
        expect(got == all[i].want, "case %d: %d, want %d", i, got, all[i].want);
    }
}

ORACLE(vanishing_gradients_remedy, no_clipping_of_what_is_short)
{
    for (int why = 0; why < 8; why++)
        expect(!(vanishing_gradients_remedy(VANISHING | why * FLAT) & CLIP), "%d is clipped", why);
    expect(!(vanishing_gradients_remedy(EXPLODING | WEIGHTS) & SKIP), "a skip against what explodes");
}
