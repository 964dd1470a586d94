/* small_float.h -- floating-point numbers of 16 bits: what cuda_fp16.h and cuda_bf16.h have in common. */
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

namespace simt
{
static inline uint32_t bits_of(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
static inline float float_of(uint32_t b) { float x; memcpy(&x, &b, 4); return x; }

/* 1 sign, 5 exponent, 10 fraction: 6.1e-5 .. 65504, three digits. */
struct Binary16 {
    static uint16_t from(float x)                           /* to the nearest, ties to even */
    {
        uint32_t b = bits_of(x), sign = b >> 16 & 0x8000;
        b &= 0x7fffffff;
        if (b > 0x7f800000) return 0x7fff;                  /* NaN */
        if (b >= 0x477ff000) return (uint16_t)(sign | 0x7c00);      /* 65520 and more: infinity */
        if (b < 0x38800000)                                 /* subnormal: adding 0.5 rounds at the right place */
            return (uint16_t)(sign | (bits_of(float_of(b) + 0.5f) - 0x3f000000));
        return (uint16_t)(sign | (b + 0xfff + (b >> 13 & 1) - 0x38000000) >> 13);
    }
    static float to(uint16_t h)
    {
        uint32_t b = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
        b = b >= 0x0f800000 ? b + 0x70000000 : bits_of(float_of(b) * 0x1p112f);
        return float_of(b | sign);
    }
};

/* The upper half of a float: 8 exponent, 7 fraction: float's range, two digits. */
struct Bfloat16 {
    static uint16_t from(float x)
    {
        uint32_t b = bits_of(x);
        if ((b & 0x7fffffff) > 0x7f800000) return 0x7fff;
        return (uint16_t)((b + 0x7fff + (b >> 16 & 1)) >> 16);
    }
    static float to(uint16_t h) { return float_of((uint32_t)h << 16); }
};

/* One operation at a time: computed in float, rounded to 16 bits. That is what the hardware's result is, for + - * /
 * and the root: float has more than twice the digits. */
template <class F> struct Small {
    uint16_t bits;

    Small() = default;
    Small(float x) : bits(F::from(x)) {}
    Small(double x) : bits(F::from(odd(x))) {}
    Small(int x) : Small((double)x) {}
    Small(unsigned x) : Small((double)x) {}
    Small(long long x) : Small((double)x) {}
    operator float() const { return F::to(bits); }
    explicit operator bool() const { return bits & 0x7fff; }

    /* To float so that rounding again is rounding once: what is lost makes the last bit odd. */
    static float odd(double x)
    {
        float f = (float)x;
        if (!std::isfinite(f)) return f;
        if (std::fabs((double)f) > std::fabs(x)) f = std::nextafterf(f, 0);
        return (double)f != x ? float_of(bits_of(f) | 1) : f;
    }

    friend Small operator+(Small a, Small b) { return (float)a + (float)b; }
    friend Small operator-(Small a, Small b) { return (float)a - (float)b; }
    friend Small operator*(Small a, Small b) { return (float)a * (float)b; }
    friend Small operator/(Small a, Small b) { return (float)a / (float)b; }
    friend Small &operator+=(Small &a, Small b) { return a = a + b; }
    friend Small &operator-=(Small &a, Small b) { return a = a - b; }
    friend Small &operator*=(Small &a, Small b) { return a = a * b; }
    friend Small &operator/=(Small &a, Small b) { return a = a / b; }
    friend Small operator+(Small a) { return a; }
    friend Small operator-(Small a) { a.bits ^= 0x8000; return a; }
    friend bool operator==(Small a, Small b) { return (float)a == (float)b; }
    friend bool operator!=(Small a, Small b) { return (float)a != (float)b; }
    friend bool operator<(Small a, Small b) { return (float)a < (float)b; }
    friend bool operator>(Small a, Small b) { return (float)a > (float)b; }
    friend bool operator<=(Small a, Small b) { return (float)a <= (float)b; }
    friend bool operator>=(Small a, Small b) { return (float)a >= (float)b; }
};

template <class F> struct alignas(4) SmallPair {
    Small<F> x, y;

    SmallPair() = default;
    SmallPair(Small<F> a, Small<F> b) : x(a), y(b) {}
    friend SmallPair operator+(SmallPair a, SmallPair b) { return { a.x + b.x, a.y + b.y }; }
    friend SmallPair operator-(SmallPair a, SmallPair b) { return { a.x - b.x, a.y - b.y }; }
    friend SmallPair operator*(SmallPair a, SmallPair b) { return { a.x * b.x, a.y * b.y }; }
    friend SmallPair operator/(SmallPair a, SmallPair b) { return { a.x / b.x, a.y / b.y }; }
    friend SmallPair &operator+=(SmallPair &a, SmallPair b) { return a = a + b; }
    friend SmallPair &operator-=(SmallPair &a, SmallPair b) { return a = a - b; }
    friend SmallPair &operator*=(SmallPair &a, SmallPair b) { return a = a * b; }
    friend SmallPair &operator/=(SmallPair &a, SmallPair b) { return a = a / b; }
    friend SmallPair operator-(SmallPair a) { return { -a.x, -a.y }; }
    friend bool operator==(SmallPair a, SmallPair b) { return a.x == b.x && a.y == b.y; }
    friend bool operator!=(SmallPair a, SmallPair b) { return a.x != b.x || a.y != b.y; }
};
}

/* ---- The functions that serve both formats ----------------------------------------------------------------------- */

#define SIMT_SMALL template <class F> static inline
#define SIMT_H     simt::Small<F>
#define SIMT_H2    simt::SmallPair<F>

SIMT_SMALL SIMT_H __hadd(SIMT_H a, SIMT_H b) { return a + b; }
SIMT_SMALL SIMT_H __hsub(SIMT_H a, SIMT_H b) { return a - b; }
SIMT_SMALL SIMT_H __hmul(SIMT_H a, SIMT_H b) { return a * b; }
SIMT_SMALL SIMT_H __hdiv(SIMT_H a, SIMT_H b) { return a / b; }
/* a b is exact in double, and so is the sum but for bits that odd() remembers. */
SIMT_SMALL SIMT_H __hfma(SIMT_H a, SIMT_H b, SIMT_H c) { return std::fma((double)a, (double)b, (double)c); }
SIMT_SMALL SIMT_H __hneg(SIMT_H a) { return -a; }
SIMT_SMALL SIMT_H __habs(SIMT_H a) { a.bits &= 0x7fff; return a; }
SIMT_SMALL SIMT_H __hadd_sat(SIMT_H a, SIMT_H b) { return std::fmin(std::fmax((float)a + (float)b, 0.f), 1.f); }
SIMT_SMALL SIMT_H __hmul_sat(SIMT_H a, SIMT_H b) { return std::fmin(std::fmax((float)a * (float)b, 0.f), 1.f); }
SIMT_SMALL SIMT_H __hmax(SIMT_H a, SIMT_H b) { return std::fmax((float)a, (float)b); }
SIMT_SMALL SIMT_H __hmin(SIMT_H a, SIMT_H b) { return std::fmin((float)a, (float)b); }
SIMT_SMALL bool __heq(SIMT_H a, SIMT_H b) { return a == b; }
SIMT_SMALL bool __hne(SIMT_H a, SIMT_H b) { return a != b; }
SIMT_SMALL bool __hlt(SIMT_H a, SIMT_H b) { return a < b; }
SIMT_SMALL bool __hle(SIMT_H a, SIMT_H b) { return a <= b; }
SIMT_SMALL bool __hgt(SIMT_H a, SIMT_H b) { return a > b; }
SIMT_SMALL bool __hge(SIMT_H a, SIMT_H b) { return a >= b; }
SIMT_SMALL bool __hisnan(SIMT_H a) { return std::isnan((float)a); }
SIMT_SMALL int __hisinf(SIMT_H a) { return std::isinf((float)a) ? (a < SIMT_H(0.f) ? -1 : 1) : 0; }
SIMT_SMALL SIMT_H hexp(SIMT_H a) { return expf(a); }
SIMT_SMALL SIMT_H hexp2(SIMT_H a) { return exp2f(a); }
SIMT_SMALL SIMT_H hlog(SIMT_H a) { return logf(a); }
SIMT_SMALL SIMT_H hlog2(SIMT_H a) { return log2f(a); }
SIMT_SMALL SIMT_H hsqrt(SIMT_H a) { return sqrtf(a); }
SIMT_SMALL SIMT_H hrsqrt(SIMT_H a) { return 1 / sqrtf(a); }
SIMT_SMALL SIMT_H hrcp(SIMT_H a) { return 1 / (float)a; }
SIMT_SMALL SIMT_H hsin(SIMT_H a) { return sinf(a); }
SIMT_SMALL SIMT_H hcos(SIMT_H a) { return cosf(a); }
SIMT_SMALL SIMT_H hfloor(SIMT_H a) { return floorf(a); }
SIMT_SMALL SIMT_H hceil(SIMT_H a) { return ceilf(a); }
SIMT_SMALL SIMT_H hrint(SIMT_H a) { return rintf(a); }

SIMT_SMALL SIMT_H2 __hadd2(SIMT_H2 a, SIMT_H2 b) { return a + b; }
SIMT_SMALL SIMT_H2 __hsub2(SIMT_H2 a, SIMT_H2 b) { return a - b; }
SIMT_SMALL SIMT_H2 __hmul2(SIMT_H2 a, SIMT_H2 b) { return a * b; }
SIMT_SMALL SIMT_H2 __h2div(SIMT_H2 a, SIMT_H2 b) { return a / b; }
SIMT_SMALL SIMT_H2 __hfma2(SIMT_H2 a, SIMT_H2 b, SIMT_H2 c)
{
    return { __hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y) };
}
SIMT_SMALL SIMT_H2 __hneg2(SIMT_H2 a) { return -a; }
SIMT_SMALL SIMT_H2 __habs2(SIMT_H2 a) { return { __habs(a.x), __habs(a.y) }; }
SIMT_SMALL SIMT_H2 __hmax2(SIMT_H2 a, SIMT_H2 b) { return { __hmax(a.x, b.x), __hmax(a.y, b.y) }; }
SIMT_SMALL SIMT_H2 __hmin2(SIMT_H2 a, SIMT_H2 b) { return { __hmin(a.x, b.x), __hmin(a.y, b.y) }; }
SIMT_SMALL SIMT_H2 h2exp(SIMT_H2 a) { return { hexp(a.x), hexp(a.y) }; }
SIMT_SMALL SIMT_H2 h2sqrt(SIMT_H2 a) { return { hsqrt(a.x), hsqrt(a.y) }; }
SIMT_SMALL SIMT_H2 h2rsqrt(SIMT_H2 a) { return { hrsqrt(a.x), hrsqrt(a.y) }; }
SIMT_SMALL bool __hbeq2(SIMT_H2 a, SIMT_H2 b) { return a == b; }

#undef SIMT_SMALL
#undef SIMT_H
#undef SIMT_H2
