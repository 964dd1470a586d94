/* sandbox.c -- how far code that nobody trusts is shut in. Landlock (Linux 5.13) says which files may be touched,
 * seccomp which calls may be made; a call that is not listed ends the process with SIGSYS: the verdict is FORBIDDEN. */
#define _GNU_SOURCE
#include "sandbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined HAVE_SECCOMP && __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#define CAN_SHUT_IN 1
#endif

/* ---- What an exercise may ask for: a row each -------------------------------------------------------------------- */

/* Processes: what they ask of the kernel besides computing. */
static const char *const starting[] = {
    "execve", "execveat", "fork", "vfork", "wait4", "waitid", "setpgid", "setsid", "chdir", "fchdir", "mkdir",
    "mkdirat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "fchmod",
    "statfs", "fstatfs", "flock", "rt_sigsuspend", "fallocate", "fadvise64", "truncate", "copy_file_range", "sendfile",
    "getgroups", "getresuid", "getresgid", "getxattr", "lgetxattr", "fgetxattr", "fsetxattr", "close_range",
    "timer_create", "timer_settime", "timer_delete", NULL
};
/* Landlock keeps nobody from these, so only where nothing of the same user's can be reached. */
static const char *const marking[] = {
    "kill", "tgkill", "chmod", "fchmodat", "fchmodat2", "utimensat", "chown", "fchown", "lchown", "fchownat",
    "setxattr", "lsetxattr", "removexattr", "lremovexattr", NULL
};

/* Programs of scripts: POSIX's utilities, bash, git. No compiler, no other language, nothing that knows a network. */
static const char *const of_scripts[] = {
    "sh", "dash", "bash", "awk", "mawk", "gawk", "basename", "cat", "chmod", "cksum", "cmp", "comm", "cp", "cut",
    "date", "dd", "diff", "dirname", "du", "echo", "egrep", "env", "expr", "false", "fgrep", "find", "fold", "git",
    "grep", "gunzip", "gzip", "head", "id", "join", "kill", "ln", "ls", "md5sum", "mkdir", "mkfifo", "mktemp", "mv",
    "nl", "nohup", "nproc", "od", "paste", "printf", "pwd", "readlink", "realpath", "rev", "rm", "rmdir", "sed",
    "seq", "setsid", "sha256sum", "shuf", "sleep", "sort", "split", "stat", "tac", "tail", "tar", "tee", "test", "[",
    "timeout", "touch", "tr", "true", "tsort", "uname", "uniq", "wc", "xargs", "yes", "zcat", "../lib/git-core", NULL
};
static const char *const of_shells[] = { "/etc/bash.bashrc", "/etc/profile", NULL };

/* A driver speaks to its devices by ioctl, and waits for them. */
static const char *const driving[] = {
    "ioctl", "eventfd2", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "mlock", "munlock", "get_mempolicy",
    "mbind", "sched_setaffinity", "statfs", "fstatfs", NULL
};
static const char *const of_nvidia[] = {
    "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset", "/dev/nvidia-caps",
    "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia2", "/dev/nvidia3", "/dev/nvidia4", "/dev/nvidia5", "/dev/nvidia6",
    "/dev/nvidia7", "/proc/driver/nvidia", "/proc/devices", "/proc/modules", "/sys/devices/system", NULL
};

/* gentle: libraries and programs of others try calls that they can do without; one that is not listed fails, where it
 * would end a learner's own code. */
static const struct Permit {
    const char *name;                   /* behind `profile:` */
    unsigned    bit;
    const char *const *calls, *const *when_alone, *const *files, *const *programs;
    int         tasks;                  /* processes and threads at once */
    bool        gentle;
} permits[] = {
    { "threads",   MAY_THREADS,   .tasks = 1024 },
    { "processes", MAY_PROCESSES, .tasks = 64, .calls = starting, .when_alone = marking, .files = of_shells,
      .programs = of_scripts, .gentle = true },
    { "gpu",       MAY_GPU,       .tasks = 1024, .calls = driving, .files = of_nvidia, .gentle = true },
};
enum { PERMITS = sizeof permits / sizeof *permits };

unsigned sandbox_may(const char *line, const char **unknown)
{
    static char word[40];
    const char *p = strstr(line, "profile:");
    unsigned may = 0;
    *unknown = NULL;
    for (p = p ? p + 8 : ""; p += strspn(p, " ,"), *p && !strchr(";*\n", *p); p += strcspn(p, " ,;*\n")) {
        unsigned bit = 0;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(p, " ,;*\n"), p);
        for (int i = 0; i < PERMITS; i++)
            if (!strcmp(word, permits[i].name)) bit = permits[i].bit;
        if (!bit) *unknown = word;
        may |= bit;
    }
    return may;
}

int sandbox_tasks(unsigned may)
{
    int most = 1;
    for (int i = 0; i < PERMITS; i++)
        if (may & permits[i].bit && permits[i].tasks > most) most = permits[i].tasks;
    return most;
}

#ifdef CAN_SHUT_IN

/* ---- Profiles: what each may ask of the kernel ------------------------------------------------------------------- */

/* Computing, printing, memory, time, and what the C library does before main. What they name is Landlock's affair. */
static const char *const computing[] = {
    "read", "write", "readv", "writev", "pread64", "pwrite64", "lseek", "_llseek", "close", "dup", "dup2", "dup3",
    "fstat", "fstat64", "stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64", "statx", "access",
    "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "getdents64", "ftruncate", "fsync", "fdatasync",
    "unlink", "unlinkat", "mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise", "brk", "mincore", "msync",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "sigreturn",
    "alarm", "setitimer", "getitimer", "pause", "clock_gettime", "clock_gettime64", "clock_getres", "clock_nanosleep",
    "nanosleep", "gettimeofday", "time", "times", "getrusage", "getrandom", "getpid", "getppid", "gettid", "getuid",
    "geteuid", "getgid", "getegid", "getpgrp", "getpgid", "getsid", "uname", "sysinfo", "getrlimit", "ugetrlimit",
    "sched_yield", "sched_getaffinity", "getcpu", "futex", "futex_time64", "set_tid_address", "set_robust_list",
    "get_robust_list", "rseq", "arch_prctl", "set_tls", "membarrier", "restart_syscall", "poll", "ppoll", "select",
    "pselect6", "pipe", "pipe2", "umask", "exit", "exit_group", NULL
};

/* Of fcntl: not F_SETOWN and F_SETSIG, by which a pipe sends any process of the same user any signal. */
static const int of_fcntl[] = {
    F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_GETPIPE_SZ
};

/* valgrind watches its own file descriptors. */
static const char *const tooling[] = { "getxattr", "getgroups", "getresuid", "getresgid", "setrlimit", "shmctl", NULL };

/* Compilers start one another, and wait. */
static const char *const compiling[] = {
    "execve", "clone", "clone3", "fork", "vfork", "wait4", "waitid", "kill", "tgkill", "tkill", "setrlimit",
    "prlimit64", "chmod", "fchmod", "fchmodat", "fchmodat2", "utimensat", "link", "linkat", "symlink", "symlinkat",
    "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "chdir", "fchdir", "setpgid", "setsid", "statfs",
    "fstatfs", "fallocate", "copy_file_range", "sendfile", "getxattr", "lgetxattr", "fgetxattr", "getgroups",
    "getresuid", "getresgid", "sched_setaffinity", "prctl", "ioctl", "memfd_create", "epoll_create1", "epoll_ctl",
    "epoll_wait", "eventfd2", "flock", "mlock", "vhangup", "close_range", "truncate", NULL
};

static const char *const *const extra[PROFILE_COUNT] = { [PROFILE_TOOL] = tooling, [PROFILE_COMPILER] = compiling };

/* What is known only in the child: these stand for it until then. The ticket is the address of the arguments of the one
 * program that it may start, which lie where no other program can guess: what it starts cannot start another. */
enum { OWN_PID = 0x5eed71d, TICKET_HIGH, TICKET_LOW };
static const uint64_t TICKET = (uint64_t)TICKET_HIGH << 32 | TICKET_LOW;

static void allow(scmp_filter_ctx f, const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);
    if (nr >= 0) seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0);   /* negative: not a call of this architecture */
}

/* Where that argument is this value, or has these bits. */
static void allow_if(scmp_filter_ctx f, const char *name, unsigned arg, enum scmp_compare op, uint64_t value)
{
    int nr = seccomp_syscall_resolve_name(name);
    struct scmp_arg_cmp is = { .arg = arg, .op = op, .datum_a = value, .datum_b = value };
    if (nr >= 0) seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, 1, &is);
}

static void refuse(scmp_filter_ctx f, const char *name, int error)
{
    int nr = seccomp_syscall_resolve_name(name);
    if (nr >= 0) seccomp_rule_add(f, SCMP_ACT_ERRNO((uint16_t)error), nr, 0);
}

/* To read, and nothing is cut short by it; or to write. Neither (3) is a way around Landlock, and before its third
 * version so is cutting short what may only be read. */
static void allow_open(scmp_filter_ctx f, const char *name, unsigned flags)
{
    static const struct { uint64_t mask, is; } how[] = { { O_ACCMODE | O_TRUNC, O_RDONLY }, { O_ACCMODE, O_WRONLY },
                                                         { O_ACCMODE, O_RDWR } };
    int nr = seccomp_syscall_resolve_name(name);
    for (int i = 0; i < 3 && nr >= 0; i++) {
        struct scmp_arg_cmp is = { flags, SCMP_CMP_MASKED_EQ, how[i].mask, how[i].is };
        seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, 1, &is);
    }
}

static void allow_all(scmp_filter_ctx f, const char *const *names)
{
    for (; names && *names; names++) allow(f, *names);
}

/* Neither a namespace of its own nor a child that is somebody else's. */
static void allow_children(scmp_filter_ctx f)
{
    const uint64_t strange = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER
                             | CLONE_NEWPID | CLONE_NEWNET | CLONE_PARENT | CLONE_PTRACE;
    struct scmp_arg_cmp none = { .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = strange, .datum_b = 0 };
    struct scmp_arg_cmp fifo = { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = S_IFMT, .datum_b = S_IFIFO };
    seccomp_rule_add_array(f, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name("clone"), 1, &none);
    seccomp_rule_add_array(f, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name("mknodat"), 1, &fifo);
    allow_if(f, "utimensat", 1, SCMP_CMP_EQ, 0);                 /* of a file that it has open */
    allow_if(f, "ioctl", 1, SCMP_CMP_EQ, TIOCGPGRP);             /* what a shell asks whether it has a terminal */
    allow_if(f, "ioctl", 1, SCMP_CMP_EQ, TIOCGWINSZ);
}

static bool signals_stay_inside(void);

static bool rules(scmp_filter_ctx f, const Shut *shut)
{
    const uint64_t a_thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
    const Profile  profile = shut->profile;
    allow_all(f, computing), allow_all(f, extra[profile]);
    for (size_t i = 0; i < sizeof of_fcntl / sizeof *of_fcntl; i++) {
        allow_if(f, "fcntl", 1, SCMP_CMP_EQ, (uint64_t)of_fcntl[i]);
        allow_if(f, "fcntl64", 1, SCMP_CMP_EQ, (uint64_t)of_fcntl[i]);
    }
    allow_open(f, "open", 1), allow_open(f, "openat", 2);
    if (profile == PROFILE_COMPILER) return true;

    for (int i = 0; i < PERMITS; i++)
        if (shut->may & permits[i].bit) {
            allow_all(f, permits[i].calls);
            if (shut->alone) allow_all(f, permits[i].when_alone);
        }
    allow_if(f, "execveat", 2, SCMP_CMP_EQ, TICKET);
    if (shut->may & MAY_PROCESSES && signals_stay_inside()) allow(f, "kill"), allow(f, "tgkill");
    allow_if(f, "kill", 0, SCMP_CMP_EQ, OWN_PID);                /* raise() and abort(), on itself alone */
    allow_if(f, "tgkill", 0, SCMP_CMP_EQ, OWN_PID);
    allow_if(f, "prlimit64", 0, SCMP_CMP_EQ, 0);
    allow_if(f, "prlimit64", 0, SCMP_CMP_EQ, OWN_PID);
    allow_if(f, "ioctl", 1, SCMP_CMP_EQ, TCGETS);                /* isatty() */
    refuse(f, "personality", EPERM);                                   /* what libraries try, and can do without */
    allow_if(f, "prctl", 0, SCMP_CMP_EQ, PR_SET_NAME);
    struct scmp_arg_cmp more[] = { { 0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0 }, { 1, SCMP_CMP_EQ, SECCOMP_MODE_FILTER, 0 } };
    seccomp_rule_add_array(f, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name("prctl"), 2, more);   /* worker.c's own */
    if (shut->may & MAY_PROCESSES) allow_children(f);
    else if (shut->may) allow_if(f, "clone", 0, SCMP_CMP_MASKED_EQ, a_thread);
    if (shut->may) refuse(f, "clone3", ENOSYS);                        /* its flags lie in memory; clone's do not */
    return true;
}

/* A filter is made once for each profile, by libseccomp, and kept as the kernel wants it. */
typedef struct Filter { struct sock_filter *code; unsigned short n; } Filter;

static Filter read_filter(int fd)
{
    Filter out = { 0 };
    off_t  size = lseek(fd, 0, SEEK_END);
    if (size <= 0 || !(out.code = malloc((size_t)size))) return out;
    if (pread(fd, out.code, (size_t)size, 0) == size) out.n = (unsigned short)((size_t)size / sizeof *out.code);
    return out;
}

static bool gentle(const Shut *s)
{
    bool any = s->profile == PROFILE_COMPILER;
    for (int i = 0; i < PERMITS; i++) any |= s->may & permits[i].bit && permits[i].gentle;
    return any;
}

static Filter filter(const Shut *s)
{
    static Filter made[PROFILE_COUNT][MAY_ALL][2];
    Filter *kept = &made[s->profile][s->may][s->name_calls];
    if (kept->n) return *kept;
    uint32_t otherwise = gentle(s)       ? SCMP_ACT_ERRNO(EPERM)
                         : s->name_calls ? SCMP_ACT_TRAP
                                         : SCMP_ACT_KILL_PROCESS;
    scmp_filter_ctx f = seccomp_init(otherwise);
    int fd = memfd_create("filter", MFD_CLOEXEC);
    if (f && fd >= 0 && rules(f, s) && !seccomp_export_bpf(f, fd)) *kept = read_filter(fd);
    if (f) seccomp_release(f);
    if (fd >= 0) close(fd);
    return *kept;
}

static bool enter_seccomp(const Shut *s, const void *ticket)
{
    Filter f = filter(s);
    struct sock_filter code[f.n + 1];
    if (!f.n) return false;
    for (int i = 0; i < f.n; i++) {
        code[i] = f.code[i];
        if (code[i].code != (BPF_JMP | BPF_JEQ | BPF_K)) continue;
        if (code[i].k == OWN_PID) code[i].k = (uint32_t)getpid();
        if (code[i].k == TICKET_HIGH) code[i].k = (uint32_t)((uint64_t)(uintptr_t)ticket >> 32);
        if (code[i].k == TICKET_LOW) code[i].k = (uint32_t)(uintptr_t)ticket;
    }
    return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ f.n, code });
}

/* ---- Landlock: which files --------------------------------------------------------------------------------------- */

enum { READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR, RUN = READ | LANDLOCK_ACCESS_FS_EXECUTE };

/* Libraries, the loader's list of them, and what they look at to count processors. Nothing of any user's. */
static const struct { const char *path; uint64_t access; } of_system[] = {
    { "/usr", RUN }, { "/lib", RUN }, { "/lib64", RUN }, { "/bin", RUN }, { "/etc/ld.so.cache", READ },
    { "/etc/alternatives", RUN }, { "/etc/localtime", READ }, { "/sys/devices/system/cpu", READ },
    { "/proc/cpuinfo", READ }, { "/proc/meminfo", READ }, { "/dev/zero", READ },
    { "/dev/random", READ }, { "/dev/urandom", READ }, { "/dev/null", READ | LANDLOCK_ACCESS_FS_WRITE_FILE },
};

enum { REFER = 1 << 13, TRUNCATE = 1 << 14, IOCTL_DEV = 1 << 15 };          /* of ABI 2, 3 and 5 */

/* A flat folder of ordinary files, which launch.c can watch and clear away. Compilers may do there as they like. */
enum { FLAT = READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |
              TRUNCATE };
enum { TREE = FLAT | RUN | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |
              LANDLOCK_ACCESS_FS_MAKE_FIFO | REFER };     /* of scripts */
static const uint64_t at_home[PROFILE_COUNT] = { [PROFILE_WORKER] = FLAT, [PROFILE_SANITIZER] = FLAT,
                                                 [PROFILE_TOOL] = FLAT | RUN,
                                                 [PROFILE_COMPILER] = ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE };

static long landlock_version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static uint64_t known_accesses(void)
{
    static const int bits[] = { 0, 13, 14, 15, 15, 16 };   /* of ABI 1, 2, ...: new kinds of access, one a bit */
    long abi = landlock_version();
    if (abi < 1) return 0;
    return ((uint64_t)1 << bits[abi < 5 ? abi : 5]) - 1;
}

/* From its sixth version on Landlock keeps signals and abstract sockets to those that it shuts in together. */
static bool signals_stay_inside(void) { return landlock_version() >= 6; }

/* What this system's header may be too old to know. */
typedef struct Ruleset { uint64_t fs, net, scoped; } Ruleset;
enum { SCOPE_SOCKETS_AND_SIGNALS = 3 };

static void grant_fd(int rules, int fd, uint64_t access)
{
    const uint64_t of_files = READ | RUN | LANDLOCK_ACCESS_FS_WRITE_FILE | (uint64_t)1 << 14 | (uint64_t)1 << 15;
    struct stat s;
    if (fd < 0 || fstat(fd, &s)) return;
    if (!S_ISDIR(s.st_mode)) access &= of_files & ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
    struct landlock_path_beneath_attr rule = { .allowed_access = access & known_accesses(), .parent_fd = fd };
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void grant(int rules, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    grant_fd(rules, fd, access);
    if (fd >= 0) close(fd);
}

/* A name, or a folder, beside the system's programs. What starts a program starts the loader of libraries too. */
static void grant_programs(int rules, const char *const *names)
{
    static const char *const places[] = { "/usr/bin", "/bin" };
    static const char *const loaders[] = { "/lib64/ld-linux*", "/lib/ld-linux*" };
    char path[300];
    for (; *names; names++)
        for (int i = 0; i < 2; i++) {
            snprintf(path, sizeof path, "%s/%s", places[i], *names);
            grant(rules, path, RUN);
        }
    for (int i = 0; i < 2; i++) {
        glob_t g;
        if (glob(loaders[i], 0, NULL, &g)) continue;
        for (size_t k = 0; k < g.gl_pathc; k++) grant(rules, g.gl_pathv[k], RUN);
        globfree(&g);
    }
}

static void grant_permits(int rules, unsigned may)
{
    for (int i = 0; i < PERMITS; i++) {
        const struct Permit *p = &permits[i];
        if (!(may & p->bit)) continue;
        for (const char *const *f = p->files; f && *f; f++)
            grant(rules, *f, strncmp(*f, "/dev/", 5) ? READ : READ | LANDLOCK_ACCESS_FS_WRITE_FILE | IOCTL_DEV);
        if (p->programs) grant_programs(rules, p->programs);
    }
}

/* Of what a compiler reads: one of our own that it may start. */
static bool is_program(const char *path)
{
    struct stat s;
    return !stat(path, &s) && S_ISREG(s.st_mode) && s.st_mode & 0111;
}

static bool enter_landlock(const Shut *s)
{
    const bool     listed = s->may & MAY_PROCESSES;        /* only what is listed is started */
    const uint64_t all = known_accesses(), unlisted = listed ? ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE : all;
    const uint64_t home = at_home[s->profile] | (listed ? TREE : 0);
    Ruleset attr = { .fs = all, .scoped = signals_stay_inside() ? SCOPE_SOCKETS_AND_SIGNALS : 0 };
    size_t  size = attr.scoped ? sizeof attr : sizeof attr.fs;
    int rules = all ? (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0) : -1;
    if (rules < 0) return false;
    for (size_t i = 0; i < sizeof of_system / sizeof *of_system; i++)
        grant(rules, of_system[i].path, of_system[i].access & unlisted);
    grant_permits(rules, s->may);
    for (const char *const *p = s->readable; p && *p; p++)
        grant(rules, *p, s->profile == PROFILE_WORKER ? RUN & unlisted : is_program(*p) ? RUN : READ);
    if (s->profile != PROFILE_COMPILER) grant(rules, "/proc/self", READ);   /* a compiler's environment is there */
    if (s->home) grant(rules, s->home, home);
    grant_fd(rules, s->program, RUN);
    grant_fd(rules, s->preload, RUN);
    bool ok = !syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
    return ok;
}

static bool enter(const Shut *s, const void *ticket)
{
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && enter_landlock(s) && enter_seccomp(s, ticket);
}

bool sandbox_enter(const Shut *s) { return enter(s, NULL); }

/* ---- What this machine can --------------------------------------------------------------------------------------- */

/* Does it hold? A child that has entered must fail to read a file of ours, and die of asking for a socket. */
static bool level_1_holds(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (!sandbox_enter(&(Shut){ .profile = PROFILE_WORKER, .program = -1, .preload = -1 })) _exit(1);
        if (open("/etc/passwd", O_RDONLY) >= 0 || open("/tmp/x", O_WRONLY | O_CREAT, 0600) >= 0) _exit(2);
        socket(AF_INET, SOCK_STREAM, 0);
        _exit(3);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

#else

static bool enter(const Shut *s, const void *ticket) { return (void)s, (void)ticket, false; }
bool sandbox_enter(const Shut *s) { return enter(s, NULL); }
static bool level_1_holds(void) { return false; }

#endif

/* ---- The program ------------------------------------------------------------------------------------------------- */

/* Two lists of words, the second closed by one more, where no program can guess. */
static const char **hide(const char *const *a, const char *const *b, const char *more)
{
    uintptr_t at = 0;
    (void)!getrandom(&at, sizeof at, 0);
    at = (at >> 8) % ((uintptr_t)1 << (sizeof at > 4 ? 46 : 30));
    char **out = mmap((void *)(at & ~(uintptr_t)0xffff), 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    size_t n = 0, most = (1 << 16) / sizeof *out - 2;
    if (out == MAP_FAILED) return NULL;
    for (; *a && n < most; a++) out[n++] = (char *)*a;
    for (n++; *b && n < most; b++) out[n++] = (char *)*b;
    out[n] = (char *)more;
    return (const char **)out;
}

static int open_or_none(int fd) { return fcntl(fd, F_GETFD) >= 0 ? fd : -1; }

static bool starts_tool(const char *const *argv)
{
    while (*argv && strcmp(*argv, LAUNCH_PROGRAM)) argv++;
    return *argv;
}

/* The kernel counts all processes and threads of a user. */
static rlim_t tasks_of_user(void)
{
    rlim_t n = 0;
    DIR *d = opendir("/proc");
    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat of, tasks;
        char path[300];
        snprintf(path, sizeof path, "%.250s/task", e->d_name);
        if (e->d_name[0] < '1' || e->d_name[0] > '9' || fstatat(dirfd(d), e->d_name, &of, 0)) continue;
        if (of.st_uid == getuid() && !fstatat(dirfd(d), path, &tasks, 0)) n += (rlim_t)tasks.st_nlink - 2;
    }
    if (d) closedir(d);
    return n;
}

/* After the change of user, and here: exec would count. */
static void limit_tasks(unsigned may)
{
    rlim_t most = (rlim_t)sandbox_tasks(may) - 1;
    if (most) most += tasks_of_user();
    setrlimit(RLIMIT_NPROC, &(struct rlimit){ most, most });
}

void sandbox_become(const Shut *given, bool shut, const char *const *argv, const char *const *env)
{
    Shut s = *given;
    s.home = ".", s.preload = open_or_none(PRELOAD_FD);
    s.program = starts_tool(argv) ? open(argv[0], O_RDONLY | O_CLOEXEC) : open_or_none(PROGRAM_FD);
    const char **words = hide(argv, env, s.preload >= 0 ? "LD_PRELOAD=/proc/self/fd/6" : NULL), **after = words;
    fcntl(EXCUSE_FD, F_SETFD, FD_CLOEXEC);
    fcntl(s.program, F_SETFD, FD_CLOEXEC);
    limit_tasks(s.may);
    if (words && (!shut || enter(&s, words))) {
        while (*after++) continue;
        syscall(SYS_execveat, s.program, "", words, after, AT_EMPTY_PATH);
        if (!shut) fexecve(s.program, (char **)words, (char **)after);  /* kernels before 3.19 */
    }
    (void)!write(EXCUSE_FD, "x", 1);
    _exit(1);
}

/* Namespaces may be switched off, in containers above all. */
static bool bubblewrap_runs(void)
{
    const char *argv[64];
    int n = sandbox_bwrap(argv, 60, "/tmp", 0, NULL), status = 1;
    if (!n) return false;
    argv[n] = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0), dup2(null, 1), dup2(null, 2);
        execv(argv[0], (char **)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Each level by itself, when it is asked for: to try bubblewrap takes ten times as long as to try the rest. */
bool sandbox_has(Level level)
{
    static bool (*const tries[LEVEL_COUNT])(void) = { [LEVEL_1] = level_1_holds, [LEVEL_2] = bubblewrap_runs };
    static int  known[LEVEL_COUNT];     /* 1: no, 2: yes */
    if (level == LEVEL_0) return true;
    if (!known[level]) known[level] = sandbox_has((Level)(level - 1)) && tries[level]() ? 2 : 1;
    return known[level] == 2;
}

const char *sandbox_words(Level level)
{
    static const char *const words[] = { "L0, a process with limits", "L1, Landlock and seccomp",
                                         "L2, bubblewrap and L1" };
    return words[level];
}

/* ---- Bubblewrap -------------------------------------------------------------------------------------------------- */

static const char *bwrap_path(void)
{
    static const char *const places[] = { "/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap" };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!access(places[i], X_OK)) return places[i];
    return NULL;
}

static void add(const char **argv, int most, int *n, const char *const *words)
{
    for (; *words; words++)
        if (*n < most) argv[(*n)++] = *words;
}
#define ADD(...) add(argv, most, &n, (const char *[]){ __VA_ARGS__, NULL })

int sandbox_bwrap(const char **argv, int most, const char *home, unsigned may, const char *confine)
{
    static const char *const roots[] = { "/lib", "/lib64", "/bin" };
    static char target[3][64];
    int n = 0;
    if (!bwrap_path()) return 0;
    ADD(bwrap_path(), "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--ro-bind", "/usr", "/usr");
    for (int i = 0; i < 3; i++) {               /* links into /usr on a merged system, else folders of their own */
        ssize_t k = readlink(roots[i], target[i], sizeof target[i] - 1);
        if (k > 0) ADD("--symlink", target[i], roots[i]);
        else if (!access(roots[i], F_OK)) ADD("--ro-bind", roots[i], roots[i]);
    }
    ADD("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind-try", "/etc/alternatives",
        "/etc/alternatives", "--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu", "--proc", "/proc",
        "--dev", "/dev", "--bind", home, "/home", "--chdir", "/home");
    for (int i = 0; i < PERMITS; i++)
        for (const char *const *f = may & permits[i].bit ? permits[i].files : NULL; f && *f; f++)
            if (!strncmp(*f, "/dev/", 5)) ADD("--dev-bind-try", *f, *f);
    if (!confine) ADD("/bin/true");
    else ADD("--perms", "0555", "--ro-bind-data", confine, "/confine", "/confine");
    return n;
}
