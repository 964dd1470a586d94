/* cast.c -- between REAL, F16 (IEEE 754 binary16) and BF16 (the upper half of a float): to nearest, ties to even. */
#include "loops.h"
#include "vmath.h"

static const char *shape(Node *n)
{
    Dtype to = ((const CastArg *)n->arg)->to;
    if (to != REAL && to != F16 && to != BF16) return sentence("cannot cast to %s", tensor_dtype_name(to));
    n->out[0]->dtype = to;
    return same_shape(n);
}

#ifdef REAL64
/* Only gradient checks run in double: one element at a time, each rounded once. */
static void piece(Tensor *y, const Tensor *x, int64_t from, int64_t N)
{
    for (int64_t i = from; i < from + N; i++) tensor_set(y, i, tensor_get(x, i));
}
#else
static inline float from_bf16(uint16_t h)
{
    VBits x;
    x.u = (uint32_t)h << 16;
    return x.f;
}

/* Adding half a unit of the last place, less one bit where that place is even, carries where it should. */
static inline uint16_t to_bf16(float f)
{
    VBits x;
    x.f = f;
    uint32_t nan = x.u >> 16 | 0x40, rounded = (x.u + 0x7fff + (x.u >> 16 & 1)) >> 16;
    return (uint16_t)(f != f ? nan : rounded);
}

/* 1 sign, 5 exponent (bias 15), 10 fraction. Moved into place, the exponent lacks 127 - 15; a product makes that good,
 * exactly, and turns small numbers without a leading bit into floats with one. */
static inline float from_f16(uint16_t h)
{
    VBits x;
    x.u = (uint32_t)(h & 0x7fff) << 13;
    x.f *= 0x1p112f;
    x.u |= (h & 0x7c00) == 0x7c00 ? 0x7f800000 : 0; /* infinity, NaN */
    x.u |= (uint32_t)(h & 0x8000) << 16;
    return x.f;
}

static inline uint16_t to_f16(float f)
{
    VBits x, small;
    x.f = f;
    uint32_t sign = x.u >> 16 & 0x8000;
    x.u &= 0x7fffffff;
    small.f = x.f + 0.5f; /* below 2^-14: rounded to units of 2^-24, which are the lowest bits of 0.5 */
    uint32_t normal = (x.u + 0xfff + (x.u >> 13 & 1) - (112u << 23)) >> 13;
    uint32_t h = x.u < 113u << 23 ? small.u - 0x3f000000 : normal;
    h = x.u >= 0x477ff000 ? 0x7c00 : h; /* what rounds above 65504 */
    h = f != f ? 0x7e00 : h;
    return (uint16_t)(h | sign);
}

static void piece(Tensor *y, const Tensor *x, int64_t from, int64_t N)
{
    const float *in = (const float *)x->data + from;
    const uint16_t *in16 = (const uint16_t *)x->data + from;
    float *out = (float *)y->data + from;
    uint16_t *out16 = (uint16_t *)y->data + from;
    if (x->dtype == F32 && y->dtype == F32)
        for (int64_t i = 0; i < N; i++) out[i] = in[i];
    else if (x->dtype == F32 && y->dtype == F16)
        for (int64_t i = 0; i < N; i++) out16[i] = to_f16(in[i]);
    else if (x->dtype == F32)
        for (int64_t i = 0; i < N; i++) out16[i] = to_bf16(in[i]);
    else if (x->dtype == F16 && y->dtype == F32)
        for (int64_t i = 0; i < N; i++) out[i] = from_f16(in16[i]);
    else if (x->dtype == F16 && y->dtype == BF16)
        for (int64_t i = 0; i < N; i++) out16[i] = to_bf16(from_f16(in16[i]));
    else if (x->dtype == BF16 && y->dtype == F32)
        for (int64_t i = 0; i < N; i++) out[i] = from_bf16(in16[i]);
    else if (x->dtype == BF16 && y->dtype == F16)
        for (int64_t i = 0; i < N; i++) out16[i] = to_f16(from_bf16(in16[i]));
    else
        for (int64_t i = 0; i < N; i++) out16[i] = in16[i];
}
#endif

static void forward(Tape *t, Node *n)
{
    (void)t;
    enum { PIECE = 1 << 14 };
    const Tensor *x = n->in[0];
    Tensor *y = n->out[0];
    int64_t N = tensor_count(x);
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < N; i += PIECE) piece(y, x, i, N - i < PIECE ? N - i : PIECE);
}

static void backward(Tape *t, Node *n) { tape_add_grad(t, n->in[0], op_cast(t, n->out[0]->grad, n->in[0]->dtype)); }

static const Op op = { .name = "cast", .dtypes = 1u << REAL | 1u << F16 | 1u << BF16, .shape = shape,
                       .forward = { [DEV_CPU] = forward }, .backward = backward };

Tensor *op_cast(Tape *t, Tensor *x, Dtype to) { return tape_run(t, (Node){ .op = &op, IN(x), ARG(CastArg, to) }); }
