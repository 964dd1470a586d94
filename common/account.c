/* account.c -- who held the memory at its peak, and whether steps still ask the system for more. */
#include "account.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_ARENAS = 32, MAX_OWNERS = 96 };

/* As it was when the arena was last seen to have grown: it may be gone since. */
typedef struct Held {
    char       name[48];
    size_t     peak, reserved;
    ArenaOwner owner[MAX_OWNERS];
    int        owners;
} Held;

struct Account {
    Held    arena[MAX_ARENAS];
    int     arenas;
    int64_t steps, asking, last;        /* asking: those that asked the system; last: the latest of them */
    long    requests, at_start;         /* in steps; before this one */
    bool    in_step;
};

static Held *held_of(Account *a, const char *name)
{
    for (int i = 0; i < a->arenas; i++)
        if (!strncmp(a->arena[i].name, name, sizeof a->arena[i].name - 1)) return &a->arena[i];
    if (a->arenas == MAX_ARENAS) return NULL;
    Held *h = &a->arena[a->arenas++];
    snprintf(h->name, sizeof h->name, "%s", name);
    return h;
}

static void note(Account *a, const Arena *arena)
{
    const ArenaOwner *owner;
    Held *h = held_of(a, arena_name(arena));
    if (!h || arena_peak(arena) <= h->peak) return;
    h->peak = arena_peak(arena);
    h->reserved = arena_reserved(arena);
    h->owners = arena_owners(arena, &owner);
    if (h->owners > MAX_OWNERS) h->owners = MAX_OWNERS;
    memcpy(h->owner, owner, (size_t)h->owners * sizeof *owner);
}

static void before(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    Account *a = ctx;
    (void)t, (void)n, (void)playing;
    if (!a->in_step) a->at_start = arena_requests();
    a->in_step = true;
}

static void after(void *ctx, Tape *t, const Node *n, const Node *playing)
{
    (void)playing;
    note(ctx, tape_arena(t));
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] && n->in[i]->arena && n->in[i]->arena != tape_arena(t)) note(ctx, n->in[i]->arena);
}

static void step_end(void *ctx, Tape *t)
{
    Account *a = ctx;
    (void)t;
    if (!a->in_step) return;
    long asked = arena_requests() - a->at_start;
    a->in_step = false;
    a->steps++;
    a->requests += asked;
    a->asking += asked > 0;
    if (asked) a->last = a->steps;
}

Account *account_new(void)
{
    Account *a = calloc(1, sizeof *a);
    CHECK(a, "memory account: out of memory");
    return a;
}

void account_watch(Account *a, Tape *t)
{
    note(a, tape_arena(t));
    tape_hook(t, (TapeHook){ .ctx = a, .before = before, .after = after, .step_end = step_end });
}

void account_free(Account *a) { free(a); }

static int by_bytes(const void *a, const void *b)
{
    const ArenaOwner *x = a, *y = b;
    return (x->at_peak < y->at_peak) - (x->at_peak > y->at_peak);
}

static double mib(size_t bytes) { return (double)bytes / (1 << 20); }

static void print_held(Held h, FILE *f)
{
    fprintf(f, "  %-28s %10.2f MiB at the peak, %.2f MiB asked of the system\n", h.name, mib(h.peak), mib(h.reserved));
    qsort(h.owner, (size_t)h.owners, sizeof *h.owner, by_bytes);
    for (int i = 0; i < h.owners && h.owner[i].at_peak; i++)
        fprintf(f, "    %-26s %10.2f MiB %5.1f%%\n", h.owner[i].name, mib(h.owner[i].at_peak),
                100 * (double)h.owner[i].at_peak / (double)h.peak);
}

void account_print(const Account *a, FILE *f)
{
    fprintf(f, "memory: %lld of %lld steps asked the system for more, %ld times in all", (long long)a->asking,
            (long long)a->steps, a->requests);
    if (a->asking) fprintf(f, "; the last was step %lld", (long long)a->last);
    fputc('\n', f);
    for (int i = 0; i < a->arenas; i++) print_held(a->arena[i], f);
}
