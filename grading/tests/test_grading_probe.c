/* test_grading_probe.c -- the buffers of a probe: the same from the same seed, guarded at the end, watched at the
 * start. */
#include "../probe.c"                    /* first, and whole: probe.h's Criterion side is not wanted here */
#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>

void expect_at(bool ok, const char *file, int line, const char *format, ...)
{
    (void)ok, (void)file, (void)line, (void)format;
}

Test(grading_probe, same_seed_same_inputs)
{
    float first[50], other[50];
    for (int round = 0; round < 3; round++) {
        probe_start(round == 2 ? 8 : 7, "name", 3);
        float *x = probe_floats(50);
        if (round == 0) memcpy(first, x, sizeof first);
        if (round == 1) cr_assert(!memcmp(first, x, sizeof first), "the same seed gave other values");
        if (round == 2) cr_assert(memcmp(first, x, sizeof first), "another seed gave the same values");
    }
    probe_start(7, "other", 3);
    memcpy(other, probe_floats(50), sizeof other);
    cr_assert(memcmp(first, other, sizeof first), "another probe on the same seed gave the same values");
}

Test(grading_probe, pick_goes_round)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        int seen[12] = { 0 }, pairs[4][4] = { { 0 } };
        for (int trial = 0; trial < 12; trial++) {
            probe_start(seed, "n", trial);
            seen[probe_pick(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)]++;
            int a = probe_pick(0, 1, 2, 3), b = probe_pick(0, 1, 2, 3);
            pairs[a][b]++;
        }
        for (int k = 0; k < 12; k++)
            cr_assert_eq(seen[k], 1, "seed %d: %d occurred %d times in 12 trials", (int)seed, k, seen[k]);
        for (int a = 0; a < 4; a++) cr_assert_eq(pairs[a][0] + pairs[a][1] + pairs[a][2] + pairs[a][3], 3);
    }
}

Test(grading_probe, two_picks_are_not_in_step)           /* 16 pairs are possible; in lockstep only 4 would occur */
{
    int pairs = 0, seen[4][4] = { { 0 } };
    for (int trial = 0; trial < 200; trial++) {
        probe_start(1, "n", trial);
        int a = probe_pick(0, 1, 2, 3), b = probe_pick(0, 1, 2, 3);
        pairs += !seen[a][b]++;
    }
    cr_assert_eq(pairs, 16, "%d of 16 pairs occurred", pairs);
}

Test(grading_probe, several_distributions)
{
    int large = 0, small = 0, tied = 0, inside = 0;
    for (int trial = 0; trial < 200; trial++) {
        probe_start(5, "n", trial);
        float *x = probe_floats(100), max = 0;
        int equal = 0;
        for (int i = 0; i < 100; i++) {
            cr_assert(isfinite(x[i]) && x[i] != 0, "trial %d: %g", trial, x[i]);
            if (fabsf(x[i]) > max) max = fabsf(x[i]);
            equal += i && x[i] == x[i - 1];
        }
        large += max > 10, small += max < 0.6f, tied += equal > 3, inside += max <= 1 && max > 0.8f;
    }
    cr_assert(large > 10 && small > 10 && tied > 10 && inside > 10, "%d large, %d small, %d tied, %d uniform of 200",
              large, small, tied, inside);
}

Test(grading_probe, ranges_hold_both_ends)
{
    bool low = false, high = false;
    probe_start(1, "n", 0);
    for (int i = 0; i < 1000; i++) {
        int k = probe_int(-2, 3);
        cr_assert(k >= -2 && k <= 3);
        low |= k == -2, high |= k == 3;
    }
    cr_assert(low && high);
    cr_assert_eq(probe_int(5, 5), 5);
    cr_assert_eq(probe_int(INT32_MIN, INT32_MIN), INT32_MIN);
    int *p = probe_permutation(33), seen[33] = { 0 };
    for (int i = 0; i < 33; i++) cr_assert(p[i] >= 0 && p[i] < 33 && !seen[p[i]]++);
}

/* How a child ends that touches an address. */
static int touch(volatile char *p, bool write)
{
    pid_t pid = fork();
    int status = 0;
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL), signal(SIGBUS, SIG_DFL);
        if (write) *p = 1;
        else (void)*p;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

Test(grading_probe, a_guard_behind_every_buffer)
{
    static const int sizes[] = { 0, 1, 7, 1024, 1025, 5000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int n = sizes[i];
        probe_start(1, "n", 0);
        char *end[] = { (char *)(probe_floats(n) + n),     (char *)(probe_doubles(n) + n),
                        (char *)(probe_ints(n, 0, 9) + n), (char *)(probe_output(n) + n),
                        (char *)(probe_inout(n) + n),      (char *)(probe_output_ints(n) + n) };
        for (size_t k = 0; k < sizeof end / sizeof *end; k++) {
            cr_assert(touch(end[k], false) != 0, "%d values, kind %zu: the byte behind could be read", n, k);
#ifdef NO_SANITIZER
            cr_assert(probe_touched(end[k]) != NULL);
#endif
            if (n) cr_assert_eq(touch(end[k] - 1, true), 0);
        }
    }
    cr_assert_null(probe_touched(NULL));
    cr_assert_eq((uintptr_t)probe_floats_aligned(33) % 64, 0);
}

Test(grading_probe, outputs_are_poisoned)
{
    probe_start(1, "n", 0);
    cr_assert(isnan(probe_output(3)[2]) && isnan(probe_output_doubles(3)[2]) && probe_output_ints(3)[2] == INT32_MIN);
}

Test(grading_probe, changes_are_noticed)
{
    probe_start(1, "n", 0);
    float *x = probe_floats(5), *y = probe_output(5), *z = probe_inout(5);
    x[0] = 3;                                           /* before the freeze: the probe's own doing */
    probe_freeze();
    y[1] = z[1] = 2;
    cr_assert_null(probe_damage());
    x[4] = -x[4];
    cr_assert(strstr(probe_damage(), "element 4 of an input of 5 values"), "%s", probe_damage());
    probe_freeze();
    cr_assert_null(probe_damage());
}

#ifdef NO_SANITIZER
Test(grading_probe, writing_before_the_first_is_noticed)
{
    probe_start(1, "n", 0);
    float *y = probe_output(5);
    y[-1] = 0;
    cr_assert(strstr(probe_damage(), "before the first element"), "%s", probe_damage());
}
#endif
