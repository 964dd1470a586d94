/* trap.c -- stops at the first NaN. */
#include "trap.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct Trap { int64_t step, op; };      /* counted from 1; op within the step */

static bool is_float(const Tensor *x) { return x->dtype <= BF16; }

static bool among(Tensor *const *list, int n, const Tensor *x)
{
    for (int i = 0; i < n; i++)
        if (list[i] == x) return true;
    return false;
}

/* ---- The first odd element in row-major order; -1: there is none ---- */

static int64_t first_in_floats(const float *x, int64_t N, bool inf)
{
    enum { BLOCK = 4096 };
    for (int64_t from = 0; from < N; from += BLOCK) {
        int64_t to = from + BLOCK < N ? from + BLOCK : N;
        int odd = 0;                    /* no early exit: this way it is vector code */
        for (int64_t i = from; i < to; i++) odd |= !(fabsf(x[i]) <= FLT_MAX);
        for (int64_t i = from; odd && i < to; i++)
            if (isnan(x[i]) || (inf && isinf(x[i]))) return i;
    }
    return -1;
}

static int64_t first_odd(const Tensor *x, bool inf)
{
    if (!is_float(x) || x->device != DEV_CPU || !x->data) return -1;
    if (x->dtype == F32 && tensor_contiguous(x)) return first_in_floats(x->data, tensor_count(x), inf);
    for (int64_t i = 0; i < tensor_count(x); i++) {
        double v = tensor_get(x, i);
        if (isnan(v) || (inf && isinf(v))) return i;
    }
    return -1;
}

/* Element i of x: "517 [4,5]: nan" */
static const char *place(const Tensor *x, int64_t i)
{
    char index[96] = "";
    int64_t rest = i, at[MAX_DIMS];
    for (int d = x->ndim - 1; d >= 0; d--) at[d] = rest % x->shape[d], rest /= x->shape[d];
    for (int d = 0, n = 0; d < x->ndim; d++)
        n += snprintf(index + n, sizeof index - (size_t)n, "%s%lld", d ? "," : "", (long long)at[d]);
    double v = tensor_get(x, i);
    return sentence("element %lld [%s] is %s", (long long)i, index, isnan(v) ? "NaN" : v > 0 ? "inf" : "-inf");
}

/* ---- Looking on ---- */

/* An output that nobody wants may be left unwritten (linear_backward's dx): zeros say nothing wrong. */
static void before(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    Trap *trap = ctx;
    (void)t, (void)playing;
    trap->op++;
    for (int i = 0; i < n->n_out && n->n_out > 1; i++) {
        Tensor *y = n->out[i];
        bool fresh = is_float(y) && !y->base && y->device == DEV_CPU && !among(n->in, n->n_in, y);
        if (fresh) memset(y->data, 0, tensor_bytes(y));
    }
}

/* The first input with a NaN or an infinity, -1 if all are clean. What was written in place is an output by now. */
static int odd_input(const Node *n, int64_t *at)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] && !among(n->out, n->n_out, n->in[i]) && (*at = first_odd(n->in[i], true)) >= 0) return i;
    return -1;
}

static const char *origin(const Node *n)
{
    int64_t at;
    int i = odd_input(n, &at);
    return i < 0 ? "its inputs were clean"
                 : sentence("it came in: input %d, %s, %s", i, tensor_text(n->in[i]).s, place(n->in[i], at));
}

/* An infinity that is meant: a mask's. */
static bool is_meant(const Node *n)
{
    int64_t at;
    return !strcmp(n->op->name, "mask_fill") || !strcmp(n->op->name, "fill") || odd_input(n, &at) >= 0;
}

static void after(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    const Trap *trap = ctx;
    (void)t;
    for (int i = 0; i < n->n_out; i++) {
        const Tensor *y = n->out[i];
        int64_t odd = first_odd(y, true);
        if (odd >= 0 && !isnan(tensor_get(y, odd)) && is_meant(n)) odd = first_odd(y, false);
        if (odd < 0) continue;
        CHECK(0, "nan trap: %s%s%s, op %lld of step %lld: output %d, %s, %s; %s", n->op->name,
              playing ? " in the backward of " : "", playing ? playing->op->name : "", (long long)trap->op,
              (long long)trap->step, i, tensor_text(y).s, place(y, odd), origin(n));
    }
}

static void step_end(void *ctx, Tape *t)
{
    Trap *trap = ctx;
    (void)t;
    if (trap->op > 0) trap->step++;
    trap->op = 0;
}

Trap *trap_new(void)
{
    Trap *trap = calloc(1, sizeof *trap);
    CHECK(trap, "nan trap: out of memory");
    trap->step = 1;
    return trap;
}

void trap_watch(Trap *trap, Tape *t)
{
    tape_hook(t, (TapeHook){ .ctx = trap, .before = before, .after = after, .step_end = step_end });
}

void trap_free(Trap *trap) { free(trap); }
