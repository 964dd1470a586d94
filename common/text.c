/* text.c -- a whole file as bytes; text, if it must be that, is checked to be UTF-8. */
#include "check.h"
#include "data.h"
#include "file.h"
#include <stdlib.h>
#include <string.h>

/* How many bytes the character at p has, 0 where there is none: a stray or missing continuation, more bytes than the
 * number needs, a surrogate, beyond U+10FFFF. The Unicode Standard, table 3-7: only the second byte's range varies. */
static size_t character(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    if (n == 0 || left < n) return 0;
    uint8_t low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t k = 2; k < n; k++)
        if ((p[k] & 0xc0) != 0x80) return 0;
    return n;
}

static const char *check_utf8(const char *path, const FileBytes *b)
{
    long long line = 1;
    for (size_t i = 0, n; i < b->size; i += n) {
        if (!(n = character(b->data + i, b->size - i)))
            return sentence("%s:%lld: byte %zu: %02x begins no character in UTF-8", path, line, i, b->data[i]);
        if (b->data[i] == 0) return sentence("%s:%lld: byte %zu: a zero byte; this is not text", path, line, i);
        line += b->data[i] == '\n';
    }
    return NULL;
}

const char *text_read(Arena *a, const char *path, TextKind kind, Tensor **out)
{
    FileBytes b;
    const char *wrong = file_read(path, &b);
    if (wrong) return wrong;
    if (kind == TEXT_UTF8) wrong = check_utf8(path, &b);
    size_t mark = kind == TEXT_UTF8 && b.size >= 3 && !memcmp(b.data, "\xEF\xBB\xBF", 3) ? 3 : 0;
    Tensor *t = wrong ? NULL : tensor_try(a, DEV_CPU, U8, SHAPE((int64_t)(b.size - mark) + 1));
    if (!wrong && !t) wrong = sentence("%s: no memory for its %zu bytes", path, b.size);
    if (!wrong) {
        memcpy(t->data, b.data + mark, b.size - mark + 1);
        t->shape[0]--; /* the zero behind it is there, and is not counted */
        *out = t;
    }
    free(b.data);
    return wrong;
}
