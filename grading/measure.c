/* measure.c -- what comes after correctness: the same probes under the sanitizers, and the instructions they take. */
#define _GNU_SOURCE
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "grade.h"
#include "launch.h"

#define SANITIZE "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
#if defined __aarch64__
#define COUNTED "-gdwarf-4 -march=armv8-a"         /* valgrind 3.19 cannot read all of DWARF 5 */
#elif defined __x86_64__
#define COUNTED "-gdwarf-4 -march=x86-64-v3"       /* and dies on AVX-512 */
#else
#define COUNTED "-gdwarf-4"
#endif

static const double FULL_AT = 1.5, NONE_AT = 8;
enum { WORTHY = 1000 };                                 /* instructions below which a ratio says nothing */

static Step *step_named(Exercise *e, const char *name)
{
    for (int i = 0; i < e->n_steps; i++)
        if (!strcmp(e->step[i].name, name)) return &e->step[i];
    return NULL;
}

/* ---- Robustness ------------------------------------------------------------------------------------------------ */

/* "work/x.c:27:9: runtime error: ..." as it is; AddressSanitizer's heading without addresses, then the line. */
static void read_complaint(Exercise *e, const char *text)
{
    const char *own = strstr(text, "work/"), *error = strstr(text, "runtime error: "),
               *asan = strstr(text, "ERROR: AddressSanitizer: ");
    char program[300], where[300], kind[80] = "";
    long long frame[16];
    int n = 0;
    if (error && own && own < error) {
        printable(own, strcspn(own, "\n"), e->sanitizer, sizeof e->sanitizer);
        return;
    }
    if (asan) sscanf(asan + strlen("ERROR: AddressSanitizer: "), "%79s", kind);
    for (const char *p = strstr(text, "    #"); p && n < 16; p = strstr(p + 1, "    #")) {
        const char *plus = strstr(p, "+0x"), *end = p + strcspn(p, "\n");
        if (plus && plus < end && strstr(p, "/worker+0x") && strstr(p, "/worker+0x") < end)
            frame[n] = strtoll(plus + 1, NULL, 16) - (n > 0), n++;
    }
    snprintf(program, sizeof program, "build/asan/%s/worker", e->dir);
    locate(e, program, frame, n, where, sizeof where);
    snprintf(e->sanitizer, sizeof e->sanitizer, "%s%s%.250s",
             *kind ? kind : "it ended otherwise than without the sanitizers", *where ? " in " : "", where);
}

static void measure_robustness(Exercise *e, const Toolchain *t, const Options *o)
{
    static const char *const env[] = {
        "ASAN_OPTIONS=symbolize=0:detect_leaks=0:exitcode=66:max_allocation_size_mb=1024",
        "UBSAN_OPTIONS=print_stacktrace=0", NULL
    };
    char program[300], one[140], trials[12];
    bool works = build_variant(e, t, "asan", SANITIZE, false);
    snprintf(program, sizeof program, "build/asan/%s/worker", e->dir);
    snprintf(trials, sizeof trials, "%d", TRIALS);
    for (int i = 0; i < e->n_checks; i++) {
        Check *c = &e->check[i];
        snprintf(one, sizeof one, "%s.%s", c->step, c->name);
        const char *argv[] = { "worker", one, trials, NULL };
        Launch l = { .program = program, .argv = argv, .env = env, .seed = o->seed, .seconds = 5 + 60 * c->ref_seconds,
                     .records = (size_t)64 << 20, .threads = e->threads, .profile = PROFILE_SANITIZER };
        Run r = works ? launch(&l) : (Run){ 0 };
        works = works && !r.broken && r.size > 0;       /* not one record: the sanitizer did not start */
        c->clean = !works || (r.status == 0 && !r.late && !r.flooded);
        step_named(e, c->step)->clean += c->clean;
        if (!c->clean && !*e->sanitizer) {
            snprintf(e->sanitized_probe, sizeof e->sanitized_probe, "%s", one);
            read_complaint(e, r.text ? r.text : "");
        }
        run_free(&r);
    }
    if (!works)
        snprintf(e->sanitizer, sizeof e->sanitizer, "the sanitizers do not start here: only the guard pages looked");
    e->sanitized = true;
}

/* ---- Performance ----------------------------------------------------------------------------------------------- */

enum { NAMES = 20000, COUNT_SECONDS = 120 };
typedef struct Names { char *name[NAMES]; } Names;

/* callgrind's "(12) name" defines a number, "(12)" refers to it. */
static const char *named(Names *t, const char *p)
{
    int id = *p == '(' ? atoi(p + 1) : -1;
    const char *name = strchr(p, ' ');
    if (id < 0 || id >= NAMES) return "";
    if (name && !t->name[id]) t->name[id] = strdup(name + 1);
    return t->name[id] ? t->name[id] : "";
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && !strcmp(s + n - k, end);
}

/* Instructions of each step's function and all that it calls, counted where the test file calls it: as often in
 * both. */
static void read_counts(const Exercise *e, char *profile, double *count)
{
    Names *files = calloc(1, sizeof *files), *functions = calloc(1, sizeof *functions);
    char   test[100], file[400] = "", callee[200] = "";
    bool   ours = false, inclusive = false;
    snprintf(test, sizeof test, "/test_%s.c", e->name);
    if (!files || !functions) abort();
    for (char *line = strtok(profile, "\n"); line; line = strtok(NULL, "\n")) {
        double cost;
        if (!strncmp(line, "fl=", 3)) snprintf(file, sizeof file, "%s", named(files, line + 3));
        else if (!strncmp(line, "fi=", 3) || !strncmp(line, "fe=", 3)) named(files, line + 3);
        else if (!strncmp(line, "cfi=", 4) || !strncmp(line, "cfl=", 4)) named(files, line + 4);
        else if (!strncmp(line, "fn=", 3)) named(functions, line + 3), ours = ends_with(file, test);
        else if (!strncmp(line, "cfn=", 4)) snprintf(callee, sizeof callee, "%s", named(functions, line + 4));
        else if (!strncmp(line, "calls=", 6)) inclusive = true;
        else if (inclusive && sscanf(line, "%*s %lf", &cost) == 1) {
            inclusive = false;
            for (int i = 0; ours && i < e->n_steps; i++)
                if (!strcmp(e->step[i].name, callee)) count[i] += cost;
        }
    }
    for (int i = 0; i < NAMES; i++) free(files->name[i]), free(functions->name[i]);
    free(files), free(functions);
}

static bool count(const Exercise *e, const char *valgrind, const char *program, double *counts)
{
    static const char *const env[] = { "SEED=1", "QUIET=1", NULL };
    char trials[12];
    snprintf(trials, sizeof trials, "%d", TRIALS);
    const char *argv[] = {
        valgrind, "--tool=callgrind", "--callgrind-out-file=counts", "--vgdb=no", "-q", LAUNCH_PROGRAM, "*", trials,
        NULL
    };
    Launch l = { .program = program,
                 .argv = argv,
                 .env = env,
                 .collect = "counts",
                 .seconds = COUNT_SECONDS,
                 .records = 1 << 20,
                 .threads = e->threads,
                 .profile = PROFILE_TOOL };
    Run  r = launch(&l);
    char *text = !r.broken && r.size ? strndup(r.data, r.size) : NULL;
    if (text) read_counts(e, text, counts);
    run_free(&r);
    free(text);
    return text != NULL;
}

/* The reference's counts are kept: they change only with what make builds. */
static bool count_reference(Exercise *e, const Toolchain *t, const char *valgrind, double *counts)
{
    char   kept[300], made[300], program[300], name[64];
    double n;
    snprintf(kept, sizeof kept, "build/count/%s/reference.counts", e->dir);
    snprintf(made, sizeof made, "build/ref/%s/worker", e->dir);
    snprintf(program, sizeof program, "build/count/%s/reference.worker", e->dir);
    if (!newer(kept, made)) {
        if (!build_variant(e, t, "count", COUNTED, true) || !count(e, valgrind, program, counts)) return false;
        FILE *f = fopen(kept, "w");
        for (int i = 0; f && i < e->n_steps; i++) fprintf(f, "%s %.0f\n", e->step[i].name, counts[i]);
        if (f) fclose(f);
        return true;
    }
    FILE *f = fopen(kept, "r");
    while (f && fscanf(f, "%63s %lf", name, &n) == 2)
        if (step_named(e, name)) counts[step_named(e, name) - e->step] = n;
    if (f) fclose(f);
    return f != NULL;
}

static void measure_performance(Exercise *e, const Toolchain *t)
{
    static const char *const where[] = { "/usr/bin/valgrind", "/usr/local/bin/valgrind" };
    const char *valgrind = !access(where[0], X_OK) ? where[0] : !access(where[1], X_OK) ? where[1] : NULL, *why = NULL;
    char   program[300];
    double mine[MAX_STEPS] = { 0 }, ref[MAX_STEPS] = { 0 };
    snprintf(program, sizeof program, "build/count/%s/worker", e->dir);
    if (e->needs_common) why = "instructions are not counted in what links common/";
    else if (!valgrind) why = "valgrind is not installed, so instructions are not counted";
    else if (!count_reference(e, t, valgrind, ref) || !build_variant(e, t, "count", COUNTED, false)
             || !count(e, valgrind, program, mine)) why = "instructions could not be counted here";
    e->counted = !why;
    if (why) { snprintf(e->left_out, sizeof e->left_out, "%s", why); return; }
    for (int i = 0; i < e->n_steps; i++) {
        Step *s = &e->step[i];
        if (!strcmp(s->kind, "none") || ref[i] < WORTHY || mine[i] == 0) continue;
        s->ratio = mine[i] / ref[i];
        double part = (log(NONE_AT) - log(s->ratio)) / (log(NONE_AT) - log(FULL_AT));
        s->performance = PERFORMANCE * (part < 0 ? 0 : part > 1 ? 1 : part) / e->points_steps;
    }
}

/* ---- Both, or what was found for the same file before ---------------------------------------------------------- */

/* FNV-1a over the learner's file, the compiler's flags and the age of what make built. */
static void make_key(const Exercise *e, const Toolchain *t, char key[40])
{
    char path[300], age[60] = "";
    struct stat s;
    uint64_t h = 14695981039346656037u;
    char *text = read_text(e->source, 1 << 20);
    snprintf(path, sizeof path, "build/ref/%s/worker", e->dir);
    if (!stat(path, &s)) snprintf(age, sizeof age, "%lld.%ld", (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    for (const char *part[] = { text, t->cc, age, NULL }, **p = part; *p; p++)
        for (const char *c = *p; *c; c++) h = (h ^ (unsigned char)*c) * 1099511628211u;
    free(text);
    snprintf(key, 40, "%016llx", (unsigned long long)h);
}

static bool remember(Exercise *e, const char *path, const char *key)
{
    json_t *o = json_load_file(path, 0, NULL), *step, *steps = json_object_get(o, "steps");
    const char *known = json_string_value(json_object_get(o, "key")), *name, *text;
    bool same = known && !strcmp(known, key);
    json_object_foreach(steps, name, step) {
        Step *s = same ? step_named(e, name) : NULL;
        if (!s) continue;
        s->clean = (int)json_integer_value(json_object_get(step, "clean"));
        s->ratio = json_real_value(json_object_get(step, "ratio"));
        s->performance = json_real_value(json_object_get(step, "performance"));
    }
    if (same) {
        e->sanitized = true;
        e->counted = json_is_true(json_object_get(o, "counted"));
        if ((text = json_string_value(json_object_get(o, "sanitizer"))))
            snprintf(e->sanitizer, sizeof e->sanitizer, "%s", text);
        if ((text = json_string_value(json_object_get(o, "probe"))))
            snprintf(e->sanitized_probe, sizeof e->sanitized_probe, "%s", text);
        if ((text = json_string_value(json_object_get(o, "left_out"))))
            snprintf(e->left_out, sizeof e->left_out, "%s", text);
    }
    json_decref(o);
    return same;
}

static void keep(const Exercise *e, const char *path, const char *key)
{
    json_t *steps = json_object();
    for (int i = 0; i < e->n_steps; i++)
        json_object_set_new(steps, e->step[i].name,
                            json_pack("{s:i, s:f, s:f}", "clean", e->step[i].clean, "ratio", e->step[i].ratio,
                                      "performance", e->step[i].performance));
    json_t *o = json_pack("{s:s, s:b, s:s, s:s, s:s, s:o}", "key", key, "counted", e->counted, "sanitizer",
                          e->sanitizer, "probe", e->sanitized_probe, "left_out", e->left_out, "steps", steps);
    if (o) json_dump_file(o, path, JSON_INDENT(1));
    json_decref(o);
}

void measure(Exercise *e, const Toolchain *t, const Options *o)
{
    char   path[300], key[40];
    double start = now();
    snprintf(path, sizeof path, "build/mine/%s/measured.json", e->dir);
    make_key(e, t, key);
    if (remember(e, path, key)) return;
    measure_robustness(e, t, o);
    measure_performance(e, t);
    e->seconds_extra = now() - start;
    keep(e, path, key);
}
