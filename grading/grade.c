/* grade.c -- build/grade: compile the learner's file, run its probes beside the reference's, have them judged, explain.
 *
 *   build/grade [--strict] [--all] [--verbose] [--step S] [--seed N] [--level L0|L1|L2] [--work W --into B] DIR...
 *   build/grade --debug [--step S] [--seed N] DIR
 *
 * --work W: the learner's files lie there, not in work/. --into B: what is built and grade.json go there. Gradings with
 * a B of their own run side by side.
 *
 * Exit status 0 once it has graded; with --strict 0: complete, 1: not yet, 2: does not build, 3: our fault. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "grade.h"
#include "launch.h"
#include "seal.h"
#include "source.h"

enum { REF_SECONDS = 60, MEMORY_MB = 1024, COMMON_MEMORY_MB = 8192, SPARE_BYTES = 1 << 20 };

static bool is(const char *a, const char *b) { return !strcmp(a, b); }

static void set_state(Exercise *e, const char *state, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void set_state(Exercise *e, const char *state, const char *format, ...)
{
    va_list ap;
    snprintf(e->state, sizeof e->state, "%s", state);
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
}

/* ---- What the exercise is -------------------------------------------------------------------------------------- */

static bool find_name(Exercise *e)
{
    char   pattern[300];
    glob_t g;
    snprintf(pattern, sizeof pattern, "%s/test_*.c", e->dir);
    if (glob(pattern, 0, NULL, &g) || g.gl_pathc != 1)
        return set_state(e, "INTERNAL", "the folder has no test_NAME.c"), false;
    const char *base = strrchr(g.gl_pathv[0], '/') + 6;
    snprintf(e->name, sizeof e->name, "%.*s", (int)strcspn(base, "."), base);
    snprintf(e->source, sizeof e->source, "work/%s/%s.%s", e->dir, e->name, source_ending(e->dir, e->name));
    globfree(&g);
    return true;
}

static bool read_header_line(Exercise *e)
{
    char path[300], line[300] = "";
    snprintf(path, sizeof path, "%s/%s.h", e->dir, e->name);
    FILE *f = fopen(path, "r");
    for (int i = 0; f && i < 2; i++)
        if (!fgets(line, sizeof line, f)) *line = 0;
    if (f) fclose(f);
    const char *needs = strstr(line, "needs:"), *unknown;
    e->needs_common = needs && strstr(needs, "common");
    e->gpu = strstr(line, "kind: gpu;");
    e->may = sandbox_may(line, &unknown);
    if (unknown) set_state(e, "INTERNAL", "%s: no profile is called %s: threads, processes or gpu", path, unknown);
    return !unknown;
}

static Step *step_named(Exercise *e, const char *name)
{
    for (int i = 0; i < e->n_steps; i++)
        if (is(e->step[i].name, name)) return &e->step[i];
    return NULL;
}

/* Steps from the reference, probes from its worker: both written by make. */
static bool read_steps_and_probes(Exercise *e, const Options *o)
{
    char path[400], one[140];
    snprintf(path, sizeof path, "build/ref/%s/mutants/steps", e->dir);
    FILE *f = fopen(path, "r");
    for (Step s = { 0 }; f && e->n_steps < MAX_STEPS && fscanf(f, "%63s %7s %*d", s.name, s.kind) == 2;) {
        e->points_steps += !is(s.kind, "none");
        e->step[e->n_steps++] = s;
    }
    if (f) fclose(f);
    snprintf(path, sizeof path, "'build/ref/%s/worker' 2>/dev/null", e->dir);
    f = popen(path, "r");
    for (int line; f && e->n_checks < MAX_PROBES && fscanf(f, "%d %139s", &line, one) == 2;) {
        char *dot = strchr(one, '.');
        Check c = { 0 };
        if (!dot) continue;
        *dot = 0;
        snprintf(c.step, sizeof c.step, "%.60s", one);
        snprintf(c.name, sizeof c.name, "%.60s", dot + 1);
        Step *s = step_named(e, c.step);
        if (!s || (o->step && !is(o->step, c.step))) continue;
        s->n++;
        e->check[e->n_checks++] = c;
    }
    if (f) pclose(f);
    if (e->points_steps && e->n_checks) return true;
    if (o->step && e->points_steps) {
        fprintf(stderr, "%s has no step %s; there are", e->name, o->step);
        for (int i = 0; i < e->n_steps; i++) fprintf(stderr, "%s %s", i ? "," : "", e->step[i].name);
        fprintf(stderr, "\n");
        exit(3);
    }
    set_state(e, "INTERNAL", "make has not built build/ref/%s", e->dir);
    return false;
}

/* The lines of the functions in the learner's file. */
static void find_lines(Exercise *e)
{
    char command[500], name[64];
    int  line;
    snprintf(command, sizeof command, "awk -f grading/steps.awk '%s' 2>/dev/null", e->source);
    FILE *f = popen(command, "r");
    while (f && fscanf(f, "%63s %*s %d", name, &line) == 2) {
        Step *s = step_named(e, name);
        if (s) s->line = line;
    }
    if (f) pclose(f);
}

static bool same_file(const char *a, const char *b)
{
    char *x = read_text(a, 1 << 20), *y = read_text(b, 1 << 20);
    bool  same = !strcmp(x, y);
    free(x), free(y);
    return same;
}

/* ---- Running --------------------------------------------------------------------------------------------------- */

static Launch plan(const Exercise *e, const char *program, const char *preload, const char *const *argv, uint64_t seed,
                   double seconds, size_t records)
{
    static const char *const no_new_code[] = { "NEW_CODE=no", NULL };
    /* oneDNN's, a loader's, a driver's */
    const bool needs_code = e->needs_common || e->may & (MAY_PROCESSES | MAY_GPU);
    return (Launch){ .program = program,
                     .argv = argv,
                     .env = needs_code ? NULL : no_new_code,
                     .preload = preload,
                     .seed = seed,
                     .seconds = seconds,
                     .records = records,
                     .memory = (size_t)(e->needs_common || e->gpu ? COMMON_MEMORY_MB : MEMORY_MB) << 20,
                     .may = e->may };
}

static Run run_check(const Exercise *e, const Check *c, const char *program, const char *preload, uint64_t seed,
                     double seconds, size_t records)
{
    char one[140], trials[12];
    snprintf(one, sizeof one, "%s.%s", c->step, c->name);
    snprintf(trials, sizeof trials, "%d", TRIALS);
    const char *argv[] = { e->name, one, trials, NULL };
    Launch l = plan(e, program, preload, argv, seed, seconds, records);
    return launch(&l);
}

/* What starts programs waits for the disk and for what else runs here, and no clock says for how long. */
static double limit_of(const Exercise *e, const Check *c)
{
    return (e->may & MAY_PROCESSES ? 5 : 1) + 20 * c->ref_seconds;
}

static const char *record_path(const Exercise *e, const Check *c, const char *who, char *out, size_t size)
{
    snprintf(out, size, "build/mine/%s/records/%s.%s.%s", e->dir, c->step, c->name, who);
    return out;
}

static void empty_records(const Exercise *e)
{
    char path[400];
    snprintf(path, sizeof path, "build/mine/%s/records", e->dir);
    mkdir(path, 0777);
    DIR *d = opendir(path);
    for (struct dirent *f; d && (f = readdir(d));)
        if (f->d_name[0] != '.') unlinkat(dirfd(d), f->d_name, 0);
    if (d) closedir(d);
}

/* All probes of the reference in one launch: it is trusted to come to their ends. */
static int run_reference(const Exercise *e, const Options *o, Run part[MAX_PROBES])
{
    char program[400], trials[12];
    snprintf(program, sizeof program, "build/ref/%s/worker", e->dir);
    snprintf(trials, sizeof trials, "%d", TRIALS);
    const char *argv[] = { e->name, o->step ? o->step : "*", trials, NULL };
    Launch l = plan(e, program, NULL, argv, o->seed, REF_SECONDS, (size_t)256 << 20);
    Run all = launch(&l);
    int n = all.broken || all.status ? 0 : run_split(&all, part, MAX_PROBES);
    run_free(&all);
    return n;
}

/* It was ended for asking what it may not. Once more, to learn what that was; no more is allowed than before. */
static void name_the_call(const Exercise *e, const Check *c, const char *program, const Options *o, Run *m)
{
    char one[140], trials[12];
    snprintf(one, sizeof one, "%s.%s", c->step, c->name);
    snprintf(trials, sizeof trials, "%d", TRIALS);
    const char *argv[] = { "worker", one, trials, NULL };
    Launch l = plan(e, program, NULL, argv, o->seed, m->limit, (size_t)1 << 24);
    static const char *const named[] = { "NEW_CODE=named", NULL };
    if (l.env) l.env = named;
    l.name_calls = true;
    Run r = launch(&l);
    bool same = WIFSIGNALED(r.status) && WTERMSIG(r.status) == SIGSYS;
    run_free(same ? m : &r);
    if (same) *m = r;
}

/* Reference and learner's code on the same seed; what they sent is kept for the judge. */
static bool run_all(Exercise *e, const Options *o)
{
    static Run ref[MAX_PROBES];
    char mine[400], path[500], late[64] = "";
    bool kept = true;
    int  n = run_reference(e, o, ref);
    snprintf(mine, sizeof mine, "build/mine/%s/worker", e->dir);
    empty_records(e);
    for (int i = 0; n == e->n_checks && i < n; i++) {
        Check *c = &e->check[i];
        if (is(late, c->step)) { snprintf(c->verdict, sizeof c->verdict, "BLOCKED"); continue; }
        c->ref_seconds = ref[i].seconds;
        Run m = run_check(e, c, mine, NULL, o->seed, limit_of(e, c), 2 * ref[i].size + SPARE_BYTES);
        if (WIFSIGNALED(m.status) && WTERMSIG(m.status) == SIGSYS) name_the_call(e, c, mine, o, &m);
        if (m.late) snprintf(late, sizeof late, "%s", c->step);
        kept = kept && run_save(&ref[i], record_path(e, c, "ref", path, sizeof path))
               && run_save(&m, record_path(e, c, "mine", path, sizeof path));
        run_free(&m);
    }
    for (int i = 0; i < n; i++) run_free(&ref[i]);
    if (n != e->n_checks)
        set_state(e, "INTERNAL", "the reference of %s did not come to its end: make check EX=%s", e->name, e->name);
    else if (!kept) set_state(e, "INTERNAL", "the records cannot be kept: is the disk full?");
    return n == e->n_checks && kept;
}

/* ---- Judging --------------------------------------------------------------------------------------------------- */

static Check *check_named(Exercise *e, const char *step, const char *name)
{
    for (int i = 0; step && name && i < e->n_checks; i++)
        if (is(e->check[i].step, step) && is(e->check[i].name, name)) return &e->check[i];
    return NULL;
}

static bool judge(Exercise *e, const Options *o)
{
    char report[400], log[400], *line = NULL;
    size_t room = 0;
    snprintf(report, sizeof report, "build/mine/%s/report.jsonl", e->dir);
    snprintf(log, sizeof log, "build/mine/%s/judge.log", e->dir);
    unlink(report);
    shell(log, "SEED=%#llx RECORDS='build/mine/%s/records' REPORT='%s' exec 'build/ref/%s/judge' --direct",
          (unsigned long long)o->seed, e->dir, report, e->dir);
    FILE *f = fopen(report, "r");
    while (f && getline(&line, &room, f) > 0) {
        json_t *j = json_loads(line, 0, NULL);
        Check *c = check_named(e, json_string_value(json_object_get(j, "step")),
                               json_string_value(json_object_get(j, "probe")));
        const char *v = json_string_value(json_object_get(j, "verdict"));
        if (!c || !v) { json_decref(j); continue; }
        snprintf(c->verdict, sizeof c->verdict, "%s", v);
        c->report = j;
    }
    if (f) fclose(f);
    free(line);
    for (int i = 0; i < e->n_checks; i++)
        if (!*e->check[i].verdict) {
            set_state(e, "INTERNAL", "the judge gave no verdict on %s.%s: see build/mine/%s/judge.log",
                      e->check[i].step, e->check[i].name, e->dir);
            return false;
        }
    return true;
}

enum { SMALL = 16 };

/* The number of values in the case that a report shows, or 1 where it shows none (an input was changed). Cases that
 * can be shown in full are alike: the first probe of the file, the lesson's pencil example, goes before a smaller
 * one. */
static double case_size(const Check *c)
{
    const char *shape = json_string_value(json_object_get(c->report, "shape"));
    double n = 1;
    if (!json_object_get(c->report, "place")) return SMALL;
    for (char *p = (char *)(shape ? shape : ""); *p; p += *p == ',') n *= (double)strtol(p, &p, 10);
    return n < SMALL ? SMALL : n;
}

/* A crash or a TODO says more than a wrong value; of wrong values the smallest case. */
static bool more_telling(const Check *a, const Check *b)
{
    return is(a->verdict, b->verdict) && is(a->verdict, "WRONG") && case_size(a) < case_size(b);
}

static void count_steps(Exercise *e)
{
    for (int i = 0; i < e->n_checks; i++) {
        Check *c = &e->check[i];
        Step  *s = step_named(e, c->step);
        c->counts = is(c->verdict, "PASS");
        s->passed += c->counts;
        if (c->counts || is(c->verdict, "BLOCKED")) continue;
        if (!s->first || more_telling(c, s->first)) s->first = c;
    }
    for (int i = 0; i < e->n_steps; i++) {
        Step *s = &e->step[i];
        s->counted = s->passed;
        snprintf(s->state, sizeof s->state, "%s", s->first ? s->first->verdict : "PASS");
    }
}

static Run run_variant(const Exercise *e, const Check *c, const char *mutant, const Options *o, double seconds,
                       size_t records)
{
    Variant v = variant_of(e, c->step, mutant, false);
    return run_check(e, c, v.program, *v.preload ? v.preload : NULL, o->seed, seconds, records);
}

/* Does the skeleton pass this probe too, once its TODOs are deleted? */
static bool nothing_passes(const Exercise *e, const Check *c, const Run *ref, const Options *o)
{
    Finding f;
    Run r = run_variant(e, c, "deleted", o, limit_of(e, c), 2 * ref->size + SPARE_BYTES);
    compare_runs(ref, &r, true, &f);
    run_free(&r);
    return is(f.verdict, "PASS");
}

/* Are its answers the same for every seed, so that they can be known by heart? */
static bool always_same(const Exercise *e, const Check *c, const Run *ref, const Options *o)
{
    char program[400];
    snprintf(program, sizeof program, "build/ref/%s/worker", e->dir);
    Run  r = run_check(e, c, program, NULL, ~o->seed, limit_of(e, c), 2 * ref->size + SPARE_BYTES);
    bool same = compare_alike(ref, &r);
    run_free(&r);
    return same;
}

/* A probe that the empty function passes, or whose answers are known, counts only if another of the step does that is
 * neither. */
static void discount(Exercise *e, const Options *o)
{
    char path[500];
    for (int i = 0; i < e->n_steps; i++) {
        Step *s = &e->step[i];
        bool  earned = s->passed == 0 || s->passed == s->n;
        for (int k = 0; k < e->n_checks && !earned; k++) {
            Check *c = &e->check[k];
            Run    ref;
            if (!is(c->step, s->name) || !c->counts || !run_load(&ref, record_path(e, c, "ref", path, sizeof path)))
                continue;
            earned = !always_same(e, c, &ref, o) && !nothing_passes(e, c, &ref, o);
            run_free(&ref);
        }
        if (!earned) s->counted = 0;
    }
}

/* ---- Known mistakes -------------------------------------------------------------------------------------------- */

/* Does the learner's code go the same way as a mutant in every probe of the step? Failed probes are looked at first:
 * there most mutants differ. */
static bool goes_like(const Exercise *e, const Step *s, const char *mutant, const Options *o)
{
    char path[500];
    for (int passed = 0; passed < 2; passed++)
        for (int i = 0; i < e->n_checks; i++) {
            const Check *c = &e->check[i];
            Run     ref = { 0 }, mine = { 0 };
            Finding f;
            if (!is(c->step, s->name) || c->counts != passed || is(c->verdict, "BLOCKED")) continue;
            bool alike = run_load(&ref, record_path(e, c, "ref", path, sizeof path))
                         && run_load(&mine, record_path(e, c, "mine", path, sizeof path));
            if (alike) {
                Run r = run_variant(e, c, mutant, o, limit_of(e, c), 2 * ref.size + SPARE_BYTES);
                compare_runs(&ref, &r, true, &f);
                alike = passed ? is(f.verdict, "PASS") : compare_alike(&r, &mine);
                run_free(&r);
            }
            run_free(&ref), run_free(&mine);
            if (!alike) return false;
        }
    return true;
}

void read_message(const Exercise *e, Step *s)
{
    char path[300], line[1000];
    bool fresh = true, ours = false;
    snprintf(path, sizeof path, "%s/mutants", e->dir);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        if (!*line) { fresh = true; continue; }
        if (fresh) {
            size_t n = strlen(s->mutant);
            fresh = false, ours = !strncmp(line, s->mutant, n) && (!line[n] || line[n] == ' ');
            continue;
        }
        if (!ours || (!*s->message && (line[0] == '-' || line[0] == '+') && (line[1] == ' ' || !line[1]))) continue;
        size_t at = strlen(s->message);
        snprintf(s->message + at, sizeof s->message - at, "%s%s", at ? " " : "", line);
    }
    if (f) fclose(f);
}

/* Of a step that was not asked for: does the learner's code come to the reference's values? Where a judge of its own
 * would decide we say no. */
static bool looks_right(const Exercise *e, const char *step, const Options *o)
{
    static Run want[MAX_PROBES], got[MAX_PROBES];
    char program[2][400], trials[12];
    int  n[2];
    bool right = true;
    snprintf(program[0], sizeof program[0], "build/ref/%s/worker", e->dir);
    snprintf(program[1], sizeof program[1], "build/mine/%s/worker", e->dir);
    snprintf(trials, sizeof trials, "%d", TRIALS);
    const char *argv[] = { e->name, step, trials, NULL };
    for (int who = 0; who < 2; who++) {
        Launch l = plan(e, program[who], NULL, argv, o->seed, REF_SECONDS, (size_t)256 << 20);
        Run    all = launch(&l);
        n[who] = all.broken || all.status || all.late ? 0 : run_split(&all, who ? got : want, MAX_PROBES);
        run_free(&all);
    }
    for (int i = 0; i < n[0] || i < n[1]; i++) {
        Finding f = { 0 };
        if (i < n[0] && i < n[1]) compare_runs(&want[i], &got[i], true, &f);
        right = right && is(f.verdict, "PASS");
        if (i < n[0]) run_free(&want[i]);
        if (i < n[1]) run_free(&got[i]);
    }
    return right && n[0] > 0;
}

/* Does s call a step that is wrong? Then its wrong values may be that one's fault, and would be taken for a mistake of
 * its own. */
static bool led_astray(Exercise *e, const Step *s, const Options *o)
{
    char path[400], caller[64], called[64];
    bool astray = false;
    snprintf(path, sizeof path, "build/ref/%s/mutants/calls", e->dir);
    FILE *f = fopen(path, "r");
    while (f && !astray && fscanf(f, "%63s %63s", caller, called) == 2) {
        const Step *other = step_named(e, called);
        if (!is(caller, s->name) || !other || is(other->kind, "none")) continue;
        astray = other->n ? other->first != NULL : !looks_right(e, called, o);
    }
    if (f) fclose(f);
    return astray;
}

static void recognise(Exercise *e, const Toolchain *t, const Options *o)
{
    char path[400], line[200], step[64], mutant[64];
    snprintf(path, sizeof path, "build/ref/%s/mutants/list", e->dir);
    for (int i = 0; i < e->n_steps; i++) {
        Step *s = &e->step[i];
        if (!s->first || is(s->state, "TODO") || is(s->state, "BUILD") || is(s->state, "INTERNAL")) continue;
        if (led_astray(e, s, o)) continue;
        FILE *f = fopen(path, "r");
        while (f && !*s->mutant && fgets(line, sizeof line, f))
            if (sscanf(line, "%63s %63s", step, mutant) == 2 && is(step, s->name) && goes_like(e, s, mutant, o)
                && (!e->gpu || found_alike(e, t, s, mutant, o)))
                snprintf(s->mutant, sizeof s->mutant, "%s", mutant);
        if (f) fclose(f);
        if (*s->mutant) read_message(e, s);
    }
}

/* What the learner's code printed in the failure that is explained first. */
static void keep_printed(Exercise *e)
{
    char path[500];
    for (int i = 0; i < e->n_steps; i++) {
        Run r;
        if (!e->step[i].first) continue;
        if (!run_load(&r, record_path(e, e->step[i].first, "mine", path, sizeof path))) return;
        printable(r.text, r.text_size, e->printed, sizeof e->printed);
        if (*e->printed) e->printed_by = &e->step[i];
        run_free(&r);
        return;
    }
}

/* ---- Points ---------------------------------------------------------------------------------------------------- */

static void count_points(Exercise *e, const Options *o)
{
    e->points = e->of = 0;
    if (is(e->state, "SKIP")) return;
    double share = e->points_steps ? 1.0 / e->points_steps : 0;
    for (int i = 0; i < e->n_steps; i++) {
        Step *s = &e->step[i];
        if (is(s->kind, "none") || (o->step && !s->n)) continue;
        if (s->n) s->correctness = CORRECTNESS * share * s->counted / s->n;
        if (s->n && e->sanitized) s->robustness = ROBUSTNESS * share * s->clean / s->n;
        s->of = share * (CORRECTNESS + ROBUSTNESS + (*e->left_out || (e->counted && s->ratio == 0) ? 0 : PERFORMANCE));
        e->points += s->correctness + s->robustness + s->performance;
        e->of += s->of;
    }
    if (!e->n_steps) e->of = CORRECTNESS + ROBUSTNESS + PERFORMANCE;
}

static bool correct(const Exercise *e)
{
    for (int i = 0; i < e->n_steps; i++)
        if (e->step[i].first) return false;
    return !*e->state;
}

/* ---- One exercise ---------------------------------------------------------------------------------------------- */

static bool prepare(Exercise *e, const Toolchain *t, const Options *o)
{
    char path[2][400];
    if (!find_name(e) || !read_header_line(e)) return false;
    if (e->gpu && !*t->cu)
        return set_state(e, "SKIP", "a .cu file needs a C++ compiler, and there is none: make doctor"), false;
    if (!read_steps_and_probes(e, o)) return false;
    if (e->may & MAY_GPU && access("/dev/nvidia0", F_OK)) return set_state(e, "SKIP", "needs a GPU"), false;
    struct stat s;
    if (stat(e->source, &s)) {
        set_state(e, "TODO", "not begun: make %.*s writes %s", (int)strcspn(e->dir, "/"), e->dir, e->source);
        return false;
    }
    if (!S_ISREG(s.st_mode) || s.st_size > MAX_SOURCE || access(e->source, R_OK)) {
        set_state(e, "BUILD", "%s is not a readable file of at most %d KB", e->source, MAX_SOURCE >> 10);
        return false;
    }
    snprintf(path[0], 400, "%s/%s.h", e->dir, e->name);
    snprintf(path[1], 400, "work/%s/%s.h", e->dir, e->name);
    if (!access(path[1], F_OK) && !same_file(path[0], path[1])) {
        set_state(e, "BUILD", "%s differs from the contract, %s", path[1], path[0]);
        return false;
    }
    snprintf(path[0], 400, "work/%s", e->dir);
    e->files = seal_folder(path[0], e->name);
    return true;
}

static void grade(Exercise *e, const Toolchain *t, const Options *o)
{
    if (!prepare(e, t, o) || !build_learner(e, t, o->verbose)) { count_points(e, o); return; }
    find_lines(e);
    if (run_all(e, o) && judge(e, o)) {
        count_steps(e);
        discount(e, o);
        recognise(e, t, o);
        if (e->gpu) look_closer(e, t, o);
        keep_printed(e);
        if (correct(e) && !o->step) {                      /* one step: the quick look */
            report_waiting(e, true);
            measure(e, t, o);
            report_waiting(e, false);
        }
    }
    count_points(e, o);
}

/* ---- gdb ------------------------------------------------------------------------------------------------------- */

/* Grades once, then opens gdb in the function under test, on the first probe that fails. */
static int debug(Exercise *e, const Toolchain *t, const Options *o)
{
    char seed[40], one[140], trials[12], program[300], stop[80];
    if (!prepare(e, t, o) || !build_learner(e, t, false) || !run_all(e, o) || !judge(e, o))
        return fprintf(stderr, "%s\n", e->text), 1;
    count_steps(e);
    Step *s = NULL;
    for (int i = 0; i < e->n_steps && !s; i++)
        if (e->step[i].first) s = &e->step[i];
    if (!s) return fprintf(stderr, "no probe of %s fails: nothing to debug\n", e->name), 1;
    if (!build_variant(e, t, "debug", "-O0 -g3", false))
        return fprintf(stderr, "the debugger's build failed: see build/mine/%s/debug.errors\n", e->dir), 1;
    int trial = (int)json_integer_value(json_object_get(s->first->report, "trial"));
    snprintf(seed, sizeof seed, "%#llx", (unsigned long long)o->seed);
    snprintf(one, sizeof one, "%s.%s", s->name, s->first->name);
    snprintf(trials, sizeof trials, "%d", TRIALS);
    variant_program(e, "debug", false, program, sizeof program);
    snprintf(stop, sizeof stop, "break %s", s->name);
    printf("gdb at %s, probe %s; it fails in trial %d: `continue` goes on to the next call\n", s->name, s->first->name,
           trial);
    fflush(stdout);
    setenv("SEED", seed, 1);
    execlp("gdb", "gdb", "-q", "-ex", stop, "-ex", "run", "--args", program, one, trials, (char *)NULL);
    return fprintf(stderr, "gdb is not installed: make doctor says how to get it\n"), 1;
}

/* ---- A place of its own ---------------------------------------------------------------------------------------- */

static bool link_to(const char *root, const char *into, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (snprintf(from, sizeof from, "%s/%s", root, name) >= (int)sizeof from
        || snprintf(to, sizeof to, "%s/%s", into, name) >= (int)sizeof to)
        return errno = ENAMETOOLONG, false;
    if (access(from, F_OK)) return true;                /* not every course has every stage */
    unlink(to);
    return !symlink(from, to);
}

/* From now on we are in a tree of links to this one that has a work/ and a build/mine of its own: every path in a
 * report stays what it is. */
static bool move_into(const char *into, const char *work)
{
    static const char *const ours[] = { "common", "grading", "build/ref", "build/toolchain", "build/grade",
                                        "build/confine", "build/deps", "build/asan", "build/count", "build/debug",
                                        "build/simt", "build/simtcc" };
    char   root[PATH_MAX], build[PATH_MAX], learners[PATH_MAX];
    glob_t stages;
    if (!getcwd(root, sizeof root) || !realpath(work, learners)) return false;
    mkdir("build/asan", 0777), mkdir("build/count", 0777), mkdir("build/debug", 0777);
    if (snprintf(build, sizeof build, "%s/build", into) >= (int)sizeof build) return errno = ENAMETOOLONG, false;
    if ((mkdir(into, 0777) && errno != EEXIST) || (mkdir(build, 0777) && errno != EEXIST)) return false;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (!link_to(root, into, ours[i])) return false;
    glob("stage[0-9]", 0, NULL, &stages);
    bool ok = true;
    for (size_t i = 0; i < stages.gl_pathc; i++) ok = ok && link_to(root, into, stages.gl_pathv[i]);
    globfree(&stages);
    return ok && !chdir(into) && (!unlink("work") || errno == ENOENT) && !symlink(learners, "work");
}

/* ---- All ------------------------------------------------------------------------------------------------------- */

static int usage(void)
{
    fprintf(stderr, "usage: build/grade [--strict] [--all] [--verbose] [--debug] [--step S] [--seed N] [--level L]\n"
                    "                   [--work W --into B] DIR...\n");
    return 3;
}

static int strict_status(const Exercise *e, int n)
{
    int status = 0;
    for (int i = 0; i < n; i++) {
        bool internal = is(e[i].state, "INTERNAL"), done = correct(&e[i]) || is(e[i].state, "SKIP");
        for (int k = 0; k < e[i].n_steps; k++) internal |= is(e[i].step[k].state, "INTERNAL");
        int one = internal ? 3 : is(e[i].state, "BUILD") ? 2 : !done || e[i].points < e[i].of - 1e-6 ? 1 : 0;
        if (one > status) status = one;
    }
    return status;
}

int main(int argc, char **argv)
{
    static const struct option known[] = { { "strict", 0, NULL, 't' },  { "all", 0, NULL, 'a' },
                                           { "verbose", 0, NULL, 'v' }, { "debug", 0, NULL, 'g' },
                                           { "step", 1, NULL, 's' },    { "seed", 1, NULL, 'n' },
                                           { "level", 1, NULL, 'l' },   { "work", 1, NULL, 'w' },
                                           { "into", 1, NULL, 'i' },    { NULL, 0, NULL, 0 } };
    Options   o = { .started = now(), .grades = "work/grade.json" };
    Toolchain t;
    bool      gdb = false, explained = false;
    const char *why = NULL, *work = "work", *into = NULL;
    for (int k; (k = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (k == 't') o.strict = true;
        else if (k == 'a') o.all = true;
        else if (k == 'v') o.verbose = true;
        else if (k == 'g') gdb = true;
        else if (k == 's') o.step = *optarg ? optarg : NULL;
        else if (k == 'n') o.seed = strtoull(optarg, NULL, 0);
        else if (k == 'l') why = launch_use(optarg);
        else if (k == 'w') work = optarg;
        else if (k == 'i') into = optarg;
        else return usage();
    }
    if (why) return fprintf(stderr, "%s\n", why), 3;
    int n = argc - optind;
    o.many = n > 1;
    if (n < 1 || (n > 1 && (o.step || gdb)) || (!is(work, "work") && !into)) return usage();
    if (into) {
        o.grades = "grade.json";
        if (!move_into(into, work)) return fprintf(stderr, "%s, for %s: %s\n", into, work, strerror(errno)), 3;
    }
    if (!toolchain_read(&t))
        return fprintf(stderr, "build/toolchain is missing: run make in the root of the course\n"), 3;
    while (!o.seed) {
        uint32_t s = 0;
        if (getrandom(&s, sizeof s, 0) == sizeof s) o.seed = s;
    }
    Exercise *e = calloc((size_t)n, sizeof *e);
    if (!e) return fprintf(stderr, "no memory\n"), 3;
    if (!gdb) report_head(&t, &o);
    for (int i = 0; i < n; i++) {
        snprintf(e[i].dir, sizeof e[i].dir, "%s", argv[optind + i]);
        for (size_t k = strlen(e[i].dir); k && e[i].dir[k - 1] == '/';) e[i].dir[--k] = 0;
        if (gdb) return debug(&e[i], &t, &o);
        grade(&e[i], &t, &o);
        report_exercise(&e[i], &o, &explained);
    }
    report_end(e, n, &o, &t);
    int status = o.strict ? strict_status(e, n) : 0;
    for (int i = 0; i < n; i++) {
        json_decref(e[i].files);
        for (int k = 0; k < e[i].n_checks; k++) json_decref(e[i].check[k].report);
    }
    free(e);
    return status;
}
