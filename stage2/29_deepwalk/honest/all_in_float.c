/* all_in_float.c -- an honest variant: float sums, every node asks every edge, recursion, from the root down. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "deepwalk.h"

static int by_number(const void *p, const void *q)
{
    int a = *(const int *)p, b = *(const int *)q;
    return (a > b) - (a < b);
}

void deepwalk_graph(int *first, int *to, int *work, const int *a, const int *b, int E, int N)
{
    int at = 0;
    (void)work;
    for (int n = 0; n < N; n++) {                       /* no counting: each node asks every edge */
        first[n] = at;
        for (int e = 0; e < E; e++)
            if (a[e] == n || b[e] == n) to[at++] = a[e] + b[e] - n;
        qsort(to + first[n], (size_t)(at - first[n]), sizeof *to, by_number);
    }
    first[N] = at;
}

int deepwalk_linked(const DeepwalkGraph *g, int a, int b)
{
    for (int k = g->first[a]; k < g->first[a + 1]; k++)
        if (g->to[k] == b) return 1;
    return 0;
}

int deepwalk_walk(int *walk, const DeepwalkGraph *g, int start, int length, const double *u)
{
    int degree = g->first[start + 1] - g->first[start];
    *walk = start;
    if (length == 1 || !degree) return 1;
    return 1 + deepwalk_walk(walk + 1, g, g->to[g->first[start] + (int)(*u * degree)], length - 1, u + 1);
}

int deepwalk_biased(int *walk, const DeepwalkGraph *g, int start, int length, double p, double q, const double *u)
{
    double *upto = malloc(((size_t)g->N + 1) * sizeof *upto);
    int     made = deepwalk_walk(walk, g, start, length < 2 ? length : 2, u);
    while (made > 1 && made < length) {
        int t = walk[made - 2], v = walk[made - 1], degree = g->first[v + 1] - g->first[v], k = 0;
        const int *x = g->to + g->first[v];
        for (int i = 0; i < degree; i++) {
            double weight = x[i] == t ? 1 / p : deepwalk_linked(g, x[i], t) ? 1 : 1 / q;
            upto[i] = weight + (i ? upto[i - 1] : 0);
        }
        while (k < degree - 1 && !(upto[k] > u[made - 1] * upto[degree - 1])) k++;
        walk[made++] = x[k];
    }
    free(upto);
    return made;
}

int deepwalk_pairs(int *source, int *context, const int *walk, int length, int window)
{
    int count = 0;
    for (int i = 0; i < length; i++) {
        for (int off = window < i ? -window : -i; off < 0; off++)
            source[count] = walk[i], context[count++] = walk[i + off];
        for (int off = 1; off <= window && i + off < length; off++)
            source[count] = walk[i], context[count++] = walk[i + off];
    }
    return count;
}

double deepwalk_loss(double *slope, double z, int label)
{
    *slope = 0.5 * (1 + tanh(z / 2)) - label;
    z = label ? -z : z;
    return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

void deepwalk_noise(double *upto, const int *count, int N)
{
    double sum = 0, sofar = 0;
    for (int n = 0; n < N; n++) sum += sqrt(count[n]) * sqrt(sqrt(count[n]));
    for (int n = 0; n < N; n++) {
        sofar += sqrt(count[n]) * sqrt(sqrt(count[n]));
        upto[n] = sofar / sum;
    }
}

int deepwalk_draw(const double *upto, double u, int N)
{
    int n = 0;
    while (n < N - 1 && !(upto[n] > u)) n++;
    return n;
}

double deepwalk_ask(float *u, float *dv, const float *v, int label, float rate, int D)
{
    float  z = 0;
    double slope;
    for (int d = 0; d < D; d++) z += u[d] * v[d];
    double loss = deepwalk_loss(&slope, z, label);
    float  g = (float)slope;
    for (int d = 0; d < D; d++) dv[d] += g * u[d];
    for (int d = 0; d < D; d++) u[d] -= rate * g * v[d];
    return loss;
}

double deepwalk_negative(float *in, float *out, float *dv, int source, int context, const int *others, int K,
                         float rate, int D)
{
    float *v = in + source * D;
    double loss = 0;
    memset(dv, 0, (size_t)D * sizeof *dv);
    for (int k = -1; k < K; k++) {
        int n = k < 0 ? context : others[k];
        if (k < 0 || n != context) loss += deepwalk_ask(out + n * D, dv, v, k < 0, rate, D);
    }
    for (int d = 0; d < D; d++) v[d] -= rate * dv[d];
    return loss;
}

void deepwalk_huffman(int *parent, int *side, int *sum, const int *count, int N)
{
    memcpy(sum, count, (size_t)N * sizeof *sum);
    for (int m = 0; m < 2 * N - 1; m++) parent[m] = -1, side[m] = 0;
    for (int m = N; m < 2 * N - 1; m++) {
        int two[2] = { -1, -1 };
        for (int i = m - 1; i >= 0; i--) {
            if (parent[i] >= 0) continue;
            if (two[0] < 0 || sum[i] <= sum[two[0]]) two[1] = two[0], two[0] = i;
            else if (two[1] < 0 || sum[i] <= sum[two[1]]) two[1] = i;
        }
        parent[two[0]] = parent[two[1]] = m, side[two[1]] = 1;
        sum[m] = sum[two[0]] + sum[two[1]];
    }
}

double deepwalk_hierarchical(float *in, float *out, float *dv, const int *parent, const int *side, int source,
                             int context, float rate, int N, int D)
{
    float *v = in + source * D;
    double loss = 0;
    int    way[64], steps = 0;
    memset(dv, 0, (size_t)D * sizeof *dv);
    for (int n = context; parent[n] >= 0; n = parent[n]) way[steps++] = n;
    while (steps--) {                                   /* from the root down */
        int n = way[steps];
        loss += deepwalk_ask(out + (parent[n] - N) * D, dv, v, 1 - side[n], rate, D);
    }
    for (int d = 0; d < D; d++) v[d] -= rate * dv[d];
    return loss;
}
