/* gradient_boosting.c -- many small trees, each fitted to what is still wrong: second-order gains from bins. */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "gradient_boosting.h"

double gradient_boosting_loss(const double *f, const double *y, int kind, int N)
{
    /* exercise: the mean over all samples; log(1 + e^f) = max(f, 0) + log(1 + e^-|f|) does not overflow */
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += kind == GRADIENT_BOOSTING_LOGISTIC ? fmax(f[i], 0) + log1p(exp(-fabs(f[i]))) - y[i] * f[i]
                                                  : (f[i] - y[i]) * (f[i] - y[i]) / 2;
    return sum / N;
    /* end */
}

void gradient_boosting_gradients(double *g, double *h, const double *f, const double *y, int kind, int N)
{
    /* exercise: g and h of each sample, by the formulas above */
    for (int i = 0; i < N; i++) {
        double p = 1 / (1 + exp(-f[i]));
        g[i] = kind == GRADIENT_BOOSTING_LOGISTIC ? p - y[i] : f[i] - y[i];
        h[i] = kind == GRADIENT_BOOSTING_LOGISTIC ? p * (1 - p) : 1;
    }
    /* end */
}

/* Between two numbers, so that low <= it < high holds however near they are. */
static double between(double low, double high)
{
    double middle = low + (high - low) / 2;
    return middle < high ? middle : low;
}

int gradient_boosting_bins(unsigned char *code, double *edge, const double *x, const double *sorted, int B, int M,
                           int N)
{
    int cuts = 0, changes = 0;
    for (int i = 1; i < M; i++)
        changes += sorted[i - 1] < sorted[i];
    /* exercise: walk through sorted for the cuts; then each sample's code is how many cuts are less than its number */
    for (int i = 1, k = 1; i < M && cuts < B - 1; i++)
        if (sorted[i - 1] < sorted[i] && (changes < B || (double)i * B >= (double)k * M)) {
            edge[cuts++] = between(sorted[i - 1], sorted[i]);
            k = (int)((double)i * B / M) + 1;       /* the next place that is asked for */
        }
    for (int b = cuts; b < B - 1; b++)
        edge[b] = INFINITY;
    for (int i = 0; i < N; i++) {
        int low = 0, high = cuts;
        while (low < high)                          /* cuts before low are less, those from high on are not */
            if (edge[(low + high) / 2] < x[i])
                low = (low + high) / 2 + 1;
            else
                high = (low + high) / 2;
        code[i] = (unsigned char)(isnan(x[i]) ? B : low);
    }
    /* end */
    return cuts;
}

void gradient_boosting_histogram(double *hist, const unsigned char *code, const double *g, const double *h,
                                 const int *sample, int n, int B, int D, int N)
{
    /* exercise: clear all of it; then for each column, each of the n samples adds its g and h to its bin */
    memset(hist, 0, (size_t)D * (size_t)(B + 1) * 2 * sizeof *hist);
    for (int d = 0; d < D; d++)
        for (int i = 0; i < n; i++) {
            double *bin = hist + 2 * ((long)d * (B + 1) + code[(long)d * N + sample[i]]);
            bin[0] += g[sample[i]];
            bin[1] += h[sample[i]];
        }
    /* end */
}

/* What a leaf of these sums takes off the loss. */
static double score(double G, double H, double lambda) { return G * G / (H + lambda) / 2; }

GradientBoostingSplit gradient_boosting_split(const double *hist, const char *use, const GradientBoostingArg *arg,
                                              int B, int D)
{
    GradientBoostingSplit best = { .column = -1 };
    double G = 0, H = 0;
    for (int b = 0; b <= B; b++)                    /* every column holds the same samples */
        G += hist[2 * b], H += hist[2 * b + 1];
    double parent = score(G, H, arg->lambda);
    for (int d = 0; d < D; d++) {
        if (!use[d])
            continue;
        const double *bin = hist + 2 * (long)d * (B + 1), *missing = bin + 2 * B;
        /* exercise: add up the bins from the left; at each, try the missing on the right, then on the left */
        double g = 0, h = 0;
        for (int b = 0; b < B; b++) {
            g += bin[2 * b];
            h += bin[2 * b + 1];
            for (int left = 0; left <= 1; left++) {
                double GL = g + left * missing[0], HL = h + left * missing[1], GR = G - GL, HR = H - HL;
                if (HL < arg->min_weight || HR < arg->min_weight)
                    continue;
                double gain = score(GL, HL, arg->lambda) + score(GR, HR, arg->lambda) - parent - arg->gamma;
                if (gain > best.gain + GRADIENT_BOOSTING_EQUAL * (best.gain + arg->gamma + parent))
                    best = (GradientBoostingSplit){ d, b, left, gain };
            }
        }
        /* end */
    }
    return best;
}

int gradient_boosting_grow(GradientBoostingNode *node, int *sample, double *hist, int *spare, const unsigned char *code,
                           const double *edge, const double *g, const double *h, const char *use,
                           const GradientBoostingArg *arg, int n, int B, int D, int N)
{
    /* exercise: a queue of nodes: histogram, split, part the samples, append the children; or else the leaf's value */
    int nodes = 1;
    node[0] = (GradientBoostingNode){ .last = n, .column = -1, .left = -1 };
    for (int at = 0; at < nodes; at++) {
        GradientBoostingNode *t = &node[at];
        int    *mine = sample + t->first, many = t->last - t->first, left = 0, right = 0;
        double  G = 0, H = 0;
        for (int i = 0; i < many; i++)
            G += g[mine[i]], H += h[mine[i]];
        GradientBoostingSplit split = { .column = -1 };
        if (t->depth < arg->max_depth) {
            gradient_boosting_histogram(hist, code, g, h, mine, many, B, D, N);
            split = gradient_boosting_split(hist, use, arg, B, D);
        }
        if (split.column < 0) {
            t->value = -arg->rate * G / (H + arg->lambda);
            continue;
        }
        const unsigned char *column = code + (long)split.column * N;
        for (int i = 0; i < many; i++)
            if (column[mine[i]] == B ? split.missing_left : column[mine[i]] <= split.bin)
                mine[left++] = mine[i];
            else
                spare[right++] = mine[i];
        memcpy(mine + left, spare, (size_t)right * sizeof *spare);
        t->column = split.column, t->missing_left = split.missing_left, t->gain = split.gain;
        t->threshold = split.bin < B - 1 ? edge[(long)split.column * (B - 1) + split.bin] : INFINITY;
        t->left = nodes;
        int middle = t->first + left, last = t->last, depth = t->depth + 1;
        node[nodes++] = (GradientBoostingNode){ t->first, middle, depth, .column = -1, .left = -1 };
        node[nodes++] = (GradientBoostingNode){ middle, last, depth, .column = -1, .left = -1 };
    }
    return nodes;
    /* end */
}

void gradient_boosting_add(double *f, const GradientBoostingNode *node, const double *X, int N)
{
    /* exercise: each sample goes down from node 0 to its leaf, and adds that leaf's value */
    for (int i = 0; i < N; i++) {
        int at = 0;
        while (node[at].column >= 0) {
            double x = X[(long)node[at].column * N + i];
            bool   left = isnan(x) ? node[at].missing_left : x <= node[at].threshold;
            at = node[at].left + !left;
        }
        f[i] += node[at].value;
    }
    /* end */
}

int gradient_boosting_stop(int *best, const double *loss, int patience, int rounds)
{
    /* exercise: remember the lowest loss and when it was; stop once patience rounds have not been below it */
    double lowest = INFINITY;
    *best = 0;
    for (int r = 0; r < rounds; r++) {
        if (loss[r] < lowest) {
            lowest = loss[r];
            *best = r + 1;
        }
        if (r + 1 - *best >= patience)
            return r + 1;
    }
    return rounds;
    /* end */
}
