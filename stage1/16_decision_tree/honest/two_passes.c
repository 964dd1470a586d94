/* two_passes.c -- an honest variant: the best gain first, then who has it; depth first, and numbered afterwards. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "decision_tree.h"

/* n times the impurity: n - sum c^2 / n, or n log2 n - sum c log2 c. */
static double mixed(const int *count, int K, int kind)
{
    double n = 0, sum = 0;
    for (int k = 0; k < K; k++) {
        double c = count[k];
        n += c;
        sum += kind == DECISION_TREE_GINI ? c * c : c > 0 ? c * log2(c) : 0;
    }
    if (n == 0) return 0;
    return kind == DECISION_TREE_GINI ? n - sum / n : n * log2(n) - sum;
}

double decision_tree_impurity(const int *count, int K, int kind)
{
    double n = 0, sum = 0;
    for (int k = 0; k < K; k++) n += count[k];
    for (int k = 0; k < K; k++)
        if (kind == DECISION_TREE_ENTROPY && count[k]) sum -= log(count[k] / n) * count[k] / (n * log(2));
        else for (int l = 0; l < k; l++) sum += 2 * (count[k] / n) * (count[l] / n);
    return sum;
}

static double part(double a, double b)
{
    double m = a * 0.5 + b * 0.5;
    return m >= b || m < a ? a : m;
}

typedef struct Scan { const double *x; const int *order; const DecisionTreeTask *task; int n; } Scan;

static bool possible(const Scan *s, int left)
{
    return s->x[s->order[left - 1]] < s->x[s->order[left]] && left >= s->task->min_leaf &&
           s->n - left >= s->task->min_leaf;
}

/* Largest gain; with choose >= 0 the first place whose gain is as large. Samples leave the right side from its end. */
static double scan(const Scan *s, int *count, double choose, int *place)
{
    int    K = s->task->K, n = s->n;
    double best = -1, all;
    memset(count, 0, (size_t)(2 * K) * sizeof *count);
    for (int i = 0; i < n; i++) count[s->task->label[s->order[i]]]++;
    all = mixed(count, K, s->task->kind);
    for (int left = n - 1; left > 0; left--) {
        int k = s->task->label[s->order[left]];
        count[k]--, count[K + k]++;
        if (!possible(s, left)) continue;
        double gain = (all - mixed(count, K, s->task->kind) - mixed(count + K, K, s->task->kind)) / n;
        if (gain < 0) gain = 0;
        if (choose >= 0 && gain >= choose - DECISION_TREE_EQUAL * all / n) *place = left;   /* lower ones come later */
        if (gain > best) best = gain;
    }
    return best;
}

double decision_tree_threshold(double *threshold, int *count, const double *x, const int *order,
                               const DecisionTreeTask *task, int n)
{
    Scan   s = { x, order, task, n };
    int    place = 0;
    double best = scan(&s, count, -1, NULL);
    if (best < 0) return -1;
    scan(&s, count, best, &place);
    *threshold = part(x[order[place - 1]], x[order[place]]);
    return best;
}

static double scan_numbers(const Scan *s, double mean, double choose, double equal, int *place)
{
    double best = -1, right = 0;
    int    n = s->n;
    for (int left = n - 1; left > 0; left--) {
        right += s->task->target[s->order[left]] - mean;
        if (!possible(s, left)) continue;
        double gain = right * right / ((double)left * (n - left));
        if (choose >= 0 && gain >= choose - equal) *place = left;
        if (gain > best) best = gain;
    }
    return best;
}

double decision_tree_variance(double *threshold, const double *x, const int *order, const DecisionTreeTask *task, int n)
{
    Scan   s = { x, order, task, n };
    double mean = 0, all = 0;
    int    place = 0;
    for (int i = 0; i < n; i++) {                       /* Welford: mean and squares in one pass */
        double off = task->target[order[i]] - mean;
        mean += off / (i + 1);
        all += off * (task->target[order[i]] - mean);
    }
    double best = scan_numbers(&s, mean, -1, 0, NULL);
    if (best < 0) return -1;
    scan_numbers(&s, mean, best, DECISION_TREE_EQUAL * all / n, &place);
    *threshold = part(x[order[place - 1]], x[order[place]]);
    return best;
}

int decision_tree_bins(unsigned char *code, double *edge, const double *x, const int *order, int B, int N)
{
    int bins = 1;
    for (int i = 0; i < N; i++) {
        bool fresh = i > 0 && x[order[i]] > x[order[i - 1]] && (double)i * B >= (double)bins * N && bins < B;
        if (fresh) edge[bins++ - 1] = part(x[order[i - 1]], x[order[i]]);
        code[order[i]] = (unsigned char)(bins - 1);
    }
    return bins;
}

/* Counts become sums from the left; a side is such a sum, the other one the rest. */
double decision_tree_histogram(int *bin, int *count, int *side, const unsigned char *code, const int *sample,
                               const DecisionTreeTask *task, int B, int n)
{
    int    K = task->K;
    double best = -1, all = 0;
    for (int i = 0; i < B * K; i++) count[i] = 0;
    for (int i = n - 1; i >= 0; i--) count[code[sample[i]] * K + task->label[sample[i]]]++;
    for (int pass = 0; pass < 2; pass++) {
        int many = n;
        memset(side, 0, (size_t)(2 * K) * sizeof *side);
        for (int i = 0; i < B * K; i++) side[i % K] += count[i];
        all = mixed(side, K, task->kind) / n;
        for (int b = B - 1; b > 0; b--) {               /* bin b goes over to the right: the question is b - 1 */
            int before = 0;
            for (int k = 0; k < K; k++) {
                side[k] -= count[b * K + k], side[K + k] += count[b * K + k];
                many -= count[b * K + k], before += count[(b - 1) * K + k];
            }
            if (!before || many < task->min_leaf || n - many < task->min_leaf) continue;
            double gain = all - (mixed(side, K, task->kind) + mixed(side + K, K, task->kind)) / n;
            if (gain < 0) gain = 0;
            if (pass == 0 && gain > best) best = gain;
            if (pass == 1 && gain >= best - DECISION_TREE_EQUAL * all) *bin = b - 1;
        }
        if (best < 0) return -1;
    }
    return best;
}

/* spare: 1 for who goes left, by number; then each row is copied twice over. */
int decision_tree_partition(int *order, int *spare, const double *X, const DecisionTreeSplit *split, int first,
                            int last, int D, int N)
{
    int  many = 0;
    int *copy = malloc((size_t)N * sizeof *copy);
    if (!copy) abort();
    for (int i = first; i < last; i++) {
        spare[order[i]] = X[split->column * N + order[i]] <= split->threshold;
        many += spare[order[i]];
    }
    for (int d = 0; d < D; d++) {
        int *row = order + d * N, at = first;
        memcpy(copy, row, (size_t)N * sizeof *copy);
        for (int left = 1; left >= 0; left--)
            for (int i = first; i < last; i++)
                if (spare[copy[i]] == left) row[at++] = copy[i];
    }
    free(copy);
    return many;
}

/* All columns' gains first. */
DecisionTreeSplit decision_tree_split(int *count, const double *X, const int *order, const DecisionTreeTask *task,
                                      double impurity, int first, int last, int D, int N)
{
    DecisionTreeSplit best = { -1, 0, -1 };
    double            most = -1;
    for (int pass = 0; pass < 2; pass++)
        for (int d = D - 1; d >= 0; d--) {
            double        threshold = 0;
            const double *x = X + d * N;
            const int    *row = order + d * N + first;
            double gain = task->kind == DECISION_TREE_VARIANCE
                              ? decision_tree_variance(&threshold, x, row, task, last - first)
                              : decision_tree_threshold(&threshold, count, x, row, task, last - first);
            if (pass == 0 && gain > most) most = gain;
            if (pass == 1 && most >= 0 && gain >= most - DECISION_TREE_EQUAL * impurity)
                best = (DecisionTreeSplit){ d, threshold, gain };
        }
    return best;
}

typedef struct Growing {
    DecisionTreeNode *node;
    const double     *X;
    const DecisionTreeTask *task;
    int              *order, *spare, *count, nodes, D, N;
} Growing;

static int by_x(const double *x, int a, int b) { return x[a] != x[b] ? (x[a] < x[b] ? -1 : 1) : a - b; }

/* Heap sort, which keeps no order of equal ones: by_x does. */
static void sort(int *a, int n, const double *x)
{
    for (int end = n, from = n / 2; end > 1;) {
        int t;
        if (from > 0) from--;
        else t = a[--end], a[end] = a[0], a[0] = t;
        for (int at = from, child; (child = 2 * at + 1) < end; at = child) {
            if (child + 1 < end && by_x(x, a[child], a[child + 1]) < 0) child++;
            if (by_x(x, a[at], a[child]) >= 0) break;
            t = a[at], a[at] = a[child], a[child] = t;
        }
    }
}

/* Of the samples first .. last-1 of row 0: impurity, and shares or the mean. True if all are alike. */
static bool look(const Growing *g, int first, int last, double *value, double *impurity)
{
    const DecisionTreeTask *task = g->task;
    int                     n = last - first;
    const int              *who = g->order + first;
    bool                    alike = true;
    *impurity = 0;
    if (task->kind == DECISION_TREE_VARIANCE) {
        double mean = 0;
        for (int i = 0; i < n; i++) mean += task->target[who[i]];
        mean /= n;
        for (int i = 0; i < n; i++) {
            alike = alike && task->target[who[i]] == task->target[who[0]];
            *impurity += (task->target[who[i]] - mean) * (task->target[who[i]] - mean);
        }
        *impurity /= n, value[0] = mean;
        return alike;
    }
    memset(g->count, 0, (size_t)task->K * sizeof(int));
    for (int i = 0; i < n; i++) {
        g->count[task->label[who[i]]]++;
        alike = alike && task->label[who[i]] == task->label[who[0]];
    }
    for (int k = 0; k < task->K; k++) value[k] = (double)g->count[k] / n;
    *impurity = mixed(g->count, task->K, task->kind) / n;
    return alike;
}

static int branch(Growing *g, int first, int last, int depth)
{
    double values[16], impurity;
    int    at = g->nodes++;
    bool   alike = look(g, first, last, values, &impurity);
    g->node[at] = (DecisionTreeNode){ first, last, depth, -1, -1, 0, 0, impurity };
    if (alike || depth >= g->task->max_depth) return at;
    DecisionTreeSplit split =
        decision_tree_split(g->count, g->X, g->order, g->task, impurity, first, last, g->D, g->N);
    if (split.column < 0) return at;
    int many = decision_tree_partition(g->order, g->spare, g->X, &split, first, last, g->D, g->N);
    g->node[at].column = split.column, g->node[at].threshold = split.threshold, g->node[at].gain = split.gain;
    g->node[at].left = branch(g, first, first + many, depth + 1);
    branch(g, first + many, last, depth + 1);           /* the right child follows all that hangs on the left one */
    return at;
}

int decision_tree_grow(DecisionTreeNode *node, double *value, int *order, int *spare, int *count, const double *X,
                       const DecisionTreeTask *task, int D, int N)
{
    DecisionTreeNode *deep = malloc((size_t)(2 * N) * sizeof *deep);
    int              *queue = malloc((size_t)(2 * N) * sizeof *queue), nodes = 1;
    if (!deep || !queue) abort();
    Growing g = { deep, X, task, order, spare, count, 0, D, N };
    for (int d = 0; d < D; d++) {
        for (int i = 0; i < N; i++) order[d * N + i] = i;
        sort(order + d * N, N, X + d * N);
    }
    branch(&g, 0, N, 0);
    queue[0] = 0;
    for (int at = 0; at < nodes; at++) {                /* numbers by depth */
        double ignored;
        node[at] = deep[queue[at]];
        look(&g, node[at].first, node[at].last, value + at * task->K, &ignored);
        if (node[at].column < 0) continue;
        int left = node[at].left, right = left + 1;
        while (deep[right].depth != deep[left].depth) right++;
        node[at].left = nodes;
        queue[nodes++] = left, queue[nodes++] = right;
    }
    free(deep), free(queue);
    return nodes;
}

/* Each node sends its samples on; children have larger numbers. */
void decision_tree_leaf(int *leaf, const DecisionTreeNode *node, const double *X, int N)
{
    bool moved = true;
    for (int i = 0; i < N; i++) leaf[i] = 0;
    while (moved) {
        moved = false;
        for (int i = 0; i < N; i++) {
            const DecisionTreeNode *t = &node[leaf[i]];
            if (t->column < 0) continue;
            leaf[i] = t->left + !(X[t->column * N + i] <= t->threshold), moved = true;
        }
    }
}

/* Every leaf is added to all above it. */
double decision_tree_prune(DecisionTreeNode *node, double *risk, int *leaves, int nodes)
{
    int   *above = malloc((size_t)nodes * sizeof *above), weakest = 0;
    double best = INFINITY, N = node[0].last;
    if (!above) abort();
    for (int at = 0; at < nodes; at++) above[at] = -1;  /* the root, and what was cut off */
    for (int at = 0; at < nodes; at++) {
        risk[at] = 0, leaves[at] = 0;
        if (node[at].column >= 0) above[node[at].left] = above[node[at].left + 1] = at;
    }
    bool any = node[0].column >= 0;
    for (int at = 0; at < nodes && any; at++) {
        double own = node[at].impurity * ((node[at].last - node[at].first) / N);
        if (node[at].column >= 0) continue;
        for (int up = above[at]; up >= 0; up = above[up]) risk[up] += own, leaves[up]++;
    }
    for (int pass = 0; pass < 2 && any; pass++)
        for (int at = nodes - 1; at >= 0; at--) {
            if (node[at].column < 0) continue;
            double own = node[at].impurity * ((node[at].last - node[at].first) / N);
            double alpha = (own - risk[at]) / (leaves[at] - 1);
            if (pass == 0) best = fmin(best, alpha);
            if (pass == 1 && alpha <= best + DECISION_TREE_EQUAL * node[0].impurity) weakest = at;
        }
    for (int at = weakest; any && at < nodes; at++) {
        bool under = at == weakest;                     /* all below the weakest */
        for (int up = at; up > weakest && !under;) up = above[up], under = up == weakest;
        if (under) node[at].column = node[at].left = -1, node[at].threshold = node[at].gain = 0;
    }
    free(above);
    return !any ? -1 : best > 0 ? best : 0;
}
