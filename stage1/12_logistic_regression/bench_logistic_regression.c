/* bench_logistic_regression.c -- what logistic_regression.c costs: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "logistic_regression.h"

/* The tumours' size, an awkward one, the incomes of a9a (rows_logistic.c brings them where data/ has them). */
static const int sizes[][2] = { { 569, 30 }, { 1023, 17 }, { 5003, 41 }, { 32561, 123 } };          /* N, D */

static LogisticData data_of(Bench *b, const int *size)
{
    return (LogisticData){ .X = bench_in_doubles(b, "X", (int64_t)size[0] * size[1]),
                           .y = bench_in_ints(b, "y", size[0], 0, 1), .lambda = 1. / size[0], .N = size[0],
                           .D = size[1] };
}

static void loss(Bench *b, const int *size)
{
    LogisticData  data = data_of(b, size);
    const double *w = bench_in_doubles(b, "w", size[1]);
    *bench_out_doubles(b, "loss", 1) = logistic_regression_loss(bench_out_doubles(b, "dw", size[1]), &data, w);
}

/* From 0 until the objective is right to six digits and more: |w|^2 / 2 + sum of losses. */
static void newton(Bench *b, const int *size)
{
    int          D = size[1];
    LogisticData data = data_of(b, size);
    double      *w = bench_scratch(b, "textbook's w", 8 * (int64_t)D), found[60],
                *work = bench_scratch(b, "work", 8 * (int64_t)(D + 3) * D);
    memset(w, 0, (size_t)D * sizeof *w);
    logistic_regression_newton(w, found, work, &data, 1e-6, 60);
    *bench_out_doubles(b, "objective", 1) = size[0] * logistic_regression_loss(work, &data, w);
}

BENCH(logistic_regression) = {
    { "logistic_regression_loss", loss, .flops = "N*(4*D + 4)", .bytes = "8*N*(D + 1)", .dims = "ND", .terms = "N",
      .scale = "D", SIZES(sizes) },
    { "logistic_regression_newton", newton, .flops = "28*N*D", .bytes = "8*N*(D + 1)", .dims = "ND",
      .tolerance = 1e-6, .memory = true, SIZES(sizes),
      .note = "to the bottom, objective within a millionth; the rate counts seven gradients of full rows. 32561x123 is "
              "a9a where data/ has it" },
    { 0 }
};
