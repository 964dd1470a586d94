/* main.c -- a sum of two vectors by way of a GPU: is it right, and where does the time go, copies or kernel? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "gpu_first_kernel.h"
#include "program.h"
#include "rng.h"

typedef struct Options {
    double bus, memory, host, call;
    int    log_n;
} Options;

static const Flag flags[] = {
    { "log_n", FLAG_INT, offsetof(Options, log_n), "20", "14", "24", "the longest vectors have 2^log_n numbers" },
    { "bus", FLAG_FLOAT, offsetof(Options, bus), "25", NULL, NULL, "GB/s between host and card (PCIe 4.0 x16)" },
    { "memory", FLAG_FLOAT, offsetof(Options, memory), "1555", NULL, NULL, "GB/s of the card's memory (A100)" },
    { "host", FLAG_FLOAT, offsetof(Options, host), "40", NULL, NULL, "GB/s of the host's memory" },
    { "call", FLAG_FLOAT, offsetof(Options, call), "5", NULL, NULL, "microseconds of a launch or a copy, at least" },
    { 0 }
};

/* ---- What a card with these rates needs, in milliseconds. 4 N bytes a vector ------------------------------------- */

typedef struct Times { double copies, kernel, host; } Times;

static Times expected(const Options *o, double N)
{
    const double us = 1e-3, gb = 1e6;       /* a GB/s is 1e6 bytes a millisecond */
    return (Times){ .copies = 3 * o->call * us + 12 * N / (o->bus * gb),
                    .kernel = o->call * us + 12 * N / (o->memory * gb),
                    .host = 12 * N / (o->host * gb) };
}

static void draw(Program *p, const Options *o)
{
    Plot *plot = program_plot(p, "copies", (PlotArg){
        .title = "y = a + b on a card: where the time goes", .x = "numbers", .y = "milliseconds", .log_x = true,
        .log_y = true, .kind = PLOT_LINES,
        .caption = "The kernel is sixty times as fast as the way there and back. A processor that has the numbers "
                   "already is done before they have travelled." });
    for (int k = 8; k <= 28; k++) {
        Times t = expected(o, ldexp(1, k));
        plot_point(plot, "copies", ldexp(1, k), t.copies);
        plot_point(plot, "kernel", ldexp(1, k), t.kernel);
        plot_point(plot, "the host by itself", ldexp(1, k), t.host);
    }
    program_try(p, plot_done(plot));
}

/* ---- What this machine does -------------------------------------------------------------------------------------- */

/* The elements of y that are not a + b, to the bit; all where there was an error. */
static int wrong(Program *p, int N, Rng *rng)
{
    float *a = malloc((size_t)N * sizeof *a), *b = malloc((size_t)N * sizeof *b), *y = malloc((size_t)N * sizeof *y);
    float  ms[3];
    int    count = 0;
    if (!a || !b || !y) program_try(p, "no memory on the host");
    for (int n = 0; n < N; n++) a[n] = (float)rng_normal(rng), b[n] = (float)rng_normal(rng);
    int e = gpu_first_kernel_run(y, a, b, N, ms);
    for (int n = 0; n < N; n++) count += e || !(y[n] == a[n] + b[n]);
    program_say(p, "  %9d %12.3f %12.3f %12.3f %9d", N, (double)ms[0], (double)ms[1], (double)ms[2], count);
    free(a), free(b), free(y);
    return count;
}

int main(int argc, char **argv)
{
    Options  o;
    Program *p = program_start(argc, argv, "gpu_first_kernel", "a sum of two vectors by way of a GPU", flags, &o);
    Rng      rng = rng_new(p->seed);
    double   bad = 0;
    program_say(p, "device: %s", gpu_first_kernel_device());
    program_say(p, "  %9s %12s %12s %12s %9s", "numbers", "there ms", "kernel ms", "back ms", "wrong");
    for (int k = 10; k <= o.log_n && !p->stopped; k += 2) bad += wrong(p, (1 << k) + 1, &rng);
    Times t = expected(&o, ldexp(1, 26));
    program_say(p, "a card with %.0f GB/s memory behind a bus of %.0f, 2^26 numbers: copies %.2f ms, kernel %.2f ms, "
                   "host alone %.2f ms", o.memory, o.bus, t.copies, t.kernel, t.host);
    program_say(p, "the copies take %.1f %% of the card's time", 100 * t.copies / (t.copies + t.kernel));
    int grid = gpu_first_kernel_blocks(1000000, 256);
    program_say(p, "a million numbers are %d blocks of 256 threads, %d of them idle", grid, grid * 256 - 1000000);
    draw(p, &o);
    program_promise(p, "sums that are wrong", bad, "<=", 0);
    return program_end(p);
}
