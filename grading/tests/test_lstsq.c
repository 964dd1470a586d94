/* test_lstsq.c -- certified values first, then what makes a solution one: X^T (X w - y) = 0. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "lstsq.h"
#include "rng.h"

typedef const char *Solver(double *w, double *rss, const double *X, const double *y, int64_t N, int64_t D);

static const char *normal(double *w, double *rss, const double *X, const double *y, int64_t N, int64_t D)
{
    return lstsq_normal(w, rss, X, y, 0, 0, N, D);
}

static const struct {
    const char *name;
    Solver *solve;
} SOLVERS[] = { { "normal", normal }, { "qr", lstsq_qr } };
enum { N_SOLVERS = sizeof SOLVERS / sizeof *SOLVERS };

/* Longley 1967, with the values that NIST certifies (StRD, Longley): condition number 5e9, so that bad methods lose
 * all. */
Test(lstsq, longley)
{
    static const double CERTIFIED[7] = { -3482258.63459582, 15.0618722713733,  -0.358191792925910E-01,
                                         -2.02022980381683, -1.03322686717359, -0.511041056535807E-01,
                                         1829.15146461355 };
    double X[16 * 7], w[7], rss;
    Arena *a = arena_new("test");
    Dataset set;
    const char *why = data_load(a, "longley", F64, &set);
    cr_assert_null(why, "%s", why);
    for (int i = 0; i < 16 * 7; i++) X[i] = i % 7 ? ((double *)set.x->data)[i / 7 * 6 + i % 7 - 1] : 1;
    why = lstsq_qr(w, &rss, X, set.y->data, 16, 7);
    cr_assert_null(why, "%s", why);
    for (int d = 0; d < 7; d++)
        cr_expect(fabs(w[d] - CERTIFIED[d]) <= 1e-7 * fabs(CERTIFIED[d]), "w[%d] is %.12g, certified %.12g", d, w[d],
                  CERTIFIED[d]);
    cr_expect(fabs(rss - 836424.055505915) <= 1e-7 * 836424, "rss %.12g", rss);
    arena_free(a);
}

static double *random_numbers(Rng *rng, int64_t n)
{
    double *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = rng_normal(rng);
    return x;
}

/* The largest |x_d . r| beside |x_d| |y|, r = X w - y plus the penalty's part, in long double. */
static double not_orthogonal(const double *X, const double *y, const double *w, double lambda, int64_t free_ones,
                             int64_t N, int64_t D)
{
    double worst = 0;
    for (int64_t d = 0; d < D; d++) {
        long double dot = d >= free_ones ? (long double)lambda * w[d] : 0, column = 0, size = 0;
        for (int64_t n = 0; n < N; n++) {
            long double r = -y[n];
            for (int64_t c = 0; c < D; c++) r += (long double)X[n * D + c] * w[c];
            dot += X[n * D + d] * r;
            column += (long double)X[n * D + d] * X[n * D + d];
            size += (long double)y[n] * y[n];
        }
        worst = fmax(worst, (double)(fabsl(dot) / (sqrtl(column * size) + 1e-300L)));
    }
    return worst;
}

static const struct {
    int64_t N, D;
} SHAPES[] = { { 1, 1 },    { 7, 7 },     { 8, 7 },     { 33, 1 },   { 65, 15 },  { 100, 16 },
               { 129, 17 }, { 1000, 33 }, { 3001, 13 }, { 257, 95 }, { 300, 97 }, { 611, 131 } };

Test(lstsq, residual_is_orthogonal)
{
    Rng rng = rng_new(11);
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        int64_t N = SHAPES[i].N, D = SHAPES[i].D;
        double *X = random_numbers(&rng, N * D), *y = random_numbers(&rng, N), *w = malloc((size_t)D * sizeof *w), rss,
               want = 0;
        for (int k = 0; k < N_SOLVERS; k++) {
            bool square =
                N < D + D / 4 + 2; /* hardly more rows than columns: a condition number of hundreds, or thousands */
            const char *why = SOLVERS[k].solve(w, &rss, X, y, N, D);
            cr_expect_null(why, "%s, %lldx%lld: %s", SOLVERS[k].name, (long long)N, (long long)D, why);
            double off = not_orthogonal(X, y, w, 0, 0, N, D),
                   most = (square ? 1e6 : 64) * DBL_EPSILON * sqrt((double)N + (double)D);
            cr_expect(off <= most, "%s, %lldx%lld: %g off, %g allowed", SOLVERS[k].name, (long long)N, (long long)D,
                      off, most);
            if (k == 0) want = rss;
            else cr_expect(fabs(rss - want) <= 1e-9 * (double)N, "rss %g and %g", rss, want);
        }
        free(X), free(y), free(w);
    }
}

Test(lstsq, ridge)
{
    enum { N = 501, D = 23 };
    Rng     rng = rng_new(12);
    double *X = random_numbers(&rng, N * D), *y = random_numbers(&rng, N), w[D];
    for (int free_ones = 0; free_ones < 3; free_ones++) {
        cr_expect_null(lstsq_normal(w, NULL, X, y, 37.5, free_ones, N, D));
        double off = not_orthogonal(X, y, w, 37.5, free_ones, N, D);
        cr_expect(off < 1e-13, "%d free: %g off", free_ones, off);
    }
    cr_expect_null(lstsq_normal(w, NULL, X, y, 1, 0, 5, D), "5 rows and a penalty determine 23 weights");
    cr_expect(not_orthogonal(X, y, w, 1, 0, 5, D) < 1e-13);
    free(X), free(y);
}

/* Two columns that differ by 1e-6: normal equations have 4 digits left, QR has 10. */
Test(lstsq, nearly_dependent)
{
    enum { N = 400, D = 3 };
    Rng     rng = rng_new(13);
    double *X = random_numbers(&rng, N * D), y[N], w[D];
    for (int n = 0; n < N; n++) {
        X[n * D + 2] = X[n * D + 1] + 1e-6 * X[n * D + 2];
        y[n] = 3 * X[n * D] + X[n * D + 1] - 2 * X[n * D + 2];
    }
    cr_expect_null(lstsq_qr(w, NULL, X, y, N, D));
    for (int d = 0; d < D; d++) cr_expect(fabs(w[d] - (double[]){ 3, 1, -2 }[d]) < 1e-9, "qr: w[%d] = %.12g", d, w[d]);
    cr_expect_null(normal(w, NULL, X, y, N, D));
    for (int d = 0; d < D; d++)
        cr_expect(fabs(w[d] - (double[]){ 3, 1, -2 }[d]) < 1e-2, "normal: w[%d] = %.12g", d, w[d]);
    free(X);
}

Test(lstsq, refused_with_a_sentence)
{
    enum { N = 300, D = 9 };
    Rng     rng = rng_new(14);
    double *X = random_numbers(&rng, N * D), *y = random_numbers(&rng, N), w[D];
    static const struct { int column; double value; const char *why; } CASES[] = {
        { 4, NAN, "column 4" }, { 8, INFINITY, "column 8" }, { 0, NAN, "column 0" } };
    for (int k = 0; k < N_SOLVERS; k++) {
        for (int d = 0; d < D; d++) w[d] = 42;
        const char *why = SOLVERS[k].solve(w, NULL, X, y, D - 1, D);
        cr_expect(why && strstr(why, "8 rows do not determine 9 weights"), "%s: %s", SOLVERS[k].name,
                  why ? why : "passed");
        for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
            double *cell = &X[17 * D + CASES[i].column], was = *cell;
            *cell = CASES[i].value;
            why = SOLVERS[k].solve(w, NULL, X, y, N, D);
            cr_expect(why, "%s: a column with %g passed", SOLVERS[k].name, CASES[i].value);
            *cell = was;
        }
        double was = y[3];
        y[3] = NAN;
        why = SOLVERS[k].solve(w, NULL, X, y, N, D);
        cr_expect(why && strstr(why, "y holds a NaN"), "%s: %s", SOLVERS[k].name, why ? why : "passed");
        y[3] = was;
        for (int d = 0; d < D; d++) cr_expect_eq(w[d], 42, "w was touched");
    }
    for (int n = 0; n < N; n++) X[n * D + 6] = X[n * D + 1] - 2 * X[n * D + 5];
    for (int k = 0; k < N_SOLVERS; k++) {
        const char *why = SOLVERS[k].solve(w, NULL, X, y, N, D);
        cr_expect(why && strstr(why, "column 6"), "%s: %s", SOLVERS[k].name, why ? why : "passed");
    }
    free(X), free(y);
}

/* The same bits again, inputs untouched. */
Test(lstsq, repeats)
{
    enum { N = 20011, D = 5 };
    Rng     rng = rng_new(15);
    double *X = random_numbers(&rng, N * D), *y = random_numbers(&rng, N), *copy = malloc(sizeof(double) * N * D), w[D],
           again[D];
    memcpy(copy, X, sizeof(double) * N * D);
    for (int k = 0; k < N_SOLVERS; k++) {
        cr_expect_null(SOLVERS[k].solve(w, NULL, X, y, N, D));
        cr_expect_null(SOLVERS[k].solve(again, NULL, X, y, N, D));
        cr_expect(!memcmp(w, again, sizeof w), "%s", SOLVERS[k].name);
        cr_expect(!memcmp(copy, X, sizeof(double) * N * D), "%s wrote into X", SOLVERS[k].name);
    }
    free(X), free(y), free(copy);
}
