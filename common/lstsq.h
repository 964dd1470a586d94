/* lstsq.h -- the w that makes |X w - y|^2 smallest, with or without a penalty, in one pass over X. */
#pragma once
#include <stdint.h>

/*
 * X is (N,D) row-major, y (N), w (D), all double. rss, if not NULL, gets |X w - y|^2. NULL, or a sentence: fewer rows
 * than columns, columns that depend on each other, a NaN or infinity in X or y; w is then untouched. Both use all
 * threads; the same number of threads gives the same bits.
 */

/*
 * minimises |X w - y|^2 + lambda (w[free_ones]^2 + ... + w[D-1]^2):   (X^T X + lambda I) w = X^T y   by Cholesky
 *
 * The first free_ones weights (an intercept) are not penalised. As fast as X can be read while D is small, but it
 * squares the condition number of X: with columns of unit length and condition 1e6, four digits are left.
 */
const char *lstsq_normal(double *w, double *rss, const double *X, const double *y, double lambda,
                                 int64_t free_ones, int64_t N, int64_t D);

/*
 * Householder's QR, block of rows after block of rows (LAPACK's, of a copy, beyond 96 columns): a few times the work,
 * all digits.
 * TSQR: Demmel, Grigori, Hoemmen, Langou, SIAM Journal on Scientific Computing 34, 2012.
 */
const char *lstsq_qr(double *w, double *rss, const double *X, const double *y, int64_t N, int64_t D);
