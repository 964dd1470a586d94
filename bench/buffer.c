/* buffer.c -- the buffers of a case: made on first asking, the same for every contestant, checked after every sample.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "harness.h"

size_t type_size(BufferType t) { return t == TYPE_F64 ? 8 : t == TYPE_BYTES ? 1 : 4; }

const char *type_name(BufferType t)
{
    static const char *const names[] = {
        [TYPE_F32] = "f32", [TYPE_F64] = "f64", [TYPE_I32] = "i32", [TYPE_BYTES] = "bytes"
    };
    return names[t];
}

static size_t buffer_bytes(const Buffer *f) { return (size_t)f->n * type_size(f->type); }

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Buffers that all start at the same place of a page fight for the same cache sets, so each starts some lines further.
 */
enum { HUGE_PAGE = 2 << 20, STAGGER = 64 * 13, STAGGERS = 64 };

static size_t stagger_bytes(int stagger) { return (size_t)(stagger % STAGGERS) * STAGGER; }

void *memory_new(size_t bytes, int stagger)
{
    size_t all = bytes + stagger_bytes(stagger) + 64;
    bool   huge = all >= HUGE_PAGE;
    if (huge) all = (all + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    char *p = mmap(NULL, all + (huge ? HUGE_PAGE : 0), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    if (huge) {     /* from a multiple of 2 MiB on; the rest goes back */
        size_t before = (size_t)(-(uintptr_t)p % HUGE_PAGE), after = HUGE_PAGE - before;
        if (before) munmap(p, before);
        if (after) munmap(p + before + all, after);
        p += before;
        madvise(p, all, MADV_HUGEPAGE);
    }
    return p + stagger_bytes(stagger);
}

void memory_free(void *p, size_t bytes, int stagger)
{
    if (!p) return;
    size_t all = bytes + stagger_bytes(stagger) + 64;
    if (all >= HUGE_PAGE) all = (all + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    munmap((char *)p - stagger_bytes(stagger), all);
}

void buffer_forget(Bench *b)
{
    for (int i = 0; i < b->buffers; i++) {
        Buffer *f = &b->buffer[i];
        memory_free(f->data, buffer_bytes(f), i);
        free(f->start);
        free(f->want);
    }
    b->buffers = 0;
}

void buffer_scratch_back(Bench *b)
{
    for (int i = 0; i < b->buffers; i++)
        if (b->buffer[i].role == ROLE_SCRATCH)
            madvise((char *)b->buffer[i].data - stagger_bytes(i), buffer_bytes(&b->buffer[i]) + stagger_bytes(i),
                    MADV_DONTNEED);
}

/* ---- Making them ------------------------------------------------------------------------------------------------- */

static uint64_t words_sum(const void *p, size_t bytes)
{
    uint64_t sum = 0, word;
    for (size_t i = 0; i + 8 <= bytes; i += 8) {
        memcpy(&word, (const char *)p + i, 8);
        sum += word * (2 * i + 1);      /* odd, so that exchanged words are seen */
    }
    for (size_t i = bytes & ~(size_t)7; i < bytes; i++) sum += ((const unsigned char *)p)[i] * (2 * i + 1);
    return sum;
}

static uint64_t name_hash(const char *s)
{
    uint64_t h = 14695981039346656037u;
    while (*s) h = (h ^ (unsigned char)*s++) * 1099511628211u;
    return h;
}

static void fill_random(const Bench *b, Buffer *f)
{
    Rng all = rng_new(b->seed), rng = rng_stream(&all, name_hash(f->name));
    if (f->type == TYPE_I32) {
        int *p = f->data;
        for (int64_t i = 0; i < f->n; i++) p[i] = f->low + (int)rng_below(&rng, (int64_t)f->high - f->low + 1);
        return;
    }
    Tensor t = {
        .data = f->data, .dtype = f->type == TYPE_F64 ? F64 : F32, .ndim = 1, .shape = { f->n }, .stride = { 1 }
    };
    rng_fill_normal(&rng, &t, 0, 1);
}

static Buffer *buffer_find(Bench *b, const char *name)
{
    for (int i = 0; i < b->buffers; i++)
        if (!strcmp(b->buffer[i].name, name)) return &b->buffer[i];
    return NULL;
}

static Buffer *buffer_new(Bench *b, const char *name, BufferType type, BufferRole role, int64_t n)
{
    CHECK(b->buffers < MAX_BUFFERS, "bench %s: more than %d buffers", b->name, MAX_BUFFERS);
    CHECK(strlen(name) < sizeof b->buffer[0].name, "bench %s: the buffer's name '%s' is too long", b->name, name);
    CHECK(n > 0, "bench %s: buffer '%s' of %lld numbers", b->name, name, (long long)n);
    Buffer *f = &b->buffer[b->buffers];
    *f = (Buffer){ .type = type, .role = role, .n = n };
    strcpy(f->name, name);
    f->data = memory_new(buffer_bytes(f), b->buffers++);
    CHECK(f->data, "bench %s: no memory for buffer '%s' of %zu bytes", b->name, name, buffer_bytes(f));
    return f;
}

/* The one that this contestant asked for at this place last time, or by name, or a new one. */
static Buffer *buffer_get(Bench *b, const char *name, BufferType type, BufferRole role, int64_t n)
{
    Contestant *c = b->now;
    if (c && b->at < MAX_BUFFERS && c->asked[b->at] == name) {
        Buffer *f = &b->buffer[c->index[b->at++]];
        CHECK(f->n == n && f->type == type, "bench %s: buffer '%s' changed from call to call", b->name, name);
        return f;
    }
    Buffer *f = buffer_find(b, name);
    if (!f) {
        f = buffer_new(b, name, type, role, n);
        f->given = b->giving;
        if (role == ROLE_INOUT) {
            f->start = malloc(buffer_bytes(f));
            CHECK(f->start, "bench %s: no memory for a copy of '%s'", b->name, name);
        }
        if ((role == ROLE_IN && !b->giving) || role == ROLE_INOUT) fill_random(b, f);
        if (role == ROLE_INOUT) memcpy(f->start, f->data, buffer_bytes(f));
        f->where = f->data;
    }
    CHECK(f->type == type && f->n == n, "bench %s, %s: buffer '%s' holds %lld %s, not %lld %s", b->name,
          c ? c->label : "inputs", name, (long long)f->n, type_name(f->type), (long long)n, type_name(type));
    CHECK(f->role == role || !c, "bench %s, %s: buffer '%s' is an input here and an output there", b->name, c->label,
          name);
    if (c && b->at < MAX_BUFFERS) {
        c->asked[b->at] = name;
        c->index[b->at++] = (int)(f - b->buffer);
    }
    return f;
}

const float *bench_in(Bench *b, const char *name, int64_t n) { return buffer_get(b, name, TYPE_F32, ROLE_IN, n)->data; }
float *bench_out(Bench *b, const char *name, int64_t n) { return buffer_get(b, name, TYPE_F32, ROLE_OUT, n)->data; }
float *bench_inout(Bench *b, const char *name, int64_t n) { return buffer_get(b, name, TYPE_F32, ROLE_INOUT, n)->data; }
const double *bench_in_doubles(Bench *b, const char *name, int64_t n)
{
    return buffer_get(b, name, TYPE_F64, ROLE_IN, n)->data;
}
double *bench_out_doubles(Bench *b, const char *name, int64_t n)
{
    return buffer_get(b, name, TYPE_F64, ROLE_OUT, n)->data;
}
double *bench_inout_doubles(Bench *b, const char *name, int64_t n)
{
    return buffer_get(b, name, TYPE_F64, ROLE_INOUT, n)->data;
}
int *bench_out_ints(Bench *b, const char *name, int64_t n) { return buffer_get(b, name, TYPE_I32, ROLE_OUT, n)->data; }
void *bench_scratch(Bench *b, const char *name, int64_t bytes)
{
    return buffer_get(b, name, TYPE_BYTES, ROLE_SCRATCH, bytes)->data;
}

const int *bench_in_ints(Bench *b, const char *name, int64_t n, int low, int high)
{
    CHECK(low <= high, "bench %s: '%s' of numbers from %d to %d", b->name, name, low, high);
    Buffer *f = buffer_find(b, name);
    if (!f) {
        f = buffer_new(b, name, TYPE_I32, ROLE_IN, n);
        f->low = low;
        f->high = high;
        fill_random(b, f);
        f->sum = words_sum(f->data, buffer_bytes(f));
    }
    return buffer_get(b, name, TYPE_I32, ROLE_IN, n)->data;
}

static void *given(Bench *b, const char *name, BufferType type, int64_t n)
{
    b->giving = true;
    void *p = buffer_get(b, name, type, ROLE_IN, n)->data;
    b->giving = false;
    return p;
}

float  *bench_given(Bench *b, const char *name, int64_t n) { return given(b, name, TYPE_F32, n); }
double *bench_given_doubles(Bench *b, const char *name, int64_t n) { return given(b, name, TYPE_F64, n); }
int    *bench_given_ints(Bench *b, const char *name, int64_t n) { return given(b, name, TYPE_I32, n); }

/* ---- Right values ------------------------------------------------------------------------------------------------ */

static double *want_new(Bench *b, Buffer *f)
{
    if (!f->want) f->want = malloc((size_t)f->n * sizeof *f->want);
    CHECK(f->want, "bench %s: no memory for the right values of '%s'", b->name, f->name);
    return f->want;
}

double *bench_want(Bench *b, const char *name, int64_t n)
{
    Buffer *f = buffer_find(b, name);
    CHECK(f && f->n == n && (f->role == ROLE_OUT || f->role == ROLE_INOUT),
          "bench %s: truth() speaks of '%s', %lld numbers, which no contestant writes", b->name, name, (long long)n);
    return want_new(b, f);
}

static double number_at(const Buffer *f, const void *p, int64_t i)
{
    return f->type == TYPE_F32   ? ((const float *)p)[i]
           : f->type == TYPE_F64 ? ((const double *)p)[i]
                                 : ((const int *)p)[i];
}

static bool is_output(const Buffer *f) { return f->role == ROLE_OUT || f->role == ROLE_INOUT; }

static void find_largest(Buffer *f)
{
    f->largest = 0;
    for (int64_t i = 0; i < f->n; i++)
        if (isfinite(f->want[i]) && fabs(f->want[i]) > f->largest) f->largest = fabs(f->want[i]);
}

/* What truth() left out is measured by the textbook, whose outputs lie in the buffers now. */
void buffer_want_from_outputs(Bench *b)
{
    for (int k = 0; k < b->buffers; k++) {
        Buffer *f = &b->buffer[k];
        if (!is_output(f)) continue;
        if (!f->want) {
            want_new(b, f);
            for (int64_t i = 0; i < f->n; i++) f->want[i] = number_at(f, f->where, i);
        }
        find_largest(f);
    }
}

/* ---- Before and after a call ------------------------------------------------------------------------------------- */

void bench_wrote(Bench *b, const char *name, const void *where, int64_t n)
{
    Buffer *f = buffer_find(b, name);
    CHECK(f && b->now && f->n == n && is_output(f),
          "bench %s: bench_wrote of '%s', %lld numbers, which is no output of this case", b->name, name, (long long)n);
    b->now->where[f - b->buffer] = where;
}

void buffer_start_call(Bench *b, Contestant *c)
{
    b->now = c;
    b->at = 0;
}

void buffer_restore(Bench *b)
{
    for (int i = 0; i < b->buffers; i++)
        if (b->buffer[i].role == ROLE_INOUT) memcpy(b->buffer[i].data, b->buffer[i].start, buffer_bytes(&b->buffer[i]));
}

/* All bits set are a NaN; as an int, -1 would be a likely label, so ints get INT_MIN. */
static void poison(const Buffer *f, void *p)
{
    if (f->type != TYPE_I32) memset(p, 0xff, buffer_bytes(f));
    else for (int64_t i = 0; i < f->n; i++) ((int *)p)[i] = INT_MIN;
}

void buffer_poison(Bench *b)
{
    for (int i = 0; i < b->buffers; i++) {
        Buffer *f = &b->buffer[i];
        if (f->role == ROLE_OUT) poison(f, f->data);
        /* An output in the contestant's own memory is still alive there: last call's values must not pass for this
         * one's. */
        if (b->now && is_output(f) && b->now->where[i]) poison(f, (void *)(uintptr_t)b->now->where[i]);
        if (b->now) b->now->where[i] = NULL;
    }
    buffer_restore(b);
}

static double allowed_error(const Bench *b, const Buffer *f)
{
    double size = f->largest > b->scale ? f->largest : b->scale;
    if (f->type == TYPE_I32) return 0;
    if (b->tolerance > 0) return b->tolerance * (size > 0 ? size : 1);
    return (4 + sqrt(b->terms)) * (f->type == TYPE_F32 ? 0x1p-23 : 0x1p-52) * (size > 0 ? size : 1) *
           (b->truth ? 1 : 2);
}

static bool right(double got, double want, double allowed)
{
    if (isnan(want)) return isnan(got);
    if (isinf(want)) return got == want;
    return fabs(got - want) <= allowed;
}

/* The largest difference; the loop has no branch, so that it costs little beside what it checks. NaN anywhere gives
 * *odd. */
static double difference(const Buffer *f, const void *p, bool *odd)
{
    double  worst = 0;
    int64_t strange = 0;
#define WORST(type)                                                        \
    for (int64_t i = 0; i < f->n; i++) {                                   \
        double d = fabs((double)((const type *)p)[i] - f->want[i]);        \
        strange += !(d <= 1.7e308);                                        \
        worst = d > worst ? d : worst;                                     \
    }
    if (f->type == TYPE_F32) { WORST(float) } else if (f->type == TYPE_F64) { WORST(double) } else { WORST(int) }
#undef WORST
    *odd = strange > 0;
    return worst;
}

static const char *first_wrong(const Buffer *f, const void *p, double allowed)
{
    for (int64_t i = 0; i < f->n; i++) {
        double got = number_at(f, p, i);
        if (right(got, f->want[i], allowed)) continue;
        if (f->type != TYPE_I32 && isnan(got))
            return sentence("%s[%lld] is NaN or was not written, %.6g expected", f->name, (long long)i, f->want[i]);
        return sentence("%s[%lld] is %.9g, %.9g expected (%.2g allowed)", f->name, (long long)i, got, f->want[i],
                        allowed);
    }
    return NULL;
}

const char *buffer_check(Bench *b, Contestant *c)
{
    for (int i = 0; i < b->buffers; i++) {
        Buffer *f = &b->buffer[i];
        if (!is_output(f) || !f->want) continue;
        const void *p = c->where[i] ? c->where[i] : f->data;
        bool        odd;
        double      allowed = allowed_error(b, f), worst = difference(f, p, &odd);
        if (worst > allowed || odd) {
            const char *wrong = first_wrong(f, p, allowed);
            if (wrong) return wrong;
        }
        if (!odd && worst * (c->allowed > 0 ? c->allowed : allowed) >= c->error * allowed)
            c->error = worst, c->allowed = allowed;
    }
    return NULL;
}

void buffer_inputs_again(Bench *b)
{
    for (int i = 0; i < b->buffers; i++)
        if (b->buffer[i].role == ROLE_IN && !b->buffer[i].given) fill_random(b, &b->buffer[i]);
    b->now = NULL;
    if (b->inputs) b->inputs(b, b->size);
}

const char *buffer_inputs_changed(Bench *b)
{
    for (int i = 0; i < b->buffers; i++) {
        Buffer *f = &b->buffer[i];
        if (f->role != ROLE_IN) continue;
        uint64_t sum = words_sum(f->data, buffer_bytes(f));
        if (!f->sum) f->sum = sum;
        if (f->sum != sum) return sentence("it wrote into its input %s", f->name);
    }
    return NULL;
}
