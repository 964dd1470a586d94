/* from_the_right.c -- an honest variant: tanh for the chance, bins by counting, splits from the right, depth first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradient_boosting.h"

double gradient_boosting_loss(const double *f, const double *y, int kind, int N)
{
    double mean = 0;
    for (int i = 0; i < N; i++) {
        double z = f[i] * (1 - 2 * y[i]), off = f[i] - y[i];        /* y = 0: log(1 + e^f), y = 1: log(1 + e^-f) */
        if (kind == GRADIENT_BOOSTING_SQUARED) mean += off * off * 0.5 / N;
        else mean += (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))) / N;
    }
    return mean;
}

void gradient_boosting_gradients(double *g, double *h, const double *f, const double *y, int kind, int N)
{
    for (int i = 0; i < N; i++) {
        double t = tanh(f[i] / 2);
        if (kind == GRADIENT_BOOSTING_SQUARED) g[i] = f[i] - y[i], h[i] = 1;
        else g[i] = (1 + t) / 2 - y[i], h[i] = (1 - t) * (1 + t) / 4;
    }
}

int gradient_boosting_bins(unsigned char *code, double *edge, const double *x, const double *sorted, int B, int M,
                           int N)
{
    int cuts = 0, different = M > 0, last = 0;
    for (int i = 1; i < M; i++) different += sorted[i] > sorted[i - 1];
    for (int b = 0; b < B - 1; b++) edge[b] = INFINITY;
    for (int k = 1; k < B && different > B; k++) {      /* each k looks for its own cut */
        int i = last > 1 ? last : 1;
        while (i < M && ((double)i * B < (double)k * M || !(sorted[i] > sorted[i - 1]))) i++;
        if (i >= M || i == last) continue;
        double middle = sorted[i - 1] + (sorted[i] - sorted[i - 1]) / 2;
        edge[cuts++] = middle < sorted[i] ? middle : sorted[i - 1];
        last = i;
    }
    for (int i = 1; i < M && different <= B; i++) {
        double middle = sorted[i - 1] + (sorted[i] - sorted[i - 1]) / 2;
        if (sorted[i] > sorted[i - 1]) edge[cuts++] = middle < sorted[i] ? middle : sorted[i - 1];
    }
    for (int i = 0; i < N; i++) {
        int below = 0;
        for (int b = 0; b < cuts; b++) below += x[i] > edge[b];
        code[i] = (unsigned char)(x[i] == x[i] ? below : B);
    }
    return cuts;
}

void gradient_boosting_histogram(double *hist, const unsigned char *code, const double *g, const double *h,
                                 const int *sample, int n, int B, int D, int N)
{
    for (int k = 0; k < D * (B + 1) * 2; k++) hist[k] = 0;
    for (int i = n - 1; i >= 0; i--)
        for (int d = 0; d < D; d++) {
            int at = (d * (B + 1) + code[d * N + sample[i]]) * 2;
            hist[at] += g[sample[i]], hist[at + 1] += h[sample[i]];
        }
}

static double gained(double G, double H, double g, double h, const GradientBoostingArg *a)
{
    return 0.5 * (g * (g / (h + a->lambda)) + (G - g) * ((G - g) / (H - h + a->lambda)) - G * (G / (H + a->lambda))) -
           a->gamma;
}

/* From the last column and bin to the first: whoever is as good, and comes later, is the one that is wanted. */
GradientBoostingSplit gradient_boosting_split(const double *hist, const char *use, const GradientBoostingArg *a, int B,
                                              int D)
{
    GradientBoostingSplit best = { -1, 0, 0, 0 };
    double G = 0, H = 0, most = 0;
    for (int b = B; b >= 0; b--) G += hist[2 * b], H += hist[2 * b + 1];
    double equal = G * (G / (H + a->lambda)) / 2 + a->gamma;
    for (int pass = 0; pass < 2; pass++)
        for (int d = D - 1; d >= 0; d--) {
            const double *bin = hist + 2 * d * (B + 1);
            double        g = G - bin[2 * B], h = H - bin[2 * B + 1];
            for (int b = B - 1; use[d] && b >= 0; b--) {
                for (int left = 1; left >= 0; left--) {
                    double gl = g + left * bin[2 * B], hl = h + left * bin[2 * B + 1], gain = gained(G, H, gl, hl, a);
                    if (hl < a->min_weight || H - hl < a->min_weight) continue;
                    if (pass == 0 && gain > most) most = gain;
                    if (pass == 1 && gain > GRADIENT_BOOSTING_EQUAL * equal &&
                        gain >= most - GRADIENT_BOOSTING_EQUAL * (most + equal))
                        best = (GradientBoostingSplit){ d, b, left, gain };
                }
                g -= bin[2 * b], h -= bin[2 * b + 1];
            }
        }
    return best;
}

typedef struct Growing {
    GradientBoostingNode *node;
    int                  *sample, nodes, B, D, N;
    double               *hist;
    const unsigned char  *code;
    const double         *edge, *g, *h;
    const char           *use;
    const GradientBoostingArg *arg;
} Growing;

static int branch(Growing *s, int first, int last, int depth)
{
    int    at = s->nodes++, n = last - first;
    double G = 0, H = 0;
    s->node[at] = (GradientBoostingNode){ first, last, depth, -1, -1, 0, 0, 0, 0 };
    for (int i = last - 1; i >= first; i--) G += s->g[s->sample[i]], H += s->h[s->sample[i]];
    GradientBoostingSplit split = { -1, 0, 0, 0 };
    if (depth < s->arg->max_depth) {
        gradient_boosting_histogram(s->hist, s->code, s->g, s->h, s->sample + first, n, s->B, s->D, s->N);
        split = gradient_boosting_split(s->hist, s->use, s->arg, s->B, s->D);
    }
    if (split.column < 0) {
        s->node[at].value = -(G / (H + s->arg->lambda)) * s->arg->rate;
        return at;
    }
    int middle = first;
    for (int i = first; i < last; i++) {                /* insertion keeps the order */
        int one = s->sample[i], bin = s->code[split.column * s->N + one];
        if (bin == s->B ? !split.missing_left : bin > split.bin) continue;
        memmove(s->sample + middle + 1, s->sample + middle, (size_t)(i - middle) * sizeof(int));
        s->sample[middle++] = one;
    }
    s->node[at].column = split.column, s->node[at].missing_left = split.missing_left, s->node[at].gain = split.gain;
    s->node[at].threshold = split.bin == s->B - 1 ? INFINITY : s->edge[split.column * (s->B - 1) + split.bin];
    s->node[at].left = branch(s, first, middle, depth + 1);
    branch(s, middle, last, depth + 1);
    return at;
}

int gradient_boosting_grow(GradientBoostingNode *node, int *sample, double *hist, int *spare, const unsigned char *code,
                           const double *edge, const double *g, const double *h, const char *use,
                           const GradientBoostingArg *arg, int n, int B, int D, int N)
{
    int                   most = 2 << arg->max_depth, queue_end = 1;
    GradientBoostingNode *deep = malloc((size_t)most * sizeof *deep);
    int                  *queue = malloc((size_t)most * sizeof *queue);
    if (!deep || !queue) abort();
    Growing s = { deep, sample, 0, B, D, N, hist, code, edge, g, h, use, arg };
    branch(&s, 0, n, 0);
    queue[0] = 0;
    for (int at = 0; at < queue_end; at++) {            /* numbers by depth */
        node[at] = deep[queue[at]];
        if (node[at].column < 0) continue;
        int right = node[at].left + 1;
        while (deep[right].depth != node[at].depth + 1) right++;
        queue[queue_end] = node[at].left, queue[queue_end + 1] = right;
        node[at].left = queue_end, queue_end += 2;
    }
    (void)spare;
    free(deep), free(queue);
    return queue_end;
}

static double walk(const GradientBoostingNode *node, int at, const double *X, int i, int N)
{
    const GradientBoostingNode *t = &node[at];
    if (t->column < 0) return t->value;
    double x = X[t->column * N + i];
    int    right = x != x ? !t->missing_left : x > t->threshold;
    return walk(node, t->left + right, X, i, N);
}

void gradient_boosting_add(double *f, const GradientBoostingNode *node, const double *X, int N)
{
    for (int i = N - 1; i >= 0; i--) f[i] = walk(node, 0, X, i, N) + f[i];
}

int gradient_boosting_stop(int *best, const double *loss, int patience, int rounds)
{
    int waited = 0, at = -1, r = 0;
    while (r < rounds && waited < patience) {
        int lower = at < 0 ? loss[r] == loss[r] && loss[r] < INFINITY : loss[r] < loss[at];
        waited = lower ? 0 : waited + 1;
        if (lower) at = r;
        r++;
    }
    *best = at + 1;
    return r;
}
