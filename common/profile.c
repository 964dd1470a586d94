/* profile.c -- where the time goes, by operation. */
#define _POSIX_C_SOURCE 200809L
#include "profile.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An op on its way forward (of NULL), or in the backward of another. */
typedef struct Row {
    const char *name, *of;
    bool        doubles;
    int64_t     calls;
    double      seconds, flops, bytes;
} Row;

struct Profile {
    Row    *row;
    int     n, room, at;                /* at: the one met last; steps repeat, so the next is likely next */
    double  began, first, last;         /* of the call now, the first and the last */
    int64_t steps;
    bool    in_step;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- What a node costs ---- */

static bool in_place(const Node *n, const Tensor *y)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] == y) return true;
    return false;
}

bool profile_is_view(const Node *n) { return n->out[0]->base && !in_place(n, n->out[0]); }

double profile_flops(const Node *n)
{
    double flops = 0;
    if (profile_is_view(n)) return 0;
    if (n->op->flops) return n->op->flops(n);
    for (int i = 0; i < n->n_out; i++) flops += (double)tensor_count(n->out[i]);
    return flops;
}

/* A dimension of stride 0 is one element, read again and again. */
static double bytes_of(const Tensor *x)
{
    double bytes = (double)tensor_size(x->dtype);
    for (int d = 0; d < x->ndim; d++) bytes *= x->stride[d] || !x->shape[d] ? (double)x->shape[d] : 1;
    return bytes;
}

double profile_bytes(const Node *n)
{
    double bytes = 0;
    if (profile_is_view(n)) return 0;
    for (int i = 0; i < n->n_in; i++) bytes += n->in[i] ? bytes_of(n->in[i]) : 0;
    for (int i = 0; i < n->n_out; i++) bytes += bytes_of(n->out[i]);
    return bytes;
}

/* ---- Looking on ---- */

static bool is_row(const Row *r, const char *name, const char *of) { return r->name == name && r->of == of; }

static Row *row_of(Profile *p, const char *name, const char *of)
{
    for (int k = 0; k < p->n; k++) {
        int i = (p->at + 1 + k) % p->n;
        if (is_row(&p->row[i], name, of)) return &p->row[p->at = i];
    }
    if (p->n == p->room) {
        p->room = p->room ? 2 * p->room : 64;
        p->row = realloc(p->row, (size_t)p->room * sizeof *p->row);
        CHECK(p->row, "profile: out of memory");
    }
    p->row[p->at = p->n++] = (Row){ .name = name, .of = of };
    return &p->row[p->at];
}

static void before(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    Profile *p = ctx;
    (void)t, (void)n, (void)playing;
    p->began = now();
    if (p->first == 0) p->first = p->began;
}

static void after(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    Profile *p = ctx;
    (void)t;
    p->last = now();
    p->in_step = true;
    Row *r = row_of(p, n->op->name, playing ? playing->op->name : NULL);
    r->calls++;
    r->seconds += p->last - p->began;
    r->flops += profile_flops(n);
    r->bytes += profile_bytes(n);
    r->doubles = n->out[0]->dtype == F64;
}

static void step_end(void *ctx, Tape *t)
{
    Profile *p = ctx;
    (void)t;
    p->steps += p->in_step;
    p->in_step = false;
}

Profile *profile_new(void)
{
    Profile *p = calloc(1, sizeof *p);
    CHECK(p, "profile: out of memory");
    return p;
}

void profile_watch(Profile *p, Tape *t)
{
    tape_hook(t, (TapeHook){ .ctx = p, .before = before, .after = after, .step_end = step_end });
}

void profile_free(Profile *p)
{
    free(p->row);
    free(p);
}

/* ---- The table ---- */

static int by_time(const void *a, const void *b)
{
    const Row *x = a, *y = b;
    if (!x->of != !y->of) return !x->of ? -1 : 1;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

static void print_row(const Row *r, const char *name, double all, const Limits *l, FILE *f)
{
    double each = r->seconds / (double)r->calls, rate = r->seconds > 0 ? 1e-9 / r->seconds : 0;
    fprintf(f, "  %-44.44s %9lld %9.1f %10.2f %6.1f%% %9.2f %8.2f", name, (long long)r->calls, 1e3 * r->seconds,
            1e6 * each, 100 * r->seconds / all, r->flops * rate, r->bytes * rate);
    const char *what;
    double calls = (double)r->calls;
    double least = l ? machine_seconds(l, r->flops / calls, r->bytes / calls, r->doubles, &what) : 0;
    if (least > 0 && each > 0) fprintf(f, " %5.0f%% %s", 100 * least / each, what);
    fputc('\n', f);
}

static Row sum_of(const Row *row, int n, bool backward)
{
    Row sum = { 0 };
    for (int i = 0; i < n; i++) {
        if (!row[i].of == backward) continue;
        sum.calls += row[i].calls;
        sum.seconds += row[i].seconds;
        sum.flops += row[i].flops;
        sum.bytes += row[i].bytes;
    }
    return sum;
}

static void print_half(const Row *row, int n, bool backward, double all, const Limits *l, FILE *f)
{
    Row sum = sum_of(row, n, backward);
    if (!sum.calls) return;
    print_row(&sum, backward ? "backward" : "forward, and updates", all, NULL, f);
    for (int i = 0; i < n; i++) {
        char name[96];
        if (!row[i].of == backward) continue;
        snprintf(name, sizeof name, "  %s%s%s%s", row[i].name, backward ? " (" : "", backward ? row[i].of : "",
                 backward ? ")" : "");
        print_row(&row[i], name, all, l, f);
    }
}

void profile_print(const Profile *p, const Limits *l, FILE *f)
{
    if (!p->n) {
        fprintf(f, "profile: no operation has run on a tape\n");
        return;
    }
    Row *row = malloc((size_t)p->n * sizeof *row);
    CHECK(row, "profile: out of memory");
    memcpy(row, p->row, (size_t)p->n * sizeof *row);
    qsort(row, (size_t)p->n, sizeof *row, by_time);
    double all = sum_of(row, p->n, false).seconds + sum_of(row, p->n, true).seconds, wall = p->last - p->first;
    fprintf(f, "profile: %lld steps, %.3f s in operations, %.0f %% of the %.3f s from the first to the last\n",
            (long long)(p->steps + p->in_step), all, wall > 0 ? 100 * all / wall : 100, wall);
    if (l) fprintf(f, "  limits, %d thread%s: %.0f GFLOP/s f32; %.0f GB/s from L1, %.0f L2, %.0f L3, %.0f memory\n",
                   l->threads, l->threads > 1 ? "s" : "", l->fma[0] / 1e9, l->read[0] / 1e9, l->read[1] / 1e9,
                   l->read[2] / 1e9, l->read[3] / 1e9);
    fprintf(f, "  %-44s %9s %9s %10s %7s %9s %8s%s\n", "", "calls", "ms", "us a call", "share", "GFLOP/s", "GB/s",
            l ? "  limit" : "");
    print_half(row, p->n, false, all > 0 ? all : 1, l, f);
    print_half(row, p->n, true, all > 0 ? all : 1, l, f);
    free(row);
}
