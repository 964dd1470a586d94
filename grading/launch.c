/* launch.c -- a process with limits, shut in as far as this machine can. It gets an empty environment and directory, no
 * files but its pipes, and little time and memory; started as root it runs as a user of its own. Whatever it leaves
 * behind is killed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "launch.h"

enum { HIGH = 40, MAX_BWRAP = 120, OPEN_FILES = 64, COMPILE_SECONDS = 20 };
enum { MAX_TEXT = 1 << 20, FILE_BYTES = 1 << 20, ALL_FILES_BYTES = 16 << 20 };
static const double GRACE = 0.05, PATIENCE = 9, UNLIMITED_MEMORY = 2e9;

/* A user that nothing else runs as: systemd keeps this range for such. */
static uid_t own_user(void)
{
    static uid_t user;
    if (!user) user = geteuid() ? geteuid() : 61184 + (uid_t)getpid() % 4000;
    return user;
}

/* Root in a container may have no other user to become; then we say so. */
static bool can_drop(void)
{
    static int can = -1;
    if (can >= 0 || geteuid()) return geteuid() == 0 && can > 0;
    uid_t u = own_user();                               /* before the fork: it comes from our process's number */
    pid_t pid = fork();
    if (pid == 0) _exit(setresgid(u, u, u) || setresuid(u, u, u));
    int status = 1;
    waitpid(pid, &status, 0);
    can = status == 0;
    return can;
}

/* ---- The level -------------------------------------------------------------------------------------------------- */

static int chosen = -1;

/* Of the course: the grader runs in its root. */
static const char *in_root(const char *name, char *path, size_t size)
{
    size_t n = getcwd(path, size) ? strlen(path) : 0;
    snprintf(path + n, size - n, "/%s", name);
    return path;
}

static Level level(void)
{
    return chosen >= 0 ? (Level)chosen : sandbox_has(LEVEL_1) ? LEVEL_1 : LEVEL_0;
}

static Level level_for(unsigned may)
{
    return chosen < 0 && may & MAY_PROCESSES && sandbox_has(LEVEL_2) ? LEVEL_2 : level();
}

bool launch_shuts_in(void) { return level() >= LEVEL_1; }

const char *launch_use(const char *name)
{
    static char why[200];
    int digit = name[0] == 'L' || name[0] == 'l' ? name[1] : name[0];
    if (digit < '0' || digit > '2' || strlen(name) > 2 || (strlen(name) == 2 && digit == name[0]))
        return snprintf(why, sizeof why, "LEVEL=%.20s: L0, L1 or L2, please", name), why;
    chosen = digit - '0';
    if (sandbox_has((Level)chosen)) return NULL;
    snprintf(why, sizeof why, "this machine has no L%d, only %s: make doctor", chosen,
             sandbox_words(sandbox_has(LEVEL_1) ? LEVEL_1 : LEVEL_0));
    return why;
}

const char *launch_level(unsigned may)
{
    static char words[160];
    snprintf(words, sizeof words, "%s%s", sandbox_words(level_for(may)),
             geteuid() ? "" : can_drop() ? ", own user" : ", as root");
    return words;
}

/* ---- In the child ---------------------------------------------------------------------------------------------- */

static void limit(int what, rlim_t n) { setrlimit(what, &(struct rlimit){ n, n }); }

static void set_limits(const Launch *w)
{
    rlim_t cpu = (rlim_t)w->seconds + 1;
    limit(RLIMIT_CORE, 0);
    setrlimit(RLIMIT_CPU, &(struct rlimit){ cpu, cpu + 1 });
    limit(RLIMIT_FSIZE, w->collect ? 16 * FILE_BYTES : FILE_BYTES);
    limit(RLIMIT_NOFILE, OPEN_FILES);
    if (w->memory) limit(RLIMIT_AS, w->memory);
}

static bool drop(void)
{
    uid_t u = own_user();
    if (geteuid() || !can_drop()) return true;
    return !setgroups(0, NULL) && !setresgid(u, u, u) && !setresuid(u, u, u);
}

/* Every descriptor is copied high first, so that none is overwritten before it has reached its place. */
static void place_fds(int from[FIRST_CLOSED])
{
    for (int i = 0; i < FIRST_CLOSED; i++) from[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD, HIGH);
    for (int i = 0; i < FIRST_CLOSED; i++) {
        if (from[i] >= 0) dup2(from[i], i);
        else close(i);
    }
#ifdef SYS_close_range
    if (!syscall(SYS_close_range, FIRST_CLOSED, ~0u, 0)) return;
#endif
    for (int i = FIRST_CLOSED; i < 1024; i++) close(i); /* kernels before 5.9 */
}

static bool for_tool(const Launch *w)
{
    for (int i = 1; w->argv[i]; i++)
        if (!strcmp(w->argv[i], LAUNCH_PROGRAM)) return true;
    return false;
}

static void excuse(void)
{
    (void)!write(EXCUSE_FD, "x", 1);
    _exit(1);
}

static void ordinary_signals(void)
{
    sigset_t none;
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The same once more, by confine.c, in a world where nothing else exists. */
static void run_bubblewrap(const Launch *w, const char *dir, const char *const *env)
{
    char confine[] = { '0' + CONFINE_FD, 0 };
    const char *argv[MAX_BWRAP], profile[] = { (char)('0' + w->profile), (char)('0' + w->may),
                                                       w->name_calls ? 'n' : '-', 0 };
    int n = sandbox_bwrap(argv, MAX_BWRAP - 20, dir, w->may, confine);
    argv[n++] = profile;
    for (int i = 0; w->argv[i] && n < MAX_BWRAP - 1; i++) argv[n++] = w->argv[i];
    argv[n] = NULL;
    execve(argv[0], (char **)argv, (char **)env);
}

static void become(const Launch *w, const char *dir, int from[FIRST_CLOSED])
{
    const char *env[16] = { "WORKER=1", "LC_ALL=C", "PATH=/usr/bin:/bin", "TMPDIR=.",
                            "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1" };
    int  n = w->may ? 4 : 6;
    bool alone = geteuid() == 0 && can_drop();
    char deps[512];
    const char *readable[] = { in_root("build/deps", deps, sizeof deps), NULL };
    setsid();
    for (int i = 0; w->env && w->env[i] && n < 15; i++) env[n++] = w->env[i];
    place_fds(from);
    ordinary_signals();
    if (chdir(dir) || !drop()) excuse();
    umask(077);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);          /* Ctrl-C at the grader ends it too */
    set_limits(w);
    if (level_for(w->may) == LEVEL_2) run_bubblewrap(w, dir, env), excuse();
    sandbox_become(&(Shut){ .profile = w->profile, .may = w->may, .name_calls = w->name_calls, .readable = readable,
                            .alone = alone },
                   level_for(w->may) == LEVEL_1, w->argv, env);
}

/* ---- In the parent --------------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

/* At L0 there may be folders that nobody may enter, or deeper than a path can say. */
static void remove_dir(const char *dir)
{
    if (!rmdir(dir)) return;
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (access(dir, F_OK)) return;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "chmod -R u+rwx \"$1\"; rm -rf \"$1\"", "sh", dir, (char *)NULL);
        _exit(127);
    }
    if (pid > 0) waitpid(pid, NULL, 0);
}

/* The children of one thread, behind the n that are there. */
static int children(const char *of, pid_t *out, int n, int most)
{
    char list[4096];
    int  fd = open(of, O_RDONLY | O_CLOEXEC);
    ssize_t k = fd < 0 ? 0 : read(fd, list, sizeof list - 1);
    if (fd >= 0) close(fd);
    list[k > 0 ? k : 0] = 0;
    for (char *p = list, *end; *p && n < most; p = end) {
        pid_t pid = (pid_t)strtol(p, &end, 10);
        if (end == p) break;
        out[n++] = pid;
    }
    return n;
}

/* What descends from us, orphans too (subreaper), parents first. */
enum { FAMILY = 1 << 12 };
static int family(pid_t out[FAMILY])
{
    char path[300];
    int  n = 1;
    out[0] = getpid();
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "/proc/%d/task", (int)out[i]);
        DIR *threads = opendir(path);
        for (struct dirent *t; threads && (t = readdir(threads));) {
            if (t->d_name[0] == '.') continue;
            snprintf(path, sizeof path, "/proc/%d/task/%.200s/children", (int)out[i], t->d_name);
            n = children(path, out, n, FAMILY);
        }
        if (threads) closedir(threads);
    }
    memmove(out, out + 1, (size_t)(n - 1) * sizeof *out);
    return n - 1;
}

static char state_of(pid_t pid)
{
    char path[40], text[400] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    const char *name_ends = strrchr(text, ')');
    return name_ends && name_ends[1] ? name_ends[2] : 'Z';
}

/* One that has been stopped keeps its place among as many as it may be, and starts no other: so all are stopped before
 * any is ended. */
static void stop_all(void)
{
    static pid_t pid[FAMILY];
    for (int round = 0, running = 1; running && round < 200; round++) {
        int n = family(pid);
        running = 0;
        for (int i = 0; i < n; i++)
            if (!strchr("TtZX", state_of(pid[i]))) running++, kill(pid[i], SIGSTOP);
    }
}

/* Those that left the process group die here. */
static void kill_strays(void)
{
    static pid_t pid[FAMILY];
    for (int round = 0, n; round < 1000 && (n = family(pid)) > 0; round++) {
        if (round == 0 && n > 1) stop_all(), n = family(pid);
        for (int i = 0; i < n; i++) kill(pid[i], SIGKILL);
        while (waitpid(-1, NULL, WNOHANG) > 0) continue;
        if (round) usleep(200);
    }
}

typedef struct Sink { int fd; char *p; size_t n, room, keep, max, seen; } Sink;

/* Keeps the first `keep` bytes; false once more than max came. */
static bool drain(Sink *s)
{
    static char block[1 << 16];
    for (;;) {
        ssize_t k = s->fd < 0 ? 0 : read(s->fd, block, sizeof block);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0 && errno == EAGAIN) return true;
        if (k <= 0) {
            if (s->fd >= 0) close(s->fd);
            s->fd = -1;
            return true;
        }
        size_t take = s->n + (size_t)k > s->keep ? s->keep - s->n : (size_t)k;
        if (s->n + take > s->room) {
            char *more = realloc(s->p, s->room = 2 * (s->n + take));
            if (!more) return false;
            s->p = more;
        }
        if (take) memcpy(s->p + s->n, block, take);
        s->n += take;
        if ((s->seen += (size_t)k) > s->max) return false;
    }
}

/* bubblewrap and confine stand before the worker. What it starts is behind it. */
static pid_t innermost(pid_t pid, unsigned may)
{
    char path[64];
    for (int depth = level_for(may) == LEVEL_2 ? 2 : 0; depth; depth--) {
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
        if (!children(path, &pid, 0, 1)) break;
    }
    return pid;
}

/* The number in a file of /proc/PID; 0 if there is none. */
static double in_proc(pid_t pid, const char *name, const char *format)
{
    char   path[64];
    double n = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, format, &n) != 1) n = 0;
    if (f) fclose(f);
    return n;
}

/* How long it was ready to run and others ran instead: on a busy machine that is not its fault. */
static double kept_waiting(pid_t pid) { return in_proc(pid, "schedstat", "%*s %lf") * 1e-9; }

static double memory_of(pid_t pid) { return in_proc(pid, "statm", "%*s %lf") * (double)sysconf(_SC_PAGESIZE); }

enum { A_FOLDER = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* The kernel limits each file; together they could fill the disk, with their names alone too. */
static bool too_much_in(int dir, int depth, double *bytes, int *names)
{
    enum { DEEP = 40, MANY = 3000 };
    bool much = depth == DEEP;
    DIR *d = fdopendir(dir);
    if (!d) close(dir);
    for (struct dirent *f; d && !much && (f = readdir(d));) {
        struct stat s;
        if (!strcmp(f->d_name, ".") || !strcmp(f->d_name, "..") || (!depth && !strcmp(f->d_name, &LAUNCH_PROGRAM[2])))
            continue;
        if (fstatat(dirfd(d), f->d_name, &s, AT_SYMLINK_NOFOLLOW)) continue;
        *bytes += S_ISREG(s.st_mode) ? 512.0 * (double)s.st_blocks : 0;
        much = ++*names > MANY || *bytes > ALL_FILES_BYTES;
        int sub = much || !S_ISDIR(s.st_mode) ? -1 : openat(dirfd(d), f->d_name, A_FOLDER | O_NOFOLLOW);
        if (sub >= 0) much = too_much_in(sub, depth + 1, bytes, names);
    }
    if (d) closedir(d);
    return much;
}

static bool fills_disk(const char *path)
{
    double bytes = 0;
    int names = 0, dir = open(path, A_FOLDER);
    return dir >= 0 && too_much_in(dir, 0, &bytes, &names);
}

/* Of all that it started, where it may. */
static double memory_of_all(pid_t pid, unsigned may)
{
    static pid_t all[FAMILY];
    double bytes = 0;
    if (!(may & MAY_PROCESSES)) return memory_of(innermost(pid, may));
    for (int n = family(all); n-- > 0;) bytes += memory_of(all[n]);
    return bytes;
}

/* What the kernel does not limit. */
static bool takes_too_much(const Launch *w, pid_t pid, const char *dir, Run *r)
{
    r->flooded |= !w->collect && fills_disk(dir);
    if (r->flooded || (w->memory && !(w->may & MAY_PROCESSES))) return r->flooded;
    return memory_of_all(pid, w->may) > UNLIMITED_MEMORY;
}

static void watch(const Launch *w, pid_t pid, const char *dir, int *ended, Sink *records, Sink *text, Run *r)
{
    double end = now() + w->seconds, last = end + (w->may & MAY_PROCESSES ? 1 : PATIENCE) * w->seconds, look = 0;
    for (bool gone = false; !gone;) {
        struct pollfd p[2] = { { records->fd, POLLIN, 0 }, { text->fd, POLLIN, 0 } };
        bool open = records->fd >= 0 || text->fd >= 0;
        if (open) poll(p, 2, 20);
        else usleep(200);
        gone = waitpid(pid, &r->status, WNOHANG) == pid;
        if (gone) kill(-pid, SIGKILL);
        r->flooded |= !drain(records);
        r->flooded |= !drain(text);
        double t = now();
        bool greedy = false, late = !gone && t > end;
        late = late && (r->late || t > last || t - kept_waiting(innermost(pid, w->may)) > end);
        if (!gone && t > look) greedy = takes_too_much(w, pid, dir, r), look = now() + 0.01;
        if (late && !r->late) {                         /* a moment to say where it is */
            r->late = true, end = t + GRACE;
            if (*ended >= 0) close(*ended), *ended = -1;        /* confine.c sees that */
            else kill(-pid, SIGXCPU);
            continue;
        }
        if (!gone && (late || greedy || r->flooded)) {
            kill(-pid, SIGKILL);
            waitpid(pid, &r->status, 0);
            if (*ended >= 0) close(*ended), *ended = -1;
            return;
        }
    }
}

/* A tool opens the program by its name, so it gets a copy that any user may read. */
static bool copy_program(int from, const char *dir)
{
    char path[600], block[1 << 14];
    ssize_t n;
    snprintf(path, sizeof path, "%s/%s", dir, LAUNCH_PROGRAM);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    bool ok = to >= 0;
    while (ok && (n = read(from, block, sizeof block)) != 0) ok = n > 0 && write(to, block, (size_t)n) == n;
    if (to >= 0) ok = ok && !fchmod(to, 0755), close(to);
    return ok;
}

/* The file that a tool is to write is there before it starts, and is read by our descriptor: who makes another of that
 * name, or takes it away, gains nothing. */
static int make_room(const char *dir, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) fchmod(fd, 0666);
    return fd;
}

static void collect(Run *r, int fd)
{
    struct stat in;
    Sink s = { .fd = fd, .keep = 16 * FILE_BYTES, .max = 16 * FILE_BYTES };
    if (!fstat(fd, &in) && in.st_nlink) drain(&s);
    if (s.fd >= 0) close(s.fd);
    r->file = s.p, r->file_size = s.n;
}

Run launch(const Launch *w)
{
    Run r = { .limit = w->seconds };
    int in[2], out[2], text[2], excuse[2], ended[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int program = open(w->program, O_RDONLY | O_CLOEXEC),
        preload = w->preload ? open(w->preload, O_RDONLY | O_CLOEXEC) : -1,
        confine = level_for(w->may) == LEVEL_2 ? open("build/confine", O_RDONLY | O_CLOEXEC) : -1;
    char dir[512];
    snprintf(dir, sizeof dir, "%s/graded-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (null < 0 || program < 0 || (w->preload && preload < 0) || !mkdtemp(dir)) return r.broken = true, r;
    if (geteuid() == 0 && can_drop() && chown(dir, own_user(), own_user())) r.broken = true;
    if (for_tool(w) && !copy_program(program, dir)) r.broken = true;
    int written = w->collect ? make_room(dir, w->collect) : -1;
    if (w->collect && written < 0) r.broken = true;
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(text, O_CLOEXEC) || pipe2(excuse, O_CLOEXEC) ||
        pipe2(ended, O_CLOEXEC))
        return r.broken = true, r;
    fcntl(out[0], F_SETFL, O_NONBLOCK), fcntl(text[0], F_SETFL, O_NONBLOCK);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void)!write(in[1], &w->seed, sizeof w->seed);      /* eight bytes always fit a pipe */
    fflush(stdout);
    double start = now();
    pid_t pid = fork();
    if (pid == 0) {
        int from[FIRST_CLOSED] = { null,    text[1],   text[1],                            in[0],  out[1], program,
                                   preload, excuse[1], level_for(w->may) == LEVEL_2 ? ended[1] : -1, confine };
        become(w, dir, from);
    }
    close(in[0]), close(in[1]), close(out[1]), close(text[1]), close(excuse[1]), close(ended[1]);
    close(null), close(program);
    if (preload >= 0) close(preload);
    if (confine >= 0) close(confine);
    Sink records = { .fd = out[0], .keep = w->records, .max = w->records };
    Sink printed = { .fd = text[0], .keep = RUN_TEXT, .max = MAX_TEXT };
    if (level_for(w->may) < LEVEL_2) close(ended[0]), ended[0] = -1;
    if (pid > 0) watch(w, pid, dir, &ended[0], &records, &printed, &r);
    else r.broken = true;
    r.seconds = now() - start;
    kill_strays();
    r.broken |= read(excuse[0], &null, 1) == 1;         /* every end that could write is closed by now */
    close(excuse[0]);
    if (ended[0] >= 0) {                                /* bubblewrap's own end says less */
        r.broken |= read(ended[0], &r.status, sizeof r.status) != sizeof r.status;
        close(ended[0]);
    }
    drain(&records), drain(&printed);
    if (records.fd >= 0) close(records.fd);
    if (printed.fd >= 0) close(printed.fd);
    r.data = records.p, r.size = records.n, r.text = printed.p, r.text_size = printed.n;
    if (written >= 0) collect(&r, written);
    remove_dir(dir);
    return r;
}

/* ---- Compilers ------------------------------------------------------------------------------------------------- */

/* A user of its own that may still read what root may: Landlock says what of it. Without that power, root. */
static void drop_but_read(void)
{
    static const int powers[] = { CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE };
    struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct   has[2] = { { 0 } };
    int power = -1;
    if (geteuid() || !can_drop() || syscall(SYS_capget, &head, has)) return;
    for (int i = 0; i < 2 && power < 0; i++)
        if (has[0].permitted >> powers[i] & 1) power = powers[i];
    if (power < 0) return;
    uint32_t bit = (uint32_t)1 << power;
    struct __user_cap_data_struct only[2] = { { bit, bit, bit }, { 0, 0, 0 } };
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || !drop() || syscall(SYS_capset, &head, only)
        || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, power, 0, 0))
        _exit(126);
}

/* Of the grader's environment what finds the compiler, and no more: an #include could print the rest. */
static void become_compiler(const char *dir, const char *output, const char *const *readable, const char *command)
{
    const char *env[8] = { "LC_ALL=C" };
    char path[4][4096];
    int  n = 1;
    snprintf(path[0], sizeof path[0], "PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    snprintf(path[1], sizeof path[1], "TMPDIR=%s", dir);
    snprintf(path[2], sizeof path[2], "OUT=%s/out", dir);
    for (int i = 0; i < 3; i++) env[n++] = path[i];
    if (getenv("LD_LIBRARY_PATH")) {
        snprintf(path[3], sizeof path[3], "LD_LIBRARY_PATH=%s", getenv("LD_LIBRARY_PATH"));
        env[n++] = path[3];
    }
    setsid();
    if (!freopen("/dev/null", "r", stdin) || !freopen(output, "w", stdout) || dup2(1, 2) < 0) _exit(127);
    ordinary_signals();
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, COMPILE_SECONDS);
    limit(RLIMIT_FSIZE, (rlim_t)64 << 20);
    limit(RLIMIT_AS, (rlim_t)4 << 30);
    if (level() >= LEVEL_1) drop_but_read();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    Shut s = { .profile = PROFILE_COMPILER, .home = dir, .readable = readable, .program = -1, .preload = -1 };
    if (level() >= LEVEL_1 && !sandbox_enter(&s)) _exit(126);
    execle("/bin/sh", "sh", "-c", command, (char *)NULL, env);
    _exit(127);
}

/* It may wait for something that never comes: a pipe that is included. */
static int wait_for(pid_t pid, double end)
{
    int status = -1;
    for (useconds_t pause = 100; waitpid(pid, &status, WNOHANG) == 0; pause += pause < 5000 ? pause / 4 : 0) {
        usleep(pause);
        if (now() < end) continue;
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
        break;
    }
    kill(-pid, SIGKILL);
    kill_strays();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static bool copy_result(const char *dir, const char *result)
{
    char path[600], new[600], block[1 << 14];
    struct stat s;
    ssize_t n = 0;
    snprintf(path, sizeof path, "%s/out", dir);
    snprintf(new, sizeof new, "%s.new", result);
    int from = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    bool ok = from >= 0 && !fstat(from, &s) && S_ISREG(s.st_mode);
    unlink(new);
    int to = ok ? open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755) : -1;
    while (to >= 0 && (n = read(from, block, sizeof block)) > 0 && write(to, block, (size_t)n) == n) continue;
    ok = to >= 0 && n == 0;
    if (from >= 0) close(from);
    if (to >= 0 && close(to)) ok = false;
    return ok && !rename(new, result);
}

int launch_shell(const char *output, const char *command)
{
    int status = -1;
    fflush(stdout);                                     /* or the child says it again */
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "r", stdin) || !freopen(output, "w", stdout) || dup2(1, 2) < 0) _exit(127);
        setenv("LC_ALL", "C", 1);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

int launch_compiler(const char *output, const char *result, const char *const *readable, const char *command)
{
    char dir[512];
    int  status = 127;
    snprintf(dir, sizeof dir, "%s/graded-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(dir)) return 127;
    if (level() < LEVEL_1 || geteuid() || !can_drop() || !chown(dir, own_user(), own_user())) {
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) become_compiler(dir, output, readable, command);
        if (pid > 0) status = wait_for(pid, now() + 1.5 * COMPILE_SECONDS);
        if (status == 0 && !copy_result(dir, result)) status = 127;
    }
    remove_dir(dir);
    return status;
}
