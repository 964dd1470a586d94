/* marks_and_fours.c -- an honest variant: insertion into rows, marked neighbours, what u leaves, four sums. */
#include <math.h>
#include <stdlib.h>
#include "deepwalk.h"

void deepwalk_graph(int *first, int *to, int *work, const int *a, const int *b, int E, int N)
{
    for (int n = 0; n <= N; n++) first[n] = 0;
    for (int e = 0; e < E; e++) first[a[e] + 1]++, first[b[e] + 1]++;
    for (int n = 0; n < N; n++) first[n + 1] += first[n], work[n] = 0;
    for (int e = 0; e < 2 * E; e++) {                   /* each end in turn, put where it belongs among those there */
        int n = e % 2 ? b[e / 2] : a[e / 2], m = e % 2 ? a[e / 2] : b[e / 2], k = first[n] + work[n]++;
        for (; k > first[n] && to[k - 1] > m; k--) to[k] = to[k - 1];
        to[k] = m;
    }
}

int deepwalk_linked(const DeepwalkGraph *g, int a, int b)
{
    const int *x = g->to + g->first[a], *end = g->to + g->first[a + 1];
    while (x < end && *x < b) x++;
    return x < end && *x == b;
}

int deepwalk_walk(int *walk, const DeepwalkGraph *g, int start, int length, const double *u)
{
    int made = 0;
    for (int v = start;; v = g->to[g->first[v] + (int)floor(u[made - 1] * (g->first[v + 1] - g->first[v]))]) {
        walk[made++] = v;
        if (made == length || g->first[v] == g->first[v + 1]) return made;
    }
}

int deepwalk_biased(int *walk, const DeepwalkGraph *g, int start, int length, double p, double q, const double *u)
{
    char *near = calloc((size_t)g->N, 1);
    int   made = deepwalk_walk(walk, g, start, length < 2 ? length : 2, u);
    for (; made > 1 && made < length; made++) {
        int    t = walk[made - 2], v = walk[made - 1], last = g->first[v + 1] - 1, k;
        double sum = 0;
        for (k = g->first[t]; k < g->first[t + 1]; k++) near[g->to[k]] = 1;
        for (k = g->first[v]; k <= last; k++) sum += g->to[k] == t ? 1 / p : near[g->to[k]] ? 1 : 1 / q;
        double left = u[made - 1] * sum;
        for (k = g->first[v]; k < last; k++) {
            left -= g->to[k] == t ? 1 / p : near[g->to[k]] ? 1 : 1 / q;
            if (left < 0) break;
        }
        walk[made] = g->to[k];
        for (k = g->first[t]; k < g->first[t + 1]; k++) near[g->to[k]] = 0;
    }
    free(near);
    return made;
}

int deepwalk_pairs(int *source, int *context, const int *walk, int length, int window)
{
    int *s = source;
    for (int i = 0; i < length; i++)
        for (int j = 0; j < length; j++)
            if (i != j && j - i <= window && i - j <= window) *s++ = walk[i], *context++ = walk[j];
    return (int)(s - source);
}

double deepwalk_loss(double *slope, double z, int label)
{
    double y = label ? z : -z;                          /* the score of the right answer */
    *slope = y > 0 ? exp(-y) / (1 + exp(-y)) : 1 / (1 + exp(y));
    if (label) *slope = -*slope;
    return y > 0 ? log1p(exp(-y)) : log1p(exp(y)) - y;
}

void deepwalk_noise(double *upto, const int *count, int N)
{
    upto[0] = exp(0.75 * log(count[0]));                /* exp(-inf) is 0 */
    for (int n = 1; n < N; n++) upto[n] = upto[n - 1] + exp(0.75 * log(count[n]));
    double share = 1 / upto[N - 1];
    for (int n = 0; n < N; n++) upto[n] = upto[n] == upto[N - 1] ? 1 : upto[n] * share;
}

int deepwalk_draw(const double *upto, double u, int N)
{
    int n = N - 1;
    while (n > 0 && upto[n - 1] > u) n--;
    return n;
}

double deepwalk_ask(float *u, float *dv, const float *v, int label, float rate, int D)
{
    float  sum[4] = { 0 };
    double slope;
    for (int d = 0; d < D; d++) sum[d % 4] += u[d] * v[d];
    double loss = deepwalk_loss(&slope, (sum[0] + sum[1]) + (sum[2] + sum[3]), label);
    float  g = (float)slope, step = (float)(rate * slope);
    for (int d = D - 1; d >= 0; d--) {
        float was = u[d];
        u[d] = was - step * v[d];
        dv[d] = fmaf(g, was, dv[d]);
    }
    return loss;
}

double deepwalk_negative(float *in, float *out, float *dv, int source, int context, const int *others, int K,
                         float rate, int D)
{
    float *v = in + source * D;
    for (int d = 0; d < D; d++) dv[d] = 0;
    double loss = deepwalk_ask(out + context * D, dv, v, 1, rate, D);
    while (K--) {
        if (*others != context) loss += deepwalk_ask(out + *others * D, dv, v, 0, rate, D);
        others++;
    }
    for (int d = 0; d < D; d++) v[d] = fmaf(-rate, dv[d], v[d]);
    return loss;
}

typedef struct Leaf { int count, number; } Leaf;

static int by_count(const void *p, const void *q)
{
    const Leaf *a = p, *b = q;
    return a->count != b->count ? (a->count > b->count) - (a->count < b->count) : a->number - b->number;
}

/* Two queues: leaves sorted once; inner nodes are made in growing order anyway. */
void deepwalk_huffman(int *parent, int *side, int *sum, const int *count, int N)
{
    Leaf *leaf = malloc((size_t)N * sizeof *leaf);
    for (int n = 0; n < N; n++) leaf[n] = (Leaf){ count[n], n };
    qsort(leaf, (size_t)N, sizeof *leaf, by_count);
    for (int n = 0; n < N; n++) sum[n] = count[n];
    for (int m = N, l = 0, i = N; m < 2 * N - 1; m++) {
        sum[m] = 0;
        for (int s = 0; s < 2; s++) {
            int n = l < N && (i >= m || leaf[l].count <= sum[i]) ? leaf[l++].number : i++;
            parent[n] = m, side[n] = s;
            sum[m] += sum[n];
        }
    }
    parent[2 * N - 2] = -1, side[2 * N - 2] = 0;
    free(leaf);
}

double deepwalk_hierarchical(float *in, float *out, float *dv, const int *parent, const int *side, int source,
                             int context, float rate, int N, int D)
{
    float *v = in + source * D;
    double loss = 0;
    for (int d = 0; d < D; d++) dv[d] = 0;
    for (; context != 2 * N - 2; context = parent[context])
        loss += deepwalk_ask(out + (parent[context] - N) * D, dv, v, side[context] == 0, rate, D);
    for (int d = 0; d < D; d++) v[d] -= rate * dv[d];
    return loss;
}
