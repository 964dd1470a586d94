/* formula.c -- costs as text over the letters of a size: "4*(M*K + K*N + M*N)". */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"

/* sum = product { (+|-) product },  product = factor { (*|/) factor },  factor = number | letter | ( sum ) | - factor
 */
typedef struct FormulaText {
    const char *at, *dims;
    const int  *size;
    const char *error;
    int         depth;
} FormulaText;

static double sum(FormulaText *);

static char peek(FormulaText *t)
{
    while (*t->at == ' ') t->at++;
    return *t->at;
}

static double fail(FormulaText *t, const char *error)
{
    if (!t->error) t->error = error;
    return 0;
}

static double factor(FormulaText *t)
{
    char c = peek(t);
    if (++t->depth > 100) return fail(t, "nested too deeply");
    double value = 0;
    if (c == '(') {
        t->at++;
        value = sum(t);
        if (peek(t) == ')') t->at++;
        else fail(t, "a ) is missing");
    } else if (c == '-') {
        t->at++;
        value = -factor(t);
    } else if (isdigit((unsigned char)c) || c == '.') {
        char *end;
        value = strtod(t->at, &end);
        t->at = end;
    } else {
        const char *dim = c ? strchr(t->dims, c) : NULL;
        if (!dim) return fail(t, c ? "a letter that is not in dims" : "it ends too early");
        value = t->size[dim - t->dims];
        t->at++;
    }
    t->depth--;
    return value;
}

static double product(FormulaText *t)
{
    double value = factor(t);
    for (char c = peek(t); !t->error && (c == '*' || c == '/'); c = peek(t)) {
        t->at++;
        value = c == '*' ? value * factor(t) : value / factor(t);
    }
    return value;
}

static double sum(FormulaText *t)
{
    double value = product(t);
    for (char c = peek(t); !t->error && (c == '+' || c == '-'); c = peek(t)) {
        t->at++;
        value = c == '+' ? value + product(t) : value - product(t);
    }
    return value;
}

const char *formula_value(const char *text, const char *dims, const int *size, double *value)
{
    FormulaText t = { .at = text, .dims = dims, .size = size };
    *value = sum(&t);
    if (!t.error && peek(&t)) t.error = "an operator is missing";
    if (!t.error) return NULL;
    return sentence("formula '%s' over '%s', at '%s': %s", text, dims, t.at, t.error);
}
