/* by_subtraction.c -- an honest variant: only one child is counted, the other is what is left of the parent. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "gradient_boosting.h"

static double sigmoid(double f)
{
    return f >= 0 ? 1 / (1 + exp(-f)) : exp(f) / (1 + exp(f));
}

double gradient_boosting_loss(const double *f, const double *y, int kind, int N)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double a = fabs(f[i]), soft = log1p(exp(-a)) + (f[i] > 0 ? a : 0);
        sum += kind == GRADIENT_BOOSTING_SQUARED ? pow(y[i] - f[i], 2) / 2 : soft - (y[i] > 0 ? f[i] : 0);
    }
    return sum / N;
}

void gradient_boosting_gradients(double *g, double *h, const double *f, const double *y, int kind, int N)
{
    for (int i = 0; i < N; i++) {
        bool   squared = kind == GRADIENT_BOOSTING_SQUARED;
        double p = sigmoid(f[i]), q = sigmoid(-f[i]);
        g[i] = squared ? -(y[i] - f[i]) : y[i] > 0 ? -q : p;
        h[i] = squared ? 1 : p * q;
    }
}

int gradient_boosting_bins(unsigned char *code, double *edge, const double *x, const double *sorted, int B, int M,
                           int N)
{
    int  cuts = 0, changes = 0;
    long next = 1;
    for (int i = 0; i + 1 < M; i++) changes += sorted[i] != sorted[i + 1];
    for (int i = 0; i + 1 < M; i++) {
        if (sorted[i] == sorted[i + 1]) continue;
        if (changes >= B && (next >= B || (long)(i + 1) * B < next * M)) continue;
        while (changes >= B && next * M <= (long)(i + 1) * B) next++;
        double half = sorted[i] + 0.5 * (sorted[i + 1] - sorted[i]);
        edge[cuts++] = half == sorted[i + 1] ? sorted[i] : half;
    }
    for (int b = cuts; b + 1 < B; b++) edge[b] = HUGE_VAL;
    for (int i = 0; i < N; i++) {
        int b = cuts;
        while (b > 0 && x[i] <= edge[b - 1]) b--;
        code[i] = (unsigned char)(isnan(x[i]) ? B : b);
    }
    return cuts;
}

void gradient_boosting_histogram(double *hist, const unsigned char *code, const double *g, const double *h,
                                 const int *sample, int n, int B, int D, int N)
{
    for (int d = 0; d < D; d++)
        for (int b = 0; b <= B; b++) {                  /* bin by bin */
            double *bin = hist + 2 * (d * (B + 1) + b);
            bin[0] = bin[1] = 0;
            for (int i = 0; i < n; i++)
                if (code[d * N + sample[i]] == b) bin[0] += g[sample[i]], bin[1] += h[sample[i]];
        }
}

GradientBoostingSplit gradient_boosting_split(const double *hist, const char *use, const GradientBoostingArg *a, int B,
                                              int D)
{
    GradientBoostingSplit best = { -1, 0, 0, 0 };
    for (int d = 0; d < D; d++) {
        const double *bin = hist + 2 * d * (B + 1);
        double        part[3][2] = { { 0 } };           /* left, missing, all */
        if (!use[d]) continue;
        for (int b = 0; b <= B; b++) part[2][0] += bin[2 * b], part[2][1] += bin[2 * b + 1];
        part[1][0] = bin[2 * B], part[1][1] = bin[2 * B + 1];
        double all = 0.5 * part[2][0] * part[2][0] / (part[2][1] + a->lambda);
        for (int ask = 0; ask < 2 * B; ask++) {
            int b = ask / 2, left = ask % 2;
            if (!left) part[0][0] += bin[2 * b], part[0][1] += bin[2 * b + 1];
            double g = part[0][0] + (left ? part[1][0] : 0), h = part[0][1] + (left ? part[1][1] : 0);
            double r = part[2][0] - g, s = part[2][1] - h;
            double gain = 0.5 * g * g / (h + a->lambda) + 0.5 * r * r / (s + a->lambda) - all - a->gamma;
            if (h < a->min_weight || s < a->min_weight) continue;
            if (gain - best.gain > GRADIENT_BOOSTING_EQUAL * (best.gain + a->gamma + all))
                best = (GradientBoostingSplit){ d, b, left, gain };
        }
    }
    return best;
}

/* Keeps every node's histogram until its children have theirs. */
int gradient_boosting_grow(GradientBoostingNode *node, int *sample, double *hist, int *spare, const unsigned char *code,
                           const double *edge, const double *g, const double *h, const char *use,
                           const GradientBoostingArg *arg, int n, int B, int D, int N)
{
    size_t   size = (size_t)D * (size_t)(B + 1) * 2;
    double **of = calloc((size_t)2 << arg->max_depth, sizeof *of);
    int      nodes = 1;
    if (!of || !(of[0] = malloc(size * sizeof **of))) abort();
    gradient_boosting_histogram(of[0], code, g, h, sample, n, B, D, N);
    node[0] = (GradientBoostingNode){ 0, n, 0, -1, -1, 0, 0, 0, 0 };
    for (int at = 0; at < nodes; at++) {
        GradientBoostingNode *t = &node[at];
        double                sum[2] = { 0 };
        GradientBoostingSplit split = { -1, 0, 0, 0 };
        if (t->depth < arg->max_depth) split = gradient_boosting_split(of[at], use, arg, B, D);
        for (int b = 0; b <= B; b++) sum[0] += of[at][2 * b], sum[1] += of[at][2 * b + 1];
        if (split.column < 0) {
            t->value = arg->rate * (-sum[0] / (arg->lambda + sum[1]));
            free(of[at]);
            continue;
        }
        int left = 0, first = t->first, last = t->last, depth = t->depth + 1;
        for (int pass = 1; pass >= 0; pass--)           /* who goes left, then who goes right */
            for (int i = first; i < last; i++) {
                int bin = code[split.column * N + sample[i]], yes = bin == B ? split.missing_left : bin <= split.bin;
                if (yes == pass) spare[left++] = sample[i];
                if (i == last - 1 && pass) t->left = left;
            }
        memcpy(sample + first, spare, (size_t)left * sizeof *sample);
        int middle = first + t->left, small = middle - first <= last - middle ? 0 : 1, from = small ? middle : first;
        *t = (GradientBoostingNode){ first, last, depth - 1, split.column, nodes, split.missing_left,
                                     split.bin < B - 1 ? edge[split.column * (B - 1) + split.bin] : INFINITY,
                                     split.gain, 0 };
        double *counted = malloc(size * sizeof *counted);
        if (!counted) abort();
        int count = small ? last - middle : middle - first;
        gradient_boosting_histogram(counted, code, g, h, sample + from, count, B, D, N);
        for (size_t k = 0; k < size; k++) of[at][k] -= counted[k];
        of[nodes + small] = counted, of[nodes + 1 - small] = of[at];
        node[nodes++] = (GradientBoostingNode){ first, middle, depth, -1, -1, 0, 0, 0, 0 };
        node[nodes++] = (GradientBoostingNode){ middle, last, depth, -1, -1, 0, 0, 0, 0 };
    }
    (void)hist;
    free(of);
    return nodes;
}

void gradient_boosting_add(double *f, const GradientBoostingNode *node, const double *X, int N)
{
    for (int i = 0; i < N; i++) {
        const GradientBoostingNode *t = node;
        while (t->column >= 0) {
            double x = X[t->column * N + i];
            t = node + t->left + !(isnan(x) ? t->missing_left : x <= t->threshold);
        }
        f[i] += t->value;
    }
}

/* Looks back from every round. */
int gradient_boosting_stop(int *best, const double *loss, int patience, int rounds)
{
    for (int r = 0; r < rounds; r++) {
        int at = -1;
        for (int k = 0; k <= r; k++)
            if (loss[k] < (at < 0 ? INFINITY : loss[at])) at = k;
        *best = at + 1;
        if (r - at >= patience) return r + 1;
    }
    return rounds;
}
