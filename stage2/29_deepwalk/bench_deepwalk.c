/* bench_deepwalk.c -- what deepwalk.c costs: walks, and vectors from walks; rows for bench/, which times them. */
#include <stdlib.h>
#include <string.h>
#include "bench.h"
#include "deepwalk.h"

/* ---- Walks: N nodes with 2 E / N neighbours each, L walks of T nodes --------------------------------------------- */

static const int walk_sizes[][4] = { { 1003, 10007, 1003, 40 }, { 10312, 333983, 10312, 40 } };

static void walks_inputs(Bench *b, const int *s)
{
    int *a = bench_given_ints(b, "a", s[1]), *c = bench_given_ints(b, "b", s[1]);
    for (int e = 0; e < s[1]; e++) {                    /* round the ring by 1, 2, 3, ..: each edge once, none lonely */
        a[e] = e % s[0];
        c[e] = (a[e] + 1 + e / s[0]) % s[0];
    }
    double *u = bench_given_doubles(b, "u", (int64_t)s[2] * (s[3] - 1));
    for (int64_t i = 0; i < (int64_t)s[2] * (s[3] - 1); i++) u[i] = (double)(i * 40503 % 65536) / 65536;
}

static void walks_setup(Bench *b, const int *s)
{
    int *rows = malloc(((size_t)s[0] + 1 + 2 * (size_t)s[1]) * sizeof *rows);
    int *work = malloc((2 * (size_t)s[1] + (size_t)s[0]) * sizeof *work);
    if (!rows || !work) abort();
    deepwalk_graph(rows, rows + s[0] + 1, work, bench_in_ints(b, "a", s[1], 0, s[0] - 1),
                   bench_in_ints(b, "b", s[1], 0, s[0] - 1), s[1], s[0]);
    free(work);
    bench_keep(b, rows);
}

static void walks(Bench *b, const int *s)
{
    int *rows = bench_kept(b), N = s[0], T = s[3];
    DeepwalkGraph g = { .N = N, .first = rows, .to = rows + N + 1 };
    bench_in_ints(b, "a", s[1], 0, N - 1);
    bench_in_ints(b, "b", s[1], 0, N - 1);
    const double *u = bench_in_doubles(b, "u", (int64_t)s[2] * (T - 1));
    int          *walk = bench_out_ints(b, "walk", (int64_t)s[2] * T);
    for (int l = 0; l < s[2]; l++) deepwalk_walk(walk + (int64_t)l * T, &g, l % N, T, u + (int64_t)l * (T - 1));
}

static void walks_teardown(Bench *b, const int *s)
{
    (void)s;
    free(bench_kept(b));
}

/* ---- Vectors: N nodes, L walks of T, D numbers. rows_deepwalk.c brings the walks, and says how good vectors are -- */

static const int train_sizes[][4] = { { 1003, 2009, 33, 65 }, { 2003, 4001, 40, 128 } };

enum { WINDOW = 3, NEGATIVES = 5, PASSES = 5 };     /* whole windows, as wide as shrunken ones of 5 are in the mean */

static void train_setup(Bench *b, const int *s)
{
    if ((int64_t)s[1] * s[2] > 100000) bench_absent(b, "takes too long");
}

static void train(Bench *b, const int *s)
{
    int     N = s[0], D = s[3], tokens = s[1] * s[2], source[2 * WINDOW * 64], context[2 * WINDOW * 64];
    const int *walk = bench_in_ints(b, "walk", tokens, 0, N - 1);
    float  *in = bench_scratch(b, "textbook's in", 4 * (int64_t)N * D), *dv = bench_scratch(b, "dv", 4 * (int64_t)D);
    float  *out = bench_scratch(b, "textbook's out", 4 * (int64_t)N * D);
    int    *count = bench_scratch(b, "count", 4 * (int64_t)N), others[NEGATIVES];
    double *upto = bench_scratch(b, "upto", 8 * (int64_t)N);
    unsigned lot = 1;
    bench_out_doubles(b, "auc", 1);
    memset(count, 0, (size_t)N * sizeof *count);
    for (int i = 0; i < tokens; i++) count[walk[i]]++;
    deepwalk_noise(upto, count, N);
    for (int i = 0; i < N * D; i++) {
        lot = lot * 1664525 + 1013904223;
        in[i] = ((float)(lot >> 8) / 16777216 - 0.5f) / (float)D, out[i] = 0;
    }
    for (int l = 0; l < PASSES * s[1]; l++) {
        int   pairs = deepwalk_pairs(source, context, walk + l % s[1] * s[2], s[2], WINDOW);
        float rate = 0.025f * (1 - (float)l / (float)s[1] / PASSES);
        for (int k = 0; k < pairs; k++) {
            for (int i = 0; i < NEGATIVES; i++) {
                lot = lot * 1664525 + 1013904223;
                others[i] = deepwalk_draw(upto, (lot >> 8) / 16777216., N);
            }
            deepwalk_negative(in, out, dv, source[k], context[k], others, NEGATIVES, rate, D);
        }
    }
}

void bench_deepwalk_auc(Bench *b, const int *s, const float *in);   /* rows_deepwalk.c */

static void train_after(Bench *b, const int *s)
{
    bench_deepwalk_auc(b, s, bench_scratch(b, "textbook's in", 4 * (int64_t)s[0] * s[3]));
}

BENCH(deepwalk) = {
    { "deepwalk_walk", walks, .flops = "2*L*T", .bytes = "24*L*T", .dims = "NELT", SIZES(walk_sizes),
      .inputs = walks_inputs, .setup = walks_setup, .teardown = walks_teardown,
      .note = "L walks of T nodes; a step reads where its row begins and ends, a neighbour, a random number" },
    { "deepwalk_train", train, .flops = "1080*L*T*D", .bytes = "8*N*D", .dims = "NLTD", SIZES(train_sizes),
      .setup = train_setup, .after = train_after, .tolerance = 0.02,
      .note = "five passes over L walks of T nodes in 20 groups, window 5 shrunken by lot, 5 negatives, vectors of D. "
              "Compared: how well cosines tell neighbours in a walk from other nodes (AUC)" },
    { 0 }
};
