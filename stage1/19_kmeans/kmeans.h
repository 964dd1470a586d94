/* kmeans.h -- k-means: Lloyd's loop, k-means++, Hamerly's bounds, mini-batches; the silhouette that judges it. */
/* kind: kernel; needs: nothing */
#pragma once
#include <stdint.h>
#include "todo.h"

/*
 * X is (N,D), row-major: a row is a sample. C is (K,D): a row is a centre. label (N) says whose each row is, 0 .. K-1.
 *
 * N >= 1, K >= 1, D >= 1; N D and K D fit an int. Rows and centres are floats, and finite. What is computed from them
 * is double: distances, sums and bounds; two centres may be nearly as near, and then the last digits decide. A mean is
 * rounded to float once, at its end. Where distances are equal, the centre with the lowest number wins.
 *
 * Outputs are written, whatever was in them, and overlap neither inputs nor each other. What is marked in/out is read
 * first. `distance` is always the SQUARED distance of a row to its centre; bounds are distances, with the root.
 */

/*
 *   label[n] = argmin over k of |X[n] - C[k]|^2      distance[n] = that least      returns their sum, the inertia
 */
double kmeans_assign(int *label, double *distance,                           /* (N), (N) */
                     const float *X, const float *C, int N, int K, int D);

/*
 *   C[k] = the mean of the rows with label k      count[k] = how many they are
 *
 * No row has label k: C[k] becomes a copy of the row with the largest distance (the first of equals), and that distance
 * becomes 0, so that the next empty centre takes another row; labels and counts stay. Where no distance is above 0, the
 * centre stays where it is. Empty centres are served in their order.
 *
 * C is in/out, for that last case; distance is in/out; sum is working memory.
 */
void kmeans_update(float *C, int *count, double *distance, double *sum,      /* (K,D) in/out, (K), (N) in/out, (K,D) */
                   const float *X, const int *label, int N, int K, int D);

/*
 *   assign, update, assign, update, ..., assign
 *
 * C is in/out: it starts where the caller put it. inertia[m] is what the assignment after m moves of the centres found.
 * Ends when m = moves, or when inertia[m] is not below inertia[m-1]; returns that m. The last assignment is not
 * followed by a move, so label, distance and inertia[m] belong to the C that is returned. count and sum are working
 * memory. moves >= 0. Lloyd: Least Squares Quantization in PCM, 1957, published 1982.
 */
int kmeans_lloyd(float *C, int *label, double *distance, double *inertia,    /* (K,D) in/out, (N), (N), (moves+1) */
                 int *count, double *sum,                                    /* (K), (K,D) */
                 const float *X, int moves, int N, int K, int D);

/*
 *   P(row n becomes centre k) = distance[n] / sum of distance,   to the nearest centre chosen before
 *
 * k-means++: the first centre is any row, all alike. u (K) holds the chance, uniform in [0,1): centre k is the first
 * row n for which distance[0] + ... + distance[n] > u[k] times the sum of all. For k = 0, and where the sum is 0 (every
 * row lies on a centre), the row is floor(u[k] N). chosen[k] is the row, C[k] its copy; distance ends as that to the
 * nearest of all K. Arthur, Vassilvitskii: k-means++, SODA 2007.
 */
void kmeans_seed(float *C, int *chosen, double *distance,                    /* (K,D), (K), (N) */
                 const float *X, const double *u, int N, int K, int D);

/*
 * Between rows and centres, two bounds a row, and one number a centre:
 *
 *   upper[n] >= |X[n] - C[label[n]]|      lower[n] <= |X[n] - C[k]| for every other k
 *   half[k]  = half the distance from C[k] to the nearest other centre
 *
 * kmeans_drift keeps them true when the centres have moved from old to C:
 *
 *   moved[k] = |C[k] - old[k]|      upper[n] += moved[label[n]]      lower[n] -= the largest moved[k], k != label[n]
 *
 * and half is written for C. upper and lower are in/out. K = 1: half is infinite, and lower stays.
 */
void kmeans_drift(double *upper, double *lower, double *half, double *moved, /* (N) in/out, (N) in/out, (K), (K) */
                  const float *C, const float *old, const int *label, int N, int K, int D);

/*
 * The labels that kmeans_assign would give, without most of the distances. For each row, bound = max(half[label[n]],
 * lower[n]):
 *
 *   upper[n] < bound: nothing is computed.  Else upper[n] becomes the distance to the row's own centre: one distance.
 *   upper[n] < bound: done.                 Else the distance to all K centres: label[n] is the nearest, upper[n] the
 *                                           distance to it, lower[n] that to the second nearest (infinite: K = 1).
 *
 * label, upper, lower are in/out; to begin with 0, infinite, 0. Returns the number of distances computed: 1 for a row
 * whose upper bound was renewed, K more for a row that was searched. Hamerly: Making k-means even faster, SDM 2010.
 */
int64_t kmeans_skip(int *label, double *upper, double *lower,                /* (N), (N), (N), all in/out */
                    const float *X, const float *C, const double *half, int N, int K, int D);

/*
 * What kmeans_lloyd does, with the two functions above: the same labels, the same centres. computed[m] is the number
 * of distances between rows and centres that assignment m took; Lloyd's takes N K each time. Returns the number of
 * moves. distance, count, sum, bounds (2N + 2K) and old (K,D) are working memory. Written already: no step.
 */
int kmeans_hamerly(float *C, int *label, double *distance, int64_t *computed,/* (K,D) in/out, (N), (N), (moves+1) */
                   int *count, double *sum, double *bounds, float *old,
                   const float *X, int moves, int N, int K, int D);

/*
 *   first label[b] = the centre nearest to X[row[b]], for the whole batch;   then for b = 0 .. B-1, with k = label[b]:
 *   count[k] += 1      C[k] += (X[row[b]] - C[k]) / count[k]
 *
 * One batch of B rows. C and count are in/out; count starts at 0, so that each centre is the mean of all rows it ever
 * got. A row may occur twice. Sculley: Web-Scale K-Means Clustering, WWW 2010.
 */
void kmeans_minibatch(float *C, int *count, int *label,                      /* (K,D) in/out, (K) in/out, (B) */
                      const float *X, const int *row, int B, int K, int D);

/*
 *   a[n] = mean distance to the other rows of the own cluster      b[n] = least over the other clusters of the mean
 *   s[n] = (b[n] - a[n]) / max(a[n], b[n])                         distance to their rows;   returns the mean of s
 *
 * Distances with the root. count (K) is how many rows each cluster has; clusters without any are passed over. s[n] is 0
 * for a row that is alone in its cluster, where there is no other cluster, and where a[n] = b[n] = 0. sum is working
 * memory. Rousseeuw: Silhouettes, Journal of Computational and Applied Mathematics 1987.
 */
double kmeans_silhouette(double *s, double *sum,                             /* (N), (K) */
                         const float *X, const int *label, const int *count, int N, int K, int D);
