/* hinge.h -- a linear support vector machine over sparse rows, by coordinate descent in its dual problem. */
#pragma once
#include "data.h"

/*
 *   minimises   f(w) = |w|^2 / 2 + C sum max(0, 1 - y x w)
 *
 * LIBLINEAR's -s 3, until f - f* is at most tolerance f, which the dual problem proves; or for 10000 passes. m is F64,
 * its labels are 1 and -1, C > 0. *objective (f at w) and *passes, if not NULL, say how it went. logistic.h has the
 * squared hinge.
 *
 * One thread: each row's step waits for the one before. NULL, or a sentence: other labels, a value that is no number.
 * Memory that runs out is an error of the program (CHECK). Hsieh, Chang, Lin, Keerthi, Sundararajan, ICML 2008.
 */
const char *hinge_fit(double *w, double *objective, int *passes, const Libsvm *m, double C, double tolerance);
