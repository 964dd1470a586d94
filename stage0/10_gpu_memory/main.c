/* main.c -- the digits, feature by feature instead of picture by picture: what each way to transpose them moves. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "data.h"
#include "gpu_memory.h"
#include "program.h"
#include "show.h"

/* The emulator's counters and its log; a GPU has neither, but a clock. */
double simt_counter(const char *kernel, const char *name) __attribute__((weak));
void   simt_log_start(void) __attribute__((weak));
int    simt_log_write(const char *path) __attribute__((weak));

typedef struct Options { int pictures; } Options;

static const Flag flags[] = {
    { "pictures", FLAG_INT, offsetof(Options, pictures), "1797", "453", NULL, "how many of the digits" },
    { 0 },
};

static const char *const RUNG[GPU_MEMORY_RUNGS] = {
    [GPU_MEMORY_COPY] = "copy",     [GPU_MEMORY_NAIVE] = "v1 naive",        [GPU_MEMORY_TILE] = "v2 tile",
    [GPU_MEMORY_PADDED] = "v3 padded", [GPU_MEMORY_SWIZZLED] = "v4 swizzled", [GPU_MEMORY_COPY4] = "copy, float4",
};

enum { READ, READS, WRITTEN, WRITES, WAVES, PICKS, COUNTED };
static const char *const COUNTER[COUNTED] = { "global_load_sectors",  "global_load_requests", "global_store_sectors",
                                              "global_store_requests", "shared_load_waves",    "shared_load_requests" };

typedef struct Cost {
    double read, written, waves;        /* sectors a request, waves a request of shared memory */
    double traffic;                     /* bytes moved for each that had to be */
    double requests, ms;
} Cost;

static void count(double *n)
{
    for (int i = 0; i < COUNTED; i++) n[i] = simt_counter ? simt_counter(NULL, COUNTER[i]) : NAN;
}

/* Runs a rung, counts, compares every number; returns how many are wrong. */
static int climb(Program *program, int rung, float *y, const float *x, int R, int C, Cost *cost)
{
    double before[COUNTED], n[COUNTED];
    float  ms = 0;
    int    wrong = 0;
    bool   turned = rung != GPU_MEMORY_COPY && rung != GPU_MEMORY_COPY4;
    count(before);
    program_try(program, gpu_memory_run(rung, y, x, R, C, &ms));
    count(n);
    for (int i = 0; i < COUNTED; i++) n[i] -= before[i];
    *cost = (Cost){ n[READ] / n[READS], n[WRITTEN] / n[WRITES], n[WAVES] / n[PICKS],
                    (n[READ] + n[WRITTEN]) * 32 / (8.0 * R * C), n[READS] + n[WRITES], (double)ms };
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) wrong += y[turned ? c * R + r : r * C + c] != x[r * C + c];
    return wrong;
}

static void print_number(double x)
{
    if (isfinite(x)) printf(" %8.2f", x);
    else printf(" %8s", "");
}

static int ladder(Program *program, Plot *plot, Cost *cost, const Tensor *digits, int R)
{
    char   series[40];
    int    C = (int)digits->shape[1], wrong = 0;
    Arena *a = arena_new("transposed");
    float *y = arena_alloc(a, DEV_CPU, sizeof *y * (size_t)R * (size_t)C, "transposed");
    if (simt_log_start) simt_log_start();           /* drawn are the launches of the last ladder */
    snprintf(series, sizeof series, "%d rows", R);
    printf("%d x %d numbers\n%-14s %8s %8s %8s %8s\n", R, C, "", "read", "written", "waves", "traffic");
    for (int k = 0; k < GPU_MEMORY_RUNGS; k++) {
        memset(y, 0, sizeof *y * (size_t)R * (size_t)C);
        wrong += climb(program, k, y, digits->data, R, C, &cost[k]);
        printf("%-14s", RUNG[k]);
        print_number(cost[k].read), print_number(cost[k].written);
        print_number(cost[k].waves), print_number(cost[k].traffic);
        if (simt_counter) printf("\n");
        else printf(" %8.1f GB/s\n", 8e-6 * R * C / cost[k].ms);
        if (isfinite(cost[k].traffic)) plot_bar(plot, RUNG[k], series, cost[k].traffic);
    }
    printf("\n");
    arena_free(a);
    return wrong;
}

int main(int argc, char **argv)
{
    Options  o;
    Program *program = program_start(argc, argv, "gpu_memory", "the digits transposed, and what that moves", flags, &o);
    Dataset  set;
    Cost     odd[GPU_MEMORY_RUNGS], even[GPU_MEMORY_RUNGS];
    Arena   *arena = arena_new("digits");
    program_try(program, data_load(arena, "digits", F32, &set));
    if (o.pictures < 64 || o.pictures > set.x->shape[0]) program_try(program, "--pictures is 64 to 1797");
    printf("%s: sectors of 32 bytes a warp's request reads and writes, waves of shared memory,\n"
           "and bytes moved for each that had to be\n\n", set.from);
    Plot *plot = program_plot(program, "traffic",
                              (PlotArg){ .title = "what each way to transpose moves", .kind = PLOT_BARS,
                                         .y = "bytes moved for each byte needed",
                                         .caption = "Columns written cost a sector for each number. Rows that begin "
                                                    "between two sectors cost one more a request." });
    int wrong = ladder(program, plot, odd, set.x, o.pictures);
    wrong += ladder(program, plot, even, set.x, o.pictures / 8 * 8);
    program_try(program, plot_done(plot));
    char log[4096];
    snprintf(log, sizeof log, "%s/log", program->out);
    if (simt_log_write && simt_log_write(log)) program_try(program, show_draw(log, program->out, NULL));
    program_promise(program, "numbers in a wrong place", wrong, "<=", 0);
    if (simt_counter) {
        program_promise(program, "bytes that v1 moves for each needed", even[GPU_MEMORY_NAIVE].traffic, ">=", 4);
        program_promise(program, "that v2 moves", even[GPU_MEMORY_TILE].traffic, "<=", 1.01);
        program_promise(program, "waves of v3 for each request of the tile", even[GPU_MEMORY_PADDED].waves, "<=", 1.01);
        program_promise(program, "of v4", even[GPU_MEMORY_SWIZZLED].waves, "<=", 1.01);
        program_promise(program, "requests of the copy for each with float4",
                        even[GPU_MEMORY_COPY].requests / even[GPU_MEMORY_COPY4].requests, ">=", 3.9);
    }
    arena_free(arena);
    return program_end(program);
}
