/* multi_head_attention.c -- several attentions side by side: what each sees, what it adds, and what it is worth. */
#include <string.h>
#include "multi_head_attention.h"

static double dot(const float *a, const float *b, int n)        /* in double: n roundings cost nothing there */
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return sum;
}

static void add(float *y, float by, const float *x, int n)      /* y += by x */
{
    for (int i = 0; i < n; i++) y[i] += by * x[i];
}

static void zero(float *y, int n)
{
    for (int i = 0; i < n; i++) y[i] = 0;
}

/* head_h = x W_h, W_h: columns h D .. h D + D - 1 */
void multi_head_attention_heads(float *head, const float *x, const float *w, int B, int T, int C, int H, int D)
{
    /* exercise: each head: every row of x times that head's D columns of w */
    for (int b = 0; b < B; b++, x += T * C)
        for (int h = 0; h < H; h++)
            for (int t = 0; t < T; t++, head += D) {
                zero(head, D);
                for (int c = 0; c < C; c++)                     /* all of x, whatever the head */
                    add(head, x[t * C + c], w + (c * H + h) * D, D);
            }
    /* end */
}

/* dx += dhead_h W_h^T,  dW_h += x^T dhead_h */
void multi_head_attention_heads_backward(float *dx, float *dw, const float *x, const float *w, const float *dhead,
                                         int B, int T, int C, int H, int D)
{
    /* exercise: the same walk: what each head's gradient sends to x and to its columns of w */
    for (int b = 0; b < B; b++, x += T * C, dx += T * C)
        for (int h = 0; h < H; h++)
            for (int t = 0; t < T; t++, dhead += D)
                for (int c = 0; c < C; c++) {
                    dx[t * C + c] += dot(dhead, w + (c * H + h) * D, D);
                    add(dw + (c * H + h) * D, x[t * C + c], dhead, D);
                }
    /* end */
}

/* y = sum over h of o_h Wo_h, Wo_h: rows h D .. h D + D - 1 */
void multi_head_attention_join(float *y, const float *o, const float *wo, const int *keep, int B, int T, int C, int H,
                               int D)
{
    /* exercise: add up what each head that is kept brings through its own D rows of wo */
    zero(y, B * T * C);
    for (int b = 0; b < B; b++, y += T * C)
        for (int h = 0; h < H; h++, o += T * D) {
            if (keep && !keep[h]) continue;
            for (int i = 0; i < T * D; i++)
                add(y + i / D * C, o[i], wo + (h * D + i % D) * C, C);
        }
    /* end */
}

/* do_h = dy Wo_h^T,  dWo_h += o_h^T dy */
void multi_head_attention_join_backward(float *d_o, float *dwo, const float *o, const float *wo, const float *dy,
                                        int B, int T, int C, int H, int D)
{
    /* exercise: write do, add to dwo: a number of o met one row of wo */
    for (int b = 0; b < B; b++, dy += T * C)
        for (int h = 0; h < H; h++, o += T * D, d_o += T * D)
            for (int i = 0; i < T * D; i++) {
                int row = h * D + i % D;
                d_o[i] = dot(dy + i / D * C, wo + row * C, C);
                add(dwo + row * C, o[i], dy + i / D * C, C);
            }
    /* end */
}

/* q = x Wq, k = z Wk, v = z Wv;  p = softmax(q k^T / sqrt D), o = p v;  y = o Wo */
void multi_head_attention_forward(float *y, const MultiHeadKept *kept, const float *x, const float *z,
                                  const MultiHeadWeights *w, const int *seen, const MultiHeadSize *n)
{
    /* exercise: heads of x and of z; attention, the queries that share keys in one problem; join */
    int problems = n->B * n->HK, queries = n->H / n->HK * n->T, S = n->S, D = n->D;
    multi_head_attention_heads(kept->q, x, w->wq, n->B, n->T, n->C, n->H, D);
    multi_head_attention_heads(kept->k, z, w->wk, n->B, S, n->C, n->HK, D);
    multi_head_attention_heads(kept->v, z, w->wv, n->B, S, n->C, n->HK, D);
    attention_scores(kept->score, kept->q, kept->k, problems, queries, S, D);
    attention_weights(kept->p, kept->score, seen, problems, queries, S);
    attention_values(kept->o, kept->p, kept->v, problems, queries, S, D);
    multi_head_attention_join(y, kept->o, w->wo, NULL, n->B, n->T, n->C, n->H, D);
    /* end */
}

/* The same chain from the other end. */
void multi_head_attention_backward(float *dx, float *dz, const MultiHeadWeights *dw, const MultiHeadKept *d,
                                   const float *x, const float *z, const MultiHeadWeights *w,
                                   const MultiHeadKept *kept, const float *dy, const MultiHeadSize *n)
{
    /* exercise: dy through the join, through attention, through the three projections: to x, and twice to z */
    int problems = n->B * n->HK, queries = n->H / n->HK * n->T, S = n->S, D = n->D;
    multi_head_attention_join_backward(d->o, dw->wo, kept->o, w->wo, dy, n->B, n->T, n->C, n->H, D);
    attention_backward(d->q, d->k, d->v, d->score, kept->q, kept->k, kept->v, kept->p, d->o, problems, queries, S, D,
                       D);
    multi_head_attention_heads_backward(dx, dw->wq, x, w->wq, d->q, n->B, n->T, n->C, n->H, D);
    multi_head_attention_heads_backward(dz, dw->wk, z, w->wk, d->k, n->B, S, n->C, n->HK, D);
    multi_head_attention_heads_backward(dz, dw->wv, z, w->wv, d->v, n->B, S, n->C, n->HK, D);
    /* end */
}

/* Columns h D .. of Wq, Wk, Wv go, and rows h D .. of Wo. */
void multi_head_attention_prune(const MultiHeadWeights *out, const MultiHeadWeights *w, int h, int C, int H, int D)
{
    /* exercise: copy every head but h: its columns of wq, wk and wv, its rows of wo */
    const float *from[] = { w->wq, w->wk, w->wv };
    float *to[] = { out->wq, out->wk, out->wv };
    for (int other = 0, at = 0; other < H; other++) {
        if (other == h) continue;
        for (int m = 0; m < 3; m++)
            for (int c = 0; c < C; c++)
                memcpy(to[m] + (c * (H - 1) + at) * D, from[m] + (c * H + other) * D, D * sizeof *to[m]);
        memcpy(out->wo + at * D * C, w->wo + other * D * C, D * C * sizeof *out->wo);
        at++;
    }
    /* end */
}

void multi_head_attention_costs(double *cost, const MultiHeadSize *n)
{
    /* exercise: count: three projections, those of slices, the way out, a token's cache, the work */
    double asks = (double)n->H * n->D, answers = (double)n->HK * n->D, slice = n->C / n->H;
    cost[MULTI_HEAD_PROJECTIONS] = n->C * asks + 2 * n->C * answers;
    cost[MULTI_HEAD_SLICED] = n->H * 3 * slice * slice;
    cost[MULTI_HEAD_OUTPUT] = asks * n->C;
    cost[MULTI_HEAD_CACHE] = 2 * answers * sizeof(float);
    cost[MULTI_HEAD_FLOPS] = 2. * n->B * n->C * (2 * n->T * asks + 2 * n->S * answers)      /* q and y, k and v */
                           + 4. * n->B * n->T * n->S * asks;                                 /* scores, values */
    /* end */
}
