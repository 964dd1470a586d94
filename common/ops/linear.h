/* linear.h -- what linear and linear_act share. */
#pragma once
#include "loops.h"

typedef struct { int64_t N, IN, OUT; } LinearSizes;     /* X is N rows of IN, whatever dimensions they stand in */
LinearSizes linear_sizes(const Tensor *x, const Tensor *w);

const char *linear_shape(Node *);       /* x, w, b -> y; a second output is shaped like y */
double      linear_flops(const Node *);
/* The row linear_backward: d[0..2] are dx, dw, db, of which those not wanted are left unwritten. */
void        linear_backward(Tape *, Tensor *x, Tensor *w, Tensor *dy, LinearBackwardArg wanted, Tensor *d[3]);
void        linear_add_grads(Tape *, Tensor **x_w_b, Tensor *dy);      /* those of x, w and b that want one */
