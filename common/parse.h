/* parse.h -- what the readers of text share. */
#pragma once
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline const char *parse_skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t') s++;
    return s;
}

/* Decimal numbers, inf and nan, blanks around. Not the hexadecimal that strtod takes too: 0x12 is a name. */
static inline bool parse_number(const char *text, double *value)
{
    char *end;
    text = parse_skip_blanks(text);
    if (strpbrk(text, "xXpP(")) return false;
    *value = strtod(text, &end);
    return end != text && !*parse_skip_blanks(end);
}
