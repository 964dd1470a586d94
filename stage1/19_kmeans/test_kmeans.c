/* test_kmeans.c -- the probes that grade kmeans.c, and the oracles that prove it right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "probe.h"
#include "kmeans.h"

enum { MAX_N = 129, MAX_K = 16, MAX_D = 64, MOVES = 60 };

static float largest(const float *v, int n)
{
    float max = 0;
    for (int i = 0; i < n; i++) max = fmaxf(max, fabsf(v[i]));
    return max;
}

/* Rows around K places that are a few standard deviations apart. */
static float *blobs(int N, int K, int D)
{
    float *X = probe_normal(N * D, 0, 1), at[MAX_K * MAX_D];
    for (int i = 0; i < K * D; i++) at[i] = (float)probe_real(-4, 4);
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) X[n * D + d] += at[n % K * D + d];
    return X;
}

/* K of the rows as centres, any of them. */
static float *some_rows(const float *X, int N, int K, int D)
{
    float *C = probe_inout(K * D);
    int *order = probe_permutation(N);
    for (int k = 0; k < K; k++) memcpy(C + k * D, X + order[k % N] * D, (size_t)D * sizeof *C);
    return C;
}

static float *whole_numbers(int n, int low, int high)
{
    float *x = probe_normal(n, 0, 1);
    int *i = probe_ints(n, low, high);
    for (int j = 0; j < n; j++) x[j] = (float)i[j];
    return x;
}

/* ---- step kmeans_assign ------------------------------------------------------------------------------------------ */

static void assign(const float *X, const float *C, int N, int K, int D)
{
    int *label = probe_output_ints(N);
    double *distance = probe_output_doubles(N), inertia;
    probe_freeze();
    inertia = kmeans_assign(label, distance, X, C, N, K, D);
    double size = (double)largest(X, N * D) + largest(C, K * D);
    emit_exact("label", label, N);
    probe_terms(D);
    probe_scale(D * size * size);
    emit("distance", distance, N);
    probe_terms(N * D);
    probe_scale(N * D * size * size);
    emit("inertia", &inertia, 1);
}

PROBE(kmeans_assign, by_pencil)                         /* 0 | 2 4 12: distances 0, 0, 4, 100, inertia 104 */
{
    assign(probe_given(0, 2, 4, 12), probe_given(0, 2), 4, 2, 1);
}

PROBE(kmeans_assign, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33, 129), K = probe_pick(1, 2, 5, 16), D = probe_pick(1, 2, 3, 17, 64);
    assign(probe_normal(N * D, 0, 1), probe_normal(K * D, 0, 1), N, K, D);
}

PROBE(kmeans_assign, equally_near)                      /* whole numbers: no rounding, many ties */
{
    int N = 33, K = probe_pick(2, 5), D = probe_pick(1, 2);
    assign(whole_numbers(N * D, -2, 2), whole_numbers(K * D, -2, 2), N, K, D);
}

PROBE(kmeans_assign, far_from_zero)                     /* what is common to all is far larger than what differs */
{
    int N = 17, K = 3, D = probe_pick(2, 9);
    float *X = probe_normal(N * D, 1000, 1);
    assign(X, probe_normal(K * D, 1000, 1), N, K, D);
}

/* ---- step kmeans_update ------------------------------------------------------------------------------------------ */

static void update(float *C, double *distance, const float *X, const int *label, int N, int K, int D)
{
    int *count = probe_output_ints(K);
    double *sum = probe_output_doubles(K * D);
    probe_freeze();
    kmeans_update(C, count, distance, sum, X, label, N, K, D);
    emit_exact("count", count, K);
    probe_terms(1);                                     /* rounded once, at the end */
    probe_scale(largest(X, N * D));
    emit("C", C, K, D);
    emit_exact("distance", distance, N);
}

PROBE(kmeans_update, by_pencil)                         /* 0 2 | 4 12: the means are 1 and 8 */
{
    update(probe_inout(2), probe_inout_doubles(4), probe_given(0, 2, 4, 12), probe_given_ints(0, 0, 1, 1), 4, 2, 1);
}

PROBE(kmeans_update, awkward_sizes)                     /* more rows than centres, each centre with one at least */
{
    int K = probe_pick(1, 2, 5, 16), N = K + probe_pick(0, 1, 7, 100), D = probe_pick(1, 2, 3, 17, 64);
    int *label = probe_permutation(N);
    for (int n = 0; n < N; n++) label[n] %= K;
    update(probe_inout(K * D), probe_inout_doubles(N), probe_normal(N * D, 0, 1), label, N, K, D);
}

PROBE(kmeans_update, many_rows)                         /* of one sign: a sum in floats loses the last digits */
{
    int N = 3000, K = 2, D = 2;
    update(probe_inout(K * D), probe_inout_doubles(N), probe_uniform(N * D, 0.5, 1), probe_ints(N, 0, 1), N, K, D);
}

PROBE(kmeans_update, centres_without_rows)
{
    int N = probe_pick(4, 9, 20), K = probe_pick(3, 6), D = probe_pick(1, 3), own = probe_int(0, K - 1);
    int *label = probe_ints(N, 0, 1);
    double *distance = probe_inout_doubles(N);
    for (int n = 0; n < N; n++) label[n] = label[n] ? own : 0, distance[n] = probe_real(0.1, 4);
    distance[N / 2] = distance[N - 1];                  /* the first of equals */
    update(probe_inout(K * D), distance, probe_normal(N * D, 0, 1), label, N, K, D);
}

PROBE(kmeans_update, nothing_left_to_take)              /* fewer rows at a distance than centres without rows */
{
    int N = 5, K = probe_pick(2, 4, 5), D = 2, left = probe_pick(0, 1);
    int *label = probe_ints(N, 0, 0);
    double *distance = probe_inout_doubles(N);
    for (int n = 0; n < N; n++) distance[n] = 0;
    if (left) distance[3] = 2.5;
    update(probe_inout(K * D), distance, probe_normal(N * D, 0, 1), label, N, K, D);
}

/* ---- step kmeans_lloyd ------------------------------------------------------------------------------------------- */

static void lloyd(float *C, const float *X, int moves, int N, int K, int D)
{
    int *label = probe_output_ints(N), *count = probe_output_ints(K), made;
    double *distance = probe_output_doubles(N), *inertia = probe_output_doubles(moves + 1);
    double *sum = probe_output_doubles(K * D), size = largest(X, N * D);
    probe_freeze();
    made = kmeans_lloyd(C, label, distance, inertia, count, sum, X, moves, N, K, D);
    emit_exact("returned", &made, 1);
    emit_exact("label", label, N);
    probe_terms(1);
    probe_scale(0x1p29 * N * D * size * size);          /* the centres are floats: their last digit moves it */
    emit("inertia", inertia, moves + 1);
    probe_scale(size);
    emit("C", C, K, D);
}

PROBE(kmeans_lloyd, by_pencil)                          /* from 0 and 2: inertia 104, 44, 27, 8, 8; centres 2 and 12 */
{
    float *C = probe_inout(2);
    C[0] = 0, C[1] = 2;
    lloyd(C, probe_given(0, 2, 4, 12), 6, 4, 2, 1);
}

PROBE(kmeans_lloyd, until_it_stops)
{
    int N = probe_pick(7, 33, 129), K = probe_pick(1, 2, 5), D = probe_pick(1, 2, 17);
    float *X = blobs(N, K, D);
    lloyd(some_rows(X, N, K, D), X, MOVES, N, K, D);
}

PROBE(kmeans_lloyd, as_many_moves_as_allowed)
{
    int N = 65, K = 6, D = 2, moves = probe_pick(0, 1, 2, 3);
    float *X = blobs(N, 2, D);
    lloyd(some_rows(X, N, K, D), X, moves, N, K, D);
}

PROBE(kmeans_lloyd, centres_without_rows)               /* two start where no row is */
{
    int N = probe_pick(9, 33), K = 4, D = 2;
    float *X = blobs(N, K, D), *C = some_rows(X, N, K, D);
    for (int i = 0; i < 2 * D; i++) C[i] = 100;
    lloyd(C, X, MOVES, N, K, D);
}

/* ---- step kmeans_seed -------------------------------------------------------------------------------------------- */

static void seed(const float *X, const double *u, int N, int K, int D)
{
    float *C = probe_output(K * D);
    int *chosen = probe_output_ints(K);
    double *distance = probe_output_doubles(N), size = 2.0 * largest(X, N * D);
    probe_freeze();
    kmeans_seed(C, chosen, distance, X, u, N, K, D);
    emit_exact("chosen", chosen, K);
    emit_exact("C", C, K, D);
    probe_terms(D);
    probe_scale(D * size * size);
    emit("distance", distance, N);
}

static double *chances(int K)
{
    double *u = probe_inout_doubles(K);
    for (int k = 0; k < K; k++) u[k] = probe_real(0, 1);
    return u;
}

PROBE(kmeans_seed, by_pencil)                           /* 0, then by 4 : 16 : 144 of 164 the half is in the last: 12 */
{
    seed(probe_given(0, 2, 4, 12), probe_given_doubles(0, 0.5), 4, 2, 1);
}

PROBE(kmeans_seed, awkward_sizes)
{
    int K = probe_pick(1, 2, 5, 16), N = K + probe_pick(0, 1, 7, 100), D = probe_pick(1, 2, 3, 17);
    seed(probe_normal(N * D, 0, 1), chances(K), N, K, D);
}

PROBE(kmeans_seed, smallest_and_largest_chance)
{
    int N = probe_pick(5, 20), K = 4, D = 2, end = probe_pick(0, 1);
    double *u = chances(K);
    for (int k = 0; k < K; k++) u[k] = end ? 1 - 0x1p-40 : 0;
    seed(probe_normal(N * D, 0, 1), u, N, K, D);
}

PROBE(kmeans_seed, rows_that_repeat)                    /* a row on a centre is never drawn, until all are */
{
    int N = 12, K = probe_pick(2, 5, 9), D = 1;
    seed(whole_numbers(N * D, 0, 3), chances(K), N, K, D);
}

/* ---- step kmeans_drift ------------------------------------------------------------------------------------------- */

static void drift(double *upper, double *lower, const float *C, const float *old, const int *label, int N, int K, int D)
{
    double *half = probe_output_doubles(K), *moved = probe_output_doubles(K);
    double size = (double)largest(C, K * D) + largest(old, K * D), most = 0;
    for (int n = 0; n < N; n++) most = fmax(most, fmax(fabs(upper[n]), fabs(lower[n])));
    probe_freeze();
    kmeans_drift(upper, lower, half, moved, C, old, label, N, K, D);
    probe_terms(D);
    probe_scale(most + D * size);
    emit("upper", upper, N);
    emit("lower", lower, N);
    emit("half", half, K);
}

PROBE(kmeans_drift, by_pencil)                          /* 1, 8 moved to 2, 12: upper 2, 2, 4, 8, lower 4, 2, 0, 10 */
{
    static const double far[] = { 1, 1, 3, 4 }, near[] = { 8, 6, 4, 11 };
    double *upper = probe_inout_doubles(4), *lower = probe_inout_doubles(4);
    memcpy(upper, far, sizeof far), memcpy(lower, near, sizeof near);
    drift(upper, lower, probe_given(2, 12), probe_given(1, 8), probe_given_ints(0, 0, 0, 1), 4, 2, 1);
}

PROBE(kmeans_drift, awkward_sizes)
{
    int N = probe_pick(1, 2, 7, 33), K = probe_pick(1, 2, 3, 5, 16), D = probe_pick(1, 2, 3, 17);
    float *C = probe_normal(K * D, 0, 1), *old = probe_normal(K * D, 0, 1);
    drift(probe_inout_doubles(N), probe_inout_doubles(N), C, old, probe_ints(N, 0, K - 1), N, K, D);
}

PROBE(kmeans_drift, one_centre_moved)                   /* for its own rows, no other centre came nearer */
{
    int N = 9, K = probe_pick(2, 4), D = 2, which = probe_int(0, K - 1);
    float *C = probe_normal(K * D, 0, 1), *old = probe_copy(K * D, C);
    for (int d = 0; d < D; d++) old[which * D + d] += 1;
    drift(probe_inout_doubles(N), probe_inout_doubles(N), C, old, probe_ints(N, 0, K - 1), N, K, D);
}

/* ---- step kmeans_skip -------------------------------------------------------------------------------------------- */

static double apart(const float *a, const float *b, int D)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += pow((double)a[d] - b[d], 2);
    return sqrt(sum);
}

static double *halves(const float *C, int K, int D)
{
    double *half = probe_inout_doubles(K);
    for (int k = 0; k < K; k++) {
        half[k] = INFINITY;
        for (int j = 0; j < K; j++)
            if (j != k) half[k] = fmin(half[k], apart(C + j * D, C + k * D, D) / 2);
    }
    return half;
}

static void skip(int *label, double *upper, double *lower, const float *X, const float *C, const double *half, int N,
                 int K, int D)
{
    double size = (double)largest(X, N * D) + largest(C, K * D);
    probe_freeze();
    int computed = (int)kmeans_skip(label, upper, lower, X, C, half, N, K, D);
    emit_exact("label", label, N);
    probe_terms(D);
    probe_scale(D * size);
    emit("upper", upper, N);
    emit("lower", lower, N);
    emit_exact("returned", &computed, 1);
}

PROBE(kmeans_skip, by_pencil)                           /* nothing is computed, but for a row whose bounds are poor */
{
    static const double far[] = { 2, 2, 4, 8 }, near[] = { 4, 2, 0, 10 };
    double *upper = probe_inout_doubles(4), *lower = probe_inout_doubles(4);
    memcpy(upper, far, sizeof far), memcpy(lower, near, sizeof near);
    if (probe_pick(0, 1)) upper[2] = 6;
    int *label = probe_output_ints(4);
    for (int n = 0; n < 4; n++) label[n] = n == 3;
    skip(label, upper, lower, probe_given(0, 2, 4, 12), probe_given(2, 12), probe_given_doubles(5, 5), 4, 2, 1);
}

PROBE(kmeans_skip, from_nothing)                        /* label 0, infinite, 0: as the first assignment finds them */
{
    int N = probe_pick(1, 7, 33, 129), K = probe_pick(1, 2, 5, 16), D = probe_pick(1, 2, 3, 17);
    float *X = blobs(N, K, D), *C = some_rows(X, N, K, D);
    double *upper = probe_inout_doubles(N), *lower = probe_inout_doubles(N);
    int *label = probe_output_ints(N);
    for (int n = 0; n < N; n++) label[n] = 0, upper[n] = INFINITY, lower[n] = 0;
    skip(label, upper, lower, X, C, halves(C, K, D), N, K, D);
}

PROBE(kmeans_skip, in_the_middle)                       /* bounds of all kinds: true ones, loose ones */
{
    int N = probe_pick(7, 33, 129), K = probe_pick(2, 5, 16), D = probe_pick(1, 2, 3);
    float *X = blobs(N, K, D), *C = some_rows(X, N, K, D);
    double *upper = probe_inout_doubles(N), *lower = probe_inout_doubles(N);
    int *label = probe_output_ints(N);
    for (int n = 0; n < N; n++) {
        label[n] = probe_int(0, K - 1), lower[n] = INFINITY;
        for (int k = 0; k < K; k++)
            if (k != label[n]) lower[n] = fmin(lower[n], apart(X + n * D, C + k * D, D));
        upper[n] = apart(X + n * D, C + label[n] * D, D) + probe_pick(0, 1, 3) * probe_real(0, 1);
        lower[n] -= probe_pick(0, 1, 2) * probe_real(0, 1);
    }
    skip(label, upper, lower, X, C, halves(C, K, D), N, K, D);
}

PROBE(kmeans_skip, equally_near)                        /* whole numbers: upper is often exactly the bound */
{
    int N = 33, K = probe_pick(2, 3), D = 1;
    float *X = whole_numbers(N * D, -3, 3), *C = whole_numbers(K * D, -3, 3);
    double *upper = probe_inout_doubles(N), *lower = probe_inout_doubles(N);
    int *label = probe_output_ints(N), by = probe_pick(0, 1);
    for (int n = 0; n < N; n++) {
        label[n] = K - 1, upper[n] = apart(X + n * D, C + (K - 1) * D, D), lower[n] = by ? upper[n] : 0;
        for (int k = 0; k < K - 1; k++) lower[n] = fmin(lower[n], apart(X + n * D, C + k * D, D));
    }
    skip(label, upper, lower, X, C, halves(C, K, D), N, K, D);
}

/* ---- step kmeans_minibatch --------------------------------------------------------------------------------------- */

static void minibatch(float *C, int *count, const float *X, const int *row, int N, int B, int K, int D)
{
    int *label = probe_output_ints(B);
    double size = (double)largest(X, N * D) + largest(C, K * D);
    probe_freeze();
    kmeans_minibatch(C, count, label, X, row, B, K, D);
    emit_exact("label", label, B);
    emit_exact("count", count, K);
    probe_terms(B);
    probe_scale(size);
    emit("C", C, K, D);
}

PROBE(kmeans_minibatch, by_pencil)                      /* 0 and 12, one row each; then 2 and 4: 0 becomes 1, then 2 */
{
    float *C = probe_inout(2);
    int *count = probe_output_ints(2);
    C[0] = 0, C[1] = 12, count[0] = count[1] = 1;
    minibatch(C, count, probe_given(0, 2, 4, 12), probe_given_ints(1, 2), 4, 2, 2, 1);
}

PROBE(kmeans_minibatch, awkward_sizes)                  /* rows may occur twice */
{
    int N = probe_pick(7, 33, 129), K = probe_pick(1, 2, 5, 16), D = probe_pick(1, 2, 3, 17), B = probe_pick(1, 5, 40);
    float *X = blobs(N, K, D), *C = some_rows(X, N, K, D);
    int *count = probe_output_ints(K);
    for (int k = 0; k < K; k++) count[k] = probe_pick(0, 1, 30);
    minibatch(C, count, X, probe_ints(B, 0, N - 1), N, B, K, D);
}

PROBE(kmeans_minibatch, first_of_all)                   /* count 0: the first row of each centre becomes the centre */
{
    int N = 20, K = probe_pick(2, 4), D = 2, B = probe_pick(2, 10, 30);
    float *X = blobs(N, K, D), *C = some_rows(X, N, K, D);
    int *count = probe_output_ints(K);
    for (int k = 0; k < K; k++) count[k] = 0;
    minibatch(C, count, X, probe_ints(B, 0, N - 1), N, B, K, D);
}

/* ---- step kmeans_silhouette -------------------------------------------------------------------------------------- */

static void silhouette(const float *X, const int *label, int N, int K, int D)
{
    int count[MAX_K] = { 0 };
    for (int n = 0; n < N; n++) count[label[n]]++;
    int *rows = probe_copy_ints(K, count);
    double *s = probe_output_doubles(N), *sum = probe_output_doubles(K), mean;
    probe_freeze();
    mean = kmeans_silhouette(s, sum, X, label, rows, N, K, D);
    probe_terms(N * D);
    probe_scale(4);
    emit("s", s, N);
    emit("mean", &mean, 1);
}

PROBE(kmeans_silhouette, by_pencil)                     /* 0 2 4 | 12: 0.75, 0.8, 0.625, 0 */
{
    silhouette(probe_given(0, 2, 4, 12), probe_given_ints(0, 0, 0, 1), 4, 2, 1);
}

PROBE(kmeans_silhouette, awkward_sizes)
{
    int K = probe_pick(2, 3, 5), N = K + probe_pick(1, 7, 40), D = probe_pick(1, 2, 3, 17);
    float *X = blobs(N, K, D);
    int *label = probe_ints(N, 0, K - 1);
    for (int n = 0; n < N; n++) label[n] = probe_pick(0, 1, 1) ? n % K : label[n];
    silhouette(X, label, N, K, D);
}

PROBE(kmeans_silhouette, clusters_of_one_and_of_none)
{
    int N = 9, K = probe_pick(4, 6), D = 2;
    int *label = probe_ints(N, 1, 2);
    label[probe_int(0, N - 1)] = K - 1;
    silhouette(probe_normal(N * D, 0, 1), label, N, K, D);
}

PROBE(kmeans_silhouette, nothing_to_compare_with)       /* one cluster; or all rows in one place */
{
    int N = 6, D = 2, same = probe_pick(0, 1), K = probe_pick(1, 3);
    int *label = probe_ints(N, 0, same && K > 1 ? 1 : 0);
    float *X = probe_normal(N * D, 0, 1);
    for (int i = 0; i < N * D && same; i++) X[i] = 1;
    silhouette(X, label, N, K, D);
}

/* ---- oracles: is the reference itself right? --------------------------------------------------------------------- */

static const float PENCIL[] = { 0, 2, 4, 12 };

/* Fisher's iris, four lengths a row in millimetres. */
enum { IRIS_N = 150, IRIS_D = 4 };
static const unsigned char IRIS[IRIS_N * IRIS_D] = {
    51, 35, 14, 2, 49, 30, 14, 2, 47, 32, 13, 2, 46, 31, 15, 2, 50, 36, 14, 2, 54, 39, 17, 4, 46, 34, 14, 3, 50,
    34, 15, 2, 44, 29, 14, 2, 49, 31, 15, 1, 54, 37, 15, 2, 48, 34, 16, 2, 48, 30, 14, 1, 43, 30, 11, 1, 58, 40,
    12, 2, 57, 44, 15, 4, 54, 39, 13, 4, 51, 35, 14, 3, 57, 38, 17, 3, 51, 38, 15, 3, 54, 34, 17, 2, 51, 37, 15, 4,
    46, 36, 10, 2, 51, 33, 17, 5, 48, 34, 19, 2, 50, 30, 16, 2, 50, 34, 16, 4, 52, 35, 15, 2, 52, 34, 14, 2, 47,
    32, 16, 2, 48, 31, 16, 2, 54, 34, 15, 4, 52, 41, 15, 1, 55, 42, 14, 2, 49, 31, 15, 2, 50, 32, 12, 2, 55, 35,
    13, 2, 49, 36, 14, 1, 44, 30, 13, 2, 51, 34, 15, 2, 50, 35, 13, 3, 45, 23, 13, 3, 44, 32, 13, 2, 50, 35, 16, 6,
    51, 38, 19, 4, 48, 30, 14, 3, 51, 38, 16, 2, 46, 32, 14, 2, 53, 37, 15, 2, 50, 33, 14, 2, 70, 32, 47, 14, 64,
    32, 45, 15, 69, 31, 49, 15, 55, 23, 40, 13, 65, 28, 46, 15, 57, 28, 45, 13, 63, 33, 47, 16, 49, 24, 33, 10, 66,
    29, 46, 13, 52, 27, 39, 14, 50, 20, 35, 10, 59, 30, 42, 15, 60, 22, 40, 10, 61, 29, 47, 14, 56, 29, 36, 13, 67,
    31, 44, 14, 56, 30, 45, 15, 58, 27, 41, 10, 62, 22, 45, 15, 56, 25, 39, 11, 59, 32, 48, 18, 61, 28, 40, 13, 63,
    25, 49, 15, 61, 28, 47, 12, 64, 29, 43, 13, 66, 30, 44, 14, 68, 28, 48, 14, 67, 30, 50, 17, 60, 29, 45, 15, 57,
    26, 35, 10, 55, 24, 38, 11, 55, 24, 37, 10, 58, 27, 39, 12, 60, 27, 51, 16, 54, 30, 45, 15, 60, 34, 45, 16, 67,
    31, 47, 15, 63, 23, 44, 13, 56, 30, 41, 13, 55, 25, 40, 13, 55, 26, 44, 12, 61, 30, 46, 14, 58, 26, 40, 12, 50,
    23, 33, 10, 56, 27, 42, 13, 57, 30, 42, 12, 57, 29, 42, 13, 62, 29, 43, 13, 51, 25, 30, 11, 57, 28, 41, 13, 63,
    33, 60, 25, 58, 27, 51, 19, 71, 30, 59, 21, 63, 29, 56, 18, 65, 30, 58, 22, 76, 30, 66, 21, 49, 25, 45, 17, 73,
    29, 63, 18, 67, 25, 58, 18, 72, 36, 61, 25, 65, 32, 51, 20, 64, 27, 53, 19, 68, 30, 55, 21, 57, 25, 50, 20, 58,
    28, 51, 24, 64, 32, 53, 23, 65, 30, 55, 18, 77, 38, 67, 22, 77, 26, 69, 23, 60, 22, 50, 15, 69, 32, 57, 23, 56,
    28, 49, 20, 77, 28, 67, 20, 63, 27, 49, 18, 67, 33, 57, 21, 72, 32, 60, 18, 62, 28, 48, 18, 61, 30, 49, 18, 64,
    28, 56, 21, 72, 30, 58, 16, 74, 28, 61, 19, 79, 38, 64, 20, 64, 28, 56, 22, 63, 28, 51, 15, 61, 26, 56, 14, 77,
    30, 61, 23, 63, 34, 56, 24, 64, 31, 55, 18, 60, 30, 48, 18, 69, 31, 54, 21, 67, 31, 56, 24, 69, 31, 51, 23, 58,
    27, 51, 19, 68, 32, 59, 23, 67, 33, 57, 25, 67, 30, 52, 23, 63, 25, 50, 19, 65, 30, 52, 20, 62, 34, 54, 23, 59,
    30, 51, 18,
};

static float *iris(void)                                /* in centimetres, as published */
{
    float *X = malloc(sizeof(float[IRIS_N * IRIS_D]));
    for (int i = 0; i < IRIS_N * IRIS_D; i++) X[i] = (float)IRIS[i] / 10;
    return X;
}

static bool near(double got, double want) { return fabs(got - want) <= 1e-12 * (1 + fabs(want)); }

ORACLE(kmeans_assign, pencil)
{
    int label[4];
    double distance[4];
    float C[] = { 0, 2 }, twice[] = { 2, 2 }, between[] = { 6, 2 };
    double inertia = kmeans_assign(label, distance, PENCIL, C, 4, 2, 1);
    expect(inertia == 104 && distance[2] == 4 && distance[3] == 100, "inertia %g", inertia);
    expect(label[0] == 0 && label[1] == 1 && label[2] == 1 && label[3] == 1, "labels");
    kmeans_assign(label, distance, PENCIL, twice, 4, 2, 1);
    for (int n = 0; n < 4; n++) expect(label[n] == 0, "the same centre twice: row %d has label %d", n, label[n]);
    kmeans_assign(label, distance, PENCIL, between, 4, 2, 1);
    expect(label[2] == 0, "row 2 is as near to both: label %d", label[2]);
}

ORACLE(kmeans_assign, brute_force_in_long_double)
{
    int N = probe_pick(1, 7, 33), K = probe_pick(1, 3, 16), D = probe_pick(1, 2, 17, 64), label[MAX_N];
    float *X = probe_normal(N * D, 0, 1), *C = probe_normal(K * D, 0, 1);
    double distance[MAX_N], inertia = kmeans_assign(label, distance, X, C, N, K, D);
    long double sum = 0;
    for (int n = 0; n < N; n++) {
        long double best = INFINITY;
        for (int k = K - 1; k >= 0; k--) {
            long double d2 = 0;
            for (int d = D - 1; d >= 0; d--) d2 += powl((long double)X[n * D + d] - C[k * D + d], 2);
            best = fminl(best, d2);
            if (k == label[n])
                expect(fabsl(distance[n] - d2) <= 1e-15L * D * d2, "row %d: %.17g, want %.17Lg", n, distance[n], d2);
        }
        expect(distance[n] <= best * (1 + 1e-14L), "row %d: %.17g, the nearest is %.17Lg", n, distance[n], best);
        sum += best;
    }
    expect(fabsl(inertia - sum) <= 1e-14L * sum, "inertia %.17g, want %.17Lg", inertia, sum);
}

ORACLE(kmeans_update, pencil)
{
    float C[3] = { 7, 7, 7 };
    int count[3], label[] = { 0, 0, 1, 1 }, all[] = { 0, 0, 0, 0 };
    double distance[] = { 1, 1, 9, 16 }, sum[3];
    kmeans_update(C, count, distance, sum, PENCIL, label, 4, 2, 1);
    expect(C[0] == 1 && C[1] == 8 && count[0] == 2 && count[1] == 2, "centres %g, %g", C[0], C[1]);
    kmeans_update(C, count, distance, sum, PENCIL, all, 4, 3, 1);
    expect(C[0] == 4.5 && C[1] == 12 && C[2] == 4, "centres %g, %g, %g", C[0], C[1], C[2]);
    expect(distance[3] == 0 && distance[2] == 0 && distance[1] == 1, "what was taken is at distance 0");
    expect(count[0] == 4 && count[1] == 0 && count[2] == 0, "counts are those of the labels");
    distance[0] = distance[1] = 0, C[1] = 7;
    kmeans_update(C, count, distance, sum, PENCIL, all, 4, 2, 1);
    expect(C[1] == 7, "no row is at a distance: the centre moved to %g", C[1]);
}

ORACLE(kmeans_update, residuals_add_up_to_nothing)      /* half an ulp of the centre is left */
{
    int K = probe_pick(1, 2, 5), N = K + probe_pick(0, 5, 100), D = probe_pick(1, 3, 17), count[5];
    float *X = probe_normal(N * D, 3, 1), *C = probe_output(K * D);
    int *label = probe_permutation(N);
    double *distance = probe_inout_doubles(N), *sum = probe_output_doubles(K * D);
    for (int n = 0; n < N; n++) label[n] %= K;
    kmeans_update(C, count, distance, sum, X, label, N, K, D);
    for (int k = 0; k < K; k++)
        for (int d = 0; d < D; d++) {
            long double rest = 0;
            for (int n = 0; n < N; n++)
                if (label[n] == k) rest += (long double)X[n * D + d] - C[k * D + d];
            long double ulp = (long double)fabsf(C[k * D + d]) * 0x1p-24L;
            expect(fabsl(rest) <= count[k] * ulp * 1.0001L, "centre %d, feature %d: %Lg is left over", k, d, rest);
        }
}

ORACLE(kmeans_lloyd, pencil)
{
    static const double want[] = { 104, 44, 27, 8, 8 };
    float C[] = { 0, 2 };
    int label[4], count[2], made;
    double distance[4], sum[2], inertia[9];
    made = kmeans_lloyd(C, label, distance, inertia, count, sum, PENCIL, 8, 4, 2, 1);
    expect(made == 4, "%d moves, want 4", made);
    for (int m = 0; m <= made; m++) expect(inertia[m] == want[m], "inertia[%d] = %g, want %g", m, inertia[m], want[m]);
    expect(C[0] == 2 && C[1] == 12 && label[2] == 0 && label[3] == 1, "centres %g, %g", C[0], C[1]);
    C[0] = 0, C[1] = 2;
    expect(kmeans_lloyd(C, label, distance, inertia, count, sum, PENCIL, 0, 4, 2, 1) == 0, "no move was allowed");
    expect(C[0] == 0 && C[1] == 2 && label[1] == 1 && inertia[0] == 104, "no move, but centres %g, %g", C[0], C[1]);
}

/* Inertia never rises; at the end each row is with its nearest centre, and each centre is the mean of its rows. */
ORACLE(kmeans_lloyd, falls_and_ends_in_balance)
{
    int N = probe_pick(5, 33, 129), K = probe_pick(1, 2, 5), D = probe_pick(1, 2, 17), lost = probe_pick(0, 1);
    float *X = blobs(N, 3, D), *C = some_rows(X, N, K, D), *again = probe_output(K * D);
    int label[MAX_N], now[MAX_N], count[MAX_K];
    double distance[MAX_N], *inertia = probe_output_doubles(201), *sum = probe_output_doubles(K * D);
    for (int d = 0; d < D && lost; d++) C[d] = 300;     /* a centre without rows */
    int made = kmeans_lloyd(C, label, distance, inertia, count, sum, X, 200, N, K, D);
    expect(made < 200, "it never ends");
    for (int m = 1; m <= made; m++)
        expect(inertia[m] <= inertia[m - 1] * (1 + 1e-12), "move %d: %.17g, before %.17g", m, inertia[m],
               inertia[m - 1]);
    double value = kmeans_assign(now, distance, X, C, N, K, D);
    expect(value == inertia[made] && !memcmp(now, label, (size_t)N * sizeof *now), "labels of other centres");
    memcpy(again, C, (size_t)(K * D) * sizeof *C);
    kmeans_update(again, count, distance, sum, X, label, N, K, D);
    expect(!memcmp(again, C, (size_t)(K * D) * sizeof *C), "the centres are not the means");
}

/* The best of all ways to part 9 points of a line in three: no seed does better, and the best of 84 reaches it. */
ORACLE(kmeans_lloyd, no_better_than_all_partitions)
{
    enum { N = 9, K = 3 };
    float *X = probe_normal(N, 0, 1), C[K];
    int label[N], count[K], reached = 0;
    double distance[N], sum[K], inertia[101], least = INFINITY;
    for (int code = 0; code < 19683; code++) {          /* 3^9 labellings */
        double size[K] = { 0 }, first[K] = { 0 }, cost = 0;
        for (int n = 0, c = code; n < N; n++, c /= 3) size[c % 3]++, first[c % 3] += X[n];
        for (int n = 0, c = code; n < N; n++, c /= 3) cost += pow(X[n] - first[c % 3] / size[c % 3], 2);
        least = fmin(least, cost);
    }
    for (int a = 0; a < N; a++)
        for (int b = a + 1; b < N; b++)
            for (int c = b + 1; c < N; c++) {
                C[0] = X[a], C[1] = X[b], C[2] = X[c];
                int made = kmeans_lloyd(C, label, distance, inertia, count, sum, X, 100, N, K, 1);
                expect(inertia[made] >= least * (1 - 1e-6), "%.17g is below the least, %.17g", inertia[made], least);
                reached += inertia[made] <= least * (1 + 1e-6);
            }
    expect(reached > 0, "no start reaches the least inertia %.17g", least);
}

/* scikit-learn 1.9.1: KMeans(3, init=X[:3], n_init=1, tol=0).fit(X), X = load_iris().data.astype("f4").astype("f8") */
ORACLE(kmeans_lloyd, iris_as_scikit_learn)
{
    float *X = iris(), C[3 * IRIS_D];
    int label[IRIS_N], count[3], made;
    double distance[IRIS_N], inertia[101], sum[3 * IRIS_D];
    memcpy(C, X, sizeof C);
    made = kmeans_lloyd(C, label, distance, inertia, count, sum, X, 100, IRIS_N, 3, IRIS_D);
    expect(fabs(inertia[made] - 78.85566447695832) <= 1e-9, "inertia %.12f, want 78.855664476958", inertia[made]);
    free(X);
}

ORACLE(kmeans_seed, pencil)
{
    float C[2];
    int chosen[2];
    double distance[4], u[] = { 0, 0.5 };
    kmeans_seed(C, chosen, distance, PENCIL, u, 4, 2, 1);
    expect(chosen[0] == 0 && chosen[1] == 3 && C[1] == 12, "chosen %d, %d", chosen[0], chosen[1]);
    expect(distance[1] == 4 && distance[2] == 16 && distance[3] == 0, "distances to the nearest of both");
    u[1] = 0;
    kmeans_seed(C, chosen, distance, PENCIL, u, 4, 2, 1);
    expect(chosen[1] == 1, "chance 0: the first row that is not a centre, not %d", chosen[1]);
    u[1] = 20.5 / 164;
    kmeans_seed(C, chosen, distance, PENCIL, u, 4, 2, 1);
    expect(chosen[1] == 3, "20.5 of 164: row 3, not %d", chosen[1]);
}

/* Chi-square of 4000 draws of the second centre; 7 degrees of freedom: above 60 once in 10^10. */
ORACLE(kmeans_seed, chances_go_with_the_squared_distance)
{
    enum { N = 8, DRAWS = 4000 };
    float *X = probe_normal(N * 2, 0, 1), C[4];
    int chosen[2], seen[N][N] = { { 0 } }, first[N] = { 0 };
    double distance[N], u[2];
    for (int i = 0; i < DRAWS; i++) {
        u[0] = probe_real(0, 1), u[1] = probe_real(0, 1);
        kmeans_seed(C, chosen, distance, X, u, N, 2, 2);
        first[chosen[0]]++, seen[chosen[0]][chosen[1]]++;
    }
    double even = 0;
    for (int a = 0; a < N; a++) {
        double total = 0, chi = 0;
        even += pow(first[a] - DRAWS / (double)N, 2) / (DRAWS / (double)N);
        for (int n = 0; n < N; n++) total += pow(apart(X + a * 2, X + n * 2, 2), 2);
        for (int n = 0; n < N; n++) {
            double want = first[a] * pow(apart(X + a * 2, X + n * 2, 2), 2) / total;
            if (n == a) expect(seen[a][n] == 0, "row %d was drawn twice", n);
            else if (want > 5) chi += pow(seen[a][n] - want, 2) / want;
        }
        expect(chi < 60, "first centre row %d: chi-square %.1f with 6 degrees of freedom", a, chi);
    }
    expect(even < 60, "first centres: chi-square %.1f with 7 degrees of freedom", even);
}

ORACLE(kmeans_seed, all_rows_in_one_place)              /* total 0: again every row alike */
{
    float X[] = { 3, 3, 3, 3 }, C[3];
    int chosen[3];
    double distance[4], u[] = { 0.3, 0.8, 0.5 };
    kmeans_seed(C, chosen, distance, X, u, 4, 3, 1);
    expect(chosen[0] == 1 && chosen[1] == 3 && chosen[2] == 2, "chosen %d, %d, %d", chosen[0], chosen[1], chosen[2]);
}

ORACLE(kmeans_drift, pencil)
{
    float C[] = { 2, 12 }, old[] = { 1, 8 };
    int label[] = { 0, 0, 0, 1 };
    double upper[] = { 1, 1, 3, 4 }, lower[] = { 8, 6, 4, 11 }, half[2], moved[2];
    kmeans_drift(upper, lower, half, moved, C, old, label, 4, 2, 1);
    expect(half[0] == 5 && half[1] == 5, "half %g, %g", half[0], half[1]);
    expect(upper[0] == 2 && upper[2] == 4 && upper[3] == 8, "upper %g, %g, %g", upper[0], upper[2], upper[3]);
    expect(lower[0] == 4 && lower[2] == 0 && lower[3] == 10, "lower %g, %g, %g", lower[0], lower[2], lower[3]);
}

ORACLE(kmeans_drift, bounds_stay_bounds)
{
    int N = probe_pick(1, 9, 33), K = probe_pick(2, 3, 16), D = probe_pick(1, 2, 17);
    float *X = blobs(N, K, D), *old = some_rows(X, N, K, D), *C = probe_normal(K * D, 0, 1);
    int label[MAX_N];
    double upper[MAX_N], lower[MAX_N], half[MAX_K], moved[MAX_K], d2[MAX_N];
    kmeans_assign(label, d2, X, old, N, K, D);
    for (int n = 0; n < N; n++) {
        upper[n] = sqrt(d2[n]), lower[n] = INFINITY;
        for (int k = 0; k < K; k++)
            if (k != label[n]) lower[n] = fmin(lower[n], apart(X + n * D, old + k * D, D));
    }
    for (int i = 0; i < K * D; i++) C[i] = old[i] + C[i] * 0.3F;
    kmeans_drift(upper, lower, half, moved, C, old, label, N, K, D);
    for (int n = 0; n < N; n++)
        for (int k = 0; k < K; k++) {
            double way = apart(X + n * D, C + k * D, D);
            if (k == label[n]) expect(way <= upper[n] + 1e-9, "row %d: upper %g, but %g away", n, upper[n], way);
            else expect(way >= lower[n] - 1e-9, "row %d: lower %g, but centre %d is %g away", n, lower[n], k, way);
            if (k != label[n])
                expect(half[k] <= apart(C + k * D, C + label[n] * D, D) / 2 + 1e-9, "half[%d] is too large", k);
        }
}

ORACLE(kmeans_skip, pencil)
{
    float C[] = { 2, 12 };
    int label[] = { 0, 0, 0, 1 };
    double upper[] = { 2, 2, 4, 8 }, lower[] = { 4, 2, 0, 10 }, half[] = { 5, 5 };
    expect(kmeans_skip(label, upper, lower, PENCIL, C, half, 4, 2, 1) == 0, "the bounds prove it, nothing to compute");
    upper[2] = 6;
    expect(kmeans_skip(label, upper, lower, PENCIL, C, half, 4, 2, 1) == 1, "one distance proves it");
    expect(upper[2] == 2 && lower[2] == 0 && label[2] == 0, "upper %g, lower %g", upper[2], lower[2]);
    half[0] = 0;
    expect(kmeans_skip(label, upper, lower, PENCIL, C, half, 4, 2, 1) == 4, "row 1 renewed, row 2 searched");
}

/* Hamerly's loop and Lloyd's: the same labels and the same centres to the last bit, ties and lost centres included. */
ORACLE(kmeans_skip, same_as_lloyd_to_the_bit)
{
    int N = probe_pick(5, 33, 129), K = probe_pick(1, 2, 5, 16), D = probe_pick(1, 2, 17), kind = probe_pick(0, 1, 2);
    float *X = kind == 1 ? whole_numbers(N * D, -3, 3) : blobs(N, K, D), *C = some_rows(X, N, K, D);
    if (kind == 2)
        for (int d = 0; d < D; d++) C[d] = 300;
    float *other = probe_copy(K * D, C), *old = probe_output(K * D);
    int label[MAX_N], same[MAX_N], count[MAX_K];
    int64_t computed[201], all = 0;
    double distance[MAX_N], inertia[201], *sum = probe_output_doubles(K * D), bounds[2 * MAX_N + 2 * MAX_K];
    int moves = kmeans_lloyd(C, label, distance, inertia, count, sum, X, 200, N, K, D);
    int made = kmeans_hamerly(other, same, distance, computed, count, sum, bounds, old, X, 200, N, K, D);
    expect(moves == made || kind == 1, "Lloyd moves %d times, Hamerly %d", moves, made);
    expect(!memcmp(label, same, (size_t)N * sizeof *same), "other labels");
    expect(!memcmp(C, other, (size_t)(K * D) * sizeof *C), "other centres");
    for (int m = 0; m <= made; m++) all += computed[m];
    expect(all <= (int64_t)(made + 1) * N * (K + 1), "%lld distances", (long long)all);
}

ORACLE(kmeans_minibatch, pencil)
{
    float C[] = { 0, 12 };
    int count[] = { 1, 1 }, row[] = { 1, 2 }, label[2];
    kmeans_minibatch(C, count, label, PENCIL, row, 2, 2, 1);
    expect(C[0] == 2 && C[1] == 12 && count[0] == 3 && count[1] == 1, "centres %g, %g", C[0], C[1]);
}

/* From count 0, a centre is the mean of the rows it was given, over however many batches. */
ORACLE(kmeans_minibatch, each_centre_is_the_mean_of_its_rows)
{
    enum { B = 8, BATCHES = 12 };
    int N = 40, K = probe_pick(1, 3), D = probe_pick(1, 4), count[3] = { 0 }, label[B];
    float *X = blobs(N, K, D), *C = some_rows(X, N, K, D);
    double got[3 * 4] = { 0 };
    for (int i = 0; i < BATCHES; i++) {
        int *row = probe_ints(B, 0, N - 1);
        kmeans_minibatch(C, count, label, X, row, B, K, D);
        for (int b = 0; b < B; b++)
            for (int d = 0; d < D; d++) got[label[b] * D + d] += X[row[b] * D + d];
    }
    for (int k = 0; k < K; k++)
        for (int d = 0; d < D && count[k] > 0; d++) {
            double want = got[k * D + d] / count[k];
            expect(fabs(C[k * D + d] - want) <= 1e-5, "centre %d: %.9g, want %.9g", k, C[k * D + d], want);
        }
}

ORACLE(kmeans_silhouette, pencil)
{
    int label[] = { 0, 0, 0, 1 }, count[] = { 3, 1 }, halves[] = { 0, 0, 1, 1 }, two[] = { 2, 2 };
    double s[4], sum[2], mean = kmeans_silhouette(s, sum, PENCIL, label, count, 4, 2, 1);
    expect(near(s[0], 0.75) && near(s[1], 0.8) && near(s[2], 0.625) && s[3] == 0, "s = %g, %g, %g, %g", s[0], s[1],
           s[2], s[3]);
    expect(near(mean, 0.54375), "mean %.17g", mean);
    kmeans_silhouette(s, sum, PENCIL, halves, two, 4, 2, 1);
    expect(near(s[2], -0.625) && near(s[3], 3 / 11.0), "s = %g, %g", s[2], s[3]);
}

ORACLE(kmeans_silhouette, nothing_to_compare_with)
{
    float X[] = { 1, 1, 1, 1 };
    int one[] = { 0, 0, 0, 0 }, four[] = { 4, 0 }, label[] = { 0, 1, 0, 1 }, two[] = { 2, 2 };
    double s[4], sum[2];
    expect(kmeans_silhouette(s, sum, PENCIL, one, four, 4, 1, 1) == 0, "one cluster");
    expect(kmeans_silhouette(s, sum, PENCIL, one, four, 4, 2, 1) == 0, "the other cluster is empty");
    expect(kmeans_silhouette(s, sum, X, label, two, 4, 2, 1) == 0, "all rows in one place");
}

/* scikit-learn 1.9.1: silhouette_score(X, KMeans(k, ...).fit(X).labels_), the labels of iris_as_scikit_learn, and those
 * of KMeans(2, n_init=50, random_state=0), which two far rows reach too. */
ORACLE(kmeans_silhouette, iris_as_scikit_learn)
{
    float *X = iris(), C[3 * IRIS_D];
    int label[IRIS_N], count[3];
    double distance[IRIS_N], inertia[101], sum[3 * IRIS_D], s[IRIS_N], mean;
    memcpy(C, X, sizeof C);
    kmeans_lloyd(C, label, distance, inertia, count, sum, X, 100, IRIS_N, 3, IRIS_D);
    mean = kmeans_silhouette(s, sum, X, label, count, IRIS_N, 3, IRIS_D);
    expect(fabs(mean - 0.5511915992078352) <= 1e-12, "K = 3: %.15g, want 0.551191599207835", mean);
    memcpy(C, X, sizeof(float[IRIS_D])), memcpy(C + IRIS_D, X + 149 * IRIS_D, sizeof(float[IRIS_D]));
    kmeans_lloyd(C, label, distance, inertia, count, sum, X, 100, IRIS_N, 2, IRIS_D);
    mean = kmeans_silhouette(s, sum, X, label, count, IRIS_N, 2, IRIS_D);
    expect(fabs(mean - 0.6810461695230858) <= 1e-12, "K = 2: %.15g, want 0.681046169523086", mean);
    free(X);
}
