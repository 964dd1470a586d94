/* decision_tree.c -- questions with two answers, one below the other: CART for classes and numbers, grown, pruned. */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "decision_tree.h"

double decision_tree_impurity(const int *count, int K, int kind)
{
    /* exercise: 1 - sum p^2, or - sum p log2 p over the classes that occur; p = count[k] / n */
    int    n = 0;
    double squares = 0, logs = 0;
    for (int k = 0; k < K; k++)
        n += count[k];
    for (int k = 0; k < K; k++) {
        double p = (double)count[k] / n;
        squares += p * p;
        logs += p > 0 ? p * log2(p) : 0;
    }
    return kind == DECISION_TREE_GINI ? 1 - squares : -logs;
    /* end */
}

/* Between two numbers, so that low <= it < high holds however near they are; the sum of both might overflow. */
static double halfway(double low, double high)
{
    double middle = low / 2 + high / 2;
    return low <= middle && middle < high ? middle : low;
}

/* count (2,K): none are left, all n are right. */
static void all_right(int *count, const int *order, const DecisionTreeTask *task, int n)
{
    memset(count, 0, 2 * (size_t)task->K * sizeof *count);
    for (int i = 0; i < n; i++)
        count[task->K + task->label[order[i]]]++;
}

double decision_tree_threshold(double *threshold, int *count, const double *x, const int *order,
                               const DecisionTreeTask *task, int n)
{
    int *left = count, *right = count + task->K;
    all_right(count, order, task, n);
    double all = decision_tree_impurity(right, task->K, task->kind), best = -1;
    /* exercise: one sample after the other changes sides; where the next one's x is larger there is a question */
    for (int i = 0; i + 1 < n; i++) {
        left[task->label[order[i]]]++;
        right[task->label[order[i]]]--;
        int many = i + 1;
        if (x[order[i]] == x[order[i + 1]] || many < task->min_leaf || n - many < task->min_leaf)
            continue;
        double gain = all - (many * decision_tree_impurity(left, task->K, task->kind) +
                             (n - many) * decision_tree_impurity(right, task->K, task->kind)) / n;
        gain = fmax(gain, 0);                       /* a hair below, by rounding */
        if (best < 0 || gain > best + DECISION_TREE_EQUAL * all) {
            best = gain;
            *threshold = halfway(x[order[i]], x[order[i + 1]]);
        }
    }
    return best;
    /* end */
}

double decision_tree_variance(double *threshold, const double *x, const int *order, const DecisionTreeTask *task, int n)
{
    /* exercise: the mean first; then a running sum of target - mean, and the gain wherever a question is possible */
    double mean = 0, all = 0, sum = 0, best = -1;
    for (int i = 0; i < n; i++)
        mean += task->target[order[i]] / n;
    for (int i = 0; i < n; i++)
        all += (task->target[order[i]] - mean) * (task->target[order[i]] - mean) / n;
    for (int i = 0; i + 1 < n; i++) {
        sum += task->target[order[i]] - mean;
        int many = i + 1;
        if (x[order[i]] == x[order[i + 1]] || many < task->min_leaf || n - many < task->min_leaf)
            continue;
        double gain = sum / many * (sum / (n - many));
        if (best < 0 || gain > best + DECISION_TREE_EQUAL * all) {
            best = gain;
            *threshold = halfway(x[order[i]], x[order[i + 1]]);
        }
    }
    return best;
    /* end */
}

double decision_tree_histogram(int *bin, int *count, int *side, const unsigned char *code, const int *sample,
                               const DecisionTreeTask *task, int B, int n)
{
    int K = task->K, *left = side, *right = side + K;
    all_right(side, sample, task, n);
    double all = decision_tree_impurity(right, K, task->kind), best = -1;
    /* exercise: count samples by bin and class; then whole bins change sides: B - 1 questions, not n - 1 */
    memset(count, 0, (size_t)B * (size_t)K * sizeof *count);
    for (int i = 0; i < n; i++)
        count[code[sample[i]] * K + task->label[sample[i]]]++;
    for (int b = 0, many = 0; b + 1 < B; b++) {
        for (int k = 0; k < K; k++) {
            left[k] += count[b * K + k];
            right[k] -= count[b * K + k];
            many += count[b * K + k];
        }
        if (many < task->min_leaf || n - many < task->min_leaf)
            continue;
        double gain = all - (many * decision_tree_impurity(left, K, task->kind) +
                             (n - many) * decision_tree_impurity(right, K, task->kind)) / n;
        gain = fmax(gain, 0);
        if (best < 0 || gain > best + DECISION_TREE_EQUAL * all) {
            best = gain;
            *bin = b;
        }
    }
    return best;
    /* end */
}

int decision_tree_bins(unsigned char *code, double *edge, const double *x, const int *order, int B, int N)
{
    int bins = 0;
    for (int i = 0, from = 0; i < N; i++) {
        if (i > from && bins + 1 < B && x[order[i]] > x[order[i - 1]] && (double)i * B >= (bins + 1.0) * N) {
            edge[bins++] = halfway(x[order[i - 1]], x[order[i]]);
            from = i;
        }
        code[order[i]] = (unsigned char)bins;
    }
    return bins + 1;
}

int decision_tree_partition(int *order, int *spare, const double *X, const DecisionTreeSplit *split, int first,
                            int last, int D, int N)
{
    const double *x = X + (long)split->column * N;
    int           many = 0;
    /* exercise: in each row, who goes left moves up, who goes right waits in spare and follows; nobody overtakes */
    for (int d = 0; d < D; d++) {
        int *row = order + (long)d * N, waiting = 0;
        many = 0;
        for (int i = first; i < last; i++) {
            if (x[row[i]] <= split->threshold)
                row[first + many++] = row[i];
            else
                spare[waiting++] = row[i];
        }
        memcpy(row + first + many, spare, (size_t)waiting * sizeof *row);
    }
    /* end */
    return many;
}

DecisionTreeSplit decision_tree_split(int *count, const double *X, const int *order, const DecisionTreeTask *task,
                                      double impurity, int first, int last, int D, int N)
{
    DecisionTreeSplit best = { .column = -1, .gain = -1 };
    for (int d = 0; d < D; d++) {
        double        threshold = 0;
        const double *x = X + (long)d * N;
        const int    *row = order + (long)d * N + first;
        double        gain = task->kind == DECISION_TREE_VARIANCE
                                 ? decision_tree_variance(&threshold, x, row, task, last - first)
                                 : decision_tree_threshold(&threshold, count, x, row, task, last - first);
        if (gain >= 0 && (best.column < 0 || gain > best.gain + DECISION_TREE_EQUAL * impurity))
            best = (DecisionTreeSplit){ d, threshold, gain };
    }
    return best;
}

/* order = 0 .. N-1 by growing x, equal ones by number: runs of 1, 2, 4, .. are merged. */
static void sort_column(int *order, int *spare, const double *x, int N)
{
    for (int i = 0; i < N; i++)
        order[i] = i;
    for (int run = 1; run < N; run = run > N / 2 ? N : 2 * run) {
        for (int low = 0; low < N; low += 2 * run) {
            int middle = N - low > run ? low + run : N, high = N - middle > run ? middle + run : N, a = low, b = middle;
            for (int i = low; i < high; i++)
                spare[i] = b == high || (a < middle && x[order[a]] <= x[order[b]]) ? order[a++] : order[b++];
            if (high == N)
                break;
        }
        memcpy(order, spare, (size_t)N * sizeof *order);
    }
}

/* The node's impurity, and what it foretells, value (K). True if there is nothing to ask. */
static bool describe(DecisionTreeNode *node, double *value, int *count, const int *order, const DecisionTreeTask *task)
{
    int  n = node->last - node->first;
    bool pure = true;
    order += node->first;
    for (int k = 0; k < task->K; k++)
        value[k] = 0;
    if (task->kind == DECISION_TREE_VARIANCE) {
        for (int i = 0; i < n; i++)
            value[0] += task->target[order[i]] / n;
        for (int i = 0; i < n; i++) {
            node->impurity += (task->target[order[i]] - value[0]) * (task->target[order[i]] - value[0]) / n;
            pure = pure && task->target[order[i]] == task->target[order[0]];
        }
        return pure;
    }
    all_right(count, order, task, n);
    for (int k = 0; k < task->K; k++)
        value[k] = (double)count[task->K + k] / n;
    node->impurity = decision_tree_impurity(count + task->K, task->K, task->kind);
    return count[task->K + task->label[order[0]]] == n;
}

int decision_tree_grow(DecisionTreeNode *node, double *value, int *order, int *spare, int *count, const double *X,
                       const DecisionTreeTask *task, int D, int N)
{
    for (int d = 0; d < D; d++)
        sort_column(order + (long)d * N, spare, X + (long)d * N, N);
    /* exercise: the nodes are their own queue: describe each, and where there is a question append both children */
    int nodes = 1;
    node[0] = (DecisionTreeNode){ .last = N, .column = -1, .left = -1 };
    for (int at = 0; at < nodes; at++) {
        DecisionTreeNode *t = &node[at];
        if (describe(t, value + (long)at * task->K, count, order, task) || t->depth == task->max_depth)
            continue;
        DecisionTreeSplit split = decision_tree_split(count, X, order, task, t->impurity, t->first, t->last, D, N);
        if (split.column < 0)
            continue;
        int middle = t->first + decision_tree_partition(order, spare, X, &split, t->first, t->last, D, N);
        t->column = split.column, t->threshold = split.threshold, t->gain = split.gain;
        t->left = nodes;
        node[nodes++] = (DecisionTreeNode){ t->first, middle, t->depth + 1, .column = -1, .left = -1 };
        node[nodes++] = (DecisionTreeNode){ middle, t->last, t->depth + 1, .column = -1, .left = -1 };
    }
    return nodes;
    /* end */
}

void decision_tree_leaf(int *leaf, const DecisionTreeNode *node, const double *X, int N)
{
    /* exercise: for each sample go down from node 0, left where x[column] <= threshold, until there is no question */
    for (int i = 0; i < N; i++) {
        int at = 0;
        while (node[at].column >= 0)
            at = node[at].left + (X[(long)node[at].column * N + i] > node[at].threshold);
        leaf[i] = at;
    }
    /* end */
}

/* Node at and all below it become leaves. */
static void cut(DecisionTreeNode *node, int at)
{
    if (node[at].column < 0)
        return;
    cut(node, node[at].left);
    cut(node, node[at].left + 1);
    node[at].column = node[at].left = -1;
    node[at].threshold = node[at].gain = 0;
}

double decision_tree_prune(DecisionTreeNode *node, double *risk, int *leaves, int nodes)
{
    double least = INFINITY, same = DECISION_TREE_EQUAL * node[0].impurity;
    int    weakest = 0, N = node[0].last - node[0].first;
    if (node[0].column < 0)
        return -1;
    /* exercise: from the last node to the first, risk and leaves below it; then the least alpha, from node 0 on */
    for (int at = nodes - 1; at >= 0; at--) {       /* children have larger numbers, so they are done */
        int left = node[at].left;
        bool asks = node[at].column >= 0;
        risk[at] = asks ? risk[left] + risk[left + 1] : node[at].impurity * (node[at].last - node[at].first) / N;
        leaves[at] = asks ? leaves[left] + leaves[left + 1] : 1;
    }
    for (int at = 0; at < nodes; at++) {
        if (node[at].column < 0)
            continue;
        double own = node[at].impurity * (node[at].last - node[at].first) / N;
        double alpha = (own - risk[at]) / (leaves[at] - 1);
        if (alpha < least - same)
            least = alpha, weakest = at;
    }
    /* end */
    cut(node, weakest);
    return fmax(least, 0);
}
