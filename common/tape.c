/* tape.c -- one door for every operation; behind it the list of what ran, and the way back. */
#include "tape.h"
#include <stdlib.h>
#include <string.h>
#include "ops.h"

/* A tensor that dies with the node whose backward made it, unless a gradient has taken its data. */
typedef struct Temp {
    Tensor     *tensor;
    const char *owner;
    bool        taken;
} Temp;

typedef struct Replacement {
    const char *name;
    const Op   *row;
    Op          merged;
    int64_t     runs;
} Replacement;

enum { MAX_REPLACED = 512 };

struct Tape {
    Arena      *arena;
    Node       *node;                   /* recorded, in the order they ran */
    int64_t     n, room;
    Temp       *temp;
    int64_t     n_temp, temp_room;
    int64_t     scope;                  /* temp[scope..] belong to the node being played; -1: nothing is temporary */
    const Node *playing;
    bool        recording;
    bool        training;
    bool        rehearsing;             /* the first run of tape_recompute: is a gradient wanted at all? */
    void       *scratch;
    size_t      scratch_size;
    int         n_replaced;
    Replacement replaced[MAX_REPLACED];
};

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
    arena_free(t->arena);
    free(t->node);
    free(t->temp);
    free(t);
}

void tape_reset(Tape *t)
{
    CHECK(t->scope < 0, "tape_reset: within tape_backward or tape_recompute");
    t->n = 0;
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

static void *grow(void *items, int64_t *room, size_t size)
{
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

/* ---- Temporaries ---- */

static void add_temp(Tape *t, Tensor *x, const char *owner)
{
    if (t->scope < 0) return;
    if (t->n_temp == t->temp_room) t->temp = grow(t->temp, &t->temp_room, sizeof *t->temp);
    t->temp[t->n_temp++] = (Temp){ .tensor = x, .owner = owner };
}

static Temp *find_temp(Tape *t, const void *data)
{
    for (int64_t i = t->n_temp - 1; t->scope >= 0 && i >= t->scope; i--)
        if (!t->temp[i].tensor->base && t->temp[i].tensor->data == data) return &t->temp[i];
    return NULL;
}

static void give_back(Tensor *x, const char *owner)
{
    arena_give_back(x->arena, x->device, x->data, tensor_bytes(x), owner);
    x->data = NULL; /* so that whoever reads it later is told, not fooled */
}

static int64_t open_scope(Tape *t)
{
    int64_t outer = t->scope;
    t->scope = t->n_temp;
    return outer;
}

/* Everything made since open_scope goes back, except y, which then belongs to the scope outside. */
static void close_scope(Tape *t, int64_t outer, const Tensor *y)
{
    int64_t kept = t->scope;
    for (int64_t i = t->scope; i < t->n_temp; i++) {
        Temp m = t->temp[i];
        if (y && (m.tensor == y || m.tensor == y->base)) {
            if (outer >= 0) t->temp[kept++] = m;
            continue;
        }
        if (!m.tensor->base && !m.taken && m.tensor->data) give_back(m.tensor, m.owner);
        arena_give_back(m.tensor->arena, DEV_CPU, m.tensor, sizeof *m.tensor, "headers");
    }
    t->n_temp = kept;
    t->scope = outer;
}

static Tensor *new_header(Arena *a, Tensor like)
{
    Tensor *x = arena_alloc(a, DEV_CPU, sizeof *x, "headers");
    *x = like;
    x->arena = a;
    return x;
}

/* ---- The door: what may not pass ---- */

static bool is_float(Dtype d) { return d <= BF16; }

static bool is_input(const Node *n, const Tensor *x)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] == x) return true;
    return false;
}

static _Noreturn void refuse(const Node *n, const char *why)
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
static uint32_t *versions(const Node *n) { return (uint32_t *)(n->in + n->n_in); }

static void copy_inputs(Tape *t, Node *n)
{
    Tensor **in = arena_alloc(t->arena, DEV_CPU, in_bytes(n), "tape");
    n->in = memcpy(in, n->in, (size_t)n->n_in * sizeof *in);
}

/* Does the node being played find its inputs and outputs as they were when it ran? */
static void check_unwritten(const Tape *t, const Node *n, Tensor *x)
{
    const Node *p = t->playing;
    for (int i = 0; i < p->n_in + p->n_out; i++) {
        Tensor *saved = i < p->n_in ? p->in[i] : p->out[i - p->n_in];
        if (!saved || tensor_root(saved) != tensor_root(x) || versions(p)[i] == tensor_root(x)->version) continue;
        refuse(n, sentence("the backward of %s needs %s as it was, but it has been written in place since: %s",
                           p->op->name, tensor_text(x).s, "write to a copy"));
    }
}

static void check_inputs(Tape *t, Node *n)
{
    const Tensor *first = NULL; /* the first floating input sets the dtype */
    for (int i = 0; i < n->n_in; i++) {
        Tensor *x = n->in[i];
        if (!x) continue;
        if (!tensor_root(x)->data) refuse(n, "tape_backward gave an input back: tape_keep() it, or read it before");
        if (x->device != n->in[0]->device) refuse(n, "inputs on two devices");
        if (t->playing) check_unwritten(t, n, x);
        if (is_float(x->dtype) && !first) first = x;
        if (is_float(x->dtype) && x->dtype != first->dtype) refuse(n, "inputs of two dtypes");
        if (!(n->op->dtypes >> x->dtype & 1)) refuse(n, "does not take this dtype");
        if (!n->op->strided && !tensor_contiguous(x)) n->in[i] = op_contiguous(t, x);
    }
}

/* ---- The door: what passes ---- */

static void remember(Tape *t, Node n)
{
    for (int i = 0; i < n.n_in; i++) versions(&n)[i] = n.in[i] ? tensor_root(n.in[i])->version : 0;
    for (int i = 0; i < n.n_out; i++) versions(&n)[n.n_in + i] = tensor_root(n.out[i])->version;
    if (n.arg) n.arg = memcpy(arena_alloc(t->arena, DEV_CPU, n.arg_size, "tape"), n.arg, n.arg_size);
    if (t->n == t->room) t->node = grow(t->node, &t->room, sizeof *t->node);
    t->node[t->n++] = n;
}

void *tape_scratch(Tape *t, size_t bytes)
{
    CHECK(!t->scratch, "tape_scratch: one piece a kernel; ask for the sum");
    t->scratch_size = bytes;
    return t->scratch = arena_alloc(t->arena, DEV_CPU, bytes, "scratch");
}

void *tape_stream(Tape *t) { return (void)t, NULL; }

static void launch(Tape *t, Node *n)
{
    void (*forward)(Tape *, Node *) = n->op->forward[n->out[0]->device];
    if (!forward) refuse(n, "no kernel for this device");
    forward(t, n);
    if (t->scratch) arena_give_back(t->arena, DEV_CPU, t->scratch, t->scratch_size, "scratch");
    t->scratch = NULL;
}

/* out[i], which shape() has left as it came or turned into a view: give it a header, and memory if it needs some. */
static Tensor *place(Tape *t, const Node *n, Tensor fresh, bool wants)
{
    bool    elsewhere = fresh.arena && !fresh.data; /* a view belongs to the step, whatever it is a view of */
    Tensor *y = new_header(elsewhere ? fresh.arena : t->arena, fresh);
    add_temp(t, y, n->op->name);
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
        if (n->in[i] == y && given[i] != y) refuse(n, "writes in place, but not into a strided view");
    if (watched && !n->op->backward && root->needs_grad && root->arena == t->arena)
        refuse(n, "writes in place without a backward, so the gradient would be the old value's: write to a copy");
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
    copy_inputs(t, &n);
    check_inputs(t, &n);

    Tensor fresh[MAX_OUT];
    for (int i = 0; i < n.n_out; i++) {
        fresh[i] = (Tensor){ .dtype = n.in[0]->dtype, .device = n.in[0]->device, .needs_grad = true };
        n.out[i] = &fresh[i];
    }
    const char *wrong = n.op->shape(&n);
    if (wrong) refuse(&n, wrong);

    bool wants = false, writes = false;
    for (int i = 0; i < n.n_in; i++) wants |= tensor_wants_grad(n.in[i]);
    wants &= n.op->backward && (t->recording || t->rehearsing);
    for (int i = 0; i < n.n_out; i++) {
        writes |= n.out[i] != &fresh[i] || !fresh[i].data;
        if (n.out[i] == &fresh[i]) n.out[i] = place(t, &n, fresh[i], wants);
        else overwrite(t, &n, given, n.out[i], wants);
    }
    if (writes) launch(t, &n); /* a view is done already */
    memcpy(out, n.out, (size_t)n.n_out * sizeof *out);
    if (wants && t->recording) remember(t, n);
    else arena_give_back(t->arena, DEV_CPU, n.in, in_bytes(&n), "tape");
}

Tensor *tape_run(Tape *t, Node n)
{
    Tensor *out[MAX_OUT];
    tape_run_all(t, n, out);
    return out[0];
}

/* ---- Gradients ---- */

static Tensor *new_grad(Tensor *root, void *data)
{
    Tensor *g = new_header(root->arena, (Tensor){ .dtype = root->dtype, .device = root->device, .data = data });
    tensor_set_shape(g, root->ndim, root->shape);
    if (!data) g->data = arena_alloc(root->arena, root->device, tensor_bytes(g), "gradients");
    return g;
}

Tensor *tape_grad(Tape *t, Tensor *x)
{
    Tensor *root = tensor_root(x);
    if (x == root || !root->grad) return root->grad;
    Tensor view = *x;
    view.base = root->grad;
    view.data = (char *)root->grad->data + ((char *)x->data - (char *)root->data);
    view.grad = NULL;
    Tensor *v = new_header(t->arena, view);
    add_temp(t, v, "gradients");
    return v;
}

/* x's gradient took memory that this node's backward may still be reading: add out of place. */
static void unshare(Tape *t, Tensor *root, Temp *shared)
{
    Tensor old = *root->grad;
    arena_pass_on(root->arena, tensor_bytes(root), "gradients", shared->owner);
    shared->taken = false;
    root->grad->data = arena_alloc(root->arena, root->device, tensor_bytes(root), "gradients");
    op_copy_into(t, root->grad, &old);
}

/* The first gradient of x: g's own memory if nobody else will want it, else a copy. */
static void store_grad(Tape *t, Tensor *x, Tensor *g)
{
    Tensor *root = tensor_root(x);
    bool whole = tensor_count(x) == tensor_count(root);
    Temp *temp = g->base || !tensor_contiguous(g) ? NULL : find_temp(t, g->data);
    if (temp && !temp->taken && whole && tensor_contiguous(x) && temp->tensor->arena == root->arena) {
        temp->taken = true;
        arena_pass_on(root->arena, tensor_bytes(g), temp->owner, "gradients");
        root->grad = new_grad(root, g->data);
        return;
    }
    root->grad = new_grad(root, NULL);
    if (!whole) op_fill(t, root->grad, 0);
    op_copy_into(t, tape_grad(t, x), g);
}

void tape_add_grad(Tape *t, Tensor *x, Tensor *g)
{
    if (!tensor_wants_grad(x)) return;
    CHECK(tensor_same_shape(x, g) && x->dtype == g->dtype, "tape_add_grad: a gradient %s for a tensor %s",
          tensor_text(g).s, tensor_text(x).s);
    Tensor *root = tensor_root(x);
    if (!root->grad) {
        store_grad(t, x, g);
        return;
    }
    Temp *shared = find_temp(t, root->grad->data);
    if (shared && shared->taken) unshare(t, root, shared);
    op_accumulate(t, tape_grad(t, x), g);
}

/* ---- Backwards ---- */

/* Each output's gradient in its own shape. It is the first temporary: an input may take it, else it goes back. */
static bool collect_grads(Tape *t, Node *n)
{
    bool reached = false;
    for (int i = 0; i < n->n_out; i++) {
        Tensor *y = n->out[i];
        y->grad = tape_grad(t, y);
        reached |= y->grad != NULL;
        if (y->grad && !y->base && !y->keep && !is_input(n, y)) add_temp(t, y->grad, "gradients");
    }
    return reached;
}

static void release_outputs(Node *n)
{
    for (int i = 0; i < n->n_out; i++) {
        Tensor *y = n->out[i];
        bool in_place = is_input(n, y);
        if (y->base) y->grad = NULL;    /* its header goes with the scope */
        if (!in_place) y->needs_grad = false; /* the node is gone: kept, it goes on as a constant */
        if (y->base || y->keep || in_place) continue; /* not this node's to give */
        y->grad = NULL;
        give_back(y, n->op->name);
    }
}

static void play_one(Tape *t, Node n)
{
    int64_t outer = open_scope(t);
    const Node *before = t->playing;
    t->playing = &n;
    if (collect_grads(t, &n)) n.op->backward(t, &n);
    release_outputs(&n);
    t->playing = before;
    close_scope(t, outer, NULL);
}

static void play(Tape *t, int64_t down_to)
{
    while (t->n > down_to) play_one(t, t->node[--t->n]); /* by value: recomputation records over it */
}

static void seed(Tape *t, Tensor *y)
{
    Tensor *root = tensor_root(y);
    CHECK(tensor_count(y) == 1, "tape_backward: %s is no scalar and has no gradient set", tensor_text(y).s);
    root->grad = new_grad(root, NULL);
    if (y != root) op_fill(t, root->grad, 0);
    op_fill(t, tape_grad(t, y), 1);
}

/* Operations were recorded in the order they ran, which is already a topological order: playing them backwards visits
 * every node after all of its uses. */
void tape_backward(Tape *t, Tensor *y)
{
    CHECK(tensor_wants_grad(y), "tape_backward: nothing that %s depends on needs a gradient", tensor_text(y).s);
    bool was = tape_record(t, false);
    int64_t outer = open_scope(t);
    tape_keep(y);
    if (!tensor_root(y)->grad) seed(t, y);
    play(t, 0);
    close_scope(t, outer, NULL);
    t->recording = was;
}

/* ---- Recomputation ---- */

typedef struct Recompute {
    Tensor *(*f)(Tape *, Tensor **, void *);
    void *ctx;
} Recompute;

static void recompute_backward(Tape *t, Node *n)
{
    const Recompute *r = n->arg;
    int64_t from = t->n;
    t->recording = true;
    Tensor *y = r->f(t, n->in, r->ctx);
    t->recording = false;
    tape_add_grad(t, y, n->out[0]->grad);
    play(t, from);
}

static const Op recompute = { .name = "recompute", .backward = recompute_backward };

/* Runs f without recording and drops all that it made but y. */
static Tensor *rehearse(Tape *t, Tensor *(*f)(Tape *, Tensor **, void *), Tensor **in, void *ctx, bool *made_here)
{
    int64_t outer = open_scope(t);
    t->recording = false;
    t->rehearsing = true;
    Tensor *y = f(t, in, ctx);
    t->rehearsing = false;
    t->recording = true;
    Temp *made = find_temp(t, tensor_root(y)->data);
    *made_here = made != NULL;
    if (made) {
        arena_pass_on(made->tensor->arena, tensor_bytes(made->tensor), made->owner, recompute.name);
        made->owner = recompute.name;
    }
    close_scope(t, outer, y);
    return y;
}

Tensor *tape_recompute(Tape *t, Tensor *(*f)(Tape *, Tensor **in, void *ctx), Tensor **in, int n_in, void *ctx)
{
    if (!t->recording) return f(t, in, ctx);
    bool made_here;
    Tensor *y = rehearse(t, f, in, ctx, &made_here);
    if (!made_here || !tensor_wants_grad(y)) return y; /* a view of what was outside carries its gradient by itself */

    Node n = { .op = &recompute, .n_in = n_in, .in = in, ARG(Recompute, f, ctx) };
    n.out[n.n_out++] = y;
    if (y->base) n.out[n.n_out++] = y->base; /* made in f too, and to be given back */
    copy_inputs(t, &n);
    remember(t, n);
    return y;
}
