/* compare.c -- two runs side by side: the first bad value of the smallest case, and what it looks like.
 * The learner's bytes are read as if they wanted to harm: every count is checked against what is there. */
#define _GNU_SOURCE
#include <float.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "compare.h"
#include "probe.h"
#include "record.h"

enum { FULL = 16, FILE_TAG = 0x314e5552 };

/* ---- Kept runs ------------------------------------------------------------------------------------------------- */

typedef struct FileHead {
    uint32_t tag;
    int32_t  status;
    uint8_t  late, flooded, broken, unused[5];
    double   seconds, limit;
    uint64_t size, text;
} FileHead;

void run_free(Run *r)
{
    free(r->data), free(r->text), free(r->file);
    *r = (Run){ 0 };
}

bool run_save(const Run *r, const char *path)
{
    FileHead h = { .tag = FILE_TAG, .status = r->status, .late = r->late, .flooded = r->flooded, .broken = r->broken,
                   .seconds = r->seconds, .limit = r->limit, .size = r->size, .text = r->text_size };
    FILE *f = fopen(path, "wb");
    if (!f) return false;
    bool ok = fwrite(&h, sizeof h, 1, f) == 1;
    if (r->size) ok = ok && fwrite(r->data, 1, r->size, f) == r->size;
    if (r->text_size) ok = ok && fwrite(r->text, 1, r->text_size, f) == r->text_size;
    return (fclose(f) == 0) & ok;
}

bool run_load(Run *r, const char *path)
{
    FileHead h;
    FILE *f = fopen(path, "rb");
    *r = (Run){ 0 };
    if (!f) return false;
    bool ok = fread(&h, sizeof h, 1, f) == 1 && h.tag == FILE_TAG && !fseek(f, 0, SEEK_END);
    long length = ok ? ftell(f) : 0;
    ok = ok && length >= 0 && h.size <= (uint64_t)length && h.text <= (uint64_t)length
         && h.size + h.text + sizeof h == (uint64_t)length && !fseek(f, sizeof h, SEEK_SET);
    if (ok) {
        *r = (Run){ .size = h.size, .text_size = h.text, .status = h.status, .late = h.late, .flooded = h.flooded,
                    .broken = h.broken, .seconds = h.seconds, .limit = h.limit };
        r->data = malloc(h.size + 1), r->text = malloc(h.text + 1);
        ok = r->data && r->text && fread(r->data, 1, h.size, f) == h.size && fread(r->text, 1, h.text, f) == h.text;
    }
    fclose(f);
    if (!ok) run_free(r);
    return ok;
}

/* ---- Records --------------------------------------------------------------------------------------------------- */

typedef struct Item { Record r; const char *data; int n; } Item;

/* The record at *at, moving behind it; false at the end, or where the bytes are no record. */
static bool take(const Run *run, size_t *at, Item *item)
{
    Record *r = &item->r;
    uint64_t n = 1;
    if (*at > run->size || run->size - *at < sizeof *r) return false;
    memcpy(r, run->data + *at, sizeof *r);
    if (r->tag != RECORD_TAG || r->kind > RECORD_END || r->ndim > RECORD_DIMS || r->dtype > PROBE_I32
        || r->mode > EMIT_LOSS || r->bytes > run->size - *at - sizeof *r || !memchr(r->name, 0, sizeof r->name))
        return false;
    for (int i = 0; i < r->ndim; i++) {
        if (r->shape[i] < 0) return false;
        n *= (uint64_t)r->shape[i];
        if (n > run->size) return false;
    }
    if ((r->kind == RECORD_VALUES || r->kind == RECORD_INPUT) && n * record_value_size(r->dtype) != r->bytes)
        return false;
    item->n = (int)n, item->data = run->data + *at + sizeof *r;
    *at += sizeof *r + r->bytes;
    return true;
}

/* A TRIAL carries the clock in scale, so each piece knows how long it took. */
int run_split(const Run *all, Run *part, int most)
{
    const Record end = { .tag = RECORD_TAG, .kind = RECORD_END };
    Item   item;
    size_t from = 0, before = 0, at = 0;
    double began = 0;
    int    n = 0;
    for (bool first = true; take(all, &at, &item); before = at) {
        bool last = item.r.kind == RECORD_END, next = item.r.kind == RECORD_TRIAL && item.r.line == 0;
        if ((next && !first) || last) {
            if (n == most || !(part[n].data = malloc(before - from + sizeof end))) return 0;
            memcpy(part[n].data, all->data + from, before - from);
            memcpy(part[n].data + before - from, &end, sizeof end);
            part[n] = (Run){ .data = part[n].data, .size = before - from + sizeof end, .limit = all->limit,
                             .seconds = (last ? all->seconds : item.r.scale) - began };
            n++, from = before;
        }
        if (next) began = item.r.scale;
        first = false;
    }
    return n;
}

static double value(const Item *a, int i)
{
    float f; double d; int32_t k;
    if (a->r.dtype == PROBE_F64) return memcpy(&d, a->data + 8 * (size_t)i, 8), d;
    if (a->r.dtype == PROBE_I32) return memcpy(&k, a->data + 4 * (size_t)i, 4), k;
    return memcpy(&f, a->data + 4 * (size_t)i, 4), f;
}

static bool poisoned(const Item *a, int i)              /* as probe_output() left it */
{
    uint32_t w; uint64_t d;
    if (a->r.dtype == PROBE_F64) return memcpy(&d, a->data + 8 * (size_t)i, 8), d == 0x7ff80000dead0000;
    memcpy(&w, a->data + 4 * (size_t)i, 4);
    return w == (a->r.dtype == PROBE_I32 ? (uint32_t)INT_MIN : 0x7fc0dead);
}

static bool is_remark(const Item *item)                 /* it says nothing about agreement */
{
    int kind = item->r.kind;
    return kind == RECORD_MEMORY || kind == RECORD_TOUCHED || kind == RECORD_FOUND || kind == RECORD_COUNT;
}

static bool take_next(const Run *run, size_t *at, Item *item)
{
    while (take(run, at, item))
        if (item->r.kind != RECORD_INPUT && !is_remark(item)) return true;
    return false;
}

/* ---- Values ---------------------------------------------------------------------------------------------------- */

/* |got - want| <= (4 + sqrt K) epsilon max(scale, largest finite |want|): K roundings walk sqrt K. */
static double tolerance_of(const Item *a)
{
    double size = isfinite(a->r.scale) ? fabs(a->r.scale) : 0, K = a->r.terms > 0 ? a->r.terms : 0;
    if (a->r.mode == EMIT_EXACT || a->r.mode == EMIT_LABELS || a->r.dtype == PROBE_I32) return 0;
    for (int i = 0; i < a->n; i++)
        if (isfinite(value(a, i))) size = fmax(size, fabs(value(a, i)));
    return (4 + sqrt(K)) * (a->r.dtype == PROBE_F64 ? DBL_EPSILON : (double)FLT_EPSILON) * size;
}

static bool near(double want, double got, double tolerance)
{
    return want == got || (isnan(want) && isnan(got)) || fabs(want - got) <= tolerance;
}

static bool same_bits(const Item *a, const Item *b, int i)
{
    size_t size = record_value_size(a->r.dtype);
    if (isnan(value(a, i)) && isnan(value(b, i))) return true;
    return !memcmp(a->data + size * (size_t)i, b->data + size * (size_t)i, size);
}

static int first_far(const Item *a, const Item *b, double tolerance)
{
    for (int i = 0; i < a->n; i++)
        if (!near(value(a, i), value(b, i), tolerance)) return i;
    return -1;
}

static int first_other_bits(const Item *a, const Item *b)
{
    for (int i = 0; i < a->n; i++)
        if (!same_bits(a, b, i)) return i;
    return -1;
}

static int row_length(const Item *a) { return a->r.ndim && a->r.shape[a->r.ndim - 1] ? a->r.shape[a->r.ndim - 1] : 1; }

static int first_wrong_up_to_sign(const Item *a, const Item *b, double tolerance)
{
    int C = row_length(a);
    for (int row = 0; row < a->n; row += C) {
        int same = -1, negated = -1;
        for (int i = row + C - 1; i >= row; i--) {
            if (!near(value(a, i), value(b, i), tolerance)) same = i;
            if (!near(value(a, i), -value(b, i), tolerance)) negated = i;
        }
        if (same >= 0 && negated >= 0) return same > negated ? same : negated;
    }
    return -1;
}

/* A one-to-one renaming: each pair of places that the reference puts together is together, and no other. */
static int first_wrong_label(const Item *a, const Item *b)
{
    for (int i = 0; i < a->n; i++) {
        double want = value(a, i), got = value(b, i);
        if ((want < 0) != (got < 0)) return i;
        for (int j = 0; want >= 0 && j < i; j++)
            if ((value(a, j) == want) != (value(b, j) == got) && value(a, j) >= 0) return i;
    }
    return -1;
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static double *sorted(const Item *a)
{
    double *v = malloc(((size_t)a->n + 1) * sizeof *v);
    if (!v) abort();
    for (int i = 0; i < a->n; i++) v[i] = value(a, i);
    qsort(v, (size_t)a->n, sizeof *v, by_value);
    return v;
}

static int first_not_in_set(const Item *a, const Item *b, double tolerance)
{
    double *want = sorted(a), *got = sorted(b);
    int bad = -1;
    for (int i = 0; i < a->n && bad < 0; i++)
        if (!near(want[i], got[i], tolerance)) bad = i;
    free(want), free(got);
    return bad;
}

static int first_worse(const Item *a, const Item *b, double tolerance)
{
    for (int i = 0; i < a->n; i++)
        if (!near(value(a, i), value(b, i), tolerance) && !(value(b, i) <= value(a, i) + tolerance)) return i;
    return -1;
}

/* -1: they agree. The tolerance is `a`'s. */
static int first_bad(const Item *a, const Item *b, double tolerance)
{
    switch (a->r.mode) {
    case EMIT_EXACT:      return first_other_bits(a, b);
    case EMIT_UP_TO_SIGN: return first_wrong_up_to_sign(a, b, tolerance);
    case EMIT_LABELS:     return first_wrong_label(a, b);
    case EMIT_SET:        return first_not_in_set(a, b, tolerance);
    case EMIT_LOSS:       return first_worse(a, b, tolerance);
    default:              return first_far(a, b, tolerance);
    }
}

static bool same_form(const Item *a, const Item *b)
{
    return !strcmp(a->r.name, b->r.name) && a->r.dtype == b->r.dtype && a->r.ndim == b->r.ndim
           && !memcmp(a->r.shape, b->r.shape, a->r.ndim * sizeof *a->r.shape);
}

/* ---- Plain relations: claimed only where they hold in every failing case of the probe -------------------------- */

enum {
    UNWRITTEN,
    ZERO,
    ALL_NAN,
    NEGATED,
    TIMES,
    PLUS,
    TRANSPOSED,
    SHIFTED_UP,
    SHIFTED_DOWN,
    LAST_OF_ROW,
    OTHER,
    RELATIONS
};

typedef struct Relation {
    bool   dead[RELATIONS], seen[RELATIONS];    /* did it fail in some case; did some case tell it from others */
    double factor, offset;
    char   other[RECORD_NAME];
    int    values;                              /* looked at */
} Relation;

static void holds(Relation *r, int which, bool ok, bool telling)
{
    r->dead[which] |= !ok;
    r->seen[which] |= ok && telling;
}

static bool all_of(const Item *a, const Item *b, double factor, double offset, double tolerance)
{
    for (int i = 0; i < a->n; i++)
        if (!near(factor * value(a, i) + offset, value(b, i), tolerance * fmax(1, fabs(factor)))) return false;
    return true;
}

static bool transposed(const Item *a, const Item *b, double tolerance)
{
    int R = a->r.ndim == 2 ? a->r.shape[0] : 0, C = a->r.ndim == 2 ? a->r.shape[1] : 0;
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++)
            if (!near(value(a, r * C + c), value(b, c * R + r), tolerance)) return false;
    return R > 0;
}

static bool shifted(const Item *a, const Item *b, int by, double tolerance)
{
    for (int i = 0; i < a->n; i++)
        if (i + by >= 0 && i + by < a->n && !near(value(a, i), value(b, i + by), tolerance)) return false;
    return a->n > 1;
}

static bool last_of_row(const Item *a, const Item *b, double tolerance)
{
    int C = row_length(a);
    for (int i = 0; i < a->n; i++)
        if (near(value(a, i), value(b, i), tolerance) == (i % C == C - 1)) return false;
    return true;
}

/* What `b` is to `a` in this failing case; `others` are the records of the reference's trial. */
static void relate(Relation *r, const Item *a, const Item *b, double tolerance, const Item *others, int n_others)
{
    bool zero = true, unwritten = true, nan = true, other = false;
    int  big = 0, C = row_length(a);
    if (!a->n) return;
    for (int i = 0; i < a->n; i++) {
        zero &= value(b, i) == 0, unwritten &= poisoned(b, i), nan &= isnan(value(b, i));
        if (isfinite(value(a, i)) && fabs(value(a, i)) > fabs(value(a, big))) big = i;
    }
    if (!r->values) {
        r->factor = value(b, big) / value(a, big), r->offset = value(b, 0) - value(a, 0);
        if (fabs(r->factor - nearbyint(r->factor)) < 1e-4) r->factor = nearbyint(r->factor);
    }
    r->values += a->n;
    holds(r, UNWRITTEN, unwritten, true);
    holds(r, ZERO, zero, true);
    holds(r, ALL_NAN, nan, true);
    holds(r, NEGATED, all_of(a, b, -1, 0, tolerance), true);
    holds(r, TIMES, isfinite(r->factor) && r->factor != 0 && all_of(a, b, r->factor, 0, 4 * tolerance), a->n > 1);
    holds(r, PLUS, isfinite(r->offset) && all_of(a, b, 1, r->offset, 4 * tolerance + 1e-6 * fabs(r->offset)), a->n > 1);
    holds(r, TRANSPOSED, transposed(a, b, tolerance), a->n > 3);
    holds(r, SHIFTED_UP, shifted(a, b, 1, tolerance), a->n > 3);
    holds(r, SHIFTED_DOWN, shifted(a, b, -1, tolerance), a->n > 3);
    holds(r, LAST_OF_ROW, last_of_row(a, b, tolerance), C > 1);
    for (int k = 0; k < n_others; k++) {
        if (others[k].n != b->n || !strcmp(others[k].r.name, a->r.name) ||
            (*r->other && strcmp(r->other, others[k].r.name)))
            continue;
        if (first_far(&others[k], b, tolerance_of(&others[k])) >= 0) continue;
        snprintf(r->other, sizeof r->other, "%s", others[k].r.name);
        other = true;
        break;
    }
    holds(r, OTHER, other, b->n > 1);
}

static void tell(const Relation *r, char *out, size_t size, bool rows)
{
    static const char *const text[RELATIONS] = {
        [UNWRITTEN]  = "Nothing was written to it.",
        [ZERO]       = "Every value is 0.",
        [ALL_NAN]    = "Every value is NaN.",
        [NEGATED]    = "Every value is the negative of what is expected.",
        [TRANSPOSED] = "It is the transpose of what is expected: rows and columns are swapped.",
        [SHIFTED_UP] = "Each value stands one place too far back (at i + 1 instead of i).",
        [SHIFTED_DOWN] = "Each value stands one place too early (at i - 1 instead of i).",
    };
    *out = 0;
    for (int k = 0; k < RELATIONS; k++) {
        if (r->dead[k] || !r->seen[k]) continue;
        if (r->values < 3 && k != UNWRITTEN && k != ZERO && k != ALL_NAN) continue;     /* two numbers prove nothing */
        if (k == TIMES) snprintf(out, size, "Every value is %.4g times what is expected.", r->factor);
        else if (k == PLUS) snprintf(out, size, "Every value is what is expected plus %.4g.", r->offset);
        else if (k == OTHER) snprintf(out, size, "It holds what is expected of %s.", r->other);
        else if (k == LAST_OF_ROW)
            snprintf(out, size, rows ? "Only the last value of each row is wrong." : "Only the last value is wrong.");
        else snprintf(out, size, "%s", text[k]);
        return;
    }
}

/* ---- Telling --------------------------------------------------------------------------------------------------- */

static void verdict(Finding *f, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void verdict(Finding *f, const char *name, const char *format, ...)
{
    va_list ap;
    snprintf(f->verdict, sizeof f->verdict, "%s", name);
    va_start(ap, format);
    vsnprintf(f->text, sizeof f->text, format, ap);
    va_end(ap);
}

static void write_number(char *out, size_t size, const Item *a, int i)
{
    if (poisoned(a, i)) snprintf(out, size, "not written");
    else if (isnan(value(a, i))) snprintf(out, size, "nan");        /* whatever its sign */
    else snprintf(out, size, "%.*g", a->r.dtype == PROBE_I32 ? 11 : 6, value(a, i));
}

static void write_all(char *out, size_t size, const Item *a)
{
    size_t at = 0;
    *out = 0;
    for (int i = 0; i < a->n && a->n <= FULL; i++) {
        char one[24];
        write_number(one, sizeof one, a, i);
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " " : "", strcmp(one, "not written") ? one : "-");
        if (at >= size) at = size - 1;
    }
}

static void write_shape(char *out, size_t size, const Item *a)
{
    size_t at = 0;
    *out = 0;
    for (int d = 0; d < a->r.ndim && at < size; d++)
        at += (size_t)snprintf(out + at, size - at, "%s%d", d ? "," : "", a->r.shape[d]);
}

static void write_place(char *out, size_t size, const Item *a, int i)
{
    size_t at = (size_t)snprintf(out, size, "%s", a->r.name);
    if (a->n == 1) return;
    for (int d = 0, below = a->n; d < a->r.ndim && at < size; d++) {
        below /= a->r.shape[d];
        at += (size_t)snprintf(out + at, size - at, "[%d]", i / below);
        i %= below;
    }
}

static void describe(Finding *f, const Item *a)
{
    snprintf(f->name, sizeof f->name, "%s", a->r.name);
    write_shape(f->shape, sizeof f->shape, a);
}

static void describe_wrong(Finding *f, const Item *a, const Item *b, int bad, double tolerance)
{
    double error = fabs(value(a, bad) - value(b, bad));
    static const char *const how[] = { [EMIT_CLOSE] = "",
                                       [EMIT_EXACT] = "Every bit counts here.",
                                       [EMIT_UP_TO_SIGN] = "Each row may also be its negative.",
                                       [EMIT_LABELS] = "Labels may have other names, if each name stays one.",
                                       [EMIT_SET] = "The order is free; these are the sorted values.",
                                       [EMIT_LOSS] = "It may be smaller, not larger." };
    describe(f, a);
    verdict(f, "WRONG", "%s", a->r.mode == EMIT_EXACT && a->r.dtype == PROBE_I32 ? "" : how[a->r.mode]);
    write_place(f->place, sizeof f->place, a, bad);
    if (a->r.mode == EMIT_SET) {
        double *want = sorted(a), *got = sorted(b);
        snprintf(f->expected, sizeof f->expected, "%.6g", want[bad]), snprintf(f->got, sizeof f->got, "%.6g", got[bad]);
        error = fabs(want[bad] - got[bad]);
        free(want), free(got);
    } else {
        write_number(f->expected, sizeof f->expected, a, bad), write_number(f->got, sizeof f->got, b, bad);
        if (!strcmp(f->expected, f->got))               /* six digits do not show it */
            snprintf(f->expected, sizeof f->expected, "%.9g", value(a, bad)),
                snprintf(f->got, sizeof f->got, "%.9g", value(b, bad));
    }
    snprintf(f->error, sizeof f->error, "%.1e", error);
    snprintf(f->tolerance, sizeof f->tolerance, "%.1e", tolerance);
    write_all(f->all_expected, sizeof f->all_expected, a);
    write_all(f->all_got, sizeof f->all_got, b);
}

/* ---- Whole runs ------------------------------------------------------------------------------------------------ */

enum { MAX_ITEMS = 2048 };

typedef struct Trial {
    int  number, n, n_inputs;
    bool over;                          /* more was sent than fits */
    Item item[MAX_ITEMS], inputs[4];
} Trial;

/* The next trial's records of a run, up to the next TRIAL or END. False: there is none. */
static bool take_trial(const Run *run, size_t *at, Trial *t)
{
    Item item;
    t->n = t->n_inputs = 0, t->over = false;
    do if (!take(run, at, &item)) return false;
    while (item.r.kind != RECORD_TRIAL && item.r.kind != RECORD_END);
    if (item.r.kind == RECORD_END) return false;
    t->number = item.r.line;
    for (size_t ahead = *at; take(run, &ahead, &item) && item.r.kind != RECORD_TRIAL && item.r.kind != RECORD_END;
         *at = ahead) {
        if (is_remark(&item)) continue;
        if (item.r.kind != RECORD_INPUT && t->n == MAX_ITEMS) t->over = true;
        else if (item.r.kind != RECORD_INPUT) t->item[t->n++] = item;
        else if (t->n_inputs < 4) t->inputs[t->n_inputs++] = item;
    }
    return true;
}

static bool closed(const Run *run)                      /* does it end in END, and nothing behind? */
{
    Item   item;
    size_t at = 0;
    bool   end = false;
    while (take(run, &at, &item)) end = item.r.kind == RECORD_END;
    return end && at == run->size;
}

static const char *text_of(const Item *item)
{
    static char text[520];
    size_t n = item->r.bytes < 512 ? item->r.bytes : 512;
    memcpy(text, item->data, n);
    text[n] = 0;
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
    return text;
}

/* How a run stopped that sent no END. `last` is the last record it did send. */
static void how_it_stopped(const Run *run, Finding *f)
{
    Item   item;
    size_t at = 0;
    char   touched[520] = "", memory[64] = "";
    f->trial = 0;
    while (take(run, &at, &item)) {
        switch (item.r.kind) {
        case RECORD_TRIAL:   f->trial = item.r.line; break;
        case RECORD_MEMORY:  snprintf(memory, sizeof memory, "%.40s", text_of(&item)); break;
        case RECORD_FOUND:
        case RECORD_TOUCHED: snprintf(touched, sizeof touched, "%s", text_of(&item)); break;
        case RECORD_TODO:    f->line = item.r.line; verdict(f, "TODO", "%s", text_of(&item)); return;
        case RECORD_MISSING: verdict(f, "BUILD", "there is no function %.100s", text_of(&item)); return;
        case RECORD_CRASH:
            f->frames = (int)(item.r.bytes / 8 < 16 ? item.r.bytes / 8 : 16);
            memcpy(f->frame, item.data, (size_t)f->frames * 8);
            break;
        }
    }
    int s = WIFSIGNALED(run->status) ? WTERMSIG(run->status) : 0;
    f->signal = s;
    if (run->flooded) verdict(f, "OUTPUT", "it sent, printed or kept in files far more than it should");
    else if (run->late || s == SIGXCPU) verdict(f, "TIME", "no end within %.1f s", run->limit);
    else if (s == SIGSYS)
        verdict(f, "FORBIDDEN", "it asked the system for %s, which is not allowed here",
                *touched ? touched : "something");
    else if (s == SIGXFSZ) verdict(f, "OUTPUT", "it wrote more than 1 MB to a file");
    else if (s && *memory) verdict(f, "MEMORY", "an allocation of %s bytes failed, then: %s", memory, strsignal(s));
    else if (s == SIGKILL) verdict(f, "MEMORY", "the system ended it: out of memory");
    else if (s) verdict(f, "CRASH", "%s%s%s", strsignal(s), *touched ? ": " : "", touched);
    else if (at != run->size) verdict(f, "WRONG", "what it sent is not a record");
    else
        verdict(f, "EARLY-EXIT", "the process ended with status %d before the function returned",
                WEXITSTATUS(run->status));
}

static void compare_trial(const Trial *a, const Trial *b, Relation *relations, Finding *f, int *size)
{
    *size = 0;
    if (a->over) { verdict(f, "INTERNAL", "more than %d values are emitted in a trial", MAX_ITEMS); return; }
    for (int i = 0; i < a->n; i++)
        if (a->item[i].r.kind != RECORD_VALUES) {
            verdict(f, "INTERNAL", "the reference: %s", text_of(&a->item[i]));
            return;
        }
    for (int i = 0; i < b->n; i++)
        if (b->item[i].r.kind == RECORD_CHANGED) {
            verdict(f, "WRONG", "%s", text_of(&b->item[i]));
            if (a->n) describe(f, &a->item[0]);
            *size = a->n ? a->item[0].n : 0;
            return;
        }
    for (int i = 0; i < a->n; i++) {
        const Item *want = &a->item[i], *got = &b->item[i];
        double tolerance = tolerance_of(want);
        if (i >= b->n || got->r.kind != RECORD_VALUES || !same_form(want, got)) {
            describe(f, want);
            verdict(f, "WRONG", "%s of shape (%s) was not sent in its place", f->name, f->shape);
            *size = want->n;
            return;
        }
        int bad = first_bad(want, got, tolerance);
        if (bad < 0 && want->r.mode == EMIT_CLOSE && tolerance > 0)
            for (int k = 0; k < want->n; k++)
                if (isfinite(value(want, k)))
                    f->margin = fmax(f->margin, fabs(value(want, k) - value(got, k)) / tolerance);
        if (bad < 0) continue;
        describe_wrong(f, want, got, bad, tolerance);
        if (want->r.mode == EMIT_CLOSE || want->r.mode == EMIT_EXACT)
            relate(relations, want, got, tolerance, a->item, a->n);
        *size = want->n;
        return;
    }
    if (b->n > a->n || b->over) verdict(f, "WRONG", "more was sent than the probe emits"), *size = 0;
}

static void note_inputs(Finding *f, const Trial *t)
{
    for (int i = 0; i < t->n_inputs; i++) {
        int at = snprintf(f->inputs[i], sizeof f->inputs[i], "%s: ", t->inputs[i].r.name);
        write_all(f->inputs[i] + at, sizeof f->inputs[i] - (size_t)at, &t->inputs[i]);
    }
}

void compare_runs(const Run *ref, const Run *mine, bool values, Finding *best)
{
    static Trial a, b;
    static Relation relation;
    size_t at = 0, bt = 0;
    int    smallest = INT_MAX, trials = 0;
    double margin = 0;
    bool   complete = closed(mine) && mine->status == 0 && !mine->late && !mine->flooded, rows = false;
    char   first_name[RECORD_NAME] = "";
    memset(best, 0, sizeof *best);
    memset(&relation, 0, sizeof relation);
    if (ref->broken || mine->broken) { verdict(best, "INTERNAL", "a worker could not be started"); return; }
    if (!closed(ref) || ref->status) { verdict(best, "INTERNAL", "the reference did not end well"); return; }
    if (!complete) how_it_stopped(mine, best);
    for (; take_trial(ref, &at, &a); trials++) {
        Finding f = { .trial = a.number };
        int size = 0;
        if (!complete) {                                /* only to say on what it stopped */
            if (a.number == best->trial && a.n) describe(best, &a.item[0]), note_inputs(best, &a);
            continue;
        }
        bool there = take_trial(mine, &bt, &b) && b.number == a.number;
        if (!there) verdict(&f, "WRONG", "trial %d was not sent", a.number);
        else if (values) compare_trial(&a, &b, &relation, &f, &size);
        margin = fmax(margin, f.margin);
        if (!*f.verdict) continue;
        if (*f.name && *first_name && strcmp(f.name, first_name))
            relation.values = INT_MIN / 2; /* two outputs are wrong */
        if (!*first_name) snprintf(first_name, sizeof first_name, "%s", f.name);
        rows |= strchr(f.shape, ',') != NULL;
        if (size >= smallest) continue;
        smallest = size, *best = f;
        note_inputs(best, &a);
    }
    best->margin = margin;
    if (complete && take_trial(mine, &bt, &b)) verdict(best, "WRONG", "more trials were sent than run");
    if (!trials) verdict(best, "INTERNAL", "the reference sent no trial");
    if (relation.values > 0) tell(&relation, best->relation, sizeof best->relation, rows);
    if (!*best->verdict) snprintf(best->verdict, sizeof best->verdict, "PASS");
}

bool compare_alike(const Run *x, const Run *y)
{
    Item   a, b;
    size_t at = 0, bt = 0;
    if (x->late != y->late || x->flooded != y->flooded || x->status != y->status) return false;
    for (;;) {
        bool more = take_next(x, &at, &a), too = take_next(y, &bt, &b);
        if (more != too) return false;
        if (!more) return true;
        if (a.r.kind != b.r.kind || a.r.line != b.r.line) return false;
        if (a.r.kind != RECORD_VALUES) continue;
        if (!same_form(&a, &b) || first_bad(&a, &b, tolerance_of(&a)) >= 0) return false;
    }
}

int compare_trials(const Run *run)
{
    static Trial t;
    int    n = 0;
    for (size_t at = 0; take_trial(run, &at, &t);) n++;
    return n;
}

double *compare_values(const Run *run, int trial, const char *name, int *n)
{
    static Trial t;
    for (size_t at = 0; take_trial(run, &at, &t);)
        for (int i = 0; t.number == trial && i < t.n; i++) {
            const Item *item = &t.item[i];
            if (item->r.kind != RECORD_VALUES || strcmp(item->r.name, name)) continue;
            double *v = malloc(((size_t)item->n + 1) * sizeof *v);
            for (int k = 0; v && k < item->n; k++) v[k] = value(item, k);
            return *n = item->n, v;
        }
    return NULL;
}

/* ---- What the emulator of a GPU found and counted ---------------------------------------------------------------- */

static bool take_kind(const Run *run, size_t *at, Item *item, int kind)
{
    while (take(run, at, item))
        if (item->r.kind == kind) return true;
    return false;
}

bool compare_found(const Run *run, int i, char kind[32], char *text, size_t size)
{
    Item   item;
    size_t at = 0;
    while (take_kind(run, &at, &item, RECORD_FOUND))
        if (i-- == 0) {
            snprintf(kind, 32, "%.31s", item.r.name);
            snprintf(text, size, "%s", text_of(&item));
            return true;
        }
    return false;
}

static bool is_cost(const Item *item) { return !strcmp(text_of(item), "cost"); }

double compare_cost(const Run *run)
{
    Item   item;
    double sum = 0;
    for (size_t at = 0; take_kind(run, &at, &item, RECORD_COUNT);)
        if (is_cost(&item)) sum += item.r.scale;
    return sum;
}

/* The next counter that a probe asked for by name. */
static bool take_counter(const Run *run, size_t *at, Item *item)
{
    while (take_kind(run, at, item, RECORD_COUNT))
        if (!is_cost(item)) return true;
    return false;
}

static double times(const char *counter, double ref, double mine)
{
    static const char *const better_high[] = { "active_lanes", "occupancy", "efficiency" };
    for (size_t i = 0; i < sizeof better_high / sizeof *better_high; i++)
        if (strstr(counter, better_high[i])) return mine > 0 ? ref / mine : ref > 0 ? INFINITY : 1;
    return ref > 0 ? mine / ref : mine > 0 ? INFINITY : 1;
}

double compare_counters(const Run *ref, const Run *mine, char *counter, size_t size)
{
    Item   a, b;
    double worst = 1;
    *counter = 0;
    for (size_t at = 0, bt = 0; take_counter(ref, &at, &a) && take_counter(mine, &bt, &b);) {
        char   name[64];
        snprintf(name, sizeof name, "%.63s", text_of(&a));
        double n = strcmp(name, text_of(&b)) ? INFINITY : times(name, a.r.scale, b.r.scale);
        if (!(n > worst)) continue;
        worst = n;
        snprintf(counter, size, "%s is %.4g, the reference's %.4g", name, b.r.scale, a.r.scale);
    }
    return worst;
}

static bool found_kind(const Run *run, const char *kind)
{
    Item item;
    for (size_t at = 0; take_kind(run, &at, &item, RECORD_FOUND);)
        if (!strcmp(item.r.name, kind)) return true;
    return false;
}

static bool kinds_within(const Run *a, const Run *b)
{
    Item item;
    for (size_t at = 0; take_kind(a, &at, &item, RECORD_FOUND);)
        if (!found_kind(b, item.r.name)) return false;
    return true;
}

bool compare_same_findings(const Run *x, const Run *y)
{
    Item   a, b;
    size_t at = 0, bt = 0;
    if (!kinds_within(x, y) || !kinds_within(y, x)) return false;
    for (;;) {
        bool more = take_counter(x, &at, &a), too = take_counter(y, &bt, &b);
        if (more != too) return false;
        if (!more) return true;
        if (!(fabs(a.r.scale - b.r.scale) <= 0.02 * fabs(a.r.scale))) return false;
    }
}

double compare_part(double ratio)
{
    const double FULL_AT = 1.5, NONE_AT = 8, part = (log(NONE_AT) - log(ratio)) / (log(NONE_AT) - log(FULL_AT));
    return part > 1 ? 1 : part > 0 ? part : 0;
}
