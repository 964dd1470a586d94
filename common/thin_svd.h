/* thin_svd.h -- singular values and vectors of a tall matrix of floats, by way of A^T A in double. */
#pragma once
#include <stdint.h>

/*
 *   A = U diag(sigma) V^T      A (M,N) row-major, M >= N; U (M,N), sigma (N) falling, V (N,N), its row i is v_i
 *
 * A^T A squares what the floats hold, and a double has room for that: 24 bits twice are 48 of 53. So nothing is lost
 * that was there, down to a singular value of FLT_EPSILON times the largest. What is not above that is noise: its u is
 * all 0, and *rank, if not NULL, counts the others. The u of the smallest that are kept stand upright on each other to
 * 1 %; from 1e-4 of the largest on to a float's rounding.
 *
 * NULL, or a sentence: more columns than rows, a NaN or infinity in A; outputs are then untouched. Uses all threads;
 * the same number of threads gives the same bits.
 */
const char *thin_svd(float *U, float *sigma, float *V, int64_t *rank, const float *A, int64_t M, int64_t N);
