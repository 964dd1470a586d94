/* trace.c -- every operation as a bar in time, in the trace event format: JSON, an object a line. */
#define _POSIX_C_SOURCE 200809L
#include "trace.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "profile.h"

enum { MOST = 500000, PROCESS = 1, OPS = 1, STEPS = 2 }; /* events in a file: more than that no viewer opens gladly */

struct Trace {
    FILE   *file;
    char   *path;
    double  started, began, step_began;
    int64_t events, step;
    bool    in_step;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec; /* microseconds, as the format has it */
}

static void put_text(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') fprintf(f, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f) fprintf(f, "\\u%04x", c); /* a byte that is no ASCII stands for itself */
        else fputc(c, f);
    }
    fputc('"', f);
}

static bool next_event(Trace *t)
{
    if (t->events >= MOST) return false;
    if (t->events++) fputs(",\n", t->file);
    return true;
}

static void put_name(Trace *t, const char *what, int thread, const char *name)
{
    if (!next_event(t)) return;
    fprintf(t->file, "{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%d,\"tid\":%d,\"args\":{\"name\":", what, PROCESS, thread);
    put_text(t->file, name);
    fputs("}}", t->file);
}

const char *trace_new(Trace **out, const char *path)
{
    Trace *t = *out = calloc(1, sizeof *t);
    CHECK(t, "trace: out of memory");
    t->file = fopen(path, "w");
    if (!t->file) {
        free(t);
        *out = NULL;
        return sentence("cannot write %s: %s", path, strerror(errno));
    }
    t->path = strdup(path);
    CHECK(t->path, "trace: out of memory");
    t->started = now();
    t->step = 1;
    fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n", t->file);
    put_name(t, "process_name", OPS, "tape");
    put_name(t, "thread_name", OPS, "operations");
    put_name(t, "thread_name", STEPS, "steps");
    return NULL;
}

static void put_shapes(Trace *t, const char *key, Tensor *const *x, int n)
{
    fprintf(t->file, "\"%s\":[", key);
    for (int i = 0; i < n; i++) {
        if (i) fputc(',', t->file);
        put_text(t->file, x[i] ? tensor_text(x[i]).s : "none");
    }
    fputs("],", t->file);
}

static void before(void *ctx, Tape *tape, const Node *n, const Node *playing)
{
    Trace *t = ctx;
    (void)tape, (void)n, (void)playing;
    t->began = now();
    if (!t->in_step) t->step_began = t->began;
    t->in_step = true;
}

static void after(void *ctx, Tape *tape, const Node *n, const Node *playing)
{
    Trace *t = ctx;
    double ended = now();
    if (!next_event(t)) return;
    fputs("{\"ph\":\"X\",\"name\":", t->file);
    put_text(t->file, n->op->name);
    fprintf(t->file, ",\"cat\":\"%s\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"args\":{",
            playing ? "backward" : "forward", PROCESS, OPS, t->began - t->started, ended - t->began);
    put_shapes(t, "in", n->in, n->n_in);
    put_shapes(t, "out", n->out, n->n_out);
    if (playing) {
        fputs("\"gradient of\":", t->file);
        put_text(t->file, playing->op->name);
        fputc(',', t->file);
    }
    fprintf(t->file, "\"step\":%lld,\"flops\":%.0f,\"bytes\":%.0f}}", (long long)t->step, profile_flops(n),
            profile_bytes(n));
    if (next_event(t))
        fprintf(t->file, "{\"ph\":\"C\",\"name\":\"memory in use\",\"pid\":%d,\"ts\":%.3f,\"args\":{\"step\":%zu}}",
                PROCESS, ended - t->started, arena_in_use(tape_arena(tape)));
}

static void step_end(void *ctx, Tape *tape)
{
    Trace *t = ctx;
    (void)tape;
    if (!t->in_step) return;
    t->in_step = false;
    if (next_event(t))
        fprintf(t->file, "{\"ph\":\"X\",\"name\":\"step %lld\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f}",
                (long long)t->step, PROCESS, STEPS, t->step_began - t->started, now() - t->step_began);
    t->step++;
}

void trace_watch(Trace *t, Tape *tape)
{
    tape_hook(tape, (TapeHook){ .ctx = t, .before = before, .after = after, .step_end = step_end });
}

const char *trace_done(Trace *t)
{
    const char *why = NULL;
    fputs("\n]}\n", t->file);
    if (ferror(t->file) | fclose(t->file)) why = sentence("cannot write %s", t->path);
    else if (t->events >= MOST) fprintf(stderr, "%s: the first %d events; the rest is left out\n", t->path, MOST);
    free(t->path);
    free(t);
    return why;
}
