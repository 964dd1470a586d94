/* test_softmax_fit.c -- softmax regression by L-BFGS: what it says of f is so, and it ends where nothing slopes. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "rng.h"
#include "softmax_fit.h"

enum { MOST = 300, NUMBERS = 90000, WEIGHTS = 3000 };
static float X[NUMBERS], W[WEIGHTS];
static int   y[3000];

static const struct { int64_t N, D, C; double lambda; } CASE[] = {
    { 1, 1, 1, 0.1 }, { 7, 3, 2, 1 }, { 300, 20, 3, 1e-3 }, { 1100, 65, 17, 1e-2 }, { 3000, 30, 33, 1e-2 },
};
enum { CASES = sizeof CASE / sizeof *CASE };

/* Two thirds of the numbers are 0; a class leans on three columns of its own. */
static void make(Rng *rng, int64_t N, int64_t D, int64_t C)
{
    for (int64_t n = 0; n < N; n++) {
        y[n] = (int)rng_below(rng, (int)C);
        for (int64_t d = 0; d < D; d++)
            X[n * D + d] = rng_below(rng, 3) ? 0 : (float)rng_normal(rng) + (float)(d % C == y[n]);
    }
}

/* f, and its largest slope. */
static long double loss(long double *largest, const float *w, double lambda, int64_t N, int64_t D, int64_t C)
{
    static long double slope[WEIGHTS];
    long double f = 0, z[64];
    for (int64_t i = 0; i < C * D; i++) slope[i] = lambda * w[i], f += lambda / 2 * (long double)w[i] * w[i];
    for (int64_t n = 0; n < N; n++) {
        long double sum = 0, top = -INFINITY;
        for (int64_t c = 0; c < C; c++) {
            z[c] = 0;
            for (int64_t d = 0; d < D; d++) z[c] += (long double)w[c * D + d] * X[n * D + d];
            top = fmaxl(top, z[c]);
        }
        for (int64_t c = 0; c < C; c++) sum += expl(z[c] - top);
        f -= (z[y[n]] - top - logl(sum)) / N;
        for (int64_t i = 0; i < C * D; i++)
            slope[i] += (expl(z[i / D] - top) / sum - (i / D == y[n])) * X[n * D + i % D] / N;
    }
    *largest = 0;
    for (int64_t i = 0; i < C * D; i++) *largest = fmaxl(*largest, fabsl(slope[i]));
    return f;
}

Test(softmax_fit, ends_at_the_bottom)
{
    Rng rng = rng_new(1);
    for (int i = 0; i < CASES; i++) {
        int64_t     N = CASE[i].N, D = CASE[i].D, C = CASE[i].C;
        double      f[MOST + 1];
        long double largest;
        make(&rng, N, D, C);
        int steps = softmax_fit(W, f, X, y, CASE[i].lambda, 1e-5, MOST, N, D, C);
        long double want = loss(&largest, W, CASE[i].lambda, N, D, C);
        cr_expect(steps >= 0 && steps < MOST, "case %d: %d steps", i, steps);
        cr_expect(fabsl(f[steps] - want) <= 1e-6L * fmaxl(want, 1), "case %d: says %.9g, is %.9Lg", i, f[steps], want);
        cr_expect(largest <= 2e-5L, "case %d: it slopes by %Lg after %d steps", i, largest, steps);
        cr_expect(fabs(f[0] - log((double)C)) <= 1e-7, "case %d: begins at %g", i, f[0]);
        for (int k = 1; k <= steps; k++) cr_expect(f[k] <= f[k - 1] + 2e-7, "case %d: step %d rises", i, k);
    }
}

#ifdef _OPENMP
Test(softmax_fit, any_number_of_threads)
{
    static float again[WEIGHTS];
    Rng    rng = rng_new(2);
    double f[21];
    make(&rng, 3000, 30, 10);
    omp_set_num_threads(1);
    softmax_fit(W, f, X, y, 1e-3, 0, 20, 3000, 30, 10);
    omp_set_num_threads(3);
    softmax_fit(again, f, X, y, 1e-3, 0, 20, 3000, 30, 10);
    cr_expect(!memcmp(W, again, 300 * sizeof *W));
}
#endif

Test(softmax_fit, refuses_what_is_no_number_or_class)
{
    Rng    rng = rng_new(3);
    double f[3];
    make(&rng, 10, 4, 3);
    y[7] = 3;
    cr_expect(softmax_fit(W, f, X, y, 1, 0, 2, 10, 4, 3) == -1);
    y[7] = 2, X[39] = NAN;
    cr_expect(softmax_fit(W, f, X, y, 1, 0, 2, 10, 4, 3) == -1);
    X[39] = 0;
    cr_expect(softmax_fit(W, f, X, y, 1, 0, 2, 10, 4, 3) == 2);
}
