/* reduce.h -- walking over a tensor and what it is reduced to: what sum, mean, var, max and min share. */
#pragma once
#include "loops.h"

const char *reduce_shape(Node *);       /* of x without the axes of the Node's ReduceArg */
double      reduce_count(const Tensor *x, unsigned axes);       /* how many elements meet in one */
void        reduce_ones(const Tensor *x, unsigned axes, int64_t *shape); /* x's shape with 1 for what is left out */
/* data (one number for each element of the result) as a view of x's shape: stride 0 along the axes. */
Tensor      reduce_stretched(const Tensor *x, unsigned axes, Dtype, void *data);

/* f on all of x, y and z (z may be NULL), all stretched to x's shape. Every thread takes parts of the first dimension,
 * if the results keep it: then no two of them work on one number. */
typedef void ReducePart(const Tensor *x, const Tensor *y, const Tensor *z);
void        reduce_parts(const Tensor *x, const Tensor *y, const Tensor *z, ReducePart *f);
void        reduce_sum(const Tensor *x, const Tensor *sum);     /* sum, stretched, f64: set to zeros, then summed up */
