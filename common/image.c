/* image.c -- pictures: PGM and PPM here, PNG by libpng. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "data.h"
#include "file.h"
#include "image.h"

/* ---- PGM and PPM: "P5", width, height, the value of white, a blank, the values. P2 and P3: in decimals ---- */

typedef struct Reader {
    const char *path;
    const uint8_t *p;
    size_t size, at;
} Reader;

/* Blanks and comments (# to the line's end), then a count of at most `most`. */
static const char *read_count(Reader *r, const char *what, int64_t most, int64_t *n)
{
    while (r->at < r->size && (isspace(r->p[r->at]) || r->p[r->at] == '#'))
        if (r->p[r->at++] == '#')
            while (r->at < r->size && r->p[r->at] != '\n') r->at++;
    size_t from = r->at;
    for (*n = 0; r->at < r->size && isdigit(r->p[r->at]) && *n <= most; r->at++) *n = 10 * *n + (r->p[r->at] - '0');
    if (r->at == from)
        return sentence("%s: byte %zu: %s", r->path, from, from == r->size ? "ends too early" : "a number expected");
    if (*n > most) return sentence("%s: byte %zu: %s is more than %lld", r->path, from, what, (long long)most);
    return NULL;
}

/* White becomes 255, or 65535 where it is more than 255. */
static int64_t scaled(int64_t v, int64_t white) { return (v * (white > 255 ? 65535 : 255) + white / 2) / white; }

static void put(Tensor *t, int64_t i, int64_t v)
{
    if (t->dtype == U8)
        ((uint8_t *)t->data)[i] = (uint8_t)v;
    else
        ((int32_t *)t->data)[i] = (int32_t)v;
}

static const char *fill(Reader *r, Tensor *t, bool text, int64_t white)
{
    size_t bytes = white > 255 ? 2 : 1;
    for (int64_t i = 0, n = tensor_count(t); i < n; i++) {
        size_t from = r->at;
        int64_t v = r->p[from];
        const char *wrong = text ? read_count(r, "a value", 65535, &v) : NULL;
        if (wrong) return wrong;
        if (!text && bytes == 2) v = v << 8 | r->p[from + 1];
        if (v > white)
            return sentence("%s: byte %zu: a value of %lld, white is %lld", r->path, from, (long long)v,
                            (long long)white);
        if (!text) r->at += bytes;
        put(t, i, scaled(v, white));
    }
    while (text && r->at < r->size && isspace(r->p[r->at])) r->at++;
    if (r->at < r->size) return sentence("%s: byte %zu: %zu bytes too many", r->path, r->at, r->size - r->at);
    return NULL;
}

/* A value takes a byte at least, in decimals two, so the file's size bounds what is asked for. */
static const char *check_room(const Reader *r, bool text, int64_t values, int64_t white)
{
    size_t left = r->size - r->at, want = (size_t)values * (text || white > 255 ? 2 : 1) - text;
    if (left >= want) return NULL;
    return sentence("%s: byte %zu: ends too early: %lld values expected", r->path, r->size, (long long)values);
}

static const char *pnm_read(Arena *a, const char *path, const FileBytes *b, Tensor **out)
{
    enum { MOST = 1 << 24 }; /* pixels in a row or column */
    Reader r = { .path = path, .p = b->data, .size = b->size, .at = 2 };
    int kind = b->data[1] - '0';
    bool text = kind < 4;
    int64_t W, H, white, C = kind % 3 == 2 ? 1 : 3;
    const char *wrong = read_count(&r, "the width", MOST, &W);
    if (!wrong) wrong = read_count(&r, "the height", MOST, &H);
    if (!wrong) wrong = read_count(&r, "the value of white", 65535, &white);
    if (wrong) return wrong;
    if (W == 0 || H == 0 || white == 0)
        return sentence("%s: byte %zu: width, height and white must not be 0", path, r.at);
    if (r.at == r.size || !isspace(r.p[r.at++])) return sentence("%s: byte %zu: a blank expected", path, r.at);
    if ((wrong = check_room(&r, text, W * H * C, white))) return wrong;
    Tensor *t = tensor_try(a, DEV_CPU, white > 255 ? I32 : U8, SHAPE(H, W, C));
    if (!t) return sentence("%s: no memory for %lld x %lld pixels", path, (long long)W, (long long)H);
    if (!(wrong = fill(&r, t, text, white))) {
        *out = t;
        return NULL;
    }
    arena_give_back(a, DEV_CPU, t->data, tensor_bytes(t), "tensors");
    arena_give_back(a, DEV_CPU, t, sizeof *t, "headers");
    return wrong;
}

static void pnm_write(FILE *f, const Tensor *t)
{
    int64_t n = tensor_count(t);
    fprintf(f, "P%d\n%lld %lld\n%d\n", t->shape[2] == 1 ? 5 : 6, (long long)t->shape[1], (long long)t->shape[0],
            t->dtype == U8 ? 255 : 65535);
    if (t->dtype == U8)
        fwrite(t->data, 1, (size_t)n, f);
    else
        for (int64_t i = 0; i < n; i++) {
            int32_t v = ((const int32_t *)t->data)[i];
            fputc(v >> 8, f), fputc(v & 255, f);
        }
}

/* ---- All ---- */

const char *image_read(Arena *a, const char *path, Tensor **out)
{
    FileBytes b;
    const char *wrong = file_read(path, &b);
    if (wrong) return wrong;
    const uint8_t *p = b.data;
    if (b.size >= 2 && p[0] == 'P' && strchr("2356", p[1]) && p[1])
        wrong = pnm_read(a, path, &b, out);
    else if (b.size >= 2 && p[0] == 0x89 && p[1] == 'P')
        wrong = png_decode(a, path, &b, out);
    else
        wrong = sentence("%s: byte 0: not PNG, PGM or PPM (P2, P3, P5, P6)", path);
    free(b.data);
    return wrong;
}

static bool ends_in(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n >= k && !strcmp(path + n - k, end);
}

const char *image_write(const char *path, const Tensor *t)
{
    FileWriter w;
    bool png = ends_in(path, ".png"), pgm = ends_in(path, ".pgm"), ppm = ends_in(path, ".ppm");
    CHECK(t->ndim == 3 && t->shape[2] >= 1 && t->shape[2] <= 4 && (t->dtype == U8 || t->dtype == I32),
          "image_write: %s is not u8 or i32 (H,W,C), C from 1 to 4", tensor_text(t).s);
    CHECK(t->device == DEV_CPU && tensor_contiguous(t) && t->data, "image_write: %s is not contiguous on the CPU",
          tensor_text(t).s);
    CHECK(tensor_count(t) > 0, "image_write: %s has no pixels", tensor_text(t).s);
    for (int64_t i = 0; t->dtype == I32 && i < tensor_count(t); i++) {
        int32_t v = ((const int32_t *)t->data)[i];
        CHECK(v >= 0 && v <= 65535, "image_write: value %lld is %d, not from 0 to 65535", (long long)i, v);
    }
    if (!png && !pgm && !ppm) return sentence("%s: its name ends in none of .png, .pgm, .ppm", path);
    if (!png && t->shape[2] != (pgm ? 1 : 3))
        return sentence("%s: %lld channels; .pgm has 1, .ppm has 3", path, (long long)t->shape[2]);
    FileBytes packed = { 0 };
    const char *wrong = png ? png_encode(path, t, &packed) : NULL;
    if (!wrong) wrong = file_open(&w, path);
    if (!wrong) {
        if (png)
            fwrite(packed.data, 1, packed.size, w.f);
        else
            pnm_write(w.f, t);
        wrong = file_close(&w, false);
    }
    free(packed.data);
    return wrong;
}

const char *pgm_write(const char *path, const uint8_t *pixel, int height, int width)
{
    FileWriter w;
    const char *wrong = file_open(&w, path);
    if (wrong) return wrong;
    fprintf(w.f, "P5\n%d %d\n255\n", width, height);
    fwrite(pixel, 1, (size_t)height * (size_t)width, w.f);
    return file_close(&w, false);
}
