/* svd.h -- singular values by one-sided Jacobi rotations; low rank, its error; pseudo-inverse, smallest solution. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 *   A = sigma[0] u_0 v_0^T + sigma[1] u_1 v_1^T + ...      sigma[0] >= sigma[1] >= ... >= 0
 *
 * A has M rows and N columns, M >= N >= 1; of a wider one take the transpose. Columns are what is worked on, so they
 * lie one after the other: A is an array (N,M) whose row j is column j of the matrix. U is (N,M), its row i is u_i; V
 * is (N,N), its row i is v_i. The u are of length 1 and upright on each other, and so are the v.
 *
 * Everything is double and finite. Outputs are written, whatever was in them, and overlap neither inputs nor each
 * other; what is marked in/out starts as the caller left it.
 */

/* Sweeps after which svd_jacobi gives up: never seen to be needed. */
#define SVD_SWEEPS 60

/*
 *   a' = c a - s b      b' = s a + c b      a' b' = 0      c^2 + s^2 = 1
 *
 * for two vectors with aa = a a, bb = b b, ab = a b, by the smaller of the two angles that do it, at most 45 degrees:
 *   zeta = (bb - aa) / (2 ab)      t = sign(zeta) / (|zeta| + sqrt(1 + zeta^2))      c = 1 / sqrt(1 + t^2)      s = t c
 * The sign of 0 is +. Where ab is 0: c = 1, s = 0. zeta may be so large that its square is infinite.
 * Jacobi, 1846; Rutishauser: The Jacobi Method for Real Symmetric Matrices, Numerische Mathematik 1966.
 */
void svd_rotation(double *c, double *s, double aa, double bb, double ab);               /* (1), (1) */

/*
 * For p = 0 .. N-2, for q = p+1 .. N-1: rows p and q of A are rotated until they stand upright on each other, and rows
 * p and q of V by the same angle. A pair with |ab| <= tiny |a| |b| is left as it is, and so is one of which a vector is
 * not longer than `least`. Returns how many were rotated.
 * Hestenes: Inversion of Matrices by Biorthogonalization, Journal of SIAM 1958.
 */
int svd_sweep(double *A, double *V, double tiny, double least, int M, int N);           /* (N,M), (N,N) in/out */

/*
 * sigma[i] = the length of row i of U, which is divided by it; a row of zeros stays. Then all are put in order, the
 * largest sigma first, equal ones as they were, and the rows of V along with them.
 */
void svd_finish(double *U, double *sigma, double *V, int M, int N);                     /* in/out, (N), in/out */

/*
 * U comes as A and goes as U; V and sigma are written. Sweeps with tiny = M DBL_EPSILON, about what a dot product is
 * wrong by, and least = tiny times the longest row of A, until one rotates nothing, SVD_SWEEPS at most. Rows not longer
 * than least are noise then, and set to 0: their sigma is 0, and so is all of their u. svd_finish. Returns how many
 * sweeps it took, the last one counted.
 */
int svd_jacobi(double *U, double *sigma, double *V, int M, int N);                      /* (N,M) in/out, (N), (N,N) */

/* B = the first k terms of the sum, (N,M), as A lies. No other matrix of rank k is nearer. 0 <= k <= N. Eckart, Young:
 * The Approximation of One Matrix by Another of Lower Rank, Psychometrika 1936. */
void svd_low_rank(double *B, const double *U, const double *sigma, const double *V, int k, int M, int N);   /* (N,M) */

/*
 *   error[k] = sqrt(sigma[k]^2 + ... + sigma[N-1]^2) / sqrt(all of them)      k = 0 .. N
 *
 * How far the best matrix of rank k is from A, beside A: error[0] is 1, error[N] is 0. All 0 where A is 0. The sums are
 * to be made so that a small tail behind a large head keeps its digits; sigma falls.
 */
void svd_tail(double *error, const double *sigma, int N);                               /* (N+1), (N) */

/*
 *   P = v_0 u_0^T / sigma[0] + v_1 u_1^T / sigma[1] + ...      over all sigma[i] > tiny sigma[0]
 *
 * The pseudo-inverse, N rows and M columns; here too the columns lie one after the other: P is an array (M,N). Returns
 * how many terms there are: the rank. Moore 1920, Penrose 1955.
 */
int svd_pseudo_inverse(double *P, const double *U, const double *sigma, const double *V, double tiny, int M, int N);

/*
 *   w = the sum of sigma[i] / (sigma[i]^2 + lambda) (u_i y) v_i      over all sigma[i] > tiny sigma[0]
 *
 * lambda = 0: of all w with the smallest |A w - y| the shortest one, P y. lambda > 0 is ridge: each direction shrinks
 * by sigma^2 / (sigma^2 + lambda). Returns the rank.
 */
int svd_solve(double *w, const double *U, const double *sigma, const double *V, const double *y, double lambda,
              double tiny, int M, int N);                                               /* (N), ..., y (M) */
