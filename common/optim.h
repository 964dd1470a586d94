/* optim.h -- optimizers: in-place ops without backward, through the tape's one door. */
#pragma once
#include "nn.h"

typedef struct { double rate, momentum, weight_decay; bool nesterov; } SgdArg;
typedef struct { double rate, beta1, beta2, eps, weight_decay; } AdamwArg; /* 0 for beta1, beta2, eps: .9, .999, 1e-8 */
typedef struct Optim Optim;

/* Both as in PyTorch, so that trajectories can be compared: SGD with v = momentum v + g, w -= rate v (Nesterov:
 * w -= rate (g + momentum v)), decay added to g; AdamW with decoupled decay (Loshchilov, Hutter, arXiv:1711.05101). */
Optim *optim_sgd(Arena *, const NnParams *, SgdArg);
Optim *optim_adamw(Arena *, const NnParams *, AdamwArg);
void   optim_step(Optim *, Tape *);     /* after tape_backward: updates what has a gradient, then drops gradients */
void   optim_set_rate(Optim *, double rate);
double optim_rate(const Optim *);
/* Its state, for checkpoints: "step", "m.NAME", "v.NAME". SGD has no m, and v only with momentum. */
void   optim_visit(Optim *, const char *prefix, NnVisit *, void *ctx);
