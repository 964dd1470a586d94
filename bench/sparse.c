/* sparse.c -- two classes in sparse rows: inputs that logistic regression and support vector machines share. */
#include "sparse.h"
#include <string.h>
#include "rng.h"

static bool real(const char *name, double *X, int *y, int64_t N, int64_t D)
{
    Arena  *arena = arena_new("inputs");
    Dataset set;
    bool there = data_here(name) && !data_load(arena, name, F64, &set) && set.x->shape[0] >= N && set.x->shape[1] == D;
    if (there) {
        memcpy(X, set.x->data, (size_t)(N * D) * sizeof *X);
        memcpy(y, set.y->data, (size_t)N * sizeof *y);
    }
    arena_free(arena);
    return there;
}

void sparse_inputs(double *X, int *y, int low, int64_t N, int64_t D)
{
    Rng rng = rng_new(12);
    bool there = D == 123 ? real("a9a", X, y, N, D) : N == 270 && D == 13 && real("heart_scale", X, y, N, D);
    for (int64_t n = 0; n < N; n++) {
        if (!there) y[n] = (int)rng_below(&rng, 2);
        for (int64_t d = 0; d < D && !there; d++)
            X[n * D + d] = rng_below(&rng, 3) ? rng_normal(&rng) + (double)(d % 3 - 1) * (y[n] - 0.5) * 0.3 : 0;
        y[n] = y[n] ? 1 : low;
    }
}

Libsvm sparse_rows(Arena *a, const double *X, const int *y, int64_t N, int64_t D)
{
    int64_t entries = 0;
    for (int64_t i = 0; i < N * D; i++) entries += X[i] != 0;
    Libsvm m = { .rows = N, .columns = D, .y = tensor_new(a, DEV_CPU, F64, SHAPE(N)),
                 .row = tensor_new(a, DEV_CPU, I64, SHAPE(N + 1)), .index = tensor_new(a, DEV_CPU, I32, SHAPE(entries)),
                 .value = tensor_new(a, DEV_CPU, F64, SHAPE(entries)) };
    int64_t *row = m.row->data, k = row[0] = 0;
    for (int64_t n = 0; n < N; row[++n] = k) {
        ((double *)m.y->data)[n] = y[n] > 0 ? 1 : -1;
        for (int64_t d = 0; d < D; d++)
            if (X[n * D + d] != 0)
                ((int32_t *)m.index->data)[k] = (int32_t)d, ((double *)m.value->data)[k++] = X[n * D + d];
    }
    return m;
}
