/* report.c -- what a learner reads: 80 columns, the first root cause, what to do next; and the same as grade.json. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "grade.h"
#include "launch.h"

enum { COLUMNS = 80, FORMAT = 1 };

static bool is(const char *a, const char *b) { return !strcmp(a, b); }

/* ---- Words ----------------------------------------------------------------------------------------------------- */

static bool coloured(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(1) && !(no && *no) && !(term && is(term, "dumb"));
}

/* The word is padded before it is coloured, so that the text is the same either way. */
static void print_state(const char *state, int width)
{
    const char *colour = is(state, "PASS")                                                ? "32"
                         : is(state, "TODO") || is(state, "BLOCKED") || is(state, "SKIP") ? "33"
                                                                                          : "31";
    if (coloured()) printf("\033[%sm%-*s\033[0m", colour, width, state);
    else printf("%-*s", width, state);
}

/* Words at most 80 columns wide, each line indented; newlines in the text stay. */
static void print_wrapped(const char *indent, const char *text)
{
    size_t at = 0;
    while (*text) {
        size_t n = strcspn(text, " \n"), most = COLUMNS - strlen(indent);
        if (n > most) n = most;                         /* a word that no line holds is broken */
        if (at && at + 1 + n > COLUMNS) printf("\n"), at = 0;
        if (n) {
            at += (size_t)printf("%s%.*s", at ? " " : indent, (int)n, text);
            text += n;
        }
        if (*text == '\n' && at) printf("\n"), at = 0;
        if (*text) text++;
    }
    if (at) printf("\n");
}

static const char *points(double p)
{
    static char text[4][24];
    static int  turn;
    char *out = text[turn = (turn + 1) % 4];
    double shown = (long)(p * 10 + 1e-6) / 10.0;        /* rounded down: 100 is all */
    snprintf(out, 24, shown == (long)shown ? "%.0f" : "%.1f", shown);
    return out;
}

static const char *get(const Check *c, const char *key)
{
    const char *text = c ? json_string_value(json_object_get(c->report, key)) : NULL;
    return text ? text : "";
}

/* addr2line's lines about some addresses. */
static char *ask_for_lines(const char *program, const char *options, const long long *frames, int n)
{
    char   numbers[1000];
    size_t at = 0;
    *numbers = 0;
    for (int i = 0; i < n && at < sizeof numbers - 40; i++)
        at += (size_t)snprintf(numbers + at, sizeof numbers - at, " %#llx", frames[i]);
    return n ? look_into(program, "addr2line %s -e '%s' %s", options, program, numbers) : strdup("");
}

/* The first of some addresses that lies in the learner's file: "work/x.c:27"; empty when none does. */
const char *locate(const Exercise *e, const char *program, const long long *frames, int n, char *out, size_t size)
{
    char *text = ask_for_lines(program, "", frames, n), *own = strstr(text, e->source);
    if (own) own[strcspn(own, " \n")] = 0;
    snprintf(out, size, "%s", own ? own : "");
    free(text);
    return out;
}

/* ---- Head ------------------------------------------------------------------------------------------------------ */

void report_head(const Toolchain *t, const Options *o)
{
    printf("course%s%s · %s · %s\n", *t->version ? " " : "", t->version, t->compiler, launch_level(0));
    if (o->step) printf("only the step %s; work/grade.json keeps the last full grading\n", o->step);
    fflush(stdout);
}

/* On a terminal, while the sanitizers and valgrind run, which takes seconds; gone before the report. */
void report_waiting(const Exercise *e, bool waits)
{
    const char *term = getenv("TERM");
    if (!isatty(2) || (term && is(term, "dumb"))) return;
    if (waits) fprintf(stderr, "%s: every probe passes; now %s ...", e->name,
                   e->gpu ? "the emulator looks at each access" : "the sanitizers and the instructions");
    else fprintf(stderr, "\r\033[K");
}

static bool complete(const Exercise *e) { return !*e->state && e->points >= e->of - 1e-6; }
static bool begun(const Exercise *e)    { return !access(e->source, F_OK); }

/* ---- Steps ----------------------------------------------------------------------------------------------------- */

static void print_step(const Step *s, bool start)
{
    char got[40], note[60];
    snprintf(got, sizeof got, "%s/%s", points(s->correctness + s->robustness + s->performance), points(s->of));
    if (is(s->state, "TODO"))
        snprintf(note, sizeof note, "line %d", (int)json_integer_value(json_object_get(s->first->report, "line")));
    else if (s->passed < s->n)
        snprintf(note, sizeof note, "%d/%d%s", s->passed, s->n, s->passed && !s->counted ? " unearned" : " probes");
    else if (s->ratio > 0 && s->performance > 0) snprintf(note, sizeof note, "%d probes, %.2fx", s->n, s->ratio);
    else snprintf(note, sizeof note, "%d probe%s", s->n, s->n == 1 ? "" : "s");
    printf("  %-30s ", s->name);
    print_state(s->state, 11);
    printf("%-9s %s%s\n", is(s->kind, "none") ? "no points" : got, note, start ? " <- start" : "");
}

/* Two lists of at most 16 numbers, one above the other; a row of a matrix to a line where that fits. */
static void print_beside(const char *want, const char *got, int row)
{
    enum { MOST = 16, CELL = 24 };
    char   cell[2][MOST][CELL];
    int    n = 0, width = 0;
    for (; n < MOST && *want && *got; n++)
        for (int k = 0; k < 2; k++) {
            const char **text = k ? &got : &want;
            int length = (int)strcspn(*text, " ");
            snprintf(cell[k][n], CELL, "%.*s", length, *text);
            if (length > width) width = length;
            *text += length + ((*text)[length] == ' ');
        }
    int fit = (COLUMNS - 12) / (width + 1), per = row > 1 && row < fit ? row : fit;
    for (int from = 0; from < n; from += per)
        for (int k = 0; k < 2; k++) {
            printf("    %-8s", k ? "got" : "expected");
            for (int i = from; i < n && i < from + per; i++) printf(" %*s", width, cell[k][i]);
            printf("\n");
        }
}

static void print_values(const Check *c)
{
    const char *want = get(c, "all_expected"), *got = get(c, "all_got"), *shape = get(c, "shape");
    const char *last = strrchr(shape, ',');
    json_t *inputs = json_object_get(c->report, "inputs"), *one;
    size_t  i;
    json_array_foreach(inputs, i, one)
        print_wrapped("    ", json_string_value(one));
    if (strchr(want, ' ')) print_beside(want, got, last ? atoi(last + 1) : 0);
}

/* name.step, or the name alone where the line would be too long: the seed leads to the same case. */
static void print_command(const char *what, const Exercise *e, const Step *s, uint64_t seed)
{
    char line[300], tail[40] = "";
    if (seed) snprintf(tail, sizeof tail, " SEED=%#llx", (unsigned long long)seed);
    snprintf(line, sizeof line, "    %-7s make %s EX=%s.%s%s", what, is(what, "repeat") ? "grade" : what, e->name,
             s->name, tail);
    if (strlen(line) > COLUMNS)
        snprintf(line, sizeof line, "    %-7s make %s EX=%s%s", what, is(what, "repeat") ? "grade" : what, e->name,
                 tail);
    printf("%s\n", line);
}

/* The learner's own functions among some addresses, inlined ones too, from the innermost out: "line work/x.c:28 in
 * helper", "from work/x.c:40 in softmax". A recursion is told once. false: none of them is the learner's. */
static bool print_stack(const Exercise *e, const long long *frames, int n)
{
    enum { MOST = 4 };
    char  program[400], place[500], shown[MOST][400];
    int   lines = 0;
    snprintf(program, sizeof program, "build/mine/%s/worker", e->dir);
    char *text = ask_for_lines(program, "-f -i", frames, n), *rest = text;
    for (char *name, *at; lines < MOST && (name = strsep(&rest, "\n")) && (at = strsep(&rest, "\n"));) {
        char *own = strstr(at, e->source), head[400];
        bool  again = false;
        if (!own) continue;
        own[strcspn(own, " ")] = 0;
        name[strcspn(name, ".")] = 0;                   /* gcc's copies: helper.part.0 */
        snprintf(head, sizeof head, "%.250s in %.100s", own, name);
        for (int i = 0; i < lines; i++) again |= is(head, shown[i]);
        if (again) continue;
        memcpy(shown[lines], head, sizeof head);
        snprintf(place, sizeof place, "    %-7s %s", lines++ ? "from" : "line", head);
        if (strlen(place) > COLUMNS) *strrchr(place, ' ') = 0, *strrchr(place, ' ') = 0;
        printf("%s\n", place);
    }
    free(text);
    return lines > 0;
}

/* Where in work/: the line that crashed and who called it, the TODO, else the function. */
static void print_line(const Exercise *e, const Step *s)
{
    const Check *c = s->first;
    json_t *frames = json_object_get(c->report, "frames");
    long long frame[16];
    int n = (int)json_array_size(frames) < 16 ? (int)json_array_size(frames) : 16;
    for (int i = 0; i < n; i++) /* return addresses lie behind the call, but for the first two */
        frame[i] = json_integer_value(json_array_get(frames, (size_t)i)) - (i > 2);
    int line = is(c->verdict, "TODO") ? (int)json_integer_value(json_object_get(c->report, "line")) : s->line;
    if (!print_stack(e, frame, n) && line) printf("    line    %s:%d\n", e->source, line);
}

static void print_wrong_value(const Check *c)
{
    char line[500], rest[120] = "";
    if (is(get(c, "tolerance"), "0.0e+00")) snprintf(rest, sizeof rest, "   exactly");
    else if (!is(get(c, "error"), "nan") && !is(get(c, "error"), "inf"))
        snprintf(rest, sizeof rest, "   error %s > %s", get(c, "error"), get(c, "tolerance"));
    snprintf(line, sizeof line, "    %-8s expected %s   got %s%s", get(c, "place"), get(c, "expected"), get(c, "got"),
             rest);
    if (strlen(line) > COLUMNS) print_wrapped("    ", line);
    else printf("%s\n", line);
    print_values(c);
}

/* What the learner's code printed. Twelve trials print it twelve times: a run of equal lines is shown once. */
static void print_printed(const char *text)
{
    char line[1300];
    printf("    it printed:\n");
    for (const char *p = text, *next; *p; p = next) {
        int n = (int)strcspn(p, "\n"), times = 1;
        for (next = p + n + (p[n] == '\n'); !strncmp(next, p, (size_t)n + 1) && *next; next += n + (next[n] == '\n'))
            times++;
        int at = snprintf(line, sizeof line, "%.*s", n, p);
        if (times > 1) snprintf(line + at, sizeof line - (size_t)at, "   (%d times)", times);
        print_wrapped("      ", line);
    }
}

/* What the system calls it is no help to who has not met it. */
static const char *signal_in_words(const char *text)
{
    if (is(text, "Floating point exception")) return "an integer was divided by zero";
    if (is(text, "Aborted")) return "abort() was called: by the code itself, or by malloc and free, which found memory "
                                    "broken or freed that was not theirs";
    if (is(text, "Illegal instruction")) return "the compiler put a trap where the code can only be wrong";
    return "";
}

/* TODO and BUILD need no more than a line; a wrong value is shown with its case. */
static void explain(const Exercise *e, const Step *s, const Options *o)
{
    const Check *c = s->first;
    const char  *shape = get(c, "shape");
    char head[400], text[1400];
    int at = snprintf(head, sizeof head, "%s · probe %s · seed %#llx, trial %d", s->name, c->name,
                      (unsigned long long)o->seed, (int)json_integer_value(json_object_get(c->report, "trial")));
    if (*shape && !is(shape, "1")) snprintf(head + at, sizeof head - (size_t)at, " · %s (%s)", get(c, "name"), shape);
    printf("\n");
    print_wrapped("", head);
    if (*get(c, "place")) print_wrong_value(c);
    const char *words = signal_in_words(get(c, "text"));
    snprintf(text, sizeof text, "%s%s%s%s%s", is(c->verdict, "WRONG") ? "" : c->verdict,
             is(c->verdict, "WRONG") ? "" : ": ", get(c, "text"), *words ? ": " : "", words);
    if (e->gpu) {
        char program[300];
        name_places(e, variant_program(e, "", false, program, sizeof program), text, sizeof text);
    }
    if (*get(c, "text")) print_wrapped("    ", text);
    if (*s->found && !strstr(text, "block (")) {        /* a crash in a kernel has been told in those words */
        snprintf(text, sizeof text, "check mode: %s", s->found);
        print_wrapped("    ", text);
    }
    if (*s->message) print_wrapped("    ", s->message);
    else if (*get(c, "relation")) print_wrapped("    ", get(c, "relation"));
    if (e->printed_by == s) print_printed(e->printed);
    print_line(e, s);
    if (!is(c->verdict, "TODO") && !is(c->verdict, "BUILD")) {
        print_command("repeat", e, s, o->seed);
        print_command("debug", e, s, o->seed);
    }
    print_command("hint", e, s, 0);
}

/* AddressSanitizer's names for what it found; use-after-poison is how it sees the ends of a probe's buffer. */
static const char *in_words(const char *complaint)
{
    static const struct { const char *name, *words; } KNOWN[] = {
        { "use-after-poison", "an element before or behind an array" },
        { "stack-buffer-overflow", "an element behind a local array" },
        { "stack-buffer-underflow", "an element before a local array" },
        { "global-buffer-overflow", "an element behind a static array" },
        { "heap-buffer-overflow", "an element before or behind what malloc gave" },
        { "heap-use-after-free", "memory that had been freed" },
        { "double-free", "memory that was freed twice" },
        { "stack-overflow", "more of the stack than there is: does a function call itself for ever?" },
        { "requested", "a gigabyte or more of memory" },
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (!strncmp(complaint, KNOWN[i].name, strlen(KNOWN[i].name))) return KNOWN[i].words;
    return NULL;
}

/* Folders of kind gpu: what check mode found and counted, and the known mistake behind it. */
static void print_checked(const Exercise *e)
{
    int  clean = 0, n = 0;
    bool full = true;
    char line[900];
    for (int i = 0; i < e->n_steps; i++) clean += e->step[i].clean, n += e->step[i].n;
    if (clean == n) snprintf(line, sizeof line, "robustness: check mode finds nothing to say");
    else
        snprintf(line, sizeof line, "robustness: %d of %d probes clean in check mode; %s%s%s", clean, n,
                 e->sanitized_probe, *e->sanitized_probe ? ": " : "", e->sanitizer);
    print_wrapped("  ", line);
    for (int i = 0; i < e->n_steps; i++) {
        const Step *s = &e->step[i];
        if (!*s->counter) continue;
        snprintf(line, sizeof line, "performance of %s: %s", s->name, s->counter);
        print_wrapped("  ", line);
        full = false;
    }
    if (*e->uncounted) print_wrapped("  ", "performance: none, for the same reason");
    else if (full) print_wrapped("  ", "performance: what the emulator counts is at most 1.5 times the reference's");
    for (int i = 0; i < e->n_steps; i++)
        if (*e->step[i].message && !e->step[i].first) {
            snprintf(line, sizeof line, "%.60s: %.800s", e->step[i].name, e->step[i].message);
            print_wrapped("  ", line);
        }
    if (e->seconds_extra > 0)
        printf("  (%.1f s for these two; they wait until every probe passes)\n", e->seconds_extra);
}

static void print_sanitizer(const Exercise *e)
{
    int clean = 0, n = 0;
    char line[900], complaint[600];
    const char *words = in_words(e->sanitizer), *where = strstr(e->sanitizer, " in work/");
    snprintf(complaint, sizeof complaint, "%s%s", words ? words : e->sanitizer, words && where ? where : "");
    for (int i = 0; i < e->n_steps; i++) clean += e->step[i].clean, n += e->step[i].n;
    if (!*e->sanitizer || clean == n)
        snprintf(line, sizeof line, "robustness: %s",
                 *e->sanitizer ? complaint : "address and undefined-behaviour sanitizers have no complaint");
    else
        snprintf(line, sizeof line, "robustness: %d of %d probes clean under the sanitizers; %s: %s", clean, n,
                 e->sanitized_probe, complaint);
    print_wrapped("  ", line);
    if (*e->left_out) {
        snprintf(line, sizeof line, "performance: left out, %s", e->left_out);
        print_wrapped("  ", line);
    } else if (*e->uncounted) {
        snprintf(line, sizeof line, "performance: none, %s", e->uncounted);
        print_wrapped("  ", line);
    } else if (e->counted)
        print_wrapped("  ", "performance: instructions and cache misses over the reference's, full marks up to 1.5, "
                            "none from 8");
    if (e->seconds_extra > 0)
        printf("  (%.1f s for these two; they wait until every probe passes)\n", e->seconds_extra);
}

void report_exercise(const Exercise *e, const Options *o, bool *explained)
{
    char head[300];
    if (o->many && complete(e) && !o->all) return;          /* the summary has its line */
    if (is(e->state, "INTERNAL")) snprintf(head, sizeof head, "not graded");
    else snprintf(head, sizeof head, "%s/%s points", points(e->points), points(e->of));
    printf("\n%-*s%s\n", COLUMNS - 1 - (int)strlen(head), e->dir, head);
    if (*e->warning) print_wrapped("  ", e->warning);
    if (e->more_warnings) printf("  %d more (V=1)\n", e->more_warnings);
    if (*e->extra) {
        snprintf(head, sizeof head, "warning: not in the header, so made local: %.200s", e->extra);
        print_wrapped("  ", head);
    }
    if (*e->state) {
        printf("  ");
        print_state(e->state, 10);
        char text[700];
        snprintf(text, sizeof text, "%s", e->text);
        if (strlen(text) > COLUMNS - 14) printf("\n"), print_wrapped("    ", text);
        else printf("%s\n", text);
        if (e->more_errors) printf("    %d more (V=1)\n", e->more_errors);
        return;
    }
    const Step *start = NULL;
    for (int i = 0; i < e->n_steps; i++) {
        const Step *s = &e->step[i];
        if (!s->n || (is(s->kind, "none") && !s->first)) continue;
        if (s->first && !start && !*explained) start = s;
        print_step(s, s == start);
    }
    if (e->sanitized && e->gpu) print_checked(e);
    else if (e->sanitized) print_sanitizer(e);
    for (int i = 0; i < e->n_steps; i++)
        if (e->step[i].first && (o->all || &e->step[i] == start)) explain(e, &e->step[i], o);
    *explained |= start != NULL;
    fflush(stdout);
}

/* ---- grade.json ------------------------------------------------------------------------------------------------ */

static json_t *number(double x) { return json_real((double)(long)(x * 100 + 0.5) / 100); }

static json_t *step_json(const Exercise *e, const Step *s)
{
    json_t *o = json_object(), *probes = json_array();
    json_object_set_new(o, "step", json_string(s->name));
    json_object_set_new(o, "state", json_string(s->state));
    json_object_set_new(o, "points", number(s->correctness + s->robustness + s->performance));
    json_object_set_new(o, "of", number(s->of));
    json_object_set_new(o, "correctness", number(s->correctness));
    json_object_set_new(o, "robustness", number(s->robustness));
    json_object_set_new(o, "performance", number(s->performance));
    if (s->ratio > 0) json_object_set_new(o, "cost_over_reference", number(s->ratio));
    if (*s->counter) json_object_set_new(o, "counter", json_string(s->counter));
    if (*s->mutant) json_object_set_new(o, "known_mistake", json_string(s->mutant));
    if (s->line) json_object_set_new(o, "line", json_integer(s->line));
    for (int i = 0; i < e->n_checks; i++) {
        const Check *c = &e->check[i];
        if (!is(c->step, s->name)) continue;
        json_t *p = json_object();
        json_object_set_new(p, "probe", json_string(c->name));
        json_object_set_new(p, "verdict", json_string(c->verdict));
        if (!is(c->verdict, "PASS") && c->report) {
            static const char *const keys[] = { "trial", "name",      "shape", "place",    "expected", "got",
                                                "error", "tolerance", "text",  "relation", "signal",   "line" };
            for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
                if (json_object_get(c->report, keys[k]))
                    json_object_set(p, keys[k], json_object_get(c->report, keys[k]));
        }
        json_array_append_new(probes, p);
    }
    json_object_set_new(o, "probes", probes);
    return o;
}

static json_t *exercise_json(const Exercise *e, const Options *o, const Toolchain *t)
{
    json_t *x = json_object(), *steps = json_array();
    char seed[32];
    double part[3] = { 0 };
    snprintf(seed, sizeof seed, "%#llx", (unsigned long long)o->seed);
    for (int i = 0; i < e->n_steps; i++)
        part[0] += e->step[i].correctness, part[1] += e->step[i].robustness, part[2] += e->step[i].performance;
    json_object_set_new(x, "exercise", json_string(e->name));
    json_object_set_new(x, "folder", json_string(e->dir));
    json_object_set_new(x, "points", json_integer((json_int_t)(e->points + 1e-6)));
    json_object_set_new(x, "of", json_integer((json_int_t)(e->of + 1e-6)));
    json_object_set_new(x, "complete", json_boolean(!*e->state && e->points >= e->of - 1e-6));
    json_object_set_new(x, "state", json_string(*e->state ? e->state : "GRADED"));
    if (*e->text) json_object_set_new(x, "text", json_string(e->text));
    json_object_set_new(x, "seed", json_string(seed));
    json_object_set_new(x, "compiler", json_string(t->compiler));
    json_object_set_new(x, "course", json_string(t->version));
    json_object_set_new(x, "isolation", json_string(launch_level(e->may)));
    if (json_object_size(e->files)) json_object_set(x, "files", e->files);
    json_object_set_new(x, "correctness", number(part[0]));
    json_object_set_new(x, "robustness", number(part[1]));
    json_object_set_new(x, "performance", number(part[2]));
    if (*e->left_out) json_object_set_new(x, "performance_left_out", json_string(e->left_out));
    if (*e->uncounted) json_object_set_new(x, "performance_refused", json_string(e->uncounted));
    if (*e->sanitizer) json_object_set_new(x, "sanitizer", json_string(e->sanitizer));
    for (int i = 0; i < e->n_steps && !*e->state; i++)
        if (e->step[i].n && !is(e->step[i].kind, "none")) json_array_append_new(steps, step_json(e, &e->step[i]));
    json_object_set_new(x, "steps", steps);
    return x;
}

/* A new file takes the old one's place at once, or the old one stays: a full disk loses nothing. */
static const char *write_whole(const char *path, json_t *o)
{
    char  new[300];
    char *text = json_dumps(o, JSON_INDENT(1) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
    size_t n = text ? strlen(text) : 0;
    snprintf(new, sizeof new, "%s.new", path);
    int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool ok = text && fd >= 0 && write(fd, text, n) == (ssize_t)n && write(fd, "\n", 1) == 1 && !fsync(fd);
    int  why = errno;
    if (fd >= 0 && close(fd)) ok = false;
    free(text);
    if (ok && !rename(new, path)) return NULL;
    if (ok) why = errno;
    unlink(new);
    return strerror(why);
}

/* Entries of exercises that were not graded now stay as they are. */
static json_t *merge(Exercise *e, int n, const Options *o, const Toolchain *t, json_t *old)
{
    json_t *all = json_array(), *x;
    size_t  k;
    json_array_foreach(json_object_get(old, "exercises"), k, x) {
        const char *name = json_string_value(json_object_get(x, "exercise"));
        bool again = !name;
        for (int i = 0; name && i < n; i++)
            if (is(name, e[i].name)) {
                e[i].before = json_real_value(json_object_get(x, "points")) +
                              (double)json_integer_value(json_object_get(x, "points"));
                again = !is(e[i].state, "INTERNAL");       /* our fault takes nothing away */
            }
        if (!again) json_array_append(all, x);
    }
    for (int i = 0; i < n; i++)
        if (*e[i].name && !is(e[i].state, "INTERNAL")) json_array_append_new(all, exercise_json(&e[i], o, t));
    return json_pack("{s:i, s:o}", "format", FORMAT, "exercises", all);
}

/* ---- Since the last grading ------------------------------------------------------------------------------------ */

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static json_t *entry_named(const json_t *array, const char *key, const char *name)
{
    json_t *x;
    size_t  i;
    json_array_foreach(array, i, x)
        if (is(text_of(x, key), name)) return x;
    return NULL;
}

/* The probes that pass in one of two reports and not in the other, a comma between. */
static int turned(const json_t *passes, const json_t *fails, char *out, size_t size)
{
    json_t *p;
    size_t  k, at = 0;
    int n = 0;
    *out = 0;
    json_array_foreach(json_object_get(passes, "probes"), k, p) {
        json_t *other = entry_named(json_object_get(fails, "probes"), "probe", text_of(p, "probe"));
        if (!is(text_of(p, "verdict"), "PASS") || !other || is(text_of(other, "verdict"), "PASS")) continue;
        if (n++ == 4) at += (size_t)snprintf(out + at, size - at, ", ...");
        if (n <= 4) at += (size_t)snprintf(out + at, size - at, "%s%s", at ? ", " : "", text_of(p, "probe"));
    }
    return n;
}

static double value_of(const json_t *o, const char *key) { return json_number_value(json_object_get(o, key)); }

static void print_since_head(bool *headed)
{
    if (!*headed) printf("\nSince the last grading\n");
    *headed = true;
}

/* What became of a step, where anything did: "softmax_log  WRONG -> PASS, +7.5", and which probes turned. */
static void print_step_since(const json_t *was, const json_t *now, bool *headed)
{
    char better[400], worse[400], line[600];
    const char *state[2] = { text_of(was, "state"), text_of(now, "state") };
    int up = turned(now, was, better, sizeof better), down = turned(was, now, worse, sizeof worse);
    double change = value_of(now, "correctness") - value_of(was, "correctness");
    if (is(state[0], state[1]) && !up && !down) return;
    print_since_head(headed);
    printf("  %-30s ", text_of(now, "step"));
    if (is(state[0], state[1])) printf("%s still", state[1]);
    else printf("%s -> %s", state[0], state[1]);
    if (fabs(change) >= 0.05) printf(", %c%s", change < 0 ? '-' : '+', points(fabs(change)));
    printf("\n");
    snprintf(line, sizeof line, "%d now pass%s: %s", up, up == 1 ? "es" : "", better);
    if (up) print_wrapped("    ", line);
    snprintf(line, sizeof line, "%d no longer pass%s: %s", down, down == 1 ? "es" : "", worse);
    if (down) print_wrapped("    ", line);
}

/* Robustness and performance of an exercise in one line: what they lose at once when a probe fails is no news. */
static void print_rest_since(const json_t *was, const json_t *now, bool *headed)
{
    static const char *const part[] = { "robustness", "performance" };
    bool looked = value_of(now, "robustness") + value_of(now, "performance") > 0;
    for (int i = 0; i < 2 && looked; i++) {
        double change = value_of(now, part[i]) - value_of(was, part[i]);
        if (fabs(change) < 0.05) continue;
        print_since_head(headed);
        printf("  %-30s %c%s\n", part[i], change < 0 ? '-' : '+', points(fabs(change)));
    }
}

/* old: what the file held; all: what it holds now. Entries that were not graded are the same in both. */
static void print_since(const json_t *old, const json_t *all)
{
    bool    headed = false;
    json_t *now, *step;
    size_t  i, k;
    json_array_foreach(json_object_get(all, "exercises"), i, now) {
        json_t *was = entry_named(json_object_get(old, "exercises"), "exercise", text_of(now, "exercise"));
        if (!was || was == now) continue;
        if (is(text_of(was, "state"), "BUILD") && is(text_of(now, "state"), "GRADED")) {
            print_since_head(&headed);
            printf("  %s builds again\n", text_of(now, "exercise"));
        }
        json_array_foreach(json_object_get(now, "steps"), k, step) {
            json_t *before = entry_named(json_object_get(was, "steps"), "step", text_of(step, "step"));
            if (before) print_step_since(before, step, &headed);
        }
        if (is(text_of(was, "state"), "GRADED")) print_rest_since(was, now, &headed);
    }
}

/* ---- End ------------------------------------------------------------------------------------------------------- */

static void print_summary(const Exercise *e, int n)
{
    int done = 0, bar = 16;
    for (int i = 0; i < n; i++) done += complete(&e[i]);
    printf("\n%-*s[", COLUMNS - 30, "Summary");
    for (int i = 0; i < bar; i++) putchar(i < done * bar / n ? '#' : '-');
    printf("] %d/%d done\n", done, n);
    for (int i = 0; i < n; i++) {
        const char *state = *e[i].state ? e[i].state : complete(&e[i]) ? "PASS" : "";
        for (int k = 0; k < e[i].n_steps && !*state; k++)
            if (e[i].step[k].first) state = e[i].step[k].state;
        char got[40];
        snprintf(got, sizeof got, "%s/%s", points(e[i].points), points(e[i].of));
        if (is(e[i].state, "INTERNAL")) snprintf(got, sizeof got, "%s", "");
        printf("  %-38s ", e[i].dir);
        print_state(*state ? state : "PASS", 11);
        printf("%-10s%s\n", got, begun(&e[i]) ? "" : " not begun");
    }
}

/* "Next   make watch EX=softmax   (mend softmax_log)": before and after stand around the step's name, which goes
 * without the exercise's where the line would be too long. */
static void print_watch(const Exercise *e, const Step *s, const char *before, const char *after)
{
    size_t prefix = strlen(e->name) + 1, rest = strlen(before) + strlen(s->name) + strlen(after);
    bool   shorter = strlen("Next   make watch EX=   ()") + prefix - 1 + rest > COLUMNS;
    if (strlen(s->name) <= prefix || strncmp(s->name, e->name, prefix - 1)) shorter = false;
    printf("Next   make watch EX=%s   (%s%s%s)\n", e->name, before, s->name + (shorter ? prefix : 0), after);
}

static const char *what_is_left(const Exercise *e, const Step *s)
{
    if (s->clean < s->n) return e->gpu ? ": what check mode finds" : ": what the sanitizers complain of";
    return e->gpu ? ": what its counters say" : ": fewer instructions";
}

static void print_next(const Exercise *e, int n, const char *step)
{
    for (int i = 0; i < n; i++) {
        if (complete(&e[i]) || is(e[i].state, "SKIP")) continue;
        if (is(e[i].state, "INTERNAL")) { printf("Next   make doctor\n"); return; }
        if (!begun(&e[i])) { printf("Next   make %.*s\n", (int)strcspn(e[i].dir, "/"), e[i].dir); return; }
        if (is(e[i].state, "BUILD") && strstr(e[i].text, "differs from the contract")) {
            printf("Next   cp %s/%s.h work/%s/\n", e[i].dir, e[i].name, e[i].dir);
            return;
        }
        if (is(e[i].state, "BUILD")) {
            printf("Next   make watch EX=%s   (it does not compile yet)\n", e[i].name);
            return;
        }
        for (int k = 0; k < e[i].n_steps; k++) {
            const Step *s = &e[i].step[k];
            if (!s->first) continue;
            print_watch(&e[i], s, is(s->state, "TODO") ? "write " : "mend ", "");
            return;
        }
        const Step *least = NULL;       /* all is correct: of what is left, the most */
        for (int k = 0; k < e[i].n_steps; k++) {
            const Step *s = &e[i].step[k];
            double left = s->of - s->correctness - s->robustness - s->performance;
            if (left > 0.05 && (!least || left > least->of - least->correctness - least->robustness -
                                                  least->performance + 1e-6)) least = s;
        }
        if (step) printf("Next   make grade EX=%s looks at all of it\n", e[i].name);
        else if (least) print_watch(&e[i], least, "", what_is_left(&e[i], least));
        else printf("Next   make solution EX=%s shows how the reference does it\n", e[i].name);
        return;
    }
    printf("Next   make next\n");
}

void report_end(Exercise *e, int n, const Options *o, const Toolchain *t)
{
    double got = 0, of = 0, before = 0, part[3] = { 0 };
    const char *fault = NULL;
    bool again = false;
    int  graded = 0;
    if (n > 1) print_summary(e, n);
    for (int i = 0; i < n; i++) {
        e[i].before = -1;
        if (is(e[i].state, "INTERNAL")) continue;           /* our fault: no zero */
        graded++, got += e[i].points, of += e[i].of;
        for (int k = 0; k < e[i].n_steps; k++)
            part[0] += e[i].step[k].correctness, part[1] += e[i].step[k].robustness,
                part[2] += e[i].step[k].performance;
    }
    if (!o->step) {
        json_t *old = json_load_file(o->grades, 0, NULL), *all = merge(e, n, o, t, old);
        if (!old && !access(o->grades, F_OK)) printf("\n%s was torn; a new one begins\n", o->grades);
        print_since(old, all);
        fault = access("work", F_OK) ? "there is no work/ yet" : write_whole(o->grades, all);
        json_decref(old), json_decref(all);
    }
    for (int i = 0; i < n; i++)
        if (!is(e[i].state, "INTERNAL")) again |= e[i].before >= 0, before += e[i].before > 0 ? e[i].before : 0;
    for (int i = 0; i < n; i++)
        if (!o->step && complete(&e[i]) && e[i].before < e[i].of - 1)
            printf("\nDone   make solution EX=%s shows the reference beside your file", e[i].name);
    if (!graded) {
        printf("\nScore  none: what could not be graded is the course's fault, and takes nothing away\n");
        print_next(e, n, o->step);
        return;
    }
    printf("\nScore  %s/%s%s", points(got), points(of),
           graded < n ? " of what could be graded" : !o->step && of < 100.0 * n - 0.1 ? " available here" : "");
    if (again) printf("    last run %s (%+.0f)", points(before), (double)(long)(got + 1e-6) - before);
    printf("\n  correctness %s · robustness %s · performance %s\n", points(part[0]), points(part[1]), points(part[2]));
    if (!o->step && fault) printf("Not written: %s: %s\n", o->grades, fault);
    else if (!o->step) printf("Wrote  %s\n", o->grades);
    print_next(e, n, o->step);
}
