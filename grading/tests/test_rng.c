/* test_rng.c -- published answers first, then what the numbers are for: their distribution. Seeds are fixed, bounds are
 * at one in a thousand or rarer, so a failure is a mistake. */
#include "rng.h"
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* kat_vectors of Random123 1.09 for philox4x32 with 10 rounds. The last counter and key are digits of pi. */
Test(rng, known_answers)
{
    static const struct { uint32_t counter[4], key[2], out[4]; } KNOWN[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        uint32_t out[4];
        rng_philox(out, KNOWN[i].counter, KNOWN[i].key);
        for (int k = 0; k < 4; k++)
            cr_assert_eq(out[k], KNOWN[i].out[k], "vector %zu, word %d: got %08x, want %08x", i, k, out[k],
                         KNOWN[i].out[k]);
    }
}

/* A draw is one block of the stream, so it can be computed from the paper's function alone. */
Test(rng, draws_are_blocks)
{
    Rng r = rng_new(0x123456789abcdef0), copy;
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t out[4];
        rng_philox(out, (uint32_t[]){ i, 0, 0, 0 }, (uint32_t[]){ 0x9abcdef0, 0x12345678 });
        copy = r;
        cr_assert_eq(rng_u32(&copy), out[0]);
        copy = r;
        double u = (double)(((uint64_t)out[1] << 32 | out[0]) >> 11) / 9007199254740992.;
        double v = (double)(((uint64_t)out[3] << 32 | out[2]) >> 11) / 9007199254740992.;
        cr_assert_eq(rng_uniform(&copy), u);
        cr_assert_eq(copy.counter, r.counter + 1);
        copy = r;
        double want = sqrt(-2 * log(1 - u)) * cos(8 * atan(1) * v), got = rng_normal(&copy);
        cr_assert(fabs(got - want) <= 1e-14, "draw %u: got %.17g, want %.17g", i, got, want);
        r = copy;
    }
}

Test(rng, every_kind_of_draw_moves_the_counter_by_one)
{
    Rng r = rng_new(7), alone = rng_new(7);
    rng_u32(&r), rng_uniform(&r), rng_normal(&r), rng_below(&r, 1000), rng_below(&r, (int64_t)3 << 61);
    cr_assert_eq(r.counter, 5);
    alone.counter = 5;
    cr_assert_eq(rng_normal(&r), rng_normal(&alone), "a draw depends on how the ones before it were made");
}

static void use_threads(int n)
{
#ifdef _OPENMP
    omp_set_num_threads(n);
#else
    (void)n;
#endif
}

Test(rng, fills_are_the_draws_for_any_number_of_threads)
{
    static const int64_t SIZE[] = { 1, 2, 3, 31, 1000, 4097, 10007 };
    Arena *a = arena_new("test");
    for (int s = 0; s < 7; s++)
        for (int threads = 1; threads <= 7; threads += 2) {
            Tensor *u = tensor_new(a, DEV_CPU, F64, SHAPE(SIZE[s])), *n = tensor_new(a, DEV_CPU, F32, SHAPE(SIZE[s]));
            Rng filled = rng_new(11), drawn = rng_new(11);
            use_threads(threads);
            rng_fill_uniform(&filled, u, -2, 3);
            rng_fill_normal(&filled, n, 1, .5);
            for (int64_t i = 0; i < SIZE[s]; i++)
                cr_assert_eq(((double *)u->data)[i], -2 + 5 * rng_uniform(&drawn), "uniform %ld of %ld, %d threads",
                             (long)i, (long)SIZE[s], threads);
            for (int64_t i = 0; i < SIZE[s]; i++)
                cr_assert_eq(((float *)n->data)[i], (float)(1 + .5 * rng_normal(&drawn)),
                             "normal %ld of %ld, %d threads", (long)i, (long)SIZE[s], threads);
            cr_assert_eq(filled.counter, drawn.counter);
        }
    arena_free(a);
}

Test(rng, streams_depend_on_the_seed_and_their_number_alone)
{
    Rng r = rng_new(5), early = rng_stream(&r, 3);
    for (int i = 0; i < 100; i++) rng_u32(&r);
    Rng late = rng_stream(&r, 3);
    cr_assert(early.key == late.key && late.counter == 0);
    for (uint64_t i = 0; i < 200; i++)
        for (uint64_t k = 0; k < i; k++) cr_assert_neq(rng_stream(&r, i).key, rng_stream(&r, k).key);
    Rng nested = rng_stream(&early, 3);
    cr_assert_neq(nested.key, early.key);
}

Test(rng, streams_are_uncorrelated)
{
    enum { N = 20000 };
    Rng r = rng_new(42), a = rng_stream(&r, 0), b = rng_stream(&r, 1);
    double own = 0, parent = 0;
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&a), y = rng_normal(&b), z = rng_normal(&r);
        own += x * y;
        parent += x * z;
    }
    cr_assert_lt(fabs(own / sqrt(N)), 3.3, "two streams: %g standard errors", own / sqrt(N));
    cr_assert_lt(fabs(parent / sqrt(N)), 3.3, "stream and parent: %g standard errors", parent / sqrt(N));
}

/* The cube root of a chi-square of k - 1 degrees is nearly normal (Wilson, Hilferty 1931): deviations of it. */
static double chi_square(const int64_t *count, int k)
{
    double n = 0, x = 0, d = k - 1;
    for (int i = 0; i < k; i++) n += (double)count[i];
    for (int i = 0; i < k; i++) x += ((double)count[i] - n / k) * ((double)count[i] - n / k) / (n / k);
    return (cbrt(x / d) - (1 - 2 / (9 * d))) / sqrt(2 / (9 * d));
}

Test(rng, bytes_are_uniform)
{
    int64_t count[4][256] = { 0 };
    Rng r = rng_new(1);
    for (int i = 0; i < 200000; i++) {
        uint32_t x = rng_u32(&r);
        for (int k = 0; k < 4; k++) count[k][x >> 8 * k & 255]++;
    }
    for (int k = 0; k < 4; k++)
        cr_assert_lt(fabs(chi_square(count[k], 256)), 3.3, "byte %d: %g deviations", k, chi_square(count[k], 256));
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sqrt(n) times Kolmogorov's distance; above 1.95 once in a thousand. */
static double kolmogorov(double *x, int n, double (*cdf)(double))
{
    double most = 0;
    qsort(x, (size_t)n, sizeof *x, by_value);
    for (int i = 0; i < n; i++) {
        double f = cdf(x[i]);
        most = fmax(most, fmax((i + 1.) / n - f, f - (double)i / n));
    }
    return sqrt(n) * most;
}

static double uniform_cdf(double x) { return x; }
static double normal_cdf(double x) { return erfc(-x / sqrt(2)) / 2; }

Test(rng, distributions)
{
    enum { N = 400000 };
    static double u[N], z[N];
    Rng r = rng_new(2024);
    double mean = 0, square = 0, cube = 0, fourth = 0, low = 1, high = 0;
    for (int i = 0; i < N; i++) {
        u[i] = rng_uniform(&r);
        low = fmin(low, u[i]);
        high = fmax(high, u[i]);
    }
    for (int i = 0; i < N; i++) {
        z[i] = rng_normal(&r);
        mean += z[i] / N, square += z[i] * z[i] / N, cube += pow(z[i], 3) / N, fourth += pow(z[i], 4) / N;
    }
    cr_assert(low >= 0 && high < 1);
    cr_assert_lt(kolmogorov(u, N, uniform_cdf), 1.95);
    cr_assert_lt(kolmogorov(z, N, normal_cdf), 1.95);
    /* variances of the four averages: 1, 2, 15, 96, over N */
    cr_assert_lt(fabs(mean) * sqrt(N), 3.3, "mean %g", mean);
    cr_assert_lt(fabs(square - 1) * sqrt(N / 2.), 3.3, "variance %g", square);
    cr_assert_lt(fabs(cube) * sqrt(N / 15.), 3.3, "third moment %g", cube);
    cr_assert_lt(fabs(fourth - 3) * sqrt(N / 96.), 3.3, "fourth moment %g", fourth);
}

Test(rng, below_is_uniform)
{
    static const int N[] = { 1, 2, 3, 7, 10, 100 };
    Rng r = rng_new(9);
    for (int k = 0; k < 6; k++) {
        int64_t count[100] = { 0 };
        for (int i = 0; i < 50000; i++) {
            int64_t x = rng_below(&r, N[k]);
            cr_assert(x >= 0 && x < N[k], "%ld below %d", (long)x, N[k]);
            count[x]++;
        }
        if (N[k] > 1)
            cr_assert_lt(fabs(chi_square(count, N[k])), 3.3, "below %d: %g deviations", N[k], chi_square(count, N[k]));
    }
    int64_t x = rng_below(&r, INT64_MAX);
    cr_assert(x >= 0 && x < INT64_MAX);
}

/* 2^64 is 2 2/3 times 3 2^61: without rejection, one in three values comes 2 times for the others' 3. */
Test(rng, below_has_no_bias)
{
    int64_t count[3] = { 0 };
    Rng r = rng_new(10);
    for (int i = 0; i < 30000; i++) count[rng_below(&r, (int64_t)3 << 61) % 3]++;
    cr_assert_lt(fabs(chi_square(count, 3)), 3.3, "remainders by 3: %ld %ld %ld", (long)count[0], (long)count[1],
                 (long)count[2]);
}

Test(rng, below_zero, .signal = SIGABRT)
{
    Rng r = rng_new(1);
    rng_below(&r, 0);
}

Test(rng, every_order_is_equally_likely)
{
    int64_t count[256] = { 0 }, packed[24];
    Rng r = rng_new(3);
    for (int i = 0; i < 48000; i++) {
        int32_t x[4] = { 0, 1, 2, 3 };
        rng_shuffle(&r, x, 4);
        count[x[0] | x[1] << 2 | x[2] << 4 | x[3] << 6]++;
    }
    int orders = 0;
    for (int i = 0; i < 256; i++)
        if (count[i]) {
            cr_assert_lt(orders, 24, "something that is no order");
            packed[orders++] = count[i];
        }
    cr_assert_eq(orders, 24);
    cr_assert_lt(fabs(chi_square(packed, 24)), 3.3, "%g deviations", chi_square(packed, 24));
}

Test(rng, same_seed_same_order)
{
    int32_t a[101], b[101];
    for (int i = 0; i < 101; i++) a[i] = b[i] = i;
    Rng r = rng_new(8), s = rng_new(8);
    rng_shuffle(&r, a, 101);
    rng_shuffle(&s, b, 101);
    cr_assert(!memcmp(a, b, sizeof a));
    rng_shuffle(&r, a, 101);
    cr_assert(memcmp(a, b, sizeof a));
}
