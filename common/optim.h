/* optim.h -- optimizers: in-place ops without backward, through the tape's one door. */
#pragma once
#include "nn.h"

typedef struct { double rate, momentum, weight_decay; bool nesterov; } SgdArg;
typedef struct { double rate, beta1, beta2, eps, weight_decay; } AdamwArg; /* 0 for beta1, beta2, eps: .9, .999, 1e-8 */
typedef AdamwArg AdamArg;                       /* weight_decay is added to the gradient. Kingma, Ba, arXiv:1412.6980 */
typedef struct { double rate, alpha, eps, momentum, weight_decay; } RmspropArg; /* 0 for alpha, eps: .99, 1e-8 */
typedef struct { double rate, beta1, beta2, weight_decay; } LionArg;    /* 0: .9, .99. Chen et al., arXiv:2302.06675 */
typedef struct Optim Optim;

/* As in PyTorch, so that trajectories can be compared: SGD with v = momentum v + g, w -= rate v (Nesterov:
 * w -= rate (g + momentum v)), decay added to g; AdamW with decoupled decay (Loshchilov, Hutter, arXiv:1711.05101), and
 * so Lion; RMSProp with eps outside the root, decay added to g. */
Optim *optim_sgd(Arena *, const NnParams *, SgdArg);
Optim *optim_adamw(Arena *, const NnParams *, AdamwArg);
Optim *optim_adam(Arena *, const NnParams *, AdamArg);
Optim *optim_rmsprop(Arena *, const NnParams *, RmspropArg);
Optim *optim_lion(Arena *, const NnParams *, LionArg);
void   optim_step(Optim *, Tape *);     /* after tape_backward: updates what has a gradient, then drops gradients */
void   optim_set_rate(Optim *, double rate);
double optim_rate(const Optim *);
/* Its state, for checkpoints: "step", "m.NAME", "v.NAME", as far as the rule has them: SGD v with momentum; RMSProp v,
 * and m with momentum; Lion m. The rate is the caller's to set again. */
void   optim_visit(Optim *, const char *prefix, NnVisit *, void *ctx);

/* Between tape_backward and optim_step: all gradients times min(1, most / norm), norm their common L2 norm, which is
 * returned. A norm that is not finite changes nothing: NaN and inf are seen. Pascanu et al., arXiv:1211.5063. */
double optim_clip(Tape *, const NnParams *, double most);

/* Loss scaling for 16-bit gradients (Micikevicius et al., arXiv:1710.03740): multiply the loss by `scale` before
 * tape_backward; optim_unscale divides the gradients, and returns false when one is not finite: it has dropped them,
 * skip the step. Then the scale halves, down to 1; after `patience` good steps in a row it doubles. Plain: save it with
 * the optimizer. */
typedef struct OptimScaler { double scale; int patience, good; } OptimScaler;   /* 65536, 2000, 0 to begin with */
bool   optim_unscale(Tape *, OptimScaler *, const NnParams *);

/* Rates by step, which counts from 0: pure functions, so that a resumed run goes on as the first would have. Over
 * `warm` steps the rate goes up in a line, rate (step + 1) / (warm + 1); then down over the rest of `steps` as named,
 * to `least` times it, where it stays. */
typedef enum {
    RATE_CONSTANT, RATE_LINEAR, RATE_COSINE, RATE_STEP, RATE_EXPONENTIAL, RATE_NOAM, RATE_ONE_CYCLE
} RateKind;
typedef struct Schedule {
    RateKind kind;
    double   rate, least;
    int64_t  warm, steps;
    int64_t  every; double factor;      /* STEP: times factor at each multiple of every; EXPONENTIAL: at each step */
} Schedule;
/* NOAM (Vaswani et al., arXiv:1706.03762): rate warm^.5 min((step+1)^-.5, (step+1) warm^-1.5). ONE_CYCLE (Smith, Topin,
 * arXiv:1708.07120): half a cosine from `factor` (0: 1/25) of the rate up to it at step warm - 1, half a one down. */
double optim_schedule(const Schedule *, int64_t step);
