/* insertion.c -- an honest variant: rounds instead of a queue, insertion sorts, the larger tree takes the smaller. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "dbscan.h"

static bool near(const double *p, const double *q, double eps) { return hypot(p[0] - q[0], p[1] - q[1]) <= eps; }

void dbscan_core(int *core, const double *X, double eps, int min, int N)
{
    for (int i = 0; i < N; i++) core[i] = 0;
    for (int i = 0; i < N; i++) {                       /* each pair once */
        core[i]++;
        for (int j = 0; j < i; j++)
            if (near(X + 2 * i, X + 2 * j, eps)) core[i]++, core[j]++;
    }
    for (int i = 0; i < N; i++) core[i] = core[i] >= min;
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

static const int64_t *sorting;
static int by_key(const void *a, const void *b)
{
    int i = *(const int *)a, j = *(const int *)b;
    return sorting[i] != sorting[j] ? (sorting[i] > sorting[j]) - (sorting[i] < sorting[j]) : i - j;
}

void dbscan_cells(DbscanGrid *grid, int64_t *key, int *spare, const double *X, double eps, int N)
{
    double x = X[0], y = X[1];
    (void)spare;
    for (int i = 1; i < N; i++) x = X[2 * i] < x ? X[2 * i] : x, y = X[2 * i + 1] < y ? X[2 * i + 1] : y;
    for (int i = 0; i < N; i++) {                       /* row and column side by side in 64 bits */
        int64_t row = (int64_t)((X[2 * i + 1] - y) / (DBSCAN_SIDE * eps));
        key[i] = row * ((int64_t)1 << 31) + (int64_t)((X[2 * i] - x) / (DBSCAN_SIDE * eps));
        grid->order[i] = i;
    }
    sorting = key;
    qsort(grid->order, (size_t)N, sizeof *grid->order, by_key);
    grid->cells = 0;
    for (int k = 0; k < N; k++) {
        int i = grid->order[k];
        if (!k || key[i] != key[grid->order[k - 1]]) {
            grid->first[grid->cells] = k;
            grid->row[grid->cells] = (int)(key[i] >> 31);
            grid->column[grid->cells++] = (int)(key[i] & 0x7fffffff);
        }
        grid->cell[i] = grid->cells - 1;
        grid->at[2 * k] = X[2 * i], grid->at[2 * k + 1] = X[2 * i + 1];
    }
    grid->first[grid->cells] = N;
}

static bool around(const DbscanGrid *g, int c, int d)
{
    return abs(g->row[c] - g->row[d]) <= 2 && abs(g->column[c] - g->column[d]) <= 2;
}

void dbscan_core_grid(int *core, const DbscanGrid *g, double eps, int min)
{
    for (int c = 0; c < g->cells; c++)
        for (int k = g->first[c]; k < g->first[c + 1]; k++) {
            int n = 0;
            for (int d = 0; d < g->cells; d++)
                for (int q = g->first[d]; around(g, c, d) && q < g->first[d + 1]; q++)
                    n += near(g->at + 2 * k, g->at + 2 * q, eps);
            core[g->order[k]] = n >= min;
        }
}

static int end_of(const int *parent, int c)
{
    while (parent[c] != c) c = parent[c];
    return c;
}

void dbscan_join(int *parent, const DbscanGrid *g, const int *core, double eps)
{
    for (int c = 0; c < g->cells; c++) parent[c] = c;
    for (int c = 0; c < g->cells; c++)
        for (int d = 0; d < c; d++)
            for (int p = g->first[c]; around(g, c, d) && p < g->first[c + 1]; p++)
                for (int q = g->first[d]; q < g->first[d + 1]; q++)
                    if (core[g->order[p]] && core[g->order[q]] && near(g->at + 2 * p, g->at + 2 * q, eps))
                        parent[end_of(parent, c)] = end_of(parent, d);
}

int dbscan_label_grid(int *label, int *number, int *parent, const DbscanGrid *g, const int *core, double eps, int N)
{
    int clusters = 0;
    for (int c = 0; c < g->cells; c++) number[c] = N;
    for (int i = 0; i < N; i++) {
        int *n = &number[end_of(parent, g->cell[i])];
        if (core[i] && *n == N) *n = clusters++;
    }
    for (int i = 0; i < N; i++) label[i] = core[i] ? number[end_of(parent, g->cell[i])] : -1;
    for (int p = 0; p < N; p++)
        for (int q = 0; q < N && !core[g->order[p]]; q++) {
            int *mine = &label[g->order[p]], other = g->order[q];
            if (!core[other] || !near(g->at + 2 * p, g->at + 2 * q, eps)) continue;
            if (*mine < 0 || label[other] < *mine) *mine = label[other];
        }
    return clusters;
}
