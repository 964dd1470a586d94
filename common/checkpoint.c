/* checkpoint.c -- safetensors: eight bytes of length, a JSON header, the values. The header is judged in full, against
 * the file's size, before a tensor is made or changed. */
#define _GNU_SOURCE /* O_CLOEXEC, pread */
#include "checkpoint.h"
#include "check.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t MAX_HEADER = 100000000;    /* the format's own limit */

/* The order of tensor.h's dtypes. */
static const char *const FORMAT_NAME[DTYPE_COUNT] = {
    [F32] = "F32", [F64] = "F64", [F16] = "F16", [BF16] = "BF16",
    [I64] = "I64", [I32] = "I32", [I8] = "I8",   [U8] = "U8",
};

/* ---- Plain values ---- */

void checkpoint_add(NnParams *p, const char *name, void *value, size_t bytes)
{
    Tensor *x = arena_alloc(p->arena, DEV_CPU, sizeof *x, "headers");
    *x = (Tensor){ .data = value, .dtype = U8, .device = DEV_CPU, .arena = p->arena };
    tensor_set_shape(x, SHAPE((int64_t)bytes));
    nn_params_add(p, name, x);
}

/* ---- Saving ---- */

static json_t *describe(const Tensor *t, int64_t from)
{
    json_t *shape = json_array();
    for (int d = 0; d < t->ndim; d++) json_array_append_new(shape, json_integer(t->shape[d]));
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", FORMAT_NAME[t->dtype], "shape", shape, "data_offsets",
                     (json_int_t)from, (json_int_t)(from + (int64_t)tensor_bytes(t)));
}

/* NULL, with *wrong set, where it cannot be made. The values begin at a multiple of 8: blanks fill the header up. */
static char *make_header(const char *path, const NnParams *p, const char *note, size_t *size, const char **wrong)
{
    json_t *header = json_object();
    int64_t from = 0;
    if (note && json_object_set_new(header, "__metadata__", json_pack("{s:s}", "note", note)))
        *wrong = sentence("%s: the note is not text in UTF-8", path);
    for (int i = 0; i < p->n && !*wrong; i++) {
        const Tensor *t = p->item[i].tensor;
        CHECK(t->device == DEV_CPU && tensor_contiguous(t) && t->data,
              "checkpoint_save: %s %s is not contiguous on the CPU", p->item[i].name, tensor_text(t).s);
        CHECK(!json_object_get(header, p->item[i].name), "checkpoint_save: two tensors are called %s", p->item[i].name);
        if (json_object_set_new(header, p->item[i].name, describe(t, from)))
            *wrong = sentence("%s: %s is no name in UTF-8", path, p->item[i].name);
        from += (int64_t)tensor_bytes(t);
    }
    char *text = *wrong ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    if (!text) return NULL;
    size_t n = strlen(text), padded = (n + 7) / 8 * 8;
    char *wider = realloc(text, padded + 1);
    CHECK(wider, "checkpoint_save: out of memory");
    memset(wider + n, ' ', padded - n);
    *size = padded;
    return wider;
}

static void put_u64(uint8_t b[8], uint64_t v)
{
    for (int i = 0; i < 8; i++) b[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_u64(const uint8_t b[8])
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v |= (uint64_t)b[i] << 8 * i;
    return v;
}

const char *checkpoint_save(const char *path, const NnParams *p, const char *note)
{
    FileWriter w;
    uint8_t length[8];
    size_t size = 0;
    const char *wrong = NULL;
    char *header = make_header(path, p, note, &size, &wrong);
    if (!wrong && !header) wrong = sentence("%s: no memory for its header", path);
    if (!wrong) wrong = file_open(&w, path);
    if (!wrong) {
        put_u64(length, size);
        fwrite(length, 1, sizeof length, w.f);
        fwrite(header, 1, size, w.f);
        for (int i = 0; i < p->n; i++) fwrite(p->item[i].tensor->data, 1, tensor_bytes(p->item[i].tensor), w.f);
        wrong = file_close(&w, true);
    }
    free(header);
    return wrong;
}

/* ---- Reading a header ---- */

typedef struct Entry {
    const char *name;                   /* in the header */
    Dtype   dtype;
    int     ndim;
    int64_t shape[MAX_DIMS];
    int64_t from, to;                   /* bytes behind the header */
} Entry;

typedef struct Archive {
    int     fd;
    const char *path;
    int64_t start, size;                /* where the values begin; of the file */
    json_t *header;
    Entry  *entry;                      /* in the order of the values */
    int     n;
} Archive;

static const char *read_at(const Archive *a, void *to, int64_t n, int64_t at)
{
    for (char *p = to; n > 0;) {
        ssize_t k = pread(a->fd, p, (size_t)n, at);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return sentence("%s: byte %lld: %s", a->path, (long long)at, strerror(errno));
        if (k == 0) return sentence("%s: byte %lld: the file became shorter while it was read", a->path, (long long)at);
        p += k, at += k, n -= k;
    }
    return NULL;
}

static bool is_count(const json_t *j) { return json_is_integer(j) && json_integer_value(j) >= 0; }

static const char *read_shape(const Archive *a, const char *name, const json_t *shape, Entry *e)
{
    if (!json_is_array(shape)) return sentence("%s: header: %s has no shape", a->path, name);
    if (json_array_size(shape) > MAX_DIMS)
        return sentence("%s: header: %s has %zu dimensions; at most %d are read", a->path, name, json_array_size(shape),
                        MAX_DIMS);
    int64_t bytes = (int64_t)tensor_size(e->dtype);
    bool empty = false;
    e->ndim = (int)json_array_size(shape);
    for (int d = 0; d < e->ndim; d++) {
        const json_t *n = json_array_get(shape, (size_t)d);
        if (!is_count(n)) return sentence("%s: header: %s: dimension %d is no count", a->path, name, d);
        e->shape[d] = json_integer_value(n);
        empty |= e->shape[d] == 0;
        if (__builtin_mul_overflow(bytes, e->shape[d] ? e->shape[d] : 1, &bytes))
            return sentence("%s: header: %s: its shape has more bytes than can be counted", a->path, name);
    }
    if (empty) bytes = 0;
    if (bytes != e->to - e->from)
        return sentence("%s: header: %s: its shape needs %lld bytes, data_offsets give it %lld", a->path, name,
                        (long long)bytes, (long long)(e->to - e->from));
    return NULL;
}

static const char *read_entry(const Archive *a, const char *name, const json_t *j, Entry *e)
{
    const json_t *dtype = json_object_get(j, "dtype"), *offsets = json_object_get(j, "data_offsets");
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    *e = (Entry){ .name = name, .dtype = DTYPE_COUNT };
    for (int d = 0; d < DTYPE_COUNT && json_is_string(dtype); d++)
        if (!strcmp(json_string_value(dtype), FORMAT_NAME[d])) e->dtype = (Dtype)d;
    if (e->dtype == DTYPE_COUNT)
        return sentence("%s: header: %s: dtype %s is not read", a->path, name,
                        json_is_string(dtype) ? json_string_value(dtype) : "(missing)");
    if (json_array_size(offsets) != 2 || !is_count(from) || !is_count(to))
        return sentence("%s: header: %s: data_offsets are not two counts", a->path, name);
    e->from = json_integer_value(from);
    e->to = json_integer_value(to);
    if (e->from > e->to || e->to > a->size - a->start)
        return sentence("%s: header: %s: data_offsets %lld to %lld, but there are %lld bytes of values", a->path, name,
                        (long long)e->from, (long long)e->to, (long long)(a->size - a->start));
    return read_shape(a, name, json_object_get(j, "shape"), e);
}

static int by_place(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

/* The values must cover the file from the header to its end, once. */
static const char *check_cover(const Archive *a)
{
    int64_t at = 0;
    for (int i = 0; i < a->n; i++) {
        if (a->entry[i].from != at)
            return sentence("%s: byte %lld: %s begins at byte %lld: %s", a->path, (long long)(a->start + at),
                            a->entry[i].name, (long long)(a->start + a->entry[i].from),
                            a->entry[i].from > at ? "a hole" : "an overlap");
        at = a->entry[i].to;
    }
    if (a->start + at == a->size) return NULL;
    return sentence("%s: byte %lld: %lld bytes belong to no tensor", a->path, (long long)(a->start + at),
                    (long long)(a->size - a->start - at));
}

static const char *read_entries(Archive *a)
{
    const char *name, *wrong = NULL;
    json_t *j;
    a->entry = calloc(json_object_size(a->header) + 1, sizeof *a->entry);
    if (!a->entry) return sentence("%s: no memory for its header", a->path);
    json_object_foreach(a->header, name, j) {
        if (!strcmp(name, "__metadata__")) continue;
        if ((wrong = read_entry(a, name, j, &a->entry[a->n]))) return wrong;
        a->n++;
    }
    qsort(a->entry, (size_t)a->n, sizeof *a->entry, by_place);
    return check_cover(a);
}

/* Two entries of one name would be one of them: JSON_REJECT_DUPLICATES. */
static const char *read_header(Archive *a)
{
    uint8_t b[8];
    json_error_t e;
    if (a->size < 8) return sentence("%s: byte %lld: ends within the header's length", a->path, (long long)a->size);
    const char *wrong = read_at(a, b, 8, 0);
    if (wrong) return wrong;
    uint64_t length = get_u64(b);
    if (length > (uint64_t)MAX_HEADER)
        return sentence("%s: byte 0: a header of %llu bytes; at most %lld are allowed", a->path,
                        (unsigned long long)length, (long long)MAX_HEADER);
    if (length > (uint64_t)a->size - 8)
        return sentence("%s: byte %lld: ends within its header of %llu bytes", a->path, (long long)a->size,
                        (unsigned long long)length);
    char *text = malloc(length + 1);
    if (!text) return sentence("%s: no memory for its header", a->path);
    wrong = read_at(a, text, (int64_t)length, 8);
    if (!wrong && (length == 0 || *text != '{'))
        wrong = sentence("%s: byte 8: the header does not begin with {", a->path);
    a->header = wrong ? NULL : json_loadb(text, length, JSON_REJECT_DUPLICATES, &e);
    free(text);
    if (wrong) return wrong;
    if (!a->header) return sentence("%s: byte %d: the header is not JSON: %s", a->path, 8 + e.position, e.text);
    a->start = 8 + (int64_t)length;
    return read_entries(a);
}

static const char *open_archive(Archive *a, const char *path)
{
    struct stat s;
    *a = (Archive){ .path = path, .fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) };
    if (a->fd < 0 || fstat(a->fd, &s)) return sentence("%s: %s", path, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return sentence("%s: %s, not a file", path, S_ISDIR(s.st_mode) ? "a folder" : "a pipe or device");
    a->size = s.st_size;
    return read_header(a);
}

static void close_archive(Archive *a)
{
    if (a->fd >= 0) close(a->fd);
    json_decref(a->header);
    free(a->entry);
}

/* ---- Loading ---- */

static const Entry *find_entry(const Archive *a, const char *name)
{
    for (int i = 0; i < a->n; i++)
        if (!strcmp(a->entry[i].name, name)) return &a->entry[i];
    return NULL;
}

static const char *check_fit(const Archive *a, const Entry *e, const char *name, const Tensor *t)
{
    if (!e) return sentence("%s: no tensor is called %s", a->path, name);
    Tensor there = { .dtype = e->dtype };
    tensor_set_shape(&there, e->ndim, e->shape);
    CHECK(t->device == DEV_CPU && tensor_contiguous(t) && t->data,
          "checkpoint_load: %s %s is not contiguous on the CPU", name, tensor_text(t).s);
    if (e->dtype == t->dtype && tensor_same_shape(&there, t)) return NULL;
    return sentence("%s: %s is %s, %s expected", a->path, name, tensor_text(&there).s, tensor_text(t).s);
}

/* The note, copied into the arena; NULL where there is none. */
static const char *copy_note(Arena *arena, const Archive *a, const char **note)
{
    const json_t *j = json_object_get(json_object_get(a->header, "__metadata__"), "note");
    if (!note) return NULL;
    *note = NULL;
    if (!json_is_string(j)) return NULL;
    size_t n = json_string_length(j) + 1;
    char *copy = arena_try(arena, DEV_CPU, n, "notes");
    if (!copy) return sentence("%s: no memory for its note of %zu bytes", a->path, n);
    *note = memcpy(copy, json_string_value(j), n);
    return NULL;
}

/* All values first, then all tensors: a disk that fails half-way changes none. */
static const char *fill_tensors(Arena *arena, const Archive *a, const NnParams *p, const char **note)
{
    int64_t bytes = a->size - a->start;
    char *values = malloc((size_t)bytes + 1);
    if (!values) return sentence("%s: no memory for its %lld bytes of values", a->path, (long long)bytes);
    const char *wrong = read_at(a, values, bytes, a->start);
    if (!wrong) wrong = copy_note(arena, a, note);
    for (int i = 0; i < p->n && !wrong; i++) {
        Tensor *t = p->item[i].tensor;
        memcpy(t->data, values + find_entry(a, p->item[i].name)->from, tensor_bytes(t));
        tensor_root(t)->version++;
    }
    free(values);
    return wrong;
}

const char *checkpoint_load(Arena *arena, const char *path, const NnParams *p, const char **note)
{
    Archive a;
    const char *wrong = open_archive(&a, path);
    for (int i = 0; i < p->n && !wrong; i++)
        wrong = check_fit(&a, find_entry(&a, p->item[i].name), p->item[i].name, p->item[i].tensor);
    if (!wrong) wrong = fill_tensors(arena, &a, p, note);
    close_archive(&a);
    return wrong;
}

/* Names longer than NnParam holds would be other names. */
static const char *check_names(const Archive *a)
{
    for (int i = 0; i < a->n; i++)
        if (strlen(a->entry[i].name) >= sizeof((NnParam *)0)->name)
            return sentence("%s: header: the name %.40s... is longer than %zu bytes", a->path, a->entry[i].name,
                            sizeof((NnParam *)0)->name - 1);
    return NULL;
}

const char *checkpoint_read(Arena *arena, const char *path, NnParams *out)
{
    Archive a;
    const char *wrong = open_archive(&a, path);
    *out = nn_params(arena);
    if (!wrong) wrong = check_names(&a);
    for (int i = 0; i < a.n && !wrong; i++) {
        const Entry *e = &a.entry[i];
        Tensor *t = tensor_try(arena, DEV_CPU, e->dtype, e->ndim, e->shape);
        wrong = t ? read_at(&a, t->data, e->to - e->from, a.start + e->from)
                  : sentence("%s: no memory for %s", path, e->name);
        if (!wrong) nn_params_add(out, e->name, t);
    }
    close_archive(&a);
    if (wrong) *out = (NnParams){ .arena = arena };
    return wrong;
}
