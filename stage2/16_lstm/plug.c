/* plug.c -- lets the tape run on this folder's functions. */
#include <string.h>
#include "lstm.h"
#include "plug.h"

/* in and out as the library's: ops/lstm.c. Its saved are our gate (T,B,4H) and then our c (T,B,H). Where w_ih is NULL,
 * x is the product with it already: our sums are then taken of no input at all, and x added. */
enum { X, H0, C0, W_IH, W_HH, B_IH, B_HH };
enum { Y, H_T, C_T, SAVED };
typedef struct Sizes { int T, B, IN, H; } Sizes;

static Sizes sizes(const Tensor *x, const Tensor *w_ih, const Tensor *w_hh)
{
    return (Sizes){ (int)x->shape[0], (int)x->shape[1], w_ih ? (int)x->shape[2] : 0, (int)w_hh->shape[1] };
}

static float *data_of(const Tensor *x) { return x ? x->data : NULL; }

/* The last h or c, or where there is no step, that of before the first. */
static void copy_last(Tensor *last, const float *all, const float *first, Sizes s)
{
    const float *from = s.T ? all + (s.T - 1) * s.B * s.H : first;
    if (from) memcpy(last->data, from, tensor_bytes(last));
    else memset(last->data, 0, tensor_bytes(last));
}

static void forward(Tape *tape, Node *n)
{
    Sizes s = sizes(n->in[X], n->in[W_IH], n->in[W_HH]);
    const float *x = n->in[X]->data, *h0 = data_of(n->in[H0]), *c0 = data_of(n->in[C0]), *w_hh = n->in[W_HH]->data;
    const float *b0 = data_of(n->in[B_IH]), *b1 = data_of(n->in[B_HH]);
    float *y = n->out[Y]->data, *gate = n->out[SAVED]->data, *c = gate + s.T * s.B * 4 * s.H;
    float *b = tape_scratch(tape, (size_t)(4 * s.H) * sizeof *b);
    for (int k = 0; k < 4 * s.H; k++) b[k] = (b0 ? b0[k] : 0) + (b1 ? b1[k] : 0);
    if (n->in[W_IH]) lstm_forward(y, c, gate, x, h0, c0, n->in[W_IH]->data, w_hh, b, s.T, s.B, s.IN, s.H);
    for (int t = 0; t < s.T && !n->in[W_IH]; t++) {
        int all = s.B * s.H;
        float *z = gate + t * 4 * all;
        lstm_sums(z, x, t ? y + (t - 1) * all : h0, w_hh, w_hh, b, s.B, 0, s.H);
        for (int k = 0; k < 4 * all; k++) z[k] += x[t * 4 * all + k];
        lstm_cell(y + t * all, c + t * all, z, z, t ? c + (t - 1) * all : c0, s.B, s.H);
    }
    copy_last(n->out[H_T], y, h0, s);
    copy_last(n->out[C_T], c, c0, s);
}

/* ---- Back: dz, dh0, dc0 step by step; then dx and the parameters', all steps at once ----------------------------- */

static void start(Tensor *d, const Tensor *from)
{
    if (from) memcpy(d->data, from->data, tensor_bytes(d));
    else memset(d->data, 0, tensor_bytes(d));
}

static void steps_back(Tape *tape, Node *n) /* w_hh, saved, c0, dy, dh_T, dc_T -> dz, dh0, dc0 */
{
    const Tensor *saved = n->in[1];
    int H = (int)n->in[0]->shape[1], B = (int)n->out[1]->shape[0], T = (int)n->out[0]->shape[0];
    const float *gate = saved->data;
    (void)tape;
    start(n->out[1], n->in[4]);
    start(n->out[2], n->in[5]);
    lstm_backward(n->out[0]->data, n->out[1]->data, n->out[2]->data, data_of(n->in[3]), gate, gate + T * B * 4 * H,
                  data_of(n->in[2]), n->in[0]->data, T, B, H);
}

static void weights_back(Tape *tape, Node *n) /* dz, x, h0, y, w_ih, w_hh -> dx, dw_ih, dw_hh, db */
{
    Sizes s = sizes(n->in[1], n->in[4], n->in[5]);
    (void)tape;
    for (int i = 1; i < 4; i++) memset(n->out[i]->data, 0, tensor_bytes(n->out[i])); /* the kernel adds */
    lstm_weights_backward(s.IN ? n->out[0]->data : NULL, n->out[1]->data, n->out[2]->data, n->out[3]->data,
                          n->in[0]->data, n->in[1]->data, data_of(n->in[2]), n->in[3]->data,
                          n->in[s.IN ? 4 : 5]->data, s.T, s.B, s.IN, s.H);
}

typedef struct StepsArg { int64_t T, B, H; } StepsArg;

static const char *steps_shape(Node *n)
{
    const StepsArg *s = n->arg;
    tensor_set_shape(n->out[0], SHAPE(s->T, s->B, 4 * s->H));
    tensor_set_shape(n->out[1], SHAPE(s->B, s->H));
    tensor_set_shape(n->out[2], SHAPE(s->B, s->H));
    return NULL;
}

static const char *weights_shape(Node *n)
{
    const Tensor *w = n->in[4] ? n->in[4] : n->in[5];
    tensor_set_shape(n->out[0], 3, n->in[1]->shape);
    tensor_set_shape(n->out[1], 2, w->shape);
    tensor_set_shape(n->out[2], 2, n->in[5]->shape);
    tensor_set_shape(n->out[3], SHAPE(w->shape[0]));
    return NULL;
}

static const Op steps_row = { .name = "lstm_backward", .dtypes = 1u << F32, .shape = steps_shape,
                              .forward = { [DEV_CPU] = steps_back } };
static const Op weights_row = { .name = "lstm_weights_backward", .dtypes = 1u << F32, .shape = weights_shape,
                                .forward = { [DEV_CPU] = weights_back } };

static void way_back(Tape *t, Node *n)
{
    Tensor **in = n->in, **out = n->out, *walk[MAX_OUT], *d[MAX_OUT];
    Sizes s = sizes(in[X], in[W_IH], in[W_HH]);
    tape_run_all(t, (Node){ .op = &steps_row, .n_out = 3, ARG(StepsArg, s.T, s.B, s.H),
                            IN(in[W_HH], out[SAVED], in[C0], out[Y]->grad, out[H_T]->grad, out[C_T]->grad) }, walk);
    /* Where there is no w_ih, dz is the gradient of x. */
    tape_run_all(t, (Node){ .op = &weights_row, .n_out = 4,
                            IN(walk[0], s.IN ? in[X] : walk[0], in[H0], out[Y], in[W_IH], in[W_HH]) }, d);
    tape_add_grad(t, in[X], s.IN ? d[0] : walk[0]);
    tape_add_grad(t, in[W_IH], d[1]);
    tape_add_grad(t, in[W_HH], d[2]);
    tape_add_grad(t, in[B_IH], d[3]);
    tape_add_grad(t, in[B_HH], d[3]);
    tape_add_grad(t, in[H0], walk[1]);
    tape_add_grad(t, in[C0], walk[2]);
}

static const Op forward_row = { .name = "lstm", .dtypes = 1u << F32, .forward = { [DEV_CPU] = forward },
                                .backward = way_back };

void plug_lstm(Tape *);
void plug_lstm(Tape *tape)
{
    tape_replace(tape, "lstm", &forward_row);
    tape_replace(tape, "lstm_backward", &steps_row);
}
