/* rows_lstsq.c -- who else solves a linear regression: the library, LAPACK (Python's peers are in peers/). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"
#include "check.h"
#include "data.h"
#include "lstsq.h"
#include "rng.h"
#include "versions.h"

enum { CALIFORNIA_ROWS = 16512, CALIFORNIA_COLUMNS = 13 };

static int64_t count(const int *size) { return (int64_t)size[0] * size[1]; }

/* ---- Inputs: column 0 is all ones -------------------------------------------------------------------------------- */

/* 16512 training rows; of the 13 features the first is left out for the ones (of five kinds of place four are enough).
 * Columns are centred and scaled, because a normal equation squares what they differ by. */
static bool california(double *X, double *y)
{
    enum { N = CALIFORNIA_ROWS, D = CALIFORNIA_COLUMNS };
    Arena  *arena = arena_new("california");
    Dataset set;
    bool there = data_here("california") && !data_load(arena, "california", F64, &set) && set.train >= N &&
                 set.x->shape[1] >= D - 1;
    for (int64_t n = 0; n < N && there; n++) {
        y[n] = tensor_get(set.y, n);
        for (int d = 0; d < D; d++) X[n * D + d] = d ? tensor_get(set.x, n * set.x->shape[1] + d - 1) : 1;
    }
    arena_free(arena);
    for (int d = 1; d < D && there; d++) {
        double mean = 0, square = 0;
        for (int64_t n = 0; n < N; n++) mean += X[n * D + d] / N;
        for (int64_t n = 0; n < N; n++) square += (X[n * D + d] - mean) * (X[n * D + d] - mean) / N;
        for (int64_t n = 0; n < N; n++) X[n * D + d] = (X[n * D + d] - mean) / (square > 0 ? sqrt(square) : 1);
    }
    return there;
}

static void inputs(Bench *b, const int *size)
{
    int     N = size[0], D = size[1];
    double *X = bench_given_doubles(b, "X", count(size)), *y = bench_given_doubles(b, "y", N);
    if (N == CALIFORNIA_ROWS && D == CALIFORNIA_COLUMNS && california(X, y)) return;
    Rng rng = rng_new(3);
    for (int64_t i = 0; i < count(size); i++) X[i] = i % D ? rng_normal(&rng) : 1;
    for (int n = 0; n < N; n++) y[n] = rng_normal(&rng) + X[(int64_t)n * D + D - 1];
}

/* The QR of a library that is not ours: the measure. Compared to 1e-8, which is what the target says. */
void dgels_(const char *trans, const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b,
            const int *ldb, double *work, const int *lwork, int *info);
void dgelsd_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb,
             double *s, const double *rcond, int *rank, double *work, const int *lwork, int *iwork, int *info);
void dgelsy_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb,
             int *jpvt, const double *rcond, int *rank, double *work, const int *lwork, int *info);

/* All overwrite what they are given, and want columns, so each call copies and turns X, as every caller from C must.
 */
typedef struct Lapack { double *A, *y, *s, *work; int *iwork, lwork; } Lapack;

static void turn(Lapack *l, const double *X, const double *y, int N, int D)
{
    enum { SIDE = 32 };
    for (int n0 = 0; n0 < N; n0 += SIDE)
        for (int d = 0; d < D; d++)
            for (int n = n0; n < n0 + SIDE && n < N; n++) l->A[(int64_t)d * N + n] = X[(int64_t)n * D + d];
    memcpy(l->y, y, (size_t)N * sizeof *y);
}

static Lapack *lapack_new(int N, int D)
{
    int     one = 1, ask = -1, rank, info;
    double  best[3] = { 0 }, eps = -1;
    int     ints = 0;
    Lapack *l = calloc(1, sizeof *l);
    CHECK(l, "bench: no memory");
    dgels_("N", &N, &D, &one, NULL, &N, NULL, &N, &best[0], &ask, &info);
    dgelsd_(&N, &D, &one, NULL, &N, NULL, &N, NULL, &eps, &rank, &best[1], &ask, &ints, &info);
    dgelsy_(&N, &D, &one, NULL, &N, NULL, &N, NULL, &eps, &rank, &best[2], &ask, &info);
    l->lwork = (int)fmax(fmax(best[0], best[1]), best[2]);
    l->A = malloc((size_t)N * (size_t)D * sizeof(double));
    l->y = malloc((size_t)N * sizeof(double));
    l->s = malloc((size_t)D * sizeof(double));
    l->work = malloc((size_t)l->lwork * sizeof(double));
    l->iwork = malloc((size_t)(ints > D ? ints : D) * sizeof(int));
    CHECK(l->A && l->y && l->s && l->work && l->iwork, "bench: no memory for LAPACK");
    return l;
}

static void lapack_drop(Lapack *l)
{
    free(l->A);
    free(l->y);
    free(l->s);
    free(l->work);
    free(l->iwork);
    free(l);
}

static void solve_gels(Lapack *l, double *w, const double *X, const double *y, int N, int D)
{
    int one = 1, info;
    turn(l, X, y, N, D);
    dgels_("N", &N, &D, &one, l->A, &N, l->y, &N, l->work, &l->lwork, &info);
    if (info == 0) memcpy(w, l->y, (size_t)D * sizeof *w);
}

static void truth(Bench *b, const int *size)
{
    Lapack *l = lapack_new(size[0], size[1]);
    solve_gels(l, bench_want(b, "w", size[1]), bench_in_doubles(b, "X", count(size)), bench_in_doubles(b, "y", size[0]),
               size[0], size[1]);
    lapack_drop(l);
}

static void lapack_setup(Bench *b, const int *size) { bench_keep(b, lapack_new(size[0], size[1])); }

static void lapack_teardown(Bench *b, const int *size)
{
    (void)size;
    lapack_drop(bench_kept(b));
}

static void gels(Bench *b, const int *size)
{
    solve_gels(bench_kept(b), bench_out_doubles(b, "w", size[1]), bench_in_doubles(b, "X", count(size)),
               bench_in_doubles(b, "y", size[0]), size[0], size[1]);
}

static void gelsd(Bench *b, const int *size)
{
    int     N = size[0], D = size[1], one = 1, rank, info;
    double  eps = -1, *w = bench_out_doubles(b, "w", D);
    Lapack *l = bench_kept(b);
    turn(l, bench_in_doubles(b, "X", count(size)), bench_in_doubles(b, "y", N), N, D);
    dgelsd_(&N, &D, &one, l->A, &N, l->y, &N, l->s, &eps, &rank, l->work, &l->lwork, l->iwork, &info);
    if (info == 0) memcpy(w, l->y, (size_t)D * sizeof *w);
}

/* By pivoted QR. Columns marked 0 may change places. */
static void gelsy(Bench *b, const int *size)
{
    int     N = size[0], D = size[1], one = 1, rank, info;
    double  tiny = 1e-13, *w = bench_out_doubles(b, "w", D);
    Lapack *l = bench_kept(b);
    turn(l, bench_in_doubles(b, "X", count(size)), bench_in_doubles(b, "y", N), N, D);
    memset(l->iwork, 0, (size_t)D * sizeof *l->iwork);
    dgelsy_(&N, &D, &one, l->A, &N, l->y, &N, l->iwork, &tiny, &rank, l->work, &l->lwork, &info);
    if (info == 0) memcpy(w, l->y, (size_t)D * sizeof *w);
}

/* ---- Ours -------------------------------------------------------------------------------------------------------- */

static void normal(Bench *b, const int *size)
{
    lstsq_normal(bench_out_doubles(b, "w", size[1]), NULL, bench_in_doubles(b, "X", count(size)),
                 bench_in_doubles(b, "y", size[0]), 0, 0, size[0], size[1]);
}

static void qr(Bench *b, const int *size)
{
    lstsq_qr(bench_out_doubles(b, "w", size[1]), NULL, bench_in_doubles(b, "X", count(size)),
             bench_in_doubles(b, "y", size[0]), size[0], size[1]);
}

/* bench_linear_regression.c, the room's own file, has the sizes and costs. */
BENCH_OF(linear_regression_others, linear_regression) = {
    { "linear_regression_ridge", normal, .contestant = "library", .inputs = inputs, .truth = truth, .tolerance = 1e-8,
      .note = "lambda = 0, by normal equations; 16512x13 is california housing where data/ has it" },
    { "linear_regression_qr", qr, .contestant = "library", .inputs = inputs, .truth = truth, .tolerance = 1e-8,
      .note = "least squares without normal equations; 16512x13 is california housing where data/ has it" },
    { "linear_regression_qr", gels, .contestant = "LAPACK gels", .version = version_lapack, .setup = lapack_setup,
      .teardown = lapack_teardown },
    { "linear_regression_qr", gelsd, .contestant = "LAPACK gelsd", .version = version_lapack, .setup = lapack_setup,
      .teardown = lapack_teardown },
    { 0 }
};

BENCH_OF(least_squares_others, least_squares) = {
    { "least_squares_solve", qr, .contestant = "library", .inputs = inputs, .truth = truth, .tolerance = 1e-8 },
    { "least_squares_solve", gels, .contestant = "LAPACK gels", .version = version_lapack, .setup = lapack_setup,
      .teardown = lapack_teardown },
    { "least_squares_pivoted", gelsy, .contestant = "LAPACK gelsy", .version = version_lapack, .inputs = inputs,
      .truth = truth, .tolerance = 1e-8, .setup = lapack_setup, .teardown = lapack_teardown },
    { "least_squares_normal", normal, .contestant = "library", .inputs = inputs, .truth = truth, .tolerance = 1e-8 },
    { 0 }
};
