/* test_mlp.c -- probes that grade mlp.c, and oracles that prove the reference right. */
#define _DEFAULT_SOURCE /* M_PI */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "mlp.h"

enum { MAX_L = 4, MAX_SIZE = 40, MAX_P = MAX_L * (MAX_SIZE + 1) * MAX_SIZE, MAX_A = 16 * MAX_L * MAX_SIZE };

/* The lesson's net solves XOR: h = relu(x1 + x2), relu(x1 + x2 - 1); y = h1 - 2 h2. */
static const int pencil_size[] = { 2, 2, 1 };
#define PENCIL_P 1, 1, 1, 1, 0, -1, 1, -2, 0               /* w0, b0, w1, b1 */
#define PENCIL_X 0, 0, 0, 1, 1, 0, 1, 1                     /* four rows */
#define PENCIL_ACT 0, 0, 1, 0, 1, 0, 2, 1, 0, 1, 1, 0       /* h of the four rows, then y */

static double largest(const float *x, int n)
{
    double max = 0;
    for (int i = 0; i < n; i++) max = fmax(max, fabs((double)x[i]));
    return max;
}

/* The longest row of a (count,n) matrix, or column, as the strides say: no partial sum of a . b exceeds |a| |b|. */
static double longest(const float *x, int count, int n, int row_stride, int stride)
{
    double max = 0;
    for (int r = 0; r < count; r++) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += pow(x[r * row_stride + i * stride], 2);
        max = fmax(max, sqrt(sum));
    }
    return max;
}

/* Numbers that add up without rounding in any order, so that no honest sum lands on the other side of the threshold. */
static float *quarters(int n)
{
    float value[4096];
    for (int i = 0; i < n; i++) value[i] = probe_int(-12, 12) / 4.0f;
    return probe_copy(n, value);
}

/* ---- A net of our own, in double: the backward probes must not wait for the learner's forward -------------------- */

typedef struct Net { int L, N, size[MAX_L + 1]; int P, A; } Net;

static Net net_of(int N, int L, const int *size)
{
    Net net = { .L = L, .N = N };
    memcpy(net.size, size, (L + 1) * sizeof *size);
    for (int l = 0; l < L; l++) net.P += (size[l] + 1) * size[l + 1], net.A += N * size[l + 1];
    return net;
}

static Net awkward_net(void)
{
    int N = probe_pick(1, 2, 3, 9), L = probe_pick(2, 1, 3, 4, 2), size[MAX_L + 1];
    for (int l = 0; l <= L; l++) {
        static const int from[] = { 1, 2, 3, 5, 7, 10, 17, 33 };
        size[l] = from[probe_int(0, 7)];
    }
    return net_of(N, L, size);
}

/* Weights as a net has them: neither dying out nor blowing up from layer to layer. */
static float *he_weights(const Net *net)
{
    float p[MAX_P], *at = p;
    for (int l = 0; l < net->L; l++) {
        int IN = net->size[l], OUT = net->size[l + 1];
        for (int i = 0; i < IN * OUT; i++) *at++ = probe_real(-1, 1) * sqrt(6.0 / IN);
        for (int o = 0; o < OUT; o++) *at++ = probe_real(-0.5, 0.5);
    }
    return probe_copy(net->P, p);
}

/* act in double. With `absolute`, of the net whose numbers are all made positive: no partial sum of any order is
 * larger, and no earlier rounding grows beyond it. */
static void net_forward(double *act, const Net *net, const double *x, const double *p, bool absolute)
{
    for (int l = 0; l < net->L; l++) {
        int IN = net->size[l], OUT = net->size[l + 1];
        const double *b = p + IN * OUT;
        for (int n = 0; n < net->N; n++)
            for (int o = 0; o < OUT; o++) {
                double sum = absolute ? fabs(b[o]) : b[o];
                for (int i = 0; i < IN; i++) {
                    double term = x[n * IN + i] * p[o * IN + i];
                    sum += absolute ? fabs(term) : term;
                }
                act[n * OUT + o] = l < net->L - 1 ? fmax(sum, 0) : sum;
            }
        x = act, act += net->N * OUT, p += (IN + 1) * OUT;
    }
}

static double *doubles(const float *x, int n)
{
    double *d = malloc((n + 1) * sizeof *d);
    for (int i = 0; i < n; i++) d[i] = x[i];
    return d;
}

/* What rounding may be relative to, in the scores; in dp where dscores is given: every factor made positive. */
static double net_scale(const Net *net, const float *x, const float *p)
{
    double *dx = doubles(x, net->N * net->size[0]), *dp = doubles(p, net->P), *act = malloc((net->A + 1) * sizeof *act),
           max = 0;
    net_forward(act, net, dx, dp, true);
    for (int a = 0; a < net->A; a++) max = fmax(max, act[a]);
    free(dx), free(dp), free(act);
    return max;
}

static float *activations(const Net *net, const float *x, const float *p)
{
    double *dx = doubles(x, net->N * net->size[0]), *dp = doubles(p, net->P), *act = malloc((net->A + 1) * sizeof *act);
    float value[MAX_A];
    net_forward(act, net, dx, dp, false);
    for (int a = 0; a < net->A; a++) value[a] = act[a];
    free(dx), free(dp), free(act);
    return probe_copy(net->A, value);
}

/* How large a gradient can get: dscores times the largest column sums of |w|, times the largest activation, N times. */
static double gradient_scale(const Net *net, const float *x, const float *act, const float *p, const float *dscores)
{
    double g = largest(dscores, net->N * net->size[net->L]), in = largest(x, net->N * net->size[0]);
    double scale = g;
    in = fmax(1, fmax(in, largest(act, net->A)));
    p += net->P;
    for (int l = net->L - 1; l >= 0; l--) {
        int IN = net->size[l], OUT = net->size[l + 1];
        double widest = 0;
        p -= (IN + 1) * OUT;
        scale = fmax(scale, g * in * net->N);
        for (int i = 0; i < IN; i++) {
            double sum = 0;
            for (int o = 0; o < OUT; o++) sum += fabs(p[o * IN + i]);
            widest = fmax(widest, sum);
        }
        g *= widest;
    }
    return scale;
}

/* ---- step mlp_neuron --------------------------------------------------------------------------------------------- */

static void neuron(const float *x, const float *w, float b, int N, int IN)
{
    float *y = probe_output(N);
    probe_freeze();
    mlp_neuron(y, x, w, b, N, IN);
    emit_exact("y", y, N);
}

PROBE(mlp_neuron, by_pencil)                        /* AND: only 1 + 1 - 1.5 is positive */
{
    float *x = probe_given(PENCIL_X), *w = probe_given(1, 1);
    neuron(x, w, -1.5f, 4, 2);
}

PROBE(mlp_neuron, exactly_on_the_line)              /* x1 - x2 = 0 on the diagonal: not positive */
{
    float *x = probe_given(0, 0, 1, 1, -3, -3, 2, 1, 1, 2), *w = probe_given(1, -1);
    neuron(x, w, 0, 5, 2);
}

PROBE(mlp_neuron, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), IN = probe_pick(1, 2, 3, 7, 33, 129);
    float *x = quarters(N * IN), *w = quarters(IN);
    neuron(x, w, probe_int(-8, 8) / 4.0f, N, IN);
}

PROBE(mlp_neuron, no_rows)
{
    float *x = probe_output(0), *w = probe_given(1, 1);
    neuron(x, w, 1, 0, 2);
}

/* ---- step mlp_neuron_learn --------------------------------------------------------------------------------------- */

/* Pass after pass, everything it leaves. Quarters and a rate of a power of two: exact in any order. */
static void learn(const float *x, const float *target, const float *start, int N, int IN, float rate, int passes)
{
    float *w = probe_output(IN), *b = probe_output(1);
    int *wrong = probe_output_ints(passes);
    memcpy(w, start, IN * sizeof *w), *b = start[IN];
    probe_freeze();
    for (int pass = 0; pass < passes; pass++) wrong[pass] = mlp_neuron_learn(w, b, x, target, N, IN, rate);
    emit_exact("wrong", wrong, passes);
    emit_exact("w", w, IN);
    emit_exact("b", b, 1);
}

PROBE(mlp_neuron_learn, by_pencil)                  /* AND from zero, one pass: only the last row is wrong */
{
    float *x = probe_given(PENCIL_X), *target = probe_given(0, 0, 0, 1), *start = probe_given(0, 0, 0);
    learn(x, target, start, 4, 2, 1, 1);
}

PROBE(mlp_neuron_learn, and_or_xor)                 /* the first two end; the third goes round for ever */
{
    static const float wants[3][4] = { { 0, 0, 0, 1 }, { 0, 1, 1, 1 }, { 0, 1, 1, 0 } };
    float *x = probe_given(PENCIL_X), *target = probe_copy(4, wants[probe_pick(0, 1, 2)]), *start = quarters(3);
    learn(x, target, start, 4, 2, 0.5f, 12);
}

PROBE(mlp_neuron_learn, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), IN = probe_pick(1, 2, 3, 7, 33);
    float target[9];
    for (int n = 0; n < N; n++) target[n] = probe_int(0, 1);
    float *x = quarters(N * IN), *wants = probe_copy(N, target), *start = quarters(IN + 1);
    learn(x, wants, start, N, IN, probe_pick(1, 2, 4) / 4.0f, 3);
}

PROBE(mlp_neuron_learn, right_answers_change_nothing)
{
    float *x = probe_given(PENCIL_X), *target = probe_given(0, 1, 1, 1), *start = probe_given(2, 2, -1);
    learn(x, target, start, 4, 2, 0.5f, 2);
}

PROBE(mlp_neuron_learn, no_rows)
{
    float *x = probe_output(0), *target = probe_output(0), *start = probe_given(1, -1, 0.5f);
    learn(x, target, start, 0, 2, 1, 1);
}

/* ---- step mlp_linear --------------------------------------------------------------------------------------------- */

static void linear(const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    float *y = probe_output(N * OUT);
    probe_freeze();
    mlp_linear(y, x, w, b, N, IN, OUT);
    probe_terms(IN + 1);
    probe_scale(longest(x, N, IN, IN, 1) * longest(w, OUT, IN, IN, 1) + (b ? largest(b, OUT) : 0));
    emit("y", y, N, OUT);
}

PROBE(mlp_linear, by_pencil)                        /* the lesson's hidden layer, before ReLU */
{
    float *x = probe_given(PENCIL_X), *w = probe_given(1, 1, 1, 1), *b = probe_given(0, -1);
    linear(x, w, b, 4, 2, 2);
}

PROBE(mlp_linear, each_weight_in_its_place) /* one row, (OUT,IN) = (3,2): which number meets which is in plain sight */
{
    float *x = probe_given(1, 10), *w = probe_given(1, 2, 3, 4, 5, 6), *b = probe_given(100, 200, 300);
    linear(x, w, b, 1, 2, 3);
}

PROBE(mlp_linear, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), IN = probe_pick(1, 2, 7, 33, 129), OUT = probe_pick(3, 1, 2, 10, 33, 65);
    float *x = probe_floats(N * IN), *w = probe_floats(OUT * IN), *b = probe_floats(OUT);
    linear(x, w, b, N, IN, OUT);
}

PROBE(mlp_linear, no_bias)
{
    int N = probe_pick(1, 3), IN = probe_pick(1, 7, 33), OUT = probe_pick(1, 5, 10);
    float *x = probe_floats(N * IN), *w = probe_floats(OUT * IN);
    linear(x, w, NULL, N, IN, OUT);
}

PROBE(mlp_linear, nan_stays_in_its_row)
{
    float *x = probe_normal(3 * 7, 0, 1), *w = probe_normal(5 * 7, 0, 1), *b = probe_normal(5, 0, 1);
    x[7 + probe_int(0, 6)] = NAN;
    float *y = probe_output(3 * 5);
    probe_freeze();
    mlp_linear(y, x, w, b, 3, 7, 5);
    probe_terms(8);
    probe_scale(longest(w, 5, 7, 7, 1) * 7);
    emit("y", y, 3, 5);
}

PROBE(mlp_linear, no_rows)
{
    float *x = probe_output(0), *w = probe_given(1, 2), *b = probe_given(3);
    linear(x, w, b, 0, 2, 1);
}

/* ---- step mlp_linear_backward ------------------------------------------------------------------------------------ */

/* In `parts` micro-batches of N rows each; dw and db hold something already. */
static void linear_backward(const float *x, const float *w, const float *dy, int N, int IN, int OUT, int parts,
                            bool with_dx, bool with_db)
{
    int rows = N * parts;
    float *dx = probe_output(rows * IN), *dw = probe_inout(OUT * IN), *db = probe_inout(OUT);
    double before = 1 + fmax(largest(dw, OUT * IN), largest(db, OUT));
    probe_freeze();
    for (int part = 0; part < parts; part++)
        mlp_linear_backward(with_dx ? dx + part * N * IN : NULL, dw, with_db ? db : NULL, x + part * N * IN, w,
                            dy + part * N * OUT, N, IN, OUT);
    if (with_dx) {
        probe_terms(OUT);
        probe_scale(longest(dy, rows, OUT, OUT, 1) * longest(w, IN, OUT, 1, IN));
        emit("dx", dx, rows, IN);
    }
    probe_terms(rows + 1);
    probe_scale(before + longest(dy, OUT, rows, 1, OUT) * longest(x, IN, rows, 1, IN));
    emit("dw", dw, OUT, IN);
    probe_scale(before + longest(dy, OUT, rows, 1, OUT) * sqrt(rows));
    emit("db", db, OUT);
}

PROBE(mlp_linear_backward, by_pencil) /* the lesson's last layer, from zero: dw = (2, 1), db = 1, dh = (1, -2) */
{
    float *x = probe_given(2, 1), *w = probe_given(1, -2), *dy = probe_given(1);
    float *dx = probe_output(2), *dw = probe_output(2), *db = probe_output(1);
    memset(dw, 0, 2 * sizeof *dw), *db = 0;
    probe_freeze();
    mlp_linear_backward(dx, dw, db, x, w, dy, 1, 2, 1);
    emit("dx", dx, 1, 2);
    emit("dw", dw, 1, 2);
    emit("db", db, 1);
}

PROBE(mlp_linear_backward, awkward_sizes)
{
    int N = probe_pick(1, 2, 3, 9), IN = probe_pick(1, 2, 7, 33, 65), OUT = probe_pick(3, 1, 2, 10, 33);
    float *x = probe_floats(N * IN), *w = probe_floats(OUT * IN), *dy = probe_floats(N * OUT);
    linear_backward(x, w, dy, N, IN, OUT, 1, true, true);
}

PROBE(mlp_linear_backward, micro_batches_add_up)    /* two halves give dw and db of the whole */
{
    int IN = probe_pick(3, 7), OUT = probe_pick(2, 5);
    float *x = probe_normal(6 * IN, 0, 1), *w = probe_normal(OUT * IN, 0, 1), *dy = probe_normal(6 * OUT, 0, 1);
    linear_backward(x, w, dy, 3, IN, OUT, 2, true, true);
}

PROBE(mlp_linear_backward, nobody_wants_dx)
{
    int N = probe_pick(1, 4), IN = probe_pick(2, 9), OUT = probe_pick(1, 3);
    float *x = probe_floats(N * IN), *w = probe_floats(OUT * IN), *dy = probe_floats(N * OUT);
    linear_backward(x, w, dy, N, IN, OUT, 1, false, true);
}

PROBE(mlp_linear_backward, no_bias)
{
    int N = probe_pick(1, 4), IN = probe_pick(2, 9), OUT = probe_pick(1, 3);
    float *x = probe_floats(N * IN), *w = probe_floats(OUT * IN), *dy = probe_floats(N * OUT);
    linear_backward(x, w, dy, N, IN, OUT, 1, true, false);
}

PROBE(mlp_linear_backward, no_rows)
{
    float *x = probe_output(0), *w = probe_given(1, 2), *dy = probe_output(0);
    linear_backward(x, w, dy, 0, 2, 1, 1, true, true);
}

/* ---- step mlp_relu_backward -------------------------------------------------------------------------------------- */

static void relu_backward(const float *x, const float *dy, int N)
{
    float *dx = probe_output(N);
    probe_freeze();
    mlp_relu_backward(dx, x, dy, N);
    emit_exact("dx", dx, N);
}

PROBE(mlp_relu_backward, by_pencil) /* z of the lesson's rows (0,1) and (1,1); a unit at exactly 0 is shut */
{
    float *x = probe_given(1, 0, 2, 1), *dy = probe_given(1, -2, 1, -2);
    relu_backward(x, dy, 4);
}

PROBE(mlp_relu_backward, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 129);
    float *x = probe_normal(N, 0, 1), *dy = probe_normal(N, 0, 1);
    relu_backward(x, dy, N);
}

PROBE(mlp_relu_backward, dead_units)                /* below 0 and at both zeros nothing passes, however large dy is */
{
    float *x = probe_given(-1, 0, -0.0f, -1e30f, -FLT_MIN, FLT_MIN), *dy = probe_given(5, 5, 5, INFINITY, -5, -5);
    relu_backward(x, dy, 6);
}

PROBE(mlp_relu_backward, from_what_came_out)        /* the outputs of ReLU serve as well as its inputs */
{
    int N = probe_pick(5, 33);
    float *x = probe_normal(N, 0, 1), *dy = probe_normal(N, 0, 1);
    for (int n = 0; n < N; n++) x[n] = fmaxf(x[n], 0);
    relu_backward(x, dy, N);
}

PROBE(mlp_relu_backward, in_place)
{
    int N = probe_pick(1, 7, 33);
    float *x = probe_normal(N, 0, 1), *dx = probe_inout(N);
    probe_freeze();
    mlp_relu_backward(dx, x, dx, N);
    emit_exact("dx", dx, N);
}

PROBE(mlp_relu_backward, nothing)
{
    float *x = probe_output(0), *dy = probe_output(0);
    relu_backward(x, dy, 0);
}

/* ---- step mlp_forward -------------------------------------------------------------------------------------------- */

static void forward(const Net *net, const float *x, const float *p)
{
    float *act = probe_output(net->A), *at = act;
    int *size = probe_copy_ints(net->L + 1, net->size);
    static const char *const name[] = { "layer 0", "layer 1", "layer 2", "layer 3" };
    probe_freeze();
    mlp_forward(act, x, p, net->N, net->L, size);
    probe_terms(net->L * (MAX_SIZE + 1));
    probe_scale(net_scale(net, x, p));
    for (int l = 0; l < net->L; at += net->N * net->size[++l]) emit(name[l], at, net->N, net->size[l + 1]);
}

PROBE(mlp_forward, by_pencil)                       /* XOR, all four rows: h, then y = 0, 1, 1, 0 */
{
    Net net = net_of(4, 2, pencil_size);
    float *x = probe_given(PENCIL_X), *p = probe_given(PENCIL_P), *act = probe_output(12);
    int *size = probe_given_ints(2, 2, 1);
    probe_freeze();
    mlp_forward(act, x, p, net.N, net.L, size);
    emit("h", act, 4, 2);
    emit("y", act + 8, 4, 1);
}

PROBE(mlp_forward, awkward_sizes)
{
    Net net = awkward_net();
    float *x = probe_floats(net.N * net.size[0]), *p = he_weights(&net);
    forward(&net, x, p);
}

PROBE(mlp_forward, one_layer)                       /* no hidden layer: scores may be negative */
{
    int N = probe_pick(1, 5), IN = probe_pick(3, 1, 17), OUT = probe_pick(2, 10);
    Net net = net_of(N, 1, (int[]){ IN, OUT });
    float *x = probe_normal(N * IN, 0, 1), *p = he_weights(&net);
    forward(&net, x, p);
}

PROBE(mlp_forward, a_dead_layer)                    /* biases of -1000: nothing but the last bias comes through */
{
    Net net = net_of(3, 3, (int[]){ 4, 5, 3, 2 });
    float *x = probe_normal(12, 0, 1), *p = he_weights(&net);
    for (int o = 0; o < 3; o++) p[25 + 15 + o] = -1000;
    forward(&net, x, p);
}

PROBE(mlp_forward, no_rows)
{
    Net net = net_of(0, 2, pencil_size);
    float *p = probe_given(PENCIL_P);
    forward(&net, probe_output(0), p);
}

/* ---- step mlp_backward ------------------------------------------------------------------------------------------- */

/* act comes from our own net; dscores from `sd`. In `parts` calls on the same rows, so that dp must add up. */
static void backward(const Net *net, const float *x, const float *p, int parts)
{
    int scores = net->N * net->size[net->L], below = net->A - scores;
    float *act = activations(net, x, p), *dscores = probe_normal(scores, 0, 1);
    float *dact = probe_output(net->A), *dp = probe_inout(net->P), *at = dact, *param = dp;
    int *size = probe_copy_ints(net->L + 1, net->size);
    static const char *const dact_name[] = { "dact 0", "dact 1", "dact 2", "dact 3" };
    static const char *const dw_name[] = { "dw 0", "dw 1", "dw 2", "dw 3" }, *const db_name[] = { "db 0", "db 1",
                                                                                                  "db 2", "db 3" };
    double before = largest(dp, net->P);
    if (scores) memcpy(dact + below, dscores, scores * sizeof *dact);
    probe_freeze();
    for (int part = 0; part < parts; part++) mlp_backward(dp, dact, x, act, p, net->N, net->L, size);
    probe_terms(net->L * (MAX_SIZE + 1) + net->N * parts);
    probe_scale(before + parts * gradient_scale(net, x, act, p, dscores));
    for (int l = 0; l < net->L; at += net->N * net->size[++l]) emit(dact_name[l], at, net->N, net->size[l + 1]);
    for (int l = 0; l < net->L; l++) {
        int IN = net->size[l], OUT = net->size[l + 1];
        emit(dw_name[l], param, OUT, IN);
        emit(db_name[l], param + IN * OUT, OUT);
        param += (IN + 1) * OUT;
    }
}

PROBE(mlp_backward, by_pencil) /* the lesson: only the row (1,1) is asked to move, dy = 0, 0, 0, 1 */
{
    float *x = probe_given(PENCIL_X), *act = probe_given(PENCIL_ACT), *p = probe_given(PENCIL_P);
    float *dact = probe_output(12), *dp = probe_output(9);
    int *size = probe_given_ints(2, 2, 1);
    memset(dp, 0, 9 * sizeof *dp);
    memcpy(dact + 8, (float[]){ 0, 0, 0, 1 }, 4 * sizeof *dact);
    probe_freeze();
    mlp_backward(dp, dact, x, act, p, 4, 2, size);
    emit("dh", dact, 4, 2);
    emit("dw 0", dp, 2, 2);
    emit("db 0", dp + 4, 2);
    emit("dw 1", dp + 6, 1, 2);
    emit("db 1", dp + 8, 1);
}

PROBE(mlp_backward, awkward_sizes)
{
    Net net = awkward_net();
    float *x = probe_normal(net.N * net.size[0], 0, 1), *p = he_weights(&net);
    backward(&net, x, p, 1);
}

PROBE(mlp_backward, one_layer)
{
    int N = probe_pick(1, 5), IN = probe_pick(3, 1, 17), OUT = probe_pick(2, 10);
    Net net = net_of(N, 1, (int[]){ IN, OUT });
    float *x = probe_normal(N * IN, 0, 1), *p = he_weights(&net);
    backward(&net, x, p, 1);
}

PROBE(mlp_backward, dead_units)                     /* a unit that is off for every row teaches its weights nothing */
{
    Net net = net_of(3, 3, (int[]){ 4, 5, 3, 2 });
    float *x = probe_normal(12, 0, 1), *p = he_weights(&net);
    p[20 + probe_int(0, 4)] = -1000;
    p[25 + 15 + probe_int(0, 2)] = -1000;
    backward(&net, x, p, 1);
}

PROBE(mlp_backward, twice_adds_up)
{
    Net net = awkward_net();
    float *x = probe_normal(net.N * net.size[0], 0, 1), *p = he_weights(&net);
    backward(&net, x, p, 2);
}

PROBE(mlp_backward, no_rows)
{
    Net net = net_of(0, 2, pencil_size);
    float *p = probe_given(PENCIL_P);
    backward(&net, probe_output(0), p, 1);
}

/* ---- step mlp_update --------------------------------------------------------------------------------------------- */

static void update(int P, int steps, float rate, float momentum, bool falling)
{
    float *p = probe_inout(P), *v = probe_inout(P), *dp = probe_floats(steps * P);
    double scale = largest(p, P) + steps * (largest(v, P) + steps * largest(dp, steps * P));
    probe_freeze();
    for (int s = 0; s < steps; s++) mlp_update(p, v, dp + s * P, P, falling ? rate / (1 << s) : rate, momentum);
    probe_terms(2 * steps);
    probe_scale(scale);
    emit("p", p, P);
    emit("v", v, P);
}

PROBE(mlp_update, by_pencil) /* the lesson's step: p - 0.1 dp, then once more with momentum 0.5 */
{
    float *p = probe_output(9), *v = probe_output(9), *dp = probe_given(1, 1, -2, -2, 1, -2, 2, 1, 1);
    memcpy(p, (float[]){ PENCIL_P }, 9 * sizeof *p);
    memset(v, 0, 9 * sizeof *v);
    probe_freeze();
    mlp_update(p, v, dp, 9, 0.1f, 0.5f);
    emit("p once", p, 9);
    emit("v once", v, 9);
    mlp_update(p, v, dp, 9, 0.1f, 0.5f);
    emit("p twice", p, 9);
    emit("v twice", v, 9);
}

PROBE(mlp_update, awkward_sizes)
{
    update(probe_pick(1, 2, 7, 33, 129), 1, 0.25f, 0.9f, false);
}

PROBE(mlp_update, momentum_builds_up)
{
    update(probe_pick(1, 7), 6, 0.05f, 0.9f, false);
}

PROBE(mlp_update, rate_falls)                       /* v keeps no rate: a step that is halved is halved at once */
{
    update(probe_pick(1, 7), 4, 0.5f, 0.5f, true);
}

PROBE(mlp_update, without_momentum)
{
    update(probe_pick(1, 7), 2, 0.1f, 0, false);
}

PROBE(mlp_update, rate_zero)                        /* p stays, v does not */
{
    update(5, 2, 0, 0.9f, false);
}

PROBE(mlp_update, nothing)
{
    update(0, 1, 0.1f, 0.9f, false);
}

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

static const float corners[] = { PENCIL_X };

ORACLE(mlp_neuron, no_line_cuts_xor) /* all lines of a grid: AND and OR are among them, XOR stops at 3 of 4 */
{
    static const float want[3][4] = { { 0, 0, 0, 1 }, { 0, 1, 1, 1 }, { 0, 1, 1, 0 } };
    int best[3] = { 0 };
    for (int k = 0; k < 17 * 17 * 17; k++) {
        float w[] = { (k % 17 - 8) / 4.0f, (k / 17 % 17 - 8) / 4.0f }, y[4];
        mlp_neuron(y, corners, w, (k / 289 - 8) / 4.0f, 4, 2);
        for (int task = 0; task < 3; task++) {
            int right = 0;
            for (int n = 0; n < 4; n++) right += y[n] == want[task][n];
            if (right > best[task]) best[task] = right;
        }
    }
    expect(best[0] == 4 && best[1] == 4, "AND %d of 4, OR %d of 4", best[0], best[1]);
    expect(best[2] == 3, "XOR: %d of 4 by one neuron, 3 is what there is", best[2]);
}

/* Novikoff 1962: rows no longer than R, cut by a unit vector with a margin: at most (R / margin)^2 corrections. */
ORACLE(mlp_neuron_learn, converges_within_novikoffs_bound)
{
    enum { N = 12, IN = 3 };
    float x[N * IN], target[N], w[IN] = { 0 }, b = 0, u[IN + 1];
    double length = 0, R = 0, margin = INFINITY;
    for (int i = 0; i <= IN; i++) u[i] = probe_real(-1, 1), length += u[i] * u[i];
    for (int n = 0; n < N; n++) {
        double s = 0, r = 1;                        /* 1: the bias's input */
        do {
            s = u[IN], r = 1;
            for (int i = 0; i < IN; i++)
                x[n * IN + i] = probe_real(-2, 2), s += u[i] * x[n * IN + i], r += pow(x[n * IN + i], 2);
        } while (fabs(s) < 0.1);
        target[n] = s > 0;
        R = fmax(R, sqrt(r)), margin = fmin(margin, fabs(s) / sqrt(length));
    }
    double bound = pow(R / margin, 2), corrections = 0;
    for (int wrong = 1; wrong; corrections += wrong) {
        expect(corrections <= bound, "%g corrections, at most %g are possible", corrections, bound);
        wrong = mlp_neuron_learn(w, &b, x, target, N, IN, 0.5f);
    }
    float y[N];
    mlp_neuron(y, x, w, b, N, IN);
    for (int n = 0; n < N; n++)
        expect(y[n] == target[n], "row %d: no pass was wrong, yet %g is not %g", n, y[n], target[n]);
}

ORACLE(mlp_linear, brute_force_in_double)
{
    int N = probe_int(1, 5), IN = probe_pick(1, 7, 33, 129), OUT = probe_pick(1, 3, 10);
    float *x = probe_floats(N * IN), *w = probe_floats(OUT * IN), *b = probe_floats(OUT), *y = probe_output(N * OUT);
    mlp_linear(y, x, w, b, N, IN, OUT);
    for (int k = 0; k < N * OUT; k++) {
        double want = b[k % OUT], size = fabs(want);
        for (int i = IN - 1; i >= 0; i--) {
            double term = (double)w[k % OUT * IN + i] * x[k / OUT * IN + i];
            want += term, size += fabs(term);
        }
        expect(fabs(y[k] - want) <= FLT_EPSILON * fabs(want) + 1e-14 * size, "(%d,%d): got %.9g, want %.9g", k / OUT,
               k % OUT, y[k], want);
    }
}

ORACLE(mlp_linear, two_layers_collapse_into_one)    /* (x w1^T + b1) w2^T + b2 = x (w2 w1)^T + (w2 b1 + b2) */
{
    enum { N = 5, IN = 6, H = 9, OUT = 4 };
    float *x = probe_normal(N * IN, 0, 1), *w1 = probe_normal(H * IN, 0, 1), *b1 = probe_normal(H, 0, 1);
    float *w2 = probe_normal(OUT * H, 0, 1), *b2 = probe_normal(OUT, 0, 1);
    float h[N * H], two[N * OUT], one[N * OUT], w[OUT * IN] = { 0 }, b[OUT];
    for (int o = 0; o < OUT; o++) {
        b[o] = b2[o];
        for (int k = 0; k < H; k++) {
            b[o] += w2[o * H + k] * b1[k];
            for (int i = 0; i < IN; i++) w[o * IN + i] += w2[o * H + k] * w1[k * IN + i];
        }
    }
    mlp_linear(h, x, w1, b1, N, IN, H);
    mlp_linear(two, h, w2, b2, N, H, OUT);
    mlp_linear(one, x, w, b, N, IN, OUT);
    for (int k = 0; k < N * OUT; k++)
        expect(fabsf(one[k] - two[k]) <= 2e-5f * (1 + largest(two, N * OUT)), "%d: one %g, two %g", k, one[k], two[k]);
}

/* L = sum dy y, whose gradient linear_backward writes. It is linear in each, so a difference of any step is exact. */
static double linear_loss(const double *x, const double *w, const double *b, const float *dy, int N, int IN, int OUT)
{
    double loss = 0;
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            double y = b[o];
            for (int i = 0; i < IN; i++) y += x[n * IN + i] * w[o * IN + i];
            loss += dy[n * OUT + o] * y;
        }
    return loss;
}

ORACLE(mlp_linear_backward, differences)
{
    int N = probe_int(1, 4), IN = probe_pick(1, 3, 7), OUT = probe_pick(1, 2, 5);
    float *x = probe_normal(N * IN, 0, 1), *w = probe_normal(OUT * IN, 0, 1), *b = probe_normal(OUT, 0, 1);
    float *dy = probe_normal(N * OUT, 0, 1), *dx = probe_output(N * IN);
    float dw[35] = { 0 }, db[5] = { 0 };
    mlp_linear_backward(dx, dw, db, x, w, dy, N, IN, OUT);
    double *xd = doubles(x, N * IN), *wd = doubles(w, OUT * IN), *bd = doubles(b, OUT);
    struct { const char *name; double *at; const float *got; int n; } part[] = {
        { "dx", xd, dx, N * IN }, { "dw", wd, dw, OUT * IN }, { "db", bd, db, OUT } };
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < part[k].n; i++) {
            double was = part[k].at[i], up, down;
            part[k].at[i] = was + 0.5, up = linear_loss(xd, wd, bd, dy, N, IN, OUT);
            part[k].at[i] = was - 0.5, down = linear_loss(xd, wd, bd, dy, N, IN, OUT);
            part[k].at[i] = was;
            expect(fabs(part[k].got[i] - (up - down)) < 2e-5, "%s %d: got %g, want %g", part[k].name, i, part[k].got[i],
                   up - down);
        }
    free(xd), free(wd), free(bd);
}

ORACLE(mlp_relu_backward, differences)
{
    float *x = probe_normal(33, 0, 1), *dy = probe_normal(33, 0, 1), dx[33], up[33], down[33];
    mlp_relu_backward(dx, x, dy, 33);
    for (int n = 0; n < 33; n++) {
        if (fabsf(x[n]) < 0.01f) continue;          /* at the kink there is no difference to compare with */
        float above = x[n] + 0.01f, below = x[n] - 0.01f;
        mlp_relu(&up[n], &above, 1);
        mlp_relu(&down[n], &below, 1);
        expect(fabs(dx[n] - dy[n] * (up[n] - down[n]) / (above - below)) < 1e-4, "%d: x %g, dy %g, dx %g", n, x[n],
               dy[n], dx[n]);
    }
    float nan = NAN, out;
    mlp_relu(&out, &nan, 1);
    expect(isnan(out), "ReLU of NaN: got %g", out);
}

ORACLE(mlp_forward, hand_set_weights_solve_xor)
{
    float p[] = { PENCIL_P }, act[12];
    static const float want[] = { PENCIL_ACT };
    mlp_forward(act, corners, p, 4, 2, pencil_size);
    for (int k = 0; k < 12; k++) expect(act[k] == want[k], "%d: got %g, want %g", k, act[k], want[k]);
}

ORACLE(mlp_forward, brute_force_in_double)
{
    Net net = awkward_net();
    float *x = probe_normal(net.N * net.size[0], 0, 1), *p = he_weights(&net), *act = probe_output(net.A);
    float *want = activations(&net, x, p);
    expect(mlp_count_params(net.L, net.size) == net.P && mlp_count_acts(net.N, net.L, net.size) == net.A, "P %d, A %d",
           net.P, net.A);
    mlp_forward(act, x, p, net.N, net.L, net.size);
    double scale = net_scale(&net, x, p);
    for (int k = 0; k < net.A; k++)
        expect(fabsf(act[k] - want[k]) <= 4 * net.L * FLT_EPSILON * scale, "%d: got %g, want %g", k, act[k], want[k]);
}

/* The mean cross-entropy of our net in double; act tells which units are on. */
static double net_loss(double *act, const Net *net, const double *x, const double *p, const int *target)
{
    double loss = 0;
    int C = net->size[net->L];
    net_forward(act, net, x, p, false);
    for (int n = 0; n < net->N; n++) {
        const double *y = act + net->A - net->N * C + n * C;
        double sum = 0;
        for (int c = 0; c < C; c++) sum += exp(y[c] - y[target[n]]);
        loss += log(sum) / net->N;
    }
    return loss;
}

/* A difference across a kink is no derivative. */
static bool same_units(const double *a, const double *b, int n)
{
    for (int i = 0; i < n; i++)
        if ((a[i] > 0) != (b[i] > 0)) return false;
    return true;
}

ORACLE(mlp_backward, differences_through_the_whole_net)
{
    Net net = awkward_net();
    int C = net.size[net.L], hidden = net.A - net.N * C;
    float *x = probe_normal(net.N * net.size[0], 0, 1), *p = he_weights(&net);
    float *act = probe_output(net.A), *dact = probe_output(net.A), loss, *dp = calloc(net.P, sizeof *dp);
    int *target = probe_ints(net.N, 0, C - 1), compared = 0;
    mlp_forward(act, x, p, net.N, net.L, net.size);
    mlp_loss(&loss, dact + hidden, act + hidden, target, net.N, C);
    mlp_backward(dp, dact, x, act, p, net.N, net.L, net.size);
    double *xd = doubles(x, net.N * net.size[0]), *pd = doubles(p, net.P), *above = doubles(act, net.A),
           *below = doubles(act, net.A);
    double at = net_loss(above, &net, xd, pd, target);
    expect(fabs(loss - at) < 1e-5 * (1 + at), "loss: got %g, want %g", loss, at);
    for (int k = 0; k < net.P; k += 1 + net.P / 150) {
        pd[k] = p[k] + 1e-4;
        double up = net_loss(above, &net, xd, pd, target);
        pd[k] = p[k] - 1e-4;
        double down = net_loss(below, &net, xd, pd, target), want = (up - down) / 2e-4;
        pd[k] = p[k];
        if (!same_units(above, below, hidden)) continue;
        expect(fabs(dp[k] - want) <= 1e-5 + 1e-5 * largest(dp, net.P), "dp %d of %d, L %d: got %g, want %g", k, net.P,
               net.L, dp[k], want);
        compared++;
    }
    expect(compared > 0, "every difference crossed a kink");
    free(xd), free(pd), free(above), free(below), free(dp);
}

ORACLE(mlp_backward, pencil) /* what the lesson says: |gradient|^2 = 21, and a step of 0.1 moves y by -2.1 */
{
    float p[] = { PENCIL_P }, act[12], dact[12] = { [11] = 1 }, dp[9] = { 0 }, v[9] = { 0 }, square = 0;
    static const float want[] = { 1, 1, -2, -2, 1, -2, 2, 1, 1 };
    mlp_forward(act, corners, p, 4, 2, pencil_size);
    mlp_backward(dp, dact, corners, act, p, 4, 2, pencil_size);
    for (int k = 0; k < 9; k++)
        expect(dp[k] == want[k], "dp %d: got %g, want %g", k, dp[k], want[k]), square += dp[k] * dp[k];
    mlp_update(p, v, dp, 9, 0.1f, 0);
    mlp_forward(act, corners, p, 4, 2, pencil_size);
    expect(square == 21 && fabsf(act[11] + 2.1f) < 1e-6f, "gradient squared %g, y %g", square, act[11]);
}

ORACLE(mlp_backward, loss_of_equal_scores_is_log_C)
{
    int C = probe_pick(1, 2, 10), target[] = { 0 };
    float y[10] = { 0 }, dy[10], loss;
    mlp_loss(&loss, dy, y, target, 1, C);
    expect(fabs(loss - log(C)) < 1e-6, "C %d: got %g", C, loss);
    for (int c = 0; c < C; c++) expect(fabs(dy[c] - (1.0 / C - !c)) < 1e-7, "dy %d: got %g", c, dy[c]);
    y[0] = -1e30f;
    mlp_loss(&loss, dy, y, target, 1, C);
    expect(C == 1 ? loss == 0 : loss == 1e30f, "a score of -1e30: loss %g", loss);
}

ORACLE(mlp_update, geometric_series)                /* a constant gradient g: v = g (1 - m^k) / (1 - m) after k steps */
{
    float p = 1, v = 0, g = 2;
    double want = 1;
    for (int k = 1; k <= 20; k++) {
        mlp_update(&p, &v, &g, 1, 0.01f, 0.9f);
        double speed = g * (1 - pow(0.9, k)) / (1 - 0.9);
        want -= 0.01 * speed;
        expect(fabs(v - speed) < 2e-5 && fabs(p - want) < 1e-5, "step %d: v %g and %g, p %g and %g", k, v, speed, p,
               want);
    }
}

ORACLE(mlp_update, a_hidden_layer_learns_xor) /* 2-16-2: its units look in all directions, none is dead */
{
    enum { H = 16, P = 3 * H + 2 * H + 2, A = 4 * (H + 2) };
    static const int size[] = { 2, H, 2 }, target[] = { 0, 1, 1, 0 };
    float p[P] = { 0 }, v[P] = { 0 }, dp[P], act[A], dact[A], loss = INFINITY;
    float *w1 = probe_normal(2 * H, 0, sqrt(2.0 / H));
    for (int h = 0; h < H; h++) p[2 * h] = cos(2 * M_PI * h / H), p[2 * h + 1] = sin(2 * M_PI * h / H);
    memcpy(p + 3 * H, w1, 2 * H * sizeof *p);
    for (int step = 0; step < 2000 && loss > 0.05; step++) {
        memset(dp, 0, sizeof dp);
        mlp_forward(act, corners, p, 4, 2, size);
        mlp_loss(&loss, dact + 4 * H, act + 4 * H, target, 4, 2);
        mlp_backward(dp, dact, corners, act, p, 4, 2, size);
        mlp_update(p, v, dp, P, 0.1f, 0.9f);
    }
    for (int n = 0; n < 4; n++) {
        const float *y = act + 4 * H + 2 * n;
        expect((y[1] > y[0]) == target[n], "row %d: scores %g and %g, loss %g", n, y[0], y[1], loss);
    }
}
