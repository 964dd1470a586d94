/* vmath.h -- exp, log, tanh and their like for vectors: definitions that the compiler turns into vector code. */
#pragma once
#include <math.h>
#include <stdint.h>

/* None branches, calls or looks up, so that inside `#pragma omp simd` they become vector code. Infinities and NaN go
 * through. What stands beside each, in units of the last place, test_vmath holds it to, with EVERY_FLOAT=1 over all.
 *     vexpf      0.9       vexpm1f   1.5       vlogf    0.9       vlog1pf   1.5
 *     vsigmoidf  2.5       vtanhf    2.6       vsoftplusf 2.4 */

/* a b + c, rounded once. Written out, because -std=c17 forbids the compiler to fuse on its own. Where there is no such
 * instruction, double has room for the product. */
static inline float vfmaf(float a, float b, float c)
{
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__FP_FAST_FMAF)
    return __builtin_fmaf(a, b, c);
#else
    return (float)((double)a * b + c);
#endif
}

typedef union { float f; uint32_t u; int32_t i; } VBits;

/* Cut to low .. high, low < 0 < high, both given as bits. As integers, because that is quickest: positive floats are in
 * the order of their bits, and of unsigned ones those below low come last. NaN becomes one of the ends. */
static inline float vcutf(float x, uint32_t low, int32_t high)
{
    VBits b;
    b.f = x;
    b.i = b.i < high ? b.i : high;
    b.u = b.u < low ? b.u : low;
    return b.f;
}

/* |x|, at most so much. NaN becomes that. */
static inline float vcut_sizef(float x, float most)
{
    VBits b, m;
    b.f = x, m.f = most;
    b.i &= 0x7fffffff;
    b.i = b.i < m.i ? b.i : m.i;
    return b.f;
}

/* unit exp(r) where |r| <= 0.35, and its like for exp(r) - 1: a polynomial fitted for the smallest relative error.
 * unit, a power of two, is multiplied into the coefficients, for nothing. */
#define VEXP_1 0x1.fffffcp-2f
#define VEXP_2 0x1.555492p-3f
#define VEXP_3 0x1.5558f2p-5f
#define VEXP_4 0x1.123a20p-7f
#define VEXP_5 0x1.6a23c8p-10f
static inline float vexp_curvef(float r, float unit)
{
    float p = unit * VEXP_5;
    p = vfmaf(p, r, unit * VEXP_4);
    p = vfmaf(p, r, unit * VEXP_3);
    p = vfmaf(p, r, unit * VEXP_2);
    return vfmaf(p, r, unit * VEXP_1); /* (exp(r) - 1 - r) / r^2 */
}

/* x - n ln 2, in two pieces: n times the first is exact. */
static inline float vexp_restf(float x, float n)
{
    return vfmaf(n, -0x1.7f7d1cp-20f, vfmaf(n, -0x1.62e400p-1f, x));
}

/* exp(x) = 2^n exp(r),  n = round(x / ln 2),  r = x - n ln 2, |r| <= 0.35, for x from -106 to 106, no NaN.
 * 2^n goes in in two factors, because it may lie outside the range of a float where the product does not. */
static inline float vexp_withinf(float x)
{
    VBits t, p, high; /* assigned below: C++17, which a .cu is, has no designated initialisers */
    /* Adding 1.5 2^23 rounds to an integer and leaves it in the lowest bits. */
    const float magic = 0x1.8p23f + 160, unit = 0x1p-33f;
    t.f = vfmaf(x, 0x1.715476p0f, magic);
    float r = vexp_restf(x, t.f - magic);
    p.f = vfmaf(vfmaf(vexp_curvef(r, unit), r, unit), r, unit);
    /* A float's exponent has the bias 127. high is 2^(h - 127), h = (n + 160) / 2; what is left, n + 160 - h, is added
     * to p's exponent. Both keep off the ends, and 160 - 127 is made good by the unit. */
    t.u <<= 22;
    high.u = t.u & 0x7f800000;
    p.u += t.u + t.u - high.u;
    return p.f * high.f;
}

static inline float vexpf(float x)
{
    float y = vexp_withinf(vcutf(x, 0xc2d00000, 0x42d00000)); /* +-104: beyond, the result no longer changes */
    return x == x ? y : x;
}

/* exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), at half its size: n may be 128. Beyond -30 it is -1. */
static inline float vexpm1f(float x)
{
    VBits t, half;
    float cut = vcutf(x, 0xc1f00000, 0x42b20000); /* -30, 89 */
    const float magic = 0x1.8p23f + 126;
    t.f = vfmaf(cut, 0x1.715476p0f, magic);
    float r = vexp_restf(cut, t.f - magic);
    half.u = t.u << 23;
    float p = vfmaf(vexp_curvef(r, 1) * r, r, r), y = 2 * vfmaf(p, half.f, half.f - 0.5f);
    return x == 0 || x != x ? x : y;
}

/* k ln 2 + log(1 + f), f from sqrt(1/2) - 1 to sqrt(2) - 1. */
static inline float vlog_curvef(float f, float k)
{
    float q = -0x1.38c966p-4f;
    q = vfmaf(q, f, 0x1.055eb6p-3f);
    q = vfmaf(q, f, -0x1.0d824ap-3f);
    q = vfmaf(q, f, 0x1.22d930p-3f);
    q = vfmaf(q, f, -0x1.54728ap-3f);
    q = vfmaf(q, f, 0x1.99a01cp-3f);
    q = vfmaf(q, f, -0x1.000226p-2f);
    q = vfmaf(q, f, 0x1.555554p-2f);
    float s = f * f, y = vfmaf(q * f, s, -0.5f * s);
    y = vfmaf(k, 0x1.7f7d1cp-20f, y) + f; /* smallest terms first */
    return vfmaf(k, 0x1.62e400p-1f, y);
}

/* log(x) = k ln 2 + log(m),  x = 2^k m,  m from sqrt(1/2) to sqrt(2). */
static inline float vlogf(float x)
{
    VBits m, k;
    int small = x < 0x1p-126f; /* whose leading bit is not where a float has it */
    m.f = small ? x * 0x1p23f : x;
    k.i = (int32_t)(m.u - 0x3f3504f3) >> 23; /* unsigned, where bits that are no number's may run over */
    m.u -= k.u << 23;
    float y = vlog_curvef(m.f - 1, (float)(k.i - (small ? 23 : 0)));
    y = x > 0 ? y : x == 0 ? -INFINITY : NAN;
    return x > 0x1.fffffep127f || x != x ? x : y;
}

/* log(1 + x): 2^k m = 1 + x, and m - 1 = 2^-k x + (2^-k - 1) is rounded only once. Beyond 2^24, 1 + x is x. */
static inline float vlog1pf(float x)
{
    VBits m, scale;
    m.f = 1 + x;
    int32_t k = (int32_t)(m.u - 0x3f3504f3) >> 23;
    m.u -= (uint32_t)k << 23;
    scale.u = (uint32_t)(127 - k) << 23;
    float y = vlog_curvef(k > 24 ? m.f - 1 : vfmaf(scale.f, x, scale.f - 1), (float)k);
    y = x > -1 ? y : x == -1 ? -INFINITY : NAN;
    return x > 0x1.fffffep127f || x == 0 || x != x ? x : y;
}

/* 1 / (1 + exp(-x)). For x < 0 exp(x) / (1 + exp(x)): so small values keep their digits. */
static inline float vsigmoidf(float x)
{
    float e = vexpf(-fabsf(x));
    return (x < 0 ? e : 1) / (1 + e);
}

/* tanh(a) = -m / (2 + m),  m = exp(-2a) - 1, for a = |x|. From 10 on it is 1. */
static inline float vtanhf(float x)
{
    VBits a, t, scale, y;
    a.f = x;
    uint32_t sign = a.u & 0x80000000;
    a.u ^= sign;
    a.u = a.u < 0x41200000 ? a.u : 0x41200000;
    const float magic = 0x1.8p23f + 127;
    t.f = vfmaf(a.f, -0x1.715476p1f, magic);
    float r = vexp_restf(-2 * a.f, t.f - magic);
    scale.u = t.u << 23;
    float p = vfmaf(vexp_curvef(r, 1) * r, r, r), m = vfmaf(p, scale.f, scale.f - 1);
    y.f = m / (2 + m); /* its sign is dropped */
    y.u = (y.u & 0x7fffffff) | sign;
    return x == x ? y.f : x;
}

/* 2^40 exp(x), x from -110 to 0: that far down it is a float like others, and its exponent one sum. NaN gives anything:
 * who calls has to let it through by another way. */
#define VEXP_DOWN 0x1p-40f
static inline float vexp_downf(float x)
{
    VBits t, p;
    const float magic = 0x1.8p23f + 40;
    t.f = vfmaf(x, 0x1.715476p0f, magic);
    float r = vexp_restf(x, t.f - magic);
    p.f = vfmaf(vfmaf(vexp_curvef(r, 1), r, 1), r, 1);
    p.u += t.u << 23;
    return p.f;
}

/* The normal distribution's tail, Phi(-a) for a from 0 to 14.6, where it is 0, given e = 2^40 exp(-a^2 / 2), which
 * gradients need as well. Their quotient falls slowly and smoothly: P(a) / Q(a), fitted for the smallest relative
 * error, 2^-24. All coefficients are positive, so nothing cancels; P's are 2^-40 times as large. */
static inline float vtailf(float a, float e)
{
    float p = VEXP_DOWN * 0x1.0dc22ap-8f, q = 0x1.521690p-7f;
    p = vfmaf(p, a, VEXP_DOWN * 0x1.4cdc88p-5f);
    p = vfmaf(p, a, VEXP_DOWN * 0x1.7742f0p-3f);
    p = vfmaf(p, a, VEXP_DOWN * 0x1.c0cfc0p-2f);
    p = vfmaf(p, a, VEXP_DOWN * 0.5f);
    q = vfmaf(q, a, 0x1.a134d4p-4f);
    q = vfmaf(q, a, 0x1.e0bb84p-2f);
    q = vfmaf(q, a, 0x1.33d6bap+0f);
    q = vfmaf(q, a, 0x1.acaa12p+0f);
    q = vfmaf(q, a, 1);
    return p * e / q;
}

/* log(1 + exp(x)) = max(0, x) + log(1 + u),  u = exp(-|x|) from 0 to 1,  log(1 + u) = u + u^2 P(u). */
static inline float vsoftplusf(float x)
{
    VBits down;
    down.f = x;
    down.u |= 0x80000000;
    down.u = down.u < 0xc2d00000 ? down.u : 0xc2d00000;
    float u = VEXP_DOWN * vexp_downf(down.f);
    float p = -0x1.b2f56ep-9f;
    p = vfmaf(p, u, 0x1.4b0826p-6f);
    p = vfmaf(p, u, -0x1.d86314p-5f);
    p = vfmaf(p, u, 0x1.b579bap-4f);
    p = vfmaf(p, u, -0x1.3a7a7ep-3f);
    p = vfmaf(p, u, 0x1.935c9ep-3f);
    p = vfmaf(p, u, -0x1.ff26e0p-3f);
    p = vfmaf(p, u, 0x1.554df0p-2f);
    p = vfmaf(p, u, -0x1.ffffd2p-2f);
    return (x < 0 ? 0 : x) + vfmaf(p * u, u, u);
}

/* exp(x) in double, for x from -infinity to 0, within 1 unit of the last place; 0 below -708, where doubles thin out.
 * 2^n exp(r) as above; Taylor's series to r^13 / 13! leaves 4e-18 of 1. NaN gives NaN. */
static inline double vexp_double(double x)
{
    union { double f; uint64_t u; } t, unit;
    const double magic = 0x1.8p52 + 1023, cut = x > -708 ? x : -708;
    t.f = cut * 0x1.71547652b82fep0 + magic;
    double n = t.f - magic, r = (cut - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33; /* n times the first: exact */
    unit.u = t.u << 52;
    double p = 1. / 6227020800;
    p = p * r + 1. / 479001600;
    p = p * r + 1. / 39916800;
    p = p * r + 1. / 3628800;
    p = p * r + 1. / 362880;
    p = p * r + 1. / 40320;
    p = p * r + 1. / 5040;
    p = p * r + 1. / 720;
    p = p * r + 1. / 120;
    p = p * r + 1. / 24;
    p = p * r + 1. / 6;
    p = p * r + 0.5;
    p = p * r * r + r + 1;
    return x > -708 ? p * unit.f : x == x ? 0 : x;
}

/* What the ops call: in double there is the C library. */
#ifdef REAL64
static inline double vabs(double x) { return fabs(x); }
static inline double vsqrt(double x) { return sqrt(x); }
static inline double vexp(double x) { return exp(x); }
static inline double vexpm1(double x) { return expm1(x); }
static inline double vlog(double x) { return log(x); }
static inline double vlog1p(double x) { return log1p(x); }
static inline double vtanh(double x) { return tanh(x); }
static inline double vsigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static inline double vsoftplus(double x) { return (x < 0 ? 0 : x) + log1p(exp(-fabs(x))); }
static inline double vexp_down(double x) { return exp(x) / (double)VEXP_DOWN; }
static inline double vcut_size(double x, double most) { return fabs(x) < most ? fabs(x) : most; }
static inline double vfma(double a, double b, double c) { return a * b + c; }
static inline double vtail(double a, double e) { return (void)e, 0.5 * erfc(a * 0.70710678118654752440); }
#else
static inline float vabs(float x) { return fabsf(x); }
static inline float vsqrt(float x) { return sqrtf(x); }
static inline float vexp(float x) { return vexpf(x); }
static inline float vexpm1(float x) { return vexpm1f(x); }
static inline float vlog(float x) { return vlogf(x); }
static inline float vlog1p(float x) { return vlog1pf(x); }
static inline float vtanh(float x) { return vtanhf(x); }
static inline float vsigmoid(float x) { return vsigmoidf(x); }
static inline float vsoftplus(float x) { return vsoftplusf(x); }
static inline float vexp_down(float x) { return vexp_downf(x); }
static inline float vcut_size(float x, float most) { return vcut_sizef(x, most); }
static inline float vfma(float a, float b, float c) { return vfmaf(a, b, c); }
static inline float vtail(float a, float e) { return vtailf(a, e); }
#endif
