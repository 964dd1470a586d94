/* smo.h -- two classes by a support vector machine with the RBF kernel, over sparse rows. */
#pragma once
#include <stddef.h>
#include "data.h"

/*
 *   minimises  1/2 sum y[i] y[j] k(i, j) alpha[i] alpha[j] - sum alpha,   0 <= alpha <= C,  sum alpha y = 0
 *   k(i, j) = exp(-gamma |x[i] - x[j]|^2)
 *
 * as LIBSVM's -s 0 -t 2: sequential minimal optimization, working sets by second order, until the largest violation is
 * at most tolerance (LIBSVM's -e). Kernels are kept as floats, in a cache of so many bytes. Rows that hold nothing but
 * 0 and 1 are compared as bits. m is F64, its labels are 1 and -1, both occur; alpha is (rows).
 *
 * All threads; the same bits whatever their number. NULL, or a sentence. Memory that runs out is an error of the
 * program (CHECK).
 */
typedef struct SmoModel { double rho, objective; int64_t steps, vectors, bounded; } SmoModel;   /* bounded: alpha = C */
const char *smo_fit(double *alpha, SmoModel *, const Libsvm *m, double C, double gamma, double tolerance, size_t cache);

/* score[n] = sum alpha y k(m's rows, row n of x) - rho: above 0 is class 1. x has at most m's columns. */
void smo_scores(double *score, const Libsvm *x, const Libsvm *m, const double *alpha, double rho, double gamma);
