/* plug.c -- lets the tape run on this folder's functions. */
#include <math.h>
#include <string.h>
#include "attention.h"
#include "plug.h"

/* The library's heads lie side by side, (B,T,H,D); a problem of this folder is one head, (T,D). So each head is copied
 * out, worked on, and copied back. It has two things of its own, which need no other kernel:
 *   its scale   q is multiplied by scale sqrt(D), and the kernel divides by sqrt(D)
 *   ALiBi       -slope (i - j) on a score is two dimensions more: (q, -slope i, slope) . (k, 1, j) */
enum { Q, K, V };
typedef struct Heads {
    int B, T, S, H, HK, D, DV, W;           /* W: D, or D + 2 */
    const AttentionArg *arg;
    const Tensor *lengths, *slopes;
    float *q, *k, *v, *y, *lse, *dq, *dk, *dv, *dy;
    int   *seen;
} Heads;

static Heads heads(Tape *t, Tensor **in, Tensor *lengths, Tensor *slopes, const AttentionArg *arg, bool backward)
{
    Heads h = { .arg = arg, .lengths = lengths, .slopes = slopes };
    h.B = (int)in[Q]->shape[0], h.T = (int)in[Q]->shape[1], h.H = (int)in[Q]->shape[2], h.D = (int)in[Q]->shape[3];
    h.S = (int)in[K]->shape[1], h.HK = (int)in[K]->shape[2], h.DV = (int)in[V]->shape[3], h.W = h.D + (slopes ? 2 : 0);
    size_t q = (size_t)h.T * h.W, k = (size_t)h.S * h.W, v = (size_t)h.S * h.DV, y = (size_t)h.T * h.DV;
    float *at = tape_scratch(t, (q + k + v + y) * (backward ? 2 : 1) * sizeof(float) + (size_t)h.T * 2 * sizeof(float));
    h.q = at, h.k = h.q + q, h.v = h.k + k, h.y = h.v + v, h.lse = h.y + y;
    h.seen = (int *)(h.lse + h.T);
    h.dq = h.lse + 2 * h.T, h.dk = h.dq + q, h.dv = h.dk + k, h.dy = h.dv + v;
    return h;
}

static double factor(const Heads *h)        /* of q, for the kernel divides by the root of W */
{
    return (h->arg->scale != 0 ? h->arg->scale : 1 / sqrt(h->D)) * sqrt(h->W);
}

static float *row(const Tensor *x, int b, int r, int head)      /* of (B,rows,heads,C), contiguous */
{
    return (float *)x->data + ((b * x->shape[1] + r) * x->shape[2] + head) * x->shape[3];
}

static void copy_out(float *to, int line, const Tensor *x, int b, int head, double by)
{
    for (int r = 0; r < x->shape[1]; r++)
        for (int c = 0; c < x->shape[3]; c++) to[r * line + c] = (float)(by * row(x, b, r, head)[c]);
}

static void add_back(Tensor *x, const float *from, int line, int b, int head, double by)
{
    for (int r = 0; r < x->shape[1]; r++)
        for (int c = 0; c < x->shape[3]; c++) row(x, b, r, head)[c] += (float)(by * from[r * line + c]);
}

/* Head `head` of sentence b: its q, k, v, and what each query sees. */
static void take(Heads *h, Tensor **in, int b, int head)
{
    int key = head / (h->H / h->HK), T = h->T, S = h->S, W = h->W;
    copy_out(h->q, W, in[Q], b, head, factor(h));
    copy_out(h->k, W, in[K], b, key, 1);
    copy_out(h->v, h->DV, in[V], b, key, 1);
    for (int t = 0; t < T && h->slopes; t++) {
        double slope = sqrt(W) * ((float *)h->slopes->data)[head];
        h->q[t * W + W - 2] = (float)(-slope * (t + S - T)), h->q[t * W + W - 1] = (float)slope;
    }
    for (int s = 0; s < S && h->slopes; s++) h->k[s * W + W - 2] = 1, h->k[s * W + W - 1] = (float)s;
    int length = h->lengths ? ((int *)h->lengths->data)[b] : S;
    length = length < 0 ? 0 : length > S ? S : length;
    attention_seen(h->seen, &length, h->arg->causal, 1, T, S);
}

static void forward(Tape *tape, Node *n)    /* q, k, v, lengths, slopes -> y (B,T,H,DV), lse (B,T,H,1) */
{
    Heads h = heads(tape, n->in, n->in[3], n->in[4], n->arg, false);
    for (int b = 0; b < h.B; b++)
        for (int head = 0; head < h.H; head++) {
            take(&h, n->in, b, head);
            attention_tiled(h.y, h.lse, h.q, h.k, h.v, h.seen, 1, h.T, h.S, h.W, h.DV);
            for (int t = 0; t < h.T; t++) {
                memcpy(row(n->out[0], b, t, head), h.y + t * h.DV, (size_t)h.DV * sizeof(float));
                *row(n->out[1], b, t, head) = h.lse[t];
            }
        }
}

static void backward(Tape *tape, Node *n)   /* q, k, v, y, lse, dy, lengths, slopes -> dq, dk, dv */
{
    Heads h = heads(tape, n->in, n->in[6], n->in[7], n->arg, true);
    for (int i = 0; i < 3; i++) memset(n->out[i]->data, 0, tensor_bytes(n->out[i]));
    for (int b = 0; b < h.B; b++)
        for (int head = 0; head < h.H; head++) {
            int key = head / (h.H / h.HK);  /* query heads that share a key head add up */
            take(&h, n->in, b, head);
            copy_out(h.y, h.DV, n->in[3], b, head, 1);
            copy_out(h.lse, 1, n->in[4], b, head, 1);
            copy_out(h.dy, h.DV, n->in[5], b, head, 1);
            attention_tiled_backward(h.dq, h.dk, h.dv, h.q, h.k, h.v, h.y, h.lse, h.dy, h.seen,
                                     1, h.T, h.S, h.W, h.DV);
            add_back(n->out[Q], h.dq, h.W, b, head, factor(&h));
            add_back(n->out[K], h.dk, h.W, b, key, 1);
            add_back(n->out[V], h.dv, h.DV, b, key, 1);
        }
}

static const char *backward_shape(Node *n)
{
    for (int i = 0; i < 3; i++) tensor_set_shape(n->out[i], 4, n->in[i]->shape);
    return NULL;
}

static const Op backward_row = { .name = "attention_backward", .dtypes = 1u << F32 | 1u << I32,
                                 .shape = backward_shape, .forward = { [DEV_CPU] = backward } };

/* The library may write the three gradients as one tensor, where q, k, v are parts of one; this folder's has three. */
static void way_back(Tape *t, Node *n)
{
    Tensor *d[3];
    tape_run_all(t, (Node){ .op = &backward_row, .n_out = 3, .arg = n->arg, .arg_size = n->arg_size,
                            IN(n->in[Q], n->in[K], n->in[V], n->out[0], n->out[1], n->out[0]->grad, n->in[3],
                               n->in[4]) }, d);
    for (int i = 0; i < 3; i++) tape_add_grad(t, n->in[i], d[i]);
}

static const Op forward_row = { .name = "attention", .forward = { [DEV_CPU] = forward }, .backward = way_back };

void plug_attention(Tape *);
void plug_attention(Tape *tape)
{
    tape_replace(tape, "attention", &forward_row);
    tape_replace(tape, "attention_backward", &backward_row);
}
