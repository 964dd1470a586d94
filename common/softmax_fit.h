/* softmax_fit.h -- softmax regression by L-BFGS: many classes by straight lines, for rows with many zeros. */
#pragma once
#include <stdint.h>

/*
 *   z = W x,  p[c] = exp(z[c]) / sum exp(z)        minimises   f(W) = 1/N sum -log p[y] + lambda/2 |W|^2
 *
 * X is (N,D) row-major, y (N) from 0 to C-1, W (C,D) starts at 0; N, D, C >= 1, D < 65536, lambda >= 0. Ten pairs of
 * moves and changes of slope stand for the curvature; steps end where the largest slope is at most tolerance, where no
 * step gains, and after `most`. f[i] is f after i steps: (most + 1). Returns how many it made, and -1 where X holds a
 * NaN or an infinity, or y another class. Scores in float, f and slopes in double.
 *
 * All threads; the same bits whatever their number. Memory that runs out is an error of the program (CHECK).
 * Liu, Nocedal, Mathematical Programming 45, 1989.
 */
int softmax_fit(float *W, double *f, const float *X, const int *y, double lambda, double tolerance, int most, int64_t N,
                int64_t D, int64_t C);
