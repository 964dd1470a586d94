/* vmath.h -- exp, sigmoid, tanh, the normal distribution: definitions that the compiler turns into vector code. */
#pragma once
#include <math.h>
#include <stdint.h>

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

typedef union { float f; uint32_t u; } VBits;

/* exp(x) = 2^n exp(r),  n = round(x / ln 2),  r = x - n ln 2, |r| <= 0.35.
 * No branch, no table, no call: inside `#pragma omp simd` it becomes vector code. -inf -> 0, large -> inf, NaN -> NaN.
 * Never more than 0.9 units of the last place off: test_ops goes through every float. */
static inline float vexpf(float x)
{
    /* Beyond +-104 the result no longer changes: |x| is cut there, as an integer, because that is quickest. */
    VBits in, cut, t, low, high; /* assigned below: C++17, which a .cu is, has no designated initialisers */
    in.f = x, cut.f = 104;
    cut.u = (in.u & 0x7fffffff) < cut.u ? (in.u & 0x7fffffff) : cut.u;
    cut.u |= in.u & 0x80000000;
    /* Adding 1.5 2^23 rounds to an integer and leaves it in the lowest bits; 254 more makes them ready to be halved. */
    const float magic = 0x1.8p23f + 254;
    t.f = vfmaf(cut.f, 0x1.715476p0f, magic);
    float n = t.f - magic;
    float r = vfmaf(n, -0x1.62e400p-1f, cut.f); /* ln 2 in two pieces: n times the first is exact */
    r = vfmaf(n, -0x1.7f7d1cp-20f, r);
    float p = 0x1.6a23c8p-10f;          /* (exp(r) - 1 - r) / r^2, fitted for the smallest relative error of exp */
    p = vfmaf(p, r, 0x1.123a20p-7f);
    p = vfmaf(p, r, 0x1.5558f2p-5f);
    p = vfmaf(p, r, 0x1.555492p-3f);
    p = vfmaf(p, r, 0x1.fffffcp-2f);
    p = vfmaf(vfmaf(p, r, 1), r, 1);
    /* 2^n in two factors, because it may lie outside the range of a float where the product does not. */
    low.u = t.u >> 1, high.u = t.u - low.u;
    low.u <<= 23, high.u <<= 23;
    return x == x ? p * low.f * high.f : x;
}

/* The normal distribution's tail, Phi(-a) for a >= 0, given e = exp(-a^2 / 2), which gradients need as well. Their
 * quotient falls slowly and smoothly: a polynomial in t = 1 / (1 + 9/32 a), whose relative error is 2^-25. */
static inline float vtailf(float a, float e)
{
    float t = 1 / vfmaf(a, 0.28125f, 1), p = 0x1.164f42p-6f;
    p = vfmaf(p, t, -0x1.ab7498p-5f);
    p = vfmaf(p, t, 0x1.5ab43cp-12f);
    p = vfmaf(p, t, 0x1.a91ae2p-4f);
    p = vfmaf(p, t, -0x1.47b102p-7f);
    p = vfmaf(p, t, 0x1.f877d4p-4f);
    p = vfmaf(p, t, 0x1.76d5e2p-4f);
    p = vfmaf(p, t, 0x1.d4aaa6p-4f);
    p = vfmaf(p, t, 0x1.caa41ep-4f);
    p = vfmaf(p, t, 0x1.51f586p-17f);
    return p * e;
}

/* 1 / (1 + exp(-x)), with an exp that does not overflow: no digits are lost on either side. */
static inline float vsigmoidf(float x)
{
    float e = vexpf(x < 0 ? x : -x), r = 1 / (1 + e);
    return x < 0 ? e * r : r;
}

/* tanh(x) = (1 - e) / (1 + e), e = exp(-2 |x|). Near 0, where 1 - e cancels, x + x^3 q(x^2), fitted for the smallest
 * relative error below 5/8. Both are worked out and one is taken, so that it becomes vector code. */
static inline float vtanhf(float x)
{
    float z = x * x, q = -0x1.75e1cep-8f, a = x < 0 ? -x : x, e = vexpf(-2 * a);
    q = vfmaf(q, z, 0x1.52269cp-6f);
    q = vfmaf(q, z, -0x1.b83c5ap-5f);
    q = vfmaf(q, z, 0x1.110726p-3f);
    q = vfmaf(q, z, -0x1.555532p-2f);
    float y = (1 - e) / (1 + e);
    y = x < 0 ? -y : y;
    return a < 0.625f ? vfmaf(x * z, q, x) : y;
}

/* What the ops call: in double there is the C library. */
#ifdef REAL64
static inline double vexp(double x) { return exp(x); }
static inline double vsigmoid(double x) { return 1 / (1 + exp(-x)); }
static inline double vtanh(double x) { return tanh(x); }
static inline double vtail(double a, double e) { return (void)e, 0.5 * erfc(a * 0.70710678118654752440); }
#else
static inline float vexp(float x) { return vexpf(x); }
static inline float vsigmoid(float x) { return vsigmoidf(x); }
static inline float vtanh(float x) { return vtanhf(x); }
static inline float vtail(float a, float e) { return vtailf(a, e); }
#endif
