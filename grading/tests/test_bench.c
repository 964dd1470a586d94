/* test_bench.c -- the harness: who is wrong gets no time, costs are computed right, intervals are those of the tables.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include "harness.h"

/* Its own files, without the program around them. */
#include "../../bench/buffer.c"
#include "../../bench/formula.c"
#include "../../bench/measure.c"
#include "../../bench/resident.c"

double machine_clock(void) { return 1; }
int64_t machine_cache(int level) { return level == 3 ? 64 << 20 : 1 << 15; }
const char *peer_open(Peer *p, Bench *b) { return (void)p, (void)b, NULL; }
const char *peer_outputs(Peer *p, Bench *b, Contestant *c) { return (void)p, (void)b, (void)c, NULL; }
void peer_close(Peer *p) { (void)p; }
const char *peer_memory(Peer *p, int64_t *bytes) { return (void)p, (void)bytes, "no peers here"; }
const char *peer_run(Peer *p, int64_t calls, bool reheat, double *wall, double *cpu, double *flushed)
{
    return (void)p, (void)calls, (void)reheat, (void)wall, (void)cpu, (void)flushed, "no peers here";
}

/* ---- Costs ------------------------------------------------------------------------------------------------------- */

Test(bench, formulas)
{
    static const struct { const char *text; double value; } KNOWN[] = {
        { "2*M*N*K", 2.0 * 3000 * 70000 * 11 }, { "4*(M*K + K*N)", 4.0 * (3000 * 11 + 11 * 70000.0) },
        { "M - N - K", 3000 - 70000 - 11 },     { "N/K/2", 70000 / 11.0 / 2 },
        { "-K + 1.5", -9.5 },                   { " M ", 3000 },
        { "2*(3 + K)*2", 56 },                  { "M*M*M*M", 8.1e13 },
    };
    int size[] = { 3000, 70000, 11 };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        double v;
        const char *why = formula_value(KNOWN[i].text, "MNK", size, &v);
        cr_expect(!why && fabs(v - KNOWN[i].value) <= 1e-12 * fabs(KNOWN[i].value), "%s is %g, want %g: %s",
                  KNOWN[i].text, v, KNOWN[i].value, why ? why : "");
    }
}

Test(bench, formulas_refused)
{
    static const char *const BAD[] = { "2*X", "2*(M", "2 M", "", "M*", "M)", "*M" };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        double v;
        const char *why = formula_value(BAD[i], "MNK", (int[]){ 1, 2, 3 }, &v);
        cr_expect(why && strstr(why, BAD[i]), "'%s' passed", BAD[i]);
    }
    char deep[300] = { 0 };
    memset(deep, '(', 299);
    double v;
    cr_expect(formula_value(deep, "M", (int[]){ 1 }, &v), "299 brackets passed");
}

/* ---- Intervals: ranks as in the tables of the sign test ---------------------------------------------------------- */

Test(bench, ranks_of_the_median)
{
    static const struct { int n, rank;
    } KNOWN[] = { { 5, 0 },  { 6, 1 },  { 8, 1 },  { 9, 2 },  { 11, 2 },  { 12, 3 },
                  { 15, 4 }, { 17, 5 }, { 20, 6 }, { 25, 8 }, { 30, 10 }, { 50, 18 } };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        cr_expect_eq(rank_of_interval(KNOWN[i].n), KNOWN[i].rank, "n = %d: %d, want %d", KNOWN[i].n,
                     rank_of_interval(KNOWN[i].n), KNOWN[i].rank);
    Interval t = interval_of((double[]){ 9, 1, 8, 2, 7, 3, 6, 4, 5, 10, 11 }, 11);
    cr_expect(t.median == 6 && t.low == 2 && t.high == 10, "%g [%g, %g]", t.median, t.low, t.high);
    t = interval_of((double[]){ 4, 2, 3 }, 3);
    cr_expect(t.median == 3 && t.low == 2 && t.high == 4, "fewer than 6: the range, not %g [%g, %g]", t.median, t.low,
              t.high);
}

Test(bench, ratio_of_runs)
{
    double a[30], b[30];
    Rng    rng = rng_new(7);
    for (int i = 0; i < 30; i++) a[i] = 1 + 0.01 * rng_normal(&rng), b[i] = 2 + 0.02 * rng_normal(&rng);
    Interval same = interval_ratio(a, 30, a, 30), half = interval_ratio(a, 30, b, 30);
    cr_expect(same.low <= 1 && 1 <= same.high && same.median == 1, "with itself: [%g, %g]", same.low, same.high);
    cr_expect(half.low > 0.48 && half.high < 0.52, "half: [%g, %g]", half.low, half.high);
}

/* ---- Contestants ------------------------------------------------------------------------------------------------- */

enum { N = 1003 };

static void twice(Bench *b, const int *size)
{
    const float *x = bench_in(b, "x", size[0]);
    float       *y = bench_out(b, "y", size[0]);
    for (int i = 0; i < size[0]; i++) y[i] = 2 * x[i];
}
static void twice_nearly(Bench *b, const int *size)
{
    twice(b, size), bench_out(b, "y", size[0])[size[0] - 1] *= 1.01f;
}
static void twice_half(Bench *b, const int *size)
{
    const float *x = bench_in(b, "x", size[0]);
    float       *y = bench_out(b, "y", size[0]);
    for (int i = 0; i < size[0] / 2; i++) y[i] = 2 * x[i];
}
static void twice_spoils(Bench *b, const int *size)
{
    twice(b, size), ((float *)(uintptr_t)bench_in(b, "x", size[0]))[5] = 0;
}

/* Right when it is looked at first, then it only pretends to work. */
static void twice_lazy(Bench *b, const int *size)
{
    static int calls;
    if (calls++ < 3) twice(b, size);
}

/* The same in memory of its own, where last time's values still lie. */
static float own[N];
static void twice_elsewhere_lazy(Bench *b, const int *size)
{
    static int   calls;
    const float *x = bench_in(b, "x", size[0]);
    for (int i = 0; i < size[0] && calls < 3; i++) own[i] = 2 * x[i];
    calls++;
    bench_wrote(b, "y", own, size[0]);
}
static void twice_truth(Bench *b, const int *size)
{
    const float *x = bench_in(b, "x", size[0]);
    for (int i = 0; i < size[0]; i++) bench_want(b, "y", size[0])[i] = 2 * (double)x[i];
}
static void add(Bench *b, const int *size)
{
    const float *x = bench_in(b, "x", size[0]);
    float       *y = bench_inout(b, "y", size[0]);
    for (int i = 0; i < size[0]; i++) y[i] += x[i];
}
static void refuses(Bench *b, const int *size) { bench_absent(b, "not at size %d", size[0]); }

static Bench *bench_of(int n, const BenchRow *rows)
{
    Bench *b = calloc(1, sizeof *b);
    *b = (Bench){
        .name = "twice", .dims = "N", .size = { N }, .n_dims = 1, .threads = 1, .terms = 1, .seed = 1, .contestants = n
    };
    for (int i = 0; i < n; i++) {
        b->contestant[i].row = &rows[i];
        snprintf(b->contestant[i].label, sizeof b->contestant[i].label, "%s", rows[i].contestant);
        if (rows[i].truth) b->truth = rows[i].truth;
    }
    return b;
}

Test(bench, the_wrong_get_no_time)
{
    static const struct { BenchRow row; const char *why; } ALL[] = {
        { { "twice", twice, .contestant = "right" }, NULL },
        { { "twice", twice_nearly, .contestant = "one number wrong" }, "y[1002]" },
        { { "twice", twice_half, .contestant = "half of it" }, "y[501] is NaN or was not written" },
        { { "twice", twice_lazy, .contestant = "lazy" }, "NaN or was not written" },
        { { "twice", twice_elsewhere_lazy, .contestant = "lazy elsewhere" }, "NaN or was not written" },
    };
    enum { ROWS = sizeof ALL / sizeof *ALL };
    BenchRow rows[ROWS];
    for (int i = 0; i < ROWS; i++) rows[i] = ALL[i].row;
    Bench      *b = bench_of(ROWS, rows);
    const char *why = measure_case(b, 0.01);
    cr_assert_null(why, "%s", why);
    for (int i = 0; i < ROWS; i++) {
        const Contestant *c = &b->contestant[i];
        if (ALL[i].why)
            cr_expect(c->samples == 0 && strstr(c->wrong, ALL[i].why), "%s: %d samples, '%s'", c->label, c->samples,
                      c->wrong);
        else cr_expect(c->samples >= MIN_ROUNDS && !*c->wrong, "%s: %d samples, '%s'", c->label, c->samples, c->wrong);
        for (int k = 0; k < c->samples; k++) cr_expect(c->sample[k] > 0, "a time of %g s", c->sample[k]);
    }
    buffer_forget(b);
    free(b);
}

Test(bench, inputs_are_not_for_writing)
{
    static const BenchRow rows[] = { { "twice", twice, .contestant = "right" },
                                     { "twice", twice_spoils, .contestant = "spoils" },
                                     { "twice", twice, .contestant = "after it" } };
    Bench *b = bench_of(3, rows);
    cr_expect_null(measure_case(b, 0.01));
    cr_expect(b->contestant[2].samples >= MIN_ROUNDS, "'%s'", b->contestant[2].wrong);
    cr_expect(strstr(b->contestant[1].wrong, "its input x"), "'%s'", b->contestant[1].wrong);
    cr_expect_eq(b->contestant[1].samples, 0);
    buffer_forget(b);
    free(b);
}

Test(bench, truth_measures_the_textbook_too)
{
    static const BenchRow rows[] = { { "twice", twice_nearly, .contestant = "textbook" },
                                     { "twice", twice, .contestant = "library", .truth = twice_truth } };
    Bench *b = bench_of(2, rows);
    cr_expect_null(measure_case(b, 0.01));
    cr_expect(*b->contestant[0].wrong && !*b->contestant[1].wrong && b->contestant[1].samples >= MIN_ROUNDS);
    buffer_forget(b);
    free(b);
}

Test(bench, inouts_start_anew_before_each_call)
{
    static const BenchRow rows[] = { { "twice", add, .contestant = "textbook" },
                                     { "twice", add, .contestant = "again" } };
    Bench *b = bench_of(2, rows);
    cr_expect_null(measure_case(b, 0.01));
    for (int i = 0; i < 2; i++)
        cr_expect(b->contestant[i].samples >= MIN_ROUNDS, "%d samples, '%s'", b->contestant[i].samples,
                  b->contestant[i].wrong);
    cr_expect(b->contestant[0].calls > 1, "a call of a microsecond alone is no sample");
    buffer_forget(b);
    free(b);
}

/* The flush between the calls must not disturb what is checked. How much slower cold is depends on the machine and
 * on who else uses its caches: no test of it, but of the bytes that are walked over before each call. */
static int64_t cold_calls;
static void twice_counted(Bench *b, const int *size) { twice(b, size), cold_calls++; }

Test(bench, cold_rows_are_checked_and_timed)
{
    static const BenchRow rows[] = { { "twice", twice_counted, .contestant = "textbook" },
                                     { "twice", twice_nearly, .contestant = "wrong" } };
    Bench *b = bench_of(2, rows);
    b->size[0] = 32768;
    b->cold = true;
    cold_calls = 0;
    cr_expect_null(measure_case(b, 0.05));
    cr_expect(b->contestant[0].samples >= MIN_ROUNDS && !*b->contestant[0].wrong);
    cr_expect(interval_of(b->contestant[0].sample, b->contestant[0].samples).median > 0);
    cr_expect(*b->contestant[1].wrong);
    cr_expect(flush_size() >= 2 * (size_t)machine_cache(3), "%zu bytes leave something in L3", flush_size());
    cr_expect(cold_calls > MIN_ROUNDS && b->contestant[0].flushed == (double)cold_calls * (double)flush_size(),
              "%g bytes flushed in %lld calls", b->contestant[0].flushed, (long long)cold_calls);
    buffer_forget(b);
    free(b);
}

Test(bench, hot_rows_flush_nothing)
{
    static const BenchRow rows[] = { { "twice", twice_counted, .contestant = "textbook" } };
    Bench *b = bench_of(1, rows);
    cr_expect_null(measure_case(b, 0.01));
    cr_expect_eq(b->contestant[0].flushed, 0);
    cr_expect_eq(b->contestant[0].memory, 0, "nobody asked for it");
    buffer_forget(b);
    free(b);
}

/* ---- Memory: one keeps what it touched, one gives it back, one touches nothing ----------------------------------- */

enum { MIB = 1 << 20 };
static char *touched;

static void touch(size_t bytes)
{
    if (!touched) touched = memory_new(bytes, 0);
    for (size_t i = 0; i < bytes; i += 4096) touched[i] = 1;
}
static void twice_keeps(Bench *b, const int *size) { touch(64 * MIB), twice(b, size); }
static void drop_touched(Bench *b, const int *size)
{
    (void)b, (void)size;
    memory_free(touched, 64 * MIB, 0);
    touched = NULL;
}
static void twice_returns(Bench *b, const int *size)
{
    touch(32 * MIB), twice(b, size);
    memory_free(touched, 32 * MIB, 0);
    touched = NULL;
}

Test(bench, the_peak_of_a_call)
{
    static const BenchRow rows[] = { { "twice", twice, .contestant = "nothing" },
                                     { "twice", twice_returns, .contestant = "returns" },
                                     { "twice", twice_keeps, .contestant = "keeps", .teardown = drop_touched } };
    static const int64_t least[] = { 0, 32 * MIB, 64 * MIB };
    if (resident_mark() < 0) cr_skip_test("this kernel keeps no mark");
    for (int i = 0; i < 3; i++) {
        Bench *b = bench_of(1, &rows[i]);
        b->memory = true;
        cr_expect_null(measure_case(b, 0.01));
        int64_t got = b->contestant[0].memory;
        cr_expect(got >= least[i] - MIB && got <= least[i] + 3 * MIB, "%s: %lld bytes", rows[i].contestant,
                  (long long)got);
        buffer_forget(b);
        free(b);
    }
}

Test(bench, inputs_are_random_and_the_same)
{
    static const BenchRow rows[] = { { "twice", twice, .contestant = "textbook" },
                                     { "twice", twice, .contestant = "absent", .setup = refuses } };
    float first[N];
    for (int run = 0; run < 3; run++) {
        Bench *b = bench_of(2, rows);
        b->seed = run == 2 ? 2 : 1;
        cr_expect_null(measure_case(b, 0.01));
        const float *x = bench_in(b, "x", N);
        double       sum = 0, square = 0;
        for (int i = 0; i < N; i++) sum += x[i], square += x[i] * x[i];
        cr_expect(fabs(sum / N) < 0.15 && fabs(square / N - 1) < 0.2, "mean %g, square %g", sum / N, square / N);
        if (run == 0) memcpy(first, x, sizeof first);
        else cr_expect_eq(!memcmp(first, x, sizeof first), run == 1, "seed %d", (int)b->seed);
        cr_expect(strstr(b->contestant[1].absent, "not at size 1003") && b->contestant[1].samples == 0);
        buffer_forget(b);
        free(b);
    }
}
