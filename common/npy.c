/* npy.c -- NumPy's own format: a magic word, a version, a Python dictionary that says what follows, the values. */
#include "check.h"
#include "data.h"
#include "file.h"
#include <stdlib.h>
#include <string.h>

/* What NumPy writes for each dtype of ours. bfloat16, which NumPy lacks, is two bytes of no kind to it: so ml_dtypes
 * saves it. A bool is a byte. */
static const struct {
    const char *name;
    Dtype dtype;
} KIND[] = {
    { "f4", F32 }, { "f8", F64 }, { "f2", F16 }, { "V2", BF16 }, { "i8", I64 },
    { "i4", I32 }, { "i1", I8 },  { "u1", U8 },  { "b1", U8 },
};
enum { KINDS = sizeof KIND / sizeof *KIND };

static const char MAGIC[6] = "\x93NUMPY";

/* ---- Reading ---- */

typedef struct Header {
    Dtype dtype;
    bool swapped, fortran; /* of the other byte order; the first index runs fastest */
    int ndim;
    int64_t shape[MAX_DIMS];
    bool has_descr, has_order, has_shape;
} Header;

/* The dictionary is a Python literal; at is where it is read, end where it ends. */
typedef struct Reader {
    const char *path, *start, *at, *end;
    long long offset; /* of start in the file */
} Reader;

static long long where(const Reader *r) { return r->offset + (r->at - r->start); }

static void skip_blanks(Reader *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at) r->at++;
}

static bool take(Reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool take_word(Reader *r, const char *word)
{
    skip_blanks(r);
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n)) return false;
    r->at += n;
    return true;
}

/* 'text' or "text", no escapes: NumPy writes none. */
static bool take_string(Reader *r, char *to, size_t room)
{
    char quote = take(r, '\'') ? '\'' : take(r, '"') ? '"' : 0;
    const char *stop = quote ? memchr(r->at, quote, (size_t)(r->end - r->at)) : NULL;
    if (!stop || (size_t)(stop - r->at) >= room || memchr(r->at, '\\', (size_t)(stop - r->at))) return false;
    memcpy(to, r->at, (size_t)(stop - r->at));
    to[stop - r->at] = 0;
    r->at = stop + 1;
    return true;
}

static bool take_count(Reader *r, int64_t *n)
{
    skip_blanks(r);
    const char *from = r->at;
    bool fits = true;
    for (*n = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        fits &= !__builtin_mul_overflow(*n, 10, n) && !__builtin_add_overflow(*n, *r->at - '0', n);
    bool any = r->at > from;
    if (any && r->at < r->end && *r->at == 'L') r->at++; /* Python 2 */
    return any && fits;
}

static const char *read_descr(Reader *r, Header *h)
{
    char text[32];
    if (!take_string(r, text, sizeof text))
        return sentence("%s: byte %lld: descr is not a plain dtype; arrays of records are not read", r->path, where(r));
    const char *order = strchr("<>|=", *text) && *text ? text : "";
    const char *kind = text + (*order != 0);
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(kind, KIND[i].name)) continue;
        bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
        h->dtype = KIND[i].dtype;
        h->swapped = tensor_size(h->dtype) > 1 && *order == (little ? '>' : '<');
        h->has_descr = true;
        return NULL;
    }
    return sentence("%s: byte %lld: dtype '%s'; f2 f4 f8 i1 i4 i8 u1 b1 and V2 (bfloat16) are read", r->path, where(r),
                    text);
}

static const char *read_shape(Reader *r, Header *h)
{
    if (!take(r, '(')) return sentence("%s: byte %lld: the shape is not a tuple", r->path, where(r));
    bool comma = true;
    for (h->ndim = 0; !take(r, ')'); h->ndim++) {
        int64_t n;
        if (!comma || !take_count(r, &n))
            return sentence("%s: byte %lld: dimension %d is no count", r->path, where(r), h->ndim);
        if (h->ndim == MAX_DIMS) return sentence("%s: byte %lld: more than %d dimensions", r->path, where(r), MAX_DIMS);
        h->shape[h->ndim] = n;
        comma = take(r, ',');
    }
    h->has_shape = true;
    return NULL;
}

static const char *read_dictionary(Reader *r, Header *h)
{
    char key[32];
    if (!take(r, '{')) return sentence("%s: byte %lld: the header is not a dictionary", r->path, where(r));
    for (bool comma = true; !take(r, '}'); comma = take(r, ',')) {
        const char *wrong = NULL;
        if (!comma || !take_string(r, key, sizeof key) || !take(r, ':'))
            return sentence("%s: byte %lld: the header's dictionary is damaged", r->path, where(r));
        if (!strcmp(key, "descr") && !h->has_descr) {
            wrong = read_descr(r, h);
        } else if (!strcmp(key, "shape") && !h->has_shape) {
            wrong = read_shape(r, h);
        } else if (!strcmp(key, "fortran_order") && !h->has_order) {
            h->has_order = true;
            h->fortran = take_word(r, "True");
            if (!h->fortran && !take_word(r, "False"))
                wrong = sentence("%s: byte %lld: fortran_order is neither True nor False", r->path, where(r));
        } else {
            wrong = sentence("%s: byte %lld: '%s' is unknown, or there twice", r->path, where(r), key);
        }
        if (wrong) return wrong;
    }
    skip_blanks(r);
    if (r->at != r->end) return sentence("%s: byte %lld: something follows the dictionary", r->path, where(r));
    if (h->has_descr && h->has_order && h->has_shape) return NULL;
    return sentence("%s: byte %lld: the header lacks descr, fortran_order or shape", r->path, where(r));
}

/* On success *values is where they begin. */
static const char *read_header(const char *path, const FileBytes *b, Header *h, size_t *values)
{
    const uint8_t *p = b->data;
    if (b->size < 10) return sentence("%s: byte %zu: ends before its first ten bytes", path, b->size);
    if (memcmp(p, MAGIC, sizeof MAGIC))
        return sentence("%s: byte 0: not .npy: it does not begin with \\x93NUMPY", path);
    if (p[6] < 1 || p[6] > 3 || p[7])
        return sentence("%s: byte 6: version %d.%d; 1.0 to 3.0 are read", path, p[6], p[7]);
    size_t from = p[6] == 1 ? 10 : 12, length = p[8] | (size_t)p[9] << 8;
    if (b->size < from) return sentence("%s: byte %zu: ends within the header's length", path, b->size);
    if (p[6] > 1) length |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    if (length > b->size - from)
        return sentence("%s: byte %zu: ends within its header of %zu bytes", path, b->size, length);
    const char *text = (const char *)p + from;
    Reader r = { .path = path, .start = text, .at = text, .end = text + length, .offset = (long long)from };
    *values = from + length;
    return read_dictionary(&r, h);
}

static const char *check_size(const char *path, const FileBytes *b, const Header *h, size_t values)
{
    size_t want = tensor_size(h->dtype), there = b->size - values;
    bool empty = false;
    for (int d = 0; d < h->ndim; d++) {
        empty |= h->shape[d] == 0;
        if (__builtin_mul_overflow(want, h->shape[d] ? (size_t)h->shape[d] : 1, &want) || want > INT64_MAX)
            return sentence("%s: byte %zu: its shape has more bytes than can be counted", path, values);
    }
    if (empty) want = 0;
    if (there < want)
        return sentence("%s: byte %zu: ends too early: its shape needs %zu bytes of values, there are %zu", path,
                        b->size, want, there);
    if (there > want) return sentence("%s: byte %zu: %zu bytes too many", path, values + want, there - want);
    return NULL;
}

static void swap_bytes(uint8_t *p, int64_t n, size_t size)
{
    for (int64_t i = 0; i < n; i++, p += size)
        for (size_t k = 0; k < size / 2; k++) {
            uint8_t b = p[k];
            p[k] = p[size - 1 - k];
            p[size - 1 - k] = b;
        }
}

/* from has the first index running fastest: the reversed shape's row-major order. */
static void copy_fortran(Tensor *to, const uint8_t *from)
{
    size_t size = tensor_size(to->dtype);
    int64_t at[MAX_DIMS] = { 0 }, step[MAX_DIMS], n = 1, N = tensor_count(to);
    for (int d = 0; d < to->ndim; d++) step[d] = n, n *= to->shape[d];
    uint8_t *y = to->data;
    for (int64_t i = 0, k = 0; i < N; i++) {
        memcpy(y + (size_t)i * size, from + (size_t)k * size, size);
        for (int d = to->ndim - 1; d >= 0; d--) { /* the next index, and how far that is */
            k += step[d];
            if (++at[d] < to->shape[d]) break;
            k -= at[d] * step[d];
            at[d] = 0;
        }
    }
}

const char *npy_read(Arena *a, const char *path, Tensor **out)
{
    FileBytes b;
    Header h = { .dtype = F32 };
    size_t values = 0;
    const char *wrong = file_read(path, &b);
    if (wrong) return wrong;
    wrong = read_header(path, &b, &h, &values);
    if (!wrong) wrong = check_size(path, &b, &h, values);
    Tensor *t = wrong ? NULL : tensor_try(a, DEV_CPU, h.dtype, h.ndim, h.shape);
    if (!wrong && !t) wrong = sentence("%s: no memory for its %zu bytes of values", path, b.size - values);
    if (!wrong) {
        if (h.fortran && h.ndim > 1)
            copy_fortran(t, b.data + values);
        else
            memcpy(t->data, b.data + values, tensor_bytes(t));
        if (h.swapped) swap_bytes(t->data, tensor_count(t), tensor_size(h.dtype));
        *out = t;
    }
    free(b.data);
    return wrong;
}

/* ---- Writing ---- */

static const char *name_of(Dtype d)
{
    int i = 0;
    while (KIND[i].dtype != d) i++;
    return KIND[i].name;
}

/* Version 1.0, C order. Blanks and a line feed fill the header up, so that the values begin at a multiple of 64. */
const char *npy_write(const char *path, const Tensor *t)
{
    FileWriter w;
    char text[256];
    CHECK(t->device == DEV_CPU && t->data, "npy_write: %s is not on the CPU", tensor_text(t).s);
    char order = tensor_size(t->dtype) == 1 ? '|' : __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
    int n =
        snprintf(text, sizeof text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order, name_of(t->dtype));
    for (int d = 0; d < t->ndim; d++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%lld%s", d ? ", " : "", (long long)t->shape[d],
                      t->ndim == 1 ? "," : "");
    n += snprintf(text + n, sizeof text - (size_t)n, "), }");
    int length = (10 + n + 1 + 63) / 64 * 64 - 10;
    const char *wrong = file_open(&w, path);
    if (wrong) return wrong;
    fwrite(MAGIC, 1, sizeof MAGIC, w.f);
    fwrite((uint8_t[]){ 1, 0, (uint8_t)length, (uint8_t)(length >> 8) }, 1, 4, w.f);
    fprintf(w.f, "%-*s\n", length - 1, text);
    size_t size = tensor_size(t->dtype);
    if (tensor_contiguous(t))
        fwrite(t->data, 1, tensor_bytes(t), w.f);
    else
        for (int64_t i = 0; i < tensor_count(t); i++)
            fwrite((const char *)t->data + (size_t)tensor_at(t, i) * size, 1, size, w.f);
    return file_close(&w, false);
}
