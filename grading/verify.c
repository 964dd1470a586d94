/* verify.c -- build/verify: does a learner's grade.json hold? Each entry is graded once more.
 *
 *   build/verify [--work W] [--level L] [--key FILE [--learner NAME]] RECEIPT DIR...
 *
 * W: the folder that holds the files; without it the receipt's own. An entry holds when the files are those that were
 * graded, and correctness and robustness come out the same: on the receipt's seed, and on a fresh one, for a seed can
 * be chosen. Performance belongs to the machine that counted; it is said, not held against anybody. Status 0: all of it
 * holds; 1: something does not; 2: a bad call or no receipt; 3: our own fault. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "class.h"
#include "grade.h"
#include "seal.h"

enum { HOLDS, FAILS, INTERNAL_FAULT, MAX_RECEIPT = 4 << 20 };
static const double ROUNDED = 0.011;            /* points have two decimals */

typedef struct Verification {
    const char *work, *level, *place, *learner;
    const Key  *key;                    /* NULL: whose the seeds are is not asked */
    json_t     *receipt;
    int         n;
} Verification;

static double points_of(const json_t *x, const char *key) { return json_number_value(json_object_get(x, key)); }

/* ---- Saying it -------------------------------------------------------------------------------------------------- */

static int say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int say(const char *format, ...)
{
    va_list ap;
    printf("      ");
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
    return 1;
}

/* A receipt is a stranger's: nothing of it reaches the terminal as it is. */
static const char *safe(const char *text)
{
    static char out[4][600];
    static int  turn;
    turn = (turn + 1) % 4;
    printable(text, strlen(text) < 80 ? strlen(text) : 80, out[turn], sizeof out[turn]);
    for (char *p = out[turn]; *p; p++) if (*p == '\n') *p = ' ';
    return out[turn];
}

/* ---- Comparing -------------------------------------------------------------------------------------------------- */

static json_t *named(const json_t *array, const char *key, const char *name)
{
    json_t *x;
    size_t  i;
    json_array_foreach(array, i, x)
        if (!strcmp(text_of(x, key), name)) return x;
    return NULL;
}

static int compare_points(const json_t *claimed, const json_t *found, const char *what, const char *key)
{
    double c = points_of(claimed, key), f = points_of(found, key);
    return fabs(c - f) <= ROUNDED ? 0 : say("%s: %s %.2f is claimed, %.2f found", what, key, c, f);
}

static int compare_probes(const char *step, const json_t *claimed, const json_t *found)
{
    json_t *probe;
    size_t  i;
    int     bad = 0;
    if (json_array_size(claimed) != json_array_size(found)) bad += say("%s: other probes are claimed", step);
    json_array_foreach(found, i, probe) {
        const char *name = text_of(probe, "probe"), *is = text_of(probe, "verdict"),
                   *said = text_of(named(claimed, "probe", name), "verdict");
        if (!strcmp(is, said)) continue;
        bad += say("%s.%s: %s is claimed, %s found", step, name, *said ? safe(said) : "nothing", is);
    }
    return bad;
}

static int compare_steps(const json_t *claimed, const json_t *found)
{
    json_t *step;
    size_t  i;
    int     bad = 0;
    if (json_array_size(claimed) != json_array_size(found)) bad += say("other steps are claimed");
    json_array_foreach(found, i, step) {
        const char *name = text_of(step, "step");
        json_t *c = named(claimed, "step", name);
        if (!c) { bad += say("%s: not claimed", name); continue; }
        bad += compare_points(c, step, name, "correctness") + compare_points(c, step, name, "robustness");
        bad += compare_probes(name, json_object_get(c, "probes"), json_object_get(step, "probes"));
    }
    return bad;
}

/* The claim by itself: its parts must add up, and be possible. */
static int adds_up(const json_t *c)
{
    double sum = points_of(c, "correctness") + points_of(c, "robustness") + points_of(c, "performance");
    double points = points_of(c, "points"), of = points_of(c, "of"), performance = points_of(c, "performance");
    int    bad = 0;
    if (!(fabs(points - floor(sum + ROUNDED)) <= 1))
        bad += say("points: %.6g is claimed, its parts make %.6g", points, sum);
    if (!(performance >= 0 && performance <= PERFORMANCE + ROUNDED))
        bad += say("performance: %.2f is claimed", performance);
    if (json_is_true(json_object_get(c, "complete")) != (of > 0 && sum >= of - 0.05 - ROUNDED) && fabs(sum - of) > 1)
        bad += say("complete: it is not as the points say");
    return bad;
}

static int compare_files(const json_t *claimed, const json_t *here)
{
    const char *name;
    json_t *sum;
    int     bad = 0;
    if (!json_object_size(claimed)) return say("the receipt has no SHA-256 of what was graded");
    json_object_foreach((json_t *)here, name, sum) {
        const char *said = text_of(claimed, name);
        if (strcmp(said, json_string_value(sum))) bad += say("%s is not the file that was graded", safe(name));
    }
    if (json_object_size(claimed) > json_object_size(here)) bad += say("files that were graded are not here");
    return bad;
}

/* ---- Grading it again ------------------------------------------------------------------------------------------- */

static uint64_t fresh_seed(void)
{
    uint64_t s = 0;
    while (!s) (void)!getrandom(&s, sizeof s, 0);
    return s;
}

static json_t *grade_again(const Verification *v, const Room *room, uint64_t seed)
{
    char into[600], work[600], why[400] = "";
    int  status = -1;
    snprintf(into, sizeof into, "%s/into", v->place);
    snprintf(work, sizeof work, "%s/work", v->place);
    pid_t pid = start_grading(into, work, room, v->level, seed);
    if (pid > 0) waitpid(pid, &status, 0);
    json_t *found = graded(into, room, status, why, sizeof why);
    if (!found) say("it could not be graded here: %s", safe(why));
    return found;
}

static int compare_runs_of(const Verification *v, const Room *room, const json_t *claimed, uint64_t seed)
{
    json_t *found = grade_again(v, room, seed);
    if (!found) return -1;
    int bad = strcmp(text_of(claimed, "state"), text_of(found, "state"))
                  ? say("state: %s is claimed, %s found", safe(text_of(claimed, "state")), text_of(found, "state")) : 0;
    bad += compare_points(claimed, found, "in all", "correctness");
    bad += compare_points(claimed, found, "in all", "robustness");
    bad += compare_steps(json_object_get(claimed, "steps"), json_object_get(found, "steps"));
    double p = points_of(claimed, "performance"), here = points_of(found, "performance");
    if (!bad && fabs(p - here) > ROUNDED)
        say("performance: %.2f there, %.2f here; that belongs to the machine", p, here);
    json_decref(found);
    return bad;
}

static void say_differences(const json_t *x, const Toolchain *t)
{
    const char *course = text_of(x, "course"), *compiler = text_of(x, "compiler");
    if (*course && *t->version && strcmp(course, t->version))
        say("graded by course %s, here it is %s", safe(course), t->version);
    if (strcmp(compiler, t->compiler)) say("compiled by %s, here by %s", safe(compiler), t->compiler);
    if (text_of(x, "isolation")[0] == 'L' && text_of(x, "isolation")[1] == '0')
        say("graded there without walls (L0)");
}

/* ---- An entry --------------------------------------------------------------------------------------------------- */

static int verify_seed(const Verification *v, const Room *room, const json_t *x, uint64_t *seed)
{
    char *end;
    const char *text = text_of(x, "seed");
    errno = 0;
    *seed = strtoull(text, &end, 0);
    if (!*text || *end || errno || !*seed) return say("the receipt names no seed");
    if (v->key && *seed != seal_seed(v->key, v->learner, room->name))
        return say("the seed is not this course's for the learner %s", safe(v->learner));
    return 0;
}

/* Files that are the same, twice the same verdicts. */
static int verify_files(const Verification *v, const Room *room, const json_t *x, uint64_t seed)
{
    char    path[700], why[400] = "";
    int     folder = open(v->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC), bad;
    snprintf(path, sizeof path, "%s/work", v->place);
    Taken how = folder < 0 ? UNREADABLE : take(folder, room, path, why, sizeof why);
    if (folder < 0) snprintf(why, sizeof why, "%.300s: %s", v->work, strerror(errno));
    else close(folder);
    if (how != TAKEN) return say("%s", safe(why)), how == UNREADABLE ? -1 : 1;
    snprintf(path, sizeof path, "%s/work/%s", v->place, room->dir);
    json_t *here = seal_folder(path, room->name);
    bad = compare_files(json_object_get(x, "files"), here);
    json_decref(here);
    if (bad) return bad;
    bad = compare_runs_of(v, room, x, seed);
    if (bad) return bad;
    bad = compare_runs_of(v, room, x, fresh_seed());
    if (bad > 0) say("on the receipt's own seed it is as claimed, on a fresh one not: the answers fit that seed alone");
    return bad;
}

static int verify(const Verification *v, const Toolchain *t, const Room *room)
{
    const json_t *x = entry_of(v->receipt, room->name);
    uint64_t seed;
    char path[600];
    if (!x) return HOLDS;
    const char *state = text_of(x, "state");
    printf("  %-24s %3.6g/%-3.6g\n", room->name, points_of(x, "points"), points_of(x, "of"));
    fflush(stdout);
    int bad = adds_up(x);
    bool nothing = strcmp(state, "GRADED") && points_of(x, "points") == 0 && !json_object_get(x, "files");
    if (!bad && !nothing) {
        bad = verify_seed(v, room, x, &seed);
        if (!bad) bad = verify_files(v, room, x, seed);
        snprintf(path, sizeof path, "%s/into", v->place), remove_tree(path);
        snprintf(path, sizeof path, "%s/work", v->place), remove_tree(path);
    }
    say_differences(x, t);
    say("%s", bad < 0 ? "cannot be told here" : bad ? "does not hold" : nothing ? "claims nothing" : "holds");
    return bad < 0 ? INTERNAL_FAULT : bad ? FAILS : HOLDS;
}

/* ---- All -------------------------------------------------------------------------------------------------------- */

/* Names that this course does not have, and entries that are none. */
static int unknown_entries(const Verification *v, const Room *room, int rooms)
{
    json_t *x;
    size_t  i;
    int     bad = 0;
    json_array_foreach(json_object_get(v->receipt, "exercises"), i, x) {
        bool known = false;
        for (int r = 0; r < rooms; r++) known |= !strcmp(text_of(x, "exercise"), room[r].name);
        if (known && entry_of(v->receipt, text_of(x, "exercise")) == x) continue;
        printf("  %s\n", safe(text_of(x, "exercise")));
        if (known) bad += say("named twice");
        else say("not looked at: it is none of this course's, or none of those asked for");
    }
    return bad;
}

/* NULL: it has been said what is wrong with it. */
static json_t *read_receipt(const char *path)
{
    struct stat  s;
    json_error_t e = { 0 };
    if (stat(path, &s) || !S_ISREG(s.st_mode) || s.st_size > MAX_RECEIPT)
        return refuse("RECEIPT=%s is no file of at most %d MB", path, MAX_RECEIPT >> 20), NULL;
    json_t *receipt = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
    if (receipt && json_is_array(json_object_get(receipt, "exercises")) && points_of(receipt, "format") == 1)
        return receipt;
    refuse("RECEIPT=%s is no whole grade.json: %s", path, receipt ? "no list of exercises in format 1" : safe(e.text));
    json_decref(receipt);
    return NULL;
}

static int verify_all(Verification *v, const Toolchain *t, const Room *room)
{
    int count[3] = { 0 };
    count[FAILS] += unknown_entries(v, room, v->n);
    for (int i = 0; i < v->n; i++)
        if (entry_of(v->receipt, room[i].name)) count[verify(v, t, &room[i])]++;
    printf("%d entries hold, %d do not, %d cannot be told here. Performance belongs to the machine that counted.\n",
           count[HOLDS], count[FAILS], count[INTERNAL_FAULT]);
    return count[FAILS] ? 1 : count[INTERNAL_FAULT] ? 3 : 0;
}

int main(int argc, char **argv)
{
    static const struct option known[] = { { "work", 1, NULL, 'w' }, { "level", 1, NULL, 'l' },
                                           { "key", 1, NULL, 'k' },  { "learner", 1, NULL, 'n' },
                                           { NULL, 0, NULL, 0 } };
    static Key   key;
    static char  beside[1000];
    Verification v = { .level = "L1" };
    Toolchain    t;
    const char  *why = NULL, *key_path = NULL;
    for (int k; (k = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (k == 'w' && *optarg) v.work = optarg;
        else if (k == 'l' && *optarg) v.level = optarg;
        else if (k == 'k' && *optarg) key_path = optarg;
        else if (k == 'n' && *optarg) v.learner = optarg;
        else if (k == '?') return 2;
    }
    if (argc - optind < 2)
        return refuse("usage: build/verify [--work W] [--level L] [--key FILE [--learner NAME]] RECEIPT DIR...");
    const char *path = argv[optind++], *slash = strrchr(path, '/');
    if (!can_begin(v.level)) return 2;
    if (!toolchain_read(&t)) return refuse("build/toolchain is missing: call this by make verify");
    if (key_path && (why = seal_key(key_path, &key, false))) return refuse("%s", why);
    if (!(v.receipt = read_receipt(path))) return 2;
    snprintf(beside, sizeof beside, "%.*s.", slash ? (int)(slash - path + 1) : 0, path);
    if (!v.work) v.work = beside;
    if (!v.learner) v.learner = text_of(v.receipt, "learner");
    v.key = key_path ? &key : NULL;
    Room *room = calloc((size_t)(argc - optind), sizeof *room);
    int   status = room ? 0 : refuse("no memory");
    for (; !status && optind < argc; optind++)
        if (!room_of(argv[optind], &room[v.n++])) status = refuse("%s is no exercise's folder", argv[optind]);
    if (!status && !(v.place = class_begin())) status = refuse("no folder for work in progress: %s", strerror(errno));
    if (!status) {
        printf("%s, files in %s, level %s\n", path, v.work, v.level);
        status = verify_all(&v, &t, room);
    }
    class_end();
    json_decref(v.receipt);
    free(room);
    return status;
}
