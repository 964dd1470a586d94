/* test_arena.c -- memory that is given out by the piece and taken back all at once. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"

TestSuite(arena, .init = gradcheck_begin, .fini = gradcheck_end);

enum { BLOCKS = 300 };

static size_t size_of(int i) { return (size_t)(i * i * 37) % 100000; }

Test(arena, blocks_are_aligned_and_do_not_overlap)
{
    unsigned char *block[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        block[i] = arena_alloc(model, DEV_CPU, size_of(i), "test");
        cr_assert_eq((uintptr_t)block[i] % 64, 0);
        memset(block[i], i, size_of(i));
    }
    for (int i = 0; i < BLOCKS; i++)
        for (size_t k = 0; k < size_of(i); k++) cr_assert_eq(block[i][k], i % 256, "block %d, byte %zu", i, k);
}

Test(arena, the_same_requests_get_the_same_addresses)
{
    void *seen[BLOCKS];
    size_t reserved = 0;
    for (int step = 0; step < 4; step++, arena_reset(model)) {
        for (int i = 0; i < BLOCKS; i++) {
            void *p = arena_alloc(model, DEV_CPU, size_of(i), "test");
            cr_assert(step == 0 || seen[i] == p, "step %d: block %d has moved", step, i);
            seen[i] = p;
            if (i % 3 == 0) arena_give_back(model, DEV_CPU, p, size_of(i), "test");
        }
        cr_assert(step == 0 || reserved == arena_reserved(model), "step %d asked the system for memory", step);
        reserved = arena_reserved(model);
    }
}

Test(arena, what_comes_back_goes_out_again)
{
    void *a = arena_alloc(model, DEV_CPU, 1000, "test");
    arena_give_back(model, DEV_CPU, a, 1000, "test");
    cr_assert_eq(arena_alloc(model, DEV_CPU, 1020, "other"), a, "a size nearly equal finds it");
    cr_assert_neq(arena_alloc(model, DEV_CPU, 1000, "test"), a);
    a = arena_alloc(model, DEV_CPU, 0, "test");
    cr_assert_neq(arena_alloc(model, DEV_CPU, 0, "test"), a, "0 bytes are a block too");
}

Test(arena, rounding_wastes_an_eighth_at_most)
{
    for (size_t bytes = 1; bytes < 1 << 22; bytes += bytes / 7 + 1) {
        size_t before = arena_in_use(model);
        void *p = arena_alloc(model, DEV_CPU, bytes, "test");
        size_t taken = arena_in_use(model) - before;
        cr_assert(taken >= bytes && (double)taken < 1.125 * (double)bytes + 64, "%zu for %zu", taken, bytes);
        arena_give_back(model, DEV_CPU, p, bytes, "test");
        cr_assert_eq(arena_in_use(model), before);
    }
}

static char *report(Arena *a)
{
    char *text = NULL;
    size_t length;
    FILE *f = tmpfile();
    arena_report(a, f);
    length = (size_t)ftell(f);
    rewind(f);
    text = calloc(1, length + 1);
    cr_assert_eq(fread(text, 1, length, f), length);
    fclose(f);
    return text;
}

Test(arena, knows_its_peak_and_who_held_it)
{
    Arena *a = arena_new("books");
    void *big = arena_alloc(a, DEV_CPU, 1 << 16, "weights");
    arena_give_back(a, DEV_CPU, big, 1 << 16, "weights");
    arena_alloc(a, DEV_CPU, 1 << 10, "scratch");
    arena_pass_on(a, 1 << 10, "scratch", "gradients");
    cr_assert_eq(arena_in_use(a), 1 << 10);
    cr_assert_eq(arena_peak(a), 1 << 16);
    char *text = report(a);
    cr_assert(strstr(text, "arena books: 1024 bytes in use, 65536 at the peak"), "%s", text);
    cr_assert(strstr(text, "weights                               0 now          65536 at the peak"), "%s", text);
    cr_assert(strstr(text, "gradients                          1024 now              0 at the peak"), "%s", text);
    free(text);
    arena_reset(a);
    cr_assert_eq(arena_in_use(a), 0);
    arena_free(a);
}

Test(arena, owners_and_requests_can_be_read)
{
    const ArenaOwner *owner;
    Arena *a = arena_new("books");
    arena_alloc(a, DEV_CPU, 1 << 16, "weights");
    arena_alloc(a, DEV_CPU, 1 << 10, "scratch");
    cr_assert_str_eq(arena_name(a), "books");
    cr_assert_eq(arena_owners(a, &owner), 2);
    cr_assert(!strcmp(owner[0].name, "weights") && owner[0].now == 1 << 16 && owner[1].at_peak == 1 << 10);
    long asked = arena_requests();
    arena_alloc(a, DEV_CPU, 1 << 12, "scratch");
    cr_assert_eq(arena_requests(), asked, "there was room");
    arena_alloc(a, DEV_CPU, 1 << 23, "scratch");
    cr_assert_eq(arena_requests(), asked + 1, "a new chunk");
    arena_free(a);
}

Test(arena, any_number_of_owners)
{
    static char name[500][16];
    size_t before = arena_in_use(model);
    void *p[500];
    for (int i = 0; i < 500; i++) {
        snprintf(name[i], sizeof name[i], "op%d", i);
        p[i] = arena_alloc(model, DEV_CPU, 64, name[i]);
    }
    for (int i = 0; i < 500; i++) arena_give_back(model, DEV_CPU, p[i], 64, name[i]);
    cr_assert_eq(arena_in_use(model), before);
}

Test(arena, more_than_there_is)
{
    size_t in_use = arena_in_use(model);
    const size_t absurd[] = { SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2, SIZE_MAX / 4, (size_t)1 << 60, (size_t)1 << 50 };
    for (int i = 0; i < 6; i++) cr_assert_null(arena_try(model, DEV_CPU, absurd[i], "a file"), "%zu bytes", absurd[i]);
    cr_assert_eq(arena_in_use(model), in_use, "a refusal holds nothing");
    cr_assert_not_null(arena_try(model, DEV_CPU, 100, "a file"));
}

static void ask_for_too_much(void) { arena_alloc(model, DEV_CPU, (size_t)1 << 50, "dreams"); }
static void give_back_what_was_not_held(void)
{
    void *p = arena_alloc(model, DEV_CPU, 64, "mine");
    arena_give_back(model, DEV_CPU, p, 64, "yours");
}
static void ask_for_cuda(void) { arena_alloc(model, DEV_CUDA, 64, "kernel"); }

Test(arena, refusals)
{
    expect_refusal(ask_for_too_much, "arena model: out of memory: dreams wants 1125899906842624 bytes more");
    expect_refusal(ask_for_too_much, "bytes in use"); /* the report stands before it */
    expect_refusal(give_back_what_was_not_held, "arena model: yours gives back 64 bytes and holds 0");
    expect_refusal(ask_for_cuda, "arena model: built without CUDA");
}
