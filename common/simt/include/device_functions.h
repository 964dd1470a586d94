/* device_functions.h -- the small functions of CUDA's device code: mathematics, bits, conversions, loads with a hint.
 *
 * The fast versions (__expf, __sinf, __fdividef ..) are as exact here as the slow ones; on a GPU they are not. */
#pragma once
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>
#include <math.h>
#include <stdlib.h>
#include "../simt.h"

namespace simt {
template <class To, class From> SIMT_INLINE To reinterpret(From x)
{
    static_assert(sizeof(To) == sizeof(From), "as many bits");
    To y;
    memcpy(&y, &x, sizeof y);
    return y;
}

/* What is too large for To becomes its largest, NaN becomes 0; in C both would be undefined. x is whole already. */
template <class To> SIMT_INLINE To saturated(double x)
{
    if (x != x) return 0;
    if (x <= (double)std::numeric_limits<To>::min()) return std::numeric_limits<To>::min();
    if (x >= (double)std::numeric_limits<To>::max()) return std::numeric_limits<To>::max();
    return (To)x;
}

/* double to float, rounded down: the nearest, or the one below. */
SIMT_INLINE float float_down(double x)
{
    float y = (float)x;
    return (double)y > x ? std::nextafterf(y, -INFINITY) : y;
}
SIMT_INLINE float float_up(double x) { return -float_down(-x); }
SIMT_INLINE float float_to_zero(double x) { return x < 0 ? float_up(x) : float_down(x); }
} // namespace simt

/* ---- Mathematics. glibc owns some of these names: so they are macros --------------------------------------------- */

#define __expf(x) expf(x)
#define __exp10f(x) exp10f(x)
#define __logf(x) logf(x)
#define __log2f(x) log2f(x)
#define __log10f(x) log10f(x)
#define __sinf(x) sinf(x)
#define __cosf(x) cosf(x)
#define __tanf(x) tanf(x)
#define __powf(x, y) powf(x, y)
#define __sincosf(x, s, c) sincosf(x, s, c)
#ifndef __clang__
#define __builtin_assume(x) ((void)0)
#endif

SIMT_INLINE float rsqrtf(float x) { return 1 / sqrtf(x); }
SIMT_INLINE double rsqrt(double x) { return 1 / sqrt(x); }
SIMT_INLINE float rsqrt(float x) { return 1 / sqrtf(x); }
SIMT_INLINE float rcbrtf(float x) { return 1 / cbrtf(x); }
SIMT_INLINE double rcbrt(double x) { return 1 / cbrt(x); }
SIMT_INLINE float rhypotf(float x, float y) { return 1 / hypotf(x, y); }
SIMT_INLINE float norm3df(float x, float y, float z) { return sqrtf(x * x + y * y + z * z); }
SIMT_INLINE float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678f); }
SIMT_INLINE double normcdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752); }
SIMT_INLINE float sinpif(float x) { return (float)sin(M_PI * fmod(x, 2)); }
SIMT_INLINE float cospif(float x) { return (float)cos(M_PI * fmod(x, 2)); }
SIMT_INLINE double sinpi(double x) { return sin(M_PI * fmod(x, 2)); }
SIMT_INLINE double cospi(double x) { return cos(M_PI * fmod(x, 2)); }
SIMT_INLINE void sincospif(float x, float *s, float *c) { *s = sinpif(x), *c = cospif(x); }
SIMT_INLINE float fdividef(float x, float y) { return x / y; }
SIMT_INLINE float __fdividef(float x, float y) { return x / y; }
SIMT_INLINE float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }      /* NaN: 0 */
SIMT_INLINE float __fadd_rn(float x, float y) { return x + y; }
SIMT_INLINE float __fsub_rn(float x, float y) { return x - y; }
SIMT_INLINE float __fmul_rn(float x, float y) { return x * y; }
SIMT_INLINE float __fdiv_rn(float x, float y) { return x / y; }
SIMT_INLINE float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
SIMT_INLINE float __frcp_rn(float x) { return 1 / x; }
SIMT_INLINE float __fsqrt_rn(float x) { return sqrtf(x); }
SIMT_INLINE float __frsqrt_rn(float x) { return (float)(1 / sqrt((double)x)); }
SIMT_INLINE float __fadd_rz(float x, float y) { return simt::float_to_zero((double)x + y); }
SIMT_INLINE float __fadd_rd(float x, float y) { return simt::float_down((double)x + y); }
SIMT_INLINE float __fadd_ru(float x, float y) { return simt::float_up((double)x + y); }
SIMT_INLINE float __fmul_rz(float x, float y) { return simt::float_to_zero((double)x * y); }
SIMT_INLINE float __fmul_rd(float x, float y) { return simt::float_down((double)x * y); }
SIMT_INLINE float __fmul_ru(float x, float y) { return simt::float_up((double)x * y); }
SIMT_INLINE double __dadd_rn(double x, double y) { return x + y; }
SIMT_INLINE double __dmul_rn(double x, double y) { return x * y; }
SIMT_INLINE double __ddiv_rn(double x, double y) { return x / y; }
SIMT_INLINE double __fma_rn(double x, double y, double z) { return fma(x, y, z); }
SIMT_INLINE double __dsqrt_rn(double x) { return sqrt(x); }
SIMT_INLINE double __drcp_rn(double x) { return 1 / x; }

/* min and max of any two numbers, by the rules of C; NaN loses, as with fminf. */
#define SIMT_MIN_MAX(T, A, B)                                                                                          \
    SIMT_INLINE T min(A a, B b) { return (T)a < (T)b ? (T)a : (T)b; }                                                  \
    SIMT_INLINE T max(A a, B b) { return (T)a > (T)b ? (T)a : (T)b; }
#define SIMT_MIN_MAX_MIXED(T, A, B) SIMT_MIN_MAX(T, A, B) SIMT_MIN_MAX(T, B, A)
SIMT_MIN_MAX(int, int, int)
SIMT_MIN_MAX(unsigned, unsigned, unsigned)
SIMT_MIN_MAX(long, long, long)
SIMT_MIN_MAX(unsigned long, unsigned long, unsigned long)
SIMT_MIN_MAX(long long, long long, long long)
SIMT_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
SIMT_MIN_MAX_MIXED(unsigned, int, unsigned)
SIMT_MIN_MAX_MIXED(unsigned long, long, unsigned long)
SIMT_MIN_MAX_MIXED(unsigned long long, long long, unsigned long long)
#undef SIMT_MIN_MAX
#undef SIMT_MIN_MAX_MIXED
SIMT_INLINE float min(float a, float b) { return fminf(a, b); }
SIMT_INLINE float max(float a, float b) { return fmaxf(a, b); }
SIMT_INLINE double min(double a, double b) { return fmin(a, b); }
SIMT_INLINE double max(double a, double b) { return fmax(a, b); }
SIMT_INLINE double min(float a, double b) { return fmin(a, b); }
SIMT_INLINE double max(float a, double b) { return fmax(a, b); }
SIMT_INLINE double min(double a, float b) { return fmin(a, b); }
SIMT_INLINE double max(double a, float b) { return fmax(a, b); }
SIMT_INLINE unsigned umin(unsigned a, unsigned b) { return a < b ? a : b; }
SIMT_INLINE unsigned umax(unsigned a, unsigned b) { return a > b ? a : b; }
using std::isfinite;
using std::isinf;
using std::isnan;

/* ---- Bits -------------------------------------------------------------------------------------------------------- */

SIMT_INLINE int __popc(unsigned x) { return __builtin_popcount(x); }
SIMT_INLINE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
SIMT_INLINE int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
SIMT_INLINE int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
SIMT_INLINE int __ffs(int x) { return __builtin_ffs(x); }
SIMT_INLINE int __ffsll(long long x) { return __builtin_ffsll(x); }
SIMT_INLINE unsigned __brev(unsigned x)
{
    unsigned y = 0;
    for (int i = 0; i < 32; i++) y |= (x >> i & 1) << (31 - i);
    return y;
}
SIMT_INLINE unsigned long long __brevll(unsigned long long x)
{
    return (unsigned long long)__brev((unsigned)x) << 32 | __brev((unsigned)(x >> 32));
}
/* Byte i of the result is byte s_i of y:x, where s_i are the four lowest hexadecimal digits of s; digit 8 and above:
 * its sign, eight times. */
SIMT_INLINE unsigned __byte_perm(unsigned x, unsigned y, unsigned s)
{
    uint64_t from = (uint64_t)y << 32 | x;
    unsigned to = 0;
    for (int i = 0; i < 4; i++) {
        unsigned digit = s >> 4 * i, byte = (unsigned)(from >> 8 * (digit & 7)) & 0xff;
        to |= (digit & 8 ? (byte & 0x80 ? 0xffu : 0u) : byte) << 8 * i;
    }
    return to;
}
SIMT_INLINE int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
SIMT_INLINE unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
SIMT_INLINE long long __mul64hi(long long a, long long b) { return (long long)((__extension__(__int128)a) * b >> 64); }
SIMT_INLINE unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((__extension__(unsigned __int128)a) * b >> 64);
}
SIMT_INLINE int __mul24(int a, int b) { return (a << 8 >> 8) * (b << 8 >> 8); }
SIMT_INLINE unsigned __umul24(unsigned a, unsigned b) { return (a & 0xffffff) * (b & 0xffffff); }
SIMT_INLINE int __hadd(int a, int b) { return (int)(((long long)a + b) >> 1); }
SIMT_INLINE int __rhadd(int a, int b) { return (int)(((long long)a + b + 1) >> 1); }
SIMT_INLINE unsigned __uhadd(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a + b) >> 1); }
SIMT_INLINE unsigned __sad(int a, int b, unsigned c) { return c + (a > b ? (unsigned)a - b : (unsigned)b - a); }
SIMT_INLINE unsigned __usad(unsigned a, unsigned b, unsigned c) { return c + (a > b ? a - b : b - a); }
SIMT_INLINE unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by)
{
    return (unsigned)(((uint64_t)high << 32 | low) << (by & 31) >> 32);
}
SIMT_INLINE unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by)
{
    return (unsigned)(((uint64_t)high << 32 | low) >> (by & 31));
}
SIMT_INLINE unsigned __funnelshift_lc(unsigned low, unsigned high, unsigned by)
{
    return by < 32 ? __funnelshift_l(low, high, by) : low;
}
SIMT_INLINE unsigned __funnelshift_rc(unsigned low, unsigned high, unsigned by)
{
    return by < 32 ? __funnelshift_r(low, high, by) : high;
}
namespace simt {
template <class Sum, class A, class B> SIMT_INLINE Sum dp4a(unsigned a, unsigned b, Sum c)    /* c + a0 b0 + .. a3 b3 */
{
    for (int i = 0; i < 32; i += 8) c += (Sum)(A)(a >> i) * (Sum)(B)(b >> i);
    return c;
}
} // namespace simt
SIMT_INLINE int __dp4a(int a, int b, int c) { return simt::dp4a<int, int8_t, int8_t>((unsigned)a, (unsigned)b, c); }
SIMT_INLINE unsigned __dp4a(unsigned a, unsigned b, unsigned c)
{
    return simt::dp4a<unsigned, uint8_t, uint8_t>(a, b, c);
}

/* ---- The same bits as another type; and conversions: to nearest (rn), to zero (rz), up (ru), down (rd) ----------- */

SIMT_INLINE int __float_as_int(float x) { return simt::reinterpret<int>(x); }
SIMT_INLINE unsigned __float_as_uint(float x) { return simt::reinterpret<unsigned>(x); }
SIMT_INLINE float __int_as_float(int x) { return simt::reinterpret<float>(x); }
SIMT_INLINE float __uint_as_float(unsigned x) { return simt::reinterpret<float>(x); }
SIMT_INLINE long long __double_as_longlong(double x) { return simt::reinterpret<long long>(x); }
SIMT_INLINE double __longlong_as_double(long long x) { return simt::reinterpret<double>(x); }
SIMT_INLINE int __double2hiint(double x) { return (int)(simt::reinterpret<long long>(x) >> 32); }
SIMT_INLINE int __double2loint(double x) { return (int)simt::reinterpret<long long>(x); }
SIMT_INLINE double __hiloint2double(int high, int low)
{
    return simt::reinterpret<double>((unsigned long long)(unsigned)high << 32 | (unsigned)low);
}

#define SIMT_TO_INTEGER(from, From, to, To)                                                                            \
    SIMT_INLINE To __##from##2##to##_rn(From x) { return simt::saturated<To>(rint((double)x)); }                       \
    SIMT_INLINE To __##from##2##to##_rz(From x) { return simt::saturated<To>(trunc((double)x)); }                      \
    SIMT_INLINE To __##from##2##to##_ru(From x) { return simt::saturated<To>(ceil((double)x)); }                       \
    SIMT_INLINE To __##from##2##to##_rd(From x) { return simt::saturated<To>(floor((double)x)); }
SIMT_TO_INTEGER(float, float, int, int)
SIMT_TO_INTEGER(float, float, uint, unsigned)
SIMT_TO_INTEGER(float, float, ll, long long)
SIMT_TO_INTEGER(float, float, ull, unsigned long long)
SIMT_TO_INTEGER(double, double, int, int)
SIMT_TO_INTEGER(double, double, uint, unsigned)
SIMT_TO_INTEGER(double, double, ll, long long)
SIMT_TO_INTEGER(double, double, ull, unsigned long long)
#undef SIMT_TO_INTEGER
SIMT_INLINE float __int2float_rn(int x) { return (float)x; }
SIMT_INLINE float __int2float_rz(int x) { return simt::float_to_zero(x); }
SIMT_INLINE float __int2float_ru(int x) { return simt::float_up(x); }
SIMT_INLINE float __int2float_rd(int x) { return simt::float_down(x); }
SIMT_INLINE float __uint2float_rn(unsigned x) { return (float)x; }
SIMT_INLINE float __uint2float_rz(unsigned x) { return simt::float_to_zero(x); }
SIMT_INLINE float __ll2float_rn(long long x) { return (float)x; }
SIMT_INLINE float __ull2float_rn(unsigned long long x) { return (float)x; }
SIMT_INLINE double __int2double_rn(int x) { return x; }
SIMT_INLINE double __uint2double_rn(unsigned x) { return x; }
SIMT_INLINE double __ll2double_rn(long long x) { return (double)x; }
SIMT_INLINE float __double2float_rn(double x) { return (float)x; }
SIMT_INLINE float __double2float_rz(double x) { return simt::float_to_zero(x); }
SIMT_INLINE float __double2float_ru(double x) { return simt::float_up(x); }
SIMT_INLINE float __double2float_rd(double x) { return simt::float_down(x); }

/* ---- Loads and stores with a hint for the cache, which is all that the hint is ----------------------------------- */

template <class T> SIMT_INLINE T __ldg(const T *p) { return *p; }
template <class T> SIMT_INLINE T __ldca(const T *p) { return *p; }
template <class T> SIMT_INLINE T __ldcg(const T *p) { return *p; }
template <class T> SIMT_INLINE T __ldcs(const T *p) { return *p; }
template <class T> SIMT_INLINE T __ldlu(const T *p) { return *p; }
template <class T> SIMT_INLINE T __ldcv(const T *p) { return *p; }
template <class T> SIMT_INLINE void __stwb(T *p, T x) { *p = x; }
template <class T> SIMT_INLINE void __stcg(T *p, T x) { *p = x; }
template <class T> SIMT_INLINE void __stcs(T *p, T x) { *p = x; }
template <class T> SIMT_INLINE void __stwt(T *p, T x) { *p = x; }

/* ---- One number of each lane, combined; every lane gets the result ----------------------------------------------- */

namespace simt {
struct Reduced { unsigned mine; };
template <class F> void reduce_lanes(Meeting &m)
{
    bool first = true;
    unsigned all = 0;
    for (void *lane : m.lane)
        if (lane) all = first ? ((Reduced *)lane)->mine : F::of(all, ((Reduced *)lane)->mine), first = false;
    for (void *lane : m.lane)
        if (lane) ((Reduced *)lane)->mine = all;
}
template <class F> SIMT_INLINE unsigned reduced(unsigned mask, unsigned x, Place at)
{
    Reduced r = { x };
    meet(mask, reduce_lanes<F>, &r, at);
    return r.mine;
}
} // namespace simt
#define SIMT_REDUCE(name, T, result)                                                                                   \
    struct simt_##name##_##T {                                                                                         \
        static unsigned of(unsigned x, unsigned y)                                                                     \
        {                                                                                                              \
            T a = (T)x, b = (T)y;                                                                                      \
            return (unsigned)(result);                                                                                 \
        }                                                                                                              \
    };                                                                                                                 \
    SIMT_INLINE T name(unsigned mask, T x, simt::Place at = simt::Place::here())                                       \
    {                                                                                                                  \
        return (T)simt::reduced<simt_##name##_##T>(mask, (unsigned)x, at);                                             \
    }
SIMT_REDUCE(__reduce_add_sync, unsigned, a + b)
SIMT_REDUCE(__reduce_min_sync, unsigned, a < b ? a : b)
SIMT_REDUCE(__reduce_max_sync, unsigned, a > b ? a : b)
SIMT_REDUCE(__reduce_and_sync, unsigned, a & b)
SIMT_REDUCE(__reduce_or_sync, unsigned, a | b)
SIMT_REDUCE(__reduce_xor_sync, unsigned, a ^ b)
SIMT_REDUCE(__reduce_add_sync, int, (unsigned)a + (unsigned)b)
SIMT_REDUCE(__reduce_min_sync, int, a < b ? a : b)
SIMT_REDUCE(__reduce_max_sync, int, a > b ? a : b)
#undef SIMT_REDUCE

/* ---- Time, and ends ---------------------------------------------------------------------------------------------- */

SIMT_INLINE long long clock64()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
SIMT_INLINE void __nanosleep(unsigned) { simt::yield(); }
SIMT_INLINE void __trap(simt::Place at = simt::Place::here())
{
    simt::stop(cudaErrorLaunchFailure, "trap", at, "__trap() ended the kernel");
}
