/* hostile.c -- what every reader of files must stand. */
#define _DEFAULT_SOURCE /* mkfifo */
#include "hostile.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *tried(ReadFile *read, const char *path)
{
    static Arena *a;
    if (!a) a = arena_new("test");
    arena_reset(a);
    const char *wrong = read(a, path);
    if (!wrong) return NULL;
    cr_assert(scratch_has(wrong, path));
    cr_assert_eq(arena_in_use(a), 0, "%zu bytes were left in the arena: %s", arena_in_use(a), wrong);
    return wrong;
}

void hostile_refused(ReadFile *read, const char *path, const char *what)
{
    const char *wrong = tried(read, path);
    cr_assert(wrong, "%s was read; expected \"%s\"", path, what);
    cr_assert(scratch_has(wrong, what));
}

void hostile_files(ReadFile *read, const void *good, size_t n)
{
    char packed[8192];
    hostile_refused(read, scratch(""), "a folder");
    hostile_refused(read, scratch("nothing"), "No such file");
    hostile_refused(read, "/dev/zero", "not a file");
    cr_assert_eq(mkfifo(scratch("pipe"), 0600), 0);
    hostile_refused(read, scratch("pipe"), "a pipe, not a file"); /* an ordinary open would wait for ever */
    cr_assert(scratch_fine(tried(read, scratch_gzip("packed", good, n))));
    size_t size = scratch_read("packed", packed, sizeof packed);
    for (size_t k = 2; k < size; k++) hostile_refused(read, scratch_write("cut", packed, k), ": byte ");
    memcpy(packed + size, "junk", 4);
    hostile_refused(read, scratch_write("junk", packed, size + 4), "something follows the gzip data");
    cr_assert(tried(read, scratch_gzip("twice", packed, size)), "packed twice, it was read");
}

void hostile_cuts(ReadFile *read, const void *good, size_t n, size_t least)
{
    for (size_t k = 0; k < n; k++)
        if (k >= least) hostile_refused(read, scratch_write("cut", good, k), "");
        else tried(read, scratch_write("cut", good, k));
}

void hostile_flips(ReadFile *read, const void *good, size_t n)
{
    char *bytes = malloc(n);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        memcpy(bytes, good, n);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        tried(read, scratch_write("flipped", bytes, n));
    }
    free(bytes);
}
