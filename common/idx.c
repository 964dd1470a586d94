/* idx.c -- the format of MNIST: two zeros, a type, how many dimensions, the dimensions, the values; all big-endian. */
#include "data.h"
#include "check.h"
#include "file.h"
#include <stdlib.h>
#include <string.h>

typedef struct Header { Dtype dtype; int ndim; int64_t shape[MAX_DIMS]; size_t bytes, count; } Header;

static const struct { bool known; Dtype dtype; } TYPE[16] = {
    [0x8] = { true, U8 }, [0x9] = { true, I8 }, [0xC] = { true, I32 }, [0xD] = { true, F32 }, [0xE] = { true, F64 },
};

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const char *header_read(const char *path, const FileBytes *b, Header *h)
{
    const uint8_t *p = b->data;
    if (b->size < 4) return sentence("%s: byte %zu: ends before its first four bytes", path, b->size);
    if (p[0] || p[1]) return sentence("%s: byte 0: not IDX: begins with %02x %02x, not two zeros", path, p[0], p[1]);
    if (p[2] >= 16 || !TYPE[p[2]].known)
        return sentence("%s: byte 2: type 0x%02x; 08 09 0c 0d 0e are read", path, p[2]);
    if (p[3] < 1 || p[3] > MAX_DIMS)
        return sentence("%s: byte 3: %d dimensions; 1 to %d are read", path, p[3], MAX_DIMS);
    h->dtype = TYPE[p[2]].dtype;
    h->ndim = p[3];
    h->bytes = 4 + 4 * (size_t)h->ndim;
    if (b->size < h->bytes) return sentence("%s: byte %zu: ends within its dimensions", path, b->size);
    h->count = 1;
    for (int d = 0; d < h->ndim; d++) {
        h->shape[d] = be32(p + 4 + 4 * d);
        if (h->shape[d] == 0) return sentence("%s: byte %d: dimension %d is 0", path, 4 + 4 * d, d);
        if (__builtin_mul_overflow(h->count, (size_t)h->shape[d], &h->count) || h->count > b->size)
            return sentence("%s: byte %d: %lld in dimension %d make more values than the file has bytes (%zu)", path,
                            4 + 4 * d, (long long)h->shape[d], d, b->size);
    }
    size_t want = h->bytes + h->count * tensor_size(h->dtype); /* count <= size: no overflow */
    if (b->size < want) return sentence("%s: byte %zu: ends too early: %zu bytes expected", path, b->size, want);
    if (b->size > want) return sentence("%s: byte %zu: %zu bytes too many", path, want, b->size - want);
    return NULL;
}

static void swap_bytes(uint8_t *to, const uint8_t *from, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < size; k++)
            to[i * size + k] = from[i * size + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? size - 1 - k : k)];
}

const char *idx_read(Arena *a, const char *path, Tensor **out)
{
    FileBytes b;
    Header h = { 0 };
    const char *wrong = file_read(path, &b);
    if (wrong) return wrong;
    wrong = header_read(path, &b, &h);
    Tensor *t = wrong ? NULL : tensor_try(a, DEV_CPU, h.dtype, h.ndim, h.shape);
    if (!wrong && !t) wrong = sentence("%s: no memory for its %zu values", path, h.count);
    if (!wrong) {
        swap_bytes(t->data, b.data + h.bytes, h.count, tensor_size(h.dtype));
        *out = t;
    }
    free(b.data);
    return wrong;
}
