/* little_gpt.c -- a GPT by hand: what goes in, a block there and back, a head that is the embedding, what comes out. */
#include <math.h>
#include <stddef.h>
#include "little_gpt.h"

/* ---- Given: what the rooms before were about ------------------------------------------------------------------- */

static float dot(const float *a, const float *b, int n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void add(float *y, float by, const float *x, int n)      /* y += by x */
{
    for (int i = 0; i < n; i++) y[i] += by * x[i];
}

/* y = x w + b */
static void product(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    for (int n = 0; n < N; n++, x += IN, y += OUT) {
        for (int o = 0; o < OUT; o++) y[o] = b[o];
        for (int i = 0; i < IN; i++) add(y, x[i], w + i * OUT, OUT);
    }
}

/* dx = dy w^T,  dw += x^T dy,  db += sum of dy's rows */
static void product_backward(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy, int N,
                             int IN, int OUT)
{
    for (int n = 0; n < N; n++, x += IN, dx += IN, dy += OUT) {
        add(db, 1, dy, OUT);
        for (int i = 0; i < IN; i++) {
            dx[i] = dot(dy, w + i * OUT, OUT);
            add(dw + i * OUT, x[i], dy, OUT);
        }
    }
}

void little_gpt_norm(float *y, float *stat, const float *x, const float *w, const float *b, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C, stat += 2) {
        double mean = 0, var = 0;
        for (int c = 0; c < C; c++) mean += x[c] / (double)C;
        for (int c = 0; c < C; c++) var += (x[c] - mean) * (x[c] - mean) / C;
        stat[0] = mean, stat[1] = 1 / sqrt(var + 1e-5);
        for (int c = 0; c < C; c++) y[c] = (x[c] - stat[0]) * stat[1] * w[c] + b[c];
    }
}

/* With z = (x - mean) scale:  dz = dy w,  dx = scale (dz - mean dz - z mean(dz z)),  dw += dy z,  db += dy */
void little_gpt_norm_backward(float *dx, float *dw, float *db, const float *x, const float *stat, const float *w,
                              const float *dy, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, dx += C, dy += C, stat += 2) {
        double mean = 0, along = 0;
        for (int c = 0; c < C; c++) {
            float z = (x[c] - stat[0]) * stat[1];
            mean += (double)dy[c] * w[c] / C, along += (double)dy[c] * w[c] * z / C;
            dw[c] += dy[c] * z, db[c] += dy[c];
        }
        for (int c = 0; c < C; c++)
            dx[c] = stat[1] * (dy[c] * w[c] - mean - (x[c] - stat[0]) * stat[1] * along);
    }
}

static const float a = 0.7978845608f, c3 = 0.044715f;           /* sqrt(2 / pi); GPT-2's GELU by tanh */

static void gelu(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++) y[i] = x[i] / 2 * (1 + tanhf(a * (x[i] + c3 * x[i] * x[i] * x[i])));
}

static void gelu_backward(float *dx, const float *x, const float *dy, int n)
{
    for (int i = 0; i < n; i++) {
        float t = tanhf(a * (x[i] + c3 * x[i] * x[i] * x[i]));
        dx[i] = dy[i] * ((1 + t) / 2 + x[i] / 2 * (1 - t * t) * a * (1 + 3 * c3 * x[i] * x[i]));
    }
}

/* head (B,H,T,D) from columns `at` .. of rows (B,T,wide), and back. */
static void to_heads(float *head, const float *row, int wide, int at, int B, int T, int H, int D)
{
    for (int i = 0; i < B * H * T * D; i++) {
        int t = i / D % T, h = i / D / T % H, b = i / D / T / H;
        head[i] = row[(b * T + t) * wide + at + h * D + i % D];
    }
}

static void from_heads(float *row, const float *head, int wide, int at, int B, int T, int H, int D)
{
    for (int i = 0; i < B * H * T * D; i++) {
        int t = i / D % T, h = i / D / T % H, b = i / D / T / H;
        row[(b * T + t) * wide + at + h * D + i % D] = head[i];
    }
}

/* ---- What goes in ---------------------------------------------------------------------------------------------- */

/* x = wte[token] + wpe[t] */
void little_gpt_embed(float *x, const int *token, const float *wte, const float *wpe, int B, int T, int C)
{
    /* exercise: each row is the token's row of wte plus the place's row of wpe */
    for (int n = 0; n < B * T; n++)
        for (int c = 0; c < C; c++)
            x[n * C + c] = wte[token[n] * C + c] + wpe[n % T * C + c];
    /* end */
}

/* dwte[token] += dx,  dwpe[t] += dx */
void little_gpt_embed_backward(float *dwte, float *dwpe, const int *token, const float *dx, int B, int T, int C)
{
    /* exercise: each row's gradient goes to the two rows that it was made of */
    for (int n = 0; n < B * T; n++) {
        add(dwte + token[n] * C, 1, dx + n * C, C);
        add(dwpe + n % T * C, 1, dx + n * C, C);
    }
    /* end */
}

/* ---- A block --------------------------------------------------------------------------------------------------- */

/* middle = x + attention(norm x) out,  y = middle + gelu(norm middle wide) back */
void little_gpt_block(float *y, const LittleGptKept *kept, const float *x, const LittleGptBlock *w, int B, int T, int C,
                      int H)
{
    /* exercise: norm, qkv, heads, attention, join, out, plus x; norm, wide, gelu, back, plus that */
    int N = B * T, D = C / H;
    float *head[] = { kept->q, kept->k, kept->v };
    little_gpt_norm(kept->n1, kept->s1, x, w->norm1, w->bias1, N, C);
    product(kept->qkv, kept->n1, w->qkv, w->bqkv, N, C, 3 * C);
    for (int i = 0; i < 3; i++) to_heads(head[i], kept->qkv, 3 * C, i * C, B, T, H, D);
    attention_seen(kept->seen, NULL, 1, B * H, T, T);
    attention_tiled(kept->o, kept->lse, kept->q, kept->k, kept->v, kept->seen, B * H, T, T, D, D);
    from_heads(kept->joined, kept->o, C, 0, B, T, H, D);
    product(kept->middle, kept->joined, w->out, w->bout, N, C, C);
    add(kept->middle, 1, x, N * C);                             /* what flows through is only added to */
    little_gpt_norm(kept->n2, kept->s2, kept->middle, w->norm2, w->bias2, N, C);
    product(kept->wide, kept->n2, w->wide, w->bwide, N, C, 4 * C);
    gelu(kept->bent, kept->wide, N * 4 * C);
    product(y, kept->bent, w->back, w->bback, N, 4 * C, C);
    add(y, 1, kept->middle, N * C);
    /* end */
}

/* The same lines from the last to the first; where two ways part, their gradients meet. */
void little_gpt_block_backward(float *dx, const LittleGptBlock *dw, const LittleGptKept *d, const float *x,
                               const LittleGptBlock *w, const LittleGptKept *kept, const float *dy, int B, int T, int C,
                               int H)
{
    /* exercise: back through the MLP to middle, which has dy as well; through attention to x, which has that as well */
    int N = B * T, D = C / H;
    float *head[] = { d->q, d->k, d->v };
    product_backward(d->bent, dw->back, dw->bback, kept->bent, w->back, dy, N, 4 * C, C);
    gelu_backward(d->wide, kept->wide, d->bent, N * 4 * C);
    product_backward(d->n2, dw->wide, dw->bwide, kept->n2, w->wide, d->wide, N, C, 4 * C);
    little_gpt_norm_backward(d->middle, dw->norm2, dw->bias2, kept->middle, kept->s2, w->norm2, d->n2, N, C);
    add(d->middle, 1, dy, N * C);
    product_backward(d->joined, dw->out, dw->bout, kept->joined, w->out, d->middle, N, C, C);
    to_heads(d->o, d->joined, C, 0, B, T, H, D);
    attention_tiled_backward(d->q, d->k, d->v, kept->q, kept->k, kept->v, kept->o, kept->lse, d->o, kept->seen, B * H,
                             T, T, D, D);
    for (int i = 0; i < 3; i++) from_heads(d->qkv, head[i], 3 * C, i * C, B, T, H, D);
    product_backward(d->n1, dw->qkv, dw->bqkv, kept->n1, w->qkv, d->qkv, N, C, 3 * C);
    little_gpt_norm_backward(dx, dw->norm1, dw->bias1, x, kept->s1, w->norm1, d->n1, N, C);
    add(dx, 1, d->middle, N * C);
    /* end */
}

/* ---- What comes out -------------------------------------------------------------------------------------------- */

/* score = h wte^T,  loss = mean (log sum exp score - score[target]),  dscore = (softmax - one-hot) / N */
double little_gpt_head(float *dh, float *dwte, float *score, const float *h, const float *wte, const int *target, int N,
                       int C, int V)
{
    /* exercise: row by row: scores, their log-sum-exp, the loss; then the gradient to h, and to wte, if it is wanted */
    double loss = 0;
    for (int n = 0; n < N; n++, h += C) {
        float max = -INFINITY;
        double sum = 0;
        for (int v = 0; v < V; v++) {
            score[v] = dot(h, wte + v * C, C);
            if (score[v] > max) max = score[v];
        }
        for (int v = 0; v < V; v++) sum += expf(score[v] - max);
        double lse = max + log(sum);
        loss += (lse - score[target[n]]) / N;
        for (int c = 0; c < C && dh; c++) dh[n * C + c] = 0;
        for (int v = 0; v < V && dh; v++) {
            float g = (exp(score[v] - lse) - (v == target[n])) / N;
            add(dh + n * C, g, wte + v * C, C);
            add(dwte + v * C, g, h, C);                         /* the embedding is read here, too */
        }
    }
    return loss;
    /* end */
}

/* The best first; equals by their number. */
static void sort_down(int *order, const float *score, int V)
{
    for (int gap = V / 2 + 1; gap; gap = gap > 1 ? gap / 2 : 0)
        for (int i = gap; i < V; i++) {
            int v = order[i], at = i;
            for (; at >= gap; at -= gap) {
                int other = order[at - gap];
                if (score[other] > score[v] || (score[other] == score[v] && other < v)) break;
                order[at] = other;
            }
            order[at] = v;
        }
}

int little_gpt_pick(int *order, const float *score, int V, double temperature, int top, double share, double u)
{
    for (int v = 0; v < V; v++) order[v] = v;
    sort_down(order, score, V);
    /* exercise: the best for temperature 0; else cut to top, then to share, and draw by u */
    if (temperature == 0) return order[0];
    int may = top > 0 && top < V ? top : V, few = 0;
    double whole = 0, part = 0, sum = 0, best = score[order[0]];
    for (int i = 0; i < may; i++) whole += exp((score[order[i]] - best) / temperature);
    while (few < may && part < share * whole) part += exp((score[order[few++]] - best) / temperature);
    for (int i = 0; i < few; i++) {
        sum += exp((score[order[i]] - best) / temperature);
        if (sum > u * part) return order[i];
    }
    return order[few - 1];                                      /* rounding left a little over */
    /* end */
}

/* ---- How it begins, and what it costs -------------------------------------------------------------------------- */

void little_gpt_start(double *sd, int L)
{
    /* exercise: twelve deviations: norm and its bias, qkv, out, norm, wide, back, each with its bias */
    double end = 0.02 / sqrt(2. * L);
    double all[] = { -1, 0, 0.02, 0, end, 0, -1, 0, 0.02, 0, end, 0 };
    for (int i = 0; i < 12; i++) sd[i] = all[i];
    /* end */
}

void little_gpt_costs(double *cost, const LittleGptShape *s)
{
    /* exercise: count what is multiplied, what is only added or looked up, and from that bytes and operations */
    double C = s->C, F = s->F, keys = C * s->HK / s->H;
    double block = 2 * C * C + 2 * C * keys + (s->gated ? 3 : 2) * C * F;
    double biases = s->biases ? 2 * C + 2 * keys + (s->gated ? 2 : 1) * F + C : 0;
    double norms = (2. * s->L + 1) * (s->biases ? 2 : 1) * C, table = (double)s->V * C;
    double multiplied = s->L * block + table;                   /* the head; tied or not, it is one table */
    double all = multiplied + s->L * biases + norms + (s->tied ? 0 : table) + (s->places ? (double)s->T * C : 0);
    cost[LITTLE_GPT_PARAMETERS] = all;
    cost[LITTLE_GPT_TRAINING_BYTES] = 16 * all;
    cost[LITTLE_GPT_TRAINING_FLOPS] = 6 * (multiplied + s->L * biases + norms) + 6. * s->L * C * s->T;
    cost[LITTLE_GPT_CACHE_BYTES] = 2. * s->L * keys * 4;
    /* end */
}
