/* worker.c -- runs one probe with the code it is linked to, and sends what it emits.
 *
 *   worker                        the probes, a line each: its line in the test file, suite.name
 *   worker SUITE.NAME TRIALS      the seed comes on fd 3, records go to fd 4; SUITE alone or * runs all of them
 *
 * By hand or under gdb, without the WORKER=1 that launch.c sets, the seed is SEED of the environment, and the values
 * are printed. Under callgrind the seed is SEED too, and fd 4 leads nowhere. */
#define _GNU_SOURCE
#include <execinfo.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "clock.h"
#include "probe_internal.h"
#include "record.h"

extern const Probe *const __start_probes[], *const __stop_probes[];
extern const char __executable_start[];

enum { SEED_FD = 3, RECORD_FD = 4, BROKEN = 70, MAX_FRAMES = 16, SHOWN = 16, STACK_MOST = 16 << 20 };

static int    terms;
static double scale;
static bool   by_hand;
static const char *stack_top;

/* ---- Sending -------------------------------------------------------------------------------------------------- */

static void send_record(Record r, const char *name, const void *data)
{
    r.tag = RECORD_TAG;
    snprintf(r.name, sizeof r.name, "%s", name);
    struct iovec part[2] = { { &r, sizeof r }, { (void *)data, r.bytes } };
    for (int i = 0; i < 2;) {
        ssize_t k = writev(RECORD_FD, part + i, 2 - i);
        if (k <= 0) _exit(BROKEN);
        for (; i < 2 && (size_t)k >= part[i].iov_len; i++) k -= (ssize_t)part[i].iov_len;
        if (i < 2) part[i].iov_base = (char *)part[i].iov_base + k, part[i].iov_len -= (size_t)k;
    }
}

static void send_text(int kind, int line, const char *text)
{
    size_t n = strlen(text);
    if (by_hand) { fprintf(stderr, "%s\n", text); return; }
    send_record((Record){ .kind = (uint8_t)kind, .line = line, .bytes = (uint32_t)(n < 512 ? n : 512) }, "", text);
}

static double value_at(int dtype, const void *p, size_t i)
{
    return dtype == PROBE_F64   ? ((const double *)p)[i]
           : dtype == PROBE_I32 ? ((const int *)p)[i]
                                : (double)((const float *)p)[i];
}

static void print_values(const char *name, int dtype, const void *p, size_t n)
{
    printf("  %-8s", name);
    for (size_t i = 0; i < n; i++) printf(" %.7g", value_at(dtype, p, i));
    printf("\n");
}

void probe_terms(int K)         { terms = K; }
void probe_scale(double size)   { scale = size; }

void emit_values(int mode, const char *name, int dtype, const void *p, const int *shape)
{
    Record r = { .kind = RECORD_VALUES, .mode = (uint8_t)mode, .dtype = (uint8_t)dtype, .scale = scale };
    size_t n = 1;
    for (; shape[r.ndim] >= 0; r.ndim++) {
        if (r.ndim == RECORD_DIMS) fprintf(stderr, "emit: more than %d dimensions\n", RECORD_DIMS), abort();
        n *= (size_t)(r.shape[r.ndim] = shape[r.ndim]);
    }
    r.terms = terms ? terms : r.ndim ? r.shape[r.ndim - 1] : 1;
    r.bytes = (uint32_t)(n * record_value_size(dtype));
    if (by_hand) print_values(name, dtype, p, n);
    else send_record(r, name, p);
}

const double *judge_values(const char *name, int *n) { return (void)name, *n = 0, NULL; }   /* the judge's alone */

static void show_inputs(void)
{
    int count;
    const ProbeBuffer *b = probe_buffers(&count);
    for (int i = 0; i < count; i++) {
        if (!b[i].frozen || b[i].n > SHOWN) continue;
        Record r = { .kind = RECORD_INPUT,
                     .dtype = (uint8_t)b[i].dtype,
                     .ndim = 1,
                     .line = i + 1,
                     .shape = { (int)b[i].n },
                     .bytes = (uint32_t)(b[i].n * b[i].size) };
        char name[24];
        snprintf(name, sizeof name, "array %d", i + 1);
        if (by_hand) print_values(name, b[i].dtype, b[i].frozen, b[i].n);
        else send_record(r, name, b[i].frozen);
    }
}

/* What the emulator of a GPU finds and counts (device.cu). */
void worker_found(const char *kind, const char *sentence);
void worker_found(const char *kind, const char *sentence)
{
    size_t n = strlen(sentence);
    if (by_hand) fprintf(stderr, "%s [%s]\n", sentence, kind);
    else send_record((Record){ .kind = RECORD_FOUND, .bytes = (uint32_t)(n < 512 ? n : 512) }, kind, sentence);
}

void worker_count(const char *counter, double value);
void worker_count(const char *counter, double value)
{
    if (by_hand) printf("  %s %.6g\n", counter, value);
    else send_record((Record){ .kind = RECORD_COUNT, .scale = value, .bytes = (uint32_t)strlen(counter) }, "", counter);
}

/* ---- What ends a probe early ---------------------------------------------------------------------------------- */

void todo_reached(const char *file, int line, const char *what);
void todo_reached(const char *file, int line, const char *what)
{
    if (by_hand) fprintf(stderr, "%s:%d: not written yet: ", file, line);
    send_text(RECORD_TODO, line, what);
    _exit(0);
}

/* link.sh makes a stub that calls this for each function of the header that the object lacks. */
void missing_function(const char *name);
void missing_function(const char *name)
{
    send_text(RECORD_MISSING, 0, name);
    _exit(0);
}

void expect_at(bool ok, const char *file, int line, const char *format, ...)
{
    (void)file, (void)line, (void)format;
    if (!ok) abort();
}

/* What can be said of the address that could not be touched. */
static const char *about(const char *address)
{
    static char text[120];
    if (probe_touched(address)) return probe_touched(address);
    if (address < (const char *)4096)
        snprintf(text, sizeof text, "a NULL pointer was followed (address %d)", (int)(intptr_t)address);
    else if (address < stack_top && stack_top - address < STACK_MOST)
        snprintf(text, sizeof text, "the stack ran over: a recursion without end, or a very large array in a function");
    else return NULL;
    return text;
}

/* A second run says which call it was that ended the first (launch.h, `name_calls`). */
static const char *asked_for(int call)
{
    static char text[80];
    static const struct { int call; const char *words; } known[] = {
        { SYS_clone, "another process or thread (clone)" }, { SYS_clone3, "another process or thread (clone3)" },
#ifdef SYS_fork
        { SYS_fork, "another process (fork)" }, { SYS_vfork, "another process (vfork)" },
#endif
        { SYS_execve, "another program (execve)" }, { SYS_execveat, "another program (execveat)" },
        { SYS_socket, "a connection (socket)" }, { SYS_kill, "a signal to another process (kill)" },
        { SYS_tgkill, "a signal to another process (tgkill)" }, { SYS_tkill, "a signal to a thread (tkill)" },
        { SYS_ptrace, "control over another process (ptrace)" },
        { SYS_memfd_create, "a file in memory (memfd_create)" },
        { SYS_process_vm_readv, "another process's memory (process_vm_readv)" },
        { SYS_process_vm_writev, "another process's memory (process_vm_writev)" },
        { SYS_setsid, "a session of its own (setsid)" },
        { SYS_sched_setaffinity, "other processors (sched_setaffinity)" },
        { SYS_prlimit64, "other limits (prlimit)" }, { SYS_prctl, "other rules for processes (prctl)" },
        { SYS_mmap, "memory that can run code, or a library (mmap)" },
        { SYS_mprotect, "memory that can run code (mprotect)" },
        { SYS_ioctl, "a device (ioctl)" }, { SYS_mount, "another file system (mount)" },
        { SYS_unshare, "a namespace (unshare)" }, { SYS_fchmodat, "other rights on a file (chmod)" },
        { SYS_symlinkat, "a link (symlink)" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].call == call) return known[i].words;
    snprintf(text, sizeof text, "something (system call %d)", call);
    return text;
}

static void crashed(int signal, siginfo_t *info, void *context)
{
    void   *frame[MAX_FRAMES];
    int64_t from_start[MAX_FRAMES];
    int     n = backtrace(frame, MAX_FRAMES);
    const char *touched = signal == SIGSEGV  ? about(info->si_addr)
                          : signal == SIGSYS ? asked_for(info->si_syscall)
                                             : NULL;
    (void)context;
    for (int i = 0; i < n; i++) from_start[i] = (int64_t)((const char *)frame[i] - __executable_start);
    if (touched) send_text(RECORD_TOUCHED, 0, touched);
    if (!by_hand)
        send_record((Record){ .kind = RECORD_CRASH, .line = signal, .bytes = (uint32_t)n * 8 }, "", from_start);
    raise(signal);                                      /* SA_RESETHAND: this time it kills */
}

/* On a stack of its own, so that a stack that ran over can still be reported. A sanitizer's handler stays. */
static void watch_signals(void)
{
    static char stack[65536];
    static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGXCPU };
    struct sigaction old, ours = { .sa_sigaction = crashed, .sa_flags = SA_ONSTACK | SA_SIGINFO | (int)SA_RESETHAND };
    void *warm[1];
    backtrace(warm, 1);                                 /* prepares it now: a handler may not */
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        if (!sigaction(fatal[i], NULL, &old) && old.sa_handler == SIG_DFL) sigaction(fatal[i], &ours, NULL);
}

/* The linker sends the learner's allocations here (--wrap): one that fails is noted, so that the crash that follows can
 * be called by its name. */
static void *noted(void *p, size_t n)
{
    char text[40];
    if (p || !n) return p;
    snprintf(text, sizeof text, "%zu", n);
    send_text(RECORD_MEMORY, 0, text);
    return NULL;
}

void *__real_malloc(size_t) __attribute__((weak));
void *__real_calloc(size_t, size_t) __attribute__((weak));
void *__real_realloc(void *, size_t) __attribute__((weak));
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n)              { return noted(__real_malloc(n), n); }
void *__wrap_calloc(size_t n, size_t size)
{
    return noted(__real_calloc(n, size), n && size > SIZE_MAX / n ? SIZE_MAX : n * size);
}
void *__wrap_realloc(void *p, size_t n)    { return noted(__real_realloc(p, n), n); }

/* The library's complaint about a program that is wrong (common/check.h), likewise: it goes before the crash. No stack:
 * what would name its lines is another program. */
void __wrap_check_failed(const char *file, int line, const char *format, ...) __attribute__((noreturn));
void __wrap_check_failed(const char *file, int line, const char *format, ...)
{
    char    text[512];
    va_list args;
    (void)file, (void)line;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    send_text(RECORD_TOUCHED, 0, text);
    abort();
}

/* ---- No code but what was compiled ------------------------------------------------------------------------------ */

/* From here on no memory can be made to hold instructions: neither is a library loaded, which may know the answers, nor
 * code made up. It comes before all that a learner's file can have run before main (link.sh: first of all objects).
 * NEW_CODE is launch.c's: `no` ends the process, `named` lets it say what it asked for. */
static void no_new_code(int argc, char **argv, char **env)
{
    (void)argc, (void)argv;
    while (*env && strncmp(*env, "NEW_CODE=", 9)) env++;
    if (!*env) return;
    enum { NUMBER = offsetof(struct seccomp_data, nr), WAYS = offsetof(struct seccomp_data, args[2]) };
    const uint32_t end = strcmp(*env, "NEW_CODE=named") ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_TRAP;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pkey_mprotect, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, WAYS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, end),
    };
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ sizeof code / sizeof *code, code });
}
__attribute__((section(".preinit_array"), used)) static void (*const before_all)(int, char **, char **) = no_new_code;

/* ---- Running -------------------------------------------------------------------------------------------------- */

static int by_line(const void *a, const void *b)
{
    return (*(const Probe *const *)a)->line - (*(const Probe *const *)b)->line;
}

static bool chosen(const Probe *p, const char *which)
{
    size_t n = strlen(p->suite);
    if (!strcmp(which, "*") || !strcmp(which, p->suite)) return true;
    return !strncmp(which, p->suite, n) && which[n] == '.' && !strcmp(which + n + 1, p->name);
}

static double seconds(void)
{
    static double start;
    double t = now();
    if (start == 0) start = t;
    return t - start;
}

static void run_trial(const Probe *p, uint64_t seed, int trial)
{
    probe_start(seed, p->name, trial);
    terms = 0, scale = 0;
    if (by_hand) printf("%s.%s, trial %d\n", p->suite, p->name, trial);
    else send_record((Record){ .kind = RECORD_TRIAL, .line = trial, .scale = seconds() }, p->name, NULL);
    p->run();
    const char *damage = device_end ? device_end() : NULL;
    if (!damage) damage = probe_damage();
    if (damage) send_text(RECORD_CHANGED, 0, damage);
    show_inputs();
}

static bool start_seed(uint64_t *seed)
{
    const char *given = getenv("SEED");
    by_hand = !getenv("WORKER");
    *seed = given ? strtoull(given, NULL, 0) : 1;
    if (by_hand || given) return true;
    bool ok = read(SEED_FD, seed, sizeof *seed) == sizeof *seed;
    close(SEED_FD);
    return ok;
}

int main(int argc, char **argv)
{
    size_t       n = (size_t)(__stop_probes - __start_probes), found = 0;
    const Probe *probe[n + 1];
    uint64_t     seed;
    for (size_t i = 0; i < n; i++) probe[i] = __start_probes[i];
    qsort(probe, n, sizeof *probe, by_line);            /* the section's order is the compiler's */
    if (argc != 3) {
        for (size_t i = 0; i < n; i++) printf("%d %s.%s\n", probe[i]->line, probe[i]->suite, probe[i]->name);
        return argc != 1;
    }
    stack_top = (const char *)&seed;
    if (!start_seed(&seed)) return BROKEN;
    watch_signals();
    for (size_t i = 0; i < n; i++)
        for (int t = 0; chosen(probe[i], argv[1]) && t < atoi(argv[2]); t++, found++) run_trial(probe[i], seed, t);
    if (found == 0) return fprintf(stderr, "no probe %s\n", argv[1]), BROKEN;
    if (!by_hand) send_record((Record){ .kind = RECORD_END }, "", NULL);
    return 0;
}
