/* similar.c -- build/similar: submissions that have too much in common once what everybody was given is taken away. It
 * finds pairs worth reading side by side; it proves nothing.
 *
 *   build/similar [--exercise NAME] [--out FILE.csv] DIR
 *
 * DIR is what make grade-all takes: a folder a learner, with softmax.c in it or a copy of work/.
 *
 * A file becomes tokens: comments go, every name of the learner's own is "a name", so that renaming changes nothing;
 * keywords, numbers and the functions of the contract and the system stay. Every SHORT tokens in a row that the
 * skeleton, the header, the lesson's code or the reference have too are nobody's own, nor are GRAM tokens that more
 * than COMMON submissions and a third of them share: two people who were taught the same loop both write it. What is
 * left, in runs of at least GRAM, is a file's own. Of it counts as shared what lies in a run of at least GRAM that the
 * other file has anywhere: reordering functions changes nothing either. A pair is marked when one file shares MARKED
 * percent of its own, and at least ENOUGH tokens: less is too little to tell. Schleimer, Wilkerson, Aiken, "Winnowing:
 * local algorithms for document fingerprinting", 2003, with every fingerprint kept: the files are small.
 *
 * Debian's sim_c (similarity-tester 3.0.2) finds copies as well, but has no way to take away what was given: between
 * right answers by different algorithms it sees 38 % in common at the median, where this sees none. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cells.h"
#include "check.h"
#include "class.h"
#include "file.h"
#include "source.h"

enum { GRAM = 16, SHORT = 10, COMMON = 10, MARKED = 50, ENOUGH = 48, LONGEST_HEAD = 300 };

typedef struct Token { uint64_t is; int line; } Token;
typedef struct Place { uint64_t gram; int at; } Place;

typedef struct Text {                   /* a file as tokens */
    int      n, room;
    Token   *token;
} Text;

typedef struct Submission {
    char    *learner, *why;             /* why: it cannot be compared */
    Text     text;
    bool    *own;                       /* a flag a token */
    int      n_own, n_before;           /* n_before: with what many share */
    int      in_reference;              /* percent of what is neither given nor taught */
    int      n_places;
    Place   *place;                     /* runs of GRAM own tokens, sorted */
} Submission;

typedef struct Pair { int a, b, of_a, of_b, tokens, run, line_a, line_b, end_a, end_b; } Pair;

typedef struct Exercise {
    char        dir[200];
    Room        room;
    int         n;
    Submission *list;
} Exercise;

static void *more(void *old, size_t bytes)
{
    void *new = realloc(old, bytes ? bytes : 1);
    CHECK(new, "no memory for %zu bytes", bytes);
    return new;
}

static uint64_t hash(uint64_t h, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)text[i]) * 0x100000001b3;       /* FNV-1a */
    return h;
}
#define START 0xcbf29ce484222325

/* ---- Tokens ---------------------------------------------------------------------------------------------------- */

static bool is_keyword(const char *w, size_t n)
{
    static const char all[] = " auto break case char const continue default do double else enum extern float for goto "
                              "if inline int long register restrict return short signed sizeof static struct switch "
                              "typedef union unsigned void volatile while bool size_t include define ";
    char word[40];
    if (n > 30) return false;
    snprintf(word, sizeof word, " %.*s ", (int)n, w);
    return strstr(all, word);
}

static void add(Text *t, uint64_t is, int line)
{
    if (t->n == t->room) t->token = more(t->token, (size_t)(t->room = 2 * t->room + 64) * sizeof *t->token);
    t->token[t->n++] = (Token){ is, line };
}

typedef struct Cutter { const char *at, *end; int line; } Cutter;

static void skip_to(Cutter *c, const char *to)
{
    for (; c->at < to && c->at < c->end; c->at++) c->line += *c->at == '\n';
}

/* Blanks, comments, spliced lines. */
static bool skip_blank(Cutter *c)
{
    const char *from = c->at;
    if (isspace((unsigned char)*c->at) || *c->at == '\\') skip_to(c, c->at + 1);
    else if (c->at[0] == '/' && c->at[1] == '*') {
        const char *end = strstr(c->at + 2, "*/");
        skip_to(c, end ? end + 2 : c->end);
    } else if (c->at[0] == '/' && c->at[1] == '/') skip_to(c, c->at + strcspn(c->at, "\n"));
    return c->at > from;
}

static const char *end_of_literal(const Cutter *c)
{
    const char *p = c->at + 1;
    while (p < c->end && *p != *c->at && *p != '\n') p += *p == '\\' && p + 1 < c->end ? 2 : 1;
    return p < c->end ? p + 1 : c->end;
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80; }

/* A name: a keyword, a function of somebody else's, or just "a name". own: names of functions defined in this text. */
static uint64_t name_token(const char *w, size_t n, const char *after, const char *const *own, int n_own)
{
    if (is_keyword(w, n)) return hash(START, w, n);
    while (*after == ' ') after++;
    if (*after != '(') return 1;
    for (int i = 0; i < n_own; i++)
        if (strlen(own[i]) == n && !memcmp(own[i], w, n)) return 1;
    return hash(START, w, n);
}

/* Does the text call or declare this function? */
static bool names_function(const char *text, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = text; p && (p = strstr(p, name)); p += n)
        if ((p == text || !is_word(p[-1])) && p[n + strspn(p + n, " ")] == '(') return true;
    return false;
}

/* The learner's helpers: static functions that nothing given names. */
static int own_functions(const char *text, const char *given, const char **own, int most)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, "static ")) && n < most; p++) {
        const char *open = p;
        while (open < p + LONGEST_HEAD && *open && !strchr("(;={", *open)) open++;
        const char *end = open;
        if (*open != '(') continue;
        while (end > p && !is_word(end[-1])) end--;
        const char *from = end;
        while (from > p && is_word(from[-1])) from--;
        char *name = strndup(from, (size_t)(end - from));
        CHECK(name, "no memory for a name");
        if (*name && !names_function(given, name)) own[n++] = name;
        else free(name);
    }
    return n;
}

static void cut(Text *t, const char *text, size_t size, const char *given)
{
    enum { MOST = 100 };
    const char *own[MOST];
    int         n_own = own_functions(text, given, own, MOST);
    Cutter      c = { text, text + size, 1 };
    while (c.at < c.end) {
        if (skip_blank(&c)) continue;
        const char *from = c.at, *to = c.at + 1;
        int         line = c.line;
        if (*from == '"' || *from == '\'') add(t, *from == '"' ? 2 : 3, line), to = end_of_literal(&c);
        else if (is_word(*from)) {
            while (to < c.end && (is_word(*to) || (isdigit((unsigned char)*from) && *to == '.'))) to++;
            add(t, isdigit((unsigned char)*from) ? hash(START, from, (size_t)(to - from))
                                                 : name_token(from, (size_t)(to - from), to, own, n_own), line);
        } else add(t, hash(START, from, 1), line);
        skip_to(&c, to);
    }
    for (int i = 0; i < n_own; i++) free((void *)own[i]);
}

static uint64_t gram_at(const Text *t, int at, int k)
{
    uint64_t h = START;
    for (int i = at; i < at + k; i++) h = hash(h, (const char *)&t->token[i].is, sizeof t->token[i].is);
    return h;
}

/* ---- Sets of fingerprints: sorted arrays ----------------------------------------------------------------------- */

typedef struct Set { int n; uint64_t *all; } Set;

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void set_add_text(Set *s, const Text *t, int k)
{
    for (int i = 0; i + k <= t->n; i++) {
        s->all = more(s->all, (size_t)(s->n + 1) * sizeof *s->all);
        s->all[s->n++] = gram_at(t, i, k);
    }
}

static bool set_has(const Set *s, uint64_t gram)
{
    return s->n && bsearch(&gram, s->all, (size_t)s->n, sizeof gram, by_number);
}

/* Tokens that lie in a run of k which the set has lose their flag. */
static void take_away(const Text *t, bool *own, const Set *s, int k)
{
    for (int i = 0; i + k <= t->n; i++)
        if (set_has(s, gram_at(t, i, k))) memset(own + i, 0, (size_t)k);
}

static int count_flags(const bool *flag, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) sum += flag[i];
    return sum;
}

/* ---- What was given -------------------------------------------------------------------------------------------- */

typedef struct Given { char *words; Set taught, reference; } Given;

/* Of a lesson only what stands in fenced or indented code; the rest becomes blanks. */
static void keep_code(char *text)
{
    bool fenced = false;
    for (char *line = text; *line;) {
        size_t n = strcspn(line, "\n");
        bool   fence = !strncmp(line, "```", 3);
        if (fence) fenced = !fenced;
        if (fence || (!fenced && strncmp(line, "    ", 4))) memset(line, ' ', n);
        line += n + (line[n] == '\n');
    }
}

static void give(Given *g, Set *s, char *text, size_t size)
{
    Text t = { 0 };
    cut(&t, text, size, text);
    set_add_text(s, &t, SHORT);
    free(t.token);
    if (s != &g->taught) return;
    size_t before = g->words ? strlen(g->words) : 0;
    g->words = more(g->words, before + size + 1);
    memcpy(g->words + before, text, size);
    g->words[before + size] = 0;
}

static void give_file(Given *g, Set *s, const char *format, const Exercise *e, bool lesson)
{
    char      path[400];
    FileBytes b;
    snprintf(path, sizeof path, format, e->dir, e->room.name);
    if (file_read(path, &b)) return;    /* a copy for learners has no reference */
    if (lesson) keep_code((char *)b.data);
    give(g, s, (char *)b.data, strlen((char *)b.data));
    free(b.data);
}

static void give_skeleton(Given *g, const Exercise *e)
{
    char   command[600], *text = NULL, part[4096];
    size_t size = 0;
    snprintf(command, sizeof command, "awk -f grading/skeleton.awk '%s/%s.%s' 2>/dev/null", e->dir, e->room.name,
             source_ending(e->dir, e->room.name));
    FILE *f = popen(command, "r");
    for (size_t n; f && (n = fread(part, 1, sizeof part, f)) > 0; size += n) {
        text = more(text, size + n + 1);
        memcpy(text + size, part, n);
        text[size + n] = 0;
    }
    if (f) pclose(f);
    if (text) give(g, &g->taught, text, size);
    free(text);
}

static void read_given(Given *g, const Exercise *e)
{
    *g = (Given){ 0 };
    give_skeleton(g, e);
    give_file(g, &g->taught, "%s/%s.h", e, false);
    give_file(g, &g->taught, "%s/README.md", e, true);
    give_file(g, &g->reference, strcmp(source_ending(e->dir, e->room.name), "cu") ? "%s/%s.c" : "%s/%s.cu", e, false);
    qsort(g->taught.all, (size_t)g->taught.n, sizeof *g->taught.all, by_number);
    qsort(g->reference.all, (size_t)g->reference.n, sizeof *g->reference.all, by_number);
}

/* ---- Submissions ----------------------------------------------------------------------------------------------- */

static char *copy(const char *text)
{
    char *new = strdup(text);
    CHECK(new, "no memory for a text");
    return new;
}

static void read_submission(Submission *s, const char *path, const Given *g)
{
    FileBytes   b;
    const char *wrong = file_read(path, &b);
    if (wrong) {
        s->why = copy(wrong);
        return;
    }
    for (size_t i = 0; i < b.size; i++) if (!b.data[i]) b.data[i] = ' ';
    cut(&s->text, (char *)b.data, b.size, g->words);
    free(b.data);
    s->own = more(NULL, (size_t)s->text.n);
    memset(s->own, 1, (size_t)s->text.n);
    take_away(&s->text, s->own, &g->taught, SHORT);
    int before = count_flags(s->own, s->text.n);
    take_away(&s->text, s->own, &g->reference, SHORT);
    s->in_reference = before ? 100 * (before - count_flags(s->own, s->text.n)) / before : 0;
}

static Submission *add_submission(Exercise *e, const char *learner, const char *why)
{
    e->list = more(e->list, (size_t)(e->n + 1) * sizeof *e->list);
    e->list[e->n] = (Submission){ .learner = copy(learner), .why = why ? copy(why) : NULL };
    return &e->list[e->n++];
}

/* What make grade-all would grade is what is compared, refused for the same reasons. */
static void take_submission(Exercise *e, const char *place, const char *learner, int folder, const Given *g)
{
    char work[500], path[900], why[300] = "";
    snprintf(work, sizeof work, "%s/tmp/%d", place, e->n);
    mkdir(work, 0755);
    switch (take(folder, &e->room, work, why, sizeof why)) {
    case NOT_HANDED_IN: break;
    case REFUSED:
    case UNREADABLE: add_submission(e, learner, why); break;
    case TAKEN:
        snprintf(path, sizeof path, "%s/%s/%s.%s", work, e->dir, e->room.name, source_ending(e->dir, e->room.name));
        read_submission(add_submission(e, learner, NULL), path, g);
    }
    remove_tree(work);
}

static int not_hidden(const struct dirent *d) { return d->d_name[0] != '.'; }

static const char *find_submissions(Exercise *e, const char *place, const char *dir, const Given *g)
{
    struct dirent **all;
    int n = scandir(dir, &all, not_hidden, alphasort);
    if (n < 0) return sentence("%s: %s", dir, strerror(errno));
    for (int i = 0; i < n; free(all[i++])) {
        struct stat st;
        char *path;
        if (asprintf(&path, "%s/%s", dir, all[i]->d_name) < 0) CHECK(0, "no memory for a path");
        if (lstat(path, &st)) memset(&st, 0, sizeof st);
        int folder = S_ISDIR(st.st_mode) ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        if (folder >= 0) take_submission(e, place, all[i]->d_name, folder, g), close(folder);
        else if (S_ISDIR(st.st_mode)) add_submission(e, all[i]->d_name, strerror(errno));
        else if (S_ISLNK(st.st_mode)) add_submission(e, all[i]->d_name, "a link, not a folder");
        free(path);
    }
    free(all);
    return NULL;
}

/* ---- What many share ------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    return x->gram != y->gram ? (x->gram > y->gram) - (x->gram < y->gram) : x->at - y->at;
}

/* Runs of GRAM tokens that are all the learner's own; what lies in none is too short to be compared. */
static void find_places(Submission *s)
{
    s->n_places = s->n_own = 0;
    for (int i = 0, run = 0; i < s->text.n; i++) {
        run = s->own[i] ? run + 1 : 0;
        if (run < GRAM) continue;
        s->n_own += run == GRAM ? GRAM : 1;
        s->place = more(s->place, (size_t)(s->n_places + 1) * sizeof *s->place);
        s->place[s->n_places++] = (Place){ gram_at(&s->text, i - GRAM + 1, GRAM), i - GRAM + 1 };
    }
    if (s->n_places) qsort(s->place, (size_t)s->n_places, sizeof *s->place, by_place);
}

static void forget_what_many_share(Exercise *e)
{
    Set all = { 0 }, many = { 0 };
    int limit = e->n / 3 > COMMON ? e->n / 3 : COMMON;
    for (int i = 0; i < e->n; i++) {
        Submission *s = &e->list[i];
        find_places(s);
        s->n_before = s->n_own;
        all.all = more(all.all, (size_t)(all.n + s->n_places) * sizeof *all.all);
        for (int k = 0; k < s->n_places; k++)       /* once a file */
            if (!k || s->place[k].gram != s->place[k - 1].gram) all.all[all.n++] = s->place[k].gram;
    }
    if (all.n) qsort(all.all, (size_t)all.n, sizeof *all.all, by_number);
    many.all = more(NULL, (size_t)all.n * sizeof *many.all);
    for (int i = 0, run = 1; i < all.n; i++) {
        run = i && all.all[i] == all.all[i - 1] ? run + 1 : 1;
        if (run == limit + 1) many.all[many.n++] = all.all[i];
    }
    for (int i = 0; i < e->n && many.n; i++) {
        Submission *s = &e->list[i];
        take_away(&s->text, s->own, &many, GRAM);
        find_places(s);
    }
    free(all.all), free(many.all);
}

/* ---- Pairs ----------------------------------------------------------------------------------------------------- */

static int percent(const bool *flag, const Submission *s, int *tokens)
{
    int shared = 0;
    for (int i = 0; i < s->text.n; i++) shared += flag[i] && s->own[i];
    if (shared > *tokens) *tokens = shared;
    return s->n_own ? 100 * shared / s->n_own : 0;
}

static void longest_run(Pair *p, const Submission *a, const Submission *b, int i, int k)
{
    int n = 0;
    while (i + n < a->text.n && k + n < b->text.n && a->text.token[i + n].is == b->text.token[k + n].is) n++;
    if (n <= p->run) return;
    *p = (Pair){ p->a, p->b, p->of_a, p->of_b, p->tokens, n, a->text.token[i].line, b->text.token[k].line,
                 a->text.token[i + n - 1].line, b->text.token[k + n - 1].line };
}

/* Inside a run, and not where it begins: a long run is measured once. */
static bool follows(const Submission *a, const Submission *b, int i, int k)
{
    return i && k && a->own[i - 1] && b->own[k - 1] && a->text.token[i - 1].is == b->text.token[k - 1].is;
}

static void compare(Pair *p, const Submission *a, const Submission *b, bool *in_a, bool *in_b)
{
    memset(in_a, 0, (size_t)a->text.n);
    memset(in_b, 0, (size_t)b->text.n);
    for (int i = 0, k = 0; i < a->n_places && k < b->n_places;) {
        const Place *x = &a->place[i], *y = &b->place[k];
        if (x->gram < y->gram) i++;
        else if (x->gram > y->gram) k++;
        else {
            if (!p->run || !follows(a, b, x->at, y->at)) longest_run(p, a, b, x->at, y->at);
            for (; i < a->n_places && a->place[i].gram == x->gram; i++) memset(in_a + a->place[i].at, 1, GRAM);
            for (; k < b->n_places && b->place[k].gram == y->gram; k++) memset(in_b + b->place[k].at, 1, GRAM);
        }
    }
    p->of_a = percent(in_a, a, &p->tokens);
    p->of_b = percent(in_b, b, &p->tokens);
}

static int score(const Pair *p) { return p->of_a > p->of_b ? p->of_a : p->of_b; }
static bool marked(const Pair *p) { return score(p) >= MARKED && p->tokens >= ENOUGH; }

static int by_score(const void *x, const void *y)
{
    const Pair *a = x, *b = y;
    if (marked(a) != marked(b)) return marked(b) - marked(a);
    if (score(a) != score(b)) return score(b) - score(a);
    return a->a != b->a ? a->a - b->a : a->b - b->b;
}

/* Pairs that share anything, the worst first. */
static int find_pairs(const Exercise *e, Pair **out)
{
    int   n = 0, most = 1;
    Pair *all = NULL;
    for (int i = 0; i < e->n; i++) if (e->list[i].text.n > most) most = e->list[i].text.n;
    bool *in_a = more(NULL, (size_t)most), *in_b = more(NULL, (size_t)most);
    for (int a = 0; a < e->n; a++)
        for (int b = a + 1; b < e->n; b++) {
            Pair p = { .a = a, .b = b };
            compare(&p, &e->list[a], &e->list[b], in_a, in_b);
            if (!p.tokens) continue;
            all = more(all, (size_t)(n + 1) * sizeof *all);
            all[n++] = p;
        }
    free(in_a), free(in_b);
    if (n) qsort(all, (size_t)n, sizeof *all, by_score);
    *out = all;
    return n;
}

/* ---- Report ---------------------------------------------------------------------------------------------------- */

static void csv_pair(FILE *f, const Exercise *e, const Pair *p)
{
    const Submission *a = &e->list[p->a], *b = &e->list[p->b];
    csv_cell(f, e->room.name), fputc(',', f);
    csv_cell(f, a->learner), fputc(',', f);
    csv_cell(f, b->learner);
    fprintf(f, ",%s,%d,%d,%d,\"%d-%d\",\"%d-%d\",", marked(p) ? "yes" : "no", p->of_a, p->of_b, p->tokens, p->line_a,
            p->end_a, p->line_b, p->end_b);
    csv_cell(f, ""), fputs("\r\n", f);
}

static void csv_one(FILE *f, const Exercise *e, const Submission *s, const char *remark)
{
    csv_cell(f, e->room.name), fputc(',', f);
    csv_cell(f, s->learner), fputs(",\"\",no,,,,,,", f);
    csv_cell(f, remark), fputs("\r\n", f);
}

static void report(FILE *csv, const Exercise *e, const Pair *pair, int n)
{
    enum { SHOWN = 20 };
    int shown = 0, few = 0, like = 0, many = 0;
    for (int i = 0; i < n; i++) shown += marked(&pair[i]);
    printf("%s: %d submission%s, %d pair%s to read side by side\n", e->dir, e->n, e->n == 1 ? "" : "s", shown,
           shown == 1 ? "" : "s");
    for (int i = 0; i < n; i++) {
        const Pair *p = &pair[i];
        csv_pair(csv, e, p);
        if (!marked(p) || i >= SHOWN) continue;
        printf("  %3d %%  ", score(p));
        plain_text(stdout, e->list[p->a].learner), printf(":%d-%d  ", p->line_a, p->end_a);
        plain_text(stdout, e->list[p->b].learner), printf(":%d-%d  %d tokens\n", p->line_b, p->end_b, p->tokens);
    }
    if (shown > SHOWN) printf("  ... and %d more (OUT=file.csv has them all)\n", shown - SHOWN);
    for (int i = 0; i < e->n; i++) {
        const Submission *s = &e->list[i];
        char remark[80] = "";
        if (s->why) {
            printf("  not compared: "), plain_text(stdout, s->learner);
            printf(": "), plain_text(stdout, s->why), putchar('\n');
        } else if (s->in_reference >= 90) like++, snprintf(remark, sizeof remark, "%d %% is as in the reference",
                                                          s->in_reference);
        else if (s->n_own < ENOUGH && s->n_before >= ENOUGH)
            many++, snprintf(remark, sizeof remark, "nearly all of it stands in many others too");
        else if (s->n_own < ENOUGH) few++, snprintf(remark, sizeof remark, "too little of its own to tell");
        if (s->why || *remark) csv_one(csv, e, s, s->why ? s->why : remark);
    }
    if (like) printf("  %d written nearly as the reference is\n", like);
    if (many) printf("  %d have nearly all in common with many others: one source, or one way to write it\n", many);
    if (few) printf("  %d with too little of their own to tell\n", few);
}

static const char *one_exercise(FILE *csv, Exercise *e, const char *place, const char *dir)
{
    Given       g;
    Pair       *pair = NULL;
    read_given(&g, e);
    const char *wrong = find_submissions(e, place, dir, &g);
    if (!wrong && e->n) {
        forget_what_many_share(e);
        int n = find_pairs(e, &pair);
        report(csv, e, pair, n);
    }
    free(g.words), free(g.taught.all), free(g.reference.all), free(pair);
    return wrong;
}

static void forget(Exercise *e)
{
    for (int i = 0; i < e->n; i++) {
        Submission *s = &e->list[i];
        free(s->learner), free(s->why), free(s->text.token), free(s->own), free(s->place);
    }
    free(e->list);
}

static const char *every_exercise(FILE *csv, const char *only, const char *dir)
{
    const char *wrong = NULL;
    int         compared = 0;
    glob_t      g;
    const char *place = class_begin();
    if (!place) return sentence("no folder for work in progress can be made: %s", strerror(errno));
    if (glob("stage*/*/test_*.c", 0, NULL, &g)) return "no exercise is here: run it in the root of the repository";
    fputs("exercise,learner,other,marked,% of own,% of the other's,tokens,lines,other's lines,remark\r\n", csv);
    for (size_t i = 0; i < g.gl_pathc && !wrong; i++) {
        const char *base = strrchr(g.gl_pathv[i], '/');
        Exercise    e = { 0 };
        snprintf(e.dir, sizeof e.dir, "%.*s", (int)(base - g.gl_pathv[i]), g.gl_pathv[i]);
        if (!room_of(e.dir, &e.room) || (only && strcmp(only, e.room.name))) continue;
        wrong = one_exercise(csv, &e, place, dir);
        compared += e.n;
        forget(&e);
    }
    globfree(&g);
    if (!wrong && !compared)
        return sentence("%s: no submission%s%s: DIR holds a folder a learner, with NAME.c or a copy of work/ in it",
                        dir, only ? " of " : "", only ? only : "");
    return wrong;
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "exercise", 1, NULL, 'e' }, { "out", 1, NULL, 'o' }, { 0 } };
    const char *only = NULL, *out = NULL;
    char       *text = NULL;            /* first into memory: a bad call leaves the old file */
    size_t      size = 0;
    FileWriter  w;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'e') only = optarg;
        else if (c == 'o') out = optarg;
        else return 2;
    }
    if (optind + 1 != argc || !*argv[optind]) {
        fprintf(stderr, "make similar DIR=submissions [EX=name] [OUT=similar.csv]\n");
        return 2;
    }
    FILE *csv = open_memstream(&text, &size);
    CHECK(csv, "no memory for a table");
    const char *wrong = every_exercise(csv, only, argv[optind]);
    class_end();
    fclose(csv);
    if (!wrong && out && !(wrong = file_open(&w, out))) {
        fwrite(text, 1, size, w.f);
        wrong = file_close(&w, true);
    }
    free(text);
    if (!wrong && fflush(stdout)) wrong = sentence("the output cannot be written: %s", strerror(errno));
    if (wrong) plain_text(stderr, wrong), putc('\n', stderr);
    return wrong ? 1 : 0;
}
