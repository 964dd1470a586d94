/* linear_regression.h -- least squares by gradient descent, by normal equations, by QR; ridge; standard errors. */
/* kind: kernel; needs: nothing */
#pragma once
#include <stdbool.h>
#include "todo.h"

/*
 * X is (N,D), row-major: a row is a sample, a column a feature. y is (N), w is (D). A model with an intercept has ones
 * in column 0: w[0] is the intercept, and nothing else about it is special, except that ridge does not penalise it.
 *
 * N >= 1, D >= 1; N D and D D fit an int. Everything is double. Outputs are written, whatever was in them, and overlap
 * neither inputs nor each other, unless a line says so. Inputs stay as they are; what is marked in/out is used up.
 *
 * A NaN or an infinity goes through predict, loss and descend as C computes it. The solvers return false where X^T X
 * cannot be told from a singular matrix, and where X holds a NaN or an infinity; w is then untouched. One in y alone
 * makes w NaN.
 */

/* What is left of a column, beside what was there, when it counts as a combination of the columns before it. */
#define LINEAR_REGRESSION_TINY 1e-13

/* yhat = X w */
void linear_regression_predict(double *yhat,                                 /* (N) */
                               const double *X, const double *w, int N, int D);

/*
 *   r = X w - y      returns sum r^2 / N      dw = 2/N X^T r
 *
 * The mean squared error and its gradient. dw is written: this one call sees all the rows.
 */
double linear_regression_loss(double *dw,                                    /* (D) */
                              const double *X, const double *y, const double *w, int N, int D);

/*
 *   steps times:   w = w - rate dw(w)
 *
 * w is in/out: it starts where the caller put it. loss[s] is the loss that step s found, before it moved. dw is working
 * memory. steps >= 0; a rate too large makes w and loss grow to infinity and NaN, and that is no error.
 */
void linear_regression_descend(double *w, double *loss, double *dw,          /* (D) in/out, (steps), (D) */
                               const double *X, const double *y, double rate, int steps, int N, int D);

/*
 *   A = L L^T,  L lower triangular, its diagonal positive
 *
 * A (D,D) is in/out: the lower triangle holds the symmetric A, then L. What stands above the diagonal is never read,
 * and may be anything afterwards. False, and A used up, as soon as what is left of a diagonal element is not larger
 * than LINEAR_REGRESSION_TINY times that element: A is not positive definite, or cannot be told from a singular matrix.
 * Andre-Louis Cholesky, about 1910; Golub, Van Loan: Matrix Computations, section 4.2.
 */
bool linear_regression_cholesky(double *A, int D);

/* L L^T x = b, for the L above: only its lower triangle is read. x may be b. */
void linear_regression_solve(double *x, const double *L, const double *b, int D);

/*
 *   minimises |X w - y|^2 + lambda (w[1]^2 + ... + w[D-1]^2):   (X^T X + lambda diag(0,1,...,1)) w = X^T y
 *
 * lambda = 0 is least squares by the normal equations. The sum of squares is a sum, not a mean; column 0 is never
 * penalised. A (D,D) is working memory. lambda >= 0. Hoerl, Kennard: Ridge Regression, Technometrics 1970.
 */
bool linear_regression_ridge(double *w, double *A,                           /* (D), (D,D) */
                             const double *X, const double *y, double lambda, int N, int D);

/*
 *   X = Q R,  R upper triangular:   R w = the first D of Q^T y      rss = the squares of the others, added
 *
 * X and y are in/out and used up, but R is left in the upper triangle of X's first D rows; each of its rows may have
 * either sign. *rss is |X w - y|^2. False where N < D, or where what is left of a column, from its diagonal down, is
 * not longer than LINEAR_REGRESSION_TINY times the column; *rss is then untouched too.
 * Householder: Unitary Triangularization of a Nonsymmetric Matrix, Journal of the ACM 1958.
 */
bool linear_regression_qr(double *w, double *rss, double *X, double *y, int N, int D);   /* (D), (1), (N,D), (N) */

/*
 *   s^2 = rss / (N - D)      se[j]^2 = s^2 ((X^T X)^-1)[j][j] = s^2 |row j of R^-1|^2      t[j] = w[j] / se[j]
 *
 * R is (D,D), as left by linear_regression_qr in X's first rows: below its diagonal may be anything. False, and nothing
 * written, where N <= D: no degree of freedom is left to measure the noise by.
 */
bool linear_regression_errors(double *se, double *t,                         /* (D), (D) */
                              const double *R, const double *w, double rss, int N, int D);
