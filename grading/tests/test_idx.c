/* test_idx.c -- good files give their values; of bad ones, each gets a sentence, and the arena stays as it was. */
#define _DEFAULT_SOURCE /* seteuid */
#include "data.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

TestSuite(idx, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

static uint8_t GOOD[] = { 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255 };

/* Reads it, and checks that a failure says `what`, names the file, and leaves the arena alone. */
static void refuse(const char *path, const char *what)
{
    Arena *a = arena_new("test");
    size_t before = arena_in_use(a);
    Tensor *t = NULL;
    const char *wrong = idx_read(a, path, &t);
    cr_assert(scratch_has(wrong, what));
    cr_assert(scratch_has(wrong, path));
    cr_assert_eq(arena_in_use(a), before, "%zu bytes were left in the arena", arena_in_use(a) - before);
    cr_assert_null(t);
    arena_free(a);
}

static Tensor *accept(Arena *a, const char *path)
{
    Tensor *t;
    const char *wrong = idx_read(a, path, &t);
    cr_assert(scratch_fine(wrong));
    return t;
}

Test(idx, plain_and_packed)
{
    Arena *a = arena_new("test");
    for (int packed = 0; packed < 2; packed++) { /* the name does not matter: gzip is known by its first bytes */
        Tensor *t =
            accept(a, packed ? scratch_gzip("plain", GOOD, sizeof GOOD) : scratch_write("a.gz", GOOD, sizeof GOOD));
        cr_assert(t->dtype == U8 && t->ndim == 2 && t->shape[0] == 2 && t->shape[1] == 3);
        cr_assert(!memcmp(t->data, GOOD + 12, 6));
    }
    arena_free(a);
}

Test(idx, every_type)
{
    static const struct { int type; Dtype dtype; uint8_t bytes[8]; double value; } CASE[] = {
        { 0x8, U8, { 200 }, 200 },
        { 0x9, I8, { 200 }, -56 },
        { 0xC, I32, { 0xff, 0xff, 0xff, 0xfe }, -2 },
        { 0xD, F32, { 0x3f, 0xc0, 0, 0 }, 1.5 },
        { 0xE, F64, { 0xc0, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18 }, -3.141592653589793 },
    };
    Arena *a = arena_new("test");
    for (int i = 0; i < 5; i++) {
        uint8_t b[16] = { 0, 0, (uint8_t)CASE[i].type, 1, 0, 0, 0, 1 };
        memcpy(b + 8, CASE[i].bytes, 8);
        Tensor *t = accept(a, scratch_write("x", b, 8 + tensor_size(CASE[i].dtype)));
        cr_assert_eq(t->dtype, CASE[i].dtype);
        cr_assert_eq(tensor_get(t, 0), CASE[i].value, "type %x: got %g, want %g", CASE[i].type, tensor_get(t, 0),
                     CASE[i].value);
    }
    arena_free(a);
}

Test(idx, cut_at_every_byte)
{
    for (size_t n = 0; n < sizeof GOOD; n++) refuse(scratch_write("cut", GOOD, n), ": byte ");
}

Test(idx, packed_and_cut_at_every_byte)
{
    char all[256];
    scratch_gzip("good", GOOD, sizeof GOOD);
    size_t n = scratch_read("good", all, sizeof all);
    for (size_t k = 0; k < n; k++) refuse(scratch_write("cut", all, k), ": byte ");
}

/* A flipped bit gives a sentence, or other values of the same size; packed, the checksum finds it. */
Test(idx, every_bit_flipped)
{
    Arena *a = arena_new("test");
    for (size_t bit = 0; bit < 8 * sizeof GOOD; bit++) {
        uint8_t b[sizeof GOOD];
        memcpy(b, GOOD, sizeof GOOD);
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        Tensor *t = NULL;
        size_t before = arena_in_use(a);
        const char *wrong = idx_read(a, scratch_write("flipped", b, sizeof b), &t);
        if (bit / 8 < 12) cr_assert(wrong || t->dtype == I8, "bit %zu of the header", bit);
        else cr_assert(!wrong && !memcmp(t->data, b + 12, 6));
        if (wrong) cr_assert_eq(arena_in_use(a), before);
    }
    char all[256];
    scratch_gzip("good", GOOD, sizeof GOOD);
    size_t n = scratch_read("good", all, sizeof all);
    for (size_t bit = 8 * 10; bit < 8 * n; bit++) { /* the header's time, system and level mean nothing */
        char b[256];
        memcpy(b, all, n);
        b[bit / 8] ^= (char)(1 << bit % 8);
        Tensor *t = NULL;
        const char *wrong = idx_read(a, scratch_write("flipped", b, n), &t);
        cr_assert(wrong || !memcmp(t->data, GOOD + 12, 6), "bit %zu of the packed file was believed", bit);
    }
    arena_free(a);
}

Test(idx, hostile_counts)
{
    uint8_t huge[4 + 6 * 4 + 1] = { 0, 0, 8, 6 };
    memset(huge + 4, 0xff, 24);         /* (2^32 - 1)^6 */
    refuse(scratch_write("huge", huge, sizeof huge), "more values than the file has bytes");
    uint8_t wraps[] = { 0, 0, 8, 2, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 1 },
            doubles[] = { 0, 0, 0xE, 1, 0, 0, 0, 2, 1, 2, 3 };
    refuse(scratch_write("wraps", wraps, sizeof wraps), "more values than the file has bytes");
    refuse(scratch_write("doubles", doubles, sizeof doubles), "24 bytes expected");
    uint8_t none[] = { 0, 0, 8, 1, 0, 0, 0, 0 }, flat[] = { 0, 0, 8, 0, 1 }, many[64] = { 0, 0, 8, 7 };
    refuse(scratch_write("none", none, sizeof none), "dimension 0 is 0");
    refuse(scratch_write("flat", flat, sizeof flat), "0 dimensions");
    refuse(scratch_write("many", many, sizeof many), "7 dimensions");
}

Test(idx, not_idx)
{
    uint8_t longer[sizeof GOOD + 2] = { 0 }, shorts[] = { 0, 0, 0xB, 1, 0, 0, 0, 1, 0, 1 };
    memcpy(longer, GOOD, sizeof GOOD);
    refuse(scratch_write("longer", longer, sizeof longer), "byte 18: 2 bytes too many");
    refuse(scratch_write("shorts", shorts, sizeof shorts), "byte 2: type 0x0b");
    refuse(scratch_write("text", "hello, world\n", 13), "not IDX");
    refuse(scratch_write("empty", "", 0), "byte 0");
    refuse(scratch(""), "a folder");
    refuse(scratch("nothing"), "No such file");
    refuse("/dev/zero", "not a file");
}

Test(idx, gzip_with_something_behind_it)
{
    char all[256];
    scratch_gzip("good", GOOD, sizeof GOOD);
    size_t n = scratch_read("good", all, sizeof all);
    memcpy(all + n, "junk", 4);
    refuse(scratch_write("junk", all, n + 4), "something follows the gzip data");
    refuse(scratch_gzip("twice", all, n), "not IDX");
}

Test(idx, gzip_in_two_parts_is_one_file)
{
    char all[256];
    scratch_gzip("1", GOOD, 10);
    scratch_gzip("2", GOOD + 10, sizeof GOOD - 10);
    size_t n = scratch_read("1", all, sizeof all);
    n += scratch_read("2", all + n, sizeof all - n);
    Arena *a = arena_new("test");
    cr_assert(!memcmp(accept(a, scratch_write("both", all, n))->data, GOOD + 12, 6));
    arena_free(a);
}

/* Nobody writes into the pipe: an ordinary open would wait for ever, and run into the time limit. */
Test(idx, pipe_does_not_hang)
{
    cr_assert_eq(mkfifo(scratch("pipe"), 0600), 0);
    refuse(scratch("pipe"), "a pipe, not a file");
}

/* 300 MB of zeros in 300 KB. */
Test(idx, gzip_bomb)
{
    static uint8_t zeros[1 << 20];
    gzFile f = gzopen(scratch("bomb"), "wb9");
    for (int i = 0; i < 300; i++) gzwrite(f, zeros, sizeof zeros);
    gzclose(f);
    refuse(scratch("bomb"), "unpacks to more than");
}

Test(idx, unreadable)
{
    scratch_write("secret", GOOD, sizeof GOOD);
    chmod(scratch("secret"), 0);
    chmod(scratch(""), 0755);
    uid_t user = geteuid();
    if (user == 0) cr_assert_eq(seteuid(65534), 0); /* root reads everything */
    refuse(scratch("secret"), "Permission denied");
    if (user == 0) cr_assert_eq(seteuid(0), 0);
}

Test(idx, pgm)
{
    char text[64];
    cr_assert(scratch_fine(pgm_write(scratch("a.pgm"), (const uint8_t *)"\1\2\3\4\5\6", 2, 3)));
    cr_assert_eq(scratch_read("a.pgm", text, sizeof text), 17);
    cr_assert(!memcmp(text, "P5\n3 2\n255\n\1\2\3\4\5\6", 17));
    cr_assert(scratch_has(pgm_write(scratch("nowhere/a.pgm"), GOOD, 1, 1), "No such file"));
    cr_assert(scratch_has(pgm_write("/dev/full", GOOD, 1, 1), "not a file"), "a device would have been replaced");
}
