/* export.c -- build/export: work/grade.json as others read it. A pure converter: it runs nothing and judges nothing.
 *
 *   build/export [--from work/grade.json] [--out FILE] [--exercise NAME] junit|gradescope|exercism|csv
 *
 * junit        a suite an exercise, a case a probe; https://github.com/windyroad/JUnit-Schema
 * gradescope   results.json, a test a step; https://gradescope-autograders.readthedocs.io/en/latest/specs/
 * exercism     results.json version 3, a test a probe; of one exercise, as that format has it;
 *              https://exercism.org/docs/building/tooling/test-runners/interface
 * csv          a row a step; RFC 4180
 *
 * Without --out it prints. Exit status 0, or 1 and a sentence: FILE is then as it was. grade.json holds no times, for
 * they belong to a machine: JUnit's seconds are 0, and its date that of grade.json's last change. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "cells.h"
#include "check.h"
#include "file.h"

enum { FORMAT = 1, JSON_STYLE = JSON_INDENT(1) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6), EXERCISM_VERSION = 3 };

typedef struct Probe {
    const char *name, *verdict;
    json_t     *json;                   /* the case that failed: place, expected, got, ... */
} Probe;

typedef struct Step {
    const char *name, *state, *mistake;
    double      points, of, part[3];    /* part: correctness, robustness, performance */
    int         line;
    json_t     *probes;
} Step;

typedef struct Exercise {
    const char *name, *folder, *state, *text, *seed;
    double      points, of, part[3];
    json_t     *json, *steps;
} Exercise;

typedef struct Report {
    const char *path, *only;            /* only: the exercise asked for, or NULL */
    char        date[24];
    json_t     *root, *exercises;
} Report;

static bool is(const char *a, const char *b) { return !strcmp(a, b); }

/* ---- Read, and refuse what is damaged: after this every field is there and of its kind ------------------------- */

static bool get_probe(json_t *o, Probe *p, json_error_t *why)
{
    *p = (Probe){ .json = o };
    return !json_unpack_ex(o, why, 0, "{s:s, s:s}", "probe", &p->name, "verdict", &p->verdict);
}

static bool get_step(json_t *o, Step *s, json_error_t *why)
{
    *s = (Step){ .mistake = "" };
    return !json_unpack_ex(o, why, 0, "{s:s, s:s, s:F, s:F, s:F, s:F, s:F, s?s, s?i, s:o}", "step", &s->name, "state",
                           &s->state, "points", &s->points, "of", &s->of, "correctness", &s->part[0], "robustness",
                           &s->part[1], "performance", &s->part[2], "known_mistake", &s->mistake, "line", &s->line,
                           "probes", &s->probes);
}

static bool get_exercise(json_t *o, Exercise *e, json_error_t *why)
{
    *e = (Exercise){ .json = o, .text = "", .seed = "" };
    return !json_unpack_ex(o, why, 0, "{s:s, s:s, s:s, s?s, s?s, s:F, s:F, s:F, s:F, s:F, s:o}", "exercise", &e->name,
                           "folder", &e->folder, "state", &e->state, "text", &e->text, "seed", &e->seed, "points",
                           &e->points, "of", &e->of, "correctness", &e->part[0], "robustness", &e->part[1],
                           "performance", &e->part[2], "steps", &e->steps);
}

static const char *check_steps(const Report *r, const Exercise *e)
{
    json_error_t why;
    json_t *one, *other;
    size_t  i, k;
    if (!json_is_array(e->steps)) return sentence("%s: %s: \"steps\" is not a list", r->path, e->name);
    json_array_foreach(e->steps, i, one) {
        Step s;
        if (!get_step(one, &s, &why)) return sentence("%s: %s, step %zu: %s", r->path, e->name, i + 1, why.text);
        if (!json_is_array(s.probes)) return sentence("%s: %s: its \"probes\" are not a list", r->path, s.name);
        json_array_foreach(s.probes, k, other) {
            Probe p;
            if (!get_probe(other, &p, &why)) return sentence("%s: %s, probe %zu: %s", r->path, s.name, k + 1, why.text);
        }
    }
    return NULL;
}

static const char *check_report(Report *r)
{
    json_t *one;
    size_t  i, chosen = 0;
    json_t *format = json_object_get(r->root, "format");
    if (!json_is_integer(format)) return sentence("%s: no \"format\": this is not a grade.json", r->path);
    if (json_integer_value(format) != FORMAT)
        return sentence("%s: format %lld, and this converter knows format %d", r->path,
                        (long long)json_integer_value(format), FORMAT);
    r->exercises = json_object_get(r->root, "exercises");
    if (!json_is_array(r->exercises)) return sentence("%s: its \"exercises\" are not a list", r->path);
    json_array_foreach(r->exercises, i, one) {
        Exercise e;
        json_error_t why;
        if (!get_exercise(one, &e, &why)) return sentence("%s: exercise %zu: %s", r->path, i + 1, why.text);
        if (!e.name[strspn(e.name, " \t\r\n")]) return sentence("%s: exercise %zu has no name", r->path, i + 1);
        const char *wrong = check_steps(r, &e);
        if (wrong) return wrong;
        chosen += !r->only || is(r->only, e.name);
    }
    if (r->only && !chosen) return sentence("%s: %s is not in it: make grade EX=%s", r->path, r->only, r->only);
    if (!chosen) return sentence("%s: it holds no exercise: make grade", r->path);
    return NULL;
}

static const char *load(Report *r)
{
    FileBytes    bytes;
    json_error_t why;
    struct stat  s;
    const char  *wrong = file_read(r->path, &bytes);
    if (wrong) return wrong;
    r->root = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &why);
    free(bytes.data);
    if (!r->root) return sentence("%s:%d: damaged: %s. make grade writes it anew", r->path, why.line, why.text);
    struct tm utc;
    time_t changed = stat(r->path, &s) ? 0 : s.st_mtime;
    strftime(r->date, sizeof r->date, "%Y-%m-%dT%H:%M:%S", gmtime_r(&changed, &utc));
    return check_report(r);
}

/* The next exercise that is wanted, from *at on. */
static bool next_exercise(const Report *r, size_t *at, Exercise *e)
{
    for (json_t *one; (one = json_array_get(r->exercises, *at)); ) {
        ++*at;
        get_exercise(one, e, NULL);
        if (!r->only || is(r->only, e->name)) return true;
    }
    return false;
}

/* ---- Words ----------------------------------------------------------------------------------------------------- */

static const char *text_of(const Probe *p, const char *key)
{
    const char *text = json_string_value(json_object_get(p->json, key));
    return text ? text : "";
}

/* "dx[0][1]: expected -0.25, got nan (tolerance 6.0e-07)", or what the grader said; the caller frees it. */
static char *summary(const Probe *p)
{
    char *line = NULL;
    int   n = *text_of(p, "place")
                  ? asprintf(&line, "%s: expected %s, got %s (tolerance %s)", text_of(p, "place"),
                             text_of(p, "expected"), text_of(p, "got"), text_of(p, "tolerance"))
                  : asprintf(&line, "%s%s%s", p->verdict, *text_of(p, "text") ? ": " : "", text_of(p, "text"));
    if (n < 0) CHECK(0, "no memory for a line of text");
    return line;
}

/* The same with all that leads to the case again. */
static char *detail(const Exercise *e, const Step *s, const Probe *p)
{
    char  *text = NULL, *head = summary(p);
    size_t size;
    FILE  *f = open_memstream(&text, &size);
    CHECK(f, "no memory for a text");
    fprintf(f, "%s\n", head);
    free(head);
    if (*text_of(p, "place") && *text_of(p, "text")) fprintf(f, "%s\n", text_of(p, "text"));
    if (*text_of(p, "relation")) fprintf(f, "%s\n", text_of(p, "relation"));
    if (*text_of(p, "signal")) fprintf(f, "signal %s\n", text_of(p, "signal"));
    if (*s->mistake) fprintf(f, "its values are those of a known mistake: %s\n", s->mistake);
    json_int_t line = json_integer_value(json_object_get(p->json, "line"));
    if (line || s->line) fprintf(f, "%s.c:%lld\n", e->name, line ? (long long)line : (long long)s->line);
    if (*e->seed) fprintf(f, "repeat: make grade EX=%s.%s SEED=%s\n", e->name, s->name, e->seed);
    fclose(f);
    return text;
}

/* Not run: neither passed nor failed. */
static bool not_run(const char *verdict) { return is(verdict, "BLOCKED") || is(verdict, "SKIP"); }

/* ---- JUnit ----------------------------------------------------------------------------------------------------- */

typedef struct Count { int tests, failures, errors, skipped; } Count;

static void count_verdict(Count *c, const char *verdict)
{
    c->tests++;
    if (not_run(verdict)) c->skipped++;
    else if (is(verdict, "BUILD") || is(verdict, "INTERNAL")) c->errors++;
    else if (!is(verdict, "PASS")) c->failures++;
}

static Count count(const Exercise *e)
{
    Count c = { 0 };
    if (!is(e->state, "GRADED")) count_verdict(&c, e->state);
    for (size_t i = 0; i < json_array_size(e->steps); i++) {
        Step s;
        get_step(json_array_get(e->steps, i), &s, NULL);
        for (size_t k = 0; k < json_array_size(s.probes); k++) {
            Probe p;
            get_probe(json_array_get(s.probes, k), &p, NULL);
            count_verdict(&c, p.verdict);
        }
    }
    return c;
}

static void attribute(FILE *f, const char *name, const char *value)
{
    fprintf(f, " %s=\"", name);
    xml_text(f, value);
    fputc('"', f);
}

static void property(FILE *f, const char *name, const char *value)
{
    fputs("   <property", f);
    attribute(f, "name", name);
    attribute(f, "value", value);
    fputs("/>\n", f);
}

static void junit_properties(FILE *f, const Exercise *e)
{
    static const char *const names[] = { "points", "of", "correctness", "robustness", "performance", "seed", "compiler",
                                         "course", "isolation", "sanitizer", "performance_left_out" };
    char text[40];
    fputs("  <properties>\n", f);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *value = json_object_get(e->json, names[i]);
        snprintf(text, sizeof text, "%.6g", json_number_value(value));
        if (json_is_string(value)) property(f, names[i], json_string_value(value));
        else if (json_is_number(value)) property(f, names[i], text);
    }
    fputs("  </properties>\n", f);
}

static void junit_case(FILE *f, const char *class, const char *name, const char *verdict, const char *head,
                       const char *body)
{
    fputs("  <testcase", f);
    attribute(f, "classname", class);
    attribute(f, "name", name);
    fputs(" time=\"0\"", f);
    if (is(verdict, "PASS")) {
        fputs("/>\n", f);
        return;
    }
    const char *kind = is(verdict, "BUILD") || is(verdict, "INTERNAL") ? "error" : "failure";
    if (not_run(verdict)) kind = "skipped";
    fprintf(f, ">\n   <%s", kind);
    attribute(f, "message", head);
    if (not_run(verdict)) {
        fputs("/>\n  </testcase>\n", f);
        return;
    }
    attribute(f, "type", verdict);
    fputc('>', f);
    xml_text(f, body);
    fprintf(f, "</%s>\n  </testcase>\n", kind);
}

static void junit_step(FILE *f, const Exercise *e, const Step *s)
{
    char *class = NULL;
    if (asprintf(&class, "%s.%s", e->name, s->name) < 0) CHECK(0, "no memory for a name");
    for (size_t k = 0; k < json_array_size(s->probes); k++) {
        Probe p;
        get_probe(json_array_get(s->probes, k), &p, NULL);
        char *head = summary(&p), *body = detail(e, s, &p);
        junit_case(f, class, p.name, p.verdict, head, body);
        free(head), free(body);
    }
    free(class);
}

static const char *write_junit(FILE *f, const Report *r)
{
    Exercise e;
    int      id = 0;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", f);
    for (size_t at = 0; next_exercise(r, &at, &e); id++) {
        Count c = count(&e);
        fputs(" <testsuite", f);
        attribute(f, "name", e.name);
        attribute(f, "package", e.folder);
        fprintf(f, " id=\"%d\" timestamp=\"%s\" hostname=\"localhost\" time=\"0\"", id, r->date);
        fprintf(f, " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\">\n", c.tests, c.failures, c.errors,
                c.skipped);
        junit_properties(f, &e);
        if (!is(e.state, "GRADED")) junit_case(f, e.name, "whole", e.state, e.text, e.text);
        for (size_t i = 0; i < json_array_size(e.steps); i++) {
            Step s;
            get_step(json_array_get(e.steps, i), &s, NULL);
            junit_step(f, &e, &s);
        }
        fputs("  <system-out/>\n  <system-err/>\n </testsuite>\n", f);
    }
    fputs("</testsuites>\n", f);
    return NULL;
}

/* ---- Gradescope ------------------------------------------------------------------------------------------------ */

static json_t *gradescope_test(const char *name, int number, int part, double score, double most, const char *output)
{
    char shown[32];
    snprintf(shown, sizeof shown, part ? "%d.%d" : "%d", number, part);
    return json_pack("{s:s, s:s, s:s, s:f, s:f, s:s, s:s, s:s, s:s}", "name", name, "name_format", "text", "number",
                     shown, "score", score, "max_score", most, "status", score >= most - 1e-6 ? "passed" : "failed",
                     "output", output, "output_format", "text", "visibility", "visible");
}

/* Points, then a block a probe that did not pass. */
static char *step_text(const Exercise *e, const Step *s)
{
    char  *text = NULL, *last = NULL;
    size_t size;
    FILE  *f = open_memstream(&text, &size);
    CHECK(f, "no memory for a text");
    fprintf(f, "%s: correctness %.6g, robustness %.6g, performance %.6g\n", s->state, s->part[0], s->part[1],
            s->part[2]);
    for (size_t k = 0; k < json_array_size(s->probes); k++) {
        Probe p;
        get_probe(json_array_get(s->probes, k), &p, NULL);
        if (is(p.verdict, "PASS")) continue;
        char *body = detail(e, s, &p);
        fprintf(f, "\nprobe %s\n%s", p.name, last && is(body, last) ? "as above\n" : body);
        free(last);
        last = body;
    }
    fclose(f);
    free(last);
    return text;
}

static const char *write_gradescope(FILE *f, const Report *r)
{
    Exercise e;
    json_t  *tests = json_array();
    double   score = 0, most = 0;
    int      number = 1;
    for (size_t at = 0; next_exercise(r, &at, &e); number++) {
        score += e.points, most += e.of;
        if (!is(e.state, "GRADED") || !json_array_size(e.steps))
            json_array_append_new(tests, gradescope_test(e.name, number, 0, e.points, e.of, e.text));
        else
            for (size_t i = 0; i < json_array_size(e.steps); i++) {
                Step s;
                get_step(json_array_get(e.steps, i), &s, NULL);
                char *name = NULL, *text = step_text(&e, &s);
                if (asprintf(&name, "%s.%s", e.name, s.name) < 0) CHECK(0, "no memory for a name");
                json_array_append_new(tests, gradescope_test(name, number, (int)i + 1, s.points, s.of, text));
                free(name), free(text);
            }
    }
    char all[80];
    snprintf(all, sizeof all, "%.6g of %.6g points", score, most);
    json_t *root = json_pack("{s:f, s:s, s:s, s:s, s:o, s:O}", "score", score, "output", all, "output_format", "text",
                             "visibility", "visible", "tests", tests, "extra_data", r->root);
    bool ok = root && !json_dumpf(root, f, JSON_STYLE) && fputc('\n', f) != EOF;
    json_decref(root);
    return ok ? NULL : sentence("%s: cannot be written as Gradescope's results", r->path);
}

/* ---- Exercism -------------------------------------------------------------------------------------------------- */

/* The probe as the course's own test file has it, where that file is here; the caller frees it. */
static char *probe_code(const Exercise *e, const Step *s, const Probe *p)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyz0123456789_/";
    char       path[400], head[300];
    FileBytes  b;
    if (e->folder[strspn(e->folder, safe)] || e->name[strspn(e->name, safe)] || *e->folder == '/') return NULL;
    if (snprintf(path, sizeof path, "%s/test_%s.c", e->folder, e->name) >= (int)sizeof path) return NULL;
    if (snprintf(head, sizeof head, "\nPROBE(%s, %s)", s->name, p->name) >= (int)sizeof head) return NULL;
    if (file_read(path, &b)) return NULL;
    char *from = strstr((char *)b.data, head), *to = NULL, *code = NULL;
    if (from) {                         /* { ... } on the same line, or on lines of its own */
        from += strlen(head);
        char *line = from + strcspn(from, "\n");
        to = line > from && line[-1] == '}' ? line - 1 : strstr(from, "\n}\n");
        from += strcspn(from, "{\n");
        if (*from == '\n') from += strcspn(from, "{");
        from += strspn(from, "{") + (from[0] && from[1] == '\n');
    }
    if (to && to > from) code = strndup(from, (size_t)(to - from));
    free(b.data);
    return code;
}

static const char *exercism_status(const char *verdict)
{
    if (is(verdict, "PASS")) return "pass";
    return is(verdict, "WRONG") || is(verdict, "TODO") ? "fail" : "error";
}

static json_t *exercism_test(const Exercise *e, const Step *s, const Probe *p, int task)
{
    char   *name = NULL, *text = detail(e, s, p), *code = probe_code(e, s, p);
    if (asprintf(&name, "%s: %s", s->name, p->name) < 0) CHECK(0, "no memory for a name");
    for (char *c = name; *c; c++) if (*c == '_') *c = ' ';
    json_t *test = json_pack("{s:s, s:s, s:i}", "name", name, "status", exercism_status(p->verdict), "task_id", task);
    if (!is(p->verdict, "PASS")) json_object_set_new(test, "message", json_string(text));
    if (code) json_object_set_new(test, "test_code", json_string(code));
    free(name), free(text), free(code);
    return test;
}

static const char *write_exercism(FILE *f, const Report *r)
{
    Exercise e, another;
    size_t   at = 0;
    next_exercise(r, &at, &e);
    if (next_exercise(r, &at, &another))
        return sentence("%s: exercism's format holds one exercise: say EX=%s, or another", r->path, e.name);
    json_t *tests = json_array();
    size_t  passed = 0;
    for (size_t i = 0; i < json_array_size(e.steps); i++) {
        Step s;
        get_step(json_array_get(e.steps, i), &s, NULL);
        for (size_t k = 0; k < json_array_size(s.probes); k++) {
            Probe p;
            get_probe(json_array_get(s.probes, k), &p, NULL);
            if (is(p.verdict, "SKIP")) continue;
            passed += is(p.verdict, "PASS");
            json_array_append_new(tests, exercism_test(&e, &s, &p, (int)i + 1));
        }
    }
    bool    none = !is(e.state, "GRADED") || !json_array_size(tests);     /* no test ran: the message is all there is */
    char    head[80];
    snprintf(head, sizeof head, "%s: ", e.state);
    json_t *root = json_pack("{s:i, s:s, s:o}", "version", EXERCISM_VERSION, "status",
                             none ? "error" : passed == json_array_size(tests) ? "pass" : "fail", "tests", tests);
    if (none) json_object_set_new(root, "message", json_sprintf("%s%.60000s", head, e.text));
    bool ok = root && !json_dumpf(root, f, JSON_STYLE) && fputc('\n', f) != EOF;
    json_decref(root);
    return ok ? NULL : sentence("%s: cannot be written as exercism's results", r->path);
}

/* ---- CSV ------------------------------------------------------------------------------------------------------- */

static void csv_row(FILE *f, const Exercise *e, const Step *s)
{
    const double *part = s ? s->part : e->part;
    csv_cell(f, e->name), fputc(',', f);
    csv_cell(f, e->folder), fputc(',', f);
    csv_cell(f, s ? s->name : ""), fputc(',', f);
    csv_cell(f, s ? s->state : e->state);
    fprintf(f, ",%.6g,%.6g,%.6g,%.6g,%.6g,", s ? s->points : e->points, s ? s->of : e->of, part[0], part[1], part[2]);
    csv_cell(f, s ? s->mistake : ""), fputc(',', f);
    char *text = NULL;
    const char *probe = "";
    for (size_t k = 0; s && !text && k < json_array_size(s->probes); k++) {
        Probe p;
        get_probe(json_array_get(s->probes, k), &p, NULL);
        if (!is(p.verdict, "PASS")) probe = p.name, text = summary(&p);
    }
    csv_cell(f, probe), fputc(',', f);
    csv_cell(f, text ? text : s ? "" : e->text), fputc(',', f);
    csv_cell(f, e->seed);
    fputs("\r\n", f);
    free(text);
}

static const char *write_csv(FILE *f, const Report *r)
{
    Exercise e;
    fputs("exercise,folder,step,state,points,of,correctness,robustness,performance,known mistake,probe,first failure,"
          "seed\r\n", f);
    for (size_t at = 0; next_exercise(r, &at, &e);) {
        if (!is(e.state, "GRADED") || !json_array_size(e.steps)) csv_row(f, &e, NULL);
        else
            for (size_t i = 0; i < json_array_size(e.steps); i++) {
                Step s;
                get_step(json_array_get(e.steps, i), &s, NULL);
                csv_row(f, &e, &s);
            }
    }
    return NULL;
}

/* ---- The call -------------------------------------------------------------------------------------------------- */

typedef const char *Writer(FILE *, const Report *);

static Writer *writer_named(const char *name)
{
    static const struct { const char *name; Writer *write; } known[] = { { "junit", write_junit },
                                                                         { "gradescope", write_gradescope },
                                                                         { "exercism", write_exercism },
                                                                         { "csv", write_csv } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is(name, known[i].name)) return known[i].write;
    return NULL;
}

/* Into memory first: what cannot be converted leaves the old file, and prints nothing. */
static const char *convert(Writer *write, const Report *r, const char *out)
{
    FileWriter  w;
    char       *text = NULL;
    size_t      size = 0;
    FILE       *f = open_memstream(&text, &size);
    CHECK(f, "no memory for a text");
    const char *wrong = write(f, r);
    fclose(f);
    if (!wrong && !out && (fwrite(text, 1, size, stdout) != size || fflush(stdout)))
        wrong = sentence("the output cannot be written: %s", strerror(errno));
    if (!wrong && out && !(wrong = file_open(&w, out))) {
        fwrite(text, 1, size, w.f);
        wrong = file_close(&w, true);
    }
    free(text);
    return wrong;
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "from", 1, NULL, 'f' }, { "out", 1, NULL, 'o' },
                                             { "exercise", 1, NULL, 'e' }, { 0 } };
    Report      r = { .path = "work/grade.json" };
    const char *out = NULL;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'f') r.path = optarg;
        else if (c == 'o') out = optarg;
        else if (c == 'e') r.only = optarg;
        else return 2;
    }
    Writer *write = optind + 1 == argc ? writer_named(argv[optind]) : NULL;
    if (!write) {
        fprintf(stderr, "make export TO=junit, gradescope, exercism or csv [FROM=work/grade.json] [OUT=file]\n");
        return 2;
    }
    const char *wrong = load(&r);
    if (!wrong) wrong = convert(write, &r, out);
    json_decref(r.root);
    if (wrong) plain_text(stderr, wrong), putc('\n', stderr);     /* it may quote the file */
    return wrong ? 1 : 0;
}
