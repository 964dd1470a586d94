/* machine.c -- what this machine can do at best: the best of many short windows. */
#define _GNU_SOURCE
#include "fused.h"
#include "machine.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "arena.h"
#ifdef _OPENMP
#include <omp.h>
#endif

#if defined __AVX512F__
enum { WIDTH = 64 };
#elif defined __AVX__
enum { WIDTH = 32 };
#else
enum { WIDTH = 16 };
#endif
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef float  Floats __attribute__((vector_size(WIDTH)));
typedef double Doubles __attribute__((vector_size(WIDTH)));

static void keep_floats(const Floats *a) { __asm__ volatile("" : : "r"(a) : "memory"); }
static void keep_doubles(const Doubles *a) { __asm__ volatile("" : : "r"(a) : "memory"); }

/* Twelve independent sums: a multiply-add takes 4 or 5 cycles, two start in each. */
#define FMA_LOOP(function, Vec, keep)                                                                         \
    FUSED __attribute__((noinline)) static double function(long n)                                            \
    {                                                                                                         \
        Vec x = (Vec){ 0 } + 0.999f, y = (Vec){ 0 } + 0.001f;                                                 \
        Vec a = x, b = x * 2, c = x * 3, d = x * 4, e = x * 5, f = x * 6;                                     \
        Vec g = x * 7, h = x * 8, i = x * 9, j = x * 10, k = x * 11, l = x * 12;                              \
        double start = now();                                                                          \
        for (long t = 0; t < n; t++) {                                                                        \
            a = a * x + y; b = b * x + y; c = c * x + y; d = d * x + y; e = e * x + y; f = f * x + y;         \
            g = g * x + y; h = h * x + y; i = i * x + y; j = j * x + y; k = k * x + y; l = l * x + y;         \
        }                                                                                                     \
        double took = now() - start;                                                                   \
        Vec all = a + b + c + d + e + f + g + h + i + j + k + l;                                              \
        keep(&all);                                                                                           \
        return took;                                                                                          \
    }
FMA_LOOP(fma_floats, Floats, keep_floats)
FMA_LOOP(fma_doubles, Doubles, keep_doubles)

enum { FMA_TURNS = 100000, SUMS = 12 };

/* A limit is what a clean moment shows: the best of many short windows, not their mean. */
static double high_of(const double *v, int n)
{
    double high = 0;
    for (int i = 0; i < n; i++) high = fmax(high, v[i]);
    return high;
}

static double fma_rate(bool doubles)
{
    enum { WINDOWS = 40 };
    double rate[WINDOWS];
    double flops = 2.0 * SUMS * FMA_TURNS * (double)(WIDTH / (doubles ? sizeof(double) : sizeof(float)));
    for (int w = 0; w < WINDOWS; w++) {
        double sum = 0;
#pragma omp parallel reduction(+ : sum)
        sum += flops / (doubles ? fma_doubles(FMA_TURNS) : fma_floats(FMA_TURNS));
        rate[w] = sum;
    }
    return high_of(rate, WINDOWS);
}

double machine_clock(void)
{
    double rate[9];
    for (int i = 0; i < 9; i++)
        rate[i] = 2.0 * SUMS * FMA_TURNS / 4 * (WIDTH / sizeof(float)) / fma_floats(FMA_TURNS / 4);
    return high_of(rate, 9);
}

/* ---- Bandwidth --------------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static void read_all(const Floats *p, int64_t n)
{
    Floats a = { 0 }, b = a, c = a, d = a;
    for (int64_t i = 0; i + 4 <= n; i += 4) a += p[i], b += p[i + 1], c += p[i + 2], d += p[i + 3];
    a += b + c + d;
    keep_floats(&a);
}

__attribute__((noinline)) static void copy_all(Floats *y, const Floats *x, int64_t n)
{
    for (int64_t i = 0; i + 2 <= n; i += 2) y[i] = x[i], y[i + 1] = x[i + 1];
    keep_floats(y);
}

/* Each thread walks `window` bytes of its own, `turns` times between two looks at the clock. Pages of memory are gone
 * through window by window, so that each is cold when its turn comes. */
static double bandwidth(bool copy, int64_t window, int64_t all, int turns)
{
    enum { WINDOWS = 48, STAGGER = 64 * 13 };
    double  rate[WINDOWS];
    int64_t n = window / WIDTH, places = all / window;
    int     failed = 0;
    memset(rate, 0, sizeof rate);
#pragma omp parallel reduction(+ : failed)
    {
        /* The copy starts some lines further in its page: else the two fight for the same cache sets. */
        Arena *arena = arena_new("limits");
        char *p = arena_try(arena, DEV_CPU, (size_t)all, "p"), *q = p;
        if (copy) q = arena_try(arena, DEV_CPU, (size_t)all + STAGGER, "q");
        failed += !p || !q;
        if (copy && q) q += STAGGER;
        if (p && q) {
            memset(p, 1, (size_t)all);
            if (copy) memset(q, 1, (size_t)all);
        }
        for (int w = -2; w < WINDOWS; w++) {
            int64_t at = (w + 2) % places * window;
#pragma omp barrier
            double start = now();
            for (int t = 0; t < turns && p && q; t++) {
                if (copy) copy_all((Floats *)(q + at), (const Floats *)(p + at), n);
                else read_all((const Floats *)(p + at), n);
            }
#pragma omp barrier
            double took = now() - start;
#pragma omp atomic
            rate[w < 0 ? 0 : w] += w < 0 ? 0 : (copy ? 2.0 : 1.0) * (double)window * turns / took;
        }
        arena_free(arena);
    }
    return failed ? 0 : high_of(rate, WINDOWS);
}

static bool cache_says(int index, const char *what, char text[32])
{
    char  path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, what);
    FILE *f = fopen(path, "r");
    bool  said = f && fscanf(f, "%31s", text) == 1;
    if (f) fclose(f);
    return said;
}

/* From /sys: what sysconf says of L3 on some processors is ten times too much. Level 1: for data, a core; 2: a core; 3:
 * all. */
int64_t machine_cache(int level)
{
    static const int64_t otherwise[] = { 0, 32 << 10, 1 << 20, 16 << 20 };
    for (int i = 0; i < 8; i++) {
        char kib[32], type[32], at[32];
        if (cache_says(i, "level", at) && atoi(at) == level && cache_says(i, "type", type) &&
            strcmp(type, "Instruction") && cache_says(i, "size", kib) && atoi(kib) > 0)
            return (int64_t)atoi(kib) << 10;
    }
    return otherwise[level];
}

Limits machine_limits(int threads)
{
    Limits l = { .threads = threads };
    for (int i = 0; i < 3; i++) l.cache[i] = machine_cache(i + 1);
    for (int d = 0; d < 2; d++) l.fma[d] = fma_rate(d);
    for (int copy = 0; copy < 2; copy++) {
        double *rate = copy ? l.copy : l.read;
        /* A quarter of L1 and of L2, an eighth of L3 shared by all threads, windows of 4 MiB out of twice L3 or more.
         */
        int64_t one = l.cache[0] / 4 / WIDTH * WIDTH, two = l.cache[1] / 4 / WIDTH * WIDTH;
        int64_t three = l.cache[2] / 8 / threads / WIDTH * WIDTH, window = 4 << 20;
        int64_t far = 2 * l.cache[2] > (64 << 20) ? 2 * l.cache[2] : 64 << 20;
        rate[0] = bandwidth(copy, one, one, (int)((4 << 20) / one) + 1);
        rate[1] = bandwidth(copy, two, two, (int)((4 << 20) / two) + 1);
        rate[2] = bandwidth(copy, three, three, 2);
        rate[3] = bandwidth(copy, window, far / threads / window * window + window, 1);
    }
    return l;
}

/* The fastest that so many bytes can move, wherever they fit. */
double machine_bandwidth(const Limits *l, double bytes, const char **where)
{
    static const char *const names[] = { "L1", "L2", "L3", "memory" };
    int level = 3;
    if (bytes <= (double)l->cache[2]) level = 2;
    if (bytes <= (double)l->cache[1] * l->threads) level = 1;
    if (bytes <= (double)l->cache[0] * l->threads) level = 0;
    if (where) *where = names[level];
    return fmax(l->read[level], l->copy[level]);
}

double machine_seconds(const Limits *l, double flops, double bytes, bool doubles, const char **what)
{
    const char *where;
    double arithmetic = flops / l->fma[doubles], traffic = bytes / machine_bandwidth(l, bytes, &where);
    if (what) *what = arithmetic > traffic ? "arithmetic" : where;
    return fmax(arithmetic, traffic);
}
