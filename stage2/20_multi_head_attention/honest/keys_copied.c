/* keys_copied.c -- shared keys are copied to every head that asks, and their gradients added up again. All in float. */
#include <stdlib.h>
#include "multi_head_attention.h"

void multi_head_attention_heads(float *head, const float *x, const float *w, int B, int T, int C, int H, int D)
{
    for (int i = 0; i < B * H * T * D; i++) {
        int d = i % D, t = i / D % T, h = i / D / T % H, b = i / D / T / H;
        float sum = 0;
        for (int c = C - 1; c >= 0; c--) sum += x[(b * T + t) * C + c] * w[c * H * D + h * D + d];
        head[i] = sum;
    }
}

void multi_head_attention_heads_backward(float *dx, float *dw, const float *x, const float *w, const float *dhead,
                                         int B, int T, int C, int H, int D)
{
    for (int i = 0; i < B * H * T * D; i++) {
        int column = i / D / T % H * D + i % D, row = (i / D / T / H * T + i / D % T) * C;
        for (int c = 0; c < C; c++) {
            dx[row + c] += dhead[i] * w[c * H * D + column];
            dw[c * H * D + column] += dhead[i] * x[row + c];
        }
    }
}

void multi_head_attention_join(float *y, const float *o, const float *wo, const int *keep, int B, int T, int C, int H,
                               int D)
{
    for (int i = 0; i < B * T * C; i++) {
        float sum = 0;
        for (int h = 0; h < H; h++)
            for (int d = 0; d < D && (!keep || keep[h]); d++)
                sum += o[((i / C / T * H + h) * T + i / C % T) * D + d] * wo[(h * D + d) * C + i % C];
        y[i] = sum;
    }
}

void multi_head_attention_join_backward(float *d_o, float *dwo, const float *o, const float *wo, const float *dy,
                                        int B, int T, int C, int H, int D)
{
    for (int i = 0; i < B * H * T * D; i++) {
        int line = (i / D / T % H * D + i % D) * C, row = (i / D / T / H * T + i / D % T) * C;
        float sum = 0;
        for (int c = 0; c < C; c++) {
            sum += dy[row + c] * wo[line + c];
            dwo[line + c] += o[i] * dy[row + c];
        }
        d_o[i] = sum;
    }
}

/* Head h of (B,H,S,D) from head h / (H / HK) of (B,HK,S,D). */
static float *repeated(const float *x, const MultiHeadSize *n)
{
    int part = n->S * n->D, share = n->H / n->HK;
    float *y = malloc(((size_t)n->B * n->H * part + 1) * sizeof *y);
    for (int i = 0; i < n->B * n->H * part; i++) y[i] = x[i / part / share * part + i % part];
    return y;
}

static void gathered(float *y, const float *x, const MultiHeadSize *n)
{
    int part = n->S * n->D, share = n->H / n->HK;
    for (int i = 0; i < n->B * n->HK * part; i++) {
        y[i] = 0;
        for (int h = 0; h < share; h++) y[i] += x[(i / part * share + h) * part + i % part];
    }
}

void multi_head_attention_forward(float *y, const MultiHeadKept *kept, const float *x, const float *z,
                                  const MultiHeadWeights *w, const int *seen, const MultiHeadSize *n)
{
    multi_head_attention_heads(kept->v, z, w->wv, n->B, n->S, n->C, n->HK, n->D);
    multi_head_attention_heads(kept->k, z, w->wk, n->B, n->S, n->C, n->HK, n->D);
    multi_head_attention_heads(kept->q, x, w->wq, n->B, n->T, n->C, n->H, n->D);
    float *k = repeated(kept->k, n), *v = repeated(kept->v, n);
    attention_scores(kept->score, kept->q, k, n->B * n->H, n->T, n->S, n->D);
    attention_weights(kept->p, kept->score, seen, n->B * n->H, n->T, n->S);
    attention_values(kept->o, kept->p, v, n->B * n->H, n->T, n->S, n->D);
    multi_head_attention_join(y, kept->o, w->wo, NULL, n->B, n->T, n->C, n->H, n->D);
    free(k), free(v);
}

void multi_head_attention_backward(float *dx, float *dz, const MultiHeadWeights *dw, const MultiHeadKept *d,
                                   const float *x, const float *z, const MultiHeadWeights *w,
                                   const MultiHeadKept *kept, const float *dy, const MultiHeadSize *n)
{
    float *k = repeated(kept->k, n), *v = repeated(kept->v, n), *dk = repeated(kept->k, n), *dv = repeated(kept->v, n);
    multi_head_attention_join_backward(d->o, dw->wo, kept->o, w->wo, dy, n->B, n->T, n->C, n->H, n->D);
    attention_backward(d->q, dk, dv, d->score, kept->q, k, v, kept->p, d->o, n->B * n->H, n->T, n->S, n->D, n->D);
    gathered(d->k, dk, n), gathered(d->v, dv, n);
    multi_head_attention_heads_backward(dz, dw->wv, z, w->wv, d->v, n->B, n->S, n->C, n->HK, n->D);
    multi_head_attention_heads_backward(dz, dw->wk, z, w->wk, d->k, n->B, n->S, n->C, n->HK, n->D);
    multi_head_attention_heads_backward(dx, dw->wq, x, w->wq, d->q, n->B, n->T, n->C, n->H, n->D);
    free(k), free(v), free(dk), free(dv);
}

static void without(float *to, const float *from, int rows, int H, int D, int h)
{
    for (int i = 0; i < rows * H * D; i++)
        if (i / D % H != h) *to++ = from[i];
}

void multi_head_attention_prune(const MultiHeadWeights *out, const MultiHeadWeights *w, int h, int C, int H, int D)
{
    without(out->wq, w->wq, C, H, D, h), without(out->wk, w->wk, C, H, D, h), without(out->wv, w->wv, C, H, D, h);
    without(out->wo, w->wo, 1, H, D * C, h);
}

void multi_head_attention_costs(double *cost, const MultiHeadSize *n)
{
    double all = 0, slices = 0;
    for (int h = 0; h < n->H; h++) all += (double)n->C * n->D, slices += 3. * (n->C / n->H) * (n->C / n->H);
    double shared = all / n->H * n->HK;
    cost[MULTI_HEAD_PROJECTIONS] = all + shared + shared;
    cost[MULTI_HEAD_SLICED] = slices;
    cost[MULTI_HEAD_OUTPUT] = all;
    cost[MULTI_HEAD_CACHE] = 8. * n->HK * n->D;
    cost[MULTI_HEAD_FLOPS] = 4. * n->B * (n->T * all + n->S * shared + (double)n->H * n->D * n->T * n->S);
}
