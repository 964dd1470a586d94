/* deepwalk.c -- vectors for the nodes of a network: random walks as sentences, skip-gram, two cheap softmaxes. */
#include <math.h>
#include "deepwalk.h"

void deepwalk_graph(int *first, int *to, int *work, const int *a, const int *b, int E, int N)
{
    /* exercise: count the neighbours, add up to first, place both ends of each edge; then bring each list into order */
    int *next = work, *unsorted = work + N;
    for (int n = 0; n < N; n++)
        next[n] = 0;
    for (int e = 0; e < E; e++)
        next[a[e]]++, next[b[e]]++;
    first[0] = 0;
    for (int n = 0; n < N; n++) {
        first[n + 1] = first[n] + next[n];
        next[n] = first[n];
    }
    for (int e = 0; e < E; e++) {
        unsorted[next[a[e]]++] = b[e];
        unsorted[next[b[e]]++] = a[e];
    }
    for (int n = 0; n < N; n++)
        next[n] = first[n];
    for (int n = 0; n < N; n++)                         /* each n enters itself at its neighbours, n growing */
        for (int k = first[n]; k < first[n + 1]; k++)
            to[next[unsorted[k]]++] = n;
    /* end */
}

int deepwalk_linked(const DeepwalkGraph *g, int a, int b)
{
    int low = g->first[a], high = g->first[a + 1];
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (g->to[middle] < b) low = middle + 1;
        else high = middle;
    }
    return low < g->first[a + 1] && g->to[low] == b;
}

/* ---- Sentences --------------------------------------------------------------------------------------------------- */

int deepwalk_walk(int *walk, const DeepwalkGraph *g, int start, int length, const double *u)
{
    /* exercise: begin at start; step to neighbour number u[i] times their count; return how many nodes */
    walk[0] = start;
    for (int i = 0; i < length - 1; i++) {
        int first = g->first[walk[i]], degree = g->first[walk[i] + 1] - first;
        if (degree == 0)
            return i + 1;
        walk[i + 1] = g->to[first + (int)(u[i] * degree)];
    }
    return length;
    /* end */
}

/* What x, a neighbour of the node where the walk stands, weighs when the walk has come from t. */
static double weight(const DeepwalkGraph *g, int t, int x, double p, double q)
{
    /* exercise: 1/p for the way back, 1 for a neighbour of t, 1/q for what is further away from it */
    if (x == t)
        return 1 / p;
    return deepwalk_linked(g, t, x) ? 1 : 1 / q;
    /* end */
}

int deepwalk_biased(int *walk, const DeepwalkGraph *g, int start, int length, double p, double q, const double *u)
{
    int made = deepwalk_walk(walk, g, start, length < 2 ? length : 2, u);
    for (int i = 1; i < length - 1 && made == i + 1; i++) {
        int t = walk[i - 1], v = walk[i];
        /* exercise: all neighbours' weights added up, then the first one where more than u[i] of that is reached */
        int    k = g->first[v];
        double sum = 0, upto = 0;
        for (int m = g->first[v]; m < g->first[v + 1]; m++)
            sum += weight(g, t, g->to[m], p, q);
        for (; k < g->first[v + 1] - 1; k++) {
            upto += weight(g, t, g->to[k], p, q);
            if (upto > u[i] * sum)
                break;
        }
        walk[made++] = g->to[k];
        /* end */
    }
    return made;
}

int deepwalk_pairs(int *source, int *context, const int *walk, int length, int window)
{
    /* exercise: for each place i those up to window places before and after it, within the walk; count them */
    int count = 0;
    for (int i = 0; i < length; i++)
        for (int j = i < window ? 0 : i - window; j < length && j <= i + window; j++)
            if (j != i) {
                source[count] = walk[i];
                context[count++] = walk[j];
            }
    return count;
    /* end */
}

/* ---- Skip-gram --------------------------------------------------------------------------------------------------- */

/* -log sigmoid(z) = log(1 + exp(-z)) = max(0, -z) + log(1 + exp(-|z|)), and for label 0 the same of -z */
double deepwalk_loss(double *slope, double z, int label)
{
    double e = exp(-fabs(z)), sigmoid = (z < 0 ? e : 1) / (1 + e);
    *slope = sigmoid - label;
    return fmax(0, label ? -z : z) + log1p(e);
}

void deepwalk_noise(double *upto, const int *count, int N)
{
    /* exercise: add up count^(3/4) as you go, then divide by the last, which becomes exactly 1 */
    double sum = 0;
    for (int n = 0; n < N; n++)
        upto[n] = sum += pow(count[n], 0.75);
    for (int n = 0; n < N; n++)
        upto[n] /= sum;
    /* end */
}

int deepwalk_draw(const double *upto, double u, int N)
{
    int low = 0, high = N - 1;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (upto[middle] > u) high = middle;
        else low = middle + 1;
    }
    return low;
}

static double dot(const float *a, const float *b, int D)
{
    double sum = 0;
    for (int d = 0; d < D; d++)
        sum += (double)a[d] * b[d];
    return sum;
}

/* dv += slope u,   u -= rate slope v */
double deepwalk_ask(float *u, float *dv, const float *v, int label, float rate, int D)
{
    /* exercise: the loss of u . v; add what v's gradient gets from u as it is; then move u against its own gradient */
    double slope, loss = deepwalk_loss(&slope, dot(u, v, D), label);
    for (int d = 0; d < D; d++) {
        dv[d] += slope * u[d];
        u[d] -= rate * slope * v[d];
    }
    return loss;
    /* end */
}

/* L = -log sigmoid(out[c] v) - sum log sigmoid(-out[n] v) */
double deepwalk_negative(float *in, float *out, float *dv, int source, int context, const int *others, int K,
                         float rate, int D)
{
    /* exercise: ask for the context with label 1, for each other with label 0, unless it is the context; then move v */
    float *v = in + source * D;
    for (int d = 0; d < D; d++)
        dv[d] = 0;
    double loss = deepwalk_ask(out + context * D, dv, v, 1, rate, D);
    for (int k = 0; k < K; k++)
        if (others[k] != context)
            loss += deepwalk_ask(out + others[k] * D, dv, v, 0, rate, D);
    for (int d = 0; d < D; d++)
        v[d] -= rate * dv[d];
    return loss;
    /* end */
}

/* The least count without a parent among the first n, of equal ones the first; -1: none. */
static int least(const int *parent, const int *sum, int n)
{
    int found = -1;
    for (int i = 0; i < n; i++)
        if (parent[i] < 0 && (found < 0 || sum[i] < sum[found]))
            found = i;
    return found;
}

void deepwalk_huffman(int *parent, int *side, int *sum, const int *count, int N)
{
    for (int n = 0; n < 2 * N - 1; n++) {
        parent[n] = -1, side[n] = 0;
        sum[n] = n < N ? count[n] : 0;
    }
    for (int m = N; m < 2 * N - 1; m++)
        for (int s = 0; s < 2; s++) {
            int n = least(parent, sum, m);
            parent[n] = m, side[n] = s;
            sum[m] += sum[n];
        }
}

/* -log p = sum over the way to the root of -log sigmoid(out[m - N] v), of -log(1 - sigmoid) from side 1 */
double deepwalk_hierarchical(float *in, float *out, float *dv, const int *parent, const int *side, int source,
                             int context, float rate, int N, int D)
{
    /* exercise: from the leaf up to the root, ask each inner node: label 1 from side 0, 0 from side 1; then move v */
    float *v = in + source * D;
    double loss = 0;
    for (int d = 0; d < D; d++)
        dv[d] = 0;
    for (int n = context; parent[n] >= 0; n = parent[n])
        loss += deepwalk_ask(out + (parent[n] - N) * D, dv, v, !side[n], rate, D);
    for (int d = 0; d < D; d++)
        v[d] -= rate * dv[d];
    return loss;
    /* end */
}
