/* probe.c -- the inputs and buffers of a probe or an oracle: random from a seed, each ending at a guard page. */
#define _GNU_SOURCE
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "probe_internal.h"

#if defined __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#define NO_SANITIZER 1
#endif

#ifdef NO_SANITIZER
enum { ALIGN = 1 };
#else
enum { ALIGN = 8 }; /* its marks cover eight bytes; it watches the rest of them itself */
#endif

enum { MAX_BUFFERS = 256, MARGIN = 64, MARK = 0xA5 };

typedef struct Mapping { char *base; size_t size; } Mapping;

static ProbeBuffer buffer[MAX_BUFFERS];
static Mapping     spare[MAX_BUFFERS];                  /* of earlier trials: mapping anew costs more than the probe */
static int         buffers, spares, picks, this_trial;
static uint64_t    state, this_seed;

/* ---- Random numbers ------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t z)                         /* splitmix64's finisher */
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t next(void)    { return mix(state += 0x9e3779b97f4a7c15); }
static double   uniform(void) { return (double)((next() >> 12) + 0.5) * 0x1p-52; }    /* in (0, 1) */
static double   normal(void)  { return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()); }

/* The name's hash starts the stream, so that two probes on one seed see different inputs. */
void probe_start(uint64_t seed, const char *name, int trial)
{
    if (device_start) device_start();
    for (int b = 0; b < buffers; b++) {
        ASAN_UNPOISON_MEMORY_REGION(buffer[b].base, buffer[b].mapped);
        free(buffer[b].frozen);
        if (spares < MAX_BUFFERS) spare[spares++] = (Mapping){ buffer[b].base, buffer[b].mapped };
        else munmap(buffer[b].base, buffer[b].mapped);
    }
    buffers = 0;
    for (; *name; name++) seed = mix(seed ^ (unsigned char)*name);
    this_seed = seed, this_trial = trial, picks = 0;
    state = mix(seed + (uint64_t)trial);
}

const ProbeBuffer *probe_buffers(int *count) { return *count = buffers, buffer; }

static void refuse(const char *what)                    /* the test file is wrong, not the learner */
{
    fprintf(stderr, "probe: %s\n", what);
    abort();
}

int probe_int(int low, int high)
{
    if (low > high) refuse("probe_int: low is above high");
    return (int)(low + (int64_t)(next() % (uint64_t)((int64_t)high - low + 1)));
}

double probe_real(double low, double high) { return low + (high - low) * uniform(); }

/* A round of n trials takes each value once, in an order of its own for every pick and every round: in 12 trials each
 * of up to 12 values occurs, and two picks of equal length are not always paired alike. */
int probe_pick_of(int n, const int *from)
{
    uint64_t key = mix(this_seed + 0x1000003 * (uint64_t)++picks + 0x10001 * (uint64_t)(this_trial / n));
    int order[64], at = this_trial % n;
    if (n > 64) return from[next() % (uint64_t)n];
    for (int i = 0; i < n; i++) order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int j = (int)((key = mix(key)) % (uint64_t)(i + 1)), t = order[i];
        order[i] = order[j], order[j] = t;
    }
    return from[order[at]];
}

/* ---- Buffers -------------------------------------------------------------------------------------------------- */

/* A mapping of that size, whose last page may not be touched. */
static char *map(size_t size, size_t page)
{
    for (int i = spares - 1; i >= 0; i--)
        if (spare[i].size == size) {
            char *base = spare[i].base;
            spare[i] = spare[--spares];
            return base;
        }
    char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + size - page, page, PROT_NONE)) refuse("no memory for a buffer");
    return base;
}

/* The last value touches a page that may not be touched. Before the first lies a margin that probe_damage() looks
 * at. */
static void *place(int n, int dtype, bool input, size_t align)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = dtype == PROBE_F64 ? 8 : 4,
           bytes = (size_t)(n > 0 ? n : 0) * size;
    size_t used = (bytes + align - 1) / align * align, room = (used + MARGIN + page - 1) / page * page;
    if (n < 0) refuse("a buffer of fewer than 0 values");
    if (buffers == MAX_BUFFERS) refuse("more than 256 buffers in one trial");
    char *base = map(room + page, page), *p = base + room - used;
    memset(p - MARGIN, MARK, MARGIN);
    ASAN_POISON_MEMORY_REGION(base, (size_t)(p - base));
    ASAN_POISON_MEMORY_REGION(p + bytes, used - bytes);
    buffer[buffers++] = (ProbeBuffer){ .p = p, .base = base, .n = (size_t)n, .size = size, .mapped = room + page,
                                       .dtype = dtype, .input = input };
    return p;
}

static void *input(int n, int dtype) { return place(n, dtype, true, ALIGN); }

/* Distributions: normal with three spreads, uniform, and few distinct values (ties). None holds an exact zero. */
static double draw(int kind)
{
    static const double spread[] = { 1, 0.1, 10 };
    if (kind < 3) return spread[kind] * normal();
    if (kind == 3) return 2 * uniform() - 1;
    int v = probe_int(1, 8);
    return v <= 4 ? 0.5 * v : -0.5 * (v - 4);
}

static float *fill_floats(float *p, int n)
{
    int kind = probe_int(0, 4);
    for (int i = 0; i < n; i++) p[i] = (float)draw(kind);
    return p;
}

float *probe_floats(int n)         { return fill_floats(input(n, PROBE_F32), n); }
float *probe_floats_aligned(int n) { return fill_floats(place(n, PROBE_F32, true, 64), n); }

float *probe_normal(int n, double mean, double sd)
{
    float *p = input(n, PROBE_F32);
    for (int i = 0; i < n; i++) p[i] = (float)(mean + sd * normal());
    return p;
}

float *probe_uniform(int n, double low, double high)
{
    float *p = input(n, PROBE_F32);
    for (int i = 0; i < n; i++) p[i] = (float)probe_real(low, high);
    return p;
}

double *probe_doubles(int n)
{
    double *p = input(n, PROBE_F64);
    int kind = probe_int(0, 4);
    for (int i = 0; i < n; i++) p[i] = draw(kind);
    return p;
}

double *probe_normal_doubles(int n, double mean, double sd)
{
    double *p = input(n, PROBE_F64);
    for (int i = 0; i < n; i++) p[i] = mean + sd * normal();
    return p;
}

double *probe_uniform_doubles(int n, double low, double high)
{
    double *p = input(n, PROBE_F64);
    for (int i = 0; i < n; i++) p[i] = probe_real(low, high);
    return p;
}

int *probe_ints(int n, int low, int high)
{
    int *p = input(n, PROBE_I32);
    for (int i = 0; i < n; i++) p[i] = probe_int(low, high);
    return p;
}

int *probe_permutation(int n)
{
    int *p = input(n, PROBE_I32);
    for (int i = 0; i < n; i++) {
        int j = probe_int(0, i);
        p[i] = p[j], p[j] = i;
    }
    return p;
}

static void *copy(int n, int dtype, const void *values, size_t size)
{
    void *p = input(n, dtype);
    if (n) memcpy(p, values, (size_t)n * size);
    return p;
}

float  *probe_copy(int n, const float *values)          { return copy(n, PROBE_F32, values, sizeof *values); }
double *probe_copy_doubles(int n, const double *values) { return copy(n, PROBE_F64, values, sizeof *values); }
int    *probe_copy_ints(int n, const int *values)       { return copy(n, PROBE_I32, values, sizeof *values); }

/* The poison is a NaN that no arithmetic makes, so that "never written" can be told from "came out as NaN". */
float *probe_output(int n)
{
    static const uint32_t poison = 0x7fc0dead;
    float *p = place(n, PROBE_F32, false, ALIGN);
    for (int i = 0; i < n; i++) memcpy(p + i, &poison, sizeof poison);
    return p;
}

double *probe_output_doubles(int n)
{
    static const uint64_t poison = 0x7ff80000dead0000;
    double *p = place(n, PROBE_F64, false, ALIGN);
    for (int i = 0; i < n; i++) memcpy(p + i, &poison, sizeof poison);
    return p;
}

int *probe_output_ints(int n)
{
    int *p = place(n, PROBE_I32, false, ALIGN);
    for (int i = 0; i < n; i++) p[i] = INT_MIN;
    return p;
}

float *probe_inout(int n)
{
    float *p = place(n, PROBE_F32, false, ALIGN);
    for (int i = 0; i < n; i++) p[i] = (float)normal();
    return p;
}

double *probe_inout_doubles(int n)
{
    double *p = place(n, PROBE_F64, false, ALIGN);
    for (int i = 0; i < n; i++) p[i] = normal();
    return p;
}

double *probe_inout_copy(int n, const double *values)
{
    double *p = place(n, PROBE_F64, false, ALIGN);
    if (n) memcpy(p, values, (size_t)n * sizeof *p);
    return p;
}

double probe_largest(const double *v, int n)
{
    double most = 0;
    for (int i = 0; i < n; i++) most = fmax(most, fabs(v[i]));
    return most;
}

/* ---- What may not change -------------------------------------------------------------------------------------- */

void probe_freeze(void)
{
    for (int b = 0; b < buffers; b++) {
        if (!buffer[b].input) continue;
        size_t bytes = buffer[b].n * buffer[b].size;
        if (!buffer[b].frozen && !(buffer[b].frozen = malloc(bytes + 1))) refuse("no memory for a frozen copy");
        memcpy(buffer[b].frozen, buffer[b].p, bytes);
    }
}

/* "array 2" is the second that the probe made: inputs have no names here. */
const char *probe_damage(void)
{
    static char text[160];
    for (int b = 0; b < buffers; b++) {
        ProbeBuffer *f = &buffer[b];
        for (size_t i = 0; f->frozen && i < f->n; i++)
            if (memcmp(f->p + i * f->size, (char *)f->frozen + i * f->size, f->size)) {
                snprintf(text, sizeof text, "element %zu of an input of %zu values was changed (array %d of the probe)",
                         i, f->n, b + 1);
                return text;
            }
#ifdef NO_SANITIZER                                     /* with one, the margin may not be read and reports itself */
        for (int i = MARGIN - 1; i >= 0; i--)
            if ((unsigned char)f->p[i - MARGIN] != MARK) {
                snprintf(text, sizeof text, "something was written before the first element of an array of %zu values "
                         "(array %d of the probe)", f->n, b + 1);
                return text;
            }
#endif
    }
    return NULL;
}

const char *probe_touched(const void *address)
{
    static char text[160];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int b = 0; b < buffers; b++) {
        char *guard = buffer[b].base + buffer[b].mapped - page;
        if ((char *)address < guard || (char *)address >= guard + page) continue;
        snprintf(text, sizeof text, "element %zu of an array of %zu values was touched (array %d of the probe)",
                 (size_t)((char *)address - buffer[b].p) / buffer[b].size, buffer[b].n, b + 1);
        return text;
    }
    return NULL;
}
