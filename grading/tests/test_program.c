/* test_program.c -- a program is run as a user runs it: arguments in, text and a status out. */
#define _GNU_SOURCE /* posix_openpt, usleep */
#include "data.h"
#include "program.h"
#include "scratch.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(program, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

/* A forked child ends by exit(): there the leak checker would write into the text that is compared here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

typedef struct Options { int batch; double rate; const char *data; bool nesterov; } Options;
static const Flag FLAGS[] = {
    { "batch", FLAG_INT, offsetof(Options, batch), "32", "8", "256", "rows a step" },
    { "rate", FLAG_FLOAT, offsetof(Options, rate), "0.1", NULL, "0.01", "step size" },
    { "data", FLAG_TEXT, offsetof(Options, data), "digits", NULL, NULL, "data set" },
    { "nesterov", FLAG_BOOL, offsetof(Options, nesterov), "no", NULL, NULL, "look ahead" },
    { 0 },
};

/* What a program does between start and end. */
typedef void Body(Program *, const Options *);
static void nothing(Program *p, const Options *o) { (void)p, (void)o; }

static char out[16384], err[16384];     /* what the last run wrote */

static _Noreturn void be_program(char **argv, Body *body)
{
    Options o;
    int argc = 0;
    while (argv[argc]) argc++;
    Program *p = program_start(argc, argv, "demo", "shows what programs have in common", FLAGS, &o);
    body(p, &o);
    exit(program_end(p));
}

static pid_t start(char **argv, Body *body, int stdout_fd, int stderr_fd)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid) return pid;
    dup2(stdout_fd, STDOUT_FILENO);
    dup2(stderr_fd, STDERR_FILENO);
    be_program(argv, body);
}

/* The exit status, or minus the signal. */
static int end(pid_t pid)
{
    int status;
    waitpid(pid, &status, 0);
    scratch_read("out", out, sizeof out);
    scratch_read("err", err, sizeof err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int create(const char *name) { return open(scratch(name), O_RDWR | O_CREAT | O_TRUNC, 0600); }

static int run_argv(char **argv, Body *body) { return end(start(argv, body, create("out"), create("err"))); }

/* --out is in the scratch folder unless the arguments say where. */
#define run(body, ...)                                                                                                 \
    run_argv((char *[]){ "./some/path/demo", "--out", (char *)scratch("plots"), __VA_ARGS__, NULL }, body)

Test(program, first_line_says_what_runs)
{
    cr_assert_eq(run(nothing, "--threads=1"), 0);
    cr_assert(scratch_has(out, "demo: seed 1, cpu, 1 thread, batch 32, rate 0.1, data digits, nesterov no\n"));
    cr_assert_eq(run(nothing, "--threads=2", "--quick"), 0);
    cr_assert(scratch_has(out, "2 threads, quick, batch 8, rate 0.1, "));
    cr_assert_eq(run(nothing, "--full", "--batch", "7", "--seed=18446744073709551615"), 0);
    cr_assert(scratch_has(out, "seed 18446744073709551615, "));
    cr_assert(scratch_has(out, "full, batch 7, rate 0.01, "));
    cr_assert_eq(run(nothing, "--batch=-3", "--rate=1e-3", "--data=iris", "--nesterov"), 0);
    cr_assert(scratch_has(out, "batch -3, rate 0.001, data iris, nesterov yes\n"));
    cr_assert_eq(run(nothing, "--nesterov=no"), 0);
    cr_assert(scratch_has(out, "nesterov no\n"));
    cr_assert_str_empty(err);
}

static void show_fields(Program *p, const Options *o)
{
    program_say(p, "%s %d %d %d %s %s %s|%d %g %s %d", p->name, p->device, p->quick, p->full, p->out,
                p->save ? p->save : "-", p->resume ? p->resume : "-", o->batch, o->rate, o->data, o->nesterov);
}

Test(program, options_arrive)
{
    char want[PATH_MAX + 64];
    cr_assert_eq(run(show_fields, "--quick", "--resume", "r.st", "--nesterov=yes"), 0);
    snprintf(want, sizeof want, "demo 0 1 0 %s - r.st|8 0.1 digits 1\n", scratch("plots"));
    cr_assert(scratch_has(out, want));
    cr_assert_eq(run_argv((char *[]){ "demo", NULL }, show_fields), 0);
    snprintf(want, sizeof want, "demo 0 0 0 %s/build/out/demo - -|", data_root());
    cr_assert(scratch_has(out, want));
    snprintf(want, sizeof want, "%s/build/out/demo", data_root());
    cr_assert_eq(rmdir(want), 0, "it was made, and is empty");
}

Test(program, help_lists_flags_and_defaults)
{
    cr_assert_eq(run(nothing, "--help"), 0);
    cr_assert(scratch_has(out, "Usage: demo [OPTION"));
    cr_assert(scratch_has(out, "shows what programs have in common"));
    cr_assert(scratch_has(out, "--batch=N"));
    cr_assert(scratch_has(out, "(default 32, --quick 8, --full 256)"));
    cr_assert(scratch_has(out, "(default 0.1, --full"));
    static const char *const ALL[] = { "--seed=N", "--device=cpu|cuda", "--threads=N", "--out=DIR", "--quick", "--full",
                                       "--save=FILE", "--resume=FILE", "--nesterov[=yes|no]", "--data=TEXT" };
    for (int i = 0; i < 10; i++) cr_assert(scratch_has(out, ALL[i]));
}

Test(program, bad_flags_get_a_sentence_and_status_2)
{
    static const struct { const char *arg, *says; } CASE[] = {
        { "--nosuch", "unrecognized option '--nosuch'" },
        { "--batch=12x", "--batch=12x: a whole number is expected" },
        { "--batch=", "--batch=: a whole number is expected" },
        { "--batch=2147483648", "a whole number is expected" },
        { "--batch", "requires an argument" },
        { "--rate=fast", "--rate=fast: a number is expected" },
        { "--rate=nan", "a number is expected" },
        { "--nesterov=maybe", "yes or no is expected" },
        { "--seed=-1", "--seed=-1: a whole number is expected" },
        { "--seed=18446744073709551616", "a whole number is expected" },
        { "--threads=5000", "a number from 0 to 4096" },
        { "--device=tpu", "cpu or cuda is expected" },
        { "stray", "stray: a flag is expected here" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        cr_assert_eq(run(nothing, (char *)CASE[i].arg), 2, "%s", CASE[i].arg);
        cr_assert(scratch_has(err, CASE[i].says));
        cr_assert(scratch_has(err, "demo: "));
        cr_assert_str_empty(out);
    }
    cr_assert_eq(run(nothing, "--quick", "--full"), 2);
    cr_assert(scratch_has(err, "exclude each other"));
}

Test(program, what_the_world_refuses_gets_status_1)
{
    cr_assert_eq(run(nothing, "--device=cuda"), 1);
    cr_assert(scratch_has(err, "demo: this build has no CUDA"));
    scratch_write("file", "", 0);
    cr_assert_eq(run(nothing, "--out", (char *)scratch("file/below")), 1);
    cr_assert(scratch_has(err, "/file: there is a file where a folder should be"));
    cr_assert_eq(run(nothing, "--out="), 1);
    cr_assert(scratch_has(err, "a folder without a name"));
    cr_assert_eq(run(nothing, "--out=/proc/none"), 1);
    cr_assert(scratch_has(err, "/proc/none: cannot be made: "));
}

static void try_fails(Program *p, const Options *o)
{
    (void)o;
    program_try(p, NULL);
    printf("went on");
    program_try(p, "x.csv:3: 12 cells, 13 expected");
    printf("not reached");
}

Test(program, a_sentence_ends_it)
{
    cr_assert_eq(run(try_fails, "--quick"), 1);
    cr_assert_str_eq(err, "demo: x.csv:3: 12 cells, 13 expected\n");
    cr_assert(scratch_has(out, "went on"));
    cr_assert(!strstr(out, "not reached"));
}

static void kept(Program *p, const Options *o)
{
    (void)o;
    program_promise(p, "accuracy", .9812, ">=", .975);
    program_promise(p, "loss", .25, "<=", .25);
    program_promise(p, "error", 70969.3358, "<=", 71000);
}

static void broken(Program *p, const Options *o)
{
    (void)o;
    program_promise(p, "accuracy", .97499, ">=", .975);
    program_promise(p, "loss", 2, "<=", 3);
    program_promise(p, "nothing", NAN, ">=", -1e300);
    program_promise(p, "nothing", NAN, "<=", 1e300);
}

Test(program, promises)
{
    cr_assert_eq(run(kept, "--quick"), 0);
    cr_assert(scratch_has(
        out, "\naccuracy 0.9812, promised >= 0.975\nloss 0.25, promised <= 0.25\nerror 70969, promised <= 71000\n"));
    cr_assert_eq(run(broken, "--quick"), 1);
    cr_assert(scratch_has(out, "accuracy 0.97499, promised >= 0.975: NOT KEPT\n"), "the digits must show why");
    cr_assert(scratch_has(out, "loss 2, promised <= 3\n"));
    cr_assert(
        scratch_has(out, "nothing nan, promised >= -1e+300: NOT KEPT\nnothing nan, promised <= 1e+300: NOT KEPT\n"));
}

static void misspelt(Program *p, const Options *o)
{
    (void)o;
    program_promise(p, "accuracy", 1, ">", 0);
}

Test(program, promise_with_an_unknown_relation) { cr_assert_eq(run(misspelt, "--quick"), -SIGABRT); }

static void say(Program *p, const Options *o)
{
    (void)o;
    program_say(p, "with newline %d\n", 1);
    program_say(p, "without %s", "newline");
    program_say(p, "%s", "end");
}

Test(program, say_ends_lines)
{
    cr_assert_eq(run(say, "--quick"), 0);
    cr_assert(scratch_has(out, "\nwith newline 1\nwithout newline\nend\n"));
}

/* ---- Progress ---- */

static void progress(Program *p, const Options *o)
{
    (void)o;
    for (int i = 0; i <= 30; i++) {
        program_progress(p, i, 30, "batches");
        usleep(10000);
    }
    program_say(p, "done");
}

Test(program, progress_is_silent_in_a_file)
{
    cr_assert_eq(run(progress, "--quick"), 0);
    cr_assert_str_empty(err);
}

/* stderr is a terminal of `columns`; what came out of it. */
static int run_on_terminal(const char *term, Body *body, char *shown, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), n = 0;
    cr_assert(master >= 0 && !grantpt(master) && !unlockpt(master));
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    setenv("TERM", term, 1);
    pid_t pid = start((char *[]){ "demo", "--out", (char *)scratch("plots"), NULL }, body, create("out"), slave);
    close(slave);
    for (ssize_t k; (k = read(master, shown + n, size - 1 - (size_t)n)) > 0;) n += (int)k;
    shown[n] = 0;
    close(master);
    return end(pid);
}

Test(program, progress_rewrites_its_line_on_a_terminal)
{
    static char shown[16384];
    cr_assert_eq(run_on_terminal("xterm", progress, shown, sizeof shown), 0);
    cr_assert(scratch_has(shown, "demo: 0 of 30 batches"));
    cr_assert(scratch_has(shown, "of 30 batches, "));
    cr_assert(scratch_has(shown, " a second, "));
    cr_assert(scratch_has(shown, " s left"));
    cr_assert(!strchr(shown, '\n'), "a new line");
    size_t n = strlen(shown);
    cr_assert(n > 4 && !strcmp(shown + n - 4, "\r\033[K"), "the line is not wiped at the end");
}

Test(program, progress_is_plain_on_a_dumb_terminal)
{
    static char shown[16384];
    cr_assert_eq(run_on_terminal("dumb", progress, shown, sizeof shown), 0);
    cr_assert(!strchr(shown, '\033'));
    cr_assert_str_eq(shown, "demo: 0 of 30 batches\r\n", "one line every five seconds, and this took 0.3");
}

/* ---- Ctrl-C ---- */

static void until_stopped(Program *p, const Options *o)
{
    (void)o;
    program_say(p, "ready");
    while (!p->stopped) usleep(1000);
    program_say(p, "saving");
    program_promise(p, "accuracy", 0, ">=", 1);
}

static void deaf(Program *p, const Options *o)
{
    (void)o;
    program_say(p, "ready");
    for (bool said = false;; usleep(1000)) {
        if (p->stopped && !said) program_say(p, "heard");
        said = p->stopped;
    }
}

static void wait_for(const char *what)
{
    do {
        usleep(1000);
        scratch_read("out", out, sizeof out);
    } while (!strstr(out, what));
}

Test(program, interrupt_stops_in_order)
{
    pid_t pid = start((char *[]){ "demo", "--out", (char *)scratch("plots"), NULL }, until_stopped, create("out"),
                      create("err"));
    wait_for("ready");
    kill(pid, SIGINT);
    cr_assert_eq(end(pid), 130);
    cr_assert(scratch_has(out, "saving\n"));
    cr_assert(scratch_has(out, "stopped after "));
}

Test(program, second_interrupt_ends)
{
    pid_t pid =
        start((char *[]){ "demo", "--out", (char *)scratch("plots"), NULL }, deaf, create("out"), create("err"));
    wait_for("ready");
    kill(pid, SIGINT);
    wait_for("heard");
    kill(pid, SIGINT);
    cr_assert_eq(end(pid), -SIGINT);
}

/* ---- The end ---- */

static void draw(Program *p, const Options *o)
{
    (void)o;
    for (int i = 0; i < 2; i++) {
        Plot *plot = program_plot(p, i ? "second" : "first", (PlotArg){ .title = "t" });
        plot_point(plot, "a", 1, 2);
        plot_point(plot, "a", 2, 3);
        program_try(p, plot_done(plot));
    }
}

Test(program, last_line_names_pictures_and_time)
{
    Plot *plot = plot_new(scratch(""), "probe", (PlotArg){ .title = "t" });
    plot_point(plot, "a", 1, 1);
    if (plot_done(plot) || !plot_picture()) cr_skip_test("no gnuplot here");
    char here[PATH_MAX];
    cr_assert(getcwd(here, sizeof here));
    mkdir(scratch("a"), 0700), mkdir(scratch("a/b"), 0700);
    cr_assert_eq(chdir(scratch("a/b")), 0);
    cr_assert_eq(run(draw, "--quick"), 0);
    cr_assert(scratch_has(out, " s; pictures: ../../probe.png, ../../plots/first.png, ../../plots/second.png\n"));
    cr_assert_eq(chdir(scratch("")), 0);
    cr_assert_eq(run(draw, "--quick"), 0);
    cr_assert(scratch_has(out, " s; pictures: probe.png, plots/first.png, plots/second.png\n"));
    cr_assert_eq(chdir(here), 0);
}

static void save(Program *p, const Options *o)
{
    (void)o;
    FILE *f = fopen(p->save, "w");
    fclose(f);
}

Test(program, asked_to_save_it_must_save)
{
    cr_assert_eq(run(nothing, "--save", (char *)scratch("none")), 1);
    cr_assert(scratch_has(out, "nothing was saved to "));
    cr_assert_eq(run(save, "--save", (char *)scratch("some")), 0);
}
