/* libsvm.c -- LIBSVM's text format: a line is a label and the entries that are not 0, "-1 3:0.5 7:1". */
#include <math.h>
#include "check.h"
#include "data.h"
#include "file.h"
#include "parse.h"

/* Lines are cut in place, a 0 behind each token. What is read goes to buffers as large as the file's line feeds and
 * colons allow; the tensors are asked for once all of it has been judged. */
typedef struct Reader {
    const char *path;
    char *at, *end; /* *end is 0 */
    int64_t line;   /* that at stands in, from 1 */
    int first;      /* the lowest index: 1, or 0 */
    double *y, *value;
    int64_t *row; /* where each row's entries begin; rows + 1 of them */
    int32_t *index;
    int64_t rows, entries, columns;
} Reader;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The next token of this line, NULL at its end, at which a comment (#) is too. */
static char *next_token(Reader *r)
{
    while (is_blank(*r->at)) r->at++;
    if (*r->at == '#')
        while (r->at < r->end && *r->at != '\n') r->at++;
    if (r->at == r->end || *r->at == '\n') return NULL;
    char *token = r->at;
    while (r->at < r->end && !is_blank(*r->at) && *r->at != '\n' && *r->at != '#' && *r->at) r->at++;
    return token;
}

/* A token's text ends where at stands: puts a 0 there while it is being read. */
static bool number(Reader *r, const char *text, double *value)
{
    char was = *r->at;
    *r->at = 0;
    bool fine = parse_number(text, value);
    *r->at = was;
    return fine;
}

static const char *zero_byte(const Reader *r)
{
    return sentence("%s:%lld: a zero byte; this is not text", r->path, (long long)r->line);
}

static const char *read_entry(Reader *r, char *token, int64_t *before)
{
    int64_t index = 0;
    char *p = token;
    for (; *p >= '0' && *p <= '9' && index <= INT32_MAX; p++) index = 10 * index + (*p - '0');
    if (p == token || *p != ':')
        return sentence("%s:%lld: '%.*s' is not index:value, index a count of at most %d", r->path, (long long)r->line,
                        (int)(r->at - token < 40 ? r->at - token : 40), token, INT32_MAX);
    if (index < r->first || index > INT32_MAX)
        return sentence("%s:%lld: index %lld; they go from %d to %d", r->path, (long long)r->line, (long long)index,
                        r->first, INT32_MAX);
    if (index <= *before)
        return sentence("%s:%lld: index %lld behind %lld: they must grow", r->path, (long long)r->line,
                        (long long)index, (long long)*before);
    if (!number(r, p + 1, &r->value[r->entries]))
        return sentence("%s:%lld: the value of index %lld is no number", r->path, (long long)r->line, (long long)index);
    *before = index;
    index -= r->first;
    r->index[r->entries++] = (int32_t)index;
    if (index >= r->columns) r->columns = index + 1;
    return NULL;
}

static const char *read_line(Reader *r)
{
    int64_t before = -1;
    char *token = next_token(r);
    if (token && r->at == token) return zero_byte(r);
    if (token) {
        if (!number(r, token, &r->y[r->rows]))
            return sentence("%s:%lld: the label '%.*s' is no number", r->path, (long long)r->line,
                            (int)(r->at - token < 40 ? r->at - token : 40), token);
        r->row[r->rows++] = r->entries;
        while ((token = next_token(r))) {
            const char *wrong = r->at == token ? zero_byte(r) : read_entry(r, token, &before);
            if (wrong) return wrong;
        }
    }
    r->at += r->at < r->end;
    r->line++;
    return NULL;
}

static const char *read_all(Reader *r)
{
    int64_t lines = 1, colons = 0;
    for (const char *p = r->at; p < r->end; p++) lines += *p == '\n', colons += *p == ':';
    r->y = malloc((size_t)lines * sizeof *r->y);
    r->row = malloc((size_t)(lines + 1) * sizeof *r->row);
    r->index = malloc((size_t)(colons + 1) * sizeof *r->index);
    r->value = malloc((size_t)(colons + 1) * sizeof *r->value);
    if (!r->y || !r->row || !r->index || !r->value)
        return sentence("%s: no memory for %lld rows of %lld entries", r->path, (long long)lines, (long long)colons);
    while (r->at < r->end) {
        const char *wrong = read_line(r);
        if (wrong) return wrong;
    }
    r->row[r->rows] = r->entries;
    return r->rows ? NULL : sentence("%s:%lld: no rows in it", r->path, (long long)r->line);
}

static void copy_numbers(Tensor *to, const double *from, int64_t n)
{
    float *f = to->data;
    double *d = to->data;
    for (int64_t i = 0; i < n; i++)
        if (to->dtype == F64)
            d[i] = from[i];
        else
            f[i] = (float)from[i];
}

typedef struct Shared {
    Arena *arena;
    bool none;
} Shared; /* none: a request has failed, and no other is made */

static Tensor *ask(Shared *s, Dtype dtype, int ndim, const int64_t *shape)
{
    Tensor *t = s->none ? NULL : tensor_try(s->arena, DEV_CPU, dtype, ndim, shape);
    s->none |= !t;
    return t;
}

static void give_back(Arena *a, Tensor *t)
{
    if (!t) return;
    arena_give_back(a, DEV_CPU, t->data, tensor_bytes(t), "tensors");
    arena_give_back(a, DEV_CPU, t, sizeof *t, "headers");
}

static const char *keep(Arena *a, const Reader *r, LibsvmArg arg, Libsvm *out)
{
    Shared s = { .arena = a };
    Libsvm m = { .rows = r->rows, .columns = arg.columns ? arg.columns : r->columns };
    m.y = ask(&s, arg.dtype, SHAPE(r->rows));
    m.row = ask(&s, I64, SHAPE(r->rows + 1));
    m.index = ask(&s, I32, SHAPE(r->entries));
    m.value = ask(&s, arg.dtype, SHAPE(r->entries));
    if (s.none) {
        give_back(a, m.index), give_back(a, m.row), give_back(a, m.y);
        return sentence("%s: no memory for its %lld entries", r->path, (long long)r->entries);
    }
    copy_numbers(m.y, r->y, r->rows);
    copy_numbers(m.value, r->value, r->entries);
    memcpy(m.row->data, r->row, tensor_bytes(m.row));
    memcpy(m.index->data, r->index, tensor_bytes(m.index));
    *out = m;
    return NULL;
}

const char *libsvm_read(Arena *a, const char *path, LibsvmArg arg, Libsvm *out)
{
    CHECK(arg.dtype == F32 || arg.dtype == F64, "libsvm_read: %s; only f32 and f64 are made",
          tensor_dtype_name(arg.dtype));
    CHECK(arg.columns >= 0, "libsvm_read: %lld columns", (long long)arg.columns);
    FileBytes b;
    const char *wrong = file_read(path, &b);
    *out = (Libsvm){ 0 };
    if (wrong) return wrong;
    Reader r = {
        .path = path, .at = (char *)b.data, .end = (char *)b.data + b.size, .line = 1, .first = !arg.from_zero
    };
    wrong = read_all(&r);
    if (!wrong && arg.columns && r.columns > arg.columns)
        wrong = sentence("%s: an index of %lld, %lld columns expected", path, (long long)(r.columns - 1 + r.first),
                         (long long)arg.columns);
    if (!wrong) wrong = keep(a, &r, arg, out);
    free(r.y), free(r.row), free(r.index), free(r.value);
    free(b.data);
    return wrong;
}

const char *libsvm_dense(Arena *a, const Libsvm *m, Tensor **out)
{
    int64_t most = ((int64_t)64 << 20) + 100 * (m->rows + tensor_count(m->index)), count; /* a small file stays small */
    if (__builtin_mul_overflow(m->rows, m->columns, &count) || count > most)
        return sentence("%lld rows of %lld columns are too many to be dense: %lld entries are not 0",
                        (long long)m->rows, (long long)m->columns, (long long)tensor_count(m->index));
    Tensor *t = tensor_try(a, DEV_CPU, m->value->dtype, SHAPE(m->rows, m->columns));
    if (!t) return sentence("no memory for %lld rows of %lld columns", (long long)m->rows, (long long)m->columns);
    memset(t->data, 0, tensor_bytes(t));
    const int64_t *row = m->row->data;
    const int32_t *index = m->index->data;
    size_t size = tensor_size(t->dtype);
    for (int64_t i = 0; i < m->rows; i++)
        for (int64_t k = row[i]; k < row[i + 1]; k++)
            memcpy((char *)t->data + (size_t)(i * m->columns + index[k]) * size,
                   (const char *)m->value->data + (size_t)k * size, size);
    *out = t;
    return NULL;
}

const char *libsvm_signed(const Libsvm *m)
{
    const double *y = m->y->data, *value = m->value->data;
    for (int64_t n = 0; n < m->rows; n++)
        if (y[n] != 1 && y[n] != -1) return sentence("row %lld: label %g, not 1 or -1", (long long)n + 1, y[n]);
    for (int64_t k = 0; k < tensor_count(m->value); k++)
        if (value[k] - value[k] != 0) return sentence("entry %lld is %g", (long long)k + 1, value[k]);
    return NULL;
}

const char *libsvm_write(const char *path, const Libsvm *m)
{
    FileWriter w;
    const char *wrong = file_open(&w, path);
    if (wrong) return wrong;
    const int64_t *row = m->row->data;
    const int32_t *index = m->index->data;
    int digits = m->value->dtype == F64 ? 17 : 9; /* enough to come back as the same bits */
    for (int64_t i = 0; i < m->rows; i++) {
        fprintf(w.f, "%.*g", digits, tensor_get(m->y, i));
        for (int64_t k = row[i]; k < row[i + 1]; k++)
            fprintf(w.f, " %lld:%.*g", (long long)index[k] + 1, digits, tensor_get(m->value, k));
        fputc('\n', w.f);
    }
    return file_close(&w, false);
}
