/* all.c -- build/grade-all: everybody's submissions to a gradebook, several at a time.
 *
 *   build/grade-all [--jobs N] [--level L] [--out OUT] [--key FILE] SUBMISSIONS DIR...
 *
 * SUBMISSIONS/LEARNER holds softmax.c or stage2/03_softmax/softmax.c. OUT/LEARNER gets grade.json and feedback.md, OUT
 * gradebook.csv and infrastructure.txt. What is there already, of the same files, seed, level and grader, is kept: a
 * run that was killed goes on. Status 0: all graded; 1: stopped; 2: a bad call; 3: faults of our own are listed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cells.h"
#include "class.h"
#include "grade.h"
#include "seal.h"

enum { NEW_PATH = PATH_MAX + 8, MAX_ROOMS = 200, MAX_JOBS = 64, JOB_SECONDS = 900, NAME_MOST = 200 };

typedef struct Learner {
    char  *name, *folder, *refused;     /* folder: in OUT; refused: why nothing of it was looked at, or NULL */
    json_t *grades;                     /* as OUT/folder/grade.json has it */
    json_t *faults;                     /* exercise: why; ours */
} Learner;

typedef struct Class {
    const char *from, *out, *level;
    Learner *learner;
    Room     room[MAX_ROOMS];
    char     grader[MAX_ROOMS][65];     /* SHA-256 of what grades a room */
    int      learners, rooms, next, graded, kept, faults;
    Key      key;
} Class;

typedef struct Slot {
    pid_t  pid;
    int    learner, room, tries;
    double until;
    json_t *files;
    char   tree[500];
} Slot;

/* ---- Names ------------------------------------------------------------------------------------------------------ */

/* Bytes of a well-formed character of UTF-8 that is neither a control nor turns the text around; 0: none. */
static int plain_character(const unsigned char *s)
{
    static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    int n = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 0;
    unsigned c = n == 1 ? *s : n ? *s & (0xffu >> (n + 1)) : 0;
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (!n || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
    if (c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0xfeff) return 0;
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ? 0 : n;
}

/* A name that is safe to print: what is not a plain character is %NN, and so are those of `also`. */
static char *plain_name(const char *name, const char *also)
{
    const unsigned char *s = (const unsigned char *)name;
    char *out = calloc(3, strlen(name) + 1), *at = out;
    if (!out) abort();
    while (*s) {
        int n = plain_character(s);
        if (!n || strchr(also, *s)) at += sprintf(at, "%%%02x", *s++);
        else while (n--) *at++ = (char)*s++;
    }
    return out;
}

/* The same as a folder's name, harmless on a command line as well. Long ones end with what tells them apart. */
static char *folder_name(const char *name)
{
    char *out = plain_name(name, "%/\\$`\"'<>|&;*?!(){}[]#~^\n"), *first;
    if (*out == '-' || *out == '.') {
        if (asprintf(&first, "%%%02x%s", (unsigned char)*out, out + 1) < 0) abort();
        free(out), out = first;
    }
    if (strlen(out) > NAME_MOST) {
        Key none = { .n = 1 };
        size_t n = NAME_MOST - 20;
        while ((out[n] & 0xc0) == 0x80) n--;
        sprintf(out + n, "%%%016llx", (unsigned long long)seal_seed(&none, name, "a long name"));
    }
    return out;
}

/* ---- Who handed in ---------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Learner *)a)->name, ((const Learner *)b)->name);
}

static json_t *load_grades(const Class *c, const Learner *l)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/grade.json", c->out, l->folder);
    json_t *grades = json_load_file(path, 0, NULL);
    if (json_is_array(json_object_get(grades, "exercises"))) return grades;
    json_decref(grades);
    return json_pack("{s:i, s:[]}", "format", 1, "exercises");
}

static bool read_learners(Class *c)
{
    DIR *d = opendir(c->from);
    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat s;
        if (e->d_name[0] == '.' && (!e->d_name[1] || !strcmp(e->d_name, "..") || !strncmp(e->d_name, ".DS", 3)
                                    || !strcmp(e->d_name, ".git"))) continue;
        Learner *more = realloc(c->learner, (size_t)(c->learners + 1) * sizeof *more);
        if (!more) abort();
        c->learner = more;
        Learner *l = &c->learner[c->learners++];
        *l = (Learner){ .name = strdup(e->d_name), .folder = folder_name(e->d_name), .faults = json_object() };
        if (fstatat(dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW)) l->refused = strdup(strerror(errno));
        else if (S_ISLNK(s.st_mode)) l->refused = strdup("a link, not a folder");
        else if (!S_ISDIR(s.st_mode)) l->refused = strdup("a file, not a folder");
    }
    if (d) closedir(d);
    if (c->learners) qsort(c->learner, (size_t)c->learners, sizeof *c->learner, by_name);
    return d != NULL;
}

/* ---- What is written -------------------------------------------------------------------------------------------- */

/* A file is there whole, or as it was. */
static FILE *write_begin(const char *path, char new[NEW_PATH])
{
    snprintf(new, NEW_PATH, "%s.new", path);
    unlink(new);
    FILE *f = fopen(new, "wx");
    if (!f) fprintf(stderr, "%s: %s\n", new, strerror(errno));
    return f;
}

static bool write_end(FILE *f, const char *path, const char *new)
{
    bool ok = f && !ferror(f);
    if (f && fclose(f)) ok = false;
    if (ok && !rename(new, path)) return true;
    fprintf(stderr, "%s cannot be written: %s\n", path, strerror(errno));
    unlink(new);
    return false;
}

/* In one word: that of the first step that is not right. */
static const char *state_of(const json_t *x)
{
    json_t *step, *steps = json_object_get(x, "steps");
    size_t  i;
    if (strcmp(text_of(x, "state"), "GRADED")) return text_of(x, "state");
    json_array_foreach(steps, i, step)
        if (strcmp(text_of(step, "state"), "PASS")) return text_of(step, "state");
    return "PASS";
}

static int number_of(const json_t *x, const char *key) { return (int)json_integer_value(json_object_get(x, key)); }

static void print_feedback(FILE *f, const Class *c, const Learner *l)
{
    char *shown = plain_name(l->name, "`\n");
    int   points = 0, of = 0;
    fprintf(f, "# `%s`\n\n| exercise | points | of | state |\n|---|---:|---:|---|\n", shown);
    for (int r = 0; r < c->rooms; r++) {
        const json_t *x = entry_of(l->grades, c->room[r].name);
        int got = number_of(x, "points"), most = number_of(x, "of");
        points += got, of += most;
        if (x) fprintf(f, "| %s | %d | %d | %s |\n", c->room[r].name, got, most, state_of(x));
        else fprintf(f, "| %s | | | not graded yet |\n", c->room[r].name);
    }
    fprintf(f, "| all | %d | %d | |\n", points, of);
    for (int r = 0; r < c->rooms; r++) {
        const json_t *x = entry_of(l->grades, c->room[r].name);
        const char *text = *text_of(x, "report") ? text_of(x, "report") : text_of(x, "text");
        fprintf(f, "\n## %s\n\n", c->room[r].name);
        if (!x) text = "Not graded yet: the grader had a fault of its own here. It will be graded again.";
        for (int n; *text; text += n, text += *text == '\n') {
            n = (int)strcspn(text, "\n");
            fprintf(f, "%s%.*s\n", n ? "    " : "", n, text);      /* four blanks: whatever it says, it is text */
        }
    }
    free(shown);
}

static bool write_learner(const Class *c, Learner *l)
{
    char path[PATH_MAX], new[NEW_PATH], *shown = plain_name(l->name, "");
    snprintf(path, sizeof path, "%s/%s", c->out, l->folder);
    mkdir(path, 0755);
    json_object_set_new(l->grades, "learner", json_string(shown));
    free(shown);
    snprintf(path, sizeof path, "%s/%s/grade.json", c->out, l->folder);
    FILE *f = write_begin(path, new);
    if (f) json_dumpf(l->grades, f, JSON_INDENT(1) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6)), fputc('\n', f);
    bool ok = write_end(f, path, new);
    snprintf(path, sizeof path, "%s/%s/feedback.md", c->out, l->folder);
    f = write_begin(path, new);
    if (f) print_feedback(f, c, l);
    return write_end(f, path, new) && ok;
}

static void print_row(FILE *f, const Class *c, const Learner *l)
{
    char  *shown = plain_name(l->name, ""), *notes = NULL, *faults = NULL;
    size_t n;
    FILE  *note = open_memstream(&notes, &n), *ours = open_memstream(&faults, &n);
    int    points = 0, of = 0;
    if (!note || !ours) abort();
    for (int r = 0; r < c->rooms; r++) {
        const json_t *x = entry_of(l->grades, c->room[r].name);
        points += number_of(x, "points"), of += number_of(x, "of");
        if (!x) fprintf(ours, "%s%s", ftell(ours) ? " " : "", c->room[r].name);
        else if (*text_of(x, "text") && !l->refused)
            fprintf(note, "%s%s: %s", ftell(note) ? "; " : "", c->room[r].name, text_of(x, "text"));
    }
    if (l->refused) fprintf(note, "%s", l->refused);
    fclose(note), fclose(ours);
    csv_cell(f, shown);
    fprintf(f, ",%d,%d", points, of);
    for (int r = 0; r < c->rooms; r++) {
        const json_t *x = entry_of(l->grades, c->room[r].name);
        if (x) fprintf(f, ",%d,", number_of(x, "points"));
        else fprintf(f, ",,");
        csv_cell(f, x ? state_of(x) : "INTERNAL");
    }
    fputc(',', f), csv_cell(f, faults);
    fputc(',', f), csv_cell(f, notes);
    fputc('\n', f);
    free(shown), free(notes), free(faults);
}

static bool write_gradebook(const Class *c)
{
    char path[PATH_MAX], new[NEW_PATH];
    snprintf(path, sizeof path, "%s/gradebook.csv", c->out);
    FILE *f = write_begin(path, new);
    if (f) fprintf(f, "\"learner\",\"points\",\"of\"");
    for (int r = 0; f && r < c->rooms; r++) fprintf(f, ",\"%s\",\"%s state\"", c->room[r].name, c->room[r].name);
    if (f) fprintf(f, ",\"infrastructure\",\"notes\"\n");
    for (int i = 0; f && i < c->learners; i++) print_row(f, c, &c->learner[i]);
    return write_end(f, path, new);
}

static bool write_faults(const Class *c)
{
    char path[PATH_MAX], new[NEW_PATH];
    snprintf(path, sizeof path, "%s/infrastructure.txt", c->out);
    FILE *f = write_begin(path, new);
    if (f && !c->faults) fprintf(f, "No faults of the grader's own.\n");
    for (int i = 0; f && i < c->learners; i++) {
        char *shown = plain_name(c->learner[i].name, "");
        const char *exercise;
        json_t *why;
        json_object_foreach(c->learner[i].faults, exercise, why)
            fprintf(f, "%s, %s: %s\n", shown, exercise, json_string_value(why));
        free(shown);
    }
    return write_end(f, path, new);
}

/* ---- Entries ---------------------------------------------------------------------------------------------------- */

static void drop_entry(Learner *l, const char *exercise)
{
    json_t *all = json_object_get(l->grades, "exercises");
    for (size_t i = json_array_size(all); i-- > 0;)
        if (!strcmp(text_of(json_array_get(all, i), "exercise"), exercise)) json_array_remove(all, i);
}

static void set_entry(Learner *l, const char *exercise, json_t *entry)
{
    drop_entry(l, exercise);
    json_array_append_new(json_object_get(l->grades, "exercises"), entry);
}

/* What cannot be graded has an entry as if it could. */
static json_t *refusal(const Room *room, Taken how, const char *why)
{
    const char *state = how == NOT_HANDED_IN ? "TODO" : "BUILD";
    return json_pack("{s:s, s:s, s:i, s:i, s:b, s:s, s:s, s:[]}", "exercise", room->name, "folder", room->dir,
                     "points", 0, "of", 100, "complete", 0, "state", state, "text", why, "steps");
}

static uint64_t seed_of(const Class *c, int learner, int room)
{
    return seal_seed(&c->key, c->learner[learner].name, c->room[room].name);
}

static bool still_holds(const Class *c, const json_t *x, const Slot *s)
{
    char seed[32];
    snprintf(seed, sizeof seed, "%#llx", (unsigned long long)seed_of(c, s->learner, s->room));
    return x && !strcmp(text_of(x, "seed"), seed) && json_equal(json_object_get(x, "files"), s->files)
           && !strcmp(text_of(x, "grader"), c->grader[s->room]) && !strncmp(text_of(x, "isolation"), c->level, 2);
}

static void our_fault(Class *c, const Slot *s, const char *why)
{
    Learner *l = &c->learner[s->learner];
    char text[600];
    drop_entry(l, c->room[s->room].name);
    json_object_set_new(l->faults, c->room[s->room].name, json_string(printable(why, strlen(why), text, sizeof text)));
    c->faults++;
}

/* ---- Jobs ------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stopped;
static void stop(int signal) { (void)signal, stopped = 1; }

static void launch_job(const Class *c, Slot *s)
{
    char into[600], work[600];
    snprintf(into, sizeof into, "%s/into", s->tree);
    snprintf(work, sizeof work, "%s/work", s->tree);
    s->until = now() + JOB_SECONDS;
    s->pid = start_grading(into, work, &c->room[s->room], c->level, seed_of(c, s->learner, s->room));
}

/* The files are taken; true: they have to be graded. */
static bool begin_job(Class *c, Slot *s)
{
    Learner *l = &c->learner[s->learner];
    const Room *room = &c->room[s->room];
    char  path[900], why[400] = "";
    Taken how = l->refused ? REFUSED : UNREADABLE;
    snprintf(path, sizeof path, "%s/work", s->tree);
    mkdir(s->tree, 0755);
    if (l->refused) snprintf(why, sizeof why, "%s", l->refused);
    else {
        char *from;
        if (asprintf(&from, "%s/%s", c->from, l->name) < 0) abort();
        int folder = open(from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder < 0) snprintf(why, sizeof why, "the folder cannot be read: %s", strerror(errno));
        else how = take(folder, room, path, why, sizeof why), close(folder);
        free(from);
    }
    if (how == TAKEN) {
        snprintf(path, sizeof path, "%s/work/%s", s->tree, room->dir);
        s->files = seal_folder(path, room->name);
        s->tries = 0;
        if (!still_holds(c, entry_of(l->grades, room->name), s)) return launch_job(c, s), true;
        c->kept++;
        json_decref(s->files);
    } else if (how == UNREADABLE) our_fault(c, s, why);
    else set_entry(l, room->name, refusal(room, how, why));
    remove_tree(s->tree);
    return false;
}

/* false: once more, it was our own fault and may pass. */
static bool end_job(Class *c, Slot *s, int status)
{
    char    path[600], why[400] = "";
    Learner *l = &c->learner[s->learner];
    const Room *room = &c->room[s->room];
    snprintf(path, sizeof path, "%s/into", s->tree);
    json_t *entry = graded(path, room, status, why, sizeof why);
    if (now() >= s->until) snprintf(why, sizeof why, "the grader did not come to its end in %d s", JOB_SECONDS);
    if (!entry && !s->tries++ && !stopped && now() < s->until) {
        remove_tree(path);
        return launch_job(c, s), false;
    }
    if (entry) {
        json_object_set_new(entry, "grader", json_string(c->grader[s->room]));
        set_entry(l, room->name, entry);
        c->graded++;
    } else if (!stopped) our_fault(c, s, why);
    json_decref(s->files);
    remove_tree(s->tree);
    s->pid = 0;
    return true;
}

static void show_progress(const Class *c, double start)
{
    int all = c->learners * c->rooms;
    double left = c->graded ? (now() - start) / c->graded * (all - c->next) : 0;
    if (!isatty(2)) return;
    fprintf(stderr, "\r%d of %d looked at, %d graded, about %.0f s left ", c->next, all, c->graded, left);
}

/* The next job that has to be run, into a free slot. A learner's files are written when all of theirs is done. */
static void fill(Class *c, Slot *s)
{
    while (!stopped && c->next < c->learners * c->rooms) {
        s->learner = c->next / c->rooms, s->room = c->next % c->rooms;
        c->next++;
        if (begin_job(c, s)) return;
    }
}

static void run_jobs(Class *c, const char *place, int jobs)
{
    Slot     slot[MAX_JOBS] = { 0 };
    sigset_t waited;
    double   start = now();
    sigemptyset(&waited);
    sigaddset(&waited, SIGCHLD), sigaddset(&waited, SIGINT), sigaddset(&waited, SIGTERM), sigaddset(&waited, SIGHUP);
    sigprocmask(SIG_BLOCK, &waited, NULL);
    for (int i = 0; i < jobs; i++) snprintf(slot[i].tree, sizeof slot[i].tree, "%s/%d", place, i + 1);
    for (bool busy = true; busy;) {
        busy = false;
        for (int i = 0; i < jobs; i++) {
            Slot *s = &slot[i];
            int   status = 0;
            if (!s->pid) fill(c, s);
            if (!s->pid) continue;
            busy = true;
            if (s->pid > 0 && (stopped || now() > s->until)) kill(s->pid, SIGKILL);
            if (s->pid < 0 || waitpid(s->pid, &status, stopped ? 0 : WNOHANG) == s->pid) {
                if (end_job(c, s, s->pid < 0 ? -1 : status)) write_learner(c, &c->learner[s->learner]);
                show_progress(c, start);
                i--;                                    /* the slot is free: at once the next */
            }
        }
        int signal = busy ? sigtimedwait(&waited, NULL, &(struct timespec){ 1, 0 }) : 0;
        if (signal > 0 && signal != SIGCHLD) stop(signal);
    }
    if (isatty(2)) fprintf(stderr, "\r%79s\r", "");
}

/* ---- All -------------------------------------------------------------------------------------------------------- */

static bool inside(const char *path, const char *folder)
{
    char a[PATH_MAX], b[PATH_MAX];
    if (!realpath(path, a) || !realpath(folder, b)) return false;
    size_t n = strlen(b);
    return !strncmp(a, b, n) && (a[n] == '/' || !a[n]);
}

/* A run goes on where the same grader graded: the reference's worker, the judge, build/grade. */
static bool seal_rooms(Class *c)
{
    char path[2][300];
    for (int r = 0; r < c->rooms; r++) {
        snprintf(path[0], 300, "build/ref/%s/worker", c->room[r].dir);
        snprintf(path[1], 300, "build/ref/%s/judge", c->room[r].dir);
        if (!seal_files((const char *[]){ path[0], path[1], "build/grade", NULL }, c->grader[r])) return false;
    }
    return true;
}

static void print_end(const Class *c, double start)
{
    int all = c->learners * c->rooms;
    printf("%d learners, %d exercises: %d graded, %d kept from before, %d not handed in or not taken, %d faults of our "
           "own; %.0f s\n", c->learners, c->rooms, c->graded, c->kept,
           all - c->graded - c->kept - c->faults, c->faults, now() - start);
    printf("Wrote  %s/gradebook.csv, infrastructure.txt, LEARNER/grade.json, LEARNER/feedback.md\n", c->out);
    if (c->faults) printf("Next   look at %s/infrastructure.txt; the same command grades these again\n", c->out);
}

/* What was asked for: 0, or the status to end with. */
static int read_call(Class *c, int argc, char **argv, int *jobs, const char **key)
{
    static const struct option known[] = { { "jobs", 1, NULL, 'j' }, { "level", 1, NULL, 'l' },
                                           { "out", 1, NULL, 'o' },  { "key", 1, NULL, 'k' },
                                           { NULL, 0, NULL, 0 } };
    static char out[PATH_MAX];
    for (int k; (k = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (k == 'j') *jobs = atoi(optarg);
        else if (k == 'l' && *optarg) c->level = optarg;
        else if (k == 'o' && *optarg) c->out = optarg;
        else if (k == 'k' && *optarg) *key = optarg;
        else if (k == '?') return 2;
    }
    if (argc - optind < 2 || !*argv[optind])
        return refuse("usage: build/grade-all [--jobs N] [--level L] [--out OUT] [--key FILE] SUBMISSIONS DIR...");
    if (*jobs < 1 || *jobs > MAX_JOBS) return refuse("JOBS=: 1 to %d, please", MAX_JOBS);
    c->from = argv[optind++];
    int n = (int)strlen(c->from);
    snprintf(out, sizeof out, "%.*s-graded", c->from[n - 1] == '/' ? n - 1 : n, c->from);
    if (!c->out) c->out = out;
    for (; optind < argc && c->rooms < MAX_ROOMS; optind++)
        if (!room_of(argv[optind], &c->room[c->rooms++])) return refuse("%s is no exercise's folder", argv[optind]);
    return can_begin(c->level) ? 0 : 2;
}

/* The folders, the key, the learners; OUT belongs to one run at a time, until it ends. */
static int open_class(Class *c, const char *key)
{
    char path[PATH_MAX];
    if (!seal_rooms(c)) return refuse("build/ref is not complete: call this by make grade-all");
    if (access(c->from, R_OK | X_OK)) return refuse("DIR=%s: %s", c->from, strerror(errno));
    if (mkdir(c->out, 0755) && errno != EEXIST) return refuse("OUT=%s: %s", c->out, strerror(errno));
    if (inside(c->out, c->from))
        return refuse("OUT=%s lies in DIR=%s: its files would be taken for learners'", c->out, c->from);
    int lock = open(c->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB))
        return refuse("OUT=%s: %s", c->out, lock < 0 ? strerror(errno) : "another make grade-all writes there");
    snprintf(path, sizeof path, "%s/course.key", c->out);
    const char *why = seal_key(key ? key : path, &c->key, !key);
    if (why) return refuse("%s", why);
    if (!read_learners(c)) return refuse("DIR=%s: %s", c->from, strerror(errno));
    for (int i = 0; i < c->learners; i++) c->learner[i].grades = load_grades(c, &c->learner[i]);
    return 0;
}

static void close_class(Class *c)
{
    for (int i = 0; i < c->learners; i++) {
        Learner *l = &c->learner[i];
        free(l->name), free(l->folder), free(l->refused), json_decref(l->grades), json_decref(l->faults);
    }
    free(c->learner);
}

int main(int argc, char **argv)
{
    static Class c = { .level = "L1" };
    const char *key = NULL;
    double start = now();
    int    jobs = 2, status = read_call(&c, argc, argv, &jobs, &key);
    bool   ok = true;
    if (!status) status = open_class(&c, key);
    const char *place = status ? NULL : class_begin();
    if (!status && !place) status = refuse("no folder for work in progress: %s", strerror(errno));
    if (status) return close_class(&c), status;
    run_jobs(&c, place, jobs);
    class_end();
    for (int i = 0; i < c.learners && !stopped; i++) ok = write_learner(&c, &c.learner[i]) && ok;
    if (!stopped) ok = write_gradebook(&c) && write_faults(&c) && ok;
    if (stopped) printf("Stopped: %d graded, %d kept from before; the same command goes on\n", c.graded, c.kept);
    else if (ok) print_end(&c, start);
    close_class(&c);
    return stopped ? 1 : !ok || c.faults ? 3 : 0;
}
