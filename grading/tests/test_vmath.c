/* test_vmath.c -- how far the vector functions are off, over the floats of all sizes, in units of the last place. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "ops/wide.h"

static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double tail(double a) { return 0.5 * erfc(a * 0.70710678118654752440); }
static double softplus(double x) { return (x < 0 ? 0 : x) + log1p(exp(-fabs(x))); }
static float tailf(float a) { return vtailf(a, vexp_downf(-0.5f * a * a)); }

/* As loops, which are vector code. */
typedef void Loop(float *y, const float *x, int N);
#define LOOP(f)                                       \
    static void loop_##f(float *y, const float *x, int N) \
    {                                                 \
        _Pragma("omp simd")                           \
        for (int i = 0; i < N; i++) y[i] = f(x[i]);   \
    }
LOOP(vexpf)
LOOP(vexpm1f)
LOOP(vlogf)
LOOP(vlog1pf)
LOOP(vsigmoidf)
LOOP(vtanhf)
LOOP(vsoftplusf)

/* off: what vmath.h promises. */
typedef struct { const char *name; float (*f)(float); Loop *loop; double (*want)(double); double off; } Function;

static const Function functions[] = {
    { "exp", vexpf, loop_vexpf, exp, 0.9 },
    { "expm1", vexpm1f, loop_vexpm1f, expm1, 1.5 },
    { "log", vlogf, loop_vlogf, log, 0.9 },
    { "log1p", vlog1pf, loop_vlog1pf, log1p, 1.5 },
    { "sigmoid", vsigmoidf, loop_vsigmoidf, sigmoid, 2.5 },
    { "tanh", vtanhf, loop_vtanhf, tanh, 2.6 },
    { "softplus", vsoftplusf, loop_vsoftplusf, softplus, 2.4 },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* Distance in units of the last place of a float that the true value falls in. */
static double ulps(float got, double want)
{
    if (want != want) return got != got ? 0 : INFINITY;
    if (isinf(got) || fabs(want) >= 0x1.ffffffp127) return got == (float)want ? 0 : INFINITY;
    union { double d; uint64_t u; } size = { .d = want }, unit;
    int64_t e = (int64_t)(size.u >> 52 & 2047) - 1022;
    unit.u = (uint64_t)(1023 + 24 - (e < -125 ? -125 : e)) << 52;
    return fabs((double)got - want) * unit.d;
}

/* Every step-th float of all. EVERY_FLOAT=1: each, a minute a function; EVERY_FLOAT=tanh: of that one. */
Test(vmath, within_what_is_promised, .timeout = 3600)
{
    enum { BLOCK = 1024 };
    static float x[BLOCK], y[BLOCK];
    const char *every = getenv("EVERY_FLOAT");
    const uint64_t step = every ? 1 : getenv("COURSE_FULL") ? 101 : 4001; /* primes: all low bits occur */
    for (int k = 0; k < FUNCTIONS; k++) {
        const Function *f = &functions[k];
        double worst = 0, at = 0;
        if (every && strcmp(every, "1") && strcmp(every, f->name)) continue;
        for (uint64_t bits = 0; bits < 1ull << 32;) {
            int n = 0;
            for (; n < BLOCK && bits < 1ull << 32; n++, bits += step) x[n] = (VBits){ .u = (uint32_t)bits }.f;
            f->loop(y, x, n);
            for (int i = 0; i < n; i++) {
                double d = ulps(y[i], f->want((double)x[i]));
                if (!(d <= worst)) worst = d, at = (double)x[i];
            }
        }
        if (every) cr_log_warn("%s: at most %.4f ulp off, at %a", f->name, worst, at);
        cr_assert(worst <= f->off, "%s(%a) is %g ulp off", f->name, at, worst);
    }
}

Test(vmath, at_the_ends)
{
    const float inf = INFINITY;
    const float at[] = { 0, -0.0f, inf, -inf, NAN, -NAN, -1, 1, 0x1.fffffep127f, -0x1.fffffep127f,
                         0x1p-149f, -0x1p-149f, 0x1p-126f, 0x1p24f, 0x1p25f,
                         88.72283f, 88.72284f, -103.97208f, -103.97209f };
    for (int k = 0; k < FUNCTIONS; k++)
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
            float  got = functions[k].f(at[i]);
            double want = functions[k].want((double)at[i]), off = ulps(got, want);
            cr_assert(off <= functions[k].off, "%s(%a) is %a, want %a", functions[k].name, (double)at[i], (double)got,
                      want);
            if (want == 0) cr_assert_eq(!signbit(got), !signbit(want), "%s(%a): the sign of 0", functions[k].name,
                                        (double)at[i]);
        }
    cr_assert(vexpf(0) == 1 && vsigmoidf(0) == 0.5f);
}

/* The tail's error grows as a^2 does by rounding. */
Test(vmath, the_normal_tail)
{
    for (int i = 0; i <= 13000; i++) {
        float  a = (float)i / 1000;
        double off = ulps(tailf(a), tail((double)a));
        cr_assert(off <= 6 + (double)(a * a), "tail(%g) is %g ulp off", (double)a, off);
    }
}

/* Vector code and scalar code are one definition: they must give one value. */
#define IN_VECTORS(f)                                                   \
    for (int i = 0; i < N; i++) x[i] = -110 + 210 * (float)i / N;       \
    _Pragma("omp simd")                                                 \
    for (int i = 0; i < N; i++) y[i] = f(x[i]);                         \
    for (int i = 0; i < N; i++) {                                       \
        volatile float alone = x[i];                                    \
        float want = f(alone);                                          \
        cr_assert(y[i] == want || (y[i] != y[i] && want != want), #f "(%a)", (double)x[i]); \
    }

Test(vmath, in_vectors_as_alone)
{
    enum { N = 4099 };
    static float x[N], y[N];
    IN_VECTORS(vexpf)
    IN_VECTORS(vexpm1f)
    IN_VECTORS(vlogf)
    IN_VECTORS(vlog1pf)
    IN_VECTORS(vsigmoidf)
    IN_VECTORS(vtanhf)
    IN_VECTORS(vsoftplusf)
}

/* The vectors by hand that rows are worked on with. Without fused multiply-adds they round once more. */
#if defined __FMA__ || defined __ARM_FEATURE_FMA
static const float apart = 0;
#else
static const float apart = 0x1p-21f;
#endif

Test(vmath, wide_is_the_same)
{
    for (float x = -120; x <= 88; x += 0.01171875f) {
        float got[WIDE], want = vexpf(x);
        wide_put(got, wide_exp(wide_of(x)), WIDE);
        for (int k = 0; k < WIDE; k++)
            cr_assert(fabsf(got[k] - want) <= apart * (want + 0x1p-126f), "exp(%a)", (double)x);
    }
    float ends[WIDE] = { -INFINITY, NAN, -NAN, 0 }, got[WIDE];
    wide_put(got, wide_exp(wide_get(ends, WIDE, 0)), WIDE);
    cr_assert(got[0] == 0 && isnan(got[1]) && isnan(got[2]) && got[3] == 1);
    for (int n = 1; n < WIDE; n++) {
        float row[WIDE] = { 0 };
        for (int k = 0; k < n; k++) row[k] = (float)(k + 1);
        Wide v = wide_get(row, n, -3);
        cr_assert(wide_sum(v) == (float)(n * (n + 1) / 2 - 3 * (WIDE - n)) && wide_most(v) == (float)n);
        wide_put(got, wide_of(7), WIDE);
        wide_put(got, v, n);
        for (int k = 0; k < WIDE; k++) cr_assert(got[k] == (k < n ? (float)(k + 1) : 7));
    }
}

/* Against long double, from 0 down to where it is 0. */
Test(vmath, exp_in_double)
{
    enum { N = 200000 };
    static double x[N], y[N];
    for (int i = 0; i < N; i++) x[i] = -708.0 * i / N * (i % 2 ? 1 : 0.01);
#pragma omp simd
    for (int i = 0; i < N; i++) y[i] = vexp_double(x[i]);
    for (int i = 0; i < N; i++) {
        long double want = expl(x[i]);
        cr_assert(fabsl(y[i] - want) <= 2.3e-16L * want, "exp(%.17g): got %.17g, want %.17Lg", x[i], y[i], want);
    }
    cr_expect(vexp_double(-709) == 0 && vexp_double(-INFINITY) == 0 && isnan(vexp_double(NAN)));
    cr_expect(vexp_double(0) == 1 && vexp_double(-0.0) == 1);
}
