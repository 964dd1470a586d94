/* test_cluster.c -- the fast k-means against plain loops in double, on awkward sizes, and the same for any threads. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "cluster.h"
#include "rng.h"

static double between(const float *a, const float *b, int64_t D)
{
    double sum = 0;
    for (int64_t d = 0; d < D; d++) sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sum;
}

/* Heaps around K places; every coordinate is shifted by far. */
static float *rows(Rng *rng, int64_t N, int64_t K, int64_t D, double far)
{
    float *X = malloc((size_t)(N * D) * sizeof *X), *at = malloc((size_t)(K * D) * sizeof *at);
    for (int64_t i = 0; i < K * D; i++) at[i] = (float)(3 * rng_normal(rng));
    for (int64_t n = 0; n < N; n++)
        for (int64_t d = 0; d < D; d++) X[n * D + d] = (float)(far + at[n % K * D + d] + rng_normal(rng));
    free(at);
    return X;
}

/* In double, as the room's textbook does it, from the same rules. Returns the inertia. */
static double plain(float *C, int32_t *label, const float *X, int64_t moves, int64_t N, int64_t K, int64_t D)
{
    double *sum = malloc((size_t)(K * D) * sizeof *sum), *distance = malloc((size_t)N * sizeof *distance);
    double total, last = 0;
    for (int64_t m = 0;; m++, last = total) {
        total = 0;
        for (int64_t n = 0; n < N; n++) {
            distance[n] = INFINITY;
            for (int64_t k = 0; k < K; k++) {
                double d2 = between(X + n * D, C + k * D, D);
                if (d2 < distance[n]) distance[n] = d2, label[n] = (int32_t)k;
            }
            total += distance[n];
        }
        if (m == moves || (m > 0 && !(total < last))) break;
        memset(sum, 0, (size_t)(K * D) * sizeof *sum);
        for (int64_t n = 0; n < N; n++)
            for (int64_t d = 0; d < D; d++) sum[label[n] * D + d] += X[n * D + d];
        for (int64_t k = 0; k < K; k++) {
            int64_t count = 0, worst = 0;
            for (int64_t n = 0; n < N; n++) count += label[n] == k;
            for (int64_t n = 1; n < N; n++) worst = distance[n] > distance[worst] ? n : worst;
            for (int64_t d = 0; d < D && count; d++) C[k * D + d] = (float)(sum[k * D + d] / (double)count);
            if (count) continue;
            if (distance[worst] > 0) memcpy(C + k * D, X + worst * D, (size_t)D * sizeof *C);
            distance[worst] = 0;
        }
    }
    free(sum), free(distance);
    return total;
}

static const struct { int64_t N, K, D; double far; } SIZES[] = {
    { 1, 1, 1, 0 }, { 5, 3, 2, 0 }, { 41, 1, 7, 0 }, { 97, 6, 16, 0 }, { 203, 5, 33, 0 }, { 300, 17, 65, 0 },
    { 1000, 10, 64, 0 }, { 127, 40, 3, 0 }, { 500, 7, 20, 1000 }, { 2000, 33, 130, 0 },
};
enum { N_SIZES = sizeof SIZES / sizeof *SIZES };

/* The labels of the loop in double, ties included: half of the cases are whole numbers. */
Test(cluster, nearest_is_nearest)
{
    for (int i = 0; i < 2 * N_SIZES; i++) {
        int64_t N = SIZES[i / 2].N, K = SIZES[i / 2].K, D = SIZES[i / 2].D;
        Rng rng = rng_new((uint64_t)i);
        float *X = rows(&rng, N, K, D, SIZES[i / 2].far), *C = rows(&rng, K, K, D, SIZES[i / 2].far);
        for (int64_t j = 0; j < N * D && i % 2; j++) X[j] = rintf(X[j] / 3);
        for (int64_t j = 0; j < K * D && i % 2; j++) C[j] = rintf(C[j] / 3);
        int32_t *label = malloc((size_t)N * sizeof *label), *want = malloc((size_t)N * sizeof *want);
        cluster_nearest(label, X, C, N, K, D);
        plain(C, want, X, 0, N, K, D);
        for (int64_t n = 0; n < N; n++)
            cr_assert(label[n] == want[n], "size %d, row %lld: label %d, want %d", i / 2, (long long)n, label[n],
                      want[n]);
        free(X), free(C), free(label), free(want);
    }
}

Test(cluster, kmeans_as_plain)
{
    for (int i = 0; i < N_SIZES; i++)
        for (int lost = 0; lost < 2; lost++) {
            int64_t N = SIZES[i].N, K = SIZES[i].K, D = SIZES[i].D;
            Rng rng = rng_new(100 + (uint64_t)i);
            float *X = rows(&rng, N, K, D, SIZES[i].far), *C = malloc((size_t)(K * D) * sizeof *C), *other;
            int32_t *label = malloc((size_t)N * sizeof *label), *same = malloc((size_t)N * sizeof *same);
            memcpy(C, X, (size_t)(K < N ? K * D : N * D) * sizeof *C);
            for (int64_t d = 0; d < D && lost; d++) C[d] += 60;             /* a centre without rows */
            other = memcpy(malloc((size_t)(K * D) * sizeof *C), C, (size_t)(K * D) * sizeof *C);
            double inertia, want = plain(other, same, X, 30, N, K, D);
            int64_t made = cluster_kmeans(C, label, &inertia, X, 30, N, K, D);
            cr_expect(made >= 0 && made <= 30, "%lld moves", (long long)made);
            cr_expect(fabs(inertia - want) <= 1e-9 * want, "size %d, lost %d: inertia %.9g, want %.9g", i, lost,
                      inertia, want);
            cr_expect(!memcmp(label, same, (size_t)N * sizeof *label), "size %d, lost %d: other labels", i, lost);
            free(X), free(C), free(other), free(label), free(same);
        }
}

/* Enough numbers that they are looked at in bytes first, in one heap: bytes alone would decide many rows wrongly. One
 * time in two a feature has an outlier, so that its bytes say nothing. */
Test(cluster, bytes_decide_nothing_alone)
{
    enum { N = 4100, K = 6, D = 260, MOVES = 4 };
    float *X = malloc((size_t)(N * D) * sizeof *X), C[K * D], other[K * D];
    int32_t label[N], want[N];
    for (int outlier = 0; outlier < 2; outlier++) {
        Rng rng = rng_new(77);
        for (int64_t i = 0; i < N * D; i++) X[i] = (float)(30 + rng_normal(&rng));
        if (outlier) X[5 * D + 3] = 60;
        memcpy(C, X + 10 * D, sizeof C), memcpy(other, C, sizeof C);
        double inertia, plainly = plain(other, want, X, MOVES, N, K, D);
        cluster_kmeans(C, label, &inertia, X, MOVES, N, K, D);
        cr_expect(!memcmp(label, want, sizeof label), "outlier %d: other labels", outlier);
        cr_expect(fabs(inertia - plainly) <= 1e-9 * plainly, "inertia %.9g, want %.9g", inertia, plainly);
    }
    free(X);
}

Test(cluster, no_moves)
{
    float X[] = { 0, 2, 4, 12 }, C[] = { 0, 2 };
    int32_t label[4];
    double inertia;
    cr_expect(cluster_kmeans(C, label, &inertia, X, 0, 4, 2, 1) == 0 && inertia == 104 && C[1] == 2);
    cr_expect(cluster_kmeans(C, label, &inertia, X, 50, 4, 2, 1) <= 4 && inertia == 8 && C[0] == 2 && C[1] == 12);
    cr_expect(label[0] == 0 && label[1] == 0 && label[2] == 0 && label[3] == 1);
}

Test(cluster, more_centres_than_rows_or_places)
{
    float X[] = { 1, 1, 1, 5 }, C[] = { 1, 1, 1, 1, 1, 1 };
    int32_t label[4];
    double inertia;
    cluster_kmeans(C, label, &inertia, X, 50, 4, 6, 1);
    cr_expect(inertia == 0, "inertia %g", inertia);
}

Test(cluster, same_bits_for_any_threads)
{
    enum { N = 3000, K = 23, D = 70 };
    Rng rng = rng_new(9);
    float *X = rows(&rng, N, K, D, 0), first[K * D], C[K * D];
    int32_t label[N], same[N];
    double want = 0, inertia;
    for (int threads = 1; threads <= 5; threads++) {
#ifdef _OPENMP
        omp_set_num_threads(threads);
#endif
        memcpy(C, X, sizeof C);
        cluster_kmeans(C, threads > 1 ? same : label, &inertia, X, 25, N, K, D);
        if (threads == 1) want = inertia, memcpy(first, C, sizeof C);
        else
            cr_expect(inertia == want && !memcmp(first, C, sizeof C) && !memcmp(label, same, sizeof label),
                      "%d threads: other bits", threads);
    }
    free(X);
}

Test(cluster, nan_stays_in_its_row)
{
    float X[] = { 0, 2, NAN, 12 }, C[] = { 0, 12 };
    int32_t label[4];
    cluster_nearest(label, X, C, 4, 2, 1);
    cr_expect(label[0] == 0 && label[1] == 0 && label[2] == 0 && label[3] == 1);
}
