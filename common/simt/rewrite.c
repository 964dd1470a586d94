/* rewrite.c -- what of a .cu file is not C++, said in C++: a lexer and some looking around, no parser. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "rewrite.h"

/* SIGN: one character, or :: or -> or <<<. */
typedef enum Kind { SPACE, TEXT, NAME, NUMBER, SIGN } Kind;

typedef struct Token {
    Kind        kind;
    const char *at;
    int         size, line;
    char       *before, *instead, *after;   /* what rewriting adds; instead of NULL the token itself is written */
} Token;

typedef struct Source {
    const char *path;
    Token      *token;
    int         n;
    bool        changed;
} Source;

/* ---- Text to tokens ---------------------------------------------------------------------------------------------- */

static const char *past(const char *p, const char *end, const char *what)    /* behind the next `what`, or the end */
{
    const char *found = memmem(p, (size_t)(end - p), what, strlen(what));
    return found ? found + strlen(what) : end;
}

static const char *past_quoted(const char *p, const char *end)
{
    char quote = *p++;
    while (p < end && *p != quote && *p != '\n') p += *p == '\\' && p + 1 < end ? 2 : 1;
    return p < end && *p == quote ? p + 1 : p;
}

static const char *past_raw(const char *p, const char *end)                 /* R"mark( ... )mark" */
{
    char        close[20] = ")";
    const char *open = memchr(p, '(', (size_t)(end - p));
    int         mark = open ? (int)(open - p) - 2 : 0;
    if (!open || mark > 16) return end;
    memcpy(close + 1, p + 2, (size_t)mark);
    strcpy(close + 1 + mark, "\"");
    return past(open, end, close);
}

static bool word(char c) { return isalnum((unsigned char)c) || c == '_'; }
static bool begins(const char *p, const char *end, const char *with)
{
    return (size_t)(end - p) >= strlen(with) && !memcmp(p, with, strlen(with));
}

static const char *past_space(const char *p, const char *end)
{
    for (;;) {
        if (p < end && isspace((unsigned char)*p)) p++;
        else if (begins(p, end, "\\\n")) p += 2;
        else if (begins(p, end, "//")) {
            while (p < end && *p != '\n') p += *p == '\\' && p + 1 < end ? 2 : 1;
        } else if (begins(p, end, "/*")) p = past(p + 2, end, "*/");
        else return p;
    }
}

static const char *past_number(const char *p, const char *end)              /* 0x1p-3, 1'000, 2.5e+3f */
{
    for (p++; p < end; p++) {
        bool digit_follows = *p == '\'' && p + 1 < end && word(p[1]);
        bool exponent = (*p == '+' || *p == '-') && strchr("eEpP", p[-1]);
        if (!word(*p) && *p != '.' && !digit_follows && !exponent) break;
    }
    return p;
}

/* One token; *kind says which. p < end. */
static const char *scan(const char *p, const char *end, Kind *kind)
{
    const char *q = past_space(p, end);
    if (q > p) return *kind = SPACE, q;
    if (begins(p, end, "R\"")) return *kind = TEXT, past_raw(p, end);
    if (*p == '"' || *p == '\'') return *kind = TEXT, past_quoted(p, end);
    if (isdigit((unsigned char)*p) || (*p == '.' && p + 1 < end && isdigit((unsigned char)p[1])))
        return *kind = NUMBER, past_number(p, end);
    if (word(*p)) {
        for (*kind = NAME; p < end && word(*p);) p++;
        return p;
    }
    *kind = SIGN;
    return p + (begins(p, end, "<<<") ? 3 : begins(p, end, "::") || begins(p, end, "->") ? 2 : 1);
}

static void tokens_of(Source *s, const char *text, size_t size)
{
    const char *end = text + size;
    int         room = 0, line = 1;
    for (const char *p = text, *next; p < end; p = next) {
        Kind kind;
        next = scan(p, end, &kind);
        if (s->n == room) {
            s->token = realloc(s->token, (size_t)(room = 2 * room + 256) * sizeof *s->token);
            CHECK(s->token, "no memory for the tokens of %s", s->path);
        }
        s->token[s->n++] = (Token){ .kind = kind, .at = p, .size = (int)(next - p), .line = line };
        for (; p < next; p++) line += *p == '\n';
    }
}

/* ---- Looking around ---------------------------------------------------------------------------------------------- */

static bool is(const Source *s, int i, const char *what)
{
    return i >= 0 && i < s->n && (s->token[i].kind == SIGN || s->token[i].kind == NAME) &&
           s->token[i].size == (int)strlen(what) && !memcmp(s->token[i].at, what, strlen(what));
}

static int step(const Source *s, int i, int by)     /* the next token that is no space; -1 or n: there is none */
{
    do i += by;
    while (i >= 0 && i < s->n && s->token[i].kind == SPACE);
    return i;
}

static int depth_change(const Source *s, int i)
{
    if (is(s, i, "(") || is(s, i, "[") || is(s, i, "{")) return 1;
    return is(s, i, ")") || is(s, i, "]") || is(s, i, "}") ? -1 : 0;
}

/* The partner of the closing token i, to its left. -1: none. Brackets within <> count, comparisons there do not. */
static int opening(const Source *s, int i)
{
    bool        angle = is(s, i, ">");
    const char *close = angle ? ">" : is(s, i, ")") ? ")" : "]", *open = angle ? "<" : *close == ')' ? "(" : "[";
    for (int depth = 0; i >= 0; i--) {
        if (is(s, i, close)) depth++;
        else if (is(s, i, open)) {
            if (!--depth) return i;
        } else if (angle && (is(s, i, ")") || is(s, i, "]"))) {
            if ((i = opening(s, i)) < 0) return -1;
        } else if (angle && (is(s, i, ";") || is(s, i, "{") || is(s, i, "}"))) return -1;
    }
    return -1;
}

/* Where the kernel's expression begins that ends at token i: name, name<3>, space::name, table[i], (a ? b : c). */
static int kernel_start(const Source *s, int i)
{
    while (i >= 0) {
        if (is(s, i, ">")) {
            i = step(s, opening(s, i), -1);
            continue;
        }
        bool closing = is(s, i, ")") || is(s, i, "]");
        if (closing) i = opening(s, i);
        else if (s->token[i].kind != NAME) return -1;
        int left = step(s, i, -1);
        if (closing && left >= 0 && (s->token[left].kind == NAME || is(s, left, "]")) && !is(s, left, "return")) {
            i = left;
        } else if (is(s, left, "::") || is(s, left, ".") || is(s, left, "->")) {
            int before = step(s, left, -1);
            bool global = is(s, left, "::") && (before < 0 || (s->token[before].kind != NAME && !is(s, before, ">")));
            if (global || is(s, before, "return")) return left;
            i = before;
        } else return i;
    }
    return -1;
}

/* The first of the three > that end the configuration begun at token i. -1: none. */
static int configuration_end(const Source *s, int i)
{
    for (int depth = 0; i + 2 < s->n; i++) {
        depth += depth_change(s, i);
        if (depth < 0 || is(s, i, ";")) return -1;
        if (!depth && is(s, i, ">") && is(s, i + 1, ">") && is(s, i + 2, ">")) return i;
    }
    return -1;
}

/* ---- Kernels that are known by name ------------------------------------------------------------------------------ */

/* Of a kernel that is one function, and no template's, the compiler can be asked for the parameters' types: arguments
 * are converted to them once, at the launch, as a call does. Of the files rewritten so far. */
typedef struct Known { char *name; int bodies; bool template; } Known;
static Known *known;
static int    n_known;

static Known *known_by(const Source *s, int i, bool add)
{
    const Token *t = &s->token[i];
    for (Known *k = known; k < known + n_known; k++)
        if (strlen(k->name) == (size_t)t->size && !memcmp(k->name, t->at, (size_t)t->size)) return k;
    if (!add) return NULL;
    known = realloc(known, (size_t)(n_known + 1) * sizeof *known);
    CHECK(known, "no memory for the kernels of %s", s->path);
    known[n_known] = (Known){ .name = strndup(t->at, (size_t)t->size) };
    return &known[n_known++];
}

static int closing(const Source *s, int i)      /* the partner of the opening token i, to its right; n: none */
{
    for (int depth = 0; i < s->n; i++)
        if (!(depth += depth_change(s, i))) return i;
    return i;
}

static bool is_template(const Source *s, int i)     /* what is declared around token i: template <..> static void .. */
{
    do i = step(s, i, -1);
    while (i >= 0 && (s->token[i].kind == NAME || s->token[i].kind == TEXT));
    return is(s, i, ">") && is(s, step(s, opening(s, i), -1), "template");
}

static void know_kernels(const Source *s)
{
    for (int i = 0; i < s->n; i++) {
        if (!is(s, i, "__global__")) continue;
        int open = i;
        while (open < s->n && !is(s, open, "(") && !is(s, open, ";") && !is(s, open, "{")) {
            open = step(s, open, 1);
            int name = step(s, open, -1);               /* __launch_bounds__(256) and its like */
            if (is(s, open, "(") && s->token[name].size > 2 && !memcmp(s->token[name].at, "__", 2))
                open = step(s, closing(s, open), 1);
        }
        int name = step(s, open, -1);
        if (!is(s, open, "(") || s->token[name].kind != NAME) continue;
        Known *k = known_by(s, name, true);
        k->template |= is_template(s, i);
        k->bodies += is(s, step(s, closing(s, open), 1), "{");
    }
}

/* Whether the kernel that ends at token i is an expression of one type: one function's name, table[i], (a ? b : c). */
static bool has_one_type(const Source *s, int i)
{
    if (s->token[i].kind != NAME) return is(s, i, "]") || is(s, i, ")");
    const Known *k = known_by(s, i, false);
    return k && !k->template && k->bodies < 2;
}

/* ---- Rewriting --------------------------------------------------------------------------------------------------- */

/* The tokens from..to as one line of text, without comments; fit to stand in a string. */
static char *as_one_line(const Source *s, int from, int to)
{
    char  *text = NULL;
    size_t size;
    FILE  *f = open_memstream(&text, &size);
    CHECK(f, "no memory for a name in %s", s->path);
    for (int i = from; i <= to; i++) {
        const Token *t = &s->token[i];
        if (t->kind == SPACE) fputs(s->token[i - 1].kind == NAME && s->token[i + 1].kind == NAME ? " " : "", f);
        else
            for (int k = 0; k < t->size; k++) fputc(strchr("\"\\\n", t->at[k]) ? '\'' : t->at[k], f);
    }
    fclose(f);
    return text;
}

static char *format(const char *how, const char *a, const char *b)      /* every %s of `how`, at most four: a b a b */
{
    char *text;
    CHECK(asprintf(&text, how, a, b, a, b) >= 0, "no memory to rewrite with");
    return text;
}

/* A macro NULL is the number 0L, and a number forwarded through a template is no pointer. */
static void null_arguments(Source *s, int i)
{
    if (!is(s, i, "(")) return;
    for (int depth = 0; i < s->n; i++) {
        depth += depth_change(s, i);
        if (!depth) return;
        if (is(s, i, "NULL")) s->token[i].instead = strdup("nullptr");
    }
}

static const char *launch(Source *s, int i)
{
    int to = step(s, i, -1), from = to < 0 ? -1 : kernel_start(s, to), close = configuration_end(s, i + 1);
    if (from < 0) return sentence("%s:%d: which kernel is it that <<< launches?", s->path, s->token[i].line);
    if (close < 0) return sentence("%s:%d: no >>> ends this launch", s->path, s->token[i].line);
    char *name = as_one_line(s, from, to);
    bool typed = has_one_type(s, to);
    s->token[from].before = strdup(typed ? "::simt::launcher("
                                         : "::simt::launcher([=](auto &...simt_a) SIMT_NO_HOOKS { ");
    s->token[to].after = strdup(typed ? "," : "(simt_a...); },");
    s->token[i].instead = strdup(" ::simt::configuration(");
    s->token[close].instead = format("), \"%s\")", name, "");
    s->token[close + 1].instead = strdup("");
    s->token[close + 2].instead = strdup("");
    null_arguments(s, step(s, close + 2, 1));
    free(name);
    return NULL;
}

/* extern __shared__ T name[]; with __align__(16), alignas(16), __attribute__((..)), volatile anywhere before name. */
static void dynamic_shared(Source *s, int i, bool in_function)
{
    int  end = i, name = -1;
    bool shared = false;
    for (; end < s->n && !is(s, end, ";") && !is(s, end, "{") && !is(s, end, "="); end++) {
        shared |= is(s, end, "__shared__");
        if (is(s, end, "[") && name < 0) name = step(s, end, -1);
    }
    if (!shared || name <= i || !is(s, end, ";")) return;
    char  *type = NULL, *called = as_one_line(s, name, name);
    size_t size;
    FILE  *f = open_memstream(&type, &size);
    CHECK(f, "no memory for a type in %s", s->path);
    for (int k = step(s, i, 1); k < name; k = step(s, k, 1)) {
        if (is(s, k, "__align__") || is(s, k, "alignas") || is(s, k, "__attribute__")) {
            k = step(s, k, 1);
            for (int depth = depth_change(s, k); depth && k < name; depth += depth_change(s, k)) k++;
        } else if (!is(s, k, "__shared__")) fprintf(f, "%.*s ", s->token[k].size, s->token[k].at);
    }
    fclose(f);
    for (int k = i; k < end; k++) {                 /* the lines stay, the rest goes */
        char *lines = calloc((size_t)s->token[k].size + 1, 1), *to = lines;
        CHECK(lines, "no memory for the lines of %s", s->path);
        for (int c = 0; c < s->token[k].size; c++)
            if (s->token[k].at[c] == '\n') *to++ = '\n';
        s->token[k].instead = lines;
    }
    s->token[i].before = in_function ? format("%s*%s = (%s*)::simt_dynamic()", type, called)
                                     : format("[[maybe_unused]] static const ::simt::Dynamic<%s> %s{}", type, called);
    s->changed = true;
    free(type);
    free(called);
}

static void local_include(Source *s, int i, RewriteInclude *include, void *with)
{
    int name = step(s, step(s, i, 1), 1);
    if (!is(s, step(s, i, 1), "include") || name >= s->n || s->token[name].kind != TEXT) return;
    char       *path = strndup(s->token[name].at + 1, (size_t)s->token[name].size - 2);
    const char *instead = include(with, path);
    if (instead) s->token[name].instead = format("\"%s\"", instead, ""), s->changed = true;
    free(path);
}

/* Which braces are no function's: those of namespaces and of extern "C". */
static bool opens_namespace(const Source *s, int i)
{
    int left = step(s, i, -1);
    if (left >= 0 && s->token[left].kind == TEXT) return is(s, step(s, left, -1), "extern");
    while (left >= 0 && (is(s, left, "::") || (s->token[left].kind == NAME && !is(s, left, "namespace"))))
        left = step(s, left, -1);
    return is(s, left, "namespace");
}

static const char *rewrite_tokens(Source *s, RewriteInclude *include, void *with)
{
    int in_function = 0, brace = 0;                 /* in_function: the depth at which the outermost function's { is */
    for (int i = 0; i < s->n; i++) {
        if (is(s, i, "{")) {
            if (++brace && !in_function && !opens_namespace(s, i)) in_function = brace;
        } else if (is(s, i, "}")) {
            if (brace-- == in_function) in_function = 0;
        } else if (is(s, i, "<<<")) {
            const char *wrong = launch(s, i);
            if (wrong) return wrong;
            s->changed = true;
        } else if (is(s, i, "extern")) dynamic_shared(s, i, in_function);
        else if (is(s, i, "#") && include) local_include(s, i, include, with);
    }
    return NULL;
}

const char *rewrite(FILE *out, const char *path, const char *text, size_t size, RewriteInclude *include, void *with,
                    int *changed)
{
    Source s = { .path = path };
    tokens_of(&s, text, size);
    know_kernels(&s);
    const char *wrong = rewrite_tokens(&s, include, with);
    for (int i = 0; i < s.n; i++) {
        Token *t = &s.token[i];
        if (!wrong) {
            fputs(t->before ? t->before : "", out);
            fwrite(t->instead ? t->instead : t->at, 1, t->instead ? strlen(t->instead) : (size_t)t->size, out);
            fputs(t->after ? t->after : "", out);
        }
        free(t->before);
        free(t->instead);
        free(t->after);
    }
    free(s.token);
    *changed = s.changed;
    return wrong;
}
