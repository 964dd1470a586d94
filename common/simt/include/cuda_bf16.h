/* cuda_bf16.h -- bfloat16: the upper half of a float, one and two at a time. */
#pragma once
#include <cuda_runtime.h>
#include "simt/small_float.h"

typedef simt::Small<simt::Bfloat16>     __nv_bfloat16;
typedef simt::SmallPair<simt::Bfloat16> __nv_bfloat162;
typedef __nv_bfloat16  nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;

static inline __nv_bfloat16 __float2bfloat16(float x) { return x; }
static inline __nv_bfloat16 __float2bfloat16_rn(float x) { return x; }
static inline __nv_bfloat16 __double2bfloat16(double x) { return x; }
static inline __nv_bfloat16 __int2bfloat16_rn(int x) { return x; }
static inline __nv_bfloat16 __uint2bfloat16_rn(unsigned x) { return x; }
static inline float __bfloat162float(__nv_bfloat16 x) { return x; }
static inline int __bfloat162int_rn(__nv_bfloat16 x) { return (int)rintf(x); }
static inline int __bfloat162int_rz(__nv_bfloat16 x) { return (int)(float)x; }
static inline unsigned __bfloat162uint_rn(__nv_bfloat16 x) { return (unsigned)rintf(x); }
static inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.bits; }
static inline short __bfloat16_as_short(__nv_bfloat16 x) { return (short)x.bits; }
static inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short b) { __nv_bfloat16 x; return x.bits = b, x; }
static inline __nv_bfloat16 __short_as_bfloat16(short b) { __nv_bfloat16 x; return x.bits = (unsigned short)b, x; }

static inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 a, __nv_bfloat16 b) { return { a, b }; }
static inline __nv_bfloat162 make_bfloat162(__nv_bfloat16 a, __nv_bfloat16 b) { return { a, b }; }
static inline __nv_bfloat162 __bfloat162bfloat162(__nv_bfloat16 a) { return { a, a }; }
static inline __nv_bfloat162 __float2bfloat162_rn(float a) { return { a, a }; }
static inline __nv_bfloat162 __floats2bfloat162_rn(float a, float b) { return { a, b }; }
static inline __nv_bfloat162 __float22bfloat162_rn(float2 a) { return { a.x, a.y }; }
static inline float2 __bfloat1622float2(__nv_bfloat162 a) { return make_float2(a.x, a.y); }
static inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 a) { return a.x; }
static inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 a) { return a.y; }
static inline float __low2float(__nv_bfloat162 a) { return a.x; }
static inline float __high2float(__nv_bfloat162 a) { return a.y; }
