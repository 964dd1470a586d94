/* rows_deepwalk.c -- who else makes vectors of walks: the library's skip-gram (gensim's is a peer of its own). */
#include <math.h>
#include <stdlib.h>
#include "bench.h"
#include "check.h"
#include "rng.h"
#include "skipgram.h"

enum { GROUPS = 20, PLACES = 2000 };

/* ---- Walks ------------------------------------------------------------------------------------------------------- */

/* Groups: a step stays in its own four times in five. */
static void inputs(Bench *b, const int *s)
{
    int *walk = bench_given_ints(b, "walk", (int64_t)s[1] * s[2]);
    Rng  rng = rng_new(7);
    for (int l = 0; l < s[1]; l++)
        for (int i = 0, v = l % s[0]; i < s[2]; i++) {
            walk[(int64_t)l * s[2] + i] = v;
            int group = rng_below(&rng, 5) ? v % GROUPS : (int)rng_below(&rng, GROUPS);
            v = (int)rng_below(&rng, s[0] / GROUPS) * GROUPS + group;
        }
}

/* ---- How good: pairs that stand side by side against pairs that stand half of all walks apart, by their cosines -- */

static double cosine(const float *x, const float *y, int D)
{
    double xy = 0, xx = 0, yy = 0;
    for (int d = 0; d < D; d++) xy += (double)x[d] * y[d], xx += (double)x[d] * x[d], yy += (double)y[d] * y[d];
    return xy / sqrt(xx * yy);
}

void bench_deepwalk_auc(Bench *b, const int *s, const float *in);
void bench_deepwalk_auc(Bench *b, const int *s, const float *in)
{
    int64_t    tokens = (int64_t)s[1] * s[2];
    const int *walk = bench_in_ints(b, "walk", tokens, 0, s[0] - 1);
    static double near[PLACES], far[PLACES];
    double     above = 0;
    for (int k = 0; k < PLACES; k++) {
        int64_t i = tokens / PLACES * k / s[2] * s[2] + k % (s[2] - 1);     /* never the last of its walk */
        const float *x = in + (int64_t)walk[i] * s[3];
        near[k] = cosine(x, in + (int64_t)walk[i + 1] * s[3], s[3]);
        far[k] = cosine(x, in + (int64_t)walk[(i + tokens / 2) % tokens] * s[3], s[3]);
    }
    for (int i = 0; i < PLACES; i++)
        for (int j = 0; j < PLACES; j++) above += near[i] > far[j] ? 1 : near[i] == far[j] ? 0.5 : 0;
    *bench_out_doubles(b, "auc", 1) = above / PLACES / PLACES;
}

/* ---- The library ------------------------------------------------------------------------------------------------- */

static float *library_in(Bench *b, const int *s) { return bench_scratch(b, "library's in", 4 * (int64_t)s[0] * s[3]); }

static void library_setup(Bench *b, const int *s)
{
    int64_t *first = malloc(((size_t)s[1] + 1) * sizeof *first);
    CHECK(first, "bench: no memory");
    for (int l = 0; l <= s[1]; l++) first[l] = (int64_t)l * s[2];
    bench_keep(b, first);
}

static void library(Bench *b, const int *s)
{
    const int  *walk = bench_in_ints(b, "walk", (int64_t)s[1] * s[2], 0, s[0] - 1);
    float      *in = library_in(b, s), *out = bench_scratch(b, "library's out", 4 * (int64_t)s[0] * s[3]);
    bench_out_doubles(b, "auc", 1);
    const SkipgramArg arg = { .D = s[3], .window = 5, .negatives = 5, .epochs = 5, .rate = 0.025, .least = 1e-4,
                              .seed = 1 };
    const char *wrong = skipgram_train(in, out, walk, bench_kept(b), s[1], s[0], arg);
    CHECK(!wrong, "bench: %s", wrong);
}

static void library_after(Bench *b, const int *s) { bench_deepwalk_auc(b, s, library_in(b, s)); }

static void library_teardown(Bench *b, const int *s)
{
    (void)s;
    free(bench_kept(b));
}

BENCH_OF(deepwalk_others, deepwalk) = {
    { "deepwalk_train", library, .contestant = "library", .inputs = inputs, .setup = library_setup,
      .after = library_after, .teardown = library_teardown },
    { 0 }
};
