/* cluster.h -- k-means at the speed of a matrix product: which centre is nearest, and Lloyd's loop around that. */
#pragma once
#include <stdint.h>

/*
 * X is (N,D) row-major, a row a sample; C is (K,D), a row a centre; label (N). N, K, D >= 1. All threads; the same bits
 * whatever their number. Memory that runs out, or a size below 1, is an error of the program (CHECK).
 */

/*
 *   label[n] = argmin over k of |X[n] - C[k]|^2 = argmin of |C[k]|^2 / 2 - X[n].C[k]
 *
 * By dot products in float; rows for which these cannot tell the two nearest apart are decided in double, the first of
 * equals. So the labels are those of a loop in double. A row with NaN gets label 0.
 */
void cluster_nearest(int32_t *label, const float *X, const float *C, int64_t N, int64_t K, int64_t D);

/*
 * Lloyd's loop, from the C that is given: assign, move each centre to the mean of its rows, assign, ... until no label
 * changes, or after that many moves. Bounds prove many labels without a distance; what they leave open is decided by
 * bytes, a quarter of the memory, where those can tell. Returns the number of moves made.
 * label and inertia, the sum in double of |X[n] - C[label]|^2, belong to the C that is returned. A centre without rows
 * goes to the row that is farthest from its own.
 */
int64_t cluster_kmeans(float *C, int32_t *label, double *inertia, const float *X, int64_t moves, int64_t N, int64_t K,
                       int64_t D);
