/* gru.c -- one GRU layer over a sequence (Cho et al., arXiv:1406.1078), with the reset gate after the product, as
 * PyTorch and cuDNN have it:
 *
 *     r, z = sigmoid(X W^T + b + H U^T + b'),  u = H U_n^T + b'_n,  n = tanh(X W_n^T + b_n + r u)
 *     h_t = n + z (h_t-1 - n)
 */
#include <string.h>
#include "recurrent.h"
#include "vmath.h"

/* out: y = all h (T,B,H); h_T (B,H); saved: the gates r z n (T,B,3H), then all u (T,B,H). */
enum { Y, H_T, SAVED };

static const char *shape(Node *n)
{
    const char *wrong = recurrent_check(n, 3);
    if (wrong) return wrong;
    RecurrentSizes s = recurrent_sizes(n);
    tensor_set_shape(n->out[Y], SHAPE(s.T, s.B, s.H));
    tensor_set_shape(n->out[H_T], SHAPE(s.B, s.H));
    tensor_set_shape(n->out[SAVED], SHAPE(4, s.T * s.B, s.H));
    n->out[SAVED]->needs_grad = false;
    return NULL;
}

/* One row: the sums in a (of x) and q (of h) become the gates in a, and u. before: h_t-1, or NULL for zeros. */
static void cell(real *h, real *u, real *a, const real *q, const real *b, const real *b2, const real *before, int64_t H)
{
    real *r = a, *z = a + H, *m = a + 2 * H;
#pragma omp simd
    for (int64_t k = 0; k < H; k++) {
        r[k] = vsigmoid(r[k] + b[k] + (q[k] + b2[k]));
        z[k] = vsigmoid(z[k] + b[H + k] + (q[H + k] + b2[H + k]));
        u[k] = q[2 * H + k] + b2[2 * H + k];
        m[k] = vtanh(m[k] + b[2 * H + k] + r[k] * u[k]);
        h[k] = m[k] + z[k] * ((before ? before[k] : 0) - m[k]);
    }
}

static const real *data_of(const Tensor *x) { return x ? x->data : NULL; }

static void copy_or_zero(real *to, const real *from, int64_t N)
{
    if (from) memcpy(to, from, (size_t)N * sizeof *to);
    else memset(to, 0, (size_t)N * sizeof *to);
}

static void forward(Tape *tape, Node *n)
{
    RecurrentSizes s = recurrent_sizes(n);
    const int64_t rows_of_h[] = { s.H, 1 }, size = s.B * s.H;
    const real *h0 = data_of(n->in[H0]);
    real *y = n->out[Y]->data, *a = n->out[SAVED]->data, *u = a + s.T * s.B * s.G;
    real *b = tape_scratch(tape, (size_t)(2 * s.G + s.B * s.G + recurrent_room(s)) * sizeof *b);
    real *b2 = b + s.G, *q = b2 + s.G;
    RecurrentWeight w = recurrent_turned(q + s.B * s.G, n->in[W_HH]->data, s);
    copy_or_zero(b, data_of(n->in[B_IH]), s.G);
    copy_or_zero(b2, data_of(n->in[B_HH]), s.G);
    recurrent_input(a, n, s);
    for (int64_t t = 0; t < s.T; t++) {
        real *at = a + t * s.B * s.G, *ut = u + t * size, *ht = y + t * size;
        const real *h = recurrent_before(h0, y, t, size);
        if (h) gemm(q, s.B, s.G, s.H, h, rows_of_h, w.data, w.stride, 0);
        else copy_or_zero(q, NULL, s.B * s.G);
#pragma omp parallel for if (size > PARALLEL / 16)
        for (int64_t i = 0; i < s.B; i++)
            cell(ht + i * s.H, ut + i * s.H, at + i * s.G, q + i * s.G, b, b2, h ? h + i * s.H : NULL, s.H);
    }
    copy_or_zero(n->out[H_T]->data, recurrent_before(h0, y, s.T, size), size);
}

/* ---- Backward: step by step the sums' gradients and dh_t-1. The weights' follow, each as one product ---- */

/* in: w_hh, saved, y, h0 or NULL, dy, dh_T, each NULL if no gradient came.
 * out: of the sums of x (T,B,3H), of the sums of h (T,B,3H), dh0. They differ in n: the latter's is times r. */
enum { BACK_W, BACK_SAVED, BACK_Y, BACK_H0, BACK_DY, BACK_DH };

static const char *backward_shape(Node *n)
{
    const Tensor *y = n->in[BACK_Y];
    int64_t T = y->shape[0], B = y->shape[1], H = y->shape[2];
    tensor_set_shape(n->out[0], SHAPE(T, B, 3 * H));
    tensor_set_shape(n->out[1], SHAPE(T, B, 3 * H));
    tensor_set_shape(n->out[2], SHAPE(B, H));
    return NULL;
}

/* One row. dh leaves with z dh, to which dq U is added. */
static void cell_back(real *da, real *dq, real *dh, const real *dy, const real *a, const real *u, const real *before,
                      int64_t H)
{
    const real *r = a, *z = a + H, *m = a + 2 * H;
#pragma omp simd
    for (int64_t k = 0; k < H; k++) {
        real d = dh[k] + (dy ? dy[k] : 0), dm = d * (1 - z[k]) * (1 - m[k] * m[k]);
        dq[k] = da[k] = dm * u[k] * r[k] * (1 - r[k]);
        dq[H + k] = da[H + k] = d * ((before ? before[k] : 0) - m[k]) * z[k] * (1 - z[k]);
        da[2 * H + k] = dm;
        dq[2 * H + k] = dm * r[k];
        dh[k] = d * z[k];
    }
}

static void forward_of_backward(Tape *tape, Node *n)
{
    (void)tape;
    const Tensor *ys = n->in[BACK_Y];
    const int64_t T = ys->shape[0], B = ys->shape[1], H = ys->shape[2], G = 3 * H, size = B * H;
    const real *a = n->in[BACK_SAVED]->data, *u = a + T * B * G, *y = ys->data, *h0 = data_of(n->in[BACK_H0]);
    const real *dy = data_of(n->in[BACK_DY]), *w = n->in[BACK_W]->data;
    real *da = n->out[0]->data, *dq = n->out[1]->data, *dh = n->out[2]->data;
    copy_or_zero(dh, data_of(n->in[BACK_DH]), size);
    for (int64_t t = T - 1; t >= 0; t--) {
        const int64_t at = t * B * G;
        const real *before = recurrent_before(h0, y, t, size), *dyt = dy ? dy + t * size : NULL;
#pragma omp parallel for if (size > PARALLEL / 16)
        for (int64_t i = 0; i < B; i++)
            cell_back(da + at + i * G, dq + at + i * G, dh + i * H, dyt ? dyt + i * H : NULL, a + at + i * G,
                      u + t * size + i * H, before ? before + i * H : NULL, H);
        gemm(dh, B, H, G, dq + at, (int64_t[]){ G, 1 }, w, (int64_t[]){ H, 1 }, 1);
    }
}

static double flops_of_backward(const Node *n)
{
    return 2 * 3 * (double)tensor_count(n->in[BACK_Y]) * (double)n->in[BACK_Y]->shape[2];
}

static const Op op_backward = { .name = "gru_backward", .dtypes = 1u << REAL, .shape = backward_shape,
                                .forward = { [DEV_CPU] = forward_of_backward }, .flops = flops_of_backward };

static void backward(Tape *t, Node *n)
{
    Tensor **in = n->in, **out = n->out, *back[MAX_OUT];
    tape_run_all(t, (Node){ .op = &op_backward, .n_out = 3,
                            IN(in[W_HH], out[SAVED], out[Y], in[H0], out[Y]->grad, out[H_T]->grad) }, back);
    recurrent_add_input_grads(t, in, back[0], B_IH);
    if (tensor_wants_grad(in[B_HH])) tape_add_grad(t, in[B_HH], op_sum_to(t, back[1], 1, in[B_HH]->shape));
    recurrent_add_grads(t, in, out[Y], back[1]);
    tape_add_grad(t, in[H0], back[2]);
}

static const Op op = { .name = "gru", .dtypes = 1u << REAL, .shape = shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward, .flops = recurrent_flops };

Recurrent op_gru(Tape *t, Tensor *x, Tensor *h0, Tensor *w_ih, Tensor *w_hh, Tensor *b_ih, Tensor *b_hh)
{
    Tensor *out[MAX_OUT];
    tape_run_all(t, (Node){ .op = &op, .n_out = 3, IN(x, h0, NULL, w_ih, w_hh, b_ih, b_hh) }, out);
    return (Recurrent){ out[Y], out[H_T], NULL };
}
