/* test_images.c -- PNG, PGM and PPM: known pixels, pixels there and back; of bad files, each gets a sentence. */
#include "data.h"
#include "hostile.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

TestSuite(images, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

/* Made by hand, with zlib's compress and crc32: 2 x 2 RGB of 16 bits, the second row filtered by "Sub"; 5 x 1 in a
 * palette of four colours, the first transparent, the second half; 9 x 1 of one bit; 2 x 1 RGB whose first pixel's
 * colour is the transparent one. */
static const uint8_t RGB16[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x00, 0x02, 0x10, 0x02, 0x00, 0x00, 0x00, 0xad, 0x44, 0x46, 0x30, 0x00, 0x00, 0x00, 0x18, 0x49,
    0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0x60, 0x64, 0x62, 0x66, 0x61, 0xfd, 0xf5, 0xfb, 0xcf, 0xdf, 0x7f, 0xff,
    0x19, 0x91, 0x01, 0x00, 0x63, 0x49, 0x06, 0x08, 0xc9, 0xb6, 0xcf, 0xf4, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
};
static const uint8_t PALETTE2[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x05, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x00, 0x00, 0x00, 0x6b, 0x90, 0x8c, 0x60, 0x00, 0x00, 0x00, 0x0c, 0x50,
    0x4c, 0x54, 0x45, 0x0a, 0x14, 0x1e, 0x28, 0x32, 0x3c, 0x46, 0x50, 0x5a, 0x64, 0x6e, 0x78, 0xc6, 0x48, 0x77, 0xdf,
    0x00, 0x00, 0x00, 0x02, 0x74, 0x52, 0x4e, 0x53, 0x00, 0x80, 0x9b, 0x2b, 0x4e, 0x18, 0x00, 0x00, 0x00, 0x0b, 0x49,
    0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x90, 0x76, 0x00, 0x00, 0x00, 0x79, 0x00, 0x5c, 0x0f, 0x74, 0x47, 0x12, 0x00,
    0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};
static const uint8_t GRAY1[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x09, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x24, 0xb9, 0xb9, 0xd0, 0x00, 0x00, 0x00, 0x0b, 0x49,
    0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xd8, 0xd4, 0x00, 0x00, 0x01, 0xe7, 0x01, 0x33, 0xae, 0x1f, 0xe3, 0x1a, 0x00,
    0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};
static const uint8_t KEYED[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x7b, 0x40, 0xe8, 0xdd, 0x00, 0x00, 0x00, 0x06, 0x74,
    0x52, 0x4e, 0x53, 0x00, 0x01, 0x00, 0x02, 0x00, 0x03, 0xc9, 0x4b, 0xab, 0xf5, 0x00, 0x00, 0x00, 0x0f, 0x49, 0x44,
    0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0x64, 0x62, 0x66, 0x61, 0x65, 0x03, 0x00, 0x00, 0x3f, 0x00, 0x16, 0x21, 0xba,
    0xd4, 0x54, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};

static const char *reader(Arena *a, const char *path)
{
    Tensor *t;
    return image_read(a, path, &t);
}

static void refuse(const void *bytes, size_t n, const char *what)
{
    hostile_refused(reader, scratch_write("x", bytes, n), what);
}

static void expect_pixels(const void *bytes, size_t n, Dtype dtype, int64_t H, int64_t W, int64_t C, const int *want)
{
    Arena *a = arena_new("test");
    Tensor *t = NULL;
    cr_assert(scratch_fine(image_read(a, scratch_write("x", bytes, n), &t)));
    cr_assert(t->dtype == dtype && t->ndim == 3 && t->shape[0] == H && t->shape[1] == W && t->shape[2] == C, "%s",
              tensor_text(t).s);
    for (int64_t i = 0; i < H * W * C; i++)
        cr_assert_eq(tensor_get(t, i), want[i], "value %lld is %g, not %d", (long long)i, tensor_get(t, i), want[i]);
    arena_free(a);
}
#define PIXELS(bytes, dtype, H, W, C, ...) expect_pixels(bytes, sizeof bytes, dtype, H, W, C, (int[]){ __VA_ARGS__ })
#define TEXT_PIXELS(text, dtype, H, W, C, ...) \
    expect_pixels(text, sizeof text - 1, dtype, H, W, C, (int[]){ __VA_ARGS__ })

Test(images, png)
{
    PIXELS(RGB16, I32, 2, 2, 3, 1, 515, 1029, 64251, 64765, 65279, 257, 257, 257, 514, 514, 514);
    PIXELS(PALETTE2, U8, 1, 5, 4, 10, 20, 30, 0, 40, 50, 60, 128, 70, 80, 90, 255, 100, 110, 120, 255, 40, 50, 60, 128);
    PIXELS(GRAY1, U8, 1, 9, 1, 255, 0, 255, 255, 0, 0, 255, 0, 255);
    PIXELS(KEYED, U8, 1, 2, 4, 1, 2, 3, 0, 4, 5, 6, 255);
}

Test(images, pgm_and_ppm)
{
    TEXT_PIXELS("P5\n3 1\n255\n\1\2\377", U8, 1, 3, 1, 1, 2, 255);
    TEXT_PIXELS("P5#c\n# c\n 1\t2 #c\n255\n# ", U8, 2, 1, 1, '#', ' ');
    TEXT_PIXELS("P6 1 2 255\n\1\2\3\4\5\6", U8, 2, 1, 3, 1, 2, 3, 4, 5, 6);
    TEXT_PIXELS("P5 2 1 15\n\0\17", U8, 1, 2, 1, 0, 255);
    TEXT_PIXELS("P5 2 1 4\n\1\3", U8, 1, 2, 1, 64, 191);
    TEXT_PIXELS("P5 2 1 65535\n\1\2\377\376", I32, 1, 2, 1, 258, 65534);
    TEXT_PIXELS("P5 2 1 1023\n\0\1\3\377", I32, 1, 2, 1, 64, 65535);
    TEXT_PIXELS("P2\n2 2\n9\n0 9\n# half\n4\n5\n", U8, 2, 2, 1, 0, 255, 113, 142);
    TEXT_PIXELS("P3 1 1 65535 1 2 65535", I32, 1, 1, 3, 1, 2, 65535);
}

/* Every number of channels, 8 and 16 bits, odd sizes. */
Test(images, there_and_back)
{
    static const int64_t SIZE[][2] = { { 1, 1 }, { 3, 5 }, { 33, 17 } };
    static const char *const NAME[] = { "x.png", "x.pgm", "x.ppm" };
    Arena *a = arena_new("test");
    for (int wide = 0; wide < 2; wide++)
        for (int s = 0; s < 3; s++)
            for (int64_t C = 1; C <= 4; C++)
                for (int f = 0; f < 3; f++) {
                    if ((f == 1 && C != 1) || (f == 2 && C != 3)) continue;
                    Tensor *x = tensor_new(a, DEV_CPU, wide ? I32 : U8, SHAPE(SIZE[s][0], SIZE[s][1], C)), *y = NULL;
                    for (int64_t i = 0; i < tensor_count(x); i++)
                        tensor_set(x, i, (double)((uint32_t)(i * 2654435761u) >> (wide ? 16 : 24)));
                    cr_assert(scratch_fine(image_write(scratch(NAME[f]), x)));
                    cr_assert(scratch_fine(image_read(a, scratch(NAME[f]), &y)));
                    cr_assert(y->dtype == x->dtype && tensor_same_shape(x, y));
                    cr_assert_arr_eq(x->data, y->data, tensor_bytes(x), "%s %s", NAME[f], tensor_text(x).s);
                }
    arena_free(a);
}

Test(images, pnm_sentences)
{
    static const struct { const char *text, *what; } CASE[] = {
        { "P4 1 1\n\1", "byte 0: not PNG, PGM or PPM" },
        { "P5", "byte 2: ends too early" },
        { "P5 x", "byte 3: a number expected" },
        { "P5 1 -1 255\n", "byte 5: a number expected" },
        { "P5 0 1 255\n", "width, height and white must not be 0" },
        { "P5 1 1 0\n1", "width, height and white must not be 0" },
        { "P5 1 1 255", "a blank expected" },
        { "P5 1 1 255x", "a blank expected" },
        { "P5 1 1 65536\n1", "byte 7: the value of white is more than 65535" },
        { "P5 9223372036854775808 1 255\n1", "byte 3: the width is more than 16777216" },
        { "P5 1 99999999999999999999 255\n1", "byte 5: the height is more than 16777216" },
        { "P5 16777216 16777216 255\n1", "ends too early: 281474976710656 values expected" },
        { "P6 16777216 16777216 65535\n1", "ends too early: 844424930131968 values expected" },
        { "P2 16777216 16777216 255\n1", "ends too early" },
        { "P5 1 1 255\n12", "byte 12: 1 bytes too many" },
        { "P5 1 1 9\nx", "byte 9: a value of 120, white is 9" },
        { "P2 1 1 9\n10", "a value of 10, white is 9" },
        { "P2 1 1 9\n99999999999999999999", "byte 9: a value is more than 65535" },
        { "P2 1 1 9\n1 1", "byte 11: 1 bytes too many" },
        { "P2 2 1 9\n11x", "a value of 11" },
        { "", "byte 0: not PNG" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) refuse(CASE[i].text, strlen(CASE[i].text), CASE[i].what);
}

/* The same file with other numbers in its first chunk, and the checksum that goes with them. */
static void with_header(uint8_t *png, uint32_t W, uint32_t H, uint8_t bits, uint8_t type)
{
    uint8_t head[] = { 'I', 'H', 'D', 'R', (uint8_t)(W >> 24), (uint8_t)(W >> 16), (uint8_t)(W >> 8), (uint8_t)W,
                       (uint8_t)(H >> 24), (uint8_t)(H >> 16), (uint8_t)(H >> 8), (uint8_t)H, bits, type, 0, 0, 0 };
    uLong crc = crc32(0, head, sizeof head);
    memcpy(png + 12, head, sizeof head);
    for (int i = 0; i < 4; i++) png[12 + sizeof head + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
}

Test(images, png_sentences)
{
    uint8_t b[sizeof RGB16 + 1] = { 0 };
    memcpy(b, RGB16, sizeof RGB16);
    refuse(b, sizeof b, "1 bytes too many");
    with_header(b, 0x7fffffff, 0x7fffffff, 8, 2);
    refuse(b, sizeof RGB16, "x: byte ");
    with_header(b, 1 << 24, 1 << 24, 16, 6);
    refuse(b, sizeof RGB16, "16777216 x 16777216 pixels are more than");
    with_header(b, 0, 1, 8, 2);
    refuse(b, sizeof RGB16, "x: byte ");
    with_header(b, 2, 3, 16, 2);
    refuse(b, sizeof RGB16, "x: byte ");
    with_header(b, 2, 2, 7, 2);
    refuse(b, sizeof RGB16, "x: byte ");
    refuse("\x89P", 2, "x: byte 2: ends too early");
    refuse("\x89PNG\r\n\x1a\n", 8, "x: byte 8: ends too early");
    refuse("\x89PNG\n\x1a\n\n", 8, "x: byte ");
}

Test(images, whatever_is_in_the_file)
{
    static const char PPM[] = "P6\n2 1\n255\n\1\2\3\4\5\6", PLAIN[] = "P2 2 1 9\n1 2";
    hostile_files(reader, RGB16, sizeof RGB16);
    hostile_cuts(reader, RGB16, sizeof RGB16, 0);
    hostile_cuts(reader, PALETTE2, sizeof PALETTE2, 0);
    hostile_cuts(reader, PPM, sizeof PPM - 1, 0);
    hostile_cuts(reader, PLAIN, sizeof PLAIN - 1, 0);
    hostile_flips(reader, RGB16, sizeof RGB16);
    hostile_flips(reader, PALETTE2, sizeof PALETTE2);
    hostile_flips(reader, PPM, sizeof PPM - 1);
    hostile_flips(reader, PLAIN, sizeof PLAIN - 1);
}

Test(images, writing_what_cannot_be)
{
    Arena *a = arena_new("test");
    Tensor *x = tensor_new(a, DEV_CPU, U8, SHAPE(1, 1, 3));
    memset(x->data, 7, 3);
    cr_assert(scratch_has(image_write(scratch("x.jpg"), x), "ends in none of .png, .pgm, .ppm"));
    cr_assert(scratch_has(image_write(scratch("x.pgm"), x), "3 channels; .pgm has 1, .ppm has 3"));
    cr_assert(scratch_has(image_write(scratch("no/where.png"), x), "No such file"));
    arena_free(a);
}
