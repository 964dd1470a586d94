/* test_failing.c -- memory that runs out at the Nth request, for every N; and steps that make no request at all. The
 * Makefile links it so that malloc, calloc, realloc and mmap of the library's own code come by here. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "checkpoint.h"
#include "data.h"
#include "gradcheck.h"
#include "loader.h"
#include "optim.h"
#include "profile.h"
#include "tools.h"

TestSuite(failing, .timeout = 240);

/* ---- The requests ---- */

static long requests, failing_at, failed;       /* failing_at 0: none fails */

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__real_mmap(void *, size_t, int, int, int, off_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
void *__wrap_mmap(void *, size_t, int, int, int, off_t);

static bool fails(void)
{
    bool now = ++requests == failing_at;
    failed += now;
    if (now) errno = ENOMEM;
    return now;
}

void *__wrap_malloc(size_t n) { return fails() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return fails() ? NULL : __real_realloc(p, n); }
void *__wrap_mmap(void *at, size_t n, int how, int flags, int file, off_t from)
{
    return fails() ? MAP_FAILED : __real_mmap(at, n, how, flags, file, from);
}

/* ---- What is done while it runs out. Each returns NULL or a sentence ---- */

static Tensor *block(Tape *t, Tensor **in, void *ctx)
{
    Tensor **w = ctx;
    return op_gelu(t, op_linear(t, in[0], w[0], w[1]));
}

static const char *train(void)
{
    static const int sizes[] = { 20, 300, 10 };
    Arena *a = arena_new("model");
    Tape *t = tape_new("step");
    Rng rng = rng_new(1);
    Mlp net = nn_mlp(a, &rng, 2, sizes);
    NnParams p = nn_params(a);
    nn_mlp_visit(&net, "", nn_params_add, &p);
    Linear more = nn_linear(a, &rng, 20, 20);
    Optim *optim = optim_adamw(a, &p, (AdamwArg){ .rate = 0.01 });
    for (int s = 0; s < 3; s++, tape_reset(t)) {
        Tensor *x = tensor_new(tape_arena(t), DEV_CPU, REAL, SHAPE(500, 20));
        Tensor *target = tensor_new(tape_arena(t), DEV_CPU, I32, SHAPE(500));
        rng_fill_normal(&rng, x, 0, 1);
        memset(target->data, 0, tensor_bytes(target));
        x = tape_recompute(t, block, (Tensor *[]){ x }, 1, (Tensor *[]){ more.w, more.b });
        for (int i = 0; i < 80; i++) x = op_scale(t, x, 1);     /* the list of nodes grows */
        tape_backward(t, op_cross_entropy(t, nn_mlp_forward(t, &net, x), target));
        optim_step(optim, t);
    }
    tape_free(t);
    arena_free(a);
    return NULL;
}

static const char *read_data(void)
{
    Arena *a = arena_new("data");
    Dataset set;
    const char *why = data_load(a, "digits", F32, &set);
    if (!why && tensor_count(set.x) != 1797 * 64) why = "WRONG: rows are missing";
    arena_free(a);
    return why;
}

static const char *save_and_load(void)
{
    char path[] = "/tmp/test_failing_XXXXXX";
    Arena *a = arena_new("model");
    Rng rng = rng_new(1);
    Linear l = nn_linear(a, &rng, 30, 40);
    NnParams p = nn_params(a);
    nn_linear_visit(&l, "l", nn_params_add, &p);
    int file = mkstemp(path);
    if (file < 0) return "WRONG: no temporary file";
    close(file);
    real first = *(real *)l.w->data;
    const char *why = checkpoint_save(path, &p, NULL);
    *(real *)l.w->data = 0;
    if (!why) why = checkpoint_load(a, path, &p, NULL);
    if (!why && *(real *)l.w->data != first) why = "WRONG: what was loaded is not what was saved";
    unlink(path);
    arena_free(a);
    return why;
}

static const char *look_on(void)
{
    FILE *nowhere = fopen("/dev/null", "w");
    Tools *tools = NULL;
    Tape *t = tape_new("step");
    const char *why = tools_new(&tools, (ToolsArg){ .memory = true, .summary = true, .nan_trap = true,
                                                    .graph = "/dev/null", .trace = "/dev/null" });
    if (why) return why;
    Profile *profile = profile_new();   /* by itself: the tools would measure the machine's limits for it */
    tools_watch(tools, t);
    profile_watch(profile, t);
    Tensor *x = tensor_new(tape_arena(t), DEV_CPU, REAL, SHAPE(5));
    memset(x->data, 0, tensor_bytes(x));
    for (int i = 0; i < 70; i++) x = i % 2 ? op_gelu(t, x) : op_add(t, x, x);
    tape_free(t);
    why = tools_done(tools, 1, nowhere);
    profile_print(profile, NULL, nowhere);
    profile_free(profile);
    fclose(nowhere);
    return why;
}

/* ---- Every N ---- */

/* In a child: 0 all went well, 3 a sentence and afterwards all went well, 4 anything else; or it aborts by CHECK. */
static void in_child(const char *(*f)(void), long at, int to)
{
    signal(SIGABRT, SIG_DFL);
    setenv("PATH", "/nowhere", 1);      /* without addr2line a refusal is quick */
    dup2(to, STDERR_FILENO);
    requests = failed = 0;
    failing_at = at;
    const char *why = f();
    failing_at = 0;
    if (why) fprintf(stderr, "%s\n", why);
    if (!failed) _exit(why ? 4 : 0);
    const char *again = why ? f() : NULL;
    if (again) fprintf(stderr, "and afterwards: %s\n", again);
    _exit(again || (why && strstr(why, "WRONG")) ? 4 : 3);
}

static void fail_at_every_request(const char *(*f)(void), const char *name, long least)
{
    int clean = 0;
    for (long at = 1; !clean; at++) {
        char said[4096] = "";
        int fd[2], status;
        cr_assert_eq(pipe(fd), 0);
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) in_child(f, at, fd[1]);
        close(fd[1]);
        for (size_t n = 0; n < sizeof said - 1;) {
            ssize_t got = read(fd[0], said + n, sizeof said - 1 - n);
            if (got <= 0) break;
            n += (size_t)got;
        }
        close(fd[0]);
        waitpid(child, &status, 0);
        bool refused = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, "memory");
        bool sentence = WIFEXITED(status) && WEXITSTATUS(status) == 3;
        clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        cr_assert(refused || sentence || clean, "%s, request %ld fails: status %#x, it said: %s", name, at,
                  (unsigned)status, said);
        cr_assert(!clean || at > least, "%s made %ld requests: they do not come by here", name, at - 1);
    }
}

Test(failing, in_training) { fail_at_every_request(train, "training", 8); }
Test(failing, in_reading_data) { fail_at_every_request(read_data, "reading", 3); }
Test(failing, in_checkpoints) { fail_at_every_request(save_and_load, "checkpoints", 3); }
Test(failing, in_the_tools) { fail_at_every_request(look_on, "the tools", 8); }

/* ---- None at all ---- */

static Tape *steady_tape;
static Mlp steady_net;
static Optim *steady_optim;
static NnParams steady_params;

static void steady_step(Loader *l)
{
    Tensor *x, *y;
    if (!loader_next(l, steady_tape, &x, &y)) cr_assert(loader_next(l, steady_tape, &x, &y));
    tape_backward(steady_tape, op_cross_entropy(steady_tape, nn_mlp_forward(steady_tape, &steady_net, x), y));
    optim_clip(steady_tape, &steady_params, 1);
    optim_step(steady_optim, steady_tape);
    tape_reset(steady_tape);
}

/* Two epochs, the last batch of each a smaller one; then forty steps ask nobody for memory. */
Test(failing, steady_steps_ask_for_nothing)
{
    enum { N = 330, BATCH = 32, STEPS = 44 };
    static const int sizes[] = { 16, 64, 10 };
    Arena *a = arena_new("model");
    Rng rng = rng_new(1);
    Tensor *x = tensor_new(a, DEV_CPU, REAL, SHAPE(N, 16)), *y = tensor_new(a, DEV_CPU, I32, SHAPE(N));
    rng_fill_normal(&rng, x, 0, 1);
    memset(y->data, 0, tensor_bytes(y));
    steady_tape = tape_new("step");
    steady_net = nn_mlp(a, &rng, 2, sizes);
    steady_params = nn_params(a);
    nn_mlp_visit(&steady_net, "", nn_params_add, &steady_params);
    steady_optim = optim_adamw(a, &steady_params, (AdamwArg){ .rate = 0.01 });
    Loader l = loader_new(a, x, y, 0, N, BATCH, true, &rng);
    for (int s = 0; s < STEPS; s++) steady_step(&l);
    long before = requests, asked = arena_requests();
    size_t reserved = arena_reserved(a) + arena_reserved(tape_arena(steady_tape));
    cr_assert(before > 5, "the library's requests do not come by here");
    for (int s = 0; s < STEPS; s++) {
        steady_step(&l);
        cr_assert(requests == before && arena_requests() == asked, "step %d made %ld requests", s, requests - before);
    }
    cr_assert_eq(arena_reserved(a) + arena_reserved(tape_arena(steady_tape)), reserved);
    tape_free(steady_tape);
    arena_free(a);
}
