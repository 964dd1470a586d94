/* four_at_a_time.c -- four rows share each row of weights, heads stay where they are, maxima run; all in float. */
#include <math.h>
#include <string.h>
#include "little_gpt.h"

void little_gpt_embed(float *x, const int *token, const float *wte, const float *wpe, int B, int T, int C)
{
    for (int i = B * T * C - 1; i >= 0; i--) x[i] = wpe[i % (T * C)] + wte[token[i / C] * C + i % C];
}

void little_gpt_embed_backward(float *dwte, float *dwpe, const int *token, const float *dx, int B, int T, int C)
{
    for (int i = B * T * C - 1; i >= 0; i--) {
        dwpe[i % (T * C)] += dx[i];
        dwte[token[i / C] * C + i % C] += dx[i];
    }
}

enum { ROWS = 4 };

static void product(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    for (int from = 0; from < N; from += ROWS) {
        int to = from + ROWS < N ? from + ROWS : N;
        for (int n = from; n < to; n++) memcpy(y + n * OUT, b, OUT * sizeof *y);
        for (int i = 0; i < IN; i++)
            for (int n = from; n < to; n++)
                for (int o = 0; o < OUT; o++) y[n * OUT + o] += x[n * IN + i] * w[i * OUT + o];
    }
}

static void product_backward(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy, int N,
                             int IN, int OUT)
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) db[o] += dy[n * OUT + o];
    for (int i = 0; i < IN; i++)
        for (int n = 0; n < N; n++) {
            float sum[ROWS] = { 0 };
            for (int o = 0; o < OUT; o++) {
                sum[o % ROWS] += dy[n * OUT + o] * w[i * OUT + o];
                dw[i * OUT + o] += x[n * IN + i] * dy[n * OUT + o];
            }
            dx[n * IN + i] = sum[0] + sum[1] + (sum[2] + sum[3]);
        }
}

/* Welford's running mean and sum of squares. */
void little_gpt_norm(float *y, float *stat, const float *x, const float *w, const float *b, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C) {
        float mean = 0, square = 0;
        for (int c = 0; c < C; c++) {
            float off = x[c] - mean;
            mean += off / (float)(c + 1);
            square += off * (x[c] - mean);
        }
        stat[2 * n] = mean, stat[2 * n + 1] = 1 / sqrtf(square / (float)C + 1e-5f);
        for (int c = 0; c < C; c++) y[c] = w[c] * ((x[c] - mean) * stat[2 * n + 1]) + b[c];
    }
}

void little_gpt_norm_backward(float *dx, float *dw, float *db, const float *x, const float *stat, const float *w,
                              const float *dy, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        float mean = stat[2 * n], scale = stat[2 * n + 1], flat = 0, along = 0;
        for (int c = 0; c < C; c++) dw[c] += dy[c] * scale * (x[c] - mean), db[c] += dy[c];
        for (int c = 0; c < C; c++) flat += w[c] * dy[c], along += w[c] * dy[c] * (x[c] - mean);
        flat /= (float)C, along *= scale * scale / (float)C;
        for (int c = 0; c < C; c++) dx[c] = scale * (w[c] * dy[c] - flat - (x[c] - mean) * along);
    }
}

static float inner(float x) { return 1.5957691216f * x * (1 + 0.044715f * x * x); }     /* 2 sqrt(2 / pi) */

/* x sigmoid(2 u) is x/2 (1 + tanh u) */
static float bend(float x) { return x / (1 + expf(-inner(x))); }
static float slope(float x)
{
    float p = 1 / (1 + expf(-inner(x)));
    return p + x * p * (1 - p) * 1.5957691216f * (1 + 3 * 0.044715f * x * x);
}

static void copy_heads(float *head, float *row, int wide, int out, int B, int T, int H, int D)
{
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++)
            for (int h = 0; h < H; h++) {
                float *here = row + (b * T + t) * wide + h * D, *there = head + ((b * H + h) * T + t) * D;
                memcpy(out ? there : here, out ? here : there, D * sizeof *head);
            }
}

void little_gpt_block(float *y, const LittleGptKept *m, const float *x, const LittleGptBlock *w, int B, int T, int C,
                      int H)
{
    int N = B * T, D = C / H;
    little_gpt_norm(m->n1, m->s1, x, w->norm1, w->bias1, N, C);
    product(m->qkv, m->n1, w->qkv, w->bqkv, N, C, 3 * C);
    copy_heads(m->q, m->qkv, 3 * C, 1, B, T, H, D);
    copy_heads(m->k, m->qkv + C, 3 * C, 1, B, T, H, D);
    copy_heads(m->v, m->qkv + 2 * C, 3 * C, 1, B, T, H, D);
    for (int r = 0; r < N * H; r++) {                           /* one key after the other, by a running maximum */
        float max = -INFINITY, sum = 0, *o = m->o + r * D;
        memset(o, 0, D * sizeof *o);
        for (int s = r / T * T; s <= r; s++) {
            float score = 0;
            for (int d = 0; d < D; d++) score += m->q[r * D + d] * m->k[s * D + d];
            score /= sqrtf((float)D);
            float next = fmaxf(max, score), shrink = expf(max - next), e = expf(score - next);
            for (int d = 0; d < D; d++) o[d] = o[d] * shrink + e * m->v[s * D + d];
            sum = sum * shrink + e, max = next;
        }
        for (int d = 0; d < D; d++) o[d] /= sum;
        m->lse[r] = max + logf(sum), m->seen[r] = r % T + 1;
    }
    copy_heads(m->o, m->joined, C, 0, B, T, H, D);
    product(m->middle, m->joined, w->out, w->bout, N, C, C);
    for (int i = 0; i < N * C; i++) m->middle[i] = x[i] + m->middle[i];
    little_gpt_norm(m->n2, m->s2, m->middle, w->norm2, w->bias2, N, C);
    product(m->wide, m->n2, w->wide, w->bwide, N, C, 4 * C);
    for (int i = 0; i < N * 4 * C; i++) m->bent[i] = bend(m->wide[i]);
    product(y, m->bent, w->back, w->bback, N, 4 * C, C);
    for (int i = 0; i < N * C; i++) y[i] = m->middle[i] + y[i];
}

void little_gpt_block_backward(float *dx, const LittleGptBlock *dw, const LittleGptKept *d, const float *x,
                               const LittleGptBlock *w, const LittleGptKept *m, const float *dy, int B, int T, int C,
                               int H)
{
    int N = B * T, D = C / H;
    product_backward(d->bent, dw->back, dw->bback, m->bent, w->back, dy, N, 4 * C, C);
    for (int i = 0; i < N * 4 * C; i++) d->wide[i] = slope(m->wide[i]) * d->bent[i];
    product_backward(d->n2, dw->wide, dw->bwide, m->n2, w->wide, d->wide, N, C, 4 * C);
    little_gpt_norm_backward(d->middle, dw->norm2, dw->bias2, m->middle, m->s2, w->norm2, d->n2, N, C);
    for (int i = 0; i < N * C; i++) d->middle[i] += dy[i];
    product_backward(d->joined, dw->out, dw->bout, m->joined, w->out, d->middle, N, C, C);
    copy_heads(d->o, d->joined, C, 1, B, T, H, D);
    attention_tiled_backward(d->q, d->k, d->v, m->q, m->k, m->v, m->o, m->lse, d->o, m->seen, B * H, T, T, D, D);
    copy_heads(d->q, d->qkv, 3 * C, 0, B, T, H, D);
    copy_heads(d->k, d->qkv + C, 3 * C, 0, B, T, H, D);
    copy_heads(d->v, d->qkv + 2 * C, 3 * C, 0, B, T, H, D);
    product_backward(d->n1, dw->qkv, dw->bqkv, m->n1, w->qkv, d->qkv, N, C, 3 * C);
    little_gpt_norm_backward(dx, dw->norm1, dw->bias1, x, m->s1, w->norm1, d->n1, N, C);
    for (int i = 0; i < N * C; i++) dx[i] += d->middle[i];
}

double little_gpt_head(float *dh, float *dwte, float *score, const float *h, const float *wte, const int *target, int N,
                       int C, int V)
{
    float share = 1 / (float)N;
    double loss = 0;
    for (int n = 0; n < N; n++) {
        float max = -INFINITY, sum = 0;
        for (int v = 0; v < V; v++) {
            float s = 0;
            for (int c = 0; c < C; c++) s += h[n * C + c] * wte[v * C + c];
            score[v] = s;
            if (s > max) sum *= expf(max - s), max = s;
            sum += expf(s - max);
        }
        loss += logf(sum) + (max - score[target[n]]);
        if (!dh) continue;
        memset(dh + n * C, 0, C * sizeof *dh);
        for (int v = V - 1; v >= 0; v--) {
            float g = expf(score[v] - max) / sum * share - (v == target[n] ? share : 0);
            for (int c = 0; c < C; c++) dh[n * C + c] += g * wte[v * C + c], dwte[v * C + c] += g * h[n * C + c];
        }
    }
    return loss / N;
}

/* Each token counts how many come before it: its place. */
int little_gpt_pick(int *order, const float *score, int V, double temperature, int top, double share, double u)
{
    double whole = 0, kept = 0, at = 0;
    int may = top > 0 && top < V ? top : V, n = 0;
    for (int v = 0; v < V; v++) {
        int before = 0;
        for (int other = 0; other < V; other++)
            before += score[other] > score[v] || (score[other] == score[v] && other < v);
        order[before] = v;
    }
    for (int i = 0; i < may && temperature != 0; i++) whole += exp((score[order[i]] - score[order[0]]) / temperature);
    do {
        if (temperature != 0) kept += exp((score[order[n]] - score[order[0]]) / temperature);
        n++;
    } while (temperature != 0 && n < may && kept < share * whole);
    for (int i = 0; i < n - 1; i++)
        if ((at += exp((score[order[i]] - score[order[0]]) / temperature)) > u * kept) return order[i];
    return order[n - 1];
}

void little_gpt_start(double *sd, int L)
{
    static const double block[] = { -1, 0, 1, 0, 0, 0, -1, 0, 1, 0, 0, 0 };
    for (int i = 0; i < 12; i++) sd[i] = block[i] > 0 ? 0.02 * block[i] : block[i];
    sd[4] = sd[10] = sqrt(0.0004 / 2 / L);
}

void little_gpt_costs(double *cost, const LittleGptShape *s)
{
    double C = s->C, D = C / s->H, kv = D * s->HK, b = s->biases ? 1 : 0, matrices = 2 + s->gated;
    double attention = C * (C + b) + 2 * kv * (C + b) + C * (C + b);
    double mlp = matrices * C * s->F + b * ((matrices - 1) * s->F + C), norms = C * (1 + b);
    double used = s->L * (attention + mlp + 2 * norms) + norms + C * s->V;
    cost[LITTLE_GPT_PARAMETERS] = used + C * s->V * !s->tied + C * s->T * !!s->places;
    cost[LITTLE_GPT_TRAINING_BYTES] = cost[LITTLE_GPT_PARAMETERS] * (4 + 4 + 8);
    cost[LITTLE_GPT_TRAINING_FLOPS] = 6 * (used + (double)s->L * C * s->T);
    cost[LITTLE_GPT_CACHE_BYTES] = s->L * kv * 2 * sizeof(float);
}
