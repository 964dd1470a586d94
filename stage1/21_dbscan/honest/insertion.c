/* insertion.c -- an honest variant: rounds instead of a queue, insertion sorts, clusters renamed whole, no look at
 * cells. */
#include <math.h>
#include <stdbool.h>
#include "dbscan.h"

static bool near(const double *p, const double *q, double eps)
{
    double x = p[0] - q[0], y = p[1] - q[1];
    return sqrt(x * x + y * y) <= eps;
}

void dbscan_core(int *core, const double *X, double eps, int min, int N)
{
    for (int i = 0; i < N; i++) {
        int left = min;
        for (int j = N - 1; j >= 0 && left > 0; j--) left -= near(X + 2 * j, X + 2 * i, eps);
        core[i] = left == 0;
    }
}

int dbscan_expand(int *label, int *queue, const int *core, const double *X, int start, int cluster, double eps, int N)
{
    int joined = 1;                                     /* rounds: queue[i] is 1 once point i has passed it on */
    for (int i = 0; i < N; i++) queue[i] = 0;
    label[start] = cluster;
    for (int fresh = 1; fresh;) {
        fresh = 0;
        for (int i = 0; i < N; i++) {
            if (label[i] != cluster || !core[i] || queue[i]) continue;
            queue[i] = fresh = 1;
            for (int j = 0; j < N; j++)
                if (label[j] < 0 && near(X + 2 * i, X + 2 * j, eps)) label[j] = cluster, joined++;
        }
    }
    return joined;
}

int dbscan_label(int *label, int *queue, const int *core, const double *X, double eps, int N)
{
    int clusters = 0;
    for (int i = 0; i < N; i++) label[i] = -1;
    for (int i = 0; i < N; i++) {
        if (!core[i] || label[i] >= 0) continue;
        dbscan_expand(label, queue, core, X, i, clusters, eps, N);
        clusters++;
    }
    return clusters;
}

void dbscan_kdistance(double *distance, double *work, const double *X, int k, int N)
{
    for (int i = 0; i < N; i++) {                       /* the k smallest so far, sorted */
        int n = 0;
        for (int j = 0; j < N; j++) {
            double dx = X[2 * j] - X[2 * i], dy = X[2 * j + 1] - X[2 * i + 1], d = dx * dx + dy * dy;
            int    at = n < k ? n++ : k;
            for (; at > 0 && work[at - 1] > d; at--)
                if (at < k) work[at] = work[at - 1];
            if (at < k) work[at] = d;
        }
        distance[i] = sqrt(work[k - 1]);
    }
}

/* Row and column apart, each point moved to its place. */
void dbscan_cells(DbscanGrid *grid, int64_t *key, int *spare, const double *X, double eps, int N)
{
    double  low[2] = { X[0], X[1] }, side = DBSCAN_SIDE * eps;
    int64_t *row = key, *column = key + N;
    (void)spare;
    for (int i = 0; i < 2 * N; i++) low[i & 1] = fmin(low[i & 1], X[i]);
    for (int i = 0; i < N; i++) {
        int k = i;
        column[i] = (int64_t)floor((X[2 * i] - low[0]) / side), row[i] = (int64_t)floor((X[2 * i + 1] - low[1]) / side);
        for (; k > 0; k--) {
            int j = grid->order[k - 1];
            if (row[j] < row[i] || (row[j] == row[i] && column[j] <= column[i])) break;
            grid->order[k] = j;
        }
        grid->order[k] = i;
    }
    grid->cells = 0;
    for (int end = 0; end < N; grid->cells++) {
        int c = grid->cells, i = grid->order[end];
        grid->first[c] = end, grid->row[c] = (int)row[i], grid->column[c] = (int)column[i];
        for (; end < N && row[grid->order[end]] == row[i] && column[grid->order[end]] == column[i]; end++) {
            int j = grid->order[end];
            grid->cell[j] = c;
            for (int d = 0; d < 2; d++) grid->at[2 * end + d] = X[2 * j + d];
        }
    }
    grid->first[grid->cells] = N;
}

void dbscan_core_grid(int *core, const DbscanGrid *g, double eps, int min)
{
    int N = g->first[g->cells];
    for (int k = 0; k < N; k++) { /* cells are not asked: everybody is looked at until min are near */
        int left = min;
        for (int q = 0; q < N && left > 0; q++) left -= near(g->at + 2 * q, g->at + 2 * k, eps);
        core[g->order[k]] = left == 0;
    }
}

/* Each cell knows its cluster's first cell at once: a join renames all of one side. */
void dbscan_join(int *parent, const DbscanGrid *g, const int *core, double eps)
{
    int N = g->first[g->cells];
    for (int c = g->cells - 1; c >= 0; c--) parent[c] = c;
    for (int p = 0; p < N; p++)
        for (int q = p + 1; q < N; q++) {
            int a = parent[g->cell[g->order[p]]], b = parent[g->cell[g->order[q]]];
            if (a == b || !core[g->order[p]] || !core[g->order[q]] || !near(g->at + 2 * p, g->at + 2 * q, eps))
                continue;
            for (int c = 0; c < g->cells; c++)
                if (parent[c] == b) parent[c] = a;
        }
}

/* Core points spread their number to whom they are near, from the last cluster to the first: the smallest stays. */
int dbscan_label_grid(int *label, int *number, int *parent, const DbscanGrid *g, const int *core, double eps, int N)
{
    int clusters = 0;
    for (int c = 0; c < g->cells; c++) number[c] = -1;
    for (int i = 0; i < N; i++) {
        int c = g->cell[i];
        while (c != parent[c]) c = parent[c];
        if (core[i] && number[c] < 0) number[c] = clusters++;
        label[i] = core[i] ? number[c] : -1;
    }
    for (int k = clusters - 1; k >= 0; k--)
        for (int p = 0; p < N; p++)
            for (int q = 0; q < N && core[g->order[p]] && label[g->order[p]] == k; q++)
                if (!core[g->order[q]] && near(g->at + 2 * p, g->at + 2 * q, eps)) label[g->order[q]] = k;
    return clusters;
}
