/* tape.h -- run operations, remember them, play them backwards. */
#pragma once
#include "check.h"
#include "tensor.h"

enum { MAX_OUT = 4 };
typedef struct Tape Tape;

typedef struct Node {                   /* filled by op_*(), copied into the tape by tape_run */
    const struct Op *op;
    int      n_in, n_out;               /* n_out 0 means 1 */
    Tensor **in;                        /* any number, in[0] always there; other NULLs are optional inputs (a bias) */
    Tensor  *out[MAX_OUT];              /* out[0] is returned; saved statistics are outputs without gradient */
    const void *arg; size_t arg_size;   /* the op's own struct, copied: an op outside common/ needs no header of ours */
} Node;

typedef struct Op {                     /* one row per op, at the bottom of ops/<name>.c */
    const char *name;
    unsigned    dtypes;                 /* 1u << F32 | ...: what an input may be. The floating ones must share one */
    bool        strided;                /* takes views; otherwise tape_run makes them contiguous */
    const char *(*shape)(Node *);       /* sets each out's shape; NULL, or a sentence saying what is wrong */
    void (*forward[DEV_COUNT])(Tape *, Node *); /* NULL: not on that device. A view needs none */
    void (*backward)(Tape *, Node *);   /* written with op_*(); out[i]->grad may be NULL. NULL: outputs are constants */
    double (*flops)(const Node *);      /* of forward, for the profile; NULL: one for each element of the outputs */
} Op;
/* In shape(), out[i] starts with in[0]'s dtype and device. What it may do besides setting a shape:
 *   out[i]->data = ..., ->base = ...   a view: nothing is allocated, and the gradient is the same view of the base's
 *   out[i] = in[j]                     in place: forward overwrites in[j], backward its gradient
 *   out[i]->needs_grad = false         a saved statistic
 *   out[i]->arena = ...                from that arena: a parameter can take its gradient over, instead of copying it
 * tape_backward empties the tape: what it keeps (y, and what tape_keep named) goes on as a constant. */

Tape   *tape_new(const char *name);
void    tape_free(Tape *);
void    tape_reset(Tape *);                         /* O(1): every tensor of the step is gone */
Arena  *tape_arena(Tape *);                         /* of the step's tensors */
bool    tape_record(Tape *, bool on);               /* off for evaluation; returns what it was */
bool    tape_train(Tape *, bool on);                /* off: dropout and batch norm as in use; returns what it was. On */
bool    tape_training(const Tape *);                /* ... at first, as models are built to be trained */

Tensor *tape_run(Tape *, Node);                     /* the only door: check, allocate, launch, record */
void    tape_run_all(Tape *, Node, Tensor **out);   /* the same, for all n_out outputs */
void   *tape_scratch(Tape *, size_t bytes);         /* in forward: memory until it returns, one piece */
void   *tape_stream(Tape *);                        /* in forward on CUDA: the cudaStream_t; NULL on the CPU */
void    tape_backward(Tape *, Tensor *y);           /* y->grad if set, else 1, y being one number. Keeps y */
void    tape_add_grad(Tape *, Tensor *x, Tensor *g); /* in backward: x's gradient += g; x may be NULL or a constant */
Tensor *tape_grad(Tape *, Tensor *x);               /* NULL if none came; for a view, the same view of its base's */
Tensor *tape_keep(Tensor *);                        /* tape_backward will not give it back; returns it */

/* Runs f again during backward instead of keeping its activations. f depends on in and ctx alone (random numbers come
 * from a copy of an Rng in ctx) and writes nothing in place that lives outside; ctx lives until tape_backward. */
Tensor *tape_recompute(Tape *, Tensor *(*f)(Tape *, Tensor **in, void *ctx), Tensor **in, int n_in, void *ctx);
/* The same for what one cheap op gave: x's memory goes back now, and each node whose backward asks for x has it worked
 * out again. Call it when forward is done with x: no views of it, nothing written in place. Where nothing is recorded
 * that could make x again, x stays. */
void    tape_forget(Tape *, Tensor *x);

void    tape_replace(Tape *, const char *name, const Op *row); /* a learner's kernel; NULL slots keep the library's */
void    tape_replaced(Tape *, FILE *);              /* how often each replacement ran: 0 is likely a misspelt name */

/* What looks on (profile.h, trap.h, trace.h, graph.h, account.h): called around every node that passes the door, views
 * and backward's too, last added innermost. before: outputs have their memory; after: they are written. playing: the
 * node whose gradient this one works out; NULL on the way forward. Hooks read, and run no ops. */
typedef struct TapeHook {
    void *ctx;
    void (*before)(void *ctx, Tape *, const Node *, const Node *playing);   /* NULL: not wanted, as for all */
    void (*after)(void *ctx, Tape *, const Node *, const Node *playing);
    void (*step_end)(void *ctx, Tape *);            /* tape_reset or tape_free: the tensors are about to go */
    void (*freed)(void *ctx, Tape *);               /* after the last step_end */
} TapeHook;
void    tape_hook(Tape *, TapeHook);
void    tape_unhook(Tape *, const void *ctx);       /* all that have this ctx: before it is freed, if the tape lives */

/* tape_run(t, (Node){ .op = &op, IN(x, w), ARG(LinearArg, .relu = true) }). C only. */
#define IN(...) .n_in = (int)(sizeof((Tensor *[]){ __VA_ARGS__ }) / sizeof(Tensor *)), .in = (Tensor *[]){ __VA_ARGS__ }
#define ARG(type, ...) .arg = &(type){ __VA_ARGS__ }, .arg_size = sizeof(type)
