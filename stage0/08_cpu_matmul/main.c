/* main.c -- six ways to one product: how fast each is, and how often each waits for memory. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cpu_matmul.h"
#include "machine.h"
#include "ops.h"
#include "program.h"
#include "rng.h"

typedef struct Options { int largest, rows; } Options;

static const Flag flags[] = {
    { "largest", FLAG_INT, offsetof(Options, largest), "1024", "256", "2048", "largest size that is timed" },
    { "rows", FLAG_INT, offsetof(Options, rows), "120", "60", "600", "rows of C for which misses are counted" },
    { 0 },
};

static const char *const RUNG[] = { "three loops", "other order", "blocks of 128", "packed", "packed, threads",
                                    "the library" };
enum { NAIVE, ORDER, BLOCKED, PACKED, THREADS, LIBRARY, RUNGS };

typedef struct Square { int N, threads; const float *A, *B; float *C, *room; } Square;

static void multiply(int rung, const Square *s)
{
    int N = s->N;
    if (rung == NAIVE) cpu_matmul_naive(s->C, s->A, s->B, N, N, N);
    if (rung == ORDER) cpu_matmul_order(s->C, s->A, s->B, N, N, N);
    if (rung == BLOCKED) cpu_matmul_blocked(s->C, s->A, s->B, N, N, N, 128);
    if (rung == PACKED) cpu_matmul_packed(s->C, s->A, s->B, s->room, N, N, N);
    if (rung == THREADS) cpu_matmul_threads(s->C, s->A, s->B, s->room, N, N, N, s->threads);
    if (rung == LIBRARY) gemm(s->C, N, N, N, s->A, (int64_t[]){ N, 1 }, s->B, (int64_t[]){ N, 1 }, 0);
}

/* Seconds on the wall: the least of several calls, because nothing makes a call faster than it is. */
static double seconds(int rung, const Square *s)
{
    double least = INFINITY, all = 0;
    for (int call = 0; call < 1 || (all < 0.1 && call < 50); call++) {
        struct timespec from, to;
        timespec_get(&from, TIME_UTC);
        multiply(rung, s);
        timespec_get(&to, TIME_UTC);
        double t = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
        least = fmin(least, t), all += t;
    }
    return least;
}

static float *floats(Arena *a, int64_t n) { return arena_alloc(a, DEV_CPU, (size_t)n * sizeof(float), "matrices"); }

/* The largest difference of any two rungs' numbers, beside the size of a sum. */
static const char *race(Program *program, Rng *rng, int largest, double *apart)
{
    Limits limits = machine_limits(program->threads ? program->threads : 0);
    int    threads = limits.threads;
    Plot  *plot = program_plot(program, "ladder",
                               (PlotArg){ .title = "one product, rung by rung",
                                          .kind = PLOT_LINESPOINTS,
                                          .x = "size of the square",
                                          .y = "GFLOP/s",
                                          .log_x = true,
                                          .log_y = true,
                                          .caption = "The same additions and multiplications in all of them. What "
                                                     "differs is where the numbers come from." });
    printf("GFLOP/s with %d thread%s; three loops only where they end soon\n%6s", threads, threads > 1 ? "s" : "",
           "size");
    for (int r = 0; r < RUNGS; r++) printf(" %15s", RUNG[r]);
    printf("\n");
    *apart = 0;
    for (int N = 64; N <= largest; N *= 2) {
        Arena *a = arena_new("matrices");
        float *A = floats(a, (int64_t)N * N), *B = floats(a, (int64_t)N * N), *first = floats(a, (int64_t)N * N);
        Square s = { N, threads, A, B, floats(a, (int64_t)N * N), floats(a, cpu_matmul_room(threads)) };
        for (int i = 0; i < N * N; i++) A[i] = (float)rng_normal(rng), B[i] = (float)rng_normal(rng);
        printf("%6d", N);
        for (int r = 0; r < RUNGS; r++) {
            if (r == NAIVE && N > 512) { printf(" %15s", ""); continue; }
            double rate = 2e-9 * N * N * N / seconds(r, &s);
            printf(" %15.1f", rate);
            plot_point(plot, RUNG[r], N, rate);
            if (r == ORDER) memcpy(first, s.C, (size_t)N * (size_t)N * sizeof(float));
            for (int i = 0; i < N * N && r > ORDER; i++)
                *apart = fmax(*apart, fabs((double)s.C[i] - first[i]) / sqrt(N));
        }
        printf("\n");
        arena_free(a);
    }
    printf("this machine's limit: %.0f GFLOP/s\n\n", limits.fma[0] * 1e-9);
    plot_line(plot, 64, limits.fma[0] * 1e-9, largest, limits.fma[0] * 1e-9, "the machine's limit");
    return plot_done(plot);
}

/* ---- A cache, simulated: 32 KiB in 8 ways of 64-byte lines, the one unused longest makes room -------------------- */

enum { SETS = 64, WAYS = 8 };
typedef struct Cache { uint64_t line[SETS][WAYS]; double misses; } Cache;

static void touch(Cache *c, uint64_t address)
{
    uint64_t line = address / 64 + 1, *way = c->line[line % SETS], before = way[0];
    int      w = 0;
    if (before == line) return;
    while (w < WAYS - 1 && way[w] != line) w++;
    c->misses += way[w] != line;
    memmove(way + 1, way, (size_t)w * sizeof *way);
    way[0] = line;
}

/* Where the numbers of A, B, C lie, a page between them. */
static uint64_t a_at(int N, int m, int k) { return 4 * ((uint64_t)m * (uint64_t)N + (uint64_t)k); }
static uint64_t b_at(int N, int k, int n) { return a_at(N, N, 0) + 4096 + a_at(N, k, n); }
static uint64_t c_at(int N, int m, int n) { return 2 * (a_at(N, N, 0) + 4096) + a_at(N, m, n); }

/* Misses for a thousand multiply-adds, M rows of C, in the order in which each rung's loops ask. */
static double misses(int rung, int M, int N)
{
    Cache *c = calloc(1, sizeof *c);
    if (!c) abort();
    if (rung == NAIVE)
        for (int m = 0; m < M; m++)
            for (int n = 0; n < N; n++) {
                for (int k = 0; k < N; k++) touch(c, a_at(N, m, k)), touch(c, b_at(N, k, n));
                touch(c, c_at(N, m, n));
            }
    int block = rung == ORDER ? N : 64;
    for (int n0 = 0; rung != NAIVE && n0 < N; n0 += block)
        for (int k0 = 0; k0 < N; k0 += block)
            for (int m = 0; m < M; m++)
                for (int k = k0; k < k0 + block && k < N; k++) {
                    touch(c, a_at(N, m, k));
                    for (int n = n0; n < n0 + block && n < N; n++)
                        touch(c, b_at(N, k, n)), touch(c, c_at(N, m, n));
                }
    double rate = 1000 * c->misses / M / N / N;
    free(c);
    return rate;
}

/* A packed panel of A, and panels of B, tile by tile; C once for each tile. */
static double packed_misses(int M, int N)
{
    enum { ROWS = CPU_MATMUL_ROWS, COLS = CPU_MATMUL_COLS };
    Cache   *c = calloc(1, sizeof *c);
    uint64_t a = 3 * (a_at(N, N, 0) + 4096), b = a + (uint64_t)N * ROWS * 4 + 4096;
    if (!c) abort();
    for (int k0 = 0; k0 < N; k0 += CPU_MATMUL_SLAB) {
        int deep = k0 + CPU_MATMUL_SLAB < N ? CPU_MATMUL_SLAB : N - k0;
        for (int k = 0; k < deep; k++)
            for (int n = 0; n < N; n++)
                touch(c, b_at(N, k0 + k, n)), touch(c, b + 4 * (uint64_t)(n / COLS * COLS * deep + k * COLS));
        for (int m = 0; m < M; m += ROWS) {
            for (int k = 0; k < deep; k++)
                for (int i = 0; i < ROWS; i++)
                    touch(c, a_at(N, m + i, k0 + k)), touch(c, a + 4 * (uint64_t)(k * ROWS + i));
            for (int n = 0; n < N; n += COLS) {
                for (int k = 0; k < deep; k++)
                    touch(c, a + 4 * (uint64_t)(k * ROWS)), touch(c, b + 4 * (uint64_t)(n * deep + k * COLS));
                for (int i = 0; i < ROWS; i++) touch(c, c_at(N, m + i, n));
            }
        }
    }
    double rate = 1000 * c->misses / M / N / N;
    free(c);
    return rate;
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program =
        program_start(argc, argv, "cpu_matmul", "one product, six ways, and what each waits for", flags, &o);
    Rng      rng = rng_new(program->seed);
    double   apart, rate[4];
    if (o.largest < 64 || o.largest > 8192 || o.rows < 6 || o.rows > 600 || o.rows % 6)
        program_try(program, "--largest is 64 to 8192, --rows 6 to 600, a multiple of 6");
    program_try(program, race(program, &rng, o.largest, &apart));
    Plot *plot = program_plot(program, "misses",
                              (PlotArg){ .title = "how often each rung waits",
                                         .kind = PLOT_BARS,
                                         .y = "misses for 1000 multiply-adds",
                                         .log_y = true,
                                         .caption = "A cache of 32 KiB, simulated. At 512 columns the rows of a block "
                                                    "fight for the same places." });
    printf("misses of a 32 KiB cache, simulated, for 1000 multiply-adds, %d rows\n%24s %8s\n", o.rows, "600 columns",
           "512");
    for (int r = NAIVE; r <= PACKED; r++) {
        const char *name = r == BLOCKED ? "blocks of 64" : RUNG[r];
        double power = r == PACKED ? packed_misses(o.rows, 512) : misses(r, o.rows, 512);
        rate[r] = r == PACKED ? packed_misses(o.rows, 600) : misses(r, o.rows, 600);
        printf("  %-13s %8.2f %8.2f\n", name, rate[r], power);
        plot_bar(plot, name, "600 columns", rate[r]);
        plot_bar(plot, name, "512 columns", power);
    }
    program_try(program, plot_done(plot));
    printf("\n");
    program_promise(program, "largest difference between rungs, beside the root of the size", apart, "<=", 3e-5);
    program_promise(program, "three loops miss so many times as often as the other order", rate[NAIVE] / rate[ORDER],
                    ">=", 6);
    program_promise(program, "the other order misses so many times as often as blocks", rate[ORDER] / rate[BLOCKED],
                    ">=", 2);
    program_promise(program, "and as packed", rate[ORDER] / rate[PACKED], ">=", 4);
    return program_end(program);
}
