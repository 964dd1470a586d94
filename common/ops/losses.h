/* losses.h -- the mean of f(x, target) over all elements, and its gradient: what bce_logits and mse share. */
#pragma once
#include "loops.h"

const char *losses_shape(Node *);                       /* like shapes -> (1) */

/* The sum over a piece, and dx = f' factor there. */
typedef double LossPiece(const real *x, const real *target, int64_t N);
typedef void LossBackwardPiece(real *dx, const real *x, const real *target, int64_t N, real factor);

void losses(Tape *, Node *, LossPiece *);               /* in: x, target */
void losses_backward(Node *, LossBackwardPiece *);      /* in: x, target, dloss (1) -> dx */
