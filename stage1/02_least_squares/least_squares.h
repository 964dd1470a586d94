/* least_squares.h -- Householder's QR, with and without pivoting; the projection it gives; digits that get lost. */
/* kind: kernel; needs: nothing */
#pragma once
#include <stdbool.h>
#include "todo.h"

/*
 * X is (N,D), row-major, N >= D >= 1; y is (N), w is (D). Everything is double, and every number is finite: only
 * normal looks. Outputs are written, whatever was in them, and overlap neither inputs nor each other, unless a line
 * says so. What is marked in/out starts as the caller left it.
 *
 * A reflection is H = I - tau v v^T with v[0] = 1: only the others of v are kept. A factored X holds R in its upper
 * triangle and, below the diagonal of column j, the v[1], v[2], ... of H_j, which leaves the rows above j alone:
 *   X = Q R,   Q = H_0 H_1 ... H_(D-1)
 * This is how LAPACK's dgeqrf leaves it, number by number.
 */

/* What is left of a diagonal element, beside what was there, when the normal equations count as singular. */
#define LEAST_SQUARES_TINY 1e-13

/*
 *   H x = (beta, 0, ..., 0)      beta = -sign(x[0]) |x|      v = (1, x[1], ...) / (1, x[0] - beta, ...)
 *   tau = (beta - x[0]) / beta
 *
 * The n >= 1 numbers of x lie `step` apart and are in/out: x[0] becomes beta, the others those of v. The sign of 0 is
 * +. Where x[1] and all behind it are 0 nothing is to be done: *tau = 0, x stays. |x| may be any double that is
 * finite: squares must neither overflow nor vanish.
 * Householder: Unitary Triangularization of a Nonsymmetric Matrix, Journal of the ACM 1958.
 */
void least_squares_reflector(double *x, double *tau, int step, int n);                  /* (n) in/out, (1) */

/* X becomes its factors: column after column is reflected onto its diagonal, and those right of it along with it. */
void least_squares_qr(double *X, double *tau, int N, int D);                            /* in/out, (D) */

/*
 *   y = Q^T y where transposed, else y = Q y      Q = H_0 ... H_(count-1)
 *
 * X and tau as factored; y is in/out; 0 <= count <= D. Q Q^T = I, so the one undoes the other.
 */
void least_squares_multiply(double *y,                                                  /* (N) in/out */
                            const double *X, const double *tau, bool transposed, int count, int N, int D);

/*
 *   R w = z
 *
 * R is the upper triangle of the first `count` rows and columns of X, whose rows are D long; no other number of X is
 * read. w and z are (count), and may be the same. The diagonal holds no 0.
 */
void least_squares_back(double *w, const double *X, const double *z, int count, int D);

/*
 *   w: smallest |y - X w|      y = y - X w
 *
 * X as factored, and of rank `rank`; y is in/out: what remains of it stands upright on every column of X. pivot as
 * below, or NULL for columns in their order. Columns behind the first `rank` ones get the weight 0.
 * Golub: Numerical Methods for Solving Linear Least Squares Problems, Numerische Mathematik 1965.
 */
void least_squares_solve(double *w, double *y,                                          /* (D), (N) in/out */
                         const double *X, const double *tau, const int *pivot, int rank, int N, int D);

/*
 * X becomes the factors of its columns in another order: column j of these is column pivot[j] of X. In each turn the
 * column with the longest remainder, its rows j to N-1, is next; of equal ones the first as they now stand. It changes
 * places with column j. It ends early, and returns j, the rank, when that remainder is not longer than tiny times the
 * longest column of X; then tau[j] and all behind it are 0, and what stands in the rows from j on is no R.
 * Businger, Golub: Linear Least Squares Solutions by Householder Transformations, Numerische Mathematik 1965.
 */
int least_squares_pivoted(double *X, double *tau, int *pivot, double tiny, int N, int D);   /* in/out, (D), (D) */

/*
 *   X^T X w = X^T y      X^T X = R^T R, R upper triangular
 *
 * The normal equations by Cholesky; A (D,D) is working memory. False, and w untouched, as soon as what is left of a
 * diagonal element is not larger than LEAST_SQUARES_TINY times that element: X^T X cannot be told from a singular
 * matrix, or holds a NaN or an infinity.
 */
bool least_squares_normal(double *w, double *A,                                         /* (D), (D,D) */
                          const double *X, const double *y, int N, int D);

/*
 *   returns |S| |S^-1|     S = R with every column divided by its length     |S| = the largest sum of |S[i][j]| over i
 *
 * By what factor an error in X or y may come back in w, units left aside: log10 of it are the digits lost. R is the
 * upper triangle of X (D,D), the first rows as factored; z is working memory. INFINITY where the diagonal holds a 0.
 */
double least_squares_condition(const double *X, double *z, int D);                      /* (D,D), (D) */
