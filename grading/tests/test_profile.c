/* test_profile.c -- the tools on the tape's door: profile, trace, NaN trap, memory account, summary, graph. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account.h"
#include "gradcheck.h"
#include "graph.h"
#include "optim.h"
#include "profile.h"
#include "tools.h"
#include "trace.h"
#include "trap.h"

TestSuite(profile, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 60);

/* ---- Help: a step, an op of our own, a file in memory ---- */

static Tensor *w, *v, *b;               /* (7,5), (3,7), (7) */

static void small_net(void)
{
    w = param(SHAPE(7, 5)), v = param(SHAPE(3, 7)), b = param(SHAPE(7));
}

static void small_step(int64_t N)
{
    Tensor *h = op_gelu(tape, op_linear(tape, constant(SHAPE(N, 5)), w, b));
    tape_backward(tape, op_cross_entropy(tape, op_linear(tape, h, v, NULL), targets(N, 3)));
    tape_reset(tape);
}

static void twice(Tape *t, Node *n)
{
    (void)t;
    const real *x = n->in[0]->data;
    for (int64_t i = 0; i < tensor_count(n->in[0]); i++) ((real *)n->out[0]->data)[i] = 2 * x[i];
}
static double five(const Node *n) { return (void)n, 5; }
static const Op odd_name = { .name = "a \"quoted\" <&> \\ \n name", .dtypes = 1u << REAL, .shape = same_shape,
                             .forward = { [DEV_CPU] = twice }, .flops = five };
static Tensor *op_odd(Tensor *x) { return tape_run(tape, (Node){ .op = &odd_name, IN(x) }); }

static char *text;
static size_t length;
static FILE *open_text(void)
{
    text = NULL;
    return open_memstream(&text, &length);
}

static int count(const char *in, const char *what)
{
    int n = 0;
    for (const char *s = strstr(in, what); s; s = strstr(s + 1, what)) n++;
    return n;
}

static char path[64];
static const char *new_path(void)
{
    strcpy(path, "/tmp/test_profile_XXXXXX");
    int file = mkstemp(path);
    cr_assert(file >= 0);
    close(file);
    return path;
}

static char *read_file(const char *name)
{
    FILE *f = fopen(name, "r");
    cr_assert_not_null(f);
    char *all = calloc(1, 1 << 20);
    cr_assert(fread(all, 1, (1 << 20) - 1, f) < (1 << 20) - 1);
    fclose(f);
    return all;
}

/* ---- The hook ---- */

static char calls[64];
static void say(const char *s) { if (strlen(calls) < 60) strcat(calls, s); }
static void before_a(void *c, Tape *t, const Node *n, const Node *p) { (void)c, (void)t, (void)n, say(p ? "A" : "a"); }
static void before_b(void *c, Tape *t, const Node *n, const Node *p) { (void)c, (void)t, (void)n, say(p ? "B" : "b"); }
static void after_a(void *c, Tape *t, const Node *n, const Node *p) { (void)c, (void)t, (void)n, say(p ? "X" : "x"); }
static void after_b(void *c, Tape *t, const Node *n, const Node *p) { (void)c, (void)t, (void)n, say(p ? "Y" : "y"); }
static void ends(void *c, Tape *t) { (void)c, (void)t, say("."); }

Test(profile, hooks_stand_around_each_node_the_last_one_innermost)
{
    Tensor *x = param(SHAPE(1));
    tape_hook(tape, (TapeHook){ .before = before_a, .after = after_a, .step_end = ends });
    tape_hook(tape, (TapeHook){ .before = before_b, .after = after_b });
    op_reshape(tape, x, SHAPE(1, 1));
    cr_assert_str_eq(calls, "abyx", "a view is seen too");
    tape_backward(tape, op_scale(tape, x, 2)); /* the seed, scale's backward, a copy to where parameters live */
    cr_assert_str_eq(calls, "abyxabyxABYXABYXABYX");
    tape_reset(tape);
    cr_assert_str_eq(calls, "abyxabyxABYXABYXABYX.");
}

/* ---- Profile ---- */

/* "    linear    6 ..." -> the number after the name; -1: no such row. */
static double column(const char *name, int which)
{
    char line[64];
    snprintf(line, sizeof line, "    %s  ", name);
    const char *s = strstr(text, line);
    if (!s) return -1;
    s += 46;
    double value = 0;
    for (int i = 0; i <= which; i++) {
        char *end;
        value = strtod(s, &end);
        s = *end == '%' ? end + 1 : end;
    }
    return value;
}
enum { CALLS, MS, US_A_CALL, SHARE, GFLOPS, GBS };

Test(profile, counts_calls_time_flops_and_bytes)
{
    enum { STEPS = 3 };
    Profile *p = profile_new();
    Limits limits = { .threads = 1, .fma = { 1e9, 1e9 }, .read = { 1e9, 1e9, 1e9, 1e9 }, .cache = { 1, 2, 3 } };
    small_net();
    profile_watch(p, tape);
    for (int i = 0; i < STEPS; i++) small_step(4);
    FILE *f = open_text();
    profile_print(p, &limits, f);
    fclose(f);
    cr_expect(strstr(text, "profile: 3 steps, "), "%s", text);
    cr_expect_eq(column("linear", CALLS), 2 * STEPS, "%s", text);
    cr_expect_eq(column("gelu", CALLS), STEPS);
    cr_expect_eq(column("linear_backward (linear)", CALLS), 2 * STEPS);
    cr_expect_eq(column("gelu_backward (gelu)", CALLS), STEPS);
    cr_expect_eq(column("fill (tape_backward)", CALLS), STEPS);
    cr_expect(strstr(text, "  forward") < strstr(text, "  backward") &&
              strstr(text, "  backward") < strstr(text, "linear_backward"), "%s", text);
    double shares = column("linear", SHARE) + column("gelu", SHARE) + column("cross_entropy", SHARE);
    cr_expect(shares > 0 && shares < 100.2, "shares of %g %%", shares);
    cr_expect(strstr(text, "memory\n"), "no call fits a cache of 3 bytes, so memory is the limit: %s", text);
    free(text);
    tape_unhook(tape, p);
    profile_free(p);
}

static double seen_flops, seen_bytes;
static void look(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    (void)ctx, (void)t, (void)playing;
    seen_flops = profile_flops(n), seen_bytes = profile_bytes(n);
}

Test(profile, what_a_call_costs)
{
    const double R = sizeof(real);
    Tensor *x = constant(SHAPE(6, 4));
    tape_hook(tape, (TapeHook){ .after = look });
    op_add(tape, x, constant(SHAPE(4)));
    cr_expect(seen_flops == 24 && seen_bytes == R * (24 + 4 + 24), "add: %g, %g", seen_flops, seen_bytes);
    op_transpose(tape, x, 0, 1);
    cr_expect(seen_flops == 0 && seen_bytes == 0, "a view: %g, %g", seen_flops, seen_bytes);
    op_accumulate(tape, x, constant(SHAPE(6, 4)));
    cr_expect(seen_bytes == R * 72, "in place, read and written: %g", seen_bytes);
    op_odd(x);
    cr_expect(seen_flops == 5, "the op's own count: %g", seen_flops);
    op_odd(constant(SHAPE(0, 4)));
    cr_expect(seen_bytes == 0, "nothing: %g", seen_bytes);
}

Test(profile, nothing_ran)
{
    Profile *p = profile_new();
    FILE *f = open_text();
    profile_print(p, NULL, f);
    fclose(f);
    cr_expect(strstr(text, "no operation has run"));
    free(text);
    profile_free(p);
}

/* ---- Trace ---- */

Test(profile, the_trace_is_json_and_holds_every_op)
{
    enum { STEPS = 3 };
    Trace *trace;
    json_error_t error;
    small_net();
    cr_assert_null(trace_new(&trace, new_path()));
    trace_watch(trace, tape);
    for (int i = 0; i < STEPS; i++) {
        op_odd(b);
        small_step(4);
    }
    tape_unhook(tape, trace);
    cr_assert_null(trace_done(trace));
    json_t *all = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *event;
    cr_assert(all, "%s:%d: %s", path, error.line, error.text);
    size_t i;
    int ops = 0, steps = 0, odd = 0, backward = 0;
    double last = -1;
    json_array_foreach(json_object_get(all, "traceEvents"), i, event) {
        const char *ph = json_string_value(json_object_get(event, "ph"));
        const char *name = json_string_value(json_object_get(event, "name"));
        cr_assert(ph && name);
        if (strcmp(ph, "X")) continue;
        double ts = json_number_value(json_object_get(event, "ts"));
        cr_assert(json_number_value(json_object_get(event, "dur")) >= 0 && ts >= 0);
        if (!strncmp(name, "step ", 5)) { steps++; continue; }
        cr_assert(ts >= last, "times go back");
        last = ts;
        ops++;
        odd += !strcmp(name, odd_name.name);
        backward += !strcmp(json_string_value(json_object_get(event, "cat")), "backward");
        const json_t *args = json_object_get(event, "args");
        cr_assert(json_array_size(json_object_get(args, "in")) > 0 && json_object_get(args, "flops"));
    }
    cr_expect_eq(steps, STEPS);
    cr_expect_eq(odd, STEPS, "the odd name came through %d times", odd);
    cr_expect(ops >= STEPS * 9 && backward >= STEPS * 4 && ops == backward + STEPS * 5, "%d ops, %d backward", ops,
              backward);
    json_decref(all);
    unlink(path);
}

Test(profile, a_trace_that_cannot_be_written)
{
    Trace *trace;
    const char *why = trace_new(&trace, "/no/such/folder/trace.json");
    cr_expect(why && strstr(why, "cannot write /no/such/folder/trace.json: No such file"), "%s", why);
    if (!access("/dev/full", W_OK)) {
        cr_assert_null(trace_new(&trace, "/dev/full"));
        why = trace_done(trace);
        cr_expect(why && strstr(why, "cannot write /dev/full"), "a full disk went unnoticed");
    }
}

/* ---- NaN trap ---- */

static Trap *trapped(void)
{
    Trap *trap = trap_new();
    trap_watch(trap, tape);
    return trap;
}

static Tensor *with(double value, int64_t at)   /* (2,3,4) with one odd value */
{
    Tensor *x = param(SHAPE(2, 3, 4));
    tensor_set(x, at, value);
    return x;
}

static void nan_comes_in(void)
{
    trapped();
    op_gelu(tape, param(SHAPE(3)));
    op_scale(tape, with(NAN, 17), 2);
}
static void inf_is_made(void)
{
    trapped();
    small_net();
    small_step(4), small_step(4);
    op_div(tape, constant(SHAPE(2, 3)), NUMBERS(1, 0, 2));
}
static void nan_is_made(void)
{
    trapped();
    op_div(tape, NUMBERS(1, 0), NUMBERS(1, 0));
}
static void nan_from_inf(void)          /* infinities that come in pass; what is made of them does not */
{
    trapped();
    op_sub(tape, op_scale(tape, NUMBERS(1, INFINITY), 2), NUMBERS(0, INFINITY));
}
static void spoilt(Tape *t, Node *n)
{
    (void)t;
    memset(n->out[0]->data, 0, tensor_bytes(n->out[0]));
    tensor_set(n->out[0], 1, NAN);
}
static void nan_in_backward(void)
{
    static const Op row = { .forward = { [DEV_CPU] = spoilt } };
    trapped();
    small_net();
    tape_replace(tape, "gelu_backward", &row);
    small_step(4);
}
static void nan_in_place(void)
{
    trapped();
    op_accumulate(tape, constant(SHAPE(2, 3, 4)), with(NAN, 23));
}
static void strided_nan(void)
{
    trapped();
    op_transpose(tape, with(NAN, 6), 0, 2);     /* (4,3,2): [2,1,0] */
}

Test(profile, the_trap_names_op_step_and_index)
{
    expect_refusal(nan_comes_in, "nan trap: scale, op 2 of step 1: output 0, f");
    expect_refusal(nan_comes_in, "(2,3,4), element 17 [1,1,1] is NaN; it came in: input 0, f");
    expect_refusal(nan_comes_in, "(2,3,4), element 17 [1,1,1] is NaN\n");
    expect_refusal(nan_comes_in, "nan_comes_in "); /* the caller */
    expect_refusal(inf_is_made, "nan trap: div, op 1 of step 3: output 0, f");
    expect_refusal(inf_is_made, "(2,3), element 1 [0,1] is ");
    expect_refusal(inf_is_made, "inf; its inputs were clean");
    expect_refusal(nan_is_made, "(2), element 1 [1] is NaN; its inputs were clean");
    expect_refusal(nan_from_inf, "nan trap: sub, op 2 of step 1");
    expect_refusal(nan_from_inf, "is NaN; it came in: input 0, f");
    expect_refusal(nan_in_backward, "nan trap: gelu_backward in the backward of gelu, op ");
    expect_refusal(nan_in_backward, "element 1 [0,1] is NaN; its inputs were clean");
    expect_refusal(nan_in_place, "nan trap: accumulate, op 1 of step 1");
    expect_refusal(nan_in_place, "it came in: input 1, ");
    expect_refusal(strided_nan, "(4,3,2), element 14 [2,1,0] is NaN; it came in: input 0");
}

/* Masks of -inf, rows with nothing left, outputs that nobody wants and that are left as they were: all NaN here. */
Test(profile, the_trap_lets_pass_what_is_meant)
{
    Trap *trap = trapped();
    small_net();
    Tensor *mask = constant(SHAPE(2, 3));
    op_fill(tape, mask, -INFINITY);
    op_softmax(tape, op_add(tape, constant(SHAPE(2, 3)), mask));
    small_step(4);                      /* linear_backward leaves dx unwritten where x is a constant */
    op_gelu(tape, constant(SHAPE(0, 3)));
    tape_unhook(tape, trap);
    trap_free(trap);
}

/* ---- Memory account ---- */

static int64_t number_after(const char *what)
{
    const char *s = strstr(text, what);
    return s ? strtoll(s + strlen(what), NULL, 10) : -1;
}

Test(profile, the_account_knows_owners_and_counts_requests)
{
    enum { STEPS = 20 };
    Account *a = account_new();
    Tape *fresh = tape_new("fresh");
    Tensor *x = param(SHAPE(256, 256));
    account_watch(a, fresh);
    for (int s = 0; s < STEPS; s++, tape_reset(fresh)) {
        Tensor *y = op_gelu(fresh, op_scale(fresh, x, 2));
        tape_backward(fresh, op_sum_to(fresh, y, SHAPE(1)));
        tensor_drop_grad(x);
    }
    size_t peak = arena_peak(tape_arena(fresh));
    tape_free(fresh);
    FILE *f = open_text();
    account_print(a, f);
    fclose(f);
    char want[80];
    snprintf(want, sizeof want, "  %-28s %10.2f MiB at the peak", "fresh", (double)peak / (1 << 20));
    cr_expect(strstr(text, want), "want %s\n%s", want, text);
    cr_expect(strstr(text, "  model  ") && strstr(text, "    gelu  ") && strstr(text, "    gradients  "), "%s", text);
    cr_expect(strstr(text, " of 20 steps asked the system for more, "), "%s", text);
    cr_expect(number_after("the last was step ") <= 2 && number_after("memory: ") <= 2, "%s", text);
    free(text);
    account_free(a);
}

/* ---- Summary and graph ---- */

static Graph *drawn_net(void)
{
    Graph *g = graph_new();
    small_net();
    graph_watch(g, tape);
    op_gelu(tape, constant(SHAPE(2))), tape_reset(tape); /* an evaluation comes first, and is not what is shown */
    Tensor *x = op_transpose(tape, constant(SHAPE(5, 4)), 0, 1), *h = op_linear(tape, x, w, b);
    Tensor *y = op_add(tape, op_linear(tape, h, v, NULL), op_linear(tape, op_odd(h), v, NULL));
    tape_backward(tape, op_cross_entropy(tape, y, targets(4, 3)));
    op_scale(tape, w, 1);
    tape_reset(tape);
    small_step(9);
    return g;
}

Test(profile, the_summary_counts_shared_parameters_once)
{
    Graph *g = drawn_net();
    FILE *f = open_text();
    graph_table(g, f);
    fclose(f);
    cr_expect(strstr(text, "  1    transpose          (5,4)                            "), "%s", text);
    cr_expect(strstr(text, "view"), "%s", text);
    cr_expect(strstr(text, "linear             (4,5)                            (7,5) (7)                  (4,7)"
                           "                      42"), "%s", text);
    cr_expect_eq(count(text, " (3,7) "), 2);
    cr_expect(strstr(text, "operations, 63 parameters, "), "%s", text);
    cr_expect_null(strstr(text, "scale"), "what follows the way back is no part of the way forward");
    free(text);
    tape_unhook(tape, g);
    graph_free(g);
}

/* Elements open and close in order, attributes are quoted, & stands for an entity: well-formed as far as we use it. */
static void expect_well_formed(const char *s)
{
    char open[16][32];
    int depth = 0;
    for (; *s; s++) {
        if (*s == '&') cr_assert(!strncmp(s, "&amp;", 5) || !strncmp(s, "&lt;", 4) || !strncmp(s, "&gt;", 4) ||
                                 !strncmp(s, "&quot;", 6), "a bare & at %.20s", s);
        cr_assert_neq(*s, '>', "a bare > at %.20s", s);
        if (*s != '<') continue;
        const char *end = s + 1;
        for (bool quoted = false; *end && (quoted || *end != '>'); end++) quoted ^= *end == '\'';
        cr_assert(*end, "an element never ends: %.40s", s);
        if (s[1] == '/') {
            cr_assert(depth > 0 && !strncmp(open[depth - 1], s + 2, strlen(open[depth - 1])), "closes %.20s", s);
            depth--;
        } else if (end[-1] != '/') {
            cr_assert(depth < 16);
            snprintf(open[depth++], sizeof open[0], "%.*s", (int)strcspn(s + 1, " >"), s + 1);
        }
        s = end;
    }
    cr_assert_eq(depth, 0);
}

typedef struct Rect { double x, y, w, h; } Rect;

static int rects(const char *svg, Rect *out, int most)
{
    int n = 0;
    for (const char *s = strstr(svg, "<rect x="); s && n < most; s = strstr(s + 1, "<rect x="), n++)
        cr_assert_eq(sscanf(s, "<rect x='%lf' y='%lf' width='%lf' height='%lf'", &out[n].x, &out[n].y, &out[n].w,
                            &out[n].h), 4);
    return n;
}

Test(profile, the_graph_has_a_box_for_each_op_and_none_overlap)
{
    Graph *g = drawn_net();
    Rect box[64];
    cr_assert_null(graph_draw(g, new_path()));
    char *svg = read_file(path);
    expect_well_formed(svg);
    int n = rects(svg, box, 64);
    cr_expect_eq(n, 8 + 2, "7 ops, a copy of the transposed input, the data and the targets, not %d boxes", n);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            cr_expect(box[i].x + box[i].w <= box[k].x || box[k].x + box[k].w <= box[i].x ||
                      box[i].y + box[i].h <= box[k].y || box[k].y + box[k].h <= box[i].y, "boxes %d and %d", k, i);
    cr_expect_eq(count(svg, "marker-end"), 10, "%d arrows", count(svg, "marker-end"));
    cr_expect(strstr(svg, "a &quot;quoted&quot; &lt;&amp;&gt; \\ ? name") && strstr(svg, "63 parameters"), "%s", svg);
    cr_expect(strstr(svg, "with (7,5) (7)") && strstr(svg, "transpose (4,5)"));
    free(svg);
    tape_unhook(tape, g);
    graph_free(g);
    unlink(path);
}

/* A step that no tape has played: its own title and notes; what has no inputs comes from outside. */
Test(profile, a_step_of_anybodys_making_is_drawn)
{
    GraphEnd  in[2] = { { .from = 0 }, { .from = 0 } };
    GraphOp   op[2] = { { .name = "a", .note = "3, slope 6" },
                        { .name = "a a", .n_in = 2, .in = in, .note = "9 < 10" } };
    GraphStep step = { .op = op, .n = 2, .title = "a & a", .caption = "twice the same" };
    Rect      box[8];
    cr_assert_null(graph_draw_step(&step, new_path()));
    char *svg = read_file(path);
    expect_well_formed(svg);
    cr_expect_eq(rects(svg, box, 8), 2);
    cr_expect(count(svg, "a &amp; a") == 2 && strstr(svg, "9 &lt; 10") && strstr(svg, "twice the same"), "%s", svg);
    cr_expect(strstr(svg, "3, slope 6") && !strstr(svg, "on the tape") && strstr(svg, "rx='12'"), "%s", svg);
    free(svg);
    unlink(path);
}

/* A ladder in which every rung is read by all later ones: bends in every layer. */
Test(profile, a_graph_of_many_long_edges_is_drawn)
{
    enum { RUNGS = 40 };
    Graph *g = graph_new();
    Tensor *x[RUNGS] = { param(SHAPE(3)) };
    Rect box[128];
    graph_watch(g, tape);
    for (int i = 1; i < RUNGS; i++) x[i] = op_add(tape, op_gelu(tape, x[i - 1]), x[i / 2]);
    cr_assert_null(graph_draw(g, new_path()));
    char *svg = read_file(path);
    expect_well_formed(svg);
    cr_expect_eq(rects(svg, box, 128), 2 * (RUNGS - 1), "parameters have no boxes");
    free(svg);
    unlink(path);
    cr_expect(strstr(graph_draw(g, "/no/such/folder/g.svg"), "cannot write /no/such/folder/g.svg: No such"));
    tape_unhook(tape, g);
    graph_free(g);
}

Test(profile, nothing_to_draw)
{
    Graph *g = graph_new();
    cr_expect(strstr(graph_draw(g, "/tmp/never"), "no operation has run"));
    cr_expect(access("/tmp/never", F_OK) != 0);
    graph_free(g);
}

/* ---- All of them at once ---- */

Test(profile, all_tools_at_once)
{
    Tools *tools;
    char graph[64];
    strcpy(graph, new_path());
    ToolsArg arg = { .profile = true, .nan_trap = true, .memory = true, .summary = true, .graph = graph,
                     .trace = new_path() };
    Tape *fresh = tape_new("fresh");
    small_net();
    cr_assert_null(tools_new(&tools, arg));
    tools_watch(tools, fresh);
    for (int i = 0; i < 3; i++, tape_reset(fresh))
        tape_backward(fresh, op_sum_to(fresh, op_gelu(fresh, op_linear(fresh, constant(SHAPE(4, 5)), w, b)), SHAPE(1)));
    tape_free(fresh);
    FILE *f = open_text();
    tools_watch(tools, tape);           /* one that lives on */
    cr_assert_null(tools_done(tools, 1, f));
    small_step(4);
    fclose(f);
    cr_expect(strstr(text, "summary: ") && strstr(text, "profile: 3 steps") && strstr(text, " of 3 steps asked"), "%s",
              text);
    json_t *all = json_load_file(path, 0, NULL);
    cr_expect(all != NULL);
    json_decref(all);
    char *svg = read_file(graph);
    expect_well_formed(svg);
    free(svg), free(text);
    unlink(path), unlink(graph);
}
