/* gpu.c -- a folder of kind gpu in check mode: what the emulator finds in the learner's kernels, and what it counts. */
#define _GNU_SOURCE
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "grade.h"
#include "launch.h"

enum {
    REF_SECONDS = 60, NEVER = 1000,
    IDLE = 20                               /* kernels of that part of the cost do not do the work */
};

/* ---- Whose lines ------------------------------------------------------------------------------------------------- */

/* The line in the learner's file that an address of the program belongs to, as "x.cu:27"; else no more than that. */
static void place_at(const Exercise *e, const char *program, const char *hex, char *out, size_t size)
{
    char *text = look_into(program, "addr2line -i -e '%s' 0x%s", program, hex), *own = strstr(text, e->source);
    if (own) own[strcspn(own, " \n")] = 0;
    snprintf(out, size, "%s", own ? strrchr(own, '/') + 1 : "an unknown line");
    free(text);
}

void name_places(const Exercise *e, const char *program, char *text, size_t size)
{
    char  named[1200] = "", hex[20], place[200];
    char *at = text;
    for (char *p; (p = strchr(at, '@')); at = p) {
        int n = (int)strspn(++p, "0123456789abcdef");
        if (!n || n > 8) { snprintf(place, sizeof place, "@"), n = 0; }
        else {
            snprintf(hex, sizeof hex, "%.*s", n, p);
            place_at(e, program, hex, place, sizeof place);
        }
        snprintf(named + strlen(named), sizeof named - strlen(named), "%.*s%s", (int)(p - 1 - at), at, place);
        p += n;
    }
    snprintf(named + strlen(named), sizeof named - strlen(named), "%s", at);
    snprintf(text, size, "%s", named);
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

/* The learner's file in check mode, once a grading. */
static bool build_checked(Exercise *e, const Toolchain *t)
{
    static const Exercise *of;
    static bool built;
    if (of != e) of = e, built = build_variant(e, t, CHECKED, "", false);
    return built;
}

static Run run_checked(const Exercise *e, const Check *c, const char *program, const Options *o, double seconds)
{
    static const char *const no_new_code[] = { "NEW_CODE=no", NULL };
    char one[140], trials[12];
    snprintf(one, sizeof one, "%s.%s", c->step, c->name);
    snprintf(trials, sizeof trials, "%d", TRIALS);
    const char *argv[] = { "worker", one, trials, NULL };
    Launch l = { .program = program, .argv = argv, .env = no_new_code, .seed = o->seed, .seconds = seconds,
                 .records = (size_t)64 << 20, .memory = (size_t)8 << 30, .may = e->may };
    return launch(&l);
}

static Run run_reference(const Exercise *e, const Check *c, const Options *o)
{
    char program[300];
    return run_checked(e, c, variant_program(e, CHECKED, true, program, sizeof program), o, REF_SECONDS);
}

static Run run_mine(const Exercise *e, const Check *c, const Options *o, double ref_seconds)
{
    char program[300];
    return run_checked(e, c, variant_program(e, CHECKED, false, program, sizeof program), o, 5 + 20 * ref_seconds);
}

static bool first_finding(const Exercise *e, const Run *r, char *text, size_t size)
{
    char program[300], kind[32];
    if (!compare_found(r, 0, kind, text, size)) return false;
    name_places(e, variant_program(e, CHECKED, false, program, sizeof program), text, size);
    return true;
}

void look_closer(Exercise *e, const Toolchain *t, const Options *o)
{
    for (int i = 0; i < e->n_steps; i++) {
        Step *s = &e->step[i];
        if (!s->first || !strcmp(s->state, "TODO") || !strcmp(s->state, "BUILD")) continue;
        if (!build_checked(e, t)) return;
        if (!strcmp(s->state, "EARLY-EXIT")) continue;      /* what is left behind then explains nothing */
        Run r = run_mine(e, s->first, o, 0.5);
        first_finding(e, &r, s->found, sizeof s->found);
        run_free(&r);
    }
}

/* ---- Who asks the emulator to look away -------------------------------------------------------------------------- */

/* The lines of a preprocessed file that stand in work/, without what stands around them. */
static char *own_lines(const char *text)
{
    char *out = calloc(1, strlen(text) + 1), *to = out;
    bool  own = false;
    if (!out) abort();
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        n += p[n] == '\n';
        if (*p == '#' && p[1] == ' ' && isdigit((unsigned char)p[2])) {
            const char *name = memchr(p, '"', n);
            own = name && !strncmp(name, "\"work/", 6);
        } else if (own) memcpy(to, p, n), to += n;
        p += n;
    }
    return out;
}

static char *preprocessed(const Exercise *e, const Toolchain *t, const char *flags)
{
    char path[400];
    snprintf(path, sizeof path, "build/mine/%s/lines.i", e->dir);
    if (!build_preprocessed(e, t, flags, path)) return NULL;
    char *text = read_text(path, 32 << 20), *own = own_lines(text);
    free(text);
    remove(path);
    return own;
}

static const char *evades(const Exercise *e, const Toolchain *t)
{
    static const char *const words[] = { "no_sanitize", "__tsan", "__ubsan", "__asm", "asm(", "asm volatile",
                                         "disable_sanitizer_instrumentation" };
    static const char *const names[] = { "dlsym", "dlopen", "dladdr", "dl_iterate_phdr", "_r_debug", "setenv",
                                         "putenv", "environ" };
    static const char *const ours[] = { " device_", " worker_", " probe_", " emit" };       /* a probe's words */
    char object[400];
    char *plain = preprocessed(e, t, "-O1");
    char *checked = preprocessed(e, t, "-O1 -fsanitize=thread,bounds -DSIMT_CHECK=1");
    const char *why = NULL;
    snprintf(object, sizeof object, "build/mine/%s/%s.o", e->dir, e->name);
    if (plain && checked && strcmp(plain, checked)) why = "the file is another one when check mode looks";
    for (size_t i = 0; plain && i < sizeof words / sizeof *words; i++)
        if (strstr(plain, words[i])) why = "the file speaks to what looks at it, the emulator";
    for (const char *p = plain; p && (p = strstr(p, "simt")); p += 4)       /* simt::, simt_; simtile is nobody's */
        if (!isalpha((unsigned char)p[4])) why = "the file speaks to what looks at it, the emulator";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (build_asks_for(object, names[i])) why = "the file asks for what could lead it to the emulator";
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (build_asks_for(object, ours[i])) why = "the file calls what its probes call";
    free(plain), free(checked);
    return why;
}

/* ---- What is found, and what is counted -------------------------------------------------------------------------- */

/* Of each probe, so that known mistakes can be held against it. */
static Run  mine[MAX_PROBES], ref[MAX_PROBES];
static bool same[MAX_PROBES];               /* it came to the values that it was judged by */

static void measure_probe(Exercise *e, int i, Step *s, const Options *o)
{
    Check *c = &e->check[i];
    char   text[600];
    ref[i] = run_reference(e, c, o);
    mine[i] = run_mine(e, c, o, ref[i].seconds);
    bool found = first_finding(e, &mine[i], text, sizeof text);
    same[i] = as_judged(e, c, &ref[i], &mine[i]);
    c->clean = !found && same[i];
    s->clean += c->clean;
    if (c->clean || *e->sanitizer) return;
    snprintf(e->sanitized_probe, sizeof e->sanitized_probe, "%s.%s", c->step, c->name);
    snprintf(e->sanitizer, sizeof e->sanitizer, "%.390s", found ? text : "it comes to other values in check mode");
}

static void worse(Step *s, double ratio, const char *why)
{
    if (ratio <= s->ratio) return;
    s->ratio = fmin(ratio, NEVER);
    if (compare_part(ratio) < 1) snprintf(s->counter, sizeof s->counter, "%s", why);
}

/* The worst of: all that it cost, and each counter that a probe asked for. */
static void measure_step(Exercise *e, Step *s)
{
    double cost[2] = { 0 };
    bool   through = true;
    char   why[sizeof s->counter];
    for (int i = 0; i < e->n_checks; i++) {
        if (strcmp(e->check[i].step, s->name)) continue;
        cost[0] += compare_cost(&ref[i]), cost[1] += compare_cost(&mine[i]);
        through = through && same[i];
        double n = compare_counters(&ref[i], &mine[i], why, sizeof why);
        if (n > 1) worse(s, n, why);
    }
    if (cost[0] == 0) return;                           /* no kernel, no points for it */
    if (cost[1] * IDLE < cost[0]) worse(s, NEVER + 1, "not counted, for its kernels do next to nothing");
    snprintf(why, sizeof why, "what it costs is %.2f times the reference's", cost[1] / cost[0]);
    worse(s, fmax(cost[1] / cost[0], 1e-3), why);
    if (!through) worse(s, NEVER + 1, "not counted, for check mode comes to other values");
    s->performance = PERFORMANCE * compare_part(s->ratio) / e->points_steps;
}

static bool goes_like(const Exercise *e, const Step *s, const char *mutant, const Options *o)
{
    Variant v = variant_of(e, s->name, mutant, true);
    bool    alike = true;
    for (int i = 0; i < e->n_checks && alike; i++) {
        if (strcmp(e->check[i].step, s->name)) continue;
        Run r = run_checked(e, &e->check[i], v.program, o, 5 + 20 * ref[i].seconds);
        alike = compare_alike(&r, &mine[i]) && compare_same_findings(&r, &mine[i]);
        run_free(&r);
    }
    return alike;
}

bool found_alike(Exercise *e, const Toolchain *t, const Step *s, const char *mutant, const Options *o)
{
    Variant v = variant_of(e, s->name, mutant, true);
    bool    alike = build_checked(e, t);
    for (int i = 0; i < e->n_checks && alike; i++) {
        if (strcmp(e->check[i].step, s->name)) continue;
        Run a = run_mine(e, &e->check[i], o, 0.5), b = run_checked(e, &e->check[i], v.program, o, 15);
        alike = compare_same_findings(&a, &b);
        run_free(&a), run_free(&b);
    }
    return alike;
}

static bool falls_short(const Step *s) { return s->clean < s->n || (s->ratio > 0 && compare_part(s->ratio) < 1); }

/* Is what falls short in this step perhaps the fault of one that it calls? */
static bool calls_worse(Exercise *e, const Step *s)
{
    char path[400], caller[64], called[64];
    bool worse = false;
    snprintf(path, sizeof path, "build/ref/%s/mutants/calls", e->dir);
    FILE *f = fopen(path, "r");
    while (f && fscanf(f, "%63s %63s", caller, called) == 2)
        for (int i = 0; i < e->n_steps && !strcmp(caller, s->name); i++)
            worse |= !strcmp(e->step[i].name, called) && falls_short(&e->step[i]);
    if (f) fclose(f);
    return worse;
}

static void recognise(Exercise *e, Step *s, const Options *o)
{
    char path[400], line[200], step[64], mutant[64];
    snprintf(path, sizeof path, "build/ref/%s/mutants/list", e->dir);
    FILE *f = fopen(path, "r");
    while (f && !*s->mutant && fgets(line, sizeof line, f))
        if (sscanf(line, "%63s %63s", step, mutant) == 2 && !strcmp(step, s->name) && goes_like(e, s, mutant, o))
            snprintf(s->mutant, sizeof s->mutant, "%s", mutant);
    if (f) fclose(f);
    if (*s->mutant) read_message(e, s);
}

/* A finding, or a counter that was asked for: what all of it costs tells one mistake from another by nothing. */
static bool is_told(const Exercise *e, const Step *s)
{
    char kind[32], text[600];
    for (int i = 0; i < e->n_checks; i++)
        if (!strcmp(e->check[i].step, s->name)
            && (compare_found(&mine[i], 0, kind, text, sizeof text)
                || compare_part(compare_counters(&ref[i], &mine[i], text, sizeof text)) < 1))
            return true;
    return false;
}

static void no_points(Exercise *e, const char *why)
{
    snprintf(e->sanitizer, sizeof e->sanitizer, "%s", why);
    snprintf(e->uncounted, sizeof e->uncounted, "%s", why);
    for (int i = 0; i < e->n_steps; i++) e->step[i].ratio = NEVER;
}

bool measure_gpu(Exercise *e, const Toolchain *t, const Options *o)
{
    if (!build_checked(e, t)) {
        snprintf(e->state, sizeof e->state, "INTERNAL");
        snprintf(e->text, sizeof e->text, "it does not build in check mode: see build/mine/%s/check.errors", e->dir);
        return false;
    }
    e->sanitized = e->counted = true;
    const char *evasion = evades(e, t);
    if (evasion) return no_points(e, evasion), true;
    for (int k = 0; k < e->n_steps; k++) {
        Step *s = &e->step[k];
        for (int i = 0; i < e->n_checks; i++)
            if (!strcmp(e->check[i].step, s->name)) measure_probe(e, i, s, o);
        if (!strcmp(s->kind, "none")) continue;
        measure_step(e, s);
    }
    for (int k = 0; k < e->n_steps; k++) {
        Step *s = &e->step[k];
        if (strcmp(s->kind, "none") && falls_short(s) && is_told(e, s) && !calls_worse(e, s)) recognise(e, s, o);
    }
    for (int i = 0; i < e->n_checks; i++) run_free(&ref[i]), run_free(&mine[i]);
    return true;
}
