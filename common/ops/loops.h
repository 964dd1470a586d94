/* loops.h -- walk over tensors of one shape and any strides, a run of elements at a time. */
#pragma once
#include "ops.h"

/* Elements from which threads pay for elementwise work. */
enum { PARALLEL = 1 << 16 };
enum { MAX_LOOPS = 4 };                 /* tensors walked over together */

/* Dimensions that lie one behind the other in every tensor are merged; the last is cut into pieces, so that one long
 * row keeps all threads busy. Pieces do not depend on the number of threads. */
typedef struct Loops {
    int     n, ndim;
    int64_t shape[MAX_DIMS], stride[MAX_LOOPS][MAX_DIMS];
    int64_t step[MAX_LOOPS];            /* along the innermost dimension */
    int64_t row, cuts, pieces, count;
} Loops;

Loops   loops_new(int n, const Tensor *const x[]);
double  flops_of_inputs(const Node *);  /* for flops: one for each element of in[0] */
int64_t loops_piece(const Loops *, int64_t i, int64_t *at); /* where piece i starts in each; returns its length */
void    loops_copy(const Tensor *to, const Tensor *from); /* of one shape and dtype */
