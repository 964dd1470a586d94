/* linear.h -- what linear and linear_act share. */
#pragma once
#include "loops.h"

typedef struct { int64_t N, IN, OUT; } LinearSizes;     /* X is N rows of IN, whatever dimensions they stand in */
LinearSizes linear_sizes(const Tensor *x, const Tensor *w);

const char *linear_shape(Node *);       /* x, w, b -> y; a second output is shaped like y */
double      linear_flops(const Node *);
void        linear_add_grads(Tape *, Tensor **x_w_b, Tensor *dy);      /* by linear_backward: of those who want one */
