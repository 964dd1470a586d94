/* class.c -- a submission is read without trusting a name, a link or a size, and graded in a tree of its own. */
#define _GNU_SOURCE
#include "class.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "grade.h"
#include "sandbox.h"
#include "seal.h"
#include "source.h"

enum { MAX_HEADERS = 32, MAX_REPORT = 1 << 16, MAX_FOUND = 8, FRESH_SECONDS = 60 };

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

json_t *entry_of(const json_t *grades, const char *exercise)
{
    json_t *x;
    size_t  i;
    json_array_foreach(json_object_get(grades, "exercises"), i, x)
        if (!strcmp(text_of(x, "exercise"), exercise)) return x;
    return NULL;
}

int refuse(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return 2;
}

bool can_begin(const char *level)
{
    if (!seal_works())
        return refuse("this needs libsodium, for SHA-256 and seeds: make doctor says how to get it"), false;
    if (level[0] != 'L' || level[1] < '0' || level[1] > '2' || level[2])
        return refuse("LEVEL=%.20s: L0, L1 or L2, please", level), false;
    if (sandbox_has((Level)(level[1] - '0'))) return true;
    refuse("this machine has no %s, which shuts strangers' code in: make doctor. LEVEL=L0 grades without", level);
    return false;
}

bool room_of(const char *dir, Room *room)
{
    char   pattern[300];
    glob_t g;
    snprintf(pattern, sizeof pattern, "%s/test_*.c", dir);
    if (glob(pattern, 0, NULL, &g) || g.gl_pathc != 1) return false;
    const char *base = strrchr(g.gl_pathv[0], '/') + strlen("/test_");
    snprintf(room->name, sizeof room->name, "%.*s", (int)strcspn(base, "."), base);
    room->dir = dir;
    globfree(&g);
    return true;
}

/* ---- A place for work in progress ------------------------------------------------------------------------------- */

static char place[400];
static int  place_lock = -1;

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

void remove_tree(const char *path) { nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

/* Ours, not young, and nobody holds its lock any more: its run was killed. */
static bool abandoned(const char *path)
{
    char lock[500];
    struct stat s;
    if (lstat(path, &s) || !S_ISDIR(s.st_mode) || s.st_uid != geteuid()) return false;
    if (time(NULL) - s.st_mtim.tv_sec < FRESH_SECONDS) return false;
    snprintf(lock, sizeof lock, "%s/lock", path);
    int  fd = open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool free = fd < 0 || !flock(fd, LOCK_EX | LOCK_NB);
    if (fd >= 0) close(fd);
    return free;
}

/* Started as root, what is graded runs as another user, who must get as far as that. */
static bool reachable(const char *path)
{
    char part[400];
    struct stat s;
    snprintf(part, sizeof part, "%s/", path);
    for (char *p = strchr(part, '/'); p; p = strchr(p + 1, '/')) {
        char kept = p[1];
        p[1] = 0;
        if (stat(part, &s) || (!geteuid() && !(s.st_mode & S_IXOTH))) return false;
        p[1] = kept;
    }
    return !access(path, W_OK);
}

static void remove_abandoned(const char *tmp)
{
    char   path[440];
    glob_t old;
    snprintf(path, sizeof path, "%s/grading-class-*", tmp);
    if (glob(path, 0, NULL, &old)) return;
    for (size_t i = 0; i < old.gl_pathc; i++)
        if (abandoned(old.gl_pathv[i])) remove_tree(old.gl_pathv[i]);
    globfree(&old);
}

const char *class_begin(void)
{
    const char *tmp = getenv("TMPDIR");
    char path[440];
    if (!tmp || !*tmp || strlen(tmp) > 300 || !reachable(tmp)) tmp = reachable("/tmp") ? "/tmp" : "/var/tmp";
    remove_abandoned(tmp);
    snprintf(place, sizeof place, "%s/grading-class-XXXXXX", tmp);
    if (!mkdtemp(place) || chmod(place, 0711)) return NULL;
    snprintf(path, sizeof path, "%s/lock", place);
    place_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (place_lock < 0 || flock(place_lock, LOCK_EX)) return NULL;
    snprintf(path, sizeof path, "%s/tmp", place);
    if (mkdir(path, 0711) || chmod(path, 0711)) return NULL;
    setenv("TMPDIR", path, 1);                          /* a worker's folder goes with ours, whatever happens */
    return place;
}

void class_end(void)
{
    if (*place) remove_tree(place);
    if (place_lock >= 0) close(place_lock);
}

/* ---- What was handed in ----------------------------------------------------------------------------------------- */

typedef struct Found { char path[200], *text; size_t n; int folder; } Found;
typedef struct Search { Found found[MAX_FOUND]; int n; Taken worst; char *why; size_t size; } Search;

static void fault(Search *s, Taken how, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fault(Search *s, Taken how, const char *format, ...)
{
    va_list ap;
    if (how <= s->worst) return;
    s->worst = how;
    va_start(ap, format);
    vsnprintf(s->why, s->size, format, ap);
    va_end(ap);
}

static const char *kind_of(mode_t mode)
{
    return S_ISLNK(mode)    ? "a link"
           : S_ISDIR(mode)  ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

/* -1: it is not there, or the search has a fault now. What it is counts once it is open. */
static int open_plain(int at, const char *name, const char *path, Search *s, size_t *size)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW)) {
        if (errno != ENOENT) fault(s, UNREADABLE, "%s: %s", path, strerror(errno));
        return -1;
    }
    int fd = S_ISREG(st.st_mode) ? openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (!S_ISREG(st.st_mode)) fault(s, REFUSED, "%s is %s, not a file", path, kind_of(st.st_mode));
    else if (fd < 0 || fstat(fd, &st)) fault(s, UNREADABLE, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode)) fault(s, REFUSED, "%s is %s, not a file", path, kind_of(st.st_mode));
    else if (st.st_size > MAX_SOURCE)
        fault(s, REFUSED, "%s has %.1f MB; a source has at most %d KB", path, (double)st.st_size / (1 << 20),
              MAX_SOURCE >> 10);
    else return *size = (size_t)st.st_size, fd;
    if (fd >= 0) close(fd);
    return -1;
}

static bool read_plain(int at, const char *name, const char *path, Search *s, char **text, size_t *n)
{
    size_t  size = 0;
    ssize_t k = 0;
    int     fd = open_plain(at, name, path, s, &size);
    if (fd < 0) return false;
    *text = malloc(size + 1), *n = 0;
    if (!*text) abort();
    while (*n < size && (k = read(fd, *text + *n, size - *n)) > 0) *n += (size_t)k;
    close(fd);
    if (k < 0) fault(s, UNREADABLE, "%s: %s", path, strerror(errno)), free(*text);
    return k >= 0;
}

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* NAME.c in a folder; prefix: what the folder is called in a sentence. Takes the folder's descriptor. */
static void look_in(int folder, const char *prefix, const Room *room, Search *s)
{
    char  name[80];
    Found f = { .folder = folder };
    snprintf(name, sizeof name, "%s.%s", room->name, source_ending(room->dir, room->name));
    snprintf(f.path, sizeof f.path, "%s%s", prefix, name);
    if (s->n < MAX_FOUND && read_plain(folder, name, f.path, s, &f.text, &f.n)) s->found[s->n++] = f;
    else close(folder);
}

/* stageN/NN_NAME: an exercise's identity is its name, its numbers may have changed. */
static void look_in_stage(int at, const char *base, int stage, const Room *room, Search *s)
{
    char name[16], prefix[150];
    snprintf(name, sizeof name, "stage%d", stage);
    int fd = open_folder(at, name), copy = fd < 0 ? -1 : dup(fd);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR) && room->dir[5] == name[5])
        fault(s, REFUSED, "%s%s is a link or a file, not a folder", base, name);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    for (struct dirent *e; d && (e = readdir(d));) {
        const char *n = e->d_name;
        if (!isdigit((unsigned char)n[0]) || !isdigit((unsigned char)n[1]) || n[2] != '_' || strcmp(n + 3, room->name))
            continue;
        snprintf(prefix, sizeof prefix, "%s%s/%.80s/", base, name, n);
        int folder = open_folder(fd, n);
        if (folder >= 0) look_in(folder, prefix, room, s);
        else fault(s, errno == ELOOP || errno == ENOTDIR ? REFUSED : UNREADABLE, "%s is no folder: %s", prefix,
                   strerror(errno));
    }
    if (d) closedir(d);
    if (fd >= 0) close(fd);
}

static void look_everywhere(int folder, const Room *room, Search *s)
{
    int work = open_folder(folder, "work");
    look_in(dup(folder), "", room, s);
    for (int stage = 0; stage < 10; stage++) {
        look_in_stage(folder, "", stage, room, s);
        if (work >= 0) look_in_stage(work, "work/", stage, room, s);
    }
    if (work >= 0) close(work);
}

static bool write_file(const char *folder, const char *name, const char *text, size_t n)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write(fd, text, n) == (ssize_t)n;
    return fd >= 0 && !close(fd) && ok;
}

/* A header of the course's that lies there too is for another exercise. */
static bool own_header(const char *name, const Room *room)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t n = strlen(name);
    char   pattern[400];
    glob_t g = { 0 };
    if (n < 3 || n > 100 || strcmp(name + n - 2, ".h") || strspn(name, plain) != n) return false;
    if (!strncmp(name, room->name, n - 2) && !room->name[n - 2]) return true;
    snprintf(pattern, sizeof pattern, "stage[0-9]/[0-9][0-9]_%.*s/%s", (int)n - 2, name, name);
    bool ours = !glob(pattern, 0, NULL, &g);
    globfree(&g);
    return !ours;
}

static bool copy_headers(int folder, const Room *room, const char *to)
{
    char   why[300], *text;
    size_t n;
    int    copied = 0, copy = dup(folder);
    DIR   *d = copy < 0 ? NULL : fdopendir(copy);
    bool   ok = d != NULL;
    for (struct dirent *e; ok && copied < MAX_HEADERS && (e = readdir(d));) {
        Search s = { .why = why, .size = sizeof why };
        if (!own_header(e->d_name, room) || !read_plain(folder, e->d_name, e->d_name, &s, &text, &n)) continue;
        ok = write_file(to, e->d_name, text, n);
        free(text);
        copied++;
    }
    if (d) closedir(d);
    return ok;
}

static bool make_folders(const char *path)
{
    char part[1000];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = strchr(part + 1, '/'); p; p = strchr(p + 1, '/')) *p = 0, mkdir(part, 0755), *p = '/';
    return !mkdir(part, 0755) || errno == EEXIST;
}

Taken take(int folder, const Room *room, const char *work, char *why, size_t size)
{
    char   name[80], to[900];
    Search s = { .why = why, .size = size };
    look_everywhere(folder, room, &s);
    for (int i = 1; i < s.n; i++)
        if (s.found[i].n != s.found[0].n || memcmp(s.found[i].text, s.found[0].text, s.found[0].n))
            fault(&s, REFUSED, "handed in twice, and not the same: %s and %s", s.found[0].path, s.found[i].path);
    if (!s.n) fault(&s, NOT_HANDED_IN, "not handed in");
    snprintf(name, sizeof name, "%s.%s", room->name, source_ending(room->dir, room->name));
    snprintf(to, sizeof to, "%s/%s", work, room->dir);
    if (s.worst == TAKEN && (!make_folders(to) || !write_file(to, name, s.found[0].text, s.found[0].n)
                             || !copy_headers(s.found[0].folder, room, to)))
        fault(&s, UNREADABLE, "it cannot be copied to %s: %s", to, strerror(errno));
    for (int i = 0; i < s.n; i++) free(s.found[i].text), close(s.found[i].folder);
    return s.worst;
}

/* ---- Grading it ------------------------------------------------------------------------------------------------- */

pid_t start_grading(const char *into, const char *work, const Room *room, const char *level, uint64_t seed)
{
    char report[500], number[32];
    snprintf(report, sizeof report, "%s/report", into);
    snprintf(number, sizeof number, "%#llx", (unsigned long long)seed);
    mkdir(into, 0755);
    pid_t pid = fork();
    if (pid) return pid;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    int out = open(report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), null = open("/dev/null", O_RDONLY);
    if (out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(127);
    execl("build/grade", "build/grade", "--level", level, "--seed", number, "--work", work, "--into", into, room->dir,
          (char *)NULL);
    _exit(127);
}

/* The heading is the class's, and where grade.json was written says nothing here. */
static json_t *report_text(const char *text)
{
    char *out = calloc(1, strlen(text) + 1);
    if (!out) abort();
    for (const char *p = text + strcspn(text, "\n"), *end; *p; p = end) {
        end = p + strcspn(p, "\n");
        end += *end == '\n';
        if (strncmp(p, "Wrote ", 6) && strncmp(p, "Done ", 5)) strncat(out, p, (size_t)(end - p));
    }
    json_t *j = json_string(out + strspn(out, "\n"));
    free(out);
    return j ? j : json_string("");
}

/* Our own fault shows in an entry's state, in a step's, or in there being no entry. */
static bool internal(const json_t *entry)
{
    json_t *step, *steps = json_object_get(entry, "steps");
    size_t  i;
    if (!entry || !strcmp(text_of(entry, "state"), "INTERNAL")) return true;
    json_array_foreach(steps, i, step)
        if (!strcmp(text_of(step, "state"), "INTERNAL")) return true;
    return false;
}

json_t *graded(const char *into, const Room *room, int status, char *why, size_t size)
{
    char path[500], *text;
    snprintf(path, sizeof path, "%s/report", into);
    text = read_text(path, MAX_REPORT);
    snprintf(path, sizeof path, "%s/grade.json", into);
    json_t *all = json_load_file(path, 0, NULL), *entry = entry_of(all, room->name);
    if (status || internal(entry)) {
        const char *said = strstr(text, "INTERNAL");
        said = said ? said + strlen("INTERNAL") + strspn(said + strlen("INTERNAL"), " :\n") : text;
        snprintf(why, size, "%.*s", (int)strcspn(said, "\n"), said);
        if (!*why) snprintf(why, size, "the grader ended with status %#x and said nothing", (unsigned)status);
        entry = NULL;
    } else json_object_set_new(entry, "report", report_text(text));
    json_incref(entry);
    json_decref(all);
    free(text);
    return entry;
}
