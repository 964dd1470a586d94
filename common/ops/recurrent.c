/* recurrent.c -- what lstm and gru share. */
#include "recurrent.h"
#include <string.h>

RecurrentSizes recurrent_sizes(const Node *n)
{
    const Tensor *x = n->in[X], *w = n->in[W_HH];
    return (RecurrentSizes){ x->shape[0], x->shape[1], x->shape[2], w->shape[1], w->shape[0] };
}

static bool is_matrix(const Tensor *x, int64_t rows, int64_t cols)
{
    return x->ndim == 2 && x->shape[0] == rows && x->shape[1] == cols;
}

const char *recurrent_check(const Node *n, int gates)
{
    const Tensor *x = n->in[X], *w = n->in[W_HH];
    if (x->ndim != 3) return "the input must be (T,B,IN)";
    if (!w || w->ndim != 2 || w->shape[0] != gates * w->shape[1])
        return sentence("the recurrent weight must be (%dH,H)", gates);
    RecurrentSizes s = recurrent_sizes(n);
    if (!n->in[W_IH] && s.IN != s.G) return sentence("without a weight of its own the input must be (T,B,%dH)", gates);
    if (n->in[W_IH] && !is_matrix(n->in[W_IH], s.G, s.IN))
        return sentence("the input's weight must be (%dH,IN)", gates);
    for (int i = H0; i <= C0; i++)
        if (n->in[i] && !is_matrix(n->in[i], s.B, s.H)) return "the first state must be (B,H)";
    for (int i = B_IH; i <= B_HH; i++)
        if (n->in[i] && (n->in[i]->ndim != 1 || n->in[i]->shape[0] != s.G))
            return sentence("a bias must be (%dH)", gates);
    return NULL;
}

double recurrent_flops(const Node *n)
{
    RecurrentSizes s = recurrent_sizes(n);
    return 2 * (double)s.T * (double)s.B * (double)s.G * (double)(s.H + (n->in[W_IH] ? s.IN : 0));
}

void recurrent_input(real *z, const Node *n, RecurrentSizes s)
{
    const real *x = n->in[X]->data;
    const int64_t rows = s.T * s.B, of_x[] = { s.IN, 1 }, of_w[] = { 1, s.IN };
    if (n->in[W_IH]) gemm(z, rows, s.G, s.IN, x, of_x, n->in[W_IH]->data, of_w, 0);
    else memcpy(z, x, (size_t)(rows * s.G) * sizeof *z);
}

/* ---- The weight, turned ---- */

static bool worth_turning(RecurrentSizes s) { return s.T >= 8 && s.B > 1; }

int64_t recurrent_room(RecurrentSizes s) { return worth_turning(s) ? s.G * s.H : 0; }

RecurrentWeight recurrent_turned(real *room, const real *W, RecurrentSizes s)
{
    enum { BLOCK = 16 };    /* a line of either side is used up while it is in the cache */
    if (!worth_turning(s)) return (RecurrentWeight){ W, { 1, s.H } };
#pragma omp parallel for if (s.G * s.H > PARALLEL)
    for (int64_t from = 0; from < s.G; from += BLOCK)
        for (int64_t h = 0; h < s.H; h++)
            for (int64_t g = from; g < from + BLOCK && g < s.G; g++) room[h * s.G + g] = W[g * s.H + h];
    return (RecurrentWeight){ room, { s.G, 1 } };
}

/* ---- Gradients ---- */

static Tensor *flat(Tape *t, Tensor *x)
{
    int64_t C = x->shape[x->ndim - 1], N = 1;
    for (int d = 0; d < x->ndim - 1; d++) N *= x->shape[d];
    return op_reshape(t, x, SHAPE(N, C));
}

static void add_product(Tape *t, Tensor *w, Tensor *dz, Tensor *h)
{
    tape_add_grad(t, w, op_matmul(t, op_transpose(t, flat(t, dz), 0, 1), flat(t, h)));
}

void recurrent_add_input_grads(Tape *t, Tensor **in, Tensor *dz, int last_bias)
{
    LinearBackwardArg wanted = { tensor_wants_grad(in[X]), tensor_wants_grad(in[W_IH]), false };
    Tensor *d[3] = { dz };
    for (int i = B_IH; i <= last_bias; i++) wanted.db |= tensor_wants_grad(in[i]);
    if (in[W_IH]) linear_backward(t, in[X], in[W_IH], dz, wanted, d);
    else if (wanted.db) d[2] = op_sum(t, dz, 1u << 0 | 1u << 1);
    tape_add_grad(t, in[X], d[0]);
    tape_add_grad(t, in[W_IH], d[1]);
    for (int i = B_IH; i <= last_bias; i++) tape_add_grad(t, in[i], d[2]);
}

void recurrent_add_grads(Tape *t, Tensor **in, Tensor *y, Tensor *dz)
{
    int64_t T = dz->shape[0], later = T > 1 ? T - 1 : 0; /* steps that had one before; of none, the product is zeros */
    if (!tensor_wants_grad(in[W_HH])) return;
    add_product(t, in[W_HH], op_slice(t, dz, 0, T - later, T), op_slice(t, y, 0, 0, later));
    if (in[H0] && T > 0) add_product(t, in[W_HH], op_slice(t, dz, 0, 0, 1), in[H0]);
}
