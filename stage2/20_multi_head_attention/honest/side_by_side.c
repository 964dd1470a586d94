/* side_by_side.c -- as most libraries do it: whole products, heads cut out, put side by side again, one product out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "multi_head_attention.h"

/* y (N,OUT) += x (N,IN) w (IN,OUT), all in double */
static void product(float *y, const float *x, const float *w, int N, int IN, int OUT, int to_add)
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            double sum = to_add ? y[n * OUT + o] : 0;
            for (int i = 0; i < IN; i++) sum += (double)x[n * IN + i] * w[i * OUT + o];
            y[n * OUT + o] = (float)sum;
        }
}

static void product_tb(float *y, const float *x, const float *w, int N, int IN, int OUT)     /* y += x w^T */
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            double sum = 0;
            for (int i = 0; i < IN; i++) sum += (double)x[n * IN + i] * w[o * IN + i];
            y[n * OUT + o] += (float)sum;
        }
}

static void product_ta(float *y, const float *x, const float *w, int N, int IN, int OUT)     /* y += x^T w */
{
    for (int i = 0; i < IN; i++)
        for (int o = 0; o < OUT; o++) {
            double sum = 0;
            for (int n = 0; n < N; n++) sum += (double)x[n * IN + i] * w[n * OUT + o];
            y[i * OUT + o] += (float)sum;
        }
}

/* rows (B,T,H D) from heads (B,H,T,D), or heads from rows */
static void turn(float *to, const float *from, int to_rows, int B, int T, int H, int D)
{
    for (int i = 0; i < B * H * T * D; i++) {
        int d = i % D, t = i / D % T, h = i / D / T % H, b = i / D / T / H, row = ((b * T + t) * H + h) * D + d;
        if (to_rows) to[row] = from[i];
        else to[i] = from[row];
    }
}

void multi_head_attention_heads(float *head, const float *x, const float *w, int B, int T, int C, int H, int D)
{
    float *rows = malloc((size_t)B * T * H * D * sizeof *rows + 1);
    product(rows, x, w, B * T, C, H * D, 0);
    turn(head, rows, 0, B, T, H, D);
    free(rows);
}

void multi_head_attention_heads_backward(float *dx, float *dw, const float *x, const float *w, const float *dhead,
                                         int B, int T, int C, int H, int D)
{
    float *rows = malloc((size_t)B * T * H * D * sizeof *rows + 1);
    turn(rows, dhead, 1, B, T, H, D);
    product_tb(dx, rows, w, B * T, H * D, C);
    product_ta(dw, x, rows, B * T, C, H * D);
    free(rows);
}

void multi_head_attention_join(float *y, const float *o, const float *wo, const int *keep, int B, int T, int C, int H,
                               int D)
{
    float *rows = malloc((size_t)B * T * H * D * sizeof *rows + 1);
    turn(rows, o, 1, B, T, H, D);
    for (int i = 0; keep && i < B * T * H * D; i++)
        if (!keep[i / D % H]) rows[i] = 0;
    product(y, rows, wo, B * T, H * D, C, 0);
    free(rows);
}

void multi_head_attention_join_backward(float *d_o, float *dwo, const float *o, const float *wo, const float *dy,
                                        int B, int T, int C, int H, int D)
{
    size_t bytes = (size_t)B * T * H * D * sizeof(float);
    float *rows = malloc(bytes + 1);
    turn(rows, o, 1, B, T, H, D);
    product_ta(dwo, rows, dy, B * T, H * D, C);
    memset(rows, 0, bytes);
    product_tb(rows, dy, wo, B * T, C, H * D);
    turn(d_o, rows, 0, B, T, H, D);
    free(rows);
}

/* A head at a time, each query with the keys of its own head. */
void multi_head_attention_forward(float *y, const MultiHeadKept *kept, const float *x, const float *z,
                                  const MultiHeadWeights *w, const int *seen, const MultiHeadSize *n)
{
    int B = n->B, T = n->T, S = n->S, H = n->H, HK = n->HK, D = n->D;
    multi_head_attention_heads(kept->q, x, w->wq, B, T, n->C, H, D);
    multi_head_attention_heads(kept->k, z, w->wk, B, S, n->C, HK, D);
    multi_head_attention_heads(kept->v, z, w->wv, B, S, n->C, HK, D);
    for (int r = 0; r < B * H * T; r++) {
        int g = r / T / H * HK + r / T % H / (H / HK);
        const float *q = kept->q + r * D, *k = kept->k + g * S * D, *v = kept->v + g * S * D;
        float *score = kept->score + r * S, *p = kept->p + r * S, max = -INFINITY, sum = 0;
        for (int s = 0; s < S; s++) {
            score[s] = 0;
            for (int d = 0; d < D; d++) score[s] += q[d] * k[s * D + d];
            score[s] /= sqrtf(D);
            if (s < seen[r]) max = fmaxf(max, score[s]);
        }
        for (int s = 0; s < S; s++) sum += p[s] = s < seen[r] ? expf(score[s] - max) : 0;
        for (int s = 0; s < S; s++) p[s] /= sum;
        for (int d = 0; d < D; d++) {
            double o = 0;
            for (int s = 0; s < S; s++) o += (double)p[s] * v[s * D + d];
            kept->o[r * D + d] = (float)o;
        }
    }
    multi_head_attention_join(y, kept->o, w->wo, NULL, B, T, n->C, H, D);
}

void multi_head_attention_backward(float *dx, float *dz, const MultiHeadWeights *dw, const MultiHeadKept *d,
                                   const float *x, const float *z, const MultiHeadWeights *w,
                                   const MultiHeadKept *kept, const float *dy, const MultiHeadSize *n)
{
    int B = n->B, T = n->T, S = n->S, H = n->H, HK = n->HK, D = n->D;
    multi_head_attention_join_backward(d->o, dw->wo, kept->o, w->wo, dy, B, T, n->C, H, D);
    memset(d->k, 0, (size_t)B * HK * S * D * sizeof(float));
    memset(d->v, 0, (size_t)B * HK * S * D * sizeof(float));
    for (int r = 0; r < B * H * T; r++) {
        int at = (r / T / H * HK + r / T % H / (H / HK)) * S * D;
        float mean = 0, *ds = d->score + r * S;
        for (int s = 0; s < S; s++) {
            ds[s] = 0;
            for (int i = 0; i < D; i++) ds[s] += d->o[r * D + i] * kept->v[at + s * D + i];
            mean += kept->p[r * S + s] * ds[s];
        }
        for (int s = 0; s < S; s++) ds[s] = kept->p[r * S + s] * (ds[s] - mean);
        for (int i = 0; i < D; i++) {
            float dq = 0;
            for (int s = 0; s < S; s++) {
                dq += ds[s] * kept->k[at + s * D + i];
                d->k[at + s * D + i] += ds[s] / sqrtf(D) * kept->q[r * D + i];
                d->v[at + s * D + i] += kept->p[r * S + s] * d->o[r * D + i];
            }
            d->q[r * D + i] = dq / sqrtf(D);
        }
    }
    multi_head_attention_heads_backward(dz, dw->wv, z, w->wv, d->v, B, S, n->C, HK, D);
    multi_head_attention_heads_backward(dz, dw->wk, z, w->wk, d->k, B, S, n->C, HK, D);
    multi_head_attention_heads_backward(dx, dw->wq, x, w->wq, d->q, B, T, n->C, H, D);
}

void multi_head_attention_prune(const MultiHeadWeights *out, const MultiHeadWeights *w, int h, int C, int H, int D)
{
    int less = (H - 1) * D;
    for (int i = 0; i < C * less; i++) {
        int column = i % less, old = column + (column >= h * D ? D : 0), from = i / less * H * D + old;
        out->wq[i] = w->wq[from], out->wk[i] = w->wk[from], out->wv[i] = w->wv[from];
    }
    for (int i = 0; i < less * C; i++) out->wo[i] = w->wo[i + (i / C >= h * D ? D * C : 0)];
}

void multi_head_attention_costs(double *cost, const MultiHeadSize *n)
{
    double B = n->B, T = n->T, S = n->S, C = n->C, H = n->H, HK = n->HK, D = n->D;
    cost[MULTI_HEAD_PROJECTIONS] = C * D * (H + HK + HK);
    cost[MULTI_HEAD_SLICED] = 3 * C * (n->C / n->H);
    cost[MULTI_HEAD_OUTPUT] = H * D * C;
    cost[MULTI_HEAD_CACHE] = 8 * HK * D;
    cost[MULTI_HEAD_FLOPS] = B * (4 * C * H * D * T + 4 * C * HK * D * S + 4 * H * D * T * S);
}
