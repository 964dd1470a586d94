/* probe.h -- what a test file may say. One file, three programs: the worker, the judge (-DJUDGE), the oracle
 * (-DORACLE_TESTS). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * PROBE(step, name) { ... }     runs in the worker with the learner's code: makes inputs, calls the function, emits
 *                               what it wrote. It holds no expected value: the judge compares with the reference's.
 * ORACLE(step, name) { ... }    runs with the reference only, in `make check`: proves that the reference is right.
 * JUDGE_OF(step, name) { ... }  for a probe that no mode of comparison fits: replaces the judge's comparison. Compiled
 *                               into the judge only; the same probe_*() calls give the same inputs, judge_values()
 *                               what came.
 * A body runs many times (a trial each) on fresh inputs of the same seed.
 */
typedef struct Probe { const char *suite, *name; int line; void (*run)(void); } Probe;

#define PROBE_BODY(kind, s, n) static void __attribute__((unused)) kind##_##s##_##n(void)
#define PROBE_LISTED(s, n, run)                                                                             \
    static const Probe entry_##s##_##n = { #s, #n, __LINE__, run };                                         \
    static const Probe *const __attribute__((used, section("probes"))) listed_##s##_##n = &entry_##s##_##n;
#if defined JUDGE
#include <criterion/criterion.h>
void judge_probe(const char *suite, const char *name, void (*own)(void));
#define PROBE(s, n)                                                                                         \
    static void __attribute__((weakref("judge_of_" #s "_" #n))) own_##s##_##n(void);                        \
    static void judged_##s##_##n(void) { judge_probe(#s, #n, own_##s##_##n); }                              \
    PROBE_LISTED(s, n, judged_##s##_##n)                                                                    \
    Test(s, n, .timeout = 60) { judged_##s##_##n(); }                                                       \
    PROBE_BODY(probe, s, n)
#define ORACLE(s, n)   PROBE_BODY(oracle, s, n)
#define JUDGE_OF(s, n) void judge_of_##s##_##n(void); void judge_of_##s##_##n(void)
#elif defined ORACLE_TESTS
#include <criterion/criterion.h>
void oracle_run(const char *suite, const char *name, void (*body)(void));
#define PROBE(s, n) PROBE_BODY(probe, s, n)
#define ORACLE(s, n)                                                                     \
    PROBE_BODY(oracle, s, n);                                                            \
    Test(s, n, .timeout = 60) { oracle_run(#s, #n, oracle_##s##_##n); }                  \
    PROBE_BODY(oracle, s, n)
#define JUDGE_OF(s, n) PROBE_BODY(judge_of, s, n)
#else
#define PROBE(s, n)                                                                                         \
    PROBE_BODY(probe, s, n);                                                                                \
    PROBE_LISTED(s, n, probe_##s##_##n)                                                                     \
    PROBE_BODY(probe, s, n)
#define ORACLE(s, n)   PROBE_BODY(oracle, s, n)
#define JUDGE_OF(s, n) PROBE_BODY(judge_of, s, n)
#endif

/* ---- Inputs. Each buffer ends at a page that may not be touched; none is aligned further than its type. ---------- */

int     probe_int(int low, int high);                       /* both ends included */
double  probe_real(double low, double high);
int     probe_pick_of(int n, const int *from);
#define probe_pick(...) probe_pick_of(sizeof(int[]){ __VA_ARGS__ } / sizeof(int), (int[]){ __VA_ARGS__ })
                                                            /* goes round from trial to trial: every value occurs */
float  *probe_floats(int n);                                /* from one of several distributions, changing by trial */
float  *probe_normal(int n, double mean, double sd);
float  *probe_uniform(int n, double low, double high);
float  *probe_floats_aligned(int n);                        /* 64-byte aligned instead of ending at the guard page */
double *probe_doubles(int n);
double *probe_normal_doubles(int n, double mean, double sd);
double *probe_uniform_doubles(int n, double low, double high);
int    *probe_ints(int n, int low, int high);
int    *probe_permutation(int n);                           /* of 0 .. n-1 */
float  *probe_copy(int n, const float *values);
double *probe_copy_doubles(int n, const double *values);
int    *probe_copy_ints(int n, const int *values);
#define probe_given(...)         probe_copy(sizeof(float[]){ __VA_ARGS__ } / sizeof(float), (float[]){ __VA_ARGS__ })
#define probe_given_doubles(...) \
    probe_copy_doubles(sizeof(double[]){ __VA_ARGS__ } / sizeof(double), (double[]){ __VA_ARGS__ })
#define probe_given_ints(...)    probe_copy_ints(sizeof(int[]){ __VA_ARGS__ } / sizeof(int), (int[]){ __VA_ARGS__ })

float  *probe_output(int n);                                /* poisoned with NaN */
double *probe_output_doubles(int n);
int    *probe_output_ints(int n);                           /* poisoned with INT_MIN */
float  *probe_inout(int n);                                 /* random, and may change: accumulated gradients */
double *probe_inout_doubles(int n);
double *probe_inout_copy(int n, const double *values);

/* Inputs are what they are now: after this, the worker reports any that change. Call it just before the function. */
void    probe_freeze(void);

/* ---- Outputs. Shapes at the end: emit("y", y, N, C). float, double or int. --------------------------------------- */

/* Close: |got - want| <= (4 + sqrt K) epsilon max(scale, largest finite |want|); NaN only where the reference has
 * NaN, the same infinities. K, the reduction length, is the last dimension unless probe_terms says otherwise; scale
 * is the size of what is rounded on the way. Both hold for the emits that follow in this trial, and the judge takes
 * the reference's. */
void    probe_terms(int K);
void    probe_scale(double size);
double  probe_largest(const double *v, int n);              /* of the absolute values; 0 for none */

enum { EMIT_CLOSE, EMIT_EXACT, EMIT_UP_TO_SIGN, EMIT_LABELS, EMIT_SET, EMIT_LOSS };
#define emit(name, p, ...)            PROBE_EMIT(EMIT_CLOSE, name, p, __VA_ARGS__)
#define emit_exact(name, p, ...)      PROBE_EMIT(EMIT_EXACT, name, p, __VA_ARGS__)      /* every bit (NaN equals NaN) */
#define emit_up_to_sign(name, p, ...) PROBE_EMIT(EMIT_UP_TO_SIGN, name, p, __VA_ARGS__) /* rows or their negatives */
#define emit_labels(name, p, ...)     PROBE_EMIT(EMIT_LABELS, name, p, __VA_ARGS__)     /* up to renaming; < 0: noise */
#define emit_set(name, p, ...)        PROBE_EMIT(EMIT_SET, name, p, __VA_ARGS__)        /* in any order */
#define emit_loss(name, p, ...)       PROBE_EMIT(EMIT_LOSS, name, p, __VA_ARGS__)       /* not above + tolerance */

enum { PROBE_F32, PROBE_F64, PROBE_I32 };
void    emit_values(int mode, const char *name, int dtype, const void *p, const int *shape);
#define PROBE_DTYPE(p) _Generic((p), float *: PROBE_F32, const float *: PROBE_F32, double *: PROBE_F64, \
                                const double *: PROBE_F64, int *: PROBE_I32, const int *: PROBE_I32)
#define PROBE_EMIT(mode, name, p, ...) emit_values(mode, name, PROBE_DTYPE(p), p, (int[]){ __VA_ARGS__, -1 })

/* ---- In ORACLE and JUDGE_OF -------------------------------------------------------------------------------------- */

void    expect_at(bool ok, const char *file, int line, const char *format, ...) __attribute__((format(printf, 4, 5)));
#define expect(ok, ...) expect_at(ok, __FILE__, __LINE__, __VA_ARGS__)  /* expect(ok, "row %d: got %g, want %g", ...) */

/* JUDGE_OF only: what the learner's probe emitted in this trial under that name, as doubles; *n values. */
const double *judge_values(const char *name, int *n);
