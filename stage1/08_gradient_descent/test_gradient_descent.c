/* test_gradient_descent.c -- the probes that grade gradient_descent.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include "probe.h"
#include "gradient_descent.h"

enum { MAX_D = 33, MAX_STEPS = 40 };

/*
 * Losses of our own: the steps under test must not need each other. A bowl is (B^T B / D + I) / its trace: symmetric,
 * all curvatures between 1 / trace and 1. With curvatures of at most 1 and rates of at most 1, no step makes a rounding
 * error of the step before larger, so the tolerance is that of a sum over all steps.
 */
typedef struct Bowl { const double *A, *b; } Bowl;

static double bowl_loss(double *g, const double *w, const void *data, int D)
{
    const Bowl *bowl = data;
    double loss = 0;
    for (int i = 0; i < D; i++) {
        double Aw = 0;
        for (int j = 0; j < D; j++) Aw += bowl->A[i * D + j] * w[j];
        g[i] = Aw - bowl->b[i], loss += w[i] * (Aw / 2 - bowl->b[i]);
    }
    return loss;
}

static double *bowl_matrix(int D)
{
    double *B = probe_normal_doubles(D * D, 0, 1), *A = probe_inout_doubles(D * D), trace = 0;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            A[i * D + j] = i == j;
            for (int k = 0; k < D; k++) A[i * D + j] += B[k * D + i] * B[k * D + j] / D;
            trace += i == j ? A[i * D + j] : 0;
        }
    for (int i = 0; i < D * D; i++) A[i] /= trace;
    return A;
}

/* (1 - w0)^2 + 10 (w1 - w0^2)^2: a bent valley, no bowl */
static double valley_loss(double *g, const double *w, const void *data, int D)
{
    (void)data, (void)D;
    double off = w[1] - w[0] * w[0];
    g[0] = -2 * (1 - w[0]) - 40 * off * w[0], g[1] = 20 * off;
    return (1 - w[0]) * (1 - w[0]) + 10 * off * off;
}

/* w0^2 / 2 - 3 w1^2 / 2: a saddle */
static double saddle_loss(double *g, const double *w, const void *data, int D)
{
    (void)data, (void)D;
    g[0] = w[0], g[1] = -3 * w[1];
    return w[0] * w[0] / 2 - 3 * w[1] * w[1] / 2;
}

static double flat_loss(double *g, const double *w, const void *data, int D)
{
    (void)w, (void)data;
    for (int d = 0; d < D; d++) g[d] = 7;
    return 0;
}

static const double PENCIL_A[] = { 1, 0, 0, 4 }, PENCIL_B[] = { 0, 0 };
static const Bowl   PENCIL = { PENCIL_A, PENCIL_B };
static const Descent ways[] = { DESCENT_PLAIN, DESCENT_MOMENTUM, DESCENT_NESTEROV };

/* ---- step gradient_descent_quadratic ----------------------------------------------------------------------------- */

PROBE(gradient_descent_quadratic, by_pencil)
{
    double *A = probe_given_doubles(1, 0, 0, 4), *b = probe_given_doubles(1, 2), *w = probe_given_doubles(3, 1);
    double *g = probe_output_doubles(2), loss;
    probe_freeze();
    loss = gradient_descent_quadratic(g, A, b, w, 2);
    emit("loss", &loss, 1);
    emit("g", g, 2);
}

PROBE(gradient_descent_quadratic, awkward_sizes)
{
    int D = probe_pick(1, 2, 7, 33);
    double *A = bowl_matrix(D), *b = probe_doubles(D), *w = probe_doubles(D), *g = probe_output_doubles(D), loss;
    double size = probe_largest(A, D * D) * probe_largest(w, D) * D + probe_largest(b, D);
    probe_freeze();
    loss = gradient_descent_quadratic(g, A, b, w, D);
    probe_terms(D);
    probe_scale(size);
    emit("g", g, D);
    probe_terms(D * D);
    probe_scale(size * probe_largest(w, D) * D);
    emit("loss", &loss, 1);
}

/* ---- the three walks --------------------------------------------------------------------------------------------- */

typedef void Walk(double *w, double *v, double *loss, double *g, LossFunction *f, const void *data, double rate,
                  double beta, int steps, int D);

static void plain(double *w, double *v, double *loss, double *g, LossFunction *f, const void *data, double rate,
                  double beta, int steps, int D)
{
    (void)v, (void)beta;
    gradient_descent_plain(w, loss, g, f, data, rate, steps, D);
}

/* The lesson's bowl, w0^2/2 + 2 w1^2, from (4, 1), rate 1/4, beta 1/2, two steps. */
static void walk_pencil(Walk *walk, bool velocity)
{
    double *w = probe_inout_copy(2, (double[]){ 4, 1 }), *v = probe_inout_copy(2, (double[]){ 0, 0 });
    double *loss = probe_output_doubles(2), *g = probe_output_doubles(2);
    probe_freeze();
    walk(w, v, loss, g, bowl_loss, &PENCIL, 0.25, 0.5, 2, 2);
    emit("loss", loss, 2);
    emit("w", w, 2);
    if (velocity) emit("v", v, 2);
}

/* Sizes, steps, rates; the velocity is not 0 at the start. A walk cut in two ends where the whole one does. */
static void walk_bowl(Walk *walk, bool velocity)
{
    int     D = probe_pick(1, 2, 7, 33), steps = probe_pick(0, 1, 2, 5, 12);
    double *A = bowl_matrix(D), *b = probe_normal_doubles(D, 0, 1), *w = probe_inout_doubles(D);
    double *v = probe_inout_doubles(D), *loss = probe_output_doubles(steps + 3), *g = probe_output_doubles(D);
    double  rate = probe_real(0.1, 1), beta = probe_real(0, 0.9);
    Bowl    bowl = { A, b };
    double  size = 10 * (probe_largest(w, D) + probe_largest(v, D) + probe_largest(b, D)) * (steps + 4);
    probe_freeze();
    walk(w, v, loss, g, bowl_loss, &bowl, rate, beta, steps, D);
    walk(w, v, loss + steps, g, bowl_loss, &bowl, rate, beta, 3, D);
    probe_terms((steps + 3) * D);
    probe_scale(size);
    emit("w", w, D);
    if (velocity) emit("v", v, D);
    probe_scale(size * size * D);
    emit("loss", loss, steps + 3);
}

static void walk_valley(Walk *walk)
{
    double *w = probe_inout_copy(2, (double[]){ probe_real(-1.2, 1.2), probe_real(-1, 1.5) });
    double *v = probe_inout_copy(2, (double[]){ 0, 0 }), *loss = probe_output_doubles(8),
           *g = probe_output_doubles(2);
    walk(w, v, loss, g, valley_loss, NULL, 0.002, 0.5, 8, 2);
    probe_terms(16);
    probe_scale(100);
    emit("loss", loss, 8);
    emit("w", w, 2);
}

/* A rate far above 2 / L: off to infinity, as C computes it. */
static void walk_away(Walk *walk)
{
    double *w = probe_inout_copy(1, (double[]){ probe_real(1, 2) }), *v = probe_inout_copy(1, (double[]){ 0 });
    double *loss = probe_output_doubles(MAX_STEPS), *g = probe_output_doubles(1), one = 1, none = 0;
    Bowl    bowl = { &one, &none };
    walk(w, v, loss, g, bowl_loss, &bowl, 1e30, 0.5, MAX_STEPS, 1);
    int lost = !isfinite(w[0]);
    emit_exact("lost", &lost, 1);
    emit("first", loss, 1);
}

PROBE(gradient_descent_plain, by_pencil)        { walk_pencil(plain, false); }
PROBE(gradient_descent_plain, awkward_sizes)    { walk_bowl(plain, false); }
PROBE(gradient_descent_plain, in_a_valley)      { walk_valley(plain); }
PROBE(gradient_descent_plain, diverges)         { walk_away(plain); }

PROBE(gradient_descent_momentum, by_pencil)     { walk_pencil(gradient_descent_momentum, true); }
PROBE(gradient_descent_momentum, awkward_sizes) { walk_bowl(gradient_descent_momentum, true); }
PROBE(gradient_descent_momentum, in_a_valley)   { walk_valley(gradient_descent_momentum); }
PROBE(gradient_descent_momentum, diverges)      { walk_away(gradient_descent_momentum); }

PROBE(gradient_descent_nesterov, by_pencil)     { walk_pencil(gradient_descent_nesterov, true); }
PROBE(gradient_descent_nesterov, awkward_sizes) { walk_bowl(gradient_descent_nesterov, true); }
PROBE(gradient_descent_nesterov, in_a_valley)   { walk_valley(gradient_descent_nesterov); }
PROBE(gradient_descent_nesterov, diverges)      { walk_away(gradient_descent_nesterov); }

/* ---- step gradient_descent_steepest ------------------------------------------------------------------------------ */

PROBE(gradient_descent_steepest, by_pencil)
{
    double *w = probe_given_doubles(4, 1), *v = probe_inout_copy(2, (double[]){ 1, 1 });
    double *u = probe_output_doubles(2), *work = probe_output_doubles(4);
    probe_freeze();
    double curvature = gradient_descent_steepest(v, u, work, bowl_loss, &PENCIL, w, 1, 2, 2);
    emit("curvature", &curvature, 1);
    emit("v", v, 2);
}

PROBE(gradient_descent_steepest, awkward_sizes)
{
    int     D = probe_pick(1, 2, 7, 33), turns = probe_pick(1, 2, 5, 20);
    double *A = bowl_matrix(D), *b = probe_normal_doubles(D, 0, 1), *w = probe_normal_doubles(D, 0, 1);
    double *v = probe_inout_doubles(D), *u = probe_output_doubles(D), *work = probe_output_doubles(2 * D);
    double  h = probe_real(0.5, 2);
    Bowl    bowl = { A, b };
    v[0] = 2;                                           /* 0 it must not be */
    probe_freeze();
    double curvature = gradient_descent_steepest(v, u, work, bowl_loss, &bowl, w, h, turns, D);
    probe_terms(turns * D);
    probe_scale(30.0 * D * turns);                      /* curvatures lie apart by a factor of 30 at most, mostly */
    emit("v", v, D);
    emit("curvature", &curvature, 1);
}

/* No bowl: what h is matters, and the two sides differ. */
PROBE(gradient_descent_steepest, in_a_valley)
{
    double *w = probe_inout_copy(2, (double[]){ probe_real(0.5, 1.2), probe_real(-1, 1) }),
           h = probe_pick(1, 2) / 4.0;
    double *v = probe_inout_copy(2, (double[]){ 1, 1 }), *u = probe_output_doubles(2),
           *work = probe_output_doubles(4);
    probe_freeze();
    double curvature = gradient_descent_steepest(v, u, work, valley_loss, NULL, w, h, probe_pick(1, 2, 3), 2);
    probe_terms(16);
    probe_scale(1000);
    emit("curvature", &curvature, 1);
    probe_scale(100);
    emit("v", v, 2);
}

/* The steepest direction of a saddle leads down. */
PROBE(gradient_descent_steepest, on_a_saddle)
{
    double *w = probe_normal_doubles(2, 0, 1), *v = probe_inout_copy(2, (double[]){ 1, probe_real(0.5, 1) });
    double *u = probe_output_doubles(2), *work = probe_output_doubles(4);
    probe_freeze();
    double curvature = gradient_descent_steepest(v, u, work, saddle_loss, NULL, w, 0.5, probe_pick(1, 4, 30), 2);
    probe_scale(100);
    emit("curvature", &curvature, 1);
    emit("v", v, 2);
}

PROBE(gradient_descent_steepest, where_it_is_flat)
{
    double *w = probe_normal_doubles(3, 0, 1), *v = probe_inout_copy(3, (double[]){ 0, 3, 4 });
    double *u = probe_output_doubles(3), *work = probe_output_doubles(6);
    probe_freeze();
    double curvature = gradient_descent_steepest(v, u, work, flat_loss, NULL, w, probe_real(0.1, 1), 3, 3);
    emit_exact("curvature", &curvature, 1);
}

/* ---- step gradient_descent_factor -------------------------------------------------------------------------------- */

PROBE(gradient_descent_factor, by_pencil)               /* rate 1/4, beta 1/2; curvatures 1 and 4 */
{
    double factor[6];
    for (int i = 0; i < 6; i++) factor[i] = gradient_descent_factor(ways[i / 2], 0.25, 0.5, i % 2 ? 4 : 1);
    emit("factor", factor, 3, 2);
}

/* Near a double root the factor moves by the square root of a rounding error: such trials keep a distance. */
PROBE(gradient_descent_factor, anywhere)
{
    double factor[30];
    for (int i = 0; i < 30; i++) {
        double rate, beta, h, sum, product, shrink;
        do {
            rate = probe_real(0, 2), beta = probe_real(0, 1), h = probe_real(-0.5, 3), shrink = 1 - rate * h;
            sum = i % 3 == 2 ? shrink * (1 + beta) : shrink + beta, product = i % 3 == 2 ? shrink * beta : beta;
        } while (fabs(sum * sum - 4 * product) < 0.01);
        factor[i] = gradient_descent_factor(ways[i % 3], rate, beta, h);
    }
    probe_scale(100);
    emit("factor", factor, 30);
}

PROBE(gradient_descent_factor, at_the_edge)             /* at 2 / curvature plain descent neither comes nor goes */
{
    double h = probe_pick(1, 2, 8), factor[3];
    for (int i = 0; i < 3; i++) factor[i] = gradient_descent_factor(DESCENT_PLAIN, 2 / h * (0.5 + 0.5 * i), NAN, h);
    emit("factor", factor, 3);
    double none = gradient_descent_factor(DESCENT_MOMENTUM, probe_real(0.1, 1), 0, h);
    emit("beta_0", &none, 1);
}

/* ---- step gradient_descent_best ---------------------------------------------------------------------------------- */

PROBE(gradient_descent_best, by_pencil)                 /* curvatures 1 and 4 */
{
    double got[9];
    for (int i = 0; i < 3; i++) got[3 * i + 2] = gradient_descent_best(&got[3 * i], &got[3 * i + 1], ways[i], 1, 4);
    emit("rate_beta_factor", got, 3, 3);
}

PROBE(gradient_descent_best, any_curvatures)
{
    double flattest = pow(10, probe_real(-4, 2)),
           steepest = flattest * pow(10, probe_pick(0, 1, 3, 6) * probe_real(0, 1));
    for (int i = 0; i < 3; i++) {
        double *rate = probe_output_doubles(1), *beta = probe_output_doubles(1);
        double  factor = gradient_descent_best(rate, beta, ways[i], flattest, steepest);
        probe_scale(1 / steepest);
        emit("rate", rate, 1);
        probe_scale(1);
        emit("beta", beta, 1);
        emit("factor", &factor, 1);
    }
}

/* ---- step gradient_descent_diagnose ------------------------------------------------------------------------------ */

static void emit_diagnosis(const DescentRun *run)
{
    double *next = probe_output_doubles(1);
    int cause = (int)gradient_descent_diagnose(next, run);
    emit_exact("cause", &cause, 1);
    emit("next", next, 1);
}

PROBE(gradient_descent_diagnose, by_pencil)             /* rate 0.6 on the pencil's bowl: 0.6 times 4 is above 2 */
{
    double *loss = probe_given_doubles(10, 5.2, 7.2), *length = probe_given_doubles(5.7, 5.8, 7.9);
    probe_freeze();
    emit_diagnosis(&(DescentRun){ .steps = 3, .D = 2, .rate = 0.6, .loss = loss, .length = length, .flattest = 1,
                                  .steepest = 4 });
}

/* Every question, with its border from both sides. */
enum { CASES = 17 };

static void patient(DescentRun *run, double *loss, double *length, double steepest, double rest)
{
    double first = probe_real(1, 3), slope = probe_real(10, 30);
    loss[0] = first, loss[1] = 0.9 * first, loss[2] = 0.8 * first;
    length[0] = slope, length[1] = 0.9 * slope, length[2] = rest * slope;
    *run = (DescentRun){ .steps = 3, .D = 2 * probe_int(2, 9), .rate = 1 / steepest, .loss = loss, .length = length,
                         .steepest = steepest, .flattest = 0.2 * steepest };
}

static void ail(DescentRun *run, double *loss, double *length, int which)
{
    double steepest = run->steepest;
    switch (which) {
    case 0: loss[2] = loss[0] * 1.1, run->rate = 2.1 / steepest; break;                         /* too large */
    case 1: loss[2] = NAN, run->rate = 2.1 / steepest; break;
    case 2: loss[2] = INFINITY, run->rate = 1.9 / steepest; break;                              /* sign */
    case 3: loss[2] = loss[0] * 1.1, run->silent = run->D; break;
    case 4: loss[2] = NAN, run->rate = -0.01 / steepest; break;
    case 5: loss[2] = loss[0], run->silent = run->D, length[2] = 0; break;                      /* dead, and at rest */
    case 6: run->silent = run->D / 2; break;
    case 7: run->silent = run->D / 2 - 1; break;                                                /* patience */
    case 8: length[2] = 0.9e-6 * length[0]; break;                                              /* none */
    case 9: length[2] = 0.9e-6 * length[0], run->flattest = -1e-3; break;                       /* saddle */
    case 10: length[2] = 1.1e-6 * length[0], run->flattest = -0.5 * steepest; break;
    case 11: run->rate = 0.09 / steepest; break;                                                /* too small */
    case 12: run->rate = 0.11 / steepest; break;
    case 13: run->flattest = 0.9e-3 * steepest; break;                                          /* scaling */
    case 14: run->flattest = -0.9e-3 * steepest; break;
    case 15: run->flattest = 1.1e-3 * steepest; break;
    case 16: run->flattest = 0, run->rate = 0.01 / steepest; break;
    }
}

PROBE(gradient_descent_diagnose, each_question)
{
    int        cause[CASES];
    DescentRun run[CASES];
    double    *loss = probe_inout_doubles(3 * CASES), *length = probe_inout_doubles(3 * CASES);
    double    *next = probe_output_doubles(CASES), steepest = probe_real(1, 5);
    for (int i = 0; i < CASES; i++) {
        patient(&run[i], loss + 3 * i, length + 3 * i, steepest, 0.5);
        ail(&run[i], loss + 3 * i, length + 3 * i, i);
    }
    for (int i = 0; i < CASES; i++) cause[i] = (int)gradient_descent_diagnose(&next[i], &run[i]);
    emit_exact("cause", cause, CASES);
    probe_scale(1);
    emit("next", next, CASES);
}

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

static bool near(double got, double want) { return fabs(got - want) <= 1e-14 * (1 + fabs(want)); }

ORACLE(gradient_descent_quadratic, pencil)
{
    double A[] = { 1, 0, 0, 4 }, b[] = { 1, 2 }, w[] = { 3, 1 }, g[2], loss = gradient_descent_quadratic(g, A, b, w, 2);
    expect(loss == 1.5 && g[0] == 2 && g[1] == 2, "loss %g, g %g, %g", loss, g[0], g[1]);
}

ORACLE(gradient_descent_quadratic, gradient_by_central_differences)
{
    int D = probe_pick(1, 2, 7, 33);
    double *A = bowl_matrix(D), *b = probe_normal_doubles(D, 0, 1), *w = probe_normal_doubles(D, 0, 1), g[MAX_D],
           t[MAX_D];
    double *moved = probe_copy_doubles(D, w);
    gradient_descent_quadratic(g, A, b, w, D);
    for (int d = 0; d < D; d++) {
        moved[d] = w[d] + 0.5;
        double up = gradient_descent_quadratic(t, A, b, moved, D);
        moved[d] = w[d] - 0.5;
        double down = gradient_descent_quadratic(t, A, b, moved, D);
        moved[d] = w[d];
        expect(fabs(up - down - g[d]) <= 1e-12 * (1 + D), "g[%d] of %d: got %.17g, want %.17g", d, D, g[d], up - down);
    }
}

ORACLE(gradient_descent_quadratic, value_in_long_double)
{
    int D = probe_pick(1, 2, 7, 33);
    double *A = bowl_matrix(D), *b = probe_doubles(D), *w = probe_doubles(D), g[MAX_D];
    double got = gradient_descent_quadratic(g, A, b, w, D);
    long double want = 0, size = 0;
    for (int i = 0; i < D; i++) {
        want -= (long double)b[i] * w[i], size += fabsl((long double)b[i] * w[i]);
        for (int j = 0; j < D; j++)
            want += 0.5L * w[i] * A[i * D + j] * w[j], size += fabsl(0.5L * w[i] * A[i * D + j] * w[j]);
    }
    expect(fabsl(got - want) <= 2.3e-16L * 4 * D * size, "D %d: got %.17g, want %.17Lg", D, got, want);
}

/* One weight, curvature a, bottom at 0: each walk is a recurrence, here in long double and written another way: plain
 * w[s+1] = (1 - rate a) w[s], the others as w[s+1] from w[s] and w[s-1]. */
ORACLE(gradient_descent_plain, one_weight)
{
    double a = probe_real(0.1, 1), none = 0, rate = probe_real(0.1, 2.5), w = probe_real(-2, 2), start = w, loss[9], g;
    Bowl   bowl = { &a, &none };
    gradient_descent_plain(&w, loss, &g, bowl_loss, &bowl, rate, 9, 1);
    long double want = powl(1 - (long double)rate * a, 9) * start;
    expect(fabsl(w - want) <= 1e-13L * (1 + fabsl(want)), "after 9 steps: got %.17g, want %.17Lg", w, want);
    expect(near(loss[1], 0.5 * a * pow((1 - rate * a) * start, 2)), "loss[1] = %.17g", loss[1]);
}

static void one_weight(Walk *walk, bool ahead)
{
    double a = probe_real(0.1, 1), none = 0, rate = probe_real(0.1, 1.5), beta = probe_real(0, 0.95), loss[12], g;
    double w = probe_real(-2, 2), v = probe_real(-1, 1);
    long double now = w, before = (long double)w - v;
    Bowl bowl = { &a, &none };
    walk(&w, &v, loss, &g, bowl_loss, &bowl, rate, beta, 12, 1);
    for (int s = 0; s < 12; s++) {
        long double at = ahead ? now + beta * (now - before) : now, next = now + beta * (now - before) - rate * a * at;
        expect(fabsl(loss[s] - 0.5L * a * at * at) <= 1e-13L * 40, "loss[%d] = %.17g, want %.17Lg", s, loss[s],
               0.5L * a * at * at);
        before = now, now = next;
    }
    expect(fabsl(w - now) <= 1e-13L * 9, "w = %.17g, want %.17Lg", w, now);
    expect(fabsl(v - (now - before)) <= 1e-13L * 9, "v = %.17g, want %.17Lg", v, now - before);
}

ORACLE(gradient_descent_momentum, one_weight) { one_weight(gradient_descent_momentum, false); }
ORACLE(gradient_descent_nesterov, one_weight) { one_weight(gradient_descent_nesterov, true); }

static void pencil(Walk *walk, const double *w_want, const double *v_want, double loss_want)
{
    double w[] = { 4, 1 }, v[] = { 0, 0 }, loss[2], g[2];
    walk(w, v, loss, g, bowl_loss, &PENCIL, 0.25, 0.5, 2, 2);
    expect(near(w[0], w_want[0]) && near(w[1], w_want[1]), "w = %.17g, %.17g", w[0], w[1]);
    expect(loss[0] == 10 && near(loss[1], loss_want), "loss %.17g, %.17g", loss[0], loss[1]);
    expect(near(v[0], v_want[0]) && near(v[1], v_want[1]), "v = %.17g, %.17g", v[0], v[1]);
}

ORACLE(gradient_descent_plain, pencil)
{
    pencil(plain, (double[]){ 2.25, 0 }, (double[]){ 0, 0 }, 4.5);
}
ORACLE(gradient_descent_momentum, pencil)
{
    pencil(gradient_descent_momentum, (double[]){ 1.75, -0.5 }, (double[]){ -1.25, -0.5 }, 4.5);
}
ORACLE(gradient_descent_nesterov, pencil)
{
    pencil(gradient_descent_nesterov, (double[]){ 1.875, 0 }, (double[]){ -1.125, 0 }, 3.625);
}

/* The bowl's bottom, by elimination: every walk ends there, and its loss on the way is above. */
ORACLE(gradient_descent_nesterov, all_walks_reach_the_bottom)
{
    int D = probe_pick(1, 2, 7), steps = 40 * D * 40;
    double *A = bowl_matrix(D), *b = probe_normal_doubles(D, 0, 0.1), M[7 * 8],
           *loss = malloc((size_t)steps * sizeof *loss);
    Bowl bowl = { A, b };
    Walk *walks[] = { plain, gradient_descent_momentum, gradient_descent_nesterov };
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= D; j++) M[i * 8 + j] = j < D ? A[i * D + j] : b[i];
    for (int p = 0; p < D; p++)
        for (int i = 0; i < D; i++) {
            double times = M[i * 8 + p] / M[p * 8 + p];
            for (int j = p; j <= D && i != p; j++) M[i * 8 + j] -= times * M[p * 8 + j];
        }
    for (int k = 0; k < 3; k++) {
        double w[7] = { 0 }, v[7] = { 0 }, g[7];
        walks[k](w, v, loss, g, bowl_loss, &bowl, 0.9, k ? 0.7 : 0, steps, D);
        for (int d = 0; d < D; d++) {
            double want = M[d * 8 + D] / M[d * 8 + d];
            expect(fabs(w[d] - want) <= 1e-11 * (1 + fabs(want)), "walk %d, w[%d] of %d: got %.17g, want %.17g", k, d,
                   D, w[d], want);
        }
        for (int s = 0; s < steps; s++)
            expect(loss[s] >= loss[steps - 1] - 1e-12, "walk %d: loss[%d] is below the last", k, s);
    }
    free(loss);
}

ORACLE(gradient_descent_steepest, pencil)
{
    double w[] = { 4, 1 }, v[] = { 1, 1 }, u[2], work[4];
    double got = gradient_descent_steepest(v, u, work, bowl_loss, &PENCIL, w, 1, 2, 2);
    expect(near(got, 65.0 / 17), "curvature %.17g, want 65/17", got);
    expect(near(v[1] / v[0], 16) && near(hypot(v[0], v[1]), 1), "v = %.17g, %.17g", v[0], v[1]);
}

/* Curvatures that are known: a mirror image H = I - 2 q q^T turns a diagonal matrix. */
ORACLE(gradient_descent_steepest, finds_the_largest_of_known_ones)
{
    int D = probe_pick(2, 3, 7, 33);
    double *q = probe_normal_doubles(D, 0, 1), *w = probe_normal_doubles(D, 0, 1), A[MAX_D * MAX_D], v[MAX_D], u[MAX_D];
    double work[2 * MAX_D], square = 0, steep = probe_pick(1, -1) * 2.0, none[MAX_D] = { 0 };
    for (int d = 0; d < D; d++) square += q[d] * q[d], v[d] = 1 + 0.1 * d;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            A[i * D + j] = 0;
            for (int k = 0; k < D; k++)
                A[i * D + j] += ((i == k) - 2 * q[i] * q[k] / square) * (k ? 1.0 / (1 + k) : steep) *
                                ((k == j) - 2 * q[k] * q[j] / square);
        }
    double got = gradient_descent_steepest(v, u, work, bowl_loss, &(Bowl){ A, none }, w, 0.7, 200, D);
    expect(fabs(got - steep) <= 1e-12 * D, "D %d: got %.17g, want %g", D, got, steep);
}

ORACLE(gradient_descent_steepest, saddle_and_flat)
{
    double w[] = { 0.3, 0.2, 1 }, v[] = { 1, 1, 0 }, u[3], work[6];
    double got = gradient_descent_steepest(v, u, work, saddle_loss, NULL, w, 0.1, 60, 2);
    expect(fabs(got + 3) < 1e-12, "on a saddle: %.17g, want -3", got);
    expect(gradient_descent_steepest(v, u, work, flat_loss, NULL, w, 0.1, 60, 3) == 0, "where it is flat: not 0");
}

/* One step of the walk on one weight: the next place, from this one and the one before. */
static long double next_place(Descent way, double rate, double beta, double h, long double now, long double before)
{
    long double speed = way == DESCENT_PLAIN ? 0 : beta * (now - before);
    return now + speed - rate * h * (way == DESCENT_NESTEROV ? now + speed : now);
}

/* The walk run 2^20 steps: (now, before) is multiplied by a matrix in each, which is squared twenty times. How much it
 * grew a step. */
static double grew(Descent way, double rate, double beta, double h)
{
    enum { SQUARINGS = 20 };
    long double m[2][2] = { { next_place(way, rate, beta, h, 1, 0), next_place(way, rate, beta, h, 0, 1) }, { 1, 0 } };
    long double log_size = 0;                           /* of the matrix that was divided out so far */
    if (way == DESCENT_PLAIN) m[1][0] = 0;
    for (int s = 0; s < SQUARINGS; s++) {
        long double a = m[0][0], b = m[0][1], c = m[1][0], d = m[1][1], size = hypotl(hypotl(a, b), hypotl(c, d));
        if (size == 0) return 0;
        a /= size, b /= size, c /= size, d /= size, log_size = 2 * (log_size + logl(size));
        m[0][0] = a * a + b * c, m[0][1] = a * b + b * d, m[1][0] = c * a + d * c, m[1][1] = c * b + d * d;
    }
    log_size += logl(hypotl(hypotl(m[0][0], m[0][1]), hypotl(m[1][0], m[1][1])));
    return (double)expl(log_size / (1 << SQUARINGS));
}

ORACLE(gradient_descent_factor, as_the_walk_itself_grows)
{
    for (int i = 0; i < 3; i++) {
        double rate = probe_real(0, 2), beta = probe_real(0, 0.99), h = probe_real(-0.5, 2);
        double got = gradient_descent_factor(ways[i], rate, beta, h), want = grew(ways[i], rate, beta, h);
        expect(fabs(got - want) <= 1e-4 * (0.01 + want), "way %d, rate %g, beta %g, curvature %g: got %.6g, run %.6g",
               i, rate, beta, h, got, want);
    }
}

ORACLE(gradient_descent_factor, pencil)
{
    double half = sqrt(0.5), third = sqrt(0.375);
    expect(gradient_descent_factor(DESCENT_PLAIN, 0.25, 0.5, 1) == 0.75, "plain at 1");
    expect(gradient_descent_factor(DESCENT_PLAIN, 0.25, 0.5, 4) == 0, "plain at 4");
    expect(near(gradient_descent_factor(DESCENT_MOMENTUM, 0.25, 0.5, 1), half), "momentum at 1");
    expect(near(gradient_descent_factor(DESCENT_MOMENTUM, 0.25, 0.5, 4), half), "momentum at 4");
    expect(near(gradient_descent_factor(DESCENT_NESTEROV, 0.25, 0.5, 1), third), "Nesterov at 1");
    expect(gradient_descent_factor(DESCENT_NESTEROV, 0.25, 0.5, 4) == 0, "Nesterov at 4");
}

static double worst(Descent way, double rate, double beta, double flattest, double steepest)
{
    double most = 0;
    for (int i = 0; i <= 20; i++)
        most = fmax(most, gradient_descent_factor(way, rate, beta, flattest + (steepest - flattest) * i / 20));
    return most;
}

/* No rate and no momentum of a grid does better in the worst direction; Nesterov's is the best momentum at its rate. */
ORACLE(gradient_descent_best, nothing_on_a_grid_is_better)
{
    double flattest = probe_real(0.1, 1), steepest = flattest * probe_pick(1, 4, 30), rate, beta;
    for (int i = 0; i < 3; i++) {
        double factor = gradient_descent_best(&rate, &beta, ways[i], flattest, steepest);
        double reached = worst(ways[i], rate, beta, flattest, steepest);
        expect(fabs(factor - reached) < 1e-6, "way %d: says %.9g, reaches %.9g", i, factor, reached);
        for (int r = 1; r <= (i < 2 ? 16 : 1); r++)
            for (int m = 0; m < (i ? 16 : 1); m++) {
                double other = worst(ways[i], i < 2 ? r / 4.0 / steepest : rate, m / 16.0, flattest, steepest);
                expect(other >= factor - 1e-9, "way %d: rate %g, beta %g reaches %.9g, which is below %.9g", i,
                       r / 4.0 / steepest, m / 16.0, other, factor);
            }
    }
}

ORACLE(gradient_descent_best, pencil)
{
    double rate, beta, factor = gradient_descent_best(&rate, &beta, DESCENT_PLAIN, 1, 4);
    expect(near(rate, 0.4) && beta == 0 && near(factor, 0.6), "plain %g %g %g", rate, beta, factor);
    factor = gradient_descent_best(&rate, &beta, DESCENT_MOMENTUM, 1, 4);
    expect(near(rate, 4.0 / 9) && near(beta, 1.0 / 9) && near(factor, 1.0 / 3), "momentum %g %g %g", rate, beta,
           factor);
    factor = gradient_descent_best(&rate, &beta, DESCENT_NESTEROV, 1, 4);
    expect(near(rate, 0.25) && near(beta, 1.0 / 3) && near(factor, 0.5), "Nesterov %g %g %g", rate, beta, factor);
}

ORACLE(gradient_descent_diagnose, each_cause)
{
    double up[] = { 1, 2 }, lost[] = { 1, NAN }, down[] = { 2, 1 }, walking[] = { 1, 0.5 }, resting[] = { 1, 1e-7 },
           next;
    struct { DescentRun run; Cause want; double next; } c[] = {
        { { 2, 4, 3, up, walking, 0.1, 1, 0 }, CAUSE_RATE_TOO_LARGE, 1 },
        { { 2, 4, 3, lost, walking, 0.1, 1, 4 }, CAUSE_RATE_TOO_LARGE, 1 },
        { { 2, 4, 1, up, walking, 0.1, 1, 0 }, CAUSE_WRONG_SIGN, -1 },
        { { 2, 4, 1, down, walking, 0.1, 1, 2 }, CAUSE_DEAD_UNITS, 1 },
        { { 2, 4, 1, down, resting, -0.1, 1, 1 }, CAUSE_SADDLE, 1 },
        { { 2, 4, 1, down, resting, 0.1, 1, 1 }, CAUSE_NONE, 1 },
        { { 2, 4, 0.05, down, walking, 1e-4, 0.5, 0 }, CAUSE_RATE_TOO_SMALL, 2 },
        { { 2, 4, 1, down, walking, 1e-4, 1, 0 }, CAUSE_SCALING, 1 },
        { { 2, 4, 1, down, walking, 0.1, 1, 0 }, CAUSE_PATIENCE, 1 },
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        Cause got = gradient_descent_diagnose(&next, &c[i].run);
        expect(got == c[i].want && next == c[i].next, "case %zu: got %d, %g, want %d, %g", i, (int)got, next,
               (int)c[i].want, c[i].next);
    }
}
