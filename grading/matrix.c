/* matrix.c -- matrix DIR: every program of a folder on every probe, each run once, all compared with all.
 *
 * Looks at build/ref/DIR (make's) and build/other/DIR (check.sh's): workers skeleton, empty and half; shared objects
 * that go before build/ref/DIR/mutants/frame: same.*.so must pass, honest.*.so must stay under a third of the
 * tolerance, mutants/ are the second compiler's. Prints a line a failure and ends with "N passed, N failed".
 * TRIALS: further trials of honest.*. */
#define _GNU_SOURCE
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "launch.h"

enum { MAX_PROBES = 200, MAX_STEPS = 32, MAX_MUTANTS = 200, SEEDS = 2, TRIALS = 12, LONG_TRIALS = 500 };

/* own: built by make's compiler, other: by the second. A run of all probes of its step; runs by probe when those
 * stopped early. */
typedef struct Build { Run all, *one; } Build;
typedef struct Mutant { char step[64], name[64]; bool rounding; Build own, other; } Mutant;

static const char *dir;
static char   probe[MAX_PROBES][140], step[MAX_STEPS][64], kind[MAX_STEPS][8];
static Run    ref[MAX_PROBES], ref_all[SEEDS], ref_step[MAX_STEPS];
static Mutant mutant[MAX_MUTANTS];
static bool   own_judge[MAX_PROBES];    /* a JUDGE_OF decides, not the values */
static int    probes, steps, mutants, passed, failed;
static size_t memory = (size_t)1 << 30;
static unsigned may;
static bool   gpu;                      /* of kind gpu: programs X.fast and X.check stand for X.so */
static Run    checked[MAX_PROBES];      /* then: the reference in check mode */

static void claim(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void claim(bool ok, const char *format, ...)
{
    va_list ap;
    passed += ok, failed += !ok;
    if (ok) return;
    printf("FAIL  %s: ", dir);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    printf("\n");
}

static bool is(const char *a, const char *b) { return !strcmp(a, b); }

static bool in_step(int p, const char *name)
{
    size_t n = strlen(name);
    return !strncmp(probe[p], name, n) && probe[p][n] == '.';
}

static Run run(const char *program, const char *preload, const char *which, int trials, uint64_t seed, double seconds)
{
    char n[16];
    snprintf(n, sizeof n, "%d", trials);
    const char *argv[] = { "worker", which, n, NULL };
    return launch(&(Launch){ .program = program, .argv = argv, .preload = preload, .seed = seed, .seconds = seconds,
                             .memory = memory, .records = (size_t)256 << 20, .may = may });
}

static const char *path(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *path(const char *format, ...)            /* until the fourth call from now */
{
    static char text[4][600];
    static int  turn;
    char *out = text[turn = (turn + 1) % 4];
    va_list ap;
    va_start(ap, format);
    vsnprintf(out, 600, format, ap);
    va_end(ap);
    return out;
}

static Run run_so(const char *so, const char *which, int trials, uint64_t seed, double limit)
{
    if (gpu) return run(so, NULL, which, trials, seed, limit);
    return run(path("build/ref/%s/mutants/frame", dir), so, which, trials, seed, limit);
}

static const char *ending(void) { return gpu ? "fast" : "so"; }

/* ---- Verdicts -------------------------------------------------------------------------------------------------- */

static void find_own_judges(void)
{
    char line[400], step[64], name[64], one[140];
    FILE *f = fopen(path("%s/test_%s.c", dir, strchr(dir, '_') + 1), "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "JUDGE_OF(%63[^,], %63[^)])", step, name) != 2) continue;
        snprintf(one, sizeof one, "%s.%s", step, name);
        for (int p = 0; p < probes; p++) own_judge[p] |= is(probe[p], one);
    }
    if (f) fclose(f);
}

static bool any_own_judge(const char *step)             /* NULL: in any step */
{
    for (int p = 0; p < probes; p++)
        if (own_judge[p] && (!step || in_step(p, step))) return true;
    return false;
}

/* The judge itself is asked, as a grading would. */
static void ask_judge(int p, const Run *want, const Run *got, uint64_t seed, Finding *f)
{
    char folder[300], command[1500], line[4000] = "";
    memset(f, 0, sizeof *f);
    snprintf(f->verdict, sizeof f->verdict, "INTERNAL");
    snprintf(folder, sizeof folder, "build/other/%s/records", dir);
    snprintf(command, sizeof command, "rm -rf '%s'; mkdir '%s'", folder, folder);
    if (system(command) || !run_save(want, path("%s/%s.ref", folder, probe[p]))
        || !run_save(got, path("%s/%s.mine", folder, probe[p]))) return;
    snprintf(command, sizeof command, "SEED=%d RECORDS='%s' REPORT='%s/report' 'build/ref/%s/judge' --direct",
             (int)seed, folder, folder, dir);
    FILE *r = system(command) ? NULL : fopen(path("%s/report", folder), "r");
    if (r && fgets(line, sizeof line, r)) {
        const char *v = strstr(line, "\"verdict\":\""), *text = strstr(line, "\"text\":\"");
        if (v) snprintf(f->verdict, sizeof f->verdict, "%.*s", (int)strcspn(v + 11, "\""), v + 11);
        if (text) snprintf(f->text, sizeof f->text, "%.*s", (int)strcspn(text + 8, "\""), text + 8);
    }
    if (r) fclose(r);
}

static void verdict_of(int p, const Run *want, const Run *got, uint64_t seed, Finding *f)
{
    if (own_judge[p]) ask_judge(p, want, got, seed, f);
    else compare_runs(want, got, true, f);
}

/* ---- What is there --------------------------------------------------------------------------------------------- */

static void read_folder(void)
{
    FILE *f = popen(path("'build/ref/%s/worker'", dir), "r");
    while (f && probes < MAX_PROBES && fscanf(f, "%*d %139s", probe[probes]) == 1) probes++;
    if (f) pclose(f);
    f = fopen(path("build/ref/%s/mutants/steps", dir), "r");
    while (f && steps < MAX_STEPS && fscanf(f, "%63s %7s %*d", step[steps], kind[steps]) == 2) steps++;
    if (f) fclose(f);
    f = fopen(path("build/ref/%s/mutants/list", dir), "r");
    for (char line[200]; f && mutants < MAX_MUTANTS && fgets(line, sizeof line, f); mutants++) {
        char mark[8] = "";
        sscanf(line, "%63s %63s %7s", mutant[mutants].step, mutant[mutants].name, mark);
        mutant[mutants].rounding = is(mark, "~");
    }
    if (f) fclose(f);
}

static void run_reference(void)
{
    Finding f;
    for (int p = 0; p < probes; p++) {
        ref[p] = run(path("build/ref/%s/worker", dir), NULL, probe[p], TRIALS, 1, 60);
        verdict_of(p, &ref[p], &ref[p], 1, &f);
        claim(is(f.verdict, "PASS"), "the reference on %s: %s %s", probe[p], f.verdict, f.text);
    }
    for (int s = 0; s < SEEDS; s++)
        ref_all[s] = run(path("build/ref/%s/worker", dir), NULL, "*", TRIALS, (uint64_t)s + 1, 600);
    for (int s = 0; s < steps; s++) ref_step[s] = run(path("build/ref/%s/worker", dir), NULL, step[s], TRIALS, 1, 600);
}

static double limit_of(const Run *r) { return 1 + 20 * r->seconds; }

/* ---- What must pass -------------------------------------------------------------------------------------------- */

/* One by one, to say which. */
static void blame(const char *so, double margin, uint64_t seed)
{
    Finding f;
    for (int p = 0; p < probes; p++) {
        Run want = run(path("build/ref/%s/worker", dir), NULL, probe[p], TRIALS, seed, 60);
        Run r = run_so(so, probe[p], TRIALS, seed, limit_of(&want));
        verdict_of(p, &want, &r, seed, &f);
        claim(is(f.verdict, "PASS") && f.margin <= margin,
              "%s on %s, seed %d: %s %s %s expected %s got %s, %.2f of the tolerance", strrchr(so, '/') + 1, probe[p],
              (int)seed, f.verdict, f.text, f.place, f.expected, f.got, f.margin);
        run_free(&want), run_free(&r);
    }
}

static void all_pass(const char *pattern, double margin)
{
    glob_t  g;
    Finding f;
    if (glob(pattern, 0, NULL, &g)) return;
    for (size_t k = 0; k < g.gl_pathc; k++)
        for (int s = 0; s < SEEDS; s++) {
            Run r = run_so(g.gl_pathv[k], "*", TRIALS, (uint64_t)s + 1, limit_of(&ref_all[s]));
            compare_runs(&ref_all[s], &r, true, &f);
            if (is(f.verdict, "PASS") && f.margin <= margin && !any_own_judge(NULL)) passed += probes;
            else blame(g.gl_pathv[k], margin, (uint64_t)s + 1);
            run_free(&r);
        }
    globfree(&g);
}

/* make check-full: thousands of trials of what is honest. */
static void long_run(const char *pattern, int trials)
{
    glob_t  g;
    Finding f;
    if (glob(pattern, 0, NULL, &g)) return;
    for (int p = 0; p < probes; p++)
        for (int n = 0; n < trials; n += LONG_TRIALS) {
            uint64_t seed = (uint64_t)(1000 + n);
            Run r = run(path("build/ref/%s/worker", dir), NULL, probe[p], LONG_TRIALS, seed, 600);
            for (size_t k = 0; k < g.gl_pathc; k++) {
                Run h = run_so(g.gl_pathv[k], probe[p], LONG_TRIALS, seed, 600);
                verdict_of(p, &r, &h, seed, &f);
                claim(is(f.verdict, "PASS"), "%s on %s, seed %d, trial %d: %s %s %s expected %s got %s",
                      strrchr(g.gl_pathv[k], '/') + 1, probe[p], 1000 + n, f.trial, f.verdict, f.text, f.place,
                      f.expected, f.got);
                run_free(&h);
            }
            run_free(&r);
        }
    globfree(&g);
}

/* ---- What must not --------------------------------------------------------------------------------------------- */

static int count(const char *program, const char *so, const char *name, const char *verdict, int *all)
{
    Finding f;
    int n = 0;
    *all = 0;
    for (int p = 0; p < probes; p++) {
        if (!in_step(p, name)) continue;
        Run r = run(program, so, probe[p], TRIALS, 1, limit_of(&ref[p]));
        verdict_of(p, &ref[p], &r, 1, &f);
        n += is(f.verdict, verdict), ++*all;
        run_free(&r);
    }
    return n;
}

static void check_skeleton(void)
{
    char program[600], frame[600], deleted[600];
    snprintf(program, sizeof program, "build/other/%s/skeleton", dir);
    snprintf(frame, sizeof frame, "build/ref/%s/mutants/frame", dir);
    snprintf(deleted, sizeof deleted, "build/ref/%s/mutants/deleted.%s", dir, ending());
    if (gpu) memcpy(frame, deleted, sizeof frame), *deleted = 0;
    for (int s = 0; s < steps; s++) {
        int all, n = count(program, NULL, step[s], is(kind[s], "todo") ? "TODO" : "PASS", &all);
        claim(all > 0 || is(kind[s], "none"), "step %s has no probe", step[s]);
        if (is(kind[s], "todo")) claim(n == all, "the skeleton of %s says TODO in %d of %d probes", step[s], n, all);
        if (is(kind[s], "given")) claim(n < all, "the skeleton of %s, to be mended, passes all its probes", step[s]);
        if (is(kind[s], "none"))
            claim(n == all, "%s has no region but fails %d probes of the skeleton", step[s], all - n);
        if (is(kind[s], "none")) continue;
        n = count(frame, *deleted ? deleted : NULL, step[s], "PASS", &all);
        claim(n < all, "%s passes every probe once its TODOs are deleted", step[s]);
    }
}

/* The empty file has written nothing; half a file what build/other/DIR/written names. */
static void check_torn(void)
{
    char written[2000] = " ", line[64], program[600];
    FILE *f = fopen(path("build/other/%s/written", dir), "r");
    while (f && fscanf(f, "%63s", line) == 1 && strlen(written) + 70 < sizeof written)
        strcat(strcat(written, line), " ");
    if (f) fclose(f);
    for (int s = 0; s < steps; s++) {
        char word[70];
        int  all, n;
        snprintf(word, sizeof word, " %.63s ", step[s]);
        bool there = strstr(written, word) != NULL;
        snprintf(program, sizeof program, "build/other/%s/empty", dir);
        n = count(program, NULL, step[s], "BUILD", &all);
        claim(n == all, "the empty file: %s is called missing in %d of %d probes", step[s], n, all);
        snprintf(program, sizeof program, "build/other/%s/half", dir);
        n = count(program, NULL, step[s], there ? "PASS" : "BUILD", &all);
        claim(n == all, "half the file, %s: %d of %d probes say %s", step[s], n, all, there ? "PASS" : "BUILD");
    }
}

/* ---- Mutants --------------------------------------------------------------------------------------------------- */

static int step_of(const Mutant *m)
{
    int s = 0;
    while (s < steps - 1 && !is(step[s], m->step)) s++;
    return s;
}

static void run_mutant(const Mutant *m, const char *folder, Build *b)
{
    char so[600];
    snprintf(so, sizeof so, "build/%s/%s/mutants/%s.%s.%s", folder, dir, m->step, m->name, ending());
    b->all = run_so(so, m->step, TRIALS, 1, limit_of(&ref_step[step_of(m)]));
}

/* After the first probe that runs out of time the rest stay empty, as in a grading. */
static void run_one_by_one(const Mutant *m, const char *folder, Build *b)
{
    char so[600];
    bool late = false;
    if (b->one || !(b->one = calloc((size_t)probes, sizeof *b->one))) return;
    snprintf(so, sizeof so, "build/%s/%s/mutants/%s.%s.%s", folder, dir, m->step, m->name, ending());
    for (int p = 0; p < probes && !late; p++) {
        if (!in_step(p, m->step)) continue;
        b->one[p] = run_so(so, probe[p], TRIALS, 1, limit_of(&ref[p]));
        late = b->one[p].late;
    }
}

/* ---- In check mode ----------------------------------------------------------------------------------------------- */

static Run run_checked(const char *program, int p)
{
    return run(program, NULL, probe[p], TRIALS, 1, 5 + 20 * checked[p].seconds);
}

static const char *program_of(const Mutant *m)
{
    return path("build/ref/%s/mutants/%s.%s.check", dir, m->step, m->name);
}

/* What is not as the reference's in a step's probes: a finding, values, what was counted. NULL: nothing. */
static const char *differs(const char *program, const char *name)
{
    static char why[700];
    double cost[2] = { 0 };
    *why = 0;
    for (int p = 0; p < probes; p++) {
        char    kind[32], text[300];
        Finding f;
        if (!in_step(p, name)) continue;
        Run r = run_checked(program, p);
        verdict_of(p, &checked[p], &r, 1, &f);
        if (!is(f.verdict, "PASS")) snprintf(why, sizeof why, "%s on %.139s: %.500s", f.verdict, probe[p], f.text);
        if (compare_found(&r, 0, kind, text, sizeof text)) snprintf(why, sizeof why, "%.139s: %.290s", probe[p], text);
        if (compare_part(compare_counters(&checked[p], &r, text, sizeof text)) < 1)
            snprintf(why, sizeof why, "%.139s: %.290s", probe[p], text);
        cost[0] += compare_cost(&checked[p]), cost[1] += compare_cost(&r);
        run_free(&r);
    }
    if (!*why && cost[0] > 0 && compare_part(cost[1] / cost[0]) < 1)
        snprintf(why, sizeof why, "%s costs %.2f times the reference's", name, cost[1] / cost[0]);
    return *why ? why : NULL;
}

static bool alike_checked(const Mutant *x, const Mutant *y)
{
    bool alike = true;
    for (int p = 0; p < probes && alike; p++) {
        if (!in_step(p, x->step)) continue;
        Run a = run_checked(program_of(x), p), b = run_checked(program_of(y), p);
        alike = compare_same_findings(&a, &b);
        run_free(&a), run_free(&b);
    }
    return alike;
}

static void check_checked(void)
{
    glob_t g;
    for (int p = 0; p < probes; p++) {
        char kind[32], text[600] = "";
        checked[p] = run(path("build/ref/%s/worker.check", dir), NULL, probe[p], TRIALS, 1, 60);
        bool found = compare_found(&checked[p], 0, kind, text, sizeof text);
        claim(!found, "check mode finds fault with the reference on %s: %s", probe[p], text);
    }
    if (glob(path("build/other/%s/honest.*.check", dir), 0, NULL, &g)) return;
    for (size_t k = 0; k < g.gl_pathc; k++)
        for (int s = 0; s < steps; s++) {
            const char *why = differs(g.gl_pathv[k], step[s]);
            claim(!why, "%s in check mode: %s", strrchr(g.gl_pathv[k], '/') + 1, why ? why : "");
        }
    globfree(&g);
}

/* ---- Which mutant is which --------------------------------------------------------------------------------------- */

static bool alike_fast(Mutant *x, bool x_other, Mutant *y)
{
    Build *a = x_other ? &x->other : &x->own, *b = &y->own;
    if (!compare_alike(&a->all, &b->all)) return false;
    if (a->all.status == 0) return true;                /* both came to the end of the last probe */
    run_one_by_one(x, x_other ? "other" : "ref", a);
    run_one_by_one(y, "ref", b);
    for (int p = 0; a->one && b->one && p < probes; p++)
        if (in_step(p, x->step) && !compare_alike(&a->one[p], &b->one[p])) return false;
    return true;
}

static bool alike(Mutant *x, bool x_other, Mutant *y)
{
    return alike_fast(x, x_other, y) && (!gpu || x == y || alike_checked(x, y));
}

/* A probe that a JUDGE_OF decides may forgive what the values do not. */
static void claim_killed(Mutant *x)
{
    Finding f;
    bool killed = false;
    compare_runs(&ref_step[step_of(x)], &x->own.all, true, &f);
    claim(!is(f.verdict, "INTERNAL"), "mutant %s of %s: %s", x->name, x->step, f.text);
    if (!any_own_judge(x->step)) killed = !is(f.verdict, "PASS");
    else run_one_by_one(x, "ref", &x->own);
    for (int p = 0; p < probes && !killed && x->own.one; p++) {
        if (!in_step(p, x->step)) continue;
        verdict_of(p, &ref[p], &x->own.one[p], 1, &f);
        killed = !is(f.verdict, "PASS") && !is(f.verdict, "INTERNAL");
    }
    killed = killed || (gpu && differs(program_of(x), x->step));
    claim(killed, "mutant %s of %s lives: no probe tells it from the reference", x->name, x->step);
}

static void check_mutants(void)
{
    bool other = !access(path("build/other/%s/mutants/made", dir), F_OK);
    for (int m = 0; m < mutants; m++) {
        Mutant *x = &mutant[m];
        run_mutant(x, "ref", &x->own);
        if (other) run_mutant(x, "other", &x->other);
        claim_killed(x);
    }
    for (int m = 0; m < mutants; m++)
        for (int k = 0; k < mutants; k++) {
            Mutant *x = &mutant[m], *y = &mutant[k];
            if (!is(x->step, y->step) || (k == m && (!other || x->rounding))) continue;
            if (k == m)
                claim(alike(x, true, x), "mutant %s of %s, built by the other compiler, is not recognised", x->name,
                      x->step);
            else if (other) claim(!alike(x, true, y), "mutant %s of %s is taken for %s", x->name, x->step, y->name);
            else if (k < m)
                claim(!alike(x, false, y), "mutants %s and %s of %s send the same", x->name, y->name, x->step);
        }
    for (int s = 0; s < steps; s++) {
        int n = 0;
        for (int m = 0; m < mutants; m++) n += is(mutant[m].step, step[s]);
        if (!is(kind[s], "none")) claim(n >= 3, "step %s has %d mutants, 3 at least", step[s], n);
    }
}

static void read_header(void)
{
    const char *base = strchr(dir, '_');
    char line[300] = "";
    FILE *f = base ? fopen(path("%s/%s.h", dir, base + 1), "r") : NULL;
    for (int i = 0; f && i < 2; i++)
        if (!fgets(line, sizeof line, f)) *line = 0;
    if (f) fclose(f);
    gpu = strstr(line, "kind: gpu;");
    if (strstr(line, "common") || gpu) memory *= 8;
    const char *unknown;
    may = sandbox_may(line, &unknown);
    claim(!unknown, "line 2 of its header: no profile is called %s", unknown);
}

int main(int argc, char **argv)
{
    if (argc != 2 || !strchr(argv[1], '_')) return fprintf(stderr, "usage: matrix DIR\n"), 3;
    dir = argv[1];
    read_header();
    read_folder();
    find_own_judges();
    claim(probes > 0 && steps > 0, "no probes or no steps: has make built build/ref/%s?", dir);
    run_reference();
    all_pass(path("build/other/%s/same.*.%s", dir, ending()), 1);
    all_pass(path("build/other/%s/honest.*.%s", dir, ending()), 1 / 3.0);
    if (gpu) check_checked();
    if (getenv("TRIALS") && atoi(getenv("TRIALS")) > TRIALS)
        long_run(path("build/other/%s/honest.*.%s", dir, ending()), atoi(getenv("TRIALS")));
    check_skeleton();
    check_torn();
    check_mutants();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
