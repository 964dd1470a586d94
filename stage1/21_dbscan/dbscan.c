/* dbscan.c -- clusters as dense ground: core, border, noise. By brute force in N^2, and on a grid, cell by cell. */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "dbscan.h"

static double square_distance(const double *p, const double *q)
{
    return (p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]);
}

void dbscan_core(int *core, const double *X, double eps, int min, int N)
{
    /* exercise: core[i] = 1 where at least min points are near point i, itself counted, else 0 */
    for (int i = 0; i < N; i++) {
        int near = 0;
        for (int j = 0; j < N; j++)
            near += square_distance(X + 2 * i, X + 2 * j) <= eps * eps;
        core[i] = near >= min;
    }
    /* end */
}

int dbscan_expand(int *label, int *queue, const int *core, const double *X, int start, int cluster, double eps, int N)
{
    /* exercise: flood from start by the queue: who is near a queued point joins, and is queued if it is core */
    int head = 0, tail = 0, joined = 1;
    label[start] = cluster;
    queue[tail++] = start;
    while (head < tail) {
        int i = queue[head++];
        for (int j = 0; j < N; j++) {
            if (label[j] >= 0 || square_distance(X + 2 * i, X + 2 * j) > eps * eps)
                continue;
            label[j] = cluster;
            joined++;
            if (core[j])
                queue[tail++] = j;                  /* a border point joins, but leads no further */
        }
    }
    return joined;
    /* end */
}

int dbscan_label(int *label, int *queue, const int *core, const double *X, double eps, int N)
{
    /* exercise: all are noise at first; each core point that still is begins the next cluster */
    int clusters = 0;
    for (int i = 0; i < N; i++)
        label[i] = -1;
    for (int i = 0; i < N; i++)
        if (core[i] && label[i] < 0)
            dbscan_expand(label, queue, core, X, i, clusters++, eps, N);
    return clusters;
    /* end */
}

/* The k-th smallest of v, k from 1 to n; v is left in another order. Hoare, 1961. */
static double kth_smallest(double *v, int n, int k)
{
    int low = 0, high = n - 1;
    while (low < high) {
        double pivot = v[low + (high - low) / 2];
        int i = low - 1, j = high + 1;
        for (;;) {
            do i++; while (v[i] < pivot);
            do j--; while (v[j] > pivot);
            if (i >= j)
                break;
            double t = v[i];
            v[i] = v[j], v[j] = t;
        }
        if (k - 1 <= j)
            high = j;
        else
            low = j + 1;
    }
    return v[k - 1];
}

void dbscan_kdistance(double *distance, double *work, const double *X, int k, int N)
{
    /* exercise: distance[i] = from point i to the k-th nearest, itself being the first; kth_smallest is there */
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++)
            work[j] = square_distance(X + 2 * i, X + 2 * j);
        distance[i] = sqrt(kth_smallest(work, N, k));       /* one root instead of N */
    }
    /* end */
}

/* ---- The same on a grid ------------------------------------------------------------------------------------------ */

/* order = 0 .. N-1 sorted by key, equal ones by number: a pass for every 11 bits, the lowest first. key is sorted too.
 * What is sorted by the lower bits stays so within equal higher ones, for a pass keeps the order. */
static void sort_by_key(int *order, int64_t *key, int *spare, int64_t *spare_key, int N)
{
    enum { BITS = 11, DIGITS = 1 << BITS };
    int64_t most = 0;
    for (int i = 0; i < N; i++) {
        order[i] = i;
        most = key[i] > most ? key[i] : most;
    }
    for (int shift = 0; shift < 63 && most >> shift > 0; shift += BITS) {
        int place[DIGITS + 1] = { 0 };
        for (int i = 0; i < N; i++)
            place[(key[i] >> shift & (DIGITS - 1)) + 1]++;
        for (int d = 0; d < DIGITS; d++)
            place[d + 1] += place[d];
        for (int i = 0; i < N; i++) {
            int to = place[key[i] >> shift & (DIGITS - 1)]++;
            spare[to] = order[i], spare_key[to] = key[i];
        }
        memcpy(order, spare, (size_t)N * sizeof *order);
        memcpy(key, spare_key, (size_t)N * sizeof *key);
    }
}

void dbscan_cells(DbscanGrid *grid, int64_t *key, int *spare, const double *X, double eps, int N)
{
    double low[] = { X[0], X[1] }, high = X[0], side = DBSCAN_SIDE * eps;
    for (int i = 0; i < N; i++) {
        low[0] = fmin(low[0], X[2 * i]), low[1] = fmin(low[1], X[2 * i + 1]);
        high = fmax(high, X[2 * i]);
    }
    int64_t columns = (int64_t)floor((high - low[0]) / side) + 1;
    /* exercise: key[i] = row times columns + column; sort_by_key; then fill the grid, a cell for each different key */
    for (int i = 0; i < N; i++)
        key[i] = (int64_t)floor((X[2 * i + 1] - low[1]) / side) * columns + (int64_t)floor((X[2 * i] - low[0]) / side);
    sort_by_key(grid->order, key, spare, key + N, N);
    int c = -1;
    for (int k = 0; k < N; k++) {
        int i = grid->order[k];
        if (k == 0 || key[k] != key[k - 1]) {
            grid->first[++c] = k;
            grid->row[c] = (int)(key[k] / columns), grid->column[c] = (int)(key[k] % columns);
        }
        grid->cell[i] = c;
        grid->at[2 * k] = X[2 * i], grid->at[2 * k + 1] = X[2 * i + 1];
    }
    grid->cells = c + 1;
    grid->first[grid->cells] = N;
    /* end */
}

/*
 * The cells around cell c: five rows, and of each the cells from[i] .. to[i]-1, two columns to either side; c is one of
 * them, in row 2. slide() must be called for c = 0, 1, 2, ..., a window that is all 0 at first: the borders only ever
 * move on, so all calls together cost five walks along the cells.
 */
typedef struct Window { int from[5], to[5]; } Window;

static bool comes_before(const DbscanGrid *grid, int c, int row, int column)
{
    return grid->row[c] < row || (grid->row[c] == row && grid->column[c] < column);
}

static void slide(Window *w, const DbscanGrid *grid, int c)
{
    for (int i = 0; i < 5; i++) {
        int row = grid->row[c] + i - 2;
        while (w->from[i] < grid->cells && comes_before(grid, w->from[i], row, grid->column[c] - 2))
            w->from[i]++;
        if (w->to[i] < w->from[i])
            w->to[i] = w->from[i];
        while (w->to[i] < grid->cells && comes_before(grid, w->to[i], row, grid->column[c] + 3))
            w->to[i]++;
    }
}

void dbscan_core_grid(int *core, const DbscanGrid *grid, double eps, int min)
{
    Window w = { { 0 }, { 0 } };
    for (int c = 0; c < grid->cells; c++) {
        slide(&w, grid, c);
        /* exercise: core[] of the points of cell c; grid->order[k] is the number of the point at grid->at + 2 * k */
        int size = grid->first[c + 1] - grid->first[c];
        for (int k = grid->first[c]; k < grid->first[c + 1]; k++) {
            int near = size;                        /* its own cell, without looking */
            for (int i = 0; i < 5 && near < min; i++)
                for (int d = w.from[i]; d < w.to[i] && near < min; d++)
                    for (int q = grid->first[d]; q < grid->first[d + 1] && near < min && d != c; q++)
                        near += square_distance(grid->at + 2 * k, grid->at + 2 * q) <= eps * eps;
            core[grid->order[k]] = near >= min;
        }
        /* end */
    }
}

/* The cell at the end of c's path; on the way each cell is hung one further up, so the next path is half as long. */
static int end_of(int *parent, int c)
{
    /* exercise: follow parent from c to the cell that is its own; hang each cell on the way to its grandparent */
    while (parent[c] != c)
        c = parent[c] = parent[parent[c]];
    return c;
    /* end */
}

/* Is a core point of c near one of d? */
static bool touch(const DbscanGrid *grid, const int *core, int c, int d, double eps)
{
    /* exercise: true as soon as a core point of cell c is near a core point of cell d */
    for (int p = grid->first[c]; p < grid->first[c + 1]; p++) {
        if (!core[grid->order[p]])
            continue;
        for (int q = grid->first[d]; q < grid->first[d + 1]; q++)
            if (square_distance(grid->at + 2 * p, grid->at + 2 * q) <= eps * eps && core[grid->order[q]])
                return true;
    }
    return false;
    /* end */
}

void dbscan_join(int *parent, const DbscanGrid *grid, const int *core, double eps)
{
    Window w = { { 0 }, { 0 } };
    for (int c = 0; c < grid->cells; c++) {
        parent[c] = c;
        slide(&w, grid, c);
        /* exercise: of the cells around c, those before c: join each that is not joined yet and touches c */
        for (int i = 0; i <= 2; i++)
            for (int d = w.from[i]; d < w.to[i] && d < c; d++) {
                int a = end_of(parent, c), b = end_of(parent, d);
                if (a != b && touch(grid, core, c, d, eps))
                    parent[a] = b;
            }
        /* end */
    }
}

int dbscan_label_grid(int *label, int *number, int *parent, const DbscanGrid *grid, const int *core, double eps, int N)
{
    Window w = { { 0 }, { 0 } };
    int clusters = 0;
    /* exercise: label the core points: number[] of the end of the cell's path, the next free one if it has none yet */
    for (int c = 0; c < grid->cells; c++)
        number[c] = -1;
    for (int i = 0; i < N; i++) {
        label[i] = -1;
        if (!core[i])
            continue;
        int end = end_of(parent, grid->cell[i]);
        if (number[end] < 0)
            number[end] = clusters++;               /* i is its core point of the smallest number */
        label[i] = number[end];
    }
    /* end */
    for (int c = 0; c < grid->cells; c++) {
        slide(&w, grid, c);
        /* exercise: each point of cell c that is not core takes the smallest number among the core points near it */
        for (int p = grid->first[c]; p < grid->first[c + 1]; p++) {
            int *mine = &label[grid->order[p]];
            for (int i = 0; i < 5 && !core[grid->order[p]]; i++)
                for (int q = grid->first[w.from[i]]; q < grid->first[w.to[i]]; q++) {
                    int other = grid->order[q];
                    if (core[other] && (*mine < 0 || label[other] < *mine) &&
                        square_distance(grid->at + 2 * p, grid->at + 2 * q) <= eps * eps)
                        *mine = label[other];
                }
        }
        /* end */
    }
    return clusters;
}
