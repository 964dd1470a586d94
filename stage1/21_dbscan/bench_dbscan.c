/* bench_dbscan.c -- what dbscan.c costs: rows for bench/, which times them. */
#include <math.h>
#include <string.h>
#include "bench.h"
#include "data.h"
#include "dbscan.h"
#include "rng.h"

/* N, and how many points make a core: chameleon_t4; then fields of one density, which draw the cost curve. */
static const int sizes[][2] = { { 8000, 15 }, { 10007, 10 }, { 100000, 10 }, { 1000000, 10 } };

static double eps_of(const int *size) { return size[1] == 15 ? 8.5 : 1.4; }

/* A field of heaps with ten points to a ball of eps, at every N. */
static void inputs(Bench *b, const int *size)
{
    int     N = size[0];
    double *X = bench_given_doubles(b, "X", 2 * (int64_t)N), side = sqrt(N);
    Arena  *arena = arena_new("points");
    Rng     rng = rng_new(21);
    Dataset set;
    if (size[1] == 15 && N == 8000 && data_here("chameleon_t4") && !data_load(arena, "chameleon_t4", F64, &set))
        memcpy(X, set.x->data, (size_t)N * 2 * sizeof *X);
    else
        for (int64_t i = 0; i < 2 * (int64_t)N; i++) {
            double x = rng_uniform(&rng) * side;
            X[i] = (x - 0.4 * sin(x)) * (eps_of(size) / 1.4);
        }
    arena_free(arena);
}

static void too_long(Bench *b, const int *size)
{
    if (size[0] > 20000) bench_absent(b, "N^2 distances: minutes a call");
}

static void brute_force(Bench *b, const int *size)
{
    int           N = size[0], *label = bench_out_ints(b, "label", N), *core = bench_scratch(b, "core", (int64_t)N * 4);
    const double *X = bench_in_doubles(b, "X", 2 * (int64_t)N);
    dbscan_core(core, X, eps_of(size), size[1], N);
    dbscan_label(label, bench_scratch(b, "queue", (int64_t)N * 4), core, X, eps_of(size), N);
}

static void grid(Bench *b, const int *size)
{
    int           N = size[0], *label = bench_out_ints(b, "label", N), *core = bench_scratch(b, "core", (int64_t)N * 4);
    int64_t       n = (int64_t)N * 4;
    const double *X = bench_in_doubles(b, "X", 2 * (int64_t)N);
    DbscanGrid    g = { .row = bench_scratch(b, "row", n),     .column = bench_scratch(b, "column", n),
                        .first = bench_scratch(b, "first", n + 4), .order = bench_scratch(b, "order", n),
                        .cell = bench_scratch(b, "cell", n),   .at = bench_scratch(b, "at", 4 * n) };
    int          *parent = bench_scratch(b, "parent", n), *number = bench_scratch(b, "number", n);
    dbscan_cells(&g, bench_scratch(b, "key", 4 * n), bench_scratch(b, "spare", n), X, eps_of(size), N);
    dbscan_core_grid(core, &g, eps_of(size), size[1]);
    dbscan_join(parent, &g, core, eps_of(size));
    dbscan_label_grid(label, number, parent, &g, core, eps_of(size), N);
}

BENCH(dbscan) = {
    { "dbscan", grid, .flops = "100*N", .bytes = "20*N", .dims = "NM", .memory = true, .inputs = inputs, SIZES(sizes),
      .note =
          "all of it, from points to labels; 8000 is chameleon_t4 where data/ has it. The rate counts 20 distances a "
          "point" },
    { "dbscan", brute_force, .contestant = "brute force", .setup = too_long },
    { 0 }
};
