/* sorted_anew.c -- an honest variant: sums of squares instead of shares, recursion, and every node sorts for itself. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "decision_tree.h"

double decision_tree_impurity(const int *count, int K, int kind)
{
    double n = 0, pairs = 0, bits = 0;
    for (int k = 0; k < K; k++) n += count[k];
    for (int k = 0; k < K; k++) {
        pairs += count[k] / n * ((n - count[k]) / n);
        if (count[k]) bits += count[k] * log(n / count[k]);
    }
    return kind == DECISION_TREE_GINI ? pairs : bits / n / log(2);
}

static double middle(double a, double b) { return a / 2 + b / 2 < b && a / 2 + b / 2 >= a ? a / 2 + b / 2 : a; }

/* Each question's two sides counted from nothing. */
double decision_tree_threshold(double *threshold, int *count, const double *x, const int *order,
                               const DecisionTreeTask *task, int n)
{
    double best = -1, whole = 0;
    int    K = task->K;
    for (int cut = 0; cut < n; cut++) {
        double part[2] = { 0 };
        memset(count, 0, (size_t)K * 2 * sizeof *count);
        for (int i = 0; i < n; i++) count[(i < cut ? 0 : K) + task->label[order[i]]]++;
        if (cut > 0) part[0] = (double)cut / n * decision_tree_impurity(count, K, task->kind);
        part[1] = (double)(n - cut) / n * decision_tree_impurity(count + K, K, task->kind);
        if (cut == 0) {
            whole = part[1];
            continue;
        }
        if (!(x[order[cut - 1]] < x[order[cut]]) || cut < task->min_leaf || n - cut < task->min_leaf) continue;
        double gain = whole - part[0] - part[1];
        if (gain < 0) gain = 0;
        if (best >= 0 && gain - best <= DECISION_TREE_EQUAL * whole) continue;
        best = gain, *threshold = middle(x[order[cut - 1]], x[order[cut]]);
    }
    return best;
}

/* The difference of the two means: gain = n_left n_right / n^2 (mean_left - mean_right)^2. */
double decision_tree_variance(double *threshold, const double *x, const int *order, const DecisionTreeTask *task, int n)
{
    double best = -1, from = task->target[order[0]], total = 0, squares = 0, left = 0;
    for (int i = 0; i < n; i++) total += task->target[order[i]] - from;
    for (int i = 0; i < n; i++) squares += pow(task->target[order[i]] - from - total / n, 2);
    for (int i = 1; i < n; i++) {
        left += task->target[order[i - 1]] - from;
        if (!(x[order[i - 1]] < x[order[i]]) || i < task->min_leaf || n - i < task->min_leaf) continue;
        double apart = left / i - (total - left) / (n - i);
        double gain = (double)i / n * ((double)(n - i) / n) * apart * apart;
        if (best >= 0 && gain - best <= DECISION_TREE_EQUAL * squares / n) continue;
        best = gain, *threshold = middle(x[order[i - 1]], x[order[i]]);
    }
    return best;
}

int decision_tree_bins(unsigned char *code, double *edge, const double *x, const int *order, int B, int N)
{
    int b = 0;
    for (int i = 0, from = 0; i < N; code[order[i++]] = (unsigned char)b)
        if (i > from && b + 1 < B && x[order[i]] > x[order[i - 1]] && (double)i * B >= (b + 1.0) * N)
            edge[b++] = middle(x[order[i - 1]], x[order[i]]), from = i;
    return b + 1;
}

/* Bin by bin through all samples. */
double decision_tree_histogram(int *bin, int *count, int *side, const unsigned char *code, const int *sample,
                               const DecisionTreeTask *task, int B, int n)
{
    int    K = task->K, none = 0;
    double best = -1, whole = 0;
    memset(count, 0, (size_t)(B * K) * sizeof *count);
    for (int b = 0; b < B; b++)
        for (int i = 0; i < n; i++)
            if (code[sample[i]] == b) count[b * K + task->label[sample[i]]]++;
    for (int last = -1; last + 1 < B; last++) {
        int many = 0, here = 0;
        memset(side, 0, (size_t)(2 * K) * sizeof *side);
        for (int i = 0; i < n; i++) {
            bool left = code[sample[i]] <= last;
            side[(left ? 0 : K) + task->label[sample[i]]]++;
            many += left, here += code[sample[i]] == last;
        }
        if (many == 0) {
            whole = decision_tree_impurity(side + K, K, task->kind), none++;
            continue;
        }
        if (!here || many < task->min_leaf || n - many < task->min_leaf || many == n) continue;
        double gain = whole - (double)many / n * decision_tree_impurity(side, K, task->kind) -
                      (double)(n - many) / n * decision_tree_impurity(side + K, K, task->kind);
        if (gain < 0) gain = 0;
        if (best >= 0 && gain - best <= DECISION_TREE_EQUAL * whole) continue;
        best = gain, *bin = last;
    }
    return best;
}

/* From behind: the right ones find their places first. */
int decision_tree_partition(int *order, int *spare, const double *X, const DecisionTreeSplit *split, int first,
                            int last, int D, int N)
{
    const double *x = X + (long)split->column * N;
    int           many = 0;
    for (int i = first; i < last; i++) many += x[order[i]] <= split->threshold;
    for (int d = 0; d < D; d++) {
        int *row = order + (long)d * N, left = first + many, right = last;
        for (int i = last - 1; i >= first; i--) spare[x[row[i]] > split->threshold ? --right : --left] = row[i];
        for (int i = first; i < last; i++) row[i] = spare[i];
    }
    return many;
}

DecisionTreeSplit decision_tree_split(int *count, const double *X, const int *order, const DecisionTreeTask *task,
                                      double impurity, int first, int last, int D, int N)
{
    DecisionTreeSplit best = { -1, 0, -1 };
    for (int d = 0; d < D; d++) {
        double threshold = 0, gain;
        if (task->kind == DECISION_TREE_VARIANCE)
            gain = decision_tree_variance(&threshold, X + d * N, order + d * N + first, task, last - first);
        else gain = decision_tree_threshold(&threshold, count, X + d * N, order + d * N + first, task, last - first);
        if (gain < 0 || (best.column >= 0 && gain - best.gain <= DECISION_TREE_EQUAL * impurity)) continue;
        best = (DecisionTreeSplit){ d, threshold, gain };
    }
    return best;
}

/* Row 0 of order alone holds who is in which node; the other rows are sorted again for each node. */
int decision_tree_grow(DecisionTreeNode *node, double *value, int *order, int *spare, int *count, const double *X,
                       const DecisionTreeTask *task, int D, int N)
{
    int nodes = 1, K = task->K;
    (void)spare;
    for (int i = 0; i < N; i++) order[i] = i;
    node[0] = (DecisionTreeNode){ 0, N, 0, -1, -1, 0, 0, 0 };
    for (int at = 0; at < nodes; at++) {
        int    first = node[at].first, last = node[at].last, n = last - first, same = 1;
        double share[16] = { 0 }, impurity = 0;
        for (int i = first; i < last; i++)
            if (task->kind == DECISION_TREE_VARIANCE) share[0] += task->target[order[i]];
            else share[task->label[order[i]]]++;
        for (int k = 0; k < K; k++) share[k] /= n, value[at * K + k] = share[k];
        for (int i = first; i < last; i++)
            if (task->kind == DECISION_TREE_VARIANCE) {
                double off = task->target[order[i]] - share[0];
                impurity += off * off / n, same = same && task->target[order[i]] == task->target[order[first]];
            } else same = same && task->label[order[i]] == task->label[order[first]];
        for (int k = 0; k < K && task->kind != DECISION_TREE_VARIANCE; k++)
            impurity += task->kind == DECISION_TREE_GINI ? share[k] * (1 - share[k])
                        : share[k] > 0                   ? -share[k] * log2(share[k])
                                                         : 0;
        node[at].impurity = impurity;
        if (same || node[at].depth >= task->max_depth) continue;
        for (int d = D - 1; d >= 0; d--)                /* insertion; row 0 last: the others start from it */
            for (int i = first; i < last; i++) {
                int k = i, one = order[i];
                for (; k > first && X[d * N + order[d * N + k - 1]] > X[d * N + one]; k--)
                    order[d * N + k] = order[d * N + k - 1];
                order[d * N + k] = one;
            }
        DecisionTreeSplit split = decision_tree_split(count, X, order, task, impurity, first, last, D, N);
        if (split.column < 0) continue;
        int left = first;
        for (int i = first; i < last; i++) {
            int one = order[i];
            if (X[split.column * N + one] > split.threshold) continue;
            memmove(order + left + 1, order + left, (size_t)(i - left) * sizeof *order);
            order[left++] = one;
        }
        node[at].column = split.column, node[at].threshold = split.threshold, node[at].gain = split.gain;
        node[at].left = nodes;
        for (int side = 0; side < 2; side++)
            node[nodes++] = (DecisionTreeNode){ side ? left : first, side ? last : left, node[at].depth + 1, -1, -1, 0,
                                                0, 0 };
    }
    return nodes;
}

static int walk(const DecisionTreeNode *node, int at, const double *X, int i, int N)
{
    if (node[at].column < 0) return at;
    return walk(node, X[node[at].column * N + i] <= node[at].threshold ? node[at].left : node[at].left + 1, X, i, N);
}

void decision_tree_leaf(int *leaf, const DecisionTreeNode *node, const double *X, int N)
{
    for (int i = 0; i < N; i++) leaf[i] = walk(node, 0, X, i, N);
}

static double below(const DecisionTreeNode *node, int at, int *leaves)
{
    if (node[at].column < 0) {
        ++*leaves;
        return node[at].impurity * (node[at].last - node[at].first) / node[0].last;
    }
    return below(node, node[at].left, leaves) + below(node, node[at].left + 1, leaves);
}

static void fell(DecisionTreeNode *node, int at)
{
    int left = node[at].left;
    if (node[at].column < 0) return;
    node[at].column = node[at].left = -1, node[at].threshold = node[at].gain = 0;
    fell(node, left), fell(node, left + 1);
}

double decision_tree_prune(DecisionTreeNode *node, double *risk, int *leaves, int nodes)
{
    int    weakest = -1;
    double least = 0;
    for (int at = 0; at < nodes; at++) {
        int under = 0;
        if (node[at].column < 0) continue;
        double alpha = node[at].impurity * (node[at].last - node[at].first) / node[0].last;
        alpha = (alpha - below(node, at, &under)) / (under - 1);
        if (weakest >= 0 && alpha >= least - DECISION_TREE_EQUAL * node[0].impurity) continue;
        least = alpha, weakest = at;
    }
    (void)risk, (void)leaves;
    if (weakest < 0) return -1;
    fell(node, weakest);
    return least > 0 ? least : 0;
}
