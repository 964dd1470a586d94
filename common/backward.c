/* backward.c -- the way back: gradients, memory that lives for one node's backward, recomputation. */
#include "tape_inside.h"
#include <string.h>
#include "ops.h"

/* ---- Temporaries ---- */

void tape_add_temp(Tape *t, Tensor *x, const char *owner)
{
    if (t->scope < 0) return;
    if (t->n_temp == t->temp_room) t->temp = tape_grow(t->temp, &t->temp_room, sizeof *t->temp);
    t->temp[t->n_temp++] = (Temp){ .tensor = x, .owner = owner };
}

static Temp *find_temp(Tape *t, const void *data)
{
    for (int64_t i = t->n_temp - 1; t->scope >= 0 && i >= t->scope; i--)
        if (!t->temp[i].tensor->base && !t->temp[i].remade && t->temp[i].tensor->data == data) return &t->temp[i];
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
        if (!m.remade) arena_give_back(m.tensor->arena, DEV_CPU, m.tensor, sizeof *m.tensor, "headers");
    }
    t->n_temp = kept;
    t->scope = outer;
}

/* Does the node being played find its inputs and outputs as they were when it ran? */
void tape_check_unwritten(const Tape *t, const Node *n, Tensor *x)
{
    const Node *p = t->playing;
    for (int i = 0; i < p->n_in + p->n_out; i++) {
        Tensor *saved = i < p->n_in ? p->in[i] : p->out[i - p->n_in];
        if (!saved || tensor_root(saved) != tensor_root(x) || tape_versions(p)[i] == tensor_root(x)->version) continue;
        tape_refuse(n, sentence("the backward of %s needs %s as it was, but it has been written in place since: %s",
                                p->op->name, tensor_text(x).s, "write to a copy"));
    }
}

/* ---- Gradients ---- */

static Tensor *new_grad(Tensor *root, void *data)
{
    Tensor *g = tape_header(root->arena, (Tensor){ .dtype = root->dtype, .device = root->device, .data = data });
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
    Tensor *v = tape_header(t->arena, view);
    tape_add_temp(t, v, "gradients");
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
    Tensor *root = tensor_root(x), once;
    if (tensor_overlaps(x)) { /* each number once, with the sum of its gradients */
        once = *x;
        for (int d = 0; d < x->ndim; d++)
            if (x->stride[d] == 0) once.shape[d] = 1;
        g = op_sum_to(t, g, once.ndim, once.shape);
        x = &once;
    }
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
        if (y->grad && !y->base && !y->keep && !tape_is_input(n, y)) tape_add_temp(t, y->grad, "gradients");
    }
    return reached;
}

static void release_outputs(Node *n)
{
    for (int i = 0; i < n->n_out; i++) {
        Tensor *y = n->out[i];
        bool in_place = tape_is_input(n, y);
        if (y->base) y->grad = NULL;    /* its header goes with the scope */
        if (!in_place) y->needs_grad = false; /* the node is gone: kept, it goes on as a constant */
        if (y->base || y->keep || in_place) continue; /* not this node's to give */
        y->grad = NULL;
        if (y->data) give_back(y, n->op->name); /* else it was forgotten */
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
    while (t->n_forgotten > 0 && t->forgotten[t->n_forgotten - 1].node >= t->n) t->n_forgotten--;
}

static void play(Tape *t, int64_t down_to)
{
    while (t->n > down_to) play_one(t, t->node[--t->n]); /* by value: recomputation records over it */
}

/* dy = 1. What looks on sees it as tape_backward's own node. */
static void seed(Tape *t, Tensor *y)
{
    static const Op op = { .name = "tape_backward" };
    static const Node node = { .op = &op };
    t->playing = &node;
    Tensor *root = tensor_root(y);
    CHECK(tensor_count(y) == 1, "tape_backward: %s is no scalar and has no gradient set", tensor_text(y).s);
    root->grad = new_grad(root, NULL);
    if (y != root) op_fill(t, root->grad, 0);
    op_fill(t, tape_grad(t, y), 1);
    t->playing = NULL;
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

/* ---- Forgetting ---- */

/* The node that made x, if it was recorded and can run again. Nobody after it may know where x lay. */
static int64_t find_maker(const Tape *t, const Tensor *x)
{
    for (int64_t i = t->n - 1; i >= 0; i--) {
        const Node *n = &t->node[i];
        bool made = false;
        for (int k = 0; k < n->n_in; k++)
            if (n->in[k] && n->in[k]->base == x) tape_refuse(n, "has seen a view of what is to be forgotten");
        for (int k = 0; k < n->n_out; k++) made |= n->out[k] == x;
        if (made && tape_is_input(n, x)) tape_refuse(n, "has written in place what is to be forgotten");
        if (made) return n->op->forward[x->device] ? i : -1;
    }
    return -1;
}

void tape_forget(Tape *t, Tensor *x)
{
    bool    may = t->recording && x->arena == t->arena && x->data && !x->base && !x->keep;
    int64_t at = may ? find_maker(t, x) : -1;
    if (at < 0) return;
    if (t->n_forgotten == t->forgotten_room)
        t->forgotten = tape_grow(t->forgotten, &t->forgotten_room, sizeof *t->forgotten);
    int64_t i = t->n_forgotten++; /* sorted by node, as they will be played */
    for (; i > 0 && t->forgotten[i - 1].node > at; i--) t->forgotten[i] = t->forgotten[i - 1];
    t->forgotten[i] = (Forgotten){ .tensor = x, .node = at };
    give_back(x, t->node[at].op->name);
}

/* For the node being played alone: where the next one asks again, it is made again. */
bool tape_remake(Tape *t, Tensor *x)
{
    int64_t i = t->n_forgotten - 1;
    while (i >= 0 && t->forgotten[i].tensor != x) i--;
    if (i < 0 || t->scope < 0) return false;
    Node n = t->node[t->forgotten[i].node];
    for (int k = 0; k < n.n_in; k++) {
        if (!n.in[k]) continue;
        Tensor *root = tensor_root(n.in[k]);
        if (!root->data && !tape_remake(t, root)) return false;
        if (tape_versions(&n)[k] != root->version)
            tape_refuse(&n, "is to make again what was forgotten, but an input has been written in place since");
    }
    x->data = arena_alloc(x->arena, x->device, tensor_bytes(x), n.op->name);
    tape_add_temp(t, x, n.op->name);
    t->temp[t->n_temp - 1].remade = true;
    tape_launch(t, &n, true);
    return true;
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
    tape_copy_inputs(t, &n);
    tape_remember(t, n);
    return y;
}
