/* bench_gradient_descent.c -- what gradient_descent.c costs: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "gradient_descent.h"

enum { STEPS = 50 };
static const int sizes[][1] = { { 64 }, { 255 }, { 1024 }, { 2048 } };                      /* D */

typedef struct Bowl { const double *A, *b; } Bowl;

static double loss(double *g, const double *w, const void *data, int D)
{
    const Bowl *bowl = data;
    return gradient_descent_quadratic(g, bowl->A, bowl->b, w, D);
}

/* From 0, at rest. What it costs is 50 products of a matrix and a vector. */
static void momentum(Bench *b, const int *size)
{
    int     D = size[0];
    Bowl    bowl = { bench_in_doubles(b, "A", (int64_t)D * D), bench_in_doubles(b, "b", D) };
    double *w = bench_out_doubles(b, "w", D), *note = bench_out_doubles(b, "loss", STEPS);
    double *v = bench_scratch(b, "v", (int64_t)D * 8), *g = bench_scratch(b, "g", (int64_t)D * 8);
    memset(w, 0, (size_t)D * sizeof *w);
    memset(v, 0, (size_t)D * sizeof *v);
    gradient_descent_momentum(w, v, note, g, loss, &bowl, 0.5, 0.8, STEPS, D);
}

BENCH(gradient_descent) = {
    { "gradient_descent_momentum", momentum, .flops = "50*(2*D*D + 10*D)", .bytes = "8*(D*D + 4*D)", .dims = "D",
      .terms = "50*D", .scale = "D", SIZES(sizes) },
    { 0 }
};
