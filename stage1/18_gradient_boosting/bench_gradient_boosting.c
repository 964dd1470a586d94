/* bench_gradient_boosting.c -- what gradient_boosting.c costs: rows for bench/, which times them. */
#include <math.h>
#include <stdlib.h>
#include "bench.h"
#include "data.h"
#include "gradient_boosting.h"
#include "rng.h"

/* N seen, U unseen, D, rounds: an awkward one, california, a9a, and a physicist's sample, in growing numbers, which
 * draws the cost curve. */
static const int sizes[][4] = { { 1001, 111, 7, 20 },
                                { 16512, 4128, 13, 100 },
                                { 32561, 16281, 123, 100 },
                                { 20000, 20000, 28, 100 },
                                { 60000, 20000, 28, 100 },
                                { 180000, 20000, 28, 100 } };

enum { DEPTH = 6, BINS = 255 };

static int squared(const int *size) { return size[0] == 16512; }

static bool real(float *X, float *y, const char *name, const int *size)
{
    Arena  *arena = arena_new(name);
    Dataset set;
    int64_t all = (int64_t)size[0] + size[1];
    bool    there = data_here(name) && !data_load(arena, name, F32, &set) && set.x->shape[0] == all &&
                 set.x->shape[1] == size[2] && set.train == size[0];
    for (int64_t i = 0; i < all && there; i++) {
        for (int64_t d = 0; d < size[2]; d++) X[i * size[2] + d] = ((float *)set.x->data)[i * size[2] + d];
        y[i] = set.classes ? (float)((int32_t *)set.y->data)[i] : (float)(tensor_get(set.y, i) / 1e5);
    }
    arena_free(arena);
    return there;
}

/* Made up: normal numbers, and a class that hangs on products, squares and sums of ten of them. */
static void inputs(Bench *b, const int *size)
{
    int64_t all = (int64_t)size[0] + size[1], D = size[2];
    float  *X = bench_given(b, "X", all * D), *y = bench_given(b, "y", all);
    Rng     rng = rng_new(18);
    if (size[0] == 16512 && real(X, y, "california", size)) return;
    if (size[0] == 32561 && real(X, y, "a9a", size)) return;
    for (int64_t i = 0; i < all; i++) {
        float *x = X + i * D;
        for (int64_t d = 0; d < D; d++) x[d] = (float)rng_normal(&rng);
        double z = (double)x[0] * x[1] + sin(2.0 * x[2]) + 0.5 * x[3] * x[3] - 0.5;
        for (int64_t d = 4; d < 10 && d < D; d++) z += 0.3 * x[d];
        y[i] = (float)(z + rng_normal(&rng) > 0);
    }
}

typedef struct Work {
    double               *X, *y, *edge, *f, *g, *h, *hist;
    unsigned char        *code;
    int                  *sample, *spare;
    char                 *use;
    GradientBoostingNode *node;
} Work;

static void *room(int64_t bytes)
{
    void *p = malloc((size_t)bytes);
    if (!p) abort();
    return p;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* X by columns, seen and unseen in one; the bins are those of the seen. */
static void setup(Bench *b, const int *size)
{
    if ((double)size[0] * size[2] > 1e6) {
        bench_absent(b, "many seconds a call, where the others take one");
        return;
    }
    int64_t      N = size[0], all = N + size[1], D = size[2], tree = 2 << DEPTH;
    const float *X = bench_in(b, "X", all * D), *y = bench_in(b, "y", all);
    Work        *w = room(sizeof *w);
    *w = (Work){ room(all * D * 8), room(all * 8), room(D * BINS * 8), room(all * 8), room(N * 8), room(N * 8),
                 room(D * (BINS + 1) * 16), room(N * D), room(N * 4), room(N * 4), room(D),
                 room(tree * (int64_t)sizeof *w->node) };
    for (int64_t i = 0; i < all; i++) w->y[i] = y[i];
    for (int64_t d = 0; d < D; d++) {
        for (int64_t i = 0; i < N; i++) w->f[i] = w->X[d * N + i] = X[i * D + d];
        for (int64_t i = N; i < all; i++) w->X[D * N + d * size[1] + i - N] = X[i * D + d];
        qsort(w->f, (size_t)N, sizeof *w->f, ascending);
        gradient_boosting_bins(w->code + d * N, w->edge + d * (BINS - 1), w->X + d * N, w->f, BINS, size[0], size[0]);
        w->use[d] = 1;
    }
    bench_keep(b, w);
}

static void teardown(Bench *b, const int *size)
{
    Work *w = bench_kept(b);
    (void)size;
    if (!w) return;
    free(w->X), free(w->y), free(w->edge), free(w->f), free(w->g), free(w->h), free(w->hist), free(w->code);
    free(w->sample), free(w->spare), free(w->use), free(w->node), free(w);
}

static double base(const Work *w, const int *size)
{
    double mean = 0;
    for (int i = 0; i < size[0]; i++) mean += w->y[i] / size[0];
    return squared(size) ? mean : 0;
}

static void boost(Bench *b, const int *size)
{
    Work               *w = bench_kept(b);
    int                 N = size[0], U = size[1], D = size[2];
    GradientBoostingArg arg = { 0.1, 1, 0, 1, DEPTH };
    bench_in(b, "X", (int64_t)(N + U) * D), bench_in(b, "y", (int64_t)N + U), bench_out_doubles(b, "loss", 1);
    double start = base(w, size);
    for (int i = 0; i < N + U; i++) w->f[i] = start;
    for (int r = 0; r < size[3]; r++) {
        for (int i = 0; i < N; i++) w->sample[i] = i;
        gradient_boosting_gradients(w->g, w->h, w->f, w->y, squared(size), N);
        gradient_boosting_grow(w->node, w->sample, w->hist, w->spare, w->code, w->edge, w->g, w->h, w->use, &arg, N,
                               BINS, D, N);
        gradient_boosting_add(w->f, w->node, w->X, N);
        gradient_boosting_add(w->f + N, w->node, w->X + (int64_t)D * N, U);
    }
}

static void after(Bench *b, const int *size)
{
    Work *w = bench_kept(b);
    *bench_out_doubles(b, "loss", 1) = gradient_boosting_loss(w->f + size[0], w->y + size[0], squared(size), size[1]);
}

BENCH(gradient_boosting) = {
    { "gradient_boosting", boost, .flops = "16*N*D*R", .bytes = "4*N*D*R", .dims = "NUDR", .inputs = inputs,
      .memory = true, .setup = setup, .after = after, .teardown = teardown, .tolerance = 0.02, SIZES(sizes),
      .note = "R trees of depth 6, rate 0.1, 255 bins made before; 16512 is california, 32561 a9a where data/ has "
              "them. The loss of the U unseen is checked, to 2 %" },
    { 0 }
};
