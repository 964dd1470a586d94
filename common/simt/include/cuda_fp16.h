/* cuda_fp16.h -- half: IEEE's number of 16 bits, one and two at a time. */
#pragma once
#include <cuda_runtime.h>
#include "simt/small_float.h"

typedef simt::Small<simt::Binary16>     __half;
typedef simt::SmallPair<simt::Binary16> __half2;
typedef __half  half;
typedef __half2 half2;
typedef struct { unsigned short x; }    __half_raw;

static inline __half __float2half(float x) { return x; }
static inline __half __float2half_rn(float x) { return x; }
static inline __half __double2half(double x) { return x; }
static inline __half __int2half_rn(int x) { return x; }
static inline __half __uint2half_rn(unsigned x) { return x; }
static inline float __half2float(__half x) { return x; }
static inline int __half2int_rn(__half x) { return (int)rintf(x); }
static inline int __half2int_rz(__half x) { return (int)(float)x; }
static inline unsigned __half2uint_rn(__half x) { return (unsigned)rintf(x); }
static inline unsigned short __half_as_ushort(__half x) { return x.bits; }
static inline short __half_as_short(__half x) { return (short)x.bits; }
static inline __half __ushort_as_half(unsigned short b) { __half x; return x.bits = b, x; }
static inline __half __short_as_half(short b) { __half x; return x.bits = (unsigned short)b, x; }

static inline __half2 __halves2half2(__half a, __half b) { return { a, b }; }
static inline __half2 make_half2(__half a, __half b) { return { a, b }; }
static inline __half2 __half2half2(__half a) { return { a, a }; }
static inline __half2 __float2half2_rn(float a) { return { a, a }; }
static inline __half2 __floats2half2_rn(float a, float b) { return { a, b }; }
static inline __half2 __float22half2_rn(float2 a) { return { a.x, a.y }; }
static inline float2 __half22float2(__half2 a) { return make_float2(a.x, a.y); }
static inline __half __low2half(__half2 a) { return a.x; }
static inline __half __high2half(__half2 a) { return a.y; }
static inline float __low2float(__half2 a) { return a.x; }
static inline float __high2float(__half2 a) { return a.y; }
static inline __half2 __low2half2(__half2 a) { return { a.x, a.x }; }
static inline __half2 __high2half2(__half2 a) { return { a.y, a.y }; }
static inline __half2 __lowhigh2highlow(__half2 a) { return { a.y, a.x }; }
