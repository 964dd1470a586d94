/* wide.h -- a vector of reals by hand, for rows: what is left at a row's end and what a row's sums need, compilers turn
 * into far more instructions than it takes. */
#pragma once
#include <math.h>
#include <string.h>
#include "lanes.h"
#include "ops.h"
#include "vmath.h"

#ifdef REAL64
typedef double Wide __attribute__((vector_size(sizeof(Lanes))));
typedef uint64_t WideBits __attribute__((vector_size(sizeof(Lanes))));
enum { WIDE = LANES / 2 };
#else
typedef Lanes Wide;
typedef uint32_t WideBits __attribute__((vector_size(sizeof(Lanes))));
enum { WIDE = LANES };
#endif
typedef real WideLoose __attribute__((vector_size(sizeof(Lanes)), aligned(sizeof(real)), may_alias));

#if defined __AVX512F__ && !defined REAL64
#define WIDE_MASKS
#endif

static inline Wide wide_of(real x) { return x - (Wide){ 0 }; }

/* The next n numbers of a row, or as many as a vector holds; behind them the filler. */
static inline Wide wide_get(const real *x, int64_t n, real filler)
{
    if (n >= WIDE) return *(const WideLoose *)x;
#ifdef WIDE_MASKS
    return _mm512_mask_loadu_ps(wide_of(filler), (__mmask16)((1u << n) - 1), x);
#else
    Wide v = wide_of(filler);
    for (int k = 0; k < n; k++) v[k] = x[k];
    return v;
#endif
}

static inline void wide_put(real *y, Wide v, int64_t n)
{
    if (n >= WIDE) *(WideLoose *)y = v;
    else
#ifdef WIDE_MASKS
        _mm512_mask_storeu_ps(y, (__mmask16)((1u << n) - 1), v);
#else
        for (int k = 0; k < n; k++) y[k] = v[k];
#endif
}

/* a > b ? a : b and a < b ? a : b, so b where one of them is NaN. */
static inline Wide wide_max(Wide a, Wide b)
{
#if defined __AVX512F__ && !defined REAL64
    return _mm512_max_ps(a, b);
#elif defined __AVX__ && !defined REAL64
    return _mm256_max_ps(a, b);
#else
    WideBits larger = (WideBits)(a > b);
    return (Wide)(((WideBits)a & larger) | ((WideBits)b & ~larger));
#endif
}

static inline Wide wide_min(Wide a, Wide b)
{
#if defined __AVX512F__ && !defined REAL64
    return _mm512_min_ps(a, b);
#elif defined __AVX__ && !defined REAL64
    return _mm256_min_ps(a, b);
#else
    WideBits smaller = (WideBits)(a < b);
    return (Wide)(((WideBits)a & smaller) | ((WideBits)b & ~smaller));
#endif
}

static inline Wide wide_log(Wide x)
{
    real v[WIDE];
    memcpy(v, &x, sizeof x);
#pragma omp simd
    for (int k = 0; k < WIDE; k++) v[k] = vlog(v[k]);
    memcpy(&x, v, sizeof x);
    return x;
}

/* The sum and the largest of a vector's numbers: its halves side by side, then theirs. */
#ifdef REAL64
static inline real wide_sum(Wide v)
{
    real sum = 0;
    for (int k = 0; k < WIDE; k++) sum += v[k];
    return sum;
}
static inline real wide_most(Wide v)
{
    real most = v[0];
    for (int k = 1; k < WIDE; k++) most = v[k] > most ? v[k] : most;
    return most;
}
static inline Wide wide_fma(Wide a, Wide b, Wide c) { return a * b + c; }
static inline Wide wide_exp(Wide x)
{
    for (int k = 0; k < WIDE; k++) x[k] = exp(x[k]);
    return x;
}
static inline void wide_turn(Wide *v)
{
    for (int i = 0; i < WIDE; i++)
        for (int j = 0; j < i; j++) {
            double old = v[i][j];
            v[i][j] = v[j][i];
            v[j][i] = old;
        }
}
#else
static inline real wide_sum(Wide v)
{
    for (int bit = 0; bit < LANES_LOG2; bit++)
        v = __builtin_shufflevector(v, v, LANES_LOW) + __builtin_shufflevector(v, v, LANES_HIGH);
    return v[0];
}
static inline real wide_most(Wide v)
{
    for (int bit = 0; bit < LANES_LOG2; bit++)
        v = wide_max(__builtin_shufflevector(v, v, LANES_LOW), __builtin_shufflevector(v, v, LANES_HIGH));
    return v[0];
}
static inline Wide wide_fma(Wide a, Wide b, Wide c) { return lanes_fma(a, b, c); }
static inline void wide_turn(Wide *v) { lanes_turn(v); }

/* vexpf's value for x up to 88, to the last bit where multiply-adds are fused. NaN passes without being asked for. */
static inline Wide wide_exp(Wide x)
{
    x = wide_max(wide_of(-104), x);
    const Wide magic = wide_of(0x1.8p23f + 160), one = wide_of(1);
    Wide t = wide_fma(x, wide_of(0x1.715476p0f), magic), n = t - magic;
    Wide r = wide_fma(n, wide_of(-0x1.7f7d1cp-20f), wide_fma(n, wide_of(-0x1.62e400p-1f), x)), p = wide_of(VEXP_5);
    p = wide_fma(p, r, wide_of(VEXP_4));
    p = wide_fma(p, r, wide_of(VEXP_3));
    p = wide_fma(p, r, wide_of(VEXP_2));
    p = wide_fma(p, r, wide_of(VEXP_1));
    p = wide_fma(wide_fma(p, r, one), r, one);
#ifdef __AVX512F__
    return _mm512_scalef_ps(p, n);
#else
    WideBits all = (WideBits)t << 22, high = all & 0x7f800000, low = all + all - high + (94u << 23);
    return p * (Wide)low * (Wide)high;
#endif
}
#endif

/* For any x: beyond 104, that is infinity anyway. */
static inline void wide_exp_all(real *y, const real *x, int64_t N)
{
    for (int64_t i = 0; i < N; i += WIDE) {
        Wide v = wide_get(x + i, N - i, 0);
        wide_put(y + i, wide_exp(sizeof(real) == 8 ? v : wide_min(wide_of(104), v)), N - i);
    }
}
