/* activation.h -- gelu, silu and GPT-2's gelu as functions of one number, with their slopes: what several ops share.
 * Sigmoid and tanh are in vmath.h. */
#pragma once
#include "ops.h"
#include "vmath.h"

/* gelu: with a = |x| and the small side alone, tail = Phi(-a), no digits are lost: x Phi(x) = max(0, x) - a tail. From
 * BELL on the tail is 0; a is cut there, because infinity times 0 must not occur. */
#define BELL ((real)(sizeof(real) == 8 ? 40 : 14.6))

static inline real gelu(real x)
{
    real a = vcut_size(x, BELL), tail = vtail(a, vexp_down(a * a * (real)-0.5));
    return vfma(-a, tail, x < 0 ? 0 : x); /* through which NaN passes */
}

/* y' = Phi(x) + x phi(x),  phi(x) = exp(-x^2 / 2) / sqrt(2 pi);  what it is at -a, it lacks at a to 1. */
static inline real gelu_slope(real x)
{
    real a = vabs(x), e, slope;
    a = a > BELL ? BELL : a; /* NaN passes */
    e = vexp_down(a * a * (real)-0.5);
    slope = vtail(a, e) - a * e * (real)(0.39894228040143267794 * (double)VEXP_DOWN);
    return x < 0 ? slope : 1 - slope;
}

/* x, cut where nothing changes any more: infinity times 0 must not occur. NaN passes. */
static inline real cut_at(real x, real most)
{
    real low = x < -most ? -most : x;
    return low > most ? most : low;
}

/* x/2 (1 + tanh u) = x sigmoid(2u),  u = sqrt(2 / pi) (x + .044715 x^3) */
static inline real gelu_tanh(real x)
{
    const real two_root = (real)1.5957691216057307117, cube = (real)0.044715;
    real c = x < -30 ? -30 : x;
    return c * vsigmoid(two_root * c * (1 + cube * c * c));
}

/* s + x s (1 - s) (2u)',  s = sigmoid(2u) */
static inline real gelu_tanh_slope(real x)
{
    const real two_root = (real)1.5957691216057307117, cube = (real)0.044715;
    real c = cut_at(x, 30), s = vsigmoid(two_root * c * (1 + cube * c * c));
    return s + c * s * (1 - s) * two_root * (1 + 3 * cube * c * c);
}

/* x s,  s = sigmoid(x);  slope s + x s (1 - s) */
static inline real silu(real x)
{
    real c = x < -1000 ? -1000 : x;
    return c * vsigmoid(c);
}

static inline real silu_slope(real x)
{
    real c = cut_at(x, 1000), s = vsigmoid(c);
    return s + c * s * (1 - s);
}
