/* criterion.h -- for the judge of `make dist`, which is static and always run with --direct: what judge.c and probe.h
 * ask of Criterion, with nothing behind it. */
#pragma once
#include <stdio.h>

#define Test(suite, name, ...) static void __attribute__((unused)) test_##suite##_##name(void)
#define cr_skip_test(...)      return
#define cr_assert(ok, ...)     ((void)(ok))

struct criterion_test_set;
static inline struct criterion_test_set *criterion_initialize(void)   { return NULL; }
static inline int  criterion_run_all_tests(struct criterion_test_set *s) { return s == NULL; }
static inline void criterion_finalize(struct criterion_test_set *s)      { (void)s; }
static inline int  criterion_handle_args(int argc, char **argv, int unknown)
{
    (void)argc, (void)unknown;
    fprintf(stderr, "%s: this judge has no Criterion in it: --direct\n", argv[0]);
    return 0;
}
