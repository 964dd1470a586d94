/* cells.c -- text from strangers inside CSV and XML. */
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

void csv_cell(FILE *f, const char *text)
{
    fputs(is_formula(text) ? "\"'" : "\"", f);
    for (; *text; text++) {
        if (*text == '"') putc('"', f);
        putc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, f);
    }
    putc('"', f);
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
        else if (c < ' ' || c == 0x7f) putc('?', f);
        else if (c == 0xef && (!strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3)))
            putc('?', f), text += 2;
        else putc(c, f);
    }
}
