/* recurrent.h -- what lstm and gru share: their inputs, the weights turned once a sequence, the weights' gradients. */
#pragma once
#include "linear.h"

enum { X, H0, C0, W_IH, W_HH, B_IH, B_HH, RECURRENT_INPUTS };  /* of both; a gru's C0 is NULL */

typedef struct RecurrentSizes { int64_t T, B, IN, H, G; } RecurrentSizes;       /* G: gates times H */
RecurrentSizes recurrent_sizes(const Node *);
const char    *recurrent_check(const Node *, int gates);        /* NULL, or a sentence */
double         recurrent_flops(const Node *);

/* What x brings to every step's sums: X W_ih^T, or x itself where there is no W_ih. */
void           recurrent_input(real *z, const Node *, RecurrentSizes);

/* W (G,H) as a factor for every step: Z += h W^T. Over many steps it pays to turn W once; `room` numbers hold that. */
typedef struct RecurrentWeight { const real *data; int64_t stride[2]; } RecurrentWeight;
int64_t         recurrent_room(RecurrentSizes);
RecurrentWeight recurrent_turned(real *room, const real *W, RecurrentSizes);

/* h of the step before: of the first step h0, which may be NULL. */
static inline const real *recurrent_before(const real *h0, const real *h, int64_t t, int64_t size)
{
    return t > 0 ? h + (t - 1) * size : h0;
}

/* Of x, W_ih and the biases B_IH to last_bias: dz are the gradients of what recurrent_input gave. */
void recurrent_add_input_grads(Tape *, Tensor **in, Tensor *dz, int last_bias);
/* dW_hh = the sum over steps of dZ_t^T h_t-1, as one product. */
void recurrent_add_grads(Tape *, Tensor **in, Tensor *y, Tensor *dz);
