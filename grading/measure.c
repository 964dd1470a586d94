/* measure.c -- what comes after correctness: the same probes under the sanitizers, and the instructions they take. */
#define _GNU_SOURCE
#include <ctype.h>
#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "grade.h"
#include "launch.h"

#define SANITIZE "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
#if defined __aarch64__
#define COUNTED "-gdwarf-4 -march=armv8-a"         /* valgrind 3.19 cannot read all of DWARF 5 */
#define MACHINE "arm64-linux"
#elif defined __x86_64__
#define COUNTED "-gdwarf-4 -march=x86-64-v3"       /* and dies on AVX-512 */
#define MACHINE "amd64-linux"
#else
#define COUNTED "-gdwarf-4"
#define MACHINE "*-linux"
#endif

static const double NEVER = 1000;
enum { WORTHY = 1000 };                                 /* instructions below which a ratio says nothing */
enum { MAX_PREPROCESSED = 32 << 20 };

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
        if (plus && plus < end && strstr(p, ".worker+0x") && strstr(p, ".worker+0x") < end)
            frame[n] = strtoll(plus + 1, NULL, 16) - (n > 0), n++;
    }
    variant_program(e, "asan", false, program, sizeof program);
    locate(e, program, frame, n, where, sizeof where);
    snprintf(e->sanitizer, sizeof e->sanitizer, "%s%s%.250s",
             *kind ? kind : "it ended otherwise than without the sanitizers", *where ? " in " : "", where);
}

/* Words that ask the sanitizers to look away, in what the preprocessor made of the file. */
static bool asks_to_look_away(const char *text)
{
    static const char *const words[] = { "no_sanitize", "no_address_safety", "disable_sanitizer_instrumentation" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(text, words[i])) return true;
    return false;
}

/* By their names, or by what finds any name while it runs. */
static bool asks_for_sanitizers(const char *object)
{
    static const char *const names[] = { "san_", "__sanitizer_", "dlsym", "dlvsym", "dlopen", "dlmopen", "dlinfo",
                                         "dladdr", "dl_iterate_phdr", "_r_debug" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (build_asks_for(object, names[i])) return true;
    return false;
}

/* NULL, or how the file sees to it that the sanitizers look at something else than was graded. */
static const char *evades(const Exercise *e, const Toolchain *t)
{
    char plain[400], watched[400], object[400];
    const char *why = NULL;
    snprintf(plain, sizeof plain, "build/mine/%s/plain.i", e->dir);
    snprintf(watched, sizeof watched, "build/mine/%s/watched.i", e->dir);
    snprintf(object, sizeof object, "build/mine/%s/%s.o", e->dir, e->name);
    if (!build_preprocessed(e, t, "-O1", plain) || !build_preprocessed(e, t, SANITIZE, watched)) return NULL;
    char *a = read_text(plain, MAX_PREPROCESSED), *b = read_text(watched, MAX_PREPROCESSED);
    if (asks_to_look_away(a)) why = "the file asks the sanitizers to look away";
    else if (strcmp(a, b)) why = "the file is another one when the sanitizers look";
    else if (asks_for_sanitizers(object)) why = "the file asks whether the sanitizers are there";
    free(a), free(b);
    unlink(plain), unlink(watched);
    return why;
}

static bool passes(const Run *ref, const Run *mine, bool values)
{
    Finding f;
    compare_runs(ref, mine, values, &f);
    return !strcmp(f.verdict, "PASS");
}

static bool load(const Exercise *e, const Check *c, const char *who, Run *r)
{
    char path[500];
    snprintf(path, sizeof path, "build/mine/%s/records/%s.%s.%s", e->dir, c->step, c->name, who);
    return run_load(r, path);
}

/* It must: else it could be clean by doing nothing. A JUDGE_OF may take other values than the reference's. */
bool as_judged(const Exercise *e, const Check *c, const Run *ref, const Run *r)
{
    Run  kept = { 0 }, mine = { 0 };
    bool same = load(e, c, "ref", &kept) && load(e, c, "mine", &mine)
                && passes(ref ? ref : &kept, r, passes(&kept, &mine, true));
    run_free(&kept), run_free(&mine);
    return same;
}

/* SUITE.NAME, or "*": all of them in one process. */
static Run run_sanitized(const Exercise *e, const Options *o, const char *which, double seconds)
{
    static const char *const env[] = {
        "ASAN_OPTIONS=symbolize=0:detect_leaks=0:exitcode=66:max_allocation_size_mb=1024",
        "UBSAN_OPTIONS=print_stacktrace=0", NULL
    };
    char program[300], trials[12];
    snprintf(trials, sizeof trials, "%d", TRIALS);
    const char *argv[] = { "worker", which, trials, NULL };
    Launch l = { .program = variant_program(e, "asan", false, program, sizeof program), .argv = argv, .env = env,
                 .seed = o->seed, .seconds = seconds, .records = (size_t)256 << 20, .may = e->may,
                 .profile = PROFILE_SANITIZER };
    return launch(&l);
}

/* Most files give no cause for complaint, and to start a sanitized program takes longer than its probes: all at once
 * first. */
static bool all_clean(const Exercise *e, const Options *o)
{
    static Run part[MAX_PROBES];
    double seconds = 5;
    for (int i = 0; i < e->n_checks; i++) seconds += 60 * e->check[i].ref_seconds;
    Run  r = run_sanitized(e, o, "*", seconds);
    int  n = r.broken || r.status || r.late || r.flooded ? 0 : run_split(&r, part, MAX_PROBES);
    bool clean = n == e->n_checks;
    for (int i = 0; i < n; i++) {
        clean = clean && as_judged(e, &e->check[i], NULL, &part[i]);
        run_free(&part[i]);
    }
    run_free(&r);
    return clean;
}

static void measure_robustness(Exercise *e, const Toolchain *t, const Options *o)
{
    char one[140];
    bool works = build_variant(e, t, "asan", SANITIZE, false);
    const char *evasion = works ? evades(e, t) : NULL;
    e->sanitized = true;
    if (evasion) { snprintf(e->sanitizer, sizeof e->sanitizer, "%s", evasion); return; }
    bool clean = works && all_clean(e, o);
    for (int i = 0; i < e->n_checks; i++) {
        Check *c = &e->check[i];
        snprintf(one, sizeof one, "%s.%s", c->step, c->name);
        Run r = works && !clean ? run_sanitized(e, o, one, 5 + 60 * c->ref_seconds) : (Run){ 0 };
        works = works && (clean || (!r.broken && r.size > 0));  /* not one record: the sanitizer did not start */
        c->clean = !works || clean || as_judged(e, c, NULL, &r);
        step_named(e, c->step)->clean += c->clean;
        if (!c->clean && !*e->sanitizer) {
            snprintf(e->sanitized_probe, sizeof e->sanitized_probe, "%s", one);
            read_complaint(e, r.text ? r.text : "");
        }
        run_free(&r);
    }
    if (!works)
        snprintf(e->sanitizer, sizeof e->sanitizer, "the sanitizers do not start here: only the guard pages looked");
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

/* What a line of callgrind's profile costs: each event of its "events:" line has a price, callgrind's own. An
 * instruction costs 1, a miss of the first level 10 more, one of the last 100. */
enum { MAX_EVENTS = 16 };
typedef struct Prices { int n; double of[MAX_EVENTS]; } Prices;

static Prices read_prices(const char *events)
{
    static const struct { const char *name; double price; } known[] = { { "Ir", 1 }, { "I1mr", 10 }, { "D1mr", 10 },
        { "D1mw", 10 }, { "ILmr", 100 }, { "DLmr", 100 }, { "DLmw", 100 } };
    Prices p = { 0 };
    char   word[20];
    for (int used; p.n < MAX_EVENTS && sscanf(events, "%19s%n", word, &used) == 1; events += used, p.n++)
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (!strcmp(word, known[i].name)) p.of[p.n] = known[i].price;
    return p;
}

/* "LINE n n n": events at the end that are 0 are left out. */
static double cost_of(const Prices *p, const char *line)
{
    double sum = 0;
    char  *rest;
    line += strcspn(line, " ");
    for (int i = 0; i < p->n; i++, line = rest) {
        double n = strtod(line, &rest);
        if (rest == line) break;
        sum += n * p->of[i];
    }
    return sum;
}

/* The cost of each step's function and all that it calls, counted where the test file calls it: as often in both. */
static void read_counts(const Exercise *e, char *profile, double *count)
{
    Names *files = calloc(1, sizeof *files), *functions = calloc(1, sizeof *functions);
    char   test[100], file[400] = "", callee[200] = "";
    bool   ours = false, inclusive = false;
    Prices prices = { 1, { 1 } };
    snprintf(test, sizeof test, "/test_%s.c", e->name);
    if (!files || !functions) abort();
    for (char *line = strtok(profile, "\n"); line; line = strtok(NULL, "\n")) {
        if (!strncmp(line, "events: ", 8)) prices = read_prices(line + 8);
        else if (!strncmp(line, "fl=", 3)) snprintf(file, sizeof file, "%s", named(files, line + 3));
        else if (!strncmp(line, "fi=", 3) || !strncmp(line, "fe=", 3)) named(files, line + 3);
        else if (!strncmp(line, "cfi=", 4) || !strncmp(line, "cfl=", 4)) named(files, line + 4);
        else if (!strncmp(line, "fn=", 3)) named(functions, line + 3), ours = ends_with(file, test);
        else if (!strncmp(line, "cfn=", 4)) snprintf(callee, sizeof callee, "%s", named(functions, line + 4));
        else if (!strncmp(line, "calls=", 6)) inclusive = true;
        else if (inclusive) {
            inclusive = false;
            for (int i = 0; ours && i < e->n_steps; i++)
                if (!strcmp(e->step[i].name, callee)) count[i] += cost_of(&prices, line);
        }
    }
    for (int i = 0; i < NAMES; i++) free(files->name[i]), free(functions->name[i]);
    free(files), free(functions);
}

/* valgrind's own program starts one for each tool; what it starts may start nothing more. */
static const char *find_tool(const char *name)
{
    static char path[300];
    static const char *const pattern[] = { "/usr/libexec/valgrind", "/usr/lib/valgrind", "/usr/lib64/valgrind",
                                           "/usr/lib/*/valgrind", "/usr/local/libexec/valgrind" };
    for (size_t i = 0; i < sizeof pattern / sizeof *pattern; i++) {
        glob_t g;
        snprintf(path, sizeof path, "%s/%s-%s", pattern[i], name, MACHINE);
        if (glob(path, 0, NULL, &g)) continue;
        snprintf(path, sizeof path, "%s", g.gl_pathv[0]);
        globfree(&g);
        return path;
    }
    return NULL;
}

/* All probes of a program under one of valgrind's tools, with at most six options; it writes the file counts. */
static Run run_under(const Exercise *e, const char *tool, const char *const *options, const char *program,
                     uint64_t seed)
{
    static const char *const env[] = { "VALGRIND_LAUNCHER=/usr/bin/valgrind", "OMP_WAIT_POLICY=passive", NULL };
    char trials[12];
    const char *argv[14] = { tool, "--vgdb=no", "-q" };
    int n = 3;
    snprintf(trials, sizeof trials, "%d", TRIALS);
    while (*options) argv[n++] = *options++;
    argv[n++] = LAUNCH_PROGRAM, argv[n++] = "*", argv[n++] = trials;
    Launch l = { .program = program,
                 .argv = argv,
                 .env = env,
                 .collect = "counts",
                 .seed = seed,
                 .seconds = COUNT_SECONDS,
                 .records = (size_t)256 << 20,
                 .may = e->may,
                 .profile = PROFILE_TOOL };
    return launch(&l);
}

/* Both halves of a count: what callgrind wrote, and what the worker sent, so that nothing is earned by doing less. The
 * last of counts is all instructions. */
static bool count(const Exercise *e, const char *tool, const char *program, uint64_t seed, double *counts, Run *sent)
{
    static const char *const options[] = {              /* caches of one size, so that every machine counts alike */
        "--tool=callgrind", "--callgrind-out-file=counts", "--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64",
        "--LL=1048576,16,64", NULL
    };
    Run  r = run_under(e, tool, options, program, seed);
    char *text = !r.broken && r.file_size ? strndup(r.file, r.file_size) : NULL;
    const char *all = text ? strstr(text, "\nsummary: ") : NULL;
    if (all) counts[MAX_STEPS] = strtod(all + strlen("\nsummary: "), NULL);
    if (text) read_counts(e, text, counts);
    if (sent) *sent = r;
    else run_free(&r);
    free(text);
    return text != NULL;
}

/* The reference's counts are kept: they change only with what make builds. So is their seed, which nobody knows. */
static bool count_reference(Exercise *e, const Toolchain *t, const char *tool, uint64_t *seed, double *counts)
{
    char   kept[300], made[300], program[300], name[64], new[340];
    double n;
    snprintf(kept, sizeof kept, "build/count/%s/reference.counts", e->dir);
    snprintf(made, sizeof made, "build/ref/%s/worker", e->dir);
    snprintf(new, sizeof new, "%s.%d", kept, (int)getpid());
    variant_program(e, "count", true, program, sizeof program);
    FILE *f = newer(kept, made) ? fopen(kept, "r") : NULL;
    if (f && fscanf(f, "costs %" SCNx64, seed) == 1) {
        while (fscanf(f, "%63s %lf", name, &n) == 2)
            if (step_named(e, name)) counts[step_named(e, name) - e->step] = n;
        fclose(f);
        return true;
    }
    if (f) fclose(f);
    if (getrandom(seed, sizeof *seed, 0) != sizeof *seed || !build_variant(e, t, "count", COUNTED, true) ||
        !count(e, tool, program, *seed, counts, NULL))
        return false;
    if (!(f = fopen(new, "w"))) return true;
    fprintf(f, "costs %" PRIx64 "\n", *seed);
    for (int i = 0; i < e->n_steps; i++) fprintf(f, "%s %.0f\n", e->step[i].name, counts[i]);
    if (!fclose(f)) rename(new, kept);
    return true;
}

/* The instructions by which a program speaks to valgrind: it could ask not to be counted. */
static bool speaks_to_valgrind(const Exercise *e)
{
#if defined __aarch64__
    static const unsigned char words[] = { 0x8c, 0x0d, 0xcc, 0x93, 0x8c, 0x35, 0xcc, 0x93 };
#else
    static const unsigned char words[] = { 0x48, 0xc1, 0xc7, 0x03, 0x48, 0xc1, 0xc7, 0x0d };
#endif
    char   path[300];
    size_t size = 0;
    snprintf(path, sizeof path, "build/mine/%s/count.o", e->dir);
    char *object = read_bytes(path, &size);
    bool  found = object && memmem(object, size, words, sizeof words);
    free(object);
    return found;
}

/* What callgrind can be asked not to count lackey counts: it takes no questions. Its number is the last in the file,
 * for the program has ended by then. */
static bool hides_some(const Exercise *e, const char *program, uint64_t seed, double counted)
{
    static const char words[] = "guest instrs:";
    const double FEW = 1e5, PART = 1.05;
    const char *tool = find_tool("lackey"), *last = NULL;
    if (!tool) return false;
    static const char *const options[] = { "--tool=lackey", "--log-file=counts", NULL };
    Run   r = run_under(e, tool, options, program, seed);
    char *text = strndup(r.file ? r.file : "", r.file_size);
    for (const char *p = text; p && (p = strstr(p, words)); p += sizeof words - 1) last = p + sizeof words - 1;
    double n = 0;
    for (; last && *last && *last != '\n'; last++)
        if (*last >= '0' && *last <= '9') n = 10 * n + (*last - '0');
    bool hides = !r.broken && (!last || n > PART * counted + FEW);
    free(text);
    run_free(&r);
    return hides;
}

/* NULL, or why the counts of a run say nothing for it. */
static const char *why_uncounted(const Exercise *e, const Run *sent, uint64_t seed)
{
    static Run part[2][MAX_PROBES];
    char program[300], trials[12];
    snprintf(program, sizeof program, "build/ref/%s/worker", e->dir);
    snprintf(trials, sizeof trials, "%d", TRIALS);
    const char *argv[] = { e->name, "*", trials, NULL };
    Launch l = { .program = program, .argv = argv, .seed = seed, .seconds = COUNT_SECONDS, .may = e->may,
                 .records = (size_t)256 << 20 };
    if (speaks_to_valgrind(e)) return "the file has instructions that speak to valgrind";
    if (sent->status || sent->late || sent->flooded) return "it ends otherwise when its instructions are counted";
    Run  all = launch(&l);
    int  n = run_split(&all, part[0], MAX_PROBES), mine = run_split(sent, part[1], MAX_PROBES);
    bool same = n == mine && n == e->n_checks;
    for (int i = 0; i < n || i < mine; i++) {
        same = same && as_judged(e, &e->check[i], &part[0][i], &part[1][i]);
        if (i < n) run_free(&part[0][i]);
        if (i < mine) run_free(&part[1][i]);
    }
    run_free(&all);
    return same ? NULL : "it comes to other values when its instructions are counted";
}

static void measure_performance(Exercise *e, const Toolchain *t)
{
    const char *tool = find_tool("callgrind"), *why = NULL;
    char     program[300];
    double   mine[MAX_STEPS + 1] = { 0 }, ref[MAX_STEPS + 1] = { 0 };
    uint64_t seed = 0;
    Run      sent = { 0 };
    variant_program(e, "count", false, program, sizeof program);
    if (e->needs_common) why = "instructions are not counted in what links common/";
    else if (!tool) why = "valgrind is not installed, so instructions are not counted";
    else if (!count_reference(e, t, tool, &seed, ref) || !build_variant(e, t, "count", COUNTED, false))
        why = "instructions could not be counted here";
    e->counted = !why;
    if (why) snprintf(e->left_out, sizeof e->left_out, "%s", why);
    else if (!count(e, tool, program, seed, mine, &sent)) why = "the count of its instructions is gone";
    else if (!(why = why_uncounted(e, &sent, seed)) && hides_some(e, program, seed, mine[MAX_STEPS]))
        why = "it asks not to be counted, by instructions that it writes while it runs";
    if (e->counted && why) snprintf(e->uncounted, sizeof e->uncounted, "%s", why);
    run_free(&sent);
    for (int i = 0; e->counted && i < e->n_steps; i++) {
        Step *s = &e->step[i];
        if (!strcmp(s->kind, "none") || ref[i] < WORTHY) continue;
        s->ratio = why || mine[i] == 0 ? NEVER : mine[i] / ref[i];
        s->performance = PERFORMANCE * compare_part(s->ratio) / e->points_steps;
    }
}

/* ---- Both, or what was found for the same file before ---------------------------------------------------------- */

static uint64_t add_to_key(uint64_t h, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)bytes[i]) * 1099511628211u;
    return h;
}

/* FNV-1a over the learner's file, the object made of it and of what it includes, the mistakes that are known, the
 * compiler's flags and the age of what make built. */
static void make_key(const Exercise *e, const Toolchain *t, char key[40])
{
    char path[300], age[60] = "";
    struct stat s;
    uint64_t h = 14695981039346656037u;
    size_t   n[3] = { 0 };
    char *text = read_bytes(e->source, &n[0]), *object, *known;
    snprintf(path, sizeof path, "build/mine/%s/%s.o", e->dir, e->name);
    object = read_bytes(path, &n[1]);
    snprintf(path, sizeof path, "build/ref/%s/mutants/list", e->dir);
    known = read_bytes(path, &n[2]);
    snprintf(path, sizeof path, "build/ref/%s/worker", e->dir);
    if (!stat(path, &s)) snprintf(age, sizeof age, "%lld.%ld", (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    if (text) h = add_to_key(h, text, n[0]);
    if (object) h = add_to_key(h, object, n[1]);
    if (known) h = add_to_key(h, known, n[2]);
    h = add_to_key(add_to_key(h, t->cc, strlen(t->cc)), age, strlen(age));
    free(text), free(object), free(known);
    snprintf(key, 40, "%016llx", (unsigned long long)h);
}

static void remember_text(char *out, size_t size, const json_t *text)
{
    if (json_is_string(text)) snprintf(out, size, "%s", json_string_value(text));
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
        remember_text(s->counter, sizeof s->counter, json_object_get(step, "counter"));
        remember_text(s->mutant, sizeof s->mutant, json_object_get(step, "mutant"));
        if (*s->mutant) read_message(e, s);
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
        if ((text = json_string_value(json_object_get(o, "uncounted"))))
            snprintf(e->uncounted, sizeof e->uncounted, "%s", text);
    }
    json_decref(o);
    return same;
}

static void keep(const Exercise *e, const char *path, const char *key)
{
    json_t *steps = json_object();
    for (int i = 0; i < e->n_steps; i++)
        json_object_set_new(steps, e->step[i].name,
                            json_pack("{s:i, s:f, s:f, s:s, s:s}", "clean", e->step[i].clean, "ratio",
                                      e->step[i].ratio, "performance", e->step[i].performance, "counter",
                                      e->step[i].counter, "mutant", e->step[i].mutant));
    json_t *o = json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:o}", "key", key, "counted", e->counted, "sanitizer",
                          e->sanitizer, "probe", e->sanitized_probe, "left_out", e->left_out, "uncounted",
                          e->uncounted, "steps", steps);
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
    if (e->gpu && !measure_gpu(e, t, o)) return;
    if (!e->gpu) measure_robustness(e, t, o), measure_performance(e, t);
    e->seconds_extra = now() - start;
    keep(e, path, key);
}
