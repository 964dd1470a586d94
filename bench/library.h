/* library.h -- contestants that are ops of common/: a tape, an arena, copies of the inputs. */
#pragma once
#include "bench.h"
#include "ops.h"

enum { LIBRARY_INPUTS = 16 };
typedef struct Library { Arena *arena; Tape *tape; Tensor *in[LIBRARY_INPUTS]; int n; void *more; } Library;

Library *library_new(Bench *, bool record);     /* in setup(): kept by bench_keep */
void     library_free(Bench *, const int *size);        /* a teardown() */
Tensor  *library_in(Library *, Dtype, int ndim, const int64_t *shape, const void *values);     /* a copy in the arena */

/* In before(), of a row that times a backward pass: in[0] is an activation as the forward pass leaves it, the others
 * that want a gradient are parameters without one yet. */
void     library_before_backward(Library *);

/* An op of one matrix "x" (N,C) whose output is "y", alike: a setup() and what a call consists of. */
void     library_one_setup(Bench *, const int *size);
void     library_one_op(Bench *, const int *size, Tensor *(*op)(Tape *, Tensor *));
