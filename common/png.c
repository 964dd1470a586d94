/* png.c -- PNG by libpng: from memory and to memory, errors as sentences. */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "image.h"

/* What an image may unpack to: as much as any file here, or a small file would fill the memory. */
enum { UNPACKED_FREE = 64 << 20, UNPACKED_TIMES = 100, MOST_PIXELS = 1 << 24 };

/* Everything that has to live through libpng's longjmp. */
typedef struct Png {
    const char *path, *wrong;
    png_structp png;
    png_infop info;
    FileBytes bytes; /* read from, or written to */
    size_t at, room;
    png_bytepp row;
    uint8_t *wide; /* values of 16 bits, on their way to or from I32 */
    Arena *arena;
    Tensor *image;
} Png;

static void on_error(png_structp png, png_const_charp message)
{
    Png *p = png_get_error_ptr(png);
    if (!p->wrong) p->wrong = sentence("%s: byte %zu: %s", p->path, p->at, message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) { (void)png, (void)message; }

/* ---- Reading ---- */

static void take_bytes(png_structp png, png_bytep to, size_t n)
{
    Png *p = png_get_io_ptr(png);
    if (n > p->bytes.size - p->at) {
        p->at = p->bytes.size;
        png_error(png, "ends too early");
    }
    memcpy(to, p->bytes.data + p->at, n);
    p->at += n;
}

/* Gray, gray and alpha, RGB or RGBA, of 8 or 16 bits: palettes and smaller grays are expanded, a transparent colour
 * becomes alpha. */
static void ask_for_plain(Png *p)
{
    int type = png_get_color_type(p->png, p->info), bits = png_get_bit_depth(p->png, p->info);
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(p->png);
    if (type == PNG_COLOR_TYPE_GRAY && bits < 8) png_set_expand_gray_1_2_4_to_8(p->png);
    if (png_get_valid(p->png, p->info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(p->png);
    if (bits == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) png_set_swap(p->png);
    png_set_interlace_handling(p->png);
    png_read_update_info(p->png, p->info);
}

static void make_image(Png *p)
{
    size_t W = png_get_image_width(p->png, p->info), H = png_get_image_height(p->png, p->info);
    size_t row = png_get_rowbytes(p->png, p->info), C = png_get_channels(p->png, p->info);
    bool wide = png_get_bit_depth(p->png, p->info) == 16;
    size_t limit = UNPACKED_FREE + UNPACKED_TIMES * p->bytes.size; /* W, H <= 2^24, so H row is below 2^51 */
    if (H * row > limit) {
        p->wrong = sentence("%s: %zu x %zu pixels are more than %zu bytes, the limit for a file of %zu", p->path, W, H,
                            limit, p->bytes.size);
        png_longjmp(p->png, 1);
    }
    p->image = tensor_try(p->arena, DEV_CPU, wide ? I32 : U8, SHAPE((int64_t)H, (int64_t)W, (int64_t)C));
    p->row = malloc(H * sizeof *p->row);
    p->wide = wide ? malloc(H * row) : NULL;
    if (!p->image || !p->row || (wide && !p->wide)) png_error(p->png, "no memory for its pixels");
    uint8_t *data = wide ? p->wide : p->image->data;
    for (size_t i = 0; i < H; i++) p->row[i] = data + i * row;
}

static void read_png(Png *p)
{
    if (setjmp(png_jmpbuf(p->png))) return;
    png_set_read_fn(p->png, p, take_bytes);
    png_set_user_limits(p->png, MOST_PIXELS, MOST_PIXELS);
    png_set_crc_action(p->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(p->png, p->info);
    ask_for_plain(p);
    make_image(p);
    png_read_image(p->png, p->row);
    png_read_end(p->png, NULL);
    if (p->at < p->bytes.size)
        p->wrong = sentence("%s: byte %zu: %zu bytes too many", p->path, p->at, p->bytes.size - p->at);
    for (int64_t i = 0; p->wide && i < tensor_count(p->image); i++)
        ((int32_t *)p->image->data)[i] = ((const uint16_t *)p->wide)[i];
}

const char *png_decode(Arena *a, const char *path, const FileBytes *b, Tensor **out)
{
    Png p = { .path = path, .bytes = *b, .arena = a };
    p.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &p, on_error, on_warning);
    p.info = p.png ? png_create_info_struct(p.png) : NULL;
    if (p.info)
        read_png(&p);
    else
        p.wrong = sentence("%s: no memory to read it", path);
    png_destroy_read_struct(&p.png, &p.info, NULL);
    free(p.row);
    free(p.wide);
    if (!p.wrong) {
        *out = p.image;
    } else if (p.image) {
        arena_give_back(a, DEV_CPU, p.image->data, tensor_bytes(p.image), "tensors");
        arena_give_back(a, DEV_CPU, p.image, sizeof *p.image, "headers");
    }
    return p.wrong;
}

/* ---- Writing ---- */

static void put_bytes(png_structp png, png_bytep from, size_t n)
{
    Png *p = png_get_io_ptr(png);
    if (p->at + n > p->room) {
        size_t room = 2 * (p->at + n) + 4096;
        uint8_t *bigger = realloc(p->bytes.data, room);
        if (!bigger) png_error(png, "no memory");
        p->bytes.data = bigger;
        p->room = room;
    }
    memcpy(p->bytes.data + p->at, from, n);
    p->at += n;
}

static void write_row(Png *p, int64_t y)
{
    int64_t n = p->image->shape[1] * p->image->shape[2];
    if (p->image->dtype == U8) {
        png_write_row(p->png, (const uint8_t *)p->image->data + y * n);
        return;
    }
    const int32_t *from = (const int32_t *)p->image->data + y * n;
    for (int64_t i = 0; i < n; i++) p->wide[2 * i] = (uint8_t)(from[i] >> 8), p->wide[2 * i + 1] = (uint8_t)from[i];
    png_write_row(p->png, p->wide);
}

static void write_png(Png *p)
{
    static const int TYPE[] = { 0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA };
    const int64_t *shape = p->image->shape;
    if (setjmp(png_jmpbuf(p->png))) return;
    png_set_write_fn(p->png, p, put_bytes, NULL);
    png_set_IHDR(p->png, p->info, (png_uint_32)shape[1], (png_uint_32)shape[0], p->image->dtype == U8 ? 8 : 16,
                 TYPE[shape[2]], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(p->png, p->info);
    if (p->image->dtype == I32 && !(p->wide = malloc((size_t)(2 * shape[1] * shape[2]))))
        png_error(p->png, "no memory");
    for (int64_t y = 0; y < shape[0]; y++) write_row(p, y);
    png_write_end(p->png, NULL);
}

const char *png_encode(const char *path, const Tensor *image, FileBytes *out)
{
    Tensor given = *image;
    Png p = { .path = path, .image = &given };
    *out = (FileBytes){ 0 };
    p.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &p, on_error, on_warning);
    p.info = p.png ? png_create_info_struct(p.png) : NULL;
    if (p.info)
        write_png(&p);
    else
        p.wrong = sentence("%s: no memory to write it", path);
    png_destroy_write_struct(&p.png, &p.info);
    free(p.wide);
    if (p.wrong)
        free(p.bytes.data);
    else
        *out = (FileBytes){ p.bytes.data, p.at };
    return p.wrong;
}
