/* sparse.h -- two classes in sparse rows: inputs that logistic regression and support vector machines share. */
#pragma once
#include "data.h"

/* X (N,D), y (N): low or 1. The first rows of a9a where D is 123, heart_scale where it is 270x13, if they are here;
 * else two heaps that overlap, a third of the entries 0. */
void sparse_inputs(double *X, int *y, int low, int64_t N, int64_t D);

/* The same rows as LIBSVM's format has them; labels -1 and 1. */
Libsvm sparse_rows(Arena *, const double *X, const int *y, int64_t N, int64_t D);
