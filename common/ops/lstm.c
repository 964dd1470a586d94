/* lstm.c -- one LSTM layer over a sequence (Hochreiter, Schmidhuber 1997; Gers et al. 2000), in PyTorch's gate order:
 *
 *     Z_t = X_t W_ih^T + b_ih + H_t-1 W_hh^T + b_hh          rows of i f g o, H each
 *     i, f, o = sigmoid(Z),  g = tanh(Z),  c_t = f c_t-1 + i g,  h_t = o tanh(c_t)
 *
 * X W_ih^T of all steps is one product. Only H W_hh^T has to wait for the step before. */
#include <string.h>
#include "recurrent.h"
#include "vmath.h"

/* out: y = all h (T,B,H); h_T, c_T (B,H); saved: the gates (T,B,4H), then all c (T,B,H). */
enum { Y, H_T, C_T, SAVED };

static const char *shape(Node *n)
{
    const char *wrong = recurrent_check(n, 4);
    if (wrong) return wrong;
    RecurrentSizes s = recurrent_sizes(n);
    tensor_set_shape(n->out[Y], SHAPE(s.T, s.B, s.H));
    tensor_set_shape(n->out[H_T], SHAPE(s.B, s.H));
    tensor_set_shape(n->out[C_T], SHAPE(s.B, s.H));
    tensor_set_shape(n->out[SAVED], SHAPE(5, s.T * s.B, s.H));
    n->out[SAVED]->needs_grad = false;
    return NULL;
}

/* One row: the gates' sums z become the gates. before: c_t-1, or NULL for zeros. */
static void cell(real *h, real *c, real *z, const real *b, const real *before, int64_t H)
{
    real *i = z, *f = z + H, *g = z + 2 * H, *o = z + 3 * H;
#pragma omp simd
    for (int64_t k = 0; k < H; k++) {
        i[k] = vsigmoid(i[k] + b[k]);
        f[k] = vsigmoid(f[k] + b[H + k]);
        g[k] = vtanh(g[k] + b[2 * H + k]);
        o[k] = vsigmoid(o[k] + b[3 * H + k]);
        c[k] = (before ? f[k] * before[k] : 0) + i[k] * g[k];
        h[k] = o[k] * vtanh(c[k]);
    }
}

static const real *data_of(const Tensor *x) { return x ? x->data : NULL; }

static void copy_last(real *last, const real *all, const real *first, RecurrentSizes s)
{
    const real *from = recurrent_before(first, all, s.T, s.B * s.H);
    if (from) memcpy(last, from, (size_t)(s.B * s.H) * sizeof *last);
    else memset(last, 0, (size_t)(s.B * s.H) * sizeof *last);
}

static void forward(Tape *tape, Node *n)
{
    RecurrentSizes s = recurrent_sizes(n);
    const int64_t rows_of_h[] = { s.H, 1 }, size = s.B * s.H;
    const real *h0 = data_of(n->in[H0]), *c0 = data_of(n->in[C0]);
    const real *b0 = data_of(n->in[B_IH]), *b1 = data_of(n->in[B_HH]);
    real *y = n->out[Y]->data, *z = n->out[SAVED]->data, *c = z + s.T * s.B * s.G;
    real *b = tape_scratch(tape, (size_t)(s.G + recurrent_room(s)) * sizeof *b);
    RecurrentWeight w = recurrent_turned(b + s.G, n->in[W_HH]->data, s);
    for (int64_t k = 0; k < s.G; k++) b[k] = (b0 ? b0[k] : 0) + (b1 ? b1[k] : 0);
    recurrent_input(z, n, s);
    for (int64_t t = 0; t < s.T; t++) {
        real *zt = z + t * s.B * s.G, *ct = c + t * size, *ht = y + t * size;
        const real *h = recurrent_before(h0, y, t, size), *before = recurrent_before(c0, c, t, size);
        if (h) gemm(zt, s.B, s.G, s.H, h, rows_of_h, w.data, w.stride, 1);
#pragma omp parallel for if (size > PARALLEL / 16)
        for (int64_t r = 0; r < s.B; r++)
            cell(ht + r * s.H, ct + r * s.H, zt + r * s.G, b, before ? before + r * s.H : NULL, s.H);
    }
    copy_last(n->out[H_T]->data, y, h0, s);
    copy_last(n->out[C_T]->data, c, c0, s);
}

/* ---- Backward: step by step dZ, dc_t-1, dh_t-1 = dZ W_hh. The weights' follow, each as one product ---- */

/* in: w_hh, saved, c0 or NULL, dy, dh_T, dc_T, each NULL if no gradient came. out: dZ (T,B,4H), dh0, dc0. */
enum { BACK_W, BACK_SAVED, BACK_C0, BACK_DY, BACK_DH, BACK_DC };

typedef struct { int64_t T, B, H; bool dh0; } StepsArg;         /* dh0: whether it is wanted */

static const char *backward_shape(Node *n)
{
    const StepsArg *s = n->arg;
    tensor_set_shape(n->out[0], SHAPE(s->T, s->B, 4 * s->H));
    tensor_set_shape(n->out[1], SHAPE(s->B, s->H));
    tensor_set_shape(n->out[2], SHAPE(s->B, s->H));
    return NULL;
}

/* One row. dh and dc come with what later steps left, dc leaves with what the step before gets. */
static void cell_back(real *dz, real *dc, const real *dh, const real *dy, const real *z, const real *c,
                      const real *before, int64_t H)
{
    const real *i = z, *f = z + H, *g = z + 2 * H, *o = z + 3 * H;
#pragma omp simd
    for (int64_t k = 0; k < H; k++) {
        real d = dh[k] + (dy ? dy[k] : 0), tc = vtanh(c[k]), e = dc[k] + d * o[k] * (1 - tc * tc);
        dz[k] = e * g[k] * i[k] * (1 - i[k]);
        dz[H + k] = before ? e * before[k] * f[k] * (1 - f[k]) : 0;
        dz[2 * H + k] = e * i[k] * (1 - g[k] * g[k]);
        dz[3 * H + k] = d * tc * o[k] * (1 - o[k]);
        dc[k] = e * f[k];
    }
}

static void start(real *d, const Tensor *from, int64_t size)
{
    if (from) memcpy(d, from->data, (size_t)size * sizeof *d);
    else memset(d, 0, (size_t)size * sizeof *d);
}

static void forward_of_backward(Tape *tape, Node *n)
{
    (void)tape;
    const StepsArg *s = n->arg;
    const int64_t size = s->B * s->H, G = 4 * s->H;
    const real *z = n->in[BACK_SAVED]->data, *c = z + s->T * s->B * G, *c0 = data_of(n->in[BACK_C0]);
    const real *dy = data_of(n->in[BACK_DY]), *w = n->in[BACK_W]->data;
    real *dz = n->out[0]->data, *dh = n->out[1]->data, *dc = n->out[2]->data;
    start(dh, n->in[BACK_DH], size);
    start(dc, n->in[BACK_DC], size);
    for (int64_t t = s->T - 1; t >= 0; t--) {
        const real *zt = z + t * s->B * G, *ct = c + t * size, *before = recurrent_before(c0, c, t, size);
        const real *dyt = dy ? dy + t * size : NULL;
        real *dzt = dz + t * s->B * G;
#pragma omp parallel for if (size > PARALLEL / 16)
        for (int64_t r = 0; r < s->B; r++) {
            int64_t at = r * s->H;
            cell_back(dzt + r * G, dc + at, dh + at, dyt ? dyt + at : NULL, zt + r * G, ct + at,
                      before ? before + at : NULL, s->H);
        }
        if (t > 0 || s->dh0) gemm(dh, s->B, s->H, G, dzt, (int64_t[]){ G, 1 }, w, (int64_t[]){ s->H, 1 }, 0);
    }
}

static double flops_of_backward(const Node *n)
{
    const StepsArg *s = n->arg;
    return 2 * 4 * (double)s->T * (double)s->B * (double)s->H * (double)s->H;
}

static const Op op_backward = { .name = "lstm_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                .forward = { [DEV_CPU] = forward_of_backward }, .flops = flops_of_backward };

static void backward(Tape *t, Node *n)
{
    RecurrentSizes s = recurrent_sizes(n);
    Tensor **in = n->in, **out = n->out, *back[MAX_OUT];
    tape_run_all(t, (Node){ .op = &op_backward, .n_out = 3,
                            IN(in[W_HH], out[SAVED], in[C0], out[Y]->grad, out[H_T]->grad, out[C_T]->grad),
                            ARG(StepsArg, s.T, s.B, s.H, tensor_wants_grad(in[H0])) }, back);
    recurrent_add_input_grads(t, in, back[0], B_HH);
    recurrent_add_grads(t, in, out[Y], back[0]);
    tape_add_grad(t, in[H0], back[1]);
    tape_add_grad(t, in[C0], back[2]);
}

static const Op op = { .name = "lstm", .dtypes = 1u << REAL, .shape = shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward, .flops = recurrent_flops };

Recurrent op_lstm(Tape *t, Tensor *x, Tensor *h0, Tensor *c0, Tensor *w_ih, Tensor *w_hh, Tensor *b_ih, Tensor *b_hh)
{
    Tensor *out[MAX_OUT];
    tape_run_all(t, (Node){ .op = &op, .n_out = 4, IN(x, h0, c0, w_ih, w_hh, b_ih, b_hh) }, out);
    return (Recurrent){ out[Y], out[H_T], out[C_T] };
}
