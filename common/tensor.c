/* tensor.c -- shapes, strides, views, and one element at a time. */
#include "tensor.h"
#include "check.h"
#include <math.h>
#include <string.h>

static const struct { const char *name; size_t size; } DTYPE[DTYPE_COUNT] = {
    [F32] = { "f32", 4 }, [F64] = { "f64", 8 }, [F16] = { "f16", 2 }, [BF16] = { "bf16", 2 },
    [I64] = { "i64", 8 }, [I32] = { "i32", 4 }, [I8] = { "i8", 1 },   [U8] = { "u8", 1 },
};

size_t tensor_size(Dtype d) { return DTYPE[d].size; }
const char *tensor_dtype_name(Dtype d) { return DTYPE[d].name; }

/* ---- Making them ---- */

void tensor_set_shape(Tensor *t, int ndim, const int64_t *shape)
{
    int64_t n = 1;
    bool counts = true;
    CHECK(ndim >= 0 && ndim <= MAX_DIMS, "tensor: %d dimensions, at most %d", ndim, MAX_DIMS);
    t->ndim = ndim;
    for (int d = ndim - 1; d >= 0; d--) {
        CHECK(shape[d] >= 0, "tensor: dimension %d is %lld long", d, (long long)shape[d]);
        t->shape[d] = shape[d];
        t->stride[d] = n;
        counts &= !__builtin_mul_overflow(n, shape[d], &n);
    }
    CHECK(counts, "tensor: more elements than can be counted: %s", tensor_text(t).s);
}

/* Can so many elements be counted in bytes? A shape that a file claims may be anything. */
static bool countable(Dtype dtype, int ndim, const int64_t *shape)
{
    int64_t n = (int64_t)tensor_size(dtype);
    for (int d = 0; d < ndim; d++)
        if (shape[d] < 0 || __builtin_mul_overflow(n, shape[d] > 0 ? shape[d] : 1, &n)) return false;
    return ndim >= 0 && ndim <= MAX_DIMS;
}

Tensor *tensor_try(Arena *a, Device device, Dtype dtype, int ndim, const int64_t *shape)
{
    if (!countable(dtype, ndim, shape)) return NULL;
    Tensor t = { .arena = a, .device = device, .dtype = dtype };
    tensor_set_shape(&t, ndim, shape);
    t.data = arena_try(a, device, tensor_bytes(&t), "tensors");
    if (!t.data) return NULL;
    Tensor *made = arena_try(a, DEV_CPU, sizeof t, "headers");
    if (!made) {
        arena_give_back(a, device, t.data, tensor_bytes(&t), "tensors");
        return NULL;
    }
    *made = t;
    return made;
}

Tensor *tensor_new(Arena *a, Device device, Dtype dtype, int ndim, const int64_t *shape)
{
    Tensor t = { .arena = a, .device = device, .dtype = dtype };
    tensor_set_shape(&t, ndim, shape);
    CHECK(countable(dtype, ndim, shape), "tensor: more bytes than can be counted: %s", tensor_text(&t).s);
    t.data = arena_alloc(a, device, tensor_bytes(&t), "tensors");
    Tensor *made = arena_alloc(a, DEV_CPU, sizeof t, "headers");
    *made = t;
    return made;
}

void tensor_drop_grad(Tensor *t)
{
    t = tensor_root(t);
    if (!t->grad) return;
    arena_give_back(t->arena, t->device, t->grad->data, tensor_bytes(t), "gradients");
    arena_give_back(t->arena, DEV_CPU, t->grad, sizeof *t->grad, "headers");
    t->grad = NULL;
}

/* ---- Asking them ---- */

int64_t tensor_count(const Tensor *t)
{
    int64_t n = 1;
    for (int d = 0; d < t->ndim; d++) n *= t->shape[d];
    return n;
}

size_t tensor_bytes(const Tensor *t) { return (size_t)tensor_count(t) * tensor_size(t->dtype); }

bool tensor_contiguous(const Tensor *t)
{
    int64_t n = 1;
    for (int d = t->ndim - 1; d >= 0; d--) {
        if (t->shape[d] != 1 && t->stride[d] != n) return false;
        n *= t->shape[d];
    }
    return true;
}

bool tensor_overlaps(const Tensor *t)
{
    for (int d = 0; d < t->ndim; d++)
        if (t->stride[d] == 0 && t->shape[d] > 1) return tensor_count(t) > 0;
    return false;
}

bool tensor_same_shape(const Tensor *a, const Tensor *b)
{
    return a->ndim == b->ndim && !memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape);
}

int64_t tensor_at(const Tensor *t, int64_t i)
{
    int64_t at = 0;
    for (int d = t->ndim - 1; d >= 0; d--) {
        at += i % t->shape[d] * t->stride[d];
        i /= t->shape[d];
    }
    return at;
}

Tensor *tensor_root(Tensor *t) { return t->base ? t->base : t; }
bool tensor_wants_grad(Tensor *t) { return t && tensor_root(t)->needs_grad; }

Tensor tensor_expanded(const Tensor *x, int ndim, const int64_t *shape)
{
    Tensor y = *x;
    int missing = ndim - x->ndim; /* shapes are aligned at the right */
    y.ndim = ndim;
    for (int d = 0; d < ndim; d++) {
        int from = d - missing;
        y.shape[d] = shape[d];
        y.stride[d] = from < 0 || (x->shape[from] == 1 && shape[d] != 1) ? 0 : x->stride[from];
    }
    return y;
}

Text tensor_text(const Tensor *t)
{
    Text x;
    int n = snprintf(x.s, sizeof x.s, "%s(", DTYPE[t->dtype].name);
    for (int d = 0; d < t->ndim && n < (int)sizeof x.s; d++)
        n += snprintf(x.s + n, sizeof x.s - (size_t)n, d ? ",%lld" : "%lld", (long long)t->shape[d]);
    if (n < (int)sizeof x.s) snprintf(x.s + n, sizeof x.s - (size_t)n, ")");
    return x;
}

/* ---- One element ---- */

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction. */
static double f16_get(uint16_t h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    double x = exponent == 31 ? (fraction ? NAN : INFINITY)
             : exponent == 0  ? ldexp(fraction, -24)
                              : ldexp(1024 + fraction, exponent - 25);
    return h >> 15 ? -x : x;
}

static uint16_t f16_set(double x)
{
    uint16_t sign = signbit(x) ? 1 << 15 : 0;
    x = fabs(x);
    if (!(x < 65520)) return (uint16_t)(sign | (x != x ? 0x7e00 : 0x7c00)); /* what rounds above 65504, and NaN */
    int e = x < 0x1p-14 ? -14 : ilogb(x);
    /* In units of the last place; a carry out of the fraction runs into the exponent, as it should. */
    int units = (int)nearbyint(ldexp(x, 10 - e));
    return (uint16_t)(sign | (units + (x < 0x1p-14 ? 0 : (e + 14) << 10)));
}

/* bfloat16 is the upper half of a float. */
static double bf16_get(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint16_t bf16_set(double value)
{
    float x = (float)value;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16); /* to nearest, ties to even */
}

double tensor_get(const Tensor *t, int64_t i)
{
    const void *data = t->data;
    i = tensor_at(t, i);
    switch (t->dtype) {
    case F32: return ((const float *)data)[i];
    case F64: return ((const double *)data)[i];
    case F16: return f16_get(((const uint16_t *)data)[i]);
    case BF16: return bf16_get(((const uint16_t *)data)[i]);
    case I64: return (double)((const int64_t *)data)[i];
    case I32: return ((const int32_t *)data)[i];
    case I8: return ((const int8_t *)data)[i];
    default: return ((const uint8_t *)data)[i];
    }
}

void tensor_set(Tensor *t, int64_t i, double value)
{
    void *data = t->data;
    i = tensor_at(t, i);
    switch (t->dtype) {
    case F32: ((float *)data)[i] = (float)value; break;
    case F64: ((double *)data)[i] = value; break;
    case F16: ((uint16_t *)data)[i] = f16_set(value); break;
    case BF16: ((uint16_t *)data)[i] = bf16_set(value); break;
    case I64: ((int64_t *)data)[i] = (int64_t)value; break;
    case I32: ((int32_t *)data)[i] = (int32_t)value; break;
    case I8: ((int8_t *)data)[i] = (int8_t)value; break;
    default: ((uint8_t *)data)[i] = (uint8_t)value; break;
    }
}
