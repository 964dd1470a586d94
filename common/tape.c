/* tape.c -- one door for every operation, and the list of what ran. The way back is backward.c. */
#include "tape_inside.h"
#include <stdlib.h>
#include <string.h>
#include "ops.h"

/* ---- Who looks on ---- */

void tape_hook(Tape *t, TapeHook hook)
{
    CHECK(t->n_hooks < MAX_HOOKS, "tape_hook: more than %d hooks", MAX_HOOKS);
    t->hook[t->n_hooks++] = hook;
}

void tape_unhook(Tape *t, const void *ctx)
{
    int kept = 0;
    for (int i = 0; i < t->n_hooks; i++)
        if (t->hook[i].ctx != ctx) t->hook[kept++] = t->hook[i];
    t->n_hooks = kept;
}

static void look_before(Tape *t, const Node *n)
{
    for (int i = 0; i < t->n_hooks; i++)
        if (t->hook[i].before) t->hook[i].before(t->hook[i].ctx, t, n, t->playing);
}

static void look_after(Tape *t, const Node *n)
{
    for (int i = t->n_hooks - 1; i >= 0; i--)
        if (t->hook[i].after) t->hook[i].after(t->hook[i].ctx, t, n, t->playing);
}

static void end_step(Tape *t)
{
    for (int i = 0; i < t->n_hooks; i++)
        if (t->hook[i].step_end) t->hook[i].step_end(t->hook[i].ctx, t);
}

/* ---- A tape's life ---- */

Tape *tape_new(const char *name)
{
    Tape *t = calloc(1, sizeof *t);
    CHECK(t, "tape %s: out of memory", name);
    t->arena = arena_new(name);
    t->scope = -1;
    t->recording = t->training = true;
    return t;
}

void tape_free(Tape *t)
{
    end_step(t);
    for (int i = 0; i < t->n_hooks; i++)
        if (t->hook[i].freed) t->hook[i].freed(t->hook[i].ctx, t);
    arena_free(t->arena);
    free(t->node);
    free(t->temp);
    free(t->forgotten);
    free(t);
}

void tape_reset(Tape *t)
{
    CHECK(t->scope < 0, "tape_reset: within tape_backward or tape_recompute");
    end_step(t);
    t->n = t->n_forgotten = 0;
    arena_reset(t->arena);
}

Arena *tape_arena(Tape *t) { return t->arena; }

bool tape_record(Tape *t, bool on)
{
    bool was = t->recording;
    t->recording = on;
    return was;
}

bool tape_train(Tape *t, bool on)
{
    bool was = t->training;
    t->training = on;
    return was;
}

bool tape_training(const Tape *t) { return t->training; }

Tensor *tape_keep(Tensor *x)
{
    tensor_root(x)->keep = true;
    return x;
}

void *tape_grow(void *items, int64_t *room, size_t size)
{
    arena_requested();
    *room = *room ? 2 * *room : 64;
    items = realloc(items, (size_t)*room * size);
    CHECK(items, "tape: out of memory for %lld entries", (long long)*room);
    return items;
}

/* ---- Replacements ---- */

void tape_replace(Tape *t, const char *name, const Op *row)
{
    CHECK(t->n_replaced < MAX_REPLACED, "tape_replace: more than %d ops", MAX_REPLACED);
    t->replaced[t->n_replaced++] = (Replacement){ .name = name, .row = row };
}

void tape_replaced(Tape *t, FILE *f)
{
    for (int i = 0; i < t->n_replaced; i++)
        fprintf(f, "%s: the plugged-in code ran %lld times\n", t->replaced[i].name, (long long)t->replaced[i].runs);
}

static Op merge(const Op *mine, const Op *lib)
{
    Op op = *mine;
    op.name = lib->name;
    if (!op.dtypes) op.dtypes = lib->dtypes;
    if (!op.shape) op.shape = lib->shape;
    if (!op.backward) op.backward = lib->backward;
    if (!op.flops) op.flops = lib->flops;
    if (!op.forward[DEV_CPU]) op.strided = lib->strided; /* whoever reads the inputs decides */
    for (int d = 0; d < DEV_COUNT; d++)
        if (!op.forward[d]) op.forward[d] = lib->forward[d];
    return op;
}

/* Merged when the library's row is first met: there is no list of all ops to look it up in. The latest one wins. */
static const Op *resolve(Tape *t, const Op *lib)
{
    for (int i = t->n_replaced - 1; i >= 0; i--) {
        Replacement *r = &t->replaced[i];
        if (strcmp(r->name, lib->name)) continue;
        if (r->runs++ == 0) r->merged = merge(r->row, lib);
        return &r->merged;
    }
    return lib;
}

Tensor *tape_header(Arena *a, Tensor like)
{
    Tensor *x = arena_alloc(a, DEV_CPU, sizeof *x, "headers");
    *x = like;
    x->arena = a;
    return x;
}

/* ---- The door: what may not pass ---- */

static bool is_float(Dtype d) { return d <= BF16; }

bool tape_is_input(const Node *n, const Tensor *x)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] == x) return true;
    return false;
}

_Noreturn void tape_refuse(const Node *n, const char *why)
{
    char shapes[512] = "";
    for (int i = 0, at = 0; i < n->n_in && at < (int)sizeof shapes; i++)
        at += snprintf(shapes + at, sizeof shapes - (size_t)at, " %s", n->in[i] ? tensor_text(n->in[i]).s : "none");
    check_failed(__FILE__, __LINE__, "%s: %s:%s", n->op->name, why, shapes);
}

/* Behind a node's inputs lie as many counts as it has inputs and outputs: how often each had been written by then. */
static size_t in_bytes(const Node *n)
{
    return (size_t)n->n_in * sizeof *n->in + (size_t)(n->n_in + n->n_out) * sizeof(uint32_t);
}
uint32_t *tape_versions(const Node *n) { return (uint32_t *)(n->in + n->n_in); }

void tape_copy_inputs(Tape *t, Node *n)
{
    Tensor **in = arena_alloc(t->arena, DEV_CPU, in_bytes(n), "tape");
    n->in = memcpy(in, n->in, (size_t)n->n_in * sizeof *in);
}

static void check_inputs(Tape *t, Node *n)
{
    const Tensor *first = NULL; /* the first floating input sets the dtype */
    for (int i = 0; i < n->n_in; i++) {
        Tensor *x = n->in[i];
        if (!x) continue;
        if (!tensor_root(x)->data && !tape_remake(t, tensor_root(x)))
            tape_refuse(n, "tape_backward or tape_forget gave an input back: tape_keep() it, or read it before");
        if (x->device != n->in[0]->device) tape_refuse(n, "inputs on two devices");
        if (t->playing) tape_check_unwritten(t, n, x);
        if (is_float(x->dtype) && !first) first = x;
        if (is_float(x->dtype) && x->dtype != first->dtype) tape_refuse(n, "inputs of two dtypes");
        if (!(n->op->dtypes >> x->dtype & 1)) tape_refuse(n, "does not take this dtype");
        if (!n->op->strided && !tensor_contiguous(x)) n->in[i] = op_contiguous(t, x);
    }
}

/* ---- The door: what passes ---- */

void tape_remember(Tape *t, Node n)
{
    for (int i = 0; i < n.n_in; i++) tape_versions(&n)[i] = n.in[i] ? tensor_root(n.in[i])->version : 0;
    for (int i = 0; i < n.n_out; i++) tape_versions(&n)[n.n_in + i] = tensor_root(n.out[i])->version;
    if (n.arg) n.arg = memcpy(arena_alloc(t->arena, DEV_CPU, n.arg_size, "tape"), n.arg, n.arg_size);
    if (t->n == t->room) t->node = tape_grow(t->node, &t->room, sizeof *t->node);
    t->node[t->n++] = n;
}

void *tape_scratch(Tape *t, size_t bytes)
{
    CHECK(!t->scratch, "tape_scratch: one piece a kernel; ask for the sum");
    t->scratch_size = bytes;
    return t->scratch = arena_alloc(t->arena, DEV_CPU, bytes, "scratch");
}

void *tape_stream(Tape *t) { return (void)t, NULL; }

static void run_kernel(Tape *t, Node *n)
{
    void (*forward)(Tape *, Node *) = n->op->forward[n->out[0]->device];
    if (!forward) tape_refuse(n, "no kernel for this device");
    forward(t, n);
    if (t->scratch) arena_give_back(t->arena, DEV_CPU, t->scratch, t->scratch_size, "scratch");
    t->scratch = NULL;
}

void tape_launch(Tape *t, Node *n, bool writes)
{
    look_before(t, n);
    if (writes) run_kernel(t, n);
    look_after(t, n);
}

/* out[i], which shape() has left as it came or turned into a view: give it a header, and memory if it needs some. */
static Tensor *place(Tape *t, const Node *n, Tensor fresh, bool wants)
{
    bool    elsewhere = fresh.arena && !fresh.data; /* a view belongs to the step, whatever it is a view of */
    Tensor *y = tape_header(elsewhere ? fresh.arena : t->arena, fresh);
    tape_add_temp(t, y, n->op->name);
    y->needs_grad &= wants && is_float(y->dtype);
    y->grad = NULL;
    y->keep = false;
    if (!y->data) y->data = arena_alloc(y->arena, y->device, tensor_bytes(y), n->op->name);
    return y;
}

/* out[i], which shape() has made one of the inputs. */
static void overwrite(Tape *t, const Node *n, Tensor **given, Tensor *y, bool wants)
{
    Tensor *root = tensor_root(y);
    bool watched = t->recording || t->rehearsing;
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] == y && given[i] != y) tape_refuse(n, "writes in place, but not into a strided view");
    if (tensor_overlaps(y)) tape_refuse(n, "writes in place into a view whose elements are one and the same");
    if (watched && !n->op->backward && root->needs_grad && root->arena == t->arena)
        tape_refuse(n, "writes in place without a backward, so the gradient would be the old value's: write to a copy");
    root->version++;
    root->needs_grad |= wants;
}

void tape_run_all(Tape *t, Node n, Tensor **out)
{
    n.op = resolve(t, n.op);
    if (n.n_out == 0) n.n_out = 1;
    CHECK(n.n_in > 0 && n.in[0] && n.n_out <= MAX_OUT, "%s: needs a first input, and at most %d outputs", n.op->name,
          MAX_OUT);
    Tensor **given = n.in;
    tape_copy_inputs(t, &n);
    check_inputs(t, &n);

    Tensor fresh[MAX_OUT];
    for (int i = 0; i < n.n_out; i++) {
        fresh[i] = (Tensor){ .dtype = n.in[0]->dtype, .device = n.in[0]->device, .needs_grad = true };
        n.out[i] = &fresh[i];
    }
    const char *wrong = n.op->shape(&n);
    if (wrong) tape_refuse(&n, wrong);

    bool wants = false, writes = false;
    for (int i = 0; i < n.n_in; i++) wants |= tensor_wants_grad(n.in[i]);
    wants &= n.op->backward && (t->recording || t->rehearsing);
    for (int i = 0; i < n.n_out; i++) {
        writes |= n.out[i] != &fresh[i] || !fresh[i].data;
        if (n.out[i] == &fresh[i]) n.out[i] = place(t, &n, fresh[i], wants);
        else overwrite(t, &n, given, n.out[i], wants);
    }
    tape_launch(t, &n, writes); /* a view is done already */
    memcpy(out, n.out, (size_t)n.n_out * sizeof *out);
    if (wants && t->recording) tape_remember(t, n);
    else arena_give_back(t->arena, DEV_CPU, n.in, in_bytes(&n), "tape");
}

Tensor *tape_run(Tape *t, Node n)
{
    Tensor *out[MAX_OUT];
    tape_run_all(t, n, out);
    return out[0];
}

