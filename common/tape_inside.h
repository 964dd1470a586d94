/* tape_inside.h -- what tape.c and backward.c share: nobody else looks in here. */
#pragma once
#include "tape.h"

/* A tensor that dies with the node whose backward made it, unless a gradient has taken its data. Of one that had been
 * forgotten only the data goes: its own node is still to be played. */
typedef struct Temp {
    Tensor     *tensor;
    const char *owner;
    bool        taken, remade;
} Temp;

typedef struct Forgotten {
    Tensor *tensor;
    int64_t node;                       /* that made it, and can make it again */
} Forgotten;

typedef struct Replacement {
    const char *name;
    const Op   *row;
    Op          merged;
    int64_t     runs;
} Replacement;

enum { MAX_REPLACED = 512, MAX_HOOKS = 8 };

struct Tape {
    Arena      *arena;
    Node       *node;                   /* recorded, in the order they ran */
    int64_t     n, room;
    Temp       *temp;
    int64_t     n_temp, temp_room;
    Forgotten  *forgotten;              /* the latest node's last */
    int64_t     n_forgotten, forgotten_room;
    int64_t     scope;                  /* temp[scope..] belong to the node being played; -1: nothing is temporary */
    const Node *playing;
    bool        recording;
    bool        training;
    bool        rehearsing;             /* the first run of tape_recompute: is a gradient wanted at all? */
    void       *scratch;
    size_t      scratch_size;
    int         n_replaced, n_hooks;
    Replacement replaced[MAX_REPLACED];
    TapeHook    hook[MAX_HOOKS];
};

/* ---- tape.c ---- */

void     *tape_grow(void *items, int64_t *room, size_t size);
bool      tape_is_input(const Node *, const Tensor *);
_Noreturn void tape_refuse(const Node *, const char *why);
uint32_t *tape_versions(const Node *);          /* of inputs and outputs, when the node ran */
void      tape_copy_inputs(Tape *, Node *);
void      tape_remember(Tape *, Node);
Tensor   *tape_header(Arena *, Tensor like);
void      tape_launch(Tape *, Node *, bool writes); /* its kernel if it writes, seen by who looks on */

/* ---- backward.c ---- */

void      tape_add_temp(Tape *, Tensor *, const char *owner);
bool      tape_remake(Tape *, Tensor *);        /* false: it was not forgotten, but is gone */
void      tape_check_unwritten(const Tape *, const Node *, Tensor *);
