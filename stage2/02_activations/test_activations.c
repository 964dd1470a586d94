/* test_activations.c -- probes that grade activations.c, and oracles that prove the reference right. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "probe.h"
#include "activations.h"

enum { MAX_L = 4, MAX_SIZE = 17, MAX_P = MAX_L * (MAX_SIZE + 1) * MAX_SIZE };

static double largest(const float *x, int n)            /* of the finite ones */
{
    double max = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i])) max = fmax(max, fabs((double)x[i]));
    return max;
}

/* A dozen float operations, one after the other, on numbers of that size. */
static void dozen(double scale) { probe_terms(25), probe_scale(scale); }

static ActivationsKind squasher(void) { return (ActivationsKind)probe_pick(ACTIVATIONS_SIGMOID, ACTIVATIONS_TANH); }
static ActivationsKind rectifier(void)
{
    return (ActivationsKind)probe_pick(ACTIVATIONS_RELU, ACTIVATIONS_LEAKY_RELU, ACTIVATIONS_ELU, ACTIVATIONS_SOFTPLUS);
}
static ActivationsKind gater(void)
{
    return (ActivationsKind)probe_pick(ACTIVATIONS_SILU, ACTIVATIONS_GELU, ACTIVATIONS_GELU_TANH);
}
static int some_size(void) { return probe_pick(1, 2, 7, 33, 129); }

#define FAR_OUT -1e9f, -1e4f, -700, -90, -30, 30, 90, 700, 1e4f, 1e9f, NAN
enum { FAR = 11 };

/* ---- step activations_squash ------------------------------------------------------------------------------------- */

static void squash(const float *x, ActivationsKind kind, int N)
{
    float *y = probe_output(N);
    probe_freeze();
    activations_squash(y, x, kind, N);
    dozen(0);
    emit("y", y, N);
}

PROBE(activations_squash, by_pencil)                    /* sigmoid at 0, log 3, -log 3: 1/2, 3/4, 1/4 */
{
    squash(probe_given(0, 1.0986123f, -1.0986123f), ACTIVATIONS_SIGMOID, 3);
}

PROBE(activations_squash, tanh_by_pencil)               /* 0, and 4/5 at log 3 */
{
    squash(probe_given(0, 1.0986123f, -1.0986123f), ACTIVATIONS_TANH, 3);
}

PROBE(activations_squash, any)
{
    ActivationsKind kind = squasher();
    int N = some_size();
    squash(probe_floats(N), kind, N);
}

PROBE(activations_squash, far_out) { squash(probe_given(FAR_OUT), squasher(), FAR); }

PROBE(activations_squash, small_results)                /* the smallest number that is not 0 */
{
    bool sigmoid = probe_pick(1, 0);
    squash(sigmoid ? probe_uniform(5, -80, -75) : probe_uniform(5, 1e-6, 2e-6),
           sigmoid ? ACTIVATIONS_SIGMOID : ACTIVATIONS_TANH, 5);
}

PROBE(activations_squash, in_place)
{
    ActivationsKind kind = squasher();
    int N = some_size();
    float *x = probe_inout(N);
    activations_squash(x, x, kind, N);
    dozen(0);
    emit("x", x, N);
}

PROBE(activations_squash, none) { squash(probe_output(0), ACTIVATIONS_SIGMOID, 0); }

/* ---- step activations_squash_backward ---------------------------------------------------------------------------- */

static void squash_backward(const float *y, const float *dy, ActivationsKind kind, int N)
{
    float *dx = probe_output(N);
    probe_freeze();
    activations_squash_backward(dx, y, dy, kind, N);
    dozen(largest(dy, N));
    emit("dx", dx, N);
}

PROBE(activations_squash_backward, by_pencil)           /* y = 1/2, 3/4, 1/4: slopes 1/4, 3/16, 3/16 */
{
    float *y = probe_given(0.5f, 0.75f, 0.25f), *dy = probe_given(1, 1, 1);
    squash_backward(y, dy, ACTIVATIONS_SIGMOID, 3);
}

PROBE(activations_squash_backward, tanh_by_pencil)      /* y = 0, 4/5, -4/5: slopes 1, 9/25, 9/25 */
{
    float *y = probe_given(0, 0.8f, -0.8f), *dy = probe_given(1, 1, 1);
    squash_backward(y, dy, ACTIVATIONS_TANH, 3);
}

PROBE(activations_squash_backward, any)
{
    ActivationsKind kind = squasher();
    int N = some_size();
    float *y = probe_uniform(N, kind == ACTIVATIONS_TANH ? -1 : 0, 1), *dy = probe_normal(N, 0, 2);
    squash_backward(y, dy, kind, N);
}

PROBE(activations_squash_backward, saturated)           /* at its bounds, where nothing comes through */
{
    ActivationsKind kind = squasher();
    float *y = kind == ACTIVATIONS_TANH ? probe_given(-1, 1, 1, -1) : probe_given(0, 1, 0, 1);
    float *dy = probe_normal(4, 0, 2);
    squash_backward(y, dy, kind, 4);
}

PROBE(activations_squash_backward, in_place)
{
    ActivationsKind kind = squasher();
    float *dy = probe_inout(7), *y = probe_uniform(7, 0, 1);
    double size = largest(dy, 7);
    probe_freeze();
    activations_squash_backward(dy, y, dy, kind, 7);
    dozen(size);
    emit("dy", dy, 7);
}

/* ---- step activations_rectify ------------------------------------------------------------------------------------ */

static void rectify(const float *x, ActivationsKind kind, float alpha, int N)
{
    float *y = probe_output(N);
    probe_freeze();
    activations_rectify(y, x, kind, alpha, N);
    dozen(0);
    emit("y", y, N);
}

PROBE(activations_rectify, by_pencil) { rectify(probe_given(-2, 0, 3), ACTIVATIONS_LEAKY_RELU, 0.25f, 3); }

PROBE(activations_rectify, steeper_on_the_left) { rectify(probe_given(-2, 0, 3), ACTIVATIONS_LEAKY_RELU, 2, 3); }

PROBE(activations_rectify, softplus_by_pencil)          /* log 2 at 0; log 4 at log 3 */
{
    rectify(probe_given(0, 1.0986123f), ACTIVATIONS_SOFTPLUS, 0, 2);
}

PROBE(activations_rectify, any)
{
    ActivationsKind kind = rectifier();
    int N = some_size();
    float *x = probe_floats(N);
    rectify(x, kind, probe_real(0.01, 1.5), N);
}

PROBE(activations_rectify, far_out)
{
    ActivationsKind kind = rectifier();
    rectify(probe_given(FAR_OUT), kind, 0.5f, FAR);
}

PROBE(activations_rectify, small_results)               /* exp(x) - 1 near 0; log(1 + exp(x)) far on the left */
{
    bool elu = probe_pick(1, 0);
    rectify(elu ? probe_uniform(5, -2e-6, -1e-6) : probe_uniform(5, -80, -75),
            elu ? ACTIVATIONS_ELU : ACTIVATIONS_SOFTPLUS, 1, 5);
}

PROBE(activations_rectify, in_place)
{
    ActivationsKind kind = rectifier();
    int N = some_size();
    float *x = probe_inout(N);
    activations_rectify(x, x, kind, 0.3f, N);
    dozen(0);
    emit("x", x, N);
}

/* ---- step activations_rectify_backward --------------------------------------------------------------------------- */

static void rectify_backward(const float *x, const float *dy, ActivationsKind kind, float alpha, int N)
{
    float *dx = probe_output(N);
    probe_freeze();
    activations_rectify_backward(dx, x, dy, kind, alpha, N);
    dozen(largest(dy, N));
    emit("dx", dx, N);
}

PROBE(activations_rectify_backward, by_pencil)
{
    float *x = probe_given(-2, 0, 3), *dy = probe_given(1, 1, 1);
    rectify_backward(x, dy, ACTIVATIONS_LEAKY_RELU, 0.25f, 3);
}

PROBE(activations_rectify_backward, softplus_by_pencil) /* sigmoid: 1/2, 3/4, 1/4 */
{
    float *x = probe_given(0, 1.0986123f, -1.0986123f), *dy = probe_given(1, 1, 1);
    rectify_backward(x, dy, ACTIVATIONS_SOFTPLUS, 0, 3);
}

PROBE(activations_rectify_backward, any)
{
    ActivationsKind kind = rectifier();
    int N = some_size();
    float *x = probe_normal(N, 0, 2), *dy = probe_normal(N, 0, 2);
    rectify_backward(x, dy, kind, probe_real(0.01, 1.5), N);
}

PROBE(activations_rectify_backward, at_zero)
{
    ActivationsKind kind = rectifier();
    float *x = probe_given(0, -0.0f), *dy = probe_normal(2, 0, 2);
    rectify_backward(x, dy, kind, 0.25f, 2);
}

PROBE(activations_rectify_backward, far_out)
{
    ActivationsKind kind = rectifier();
    float *x = probe_given(-1e9f, -1e4f, -700, -90, -30, 30, 90, 700, 1e4f, 1e9f), *dy = probe_normal(10, 0, 2);
    rectify_backward(x, dy, kind, 0.5f, 10);
}

PROBE(activations_rectify_backward, in_place)
{
    ActivationsKind kind = rectifier();
    float *dy = probe_inout(7), *x = probe_normal(7, 0, 2);
    double size = largest(dy, 7);
    probe_freeze();
    activations_rectify_backward(dy, x, dy, kind, 0.3f, 7);
    dozen(size);
    emit("dy", dy, 7);
}

/* ---- step activations_gate --------------------------------------------------------------------------------------- */

static void gate(const float *x, ActivationsKind kind, int N)
{
    float *y = probe_output(N);
    probe_freeze();
    activations_gate(y, x, kind, N);
    dozen(kind == ACTIVATIONS_SILU ? 0 : 1);
    emit("y", y, N);
}

PROBE(activations_gate, by_pencil)                      /* silu at 0, log 3, -log 3 */
{
    gate(probe_given(0, 1.0986123f, -1.0986123f), ACTIVATIONS_SILU, 3);
}

PROBE(activations_gate, any)
{
    ActivationsKind kind = gater();
    int N = some_size();
    gate(probe_normal(N, 0, 2), kind, N);
}

PROBE(activations_gate, far_out)
{
    ActivationsKind kind = gater();
    float *x = probe_given(-1e9f, -1e4f, -700, -90, -30, NAN);
    gate(x, kind, 6);
}

PROBE(activations_gate, far_out_on_the_right)
{
    ActivationsKind kind = gater();
    float *x = probe_given(30, 90, 700, 1e4f, 1e9f);
    gate(x, kind, 5);
}

PROBE(activations_gate, small_results)                  /* x exp(x) */
{
    gate(probe_uniform(5, -80, -75), ACTIVATIONS_SILU, 5);
}

PROBE(activations_gate, in_place)
{
    ActivationsKind kind = gater();
    int N = some_size();
    float *x = probe_inout(N);
    activations_gate(x, x, kind, N);
    dozen(1);
    emit("x", x, N);
}

/* ---- step activations_gate_backward ------------------------------------------------------------------------------ */

static void gate_backward(const float *x, const float *dy, ActivationsKind kind, int N)
{
    float *dx = probe_output(N);
    probe_freeze();
    activations_gate_backward(dx, x, dy, kind, N);
    dozen(2 * largest(dy, N));
    emit("dx", dx, N);
}

PROBE(activations_gate_backward, by_pencil)             /* silu at 0, log 3: 1/2, 3/4 + log 3 3/16 */
{
    float *x = probe_given(0, 1.0986123f), *dy = probe_given(1, 1);
    gate_backward(x, dy, ACTIVATIONS_SILU, 2);
}

PROBE(activations_gate_backward, any)
{
    ActivationsKind kind = gater();
    int N = some_size();
    float *x = probe_normal(N, 0, 2), *dy = probe_normal(N, 0, 2);
    gate_backward(x, dy, kind, N);
}

PROBE(activations_gate_backward, far_out)
{
    ActivationsKind kind = gater();
    float *x = probe_given(FAR_OUT), *dy = probe_normal(FAR, 0, 2);
    gate_backward(x, dy, kind, FAR);
}

PROBE(activations_gate_backward, in_place)
{
    ActivationsKind kind = gater();
    float *dy = probe_inout(7), *x = probe_normal(7, 0, 2);
    double size = largest(dy, 7);
    probe_freeze();
    activations_gate_backward(dy, x, dy, kind, 7);
    dozen(2 * size);
    emit("dy", dy, 7);
}

/* ---- step activations_saturated ---------------------------------------------------------------------------------- */

static void saturated(const float *slope, float small, int N, int C)
{
    float *share = probe_output(C);
    int    dead[1];
    probe_freeze();
    dead[0] = activations_saturated(share, slope, small, N, C);
    probe_terms(1), probe_scale(1);
    emit("share", share, C);
    emit_exact("dead", dead, 1);
}

PROBE(activations_saturated, by_pencil)                 /* ReLU's slopes of three units at two samples */
{
    saturated(probe_given(1, 0, 0, 1, 1, 0), 0.5f, 2, 3);
}

PROBE(activations_saturated, any)
{
    int N = probe_pick(1, 2, 9, 33), C = probe_pick(1, 3, 7, 17);
    float *slope = probe_normal(N * C, 0, 1);
    saturated(slope, probe_real(0.1, 2), N, C);
}

PROBE(activations_saturated, many_dead)                 /* a unit in two, whatever the sample */
{
    int N = probe_pick(3, 9, 1), C = probe_pick(4, 7);
    float value[9 * 7];
    for (int i = 0; i < N * C; i++) value[i] = i % C % 2 ? 0 : (float)(probe_real(0.5, 1) * (probe_int(0, 1) ? 1 : -1));
    float *slope = probe_copy(N * C, value);
    saturated(slope, 0.25f, N, C);
}

PROBE(activations_saturated, on_the_edge)               /* as large as small is not smaller; nor is NaN */
{
    saturated(probe_given(0.25f, -0.25f, 0.125f, -0.125f, NAN, 0.25f, 0, NAN), 0.25f, 2, 4);
}

/* ---- step activations_collapse ----------------------------------------------------------------------------------- */

/* Layers as nets have them, so that no product of them grows or dies out. */
static float *layers(int L, const int *size, double *scale)
{
    float p[MAX_P], *at = p;
    *scale = 1;
    for (int l = 0; l < L; l++) {
        double bound = sqrt(3.0 / size[l]);
        for (int i = 0; i < size[l] * size[l + 1]; i++) *at++ = (float)probe_real(-bound, bound);
        for (int o = 0; o < size[l + 1]; o++) *at++ = (float)probe_real(-1, 1);
        *scale *= 2;
    }
    return probe_copy((int)(at - p), p);
}

static void collapse(const float *p, int L, const int *size, double scale)
{
    int units = 0, IN = size[0], OUT = size[L];
    for (int l = 1; l <= L; l++) units += size[l];
    float *w = probe_output(OUT * IN), *b = probe_output(OUT), *work = probe_output(units * (IN + 1));
    probe_freeze();
    activations_collapse(w, b, work, p, L, size);
    probe_terms(L * MAX_SIZE), probe_scale(scale);
    emit("w", w, OUT, IN);
    emit("b", b, OUT);
}

PROBE(activations_collapse, by_pencil)                  /* (1, 2) upright, b (0, 1); then (3, -1), b 5 */
{
    int *size = probe_given_ints(1, 2, 1);
    collapse(probe_given(1, 2, 0, 1, 3, -1, 5), 2, size, 0);
}

PROBE(activations_collapse, awkward_sizes)
{
    int L = probe_pick(1, 2, 3, 4), size[MAX_L + 1];
    double scale;
    for (int l = 0; l <= L; l++) {
        static const int from[] = { 1, 2, 3, 5, 7, 17 };
        size[l] = from[probe_int(0, 5)];
    }
    int *sizes = probe_copy_ints(L + 1, size);
    float *p = layers(L, sizes, &scale);
    collapse(p, L, sizes, scale);
}

PROBE(activations_collapse, wide_in_the_middle)         /* what stands there meanwhile has no room in w */
{
    double scale;
    int   *size = probe_given_ints(3, 17, 5, 2);
    float *p = layers(3, size, &scale);
    collapse(p, 3, size, scale);
}

/* ---- oracles ----------------------------------------------------------------------------------------------------- */

/* PyTorch 2.15 in double, ELU with alpha 1, leaky ReLU with 0.01. */
static const float golden_x[] = { -3, -1, -0.5f, 0.5f, 1, 3 };
static const struct Golden { ActivationsKind kind; double y[6], slope[6]; } golden[] = {
    { ACTIVATIONS_SIGMOID,
      { 0.0474258732, 0.268941421, 0.377540669, 0.622459331, 0.731058579, 0.952574127 },
      { 0.0451766597, 0.196611933, 0.235003712, 0.235003712, 0.196611933, 0.0451766597 } },
    { ACTIVATIONS_TANH,
      { -0.995054754, -0.761594156, -0.462117157, 0.462117157, 0.761594156, 0.995054754 },
      { 0.00986603717, 0.419974342, 0.786447733, 0.786447733, 0.419974342, 0.00986603717 } },
    { ACTIVATIONS_RELU,
      { 0, 0, 0, 0.5, 1, 3 },
      { 0, 0, 0, 1, 1, 1 } },
    { ACTIVATIONS_LEAKY_RELU,
      { -0.03, -0.01, -0.005, 0.5, 1, 3 },
      { 0.01, 0.01, 0.01, 1, 1, 1 } },
    { ACTIVATIONS_ELU,
      { -0.950212932, -0.632120559, -0.39346934, 0.5, 1, 3 },
      { 0.0497870684, 0.367879441, 0.60653066, 1, 1, 1 } },
    { ACTIVATIONS_SOFTPLUS,
      { 0.0485873516, 0.313261688, 0.474076984, 0.974076984, 1.31326169, 3.04858735 },
      { 0.0474258732, 0.268941421, 0.377540669, 0.622459331, 0.731058579, 0.952574127 } },
    { ACTIVATIONS_SILU,
      { -0.14227762, -0.268941421, -0.188770334, 0.311229666, 0.731058579, 2.85772238 },
      { -0.088104106, 0.0723294881, 0.260038813, 0.739961187, 0.927670512, 1.08810411 } },
    { ACTIVATIONS_GELU,
      { -0.00404969409, -0.158655254, -0.154268769, 0.345731231, 0.841344746, 2.99595031 },
      { -0.0119456472, -0.0833154706, 0.132504875, 0.867495125, 1.08331547, 1.01194565 } },
    { ACTIVATIONS_GELU_TANH,
      { -0.00363739208, -0.158808009, -0.15428599, 0.34571401, 0.841191991, 2.99636261 },
      { -0.0115841666, -0.0829640838, 0.132630096, 0.867369904, 1.08296408, 1.01158417 } },
};

static void forward(float *y, const float *x, ActivationsKind kind, float alpha, int N)
{
    if (kind <= ACTIVATIONS_TANH) activations_squash(y, x, kind, N);
    else if (kind <= ACTIVATIONS_SOFTPLUS) activations_rectify(y, x, kind, alpha, N);
    else activations_gate(y, x, kind, N);
}

static void backward(float *dx, const float *x, const float *y, const float *dy, ActivationsKind kind, float alpha,
                     int N)
{
    if (kind <= ACTIVATIONS_TANH) activations_squash_backward(dx, y, dy, kind, N);
    else if (kind <= ACTIVATIONS_SOFTPLUS) activations_rectify_backward(dx, x, dy, kind, alpha, N);
    else activations_gate_backward(dx, x, dy, kind, N);
}

ORACLE(activations_gate, values_of_pytorch)
{
    for (int k = 0; k < 9; k++) {
        float y[6], dx[6], one[] = { 1, 1, 1, 1, 1, 1 }, alpha = golden[k].kind == ACTIVATIONS_ELU ? 1 : 0.01f;
        forward(y, golden_x, golden[k].kind, alpha, 6);
        backward(dx, golden_x, y, one, golden[k].kind, alpha, 6);
        for (int i = 0; i < 6; i++) {
            expect(fabs(y[i] - golden[k].y[i]) <= 3e-7, "kind %d at %g: %.9g, want %.9g", k, golden_x[i], y[i],
                   golden[k].y[i]);
            expect(fabs(dx[i] - golden[k].slope[i]) <= 3e-7, "slope of %d at %g: %.9g, want %.9g", k, golden_x[i],
                   dx[i], golden[k].slope[i]);
        }
    }
}

static double in_double(ActivationsKind kind, double alpha, double x)
{
    double u = sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x);
    switch (kind) {
    case ACTIVATIONS_SIGMOID: return 1 / (1 + exp(-x));
    case ACTIVATIONS_TANH: return tanh(x);
    case ACTIVATIONS_RELU: return x > 0 ? x : 0;
    case ACTIVATIONS_LEAKY_RELU: return x > 0 ? x : alpha * x;
    case ACTIVATIONS_ELU: return x > 0 ? x : alpha * expm1(x);
    case ACTIVATIONS_SOFTPLUS: return x > 30 ? x : log1p(exp(x));
    case ACTIVATIONS_SILU: return x / (1 + exp(-x));
    case ACTIVATIONS_GELU: return x * 0.5 * erfc(-x / sqrt(2));
    default: return x * 0.5 * (1 + tanh(u));
    }
}

/* Every kind in double by another formula, its slope by central differences of that. */
ORACLE(activations_rectify, in_double_and_by_differences)
{
    const double h = 1e-4;
    for (ActivationsKind kind = ACTIVATIONS_SIGMOID; kind <= ACTIVATIONS_GELU_TANH; kind++) {
        float x = (float)probe_real(-8, 8), dy = (float)probe_real(0.5, 2), alpha = (float)probe_real(0.01, 1.5), y, dx;
        if (fabs(x) < 2 * h) continue;                  /* corners have no difference */
        double want = in_double(kind, alpha, x);
        double slope = dy * (in_double(kind, alpha, x + h) - in_double(kind, alpha, x - h)) / (2 * h);
        forward(&y, &x, kind, alpha, 1);
        backward(&dx, &x, &y, &dy, kind, alpha, 1);
        expect(fabs(y - want) <= 2 * FLT_EPSILON * (fabs(want) + (kind == ACTIVATIONS_GELU_TANH ? 1e-3 : 0)),
               "kind %d at %g: %.9g, want %.9g", (int)kind, x, y, want);
        expect(fabs(dx - slope) <= 1e-6, "slope of %d at %g: %.9g, differences %.9g", (int)kind, x, dx, slope);
    }
}

ORACLE(activations_squash, pencil)
{
    float x[] = { 0, logf(3), -logf(3) }, y[3], dx[3], one[] = { 1, 1, 1 };
    activations_squash(y, x, ACTIVATIONS_SIGMOID, 3);
    activations_squash_backward(dx, y, one, ACTIVATIONS_SIGMOID, 3);
    for (int i = 0; i < 3; i++) {
        float want[] = { 0.5f, 0.75f, 0.25f }, slope[] = { 0.25f, 0.1875f, 0.1875f };
        expect(fabsf(y[i] - want[i]) < 1e-7f && fabsf(dx[i] - slope[i]) < 1e-7f, "at %g: %g, %g", x[i], y[i], dx[i]);
    }
}

/* sigmoid' is at most 1/4, tanh' 1, SiLU's 1.09984 at 2.3994, GELU's 1.12891 at sqrt 2; all others' 1. */
ORACLE(activations_gate_backward, steepest_places)
{
    static const double most[] = { 0.25, 1, 1, 1, 1, 1, 1.099840, 1.128906, 1.128906 };
    static const float  there[] = { 0, 0, 1, 1, 1, 20, 2.399357f, 1.414214f, 1.414214f };
    for (ActivationsKind kind = ACTIVATIONS_SIGMOID; kind <= ACTIVATIONS_GELU_TANH; kind++) {
        float  x[] = { there[kind], (float)probe_real(-10, 10) }, y[2], one[] = { 1, 1 }, dx[2];
        double near = kind == ACTIVATIONS_GELU_TANH ? 1e-3 : 2e-6;      /* an approximation of its neighbour */
        forward(y, x, kind, 0.1f, 2);
        backward(dx, x, y, one, kind, 0.1f, 2);
        expect(fabs(dx[0] - most[kind]) <= near, "kind %d at %g: %.7g, want %.7g", (int)kind, x[0], dx[0], most[kind]);
        expect(dx[1] <= most[kind] + near, "kind %d at %g: %.7g, at most %.7g", (int)kind, x[1], dx[1], most[kind]);
    }
}

ORACLE(activations_saturated, by_rows)
{
    int N = probe_int(1, 20), C = probe_int(1, 9), dead = 0;
    float *slope = probe_normal(N * C, 0, 1), share[9];
    int got = activations_saturated(share, slope, 1.5f, N, C);
    for (int c = 0; c < C; c++) {
        int small = 0;
        for (int i = c; i < N * C; i += C) small += slope[i] > -1.5f && slope[i] < 1.5f;
        dead += small == N;
        expect(fabs(share[c] - (double)small / N) < 1e-7, "share[%d] = %g, want %d / %d", c, share[c], small, N);
    }
    expect(got == dead, "%d dead, want %d", got, dead);
}

ORACLE(activations_collapse, pencil)
{
    float p[] = { 1, 2, 0, 1, 3, -1, 5 }, w, b, work[6];
    activations_collapse(&w, &b, work, p, 2, (int[]){ 1, 2, 1 });
    expect(w == 1 && b == 4, "w %g, b %g", w, b);
}

/* One matrix answers as all layers do, one after the other. */
ORACLE(activations_collapse, answers_as_the_layers_do)
{
    int    L = probe_int(1, 4), size[MAX_L + 1];
    double scale, a[MAX_SIZE], next[MAX_SIZE];
    for (int l = 0; l <= L; l++) size[l] = probe_int(1, MAX_SIZE);
    float *p = layers(L, size, &scale), *x = probe_normal(size[0], 0, 1);
    float  w[MAX_SIZE * MAX_SIZE], b[MAX_SIZE], work[MAX_L * MAX_SIZE * (MAX_SIZE + 1)];
    activations_collapse(w, b, work, p, L, size);
    for (int i = 0; i < size[0]; i++) a[i] = x[i];
    for (int l = 0; l < L; p += (size[l] + 1) * size[l + 1], l++) {
        for (int o = 0; o < size[l + 1]; o++) {
            next[o] = p[size[l] * size[l + 1] + o];
            for (int i = 0; i < size[l]; i++) next[o] += p[o * size[l] + i] * a[i];
        }
        memcpy(a, next, sizeof a);
    }
    for (int o = 0; o < size[L]; o++) {
        double got = b[o];
        for (int i = 0; i < size[0]; i++) got += (double)w[o * size[0] + i] * x[i];
        expect(fabs(got - a[o]) <= FLT_EPSILON * 40 * scale, "%d layers, y[%d]: %.9g, want %.9g", L, o, got, a[o]);
    }
}
