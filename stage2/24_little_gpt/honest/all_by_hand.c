/* all_by_hand.c -- columns instead of rows, attention with its matrix, most sums in double, nothing of the course's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "little_gpt.h"

void little_gpt_embed(float *x, const int *token, const float *wte, const float *wpe, int B, int T, int C)
{
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++, x += C, token++) {
            memcpy(x, wte + *token * C, C * sizeof *x);
            for (int c = 0; c < C; c++) x[c] += wpe[t * C + c];
        }
}

void little_gpt_embed_backward(float *dwte, float *dwpe, const int *token, const float *dx, int B, int T, int C)
{
    for (int t = 0; t < T; t++)
        for (int c = 0; c < C; c++) {
            double sum = 0;
            for (int b = 0; b < B; b++) {
                sum += dx[(b * T + t) * C + c];
                dwte[token[b * T + t] * C + c] += dx[(b * T + t) * C + c];
            }
            dwpe[t * C + c] += (float)sum;
        }
}

static void product(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    for (int o = 0; o < OUT; o++)
        for (int n = 0; n < N; n++) {
            double sum = 0;
            for (int i = 0; i < IN; i++) sum += (double)x[n * IN + i] * w[i * OUT + o];
            y[n * OUT + o] = (float)(sum + b[o]);
        }
}

static void product_backward(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy, int N,
                             int IN, int OUT)
{
    for (int i = 0; i < N * IN; i++) {
        double sum = 0;
        for (int o = OUT - 1; o >= 0; o--) sum += (double)dy[i / IN * OUT + o] * w[i % IN * OUT + o];
        dx[i] = (float)sum;
    }
    for (int i = 0; i < IN * OUT; i++) {
        double sum = 0;
        for (int n = 0; n < N; n++) sum += (double)x[n * IN + i / OUT] * dy[n * OUT + i % OUT];
        dw[i] += (float)sum;
    }
    for (int i = 0; i < N * OUT; i++) db[i % OUT] += dy[i];
}

void little_gpt_norm(float *y, float *stat, const float *x, const float *w, const float *b, int N, int C)
{
    for (int n = 0; n < N; n++) {
        float sum = 0, squares = 0;
        for (int c = 0; c < C; c++) sum += x[n * C + c];
        float mean = sum / (float)C;
        for (int c = 0; c < C; c++) squares += (x[n * C + c] - mean) * (x[n * C + c] - mean);
        stat[2 * n] = mean, stat[2 * n + 1] = 1 / sqrtf(squares / (float)C + 1e-5f);
        for (int c = 0; c < C; c++) y[n * C + c] = (x[n * C + c] - mean) * stat[2 * n + 1] * w[c] + b[c];
    }
}

void little_gpt_norm_backward(float *dx, float *dw, float *db, const float *x, const float *stat, const float *w,
                              const float *dy, int N, int C)
{
    for (int n = 0; n < N; n++) {
        const float mean = stat[2 * n], scale = stat[2 * n + 1], *g = dy + n * C;
        float a = 0, b = 0;
        for (int c = 0; c < C; c++) {
            float z = (x[n * C + c] - mean) * scale;
            a += g[c] * w[c], b += g[c] * w[c] * z;
            dw[c] += g[c] * z;
            db[c] += g[c];
        }
        for (int c = 0; c < C; c++) {
            float z = (x[n * C + c] - mean) * scale;
            dx[n * C + c] = scale * (g[c] * w[c] - a / (float)C - z * (b / (float)C));
        }
    }
}

static double bend(double x) { return x / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x))); }
static double slope(double x)
{
    double k = sqrt(2 / acos(-1)), t = tanh(k * (x + 0.044715 * x * x * x));
    return (1 + t) / 2 + x / 2 * (1 - t * t) * k * (1 + 3 * 0.044715 * x * x);
}

/* Number i of (N,C) as (B,H,T,D): where in a row of `wide` numbers. */
static int place(int i, int wide, int T, int H, int D)
{
    return (i / D / T / H * T + i / D % T) * wide + i / D / T % H * D + i % D;
}

/* The weight that row t of a head gives to row s. */
static double weight(const float *q, const float *k, float lse, int D)
{
    double score = 0;
    for (int d = 0; d < D; d++) score += (double)q[d] * k[d];
    return exp(score / sqrt(D) - lse);
}

void little_gpt_block(float *y, const LittleGptKept *m, const float *x, const LittleGptBlock *w, int B, int T, int C,
                      int H)
{
    int N = B * T, D = C / H;
    little_gpt_norm(m->n1, m->s1, x, w->norm1, w->bias1, N, C);
    product(m->qkv, m->n1, w->qkv, w->bqkv, N, C, 3 * C);
    for (int i = 0; i < N * C; i++) {
        int at = place(i, 3 * C, T, H, D);
        m->q[i] = m->qkv[at], m->k[i] = m->qkv[at + C], m->v[i] = m->qkv[at + 2 * C];
    }
    for (int r = 0; r < N * H; r++) {
        int first = r / T * T;
        double sum = 0, most = -INFINITY;
        m->seen[r] = r % T + 1;
        for (int s = first; s <= r; s++) most = fmax(most, log(weight(m->q + r * D, m->k + s * D, 0, D)));
        for (int s = first; s <= r; s++) sum += weight(m->q + r * D, m->k + s * D, (float)most, D);
        m->lse[r] = (float)((float)most + log(sum));
        for (int d = 0; d < D; d++) {
            double o = 0;
            for (int s = first; s <= r; s++)
                o += weight(m->q + r * D, m->k + s * D, (float)most, D) / sum * m->v[s * D + d];
            m->o[r * D + d] = (float)o;
        }
    }
    for (int i = 0; i < N * C; i++) m->joined[place(i, C, T, H, D)] = m->o[i];
    product(m->middle, m->joined, w->out, w->bout, N, C, C);
    for (int i = 0; i < N * C; i++) m->middle[i] += x[i];
    little_gpt_norm(m->n2, m->s2, m->middle, w->norm2, w->bias2, N, C);
    product(m->wide, m->n2, w->wide, w->bwide, N, C, 4 * C);
    for (int i = 0; i < N * 4 * C; i++) m->bent[i] = (float)bend(m->wide[i]);
    product(y, m->bent, w->back, w->bback, N, 4 * C, C);
    for (int i = 0; i < N * C; i++) y[i] += m->middle[i];
}

void little_gpt_block_backward(float *dx, const LittleGptBlock *dw, const LittleGptKept *d, const float *x,
                               const LittleGptBlock *w, const LittleGptKept *m, const float *dy, int B, int T, int C,
                               int H)
{
    int N = B * T, D = C / H;
    double root = sqrt(D);
    product_backward(d->bent, dw->back, dw->bback, m->bent, w->back, dy, N, 4 * C, C);
    for (int i = 0; i < N * 4 * C; i++) d->wide[i] = (float)(d->bent[i] * slope(m->wide[i]));
    product_backward(d->n2, dw->wide, dw->bwide, m->n2, w->wide, d->wide, N, C, 4 * C);
    little_gpt_norm_backward(d->middle, dw->norm2, dw->bias2, m->middle, m->s2, w->norm2, d->n2, N, C);
    for (int i = 0; i < N * C; i++) d->middle[i] += dy[i];
    product_backward(d->joined, dw->out, dw->bout, m->joined, w->out, d->middle, N, C, C);
    for (int i = 0; i < N * C; i++) d->o[i] = d->joined[place(i, C, T, H, D)], d->q[i] = d->k[i] = d->v[i] = 0;
    for (int r = 0; r < N * H; r++)
        for (int s = r / T * T; s <= r; s++) {
            double p = weight(m->q + r * D, m->k + s * D, m->lse[r], D), dp = 0;
            for (int i = 0; i < D; i++) dp += d->o[r * D + i] * ((double)m->v[s * D + i] - m->o[r * D + i]);
            for (int i = 0; i < D; i++) {
                d->q[r * D + i] += (float)(p * dp / root * m->k[s * D + i]);
                d->k[s * D + i] += (float)(p * dp / root * m->q[r * D + i]);
                d->v[s * D + i] += (float)(p * d->o[r * D + i]);
            }
        }
    for (int i = 0; i < N * C; i++) {
        int at = place(i, 3 * C, T, H, D);
        d->qkv[at] = d->q[i], d->qkv[at + C] = d->k[i], d->qkv[at + 2 * C] = d->v[i];
    }
    product_backward(d->n1, dw->qkv, dw->bqkv, m->n1, w->qkv, d->qkv, N, C, 3 * C);
    little_gpt_norm_backward(dx, dw->norm1, dw->bias1, x, m->s1, w->norm1, d->n1, N, C);
    for (int i = 0; i < N * C; i++) dx[i] += d->middle[i];
}

double little_gpt_head(float *dh, float *dwte, float *score, const float *h, const float *wte, const int *target, int N,
                       int C, int V)
{
    double loss = 0, *p = malloc(V * sizeof *p);
    for (int n = 0; n < N; n++) {
        double lse = -INFINITY;
        for (int v = 0; v < V; v++) {
            p[v] = 0;
            for (int c = 0; c < C; c++) p[v] += (double)h[n * C + c] * wte[v * C + c];
            score[v] = (float)p[v];
            lse = v == 0 ? p[v] : lse > p[v] ? lse + log1p(exp(p[v] - lse)) : p[v] + log1p(exp(lse - p[v]));
        }
        loss += lse - p[target[n]];
        for (int c = 0; dh && c < C; c++) {
            double sum = 0;
            for (int v = 0; v < V; v++) {
                double g = exp(p[v] - lse) - (v == target[n]);
                sum += g * wte[v * C + c];
                dwte[v * C + c] += (float)(g * h[n * C + c] / N);
            }
            dh[n * C + c] = (float)(sum / N);
        }
    }
    free(p);
    return loss / N;
}

/* No order is sorted: the best that is left, again and again. */
int little_gpt_pick(int *order, const float *score, int V, double temperature, int top, double share, double u)
{
    int n = top > 0 && top < V ? top : V, few = 0;
    double whole = 0, part = 0;
    for (int v = 0; v < V; v++) order[v] = v;
    for (int i = 0; i < n; i++) {
        int best = i;
        for (int k = i + 1; k < V; k++)
            if (score[order[k]] > score[order[best]] ||
                (score[order[k]] == score[order[best]] && order[k] < order[best]))
                best = k;
        int v = order[best];
        order[best] = order[i], order[i] = v;
        if (temperature == 0) return v;
        whole += exp((score[v] - score[order[0]]) / temperature);
    }
    for (; few < n && part < share * whole; few++) part += exp((score[order[few]] - score[order[0]]) / temperature);
    double left = u * part;
    for (int i = 0; i + 1 < few; i++) {
        left -= exp((score[order[i]] - score[order[0]]) / temperature);
        if (left < 0) return order[i];
    }
    return order[few - 1];
}

void little_gpt_start(double *sd, int L)
{
    for (int i = 0; i < 12; i++) sd[i] = i == 0 || i == 6 ? -1 : i == 2 || i == 8 ? 0.02 : 0;
    sd[4] = sd[10] = 0.02 * pow(2. * L, -0.5);
}

void little_gpt_costs(double *cost, const LittleGptShape *s)
{
    double C = s->C, keys = C / s->H * s->HK, used = C, all;
    for (int l = 0; l < s->L; l++) {
        used += 2 * C + C * (C + 2 * keys) + C * C + C * (double)s->F * (2 + s->gated);
        if (s->biases) used += 2 * C + (C + 2 * keys) + C + s->F * (1. + s->gated) + C;
    }
    used += (s->biases ? C : 0) + C * s->V;
    all = used + (s->places ? C * s->T : 0) + (s->tied ? 0 : C * s->V);
    cost[LITTLE_GPT_PARAMETERS] = all;
    cost[LITTLE_GPT_TRAINING_BYTES] = all * 4 * sizeof(float);
    cost[LITTLE_GPT_TRAINING_FLOPS] = 6 * used + 12. * s->L * C * s->T / 2;
    cost[LITTLE_GPT_CACHE_BYTES] = 8. * s->L * keys;
}
