/* logistic.h -- two classes by a straight line over sparse rows: log loss or squared hinge, to the bottom. */
#pragma once
#include "data.h"

/*
 *   minimises   f(w) = |w|^2 / 2 + C sum log(1 + exp(-y x w))
 *
 * the objective of LIBLINEAR's -s 0, by Newton's method: each step by conjugate gradients, or, with up to 512 columns
 * and where that is less work, by Cholesky. m is F64, its labels are 1 and -1, C > 0. w (columns) starts at 0. The last
 * step is the one before which f - f* was, by half of Newton's decrement, at most tolerance f; or the 100th. *objective
 * (f at the w that is returned) and *steps, if not NULL, say how it went.
 *
 * All threads; the same bits whatever their number. NULL, or a sentence: other labels, a value that is no number.
 * Memory that runs out is an error of the program (CHECK).
 */
const char *logistic_fit(double *w, double *objective, int *steps, const Libsvm *m, double C, double tolerance);

/*
 *   minimises   f(w) = |w|^2 / 2 + C sum max(0, 1 - y x w)^2
 *
 * In the same way: a linear support vector machine, LIBLINEAR's -s 2, whose dual is -s 1.
 */
const char *logistic_squared_hinge(double *w, double *objective, int *steps, const Libsvm *m, double C,
                                   double tolerance);
