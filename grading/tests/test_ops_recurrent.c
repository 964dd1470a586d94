/* test_ops_recurrent.c -- LSTM and GRU over a sequence against plain versions, number by number. With and without
 * REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"
#include "nn.h"
#ifdef _OPENMP
#include <omp.h>
#endif

TestSuite(recurrent, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

enum { X, H0, C0, W, U, BW, BU, INPUTS };

/* Which output is looked at. ALL: y + h_T + c_T, so that gradients come in on every side. */
typedef enum { Y, H_T, C_T, ALL } Which;
typedef struct Case { bool gru; Which which; } Case;

static Tensor *run(Tape *t, Tensor **in, void *ctx)
{
    const Case *k = ctx;
    Recurrent r = k->gru ? op_gru(t, in[X], in[H0], in[W], in[U], in[BW], in[BU])
                         : op_lstm(t, in[X], in[H0], in[C0], in[W], in[U], in[BW], in[BU]);
    switch (k->which) {
    case Y: return r.y;
    case H_T: return r.h;
    case C_T: return r.c;
    default: return op_add(t, r.c ? op_add(t, r.y, r.c) : r.y, r.h);
    }
}

/* ---- The plain version: step t, row b, unit j; gates of gate q at q H + j ---- */

typedef struct Net {
    const Plain *p;
    bool    gru;
    int64_t T, B, IN, H, G;
    double *h, *c, *gate, *u;           /* (T+1,B,H) with the start first, twice; (T,B,G); (T,B,H): GRU's U_n h + b' */
} Net;

static double given(const Plain *p, int which, int64_t i) { return p->x[which] ? p->x[which][i] : 0; }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* row g of W x_t, and of U h_t-1 */
static double from_x(const Net *n, int64_t t, int64_t b, int64_t g)
{
    double s = given(n->p, BW, g);
    if (!n->p->x[W]) return s + n->p->x[X][(t * n->B + b) * n->G + g];
    for (int64_t k = 0; k < n->IN; k++) s += n->p->x[W][g * n->IN + k] * n->p->x[X][(t * n->B + b) * n->IN + k];
    return s;
}

static double from_h(const Net *n, int64_t t, int64_t b, int64_t g)
{
    double s = given(n->p, BU, g);
    for (int64_t k = 0; k < n->H; k++) s += n->p->x[U][g * n->H + k] * n->h[(t * n->B + b) * n->H + k];
    return s;
}

static Net play_forward(const Plain *p)
{
    const Tensor *x = p->in[X], *u = p->in[U];
    Net n = { .p = p, .gru = ((const Case *)p->ctx)->gru, .T = x->shape[0], .B = x->shape[1], .IN = x->shape[2],
              .H = u->shape[1], .G = u->shape[0] };
    int64_t size = n.B * n.H;
    n.h = calloc((size_t)((n.T + 1) * size) + 1, sizeof *n.h);
    n.c = calloc((size_t)((n.T + 1) * size) + 1, sizeof *n.c);
    n.gate = calloc((size_t)(n.T * n.B * n.G) + 1, sizeof *n.gate);
    n.u = calloc((size_t)(n.T * size) + 1, sizeof *n.u);
    for (int64_t i = 0; i < size; i++) n.h[i] = given(p, H0, i), n.c[i] = given(p, C0, i);
    for (int64_t t = 0; t < n.T; t++)
        for (int64_t b = 0; b < n.B; b++)
            for (int64_t j = 0; j < n.H; j++) {
                double *g = n.gate + (t * n.B + b) * n.G, z[4], before = n.h[(t * n.B + b) * n.H + j];
                int64_t at = ((t + 1) * n.B + b) * n.H + j;
                if (n.gru) {
                    for (int q = 0; q < 2; q++) {
                        int64_t row = q * n.H + j;
                        g[row] = z[q] = sigmoid(from_x(&n, t, b, row) + from_h(&n, t, b, row));
                    }
                    double v = n.u[at - size] = from_h(&n, t, b, 2 * n.H + j);
                    g[2 * n.H + j] = z[2] = tanh(from_x(&n, t, b, 2 * n.H + j) + z[0] * v);
                    n.h[at] = (1 - z[1]) * z[2] + z[1] * before;
                } else {
                    for (int q = 0; q < 4; q++) {
                        double sum = from_x(&n, t, b, q * n.H + j) + from_h(&n, t, b, q * n.H + j);
                        g[q * n.H + j] = z[q] = q == 2 ? tanh(sum) : sigmoid(sum);
                    }
                    n.c[at] = z[1] * n.c[at - size] + z[0] * z[2];
                    n.h[at] = z[3] * tanh(n.c[at]);
                }
            }
    return n;
}

static void net_free(Net n) { free(n.h), free(n.c), free(n.gate), free(n.u); }

static void plain_forward(Sum *y, const Plain *p)
{
    Net n = play_forward(p);
    Which which = ((const Case *)p->ctx)->which;
    int64_t size = n.B * n.H;
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        double h = n.h[(which == Y || which == ALL ? i + size : n.T * size + i)], c = n.c[n.T * size + i % size];
        double sum = which == C_T ? c : which == ALL ? h + (n.gru ? 0 : c) + n.h[n.T * size + i % size] : h;
        add_sized(&y[i], sum, 2 + fabs(c)); /* gates are off by a few roundings of 1, and so is what they let through */
    }
    net_free(n);
}

/* The gradient d of a sum that row g of W x_t and (times r, in a GRU's last third) of U h_t-1 went into. */
static void spread(Sum **dx, double *dh, const Net *n, int64_t t, int64_t b, int64_t g, double d, double d_of_h)
{
    const Plain *p = n->p;
    if (!p->x[W] && dx[X]) add_sized(&dx[X][(t * n->B + b) * n->G + g], d, 2);
    for (int64_t k = 0; p->x[W] && k < n->IN; k++) {
        int64_t at_w = g * n->IN + k, at_x = (t * n->B + b) * n->IN + k;
        if (dx[W]) add_sized(&dx[W][at_w], d * p->x[X][at_x], 2 * fabs(p->x[X][at_x]));
        if (dx[X]) add_sized(&dx[X][at_x], d * p->x[W][at_w], 2 * fabs(p->x[W][at_w]));
    }
    for (int64_t k = 0; k < n->H; k++) {
        int64_t at_u = g * n->H + k, at_h = (t * n->B + b) * n->H + k;
        if (dx[U]) add_sized(&dx[U][at_u], d_of_h * n->h[at_h], 2 * fabs(n->h[at_h]));
        dh[b * n->H + k] += d_of_h * p->x[U][at_u];
    }
    if (dx[BW]) add_sized(&dx[BW][g], d, 2);
    if (dx[BU]) add_sized(&dx[BU][g], d_of_h, 2);
}

static void back_lstm(Sum **dx, double *dh_before, double *dc, const Net *n, int64_t t, int64_t b, int64_t j, double dh)
{
    const double *g = n->gate + (t * n->B + b) * n->G;
    int64_t at = (t * n->B + b) * n->H + j, H = n->H;
    double i = g[j], f = g[H + j], m = g[2 * H + j], o = g[3 * H + j], tc = tanh(n->c[at + n->B * H]);
    double d = dc[b * H + j] + dh * o * (1 - tc * tc);
    double dz[] = { d * m * i * (1 - i), d * n->c[at] * f * (1 - f), d * i * (1 - m * m), dh * tc * o * (1 - o) };
    dc[b * H + j] = d * f;
    for (int q = 0; q < 4; q++) spread(dx, dh_before, n, t, b, q * H + j, dz[q], dz[q]);
}

static void back_gru(Sum **dx, double *dh_before, const Net *n, int64_t t, int64_t b, int64_t j, double dh)
{
    const double *g = n->gate + (t * n->B + b) * n->G;
    int64_t at = (t * n->B + b) * n->H + j, H = n->H;
    double r = g[j], z = g[H + j], m = g[2 * H + j], dm = dh * (1 - z) * (1 - m * m);
    double dr = dm * n->u[at] * r * (1 - r), dz = dh * (n->h[at] - m) * z * (1 - z);
    spread(dx, dh_before, n, t, b, j, dr, dr);
    spread(dx, dh_before, n, t, b, H + j, dz, dz);
    spread(dx, dh_before, n, t, b, 2 * H + j, dm, dm * r);
    dh_before[b * H + j] += dh * z;
}

static void plain_backward(Sum **dx, const double *dy, const Plain *p)
{
    Net n = play_forward(p);
    Which which = ((const Case *)p->ctx)->which;
    int64_t size = n.B * n.H;
    double *dh = calloc((size_t)size + 1, sizeof *dh), *dc = calloc((size_t)size + 1, sizeof *dc);
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        if (which == H_T || which == ALL) dh[i % size] += dy[i];
        if (which == C_T || (which == ALL && !n.gru)) dc[i % size] += dy[i];
    }
    for (int64_t t = n.T - 1; t >= 0; t--) {
        double *before = calloc((size_t)size + 1, sizeof *before);
        for (int64_t b = 0; b < n.B; b++)
            for (int64_t j = 0; j < n.H; j++) {
                double d = dh[b * n.H + j];
                if (which == Y || which == ALL) d += dy[(t * n.B + b) * n.H + j];
                if (n.gru) back_gru(dx, before, &n, t, b, j, d);
                else back_lstm(dx, before, dc, &n, t, b, j, d);
            }
        free(dh);
        dh = before;
    }
    for (int64_t i = 0; i < size; i++) {
        if (dx[H0]) add_sized(&dx[H0][i], dh[i], 2);
        if (dx[C0] && !n.gru) add_sized(&dx[C0][i], dc[i], 2);
    }
    free(dh), free(dc);
    net_free(n);
}

static const PlainOp plain_lstm = { "lstm", run, plain_forward, plain_backward };
static const PlainOp plain_gru = { "gru", run, plain_forward, plain_backward };

/* ---- Sizes, layouts, what is there and what is not ---- */

/* Small enough that errors do not grow from step to step. */
static Tensor *small(Tensor *x, int64_t H)
{
    for (int64_t i = 0; i < tensor_count(x); i++) tensor_set(x, i, tensor_get(x, i) / sqrt((double)H));
    return x;
}

enum { NO_H0 = 1, NO_C0 = 2, NO_BW = 4, NO_BU = 8, FIXED_X = 16, FIXED_WEIGHTS = 32, NO_W = 64, OPTIONS = 128 };

static void check(Case k, int64_t T, int64_t B, int64_t IN, int64_t H, int layout, unsigned without)
{
    int64_t G = (k.gru ? 3 : 4) * H;
    if (without & NO_W) IN = G; /* x is the product already */
    Tensor *w = without & FIXED_WEIGHTS ? constant(SHAPE(G, IN)) : laid_out(layout, SHAPE(G, IN));
    Tensor *in[INPUTS] = {
        without & FIXED_X ? constant(SHAPE(T, B, IN)) : laid_out(layout, SHAPE(T, B, IN)),
        without & NO_H0 ? NULL : laid_out(layout, SHAPE(B, H)),
        without & NO_C0 || k.gru ? NULL : laid_out(layout, SHAPE(B, H)),
        without & NO_W ? NULL : small(w, IN),
        small(without & FIXED_WEIGHTS ? constant(SHAPE(G, H)) : laid_out(layout, SHAPE(G, H)), H),
        without & NO_BW ? NULL : laid_out(layout, SHAPE(G)),
        without & NO_BU ? NULL : laid_out(layout, SHAPE(G)),
    };
    plaincheck(k.gru ? &plain_gru : &plain_lstm, (double)(T * B + IN + H), in, INPUTS, &k);
    tape_reset(tape);
    arena_reset(model);
}

static const int64_t SIZES[][4] = { { 1, 1, 1, 1 }, { 3, 2, 5, 7 }, { 2, 5, 1, 3 }, { 9, 3, 4, 5 }, { 9, 5, 17, 33 } };

Test(recurrent, every_output_size_and_layout)
{
    for (int gru = 0; gru < 2; gru++)
        for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++)
            for (int layout = 0; layout < (s < 4 ? LAYOUTS : 1); layout++)
                for (Which which = Y; which <= ALL; which++)
                    if (!(gru && which == C_T) && !(s == 4 && which != ALL))
                        check((Case){ gru, which }, SIZES[s][0], SIZES[s][1], SIZES[s][2], SIZES[s][3], layout, 0);
}

Test(recurrent, what_is_left_out_counts_as_zeros)
{
    for (int gru = 0; gru < 2; gru++)
        for (unsigned without = 0; without < OPTIONS; without++)
            if ((without | NO_W | (gru ? NO_C0 : 0)) != OPTIONS - 1) /* something must want a gradient */
                check((Case){ gru, ALL }, 3, 2, 4, 5, 0, without);
    for (int gru = 0; gru < 2; gru++) check((Case){ gru, ALL }, 1, 2, 4, 5, 0, NO_H0 | NO_C0);
}

/* No step: the states go through, and so do their gradients. No row: nothing, but no harm. */
Test(recurrent, of_size_zero)
{
    for (int gru = 0; gru < 2; gru++) {
        check((Case){ gru, H_T }, 0, 2, 3, 4, 0, 0);
        if (!gru) check((Case){ gru, C_T }, 0, 2, 3, 4, 0, 0);
        check((Case){ gru, Y }, 2, 0, 3, 4, 0, 0);
        check((Case){ gru, ALL }, 2, 3, 0, 4, 0, 0);
        check((Case){ gru, Y }, 0, 2, 3, 4, 0, NO_H0 | NO_C0);
    }
}

Test(recurrent, nan_stays_in_its_row)
{
    for (int gru = 0; gru < 2; gru++) {
        int64_t G = (4 - gru) * 5;
        Tensor *x = constant(SHAPE(9, 3, 4)), *w = constant(SHAPE(G, 4)), *u = constant(SHAPE(G, 5));
        tensor_set(x, (4 * 3 + 1) * 4, NAN);
        Recurrent r = gru ? op_gru(tape, x, NULL, w, u, NULL, NULL) : op_lstm(tape, x, NULL, NULL, w, u, NULL, NULL);
        for (int64_t i = 0; i < tensor_count(r.y); i++) {
            bool lost = i / 15 >= 4 && i / 5 % 3 == 1;
            cr_assert_eq(isnan(tensor_get(r.y, i)) != 0, lost, "gru %d, step %lld, row %lld", gru, (long long)i / 15,
                         (long long)i / 5 % 3);
        }
    }
}

/* ---- Modules ---- */

/* A sequence in one go is the sequence in two parts, the state handed over; the names are PyTorch's. */
Test(recurrent, modules_hand_the_state_over)
{
    enum { T = 12, B = 3, IN = 4, H = 5, LAYERS = 2 };
    Rng rng = rng_new(7);
    for (int gru = 0; gru < 2; gru++) {
        Lstm m = gru ? nn_gru(model, &rng, IN, H, LAYERS) : nn_lstm(model, &rng, IN, H, LAYERS);
        Tensor *x = constant(SHAPE(T, B, IN)), *h[LAYERS] = { NULL }, *c[LAYERS] = { NULL };
        Tensor *whole = gru ? nn_gru_forward(tape, &m, x, NULL) : nn_lstm_forward(tape, &m, x, NULL, NULL), *part;
        for (int64_t from = 0, to; from < T; from = to) {
            to = from ? T : 3;
            Tensor *xs = op_slice(tape, x, 0, from, to);
            part = gru ? nn_gru_forward(tape, &m, xs, h) : nn_lstm_forward(tape, &m, xs, h, c);
            for (int64_t i = 0; i < tensor_count(part); i++)
                expect("part", i, tensor_get(part, i), tensor_get(whole, from * B * H + i), 20 * epsilon());
        }
        for (int64_t i = 0; i < B * H; i++)
            expect("h_T", i, tensor_get(h[LAYERS - 1], i), tensor_get(whole, (T - 1) * B * H + i), 20 * epsilon());
        NnParams p = nn_params(model);
        if (gru) nn_gru_visit(&m, "rnn", nn_params_add, &p);
        else nn_lstm_visit(&m, "rnn", nn_params_add, &p);
        static const char *const names[] = {
            "rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0",
            "rnn.weight_ih_l1", "rnn.weight_hh_l1", "rnn.bias_ih_l1", "rnn.bias_hh_l1",
        };
        cr_assert_eq(p.n, 8);
        for (int i = 0; i < 8; i++) cr_assert_str_eq(p.item[i].name, names[i]);
        expect_shape(p.item[4].tensor, SHAPE((4 - gru) * H, H));
        for (int64_t i = 0; i < tensor_count(p.item[1].tensor); i++)
            cr_assert(fabs(tensor_get(p.item[1].tensor, i)) <= 1 / sqrt(H));
        tape_backward(tape, op_sum(tape, whole, 7));
        for (int i = 0; i < 8; i++) cr_assert(p.item[i].tensor->grad, "%s has no gradient", p.item[i].name);
    }
}

/* Rows of a table, multiplied once each or each time: the same numbers, and gradients, in float up to rounding. */
Test(recurrent, reading_a_table_is_the_lstm_of_its_rows)
{
    enum { T = 7, B = 3, IN = 4, H = 5, LAYERS = 2, V = 6 };
    Rng rng = rng_new(8);
    for (int few = 0; few < 2; few++) {
        Lstm m = nn_lstm(model, &rng, IN, H, LAYERS);
        Embedding e = nn_embedding(model, &rng, few ? 100 : V, IN);
        Tensor *tokens = targets(T * B, V), *once = op_reshape(tape, tokens, SHAPE(T, B)), *h[LAYERS] = { NULL };
        Tensor *want = nn_lstm_forward(tape, &m, nn_embedding_forward(tape, &e, once), NULL, NULL), *grad[3];
        Tensor *of[] = { e.w, m.w_ih[0], m.b_ih[0] };
        tape_keep(want);
        tape_backward(tape, op_sum(tape, op_mul(tape, want, want), 7));
        for (int i = 0; i < 3; i++) grad[i] = of[i]->grad, of[i]->grad = NULL;
        Tensor *got = tape_keep(nn_lstm_read(tape, &m, &e, once, h, NULL));
        tape_backward(tape, op_sum(tape, op_mul(tape, got, got), 7));
        cr_assert(h[LAYERS - 1]);
        for (int64_t i = 0; i < T * B * H; i++)
            expect("y", i, tensor_get(got, i), tensor_get(want, i), 20 * epsilon());
        for (int k = 0; k < 3; k++)
            for (int64_t i = 0; i < tensor_count(of[k]); i++)
                expect("gradient", i, tensor_get(of[k]->grad, i), tensor_get(grad[k], i), 100 * epsilon());
    }
}

/* ---- Refusals, threads ---- */

static void lstm_of_a_matrix(void)
{
    op_lstm(tape, param(SHAPE(3, 4)), NULL, NULL, param(SHAPE(8, 4)), param(SHAPE(8, 2)), NULL, NULL);
}
static void lstm_with_three_gates(void)
{
    op_lstm(tape, param(SHAPE(3, 1, 4)), NULL, NULL, param(SHAPE(6, 4)), param(SHAPE(6, 2)), NULL, NULL);
}
static void lstm_of_wrong_width(void)
{
    op_lstm(tape, param(SHAPE(3, 1, 5)), NULL, NULL, param(SHAPE(8, 4)), param(SHAPE(8, 2)), NULL, NULL);
}
static void lstm_of_no_product(void)
{
    op_lstm(tape, param(SHAPE(3, 1, 4)), NULL, NULL, NULL, param(SHAPE(8, 2)), NULL, NULL);
}
static void gru_with_wrong_state(void)
{
    op_gru(tape, param(SHAPE(3, 1, 4)), param(SHAPE(2, 2)), param(SHAPE(6, 4)), param(SHAPE(6, 2)), NULL, NULL);
}
static void gru_with_wrong_bias(void)
{
    op_gru(tape, param(SHAPE(3, 1, 4)), NULL, param(SHAPE(6, 4)), param(SHAPE(6, 2)), param(SHAPE(8)), NULL);
}

Test(recurrent, refusals)
{
    expect_refusal(lstm_of_a_matrix, "lstm: the input must be (T,B,IN): f");
    expect_refusal(lstm_with_three_gates, "lstm: the recurrent weight must be (4H,H): f");
    expect_refusal(lstm_of_wrong_width, "lstm: the input's weight must be (4H,IN): f");
    expect_refusal(lstm_of_no_product, "lstm: without a weight of its own the input must be (T,B,4H): f");
    expect_refusal(gru_with_wrong_state, "gru: the first state must be (B,H): f");
    expect_refusal(gru_with_wrong_bias, "gru: a bias must be (3H): f");
}

#ifdef _OPENMP
/* One, two, three threads: the same bits, forward and backward. */
Test(recurrent, the_number_of_threads_changes_nothing)
{
    enum { T = 9, B = 32, IN = 65, H = 160 };
    Rng rng = rng_new(3);
    for (int gru = 0; gru < 2; gru++) {
        Lstm m = gru ? nn_gru(model, &rng, IN, H, 1) : nn_lstm(model, &rng, IN, H, 1);
        Tensor *x = constant(SHAPE(T, B, IN)), *y[3], *dw[3];
        for (int n = 0; n < 3; n++) {
            omp_set_num_threads(n + 1);
            y[n] = gru ? nn_gru_forward(tape, &m, x, NULL) : nn_lstm_forward(tape, &m, x, NULL, NULL);
            tape_backward(tape, op_sum(tape, op_mul(tape, tape_keep(y[n]), y[n]), 7));
            dw[n] = m.w_hh[0]->grad;
            m.w_hh[0]->grad = NULL;
        }
        for (int n = 1; n < 3; n++) {
            cr_assert_arr_eq(y[0]->data, y[n]->data, tensor_bytes(y[0]), "%d threads: values", n + 1);
            cr_assert_arr_eq(dw[0]->data, dw[n]->data, tensor_bytes(dw[0]), "%d threads: gradients", n + 1);
        }
    }
}
#endif
