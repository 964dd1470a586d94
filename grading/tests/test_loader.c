/* test_loader.c -- every row once an epoch, in an order that seed and epoch alone decide. */
#include "loader.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

typedef struct Fixture { Arena *arena; Tape *tape; Tensor *x, *y; } Fixture;

/* Row i of x is (i, -i, i + 1/2); y is 10 i. */
static Fixture fixture(int64_t rows)
{
    Fixture f = { .arena = arena_new("test"), .tape = tape_new("test") };
    f.x = tensor_new(f.arena, DEV_CPU, F32, SHAPE(rows, 3));
    f.y = tensor_new(f.arena, DEV_CPU, I32, SHAPE(rows));
    for (int64_t i = 0; i < rows; i++) {
        float *x = (float *)f.x->data + 3 * i;
        x[0] = (float)i, x[1] = (float)-i, x[2] = (float)i + .5f;
        ((int32_t *)f.y->data)[i] = (int32_t)(10 * i);
    }
    return f;
}

static void fixture_free(Fixture *f)
{
    tape_free(f->tape);
    arena_free(f->arena);
}

/* The rows of the next epoch as they came, checked against y and each other; returns how many. */
static int64_t one_epoch(Loader *l, Fixture *f, int32_t *seen)
{
    int64_t n = 0, batches = 0;
    for (Tensor *x, *y; loader_next(l, f->tape, &x, &y); batches++) {
        cr_assert(x->ndim == 2 && x->shape[0] == y->shape[0] && x->shape[1] == 3 && y->ndim == 1 && y->dtype == I32);
        cr_assert(x->shape[0] == l->batch || l->at == l->to - l->from, "a short batch in the middle");
        for (int64_t i = 0; i < x->shape[0]; i++) {
            float *row = (float *)x->data + 3 * i;
            cr_assert(row[1] == -row[0] && row[2] == row[0] + .5f && ((int32_t *)y->data)[i] == (int32_t)(10 * row[0]));
            seen[n++] = (int32_t)row[0];
        }
        tape_reset(f->tape);
    }
    cr_assert_eq(batches, loader_batches(l));
    return n;
}

Test(loader, every_row_once_an_epoch)
{
    static const struct { int64_t rows, from, to; int batch; } CASE[] = {
        { 1, 0, 1, 1 }, { 10, 0, 10, 3 }, { 10, 2, 9, 7 }, { 33, 5, 33, 100 }, { 257, 0, 257, 16 },
    };
    for (size_t c = 0; c < sizeof CASE / sizeof *CASE; c++)
        for (int shuffle = 0; shuffle < 2; shuffle++) {
            Fixture f = fixture(CASE[c].rows);
            Rng r = rng_new(1);
            Loader l = loader_new(f.arena, f.x, f.y, CASE[c].from, CASE[c].to, CASE[c].batch, shuffle, &r);
            for (int epoch = 0; epoch < 3; epoch++) {
                int32_t seen[257];
                bool there[257] = { 0 };
                int64_t n = one_epoch(&l, &f, seen);
                cr_assert_eq(n, CASE[c].to - CASE[c].from);
                for (int64_t i = 0; i < n; i++) {
                    cr_assert(seen[i] >= CASE[c].from && seen[i] < CASE[c].to && !there[seen[i]], "row %d", seen[i]);
                    there[seen[i]] = true;
                    if (!shuffle) cr_assert_eq(seen[i], CASE[c].from + i);
                }
                cr_assert(l.epoch == epoch + 1 && l.at == 0);
            }
            fixture_free(&f);
        }
}

Test(loader, epochs_and_seeds_differ)
{
    Fixture f = fixture(100);
    Rng one = rng_new(1), two = rng_new(2);
    int32_t a[100], b[100], c[100];
    Loader l = loader_new(f.arena, f.x, f.y, 0, 100, 10, true, &one);
    Loader m = loader_new(f.arena, f.x, f.y, 0, 100, 10, true, &two);
    one_epoch(&l, &f, a);
    one_epoch(&l, &f, b);
    one_epoch(&m, &f, c);
    cr_assert(memcmp(a, b, sizeof a) && memcmp(a, c, sizeof a));
    fixture_free(&f);
}

/* epoch and at, put into a new loader in the middle of an epoch, give what the first would have given. */
Test(loader, resumes_where_it_was)
{
    Fixture f = fixture(101);
    Rng r = rng_new(4);
    Loader first = loader_new(f.arena, f.x, f.y, 0, 101, 8, true, &r);
    int32_t ignored[101];
    one_epoch(&first, &f, ignored);
    one_epoch(&first, &f, ignored);
    Tensor *x, *y, *x2, *y2;
    for (int i = 0; i < 5; i++) loader_next(&first, f.tape, &x, &y);
    Loader second = loader_new(f.arena, f.x, f.y, 0, 101, 8, true, &r);
    second.epoch = first.epoch;
    second.at = first.at;
    for (int i = 0; i < 20; i++) {
        bool more = loader_next(&first, f.tape, &x, &y);
        cr_assert_eq(loader_next(&second, f.tape, &x2, &y2), more);
        if (more) cr_assert(!memcmp(x->data, x2->data, tensor_bytes(x)) && !memcmp(y->data, y2->data, tensor_bytes(y)));
    }
    fixture_free(&f);
}

/* The batch size cuts the same order differently: an epoch's order is not a matter of it. */
Test(loader, order_does_not_depend_on_the_batch)
{
    Fixture f = fixture(50);
    Rng r = rng_new(6);
    int32_t a[50], b[50];
    Loader l = loader_new(f.arena, f.x, f.y, 0, 50, 7, true, &r),
           m = loader_new(f.arena, f.x, f.y, 0, 50, 50, true, &r);
    one_epoch(&l, &f, a);
    one_epoch(&m, &f, b);
    cr_assert(!memcmp(a, b, sizeof a));
    fixture_free(&f);
}

/* ---- Prefetching ---- */

static void same_batch(const Tensor *x, const Tensor *x2, const Tensor *y, const Tensor *y2)
{
    cr_assert(tensor_same_shape(x, x2) && tensor_same_shape(y, y2));
    cr_assert(!memcmp(x->data, x2->data, tensor_bytes(x)) && !memcmp(y->data, y2->data, tensor_bytes(y)));
}

/* The same batches in the same order, over epochs, with short last batches; a batch that is kept stays as it was. */
Test(loader, prefetching_changes_nothing)
{
    static const int BATCH[] = { 1, 8, 101, 200 };
    for (int c = 0; c < 8; c++) {
        Fixture f = fixture(101);
        Rng r = rng_new(9);
        Loader plain = loader_new(f.arena, f.x, f.y, 3, 101, BATCH[c / 2], c % 2, &r), ahead = plain;
        ahead.order = arena_alloc(f.arena, DEV_CPU, 101 * sizeof(int32_t), "test");
        ahead.prefetch = true;
        for (int epoch = 0; epoch < 3; epoch++) {
            Tensor *x, *y, *x2, *y2, *before = NULL;
            float first = 0;
            while (loader_next(&plain, f.tape, &x, &y)) {
                cr_assert(loader_next(&ahead, f.tape, &x2, &y2));
                same_batch(x, x2, y, y2);
                cr_assert(plain.epoch == ahead.epoch && plain.at == ahead.at);
                if (before) cr_assert_eq(*(float *)before->data, first, "the batch before has been overwritten");
                before = x2, first = *(float *)x2->data;
            }
            cr_assert(!loader_next(&ahead, f.tape, &x2, &y2));
            cr_assert(ahead.epoch == epoch + 1 && ahead.at == 0);
            tape_reset(f.tape);
        }
        loader_stop(&ahead), loader_stop(&ahead), loader_stop(&plain);
        fixture_free(&f);
    }
}

/* epoch and at, set while a batch lies ready, in either direction; stopped, it goes on without a thread. */
Test(loader, prefetching_resumes_where_it_was)
{
    Fixture f = fixture(57);
    Rng r = rng_new(2);
    Tensor *x, *y, *x2, *y2;
    Loader plain = loader_new(f.arena, f.x, f.y, 0, 57, 10, true, &r),
           ahead = loader_new(f.arena, f.x, f.y, 0, 57, 10, true, &r);
    ahead.prefetch = true;
    static const int64_t JUMP[][2] = { { 2, 30 }, { 0, 0 }, { 0, 50 }, { 7, 20 }, { 7, 20 } };
    for (int i = 0; i < 5; i++) {
        plain.epoch = ahead.epoch = JUMP[i][0], plain.at = ahead.at = JUMP[i][1];
        for (int k = 0; k < 9; k++) {
            bool more = loader_next(&plain, f.tape, &x, &y);
            cr_assert_eq(loader_next(&ahead, f.tape, &x2, &y2), more);
            if (more) same_batch(x, x2, y, y2);
        }
        if (i == 2) loader_stop(&ahead);
        if (i == 3) loader_stop(&ahead), ahead.prefetch = false;
    }
    fixture_free(&f);
}

/* With y not asked for, and with none. */
Test(loader, prefetching_without_targets)
{
    Fixture f = fixture(20);
    Rng r = rng_new(2);
    for (int with = 0; with < 2; with++) {
        Loader l = loader_new(f.arena, f.x, with ? f.y : NULL, 0, 20, 6, false, &r);
        l.prefetch = true;
        Tensor *x, *y = f.x;
        cr_assert(loader_next(&l, f.tape, &x, NULL) && x->shape[0] == 6);
        cr_assert(loader_next(&l, f.tape, &x, &y) && ((float *)x->data)[0] == 6);
        cr_assert_eq(y != NULL, with);
        loader_stop(&l);
    }
    fixture_free(&f);
}

Test(loader, without_targets_and_with_more_dimensions)
{
    Arena *a = arena_new("test");
    Tape *t = tape_new("test");
    Rng r = rng_new(1);
    Tensor *x = tensor_new(a, DEV_CPU, U8, SHAPE(5, 2, 3, 1)), *batch, *none = x;
    for (int i = 0; i < 30; i++) ((uint8_t *)x->data)[i] = (uint8_t)i;
    Loader l = loader_new(a, x, NULL, 1, 5, 4, false, &r);
    cr_assert(loader_next(&l, t, &batch, &none));
    cr_assert(batch->ndim == 4 && batch->shape[0] == 4 && batch->dtype == U8 && !none);
    cr_assert(!memcmp(batch->data, (uint8_t *)x->data + 6, 24));
    tape_free(t);
    arena_free(a);
}

Test(loader, rows_that_are_not_there, .signal = SIGABRT)
{
    Fixture f = fixture(5);
    Rng r = rng_new(1);
    loader_new(f.arena, f.x, f.y, 0, 6, 2, false, &r);
}
