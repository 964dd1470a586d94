/* tools.c -- the tools that a program's flags ask for. */
#include "tools.h"
#include <stdlib.h>
#include "account.h"
#include "graph.h"
#include "profile.h"
#include "trace.h"
#include "trap.h"

struct Tools {
    ToolsArg arg;
    Account *account;
    Graph   *graph;
    Trap    *trap;
    Trace   *trace;
    Profile *profile;
    Tape   **tape;                      /* watched, and not freed yet */
    int      tapes;
};

const char *tools_new(Tools **out, ToolsArg arg)
{
    Tools *t = *out = calloc(1, sizeof *t);
    CHECK(t, "tools: out of memory");
    t->arg = arg;
    if (arg.memory) t->account = account_new();
    if (arg.summary || arg.graph) t->graph = graph_new();
    if (arg.nan_trap) t->trap = trap_new();
    if (arg.profile) t->profile = profile_new();
    return arg.trace ? trace_new(&t->trace, arg.trace) : NULL;
}

static void forget(void *ctx, Tape *tape)
{
    Tools *t = ctx;
    int kept = 0;
    for (int i = 0; i < t->tapes; i++)
        if (t->tape[i] != tape) t->tape[kept++] = t->tape[i];
    t->tapes = kept;
}

/* Innermost last: who measures time does not measure the others. */
void tools_watch(Tools *t, Tape *tape)
{
    if (t->account) account_watch(t->account, tape);
    if (t->graph) graph_watch(t->graph, tape);
    if (t->trap) trap_watch(t->trap, tape);
    if (t->trace) trace_watch(t->trace, tape);
    if (t->profile) profile_watch(t->profile, tape);
    tape_hook(tape, (TapeHook){ .ctx = t, .freed = forget });
    t->tape = realloc(t->tape, (size_t)(t->tapes + 1) * sizeof *t->tape);
    CHECK(t->tape, "tools: out of memory");
    t->tape[t->tapes++] = tape;
}

/* A tape may live on, and step, after the program has ended its tools. */
static void unwatch(Tools *t)
{
    for (int i = 0; i < t->tapes; i++) {
        const void *const all[] = { t->account, t->graph, t->trap, t->trace, t->profile, t };
        for (int k = 0; k < 6; k++)
            if (all[k]) tape_unhook(t->tape[i], all[k]);
    }
    free(t->tape);
}

const char *tools_done(Tools *t, int threads, FILE *f)
{
    unwatch(t);
    const char *why = t->trace ? trace_done(t->trace) : NULL;
    if (t->arg.summary) graph_table(t->graph, f);
    if (t->arg.graph && !why) why = graph_draw(t->graph, t->arg.graph);
    if (t->profile) {
        Limits limits = machine_limits(threads);
        profile_print(t->profile, &limits, f);
        profile_free(t->profile);
    }
    if (t->account) {
        account_print(t->account, f);
        account_free(t->account);
    }
    if (t->graph) graph_free(t->graph);
    if (t->trap) trap_free(t->trap);
    free(t);
    return why;
}
