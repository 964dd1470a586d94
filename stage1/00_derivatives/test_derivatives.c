/* test_derivatives.c -- the probes that grade derivatives.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "derivatives.h"

static int *signs(int N)
{
    int *y = probe_ints(N, 0, 1);
    for (int n = 0; n < N; n++) y[n] = 2 * y[n] - 1;
    return y;
}

static void emit_dual(Dual a)
{
    double pair[2] = { a.v, a.d };
    emit("value and derivative", pair, 2);
}

/* ---- step derivatives_dual --------------------------------------------------------------------------------------- */

static Dual two(DualOp op, Dual a, Dual b) { return derivatives_dual(op, a, b); }
static Dual one(DualOp op, Dual a) { return derivatives_dual(op, a, (Dual){ 0, 0 }); }
static Dual constant(double v) { return (Dual){ v, 0 }; }

PROBE(derivatives_dual, by_pencil)                      /* x = 3: x^2, x/(x + 1), log x */
{
    Dual x = { 3, 1 };
    probe_freeze();
    emit_dual(two(DUAL_MUL, x, x));
    emit_dual(two(DUAL_DIV, x, (Dual){ 4, 1 }));
    emit_dual(one(DUAL_LOG, x));
}

PROBE(derivatives_dual, each_operation)
{
    double values[24];
    Dual   a = { probe_real(0.2, 2), probe_real(-2, 2) }, b = { probe_real(0.5, 2), probe_real(-2, 2) };
    probe_freeze();
    for (int op = DUAL_ADD; op <= DUAL_RELU; op++) {
        Dual r = two((DualOp)op, op >= DUAL_SIN && probe_int(0, 1) ? (Dual){ -a.v, a.d } : a, b);
        values[2 * op] = r.v, values[2 * op + 1] = r.d;
    }
    probe_scale(16);
    emit("values and derivatives", values, 12, 2);
}

PROBE(derivatives_dual, at_the_kinks)                   /* and a constant's derivative stays 0 */
{
    Dual zero = { 0, probe_real(1, 2) };
    probe_freeze();
    emit_dual(one(DUAL_RELU, zero));
    emit_dual(one(DUAL_ABS, zero));
    emit_dual(one(DUAL_EXP, constant(1)));
    emit_dual(two(DUAL_POWER, (Dual){ 2, 1 }, constant(probe_pick(0, 1, 3))));
}

/* Numbers that stay tame: logarithms and roots of a^2 + 1, exp of tanh, quotients by b^2 + 1. */
static Dual expression(const int *op, int n, double x, double y, double dx, double dy)
{
    Dual a = { x, dx }, b = { y, dy }, got = a;
    for (int i = 0; i < n; i++) {
        Dual safe = two(DUAL_ADD, two(DUAL_MUL, a, a), constant(1));
        switch (op[i]) {
        case DUAL_LOG: case DUAL_SQRT: got = one((DualOp)op[i], safe); break;
        case DUAL_POWER: got = two(DUAL_POWER, safe, constant(-1.5)); break;
        case DUAL_EXP: got = one(DUAL_EXP, one(DUAL_TANH, a)); break;
        case DUAL_DIV: got = two(DUAL_DIV, b, safe); break;
        default: got = two((DualOp)op[i], a, b);
        }
        b = a, a = got;
    }
    return got;
}

PROBE(derivatives_dual, random_expressions)
{
    int    n = probe_pick(1, 3, 6, 9), *op = probe_ints(n, DUAL_ADD, DUAL_TANH);
    double x = probe_real(-1.5, 1.5), y = probe_real(-1.5, 1.5), dx = probe_real(-1, 1);
    probe_freeze();
    probe_terms(4096);                                  /* errors grow from operation to operation */
    probe_scale(16);
    emit_dual(expression(op, n, x, y, dx, 1));
}

/* ---- step derivatives_central ------------------------------------------------------------------------------------ */

static double bumpy(const double *x, int N, const void *of)
{
    const double *w = of;
    double sum = 0;
    for (int n = 0; n < N; n++) sum += sin(w[n] * x[n]) + 0.1 * x[n] * x[(n + 1) % N];
    return sum;
}

static void central(int N, double low, double high, double step)
{
    double *x = probe_inout_copy(N, probe_uniform_doubles(N, low, high));
    double *g = probe_output_doubles(N), *w = probe_uniform_doubles(N, 0.5, 2);
    probe_freeze();
    derivatives_central(g, x, bumpy, w, N, step);
    emit("g", g, N);
    emit_exact("x", x, N);
}

static double square(const double *x, int N, const void *of) { (void)N, (void)of; return x[0] * x[0]; }

PROBE(derivatives_central, by_pencil)                   /* x^2 at 3, with h = 3/4: exact for a parabola */
{
    double *x = probe_inout_doubles(1), *g = probe_output_doubles(1);
    x[0] = 3;
    probe_freeze();
    derivatives_central(g, x, square, NULL, 1, 0.25);
    emit("g", g, 1);
}

PROBE(derivatives_central, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 40);
    central(N, -3, 3, probe_pick(1, 10, 100) * 1e-4);
}

PROBE(derivatives_central, tiny_steps) { central(5, -3, 3, probe_pick(1, 3, 7) * 1e-10); }

PROBE(derivatives_central, large_arguments)             /* a step has to grow with x, or it is rounded away */
{
    central(4, 1e5, 1e7, 1e-7);
}

/* ---- step derivatives_layer -------------------------------------------------------------------------------------- */

static void layer(const double *dy, const double *W, const double *x, int M, int N)
{
    double *J = probe_output_doubles(M * N), *dx = probe_output_doubles(N), *dW = probe_output_doubles(M * N);
    probe_freeze();
    derivatives_layer(J, dx, dW, dy, W, x, M, N);
    probe_scale(4);
    probe_terms(M * N);
    emit("J", J, M, N);
    emit("dx", dx, N);
    emit("dW", dW, M, N);
}

PROBE(derivatives_layer, by_pencil)                     /* z = 0 in row 0: slope 1 */
{
    layer(probe_given_doubles(2, 1), probe_given_doubles(1, -1, 1, 0), probe_given_doubles(1, 1), 2, 2);
}

PROBE(derivatives_layer, awkward_sizes)
{
    int M = probe_pick(1, 2, 5, 17), N = probe_pick(1, 3, 8, 30);
    layer(probe_uniform_doubles(M, -1, 1), probe_uniform_doubles(M * N, -1, 1), probe_uniform_doubles(N, -1, 1), M, N);
}

/* ---- step derivatives_axb ---------------------------------------------------------------------------------------- */

static void axb(const double *dY, const double *A, const double *X, const double *B, int M, int K, int L, int N)
{
    double *dA = probe_output_doubles(M * K), *dX = probe_output_doubles(K * L), *dB = probe_output_doubles(L * N);
    double *room = probe_output_doubles(K * N + M * L);
    probe_freeze();
    derivatives_axb(dA, dX, dB, room, dY, A, X, B, M, K, L, N);
    probe_terms(4 * (K + L) * (M + N));                 /* a product of products */
    probe_scale(4);
    emit("dA", dA, M, K);
    emit("dX", dX, K, L);
    emit("dB", dB, L, N);
}

PROBE(derivatives_axb, by_pencil)                       /* (1,2) (2,2) (2,1): a number */
{
    axb(probe_given_doubles(1), probe_given_doubles(1, 2), probe_given_doubles(3, 4, 5, 6), probe_given_doubles(7, 8),
        1, 2, 2, 1);
}

PROBE(derivatives_axb, awkward_sizes)
{
    int M = probe_pick(1, 2, 5), K = probe_pick(1, 3, 4, 9), L = probe_pick(2, 1, 7), N = probe_pick(1, 6, 3);
    axb(probe_uniform_doubles(M * N, -1, 1), probe_uniform_doubles(M * K, -1, 1), probe_uniform_doubles(K * L, -1, 1),
        probe_uniform_doubles(L * N, -1, 1), M, K, L, N);
}

/* ---- step derivatives_huber -------------------------------------------------------------------------------------- */

static void huber(const double *p, const double *y, double delta, int N)
{
    double *dp = probe_output_doubles(N);
    probe_freeze();
    double loss = derivatives_huber(dp, p, y, delta, N);
    probe_terms(N * N);
    emit("loss", &loss, 1);
    emit("dp", dp, N);
}

PROBE(derivatives_huber, by_pencil) { huber(probe_given_doubles(1, -3, 2), probe_given_doubles(0.5, 0, 2), 1, 3); }

PROBE(derivatives_huber, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 100);
    huber(probe_uniform_doubles(N, -4, 4), probe_uniform_doubles(N, -4, 4), probe_pick(1, 2, 4) / 2.0, N);
}

PROBE(derivatives_huber, squared_error)
{
    int N = probe_pick(1, 5, 30);
    huber(probe_uniform_doubles(N, -1e3, 1e3), probe_uniform_doubles(N, -1, 1), INFINITY, N);
}

/* ---- step derivatives_margin ------------------------------------------------------------------------------------- */

static void margin(Margin kind, const double *z, const int *y, int N)
{
    double *dz = probe_output_doubles(N);
    probe_freeze();
    double loss = derivatives_margin(dz, kind, z, y, N);
    probe_terms(N * N);
    probe_scale(1e-290);                                /* exp(-700) and less has no digits to compare */
    emit("loss", &loss, 1);
    emit("dz", dz, N);
}

PROBE(derivatives_margin, by_pencil)
{
    margin(MARGIN_LOG, probe_given_doubles(0), probe_given_ints(1), 1);
    margin(MARGIN_HINGE, probe_given_doubles(0.5, 2, 0.5), probe_given_ints(1, 1, -1), 3);
}

PROBE(derivatives_margin, all_kinds)
{
    int N = probe_pick(1, 2, 7, 100);
    margin((Margin)probe_pick(MARGIN_LOG, MARGIN_HINGE, MARGIN_SQUARED), probe_uniform_doubles(N, -4, 4), signs(N), N);
}

PROBE(derivatives_margin, huge_logits)                  /* +-1e4: exp is infinite, or 0 */
{
    int     N = probe_pick(2, 8);
    double *z = probe_doubles(N);
    for (int n = 0; n < N; n++) z[n] = (n % 2 ? -1 : 1) * probe_real(700, 1e4);
    margin((Margin)probe_pick(MARGIN_LOG, MARGIN_HINGE, MARGIN_SQUARED), z, signs(N), N);
}

PROBE(derivatives_margin, nearly_no_loss)               /* exp(-37) and less: what 1 + e would round away */
{
    int     N = 4, *y = probe_given_ints(1, 1, 1, 1);
    double *dz = probe_output_doubles(N), *z = probe_uniform_doubles(N, 30, 60), least[4];
    for (int n = 0; n < N; n++) z[n] += 10 * n;
    probe_freeze();
    for (int n = 0; n < N; n++) {                       /* each by itself: beside the others it would not be seen */
        least[n] = derivatives_margin(dz + n, MARGIN_LOG, z + n, y + n, 1);
        probe_terms(16);
        emit("loss", &least[n], 1);
        emit("dz", &dz[n], 1);
    }
}

PROBE(derivatives_margin, at_the_hinge)                 /* margin 1 exactly: no loss, no slope */
{
    margin((Margin)probe_pick(MARGIN_HINGE, MARGIN_SQUARED), probe_given_doubles(1, -1, 1), probe_given_ints(1, -1, -1),
           3);
}

/* ---- step derivatives_softmax ------------------------------------------------------------------------------------ */

static void softmax(const double *z, const int *target, int N, int C)
{
    double *dz = probe_output_doubles(N * C);
    probe_freeze();
    double loss = derivatives_softmax(dz, z, target, N, C);
    probe_terms(N * N + C);
    probe_scale(1);                                     /* the logarithm of a sum that may be nearly 1 */
    emit("loss", &loss, 1);
    probe_scale(1.0 / N);
    emit("dz", dz, N, C);
}

PROBE(derivatives_softmax, by_pencil) { softmax(probe_given_doubles(0, 0, 0, 0), probe_given_ints(1), 1, 4); }

PROBE(derivatives_softmax, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33), C = probe_pick(1, 2, 3, 10, 100);
    softmax(probe_uniform_doubles(N * C, -5, 5), probe_ints(N, 0, C - 1), N, C);
}

PROBE(derivatives_softmax, huge_logits)
{
    int     N = 6, C = probe_pick(2, 5), *target = probe_ints(N, 0, C - 1);
    double *z = probe_doubles(N * C), shift = probe_pick(-1, 0, 1) * 1e4;
    for (int i = 0; i < N * C; i++) z[i] = shift + probe_pick(0, 1, 1000, 10000) * probe_real(-1, 1);
    softmax(z, target, N, C);
}

/* ---- step derivatives_gaussian ----------------------------------------------------------------------------------- */

static void gaussian(const double *mu, const double *s, const double *y, int N)
{
    double *dmu = probe_output_doubles(N), *ds = probe_output_doubles(N);
    probe_freeze();
    double loss = derivatives_gaussian(dmu, ds, mu, s, y, N);
    probe_terms(N * N);
    probe_scale(64);                                    /* squares up to 64, times exp of up to 2 */
    emit("loss", &loss, 1);
    emit("dmu", dmu, N);
    emit("ds", ds, N);
}

PROBE(derivatives_gaussian, by_pencil)
{
    gaussian(probe_given_doubles(1), probe_given_doubles(0), probe_given_doubles(3), 1);
}

PROBE(derivatives_gaussian, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 100);
    gaussian(probe_uniform_doubles(N, -4, 4), probe_uniform_doubles(N, -2, 2), probe_uniform_doubles(N, -4, 4), N);
}

/* ---- Oracles: every gradient against differences in long double -------------------------------------------------- */

static long double value_of(const int *op, int n, long double x, long double y)
{
    long double a = x, b = y, got = a;
    for (int i = 0; i < n; i++) {
        long double safe = a * a + 1;
        switch (op[i]) {
        case DUAL_ADD: got = a + b; break;
        case DUAL_SUB: got = a - b; break;
        case DUAL_MUL: got = a * b; break;
        case DUAL_DIV: got = b / safe; break;
        case DUAL_POWER: got = powl(safe, -1.5L); break;
        case DUAL_EXP: got = expl(tanhl(a)); break;
        case DUAL_LOG: got = logl(safe); break;
        case DUAL_SQRT: got = sqrtl(safe); break;
        case DUAL_SIN: got = sinl(a); break;
        default: got = tanhl(a);
        }
        b = a, a = got;
    }
    return got;
}

ORACLE(derivatives_dual, equals_differences)
{
    int    n = probe_pick(1, 3, 6), *op = probe_ints(n, DUAL_ADD, DUAL_TANH);
    double x = probe_real(-1.5, 1.5), y = probe_real(-1.5, 1.5), h = 1e-5;
    Dual   got = expression(op, n, x, y, 1, 0);
    double want = (double)((value_of(op, n, x + h, y) - value_of(op, n, x - h, y)) / (2 * (long double)h));
    expect(fabs(got.v - (double)value_of(op, n, x, y)) <= 1e-12 * (1 + fabs(got.v)), "value %g", got.v);
    expect(fabs(got.d - want) <= 1e-5 * (1 + fabs(want)), "derivative %g, differences %g", got.d, want);
}

/* The textbook's order: halving the step divides the error by four. */
ORACLE(derivatives_central, second_order)
{
    double x = probe_real(0.5, 1), w = 1.7, error[2], g;
    for (int k = 0; k < 2; k++) {
        derivatives_central(&g, &x, bumpy, &w, 1, k ? 5e-4 : 1e-3);
        error[k] = fabs(g - (w * cos(w * x) + 0.2 * x));
    }
    expect(error[0] < 1e-10 || fabs(error[0] / error[1] - 4) < 0.1, "errors %g, %g", error[0], error[1]);
}

typedef struct Shapes { int M, K, L, N; const double *dY, *A, *X, *B; } Shapes;

static double axb_value(const double *x, int count, const void *of)     /* of A, X, B one after the other */
{
    const Shapes *s = of;
    const double *A = x, *X = A + s->M * s->K, *B = X + s->K * s->L;
    double sum = 0;
    (void)count;
    for (int m = 0; m < s->M; m++)
        for (int n = 0; n < s->N; n++)
            for (int k = 0; k < s->K; k++)
                for (int l = 0; l < s->L; l++)
                    sum += s->dY[m * s->N + n] * A[m * s->K + k] * X[k * s->L + l] * B[l * s->N + n];
    return sum;
}

static void expect_same(const double *got, const double *want, int n, double within, const char *what)
{
    for (int i = 0; i < n; i++)
        expect(fabs(got[i] - want[i]) <= within, "%s[%d]: %g, want %g", what, i, got[i], want[i]);
}

ORACLE(derivatives_axb, equals_differences)
{
    Shapes s = { probe_pick(1, 3), probe_pick(2, 4), probe_pick(1, 5), probe_pick(3, 2), NULL, NULL, NULL, NULL };
    int    count = s.M * s.K + s.K * s.L + s.L * s.N;
    double *all = probe_uniform_doubles(count, -1, 1), *want = probe_output_doubles(count),
           *got = probe_output_doubles(count);
    double *room = probe_output_doubles(s.K * s.N + s.M * s.L);
    s.dY = probe_uniform_doubles(s.M * s.N, -1, 1);
    derivatives_central(want, all, axb_value, &s, count, 1e-3);         /* linear in each number: exact */
    derivatives_axb(got, got + s.M * s.K, got + s.M * s.K + s.K * s.L, room, s.dY, all, all + s.M * s.K,
                    all + s.M * s.K + s.K * s.L, s.M, s.K, s.L, s.N);
    expect_same(got, want, count, 1e-11, "gradient");
}

/* dx and dW are dy times the Jacobian, and the Jacobian is what differences say. */
static double layer_value(const double *x, int N, const void *of)
{
    const Shapes *s = of;                               /* M rows; dY the weights of the sum; A is W */
    double sum = 0;
    for (int m = 0; m < s->M; m++) {
        double z = 0;
        for (int n = 0; n < N; n++) z += s->A[m * N + n] * x[n];
        sum += s->dY[m] * tanh(z);
    }
    return sum;
}

ORACLE(derivatives_layer, equals_differences)
{
    int    M = probe_pick(1, 4), N = probe_pick(2, 6);
    double *W = probe_uniform_doubles(M * N, -1, 1), *x = probe_uniform_doubles(N, -1, 1),
           *dy = probe_uniform_doubles(M, -1, 1), *J = probe_output_doubles(M * N), *dx = probe_output_doubles(N),
           *dW = probe_output_doubles(M * N), *want = probe_output_doubles(N);
    Shapes  s = { M, 0, 0, N, dy, W, NULL, NULL };
    derivatives_layer(J, dx, dW, dy, W, x, M, N);
    derivatives_central(want, x, layer_value, &s, N, 1e-5);
    expect_same(dx, want, N, 1e-8, "dx");
    for (int n = 0; n < N; n++) {
        double sum = 0;
        for (int m = 0; m < M; m++) sum += dy[m] * J[m * N + n];
        expect(fabs(sum - dx[n]) < 1e-14, "dy J: %g, dx %g", sum, dx[n]);
    }
}

/* Losses: the value at known places, and the gradient by differences. */
typedef struct Loss { int which, C; const double *other, *s; const int *label; double delta; } Loss;

static double loss_of(double *g, const double *x, int N, const Loss *l)
{
    static double spare[64];
    if (l->which == 0) return derivatives_huber(g, x, l->other, l->delta, N);
    if (l->which <= 3) return derivatives_margin(g, (Margin)(l->which - 1), x, l->label, N);
    if (l->which == 4) return derivatives_softmax(g, x, l->label, N / l->C, l->C);
    if (l->which == 5) return derivatives_gaussian(g, spare, x, l->s, l->other, N);
    return derivatives_gaussian(spare, g, l->s, x, l->other, N);
}

static double loss_value(const double *x, int N, const void *of)
{
    double spare[64];
    return loss_of(spare, x, N, of);
}

static void expect_gradient(int which)
{
    int     N = 12, C = 3;
    double *x = probe_uniform_doubles(N, -2, 2), *g = probe_output_doubles(N), *want = probe_output_doubles(N);
    int    *label = which == 4 ? probe_ints(N / C, 0, C - 1) : signs(N);
    Loss    l = { which, C, probe_uniform_doubles(N, -2, 2), probe_uniform_doubles(N, -1, 1), label, 0.7 };
    for (int n = 0; n < N; n++)                         /* off the kinks */
        if (fabs(fabs(x[n] - l.other[n]) - l.delta) < 1e-3 || fabs(fabs(x[n]) - 1) < 1e-3) x[n] += 0.01;
    loss_of(g, x, N, &l);
    derivatives_central(want, x, loss_value, &l, N, 1e-5);
    expect_same(g, want, N, 1e-8, "gradient");
}

ORACLE(derivatives_huber, equals_differences) { expect_gradient(0); }
ORACLE(derivatives_margin, equals_differences) { expect_gradient(probe_pick(1, 2, 3)); }
ORACLE(derivatives_softmax, equals_differences) { expect_gradient(4); }
ORACLE(derivatives_gaussian, equals_differences) { expect_gradient(probe_pick(5, 6)); }

ORACLE(derivatives_margin, known_values)
{
    double dz, z = 0, big = 1e4;
    int    yes = 1, no = -1;
    expect(fabs(derivatives_margin(&dz, MARGIN_LOG, &z, &yes, 1) - log(2)) < 1e-15 && dz == -0.5, "at 0");
    expect(derivatives_margin(&dz, MARGIN_LOG, &big, &no, 1) == 1e4 && dz == 1, "wrong by 1e4: its size, slope 1");
    expect(derivatives_margin(&dz, MARGIN_LOG, &big, &yes, 1) == 0 && dz == 0, "right by 1e4: 0, and no NaN");
}

ORACLE(derivatives_gaussian, known_values)              /* -log N(0 | 0, 1) = log(2 pi) / 2 */
{
    double dmu, ds, zero = 0, loss = derivatives_gaussian(&dmu, &ds, &zero, &zero, &zero, 1);
    expect(fabs(loss - 0.918938533204672742) < 1e-15 && dmu == 0 && ds == 0.5, "%.17g %g %g", loss, dmu, ds);
}

ORACLE(derivatives_softmax, known_values)               /* C equal logits: log C, whatever their size */
{
    int    C = probe_pick(2, 10), target = 1;
    double z[10], dz[10], at = probe_pick(-1, 0, 1) * 1e4;
    for (int c = 0; c < C; c++) z[c] = at;
    double loss = derivatives_softmax(dz, z, &target, 1, C);
    expect(fabs(loss - log(C)) < 1e-14 && fabs(dz[0] - 1.0 / C) < 1e-15, "%g for %d classes", loss, C);
}
