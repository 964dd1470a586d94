/* pathsim.h -- who is alike in a network of authors, papers and venues: paths counted by sparse products. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * Links from things of one kind to things of another, as compressed rows: those of row r are first[r] .. first[r+1]-1.
 * Columns grow within a row, each occurs once; times counts how often, a whole number that is not 0. rows >= 1,
 * columns >= 1; entries, and all sums of times, stay below 2^31 and 2^53, so that counts are exact.
 */
typedef struct Links {
    int     rows, columns;
    int    *first;                  /* (rows + 1) */
    int    *to;                     /* (entries) */
    double *times;                  /* (entries) */
} Links;

/*
 * from[i], to[i] for n links, in any order, 0-based; a pair that occurs more than once is counted so often. out->rows
 * and out->columns say the size, its arrays have room for n. order, count: working memory.
 */
void pathsim_links(Links *out, int *order, int *count,              /* (n), (rows or columns, the larger, + 1) */
                   const int *from, const int *to, int n);

/* The same links seen from the other end: out (columns,rows), with room for as many. All of out is written. */
void pathsim_transpose(Links *out, const Links *m);

/*
 *   C = A B      C[i][j] = sum over k of A[i][k] B[k][j]: the paths from i to j over any k
 *
 * Its size alone: writes C's first (A->rows + 1), returns the number of entries. mark is working memory.
 * A->columns == B->rows.
 */
int pathsim_product_size(int *first, int *mark,                             /* (A->rows + 1), (B->columns) */
                         const Links *A, const Links *B);

/*
 * Its entries, in the place that C->first, as written above, leaves for each row. Gustavson: Two Fast Algorithms for
 * Sparse Matrices, ACM Transactions on Mathematical Software 1978. sum is working memory, all 0 before and after.
 */
void pathsim_product(Links *C, double *sum,                                 /* to and times written; (B->columns) */
                     const Links *A, const Links *B);

/* How many paths lead from start to end along path[0], path[1], .., path[steps-1]: walked, each one, and counted by the
 * product of its links' times. steps >= 1. The same number as in the product of the matrices. */
double pathsim_walk(const Links *const *path, int steps, int start, int end);

/*
 * For a path and the same way back, M = W W^T, W being the first half:
 *   pathsim(x, y) = 2 M[x][y] / (M[x][x] + M[y][y])
 * 1 for x and itself, 0 where no path leads; and 0, too, between things without any path. It is large where two are
 * linked to the same things as often: peers on this path, not the popular ones.
 * Sun, Han, Yan, Yu, Wu: PathSim: Meta Path-Based Top-K Similarity Search in Heterogeneous Information Networks,
 * VLDB 2011, definition 4.
 */

/* self[x] = M[x][x], the sum of the squares of row x of W. M is never made. */
void pathsim_self(double *self,                                             /* (W->rows) */
                  const Links *W);

/* score[y] = pathsim(x, y) for every y. Wt is W transposed, self as above. */
void pathsim_scores(double *score,                                          /* (W->rows) */
                    const Links *W, const Links *Wt, const double *self, int x);

/* The k largest of the scores above 0, x itself left out, best first, of equals the smaller number first. Returns how
 * many there are, k at most. k >= 1. */
int pathsim_top(int *best,                                                  /* (k) */
                const double *score, int k, int x, int N);
