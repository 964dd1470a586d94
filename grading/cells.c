/* cells.c -- text from strangers inside CSV, XML and on a terminal. */
#include "cells.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The second row are the full-width = + - @ of East Asian keyboards, which some spreadsheets read alike. */
static bool is_formula(const char *text)
{
    static const char *const signs[] = { "=", "+", "-", "@",
                                         "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0" };
    if (strspn(text, "\t\r\n")) return true;
    text += strspn(text, " ");
    if (!text[strspn(text, "+-0123456789.eE")] && strpbrk(text, "0123456789")) {
        char *end;
        strtod(text, &end);
        if (!*end) return false;        /* a plain number stays one */
    }
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (!strncmp(text, signs[i], strlen(signs[i]))) return true;
    return false;
}

/* Bytes of the character that text begins with; 0 where it is no UTF-8. */
static size_t utf8(const char *text)
{
    unsigned char c = (unsigned char)*text;
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80) return 0;
    unsigned char next = n > 2 ? (unsigned char)text[1] : 0;    /* too long a form, a surrogate, beyond the last */
    if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) || (c == 0xf0 && next < 0x90)) return 0;
    return c == 0xf4 && next > 0x8f ? 0 : n;
}

static bool is_control(char c) { return (unsigned char)c < ' ' || c == 0x7f; }

void csv_cell(FILE *f, const char *text)
{
    fputs(is_formula(text) ? "\"'" : "\"", f);
    for (size_t n; *text; text += n ? n : 1) {
        n = utf8(text);
        if (*text == '"') putc('"', f);
        if (!n) fprintf(f, "\\x%02x", (unsigned char)*text);
        else if (is_control(*text)) putc(' ', f);
        else fwrite(text, 1, n, f);
    }
    putc('"', f);
}

/* U+0080 to U+009F, C2 80 to C2 9F, are control characters too. */
void plain_text(FILE *f, const char *text)
{
    for (size_t n; *text; text += n ? n : 1) {
        n = utf8(text);
        if (!n || is_control(*text)) fprintf(f, "\\x%02x", (unsigned char)*text);
        else if ((unsigned char)*text == 0xc2 && (unsigned char)text[1] < 0xa0)
            fprintf(f, "\\xc2\\x%02x", (unsigned char)text[1]);
        else fwrite(text, 1, n, f);
    }
}

/* U+FFFE and U+FFFF are UTF-8's EF BF BE and EF BF BF; XML forbids both, and most control characters. */
void xml_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '<') fputs("&lt;", f);
        else if (c == '>') fputs("&gt;", f);
        else if (c == '&') fputs("&amp;", f);
        else if (c == '"') fputs("&quot;", f);
        else if (c == '\n' || c == '\t') fprintf(f, "&#%d;", c); /* as they are, an attribute would lose them */
        else if (is_control(*text)) putc('?', f);
        else if (c == 0xef && (!strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3)))
            putc('?', f), text += 2;
        else putc(c, f);
    }
}
