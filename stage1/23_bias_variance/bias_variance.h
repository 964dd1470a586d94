/* bias_variance.h -- why a model errs: too stiff, too nervous, or the world's own noise; and what to do about it. */
/* kind: measurement; needs: nothing */
#pragma once
#include "todo.h"

/* Errors are mean squared ones. (R,N): row r holds the predictions of model r, trained on a set of its own. */

/*
 * Legendre's polynomials, X[n][d] = sqrt(2d + 1) P_d(x[n]) for d = 0 .. D-1:
 *   P_0 = 1,   P_1 = x,   (d + 1) P_{d+1} = (2d + 1) x P_d - d P_{d-1}
 * Columns of mean square 1 and uncorrelated for x uniform on [-1, 1]. D >= 1.
 */
void bias_variance_features(double *X, const double *x, int N, int D);              /* (N,D), (N) */

/*
 *   E (f^ - f)^2 = (E f^ - f)^2 + E (f^ - E f^)^2        squared bias + variance, f the truth without noise
 * averaged over N points, E over R models, R >= 2: parts[0] and parts[1]. Neither is biased itself: the variance is
 * divided by R - 1, and of the squared distance of the mean the share that is its own variance, variance / R, is taken
 * off (so it may fall below 0). Geman, Bienenstock, Doursat, Neural Computation 1992.
 */
void bias_variance_decompose(double parts[2], const double *predicted, const double *truth, int R, int N);

/*
 * The same where nobody knows the truth: y has noise, and the models come from bootstrap samples of one training set;
 * times[r*N + n] says how often row n is in sample r. Of each row only models count that have not seen it; rows with
 * fewer than two of them are left out. parts[0] is squared bias + noise, parts[1] variance. Returns the number of rows
 * that count; without any, both parts are NaN.
 */
int bias_variance_out_of_bag(double parts[2], const double *predicted, const int *times, const double *y, int R, int N);

/*
 * What would more data bring? error[k] was measured with size[k] rows: least squares for
 *   error = limit + slope / size
 * fit[0] = limit, fit[1] = slope. At least two different sizes.
 */
void bias_variance_extrapolate(double fit[2], const double *error, const int *size, int K);

/*
 * Early stopping. An epoch is better if its validation error is below the best so far by more than least; after
 * patience epochs in a row without a better one training ends. Returns the epoch to go back to, -1 if none was better
 * than nothing (all NaN); *ended the last epoch that was trained. Epochs count from 0; NaN is never better.
 */
int bias_variance_stop(int *ended, const double *validation, int N, int patience, double least);

/*
 * What ails a run. target: the error that cannot be beaten (noise, people, the best known); tolerance: less is no gap.
 * T and V are the means of both curves over their last quarter, N/4 epochs, at least one.
 *   BIAS      T is above target by more than tolerance
 *   VARIANCE  V is above T by more than tolerance
 *   SHORT     the mean of train over the N/4 epochs before those is above T by more than tolerance / 2; N >= 8
 *   LATE      V is above the lowest validation error of all epochs by more than tolerance
 *   SUSPECT   V is below T, or below target, by more than tolerance: rows seen before, dropout left on, another scale
 * Added up; BROKEN alone if T or V is not finite. 0: nothing to mend.
 */
enum { BIAS = 1, VARIANCE = 2, SHORT = 4, LATE = 8, SUSPECT = 16, BROKEN = 32 };
typedef struct Run { const double *train, *validation; int N; double target, tolerance; } Run;
int bias_variance_diagnose(const Run *);

/*
 * What to do, added up.
 *   SUSPECT or BROKEN: CHECK_DATA, and nothing else: other numbers would come of it
 *   SHORT: LONGER.   BIAS: BIGGER, unless SHORT: nobody knows yet where it ends.   LATE: STOP_EARLY.
 *   VARIANCE: MORE_DATA and REGULARIZE. They do not cure bias: with both, BIGGER stays in the list.
 */
enum { BIGGER = 1, LONGER = 2, MORE_DATA = 4, REGULARIZE = 8, STOP_EARLY = 16, CHECK_DATA = 32 };
int bias_variance_advise(int diagnosis);

/* Which way a single remedy moves the training error, sign[0], and the gap to validation, sign[1]: -1, 0 or 1. A model
 * that can do more, or is given more time, lowers the first and widens the second; more rows, and whatever holds it
 * back, do the opposite; CHECK_DATA moves nothing. */
void bias_variance_movement(int sign[2], int remedy);

/* ---- Given ------------------------------------------------------------------------------------------------------- */

/*
 * The w that makes |X w - y|^2 / N + lambda |w|^2 smallest, by Cholesky on the smaller of X^T X and X X^T;
 * with fewer rows than columns and lambda 0 the shortest w that fits (but for a millionth of a millionth of the trace,
 * which keeps the roots real). room: M*M + M doubles, M = min(N, D).
 */
void bias_variance_fit(double *w, double *room, const double *X, const double *y, double lambda, int N, int D);
