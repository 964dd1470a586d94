/* graph.c -- one step of a program, remembered op by op, and printed as a table. */
#include "graph.h"
#include <stdlib.h>
#include <string.h>
#include "ops.h"
#include "profile.h"

enum { MAX_OPS = 4096 };

struct Graph {
    GraphStep now, first;               /* first: kept until a step goes backward */
    const Tape *tape;                   /* whose step `now` is; others that run meanwhile are not shown */
    bool done;                          /* `now` went backward and has ended */
};

/* ---- Remembering ---- */

static void free_step(GraphStep *s)
{
    for (int i = 0; i < s->n; i++) free(s->op[i].in);
    free(s->op);
    *s = (GraphStep){ 0 };
}

/* The latest op that wrote it: one in place takes a tensor over. */
static int source(const GraphStep *s, const Tensor *x)
{
    for (int i = s->n - 1; i >= 0; i--)
        for (int k = 0; k < s->op[i].n_out; k++)
            if (s->op[i].out[k] == x) return i;
    return -1;
}

static bool seen_before(const GraphStep *s, const Tensor *x)
{
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < s->op[i].n_in; k++)
            if (s->op[i].in[k].id == x) return true;
    return false;
}

static GraphEnd end_of(const GraphStep *s, const Tape *t, Tensor *x)
{
    GraphEnd e = { .id = x, .shape = *x, .from = source(s, x) };
    bool outside = e.from < 0 && tensor_root(x)->arena != tape_arena((Tape *)(uintptr_t)t);
    e.parameter = outside && tensor_wants_grad(x);
    e.again = seen_before(s, x);
    return e;
}

static void add(GraphStep *s, Tape *t, const Node *n)
{
    if (s->n == MAX_OPS) {
        s->left_out++;
        return;
    }
    if (s->n == s->room) {
        s->room = s->room ? 2 * s->room : 64;
        s->op = realloc(s->op, (size_t)s->room * sizeof *s->op);
        CHECK(s->op, "graph: out of memory");
    }
    GraphOp op = { .name = n->op->name, .n_out = n->n_out, .view = profile_is_view(n), .flops = profile_flops(n) };
    op.in = calloc((size_t)n->n_in + 1, sizeof *op.in);
    CHECK(op.in, "graph: out of memory");
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i]) op.in[op.n_in++] = end_of(s, t, n->in[i]);
    for (int i = 0; i < n->n_out; i++) {
        op.out[i] = n->out[i];
        op.shape[i] = *n->out[i];
        op.statistic[i] = i > 0 && !n->out[i]->needs_grad;
    }
    s->op[s->n++] = op;
}

static void after(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    Graph *g = ctx;
    if (g->done || (g->tape && g->tape != t)) return;
    if (!g->tape) snprintf(g->now.name, sizeof g->now.name, "%s", arena_name(tape_arena(t)));
    g->tape = t;
    g->now.backward |= playing != NULL;
    if (!g->now.backward) add(&g->now, t, n);
}

static void step_end(void *ctx, Tape *t)
{
    Graph *g = ctx;
    if (g->done || g->tape != t) return;
    g->done = g->now.backward && g->now.n > 0;
    g->tape = NULL;
    if (g->done) return;
    if (!g->first.n) g->first = g->now, g->now = (GraphStep){ 0 };
    else free_step(&g->now);
}

Graph *graph_new(void)
{
    Graph *g = calloc(1, sizeof *g);
    CHECK(g, "graph: out of memory");
    return g;
}

void graph_watch(Graph *g, Tape *t) { tape_hook(t, (TapeHook){ .ctx = g, .after = after, .step_end = step_end }); }

void graph_free(Graph *g)
{
    free_step(&g->now);
    free_step(&g->first);
    free(g);
}

const GraphStep *graph_step(const Graph *g)
{
    const GraphStep *s = g->now.n && (g->now.backward || !g->first.n) ? &g->now : &g->first;
    return s->n ? s : NULL;
}

/* ---- The table ---- */

ShapeText graph_shape(const Tensor *x)
{
    ShapeText text;
    const char *dtype = tensor_dtype_name(x->dtype), *all = tensor_text(x).s;
    char copy[sizeof(Text)];
    snprintf(copy, sizeof copy, "%s", all);
    snprintf(text.s, sizeof text.s, "%.79s", copy + (x->dtype == REAL ? strlen(dtype) : 0));
    return text;
}

/* The shapes of inputs, or of parameters, a blank between; one that does not fit ends in "...". */
static const char *ends_text(const GraphOp *op, bool parameters, char *out, size_t room)
{
    size_t n = 0;
    *out = 0;
    for (int i = 0; i < op->n_in; i++) {
        if (op->in[i].parameter != parameters) continue;
        ShapeText s = graph_shape(&op->in[i].shape);
        if (n + strlen(s.s) + 5 > room) return strcpy(out + n, n ? " ..." : "..."), out;
        n += (size_t)snprintf(out + n, room - n, "%s%s", n ? " " : "", s.s);
    }
    return out;
}

static int64_t numbers_of(const GraphOp *op)
{
    int64_t numbers = 0;
    for (int i = 0; i < op->n_in; i++)
        if (op->in[i].parameter && !op->in[i].again) numbers += tensor_count(&op->in[i].shape);
    return numbers;
}

void graph_table(const Graph *g, FILE *f)
{
    const GraphStep *s = graph_step(g);
    int64_t numbers = 0;
    double flops = 0;
    if (!s) {
        fprintf(f, "summary: no operation has run on a tape\n");
        return;
    }
    fprintf(f, "summary: the way forward of one step on the tape '%s'\n", s->name);
    fprintf(f, "  %-4s %-18s %-32s %-26s %-18s %10s %10s\n", "", "operation", "inputs", "parameters", "output",
            "numbers", "MFLOP");
    for (int i = 0; i < s->n; i++) {
        const GraphOp *op = &s->op[i];
        char in[33], params[27];
        int64_t own = numbers_of(op);
        fprintf(f, "  %-4d %-18s %-32s %-26s %-18s ", i + 1, op->name, ends_text(op, false, in, sizeof in),
                ends_text(op, true, params, sizeof params), graph_shape(&op->shape[0]).s);
        if (own) fprintf(f, "%10lld", (long long)own);
        else fprintf(f, "%10s", "");
        if (op->view) fprintf(f, " %10s\n", "view");
        else fprintf(f, " %10.3f\n", op->flops / 1e6);
        numbers += own;
        flops += op->flops;
    }
    if (s->left_out) fprintf(f, "  and %lld more\n", (long long)s->left_out);
    fprintf(f, "  %d operations, %lld parameters, %.3f MFLOP forward\n", s->n + (int)s->left_out, (long long)numbers,
            flops / 1e6);
}
