/* loader.c -- what a program does with prefetching loaders, for the thread sanitizer: Criterion does not stand it. */
#include "loader.h"
#include <stdio.h>
#include <string.h>

enum { ROWS = 101, EPOCHS = 6, LOADERS = 2 };

static Loader loader(Arena *a, const Tensor *x, const Tensor *y, int batch, bool prefetch)
{
    Rng    rng = rng_new(3);
    Loader l = loader_new(a, x, y, 3, ROWS, batch, true, &rng);
    l.prefetch = prefetch;
    return l;
}

static bool same(const Tensor *a, const Tensor *b)
{
    return tensor_same_shape(a, b) && !memcmp(a->data, b->data, tensor_bytes(a));
}

/* Epochs beside a loader without a thread, jumps as a resumed run makes them, an end in the middle. */
static int differences(Tape *t, Loader *plain, Loader *ahead)
{
    int     wrong = 0;
    Tensor *x[2], *y[2];
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        while (loader_next(plain, t, &x[0], &y[0])) {
            wrong += !loader_next(ahead, t, &x[1], &y[1]) || !same(x[0], x[1]) || !same(y[0], y[1]);
            tape_reset(t);
        }
        wrong += loader_next(ahead, t, &x[1], &y[1]);
        plain->epoch = ahead->epoch = 2 * epoch;
        plain->at = ahead->at = epoch % 2 ? 0 : plain->batch;
    }
    loader_next(ahead, t, &x[1], &y[1]);
    loader_stop(ahead);
    loader_next(ahead, t, &x[1], &y[1]); /* begins a new thread */
    loader_stop(ahead);
    return wrong;
}

int main(void)
{
    Arena  *a = arena_new("data");
    Tape   *t = tape_new("step");
    Tensor *x = tensor_new(a, DEV_CPU, F32, SHAPE(ROWS, 3)), *y = tensor_new(a, DEV_CPU, I32, SHAPE(ROWS));
    int     wrong = 0;
    for (int i = 0; i < 3 * ROWS; i++) ((float *)x->data)[i] = (float)i;
    for (int i = 0; i < ROWS; i++) ((int *)y->data)[i] = i;
    for (int batch = 1; batch < 2 * ROWS; batch *= 5) {
        Loader l[LOADERS], plain = loader(a, x, y, batch, false);
        for (int i = 0; i < LOADERS; i++) l[i] = loader(a, x, y, batch, true);
        wrong += !loader_next(&l[1], t, &(Tensor *){ 0 }, NULL); /* its thread reads the same rows all the while */
        wrong += differences(t, &plain, &l[0]);
        loader_stop(&l[1]);
    }
    tape_free(t);
    arena_free(a);
    printf("%d batches differ\n", wrong);
    return wrong != 0;
}
