/* program.c -- what every program has: flags, a progress line, a promise, a clean end. */
#define _GNU_SOURCE /* argp, asprintf */
#include "program.h"
#include "check.h"
#include "data.h"
#include "file.h"
#include "tools.h"
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* A program with what its header does not show. Program comes first: a pointer to one is a pointer to the other. */
typedef struct Running {
    Program     p;
    const Flag *flag;
    int         flags;
    char      **given;                  /* by flag: the text on the command line, or NULL */
    char      **help;                   /* by option: argp keeps pointers */
    char       *out;
    double      started;
    ToolsArg    asked;
    Tools      *tools;
    time_t      started_at;             /* by the clock that files are stamped with */
    int         broken;                 /* promises */
    bool        terminal, line;         /* stderr is one; a progress line stands on it */
    double      phase, shown;           /* when this count began, when it was last shown */
    int64_t     phase_done, done, of;
} Running;

static Running *running;                /* one a process: what SIGINT stops */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Flags ---- */

enum { KEY_SEED = 1000, KEY_DEVICE, KEY_THREADS, KEY_OUT, KEY_QUICK, KEY_FULL, KEY_SAVE, KEY_RESUME, KEY_PROFILE,
       KEY_TRACE, KEY_NAN_TRAP, KEY_MEMORY, KEY_SUMMARY, KEY_GRAPH, KEY_OWN = 2000 };

static const struct argp_option STANDARD[] = {
    { .name = "seed", .key = KEY_SEED, .arg = "N", .doc = "where the random numbers start (default 1)", .group = 2 },
    { .name = "device", .key = KEY_DEVICE, .arg = "cpu|cuda", .doc = "where to compute (default cpu)", .group = 2 },
    { .name = "threads", .key = KEY_THREADS, .arg = "N", .doc = "threads to use (default 0: all)", .group = 2 },
    { .name = "out", .key = KEY_OUT, .arg = "DIR", .doc = "folder for plots (default build/out/NAME)", .group = 2 },
    { .name = "quick", .key = KEY_QUICK, .doc = "seconds, with a smaller promise", .group = 2 },
    { .name = "full", .key = KEY_FULL, .doc = "the published size", .group = 2 },
    { .name = "save", .key = KEY_SAVE, .arg = "FILE", .doc = "write what was learned", .group = 2 },
    { .name = "resume", .key = KEY_RESUME, .arg = "FILE", .doc = "go on from what was saved", .group = 2 },
    { .name = "profile", .key = KEY_PROFILE, .doc = "where the time went, by operation", .group = 3 },
    { .name = "trace", .key = KEY_TRACE, .arg = "FILE", .doc = "every operation, for ui.perfetto.dev", .group = 3 },
    { .name = "nan-trap", .key = KEY_NAN_TRAP, .doc = "stop at the first NaN or infinity, and say where", .group = 3 },
    { .name = "memory", .key = KEY_MEMORY, .doc = "who held the memory at its peak", .group = 3 },
    { .name = "summary", .key = KEY_SUMMARY, .doc = "a step's operations, shapes, parameters, FLOPs", .group = 3 },
    { .name = "graph", .key = KEY_GRAPH, .arg = "FILE", .doc = "a step as a picture, in SVG", .group = 3 },
};
enum { STANDARDS = sizeof STANDARD / sizeof *STANDARD };

/* NULL, or what was expected. */
static const char *flag_set(const Flag *f, void *options, const char *text)
{
    char *at = (char *)options + f->offset, *end;
    errno = 0;
    if (f->kind == FLAG_TEXT) {
        *(const char **)at = text;
        return NULL;
    }
    if (f->kind == FLAG_BOOL) {
        *(bool *)at = !strcmp(text, "yes");
        return !strcmp(text, "yes") || !strcmp(text, "no") ? NULL : "yes or no";
    }
    if (f->kind == FLAG_INT) {
        long n = strtol(text, &end, 10);
        *(int *)at = (int)n;
        return *text && !*end && !errno && n >= INT_MIN && n <= INT_MAX ? NULL : "a whole number";
    }
    *(double *)at = strtod(text, &end);
    return *text && !*end && isfinite(*(double *)at) ? NULL : "a number";
}

static const char *flag_default(const Running *r, const Flag *f)
{
    if (r->p.quick && f->quick) return f->quick;
    if (r->p.full && f->full) return f->full;
    return f->standard;
}

static void set_flags(Running *r, void *options, const struct argp_state *state)
{
    if (r->p.quick && r->p.full) argp_error(state, "--quick and --full exclude each other");
    for (int i = 0; i < r->flags; i++) {
        const Flag *f = &r->flag[i];
        if (r->given[i]) {
            const char *expected = flag_set(f, options, r->given[i]);
            if (expected) argp_error(state, "--%s=%s: %s is expected", f->name, r->given[i], expected);
        } else {
            const char *text = flag_default(r, f), *expected = flag_set(f, options, text);
            CHECK(!expected, "the default of --%s is %s: %s is expected", f->name, text, expected);
        }
    }
}

static int whole_number(const char *text, uint64_t limit, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *value <= limit;
}

static Device device_of(const char *text, const struct argp_state *state)
{
    bool cuda = !strcmp(text, "cuda");
    if (!cuda && strcmp(text, "cpu")) argp_error(state, "--device=%s: cpu or cuda is expected", text);
    return cuda ? DEV_CUDA : DEV_CPU;
}

typedef struct Parsing { Running *r; void *options; } Parsing;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    Running *r = ((Parsing *)state->input)->r;
    Program *p = &r->p;
    uint64_t n;
    switch (key) {
    case KEY_SEED:
        if (!whole_number(arg, UINT64_MAX, &p->seed)) argp_error(state, "--seed=%s: a whole number is expected", arg);
        return 0;
    case KEY_THREADS:
        if (!whole_number(arg, 4096, &n)) argp_error(state, "--threads=%s: a number from 0 to 4096 is expected", arg);
        p->threads = (int)n;
        return 0;
    case KEY_DEVICE: p->device = device_of(arg ? arg : "", state); return 0;
    case KEY_OUT: p->out = arg; return 0;
    case KEY_QUICK: p->quick = true; return 0;
    case KEY_FULL: p->full = true; return 0;
    case KEY_SAVE: p->save = arg; return 0;
    case KEY_RESUME: p->resume = arg; return 0;
    case KEY_PROFILE: r->asked.profile = true; return 0;
    case KEY_TRACE: r->asked.trace = arg; return 0;
    case KEY_NAN_TRAP: r->asked.nan_trap = true; return 0;
    case KEY_MEMORY: r->asked.memory = true; return 0;
    case KEY_SUMMARY: r->asked.summary = true; return 0;
    case KEY_GRAPH: r->asked.graph = arg; return 0;
    case ARGP_KEY_ARG: argp_error(state, "%s: a flag is expected here", arg); return 0;
    case ARGP_KEY_END: set_flags(r, ((Parsing *)state->input)->options, state); return 0;
    }
    if (key < KEY_OWN || key >= KEY_OWN + r->flags) return ARGP_ERR_UNKNOWN;
    r->given[key - KEY_OWN] = arg ? arg : (char *)"yes";
    return 0;
}

static char *help_text(const Flag *f)
{
    char *text = NULL, *quick = NULL, *full = NULL;
    if (f->quick && asprintf(&quick, ", --quick %s", f->quick) < 0) quick = NULL;
    if (f->full && asprintf(&full, ", --full %s", f->full) < 0) full = NULL;
    if (asprintf(&text, "%s (default %s%s%s)", f->help, f->standard, quick ? quick : "", full ? full : "") < 0)
        text = NULL;
    free(quick);
    free(full);
    return text;
}

static struct argp_option *all_options(Running *r)
{
    static const char *const ARG[] = {
        [FLAG_INT] = "N", [FLAG_FLOAT] = "X", [FLAG_TEXT] = "TEXT", [FLAG_BOOL] = "yes|no"
    };
    struct argp_option *all = calloc((size_t)(r->flags + STANDARDS + 1), sizeof *all);
    CHECK(all, "out of memory");
    for (int i = 0; i < r->flags; i++) {
        const Flag *f = &r->flag[i];
        r->help[i] = help_text(f);
        all[i] = (struct argp_option){ .name = f->name, .key = KEY_OWN + i, .arg = ARG[f->kind], .doc = r->help[i],
                                       .flags = f->kind == FLAG_BOOL ? OPTION_ARG_OPTIONAL : 0, .group = 1 };
    }
    memcpy(all + r->flags, STANDARD, sizeof STANDARD);
    return all;
}

static void parse_all(Running *r, int argc, char **argv, const char *what, void *options)
{
    struct argp_option *all = all_options(r);
    struct argp argp = { .options = all, .parser = parse, .doc = what };
    char **named = calloc((size_t)argc + 1, sizeof *named);
    CHECK(named, "out of memory");
    for (int i = 1; i < argc; i++) named[i] = argv[i];
    named[0] = (char *)r->p.name;       /* messages begin with the program's name, not with its path */
    argp_err_exit_status = 2;
    argp_parse(&argp, argc > 0 ? argc : 1, named, 0, NULL, &(Parsing){ r, options });
    free(named);
    free(all);
}

/* ---- Start ---- */

static void on_interrupt(int signal)
{
    static const char SAID[] = "\nstopping; Ctrl-C again ends at once\n";
    (void)signal;                       /* SA_RESETHAND: the second one kills */
    running->p.stopped = true;
    if (isatty(STDERR_FILENO) && write(STDERR_FILENO, SAID, sizeof SAID - 1) < 0) return;
}

static void use_threads(Program *p)
{
#ifdef _OPENMP
    if (p->threads > 0) omp_set_num_threads(p->threads);
    p->threads = omp_get_max_threads();
#else
    p->threads = 1;
#endif
}

static void say_start(const Running *r, const void *options)
{
    const Program *p = &r->p;
    printf("%s: seed %llu, %s, %d thread%s", p->name, (unsigned long long)p->seed,
           p->device == DEV_CPU ? "cpu" : "cuda", p->threads, p->threads == 1 ? "" : "s");
    if (p->quick || p->full) printf(", %s", p->quick ? "quick" : "full");
    for (int i = 0; i < r->flags; i++) {
        const Flag *f = &r->flag[i];
        const char *at = (const char *)options + f->offset;
        printf(", %s ", f->name);
        if (f->kind == FLAG_INT) printf("%d", *(const int *)at);
        if (f->kind == FLAG_FLOAT) printf("%g", *(const double *)at);
        if (f->kind == FLAG_TEXT) printf("%s", *(const char *const *)at);
        if (f->kind == FLAG_BOOL) printf("%s", *(const bool *)at ? "yes" : "no");
    }
    printf("\n");
    fflush(stdout);
}

Program *program_start(int argc, char **argv, const char *name, const char *what, const Flag *flags, void *options)
{
    Running *r = calloc(1, sizeof *r);
    CHECK(r, "out of memory");
    CHECK(!running, "%s: a program starts once", name);
    running = r;
    r->p = (Program){ .name = name, .seed = 1 };
    r->flag = flags;
    while (flags && flags[r->flags].name) r->flags++;
    r->given = calloc((size_t)r->flags + 1, sizeof *r->given);
    r->help = calloc((size_t)r->flags + 1, sizeof *r->help);
    CHECK(r->given && r->help, "out of memory");
    r->terminal = isatty(STDERR_FILENO);
    r->started = now();
    r->started_at = time(NULL);
    parse_all(r, argc, argv, what, options);
    if (!r->p.out && asprintf(&r->out, "%s/build/out/%s", data_root(), name) >= 0) r->p.out = r->out;
    CHECK(r->p.out, "out of memory");
    program_try(&r->p, r->p.device == DEV_CUDA ? "this build has no CUDA: --device cpu computes without it" : NULL);
    program_try(&r->p, file_make_folder(r->p.out));
    program_try(&r->p, tools_new(&r->tools, r->asked));
    use_threads(&r->p);
    sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_interrupt, .sa_flags = SA_RESTART | SA_RESETHAND }, NULL);
    say_start(r, options);
    return &r->p;
}

void program_tape(Program *p, Tape *t) { tools_watch(((Running *)p)->tools, t); }

/* ---- While it runs ---- */

static bool dumb(void)
{
    const char *term = getenv("TERM");
    return !term || !strcmp(term, "dumb");
}

static void wipe_line(Running *r)
{
    if (r->line) fputs("\r\033[K", stderr);
    r->line = false;
}

static void write_time(char *text, size_t size, double seconds)
{
    long s = lround(seconds);
    if (s < 60) snprintf(text, size, "%ld s", s);
    else if (s < 3600) snprintf(text, size, "%ld min %02ld s", s / 60, s % 60);
    else snprintf(text, size, "%ld h %02ld min", s / 3600, s / 60 % 60);
}

static void show_progress(Running *r, double t, const char *unit)
{
    char text[160], left[48] = "";
    struct winsize w = { 0 };
    double rate = t > r->phase ? (double)(r->done - r->phase_done) / (t - r->phase) : 0;
    if (rate > 0) write_time(left, sizeof left, (double)(r->of - r->done) / rate);
    int n = snprintf(text, sizeof text, "%s: %lld of %lld %s", r->p.name, (long long)r->done, (long long)r->of, unit);
    if (rate > 0 && n < (int)sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ", %.*f a second, %s left", rate < 10, rate, left);
    int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col < 20 ? 80 : w.ws_col;
    if (dumb()) {
        fprintf(stderr, "%s\n", text);
    } else {
        fprintf(stderr, "\r\033[K%.*s", width - 1, text);
        r->line = true;
    }
    r->shown = t;
}

/* Ten times a second is as fast as a reader reads; where lines cannot be rewritten, one every five seconds. */
void program_progress(Program *p, int64_t done, int64_t of, const char *unit)
{
    Running *r = (Running *)p;
    if (!r->terminal) return;
    double t = now();
    if (of != r->of || done < r->done || r->phase == 0) {
        r->phase = t;
        r->phase_done = done;
    }
    r->done = done;
    r->of = of;
    if (done >= of) wipe_line(r);
    else if (t - r->shown >= (dumb() ? 5 : 0.1)) show_progress(r, t, unit);
}

void program_say(Program *p, const char *format, ...)
{
    va_list ap;
    if (!format) return;
    wipe_line((Running *)p);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    size_t n = strlen(format);
    if (n == 0 || format[n - 1] != '\n') putchar('\n');
    fflush(stdout);
}

Plot *program_plot(Program *p, const char *name, PlotArg arg) { return plot_new(p->out, name, arg); }

static void write_number(char *text, size_t size, double x, int digits)
{
    double a = fabs(x);
    if (a >= 1e4 && a < 1e9) snprintf(text, size, "%.*f", digits > 6 ? digits - 6 : 0, x);
    else snprintf(text, size, "%.*g", digits, x);
}

/* As many digits as it takes to tell the two apart: "0.975, promised >= 0.975" would not say why it was broken. */
void program_promise(Program *p, const char *what, double got, const char *relation, double bound)
{
    char a[64], b[64];
    bool least = !strcmp(relation, ">=");
    CHECK(least || !strcmp(relation, "<="), "program_promise: relation %s; >= or <= is expected", relation);
    bool kept = least ? got >= bound : got <= bound;    /* NaN keeps nothing */
    int digits = 4;
    do {
        write_number(a, sizeof a, got, digits);
        write_number(b, sizeof b, bound, digits);
    } while (got != bound && !strcmp(a, b) && digits++ < 17);
    program_say(p, "%s %s, promised %s %s%s", what, a, relation, b, kept ? "" : ": NOT KEPT");
    if (!kept) ((Running *)p)->broken++;
}

void program_try(Program *p, const char *wrong)
{
    if (!wrong) return;
    wipe_line((Running *)p);
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", p->name, wrong);
    exit(1);
}

/* ---- End ---- */

/* path as seen from the current folder; as it is where that needs more than three steps up. */
static void write_relative(char *text, size_t size, const char *path)
{
    char here[PATH_MAX], there[PATH_MAX];
    snprintf(text, size, "%s", path);
    if (!getcwd(here, sizeof here) || !realpath(path, there)) return;
    size_t same = 0, ups = 0, n = 0;
    for (size_t i = 0;; i++) {
        bool here_ends = here[i] == '/' || !here[i], there_ends = there[i] == '/' || !there[i];
        if (here_ends && there_ends) same = i;
        if (here[i] != there[i] || !here[i]) break;
    }
    for (const char *p = here + same; *p; p++) ups += *p == '/' && p[1];
    if (ups > 3) return;
    for (size_t i = 0; i < ups && n < size; i++) n += (size_t)snprintf(text + n, size - n, "../");
    if (n < size) snprintf(text + n, size - n, "%s", there + same + (there[same] == '/'));
}

/* Asked to save, a program that saves nothing must not end as if it had. */
static bool saved_nothing(const Running *r)
{
    struct stat s;
    return r->p.save && (stat(r->p.save, &s) || s.st_mtime < r->started_at);
}

int program_end(Program *p)
{
    Running *r = (Running *)p;
    int pictures, status = p->stopped ? 128 + SIGINT : r->broken > 0;
    const char *const *picture = plot_pictures(&pictures);
    wipe_line(r);
    program_try(p, tools_done(r->tools, p->threads, stdout));
    if (saved_nothing(r)) {
        printf("%s: nothing was saved to %s\n", p->name, p->save);
        if (!status) status = 1;
    }
    printf("%s%.1f s", p->stopped ? "stopped after " : "", now() - r->started);
    for (int i = 0; i < pictures; i++) {
        char text[PATH_MAX];
        write_relative(text, sizeof text, picture[i]);
        printf("%s%s", i ? ", " : "; pictures: ", text);
    }
    printf("\n");
    if (fflush(stdout) && !status) status = 1;
    signal(SIGINT, SIG_DFL);
    for (int i = 0; i < r->flags; i++) free(r->help[i]);
    free(r->help);
    free(r->given);
    free(r->out);
    free(r);
    running = NULL;
    return status;
}
