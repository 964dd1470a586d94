/* dbscan.h -- clusters as dense ground: core, border, noise. By brute force in N^2, and on a grid, cell by cell. */
/* kind: kernel; needs: nothing */
#pragma once
#include <stdint.h>
#include "todo.h"

/*
 * X is (N,2), points of the plane, in double and finite; N >= 1, eps > 0, min >= 1. Two points are near if their
 * distance is at most eps: the ball is closed. A point is near itself.
 *
 *   core     at least min points are near, itself counted
 *   border   not core, but near a core point
 *   noise    neither: label -1
 *
 * Core points that are near each other belong to one cluster, and so do chains of them. Clusters are numbered from 0,
 * in the order of their core points of the smallest number. A border point that is near several clusters takes the
 * smallest number. So the labels do not depend on the way they are found; in which order the points lie matters to
 * the numbers, and to such border points alone. Ester, Kriegel, Sander, Xu: A Density-Based Algorithm for Discovering
 * Clusters, KDD 1996.
 *
 * Outputs are written, whatever was in them; what is marked in/out starts as the caller left it. No NaN, no infinity.
 */

/* core[i] = 1 if at least min points are near point i, else 0. */
void dbscan_core(int *core,                                                         /* (N) */
                 const double *X, double eps, int min, int N);

/*
 * Floods one cluster: the core point start and all that it reaches. Who is near a core point of the cluster joins it,
 * unless it has a label of 0 or more already; who joins and is core passes it on. label is in/out, start's is -1 at
 * first; queue is working memory. Returns how many joined, start counted.
 */
int dbscan_expand(int *label, int *queue,                                           /* (N) in/out, (N) */
                  const int *core, const double *X, int start, int cluster, double eps, int N);

/* All labels, from who is core. Returns the number of clusters. queue is working memory. */
int dbscan_label(int *label, int *queue,                                            /* (N), (N) */
                 const int *core, const double *X, double eps, int N);

/*
 * distance[i]: from point i to the k-th nearest, itself being the first: 1 <= k <= N. Point i is core for every eps
 * from there on, if min is k. Sorted and drawn, the knee shows an eps. work is working memory.
 */
void dbscan_kdistance(double *distance, double *work,                               /* (N), (N) */
                      const double *X, int k, int N);

/* ---- The same on a grid ------------------------------------------------------------------------------------------ */

/* The side of a cell, in eps: a hair below 1 / sqrt 2. Whoever shares a cell is near, rounding included; and who is
 * near is at most two rows and two columns away. */
#define DBSCAN_SIDE 0.7071

typedef struct DbscanGrid {
    int     cells;                  /* that hold a point; sorted by row, then column */
    int    *row, *column;           /* (cells) */
    int    *first;                  /* (cells + 1): cell c's points are first[c] .. first[c+1]-1 in order and at */
    int    *order;                  /* (N) the points' numbers, cell after cell, growing within a cell */
    int    *cell;                   /* (N) point i lies in cell[i] */
    double *at;                     /* (N,2) the points themselves in that order: neighbours lie together */
} DbscanGrid;                       /* all of them the caller's memory, row and column of room for N, first for N + 1 */

/*
 *   row = floor((y - smallest y) / (DBSCAN_SIDE eps))      column the same of x
 *
 * Fills the grid. (largest - smallest) / eps is at most 1e9, for rows and for columns.
 * key, spare: working memory. (2,N), (N)
 */
void dbscan_cells(DbscanGrid *, int64_t *key, int *spare, const double *X, double eps, int N);

/* As dbscan_core. A cell with min points makes all of them core without a distance; elsewhere counting ends at min. */
void dbscan_core_grid(int *core,                                                    /* (N) */
                      const DbscanGrid *, double eps, int min);

/*
 * Joins cells whose core points are near each other: c and d are of one cluster if following parent[] from both ends
 * at the same cell, one with parent[r] == r. Which cell of a cluster that is is left open. A cell without core points
 * stays alone. One near pair is enough, and none is looked for where both are joined already.
 */
void dbscan_join(int *parent,                                                       /* (cells) */
                 const DbscanGrid *, const int *core, double eps);

/* As dbscan_label, from joined cells. parent is in/out, for paths may be cut short. number: working memory, (cells) */
int dbscan_label_grid(int *label, int *number, int *parent,                         /* (N) */
                      const DbscanGrid *, const int *core, double eps, int N);
