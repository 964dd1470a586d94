/* measure.c -- times the contestants of a case in turns, checks every sample, stops when the medians are known well. */
#define _GNU_SOURCE
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "harness.h"

enum { LINE = 64, MANY = MAX_SAMPLES, ROUNDS = 11, WARM_UP = 8, SLOW_ROUNDS = 3 };
static const double SAMPLE_SECONDS = 1e-3, NARROW = 0.005, SETTLED = 0.02, WARM_UP_SECONDS = 0.1;
static const double LONG_CALL = 0.01, BRIEF_CALL = 50e-6, NO_TIME = 1e-9;

static double clock_read(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double clock_wall(void) { return clock_read(CLOCK_MONOTONIC); }
double clock_cpu(void) { return clock_read(CLOCK_PROCESS_CPUTIME_ID); }

/* ---- Statistics -------------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of_sorted(const double *v, int n) { return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2; }

/* The median lies between the k-th smallest and the k-th largest of n samples with probability 1 - 2 P(Binomial(n, 1/2)
 * < k): no distribution is assumed. The largest k that leaves 95 %. */
static int rank_of_interval(int n)
{
    double p = pow(0.5, n), below = 0;
    int    k = 0;
    for (int i = 0; i < n / 2; i++) {
        below += p;
        if (2 * below > 0.05) break;
        k = i + 1;
        p *= (double)(n - i) / (i + 1);
    }
    return k;
}

Interval interval_of(const double *sample, int n)
{
    if (n < 1) return (Interval){ 0 };
    double v[MAX_SAMPLES];
    memcpy(v, sample, (size_t)n * sizeof *v);
    qsort(v, (size_t)n, sizeof *v, by_size);
    int k = rank_of_interval(n);
    return (Interval){ median_of_sorted(v, n), v[k ? k - 1 : 0], v[k ? n - k : n - 1] };
}

static double median_again(Rng *rng, const double *sample, int n)
{
    double v[MAX_SAMPLES];
    for (int i = 0; i < n; i++) v[i] = sample[rng_below(rng, n)];
    qsort(v, (size_t)n, sizeof *v, by_size);
    return median_of_sorted(v, n);
}

/* For runs that were not interleaved: medians of samples drawn again from each, 95 % of their ratios. */
Interval interval_ratio(const double *a, int na, const double *b, int nb)
{
    enum { AGAIN = 2000 };
    static double ratio[AGAIN];
    Rng rng = rng_new(1);
    for (int i = 0; i < AGAIN; i++) ratio[i] = median_again(&rng, a, na) / median_again(&rng, b, nb);
    qsort(ratio, AGAIN, sizeof *ratio, by_size);
    double middle = interval_of(a, na).median / interval_of(b, nb).median;
    return (Interval){ middle, ratio[AGAIN * 25 / 1000], ratio[AGAIN * 975 / 1000] };
}

/* ---- One sample -------------------------------------------------------------------------------------------------- */

size_t flush_size(void) { return 2 * (size_t)machine_cache(3); }

static void flush_caches(Contestant *c)
{
    static char *junk;
    size_t       size = flush_size();
    if (!junk) junk = memory_new(size, 0);
    CHECK(junk, "bench: no memory to flush the caches with");
    size_t walked = 0;
    for (; walked < size; walked += LINE) junk[walked]++;
    c->flushed += (double)walked;
}

/* What two looks at a clock, one after the other, are apart. */
static double cost_of(double (*clock)(void))
{
    double v[101];
    for (int i = 0; i < 101; i++) v[i] = -clock() + clock();
    return interval_of(v, 101).median;
}

static double time_of(double (*clock)(void), double since, double cost)
{
    return fmax(clock() - since - cost, NO_TIME);
}

static void call(Bench *b, Contestant *c)
{
    buffer_start_call(b, c);
    c->row->function(b, b->size);
}

/* setup(), before() and after() may ask for buffers in another order than the calls. */
static void besides(Bench *b, Contestant *c, BenchFunction *function)
{
    buffer_start_call(b, c);
    memset(c->asked, 0, sizeof c->asked);
    function(b, b->size);
    memset(c->asked, 0, sizeof c->asked);
}

static void hand_over(Bench *b, Contestant *c)
{
    if (c->row->after) besides(b, c, c->row->after);
}

static void prepare_call(Bench *b, Contestant *c)
{
    if (c->row->before) besides(b, c, c->row->before);
    if (b->cold) flush_caches(c);
}

static bool one_by_one(const Bench *b, const Contestant *c) { return b->each || c->row->before; }

/* Where something has to be put in order before each call, each is timed by itself. Short ones by the wall's clock, for
 * looking at the other takes a system call; the sample is then their median, which an interruption does not move. */
static void sample_each(Bench *b, Contestant *c, int64_t calls, bool brief, double *wall, double *cpu)
{
    static double took[MANY], cost_wall = -1, cost_cpu;
    if (cost_wall < 0) cost_wall = cost_of(clock_wall), cost_cpu = cost_of(clock_cpu);
    *wall = *cpu = 0;
    for (int64_t i = 0; i < calls; i++) {
        if (i) buffer_restore(b);
        prepare_call(b, c);
        double w = clock_wall(), p = brief ? 0 : clock_cpu();
        call(b, c);
        if (!brief) *cpu += time_of(clock_cpu, p, cost_cpu);
        *wall += took[i % MANY] = time_of(clock_wall, w, cost_wall + (brief ? 0 : 2 * cost_cpu));
    }
    if (brief) *wall = *cpu = (double)calls * interval_of(took, (int)(calls < MANY ? calls : MANY)).median;
}

/* Several calls between two looks at the clocks. */
static void sample_many(Bench *b, Contestant *c, int64_t calls, double *wall, double *cpu)
{
    double w = clock_wall(), p = clock_cpu();
    for (int64_t i = 0; i < calls; i++) call(b, c);
    *cpu = clock_cpu() - p;
    *wall = clock_wall() - w;
}

static double seconds_a_call(const Bench *b, double wall, double cpu, int64_t calls)
{
    double t = (b->threads == 1 ? cpu : wall) / (double)calls;
    return t > 0 ? t : NO_TIME;
}

/* Threads of the one before still spin, waiting for work; they go to sleep before the next one's turn. */
static void let_others_sleep(const Bench *b)
{
    if (b->threads > 1) nanosleep(&(struct timespec){ .tv_nsec = 4000000 }, NULL);
}

/* A sample, checked. *seconds a call; a sentence: it is wrong, or gone. */
static const char *sample(Bench *b, Contestant *c, double *seconds)
{
    double      wall, cpu;
    const char *why;
    let_others_sleep(b);
    b->now = c;
    if (c->peer) {
        double flushed;
        if ((why = peer_run(c->peer, c->calls, !b->cold && *seconds < LONG_CALL, &wall, &cpu, &flushed))) return why;
        c->flushed += flushed;
        buffer_poison(b);
        if ((why = peer_outputs(c->peer, b, c))) return why;
    } else {
        if (!b->cold && *seconds < LONG_CALL) {
            if (one_by_one(b, c)) buffer_restore(b), prepare_call(b, c);
            call(b, c);
        }
        buffer_poison(b);
        if (one_by_one(b, c)) sample_each(b, c, c->calls, *seconds < BRIEF_CALL, &wall, &cpu);
        else sample_many(b, c, c->calls, &wall, &cpu);
    }
    if (c->row) hand_over(b, c);
    if ((why = buffer_check(b, c))) return why;
    *seconds = seconds_a_call(b, wall, cpu, c->calls);
    c->wall += wall;
    c->cpu += cpu;
    return NULL;
}

/* ---- A case ------------------------------------------------------------------------------------------------------ */

static bool takes_part(const Contestant *c) { return !*c->absent && !*c->wrong && !c->hidden; }

static void drop(Contestant *c, const char *why)
{
    snprintf(c->wrong, sizeof c->wrong, "%s", why);
    c->samples = 0;
}

void bench_keep(Bench *b, void *p) { b->now->kept = p; }
void *bench_kept(Bench *b) { return b->now->kept; }
int   bench_threads(const Bench *b) { return b->threads; }

void bench_absent(Bench *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(b->now->absent, sizeof b->now->absent, format, args);
    va_end(args);
}

static void set_up(Bench *b, Contestant *c)
{
    const char *why = NULL;
    buffer_start_call(b, c);
    if (c->peer) {
        if ((why = peer_open(c->peer, b))) snprintf(c->absent, sizeof c->absent, "%s", why);
    } else if (c->row->setup) {
        besides(b, c, c->row->setup);
    }
    c->set_up = true;
}

static void tear_down(Bench *b, Contestant *c)
{
    if (!c->set_up) return;
    b->now = c;
    if (c->peer) peer_close(c->peer);
    else if (c->row->teardown) c->row->teardown(b, b->size);
    c->set_up = false;
}

/* What the first contestant wrote is the measure of all that truth() left out. */
static void find_right_values(Bench *b, const Contestant *first)
{
    if (b->truth) b->truth(b, b->size);
    for (int k = 0; k < b->buffers; k++) {
        if (first->where[k]) b->buffer[k].where = first->where[k];
        b->each |= b->buffer[k].role == ROLE_INOUT;
    }
    buffer_want_from_outputs(b);
}

/* The first call of each of ours: makes the buffers and the right values, and drops who is wrong before the clock runs.
 */
static const char *first_calls(Bench *b)
{
    bool known = false;
    for (int i = 0; i < b->contestants; i++) {
        Contestant *c = &b->contestant[i];
        if (c->peer) continue;
        set_up(b, c);
        if (!takes_part(c)) continue;
        b->now = c;
        buffer_poison(b);
        prepare_call(b, c);
        call(b, c);
        hand_over(b, c);
        b->now = NULL;
        if (!known) find_right_values(b, c);
        const char *why = buffer_check(b, c);
        if (!why && (why = buffer_inputs_changed(b))) buffer_inputs_again(b);
        if (why) drop(c, why);
        if (why && !known && !b->truth) return sentence("%s, the measure of this case, fails: %s", c->label, c->wrong);
        known = true;
    }
    return known ? NULL : "nobody of ours can run it";
}

static void calibrate(Bench *b, Contestant *c)
{
    double seconds = 0, before = 1;
    for (c->calls = 1;; c->calls *= 2) {
        const char *why = sample(b, c, &seconds);
        if (why) { drop(c, why); return; }
        if (seconds * (double)c->calls >= SAMPLE_SECONDS || c->calls >= 1 << 20) break;
        if (seconds * (double)c->calls < SAMPLE_SECONDS / 16) c->calls *= 4;
    }
    double until = clock_wall() + WARM_UP_SECONDS;
    for (int i = 0; i < WARM_UP && fabs(seconds - before) > SETTLED * before && (!i || clock_wall() < until); i++) {
        before = seconds;
        const char *why = sample(b, c, &seconds);
        if (why) { drop(c, why); return; }
    }
    c->sample[0] = seconds;     /* for slow_ones(), not a result */
    c->wall = c->cpu = 0;
}

/* Of two processes of one peer with different settings, the slower one does not count: a peer is measured at its best.
 */
static bool beats(const Contestant *other, const Contestant *one)
{
    if (takes_part(other) != takes_part(one)) return takes_part(other);
    if (takes_part(one) && other->sample[0] != one->sample[0]) return other->sample[0] < one->sample[0];
    return other < one;
}

static void keep_the_best(Bench *b)
{
    for (int i = 0; i < b->contestants; i++)
        for (int k = 0; k < b->contestants; k++) {
            Contestant *one = &b->contestant[i], *other = &b->contestant[k];
            bool        same = i != k && one->peer && other->peer && !strcmp(one->label, other->label);
            if (same && !other->hidden && beats(other, one)) one->hidden = true;
        }
}

/* The first call of a contestant that is set up anew: later ones find the memory that it kept. Its code has run before,
 * so that neither the pages of a library nor what it compiles for itself count. */
static void measure_memory(Bench *b, Contestant *c)
{
    c->memory = -1;
    if (c->peer) {
        if (peer_memory(c->peer, &c->memory)) c->memory = -1;
        return;
    }
    tear_down(b, c);
    set_up(b, c);
    buffer_restore(b);
    buffer_scratch_back(b);
    int64_t before = resident_mark();
    if (c->row->before) besides(b, c, c->row->before);
    call(b, c);
    int64_t peak = resident_peak();
    if (before >= 0 && peak >= before) c->memory = peak - before;
    b->now = NULL;
}

/* Who takes many times the fastest one's time, and long, is known well enough from a few samples. */
static void slow_ones(Bench *b, double budget)
{
    double fastest = INFINITY;
    for (int i = 0; i < b->contestants; i++)
        if (takes_part(&b->contestant[i])) fastest = fmin(fastest, b->contestant[i].sample[0]);
    for (int i = 0; i < b->contestants; i++) {
        Contestant *c = &b->contestant[i];
        c->most = MAX_SAMPLES;
        if (c->sample[0] > budget / 8 && c->sample[0] > 8 * fastest) c->most = SLOW_ROUNDS;
    }
}

static bool all_narrow(const Bench *b)
{
    for (int i = 0; i < b->contestants; i++) {
        const Contestant *c = &b->contestant[i];
        if (!takes_part(c) || c->samples >= c->most) continue;
        Interval t = interval_of(c->sample, c->samples);
        if (!((t.high - t.low) / 2 <= NARROW * t.median)) return false;
    }
    return true;
}

static void rounds(Bench *b, double budget)
{
    Rng    rng = rng_new(b->seed);
    int    n = b->contestants, first = (int)rng_below(&rng, n);
    double start = clock_wall();
    for (int r = 0; r < MAX_SAMPLES; r++) {
        for (int k = 0; k < n; k++) {
            Contestant *c = &b->contestant[(first + (r % 2 ? n - 1 - k : k)) % n];
            if (!takes_part(c) || c->samples >= c->most) continue;
            double      seconds = c->samples ? c->sample[c->samples - 1] : c->sample[0];
            const char *why = sample(b, c, &seconds);
            if (why) drop(c, why);
            else c->sample[c->samples++] = seconds;
        }
        bool late = clock_wall() - start > budget;
        if (r + 1 >= MIN_ROUNDS && late) break;
        if (r + 1 >= ROUNDS && all_narrow(b)) break;
    }
}

static double load_average(void)
{
    double load = 0;
    FILE  *f = fopen("/proc/loadavg", "r");
    if (!f) return 0;
    if (fscanf(f, "%lf", &load) != 1) load = 0;
    fclose(f);
    return load;
}

const char *measure_case(Bench *b, double budget)
{
    b->load = load_average();
    b->each = b->cold;
    b->now = NULL;
    if (b->inputs) b->inputs(b, b->size);
    const char *why = first_calls(b);
    for (int i = 0; i < b->contestants && !why; i++)
        if (b->contestant[i].peer) set_up(b, &b->contestant[i]);
    if (!why) {
        b->clock_before = machine_clock();
        for (int i = 0; i < b->contestants; i++)
            if (takes_part(&b->contestant[i])) calibrate(b, &b->contestant[i]);
        keep_the_best(b);
        slow_ones(b, budget);
        rounds(b, budget);
        b->clock_after = machine_clock();
        for (int i = 0; i < b->contestants && b->memory; i++)
            if (takes_part(&b->contestant[i])) measure_memory(b, &b->contestant[i]);
        b->now = NULL;
        if (buffer_inputs_changed(b))
            why = "an input was not the same at the end: somebody writes there, but not in the first call";
    }
    for (int i = 0; i < b->contestants; i++) tear_down(b, &b->contestant[i]);
    return why;
}
