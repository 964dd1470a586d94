/* bench_evaluation.c -- what evaluation.c costs: rows for bench/, which times them. Sorting is part of it. */
#include <stddef.h>
#include "bench.h"
#include "evaluation.h"

static const int sizes[][1] = { { 1023 }, { 100000 }, { 1000000 } };

static void area(Bench *b, const int *size)
{
    int           N = size[0], *order = bench_scratch(b, "order", (int64_t)N * 4);
    const double *score = bench_in_doubles(b, "score", N);
    const int    *target = bench_in_ints(b, "target", N, 0, 1);
    double       *out = bench_out_doubles(b, "auc", 1);
    evaluation_order(order, bench_scratch(b, "room", (int64_t)N * 4), score, NULL, N);
    *out = evaluation_auc(order, score, target, N);
}

static void precision(Bench *b, const int *size)
{
    int           N = size[0], *order = bench_scratch(b, "order", (int64_t)N * 4);
    const double *score = bench_in_doubles(b, "score", N);
    const int    *target = bench_in_ints(b, "target", N, 0, 1);
    double       *out = bench_out_doubles(b, "average_precision", 1);
    evaluation_order(order, bench_scratch(b, "room", (int64_t)N * 4), score, NULL, N);
    *out = evaluation_average_precision(order, score, target, N);
}

BENCH(evaluation) = {
    { "evaluation_auc", area, .flops = "3*N", .bytes = "12*N", .dims = "N", .tolerance = 1e-12, SIZES(sizes),
      .note = "with the sorting; scores all different" },
    { "evaluation_average_precision", precision, .flops = "3*N", .bytes = "12*N", .dims = "N", .tolerance = 1e-12,
      SIZES(sizes) },
    { 0 }
};
